"""The draw against successive draws, worked out by hand for few nodes."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import RewardError
from workbench.rewards import selection
from workbench.rewards.parameters import Parameters, Role

WEIGHTS = np.array([1.0, 2.0, 0.5, 4.0, 1.5])


def successive(weights: np.ndarray[Any, Any], places: int) -> dict[tuple[int, ...], float]:
    """Chance of each order of winners if places are drawn one after the other."""
    chances = {}
    for order in itertools.permutations(range(len(weights)), places):
        chance, left = 1.0, weights.sum()
        for node in order:
            chance *= weights[node] / left
            left -= weights[node]
        chances[order] = chance
    return chances


def assert_frequencies(counts: np.ndarray[Any, Any], chances: Any, draws: int) -> None:
    """Six standard deviations for every cell: fails by chance less than once in 1e7."""
    expected = np.asarray(chances) * draws
    sd = np.sqrt(np.maximum(expected * (1 - np.asarray(chances)), 1.0))
    assert np.all(np.abs(counts - expected) < 6 * sd), (counts, expected)


def test_roles_are_drawn_as_if_one_after_the_other() -> None:
    places = Parameters(1, 10, entry=1, exit=1, mix=1, standby=1)
    chances = successive(WEIGHTS, 4)
    seen = dict.fromkeys(chances, 0)
    rng, draws = np.random.default_rng(11), 8_000
    for _ in range(draws):
        drawn = selection.draw(WEIGHTS, places, rng)
        seen[tuple(int(drawn.having(role)[0]) for role in list(Role)[1:])] += 1
    assert_frequencies(np.array(list(seen.values())), list(chances.values()), draws)


def test_who_may_not_stand_for_one_role_keeps_the_full_chance_for_the_next() -> None:
    places = Parameters(1, 10, entry=1, exit=1, mix=0)
    weights, draws = np.array([1.0, 1.0, 2.0]), 8_000
    rng = np.random.default_rng(3)
    exits = np.zeros(3)
    for _ in range(draws):
        drawn = selection.draw(weights, places, rng, can_enter=[True, True, False])
        exits[drawn.having(Role.EXIT)[0]] += 1
    # One of the two equal nodes enters; of the other (1) and the third (2) one exits.
    assert_frequencies(exits, [1 / 6, 1 / 6, 2 / 3], draws)


@pytest.mark.parametrize(("active", "standby"), [(2, 1), (1, 0), (0, 2), (3, 2), (0, 0), (4, 9)])
def test_many_draws_count_what_single_draws_would(active: int, standby: int) -> None:
    draws = 50_000
    counts = selection.draw_many(WEIGHTS, active, standby, draws, np.random.default_rng(4))
    both = min(active + standby, 5)
    chances = successive(WEIGHTS, both)
    for got, first, last in ((counts[0], 0, active), (counts[1], active, both)):
        share = [
            sum(chance for order, chance in chances.items() if node in order[first:last])
            for node in range(5)
        ]
        assert_frequencies(got, share, draws)
        assert got.sum() == draws * max(0, min(last, 5) - first)


def test_nodes_without_weight_are_never_drawn_and_places_stay_empty() -> None:
    places = Parameters(1, 10, entry=2, exit=2, mix=2)
    drawn = selection.draw([0.0, 1.0, 1e-300, 1.0, 0.5], places, np.random.default_rng(0))
    assert drawn.roles[[0, 2]].tolist() == [Role.NONE, Role.NONE]
    assert drawn.unfilled == 3
    assert drawn.active.tolist() == [1, 3, 4]
    assert len(drawn.having(Role.ENTRY)) == 2
    assert len(drawn.having(Role.EXIT)) == 1


def test_one_seed_draws_one_set() -> None:
    places = Parameters(1, 10, entry=50, exit=50, mix=50, standby=20)
    weights = np.random.default_rng(1).random(400)
    one, two = (selection.draw(weights, places, np.random.default_rng(8)) for _ in range(2))
    assert np.array_equal(one.roles, two.roles)
    assert [len(one.having(role)) for role in Role] == [230, 50, 50, 50, 20]


def test_a_node_that_drops_packets_loses_weight_with_the_20th_power() -> None:
    assert selection.weight(1.0, 0.95) == pytest.approx(0.95**20)
    assert selection.weight(1.0, 0.6) < 1e-4
    assert selection.weight([0.5, 3.0], 1.0).tolist() == [0.5, 1.0]


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 5))
@settings(deadline=None)
def test_a_version_further_behind_never_scores_more(patches: int, minors: int, majors: int) -> None:
    score = selection.config_score(patches, minors, majors)
    assert 0 <= score <= 1
    assert selection.config_score(patches + 1, minors, majors) <= score
    assert selection.config_score(10 * minors + patches, 0, majors) == score
    assert selection.performance(0.5, score) == score / 2


def test_refusals_say_what_was_expected() -> None:
    places, rng = Parameters(1, 10, entry=1, exit=1, mix=1), np.random.default_rng(0)
    refused: list[tuple[str, Any]] = [
        ("weights must be 0 or more", lambda: selection.draw([-1.0], places, rng)),
        ("NaN", lambda: selection.draw([float("nan")], places, rng)),
        ("flat array", lambda: selection.draw(1.0, places, rng)),
        ("can_exit", lambda: selection.draw([1.0, 1.0], places, rng, can_exit=[True])),
        ("can_enter", lambda: selection.draw([1.0], places, rng, can_enter=[1])),
        ("active", lambda: selection.draw_many([1.0], -1, 1, 1, rng)),
        ("draws", lambda: selection.draw_many([1.0], 1, 1, 1.5, rng)),  # type: ignore[arg-type]
        ("rng", lambda: selection.draw([1.0], places, 3)),  # type: ignore[arg-type]
        ("rng", lambda: selection.draw_many([1.0], 1, 1, 1, None)),  # type: ignore[arg-type]
        ("expected Param", lambda: selection.draw([1.0], None, rng)),  # type: ignore[arg-type]
        ("performance", lambda: selection.weight(1.0, 1.5)),
        ("saturation", lambda: selection.weight(-1.0, 1.0)),
        ("patches", lambda: selection.config_score(patches=-1)),
        ("routing_score", lambda: selection.performance(2.0)),
        ("common length", lambda: selection.performance([0.1, 0.2], [0.1] * 3)),
        ("common length", lambda: selection.weight([0.1, 0.2], [0.1] * 3)),
    ]
    for match, act in refused:
        with pytest.raises(RewardError, match=match):
            act()
