// A small card beside a mix or a packet, and the tip under a pointer. Joined behind
// flow_scene.js, in front of packet_flow.js.

class Card {
  constructor(sheet) {
    this.tip = h("div", { class: "flow-tip", "aria-hidden": "true", hidden: true });
    this.box = h("div", { class: "flow-menu", role: "dialog", hidden: true });
    this.sheet = sheet;
    this.from = null;
    sheet.append(this.tip, this.box);
    this.box.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.close(true);
    });
  }

  // Beside the place, where there is room; never outside the sheet.
  put(box, { x, y }, away) {
    box.hidden = false;
    const [wide, tall] = [this.sheet.clientWidth, this.sheet.clientHeight];
    const [width, height] = [box.offsetWidth, box.offsetHeight];
    let left = x + away + 10;
    if (left + width > wide - 2) left = x - away - 10 - width;
    if (left < 2) left = Math.max(2, Math.min(wide - width - 2, x - width / 2));
    box.style.left = `${left}px`;
    box.style.top = `${Math.max(0, Math.min(tall - height, y - height / 2))}px`;
  }

  showTip(text, place, away) {
    say(this.tip, text);
    this.put(this.tip, place, away);
  }

  hideTip() {
    this.tip.hidden = true;
  }

  open(from, place, away, title, body, options) {
    this.close(false);
    this.from = from;
    if (from.hasAttribute("aria-expanded")) from.setAttribute("aria-expanded", "true");
    const close = h("button", { type: "button", class: "wb-button wb-bare flow-close",
      "aria-label": "Close", onclick: () => this.close(true) }, "\u00d7");
    this.box.setAttribute("aria-label", title);
    this.box.replaceChildren(h("div", { class: "flow-menu-head" }, h("h3", {}, title), close),
      ...body, h("div", { class: "flow-options" }, options));
    this.hideTip();
    this.put(this.box, place, away);
    (this.box.querySelector(".flow-options button") ?? close).focus({ preventScroll: true });
  }

  option(text, run) {
    return h("button", { type: "button", class: "wb-button", onclick: () => {
      this.close(true);
      run();
    } }, text);
  }

  close(giveBack) {
    if (this.box.hidden) return;
    this.box.hidden = true;
    if (this.from?.hasAttribute("aria-expanded")) this.from.setAttribute("aria-expanded", "false");
    if (giveBack && this.from?.isConnected) this.from.focus({ preventScroll: true });
    this.from = null;
  }
}

// What a mix holds, oldest first: those that are drawn, and how many more there are.
function poolTable(held, inside, now) {
  const rows = inside.slice(0, 4).map(({ packet, since }) => h("tr", {},
    h("td", {}, `${packet.number}`),
    h("td", {}, swatch(packet.kind), ` ${KIND_WORDS[packet.kind]}`),
    h("td", {}, `${Math.max(0, now - since).toFixed(2)} s`)));
  const more = held - rows.length;
  const parts = [h("p", {}, more > 0 && rows.length ? `${held} held, the oldest drawn:`
    : `${held} held`)];
  if (rows.length) {
    parts.push(h("table", { class: "flow-pool" }, h("thead", {}, h("tr", {},
      h("th", {}, "packet"), h("th", {}, "kind"), h("th", {}, "inside for"))),
    h("tbody", {}, rows)));
  }
  return parts;
}

function swatch(kind) {
  return h("span", { class: `flow-swatch flow-swatch-${kind}`, "aria-hidden": "true" });
}
