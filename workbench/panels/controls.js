// Shared by all panels; joined in front of each panel's own script (see controls.py).

// Lab's own keys (d d deletes a cell) look at the focused element itself, so every
// focusable element of ours carries this attribute; a parent's does not help.
const SUPPRESS = "data-lm-suppress-shortcuts";
const FOCUSABLE = new Set(["BUTTON", "INPUT", "SELECT", "TEXTAREA", "SUMMARY", "A"]);

// h("button", {class: "wb-button", onclick: f, "aria-pressed": "true"}, "Build")
function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "value") node.value = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  if (FOCUSABLE.has(node.tagName) || "tabindex" in props) node.setAttribute(SUPPRESS, "true");
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

// Set text only where it changed: a screen reader repeats what is written again.
function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

let lastId = 0;
function freshId(stem) {
  lastId += 1;
  return `wb-${stem}-${lastId}`;
}

// Colours of the palette as the page has them now (theme and presenter mode included).
function token(node, name) {
  return getComputedStyle(node).getPropertyValue(name).trim();
}

// Calls back when Lab's theme changes; returns what stops it.
function onThemeChange(callback) {
  // Lab hides its main area for a moment while it changes: draw in the frame after, too.
  const observer = new MutationObserver(() => {
    callback();
    requestAnimationFrame(() => callback());
  });
  observer.observe(document.body, { attributes: true, attributeFilter: [
    "data-jp-theme-light", "data-jp-theme-name"] });
  return () => observer.disconnect();
}

// Keys typed inside a panel stay inside: Lab must not see Enter, Escape, d d, a, b, x ...
function keepKeys(root) {
  root.addEventListener("keydown", (event) => event.stopPropagation());
}

// A question asked before its answer is shown. `ask` is plain data from the kernel, without
// the answer; `lock` sends what was chosen.
function askCard(ask, lock) {
  const problem = h("p", { class: "wb-problem", role: "alert" });
  const readers = [];
  const parts = ask.questions.map((question) => {
    if (question.kind === "number") {
      const id = freshId("ask");
      const field = h("input", { id, class: "wb-field", type: "text", inputmode: "decimal",
        size: "8", autocomplete: "off" });
      readers.push(() => field.value);
      return h("div", {}, h("label", { for: id, style: "font-weight:650;margin-right:10px" },
        question.text), field, " ", question.unit);
    }
    const type = question.kind === "ticks" ? "checkbox" : "radio";
    const name = freshId("ask");
    const inputs = question.options.map((text) => h("input", { type, name, value: text }));
    readers.push(() => {
      const on = inputs.filter((input) => input.checked).map((input) => input.value);
      return type === "checkbox" ? on : (on[0] ?? "");
    });
    return h("fieldset", {}, h("legend", {}, question.text), h("div", { class: "wb-options" },
      inputs.map((input) => h("label", {}, input, input.value))));
  });
  const button = h("button", { class: "wb-button wb-primary", type: "submit" },
    "Lock in my guess");
  const form = h("form", { class: "wb-ask", novalidate: true }, h("h3", {}, ask.title), parts,
    button, problem);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    lock(readers.map((read) => read()));
  });
  form.refuse = (text) => say(problem, text);
  return form;
}
