"""Turn the question round: the anonymity is given, what delay or width does it take?

Answers come from simulation. Closed forms only say where to begin; each of several seeds then
gives its own answer near there, and their spread is the uncertainty that is reported.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.anonymity._checks import FloatArray, choice, floats, number, positive, shown, whole
from workbench.anonymity.sampling import Progress, Sampler, Wish
from workbench.anonymity.searching import Plan, find_delay, find_width
from workbench.errors import AnonymityError, UnreachableError
from workbench.scenario import Scenario


@dataclass(frozen=True, eq=False)
class Curve:
    """Delays that give the same anonymity at different traffic.

    Attributes
    ----------
    traffic_per_client_per_s : float64 array
        Real packets a client a second.
    delay_s, low_s, high_s : float64 array
        Smallest delay a mix and its 95 % interval; NaN where the wish cannot be reached.
    plans : tuple of Plan or None
        The whole answers.
    reasons : tuple of str
        Empty, or why there is no answer.
    """

    traffic_per_client_per_s: FloatArray
    delay_s: FloatArray
    low_s: FloatArray
    high_s: FloatArray
    plans: tuple[Plan | None, ...]
    reasons: tuple[str, ...]


def plan(
    scenario: Scenario,
    find: str = "delay",
    *,
    median_bits: float | None = None,
    worst_bits: float | None = None,
    over: str = "packets",
    precision: float = 0.05,
    targets: int = 200,
    longest_delay_s: float = 60.0,
    widest: int = 1000,
    load_at_most: float = 0.8,
    most_packets: int = 3_000_000,
    progress: Progress | None = None,
) -> Plan:
    """Find the smallest delay, or the largest width, that still gives the wanted anonymity.

    Parameters
    ----------
    scenario : Scenario
        Everything but the knob that is looked for, which is ignored.
    find : str
        "delay": the smallest ``delay_s``. "width": how many mixes a layer to keep active; wider
        spreads the traffic thinner, so this is the most that it fills, within what capacity
        needs.
    median_bits, worst_bits : float
        Wanted at least, for the median target and for the mean of the worst 5 %; one or both.
    over : str
        Bits over "packets", or over "senders" (people; slower with many clients).
    precision : float
        Wanted half width of the 95 % interval relative to the value, 0.005 to 1. More seeds are
        run until it is reached, at most 24; ``Plan.precision`` says what was.
    targets : int
        Packets followed a run, 40 or more.
    longest_delay_s, widest : float, int
        Where the search ends.
    load_at_most : float
        Share of its capacity that a mix may be loaded with (for "width"), above 0 to 1.
    most_packets : int
        A single run that would send more is refused rather than waited for.
    progress : callable
        Called with the share done; returning False stops with a SimulationError.

    Returns
    -------
    Plan

    Raises
    ------
    UnreachableError
        When the wish cannot be met, saying what was reached instead.
    AnonymityError
        For arguments out of range.

    Notes
    -----
    The wish is met on average, not for every packet: of the worst 5 % half or so have less than
    their mean. It holds for the traffic of the scenario; at night there is less.

    Examples
    --------
    >>> from workbench import Scenario
    >>> found = plan(Scenario(clients=20), median_bits=7.0, precision=0.1)
    >>> 0.08 < found.value < 0.12
    True
    """
    if not isinstance(scenario, Scenario):
        raise AnonymityError(f"plan needs a Scenario; got a {type(scenario).__name__}")
    what = choice("find", find, ("delay", "width"))
    wish = Wish(median_bits, worst_bits, over)
    wish.check_reachable(scenario.clients)
    wanted = number("precision", precision, 0.005, 1.0)
    longest = number("longest_delay_s", longest_delay_s, 1e-3, 3600.0, "s")
    most = whole("widest", widest, 1, 2000)
    if progress is not None and not callable(progress):
        raise AnonymityError(f"progress must be callable; got {shown(progress)}")
    sampler = Sampler(wish, targets, most_packets, progress)
    if what == "delay":
        found = find_delay(scenario, sampler, wanted, longest)
    else:
        least = least_width(scenario, load_at_most)
        if least > most:
            raise AnonymityError(
                f"{least} mixes a layer are needed to carry the load; expected at most {most} "
                "(widest)"
            )
        found = find_width(scenario, sampler, wanted, least, most)
    if progress is not None:
        progress(1.0)
    return found


def least_width(scenario: Scenario, load_at_most: float = 0.8) -> int:
    """Fewest mixes a layer whose load stays below a share of their capacity; 1 without one.

    Examples
    --------
    >>> from workbench import Scenario
    >>> least_width(Scenario(capacity_per_s=500.0))  # 1000 packets/s, 400 a mix
    3
    """
    share = positive("load_at_most", number("load_at_most", load_at_most, 0.0, 1.0))
    if scenario.capacity_per_s is None:
        return 1
    own_loops = scenario.layers * scenario.mix_loops_per_mix_per_s
    room = share * scenario.capacity_per_s - own_loops
    if room <= 0:
        raise AnonymityError(
            f"the mixes' own loops ({own_loops:g} packets/s each) already fill "
            f"{100 * share:.0f} % of their capacity ({scenario.capacity_per_s:g} packets/s)"
        )
    return max(1, math.ceil(scenario.total_rate_per_s / room - 1e-9))


def equal_anonymity(
    scenario: Scenario,
    traffic_per_client_per_s: Sequence[float] | FloatArray,
    *,
    median_bits: float | None = None,
    worst_bits: float | None = None,
    over: str = "packets",
    precision: float = 0.1,
    progress: Progress | None = None,
    **options: Any,
) -> Curve:
    """Find the curve of equal anonymity: the smallest delay for each of several traffics.

    Parameters
    ----------
    scenario : Scenario
        Everything but traffic and delay.
    traffic_per_client_per_s : sequence of float
        Real packets a client a second, each above 0.
    median_bits, worst_bits, over, precision, progress, options
        As in ``plan``.

    Returns
    -------
    Curve
        A traffic at which the wish cannot be reached has NaN and a reason.

    Notes
    -----
    Where pools are thick it is a straight line: four times the traffic, a quarter of the delay.
    """
    rates = floats("traffic_per_client_per_s", traffic_per_client_per_s)
    if rates.size == 0 or rates.min() <= 0:
        raise AnonymityError("traffic_per_client_per_s must hold numbers above 0, at least one")
    Wish(median_bits, worst_bits, over).check_reachable(scenario.clients)
    plans: list[Plan | None] = []
    reasons: list[str] = []
    for done, rate in enumerate(rates):
        inner = None if progress is None else _part_of(progress, done, rates.size)
        varied = scenario.replace(traffic_per_client_per_s=float(rate))
        try:
            found = plan(
                varied,
                median_bits=median_bits,
                worst_bits=worst_bits,
                over=over,
                precision=precision,
                progress=inner,
                **options,
            )
        except UnreachableError as error:
            plans.append(None)
            reasons.append(str(error))
        else:
            plans.append(found)
            reasons.append("")
    if progress is not None:
        progress(1.0)

    def column(name: str) -> FloatArray:
        return np.array([math.nan if one is None else getattr(one, name) for one in plans])

    return Curve(
        rates, column("value"), column("low"), column("high"), tuple(plans), tuple(reasons)
    )


def _part_of(progress: Progress, done: int, parts: int) -> Progress:
    """Report one of several plans as a part of the whole."""
    return lambda share: progress((done + share) / parts)
