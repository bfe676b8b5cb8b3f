"""(n-1) attacks: what they leave of a threshold mix, and what loops save."""

from __future__ import annotations

import math

import numpy as np
import pytest

from workbench import anonymity as an
from workbench.errors import AnonymityError

ARRIVALS = np.sort(np.random.default_rng(0).uniform(0, 300, 30_000))  # 100 a second


def test_a_flooded_threshold_mix_hides_among_the_honest_only() -> None:
    assert an.flooded_threshold_bits(8, 0) == 3
    assert an.flooded_threshold_bits(8, 3) == pytest.approx(math.log2(5))
    assert an.flooded_threshold_bits(8, 7) == 0
    with pytest.raises(AnonymityError, match="from 0 to 7"):
        an.flooded_threshold_bits(8, 8)


def test_blocking_and_flooding_leaves_nothing_of_a_threshold_mix() -> None:
    trial = an.flood_threshold(ARRIVALS, 20, attacker_per_s=1e4, let_through=0.002)
    assert trial.targets > 30
    assert trial.entropy_bits.mean() < 0.05
    assert trial.success > 0.95


def test_an_attacker_that_cannot_keep_up_fails() -> None:
    alone = an.flood_threshold(ARRIVALS, 20, attacker_per_s=0)
    assert (alone.entropy_bits == math.log2(20)).all()
    slow = an.flood_threshold(ARRIVALS, 20, attacker_per_s=10)
    assert slow.entropy_bits.mean() > 4
    assert slow.success < 0.07


def test_the_honest_left_in_each_batch_are_counted_as_by_hand() -> None:
    trial = an.flood_threshold(ARRIVALS, 10, attacker_per_s=100, seed=3)
    # Half of what comes is honest, so a batch holds 10 coins, seen from one of its honest.
    expected = sum(math.comb(9, k) * 2.0**-9 * math.log2(k + 1) for k in range(10))
    error = trial.entropy_bits.std() / math.sqrt(trial.targets / 5)
    assert trial.entropy_bits.mean() == pytest.approx(expected, abs=6 * error)


def test_a_poisson_mix_without_loops_gives_in_to_a_perfect_attacker() -> None:
    assert an.poisson_blending(100, 0, 0.1).success == 1
    assert an.flood_poisson(ARRIVALS, 0.1).success == 1


@pytest.mark.parametrize(
    ("loops", "let_through", "delay"),
    [(190.0, 0.0, 0.1), (10.0, 0.05, 0.1), (5.0, 0.02, 0.3), (0.0, 0.2, 0.1)],
)
def test_playing_the_attack_agrees_with_the_formula(
    loops: float, let_through: float, delay: float
) -> None:
    form = an.poisson_blending(100, loops, delay, let_through=let_through)
    trials = [
        an.flood_poisson(ARRIVALS, delay, mix_loops_per_s=loops, let_through=let_through, seed=s)
        for s in range(3)
    ]
    played = np.mean([trial.success for trial in trials])
    error = math.sqrt(form.success * (1 - form.success) / 6000)
    assert played == pytest.approx(form.success, abs=6 * error)
    company = np.mean([trial.company_success for trial in trials])
    assert company == pytest.approx(form.company_success, rel=0.1)


def test_twenty_loops_in_the_pool_make_the_attack_fail() -> None:
    trial = an.flood_poisson(ARRIVALS, 0.1, mix_loops_per_s=200)
    assert trial.success < 0.08
    assert trial.entropy_bits.mean() > 4


def test_loopix_and_exact_forms_agree_where_the_pool_is_full() -> None:
    form = an.poisson_blending(1000, 500, 0.1, let_through=0.01)
    assert form.pool_packets == pytest.approx(51)
    assert form.loopix_success == pytest.approx(form.success, rel=0.03)
    assert form.company_success == pytest.approx(form.success, rel=0.03)
    empty = an.poisson_blending(1000, 0, 0.1, let_through=1e-6)
    assert empty.loopix_success == 1.0  # never more than certain
    assert empty.company_success == pytest.approx(1, abs=1e-4)


def test_the_alarm_rings_as_often_as_it_says() -> None:
    alarm = an.LoopAlarm(window=20, threshold=3)
    rng = np.random.default_rng(4)
    for loss in (0.05, 0.2):
        rang = [alarm.first_ring(rng.random(4000) >= loss) for _ in range(400)]
        waited = np.array([at for at in rang if at is not None])
        assert waited.size > 395
        expected = alarm.mean_loops_until(loss)
        assert waited.mean() == pytest.approx(expected, rel=6 / math.sqrt(400))
    assert alarm.rings(0.0) == 0
    assert alarm.mean_loops_until(0.0) == math.inf
    assert alarm.rings(1.0) == 1
    assert alarm.mean_time_until_s(1.0, loops_per_s=2.0) == 10


def test_the_chosen_alarm_keeps_both_promises_and_is_the_smallest() -> None:
    for ordinary, attack in [(0.0, 0.5), (0.01, 0.5), (0.02, 0.1)]:
        alarm = an.choose_alarm(ordinary, attack)
        assert alarm.rings(ordinary) <= 1e-3
        assert alarm.rings(attack) >= 0.95
        smaller = [
            an.LoopAlarm(alarm.window - 1, threshold) for threshold in range(1, alarm.window)
        ]
        assert not any(a.rings(ordinary) <= 1e-3 and a.rings(attack) >= 0.95 for a in smaller)
    with pytest.raises(AnonymityError, match="told apart"):
        an.choose_alarm(0.1, 0.1)
    with pytest.raises(AnonymityError, match="20,000"):
        an.choose_alarm(0.1, 0.1001)


def test_loops_that_stay_away_point_at_the_dropping_mix() -> None:
    found = [
        an.blame(*an.draw_loops(400, loss=0.02, dropping=13, drop_share=0.5, seed=seed))
        for seed in range(20)
    ]
    assert all(blamed.most_suspect == 13 for blamed in found)


def test_without_a_dropping_mix_nobody_stands_out() -> None:
    scores = [
        an.blame(*an.draw_loops(4000, loss=0.05, seed=seed)).score.max() for seed in range(20)
    ]
    assert max(scores) < 5.5  # the highest of 600 standard normals: above 5.5 once in 10**5


def test_blame_counts_as_by_hand() -> None:
    blamed = an.blame([[0, 2], [0, 3], [1, 3], [1, -1]], [True, False, False, True])
    assert blamed.nodes.tolist() == [0, 1, 2, 3]
    assert blamed.loops.tolist() == [2, 2, 1, 2]
    assert blamed.missing.tolist() == [1, 1, 0, 2]
    assert blamed.most_suspect == 3
