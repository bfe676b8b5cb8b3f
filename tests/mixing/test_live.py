"""LiveMixnet against simulate, an observer who only reads the event log, and enumeration."""

from __future__ import annotations

import contextlib
import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import ScenarioError, SimulationError, WorkbenchError
from workbench.mixing.engine import state_bytes
from workbench.mixing.events import NOWHERE, Events
from workbench.mixing.frame import MOST_PEOPLE, Frame, expect
from workbench.mixing.live import LiveMixnet
from workbench.mixing.simulate import simulate
from workbench.scenario import Scenario
from workbench.strategies import STRATEGIES

SMALL = Scenario(clients=20, traffic_per_client_per_s=5.0)


def joined(frames: list[Frame]) -> Events:
    return Events.joined([frame.events for frame in frames])


def entropies(frames: list[Frame]) -> dict[int, float]:
    found: dict[int, float] = {}
    for frame in frames:
        found |= dict(zip(frame.target_packets.tolist(), frame.entropy_bits.tolist(), strict=True))
    return found


def observed_bits(events: Events, target: int) -> float:
    """Shannon entropy of one packet by an observer who reads nothing but the crossings.

    Exact for mixes that mix uniformly without link delay: each mix is (packets held, mass
    held); crossings happen in the order of the log.
    """
    held: dict[int, int] = {}
    mass: dict[int, float] = {}
    ended: list[float] = []
    for packet, source, to in zip(
        events.packet.tolist(), events.source.tolist(), events.target.tolist(), strict=True
    ):
        if source < 0:
            p = 1.0 if packet == target else 0.0
        else:
            n = held[source]
            p = mass[source] / n
            held[source], mass[source] = n - 1, mass[source] - p
        if to >= 0:
            held[to], mass[to] = held.get(to, 0) + 1, mass.get(to, 0.0) + p
        else:
            ended.append(p)
    return -sum(p * math.log2(p) for p in ended if p > 0.0) / sum(ended)


# -- the same physics ---------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", ["poisson", "timed", "gamma", "threshold"])
def test_a_target_has_the_entropy_that_simulate_finds_for_the_same_packet(strategy: str) -> None:
    scenario = Scenario(clients=40, traffic_per_client_per_s=5.0, strategy=strategy, seed=3)
    live = LiveMixnet(scenario, targets=60, warm_up=False, report_below=1e-10)
    told = entropies([live.advance(0.25) for _ in range(60)])
    run = simulate(scenario, duration_s=15.0, targets=100_000, engine="general")
    known = dict(zip(run.target_packets.tolist(), run.entropy_bits.tolist(), strict=True))
    both = [packet for packet in told if packet in known and not math.isnan(known[packet])]
    assert len(both) >= 100
    for packet in both:
        assert told[packet] == pytest.approx(known[packet], abs=1e-7)


def test_in_steady_state_the_statistics_are_those_of_simulate() -> None:
    scenario = Scenario(clients=50, traffic_per_client_per_s=4.0, cover_per_client_per_s=2.0)
    live = LiveMixnet(scenario, targets=200)
    frames = [live.advance(0.5) for _ in range(120)]
    bits = np.concatenate([f.entropy_bits for f in frames])
    people = np.concatenate([f.sender_entropy_bits for f in frames])
    waits = np.concatenate([f.latency_s for f in frames])
    pools = np.mean([f.pools for f in frames], axis=0)
    run = simulate(scenario.replace(seed=1), duration_s=60.0, targets=3000, track="senders")
    assert len(bits) > 1000
    assert np.nanmean(bits) == pytest.approx(run.spread.mean, abs=0.12)
    assert np.nanmean(people) == pytest.approx(np.nanmean(run.sender_entropy_bits), abs=0.08)
    assert waits.mean() == pytest.approx(run.latency_mean_s, rel=0.05)
    assert pools.mean() == pytest.approx(run.pool_mean.mean(), rel=0.1)
    assert np.mean([f.cover_share for f in frames]) == pytest.approx(1 / 3, abs=0.02)


def test_reporting_at_a_thousandth_costs_about_a_hundredth_of_a_bit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    early = LiveMixnet(Scenario(seed=5), targets=0, warm_up=False)
    late = LiveMixnet(Scenario(seed=5), targets=0, warm_up=False, report_below=1e-10)
    for live in (early, late):
        monkeypatch.setattr(live._targets, "birth_chance", lambda *now: 0.2)
        live._targets.wanted = 1
    short = entropies([early.advance(0.2) for _ in range(30)])
    full = entropies([late.advance(0.2) for _ in range(40)])
    costs = [full[packet] - short[packet] for packet in short if packet in full]
    assert len(costs) > 300
    assert 0.002 < np.mean(costs) < 0.02


def test_targets_are_reported_in_the_order_of_their_birth() -> None:
    live = LiveMixnet(SMALL)
    numbers = np.concatenate([live.advance(0.1).target_packets for _ in range(80)])
    assert len(numbers) > 50
    assert (np.diff(numbers) > 0).all()


# -- determinism --------------------------------------------------------------------------------


def test_the_same_seed_and_calls_give_the_same_frames() -> None:
    def play() -> list[Frame]:
        live = LiveMixnet(SMALL)
        frames = [live.advance(0.2) for _ in range(5)]
        live.set(delay_s=0.3, cover_per_client_per_s=3.0)
        frames += [live.advance(0.2) for _ in range(5)]
        live.set(strategy="timed", width=5)
        return frames + [live.advance(0.2) for _ in range(10)]

    for one, other in zip(play(), play(), strict=True):
        for name in ("entropy_bits", "sender_entropy_bits", "pools", "latency_s", "drops"):
            assert np.array_equal(getattr(one, name), getattr(other, name), equal_nan=True)
        assert np.array_equal(one.events.packet, other.events.packet)
        assert np.array_equal(one.events.leave_s, other.events.leave_s)


def test_while_the_delay_moves_the_same_people_send_at_the_same_times() -> None:
    def sent(delay_s: float) -> list[tuple[float, int]]:
        live = LiveMixnet(SMALL, warm_up=False)
        frames = [live.advance(0.5) for _ in range(4)]
        live.set(delay_s=delay_s)
        events = joined([*frames, *(live.advance(0.5) for _ in range(8))])
        entries = events.where(events.source < 0)
        return list(zip(entries.leave_s.tolist(), entries.source.tolist(), strict=True))

    first, second = sent(0.02), sent(0.9)
    assert len(first) > 400
    assert first == second


# -- turning knobs ------------------------------------------------------------------------------


def test_a_rescaled_delay_leaves_the_posterior_exact_at_once() -> None:
    live = LiveMixnet(SMALL.replace(delay_s=0.15), warm_up=False, report_below=1e-12)
    frames = []
    for step in range(60):
        live.set(delay_s=0.15 * (1.5 if step % 3 else 0.4))
        frames.append(live.advance(0.1))
        assert live.settling is None
    live.set(traffic_per_client_per_s=0.0)
    frames += [live.advance(1.0) for _ in range(12)]
    assert frames[-1].in_network == 0
    events, told = joined(frames), entropies(frames)
    assert len(told) > 30
    for packet in list(told)[:30]:
        assert told[packet] == pytest.approx(observed_bits(events, packet), abs=1e-6)
    assert all(f.is_exact.all() for f in frames)


def permanent_posterior(arrived: list[float], rates: list[float], left: list[float]) -> np.ndarray:
    """Which arrival is each departure, given every arrival's own rate: by enumeration."""
    n = len(arrived)
    chance = np.zeros((n, n))
    for order in itertools.permutations(range(n)):
        waits = [left[i] - arrived[packet] for i, packet in enumerate(order)]
        if min(waits) < 0.0:
            continue
        weight = math.prod(
            rates[packet] * math.exp(-rates[packet] * wait)
            for packet, wait in zip(order, waits, strict=True)
        )
        for i, packet in enumerate(order):
            chance[packet, i] += weight
    return chance / chance.sum(axis=1, keepdims=True)


def test_kept_waits_are_settling_and_their_error_is_as_the_docs_say() -> None:
    """Seven packets in one mix, the delay turned from 1 s to 0.25 s between them."""
    errors = []
    for seed in range(12):
        scenario = Scenario(
            clients=7, traffic_per_client_per_s=0.5, layers=1, width=1, delay_s=1.0, seed=seed
        )
        live = LiveMixnet(scenario, warm_up=False, targets=1000, report_below=1e-12)
        frames = [live.advance(1.2)]
        live.set(delay_s=0.25, waits="keep")
        assert live.settling is not None
        frames.append(live.advance(0.8))
        live.set(traffic_per_client_per_s=0.0)
        frames += [live.advance(5.0) for _ in range(4)]
        assert live.settling is None
        events, told = joined(frames), entropies(frames)
        ins, outs = events.where(events.source < 0), events.where(events.source >= 0)
        if not 3 <= len(ins) <= 8:
            continue
        rates = [1.0 if t < 1.2 else 4.0 for t in ins.leave_s.tolist()]
        true = permanent_posterior(ins.leave_s.tolist(), rates, outs.leave_s.tolist())
        for at, packet in enumerate(ins.packet.tolist()):
            row = true[at][true[at] > 0.0]
            errors.append(abs(told[packet] + float((row * np.log2(row)).sum())))
    assert len(errors) > 30
    assert np.mean(errors) == pytest.approx(0.12, abs=0.01)
    assert np.max(errors) == pytest.approx(0.9, abs=0.05)


def test_after_a_kept_delay_the_network_settles_to_the_new_setting() -> None:
    live = LiveMixnet(Scenario(clients=50, traffic_per_client_per_s=4.0, delay_s=0.05))
    live.set(delay_s=0.3, waits="keep")
    frames = [live.advance(0.5) for _ in range(60)]
    assert frames[0].settling is not None
    assert frames[-1].settling is None
    assert not frames[0].is_exact.any()
    assert frames[-1].is_exact.all()
    late = np.concatenate([f.entropy_bits for f in frames[20:]])
    run = simulate(live.scenario, duration_s=30.0, targets=500)
    assert late.mean() == pytest.approx(run.spread.mean, abs=0.15)


CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "delay_s": st.sampled_from([0.0, 0.02, 0.1, 0.4]),
        "strategy": st.sampled_from(sorted(STRATEGIES)),
        "traffic_per_client_per_s": st.sampled_from([0.0, 1.0, 6.0]),
        "cover_per_client_per_s": st.sampled_from([0.0, 2.0]),
        "main_stream_per_client_per_s": st.sampled_from([None, 4.0]),
        "mix_loops_per_mix_per_s": st.sampled_from([0.0, 1.0]),
        "width": st.sampled_from([1, 2, 3, 7, 40]),
        "clients": st.sampled_from([5, 20, 60]),
        "traffic_pattern": st.sampled_from(["poisson", "bursty", "day"]),
        "corrupt_mixes": st.sampled_from([0, 1, 0.5]),
        "mixes_down": st.sampled_from([0, 1]),
        "mix_loss": st.sampled_from([0.0, 0.2]),
        "link_loss": st.sampled_from([0.0, 0.1]),
        "link_delay_s": st.sampled_from([0.0, 0.03]),
        "capacity_per_s": st.sampled_from([None, 50.0]),
    },
)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    st.lists(st.tuples(CHANGES, st.sampled_from(["rescale", "keep"])), min_size=1, max_size=6),
    st.integers(0, 3),
)
def test_no_change_loses_a_packet_or_any_probability(
    changes: list[tuple[dict[str, object], str]], seed: int
) -> None:
    live = LiveMixnet(SMALL.replace(seed=seed), targets=20)
    sent = delivered = dropped = 0
    under_way = live.advance(1e-9).in_network
    for knobs, waits in changes:
        live.set(waits=waits, **knobs)
        for _ in range(3):
            frame = live.advance(0.3)
            sent += int(frame.sent_by_kind.sum())
            delivered += int(frame.delivered_by_kind.sum())
            dropped += frame.dropped
            assert frame.in_network == under_way + sent - delivered - dropped
            assert frame.pools.min() >= 0
            assert frame.draining >= 0
            assert int(frame.pools.sum()) + frame.draining <= frame.in_network
            np.testing.assert_allclose(frame.target_mass, 1.0, atol=1e-9)


def test_mixes_taken_out_empty_themselves_and_get_nothing_new() -> None:
    live = LiveMixnet(SMALL.replace(width=6, delay_s=0.4))
    live.advance(0.5)
    did = live.set(width=2)
    assert any("empty themselves" in text for text in did)
    first = live.advance(0.2)
    assert first.draining > 0
    assert len(first.pools) == 6  # 3 layers of 2
    frames = [first, *(live.advance(0.5) for _ in range(20))]
    assert frames[-1].draining == 0
    assert frames[-1].settling is None
    events = joined(frames)
    entering = events.target[events.source < 0]
    assert set(entering.tolist()) <= {0, 1}


def test_a_mix_that_goes_down_lets_go_what_it_holds_and_drops_what_comes() -> None:
    live = LiveMixnet(SMALL.replace(delay_s=0.3))
    before = live.advance(0.5)
    did = live.set(mixes_down=((1, 0),))
    assert any("goes down" in text for text in did)
    frames = [live.advance(0.25) for _ in range(20)]
    events = joined(frames)
    assert (events.target != 3).all()  # nothing gets in: mix 3 is layer 1, index 0
    assert (events.source == 3).sum() == before.pools[3]
    assert frames[-1].pools[3] == 0
    assert sum(f.dropped for f in frames) == (events.target == NOWHERE).sum() > 10
    # What comes to a mix that is down is that mix's loss, not that of whoever sent it on.
    drops = sum(f.drops for f in frames)
    assert drops[3] == drops.sum() == sum(f.dropped for f in frames)
    assert sum(f.loads_per_s for f in frames)[3] == 0.0


def test_a_corrupted_mix_keeps_what_it_held_mixed_and_traces_the_rest() -> None:
    one = SMALL.replace(layers=1, width=1, delay_s=0.5)
    live = LiveMixnet(one, targets=50)
    live.advance(1.0)
    live.set(corrupt_mixes=1)
    changed_s = live.time_s
    frames = [live.advance(0.5) for _ in range(20)]
    sent = np.concatenate([f.target_sent_s for f in frames])
    bits = np.concatenate([f.entropy_bits for f in frames])
    assert (bits[sent > changed_s] == 0.0).all()
    assert bits[sent < changed_s - 0.1].mean() > 3.0


def test_a_followed_packet_is_believed_somewhere_with_certainty() -> None:
    live = LiveMixnet(SMALL.replace(delay_s=0.3, link_delay_s=0.02, corrupt_mixes=2))
    live.follow(-1)
    seen = []
    for _ in range(200):
        frame = live.advance(0.05)
        if frame.followed is None:
            if seen:
                break
            continue
        it = frame.followed
        seen.append(it)
        whole = it.belief.sum() + it.on_links + it.delivered + it.lost + it.elsewhere
        assert whole == pytest.approx(1.0, abs=1e-9)
        if it.place is not None:
            assert it.belief[it.place] > 0.0  # the observer is never sure of a falsehood
    assert seen[-1].is_reported
    assert len({it.packet for it in seen}) == 1
    assert any(it.place is not None for it in seen)


# -- expected -----------------------------------------------------------------------------------


def test_expected_is_a_simulation_of_the_new_setting_and_is_kept() -> None:
    live = LiveMixnet(SMALL)
    live.set(delay_s=0.25)
    frame = live.advance(0.1)
    assert frame.expected is live.expect()
    own = expect(live.scenario)
    assert frame.expected.entropy_bits == own.entropy_bits
    run = simulate(live.scenario, duration_s=60.0, targets=1500)
    error = 5.0 * math.hypot(own.entropy_bits.standard_error, run.spread.standard_error)
    assert own.entropy_bits.mean == pytest.approx(run.spread.mean, abs=max(error, 0.25))


def test_a_silent_network_has_frames_without_numbers_and_no_errors() -> None:
    live = LiveMixnet(SMALL.replace(traffic_per_client_per_s=0.0))
    frame = live.advance(1.0)
    assert len(frame.entropy_bits) == 0
    assert math.isnan(frame.cover_share)
    assert math.isnan(frame.latency_mean_s)
    assert frame.expected.entropy_bits.count == 0


# -- limits -------------------------------------------------------------------------------------


def test_memory_stays_flat_however_long_it_runs() -> None:
    live = LiveMixnet(SMALL.replace(delay_s=0.02), targets=30)
    sizes = []
    for step in range(60):
        live.set(traffic_per_client_per_s=5.0 + step % 2)
        live.advance(10.0)
        sizes.append(state_bytes(live._state))
    assert sizes[-1] == sizes[20]


def test_people_are_not_followed_where_there_are_too_many() -> None:
    live = LiveMixnet(SMALL)
    live.set(clients=MOST_PEOPLE + 1, traffic_per_client_per_s=0.05)
    frames = [live.advance(0.5) for _ in range(10)]
    assert np.isnan(frames[-1].sender_entropy_bits).all()
    live.set(clients=20, traffic_per_client_per_s=5.0)
    frames = [live.advance(0.5) for _ in range(20)]
    assert np.nanmax(frames[-1].sender_entropy_bits) <= math.log2(20) + 1e-9


@pytest.mark.parametrize(
    "knobs",
    [{"layers": 4}, {"topology": "cascade"}, {"seed": 9}, {"delay_s": -1.0}, {"speed": 3}],
)
def test_what_cannot_be_turned_is_refused_and_nothing_changes(knobs: dict[str, object]) -> None:
    live = LiveMixnet(SMALL)
    with pytest.raises((ScenarioError, SimulationError)):
        live.set(delay_s=0.3, **{k: v for k, v in knobs.items() if k != "delay_s"}) if (
            "delay_s" not in knobs
        ) else live.set(**knobs)
    assert live.scenario == SMALL


@given(st.one_of(st.floats(), st.text(max_size=3), st.none(), st.booleans(), st.integers()))
@settings(max_examples=60, deadline=None)
def test_any_step_and_any_packet_are_taken_or_refused_by_our_errors(value: object) -> None:
    live = _shared()
    if not (isinstance(value, (int, float)) and 0.01 < value <= 3600.0):
        for call in (live.advance, live.follow):
            with contextlib.suppress(WorkbenchError):
                call(value)  # type: ignore[operator]
    with pytest.raises(SimulationError):
        live.set(waits="hurry")


def test_hostile_settings_of_a_live_network_meet_our_own_errors() -> None:
    for value in ("x", None, [1], np.array([1, 2]), object(), math.nan, -1):
        for name in ("targets", "report_below", "warm_up"):
            with pytest.raises(SimulationError):
                LiveMixnet(SMALL, **{name: value})  # type: ignore[arg-type]
        with pytest.raises(SimulationError):
            _shared().set(waits=value)  # type: ignore[arg-type]
        with pytest.raises(SimulationError):
            expect(SMALL, targets=value)  # type: ignore[arg-type]
        with pytest.raises(SimulationError):
            expect(value)  # type: ignore[arg-type]


def _shared() -> LiveMixnet:
    if "live" not in _KEPT:
        _KEPT["live"] = LiveMixnet(SMALL)
    return _KEPT["live"]


_KEPT: dict[str, LiveMixnet] = {}


def test_each_mix_may_have_a_capacity_and_a_loss_of_its_own() -> None:
    live = LiveMixnet(SMALL.replace(traffic_per_client_per_s=20.0, queue_packets=5))
    losses, capacities = np.zeros(9), np.full(9, np.inf)
    losses[1], capacities[2] = 0.5, 60.0  # 133 packets a second come to each of the first
    live.set_mixes(capacities_per_s=capacities, losses=losses)
    assert live.set(delay_s=0.05)  # other knobs leave them as they are
    frames = [live.advance(0.1) for _ in range(100)]
    came = sum(frame.loads_per_s * frame.dt_s for frame in frames)
    shares = sum(frame.drops for frame in frames) / came
    assert shares[1] == pytest.approx(0.5, abs=0.06)
    assert shares[2] == pytest.approx(1.0 - 60.0 / 133.0, abs=0.06)
    assert (np.delete(shares, [1, 2]) == 0.0).all()
    assert not any(frame.is_exact.any() for frame in frames)  # unseen losses, queues
    live.set_mixes()
    for _ in range(20):
        live.advance(0.1)
    assert sum(live.advance(0.1).drops.sum() for _ in range(10)) == 0
    live.set_mixes(losses=losses)
    live.set(width=2)  # other mixes: nobody's own values are known
    assert sum(live.advance(0.1).drops.sum() for _ in range(10)) == 0
    for bad in ([0.5], [2.0] * 6, "x", [math.nan] * 6, object()):
        with pytest.raises(SimulationError, match="losses must hold one number from 0 to 1"):
            live.set_mixes(losses=bad)
