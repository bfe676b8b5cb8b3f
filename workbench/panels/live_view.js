// The page's half of the transport that live panels share (docs/live_panels.md). Joined in
// front of each panel's own script. `panel` is what differs:
//   root                      the element that is drawn in and watched
//   hello() -> {}             what the kernel should know before it answers
//   init(content, buffers)    draw from a fresh start; may be async; false to ask once more
//   apply(content, buffers)   one numbered message after that
//   word(content)             a message without a number (optional)
//   watched(flag)             seen by somebody, or not (optional)
//   frozen(flag)              the kernel fell silent, or is back (optional)
//   close()                   the view goes away (optional)
const SILENCE_MS = 3000;
const RETRY_MS = 2500;

function isDark() {
  return document.body.dataset.jpThemeLight === "false";
}

// Views of one kernel acknowledge together, at every second message or after a moment. Each
// word to the kernel makes Lab show it busy and idle again: a new icon fetched for the tab,
// tool bars laid out anew. Four views that each answered each message cost more than painting.
const ACK_EVERY = 2;
const ACK_WAIT_MS = 150;

function sharedAcks(kernel) {
  const page = (globalThis.mixnetWorkbench ??= {});
  page.acks ??= new WeakMap();
  if (!page.acks.has(kernel)) page.acks.set(kernel, joinedAcks());
  return page.acks.get(kernel);
}

function joinedAcks() {
  const views = new Map(); // view: { applied, painted, told, send }
  let isDue = false;
  let timer = 0;

  function tell() {
    clearTimeout(timer);
    timer = 0;
    const rows = [...views].filter(([, one]) => one.painted > one.told);
    if (!rows.length) return;
    for (const [, one] of rows) one.told = one.painted;
    rows[0][1].send({ type: "acks", acks: rows.map(([view, one]) => [view, one.painted]) });
  }

  function painted() {
    isDue = false;
    const owed = [...views.values()].map((one) => one.painted - one.told);
    if (Math.max(0, ...owed) >= ACK_EVERY) tell();
    else timer ||= setTimeout(tell, ACK_WAIT_MS);
  }

  return {
    begin: (view, seq, send) => {
      views.set(view, { applied: seq, painted: seq, told: seq, send });
    },
    end: (view) => views.delete(view),
    applied(view, seq) {
      views.get(view).applied = seq;
      if (isDue) return;
      isDue = true;
      requestAnimationFrame(() => {
        for (const one of views.values()) one.painted = one.applied;
        setTimeout(painted, 0);
      });
    },
  };
}

function live(host, panel) {
  const { model, send, view } = host;
  const { root } = panel;
  const acks = sharedAcks(model.widget_manager ?? document);
  let state = "asking";
  let asks = 0;
  let askedAt = 0;
  let seq = 0;
  let queue = [];
  let onScreen = false;
  let watched = false;
  let frozen = false;
  let settings = "";
  let lastWord = performance.now();
  let lastLook = lastWord;

  const banner = h("p", { class: "wb-problem wb-live-status", role: "alert" });
  const code = h("code", { class: "wb-live-settings" });
  const copy = h("button", { class: "wb-button", type: "button", onclick: () => {
    copyText(settings, root).then((done) => say(copy, done ? "Copied" : "Select it and copy"));
  } }, "Copy");
  const overlay = h("div", { class: "wb-live-frozen", role: "alert", hidden: true });
  root.append(banner, overlay);

  function hello() {
    state = "asking";
    queue = [];
    asks += 1;
    askedAt = performance.now();
    send({ type: "hello", ask: asks, watched: isWatched(), dark: isDark(), ...panel.hello() });
  }

  function problem(text) {
    say(banner, text);
  }

  function status(content) {
    if (content.settings !== undefined) settings = content.settings;
    if (content.status !== undefined) {
      const failed = content.status === "failed";
      problem(failed ? content.text : "");
      root.dataset.state = content.status;
    }
  }

  async function receive(content, buffers) {
    if (content.to && content.to !== view) return;
    if (content.type === "code") return;
    lastWord = performance.now();
    if (frozen) freeze(false);
    if (content.type === "init") {
      if (content.ask === asks && state === "asking") await begin(content, buffers);
    } else if (content.seq !== undefined) {
      if (state === "drawing") queue.push([content, buffers]);
      else if (state === "live") take(content, buffers);
    } else if (content.type === "again") {
      if (state === "live") hello();
    } else {
      status(content);
      panel.word?.(content, buffers);
    }
  }

  async function begin(content, buffers) {
    const ask = asks;
    state = "drawing";
    seq = content.seq;
    try {
      if ((await panel.init(content, buffers)) === false && ask === asks) hello();
    } catch (error) {
      problem(`This panel cannot be drawn: ${error.message ?? error}. Run its cell again.`);
      console.error(error);
      return;
    }
    if (ask !== asks) return; // asked again meanwhile: another answer is on its way
    root.dataset.live = "true";
    status(content);
    state = "live";
    send({ type: "ready", seq, watched: isWatched() });
    acks.begin(view, seq, send);
    while (queue.length && state === "live") take(...queue.shift());
  }

  // A number missing in the row means that patches were lost on the way (a pause in the
  // connection, a view that the kernel had given up): only a fresh start is right again.
  function take(content, buffers) {
    if (content.seq <= seq) return;
    if (content.seq !== seq + 1) {
      hello();
      return;
    }
    seq = content.seq;
    try {
      panel.apply(content, buffers);
    } catch (error) {
      console.error(error);
      hello();
      return;
    }
    acks.applied(view, seq);
  }

  function isWatched() {
    return onScreen && !document.hidden && root.isConnected;
  }

  function look() {
    if (isWatched() === watched) return;
    watched = !watched;
    lastWord = performance.now();
    send({ type: "watch", watched, seq: state === "live" ? seq : -1 });
    panel.watched?.(watched);
  }

  function freeze(flag) {
    frozen = flag;
    root.classList.toggle("wb-is-frozen", flag);
    overlay.hidden = !flag;
    overlay.replaceChildren();
    if (flag) {
      say(code, settings);
      say(copy, "Copy");
      overlay.append(
        h("p", { class: "wb-live-frozen-title" }, "No word from the kernel for 3 seconds"),
        h("p", {}, "This picture stands still. The kernel is busy with another cell, or it has "
          + "stopped. If it does not come back: menu Kernel, Restart Kernel, then run this "
          + "cell again."));
      if (settings) {
        overlay.append(h("p", {}, "Your settings, as a line of code:"),
          h("div", { class: "wb-live-settings-row" }, code, copy));
      }
    }
    panel.frozen?.(flag);
  }

  const observer = new IntersectionObserver((entries) => {
    onScreen = entries[entries.length - 1].isIntersecting;
    look();
  });
  observer.observe(root);
  const timer = setInterval(() => {
    const now = performance.now();
    // A page that was asleep itself must not blame the kernel for it.
    if (now - lastLook > 2000) lastWord = now;
    lastLook = now;
    look();
    if (state === "asking" && now - askedAt > RETRY_MS) hello();
    if (watched && !frozen && state === "live" && now - lastWord > SILENCE_MS) freeze(true);
    // A kernel that heard nothing for a while has given this view up and is silent by rights.
    if (frozen && state === "live" && now - lastWord > SILENCE_MS + RETRY_MS) hello();
  }, 500);
  const bye = () => send({ type: "bye" });
  const dressed = () => {
    const on = Boolean(model.get("presenter"));
    if (root.classList.contains("wb-presenter") === on) return;
    root.classList.toggle("wb-presenter", on);
    panel.dressed?.();
  };
  document.addEventListener("visibilitychange", look);
  window.addEventListener("pagehide", bye);
  model.on("msg:custom", receive);
  model.on("change:presenter", dressed);
  const stopTheme = onThemeChange(() => {
    send({ type: "theme", dark: isDark() });
    panel.dressed?.();
  });
  dressed();
  keepKeys(root);
  hello();

  return () => {
    clearInterval(timer);
    observer.disconnect();
    document.removeEventListener("visibilitychange", look);
    window.removeEventListener("pagehide", bye);
    model.off("msg:custom", receive);
    model.off("change:presenter", dressed);
    stopTheme();
    acks.end(view);
    bye();
    panel.close?.();
  };
}

// The clipboard is closed to pages that are neither https nor localhost.
async function copyText(text, near) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = h("textarea", { value: text, class: "wb-hidden", "aria-hidden": "true" });
    near.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    return done;
  }
}
