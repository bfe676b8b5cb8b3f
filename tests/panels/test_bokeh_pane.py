"""The transport of bokeh figures, with pages played in Python (tests/support/page_twin.py)."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest
from bokeh.models import ColumnDataSource, Label
from bokeh.plotting import figure
from hypothesis import given, settings
from hypothesis import strategies as st
from page_twin import PageTwin, Wire, wired

from workbench.errors import WorkbenchError
from workbench.panels import live_view
from workbench.panels.bokeh_pane import BokehPane, bokeh_theme, live_figure


class Clock:
    """Time that only a test moves."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def monotonic(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(live_view, "time", clock)
    return clock


def a_pane(**options: Any) -> tuple[BokehPane, ColumnDataSource, Wire]:
    source = ColumnDataSource({"x": np.arange(3.0), "y": np.zeros(3)})
    plot = live_figure(title="Entropy, bits", x_range=(0, 3), y_range=(0, 1))
    plot.line("x", "y", source=source)
    pane = BokehPane(plot, **options)
    return pane, source, wired(pane)


def shown(view: PageTwin) -> dict[str, list[float]]:
    source = view.document.select_one({"type": ColumnDataSource})
    return {name: [float(v) for v in column] for name, column in source.data.items()}


def truth(source: ColumnDataSource) -> dict[str, list[float]]:
    return {name: [float(v) for v in column] for name, column in source.data.items()}


def opened(pane: BokehPane, wire: Wire, name: str = "a", **options: Any) -> PageTwin:
    view = PageTwin(pane, wire, name, **options)
    view.hello()
    view.read()
    return view


def test_a_hello_brings_a_fresh_document_and_the_library_once():
    pane, _, wire = a_pane()
    view = PageTwin(pane, wire, "a")
    view.say(type="hello", ask=1, watched=True, dark=False, bokeh=True)
    content, buffers = wire.sent[-1]
    assert content["bokeh"] is True
    assert len(buffers[-1]) > 500_000
    view.say(type="hello", ask=2, watched=True, dark=False, bokeh=False)
    content, buffers = wire.sent[-1]
    assert content["bokeh"] is False
    assert sum(map(len, buffers)) < 10_000


def test_changes_reach_every_view_as_one_message_a_flush():
    pane, source, wire = a_pane()
    views = [opened(pane, wire, name) for name in ("a", "b")]
    before = len(wire.sent)
    source.data = {"x": np.arange(4.0), "y": np.linspace(0, 1, 4)}
    pane.document.roots[0].title.text = "New words"
    source.stream({"x": [4.0], "y": [0.5]})
    pane.flush()
    assert len(wire.sent) == before + 1
    for view in views:
        view.read()
        assert shown(view) == truth(source)
        assert view.document.roots[0].title.text == "New words"
        assert view.inits == 1


def test_large_arrays_travel_as_binary_buffers():
    pane, source, wire = a_pane()
    opened(pane, wire)
    source.data = {"x": np.arange(5000.0), "y": np.ones(5000)}
    pane.flush()
    content, buffers = wire.sent[-1]
    assert sorted(map(len, buffers)) == [40_000, 40_000]
    assert len(content["patch"]) < 2000


def test_patches_made_between_init_and_ready_are_kept():
    pane, source, wire = a_pane()
    view = PageTwin(pane, wire, "a", is_drawing_slowly=True)
    view.hello()
    view.read()
    for k in range(2):
        source.stream({"x": [10.0 + k], "y": [0.1 * k]})
        pane.flush()
    view.read()
    assert len(view.queue) == 2
    view.drawn()
    assert shown(view) == truth(source)
    assert view.inits == 1


def test_a_change_not_yet_sent_is_not_told_twice_to_a_new_view():
    pane, source, wire = a_pane()
    first = opened(pane, wire, "a")
    source.stream({"x": [9.0], "y": [0.9]})  # pending when the second view comes
    second = opened(pane, wire, "b")
    pane.flush()
    for view in (first, second):
        view.read()
        assert shown(view) == truth(source)


def test_the_producer_is_held_back_while_more_than_two_are_unpainted():
    pane, source, wire = a_pane()
    view = opened(pane, wire)
    allowed = []
    for k in range(4):
        allowed.append(pane.may_send)
        source.data = {"x": [0.0], "y": [float(k)]}
        pane.flush()
    assert allowed == [True, True, True, False]
    view.read()
    view.paint()
    assert pane.may_send


def test_a_careless_producer_is_joined_into_few_messages(clock):
    async def scene() -> tuple[int, bool]:
        pane, source, wire = a_pane()
        view = opened(pane, wire)
        for k in range(200):
            source.data = {"x": [0.0], "y": [float(k)]}
            await asyncio.sleep(0)
        patches = sum(content["type"] == "patch" for content, _ in wire.sent)
        for _ in range(5):
            view.read()
            view.paint()
            await asyncio.sleep(0)
        return patches, shown(view) == truth(source)

    patches, is_equal = asyncio.run(scene())
    assert patches <= 3
    assert is_equal


def test_a_tab_that_closed_pauses_the_producer_within_two_seconds(clock):
    pane, source, wire = a_pane()
    opened(pane, wire)
    assert pane.is_watched
    source.data = {"x": [0.0], "y": [1.0]}
    pane.flush()
    clock.now_s += 1.9
    assert pane.is_watched
    clock.now_s += 0.2
    assert not pane.is_watched
    sent = len(wire.sent)
    source.data = {"x": [0.0], "y": [2.0]}
    pane.flush()
    assert len(wire.sent) == sent


def test_an_idle_view_is_not_taken_for_a_closed_one(clock):
    pane, source, wire = a_pane()
    view = opened(pane, wire)
    clock.now_s += 600
    assert pane.is_watched
    source.data = {"x": [0.0], "y": [1.0]}
    pane.flush()
    assert pane.is_watched
    view.read()
    assert shown(view) == truth(source)


def test_a_view_that_was_silent_comes_back_with_a_fresh_start(clock):
    pane, source, wire = a_pane()
    view = opened(pane, wire)
    source.stream({"x": [5.0], "y": [0.5]})
    pane.flush()
    clock.now_s += 3  # asleep: a laptop's lid, a dropped connection
    source.stream({"x": [6.0], "y": [0.6]})
    pane.flush()  # nobody hears this one
    view.read()
    view.paint()
    view.read()
    assert view.inits == 2
    assert shown(view) == truth(source)
    assert pane.is_watched


def test_one_silent_view_does_not_stop_the_others(clock):
    pane, source, wire = a_pane()
    opened(pane, wire, "dead")
    alive = opened(pane, wire, "alive")
    for k in range(10):
        clock.now_s += 0.5
        source.data = {"x": [0.0], "y": [float(k)]}
        pane.flush()
        alive.read()
        alive.paint()
    assert pane.may_send
    assert pane.is_watched
    assert shown(alive) == truth(source)


def test_watching_follows_what_the_view_reports():
    pane, _, wire = a_pane()
    changes: list[bool] = []
    pane.on_watch(lambda: changes.append(pane.is_watched))
    view = opened(pane, wire)
    view.look(False)
    view.look(True)
    view.say(type="bye")
    assert changes[-3:] == [False, True, False]


def test_the_beat_carries_the_settings_and_goes_only_to_watchers(clock):
    pane, _, wire = a_pane(settings=lambda: "wb.Scenario(delay_s=0.25)")
    pane.beat()
    assert wire.sent == []
    view = opened(pane, wire)
    pane.beat()
    assert wire.sent[-1][0]["settings"] == "wb.Scenario(delay_s=0.25)"
    view.look(False)
    sent = len(wire.sent)
    pane.beat()
    assert len(wire.sent) == sent


def test_settings_that_raise_do_not_stop_the_heart():
    pane, _, wire = a_pane(settings=lambda: 1 / 0)
    opened(pane, wire)
    pane.beat()
    assert wire.sent[-1][0]["type"] == "beat"
    assert "division by zero" in wire.sent[-1][0]["settings"]


def test_no_synced_trait_holds_data_or_code():
    pane, source, _ = a_pane()
    source.data = {"x": np.arange(1e5), "y": np.ones(100_000)}
    state = pane.get_state()
    sizes = {name: len(str(value)) for name, value in state.items()}
    assert max(sizes.values()) < 4000
    assert sum(sizes.values()) < 6000


def test_themes_set_paper_ink_and_size():
    pane, _, wire = a_pane()
    view = opened(pane, wire)
    assert view.document.roots[0].background_fill_color == "#ffffff"
    view.turn(dark=True)
    view.read()
    assert view.inits == 2
    assert view.document.roots[0].background_fill_color == "#111111"
    pane.presenter = True
    view.read()
    assert view.document.roots[0].title.text_font_size == "20pt"
    assert view.document.roots[0].xaxis[0].axis_line_width > 2


def test_two_windows_do_not_argue_about_the_theme():
    pane, _, wire = a_pane()
    view = opened(pane, wire, "a")
    other = PageTwin(pane, wire, "b")
    other.say(type="hello", ask=1, watched=True, dark=True, bokeh=True)
    view.read()
    assert (view.inits, pane._dark) == (1, False)


def test_a_theme_keeps_what_the_figure_says_itself():
    theme = bokeh_theme(dark=True)
    plot = figure(background_fill_color="#123456")
    pane = BokehPane(plot)
    pane.document.theme = theme
    assert plot.background_fill_color == "#123456"
    assert plot.border_fill_color == "#111111"


def test_a_model_added_later_reaches_every_view():
    pane, _, wire = a_pane()
    views = [opened(pane, wire, name) for name in ("a", "b")]
    pane.document.roots[0].add_layout(Label(x=1, y=1, text="here"))
    pane.flush()
    later = opened(pane, wire, "c")
    for view in [*views, later]:
        view.read()
        assert view.document.select_one({"type": Label}).text == "here"


@pytest.mark.parametrize("roots", [(), ("a figure",), (3,)])
def test_anything_but_bokeh_models_is_refused(roots):
    with pytest.raises(WorkbenchError, match="bokeh figure"):
        BokehPane(*roots)


def test_a_figure_belongs_to_one_pane():
    plot = live_figure()
    BokehPane(plot)
    with pytest.raises(WorkbenchError, match="show that pane twice"):
        BokehPane(plot)


def test_views_of_one_page_acknowledge_in_one_message():
    panes = [a_pane() for _ in range(2)]
    views = [opened(pane, wire, f"shared {k}") for k, (pane, _, wire) in enumerate(panes)]
    for count in range(1, 4):
        for pane, source, _ in panes:
            source.data = {"x": [0.0], "y": [float(count)]}
            pane.flush()
    for view in views:
        view.read()
    assert not any(pane.may_send for pane, *_ in panes)
    acks = [[view.name, view.seq] for view in views]
    views[0].say(type="acks", acks=[["nobody", 9], [3], "x", *acks])
    assert all(pane.may_send for pane, *_ in panes)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
kinds = st.sampled_from(
    ["hello", "ready", "ack", "acks", "watch", "theme", "bye", "code", "act", "x"]
)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["view", "ask", "seq", "acks", "watched", "dark", "bokeh"]), anything
        ).flatmap(lambda m: kinds.map(lambda kind: {"type": kind, "view": "v", **m}))
        | anything,
        max_size=8,
    )
)
def test_no_message_from_a_page_breaks_the_kernel(messages):
    pane, source, wire = a_pane()
    for message in messages:
        pane._any_message(None, message, [])
        source.data = {"x": [0.0], "y": [1.0]}
        pane.flush()
    view = opened(pane, wire, "honest")
    assert shown(view) == truth(source)


steps = st.lists(
    st.tuples(
        st.sampled_from(
            ["set", "stream", "title", "flush", "open", "read", "paint", "lose", "wait", "look"]
        ),
        st.integers(0, 3),
    ),
    max_size=40,
)


@settings(max_examples=40, deadline=None)
@given(steps)
def test_whatever_happens_on_the_way_every_view_ends_with_the_truth(plan):
    clock = Clock()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(live_view, "time", clock)
        pane, source, wire = a_pane()
        views: list[PageTwin] = []
        for count, (what, which) in enumerate(plan):
            view = views[which % len(views)] if views else None
            if what == "set":
                source.data = {"x": np.arange(which + 1.0), "y": np.full(which + 1, count)}
            elif what == "stream":
                source.stream({"x": [float(count)], "y": [float(which)]}, rollover=5)
            elif what == "title":
                pane.document.roots[0].title.text = f"title {count}"
            elif what == "flush":
                pane._flush_if_free()
            elif what == "wait":
                clock.now_s += which
            elif what == "open" and len(views) < 4:
                views.append(opened(pane, wire, f"view {len(views)}"))
            elif view is None:
                continue
            elif what == "read":
                view.read()
            elif what == "paint":
                view.paint()
            elif what == "look":
                view.look(which % 2 == 0)
            elif what == "lose":
                view.read_to = len(wire.sent)  # messages lost on the way
        settle(pane, wire, views)
        for view in views:
            assert shown(view) == truth(source)
            assert view.document.roots[0].title.text == pane.document.roots[0].title.text


def settle(pane: BokehPane, wire: Wire, views: list[PageTwin]) -> None:
    """Everybody awake and connected; a page that waits asks again, as live_view.js does."""
    for _ in range(3):
        pane.document.roots[0].title.text += "."
        for _ in range(6):
            for view in views:
                view.read()
                if view.state == "asking":
                    view.hello()
                    view.read()
                view.paint()
            pane.flush()
