"""The shuffle box: whose letters are in it, what comes out, and who could have sent yours."""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from workbench.anonymity import flooded_threshold_bits
from workbench.errors import LessonError
from workbench.panels.asking import one_of, query_parts, whole

SIZES = (4, 8, 16)
PEOPLE = (
    *("Ada", "Ben", "Chi", "Dan", "Eli", "Fay", "Gus", "Hana"),
    *("Ian", "Joy", "Kim", "Leo", "Mia", "Noor", "Oto"),
)
YOU = "y"
_PEOPLE_KEYS = tuple(f"p{i}" for i in range(len(PEOPLE)))
_OWN_KEYS = tuple(f"a{i}" for i in range(len(PEOPLE)))  # the attacker's letters
LETTERS = (YOU, *_PEOPLE_KEYS, *_OWN_KEYS)


@dataclass(frozen=True)
class State:
    """Everything that the panel shows follows from this value."""

    seed: int
    size: int = 8
    inside: tuple[str, ...] = (YOU, "p0", "p1", "p2", "p3")
    """Letters in the box, in the order in which they were put in; ``size`` of them open it."""
    presenter: bool = False

    @property
    def is_open(self) -> bool:
        """Whether the box is full: then it shuffles its letters and lets all of them go."""
        return len(self.inside) == self.size

    @property
    def attackers(self) -> int:
        """How many letters in the box are the attacker's."""
        return sum(key in _OWN_KEYS for key in self.inside)

    @property
    def out(self) -> tuple[str, ...]:
        """Letters in the order in which they came out; empty while the box waits."""
        if not self.is_open:
            return ()
        # The drawn order depends on what went in, so a new letter is a new shuffle.
        rng = random.Random(f"{self.seed} {' '.join(self.inside)}")
        return tuple(rng.sample(self.inside, self.size))

    @property
    def bits(self) -> float | None:
        """Doubt about your letter, from the library; None while there is nothing to ask."""
        if not self.is_open or YOU not in self.inside:
            return None
        return flooded_threshold_bits(self.size, self.attackers)

    @property
    def suspects(self) -> int | None:
        """How many of the letters that came out could be yours."""
        return None if self.bits is None else self.size - self.attackers


def name_of(key: str) -> str:
    """Whose letter it is, as a person says it."""
    if key == YOU:
        return "You"
    return PEOPLE[int(key[1:])] if key in _PEOPLE_KEYS else "Attacker"


def act(
    state: State,
    action: Mapping[str, Any],
    new_seed: Callable[[], int] = lambda: secrets.randbits(32),
) -> State:
    """The state after an action of the page; LessonError where there is none."""
    name = action.get("name")
    if name == "size":
        size = action.get("size")
        if type(size) is not int or size not in SIZES:
            raise LessonError(f"The box holds one of {', '.join(map(str, SIZES))} letters.")
        # One place stays free, so that a smaller box does not open by itself.
        return replace(state, size=size, inside=state.inside[: size - 1])
    if name == "put":
        return _put(state, one_of(action, "letter", LETTERS, "Choose a letter of the drawing."))
    if name == "take":
        key = one_of(action, "letter", LETTERS, "Choose a letter of the drawing.")
        if state.is_open:
            raise LessonError("These letters are out. Press Empty to begin again.")
        return replace(state, inside=tuple(k for k in state.inside if k != key))
    if name == "own":
        return _put(state, _next(state, _OWN_KEYS))
    if name == "people":
        keys = (YOU, *_PEOPLE_KEYS)
        inside = _emptied(state)
        free = tuple(k for k in keys if k not in inside)[: state.size - len(inside)]
        return replace(state, inside=(*inside, *free))
    if name == "flood":
        # n-1: everybody else's letters are held back, the rest is the attacker's.
        return replace(state, inside=(YOU, *_OWN_KEYS[: state.size - 1]))
    if name == "empty":
        return replace(state, inside=())
    if name == "shake":
        return replace(state, seed=new_seed())
    if name == "presenter":
        return replace(state, presenter=not state.presenter)
    raise LessonError(f"The panel knows no action {name!r:.40}.")


def _emptied(state: State) -> tuple[str, ...]:
    return () if state.is_open else state.inside


def _next(state: State, keys: tuple[str, ...]) -> str:
    inside = _emptied(state)
    return next(k for k in keys if k not in inside)


def _put(state: State, key: str) -> State:
    inside = _emptied(state)  # an open box begins a new round
    if key in inside:
        return state
    return replace(state, inside=(*inside, key))


def doubt_by_attackers(size: int) -> list[float]:
    """Bits left with 0, 1, ... size - 1 letters of the attacker, from the library."""
    return [flooded_threshold_bits(size, own) for own in range(size)]


def to_query(state: State) -> str:
    """The state as a short line; :func:`from_query` brings it back exactly.

    Examples
    --------
    >>> to_query(State(seed=3, inside=("y", "a0")))
    'seed=3&size=8&inside=y.a0'
    """
    pairs = [("seed", f"{state.seed:x}"), ("size", str(state.size))]
    pairs.append(("inside", ".".join(state.inside)))
    if state.presenter:
        pairs.append(("presenter", "1"))
    return urlencode(pairs)


def from_query(query: str) -> State:
    """The state of a line; LessonError names the part that is none."""
    values = query_parts(query, ("seed", "size", "inside"), ("presenter",))
    if values["size"] not in map(str, SIZES):
        raise LessonError(f"size is one of {', '.join(map(str, SIZES))}.")
    inside = tuple(values["inside"].split(".")) if values["inside"] else ()
    size = whole({"size": int(values["size"])}, "size", 1, max(SIZES), "")
    if any(k not in LETTERS for k in inside) or len(set(inside)) < len(inside):
        raise LessonError("inside names letters such as y.p0.a3, each once.")
    if len(inside) > size:
        raise LessonError(f"A box of {size} cannot hold {len(inside)} letters.")
    if values.get("presenter", "1") not in ("0", "1"):
        raise LessonError("presenter is 0 or 1.")
    return State(int(values["seed"], 16), size, inside, values.get("presenter") == "1")
