"""simulate: mass, bookkeeping, engines, seeds, refusals."""

from __future__ import annotations

import itertools
import math
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workbench import strategies
from workbench.errors import ScenarioError, SimulationError
from workbench.mixing.run import Run
from workbench.mixing.simulate import simulate
from workbench.scenario import PATTERNS, TOPOLOGIES, Scenario

SMALL: dict[str, Any] = {
    "clients": 6,
    "traffic_per_client_per_s": 10.0,
    "delay_s": 0.05,
    "width": 2,
    "layers": 3,
}
COVERS: dict[str, dict[str, Any]] = {
    "none": {},
    "loops": {"cover_per_client_per_s": 5.0},
    "main stream": {"main_stream_per_client_per_s": 20.0, "cover_per_client_per_s": 2.0},
    "drop stream": {"drop_cover_per_client_per_s": 5.0},
    "mix loops": {"mix_loops_per_mix_per_s": 3.0},
}
TROUBLES: dict[str, dict[str, Any]] = {
    "none": {},
    "corrupted": {"corrupt_mixes": 2},
    "links": {"link_delay_s": 0.02, "link_loss": 0.05},
    "losses": {"mix_loss": 0.1, "mixes_down": 1},
    "queues": {"capacity_per_s": 40.0, "queue_packets": 3},
}


def books_balance(run: Run, is_batch: bool) -> None:
    if run.targets:
        assert np.abs(run.target_mass - 1.0).max() < 1e-9
        assert (run.left_over_mass > -1e-12).all()
        assert (run.delivered_mass <= 1.0 + 1e-9).all()
        known = ~np.isnan(run.entropy_bits)
        h, least = run.entropy_bits[known], run.min_entropy_bits[known]
        second = run.collision_entropy_bits[known]
        assert (h >= 0.0).all()
        assert (least <= second + 1e-9).all()
        assert (second <= h + 1e-9).all()
    assert run.in_network >= 0
    if not is_batch:
        assert run.in_network == 0  # drained
        assert (run.left_over_mass < 1e-9).all() or run.approximation is not None


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("cover", COVERS)
def test_mass_is_conserved_for_every_strategy_and_topology(cover: str, trouble: str) -> None:
    for name, topology in itertools.product(strategies.STRATEGIES, TOPOLOGIES):
        scenario = Scenario(
            **{**SMALL, **COVERS[cover], **TROUBLES[trouble]}, strategy=name, topology=topology
        )
        run = simulate(scenario, duration_s=1.5, targets=15, engine="general")
        kind = strategies.STRATEGIES[name]
        books_balance(run, "interval_s" in kind.ranges or "size" in kind.ranges)


@pytest.mark.parametrize("cover", ["none", "loops", "main stream", "drop stream"])
@pytest.mark.parametrize("trouble", ["none", "corrupted", "lossy"])
def test_mass_is_conserved_without_drawn_delays_too(cover: str, trouble: str) -> None:
    extra = {"none": {}, "corrupted": {"corrupt_mixes": 2}, "lossy": {"link_loss": 0.05}}[trouble]
    for topology in ("stratified", "cascade"):
        scenario = Scenario(**{**SMALL, **COVERS[cover], **extra}, topology=topology)
        run = simulate(scenario, duration_s=3.0, targets=20, engine="memoryless")
        assert run.engine == "memoryless"
        books_balance(run, False)


@pytest.mark.parametrize("track", ["senders", "receivers"])
def test_mass_over_people_is_conserved(track: str) -> None:
    for name in strategies.STRATEGIES:
        run = simulate(Scenario(**SMALL, strategy=name), duration_s=1.5, targets=10, track=track)
        assert np.abs(run.target_mass - 1.0).max() < 1e-9
        bits = run.sender_entropy_bits if track == "senders" else run.receiver_entropy_bits
        bits = bits[~np.isnan(bits)]
        assert (bits >= 0.0).all()
        assert (bits <= math.log2(6) + 1e-9).all()


def test_the_two_engines_have_equal_statistics() -> None:
    scenario = Scenario(
        width=2, corrupt_mixes=1, cover_per_client_per_s=3.0, link_loss=0.02, mixes_down=0
    )
    runs = [
        simulate(scenario, duration_s=300.0, targets=3000, engine=engine, track="receivers")
        for engine in ("general", "memoryless")
    ]
    for measure in ("entropy_bits", "min_entropy_bits", "receiver_entropy_bits", "lost_mass"):
        one, two = (getattr(run, measure) for run in runs)
        blocks = [[b.mean() for b in np.array_split(x[~np.isnan(x)], 30)] for x in (one, two)]
        error = math.hypot(*(np.std(b, ddof=1) / math.sqrt(30) for b in blocks))
        assert abs(np.mean(blocks[0]) - np.mean(blocks[1])) < 5.5 * error, measure
    for attribute in ("latency_mean_s", "latency_sd_s"):
        one, two = (getattr(run, attribute) for run in runs)
        assert one == pytest.approx(two, rel=0.01)
    assert runs[0].pool_mean == pytest.approx(runs[1].pool_mean, rel=0.03)
    assert runs[0].load_per_s == pytest.approx(runs[1].load_per_s, rel=0.01)


@pytest.mark.parametrize(
    "knobs",
    [
        {},
        {"corrupt_mixes": 3},
        {"link_delay_s": 0.05},
        {"link_loss": 0.1},
        {"strategy": "timed"},
        {"strategy": strategies.Cottrell(0.1, 3), "link_delay_s": 0.01},
        {"strategy": "binomial", "topology": "cascade"},
        {"strategy": strategies.TimedPool(keep=3)},
        {"cover_per_client_per_s": 5.0, "main_stream_per_client_per_s": 12.0},
    ],
    ids=str,
)
def test_the_kernel_equals_its_slow_twin(oracle: ModuleType, knobs: dict[str, Any]) -> None:
    """The two-number rule replayed in plain Python from the log gives the same bits."""
    scenario = Scenario(**{**SMALL, "traffic_per_client_per_s": 8.0, **knobs})
    run = simulate(scenario, duration_s=4.0, targets=60, log=True, engine="general")
    assert run.events is not None
    corrupted = tuple(layer * scenario.width + index for layer, index in scenario.corrupted())
    ends = oracle.replay_twin(run.events, scenario.mixes, corrupted)
    checked = 0
    for i, packet in enumerate(run.target_packets):
        shares = np.array([vector[packet] for vector in ends.values()])
        if math.isnan(run.entropy_bits[i]):
            continue
        assert run.delivered_mass[i] == pytest.approx(shares.sum(), abs=1e-9)
        assert run.entropy_bits[i] == pytest.approx(oracle.entropy_bits(shares), abs=1e-7)
        assert run.min_entropy_bits[i] == pytest.approx(
            -math.log2(shares.max() / shares.sum()), abs=1e-9
        )
        checked += 1
    assert checked > 20


def test_people_are_added_up_as_in_the_slow_twin(oracle: ModuleType) -> None:
    scenario = Scenario(**SMALL, corrupt_mixes=1, cover_per_client_per_s=3.0)
    sending = simulate(scenario, duration_s=5.0, targets=50, log=True, track="senders")
    log = sending.events
    assert log is not None
    ends = oracle.replay_twin(log, 6, tuple(2 * a + b for a, b in scenario.corrupted()))
    sender = {int(log.packet[r]): -1 - int(log.source[r]) for r in np.flatnonzero(log.source < 0)}
    leaving = np.flatnonzero((log.target < 0) & (log.target != -(2**31)))
    receiver = {int(log.packet[r]): -1 - int(log.target[r]) for r in leaving}
    owner = np.array([sender[p] for p in range(len(sender))])
    for i, packet in enumerate(sending.target_packets):
        people = np.bincount(owner, ends[int(packet)], 6)
        assert sending.sender_entropy_bits[i] == pytest.approx(oracle.entropy_bits(people))
    receiving = simulate(scenario, duration_s=5.0, targets=50, engine="general", track="receivers")
    for i, packet in enumerate(receiving.target_packets):
        shares = np.zeros(6)
        for end, vector in ends.items():
            shares[receiver[end]] += vector[packet]
        assert receiving.receiver_entropy_bits[i] == pytest.approx(
            oracle.entropy_bits(shares), abs=1e-7
        )
    assert (receiving.degree <= 1.0 + 1e-12).all()
    assert (sending.suspects <= 6 + 1e-9).all()


def test_sender_entropy_is_there_at_the_first_look() -> None:
    scenario = Scenario(**SMALL)
    plain = simulate(scenario, duration_s=3.0, targets=20)
    tracked = simulate(scenario, duration_s=3.0, targets=20, track="senders")
    assert np.array_equal(plain.sender_entropy_bits, tracked.sender_entropy_bits)
    assert plain.degree == pytest.approx(tracked.sender_entropy_bits / math.log2(6))
    alone = simulate(Scenario(clients=1), duration_s=3.0, targets=5)
    assert np.array_equal(alone.degree, np.zeros(5))


def test_a_run_is_a_pure_function_of_scenario_and_seed() -> None:
    scenario = Scenario(**SMALL, corrupt_mixes=1)
    for engine in ("general", "memoryless"):
        one, two = (simulate(scenario, duration_s=3.0, targets=20, engine=engine) for _ in range(2))
        assert np.array_equal(one.entropy_bits, two.entropy_bits)
        assert np.array_equal(one.latency_s, two.latency_s)
        other = simulate(scenario.replace(seed=1), duration_s=3.0, targets=20, engine=engine)
        assert not np.array_equal(one.latency_s, other.latency_s)


def test_moving_the_delay_keeps_people_times_routes_and_unit_delays() -> None:
    logs = []
    for delay_s in (0.05, 0.1):
        run = simulate(
            Scenario(**{**SMALL, "delay_s": delay_s}), duration_s=20.0, targets=0, log=True
        )
        assert run.events is not None
        log = run.events.where(np.argsort(run.events.packet, kind="stable"))
        logs.append(log)
    assert np.array_equal(logs[0].source, logs[1].source)
    assert np.array_equal(logs[0].target, logs[1].target)
    sends = logs[0].source < 0
    assert np.array_equal(logs[0].leave_s[sends], logs[1].leave_s[sends])
    waits = ~np.isnan(logs[0].wait_s)
    assert np.allclose(2.0 * logs[0].wait_s[waits], logs[1].wait_s[waits], rtol=1e-12)


def test_more_cover_leaves_real_packets_where_they_are() -> None:
    sends = []
    for cover in (0.0, 4.0):
        run = simulate(
            Scenario(**SMALL, cover_per_client_per_s=cover), duration_s=20.0, targets=0, log=True
        )
        assert run.events is not None
        log = run.events
        rows = (log.source < 0) & (log.kind == 0)
        sends.append((log.leave_s[rows], log.source[rows], log.target[rows], log.wait_s[rows]))
    for one, two in zip(*sends, strict=True):
        assert np.array_equal(one, two)


def test_targets_are_spread_evenly_by_packet_number() -> None:
    run = simulate(Scenario(**SMALL), duration_s=300.0, targets=2000)
    assert run.targets == 2000
    assert len(set(run.target_packets)) == 2000
    share = (run.target_sent_s - run.warm_up_s) / (0.7 * 300.0)
    assert -0.02 < share.min() < 0.06
    assert 0.94 < share.max() < 1.02
    bins = np.histogram(share, 10, (share.min(), share.max()))[0]
    assert bins.min() > 120  # 200 expected, sd 13


def test_warm_up_is_five_journeys_or_more() -> None:
    slow = simulate(Scenario(**{**SMALL, "delay_s": 2.0}), duration_s=10.0, targets=5)
    assert slow.warm_up_s == pytest.approx(5 * 3 * 2.0)
    assert slow.target_sent_s.min() >= slow.warm_up_s
    assert slow.sending_s == pytest.approx(7.0 + 2 * 30.0)
    quick = simulate(Scenario(**SMALL), duration_s=10.0, targets=5)
    assert quick.sending_s == pytest.approx(10.0)


def test_loss_and_capacity_are_counted_where_they_happen() -> None:
    down = simulate(Scenario(width=3, mixes_down=((1, 1),)), duration_s=20.0, targets=200)
    assert down.dropped / down.sent == pytest.approx(1 / 3, abs=0.02)
    assert down.dropped_by_cause[1].sum() == down.dropped
    assert down.lost_mass.mean() == pytest.approx(1 / 3, abs=0.01)
    assert down.load_per_s[4] == 0.0
    link = simulate(Scenario(link_loss=0.1), duration_s=20.0, targets=10)
    assert link.delivered / link.sent == pytest.approx(0.9**4, abs=0.015)
    inside = simulate(Scenario(mix_loss=0.1), duration_s=20.0, targets=10)
    assert inside.delivered / inside.sent == pytest.approx(0.9**3, abs=0.015)
    full = simulate(Scenario(capacity_per_s=250.0, queue_packets=50), duration_s=40.0, targets=10)
    assert full.load_per_s[:3].mean() == pytest.approx(1000 / 3, rel=0.03)
    assert full.dropped_by_cause[2].sum() == full.dropped > 0
    assert full.delivered / full.sent == pytest.approx(0.75, abs=0.02)
    assert full.latency_mean_s > 0.3 + 0.15  # 50 packets wait .2 s at the first layer
    idle = simulate(Scenario(capacity_per_s=1e5), duration_s=20.0, targets=10)
    assert idle.dropped == 0
    assert idle.latency_mean_s == pytest.approx(0.3, rel=0.02)


def test_streams_send_what_their_knobs_say() -> None:
    scenario = Scenario(
        traffic_per_client_per_s=3.0,
        main_stream_per_client_per_s=10.0,
        cover_per_client_per_s=2.0,
        drop_cover_per_client_per_s=1.0,
        mix_loops_per_mix_per_s=4.0,
    )
    run = simulate(scenario, duration_s=100.0, targets=5)
    expected = [30_000, 20_000, 80_000, 3_600]
    for count, mean in zip(run.sent_by_kind, expected, strict=True):
        assert count == pytest.approx(mean, abs=6 * math.sqrt(mean))
    assert run.sender_wait_mean_s == pytest.approx(1 / 7, rel=0.1)  # M/M/1: 1 / (10 - 3)
    assert run.crossings_per_s[0] == pytest.approx(300 * 4, rel=0.05)
    assert run.bandwidth_bytes_per_s["real"] == pytest.approx(2413 * run.crossings_per_s[0])


@pytest.mark.parametrize("pattern", PATTERNS)
def test_every_pattern_keeps_the_mean_rate(pattern: str) -> None:
    scenario = Scenario(traffic_pattern=pattern, burst_s=0.5, burst_share=0.25, day_s=5.0)
    run = simulate(scenario, duration_s=200.0, targets=0, log=True)
    assert run.events is not None
    times = run.events.leave_s[run.events.source < 0]
    assert len(times) == pytest.approx(200_000, rel=0.04)
    counts = np.histogram(times, np.arange(0.0, 200.0, 0.5))[0]
    noise = counts.var() / counts.mean()
    if pattern == "poisson":
        assert 0.7 < noise < 1.3
    else:
        assert noise > 2.0
    if pattern == "day":
        hour = np.histogram(times % 5.0, 10, (0.0, 5.0))[0]
        assert hour[0] < 0.5 * hour[5]  # quietest at the start, busiest at noon


def test_delays_of_every_strategy_have_the_wanted_mean() -> None:
    for name in ("poisson", "fixed", "uniform", "gamma", "timed", "threshold"):
        run = simulate(Scenario(delay_s=0.2, strategy=name), duration_s=15.0, targets=0)
        # Between two timed mixes the wait is the phase between their clocks: few, so uneven;
        # a threshold mix gets its packets in batches.
        tolerance = 0.25 if name in ("timed", "threshold") else 0.04
        assert run.latency_mean_s == pytest.approx(0.6, rel=tolerance), name
    none = simulate(Scenario(strategy="none"), duration_s=5.0, targets=10)
    assert none.latency_mean_s == 0.0
    assert (none.entropy_bits == 0.0).all()
    pools = strategies.TimedPool(keep=20), strategies.Cottrell(), strategies.Binomial()
    for pool in (*pools, strategies.ThresholdPool(keep=20)):
        scenario = Scenario(delay_s=0.2, strategy=pool)
        run = simulate(scenario, duration_s=30.0, targets=0)
        assert run.latency_mean_s == pytest.approx(3 * scenario.mean_delay_s(), rel=0.2), pool


def test_progress_rises_to_one_and_can_stop_the_run() -> None:
    seen: list[float] = []
    simulate(Scenario(), duration_s=100.0, targets=5, progress=seen.append)
    assert len(seen) > 5
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    with pytest.raises(SimulationError, match="stopped by its progress callback at"):
        simulate(Scenario(), duration_s=100.0, progress=lambda share: share < 0.5)


def test_too_much_memory_is_refused_in_advance() -> None:
    with pytest.raises(SimulationError, match=r"needs about .* MB"):
        simulate(Scenario(clients=100_000), duration_s=1e6, log=True)
    with pytest.raises(SimulationError, match=r"needs about .* MB"):
        simulate(Scenario(clients=1_000_000), track="senders", memory_bytes=1e6)
    with pytest.raises(SimulationError, match="MB"):
        simulate(Scenario(), memory_bytes=1000)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"duration_s": 0.0}, "duration_s must be from"),
        ({"duration_s": math.nan}, "duration_s must be from"),
        ({"duration_s": "long"}, "duration_s must be a number"),
        ({"duration_s": 1.0, "packets": 5}, "not both"),
        ({"packets": 0}, "packets must be from 1"),
        ({"packets": 1.5}, "packets must be a whole number"),
        ({"targets": -1}, "targets must be from 0"),
        ({"targets": True}, "targets must be a whole number"),
        ({"track": "mixes"}, "track must be one of"),
        ({"engine": "steam"}, "engine must be one of"),
        ({"engine": None}, "engine must be one of"),
    ],
)
def test_arguments_out_of_range_are_refused(settings: dict[str, Any], expected: str) -> None:
    with pytest.raises(SimulationError, match=expected):
        simulate(Scenario(), **settings)


def test_the_memoryless_engine_refuses_what_has_memory() -> None:
    for knobs in (
        {"strategy": "gamma"},
        {"link_delay_s": 0.1},
        {"capacity_per_s": 10.0},
        {"topology": "free_route"},
        {"mix_loss": 0.1},
        {"mix_loops_per_mix_per_s": 1.0},
        {"delay_s": 0.0},
    ):
        with pytest.raises(SimulationError, match="memoryless engine needs"):
            simulate(Scenario(**knobs), engine="memoryless")
        assert simulate(Scenario(**knobs), duration_s=0.2, targets=0).engine == "general"
    with pytest.raises(SimulationError, match="Scenario"):
        simulate("S1")  # type: ignore[arg-type]
    with pytest.raises(SimulationError, match="all rates are 0"):
        simulate(Scenario(traffic_per_client_per_s=0.0), packets=10)


def test_nobody_sending_is_a_run_with_nothing_in_it() -> None:
    run = simulate(Scenario(traffic_per_client_per_s=0.0), duration_s=1.0, log=True)
    assert (run.sent, run.targets, run.delivered) == (0, 0, 0)
    assert math.isnan(run.latency_mean_s)
    assert run.events is not None
    assert len(run.events) == 0
    assert run.spread.count == 0


def test_pools_that_would_take_ages_to_fill_are_refused() -> None:
    barely = Scenario(
        clients=1,
        traffic_per_client_per_s=1e-4,
        strategy=strategies.Cottrell(interval_s=0.001, keep=1000),
    )
    with pytest.raises(SimulationError, match="flushes of nearly empty mixes"):
        simulate(barely, duration_s=1.0)
    for name in strategies.STRATEGIES:
        silent = Scenario(traffic_per_client_per_s=0.0, strategy=name)
        assert simulate(silent, duration_s=1.0).sent == 0


def test_approximations_are_named_and_exact_runs_are_not() -> None:
    exact = ("poisson", "threshold", "timed", "timed_pool", "cottrell", "binomial", "fixed")
    for name in exact:
        run = simulate(Scenario(**SMALL, strategy=name, corrupt_mixes=1), duration_s=0.2)
        assert run.approximation is None, name
    named = {
        "hazard": {"strategy": "gamma"},
        "free route": {"topology": "free_route"},
        "inside mixes": {"mix_loss": 0.1},
        "mix loops": {"mix_loops_per_mix_per_s": 1.0},
        "queues": {"capacity_per_s": 100.0},
    }
    for word, knobs in named.items():
        run = simulate(Scenario(**{**SMALL, **knobs}), duration_s=0.2)
        assert run.approximation is not None
        assert word in run.approximation
        assert "bits" in run.approximation


@st.composite
def short_scenario(draw: st.DrawFn) -> Scenario:
    layers, width = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    rate = st.sampled_from([0.0, 0.5, 7.0])
    return Scenario(
        clients=draw(st.integers(1, 30)),
        traffic_per_client_per_s=draw(rate),
        traffic_pattern=draw(st.sampled_from(PATTERNS)),
        burst_s=draw(st.sampled_from([0.01, 1.0, 100.0])),
        burst_share=draw(st.sampled_from([0.001, 0.5, 1.0])),
        day_s=draw(st.sampled_from([1.0, 86_400.0])),
        day_depth=draw(st.sampled_from([0.0, 1.0])),
        main_stream_per_client_per_s=draw(st.sampled_from([None, 0.001, 5.0])),
        cover_per_client_per_s=draw(rate),
        drop_cover_per_client_per_s=draw(rate),
        mix_loops_per_mix_per_s=draw(rate),
        layers=layers,
        width=width,
        topology=draw(st.sampled_from(TOPOLOGIES)),
        delay_s=draw(st.sampled_from([0.0, 1e-6, 0.01, 0.3])),
        strategy=draw(st.sampled_from(list(strategies.STRATEGIES))),
        link_delay_s=draw(st.sampled_from([0.0, 0.05])),
        capacity_per_s=draw(st.sampled_from([None, 0.5, 1e7])),
        queue_packets=draw(st.sampled_from([0, 1, 1000])),
        mix_loss=draw(st.sampled_from([0.0, 0.1, 1.0])),
        link_loss=draw(st.sampled_from([0.0, 0.1, 1.0])),
        mixes_down=draw(st.integers(0, layers * width)),
        corrupt_mixes=draw(st.integers(0, layers * width)),
        seed=draw(st.integers(0, 2**53 - 1)),
    )


@given(short_scenario(), st.sampled_from(["packets", "senders", "receivers"]), st.booleans())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_valid_scenario_runs(scenario: Scenario, track: str, log: bool) -> None:
    try:
        run = simulate(scenario, duration_s=0.3, targets=4, track=track, log=log)
    except SimulationError as error:
        assert "flushes" in str(error)  # noqa: PT017
        return
    if run.targets:
        assert np.abs(run.target_mass - 1.0).max() < 1e-9
    assert run.sent == run.delivered + run.dropped + run.in_network
    assert run.in_network >= 0


def test_an_invalid_scenario_never_gets_as_far_as_a_run() -> None:
    with pytest.raises(ScenarioError, match="from 1 to 64"):
        simulate(Scenario(layers=0))


class Hostile:
    """What no library should choke on: it fails whatever is asked of it."""

    def __float__(self) -> float:
        raise RuntimeError("no number")

    def __repr__(self) -> str:
        raise RuntimeError("no text")


NONSENSE = ["x", b"x", [], [1], {}, math.nan, -1, 10**400, 1j, object(), np.array([1, 2]), Hostile]


@pytest.mark.parametrize(
    "name", ["duration_s", "targets", "track", "log", "engine", "memory_bytes", "progress"]
)
def test_hostile_arguments_meet_our_own_errors(name: str) -> None:
    for value in NONSENSE:
        given_one = {"duration_s": 0.1, name: value() if value is Hostile else value}
        with pytest.raises(SimulationError):
            simulate(Scenario(clients=2), **given_one)
