"""The saturation panel: stakes as bars, the saturation line, and what they earn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from workbench.errors import LessonError
from workbench.panels.asking import AskingPanel
from workbench.panels.controls import style
from workbench.panels.saturation_state import State, act, from_query, situation, to_query
from workbench.panels.saturation_view import view
from workbench.teaching import Prediction

# Before the guess one may place tokens; what they earn is what is asked.
_OPEN_WHILE_SEALED = ("choose", "mine", "move", "presenter", "hello")


class SaturationPanel(AskingPanel[State]):
    """The panel; use :func:`saturation_panel` to make one."""

    scripts = ("saturation_panel.js",)
    _css = style("saturation_panel.css")

    @property
    def query(self) -> str:
        """The state as a short text; ``saturation_panel(query=...)`` brings it back."""
        return to_query(self._state)

    def _check_sealed(self, action: Mapping[str, Any]) -> None:
        if action.get("name") not in _OPEN_WHILE_SEALED:
            raise LessonError("First lock in your guess; then everything can be moved.")

    def _act(self, state: State, action: Mapping[str, Any]) -> State:
        return act(state, action)

    def _looks(self, before: State, after: State) -> bool:
        return replace(before, presenter=after.presenter, chosen=after.chosen) == after

    def _undone(self, now: State, then: State) -> State:
        return replace(then, presenter=now.presenter)

    def _stroke_of(self, action: Mapping[str, Any], after: State) -> str:
        is_drag = action.get("name") == "set"
        return f"{action.get('key')} {after.chosen}" if is_drag else ""

    def _view(self, state: State, is_sealed: bool) -> dict[str, Any]:
        return view(state, sealed=is_sealed)


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
