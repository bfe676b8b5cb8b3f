// Ink on the two canvases: what stands still below, what moves above. Everything above is a
// function of the shown clock and the log alone, so a clock that stands still paints one
// picture. Joined behind flow_layout.js.

const SHAPES = ["circle", "square", "diamond", "triangle"];
const KIND_WORDS = ["real", "loop cover", "drop cover", "mix loop"];

function inkOf(root) {
  const names = { paper: "--wb-paper", wash: "--wb-wash", line: "--wb-line", ink: "--wb-ink",
    quiet: "--wb-quiet", real: "--wb-real", loop: "--wb-loop-cover", drop: "--wb-drop-cover",
    yours: "--wb-yours" };
  const ink = {};
  for (const [name, variable] of Object.entries(names)) ink[name] = token(root, variable);
  const style = getComputedStyle(root);
  ink.family = style.fontFamily;
  ink.size = parseFloat(style.fontSize);
  ink.kinds = [ink.real, ink.loop, ink.drop, ink.loop];
  return ink;
}

function shapePath(pen, shape, x, y, r) {
  pen.beginPath();
  if (shape === "square") pen.rect(x - r * 0.89, y - r * 0.89, r * 1.78, r * 1.78);
  else if (shape === "diamond") {
    pen.moveTo(x, y - r * 1.25);
    pen.lineTo(x + r * 1.25, y);
    pen.lineTo(x, y + r * 1.25);
    pen.lineTo(x - r * 1.25, y);
    pen.closePath();
  } else if (shape === "triangle") {
    pen.moveTo(x, y - r * 1.2);
    pen.lineTo(x + r * 1.15, y + r * 0.85);
    pen.lineTo(x - r * 1.15, y + r * 0.85);
    pen.closePath();
  } else pen.arc(x, y, r, 0, 2 * Math.PI);
}

// Outlined shapes are drawn once and stamped on whole pixels, which copies them: software
// rendering is the limit, not the kernel. `grain` is a pixel's width.
function makeStamps(ink, scale) {
  const made = new Map();
  return (kind, r) => {
    const key = `${kind}:${r}`;
    if (!made.has(key)) {
      const pixels = 2 * Math.ceil((r * 1.4 + 2) * scale);
      const [size, half] = [pixels / scale, pixels / scale / 2];
      const canvas = document.createElement("canvas");
      canvas.width = canvas.height = pixels;
      const pen = canvas.getContext("2d");
      pen.scale(scale, scale);
      shapePath(pen, kind < 0 ? "circle" : SHAPES[kind], half, half, r);
      pen.fillStyle = kind < 0 ? ink.quiet : ink.kinds[kind];
      pen.fill();
      pen.lineWidth = r > 3 ? 1 : 0.7;
      pen.strokeStyle = ink.ink;
      pen.stroke();
      made.set(key, { canvas, half, size, grain: 1 / scale });
    }
    return made.get(key);
  };
}

const snap = (place, grain) => Math.round(place / grain) * grain;

function fitCanvas(canvas, width, height) {
  const scale = Math.max(1, Math.min(3, globalThis.devicePixelRatio || 1));
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const pen = canvas.getContext("2d");
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  return { pen, scale };
}

function paintGround(pen, network, layout, ink, marks) {
  pen.clearRect(0, 0, layout.width, layout.height);
  paintLinks(pen, network, layout, ink);
  pen.fillStyle = ink.quiet;
  const dot = (layout.isNarrow ? 2.2 : 2.8) * layout.type;
  for (const y of layout.users.places) {
    for (const x of [layout.senderX, layout.receiverX]) {
      pen.beginPath();
      pen.arc(x, y, dot, 0, 2 * Math.PI);
      pen.fill();
    }
  }
  if (layout.gateways) {
    const wide = (layout.isNarrow ? 4 : 7) * layout.type;
    const tall = (layout.isNarrow ? 14 : 22) * layout.type;
    for (const y of layout.gateways.places) {
      for (const x of [layout.entryX, layout.exitX]) {
        pen.fillStyle = ink.paper;
        pen.strokeStyle = ink.quiet;
        pen.lineWidth = 1.2;
        pen.beginPath();
        pen.roundRect(x - wide, y - tall / 2, 2 * wide, tall, 3);
        pen.fill();
        pen.stroke();
      }
    }
  }
  layout.nodes.forEach((node, index) => paintMix(pen, layout, ink, node, marks, index));
}

function paintLinks(pen, network, layout, ink) {
  const lines = network.topology !== "free_route" ? (network.layers - 1) * layout.cells ** 2 : Infinity;
  pen.strokeStyle = ink.line;
  pen.lineWidth = layout.type > 1.2 ? 1.2 : 0.8;
  pen.globalAlpha = lines > 120 ? 0.35 : 0.75;
  pen.beginPath();
  const at = (layer, cell) => layout.nodes[layer * layout.cells + cell];
  if (lines <= 900) {
    for (let layer = 0; layer + 1 < network.layers; layer += 1) {
      for (let a = 0; a < layout.cells; a += 1) {
        for (let b = 0; b < layout.cells; b += 1) {
          if (network.topology === "cascade" && a !== b) continue;
          pen.moveTo(at(layer, a).x, at(layer, a).y);
          pen.lineTo(at(layer + 1, b).x, at(layer + 1, b).y);
        }
      }
    }
  }
  const outer = layout.gateways ?? layout.users;
  if (layout.cells <= 40) {
    for (const y of outer.places) {
      for (let cell = 0; cell < layout.cells; cell += 1) {
        const [first, last] = [at(0, cell), at(network.layers - 1, cell)];
        pen.moveTo(layout.gateways ? layout.entryX : layout.senderX, y);
        pen.lineTo(first.x, first.y);
        pen.moveTo(last.x, last.y);
        pen.lineTo(layout.gateways ? layout.exitX : layout.receiverX, y);
      }
    }
  }
  if (layout.gateways) {
    layout.users.places.forEach((y, index) => {
      const hub = gatewayY(layout, index * layout.users.per);
      pen.moveTo(layout.senderX, y);
      pen.lineTo(layout.entryX, hub);
      pen.moveTo(layout.exitX, hub);
      pen.lineTo(layout.receiverX, y);
    });
  }
  pen.stroke();
  pen.globalAlpha = 1;
}

// Corrupted: a dashed wall. Down: a cross. Both in ink, since each hue has one meaning.
function paintMix(pen, layout, ink, node, marks, index) {
  const r = layout.radius;
  const isDown = marks.down.has(index);
  pen.fillStyle = isDown ? ink.wash : ink.paper;
  pen.strokeStyle = isDown ? ink.quiet : ink.ink;
  pen.lineWidth = (r > 12 ? 1.8 : 1.1) * (layout.type > 1.2 ? 1.6 : 1);
  pen.setLineDash(marks.corrupt.has(index) ? [Math.max(2, r / 4), Math.max(2, r / 5)] : []);
  pen.beginPath();
  pen.arc(node.x, node.y, r, 0, 2 * Math.PI);
  pen.fill();
  pen.stroke();
  pen.setLineDash([]);
  if (isDown) {
    const d = r * 0.6;
    pen.beginPath();
    pen.moveTo(node.x - d, node.y - d);
    pen.lineTo(node.x + d, node.y + d);
    pen.moveTo(node.x - d, node.y + d);
    pen.lineTo(node.x + d, node.y - d);
    pen.stroke();
  }
}

// How full a mix is, as a level; used where single packets would not fit or are a sample.
function paintLevel(pen, layout, ink, node, share) {
  if (share <= 0) return;
  const r = layout.radius - 1.2;
  const level = node.y + r - 2 * r * Math.min(1, share);
  const half = Math.acos(Math.max(-1, Math.min(1, (level - node.y) / r)));
  pen.beginPath();
  pen.arc(node.x, node.y, r, Math.PI / 2 - half, Math.PI / 2 + half);
  pen.closePath();
  pen.globalAlpha = 0.38;
  pen.fillStyle = ink.quiet;
  pen.fill();
  pen.globalAlpha = 1;
}

function paintBelief(pen, layout, ink, node, chance) {
  if (chance < 0.002) return;
  // Thickness grows with the chance, quickly at first, so that 3 % and 10 % can be told apart.
  // At its thickest it ends where the words below the mix begin.
  const most = Math.min(layout.radius * 0.4, countGap(layout) - 2);
  const thick = 1 + most * chance ** 0.6;
  pen.strokeStyle = ink.yours;
  pen.lineWidth = thick;
  pen.beginPath();
  pen.arc(node.x, node.y, layout.radius + thick / 2 + 1, 0, 2 * Math.PI);
  pen.stroke();
}

function percent(chance) {
  if (chance < 0.0005) return "";
  return chance < 0.01 ? "<1 %" : `${Math.round(chance * 100)} %`;
}

// Written last, with a rim of paper: packets that pass under a number must not hide it.
function paintCount(pen, layout, ink, node, text) {
  pen.font = countFont(layout, ink);
  pen.textAlign = "center";
  pen.textBaseline = "top";
  const y = countTop(layout, node);
  pen.lineJoin = "round";
  pen.lineWidth = RIM;
  pen.strokeStyle = ink.paper;
  pen.strokeText(text, node.x, y);
  pen.fillStyle = ink.quiet;
  pen.fillText(text, node.x, y);
}

const RIM = 4;
const countFont = (layout, ink) => `${(layout.isNarrow ? 0.82 : 0.92) * ink.size}px ${ink.family}`;
const countGap = (layout) => (layout.isNarrow ? 6 : 9) * layout.type;
const countTop = (layout, node) => node.y + layout.radius + countGap(layout);

// The same, written once for each text and stamped: setting a font makes the browser style the
// page, and rims of letters are dear at each frame.
function makeCounts(layout, ink, scale) {
  const made = new Map();
  const ruler = document.createElement("canvas").getContext("2d");
  ruler.font = countFont(layout, ink);
  const tall = Math.ceil(1.4 * ink.size + RIM);
  const write = (text) => {
    const wide = Math.ceil(ruler.measureText(text).width) + 2 * RIM;
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [Math.ceil(wide * scale), Math.ceil(tall * scale)];
    const pen = canvas.getContext("2d");
    pen.scale(scale, scale);
    paintCount(pen, layout, ink, { x: wide / 2, y: RIM / 2 - countTop(layout, { y: 0 }) }, text);
    if (made.size > 500) made.clear();
    made.set(text, { canvas, wide });
    return made.get(text);
  };
  return (pen, node, text) => {
    const { canvas, wide } = made.get(text) ?? write(text);
    pen.drawImage(canvas, snap(node.x - wide / 2, 1 / scale),
      snap(countTop(layout, node) - RIM / 2, 1 / scale), canvas.width / scale, canvas.height / scale);
  };
}

function paintInside(pen, layout, ink, node, text) {
  pen.font = `600 ${Math.min(0.95 * ink.size, layout.radius * 0.95)}px ${ink.family}`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillStyle = ink.ink;
  pen.fillText(text, node.x, node.y + 0.5);
}

function paintStamp(pen, stamp, x, y) {
  const { canvas, half, size, grain } = stamp;
  pen.drawImage(canvas, snap(x - half, grain), snap(y - half, grain), size, size);
}

// Your packet: its own kind's shape inside a vermilion disc with an ink rim and a halo.
function paintYours(pen, ink, kind, x, y, r) {
  pen.beginPath();
  pen.arc(x, y, r * 2.3, 0, 2 * Math.PI);
  pen.fillStyle = ink.paper;
  pen.fill();
  pen.lineWidth = 1.5;
  pen.strokeStyle = ink.ink;
  pen.stroke();
  shapePath(pen, SHAPES[kind], x, y, r * 1.25);
  pen.fillStyle = ink.yours;
  pen.fill();
  pen.lineWidth = 1;
  pen.stroke();
}

function paintLost(pen, ink, x, y, r, share) {
  pen.globalAlpha = 1 - share;
  pen.strokeStyle = ink.ink;
  pen.lineWidth = 2;
  pen.beginPath();
  pen.moveTo(x - r, y - r);
  pen.lineTo(x + r, y + r);
  pen.moveTo(x - r, y + r);
  pen.lineTo(x + r, y - r);
  pen.stroke();
  pen.globalAlpha = 1;
}
