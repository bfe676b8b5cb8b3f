"""What every benchmark shares: a row of the table, honest clocks, and the table itself."""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Row:
    """One measured figure beside what was asked of it.

    `ratio` is the figure that the target speaks of when it is a ratio (1.4x the sum of the
    primitives), measured in the same run; `floor_or_target` says the target in words.
    """

    name: str
    value: float | str
    unit: str = ""
    floor_or_target: str = ""
    ratio: float | None = None
    note: str = ""


def cpu_s(work: Callable[[], object], repeats: int = 5) -> float:
    """Least CPU time of one call in seconds: the run that others disturbed least."""
    return min(_timed(work, time.process_time) for _ in range(repeats))


def wall_s(work: Callable[[], object], repeats: int = 5) -> float:
    """Least wall-clock time of one call in seconds."""
    return min(_timed(work, time.perf_counter) for _ in range(repeats))


def _timed(work: Callable[[], object], clock: Callable[[], float]) -> float:
    start = clock()
    work()
    return clock() - start


def print_table(rows: Sequence[Row], title: str = "") -> None:
    """One aligned table on the screen; numbers to the right, words to the left."""
    if title:
        print(title)
    head = ("what", "value", "unit", "ratio", "target", "note")
    lines = [head, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for number, line in enumerate(lines):
        print("  ".join(_padded(line, widths)).rstrip())
        if number == 0:
            print("  ".join("-" * width for width in widths))


def _cells(row: Row) -> tuple[str, ...]:
    value = row.value if isinstance(row.value, str) else number_text(row.value)
    ratio = "" if row.ratio is None else f"{row.ratio:.2f}x"
    return (row.name, value, row.unit, ratio, row.floor_or_target, row.note)


def _padded(line: Sequence[str], widths: Sequence[int]) -> list[str]:
    numbers = {1, 3}
    return [
        text.rjust(width) if column in numbers else text.ljust(width)
        for column, (text, width) in enumerate(zip(line, widths, strict=True))
    ]


def number_text(value: float) -> str:
    """Three significant digits, with thousands grouped: what a reader can compare."""
    if value == 0 or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def machine() -> str:
    """The machine in one line, so that a figure is never read without it."""
    return (
        f"{_processor()}, {os.cpu_count()} cores; {platform.system()} {platform.release()}; "
        f"Python {sys.version.split()[0]}"
    )


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
