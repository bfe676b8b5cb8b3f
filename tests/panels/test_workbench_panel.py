"""The workbench without a page: acts in, plain data out; what is shared; what is recorded."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import gzip
import io
import json
import math
import re
import struct
import traceback
from base64 import b64decode
from itertools import pairwise
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from bench_alone import SMALL, act, running, steps, until
from bokeh.core import properties
from bokeh.models import LabelSet
from hypothesis import given, settings
from hypothesis import strategies as st
from page_twin import PageTwin, wired

from workbench.errors import ScenarioError, WorkbenchError
from workbench.mixing.frame import expect
from workbench.mixing.live import LiveMixnet
from workbench.mixing.run import Spread
from workbench.panels import bench_words, picture, sharing
from workbench.panels.bench_settings import (
    FIRST_KNOBS,
    MORE_KNOBS,
    Settings,
    checked_for_live,
    stops,
)
from workbench.panels.bench_words import comparison_data
from workbench.panels.economy_settings import EconomySettings
from workbench.panels.knob_words import read
from workbench.panels.live_model import LAST_TARGETS, Mark, Measured, closed_form_bits
from workbench.panels.recorded_page import MOST_PAGE_BYTES, RecordedFlow, page_of
from workbench.panels.workbench_panel import OPENING, workbench_panel
from workbench.scenario import Scenario

# --- knobs ---


def test_sliders_stop_inside_the_ranges_of_the_scenarios_knobs():
    for name in (*FIRST_KNOBS, "layers", "width", "clients"):
        knob = Scenario.knobs()[name]
        found = stops(name)
        assert list(found) == sorted(set(found))
        assert knob.low <= found[0]
        assert found[-1] <= knob.high
        for value in found:  # every stop is a value that a scenario takes
            Scenario(**{name: int(value) if knob.kind == "whole" else value})


def test_sliders_beyond_a_factor_of_thirty_go_in_factors():
    for name in FIRST_KNOBS:
        above = np.array(stops(name)[1:])
        ratios = above[1:] / above[:-1]
        assert ratios.max() <= 1.51
        assert ratios.min() >= 1.19
    assert stops("layers") == tuple(range(1, 9))


def test_every_shown_value_is_on_its_slider_even_off_the_stops():
    one = Settings.of(Scenario(delay_s=0.137, width=7, clients=33))
    data = bench_words.settings_data(one, 1.0)
    for knob in data["first"] + data["more"]:
        if knob["values"]:
            assert knob["values"][knob["at"]] == knob["value"]
            assert len(knob["stops"]) == len(knob["values"])
    assert [k["name"] for k in data["first"]] == list(FIRST_KNOBS)
    assert [k["name"] for k in data["more"]] == list(MORE_KNOBS)
    json.dumps(data, allow_nan=False)


def test_steps_of_one_drag_are_one_move_to_undo():
    one = Settings.of(SMALL)
    for at, value in enumerate((0.2, 0.3, 0.4)):
        one = one.turned("delay_s", value, now_s=100.0 + 0.3 * at)
    one = one.turned("delay_s", 0.5, now_s=110.0)
    assert one.scenario.delay_s == 0.5
    assert one.undone().scenario.delay_s == 0.4
    assert one.undone().undone().scenario == SMALL
    assert one.undone().undone().undone().scenario == SMALL
    assert one.reset().scenario == SMALL
    assert one.reset().undone().scenario.delay_s == 0.5


def test_fewer_mixes_take_those_named_beyond_them_away():
    one = Settings.of(Scenario(corrupt_mixes=((0, 0), (2, 2)), mixes_down=((1, 2),)))
    narrower = one.turned("width", 2).scenario
    assert narrower.corrupt_mixes == ((0, 0),)
    assert narrower.mixes_down == 0
    assert Settings.of(Scenario(corrupt_mixes=9)).turned("width", 1).scenario.corrupt_mixes == 3


def test_a_preset_keeps_the_seed_and_is_named():
    one = Settings.of(SMALL).at_preset("Two bad mixes")
    assert one.scenario.seed == SMALL.seed
    assert one.preset == "Two bad mixes"
    assert one.turned("delay_s", 0.3).preset == ""


@pytest.mark.parametrize("name", list(Scenario.presets()))
def test_every_preset_fits_a_live_network(name):
    assert checked_for_live(Scenario.preset(name))


def test_what_a_live_network_cannot_carry_is_refused_in_words():
    with pytest.raises(ScenarioError, match=r"at most 200,000 packets/s; this would be 1,000,000"):
        Settings.of(Scenario()).turned("clients", 100_000)
    with pytest.raises(ScenarioError, match="holds at most 200,000 packets"):
        Settings.of(Scenario(traffic_per_client_per_s=100.0)).turned("delay_s", 10.0)


@given(
    st.sampled_from([*Scenario.knobs(), "nonsense", ""]),
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=30),
              st.lists(st.integers(), max_size=3)),
)  # fmt: skip
@settings(max_examples=300, deadline=None)
def test_whatever_a_page_sends_for_a_knob_is_a_scenario_or_words(knob, value):
    with contextlib.suppress(ScenarioError):
        turned = Settings.of(SMALL).turned(knob, value)
        assert Scenario.from_query(turned.scenario.to_query()) == turned.scenario


def test_a_typed_number_may_have_commas_and_its_unit():
    knobs = Scenario.knobs()
    assert read(knobs["clients"], " 1,200 ") == 1200
    assert read(knobs["delay_s"], "0.25 s") == 0.25
    assert read(knobs["delay_s"], "0,5") == 0.5
    assert read(knobs["delay_s"], "1,000") == read(knobs["delay_s"], "1 000") == 1000.0


@pytest.mark.parametrize("typed", ["½", "abc", "", "1e9", "-1", "nan", "inf", "9" * 1000])
@pytest.mark.parametrize(
    ("knob", "expected"),
    [
        ("delay_s", "Delay per mix must be a number from 0 to 3,600 s; you typed "),
        ("clients", "Clients must be a whole number from 1 to 1,000,000 people; you typed "),
        ("corrupt_mixes", "Corrupted mixes must be a whole number from 0 to 9 mixes; you typed "),
    ],
)
def test_what_is_no_value_is_refused_in_the_words_on_the_screen(knob, expected, typed):
    with pytest.raises(ScenarioError) as refused:
        Settings.of(SMALL).turned(knob, typed)
    said = str(refused.value)
    assert said.startswith(expected + (f"“{typed[:39]}" if typed else "nothing"))
    assert "Write one such as" in said
    assert knob not in said
    assert len(said) < 200


def test_the_economys_fields_read_numbers_alike():
    economy = EconomySettings()
    assert economy.turned("alpha", "0,5").alpha == 0.5
    for value in ("abc", "7", None):
        with pytest.raises(ScenarioError, match="Weight of the pledge must be a number from 0 to"):
            economy.turned("alpha", value)


# --- measured ---


def test_measured_is_the_spread_of_the_last_targets_of_the_network():
    net, measured, told = LiveMixnet(SMALL), Measured(), []
    for _ in range(60):
        frame = net.advance(0.1)
        measured.take(frame, 0.08)
        told += [b for b in frame.entropy_bits.tolist() if not math.isnan(b)]
    assert len(told) > LAST_TARGETS
    assert measured.spread() == Spread.of(np.array(told[-LAST_TARGETS:]))
    assert measured.watched_s == pytest.approx(60 * 0.08)
    crossed, sent, _ = measured.per_s()
    assert crossed.sum() == pytest.approx(4 * SMALL.total_rate_per_s, rel=0.2)
    assert sent[1] / sent[0] == pytest.approx(0.5, rel=0.4)


def test_measured_says_how_many_were_sent_since_the_change_and_how_many_are_approximate():
    net, measured = LiveMixnet(SMALL), Measured()
    while measured.count < 50:
        measured.take(net.advance(0.1), 0.08)
    later = SMALL.replace(delay_s=0.2, mix_loss=0.1)
    net.set(delay_s=0.2, mix_loss=0.1)
    measured.changed(SMALL, later)
    data = bench_words.measured_data(measured, later, None)
    assert data["note"].startswith("0 of them sent since the last change.")
    while measured.sent_since_change < 30:
        measured.take(net.advance(0.1), 0.08)
    since = sum(sent >= measured.changed_at_s for *_, sent in measured.targets)
    data = bench_words.measured_data(measured, later, "the reason")
    assert f"{since} of them sent since" in data["note"]
    assert "by approximation (the reason)" in data["note"]
    assert len(measured.marks) == 1
    assert measured.marks[0].text == "2 settings changed"


def test_a_drag_leaves_one_mark_from_where_it_began():
    measured, one = Measured(), SMALL
    for value in (0.15, 0.2, 0.3):
        after = one.replace(delay_s=value)
        measured.changed(one, after)
        one = after
    assert [m.text for m in measured.marks] == ["delay per mix 0.1 to 0.3 s"]


def test_the_closed_forms_line_is_there_only_where_it_holds():
    assert closed_form_bits(Scenario()) == pytest.approx(9.309, abs=1e-3)
    thin = Scenario(traffic_per_client_per_s=1.0)
    assert closed_form_bits(thin) is None
    for off in (
        {"strategy": "timed"},
        {"corrupt_mixes": 1},
        {"mixes_down": 1},
        {"mix_loss": 0.1},
        {"link_loss": 0.1},
        {"capacity_per_s": 500.0},
        {"topology": "cascade"},
        {"traffic_pattern": "bursty"},
        {"mix_loops_per_mix_per_s": 1.0},
        {"delay_s": 0.0},
        {"traffic_per_client_per_s": 0.0},
    ):
        assert closed_form_bits(Scenario(**off)) is None


# --- the panel ---


def test_the_panel_answers_a_moved_slider_with_what_expect_says():
    async def check() -> None:
        async with running(SMALL) as panel:
            assert panel.expected == expect(SMALL, targets=sharing.EXPECTED_TARGETS)
            act(panel, "set", knob="delay_s", value=0.5)
            assert panel.console.data["expected"] == {"is_known": False}
            after = SMALL.replace(delay_s=0.5)
            await until(lambda: panel.expected is not None)
            wanted = expect(after, targets=sharing.EXPECTED_TARGETS)
            assert panel.expected == wanted
            shown = panel.console.data["expected"]
            assert shown["median_bits"] == wanted.entropy_bits.median
            assert shown["bits"] == f"{wanted.entropy_bits.median:.1f}"
            assert panel._network.scenario == after  # the network that runs was turned, too
            assert panel.console.data["answered"] == ["page", 1]
            before = expect(SMALL, targets=sharing.EXPECTED_TARGETS)
            assert panel.console.data["was"] == f"{before.entropy_bits.median:.1f}"

    asyncio.run(check())


def test_every_act_of_a_page_does_what_it_says():
    async def check() -> None:
        async with running(SMALL) as panel:
            steps(panel, 10)
            act(panel, "preset", value="Two bad mixes")
            assert panel.scenario == Scenario(corrupt_mixes=2, seed=SMALL.seed)
            act(panel, "undo")
            assert panel.scenario == SMALL
            act(panel, "set", knob="strategy", value="timed")
            assert panel.scenario.strategy.name == "timed"
            act(panel, "reset")
            assert panel.scenario == SMALL
            act(panel, "pause")
            assert not panel.pump.is_playing
            assert panel.console.data["playing"] == "paused"
            act(panel, "play")
            assert panel.pump.is_playing
            slow = panel.flow.slow_down
            act(panel, "speed", value=2.0)
            assert panel.flow.slow_down == slow / 2
            act(panel, "new_seed")
            assert panel.scenario.replace(seed=5) == SMALL
            act(panel, "presenter")
            assert all(view.presenter for view in panel._views)

    asyncio.run(check())


def test_layers_start_a_new_network_and_the_panel_says_so():
    async def check() -> None:
        async with running(SMALL) as panel:
            steps(panel, 5)
            first = panel._network
            act(panel, "set", knob="layers", value=5)
            assert "new network" in panel.console.data["note"]
            assert panel.measured.count == 0
            await until(lambda: panel._network is not None)
            assert panel._network is not first
            assert panel._network.scenario.layers == 5
            steps(panel, 3)
            assert panel.measured.frame.scenario.layers == 5

    asyncio.run(check())


def test_what_makes_no_sense_is_answered_in_words_and_changes_nothing():
    async def check() -> None:
        async with running(SMALL) as panel:
            said = act(panel, "set", knob="delay_s", value="-1")
            assert said[0]["knob"] == "delay_s"
            assert "from 0 to 3,600 s" in said[0]["text"]
            for name, content in (
                ("set", {"knob": ["x"], "value": 1}),
                ("set", {"knob": "delay_s", "value": {"a": 1}}),
                ("preset", {"value": "Doomsday"}),
                ("speed", {"value": "fast"}),
            ):
                assert act(panel, name, **content)[0]["type"] == "problem"
            act(panel, "no such act")
            assert panel.scenario == SMALL

    asyncio.run(check())


def test_a_mistake_of_ours_is_shown_and_leaves_no_page_waiting():
    async def check() -> None:
        async with running(SMALL) as panel:
            panel.figures.fit = lambda journey_s: 1 / 0
            heard: list[dict] = []
            panel.console.tell = lambda view, **content: heard.append(content)
            asked = {"view": "page", "serial": 7, "knob": "delay_s", "value": 0.25}
            with pytest.raises(ZeroDivisionError):
                panel._on_act("set", asked)
            assert panel.console.data["answered"] == ["page", 7]
            said = [one["text"] for one in heard if one["type"] == "problem"]
            assert said == ["That did not work: ZeroDivisionError: division by zero."]

    asyncio.run(check())


def test_frames_reach_charts_and_numbers():
    async def check() -> None:
        async with running(SMALL) as panel:
            steps(panel, 40)
            data = panel.entropy.source.data
            points = panel.measured.points
            assert len(data["median"]) == len(points) > 5
            assert data["median"][-1] == pytest.approx(panel.measured.spread().median, rel=1e-6)
            assert data["expected"][-1] == pytest.approx(
                panel.expected.entropy_bits.median, rel=1e-6
            )
            shares = panel.latency.source.data["share"]
            inside = panel.measured.latencies_s <= panel.latency.across.end
            assert shares.sum() == pytest.approx(100 * inside.mean())
            held = panel._network.advance(0.01).pools.sum()
            assert panel.console.data["held"].endswith("in 9 mixes")
            assert held > 0
            json.dumps(panel.console.data, allow_nan=False)

    asyncio.run(check())


def mark(at_s: float, knob: str = "delay_s") -> Mark:
    return Mark(at_s, knob, f"{Scenario.knobs()[knob].label.lower()} 0.1 to 0.25 s", 0.1)


def places(marks: list[Mark], now_s: float) -> list[tuple[int, float, float]]:
    """Row, left and right edge of each label, of so many seconds a letter."""
    from workbench.panels import bench_charts as charts

    found = []
    for one, (text, row) in zip(marks, charts.placed_labels(marks, now_s), strict=True):
        at, wide = one.at_s - now_s, charts.LETTER_S * max(map(len, text.split("\n")))
        if text:
            found.append((row, at, at + wide) if at < -30 else (row, at - wide, at))
    return found


@given(st.lists(st.floats(0, 59), max_size=8).map(sorted))
@settings(deadline=None)
def test_labels_of_quick_changes_never_print_over_each_other(times):
    marks = [mark(at) for at in times]
    found = places(marks, 60.0)
    for i, (row, left, right) in enumerate(found):
        assert all(row != other or right <= a or b <= left for other, a, b in found[:i])
    if marks:  # the newest change is always named
        from workbench.panels.bench_charts import placed_labels

        assert placed_labels(marks, 60.0)[-1] == ("delay per mix\n0.1 to 0.25 s", 0)


def test_a_marks_label_is_short_and_in_two_lines():
    from workbench.panels.bench_charts import label_text

    cover = Mark(1.0, "cover_per_client_per_s", "loop cover 1.2 to 0.5 packets/s", 1.2)
    assert label_text(cover) == "loop cover\n1.2 to 0.5/s"
    mixing = Mark(1.0, "strategy", "strategy Poisson to no mixing (sent on at once)", None)
    assert label_text(mixing) == "strategy\nPoisson to no mixing"
    assert label_text(Mark(1.0, "several", "2 settings changed", None)) == "2 settings changed"


@given(st.lists(st.floats(0, 10), max_size=4).map(sorted))
def test_names_of_lines_stand_apart_above_the_axis_and_below_the_edge(heights):
    from workbench.panels.bench_charts import apart

    found = apart(heights, 0.75, 0.5, 9.5)
    assert all(upper - lower >= 0.75 - 1e-9 for lower, upper in pairwise(found))
    assert all(0.5 - 1e-9 <= height <= 9.5 + 1e-9 for height in found)
    assert apart([2.0, 4.0, 6.0], 0.75, 0.5, 9.5) == [2.0, 4.0, 6.0]


def test_labels_have_the_typeface_of_the_axes():
    async def check() -> None:
        async with running(SMALL) as panel:
            for chart in (panel.entropy, panel.latency):
                axis = chart.plot.xaxis[0].major_label_text_font
                for labels in chart.plot.select(type=LabelSet):
                    assert labels.text_font == properties.value(axis)

    asyncio.run(check())


def test_the_picture_steers_the_network_through_the_same_settings():
    async def check() -> None:
        async with running(SMALL) as panel:
            for callback in panel.flow._callbacks["down"]:
                from workbench.panels.packet_flow import Act

                callback(Act("down", (4,)))
            assert panel.scenario.down() == ((1, 1),)
            act(panel, "undo")
            assert panel.scenario.down() == ()

    asyncio.run(check())


def test_two_settings_are_compared_on_one_seed():
    async def check() -> None:
        async with running(SMALL) as panel:
            act(panel, "compare", value=True)
            assert panel.console.data["compare"]["same"]
            act(panel, "set", knob="width", value=6)
            await until(lambda: panel.expected is not None)
            pair = panel.console.data["compare"]
            for side, scenario in (("a", SMALL), ("b", SMALL.replace(width=6))):
                found = expect(scenario, targets=sharing.EXPECTED_TARGETS)
                assert pair[side]["answer"]["median_bits"] == found.entropy_bits.median
                assert max(pair[side]["bins"]) == 1.0
            assert pair["a"]["differs"] == [["Width", "3 mixes"]]
            act(panel, "new_seed")
            assert panel._pinned.seed == panel.scenario.seed
            act(panel, "compare", value=False)
            assert panel.console.data["compare"] is None

    asyncio.run(check())


def test_a_comparison_without_answers_says_computing():
    data = comparison_data({"a": SMALL, "b": SMALL.replace(width=5)}, {})
    assert data["a"]["answer"] == {"is_known": False}
    assert data["a"]["bins"] == []


# --- a new view, a link ---


class ConsoleTwin(PageTwin):
    """A page that keeps the data it is told."""

    address = "http://127.0.0.1/doc/tree/x.ipynb"

    def hello(self) -> None:
        self.asks += 1
        self.state = "asking"
        self.say(type="hello", ask=self.asks, watched=True, dark=False, address=self.address)

    def start(self, content, buffers) -> None:
        self.data = dict(content["data"])

    def apply(self, content, buffers) -> None:
        self.data.update(content["data"])


def test_a_shared_link_opens_exactly_its_scenario_and_only_once():
    wanted = Scenario(delay_s=0.321, clients=33, strategy="timed", seed=99)

    async def check() -> None:
        panel = workbench_panel()
        view = ConsoleTwin(panel.console, wired(panel.console), "page")
        view.address += "?scenario=" + sharing.quote(wanted.to_query(), safe="")
        view.hello()
        await until(lambda: panel.expected is not None)
        view.read()
        assert panel.scenario == wanted
        assert view.data["settings"]["first"][0]["value"] == 0.321
        panel._apply(panel._settings.turned("delay_s", 0.5))
        view.hello()
        assert panel.scenario.delay_s == 0.5
        panel.close()

    asyncio.run(check())


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("scenario=v%3D1%26delay_s%3D1e9", "Delay per mix must be a number from 0 to 3,600 s; "),
        ("scenario=v%3D1%26clients%3D1000000%26traffic_per_client_per_s%3D10000", "packets/s"),
        ("scenario=%3Cscript%3Ealert(1)%3C%2Fscript%3E", "which is no setting here"),
        ("scenario=v%3D7", "version 1"),
        ("scenario=v%3D1&scenario=v%3D1", "more than one"),
        ("scenario=%FF%FE", "cannot be read"),
        ("scenario=" + "x" * 100_000, "no setting here"),
        ("scenario=delay_s%3D1%26delay_s%3D1", "twice what Delay per mix is"),
        ("scenario=mixes_down%3D9-9", "the layer in Mixes down must be"),
        ("scenario=strategy%3Dtimed~interval_s~-4", "a way of mixing with settings out of range"),
        ("scenario=strategy%3Dsoup", "no way of mixing"),
        ("scenario=%5Cud800%3D1".replace("%5Cud800", "\ud800"), "which is no setting here"),
        ("scenario=v%3D1&economy=v%3D1%26alpha%3D7", "Weight of the pledge must be"),
    ],
)
def test_a_hostile_link_gives_a_message_and_the_opening_state(query, why):
    async def check() -> None:
        panel = workbench_panel()
        view = ConsoleTwin(panel.console, wired(panel.console), "page")
        view.address += "?" + query
        view.hello()
        assert panel.scenario == OPENING
        said = panel.console.data["problem"]
        assert said.startswith("The link could not be opened: ")
        assert said.endswith(". The opening settings are shown instead; ask for a new link.")
        assert why in said
        assert len(said) < 300
        said.encode()  # half of a pair of surrogates would stop every message to a page
        assert not any(f"{name} must" in said for name in Scenario.knobs())
        panel.close()

    asyncio.run(check())


@given(st.one_of(st.text(max_size=200), st.binary(max_size=40), st.none(), st.integers()))
@settings(max_examples=200, deadline=None)
def test_any_address_is_a_scenario_none_or_our_error(address):
    with contextlib.suppress(ScenarioError):
        found = sharing.from_address(address)
        assert found is None or isinstance(found, Scenario)


def test_code_that_names_a_scenario_is_not_overruled_by_the_address():
    async def check() -> None:
        panel = workbench_panel(SMALL)
        panel._on_act("address", {"address": "http://x/?scenario=v%3D1%26delay_s%3D3.0"})
        assert panel.scenario == SMALL
        panel.close()

    asyncio.run(check())


def test_a_link_is_made_of_the_public_address_alone(monkeypatch):
    odd = Scenario(delay_s=0.1234567890123, corrupt_mixes=((0, 1), (2, 2)), seed=7)
    monkeypatch.delenv(sharing.PUBLIC_URL_VARIABLE, raising=False)
    assert sharing.link(odd) is None
    monkeypatch.setenv(sharing.PUBLIC_URL_VARIABLE, "https://example.org/lab?view=1#top")
    made = sharing.link(odd)
    assert made.startswith("https://example.org/lab?view=1&scenario=")
    assert made.endswith("#top")
    assert sharing.from_address(made) == odd
    binder = "https://mybinder.org/v2/gh/who/what/HEAD?urlpath=doc/tree/lessons/00_workbench.ipynb"
    monkeypatch.setenv(sharing.PUBLIC_URL_VARIABLE, binder)
    inner = parse_qs(urlsplit(sharing.link(odd)).query)["urlpath"][0]
    assert inner.startswith("doc/tree/lessons/00_workbench.ipynb?scenario=")
    assert sharing.from_address("http://127.0.0.1/user/x/" + inner + "&token=abc") == odd
    for bad in ("ftp://x/", "javascript:alert(1)", "https://x/?token=1", "https://u:p@x/"):
        monkeypatch.setenv(sharing.PUBLIC_URL_VARIABLE, bad)
        with pytest.raises(ScenarioError, match="WORKBENCH_PUBLIC_URL"):
            sharing.link(odd)


def test_the_line_of_code_restores_the_exact_state():
    odd = Scenario(delay_s=0.1 + 0.2, strategy="cottrell", cover_per_client_per_s=1 / 3, seed=12)

    async def check() -> None:
        panel = eval(sharing.settings_line(odd), {"workbench_panel": workbench_panel})
        assert panel.scenario == odd
        panel.close()

    asyncio.run(check())


def test_the_five_lines_compute_the_numbers_that_the_panel_shows(capsys):
    found = expect(SMALL, targets=sharing.EXPECTED_TARGETS)
    code = sharing.five_lines(SMALL)
    assert len(code.splitlines()) == 5
    exec(code, {})
    printed = capsys.readouterr().out
    assert printed.strip() == (
        f"{found.entropy_bits} {found.sender_entropy_bits} {found.latency_median_s}"
    )


def test_the_data_is_a_table_of_the_last_targets_with_the_scenario():
    net, measured = LiveMixnet(SMALL), Measured()
    for _ in range(30):
        measured.take(net.advance(0.1), 0.08)
    text = sharing.data_csv(measured, SMALL)
    head, _, *rows = text.splitlines()
    assert Scenario.from_query(head.partition("scenario: ")[2]) == SMALL
    found = list(csv.DictReader(io.StringIO("\n".join(rows))))
    assert [float(row["entropy_bits"]) for row in found] == [b for b, *_ in measured.targets]


def test_the_picture_is_well_formed_at_any_time():
    from xml.etree import ElementTree

    measured = Measured()
    ElementTree.fromstring(picture.picture_svg(measured, SMALL, None))
    net = LiveMixnet(SMALL)
    found = expect(SMALL, targets=50)
    for _ in range(30):
        measured.take(net.advance(0.1), 0.3)
        measured.point(found, 3.0)
    text = picture.picture_svg(measured, SMALL, found, 0.7)
    drawn = ElementTree.fromstring(text)
    words = " ".join(drawn.itertext())
    assert f"{found.entropy_bits.median:.1f} bits" in words
    assert "Expected of these settings" in words
    assert "Measured" in words
    assert text.count("<polyline") == 3
    assert "half within" in words
    assert text.count('<g id="network"') == 1
    for shape in (None, -1, math.nan, 1e9):  # a page may say anything
        assert "data-place" not in picture.picture_svg(measured, SMALL, found, shape)


@pytest.mark.parametrize(("steps", "span"), [(10, 5), (30, 10), (300, 60)])
def test_the_entropy_picture_spans_what_was_seen_and_names_its_lines_from_above(steps, span):
    measured, found = Measured(), expect(SMALL, targets=50)
    net = LiveMixnet(SMALL)
    for _ in range(steps):
        measured.take(net.advance(0.5), 0.3)
        measured.point(found, 3.0)
    text = picture.curve_svg(measured, 500)
    assert f"over the last {span} s" in text
    assert f">{span} s ago<" in text
    paths = re.findall(r'points="([\d., ]+)"', text)
    ends = [path.split()[-1].split(",") for path in paths]
    assert [float(x) for x, _ in ends] == [404.0] * 3  # now
    oldest = min(float(path.split()[0].split(",")[0]) for path in paths)
    seen_s = min(0.3 * (steps - 1), 60.0)
    assert oldest == pytest.approx(404.0 - 390.0 * seen_s / span, abs=390.0 * 0.3 / span)
    names = {name: float(y) for y, name in re.findall(r'y="([\d.]+)"[^>]*>([a-z5 %]+)<', text)}
    lines = dict(zip(("median", "worst 5 %", "expected"), (float(y) for _, y in ends), strict=True))
    assert sorted(lines, key=lambda name: names[name]) == sorted(lines, key=lambda n: lines[n])
    rows = sorted(names[name] for name in lines)
    assert min(np.diff(rows)) >= 15.0 - 1e-9


def test_the_panel_takes_a_preset_a_query_or_a_scenario_and_says_what_it_expected():
    assert sharing.as_scenario("Two bad mixes") == Scenario.preset("Two bad mixes")
    assert sharing.as_scenario(SMALL.to_query()) == SMALL
    with pytest.raises(ScenarioError, match="expected a Scenario"):
        sharing.as_scenario(3)
    with pytest.raises(WorkbenchError, match="event loop"):
        workbench_panel()


@pytest.mark.parametrize("query", ["x" * 10**6, "v=1&" + "y" * 10**6, "z=" * 10, "Two bad mixs"])
def test_a_bad_line_of_code_is_refused_in_a_few_lines(query):
    with pytest.raises(ScenarioError) as refused:
        workbench_panel(query)
    shown = traceback.format_exception(refused.value)
    assert len(str(refused.value)) < 450
    assert sum(" in " in line and "File " in line for line in shown) == 2  # the cell and the call


# --- the saved page ---


def tape_of(page: str) -> list[tuple[dict, list[bytes]]]:
    raw = gzip.decompress(b64decode(page.split('const TAPE = "')[1].split('"')[0]))
    (length,) = struct.unpack("<Q", raw[:8])
    rows, at = [], 8 + length
    for row in json.loads(raw[8 : 8 + length]):
        buffers = []
        for size in row["sizes"]:
            buffers.append(raw[at : at + size])
            at += size
        rows.append((row["content"], buffers))
    assert at == len(raw)
    return rows


def test_the_saved_page_holds_the_very_frames_that_were_told_and_asks_for_nothing():
    flow = RecordedFlow(SMALL)
    wire = wired(flow)
    view = ConsoleTwin(flow, wire, "page")
    view.start = view.apply = lambda content, buffers: None
    view.hello()
    view.read()
    net, measured = LiveMixnet(SMALL), Measured()
    for _ in range(80):
        frame = net.advance(0.02)
        measured.take(frame, 0.02 * flow.slow_down)
        flow.add_frame(frame)
        view.read()
        view.paint()
    told = [(c, b) for c, b in wire.sent if c["type"] == "frame"]
    page = page_of(flow, measured, SMALL, expect(SMALL, targets=50))
    rows = tape_of(page)
    frames = [(c, b) for c, b in rows[1:] if c["type"] == "frame"]
    assert 60 < len(frames) < len(told)
    for (content, buffers), (was, had) in zip(frames[::-1], told[::-1], strict=False):
        assert content["clock_s"] == was["clock_s"]
        assert buffers == had
    assert rows[0][0]["network"]["actions"] == []
    assert len(page.encode()) < 3_000_000
    assert "Recorded" in page
    assert f"seed {SMALL.seed}" in page
    assert "default-src 'none'" in page
    bare = page.replace("http://www.w3.org/2000/svg", "").replace(tape_text(page), "")
    for outside in ("http://", "https://", "@import", "url(", "@@"):
        assert outside not in bare


def test_a_saved_page_says_how_many_measured_packets_are_of_the_settings_it_names():
    net, measured, flow = LiveMixnet(SMALL), Measured(), RecordedFlow(SMALL)
    wired(flow)
    for _ in range(80):
        frame = net.advance(0.02)
        measured.take(frame, 0.08)
        flow.add_frame(frame)
    count = measured.spread().count
    assert count > 0
    measured.changed(SMALL, SMALL.replace(delay_s=2 * SMALL.delay_s))
    assert "0 of them sent since the last change." in page_of(flow, measured, SMALL, None)


def tape_text(page: str) -> str:
    return page.split('const TAPE = "')[1].split('"')[0]


def test_the_saved_page_stays_small_in_the_largest_network():
    large = Scenario.preset("Nym today")
    flow = RecordedFlow(large)
    net, measured = LiveMixnet(large), Measured()
    for _ in range(400):
        frame = net.advance(0.08 / flow.slow_down)
        measured.take(frame, 0.08)
        flow.add_frame(frame)
    assert len(flow.tape.segments) > 1
    page = page_of(flow, measured, large, None)
    assert len(page.encode()) <= MOST_PAGE_BYTES < 3_000_000


def test_before_anything_was_played_there_is_no_page_to_save():
    with pytest.raises(WorkbenchError, match="nothing has been played yet"):
        page_of(RecordedFlow(SMALL), Measured(), SMALL, None)
