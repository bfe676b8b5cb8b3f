"""Long-term attacks: where they work, where they fail, and how many rounds they take."""

from __future__ import annotations

import numpy as np
import pytest

from workbench import anonymity as an
from workbench.errors import AnonymityError


def mean_found(seeds: range, **options: object) -> float:
    return float(
        np.mean(
            [
                an.friends_found(an.estimate_friends(seen), seen.friends)
                for seen in (an.simulate_rounds(seed=seed, **options) for seed in seeds)
            ]
        )
    )


def test_the_estimator_is_unbiased() -> None:
    options = {"recipients": 50, "friends": 4, "batch": 10, "popularity": 0.7}
    estimates, friends = [], []
    for seed in range(30):
        seen = an.simulate_rounds(2000, seed=seed, **options)
        estimate = an.estimate_friends(seen)
        assert estimate.sum() == pytest.approx(1)
        estimates.append(estimate[seen.friends].mean())
        friends.append(np.delete(estimate, seen.friends).mean())
    error = np.std(estimates) / np.sqrt(30)
    assert np.mean(estimates) == pytest.approx(1 / 4, abs=6 * error)
    assert np.mean(friends) == pytest.approx(0, abs=0.002)


def test_friends_are_found_once_there_are_rounds_enough() -> None:
    options = {"recipients": 200, "friends": 5, "batch": 20, "participation": 0.5}
    needed = int(an.rounds_needed(5, 200, 20, confidence=0.99))
    # Half of the rounds have the target in them, and the background costs some more.
    assert mean_found(range(10), rounds=4 * needed, **options) > 0.95
    assert mean_found(range(10), rounds=needed // 10, **options) < 0.6


def test_the_formula_is_as_printed() -> None:
    m, n, b = 20, 1000, 50
    noise = (b - 1) * (n - 1) / n**2
    root = np.sqrt((m - 1) / m**2 + noise) + np.sqrt(noise)
    assert an.rounds_needed(m, n, b) == pytest.approx((m * 2 * root) ** 2)
    assert an.rounds_needed(m, n, b, confidence=0.99) == pytest.approx((m * 3 * root) ** 2)
    assert an.rounds_needed(m, n, 2 * b) > an.rounds_needed(m, n, b)
    with pytest.raises(AnonymityError, match=r"0\.95 or 0\.99"):
        an.rounds_needed(m, n, b, confidence=0.9)


def test_the_rounds_of_the_formula_separate_friends_from_strangers() -> None:
    """At t rounds the two averages are l standard deviations of each apart."""
    m, n, b = 10, 300, 30
    rounds = int(an.rounds_needed(m, n, b, confidence=0.99))
    wrong = 0
    for seed in range(20):
        seen = an.simulate_rounds(
            rounds, recipients=n, friends=m, batch=b, participation=1.0, seed=seed
        )
        estimate = an.estimate_friends(seen, background=np.full(n, 1 / n))
        line = 1 / m * 0.5
        wrong += int((estimate[seen.friends] < line).sum())
    # 3 sd on one side is 0.1 %; the halfway line is not the formula's exactly.
    assert wrong / (20 * m) < 0.02


def test_someone_who_always_seems_to_send_is_not_disclosed() -> None:
    """Cover in every idle round leaves no round to compare with: the popular are found."""
    life = {"rounds": 3000, "participation": 0.3, "popularity": 1.0}
    assert mean_found(range(10), **life) > 0.9
    assert mean_found(range(10), is_covered=True, **life) < 0.35


def test_cover_slows_even_an_attacker_who_knows_the_background() -> None:
    background = np.full(200, 1 / 200)

    def found(is_covered: bool) -> float:
        return float(
            np.mean(
                [
                    an.friends_found(an.estimate_friends(seen, background), seen.friends)
                    for seen in (
                        an.simulate_rounds(1500, participation=0.1, is_covered=is_covered, seed=s)
                        for s in range(10)
                    )
                ]
            )
        )

    assert found(False) > found(True) + 0.2


def test_success_grows_with_the_rounds() -> None:
    curves = np.mean(
        [
            an.success_curve(an.simulate_rounds(1000, seed=seed), [8, 30, 100, 1000])
            for seed in range(15)
        ],
        axis=0,
    )
    assert (np.diff(curves) > 0).all()
    assert curves[0] < 0.4
    assert curves[-1] > 0.95


def test_the_intersection_shrinks_as_its_formula_says() -> None:
    sizes = np.array(
        [
            an.intersection(
                an.simulate_rounds(6, friends=1, participation=1.0, batch=150, seed=seed)
            )
            for seed in range(300)
        ]
    )
    for rounds in (1, 2, 4, 6):
        expected = an.intersection_expected(rounds, 200, 150)
        error = sizes[:, rounds - 1].std() / np.sqrt(300) + 1e-9
        assert sizes[:, rounds - 1].mean() == pytest.approx(expected, abs=6 * error)


def test_cover_makes_the_intersection_come_out_empty() -> None:
    found = [an.intersection(an.simulate_rounds(80, friends=1, seed=s))[-1] for s in range(20)]
    covered = [
        an.intersection(an.simulate_rounds(80, friends=1, is_covered=True, seed=s))[-1]
        for s in range(20)
    ]
    assert set(found) == {1}
    assert set(covered) == {0}


def test_a_target_that_was_never_there_cannot_be_attacked() -> None:
    with pytest.raises(AnonymityError, match="never present"):
        an.estimate_friends(an.simulate_rounds(10, participation=0.0))
    with pytest.raises(AnonymityError, match="sum 1"):
        an.estimate_friends(an.simulate_rounds(10), background=np.ones(200))
    with pytest.raises(AnonymityError, match="at most"):
        an.simulate_rounds(10_000_000, recipients=1_000_000)
