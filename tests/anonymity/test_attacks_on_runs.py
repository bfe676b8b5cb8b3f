"""Every attack on traffic that the engine simulated: once where it works, once where it fails."""

from __future__ import annotations

import math

import numpy as np
import pytest

import workbench as wb
from workbench import anonymity as an
from workbench import strategies
from workbench.mixing.events import REAL, is_client

PEOPLE = wb.Scenario(clients=20, traffic_per_client_per_s=1.0, width=3, delay_s=0.5, seed=5)


# -- timing ------------------------------------------------------------------------------------


def bursty(**changes: object) -> wb.Scenario:
    return PEOPLE.replace(traffic_pattern="bursty", burst_s=2.0, burst_share=0.1, **changes)


def flows_of(scenario: wb.Scenario) -> an.Flows:
    run = wb.simulate(scenario, duration_s=60.0, targets=0, log=True)
    return an.flows_of_log(run.events, scenario.clients, start_s=0.0, end_s=60.0)


def test_onion_flows_of_a_run_are_matched() -> None:
    match = an.match_flows(flows_of(bursty(strategy="none", link_delay_s=0.03)))
    assert match.share_right > 0.9
    assert not match.is_chance


def test_mixed_flows_with_cover_of_a_run_are_not() -> None:
    right = trials = 0
    for seed in range(4):
        scenario = bursty(seed=seed, main_stream_per_client_per_s=50.0, cover_per_client_per_s=5.0)
        match = an.match_flows(flows_of(scenario))
        right, trials = right + match.right, trials + match.trials
    low, high = an.chance_interval(trials, 1 / 20, confidence=0.99999)
    assert low <= right / trials <= high


def test_flows_of_a_run_are_the_packets_that_were_sent() -> None:
    scenario = PEOPLE.replace(main_stream_per_client_per_s=5.0, cover_per_client_per_s=1.0)
    run = wb.simulate(scenario, duration_s=20.0, targets=0, log=True)
    flows = an.flows_of_log(run.events, 20, end_s=run.end_s + 1.0)
    assert sum(times.size for times in flows.sent_s) == run.sent
    assert sum(times.size for times in flows.real_s) == run.sent_by_kind[REAL]
    assert sum(times.size for times in flows.received_s) == run.delivered_by_kind[REAL]


# -- blending ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def arrivals() -> np.ndarray:
    scenario = wb.Scenario(clients=50, traffic_per_client_per_s=2.0, width=3, seed=1)
    run = wb.simulate(scenario, duration_s=200.0, targets=0, log=True)
    return an.arrivals_at(run.events, 4)


def test_a_flooded_threshold_mix_in_a_run_gives_in_and_an_unflooded_one_does_not(
    arrivals: np.ndarray,
) -> None:
    open_mix = an.flood_threshold(arrivals, 16, attacker_per_s=0.0)
    flooded = an.flood_threshold(arrivals, 16, attacker_per_s=2000.0, let_through=0.01)
    assert open_mix.entropy_bits.mean() == 4
    assert flooded.success > 0.9


def test_loops_of_the_mix_save_packets_of_a_run(arrivals: np.ndarray) -> None:
    bare = an.flood_poisson(arrivals, 0.1)
    guarded = an.flood_poisson(arrivals, 0.1, mix_loops_per_s=190.0)
    assert bare.success == 1
    form = an.poisson_blending(0.0, 190.0, 0.1)
    error = math.sqrt(form.success * (1 - form.success) / guarded.targets)
    assert guarded.success == pytest.approx(form.success, abs=6 * error)


# -- loops -------------------------------------------------------------------------------------


def test_loops_of_a_run_notice_a_mix_that_drops_and_name_it() -> None:
    scenario = PEOPLE.replace(cover_per_client_per_s=2.0, width=4, delay_s=0.05)
    bad = (1, 2)
    clean, attacked = (
        wb.simulate(one, duration_s=60.0, targets=0, log=True)
        for one in (scenario, scenario.replace(mixes_down=(bad,)))
    )
    quiet = an.loops_of_log(clean.events, end_s=60.0, patience_s=2.0)
    loud = an.loops_of_log(attacked.events, end_s=60.0, patience_s=2.0)
    assert quiet.returned.all()
    assert (quiet.packet == loud.packet).all()
    assert loud.missing_share == pytest.approx(1 / 4, abs=0.05)
    alarm = an.choose_alarm(0.01, 0.25)
    assert alarm.first_ring(quiet.returned) is None
    rang = alarm.first_ring(loud.returned)
    assert rang is not None
    assert rang <= 4 * alarm.window
    routes = an.routes_of_log(clean.events, quiet.packet, 3)
    assert (routes >= 0).all()
    blamed = an.blame(routes, loud.returned)
    assert blamed.most_suspect == bad[0] * 4 + bad[1]
    through = (routes == blamed.most_suspect).any(axis=1)
    assert (~loud.returned == through).all()


# -- disclosure --------------------------------------------------------------------------------


def friends_of_a_run(scenario: wb.Scenario, seed: int) -> float:
    run = wb.simulate(scenario.replace(seed=seed), duration_s=3000.0, targets=0, log=True)
    seen = an.rounds_of_log(
        run.events, scenario.clients, target=3, friends=2, round_s=1.0, lag_s=0.3,
        end_s=3000.0, seed=seed,
    )  # fmt: skip
    return an.friends_found(an.estimate_friends(seen), seen.friends)


def test_friends_in_a_run_are_disclosed_without_cover_and_hidden_by_it() -> None:
    quiet = wb.Scenario(clients=40, traffic_per_client_per_s=0.25, delay_s=0.1, width=2)
    covered = quiet.replace(main_stream_per_client_per_s=5.0)
    assert np.mean([friends_of_a_run(quiet, seed) for seed in range(3)]) > 0.8
    # Blind guessing finds 2 of 39; always there, the target gives nothing to compare with.
    assert np.mean([friends_of_a_run(covered, seed) for seed in range(3)]) < 0.5


def test_one_friend_in_a_run_is_found_by_intersection_unless_covered() -> None:
    quiet = wb.Scenario(clients=40, traffic_per_client_per_s=0.1, delay_s=0.005, width=2)
    covered = quiet.replace(main_stream_per_client_per_s=1.0)
    for scenario, found in ((quiet, True), (covered, False)):
        run = wb.simulate(scenario, duration_s=300.0, targets=0, log=True)
        seen = an.rounds_of_log(
            run.events, 40, target=3, friends=1, round_s=1.0, lag_s=0.01, end_s=300.0
        )
        # The first dozen rounds with the target; later a delivery may slip into the next round.
        until = int(np.flatnonzero(seen.is_present)[11]) + 1
        left = an.intersection(seen.first(until))
        assert (left[-1] == 1) == found


# -- corruption --------------------------------------------------------------------------------


def test_fully_corrupted_routes_of_a_run_are_as_many_as_the_formula_says() -> None:
    pairs = tuple((layer, index) for layer in range(3) for index in range(2))
    scenario = wb.Scenario(clients=50, width=4, corrupt_mixes=pairs, delay_s=0.02)
    run = wb.simulate(scenario, duration_s=60.0, targets=2000, log=True)
    log = run.events
    begins = is_client(log.source)
    packets, owners, sent = log.packet[begins], -1 - log.source[begins], log.leave_s[begins]
    routes = an.routes_of_log(log, packets, 3)
    nodes = [layer * 4 + index for layer, index in pairs]
    bad = an.fully_corrupted(routes, nodes)
    chance = an.corrupted_stratified_chance([2, 2, 2], [4, 4, 4])
    assert chance == 1 / 8
    error = math.sqrt(chance * (1 - chance) / bad.size)
    assert bad.mean() == pytest.approx(chance, abs=6 * error)
    # Exactly these targets have no anonymity at all; the others share honest mixes.
    followed = an.fully_corrupted(an.routes_of_log(log, run.target_packets, 3), nodes)
    assert (run.entropy_bits[followed] == 0).all()
    assert np.median(run.entropy_bits[~followed]) > 2
    first = an.first_compromise_times(owners, sent, bad, 50)
    form = an.first_compromise(chance, 10.0)
    assert first.mean() == pytest.approx(form.mean_s, rel=6 / math.sqrt(50))


def test_one_honest_layer_leaves_no_route_corrupted() -> None:
    pairs = tuple((layer, index) for layer in range(2) for index in range(3))
    scenario = wb.Scenario(clients=50, width=3, corrupt_mixes=pairs)
    run = wb.simulate(scenario, duration_s=5.0, targets=200)
    assert run.entropy_bits.min() > 3


# -- closed forms ------------------------------------------------------------------------------


def one_mix(strategy: object, delay_s: float = 0.5) -> wb.Scenario:
    return wb.Scenario(
        clients=20, traffic_per_client_per_s=2.0, layers=1, width=1, delay_s=delay_s,
        strategy=strategy,
    )  # fmt: skip


def close(run: wb.Run, bits: float, floor: float = 0.0) -> bool:
    spread = run.spread
    # Targets of one run share their company: five errors and as many again.
    return abs(spread.mean - bits) < 10 * spread.standard_error + floor


def test_one_poisson_mix_of_the_engine_has_the_exact_entropy() -> None:
    for delay in (0.025, 0.1, 0.5):
        run = wb.simulate(one_mix("poisson", delay), duration_s=2000.0, targets=4000)
        assert close(run, an.poisson_mix_entropy_bits(40 * delay))


def test_batch_strategies_of_the_engine_have_their_forms() -> None:
    s = strategies
    for strategy, form in [
        (s.Timed(interval_s=0.5), an.timed_pool(20.0, 0)),
        (s.TimedPool(interval_s=0.5, keep=15), an.timed_pool(20.0, 15)),
        (s.Cottrell(interval_s=0.5, keep=15, fraction=0.65), an.cottrell(20.0, 15)),
        (s.Binomial(interval_s=0.5, mean=40.0, sd=10.0), an.binomial(20.0, 40.0, 10.0)),
    ]:
        run = wb.simulate(one_mix(strategy), duration_s=1500.0, targets=1500)
        assert close(run, form.entropy_bits, floor=0.01), strategy
        assert run.latency_mean_s == pytest.approx(0.5 * form.delay_intervals, rel=0.03)


def test_threshold_mixes_of_the_engine_have_their_forms() -> None:
    s = strategies
    threshold = wb.simulate(one_mix(s.Threshold(size=32)), duration_s=200.0, targets=300)
    assert threshold.entropy_bits == pytest.approx(5.0)
    pool = wb.simulate(one_mix(s.ThresholdPool(size=10, keep=20)), duration_s=500.0, targets=300)
    # The entropy is over the delivered mass, less than 1e-3 missing.
    assert pool.entropy_bits == pytest.approx(6.07682, abs=0.02)


@pytest.mark.parametrize(
    ("layers", "width", "error"),
    [(3, 1, 0.001), (3, 2, 0.007), (3, 5, 0.025), (3, 10, 0.092), (3, 20, 0.448), (3, 50, 2.456),
     (2, 2, 0.021), (2, 5, 0.167), (2, 10, 0.647)],
)  # fmt: skip
def test_the_thick_pool_form_is_as_far_off_as_its_docstring_says(
    layers: int, width: int, error: float
) -> None:
    scenario = wb.Scenario(layers=layers, width=width)
    run = wb.simulate(scenario, packets=60_000, targets=1000)
    limit = an.thick_pool_entropy_bits(1000.0, 0.1, layers, width=width)
    noise = 8 * run.spread.standard_error
    assert limit - run.spread.mean == pytest.approx(error, abs=noise)
    guess = an.river_guess_bits(1000.0, 0.1, layers, width)
    assert guess == pytest.approx(run.spread.mean, abs=0.12 + noise)


def test_latency_of_the_engine_is_erlang_with_one_more_link_than_mixes() -> None:
    scenario = wb.Scenario(delay_s=0.05, link_delay_s=0.02)
    run = wb.simulate(scenario, duration_s=60.0, targets=0)
    expected = an.latency_mean_s(3, 0.05, links_s=4 * 0.02)
    assert run.latency_mean_s == pytest.approx(expected, rel=0.01)
    p95 = an.latency_quantile_s(0.95, 3, 0.05, links_s=0.08)
    assert run.latency_quantile_s(0.95) == pytest.approx(p95, rel=0.02)
    point = an.trilemma_of(scenario)
    assert point.latency_rounds * point.round_s == pytest.approx(expected)
