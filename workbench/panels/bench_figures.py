"""A place for the workbench's two figures, which are drawn once the rest of the panel stands.

Importing bokeh takes longer than all else that a first picture needs, and its script is a
megabyte for the page. So knobs and network come first; the figures join them.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING

import ipywidgets

from workbench.panels.live_model import Measured
from workbench.panels.live_view import LiveView

if TYPE_CHECKING:
    from workbench.panels.bench_charts import EntropyChart, LatencyChart

_CHARTS = "workbench.panels.bench_charts"


class Figures(ipywidgets.HBox):
    """Entropy and latency side by side; empty until :meth:`draw` or a look at one of them.

    Parameters
    ----------
    made : callable
        Called with the figures' live views once they are there.
    presenter : bool
        Type and lines for a room.
    """

    def __init__(self, made: Callable[..., None], *, presenter: bool) -> None:
        self._tell_made = made
        self._is_large = presenter
        self._journey_s = 1.0
        self._last: tuple[Measured, float | None] | None = None
        self._alt = "Entropy over the last minute"
        self._charts: tuple[EntropyChart, LatencyChart] | None = None
        super().__init__()
        self.add_class("wb-bench-charts")

    async def draw(self) -> None:
        """Import bokeh in a thread, then draw."""
        await asyncio.to_thread(importlib.import_module, _CHARTS)
        self._made()

    @property
    def entropy(self) -> EntropyChart:
        """The left figure."""
        return self._made()[0]

    @property
    def latency(self) -> LatencyChart:
        """The right figure."""
        return self._made()[1]

    @property
    def panes(self) -> tuple[LiveView, ...]:
        """The live views of the figures that are there."""
        return () if self._charts is None else tuple(chart.pane for chart in self._charts)

    def dress(self, presenter: bool) -> None:
        """Large type or not, now and when they are made."""
        self._is_large = presenter
        for pane in self.panes:
            pane.presenter = presenter

    def fit(self, journey_s: float) -> None:
        """Ranges for journeys of this mean length."""
        self._journey_s = journey_s
        if self._charts is not None:
            self.latency.fit(journey_s)

    def keep_outline(self) -> None:
        """What is shown now becomes the outline of what was before."""
        if self._charts is not None:
            self.latency.keep_outline()

    def forget(self) -> None:
        """Another network: nothing shown, no outline."""
        self._last = None
        if self._charts is not None:
            self.latency.forget()

    def show(self, measured: Measured, was_expected: float | None) -> None:
        """What has been measured by now, on both."""
        self._last = (measured, was_expected)
        if self._charts is not None:
            entropy, latency = self._charts
            entropy.show(measured, was_expected)
            latency.show(measured.latencies_s)

    def describe(self, alt: str) -> None:
        """The entropy figure in words."""
        self._alt = alt
        if self._charts is not None:
            self.entropy.pane.alt = alt

    def _made(self) -> tuple[EntropyChart, LatencyChart]:
        if self._charts is None:
            charts = importlib.import_module(_CHARTS)
            options = {"presenter": self._is_large}
            self._charts = (charts.EntropyChart(**options), charts.LatencyChart(**options))
            self.fit(self._journey_s)
            self.describe(self._alt)
            if self._last is not None:
                self.show(*self._last)
            self._tell_made(*self.panes)
            self.children = self.panes
        return self._charts
