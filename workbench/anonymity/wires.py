"""The senders' own wires: when each carried a packet, afternoon after afternoon.

The observer of ``silence`` needs no more than this: no mix, no key, no other end. One of the
senders has a message every afternoon at the same time; all may send loop cover, which is added,
and have a main stream, whose slots carry a message that waits or else drop cover.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from workbench.anonymity._checks import FloatArray, IntArray, number, positive, whole
from workbench.errors import AnonymityError
from workbench.mixing.events import DROP_COVER, LOOP_COVER, REAL

_STRIP_PER_S = 1.0 / 60.0  # rates are built of strips of one packet a minute
_MOST_PACKETS = 5_000_000


@dataclass(frozen=True, eq=False)
class Wires:
    """What a watcher of the senders' wires writes down, and what only the senders know.

    Attributes
    ----------
    senders, days : int
        How many there are; sender 0 has one message a day.
    length_s : float
        How long the wires are watched each day, in seconds.
    day, sender : int64 array, shape (packets,)
        On which day, and on whose wire.
    sent_s : float64 array, shape (packets,)
        When, in seconds since the watching began on that day.
    kind : int64 array, shape (packets,)
        REAL, LOOP_COVER or DROP_COVER of ``workbench.mixing.events``. No observer sees it.
    waited_s : float64 array, shape (days,)
        How long the message waited for a slot of the main stream; NaN where none came
        before the watching ended.
    """

    senders: int
    days: int
    length_s: float
    day: IntArray
    sender: IntArray
    sent_s: FloatArray
    kind: IntArray
    waited_s: FloatArray

    def counts(self, start_s: float, end_s: float) -> IntArray:
        """Packets of each sender from ``start_s`` to before ``end_s``, all days together."""
        is_inside = (self.sent_s >= start_s) & (self.sent_s < end_s)
        found: IntArray = np.bincount(self.sender[is_inside], minlength=self.senders)
        return found.astype(np.int64)

    def busiest(self, start_s: float, end_s: float) -> IntArray:
        """Who sent most in that part of the days: one sender, or several that tie."""
        sent = self.counts(start_s, end_s)
        return np.flatnonzero(sent == sent.max()).astype(np.int64)


def watch_wires(
    senders: int,
    *,
    ready_s: float,
    length_s: float,
    loop_per_s: float = 0.0,
    main_stream_per_s: float = 0.0,
    days: int = 1,
    seed: int = 0,
) -> Wires:
    """Draw what the wires of some senders carry.

    Parameters
    ----------
    senders : int
        How many, 1 or more.
    ready_s : float
        When sender 0 has its message ready each day, 0 to ``length_s``.
    length_s : float
        How long the wires are watched each day, above 0 s.
    loop_per_s : float
        Loop cover of each, packets a second at random times (Poisson), up to 100.
    main_stream_per_s : float
        Slots of each one's main stream a second, at random times too, up to 100. The first
        slot at or after ``ready_s`` takes the message, every other carries drop cover. At 0
        the message leaves at once.
    days : int
        Afternoons, 1 to 10,000.
    seed : int
        Same seed, same people. A higher rate keeps all packets of a lower one and adds to
        them, and more days keep the first ones.

    Raises
    ------
    AnonymityError
        Values out of range, or more than 5,000,000 packets to expect.

    Notes
    -----
    In the model everybody sends cover at the same rates on every day. Whoever is away, or has
    the program closed, sends none, and that shows.

    Source: the streams are those of Piotrowska et al. 2017 (Loopix).

    Examples
    --------
    >>> quiet = watch_wires(10, ready_s=300.0, length_s=600.0)
    >>> quiet.counts(300.0, 360.0).tolist()
    [1, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    """
    people = whole("senders", senders, 1, 100_000)
    length = positive("length_s", length_s, "s")
    ready = number("ready_s", ready_s, 0.0, length, "s")
    count = whole("days", days, 1, 10_000)
    loop = number("loop_per_s", loop_per_s, 0.0, 100.0)
    main = number("main_stream_per_s", main_stream_per_s, 0.0, 100.0)
    first_seed = whole("seed", seed, 0, 2**63 - 1)
    if people * count * (length * (loop + main) + 1.0) > _MOST_PACKETS:
        raise AnonymityError(
            f"senders * days * packets each is over {_MOST_PACKETS:,}; expected fewer or slower"
        )
    parts, waited = [], np.empty(count)
    for day in range(count):
        loops = _stream(people, loop, length, (first_seed, day, LOOP_COVER))
        slots = _stream(people, main, length, (first_seed, day, DROP_COVER))
        kinds = np.full(slots[0].size, DROP_COVER)
        if main > 0:
            mine = np.flatnonzero((slots[0] == 0) & (slots[1] >= ready))
            waited[day] = math.nan
            if mine.size:
                first = mine[slots[1][mine].argmin()]
                kinds[first], waited[day] = REAL, slots[1][first] - ready
            message = (np.empty(0, dtype=np.int64), np.empty(0))
        else:
            waited[day] = 0.0
            message = (np.zeros(1, dtype=np.int64), np.array([ready]))
        who = np.concatenate([loops[0], slots[0], message[0]])
        when = np.concatenate([loops[1], slots[1], message[1]])
        kind = np.concatenate(
            [np.full(loops[0].size, LOOP_COVER), kinds, np.full(message[0].size, REAL)]
        )
        parts.append((np.full(who.size, day), who, when, kind))
    day_, sender_, sent_, kind_ = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Wires(
        people,
        count,
        length,
        day_.astype(np.int64),
        sender_.astype(np.int64),
        sent_,
        kind_.astype(np.int64),
        waited,
    )


def _stream(
    people: int, rate_per_s: float, length_s: float, key: tuple[int, int, int]
) -> tuple[IntArray, FloatArray]:
    """Poisson streams of all people: who and when.

    Points are drawn in the plane of time and rate, a strip of rates at a time; those below the
    rate are kept. So a higher rate only adds points.
    """
    rng = np.random.default_rng(key)
    strips = math.ceil(rate_per_s / _STRIP_PER_S)
    who, when = [np.empty(0, dtype=np.int64)], [np.empty(0)]
    for strip in range(strips):
        many = rng.poisson(_STRIP_PER_S * length_s * people)
        owner, time = rng.integers(0, people, many), rng.random(many) * length_s
        is_below = (strip + rng.random(many)) * _STRIP_PER_S < rate_per_s
        who.append(owner[is_below])
        when.append(time[is_below])
    return np.concatenate(who), np.concatenate(when)
