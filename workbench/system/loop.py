"""The loop: active set -> routes -> load and drops -> performance -> rewards -> stake -> again."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.errors import ScenarioError, SimulationError
from workbench.mixing.traffic import generator
from workbench.rewards import selection
from workbench.rewards.parameters import Role
from workbench.strategies import whole_number
from workbench.system import measure
from workbench.system.carry import Carried, carry, probe
from workbench.system.choices import NOBODY, Moved, move_delegators, offers_of, turn_margins
from workbench.system.entry import NOTHING, Entered, decide
from workbench.system.setting import FIXED_KNOBS, SystemScenario
from workbench.system.start import UNYM, draw_people, found_network, places
from workbench.system.table import EpochFrame, EpochRow, EpochTable
from workbench.system.telling import Drawn, Happened, frame_of
from workbench.system.width import Width, planned_width

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

_DRAW, _PLACE, _CHOICES, _ENTRY = 5, 6, 7, 8  # purposes of an epoch's generators
MOST_EPOCHS = 1_000_000


class LiveSystem:
    """A whole network that advances epoch by epoch while its knobs are turned.

    Each epoch the active set is drawn by stake and measured performance, the mixing engine
    carries a sample of the traffic through it, what each node dropped becomes its
    performance, performance and stake become rewards, delegators and operators respond, and
    the width follows the traffic. Same setting and same calls give the same frames.

    Parameters
    ----------
    setting : SystemScenario, optional

    Raises
    ------
    ScenarioError
        For anything but a SystemScenario.

    Notes
    -----
    Every node is believed to perform perfectly until it was first measured. It does not say
    how people would really behave: they choose by logit with inertia and noise, a few at a
    time.

    Examples
    --------
    >>> live = LiveSystem(SystemScenario(sample_s=0.5, targets=20))
    >>> frame = live.advance()
    >>> changed = live.set(clients=200)
    >>> live.advance().row.epoch, live.epoch, live.table.epochs, live.setting.traffic.clients
    (1, 2, 2, 200)
    """

    def __init__(self, setting: SystemScenario | None = None) -> None:
        self._setting = SystemScenario() if setting is None else setting
        if not isinstance(self._setting, SystemScenario):
            kind = type(setting).__name__
            raise ScenarioError(f"a LiveSystem needs a SystemScenario; got a {kind}")
        self._people = draw_people(self._setting)
        self._network, self._owners = found_network(self._setting)
        self._performances: Floats = np.ones(self._setting.nodes)
        self._is_open = np.ones(self._setting.nodes, np.bool_)
        self._width = self._setting.traffic.width
        self._rows: list[EpochRow] = []
        self._begun: Drawn | None = None

    # -- what it is -----------------------------------------------------------------------

    @property
    def setting(self) -> SystemScenario:
        """The present setting; its ``traffic.width`` is the one that was started with."""
        return self._setting

    @property
    def epoch(self) -> int:
        """How many epochs have passed."""
        return len(self._rows)

    @property
    def width(self) -> int:
        """Mixes a layer in the next epoch, as planned."""
        return min(self._width, self._setting.widest)

    @property
    def table(self) -> EpochTable:
        """All epochs so far."""
        return EpochTable(self._rows)

    @property
    def is_open(self) -> NDArray[np.bool_]:
        """Whether each node is open now, (nodes,)."""
        return self._is_open.copy()

    @property
    def stakes_nym(self) -> tuple[Floats, Floats]:
        """What each node holds now: its operator's stake and its delegations, (nodes,)."""
        return self._network.operators_unym / UNYM, self._network.delegates_unym / UNYM

    @property
    def saturation_point_nym(self) -> float:
        """Stake at which a node is full now."""
        return self._network.saturation_point_unym / UNYM

    @property
    def capacities_per_s(self) -> Floats:
        """Packets a second that each node can process, (nodes,); infinite without a limit."""
        median = self._setting.traffic.capacity_per_s
        if median is None:
            return np.full(self._setting.nodes, np.inf)
        return median * np.exp(self._setting.capacity_spread * self._people.capacity_units)

    @property
    def losses(self) -> Floats:
        """Chance that each node loses a packet inside, (nodes,), as the setting says."""
        losses = np.full(self._setting.nodes, self._setting.traffic.mix_loss)
        for node, loss in self._setting.faults:
            losses[node] = loss
        return losses

    def set(self, **knobs: Any) -> tuple[str, ...]:
        """Turn knobs of the system or of its traffic; they hold from the next epoch on.

        Returns
        -------
        tuple of str
            Names of the knobs that changed.

        Raises
        ------
        ScenarioError
            For an unknown knob, a value out of range, or a knob that would make another
            network (:data:`~workbench.system.FIXED_KNOBS`); nothing has changed then.
        """
        new = self._setting.replace(**knobs)
        old = self._setting
        for name in FIXED_KNOBS:
            part = (old, new) if name in SystemScenario.knobs() else (old.traffic, new.traffic)
            if getattr(part[0], name) != getattr(part[1], name):
                raise ScenarioError(f"{name} makes another network: start a new LiveSystem")
        if new.margin != old.margin:
            self._network.set_terms(margins=new.margin)
        if new.cost_nym != old.cost_nym:
            self._network.set_terms(interval_costs_unym=new.cost_nym * UNYM)
        self._setting = new
        return tuple(
            name
            for name in knobs
            if name == "traffic" or _knob_of(old, name) != _knob_of(new, name)
        )

    # -- one epoch ------------------------------------------------------------------------

    def advance(self) -> EpochFrame:
        """Let one epoch (an hour) pass and tell what happened in it."""
        drawn = self.begin()
        return self.close(self._carried(drawn.places))

    def begin(self, width: int | None = None) -> Drawn:
        """Draw the active and standby sets of the epoch that begins; nothing is paid yet.

        With :meth:`close` this is :meth:`advance` in two halves, for a network that somebody
        else carries the packets through, such as the one on a screen. Called again before
        ``close`` it draws the same epoch anew, with the same chance.

        Parameters
        ----------
        width : int, optional
            Mixes a layer; by default as planned.

        Raises
        ------
        ScenarioError
            For a width that the rewarded set cannot fill.
        """
        if width is not None:
            self._width = whole_number("width", width, 1, self._setting.widest, "mixes")
        weights = self._weights()
        roles, layout = self._draw(weights)
        self._begun = Drawn(weights, roles, layout)
        return self._begun

    def close(self, carried: Carried | None) -> EpochFrame:
        """Close the epoch that began: measure, pay, let people respond, plan the width.

        Parameters
        ----------
        carried : Carried or None
            What became of the packets: arrays over the places of :meth:`begin`, layer by
            layer. None: nobody carried any, and no node that stands in a layer is measured.

        Raises
        ------
        SimulationError
            When no epoch was begun, or the arrays are not of its places.
        """
        begun = self._begun
        if begun is None:
            raise SimulationError("close an epoch after begin(), once")
        if carried is not None and len(carried.arrivals) != begun.places.size:
            raise SimulationError(
                f"expected one count for each of {begun.places.size} places; "
                f"got {len(carried.arrivals)}"
            )
        self._begun = None
        sampled, drops = self._sample_of_nodes(begun.places, carried)
        measured = measure.performance_of(sampled, drops, self._performances)
        self._performances = measured.performances
        budget = self._network.epoch_budget_unym
        paid = self._network.advance_epoch(self._performances, roles=begun.roles)
        entered = self._entries()
        moved, changed = self._responses()
        planned = (
            planned_width(self._setting, begun.places.shape[1], carried.offered_per_s)
            if carried is not None
            else Width(self.width, "step")
        )
        frame = frame_of(
            self._network,
            Happened(
                epoch=self.epoch,
                setting=self._setting,
                drawn=begun,
                carried=carried,
                sampled=sampled,
                drops=drops,
                measured=measured,
                paid=paid,
                budget_unym=budget,
                entered=entered,
                moved=moved,
                margins_changed=changed,
                planned=planned,
                operators=self._people.operators,
                is_open=self.is_open,
                capacities_per_s=self.capacities_per_s,
                losses=self.losses,
            ),
        )
        self._width = planned.mixes
        self._rows.append(frame.row)
        return frame

    def _rng(self, purpose: int) -> np.random.Generator:
        """Chance of this epoch for one purpose; epochs need no memory of earlier ones."""
        return generator(self._setting.traffic.seed, ((self.epoch + 1) << 10) + purpose)

    def _weights(self) -> Floats:
        fullness = self._network.saturations
        scores = selection.weight(1.0, self._performances)
        if self._setting.saturation == "on":
            fullness = np.minimum(1.0, fullness)
        return np.asarray(fullness * scores * self._is_open)

    def _draw(self, weights: Floats) -> tuple[NDArray[np.int8], Whole]:
        """Roles by node, and the active nodes in their layers: int64 (layers, width)."""
        setting, network = self._setting, self._network
        network.has_saturation = setting.saturation == "on"
        parameters = places(setting, self.width)
        network.use(parameters)
        drawn = selection.draw(weights, parameters, self._rng(_DRAW))
        roles = drawn.roles.copy()
        active = drawn.having(Role.MIX)
        width = len(active) // setting.traffic.layers
        active = self._rng(_PLACE).permutation(active)
        # Too few nodes to fill every layer: those left over wait.
        roles[active[width * setting.traffic.layers :]] = Role.STANDBY
        active = active[: width * setting.traffic.layers]
        return roles, active.reshape(setting.traffic.layers, width).astype(np.int64)

    def _carried(self, layout: Whole) -> Carried | None:
        if not layout.size:
            return None
        active = layout.ravel()
        setting = self._setting
        has_limit = setting.traffic.capacity_per_s is not None
        return carry(
            setting.traffic.replace(width=layout.shape[1]),
            capacities_per_s=self.capacities_per_s[active] if has_limit else None,
            losses=self.losses[active],
            sample_s=setting.sample_s,
            targets=setting.targets,
            index=2 * (self.epoch + 1),
        )

    def _sample_of_nodes(self, layout: Whole, carried: Carried | None) -> tuple[Whole, Whole]:
        """Packets that tried each node in this epoch, and those that it dropped."""
        sampled = np.zeros(self._setting.nodes, np.int64)
        drops = np.zeros(self._setting.nodes, np.int64)
        if carried is not None:
            sampled[layout.ravel()], drops[layout.ravel()] = carried.arrivals, carried.drops
        others = np.setdiff1d(np.flatnonzero(self._is_open), layout.ravel())
        sampled[others], drops[others] = probe(
            self._setting.traffic,
            losses=self.losses[others],
            packets_per_node=self._setting.probes_per_node,
            index=2 * (self.epoch + 1) + 1,
        )
        return sampled, drops

    def _entries(self) -> Entered:
        """Operators open and close nodes and choose pledges."""
        setting, network, rng = self._setting, self._network, self._rng(_ENTRY)
        awake = np.flatnonzero(rng.random(setting.nodes) < setting.entry_activation)
        if not len(awake):
            return NOTHING
        scores = np.asarray(selection.weight(1.0, self._performances))
        offers = offers_of(network, setting, self._performances, scores, self._is_open)
        done, self._is_open, self._owners = decide(
            network, offers, self._is_open, self._owners, setting.delegators,
            rng.permutation(awake), setting.behaviour, rng,
        )  # fmt: skip
        return done

    def _responses(self) -> tuple[Moved, int]:
        setting, network, rng = self._setting, self._network, self._rng(_CHOICES)
        scores = np.asarray(selection.weight(1.0, self._performances))
        behaviour = setting.behaviour
        offers = offers_of(network, setting, self._performances, scores, self._is_open)
        thinks = rng.random(setting.nodes) < setting.operator_activation
        operators = np.flatnonzero(thinks & self._is_open)
        delegations = len(network.delegation_nodes)
        looks = rng.random(delegations) < setting.activation
        looks &= self._people.reluctance[self._owners] >= setting.abstainers
        awake = rng.permutation(np.flatnonzero(looks))
        changed = turn_margins(network, offers, operators, setting.margin_step, behaviour, rng)
        moved = NOBODY
        if len(awake):
            offers = offers_of(network, setting, self._performances, scores, self._is_open)
            moved, self._owners = move_delegators(
                network, offers, self._owners, awake, behaviour, rng
            )
        return moved, changed


def _knob_of(setting: SystemScenario, name: str) -> object:
    return getattr(setting if name in SystemScenario.knobs() else setting.traffic, name)
