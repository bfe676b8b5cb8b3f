"""Two minutes of the workbench at its defaults: memory stays flat, the picture keeps up.

What grows without end shows after a minute, when the histories are full. Bounds are wide: a
loaded machine is slow, but it neither leaks nor falls behind by more and more.
"""

from __future__ import annotations

from statistics import median

import psutil
import pytest
from lab_in_chromium import PROJECT
from live_page import comes, ready

LIVE = PROJECT / "benchmarks" / "live"
CELL = [
    "from workbench.panels.workbench_panel import workbench_panel\npanel = workbench_panel(); panel"
]
SOAK_S, SAMPLE_S = 120.0, 5.0
MOST_GROWN_MB = 10.0  # from the third half minute to the fourth
MOST_FALLEN_BEHIND_MS = 3000.0  # from the second half minute to the fourth


def quarters(values: list[float]) -> list[float]:
    """The median of each quarter."""
    size = len(values) // 4
    return [median(values[at * size : (at + 1) * size]) for at in range(4)]


def grows(memory_mb: list[float]) -> bool:
    """Whether memory grows still when the histories are full."""
    _, _, third, last = quarters(memory_mb)
    return last - third > MOST_GROWN_MB


def falls_behind(lags_ms: list[float]) -> bool:
    """Whether the picture is further behind the kernel as time goes on."""
    _, second, _, last = quarters(lags_ms)
    return last - second > MOST_FALLEN_BEHIND_MS


@pytest.mark.parametrize("rate", [0.5, 2.0])
def test_a_leak_and_a_queue_are_seen(rate):
    times = [SAMPLE_S * at for at in range(24)]
    assert grows([240.0 + rate * at for at in times])
    assert not grows([240.0 + min(at, 60.0) for at in times])
    assert falls_behind([80.0 + 200 * rate * at for at in times])
    assert not falls_behind([80.0 + at % 10 for at in times])


def test_two_minutes_leave_memory_flat_and_the_picture_in_time(open_cells):
    lab = open_cells(CELL, run=True)
    ready(lab, ".wb-console")
    assert comes(lab, "() => /\\d/.test(document.querySelector('.wb-bits').textContent)", None, 90)
    lab.in_kernel("0", (LIVE / "stamp.py").read_text(encoding="utf-8"))
    lab.page.evaluate((LIVE / "probe.js").read_text(encoding="utf-8"))
    arrived = "() => ['entropy', 'latency'].every((n) => window.liveProbe.charts[n].length > 2)"
    lab.page.wait_for_function(arrived, timeout=60_000)
    kernel = psutil.Process(lab.kernel_pid())
    memory_mb: list[float] = []
    lags_ms: list[float] = []
    for _ in range(int(SOAK_S / SAMPLE_S)):
        lab.page.evaluate("() => window.liveProbe.reset()")
        lab.page.wait_for_timeout(1000 * SAMPLE_S)
        lab.page.wait_for_function("() => window.liveProbe.lags.length > 0", timeout=60_000)
        memory_mb.append(kernel.memory_info().rss / 1e6)
        lags_ms.append(median(lab.page.evaluate("() => window.liveProbe.lags")))
    assert not grows(memory_mb), memory_mb
    assert max(memory_mb) < 400
    assert not falls_behind(lags_ms), lags_ms
    assert lab.in_kernel("panel.pump.state") == "playing"
