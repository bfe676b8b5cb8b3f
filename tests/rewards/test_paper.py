"""The paper's formula: its two checks, a scalar twin, and what must never happen."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import RewardError
from workbench.rewards import paper

SHARES = st.floats(0, 1)
AMOUNTS = st.floats(0, 1e12)


def twin(
    pot: float, k: int, supply: float, alpha: float, pledge: float, delegation: float,
    work: float, performance: float,
) -> float:  # fmt: skip
    """Section 1 of the paper, letter by letter."""
    sigma, lam = (pledge + delegation) / supply, pledge / supply
    sigma_capped, lambda_capped = min(sigma, 1 / k), min(lam, 1 / k)
    return performance * pot * k * sigma_capped * (work + alpha * lambda_capped) / (1 + alpha)


@given(
    AMOUNTS, st.integers(1, 2000), st.floats(1e-3, 1e12), st.floats(0, 5), AMOUNTS, AMOUNTS,
    SHARES, SHARES,
)  # fmt: skip
@settings(deadline=None)
def test_the_reward_is_the_formula(
    pot: float, k: int, supply: float, alpha: float, pledge: float, delegation: float,
    work: float, performance: float,
) -> None:  # fmt: skip
    parameters = paper.Parameters(pot, k, supply, alpha)
    expected = twin(pot, k, supply, alpha, pledge, delegation, work, performance)
    got = paper.node_reward(parameters, pledge, delegation, work, performance)
    assert isinstance(got, float)
    assert got == pytest.approx(expected, rel=1e-12, abs=1e-300)


@pytest.mark.parametrize("k", [1, 3, 240, 1000])
def test_all_saturated_by_pledge_pay_the_pot_and_without_pledge_the_pot_over_1_3(k: int) -> None:
    parameters = paper.Parameters(5e6, k, 750e6)
    full, nothing = np.full(k, parameters.saturation_point), np.zeros(k)
    pledged = paper.pay(parameters, full, nothing, costs=0, margins=0)
    delegated = paper.pay(parameters, nothing, full, costs=0, margins=0)
    assert pledged.total == pytest.approx(5e6, rel=1e-12)
    assert delegated.total == pytest.approx(5e6 / 1.3, rel=1e-12)


@given(st.integers(1, 2000), st.data(), st.floats(1, 1000))
@settings(deadline=None)
def test_the_work_of_all_rewarded_nodes_adds_up_to_one(
    k: int, data: st.DataObject, factor: float
) -> None:
    standby = data.draw(st.integers(0, k))
    shares = paper.work_shares(k, standby, factor)
    assert (k - standby) * shares.active + standby * shares.standby == pytest.approx(1)
    assert shares.active == pytest.approx(factor * shares.standby)


@given(st.integers(1, 40), st.integers(0, 2**32 - 1), st.floats(0, 3))
@settings(deadline=None)
def test_nothing_is_paid_beyond_the_pot_nor_below_zero_and_splits_add_up(
    k: int, seed: int, alpha: float
) -> None:
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1, 2 * k + 1))
    stakes = rng.dirichlet(np.full(count, 0.3))
    pledges = stakes * rng.random(count)
    works = rng.dirichlet(np.ones(count))
    parameters = paper.Parameters(1.0, k, 1.0, alpha)
    paid = paper.pay(
        parameters, pledges, 3 * (stakes - pledges), rng.random(count) / 10, rng.random(count),
        works, rng.random(count),
    )  # fmt: skip
    assert paid.total <= 1 + 1e-12
    assert np.all(paid.operators >= 0)
    assert np.all(paid.delegates >= 0)
    np.testing.assert_allclose(paid.operators + paid.delegates, paid.rewards, atol=1e-15)


@given(AMOUNTS, AMOUNTS, SHARES, SHARES, st.floats(0, 1e3), SHARES)
@settings(deadline=None)
def test_more_performance_never_pays_anyone_less(
    pledge: float, delegation: float, one: float, other: float, cost: float, margin: float
) -> None:
    parameters = paper.Parameters(1e6, 10, 1e9)
    low, high = sorted((one, other))
    rewards = paper.node_reward(parameters, pledge, delegation, performance=[low, high])
    parts = paper.split(rewards, pledge, delegation, cost, margin)
    assert rewards[0] <= rewards[1]
    assert parts.operator[0] <= parts.operator[1] + 1e-9
    assert parts.delegates[0] <= parts.delegates[1]


def test_the_split_uses_the_uncapped_pledge_so_that_nothing_is_paid_twice() -> None:
    parameters = paper.Parameters(1.0, 10, 10.0)  # saturated at 1
    reward = paper.node_reward(parameters, pledge=2.0, delegation=2.0)
    parts = paper.split(reward, 2.0, 2.0, cost=0.0, margin=0.0)
    assert parts.operator == pytest.approx(reward / 2)
    assert parts.operator + parts.delegates == reward


def test_what_does_not_cover_the_cost_goes_to_the_operator_whole() -> None:
    assert paper.split(5.0, 1.0, 9.0, cost=6.0, margin=0.5) == paper.Split(5.0, 0.0)


@given(st.lists(st.floats(0.01, 1e6), min_size=1, max_size=20), st.floats(0, 1e6))
@settings(deadline=None)
def test_delegators_share_by_stake_and_get_all_of_it_together(
    stakes: list[float], delegates: float
) -> None:
    total = math.fsum(stakes)
    parts = paper.delegator_pay(delegates, total, stakes)
    assert math.fsum(parts) == pytest.approx(delegates, rel=1e-9)


def test_the_order_of_the_nodes_does_not_matter() -> None:
    rng = np.random.default_rng(7)
    pledges, delegations = rng.random(30), rng.random(30)
    parameters = paper.Parameters(1.0, 30, 40.0)
    order = rng.permutation(30)
    straight = paper.pay(parameters, pledges, delegations, 0.001, 0.1)
    mixed = paper.pay(parameters, pledges[order], delegations[order], 0.001, 0.1)
    assert np.array_equal(straight.rewards[order], mixed.rewards)


@pytest.mark.parametrize(
    ("match", "bad"),
    [
        ("rewarded_nodes", {"rewarded_nodes": 0}),
        ("rewarded_nodes", {"rewarded_nodes": 2.0}),
        ("rewarded_nodes", {"rewarded_nodes": True}),
        ("staking_supply", {"staking_supply": 0.0}),
        ("reward_pot", {"reward_pot": -1.0}),
        ("reward_pot", {"reward_pot": float("nan")}),
        ("alpha", {"alpha": float("inf")}),
        ("alpha", {"alpha": "0.3"}),
        ("single", {"alpha": [0.3]}),
    ],
)
def test_parameters_say_what_they_expected(match: str, bad: dict[str, object]) -> None:
    good: dict[str, object] = {"reward_pot": 1.0, "rewarded_nodes": 2, "staking_supply": 1.0}
    with pytest.raises(RewardError, match=match):
        paper.Parameters(**{**good, **bad})  # type: ignore[arg-type]


def test_bad_nodes_say_what_was_expected() -> None:
    parameters = paper.Parameters(1.0, 2, 4.0)
    with pytest.raises(RewardError, match="pledge must be 0 or more"):
        paper.node_reward(parameters, -1.0, 0.0)
    with pytest.raises(RewardError, match="NaN"):
        paper.node_reward(parameters, [1.0, math.nan], 0.0)
    with pytest.raises(RewardError, match="performance must lie in"):
        paper.node_reward(parameters, 1.0, 0.0, performance=1.1)
    with pytest.raises(RewardError, match="margin must lie in"):
        paper.split(1.0, 1.0, 1.0, 0.0, margin=1.5)
    with pytest.raises(RewardError, match="one common length"):
        paper.node_reward(parameters, [1.0, 2.0], [1.0, 2.0, 3.0])
    with pytest.raises(RewardError, match="add up to at most 1"):
        paper.pay(parameters, [1.0, 1.0], [0.0, 0.0], 0, 0, works=[0.6, 0.6])
    with pytest.raises(RewardError, match="at most the staking supply"):
        paper.pay(parameters, [2.0, 2.0, 2.0], [0, 0, 0], 0, 0, works=[0.1, 0.1, 0.1])
    with pytest.raises(RewardError, match="at most the node's whole"):
        paper.delegator_pay(1.0, 1.0, 2.0)
    with pytest.raises(RewardError, match="flat array"):
        paper.pay(parameters, 1.0, 1.0, 0, 0)
    with pytest.raises(RewardError, match="at most rewarded_nodes"):
        paper.work_shares(3, 4)
    with pytest.raises(RewardError, match="factor"):
        paper.work_shares(3, 1, 0.5)


@given(st.lists(st.one_of(st.none(), st.text(max_size=3), st.floats(), st.integers(),
                          st.lists(st.floats(), max_size=3)), min_size=9, max_size=9))  # fmt: skip
@settings(deadline=None)
def test_whatever_is_given_only_our_own_error_leaves(values: list[object]) -> None:
    try:
        parameters = paper.Parameters(*values[:4])  # type: ignore[arg-type]
    except RewardError:
        parameters = paper.Parameters(1.0, 2, 1.0)
    try:
        reward = paper.node_reward(parameters, *values[4:8])  # type: ignore[arg-type]
        paper.split(reward, values[4], values[5], values[8], values[6])  # type: ignore[arg-type]
    except RewardError:
        pass
