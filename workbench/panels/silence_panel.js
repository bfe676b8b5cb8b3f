// Silence: ten wires as timelines, and loops that stay away. The kernel counts; this draws.

const MODE_NAMES = [["once", "One afternoon"], ["daily", "Every afternoon"],
  ["drops", "A node drops"]];
const FACTS = {
  wires: [["found", "of ten are found, on average", "wb-doubt"],
    ["tries", "found in 1,000 tries of this seed"],
    ["blind", "by blind guessing (95 % of such series)"],
    ["wait", "that your message waits on average"]],
  drops: [["sent", "loops sent"], ["lost", "of them did not come home"],
    ["until", "until the alarm rings, on average", "wb-doubt"],
    ["false", "between false alarms, on average"]],
};

class SilencePage extends SlidingPage {
  build() {
    this.modes = this.segments("What to look at", MODE_NAMES,
      (mode) => { this.busy(true); this.send("mode", { mode }); });
    this.wires = h("div", { class: "sl-wires" });
    this.canvas = h("canvas", { class: "sl-canvas", role: "img" });
    this.open = h("button", { type: "button", class: "wb-button", "aria-pressed": "false",
      onclick: () => this.send("open") }, "Show kinds");
    this.key = h("p", { class: "wb-quiet sl-key" });
    this.verdict = h("p", { class: "sl-verdict" });
    this.wiresStage = h("div", { class: "wb-block" }, this.wires,
      this.key, this.verdict);
    this.meter = h("div", { class: "sl-meter", role: "img" });
    this.meterWords = h("p", { class: "sl-meter-words" });
    this.meterBlock = h("div", { class: "wb-block wb-later" }, this.meter, this.meterWords);
    this.network = h("div", { class: "sl-network" });
    this.windows = h("div", { class: "sl-windows", role: "img" });
    this.windowWords = h("p", { class: "sl-verdict" });
    this.trial = h("p", { class: "sl-trial", role: "status" });
    this.tell = h("button", { type: "button", class: "wb-button",
      onclick: () => this.send("tell") }, "Which one is it?");
    this.dropsStage = h("div", { class: "wb-block sl-drops wb-later" },
      h("div", {}, h("h3", {}, "Missing loops, mix by mix: accuse one"), this.network,
        h("div", { class: "wb-group sl-below" }, this.tell, this.trial)),
      h("div", {}, h("h3", {}, "Missing loops, window by window"), this.windows,
        this.windowWords));
    this.facts = {};
    this.factLists = Object.entries(FACTS).map(([name, facts]) => {
      const list = h("dl", { class: "wb-block wb-facts wb-later", "data-facts": name });
      for (const [key, text, kind] of facts) this.facts[key] = this.fact(list, text, kind);
      return list;
    });
    this.chart = new Chart();
    const dials = this.dialRow();
    const root = h("section", { class: "wb-root wb-frame sl-root", "aria-label": "Silence" },
      this.bar("Silence"), this.problem,
      h("div", { class: "wb-block wb-group sl-modes wb-later" }, this.modes, this.open),
      this.wiresStage, this.dropsStage, dials, this.factLists, this.meterBlock,
      this.askHolder, this.feedback,
      h("div", { class: "wb-block wb-later sl-chart" }, this.chart.root), this.summary);
    this.sized = new ResizeObserver(() => this.paint());
    this.sized.observe(this.canvas);
    this.stopTheme = onThemeChange(() => this.paint());
    this.afterGuess = this.dialHolder;
    return root;
  }

  close() {
    super.close();
    this.sized.disconnect();
    this.stopTheme();
    this.chart.close();
  }

  update(view) {
    this.updateDials(view);
    this.modes.choose(view.mode);
    say(this.setting, view.setting);
    const isDrops = view.mode === "drops";
    this.wiresStage.hidden = this.open.hidden = isDrops;
    this.meterBlock.hidden = isDrops || !view.meter;
    this.dropsStage.hidden = !isDrops;
    for (const list of this.factLists) list.hidden = (list.dataset.facts === "drops") !== isDrops;
    this.chart.root.parentElement.hidden = isDrops;
    this.open.setAttribute("aria-pressed", String(view.is_open));
    this.afterGuess = this.dialHolder.querySelector("input") ?? this.presenter;
    if (view.wires) this.drawWires(view);
    if (!view.numbers) return;
    for (const [key, text] of Object.entries(view.numbers)) {
      if (this.facts[key]) say(this.facts[key], text);
    }
    if (view.chart) this.chart.show(view.chart);
    if (view.meter) this.drawMeter(view.meter);
    if (view.mixes) this.drawDrops(view);
  }

  drawWires(view) {
    const { names, you } = view.wires;
    if (!this.rows) {
      this.rows = names.map((name, i) => ({
        name: h("span", { class: "sl-name", "data-you": String(i === you) }, name),
        count: h("span", { class: "sl-count wb-answer" }),
      }));
      this.wires.append(...this.rows.flatMap(({ name, count }, i) => {
        name.style.gridRow = count.style.gridRow = String(i + 1);
        return [name, count];
      }), this.canvas, h("div", { class: "sl-axis wb-quiet", "aria-hidden": "true" },
        h("span", {}, "14:55"), h("span", {}, "15:00"), h("span", {}, "15:05")));
    }
    this.rows.forEach(({ name, count }, i) => {
      const busiest = Boolean(view.busiest?.[i]);
      name.dataset.busiest = count.dataset.busiest = String(busiest);
      say(count, view.counts ? `${view.counts[i]}${busiest ? " ◀ most" : ""}` : "");
    });
    const counted = view.counts
      ? ` In the minute: ${names.map((name, i) => `${name} ${view.counts[i]}`).join(", ")}.` : "";
    this.canvas.setAttribute("aria-label", `Ten timelines from 14:55 to 15:05.${counted}`);
    say(this.verdict, [view.verdict, view.numbers?.waited].filter(Boolean).join(" "));
    const many = view.wires.days > 1 ? `Bars: packets in 20 s, ${view.wires.days} days together. ` : "";
    const known = view.is_open
      ? (many ? "Orange-red: messages." : "● your message  ■ loop cover  ◆ drop cover")
      : (many ? "" : "Each mark is a packet; to the observer all look alike. ");
    say(this.key, `${many}${known}${view.is_open ? "" : "Shaded: the minute in which one message arrived somewhere."}`);
    this.paint();
  }

  paint() {
    const data = this.view?.wires;
    const canvas = this.canvas;
    const width = canvas.clientWidth;
    const height = canvas.clientHeight;
    if (!data || width < 20 || height < 20) return;
    const ratio = window.devicePixelRatio || 1;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    const pen = canvas.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    const colour = Object.fromEntries(["line", "ink", "quiet", "yours", "loop-cover", "wash"].map(
      (name) => [name, token(this.root, `--wb-${name}`)]));
    const row = height / data.names.length;
    const [from, to] = data.minute;
    pen.fillStyle = colour.line;
    pen.globalAlpha = 0.6;
    pen.fillRect(from * width, 0, (to - from) * width, height);
    pen.globalAlpha = 1;
    pen.strokeStyle = colour.line;
    pen.lineWidth = 1;
    for (let i = 0; i < data.names.length; i += 1) {
      const y = Math.round(row * (i + (data.bars ? 0.95 : 0.5))) + 0.5;
      pen.beginPath();
      pen.moveTo(0, y);
      pen.lineTo(width, y);
      pen.stroke();
    }
    if (data.bars) this.paintBars(pen, data, row, width, colour);
    else this.paintDots(pen, data, row, width, colour);
  }

  paintBars(pen, data, row, width, colour) {
    const most = Math.max(1, ...data.bars.flat());
    const slice = width / data.bars[0].length;
    data.bars.forEach((bars, i) => bars.forEach((count, at) => {
      const tall = (count / most) * row * 0.86;
      const base = row * (i + 0.95);
      const isCounted = at / bars.length >= data.minute[0] && at / bars.length < data.minute[1];
      pen.fillStyle = isCounted ? colour.ink : colour.quiet;
      pen.globalAlpha = isCounted ? 1 : 0.55;
      pen.fillRect(at * slice + 0.5, base - tall, slice - 1, tall);
      pen.globalAlpha = 1;
      const mine = i === data.you ? data.messages?.[at] ?? 0 : 0;
      if (!mine) return;
      const part = tall * (mine / count);
      pen.fillStyle = colour.yours;
      pen.fillRect(at * slice + 0.5, base - tall, slice - 1, part);
    }));
  }

  paintDots(pen, data, row, width, colour) {
    const r = Math.min(row * 0.24, 5, Math.max(width / 130, 1.6));
    const paint = {
      any: (x, y) => { pen.rect(x - r * 0.45, y - r * 1.5, r * 0.9, r * 3); },
      loop: (x, y) => { pen.rect(x - r * 0.85, y - r * 0.85, r * 1.7, r * 1.7); },
      drop: (x, y) => {
        pen.moveTo(x, y - r * 1.3);
        pen.lineTo(x + r * 1.3, y);
        pen.lineTo(x, y + r * 1.3);
        pen.lineTo(x - r * 1.3, y);
        pen.closePath();
      },
      real: (x, y) => {
        pen.moveTo(x + r * 1.5, y);
        pen.arc(x, y, r * 1.5, 0, 2 * Math.PI);
      },
    };
    const fill = { any: colour.ink, loop: colour["loop-cover"], drop: colour["loop-cover"],
      real: colour.yours };
    data.dots.forEach((kinds, i) => {
      for (const kind of ["any", "loop", "drop", "real"]) {
        pen.beginPath();
        for (const x of kinds[kind] ?? []) paint[kind](x * width, row * (i + 0.5));
        pen.fillStyle = fill[kind];
        pen.fill();
        if (kind !== "real") continue;
        pen.strokeStyle = colour.ink;
        pen.lineWidth = 2;
        pen.stroke();
      }
    });
  }

  drawMeter(meter) {
    const part = (kind, value) => h("span", { class: `sl-part sl-${kind}`,
      style: `width:${(100 * value) / meter.most}%` });
    this.meter.replaceChildren(part("loop", meter.loop), part("drop", meter.drop));
    this.meter.setAttribute("aria-label", `Bandwidth: ${meter.loop} loops and ${meter.drop} ` +
      `slots a minute, of at most ${meter.most}`);
    say(this.meterWords, meter.words);
  }

  drawDrops(view) {
    if (!this.mixes) {
      this.mixes = view.mixes.map((layer) => layer.map((mix) => h("button", { type: "button",
        class: "sl-mix", onclick: () => this.send("accuse", { mix: mix.mix }) },
      h("b", {}, mix.name), h("span", { class: "wb-answer" }))));
      this.network.replaceChildren(...this.mixes.map((layer, i) =>
        h("div", { class: "sl-layer" }, h("p", { class: "wb-quiet" }, `layer ${"ABC"[i]}`), layer)));
    }
    const most = Math.max(0.05, ...view.mixes.flat().map((mix) => mix.share));
    view.mixes.forEach((layer, l) => layer.forEach((mix, m) => {
      const button = this.mixes[l][m];
      say(button.lastChild, mix.text);
      button.style.setProperty("--level", `${(100 * mix.share) / most}%`);
      button.setAttribute("aria-label", `Accuse ${mix.name}: ${mix.text} loops missing, ` +
        `${(100 * mix.share).toFixed(0)} %`);
      button.setAttribute("aria-pressed", String(view.accused === mix.name));
    }));
    const { missing, threshold, size, words } = view.windows;
    const top = Math.max(1.25 * threshold, ...missing);
    const line = h("i", { class: "sl-threshold", style: `bottom:${(100 * threshold) / top}%` },
      h("span", {}, `alarm at ${threshold} of ${size}`));
    this.windows.replaceChildren(line, ...missing.map((count) => h("span", { class: "sl-window",
      "data-rings": String(count >= threshold), style: `height:${(100 * count) / top}%` })));
    const rings = missing.filter((count) => count >= threshold).length;
    this.windows.setAttribute("aria-label", `${missing.length} windows of ${size} loops; in ` +
      `${rings} of them ${threshold} or more are missing`);
    say(this.windowWords, words);
    say(this.trial, view.trial);
  }
}

export function start({ model, el }) {
  const panel = new SilencePage(model, el);
  return () => panel.close();
}
