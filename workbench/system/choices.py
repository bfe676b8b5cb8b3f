"""How delegators and operators respond: logit choices with inertia, a few people at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from workbench.rewards.arrays import NetworkArrays
from workbench.rewards.game import Behaviour
from workbench.rewards.parameters import EPOCHS_IN_INTERVAL
from workbench.system.setting import SystemScenario

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Offers:
    """What people know of the nodes when they choose: arrays of shape (nodes,), in unym.

    `performances` are the last measured ones, `selection_scores` what they weigh in the draw
    (0 for a closed node), `all_scores` the same as if all were open, `sensitivity` turns a
    weight into a chance of being drawn, `is_capped` says whether saturation is on.
    """

    operators: Floats
    delegates: Floats
    pledge_fullness: Floats
    margins: Floats
    epoch_costs: Floats
    performances: Floats
    selection_scores: Floats
    all_scores: Floats
    sensitivity: float
    saturation_point: float
    budget: float
    places: int
    alpha: float
    is_capped: bool


class Moved(NamedTuple):
    """Delegations that changed node: who, from where, to where, how much (unym)."""

    delegators: Whole
    sources: Whole
    goals: Whole
    amounts_unym: Floats


NOBODY = Moved(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))


def offers_of(
    network: NetworkArrays,
    setting: SystemScenario,
    performances: Floats,
    selection_scores: Floats,
    is_open: Bools | None = None,
) -> Offers:
    """The offers of this moment; `selection_scores` are performances to the 20th power."""
    all_scores = selection_scores
    if is_open is not None:
        selection_scores = np.where(is_open, all_scores, 0.0)
    point = network.saturation_point_unym
    fullness = network.saturations
    is_capped = setting.saturation == "on"
    weights = (np.minimum(1.0, fullness) if is_capped else fullness) * selection_scores
    return Offers(
        operators=network.operators_unym,
        delegates=network.delegates_unym,
        pledge_fullness=np.minimum(1.0, network.operators_unym / point),
        margins=network.margins,
        epoch_costs=network.interval_costs_unym / EPOCHS_IN_INTERVAL * performances,
        performances=performances,
        selection_scores=selection_scores,
        all_scores=all_scores,
        sensitivity=draw_sensitivity(weights, setting.rewarded_nodes),
        saturation_point=point,
        budget=network.epoch_budget_unym,
        places=setting.rewarded_nodes,
        alpha=setting.alpha,
        is_capped=is_capped,
    )


def draw_sensitivity(weights: Floats, places: int) -> float:
    """The t for which chances 1 - exp(-t weight) add up to the places.

    In a draw by exponential waiting times it is the time at which the last place is taken,
    its chance left aside: an approximation that is good for more than a handful of places.
    """
    known = weights[weights > 0.0]
    if not len(known):
        return 0.0
    if places >= len(known):
        return 1e6 / float(known.min())
    low, high = 0.0, 1.0 / float(known.max())
    while np.sum(-np.expm1(-high * known)) < places and high < 1e300:
        high *= 2.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        if np.sum(-np.expm1(-middle * known)) < places:
            low = middle
        else:
            high = middle
    return high


def expected_pay(offers: Offers, stakes: Floats) -> tuple[Floats, Floats]:
    """A node's expected reward and profit in an epoch, if it held these stakes (unym).

    Chance of being drawn, times what the formula pays for an average place; a node that is
    seldom drawn pays seldom.
    """
    fullness = stakes / offers.saturation_point
    if offers.is_capped:
        fullness = np.minimum(1.0, fullness)
    chances = -np.expm1(-offers.sensitivity * fullness * offers.selection_scores)
    rewards = (
        offers.budget
        * offers.performances
        * fullness
        * (1.0 + offers.alpha * offers.pledge_fullness)
        / (offers.places * (1.0 + offers.alpha))
    )
    profits = np.maximum(0.0, rewards - offers.epoch_costs)
    return chances * rewards, chances * profits


def pay_per_token(offers: Offers, stakes: Floats, scale: float) -> Floats:
    """What a delegated token earns at each node, over what it would if all were paid alike."""
    _, profits = expected_pay(offers, stakes)
    per_token = np.divide(
        profits * (1.0 - offers.margins), stakes, out=np.zeros_like(stakes), where=stakes > 0.0
    )
    return per_token / scale if scale > 0.0 else per_token


def choose(utilities: Floats, rationality: float, rng: np.random.Generator) -> int:
    """One option by logit: e times as likely for 1 / rationality more."""
    weights = np.exp(rationality * (utilities - utilities.max()))
    edges = np.cumsum(weights)
    return int(min(np.searchsorted(edges, rng.random() * edges[-1]), len(weights) - 1))


def move_delegators(
    network: NetworkArrays,
    offers: Offers,
    owners: Whole,
    awake: Whole,
    behaviour: Behaviour,
    rng: np.random.Generator,
) -> tuple[Moved, Whole]:
    """Let some delegators look around, one after the other, and move all they have.

    Each sees every node's pay per token with noise, as it would be with the own stake there,
    and knows who moved before. A move needs a gain above the inertia.

    Parameters
    ----------
    owners : int64 (delegations,)
        Which delegator holds each delegation of the network, one each.
    awake : int64
        Delegations whose holders look around, in the order of their turns.

    Returns
    -------
    Moved, and the owners in the network's new order.
    """
    amounts = network.delegations_unym + network.pending_rewards()
    stakes = offers.operators + offers.delegates
    scale = offers.budget / max(network.staking_supply_unym, 1e-300)
    goals = network.delegation_nodes.copy()
    for one in awake.tolist():
        here, amount = int(goals[one]), float(amounts[one])
        tried = stakes + amount
        tried[here] = stakes[here]
        utilities = pay_per_token(offers, tried, scale)
        if behaviour.noise:
            utilities *= np.exp(behaviour.noise * rng.standard_normal(len(utilities)))
        options = np.flatnonzero(utilities > utilities[here] + behaviour.inertia)
        if not len(options):
            continue
        options = np.append(options, here)
        goal = int(options[choose(utilities[options], behaviour.rationality, rng)])
        stakes[here] -= amount
        stakes[goal] += amount
        goals[one] = goal
    which = np.flatnonzero(goals != network.delegation_nodes)
    if not len(which):
        return NOBODY, owners
    sources = network.delegation_nodes[which].astype(np.int64)
    stakes_out, rewards_out = network.leave(which)
    total = stakes_out + rewards_out
    network.join(goals[which], total)
    movers = owners[which]
    kept = np.delete(owners, which)
    return Moved(movers, sources, goals[which].astype(np.int64), total), np.append(kept, movers)


def turn_margins(
    network: NetworkArrays,
    offers: Offers,
    awake: Whole,
    step: float,
    behaviour: Behaviour,
    rng: np.random.Generator,
) -> int:
    """Let some operators try a little more or less margin; returns how many changed it.

    An operator reckons that delegators spread by logit over what saturated nodes would pay
    per token, and compares what its node would leave it at a margin one step lower, the same,
    and one step higher. As for delegators, a gain counts in shares of what the own stake
    (at least a hundredth of the saturation point) would earn if all were paid by stake.
    """
    delegated = float(offers.delegates.sum())
    if not len(awake) or step <= 0.0 or offers.budget <= 0.0:
        return 0
    scale = offers.budget / max(network.staking_supply_unym, 1e-300)
    standing, full = standing_offers(offers, behaviour, scale)
    margins = network.margins.copy()
    changed = 0
    for node in awake.tolist():
        options = np.clip(margins[node] + np.array([0.0, -step, step]), 0.0, 1.0)
        pays = operator_pays(offers, node, options, standing, behaviour, delegated, full, scale)
        stake = max(float(offers.operators[node]), 0.01 * offers.saturation_point)
        gains = (pays - pays[0]) / (scale * stake)
        allowed = np.flatnonzero((gains > behaviour.inertia) | (np.arange(3) == 0))
        pick = int(allowed[choose(gains[allowed], behaviour.rationality, rng)])
        if options[pick] != margins[node]:
            margins[node] = options[pick]
            changed += 1
    if changed:
        network.set_terms(margins=margins)
    return changed


def standing_offers(offers: Offers, behaviour: Behaviour, scale: float) -> tuple[Floats, Floats]:
    """How much each node's delegators would like it when it is full, and that stake (unym)."""
    full = np.maximum(offers.operators + offers.delegates, offers.saturation_point)
    return behaviour.rationality * pay_per_token(offers, full, scale), full


def operator_pays(
    offers: Offers,
    node: int,
    options: Floats,
    standing: Floats,
    behaviour: Behaviour,
    delegated: float,
    full: Floats,
    scale: float,
) -> Floats:
    """What a node would leave its operator at each margin, once delegators had responded."""
    _, profits = expected_pay(offers, full)
    per_token = profits[node] / full[node] / scale if scale > 0.0 else 0.0
    wanted = behaviour.rationality * per_token * (1.0 - options)
    top = max(float(standing.max()), float(wanted.max()))
    others = float(np.exp(np.delete(standing, node) - top).sum())
    own = np.exp(wanted - top)
    everybody = others + own
    shares = np.divide(own, everybody, out=np.zeros_like(own), where=everybody > 0.0)
    demand = delegated * shares
    own_stake = float(offers.operators[node])
    if offers.is_capped:
        demand = np.minimum(demand, max(0.0, offers.saturation_point - own_stake))
    pays = np.zeros(len(options))
    for at, (margin, stake) in enumerate(zip(options, own_stake + demand, strict=True)):
        if stake <= 0.0:
            continue
        held = offers.operators + offers.delegates
        held[node] = stake
        rewards, gains = expected_pay(offers, held)
        profit = float(gains[node])
        share = margin + (1.0 - margin) * own_stake / stake
        pays[at] = float(rewards[node]) - profit + profit * share
    return pays
