"""Checks help one step at a time and cannot be pasted."""

from __future__ import annotations

import random

import pytest

from workbench.teaching import Check, Progress, Verdict, Wrong

SOLUTION = """
def total(xs):
    return sum(xs)
"""


def trial(answer: object, rng: random.Random) -> str:
    xs = [rng.randrange(100) for _ in range(4)]
    got = answer(xs)  # type: ignore[operator]
    if got != sum(xs):
        raise Wrong(f"The sum of {xs} is {sum(xs)}.")
    return "The last one was easy."


def make(progress: Progress | None = None) -> Check:
    return Check(
        "02/total",
        "Add them up.",
        trial,
        misconception="MISCONCEPTION",
        smaller_task="SMALLER",
        explanation="EXPLANATION",
        solution=SOLUTION,
        progress=progress or Progress(),
    )


def solved() -> object:
    space: dict[str, object] = {}
    exec(SOLUTION, space)
    return space["total"]


def test_the_solution_passes_and_is_noted() -> None:
    progress = Progress()
    verdict = make(progress)(solved())
    assert verdict
    assert str(verdict).startswith("Passed.")
    assert str(verdict).endswith("The last one was easy.")
    assert progress.has("02/total")


def test_help_grows_with_each_failure() -> None:
    check = make()
    first, second, third, fourth = (str(check(lambda xs: -1)) for _ in range(4))
    assert "MISCONCEPTION" in first
    assert "SMALLER" not in first + third
    assert "SMALLER" in second
    assert "MISCONCEPTION" not in second
    for late in (third, fourth):
        assert "return sum(xs)" in late
        assert "EXPLANATION" in late
    assert "return sum(xs)" not in first + second


@pytest.mark.parametrize(
    "blank",
    [lambda xs: ..., lambda xs: None, lambda xs: (1, ...), lambda xs: [{"a": ...}, {"b": 2}]],
)
def test_a_blank_fails_with_the_first_word_of_help_and_costs_nothing(blank: object) -> None:
    check = make()
    for _ in range(3):
        verdict = check(blank)  # type: ignore[arg-type]
        assert not verdict
        assert str(verdict) == "Nothing here yet. Add them up.\n\nMISCONCEPTION"
    assert check.failures == 0


def test_a_blank_may_also_raise_not_implemented() -> None:
    def blank(xs: object) -> None:
        raise NotImplementedError

    assert str(make()(blank)).startswith("Nothing here yet.")


def test_inputs_differ_from_run_to_run_and_round_to_round() -> None:
    seen: list[tuple[int, ...]] = []

    def spy(xs: list[int]) -> int:
        seen.append(tuple(xs))
        return sum(xs)

    check = make()
    assert check(spy)
    assert check(spy)
    assert len(set(seen)) == len(seen) == 10


def test_an_answer_hard_coded_for_one_seed_fails_on_the_next() -> None:
    learnt: dict[tuple[int, ...], int] = {}

    def learn(xs: list[int]) -> int:
        return learnt.setdefault(tuple(xs), sum(xs))

    def paste(xs: list[int]) -> int:
        return learnt.get(tuple(xs), 0)

    check = make()
    assert check(learn, seed=1)
    assert check(paste, seed=1)
    assert not check(paste, seed=2)


def test_errors_of_the_answer_become_words() -> None:
    def broken(xs: list[int]) -> int:
        zero = 0
        return 1 // zero

    text = str(make()(broken))
    assert "ZeroDivisionError" in text
    assert "line 3" in text


class Hostile:
    def __eq__(self, other: object) -> bool:
        raise RuntimeError("```no```")

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        raise ValueError


def test_an_answer_that_cannot_be_compared_becomes_words() -> None:
    verdict = make()(lambda xs: Hostile())
    assert not verdict
    assert "```" not in str(verdict)


@pytest.mark.parametrize("thing", [42, None, Hostile(), "total"])
def test_what_is_no_function_becomes_words(thing: object) -> None:
    verdict = make()(thing)  # type: ignore[arg-type]
    assert isinstance(verdict, Verdict)
    assert not verdict


def test_an_interrupt_is_not_swallowed() -> None:
    def stop(xs: object) -> int:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make()(stop)


def test_an_exercise_may_have_two_functions() -> None:
    def round_trip(write: object, read: object, rng: random.Random) -> None:
        n = rng.randrange(1000)
        if read(write(n)) != n:  # type: ignore[operator]
            raise Wrong(f"{n} did not come back.")

    check = Check(
        "02/two",
        "Write and read.",
        round_trip,
        misconception="M",
        smaller_task="S",
        explanation="E",
        solution="",
        progress=Progress(),
    )
    assert check(str, int)
    assert not check(str, len)
