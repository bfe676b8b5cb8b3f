"""The silence panel without a page: wires, verdicts, loops and the seal, all the library's."""

from __future__ import annotations

import contextlib
import itertools
import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.anonymity import blame, draw_loops, sender_found_chance, watch_senders, watch_wires
from workbench.errors import LessonError
from workbench.exercises import lesson_06
from workbench.panels.silence_panel import silence_panel
from workbench.panels.silence_state import (
    DAYS,
    DIALS,
    DROPPED,
    LAYERS,
    LOOP,
    MAIN,
    MINUTES,
    MODES,
    ORDINARY_LOSS,
    WIDTH,
    State,
    act,
    alarm,
    from_query,
    loops,
    missing_share,
    to_query,
)
from workbench.panels.silence_view import NAMES, mix_name
from workbench.sphinx import Geometry
from workbench.teaching import Prediction, Progress, Question


def asked() -> Prediction:
    return Prediction(
        "t/silence",
        "Guess",
        [Question("How many?", "number")],
        truth=lambda: ["the secret answer"],
        why=lambda: "the secret reason",
        progress=Progress(),
    )


def turn(panel, **knobs):
    """Move sliders to values, as the page does: by their steps."""
    for knob, value in knobs.items():
        dial = next(d for d in DIALS[panel.state.mode] if d.knob == knob)
        panel.do("set", knob=knob, at=dial.values.index(value))
    return panel.view


# --- the wires ---


def test_without_cover_one_mark_stands_alone_and_you_are_found():
    view = silence_panel(seed=1).view
    dots = [row["any"] for row in view["wires"]["dots"]]
    assert [len(row) for row in dots] == [int(name == "You") for name in view["wires"]["names"]]
    assert view["wires"]["minute"][0] <= dots[view["wires"]["you"]][0] < view["wires"]["minute"][1]
    assert view["counts"] == [len(row) for row in dots]
    assert view["numbers"]["found"] == "10.0"
    assert view["numbers"]["tries"] == "100 %"
    assert "names you, and is right" in view["verdict"]


@pytest.mark.parametrize(("loop", "main"), [(1, 0), (5, 0), (5, 2), (0, 10)])
def test_counts_and_chances_are_those_of_the_library(loop, main):
    panel = silence_panel(loop=loop, main=main, seed=7)
    view = panel.view
    wires = watch_wires(
        10, ready_s=318.0, length_s=600.0, loop_per_s=loop / 60, main_stream_per_s=main / 60, seed=7
    )
    by_name = dict(zip(view["wires"]["names"], view["counts"], strict=True))
    assert [by_name[name] for name in NAMES] == wires.counts(300.0, 360.0).tolist()
    added = 0 if main else 1
    cover = (loop + main) / 60
    chance = sender_found_chance(10, cover, 60.0, real_packets=added)
    watch = watch_senders(10, cover, 60.0, real_packets=added, trials=1000, seed=7)
    assert view["numbers"]["found"] == f"{10 * chance:.1f}"
    assert view["numbers"]["tries"] == f"{100 * watch.share_right:.0f} %"
    low, high = watch.chance_interval
    assert view["numbers"]["blind"] == f"10 % ({100 * low:.0f}–{100 * high:.0f} %)"
    most = max(view["counts"])
    assert view["busiest"] == [count == most for count in view["counts"]]


def test_a_slider_keeps_the_packets_that_were_there_and_adds_to_them():
    panel = silence_panel(seed=2)
    before = [set(row["any"]) for row in turn(panel, loop=2)["wires"]["dots"]]
    after = [set(row["any"]) for row in turn(panel, loop=10)["wires"]["dots"]]
    assert all(few <= many for few, many in zip(before, after, strict=True))
    assert sum(map(len, after)) > sum(map(len, before))


def test_kinds_are_in_the_page_only_when_they_are_asked_for():
    panel = silence_panel(loop=5, main=2, seed=3)
    closed = panel.view["wires"]["dots"]
    assert all(set(row) == {"any"} for row in closed)
    panel.do("open")
    opened = panel.view["wires"]["dots"]
    assert sum(len(row["real"]) for row in opened) <= 1
    for one, all_kinds in zip(closed, opened, strict=True):
        assert sorted(one["any"]) == sorted(itertools.chain(*all_kinds.values()))


def test_added_days_pile_up_for_loops_and_not_for_drop_cover():
    panel = silence_panel("daily", loop=5, seed=3)
    ten, sixty = turn(panel, days=10), turn(panel, days=60)
    assert float(ten["numbers"]["found"]) < float(sixty["numbers"]["found"])
    assert sum(map(sum, sixty["wires"]["bars"])) == pytest.approx(10 * 60 * 10 * 5, rel=0.05)
    stream = turn(panel, loop=0, main=5)
    assert stream["numbers"]["found"] == "1.0"
    assert stream["numbers"]["wait"] == "12 s"
    mine = stream["wires"]["bars"][stream["wires"]["you"]]
    assert sum(mine[15:18]) == stream["counts"][stream["wires"]["you"]]


def test_a_message_waits_for_a_slot_and_the_panel_says_how_long():
    for seed in range(20):
        view = silence_panel(main=1, seed=seed).view
        waited = watch_wires(
            10, ready_s=318.0, length_s=600.0, main_stream_per_s=1 / 60, seed=seed
        ).waited_s[0]
        if np.isnan(waited):
            assert "still waits" in view["numbers"]["waited"]
        else:
            assert f"waited {waited:.3g} s" in view["numbers"]["waited"]


def test_the_meter_counts_bytes_of_the_real_packet():
    view = silence_panel(loop=5, main=5, seed=0).view
    a_day = 10 * 1440 * Geometry.nym_regular().packet_bytes / 1e6
    assert f"{a_day:.3g} MB a day" in view["meter"]["words"]
    assert "2,413 bytes" in silence_panel(seed=0).view["meter"]["words"]


def test_the_chart_marks_what_is_set_and_what_was_tried():
    panel = silence_panel(seed=4)
    turn(panel, loop=1)
    marks = turn(panel, loop=5)["chart"]["marks"]
    assert [mark["kind"] for mark in marks] == ["tried", "tried", "now"]
    assert marks[-1]["label"] == f"{100 * sender_found_chance(10, 5 / 60, 60.0):.0f} %"
    line = panel.view["chart"]["lines"][1]["points"]
    assert marks[-1]["at"] == line[LOOP.values.index(5)]
    panel.do("mode", mode="daily")
    assert [mark["kind"] for mark in panel.view["chart"]["marks"]] == ["now"]
    assert len(panel.view["chart"]["lines"][1]["points"]) == len(DAYS.values)


# --- loops ---


def test_loops_are_the_alarm_and_find_the_node():
    panel = silence_panel("drops", loop=5, seed=3)
    view = turn(panel, minutes=240, dropped=100)
    seen = loops(panel.state)
    routes, came = draw_loops(
        4800, layers=LAYERS, width=WIDTH, loss=ORDINARY_LOSS, dropping=seen.dropping, seed=3
    )
    assert np.array_equal(seen.returned, came[:1200])
    cells = {mix["name"]: mix for layer in view["mixes"] for mix in layer}
    worst = blame(routes[:1200], came[:1200]).most_suspect
    assert worst == seen.dropping
    assert max(cells.values(), key=lambda mix: mix["share"])["name"] == mix_name(worst)
    rang = alarm().first_ring(came[:1200])
    assert view["windows"]["words"].startswith(
        f"The alarm rang after {rang} loops, at minute {rang / 5:.3g}."
    )
    expected = alarm().mean_time_until_s(missing_share(100.0), 5 / 60) / 60
    assert view["numbers"]["until"] == f"{expected:.3g} min"


def test_the_culprit_is_not_in_the_page_until_it_is_accused_or_told():
    panel = silence_panel("drops", loop=5, seed=3)
    culprit = loops(panel.state).dropping
    assert panel.view["trial"] == ""
    panel.do("accuse", mix=(culprit + 1) % 15)
    assert panel.view["trial"] == f"You accuse {mix_name((culprit + 1) % 15)}: no."
    panel.do("accuse", mix=culprit)
    assert panel.view["trial"].endswith("it is that one.")
    panel.do("tell")
    assert f"In truth {mix_name(culprit)} dropped 50 %" in panel.view["trial"]
    panel.do("new seed")
    assert panel.view["trial"] == ""


def test_no_loops_no_alarm_and_no_drops_no_culprit():
    panel = silence_panel("drops", seed=5)
    assert "would not hear of it" in panel.view["summary"]
    assert panel.view["numbers"]["until"] == "never"
    turn(panel, loop=20, dropped=0)
    panel.do("tell")
    assert "no node dropped anything" in panel.view["trial"]
    assert panel.view["numbers"]["until"] == panel.view["numbers"]["false"]


def test_text_and_panel_speak_of_the_same_alarm():
    text = str(lesson_06.the_alarm())
    assert f"windows of {alarm().window}, and ring when {alarm().threshold} or" in text
    assert f"{WIDTH} mixes a layer, {100 * ORDINARY_LOSS:.0f} % ordinary loss" in text


def test_the_three_minutes_of_the_teaching_notes_show_what_they_say():
    """Played on the seed that they name; each claim in a spoken line is read off the panel."""
    panel = silence_panel(seed=3, presenter=True)
    assert turn(panel, loop=1)["numbers"]["found"] == "2.7"
    view = turn(panel, loop=5)
    assert "17.4 MB a day" in view["meter"]["words"]
    assert float(view["numbers"]["found"]) < 2
    panel.do("mode", mode="daily")
    assert float(panel.view["numbers"]["found"]) > 4
    assert float(turn(panel, days=60)["numbers"]["found"]) > 9
    view = turn(panel, loop=0, main=5)
    assert (view["numbers"]["found"], view["numbers"]["wait"]) == ("1.0", "12 s")
    panel.do("mode", mode="drops")
    view = turn(panel, loop=5)
    assert "The alarm rang" in view["summary"]
    cells = [mix for layer in view["mixes"] for mix in layer]
    panel.do("accuse", mix=max(cells, key=lambda mix: mix["share"])["mix"])
    assert panel.view["trial"].endswith("it is that one.")


# --- guess, undo, short line, junk ---


def test_before_the_guess_there_are_wires_and_nothing_else():
    panel = silence_panel(ask=asked(), seed=3)
    told = json.dumps(panel.view)
    for word in ("secret", "dials", "counts", "busiest", "verdict", "numbers", "chart", "meter"):
        assert word not in told, word
    assert all(heard.found is None for heard in panel._answers.values())
    for action in ("open", "new seed", "mode", "tell"):
        with pytest.raises(LessonError, match="First lock in"):
            panel.do(action, mode="daily")
    panel._any_message(None, {"name": "guess", "answers": ["3"], "serial": 1}, None)
    assert panel.view["feedback"]["lines"] == ["You said 3; it was the secret answer."]
    assert len(panel.view["dials"]) == 2
    assert panel.view["counts"]


def test_at_most_two_sliders_stand_by_the_first_figure_and_three_by_any():
    assert [len(DIALS[mode]) for mode in MODES] == [2, 3, 3]


def test_new_seed_keeps_the_sliders_and_undo_and_reset_lead_back():
    panel = silence_panel(loop=2, seed=9)
    first = panel.state
    turn(panel, main=5)
    panel.do("new seed")
    assert (panel.state.seed, panel.state.loop, panel.state.main) == (10, 2, 5)
    panel.do("open")
    panel.do("presenter")
    panel.do("undo")
    panel.do("undo")
    assert (panel.state.seed, panel.state.main) == (9, 0)
    turn(panel, loop=20)
    panel.do("reset")
    assert panel.state == first


@settings(max_examples=60, deadline=None)
@given(
    st.builds(
        State,
        st.integers(0, 2**63 - 1),
        st.sampled_from(MODES),
        *(st.sampled_from(dial.values) for dial in (LOOP, MAIN, DAYS, MINUTES, DROPPED)),
        is_open=st.booleans(),
    )
)
def test_a_state_comes_back_exactly_from_its_line(state):
    assert from_query(to_query(state)) == state


@pytest.mark.parametrize(
    "query",
    ["", "nonsense", 5, "v=1", to_query(State(1)).replace("loop=0", "loop=4"), "x" * 401]
    + [to_query(State(1)).replace(*pair) for pair in
       (("once", "ever"), ("seed=1", "seed=g"), ("days=10", "days=nan"), ("open=0", "open=2"))],
)  # fmt: skip
def test_a_hostile_line_is_refused_in_words(query):
    with pytest.raises(LessonError):
        silence_panel(query=query)


@pytest.mark.parametrize(
    "given_", [{"mode": "never"}, {"loop": 4}, {"loop": "5"}, {"main": True}, {"seed": -1}]
)
def test_values_that_no_slider_has_are_our_own_error(given_):
    with pytest.raises(LessonError):
        silence_panel(**given_)


junk = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(MODES),
    st.fixed_dictionaries(
        {"name": st.sampled_from(["set", "mode", "open", "accuse", "tell", "new seed"]) | junk},
        optional={"knob": st.sampled_from(["loop", "days"]) | junk, "at": junk,
                  "mode": st.sampled_from(MODES) | junk, "mix": junk},
    ),
)  # fmt: skip
def test_whatever_the_page_sends_only_our_errors_come_out(mode, action):
    state = State(1, mode)
    after = state
    with contextlib.suppress(LessonError):
        after = act(state, action)
    assert replace(after, presenter=False, tried=()) == from_query(to_query(after)) or (
        after.accused is not None or after.is_told
    )
