"""The game of pools as the page gets it: played, asked, undone, and sealed."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import LessonError
from workbench.panels.game_panel import GamePanel, game_panel
from workbench.panels.game_state import KNOBS, PRESETS, situation
from workbench.panels.saturation_state import InputError
from workbench.rewards.game import is_nash, payoffs
from workbench.rewards.game.situations import RULES, SITUATIONS, begin
from workbench.teaching import Prediction, Progress, Question

each_preset = pytest.mark.parametrize("preset", list(PRESETS))


class Page:
    """Hears what the widget sends, in the place of a browser."""

    def __init__(self, widget: GamePanel) -> None:
        self.heard: list[Any] = []
        self.widget = widget
        widget.send = lambda content, buffers=None: self.heard.append(content)

    def say(self, name: str, **values: Any) -> Any:
        self.widget._any_message(self.widget, {"name": name, **values}, [])
        return self.heard[-1]

    def view(self, name: str, **values: Any) -> Any:
        return self.say(name, **values)["view"]


def fingerprint(state):
    return state.pool_owners.tolist(), state.pledges.tolist(), state.delegations.tolist()


@each_preset
def test_the_sliders_of_a_situation_are_the_librarys_situation(preset):
    setup, wanted = situation(preset, 1), SITUATIONS[preset]
    assert setup.game.rules == wanted.rules
    assert vars(setup.behaviour) == vars(wanted.behaviour)
    assert PRESETS[preset][0] == wanted.label


@each_preset
def test_run_plays_the_same_story_as_the_library(preset):
    page = Page(game_panel(preset, seed=4))
    shown = page.view("run")
    game = begin(preset, 4)
    game.run(50)
    assert fingerprint(page.widget.state) == fingerprint(game.state)
    assert shown["answer"]["value"] == str(int(game.history.pools[-1]))
    assert shown["figure"]["lines"][0]["points"][-1][1] == int(game.history.pools[-1])


def test_it_begins_at_an_equilibrium_that_is_marked_as_one():
    data = Page(game_panel(seed=4)).view("hello")
    assert data["note"]["title"].startswith("An equilibrium")
    assert len(data["bars"]) == RULES.k
    marks = data["rows"][1]["cells"]
    assert [cell["text"] for cell in marks] == ["◆"] * RULES.k
    assert all(bar["stake"] == pytest.approx(data["line"]["at"]) for bar in data["bars"])


def test_the_best_deviation_is_the_librarys_and_can_be_played():
    page = Page(game_panel("sybil", seed=9))
    want = is_nash(page.widget.state).deviation
    note = page.view("best")["note"]["lines"]
    assert note[1].startswith(f"Player {want.player} runs more pools")
    assert f"{100 * want.gain / want.pay_before:+.1f} %" in note[1]
    data = page.view("play")
    now = page.widget.state
    assert sorted(now.pool_owners) == sorted(want.after.pool_owners)
    assert payoffs(now)[want.player] == pytest.approx(want.pay_after, rel=1e-12)
    assert data["answer"]["value"] == str(want.after.pool_owners.size)
    assert [b["on"] for b in data["buttons"] if b["name"] == "play"] == [False]


def test_a_bar_asks_its_operator():
    page = Page(game_panel("sybil", seed=4))
    data = page.view("choose", bar=2)
    player = page.widget.state.pool_owners[2]
    assert data["note"]["lines"][0].startswith(f"Player {player} ")
    assert data["chosen"] == list(page.widget.state.pool_owners).index(player)


def test_one_step_and_whole_rounds_tell_the_same_story():
    steps, rounds = Page(game_panel("sleepy", seed=2)), Page(game_panel("sleepy", seed=2))
    rounds.view("all")
    for _ in range(60):
        data = steps.view("one")
        if data["answer"]["title"] == "After 1 round":
            break
    assert fingerprint(steps.widget.state) == fingerprint(rounds.widget.state)


def test_a_knob_is_turned_while_the_game_goes_on():
    page = Page(game_panel(seed=4))
    before = fingerprint(page.widget.state)
    page.view("set", key="saturation", value=0)
    assert fingerprint(page.widget.state) == before
    data = page.view("run")
    assert int(data["answer"]["value"]) <= 3
    assert data["line"]["text"] == "no saturation point"
    assert not any(bar["is_over"] for bar in data["bars"])


def test_undo_brings_back_the_moment_with_its_dice():
    page = Page(game_panel("dice", seed=4))
    page.view("all")
    before = fingerprint(page.widget.state)
    after = [page.view("all") and fingerprint(page.widget.state)]
    page.view("undo")
    assert fingerprint(page.widget.state) == before
    page.view("all")
    assert fingerprint(page.widget.state) == after[0]


def test_who_loses_money_is_marked_and_said():
    page = Page(game_panel("dice", seed=4))
    data = page.view("run")
    pay = payoffs(page.widget.state, "myopic")
    for bar in data["bars"]:
        assert bar["is_losing"] == bool(pay[int(bar["name"])] < 0)
        assert ("loses money" in bar["says"]) == bar["is_losing"]
    assert len(data["bars"]) == 24
    assert f"of {page.widget.state.pool_owners.size}." in data["warning"]
    held = np.sort(page.widget.state.pool_stakes)[::-1][:24].sum()
    assert sum(bar["stake"] for bar in data["bars"]) == pytest.approx(held)


def test_where_the_theory_finds_no_equilibrium_the_panel_says_so_and_claims_no_more():
    rows = dict(Page(game_panel("sybil", seed=4)).view("hello")["node"]["rows"])
    assert rows == {"A state where nobody gains": "none found", "Proof that there is none": "no"}


def test_before_the_guess_no_round_is_played_at_once():
    ask = Prediction(
        "09/x", "Guess", [Question("How many?", "number")], truth=lambda: ["TRUTH"],
        why=lambda: "BECAUSE", progress=Progress(),
    )  # fmt: skip
    page = Page(game_panel("sleepy", ask=ask, seed=4))
    data = page.view("hello")
    assert data["knobs"] == data["presets"] == []
    assert [b["name"] for b in data["buttons"]] == ["best", "play", "one"]
    for name in ("all", "run", "reset", "seed", "set", "preset"):
        assert "First lock in your guess" in page.say(name)["problem"]["text"]
    assert page.view("one")["answer"]["title"] == "After 0 rounds"
    assert not any(word in json.dumps(page.heard) for word in ("TRUTH", "BECAUSE"))
    assert page.view("guess", answers=["3"])["feedback"]["lines"] == ["You said 3; it was TRUTH."]
    assert page.view("run")["answer"]["value"].isdigit()


def test_the_first_answer_says_that_something_is_under_way():
    page = Page(game_panel(seed=4))
    page.say("hello")
    assert "Getting the game ready" in page.heard[0]["busy"]
    assert page.heard[1]["view"]


PLAIN = st.none() | st.booleans() | st.integers(-3, 40) | st.floats() | st.text(max_size=8)
ACTIONS = st.sampled_from(
    ["best", "play", "one", "all", "choose", "set", "preset", "seed", "undo", "reset", "x"]
)
KEYS = st.sampled_from(["bar", "key", "value", "serial", "answers"])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(ACTIONS, st.dictionaries(KEYS, PLAIN | st.sampled_from(list(KNOBS))))))
def test_whatever_the_page_sends_the_panel_lives(actions):
    page = Page(game_panel(seed=4))
    for name, values in actions[:4]:
        page.say(name, **values)
    data = page.view("hello")
    json.dumps(data, allow_nan=False)
    assert len(json.dumps(data)) < 20_000


@pytest.mark.parametrize("key", list(KNOBS))
def test_a_knob_says_its_range(key):
    page = Page(game_panel(seed=4))
    for value in (-1, 1_000, 0.5, "3", None, True):
        problem = page.say("set", key=key, value=value)["problem"]
        assert "goes from" in problem["text"]
        assert problem["field"] == key


@pytest.mark.parametrize("bad", [{"preset": "no"}, {"seed": 0.5}, {"seed": -1}])
def test_bad_arguments_are_our_error(bad):
    with pytest.raises(LessonError):
        game_panel(**bad)
    with pytest.raises(InputError):
        situation(bad.get("preset", "awake"), bad.get("seed", 1))
