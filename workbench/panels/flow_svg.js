// The picture of the flow as SVG: the very drawing code of the canvases with a pen that writes
// paths down instead of painting them. Joined behind flow_scene.js, in front of packet_flow.js.

const round2 = (value) => Number(value.toFixed(2));
const escaped = (text) => text.replace(/[&<>"]/g, (sign) => ({ "&": "&amp;", "<": "&lt;",
  ">": "&gt;", '"': "&quot;" })[sign]);

// The part of a canvas' pen that the flow uses.
class SvgPen {
  constructor() {
    Object.assign(this, { parts: [], path: "", dash: [], fillStyle: "#000", strokeStyle: "#000",
      lineWidth: 1, globalAlpha: 1, font: "", textAlign: "left", textBaseline: "alphabetic" });
  }

  clearRect() {}
  setTransform() {}
  beginPath() { this.path = ""; }
  setLineDash(dash) { this.dash = dash; }
  add(verb, ...numbers) { this.path += verb + numbers.map(round2).join(" "); }
  moveTo(x, y) { this.add("M", x, y); }
  lineTo(x, y) { this.add("L", x, y); }
  closePath() { this.path += "Z"; }

  rect(x, y, wide, tall) {
    this.add("M", x, y);
    this.path += `h${round2(wide)}v${round2(tall)}h${round2(-wide)}Z`;
  }

  roundRect(x, y, wide, tall) { this.rect(x, y, wide, tall); }

  arc(x, y, r, from, to) {
    if (to - from >= 2 * Math.PI - 1e-9) {
      this.add("M", x + r, y);
      for (const end of [x - r, x + r]) this.path += `A${round2(r)} ${round2(r)} 0 1 1 ${
        round2(end)} ${round2(y)}`;
      return;
    }
    const at = (angle) => [x + r * Math.cos(angle), y + r * Math.sin(angle)];
    this.add(this.path ? "L" : "M", ...at(from));
    this.path += `A${round2(r)} ${round2(r)} 0 ${to - from > Math.PI ? 1 : 0} 1 ${
      at(to).map(round2).join(" ")}`;
  }

  put(fill, stroke) {
    const lines = stroke === "none" ? "" : ` stroke-width="${round2(this.lineWidth)}"${
      this.dash.length ? ` stroke-dasharray="${this.dash.map(round2).join(" ")}"` : ""}`;
    const alpha = this.globalAlpha < 1 ? ` opacity="${round2(this.globalAlpha)}"` : "";
    this.parts.push(`<path d="${this.path}" fill="${fill}" stroke="${stroke}"${lines}${alpha}/>`);
  }

  fill() { this.put(this.fillStyle, "none"); }
  stroke() { this.put("none", this.strokeStyle); }

  text(words, x, y, more) {
    const size = Number(/([\d.]+)px/.exec(this.font)?.[1] ?? 12);
    const down = { top: 0.8, middle: 0.35 }[this.textBaseline] ?? 0;
    const anchor = { center: "middle", right: "end" }[this.textAlign] ?? "start";
    const weight = /^(\d+|bold) /.exec(this.font)?.[1] ?? "400";
    this.parts.push(`<text x="${round2(x)}" y="${round2(y + down * size)}" font-size="${
      round2(size)}" font-weight="${weight}" text-anchor="${anchor}" ${more}>${
      escaped(words)}</text>`);
  }

  fillText(words, x, y) { this.text(words, x, y, `fill="${this.fillStyle}"`); }

  strokeText(words, x, y) {
    this.text(words, x, y, `fill="none" stroke="${this.strokeStyle}" stroke-width="${
      round2(this.lineWidth)}" stroke-linejoin="round"`);
  }

  // A stamp is a shape of a size here, not an image.
  drawImage({ shape, r, colour, edge }, x, y, size) {
    shapePath(this, shape, x + size / 2, y + size / 2, r);
    this.fillStyle = colour;
    this.strokeStyle = edge;
    this.lineWidth = r > 3 ? 1 : 0.7;
    this.put(colour, edge);
  }
}

// What stands on the sheet now, in the given ink, with its heads, key and notes.
function svgOf(scene, shown, asObserver, ink, { sheet, heads, key, notes }) {
  const kept = { pen: scene.pen, ink: scene.ink, stampOf: scene.stampOf,
    paintCount: scene.paintCount, frames: scene.frames };
  const { layout, network } = scene;
  const family = kept.ink.family.replace(/["<>&]/g, "'");
  const size = kept.ink.size;
  const pen = new SvgPen();
  const light = { ...kept.ink, ...ink, kinds: [ink.real, ink.loop, ink.drop, ink.loop] };
  Object.assign(scene, { pen, ink: light, stampOf: (kind, r) => ({ half: r, size: 2 * r,
    grain: 0.01, canvas: { shape: kind < 0 ? "circle" : SHAPES[kind], r, edge: light.ink,
      colour: kind < 0 ? light.quiet : light.kinds[kind] } }),
  paintCount: (_, node, text) => paintCount(pen, layout, light, node, text) });
  try {
    paintGround(pen, network, layout, light, scene.marks);
    scene.paint(shown, asObserver);
  } finally {
    Object.assign(scene, kept);
  }
  pen.globalAlpha = 1;
  pen.textBaseline = "middle";
  pen.textAlign = "center";
  const home = sheet.getBoundingClientRect();
  for (const head of heads.children) {
    const box = head.getBoundingClientRect();
    pen.font = `${head.classList.contains("flow-under") ? 400 : 650} ${size}px`;
    pen.fillStyle = head.classList.contains("flow-under") ? light.quiet : light.ink;
    pen.fillText(head.textContent, (box.left + box.right) / 2 - home.left,
      (box.top + box.bottom) / 2 - home.top);
  }
  const tall = layout.height + 14 + paintKey(pen, light, key, layout.width, layout.height + 14, size);
  pen.textAlign = "left";
  pen.font = `400 ${0.92 * size}px`;
  pen.fillStyle = light.quiet;
  let [line, y] = ["", tall + size];
  for (const word of notes.filter(Boolean)) {
    const next = line ? `${line} · ${word}` : word;
    if (line && 0.52 * size * next.length > layout.width) {
      pen.fillText(line, 0, y);
      [line, y] = [word, y + 1.5 * size];
    } else line = next;
  }
  pen.fillText(line, 0, y);
  return { width: layout.width, height: y + size,
    body: `<g font-family="${family}">${pen.parts.join("\n")}</g>` };
}

// The key below the picture, a line or several; returns its height.
function paintKey(pen, ink, key, width, top, size) {
  const line = 1.7 * size;
  let [x, y] = [0.6 * size, top + line / 2];
  for (const item of key.children) {
    const name = /flow-swatch-(\w+)/.exec(item.firstChild.className)?.[1] ?? "any";
    const words = item.textContent;
    const wide = 1.4 * size + 0.56 * size * words.length;
    if (x > size && x + wide > width) [x, y] = [0.6 * size, y + line];
    paintSwatch(pen, ink, name, x, y, 0.36 * size);
    pen.textAlign = "left";
    pen.textBaseline = "middle";
    pen.font = `400 ${size}px`;
    pen.fillStyle = ink.quiet;
    pen.fillText(words, x + 0.9 * size, y);
    x += wide + size;
  }
  return y + line / 2 - top;
}

function paintSwatch(pen, ink, name, x, y, r) {
  const kind = Number(name);
  if (Number.isInteger(kind) || name === "any") {
    pen.drawImage({ shape: SHAPES[kind] ?? "circle", r, edge: ink.ink,
      colour: ink.kinds[kind] ?? ink.quiet }, x - r, y - r, 2 * r);
  } else if (name === "yours") paintYours(pen, ink, 0, x, y, 0.6 * r);
  else if (name === "lost") paintLost(pen, ink, x, y, r, 0);
  else {
    pen.beginPath();
    pen.arc(x, y, r, 0, 2 * Math.PI);
    pen.strokeStyle = name === "belief" ? ink.yours : name === "down" ? ink.quiet : ink.ink;
    pen.lineWidth = name === "belief" ? 3 : 1.5;
    pen.setLineDash(name === "corrupt" ? [3, 2] : []);
    pen.stroke();
    pen.setLineDash([]);
    if (name === "down") paintLost(pen, { ...ink, ink: ink.quiet }, x, y, 0.6 * r, 0);
  }
}
