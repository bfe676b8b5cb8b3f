"""Computed prose fits its values or says why not."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import LessonError
from workbench.teaching import say


def test_numbers_are_filled_in() -> None:
    text = say("  {size:,} bytes, {share:.1%}", size=1389, share=0.25)
    assert str(text) == text._repr_markdown_() == "1,389 bytes, 25.0 %"


@pytest.mark.parametrize(
    ("template", "values"),
    [
        ("{a}", {}),
        ("a", {"a": 1}),
        ("{a", {"a": 1}),
        ("{a:,}", {"a": "text"}),
        ("{}", {}),
        ("{a.x}", {"a": 1}),
        ("{a[x]}", {"a": {}}),
        ("{a!z}", {"a": 1}),
    ],
)
def test_a_misfit_is_our_error(template: str, values: dict[str, object]) -> None:
    with pytest.raises(LessonError):
        say(template, **values)


@given(st.text(max_size=30))
def test_any_template_is_text_or_our_error(template: str) -> None:
    with contextlib.suppress(LessonError):
        assert isinstance(str(say(template)), str)
