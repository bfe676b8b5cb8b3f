"""The economy beside the network as plain data for a page: nodes, facts, history, words."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from workbench.panels.economy_settings import LOSSES, STEPS, EconomySettings
from workbench.panels.knob_words import number_text
from workbench.panels.live_economy import EPOCH_S, LiveEconomy
from workbench.rewards.parameters import Role
from workbench.scenario import Scenario
from workbench.system import EpochFrame
from workbench.system.measure import interval_of
from workbench.system.setting import SystemScenario

HISTORY = 30
CLOCK = f"1 epoch = {EPOCH_S:g} s shown"
_Z95 = 1.96


def mean_error(frame: EpochFrame) -> float:
    """Half of the 95 % interval of the mean performance of the active nodes."""
    errors = frame.performance_errors[frame.places.ravel()]
    errors = errors[~np.isnan(errors)]
    return _Z95 * float(np.sqrt((errors**2).sum())) / len(errors) if len(errors) else math.nan


def summary(economy: LiveEconomy, problem: str = "") -> str:
    """One line for the first tab: the last closed epoch, or why there is none."""
    if problem:
        return f"The economy rests: {problem}"
    now = economy.drawn.places
    mixing = f"{now.size} of {economy.live.setting.nodes} nodes mix"
    frame = economy.last
    if frame is None:
        return f"Epoch 0 runs ({CLOCK}): {mixing}; nothing is measured yet."
    row = frame.row
    full = int(np.argmax(frame.saturations))
    return (
        f"Epoch {row.epoch} closed ({CLOCK}): performance {performance_text(frame)}; paid "
        f"{row.paid_nym:,.0f} of {row.budget_nym:,.0f} NYM; Nakamoto coefficient {row.nakamoto}; "
        f"fullest node {full} at {row.saturation_highest:.2f} of saturation. "
        f"Epoch {economy.epoch} runs: {mixing}."
    )


def performance_text(frame: EpochFrame) -> str:
    """Mean performance of the active nodes with its uncertainty."""
    return f"{100 * frame.row.performance_mean:.1f} ± {100 * mean_error(frame):.1f} %"


def clock_data(economy: LiveEconomy) -> dict[str, Any]:
    """How far the epoch that runs has come."""
    return {
        "text": f"Epoch {economy.epoch} runs, closes in "
        f"{max(0, math.ceil(EPOCH_S - economy.shown_s))} s. {CLOCK}.",
        "share": round(min(1.0, economy.shown_s / EPOCH_S), 2),
    }


def tab_data(economy: LiveEconomy) -> dict[str, Any]:
    """Everything that changes with an epoch or a knob."""
    return {
        "nodes": nodes_data(economy),
        "facts": facts_data(economy),
        "history": history_data(economy),
        "notes": notes(economy),
        "knobs": knobs_data(economy.settings, economy.scenario, economy.live.setting.nodes),
    }


def nodes_data(economy: LiveEconomy) -> dict[str, Any]:
    """Arrays over nodes, in the order of their numbers: the closed epoch, and who mixes now."""
    nodes = economy.live.setting.nodes
    layers = np.zeros(nodes, int)
    for layer, row in enumerate(economy.drawn.places, start=1):
        layers[row] = layer
    frame = economy.last
    known: dict[str, Any] = {
        "count": nodes,
        "layers": layers.tolist(),
        "standby": (economy.drawn.roles == Role.STANDBY).tolist(),
        "down": [node in economy.down for node in range(nodes)],
        "open": economy.live.is_open.tolist(),
        "closed": None if frame is None else frame.row.epoch,
    }
    point = economy.live.saturation_point_nym
    pledges, delegations = economy.live.stakes_nym
    known["pledges"] = _rounded(pledges / point)
    known["delegations"] = _rounded(delegations / point)
    if frame is None:
        return known
    low, high = interval_of(frame.sampled, frame.drops)
    active = np.zeros(nodes, bool)
    active[frame.places.ravel()] = True
    shares = np.where(active, frame.loads_per_s / frame.capacities_per_s, np.nan)
    has_limit = bool(np.isfinite(frame.capacities_per_s).all())
    return known | {
        "active": active.tolist(),
        "load": _rounded(shares if has_limit else np.full(nodes, np.nan)),
        "per_s": _rounded(np.where(active, frame.loads_per_s, np.nan)),
        "performance": _rounded(frame.performances),
        "low": _rounded(low),
        "high": _rounded(high),
        "sampled": frame.sampled.tolist(),
        "paid": _rounded(frame.rewards_nym, 2),
        "margins": _rounded(frame.margins, 3),
        "operators": frame.operators.tolist(),
    }


def facts_data(economy: LiveEconomy) -> list[list[str]]:
    """What the closed epoch amounts to: label, value, and what stands behind it."""
    frame = economy.last
    width = [
        "Mixing now",
        f"{economy.drawn.places.size} nodes",
        f"{economy.drawn.places.shape[0]} layers of {economy.width}",
    ]
    if frame is None:
        return [width, ["Performance", "–", f"measured when epoch {economy.epoch} closes"]]
    row = frame.row
    full = int(np.argmax(frame.saturations))
    because = {
        "load": "the load decides",
        "pools": "the load decides",
        "places": "all places are taken",
        "step": "at most 4 more or fewer" if economy.settings.follows_load else "kept by hand",
    }[frame.width_because]
    load = "no limit" if math.isnan(row.load_mean) else f"{100 * row.load_mean:.0f} %"
    highest = "" if math.isnan(row.load_highest) else f"busiest {100 * row.load_highest:.0f} %"
    return [
        [width[0], width[1], f"{width[2]}; {because}"],
        ["Load", load, highest],
        ["Performance", performance_text(frame),
         f"mean of {row.active} nodes, 95 %; {row.sampled_packets:.0f} packets each"],
        ["Paid", f"{row.paid_nym:,.0f} NYM", f"of {row.budget_nym:,.0f} that it might have paid"],
        ["Stake moved", _nym(row.moved_nym),
         f"{row.moves} delegators"],
        ["Operators", f"{row.open_nodes} nodes open",
         f"{row.opened} opened, {row.closed} closed, {row.pledges_changed} pledges and "
         f"{row.margins_changed} margins changed"],
        ["Fullest node", f"node {full}", f"{row.saturation_highest:.2f} of saturation; "
         f"{row.over_saturated} above 1"],
        ["Nakamoto", f"{row.nakamoto}", f"operators with half the stake; Gini {row.gini:.2f}"],
    ]  # fmt: skip


def _nym(amount: float) -> str:
    """An amount as a person says it: millions where there are some."""
    return f"{amount / 1e6:.1f} M NYM" if amount >= 1e6 else f"{amount:,.0f} NYM"


def history_data(economy: LiveEconomy) -> list[dict[str, Any]]:
    """The last epochs as small curves, each on a scale of its own."""
    rows = [frame.row for frame in economy.past[-HISTORY:]]
    series = (
        ("Traffic", "packets/s", [row.offered_per_s for row in rows], 0.0),
        ("Load, mean", "%", [100 * row.load_mean for row in rows], 0.0),
        ("Performance, mean", "%", [100 * row.performance_mean for row in rows], None),
        ("Nodes mixing", "", [float(row.active) for row in rows], 0.0),
        ("Paid", "NYM", [row.paid_nym for row in rows], 0.0),
        ("Fullest node", "", [row.saturation_highest for row in rows], 0.0),
    )
    found = []
    for label, unit, values, foot in series:
        known = [value for value in values if not math.isnan(value)]
        if not known:
            found.append({"label": label, "unit": unit, "last": "–", "points": []})
            continue
        low = foot if foot is not None else min(90.0, math.floor(min(known) / 10) * 10)
        top = 100.0 if foot is None else max(max(known) * 1.15, 1e-9)
        found.append(
            {
                "label": label,
                "unit": unit,
                "last": number_text(round(known[-1], 2 if known[-1] < 10 else 0)),
                "points": [
                    None if math.isnan(v) else round((v - low) / (top - low), 3) for v in values
                ],
                "scale": f"{number_text(round(low, 2))} to {number_text(round(top, 2))}",
            }
        )
    return found


def notes(economy: LiveEconomy) -> list[str]:
    """What the numbers rest on, and where they are not exact."""
    setting = economy.live.setting
    found = [economy.note] if economy.note else []
    found += [
        "An epoch stands for an hour of pay. Performance is what the packets of its "
        f"{EPOCH_S:g} shown seconds showed and nothing else; nodes that did not mix were "
        f"tried with {setting.probes_per_node} test packets each.",
        "Whiskers: 95 % intervals (Wilson), as if losses were independent. Full queues lose "
        "packets in bursts: there only 4 to 9 of 10 hold the truth.",
        "When the active set changes, a node takes over what its place still holds; a real "
        "node would empty itself.",
        "“Expected” on the first tab takes every node at the median capacity; here they differ "
        f"by some {100 * setting.capacity_spread:.0f} %.",
        "How people respond is a model with knobs, not a finding.",
    ]
    return found


def knobs_data(settings: EconomySettings, scenario: Scenario, nodes: int) -> dict[str, Any]:
    """The economy's knobs as the page draws them."""
    known = SystemScenario.knobs()
    sliders = []
    for name in ("alpha", "activation"):
        value = float(getattr(settings, name))
        values = sorted({*STEPS[name], value})
        sliders.append(
            _slider(name, known[name].label, known[name].unit, values, value, known[name].meaning)
        )
    capacity = scenario.capacity_per_s
    if capacity is not None:
        base = scenario.rate_per_mix_per_s
        values = sorted({*_capacities(base), float(capacity)})
        busy = (
            f"the mean node is {100 * base / capacity:.0f} % busy"
            if base > 0
            else "nothing to carry"
        )
        label = Scenario.knobs()["capacity_per_s"].label
        sliders.insert(
            0, _slider("capacity_per_s", label, "packets/s", values, float(capacity), busy)
        )
    return {
        "sliders": sliders,
        "saturation": settings.saturation == "on",
        "follows_load": settings.follows_load,
        "faults": [[node, loss] for node, loss in settings.faults],
        "losses": [[loss, f"{100 * loss:.0f} %" if loss else "nothing"] for loss in LOSSES],
        "nodes": nodes,
    }


def _slider(
    name: str, label: str, unit: str, values: list[float], value: float, hint: str
) -> dict[str, Any]:
    return {
        "name": name,
        "label": label,
        "unit": unit,
        "values": values,
        "stops": [number_text(one) for one in values],
        "at": values.index(value),
        "value": value,
        "text": number_text(value),
        "hint": hint,
        "restarts": False,
    }


def _capacities(rate_per_s: float) -> list[float]:
    """Stops from a tenth to a hundred times what a mix has to carry, in factors."""
    base = 10.0 ** math.floor(math.log10(max(rate_per_s, 1.0)))
    found = [base * 10.0**power * step for power in (-1, 0, 1, 2) for step in (1, 1.5, 2, 3, 4, 6)]
    return [float(f"{one:.3g}") for one in found if one >= 0.1]


def _rounded(values: Any, digits: int = 4) -> list[float | None]:
    return [None if not math.isfinite(v) else round(v, digits) for v in np.asarray(values).tolist()]
