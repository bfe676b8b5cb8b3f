"""The economy beside the network, without a page: settings, epochs, and what is told of them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from bench_alone import until
from hypothesis import given, settings
from hypothesis import strategies as st
from page_twin import PageTwin, wired

from workbench.errors import ScenarioError
from workbench.mixing.live import LiveMixnet
from workbench.panels import economy_view, sharing
from workbench.panels.bench_settings import Settings
from workbench.panels.economy_settings import EconomySettings, with_limit
from workbench.panels.economy_tab import EconomyTab
from workbench.panels.live_economy import EPOCH_S, LiveEconomy
from workbench.panels.pump import Tick
from workbench.panels.workbench_panel import OPENING, WorkbenchPanel, workbench_panel
from workbench.scenario import Scenario
from workbench.system import EpochFrame, measure
from workbench.system.measure import interval_of

SMALL = Scenario(clients=40, traffic_per_client_per_s=3.0, width=3, delay_s=0.05, seed=5,
                 capacity_per_s=70.0, queue_packets=50)  # fmt: skip
STEPS = 25
STEP = Tick(1, EPOCH_S / STEPS, 0.0)


def act(panel: WorkbenchPanel, name: str, **content) -> None:
    panel._on_act(name, {"view": "page", "serial": 1, **content})


def epochs(panel: WorkbenchPanel, count: int) -> list[EpochFrame]:
    """Let so many epochs pass; what closed, in order."""
    found = []
    while len(found) < count:
        before = panel.economy.model.epoch
        panel._step(STEP)
        if panel.economy.model.epoch > before:
            found.append(panel.economy.model.last)
    return found


@contextlib.asynccontextmanager
async def economy_of(scenario=SMALL, economy=True):
    """A panel with an economy that only moves when a test moves it."""
    panel = workbench_panel(scenario, economy=economy)
    panel.pump.pause()
    try:
        await until(lambda: panel._network is not None and not panel._is_building)
        panel._set_speed(10.0)
        yield panel
    finally:
        panel.close()


# --- settings ---


def test_an_economy_gives_nodes_a_capacity_and_undo_takes_both_back():
    plain = SMALL.replace(capacity_per_s=None, queue_packets=1000)
    one = Settings.of(plain)
    started = one.with_economy(EconomySettings())
    assert started.scenario.capacity_per_s == pytest.approx(plain.rate_per_mix_per_s / 0.6, rel=0.1)
    assert started.scenario.queue_packets == 50
    turned = started.with_economy(started.economy.turned("alpha", 0.5), "economy alpha", 10.0)
    assert turned.undone().economy == EconomySettings()
    assert turned.undone().undone().scenario == plain
    assert turned.undone().undone().economy is None
    assert turned.reset().scenario == plain
    assert turned.reset().economy is None
    assert turned.reset().undone().economy.alpha == 0.5
    preset = turned.at_preset("Quiet Sunday")
    assert preset.economy.alpha == 0.5
    assert preset.scenario.capacity_per_s is not None  # a preset without one gets one


def test_where_nodes_stand_is_nobodys_move():
    one = Settings.of(SMALL, EconomySettings())
    moved = one.standing(5, ((0, 4),))
    assert moved.scenario.width == 5
    assert moved.scenario.down() == ((0, 4),)
    assert moved.past == ()
    assert moved.standing(3, ()).scenario == SMALL


@given(
    st.builds(
        EconomySettings,
        alpha=st.floats(0.0, 1.0),
        activation=st.floats(0.0, 1.0),
        saturation=st.sampled_from(["on", "off"]),
        follows_load=st.booleans(),
        faults=st.dictionaries(st.integers(0, 1999), st.floats(0.0, 1.0), max_size=4).map(
            lambda found: tuple(found.items())
        ),
    )
)
@settings(deadline=None, max_examples=50)
def test_an_economy_comes_back_from_its_text(one):
    assert EconomySettings.from_query(one.to_query()) == one


@given(st.one_of(st.text(max_size=60), st.binary(max_size=9), st.none()))
@settings(deadline=None, max_examples=150)
def test_any_text_is_an_economy_or_our_error(text):
    for given_text in (text, f"v=1&{text}"):
        with contextlib.suppress(ScenarioError):
            assert isinstance(EconomySettings.from_query(given_text), EconomySettings)


@given(
    st.sampled_from(["alpha", "activation", "saturation", "follows_load", "faults", "x", ""]),
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=9),
              st.lists(st.one_of(st.integers(-3, 9), st.floats(), st.none()), max_size=3)),
)  # fmt: skip
@settings(deadline=None, max_examples=200)
def test_whatever_a_page_sends_for_a_knob_of_the_economy_is_taken_or_refused(knob, value):
    with contextlib.suppress(ScenarioError):
        turned = EconomySettings().turned(knob, value)
        assert EconomySettings.from_query(turned.to_query()) == turned


def test_a_link_and_a_line_carry_both(monkeypatch):
    monkeypatch.setenv(sharing.PUBLIC_URL_VARIABLE, "https://example.org/hub/?urlpath=doc/x.ipynb")
    economy = EconomySettings(alpha=0.1, faults=((3, 0.05),))
    inside = _inside(sharing.link(SMALL, economy))
    assert sharing.from_address(inside) == SMALL
    assert sharing.economy_of_address(inside) == economy
    assert sharing.economy_of_address(_inside(sharing.link(SMALL))) is None
    with pytest.raises(ScenarioError, match="more than one economy"):
        sharing.economy_of_address(inside + "&economy=v%3D1")
    line = sharing.settings_line(SMALL, economy)
    assert line.endswith(f", economy={economy.to_query()!r})")


def _inside(address: str) -> str:
    return "http://h/" + parse_qs(urlsplit(address).query)["urlpath"][0]


# --- epochs ---


def test_an_epoch_is_ten_seconds_of_the_eye_and_its_numbers_are_the_librarys():
    async def check() -> None:
        async with economy_of() as panel:
            model, counted = panel.economy.model, []
            for step in range(STEPS):
                assert model.epoch == 0
                assert model.shown_s == pytest.approx(step * STEP.interval_s)
                places = model.drawn.places.ravel()
                panel._step(STEP)
                counted.append(panel.measured.frame)
            assert model.epoch == 1
            frame = model.last
            arrivals = sum(np.rint(one.loads_per_s * one.dt_s) for one in counted)
            drops = sum(one.drops for one in counted)
            assert np.array_equal(frame.sampled[places], arrivals)
            assert np.array_equal(frame.drops[places], drops)
            assert np.array_equal(frame.performances[places], 1.0 - drops / arrivals)
            assert frame.row.sample_s == pytest.approx(sum(one.dt_s for one in counted))
            # The page's data are the frame's numbers.
            data = economy_view.tab_data(model)
            json.dumps(data, allow_nan=False)
            nodes = data["nodes"]
            assert nodes["paid"] == pytest.approx(frame.rewards_nym.tolist(), abs=0.006)
            assert nodes["performance"] == pytest.approx(frame.performances.tolist(), abs=1e-4)
            low, high = interval_of(frame.sampled, frame.drops)
            assert nodes["low"] == pytest.approx(low.tolist(), abs=1e-4)
            assert nodes["high"] == pytest.approx(high.tolist(), abs=1e-4)
            stakes = np.array(nodes["pledges"]) + np.array(nodes["delegations"])
            assert stakes == pytest.approx(frame.saturations, abs=2e-4)
            assert nodes["closed"] == 0
            line = panel.console.data["economy"]["line"]
            assert line.startswith("Epoch 0 closed (1 epoch = 10 s shown): performance")
            assert f"paid {frame.row.paid_nym:,.0f} of {frame.row.budget_nym:,.0f} NYM" in line
            assert f"Nakamoto coefficient {frame.row.nakamoto};" in line
            assert f"Epoch 1 runs: {model.drawn.places.size} of 27 nodes mix." in line

    asyncio.run(check())


def test_the_network_on_screen_is_the_active_set():
    async def check() -> None:
        async with economy_of() as panel:
            for _ in range(3):
                model, network = panel.economy.model, panel._network
                capacities, losses = network._own
                nodes = model.drawn.places.ravel()
                assert network.scenario.width == model.width
                assert np.array_equal(capacities, model.live.capacities_per_s[nodes])
                assert np.array_equal(losses, model.live.losses[nodes])
                epochs(panel, 1)

    asyncio.run(check())


def follows_the_traffic(found: list[EpochFrame], before: EpochFrame) -> bool:
    """Load up, performance and pay down; then wider, and less is lost."""
    busy, last = found[0], found[-1]
    return bool(
        busy.row.load_mean > 1.5 * before.row.load_mean
        and busy.row.performance_mean < 0.9
        and busy.row.paid_nym < 0.9 * before.row.paid_nym
        and last.row.width > before.row.width
        and last.row.performance_mean > busy.row.performance_mean + 0.1
    )


async def traffic_turned_up() -> tuple[EpochFrame, list[EpochFrame]]:
    async with economy_of(SMALL.replace(queue_packets=10)) as panel:
        before = epochs(panel, 2)[-1]
        act(panel, "set", knob="traffic_per_client_per_s", value=10.0)
        return before, epochs(panel, 4)


def test_traffic_turned_up_is_followed_by_load_performance_pay_and_width():
    before, found = asyncio.run(traffic_turned_up())
    assert follows_the_traffic(found, before)


def test_without_the_link_from_drops_to_performance_nothing_follows(monkeypatch):
    """Sabotage: what the packets showed no longer decides."""
    true = measure.performance_of
    monkeypatch.setattr(
        measure,
        "performance_of",
        lambda sampled, drops, past: true(sampled, np.zeros_like(drops), past),
    )
    before, found = asyncio.run(traffic_turned_up())
    assert not follows_the_traffic(found, before)


def test_a_node_that_loses_packets_is_seen_and_loses_its_place():
    async def check() -> None:
        async with economy_of() as panel:
            node = int(panel.economy.model.drawn.places[0, 0])
            panel._on_act("page", {})  # any other act changes nothing
            panel.economy._on_act("economy_set", {"knob": "faults", "value": [node, 0.4]})
            frame, later = epochs(panel, 2)
            assert frame.performances[node] == pytest.approx(0.6, abs=0.15)
            others = np.delete(frame.performances[frame.places.ravel()], 0)
            assert others.min() > 0.9
            assert node not in later.places
            panel._apply(panel._settings.undone())
            assert panel._settings.economy.faults == ()
            assert epochs(panel, 1)[0].performances[node] > 0.9

    asyncio.run(check())


def test_a_mix_taken_down_in_the_picture_is_its_node_wherever_it_stands():
    async def check() -> None:
        async with economy_of() as panel:
            model = panel.economy.model
            node = int(model.drawn.places[1, 2])
            panel._turn_from_picture({"mixes_down": ((1, 2),)})
            frame = epochs(panel, 1)[0]
            assert frame.performances[node] < 0.1
            assert model.down == {node}
            assert node not in model.drawn.places
            assert panel.scenario.down() == ()  # nobody who is down stands in the network now
            assert epochs(panel, 1)[0].performances[node] == 0.0  # test packets find it down

    asyncio.run(check())


def test_a_width_set_by_hand_draws_the_epoch_anew_and_may_be_kept():
    async def check() -> None:
        async with economy_of() as panel:
            model = panel.economy.model
            panel._step(STEP)
            act(panel, "set", knob="width", value=5)
            assert model is panel.economy.model
            assert (model.width, model.shown_s, model.epoch) == (5, 0.0, 0)
            assert "drawn anew" in " ".join(economy_view.notes(model))
            panel.economy._on_act("economy_set", {"knob": "follows_load", "value": False})
            assert [frame.row.width for frame in epochs(panel, 2)] == [5, 5]
            # Beyond the places that there are, another economy of more nodes begins.
            act(panel, "set", knob="width", value=20)
            assert panel.economy.model is not model
            assert panel.economy.model.width == 20
            act(panel, "undo")
            assert panel.scenario.width == 5

    asyncio.run(check())


def test_another_network_begins_another_economy():
    async def check() -> None:
        async with economy_of() as panel:
            epochs(panel, 1)
            first = panel.economy.model
            act(panel, "set", knob="layers", value=2)
            await until(lambda: panel.economy.model not in (None, first))
            assert panel.economy.model.epoch == 0
            assert panel.economy.model.drawn.places.shape[0] == 2
            epochs(panel, 1)

    asyncio.run(check())


def test_where_no_economy_can_stand_it_rests_and_says_why():
    async def check() -> None:
        async with economy_of() as panel:
            panel.turn(topology="free_route")
            await until(lambda: panel._network is not None)
            assert panel.economy.model is None
            line = panel.console.data["economy"]["line"]
            assert line.startswith("The economy rests: the topology must be")
            panel._step(STEP)  # the network goes on
            panel.turn(topology="stratified")
            await until(lambda: panel.economy.model is not None)
            epochs(panel, 1)

    asyncio.run(check())


def test_stopping_gives_all_mixes_one_value_again():
    async def check() -> None:
        async with economy_of() as panel:
            epochs(panel, 1)
            panel.economy._on_act("economy_stop", {})
            assert panel.economy.model is None
            assert panel._network._own == (None, None)
            assert not panel.console.data["economy"]["is_on"]
            panel._step(STEP)
            act(panel, "undo")
            assert panel.economy.model.epoch == 0

    asyncio.run(check())


def test_two_economies_of_one_seed_are_one():
    lines = []
    for _ in range(2):
        network, economy = LiveMixnet(SMALL), LiveEconomy(SMALL, EconomySettings())
        economy.seat(network)
        while economy.epoch < 2:
            economy.take(network.advance(0.1), 1.0)
            if economy.is_over:
                economy.close()
                if economy.width != network.scenario.width:
                    network.set(width=economy.width)
                economy.seat(network)
        lines.append(economy_view.summary(economy))
    assert lines[0] == lines[1]


def test_the_mean_performances_error_is_that_of_a_mean():
    network, economy = LiveMixnet(SMALL), LiveEconomy(SMALL, EconomySettings())
    economy.seat(network)
    while not economy.is_over:
        economy.take(network.advance(0.1), 1.0)
    frame = economy.close()
    errors = frame.performance_errors[frame.places.ravel()]
    wanted = 1.96 * math.sqrt((errors**2).sum()) / len(errors)
    assert economy_view.mean_error(frame) == pytest.approx(wanted)


# --- nothing while hidden ---


class TabTwin(PageTwin):
    """A page that keeps the data it is told, and counts the messages."""

    told = 0
    watched = True

    def hello(self) -> None:
        self.asks += 1
        self.state = "asking"
        self.say(type="hello", ask=self.asks, watched=self.watched, dark=False)

    def start(self, content, buffers) -> None:
        self.data = dict(content["data"])

    def apply(self, content, buffers) -> None:
        self.told += 1
        self.data.update(content["data"])


def test_a_hidden_tab_costs_no_message_and_comes_whole_when_it_is_seen():
    async def check() -> None:
        async with economy_of() as panel:
            tab: EconomyTab = panel.economy.tab
            view = TabTwin(tab, wired(tab), "page")
            view.watched = False
            view.hello()
            view.read()
            view.say(type="ready", seq=view.seq, watched=False)
            before = tab._seq
            frame = epochs(panel, 2)[-1]
            assert tab._seq == before
            view.say(type="watch", watched=True, seq=view.seq)
            await until(lambda: tab._seq > before)
            view.read()
            assert view.data["nodes"]["closed"] == frame.row.epoch
            assert view.data["running"]

    asyncio.run(check())


def test_the_opening_panel_has_no_economy_and_says_how_to_start_one():
    async def check() -> None:
        async with economy_of(None, economy=None) as panel:
            assert panel.scenario == OPENING
            assert panel.economy.model is None
            assert "not running" in panel.console.data["economy"]["line"]
            act(panel, "economy_start")
            assert panel.economy.model.epoch == 0
            assert panel.scenario == with_limit(OPENING)
            assert panel.console.data["share"]["line"].endswith(", economy='v=1')")

    asyncio.run(check())


def test_a_shared_link_starts_the_economy_that_it_carries():
    async def check() -> None:
        async with economy_of(None, economy=None) as panel:
            economy = EconomySettings(alpha=0.7, activation=0.2)
            query = sharing.quote(SMALL.to_query(), safe="")
            beside = sharing.quote(economy.to_query(), safe="")
            act(panel, "address", address=f"http://h/x?scenario={query}&economy={beside}")
            await until(lambda: panel.economy.model is not None)
            assert panel.scenario == SMALL
            assert panel.economy.model.live.setting.alpha == 0.7
            act(panel, "set", knob="delay_s", value=0.06)
            act(panel, "reset")
            assert panel._settings.economy == economy

    asyncio.run(check())


def test_a_hostile_economy_in_a_link_is_said_and_changes_nothing():
    async def check() -> None:
        async with economy_of(None, economy=None) as panel:
            for bad in ("v%3D2", "v%3D1%26alpha%3D9", "%3Cscript%3E", "v%3D1&economy=v%3D1"):
                panel._reads_address = True
                act(panel, "address", address=f"http://h/x?scenario=v%3D1&economy={bad}")
                assert panel.console.data["problem"].startswith("The link could not be opened")
                assert panel.scenario == OPENING
            assert panel.economy.model is None

    asyncio.run(check())
