"""The mixing strategies as small frozen values: pure data, checked when made.

A parameter left at ``None`` is derived from the scenario's ``delay_s`` (one slider then
moves every strategy); ``Scenario.resolved_strategy()`` shows what it became.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from types import MappingProxyType
from typing import Any, ClassVar

from workbench.errors import ScenarioError

MAX_INTERVAL_S = 86_400.0
MAX_POOL = 1_000_000


@dataclass(frozen=True)
class ParameterRange:
    """What a strategy's parameter may be: bounds (both included), unit, one line of meaning."""

    low: float
    high: float
    unit: str
    meaning: str
    whole: bool = False
    derived: bool = False  # may be None: then it follows from delay_s


def real_number(name: str, value: object, low: float, high: float, unit: str = "") -> float:
    """``value`` as a float inside [low, high], or ScenarioError saying the range."""
    expected = f"{name} must be a number from {low:g} to {high:g}" + (f" {unit}" if unit else "")
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise ScenarioError(f"{expected}; got {_shown(value)}")
    try:
        number = float(value)
    except (OverflowError, ValueError):
        raise ScenarioError(f"{expected}; got {_shown(value)}") from None
    if not low <= number <= high:  # also refuses NaN
        raise ScenarioError(f"{expected}; got {_shown(value)}")
    return number + 0.0  # -0.0 becomes 0.0


def whole_number(name: str, value: object, low: int, high: int, unit: str = "") -> int:
    """``value`` as an int inside [low, high], or ScenarioError saying the range."""
    expected = f"{name} must be a whole number from {low} to {high}" + (f" {unit}" if unit else "")
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise ScenarioError(f"{expected}; got {_shown(value)}")
    try:
        number = int(float(value)) if not isinstance(value, numbers.Integral) else int(value)
        if number != value:
            raise ValueError
    except (OverflowError, ValueError):
        raise ScenarioError(f"{expected}; got {_shown(value)}") from None
    if not low <= number <= high:
        raise ScenarioError(f"{expected}; got {_shown(value)}")
    return number


def _shown(value: object) -> str:
    try:
        text = repr(value)
    except Exception:  # a hostile __repr__, or an int too long to print
        text = f"a {type(value).__name__}"
    return text if len(text) <= 60 else text[:57] + "..."


@dataclass(frozen=True)
class Strategy:
    """What a mix does with the packets that it holds; see the subclasses."""

    name: ClassVar[str] = ""
    meaning: ClassVar[str] = ""
    source: ClassVar[str] = ""
    ranges: ClassVar[Mapping[str, ParameterRange]] = MappingProxyType({})

    def __post_init__(self) -> None:
        for key, bounds in self.ranges.items():
            value = getattr(self, key)
            if value is None and bounds.derived:
                continue
            label = f"{self.name}.{key}"
            if bounds.whole:
                checked: float = whole_number(
                    label, value, int(bounds.low), int(bounds.high), bounds.unit
                )
            else:
                checked = real_number(label, value, bounds.low, bounds.high, bounds.unit)
            object.__setattr__(self, key, checked)

    def resolve(self, delay_s: float, rate_per_mix_per_s: float) -> Strategy:
        """This strategy with every derived parameter filled in from the delay knob."""
        return self

    def mean_delay_s(self, delay_s: float, rate_per_mix_per_s: float) -> float:
        """A first guess of the mean wait at a mix in seconds; runs report the measured one."""
        return delay_s


_INTERVAL = ParameterRange(1e-3, MAX_INTERVAL_S, "s", "time between two flushes", derived=True)
_SIZE = ParameterRange(1, MAX_POOL, "packets", "packets held that trigger a flush", True, True)
_KEEP = ParameterRange(0, MAX_POOL, "packets", "packets that stay behind in the pool", True)


def _interval(given: float | None, delay_s: float) -> float:
    """Waiting for the next of flushes 2 d apart takes d on average."""
    return given if given is not None else min(max(2.0 * delay_s, 1e-3), MAX_INTERVAL_S)


def _size(given: int | None, delay_s: float, rate: float) -> int:
    """A round of 2 d lam packets lasts 2 d, so its packets wait about d on average."""
    return given if given is not None else min(max(2, round(2.0 * delay_s * rate)), MAX_POOL)


@dataclass(frozen=True)
class NoMixing(Strategy):
    """Forward at once, as a proxy or an onion router does."""

    name: ClassVar[str] = "none"
    meaning: ClassVar[str] = "forwarded at once (a proxy, an onion router)"

    def mean_delay_s(self, delay_s: float, rate_per_mix_per_s: float) -> float:
        """No wait at all."""
        return 0.0


@dataclass(frozen=True)
class Poisson(Strategy):
    """Each packet waits an exponential time of mean ``delay_s``, independently."""

    name: ClassVar[str] = "poisson"
    meaning: ClassVar[str] = "each packet waits an exponential time; any held one is next"
    source: ClassVar[str] = "Kesdogan 1998; Piotrowska et al. (Loopix) 2017"


@dataclass(frozen=True)
class Fixed(Strategy):
    """Each packet waits exactly ``delay_s``: first in, first out, nothing is mixed."""

    name: ClassVar[str] = "fixed"
    meaning: ClassVar[str] = "each packet waits exactly the delay: first in, first out, 0 bits"


@dataclass(frozen=True)
class Uniform(Strategy):
    """Each packet waits a uniform time around ``delay_s``.

    ``spread`` 1 means from 0 to twice the mean, 0.5 from half to one and a half of it.
    """

    spread: float = 1.0
    name: ClassVar[str] = "uniform"
    meaning: ClassVar[str] = "each packet waits a uniform time; old packets must leave soon"
    ranges: ClassVar[Mapping[str, ParameterRange]] = MappingProxyType(
        {"spread": ParameterRange(0.01, 1.0, "share of the mean", "half width of the delay")}
    )


@dataclass(frozen=True)
class Gamma(Strategy):
    """Each packet waits a gamma time of mean ``delay_s``; shape 1 is the exponential."""

    shape: float = 2.0
    name: ClassVar[str] = "gamma"
    meaning: ClassVar[str] = "each packet waits a gamma time; age tells who leaves next"
    ranges: ClassVar[Mapping[str, ParameterRange]] = MappingProxyType(
        {"shape": ParameterRange(0.1, 100.0, "", "1 is exponential, large is nearly fixed")}
    )


@dataclass(frozen=True)
class Threshold(Strategy):
    """Hold packets until there are ``size``, then all leave shuffled."""

    size: int | None = None
    name: ClassVar[str] = "threshold"
    meaning: ClassVar[str] = "N packets held, then all leave shuffled"
    source: ClassVar[str] = "Chaum 1981"
    ranges: ClassVar[Mapping[str, ParameterRange]] = MappingProxyType({"size": _SIZE})

    def resolve(self, delay_s: float, rate_per_mix_per_s: float) -> Threshold:
        """Size 2 d lam, at least 2, where none was given."""
        return replace(self, size=_size(self.size, delay_s, rate_per_mix_per_s))

    def mean_delay_s(self, delay_s: float, rate_per_mix_per_s: float) -> float:
        """Half of what the other N - 1 packets of a round take to come."""
        size = _size(self.size, delay_s, rate_per_mix_per_s)
        return (size - 1) / (2.0 * max(rate_per_mix_per_s, 1e-9))


@dataclass(frozen=True)
class ThresholdPool(Strategy):
    """When ``size + keep`` packets are held, a random ``size`` of them leave."""

    size: int | None = None
    keep: int = 10
    name: ClassVar[str] = "threshold_pool"
    meaning: ClassVar[str] = "n come, a random n of all leave, N stay behind"
    source: ClassVar[str] = "Serjantov and Danezis 2002; Serjantov and Newman 2003"
    ranges: ClassVar[Mapping[str, ParameterRange]] = MappingProxyType(
        {"size": _SIZE, "keep": _KEEP}
    )

    def resolve(self, delay_s: float, rate_per_mix_per_s: float) -> ThresholdPool:
        """Size 2 d lam, at least 2, where none was given."""
        return replace(self, size=_size(self.size, delay_s, rate_per_mix_per_s))

    def mean_delay_s(self, delay_s: float, rate_per_mix_per_s: float) -> float:
        """Little's law: the mean number held over the rate."""
        size = _size(self.size, delay_s, rate_per_mix_per_s)
        return (self.keep + (size - 1) / 2.0) / max(rate_per_mix_per_s, 1e-9)


@dataclass(frozen=True)
class Timed(Strategy):
    """Every ``interval_s`` seconds all held packets leave shuffled."""

    interval_s: float | None = None
    name: ClassVar[str] = "timed"
    meaning: ClassVar[str] = "every T seconds all leave"
    ranges: ClassVar[Mapping[str, ParameterRange]] = MappingProxyType({"interval_s": _INTERVAL})

    def resolve(self, delay_s: float, rate_per_mix_per_s: float) -> Timed:
        """Interval 2 d where none was given."""
        return replace(self, interval_s=_interval(self.interval_s, delay_s))

    def mean_delay_s(self, delay_s: float, rate_per_mix_per_s: float) -> float:
        """Half an interval."""
        return _interval(self.interval_s, delay_s) / 2.0


@dataclass(frozen=True)
class TimedPool(Strategy):
    """Every ``interval_s`` seconds all but a random ``keep`` of the held packets leave."""

    interval_s: float | None = None
    keep: int = 10
    name: ClassVar[str] = "timed_pool"
    meaning: ClassVar[str] = "every T seconds all but N leave, chosen at random"
    source: ClassVar[str] = "Serjantov and Newman 2003"
    ranges: ClassVar[Mapping[str, ParameterRange]] = MappingProxyType(
        {"interval_s": _INTERVAL, "keep": _KEEP}
    )

    def resolve(self, delay_s: float, rate_per_mix_per_s: float) -> TimedPool:
        """Interval 2 d where none was given."""
        return replace(self, interval_s=_interval(self.interval_s, delay_s))

    def mean_delay_s(self, delay_s: float, rate_per_mix_per_s: float) -> float:
        """Little's law: the mean number held over the rate."""
        half = _interval(self.interval_s, delay_s) / 2.0
        return half + self.keep / max(rate_per_mix_per_s, 1e-9)


@dataclass(frozen=True)
class Cottrell(Strategy):
    """Mixmaster's timed dynamic pool: a share min(1 - keep/n, fraction) of the n held leaves."""

    interval_s: float | None = None
    keep: int = 45
    fraction: float = 0.65
    name: ClassVar[str] = "cottrell"
    meaning: ClassVar[str] = "Mixmaster: every T seconds a share min(1 - N/n, f) leaves"
    source: ClassVar[str] = "Cottrell's Mixmaster, in Serjantov and Newman 2003"
    ranges: ClassVar[Mapping[str, ParameterRange]] = MappingProxyType(
        {
            "interval_s": _INTERVAL,
            "keep": _KEEP,
            "fraction": ParameterRange(0.01, 1.0, "share", "largest share that leaves at once"),
        }
    )

    def resolve(self, delay_s: float, rate_per_mix_per_s: float) -> Cottrell:
        """Interval 2 d where none was given."""
        return replace(self, interval_s=_interval(self.interval_s, delay_s))

    def mean_delay_s(self, delay_s: float, rate_per_mix_per_s: float) -> float:
        """Little's law, with the pool after a flush at its equilibrium."""
        interval = _interval(self.interval_s, delay_s)
        rate = max(rate_per_mix_per_s, 1e-9)
        arrivals = rate * interval
        left = max(float(self.keep), arrivals * (1.0 - self.fraction) / self.fraction)
        return left / rate + interval / 2.0


@dataclass(frozen=True)
class Binomial(Strategy):
    """Every ``interval_s`` seconds each of n held packets leaves by a coin of its own.

    The coin is P(n) = NormalCDF((n - mean) / sd), so the observer cannot even be sure how
    many stayed behind.
    """

    interval_s: float | None = None
    mean: float | None = None
    sd: float | None = None
    name: ClassVar[str] = "binomial"
    meaning: ClassVar[str] = "every T seconds each packet leaves by a coin P(n)"
    source: ClassVar[str] = "Diaz and Serjantov 2003"
    ranges: ClassVar[Mapping[str, ParameterRange]] = MappingProxyType(
        {
            "interval_s": _INTERVAL,
            "mean": ParameterRange(0.0, 1e7, "packets", "held packets at P = 1/2", derived=True),
            "sd": ParameterRange(0.01, 1e7, "packets", "softness of the coin", derived=True),
        }
    )

    def resolve(self, delay_s: float, rate_per_mix_per_s: float) -> Binomial:
        """Interval 2 d; at P = 1/2 as many leave as came; a soft coin of a quarter of that."""
        interval = _interval(self.interval_s, delay_s)
        mean = self.mean
        if mean is None:
            mean = min(max(1.0, 2.0 * rate_per_mix_per_s * interval), 1e7)
        sd = self.sd if self.sd is not None else max(0.25 * mean, 0.25)
        return Binomial(interval_s=interval, mean=mean, sd=sd)

    def mean_delay_s(self, delay_s: float, rate_per_mix_per_s: float) -> float:
        """Little's law at the equilibrium n P(n) = lam T."""
        coin = self.resolve(delay_s, rate_per_mix_per_s)
        assert coin.interval_s is not None
        assert coin.mean is not None
        assert coin.sd is not None
        came = rate_per_mix_per_s * coin.interval_s
        low, high = 0.0, came + coin.mean + 10.0 * coin.sd + 1.0
        for _ in range(60):
            middle = 0.5 * (low + high)
            share = 0.5 * math.erfc((coin.mean - middle) / (coin.sd * math.sqrt(2.0)))
            low, high = (middle, high) if middle * share < came else (low, middle)
        return max(high - came / 2.0, 0.0) / max(rate_per_mix_per_s, 1e-9)


STRATEGIES: Mapping[str, type[Strategy]] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            NoMixing,
            Poisson,
            Threshold,
            Timed,
            ThresholdPool,
            TimedPool,
            Cottrell,
            Binomial,
            Fixed,
            Uniform,
            Gamma,
        )
    }
)


def strategy(value: object) -> Strategy:
    """A Strategy from a Strategy or from its name (then with its defaults)."""
    if isinstance(value, Strategy) and type(value) in STRATEGIES.values():
        return value
    if isinstance(value, str) and value in STRATEGIES:
        make: Callable[[], Strategy] = STRATEGIES[value]
        return make()
    names = ", ".join(STRATEGIES)
    raise ScenarioError(f"strategy must be a Strategy or one of {names}; got {_shown(value)}")


def to_text(value: Strategy) -> str:
    """``name~parameter~value...`` with only the parameters that differ from the defaults."""
    default = type(value)()
    parts = [value.name]
    for field in fields(value):
        given = getattr(value, field.name)
        if given != getattr(default, field.name):
            parts += [field.name, repr(given)]
    return "~".join(parts)


def from_text(text: str) -> Strategy:
    """The inverse of :func:`to_text`; anything else is a ScenarioError."""
    name, *rest = text.split("~")
    kind = STRATEGIES.get(name)
    if kind is None:
        raise ScenarioError(f"strategy must be one of {', '.join(STRATEGIES)}; got {_shown(name)}")
    if len(rest) % 2:
        raise ScenarioError(f"strategy {name} needs parameter~value pairs; got {_shown(text)}")
    given: dict[str, Any] = {}
    for key, raw in zip(rest[::2], rest[1::2], strict=True):
        bounds = kind.ranges.get(key)
        if bounds is None or key in given:
            known = ", ".join(kind.ranges) or "no parameters"
            raise ScenarioError(f"strategy {name} takes each of {known} once; got {_shown(key)}")
        given[key] = parse_number(f"{name}.{key}", raw, bounds.whole)
    return kind(**given)


def parse_number(name: str, raw: str, whole: bool) -> float | int:
    """A plain ASCII number as ``repr`` writes it; nothing else that int() and float() take."""
    plain = raw.isascii() and len(raw) <= 40 and "_" not in raw and raw == raw.strip()
    try:
        if not plain:
            raise ValueError
        return int(raw) if whole else float(raw)
    except ValueError:
        kind = "a whole number" if whole else "a number"
        raise ScenarioError(f"{name} must be {kind}; got {_shown(raw)}") from None
