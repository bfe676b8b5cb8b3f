// The packet inspector: draws what the kernel says about one real packet. No maths here:
// every byte, verdict and sentence comes from the kernel (packet_state.py).

const BITS = [7, 6, 5, 4, 3, 2, 1, 0];
const SHADES = [0.3, 0.5, 0.74, 1];  // of a byte's hue: darker is a larger value
const SILENCE_MS = 4000;

const hex = (byte) => byte.toString(16).padStart(2, "0");
const count = (n) => n.toLocaleString("en-US");

function fieldAt(fields, offset) {
  return fields.find((field) => field.start <= offset && offset < field.stop);
}

// Where each byte stands: a field begins a row of its own, or shares one with the field
// before it if both fit. With 60 columns a row of R is one hop's routing block.
function placeBytes(fields, columns, gap) {
  const starts = [];
  let row = -1;
  let used = columns;
  for (const field of fields) {
    const length = field.stop - field.start;
    const shares = used + gap + length <= columns;
    const column = shares ? used + gap : 0;
    if (!shares) row += 1;
    starts.push({ field, row, column });
    const rows = Math.ceil(length / columns);
    used = rows === 1 ? column + length : columns;
    row += rows - 1;
  }
  return { starts, rows: row + 1, columns };
}

class ByteMap {
  constructor(panel, name) {
    this.panel = panel;
    this.bytes = new Uint8Array();
    this.fields = [];
    this.marks = new Set();
    this.title = h("h3", { class: "pi-map-title" });
    this.canvas = h("canvas", { class: "pi-canvas", tabindex: "0", role: "slider",
      "aria-label": name, "aria-valuemin": "0", "aria-valuemax": "0", "aria-valuenow": "0" });
    this.empty = h("div", { class: "pi-empty" });
    this.dump = h("pre", { class: "pi-dump wb-mono", tabindex: "0",
      "aria-label": `${name}, all bytes` });
    this.details = h("details", { class: "pi-details" }, h("summary", {}, "All bytes as text"),
      this.dump);
    this.details.addEventListener("toggle", () => this.writeDump());
    this.node = h("figure", { class: "pi-map" }, this.title, this.canvas, this.empty,
      this.details);
    this.canvas.addEventListener("pointermove", (e) => panel.hover(this.packetOffset(e)));
    this.canvas.addEventListener("pointerleave", () => panel.hover(null));
    this.canvas.addEventListener("click", (e) => {
      const offset = this.packetOffset(e);
      if (offset !== null) panel.moveCursor(offset);
    });
    this.canvas.addEventListener("keydown", (e) => this.key(e));
    this.canvas.addEventListener("focus", () => panel.say());
  }

  // Offsets are the packet's: an opened payload begins where its packet's payload does.
  packetOffset(event) {
    const at = this.offsetAt(event);
    if (at === null) return null;
    const offset = at + this.shift;
    return offset < this.panel.before.bytes.length ? offset : null;
  }

  // Where the packet's byte stands in this map; null where it has no place in it.
  local(offset) {
    const at = offset === null ? null : offset - this.shift;
    return at !== null && at >= 0 && at < Math.min(this.bytes.length, this.limit) ? at : null;
  }

  show(view, bytes) {
    say(this.title, view.title);
    this.shift = view.shift ?? 0;
    this.limit = view.limit ?? Infinity;
    this.bytes = bytes ?? new Uint8Array();
    this.fields = view.fields ?? [];
    this.marks = new Set(view.marks ?? []);
    const has = this.bytes.length > 0;
    this.canvas.hidden = !has;
    this.details.hidden = !has;
    this.empty.hidden = has;
    if (!has && view.text) this.empty.replaceChildren(h("p", {}, view.text));
    this.canvas.setAttribute("aria-valuemax", String(Math.max(0, this.bytes.length - 1)));
    this.writeDump();
    this.draw();
  }

  // The canvas in words: every byte as text, written only while it is open (it is long).
  writeDump() {
    if (!this.details.open) { this.dump.textContent = ""; return; }
    const lines = [];
    for (const field of this.fields) {
      lines.push(`${field.letter}  ${field.name}, ${field.stop - field.start} bytes`);
      for (let at = field.start; at < field.stop; at += 20) {
        const part = Array.from(this.bytes.slice(at, Math.min(at + 20, field.stop)), hex);
        lines.push(`${String(at).padStart(5)}  ${part.join(" ")}`);
      }
    }
    this.dump.textContent = lines.join("\n");
  }

  measure() {
    const width = this.node.clientWidth;
    // In large type the map is as wide as its letters need, and the cells may be smaller.
    const columns = width >= (this.panel.view?.presenter ? 300 : 400) ? 60 : 30;
    const letter = 0.85 * parseFloat(getComputedStyle(this.canvas).fontSize);
    const gutter = Math.round(1.65 * letter);
    const pitch = Math.max(4, (width - gutter) / columns);
    const place = placeBytes(this.fields, columns, Math.ceil(1.5 * letter / pitch));
    // A little air between fields, so that the letters have a row to stand beside.
    const tops = [];
    let extra = Math.max(0, (letter - pitch) / 2);
    for (const start of place.starts) {
      if (start.column === 0 && tops.length) extra += Math.max(4, letter - pitch + 2);
      tops.push(extra);
    }
    return { width, columns, gutter, letter, pitch, place, tops,
      height: Math.ceil(place.rows * pitch + extra + 2) };
  }

  box(offset) {
    const m = this.m;
    const index = this.fields.findIndex((f) => f.start <= offset && offset < f.stop);
    if (index < 0) return null;
    const start = m.place.starts[index];
    const i = offset - start.field.start;
    const row = start.row + Math.floor(i / m.columns);
    const column = start.column + (i % m.columns);
    return { x: m.gutter + column * m.pitch, y: 1 + row * m.pitch + m.tops[index],
      size: m.pitch };
  }

  offsetAt(event) {
    if (!this.m) return null;
    const rect = this.canvas.getBoundingClientRect();
    const x = event.clientX - rect.left;
    const y = event.clientY - rect.top;
    for (const field of this.fields) {
      const first = this.box(field.start);
      if (!first || y < first.y) continue;
      const start = this.m.place.starts[this.fields.indexOf(field)];
      const row = Math.floor((y - first.y) / this.m.pitch);
      const column = Math.floor((x - this.m.gutter) / this.m.pitch) - start.column;
      const offset = field.start + row * this.m.columns + column;
      if (column >= 0 && column < this.m.columns && offset < field.stop) return offset;
    }
    return null;
  }

  draw() {
    if (this.canvas.hidden || !this.node.clientWidth) return;
    this.m = this.measure();
    const { m, canvas } = this;
    const scale = window.devicePixelRatio || 1;
    canvas.width = Math.round(m.width * scale);
    canvas.height = Math.round(m.height * scale);
    canvas.style.height = `${m.height}px`;
    const pen = canvas.getContext("2d");
    pen.scale(scale, scale);
    const ink = token(canvas, "--wb-ink");
    const gap = m.pitch >= 7 ? 1 : 0.5;
    this.fields.forEach((field) => {
      const hue = token(canvas, `--wb-field-${field.letter}`) || token(canvas, "--wb-quiet");
      pen.fillStyle = hue;
      for (let at = field.start; at < field.stop; at += 1) {
        const { x, y, size } = this.box(at);
        pen.globalAlpha = SHADES[this.bytes[at] >> 6];
        pen.fillRect(x, y, size - gap, size - gap);
      }
      pen.globalAlpha = 1;
      const first = this.box(field.start);
      const last = this.box(field.stop - 1);
      pen.font = `700 ${m.letter}px ${getComputedStyle(canvas).fontFamily}`;
      pen.textBaseline = "top";
      pen.textAlign = "center";
      pen.fillStyle = ink;
      const middle = first.x - m.gutter / 2;
      pen.fillText(field.letter, middle, first.y + Math.min(0, (m.pitch - m.letter) / 2));
      const under = first.y + m.letter + 3;
      if (last.y > under) {
        pen.fillStyle = hue;
        pen.fillRect(middle - 1, under, 2, last.y + m.pitch - under - 1);
      }
    });
    pen.strokeStyle = ink;
    for (const offset of this.marks) this.outline(pen, offset, 2);
    const at = this.local(this.panel.hovered ?? this.panel.cursor);
    if (at !== null) {
      const b = this.box(at);
      pen.lineWidth = 2;
      pen.strokeRect(b.x - 2.5, b.y - 2.5, b.size + 4, b.size + 4);
    }
  }

  outline(pen, offset, width) {
    const b = this.box(offset);
    if (!b) return;
    pen.lineWidth = width;
    pen.strokeRect(b.x, b.y, b.size - 1, b.size - 1);
    pen.beginPath();  // a cross through the byte: the sign beside the outline
    pen.moveTo(b.x, b.y);
    pen.lineTo(b.x + b.size - 1, b.y + b.size - 1);
    pen.stroke();
  }

  key(event) {
    const last = this.bytes.length - 1;
    const at = this.local(this.panel.cursor) ?? 0;
    const field = this.fields.findIndex((f) => f.start <= at && at < f.stop);
    const row = this.m?.columns ?? 60;
    const moves = { ArrowLeft: at - 1, ArrowRight: at + 1, ArrowUp: at - row,
      ArrowDown: at + row, Home: 0, End: last,
      PageUp: this.fields[Math.max(0, field - 1)]?.start,
      PageDown: this.fields[Math.min(this.fields.length - 1, field + 1)]?.start };
    if (event.key in moves) {
      event.preventDefault();
      const to = Math.min(last, this.limit - 1, Math.max(0, moves[event.key]));
      this.panel.moveCursor(to + this.shift);
    } else if (event.key === "Enter" && this.panel.view?.can_break) {
      event.preventDefault();
      this.panel.send("flip", { offset: this.panel.cursor, bit: 0 });
    }
  }
}

class Inspector {
  constructor(model, el) {
    this.model = model;
    this.cursor = 0;
    this.hovered = null;
    this.serial = 0;
    this.answered = 0;
    this.build(el);
    for (const one of [this.undo, this.again, this.back, this.next, this.cut, this.mend]) {
      this.able(one, false); // until the first view says what can be done
    }
    this.onMessage = (message, buffers) => this.receive(message, buffers);
    model.on("msg:custom", this.onMessage);
    this.stopTheme = onThemeChange(() => this.drawMaps());
    this.resizer = new ResizeObserver(() => this.drawMaps());
    this.resizer.observe(this.root);
    this.send("hello");
  }

  close() {
    this.model.off("msg:custom", this.onMessage);
    this.stopTheme();
    this.resizer.disconnect();
    clearTimeout(this.waiting);
    clearTimeout(this.typing);
  }

  // ---- talk with the kernel -----------------------------------------------------------
  send(name, values = {}) {
    // What is being typed goes first: no later action may overtake it.
    if (this.typing && name !== "message") this.sendMessage();
    this.serial += 1;
    this.model.send({ name, serial: this.serial, ...values });
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => say(this.problem, "No answer from Python yet: it is busy, " +
      "or it was stopped. If this stays, run the cell above again."), SILENCE_MS);
  }

  sendMessage() {
    clearTimeout(this.typing);
    this.typing = null;
    this.send("message", { text: this.message.value });
  }

  receive(message, buffers) {
    clearTimeout(this.waiting);
    if (message.problem) {
      say(this.problem, message.problem.text);
      this.invalid(message.problem.field, true);
      this.askForm?.refuse?.(message.problem.field === "ask" ? message.problem.text : "");
      return;
    }
    if (!message.view) return;
    // An answer to an older message must not undo what was typed since.
    if (message.serial && message.serial < this.answered) return;
    this.answered = message.serial ?? this.answered;
    say(this.problem, "");
    this.invalid(null, false);
    this.view = message.view;
    const parts = buffers.map((b) => new Uint8Array(b.buffer ?? b, b.byteOffset ?? 0,
      b.byteLength));
    this.update(parts);
  }

  invalid(field, on) {
    for (const node of this.root.querySelectorAll("[data-field]")) {
      if (on && node.dataset.field === field) node.setAttribute("aria-invalid", "true");
      else node.removeAttribute("aria-invalid");
    }
  }

  // ---- the skeleton, built once ---------------------------------------------------------
  build(el) {
    const button = (text, name, values, extra = {}) => h("button", { type: "button",
      class: "wb-button wb-bare", onclick: () => this.send(name, values), ...extra }, text);
    this.message = h("input", { class: "wb-field pi-message", type: "text", autocomplete: "off",
      spellcheck: "false", "data-field": "message", "aria-describedby": "" });
    this.messageLabel = h("label", { class: "pi-label" });
    this.messageLabel.htmlFor = this.message.id = freshId("message");
    this.message.addEventListener("input", () => {
      clearTimeout(this.typing);
      this.typing = setTimeout(() => this.sendMessage(), 250);
    });
    this.message.addEventListener("change", () => { if (this.typing) this.sendMessage(); });
    this.hops = [1, 2, 3, 4, 5].map((n) => h("button", { type: "button", class: "wb-button",
      role: "radio", onclick: () => this.send("hops", { count: n }) }, String(n)));
    const hopsLabel = freshId("hops");
    const hopGroup = h("div", { class: "wb-segments", role: "radiogroup",
      "aria-labelledby": hopsLabel }, this.hops);
    this.rove(hopGroup, this.hops, (i) => this.send("hops", { count: i + 1 }));
    this.undo = button("Undo", "undo");
    this.replyButton = button("Reply block", "kind");
    this.presenter = h("button", { type: "button", class: "wb-button wb-bare wb-to-large",
      "aria-pressed": "false", onclick: () => this.send("presenter") }, "Presenter");
    this.name = h("h2", { tabindex: "-1" }, "Packet inspector");
    this.shut = h("button", { type: "button", class: "wb-button pi-shut",
      onclick: () => this.putAway() }, "Close");
    this.notes = h("div", { class: "pi-notes wb-quiet" });
    const header = h("header", { class: "pi-header" }, this.name,
      h("div", { class: "pi-say" }, this.messageLabel, this.message),
      h("div", { class: "pi-hops" }, h("span", { id: hopsLabel, class: "pi-label" }, "Hops"),
        hopGroup),
      h("div", { class: "pi-actions" }, button("Build again", "build"), this.replyButton,
        this.undo, button("Reset", "reset"), this.presenter, this.shut));
    this.problem = h("p", { class: "wb-problem pi-problem", role: "alert" });
    this.network = h("div", { class: "pi-network", role: "group",
      "aria-label": "Network: choose the route, one node a column" });
    this.stops = h("ol", { class: "pi-stops", "aria-label": "Where the packet is" });
    this.back = h("button", { type: "button", class: "wb-button",
      onclick: () => this.step(-1) }, "← Back");
    this.next = h("button", { type: "button", class: "wb-button wb-primary",
      onclick: () => this.step(1) }, "Next hop →");
    this.before = new ByteMap(this, "Bytes as the packet arrives");
    this.after = new ByteMap(this, "Bytes as the packet leaves");
    this.right = h("div", { class: "pi-right" }, this.after.node);
    this.legend = h("ul", { class: "pi-legend" });
    this.readout = h("p", { class: "wb-mono pi-readout" });
    this.meaning = h("p", { class: "wb-quiet" });
    this.changed = h("p", { class: "pi-changed" });
    this.opened = h("div", { class: "pi-opened" });
    this.learned = h("ul", {});
    this.learnedTitle = h("h3", {});
    this.wire = h("p", { class: "pi-wire" });
    this.hidden = h("ul", {});
    this.summary = h("p", { class: "pi-summary", role: "status", "aria-live": "polite" });
    this.code = h("pre", { class: "pi-dump wb-mono", tabindex: "0",
      "aria-label": "This state as a line of code" });
    this.share = h("details", { class: "pi-details pi-share" },
      h("summary", {}, "This state as a line of code"), this.code);
    this.feedback = h("div", { class: "wb-wash pi-feedback", role: "status" });
    this.root = h("section", { class: "wb-root pi-root", "aria-label": "Packet inspector" },
      header, this.notes, this.problem,
      h("div", { class: "pi-route" }, this.network, this.stops,
        h("div", { class: "pi-stepper" }, this.back, this.next)),
      this.feedback,
      h("div", { class: "pi-maps" }, this.before.node, this.right),
      this.legend,
      h("div", { class: "wb-wash pi-byte" }, this.readout, this.meaning, this.opened),
      this.changed,
      h("div", { class: "pi-cards" },
        h("div", { class: "pi-told" },
          h("div", { class: "wb-card pi-learned" }, this.learnedTitle, this.learned, this.wire),
          h("div", { class: "wb-card pi-hidden" }, h("h3", {}, "The packet does not say"),
            this.hidden)),
        this.buildBreak(), this.buildGeometry()),
      this.summary, this.share);
    keepKeys(this.root);
    this.root.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.view?.can_close) this.putAway();
    });
    el.append(this.root);
  }

  // Opened from another panel: the focus goes there, and back when it is put away.
  comeForward() {
    const active = document.activeElement;
    const from = this.root.closest(".wb-bench");
    if (!from?.contains(active) || this.root.contains(active)) return;
    this.name.focus({ preventScroll: true });
    this.root.scrollIntoView({ block: "start" });
  }

  putAway() {
    const from = this.root.closest(".wb-bench");
    const back = from?.querySelector(".flow-bytes:not([hidden])")
      ?? from?.querySelector(".flow-follow");
    back?.focus();
    this.send("close");
    clearTimeout(this.waiting);
  }

  buildBreak() {
    this.breakHint = h("p", { class: "wb-quiet pi-hint" });
    this.offset = h("input", { class: "wb-field pi-offset", type: "text", inputmode: "numeric",
      autocomplete: "off", size: "5", "data-field": "offset" });
    this.offset.id = freshId("offset");
    this.offset.addEventListener("change", () => {
      const at = Number(this.offset.value.trim().replace(/,/g, ""));
      const last = this.before.bytes.length - 1;
      if (!Number.isInteger(at) || at < 0 || at > last || this.offset.value.trim() === "") {
        say(this.problem, `Choose a byte from 0 to ${count(last)}.`);
        this.invalid("offset", true);
      } else {
        say(this.problem, "");
        this.invalid(null, false);
        this.moveCursor(at);
      }
    });
    this.bits = BITS.map((bit) => h("button", { type: "button", class: "wb-button pi-bit",
      onclick: () => this.send("flip", { offset: this.cursor, bit }) }));
    this.cut = h("button", { type: "button", class: "wb-button",
      onclick: () => this.send("cut", { count: 1 }) }, "Cut a byte");
    this.again = h("button", { type: "button", class: "wb-button",
      onclick: () => this.send("replay") }, "Send twice");
    this.mend = h("button", { type: "button", class: "wb-button",
      onclick: () => this.send("mend") }, "Mend");
    this.verdict = h("div", { class: "wb-wash pi-verdict", role: "status" });
    return h("div", { class: "wb-card pi-break" }, h("h3", {}, "Break it"), this.breakHint,
      h("div", { class: "pi-row" }, h("label", { for: this.offset.id }, "Byte"), this.offset,
        h("div", { class: "pi-bits", role: "group", "aria-label": "Flip a bit of this byte" },
          this.bits)),
      h("div", { class: "pi-row" }, this.cut, this.again, this.mend), this.verdict);
  }

  buildGeometry() {
    this.size = h("select", { class: "wb-select" });
    this.version = h("select", { class: "wb-select" });
    this.size.id = freshId("size");
    this.version.id = freshId("version");
    this.size.addEventListener("change", () => this.send("size", { choice: this.size.value }));
    this.version.addEventListener("change", () => this.send("version", {
      value: Number(this.version.value) }));
    this.geometry = h("table", { class: "pi-geometry" });
    return h("div", { class: "wb-card pi-sizes" }, h("h3", {}, "Geometry, bytes"),
      h("div", { class: "pi-choices" }, h("label", { for: this.size.id }, "Packet"), this.size,
        h("label", { for: this.version.id }, "Version"), this.version), this.geometry);
  }

  // Arrow keys move within a group that has one tab stop.
  rove(group, items, choose) {
    group.addEventListener("keydown", (event) => {
      const at = items.indexOf(event.target);
      const move = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (at < 0 || !move) return;
      event.preventDefault();
      const to = (at + move + items.length) % items.length;
      items[to].focus();
      choose(to);
    });
  }

  step(by) {
    if (!this.view) return;
    const to = this.view.step + by;
    if (to >= 0 && to <= this.view.last_step) this.send("step", { to });
  }

  // ---- the network: built once, as its nodes never change ------------------------------------
  drawNetwork() {
    const { columns } = this.view;
    const total = columns.length + 2;
    const most = Math.max(...columns.map((c) => c.nodes.length));
    const shape = JSON.stringify(columns.map((c) => [c.name, c.nodes.map((n) => n.number)]));
    if (this.shape !== shape) {  // only where another packet, of another network, came in
      this.shape = shape;
      this.network.replaceChildren();
      this.lines = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      this.lines.setAttribute("aria-hidden", "true");
      this.lines.setAttribute("preserveAspectRatio", "none");
      this.lines.setAttribute("viewBox", `0 0 ${total * 100} ${most * 100}`);
      this.network.append(this.lines);
      this.names = columns.map((column, c) => {
        const name = h("span", { class: "pi-column", style: `left:${(c + 1.5) / total * 100}%` },
          column.name);
        this.network.append(name);
        return name;
      });
      this.nodes = columns.map((column, c) => column.nodes.map((node, r) => {
        // Fewer nodes than rows stand at the edges, clear of wires that pass them by.
        const y = column.nodes.length === 1 ? most / 2
          : 0.5 + r * (most - 1) / (column.nodes.length - 1);
        const button = h("button", { type: "button", class: "pi-node", tabindex: "-1",
          style: `left:${(c + 1.5) / total * 100}%;top:calc(var(--pi-head) + (100% - var(--pi-head)) * ${y / most})`,
          onclick: () => this.send("node", { column: c, row: r }) }, node.number);
        button.at = { c, r, x: (c + 1.5) * 100, y: y * 100 };
        button.addEventListener("focus", () => this.setTabStop(button));
        button.addEventListener("keydown", (event) => this.networkKey(event, c, r));
        this.network.append(button);
        return button;
      }));
      this.endDots = [0.5, total - 0.5].map((x) => h("span", { class: "pi-end",
        "aria-hidden": "true",
        style: `left:${x / total * 100}%;top:calc(var(--pi-head) + (100% - var(--pi-head)) * 0.5)` }));
      this.network.append(...this.endDots);
      this.setTabStop(this.nodes[Math.min(1, this.nodes.length - 1)][0]);
    }
    columns.forEach((column, c) => {
      this.names[c].classList.toggle("pi-unused", !column.used);
      column.nodes.forEach((node, r) => {
        const button = this.nodes[c][r];
        button.setAttribute("aria-pressed", String(node.chosen));
        button.setAttribute("aria-label", node.label);
        button.dataset.state = node.state;
        this.able(button, !this.view.seal && !this.view.sent);
      });
    });
    this.drawLines(total, most);
  }

  drawLines(total, most) {
    const { columns, route, step } = this.view;
    const middle = most * 50;
    const chosen = route.map((hop) => this.nodes[hop.column][hop.row].at);
    const stops = [{ x: 50, y: middle }, ...chosen, { x: (total - 0.5) * 100, y: middle }];
    const parts = [];
    const used = columns.map((column, c) => (column.used ? c : -1)).filter((c) => c >= 0);
    used.slice(1).forEach((c, i) => {
      for (const a of this.nodes[used[i]]) for (const b of this.nodes[c]) {
        parts.push(`<path class="pi-web" d="M${a.at.x} ${a.at.y}L${b.at.x} ${b.at.y}"/>`);
      }
    });
    stops.slice(1).forEach((to, i) => {
      const from = stops[i];
      const state = this.view.links[i];
      parts.push(`<path class="pi-link" data-state="${state}" ` +
        `d="M${from.x} ${from.y}L${to.x} ${to.y}"/>`);
    });
    this.lines.innerHTML = parts.join("");
    this.endDots[0].dataset.state = step === 0 ? "here" : "chosen";
    this.endDots[1].dataset.state = this.view.links.at(-1) === "passed" ? "here" : "chosen";
  }

  setTabStop(node) {
    for (const other of this.nodes.flat()) other.tabIndex = other === node ? 0 : -1;
  }

  networkKey(event, c, r) {
    const last = this.nodes.length - 1;
    const to = { ArrowLeft: [c - 1, r], ArrowRight: [c + 1, r], ArrowUp: [c, r - 1],
      ArrowDown: [c, r + 1] }[event.key];
    if (!to) return;
    event.preventDefault();
    const column = this.nodes[Math.min(last, Math.max(0, to[0]))];
    column[Math.min(column.length - 1, Math.max(0, to[1]))].focus();
  }

  // ---- what stands on the page now --------------------------------------------------------
  update(parts) {
    const view = this.view;
    this.root.classList.toggle("wb-presenter", view.presenter);
    // A packet that was sent stands as it is: nothing of what would make another is offered.
    this.root.classList.toggle("pi-sent", Boolean(view.sent));
    say(this.name, view.sent?.title ?? "Packet inspector");
    this.shut.hidden = !view.can_close;
    if (view.is_fresh) this.comeForward();
    this.notes.replaceChildren(...(view.sent?.notes ?? []).map((text) => h("p", {}, text)));
    // Before the guess there are two controls, message and hops; the others come with it.
    this.root.classList.toggle("pi-sealed", Boolean(view.seal));
    this.presenter.setAttribute("aria-pressed", String(view.presenter));
    if (document.activeElement !== this.message) this.message.value = view.message;
    say(this.messageLabel, view.message_label);
    this.hops.forEach((button, i) => {
      const on = i + 1 === view.route.length;
      button.setAttribute("aria-checked", String(on));
      button.tabIndex = on ? 0 : -1;
    });
    this.able(this.undo, view.can_undo);
    this.again.setAttribute("aria-pressed", String(view.replayed));
    this.able(this.again, view.can_break);
    this.replyButton.setAttribute("aria-pressed", String(view.kind === "reply"));
    this.drawNetwork();
    this.drawStops();
    this.drawSeal();
    const max = Math.max(0, parts[0].length - 1);
    this.cursor = Math.min(this.cursor, max);
    this.before.show(view.before, parts[0]);
    this.after.show(view.after, parts[1]?.length ? parts[1] : null);
    const known = new Set();
    const legend = [...view.before.fields, ...(parts[1]?.length ? view.after.fields : [])]
      .filter((field) => !known.has(field.letter) && known.add(field.letter));
    this.legend.replaceChildren(...legend.map((field) => h("li", {},
      h("span", { class: "pi-key",
        style: `background:var(--wb-field-${field.letter}, var(--wb-quiet))`,
        "aria-hidden": "true" }),
      h("b", {}, field.letter), ` ${field.name} ${count(field.stop - field.start)}`)),
    h("li", { class: "wb-quiet" }, view.legend_note));
    this.drawOpened(parts[2]);
    say(this.changed, view.changed);
    this.list(this.learned, view.learned);
    say(this.learnedTitle, view.learned_title);
    say(this.wire, view.wire);
    this.list(this.hidden, view.hidden);
    this.drawBreak();
    this.drawGeometry();
    this.say();
    say(this.code, view.code);
    say(this.summary, view.summary);
  }

  able(button, on) {
    button.setAttribute("aria-disabled", String(!on));
    button.disabled = !on && button !== document.activeElement;
  }

  list(node, texts) {
    node.replaceChildren(...texts.map((text) => h("li", {}, text)));
  }

  drawStops() {
    const view = this.view;
    const held = this.stops.contains(document.activeElement);
    const field = document.activeElement?.dataset?.field;
    this.stops.style.setProperty("--pi-columns", String(view.columns.length + 2));
    const shown = view.stops.map((stop, i) => {
      const button = h("button", { type: "button", class: "pi-stop",
        "aria-current": stop.state === "here" ? "step" : null,
        "data-state": stop.state, tabindex: i === view.step ? "0" : "-1",
        onclick: () => this.send("step", { to: Math.min(i, view.last_step) }) },
      h("b", {}, stop.name), h("span", { class: "wb-quiet" }, stop.note));
      const item = h("li", { style: `grid-column:${stop.column + 1}` }, button);
      if (stop.wait !== null) {
        const input = h("input", { class: "wb-field pi-wait", type: "text", autocomplete: "off",
          inputmode: "decimal", value: stop.wait, readonly: view.sent ? "" : null, "data-field": `wait ${stop.hop}`,
          "aria-label": `${stop.name} waits, seconds` });
        input.addEventListener("change", () => this.send("wait", { hop: stop.hop,
          text: input.value }));
        item.append(h("span", { class: "pi-waits" }, "waits ", input, " s"));
      }
      return item;
    });
    // A wait that was refused stays as typed: only what the kernel took is drawn anew.
    this.stops.replaceChildren(...shown);
    const buttons = shown.map((item) => item.firstChild);
    this.stops.onkeydown = (event) => {
      const move = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!move || !buttons.includes(event.target)) return;
      event.preventDefault();
      this.step(move);
    };
    if (field) this.stops.querySelector(`[data-field="${field}"]`)?.focus();
    else if (held) buttons[view.step]?.focus();
    this.able(this.back, view.step > 0);
    this.able(this.next, view.step < view.last_step);
    say(this.next, view.next_label);
  }

  // Before the guess is locked the right half asks; the kernel sent no byte of the answer.
  drawSeal() {
    const { seal, feedback } = this.view;
    if (seal && !this.askForm) {
      this.askForm = askCard(seal, (answers) => this.send("guess", { answers }));
      if (seal.where === "steps") {
        this.right.replaceChildren(h("div", { class: "wb-card" }, this.askForm));
      } else {
        this.feedback.after(h("div", { class: "wb-card pi-ask" }, this.askForm));
      }
    } else if (!seal && this.askForm) {
      const held = this.askForm.contains(document.activeElement);
      const card = this.askForm.parentNode;
      this.askForm = null;
      if (this.right.contains(card)) this.right.replaceChildren(this.after.node);
      else card.remove();
      if (held) this.next.focus();
    }
    this.feedback.hidden = !feedback;
    if (feedback) {
      this.feedback.replaceChildren(...feedback.lines.map((line) => h("p", {}, h("b", {}, line))),
        h("p", {}, feedback.why));
    }
  }

  drawOpened(bytes) {
    const { opened } = this.view;
    this.opened.hidden = !opened;
    if (!opened) return;
    this.opened.replaceChildren(h("p", {}, h("b", {}, opened.title)),
      h("dl", { class: "pi-block" }, opened.fields.map((field) => {
        const raw = Array.from(bytes.slice(field.start, Math.min(field.stop, field.start + 8)),
          hex).join(" ");
        const more = field.stop - field.start > 8 ? " …" : "";
        return h("div", {},
          h("dt", {}, field.name, h("span", { class: "wb-quiet" },
            ` ${count(field.stop - field.start)}`)),
          h("dd", { class: "pi-value" }, field.meaning),
          h("dd", { class: "wb-mono wb-quiet" }, raw + more));
      })), opened.note ? h("p", { class: "wb-quiet" }, opened.note) : null);
  }

  drawBreak() {
    const view = this.view;
    say(this.breakHint, view.break_hint);
    this.able(this.cut, view.can_break);
    this.able(this.mend, view.is_broken);
    this.verdict.hidden = !view.verdict;
    if (view.verdict) say(this.verdict, view.verdict);
  }

  drawGeometry() {
    const { geometry } = this.view;
    const fill = (select, options, value) => {
      if (select.options.length !== options.length) {
        select.replaceChildren(...options.map(([key, text]) => h("option", { value: key }, text)));
      }
      select.value = String(value);
    };
    fill(this.size, geometry.sizes, geometry.size);
    fill(this.version, geometry.versions, geometry.version);
    this.geometry.replaceChildren(h("tbody", {}, geometry.rows.map(([name, value, main]) =>
      h("tr", { class: main ? "pi-main" : null }, h("th", { scope: "row" }, name),
        h("td", {}, count(value))))));
  }

  // ---- the byte under the cursor -----------------------------------------------------------
  moveCursor(offset) {
    this.cursor = offset;
    this.hovered = null;
    this.say();
    this.drawMaps();
  }

  hover(offset) {
    if (offset === this.hovered) return;
    this.hovered = offset;
    this.say();
    this.drawMaps();
  }

  drawMaps() {
    this.before.draw();
    this.after.draw();
  }

  say() {
    if (!this.view) return;
    const at = this.hovered ?? this.cursor;
    const bytes = this.before.bytes;
    if (at >= bytes.length) return;
    const field = fieldAt(this.before.fields, at);
    const place = field ? `${field.letter}, ${field.name}, byte ${count(at - field.start)} of ` +
      `${count(field.stop - field.start)}` : "";
    const there = this.after.local(at);
    const leaves = there === null ? "" :
      ` · ${this.view.after.verb} ${hex(this.after.bytes[there])}`;
    say(this.readout, `offset ${count(at)} · ${place} · hex ${hex(bytes[at])}${leaves}`);
    say(this.meaning, field?.meaning ?? "");
    for (const map of [this.before, this.after]) {
      const local = map.local(this.cursor);
      if (local === null) continue;
      const here = fieldAt(map.fields, local);
      map.canvas.setAttribute("aria-valuenow", String(local));
      map.canvas.setAttribute("aria-valuetext", `offset ${local}, ${here?.name}, ` +
        `hex ${hex(map.bytes[local])}. ${here?.meaning ?? ""}`);
    }
    if (document.activeElement !== this.offset) this.offset.value = String(this.cursor);
    this.bits.forEach((button, i) => {
      const bit = BITS[i];
      const on = (bytes[this.cursor] >> bit) & 1;
      const flipped = this.view.flips.some(([o, b]) => o === this.cursor && b === bit);
      say(button, String(on));
      button.setAttribute("aria-label", `bit ${bit} of byte ${this.cursor} is ${on}` +
        `${flipped ? ", flipped" : ""}: flip it`);
      button.dataset.flipped = String(flipped);
      this.able(button, this.view.can_break);
    });
  }
}

export function start({ model, el }) {
  const panel = new Inspector(model, el);
  return () => panel.close();
}
