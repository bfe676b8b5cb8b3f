// The page's half of sliding.py: sliders that answer at once, and charts of plain data.

class SlidingPage extends AskingPage {
  // The bar on top: a title, what is set, and what every panel with sliders can do.
  bar(title, ...more) {
    this.setting = h("span", { class: "wb-quiet" });
    this.computing = h("span", { class: "wb-computing-note", "aria-hidden": "true" }, "computing …");
    return h("header", { class: "wb-bar" }, h("h2", {}, title), this.setting, this.computing, more,
      h("div", { class: "wb-group wb-actions" },
        h("span", { class: "wb-later" }, this.undo, this.action("Reset", "reset"),
          this.action("New seed", "new seed")), this.presenter));
  }

  // A large number with what it means below; returns where the number is written.
  fact(holder, text, kind = "") {
    const value = h("dd", { class: `wb-big wb-answer ${kind}` });
    holder.append(h("div", {}, h("dt", {}, text), value));
    return value;
  }

  // A row of sliders, made when the first dials arrive.
  dialRow() {
    this.dials = new Map();
    this.dialHolder = h("div", { class: "wb-block wb-dials wb-later" });
    return this.dialHolder;
  }

  dial(data) {
    let dial = this.dials.get(data.knob);
    if (dial) return dial;
    const id = freshId("dial");
    const value = h("output", { class: "wb-dial-value", for: id });
    const input = h("input", { id, type: "range", min: "0", max: String(data.texts.length - 1),
      step: "1", class: "wb-range", "data-knob": data.knob });
    const label = h("label", { for: id }, data.label);
    const move = (at) => {
      const to = Math.min(Math.max(at, 0), dial.data.texts.length - 1);
      input.value = String(to);
      this.showDial(dial, to);
      this.busy(true);
      this.send("set", { knob: data.knob, at: to });
    };
    input.addEventListener("input", () => move(Number(input.value)));
    const jump = (by, text, name) => h("button", { type: "button", class: "wb-button wb-jump",
      "aria-label": `${name} ${data.label}`, onclick: () => move(Number(input.value) + by) }, text);
    const jumps = data.times
      ? [jump(-data.times, "½", "Halve:"), jump(data.times, "×2", "Double:")] : [];
    const row = h("div", { class: "wb-dial" }, h("div", { class: "wb-dial-head" }, label, value),
      h("div", { class: "wb-dial-row" }, input, jumps));
    dial = { data, input, value, row };
    this.dials.set(data.knob, dial);
    this.dialHolder.append(row);
    return dial;
  }

  showDial(dial, at, now = dial.data.texts[at]) {
    const text = `${now} ${dial.data.unit}`.trim();
    say(dial.value, text);
    dial.input.setAttribute("aria-valuetext", text);
  }

  updateDials(view) {
    // A later key is under way: the handles stay where the hand is; new sliders come all the same.
    const isLate = this.answered < this.serial;
    const there = (view.dials ?? []).map((data) => data.knob);
    for (const [knob, dial] of this.dials) {
      if (!isLate) dial.row.hidden = !there.includes(knob);
    }
    for (const data of view.dials ?? []) {
      const isNew = !this.dials.has(data.knob);
      const dial = this.dial(data);
      if (isLate && !isNew) continue;
      dial.data = data;
      if (dial.input.value !== String(data.at)) dial.input.value = String(data.at);
      this.showDial(dial, data.at, data.now);
    }
    this.busy(isLate || Boolean(view.computing));
  }

  // The first sign: old numbers turn grey at once, before the kernel has heard of it.
  busy(on) {
    this.root.classList.toggle("wb-computing", on);
    this.root.setAttribute("aria-busy", String(on));
  }

  receive(message) {
    if (message.problem) this.busy(false);
    super.receive(message);
  }
}

const SVG = "http://www.w3.org/2000/svg";
function s(tag, props = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(props)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

// A chart of plain data: every point is a share of the axes; the kernel did the sums.
class Chart {
  constructor() {
    this.title = h("h3", {});
    this.holder = h("div", { class: "wb-chart-holder" });
    this.key = h("p", { class: "wb-chart-key wb-quiet" });
    this.root = h("figure", { class: "wb-card wb-chart" }, this.title, this.holder, this.key);
    this.seen = new ResizeObserver(() => this.draw());
    this.seen.observe(this.holder);
  }

  show(data) {
    const same = JSON.stringify(data) === JSON.stringify(this.data);
    this.data = data;
    if (!same) this.draw();
  }

  draw() {
    const data = this.data;
    const width = this.holder.clientWidth;
    if (!data || width < 80) return;
    const em = parseFloat(getComputedStyle(this.holder).fontSize);
    // A long name of the axis takes two lines or three where the panel is narrow.
    const lines = (words, at) => (0.5 * em * words.length > width - em ? words.split(at) : [words]);
    const axis = lines(data.x.label, / (?=\()/).flatMap((part) => lines(part, /(?<=:) /));
    const more = 1.25 * em * (axis.length - 1);
    const height = Math.max(12.5 * em, Math.min(0.55 * width, 17 * em)) + more;
    const left = 2.9 * em;
    const right = 1.2 * em;
    const top = 1.9 * em;
    const bottom = 3 * em + more;
    const x = (share) => left + share * (width - left - right);
    const y = (share) => height - bottom - share * (height - top - bottom);
    say(this.title, data.title);
    const svg = s("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img",
      "aria-label": `${data.title}. ${data.marks.map((mark) => mark.text).join("; ")}.` });
    for (const [share, text] of data.y.ticks) {
      svg.append(s("line", { x1: left, x2: width - right, y1: y(share), y2: y(share),
        class: "wb-grid" }), s("text", { x: left - 0.5 * em, y: y(share) + 0.35 * em,
        "text-anchor": "end" }, text));
    }
    let last = -1e9;
    for (const [share, text] of data.x.ticks) {
      svg.append(s("line", { x1: x(share), x2: x(share), y1: y(0), y2: y(0) + 0.35 * em,
        class: "wb-axis" }));
      if (x(share) - last < 3.2 * em) continue;
      last = x(share);
      svg.append(s("text", { x: x(share), y: y(0) + 1.4 * em, "text-anchor": "middle" }, text));
    }
    axis.forEach((words, i) => svg.append(s("text", { x: width / 2,
      y: height - 0.25 * em - more + 1.25 * em * i, "text-anchor": "middle",
      class: "wb-axis-label" }, words)));
    svg.append(s("text", { x: 0, y: 0.9 * em, "text-anchor": "start",
      class: "wb-axis-label" }, data.y.label));
    for (const line of data.lines) {
      const path = line.points.map(([px, py], i) => `${i ? "L" : "M"}${x(px)} ${y(py)}`).join("");
      svg.append(s("path", { d: path, class: `wb-line wb-line-${line.kind}` }));
    }
    for (const mark of data.marks) {
      const [px, py] = [x(mark.at[0]), y(mark.at[1])];
      const r = (mark.kind === "now" ? 0.5 : 0.32) * em;
      const shape = mark.kind === "worst"
        ? s("rect", { x: px - r * 0.8, y: py - r * 0.8, width: 1.6 * r, height: 1.6 * r })
        : s("circle", { cx: px, cy: py, r });
      shape.setAttribute("class", `wb-mark wb-mark-${mark.kind}`);
      shape.append(s("title", {}, mark.text));
      svg.append(shape);
      if (mark.label) {
        const low = mark.at[1] > 0.9;
        svg.append(s("text", { x: px, y: low ? py + 1.6 * em : py - 0.8 * em,
          "text-anchor": mark.at[0] > 0.93 ? "end" : "middle", class: "wb-mark-label",
          dx: mark.at[0] < 0.04 ? 1.9 * em : 0 },
        mark.label));
      }
    }
    this.holder.replaceChildren(svg);
    this.key.replaceChildren(...data.lines.map((line) => h("span", { class: "wb-key-item" },
      h("span", { class: `wb-key-line wb-key-${line.kind}`, "aria-hidden": "true" }), line.name)),
      ...(data.key ? [h("span", {}, data.key)] : []));
  }

  close() { this.seen.disconnect(); }
}
