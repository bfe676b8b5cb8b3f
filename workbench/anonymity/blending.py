"""Blending attacks: the attacker makes sure that your packet's company is its own.

In an (n-1) attack it lets one honest packet into a mix, holds the others back, and fills the
rest with packets it recognises. A threshold mix then hides nothing. A Poisson mix that sends
loops of its own keeps some company that the attacker can neither stop nor recognise.
The alarm that notices the attack is in ``loops.py``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from workbench.anonymity._checks import (
    FloatArray,
    generator,
    number,
    positive,
    rising_times,
    whole,
)
from workbench.anonymity.timing import share_interval
from workbench.errors import AnonymityError
from workbench.mixing.events import Events

_MOST_PACKETS = 20_000_000


def flooded_threshold_bits(size: int, attackers: int) -> float:
    """Doubt that a threshold mix leaves when ``attackers`` of its packets are the attacker's.

    log2(size - attackers): only honest packets are suspects. With n-1 of n none is left.

    Parameters
    ----------
    size : int
        Packets that leave together, 1 or more.
    attackers : int
        How many of them the attacker recognises as its own, 0 to size - 1 (the target is not).

    Returns
    -------
    float
        Bits over packets, 0 to log2(size).

    Source: Chaum 1981; Serjantov, Dingledine and Syverson 2002.

    Examples
    --------
    >>> round(flooded_threshold_bits(8, 3), 3), flooded_threshold_bits(8, 7)
    (2.322, 0.0)
    """
    full = whole("size", size, 1)
    return math.log2(full - whole("attackers", attackers, 0, full - 1))


@dataclass(frozen=True)
class PoissonBlending:
    """How well an (n-1) attack on a Poisson mix does, by formula.

    Attributes
    ----------
    pool_packets : float
        Mean company E[pool] that the attacker cannot tell from the target: what it lets
        through and the mix's own loops.
    success : float
        Chance that the first unknown packet to leave is the target: 1 / (1 + E[pool]), exact
        for Poisson company (the other packets leave as a Poisson stream, Burke 1956).
    loopix_success : float
        1 / E[pool], as in Loopix; an approximation for E[pool] >= 1, here never above 1.
    company_success : float
        E[1 / (1 + company)] = (1 - exp(-E[pool])) / E[pool]: one of those present when the
        target enters, picked blindly. Higher than ``success``, since who comes later is left out.
    """

    pool_packets: float
    success: float
    loopix_success: float
    company_success: float


def poisson_blending(
    honest_per_s: float, mix_loops_per_s: float, delay_s: float, *, let_through: float = 0.0
) -> PoissonBlending:
    """(n-1) attack on a Poisson mix with loops of its own, by Loopix' formula.

    E[pool] = let_through * honest * delay + loops * delay.

    Parameters
    ----------
    honest_per_s : float
        Honest packets a second that want into the mix (lambda_R), 0 or more.
    mix_loops_per_s : float
        Loops that the mix sends itself (lambda_M), 0 or more.
    delay_s : float
        Mean delay (1 / mu), above 0 s.
    let_through : float
        Share of the honest packets that the attacker fails to hold back (1 / s in the paper),
        0 (a perfect attacker) to 1 (none).

    Notes
    -----
    For one mix and one packet. It does not say how often the attack can be repeated before
    the loops that stay away are noticed.

    Source: Piotrowska et al. 2017 (Loopix), section 4.

    Examples
    --------
    >>> poisson_blending(1000.0, 0.0, 0.1).success
    1.0
    >>> round(poisson_blending(1000.0, 190.0, 0.1).success, 3)
    0.05
    """
    honest = number("honest_per_s", honest_per_s, 0.0)
    loops = number("mix_loops_per_s", mix_loops_per_s, 0.0)
    delay = positive("delay_s", delay_s, "s")
    share = number("let_through", let_through, 0.0, 1.0)
    pool = number("the pool", (honest * share + loops) * delay, 0.0)
    company = -math.expm1(-pool) / pool if pool > 0 else 1.0
    return PoissonBlending(pool, 1.0 / (1.0 + pool), min(1.0 / pool, 1.0) if pool else 1.0, company)


@dataclass(frozen=True, eq=False)
class BlendingTrial:
    """An (n-1) attack played on recorded traffic, every packet let through once the target.

    Attributes
    ----------
    targets : int
        Packets that were attacked.
    success : float
        Share of them that the attacker followed.
    interval : (float, float)
        95 % interval of that share (packets overlap a little, so slightly too narrow).
    entropy_bits : float64 array, shape (targets,)
        Doubt left about each at the moment it entered a threshold mix's batch; for a Poisson
        mix log2(1 + company at entry).
    """

    targets: int
    success: float
    interval: tuple[float, float]
    entropy_bits: FloatArray

    @property
    def company_success(self) -> float:
        """Mean of 1 / suspects: success of picking blindly among those present."""
        return float(np.exp2(-self.entropy_bits).mean())


def arrivals_at(log: Events, node: int) -> FloatArray:
    """Times at which packets of any kind reached a mix, from a run's event log, sorted."""
    mix = whole("node", node, 0)
    return np.sort(log.arrive_s[log.target == mix])


def flood_threshold(
    arrivals_s: ArrayLike,
    size: int,
    *,
    attacker_per_s: float,
    let_through: float = 1.0,
    seed: int = 0,
) -> BlendingTrial:
    """Flood a threshold mix during recorded traffic and count who is left in each batch.

    Parameters
    ----------
    arrivals_s : array_like of float, shape (packets,)
        When honest packets come to the mix: at least one.
    size : int
        The mix's threshold, 1 or more.
    attacker_per_s : float
        Packets of its own that the attacker sends a second, 0 or more.
    let_through : float
        Share of honest packets that it lets in; those held back wait outside. 1: it can only
        flood, not block.
    seed : int
        For which are let in and when the attacker's arrive.

    Returns
    -------
    BlendingTrial
        ``success``: picking one of the honest packets of the batch blindly.

    Raises
    ------
    AnonymityError
        When no batch fills up.
    """
    honest = _let_in(arrivals_s, let_through, generator(seed))
    full = whole("size", size, 1, _MOST_PACKETS)
    rate = number("attacker_per_s", attacker_per_s, 0.0)
    rng = generator(seed + 1)
    span = float(honest[-1] - honest[0])
    if rate * span > _MOST_PACKETS:
        raise AnonymityError(f"the flood would be more than {_MOST_PACKETS:,} packets")
    # The attacker keeps sending until the last batch is full.
    own_count = rng.poisson(rate * span) + (full if rate > 0 else 0)
    own = honest[0] + rng.uniform(0.0, max(span, 1e-9), own_count)
    if rate > 0:
        own[-full:] = honest[-1]
    order = np.argsort(np.concatenate([honest, np.sort(own)]), kind="stable")
    batch = np.arange(order.size) // full
    is_honest = order < honest.size
    company = np.bincount(batch, is_honest)
    complete = batch[is_honest] < order.size // full
    left = company[batch[is_honest]][complete]
    if left.size == 0:
        raise AnonymityError(f"no batch of {full} filled up; expected more packets or attackers")
    bits = np.log2(left)
    success = float((1.0 / left).mean())
    # Blind picks succeed independently of each other, batch by batch.
    return BlendingTrial(
        left.size, success, share_interval(round(success * left.size), left.size), bits
    )


def flood_poisson(
    arrivals_s: ArrayLike,
    delay_s: float,
    *,
    mix_loops_per_s: float = 0.0,
    let_through: float = 0.0,
    seed: int = 0,
) -> BlendingTrial:
    """Attack packets on their way through a Poisson mix, in recorded traffic.

    The attacker waits until it has let one in, then takes the first packet leaving that is not
    its own for the target. Loops of the mix look like any packet, and only the mix knows them.

    Parameters
    ----------
    arrivals_s : array_like of float, shape (packets,)
        When honest packets come to the mix; a random 2000 of them are attacked in turn.
    delay_s : float
        Mean delay of the mix, above 0 s.
    mix_loops_per_s : float
        Loops that the mix sends, 0 or more.
    let_through : float
        Share of the other honest packets that slip in, 0 to 1.
    seed : int
        For delays, loops, who slips in and who is attacked.

    Returns
    -------
    BlendingTrial
    """
    delay = positive("delay_s", delay_s, "s")
    loops = number("mix_loops_per_s", mix_loops_per_s, 0.0)
    share = number("let_through", let_through, 0.0, 1.0)
    times = rising_times("arrivals_s", arrivals_s)
    if times.size < 2:
        raise AnonymityError("arrivals_s must hold at least two packets")
    rng = generator(seed)
    begin, end = float(times[0]), float(times[-1])
    slips_in = rng.random(times.size) < share
    own_leave = times + rng.exponential(delay, times.size)
    warm = 10.0 * delay
    if loops * (end - begin + 2.0 * warm) > _MOST_PACKETS:
        raise AnonymityError(f"the loops would be more than {_MOST_PACKETS:,} packets")
    loop_count = rng.poisson(loops * (end - begin + 2.0 * warm))
    born = rng.uniform(begin - warm, end + warm, loop_count)
    enters = np.sort(np.concatenate([times[slips_in], born]))
    leaves = np.sort(
        np.concatenate([own_leave[slips_in], born + rng.exponential(delay, loop_count)])
    )
    # Only once the pool has filled; each attacked packet beside those that slipped in.
    settled = np.flatnonzero(times >= min(begin + warm, 0.5 * (begin + end)))
    chosen = rng.choice(settled, min(2000, settled.size), replace=False)
    targets = times[chosen]
    before = np.searchsorted(leaves, targets, "left")
    company = np.searchsorted(enters, targets, "left") - before
    # A target that slipped in by itself is among the leaves: the same time, hence "<=".
    followed = own_leave[chosen] <= np.append(leaves, np.inf)[before]
    hits = int(followed.sum())
    return BlendingTrial(
        targets.size,
        hits / targets.size,
        share_interval(hits, targets.size),
        np.log2(1.0 + company),
    )


def _let_in(arrivals_s: ArrayLike, share: float, rng: np.random.Generator) -> FloatArray:
    times = rising_times("arrivals_s", arrivals_s)
    kept = times[rng.random(times.size) < number("let_through", share, 0.0, 1.0)]
    if kept.size == 0:
        raise AnonymityError("no honest packet is let through: there is nobody to attack")
    return kept
