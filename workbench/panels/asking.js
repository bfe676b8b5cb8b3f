// The page's half of asking.py: sends actions, shows answers, and asks before the rest.

const ASK_SILENCE_MS = 4000;

class AskingPage {
  // `build` gives the root; `update` draws the view; both are the panel's own.
  constructor(model, el) {
    this.model = model;
    this.serial = 0;
    this.answered = 0;
    this.problem = h("p", { class: "wb-problem wb-block", role: "alert" });
    this.feedback = h("div", { class: "wb-wash wb-block", role: "status" });
    this.feedback.hidden = true;
    this.askHolder = h("div", { class: "wb-card wb-block" });
    this.askHolder.hidden = true;
    this.summary = h("p", { class: "wb-summary", role: "status", "aria-live": "polite" });
    this.presenter = h("button", { type: "button", class: "wb-button wb-bare wb-to-large",
      "aria-pressed": "false", onclick: () => this.send("presenter") }, "Presenter");
    this.undo = this.action("Undo", "undo");
    this.root = this.build();
    keepKeys(this.root);
    el.append(this.root);
    this.onMessage = (message) => this.receive(message);
    model.on("msg:custom", this.onMessage);
    this.send("hello");
  }

  close() {
    this.model.off("msg:custom", this.onMessage);
    clearTimeout(this.waiting);
  }

  action(text, name, values = {}) {
    return h("button", { type: "button", class: "wb-button wb-bare",
      onclick: () => this.send(name, values) }, text);
  }

  send(name, values = {}) {
    this.serial += 1;
    this.model.send({ name, serial: this.serial, ...values });
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => say(this.problem, "No answer from Python yet: it is busy, " +
      "or it was stopped. If this stays, run the cell above again."), ASK_SILENCE_MS);
  }

  receive(message) {
    clearTimeout(this.waiting);
    if (message.problem) {
      const asked = message.problem.field === "ask" && this.askForm;
      say(this.problem, asked ? "" : message.problem.text);
      this.askForm?.refuse?.(asked ? message.problem.text : "");
      return;
    }
    if (!message.view) return;
    // An answer to an older message must not undo what was done since.
    if (message.serial && message.serial < this.answered) return;
    this.answered = message.serial ?? this.answered;
    // While a newer wish is on its way, what the hand has moved since stays where it is.
    this.isLatest = !message.serial || message.serial >= this.serial;
    say(this.problem, "");
    this.view = message.view;
    this.root.classList.toggle("wb-presenter", Boolean(this.view.presenter));
    this.root.classList.toggle("wb-sealed", Boolean(this.view.seal));
    this.presenter.setAttribute("aria-pressed", String(Boolean(this.view.presenter)));
    this.able(this.undo, this.view.can_undo);
    this.update(this.view);
    this.drawSeal();
    say(this.summary, this.view.summary);
  }

  able(button, on) {
    button.setAttribute("aria-disabled", String(!on));
    button.disabled = !on && button !== document.activeElement;
  }

  drawSeal() {
    const { seal, feedback } = this.view;
    if (seal && !this.askForm) {
      this.askForm = askCard(seal, (answers) => this.send("guess", { answers }));
      this.askHolder.replaceChildren(this.askForm);
    } else if (!seal && this.askForm) {
      const held = this.askForm.contains(document.activeElement);
      this.askForm = null;
      this.askHolder.replaceChildren();
      if (held) this.afterGuess?.focus();
    }
    this.askHolder.hidden = !seal;
    this.feedback.hidden = !feedback;
    if (feedback && this.feedback.childElementCount === 0) {
      this.feedback.replaceChildren(...feedback.lines.map((line) => h("p", {}, h("b", {}, line))),
        h("p", {}, feedback.why));
    }
  }

  // Radio buttons that look like a row of buttons: one tab stop, arrow keys choose.
  segments(label, items, choose) {
    const buttons = items.map(([key, text]) => h("button", { type: "button",
      class: "wb-button", role: "radio", "aria-checked": "false", tabindex: "-1",
      onclick: () => choose(key) }, text));
    const group = h("div", { class: "wb-segments", role: "radiogroup", "aria-label": label },
      buttons);
    group.addEventListener("keydown", (event) => {
      const at = buttons.indexOf(event.target);
      const move = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (at < 0 || !move) return;
      event.preventDefault();
      const to = (at + move + buttons.length) % buttons.length;
      buttons[to].focus();
      choose(items[to][0]);
    });
    group.choose = (key) => items.forEach(([mine], i) => {
      buttons[i].setAttribute("aria-checked", String(mine === key));
      buttons[i].tabIndex = mine === key ? 0 : -1;
    });
    return group;
  }
}

// A drag that starts on `handle`: `move` and `end` get pointer events until it is let go.
function draggable(handle, { start, move, end }) {
  handle.style.touchAction = "none";
  handle.addEventListener("pointerdown", (down) => {
    if (down.button !== 0) return;
    start?.(down);
    handle.setPointerCapture(down.pointerId);
    const stop = (event) => {
      handle.removeEventListener("pointermove", move);
      handle.removeEventListener("pointerup", stop);
      handle.removeEventListener("pointercancel", stop);
      end?.(event);
    };
    handle.addEventListener("pointermove", move);
    handle.addEventListener("pointerup", stop);
    handle.addEventListener("pointercancel", stop);
  });
}
