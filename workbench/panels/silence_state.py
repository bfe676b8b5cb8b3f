"""Silence: how much cover ten people send, for how many days, and what drops their loops."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

import numpy as np

from workbench.anonymity import (
    Blame,
    LoopAlarm,
    Wires,
    blame,
    chance_interval,
    choose_alarm,
    draw_loops,
    sender_found_chance,
    watch_senders,
    watch_wires,
)
from workbench.errors import LessonError
from workbench.panels.asking import one_of, query_parts, seed_of, whole
from workbench.panels.sliding import Dial, dial_value

MODES = ("once", "daily", "drops")
PEOPLE = 10
LENGTH_S = 600.0  # from 14:55 to 15:05
MINUTE_S = (300.0, 360.0)  # what the observer counts: the minute after three
READY_S = 318.0
TRIES = 1000
SLICES = 30
LAYERS, WIDTH = 3, 5
ORDINARY_LOSS = 0.02  # loops that get lost though nobody drops any

LOOP = Dial("loop", (0, 0.2, 0.5, 1, 2, 3, 5, 7, 10, 15, 20), "Loop cover", "a minute")
MAIN = Dial("main", (0, 1, 2, 5, 10, 20, 30), "Drop cover", "a minute")
DAYS = Dial("days", (1, 2, 3, 5, 7, 10, 14, 21, 30, 60), "Afternoons", "added up")
MINUTES = Dial("minutes", (5, 10, 20, 30, 60, 120, 240), "Time", "minutes")
DROPPED = Dial("dropped", (0, 10, 20, 30, 50, 75, 100), "One node drops", "%")
DIALS = {"once": (LOOP, MAIN), "daily": (LOOP, MAIN, DAYS), "drops": (LOOP, MINUTES, DROPPED)}
_ALL = (LOOP, MAIN, DAYS, MINUTES, DROPPED)
_MOST_LOOPS = int(LOOP.values[-1] * MINUTES.values[-1])
_MOST_TRIED = 12


@dataclass(frozen=True)
class State:
    """Everything that the panel shows follows from this value; rates are packets a minute."""

    seed: int
    mode: str = "once"
    loop: float = 0
    main: float = 0
    days: float = 10
    minutes: float = 60
    dropped: float = 50
    is_open: bool = False
    """Whether the packets are shown as what they are, and not as the observer sees them."""
    accused: int | None = None
    is_told: bool = False
    tried: tuple[tuple[float, float, float], ...] = ()
    """Loop cover, main stream and days of settings that were looked at before."""
    presenter: bool = False

    @property
    def added_days(self) -> int:
        """Afternoons that the observer adds up."""
        return int(self.days) if self.mode == "daily" else 1

    @property
    def setting(self) -> tuple[float, float, float]:
        """What the chart has a mark for."""
        return (self.loop, self.main, self.added_days)


def act(state: State, action: Mapping[str, Any]) -> State:
    """The state after an action of the page; LessonError where there is none."""
    name = action.get("name")
    if name == "set":
        dial, value = dial_value(DIALS[state.mode], action)
        return _moved(state, replace(state, **{dial.knob: value}))
    if name == "mode":
        mode = one_of(action, "mode", MODES, "Choose one of the three pictures.")
        return replace(state, mode=mode, tried=()) if mode != state.mode else state
    if name == "open":
        return replace(state, is_open=not state.is_open)
    if name == "accuse":
        last = LAYERS * WIDTH - 1
        return replace(state, accused=whole(action, "mix", 0, last, "Choose a mix of the drawing."))
    if name == "tell":
        return replace(state, is_told=True)
    if name == "new seed":
        return replace(state, seed=(state.seed + 1) % 2**63, accused=None, is_told=False)
    if name == "presenter":
        return replace(state, presenter=not state.presenter)
    raise LessonError(f"The panel knows no action {name!r:.40}.")


def _moved(before: State, after: State) -> State:
    if after == before:
        return before
    seen = (*before.tried, before.setting)
    tried = tuple(s for s in dict.fromkeys(seen) if s != after.setting)
    return replace(after, tried=tried[-_MOST_TRIED:])


# --- what the library says ---


@dataclass(frozen=True, eq=False)
class Found:
    """How often an observer who counts names the right one of ten senders."""

    chance: float
    right: int
    blind: tuple[float, float]


@dataclass(frozen=True, eq=False)
class Heard:
    """The wires, and how well their counts tell who sent; the latter not before the guess."""

    wires: Wires
    found: Found | None


@dataclass(frozen=True, eq=False)
class Loops:
    """Loops in the order of sending, what their senders conclude, and the truth."""

    returned: np.ndarray
    blame: Blame | None
    rang: int | None
    dropping: int | None


def found_chance(loop: float, main: float, days: float) -> float:
    """Chance to name the one of ten who sends every afternoon: exact, from the library."""
    cover, window = (loop + main) / 60.0, 60.0 * days
    return sender_found_chance(PEOPLE, cover, window, real_packets=0 if main else int(days))


@lru_cache(maxsize=64)
def found(loop: float, main: float, days: float, seed: int) -> Found:
    """The exact chance, and how often it came out right in a thousand tries."""
    watch = watch_senders(
        PEOPLE,
        (loop + main) / 60.0,
        60.0 * days,
        real_packets=0 if main else int(days),
        trials=TRIES,
        seed=seed,
    )
    blind = chance_interval(TRIES, 1.0 / PEOPLE)
    return Found(found_chance(loop, main, days), watch.right, blind)


def listen(state: State, is_sealed: bool) -> Heard:
    """What the observer hears of the ten wires."""
    wires = watch_wires(
        PEOPLE,
        ready_s=READY_S,
        length_s=LENGTH_S,
        loop_per_s=state.loop / 60.0,
        main_stream_per_s=state.main / 60.0,
        days=state.added_days,
        seed=state.seed,
    )
    if is_sealed:
        return Heard(wires, None)
    return Heard(wires, found(*state.setting, state.seed))


@lru_cache(maxsize=1)
def alarm() -> LoopAlarm:
    """Rings in its first window for a node that drops all, hardly ever for ordinary loss."""
    return choose_alarm(ORDINARY_LOSS, missing_share(100.0))


def loops(state: State) -> Loops:
    """The loops that you sent so far; a node chosen by the seed drops some of them."""
    node = int(np.random.default_rng([state.seed, 6]).integers(LAYERS * WIDTH))
    dropping = node if state.dropped else None
    routes, returned = draw_loops(
        _MOST_LOOPS,
        layers=LAYERS,
        width=WIDTH,
        loss=ORDINARY_LOSS,
        dropping=dropping,
        drop_share=state.dropped / 100.0,
        seed=state.seed,
    )
    sent = round(state.loop * state.minutes)  # the first of them: moving a slider redraws none
    routes, returned = routes[:sent], returned[:sent]
    blamed = blame(routes, returned) if sent else None
    return Loops(returned, blamed, alarm().first_ring(returned), dropping)


def missing_share(dropped: float) -> float:
    """Share of loops to expect missing, for a node that drops so many percent."""
    return 1.0 - (1.0 - ORDINARY_LOSS) * (1.0 - dropped / 100.0 / WIDTH)


# --- the short line ---

_KNOBS = tuple(dial.knob for dial in _ALL)


def to_query(state: State) -> str:
    """The state as a short line; :func:`from_query` brings it back exactly.

    Examples
    --------
    >>> to_query(State(seed=3, loop=5))
    'seed=3&mode=once&loop=5&main=0&days=10&minutes=60&dropped=50&open=0'
    """
    values = {dial.knob: f"{getattr(state, dial.knob):g}" for dial in _ALL}
    return urlencode(
        {"seed": f"{state.seed:x}", "mode": state.mode, **values, "open": int(state.is_open)}
    )


def from_query(query: object) -> State:
    """The state of a line; LessonError names the part that is none."""
    parts = query_parts(query, ("seed", "mode", *_KNOBS, "open"))
    mode = one_of(parts, "mode", MODES, f"mode is one of {', '.join(MODES)}.")
    is_open = one_of(parts, "open", ("0", "1"), "open is 0 or 1.") == "1"
    values = {}
    for dial in _ALL:
        try:
            values[dial.knob] = step(dial, float(parts[dial.knob]))
        except ValueError:
            raise LessonError(_steps(dial)) from None
    return State(seed_of(parts), mode, **values, is_open=is_open)


def step(dial: Dial, value: object) -> float:
    """A value that a slider stops at, or a LessonError that lists them."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value not in dial.values:
        raise LessonError(_steps(dial))
    return dial.values[dial.values.index(value)]


def _steps(dial: Dial) -> str:
    return f"{dial.knob} is one of {', '.join(f'{value:g}' for value in dial.values)}."
