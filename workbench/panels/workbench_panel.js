// The workbench's console: knobs, answers, bars, sharing. Joined behind bench_parts.js. It
// draws what the kernel tells by key; what a person moves is shown at once and answered later.

export function start(host) {
  const { model, el, send, view } = host;
  const style = h("style");
  let data = {};
  let sent = 0; // serial of the last act of this view
  let answered = 0;
  let asked = 0; // what had been sent when a fresh start was asked for
  let drawn = null; // the network as it was when a picture was asked for
  const knobs = {};

  const act = (name, more = {}) => {
    sent += 1;
    send({ type: "act", name, serial: sent, ...more });
  };
  const button = (text, name, more = {}) => h("button", { type: "button", class: "wb-button",
    "data-act": name, onclick: () => act(name), ...more }, text);

  // Head: what runs, and the situations.
  const play = h("button", { type: "button", class: "wb-button wb-play", "data-act": "play",
    onclick: () => act("toggle") }, "Pause");
  const undo = button("Undo", "undo");
  const reset = button("Reset", "reset");
  const speedId = freshId("speed");
  const speed = h("select", { id: speedId, class: "wb-select wb-speed", onchange: () => {
    act("speed", { value: Number(speed.value) });
  } });
  const compare = h("button", { type: "button", class: "wb-button", "aria-pressed": "false",
    "data-act": "compare", onclick: () => act("compare", { value: !data.compare }) }, "Compare");
  const room = h("button", { type: "button", class: "wb-button wb-to-large", "aria-pressed": "false",
    "data-act": "presenter", onclick: () => act("presenter") }, "Large type");
  const presets = h("div", { class: "wb-presets", role: "group", "aria-label": "Situations" });
  const problem = h("p", { class: "wb-problem", role: "alert" });
  const tabs = tabsPart([["Mixing", () => answer], ["Economy", () => bench()
    ?.querySelector(".wb-economy")]], (at) => bench()?.classList.toggle("is-economy", at === 1));
  const head = h("header", { class: "wb-bench-head" },
    h("div", { class: "wb-bench-title" }, h("div", { class: "wb-bench-name" },
      h("h2", {}, "Mixnet workbench"), tabs.node),
      h("div", { class: "wb-bench-tools", role: "group", "aria-label": "The run" },
        play, button("Step", "step"),
        h("label", { for: speedId, class: "wb-hidden" }, "Speed"), speed,
        undo, reset, button("New seed", "new_seed"), compare, room)),
    presets, problem);

  // Side: three sliders first, the rest behind "more".
  const first = h("div", { class: "wb-first" });
  const more = h("div", { class: "wb-more-knobs" });
  const choice = choicePart((knob, value) => turn(knob, value));
  const derived = h("dl", { class: "wb-derived" });
  const others = h("p", { class: "wb-quiet" });
  const moreSummary = h("summary", {}, "More");
  const rest = h("details", { class: "wb-more" }, moreSummary, choice.node, more,
    h("h3", {}, "What follows"), derived, others);
  // A class, not `:has([open])`: that would be looked up anew with every number that changes.
  rest.addEventListener("toggle", () => bench()?.classList.toggle("has-more", rest.open));
  const side = h("section", { class: "wb-bench-side", "aria-label": "Settings" }, first, rest);

  // Answers.
  const expected = answerPart("Expected of these settings", "expected");
  const was = h("span", { class: "wb-was wb-quiet" });
  expected.unit.after(" ", was);
  const measured = answerPart("Measured on this network", "measured");
  const costs = barsPart("What it costs, measured");
  const answer = h("section", { class: "wb-bench-answer", "aria-label": "A packet's anonymity",
    id: freshId("answer"), role: "tabpanel" },
    expected.node, measured.node, costs.node);

  // The economy in one line; its tab is a view of its own.
  const economyLine = h("p", { class: "wb-economy-line" });
  const economyButton = h("button", { type: "button", class: "wb-button", onclick: () => {
    if (data.economy?.is_on) tabs.choose(1, true);
    else act("economy_start");
  } });
  const economy = h("div", { class: "wb-economy-said" }, economyLine, economyButton);

  // Below: a sentence, bars, sharing.
  const summary = h("p", { class: "wb-bench-summary", role: "status", "aria-live": "polite" });
  const note = h("p", { class: "wb-bench-note wb-quiet" });
  const bandwidth = barsPart("Bytes over links");
  const pools = barsPart("Pools");
  const linkPart = copyPart("A link to exactly this state", head);
  const linePart = copyPart("A line of code that restores it", head);
  const codePart = copyPart("The code behind the expected numbers", head);
  const files = h("div", { class: "wb-files", role: "group", "aria-label": "Save" },
    button("Page that replays this run", "page"),
    ...[true, false].map((isPng) => h("button", { type: "button", class: "wb-button",
      "data-act": isPng ? "png" : "svg", onclick: () => picture(isPng) },
    isPng ? "Picture (PNG)" : "Picture (SVG)")), button("Data (CSV)", "csv"));
  const saved = h("p", { class: "wb-quiet", role: "status" });
  const share = h("details", { class: "wb-share" }, h("summary", {}, "Share, save, show me the code"),
    h("div", { class: "wb-share-body" }, linkPart.node, linePart.node, codePart.node,
      h("div", {}, h("h4", {}, "Save"), files, saved)));
  const foot = h("section", { class: "wb-bench-foot", "aria-label": "Costs and sharing" },
    h("p", { class: "wb-chart-key wb-quiet" }, "Entropy: solid line measured median, dashed worst "
      + "5 %, dotted expected, thin the formula where it holds."),
    h("div", { class: "wb-foot-bars" }, bandwidth.node, pools.node), share);

  // Two settings side by side.
  const sides = Object.fromEntries(["a", "b"].map((name) => {
    const part = answerPart("", name);
    const chart = histogramPart();
    const differs = h("dl", { class: "wb-derived" });
    const node = h("div", { class: "wb-compare-side" }, part.node, chart.node, differs);
    return [name, { part, chart, differs, node }];
  }));
  const comparison = h("section", { class: "wb-bench-compare", "aria-label": "Two settings" },
    h("p", { class: "wb-quiet" }), h("div", { class: "wb-compare-pair" }, sides.a.node,
      sides.b.node));

  const root = h("div", { class: "wb-root wb-live wb-console" }, style, head, side, answer,
    comparison, h("div", { class: "wb-bench-said" }, summary, note, economy), foot);
  const bench = () => root.closest(".wb-bench");
  tabs.choose(0);
  el.classList.add("wb-console-host");

  spacePlays(root, act);

  function turn(knob, value) {
    knobs[knob]?.refuse("");
    act("set", { knob, value });
    computing(); // a sign at once; the value follows when it is known
  }

  function computing() {
    expected.node.classList.add("is-computing");
    say(expected.unit, "computing…");
  }

  const shows = {
    presets(list) {
      presets.replaceChildren(...list.map(([name, meaning]) => h("button", { type: "button",
        class: "wb-button wb-preset", "data-preset": name, title: meaning, "aria-pressed": "false",
        onclick: () => { act("preset", { value: name }); computing(); } }, name)));
      pressPreset();
    },
    speeds(list) {
      speed.replaceChildren(...list.map((one) => h("option", { value: String(one) },
        one === 1 ? "Speed 1x" : `Speed ${one}x`)));
      if (data.settings) speed.value = String(data.settings.speed);
    },
    settings(now) {
      const isBusy = answered < sent;
      for (const [place, list] of [[first, now.first], [more, now.more]]) {
        for (const one of list) {
          if (!knobs[one.name]) {
            knobs[one.name] = knobPart(one.name, turn, place === more);
            place.append(knobs[one.name].node);
          }
          knobs[one.name].show(one, isBusy && document.activeElement?.dataset?.knob === one.name);
        }
      }
      choice.show(now.strategy);
      derived.replaceChildren(...now.derived.flatMap(([label, text]) => [h("dt", {}, label),
        h("dd", {}, text)]));
      say(others, now.others.length ? `Also set: ${now.others.join("; ")}.` : "");
      for (const [one, isOff] of [[undo, !now.can_undo], [reset, now.is_first]]) {
        if (isOff) one.setAttribute("aria-disabled", "true");
        else one.removeAttribute("aria-disabled");
      }
      speed.value = String(now.speed);
      pressPreset();
    },
    playing(state) {
      say(play, { paused: "Play", starting: "Starting…" }[state] ?? "Pause");
    },
    expected: writeExpected,
    answered([who, serial]) {
      if (who === view) answered = Math.max(answered, serial);
      writeExpected(data.expected);
    },
    was(text) {
      say(was, text && text !== data.expected?.bits ? `was ${text}` : "");
    },
    measured(now) {
      say(measured.bits, now.bits);
      say(measured.unit, now.count ? "bits measured" : "");
      say(measured.words, now.words);
      say(measured.spread, now.spread ?? "");
      say(measured.note, now.note);
    },
    costs: (bars) => costs.show(bars),
    bandwidth: (bars) => bandwidth.show(bars),
    pools: (bars) => pools.show(bars, data.held),
    share(now) {
      linkPart.show(now.link, now.link_problem);
      linePart.show(now.line);
      codePart.show(now.code);
    },
    summary: (text) => say(summary, text),
    economy(now) {
      say(economyLine, now.line);
      say(economyButton, now.is_on ? "Show the economy" : "Start the economy");
    },
    note: (text) => say(note, text),
    problem: (text) => say(problem, text),
    presenter: (on) => room.setAttribute("aria-pressed", String(on)),
    compare(now) {
      compare.setAttribute("aria-pressed", String(Boolean(now)));
      if (!now) return;
      say(comparison.firstChild, now.same ? "A is pinned. Turn a knob: B follows, on the same seed."
        : `The same people at the same times (seed ${now.seed}); what differs is listed below.`);
      for (const [name, { part, chart, differs }] of Object.entries(sides)) {
        const one = now[name];
        const { answer: found } = one;
        say(part.head, one.title);
        say(part.bits, found.is_known ? found.bits : "…");
        say(part.unit, found.is_known ? "bits expected" : "computing…");
        say(part.words, found.words ?? "");
        say(part.spread, found.spread ?? "");
        say(part.note, found.approximation ?? "");
        chart.show(one.bins, now.top, `${one.title}: how the entropy of its packets spreads, `
          + `from 0 to ${now.top} bits; ${found.spread ?? "computing"}`);
        differs.replaceChildren(...one.differs.flatMap(([label, text]) => [h("dt", {}, label),
          h("dd", {}, text)]));
      }
    },
  };

  function writeExpected(now) {
    if (!now) return;
    if (!now.is_known || answered < sent) {
      if (!now.is_known) computing();
      return;
    }
    expected.node.classList.remove("is-computing");
    say(expected.bits, now.bits);
    say(expected.unit, "bits expected");
    say(expected.words, now.words);
    say(expected.spread, now.spread);
    say(expected.note, now.approximation);
    shows.was(data.was ?? "");
  }

  function pressPreset() {
    for (const one of presets.children) {
      one.setAttribute("aria-pressed", String(one.dataset.preset === data.settings?.preset));
    }
  }

  function take(changed) {
    Object.assign(data, changed);
    // "answered" first: what the kernel says after it is an answer to what was moved.
    const keys = Object.keys(changed).sort((a, b) => (b === "answered") - (a === "answered"));
    for (const key of keys) shows[key]?.(changed[key]);
  }

  // The kernel draws answers, figures and settings; the network goes in as it is shown.
  function picture(isPng) {
    const flow = root.closest(".wb-bench")?.querySelector(".wb-flow");
    const network = flow?.offsetWidth ? flow.mixnetFlow.svg(data.ink) : null;
    drawn = { isPng, network };
    act("svg", { network: network && network.height / network.width });
  }

  async function takeFile({ name, mime }, buffers) {
    let [file, type, bytes] = [name, mime, buffers[0]];
    if (drawn && mime === "image/svg+xml") {
      const { isPng, network } = drawn;
      drawn = null;
      bytes = withNetwork(new TextDecoder().decode(bytes), network);
      if (isPng) [file, type, bytes] = [name.replace(/svg$/, "png"), "image/png", await asPng(bytes)];
    }
    saveFile(file, type, bytes);
    say(saved, `Saved ${file}.`);
  }

  const panel = {
    root,
    hello: () => {
      asked = sent;
      return { address: performance.getEntriesByType("navigation")[0]?.name
        ?? window.location.href };
    },
    init(content) {
      style.textContent = content.css;
      data = {};
      answered = Math.max(answered, asked); // what was sent before is in it, what came since is not
      take(content.data);
    },
    apply(content) {
      take(content.data);
    },
    word(content, buffers) {
      if (content.type === "problem") {
        const place = knobs[content.knob];
        if (place) place.refuse(content.text);
        else say(problem, content.text);
      } else if (content.type === "file") {
        takeFile(content, buffers).catch((error) => say(saved, `Not saved: ${error}`));
      }
    },
    close() {},
  };
  el.append(root);
  return live(host, panel);
}
