"""Operators open, close and pledge: directions, conservation, and everything as before without."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.errors import RewardError
from workbench.rewards import selection
from workbench.rewards.arrays import NetworkArrays
from workbench.rewards.game import Behaviour
from workbench.rewards.parameters import Role
from workbench.system import LiveSystem, SystemScenario, load, run_system, save
from workbench.system.choices import expected_pay, offers_of
from workbench.system.entry import _restake, _values, decide
from workbench.system.start import found_network, places

# Money alone: no packet is needed to see how operators decide.
CALM = SystemScenario(nodes=40, delegators=200, activation=0.0, operator_activation=0.0)
HUMAN = Behaviour(inertia=0.05, rationality=20.0, noise=0.0)


def decided(setting, rounds=3, performances=None, behaviour=HUMAN, is_open=None):
    network, owners = found_network(setting)
    known = np.ones(setting.nodes) if performances is None else performances
    is_open = np.ones(setting.nodes, bool) if is_open is None else is_open
    rng = np.random.default_rng(7)
    for _ in range(rounds):
        offers = offers_of(network, setting, known, selection.weight(1.0, known), is_open)
        _, is_open, owners = decide(
            network, offers, is_open, owners, setting.delegators,
            rng.permutation(setting.nodes), behaviour, rng,
        )  # fmt: skip
    return network, owners, is_open


def test_nodes_that_cost_more_than_they_earn_close_and_cheap_ones_stay():
    shares = [
        decided(CALM.replace(cost_nym=cost))[2].mean() for cost in (0.0, 20_000.0, 1_000_000.0)
    ]
    assert shares[0] > 0.9
    assert shares[0] > shares[1] > shares[2]
    assert shares[2] == 0.0


def test_a_node_that_loses_packets_is_closed_before_one_that_does_not():
    performances = np.ones(40)
    performances[:10] = 0.6
    _, _, is_open = decided(CALM, performances=performances)
    assert not is_open[:10].any()
    assert is_open[10:].mean() > 0.9


def half_pledged(setting):
    """Every operator holds half of what is owned as a pledge, the rest is delegated."""
    network, owners = found_network(setting)
    for node in range(setting.nodes):
        half = 0.5 * float(network.operators_unym[node])
        none = np.zeros(0, np.int64)
        owners = _restake(network, owners, 200, node, none, half, (node + 1) % 40)
    return network, owners


def test_where_pledges_count_for_more_a_higher_pledge_is_worth_more_and_more_is_pledged():
    worth, pledged = [], []
    for alpha in (0.0, 1.0):
        setting = CALM.replace(alpha=alpha, cost_nym=0.0)
        network, owners = half_pledged(setting)
        offers = offers_of(network, setting, np.ones(40), np.ones(40))
        scale = offers.budget / network.staking_supply_unym
        gains = []
        for node in range(40):
            here = float(network.operators_unym[node])
            pledges, is_open = np.array([here, 1.5 * here]), np.ones(40, bool)
            values = _values(offers, network, is_open, node, pledges, 2.0 * here, HUMAN, scale)
            gains.append((values[1] - values[0]) / (scale * here))
        worth.append(np.mean(gains))
        before, rng = network.operators_unym.sum(), np.random.default_rng(7)
        is_open = np.ones(40, bool)
        for _ in range(4):
            offers = offers_of(network, setting, np.ones(40), np.ones(40), is_open)
            _, is_open, owners = decide(
                network, offers, is_open, owners, 200, rng.permutation(40), HUMAN, rng
            )
        pledged.append(network.operators_unym[is_open].sum() / before)
    assert worth[1] > worth[0] + 0.05
    assert pledged[1] > 1.05 * pledged[0]


def test_what_became_cheap_opens_again_with_all_that_was_delegated():
    setting = CALM.replace(cost_nym=1_000_000.0)
    network, owners, is_open = decided(setting)
    assert not is_open.any()
    assert (network.operators_unym < 2.0).all()
    staked = network.operators_unym.sum() + network.delegates_unym.sum()
    own = network.delegations_unym[owners >= setting.delegators].sum()
    cheap = setting.replace(cost_nym=0.0)
    network.set_terms(interval_costs_unym=0.0)
    rng = np.random.default_rng(8)
    offers = offers_of(network, cheap, np.ones(40), np.ones(40), is_open)
    done, is_open, owners = decide(network, offers, is_open, owners, 200, np.arange(40), HUMAN, rng)
    assert len(done.opened) == is_open.sum() > 30
    assert network.operators_unym.sum() > 0.9 * own
    assert network.operators_unym.sum() + network.delegates_unym.sum() == pytest.approx(staked)


def test_nobody_acts_below_the_inertia():
    network, owners, is_open = decided(CALM, behaviour=Behaviour(inertia=1e6, rationality=1e3))
    before, holders = found_network(CALM)
    assert is_open.all()
    assert np.array_equal(network.operators_unym, before.operators_unym)
    assert np.array_equal(owners, holders)


def test_stake_is_neither_made_nor_lost_whatever_operators_do(quick):
    live = LiveSystem(quick.replace(entry_activation=0.5, cost_nym=20_000.0, noise=0.5))
    staked = quick.staking_supply_nym * quick.staked_share
    for _ in range(8):
        frame = live.advance()
        staked += frame.row.paid_nym
        held = frame.pledges_nym.sum() + frame.delegations_nym.sum()
        assert held == pytest.approx(staked, abs=1e-6 * (frame.row.moves + 400))
        assert len(np.unique(live._owners)) == len(live._owners)
    table = live.table
    assert min(table.opened.sum(), table.closed.sum()) > 0
    assert (np.diff(table.open_nodes) == (table.opened - table.closed)[1:]).all()


def test_closed_nodes_are_neither_drawn_nor_tried_nor_paid(quick):
    live = LiveSystem(quick.replace(entry_activation=0.3, cost_nym=30_000.0))
    closed = np.zeros(quick.nodes, bool)
    for _ in range(8):
        frame = live.advance()
        assert (frame.roles[closed] == Role.NONE).all()
        assert (frame.sampled[closed] == 0).all()
        assert (frame.rewards_nym[closed] == 0.0).all()
        closed = ~frame.is_open
    assert closed.any()


def test_who_delegated_to_a_closed_node_leaves_it(quick):
    live = LiveSystem(quick.replace(activation=0.5, abstainers=0.0))
    live.advance()
    node = int(np.argmax(live.stakes_nym[1]))
    live._is_open[node] = False
    before = live.stakes_nym[1][node]
    for _ in range(8):
        live.advance()
    assert live.stakes_nym[1][node] < 0.1 * before


def test_operators_who_decide_go_on_alike_after_a_checkpoint(quick, tmp_path):
    setting = quick.replace(entry_activation=0.4, cost_nym=20_000.0)
    whole, live = run_system(setting, 8), LiveSystem(setting)
    run_system(live, 4)
    assert live.table.closed.sum() > 0
    save(live, tmp_path / "half.npz")
    again = run_system(load(tmp_path / "half.npz"), 4)
    assert again.rows == whole.rows or all(
        np.array_equal(again[name], whole[name], equal_nan=True) for name in whole
    )


def test_without_them_the_network_is_what_it_was(quick):
    """Their chance is their own: nobody else's draws change."""
    still = run_system(quick.replace(entry_activation=0.0), 5)
    assert still.open_nodes.tolist() == [quick.nodes] * 5
    thinking = run_system(quick.replace(entry_activation=0.3, inertia=50.0), 5)
    calm = run_system(quick.replace(entry_activation=0.0, inertia=50.0), 5)
    assert thinking.paid_nym.tolist() == calm.paid_nym.tolist()


def test_a_pledge_is_taken_out_up_to_what_there_is():
    network = NetworkArrays(places(CALM, 4), [10e6, 5e6], 0.1, 0.0)
    network.operators_unym = np.array([12e6, 5e6])  # two unym of rewards
    network.pledge_less([0], [1e6])
    assert network.operators_unym.tolist() == [11e6, 5e6]
    assert network.pledges_unym.tolist() == [10e6, 5e6]
    network.pledge_less([0, 1], [3e6, 5e6])
    assert network.pledges_unym.tolist() == [8e6, 0.0]
    for bad in ([9e6, 0.0], [1.0]):
        with pytest.raises(RewardError):
            network.pledge_less([0, 1], bad)
    assert network.operators_unym.tolist() == [8e6, 0.0]


def test_a_closed_node_promises_nothing():
    network, _ = found_network(CALM)
    is_open = np.ones(40, bool)
    is_open[3] = False
    offers = offers_of(network, CALM, np.ones(40), np.ones(40), is_open)
    rewards, profits = expected_pay(offers, offers.operators + offers.delegates)
    assert rewards[3] == profits[3] == 0.0
    assert (np.delete(rewards, 3) > 0.0).all()
