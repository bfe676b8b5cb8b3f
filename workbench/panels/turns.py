"""Messages from a page, handed on in the order in which the page sent them.

One panel's messages may come by two threads. ipykernel 7 sends a message to the shell that
last wrote to its widget: to the main one, where pumps run, or to the subshell in which the
page's messages are heard. While a cell runs, the main one waits and the other does not; a
slider's older place then came after its newest, and stood. So a page numbers what it sends
(``loader.js``), and here the numbers decide.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Buffers = Sequence[bytes | memoryview]
Message = tuple[Any, Buffers]

# A message whose turn has not come waits for the ones before it: so many looks by a loop that
# is free to look. A loop that a cell holds up does not look, and counts nothing.
LOOKS = 10
LOOK_S = 0.1
MOST_VIEWS = 64


@dataclass
class _Line:
    """One view's messages: the number that is next, and those that came before their turn."""

    next: int = 1
    early: dict[int, Message] = field(default_factory=dict)
    looks: int = 0
    is_watched: bool = False


class Turns:
    """Hands on messages one by one, each view's by its numbers.

    Parameters
    ----------
    hand_on : callable
        Called with a message's content and buffers, by one thread at a time; by whichever
        brought a message while no other was handing on.
    loop : asyncio.AbstractEventLoop, optional
        Where the look after missing messages runs. Without one nothing is waited for.

    Notes
    -----
    A page's content carries ``turn``: its view's name and a number, from 1. A message that
    never comes is passed over after ``LOOKS`` looks of ``LOOK_S`` seconds; should it come
    after that, it is dropped: newer ones have been handled. What has no ``turn`` is handed on
    at once.
    """

    def __init__(
        self, hand_on: Callable[[Any, Buffers], None], loop: asyncio.AbstractEventLoop | None
    ) -> None:
        self._hand_on = hand_on
        self._loop = loop
        self._lines: dict[str, _Line] = {}
        self._ready: deque[Message] = deque()
        self._is_handing = False
        self._guard = threading.Lock()

    def take(self, content: Any, buffers: Buffers) -> None:
        """A message as it came, from any thread."""
        with self._guard:
            self._place(content, buffers)
        self._hand_all()

    def _place(self, content: Any, buffers: Buffers) -> None:
        turn = _turn_of(content)
        if turn is None:
            self._ready.append((content, buffers))
            return
        view, number = turn
        line = self._lines.pop(view, None) or _Line()
        self._lines[view] = line  # the view heard last comes last
        if len(self._lines) > MOST_VIEWS:
            del self._lines[next(iter(self._lines))]
        if number < line.next:
            return
        line.early[number] = (content, buffers)
        loop = None if self._loop is None or self._loop.is_closed() else self._loop
        if loop is None:
            line.next = number
        self._move_up(line)
        if line.early and not line.is_watched and loop is not None:
            line.is_watched = True
            loop.call_soon_threadsafe(self._look_later, line)

    def _move_up(self, line: _Line) -> None:
        while line.next in line.early:
            self._ready.append(line.early.pop(line.next))
            line.next += 1
            line.looks = 0

    def _look_later(self, line: _Line) -> None:
        asyncio.get_running_loop().call_later(LOOK_S, self._look, line)

    def _look(self, line: _Line) -> None:
        with self._guard:
            line.looks += 1
            if line.early and line.looks >= LOOKS:
                line.next = min(line.early)
                self._move_up(line)
            line.is_watched = bool(line.early)
            if line.is_watched:
                self._look_later(line)
        self._hand_all()

    def _hand_all(self) -> None:
        with self._guard:
            if self._is_handing:
                return  # another thread is at it, or this one further down
            self._is_handing = True
        try:
            while (message := self._first()) is not None:
                self._hand_on(*message)
        except BaseException:
            self._is_handing = False
            self._hand_all()  # the rest is not lost for the mistake of one
            raise

    def _first(self) -> Message | None:
        with self._guard:
            if self._ready:
                return self._ready.popleft()
            self._is_handing = False
            return None


def _turn_of(content: Any) -> tuple[str, int] | None:
    """A message's view and number, or None when it carries none that makes sense."""
    turn = content.get("turn") if isinstance(content, Mapping) else None
    if not isinstance(turn, list) or len(turn) != 2:
        return None
    view, number = turn
    if not isinstance(view, str) or type(number) is not int or number < 1:
        return None
    return view, number
