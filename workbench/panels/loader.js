// All that a saved notebook keeps of a panel. The panel's own code comes from the kernel, once
// a page, as a binary buffer; see docs/live_panels.md.
const shared = (globalThis.mixnetWorkbench ??= {});
shared.code ??= {};

function entryFor(hash) {
  if (!shared.code[hash]) {
    const entry = { loaded: false, asked: -Infinity };
    entry.module = new Promise((resolve) => { entry.resolve = resolve; });
    shared.code[hash] = entry;
  }
  return shared.code[hash];
}

// anywidget gives a widget's script two seconds to load. Where a busy computer takes longer, it
// throws away whatever Python says from then on, although the script runs. So the script, once
// it is here, takes Python's messages past that watch: with the method that anywidget's overrides.
function initialize({ model }) {
  let whole = null; // what is passed in is a part of the model; an event tells the whole
  const told = (one) => { whole = one; };
  model.on("change:_whole", told);
  model.set("_whole", true);
  model.off("change:_whole", told);
  let kind = whole;
  while (kind && !Object.hasOwn(kind, "_handle_comm_msg")) kind = Object.getPrototypeOf(kind);
  const handle = kind && Object.getPrototypeOf(kind)._handle_comm_msg;
  if (handle && whole.comm?.on_msg) whole.comm.on_msg((message) => handle.call(whole, message));
}

function render({ model: given, el }) {
  const hash = given.get("_code");
  const entry = entryFor(hash);
  const view = `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;
  // Numbered, so that the kernel hears them in this order by whatever way they come.
  let number = 0;
  const model = { ...given, send: (content, callbacks, buffers) => {
    number += 1;
    given.send({ ...content, turn: [view, number] }, callbacks, buffers);
  } };
  const send = (content, buffers = []) => model.send({ ...content, view }, undefined, buffers);
  const note = document.createElement("p");
  let tries = 0;
  let stop = null;
  let closed = false;

  async function receive(content, buffers) {
    if (content.type !== "code" || content.hash !== hash || entry.loaded) return;
    entry.loaded = true;
    const url = URL.createObjectURL(new Blob([buffers[0]], { type: "text/javascript" }));
    try {
      entry.resolve(await import(url));
    } catch (error) {
      entry.loaded = false;
      note.textContent = `This page does not let the panel's script run: ${error}`;
    } finally {
      URL.revokeObjectURL(url);
    }
  }

  function ask() {
    if (entry.loaded) return;
    if (performance.now() - entry.asked > 1500) {
      entry.asked = performance.now();
      send({ type: "code" });
    }
    tries += 1;
    if (tries === 6) {
      note.textContent = "Nothing from the kernel yet: it is busy, or not running. "
        + "To see this panel, run its cell again.";
    }
  }

  note.setAttribute("role", "status");
  el.append(note);
  model.on("msg:custom", receive);
  const timer = setInterval(ask, 1000);
  ask();
  entry.module.then((module) => {
    clearInterval(timer);
    if (closed) return;
    note.remove();
    stop = module.start({ model, el, view, send });
  });
  return () => {
    closed = true;
    clearInterval(timer);
    model.off("msg:custom", receive);
    if (stop) stop();
  };
}

export default { initialize, render };
