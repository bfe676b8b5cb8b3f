"""What a person may turn of the economy beside the live network, and where it begins.

The mixing scenario decides traffic, delay, width and the capacity of a node; this frozen value
holds the rest. Ranges and meanings are those of ``SystemScenario``'s knobs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote

from workbench.errors import ScenarioError
from workbench.panels.knob_words import read
from workbench.scenario import Scenario
from workbench.strategies import parse_number

if TYPE_CHECKING:
    from workbench.system import SystemScenario

LOAD_TO_BEGIN = 0.6  # a limit is set so that mixes are this busy when the economy starts
QUEUE_TO_BEGIN = 50
MOST_QUERY_CHARACTERS = 2000
STEPS: dict[str, tuple[float, ...]] = {
    "alpha": (0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0),
    "activation": (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0),
}
LOSSES = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 1.0)


@dataclass(frozen=True, kw_only=True)
class EconomySettings:
    """The economy's knobs on the panel.

    Attributes
    ----------
    alpha, activation : float
        As in :class:`~workbench.system.SystemScenario`.
    saturation : {"on", "off"}
    follows_load : bool
        Whether the width follows the load from epoch to epoch.
    faults : tuple of (node, loss)
        Nodes that lose this share of their packets inside.

    Raises
    ------
    ScenarioError
        For values that the system does not take.
    """

    alpha: float = 0.3
    activation: float = 0.05
    saturation: str = "on"
    follows_load: bool = True
    faults: tuple[tuple[int, float], ...] = ()

    def __post_init__(self) -> None:
        from workbench.system import SystemScenario

        if not isinstance(self.follows_load, bool):
            raise ScenarioError(
                f"follows_load must be true or false; got {self.follows_load!r:.40}"
            )
        # The system's own checks, on a network large enough for any node a panel may name.
        checked = SystemScenario(
            nodes=2000,
            alpha=self.alpha,
            activation=self.activation,
            saturation=self.saturation,
            faults=self.faults,
        )
        for name in ("alpha", "activation", "faults"):
            object.__setattr__(self, name, getattr(checked, name))

    def turned(self, knob: str, value: Any) -> EconomySettings:
        """One knob turned; a fault is ``("faults", [node, loss])``, loss 0 for none.

        Raises
        ------
        ScenarioError
            For an unknown knob or a value out of its range.
        """
        if knob == "faults":
            pair = value if isinstance(value, list | tuple) and len(value) == 2 else (None, None)
            if type(pair[0]) is not int or isinstance(pair[1], bool):
                raise ScenarioError("a fault must be a node's number and a loss from 0 to 1")
            others = {node: loss for node, loss in self.faults if node != pair[0]}
            if not isinstance(pair[1], int | float) or not 0 <= pair[1] <= 1:
                raise ScenarioError("a fault must be a node's number and a loss from 0 to 1")
            named = others | ({pair[0]: float(pair[1])} if pair[1] != 0 else {})
            return replace(self, faults=tuple(sorted(named.items())))
        if knob not in {item.name for item in fields(self)}:
            raise ScenarioError(f"there is no knob {str(knob)[:40]!r} of the economy")
        if knob in STEPS:
            from workbench.system import SystemScenario

            value = read(SystemScenario.knobs()[knob], value)
        return replace(self, **{knob: value})

    def to_query(self) -> str:
        """As text for a link: what differs from the beginning."""
        parts = ["v=1"]
        for item in fields(self):
            value = getattr(self, item.name)
            if value != item.default:
                parts.append(f"{item.name}={quote(_text(value), safe='')}")
        return "&".join(parts)

    @classmethod
    def from_query(cls, text: object) -> EconomySettings:
        """The inverse of :meth:`to_query`; anything else is a ScenarioError."""
        if not isinstance(text, str) or len(text) > MOST_QUERY_CHARACTERS:
            raise ScenarioError("an economy must be text as a link holds it")
        try:
            pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=True, errors="strict")
        except ValueError as error:
            raise ScenarioError(
                f"the economy of this link cannot be read ({error!s:.60})"
            ) from None
        values = dict(pairs)
        if len(values) != len(pairs) or values.pop("v", None) != "1":
            raise ScenarioError("an economy must begin with v=1 and name each knob once")
        given: dict[str, Any] = {}
        for name, value in values.items():
            if name in ("alpha", "activation"):
                given[name] = parse_number(name, value, False)
            elif name == "saturation":
                given[name] = value
            elif name == "follows_load":
                given[name] = {"1": True, "0": False}.get(value, value)
            elif name == "faults":
                given[name] = tuple(_fault(one) for one in value.split(","))
            else:
                raise ScenarioError(f"there is no knob {name[:40]!r} of the economy")
        return cls(**given)

    # -- what it makes of a scenario ----------------------------------------------------------

    def system_of(self, scenario: Scenario) -> SystemScenario:
        """The whole system that begins at this scenario: three nodes for each mix of it.

        Raises
        ------
        ScenarioError
            For a scenario that no economy stands beside (free routes, too many mixes).
        """
        from workbench.system import SystemScenario

        nodes = min(2000, max(24, 3 * scenario.mixes))
        return SystemScenario(
            traffic=traffic_of(scenario, scenario.width),
            nodes=nodes,
            rewarded_nodes=min(nodes, max(20, math.ceil(2.5 * scenario.mixes))),
            operators=max(1, round(0.8 * nodes)),
            delegators=800,
            sample_s=0.01,  # what was seen is told with each epoch
            probes_per_node=max(1, min(50, 20_000 // nodes)),
            pool_packets=1e6,  # pools never ask for less than the load allows
            inertia=0.1,
            noise=0.05,
            **self.knobs_for(scenario, nodes),
        )

    def knobs_for(self, scenario: Scenario, nodes: int) -> dict[str, Any]:
        """The knobs of a running system that follow from these settings."""
        has_limit = scenario.capacity_per_s is not None
        for node, _ in self.faults:
            if node >= nodes:
                raise ScenarioError(f"there are nodes 0 to {nodes - 1}; node {node} cannot fail")
        return {
            "alpha": self.alpha,
            "activation": self.activation,
            "operator_activation": self.activation,
            "entry_activation": 0.1 * self.activation,
            "saturation": self.saturation,
            "width_step": 4 if self.follows_load and has_limit else 0,
            "faults": self.faults,
        }


def traffic_of(scenario: Scenario, width: int) -> Scenario:
    """The scenario as the system knows it: mixes down and corrupted belong to the picture."""
    return scenario.replace(mixes_down=0, corrupt_mixes=0, width=width)


def with_limit(scenario: Scenario) -> Scenario:
    """The scenario with a capacity: without one no mix is ever too busy.

    Where there is none, nodes get one that leaves them some 60 % busy, and a queue of 50.
    """
    if scenario.capacity_per_s is not None:
        return scenario
    capacity = max(1.0, _round(scenario.rate_per_mix_per_s / LOAD_TO_BEGIN))
    return scenario.replace(
        capacity_per_s=min(capacity, 1e7),
        queue_packets=min(scenario.queue_packets, QUEUE_TO_BEGIN),
    )


def _round(value: float) -> float:
    """To two digits, as a person would set it."""
    if value <= 0.0:
        return 1.0
    unit = 10.0 ** (math.floor(math.log10(value)) - 1)
    return float(round(round(value / unit) * unit, 6))


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, tuple):
        return ",".join(f"{node}:{loss!r}" for node, loss in value)
    return value if isinstance(value, str) else repr(value)


def _fault(text: str) -> tuple[int, float]:
    node, _, loss = text.partition(":")
    return int(parse_number("node", node, True)), float(parse_number("loss", loss, False))
