"""The exercises of lessons 1 and 2: solutions pass, blanks and misconceptions do not."""

from __future__ import annotations

import re
import subprocess
import sys
from types import ModuleType

import pytest

from workbench.exercises import lesson_01, lesson_02
from workbench.teaching import Check

CHECKS: list[tuple[ModuleType, Check]] = [
    (lesson_01, lesson_01.check_match),
    (lesson_02, lesson_02.check_bits),
    (lesson_02, lesson_02.check_break),
]
each_check = pytest.mark.parametrize(("module", "check"), CHECKS, ids=[c.key for _, c in CHECKS])


def function_of(source: str, module: ModuleType):
    space = {name: getattr(module, name) for name in module.__all__}
    exec(source, space)
    return space[re.findall(r"^def (\w+)", source, re.M)[-1]]


@pytest.fixture(autouse=True)
def _fresh():
    for _, check in CHECKS:
        check.failures = 0


@each_check
def test_the_explained_solution_passes_on_fifty_seeds(module, check):
    answer = function_of(check.solution, module)
    for seed in range(max(1, 50 // check._rounds)):
        verdict = check(answer, seed=seed)
        assert verdict, verdict


@each_check
def test_a_blank_fails_with_help_and_counts_as_no_failure(module, check):
    verdict = check(lambda *args: ...)
    assert str(verdict).startswith("Nothing here yet.")
    assert check._misconception in str(verdict)
    assert check.failures == 0


@each_check
def test_three_failures_name_the_misconception_then_a_smaller_task_then_a_solution(module, check):
    said = [str(check(lambda *args: "no", seed=1)) for _ in range(3)]
    assert check._misconception in said[0]
    assert check._smaller_task in said[1]
    assert check.solution.splitlines()[0] in said[2]
    assert check._explanation in said[2]


@each_check
def test_an_answer_pasted_from_one_seed_fails_on_the_next(module, check):
    answer = function_of(check.solution, module)
    known: dict = {}

    def learn(*args):
        return known.setdefault(repr(args), answer(*args))

    def parrot(*args):
        if hasattr(args[0], "put_own"):  # the box must be played to its end to open at all
            answer(args[0])
        return known.get(repr(args), next(iter(known.values())))

    assert check(learn, seed=1)
    assert check(parrot, seed=1)
    assert not check(parrot, seed=2)


@each_check
@pytest.mark.parametrize(
    "wrong", [lambda *a: 5, lambda *a: b"", lambda *a: [], lambda *a: (b"", b""), lambda: 1, str]
)
def test_any_wrong_answer_is_told_in_words(module, check, wrong):
    assert str(check(wrong, seed=4)).startswith("Not yet.")


def test_taking_the_first_website_for_the_first_person_is_chance():
    verdict = str(lesson_01.check_match(lambda people, websites: list(range(20)), seed=1))
    assert "Blind guessing gets 1 of 20 on average, and 0 to 3 in 95 of 100 tries." in verdict
    assert "in no particular order" in verdict


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ([0] * 19, "20 numbers are expected, one for each person; here are 19."),
        ([20] * 20, "from 0 to 19"),
        ([-1] * 20, "from 0 to 19"),
        ([0.5] * 20, "Whole numbers are expected, .* one of yours is 0.5."),
        (["a"] * 20, "Whole numbers are expected, .* one of yours is 'a'."),
    ],
)
def test_a_list_that_names_no_websites_is_told_so(given, told):
    assert re.search(told, str(lesson_01.check_match(lambda p, w: given)))


def test_the_verdict_says_chance_as_a_number_with_its_interval():
    answer = function_of(lesson_01.check_match.solution, lesson_01)
    text = str(lesson_01.check_match(answer, seed=3))
    assert re.search(r"matched (19|20) of 20 onion flows, and \d+ of 20 when", text)
    assert "0 to 3 in 95 of 100 tries" in text


def test_forgetting_the_attackers_and_forgetting_the_logarithm_are_named():
    from math import log, log2

    texts = [str(lesson_02.check_bits(lambda t, a: log2(t), seed=seed)) for seed in range(3)]
    assert any("no company, and you counted them" in text for text in texts)
    assert "not yet bits" in str(lesson_02.check_bits(lambda t, a: t - a, seed=2))
    assert "base 2" in str(lesson_02.check_bits(lambda t, a: log(t - a), seed=2))


def test_a_box_that_was_not_emptied_first_keeps_company():
    def greedy(box):
        box.let_target_in()
        while not box.put_own():
            pass
        return next(letter for letter in box.came_out if not box.is_mine(letter))

    assert "Who was in the box before you began?" in str(lesson_02.check_break(greedy, seed=5))


def test_a_loop_without_an_end_and_a_second_target_are_told_in_words():
    def forever(box):
        while True:
            box.put_own()

    def twice(box):
        box.let_target_in()
        box.let_target_in()

    assert "the loop does not end" in str(lesson_02.check_break(forever))
    assert "let in already" in str(lesson_02.check_break(twice))


def test_guesses_are_quoted_beside_what_the_library_says():
    first = lesson_01.prediction().lock([[], ["all nodes together"], []])
    assert first.lines[2] == ("With a mixnet: you said none of them; it was all nodes together.")
    second = lesson_02.prediction().lock(["8", "3"])
    assert "You said 8 letters; it was 5 letters." in second.lines[0]
    assert "it was 7 letters." in second.lines[1]


def test_the_texts_say_what_their_lesson_claims():
    assert re.search(r"VPN \| (19|20) of 20", str(lesson_01.how_often()))
    bare = re.search(r"sends cover: (\d+) of 20", str(lesson_01.without_cover()))
    assert int(bare.group(1)) >= 14  # 17 to 20 over 50 seeds
    rows = str(lesson_02.many_boxes()).splitlines()[-4:]
    doubts = [float(row.split("|")[3]) for row in rows]
    assert doubts == sorted(doubts, reverse=True)
    assert doubts[0] == 3.0
    assert doubts[-1] < 0.3
    assert "3 bits" in str(lesson_02.one_busy_writer())
    assert "it is 2 bits" in str(lesson_02.one_busy_writer())


def test_lessons_1_and_2_load_no_numba():
    code = (
        "import sys\n"
        "from workbench.exercises import lesson_01, lesson_02\n"
        "from workbench.panels.who_sees_panel import who_sees_panel\n"
        "from workbench.panels.shuffle_box import shuffle_box\n"
        "p = who_sees_panel(); p.do('watch', system='mixnet', observer='both_ends'); p.view\n"
        "shuffle_box().do('flood'); lesson_01.without_cover(); lesson_02.many_boxes()\n"
        "print('numba' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
