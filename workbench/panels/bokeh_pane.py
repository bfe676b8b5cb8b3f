"""Bokeh figures inside ipywidgets layouts, live, with nothing fetched from anywhere.

    figure = live_figure(title="Entropy, bits", height=220)
    pane = BokehPane(figure, alt="Entropy over the last minute")
    widgets.HBox([controls, pane])

Change the figure's models as ever; every change reaches every view. The transport is
live_view.py's: one message per turn of the event loop, and while a view has not painted the
last ones, changes wait and are joined. Data goes one way, from the kernel to the page.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import bokeh
import traitlets
from bokeh.core.json_encoder import serialize_json
from bokeh.core.serialization import Buffer, Serializer
from bokeh.document import Document
from bokeh.document.events import (
    ColumnDataChangedEvent,
    ColumnsPatchedEvent,
    ColumnsStreamedEvent,
    DocumentChangedEvent,
    DocumentPatchedEvent,
)
from bokeh.model import Model
from bokeh.plotting import figure
from bokeh.themes import Theme

from workbench.errors import WorkbenchError
from workbench.panels import controls, palette
from workbench.panels.live_view import LiveView
from workbench.panels.turns import Buffers

# Lab's own typeface: a canvas knows no CSS variables, so it is named once more.
TYPEFACE = 'system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif'
MOST_PENDING = 500  # beyond this a fresh start is cheaper than the patches


class BokehPane(LiveView):
    """A bokeh figure or layout as a widget.

    Parameters
    ----------
    *roots : bokeh model
        One figure, or several (drawn below each other). Live figures have no pan or wheel
        tools and a range set from Python: see :func:`live_figure`.
    alt : str
        What the picture shows, in words, for who cannot see it. May be changed at any time.
    settings : callable, optional
        The settings as a line of code, for the day the kernel falls silent.
    presenter : bool
        20 pt and thick lines.

    Raises
    ------
    WorkbenchError
        Something that is no bokeh model, or one that another document owns.
    """

    alt = traitlets.Unicode("a chart").tag(sync=True)
    scripts = ("bokeh_pane.js",)
    _bokeh = traitlets.Unicode(bokeh.__version__).tag(sync=True)

    def __init__(self, *roots: Model, alt: str = "a chart", **options: Any) -> None:
        if not roots:
            raise WorkbenchError("a BokehPane needs at least one bokeh figure")
        for root in roots:
            if not isinstance(root, Model):
                raise WorkbenchError(
                    f"expected a bokeh figure or layout, got {type(root).__name__}"
                )
            if root.document is not None:
                raise WorkbenchError(
                    "this figure is in a pane or document already: show that pane twice, "
                    "or make a second figure"
                )
        self._pending: list[DocumentPatchedEvent] = []
        self._flush_is_due = False
        self._is_dressing = False
        self.document = Document()
        for root in roots:
            self.document.add_root(root)
        super().__init__(alt=alt, **options)
        self._redressed()
        self.document.on_change(self._changed)
        self.observe(lambda _: self._redressed(), "presenter")

    def _changed(self, event: DocumentChangedEvent) -> None:
        """Collect a change; the next turn of the loop sends all of them in one message."""
        if not isinstance(event, DocumentPatchedEvent) or self._is_dressing:
            return
        with self._guard:
            _join(self._pending, event)
            if self._flush_is_due:
                return
            self._flush_is_due = True
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._flush_if_free)

    def _flush_if_free(self) -> None:
        self._flush_is_due = False
        if self.may_send or len(self._pending) > MOST_PENDING:
            self.flush()

    def flush(self) -> None:
        """Send pending changes now (a cell that loops without letting the event loop run)."""
        with self._guard:
            self._flush_is_due = False
            events, self._pending = self._pending, []
            if not events:
                return
            if not any(v.started and self._answers(v) for v in self._views.values()):
                self._broadcast({})  # nobody hears: only the number moves on
                return
            known = self.document.models.synced_references
            # A model that views do not know travels whole, with all that was done to it.
            events = [e for e in events if not isinstance(e, _COLUMNS) or e.model in known]
            if not events:
                return
            serializer = Serializer(references=known)
            patch = serialize_json({"events": serializer.encode(events)})
            self.document.models.flush_synced(lambda model: not serializer.has_ref(model))
            ids, data = _split(serializer.buffers)
            self._broadcast({"type": "patch", "patch": patch, "buffers": ids}, data)

    def _account(self, name: str, kind: str, content: dict[str, Any]) -> None:
        super()._account(name, kind, content)
        if self._pending and not self._flush_is_due:
            self._flush_is_due = True
            self._on_loop(self._flush_if_free)

    def _before_initial(self) -> None:
        self.flush()

    def _initial(self, hello: dict[str, Any]) -> tuple[dict[str, Any], Buffers]:
        serialized = self.document.to_json()
        ids, data = _split(serialized.buffers)
        wants_library = bool(hello.get("bokeh"))
        if wants_library:
            data.append(_bokeh_js())
        content = {
            "doc": serialize_json(serialized),
            "buffers": ids,
            "bokeh": wants_library,
            "css": controls.style("live_view.css"),
        }
        return content, data

    def _redressed(self) -> None:
        self._is_dressing = True
        try:
            self.document.theme = bokeh_theme(bool(self._dark), self.presenter)
        finally:
            self._is_dressing = False
        self._start_all_afresh()


_STEPS = (ColumnsStreamedEvent, ColumnsPatchedEvent)
_COLUMNS = (ColumnDataChangedEvent, *_STEPS)


def _join(pending: list[DocumentPatchedEvent], event: DocumentPatchedEvent) -> None:
    """Add a change to those waiting, so that sending all of them later says the same.

    Bokeh reads a source's columns when the event is sent, not when it was made: columns that
    were set and then appended to would arrive with the appended part twice. So as soon as
    whole columns wait for a source, they stand for everything that happens to it.
    """
    if isinstance(event, _COLUMNS):
        same = [
            old
            for old in pending
            if isinstance(old, _COLUMNS) and old.model is event.model and old.attr == event.attr
        ]
        if same and not all(isinstance(one, _STEPS) for one in [*same, event]):
            for old in same:
                pending.remove(old)
            event = ColumnDataChangedEvent(event.document, event.model, event.attr)
    elif any(old.combine(event) for old in reversed(pending)):
        return
    pending.append(event)


def live_figure(**options: Any) -> figure:
    """A bokeh figure with what live pictures need: no tools, no logo, the cell's width.

    Parameters
    ----------
    **options
        As for :func:`bokeh.plotting.figure`; set ``x_range`` and ``y_range`` as pairs, since
        automatic ranges cost a redraw for every update.
    """
    chosen = {"tools": "", "toolbar_location": None, "sizing_mode": "stretch_width"}
    return figure(**{**chosen, **options})


def bokeh_theme(dark: bool = False, presenter: bool = False) -> Theme:
    """The palette's tokens as a bokeh theme: paper, thin lines, one typeface.

    Parameters
    ----------
    dark : bool
        For a dark page.
    presenter : bool
        20 pt and thick lines, for a room.
    """
    tokens = palette.THEMES["dark" if dark else "light"]
    size = "20pt" if presenter else "12px"
    width = 5 if presenter else 2
    text = {"text_color": tokens.ink, "text_font_size": size, "text_font": TYPEFACE}
    label = {f"major_label_{key}": value for key, value in text.items()}
    axis = {f"axis_label_{key}": value for key, value in text.items()}
    return Theme(
        json={
            "attrs": {
                "Plot": {
                    "background_fill_color": tokens.paper,
                    "border_fill_color": tokens.paper,
                    "outline_line_color": None,
                },
                "Axis": {
                    **label,
                    **axis,
                    "major_label_text_color": tokens.quiet,
                    "axis_label_text_font_style": "normal",
                    "axis_line_color": tokens.quiet,
                    "axis_line_width": width / 2,
                    "major_tick_line_color": tokens.quiet,
                    "minor_tick_line_color": None,
                },
                "Grid": {"grid_line_color": tokens.line},
                "Title": {**text, "text_font_style": "bold"},
                "Legend": {
                    "label_text_color": tokens.ink,
                    "label_text_font": TYPEFACE,
                    "label_text_font_size": size,
                    "background_fill_color": tokens.paper,
                    "border_line_color": None,
                },
                "Label": text,
                # Its words lie over lines: the paper behind them keeps them legible.
                "LabelSet": {
                    "text_color": tokens.quiet,
                    "text_font_size": "15pt" if presenter else "11px",
                    "text_font": {"value": TYPEFACE},  # a plain text would name a column
                    "background_fill_color": tokens.paper,
                    "background_fill_alpha": 0.8,
                },
                "Span": {"line_color": tokens.ink, "line_width": width / 2},
                "Line": {"line_width": width},
            }
        }
    )


@cache
def _bokeh_js() -> bytes:
    return (files("bokeh") / "server" / "static" / "js" / "bokeh.min.js").read_bytes()


def _split(buffers: list[Buffer]) -> tuple[list[str], list[bytes | memoryview]]:
    return [buffer.id for buffer in buffers], [buffer.to_bytes() for buffer in buffers]
