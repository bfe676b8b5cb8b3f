// The network as a moving picture: elements, keys, playback. Joined behind flow_paint.js.

const ACTION_WORDS = { down: "Take it down", up: "Bring it back", corrupt: "Corrupt it",
  honest: "Make it honest" };

function slowWords(factor) {
  const round = (x) => Number(x.toPrecision(2)).toString();
  if (Math.abs(factor - 1) < 0.01) return "as fast as life";
  return factor > 1 ? `slowed ${round(factor)}x` : `sped up ${round(1 / factor)}x`;
}

function swatch(kind) {
  const canvas = h("span", { class: `flow-swatch flow-swatch-${kind}`, "aria-hidden": "true" });
  return canvas;
}

export function start(host) {
  const { model, el, send } = host;
  const ground = h("canvas", { class: "flow-ground", "aria-hidden": "true" });
  const moving = h("canvas", { class: "flow-moving", "aria-hidden": "true" });
  const heads = h("div", { class: "flow-heads", "aria-hidden": "true" });
  const twin = h("div", { class: "flow-twin", role: "group",
    "aria-label": "The mixes of the network. Arrow keys move between them, Enter opens one." });
  const tip = h("div", { class: "flow-tip", "aria-hidden": "true", hidden: true });
  const menu = h("div", { class: "flow-menu", role: "dialog", hidden: true });
  const sheet = h("div", { class: "flow-sheet" }, ground, moving, heads, twin, tip, menu);
  const stage = h("div", { class: "flow-stage" }, sheet);
  const key = h("ul", { class: "flow-key", "aria-label": "Key" });
  const clock = h("span", { class: "flow-clock" });
  const sampleNote = h("span", { class: "flow-sample" });
  const observer = h("input", { type: "checkbox", class: "flow-observer" });
  const yours = h("span", { class: "flow-yours" });
  const follow = h("button", { type: "button", class: "wb-button flow-follow" }, "Follow a packet");
  const bytes = h("button", { type: "button", class: "wb-button flow-bytes" },
    "Open its real bytes");
  const summary = h("p", { class: "wb-hidden flow-summary", role: "status" });
  const tools = h("div", { class: "flow-tools" },
    h("label", {}, observer, "as the observer sees it"), yours, bytes, follow);
  const style = h("style");
  const root = h("div", { class: "wb-root wb-live wb-flow" }, style, stage,
    h("div", { class: "flow-foot" }, key, h("p", { class: "flow-note" }, clock, sampleNote)),
    tools, summary);

  let network = null;
  let layout = null;
  let ink = null;
  let log = null;
  let play = null;
  let stampOf = null;
  let pen = null;
  let marks = null;
  let info = { one_in: 1, followed: null, inside: 0 };
  let isWatched = false;
  let isFrozen = false;
  let request = 0;
  let lastFrame = 0;
  let dirty = true;
  let crowd = 0;
  let painted = [];
  let current = 0;
  let buttons = [];
  let lastWords = 0;
  let frames = 0;
  let openFor = null;
  const still = matchMedia("(prefers-reduced-motion: reduce)");

  // Drawing.

  function relayout() {
    if (!network) return;
    const width = stage.clientWidth;
    if (width < 40) return;
    ink = inkOf(root);
    layout = layOut(network, width, Math.max(1, Math.min(1.5, ink.size / 15)));
    sheet.style.width = `${layout.width}px`;
    sheet.style.height = `${layout.height}px`;
    ({ pen } = fitCanvas(moving, layout.width, layout.height));
    const fitted = fitCanvas(ground, layout.width, layout.height);
    stampOf = makeStamps(ink, fitted.scale);
    paintGround(fitted.pen, network, layout, ink, marks);
    for (const packet of log.packets.values()) for (const leg of packet.legs) leg.path = null;
    writeHeads();
    placeButtons();
    dirty = true;
    wake();
  }

  function writeHeads() {
    const words = (x, text, end) => h("span", { style: `left:${x}px`,
      class: `flow-head${end ? ` flow-head-${end}` : ""}` }, text);
    const { per } = layout.users;
    const people = layout.isNarrow ? "" : per > 1 ? `one dot, ${per} users` : `${network.clients}`
      + (network.clients === 1 ? " user" : " users");
    const long = layout.columns.length > 1
      && (layout.columns[1].x - layout.columns[0].x) > 4.6 * ink.size;
    heads.replaceChildren(
      words(0, layout.isNarrow ? "From" : "Senders", "first"),
      ...layout.columns.map(({ x, layer }) => words(x,
        network.is_layered || network.layers === 1
          ? `${long || network.layers === 1 ? "Layer " : "L"}${layer + 1}` : "", "")),
      words(0, layout.isNarrow ? "To" : "Receivers", "last"));
    if (layout.gateways && !layout.isNarrow) {
      for (const x of [layout.entryX, layout.exitX]) {
        heads.append(h("span", { class: "flow-under", style: `left:${x}px` }, "gateways"));
      }
    }
    if (people) {
      heads.append(h("span", { class: "flow-under flow-head-first", style: "left:0" }, people));
    }
  }

  function sizes() {
    const type = layout.type;
    const fit = (layout.radius * 0.86) / Math.sqrt(Math.max(8, crowd));
    const inside = [3.4, 2.8, 2.2, 1.8, 1.4].find((r) => r * type <= fit * 1.05 || r === 1.4);
    const many = log.packets.size > 350;
    return { inside: inside * type, moving: (layout.isNarrow ? 3.4 : many ? 3.6 : 4.4) * type,
      room: Math.max(1, layout.radius - inside * type - 2) };
  }

  function paint() {
    const shown = play.shown;
    const asObserver = model.get("as_observer");
    const { inside, moving: big, room } = sizes();
    pen.clearRect(0, 0, layout.width, layout.height);
    painted = [];
    const dots = layout.nodes.map(() => []);
    const onLinks = [];
    let mine = null;
    for (const packet of log.packets.values()) {
      const place = log.place(packet, shown);
      if (!place) continue;
      const isMine = packet.number === info.followed && !asObserver;
      if (place.mix !== undefined) {
        const cell = cellOf(network, layout, place.mix);
        dots[cell].push(packet);
        if (isMine) mine = { packet, at: seatIn(network, layout, place.mix, packet.number, room) };
      } else if (place.leg.target === NOWHERE) {
        onLinks.push({ packet, place, lost: true });
      } else {
        place.leg.path ??= route(network, layout, place.leg, packet.number, room);
        const at = along(place.leg.path, place.share);
        if (isMine) mine = { packet, at };
        else onLinks.push({ packet, place, at });
      }
    }
    // A new crowd may need smaller dots; then every path ends elsewhere.
    const most = Math.max(0, ...dots.map((held) => held.length));
    if (most > crowd) {
      crowd = Math.max(most, Math.ceil(crowd * 1.3));
      for (const packet of log.packets.values()) for (const leg of packet.legs) leg.path = null;
      return paint();
    }
    layout.nodes.forEach((node, cell) => paintNode(node, cell, dots[cell], shown, asObserver,
      inside, room));
    for (const one of onLinks) {
      const kind = asObserver ? -1 : one.packet.kind;
      if (one.lost) {
        if (one.place.leg.source < 0) continue;
        const node = layout.nodes[cellOf(network, layout, one.place.leg.source)];
        paintLost(pen, ink, node.x + layout.radius, node.y - layout.radius, big,
          one.place.share);
        painted.push({ packet: one.packet.number, kind: one.packet.kind, x: node.x, y: node.y,
          lost: true });
        continue;
      }
      if (asObserver && hides(one)) continue;
      paintStamp(pen, stampOf(kind, big), one.at[0], one.at[1]);
      painted.push({ packet: one.packet.number, kind: one.packet.kind, x: one.at[0],
        y: one.at[1], from: one.place.leg.source, to: one.place.leg.target,
        share: one.place.share });
    }
    if (mine) {
      paintYours(pen, ink, mine.packet.kind, mine.at[0], mine.at[1], big);
      painted.push({ packet: mine.packet.number, kind: mine.packet.kind, x: mine.at[0],
        y: mine.at[1], yours: true });
    }
    frames += 1;
    return undefined;
  }

  // A closed mix hides the ends of a path: they would tell who became whom.
  function hides({ place, at }) {
    return [place.leg.source, place.leg.target].some((mix) => {
      if (mix < 0) return false;
      const cell = cellOf(network, layout, mix);
      if (marks.corrupt.has(cell)) return false;
      const node = layout.nodes[cell];
      return Math.hypot(at[0] - node.x, at[1] - node.y) < layout.radius;
    });
  }

  function paintNode(node, cell, packets, shown, asObserver, inside, room) {
    const held = log.held(shown, node.layer)?.[cell] ?? 0;
    const belief = log.belief(shown, node.layer);
    const chance = belief ? belief[cell] : 0;
    if (belief) paintBelief(pen, layout, ink, node, chance);
    const isClosed = asObserver && !marks.corrupt.has(cell);
    const isSmall = layout.radius < 12;
    const isSampled = info.one_in > 1;
    if (isSmall || isSampled) paintLevel(pen, layout, ink, node, held / fullAt());
    if (!isClosed && !isSmall) {
      for (const packet of packets) {
        if (packet.number === info.followed && !asObserver) continue;
        const [dx, dy] = seat(packet.number, room);
        paintStamp(pen, stampOf(asObserver ? -1 : packet.kind, inside), node.x + dx, node.y + dy);
        painted.push({ packet: packet.number, kind: packet.kind, x: node.x + dx, y: node.y + dy,
          mix: packet.legs.length ? packet.legs[packet.legs.length - 1].target : null, cell });
      }
    }
    if (layout.isOpen) {
      const doubt = belief ? percent(chance) : "";
      const what = marks.down.has(cell) ? "down" : layout.isNarrow ? `${held}` : `${held} held`;
      paintCount(pen, layout, ink, node, doubt ? `${what}, ${doubt}` : what);
      if (isClosed && !layout.isNarrow) paintInside(pen, layout, ink, node, `${held}`);
    } else if (layout.radius >= 13 && (isClosed || isSampled)) {
      paintInside(pen, layout, ink, node, `${held}`);
    }
  }

  // The level's full mark: the next round number above what was ever held, written in the key.
  function fullAt() {
    const steps = [10, 20, 50, 100, 200, 500];
    let factor = 1;
    for (;;) {
      const found = steps.find((step) => step * factor >= log.fullest);
      if (found) return found * factor;
      factor *= 100;
    }
  }

  // Playback.

  function wake() {
    if (!request && isWatched && !isFrozen && layout) {
      lastFrame = performance.now();
      request = requestAnimationFrame(draw);
    }
  }

  function draw(now) {
    request = 0;
    if (!layout || !play || play.told === null) return;
    const seconds = Math.min(0.1, Math.max(0, (now - lastFrame) / 1000));
    lastFrame = now;
    let goesOn;
    if (still.matches) {
      goesOn = false;
      if (dirty || now - lastWords > 900) play.shown = play.told;
      else if (play.shown < play.told) goesOn = true;
    } else {
      goesOn = play.advance(seconds);
    }
    if (goesOn || dirty || still.matches) {
      dirty = false;
      paint();
      log.forget(play.shown);
    }
    if (now - lastWords > 500 || !goesOn) {
      lastWords = now;
      writeWords();
    }
    if (goesOn) request = requestAnimationFrame(draw);
  }

  function writeWords() {
    say(clock, `${seconds(play.shown)} · ${slowWords(network.slow_down)}`);
    let note = info.one_in > 1 ? `1 in ${info.one_in.toLocaleString("en")} drawn` : "all drawn";
    if (layout.radius < 12 || info.one_in > 1) note += ` · full circle: ${fullAt()} held`;
    if (network.mixes_per_cell > 1) note += ` · a circle is ${network.mixes_per_cell} mixes`;
    say(sampleNote, note);
    layout.nodes.forEach((node, cell) => {
      const text = nodeWords(node, cell);
      if (buttons[cell].getAttribute("aria-label") !== text) {
        buttons[cell].setAttribute("aria-label", text);
      }
    });
    const out = info.followed === null ? 0 : log.beliefOut(play.shown);
    say(yours, info.followed === null ? ""
      : `your packet: number ${info.followed}${out >= 0.0005 ? `, already out: ${percent(out)}` : ""}`);
    follow.hidden = !network.actions.includes("follow");
    bytes.hidden = info.followed === null || !network.actions.includes("bytes");
    say(follow, info.followed === null ? "Follow a packet" : "Stop following");
  }

  function seconds(value) {
    const digits = network.slow_down >= 10 ? 2 : 1;
    return `clock ${Math.max(0, value).toFixed(digits)} s`;
  }

  function mixesOf(cell) {
    const { width, mixes_per_cell: per } = network;
    const layer = Math.floor(cell / layout.cells);
    const first = (cell % layout.cells) * per;
    const list = [];
    for (let i = first; i < Math.min(width, first + per); i += 1) list.push(layer * width + i);
    return list;
  }

  function nodeName(cell) {
    const mixes = mixesOf(cell);
    const { width } = network;
    const first = (mixes[0] % width) + 1;
    const last = (mixes[mixes.length - 1] % width) + 1;
    const which = mixes.length > 1 ? `mixes ${first} to ${last}` : `mix ${first}`;
    return `Layer ${Math.floor(mixes[0] / width) + 1}, ${which}`;
  }

  function nodeWords(node, cell) {
    const held = log.held(play.shown, node.layer)?.[cell] ?? 0;
    const belief = log.belief(play.shown, node.layer);
    const doubt = belief ? percent(belief[cell]) : "";
    const marked = [marks.down.has(cell) ? "down" : "", marks.corrupt.has(cell) ? "corrupted" : ""];
    return [nodeName(cell), `${held} held`, doubt ? `your packet: ${doubt}` : "", ...marked]
      .filter(Boolean).join(", ");
  }

  // The twin of the canvas: one button a circle, one tab stop in all.

  function placeButtons() {
    const size = Math.max(2 * layout.radius, layout.isOpen ? 24 : 8);
    if (buttons.length !== layout.nodes.length) {
      buttons = layout.nodes.map((_, cell) => {
        const button = h("button", { type: "button", class: "flow-mix", tabindex: "-1",
          "aria-haspopup": "dialog", "aria-expanded": "false" });
        button.addEventListener("click", () => openMix(cell));
        button.addEventListener("focus", () => { setCurrent(cell); showTip(cell); });
        button.addEventListener("blur", hideTip);
        button.addEventListener("pointerenter", () => showTip(cell));
        button.addEventListener("pointerleave", hideTip);
        button.setAttribute("aria-label", nodeName(cell));
        return button;
      });
      twin.replaceChildren(...buttons);
      current = Math.min(current, buttons.length - 1);
      buttons[current].tabIndex = 0;
    }
    buttons.forEach((button, cell) => {
      const node = layout.nodes[cell];
      button.style.cssText = `left:${node.x - size / 2}px;top:${node.y - size / 2}px;`
        + `width:${size}px;height:${size}px`;
    });
  }

  function setCurrent(cell) {
    buttons[current].tabIndex = -1;
    current = cell;
    buttons[current].tabIndex = 0;
  }

  twin.addEventListener("keydown", (event) => {
    const { cells } = layout;
    const layer = Math.floor(current / cells);
    const index = current % cells;
    const to = {
      ArrowUp: () => [layer, index - 1], ArrowDown: () => [layer, index + 1],
      ArrowLeft: () => [layer - 1, index], ArrowRight: () => [layer + 1, index],
      Home: () => [layer, 0], End: () => [layer, cells - 1],
    }[event.key];
    if (!to) return;
    event.preventDefault();
    const [a, b] = to();
    const next = Math.max(0, Math.min(network.layers - 1, a)) * cells
      + Math.max(0, Math.min(cells - 1, b));
    buttons[next].focus();
  });

  function showTip(cell) {
    if (layout.isOpen && !layout.isNarrow) return;
    say(tip, nodeWords(layout.nodes[cell], cell));
    placeNear(tip, layout.nodes[cell], layout.radius);
    tip.hidden = false;
  }

  function hideTip() {
    tip.hidden = true;
  }

  function placeNear(box, { x, y }, away) {
    box.hidden = false;
    const width = box.offsetWidth;
    const left = Math.max(4, Math.min(layout.width - width - 4, x - width / 2));
    const below = y + away + 8;
    const tall = box.offsetHeight;
    const top = below + tall < layout.height ? below : Math.max(4, y - away - 8 - tall);
    box.style.left = `${left}px`;
    box.style.top = `${top}px`;
  }

  // What can be done with a mix or a packet.

  function act(action, mixes, packet) {
    send({ type: "act", action, mixes, packet: packet ?? null });
  }

  function option(text, run) {
    return h("button", { type: "button", class: "wb-button flow-option", onclick: () => {
      closeMenu(true);
      run();
    } }, text);
  }

  function openMix(cell) {
    const mixes = mixesOf(cell);
    const can = (name) => network.actions.includes(name);
    const options = [];
    const pick = (on, off, isOn) => {
      const name = isOn ? off : on;
      if (can(name)) options.push(option(ACTION_WORDS[name], () => act(name, mixes)));
    };
    pick("down", "up", marks.down.has(cell));
    pick("corrupt", "honest", marks.corrupt.has(cell));
    const inside = drawnIn(cell);
    if (inside.length && can("follow") && !model.get("as_observer")) {
      options.push(option("Follow a packet in it", () => act("follow", [], inside[0].number)));
    }
    if (can("inspect")) act("inspect", mixes);
    openMenu(buttons[cell], layout.nodes[cell], layout.radius, nodeName(cell),
      [poolTable(cell, inside), ...options]);
    buttons[cell].setAttribute("aria-expanded", "true");
  }

  function drawnIn(cell) {
    const inside = [];
    for (const packet of log.packets.values()) {
      const place = log.place(packet, play.shown);
      if (place?.mix !== undefined && cellOf(network, layout, place.mix) === cell) {
        inside.push({ number: packet.number, kind: packet.kind, since: place.since });
      }
    }
    return inside.sort((a, b) => a.since - b.since);
  }

  function poolTable(cell, inside) {
    const { layer } = layout.nodes[cell];
    const held = log.held(play.shown, layer)?.[cell] ?? 0;
    if (model.get("as_observer") && !marks.corrupt.has(cell)) {
      return h("p", {}, `${held} held. Which they are, an observer outside cannot see.`);
    }
    const now = log.columnTime(play.shown, layer);
    const rows = inside.slice(0, 6).map(({ number, kind, since }) => h("tr", {},
      h("td", {}, `${number}`), h("td", {}, swatch(kind), ` ${KIND_WORDS[kind]}`),
      h("td", {}, `${Math.max(0, now - since).toFixed(2)} s`)));
    const more = held - rows.length;
    return h("div", {}, h("p", {}, `${held} held`), rows.length
      ? h("table", { class: "flow-pool" }, h("thead", {}, h("tr", {}, h("th", {}, "packet"),
        h("th", {}, "kind"), h("th", {}, "inside for"))), h("tbody", {}, rows)) : null,
      more > 0 && rows.length ? h("p", { class: "wb-quiet" }, `and ${more} more`) : null);
  }

  function openMenu(from, at, away, title, parts) {
    closeMenu(false);
    openFor = from;
    menu.setAttribute("aria-label", title);
    menu.replaceChildren(h("h3", {}, title), ...parts,
      h("button", { type: "button", class: "wb-button wb-bare flow-option",
        onclick: () => closeMenu(true) }, "Close"));
    placeNear(menu, at, away);
    hideTip();
    menu.querySelector("button").focus();
  }

  function closeMenu(giveBack) {
    if (menu.hidden) return;
    menu.hidden = true;
    if (openFor?.hasAttribute("aria-expanded")) openFor.setAttribute("aria-expanded", "false");
    if (giveBack && openFor?.isConnected) openFor.focus();
    openFor = null;
  }

  menu.addEventListener("keydown", (event) => {
    if (event.key === "Escape") closeMenu(true);
  });
  root.addEventListener("pointerdown", (event) => {
    if (!menu.hidden && !menu.contains(event.target)) closeMenu(false);
  });

  stage.addEventListener("click", (event) => {
    if (event.target !== moving || !layout || model.get("as_observer")) return;
    const box = moving.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const near = painted.filter((one) => !one.lost)
      .map((one) => ({ ...one, away: Math.hypot(one.x - x, one.y - y) }))
      .filter((one) => one.away < 16).sort((a, b) => a.away - b.away)[0];
    if (!near) return;
    const can = (name) => network.actions.includes(name);
    if (can("bytes")) {
      openMenu(follow, near, 10, `Packet ${near.packet}, ${KIND_WORDS[near.kind]}`, [
        can("follow") ? option("Follow it", () => act("follow", [], near.packet)) : null,
        option("Open its real bytes", () => act("bytes", [], near.packet))].filter(Boolean));
    } else if (can("follow")) act("follow", [], near.packet);
  });

  follow.addEventListener("click", () => {
    if (info.followed !== null) act("follow", [], null);
    else {
      const fresh = [...log.packets.values()].filter((packet) => packet.kind === 0
        && packet.legs[0].source < 0 && log.place(packet, play.shown));
      fresh.sort((a, b) => b.number - a.number);
      if (fresh.length) act("follow", [], fresh[0].number);
    }
  });
  bytes.addEventListener("click", () => act("bytes", [], info.followed));
  observer.addEventListener("change", () => {
    model.set("as_observer", observer.checked);
    model.save_changes();
    seen();
  });

  function seen() {
    observer.checked = model.get("as_observer");
    root.classList.toggle("flow-as-observer", observer.checked);
    writeKey();
    dirty = true;
    wake();
  }

  function writeKey() {
    if (!network) return;
    const item = (name, text) => h("li", {}, swatch(name), text);
    const asObserver = model.get("as_observer");
    key.replaceChildren(...(asObserver ? [item("any", "a packet: they all look alike")]
      : network.kinds.map((kind) => item(kind, KIND_WORDS[kind]))));
    if (info.followed !== null) {
      if (!asObserver) key.append(item("yours", "your packet"));
      key.append(item("belief", "your packet, perhaps"));
    }
    if (marks.corrupt.size) key.append(item("corrupt", "corrupted"));
    if (marks.down.size) key.append(item("down", "down"));
  }

  function setMarks(content) {
    const cells = (mixes) => new Set(mixes.map((mix) => {
      const layer = Math.floor(mix / network.width);
      const count = Math.ceil(network.width / network.mixes_per_cell);
      return layer * count + Math.floor((mix % network.width) / network.mixes_per_cell);
    }));
    marks = { down: cells(content.down), corrupt: cells(content.corrupt) };
    writeKey();
  }

  function takeFrame(content, buffers) {
    const cells = network.layers * Math.ceil(network.width / network.mixes_per_cell);
    const frame = readFrame(content, buffers, cells);
    const followed = info.followed;
    info = { one_in: content.one_in, followed: content.followed, inside: content.inside };
    log.add(frame);
    for (const { held } of frame.pools) {
      for (const count of held) if (count > log.fullest) log.fullest = count;
    }
    play.tell(frame.clock);
    if (followed !== info.followed) writeKey();
    dirty = true;
    wake();
  }

  const panel = {
    root,
    hello: () => ({}),
    init(content, buffers) {
      ({ network } = content);
      style.textContent = content.css;
      log = new FlowLog(network);
      log.fullest = 0;
      play = new ShownClock(network.slow_down);
      info = { one_in: 1, followed: null, inside: 0 };
      crowd = 0;
      buttons = [];
      closeMenu(false);
      setMarks(network);
      takeFrame(content, buffers);
      relayout();
      seen();
      if (layout) writeWords();
    },
    apply(content, buffers) {
      if (content.type === "frame") takeFrame(content, buffers);
      else if (content.type === "follow") {
        info.followed = content.followed;
        for (const row of log.beliefs) row.belief = null;
        writeKey();
        if (layout) writeWords();
      } else if (content.type === "marks") {
        setMarks(content);
        relayout();
      }
      dirty = true;
      wake();
    },
    watched(flag) {
      isWatched = flag;
      wake();
    },
    frozen(flag) {
      isFrozen = flag;
      wake();
    },
    dressed() {
      if (layout) relayout();
    },
    close() {
      cancelAnimationFrame(request);
      resizing.disconnect();
      model.off("change:as_observer", seen);
      still.removeEventListener("change", wake);
    },
  };
  const resizing = new ResizeObserver(() => {
    if (layout && Math.abs(stage.clientWidth - (layout.forWidth ?? 0)) < 1) return;
    relayout();
    if (layout) layout.forWidth = stage.clientWidth;
  });
  resizing.observe(stage);
  model.on("change:as_observer", seen);
  still.addEventListener("change", wake);
  // For tests and for measuring: what the last painted frame showed.
  root.mixnetFlow = {
    drawn: () => painted.map((one) => ({ ...one })),
    shown: () => play?.shown,
    told: () => play?.told,
    frames: () => frames,
    info: () => ({ ...info }),
    layout: () => layout,
    held: (cell) => log.held(play.shown, layout.nodes[cell].layer)?.[cell],
  };
  el.append(root);
  return live(host, panel);
}
