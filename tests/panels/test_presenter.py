"""The presenter without a page: slides from a notebook, votes, and the lock."""

from __future__ import annotations

import asyncio
import json
import re

import ipywidgets
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import LessonError, WorkbenchError
from workbench.lesson_files import find_lesson, packaged_lessons
from workbench.panels.presenter import Deck, State, act, present
from workbench.panels.presenter_slides import (
    Slide,
    hands,
    panel_of,
    read_notebook,
    slides_of,
    to_html,
)
from workbench.teaching import Prediction, Progress, Question

SLIDES = (
    Slide("text", "Why?"),
    Slide("guess", "One?", options=("x", "y", "z")),
    Slide("guess", "Many?", options=("p", "q"), many=True),
    Slide("panel"),
    Slide("answer"),
)
LESSONS = sorted(packaged_lessons().glob("[0-9][0-9]_*.ipynb"))


def guess(called=None):
    return Prediction(
        "99/test",
        "Before",
        [Question("One?", options=("x", "y", "z")), Question("Many?", "ticks", ("p", "q"))],
        truth=lambda: (called.append(1) if called is not None else None) or ["SECRET", "SECRET"],
        why=lambda: "SECRET why",
        progress=Progress(),
    )


def notebook(*cells):
    return {"cells": [{"cell_type": kind, "source": source} for kind, source in cells]}


def in_a_loop(check):
    """Live panels need the event loop that a kernel has."""

    async def inside():
        check()

    asyncio.run(inside())


def is_lesson(path):
    return path.name[:2] != "00"


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_every_lesson_that_is_there_becomes_a_talk(path):
    in_a_loop(lambda: becomes_a_talk(path))


def becomes_a_talk(path):
    talk = present(path.name[:2])
    kinds = [slide["kind"] for slide in talk.deck.view["slides"]]
    assert kinds.count("panel") == 1
    assert talk.children == (talk.deck, talk.panel)
    if is_lesson(path):
        assert kinds[0] == "text"
        assert "guess" in kinds[: kinds.index("panel")]
        assert kinds[kinds.index("panel") + 1] == "answer"
        last = talk.deck.view["slides"][-2:]
        assert last[0]["html"].count("<li>") == 3
        assert last[1]["title"] == "An honest limit"
        assert len(last[1]["html"]) > 60
        for slide in talk.deck.view["slides"]:
            assert slide["kind"] != "guess" or 2 <= len(slide["options"]) <= 8
    for slide in talk.deck.view["slides"]:
        assert "Shift+Enter" not in slide["html"]
        assert not re.search(r"<(a|img|script|code class)\b", slide["html"])


@pytest.mark.parametrize("path", [*filter(is_lesson, LESSONS)], ids=lambda path: path.stem)
def test_what_the_room_said_is_locked_when_the_panel_comes_and_quoted_after(path):
    in_a_loop(lambda: is_locked_and_quoted(path))


def is_locked_and_quoted(path):
    talk = present(path.stem)
    kinds = [slide["kind"] for slide in talk.deck.view["slides"]]
    for i, kind in enumerate(kinds[: kinds.index("panel")]):
        talk.deck.do("go", to=i)
        if kind == "guess":
            talk.deck.do("vote", letter="A")
    assert not talk.deck.view["locked"]
    talk.deck.do("go", to=kinds.index("panel"))
    assert talk.deck.view["locked"]
    answer = talk.deck.view["slides"][kinds.index("answer")]["html"]
    assert "he room said " in answer


def test_the_panel_comes_in_large_type():
    assert present("05").panel.state.presenter is True
    assert present("01").panel.state.presenter is True


def test_a_vote_is_recorded_where_it_was_given_and_may_change():
    state = act(State(), SLIDES, {"name": "go", "to": 1})
    state = act(state, SLIDES, {"name": "vote", "letter": "C"})
    state = act(state, SLIDES, {"name": "vote", "letter": "B"})
    assert state.votes == ("", "B", "", "", "")
    state = act(state, SLIDES, {"name": "go", "to": 2})
    for letter in "ABA":
        state = act(state, SLIDES, {"name": "vote", "letter": letter})
    assert state.votes == ("", "B", "B", "", "")


@pytest.mark.parametrize(
    "action",
    [
        {},
        {"name": "fly"},
        {"name": "go"},
        {"name": "go", "to": 5},
        {"name": "go", "to": -1},
        {"name": "go", "to": True},
        {"name": "go", "to": "1"},
        {"name": "vote", "letter": "A"},  # the first slide asks nothing
    ],
)
def test_another_action_is_refused_with_what_was_expected(action):
    with pytest.raises(LessonError, match=r"'go' or 'vote'|from 0 to 4|no hands"):
        act(State(), SLIDES, action)


@pytest.mark.parametrize("letter", ["D", "a", "", "AB", None, 1, ["A"]])
def test_a_letter_that_stands_for_nothing_is_refused(letter):
    with pytest.raises(LessonError, match="one of A, B, C"):
        act(State(at=1), SLIDES, {"name": "vote", "letter": letter})


def test_the_truth_is_not_computed_and_nowhere_in_the_view_before_the_lock():
    called: list[int] = []
    deck = Deck(SLIDES, None, guess(called))
    deck.do("go", to=1)
    deck.do("go", to=3)
    assert called == []
    assert "SECRET" not in json.dumps(deck.view)
    deck.do("go", to=1)
    deck.do("vote", letter="B")
    deck.do("go", to=4)
    assert called == [1]
    assert "The room said y; it was SECRET" in deck.view["slides"][4]["html"].replace(
        "One?: ", ""
    ) or "SECRET why" in str(deck.view)
    deck.do("go", to=1)
    deck.do("vote", letter="C")
    assert deck.state.votes[1] == "B", "after the lock a vote changes nothing"


@given(
    st.one_of(
        st.none(),
        st.text(),
        st.dictionaries(
            st.sampled_from(["name", "to", "letter", "x"]),
            st.one_of(
                st.sampled_from(["go", "vote", "hello", "A", "B"]),
                st.integers(-3, 9),
                st.none(),
                st.lists(st.integers()),
                st.floats(),
            ),
        ),
    )
)
def test_whatever_the_page_sends_the_deck_lives(content):
    deck = Deck(SLIDES, None, guess())
    deck._any_message(deck, content, [])
    assert 0 <= deck.state.at < len(SLIDES)


@given(st.text(max_size=300))
def test_no_text_becomes_markup_that_markdown_does_not_have(text):
    tags = set(re.findall(r"</?([a-z0-9]+)", to_html(text)))
    known = {"p", "em", "strong", "code", "pre", "ul", "ol", "li", "br", "hr", "blockquote"}
    assert tags <= known | {f"h{i}" for i in range(1, 7)} | {"table", "thead", "tbody", "tr"} | {
        "th",
        "td",
    }


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>x</script>",
        "<img src=x onerror=x>",
        "[a](javascript:x)",
        "![x](y){onload=x}",
        '`<b onclick="x">`',
        "<!-- x --><iframe>",
    ],
)
def test_markup_in_a_lesson_is_shown_and_not_obeyed(hostile):
    html = to_html(hostile)
    assert not re.search(r"<(script|img|iframe|a|b)\b", html)


def test_links_become_their_words():
    assert to_html("see [lesson 5](05_x.ipynb) *now*") == "<p>see lesson 5 <em>now</em></p>"


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"{}", b'{"cells": 1}', b'{"cells": [1]}'])
def test_a_file_that_is_no_notebook_is_told(tmp_path, raw):
    path = tmp_path / "05_x.ipynb"
    path.write_bytes(raw)
    with pytest.raises(LessonError, match="is no notebook"):
        present("05", tmp_path)


def test_a_file_that_cannot_be_read_is_told(tmp_path):
    with pytest.raises(LessonError, match="cannot be read"):
        read_notebook(tmp_path)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("", "should end with the call"),
        ("x = 1", "should end with the call"),
        ("1 +", "is not Python"),
        ("\0", "is not Python"),
        ("missing()", "NameError"),
        ("1/0\nprint()", "ZeroDivisionError"),
        ("print()", "a panel .a widget. is expected"),
    ],
)
def test_a_first_cell_without_a_panel_is_told(tmp_path, source, reason):
    path = tmp_path / "05_x.ipynb"
    path.write_text(json.dumps(notebook(("code", source))))
    with pytest.raises(LessonError, match=reason):
        present("05", tmp_path)


def test_a_notebook_without_code_is_told():
    with pytest.raises(LessonError, match="has no code cell"):
        panel_of(notebook(("markdown", "# Why?")))


def test_a_panel_that_knows_no_presenter_is_shown_all_the_same():
    panel, ask = panel_of(notebook(("code", "import ipywidgets\nipywidgets.IntSlider(5)")))
    assert isinstance(panel, ipywidgets.IntSlider)
    assert ask is None


def test_a_notebook_of_other_shape_still_gives_its_panel():
    slides = slides_of(notebook(("markdown", "no heading"), ("code", "x()")))
    assert [slide.kind for slide in slides] == ["panel"]


def test_a_number_has_hands_only_where_some_are_offered():
    number = Prediction(
        "99/number", "t", [Question("How many?", "number")], truth=lambda: ["7"], why=lambda: ""
    )
    assert hands(number) == [()]
    assert hands(None) == []


def test_a_lesson_is_found_by_number_and_name():
    assert find_lesson("5") == find_lesson(5) == find_lesson("05") == find_lesson("05_delay")
    assert find_lesson("05_delay_buys_company.ipynb").name.startswith("05")


@pytest.mark.parametrize("lesson", ["77", "", "0", "nothing", "../05", "*", "٥", -1, "x" * 500])
def test_a_lesson_that_is_not_there_is_answered_with_those_that_are(lesson):
    if lesson == "0":
        assert find_lesson(lesson).name.startswith("00")
        return
    with pytest.raises(WorkbenchError, match=r"expected one of 00_workbench, 01_who") as error:
        find_lesson(lesson)
    assert len(str(error.value)) < 700


def test_a_folder_without_lessons_is_told(tmp_path):
    with pytest.raises(WorkbenchError, match="expected notebooks such as"):
        find_lesson("05", tmp_path / "none")
