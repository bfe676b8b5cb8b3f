"""Float64 arrays against the chain's arithmetic, through whole histories."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import RewardError
from workbench.rewards.arrays import NetworkArrays
from workbench.rewards.fixed import Fixed
from workbench.rewards.network import Network, Node, Parameters, Role

# For stakes from 1 NYM up. Below, the chain itself is coarser: a share of 1e-13 of the
# saturation point keeps only five of its 18 places.
CLOSE = 1e-9
# Below a millionth of the smallest amount that is ever paid out, digits mean nothing.
HAIR_UNYM = 1e-6


class Pair:
    """One network kept twice: exactly, and as arrays. Each delegation has its own name."""

    def __init__(self, parameters: Parameters, rng: np.random.Generator, nodes: int) -> None:
        self.rng = rng
        pledges = (10 ** rng.uniform(6, 13, nodes)).astype(np.int64)
        margins = rng.random(nodes).round(4)
        costs = rng.integers(0, 10**9, nodes)
        self.exact = Network(
            parameters,
            [
                Node(f"n{i}", int(pledges[i]), margin=margins[i], interval_cost_unym=int(costs[i]))
                for i in range(nodes)
            ],
        )
        self.fast = NetworkArrays(parameters, pledges, margins, costs)
        self.names: list[tuple[str, str]] = []
        self.joined = 0

    def join(self, count: int) -> None:
        nodes = self.rng.integers(0, self.fast.nodes, count)
        amounts = (10 ** self.rng.uniform(6, 13, count)).astype(np.int64)
        self.fast.join(nodes, amounts)
        for node, amount in zip(nodes, amounts, strict=True):
            name = (f"d{self.joined}", f"n{node}")
            self.exact.delegate(*name, int(amount))
            self.names.append(name)
            self.joined += 1

    def some(self) -> np.ndarray[Any, Any]:
        count = len(self.names)
        return self.rng.permutation(count)[: self.rng.integers(0, count + 1)]

    def leave(self) -> None:
        which = self.some()
        stakes, rewards = self.fast.leave(which)
        payouts = [self.exact.undelegate(*self.names[index]) for index in which]
        assert stakes.tolist() == [payout.stake_unym for payout in payouts]
        assert_whole(rewards, [payout.reward_unym for payout in payouts])
        gone = set(which.tolist())
        self.names = [name for index, name in enumerate(self.names) if index not in gone]

    def withdraw(self) -> None:
        which = self.some()
        rewards = self.fast.withdraw(which)
        assert_whole(rewards, [self.exact.withdraw(*self.names[index]) for index in which])

    def pledge_more(self) -> None:
        self.fast.pledge_more([0], [10**9])
        self.exact.pledge_more("n0", 10**9)

    def withdraw_operators(self) -> None:
        nodes = self.rng.permutation(self.fast.nodes)[:2]
        rewards = self.fast.withdraw_operators(nodes)
        assert_whole(rewards, [self.exact.withdraw_operator(f"n{node}") for node in nodes])

    def epoch(self, roles: Any, performances: Any) -> None:
        fast = self.fast.advance_epoch(performances, roles=roles)
        exact = self.exact.advance_epoch(
            {f"n{i}": float(p) for i, p in enumerate(performances)},
            {f"n{i}": Role(r) for i, r in enumerate(roles)},
        )
        rewards = [exact.payments[f"n{i}"].reward_unym for i in range(self.fast.nodes)]
        assert_close(fast.rewards_unym, rewards)
        assert_close(
            fast.delegates_unym,
            [exact.payments[f"n{i}"].delegates_unym for i in range(self.fast.nodes)],
        )
        assert fast.ends_interval == exact.ends_interval
        assert fast.paid_unym <= float(exact.budget_unym) * (1 + CLOSE)

    def compare(self) -> None:
        nodes = [self.exact.nodes[f"n{i}"] for i in range(self.fast.nodes)]
        assert_close(self.fast.operators_unym, [node.operator_unym for node in nodes])
        assert_close(self.fast.delegates_unym, [node.delegates_unym for node in nodes])
        # T itself is not compared: with few delegates the chain's own cutting off shows in
        # it, up to a thousand times enlarged. What it is for must agree:
        pending = [self.exact.pending_reward(*name) for name in self.names]
        assert_close(self.fast.pending_rewards(), pending)
        parameters = self.exact.parameters
        assert_close([self.fast.reward_pool_unym], [parameters.reward_pool_unym])
        assert_close([self.fast.saturation_point_unym], [parameters.saturation_point_unym])


def assert_close(fast: Any, exact: list[Fixed]) -> None:
    np.testing.assert_allclose(fast, [float(value) for value in exact], rtol=CLOSE, atol=HAIR_UNYM)


def assert_whole(fast: Any, exact: list[int]) -> None:
    """Whole unym: a reward within rounding of a whole number may be cut to the other side."""
    assert np.all(np.abs(fast - np.array(exact)) <= np.maximum(1, CLOSE * np.array(exact)))


@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.integers(1, 5))
@settings(max_examples=40, deadline=None)
def test_arrays_follow_the_chain_through_any_history(seed: int, nodes: int, epochs: int) -> None:
    rng = np.random.default_rng(seed)
    parameters = Parameters(
        250 * 10**12, int(10 ** rng.uniform(12, 15)), 3, 3, 3, standby=int(rng.integers(0, 5)),
        supply_scale=rng.random().__round__(4), epochs_in_interval=epochs,
    )  # fmt: skip
    pair = Pair(parameters, rng, nodes)
    roles = np.array(([1, 2, 3] * 3 + [4] * parameters.standby + [0] * 12)[:nodes], dtype=np.int8)
    for _ in range(int(rng.integers(2, 14))):
        match int(rng.integers(0, 8)):
            case 0:
                pair.join(int(rng.integers(1, 6)))
            case 1:
                pair.leave()
            case 2:
                pair.withdraw()
            case 3:
                pair.withdraw_operators()
            case 4:
                pair.pledge_more()
            case _:
                pair.epoch(rng.permutation(roles), rng.random(nodes).round(3))
        pair.compare()


def test_a_thousand_nodes_agree_with_the_chain_after_two_intervals() -> None:
    rng = np.random.default_rng(5)
    parameters = Parameters(
        180 * 10**12, 60 * 10**12, 80, 100, 60, supply_scale="0.07", epochs_in_interval=3
    )
    pair = Pair(parameters, rng, 1000)
    pair.join(3000)
    roles = np.zeros(1000, dtype=np.int8)
    roles[:240] = [1] * 80 + [2] * 100 + [3] * 60
    for _ in range(6):
        pair.epoch(rng.permutation(roles), rng.random(1000).round(2))
    pair.compare()


def test_a_node_without_stake_work_or_delegates_is_no_trouble() -> None:
    network = NetworkArrays(Parameters(10**12, 10**9, 1, 1, 1), [0, 10, 10], 0.5, 0)
    epoch = network.advance_epoch([1.0, 1.0, 0.0], roles=[1, 0, 2])
    assert epoch.rewards_unym.tolist() == [0.0, 0.0, 0.0]
    assert network.pending_rewards().shape == (0,)


def test_refusals_say_what_was_expected_and_change_nothing() -> None:
    network = NetworkArrays(Parameters(10**12, 10**9, 1, 1, 1), [5, 10, 10, 3], 0.5, 0)
    network.join([0], [7])
    before = network.operators_unym.copy(), network.delegates_unym.copy(), network.epoch
    refused: list[tuple[str, Any]] = [
        ("either roles or works", lambda: network.advance_epoch(1.0)),
        ("either roles or works", lambda: network.advance_epoch(1.0, [0] * 4, [0] * 4)),
        ("Role knows", lambda: network.advance_epoch(1.0, [0, 0, 0, 5])),
        ("each of 4 nodes", lambda: network.advance_epoch(1.0, [0, 0])),
        ("3 places", lambda: network.advance_epoch(1.0, [1, 2, 3, 3])),
        ("at most 1", lambda: network.advance_epoch(1.0, works=[0.9, 0.9, 0, 0])),
        ("performances", lambda: network.advance_epoch(1.1, [0] * 4)),
        ("performances", lambda: network.advance_epoch([1, 1], [0] * 4)),
        ("indices", lambda: network.join([4], [1])),
        ("whole numbers", lambda: network.join([0.5], [1])),
        ("one amount", lambda: network.join([0, 1], [1])),
        ("one amount", lambda: network.join([0], [0])),
        ("amounts_unym", lambda: network.join([0], [-1])),
        ("indices", lambda: network.leave([1])),
        ("named once", lambda: network.withdraw([0, 0])),
        ("one amount", lambda: network.pledge_more([0], [1, 2])),
        ("amounts_unym", lambda: network.pledge_more([0], [-1])),
        ("expected Parameters", lambda: network.use(None)),  # type: ignore[arg-type]
        ("margins", lambda: network.set_terms(margins=2)),
        ("pledges_unym", lambda: NetworkArrays(Parameters(1, 3, 1, 1, 1), [-1], 0, 0)),
        ("flat array", lambda: NetworkArrays(Parameters(1, 3, 1, 1, 1), 1, 0, 0)),
        ("expected Parameters", lambda: NetworkArrays(None, [1], 0, 0)),  # type: ignore[arg-type]
    ]
    for match, act in refused:
        with pytest.raises(RewardError, match=match):
            act()
    assert np.array_equal(before[0], network.operators_unym)
    assert np.array_equal(before[1], network.delegates_unym)
    assert before[2] == network.epoch


def test_parameters_can_change_on_the_way_and_the_pool_stays() -> None:
    parameters = Parameters(10**12, 10**9, 1, 1, 1)
    network = NetworkArrays(parameters, [10**8] * 3, 0.1, 0)
    few = network.advance_epoch(1.0, [1, 2, 3]).paid_unym
    network.use(Parameters(1, 1, 2, 2, 2))
    assert network.reward_pool_unym == 10**12
    assert network.saturation_point_unym == pytest.approx(10**9 / 6)
    more = network.advance_epoch(1.0, [1, 2, 3]).paid_unym
    assert more == pytest.approx(few, rel=0.3)
