"""One packet's suspects in one mix: the same posterior as the simulation's, opened up."""

from __future__ import annotations

import numpy as np
import pytest

import workbench as wb
from workbench.anonymity.one_mix import mix_stays, mix_suspects
from workbench.errors import AnonymityError
from workbench.mixing.events import Events


def one_mix(rate, delay, seed=0):
    scenario = wb.Scenario(
        clients=20, traffic_per_client_per_s=rate / 20, layers=1, width=1, delay_s=delay, seed=seed
    )
    return wb.simulate(scenario, duration_s=20 * delay, targets=30, log=True)


@pytest.mark.parametrize(("rate", "delay"), [(0.5, 1.0), (10.0, 0.5), (100.0, 0.5), (300.0, 2.0)])
def test_its_doubt_is_that_of_the_simulation_for_every_target(rate, delay):
    run = one_mix(rate, delay, seed=3)
    assert run.targets > 2
    for packet, bits in zip(run.target_packets, run.entropy_bits, strict=True):
        found = mix_suspects(run.events, int(packet))
        assert found.entropy_bits == pytest.approx(bits, abs=1e-6)
        assert found.chances.sum() == pytest.approx(1.0, abs=1e-9)
        assert packet in found.packets
        assert (found.leave_s > found.came_s).all()


def test_a_log_counted_by_hand():
    # 0 and 1 come, 0 leaves, 2 comes, 2 leaves, 1 leaves; we look for 1.
    log = Events.empty(6)
    log.packet[:] = [0, 1, 0, 2, 2, 1]
    log.source[:] = [-1, -1, 0, -1, 0, 0]
    log.target[:] = [0, 0, -2, 0, -2, -2]
    log.leave_s[:] = log.arrive_s[:] = [1, 2, 3, 4, 5, 6]
    found = mix_suspects(log, 1)
    assert found.packets.tolist() == [0, 2, 1]
    assert found.held.tolist() == [2, 2, 1]
    assert found.chances.tolist() == [0.5, 0.25, 0.25]
    assert (found.came_s, found.left_s) == (2.0, 6.0)
    packets, came, left = mix_stays(log)
    assert packets.tolist() == [0, 1, 2]
    assert came.tolist() == [1, 2, 4]
    assert left.tolist() == [3, 6, 5]


@pytest.mark.parametrize("packet", [-1, 10**9, 1.5, None, "1"])
def test_a_packet_that_did_not_pass_is_refused_with_our_own_error(packet):
    run = one_mix(10.0, 0.5)
    with pytest.raises(AnonymityError):
        mix_suspects(run.events, packet)


def test_a_packet_still_inside_is_refused():
    log = Events.empty(1)
    log.source[:] = -1
    with pytest.raises(AnonymityError, match="leaving"):
        mix_suspects(log, 0)
    assert np.isinf(mix_stays(log)[2]).all()
