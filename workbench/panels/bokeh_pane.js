// A bokeh document in a notebook cell, kept up to date by patches. Joined behind controls.js
// and live_view.js; the transport is there, this file only knows BokehJS.
const LIBRARY_WAIT_MS = 10000;
const libraries = globalThis.mixnetWorkbench;
libraries.bokeh ??= {};
libraries.askedForBokeh ??= {};

// The page may hold another BokehJS (another notebook, another tool): ours is found by version.
function bokehHere(version) {
  const found = globalThis.Bokeh;
  return found?.[version] ?? (found?.version === version ? found : undefined);
}

function loadBokeh(version, script) {
  libraries.bokeh[version] ??= new Promise((resolve, reject) => {
    const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
    const element = h("script", { src: url });
    element.onload = () => resolve(bokehHere(version));
    element.onerror = () => {
      delete libraries.bokeh[version];
      reject(new Error("this page does not let BokehJS run"));
    };
    document.head.append(element);
  });
  return libraries.bokeh[version];
}

// BokehJS is a megabyte: one view of the page asks for it, the others wait for what it gets.
function asksForBokeh(version, view) {
  if (bokehHere(version) || libraries.bokeh[version]) return false;
  const asked = libraries.askedForBokeh[version];
  if (asked && asked.view !== view && isOnItsWay(version)) return false;
  libraries.askedForBokeh[version] = { view, at: performance.now() };
  return true;
}

function isOnItsWay(version) {
  const asked = libraries.askedForBokeh[version];
  return Boolean(asked) && performance.now() - asked.at < LIBRARY_WAIT_MS;
}

async function untilBokehCame(version) {
  while (!libraries.bokeh[version] && isOnItsWay(version)) {
    await new Promise((done) => { setTimeout(done, 50); });
  }
}

// BokehJS writes its axes' style sheets at every paint, mostly with the text that is there, and
// asks for computed styles in between: each time the browser would style all of the page anew.
function calmStyles(bokeh) {
  const sheet = bokeh.require("core/dom").InlineStyleSheet?.prototype;
  if (!sheet?._update || sheet.isCalm) return;
  const update = sheet._update;
  sheet.isCalm = true;
  sheet._update = function updateIfNew(css) {
    if (this.el.textContent !== css) update.call(this, css);
  };
}

// Each glyph has an empty element that BokehJS moves to where its data are, at every paint: again
// the page would be styled and laid out for nothing. What is painted does not depend on it.
function restGlyphs(view) {
  if (view.glyph) view.update_position = () => {};
  for (const child of view.children_views?.() ?? []) if (child) restGlyphs(child);
}

function bufferMap(ids, buffers) {
  const bytes = (view) => view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);
  return new Map(ids.map((id, index) => [id, bytes(buffers[index])]));
}

// Lab's keys look at the event's target, which is the host of a shadow tree.
function shieldKeys(node) {
  for (const child of node.children) {
    if (child.shadowRoot) {
      child.setAttribute(SUPPRESS, "true");
      shieldKeys(child.shadowRoot);
    }
    if (child.tabIndex >= 0) child.setAttribute(SUPPRESS, "true");
    shieldKeys(child);
  }
}

export function start(host) {
  const { model, el, view } = host;
  const version = model.get("_bokeh");
  const stage = h("div", { class: "wb-pane-stage", role: "img" });
  const style = h("style");
  const root = h("div", { class: "wb-root wb-live wb-pane" }, style, stage);
  let bokeh = null;
  let views = null;
  let sheet = null;

  function clear() {
    views?.clear();
    views = null;
    sheet = null;
    stage.replaceChildren();
  }

  function describe() {
    stage.setAttribute("aria-label", model.get("alt"));
  }

  const panel = {
    root,
    hello: () => ({ bokeh: asksForBokeh(version, view) }),
    async init(content, buffers) {
      style.textContent = content.css;
      const script = content.bokeh ? buffers[buffers.length - 1] : null;
      bokeh = bokehHere(version);
      if (!bokeh && !script) await untilBokehCame(version);
      if (!bokeh && !script && !libraries.bokeh[version]) return false; // ask for it oneself
      if (!bokeh && (script || libraries.bokeh[version])) {
        bokeh = await loadBokeh(version, script);
      }
      if (!bokeh) throw new Error(`this page has no BokehJS ${version}`);
      calmStyles(bokeh);
      clear();
      const { Document } = bokeh.require("document");
      sheet = Document.from_json(JSON.parse(content.doc), undefined,
        bufferMap(content.buffers, buffers));
      views = await bokeh.embed.add_document_standalone(sheet, stage);
      for (const one of views) restGlyphs(one);
      describe();
      shieldKeys(stage);
      return true;
    },
    apply(content, buffers) {
      sheet.apply_json_patch(JSON.parse(content.patch), bufferMap(content.buffers, buffers));
    },
    close() {
      if (libraries.askedForBokeh[version]?.view === view) libraries.askedForBokeh[version] = null;
      model.off("change:alt", describe);
      clear();
    },
  };
  model.on("change:alt", describe);
  describe(); // also while BokehJS is still on its way
  el.append(root);
  return live(host, panel);
}
