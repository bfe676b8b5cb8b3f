"""Operators open and close nodes and choose their pledges: declared moves of the game of pools.

What an operator owns is always staked: as the pledge of the own node, or delegated to
another. Closing a node delegates its pledge, opening one pledges that delegation, and a
pledge may be a quarter of what is owned higher or lower. Who delegated to a node that closed
stays there, unpaid, until they look around (as on the chain).
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from workbench.rewards.arrays import NetworkArrays
from workbench.rewards.game import Behaviour
from workbench.rewards.parameters import EPOCHS_IN_INTERVAL
from workbench.system.choices import (
    Bools,
    Floats,
    Offers,
    Whole,
    choose,
    draw_sensitivity,
    operator_pays,
    pay_per_token,
    standing_offers,
)

PLEDGE_STEP = 0.25  # of what an operator owns


class Entered(NamedTuple):
    """What operators did: nodes that opened, that closed, and whose pledge changed."""

    opened: Whole
    closed: Whole
    pledged: Whole


NOTHING = Entered(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int64))


def decide(
    network: NetworkArrays,
    offers: Offers,
    is_open: Bools,
    owners: Whole,
    first_owner: int,
    awake: Whole,
    behaviour: Behaviour,
    rng: np.random.Generator,
) -> tuple[Entered, Bools, Whole]:
    """Let some operators think about their node, one after the other.

    Each reckons, as for margins, what the node would leave once delegators had spread by
    logit, less what running it really costs (drawn or not), plus what the rest of the own
    stake earns when delegated to the best node; and chooses by logit among a closed node,
    the pledge of now, and one a step higher or lower. A gain counts in shares of what the
    own stake would earn if all were paid by stake; below the inertia nobody acts.

    Parameters
    ----------
    is_open : bool (nodes,)
    owners : int64 (delegations,)
        Who holds each delegation; ``first_owner + node`` is the operator of that node.
    awake : int64
        Nodes whose operators think, in the order of their turns.

    Returns
    -------
    Entered, is_open and owners
        As they are afterwards.

    Notes
    -----
    Short-sighted: nobody foresees that others open or close nodes, too.
    """
    opened: list[int] = []
    closed: list[int] = []
    pledged: list[int] = []
    is_open = is_open.copy()
    scale = offers.budget / max(network.staking_supply_unym, 1e-300)
    if scale <= 0.0:
        return NOTHING, is_open, owners
    for node in awake.tolist():
        held = np.flatnonzero(owners == first_owner + node)
        elsewhere = network.delegations_unym[held] + network.pending_rewards()[held]
        here, beside = float(network.operators_unym[node]), float(elsewhere.sum())
        owned = here + beside
        if owned < 1.0:
            continue
        pledges = _options(here, owned, bool(is_open[node]))
        known = _with(offers, network, is_open)
        values = _values(known, network, is_open, node, pledges, owned, behaviour, scale)
        gains = (values - values[0]) / (scale * owned)
        allowed = np.flatnonzero((gains > behaviour.inertia) | (np.arange(len(pledges)) == 0))
        pick = int(allowed[choose(gains[allowed], behaviour.rationality, rng)])
        if pick == 0:
            continue
        if not is_open[node]:
            opened.append(node)
        elif pledges[pick] == 0.0:
            closed.append(node)
        else:
            pledged.append(node)
        is_open[node] = pledges[pick] > 0.0
        goal = _best_node(known, network, node, owned - pledges[pick], is_open, scale)
        owners = _restake(network, owners, first_owner, node, held, pledges[pick], goal)
    done = Entered(*(np.array(one, np.int64) for one in (opened, closed, pledged)))
    return done, is_open, owners


def _options(here: float, owned: float, is_open: bool) -> Floats:
    """Pledges to choose from; the first is that of now, 0 a closed node."""
    if not is_open:
        return np.array([0.0, owned])
    steps = [here]
    if here - PLEDGE_STEP * owned > 0.0:
        steps.append(here - PLEDGE_STEP * owned)
    if here < owned * (1.0 - 1e-9):
        steps.append(min(owned, here + PLEDGE_STEP * owned))
    return np.array([*steps, 0.0])


def _with(offers: Offers, network: NetworkArrays, is_open: Bools) -> Offers:
    """The offers with stakes, open nodes and chances as they are after those who chose before."""
    fullness = network.saturations
    if offers.is_capped:
        fullness = np.minimum(1.0, fullness)
    scores = np.where(is_open, offers.all_scores, 0.0)
    return replace(
        offers,
        operators=network.operators_unym,
        delegates=network.delegates_unym,
        pledge_fullness=np.minimum(1.0, network.operators_unym / offers.saturation_point),
        selection_scores=scores,
        sensitivity=draw_sensitivity(fullness * scores, offers.places),
    )


def _values(
    offers: Offers,
    network: NetworkArrays,
    is_open: Bools,
    node: int,
    pledges: Floats,
    owned: float,
    behaviour: Behaviour,
    scale: float,
) -> Floats:
    """What each pledge would leave the operator in an epoch (unym)."""
    with_it = is_open.copy()
    with_it[node] = True
    running = offers if is_open[node] else _with(offers, network, with_it)
    cost = float(network.interval_costs_unym[node]) / EPOCHS_IN_INTERVAL
    margin = offers.margins[node : node + 1]
    values = np.zeros(len(pledges))
    for at, pledge in enumerate(pledges.tolist()):
        rest = owned - pledge
        tried = offers.operators + offers.delegates + rest
        others = pay_per_token(offers, tried, scale)
        others[node] = 0.0
        values[at] = rest * scale * float(others.max(initial=0.0))
        if pledge <= 0.0:
            continue
        own = offers.operators.copy()
        own[node] = pledge
        trial = replace(
            running,
            operators=own,
            pledge_fullness=np.minimum(1.0, own / offers.saturation_point),
        )
        standing, full = standing_offers(trial, behaviour, scale)
        delegated = float(offers.delegates.sum())
        pay = operator_pays(trial, node, margin, standing, behaviour, delegated, full, scale)
        values[at] += float(pay[0]) - cost
    return values


def _best_node(
    offers: Offers, network: NetworkArrays, node: int, amount: float, is_open: Bools, scale: float
) -> int:
    """Where the rest of an operator's stake goes."""
    known = _with(offers, network, is_open)
    pays = pay_per_token(known, known.operators + known.delegates + amount, scale)
    pays[node] = -1.0
    return int(np.argmax(pays))


def _restake(
    network: NetworkArrays,
    owners: Whole,
    first_owner: int,
    node: int,
    held: Whole,
    pledge: float,
    goal: int,
) -> Whole:
    """Bring an operator's stake to this pledge, all else delegated to one node."""
    free = 0.0
    if len(held):
        stakes, rewards = network.leave(held)
        free = float((stakes + rewards).sum())
        owners = np.delete(owners, held)
    change = pledge - float(network.operators_unym[node])
    if change > 0.0:
        change = min(change, free)
        network.pledge_more([node], [change])
    elif change < 0.0:
        network.pledge_less([node], [-change])
    free -= change
    if free >= 1.0:
        network.join([goal], [free])
        owners = np.append(owners, first_owner + node)
    elif free > 0.0:  # less than a unym stays with the node
        network.pledge_more([node], [free])
    return owners
