// The room's screen. This widget is the first child of a box; the panel is the second. The
// box goes full screen by the browser's own means, so nothing of Lab is in sight.

const LEAST_PX = 24; // 18 pt
const TEXT_INPUT = "input:not([type=range]):not([type=checkbox]):not([type=radio]), textarea";
const USES_ARROWS = "input[type=range], input[type=radio], select, canvas, [role=radio], " +
  "[role=slider], [role=tab], [role=option], [role=spinbutton]";

class RoomPage {
  constructor(model, el) {
    this.model = model;
    this.slides = [];
    this.at = 0;
    this.on = false;
    this.problem = h("p", { class: "wb-problem", role: "alert" });
    this.counter = h("span", { class: "pr-counter" });
    this.head = h("span", { class: "pr-head" });
    const small = (text, label, run) => h("button", { type: "button", "aria-label": label,
      class: "wb-button wb-bare", onclick: () => { run(); this.hold(); } }, text);
    this.back = small("←", "Back", () => this.go(this.at - 1));
    this.next = small("→", "Next", () => this.go(this.at + 1));
    this.bar = h("div", { class: "pr-bar" }, this.head, this.back, this.counter, this.next,
      small("Leave", "Leave the full screen", () => this.leave()));
    this.body = h("div", { class: "pr-body", "aria-live": "polite" });
    this.stage = h("div", { class: "pr-stage", tabindex: "0", role: "region",
      "aria-label": "Slides" }, this.bar, this.problem, this.body);
    this.title = h("b", {});
    this.start = h("button", { type: "button", class: "wb-button pr-start",
      onclick: () => this.enter() }, this.title,
      h("span", {}, "Press Enter or click: the whole screen"),
      h("span", { class: "pr-keys" }, "→ or page-down next, ← or page-up back, space plays, " +
        "A B C record hands, Escape leaves"));
    this.root = h("div", { class: "wb-root wb-presenter pr-deck" }, this.start, this.stage);
    el.append(this.root);
    this.onKey = (event) => this.key(event);
    this.onScreen = () => { if (this.on && !document.fullscreenElement) this.leave(); };
    this.onMessage = (message) => this.receive(message);
    // On the window, before Lab's own listener on the document.
    window.addEventListener("keydown", this.onKey, true);
    document.addEventListener("fullscreenchange", this.onScreen);
    model.on("msg:custom", this.onMessage);
    model.send({ name: "hello" });
    this.sizing = new ResizeObserver(() => this.fit()); // the screen grows after the key
    this.sizing.observe(this.stage);
  }

  close() {
    this.leave();
    window.removeEventListener("keydown", this.onKey, true);
    document.removeEventListener("fullscreenchange", this.onScreen);
    this.model.off("msg:custom", this.onMessage);
    clearInterval(this.waiting);
    this.sizing.disconnect();
  }

  // A slide that is too long for the screen is set smaller, down to what a room still reads.
  fit() {
    const { body, room } = this;
    if (!this.on || !room || room.classList.contains("pr-panel")) return;
    const key = `${this.drawn} ${room.clientWidth} ${room.clientHeight}`;
    if (key === this.fitted) return;
    this.fitted = key;
    body.style.fontSize = "";
    let size = parseFloat(getComputedStyle(body).fontSize);
    while (size > LEAST_PX && room.scrollHeight > room.clientHeight + 1) {
      size -= 1;
      body.style.fontSize = `${size}px`;
    }
  }

  receive(message) {
    if (!message.view) return;
    const first = this.slides.length === 0;
    this.slides = message.view.slides;
    this.locked = message.view.locked;
    if (message.hello) this.at = message.view.at;
    say(this.problem, message.problem ?? "");
    say(this.title, this.slides[0]?.title || "Present this lesson");
    this.draw();
    if (first) this.waitForTheKey();
  }

  // Lab focuses the notebook when it opens: take the focus after it, unless somebody types.
  waitForTheKey() {
    let tries = 0;
    this.waiting = setInterval(() => {
      tries += 1;
      const busy = document.activeElement?.closest?.(".cm-editor, input, textarea, .wb-root");
      if (this.on || tries > 20 || busy) { clearInterval(this.waiting); return; }
      this.start.focus({ preventScroll: true });
    }, 150);
  }

  // --- the screen ---

  async enter() {
    this.room = this.root.closest(".pr-room") ?? this.root;
    this.on = true;
    this.room.classList.add("pr-on");
    this.draw();
    this.hold();
    try {
      await this.room.requestFullscreen({ navigationUI: "hide" });
    } catch {
      say(this.problem, "This browser gives no full screen here; F11 may.");
    }
    this.hold();
  }

  leave() {
    if (!this.on) return;
    this.on = false;
    this.room.classList.remove("pr-on", "pr-panel");
    if (document.fullscreenElement) document.exitFullscreen().catch(() => {});
    this.start.focus({ preventScroll: true });
  }

  hold() {
    if (this.on) this.stage.focus({ preventScroll: true });
  }

  // --- slides ---

  go(to) {
    if (to < 0 || to >= this.slides.length) return;
    this.at = to;
    this.model.send({ name: "go", to });
    this.draw();
    this.hold();
  }

  vote(letter) {
    const slide = this.slides[this.at];
    if (slide?.kind !== "guess" || this.locked) return;
    if ("ABCDEFGH".indexOf(letter) >= slide.options.length) return;
    this.model.send({ name: "vote", letter });
  }

  draw() {
    const slide = this.slides[this.at];
    if (!slide) return;
    const isPanel = slide.kind === "panel";
    this.room?.classList.toggle("pr-panel", this.on && isPanel);
    say(this.head, !isPanel ? "" : this.asks() ? "Hands first: a letter goes back to the question"
      : slide.title);
    say(this.counter, `${this.at + 1} / ${this.slides.length}`);
    const drawn = JSON.stringify([this.at, slide, this.locked]);
    if (drawn === this.drawn) { this.fit(); return; }
    this.drawn = drawn;
    this.write(slide, isPanel);
    this.fit();
  }

  write(slide, isPanel) {
    this.body.replaceChildren();
    this.body.className = `pr-body pr-${slide.kind}`;
    if (isPanel) return;
    const words = h("div", { class: "pr-words" });
    words.innerHTML = slide.html; // made in Python from Markdown, all else escaped
    const title = h("h2", {}, slide.title);
    if (slide.kind !== "guess") { this.body.append(title, words); return; }
    this.body.append(words, title, h("div", { class: "pr-options" }, slide.options.map((text, i) => {
      const letter = "ABCDEFGH"[i];
      return h("button", { type: "button", class: "wb-button pr-option", "data-letter": letter,
        "aria-pressed": String(slide.vote.includes(letter)),
        onclick: () => { this.vote(letter); this.hold(); } }, h("b", {}, letter), ` ${text}`);
    })), h("p", { class: "pr-said", role: "status" }, this.said(slide)));
  }

  said(slide) {
    if (!slide.options.length) return "Say a number aloud, then lock it in on the next screen.";
    if (!slide.vote) return slide.many ? "Hands for each letter, please." : "Hands, please.";
    const letters = [...slide.vote].join(", ");
    return this.locked ? `The room said ${letters}; it is locked in.` : `The room says ${letters}.`;
  }

  // Space never advances: it plays and pauses what the panel plays, if it plays anything.
  play() {
    const buttons = [...(this.room?.querySelectorAll("button") ?? [])];
    const found = buttons.find((one) => /^(Play|Pause)$/.test(one.textContent.trim()) &&
      one.offsetParent !== null && !one.disabled);
    found?.click();
  }

  // --- keys ---

  key(event) {
    if (!this.on) return;
    const target = event.target instanceof Element ? event.target : document.body;
    const typing = target.matches(TEXT_INPUT) || target.isContentEditable;
    if (event.key === "Escape") { this.stop(event); this.leave(); return; }
    if (!(event.ctrlKey || event.altKey || event.metaKey) && this.ours(event, target, typing)) {
      this.stop(event);
      return;
    }
    // Lab leaves alone what carries the attribute; anything else must not reach it at all.
    if (!target.hasAttribute(SUPPRESS)) event.stopImmediatePropagation();
  }

  stop(event) {
    event.preventDefault();
    event.stopImmediatePropagation();
  }

  ours(event, target, typing) {
    if (event.key === "PageDown") { this.go(this.at + 1); return true; }
    if (event.key === "PageUp") { this.go(this.at - 1); return true; }
    if (typing) return false;
    const arrows = target.matches(USES_ARROWS);
    if (event.key === "ArrowRight" && !arrows) { this.go(this.at + 1); return true; }
    if (event.key === "ArrowLeft" && !arrows) { this.go(this.at - 1); return true; }
    if (event.key === " " && !target.matches("select, [type=checkbox], [type=radio]")) {
      if (!event.repeat) this.play();
      return true;
    }
    if (/^[a-hA-H]$/.test(event.key) && !target.matches("select")) {
      if (this.asks() && !event.repeat) this.go(this.open());
      if (this.slides[this.at]?.kind !== "guess") return false;
      if (!event.repeat) this.vote(event.key.toUpperCase());
      return true;
    }
    return false;
  }

  // A panel that came up before the room had answered: a letter goes back to the question.
  asks() {
    return this.slides[this.at]?.kind === "panel" && !this.locked && this.open() >= 0;
  }

  open() {
    const asked = this.slides.map((slide, i) => [slide, i]).filter(([one]) =>
      one.kind === "guess" && one.options.length);
    return (asked.find(([slide]) => !slide.vote) ?? asked[0] ?? [null, -1])[1];
  }
}

export function start({ model, el }) {
  const page = new RoomPage(model, el);
  return () => page.close();
}
