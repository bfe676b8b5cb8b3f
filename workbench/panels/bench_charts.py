"""The workbench's two live figures: entropy over the last minute, and latency.

Both are set from Python: ranges, ticks and labels; only the room for the names of the entropy
figure's lines is measured in the page. A third and fourth live figure would be
more than a page can carry (docs/live_panels.md), so the rest are bars in plain HTML.
"""

from __future__ import annotations

import math
import re
from typing import Any, Final

import numpy as np
from bokeh.models import ColumnDataSource, CustomJS, FixedTicker, LabelSet, Range1d
from numpy.typing import NDArray

from workbench.panels import palette
from workbench.panels.bokeh_pane import BokehPane, live_figure
from workbench.panels.knob_words import nice_above
from workbench.panels.live_model import HISTORY_S, Mark, Measured
from workbench.scenario import Scenario

HEIGHT, ROOM_HEIGHT = 230, 360  # px; the second for large type
# Beyond "now" stand the lines' names. They are as wide on any page, so each page that draws the
# figure says how many seconds they take there, from its own width; until then it is NAMES_S.
NAMES_S = 14.0
NAMES_PX, ROOM_NAMES_PX = 70, 122
FIT_NAMES = """
    const past = -axis.start, wide = plot.inner_width;
    if (wide > 2 * names_px) axis.end = past * names_px / (wide - names_px);
"""
# Marks' labels stand in two lines each, in two rows. A letter takes so many seconds of the axis
# where it takes most: on a telephone, and in a room's large type.
LETTER_S = 2.3
LABEL_ROWS = (0.83, 0.65)  # of the axis, where a label's foot stands; lines stay below
MOST_HIGH, HEADROOM = 0.75, 1.55
BINS = 32
BLUE = palette.MEANING["anonymity"]
INK = "#6b7280"  # readable on paper and on a dark page; carries no meaning
# What moves is painted on bokeh's upper canvas: paper, axes, grid and title below it are then
# painted once and not at every update. That canvas is not clipped, so data end at the axes.
MOVING: Final = "overlay"


class EntropyChart:
    """Bits over the last minute: measured median and worst 5 %, expected, closed form."""

    def __init__(self, **options: Any) -> None:
        empty: dict[str, list[float]] = {
            name: [] for name in ("ago", "median", "worst", "expected", "formula")
        }
        self.source = ColumnDataSource({**empty}, name="entropy")
        self.ghost = ColumnDataSource({"x0": [], "x1": [], "y": []})
        self.marks = ColumnDataSource(
            {"x": [], "low": [], "high": [], "text": [], "y": [], "off": [], "align": []}
        )
        self.labels = ColumnDataSource({"x": [], "y": [], "text": []})
        self.range = Range1d(start=0, end=10)
        across = Range1d(start=-HISTORY_S, end=NAMES_S)
        plot = live_figure(
            title="Entropy, bits",
            height=HEIGHT,
            x_range=across,
            y_range=self.range,
        )
        plot.xaxis.ticker = FixedTicker(ticks=[-60, -45, -30, -15, 0])
        plot.xaxis.major_label_overrides = {
            -60: "60 s ago", -45: "45", -30: "30", -15: "15", 0: "now"
        }  # fmt: skip
        plot.xgrid.visible = False
        shared = {"x": "ago", "source": self.source, "color": BLUE, "level": MOVING}
        plot.segment("x0", "y", "x1", "y", source=self.ghost, color=INK, line_dash="dotdash",
                     line_width=1.5, level=MOVING)  # fmt: skip
        plot.line(y="median", **shared)
        plot.line(y="worst", line_dash="dashed", **shared)
        plot.line(y="expected", line_dash="dotted", **shared)
        plot.line(y="formula", **{**shared, "color": INK}, line_width=1)
        plot.segment("x", "low", "x", "high", source=self.marks, color=INK, line_dash="dotted",
                     line_width=1.5, level=MOVING)  # fmt: skip
        plot.add_layout(
            LabelSet(x="x", y="y", text="text", source=self.marks, x_offset="off",
                     text_align="align", text_line_height=1.0, level=MOVING)
        )  # fmt: skip
        plot.add_layout(
            LabelSet(x="x", y="y", text="text", source=self.labels, x_offset=4,
                     text_baseline="middle", level=MOVING)
        )  # fmt: skip
        self.fitting = CustomJS(args={"plot": plot, "axis": across}, code=FIT_NAMES)
        plot.js_on_change("inner_width", self.fitting)
        self.plot = plot
        self.pane = BokehPane(plot, alt="Entropy over the last minute", **options)
        self.pane.observe(lambda _: self._dress(), "presenter")
        self._dress()

    def _dress(self) -> None:
        is_large = self.pane.presenter
        self.plot.height = ROOM_HEIGHT if is_large else HEIGHT
        names_px = ROOM_NAMES_PX if is_large else NAMES_PX
        self.fitting.args = {**self.fitting.args, "names_px": names_px}

    def show(self, measured: Measured, was_expected: float | None) -> None:
        """Everything anew: a minute is a few hundred numbers."""
        points = measured.points
        points = points[points[:, 0] >= measured.watched_s - HISTORY_S]
        ago = points[:, 0] - measured.watched_s
        columns = dict(
            zip(("median", "worst", "expected", "formula"), points[:, 1:].T, strict=True)
        )
        self._fit(points[:, 1:], was_expected)
        top = float(self.range.end)
        self.source.data = {
            "ago": ago.astype(np.float32),
            **{name: values.astype(np.float32) for name, values in columns.items()},
        }
        self._show_marks(measured, top, was_expected)
        self._name_the_lines(columns, top)

    def _fit(self, values: NDArray[np.float64], was: float | None) -> None:
        """From zero to the labels' room above; moved only when it must, so the eye can rest."""
        known = values[~np.isnan(values)]
        most = max([float(known.max()) if len(known) else 1.0, was or 0.0])
        wanted = max(2.0, math.ceil(most * HEADROOM))
        if most > MOST_HIGH * float(self.range.end) or wanted < 0.6 * float(self.range.end):
            self.range.end = wanted

    def _show_marks(self, measured: Measured, top: float, was: float | None) -> None:
        seen = [m for m in measured.marks if measured.watched_s - m.at_s <= HISTORY_S]
        now_s = measured.watched_s
        at = [m.at_s - now_s for m in seen]
        placed = placed_labels(seen, now_s)
        marks: dict[str, list[Any]] = {
            "x": at,
            "low": [0.0] * len(seen),
            "high": [top] * len(seen),
            "text": [text for text, _ in placed],
            "y": [top * LABEL_ROWS[row] for _, row in placed],
            # Written towards the side where there is room.
            "off": [4 if _is_written_right(x) else -4 for x in at],
            "align": ["left" if _is_written_right(x) else "right" for x in at],
        }
        ghosts = [] if was is None or not seen else [was]
        ghost: dict[str, list[Any]] = {
            "x0": [at[-1] for _ in ghosts],
            "x1": [0.0 for _ in ghosts],
            "y": ghosts,
        }
        _tell(self.marks, marks)
        _tell(self.ghost, ghost)

    def _name_the_lines(self, columns: dict[str, NDArray[np.float64]], top: float) -> None:
        """A word at the right end of each line, pushed apart where they meet."""
        names = {"median": "median", "worst": "worst 5 %", "expected": "expected",
                 "formula": "formula"}  # fmt: skip
        ends: list[tuple[float, str]] = []
        for name, values in columns.items():
            if len(values) and not math.isnan(values[-1]):
                ends.append((float(values[-1]), names[name]))
        ends.sort()
        least = (0.085 if self.pane.presenter else 0.075) * top
        heights = apart([height for height, _ in ends], least, 0.7 * least, 0.95 * top)
        labels: dict[str, list[Any]] = {
            "x": [0.0] * len(ends),
            "y": heights,
            "text": [text for _, text in ends],
        }
        _tell(self.labels, labels)


def apart(heights: list[float], least: float, lowest: float, highest: float) -> list[float]:
    """Rising heights moved as little as leaves them ``least`` apart, from lowest to highest.

    The lowest stands above the axis' own line, so that it does not strike a name through.
    """
    found: list[float] = []
    for height in heights:
        found.append(max(height, found[-1] + least if found else lowest))
    for i in reversed(range(len(found))):  # and back down from the upper edge
        found[i] = min(found[i], found[i + 1] - least if i + 1 < len(found) else highest)
    return found


def placed_labels(marks: list[Mark], now_s: float) -> list[tuple[str, int]]:
    """For each mark its label, and the row where it stands: empty where there is no room.

    The newest comes first: it takes the upper row, and an older one whose place is taken in
    both rows goes without its words until it has moved on.
    """
    taken: list[list[tuple[float, float]]] = [[] for _ in LABEL_ROWS]
    found: list[tuple[str, int]] = []
    for mark in reversed(marks):
        text, at = label_text(mark), mark.at_s - now_s
        wide = LETTER_S * max(map(len, text.split("\n"))) + 1.0
        left, right = (at, at + wide) if _is_written_right(at) else (at - wide, at)
        row = next(
            (r for r, row in enumerate(taken) if all(right <= a or b <= left for a, b in row)),
            None,
        )
        if row is None:
            found.append(("", 0))
            continue
        taken[row].append((left, right))
        found.append((text, row))
    return found[::-1]


def label_text(mark: Mark) -> str:
    """A mark in two lines: which knob, and from what to what; "2 settings changed" in one."""
    text = re.sub(r" \([^)]*\)", "", mark.text).replace(" packets/s", "/s")
    knob = Scenario.knobs().get(mark.knob)
    name = knob.label.lower() if knob else ""
    return f"{name}\n{text.removeprefix(name).strip()}" if name else text


def _is_written_right(at: float) -> bool:
    return at < -HISTORY_S / 2


class LatencyChart:
    """How long real packets took, as shares; the setting before as an outline."""

    def __init__(self, **options: Any) -> None:
        self.source = ColumnDataSource({"left": [], "right": [], "share": []}, name="latency")
        self.ghost = ColumnDataSource({"x": [], "y": []})
        self.median = ColumnDataSource({"x": [], "low": [], "high": [], "text": []})
        self.across, self.up = Range1d(start=0, end=4), Range1d(start=0, end=10)
        plot = live_figure(
            title="Latency, s (share in %)",
            height=HEIGHT, x_range=self.across, y_range=self.up,
        )  # fmt: skip
        plot.xgrid.visible = False
        plot.quad("left", "right", "share", 0, source=self.source, color=INK, line_color=None,
                  fill_alpha=0.75, level=MOVING)  # fmt: skip
        plot.step("x", "y", source=self.ghost, mode="after", color=INK, line_dash="dotted",
                  line_width=2, level=MOVING)  # fmt: skip
        plot.segment("x", "low", "x", "high", source=self.median, color=INK, line_width=2,
                     level=MOVING)  # fmt: skip
        self.half = LabelSet(x="x", y="high", text="text", source=self.median, x_offset=5,
                             level=MOVING)  # fmt: skip
        plot.add_layout(self.half)
        self.plot = plot
        self.pane = BokehPane(plot, alt="Latency of real packets", **options)
        self.pane.observe(lambda _: self._dress(), "presenter")
        self._dress()
        self._shown_s: NDArray[np.float64] = np.zeros(0)
        self._before_s: NDArray[np.float64] = np.zeros(0)
        self._top = 0.0

    def _dress(self) -> None:
        self.plot.height = ROOM_HEIGHT if self.pane.presenter else HEIGHT
        self.half.y_offset = -26 if self.pane.presenter else -14  # its own height, below the edge

    def keep_outline(self) -> None:
        """What is shown now becomes the outline of what was before."""
        self._before_s = self._shown_s

    def fit(self, journey_s: float) -> None:
        """A range for journeys of this mean length."""
        end = nice_above(max(2.6 * journey_s, 1e-3) if journey_s > 0 else 0.1)
        self.across.end = end
        self._top = 0.0

    def forget(self) -> None:
        """No outline: another network."""
        self._shown_s = self._before_s = np.zeros(0)
        self.ghost.data = {"x": [], "y": []}

    def show(self, latencies_s: NDArray[np.float64]) -> None:
        """The last delivered packets as a histogram."""
        self._shown_s = latencies_s
        shares, edges = self._binned(latencies_s)
        most = float(shares.max()) if len(shares) else 0.0
        if most * 1.08 > self._top or most * 2 < self._top:
            self._top = max(5.0, math.ceil(most * 1.25))
            self.up.end = self._top
        if len(self._before_s):
            before, _ = self._binned(self._before_s)
            outline = np.minimum(np.append(before, 0.0), self._top)
            _tell(self.ghost, {"x": edges.tolist(), "y": outline.tolist()})
        self.source.data = {"left": edges[:-1], "right": edges[1:], "share": shares}
        known = len(latencies_s) > 0
        half = float(np.median(latencies_s)) if known else 0.0
        median: dict[str, list[Any]] = {
            "x": [half] if known else [],
            "low": [0.0] if known else [],
            "high": [self._top] if known else [],
            "text": [f"half within {half:.2g} s"] if known else [],
        }
        _tell(self.median, median)

    def _binned(self, latencies_s: NDArray[np.float64]) -> tuple[NDArray[Any], NDArray[Any]]:
        end = float(self.across.end)
        counts, edges = np.histogram(latencies_s, bins=BINS, range=(0.0, end))
        return 100.0 * counts / max(len(latencies_s), 1), edges


def _tell(source: ColumnDataSource, data: dict[str, list[Any]]) -> None:
    """Set a source's columns where they changed: the same again would be painted again."""
    if dict(source.data) != data:
        source.data = data
