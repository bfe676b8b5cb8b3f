// Who sees what: a path, eyes to drag along it, what they see, and two recordings to line up.
// Every verdict and number comes from the kernel.

const EYE = '<svg viewBox="0 0 32 22" aria-hidden="true"><path d="M2 11C7 3.5 12 2 16 2s9 1.5 ' +
  '14 9c-5 7.5-10 9-14 9s-9-1.5-14-9Z"/><circle cx="16" cy="11" r="4.6"/></svg>';
const SIGN = { knows: "●", "by timing": "◐", "suspects only": "○", no: "–" };
const SYSTEMS = [["vpn", "VPN"], ["onion", "Onion (Tor-like)"], ["mixnet", "Mixnet"]];

class WhoSeesPage extends AskingPage {
  build() {
    this.systems = this.segments("System", SYSTEMS, (system) => this.send("system", { system }));
    const bar = h("header", { class: "wb-bar" }, h("h2", {}, "Who sees what"), this.systems,
      h("div", { class: "wb-group wb-actions" }, this.undo, this.action("Reset", "reset"),
        this.presenter));
    this.path = h("div", { class: "ws-path", role: "group",
      "aria-label": "The path from you to the website, and the eyes on it" });
    this.where = h("p", { class: "ws-where" });
    this.add = h("button", { type: "button", class: "wb-button",
      onclick: () => this.send("add") }, "Add an eye");
    this.remove = h("button", { type: "button", class: "wb-button",
      onclick: () => this.send("remove") }, "Take one away");
    this.facts = h("dl", { class: "ws-facts" });
    this.word = h("p", { class: "wb-big ws-word" });
    this.why = h("p", {});
    this.table = h("table", { class: "ws-table" });
    this.lines = new Timelines((website, shift) => this.send("line_up", { website, shift }));
    this.websites = this.segments("Website", [[0, "A"], [1, "B"], [2, "C"], [3, "D"]],
      (website) => this.send("line_up", { website, shift: this.lines.shift }));
    this.tryAll = h("button", { type: "button", class: "wb-button",
      onclick: () => this.send("try_all") }, "Try every shift");
    this.tell = h("button", { type: "button", class: "wb-button",
      onclick: () => this.send("tell") }, "Which one is mine?");
    this.people = h("button", { type: "button", class: "wb-button",
      onclick: () => this.send("people") }, "New people");
    this.lineSays = h("p", { class: "ws-line-says", role: "status" });
    this.hint = h("p", { class: "wb-quiet" }, "Drag the lower recording, or use the arrow keys " +
      "on it, until the two shapes mirror each other. The two watchers' clocks differ by some " +
      "seconds, so neither knows the shift beforehand.");
    const root = h("section", { class: "wb-root wb-frame ws-root", "aria-label": "Who sees what" },
      bar, this.problem,
      h("div", { class: "wb-block ws-drawing" }, this.path),
      h("div", { class: "wb-block ws-below" }, this.where,
        h("div", { class: "wb-group wb-later" }, this.add, this.remove)),
      this.askHolder, this.feedback,
      h("div", { class: "wb-block ws-cards wb-later" },
        h("div", { class: "wb-card ws-sees" }, h("h3", {}, "What is seen from there"), this.facts),
        h("div", { class: "wb-card ws-verdict", role: "status" }, h("h3", {},
          "Can it tell that you talked to this website?"), this.word, this.why),
        h("div", { class: "wb-card ws-all" }, h("h3", {}, "Six observers, three systems"),
          this.table)),
      h("div", { class: "wb-block wb-card ws-lines wb-later" },
        h("div", { class: "ws-lines-head" }, h("h3", {}, "Line up the two ends"),
          h("div", { class: "wb-group" }, h("span", { class: "wb-quiet" }, "website"),
            this.websites)),
        this.hint, this.lines.node,
        h("div", { class: "ws-lines-foot" },
          h("div", { class: "ws-like" }, h("span", { class: "wb-quiet" }, "likeness"),
            this.lines.value, this.lines.moved),
          this.lines.best,
          h("div", { class: "wb-group" }, this.tryAll, this.tell, this.people)),
        this.lineSays),
      this.summary);
    this.afterGuess = this.add;
    return root;
  }

  update(view) {
    this.systems.choose(view.system);
    this.drawPath(view);
    say(this.where, view.where);
    this.able(this.add, view.can_add);
    this.able(this.remove, view.can_remove);
    if (!view.sees) return;
    this.facts.replaceChildren(...view.sees.map(([name, value]) => h("div", {},
      h("dt", {}, name), h("dd", {}, value))));
    say(this.word, view.verdict.word);
    this.word.dataset.links = view.verdict.links;
    say(this.why, view.verdict.why);
    this.drawTable(view);
    this.websites.choose(view.lines.website);
    this.lines.update(view.lines, this.isLatest);
    this.hint.hidden = !view.lines.likeness;
    say(this.lineSays, view.lines.say);
    this.able(this.tryAll, Boolean(view.lines.likeness) && !view.lines.best);
    this.able(this.tell, Boolean(view.lines.likeness) && !view.lines.told);
  }

  drawPath(view) {
    const last = view.path.length - 1;
    if (this.drawn !== view.system) {
      this.drawn = view.system;
      const watched = h("div", { class: "ws-line", "aria-hidden": "true" });
      this.places = view.path.map((place) => {
        const at = `--at:${place.place / last}`;
        if (place.place === 0) {
          return h("span", { class: "ws-node ws-you", style: at }, h("span", { class: "ws-dot" }),
            h("span", { class: "ws-name" }, "you"));
        }
        const spot = h("button", { type: "button", tabindex: "-1", style: at,
          class: place.kind === "wire" ? "ws-wire" : "ws-node",
          "aria-label": `Put the eye here: ${place.name}`,
          onclick: () => this.put(place.place) }, h("span", { class: "ws-dot" }));
        if (place.kind === "node") spot.append(h("span", { class: "ws-name" }, place.name));
        return spot;
      });
      this.eyes = [];
      this.path.replaceChildren(watched, ...this.places);
    }
    this.places.forEach((spot, p) => {
      spot.dataset.watched = String(view.eyes.some((eye) => eye.place === p));
    });
    while (this.eyes.length > view.eyes.length) this.eyes.pop().remove();
    while (this.eyes.length < view.eyes.length) {
      const eye = this.makeEye();
      this.eyes.push(eye);
      this.path.append(eye);
    }
    this.eyes.forEach((eye, i) => {
      const { place, label } = view.eyes[i];
      eye.style.setProperty("--at", place / last);
      eye.setAttribute("aria-label", view.eyes.length > 1 ? `Eye ${i + 1}` : "Eye");
      eye.setAttribute("aria-valuemin", "1");
      eye.setAttribute("aria-valuemax", String(last));
      eye.setAttribute("aria-valuenow", String(place));
      eye.setAttribute("aria-valuetext", label);
    });
    if (this.follow !== undefined) {
      const at = view.eyes.findIndex((eye) => eye.place === this.follow);
      if (at >= 0 && document.activeElement !== this.eyes[at]) this.eyes[at].focus();
      this.follow = undefined;
    }
  }

  makeEye() {
    const eye = h("div", { class: "ws-eye", role: "slider", tabindex: "0" });
    eye.innerHTML = EYE;
    const index = () => this.eyes.indexOf(eye);
    const moveTo = (to, by) => {
      const taken = new Set(this.view.eyes.map((other) => other.place));
      let place = to;
      while (by && taken.has(place) && place >= 1 && place < this.view.path.length) place += by;
      if (place < 1 || place >= this.view.path.length || taken.has(place)) return;
      this.follow = place;
      this.send("move", { eye: index(), to: place });
    };
    eye.addEventListener("keydown", (event) => {
      const here = this.view.eyes[index()].place;
      const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      const end = { Home: 1, End: this.view.path.length - 1 }[event.key];
      if (!by && !end) return;
      event.preventDefault();
      if (by) moveTo(here + by, by);
      else moveTo(end, 0);
    });
    let from = null;
    draggable(eye, {
      start: (event) => { from = { x: event.clientX, y: event.clientY }; eye.focus(); },
      move: (event) => {
        eye.classList.add("ws-held");
        eye.style.translate = `${event.clientX - from.x}px ${event.clientY - from.y}px`;
        const near = this.nearest(event);
        this.places.forEach((spot, p) => spot.classList.toggle("ws-target", p === near));
      },
      end: (event) => {
        eye.classList.remove("ws-held");
        eye.style.translate = "";
        for (const spot of this.places) spot.classList.remove("ws-target");
        if (Math.hypot(event.clientX - from.x, event.clientY - from.y) > 6) {
          moveTo(this.nearest(event), 0);
        }
      },
    });
    return eye;
  }

  nearest(event) {
    const gaps = this.places.map((spot, p) => {
      if (p === 0) return Infinity;
      const r = spot.querySelector(".ws-dot").getBoundingClientRect();
      return Math.hypot(r.left + r.width / 2 - event.clientX, r.top + r.height / 2 - event.clientY);
    });
    return gaps.indexOf(Math.min(...gaps));
  }

  // A click on a place calls the nearest eye to it.
  put(place) {
    if (this.view.eyes.some((eye) => eye.place === place)) return;
    const gaps = this.view.eyes.map((eye) => Math.abs(eye.place - place));
    this.follow = place;
    this.send("move", { eye: gaps.indexOf(Math.min(...gaps)), to: place });
  }

  drawTable(view) {
    if (!this.cells) {
      this.cells = view.table.map((row) => row.cells.map((cell) => h("button", { type: "button",
        class: "ws-cell", "data-links": cell.links, "aria-label": cell.label,
        onclick: () => this.send("watch", { system: cell.system, observer: row.key }) },
      h("span", { class: "ws-sign", "aria-hidden": "true" }, SIGN[cell.links]),
      h("span", {}, cell.word))));
      this.table.append(h("thead", {}, h("tr", {}, h("td", {}), SYSTEMS.map(([, name]) =>
        h("th", { scope: "col" }, name.replace(" (Tor-like)", ""))))),
      h("tbody", {}, view.table.map((row, r) => h("tr", {}, h("th", { scope: "row" }, row.name),
        this.cells[r].map((cell) => h("td", {}, cell))))));
    }
    view.table.forEach((row, r) => row.cells.forEach((cell, c) => {
      this.cells[r][c].setAttribute("aria-pressed", String(cell.is_here));
    }));
  }
}

export function start({ model, el }) {
  const panel = new WhoSeesPage(model, el);
  return () => panel.close();
}
