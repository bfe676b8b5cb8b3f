"""The exercises of lessons 5 to 7: solutions pass, blanks and misconceptions do not."""

from __future__ import annotations

import itertools
import math
import re
from types import ModuleType

import pytest

from workbench.exercises import lesson_05, lesson_07
from workbench.teaching import Check

MODULES: list[ModuleType] = [lesson_05, lesson_07]
CHECKS: list[tuple[ModuleType, Check]] = [
    (module, check)
    for module in MODULES
    for check in vars(module).values()
    if isinstance(check, Check)
]
each_check = pytest.mark.parametrize(("module", "check"), CHECKS, ids=[c.key for _, c in CHECKS])
each_module = pytest.mark.parametrize("module", MODULES, ids=lambda m: m.__name__[-2:])


def answer_of(check: Check, module: ModuleType):
    space = {name: getattr(module, name) for name in module.__all__}
    before = set(space) | {"__builtins__"}
    exec(check.solution, space)
    return next(space[name] for name in space if name not in before and callable(space[name]))


@pytest.fixture(autouse=True)
def _fresh():
    for _, check in CHECKS:
        check.failures = 0


@each_check
def test_the_explained_solution_passes_on_fifty_seeds(module, check):
    answer = answer_of(check, module)
    for seed in range(50 // check._rounds):
        verdict = check(answer, seed=seed)
        assert verdict, verdict


@each_check
def test_a_blank_fails_with_help_and_counts_as_no_failure(module, check):
    verdict = check(lambda *args: ...)
    assert str(verdict).startswith("Nothing here yet.")
    assert check._misconception in str(verdict)
    assert check.failures == 0


@each_check
def test_an_answer_pasted_from_one_seed_fails_on_the_next(module, check):
    answer = answer_of(check, module)
    known: dict = {}

    def learner(*args):
        return known.setdefault(repr(args), answer(*args))

    def parrot(*args):
        return known.get(repr(args), next(iter(known.values())))

    assert check(learner, seed=1)
    assert check(parrot, seed=1)
    assert not check(parrot, seed=2)


@each_check
@pytest.mark.parametrize(
    "wrong",
    [
        lambda *a: -5,
        lambda *a: "",
        lambda *a: [],
        lambda *a: math.nan,
        lambda *a: math.inf,
        lambda *a: 10**400,
        lambda *a: 1e30,
        lambda: 1,
    ],
)
def test_any_wrong_answer_is_told_in_words(module, check, wrong):
    assert str(check(wrong)).startswith("Not yet.")


@each_module
def test_the_guess_takes_each_option_and_quotes_it(module):
    for option in module.prediction().questions[0].options:
        feedback = module.prediction().lock([option])
        assert feedback.lines[0].startswith(f"You said {option}; it was ")
        assert len(feedback.why) > 40


def test_the_same_delay_for_other_traffic_is_named_lesson_5():
    text = str(lesson_05.check_trade(lambda rate, delay, later: delay, seed=1))
    assert "it should stay" in text


def test_a_pool_of_sixty_four_is_too_much_lesson_5():
    assert "a shorter delay would do" in str(lesson_05.check_delay(lambda r: 64 / r, seed=1))


def test_the_thick_pool_formula_is_near_enough_lesson_5():
    def by_formula(rate):
        return 2 ** (6 - 1.4427) / rate

    assert all(lesson_05.check_delay(by_formula, seed=seed) for seed in range(10))


def test_what_lesson_5_says_in_numbers_has_the_direction_that_it_claims():
    table = re.findall(
        r"^\| ([\d.]+) s \| [\d.]+ \| ([\d.]+) \| ([\d.]+) \|$", str(lesson_05.explained()), re.M
    )
    assert len(table) == 4
    for before, after in itertools.pairwise(table):
        assert float(after[1]) - float(before[1]) == pytest.approx(1.0, abs=0.02)
    assert all(abs(float(exact) - float(seen)) < 0.25 for _, exact, seen in table)
    same = re.findall(r"([\d.]+) bits at", str(lesson_05.more_traffic()))
    assert abs(float(same[0]) - float(same[1])) < 0.25
    assert "0.0 bits" in str(lesson_05.empty_mix())


def test_one_rule_alone_fails_both_ways_lesson_7():
    for seed in range(10):
        by_load = lambda r, d, c: max(1, -int(-r // (0.8 * c)))  # noqa: E731
        by_pool = lambda r, d, c: max(1, int(r * d / 5))  # noqa: E731
        assert "stand by without need" in str(lesson_07.check_width(by_load, seed=seed))
        assert "get lost" in str(lesson_07.check_width(by_pool, seed=seed))
        lesson_07.check_width.failures = 0


def test_all_the_mixes_there_are_is_too_thin_lesson_7():
    text = str(lesson_07.check_width(lambda r, d, c: 2000, seed=4))
    assert "too thin. Measured:" in text


def test_what_lesson_7_says_in_numbers_has_the_direction_that_it_claims():
    rows = re.findall(r"^\| (\d+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|$",
                      str(lesson_07.explained()), re.M)  # fmt: skip
    bits = {int(width): float(mean) for width, _, mean, _ in rows}
    assert bits[1] - bits[10] < 0.6
    assert bits[10] - bits[50] > 3.0
    assert float(rows[-1][3]) < 0.5
    bits0, time0, bits1, time1 = map(
        float, re.findall(r"([\d.]+) (?:bits|s)\b", str(lesson_07.linear_scaling()))
    )
    assert bits1 > bits0 + 1.0
    assert time1 < 0.6 * time0
    day = re.findall(r"\| at \w+ \| [\d.]+ \| ([\d.]+) \| \d+ \| ([\d.]+)", str(lesson_07.a_day()))
    assert float(day[0][1]) > float(day[0][0]) + 2.0
    fails = str(lesson_07.when_wide_is_safer())
    assert "one packet in 8 passes" in fails
    assert "were lost" in fails
