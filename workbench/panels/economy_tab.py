"""The workbench's second tab: the economy beside the network that runs, epoch by epoch.

The tab is a live view of its own: while it is hidden nobody watches it, and nothing is drawn
or sent. Epochs pass all the same, and the first tab says them in one line.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from workbench.errors import WorkbenchError
from workbench.panels.data_view import DataView
from workbench.panels.economy_settings import EconomySettings

if TYPE_CHECKING:
    from workbench.mixing.frame import Frame
    from workbench.mixing.live import LiveMixnet
    from workbench.panels.bench_settings import Settings
    from workbench.panels.live_economy import LiveEconomy
    from workbench.panels.pump import Tick
    from workbench.panels.workbench_panel import WorkbenchPanel

SLOW_EVERY = 6  # ticks between words about the clock


class EconomyTab(DataView):
    """What the second tab shows; :class:`EconomyBeside` fills it."""

    scripts = ("bench_parts.js", "economy_tab.js")
    styles = ("live_view.css", "economy_tab.css")


class EconomyBeside:
    """The economy of one workbench: follows its settings, feeds on its frames.

    Parameters
    ----------
    panel : WorkbenchPanel
        Whose network carries the packets.
    presenter : bool
        Type and lines for a room.
    """

    def __init__(self, panel: WorkbenchPanel, *, presenter: bool) -> None:
        self._panel = panel
        self._network: LiveMixnet | None = None
        self.model: LiveEconomy | None = None
        self.problem = ""
        self.tab = EconomyTab(self._on_act, presenter=presenter, settings=panel._line)
        self.tab.update(answered=["", 0], running=False, why="")
        self.tab.on_watch(lambda: self.tab._on_loop(self.publish))

    # -- what people do -----------------------------------------------------------------------

    def _on_act(self, name: str, content: Mapping[str, Any]) -> None:
        def act(view: str) -> None:
            if name in ("economy_start", "economy_stop", "economy_set"):
                self._panel._apply(self.acted(name, content))
            else:
                self._panel._do(name, content, view)

        self.tab.answer(content, act)

    def acted(self, name: str, content: Mapping[str, Any]) -> Settings:
        """The settings after one of the tab's acts."""
        settings = self._panel._settings
        if name == "economy_stop":
            return settings.with_economy(None)
        now = settings.economy
        if name == "economy_start" or now is None:
            return settings.with_economy(now or EconomySettings())
        knob = str(content.get("knob", ""))
        return settings.with_economy(now.turned(knob, content.get("value")), f"economy {knob}")

    # -- following ----------------------------------------------------------------------------

    def adopt(self) -> None:
        """Settings or the network changed: go on under them, or say why not."""
        settings, network = self._panel._settings.economy, self._panel._network
        if settings is None or network is None:
            if settings is None and network is not None and self.model is not None:
                network.set_mixes()
            self.model, self.problem = None, ""
            self.publish()
            return
        try:
            self._follow(settings, network)
        except WorkbenchError as error:
            self._rest(str(error))
        self.publish()

    def _follow(self, settings: EconomySettings, network: LiveMixnet) -> None:
        from workbench.panels.live_economy import LiveEconomy

        scenario = self._panel.scenario
        if self.model is None or network is not self._network or not self.model.fits(scenario):
            self.model, self._network = LiveEconomy(scenario, settings), network
        else:
            self.model.turn(scenario, settings)
        self.problem = ""
        self._seat()

    def _seat(self) -> None:
        """Let the network on screen be the active set of the epoch that runs."""
        model, panel = self.model, self._panel
        if model is None or panel._network is None:
            return
        wanted = panel._settings.standing(model.width, model.places_down())
        if wanted.scenario != panel.scenario:
            panel._apply(wanted)  # comes back here by adopt()
        else:
            model.seat(panel._network)

    def _rest(self, why: str) -> None:
        self.model, self.problem = None, why
        if self._panel._network is not None:
            self._panel._network.set_mixes()

    def take(self, frame: Frame, tick: Tick) -> None:
        """One step of the network; closes the epoch when its ten seconds were shown."""
        model = self.model
        if model is None:
            return
        model.take(frame, tick.interval_s)
        if model.is_over:
            try:
                model.close()
                self._seat()
            except WorkbenchError as error:
                self._rest(str(error))
            self.publish()
        elif tick.number % SLOW_EVERY == 0 and self.tab.is_watched:
            self._publish_clock(model)

    # -- telling ------------------------------------------------------------------------------

    def publish(self) -> None:
        """One line for the first tab; all of it where somebody looks at the second."""
        is_on = self._panel._settings.economy is not None
        if not is_on:
            line, is_starting = _not_running(), False
        else:
            line, is_starting = self._line(), self.model is None and not self.problem
        self._panel.console.update(economy={"line": line, "is_on": is_on})
        if not self.tab.is_watched:
            return
        if self.model is None:
            self.tab.update(running=False, why=line, is_on=is_on, is_starting=is_starting)
            return
        from workbench.panels import economy_view

        self.tab.update(
            running=True, why="", is_on=True, line=line, **economy_view.tab_data(self.model)
        )
        self._publish_clock(self.model)

    def _publish_clock(self, model: LiveEconomy) -> None:
        from workbench.panels import economy_view

        self.tab.update(clock=economy_view.clock_data(model))

    def _line(self) -> str:
        if self.model is None and not self.problem:
            return "The economy starts with the network."
        from workbench.panels import economy_view

        return economy_view.summary(self.model, self.problem)


def _not_running() -> str:
    return (
        "The economy is not running. Started, it gives nodes a capacity, and every 10 s shown "
        "an epoch closes: what the packets on screen did decides who is paid and who mixes next."
    )
