"""The kernel against enumeration of everything that could have happened, on tiny networks."""

from __future__ import annotations

import math
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from workbench import strategies
from workbench.mixing.exactness import MEASURED_BITS
from workbench.scenario import Scenario

PACKETS = 7
TINY = {"clients": PACKETS, "delay_s": 1.0, "layers": 2, "width": 2}


def close_times(seed: int, count: int = PACKETS, span: float = 1.5) -> list[float]:
    return sorted(np.random.default_rng(seed).uniform(0.0, span, count))


def errors(
    oracle: ModuleType, scenario: Scenario, density: Any, seeds: range, **more: Any
) -> list[float]:
    """Entropy of the kernel less that of enumeration, for each target of each seed."""
    found = []
    corrupted = tuple(layer * scenario.width + i for layer, i in scenario.corrupted())
    for seed in seeds:
        state, log = oracle.run_handmade(scenario, close_times(seed), seed=seed)
        posterior = oracle.layered_posterior(
            log, scenario.layers, scenario.width, density, corrupted=corrupted, **more
        )
        for target, shares in enumerate(oracle.by_target(posterior, PACKETS)):
            if shares.sum() > 1e-9:
                if math.isnan(state.results[target, 0]):
                    assert more.get("lost_inside")  # all of it counts as lost: nothing to tell
                    continue
                found.append(state.results[target, 0] - oracle.entropy_bits(shares))
    assert len(found) > 5 * len(seeds) // 2
    return found


def hold_to(key: str, found: Any) -> None:
    """No error above what exactness.py says, and that not by far: the figures are measured."""
    worst, mean = MEASURED_BITS[key]
    sizes = np.abs(np.array(found))
    print(key, round(float(sizes.max()), 3), round(float(sizes.mean()), 3))
    assert sizes.max() <= worst
    assert sizes.mean() <= mean


def after(wait: float) -> float:
    return math.exp(-wait) if wait >= 0.0 else 0.0


EXACT: dict[str, dict[str, Any]] = {
    "poisson": {},
    "poisson, one layer": {"layers": 1, "width": 1},
    "poisson, three layers": {"layers": 3},
    "cascades": {"topology": "cascade"},
    "link delays": {"link_delay_s": 0.3},
    "a table of links": {
        "link_delay_s": tuple(
            tuple(0.1 + 0.07 * ((3 * a + b) % 5) for b in range(5)) for a in range(5)
        )
    },
    "corrupted mixes": {"corrupt_mixes": ((0, 1), (1, 0))},
    "corrupted mixes and links": {"corrupt_mixes": 1, "link_delay_s": 0.2},
    "loss on links": {"link_loss": 0.2},
    "a mix down": {"mixes_down": ((1, 1),)},
}


@pytest.mark.parametrize("name", EXACT)
def test_poisson_mixes_have_the_posterior_of_enumeration(oracle: ModuleType, name: str) -> None:
    scenario = Scenario(**{**TINY, **EXACT[name]})
    assert scenario.strategy == strategies.Poisson()
    assert max(map(abs, errors(oracle, scenario, after, range(12)))) < 1e-9


@pytest.mark.parametrize(
    "strategy",
    [
        strategies.Threshold(2),
        strategies.Timed(0.8),
        strategies.TimedPool(0.5, 1),
        strategies.ThresholdPool(1, 1),
        strategies.Cottrell(0.4, 1, 0.6),
        strategies.Binomial(0.4, 2.0, 1.0),
    ],
    ids=lambda strategy: str(strategy.name),
)
@pytest.mark.parametrize("link_s", [0.0, 0.15])
def test_batch_mixes_have_the_posterior_of_enumeration(
    oracle: ModuleType, strategy: strategies.Strategy, link_s: float
) -> None:
    """A held packet is as likely as any other to leave with a flush after it came."""
    worst = 0.0
    for seed in range(8):
        scenario = Scenario(**{**TINY, "strategy": strategy, "link_delay_s": link_s})
        state, log = oracle.run_handmade(scenario, close_times(seed), seed=seed, until=30.0)
        batch = strategy.size if hasattr(strategy, "size") else None
        keep = getattr(strategy, "keep", 0)
        ends = oracle.layered_posterior(
            log, scenario.layers, scenario.width, None, batch=batch, keep=keep
        )
        for target in range(PACKETS):
            shares = np.array([vector[target] for vector in ends.values()])
            if shares.sum() > 1e-9:
                worst = max(worst, abs(state.results[target, 0] - oracle.entropy_bits(shares)))
                left = 1.0 - shares.sum()
                worst = max(worst, abs(state.results[target, 2] - left))
    assert worst < 1e-9


def test_fixed_delay_and_no_mixing_hide_nothing(oracle: ModuleType) -> None:
    for name in ("fixed", "none"):
        scenario = Scenario(**{**TINY, "strategy": name})
        state, _ = oracle.run_handmade(scenario, close_times(1))
        assert np.all(state.results[:, 0] == 0.0)
        assert np.all(state.results[:, 1] == 1.0)


def gamma_density(shape: float) -> Any:
    def density(wait: float) -> float:
        if wait <= 0.0:
            return 0.0
        return math.exp((shape - 1) * math.log(wait * shape) - shape * wait)

    return density


def uniform_density(spread: float) -> Any:
    return lambda wait: 1.0 if 1.0 - spread <= wait <= 1.0 + spread else 0.0


@pytest.mark.parametrize(
    ("strategy", "density"),
    [
        (strategies.Gamma(2.0), gamma_density(2.0)),
        (strategies.Gamma(5.0), gamma_density(5.0)),
        (strategies.Gamma(0.5), gamma_density(0.5)),
        (strategies.Uniform(1.0), uniform_density(1.0)),
        (strategies.Uniform(0.5), uniform_density(0.5)),
    ],
    ids=lambda value: repr(value) if isinstance(value, strategies.Strategy) else "",
)
def test_weighing_by_age_is_off_by_no_more_than_it_says(
    oracle: ModuleType, strategy: strategies.Strategy, density: Any
) -> None:
    scenario = Scenario(**{**TINY, "strategy": strategy})
    found = np.array(errors(oracle, scenario, density, range(20)))
    hold_to(strategy.name, found)


def test_weighing_by_age_of_an_exponential_is_exact(oracle: ModuleType) -> None:
    scenario = Scenario(**{**TINY, "strategy": strategies.Gamma(1.0)})
    assert max(map(abs, errors(oracle, scenario, after, range(10)))) < 1e-6


def test_loss_unseen_inside_is_off_by_no_more_than_it_says(oracle: ModuleType) -> None:
    scenario = Scenario(**{**TINY, "mix_loss": 0.1})
    found = np.array(errors(oracle, scenario, after, range(40), lost_inside=0.1))
    hold_to("unseen loss", found)


def test_a_processor_queue_is_exact_for_who_knows_its_speed(oracle: ModuleType) -> None:
    """And off by no more than is said for an observer who takes the queue for mixing."""
    scenario = Scenario(**{**TINY, "capacity_per_s": 3.0})
    known = errors(oracle, scenario, after, range(12), service_s=1.0 / 3.0)
    assert max(map(abs, known)) < 1e-9
    unknown = np.array(errors(oracle, scenario, after, range(40)))
    hold_to("queue", unknown)


def test_mix_loops_are_off_by_no_more_than_it_says(oracle: ModuleType) -> None:
    """One mix, whose loops come home at once: born unseen, absorbed unseen."""
    scenario = Scenario(**{**TINY, "layers": 1, "width": 1, "mix_loops_per_mix_per_s": 1.0})
    found = []
    for seed in range(60):
        some = np.random.default_rng(seed)
        times = np.sort(some.uniform(0.0, 1.5, 5))
        loops = np.sort(some.uniform(0.0, 1.5, 2))
        every = np.concatenate([times, loops])
        order = np.argsort(every)
        codes = np.where(order < 5, 0, 3 + 16 * 3)
        state, log = oracle.run_handmade(
            scenario,
            list(every[order]),
            seed=seed,
            codes=list(codes),
            senders=[0] * 7,
        )
        posterior = oracle.layered_posterior(
            log,
            1,
            1,
            after,
            absorbed=float(state.mix_reals[0, 1]),
            birth_rate=scenario.mix_loops_per_mix_per_s,
        )
        real = [int(number) for number in state.results[:, 14]]
        for target, number in enumerate(real):
            shares = np.array([vector[number] for vector in posterior.values()])
            if shares.sum() > 1e-9:
                found.append(state.results[target, 0] - oracle.entropy_bits(shares))
    hold_to("mix loops", found)


def test_free_routes_are_off_by_no_more_than_it_says(oracle: ModuleType) -> None:
    scenario = Scenario(**{**TINY, "topology": "free_route", "width": 1, "layers": 2})
    found = []
    for seed in range(40):
        for layers, width in ((2, 1), (2, 2), (3, 1)):
            net = scenario.replace(layers=layers, width=width)
            state, log = oracle.run_handmade(net, close_times(seed, 5, 1.0), seed=seed)
            posterior = oracle.free_route_posterior(log, layers)
            for target, shares in enumerate(oracle.by_target(posterior, 5)):
                found.append(state.results[target, 0] - oracle.entropy_bits(shares))
    hold_to("free route", found)


def test_the_oracle_itself_counts_matchings(oracle: ModuleType) -> None:
    """Three packets, one mix: a and b came, one left, c came, two left."""
    weight = np.array([[1.0, 1.0, 1.0], [1.0, 1.0, 1.0], [0.0, 1.0, 1.0]])
    # Of 2 x 2 histories: c never left first; a left first in half of them.
    expected = np.array([[1 / 2, 1 / 4, 1 / 4], [1 / 2, 1 / 4, 1 / 4], [0, 1 / 2, 1 / 2]])
    assert np.allclose(oracle.matching_marginals(weight), expected)
    half_lost = oracle.matching_marginals(np.array([[0.5], [0.5]]), 0.5)
    assert np.allclose(half_lost, [[0.5], [0.5]])
