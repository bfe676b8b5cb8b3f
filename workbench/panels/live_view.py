"""The kernel's half of the transport that live panels share: views, acks, heartbeats.

A live panel is one widget with any number of views: open pages, reloaded pages, the same
panel shown twice. Views come and go without a word; what they have painted they say. The
rules, and what was measured, are in docs/live_panels.md.
"""

from __future__ import annotations

import asyncio
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import traitlets

from workbench.panels.controls import script
from workbench.panels.page_widget import PageWidget
from workbench.panels.turns import Buffers

MAX_IN_FLIGHT = 2
SILENT_AFTER_S = 2.0  # a view that owes an ack for longer is a closed tab
LOADING_S = 20.0  # but the first picture may take a slow page this long
BEAT_S = 1.0
FORGET_AFTER_S = 3600.0


@dataclass
class View:
    """One place where a panel is shown, as far as the kernel knows it."""

    asked: int = 0
    acked: int = 0
    started: bool = False
    ready: bool = False
    is_watched: bool = False
    owes_since_s: float = 0.0
    heard_s: float = 0.0


class LiveView(PageWidget):
    """A widget that sends numbered messages to its views and hears what they painted.

    Children say what they draw: ``scripts`` and ``_initial``. No synced trait holds data
    or code, so a saved notebook stays small.

    Parameters
    ----------
    settings : callable, optional
        Called without arguments once a second; returns the panel's settings as one line of
        Python. The page shows that line when the kernel falls silent.
    presenter : bool
        Type and lines for a room.

    Notes
    -----
    JupyterLab sends widget messages to a subshell, another thread than the one that runs
    cells and pumps. Bookkeeping is therefore under a lock, and whatever touches the picture
    is handed to the event loop in which the widget was made.
    """

    presenter = traitlets.Bool(False).tag(sync=True)

    def __init__(self, *, settings: Callable[[], str] | None = None, **traits: Any) -> None:
        self._views: dict[str, View] = {}
        self._guard = threading.RLock()
        self._seq = 0
        self._lost_at = 0
        self._settings = settings
        self._status: dict[str, Any] = {"status": "ready", "text": ""}
        self._watch_callbacks: list[Callable[[], None]] = []
        self._dark: bool | None = None
        self._handed_over: deque[Callable[[], None]] = deque()
        self._is_running = False
        super().__init__(**traits)
        _beating.add(self)
        _start_heart()

    # What a child says.

    @classmethod
    def code_text(cls) -> str:
        """As the base's, with the transport of live panels in front of its own ``scripts``."""
        return script("live_view.js", *cls.scripts)

    def _initial(self, hello: dict[str, Any]) -> tuple[dict[str, Any], Buffers]:
        """Everything that a new view needs to draw the panel as it is now."""
        raise NotImplementedError

    def _heard(self, content: dict[str, Any], buffers: Buffers) -> None:
        """A message of the panel's own, on the event loop."""

    def _before_initial(self) -> None:
        """A last chance to send what is pending to the views that already draw."""

    def _redressed(self) -> None:
        """The page's theme changed (``self._dark`` is new)."""

    # What producers ask.

    @property
    def is_watched(self) -> bool:
        """Whether somebody looks: page visible, on screen, tab in front, answering."""
        with self._guard:
            return any(v.is_watched and self._answers(v) for v in self._views.values())

    @property
    def has_drawn(self) -> bool:
        """Whether some view has drawn its first picture."""
        with self._guard:
            return any(view.ready for view in self._views.values())

    @property
    def may_send(self) -> bool:
        """False while a watched view has more than two messages that it has not painted."""
        with self._guard:
            return all(
                self._in_flight(view) <= MAX_IN_FLIGHT
                for view in self._views.values()
                if view.is_watched and self._answers(view)
            )

    def on_watch(self, callback: Callable[[], None]) -> None:
        """Call back whenever a view starts or stops being watched (from any thread)."""
        self._watch_callbacks.append(callback)

    def show_status(self, status: str, text: str = "") -> None:
        """Say how the panel's producer fares, in every view.

        Parameters
        ----------
        status : str
            ``"ready"``, ``"playing"``, ``"paused"``, ``"failed"`` or ``"stopped"``.
        text : str
            For ``"failed"``: what went wrong, shown above the picture.
        """
        self._status = {"status": status, "text": text}
        if self._views:
            self.send({"type": "status", **self._status})

    # Messages.

    def _broadcast(self, content: dict[str, Any], buffers: Buffers = ()) -> bool:
        """Send one numbered message to all views; False when no view would hear it."""
        with self._guard:
            now = time.monotonic()
            live = [v for v in self._views.values() if v.started and self._answers(v)]
            self._seq += 1
            if not live:
                self._lost_at = self._seq  # missing in the row: views will start afresh
                return False
            for view in live:
                if self._in_flight(view) == 1:
                    view.owes_since_s = now
            self.send({**content, "seq": self._seq}, buffers=list(buffers))
            return True

    def _in_flight(self, view: View) -> int:
        return self._seq - view.acked if view.started else 0

    def _answers(self, view: View) -> bool:
        if self._in_flight(view) == 0 and view.ready:
            return True
        patience = SILENT_AFTER_S if view.ready else LOADING_S
        return time.monotonic() - view.owes_since_s <= patience

    def _received(self, content: Any, buffers: Buffers) -> None:
        """Any message from any view; unknown and broken ones are dropped."""
        if not isinstance(content, dict) or not isinstance(content.get("view"), str):
            return
        kind, name = content.get("type"), content["view"]
        if kind == "bye":
            with self._guard:
                self._views.pop(name, None)
            self._watch_changed()
        elif kind == "acks":
            _account_all(content.get("acks"))
        elif kind == "hello":
            _by_view[name] = self
            with self._guard:
                view = self._views.setdefault(name, View())
                view.asked = _whole(content.get("ask"))
                view.started = view.ready = False
                view.is_watched = bool(content.get("watched"))
                view.owes_since_s = view.heard_s = time.monotonic()
            self._on_loop(lambda: self._welcome(name, content))
        elif kind in {"ready", "ack", "watch"}:
            self._account(name, kind, content)
        elif kind == "theme":
            self._on_loop(lambda: self._theme_of_page(bool(content.get("dark"))))
        elif name in self._views:
            self._on_loop(lambda: self._heard(content, buffers))

    def _account(self, name: str, kind: str, content: dict[str, Any]) -> None:
        with self._guard:
            view = self._views.get(name)
            if view is None:
                return
            was_silent = view.started and not self._answers(view)
            view.heard_s = view.owes_since_s = time.monotonic()
            if kind in {"ready", "ack"}:
                view.ready = True
                view.acked = min(max(view.acked, _whole(content.get("seq"))), self._seq)
            if kind in {"ready", "watch"}:
                view.is_watched = bool(content.get("watched"))
            # What was made while nobody answered is lost to this view: start it afresh.
            is_behind = view.ready and view.acked < self._lost_at
        if is_behind:
            self.send({"type": "again", "to": name})
        elif kind == "watch" and view.is_watched:
            self.send({"type": "beat", "to": name, **self._pulse()})
        if kind in {"ready", "watch"} or was_silent:
            self._watch_changed()

    def _welcome(self, name: str, hello: dict[str, Any]) -> None:
        """Answer a hello with a fresh start; only the last of several is answered."""
        with self._guard:
            view = self._views.get(name)
            if view is None or view.started or view.asked != _whole(hello.get("ask")):
                return
            is_first = not any(v.started for v in self._views.values())
        if is_first or self._dark is None:  # two windows must not argue about the theme
            self._theme_of_page(bool(hello.get("dark")))
        self._before_initial()
        with self._guard:
            content, buffers = self._initial(hello)
            view.started, view.acked = True, self._seq
            view.owes_since_s = time.monotonic()
            start = {"type": "init", "to": name, "ask": view.asked, "seq": self._seq}
            self.send({**content, **start, **self._pulse()}, buffers=list(buffers))
        self._watch_changed()

    def _theme_of_page(self, dark: bool) -> None:
        if dark != self._dark:
            self._dark = dark
            self._redressed()

    def _start_all_afresh(self) -> None:
        """Ask every view to begin again (a change that no patch can carry)."""
        with self._guard:
            names = [name for name, view in self._views.items() if view.started]
        for name in names:
            self.send({"type": "again", "to": name})

    def _pulse(self) -> dict[str, Any]:
        line = ""
        if self._settings is not None:
            try:
                line = str(self._settings())
            except Exception as error:  # a beat must go out whatever the producer does
                line = f"# the settings cannot be told: {error}"
        return {"settings": line, **self._status}

    def beat(self) -> None:
        """Tell watching views that the kernel lives; forget views long gone."""
        now = time.monotonic()
        with self._guard:
            for name, view in list(self._views.items()):
                if not view.is_watched and now - view.heard_s > FORGET_AFTER_S:
                    del self._views[name]
            is_heard = any(v.is_watched and self._answers(v) for v in self._views.values())
        if is_heard:
            self.send({"type": "beat", **self._pulse()})

    def _watch_changed(self) -> None:
        for callback in list(self._watch_callbacks):
            callback()

    def _on_loop(self, action: Callable[[], None]) -> None:
        """Run now when this is the widget's own loop (or it has none), else hand over.

        What was handed over before runs before: actions keep the order of the calls.
        """
        loop = self._loop
        try:
            here: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        except RuntimeError:
            here = None
        self._handed_over.append(action)
        if loop is None or loop is here or loop.is_closed():
            self._run_handed_over()
        else:
            loop.call_soon_threadsafe(self._run_handed_over)

    def _run_handed_over(self) -> None:
        if self._is_running:
            return  # an action asked for another, which comes after it
        self._is_running = True
        try:
            while self._handed_over:
                self._handed_over.popleft()()
        finally:
            self._is_running = False
            if self._handed_over:  # the rest is not lost for the mistake of one
                self._run_handed_over()


def _whole(value: object) -> int:
    """A message's number; whatever is no number counts as zero."""
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _account_all(acks: object) -> None:
    """What the views of one page have painted, told in one message."""
    for row in acks if isinstance(acks, list) else []:
        if isinstance(row, list) and len(row) == 2 and isinstance(row[0], str):
            widget = _by_view.get(row[0])
            if widget is not None:
                widget._account(row[0], "ack", {"seq": row[1]})


_by_view: weakref.WeakValueDictionary[str, LiveView] = weakref.WeakValueDictionary()
_beating: weakref.WeakSet[LiveView] = weakref.WeakSet()
_heart: asyncio.Task[None] | None = None


def _start_heart() -> None:
    global _heart
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return
    if _heart is None or _heart.done() or _heart.get_loop() is not loop:
        _heart = loop.create_task(_beat_for_ever())


async def _beat_for_ever() -> None:
    due_s = time.monotonic()
    while True:
        for widget in list(_beating):
            try:
                widget.beat()
            except Exception as error:  # one broken panel must not silence the others
                widget.log.warning("a live panel cannot beat: %s", error)
        due_s = max(due_s + BEAT_S, time.monotonic())
        await asyncio.sleep(due_s - time.monotonic())
