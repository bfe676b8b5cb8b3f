"""Silence is a signal: ten wires, cover that fills them, and loops that notice a dropping node."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import replace
from typing import Any

from workbench.errors import LessonError
from workbench.panels.asking import one_of, seed_or_drawn
from workbench.panels.controls import style
from workbench.panels.silence_state import (
    LOOP,
    MAIN,
    MODES,
    Heard,
    Loops,
    State,
    act,
    from_query,
    listen,
    loops,
    step,
    to_query,
)
from workbench.panels.silence_view import view
from workbench.panels.sliding import SlidingPanel
from workbench.teaching import Prediction


class SilencePanel(SlidingPanel[State]):
    """The panel; use :func:`silence_panel` to make one."""

    scripts = ("asking.js", "sliding.js", "silence_panel.js")
    _css = style("asking.css", "sliding.css", "silence_panel.css")

    @property
    def query(self) -> str:
        """The state as a short line; ``silence_panel(query=...)`` brings it back exactly."""
        return to_query(self._state)

    def _check_sealed(self, action: Mapping[str, Any]) -> None:
        if action.get("name") != "presenter":
            raise LessonError("First lock in your guess; then the rest of the panel opens.")

    def _act(self, state: State, action: Mapping[str, Any]) -> State:
        return act(state, action)

    def _looks(self, before: State, after: State) -> bool:
        same = {"presenter": after.presenter, "is_open": after.is_open}
        return replace(before, **same) == after

    def _settings(self, state: State) -> Hashable:
        plain = replace(state, is_open=False, accused=None, is_told=False, tried=())
        return replace(plain, presenter=False), self.is_sealed

    def _answer(self, settings: Any) -> Heard | Loops:
        state, is_sealed = settings
        return loops(state) if state.mode == "drops" else listen(state, is_sealed)

    def _picture(self, state: State, is_sealed: bool, answer: Any) -> dict[str, Any]:
        return view(state, is_sealed, answer)


def silence_panel(
    mode: str = "once",
    loop: float = 0,
    main: float = 0,
    *,
    ask: Prediction | None = None,
    seed: int | None = None,
    presenter: bool = False,
    query: str | None = None,
) -> SilencePanel:
    """Ten senders' wires around three o'clock, with cover to turn up.

    Parameters
    ----------
    mode : str
        "once": one afternoon; "daily": many afternoons added up; "drops": loops through a
        network in which one node may drop some.
    loop : float
        Loop cover of each sender, packets a minute: a value that the slider stops at.
    main : float
        Slots a minute of each one's main stream, likewise; 0: none.
    ask : Prediction, optional
        A guess to be locked in before there are sliders and numbers.
    seed : int, optional
        For the same people sending at the same times again; by default it is random.
    presenter : bool
        Large type and thick lines, for a room.
    query : str, optional
        A state that a panel's ``query`` gave; the other values are not looked at then.

    Returns
    -------
    SilencePanel
        A widget; a notebook shows it.

    Raises
    ------
    LessonError
        Values out of range, or no such state.
    """
    if query is not None:
        state = from_query(query)
    else:
        first = seed_or_drawn(seed)
        mode = one_of({"mode": mode}, "mode", MODES, f"mode is one of {', '.join(MODES)}")
        state = State(first, mode, step(LOOP, loop), step(MAIN, main))
    return SilencePanel(replace(state, presenter=bool(presenter)), ask)
