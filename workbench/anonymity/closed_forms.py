"""Anonymity by formula: what a mix gives before anything is simulated.

Exact where it says exact. The thick-pool form of a whole network is a limit: it is a first
guess and a check, never the answer, and below about 20 packets a mix it is too high.

Units: seconds, packets a second, bits. rho = packets a mix holds on average = rate * delay.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from workbench.anonymity._chances import poisson_window
from workbench.anonymity._checks import FloatArray, number, positive, whole
from workbench.errors import AnonymityError

EULER_GAMMA = 0.5772156649015329

# Above this pool the exact recursion is replaced by its own limit: they differ by
# less than 2e-9 bits there (tests/anonymity/test_closed_forms.py).
_LARGEST_RECURSION = 1e4


def pool_packets(packets_per_s: float, delay_s: float, mixes: int = 1) -> float:
    """Mean number of packets that each mix holds, when the traffic is spread over ``mixes``.

    Little's law: rate times time. It does not say how often the pool is much smaller.

    Examples
    --------
    >>> round(pool_packets(55 * 1000, 0.015, mixes=80), 2)  # 1000 clients at Nym's defaults
    10.31
    """
    rate = number("packets_per_s", packets_per_s, 0.0, unit="packets/s")
    return rate * number("delay_s", delay_s, 0.0, unit="s") / whole("mixes", mixes, 1)


def pool_distribution(rho: float) -> FloatArray:
    """Chance that a Poisson mix holds 0, 1, 2, ... packets: Poisson(rho), exact.

    Returns probabilities up to where less than 1e-15 is left; the same is met by an
    arriving packet. ``pool_distribution(rho)[0]`` is the chance of no company at all.

    Source: Loopix, Lemma 1 (the M/M/infinity queue).

    Examples
    --------
    >>> [round(p, 4) for p in pool_distribution(1.0)[:3].tolist()]
    [0.3679, 0.3679, 0.1839]
    """
    first, weights = poisson_window(number("rho", rho, 0.0, 1e6))
    return np.concatenate([np.zeros(first), weights])


def poisson_mix_entropy_bits(rho: float) -> float:
    """Mean entropy that one Poisson mix gives a packet, in steady state: exact.

    A packet walks in; the observer watches arrivals and departures and cannot tell which
    departure it is. This is the mean, over all that may happen, of that doubt.

    Parameters
    ----------
    rho : float
        Packets that the mix holds on average: arrivals a second times mean delay, 0 to 1e9.

    Returns
    -------
    float
        0 or more, bits over packets; for large pools log2(rho) + 1.4427.

    Notes
    -----
    A mean: single packets have more or less, and at small rho many have 0. It counts
    packets, not people. The recursion (rho+n) f(n) = rho f(n+1) + n [h2(1/n) + (1-1/n) f(n-1)]
    is solved as one tridiagonal system for f(n) - log2 n, which is stable for any rho.
    Above rho = 1e4 its limit is returned, less than 2e-9 bits away.

    Source: the memoryless mix of Kesdogan 1998; the recursion follows from Loopix, Theorem 1.

    Examples
    --------
    >>> round(poisson_mix_entropy_bits(1.0), 5)
    1.51123
    """
    mean = number("rho", rho, 0.0, 1e9)
    if mean == 0.0:
        return 0.0
    if mean > _LARGEST_RECURSION:
        return math.log2(mean) + erlang_constant_bits(1)
    return _poisson_mix_entropy(mean)


def poisson_mix_pool_for(bits: float) -> float:
    """Packets that a Poisson mix must hold on average to give so many bits: the inverse, exact.

    Divide by the packets a second that come in for the delay, or by the delay for the traffic.

    Parameters
    ----------
    bits : float
        Wanted mean entropy of ``poisson_mix_entropy_bits``, 0 to 30; met to a relative 1e-9.

    Examples
    --------
    >>> round(poisson_mix_pool_for(6.0) / 100.0, 3)  # seconds of delay at 100 packets/s
    0.235
    """
    wanted = number("bits", bits, 0.0, 30.0)
    if wanted == 0.0:
        return 0.0
    if wanted < 1e-9:
        return wanted / 2.0  # a nearly empty mix gives 2 rho bits
    # The slope of bits over log2(rho) is 1 for thick pools, so steps of the error end quickly;
    # for thin ones bits grow about as rho does, and a step in proportion is the better one.
    rho = wanted if wanted < 1.0 else float(2.0 ** (wanted - 1.4427))
    for _ in range(200):
        bits = poisson_mix_entropy_bits(rho)
        if abs(bits - wanted) < 1e-10 * max(wanted, 1e-3):
            break
        rho *= wanted / bits if wanted < 1.0 else 2.0 ** (wanted - bits)
    return rho


@lru_cache(maxsize=4096)
def _poisson_mix_entropy(rho: float) -> float:
    first, weights = poisson_window(rho)
    excess = _excess_over_uniform(rho, first + weights.size)
    held = np.arange(first + 1, first + 1 + weights.size)  # the packet itself and its company
    return float(weights @ (np.log2(held) + excess[held]))


def _excess_over_uniform(rho: float, highest: int) -> list[float] | FloatArray:
    """Return g(n) = f(n) - log2 n for n = 0..highest: what later arrivals add.

    Without arrivals f(n) is log2 n exactly, so g is small and falls to 0 for n >> rho;
    the error of setting g = 0 far above shrinks by about rho/n a step on the way down.
    """
    top = highest + int(8.0 * math.sqrt(rho)) + 60
    n = np.arange(1.0, top + 1.0)
    right = (rho * np.log1p(1.0 / n) / math.log(2.0)).tolist()
    up = [0.0] * (top + 1)  # g(n) = up[n] g(n+1) + constant[n]
    constant = [0.0] * (top + 1)
    for i in range(1, top + 1):
        pivot = rho + i - (i - 1) * up[i - 1]
        up[i] = rho / pivot
        constant[i] = (right[i - 1] + (i - 1) * constant[i - 1]) / pivot
    g = np.zeros(top + 2)
    value = 0.0
    for i in range(top, 0, -1):
        value = up[i] * value + constant[i]
        g[i] = value
    return g


def leave_probabilities(before: int, stayed: int, came: int) -> tuple[float, float]:
    """Who may a leaving packet be, in a Poisson mix: exact, Loopix' Theorem 1.

    A mix held ``before`` packets, all but ``stayed`` of them left, ``came`` arrived, and now
    one leaves. Because waiting is memoryless every packet inside is equally likely.

    Parameters
    ----------
    before : int
        Packets held at the start, 1 or more when ``stayed`` is.
    stayed : int
        How many of them are still inside, 0 to ``before``.
    came : int
        New arrivals still inside, 0 or more; not both 0.

    Returns
    -------
    (float, float)
        Probability of each one of the old packets, and of each one of the new: the old ones
        together and the new ones together make 1.

    Examples
    --------
    >>> leave_probabilities(before=4, stayed=2, came=2)
    (0.125, 0.25)
    """
    old = whole("before", before, 0)
    still = whole("stayed", stayed, 0, old)
    new = whole("came", came, 0)
    if still + new == 0:
        raise AnonymityError("stayed and came are both 0: there is no packet that could leave")
    each_old = still / (old * (still + new)) if old else 0.0
    return each_old, (1.0 / (still + new) if new else 0.0)


def leave_entropy_bits(previous_bits: float, stayed: int, came: int) -> float:
    """Entropy of a packet leaving a Poisson mix, from that of the one before: Loopix' recursion.

    H = h2(k/(k+l)) + k/(k+l) log2 k + l/(k+l) previous, for k packets that came since (new)
    and l that stayed (old, about which the observer already had ``previous_bits`` of doubt).

    Returns bits, 0 or more. It is the doubt about which *arrival* this leaving packet was.

    Source: Loopix, section 4.

    Examples
    --------
    >>> leave_entropy_bits(0.0, stayed=1, came=1)
    1.0
    """
    doubt = number("previous_bits", previous_bits, 0.0)
    old = whole("stayed", stayed, 0)
    new = whole("came", came, 0)
    if old + new == 0:
        raise AnonymityError("stayed and came are both 0: there is no packet that could leave")
    share = new / (old + new)
    fresh = share * math.log2(new) if new else 0.0
    return binary_entropy_bits(share) + fresh + (1.0 - share) * doubt


def binary_entropy_bits(share: float) -> float:
    """Entropy of a coin that falls on one side with probability ``share``.

    Examples
    --------
    >>> binary_entropy_bits(0.5)
    1.0
    """
    p = number("share", share, 0.0, 1.0)
    if p in (0.0, 1.0):
        return 0.0
    return -(p * math.log2(p) + (1.0 - p) * math.log2(1.0 - p))


def erlang_constant_bits(layers: int) -> float:
    """The constant c_L of the thick-pool form: entropy of a sum of L delays, in units of one.

    c_L = [L + ln Gamma(L) + (1 - L) psi(L)] / ln 2, the differential entropy of Erlang(L, 1).

    Examples
    --------
    >>> [round(erlang_constant_bits(layers), 4) for layers in (1, 2, 3)]
    [1.4427, 2.2754, 2.6655]
    """
    stages = whole("layers", layers, 1, 1000)
    psi = -EULER_GAMMA + sum(1.0 / k for k in range(1, stages))
    return (stages + math.lgamma(stages) + (1 - stages) * psi) / math.log(2.0)


def thick_pool_entropy_bits(
    packets_per_s: float, delay_s: float, layers: int = 3, *, width: int = 1
) -> float:
    """Entropy of a packet through a Poisson mixnet, in the limit of thick pools.

    log2(traffic * delay) + c_L: twice the traffic or twice the delay is exactly one bit.

    Parameters
    ----------
    packets_per_s : float
        Packets a second into the whole network (all kinds), above 0.
    delay_s : float
        Mean delay of one mix, above 0 s.
    layers : int
        Mixes on a route, 1 to 1000.
    width : int
        Mixes a layer. With one layer a packet only hides among those of its own mix; with
        more the last layers have mixed all of the traffic, and width drops out.

    Returns
    -------
    float
        Bits over packets. Negative where the limit is absurd (almost empty pools).

    Notes
    -----
    A limit, not the answer. At 1000 packets/s and 0.1 s it was above simulation by this much:
    three layers of width 1 (100 packets a mix) .001 bits, 2 (50) .007, 5 (20) .025, 10 (10)
    .09, 20 (5) .45, 50 (2) 2.5; two layers of width 2 (50) .02, 5 (20) .17, 10 (10) .65.
    So trust it to .03 bits from about 20 packets a mix on in three layers, 50 in two, and where
    the network is not wide. It counts packets, not people.

    Examples
    --------
    >>> round(thick_pool_entropy_bits(1000.0, 0.1, layers=3), 3)
    9.309
    """
    rate = positive("packets_per_s", packets_per_s, "packets/s")
    delay = positive("delay_s", delay_s, "s")
    stages = whole("layers", layers, 1, 1000)
    across = whole("width", width, 1)
    met = rate / across if stages == 1 else rate
    return math.log2(met) + math.log2(delay) + erlang_constant_bits(stages)


def river_guess_bits(
    packets_per_s: float, delay_s: float, layers: int = 3, width: int = 1
) -> float:
    """First guess of the mean entropy of a stratified Poisson network, thick or thin.

    Thin pools: every layer adds what one mix gives (few paths meet twice). Thick pools: the
    Erlang limit. Both are upper limits; the guess bends smoothly below the lower of the two.

    Returns bits over packets, 0 or more. An approximation: within 0.12 bits of simulation for
    two and three layers of 1 to 50 mixes at 1000 packets/s and 0.1 s, and within 0.1 for the
    wide river (Lam = 100/s, d = 0.5 s, L = 3, W from 1 to 100). A guess to begin a search
    with; simulate before you say it. One layer is exact.

    Examples
    --------
    >>> round(river_guess_bits(1000.0, 0.1, layers=3, width=3), 1)
    9.3
    """
    rho = pool_packets(packets_per_s, delay_s, width)
    stages = whole("layers", layers, 1, 1000)
    one = poisson_mix_entropy_bits(min(rho, 1e9))
    if stages == 1 or rho == 0.0:
        return one
    thin = stages * one
    thick = thick_pool_entropy_bits(packets_per_s, delay_s, stages)
    gap = max(min(abs(thin - thick), 700.0), 0.0)
    return max(min(thin, thick) - math.log2(1.0 + 2.0**-gap), 0.0)


def threshold_mix_entropy_bits(size: int) -> float:
    """Entropy that a threshold mix gives: log2 of its size, exact.

    Examples
    --------
    >>> threshold_mix_entropy_bits(8)
    3.0
    """
    return math.log2(whole("size", size, 1))


def threshold_pool_entropy_bits(leaving: int, kept: int) -> float:
    """Entropy that a threshold pool mix gives in the long run, exact.

    Each round ``leaving`` packets go, chosen at random of ``leaving + kept``; the others stay.
    (1 + N/n) log2(n + N) - (N/n) log2 N for n leaving and N kept.

    Returns bits over packets. It does not say that a packet may stay for many rounds: the
    mean delay grows by kept/leaving rounds and has no upper limit.

    Source: Serjantov and Danezis 2002.

    Examples
    --------
    >>> round(threshold_pool_entropy_bits(100, 50), 4)
    8.0213
    """
    out = whole("leaving", leaving, 1)
    stay = whole("kept", kept, 0)
    if stay == 0:
        return math.log2(out)
    ratio = stay / out
    return (1.0 + ratio) * math.log2(out + stay) - ratio * math.log2(stay)


def timed_mix_entropy_bits(packets_per_interval: float) -> float:
    """Mean entropy that a timed mix gives, under Poisson arrivals: exact.

    All that came in an interval leave together, so a packet hides among 1 + Poisson(m).

    Returns bits over packets, 0 or more. At low traffic it is near 0 however long the
    interval feels: only company helps.

    Examples
    --------
    >>> round(timed_mix_entropy_bits(1.0), 4)
    0.8272
    """
    first, weights = poisson_window(number("packets_per_interval", packets_per_interval, 0.0, 1e6))
    return float(weights @ np.log2(np.arange(first + 1, first + 1 + weights.size)))
