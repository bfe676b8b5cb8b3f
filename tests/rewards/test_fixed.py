"""Numbers with 18 places, against exact fractions."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import RewardError
from workbench.rewards.fixed import ONE, ZERO, Fixed

ATOMICS = st.integers(min_value=0, max_value=10**38)


def cut(exact: Fraction) -> int:
    """An exact value in counts of 1e-18, cut off."""
    return exact.numerator * 10**18 // exact.denominator


@given(ATOMICS, ATOMICS)
@settings(deadline=None)
def test_products_and_quotients_are_cut_off_after_18_places(left: int, right: int) -> None:
    a, b = Fixed.from_atomics(left // 10**18), Fixed.from_atomics(right // 10**18)
    exact_a, exact_b = Fraction(a.atomics, 10**18), Fraction(b.atomics, 10**18)
    assert (a * b).atomics == cut(exact_a * exact_b)
    if b:
        assert (a / b).atomics == cut(exact_a / exact_b)


@given(ATOMICS, ATOMICS)
@settings(deadline=None)
def test_sums_and_differences_are_exact(left: int, right: int) -> None:
    a, b = Fixed.from_atomics(left), Fixed.from_atomics(right)
    assert (a + b).atomics == left + right
    assert (a + b) - b == a


@given(ATOMICS)
@settings(deadline=None)
def test_a_number_survives_being_written_and_read(atomics: int) -> None:
    value = Fixed.from_atomics(atomics)
    assert Fixed(str(value)) == value
    assert Fixed(Decimal(str(value))) == value
    assert int(value) == atomics // 10**18
    assert float(value) == pytest.approx(atomics / 10**18, rel=1e-15)


def test_a_float_stands_for_its_shortest_decimal_form() -> None:
    assert Fixed(0.1) * Fixed(3) == Fixed("0.3")
    assert Fixed(np.float64(0.1)) == Fixed("0.1")
    assert Fixed(np.int64(7)) == Fixed(7)
    assert Fixed("1e-19") == ZERO


@pytest.mark.parametrize(
    "wrong",
    [-1, "-0.1", float("nan"), float("inf"), "sNaN", "x", None, True, [], 2**128, 1e21,
     "1e999999999", 10**5000, -(10**5000), Decimal("-1e-30")],
    ids=lambda wrong: type(wrong).__name__,
)  # fmt: skip
def test_what_is_no_amount_is_refused_by_our_own_error(wrong: object) -> None:
    with pytest.raises(RewardError, match="expected"):
        Fixed(wrong)  # type: ignore[arg-type]


def test_a_result_below_zero_is_an_error_and_a_large_one_is_kept() -> None:
    with pytest.raises(RewardError, match="below 0"):
        ZERO - ONE
    with pytest.raises(RewardError, match="divide by 0"):
        ONE / ZERO
    assert Fixed(10**20) * Fixed(10**20) / Fixed(10**20) == Fixed(10**20)


def test_plain_numbers_may_stand_beside_amounts() -> None:
    half = Fixed("0.5")
    assert 1 - half == half
    assert 2 * half == 1 == half + "0.5"
    assert 1 / half == 2
    assert sum([half, half]) == 1
    assert half < 1
    assert half >= "0.5"
    assert hash(Fixed(7)) == hash(7)
    assert half != "0.5"
    with pytest.raises(RewardError, match="expected"):
        half + None  # type: ignore[operator]
