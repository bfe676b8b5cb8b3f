"""Silence is a signal: who sent something, when all that an observer has is how much each sent.

Mixing hides which packet is whose inside the network; it does not hide that you sent one while
nine others were silent. Loop cover drowns the one packet; a main stream, whose slots carry cover
when there is nothing to say, leaves no trace of it at all.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from workbench.anonymity._chances import poisson_window
from workbench.anonymity._checks import IntArray, generator, number, whole
from workbench.anonymity.timing import chance_interval
from workbench.errors import AnonymityError
from workbench.mixing.events import Events, is_client


def sender_found_chance(
    senders: int, cover_per_s: float, window_s: float, *, real_packets: int = 1
) -> float:
    """Chance to name the one sender who had something to say, among senders with equal cover.

    The observer counts each sender's packets in the window and names the one with most, by lot
    among equals: the best it can do, since Poisson cover says nothing else.

    Parameters
    ----------
    senders : int
        How many there are, 1 or more; exactly one of them sent something real.
    cover_per_s : float
        Loop cover of each, packets a second, *added* to what is real.
    window_s : float
        How long the observer knows it must have been, in seconds.
    real_packets : int
        How many real packets that one sent *beside* its cover, 0 or more. At 0 what it said
        took slots of a main stream, which would have carried cover.

    Returns
    -------
    float
        From 1/senders (cover without end) to 1 (none). Exact.

    Notes
    -----
    For one window. Who sends every afternoon at three is found by adding windows up: ten of
    them are one window ten times as long with ten real packets. If real packets *replace*
    cover in a main stream the chance is 1/senders at any rate.

    Examples
    --------
    >>> sender_found_chance(10, cover_per_s=0.0, window_s=60.0)
    1.0
    >>> round(sender_found_chance(10, cover_per_s=5 / 60, window_s=60.0), 3)
    0.174
    """
    people = whole("senders", senders, 1)
    mean = number("cover_per_s", cover_per_s, 0.0) * number("window_s", window_s, 0.0, unit="s")
    if mean > 1.001e6:
        raise AnonymityError(f"cover_per_s * window_s must be at most 1e6 packets, got {mean:g}")
    extra = whole("real_packets", real_packets, 0, 1_000_000)
    if extra == 0:
        return 1.0 / people
    _, weights = poisson_window(mean)
    below = np.minimum(np.cumsum(weights), 1.0)
    chance = 0.0
    for k, weight in enumerate(weights):
        x = k + extra  # where the active sender stands among the counts
        if x >= weights.size:
            chance += float(weight)
            continue
        at, up_to, under = float(weights[x]), float(below[x]), float(below[x - 1])
        if at < 1e-12:
            chance += float(weight) * under ** (people - 1)
        else:
            # Sum over how many others tie: [F(x)^N - F(x-1)^N] / (N q(x)).
            log_ratio = people * (math.log(under) - math.log(up_to)) if under > 0 else -math.inf
            chance += float(weight) * -math.expm1(log_ratio) * up_to**people / (people * at)
    return float(min(max(chance, 1.0 / people), 1.0))


def cover_to_hide(
    wanted_chance: float, senders: int, window_s: float, *, real_packets: int = 1
) -> float:
    """The least loop cover a second for which a sender is found with at most a wanted chance.

    Parameters
    ----------
    wanted_chance : float
        Above 1/senders (which no finite cover reaches), up to 1.
    senders, window_s, real_packets
        As in ``sender_found_chance``.

    Returns
    -------
    float
        Packets a second of each sender, to 0.1 %.

    Examples
    --------
    >>> 60 * cover_to_hide(0.6, senders=10, window_s=60.0) < 1.0
    True
    """
    people = whole("senders", senders, 2)
    window = number("window_s", window_s, 1e-6, unit="s")
    whole("real_packets", real_packets, 1, 1_000_000)
    wanted = number("wanted_chance", wanted_chance, 0.0, 1.0)
    if wanted <= 1.0 / people:
        raise AnonymityError(
            f"wanted_chance must be above 1/senders = {1.0 / people:.4g}: blind guessing does that"
        )

    def found(packets: float) -> float:
        return sender_found_chance(people, packets / window, window, real_packets=real_packets)

    if wanted >= 1.0:
        return 0.0
    low, high = 0.0, 1.0
    while found(high) > wanted:
        low, high = high, 4.0 * high
        if high > 1e6:
            raise AnonymityError(
                f"a chance of {wanted:g} would take more than a million cover packets a window"
            )
    while high - low > 1e-3 * high:
        middle = 0.5 * (low + high)
        if found(middle) > wanted:
            low = middle
        else:
            high = middle
    return high / window


@dataclass(frozen=True, eq=False)
class Watch:
    """Naming the busiest sender, again and again.

    Attributes
    ----------
    counts : int64 array, shape (trials, senders)
        Packets that each sender sent in each window; sender 0 is the one with something real.
    right, trials : int
        How often the busiest was the right one.
    chance_interval : (float, float)
        Share that blind guessing gets right in 95 of 100 such experiments.
    """

    counts: IntArray
    right: int
    trials: int
    chance_interval: tuple[float, float]

    @property
    def share_right(self) -> float:
        """Share of windows in which the sender was named, 0 to 1."""
        return self.right / self.trials


def watch_senders(
    senders: int,
    cover_per_s: float,
    window_s: float,
    *,
    real_packets: int = 1,
    replaces_cover: bool = False,
    trials: int = 1000,
    seed: int = 0,
) -> Watch:
    """Play ``sender_found_chance``: draw windows, name the busiest sender in each.

    Parameters
    ----------
    senders, cover_per_s, window_s, real_packets
        As in ``sender_found_chance``.
    replaces_cover : bool
        True: real packets take slots of a main stream that would have carried cover, so they
        add nothing to the count (as long as there are slots).
    trials : int
        Windows drawn, 1 to 1,000,000.
    """
    people = whole("senders", senders, 1, 100_000)
    mean = number("cover_per_s", cover_per_s, 0.0) * number("window_s", window_s, 0.0, unit="s")
    extra = whole("real_packets", real_packets, 0, 1_000_000)
    tries = whole("trials", trials, 1, 1_000_000)
    if tries * people > 100_000_000 or mean > 1e9:
        raise AnonymityError("trials * senders must be at most 100,000,000, cover at most 1e9")
    if not isinstance(replaces_cover, (bool, np.bool_)):
        raise AnonymityError("replaces_cover must be True or False")
    rng = generator(seed)
    counts = rng.poisson(mean, (tries, people)).astype(np.int64)
    counts[:, 0] = np.maximum(counts[:, 0], extra) if replaces_cover else counts[:, 0] + extra
    # Ties are broken by lot: a random fraction on top of each count.
    named = (counts + rng.random(counts.shape)).argmax(axis=1)
    right = int((named == 0).sum())
    return Watch(counts, right, tries, chance_interval(tries, 1.0 / people))


def sent_in_window(log: Events, clients: int, start_s: float, end_s: float) -> IntArray:
    """Packets that each client sent in a part of a run: what its internet provider counts."""
    people = whole("clients", clients, 1, 10_000_000)
    start, end = number("start_s", start_s, 0.0), number("end_s", end_s, 0.0)
    begins = is_client(log.source) & (log.leave_s >= start) & (log.leave_s < end)
    who = -1 - log.source[begins].astype(np.int64)
    return np.bincount(who[who < people], minlength=people).astype(np.int64)


def silent_share(cover_per_s: float, window_s: float) -> float:
    """Share of senders with nothing to say who send nothing at all in a window: e^(-cover).

    At cover 0 all of them: whoever sends stands out.

    Examples
    --------
    >>> round(silent_share(1 / 60, 60.0), 3)
    0.368
    """
    mean = number("cover_per_s", cover_per_s, 0.0) * number("window_s", window_s, 0.0, unit="s")
    return math.exp(-mean)
