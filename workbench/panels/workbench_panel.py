"""The workbench: a live mixnet, its knobs, and what an observer learns, in one call.

    from workbench.panels.workbench_panel import workbench_panel
    workbench_panel()

Two answers stand side by side and are never confused: *expected*, what the settings lead to
(a simulation of its own on the same seed, in a thread), and *measured*, what packets showed
that have finished in the network on screen.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import ipywidgets

from workbench.errors import ScenarioError, WorkbenchError
from workbench.panels import bench_words, picture, sharing
from workbench.panels.bench_figures import Figures
from workbench.panels.bench_settings import NEEDS_NEW_NETWORK, Settings
from workbench.panels.bench_threads import Answers, started
from workbench.panels.console import Console
from workbench.panels.economy_settings import EconomySettings
from workbench.panels.economy_tab import EconomyBeside
from workbench.panels.flow_control import let_the_picture_steer
from workbench.panels.live_model import Measured, closed_form_bits
from workbench.panels.live_view import LiveView
from workbench.panels.packet_flow import Act
from workbench.panels.packet_of_flow import RealBytes
from workbench.panels.pump import Pump, Tick, failure_in_words, runs_in_a_cell
from workbench.panels.recorded_page import RecordedFlow, page_of
from workbench.scenario import Scenario

if TYPE_CHECKING:
    from workbench.mixing.frame import Expected
    from workbench.mixing.live import LiveMixnet
    from workbench.panels.bench_charts import EntropyChart, LatencyChart

OPENING = Scenario(
    clients=200,
    traffic_per_client_per_s=0.1,
    cover_per_client_per_s=0.4,
    delay_s=0.5,
    width=4,
    seed=41,
)
INTERVAL_S = 0.08
FIRST_PICTURE_S = 1.5  # so long the network waits for the page to draw the knobs
SLOW_EVERY = 6  # ticks between updates of numbers and bars: twice a second
SPEEDS = (0.25, 0.5, 1.0, 2.0, 5.0, 10.0)
MOST_PACKETS_A_STEP = 6000.0


class WorkbenchPanel(ipywidgets.VBox):
    """The panel; use :func:`workbench_panel` to make one."""

    def __init__(
        self,
        scenario: Scenario,
        economy: EconomySettings | None,
        *,
        reads_address: bool,
        presenter: bool,
    ) -> None:
        self._settings = Settings.of(scenario, economy)
        self._network: LiveMixnet | None = None
        self._measured = Measured()
        self._before: Scenario | None = None
        self._pinned: Scenario | None = None
        self._speed = 1.0
        self._reads_address = reads_address
        self._wants_to_follow = True
        self._is_building = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._answers = Answers(
            self._wanted, self._publish_expected, self._say_no_answer, self._keep
        )
        code = {"settings": self._line}
        self.console = Console(self._on_act, presenter=presenter, **code)
        self.flow = RecordedFlow(scenario, presenter=presenter)
        self.figures = Figures(self._feed, presenter=presenter)
        self.economy = EconomyBeside(self, presenter=presenter)
        self.bytes = RealBytes(self.flow, self._running)
        below = ipywidgets.VBox([self.bytes, self.figures])
        below.add_class("wb-bench-below")
        grid = ipywidgets.VBox([self.console, self.flow, below, self.economy.tab])
        grid.add_class("wb-bench")
        super().__init__([grid])
        self.add_class("wb-bench-frame")
        self._grid = grid
        self._dress(presenter)
        let_the_picture_steer(self.flow, self._running, self._turn_from_picture)
        self.flow.on("follow", self._followed_by_hand)
        self.figures.fit(self._journey_s())
        self._pace()
        self._publish_settings()
        self.console.update(
            ink=picture.INK,
            presets=[[p.name, p.meaning] for p in Scenario.presets().values()],
            speeds=list(SPEEDS),
            playing="starting",
            compare=None,
            problem="",
            answered=["", 0],
            expected={"is_known": False},
            measured={"count": 0, "bits": "–", "words": "", "note": ""},
            summary="Starting the network.",
        )
        self.economy.publish()
        self.pump = Pump(self._step, self._views, interval_s=INTERVAL_S)
        self._rebuild()

    # What others ask.

    @property
    def scenario(self) -> Scenario:
        """The settings in force."""
        return self._settings.scenario

    @property
    def expected(self) -> Expected | None:
        """The present settings' answer, or None while it is computed."""
        return self._answers.known.get(self.scenario)

    @property
    def entropy(self) -> EntropyChart:
        """The figure of entropy over the last minute."""
        return self.figures.entropy

    @property
    def latency(self) -> LatencyChart:
        """The figure of latencies."""
        return self.figures.latency

    @property
    def _views(self) -> tuple[LiveView, ...]:
        return (self.console, self.flow, self.economy.tab, *self.figures.panes)

    @property
    def measured(self) -> Measured:
        """What has been measured on the network that runs."""
        return self._measured

    def turn(self, **knobs: Any) -> None:
        """Turn knobs from code, as the sliders do.

        Raises
        ------
        ScenarioError
            For an unknown knob or a value out of its range; nothing has changed then.
        """
        self._apply(self._settings.moved(self.scenario.replace(**knobs)))

    # What people do.

    def _on_act(self, name: str, content: Mapping[str, Any]) -> None:
        self.console.answer(content, lambda view: self._do(name, content, view))

    def _do(self, name: str, content: Mapping[str, Any], view: str) -> None:
        if name == "set":
            knob = content.get("knob")
            knob = knob if isinstance(knob, str) else ""
            self._apply(self._settings.turned(knob, content.get("value")))
        elif name == "preset":
            self._apply(self._settings.at_preset(str(content.get("value"))))
        elif name == "undo":
            self._apply(self._settings.undone())
        elif name == "reset":
            self._apply(self._settings.reset())
        elif name == "new_seed":
            self._apply(self._settings.moved(self.scenario.replace(seed=secrets.randbelow(10**6))))
        elif name in ("play", "pause", "toggle", "step"):
            self._play(name)
        elif name == "speed":
            self._set_speed(content.get("value"))
        elif name == "presenter":
            self._dress(not self.console.presenter)
        elif name == "compare":
            self._set_comparing(bool(content.get("value")))
        elif name == "address":
            self._read_address(content.get("address"))
        elif name == "economy_start":
            self._apply(self.economy.acted(name, content))
        elif name in ("csv", "svg", "page"):
            self._hand_over(name, view, content.get("network"))

    def _line(self) -> str:
        return sharing.whole_line(self.scenario, self._settings.economy)

    def _play(self, name: str) -> None:
        if name == "step":
            self.pump.step_once()
        elif name == "play" or (name == "toggle" and not self.pump.is_playing):
            self.pump.play()
        else:
            self.pump.pause()
        self.console.update(
            playing="playing" if self.pump.is_playing else "paused", summary=self._summary()
        )

    def _set_speed(self, value: Any) -> None:
        if value not in SPEEDS:
            raise ScenarioError(f"speed must be one of {', '.join(map(str, SPEEDS))}")
        self._speed = float(value)
        self._pace()
        self._publish_settings()

    def _turn_from_picture(self, knobs: dict[str, Any]) -> None:
        self._apply(self._settings.moved(self.scenario.replace(**knobs)))

    def _followed_by_hand(self, act: Act) -> None:
        self._wants_to_follow = act.packet is not None

    def _read_address(self, address: object) -> None:
        if not self._reads_address:
            return
        self._reads_address = False  # once: what a person does afterwards is not undone
        try:
            found = sharing.from_address(address)
            beside = sharing.economy_of_address(address)
            if found is not None:
                self._settings = Settings.of(found, beside)
        except WorkbenchError as error:
            self.console.update(
                problem=f"The link could not be opened: {error}. "
                "The opening settings are shown instead; ask for a new link."
            )
            return
        if found is not None:
            self._restart()

    def _set_comparing(self, is_on: bool) -> None:
        self._pinned = self.scenario if is_on else None
        self.pump.pause() if is_on else self.pump.play()
        self._grid.add_class("is-comparing") if is_on else self._grid.remove_class("is-comparing")
        self.console.update(playing="playing" if self.pump.is_playing else "paused")
        self._publish_expected()

    def _hand_over(self, what: str, view: str, shape: Any = None) -> None:
        name = f"mixnet-workbench-seed-{self.scenario.seed}"
        if what == "csv":
            text, mime, end = sharing.data_csv(self._measured, self.scenario), "text/csv", "csv"
        elif what == "svg":
            known = shape if isinstance(shape, int | float) else None
            text = picture.picture_svg(self._measured, self.scenario, self.expected, known)
            mime, end = "image/svg+xml", "svg"
        else:
            settling = self._network.settling if self._network is not None else None
            text = page_of(self.flow, self._measured, self.scenario, self.expected, settling)
            mime, end = "text/html", "html"
        self.console.hand_over(view, f"{name}.{end}", mime, text.encode())

    def _dress(self, presenter: bool) -> None:
        for view in (self.console, self.flow, self.economy.tab):
            view.presenter = presenter
        self.figures.dress(presenter)
        self.bytes.dress(presenter)
        self.add_class("is-presenter") if presenter else self.remove_class("is-presenter")
        self.console.update(presenter=presenter)

    # Settings in force.

    def _apply(self, settings: Settings) -> None:
        before, after = self.scenario, settings.scenario
        if before == after:
            self._settings = settings
            self._publish_settings()
            self.economy.adopt()
            return
        changes = {
            name: getattr(after, name)
            for name in Scenario.knobs()
            if getattr(before, name) != getattr(after, name)
        }
        is_new_network = any(name in changes for name in NEEDS_NEW_NETWORK)
        said: tuple[str, ...] = ()
        if self._network is not None and not is_new_network and not self._is_building:
            said = self._network.set(**changes)
        is_new_move = len(settings.past) != len(self._settings.past)
        if is_new_move:
            self._before = before
        self._settings = settings
        if self._pinned is not None:
            self._pinned = self._pinned.replace(seed=after.seed)
        if is_new_network or self._is_building or self._network is None:
            self._restart()
            return
        self._measured.changed(before, after)
        if is_new_move:
            self.figures.keep_outline()
        self.figures.fit(self._journey_s())
        self._pace()
        self._publish_settings()
        self.console.update(problem="", note=" ".join(f"{one.capitalize()}." for one in said[:2]))
        self.economy.adopt()
        self._wish_expected()

    def _restart(self) -> None:
        """Another network: what was measured belongs to the old one."""
        self._measured = Measured()
        self._before = None
        self.figures.forget()
        self.figures.fit(self._journey_s())
        self._publish_settings()
        self.console.update(
            measured={"count": 0, "bits": "–", "words": "", "note": "a new network is starting"},
            note="A new network: these settings cannot change while it runs.",
        )
        self._rebuild()

    def _journey_s(self) -> float:
        one = self.scenario
        link = one.link_delay_s if isinstance(one.link_delay_s, float) else 0.0
        return one.layers * one.mean_delay_s() + (one.layers + 1) * link

    def _pace(self) -> None:
        """Show it as fast as asked, unless that is more than a step can carry."""
        self.flow.retune(self.scenario, speed=self._speed)
        a_step = self.scenario.total_rate_per_s * INTERVAL_S / self.flow.slow_down
        if a_step > MOST_PACKETS_A_STEP:
            slower = max(0.01, self._speed * MOST_PACKETS_A_STEP / a_step)
            self.flow.retune(self.scenario, speed=slower)

    # The network.

    def _running(self) -> LiveMixnet:
        if self._network is None:
            raise WorkbenchError("The network is still starting.")
        return self._network

    def _rebuild(self) -> None:
        self._network = None
        if not self._is_building:
            self._is_building = True
            self._keep(self._build())

    def _keep(self, work: Any) -> asyncio.Task[None]:
        """A task that nobody awaits must be held, or it may be collected on the way."""
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _feed(self, *panes: LiveView) -> None:
        self.pump.feed(*panes)

    async def _until_drawn(self) -> None:
        """What a page asks for first is answered first; without a page nobody is waited for."""
        loop = asyncio.get_running_loop()
        end_s = loop.time() + FIRST_PICTURE_S
        while not (self.console.has_drawn and self.flow.has_drawn) and loop.time() < end_s:
            await asyncio.sleep(0.02)

    async def _build(self) -> None:
        """Make the network in a thread: the first time numba is imported, perhaps compiles."""
        if runs_in_a_cell():
            await self._until_drawn()
        hint = self._keep(self._say_compiling())
        try:
            while self._network is None and self.pump.state != "stopped":
                scenario = self.scenario
                network, frames = await asyncio.to_thread(started, scenario)
                if scenario != self.scenario:
                    continue  # knobs were turned meanwhile
                self._measured = Measured()
                self.flow.show(scenario, clock_s=0.0, speed=self._speed)
                self._pace()
                self.bytes.forget()
                for frame in frames:
                    self._measured.take(frame, 0.0)
                    self.flow.add_frame(frame)
                    self.bytes.take(frame)
                network.follow(-1)
                self._network = network
                self.economy.adopt()
        except Exception as error:
            self.console.update(problem=failure_in_words(error))
        finally:
            self._is_building = False
            hint.cancel()
            self.console.update(note="")
        self._publish_measured()
        self._wish_expected()
        self.console.update(playing="playing" if self.pump.is_playing else "paused")
        # Not above: knobs that are turned meanwhile must find that nothing is being built.
        try:
            await self.figures.draw()
        except Exception as error:
            self.console.update(problem=failure_in_words(error))

    async def _say_compiling(self) -> None:
        await asyncio.sleep(1.5)
        self.console.update(
            playing="starting",
            note="Starting. The first time, the simulator is compiled: about half a minute, once.",
        )

    def _step(self, tick: Tick) -> None:
        network = self._network
        if network is None:
            return
        frame = network.advance(tick.interval_s / self.flow.slow_down)
        measured = self._measured
        measured.take(frame, tick.interval_s)
        self.flow.add_frame(frame)
        self.bytes.take(frame)
        measured.point(self.expected, closed_form_bits(self.scenario))
        self.figures.show(measured, self._was)
        followed = frame.followed
        is_over = self.flow.followed is None if followed is None else followed.is_reported
        if is_over and self._wants_to_follow:
            network.follow(-1)  # the last one's doubt has left the network: the next one
        if tick.number % SLOW_EVERY == 0 or not self.pump.is_playing:
            self._publish_measured()
        self.economy.take(frame, tick)

    # Expected: off the loop, the newest wish first.

    def _wish_expected(self) -> None:
        self._publish_expected()
        self._answers.wish()

    def _wanted(self) -> tuple[Scenario, ...]:
        return (self.scenario,) if self._pinned is None else (self.scenario, self._pinned)

    def _say_no_answer(self, why: str) -> None:
        self.console.update(problem=f"No expected value: {why}")

    @property
    def _was(self) -> float | None:
        """What was expected of the settings before the last move, if it was ever known."""
        known = None if self._before is None else self._answers.known.get(self._before)
        return None if known is None else bench_words.none_if_nan(known.entropy_bits.median)

    # What the page is told.

    def _publish_settings(self) -> None:
        self.console.update(
            settings=bench_words.settings_data(self._settings, self._speed),
            share=sharing.share_data(self.scenario, self._settings.economy),
        )

    def _publish_expected(self) -> None:
        known = self.expected
        self.console.update(
            expected=bench_words.expected_data(known, self.scenario),
            was="" if self._was is None else bench_words.bits_text(self._was),
            compare=self._comparison(),
            summary=self._summary(),
        )

    def _comparison(self) -> dict[str, Any] | None:
        if self._pinned is None:
            return None
        pair = {"a": self._pinned, "b": self.scenario}
        return bench_words.comparison_data(pair, self._answers.known)

    def _publish_measured(self) -> None:
        network = self._network
        settling = network.settling if network is not None else None
        costs = bench_words.cost_data(self._measured, self.scenario)
        measured = bench_words.measured_data(self._measured, self.scenario, settling)
        self.console.update(measured=measured, summary=self._summary(), **costs)
        self.figures.describe(
            f"Entropy over the last minute: measured median {measured['bits']} bits now, "
            f"expected {bench_words.expected_data(self.expected, self.scenario).get('bits', '–')}."
        )

    def _summary(self) -> str:
        status = "playing" if self.pump_is_playing else "paused"
        return bench_words.summary(self.scenario, self.expected, status)

    @property
    def pump_is_playing(self) -> bool:
        """Whether the network runs, as far as play and pause go."""
        pump: Pump | None = getattr(self, "pump", None)
        return pump is None or pump.is_playing

    def close(self) -> None:
        """End the loop and the widgets."""
        self.pump.cancel()
        for task in list(self._tasks):
            task.cancel()
        with contextlib.suppress(Exception):
            super().close()


def workbench_panel(
    scenario: Scenario | str | None = None,
    *,
    economy: EconomySettings | str | bool | None = None,
    presenter: bool = False,
) -> WorkbenchPanel:
    """A live mixnet with sliders that answer.

    Parameters
    ----------
    scenario : Scenario or str, optional
        Where to begin: a scenario, the query of a link, or the name of a preset. Without it
        the page's own address is looked at (a shared link), else a small busy network.
    economy : EconomySettings, str or bool, optional
        Let the economy run beside the network from the start: as usual (True), or as a link
        holds it.
    presenter : bool
        Large type and thick lines, for a room.

    Returns
    -------
    WorkbenchPanel
        A widget; a notebook shows it.

    Raises
    ------
    ScenarioError
        For something that is no scenario, or one with more traffic than a live network
        carries here.
    WorkbenchError
        Outside a notebook: a panel needs a running event loop.
    """
    try:
        begin = OPENING if scenario is None else sharing.as_scenario(scenario)
        beside = sharing.as_economy(economy)
        is_open = scenario is None and beside is None
        return WorkbenchPanel(begin, beside, reads_address=is_open, presenter=bool(presenter))
    except WorkbenchError as error:
        # A cell shows every frame; those below say nothing to whoever wrote the line.
        raise error.with_traceback(None) from None
