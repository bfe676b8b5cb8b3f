"""How people respond: reckoned pay against the pay itself, and the laws of their choices."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.rewards import selection
from workbench.rewards.game import Behaviour
from workbench.rewards.parameters import EPOCHS_IN_INTERVAL
from workbench.system.choices import (
    choose,
    draw_sensitivity,
    expected_pay,
    move_delegators,
    offers_of,
    pay_per_token,
    turn_margins,
)
from workbench.system.setting import SystemScenario
from workbench.system.start import found_network, places
from workbench.system.width import planned_width

SETTING = SystemScenario(delegators=200)


def offers(setting=SETTING, performances=None):
    network, owners = found_network(setting)
    known = np.ones(setting.nodes) if performances is None else performances
    return network, owners, offers_of(network, setting, known, selection.weight(1.0, known))


def test_the_reckoned_pay_is_the_mean_pay_of_many_epochs():
    """Against draws and the formula itself; the chance of a place is an approximation."""
    setting = SETTING.replace(rewarded_nodes=21)
    network, _, known = offers(setting)
    expected, _ = expected_pay(known, known.operators + known.delegates)
    weights = selection.weight(network.saturations, 1.0)
    parameters, rng = places(setting, 4), np.random.default_rng(1)
    total, rounds = np.zeros(setting.nodes), 2000
    for _ in range(rounds):
        roles = selection.draw(weights, parameters, rng).roles
        total += in_its_first_state(network).advance_epoch(1.0, roles=roles).rewards_unym
    paid = total / rounds
    assert paid.sum() == pytest.approx(expected.sum(), rel=0.05)
    assert np.corrcoef(paid, expected)[0, 1] > 0.97


def in_its_first_state(network):
    """The same network with the balances of the start: epochs then are independent."""
    network.operators_unym = network.pledges_unym.copy()
    network.delegates_unym = network._summed(network.delegation_nodes, network.delegations_unym)
    network.epoch = 0
    return network


def test_a_token_earns_less_in_a_node_beyond_saturation_only_while_there_is_one():
    for switch in ("on", "off"):
        _, _, known = offers(SETTING.replace(saturation=switch, cost_nym=0.0))
        point = known.saturation_point
        at = [
            pay_per_token(known, np.full(40, fullness * point), 1.0)[0] for fullness in (1.0, 3.0)
        ]
        if switch == "on":
            assert at[1] == pytest.approx(at[0] / 3.0)
        else:
            assert at[1] >= at[0]


def test_pay_per_token_is_the_formula_by_hand():
    _, _, known = offers(performances=np.full(40, 0.9))
    stakes = known.operators + known.delegates
    node, point = 3, known.saturation_point
    fullness = min(1.0, stakes[node] / point)
    chance = 1.0 - np.exp(-known.sensitivity * fullness * 0.9**20)
    pledge = min(1.0, known.operators[node] / point)
    reward = known.budget * 0.9 * fullness * (1.0 + 0.3 * pledge) / (30 * 1.3)
    cost = 1000e6 / EPOCHS_IN_INTERVAL * 0.9
    wanted = chance * max(0.0, reward - cost) * 0.9 / stakes[node]
    assert pay_per_token(known, stakes, 1.0)[node] == pytest.approx(wanted, rel=1e-12)


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=30), st.integers(1, 40))
@settings(deadline=None)
def test_chances_of_a_place_add_up_to_the_places(weights, count):
    known = np.array(weights)
    known[known < 1e-3] = 0.0
    chances = -np.expm1(-draw_sensitivity(known, count) * known)
    drawable = np.count_nonzero(known)
    assert chances.sum() == pytest.approx(min(count, drawable), rel=1e-6, abs=1e-9)


def test_the_logit_has_its_frequencies():
    rng, utilities = np.random.default_rng(5), np.array([0.0, 0.1, 0.3])
    picks = np.bincount([choose(utilities, 5.0, rng) for _ in range(20_000)], minlength=3)
    chances = np.exp(5.0 * utilities) / np.exp(5.0 * utilities).sum()
    assert np.allclose(picks / 20_000, chances, atol=0.02)
    assert choose(utilities, 1e6, rng) == 2


def test_nobody_moves_below_the_inertia_and_the_rational_take_the_best():
    network, owners, known = offers()
    everyone = np.arange(len(owners))
    stubborn = Behaviour(inertia=100.0, rationality=20.0)
    moved, same = move_delegators(network, known, owners, everyone, stubborn, generator())
    assert len(moved.delegators) == 0
    assert same is owners
    keen = Behaviour(inertia=0.0, rationality=1e6)
    scale = known.budget / network.staking_supply_unym
    stakes = known.operators + known.delegates
    first = int(np.argmin(pay_per_token(known, stakes, scale)[network.delegation_nodes]))
    tried = stakes + network.delegations_unym[first]
    here = network.delegation_nodes[first]
    tried[here] = stakes[here]
    best = int(np.argmax(pay_per_token(known, tried, scale)))
    moved, after = move_delegators(network, known, owners, np.array([first]), keen, generator())
    assert moved.goals.tolist() == [best]
    assert moved.delegators.tolist() == [int(owners[first])]
    assert after[-1] == owners[first]
    assert network.delegation_nodes[-1] == best


def generator():
    return np.random.default_rng(3)


def test_an_operator_who_asks_for_too_much_comes_down():
    network, _, _ = offers()
    margins = network.margins.copy()
    margins[4] = 0.3
    network.set_terms(margins=margins)
    human = Behaviour(inertia=0.0, rationality=20.0)
    rng = generator()
    for _ in range(60):
        known = offers_of(network, SETTING, np.ones(40), np.ones(40))
        turn_margins(network, known, np.array([4]), 0.02, human, rng)
    assert network.margins[4] < 0.2
    assert (np.delete(network.margins, 4) == 0.1).all()
    before = network.margins.copy()
    assert turn_margins(network, known, np.arange(40), 0.0, human, rng) == 0
    assert np.array_equal(network.margins, before)


def test_the_width_follows_pools_load_places_and_step():
    setting = SystemScenario()
    assert planned_width(setting, 4, 1000.0) == (4, "pools")
    assert planned_width(setting, 4, 1100.0).mixes == 4, "a small change is not followed"
    assert planned_width(setting, 4, 5000.0) == (8, "step")
    assert planned_width(setting.replace(width_step=20), 4, 5000.0) == (10, "places")
    assert planned_width(setting.replace(pool_packets=1000.0), 4, 2000.0) == (8, "load")
    assert planned_width(setting.replace(width_step=0), 4, 5000.0).mixes == 4
    assert planned_width(setting, 8, 0.0) == (4, "step")
    assert planned_width(setting, 3, 0.0).mixes == 1


@given(st.floats(0.0, 1e7), st.integers(1, 10), st.floats(0.0, 1e5), st.integers(0, 30))
@settings(deadline=None)
def test_the_width_stays_in_range_and_never_falls_when_traffic_grows(rate, width, pool, step):
    setting = SystemScenario(pool_packets=pool, width_step=step)
    planned = planned_width(setting, width, rate).mixes
    assert 1 <= planned <= setting.widest
    assert abs(planned - width) <= step
    assert planned_width(setting, width, 1.5 * rate).mixes >= planned
