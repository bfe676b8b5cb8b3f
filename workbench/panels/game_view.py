"""The game of pools as plain data for the page: a pure function of what was played."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.panels.game_state import (
    HOW_PLAYERS_CHOOSE,
    PLACES,
    PRESETS,
    RULES,
    Setup,
    equilibrium_of,
)
from workbench.rewards import decentralisation
from workbench.rewards.game import Move, NashCheck, State, payoffs

_MOST_BARS = 24
_KINDS = {
    "delegate": "delegates elsewhere",
    "close": "closes its pools and delegates",
    "open": "opens a pool",
    "split": "runs more pools",
    "merge": "runs fewer pools",
    "pledge": "changes its pledge",
    "margin": "changes its margin",
}


@dataclass(frozen=True)
class Past:
    """What was counted after each round since the start."""

    rounds: tuple[int, ...]
    pools: tuple[int, ...]
    nakamoto: tuple[int, ...]


def view(
    setup: Setup,
    state: State,
    past: Past,
    check: NashCheck,
    *,
    note: tuple[str, ...] = (),
    chosen: int = -1,
    proposal: Move | None = None,
    sealed: bool = False,
    presenter: bool = False,
) -> dict[str, Any]:
    """Everything that the page draws.

    Parameters
    ----------
    setup : Setup
        Knobs, situation, seed.
    state : State
        The pools of this moment.
    past : Past
        The rounds until now.
    check : NashCheck
        Whether this moment is an equilibrium.
    note : tuple of str
        What was last done or found, in sentences.
    chosen : int
        The operator that was asked, or -1.
    proposal : Move, optional
        A move that can be played.
    sealed : bool
        Before a guess is locked: one player at a time, and no knobs.
    presenter : bool
        Large type, for a room.
    """
    spread = decentralisation.measure(
        state.pledges,
        state.pool_stakes - state.pledges,
        state.pool_owners,
        state.game.rules.saturation_stake,
    )
    shown = shown_pools(state)
    pools = int(state.pool_owners.size)
    best = equilibrium_of(setup)
    owners = state.pool_owners[shown]
    return {
        "mode": "game",
        "title": "The game of pools",
        "sealed": sealed,
        "bars": _bars(state, shown),
        "groups": _groups(owners),
        "top": _top(state),
        "line": _line(state),
        "rows": _rows(setup, state, shown),
        "hand": None,
        "chosen": int(np.argmax(owners == chosen)) if chosen >= 0 and chosen in owners else -1,
        "presenter": presenter,
        "warning": "" if pools <= _MOST_BARS else (
            f"The {_MOST_BARS} pools with the most stake are drawn, of {pools}."
        ),
        "network": None if sealed else _network(pools, spread, state),
        "node": None if sealed else {
            "title": "In equilibrium",
            "rows": _equilibrium_rows(setup, bool(best), best.state),
        },
        "summary": _summary(past, pools, spread.operators, spread.nakamoto, check),
        "presets": [] if sealed else [
            {"key": key, "label": label, "on": key == setup.preset}
            for key, (label, _) in PRESETS.items()
        ],
        "knobs": [] if sealed else _knobs(setup),
        "answer": {
            "title": f"After {_count(past.rounds[-1], 'round')}",
            "value": str(pools),
            "unit": "pool" if pools == 1 else "pools",
            "words": f"run by {_count(spread.operators, 'operator')}; more than half of the stake "
            f"with {_count(spread.nakamoto, 'operator')}",
        },
        "note": {"title": _verdict(check), "lines": list(note)},
        "figure": None if len(past.rounds) < 2 else _story(
            past, best.state.pool_owners.size if best else pools, bool(best)
        ),
        "buttons": _buttons(sealed, proposal is not None),
    }  # fmt: skip


def _network(pools: int, spread: decentralisation.Decentralisation, state: State) -> dict[str, Any]:
    return {
        "title": "Whose network?",
        "rows": [
            ["Pools, operators", f"{pools}, {spread.operators}"],
            ["Nakamoto coefficient", f"{spread.nakamoto} of {spread.operators} operators"],
            ["Gini coefficient", f"{spread.gini:.2f}"],
            ["Pledged, of all stake", f"{100 * float(state.pledges.sum()):.0f} %"],
            ["In pools, of all stake", f"{100 * float(state.pool_stakes.sum()):.0f} %"],
        ],
    }


def shown_pools(state: State) -> Any:
    """Indices of the pools drawn: all, or those with the most stake, by owner."""
    order = np.argsort(-state.pool_stakes, kind="stable")[:_MOST_BARS]
    return np.sort(order)


def _top(state: State) -> float:
    point = state.game.rules.saturation_stake
    most = float(state.pool_stakes.max()) if state.pool_stakes.size else 0.0
    if point >= 1.0:
        return 1.05
    return max(1.5 * point, math.ceil(most * 1.05 / point * 2) * point / 2)


def _line(state: State) -> dict[str, Any]:
    point = state.game.rules.saturation_stake
    if point >= 1.0:
        return {"at": 1e9, "text": "no saturation point"}
    return {"at": point, "text": f"saturation point, {100 * point:.0f} % of the stake"}


def _bars(state: State, shown: Any) -> list[dict[str, Any]]:
    pay = payoffs(state, "myopic")
    point = state.game.rules.saturation_stake
    bars = []
    for pool in shown:
        owner = int(state.pool_owners[pool])
        stake, pledge = float(state.pool_stakes[pool]), float(state.pledges[pool])
        loses = bool(pay[owner] < 0)
        says = [
            f"{100 * stake:.1f} % of all stake",
            f"pledge {100 * pledge:.1f} %",
            f"margin {100 * state.margins[pool]:.0f} %",
        ]
        if stake > point * (1 + 1e-9):
            says.append("over-saturated")
        if loses:
            says.append("its operator loses money today")
        bars.append(
            {
                "name": str(owner),
                "parts": [
                    {"kind": "pledge", "stake": pledge},
                    {"kind": "others", "stake": stake - pledge},
                    {"kind": "mine", "stake": 0},
                ],
                "stake": stake,
                "is_over": stake > point * (1 + 1e-9),
                "is_losing": loses,
                "label": f"Pool of player {owner}",
                "says": "; ".join(says),
            }
        )
    return bars


def _groups(owners: Any) -> list[dict[str, Any]]:
    groups = []
    for owner in np.unique(owners):
        where = np.flatnonzero(owners == owner)
        if where.size > 1:
            groups.append({"from": int(where[0]), "to": int(where[-1]), "text": "one player"})
    return groups


def _rows(setup: Setup, state: State, shown: Any) -> list[dict[str, Any]]:
    best = equilibrium_of(setup)
    there = set(best.state.pool_owners.tolist()) if best else set()
    return [
        {
            "label": "margin, %",
            "cells": [{"text": f"{100 * state.margins[p]:.0f}", "strong": False} for p in shown],
        },
        {
            "label": "in equilibrium",
            "cells": [
                {"text": "◆" if int(state.pool_owners[p]) in there else "·", "strong": False}
                for p in shown
            ],
        },
    ]


def _equilibrium_rows(setup: Setup, is_found: bool, state: State) -> list[list[str]]:
    if not is_found:
        return [
            ["A state where nobody gains", "none found"],
            ["Proof that there is none", "no"],
        ]
    spread = decentralisation.measure(
        state.pledges, state.pool_stakes - state.pledges, state.pool_owners,
        state.game.rules.saturation_stake,
    )  # fmt: skip
    return [
        ["Pools, operators", f"{state.pool_owners.size}, {spread.operators}"],
        ["Nakamoto coefficient", f"{spread.nakamoto} of {spread.operators} operators"],
        ["Margins", f"{100 * state.margins.min():.0f} % to {100 * state.margins.max():.0f} %"],
        ["Pledged, of all stake", f"{100 * float(state.pledges.sum()):.0f} %"],
        ["Marked below the bars", "◆"],
    ]


def _knobs(setup: Setup) -> list[dict[str, Any]]:
    return [
        {
            "title": title,
            "knobs": [
                {
                    "key": knob.key,
                    "label": knob.label,
                    "least": knob.least,
                    "most": knob.most,
                    "step": knob.step,
                    "value": getattr(setup, knob.key),
                    "text": knob.say(getattr(setup, knob.key)),
                }
                for knob in knobs
            ],
        }
        for title, knobs in (("How players choose", HOW_PLAYERS_CHOOSE), ("Rules", RULES))
    ]


def _buttons(sealed: bool, has_proposal: bool) -> list[dict[str, Any]]:
    buttons = [
        {"name": "best", "text": "Best deviation", "on": True, "primary": False},
        {"name": "play", "text": "Play it", "on": has_proposal, "primary": False},
        {"name": "one", "text": "Step one player", "on": True, "primary": sealed},
    ]
    if not sealed:
        buttons += [
            {"name": "all", "text": "Step all", "on": True, "primary": False},
            {"name": "run", "text": "Run 50 rounds", "on": True, "primary": True},
        ]
    return buttons


def _verdict(check: NashCheck) -> str:
    return "An equilibrium: nobody gains by moving alone" if check else "Not an equilibrium"


def deviation_words(move: Move) -> tuple[str, ...]:
    """A move in sentences, its gain as a share of what the player expects now."""
    name = f"Player {move.player}"
    if move.kind == "stay":
        return (f"{name} gains nothing by any declared move.",)
    does = _KINDS[move.kind]
    if abs(move.pay_before) > 1e-12:
        gain = f"{100 * move.gain / abs(move.pay_before):+.1f} % of what it expects now"
    else:
        gain = "from nothing"
    pools = int(np.count_nonzero(move.after.pool_owners == move.player))
    lines = [f"{name} {does}: {gain}."]
    if pools:
        own = move.after.pool_owners == move.player
        margin = float(move.after.margins[own].mean())
        lines.append(f"It would run {_count(pools, 'pool')} at a margin of {100 * margin:.0f} %.")
    return tuple(lines)


def check_words(check: NashCheck) -> tuple[str, ...]:
    """The best deviation of all, or that there is none."""
    if check.deviation is None:
        return ("Every declared move of every player was tried; none pays.",)
    return ("The most profitable move:", *deviation_words(check.deviation))


def _story(past: Past, level: int, is_found: bool) -> dict[str, Any]:
    most = max(*past.pools, level, 1)
    last = max(10, past.rounds[-1])
    lines = [
        {"points": list(map(list, zip(past.rounds, past.pools, strict=True))), "dash": "solid",
         "colour": "stake", "text": "pools"},
        {"points": list(map(list, zip(past.rounds, past.nakamoto, strict=True))),
         "dash": "dashed", "colour": "ink", "text": "Nakamoto"},
    ]  # fmt: skip
    return {
        "title": "Pools and Nakamoto coefficient, round by round",
        "alt": (
            f"Two lines over {past.rounds[-1]} rounds: pools, now {past.pools[-1]}, and the "
            f"Nakamoto coefficient, now {past.nakamoto[-1]}."
        ),
        "x": {"from": 0, "to": last, "label": "rounds"},
        "y": {"from": 0, "to": math.ceil(1.15 * most), "label": "count"},
        "lines": lines,
        "uprights": [],
        "levels": [{"y": level, "text": "pools in equilibrium"}] if is_found else [],
        "dot": None,
    }


def _summary(past: Past, pools: int, operators: int, nakamoto: int, check: NashCheck) -> str:
    end = (
        "an equilibrium: nobody gains by moving alone"
        if check
        else "no equilibrium: somebody would gain by moving"
    )
    return (
        f"After {_count(past.rounds[-1], 'round')}: {_count(pools, 'pool')} of "
        f"{_count(operators, 'operator')}, more than half of the stake with {nakamoto}; {end}. "
        f"The rules aim at {PLACES} pools."
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
