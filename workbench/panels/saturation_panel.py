"""The saturation panel: stakes as bars, the saturation line, and what they earn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import anywidget

from workbench.errors import LessonError, WorkbenchError
from workbench.panels.controls import script, style
from workbench.panels.saturation_state import State, act, from_query, situation, to_query
from workbench.panels.saturation_view import view
from workbench.teaching import Prediction

_MOST_UNDO = 50
# Before the guess one may place tokens; what they earn is what is asked.
_OPEN_WHILE_SEALED = {"choose", "mine", "move", "presenter", "hello"}
_LOOKS = {"choose", "presenter"}


class SaturationPanel(anywidget.AnyWidget):
    """The panel; use :func:`saturation_panel` to make one.

    No trait holds data, so that a saved notebook stays small, and a page that is reloaded
    asks again.
    """

    _esm = script("saturation_panel.js")
    _css = style("saturation_panel.css")

    def __init__(self, state: State, ask: Prediction | None = None) -> None:
        super().__init__()
        self._first = self._state = state
        self._past: list[State] = []
        self._ask = ask
        self._last = ""
        self.on_msg(self._on_message)
        if ask is not None:
            # First of all who listen: the feedback stands before the lesson's long sums begin.
            ask.on_lock(lambda _: self._show(None))

    @property
    def state(self) -> State:
        """What stands in the panel, as a frozen value."""
        return self._state

    @property
    def query(self) -> str:
        """The state as a short text; ``saturation_panel(query=...)`` brings it back."""
        return to_query(self._state)

    def do(self, name: str, **values: Any) -> State:
        """Take an action as the page does, from code: ``do("mine", bar=1, by=100)``."""
        self._take({"name": name, **values})
        self._show(None)
        return self._state

    @property
    def _is_sealed(self) -> bool:
        return self._ask is not None and not self._ask.is_locked

    def _on_message(self, _: Any, content: Any, __: Any) -> None:
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
        if self._is_sealed and name not in _OPEN_WHILE_SEALED:
            raise LessonError("First lock in your guess; then everything can be moved.")
        if name == "undo":
            if self._past:
                shown = self._state.presenter
                self._state = replace(self._past.pop(), presenter=shown)
            self._last = ""
            return
        after = self._first if name == "reset" else act(self._state, action)
        if after == self._state:
            return
        # One undo for a whole drag of one control, and none for looking.
        here = f"{name} {action.get('key')} {after.chosen}"
        if name not in _LOOKS and not (name == "set" and here == self._last):
            self._past = [*self._past[-_MOST_UNDO + 1 :], self._state]
        self._last = here
        self._state = after

    def _show(self, serial: Any) -> None:
        data = view(self._state, sealed=self._is_sealed, can_undo=bool(self._past))
        ask = self._ask
        data["seal"] = ask.ask() if ask is not None and self._is_sealed else None
        data["feedback"] = None
        if ask is not None and ask.feedback is not None:
            data["feedback"] = {"lines": list(ask.feedback.lines), "why": ask.feedback.why}
        self.send({"serial": serial, "view": data})


def saturation_panel(
    preset: str = "favourite",
    *,
    ask: Prediction | None = None,
    seed: int = 8,
    query: str | None = None,
    presenter: bool = False,
) -> SaturationPanel:
    """Ten nodes, their stakes, and a thousand tokens of your own to place.

    Every number is that of the network's reward formula, paid a month at a time; tokens are
    abstract.

    Parameters
    ----------
    preset : str
        The situation to begin with: "favourite", "hands", "whale", "drops", "cheap", "line".
    ask : Prediction, optional
        A guess to be locked in before anything of the pay is shown.
    seed : int
        The same seed draws the same nodes.
    query : str, optional
        A state as :attr:`SaturationPanel.query` wrote it, instead of preset and seed.
    presenter : bool
        Large type and thick lines, for a room.

    Returns
    -------
    SaturationPanel
        A widget; a notebook shows it.

    Raises
    ------
    LessonError
        No such situation, or no state of this panel.
    """
    state = situation(preset, seed) if query is None else from_query(query)
    return SaturationPanel(replace(state, presenter=bool(presenter)), ask)
