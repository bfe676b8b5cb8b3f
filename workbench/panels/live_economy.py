"""The economy beside a live network: one clock, an epoch every ten seconds that are shown.

No widget and no formula lives here. :class:`workbench.system.LiveSystem` draws the active set
and closes the epochs; the live network carries the packets; this file hands one what the
other showed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workbench.errors import ScenarioError
from workbench.panels.economy_settings import EconomySettings, traffic_of
from workbench.scenario import Scenario
from workbench.system import EpochFrame, LiveSystem
from workbench.system.observed import Watch
from workbench.system.setting import FIXED_KNOBS, SystemScenario
from workbench.system.telling import Drawn

if TYPE_CHECKING:
    from workbench.mixing.frame import Frame
    from workbench.mixing.live import LiveMixnet

EPOCH_S = 10.0  # of the eye's time


class LiveEconomy:
    """Epochs of a whole network whose packets somebody watches.

    Parameters
    ----------
    scenario : Scenario
        That of the live network.
    settings : EconomySettings

    Raises
    ------
    ScenarioError
        Where no economy stands beside such a scenario.

    Examples
    --------
    >>> from workbench.mixing.live import LiveMixnet
    >>> scenario = Scenario(clients=20, traffic_per_client_per_s=5.0, capacity_per_s=60.0)
    >>> network, economy = LiveMixnet(scenario), LiveEconomy(scenario, EconomySettings())
    >>> economy.seat(network)
    >>> while not economy.is_over:
    ...     economy.take(network.advance(0.1), eye_s=2.0)
    >>> economy.close().row.epoch
    0
    """

    def __init__(self, scenario: Scenario, settings: EconomySettings) -> None:
        self.settings = settings
        self.scenario = scenario
        self.live = LiveSystem(settings.system_of(scenario))
        self._start_width = scenario.width
        self.last: EpochFrame | None = None
        self.past: list[EpochFrame] = []
        self.down: frozenset[int] = frozenset()  # nodes, wherever they stand
        self.shown_s = 0.0
        self.note = ""
        self.drawn = _with_nodes(self.live.begin())
        self.watch = Watch(self.drawn.places.size)
        self._take_down(scenario)

    @property
    def epoch(self) -> int:
        """The number of the epoch that runs."""
        return self.live.epoch

    @property
    def width(self) -> int:
        """Mixes a layer in the epoch that runs."""
        return int(self.drawn.places.shape[1])

    @property
    def is_over(self) -> bool:
        """Whether the epoch that runs has been shown for its ten seconds."""
        return self.shown_s >= EPOCH_S - 1e-9

    def fits(self, scenario: Scenario) -> bool:
        """Whether this network of nodes can go on under a scenario, or another must begin."""
        traffic = traffic_of(scenario, self._start_width)
        old = self.live.setting.traffic
        fixed = [name for name in FIXED_KNOBS if name not in SystemScenario.knobs()]
        is_same = all(getattr(traffic, name) == getattr(old, name) for name in fixed)
        return is_same and scenario.width <= self.live.setting.widest

    def turn(self, scenario: Scenario, settings: EconomySettings) -> None:
        """Other knobs from now on; a width set by hand begins the epoch anew.

        Raises
        ------
        ScenarioError
            For what the system does not take; nothing has changed then.
        """
        knobs = settings.knobs_for(scenario, self.live.setting.nodes)
        self.live.set(traffic=traffic_of(scenario, self._start_width), **knobs)
        self.scenario, self.settings = scenario, settings
        if scenario.width != self.width:
            self._begin(scenario.width)
            self.note = "The width was set by hand: the active set was drawn anew."
        self._take_down(scenario)

    def take(self, frame: Frame, eye_s: float) -> None:
        """One step of the live network, shown for so many seconds."""
        if len(frame.drops) != self.drawn.places.size:
            return  # made under the width of before
        self.watch.take(frame)
        self.shown_s += eye_s

    def close(self) -> EpochFrame:
        """Close the epoch with what was seen of it, and draw the next active set."""
        self.live.set(sample_s=min(max(self.watch.seconds, 0.01), 3600.0))
        self.last = self.live.close(self.watch.carried())
        self.past = [*self.past[-59:], self.last]
        self.note = ""
        self._begin(None)
        return self.last

    def seat(self, network: LiveMixnet) -> None:
        """Let the nodes of the epoch that runs stand at the network's mixes.

        Each mix gets its node's capacity and loss. What the mix holds stays there: the node
        that comes takes over what the one before it had not sent on.
        """
        nodes = self.drawn.places.ravel()
        has_limit = self.scenario.capacity_per_s is not None
        losses = self.live.losses[nodes]
        losses[np.isin(nodes, list(self.down))] = 0.0  # a mix that is down drops what comes
        network.set_mixes(
            capacities_per_s=self.live.capacities_per_s[nodes] if has_limit else None,
            losses=losses,
        )

    def places_down(self) -> tuple[tuple[int, int], ...]:
        """Where nodes stand that are down, as (layer, index)."""
        places = self.drawn.places
        return tuple(
            (layer, index)
            for layer in range(places.shape[0])
            for index in range(places.shape[1])
            if int(places[layer, index]) in self.down
        )

    def _begin(self, width: int | None) -> None:
        self.drawn = _with_nodes(self.live.begin(width))
        self.watch = Watch(self.drawn.places.size)
        self.shown_s = 0.0

    def _take_down(self, scenario: Scenario) -> None:
        """A mix that goes down takes its node down, wherever that stands later."""
        places = self.drawn.places
        chosen = {int(places[layer, index]) for layer, index in scenario.down()}
        self.down = (self.down - set(places.ravel().tolist())) | chosen
        # Test packets find a node that is down to lose all of them.
        faults = {**dict(self.settings.faults), **dict.fromkeys(self.down, 1.0)}
        self.live.set(faults=tuple(sorted(faults.items())))


def _with_nodes(drawn: Drawn) -> Drawn:
    if not drawn.places.size:
        raise ScenarioError("no active set can be drawn: too few nodes pass packets on")
    return drawn
