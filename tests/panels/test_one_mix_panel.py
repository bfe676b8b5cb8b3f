"""The one-mix panel: its numbers are the library's, and nothing but its own errors comes out."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import workbench as wb
from workbench.anonymity import poisson_mix_entropy_bits
from workbench.errors import LessonError, WorkbenchError
from workbench.panels.one_mix_panel import DELAY, RATE, act, answer, one_mix_panel, view
from workbench.teaching import Prediction, Progress, Question


def ask():
    return Prediction(
        "x/twice",
        "Twice",
        [Question("What then?", options=("a", "b"))],
        truth=lambda: ["the secret answer"],
        why=lambda: "the secret reason",
        progress=Progress(),
    )


@pytest.mark.parametrize(("delay", "rate"), [(0.5, 100.0), (2.0, 50.0), (0.1, 8.0)])
def test_the_headline_is_the_exact_mean_and_the_measured_is_a_simulation(delay, rate):
    panel = one_mix_panel(delay, rate, seed=5)
    numbers = panel.view["numbers"]
    assert numbers["bits"] == f"{poisson_mix_entropy_bits(delay * rate):.1f}"
    run = wb.simulate(
        panel.state.scenario,
        duration_s=max(400 / rate, 10 * delay),
        targets=200,
        track="senders",
        log=True,
    )
    assert numbers["median"] == f"{run.spread.median:.1f}"
    assert numbers["worst"] == f"{run.spread.worst:.1f}"
    assert numbers["pool"] == f"{delay * rate:.3g}"


def test_the_bars_are_the_suspicion_and_the_dots_are_packets_of_the_run():
    found = answer(one_mix_panel(seed=2).state.scenario)
    data = view(one_mix_panel(seed=2).state, False, found)
    bars, story = data["bars"], data["story"]
    assert max(bars["shares"]) == 1.0
    assert bars["mine"] is not None
    count, each = bars["count"], bars["each"]
    first = found.suspects.chances[:each].sum()
    other = found.suspects.chances[5 * each : 6 * each].sum()
    assert bars["shares"][5] / bars["shares"][0] == pytest.approx(other / first, abs=2e-3)
    assert math.isclose(found.suspects.chances[:count].sum(), 0.95, abs_tol=0.02)
    at = story["enters"]
    inside = [m for m in story["moves"] if m[0] <= at < m[1]]
    came, left = found.came_s, found.left_s
    really = ((came <= found.suspects.came_s) & (left > found.suspects.came_s)).sum()
    assert abs(len(inside) - really) <= 1  # the packet itself stands on the edge of the moment
    assert sum(m[3] for m in story["moves"]) == 1
    slots = [m[2] for m in inside]
    assert len(set(slots)) == len(slots), "two packets in one place"


def test_twice_the_delay_shows_one_bit_more():
    panel = one_mix_panel()
    before = float(panel.view["numbers"]["bits"])
    at = DELAY.nearest(0.5)
    panel.do("set", knob="delay_s", at=at + DELAY.times)
    assert panel.state.scenario.delay_s == 1.0
    assert float(panel.view["numbers"]["bits"]) == pytest.approx(before + 1.0, abs=0.051)


def test_a_slider_keeps_the_seed_and_new_seed_keeps_the_sliders():
    panel = one_mix_panel(seed=7)
    panel.do("set", knob=RATE.knob, at=3)
    assert panel.state.scenario.seed == 7
    moved = panel.state.scenario
    panel.do("new seed")
    assert panel.state.scenario == moved.replace(seed=8)
    panel.do("undo")
    assert panel.state.scenario == moved
    panel.do("reset")
    assert panel.state.scenario == one_mix_panel(seed=7).state.scenario


def test_nothing_of_sliders_chart_or_answer_is_in_the_page_before_the_guess():
    panel = one_mix_panel(ask=ask())
    told = json.dumps(panel.view)
    for word in ("secret", "dials", '"chart"', "doubling"):
        assert word not in told
    panel._any_message(None, {"name": "guess", "answers": ["a"], "serial": 1}, None)
    assert "You said a; it was the secret answer." in panel.view["feedback"]["lines"]
    assert len(panel.view["dials"]) == 2


def test_the_state_comes_back_exactly_from_its_query():
    panel = one_mix_panel(seed=11)
    panel.do("set", knob="delay_s", at=4)
    again = one_mix_panel(query=panel.query)
    assert again.state.scenario == panel.state.scenario
    assert again.view["numbers"] == panel.view["numbers"]


@pytest.mark.parametrize(
    "query", ["", "v=1&width=3", "nonsense", "v=9", "v=1&delay_s=1e9", 5, "v=1&clients=1"]
)
def test_a_hostile_query_is_refused_in_words(query):
    with pytest.raises(LessonError, match="line that the panel"):
        one_mix_panel(query=query)


@pytest.mark.parametrize(("delay", "rate"), [(0, 100), ("1", 1), (None, 1), (1, math.nan), (99, 1)])
def test_values_out_of_range_are_our_own_error(delay, rate):
    with pytest.raises(WorkbenchError):
        one_mix_panel(delay, rate)


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None)
@given(
    st.fixed_dictionaries(
        {"name": st.sampled_from(["set", "new seed", "presenter", "clear"]) | junk},
        optional={"knob": st.sampled_from(["delay_s", RATE.knob]) | junk, "at": junk},
    )
)
def test_whatever_the_page_sends_only_our_errors_come_out(action):
    state = one_mix_panel().state
    after = state
    with contextlib.suppress(LessonError):
        after = act(state, action)
    assert after.scenario.width == 1


def test_in_a_kernel_the_page_hears_computing_first_and_the_newest_answer_last():
    async def drag():
        panel = one_mix_panel(seed=4)
        sent = []
        panel.send = sent.append
        for serial, at in enumerate([3, 6, 9, 12], 1):
            panel._any_message(
                None, {"name": "set", "knob": "delay_s", "at": at, "serial": serial}, 0
            )
        assert [m["view"]["computing"] for m in sent] == [True] * 4
        assert all(m["view"]["numbers"] is None for m in sent)
        for _ in range(1000):
            if not sent[-1]["view"]["computing"]:
                break
            await asyncio.sleep(0.01)
        return panel, sent

    panel, sent = asyncio.run(drag())
    last = sent[-1]
    assert last["serial"] == 4
    assert last["view"]["numbers"] == panel.view["numbers"]
    assert len(sent) == 5, "settings that were passed over are not answered"


def test_an_error_in_the_thread_is_told_and_the_panel_lives(monkeypatch):
    panel = one_mix_panel(seed=6)
    sent = []
    monkeypatch.setattr(panel, "send", sent.append)

    def broken(_):
        raise WorkbenchError("this setting is too large")

    async def go():
        monkeypatch.setattr(panel, "_answer", broken)
        panel._any_message(None, {"name": "set", "knob": "delay_s", "at": 2, "serial": 1}, 0)
        for _ in range(1000):
            if "problem" in sent[-1]:
                return
            await asyncio.sleep(0.01)

    asyncio.run(go())
    assert sent[-1]["problem"]["text"] == "this setting is too large"
