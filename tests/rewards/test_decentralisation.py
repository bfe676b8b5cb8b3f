"""Measures of spread, against their definitions taken literally."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import RewardError
from workbench.rewards import decentralisation as spread

WHOLE_STAKES = st.lists(st.integers(0, 50), min_size=1, max_size=9)


@given(WHOLE_STAKES)
@settings(deadline=None)
def test_nakamoto_is_the_smallest_coalition_with_more_than_half(stakes: list[int]) -> None:
    total = sum(stakes)
    smallest = next(
        (
            size
            for size in range(1, len(stakes) + 1)
            if any(2 * sum(some) > total for some in itertools.combinations(stakes, size))
        ),
        0,
    )
    assert spread.nakamoto(stakes) == smallest


@pytest.mark.parametrize("count", [1, 2, 3, 10, 49, 100, 1000])
def test_equal_stakes_need_just_over_half_of_the_operators(count: int) -> None:
    assert spread.nakamoto([0.1] * count) == count // 2 + 1


@given(WHOLE_STAKES)
@settings(deadline=None)
def test_gini_is_half_the_mean_difference_over_the_mean(stakes: list[int]) -> None:
    values = np.array(stakes, dtype=float)
    expected = 0.0
    if values.sum():
        differences = np.abs(values[:, None] - values[None, :]).mean()
        expected = differences / (2 * values.mean())
    assert spread.gini(stakes) == pytest.approx(expected, abs=1e-12)


@given(WHOLE_STAKES)
@settings(deadline=None)
def test_hhi_is_the_chance_that_two_tokens_have_one_owner(stakes: list[int]) -> None:
    total = sum(stakes)
    expected = sum(s * s for s in stakes) / total**2 if total else 0.0
    assert spread.hhi(stakes) == pytest.approx(expected)


@given(WHOLE_STAKES, st.integers(1, 12))
@settings(deadline=None)
def test_the_top_share_counts_the_largest(stakes: list[int], count: int) -> None:
    total = sum(stakes)
    expected = sum(sorted(stakes)[::-1][:count]) / total if total else 0.0
    assert spread.top_share(stakes, count) == pytest.approx(expected)


def test_one_operator_of_many_nodes_is_one_and_not_many() -> None:
    many = spread.measure([1.0] * 40, [9.0] * 40, ["a"] * 40, 5.0)
    assert (many.operators, many.nakamoto, many.hhi, many.gini) == (1, 1, 1.0, 0.0)
    assert (many.top_ten, many.pledge_rate, many.nodes_above_saturation) == (1.0, 0.1, 40)
    alone = spread.measure([1.0] * 40, [9.0] * 40, range(40), 10.0)
    assert (alone.operators, alone.nakamoto, alone.nodes_above_saturation) == (40, 21, 0)
    assert alone.hhi == pytest.approx(1 / 40)


def test_without_stake_every_measure_is_zero() -> None:
    nothing = spread.measure([0.0, 0.0], [0.0, 0.0], ["a", "b"], 1.0)
    assert nothing == spread.Decentralisation(0, 0, 0.0, 0.0, 0.0, 0.0, 0)
    assert spread.measure([], [], [], 1.0) == nothing


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3)), max_size=20), st.randoms())
@settings(deadline=None)
def test_the_order_of_the_nodes_does_not_matter(nodes: list[Any], random: Any) -> None:
    mixed = list(nodes)
    random.shuffle(mixed)
    one, two = (
        spread.measure([s for s, _ in rows], [1] * len(rows), [o for _, o in rows], 5.0)
        for rows in (nodes, mixed)
    )
    assert one == two


def test_refusals_say_what_was_expected() -> None:
    refused: list[tuple[str, Any]] = [
        ("0 or more", lambda: spread.nakamoto([-1.0])),
        ("NaN", lambda: spread.gini([float("nan")])),
        ("flat", lambda: spread.hhi([[1.0]])),
        ("count", lambda: spread.top_share([1.0], 0)),
        ("one operator for each", lambda: spread.by_operator([1.0, 2.0], ["a"])),
        ("one value for each node", lambda: spread.measure([1.0], [1.0, 2.0], ["a"], 1.0)),
        ("saturation_point", lambda: spread.measure([1.0], [1.0], ["a"], 0.0)),
        ("one name or number", lambda: spread.by_operator([1.0, 2.0], [[1], [1, 2]])),
        ("all names", lambda: spread.by_operator([1.0, 2.0], np.array(["a", None], dtype=object))),
    ]
    for match, act in refused:
        with pytest.raises(RewardError, match=match):
            act()
