"""Scenario: every knob refuses what lies outside its range, and links come back exactly."""

from __future__ import annotations

import dataclasses
import math
import string
import subprocess
import sys
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench import strategies as mixing_strategies
from workbench.errors import ScenarioError
from workbench.presets import PRESETS
from workbench.scenario import Scenario

KNOBS = Scenario.knobs()


@st.composite
def any_strategy(draw: st.DrawFn) -> mixing_strategies.Strategy:
    kind = draw(st.sampled_from(list(mixing_strategies.STRATEGIES.values())))
    given_values: dict[str, Any] = {}
    for name, bounds in kind.ranges.items():
        if bounds.whole:
            value: Any = draw(st.integers(int(bounds.low), min(int(bounds.high), 60)))
        else:
            value = draw(st.floats(bounds.low, bounds.high, allow_subnormal=False))
        if not (bounds.derived and draw(st.booleans())):
            given_values[name] = value
    return kind(**given_values)


@st.composite
def any_scenario(draw: st.DrawFn) -> Scenario:
    layers, width = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    values: dict[str, Any] = {"layers": layers, "width": width, "strategy": draw(any_strategy())}
    for name, knob in KNOBS.items():
        if knob.kind == "whole" and name not in values:
            values[name] = draw(st.integers(int(knob.low), int(knob.high)))
        elif knob.kind == "real":
            number = st.floats(knob.low, knob.high)
            values[name] = draw(st.none() | number if knob.optional else number)
        elif knob.kind == "choice":
            values[name] = draw(st.sampled_from(knob.choices))
    pair = st.tuples(st.integers(0, layers - 1), st.integers(0, width - 1))
    which = st.integers(0, layers * width) | st.floats(0, 1) | st.lists(pair).map(tuple)
    values["corrupt_mixes"], values["mixes_down"] = draw(which), draw(which)
    delay = st.floats(0, 60)
    size = layers * width + 1
    row = st.lists(delay, min_size=size, max_size=size)
    values["link_delay_s"] = draw(delay | st.lists(row, min_size=size, max_size=size))
    return Scenario(**values)


def test_knobs_and_fields_are_one_list() -> None:
    assert [field.name for field in dataclasses.fields(Scenario)] == list(KNOBS)
    default = Scenario()
    for name, knob in KNOBS.items():
        assert getattr(default, name) == knob.default
        assert knob.label
        assert knob.meaning


@given(any_scenario())
@settings(max_examples=150, deadline=None)
def test_a_scenario_comes_back_exactly_from_its_query(scenario: Scenario) -> None:
    query = scenario.to_query()
    back = Scenario.from_query(query)
    assert back == scenario
    assert hash(back) == hash(scenario)
    assert back.to_query() == query
    assert Scenario.from_query("?" + query) == scenario
    assert query.isascii()
    assert " " not in query


@given(any_scenario())
@settings(max_examples=50, deadline=None)
def test_what_follows_from_the_knobs_is_finite(scenario: Scenario) -> None:
    assert math.isfinite(scenario.mean_delay_s())
    assert math.isfinite(scenario.total_rate_per_s)
    assert scenario.derived()
    resolved = scenario.resolved_strategy()
    assert all(getattr(resolved, f.name) is not None for f in dataclasses.fields(resolved))


@pytest.mark.parametrize("name", [n for n, k in KNOBS.items() if k.kind in ("whole", "real")])
def test_an_out_of_range_knob_says_its_range(name: str) -> None:
    knob = KNOBS[name]
    bad_values = [knob.low - 1, knob.high * 2 + 1, math.nan, math.inf, -math.inf, True, "1", [], {}]
    bad_values += [10**400, -(10**400), 1j, b"1", object()]
    if knob.kind == "whole":
        bad_values.append(knob.low + 0.5)
    if not knob.optional:
        bad_values.append(None)
    for bad in bad_values:
        with pytest.raises(ScenarioError, match=f"{name} must be a .*number from .* to "):
            Scenario(**{name: bad})


junk = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=10),
    st.binary(max_size=5),
    st.lists(st.integers(), max_size=3),
    st.lists(st.tuples(st.integers(), st.integers()), max_size=3),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=2),
)


@given(st.dictionaries(st.sampled_from(list(KNOBS)), junk, max_size=4))
@settings(max_examples=300, deadline=None)
def test_any_values_make_a_scenario_or_our_error(values: dict[str, Any]) -> None:
    try:
        scenario = Scenario(**values)
    except ScenarioError:
        return  # the only error that may leave
    assert Scenario.from_query(scenario.to_query()) == scenario


characters = string.ascii_lowercase + string.digits + "=&%~_-.+;#\x00\u00e9\U0001f600"


@given(st.text(characters, max_size=60))
@settings(max_examples=300, deadline=None)
def test_any_text_is_a_scenario_or_our_error(text: str) -> None:
    try:
        Scenario.from_query(text)
    except ScenarioError:
        return  # the only error that may leave


@given(st.dictionaries(st.sampled_from([*KNOBS, "v"]), st.text(characters, max_size=20)))
@settings(max_examples=300, deadline=None)
def test_any_known_knob_with_any_text_is_a_scenario_or_our_error(pairs: dict[str, str]) -> None:
    try:
        Scenario.from_query(urlencode(pairs))
    except ScenarioError:
        return  # the only error that may leave


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("v=2", "version must be 1"),
        ("speed=3", "unknown knob"),
        ("width=3&width=4", "comes twice"),
        ("width=", "whole number"),
        ("width=1_0", "whole number"),
        ("width=\u0663", "whole number"),
        ("delay_s=1e999", "from 0 to 3600"),
        ("delay_s=nan", "from 0 to 3600"),
        ("strategy=magic", "strategy must be one of"),
        ("strategy=gamma~shape", "pairs"),
        ("strategy=gamma~shape~2~shape~3", "once"),
        ("strategy=gamma~size~2", "takes each of shape"),
        ("strategy=gamma~__class__~2", "takes each of shape"),
        ("corrupt_mixes=9-9", "from 0 to 2"),
        ("corrupt_mixes=1-2-3", "pairs"),
        ("link_delay_s=1~2_3~4", "10 rows of 10"),
        ("nonsense", "knob=value"),
        ("width=%ff", "knob=value"),
        ("&".join(["width=3"] * 200), "knob=value"),
    ],
)
def test_a_hostile_query_gets_a_clear_error(query: str, expected: str) -> None:
    with pytest.raises(ScenarioError, match=expected):
        Scenario.from_query(query)


def test_queries_that_are_no_text_or_endless_are_refused() -> None:
    with pytest.raises(ScenarioError, match="must be text"):
        Scenario.from_query(b"width=3")  # type: ignore[arg-type]
    with pytest.raises(ScenarioError, match="at most"):
        Scenario.from_query("width=" + "3" * 3_000_000)


def test_a_short_scenario_has_a_short_query() -> None:
    assert Scenario().to_query() == "v=1"
    assert Scenario(width=5, strategy="timed").to_query() == "v=1&width=5&strategy=timed"
    named = Scenario(corrupt_mixes=((0, 1),))
    assert named.to_query() == "v=1&corrupt_mixes=0-1"


def test_a_share_of_mixes_is_rounded_to_a_count() -> None:
    assert Scenario(corrupt_mixes=0.2).corrupt_mixes == 2
    assert Scenario(corrupt_mixes=1.0).corrupt_mixes == 9
    assert Scenario(corrupt_mixes=1).corrupt_mixes == 1
    assert Scenario(corrupt_mixes=0.2).derived()["corrupted mixes"] == "2 of 9"


def test_one_more_corrupted_mix_keeps_the_others() -> None:
    for count in range(9):
        fewer = set(Scenario(corrupt_mixes=count, seed=5).corrupted())
        more = set(Scenario(corrupt_mixes=count + 1, seed=5).corrupted())
        assert len(fewer) == count
        assert fewer < more


def test_batch_strategies_follow_the_delay_knob() -> None:
    base = Scenario(delay_s=0.2)  # 333.3 packets/s into a mix
    assert base.replace(strategy="timed").resolved_strategy() == mixing_strategies.Timed(0.4)
    threshold = base.replace(strategy="threshold").resolved_strategy()
    assert threshold == mixing_strategies.Threshold(round(0.4 * 1000 / 3))
    quiet = base.replace(strategy="threshold", clients=1, traffic_per_client_per_s=0.1)
    assert quiet.resolved_strategy() == mixing_strategies.Threshold(2)
    given_size = base.replace(strategy=mixing_strategies.Threshold(7))
    assert given_size.resolved_strategy() == mixing_strategies.Threshold(7)


def test_rates_count_every_stream_once() -> None:
    scenario = Scenario(
        main_stream_per_client_per_s=20.0,
        cover_per_client_per_s=2.0,
        drop_cover_per_client_per_s=3.0,
        mix_loops_per_mix_per_s=1.0,
        width=5,
    )
    assert scenario.total_rate_per_s == 2500.0  # drop cover fills the main stream's slots
    assert scenario.rate_per_mix_per_s == 503.0


def test_several_cascades_are_cascades() -> None:
    assert Scenario(topology="cascades") == Scenario(topology="cascade")


def test_replace_refuses_unknown_knobs() -> None:
    assert Scenario().replace(width=20).width == 20
    with pytest.raises(ScenarioError, match="unknown knob 'with'"):
        Scenario().replace(**{"with": 3})
    with pytest.raises(ScenarioError, match="from 0 to 1"):
        Scenario(corrupt_mixes=((2, 0),)).replace(layers=2, corrupt_mixes=((3, 0),))


def test_presets_are_named_scenarios_with_a_source() -> None:
    assert "Quiet Sunday" in PRESETS
    nym = Scenario.preset("Nym today")
    assert (nym.delay_s, nym.main_stream_per_client_per_s, nym.cover_per_client_per_s) == (
        0.015,
        50.0,
        5.0,
    )
    for name, preset in Scenario.presets().items():
        assert preset.name == name
        assert preset.meaning
        assert preset.source
        assert Scenario.from_query(preset.scenario.to_query()) == preset.scenario
    with pytest.raises(ScenarioError, match="Quiet Sunday"):
        Scenario.preset("Loud Monday")


def test_strategies_refuse_what_they_cannot_be() -> None:
    with pytest.raises(ScenarioError, match=r"gamma\.shape must be a number from 0.1 to 100"):
        mixing_strategies.Gamma(0.0)
    with pytest.raises(ScenarioError, match=r"threshold\.size must be a whole number from 1"):
        mixing_strategies.Threshold(0)
    with pytest.raises(ScenarioError, match="strategy must be"):
        Scenario(strategy=mixing_strategies.Strategy())
    with pytest.raises(ScenarioError, match="strategy must be"):
        Scenario(strategy="Poisson")


def test_a_scenario_loads_nothing_heavy() -> None:
    code = (
        "import sys, workbench; workbench.Scenario.presets(); "
        "print(sorted({'numba', 'numpy', 'bokeh'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("knob", ["topology", "traffic_pattern"])
@pytest.mark.parametrize("value", [np.array(["poisson", "day"]), np.array([]), ["day"], None, 3])
def test_a_choice_that_is_no_word_is_refused_with_the_words(knob: str, value: object) -> None:
    with pytest.raises(ScenarioError, match=f"{knob} must be one of"):
        Scenario(**{knob: value})
