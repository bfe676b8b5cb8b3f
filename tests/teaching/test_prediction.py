"""A guess is locked before the truth exists anywhere."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import LessonError, WorkbenchError
from workbench.teaching import Prediction, Progress, Question

SIZE = Question("How much shorter?", "number", unit="bytes")
WHO = Question("Who notices?", "choice", options=("the next node", "nobody"))
TICKS = Question("Who can link you?", "ticks", options=("VPN", "site", "ISP"))


def prediction(*questions: Question, truth: list[str] | None = None) -> Prediction:
    truth = truth or ["TRUTH-0", "TRUTH-1", "TRUTH-2"][: len(questions)]
    return Prediction(
        "03/size", "Guess", questions, truth=lambda: truth, why=lambda: "WHY", progress=Progress()
    )


def test_the_feedback_quotes_the_guess_beside_the_truth() -> None:
    feedback = prediction(SIZE, truth=["0 bytes"]).lock(["60"])
    assert feedback.lines == ("You said 60 bytes; it was 0 bytes.",)
    assert str(feedback) == "You said 60 bytes; it was 0 bytes. WHY"


def test_several_questions_are_answered_line_by_line() -> None:
    lines = prediction(WHO, TICKS).lock(["nobody", ["ISP", "VPN"]]).lines
    assert lines[0] == "Who notices? You said nobody; it was TRUTH-0."
    assert lines[1] == "Who can link you? You said VPN, ISP; it was TRUTH-1."


@pytest.mark.parametrize(
    ("text", "label"), [("A bit of P:", ""), ("Tick all that a bit of P tells:", "A bit of P")]
)
def test_a_question_that_is_no_sentence_is_joined_to_its_feedback(text: str, label: str) -> None:
    part = Question(text, options=("nobody", "all"), label=label)
    lines = prediction(part, WHO).lock(["nobody", "nobody"]).lines
    assert lines[0] == "A bit of P: you said nobody; it was TRUTH-0."


def test_the_truth_is_not_even_computed_before_the_lock() -> None:
    calls: list[str] = []

    def truth() -> list[str]:
        calls.append("truth")
        return ["".join(("SEC", "RET"))]  # joined only when called

    p = Prediction("03/x", "Guess", [WHO], truth=truth, why=lambda: "", progress=Progress())
    assert "SECRET" not in json.dumps(p.ask())
    assert "SECRET" not in repr(vars(p))
    assert calls == []
    p.lock(["nobody"])
    assert calls == ["truth"]


def test_a_second_guess_changes_nothing() -> None:
    p = prediction(SIZE)
    first = p.lock(["1"])
    assert p.lock(["2"]) is first
    assert p.is_locked
    assert p.feedback is first


def test_listeners_hear_of_the_lock_once_and_late_ones_at_once() -> None:
    p = prediction(SIZE)
    heard: list[str] = []
    p.on_lock(lambda f: heard.append("early"))
    p.lock([3])
    p.lock([4])
    p.on_lock(lambda f: heard.append("late"))
    assert heard == ["early", "late"]


def test_a_lock_is_noted_in_the_progress() -> None:
    progress = Progress()
    p = Prediction("05/delay", "D", [SIZE], truth=lambda: ["1"], why=lambda: "", progress=progress)
    with pytest.raises(LessonError):
        p.lock(["many"])
    assert not progress.has("05/delay")
    p.lock(["1"])
    assert progress.has("05/delay")


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)


@given(ANYTHING)
def test_whatever_a_page_sends_is_a_guess_or_our_own_error(answers: object) -> None:
    p = prediction(SIZE, WHO, TICKS)
    try:
        p.lock(answers)
    except WorkbenchError:
        assert not p.is_locked


@pytest.mark.parametrize("bad", ["", "sixty", "nan", "inf", "1e999", "-", None, [], "1" * 50])
def test_a_bad_number_is_refused_with_what_to_write(bad: object) -> None:
    with pytest.raises(LessonError, match="Write a number"):
        prediction(SIZE).lock([bad])


@pytest.mark.parametrize("bad", ["-3", "10.5", "1e9"])
def test_a_number_outside_its_range_is_refused_with_the_range(bad: str) -> None:
    of_ten = Question("How many of ten?", "number", least=0, most=10)
    with pytest.raises(LessonError, match="a number from 0 to 10"):
        prediction(of_ten).lock([bad])


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("60", "60"),
        (" 1,024 ", "1,024"),
        ("1,234,567", "1,234,567"),
        ("0.5", "0.5"),
        ("0,5", "0.5"),
        ("12,25", "12.25"),
    ],
)
def test_numbers_are_quoted_as_people_write_them(typed: str, shown: str) -> None:
    assert prediction(SIZE).lock([typed]).lines[0].startswith(f"You said {shown} bytes;")


def test_a_prediction_without_a_question_is_refused() -> None:
    with pytest.raises(LessonError):
        prediction()
