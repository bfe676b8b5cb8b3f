"""The exercises of lessons 5 to 7: solutions pass, blanks and misconceptions do not."""

from __future__ import annotations

import itertools
import math
import re
from types import ModuleType

import pytest

from workbench.exercises import lesson_05, lesson_06, lesson_07
from workbench.teaching import Check

MODULES: list[ModuleType] = [lesson_05, lesson_06, lesson_07]
CHECKS: list[tuple[ModuleType, Check]] = [
    (module, check)
    for module in MODULES
    for check in vars(module).values()
    if isinstance(check, Check)
]
each_check = pytest.mark.parametrize(("module", "check"), CHECKS, ids=[c.key for _, c in CHECKS])
each_with_options = pytest.mark.parametrize("module", [lesson_05, lesson_07])


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


@each_with_options
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
    tenfold = " ".join(str(lesson_07.linear_scaling()).split())
    bits0, time0, bits1, time1 = map(
        float, re.findall(r"([\d.]+) (?:bits in|s)\b", tenfold.partition("Not for nothing")[0])
    )
    assert bits1 > bits0 + 1.0
    assert time1 < 0.6 * time0
    thin0, thin1 = re.search(r"2.5 are left: ([\d.]+) bits become ([\d.]+)\.", tenfold).groups()
    assert float(thin1) < float(thin0)
    day = re.findall(r"\| at \w+ \| [\d.]+ \| ([\d.]+) \| \d+ \| ([\d.]+)", str(lesson_07.a_day()))
    assert float(day[0][1]) > float(day[0][0]) + 2.0
    fails = str(lesson_07.when_wide_is_safer())
    assert "one packet in 8 passes" in fails
    assert "were lost" in fails


def test_the_guess_quotes_three_numbers_lesson_6():
    feedback = lesson_06.prediction().lock(["10", 5, "2.5"])
    told = [float(re.search(r"it was ([\d.]+) of 10", line).group(1)) for line in feedback.lines]
    for line, said in zip(feedback.lines, ("10", "5", "2.5"), strict=True):
        assert f"You said {said} of 10; it was " in line
    assert told == [round(10 * lesson_06.found(10, cover), 1) for cover in (0, 1, 5)]
    assert told[0] == 10
    assert 10 > told[1] > told[2] > 1
    assert re.search(r"between 0\.\d and 1\.\d", feedback.why)


def test_the_cover_of_one_day_does_not_hide_many_lesson_6():
    def of_one_day(people, seconds, days):
        return 60 * lesson_06.cover_to_hide(0.6, people, seconds)

    for seed in range(10):
        assert "60 % is the most" in str(lesson_06.check_cover(of_one_day, seed=seed))


def test_more_cover_than_needed_is_not_the_cheapest_lesson_6():
    assert "less cover would do" in str(lesson_06.check_cover(lambda *a: 900.0, seed=1))


def test_the_node_with_most_missing_loops_is_not_the_one_lesson_6():
    def most_missing(loops):
        missing: dict = {}
        for route, came_home in loops:
            for node in route:
                missing[node] = missing.get(node, 0) + (not came_home)
        return max(missing, key=missing.get)

    for seed in range(10):
        assert "a larger share" in str(lesson_06.check_node(most_missing, seed=seed))


def test_what_lesson_6_says_in_numbers_has_the_direction_that_it_claims():
    def rows(text):
        lines = re.findall(r"^\| [\d,.]+.*$", str(text), re.M)
        return [[float(n.replace(",", "")) for n in re.findall(r"[\d,.]+", x)] for x in lines]

    cover = rows(lesson_06.explained())
    assert [row[0] for row in cover] == [0, 0.2, 1, 5, 20]
    for _, _, exact, seen, low, high in cover:
        assert low <= seen <= high
        assert abs(exact - seen) < 10
    for before, after in itertools.pairwise(cover):
        assert after[1] <= before[1]
        assert after[2] < before[2]
    days = rows(lesson_06.every_day())
    for before, after in itertools.pairwise(days):
        assert after[1] > before[1]
        assert after[2] > before[2]
        assert after[3] == before[3] == 10
    drops = rows(lesson_06.the_alarm())
    assert all(after[2] > before[2] for before, after in itertools.pairwise(drops))
    text = str(lesson_06.who_receives())
    assert re.search(r"day by day: \d\d, \d, 1 left", text)
    found = rows(text)
    assert found[-1][1] == found[-1][3] == 100
    assert all(row[2] < 10 for row in found)
    assert found[0][1] < 100 > found[0][3]
