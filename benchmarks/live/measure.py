"""Measure live panels in a real Chromium: updates, frames, lag, kernel time. No targets here.

    python -m benchmarks.live.measure --figures 2 --seconds 30

Figures that count: only acknowledged messages with new data; lag is from the kernel's clock
before a message is made to the kernel's clock when its acknowledgement, sent after the next
animation frame, comes in. It therefore includes the way back and is an upper bound.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "support"))

from lab_in_chromium import LabPage, serve_lab, start_chromium

from benchmarks.common import Row, print_table

PANEL = """
import json, resource, time
import ipywidgets as widgets
import numpy as np
import workbench as wb
from bokeh.models import ColumnDataSource
from workbench.panels.bokeh_pane import BokehPane, live_figure
from workbench.panels.live_view import LiveView
from workbench.panels.packet_flow import PacketFlow
from workbench.panels.pump import Pump

class Stopwatch:
    # Notes when each numbered message was made, and when its paint was acknowledged.
    def __init__(self, pane):
        self.made, self.lags_s, self.pane = {}, [], pane
        send, account = pane._broadcast, pane._account
        def broadcast(content, buffers=()):
            began = time.monotonic()
            heard = send(content, buffers)
            if heard:
                self.made[pane._seq] = began
            return heard
        def acknowledged(name, kind, content):
            if kind == "ack":
                for seq in [s for s in self.made if s <= content.get("seq", 0)]:
                    self.lags_s.append(time.monotonic() - self.made.pop(seq))
            account(name, kind, content)
        pane._broadcast, pane._account = broadcast, acknowledged

scenario = wb.Scenario(clients=200, traffic_per_client_per_s=0.1, cover_per_client_per_s=0.4,
    drop_cover_per_client_per_s=0.1, layers=3, width=4, delay_s=0.5, seed=41)
live = wb.LiveMixnet(scenario)
flow = PacketFlow(scenario)
x = np.arange(300.0)
sources = [ColumnDataSource({"x": x, "y": x * 0}) for _ in range(FIGURES)]
panes = []
for source in sources:
    plot = live_figure(height=180, x_range=(0, 300), y_range=(0, 12))
    plot.line("x", "y", source=source)
    panes.append(BokehPane(plot))
clocks = [Stopwatch(pane) for pane in panes]
flow_clock = Stopwatch(flow)
pools = np.zeros(300)
def step(tick):
    frame = live.advance(tick.interval_s / flow.slow_down)
    flow.add_frame(frame)
    pools[:-1] = pools[1:]
    pools[-1] = frame.pools.mean()
    for source in sources:
        source.data = {"x": x, "y": pools + tick.number % 3 * 0.01}
pump = Pump(step, [flow, *panes], interval_s=INTERVAL)
def cpu_s():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
def memory_mb():
    with open("/proc/self/statm") as out:
        return int(out.read().split()[1]) * resource.getpagesize() / 1e6
widgets.VBox([flow, widgets.HBox(panes)])
"""
STATE = """{"acked": [len(c.lags_s) for c in clocks], "lags": [c.lags_s for c in clocks],
    "flow_lags": flow_clock.lags_s, "cpu_s": cpu_s(), "at": time.monotonic(),
    "memory_mb": memory_mb(), "steps": pump.steps, "held_back": pump.held_back}"""
FRAMES = "() => [document.querySelector('.wb-flow').mixnetFlow.frames(), performance.now()]"


def measure(figures: int = 2, seconds: float = 30.0, interval_s: float = 0.1) -> list[Row]:
    """Open the panel, let it run for so long, and say what was seen."""
    cell = PANEL.replace("FIGURES", str(figures)).replace("INTERVAL", str(interval_s))
    with (
        serve_lab() as server,
        start_chromium(server) as browser,
        browser.open_cells([cell], run=True) as lab,
    ):
        lab.page.wait_for_selector('.wb-flow[data-live="true"]')
        lab.page.evaluate("() => document.querySelector('.wb-flow').scrollIntoView()")
        lab.page.wait_for_timeout(3000)
        rows = _playing(lab, figures, seconds)
        lab.in_kernel("0", "pump.pause()")
        lab.page.wait_for_timeout(1000)
        rows.append(_paused(lab))
        outside = len(lab.outside_requests)
    return [*rows, Row("requests that left the machine", outside, "", "0")]


def _playing(lab: LabPage, figures: int, seconds: float) -> list[Row]:
    before, frames_before = lab.in_kernel(STATE), lab.page.evaluate(FRAMES)
    lab.page.wait_for_timeout(seconds * 1000)
    after, frames_after = lab.in_kernel(STATE), lab.page.evaluate(FRAMES)
    span_s = after["at"] - before["at"]
    frames = (frames_after[0] - frames_before[0]) / (frames_after[1] - frames_before[1]) * 1000
    rows = [Row("flow, frames painted", frames, "1/s", "at least 50")]
    for number in range(figures):
        updates = (after["acked"][number] - before["acked"][number]) / span_s
        lags = after["lags"][number][before["acked"][number] :]
        rows += [
            Row(f"figure {number + 1}, updates painted", updates, "1/s", "at least 10"),
            Row(
                f"figure {number + 1}, lag to paint, p95",
                _p95(lags) * 1000,
                "ms",
                "at most 150, not growing",
                note=f"first half {_p95(lags[: len(lags) // 2]) * 1000:.0f}, "
                f"second half {_p95(lags[len(lags) // 2 :]) * 1000:.0f}",
            ),
        ]
    cpu = (after["cpu_s"] - before["cpu_s"]) / span_s
    rows += [
        Row("kernel, share of one core, playing", 100 * cpu, "%", "at most 40"),
        Row("kernel, memory", after["memory_mb"], "MB", "under 400"),
        Row("steps held back", after["held_back"] - before["held_back"], "", ""),
    ]
    return rows


def _paused(lab: LabPage, seconds: float = 5.0) -> Row:
    before = lab.in_kernel(STATE)
    lab.page.wait_for_timeout(seconds * 1000)
    after = lab.in_kernel(STATE)
    share = (after["cpu_s"] - before["cpu_s"]) / (after["at"] - before["at"])
    return Row("kernel, share of one core, paused", 100 * share, "%", "under 2")


def _p95(values: list[float]) -> float:
    return sorted(values)[int(0.95 * (len(values) - 1))] if values else float("nan")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--figures", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--interval", type=float, default=0.1)
    parser.add_argument("--json", action="store_true")
    given: Any = parser.parse_args()
    rows = measure(given.figures, given.seconds, given.interval)
    if given.json:
        print(json.dumps([vars(row) for row in rows]))
    else:
        print_table(rows, "Live panels in Chromium")


if __name__ == "__main__":
    main()
