# mypy: disable-error-code="import-untyped"
"""Measure the workbench panel at its defaults in a real Lab; one table (`make bench-live`).

    python -m benchmarks.live                 about two minutes
    python -m benchmarks.live --minutes 30    with a soak of half an hour
    python -m benchmarks.live --lessons       what the short path's lessons weigh, open at once

Lag is from the kernel's clock, written beside a figure's data, to the frame after bokeh painted
it; both run on one machine, so the clocks are one. Keys are pressed in the browser.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil

from benchmarks.common import Row, machine, print_table

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "tests" / "support"))

from lab_in_chromium import LabPage, serve_lab, start_chromium  # noqa: E402

CELL = (
    "from workbench.panels.workbench_panel import workbench_panel\npanel = workbench_panel(); panel"
)
COUNTS = "[panel.pump.steps, panel.pump.held_back, panel.pump.late]"
MEMORY_LOOKS = 12
SHORT_PATH = ("01", "03", "05", "07", "08")
KNOWN = "() => /[0-9]/.test(document.querySelector('.wb-answer-expected .wb-bits')?.textContent)"


def measure(lab: LabPage, run_s: float, keys: int) -> list[Row]:
    """All figures of one page."""
    kernel = psutil.Process(lab.kernel_pid())
    lab.in_kernel("0", (HERE / "stamp.py").read_text(encoding="utf-8"))
    lab.page.evaluate((HERE / "probe.js").read_text(encoding="utf-8"))
    lab.page.wait_for_timeout(3000)
    lab.page.evaluate("() => window.liveProbe.reset()")
    before = lab.in_kernel(COUNTS)
    cpu, began = _cpu_s(kernel), time.monotonic()
    memory = [kernel.memory_info().rss / 1e6]
    for _ in range(MEMORY_LOOKS):
        lab.page.wait_for_timeout(1000 * run_s / MEMORY_LOOKS)
        memory.append(kernel.memory_info().rss / 1e6)
    span = time.monotonic() - began
    made = lab.in_kernel(COUNTS)
    playing = (_cpu_s(kernel) - cpu) / span
    probe = lab.page.evaluate(
        "() => ({frames: window.liveProbe.frames.length, lags: window.liveProbe.lags, "
        "entropy: window.liveProbe.charts.entropy.length, "
        "latency: window.liveProbe.charts.latency.length, news: window.liveProbe.news})"
    )
    lags = probe["lags"] or [float("nan")]
    third = max(1, len(lags) // 3)
    growth = share(lags[-third:], 0.5) - share(lags[:third], 0.5)
    told = [_pressed(lab, "ArrowRight" if k % 2 else "ArrowLeft") for k in range(keys)]
    lab.in_kernel("0", "panel._do('pause', {}, '')")
    lab.page.wait_for_timeout(1500)
    resting = _share_of_core(lab, kernel)
    lab.in_kernel("0", "panel._do('play', {}, '')")
    lab.page.evaluate("() => { document.querySelector('.wb-bench').style.marginTop = '6000px'; }")
    lab.page.wait_for_timeout(3000)
    unseen = _share_of_core(lab, kernel)
    return [
        Row(
            "steps of the kernel",
            (made[0] - before[0]) / span,
            "steps/s",
            "12.5 at most",
            note=f"{made[1] - before[1]} held back, {made[2] - before[2]} late",
        ),
        *(
            Row(
                f"{name} figure",
                probe[name] / span,
                "updates/s",
                ">= 10",
                note=f"{probe['news'][name] / span:.1f}/s with other values",
            )
            for name in ("entropy", "latency")
        ),
        Row("packet flow", probe["frames"] / span, "frames/s", ">= 50"),
        Row("lag, kernel to paint, p95", share(lags, 0.95), "ms", "<= 150"),
        Row("lag, last third less first", growth, "ms", "not growing"),
        Row("key to first sign, p95", share([sign for sign, *_ in told], 0.95), "ms", "<= 100"),
        Row(
            "key to painted expected, p95",
            share([answer for _, answer, _ in told], 0.95),
            "ms",
            "<= 250",
            note=f"{sum(made for *_, made in told)} answers simulated for {keys} keys",
        ),
        Row("kernel while playing", 100 * playing, "% of a core", "<= 40"),
        Row("kernel while paused", 100 * resting, "% of a core", "< 2"),
        Row("kernel while out of sight", 100 * unseen, "% of a core", "< 2"),
        Row("kernel memory", kernel.memory_info().rss / 1e6, "MB", "< 400"),
        Row(
            f"memory grown in {span:.0f} s",
            memory[-1] - memory[0],
            "MB",
            "flat",
            note=f"last half {memory[-1] - memory[MEMORY_LOOKS // 2]:.1f}; "
            + " ".join(f"{one:.0f}" for one in memory),
        ),
        Row("requests that left the machine", len(lab.outside_requests), "", "0"),
    ]


def _pressed(lab: LabPage, key: str) -> tuple[float, float, int]:
    """Milliseconds from a key on a slider to the first sign and to the expected value.

    The kernel forgets its answers before, so that each key's is simulated: the third value
    is how many it has again.
    """
    lab.in_kernel("0", "panel._answers._known.clear()")
    lab.page.evaluate("() => window.liveProbe.awaitKey()")
    lab.page.keyboard.press(key)
    sign, answer = lab.page.evaluate("() => window.liveProbe.timed")
    return float(sign), float(answer), int(lab.in_kernel("len(panel._answers.known)"))


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _share_of_core(lab: LabPage, process: psutil.Process, span_s: float = 8.0) -> float:
    began, cpu = time.monotonic(), _cpu_s(process)
    lab.page.wait_for_timeout(1000 * span_s)
    return (_cpu_s(process) - cpu) / (time.monotonic() - began)


def share(values: Sequence[float], part: float) -> float:
    """The value that a part of all stay at or below."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def stolen_share(before: Any, after: Any) -> float:
    """The part of the processor time wanted here that a shared machine gave to its others.

    0 where the system does not tell. Above a few per cent the rates and lags are the host's.
    """
    spent = {name: getattr(after, name) - getattr(before, name) for name in after._fields}
    stolen = float(spent.pop("steal", 0.0))
    wanted = stolen + sum(v for name, v in spent.items() if name not in ("idle", "iowait"))
    return stolen / wanted if wanted > 0.0 else 0.0


def opening(lab: LabPage) -> list[Row]:
    """Run the cell and time what a person waits for."""
    began = time.monotonic()
    lab.page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells'); }")
    lab.page.wait_for_selector('.wb-flow[data-live="true"]', timeout=120_000)
    lab.page.wait_for_selector('.wb-console[data-live="true"]', timeout=120_000)
    frame_s = time.monotonic() - began
    lab.page.wait_for_function(KNOWN, timeout=180_000)
    number_s = time.monotonic() - began
    return [
        Row("run to frame and sliders", frame_s, "s", "<= 2"),
        Row("run to first simulated number", number_s, "s", "<= 4, warm cache"),
    ]


def lessons_at_once() -> list[Row]:
    """The memory of the short path's lessons, all open and run: server and kernels."""
    with serve_lab() as server, start_chromium(server) as browser, ExitStack() as pages:
        names = [
            next(p.name for p in (server.root / "lessons").glob(f"{number}_*.ipynb"))
            for number in SHORT_PATH
        ]
        opened = [pages.enter_context(browser.open(name, run=True)) for name in names]
        opened[-1].page.wait_for_timeout(5000)
        lab = psutil.Process(server.process.pid)
        kernels = {one.pid: one for one in lab.children(recursive=True)}
        rows = [
            Row(name.removesuffix(".ipynb"), _weight_mb(kernels[page.kernel_pid()]), "MB")
            for name, page in zip(names, opened, strict=True)
        ]
        total = _weight_mb(lab) + sum(map(_weight_mb, kernels.values()))
        outside = sum(len(page.outside_requests) for page in opened)
    return [
        *rows,
        Row("all kernels and the server", total, "MB", "< 1500"),
        Row("requests that left the machine", outside, "", "0"),
    ]


def _weight_mb(process: psutil.Process) -> float:
    """Proportional set size: pages that processes share count once in the sum."""
    memory = process.memory_full_info()
    return float(getattr(memory, "pss", memory.rss)) / 1e6


def main(arguments: Sequence[str] | None = None) -> int:
    """One page, one table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.live", description=__doc__)
    parser.add_argument("--minutes", type=float, default=0.5, help="how long it is watched")
    parser.add_argument("--keys", type=int, default=30, help="slider moves that are timed")
    parser.add_argument("--lessons", action="store_true", help="weigh the short path instead")
    given = parser.parse_args(arguments)
    if given.lessons:
        print_table(lessons_at_once(), "The short path's lessons, open at once")
        print(f"\n{machine()}")
        return 0
    before = psutil.cpu_times()
    with (
        serve_lab() as server,
        start_chromium(server) as browser,
        browser.open_cells([CELL], viewport=(1280, 1300)) as lab,
    ):
        rows = opening(lab)
        rows += measure(lab, 60.0 * given.minutes, given.keys)
    print_table(rows, "The workbench panel at its defaults, two figures and the flow live")
    load = psutil.getloadavg()[0]
    print(f"\n{machine()}; software rendering; load {load:.1f} at the end; ", end="")
    print(
        f"{100 * stolen_share(before, psutil.cpu_times()):.0f} % of the wanted time went to others"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
