// The economy's tab: nodes as columns, a row for each thing that is known of them. Joined
// behind bench_parts.js. It draws what the kernel tells by key; nothing moves while it is hidden.

const ROWS = [
  { name: "stake", title: "Stake, of saturation", tall: true },
  { name: "load", title: "Load, of capacity" },
  { name: "performance", title: "Performance, %" },
  { name: "paid", title: "Paid, NYM" },
];

export function start(host) {
  const { el, send, view } = host;
  const style = h("style");
  let data = {};
  let sent = 0;
  let answered = 0;
  let asked = 0; // what had been sent when a fresh start was asked for
  const knobs = {};

  const act = (name, more = {}) => {
    sent += 1;
    send({ type: "act", name, serial: sent, ...more });
  };
  const button = (text, name) => h("button", { type: "button", class: "wb-button", "data-act": name,
    onclick: () => act(name) }, text);

  // Head: the clock.
  const clock = h("p", { class: "ec-clock" });
  const bar = h("span", { class: "wb-bar-fill" });
  const stop = button("Stop the economy", "economy_stop");
  const head = h("div", { class: "ec-head" }, clock,
    h("span", { class: "wb-level ec-bar", "aria-hidden": "true" }, bar));

  // While it does not run.
  const why = h("p");
  const begin = button("Start the economy", "economy_start");
  begin.classList.add("wb-primary");
  const empty = h("div", { class: "ec-empty" }, why, begin);

  // Nodes.
  const seats = h("div", { class: "ec-cols ec-seats", "aria-hidden": "true" });
  const seatsPart = h("figure", { class: "ec-row", role: "img" },
    h("figcaption", {}, h("b", {}, "Mixing now"), " ", h("span", { class: "wb-quiet" },
      "number: layer; empty box: standby; cross: down; dash: closed")), seats);
  const rows = Object.fromEntries(ROWS.map((row) => [row.name, rowPart(row)]));
  const axis = h("div", { class: "ec-cols ec-axis wb-quiet", "aria-hidden": "true" });
  const chart = h("div", { class: "ec-chart" }, seatsPart,
    ...Object.values(rows).map((row) => row.node), axis);

  const facts = h("dl", { class: "ec-facts" });
  const history = h("div", { class: "ec-history" });
  const historyPart = h("section", { class: "ec-past", "aria-label": "The last epochs" },
    h("h3", {}, "The last epochs"), history);

  // Knobs.
  const sliders = h("div", { class: "ec-sliders" });
  const saturation = tickPart("Saturation", () => set("saturation",
    saturation.input.checked ? "on" : "off"));
  const follows = tickPart("Width follows the load", () => set("follows_load",
    follows.input.checked));
  const nodeId = freshId("ec-node");
  const lossId = freshId("ec-loss");
  const node = h("select", { id: nodeId, class: "wb-select", onchange: showLoss });
  const loss = h("select", { id: lossId, class: "wb-select", onchange: () => {
    set("faults", [Number(node.value), Number(loss.value)]);
  } });
  const problem = h("p", { class: "wb-problem", role: "alert" });
  const knobPlace = h("section", { class: "ec-knobs", "aria-label": "Knobs of the economy" }, sliders,
    h("div", { class: "ec-ticks" }, saturation.node, follows.node, h("span", { class: "ec-fault" },
      h("label", { for: nodeId }, "Node"), node, h("label", { for: lossId }, "loses"), loss), stop),
    problem);

  const table = h("table", { class: "ec-table" });
  const notes = h("ul", { class: "ec-notes wb-quiet" });
  const numbers = h("details", { class: "ec-more" }, h("summary", {}, "The nodes as a table"),
    h("div", { class: "ec-scroll", tabindex: "0", role: "region", "aria-label": "The nodes" }, table));
  numbers.addEventListener("toggle", () => showTable());
  const rest = h("details", { class: "ec-more" }, h("summary", {}, "What these numbers rest on"), notes);

  const body = h("div", { class: "ec-body" }, chart, h("div", { class: "ec-side" }, facts),
    historyPart, knobPlace, h("div", { class: "ec-foot" }, rest, numbers));
  const root = h("section", { class: "wb-root wb-live wb-economy", role: "tabpanel",
    "aria-label": "Economy", id: freshId("economy") }, style, head, empty, body);

  spacePlays(root, act);

  function set(knob, value) {
    say(problem, "");
    if (knob === "capacity_per_s") act("set", { knob, value });
    else act("economy_set", { knob, value });
  }

  function showLoss() {
    const found = data.knobs.faults.find(([one]) => one === Number(node.value));
    loss.value = String(found ? found[1] : 0);
  }

  function showTable() {
    if (!numbers.open || !data.nodes) return;
    const n = data.nodes;
    const heads = ["node", "mixing now", `load, % (epoch ${n.closed ?? "–"})`,
      "performance, % (95 %)", "packets", "stake, of saturation", "pledge", "paid, NYM", "margin, %",
      "operator"];
    const cells = (at) => [String(at), seat(n, at) || "–", percent(n.load?.[at]),
      n.closed === null ? "–" : `${percent(n.performance[at])} (${percent(n.low[at])} to `
        + `${percent(n.high[at])})`, n.sampled?.[at] ?? "–",
      fixed(n.pledges[at] + n.delegations[at], 2), fixed(n.pledges[at], 2), fixed(n.paid?.[at], 1),
      percent(n.margins?.[at]), n.operators?.[at] ?? "–"];
    table.replaceChildren(
      h("thead", {}, h("tr", {}, heads.map((text) => h("th", { scope: "col" }, text)))),
      h("tbody", {}, Array.from({ length: n.count }, (_, at) => {
        const [first, ...others] = cells(at);
        return h("tr", {}, h("th", { scope: "row" }, first),
          others.map((text) => h("td", {}, String(text))));
      })));
  }

  const shows = {
    running(on) {
      root.classList.toggle("is-running", on);
      stop.hidden = !data.is_on;
      begin.hidden = Boolean(data.is_on);
    },
    why: (text) => say(why, text),
    clock(now) {
      say(clock, now.text);
      bar.style.width = `${100 * now.share}%`;
    },
    nodes(n) {
      columns(seats, n.count, (cell, at) => {
        const word = seat(n, at);
        cell.className = `ec-seat${n.layers[at] ? " is-mixing" : n.standby[at] ? " is-standby" : ""}`;
        say(cell, n.down[at] ? "×" : n.layers[at] ? String(n.layers[at]) : n.open[at] ? "" : "–");
        cell.title = `node ${at}: ${word || "not drawn"}`;
      });
      seatsPart.setAttribute("aria-label", `${n.layers.filter(Boolean).length} of ${n.count} nodes `
        + `mix, ${n.standby.filter(Boolean).length} on standby.`);
      showStake(n);
      showLoad(n);
      showPerformance(n);
      showPaid(n);
      const every = n.count > 120 ? 50 : n.count > 60 ? 10 : 5;
      columns(axis, n.count, (cell, at) => say(cell, at % every ? "" : String(at)));
      showTable();
    },
    facts(list) {
      facts.replaceChildren(...list.map(([label, value, note]) => h("div", {}, h("dt", {}, label),
        h("dd", {}, h("b", {}, value), " ", h("span", { class: "wb-quiet" }, note)))));
    },
    history(list) {
      historyPart.hidden = !list.length || list[0].points.length < 2;
      if (!historyPart.hidden) history.replaceChildren(...list.map(curve));
    },
    notes: (list) => notes.replaceChildren(...list.map((text) => h("li", {}, text))),
    knobs(now) {
      const isBusy = answered < sent;
      for (const one of now.sliders) {
        if (!knobs[one.name]) {
          knobs[one.name] = knobPart(one.name, set, true);
          sliders.append(knobs[one.name].node);
        }
        knobs[one.name].show(one, isBusy && document.activeElement?.dataset?.knob === one.name);
      }
      saturation.input.checked = now.saturation;
      follows.input.checked = now.follows_load;
      if (node.options.length !== now.nodes) {
        node.replaceChildren(...Array.from({ length: now.nodes }, (_, at) => h("option",
          { value: String(at) }, String(at))));
      }
      const known = now.losses.map(([value]) => value);
      const odd = now.faults.filter(([, value]) => !known.includes(value));
      loss.replaceChildren(...[...now.losses, ...odd.map(([, value]) => [value, percent(value)])]
        .map(([value, text]) => h("option", { value: String(value) }, text)));
      showLoss();
    },
    answered([who, serial]) {
      if (who === view) answered = Math.max(answered, serial);
    },
  };

  function showStake(n) {
    const full = n.pledges.map((pledge, at) => pledge + n.delegations[at]);
    const top = Math.max(1.25, 1.05 * Math.max(...full));
    const row = rows.stake;
    row.tell("pledge at the foot; hatched: beyond the saturation point", top, 1, "1");
    row.draw(n.count, (cell, at) => {
      cell.title = `node ${at}: ${fixed(full[at], 2)} of saturation`;
      part(cell, "ec-delegated", n.pledges[at] / top, Math.min(1, full[at]) / top);
      part(cell, "ec-beyond", Math.max(1, n.pledges[at]) / top, full[at] / top);
      part(cell, "ec-pledge", 0, n.pledges[at] / top);
    });
    const most = full.indexOf(Math.max(...full));
    row.describe(`Stake by node: fullest node ${most} at ${fixed(full[most], 2)} of the saturation `
      + `point; ${full.filter((one) => one > 1).length} above it.`);
  }

  function showLoad(n) {
    const row = rows.load;
    const known = (n.load ?? []).filter((one) => one !== null);
    if (!known.length) return row.nothing(n.closed === null ? waiting() : "nodes have no limit");
    const top = Math.max(1.2, 1.05 * Math.max(...known));
    row.tell(`packets/s over what the node can process; epoch ${n.closed}`, top, 1, "100 %");
    row.draw(n.count, (cell, at) => {
      cell.title = `node ${at}: ${percent(n.load[at])} %, ${fixed(n.per_s[at], 0)} packets/s`;
      part(cell, "ec-load", 0, (n.load[at] ?? 0) / top);
    });
    row.describe(`Load of ${known.length} nodes in epoch ${n.closed}: from `
      + `${percent(Math.min(...known))} to ${percent(Math.max(...known))} % of capacity.`);
  }

  function showPerformance(n) {
    const row = rows.performance;
    if (n.closed === null) return row.nothing(waiting());
    const lowest = Math.min(...n.low.filter((_, at) => n.sampled[at] > 0), ...n.performance);
    const foot = lowest >= 0.9 ? 0.9 : lowest >= 0.5 ? 0.5 : 0;
    row.name(`Performance, ${100 * foot} to 100 %`);
    row.tell("passed on, with 95 % intervals; rings: by test packets",
      1, null, "");
    const at01 = (share) => Math.max(0, (share - foot) / (1 - foot));
    row.draw(n.count, (cell, at) => {
      cell.title = `node ${at}: ${percent(n.performance[at])} %, 95 %: ${percent(n.low[at])} to `
        + `${percent(n.high[at])} % (${n.sampled[at]} packets)`;
      part(cell, "ec-whisker", at01(n.low[at]), at01(n.high[at]));
      part(cell, n.active[at] ? "ec-dot" : "ec-dot is-probed", at01(n.performance[at]));
    });
    const mixing = n.performance.filter((_, at) => n.active[at]);
    row.describe(`Performance in epoch ${n.closed}: the ${mixing.length} nodes that mixed passed on `
      + `${percent(Math.min(...mixing))} to ${percent(Math.max(...mixing))} % of their packets.`);
  }

  function showPaid(n) {
    const row = rows.paid;
    if (n.closed === null) return row.nothing(waiting());
    const top = Math.max(1e-9, 1.05 * Math.max(...n.paid));
    row.tell(`epoch ${n.closed}; highest ${fixed(Math.max(...n.paid), 1)}`, top, null, "");
    row.draw(n.count, (cell, at) => {
      cell.title = `node ${at}: ${fixed(n.paid[at], 1)} NYM`;
      part(cell, "ec-paid", 0, n.paid[at] / top);
    });
    row.describe(`Paid in epoch ${n.closed}: ${n.paid.filter(Boolean).length} nodes, at most `
      + `${fixed(Math.max(...n.paid), 1)} NYM.`);
  }

  const waiting = () => "known when the first epoch closes";

  function take(changed) {
    Object.assign(data, changed);
    const keys = Object.keys(changed).sort((a, b) => (b === "answered") - (a === "answered"));
    for (const key of keys) shows[key]?.(changed[key]);
    if ("is_on" in changed) shows.running(Boolean(data.running));
  }

  const panel = {
    root,
    hello: () => {
      asked = sent;
      return {};
    },
    init(content) {
      style.textContent = content.css;
      data = {};
      answered = Math.max(answered, asked);
      take(content.data);
    },
    apply: (content) => take(content.data),
    word(content) {
      if (content.type !== "problem") return;
      if (knobs[content.knob]) knobs[content.knob].refuse(content.text);
      else say(problem, content.text);
    },
  };
  el.classList.add("wb-economy-host");
  el.append(root);
  return live(host, panel);
}

const fixed = (value, digits) => (typeof value === "number" ? value.toFixed(digits) : "–");
const percent = (share) => (typeof share === "number"
  ? String(Math.round(1000 * share) / 10) : "–");

function seat(n, at) {
  const where = n.layers[at] ? `layer ${n.layers[at]}` : n.standby[at] ? "standby"
    : n.open[at] ? "" : "closed";
  return n.down[at] ? `${where ? `${where}, ` : ""}down` : where;
}

function columns(place, count, draw) {
  while (place.children.length > count) place.lastChild.remove();
  while (place.children.length < count) place.append(h("span"));
  for (let at = 0; at < count; at += 1) draw(place.children[at], at);
}

// One piece of a column, from and to in shares of its height; without "to" a point.
function part(cell, name, from, to) {
  const key = name.split(" ")[0];
  let piece = cell.querySelector(`.${key}`);
  if (!piece) {
    piece = h("i");
    cell.append(piece);
  }
  piece.className = name;
  piece.style.bottom = `${100 * from}%`;
  if (to !== undefined) piece.style.height = `${100 * Math.max(0, to - from)}%`;
}

function rowPart({ title, tall }) {
  const note = h("span", { class: "wb-quiet" });
  const head = h("b", {}, title);
  const cols = h("div", { class: "ec-cols", "aria-hidden": "true" });
  const line = h("div", { class: "ec-line", "aria-hidden": "true" }, h("span"));
  const plot = h("div", { class: `ec-plot${tall ? " is-tall" : ""}` }, cols, line);
  const node = h("figure", { class: "ec-row", role: "img" },
    h("figcaption", {}, head, " ", note), plot);
  return {
    node,
    name: (text) => say(head, text),
    draw: (count, one) => columns(cols, count, one),
    tell(words, top, at, text) {
      say(note, words);
      line.hidden = at === null;
      if (at !== null) line.style.bottom = `${(100 * at) / top}%`;
      say(line.firstChild, text);
    },
    describe: (text) => node.setAttribute("aria-label", text),
    nothing(text) {
      say(note, text);
      line.hidden = true;
      cols.replaceChildren();
      node.setAttribute("aria-label", `${title}: ${text}`);
    },
  };
}

function tickPart(text, changed) {
  const input = h("input", { type: "checkbox", onchange: changed });
  return { input, node: h("label", { class: "ec-tick" }, input, text) };
}

function curve({ label, unit, last, points, scale }) {
  const wide = 100;
  const step = wide / Math.max(1, points.length - 1);
  const line = points.map((y, at) => (y === null ? "" : `${at && points[at - 1] !== null ? "L" : "M"}`
    + `${(at * step).toFixed(1)} ${(30 - 28 * Math.min(1, Math.max(0, y))).toFixed(1)}`)).join("");
  const picture = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  picture.setAttribute("viewBox", `0 0 ${wide} 32`);
  picture.setAttribute("preserveAspectRatio", "none");
  picture.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", line);
  picture.append(path);
  return h("div", { class: "ec-curve", role: "img", "aria-label": `${label}: ${last} ${unit} now` },
    h("span", { class: "ec-curve-head" }, h("span", {}, label), h("b", {}, `${last} ${unit}`.trim())),
    picture, h("span", { class: "wb-quiet ec-scale" }, scale ?? ""));
}
