"""Packets through nodes of their own kind: what each drops is what its setting says."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.mixing.simulate import simulate
from workbench.scenario import Scenario
from workbench.system.carry import carry, probe
from workbench.system.measure import performance_of

TRAFFIC = Scenario(clients=50, traffic_per_client_per_s=20.0, width=4, delay_s=0.05)


def carried(scenario=TRAFFIC, capacities=None, losses=None, sample_s=4.0, targets=50, index=1):
    losses = np.zeros(scenario.mixes) if losses is None else losses
    return carry(
        scenario,
        capacities_per_s=capacities,
        losses=losses,
        sample_s=sample_s,
        targets=targets,
        index=index,
    )


def test_every_mix_loses_its_own_share_and_nothing_else():
    losses = np.linspace(0.0, 0.4, TRAFFIC.mixes)
    found = carried(losses=losses)
    shares = found.drops / found.arrivals
    errors = np.sqrt(losses * (1.0 - losses) / found.arrivals)
    assert shares[0] == 0.0
    assert (np.abs(shares - losses) <= 5.0 * errors).all()
    assert found.drops.sum() == found.dropped
    assert found.sent == found.delivered + found.dropped


def test_only_the_slow_mix_drops_and_it_passes_what_it_can():
    capacities = np.full(TRAFFIC.mixes, 1000.0)
    capacities[5] = 100.0
    scenario = TRAFFIC.replace(capacity_per_s=1000.0, queue_packets=20)
    found = carried(scenario, capacities, sample_s=20.0)
    assert np.flatnonzero(found.drops).tolist() == [5]
    passed = 1.0 - found.drops[5] / found.arrivals[5]
    assert passed == pytest.approx(100.0 / found.loads_per_s[5], abs=0.03)


def test_equal_mixes_are_those_of_simulate():
    scenario = TRAFFIC.replace(capacity_per_s=400.0, mix_loss=0.02)
    ours = carried(scenario, np.full(12, 400.0), np.full(12, 0.02), sample_s=20.0, targets=400)
    run = simulate(scenario, duration_s=28.0, targets=400)
    assert np.nanmean(ours.entropy_bits) == pytest.approx(run.spread.mean, abs=0.1)
    assert ours.latency_mean_s == pytest.approx(run.latency_mean_s, rel=0.05)
    assert ours.dropped / ours.sent == pytest.approx(run.dropped / run.sent, abs=0.01)
    assert ours.offered_per_s == pytest.approx(1000.0, rel=0.04)
    assert np.nanmax(ours.sender_entropy_bits) <= np.log2(50) + 1e-9


def test_a_link_that_loses_is_held_against_the_mix_before_it():
    found = carried(TRAFFIC.replace(link_loss=0.1))
    assert 0 < found.drops.sum() < found.dropped  # the first link has no mix before it
    assert (found.drops <= found.arrivals).all()


def test_batch_mixes_are_fed_until_every_target_is_told():
    found = carried(TRAFFIC.replace(strategy="timed"))
    assert np.isfinite(found.entropy_bits).all()


def test_test_packets_find_the_loss_of_a_node_without_traffic():
    losses = np.array([0.0, 0.1, 1.0])
    arrivals, drops = probe(TRAFFIC, losses=losses, packets_per_node=2000, index=3)
    assert (np.abs(arrivals - 2000) < 5 * np.sqrt(2000)).all()
    assert drops[0] == 0
    assert drops[2] == arrivals[2]
    assert drops[1] / arrivals[1] == pytest.approx(0.1, abs=0.035)
    assert probe(TRAFFIC, losses=losses, packets_per_node=0, index=3)[0].tolist() == [0, 0, 0]


def test_the_standard_error_is_that_of_repeated_samples():
    """The quoted error against the spread of many epochs' measurements of the same node."""
    losses = np.full(12, 0.05)
    found = [carried(losses=losses, sample_s=1.0, targets=0, index=i) for i in range(2, 42)]
    measured = [performance_of(f.arrivals, f.drops, np.ones(12)) for f in found]
    shares = np.array([m.performances for m in measured])
    quoted = np.array([m.errors for m in measured]).mean()
    assert shares.mean() == pytest.approx(0.95, abs=0.004)
    assert 0.85 < shares.std() / quoted < 1.1
