"""Prose that waits for a guess."""

from __future__ import annotations

from workbench.teaching import Later, Prediction, Progress, Question, say


def test_a_text_is_made_after_the_lock_only_and_once() -> None:
    made: list[int] = []
    guess = Prediction(
        "03/size",
        "Guess",
        [Question("How many?", "number")],
        truth=lambda: ["7"],
        why=lambda: "",
        progress=Progress(),
    )

    def make() -> object:
        made.append(1)
        return say("{n} days", n=7)

    later = guess.then(make)  # type: ignore[arg-type]
    assert isinstance(later, Later)
    assert "7" not in str(later)
    assert made == []
    guess.lock([5])
    assert str(later) == str(later) == "7 days"
    assert made == [1]
