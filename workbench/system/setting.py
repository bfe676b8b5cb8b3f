"""SystemScenario: one frozen value that drives traffic, nodes, money and people together."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import Any

from workbench.errors import ScenarioError
from workbench.rewards.game import Behaviour
from workbench.scenario import Knob, Scenario
from workbench.strategies import (
    Fixed,
    Gamma,
    NoMixing,
    Poisson,
    Uniform,
    real_number,
    whole_number,
)

Marks = tuple[tuple[int, float], ...]
SWITCH = ("on", "off")
MOST_JSON_CHARACTERS = 4_000_000
MOST_PACKETS = 20_000_000
MOST_JOURNEY_S = 1e6
_BY_DELAY = (NoMixing, Poisson, Fixed, Uniform, Gamma)
# What a network is made of: a change makes another network, not the same one turned.
FIXED_KNOBS = (
    "nodes", "operators", "delegators", "capacity_spread", "staking_supply_nym", "staked_share",
    "pledged_share", "reward_pool_nym", "popular", "layers", "topology", "seed", "width",
)  # fmt: skip


def _knobs() -> Mapping[str, Knob]:
    whole, real, choice, marks = "whole", "real", "choice", "marks"
    # name, label, unit, kind, default, meaning, low, high, log, optional, choices
    rows = [
        Knob("nodes", "Nodes", "nodes", whole, 40,
             "nodes that offer to mix, whether drawn or not", 1, 2000, True),
        Knob("rewarded_nodes", "Rewarded nodes", "nodes", whole, 30,
             "places in the rewarded set, active and standby (k)", 1, 2000, True),
        Knob("operators", "Operators", "people", whole, 30,
             "people who run the nodes; some run several", 1, 2000, True),
        Knob("delegators", "Delegators", "people", whole, 1000,
             "people who lend their stake to nodes", 0, 200_000, True),
        Knob("capacity_spread", "Spread of capacities", "", real, 0.15,
             "standard deviation of the logarithm of a node's capacity around the median",
             0.0, 2.0),
        Knob("sample_s", "Sample of an epoch", "s", real, 5.0,
             "seconds of each hour's traffic that are simulated packet by packet",
             0.01, 3600.0, True),
        Knob("targets", "Targets", "packets", whole, 100,
             "packets followed in an epoch", 0, 10_000, True),
        Knob("probes_per_node", "Test packets", "packets", whole, 50,
             "packets that try each node outside the active set in an epoch", 0, 100_000, True),
        Knob("load_at_most", "Wanted load", "share", real, 0.7,
             "share of a median node's capacity that the width aims to stay below", 0.01, 1.0),
        Knob("pool_packets", "Wanted pool", "packets", real, 25.0,
             "packets that a mix should hold on average: more make the network wider",
             0.0, 1e6, True),
        Knob("width_step", "Step of the width", "mixes", whole, 4,
             "most mixes a layer by which the width changes in an epoch; 0 keeps it",
             0, 2000),
        Knob("staking_supply_nym", "Staking supply", "NYM", real, 40e6,
             "stake that would saturate all rewarded nodes", 1.0, 1e12, True),
        Knob("staked_share", "Staked", "share", real, 0.8,
             "share of the staking supply that is pledged or delegated", 0.0, 1.0),
        Knob("pledged_share", "Pledged", "share", real, 0.2,
             "share of what is staked that the operators pledge themselves", 0.0, 1.0),
        Knob("reward_pool_nym", "Reward pool", "NYM", real, 40e6,
             "what is left to be paid out", 0.0, 1e12, True),
        Knob("emission", "Emission", "share", real, 0.02,
             "share of the pool that a month of epochs may pay", 0.0, 1.0),
        Knob("alpha", "Weight of the pledge", "", real, 0.3,
             "how much an operator's own pledge adds (Sybil resistance)", 0.0, 1.0),
        Knob("work_factor", "Work of active nodes", "", real, 10.0,
             "how many standby nodes' work an active node does", 1.0, 1000.0, True),
        Knob("saturation", "Saturation", "", choice, "on",
             "whether stake beyond the saturation point stops counting", choices=SWITCH),
        Knob("margin", "Profit margin", "share", real, 0.1,
             "what operators ask of a node's profit at the start", 0.0, 1.0),
        Knob("cost_nym", "Cost of a node", "NYM/month", real, 1000.0,
             "what each node costs its operator in a month", 0.0, 1e9, True),
        Knob("activation", "Delegators awake", "share", real, 0.02,
             "chance that a delegator looks around in an epoch", 0.0, 1.0),
        Knob("operator_activation", "Operators awake", "share", real, 0.02,
             "chance that a node's operator thinks about its margin in an epoch", 0.0, 1.0),
        Knob("entry_activation", "Operators deciding", "share", real, 0.001,
             "chance that a node's operator thinks about opening, closing or the pledge in an "
             "epoch", 0.0, 1.0),
        Knob("inertia", "Inertia", "", real, 0.05,
             "gain below which nobody moves, as a share of the pay if all were paid by stake",
             0.0, 100.0),
        Knob("rationality", "Rationality", "", real, 20.0,
             "logit choice: 0 draws blindly, large takes the best", 0.0, 1e6, True),
        Knob("noise", "Noise", "", real, 0.1,
             "spread of what people believe about each node's pay", 0.0, 10.0),
        Knob("abstainers", "Abstainers", "share", real, 0.1,
             "share of the delegators who never move", 0.0, 1.0),
        Knob("margin_step", "Step of the margin", "share", real, 0.02,
             "by how much an operator tries a higher or lower margin; 0 keeps margins",
             0.0, 1.0),
        Knob("faults", "Faulty nodes", "share", marks, (),
             "(node, loss): nodes that lose this share of packets inside", 0.0, 1.0),
        Knob("popular", "Popular nodes", "saturations", marks, (),
             "(node, fullness): stake that some nodes start with, in saturation points",
             0.0, 100.0),
    ]  # fmt: skip
    return MappingProxyType({knob.name: knob for knob in rows})


_KNOBS = _knobs()
_TRAFFIC = Scenario(width=4, capacity_per_s=400.0, queue_packets=50)


@dataclass(frozen=True, kw_only=True)
class SystemScenario:
    """Everything that decides a whole network over many epochs, as one frozen value.

    ``traffic`` is the :class:`~workbench.scenario.Scenario` of an epoch: people, strategy,
    delay, layers, the width to begin with, ``capacity_per_s`` of the median node and
    ``mix_loss`` of every node. The other fields are the knobs of nodes, money and people
    (:meth:`knobs`), each with a unit, a range and a meaning.

    Raises
    ------
    ScenarioError
        When a knob is outside its range, or the knobs do not fit together; the message says
        what was expected.

    Notes
    -----
    Entry and exit gateways are not modelled: clients reach the first layer directly, and
    all active places are mix nodes. ``mixes_down`` and ``corrupt_mixes`` must be 0: nodes
    fail by ``faults``.

    Examples
    --------
    >>> setting = SystemScenario(nodes=60, rewarded_nodes=45)
    >>> setting.widest, setting.replace(clients=200).traffic.clients
    (15, 200)
    >>> SystemScenario.from_json(setting.to_json()) == setting
    True
    """

    traffic: Scenario = field(default=_TRAFFIC)
    nodes: int = 40
    rewarded_nodes: int = 30
    operators: int = 30
    delegators: int = 1000
    capacity_spread: float = 0.15
    sample_s: float = 5.0
    targets: int = 100
    probes_per_node: int = 50
    load_at_most: float = 0.7
    pool_packets: float = 25.0
    width_step: int = 4
    staking_supply_nym: float = 40e6
    staked_share: float = 0.8
    pledged_share: float = 0.2
    reward_pool_nym: float = 40e6
    emission: float = 0.02
    alpha: float = 0.3
    work_factor: float = 10.0
    saturation: str = "on"
    margin: float = 0.1
    cost_nym: float = 1000.0
    activation: float = 0.02
    operator_activation: float = 0.02
    entry_activation: float = 0.001
    inertia: float = 0.05
    rationality: float = 20.0
    noise: float = 0.1
    abstainers: float = 0.1
    margin_step: float = 0.02
    faults: Marks = ()
    popular: Marks = ()

    def __post_init__(self) -> None:
        if not isinstance(self.traffic, Scenario):
            kind = type(self.traffic).__name__
            raise ScenarioError(f"traffic must be a Scenario; got a {kind}")
        for name, knob in _KNOBS.items():
            object.__setattr__(self, name, self._checked(knob, getattr(self, name)))
        self._check_traffic()
        if self.operators > self.nodes:
            raise ScenarioError(
                f"operators must be at most the {self.nodes} nodes: each runs one; "
                f"got {self.operators}"
            )

    # -- knobs and variants ---------------------------------------------------------------

    @staticmethod
    def knobs() -> Mapping[str, Knob]:
        """Every knob of nodes, money and people by name; those of traffic are Scenario's."""
        return _KNOBS

    def replace(self, **changes: Any) -> SystemScenario:
        """A new setting with some knobs changed, its own or those of its traffic."""
        own, traffic = {}, {}
        for name, value in changes.items():
            if name in _KNOBS or name == "traffic":
                own[name] = value
            elif name in Scenario.knobs():
                traffic[name] = value
            else:
                known = ", ".join([*_KNOBS, *Scenario.knobs()])
                raise ScenarioError(f"unknown knob {str(name)[:60]!r}; the knobs are {known}")
        if traffic:
            base = own.get("traffic", self.traffic)
            if not isinstance(base, Scenario):
                raise ScenarioError(f"traffic must be a Scenario; got a {type(base).__name__}")
            own["traffic"] = base.replace(**traffic)
        return replace(self, **own)

    # -- what follows from the knobs --------------------------------------------------------

    @property
    def widest(self) -> int:
        """Most mixes a layer that the rewarded set can fill."""
        return min(self.rewarded_nodes, self.nodes) // self.traffic.layers

    @property
    def saturation_point_nym(self) -> float:
        """Stake at which a node is full, at the start: supply over places (Z)."""
        return self.staking_supply_nym / self.rewarded_nodes

    @property
    def packets_per_epoch(self) -> float:
        """About how many packets are simulated in an epoch, warm-up and test packets included."""
        traffic = self.traffic
        rate = traffic.total_rate_per_s + traffic.mixes * traffic.mix_loops_per_mix_per_s
        links = traffic.link_delay_s
        assert isinstance(links, float)
        delay = min(traffic.mean_delay_s(), MOST_JOURNEY_S)
        journey = min(traffic.layers * delay + (traffic.layers + 1) * links, MOST_JOURNEY_S)
        # Before and after the sample five each; batch mixes are fed for up to sixty more.
        journeys = 10.0 if isinstance(traffic.strategy, _BY_DELAY) else 70.0
        return rate * (self.sample_s + journeys * journey) + self.nodes * self.probes_per_node

    @property
    def behaviour(self) -> Behaviour:
        """Delegators' inertia, rationality and noise, as the game of pools knows them."""
        return Behaviour(
            inertia=self.inertia,
            rationality=self.rationality,
            noise=self.noise,
            abstainers=self.abstainers,
        )

    @property
    def sample(self) -> str:
        """What of each epoch is simulated packet by packet, in words."""
        rate = self.traffic.total_rate_per_s
        return (
            f"{self.sample_s:g} s of each hour at {rate:,.0f} packets/s, "
            f"{self.probes_per_node} test packets for each node outside the active set"
        )

    # -- text -------------------------------------------------------------------------------

    def to_json(self) -> str:
        """The setting as JSON text, for a checkpoint or a file of settings."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        return json.dumps({**values, "traffic": self.traffic.to_query()})

    @classmethod
    def from_json(cls, text: str) -> SystemScenario:
        """The inverse of :meth:`to_json`; anything else is a ScenarioError."""
        if not isinstance(text, str) or len(text) > MOST_JSON_CHARACTERS:
            raise ScenarioError(f"a setting must be text of at most {MOST_JSON_CHARACTERS} signs")
        try:
            values = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ScenarioError(f"a setting must be JSON text ({str(error)[:80]})") from None
        names = {item.name for item in fields(cls)}
        if not isinstance(values, dict) or not set(values) <= names:
            raise ScenarioError("a setting must be a JSON object of knobs, traffic as a query")
        if "traffic" in values:
            values["traffic"] = Scenario.from_query(values["traffic"])
        return cls(**values)

    # -- checks -----------------------------------------------------------------------------

    def _checked(self, knob: Knob, value: object) -> object:
        if knob.kind == "whole":
            return whole_number(knob.name, value, int(knob.low), int(knob.high), knob.unit)
        if knob.kind == "real":
            return real_number(knob.name, value, knob.low, knob.high, knob.unit)
        if knob.kind == "choice":
            if value not in knob.choices or not isinstance(value, str):
                raise ScenarioError(
                    f"{knob.name} must be one of {', '.join(knob.choices)}; got {value!r:.60}"
                )
            return value
        return self._marks(knob, value)

    def _marks(self, knob: Knob, value: object) -> Marks:
        expected = f"{knob.name} must be (node, {knob.unit}) pairs"
        if not isinstance(value, tuple | list):
            raise ScenarioError(f"{expected}; got {value!r:.60}")
        marks: dict[int, float] = {}
        for pair in value:
            if not isinstance(pair, tuple | list) or len(pair) != 2:
                raise ScenarioError(f"{expected}; got {pair!r:.60}")
            node = whole_number(f"a node in {knob.name}", pair[0], 0, self.nodes - 1)
            if node in marks:
                raise ScenarioError(f"{knob.name} may name each node once; {node} comes twice")
            marks[node] = real_number(knob.name, pair[1], knob.low, knob.high, knob.unit)
        return tuple(sorted(marks.items()))

    def _check_traffic(self) -> None:
        traffic = self.traffic
        if traffic.topology != "stratified":
            raise ScenarioError('the topology must be "stratified": nodes are drawn into layers')
        if traffic.mixes_down or traffic.corrupt_mixes:
            raise ScenarioError(
                "mixes_down and corrupt_mixes must be 0 here: mixes change each epoch; "
                "nodes fail by faults=((node, loss), ...)"
            )
        if isinstance(traffic.link_delay_s, tuple):
            raise ScenarioError("link_delay_s must be one number: places change each epoch")
        if not 1 <= traffic.width <= self.widest:
            raise ScenarioError(
                f"{traffic.layers} layers of {traffic.width} mixes need "
                f"{traffic.mixes} of {self.nodes} nodes and {self.rewarded_nodes} rewarded "
                f"places; expected a width from 1 to {self.widest}"
            )
        if self.packets_per_epoch > MOST_PACKETS:
            raise ScenarioError(
                f"an epoch may have at most {MOST_PACKETS:,} packets, warm-up and test packets "
                f"included; this one has about {self.packets_per_epoch:,.0f}: expected a smaller "
                "sample_s, delay_s or probes_per_node, or less traffic"
            )
