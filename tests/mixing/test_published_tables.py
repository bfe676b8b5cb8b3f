"""Tables that others publish, against a simulation of our own that shares nothing with the engine.

Thin pools through one to five layers, corrupted mixes by count, many layers at one end-to-end
delay, wide networks. The plain one draws with Python's generator, sorts all events of all
packets, and keeps a dictionary of masses for each mix: slow, obvious, and independent.
"""

from __future__ import annotations

import math
import random
from typing import Any

import numpy as np
import pytest

from workbench.mixing.simulate import simulate
from workbench.scenario import Scenario

BLOCKS = 20


def plain_bits(
    *,
    rate_per_s: float,
    delay_s: float,
    layers: int,
    width: int,
    packets: int,
    corrupted: frozenset[tuple[int, int]] = frozenset(),
    seed: int = 0,
) -> list[float]:
    """Entropy over packets of every fourth packet of the middle, in Poisson mixes."""
    some = random.Random(seed)
    now = 0.0
    events = []
    for packet in range(packets):
        now += some.expovariate(rate_per_s)
        then = now
        route = [some.randrange(width) for _ in range(layers)]
        for hop in range(layers + 1):
            events.append((then, packet, hop, route))
            then += some.expovariate(1.0 / delay_s)
    events.sort(key=lambda event: event[0])
    targets = range(packets // 5, packets - packets // 5, 4)
    held = {(layer, index): 0 for layer in range(layers) for index in range(width)}
    mass: dict[tuple[int, int], dict[int, float]] = {mix: {} for mix in held}
    traced: dict[int, dict[int, float]] = {}  # what a packet inside a corrupted mix carries
    exits: dict[int, list[float]] = {target: [] for target in targets}
    for _, packet, hop, route in events:
        if hop == 0:
            carried = {packet: 1.0} if packet in exits else {}
        else:
            mix = hop - 1, route[hop - 1]
            if mix in corrupted:
                carried = traced.pop(packet)
            else:
                n = held[mix]
                carried = {target: m / n for target, m in mass[mix].items() if m > 1e-12}
                mass[mix] = {target: m * (n - 1) / n for target, m in mass[mix].items()}
                held[mix] -= 1
                if not held[mix]:
                    mass[mix] = {}
        if hop == layers:
            for target, share in carried.items():
                exits[target].append(share)
        elif (hop, route[hop]) in corrupted:
            traced[packet] = carried
        else:
            mix = hop, route[hop]
            held[mix] += 1
            for target, share in carried.items():
                mass[mix][target] = mass[mix].get(target, 0.0) + share
    for shares in exits.values():
        assert sum(shares) == pytest.approx(1.0, abs=1e-6)
    return [-sum(p * math.log2(p) for p in shares) for shares in exits.values()]


def mean_and_error(bits: Any) -> tuple[float, float]:
    means = [float(np.mean(block)) for block in np.array_split(np.asarray(bits), BLOCKS)]
    return float(np.mean(means)), float(np.std(means, ddof=1)) / math.sqrt(BLOCKS)


def both_agree(
    rate_per_s: float, delay_s: float, layers: int, width: int, corrupted: int = 0
) -> float:
    """The engine's mean, once the plain simulation has been found to have the same."""
    scenario = Scenario(
        clients=10,
        traffic_per_client_per_s=rate_per_s / 10,
        delay_s=delay_s,
        layers=layers,
        width=width,
        corrupt_mixes=corrupted,
        seed=5,
    )
    run = simulate(scenario, packets=40_000, targets=8000)
    mean, error = mean_and_error(run.entropy_bits)
    plain, plain_error = mean_and_error(
        plain_bits(
            rate_per_s=rate_per_s,
            delay_s=delay_s,
            layers=layers,
            width=width,
            packets=5000,
            corrupted=frozenset(scenario.corrupted()),
        )
    )
    assert plain_error < 0.1
    assert mean == pytest.approx(plain, abs=5.5 * math.hypot(error, plain_error))
    return mean


@pytest.mark.parametrize("rho", [0.1, 0.5, 1.0, 2.0])
def test_thin_pools_through_one_to_five_layers(rho: float) -> None:
    """Each layer adds doubt, and less than the one before it added."""
    bits = [both_agree(rho, 1.0, layers, 1) for layers in (1, 2, 3, 5)]
    assert bits == sorted(bits)
    assert bits[1] - bits[0] > bits[2] - bits[1] > (bits[3] - bits[2]) / 2 > 0.0


def test_corrupted_mixes_by_count() -> None:
    """In a network of three layers of three, at four packets a mix."""
    bits = [both_agree(12.0, 1.0, 3, 3, corrupted) for corrupted in (0, 3, 6)]
    assert bits == sorted(bits, reverse=True)
    everything = simulate(Scenario(corrupt_mixes=9), duration_s=2.0, targets=50)
    assert (everything.entropy_bits == 0.0).all()


@pytest.mark.parametrize("layers", [1, 4, 10])
def test_many_layers_at_one_end_to_end_delay_in_thin_networks(layers: int) -> None:
    """Ten layers of .1 s or one of 1 s: 20 packets under way either way, three mixes wide."""
    both_agree(20.0, 1.0 / layers, layers, 3)


@pytest.mark.parametrize("width", [2, 8, 40])
def test_the_same_traffic_in_wider_networks(width: int) -> None:
    both_agree(30.0, 0.3, 3, width)
