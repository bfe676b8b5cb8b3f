"""Anonymity and delay of timed batch strategies, in steady state, without simulating.

A timed mix wakes every interval, looks at the n packets it holds and lets j of them go, drawn
at random; the strategies differ only in how j follows from n. The number held is a small
Markov chain, and the doubt of the packets that stay is the doubt of the chain one round
later, so both are solved as linear systems: exact up to rounding and a truncation below 1e-12.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from workbench.anonymity._chances import binomial_chances, poisson_window
from workbench.anonymity._checks import FloatArray, number, positive, whole
from workbench.errors import AnonymityError

# Chances of 0..n packets leaving when n are held.
LeavingRule = Callable[[int], FloatArray]

_LARGEST_POOL = 2000


@dataclass(frozen=True, eq=False)
class BatchForm:
    """What a timed strategy gives in steady state.

    Attributes
    ----------
    entropy_bits : float
        Mean entropy over packets that the mix gives one packet, the observer seeing every
        arrival and how many leave each round.
    delay_intervals : float
        Mean time that a packet spends in the mix, in intervals.
    held_before_flush : float64 array
        Chance that the mix holds 0, 1, 2, ... packets when it wakes.
    """

    entropy_bits: float
    delay_intervals: float
    held_before_flush: FloatArray

    @property
    def pool_packets_mean(self) -> float:
        """Mean number of packets held when the mix wakes."""
        return float(self.held_before_flush @ np.arange(self.held_before_flush.size))


def timed_pool(packets_per_interval: float, keep: int) -> BatchForm:
    """Timed pool mix: every interval all but ``keep`` leave, chosen at random.

    Parameters
    ----------
    packets_per_interval : float
        Mean Poisson arrivals in one interval, above 0, at most 1000.
    keep : int
        Packets that stay, 0 (a timed mix) to 1000.

    Notes
    -----
    At ``packets_per_interval`` << ``keep`` the doubt is great and so is the delay, without an
    upper limit for a single packet.

    Source: Serjantov and Newman 2003.

    Examples
    --------
    >>> round(timed_pool(10.0, 0).entropy_bits, 3), round(timed_pool(10.0, 0).delay_intervals, 6)
    (3.395, 0.5)
    """
    stay = whole("keep", keep, 0, 1000)
    return timed_batch(packets_per_interval, lambda held: _surely(held, max(held - stay, 0)))


def cottrell(packets_per_interval: float, keep: int = 45, fraction: float = 0.65) -> BatchForm:
    """Cottrell mix (Mixmaster): a timed pool that lets at most a fraction go.

    Of n packets floor(n min(1 - keep/n, fraction)) leave: a pool of at least ``keep`` that
    grows with the traffic.

    Source: Cottrell 1994, as described by Diaz and Serjantov 2003.

    Examples
    --------
    >>> cottrell(20.0).entropy_bits > timed_pool(20.0, 45).entropy_bits - 1e-9
    True
    """
    stay = whole("keep", keep, 0, 1000)
    share = number("fraction", fraction, 0.05, 1.0)

    def leaving(held: int) -> FloatArray:
        # 1e-9: 0.65 * 20 must count as 13 packets, not as 12.999999999999998.
        most = math.floor(share * held + 1e-9)
        return _surely(held, min(max(held - stay, 0), most))

    return timed_batch(packets_per_interval, leaving)


def binomial(packets_per_interval: float, mean: float, sd: float) -> BatchForm:
    """Binomial mix: each held packet leaves by a coin, of chance NormalCDF((n - mean) / sd).

    The coin hides from an observer how many packets the mix holds; here, as in the
    simulation, the observer has counted them.

    Source: Diaz and Serjantov 2003.

    Examples
    --------
    >>> binomial(20.0, mean=30.0, sd=10.0).delay_intervals > 0.5
    True
    """
    middle = number("mean", mean, 0.0, 1000.0)
    spread = positive("sd", sd)

    def leaving(held: int) -> FloatArray:
        chance = 0.5 * math.erfc(-(held - middle) / (spread * math.sqrt(2.0)))
        return binomial_chances(held, chance)

    return timed_batch(packets_per_interval, leaving)


def timed_batch(packets_per_interval: float, leaving: LeavingRule) -> BatchForm:
    """Solve any timed strategy: ``leaving(n)`` gives the chances that 0..n of n packets leave.

    Raises
    ------
    AnonymityError
        When the pool would grow beyond 2000 packets (more comes in than may leave).
    """
    arrivals = number("packets_per_interval", packets_per_interval, 1e-3, 1000.0)
    if float(leaving(_LARGEST_POOL) @ np.arange(_LARGEST_POOL + 1)) <= arrivals:
        raise _too_large(arrivals)
    top = int(arrivals + 10.0 * math.sqrt(arrivals)) + 60
    while top <= _LARGEST_POOL:
        form = _solve(arrivals, leaving, top)
        if form is not None:
            return form
        top = int(1.7 * top)
    raise _too_large(arrivals)


def _too_large(arrivals: float) -> AnonymityError:
    return AnonymityError(
        f"the pool grows beyond {_LARGEST_POOL} packets at {arrivals:g} arrivals an interval; "
        "expected a strategy that lets more go than comes in"
    )


def _solve(arrivals: float, leaving: LeavingRule, top: int) -> BatchForm | None:
    """Solve with pools cut at ``top``; None when the cut is felt."""
    chances = np.zeros((top + 1, top + 1))  # [held, leaving]
    for count in range(top + 1):
        chances[count, : count + 1] = leaving(count)
    arrive = _arrival_matrix(arrivals, top)
    held = np.arange(top + 1)
    # From held to staying: [held, staying] = chance that held - staying leave.
    source = held[:, None] - held[None, :]
    stays = np.where(source >= 0, np.take_along_axis(chances, np.abs(source), axis=1), 0.0)
    after = _stationary(arrive @ stays)
    if after is None:
        return None
    before = after @ arrive
    if before[-max(top // 20, 1) :].sum() > 1e-12:
        return None
    doubt_held = _doubt(chances, stays, arrive)
    # The packet itself adds one to what Poisson arrivals and the pool make (Mecke).
    entropy = float((before[:-1] / before[:-1].sum()) @ doubt_held[1:])
    mean_after = float(after @ held)
    return BatchForm(entropy, mean_after / arrivals + 0.5, before)


def _arrival_matrix(arrivals: float, top: int) -> FloatArray:
    """Chances [staying, held]; what would pass ``top`` is gathered there."""
    first, weights = poisson_window(arrivals)
    matrix = np.zeros((top + 1, top + 1))
    for staying in range(top + 1):
        reach = np.minimum(staying + first + np.arange(weights.size), top)
        np.add.at(matrix[staying], reach, weights)
    return matrix


def _stationary(chain: FloatArray) -> FloatArray | None:
    """Long-run chances of a Markov chain, or None if it has no single long run."""
    size = chain.shape[0]
    system = chain.T - np.eye(size)
    system[-1] = 1.0  # one equation follows from the others; the chances sum to 1 instead
    right = np.zeros(size)
    right[-1] = 1.0
    try:
        chances = np.linalg.solve(system, right)
    except np.linalg.LinAlgError:
        return None
    if not np.isfinite(chances).all() or chances.min() < -1e-9:
        return None
    return np.asarray(np.maximum(chances, 0.0))


def _doubt(chances: FloatArray, stays: FloatArray, arrive: FloatArray) -> FloatArray:
    """Return F(n): doubt about a packet known to be one of n held when the mix wakes.

    F(n) = E_j[h2(j/n) + (j/n) log2 j + (1 - j/n) E F(n - j + arrivals)].
    """
    size = chances.shape[0]
    n = np.maximum(np.arange(size), 1)[:, None].astype(np.float64)
    share = np.minimum(np.arange(size)[None, :] / n, 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        halves = np.nan_to_num(share * np.log2(share)) + np.nan_to_num(
            (1.0 - share) * np.log2(1.0 - share)
        )
        out = np.nan_to_num(share * np.log2(np.arange(size))[None, :])
    now = (chances * (out - halves)).sum(axis=1)
    remain = stays * np.minimum(np.arange(size)[None, :] / n, 1.0)
    remain[0, :] = 0.0
    return np.asarray(np.linalg.solve(np.eye(size) - remain @ arrive, now))


def _surely(held: int, leaving: int) -> FloatArray:
    chances = np.zeros(held + 1)
    chances[leaving] = 1.0
    return chances
