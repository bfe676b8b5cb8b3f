// Stakes as bars under a saturation line: the saturation panel and the game of pools.
// No maths here: heights are stakes over the axis' top; every number and word is the kernel's.

const SVG = "http://www.w3.org/2000/svg";
const SILENCE_MS = 4000;

function svg(tag, props = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(props)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

const within = (value, low, high) => Math.min(high, Math.max(low, value));

// ---- a small line drawing: what is drawn is all in the kernel's data -------------------
class Figure {
  constructor() {
    this.title = h("h3", {});
    this.box = h("div", { class: "sp-drawing" });
    this.node = h("figure", { class: "wb-card sp-figure" }, this.title, this.box);
  }

  show(figure) {
    this.figure = figure;
    this.node.hidden = !figure;
    if (figure) {
      say(this.title, figure.title);
      this.draw();
    }
  }

  draw() {
    const { figure } = this;
    if (!figure || !this.box.clientWidth) return;
    const letter = parseFloat(getComputedStyle(this.box).fontSize);
    const width = this.box.clientWidth;
    const height = Math.round(Math.max(10 * letter, Math.min(0.48 * width, 14 * letter)));
    const left = 2.7 * letter;
    const [right, top, bottom] = [0.6 * letter, 1.7 * letter, 2.9 * letter];
    const { x, y } = figure;
    const px = (v) => left + (width - left - right) * (v - x.from) / (x.to - x.from || 1);
    const py = (v) => height - bottom - (height - top - bottom) * (v - y.from) /
      (y.to - y.from || 1);
    const text = (at, up, words, anchor = "middle") => svg("text", { x: at, y: up,
      "text-anchor": anchor, class: "sp-mark" }, words);
    const short = (v) => v.toLocaleString("en-US", { maximumFractionDigits: 2 });
    const drawing = svg("svg", { width, height, role: "img", "aria-label": figure.alt },
      svg("path", { class: "sp-axis", d: `M${left} ${top}V${height - bottom}H${width - right}` }),
      text(left - 0.4 * letter, py(y.to) + 0.3 * letter, short(y.to), "end"),
      text(left - 0.4 * letter, py(y.from), short(y.from), "end"),
      text(left, height - bottom + 1.2 * letter, short(x.from)),
      text(width - right, height - bottom + 1.2 * letter, short(x.to), "end"),
      text((left + width - right) / 2, height - bottom + 2.4 * letter, x.label),
      text(left, 0.95 * letter, y.label, "start"));
    for (const { y: at, text: words } of figure.levels) {
      drawing.append(svg("path", { class: "sp-level", d: `M${left} ${py(at)}H${width - right}` }),
        text(width - right, py(at) - 0.35 * letter, words, "end"));
    }
    for (const { x: at, text: words } of figure.uprights) {
      const late = px(at) > (left + width) / 2;
      drawing.append(svg("path", { class: "sp-level",
        d: `M${px(at)} ${top}V${height - bottom}` }),
      text(px(at) + (late ? -0.4 : 0.4) * letter, top + 0.2 * letter, words,
        late ? "end" : "start"));
    }
    for (const line of figure.lines) {
      if (!line.points.length) continue;
      const steps = line.points.map(([a, b]) => `${px(a).toFixed(1)} ${py(b).toFixed(1)}`);
      drawing.append(svg("path", { class: "sp-curve", "data-dash": line.dash,
        "data-colour": line.colour, d: `M${steps.join("L")}` }));
      if (line.text) drawing.append(text(width - right, this.free(line, letter, width - right,
        px, py), line.text, "end"));
    }
    if (figure.dot) {
      drawing.append(svg("circle", { class: "sp-dot", cx: px(figure.dot[0]),
        cy: py(figure.dot[1]), r: 0.45 * letter }));
    }
    this.box.replaceChildren(drawing);
  }

  // Where a line's name stands at the right end: above what every line does beside it, or
  // below, whichever is nearer to its own end; a level has its words right above it.
  free(line, letter, end, px, py) {
    const from = end - 0.62 * letter * line.text.length;
    const heights = (points) => points.map(([, value]) => py(value));
    const beside = (one) => {
      const first = one.points.findIndex(([at]) => px(at) >= from);
      return heights(one.points.slice(Math.max(first - 1, 0)));
    };
    const mine = beside(line);
    const last = mine[mine.length - 1];
    const spots = [Math.min(...mine) - 0.4 * letter, Math.max(...mine) + 1.1 * letter];
    const taken = [...this.figure.lines.filter((one) => one !== line && one.points.length)
      .flatMap(beside), ...this.figure.levels.flatMap(({ y }) => [py(y), py(y) - 0.7 * letter]),
      py(this.figure.y.from)];
    const cost = (at) => Math.abs(at - last) + 1000 * taken.filter((up) =>
      up > at - 1.1 * letter && up < at + 0.4 * letter).length;
    return spots.sort((a, b) => cost(a) - cost(b))[0];
  }
}

class StakePanel {
  constructor(model, el) {
    this.model = model;
    this.serial = 0;
    this.answered = 0;
    this.waitingFor = 0;   // one change at a time is on its way; the newest waits
    this.next = null;
    this.build(el);
    this.onMessage = (message) => this.receive(message);
    model.on("msg:custom", this.onMessage);
    this.resizer = new ResizeObserver(() => this.figure.draw());
    this.resizer.observe(this.root);
    this.send("hello");
  }

  close() {
    this.model.off("msg:custom", this.onMessage);
    this.resizer.disconnect();
    clearTimeout(this.waiting);
  }

  // ---- talk with the kernel ---------------------------------------------------------------
  send(name, values = {}) {
    this.serial += 1;
    this.waitingFor = this.serial;
    this.model.send({ name, serial: this.serial, ...values });
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => say(this.problem, "No answer from Python yet: it is busy, " +
      "or it was stopped. If this stays, run the cell above again."), SILENCE_MS);
  }

  // For what is dragged: while an answer is due only the newest change is kept.
  stream(name, values) {
    if (this.waitingFor > this.answered) this.next = [name, values];
    else this.send(name, values);
  }

  receive(message) {
    if (message.busy) {
      clearTimeout(this.waiting);
      say(this.problem, message.busy);
      return;
    }
    clearTimeout(this.waiting);
    if (message.serial) this.answered = Math.max(this.answered, message.serial);
    if (message.problem) {
      say(this.problem, message.problem.text);
      this.askForm?.refuse?.(message.problem.field === "ask" ? message.problem.text : "");
      if (this.view) this.drawKnobs();
    } else if (message.view) {
      say(this.problem, "");
      this.view = message.view;
      this.update();
    }
    if (this.next && this.waitingFor <= this.answered) {
      const [name, values] = this.next;
      this.next = null;
      this.send(name, values);
    }
  }

  able(node, on) {
    if (on) node.removeAttribute("aria-disabled");
    else node.setAttribute("aria-disabled", "true");
  }

  button(text, name, values = {}, kind = "wb-bare") {
    const node = h("button", { type: "button", class: `wb-button ${kind}`, onclick: () => {
      if (node.getAttribute("aria-disabled") !== "true") this.send(name, values);
    } }, text);
    return node;
  }

  // ---- the skeleton, built once -----------------------------------------------------------
  build(el) {
    this.title = h("h2", {});
    this.presets = h("div", { class: "sp-presets", role: "group", "aria-label": "Situations" });
    this.undo = this.button("Undo", "undo");
    this.seed = this.button("New seed", "seed");
    this.presenter = this.button("Presenter", "presenter", {}, "wb-bare wb-to-large");
    this.problem = h("p", { class: "wb-problem sp-problem", role: "alert" });
    const actions = h("div", { class: "sp-actions" }, this.undo, this.button("Reset", "reset"),
      this.seed, this.presenter);
    this.plot = h("div", { class: "sp-plot" });
    this.line = h("div", { class: "sp-line" });
    this.lineText = h("span", { class: "sp-line-text" });

    this.bars = h("div", { class: "sp-bars" });
    this.handStack = h("div", { class: "sp-hand-stack" });
    this.handText = h("p", { class: "sp-hand-text" });
    this.hand = h("div", { class: "sp-hand" }, this.handStack);
    this.plot.append(this.hand, this.bars, this.line);
    this.table = h("div", { class: "sp-table" });
    this.key = h("ul", { class: "sp-key" });
    this.place = h("div", { class: "sp-place" });
    this.lineText.id = freshId("line");
    this.stage = h("div", { class: "sp-stage" }, h("div", { class: "sp-caption" },
      this.handText, this.lineText), this.plot, this.table, this.key, this.place);
    this.big = h("p", { class: "sp-big" });
    this.bigTitle = h("h3", {});
    this.words = h("p", { class: "wb-quiet" });
    this.warning = h("p", { class: "sp-warning" });
    this.answer = h("div", { class: "sp-answer" }, this.bigTitle, this.big, this.words);
    this.note = h("div", { class: "wb-card sp-note" });
    this.askPlace = h("div", {});
    this.figure = new Figure();
    this.side = h("div", { class: "sp-side" }, this.answer, this.askPlace, this.warning,
      this.note, this.figure.node);
    this.nodeCard = h("div", { class: "wb-card" });
    this.networkCard = h("div", { class: "wb-card" });
    this.knobs = h("div", { class: "sp-knobs" });
    this.cards = h("div", { class: "sp-cards" }, this.nodeCard, this.networkCard);
    this.feedback = h("div", { class: "wb-wash sp-feedback", role: "status" });
    this.summary = h("p", { class: "sp-summary", role: "status", "aria-live": "polite" });
    this.root = h("section", { class: "wb-root sp-root" },
      h("header", { class: "sp-header" }, this.title, this.presets, actions), this.problem,
      this.feedback, h("div", { class: "sp-main" }, this.stage, this.side), this.knobs,
      this.cards, this.summary);
    keepKeys(this.root);
    this.plot.addEventListener("pointerdown", (event) => this.grab(event));
    el.append(this.root);
  }

  update() {
    const { view } = this;
    this.root.classList.toggle("wb-presenter", view.presenter);
    this.root.classList.toggle("sp-sealed", view.sealed);
    this.root.setAttribute("aria-label", view.title);
    this.root.dataset.mode = view.mode;
    say(this.title, view.title);
    this.able(this.undo, view.can_undo);
    this.presenter.setAttribute("aria-pressed", String(view.presenter));
    this.drawPresets();
    this.drawBars();
    this.drawTable();
    this.drawKey();
    this.drawPlace();
    this.drawKnobs();
    this.drawAnswer();
    this.drawCard(this.nodeCard, view.node);
    this.drawCard(this.networkCard, view.network);
    this.cards.hidden = !view.node && !view.network;
    this.figure.show(view.figure);
    this.drawSeal();
    say(this.warning, view.warning);
    this.warning.hidden = !view.warning;
    say(this.summary, view.summary);
    this.root.dataset.serial = String(this.answered);
    this.root.dataset.live = "true";
  }

  drawPresets() {
    const { presets } = this.view;
    this.presets.hidden = !presets.length;
    if (this.presets.children.length !== presets.length) {
      this.presets.replaceChildren(...presets.map(({ key, label }) =>
        this.button(label, "preset", { key }, "sp-preset")));
    }
    presets.forEach(({ on }, i) =>
      this.presets.children[i].setAttribute("aria-pressed", String(on)));
  }

  // ---- bars ---------------------------------------------------------------------------------
  drawBars() {
    const { view } = this;
    const top = this.drag?.top ?? view.top;
    const percent = (stake) => `${(100 * within(stake / top, 0, 1)).toFixed(3)}%`;
    this.root.style.setProperty("--sp-count", String(Math.max(1, view.bars.length)));
    const isStake = view.mode === "stake";
    const kind = `${view.mode} ${view.bars.length}`;
    if (this.kind !== kind) {
      const held = [...this.bars.children].indexOf(document.activeElement);
      this.kind = kind;
      this.bars.replaceChildren(...view.bars.map((_, i) => this.makeBar(i, isStake)));
      if (held >= 0) this.bars.children[Math.min(held, view.bars.length - 1)]?.focus();
    }
    view.bars.forEach((bar, i) => {
      const node = this.bars.children[i];
      let below = 0;
      node.dataset.chosen = String(view.chosen === i);
      node.dataset.over = String(bar.is_over);
      bar.parts.forEach((part, j) => {
        const box = node.children[j];
        box.className = `sp-part sp-${part.kind}`;
        box.style.bottom = percent(below);
        box.style.height = percent(part.stake);
        box.hidden = part.stake <= 0;
        below += part.stake;
      });
      const hatch = node.querySelector(".sp-beyond");
      hatch.hidden = !bar.is_over;
      hatch.style.bottom = percent(view.line.at);
      hatch.style.height = percent(Math.max(0, Math.min(below, top) - view.line.at));
      node.setAttribute("aria-label", bar.label);
      if (isStake) {
        node.setAttribute("aria-valuenow", String(bar.now));
        node.setAttribute("aria-valuemax", String(bar.most));
        node.setAttribute("aria-valuetext", bar.says);
      } else {
        node.setAttribute("aria-label", `${bar.label}: ${bar.says}`);
        node.setAttribute("aria-pressed", String(view.chosen === i));
        node.dataset.losing = String(Boolean(bar.is_losing));
      }
    });
    this.line.style.bottom = percent(view.line.at);
    this.line.hidden = view.line.at > top;
    say(this.lineText, view.line.text);
    this.hand.hidden = !view.hand;
    this.handText.hidden = !view.hand;
    if (view.hand) {
      say(this.handText, `${view.hand.has.toLocaleString("en-US")} in your hand`);
      this.handStack.style.height = percent(view.hand.has);
      this.handStack.hidden = view.hand.has <= 0;
      this.root.style.setProperty("--sp-chip", percent(view.hand.step));
    }
  }

  makeBar(i, isStake) {
    const role = isStake ? { role: "slider", "aria-orientation": "vertical",
      "aria-valuemin": "0", "aria-valuenow": "0", "aria-valuemax": "0" } : { role: "button" };
    const node = h("div", { class: "sp-bar", tabindex: "0", ...role },
      h("div", {}), h("div", {}), h("div", {}), h("div", { class: "sp-beyond" }));
    node.addEventListener("keydown", (event) => this.barKey(event, i));
    node.addEventListener("click", () => { if (!this.dragged) this.send("choose", { bar: i }); });
    return node;
  }

  barKey(event, i) {
    const { view } = this;
    const to = { ArrowLeft: i - 1, ArrowRight: i + 1 }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      const bar = this.bars.children[within(to, 0, view.bars.length - 1)];
      bar.focus();
      this.stream("choose", { bar: within(to, 0, view.bars.length - 1) });
      return;
    }
    if (view.mode !== "stake") {
      if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        this.send("choose", { bar: i });
      }
      return;
    }
    const step = view.hand.step;
    const by = { ArrowUp: step, ArrowDown: -step, PageUp: 5 * step, PageDown: -5 * step,
      Home: -view.hand.of, End: view.hand.of }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    if (event.shiftKey && !view.sealed) {
      this.stream("set", { key: "others", bar: i,
        value: Math.max(0, view.bars[i].parts[1].stake + by) });
    } else this.send("mine", { bar: i, by });
  }

  // ---- dragging: a stack of one's own, or the top of what others or the operator put -------
  grab(event) {
    const { view } = this;
    if (view.mode !== "stake" || event.button) return;
    this.dragged = false;
    const bar = event.target.closest(".sp-bar");
    const from = bar ? [...this.bars.children].indexOf(bar) : -1;
    const part = event.target;
    const isMine = part === this.handStack || part.classList.contains("sp-mine") ||
      (part.classList.contains("sp-beyond") && view.bars[from]?.now > 0);
    const height = this.plot.clientHeight;
    if (isMine) {
      const box = (part === this.handStack ? part : bar.querySelector(".sp-mine"))
        .getBoundingClientRect();
      const chip = height * view.hand.step / view.top;
      const all = from < 0 ? view.hand.has : view.bars[from].now;
      // Grabbed at its n-th chip from the top: it and all above it come along.
      const amount = Math.min(all, view.hand.step * Math.max(1,
        Math.ceil((event.clientY - box.top) / chip)));
      this.drag = { kind: "mine", from, amount, top: view.top, startX: event.clientX,
        startY: event.clientY };
      this.ghost = h("div", { class: "sp-ghost", "aria-hidden": "true" },
        amount.toLocaleString("en-US"));
      this.ghost.style.height = `${Math.max(16, chip * amount / view.hand.step)}px`;
    } else if (part.classList.contains("sp-others") || part.classList.contains("sp-pledge") ||
      part.classList.contains("sp-beyond")) {
      if (view.sealed) return;
      const key = part.classList.contains("sp-pledge") ? "pledge" : "others";
      const stake = view.bars[from].parts[key === "pledge" ? 0 : 1].stake;
      this.drag = { kind: key, from, stake, top: view.top, startX: event.clientX,
        startY: event.clientY };
    } else return;
    event.preventDefault();
    if (bar) bar.focus({ preventScroll: true });
    const move = (e) => this.dragTo(e);
    const end = (e) => {
      window.removeEventListener("pointermove", move);
      window.removeEventListener("pointerup", end);
      window.removeEventListener("pointercancel", end);
      this.drop(e);
    };
    window.addEventListener("pointermove", move);
    window.addEventListener("pointerup", end);
    window.addEventListener("pointercancel", end);
  }

  over(event) {
    const boxes = [...this.bars.children].map((bar) => bar.getBoundingClientRect());
    return boxes.findIndex((box) => event.clientX >= box.left - 2 && event.clientX <= box.right + 2);
  }

  dragTo(event) {
    const { drag } = this;
    if (Math.abs(event.clientX - drag.startX) + Math.abs(event.clientY - drag.startY) < 4) return;
    this.dragged = true;
    if (drag.kind === "mine") {
      const box = this.root.getBoundingClientRect();
      this.root.append(this.ghost);
      this.ghost.style.left = `${event.clientX - box.left}px`;
      this.ghost.style.top = `${event.clientY - box.top}px`;
      const to = this.over(event);
      [...this.bars.children].forEach((bar, i) => { bar.dataset.target = String(i === to); });
      return;
    }
    const per = drag.top / this.plot.clientHeight;
    const moved = drag.stake + (drag.startY - event.clientY) * per;
    const knob = this.view.knobs[0].knobs.find(({ key }) => key === drag.kind);
    const value = within(Math.round(moved / knob.step) * knob.step, knob.least, knob.most);
    this.stream("set", { key: drag.kind, bar: drag.from, value });
  }

  drop(event) {
    const { drag } = this;
    this.drag = null;
    this.ghost?.remove();
    for (const bar of this.bars.children) bar.dataset.target = "false";
    if (this.dragged && drag.kind === "mine" && event.type === "pointerup") {
      this.send("move", { from: drag.from, to: this.over(event), amount: drag.amount });
    } else if (this.view) this.drawBars();
    setTimeout(() => { this.dragged = false; }, 0);  // the click of this same drag is none
  }

  // ---- below the bars -----------------------------------------------------------------------
  drawTable() {
    const { bars, rows, groups } = this.view;
    const cell = (text, kind) => h("span", { class: kind }, text);
    const names = h("div", { class: "sp-row sp-names" },
      cell(this.view.mode === "game" ? "player" : "node", "sp-head"),
      bars.map((bar, i) => h("b", { "data-chosen": String(i === this.view.chosen) }, bar.name)));
    const brackets = groups.length ? [h("div", { class: "sp-row sp-groups" },
      cell("", "sp-head"), groups.map((group) => {
        const node = h("span", { class: "sp-group" }, group.text);
        node.style.gridColumn = `${group.from + 2} / ${group.to + 3}`;
        return node;
      }))] : [];
    this.table.replaceChildren(names, ...brackets, ...rows.map((row) =>
      h("div", { class: "sp-row" }, cell(row.label, "sp-head"), row.cells.map(({ text, strong }) =>
        h(strong ? "b" : "span", {}, text)))));
  }

  drawKey() {
    const { view } = this;
    const game = view.mode === "game";
    const entries = [["pledge", "pledge"], ["others", game ? "delegated" : "delegated by others"],
      ...(game ? [] : [["mine", "yours"]]), ["beyond", view.sealed ? "beyond the line" : "beyond the line: adds nothing"],
      ...(game ? [["losing", "loses money"]] : [])];
    const shape = JSON.stringify(entries);
    if (this.keyShape === shape) return;
    this.keyShape = shape;
    this.key.replaceChildren(...entries.map(([kind, text]) => h("li", {},
      h("span", { class: `sp-swatch sp-${kind}` }), text)));
  }

  // Buttons for what keys and drags do, and what a machine does.
  drawPlace() {
    const { view } = this;
    if (view.mode === "stake") {
      const name = view.bars[view.chosen].name;
      const { step } = view.hand;
      if (!this.placing) {
        this.placing = [["Take", -1], ["Put", 1]].map(([word, sign]) => {
          const node = h("button", { type: "button", class: "wb-button", onclick: () => {
            if (node.getAttribute("aria-disabled") === "true") return;
            this.send("mine", { bar: this.view.chosen, by: sign * this.view.hand.step });
          } });
          node.dataset.word = word;
          return node;
        });
        this.machines = [this.button("Place mine best", "best", {}, ""),
          this.button("Let others move", "crowd", {}, "")];
        this.hint = h("span", { class: "wb-quiet sp-hint" });
        this.place.replaceChildren(...this.placing, ...this.machines, this.hint);
      }
      const [take, put] = this.placing;
      say(take, `− ${step} from ${name}`);
      say(put, `+ ${step} on ${name}`);
      this.able(take, view.bars[view.chosen].now > 0);
      this.able(put, view.hand.has > 0);
      for (const node of this.machines) node.hidden = view.sealed;
      say(this.hint, "Drag your tokens onto a bar, or focus a bar: ← → choose, ↑ ↓ move yours" +
        (view.sealed ? "." : ", Shift ↑ ↓ what others put."));
      return;
    }
    if (this.place.children.length !== view.buttons.length) {
      this.place.replaceChildren(...view.buttons.map(({ text, name, primary }) =>
        this.button(text, name, {}, primary ? "wb-primary" : "")));
    }
    view.buttons.forEach(({ on }, i) => this.able(this.place.children[i], on));
  }

  drawKnobs() {
    const { knobs } = this.view;
    this.knobs.hidden = !knobs.length;
    const shape = JSON.stringify(knobs.map((group) => group.knobs.map(({ key }) => key)));
    if (this.knobShape !== shape) {
      this.knobShape = shape;
      this.inputs = {};
      this.knobTitles = knobs.map(() => h("legend", {}));
      this.knobs.replaceChildren(...knobs.map((group, g) => h("fieldset", { class: "sp-group-of" },
        this.knobTitles[g], h("div", { class: "sp-sliders" },
          group.knobs.map((knob) => this.makeKnob(knob))))));
    }
    knobs.forEach((group, g) => {
      say(this.knobTitles[g], group.title);
      for (const knob of group.knobs) {
        const { input, output } = this.inputs[knob.key];
        // What is being dragged is ahead of the kernel; it is drawn anew when it rests.
        if (this.next?.[1].key !== knob.key) input.value = String(knob.value);
        input.setAttribute("aria-valuetext", knob.text);
        say(output, knob.text);
      }
    });
  }

  makeKnob(knob) {
    const id = freshId("knob");
    const input = h("input", { id, type: "range", class: "sp-range", min: knob.least,
      max: knob.most, step: knob.step, "data-field": knob.key });
    const output = h("output", { for: id });
    input.addEventListener("input", () =>
      this.stream("set", { key: knob.key, value: Number(input.value) }));
    this.inputs[knob.key] = { input, output };
    return h("div", { class: "sp-knob" }, h("label", { for: id }, knob.label), output, input);
  }

  drawAnswer() {
    const { answer } = this.view;
    this.answer.hidden = !answer;
    if (answer) {
      say(this.bigTitle, answer.title);
      this.big.replaceChildren(h("b", {}, answer.value), " ", h("span", {}, answer.unit));
      say(this.words, answer.words);
    }
    const { note } = this.view;
    this.note.hidden = !note;
    if (note) {
      this.note.replaceChildren(h("h3", {}, note.title),
        ...note.lines.map((line) => h("p", {}, line)));
    }
  }

  drawCard(card, data) {
    card.hidden = !data;
    if (!data) return;
    card.replaceChildren(h("h3", {}, data.title), h("table", { class: "sp-facts" },
      h("tbody", {}, data.rows.map(([name, value]) => h("tr", {}, h("th", { scope: "row" }, name),
        h("td", {}, value))))));
  }

  // Before the guess is locked nothing of the answer was sent.
  drawSeal() {
    const { seal, feedback } = this.view;
    if (seal && !this.askForm) {
      this.askForm = askCard(seal, (answers) => this.send("guess", { answers }));
      this.askPlace.replaceChildren(h("div", { class: "wb-card" }, this.askForm));
    } else if (!seal && this.askForm) {
      const held = this.askForm.contains(document.activeElement);
      this.askForm = null;
      this.askPlace.replaceChildren();
      if (held) (this.bars.firstChild ?? this.place.firstChild)?.focus();
    }
    this.feedback.hidden = !feedback;
    if (feedback) {
      this.feedback.replaceChildren(...feedback.lines.map((line) => h("p", {}, h("b", {}, line))),
        h("p", {}, feedback.why));
    }
  }
}

export function start({ model, el }) {
  const panel = new StakePanel(model, el);
  return () => panel.close();
}
