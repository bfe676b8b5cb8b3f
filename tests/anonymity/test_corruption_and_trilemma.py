"""Corrupted routes and the trilemma: exact chances, and units that mean something."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import workbench as wb
from workbench import anonymity as an
from workbench.errors import AnonymityError


def test_fully_corrupted_routes_are_counted_exactly() -> None:
    for corrupt, mixes, hops in [(4, 9, 3), (2, 5, 3), (6, 6, 2), (0, 4, 1)]:
        routes = list(itertools.combinations(range(mixes), hops))
        bad = sum(all(mix < corrupt for mix in route) for route in routes)
        chance = an.corrupted_route_chance(corrupt, mixes, hops)
        assert chance == pytest.approx(bad / len(routes))
        assert chance == pytest.approx(math.comb(corrupt, hops) / math.comb(mixes, hops))


def test_a_random_spread_over_layers_has_the_same_mean() -> None:
    layers, width, corrupt = 2, 3, 3
    chances = []
    for chosen in itertools.combinations(range(layers * width), corrupt):
        counts = [sum(mix // width == layer for mix in chosen) for layer in range(layers)]
        chances.append(an.corrupted_stratified_chance(counts, [width] * layers))
    assert np.mean(chances) == pytest.approx(
        an.corrupted_route_chance(corrupt, layers * width, layers)
    )


def test_one_honest_layer_protects_everybody() -> None:
    assert an.corrupted_stratified_chance([3, 3, 0], [3, 3, 3]) == 0
    with pytest.raises(AnonymityError, match="same layers"):
        an.corrupted_stratified_chance([1], [3, 3])


def test_the_first_compromise_comes_as_the_formula_says() -> None:
    rng = np.random.default_rng(1)
    clients, chance, rate, duration = 2000, 0.01, 1.0, 1000.0
    count = rng.poisson(clients * rate * duration)
    owners = rng.integers(0, clients, count)
    times = rng.uniform(0, duration, count)
    first = an.first_compromise_times(owners, times, rng.random(count) < chance, clients)
    form = an.first_compromise(chance, rate)
    assert form.mean_s == pytest.approx(100)
    assert form.share_within(form.median_s) == pytest.approx(0.5)
    for time in (20.0, 69.3, 300.0):
        share = (first < time).mean()
        expected = form.share_within(time)
        error = math.sqrt(expected * (1 - expected) / clients)
        assert share == pytest.approx(expected, abs=6 * error)
    assert an.first_compromise(0.0, 1.0).mean_s == math.inf
    assert an.first_compromise(0.0, 1.0).share_within(1e9) == 0


def test_pinning_gathers_the_bad_luck_on_few() -> None:
    fresh = an.share_ever_compromised(500, 0.1, 3)
    pinned = an.share_ever_compromised(500, 0.1, 3, pinned=1)
    assert fresh == pytest.approx(1 - 0.999**500)
    assert pinned == pytest.approx(0.1 * (1 - 0.99**500))
    assert an.share_ever_compromised(10**9, 0.2, 2, pinned=2) == pytest.approx(0.04)
    assert an.share_ever_compromised(0, 1.0, 2) == 0


@given(st.floats(0, 1e3), st.floats(0, 10), st.integers(1, 10_000))
def test_where_the_trilemma_forbids_an_advantage_remains(
    latency: float, cover: float, users: int
) -> None:
    point = an.trilemma_point(latency, cover, users)
    assert 0 <= point.advantage_at_least <= 1
    # The printed form 2 l beta < 1 needs one cover message a round in the whole network.
    if users > 2 and cover * users >= 1 and point.product < 1 - 2 / users:
        assert point.is_impossible()
        assert point.advantage_at_least > 0


def test_the_length_of_a_round_drops_out_of_the_product() -> None:
    scenario = wb.Scenario(
        clients=100, traffic_per_client_per_s=10, cover_per_client_per_s=0.5, delay_s=0.1
    )
    point = an.trilemma_of(scenario)
    assert point.round_s == pytest.approx(1e-3)
    assert point.latency_rounds == pytest.approx(300)
    assert point.product == pytest.approx(2 * 0.3 * 0.5)
    assert point.is_impossible()
    busier = an.trilemma_of(scenario.replace(traffic_per_client_per_s=20))
    assert busier.product == pytest.approx(point.product)
    enough = an.cover_needed_per_s(0.3)
    assert not an.trilemma_of(
        scenario.replace(cover_per_client_per_s=enough + 1e-9)
    ).is_impossible()
    assert "impossible" in point.describe()


def test_a_main_stream_counts_its_empty_slots_as_cover() -> None:
    scenario = wb.Scenario(
        traffic_per_client_per_s=2, main_stream_per_client_per_s=50, cover_per_client_per_s=5
    )
    point = an.trilemma_of(scenario)
    assert point.product == pytest.approx(2 * 0.3 * (48 + 5))
    full = an.trilemma_of(scenario.replace(traffic_per_client_per_s=80, cover_per_client_per_s=0))
    assert full.product == 0
    with pytest.raises(AnonymityError, match="no real packets"):
        an.trilemma_of(scenario.replace(traffic_per_client_per_s=0))


def test_without_cover_strong_anonymity_is_impossible() -> None:
    assert an.trilemma_point(1000, 0.0, 100).is_impossible()
    assert an.trilemma_point(10, 0.0, 1).advantage_at_least == 1
