"""The inspector's state goes into one line and comes back exactly."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import WorkbenchError
from workbench.panels.packet_inspector import packet_inspector
from workbench.panels.packet_query import from_query, to_query
from workbench.panels.packet_state import InputError, State, act
from workbench.panels.packet_view import view

ACTIONS = st.lists(
    st.one_of(
        st.builds(dict, name=st.just("message"), text=st.text(max_size=30)),
        st.builds(dict, name=st.just("hops"), count=st.integers(1, 5)),
        st.builds(dict, name=st.just("node"), column=st.integers(0, 4), row=st.integers(0, 3)),
        st.builds(
            dict,
            name=st.just("wait"),
            hop=st.integers(0, 3),
            text=st.floats(0, 3600, allow_nan=False).map(repr),
        ),
        st.builds(dict, name=st.just("size"), choice=st.sampled_from(["regular", "default"])),
        st.builds(dict, name=st.just("version"), value=st.sampled_from([258, 259])),
        st.builds(dict, name=st.just("step"), to=st.integers(0, 5)),
        st.builds(dict, name=st.just("flip"), offset=st.integers(0, 1388), bit=st.integers(0, 7)),
        st.builds(dict, name=st.sampled_from(["cut", "replay", "kind", "build", "presenter"])),
    ),
    max_size=8,
)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**64 - 1), ACTIONS)
def test_any_state_comes_back_exactly(seed, actions):
    state = State(network_seed=seed, seed=seed)
    for action in actions:
        with contextlib.suppress(WorkbenchError):
            state = act(state, action)
    assert from_query(to_query(state)) == state


def test_the_line_is_short_at_the_defaults():
    assert to_query(State(network_seed=1, seed=2)) == "keys=1&seed=2"


def test_a_panel_of_a_line_shows_the_same_bytes():
    panel = packet_inspector("hello", hops=3, seed=4)
    panel.do("step", to=2)
    panel.do("flip", offset=400, bit=3)
    again = packet_inspector(query=panel.query)
    assert view(again.state) == view(panel.state)
    assert again.packet == panel.packet


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "x",
        "keys=1",
        "keys=1&seed=zz",
        "keys=1&seed=2&seed=3",
        "keys=1&seed=2&step=9",
        "keys=1&seed=2&route=1.1",
        "keys=1&seed=2&route=9.9.9.9.9",
        "keys=1&seed=2&route=x.x.x.x.x",
        "keys=1&seed=2&waits_s=1_2_3_4_nan",
        "keys=1&seed=2&breaks=flip-0-9999-1",
        "keys=1&seed=2&breaks=flip-4-0-1",
        "keys=1&seed=2&breaks=burn-0",
        "keys=1&seed=2&size=huge",
        "keys=1&seed=2&version=260",
        "keys=1&seed=2&presenter=2",
        "keys=1&seed=2&colour=red",
        "keys=1&seed=2&message=" + "x" * 1025,
        "keys=%ff&seed=2",
        5,
        "k" * 30_000,
    ],
)
def test_a_line_that_is_no_state_is_our_error(bad):
    with pytest.raises(InputError):
        from_query(bad)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60) | st.from_regex(r"keys=[0-9a-f]&seed=[0-9]&[a-z_]{1,9}=[-0-9x._a-z]*"))
def test_any_text_is_a_state_or_our_error(text):
    with contextlib.suppress(InputError):
        assert view(from_query(text)).before
