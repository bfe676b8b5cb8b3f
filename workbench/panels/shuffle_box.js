// The shuffle box: letters that can be dragged, or moved with Enter, into a box that opens
// when it is full. No maths here: who is a suspect, and how many bits, the kernel says.

const ENVELOPE = '<svg viewBox="0 0 30 21" aria-hidden="true"><rect x="1" y="1" width="28"' +
  ' height="19" rx="2"/><path class="sb-flap" d="M1.5 2 15 12 28.5 2"/></svg>';

function envelope() {
  const holder = h("span", { class: "sb-envelope" });
  holder.innerHTML = ENVELOPE;
  return holder;
}

class ShuffleBoxPage extends AskingPage {
  build() {
    this.letters = new Map();
    this.sizes = this.segments("Letters that fill the box", [[4, "4"], [8, "8"], [16, "16"]],
      (size) => this.send("size", { size }));
    const bar = h("header", { class: "wb-bar" }, h("h2", {}, "Shuffle box"),
      h("div", { class: "wb-group" }, h("span", { class: "wb-quiet" }, "Opens at"), this.sizes,
        h("span", { class: "wb-quiet" }, "letters")),
      h("div", { class: "wb-group wb-actions" }, this.undo, this.action("Reset", "reset"),
        this.presenter));
    const tray = (title, kind) => {
      const list = h("div", { class: "sb-tray", role: "group", "aria-label": title });
      this[kind] = list;
      return h("div", { class: `sb-tray-block sb-tray-${kind}` }, h("h3", {}, title), list);
    };
    this.slots = h("div", { class: "sb-slots", role: "group", "aria-label": "In the box" });
    this.boxWords = h("p", { class: "sb-box-words" });
    this.box = h("div", { class: "sb-box" }, h("h3", {}, "The box"), this.slots, this.boxWords);
    this.out = h("ol", { class: "sb-out" });
    this.outNote = h("p", { class: "wb-quiet sb-out-note" });
    this.one = h("button", { type: "button", class: "wb-button",
      onclick: () => this.send("own") }, "Attacker adds one");
    this.fill = h("button", { type: "button", class: "wb-button",
      onclick: () => this.send("people") }, "Fill up with people");
    this.flood = h("button", { type: "button", class: "wb-button",
      onclick: () => this.send("flood") });
    this.shake = h("button", { type: "button", class: "wb-button",
      onclick: () => this.send("shake") }, "Shuffle again");
    this.empty = h("button", { type: "button", class: "wb-button",
      onclick: () => this.send("empty") }, "Empty");
    this.bits = h("span", { class: "wb-big sb-bits" });
    this.suspects = h("span", { class: "wb-big" });
    this.words = h("p", { class: "sb-doubt-words" });
    this.bars = h("div", { class: "sb-bars" });
    const root = h("section", { class: "wb-root wb-frame sb-root", "aria-label": "Shuffle box" },
      bar, this.problem,
      h("div", { class: "sb-stage" },
        h("div", { class: "sb-outside" }, tray("People waiting with a letter", "people"),
          tray("The attacker's letters", "own")),
        this.box,
        h("div", { class: "sb-after" }, h("h3", {}, "What comes out"), this.out, this.outNote)),
      h("div", { class: "wb-block wb-group sb-row" }, this.fill, this.one,
        h("span", { class: "wb-later" }, this.flood), this.shake, this.empty),
      this.askHolder, this.feedback,
      h("div", { class: "wb-block sb-doubt wb-later" },
        h("div", { class: "wb-card sb-numbers" },
          h("h3", {}, "Whose letter is yours?"),
          h("dl", { class: "sb-facts" },
            h("div", {}, h("dt", {}, "suspects"), h("dd", {}, this.suspects)),
            h("div", {}, h("dt", {}, "doubt, bits"), h("dd", {}, this.bits))), this.words),
        h("div", { class: "wb-card sb-chart" }, h("h3", {}, "Doubt left, in bits, by how many letters " +
          "in a full box are the attacker's"), this.bars)),
      this.summary);
    this.afterGuess = this.flood;
    return root;
  }

  letter(data) {
    let button = this.letters.get(data.key);
    if (button) return button;
    button = h("button", { type: "button", class: "sb-letter", "data-kind": data.kind,
      "data-key": data.key }, envelope(), h("span", { class: "sb-name" }, data.name));
    button.addEventListener("click", () => {
      // The click that ends a drag is not a second wish.
      if (performance.now() - (button.dragged ?? -1e9) < 300) return;
      this.toggle(data.key);
    });
    button.addEventListener("keydown", (event) => this.letterKey(event, button));
    let from = null;
    draggable(button, {
      start: (event) => { from = { x: event.clientX, y: event.clientY, far: false }; },
      move: (event) => {
        const dx = event.clientX - from.x;
        const dy = event.clientY - from.y;
        from.far ||= Math.hypot(dx, dy) > 6;
        if (!from.far) return;
        button.classList.add("sb-held");
        button.style.transform = `translate(${dx}px, ${dy}px)`;
        this.box.classList.toggle("sb-target", this.overBox(event));
      },
      end: (event) => {
        button.classList.remove("sb-held");
        button.style.transform = "";
        this.box.classList.remove("sb-target");
        if (!from?.far) return;
        button.dragged = performance.now();
        const isIn = this.view.inside.includes(data.key);
        if (this.overBox(event) !== isIn) this.toggle(data.key);
      },
    });
    this.letters.set(data.key, button);
    return button;
  }

  overBox(event) {
    const r = this.box.getBoundingClientRect();
    return event.clientX >= r.left && event.clientX <= r.right && event.clientY >= r.top &&
      event.clientY <= r.bottom;
  }

  toggle(key) {
    const isIn = this.view.inside.includes(key);
    this.send(isIn ? "take" : "put", { letter: key });
  }

  // Arrow keys walk within a tray or the box; Enter and space (the button's own) move a letter.
  letterKey(event, button) {
    const move = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!move) return;
    event.preventDefault();
    const row = [...button.parentNode.querySelectorAll(".sb-letter")];
    row[(row.indexOf(button) + move + row.length) % row.length]?.focus();
  }

  update(view) {
    this.sizes.choose(view.size);
    const held = document.activeElement;
    const heldHome = held?.classList?.contains("sb-letter") ? held.parentNode : null;
    const heldAt = heldHome ? [...heldHome.children].indexOf(held) : 0;
    const rows = { people: [], own: [], in: [] };
    for (const data of view.letters) {
      const button = this.letter(data);
      button.setAttribute("aria-label", data.label);
      button.dataset.place = data.place;
      if (data.place === "outside") rows[data.kind === "own" ? "own" : "people"].push(button);
    }
    for (const key of view.inside) rows.in.push(this.letters.get(key));
    // A tray of the attacker never runs dry: showing a few is enough.
    this.fillRow(this.people, rows.people);
    this.fillRow(this.own, rows.own.slice(0, 6));
    this.fillRow(this.slots, rows.in);
    // Who put a letter in stays known; which letter came out for it does not.
    this.slots.append(...view.went_in.map((one) => h("span", { class: "sb-went",
      "data-kind": one.kind }, envelope(), h("span", { class: "sb-name" }, one.name))));
    for (let i = 0; i < view.free; i += 1) {
      this.slots.append(h("span", { class: "sb-slot", "aria-hidden": "true" }));
    }
    this.box.dataset.open = String(view.is_open);
    say(this.boxWords, view.box);
    say(this.flood, `Attacker sends ${view.size - 1} of ${view.size}`);
    this.able(this.shake, view.is_open);
    this.able(this.empty, view.inside.length > 0 || view.is_open);
    this.drawOut(view);
    if (view.doubt) this.drawDoubt(view);
    if (!heldHome || document.activeElement === held) return;
    // A letter that was moved by key leaves the focus to its neighbour in the same row.
    const row = [...heldHome.querySelectorAll(".sb-letter")];
    const next = held.parentNode === heldHome ? held : row[Math.min(heldAt, row.length - 1)];
    (next ?? this.empty).focus();
  }

  fillRow(row, buttons) {
    row.replaceChildren(...buttons);
    buttons.forEach((button, i) => { button.tabIndex = i === 0 ? 0 : -1; });
    if (buttons.includes(document.activeElement)) document.activeElement.tabIndex = 0;
  }

  drawOut(view) {
    const known = Boolean(view.doubt);
    this.out.hidden = view.out.length === 0;
    this.out.replaceChildren(...view.out.map((letter, i) => {
      const own = known && letter.is_own;
      return h("li", { "data-own": String(own), "data-index": String(i) }, envelope(),
        h("span", { class: "sb-name" }, known ? (own ? "its own" : "yours?") : "?"));
    }));
    say(this.outNote, view.out.length
      ? (known ? "In new envelopes and in random order. The attacker knows its own, struck " +
        "out; the others look alike." : "In new envelopes and in random order.")
      : "Nothing yet: the box lets letters go when it is full, all at once.");
  }

  drawDoubt({ doubt, size }) {
    say(this.bits, doubt.bits ?? "–");
    say(this.suspects, doubt.suspects === null ? "–" : String(doubt.suspects));
    say(this.words, doubt.words);
    this.bars.style.setProperty("--sb-count", String(size));
    this.bars.setAttribute("role", "img");
    this.bars.setAttribute("aria-label", doubt.bars.map((bits, own) =>
      `${own} of ${size}: ${bits.toFixed(1)} bits`).join("; "));
    this.bars.replaceChildren(...doubt.bars.map((bits, own) => {
      const here = doubt.bits !== null && own === doubt.attackers;
      return h("div", { class: "sb-bar", "data-here": String(here) },
        h("span", { class: "sb-bar-room" },
          h("span", { class: "sb-bar-value" }, bits.toFixed(1).replace(/\.0$/, "")),
          h("span", { class: "sb-bar-fill",
            style: `height:calc((100% - 1.5em) * ${(bits / doubt.most).toFixed(4)})` })),
        h("span", { class: "sb-bar-own" }, String(own)));
    }));
  }
}

export function start({ model, el }) {
  const panel = new ShuffleBoxPage(model, el);
  return () => panel.close();
}
