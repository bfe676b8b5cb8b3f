"""Published values and closed forms that the simulation must reproduce.

Tolerances are about five standard errors of the mean (by blocks: near targets are alike).
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from workbench import strategies
from workbench.mixing.run import Run
from workbench.mixing.simulate import simulate
from workbench.scenario import Scenario


def mean_and_error(run: Run, blocks: int = 20) -> tuple[float, float]:
    """Mean entropy and its standard error from the means of blocks in time."""
    assert not np.isnan(run.entropy_bits).any()
    means = [block.mean() for block in np.array_split(run.entropy_bits, blocks)]
    return float(run.entropy_bits.mean()), float(np.std(means, ddof=1) / math.sqrt(blocks))


@pytest.mark.parametrize("engine", ["general", "memoryless"])
def test_the_standard_scenario_has_9_297_bits(engine: str) -> None:
    run = simulate(Scenario(seed=3), duration_s=600.0, targets=6000, engine=engine)
    mean, error = mean_and_error(run)
    assert error < 0.003
    assert mean == pytest.approx(9.297, abs=0.003 + 3.0 * error)
    assert mean < 9.309  # thin pools fall below the thick-pool form
    assert run.spread.worst < run.spread.median


SINGLE_MIX = {
    0.1: 0.19393,
    0.5: 0.86278,
    1.0: 1.51123,
    2.0: 2.40879,
    3.0: 3.00018,
    5.0: 3.75485,
    10.0: 4.76305,
    20.0: 5.76429,
    50.0: 7.08650,
    100.0: 8.08654,
}


@pytest.mark.parametrize("rho", SINGLE_MIX)
def test_one_poisson_mix_has_the_entropy_of_the_exact_recursion(rho: float) -> None:
    scenario = Scenario(
        clients=1, traffic_per_client_per_s=rho, layers=1, width=1, delay_s=1.0, seed=7
    )
    run = simulate(scenario, packets=max(40_000, int(3000 * rho)), targets=20_000)
    mean, error = mean_and_error(run)
    assert error < 0.02
    assert mean == pytest.approx(SINGLE_MIX[rho], abs=5.0 * error)
    assert run.pool_mean[0] == pytest.approx(rho, rel=0.1)


WIDE_RIVER = {1: 8.304, 5: 8.247, 10: 8.036, 25: 6.584, 50: 4.43, 100: 2.58}


@pytest.mark.parametrize("width", WIDE_RIVER)
def test_a_river_spread_too_wide_hides_nobody(width: int) -> None:
    scenario = Scenario(traffic_per_client_per_s=1.0, delay_s=0.5, width=width, seed=11)
    run = simulate(scenario, duration_s=1500.0, targets=20_000)
    mean, error = mean_and_error(run)
    assert error < 0.02
    assert mean == pytest.approx(WIDE_RIVER[width], abs=5.0 * error + 0.01)
    if width == 100:
        assert run.spread.worst == 0.0


@pytest.mark.parametrize("size", [2, 3, 16, 100])
def test_a_threshold_mix_has_log2_of_its_size(size: int) -> None:
    scenario = Scenario(strategy=strategies.Threshold(size), layers=1, width=1)
    run = simulate(scenario, duration_s=3.0, targets=50)
    assert np.allclose(run.entropy_bits, math.log2(size), atol=1e-12)
    assert np.allclose(run.min_entropy_bits, math.log2(size), atol=1e-12)


@pytest.mark.parametrize(
    ("size", "keep", "bits"), [(100, 50, 8.02130), (10, 20, 6.07682), (20, 80, 7.93157)]
)
def test_a_threshold_pool_has_its_closed_form(size: int, keep: int, bits: float) -> None:
    scenario = Scenario(strategy=strategies.ThresholdPool(size, keep), layers=1, width=1)
    run = simulate(scenario, duration_s=10.0, targets=100)
    form = (1 + keep / size) * math.log2(size + keep) - keep / size * math.log2(keep)
    assert form == pytest.approx(bits, abs=6e-6)
    # A packet that comes before the pool's first round meets a pool of real packets only.
    assert np.allclose(run.entropy_bits, form, atol=1e-6)


def test_latency_over_poisson_mixes_is_erlang() -> None:
    run = simulate(Scenario(delay_s=0.05, seed=2), duration_s=400.0, targets=0)
    count = run.latency_count
    assert count > 250_000
    assert run.latency_mean_s == pytest.approx(0.150, abs=5 * 0.0866 / math.sqrt(count))
    assert run.latency_sd_s == pytest.approx(0.0866, abs=6e-4)
    assert run.latency_quantile_s(0.95) == pytest.approx(0.3148, abs=0.002)
    assert np.quantile(run.latency_s, 0.95) == pytest.approx(0.3148, abs=0.008)


THICK = {1: 1.4427, 2: 2.2755, 3: 2.6654}


@pytest.mark.parametrize("layers", THICK)
def test_thick_pools_approach_the_closed_form_from_below(layers: int) -> None:
    scenario = Scenario(layers=layers, width=1, delay_s=0.2, seed=5)  # 200 packets a mix
    run = simulate(scenario, duration_s=200.0, targets=2000)
    mean, error = mean_and_error(run)
    form = math.log2(200.0) + THICK[layers]
    assert form - 0.02 - 5 * error < mean < form + 5 * error


def test_twice_the_traffic_or_twice_the_delay_is_one_bit() -> None:
    base = Scenario(delay_s=0.2)
    bits = [
        simulate(scenario, duration_s=200.0, targets=2000).entropy_bits.mean()
        for scenario in (base, base.replace(clients=200), base.replace(delay_s=0.4))
    ]
    assert bits[1] - bits[0] == pytest.approx(1.0, abs=0.02)
    assert bits[2] - bits[0] == pytest.approx(1.0, abs=0.02)


def test_the_pool_is_poisson_and_so_is_the_output() -> None:
    """Loopix Lemma 1, from the log: counts in mix (1, 1) at times far apart."""
    scenario = Scenario(clients=10, traffic_per_client_per_s=1.5, delay_s=1.0, seed=9)
    run = simulate(scenario, duration_s=20_000.0, targets=0, log=True)
    assert run.events is not None
    log, mix, rho = run.events, 4, 5.0
    came = np.sort(log.arrive_s[log.target == mix])
    went = np.sort(log.leave_s[log.source == mix])
    at = np.arange(50.0, 19_900.0, 10.0)
    held = np.searchsorted(came, at) - np.searchsorted(went, at)
    n = len(at)
    assert held.mean() == pytest.approx(rho, abs=5 * math.sqrt(rho / n))
    assert held.var() == pytest.approx(rho, abs=5 * math.sqrt((rho + 2 * rho**2) / n))
    output = np.histogram(went, np.arange(50.0, 19_900.0, 10.0))[0]
    mean = 10.0 * rho
    assert output.mean() == pytest.approx(mean, abs=5 * math.sqrt(mean / n))
    assert output.var() == pytest.approx(mean, abs=5 * math.sqrt((mean + 2 * mean**2) / n))


@pytest.mark.parametrize(("mixes", "corrupt", "layers"), [(9, 5, 3), (6, 4, 2)])
def test_fully_corrupted_routes_are_as_many_as_counted(
    mixes: int, corrupt: int, layers: int
) -> None:
    scenario = Scenario(
        topology="free_route", layers=layers, width=mixes // layers, corrupt_mixes=corrupt
    )
    run = simulate(scenario, duration_s=30.0, targets=4000)
    expected = math.comb(corrupt, layers) / math.comb(mixes, layers)
    seen = float((run.entropy_bits == 0.0).mean())
    assert seen == pytest.approx(expected, abs=5 * math.sqrt(expected / 4000))


def test_a_fixed_end_to_end_delay_over_more_layers_hides_a_little_less_each_time() -> None:
    """Erlang's spread shrinks with the layers: .3 s over 1, 3, 6 layers of one mix."""
    bits = []
    for layers in (1, 3, 6):
        scenario = Scenario(layers=layers, width=1, delay_s=0.3 / layers)
        bits.append(simulate(scenario, duration_s=100.0, targets=1000).entropy_bits.mean())
        c = (layers + math.lgamma(layers) + (1 - layers) * digamma(layers)) / math.log(2)
        form = math.log2(1000 * 0.3 / layers) + c
        assert bits[-1] == pytest.approx(form, abs=0.05)
    assert bits[0] > bits[1] > bits[2]


def digamma(n: int) -> float:
    return -0.5772156649015329 + sum(1.0 / i for i in range(1, n))
