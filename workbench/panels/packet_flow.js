// The network as a moving picture: elements, keys, playback. Joined behind flow_menu.js.

const TOGGLES = { down: "Take it down", up: "Bring it back", corrupt: "Corrupt it",
  honest: "Make it honest" };

function slowWords(factor) {
  const round = (x) => Number(x.toPrecision(2)).toString();
  if (Math.abs(factor - 1) < 0.01) return "as fast as life";
  return factor > 1 ? `slowed ${round(factor)}x` : `sped up ${round(1 / factor)}x`;
}

export function start(host) {
  const { model, el, send } = host;
  const ground = h("canvas", { class: "flow-ground", "aria-hidden": "true" });
  const moving = h("canvas", { class: "flow-moving", "aria-hidden": "true" });
  const heads = h("div", { class: "flow-heads", "aria-hidden": "true" });
  const twin = h("div", { class: "flow-twin", role: "group",
    "aria-label": "The mixes of the network. Arrow keys move between them, Enter opens one." });
  const sheet = h("div", { class: "flow-sheet" }, ground, moving, heads, twin);
  const card = new Card(sheet);
  const stage = h("div", { class: "flow-stage" }, sheet);
  const key = h("ul", { class: "flow-key", "aria-label": "Key" });
  const clock = h("span", { class: "flow-clock" });
  const sampleNote = h("span", { class: "flow-sample" });
  const yours = h("span", { class: "flow-yours" });
  const observer = h("input", { type: "checkbox", class: "flow-observer" });
  const follow = h("button", { type: "button", class: "wb-button flow-follow" });
  const bytes = h("button", { type: "button", class: "wb-button flow-bytes" }, "Its real bytes");
  const note = h("p", { class: "wb-quiet", role: "status" });
  const style = h("style");
  const root = h("div", { class: "wb-root wb-live wb-flow" }, style, stage,
    h("div", { class: "flow-foot" }, key,
      h("p", { class: "flow-note" }, clock, sampleNote, yours)),
    h("div", { class: "flow-tools" },
      h("label", {}, observer, "as the observer sees it"), bytes, follow), note);

  let network = null;
  let scene = null;
  let play = null;
  let isWatched = false;
  let isFrozen = false;
  let isDirty = true;
  let request = 0;
  let lastFrame = 0;
  let lastWords = 0;
  let fittedTo = 0;
  let current = 0;
  let buttons = [];
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const asObserver = () => Boolean(model.get("as_observer"));
  const can = (action) => network.actions.includes(action);

  function relayout() {
    const width = stage.clientWidth;
    if (!network || width < 40) return;
    fittedTo = width;
    const ink = inkOf(root);
    const layout = layOut(network, width, Math.max(1, Math.min(1.5, ink.size / 15)));
    sheet.style.width = `${layout.width}px`;
    sheet.style.height = `${layout.height}px`;
    scene.fit(layout, ink, ground, moving);
    writeHeads();
    placeButtons();
    touch();
  }

  function touch() {
    isDirty = true;
    wake();
  }

  function writeHeads() {
    const { layout, ink } = scene;
    const word = (x, text, more = "") => h("span", { style: `left:${x}px`,
      class: `flow-head ${more}` }, text);
    const gap = layout.columns.length > 1 ? layout.columns[1].x - layout.columns[0].x : Infinity;
    const layerWord = gap > (layout.isNarrow ? 7 : 4.6) * ink.size ? "Layer " : "L";
    const isLayered = network.topology !== "free_route";
    heads.replaceChildren(
      word(0, layout.isNarrow ? "From" : "Senders", "flow-head-first"),
      ...layout.columns.map(({ x, layer }) => word(x, isLayered ? layerWord + (layer + 1) : "")),
      word(0, layout.isNarrow ? "To" : "Receivers", "flow-head-last"));
    if (layout.gateways && !layout.isNarrow) {
      for (const x of [layout.entryX, layout.exitX]) {
        heads.append(h("span", { class: "flow-under", style: `left:${x}px` }, "gateways"));
      }
    }
  }

  // Playback.

  function wake() {
    if (request || !isWatched || isFrozen || !scene?.layout) return;
    lastFrame = performance.now();
    request = requestAnimationFrame(draw);
  }

  function draw(now) {
    request = 0;
    const seconds = Math.min(0.1, Math.max(0, (now - lastFrame) / 1000));
    lastFrame = now;
    let goesOn = play.shown < play.told;
    if (!still.matches) goesOn = play.advance(seconds);
    else if (goesOn && now - lastWords > 950) {
      play.shown = play.told; // no motion: one still picture a second
      isDirty = true;
    }
    if (isDirty || (goesOn && !still.matches)) {
      isDirty = false;
      scene.paint(play.shown, asObserver());
      scene.log.forget(play.shown);
    }
    if (now - lastWords > 1000 || !goesOn) {
      lastWords = now;
      writeWords();
    }
    if (goesOn) request = requestAnimationFrame(draw);
  }

  function writeWords() {
    const { layout, info } = scene;
    const digits = network.slow_down >= 10 ? 2 : 1;
    const time = Math.max(0, play.shown).toFixed(digits);
    say(clock, `clock ${time} s · ${slowWords(network.slow_down)}`);
    const notes = [info.one_in > 1 ? `1 in ${info.one_in.toLocaleString("en")} drawn`
      : scene.unseen ? `${scene.unseen} counted but not drawn: inside from before` : "all drawn"];
    if (layout.radius < 12 || info.one_in > 1) notes.push(`full circle: ${scene.fullAt()} held`);
    if (layout.users.per > 1) notes.push(`one dot: ${layout.users.per} users`);
    if (network.mixes_per_cell > 1) notes.unshift(`one circle: ${network.mixes_per_cell} mixes`);
    say(sampleNote, notes.join(" · "));
    buttons.forEach((button, cell) => {
      const text = nodeWords(cell);
      if (button.getAttribute("aria-label") !== text) button.setAttribute("aria-label", text);
    });
    if (scene.hasLost && !key.querySelector(".flow-swatch-lost")) writeKey();
    const isFollowing = info.followed !== null;
    const out = scene.log.beliefOut(play.shown);
    say(yours, isFollowing ? `your packet: number ${info.followed}`
      + (percent(out) ? `, already out: ${percent(out)}` : "") : "");
    follow.hidden = !can("follow");
    bytes.hidden = !isFollowing || !can("bytes");
    say(follow, isFollowing ? "Stop following" : "Follow a packet");
  }

  // The twin of the canvas: one button a circle, one tab stop in all.

  function mixesOf(cell) {
    const { width, mixes_per_cell: per } = network;
    const { cells } = scene.layout;
    const [layer, first] = [Math.floor(cell / cells), (cell % cells) * per];
    const count = Math.min(width, first + per) - first;
    return Array.from({ length: count }, (_, i) => layer * width + first + i);
  }

  function nodeName(cell) {
    const mixes = mixesOf(cell);
    const index = (mix) => (mix % network.width) + 1;
    const [first, last] = [mixes[0], mixes[mixes.length - 1]];
    const which = mixes.length > 1 ? `mixes ${index(first)} to ${index(last)}`
      : `mix ${index(first)}`;
    return `Layer ${Math.floor(first / network.width) + 1}, ${which}`;
  }

  function nodeWords(cell) {
    const chance = scene.chance(play.shown, cell);
    const doubt = chance === null ? "" : percent(chance);
    return [nodeName(cell), `${scene.held(play.shown, cell)} held`,
      doubt ? `your packet: ${doubt}` : "", scene.marks.down.has(cell) ? "down" : "",
      scene.marks.corrupt.has(cell) ? "corrupted" : ""].filter(Boolean).join(", ");
  }

  function makeButton(cell) {
    const { layout } = scene;
    const button = h("button", { type: "button", class: "flow-mix", tabindex: "-1",
      "aria-haspopup": "dialog", "aria-expanded": "false", "aria-label": nodeName(cell) });
    const tip = () => {
      if (scene.layout.isOpen && !scene.layout.isNarrow) return;
      card.showTip(nodeWords(cell), scene.layout.nodes[cell], layout.radius);
    };
    button.addEventListener("click", () => openMix(cell));
    button.addEventListener("focus", () => { setCurrent(cell); tip(); });
    button.addEventListener("blur", () => card.hideTip());
    button.addEventListener("pointerenter", tip);
    button.addEventListener("pointerleave", () => card.hideTip());
    return button;
  }

  function placeButtons() {
    const { layout } = scene;
    const size = Math.max(2 * layout.radius, layout.isOpen ? 24 : 8);
    if (buttons.length !== layout.nodes.length) {
      buttons = layout.nodes.map((_, cell) => makeButton(cell));
      twin.replaceChildren(...buttons);
      current = 0;
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
    const { cells } = scene.layout;
    const [layer, index] = [Math.floor(current / cells), current % cells];
    const to = { ArrowUp: [layer, index - 1], ArrowDown: [layer, index + 1],
      ArrowLeft: [layer - 1, index], ArrowRight: [layer + 1, index],
      Home: [layer, 0], End: [layer, cells - 1] }[event.key];
    if (!to) return;
    event.preventDefault();
    const within = (value, count) => Math.max(0, Math.min(count - 1, value));
    buttons[within(to[0], network.layers) * cells + within(to[1], cells)].focus();
  });

  // What can be done with a mix or a packet.

  function act(action, mixes, packet = null) {
    say(note, "");
    send({ type: "act", action, mixes, packet });
  }

  function openMix(cell) {
    const { marks, layout, log } = scene;
    const mixes = mixesOf(cell);
    const held = scene.held(play.shown, cell);
    const inside = scene.sort(play.shown, 1).inside[cell].sort((a, b) => a.since - b.since);
    const isClosed = asObserver() && !marks.corrupt.has(cell);
    const toggle = (on, off, isOn) => (can(isOn ? off : on)
      ? [card.option(TOGGLES[isOn ? off : on], () => act(isOn ? off : on, mixes))] : []);
    const options = [...toggle("down", "up", marks.down.has(cell)),
      ...toggle("corrupt", "honest", marks.corrupt.has(cell))];
    if (inside.length && can("follow") && !asObserver()) {
      options.push(card.option("Follow the newest",
        () => act("follow", [], inside[inside.length - 1].packet.number)));
    }
    if (can("inspect")) act("inspect", mixes);
    const body = isClosed ? [h("p", {}, `${held} held. Which they are, an observer cannot see.`)]
      : poolTable(held, inside, log.columnTime(play.shown, layout.nodes[cell].layer));
    card.open(buttons[cell], layout.nodes[cell], layout.radius, nodeName(cell), body, options);
  }

  stage.addEventListener("click", (event) => {
    if (event.target !== moving || asObserver()) return;
    const box = moving.getBoundingClientRect();
    const away = (one) => Math.hypot(one.x - event.clientX + box.left,
      one.y - event.clientY + box.top);
    const near = scene.painted.filter((one) => !one.isLost && away(one) < 16)
      .sort((a, b) => away(a) - away(b))[0];
    if (!near) return;
    const options = [];
    if (can("follow")) {
      options.push(card.option("Follow it", () => act("follow", [], near.packet)));
    }
    if (can("bytes")) {
      options.push(card.option("Its real bytes", () => act("bytes", [], near.packet)));
    }
    if (options.length) {
      card.open(follow, near, 8, `Packet ${near.packet}`,
        [h("p", {}, swatch(near.kind), ` ${KIND_WORDS[near.kind]}`)], options);
    }
  });
  root.addEventListener("pointerdown", (event) => {
    if (!card.box.contains(event.target)) card.close(false);
  });
  follow.addEventListener("click", () => {
    act("follow", [], scene.info.followed === null ? -1 : null);
  });
  bytes.addEventListener("click", () => act("bytes", [], scene.info.followed));
  observer.addEventListener("change", () => {
    model.set("as_observer", observer.checked);
    model.save_changes();
    seen();
  });

  function seen() {
    observer.checked = asObserver();
    card.close(false);
    writeKey();
    touch();
  }

  function writeKey() {
    if (!network) return;
    const { marks, info } = scene;
    const item = (name, text) => h("li", {}, swatch(name), text);
    // What is sent now, and what is still under way from before a knob was turned.
    const isThere = (kind) => network.kinds.includes(kind)
      || [...scene.log.packets.values()].some((packet) => packet.kind === kind);
    const items = asObserver() ? [item("any", "a packet: they all look alike")]
      : SHAPES.map((_, kind) => kind).filter(isThere).map((kind) => item(kind, KIND_WORDS[kind]));
    if (info.followed !== null) {
      if (!asObserver()) items.push(item("yours", "your packet"));
      items.push(item("belief", "your packet, perhaps"));
    }
    if (marks.corrupt.size) items.push(item("corrupt", "corrupted"));
    if (marks.down.size) items.push(item("down", "down"));
    if (scene.hasLost) items.push(item("lost", "lost"));
    key.replaceChildren(...items);
  }

  function setMarks({ down, corrupt }) {
    const { width, mixes_per_cell: per } = network;
    const count = Math.ceil(width / per);
    const cells = (mixes) => new Set(mixes.map((mix) => Math.floor(mix / width) * count
      + Math.floor((mix % width) / per)));
    scene.marks = { down: cells(down), corrupt: cells(corrupt) };
    writeKey();
  }

  function takeFrame(content, buffers) {
    const cells = network.layers * Math.ceil(network.width / network.mixes_per_cell);
    const frame = readFrame(content, buffers, cells);
    const { followed, one_in: oneIn } = scene.info;
    scene.info = { one_in: content.one_in, followed: content.followed, inside: content.inside };
    scene.log.add(frame);
    if (content.one_in > oneIn) scene.log.thin(content.one_in, content.followed);
    for (const { held } of frame.pools) {
      for (const count of held) scene.fullest = Math.max(scene.fullest, count);
    }
    play.tell(frame.clock);
    if (followed !== content.followed) writeKey();
  }

  const panel = {
    root,
    hello: () => ({}),
    init(content, buffers) {
      ({ network } = content);
      style.textContent = content.css;
      scene = new Scene(network);
      play = new ShownClock(network.slow_down);
      buttons = [];
      card.close(false);
      setMarks(network);
      takeFrame(content, buffers);
      relayout();
      seen();
      if (scene.layout) writeWords();
    },
    apply(content, buffers) {
      if (content.type === "frame") takeFrame(content, buffers);
      else if (content.type === "marks") {
        setMarks(content);
        relayout();
      } else if (content.type === "tune") {
        Object.assign(network, content.network);
        play.slowDown = network.slow_down;
        setMarks(network);
        relayout();
      } else if (content.type === "follow") {
        scene.info.followed = content.followed;
        for (const row of scene.log.beliefs) row.belief = null;
        writeKey();
      }
      touch();
      if (content.type !== "frame" && scene.layout) writeWords();
    },
    word(content) {
      if (content.type === "note") say(note, content.text);
    },
    watched(flag) {
      isWatched = flag;
      wake();
    },
    frozen(flag) {
      isFrozen = flag;
      wake();
    },
    dressed: relayout,
    close() {
      cancelAnimationFrame(request);
      resizing.disconnect();
      model.off("change:as_observer", seen);
      still.removeEventListener("change", wake);
    },
  };
  const resizing = new ResizeObserver(() => {
    if (Math.abs(stage.clientWidth - fittedTo) >= 1) relayout();
  });
  resizing.observe(stage);
  model.on("change:as_observer", seen);
  still.addEventListener("change", wake);
  // For tests and measuring: what the last painted picture showed.
  root.mixnetFlow = {
    drawn: () => scene.painted.map((one) => ({ ...one })),
    shown: () => play?.shown,
    told: () => play?.told,
    frames: () => scene?.frames ?? 0,
    info: () => ({ ...scene.info }),
    layout: () => scene.layout,
    held: (cell) => scene.held(play.shown, cell),
    heldAt: (cell) => scene.log.countTime(play.shown, scene.layout.nodes[cell].layer),
    chance: (cell) => scene.chance(play.shown, cell),
    svg: (ink) => (scene?.layout ? svgOf(scene, play.shown, asObserver(), ink, { sheet, heads, key,
      notes: `${clock.textContent} · ${sampleNote.textContent} · ${yours.textContent}`.split(" · ") }) : null),
  };
  el.append(root);
  return live(host, panel);
}
