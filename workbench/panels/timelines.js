// Two recordings, a bar a slice: the upper one grows up, the lower one down, so that two of
// one shape mirror each other once they are in line. Draws counts; likeness is the kernel's.

const SVG = "http://www.w3.org/2000/svg";
const TL_HEIGHT = 100;

// With a true minus sign, and none before a zero.
const twoPlaces = (value) => value.toFixed(2).replace(/^-(?=0\.00$)/, "").replace("-", "−");

class Timelines {
  constructor(choose) {
    this.choose = choose;  // called with (website, shift) when the hand lets go
    this.shift = 0;
    this.website = 0;
    this.svg = document.createElementNS(SVG, "svg");
    this.svg.setAttribute("preserveAspectRatio", "none");
    this.svg.setAttribute("aria-hidden", "true");
    this.upper = this.row("tl-upper", 0);
    this.lower = this.row("tl-lower", TL_HEIGHT + 6);
    this.upperNote = h("p", { class: "tl-note" });
    this.lowerNote = h("p", { class: "tl-note" });
    this.slider = h("div", { class: "tl-slider", tabindex: "0", role: "slider",
      "aria-label": "Lower recording, moved back", "aria-valuemin": "0" });
    this.slider.append(this.svg);
    this.value = h("span", { class: "wb-big tl-value" });
    this.moved = h("span", { class: "wb-quiet" });
    this.best = h("div", { class: "tl-best" });
    this.node = h("div", { class: "tl-box" }, this.upperNote, this.slider, this.lowerNote);
    let from = null;
    draggable(this.slider, {
      start: (event) => { from = { x: event.clientX, shift: this.shift }; },
      move: (event) => {
        if (!this.data?.likeness) return;
        const width = this.slider.clientWidth / this.slices;
        this.to(from.shift - Math.round((event.clientX - from.x) / width), false);
      },
      end: () => { if (this.data?.likeness) this.choose(this.website, this.shift); },
    });
    this.slider.addEventListener("keydown", (event) => {
      const to = { ArrowLeft: this.shift + 1, ArrowUp: this.shift + 1, ArrowRight: this.shift - 1,
        ArrowDown: this.shift - 1, PageUp: this.shift + 4, PageDown: this.shift - 4, Home: 0,
        End: this.last }[event.key];
      if (to === undefined || !this.data?.likeness) return;
      event.preventDefault();
      this.to(to, true);
    });
  }

  row(name, y) {
    const group = document.createElementNS(SVG, "g");
    group.setAttribute("class", name);
    group.setAttribute("data-y", String(y));
    this.svg.append(group);
    return group;
  }

  to(shift, now) {
    const kept = Math.min(this.last, Math.max(0, shift));
    if (kept === this.shift && !now) return;
    this.shift = kept;
    this.place();
    if (now) this.choose(this.website, this.shift);
  }

  bars(group, counts, up) {
    const top = Math.max(1, ...counts);
    const key = counts.join(",");
    if (group.key === key) return;
    group.key = key;
    // One path for all bars: a few hundred elements less to lay out.
    const base = up ? TL_HEIGHT : TL_HEIGHT + 6;
    const parts = counts.map((n, i) => {
      const tall = TL_HEIGHT * n / top * (up ? -1 : 1);
      return n ? `M${i + 0.08} ${base}v${tall.toFixed(1)}h0.84v${(-tall).toFixed(1)}z` : "";
    });
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", parts.join(""));
    group.replaceChildren(path);
  }

  update(data, isLatest) {
    this.data = data;
    this.website = data.website;
    if (isLatest) this.shift = data.shift;
    this.slices = Math.round(data.duration_s / data.slice_s);
    this.last = (data.likeness?.[0].length ?? 1) - 1;
    this.svg.setAttribute("viewBox", `0 0 ${this.slices} ${2 * TL_HEIGHT + 6}`);
    this.slider.setAttribute("aria-valuemax", String(this.last));
    this.slider.setAttribute("aria-disabled", String(!data.likeness));
    const lower = data.received?.[data.website];
    if (data.sent) this.bars(this.upper, data.sent, true);
    if (lower) this.bars(this.lower, lower, false);
    this.upper.style.display = data.sent ? "" : "none";
    this.lower.style.display = lower ? "" : "none";
    const sum = (counts) => counts.reduce((a, b) => a + b, 0).toLocaleString("en-US");
    const long = `in ${data.duration_s} s, at most`;
    say(this.upperNote, data.sent
      ? `Leaving you: ${sum(data.sent)} packets ${long} ${Math.max(...data.sent)} a bar`
      : "Leaving you: no eye sees this end");
    say(this.lowerNote, lower
      ? `Arriving at website ${data.websites[data.website]}: ${sum(lower)} packets ${long} ` +
        `${Math.max(...lower)} a bar`
      : "Arriving at the websites: no eye sees this end");
    this.drawBest(data);
    this.place();
  }

  place() {
    this.lower.setAttribute("transform", `translate(${-this.shift} 0)`);
    const likeness = this.data.likeness?.[this.website][this.shift];
    const seconds = (this.shift * this.data.slice_s).toFixed(2);
    say(this.value, likeness === undefined ? "–" : twoPlaces(likeness));
    say(this.moved, `moved back ${seconds} s`);
    this.slider.setAttribute("aria-valuenow", String(this.shift));
    this.slider.setAttribute("aria-valuetext", `${seconds} s` +
      (likeness === undefined ? "" : `, likeness ${twoPlaces(likeness)}`));
  }

  drawBest(data) {
    this.best.hidden = !data.best;
    if (!data.best) return;
    this.best.replaceChildren(...data.best.map((value, i) => h("div", { class: "tl-best-row",
      "data-mine": String(data.told === data.websites[i]) },
    h("span", {}, data.websites[i]),
    h("span", { class: "tl-track" }, h("span", { class: "tl-fill",
      style: `width:${Math.max(0, 100 * value).toFixed(1)}%` })),
    h("span", {}, twoPlaces(value) + (data.told === data.websites[i] ? " yours" : "")))));
  }
}
