"""The river panel: its numbers are a simulation's, and nothing but its own errors comes out."""

from __future__ import annotations

import contextlib
import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import workbench as wb
from workbench.errors import LessonError, WorkbenchError
from workbench.panels.river_panel import (
    CAPACITY_PER_S,
    DELAY,
    FLOW,
    LAYERS,
    WIDTH,
    act,
    answer,
    river_panel,
)
from workbench.teaching import Prediction, Progress, Question


def ask():
    return Prediction(
        "x/wider",
        "Wider",
        [Question("What then?", options=("a", "b"))],
        truth=lambda: ["the secret answer"],
        why=lambda: "the secret reason",
        progress=Progress(),
    )


@pytest.mark.parametrize(
    ("width", "rate", "delay"), [(10, 100.0, 0.5), (50, 100.0, 0.5), (3, 50.0, 1.0)]
)
def test_the_numbers_are_those_of_a_simulation(width, rate, delay):
    panel = river_panel(width, rate, delay, seed=3)
    numbers = panel.view["numbers"]
    run = wb.simulate(
        panel.state.scenario, duration_s=max(300 / rate, 2.0), targets=150, track="senders"
    )
    assert numbers["bits"] == f"{run.spread.mean:.1f}"
    assert numbers["spread"] == f"{run.spread.median:.1f} / {run.spread.worst:.1f}"
    assert float(numbers["pool"]) == pytest.approx(rate * delay / width, rel=0.25)
    assert numbers["load"] == f"{100 * rate / width / CAPACITY_PER_S:.0f} %"
    assert numbers["lost"] == f"{100 * run.dropped / run.sent:.0f} %"


def test_widening_runs_it_dry_and_narrowing_floods_it():
    bits = {w: float(river_panel(w).view["numbers"]["bits"]) for w in (5, 10, 50, 100)}
    assert bits[5] - bits[10] < 0.7
    assert bits[10] - bits[50] > 2.5
    assert bits[50] - bits[100] > 0.8
    narrow = river_panel(1).view
    assert narrow["numbers"]["load"] == "200 %"
    assert "of the packets are lost" in narrow["summary"]


def test_tenfold_at_half_the_delay_is_faster_and_better():
    panel = river_panel(5)
    before = panel.view["numbers"]
    panel.do("tenfold")
    assert (panel.state.scenario.clients, panel.state.scenario.width) == (1000, 50)
    panel.do("set", knob="delay_s", at=DELAY.nearest(0.25))
    after = panel.view["numbers"]
    assert float(after["bits"]) > float(before["bits"]) + 0.5
    assert float(after["latency"]) < 0.7 * float(before["latency"])
    assert after["load"] == before["load"]


@pytest.mark.parametrize(("width", "tenfold"), [(1, False), (10, False), (100, False), (10, True)])
def test_every_mix_is_drawn_as_full_as_it_is(width, tenfold):
    panel = river_panel(width, seed=9)
    if tenfold:
        panel.do("tenfold")
    data = panel.view
    run = answer(panel.state.scenario)
    assert [len(layer) for layer in data["layers"]] == [width] * 3
    assert data["standby"] + width * data["each"] == 100 * data["each"]
    mean = sum(map(sum, data["layers"])) / (3 * width)
    assert mean == pytest.approx(min(run.pool_mean.mean() / 10, 1.0), abs=0.02)


def test_the_chart_keeps_what_was_tried_at_these_settings_only():
    panel = river_panel()
    for at in (3, 7):
        assert panel.view["numbers"]  # as the page does: looked at, then moved on
        panel.do("set", knob="width", at=at)
    kinds = [mark["kind"] for mark in panel.view["chart"]["marks"]]
    assert sorted(kinds) == ["now", "tried", "tried", "worst"]
    panel.do("set", knob="delay_s", at=0)
    kinds = [mark["kind"] for mark in panel.view["chart"]["marks"]]
    assert sorted(kinds) == ["now", "worst"]
    for line in panel.view["chart"]["lines"]:
        assert all(0 <= x <= 1 and 0 <= y <= 1 for x, y in line["points"])


def test_nothing_of_sliders_chart_or_answer_is_in_the_page_before_the_guess():
    panel = river_panel(ask=ask())
    told = json.dumps(panel.view)
    for word in ("secret", "dials", '"chart"'):
        assert word not in told
    panel._any_message(None, {"name": "guess", "answers": ["a"], "serial": 1}, None)
    assert "You said a; it was the secret answer." in panel.view["feedback"]["lines"]
    assert len(panel.view["dials"]) == 4


def test_the_state_comes_back_exactly_from_its_query():
    panel = river_panel(seed=11)
    panel.do("set", knob="width", at=WIDTH.nearest(7))
    panel.do("set", knob="layers", at=LAYERS.nearest(2))
    panel.do("tenfold")
    again = river_panel(query=panel.query)
    assert (again.state.base, again.state.tenfold) == (panel.state.base, True)
    assert again.view["numbers"] == panel.view["numbers"]


@pytest.mark.parametrize("query", ["", "v=1&width=3", "tenfold=1", "&tenfold=1", "v=9", 5, "v=1"])
def test_a_hostile_query_is_refused_in_words(query):
    with pytest.raises(LessonError, match="line that the panel"):
        river_panel(query=query)


@pytest.mark.parametrize(
    "options",
    [
        {"width": 0},
        {"width": 101},
        {"width": "3"},
        {"packets_per_s": math.nan},
        {"packets_per_s": None},
        {"delay_s": 99},
        {"delay_s": True},
        {"layers": 6},
        {"seed": -1},
    ],
)
def test_values_out_of_range_are_our_own_error(options):
    with pytest.raises(WorkbenchError):
        river_panel(**options)


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None)
@given(
    st.fixed_dictionaries(
        {"name": st.sampled_from(["set", "new seed", "presenter", "tenfold"]) | junk},
        optional={"knob": st.sampled_from(["delay_s", "width", FLOW.knob]) | junk, "at": junk},
    )
)
def test_whatever_the_page_sends_only_our_errors_come_out(action):
    state = river_panel().state
    after = state
    with contextlib.suppress(LessonError):
        after = act(state, action)
    assert after.base.capacity_per_s == CAPACITY_PER_S
