"""An epoch closed with what a live network's frames showed: counts, coverage, and the numbers."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.errors import ScenarioError, SimulationError
from workbench.mixing.events import NOWHERE
from workbench.mixing.live import LiveMixnet
from workbench.rewards.formula import Node
from workbench.rewards.network import Network
from workbench.rewards.parameters import Role
from workbench.scenario import Scenario
from workbench.system import LiveSystem
from workbench.system.measure import interval_of
from workbench.system.observed import Watch
from workbench.system.start import UNYM, places

BUSY = Scenario(clients=40, traffic_per_client_per_s=10.0, width=3, delay_s=0.02, seed=2)


def watched(network: LiveMixnet, seconds: float, dt_s: float = 0.05) -> Watch:
    watch = Watch(network.scenario.mixes)
    for _ in range(round(seconds / dt_s)):
        watch.take(network.advance(dt_s))
    return watch


def test_a_watch_counts_what_the_event_log_tells():
    network, losses = LiveMixnet(BUSY), np.zeros(9)
    losses[4] = 0.5
    network.set_mixes(losses=losses)
    watch, arrived, left = Watch(9), np.zeros(9, int), np.zeros(9, int)
    held = None
    for _ in range(40):
        frame = network.advance(0.05)
        if held is None:  # counted from the first frame's end on
            held = frame.pools.copy()
            continue
        watch.take(frame)
        events = frame.events
        arrived += np.bincount(events.target[events.target >= 0], minlength=9)
        went_on = (events.source >= 0) & (events.target != NOWHERE)
        left += np.bincount(events.source[went_on], minlength=9)
    assert np.array_equal(watch.arrivals, arrived)
    # What came, went on, was lost or is still there: nothing else can happen to a packet.
    assert np.array_equal(watch.drops, arrived - left - (frame.pools - held))
    assert watch.drops[4] > 100
    assert watch.drops.sum() == watch.drops[4]
    assert watch.seconds == pytest.approx(39 * 0.05)
    assert watch.carried().offered_per_s == pytest.approx(400.0, rel=0.1)


def test_the_interval_holds_the_true_loss_as_often_as_it_says():
    """Over 40 samples of 9 mixes: 95 % within four standard deviations of such a count."""
    network = LiveMixnet(BUSY)
    true = np.array([0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5])
    order = np.array([0, 3, 6, 1, 4, 7, 2, 5, 8])  # those of the first layer feed the others
    losses = np.empty(9)
    losses[order] = true
    network.set_mixes(losses=losses)
    held, total = 0, 0
    for _ in range(40):
        watch = watched(network, 1.0)
        low, high = interval_of(watch.arrivals, watch.drops)
        held += int(((low <= 1.0 - losses) & (1.0 - losses <= high)).sum())
        total += 9
    assert abs(held / total - 0.95) < 4.0 * np.sqrt(0.95 * 0.05 / total)


def test_full_queues_lose_in_bursts_and_the_interval_is_then_too_short():
    """The docs say by how much: it holds in some 40 to 90 % of the samples, not in 95 %."""
    network = LiveMixnet(BUSY.replace(capacity_per_s=125.0, queue_packets=20))
    watched(network, 5.0)
    samples = [watched(network, 1.0) for _ in range(60)]
    first = [(one.arrivals[:3], one.drops[:3]) for one in samples]  # layer 1 is overfull
    true = 1.0 - sum(d for _, d in first) / sum(a for a, _ in first)
    inside = [(low <= true) & (true <= high) for low, high in (interval_of(a, d) for a, d in first)]
    share = float(np.mean(inside))
    assert 0.25 < share < 0.9


def test_every_epoch_closed_by_hand_has_the_librarys_own_numbers(quick):
    """Pay by the exact decimal network, performance by the counts, the draw by its weights."""
    setting = quick.replace(activation=0.0, operator_activation=0.0)
    live = LiveSystem(setting)
    network = LiveMixnet(setting.traffic)
    money = live._network
    exact = Network(
        places(setting, setting.traffic.width),
        [
            Node(
                str(node),
                int(money.pledges_unym[node]),
                int(money.delegates_unym[node]),
                margin=str(setting.margin),
                interval_cost_unym=int(setting.cost_nym * UNYM),
            )
            for node in range(setting.nodes)
        ],
    )
    for epoch in range(3):
        drawn = live.begin()
        if drawn.places.shape[1] != network.scenario.width:
            network.set(width=drawn.places.shape[1])
        losses = np.linspace(0.0, 0.3, drawn.places.size)
        network.set_mixes(losses=losses)
        watch = watched(network, 1.0)
        carried = watch.carried()
        frame = live.close(carried)
        assert frame.row.epoch == epoch
        active = drawn.places.ravel()
        assert np.array_equal(frame.sampled[active], watch.arrivals)
        assert np.array_equal(frame.drops[active], watch.drops)
        wanted = 1.0 - np.minimum(watch.drops, watch.arrivals) / watch.arrivals
        assert np.array_equal(frame.performances[active], wanted)
        exact.parameters = places(setting, drawn.places.shape[1])
        paid = exact.advance_epoch(
            {str(n): f"{p:.18f}" for n, p in enumerate(frame.performances.tolist())},
            {str(n): Role(role) for n, role in enumerate(frame.roles.tolist())},
        )
        for node in range(setting.nodes):
            wanted = float(paid.payments[str(node)].reward_unym)
            assert frame.rewards_nym[node] * UNYM == pytest.approx(wanted, rel=1e-9, abs=1e-3)


def test_advance_is_begin_and_close(quick):
    one, other = LiveSystem(quick), LiveSystem(quick)
    for _ in range(3):
        drawn = other.begin()
        assert np.array_equal(drawn.places, other.begin().places)  # drawn anew: the same
        there = other.close(other._carried(drawn.places))
        assert one.advance().row == there.row


def test_an_epoch_is_closed_once_and_by_counts_of_its_own_places(quick):
    live = LiveSystem(quick)
    with pytest.raises(SimulationError, match="after begin"):
        live.close(None)
    live.begin()
    with pytest.raises(SimulationError, match="each of 9 places"):
        live.close(Watch(12).carried())
    assert live.close(None).row.sent == 0
    with pytest.raises(SimulationError, match="after begin"):
        live.close(None)
    for width in (0, 7, 2.5):
        with pytest.raises(ScenarioError, match="width must be a whole number from 1 to 6"):
            live.begin(width)
    assert live.begin(5).places.shape == (3, 5)
    with pytest.raises(SimulationError, match="expected a frame of 12 mixes"):
        Watch(12).take(LiveMixnet(BUSY).advance(0.01))
