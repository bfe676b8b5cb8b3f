// The parts that the workbench's console is made of: sliders, bars, cards. Joined behind
// live_view.js, in front of workbench_panel.js. A part is {node, show(data)}.

// Space plays and pauses wherever it has no other meaning.
function spacePlays(root, act) {
  root.addEventListener("keydown", (event) => {
    const hasOther = "button, select, summary, input[type=text], input[type=checkbox]";
    if (event.key !== " " || event.target.matches(hasOther)) return;
    event.preventDefault();
    act("toggle");
  });
}

// A slider over the stops that the kernel made from the scenario's knob, and a field for any
// other value. `act(knob, value)` tells the kernel.
function knobPart(name, act, isQuiet) {
  const id = freshId("knob");
  const label = h("label", { for: id, class: "wb-knob-label" });
  const field = h("input", { class: "wb-field wb-knob-field", type: "text", inputmode: "decimal",
    autocomplete: "off", size: "6" });
  const unit = h("span", { class: "wb-knob-unit wb-quiet" });
  const slider = h("input", { id, type: "range", min: "0", step: "1", class: "wb-range",
    "data-knob": name });
  const hint = h("p", { class: "wb-hint wb-quiet" });
  const problem = h("p", { class: "wb-problem", role: "alert", id: freshId("problem") });
  const node = h("div", { class: `wb-knob${isQuiet ? " wb-knob-quiet" : ""}` },
    h("div", { class: "wb-knob-head" }, label, h("span", { class: "wb-knob-value" }, field, unit)),
    slider, hint, problem);
  let data = null;
  let last = 0;
  let timer = 0;

  function words(at) {
    return data.unit ? `${data.stops[at]} ${data.unit}` : data.stops[at];
  }

  function fill() {
    const most = Math.max(1, Number(slider.max));
    slider.style.setProperty("--at", `${(100 * Number(slider.value)) / most}%`);
  }

  function tell() {
    last = performance.now();
    timer = 0;
    act(name, data.values[Number(slider.value)], data);
  }

  slider.addEventListener("input", () => {
    const at = Number(slider.value);
    field.value = data.stops[at];
    slider.setAttribute("aria-valuetext", words(at));
    refuse("");
    fill();
    // The first move at once, the rest of a drag at most twenty times a second.
    const wait = 50 - (performance.now() - last);
    if (wait <= 0) tell();
    else if (!timer) timer = setTimeout(tell, wait);
  });
  const typed = () => {
    refuse("");
    if (data && field.value !== data.text) act(name, field.value, data);
  };
  field.addEventListener("change", typed);
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    field.value = data.text;
    refuse("");
  });

  function refuse(text) {
    say(problem, text);
    if (text) {
      field.setAttribute("aria-invalid", "true");
      field.setAttribute("aria-describedby", problem.id);
    } else field.removeAttribute("aria-invalid");
  }

  return {
    node,
    refuse,
    show(next, isBusy) {
      // Ahead of the kernel: a move is on its way to it, or waits for its turn to be told.
      const ahead = data && (isBusy || timer) ? next.values.indexOf(data.values[slider.value]) : -1;
      if (ahead >= 0) {
        data = { ...data, values: next.values, stops: next.stops };
        slider.max = String(next.values.length - 1);
        slider.value = String(ahead);
        fill();
        say(hint, next.hint);
        return;
      }
      if (data?.text !== next.text) refuse(""); // another value stands now
      data = next;
      say(label, next.label);
      say(unit, next.unit);
      field.setAttribute("aria-label", `${next.label}${next.unit ? `, ${next.unit}` : ""}`);
      say(hint, next.hint);
      slider.hidden = next.values.length < 2;
      if (!slider.hidden) {
        slider.max = String(next.values.length - 1);
        slider.value = String(next.at);
        slider.setAttribute("aria-valuetext", words(next.at));
        fill();
      }
      field.style.minWidth = `${0.62 * next.text.length + 1.1}em`;
      if (!field.hasAttribute("aria-invalid")) field.value = next.text;
    },
  };
}

function choicePart(act) {
  const id = freshId("choice");
  const label = h("label", { for: id, class: "wb-knob-label" });
  const select = h("select", { id, class: "wb-select", "data-knob": "strategy" });
  const hint = h("p", { class: "wb-hint wb-quiet" });
  select.addEventListener("change", () => act("strategy", select.value));
  return {
    node: h("div", { class: "wb-knob wb-knob-quiet" },
      h("div", { class: "wb-knob-head" }, label, select), hint),
    show(data) {
      say(label, data.label);
      if (select.options.length !== data.choices.length) {
        select.replaceChildren(...data.choices.map(([value, text]) => h("option", { value }, text)));
      }
      select.value = data.value;
      say(hint, data.hint);
    },
  };
}

// Bars in plain HTML: a label, a number, a length.
function barsPart(title) {
  const list = h("ul", { class: "wb-bars" });
  const rows = [];
  const head = h("h3", {}, title);
  return {
    node: h("div", { class: "wb-bars-part" }, head, list),
    show(bars, words) {
      if (words) say(head, words);
      while (rows.length > bars.length) rows.pop().node.remove();
      bars.forEach((bar, at) => {
        if (!rows[at]) {
          const row = { label: h("span"), text: h("b"), mark: h("span", { class: "wb-bar-mark" }) };
          row.fill = h("span", { class: "wb-bar-fill" });
          row.node = h("li", {}, h("span", { class: "wb-bar-head" },
            h("span", {}, row.mark, row.label), row.text),
          h("span", { class: "wb-level", "aria-hidden": "true" }, row.fill));
          rows[at] = row;
          list.append(row.node);
        }
        const row = rows[at];
        say(row.label, bar.label);
        say(row.text, bar.text);
        row.fill.style.width = `${100 * bar.share}%`;
        row.mark.className = bar.kind === undefined ? "" : `wb-bar-mark wb-kind-${bar.kind}`;
        row.fill.className = `wb-bar-fill${bar.kind === undefined ? "" : ` wb-fill-${bar.kind}`}`;
      });
    },
  };
}

// One of the two answers: a number that is read first, and what it means in words.
function answerPart(title, name) {
  const head = h("h3", {}, title);
  const bits = h("span", { class: "wb-bits" });
  const unit = h("span", { class: "wb-bits-unit" });
  const words = h("p", { class: "wb-answer-words" });
  const spread = h("p", { class: "wb-quiet wb-answer-spread" });
  const note = h("p", { class: "wb-quiet wb-answer-note" });
  const node = h("div", { class: `wb-answer wb-answer-${name}` }, head,
    h("p", { class: "wb-answer-line" }, bits, " ", unit), words, spread, note);
  return { node, head, bits, unit, words, spread, note };
}

// A histogram of one setting's packets, drawn with its scale in words below.
function histogramPart() {
  const chart = h("div", { class: "wb-histogram", role: "img" });
  const scale = h("p", { class: "wb-histogram-scale wb-quiet", "aria-hidden": "true" },
    h("span", {}, "0 bits"), h("span"));
  return {
    node: h("div", {}, h("p", { class: "wb-quiet wb-histogram-says" },
      "Its packets by their bits; the height is the share"), chart, scale),
    show(bins, top, text) {
      scale.lastChild.textContent = `${top} bits`;
      chart.setAttribute("aria-label", text);
      if (chart.children.length !== bins.length) {
        chart.replaceChildren(...bins.map(() => h("span")));
      }
      bins.forEach((share, at) => { chart.children[at].style.height = `${100 * share}%`; });
    },
  };
}

// A line of text to take away: shown, selectable, with a button that copies it.
function copyPart(title, root) {
  const text = h("code", { class: "wb-copy-text" });
  const button = h("button", { type: "button", class: "wb-button" }, "Copy");
  const head = h("h4", {}, title);
  button.addEventListener("click", async () => {
    const done = await copyText(text.textContent, root);
    say(button, done ? "Copied" : "Select it and copy");
    setTimeout(() => say(button, "Copy"), 2500);
  });
  const row = h("div", { class: "wb-copy-row" }, text, button);
  const problem = h("p", { class: "wb-quiet" });
  return {
    node: h("div", { class: "wb-copy" }, head, row, problem),
    show(value, trouble = "") {
      say(text, value);
      row.hidden = !value;
      say(problem, value ? "" : trouble);
      button.setAttribute("aria-label", `Copy: ${title}`);
    },
  };
}

function saveFile(name, mime, bytes) {
  const url = URL.createObjectURL(new Blob([bytes], { type: mime }));
  const anchor = h("a", { href: url, download: name, class: "wb-hidden" });
  document.body.append(anchor);
  anchor.click();
  anchor.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

// The network's drawing at the place that the kernel's picture keeps for it.
function withNetwork(svg, network) {
  return svg.replace(/<g id="network" data-place="([^"]*)"><\/g>/, (_, place) => {
    const [x, y, width, height] = place.split(" ");
    return network ? `<svg id="network" x="${x}" y="${y}" width="${width}" height="${height}" `
      + `viewBox="0 0 ${network.width} ${network.height}">${network.body}</svg>` : "";
  });
}

// The SVG that the kernel made, painted at twice its size.
async function asPng(svg) {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [2 * image.width, 2 * image.height];
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
  return new Uint8Array(await blob.arrayBuffer());
}

// Tabs by the usual keys: arrows, Home and End choose at once. `tabs` are [label, () => panel];
// a panel may be another widget's and come later. `chosen(at)` shows what belongs to a tab.
// Whoever makes them chooses the first.
function tabsPart(tabs, chosen) {
  const buttons = tabs.map(([label], at) => h("button", { type: "button", role: "tab",
    class: "wb-tab", id: freshId("tab"), onclick: () => choose(at) }, label));
  const node = h("div", { class: "wb-tabs", role: "tablist", "aria-label": "What is shown" },
    buttons);
  const steps = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity };

  function choose(at, hasFocus) {
    chosen(at);
    buttons.forEach((one, other) => {
      const isOn = other === at;
      one.setAttribute("aria-selected", String(isOn));
      one.tabIndex = isOn ? 0 : -1;
      const panel = isOn ? tabs[other][1]() : null;
      if (!panel) {
        one.removeAttribute("aria-controls");
        return;
      }
      one.setAttribute("aria-controls", panel.id);
      panel.setAttribute("aria-labelledby", one.id);
    });
    if (hasFocus) buttons[at].focus();
  }

  node.addEventListener("keydown", (event) => {
    const step = steps[event.key];
    if (!step) return;
    event.preventDefault();
    const last = buttons.length - 1;
    const now = buttons.indexOf(document.activeElement);
    const next = Number.isFinite(step) ? (now + step + buttons.length) % buttons.length
      : Math.min(last, Math.max(0, step));
    choose(next, true);
  });
  return { node, choose };
}
