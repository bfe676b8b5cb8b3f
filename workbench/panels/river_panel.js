// The wide river: each layer as a block of mixes, filled as high as packets stand in them.

class RiverPage extends SlidingPage {
  build() {
    this.layers = h("div", { class: "rv-layers", role: "img" });
    this.standby = h("p", { class: "wb-quiet rv-note" });
    const facts = h("dl", { class: "wb-block wb-facts" });
    this.bits = this.fact(facts, "bits of doubt, mean of 150", "wb-doubt");
    this.spread = this.fact(facts, "median / worst 5 %");
    this.pool = this.fact(facts, "packets in each mix");
    this.latency = this.fact(facts, "s under way (median)");
    this.load = this.fact(facts, "of a mix's capacity used");
    this.lost = this.fact(facts, "of packets lost");
    this.ten = h("button", { type: "button", class: "wb-button", "aria-pressed": "false",
      onclick: () => { this.busy(true); this.send("tenfold"); } }, "10 × people, 10 × mixes");
    this.chart = new Chart();
    const dials = this.dialRow();
    const root = h("section", { class: "wb-root wb-frame rv-root", "aria-label": "The river" },
      this.bar("The river"), this.problem,
      h("div", { class: "wb-block" }, this.layers, this.standby),
      dials,
      h("div", { class: "wb-block wb-later" }, this.ten),
      facts, this.askHolder, this.feedback,
      h("div", { class: "wb-block wb-later rv-chart" }, this.chart.root),
      this.summary);
    this.afterGuess = this.dialHolder;
    return root;
  }

  close() {
    super.close();
    this.chart.close();
  }

  update(view) {
    this.updateDials(view);
    say(this.setting, view.setting);
    this.ten.setAttribute("aria-pressed", String(view.tenfold));
    if (view.chart && !(view.computing && this.chart.data)) this.chart.show(view.chart);
    if (!view.numbers) return;
    const n = view.numbers;
    say(this.bits, n.bits);
    say(this.spread, n.spread);
    say(this.pool, n.pool);
    say(this.latency, n.latency);
    say(this.load, n.load);
    say(this.lost, n.lost);
    this.afterGuess = this.dialHolder.querySelector("input") ?? this.presenter;
    this.drawLayers(view);
  }

  drawLayers(view) {
    const active = view.layers[0].length;
    const each = view.each > 1 ? ` Each box stands for ${view.each} mixes.` : "";
    this.layers.setAttribute("aria-label", `${view.layers.length} layers of ${active * view.each} ` +
      `active mixes, each holding ${view.numbers.pool} packets on average; ${view.standby} more a ` +
      "layer stand by.");
    const idle = view.standby / view.each;
    this.layers.replaceChildren(...view.layers.flatMap((levels, i) => {
      const block = h("div", { class: "rv-layer" },
        levels.map((level) => h("i", { class: "rv-mix", style: `--level:${100 * level}%` })),
        Array.from({ length: idle }, () => h("i", { class: "rv-mix rv-idle" })));
      return i ? [h("span", { class: "rv-arrow", "aria-hidden": "true" }, "→"), block] : [block];
    }));
    say(this.standby, `Filled: how high packets stand in an active mix (full at ten). Dashed: on ` +
      `standby, ${view.standby.toLocaleString("en")} a layer.${each}`);
  }
}

export function start({ model, el }) {
  const panel = new RiverPage(model, el);
  return () => panel.close();
}
