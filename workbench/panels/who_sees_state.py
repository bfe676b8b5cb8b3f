"""Who sees what: which system, where the eyes sit, and how two recordings are laid together."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

import numpy as np

from workbench.anonymity import View, counts, cross_correlation, make_flows, path_of, view_from
from workbench.anonymity.everyday import EVERYDAY_OBSERVERS, EVERYDAY_SYSTEMS
from workbench.anonymity.observers import Observer, places_of
from workbench.errors import LessonError
from workbench.panels.asking import one_of, query_parts, seed_of, whole

WEBSITES = ("A", "B", "C", "D")
SLICE_S = 0.25
DURATION_S = 40.0
_BURSTS_PER_MINUTE = 20.0  # people who are busy, so that there is a shape to see
MAX_SHIFT_S = 6.0
_SHIFTS = round(MAX_SHIFT_S / SLICE_S)
_CLOCK_S = (1.0, 5.0)  # how far the second watcher's clock is ahead: somewhere between
OBSERVERS = {o.key: o for o in EVERYDAY_OBSERVERS}


@dataclass(frozen=True)
class State:
    """Everything that the panel shows follows from this value.

    Places on a path are numbered from you: 1 is the first wire, 2 the first node, and so on
    to the website. You are 0, and no eye sits there.
    """

    seed: int
    system: str = "vpn"
    eyes: tuple[int, ...] = (1,)
    website: int = 0
    shift: int = 0
    """How many slices the second recording is moved back."""
    is_tried: bool = False
    is_told: bool = False
    presenter: bool = False

    @property
    def last(self) -> int:
        """The website's place."""
        return 2 * (len(path_of(self.system)) - 1)

    @property
    def seen(self) -> View:
        """What the eyes see together, from the library."""
        path = path_of(self.system)
        return view_from(
            self.system,
            wires=[(path[p // 2], path[p // 2 + 1]) for p in self.eyes if p % 2],
            nodes=[path[p // 2] for p in self.eyes if p % 2 == 0],
        )

    @property
    def observer(self) -> Observer | None:
        """Which of the six sits exactly there, if one does."""
        return next((o for o in EVERYDAY_OBSERVERS if places(self.system, o) == self.eyes), None)


@dataclass(frozen=True, eq=False)
class Recordings:
    """What two watchers counted, a slice at a time, and how alike the counts are."""

    sent: tuple[int, ...]
    received: tuple[tuple[int, ...], ...]
    likeness: tuple[tuple[float, ...], ...]
    """For each website, the correlation at each shift: the library's."""
    mine: int


def places(system: str, observer: Observer) -> tuple[int, ...]:
    """Where an observer's eyes sit on a system's path."""
    found = places_of(system, observer)
    assert found is not None  # the six have a place everywhere
    wires, nodes = found
    return tuple(sorted([2 * w + 1 for w in wires] + [2 * n for n in nodes]))


@lru_cache(maxsize=12)
def recordings(system: str, seed: int) -> Recordings:
    """Four people's flows; the watcher at the websites has a clock that is ahead."""
    flows = make_flows(
        system,
        flows=len(WEBSITES),
        duration_s=DURATION_S,
        bursts_per_minute=_BURSTS_PER_MINUTE,
        seed=seed,
    )
    ahead = float(np.random.default_rng([seed, 17]).uniform(*_CLOCK_S))
    times = [arrived + ahead for arrived in flows.received_s]
    return Recordings(
        sent=_whole(counts(flows.sent_s[0], SLICE_S, DURATION_S)),
        received=tuple(_whole(counts(t, SLICE_S, DURATION_S)) for t in times),
        likeness=tuple(
            tuple(
                cross_correlation(
                    flows.sent_s[0],
                    t,
                    bin_s=SLICE_S,
                    duration_s=DURATION_S,
                    max_lag_s=MAX_SHIFT_S,
                )[1]
                .round(3)
                .tolist()
            )
            for t in times
        ),
        mine=int(flows.partner[0]),
    )


def _whole(values: np.ndarray) -> tuple[int, ...]:
    return tuple(int(v) for v in values)


def act(
    state: State,
    action: Mapping[str, Any],
    new_seed: Callable[[], int] = lambda: secrets.randbits(32),
) -> State:
    """The state after an action of the page; LessonError where there is none."""
    name = action.get("name")
    if name == "system":
        return _with_system(state, one_of(action, "system", EVERYDAY_SYSTEMS, "Choose a system."))
    if name == "watch":
        system = one_of(action, "system", EVERYDAY_SYSTEMS, "Choose a system of the table.")
        key = one_of(action, "observer", tuple(OBSERVERS), "Choose an observer of the table.")
        there = _with_system(state, system)
        return replace(there, eyes=places(system, OBSERVERS[key]))
    if name == "move":
        eye = whole(action, "eye", 0, len(state.eyes) - 1, "Choose an eye.")
        to = whole(action, "to", 1, state.last, "Choose a wire or node of the drawing.")
        rest = state.eyes[:eye] + state.eyes[eye + 1 :]
        if to in rest:
            raise LessonError("Another eye sits there already.")
        return replace(state, eyes=tuple(sorted((*rest, to))))
    if name == "add":
        # From the far end, so that a second eye shows what two ends together can do.
        order = [state.last - 1, *range(1, state.last - 1), state.last]
        free = next((p for p in order if p not in state.eyes), None)
        return state if free is None else replace(state, eyes=tuple(sorted((*state.eyes, free))))
    if name == "remove":
        return replace(state, eyes=state.eyes[:-1]) if len(state.eyes) > 1 else state
    if name == "line_up":
        website = whole(action, "website", 0, len(WEBSITES) - 1, "Choose a website, A to D.")
        shift = whole(action, "shift", 0, _SHIFTS, f"Shift by 0 to {MAX_SHIFT_S:g} s.")
        return replace(state, website=website, shift=shift)
    if name == "try_all":
        return replace(state, is_tried=True)
    if name == "tell":
        return replace(state, is_told=True)
    if name == "people":
        return replace(state, seed=new_seed(), shift=0, is_tried=False, is_told=False)
    if name == "presenter":
        return replace(state, presenter=not state.presenter)
    raise LessonError(f"The panel knows no action {name!r:.40}.")


def _with_system(state: State, system: str) -> State:
    """The same people and the same role on another path."""
    if system == state.system:
        return state
    observer = state.observer
    new = replace(state, system=system, eyes=(1,), is_tried=False, is_told=False)
    if observer is not None:
        return replace(new, eyes=places(system, observer))
    # No role: first half of the path stays first half, counted from the nearer end.
    moved = {p if p <= state.last // 2 else new.last - (state.last - p) for p in state.eyes}
    return replace(new, eyes=tuple(sorted(min(max(p, 1), new.last) for p in moved)))


def to_query(state: State) -> str:
    """The state as a short line; :func:`from_query` brings it back exactly.

    Examples
    --------
    >>> to_query(State(seed=3, system="onion", eyes=(1, 7)))
    'seed=3&system=onion&eyes=1.7&line=0.0.0.0.0'
    """
    flags = (state.website, state.shift, *map(int, (state.is_tried, state.is_told)))
    line = ".".join(map(str, (*flags, int(state.presenter))))
    eyes = ".".join(map(str, state.eyes))
    return urlencode(
        {"seed": f"{state.seed:x}", "system": state.system, "eyes": eyes, "line": line}
    )


def from_query(query: str) -> State:
    """The state of a line; LessonError names the part that is none."""
    values = query_parts(query, ("seed", "system", "eyes", "line"))
    system = one_of(values, "system", EVERYDAY_SYSTEMS, "system is vpn, onion or mixnet.")
    start = State(seed_of(values), system)
    eyes = _numbers(values["eyes"], "eyes names places such as 1.3.")
    if list(eyes) != sorted(set(eyes)) or not eyes or not 1 <= eyes[0] <= eyes[-1] <= start.last:
        raise LessonError(f"eyes are rising places from 1 to {start.last}.")
    line = _numbers(values["line"], "line is five numbers.")
    most = (len(WEBSITES) - 1, _SHIFTS, 1, 1, 1)
    if len(line) != len(most) or any(n > m for n, m in zip(line, most, strict=True)):
        raise LessonError(f"line is five numbers, at most {'.'.join(map(str, most))}.")
    return replace(
        start,
        eyes=eyes,
        website=line[0],
        shift=line[1],
        is_tried=bool(line[2]),
        is_told=bool(line[3]),
        presenter=bool(line[4]),
    )


def _numbers(text: str, expected: str) -> tuple[int, ...]:
    if not re.fullmatch(r"[0-9]{1,2}(\.[0-9]{1,2})*", text, re.A):
        raise LessonError(expected)
    return tuple(int(part) for part in text.split("."))
