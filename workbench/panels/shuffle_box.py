"""The shuffle box (a threshold mix): put letters in, see who could have sent yours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from workbench.errors import LessonError
from workbench.panels.asking import AskingPanel, seed_or_drawn
from workbench.panels.controls import style
from workbench.panels.shuffle_box_state import (
    LETTERS,
    SIZES,
    YOU,
    State,
    act,
    doubt_by_attackers,
    from_query,
    name_of,
    to_query,
)
from workbench.teaching import Prediction


class ShuffleBox(AskingPanel[State]):
    """The panel; use :func:`shuffle_box` to make one."""

    scripts = ("asking.js", "shuffle_box.js")
    _css = style("asking.css", "shuffle_box.css")

    @property
    def query(self) -> str:
        """The state as a short line; ``shuffle_box(query=...)`` brings it back exactly."""
        return to_query(self._state)

    def _act(self, state: State, action: Mapping[str, Any]) -> State:
        return act(state, action)

    def _looks(self, before: State, after: State) -> bool:
        return replace(before, presenter=after.presenter) == after

    def _view(self, state: State, is_sealed: bool) -> dict[str, Any]:
        return view(state, is_sealed)


def shuffle_box(
    size: int = 8,
    *,
    ask: Prediction | None = None,
    seed: int | None = None,
    presenter: bool = False,
    query: str | None = None,
) -> ShuffleBox:
    """A box that waits until it is full, shuffles, and lets all its letters go at once.

    Parameters
    ----------
    size : int
        How many letters open it: 4, 8 or 16.
    ask : Prediction, optional
        A guess to be locked in before the suspects are counted.
    seed : int, optional
        For a shuffle that comes out the same again; by default it is random.
    presenter : bool
        Large type and thick lines, for a room.
    query : str, optional
        A state that a panel's ``query`` gave; the other values are not looked at then.

    Returns
    -------
    ShuffleBox
        A widget; a notebook shows it.

    Raises
    ------
    LessonError
        Another size, or no such state.
    """
    if query is not None:
        return ShuffleBox(from_query(query), ask)
    start = State(seed_or_drawn(seed, bits=64))
    if type(size) is not int or size not in SIZES:
        raise LessonError(f"size is one of {', '.join(map(str, SIZES))}")
    return ShuffleBox(
        replace(act(start, {"name": "size", "size": size}), presenter=bool(presenter)), ask
    )


def view(state: State, is_sealed: bool) -> dict[str, Any]:
    """What there is to see; while sealed nothing says how many suspects are left."""
    waiting = () if state.is_open else state.inside
    data: dict[str, Any] = {
        "size": state.size,
        "sizes": list(SIZES),
        "presenter": state.presenter,
        "letters": [
            {
                "key": key,
                "name": name_of(key),
                "kind": _kind(key),
                "place": "in" if key in waiting else "out" if key in state.out else "outside",
                "label": _label(key, key in waiting),
            }
            for key in LETTERS
            if key[0] != "p" or int(key[1:]) < max(state.size, 8)
        ],
        "inside": list(waiting),
        "free": 0 if state.is_open else state.size - len(state.inside),
        "is_open": state.is_open,
        "went_in": [
            {"name": name_of(key), "kind": _kind(key)} for key in state.inside if state.is_open
        ],
        # What comes out looks alike: the attacker knows its own, and nothing else.
        "out": [{"is_own": key[0] == "a"} for key in state.out],
        "box": _box_words(state),
        "code": f'shuffle_box(query="{to_query(state)}")',
        "doubt": None,
    }
    if not is_sealed:
        data["doubt"] = {
            "bits": None if state.bits is None else f"{state.bits:.2f}".rstrip("0").rstrip("."),
            "suspects": state.suspects,
            "attackers": state.attackers,
            "words": _doubt_words(state),
            "bars": [round(b, 4) for b in doubt_by_attackers(state.size)],
            "most": round(doubt_by_attackers(max(SIZES))[0], 4),
        }
    data["summary"] = _summary(state, is_sealed)
    return data


def _kind(key: str) -> str:
    return "yours" if key == YOU else "own" if key[0] == "a" else "people"


def _label(key: str, is_in: bool) -> str:
    number = int(key[1:] or 0) + 1
    whose = {
        "yours": "Your letter",
        "own": f"The attacker's letter {number}",
        "people": f"{name_of(key)}'s letter",
    }[_kind(key)]
    return f"{whose}, {'in the box: take it out' if is_in else 'outside: put it in'}"


def _box_words(state: State) -> str:
    if state.is_open:
        return f"Full: shuffled, and all {state.size} let go."
    free = state.size - len(state.inside)
    more = "1 more letter" if free == 1 else f"{free} more letters"
    return f"{len(state.inside)} of {state.size} letters in. It waits for {more}."


def _doubt_words(state: State) -> str:
    if not state.is_open:
        return "Nothing has come out yet. Fill the box."
    if state.suspects is None:
        return "Your letter was not in this box: there is nothing to look for."
    own = {0: "None is the attacker's", 1: "The attacker takes its own 1 away"}.get(
        state.attackers, f"The attacker takes its own {state.attackers} away"
    )
    left = (
        "1 letter is left: yours"
        if state.suspects == 1
        else (f"{state.suspects} letters are left, and any of them may be yours")
    )
    return f"{state.size} letters came out. {own}. {left}."


def _summary(state: State, is_sealed: bool) -> str:
    if is_sealed or state.bits is None:
        return _box_words(state)
    bits = f"{state.bits:.1f}".removesuffix(".0")
    if state.suspects == 1:
        return f"{bits} bits: it can only be this one letter."
    unit = "bit" if bits == "1" else "bits"
    return f"{bits} {unit}: it could be any of {state.suspects} letters, each from another person."
