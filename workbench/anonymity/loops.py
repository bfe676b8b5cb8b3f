"""Loops as an alarm: whoever sends packets to itself notices when they stay away.

A loop looks like any packet, so an attacker that drops or holds back packets hits loops too.
Their sender counts how many of each so many loops are missing and rings when there are more
than ordinary loss explains; by the routes of the missing it can tell which mix to blame.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.anonymity._chances import binomial_tails
from workbench.anonymity._checks import (
    FloatArray,
    IntArray,
    booleans,
    generator,
    number,
    whole,
    wholes,
)
from workbench.errors import AnonymityError
from workbench.mixing.events import LOOP_COVER, MIX_LOOP, Events

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class LoopAlarm:
    """Ring when at least ``threshold`` of ``window`` loops in a row of windows are missing.

    Loops are counted in windows one after the other, so the chances of windows are independent
    and the waiting times exact.

    Attributes
    ----------
    window : int
        Loops counted together, 1 or more.
    threshold : int
        Missing loops at which it rings, 1 to ``window``.

    Examples
    --------
    >>> alarm = LoopAlarm(window=20, threshold=3)
    >>> round(alarm.rings(0.01), 4), round(alarm.rings(0.5), 4)
    (0.001, 0.9998)
    """

    window: int
    threshold: int

    def __post_init__(self) -> None:
        whole("window", self.window, 1, 1_000_000)
        whole("threshold", self.threshold, 1, self.window)

    def rings(self, missing_share: float) -> float:
        """Chance that one window rings when each loop is missing with ``missing_share``.

        With the ordinary loss this is the chance of a false alarm, a window.
        """
        share = number("missing_share", missing_share, 0.0, 1.0)
        return float(binomial_tails(self.window, share)[self.threshold])

    def mean_loops_until(self, missing_share: float) -> float:
        """Mean number of loops until it rings: exact, infinite where it never does."""
        chance = self.rings(missing_share)
        return self.window / chance if chance > 0 else math.inf

    def mean_time_until_s(self, missing_share: float, loops_per_s: float) -> float:
        """Mean time until it rings in seconds, the loops' travel time not counted."""
        rate = number("loops_per_s", loops_per_s, 0.0)
        return self.mean_loops_until(missing_share) / rate if rate > 0 else math.inf

    def first_ring(self, returned: ArrayLike) -> int | None:
        """How many loops had been counted when it first rang, or None if it never did.

        ``returned`` holds True for each loop that came home, in the order of sending.
        """
        came = booleans("returned", returned)
        whole_windows = came.size // self.window
        missing = (~came[: whole_windows * self.window]).reshape(whole_windows, self.window)
        rang = np.flatnonzero(missing.sum(axis=1) >= self.threshold)
        return None if rang.size == 0 else int(rang[0] + 1) * self.window


def choose_alarm(
    ordinary_loss: float,
    attack_loss: float,
    *,
    false_alarm_at_most: float = 1e-3,
    detect_at_least: float = 0.95,
) -> LoopAlarm:
    """The smallest window that tells an attack from ordinary loss.

    Parameters
    ----------
    ordinary_loss : float
        Share of loops that get lost without any attack, 0 to below ``attack_loss``.
    attack_loss : float
        Share that is missing under the attack, up to 1.
    false_alarm_at_most : float
        Chance a window, above 0.
    detect_at_least : float
        Chance that the first window under attack rings, below 1.

    Raises
    ------
    AnonymityError
        When no window of up to 20,000 loops does both.

    Examples
    --------
    >>> choose_alarm(0.01, 0.5)
    LoopAlarm(window=11, threshold=3)
    """
    low = number("ordinary_loss", ordinary_loss, 0.0, 1.0)
    high = number("attack_loss", attack_loss, 0.0, 1.0)
    false = number("false_alarm_at_most", false_alarm_at_most, 1e-12, 1.0)
    detect = number("detect_at_least", detect_at_least, 0.0, 1.0 - 1e-12)
    if low >= high:
        raise AnonymityError(
            f"ordinary_loss ({low:g}) must be below attack_loss ({high:g}) to be told apart"
        )

    def best(window: int) -> LoopAlarm | None:
        rare = np.flatnonzero(binomial_tails(window, low) <= false)
        alarm = LoopAlarm(window, int(rare[0])) if rare.size else None
        return alarm if alarm is not None and alarm.rings(high) >= detect else None

    window = 1
    while best(window) is None:
        window = window + 1 if window < 200 else math.ceil(window * 1.05)
        if window > 20_000:
            raise AnonymityError(
                f"no window of up to 20,000 loops tells a loss of {high:g} from {low:g}"
            )
    found = best(window)
    assert found is not None
    return found


@dataclass(frozen=True, eq=False)
class LoopRecord:
    """Loops in the order of sending, and whether each came home.

    Attributes
    ----------
    sent_s : float64 array, shape (loops,)
    owner : int64 array, shape (loops,)
        Node number of the sender: client c is -1 - c, a mix its own number.
    packet : int64 array, shape (loops,)
        Packet number in the log.
    returned : bool array, shape (loops,)
    """

    sent_s: FloatArray
    owner: IntArray
    packet: IntArray
    returned: BoolArray

    @property
    def missing_share(self) -> float:
        """Share of loops that did not come home; 0 when none was sent."""
        return float((~self.returned).mean()) if self.returned.size else 0.0


def loops_of_log(log: Events, *, end_s: float, patience_s: float) -> LoopRecord:
    """What the senders of loops know, from a run's event log.

    Parameters
    ----------
    log : Events
        The event log of a run.
    end_s : float
        When the senders stop waiting: loops sent in the last ``patience_s`` are left out.
    patience_s : float
        A loop that is not home after this long counts as missing.
    """
    end = number("end_s", end_s, 0.0, unit="s")
    patience = number("patience_s", patience_s, 0.0, unit="s")
    is_loop = (log.kind == LOOP_COVER) | (log.kind == MIX_LOOP)
    packets, leave = log.packet[is_loop], log.leave_s[is_loop]
    source, target, arrive = log.source[is_loop], log.target[is_loop], log.arrive_s[is_loop]
    order = np.lexsort((leave, packets))
    packets, leave, source = packets[order], leave[order], source[order]
    target, arrive = target[order], arrive[order]
    first = np.flatnonzero(np.diff(packets, prepend=-1))
    last = np.append(first[1:], packets.size)[: first.size] - 1
    home = (target[last] == source[first]) & (arrive[last] - leave[first] <= patience)
    sent = leave[first]
    kept = np.flatnonzero(sent <= end - patience)
    kept = kept[np.argsort(sent[kept], kind="stable")]
    return LoopRecord(
        sent[kept], source[first][kept].astype(np.int64), packets[first][kept], home[kept]
    )


@dataclass(frozen=True, eq=False)
class Blame:
    """Which mix loses loops, by the routes of those that stayed away.

    Attributes
    ----------
    nodes : int64 array, shape (mixes,)
        Mixes that any loop passed.
    loops, missing : int64 array, shape (mixes,)
        Loops sent through each, and how many of them did not come home.
    score : float64 array, shape (mixes,)
        How many standard deviations its missing share is above that of all loops.
    """

    nodes: IntArray
    loops: IntArray
    missing: IntArray
    score: FloatArray

    @property
    def most_suspect(self) -> int:
        """Node number of the mix with the highest score."""
        return int(self.nodes[self.score.argmax()])


def blame(routes: ArrayLike, returned: ArrayLike) -> Blame:
    """Find the mix that drops packets from the loops that stayed away.

    Parameters
    ----------
    routes : array_like of int, shape (loops, layers)
        Node numbers that each loop was sent through; -1 for an unknown one.
    returned : array_like of bool, shape (loops,)
        Whether it came home.

    Notes
    -----
    A loop that passes an honest mix and a dropping one counts against both, so every mix gets
    some blame; only the excess means something. A mix that drops certain senders' packets, or
    only real ones (which it cannot tell apart), is not what this finds.

    Examples
    --------
    >>> blame([[0, 2], [1, 2], [0, 3], [1, 3]], [True, False, True, False]).most_suspect
    1
    """
    mixes = wholes("routes", routes, -1, 2**31, (2,))
    came = booleans("returned", returned)
    if mixes.shape[0] != came.size or came.size == 0:
        raise AnonymityError(
            f"expected one route a loop: {mixes.shape[0]} routes, {came.size} loops"
        )
    known = mixes >= 0
    nodes, index = np.unique(mixes[known], return_inverse=True)
    if nodes.size == 0:
        raise AnonymityError("routes must name at least one mix")
    lost = np.broadcast_to(~came[:, None], mixes.shape)[known]
    loops = np.bincount(index, minlength=nodes.size)
    missing = np.bincount(index[lost], minlength=nodes.size)
    share = float((~came).mean())
    spread = np.sqrt(np.maximum(loops * share * (1.0 - share), 1e-12))
    return Blame(nodes, loops, missing, (missing - loops * share) / spread)


def draw_loops(
    loops: int,
    *,
    layers: int = 3,
    width: int = 10,
    loss: float = 0.0,
    dropping: int | None = None,
    drop_share: float = 1.0,
    seed: int = 0,
) -> tuple[IntArray, BoolArray]:
    """Send loops through a stratified network with one dropping mix: routes, and who came home.

    Parameters
    ----------
    loops : int
        How many, 1 to 1,000,000.
    layers, width : int
        The network; mix ``layer * width + index``.
    loss : float
        Share that each link or mix loses anyway, a whole route together, 0 to 1.
    dropping : int or None
        Node number of the mix that drops.
    drop_share : float
        Share of the packets through it that it drops.
    """
    count = whole("loops", loops, 1, 1_000_000)
    deep = whole("layers", layers, 1, 50)
    wide = whole("width", width, 1, 100_000)
    rng = generator(seed)
    routes = rng.integers(0, wide, (count, deep)) + np.arange(deep) * wide
    came = rng.random(count) >= number("loss", loss, 0.0, 1.0)
    share = number("drop_share", drop_share, 0.0, 1.0)
    if dropping is not None:
        node = whole("dropping", dropping, 0, deep * wide - 1)
        came &= ~((routes == node).any(axis=1) & (rng.random(count) < share))
    return routes, came
