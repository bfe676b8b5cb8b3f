"""The saturation panel's state, view and words, without a page."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import LessonError, WorkbenchError
from workbench.panels.saturation_panel import SaturationPanel, saturation_panel
from workbench.panels.saturation_state import (
    KNOBS,
    MY_TOKENS,
    NAMES,
    PRESETS,
    TOKEN,
    InputError,
    State,
    act,
    from_query,
    situation,
    to_query,
)
from workbench.panels.saturation_view import view
from workbench.rewards import decentralisation, network, placing
from workbench.teaching import Prediction, Progress, Question

START = situation("favourite", 3)
each_preset = pytest.mark.parametrize("preset", list(PRESETS))


def after(state: State, *actions: dict[str, Any]) -> State:
    for action in actions:
        state = act(state, action)
    return state


def put(key: str, value: int, bar: int = 0) -> dict[str, Any]:
    return {"name": "set", "key": key, "value": value, "bar": bar}


def returns(state: State) -> list[float]:
    return [bar["pay"] for bar in view(state)["bars"]]


# --- the numbers are the library's ---


@each_preset
def test_every_pay_shown_is_what_the_networks_formula_gives(preset):
    state = situation(preset, 5)
    data = view(state)
    for i, bar in enumerate(state.bars):
        node = network.Node(
            "x", bar.pledge * TOKEN, (bar.others + bar.mine) * TOKEN,
            f"{bar.margin / 100:.2f}", bar.cost * TOKEN // 10, f"{bar.performance / 100:.2f}",
        )  # fmt: skip
        reward = network.node_reward(state.parameters, node)
        parts = network.split(reward, node, 1)
        each = 1_000 * float(parts.delegates_unym) / float(node.delegates_unym)
        assert data["bars"][i]["pay"] == pytest.approx(each, rel=1e-12)
        shown = dict(view(replace(state, chosen=i))["node"]["rows"])
        assert shown["Reward"] == f"{float(reward) / TOKEN:.2f} tokens"
        operator = float(parts.operator_unym) / TOKEN
        assert shown["Operator’s pay, cost included"] == f"{operator:.2f} tokens"


def test_a_node_twice_as_full_as_the_line_pays_half():
    first, second = view(START)["bars"][:2]
    assert first["stake"] == 2 * second["stake"] == 2 * START.point
    assert first["pay"] * 2 == pytest.approx(second["pay"], rel=1e-12)


def test_saturation_is_shown_uncapped_with_a_warning_in_words():
    data = view(START)
    assert data["rows"][0]["cells"][0] == {"text": "200", "strong": True}
    assert data["warning"].startswith("Node A is over-saturated, 200 % full: 2,000 of its tokens")
    calm = view(situation("hands", 3))
    assert calm["warning"] == ""
    assert not any(bar["is_over"] for bar in calm["bars"])


def test_performance_multiplies_and_margin_takes():
    whole = act(START, put("performance", 100, 3))
    half = act(START, put("performance", 50, 3))
    assert returns(half)[3] * 2 == pytest.approx(returns(whole)[3], rel=1e-9)
    greedy = act(START, put("margin", 100, 3))
    assert returns(greedy)[3] == 0


def test_the_measures_of_the_network_count_operators_and_not_nodes():
    state = situation("whale", 4)
    shown = dict(view(state)["network"]["rows"])
    stakes = decentralisation.by_operator(
        [float(bar.stake) for bar in state.bars], [bar.operator for bar in state.bars]
    )
    assert shown["Nakamoto coefficient"] == f"{decentralisation.nakamoto(stakes)} of 6 operators"
    assert shown["Nakamoto coefficient"].startswith("1 ")
    assert shown["Gini coefficient"] == f"{decentralisation.gini(stakes):.2f}"
    assert view(state)["groups"] == [{"from": 0, "to": 4, "text": "one operator"}]


def test_more_places_lower_the_line():
    assert situation("line", 1).point == 625
    more = act(START, {"name": "set", "key": "places", "value": 20})
    assert view(more)["line"]["at"] == START.point / 2
    assert sum(bar["is_over"] for bar in view(more)["bars"]) > 5


def test_the_curve_peaks_at_the_line_and_the_dot_lies_on_it():
    figure = view(replace(START, chosen=1))["figure"]
    points = figure["lines"][0]["points"]
    best = max(points, key=lambda point: point[1])
    assert best[0] == START.point
    assert figure["dot"] == [START.bars[1].stake, pytest.approx(returns(START)[1])]


# --- my tokens ---


def test_tokens_are_put_taken_and_carried_and_none_is_lost():
    state = after(START, {"name": "move", "from": 0, "to": 4, "amount": 300})
    assert (state.bars[0].mine, state.bars[4].mine, state.hand) == (700, 300, 0)
    state = after(state, {"name": "move", "from": 4, "to": -1, "amount": 900})
    assert (state.bars[4].mine, state.hand) == (0, 300)
    state = after(state, {"name": "mine", "bar": 2, "by": 500})
    assert (state.bars[2].mine, state.hand) == (300, 0)
    assert after(state, {"name": "mine", "bar": 2, "by": -1_000}).hand == 300


def test_the_answer_is_what_my_tokens_get_at_these_nodes():
    state = after(START, {"name": "move", "from": 0, "to": 4, "amount": 300})
    pays = returns(state)
    assert view(state)["answer"]["value"] == f"{0.7 * pays[0] + 0.3 * pays[4]:.2f}"


@each_preset
def test_the_machine_places_at_least_as_well_as_any_single_node(preset):
    state = situation(preset, 8)
    best = float(view(act(state, {"name": "best"}))["answer"]["value"])
    empty = replace(state, bars=tuple(replace(bar, mine=0) for bar in state.bars))
    for i in range(len(NAMES)):
        one = act(empty, {"name": "mine", "bar": i, "by": MY_TOKENS})
        assert float(view(one)["answer"]["value"]) <= best + 0.005


def test_others_leave_the_favourite_until_nobody_gains_and_no_token_is_lost():
    state, total = START, sum(bar.others for bar in START.bars)
    for _ in range(30):
        try:
            state = act(state, {"name": "crowd"})
        except InputError as error:
            assert "Nobody else gains" in str(error)  # noqa: PT017 - either ends the crowd
            break
    assert sum(bar.others for bar in state.bars) == total
    assert [bar.mine for bar in state.bars] == [bar.mine for bar in START.bars]
    assert state.bars[0].stake < 1.2 * state.point
    held = [pay for pay, bar in zip(returns(state), state.bars, strict=True) if bar.others]
    assert max(held) < 1.1 * min(held)


def test_a_crowd_moves_only_who_gains():
    nodes = [START.node(i) for i in range(len(NAMES))]
    moved = placing.crowd(START.parameters, nodes, 50 * TOKEN, 1)
    assert sorted(moved)[0] == -50 * TOKEN
    assert moved[0] == -50 * TOKEN
    to = moved.index(50 * TOKEN)
    joined = placing.with_more(nodes[to], 50 * TOKEN)
    assert placing.delegate_return(START.parameters, joined) > placing.delegate_return(
        START.parameters, nodes[0]
    )


# --- the same seed, the whole state as text, bad input ---


@each_preset
def test_the_same_seed_draws_the_same_nodes_and_another_seed_others(preset):
    assert situation(preset, 1) == situation(preset, 1)
    assert situation(preset, 1) != replace(situation(preset, 2), seed=1)


ACTIONS = st.sampled_from(
    [
        {"name": "best"},
        {"name": "mine", "bar": 3, "by": 100},
        {"name": "move", "from": 0, "to": 5, "amount": 400},
        {"name": "choose", "bar": 7},
        {"name": "preset", "key": "whale"},
        *(put(key, (knob.least + knob.most) // 2 // knob.step * knob.step, 2)
          for key, knob in KNOBS.items()),
    ]
)  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(st.lists(ACTIONS, max_size=5), st.sampled_from(list(PRESETS)), st.integers(0, 2**31))
def test_the_state_comes_back_exactly_from_its_query(actions, preset, seed):
    state = after(situation(preset, seed), *actions)
    assert from_query(to_query(state)) == state
    assert len(to_query(state)) < 450


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60) | st.integers() | st.none())
def test_any_other_query_is_our_error(text):
    with pytest.raises(InputError):
        from_query(text)


def test_a_query_with_impossible_stakes_is_our_error():
    query = to_query(START)
    for bad in (query.replace("k=10", "k=3"), query.replace("1000_", "1001_"), query[:-4]):
        with pytest.raises(InputError):
            from_query(bad)


PLAIN = st.none() | st.booleans() | st.integers(-3, 5_000) | st.floats() | st.text(max_size=8)
NAMES_OF_ACTIONS = st.sampled_from(
    ["choose", "set", "mine", "move", "crowd", "preset", "seed", "presenter", "undo", "reset", "x"]
)
KEYS = ["bar", "by", "from", "to", "amount", "key", "value", "name", "serial", "answers"]


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.tuples(
            NAMES_OF_ACTIONS,
            st.dictionaries(st.sampled_from(KEYS), PLAIN | st.sampled_from(list(KNOBS))),
        ),
        max_size=5,
    )
)
def test_whatever_the_page_sends_the_state_can_be_drawn(actions):
    state = START
    for name, values in actions:
        try:
            state = act(state, {**values, "name": name})
        except WorkbenchError as error:
            assert str(error)  # noqa: PT017 - either outcome is right, a bare crash is not
    json.dumps(view(state), allow_nan=False)


@pytest.mark.parametrize("key", list(KNOBS))
def test_a_knob_says_its_range(key):
    knob = KNOBS[key]
    for value in (knob.least - 1, knob.most + 1, 0.5, "3", None, True):
        with pytest.raises(InputError, match="goes from") as error:
            act(START, {"name": "set", "key": key, "value": value})
        assert error.value.field == key


# --- the widget ---


class Page:
    """Hears what the widget sends, in the place of a browser."""

    def __init__(self, widget: SaturationPanel) -> None:
        self.heard: list[Any] = []
        self.widget = widget
        widget.send = lambda content, buffers=None: self.heard.append(content)

    def say(self, **content: Any) -> Any:
        self.widget._any_message(self.widget, content, [])
        return self.heard[-1]


def ask() -> Prediction:
    return Prediction(
        "08/x", "Guess", [Question("How much?", "number")], truth=lambda: ["TRUTH"],
        why=lambda: "BECAUSE", progress=Progress(),
    )  # fmt: skip


def test_before_the_guess_nothing_of_what_stakes_earn_is_sent():
    page = Page(saturation_panel(ask=ask()))
    page.say(name="hello")
    for name, values in (
        ("move", {"from": 0, "to": 1, "amount": 500}), ("mine", {"bar": 3, "by": 100}),
        ("set", {"key": "margin", "value": 3}), ("best", {}), ("crowd", {}), ("seed", {}),
        ("preset", {"key": "whale"}), ("reset", {}), ("undo", {}), ("guess", {"answers": ["x"]}),
    ):  # fmt: skip
        page.say(name=name, **values)
    views = [content["view"] for content in page.heard if "view" in content]
    assert len(views) >= 3
    for data in views:
        assert data["answer"] is data["node"] is data["figure"] is data["network"] is None
        assert data["warning"] == ""
        assert data["knobs"] == data["presets"] == []
        assert [bar["pay"] for bar in data["bars"]] == [None] * len(NAMES)
        assert [row["label"] for row in data["rows"]] == ["saturation, %"]
    assert not any(word in json.dumps(page.heard) for word in ("TRUTH", "BECAUSE", "pays"))
    content = page.say(name="guess", answers=["4"])
    assert content["view"]["feedback"]["lines"] == ["You said 4; it was TRUTH."]
    assert content["view"]["answer"] is not None


def test_the_feedback_is_sent_before_the_lessons_own_sums_begin():
    guess = ask()
    page = Page(saturation_panel(ask=guess))
    seen = []
    guess.on_lock(lambda _: seen.append(page.heard[-1]["view"]["feedback"]["why"]))
    page.say(name="guess", answers=["4"])
    assert seen == ["BECAUSE"]


def test_undo_takes_back_a_whole_drag_and_no_look():
    page = Page(saturation_panel(seed=3))
    for margin in range(11, 20):
        page.say(name="set", key="margin", value=margin, bar=0)
    page.say(name="choose", bar=4)
    page.say(name="best")
    page.say(name="undo")
    assert page.widget.state.bars[0].margin == 19
    content = page.say(name="undo")
    assert page.widget.state.bars[0].margin == 10
    assert not content["view"]["can_undo"]


def test_reset_brings_back_the_first_state_and_a_seed_another():
    page = Page(saturation_panel("hands", seed=3))
    first = page.widget.state
    page.say(name="best")
    page.say(name="set", key="alpha", value=0)
    page.say(name="reset")
    assert page.widget.state == first
    page.say(name="seed")
    assert page.widget.state.preset == "hands"
    assert page.widget.state.seed != 3


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(KEYS), PLAIN) | PLAIN, st.booleans())
def test_any_message_of_a_page_leaves_the_widget_alive(content, is_sealed):
    widget = saturation_panel(seed=3, ask=ask() if is_sealed else None)
    page = Page(widget)
    widget._any_message(widget, content, [])
    assert page.say(name="hello")["view"]


def test_no_trait_holds_data():
    widget = saturation_panel(seed=3)
    widget.do("best")
    own = {k: v for k, v in widget.get_state().items() if k not in ("_esm", "_css", "_code")}
    assert len(str(own)) < 1_500
    assert len(json.dumps(view(widget.state))) < 12_000


def test_a_state_is_told_in_one_line():
    for preset in PRESETS:
        for sealed in (False, True):
            summary = view(situation(preset, 2), sealed=sealed)["summary"]
            assert "\n" not in summary
            assert 20 < len(summary) < 200


@pytest.mark.parametrize("bad", [{"preset": "no"}, {"seed": 0.5}, {"seed": -1}, {"query": "no"}])
def test_bad_arguments_are_our_error(bad):
    with pytest.raises(LessonError):
        saturation_panel(**bad)
