"""The workbench's two live figures: entropy over the last minute, and latency.

Both are set from Python: ranges, ticks and labels. A third and fourth live figure would be
more than a page can carry (docs/live_panels.md), so the rest are bars in plain HTML.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
from bokeh.models import ColumnDataSource, FixedTicker, LabelSet, Range1d
from numpy.typing import NDArray

from workbench.panels import palette
from workbench.panels.bench_settings import nice_above
from workbench.panels.bokeh_pane import BokehPane, live_figure
from workbench.panels.live_model import HISTORY_S, Measured

HEIGHT, ROOM_HEIGHT = 230, 360  # px; the second for large type
# Beyond "now": where the lines' names stand, whole on a telephone of 360 px, too.
NAMES_S = 20.0
BINS = 32
BLUE = palette.MEANING["anonymity"]
INK = "#6b7280"  # readable on paper and on a dark page; carries no meaning
# What moves is painted on bokeh's upper canvas: paper, axes, grid and title below it are then
# painted once and not at every update. That canvas is not clipped, so data end at the axes.
MOVING = "overlay"


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
        self.range = Range1d(0, 10)
        plot = live_figure(
            title="Entropy, bits",
            height=HEIGHT,
            x_range=(-HISTORY_S, NAMES_S),
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
                     text_align="align", level=MOVING)
        )  # fmt: skip
        plot.add_layout(
            LabelSet(x="x", y="y", text="text", source=self.labels, x_offset=4,
                     text_baseline="middle", level=MOVING)
        )  # fmt: skip
        self.plot = plot
        self.pane = BokehPane(plot, alt="Entropy over the last minute", **options)
        self.pane.observe(lambda _: self._dress(), "presenter")
        self._dress()

    def _dress(self) -> None:
        is_large = self.pane.presenter
        self.plot.height = ROOM_HEIGHT if is_large else HEIGHT

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
        """From zero to a little above; moved only when it must, so that the eye can rest."""
        known = values[~np.isnan(values)]
        most = max([float(known.max()) if len(known) else 1.0, was or 0.0])
        wanted = max(2.0, math.ceil(most * 1.18))
        if most > 0.97 * float(self.range.end) or wanted < 0.6 * float(self.range.end):
            self.range.end = wanted

    def _show_marks(self, measured: Measured, top: float, was: float | None) -> None:
        seen = [m for m in measured.marks if measured.watched_s - m.at_s <= HISTORY_S]
        now_s = measured.watched_s
        at = [m.at_s - now_s for m in seen]
        # Labels of neighbours stand in turn on three lines; one too near the edge is left out.
        rows = [top * (0.93 - 0.085 * (i % 3)) for i in range(len(seen))]
        marks = {
            "x": at,
            "low": [0.0] * len(seen),
            "high": [top] * len(seen),
            "text": [m.text for m in seen],
            "y": rows,
            # Written towards the side where there is room.
            "off": [4 if x < -30 else -4 for x in at],
            "align": ["left" if x < -30 else "right" for x in at],
        }  # fmt: skip
        ghosts = [] if was is None or not seen else [was]
        ghost = {"x0": [at[-1] for _ in ghosts], "x1": [0.0 for _ in ghosts], "y": ghosts}
        _tell(self.marks, marks)
        _tell(self.ghost, ghost)

    def _name_the_lines(self, columns: dict[str, NDArray[np.float64]], top: float) -> None:
        """A word at the right end of each line, pushed apart where they meet."""
        names = {"median": "median", "worst": "worst 5 %", "expected": "expected",
                 "formula": "formula"}  # fmt: skip
        ends = []
        for name, values in columns.items():
            if len(values) and not math.isnan(values[-1]):
                ends.append([float(values[-1]), names[name]])
        ends.sort(key=lambda pair: pair[0])
        least = (0.085 if self.pane.presenter else 0.075) * top
        for lower, upper in pairwise(ends):
            upper[0] = max(upper[0], lower[0] + least)
        for above, below in pairwise([*ends, [top * 0.95 + least, ""]][::-1]):
            below[0] = min(below[0], above[0] - least)  # and back down from the upper edge
        labels = {
            "x": [0.0] * len(ends),
            "y": [height for height, _ in ends],
            "text": [text for _, text in ends],
        }
        _tell(self.labels, labels)


class LatencyChart:
    """How long real packets took, as shares; the setting before as an outline."""

    def __init__(self, **options: Any) -> None:
        self.source = ColumnDataSource({"left": [], "right": [], "share": []}, name="latency")
        self.ghost = ColumnDataSource({"x": [], "y": []})
        self.median = ColumnDataSource({"x": [], "low": [], "high": [], "text": []})
        self.across, self.up = Range1d(0, 4), Range1d(0, 10)
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
        end = nice_above(max(2.6 * journey_s, 1e-3))
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
        median = {
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
