"""Search for the delay or the width that meets a wish, on noisy measurements.

One seed brackets the answer and closes in on it; its draws are the same for every value tried,
so what it sees is nearly smooth. Then other seeds say how far they disagree.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from workbench.anonymity._chances import half_width
from workbench.anonymity.closed_forms import river_guess_bits
from workbench.anonymity.latency import latency_mean_s
from workbench.anonymity.sampling import Measured, Sampler, Wish
from workbench.errors import AnonymityError, UnreachableError
from workbench.scenario import Scenario
from workbench.strategies import Fixed, NoMixing, Poisson

_LEAST_SEEDS = 4
_MOST_SEEDS = 24
_SHORTEST_S = 1e-4
# Doubling the delay of a mix that mixes gains about a bit; less than this is noise.
_IDLE_BITS = 0.05


@dataclass(frozen=True)
class Plan:
    """An answer of ``plan``, with how sure it is.

    Attributes
    ----------
    find : str
        "delay" or "width".
    value : float
        The smallest mean delay a mix in seconds, or the largest width in mixes a layer.
    low, high : float
        95 % interval of the value: another set of seeds would give an answer in it.
    median_bits, worst_bits : float
        What the answer was measured to give: median, and mean of the worst 5 % of targets.
    error_bits : float
        Standard error of those bits (of whichever was the tighter wish).
    scenario : Scenario
        The scenario with the answer written into it.
    least_width : int
        The narrowest network that carries the load (1 without a capacity).
    approximation : str or None
        None where the runs' posteriors are exact, else what they approximate.
    is_at_limit : bool
        True when the wish is met even at the end of the range searched.
    runs, packets : int
        Simulations made, and packets in them.
    """

    find: str
    value: float
    low: float
    high: float
    median_bits: float
    worst_bits: float
    error_bits: float
    scenario: Scenario
    least_width: int
    approximation: str | None
    is_at_limit: bool
    runs: int
    packets: int

    @property
    def precision(self) -> float:
        """Half of the interval's width, relative to the value."""
        return (self.high - self.low) / (2.0 * self.value)

    def __str__(self) -> str:
        bits = (
            f"median {self.median_bits:.2f} bits, worst 5 % {self.worst_bits:.2f} bits "
            f"(standard error {self.error_bits:.2f})"
        )
        if self.find == "delay":
            wait = latency_mean_s(self.scenario.layers, self.value)
            return (
                f"a delay of {self.value:.4g} s a mix (95 % interval {self.low:.4g} to "
                f"{self.high:.4g} s), {wait:.3g} s in all: {bits}"
            )
        return (
            f"{self.value:.0f} mixes a layer (95 % interval {self.low:.0f} to {self.high:.0f}; "
            f"at least {self.least_width} to carry the load): {bits}"
        )


def find_delay(scenario: Scenario, sampler: Sampler, precision: float, longest: float) -> Plan:
    """Bracket the wish, close in with one seed, then ask others how far they disagree."""
    _refuse_the_impossible(scenario, sampler.wish, longest)
    shortest = min(_SHORTEST_S, longest)
    low, high = math.log2(shortest), math.log2(longest)

    def at(x: float) -> Scenario:
        return scenario.replace(delay_s=min(2.0**x, 3600.0))

    def slack(x: float) -> float:
        return sampler.measure(at(x)).slack

    start = math.log2(_guess_delay_s(scenario, sampler.wish, shortest, longest))
    bracket = _bracket(slack, start, low, high)
    if isinstance(bracket, float):
        measured = sampler.measure(at(high))
        why = (
            "more delay adds nothing there"
            if bracket < high
            else "no longer delay was allowed (longest_delay_s)"
        )
        raise UnreachableError(
            f"not reached: with {at(bracket).delay_s:.4g} s a mix the anonymity is "
            f"{_bits(measured)}, wanted {_wanted(sampler.wish)}; {why}"
        )
    if bracket is None:
        measured = sampler.measure(at(low), range(_LEAST_SEEDS))
        return _answer("delay", shortest, shortest, shortest, measured, at(low), 1, True, sampler)
    x, slope = _close_in(slack, *bracket)
    samples: list[Measured] = []
    half = math.inf
    for seed in range(1, _MOST_SEEDS + 1):
        samples.append(sampler.measure(at(x), (seed,)))
        slacks = [one.slack for one in samples]
        half = half_width(slacks) / slope
        if seed >= _LEAST_SEEDS and 2.0**half - 1.0 <= precision:
            break
    # Each seed's own answer is x - slack / slope; theirs is the mean, not the first seed's.
    shift = min(max(-float(np.mean(slacks)) / slope, -0.5), 0.5)
    measured = Measured.together(samples).moved(shift * slope)
    middle = x + shift
    ends = (2.0 ** (middle - half), 2.0 ** (middle + half))
    return _answer("delay", 2.0**middle, *ends, measured, at(middle), 1, False, sampler)


def _refuse_the_impossible(scenario: Scenario, wish: Wish, longest: float) -> None:
    """Say no at once where no simulation is needed to know."""
    strategy = scenario.resolved_strategy()
    if isinstance(strategy, (NoMixing, Fixed)) and wish.most > 0:
        raise UnreachableError(
            f"not reached: strategy {strategy.name} keeps the order of packets and mixes nothing, "
            f"whatever the delay; wanted {_wanted(wish)}"
        )
    if not isinstance(strategy, Poisson):
        return
    # The closed form is a limit from above for the mean; a median may be a little higher.
    rate = scenario.total_rate_per_s + scenario.mixes * scenario.mix_loops_per_mix_per_s
    best = river_guess_bits(rate, longest, scenario.layers, scenario.width) + 1.0
    if wish.most > best:
        raise UnreachableError(
            f"not reached: even {longest:g} s a mix give less than {best:.1f} bits at this "
            f"traffic, wanted {_wanted(wish)}; expected more traffic or fewer bits"
        )


def _guess_delay_s(scenario: Scenario, wish: Wish, shortest: float, longest: float) -> float:
    """Where the closed form meets the wish; for other strategies as good a start as any."""
    rate, layers, width = scenario.total_rate_per_s, scenario.layers, scenario.width
    wanted = wish.most
    if wish.over == "senders":
        # The effective number of N people that k packets come from is about N (1 - e^(-k/N)).
        people = scenario.clients
        share = min(2.0**wanted / people, 0.99)
        wanted = math.log2(max(-people * math.log1p(-share), 1.0))
    low, high = shortest, longest
    for _ in range(40):
        middle = math.sqrt(low * high)
        if river_guess_bits(rate, middle, layers, width) < wanted:
            low = middle
        else:
            high = middle
    return high


def _bracket(
    slack: Callable[[float], float], start: float, low: float, high: float
) -> tuple[float, float, float, float] | float | None:
    """Find (x, its slack) below and above the wish.

    None if even ``low`` meets it; the last x tried if nothing up to ``high`` does, or if more
    than three steps gained next to nothing.
    """
    x, value = start, slack(start)
    step = min(max(abs(value) / 1.2, 0.15), 2.0)
    if value >= 0:
        while x > low:
            below = max(x - step, low)
            lower = slack(below)
            if lower < 0:
                return below, lower, x, value
            x, value, step = below, lower, 2.0 * step
        return None
    idle = 0
    while x < high and idle < 3:
        above = min(x + step, high)
        upper = slack(above)
        if upper >= 0:
            return x, value, above, upper
        idle = idle + 1 if upper - value < _IDLE_BITS * (above - x) else 0
        x, value, step = above, upper, min(2.0 * step, 2.0)
    return x


def _close_in(
    slack: Callable[[float], float], a: float, at_a: float, b: float, at_b: float
) -> tuple[float, float]:
    """Narrow the bracket with one seed; return where the wish is met and the slope there.

    False position, kept away from the ends, so that steps (a batch strategy's whole packets)
    are found as surely as a smooth curve.
    """
    while b - a > 0.25:
        x = a + (b - a) * min(max(-at_a / (at_b - at_a), 0.2), 0.8)
        value = slack(x)
        if value < 0:
            a, at_a = x, value
        else:
            b, at_b = x, value
    slope = (at_b - at_a) / (b - a)
    return a + (b - a) * -at_a / (at_b - at_a), min(max(slope, 0.2), 20.0)


def find_width(
    scenario: Scenario, sampler: Sampler, precision: float, least: int, most: int
) -> Plan:
    """Anonymity only falls with the width, so look for the last that has enough."""
    known: dict[int, list[Measured]] = {}

    def measured(width: int, seeds: int = _LEAST_SEEDS) -> Measured:
        runs = known.setdefault(width, [])
        varied = _with_width(scenario, width)
        runs.extend(sampler.measure(varied, (seed,)) for seed in range(len(runs), seeds))
        return Measured.together(runs)

    if measured(least).slack < 0:
        raise UnreachableError(
            f"not reached: even {least} mixes a layer, the fewest that carry the load, give "
            f"{_bits(measured(least))}, wanted {_wanted(sampler.wish)}"
        )
    low, high = least, min(max(_guess_width(scenario, sampler.wish, most), least + 1), most)
    while high < most and measured(high).slack >= 0:
        low, high = high, min(math.ceil(1.4 * high), most)
    if measured(high).slack >= 0:  # also where least is most
        ends = (float(high), float(high), float(high))
        last = _with_width(scenario, high)
        return _answer("width", *ends, measured(high), last, least, True, sampler)
    while high - low > 1:
        middle = min(max(round(math.sqrt(low * high)), low + 1), high - 1)
        low, high = (middle, high) if measured(middle).slack >= 0 else (low, middle)
    far = min(max(high, math.ceil(1.25 * low)), 2000)
    fall = (measured(low).slack - measured(far).slack) / math.log2(far / low)
    slope = max(fall, 0.1)  # bits lost a doubling of the width
    # More seeds until they agree; the width moves with what they say of it.
    width, seeds, half = low, _LEAST_SEEDS, math.inf
    while True:
        here = measured(width, seeds)
        half = half_width(list(here.slacks)) / slope
        # Where bits hardly fall with the width they fall in jumps: then stay where it was enough.
        shift = min(max(here.slack / slope, -0.5), 0.5) if fall > 0.3 else 0.0
        width = min(max(math.floor(width * 2.0**shift + 1e-9), least), most)
        # A width is a whole number: closer than half of one is close enough.
        if seeds >= _MOST_SEEDS or 2.0**half - 1.0 <= max(precision, 0.5 / width):
            break
        seeds += _LEAST_SEEDS
    if measured(width, seeds).slack < -2.0 * half * slope:
        width = low
        half = half_width(list(measured(width, seeds).slacks)) / slope
    low_end = max(least, math.floor(width * 2.0**-half))
    high_end = math.ceil(width * 2.0**half)
    final = _with_width(scenario, width)
    return _answer(
        "width", float(width), float(low_end), float(high_end), measured(width, seeds), final,
        least, False, sampler,
    )  # fmt: skip


def _guess_width(scenario: Scenario, wish: Wish, most: int) -> int:
    """The closed form's first width with too little anonymity."""
    width = 1
    while width < most and (
        river_guess_bits(scenario.total_rate_per_s, scenario.delay_s, scenario.layers, width)
        >= wish.most
    ):
        width = math.ceil(1.1 * width + 0.5)
    return min(width, most)


def _with_width(scenario: Scenario, width: int) -> Scenario:
    for name in ("corrupt_mixes", "mixes_down"):
        if isinstance(getattr(scenario, name), tuple):
            raise AnonymityError(
                f"{name} names single mixes, which another width may not have; expected a count"
            )
    # A count of mixes stays a share of the network, as if corruption came with the growth.
    scale = width / scenario.width
    return scenario.replace(
        width=width,
        corrupt_mixes=round(len(scenario.corrupted()) * scale),
        mixes_down=round(len(scenario.down()) * scale),
    )


def _answer(
    find: str,
    value: float,
    low: float,
    high: float,
    measured: Measured,
    scenario: Scenario,
    least: int,
    is_at_limit: bool,
    sampler: Sampler,
) -> Plan:
    return Plan(
        find=find,
        value=value,
        low=low,
        high=high,
        median_bits=max(measured.median_bits, 0.0),
        worst_bits=max(measured.worst_bits, 0.0),
        error_bits=measured.error_bits,
        scenario=scenario,
        least_width=least,
        approximation=sampler.approximation,
        is_at_limit=is_at_limit,
        runs=sampler.runs,
        packets=sampler.packets,
    )


def _bits(measured: Measured) -> str:
    return f"median {measured.median_bits:.2f} bits, worst 5 % {measured.worst_bits:.2f} bits"


def _wanted(wish: Wish) -> str:
    parts = (("median", wish.median_bits), ("worst 5 %", wish.worst_bits))
    return " and ".join(f"{name} {bits:g} bits" for name, bits in parts if bits is not None)
