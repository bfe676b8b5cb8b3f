"""The shuffle box without a page: letters in, suspects out, and nothing before the guess."""

from __future__ import annotations

import contextlib
import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import LessonError, WorkbenchError
from workbench.panels.shuffle_box import ShuffleBox, shuffle_box, view
from workbench.panels.shuffle_box_state import (
    LETTERS,
    SIZES,
    State,
    act,
    from_query,
    to_query,
)
from workbench.teaching import Prediction, Progress, Question

START = State(seed=7)
ACTIONS = st.one_of(
    st.fixed_dictionaries({"name": st.sampled_from(["put", "take"]),
                           "letter": st.sampled_from(LETTERS)}),
    st.fixed_dictionaries({"name": st.just("size"), "size": st.sampled_from(SIZES)}),
    st.sampled_from([{"name": n} for n in ("own", "people", "flood", "empty", "shake")]),
)  # fmt: skip


def after(state: State, *names: str) -> State:
    for name in names:
        state = act(state, {"name": name}, new_seed=lambda: 99)
    return state


def asked() -> Prediction:
    return Prediction(
        "t/box",
        "Guess",
        [Question("How many?", "number")],
        truth=lambda: ["5"],
        why=lambda: "Why.",
        progress=Progress(),
    )


@pytest.mark.parametrize("own", range(8))
def test_suspects_are_the_letters_that_are_not_the_attackers(own):
    state = State(7, 8, ("y", *[f"p{i}" for i in range(7 - own)], *[f"a{i}" for i in range(own)]))
    assert state.suspects == 8 - own
    assert state.bits == pytest.approx(math.log2(8 - own))
    shown = view(state, False)
    assert shown["doubt"]["suspects"] == 8 - own
    assert sum(not letter["is_own"] for letter in shown["out"]) == 8 - own


def test_the_attack_leaves_one_letter_and_no_doubt_in_every_size():
    for size in SIZES:
        state = after(act(START, {"name": "size", "size": size}), "flood")
        assert (state.attackers, state.suspects, state.bits) == (size - 1, 1, 0.0)
        assert view(state, False)["summary"] == "0 bits: it can only be this one letter."


def test_the_box_opens_when_it_is_full_and_not_before():
    state = after(START, "own", "own")
    assert not state.is_open
    assert state.out == ()
    assert view(state, False)["doubt"]["suspects"] is None
    state = after(state, "own")
    assert state.is_open
    assert sorted(state.out) == sorted(state.inside)
    # The next letter begins another round.
    assert after(state, "own").inside == ("a0",)


def test_a_box_without_your_letter_has_no_suspects_to_count():
    state = State(7, 4, ("p0", "p1", "p2", "a0"))
    assert state.bits is None
    assert "not in this box" in view(state, False)["doubt"]["words"]


def test_every_order_comes_out_about_equally_often():
    full = after(act(START, {"name": "size", "size": 4}), "people")
    places = [State(seed, 4, full.inside).out.index("y") for seed in range(4000)]
    # 1000 expected, standard deviation 27: six of them are never exceeded in practice.
    assert all(abs(places.count(p) - 1000) < 165 for p in range(4))


def test_what_comes_out_does_not_say_whose_it_is():
    out = view(after(START, "people"), False)["out"]
    assert out == [{"is_own": False}] * 8


@settings(max_examples=80, deadline=None)
@given(st.lists(ACTIONS, max_size=25), st.integers(0, 2**32))
def test_whatever_is_done_the_view_holds_together_and_the_query_brings_it_back(actions, seed):
    state = State(seed)
    for action in actions:
        try:
            state = act(state, action)
        except LessonError:
            continue
        assert len(set(state.inside)) == len(state.inside) <= state.size
        shown = view(state, False)
        json.dumps(shown)
        assert shown["free"] + len(shown["inside"]) == (0 if state.is_open else state.size)
        assert from_query(to_query(state)) == state


@settings(max_examples=80, deadline=None)
@given(
    st.one_of(
        st.none(),
        st.integers(),
        st.dictionaries(
            st.sampled_from(["name", "letter", "size", "serial", "answers"]),
            st.one_of(st.text(max_size=9), st.integers(), st.none(), st.lists(st.integers()),
                      st.sampled_from(["put", "take", "size", "guess", "undo", "reset"])),
        ),
    )
)  # fmt: skip
def test_any_message_of_the_page_leaves_a_panel_that_lives(content):
    panel = shuffle_box(seed=1, ask=asked())
    panel._any_message(None, content, None)
    assert panel.do("empty").inside == ()


@pytest.mark.parametrize(
    "query",
    ["", "x", "seed=1", "seed=g&size=8&inside=y", "seed=1&size=5&inside=y", None, 3,
     "seed=1&size=4&inside=y.y", "seed=1&size=4&inside=y.p0.p1.p2.p3", "seed=1&size=4&inside=z",
     "seed=1&size=4&inside=y&presenter=7", "seed=1&size=4&inside=y&more=1", "a" * 5000],
)  # fmt: skip
def test_a_bad_query_is_refused_in_words(query):
    with pytest.raises(LessonError):
        from_query(query)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_a_state_or_our_error(text):
    with contextlib.suppress(WorkbenchError):
        assert isinstance(from_query(text), State)


@pytest.mark.parametrize("wrong", [{"size": 7}, {"size": "8"}, {"seed": -1}, {"seed": 1.5}])
def test_bad_arguments_are_refused_in_words(wrong):
    with pytest.raises(LessonError):
        shuffle_box(**wrong)


def heard(panel: ShuffleBox, *messages: dict[str, Any]) -> list[str]:
    said: list[str] = []
    panel.send = lambda content, buffers=None: said.append(json.dumps(content))  # type: ignore
    for message in messages:
        panel._any_message(None, message, None)
    return said


def test_nothing_of_the_answer_leaves_the_kernel_before_the_guess():
    panel = shuffle_box(seed=1, ask=asked())
    said = heard(panel, {"name": "hello"}, *[{"name": "own"}] * 3, {"name": "flood"})
    for words in ("suspects", "bits", "may be yours", "it can only be", 'is_open": false, "x'):
        assert not any(words in line for line in said), words
    assert all(json.loads(line)["view"]["doubt"] is None for line in said)

    said = heard(panel, {"name": "guess", "answers": ["many"]}, {"name": "guess", "answers": ["4"]})
    assert "Write a number" in said[0]
    now = json.loads(said[1])["view"]
    assert now["feedback"]["lines"] == ["You said 4; it was 5."]
    assert now["doubt"]["suspects"] == 1


def test_undo_reset_and_the_saved_widget_are_small():
    panel = shuffle_box(seed=1)
    panel.do("flood")
    panel.do("undo")
    assert panel.state.inside == State(1).inside
    panel.do("presenter")
    panel.do("own")
    panel.do("reset")
    assert panel.state == State(1)
    kept = {k: v for k, v in panel.get_state().items() if k not in ("_esm", "_css", "_code")}
    assert len(json.dumps(kept, default=str)) < 2_000


def test_the_three_minutes_of_the_teaching_notes_show_what_they_claim():
    panel = shuffle_box(seed=3)
    for _ in range(3):
        panel.do("own")
    assert panel.state.suspects == 5
    panel.do("empty")
    panel.do("people")
    eight = panel.state.bits
    panel.do("size", size=16)
    panel.do("empty")
    panel.do("people")
    assert panel.state.bits == pytest.approx(eight + 1)
    panel.do("flood")
    assert (panel.state.attackers, panel.state.bits) == (15, 0.0)
