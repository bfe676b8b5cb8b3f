"""Who is there at the start: nodes, their operators, pledges, delegators and their stakes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from workbench.mixing.traffic import generator
from workbench.rewards.arrays import NetworkArrays
from workbench.rewards.parameters import Parameters
from workbench.system.setting import SystemScenario

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

UNYM = 1e6  # unym in a NYM
_PLEDGE_SHAPE, _STAKE_SHAPE = 2.0, 2.0  # Pareto
# Purposes of generators, above those of the mixing engine.
_NODES, _PEOPLE = 101, 102
EPOCH_CHOICES = 1 << 12


class People(NamedTuple):
    """What the seed alone decides about nodes and delegators, whatever is turned later."""

    operators: Whole  # (nodes,): who runs each
    capacity_units: Floats  # (nodes,): standard normal
    # (delegators + nodes,): in [0, 1]; below the share of abstainers never moves. Behind the
    # delegators come the operators, by node, with what they own beside their pledge.
    reluctance: Floats


def draw_people(setting: SystemScenario) -> People:
    """Operators, capacities and temperaments."""
    rng = generator(setting.traffic.seed, _NODES)
    extra = rng.integers(0, setting.operators, setting.nodes - setting.operators)
    operators = np.concatenate([np.arange(setting.operators), extra]).astype(np.int64)
    units = rng.standard_normal(setting.nodes)
    reluctance = np.concatenate([rng.random(setting.delegators), np.ones(setting.nodes)])
    return People(operators, units, reluctance)


def places(setting: SystemScenario, width: int) -> Parameters:
    """Parameters of the rewards for a width: all active places are mixes, the rest standby."""
    mixes = setting.traffic.layers * width
    return Parameters(
        _text(setting.reward_pool_nym * UNYM),
        _text(setting.staking_supply_nym * UNYM),
        entry=0,
        exit=0,
        mix=mixes,
        standby=setting.rewarded_nodes - mixes,
        emission=f"{setting.emission:.18f}",
        alpha=f"{setting.alpha:.18f}",
        work_factor=f"{setting.work_factor:.6f}",
    )


def _text(amount: float) -> str:
    return f"{amount:.0f}"


def found_network(setting: SystemScenario) -> tuple[NetworkArrays, Whole]:
    """Pledges and delegations at the start, and which delegator holds each delegation."""
    rng = generator(setting.traffic.seed, _PEOPLE)
    staked = setting.staking_supply_nym * setting.staked_share
    pledged = staked * setting.pledged_share
    pledges = _shares(rng.pareto(_PLEDGE_SHAPE, setting.nodes) + 0.5) * pledged
    network = NetworkArrays(
        places(setting, setting.traffic.width),
        np.floor(pledges * UNYM),
        setting.margin,
        setting.cost_nym * UNYM,
    )
    stakes = _shares(rng.pareto(_STAKE_SHAPE, setting.delegators) + 1.0) * (staked - pledged)
    stakes = np.floor(stakes * UNYM)
    favour = _shares(rng.gamma(4.0, size=setting.nodes))
    nodes = rng.choice(setting.nodes, setting.delegators, p=favour).astype(np.int64)
    nodes = _flock(setting, network, nodes, stakes, rng)
    owners = np.flatnonzero(stakes > 0.0)
    if len(owners):
        network.join(nodes[owners], stakes[owners])
    return network, owners.astype(np.int64)


def _flock(
    setting: SystemScenario,
    network: NetworkArrays,
    nodes: Whole,
    stakes: Floats,
    rng: np.random.Generator,
) -> Whole:
    """Send delegators to the popular nodes until these are as full as the setting says."""
    loved = {node for node, _ in setting.popular}
    order = rng.permutation(len(nodes))
    for node, fullness in setting.popular:
        goal = fullness * network.saturation_point_unym - network.pledges_unym[node]
        held = float(stakes[nodes == node].sum())
        for one in order.tolist():
            if held >= goal:
                break
            if int(nodes[one]) not in loved:
                nodes[one] = node
                held += float(stakes[one])
    return nodes


def _shares(values: Floats) -> Floats:
    total = values.sum()
    return values / total if total > 0.0 else values
