"""SystemScenario: every knob is data, checked, and survives as text."""

from __future__ import annotations

import contextlib
import json
from dataclasses import fields

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import ScenarioError, WorkbenchError
from workbench.scenario import Scenario
from workbench.system import FIXED_KNOBS, LiveSystem, SystemScenario


def test_every_field_but_traffic_is_a_knob_with_its_default():
    knobs = SystemScenario.knobs()
    names = [item.name for item in fields(SystemScenario) if item.name != "traffic"]
    assert list(knobs) == names
    plain = SystemScenario()
    for name, knob in knobs.items():
        assert getattr(plain, name) == knob.default, name
        assert knob.meaning
        assert knob.label
        if knob.kind in ("whole", "real"):
            assert knob.low <= knob.default <= knob.high
    assert not set(knobs) & set(Scenario.knobs()), "one name, one knob"
    assert set(FIXED_KNOBS) <= set(knobs) | set(Scenario.knobs())


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"nodes": 0}, "nodes must be a whole number from 1 to 2000"),
        ({"alpha": 1.5}, "alpha must be a number from 0 to 1"),
        ({"saturation": True}, "saturation must be one of on, off"),
        ({"operators": 41}, "operators must be at most the 40 nodes"),
        ({"width": 11}, "expected a width from 1 to 10"),
        ({"topology": "cascade"}, "stratified"),
        ({"mixes_down": 1}, "mixes_down and corrupt_mixes must be 0"),
        ({"faults": ((40, 0.1),)}, "from 0 to 39"),
        ({"faults": ((1, 0.1), (1, 0.2))}, "each node once"),
        ({"faults": ((1, 1.1),)}, "faults must be a number from 0 to 1"),
        ({"faults": 3}, "pairs"),
        ({"delay_s": 3600.0}, "at most 20,000,000 packets"),
        ({"wdith": 3}, "unknown knob 'wdith'"),
        ({"traffic": 7}, "traffic must be a Scenario"),
        ({"seed": -1}, "seed must be"),
    ],
)
def test_a_wrong_knob_is_refused_with_what_was_expected(changes, says):
    with pytest.raises(ScenarioError) as caught:
        SystemScenario().replace(**changes)
    assert says in str(caught.value)


def test_a_setting_survives_as_text():
    setting = SystemScenario(faults=((3, 0.05),), popular=((1, 2.0),)).replace(clients=7, seed=5)
    assert SystemScenario.from_json(setting.to_json()) == setting
    assert "5 s of each hour at 70 packets/s" in setting.sample


@given(st.one_of(st.text(max_size=60), st.recursive(
    st.one_of(st.none(), st.booleans(), st.floats(), st.text(max_size=5)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["traffic", "nodes", "faults", "alpha", "x"]), inner, max_size=3
    ), max_leaves=6,
).map(json.dumps)))  # fmt: skip
@settings(max_examples=150, deadline=None)
def test_any_text_is_a_setting_or_our_error(text):
    with contextlib.suppress(ScenarioError):
        assert isinstance(SystemScenario.from_json(text), SystemScenario)


def knob_values(name):
    knob = SystemScenario.knobs()[name]
    if knob.kind == "whole":
        return st.integers(int(knob.low), min(int(knob.high), 60))
    if knob.kind == "choice":
        return st.sampled_from(knob.choices)
    if knob.kind == "marks":
        pairs = st.tuples(st.integers(0, 12), st.floats(knob.low, knob.high))
        return st.lists(pairs, max_size=3).map(tuple)
    edges = st.sampled_from([knob.low, knob.high, knob.default])
    return st.one_of(edges, st.floats(knob.low, knob.high))


TRAFFIC = {
    "clients": st.integers(1, 40),
    "traffic_per_client_per_s": st.floats(0.0, 50.0),
    "layers": st.integers(1, 4),
    "delay_s": st.floats(0.0, 0.1),
    "capacity_per_s": st.one_of(st.none(), st.floats(0.1, 1e4)),
    "queue_packets": st.integers(0, 50),
    "mix_loss": st.sampled_from([0.0, 0.1, 1.0]),
    "link_loss": st.sampled_from([0.0, 0.1, 1.0]),
    "mix_loops_per_mix_per_s": st.sampled_from([0.0, 3.0]),
    "strategy": st.sampled_from(["poisson", "timed", "threshold", "gamma", "none"]),
}


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_whatever_the_knobs_an_epoch_holds_its_promises(data):
    """Any setting runs or is refused with our error, and money and shares stay in range."""
    quick = {"width": 1, "targets": 5, "sample_s": 0.2, "delegators": 30}
    names = data.draw(st.lists(st.sampled_from(list(SystemScenario.knobs())), max_size=6))
    changes = {name: data.draw(knob_values(name), label=name) for name in names}
    few = data.draw(st.lists(st.sampled_from(list(TRAFFIC)), max_size=4))
    changes |= {name: data.draw(TRAFFIC[name], label=name) for name in few}
    changes["sample_s"] = min(changes.get("sample_s", 0.2), 0.5)
    try:
        live = LiveSystem(SystemScenario().replace(**{**quick, **changes}))
        for _ in range(3):
            frame = live.advance()
            row = frame.row
            assert 0.0 <= row.paid_nym <= row.budget_nym * (1.0 + 1e-9)
            assert 0.0 <= row.delegates_paid_nym <= row.paid_nym * (1.0 + 1e-9)
            assert ((frame.performances >= 0.0) & (frame.performances <= 1.0)).all()
            assert row.active + row.standby + row.unfilled == live.setting.rewarded_nodes
            assert row.active == row.width * live.setting.traffic.layers
            assert 1 <= frame.next_width <= live.setting.widest
            assert (frame.delegations_nym >= 0.0).all()
    except WorkbenchError:
        pass
