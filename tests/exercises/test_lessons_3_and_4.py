"""The exercises of lessons 3 and 4: solutions pass, blanks and misconceptions do not."""

from __future__ import annotations

import re
from types import ModuleType

import pytest

from workbench.exercises import lesson_03, lesson_04
from workbench.teaching import Check

CHECKS: list[tuple[ModuleType, Check]] = [
    (lesson_03, lesson_03.check_secrets),
    (lesson_03, lesson_03.check_layers),
    (lesson_03, lesson_03.check_header),
    (lesson_03, lesson_03.check_filler),
    (lesson_04, lesson_04.check_notes),
    (lesson_04, lesson_04.check_mark),
]
each_check = pytest.mark.parametrize(("module", "check"), CHECKS, ids=[c.key for _, c in CHECKS])


def functions_of(source: str, module: ModuleType) -> list:
    space = {name: getattr(module, name) for name in module.__all__}
    before = set(space)
    exec(source, space)
    return [space[name] for name in space if name not in before and name != "__builtins__"]


@pytest.fixture(autouse=True)
def _fresh():
    for _, check in CHECKS:
        check.failures = 0


@each_check
def test_the_explained_solution_passes_on_fifty_seeds(module, check):
    answers = functions_of(check.solution, module)
    for seed in range(50 // check._rounds):
        verdict = check(*answers, seed=seed)
        assert verdict, verdict


@each_check
def test_a_blank_fails_with_help_and_counts_as_no_failure(module, check):
    answers = functions_of(check.solution, module)
    verdict = check(*[lambda *args: ... for _ in answers])
    assert not verdict
    assert str(verdict).startswith("Nothing here yet.")
    assert check._misconception in str(verdict)
    assert check.failures == 0


@each_check
def test_an_answer_pasted_from_one_seed_fails_on_the_next(module, check):
    answers = functions_of(check.solution, module)
    known: dict = {}

    def learner(answer):
        def learn(*args):
            return known.setdefault(repr(args), answer(*args))

        return learn

    def parrot(answer):
        return lambda *args: known.get(repr(args), next(iter(known.values())))

    assert check(*map(learner, answers), seed=1)
    assert check(*map(parrot, answers), seed=1)
    assert not check(*map(parrot, answers), seed=2)


@each_check
@pytest.mark.parametrize(
    "wrong", [lambda *a: 5, lambda *a: b"", lambda *a: [], lambda *a: (b"", b""), lambda: 1, len]
)
def test_any_wrong_answer_is_told_in_words(module, check, wrong):
    count = len(functions_of(check.solution, module))
    assert str(check(*[wrong] * count)).startswith("Not yet.")


def test_using_one_number_for_every_node_is_named():
    naive = lambda x, keys: [lesson_03.x25519(x, key) for key in keys]  # noqa: E731
    text = str(lesson_03.check_secrets(naive, seed=3))
    assert "You used x alone" in text


def test_wrapping_in_route_order_is_named():
    def wrap(padded, keys):
        for key in keys:
            padded = lesson_03.lioness_encrypt(key, padded)
        return padded

    assert "first node is the one that peels first" in str(lesson_03.check_layers(wrap))


def test_a_zero_filler_is_refused_by_a_node_of_the_library():
    def zeros(keystreams):
        return bytes(lesson_03.STEP_BYTES * len(keystreams))

    assert "refuses the packet: the header's MAC" in str(lesson_03.check_filler(zeros))


def test_saying_that_the_packet_told_who_handed_it_in_is_named():
    def notes(result, came_from):
        return {"handed in by": came_from}, {"handed in by": came_from}

    assert "No byte of the packet" in str(lesson_04.check_notes(notes))


def test_a_mark_in_the_zeros_or_the_header_is_noticed_also_by_the_weak_cipher():
    read = lambda opened: opened[0]  # noqa: E731
    in_zeros = lambda p, n: p[:348] + bytes([p[348] ^ n]) + p[349:]  # noqa: E731
    in_header = lambda p, n: p[:60] + bytes([p[60] ^ n]) + p[61:]  # noqa: E731
    assert "Leave the zeros" in str(lesson_04.check_mark(in_zeros, read))
    assert "MAC refuses" in str(lesson_04.check_mark(in_header, read))


def test_a_mark_that_marks_nothing_is_not_passed():
    assert not lesson_04.check_mark(lambda p, n: p, lambda opened: 7)


def test_the_truths_come_from_the_library():
    assert lesson_03.prediction()._truth() == ["0 bytes"]
    assert lesson_04.prediction()._truth() == ["the very next node", "only the last node"]


def test_the_computed_sentences_say_what_was_measured():
    assert "1,389, 1,329, 1,269, 1,209" in str(lesson_03.explained())
    assert "byte 31" in str(lesson_04.what_to_break())
    text = str(lesson_03.sizes())
    assert "1,389 bytes" in text
    assert "5 places of 60 bytes" in text
    real = str(lesson_04.under_lioness())
    assert "refused 20 of 20" in real
    bare = str(lesson_04.under_a_stream_cipher())
    assert "node 1 of" in bare
    assert "refused 0 of 20" in bare
    zeros = str(lesson_03.zero_padding_tells())
    for hops in (2, 3, 4, 5):
        assert re.search(f"{hops} nodes: [0-9]+ zeros, so it reckons {hops}", zeros)


def test_a_spoiled_packet_is_the_one_that_is_refused():
    text = str(lesson_04.destroying_is_seen())
    spoiled = re.search(r"spoiled number (\d+)", text).group(1)
    assert f"refused 1: number {spoiled}." in text
