"""Panels with sliders: the setting shows at once, its answer when it has been simulated.

A subclass has frozen settings and one function from settings to an answer. The function runs
in a thread; until it is done the page says "computing" and greys the old numbers. Only the
newest settings are answered: a slider that is dragged leaves no queue behind.
"""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from workbench.errors import LessonError, WorkbenchError
from workbench.panels.asking import AskingPanel, whole
from workbench.scenario import Scenario
from workbench.teaching import Prediction

_MOST_KEPT = 200
_thinking = ThreadPoolExecutor(max_workers=1, thread_name_prefix="workbench-slider")
S = TypeVar("S")


@dataclass(frozen=True)
class Dial:
    """A slider over a list of values of one knob of a Scenario, or of a panel's own."""

    knob: str
    values: tuple[float, ...]
    label: str = ""
    unit: str = ""
    times: int = 0
    """How many steps make a factor two; 0 shows no such buttons."""
    factor: float = 1.0
    """What a value is multiplied with where it is written: 200 people send 200 times as much."""

    def __post_init__(self) -> None:
        known = Scenario.knobs().get(self.knob)
        if known is None:
            assert self.label, f"{self.knob} is no knob of a Scenario: a label is needed"
        else:
            assert all(known.low <= value <= known.high for value in self.values), self.knob

    def nearest(self, value: float) -> int:
        """The step whose value is nearest."""
        return min(range(len(self.values)), key=lambda i: abs(self.values[i] - value))

    def data(self, value: float) -> dict[str, Any]:
        """What the page needs to draw it."""
        knob = Scenario.knobs().get(self.knob)
        return {
            "knob": self.knob,
            "label": self.label or (knob.label if knob else ""),
            "unit": self.unit or (knob.unit if knob else ""),
            "at": self.nearest(value),
            "now": shown(value * self.factor),
            "texts": [shown(v * self.factor) for v in self.values],
            "times": self.times,
        }


def shown(value: float) -> str:
    """A value as people write it: three figures, thousands separated."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def dial_value(dials: Sequence[Dial], action: Mapping[str, Any]) -> tuple[Dial, float]:
    """Which dial an action of the page moved, and to what value."""
    for dial in dials:
        if action.get("knob") == dial.knob:
            last = len(dial.values) - 1
            at = whole(action, "at", 0, last, f"{dial.label}: one of {last + 1} steps is expected.")
            return dial, dial.values[at]
    raise LessonError(f"A slider is one of {', '.join(dial.knob for dial in dials)}.")


def read_query(query: str, expected: str) -> Scenario:
    """The scenario of a panel's short line; LessonError says what is wrong."""
    try:
        return Scenario.from_query(query)
    except WorkbenchError as error:
        raise LessonError(f"{expected} {error}") from None


class SlidingPanel(AskingPanel[S]):
    """Base of panels whose answer takes a simulation."""

    def __init__(self, state: S, ask: Prediction | None = None) -> None:
        self._answers: dict[Hashable, Any] = {}
        self._may_wait = False
        self._wanted: Hashable = None
        self._serial: Any = None
        super().__init__(state, ask)

    # --- what a subclass says ---

    def _settings(self, state: S) -> Hashable:
        """The part of the state that decides the answer."""
        raise NotImplementedError

    def _answer(self, settings: Any) -> Any:
        """The answer to settings, from the library; runs in a thread."""
        raise NotImplementedError

    def _picture(self, state: S, is_sealed: bool, answer: Any) -> dict[str, Any]:
        """What there is to see; ``answer`` is None while it is being computed."""
        raise NotImplementedError

    # --- what all share ---

    def _view(self, state: S, is_sealed: bool) -> dict[str, Any]:
        settings = self._settings(state)
        if settings not in self._answers and not self._may_wait:
            self._keep(settings, self._answer(settings))
        answer = self._answers.get(settings)
        return {**self._picture(state, is_sealed, answer), "computing": answer is None}

    def _keep(self, settings: Hashable, answer: Any) -> None:
        if len(self._answers) >= _MOST_KEPT:
            self._answers.pop(next(iter(self._answers)))
        self._answers[settings] = answer

    def _show(self, serial: Any) -> None:
        self._serial = serial
        settings = self._settings(self._state)
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            super()._show(serial)  # nobody to wait for: a script, a test
            return
        self._may_wait = True
        try:
            super()._show(serial)
        finally:
            self._may_wait = False
        if settings in self._answers or settings == self._wanted:
            return
        self._wanted = settings

        def think() -> None:
            if settings != self._wanted:
                return  # the slider has moved on
            try:
                answer = self._answer(settings)
            except Exception as error:
                loop.call_soon_threadsafe(self._failed, settings, error)
            else:
                loop.call_soon_threadsafe(self._arrived, settings, answer)

        _thinking.submit(think)

    def _arrived(self, settings: Hashable, answer: Any) -> None:
        self._keep(settings, answer)
        if settings == self._wanted:
            self._wanted = None
        if settings == self._settings(self._state):
            super()._show(self._serial)

    def _failed(self, settings: Hashable, error: Exception) -> None:
        if settings == self._wanted:
            self._wanted = None
        text = str(error) if isinstance(error, WorkbenchError) else f"This failed: {error!r:.200}"
        self.send({"serial": self._serial, "problem": {"field": "", "text": text}})


def share_between(value: float, low: float, high: float) -> float:
    """Where a value stands between two ends of an axis, 0 to 1, to four places."""
    return round(min(max((value - low) / (high - low), 0.0), 1.0), 4)
