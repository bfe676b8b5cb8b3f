"""Who sees what: an eye on any wire or node of three systems, and two recordings to line up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from workbench.anonymity import path_of
from workbench.anonymity.everyday import EVERYDAY_OBSERVERS, EVERYDAY_SYSTEMS, everyday_view
from workbench.errors import LessonError
from workbench.panels.asking import AskingPanel, seed_or_drawn
from workbench.panels.controls import style
from workbench.panels.who_sees_state import (
    DURATION_S,
    SLICE_S,
    WEBSITES,
    State,
    act,
    from_query,
    places,
    recordings,
    to_query,
)
from workbench.teaching import Prediction

SYSTEM_NAMES = {"vpn": "VPN", "onion": "Onion (Tor-like)", "mixnet": "Mixnet"}
LINK_WORDS = {
    "knows": "knows",
    "by timing": "by timing",
    "suspects only": "suspects only",
    "no": "no",
}
_VERDICTS = {
    "knows": "Yes, it simply knows",
    "by timing": "Yes, by timing",
    "suspects only": "It is left with suspects",
    "no": "No",
}


class WhoSees(AskingPanel[State]):
    """The panel; use :func:`who_sees_panel` to make one."""

    scripts = ("asking.js", "timelines.js", "who_sees_panel.js")
    _css = style("asking.css", "who_sees_panel.css")

    @property
    def query(self) -> str:
        """The state as a short line; ``who_sees_panel(query=...)`` brings it back exactly."""
        return to_query(self._state)

    def _check_sealed(self, action: Mapping[str, Any]) -> None:
        if action.get("name") not in ("system", "move", "presenter", "undo", "reset"):
            raise LessonError("First lock in your guess; then the rest of the panel opens.")

    def _act(self, state: State, action: Mapping[str, Any]) -> State:
        return act(state, action)

    def _looks(self, before: State, after: State) -> bool:
        return replace(before, presenter=after.presenter, shift=after.shift) == after

    def _view(self, state: State, is_sealed: bool) -> dict[str, Any]:
        return view(state, is_sealed)


def who_sees_panel(
    system: str = "vpn",
    *,
    ask: Prediction | None = None,
    seed: int | None = None,
    presenter: bool = False,
    query: str | None = None,
) -> WhoSees:
    """An eye to put on any wire or node, what it sees there, and two recordings to line up.

    Parameters
    ----------
    system : str
        "vpn", "onion" or "mixnet".
    ask : Prediction, optional
        A guess to be locked in before the panel says who can link you.
    seed : int, optional
        For the same people sending at the same times again; by default it is random.
    presenter : bool
        Large type and thick lines, for a room.
    query : str, optional
        A state that a panel's ``query`` gave; the other values are not looked at then.

    Returns
    -------
    WhoSees
        A widget; a notebook shows it.

    Raises
    ------
    LessonError
        Another system, or no such state.
    """
    if query is not None:
        return WhoSees(from_query(query), ask)
    start = State(seed_or_drawn(seed))
    if system not in EVERYDAY_SYSTEMS:
        raise LessonError(f"system is one of {', '.join(EVERYDAY_SYSTEMS)}")
    return WhoSees(
        replace(act(start, {"name": "system", "system": system}), presenter=bool(presenter)), ask
    )


def view(state: State, is_sealed: bool) -> dict[str, Any]:
    """What there is to see; while sealed nothing tells who can link whom."""
    data: dict[str, Any] = {
        "system": state.system,
        "presenter": state.presenter,
        "path": [
            {"place": p, "kind": "wire" if p % 2 else "node", "name": _name(state.system, p)}
            for p in range(state.last + 1)
        ],
        "eyes": [{"place": p, "label": f"Eye on {_on(state.system, p)}"} for p in state.eyes],
        "can_add": len(state.eyes) < state.last,
        "can_remove": len(state.eyes) > 1,
        "where": _where(state),
        "code": f'who_sees_panel(query="{to_query(state)}")',
        "sees": None,
        "verdict": None,
        "table": None,
        "lines": None,
    }
    if not is_sealed:
        seen = state.seen
        data["sees"] = [
            ["your address", "yes" if seen.sees_sender else "no"],
            ["the website's address", "yes" if seen.sees_receiver else "no"],
            ["when packets pass", _WHEN[seen.timing]],
            ["how much", _size_words(state.system, seen.size)],
            ["what you say", "reads it" if seen.reads_words else "encrypted: cannot read it"],
        ]
        data["verdict"] = {
            "links": seen.links,
            "word": _VERDICTS[seen.links],
            "why": seen.why[0].upper() + seen.why[1:] + ".",
        }
        data["table"] = _table(state)
        data["lines"] = _lines(state)
    data["summary"] = _summary(state, is_sealed)
    return data


_WHEN = {
    "your side": "on your side",
    "inside": "between nodes only",
    "website's side": "on the website's side",
    "both ends": "at both ends",
}


def _size_words(system: str, size: str) -> str:
    """Past an onion router and a mixnet a real size is seen only where their packets end."""
    if size == "the real size" and system in ("onion", "mixnet"):
        return "the real size (behind the last node)"
    return {"the number of cells": "how many cells", "only whole packets": "nothing: cover hides it"
            }.get(size, size)  # fmt: skip


def _two_places(value: float) -> str:
    """As the page writes a likeness: a true minus sign, and none before a zero."""
    return f"{value:z.2f}".replace("-", "\N{MINUS SIGN}")


def _name(system: str, place: int) -> str:
    path = path_of(system)
    return f"{path[place // 2]} to {path[place // 2 + 1]}" if place % 2 else path[place // 2]


def _on(system: str, place: int) -> str:
    path = path_of(system)
    if place % 2 == 0:
        return f"the {path[place // 2]}"
    ends = [end if end == "you" else f"the {end}" for end in path[place // 2 : place // 2 + 2]]
    return f"the wire from {ends[0]} to {ends[1]}"


def _where(state: State) -> str:
    spots = [_on(state.system, p) for p in state.eyes]
    role = f" This is {state.observer.name}." if state.observer else ""
    if len(spots) == 1:
        return f"One eye, on {spots[0]}.{role}"
    return f"{len(spots)} eyes, on {', '.join(spots[:-1])} and {spots[-1]}.{role}"


def _table(state: State) -> list[dict[str, Any]]:
    """The six observers of the three systems, as the library's rules give them."""
    return [
        {
            "key": observer.key,
            "name": observer.name,
            "cells": [
                {
                    "system": system,
                    "links": (links := everyday_view(system, observer.key).links),
                    "word": LINK_WORDS[links],
                    # With one server the first node is all nodes: both cells are where the eye is.
                    "is_here": system == state.system and places(system, observer) == state.eyes,
                    "label": f"{SYSTEM_NAMES[system]}, {observer.name}: {links}",
                }
                for system in EVERYDAY_SYSTEMS
            ],
        }
        for observer in EVERYDAY_OBSERVERS
    ]


def _lines(state: State) -> dict[str, Any]:
    """Two recordings, as far as the eyes have them."""
    seen = state.seen
    taken = recordings(state.system, state.seed)
    both = seen.sees_sender and seen.sees_receiver
    best = [max(values) for values in taken.likeness]
    data: dict[str, Any] = {
        "duration_s": DURATION_S,
        "slice_s": SLICE_S,
        "websites": list(WEBSITES),
        "website": state.website,
        "shift": state.shift,
        "sent": list(taken.sent) if seen.sees_sender else None,
        "received": list(map(list, taken.received)) if seen.sees_receiver else None,
        "likeness": list(map(list, taken.likeness)) if both else None,
        "best": None,
        "told": None,
        "say": "",
    }
    if both and state.is_tried:
        data["best"] = best
        first, second = sorted(best, reverse=True)[:2]
        data["say"] = (
            f"Most alike: website {WEBSITES[best.index(first)]} with {_two_places(first)}; "
            f"the next has {_two_places(second)}."
        )
    if both and state.is_told:
        data["told"] = WEBSITES[taken.mine]
        data["say"] = f"{data['say']} Yours is website {WEBSITES[taken.mine]}.".strip()
    if not both:
        # Large type has no room for the table.
        way = "" if state.presenter else "Choose “both providers together” in the table, or "
        more = "dd an eye, and drag it to the other end."
        data["say"] = f"To compare, the eyes must have both ends. {way}{'a' if way else 'A'}{more}"
    return data


def _summary(state: State, is_sealed: bool) -> str:
    where = _where(state)
    if is_sealed:
        return where
    return f"{where} Can it tell that you talked to this website? {_VERDICTS[state.seen.links]}."
