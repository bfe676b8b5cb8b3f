"""Corrupted mixes: how often a route has no honest mix at all, and when the first such comes.

One honest mix on the route still mixes. Only where every mix is corrupted is a packet simply
followed; everything between is measured by ``workbench.simulate(corrupt_mixes=...)``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.anonymity._checks import (
    FloatArray,
    IntArray,
    booleans,
    floats,
    number,
    positive,
    whole,
    wholes,
)
from workbench.errors import AnonymityError
from workbench.mixing.events import Events


def corrupted_route_chance(corrupt: int, mixes: int, hops: int) -> float:
    """Chance that a route of distinct mixes is fully corrupted: C(c, L) / C(K, L), exact.

    Parameters
    ----------
    corrupt, mixes : int
        c of K mixes are corrupted.
    hops : int
        L distinct mixes make a route, 1 to ``mixes``.

    Returns
    -------
    float
        0 to 1. It is also the mean for stratified routes when the corrupted mixes are spread
        over the layers at random; for a given spread see ``corrupted_stratified_chance``.

    Examples
    --------
    >>> corrupted_route_chance(corrupt=4, mixes=12, hops=3) == 4 / 220
    True
    """
    total = whole("mixes", mixes, 1, 1_000_000)
    bad = whole("corrupt", corrupt, 0, total)
    length = whole("hops", hops, 1, total)
    if bad < length:
        return 0.0
    return math.prod((bad - i) / (total - i) for i in range(length))


def corrupted_stratified_chance(corrupt: ArrayLike, widths: ArrayLike) -> float:
    """Chance that a stratified route is fully corrupted: the product of the layers' shares.

    Parameters
    ----------
    corrupt, widths : array_like of int, shape (layers,)
        Corrupted mixes and mixes, a layer each. A layer without a corrupted mix protects all.

    Examples
    --------
    >>> round(corrupted_stratified_chance([1, 1, 1], [3, 3, 3]), 4)
    0.037
    >>> corrupted_stratified_chance([3, 3, 0], [3, 3, 3])
    0.0
    """
    wide = wholes("widths", widths, 1, 10**9)
    bad = wholes("corrupt", corrupt, 0, 10**9)
    if bad.size != wide.size or not wide.size:
        raise AnonymityError("corrupt and widths must name the same layers, at least one")
    if (bad > wide).any():
        raise AnonymityError("corrupt must not be more than the layer's width")
    return float(np.prod(bad / wide))


@dataclass(frozen=True)
class FirstCompromise:
    """When a sender's first fully corrupted route comes, each message taking a fresh one.

    Attributes
    ----------
    chance : float
        Chance a message, 0 to 1.
    messages_per_s : float
        Messages a second.
    """

    chance: float
    messages_per_s: float

    @property
    def mean_s(self) -> float:
        """Mean time until the first, in seconds; infinite when it cannot happen."""
        rate = self.chance * self.messages_per_s
        return 1.0 / rate if rate > 0 else math.inf

    @property
    def median_s(self) -> float:
        """Time within which it has happened to half of all senders."""
        return self.quantile_s(0.5)

    def quantile_s(self, share: float) -> float:
        """Time within which it has happened to a share of the senders, below 1."""
        wanted = number("share", share, 0.0, 1.0 - 1e-12)
        return -math.log1p(-wanted) * self.mean_s if wanted > 0 else 0.0

    def share_within(self, time_s: float) -> float:
        """Share of senders to whom it has happened after ``time_s``."""
        time = number("time_s", time_s, 0.0, unit="s")
        return -math.expm1(-time / self.mean_s)


def first_compromise(chance: float, messages_per_s: float) -> FirstCompromise:
    """Time until a sender's first fully corrupted route, for Poisson sending: exact.

    Parameters
    ----------
    chance : float
        Chance of a fully corrupted route, 0 to 1.
    messages_per_s : float
        Messages a second with a fresh route each, above 0.

    Notes
    -----
    One such message is linked, not all: how bad that is depends on what was in it. A sender
    that keeps one first node for long has another distribution: if that node is honest, never.

    Examples
    --------
    >>> round(first_compromise(0.001, 0.5).mean_s)
    2000
    """
    p = number("chance", chance, 0.0, 1.0)
    return FirstCompromise(p, positive("messages_per_s", messages_per_s))


def share_ever_compromised(
    messages: int, corrupt_share: float, hops: int, *, pinned: int = 0
) -> float:
    """Share of senders with at least one fully corrupted route among so many messages.

    Parameters
    ----------
    messages : int
        Messages of each sender, each on a fresh route but for its pinned nodes.
    corrupt_share : float
        Share of corrupted mixes in every layer, 0 to 1.
    hops : int
        Mixes on a route, 1 or more.
    pinned : int
        How many of them a sender chooses once and keeps (as Tor's guards), 0 to ``hops``.

    Returns
    -------
    float
        Pinning does not make a single route safer; it gathers the bad luck on fewer senders.

    Examples
    --------
    >>> round(share_ever_compromised(10_000, 0.1, 3), 3)
    1.0
    >>> round(share_ever_compromised(10_000, 0.1, 3, pinned=1), 3)
    0.1
    """
    count = whole("messages", messages, 0)
    share = number("corrupt_share", corrupt_share, 0.0, 1.0)
    length = whole("hops", hops, 1)
    kept = whole("pinned", pinned, 0, length)
    fresh = share ** (length - kept)
    if count == 0:
        return 0.0
    again = 1.0 if fresh == 1.0 else -math.expm1(count * math.log1p(-fresh))
    return float(share**kept * again)


def routes_of_log(log: Events, packets: ArrayLike, layers: int) -> IntArray:
    """Mixes that packets visited, shape (packets, layers); -1 where a packet never came.

    A sender knows the whole route of its own packet. The log knows how far it came, so for
    packets that were lost take the log of the same scenario and seed without loss: routes
    have a random stream of their own.
    """
    wanted = wholes("packets", packets, 0, 2**53)
    hops = whole("layers", layers, 1, 1000)
    visits = np.flatnonzero(log.target >= 0)
    visits = visits[np.lexsort((log.arrive_s[visits], log.packet[visits]))]
    visited = log.packet[visits]
    first = np.searchsorted(visited, wanted, "left")
    count = np.searchsorted(visited, wanted, "right") - first
    routes = np.full((wanted.size, hops), -1, dtype=np.int64)
    for hop in range(hops):
        has = count > hop
        routes[has, hop] = log.target[visits[first[has] + hop]]
    return routes


def fully_corrupted(routes: ArrayLike, corrupt_nodes: ArrayLike) -> NDArray[np.bool_]:
    """Which routes pass corrupted mixes only: bool array, shape (packets,)."""
    nodes = wholes("routes", routes, -1, 2**31, (2,))
    bad = wholes("corrupt_nodes", corrupt_nodes, 0, 2**31)
    return np.asarray(np.isin(nodes, bad).all(axis=1))


def first_compromise_times(
    owners: ArrayLike, sent_s: ArrayLike, is_compromised: ArrayLike, clients: int
) -> FloatArray:
    """When each client first sent on a fully corrupted route; infinity for never.

    Parameters
    ----------
    owners : array_like of int, shape (packets,)
        Sending client of each packet, 0 to clients - 1.
    sent_s : array_like of float, shape (packets,)
    is_compromised : array_like of bool, shape (packets,)
    clients : int
    """
    people = whole("clients", clients, 1, 100_000_000)
    who, times = wholes("owners", owners, 0, people - 1), floats("sent_s", sent_s)
    hit = booleans("is_compromised", is_compromised)
    if not who.shape == times.shape == hit.shape:
        raise AnonymityError("owners, sent_s and is_compromised must have the same length")
    first = np.full(people, np.inf)
    np.minimum.at(first, who[hit], times[hit])
    return first
