"""What small panels share: messages from the page, a guess before the rest, undo and reset.

A panel is a frozen state, a function that takes an action of the page, and a function that
says what there is to see. This class carries them between kernel and page.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from typing import Any, Generic, TypeVar
from urllib.parse import parse_qsl

from workbench.errors import LessonError, WorkbenchError
from workbench.panels.page_widget import PageWidget
from workbench.teaching import Prediction

_MOST_UNDO = 50
_MOST_QUERY = 400
S = TypeVar("S")


class AskingPanel(PageWidget, Generic[S]):
    """Base of panels that ask before they show; a subclass says what its state means.

    No trait holds data: the page asks when it is there, and asks again after a reload, so
    that a saved notebook stays small.
    """

    def __init__(self, state: S, ask: Prediction | None = None) -> None:
        super().__init__()
        self._first = self._state = state
        self._past: list[S] = []
        self._stroke = ""
        self._ask = ask
        if ask is not None:
            # First of all who listen: the feedback stands before a lesson's long sums begin.
            ask.on_lock(lambda _: self._show(None))

    # --- what a subclass says ---

    def _act(self, state: S, action: Mapping[str, Any]) -> S:
        """The state after an action; a WorkbenchError leaves it as it was."""
        raise NotImplementedError

    def _view(self, state: S, is_sealed: bool) -> dict[str, Any]:
        """What there is to see, as plain data; nothing of the answer while sealed."""
        raise NotImplementedError

    def _looks(self, before: S, after: S) -> bool:
        """Whether only the way of looking changed, which undo should not stop at."""
        return False

    def _fresh(self, state: S) -> S:
        """The state that reset leads to, from the panel's first one."""
        return state

    def _undone(self, now: S, then: S) -> S:
        """The state that undo leads to: ``then``, with what undo should not touch as it is now."""
        return then

    def _check_sealed(self, action: Mapping[str, Any]) -> None:
        """A LessonError for an action that has to wait for the guess."""

    def _stroke_of(self, action: Mapping[str, Any], after: S) -> str:
        """A name that all moves of one drag share, so that one undo takes all back; "" for none."""
        return ""

    # --- what all share ---

    @property
    def state(self) -> S:
        """What stands in the panel, as a frozen value."""
        return self._state

    @property
    def is_sealed(self) -> bool:
        """Whether a guess is still awaited."""
        return self._ask is not None and not self._ask.is_locked

    @property
    def view(self) -> dict[str, Any]:
        """What the page is told now: plain data."""
        data = self._view(self._state, self.is_sealed)
        data.update(seal=None, feedback=None, can_undo=bool(self._past))
        if self._ask is not None and self.is_sealed:
            data["seal"] = self._ask.ask()
        elif self._ask is not None and self._ask.feedback is not None:
            feedback = self._ask.feedback
            data["feedback"] = {"lines": list(feedback.lines), "why": feedback.why}
        return data

    def do(self, name: str, **values: Any) -> S:
        """Take an action as the page does, from code: ``do("presenter")``."""
        self._take({"name": name, **values})
        self._show(None)
        return self.state

    def _received(self, content: Any, _: Any) -> None:
        # Anything may come from the page: whatever it is, the panel answers and lives.
        if not isinstance(content, Mapping):
            return
        serial = content.get("serial")
        try:
            if content.get("name") == "guess" and self._ask is not None:
                self._ask.lock(content.get("answers"))
            elif content.get("name") != "hello":
                self._take(content)
        except WorkbenchError as error:
            field = "ask" if content.get("name") == "guess" else getattr(error, "field", "")
            self.send({"serial": serial, "problem": {"field": field, "text": str(error)}})
            return
        self._show(serial)

    def _take(self, action: Mapping[str, Any]) -> None:
        name = action.get("name")
        if self.is_sealed:
            self._check_sealed(action)
        if name == "undo":
            if self._past:
                self._state = self._undone(self._state, self._past.pop())
            self._stroke = ""
            return
        after = self._fresh(self._first) if name == "reset" else self._act(self._state, action)
        if after == self._state:
            return
        stroke = self._stroke_of(action, after)
        if not self._looks(self._state, after) and not (stroke and stroke == self._stroke):
            self._past = [*self._past[-_MOST_UNDO + 1 :], self._state]
        self._stroke = stroke
        self._state = after

    def _show(self, serial: Any) -> None:
        self.send({"serial": serial, "view": self.view})


def whole(action: Mapping[str, Any], key: str, low: int, high: int, expected: str) -> int:
    """A whole number of an action, or a LessonError that says what was expected."""
    value = action.get(key)
    if type(value) is not int or not low <= value <= high:
        raise LessonError(expected)
    return value


def one_of(action: Mapping[str, Any], key: str, known: tuple[str, ...], expected: str) -> str:
    """A word of an action, or a LessonError that says what was expected."""
    value = action.get(key)
    if not isinstance(value, str) or value not in known:
        raise LessonError(expected)
    return value


def query_parts(
    query: object, needed: tuple[str, ...], optional: tuple[str, ...] = ()
) -> dict[str, str]:
    """The parts of a state's short line by name, or a LessonError that says what one has.

    A part ``seed`` is checked here, as all panels write it alike: :func:`seed_of` reads it.
    """
    if not isinstance(query, str) or len(query) > _MOST_QUERY:
        raise LessonError(f"A state is a line of at most {_MOST_QUERY} letters.")
    try:
        parts = dict(parse_qsl(query.lstrip("?"), strict_parsing=True, keep_blank_values=True))
    except ValueError as error:
        raise LessonError(f"This is no state of the panel: {error}.") from None
    if not set(needed) <= set(parts) <= {*needed, *optional}:
        raise LessonError(f"A state has the parts {', '.join(needed[:-1])} and {needed[-1]}.")
    if "seed" in parts and not re.fullmatch(r"[0-9a-f]{1,16}", parts["seed"], re.A):
        raise LessonError("seed is 1 to 16 hexadecimal digits.")
    return parts


def seed_of(parts: Mapping[str, str]) -> int:
    """The seed of a short line: below 2**63, as numpy's generators want it."""
    return int(parts["seed"], 16) & (2**63 - 1)


def seed_or_drawn(seed: object, bits: int = 63) -> int:
    """The seed that was given, below 2**bits, or a random one for None; else a LessonError."""
    if seed is None:
        return secrets.randbits(32)
    if type(seed) is not int or not 0 <= seed < 2**bits:
        raise LessonError(f"seed is a whole number from 0 to 2**{bits} - 1, or None")
    return seed
