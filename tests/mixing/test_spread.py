"""How sure a mean over targets is: neighbours met the same pools, and share their luck."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.mixing.frame import expect
from workbench.mixing.run import Spread, standard_error_of_mean
from workbench.scenario import Scenario

S1 = Scenario(
    clients=100, traffic_per_client_per_s=10.0, cover_per_client_per_s=0.0, delay_s=0.1, width=3
)


@pytest.mark.parametrize("memory", [0.0, 0.5, 0.9])
def test_a_series_with_memory_is_as_unsure_as_theory_says(memory: float) -> None:
    rng = np.random.default_rng(5)
    told, n = [], 2000
    for _ in range(60):
        series = rng.normal(size=n)
        for i in range(1, n):
            series[i] += memory * series[i - 1]
        told.append(standard_error_of_mean(series))
    theory = 1.0 / (1.0 - memory) / math.sqrt(n)  # an AR(1) process with unit shocks
    assert np.mean(told) == pytest.approx(theory, rel=0.12)


@given(st.lists(st.floats(-1e6, 1e6), max_size=40))
def test_it_is_never_below_that_of_independent_values(values: list[float]) -> None:
    series = np.array(values)
    told = standard_error_of_mean(series)
    if len(series) < 2:
        assert math.isnan(told)
    else:
        assert told >= series.std(ddof=1) / math.sqrt(len(series)) * (1 - 1e-9)


def test_the_spread_reads_its_values_in_their_order() -> None:
    slow = np.repeat(np.random.default_rng(1).normal(size=50), 40)
    shuffled = np.random.default_rng(2).permutation(slow)
    held, mixed = Spread.of(slow), Spread.of(shuffled)
    assert held.mean == pytest.approx(mixed.mean)
    assert (held.median, held.worst) == pytest.approx((mixed.median, mixed.worst))
    assert held.standard_error > 4 * mixed.standard_error


def test_the_expected_value_says_how_far_it_may_be_off() -> None:
    found = [expect(S1.replace(seed=seed)).entropy_bits for seed in range(24)]
    means = np.array([one.mean for one in found])
    told = math.sqrt(np.mean([one.standard_error**2 for one in found]))
    assert means.mean() == pytest.approx(9.297, abs=0.02)  # 9.297 +- .003: two other simulators
    assert 0.6 < told / means.std(ddof=1) < 1.7
