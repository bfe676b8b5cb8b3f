// Stands where the kernel stands: hands the flow its tape, message by message, once through.
// Joined behind the flow's own script in a saved page; see recorded_page.py.

document.body.dataset.jpThemeLight = String(!matchMedia("(prefers-color-scheme: dark)").matches);
document.body.style.setProperty("--rec-paper",
  document.body.dataset.jpThemeLight === "true" ? "#fff" : "#111");

async function unpacked() {
  const packed = Uint8Array.from(atob(TAPE), (sign) => sign.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const raw = await new Response(stream).arrayBuffer();
  const length = Number(new DataView(raw).getBigUint64(0, true));
  const rows = JSON.parse(new TextDecoder().decode(new Uint8Array(raw, 8, length)));
  let at = 8 + length;
  for (const row of rows) {
    row.buffers = row.sizes.map((size) => {
      const part = new DataView(raw.slice(at, at + size));
      at += size;
      return part;
    });
  }
  return rows;
}

async function replay() {
  const rows = await unpacked();
  const where = document.getElementById("where");
  const again = document.getElementById("again");
  const hearers = {};
  const traits = { presenter: false, as_observer: false };
  const model = {
    get: (name) => traits[name],
    set: (name, value) => {
      traits[name] = value;
      (hearers[`change:${name}`] ?? []).forEach((hear) => hear());
    },
    save_changes() {},
    on: (name, hear) => (hearers[name] ??= []).push(hear),
    off() {},
  };
  const hand = (content, buffers = []) => {
    (hearers["msg:custom"] ?? []).forEach((hear) => hear(content, buffers));
  };
  const last = rows[rows.length - 1].at;
  let next = 1;
  let seq = 0;
  let began = 0;
  let played = 0;
  let timer = 0;

  function send(content) {
    if (content.type !== "hello") return;
    clearInterval(timer);
    [next, seq, played, began] = [1, 0, 0, performance.now()];
    hand({ ...rows[0].content, type: "init", to: "page", ask: content.ask, seq: 0,
      status: "playing", text: "", settings: "" }, rows[0].buffers);
    timer = setInterval(tick, 40);
  }

  // Once through and then still: a recording must not look alive.
  function tick() {
    const now = performance.now();
    played += Math.min(0.5, (now - began) / 1000); // a page that slept goes on where it was
    began = now;
    while (next < rows.length && rows[next].at <= played) {
      seq += 1;
      hand({ ...rows[next].content, seq }, rows[next].buffers);
      next += 1;
    }
    const done = next >= rows.length;
    const text = done ? `The recording is over: ${last.toFixed(0)} s.`
      : `recorded, ${Math.floor(played)} of ${last.toFixed(0)} s`;
    if (where.textContent !== text) where.textContent = text;
    document.body.dataset.recording = done ? "over" : "playing";
    if (done) clearInterval(timer);
  }

  setInterval(() => hand({ type: "beat", settings: "" }), 1000);
  again.addEventListener("click", () => hand({ type: "again", to: "page" }));
  start({ model, el: document.getElementById("flow"), send, view: "page" });
}

replay().catch((error) => {
  document.getElementById("where").textContent = `This recording cannot be played: ${error}`;
});
