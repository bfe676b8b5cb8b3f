// Put into the page by benchmarks/live: counts what was painted and when. Nothing here draws.
window.liveProbe = (() => {
  const probe = { frames: [], charts: { entropy: [], latency: [] }, lags: [] };
  const last = {};
  const look = (now) => {
    const flow = document.querySelector(".wb-bench .wb-flow")?.mixnetFlow;
    if (flow) {
      const count = flow.frames();
      if (count !== last.flow) probe.frames.push(now);
      last.flow = count;
    }
    for (const page of window.Bokeh?.documents ?? []) {
      for (const name of ["entropy", "latency"]) {
        const model = page.get_model_by_name(name);
        const stamp = model?.data.tick?.[0];
        if (stamp !== undefined && stamp !== null && stamp !== last[name]) {
          last[name] = stamp;
          probe.charts[name].push(now);
          // The kernel's own clock, written beside the data: seen in the frame that follows.
          requestAnimationFrame(() => probe.lags.push(Date.now() - 1000 * stamp));
        }
      }
    }
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
  probe.reset = () => {
    probe.frames = [];
    probe.charts = { entropy: [], latency: [] };
    probe.lags = [];
  };
  // From a key on a slider to the first sign and to the painted expected value.
  probe.key = async (key) => {
    const root = document.querySelector(".wb-answer-expected");
    const slider = document.querySelector('input[data-knob="delay_s"]');
    const field = slider.closest(".wb-knob").querySelector(".wb-knob-field");
    slider.focus();
    const was = field.value;
    const paint = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)));
    const began = performance.now();
    slider[key === "up" ? "stepUp" : "stepDown"]();
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    while (field.value === was) await paint();
    await paint();
    const sign = performance.now() - began;
    while (root.classList.contains("is-computing") && performance.now() - began < 5000) {
      await new Promise((done) => setTimeout(done, 4));
    }
    await paint();
    return [sign, performance.now() - began];
  };
  return probe;
})();
