"""The saturation panel's state as plain data for the page: a pure function."""

from __future__ import annotations

import math
from typing import Any

from workbench.panels.saturation_state import (
    MY_TOKENS,
    NAMES,
    NETWORK_KNOBS,
    NODE_KNOBS,
    PRESETS,
    STEP,
    TOKEN,
    State,
)
from workbench.rewards import decentralisation, network, placing
from workbench.rewards.formula import Node, saturation

_PER = 1_000  # returns are said for so many tokens
_CURVE_POINTS = 48


def view(state: State, *, sealed: bool = False) -> dict[str, Any]:
    """Everything that the page draws.

    Parameters
    ----------
    state : State
        What stands in the panel.
    sealed : bool
        Before a guess is locked: stakes are shown, and nothing of what they earn.
    """
    nodes = [state.node(i) for i in range(len(state.bars))]
    full = [float(saturation(state.parameters, node)) for node in nodes]
    returns = None if sealed else [_return(state, node) for node in nodes]
    data: dict[str, Any] = {
        "mode": "stake",
        "title": "Stake and saturation",
        "sealed": sealed,
        "bars": [_bar(state, i, full[i], returns) for i in range(len(nodes))],
        "groups": _groups(state),
        "top": _top(state),
        "line": {"at": state.point, "text": f"saturation point {state.point:,.0f} tokens"},
        "rows": _rows(state, full, returns),
        "hand": {"has": state.hand, "of": MY_TOKENS, "step": STEP},
        "chosen": state.chosen,
        "presenter": state.presenter,
        # Why a full node is worse is what the guess asks: not a word of it before.
        "warning": "" if sealed else _warning(state, full),
        "network": None if sealed else _network(state),
        "summary": _summary(state, full, returns),
        "presets": [],
        "knobs": [],
        "answer": None,
        "node": None,
        "figure": None,
    }
    if returns is not None:
        data["presets"] = [
            {"key": key, "label": label, "on": key == state.preset}
            for key, (label, _, _) in PRESETS.items()
        ]
        data["knobs"] = _knobs(state)
        data["answer"] = _answer(state, returns)
        data["node"] = _node(state, full[state.chosen], returns[state.chosen])
        data["figure"] = _curve(state)
    return data


def _return(state: State, node: Node) -> float:
    """Tokens a month for a thousand tokens delegated."""
    return placing.delegate_return(state.parameters, node) * _PER


def _top(state: State) -> float:
    """The stake at the upper end of the axis: steps, so that the picture seldom jumps."""
    most = max(1.3 * state.point, *(1.04 * bar.stake for bar in state.bars))
    step = 10 ** math.floor(math.log10(most)) / 4
    return float(math.ceil(most / step) * step)


def _bar(state: State, i: int, full: float, returns: list[float] | None) -> dict[str, Any]:
    bar = state.bars[i]
    says = [
        f"{bar.mine:,} of yours",
        f"stake {bar.stake:,} tokens",
        f"saturation {100 * full:.0f} %" + (", over-saturated" if full > 1 else ""),
    ]
    if returns is not None:
        says.append(f"pays {returns[i]:.2f} a month for 1,000")
    return {
        "name": NAMES[i],
        "parts": [
            {"kind": "pledge", "stake": bar.pledge},
            {"kind": "others", "stake": bar.others},
            {"kind": "mine", "stake": bar.mine},
        ],
        "stake": bar.stake,
        "is_over": full > 1,
        "label": f"Node {NAMES[i]}, your tokens on it",
        "now": bar.mine,
        "most": bar.mine + state.hand,
        "says": "; ".join(says),
        "pay": None if returns is None else returns[i],
    }


def _groups(state: State) -> list[dict[str, Any]]:
    """Neighbouring nodes with one operator, where somebody runs several."""
    found: list[dict[str, Any]] = []
    for i, bar in enumerate(state.bars):
        if found and found[-1]["operator"] == bar.operator:
            found[-1]["to"] = i
        else:
            found.append({"operator": bar.operator, "from": i, "to": i})
    return [
        {"from": g["from"], "to": g["to"], "text": "one operator"}
        for g in found
        if g["to"] > g["from"]
    ]


def _rows(state: State, full: list[float], returns: list[float] | None) -> list[dict[str, Any]]:
    rows = [
        {
            "label": "saturation, %",
            "cells": [{"text": f"{100 * value:.0f}", "strong": value > 1} for value in full],
        }
    ]
    if returns is not None:
        best = max(returns)
        rows.append(
            {
                "label": "pays for 1,000",
                "cells": [{"text": f"{v:.1f}", "strong": v == best} for v in returns],
            }
        )
    return rows


def _knobs(state: State) -> list[dict[str, Any]]:
    bar = state.bars[state.chosen]
    groups = (
        (f"Node {NAMES[state.chosen]}", NODE_KNOBS, bar),
        ("All nodes", NETWORK_KNOBS, state),
    )
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
                    "value": getattr(holder, knob.key),
                    "text": knob.say(getattr(holder, knob.key)),
                }
                for knob in knobs
            ],
        }
        for title, knobs, holder in groups
    ]


def _earned(state: State, returns: list[float]) -> float:
    return sum(bar.mine * r for bar, r in zip(state.bars, returns, strict=True)) / _PER


def _answer(state: State, returns: list[float]) -> dict[str, str]:
    placed = MY_TOKENS - state.hand
    if not placed:
        words = "All your tokens are in your hand: put them on a node."
    else:
        where = [NAMES[i] for i, bar in enumerate(state.bars) if bar.mine]
        words = f"from {placed:,} tokens on {_listed(where)}"
        if state.hand:
            words += f"; {state.hand:,} in your hand earn nothing"
    return {
        "title": "Your tokens earn",
        "value": f"{_earned(state, returns):.2f}",
        "unit": "tokens a month",
        "words": words,
    }


def _node(state: State, full: float, pays: float) -> dict[str, Any]:
    node = state.node(state.chosen)
    reward = network.node_reward(state.parameters, node)
    parts = network.split(reward, node, state.parameters.epochs_in_interval)
    return {
        "title": f"Node {NAMES[state.chosen]}, a month",
        "rows": [
            ["Reward", f"{float(reward) / TOKEN:.2f} tokens"],
            ["Operator’s pay, cost included", f"{float(parts.operator_unym) / TOKEN:.2f} tokens"],
            ["All delegators together", f"{float(parts.delegates_unym) / TOKEN:.2f} tokens"],
            ["Return for 1,000 tokens", f"{pays:.2f} tokens"],
            ["Saturation, uncapped", f"{100 * full:.0f} %"],
        ],
    }


def _warning(state: State, full: list[float]) -> str:
    over = [i for i, value in enumerate(full) if value > 1]
    if not over:
        return ""
    if len(over) == 1:
        i = over[0]
        excess = state.bars[i].stake - state.point
        return (
            f"Node {NAMES[i]} is over-saturated, {100 * full[i]:.0f} % full: {excess:,.0f} of "
            "its tokens add nothing to its reward and lower everybody’s return there."
        )
    return (
        f"{_listed([NAMES[i] for i in over])} are over-saturated: what lies above the line adds "
        "nothing to a reward and lowers everybody’s return there."
    )


def _network(state: State) -> dict[str, Any]:
    spread = decentralisation.measure(
        [float(bar.pledge) for bar in state.bars],
        [float(bar.others + bar.mine) for bar in state.bars],
        [bar.operator for bar in state.bars],
        state.point,
    )
    return {
        "title": "Whose network?",
        "rows": [
            ["Nakamoto coefficient", f"{spread.nakamoto} of {spread.operators} operators"],
            ["Gini coefficient", f"{spread.gini:.2f}"],
            ["Pledged, of all stake", f"{100 * spread.pledge_rate:.0f} %"],
            ["Nodes over-saturated", str(spread.nodes_above_saturation)],
        ],
    }


def _curve(state: State) -> dict[str, Any]:
    """What the chosen node would pay if others put more or less on it."""
    bar, top = state.bars[state.chosen], _top(state)
    least = max(bar.pledge + bar.mine, top / _CURVE_POINTS)
    # The peak itself is a point, so that the drawing does not cut it off.
    stakes = sorted({*(least + i * (top - least) / _CURVE_POINTS for i in range(_CURVE_POINTS + 1)),
                     *([state.point] if state.point > least else [])})  # fmt: skip
    node = state.node(state.chosen, mine=False)
    points = []
    for stake in stakes:
        moved = network.Node(
            node.name, node.pledge_unym, int((stake - bar.pledge) * TOKEN),
            node.margin, node.interval_cost_unym, node.performance,
        )  # fmt: skip
        points.append([stake, _return(state, moved)])
    highest = max(y for _, y in points)
    return {
        "title": f"What node {NAMES[state.chosen]} pays for 1,000 tokens, by its stake",
        "alt": (
            f"A curve over the stake of node {NAMES[state.chosen]}: its return rises a little up "
            f"to the saturation point of {state.point:,.0f} tokens and falls beyond it."
        ),
        "x": {"from": 0, "to": top, "label": "stake, tokens"},
        "y": {"from": 0, "to": max(1.0, 1.15 * highest), "label": "tokens a month"},
        "lines": [{"points": points, "dash": "solid", "colour": "stake"}],
        "uprights": [{"x": state.point, "text": "saturation point"}],
        "levels": [],
        "dot": [bar.stake, _return(state, state.node(state.chosen))],
    }


def _summary(state: State, full: list[float], returns: list[float] | None) -> str:
    over = sum(value > 1 for value in full)
    several = {0: "no node is", 1: "one node is"}.get(over, f"{over} nodes are")
    if returns is None:
        most = max(range(len(full)), key=lambda i: state.bars[i].stake)
        return (
            f"Node {NAMES[most]} has the most stake, {100 * full[most]:.0f} % of the saturation "
            f"point; {several} over-saturated; {MY_TOKENS - state.hand:,} of your "
            f"{MY_TOKENS:,} tokens are placed."
        )
    best = max(range(len(returns)), key=lambda i: returns[i])
    chosen = state.chosen
    return (
        f"Your tokens earn {_earned(state, returns):.2f} a month; node {NAMES[chosen]} pays "
        f"{returns[chosen]:.2f} for 1,000 at saturation {100 * full[chosen]:.0f} %, node "
        f"{NAMES[best]} pays most, {returns[best]:.2f}; {several} over-saturated."
    )


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
