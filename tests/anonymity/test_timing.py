"""Flows of the same people through four systems, and who can line them up."""

from __future__ import annotations

import math

import numpy as np
import pytest

from workbench import anonymity as an
from workbench.errors import AnonymityError

SEEDS = range(8)


def test_the_same_seed_gives_the_same_people_in_every_system() -> None:
    made = {system: an.make_flows(system, 6, seed=4) for system in an.SYSTEMS}
    for system in an.SYSTEMS:
        for one, other in zip(made[system].real_s, made["direct"].real_s, strict=True):
            assert (one == other).all()
        assert (made[system].partner == made["direct"].partner).all()
    again = an.make_flows("mixnet", 6, seed=4)
    for one, other in zip(again.received_s, made["mixnet"].received_s, strict=True):
        assert (one == other).all()


def test_flows_are_sorted_and_inside_the_recording() -> None:
    for system in an.SYSTEMS:
        flows = an.make_flows(system, 5, 20.0, seed=1)
        for times in (*flows.sent_s, *flows.received_s, *flows.real_s):
            assert (np.diff(times) >= 0).all()
            assert ((times >= 0) & (times < 20)).all()


def test_routers_keep_order_and_lose_nothing() -> None:
    flows = an.make_flows("onion", 5, 60.0, seed=1)
    for person, sent in enumerate(flows.sent_s):
        received = flows.received_s[flows.partner[person]]
        inside = sent[: received.size]
        assert sent.size - received.size <= 20  # those on the way when the recording ended
        assert (received > inside).all()
        assert (received - inside < 1.0).all()


def test_a_mixed_sender_looks_the_same_whether_busy_or_idle() -> None:
    busy = an.make_flows("mixnet", 4, 60.0, bursts_per_minute=60, seed=2)
    idle = an.make_flows("mixnet", 4, 60.0, bursts_per_minute=0, seed=2)
    rates = [times.size / 60 for times in (*busy.sent_s, *idle.sent_s)]
    # Poisson at 55 a second for a minute: sd about 1.
    assert all(abs(rate - 55) < 6 for rate in rates)


def test_every_real_packet_takes_the_next_free_slot() -> None:
    flows = an.make_flows(
        "mixnet", 1, 200.0, delay_s=0.0, receiver_cover_per_s=0, loop_cover_per_s=0,
        main_stream_per_s=3.0, bursts_per_minute=20, seed=3,
    )  # fmt: skip
    slots, received, wanted = flows.sent_s[0], flows.received_s[0], flows.real_s[0]
    assert np.isin(received, slots).all()
    expected, following = [], 0
    for time in wanted:
        while following < slots.size and slots[following] < time:
            following += 1
        if following < slots.size:
            expected.append(slots[following])
            following += 1
    assert received.tolist() == expected


def test_mixing_makes_packets_wait_their_erlang_time() -> None:
    flows = an.make_flows(
        "mixnet", 1, 2000.0, delay_s=0.2, main_stream_per_s=None, receiver_cover_per_s=0, seed=3
    )
    # Departures are real packets and loops; match by total: mean latency from sums of times.
    real, received = flows.real_s[0], flows.received_s[0]
    assert real.size == received.size
    mean = (received.sum() - real.sum()) / real.size
    assert mean == pytest.approx(0.6, abs=5 * 0.35 / math.sqrt(real.size))


@pytest.mark.parametrize("system", ["direct", "vpn", "onion"])
def test_flows_through_a_vpn_or_an_onion_router_are_matched(system: str) -> None:
    matches = [an.match_flows(an.make_flows(system, 40, seed=seed)) for seed in SEEDS]
    assert min(match.share_right for match in matches) > 0.9
    assert not any(match.is_chance for match in matches)


def test_mixed_flows_with_cover_are_matched_no_better_than_by_chance() -> None:
    matches = [an.match_flows(an.make_flows("mixnet", 40, seed=seed)) for seed in SEEDS]
    right = sum(match.right for match in matches)
    trials = sum(match.trials for match in matches)
    low, high = an.chance_interval(trials, 1 / 40, confidence=0.999999)
    assert low <= right / trials <= high


def test_without_cover_even_mixed_bursts_stand_out() -> None:
    matches = [
        an.match_flows(
            an.make_flows(
                "mixnet", 40, seed=seed, main_stream_per_s=None, loop_cover_per_s=0,
                receiver_cover_per_s=0,
            ),
            bin_s=1.0,
        )
        for seed in SEEDS
    ]  # fmt: skip
    assert np.mean([match.share_right for match in matches]) > 0.5


def test_a_long_dense_flow_to_an_uncovered_website_is_matched_at_nyms_delay() -> None:
    """The honest limit: 15 ms a mix do not hide twenty packets a second for a minute."""
    flows = an.make_flows(
        "mixnet", 40, delay_s=0.015, receiver_cover_per_s=0, bursts_per_minute=20,
        packets_per_burst=60, seed=0,
    )  # fmt: skip
    assert an.match_flows(flows, bin_s=0.02, max_lag_s=0.5).share_right > 0.8


def test_correlation_finds_the_lag() -> None:
    rng = np.random.default_rng(1)
    sent = np.sort(rng.uniform(0, 100, 400))
    lags, values = an.cross_correlation(sent, sent + 1.0, bin_s=0.25, duration_s=101, max_lag_s=3)
    assert lags[values.argmax()] == pytest.approx(1.0)
    assert values.max() > 0.9
    assert an.correlation(sent, sent + 1.0, duration_s=101) == pytest.approx(values.max())


def test_correlation_equals_a_plain_loop() -> None:
    rng = np.random.default_rng(2)
    a, b = rng.uniform(0, 20, 60), rng.uniform(0, 20, 80)
    _, values = an.cross_correlation(a, b, bin_s=0.5, duration_s=20, max_lag_s=2)
    x, y = (np.histogram(times, 40, (0, 20))[0].astype(float) for times in (a, b))
    x, y = x - x.mean(), y - y.mean()
    for lag in range(5):
        plain = sum(x[i] * y[i + lag] for i in range(40 - lag))
        assert values[lag] == pytest.approx(plain / math.sqrt((x @ x) * (y @ y)))


def test_a_flow_without_ups_and_downs_correlates_with_nothing() -> None:
    steady = np.arange(0.05, 10, 0.1)
    assert an.correlation(steady, steady, bin_s=1.0, duration_s=10, max_lag_s=0) == 0


def test_the_chance_interval_holds_what_it_says() -> None:
    rng = np.random.default_rng(7)
    for trials, chance in [(40, 1 / 40), (200, 0.1), (5, 0.5)]:
        low, high = an.chance_interval(trials, chance)
        seen = rng.binomial(trials, chance, 20_000) / trials
        inside = ((seen >= low) & (seen <= high)).mean()
        assert inside > 0.945
        assert (seen > high).mean() < 0.03
    assert an.chance_interval(10, 1.0) == (1.0, 1.0)


def test_match_flows_takes_plain_arrays_too() -> None:
    flows = an.make_flows("vpn", 12, seed=9)
    plain = an.match_flows(
        flows.sent_s, flows.received_s, partner=flows.partner, duration_s=flows.duration_s
    )
    whole = an.match_flows(flows)
    assert (plain.guesses == whole.guesses).all()
    assert plain.right == whole.right
    assert "right" in str(whole)
    with pytest.raises(AnonymityError, match="expected Flows"):
        an.match_flows(flows.sent_s)
    with pytest.raises(AnonymityError, match="partner"):
        an.match_flows([[1.0]], [[1.0]], partner=[3], duration_s=2.0)


def test_too_many_packets_are_refused_before_they_are_made() -> None:
    with pytest.raises(AnonymityError, match="at most"):
        an.make_flows("mixnet", 1000, 3600, main_stream_per_s=1e5)
