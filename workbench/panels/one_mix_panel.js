// One mix: packets inside as dots on a shown clock, the suspects of one packet as bars.
// The kernel says who came and left when, and how likely each is; nothing is computed here.

const STORY_MS = 7000;
const STILL_MS = 1000;  // where less motion is asked for: one still picture a second

class OneMixPage extends SlidingPage {
  build() {
    this.clock = null;
    this.still = matchMedia("(prefers-reduced-motion: reduce)");
    this.canvas = h("canvas", { class: "om-mix", role: "img" });
    this.play = h("button", { type: "button", class: "wb-button", "aria-pressed": "false",
      onclick: () => this.toggle() }, "Play");
    this.seek = h("input", { type: "range", min: "0", max: "1000", step: "5", class: "wb-range",
      "aria-label": "Time", oninput: () => { this.pause(); this.go(Number(this.seek.value) / 1000); } });
    this.now = h("p", { class: "wb-quiet om-now" });
    this.bars = h("div", { class: "om-bars", role: "img" });
    this.barWords = h("p", { class: "wb-quiet om-words" });
    const facts = h("dl", { class: "wb-block wb-facts" });
    this.bits = this.fact(facts, "bits of doubt, on average", "wb-doubt");
    this.packets = this.fact(facts, "packets that it could be");
    this.pool = this.fact(facts, "packets in the mix, on average");
    this.spread = this.fact(facts, "bits measured: median / worst 5 % of 200");
    this.chart = new Chart();
    const dials = this.dialRow();
    const root = h("section", { class: "wb-root wb-frame om-root", "aria-label": "One mix" },
      this.bar("One mix"), this.problem,
      h("div", { class: "om-stage" },
        h("div", { class: "om-inside" }, h("h3", {}, "Inside the mix"), this.canvas,
          h("div", { class: "wb-group om-player" }, this.play, this.seek), this.now),
        h("div", { class: "om-outside" }, h("h3", {}, "What left after it: which one was yours?"),
          this.bars, this.barWords)),
      dials, facts, this.askHolder, this.feedback,
      h("div", { class: "wb-block wb-later om-chart" }, this.chart.root),
      this.summary);
    root.addEventListener("keydown", (event) => {
      const free = !["BUTTON", "TEXTAREA", "SELECT"].includes(event.target.tagName) &&
        !["text", "radio", "checkbox"].includes(event.target.type);
      if (event.key === " " && free) { event.preventDefault(); this.toggle(); }
    });
    this.sized = new ResizeObserver(() => this.paint());
    this.sized.observe(this.canvas);
    this.stopTheme = onThemeChange(() => this.paint());
    this.afterGuess = this.dialHolder;
    return root;
  }

  close() {
    super.close();
    this.pause();
    this.sized.disconnect();
    this.stopTheme();
    this.chart.close();
  }

  update(view) {
    this.updateDials(view);
    say(this.setting, view.setting);
    if (view.chart) this.chart.show(view.chart);
    if (!view.numbers) return;
    const n = view.numbers;
    say(this.bits, n.bits);
    say(this.packets, n.packets);
    say(this.pool, n.pool);
    say(this.spread, `${n.median} / ${n.worst}`);
    this.afterGuess = this.dialHolder.querySelector("input") ?? this.play;
    const told = JSON.stringify(view.story);
    if (told !== this.told) {
      this.told = told;
      this.story = view.story;
      this.drawBars(view.bars);
      this.go(this.story.enters + 0.002);
    }
  }

  drawBars(bars) {
    this.bars.setAttribute("aria-label", bars.words);
    this.bars.replaceChildren(...bars.shares.map((share, i) => h("span", {
      class: "om-bar", "data-mine": String(i === bars.mine), style: `height:${100 * share}%` })));
    const each = bars.each > 1 ? ` Each bar stands for ${bars.each} that left in a row.` : "";
    say(this.barWords, `${bars.words}${each}`);
  }

  // --- the shown clock ---

  toggle() {
    if (this.frame) { this.pause(); return; }
    if (!this.story) return;
    if (this.clock >= 1) this.go(0);
    this.play.setAttribute("aria-pressed", "true");
    say(this.play, "Pause");
    let before = performance.now();
    const step = (at) => {
      this.frame = requestAnimationFrame(step);
      if (this.still.matches && at - before < STILL_MS) return;
      this.go(this.clock + Math.max(at - before, 0) / STORY_MS);
      before = at;
      if (this.clock >= 1) this.pause();  // it ends with its last packet and never loops
    };
    this.frame = requestAnimationFrame(step);
  }

  pause() {
    cancelAnimationFrame(this.frame);
    this.frame = null;
    this.play.setAttribute("aria-pressed", "false");
    say(this.play, "Play");
  }

  go(clock) {
    this.clock = Math.min(Math.max(clock, 0), 1);
    this.seek.value = String(Math.round(1000 * this.clock));
    this.paint();
  }

  paint() {
    const story = this.story;
    const canvas = this.canvas;
    const width = canvas.clientWidth;
    const height = canvas.clientHeight;
    if (!story || width < 20) return;
    const ratio = window.devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio);
    if (canvas.height !== Math.round(height * ratio)) canvas.height = Math.round(height * ratio);
    const pen = canvas.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    const box = { x: width * 0.14, y: 6, w: width * 0.72, h: height - 12 };
    // Whole rows of whole places: what the square root leaves over must not reach the edge.
    const inside = { w: box.w - 8, h: box.h - 8 };
    let cell = Math.min(Math.sqrt((inside.w * inside.h) / Math.max(story.places, 12)), 30);
    const across = () => Math.max(1, Math.floor(inside.w / cell));
    while (cell > 1 && Math.ceil(story.places / across()) * cell > inside.h) cell *= 0.98;
    const columns = across();
    const radius = Math.max(cell * 0.34, 1.6);
    const colour = { real: token(this.root, "--wb-real"), yours: token(this.root, "--wb-yours"),
      ink: token(this.root, "--wb-ink") };
    pen.lineWidth = 2;
    pen.strokeStyle = colour.ink;
    pen.strokeRect(box.x, box.y, box.w, box.h);
    const walk = 0.015;  // of the story: how long a packet is drawn on its way in and out
    const dot = (x, y, isMine) => {
      pen.beginPath();
      pen.arc(x, y, isMine ? radius * 1.25 : radius, 0, 2 * Math.PI);
      pen.fillStyle = isMine ? colour.yours : colour.real;
      pen.fill();
      if (isMine) {
        pen.lineWidth = 2;
        pen.strokeStyle = colour.ink;
        pen.stroke();
      }
    };
    let held = 0;
    let mine = this.clock < story.enters ? "not here yet" : "gone";
    let last = null;  // yours is drawn on top
    for (const [came, left, slot, isMine] of story.moves) {
      if (this.clock < came - walk || this.clock > left + walk) continue;
      const y = box.y + 4 + cell * (0.5 + Math.floor(slot / columns));
      let x = box.x + 4 + cell * (0.5 + slot % columns);
      if (this.clock < came) {
        x = radius + (box.x - 3 * radius) * (1 - (came - this.clock) / walk);
      } else if (this.clock > left) {
        const from = box.x + box.w + 2 * radius;
        x = from + (width - radius - from) * ((this.clock - left) / walk);
      } else {
        held += 1;
        if (isMine) mine = "inside";
      }
      if (isMine) last = [x, y];
      else dot(x, y, false);
    }
    if (last) dot(...last, true);
    const many = story.one_in > 1 ? `${held} drawn, 1 in ${story.one_in}` : `${held} inside`;
    const where = { inside: "yours among them (with a rim)", gone: "yours has left",
      "not here yet": "yours is not here yet" }[mine];
    const words = `${many}: ${where}.`;
    if (!this.frame) this.canvas.setAttribute("aria-label", `The mix. ${words}`);
    say(this.now, `${words} Play shows ${story.length_s} s of the mix in ${STORY_MS / 1000} s.`);
  }
}

export function start({ model, el }) {
  const panel = new OneMixPage(model, el);
  return () => panel.close();
}
