// Put into the page by benchmarks/live: counts what was painted and when. Nothing here draws.
//
// A frame of the flow counts once its canvas was painted anew. An update of a figure counts when
// bokeh has painted it with a stamp that no earlier paint had: the kernel's clock, written beside
// the data by the benchmark. Lag runs from that stamp to the frame after the one that painted.
window.liveProbe = (() => {
  const probe = {};
  const last = {};
  const values = {};
  const heard = new WeakSet();
  let flow = null;

  function painted(name, source) {
    const { tick, ...columns } = source.data;
    const stamp = tick?.[0];
    if (stamp === undefined || stamp === null || stamp === last[name]) return;
    last[name] = stamp;
    probe.charts[name].push(performance.now());
    delete columns.ago; // time goes on by itself: it is no news
    const now = JSON.stringify(Object.values(columns).map((column) => Array.from(column)));
    if (now !== values[name]) probe.news[name] += 1;
    values[name] = now;
    requestAnimationFrame(() => probe.lags.push(Date.now() - 1000 * stamp));
  }

  // Figures that came or were drawn afresh are found once a second.
  function listen() {
    for (const view of window.Bokeh?.index?.roots ?? []) {
      for (const name of ["entropy", "latency"]) {
        const source = view.model.document?.get_model_by_name(name);
        if (!source || !view.repainted || heard.has(view)) continue;
        heard.add(view);
        view.repainted.connect(() => painted(name, source));
      }
    }
  }

  function look(now) {
    if (!flow?.isConnected) flow = document.querySelector(".wb-bench .wb-flow");
    const count = flow?.mixnetFlow?.frames();
    if (count !== last.flow) probe.frames.push(now);
    last.flow = count;
    requestAnimationFrame(look);
  }

  probe.reset = () => {
    probe.frames = [];
    probe.charts = { entropy: [], latency: [] };
    probe.news = { entropy: 0, latency: 0 };
    probe.lags = [];
  };

  // From the next key on the delay slider (as the browser stamped it) to the first sign and to
  // the painted expected value.
  probe.awaitKey = () => {
    const root = document.querySelector(".wb-answer-expected");
    const slider = document.querySelector('input[data-knob="delay_s"]');
    const field = slider.closest(".wb-knob").querySelector(".wb-knob-field");
    slider.focus();
    const was = field.value;
    const paint = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)));
    probe.timed = new Promise((tell) => {
      window.addEventListener("keydown", async (event) => {
        const began = event.timeStamp;
        // What stands there when a frame begins is painted in it.
        await new Promise((done) => {
          const sees = () => (field.value !== was || performance.now() - began > 5000
            ? setTimeout(done, 0) : requestAnimationFrame(sees));
          requestAnimationFrame(sees);
        });
        const sign = performance.now() - began;
        while (root.classList.contains("is-computing") && performance.now() - began < 5000) {
          await new Promise((done) => { setTimeout(done, 4); });
        }
        await paint();
        tell([sign, performance.now() - began]);
      }, { once: true, capture: true });
    });
  };

  probe.reset();
  listen();
  setInterval(listen, 1000);
  requestAnimationFrame(look);
  return probe;
})();
