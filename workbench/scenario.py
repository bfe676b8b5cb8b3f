"""Scenario: one frozen value with every knob of a mix network, its unit and its range.

Sliders are built from :func:`Scenario.knobs`, links from :meth:`Scenario.to_query`, and a
simulation is a pure function of a Scenario. Nothing here loads numpy or numba.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote

from workbench import strategies
from workbench.errors import ScenarioError
from workbench.strategies import Strategy, parse_number, real_number, whole_number

TOPOLOGIES = ("stratified", "cascade", "free_route")
PATTERNS = ("poisson", "bursty", "day")
MAX_QUERY_CHARACTERS = 2_000_000
QUERY_VERSION = "1"

if TYPE_CHECKING:
    from workbench.presets import Preset

Pairs = tuple[tuple[int, int], ...]
Table = tuple[tuple[float, ...], ...]
_POISSON = strategies.Poisson()


@dataclass(frozen=True)
class Knob:
    """One knob as data: what a slider, a menu or a table of settings needs to know.

    ``kind`` is ``"whole"``, ``"real"``, ``"choice"``, ``"strategy"``, ``"mixes"`` (a count or
    named (layer, index) pairs) or ``"links"`` (one number or a table). ``optional`` knobs may
    be None. ``high`` of a ``"mixes"`` knob is the largest possible number of mixes.
    """

    name: str
    label: str
    unit: str
    kind: str
    default: Any
    meaning: str
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    optional: bool = False
    choices: tuple[str, ...] = ()


def _knobs() -> Mapping[str, Knob]:
    whole, real, choice, mixes = "whole", "real", "choice", "mixes"
    rate, loss = "packets/s", "share"
    # name, label, unit, kind, default, meaning, low, high, log, optional, choices
    rows = [
        Knob("clients", "Clients", "people", whole, 100,
             "people who send and receive", 1, 1_000_000, True),
        Knob("traffic_per_client_per_s", "Real traffic", rate, real, 10.0,
             "real packets that each client wants to send, on average", 0.0, 1e4, True),
        Knob("traffic_pattern", "Pattern of traffic", "", choice, "poisson",
             "when people send: at random, in bursts, or with the hour of the day",
             choices=PATTERNS),
        Knob("burst_s", "Length of a burst", "s", real, 10.0,
             "mean time that a bursty client stays active", 1e-3, 1e5, True),
        Knob("burst_share", "Share of time in bursts", "share", real, 0.1,
             "share of time that a bursty client is active; its mean rate stays the same",
             0.001, 1.0, True),
        Knob("day_s", "Length of a day", "s", real, 86_400.0,
             "period of the day profile; it starts at the quietest hour", 1.0, 1e6, True),
        Knob("day_depth", "Depth of the night", "share", real, 0.8,
             "0 is a flat day, 1 a night without any real traffic", 0.0, 1.0),
        Knob("main_stream_per_client_per_s", "Main stream", rate, real, None,
             "slots at which a client sends a waiting real packet, else drop cover; "
             "none: real packets leave at once", 1e-3, 1e4, True, True),
        Knob("cover_per_client_per_s", "Loop cover", rate, real, 0.0,
             "cover that each client sends through the network to itself", 0.0, 1e4, True),
        Knob("drop_cover_per_client_per_s", "Extra drop cover", rate, real, 0.0,
             "drop cover in a stream of its own (Loopix' third stream)", 0.0, 1e4, True),
        Knob("mix_loops_per_mix_per_s", "Mix loops", rate, real, 0.0,
             "loops that each mix sends through the network back to itself", 0.0, 1e4, True),
        Knob("layers", "Layers", "layers", whole, 3, "mixes that a packet passes", 1, 64),
        Knob("width", "Width", "mixes", whole, 3, "mixes in each layer", 1, 2000, True),
        Knob("topology", "Topology", "", choice, "stratified",
             "free choice in each layer; cascades side by side (one if the width is 1); "
             "or any distinct mixes in any order", choices=TOPOLOGIES),
        Knob("delay_s", "Delay per mix", "s", real, 0.1,
             "mean wait at a mix; sets the interval or the size of batch strategies",
             0.0, 3600.0, True),
        Knob("strategy", "Strategy", "", "strategy", _POISSON,
             "what a mix does with the packets that it holds",
             choices=tuple(strategies.STRATEGIES)),
        Knob("link_delay_s", "Link delay", "s", "links", 0.0,
             "travel time between nodes: one number, or a table over mixes and clients",
             0.0, 60.0, True),
        Knob("capacity_per_s", "Capacity of a mix", rate, real, None,
             "packets that a mix can process; what exceeds it queues; none: no limit",
             0.1, 1e7, True, True),
        Knob("queue_packets", "Queue of a mix", "packets", whole, 1000,
             "packets that may wait for processing at a mix before more are dropped",
             0, 1_000_000, True),
        Knob("mix_loss", "Loss inside mixes", loss, real, 0.0,
             "chance that a mix loses a packet inside, unseen from outside", 0.0, 1.0),
        Knob("link_loss", "Loss on links", loss, real, 0.0,
             "chance that a link loses a packet, seen from outside", 0.0, 1.0),
        Knob("mixes_down", "Mixes down", "mixes", mixes, 0,
             "mixes that drop all they get: how many, a share, or which", 0, 128_000),
        Knob("corrupt_mixes", "Corrupted mixes", "mixes", mixes, 0,
             "mixes that keep no secret: how many, a share, or which", 0, 128_000),
        Knob("seed", "Seed", "", whole, 0,
             "the same seed gives the same people, times and routes", 0, 2**53 - 1),
    ]  # fmt: skip
    return MappingProxyType({knob.name: knob for knob in rows})


_KNOBS = _knobs()


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """Everything that decides a simulation, as one frozen value.

    Every field is a knob with a unit, a range and a meaning (:meth:`knobs`). A scenario says
    nothing about how long to simulate or how many packets to follow.

    Parameters
    ----------
    strategy : Strategy or str
        A value of :mod:`workbench.strategies`, or its name (then with its defaults).
    corrupt_mixes, mixes_down : int, float or tuple of (layer, index)
        How many (chosen by the seed), which share (rounded to a count), or which. In a free
        route mix ``layer * width + index`` is meant.
    link_delay_s : float or tuple of tuples
        One travel time, or a square table with a row and a column for each mix (node
        ``layer * width + index``) and a last one for all clients; entry [a][b] is from a to b.

    Raises
    ------
    ScenarioError
        When a knob is outside its range; the message says the range.

    Examples
    --------
    >>> quiet = Scenario(clients=20, traffic_per_client_per_s=0.5)
    >>> quiet.total_rate_per_s
    10.0
    >>> quiet.replace(strategy="timed").resolved_strategy()
    Timed(interval_s=0.2)
    >>> Scenario.from_query(quiet.to_query()) == quiet
    True
    """

    clients: int = 100
    traffic_per_client_per_s: float = 10.0
    traffic_pattern: str = "poisson"
    burst_s: float = 10.0
    burst_share: float = 0.1
    day_s: float = 86_400.0
    day_depth: float = 0.8
    main_stream_per_client_per_s: float | None = None
    cover_per_client_per_s: float = 0.0
    drop_cover_per_client_per_s: float = 0.0
    mix_loops_per_mix_per_s: float = 0.0
    layers: int = 3
    width: int = 3
    topology: str = "stratified"
    delay_s: float = 0.1
    strategy: Strategy | str = _POISSON
    link_delay_s: float | Table = 0.0
    capacity_per_s: float | None = None
    queue_packets: int = 1000
    mix_loss: float = 0.0
    link_loss: float = 0.0
    mixes_down: int | float | Pairs = 0
    corrupt_mixes: int | float | Pairs = 0
    seed: int = 0

    def __post_init__(self) -> None:
        for name, knob in _KNOBS.items():
            if knob.kind in ("whole", "real", "choice", "strategy"):
                object.__setattr__(self, name, _checked(knob, getattr(self, name)))
        for name in ("mixes_down", "corrupt_mixes"):
            object.__setattr__(self, name, self._checked_mixes(name, getattr(self, name)))
        links = _checked_links(self.link_delay_s, self.mixes)
        object.__setattr__(self, "link_delay_s", links)

    # -- knobs and variants ---------------------------------------------------------------

    @staticmethod
    def knobs() -> Mapping[str, Knob]:
        """Every knob by name, in the order in which a reader would meet them."""
        return _KNOBS

    def replace(self, **changes: Any) -> Scenario:
        """A new Scenario with some knobs changed; unknown names are a ScenarioError."""
        for name in changes:
            if name not in _KNOBS:
                raise ScenarioError(_unknown(name))
        return replace(self, **changes)

    # -- what follows from the knobs --------------------------------------------------------

    @property
    def mixes(self) -> int:
        """Mixes in the whole network."""
        return self.layers * self.width

    @property
    def sent_per_client_per_s(self) -> float:
        """Packets a second that one client sends, cover included."""
        main = self.main_stream_per_client_per_s
        stream = self.traffic_per_client_per_s if main is None else main
        return stream + self.cover_per_client_per_s + self.drop_cover_per_client_per_s

    @property
    def total_rate_per_s(self) -> float:
        """Packets a second that clients send into the network (Lam in the formulas)."""
        return self.clients * self.sent_per_client_per_s

    @property
    def rate_per_mix_per_s(self) -> float:
        """Packets a second that arrive at one mix, losses ignored (lam)."""
        through = self.total_rate_per_s / self.width  # L hops spread over L * W mixes
        return through + self.layers * self.mix_loops_per_mix_per_s

    def resolved_strategy(self) -> Strategy:
        """The strategy with every parameter that the delay knob decides filled in."""
        assert isinstance(self.strategy, Strategy)
        return self.strategy.resolve(self.delay_s, self.rate_per_mix_per_s)

    def mean_delay_s(self) -> float:
        """First guess of the mean wait at a mix; a Run reports the measured one."""
        assert isinstance(self.strategy, Strategy)
        return self.strategy.mean_delay_s(self.delay_s, self.rate_per_mix_per_s)

    def corrupted(self) -> Pairs:
        """Which mixes are corrupted, as (layer, index) in rising order."""
        return self._which(self.corrupt_mixes, "corrupted")

    def down(self) -> Pairs:
        """Which mixes are down, as (layer, index) in rising order."""
        return self._which(self.mixes_down, "down")

    def derived(self) -> Mapping[str, str]:
        """What the knobs amount to, as label -> text, to show beside the sliders."""
        shown = {
            "packets into the network": _rate_text(self.total_rate_per_s),
            "packets into one mix": _rate_text(self.rate_per_mix_per_s),
            "strategy": repr(self.resolved_strategy()).removesuffix("()"),
            "corrupted mixes": f"{len(self.corrupted())} of {self.mixes}",
            "mixes down": f"{len(self.down())} of {self.mixes}",
        }
        return MappingProxyType(shown)

    def _which(self, given: int | float | Pairs, purpose: str) -> Pairs:
        if isinstance(given, tuple):
            return given
        if not given:
            return ()
        # One permutation a seed: moving the count from 2 to 3 keeps the first two.
        order = list(range(self.mixes))
        random.Random(f"{purpose} {self.seed}").shuffle(order)
        return tuple(divmod(node, self.width) for node in sorted(order[: int(given)]))

    def _checked_mixes(self, name: str, value: object) -> int | Pairs:
        expected = (
            f"{name} must be a count from 0 to {self.mixes}, a share from 0.0 to 1.0, or "
            f"(layer, index) pairs inside {self.layers} layers of {self.width}"
        )
        if isinstance(value, tuple | list | set | frozenset):
            pairs = set()
            for pair in value:
                if not isinstance(pair, tuple | list) or len(pair) != 2:
                    raise ScenarioError(f"{expected}; got {pair!r:.60}")
                layer = whole_number(f"the layer in {name}", pair[0], 0, self.layers - 1)
                index = whole_number(f"the index in {name}", pair[1], 0, self.width - 1)
                pairs.add((layer, index))
            return tuple(sorted(pairs)) if pairs else 0
        if isinstance(value, int) and not isinstance(value, bool):
            return whole_number(name, value, 0, self.mixes, "(a count of mixes)")
        if type(value).__module__ == "numpy" and "int" in type(value).__name__:
            return whole_number(name, value, 0, self.mixes, "(a count of mixes)")
        try:
            return round(real_number(name, value, 0.0, 1.0) * self.mixes)
        except ScenarioError:
            raise ScenarioError(f"{expected}; got {strategies._shown(value)}") from None

    # -- links ------------------------------------------------------------------------------

    def to_query(self) -> str:
        """The scenario as a short URL query: the version and the knobs off their default."""
        parts = [f"v={QUERY_VERSION}"]
        for name, knob in _KNOBS.items():
            value = getattr(self, name)
            if value != knob.default:
                parts.append(f"{name}={quote(_to_text(knob, value), safe='~')}")
        return "&".join(parts)

    @classmethod
    def from_query(cls, query: str) -> Scenario:
        """The inverse of :meth:`to_query`: equal values come back, bit for bit.

        Raises
        ------
        ScenarioError
            For anything that is not such a query: unknown or repeated knobs, other versions,
            values that do not parse or lie outside their range.
        """
        if not isinstance(query, str):
            raise ScenarioError(f"a query must be text; got a {type(query).__name__}")
        if len(query) > MAX_QUERY_CHARACTERS:
            raise ScenarioError(f"a query may have at most {MAX_QUERY_CHARACTERS} characters")
        text = query.removeprefix("?")
        try:
            pairs = parse_qsl(
                text,
                keep_blank_values=True,
                strict_parsing=bool(text),
                errors="strict",
                max_num_fields=2 * len(_KNOBS),
            )
        except ValueError as error:
            raise ScenarioError(
                f"a query must be knob=value pairs joined by &; got {text!r:.60} ({error!s:.60})"
            ) from None
        given: dict[str, Any] = {}
        for name, raw in pairs:
            if name == "v":
                if raw != QUERY_VERSION:
                    raise ScenarioError(f"query version must be {QUERY_VERSION}; got {raw!r:.20}")
                continue
            if name not in _KNOBS:
                raise ScenarioError(_unknown(name))
            if name in given:
                raise ScenarioError(f"each knob may be given once; {name} comes twice")
            given[name] = _from_text(_KNOBS[name], raw)
        return cls(**given)

    # -- presets ----------------------------------------------------------------------------

    @staticmethod
    def presets() -> Mapping[str, Preset]:
        """Situations by name, from "Quiet Sunday" to "Nym today"."""
        from workbench.presets import PRESETS

        return PRESETS

    @staticmethod
    def preset(name: str) -> Scenario:
        """The scenario of a named situation."""
        from workbench.presets import PRESETS

        if name not in PRESETS:
            raise ScenarioError(f"preset must be one of {', '.join(PRESETS)}; got {name!r:.60}")
        return PRESETS[name].scenario


def _rate_text(rate_per_s: float) -> str:
    """A rate as a person reads it: 10,010 packets/s, 27.5 packets/s."""
    digits = 0 if rate_per_s >= 1000 or rate_per_s == int(rate_per_s) else 1
    small = 0 < rate_per_s < 1
    return f"{rate_per_s:.3g} packets/s" if small else f"{rate_per_s:,.{digits}f} packets/s"


def _unknown(name: object) -> str:
    return f"unknown knob {strategies._shown(name)}; the knobs are {', '.join(_KNOBS)}"


def _checked(knob: Knob, value: object) -> object:
    if value is None and knob.optional:
        return None
    if knob.kind == "whole":
        return whole_number(knob.name, value, int(knob.low), int(knob.high), knob.unit)
    if knob.kind == "real":
        return real_number(knob.name, value, knob.low, knob.high, knob.unit)
    if knob.kind == "strategy":
        return strategies.strategy(value)
    if isinstance(value, str) and value == "cascades":  # several cascades are cascades of width > 1
        value = "cascade"
    if not isinstance(value, str) or value not in knob.choices:
        raise ScenarioError(
            f"{knob.name} must be one of {', '.join(knob.choices)}; got {strategies._shown(value)}"
        )
    return value


def _checked_links(value: object, mixes: int) -> float | Table:
    knob = _KNOBS["link_delay_s"]
    if not isinstance(value, tuple | list):
        return real_number(knob.name, value, knob.low, knob.high, knob.unit)
    size = mixes + 1
    if len(value) != size or any(
        not isinstance(row, tuple | list) or len(row) != size for row in value
    ):
        raise ScenarioError(
            f"link_delay_s must be one number or {size} rows of {size} numbers "
            f"({mixes} mixes, then all clients)"
        )
    return tuple(
        tuple(real_number("link_delay_s", entry, knob.low, knob.high, knob.unit) for entry in row)
        for row in value
    )


def _to_text(knob: Knob, value: Any) -> str:
    if knob.kind == "strategy":
        return strategies.to_text(value)
    if knob.kind == "mixes" and isinstance(value, tuple):
        return "_".join(f"{layer}-{index}" for layer, index in value)
    if knob.kind == "links" and isinstance(value, tuple):
        return "_".join("~".join(repr(entry) for entry in row) for row in value)
    if value is None:
        return "none"
    return value if isinstance(value, str) else repr(value)


def _from_text(knob: Knob, raw: str) -> Any:
    if knob.kind == "choice":
        return raw
    if knob.kind == "strategy":
        return strategies.from_text(raw)
    if knob.optional and raw == "none":
        return None
    if knob.kind == "links" and "_" in raw:
        return tuple(
            tuple(parse_number(knob.name, entry, False) for entry in row.split("~"))
            for row in raw.split("_")
        )
    if knob.kind == "mixes":
        if "-" not in raw:
            return parse_number(knob.name, raw, whole="." not in raw)
        return tuple(
            tuple(parse_number(knob.name, part, True) for part in pair.split("-"))
            for pair in raw.split("_")
        )
    return parse_number(knob.name, raw, knob.kind == "whole")
