"""The paper's months: its figures over ten seeds, its draws against slow twins, its growth."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from workbench.errors import RewardError
from workbench.rewards import economy as months
from workbench.rewards.economy import SCENARIOS, Demand, Economy, simulate

SEEDS = range(10)


@pytest.fixture(scope="module")
def histories() -> list[months.History]:
    return [simulate(seed=seed) for seed in SEEDS]


def spread(histories: list[months.History], name: str, month: int) -> np.ndarray[Any, Any]:
    return np.array([getattr(history, name)[month] for history in histories])


def test_month_0_has_the_published_budget_and_saturation_point(
    histories: list[months.History],
) -> None:
    for history in histories:
        assert history.saturation_point[0] == pytest.approx(1.0417e6, rel=1e-4)
        assert history.emitted[0] == pytest.approx(5.0e6, rel=1e-12)
        assert history.rewarded_nodes[0] == 720
        assert history.candidates[0] == 1440


def test_month_0_pays_what_the_paper_pays(histories: list[months.History]) -> None:
    """Published from single runs: 2.73-2.74 M; 527-546 nodes; 4.2-4.3 % a year."""
    paid = spread(histories, "paid", 0) / 1e6
    assert np.median(paid) == pytest.approx(2.735, abs=0.015)
    assert np.all((paid > 2.65) & (paid < 2.79))
    losing = spread(histories, "losing", 0)
    assert 520 <= np.median(losing) <= 546
    assert np.all((losing > 505) & (losing < 560))
    returns = 100 * spread(histories, "delegates_yearly_return", 0)
    assert 4.15 <= np.median(returns) <= 4.35
    assert np.all((returns > 4.0) & (returns < 4.55))


def test_month_24_ends_where_the_paper_ends(histories: list[months.History]) -> None:
    """Published: pool 192.3 M, median return 3.0 % a year."""
    assert np.all(np.abs(spread(histories, "pool", 24) / 1e6 - 192.3) < 0.4)
    returns = 100 * spread(histories, "delegates_yearly_return", 24)
    assert np.median(returns) == pytest.approx(3.0, abs=0.06)
    assert np.all((returns > 2.75) & (returns < 3.25))


def test_shuffling_the_delegates_way_pays_less_than_the_paper_says() -> None:
    """Why the order is by pledge: shuffled, every one of ten seeds stays below 2.70 M."""
    shuffled = [
        simulate(Economy(months=1, delegation_order="shuffled"), seed).paid[0] for seed in SEEDS
    ]
    assert max(shuffled) < 2.70e6
    assert np.median(shuffled) == pytest.approx(2.61e6, abs=0.04e6)


def test_one_seed_gives_one_history() -> None:
    one, two = (simulate(Economy(months=2), seed=5) for _ in range(2))
    for field in fields(months.History):
        assert np.array_equal(getattr(one, field.name), getattr(two, field.name))


@pytest.mark.parametrize("name", SCENARIOS)
def test_no_token_appears_and_none_is_paid_beyond_the_budget(name: str) -> None:
    history = simulate(Economy(demand=SCENARIOS[name], epochs_in_month=20), seed=2)
    assert np.all(history.paid <= history.emitted + history.fees)
    assert np.all(history.paid > 0)
    assert np.all((history.paid_share > 0) & (history.paid_share < 1))
    np.testing.assert_allclose(np.diff(history.pool), (history.fees - history.paid)[:-1], rtol=1e-6)


def test_k_follows_the_load_and_never_falls_below_its_least() -> None:
    grown = simulate(Economy(demand=SCENARIOS["10 % a month"], epochs_in_month=5))
    assert grown.rewarded_nodes[0] == 720
    for month, load in enumerate(grown.packets_per_s):
        capacity = 25_000 / 5 * 1.01**month
        width = max(120, int(np.ceil(load / capacity)))
        assert grown.width[month] == width
        assert grown.rewarded_nodes[month] == 6 * width
        assert grown.candidates[month] == 12 * width
    assert grown.rewarded_nodes[-1] > 2 * 720
    slower = simulate(Economy(demand=SCENARIOS["6 % a month"], epochs_in_month=5))
    idle = simulate(Economy(epochs_in_month=5))
    assert 720 < slower.rewarded_nodes[-1] < grown.rewarded_nodes[-1]
    assert np.all(idle.rewarded_nodes == 720)
    assert np.all(idle.fees == 0)


def test_demand_grows_slows_and_is_capped() -> None:
    steady = Demand(100.0, 0.06).over(25)
    assert steady[24] == pytest.approx(100 * 1.06**24)
    slowing = Demand(100.0, 0.10, slows_every=4.0).over(40)
    growth = slowing[1:] / slowing[:-1] - 1
    reached = np.flatnonzero(slowing > 400)[0]
    assert growth[:reached] == pytest.approx(0.10)
    assert growth[reached] == pytest.approx(0.05)
    capped = Demand(100.0, 0.10, at_most_packets_per_s=150.0).over(20)
    assert capped.max() == 150.0
    assert Demand().over(3).tolist() == [0.0, 0.0, 0.0]


def one_after_the_other(
    pledges: np.ndarray[Any, Any], total: float, point: float, rng: np.random.Generator
) -> np.ndarray[Any, Any]:
    """Delegation node by node, as it is told; the random numbers of a pass drawn ahead."""
    delegations, left = np.zeros(len(pledges)), total
    while left > 1e-9 * total:
        parts = rng.random(len(pledges))
        for node, part in enumerate(parts):
            room = max(0.0, point - pledges[node] - delegations[node])
            given = min(part * room, left)
            delegations[node] += given
            left -= given
    return delegations


@pytest.mark.parametrize("total", [1.0, 30.0, 70.0])
def test_passes_of_delegation_equal_the_slow_way(total: float) -> None:
    pledges = np.random.default_rng(1).random(100) * 0.5
    fast = months.draw_delegations(pledges, total, 1.0, np.random.default_rng(2))
    slow = one_after_the_other(pledges, total, 1.0, np.random.default_rng(2))
    np.testing.assert_allclose(fast, slow, atol=1e-12)
    assert fast.sum() == pytest.approx(total, rel=1e-8)
    assert np.all(pledges + fast <= 1.0 + 1e-12)


def test_pledges_have_their_whales_their_least_and_their_sum() -> None:
    setting, point = Economy(), 750e6 / 720
    pledges = months.draw_pledges(setting, 720, 112.5e6, point, np.random.default_rng(0))
    assert len(pledges) == 1440
    assert np.count_nonzero(pledges == point) == 27  # 3.75 % of k
    assert np.count_nonzero(pledges == 1000.0) == 720
    assert pledges.sum() == pytest.approx(112.5e6)
    assert pledges.max() <= point


def test_the_pareto_pledges_are_cut_to_98_per_cent_and_scaled_again() -> None:
    setting, point = Economy(), 750e6 / 720
    pledges = months.draw_pledges(setting, 720, 112.5e6, point, np.random.default_rng(0))
    excess = np.random.default_rng(0).pareto(1.16, 693)
    left = 112.5e6 - 27 * point - 1413 * 1000.0
    excess = [value * left / sum(excess) for value in excess]
    while max(excess) > point - 1000.0:
        cut = [value if value <= point - 1000.0 else 0.98 * (point - 1000.0) for value in excess]
        excess = [value * left / sum(cut) for value in cut]
    np.testing.assert_allclose(pledges[27:720], 1000.0 + np.array(excess), rtol=1e-9)


def test_a_months_nodes_add_up() -> None:
    setting = Economy(epochs_in_month=50)
    month = months.run_month(setting, 750e6, 5e6, 120, np.random.default_rng(0))
    np.testing.assert_allclose(month.operators + month.delegates, month.rewards, rtol=1e-12)
    assert month.active_share.sum() == pytest.approx(360)
    assert month.standby_share.sum() == pytest.approx(360)
    assert np.all(month.active_share + month.standby_share <= 1)


@pytest.mark.parametrize(
    "bad",
    [
        {"months": 0}, {"pool": 1e9}, {"emission": 2}, {"pledged_share": 0.9}, {"margin": -1},
        {"active_share": 0}, {"candidates_per_place": 0.5}, {"demand": 3}, {"layers": 1.5},
        {"delegation_order": "by name"}, {"work_factor": 0.5}, {"alpha": float("nan")},
        {"monthly_cost": [1.0]}, {"least_pledge": 1e9}, {"whale_share": 1.0},
        {"delegated_share": 0.85, "candidates_per_place": 1.0, "whale_share": 0.15},
    ],
)  # fmt: skip
def test_settings_that_cannot_be_are_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(RewardError):
        simulate(Economy(**{"months": 1, "epochs_in_month": 1, **bad}))


@pytest.mark.parametrize(
    "bad",
    [
        {"packets_per_s": -1.0}, {"monthly_growth": float("inf")}, {"slows_every": 1.0},
        {"at_most_packets_per_s": 0.0}, {"packets_per_s": [1.0]},
    ],
)  # fmt: skip
def test_demand_that_cannot_be_is_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(RewardError):
        Demand(**bad)
