"""Numbers as people type them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.teaching.typed import typed_number


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0,5", 0.5),
        ("12,5", 12.5),
        ("0,500", 0.5),
        (",5", 0.5),
        ("1,000", 1000.0),
        ("1,024.5", 1024.5),
        ("1,000,000", 1e6),
        ("1 000", 1000.0),
        ("1\N{NARROW NO-BREAK SPACE}000,5", 1000.5),
        ("1'000", 1000.0),
        ("1.000,5", math.nan),
        ("1,000,5", math.nan),
        ("1,5,3", math.nan),
        ("10 00", math.nan),
        (" -3 ", -3.0),
        ("\N{MINUS SIGN}3", -3.0),
        ("1e3", 1000.0),
        ("1e999", math.nan),
        ("½", math.nan),
        ("nan", math.nan),
        ("inf", math.nan),
        ("1_000", math.nan),
        ("0x10", math.nan),
        ("abc", math.nan),
        ("", math.nan),
        ("1" * 41, math.nan),
    ],
)
def test_a_comma_is_a_decimal_one_unless_it_parts_thousands(text: str, value: float) -> None:
    found = typed_number(text)
    assert found == value or (math.isnan(value) and math.isnan(found))


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_comes_back_from_its_text_with_either_mark(value: float) -> None:
    assert typed_number(repr(value)) == value
    grouped = f"{value:,.2f}"
    if abs(value) < 1e12:
        assert typed_number(grouped) == float(f"{value:.2f}")
        spaced = grouped.replace(",", " ").replace(".", ",")
        assert typed_number(spaced) == float(f"{value:.2f}")


@given(st.text(max_size=60))
def test_any_text_is_a_finite_number_or_none(text: str) -> None:
    assert not math.isinf(typed_number(text))
