"""Long-term attacks: who writes to whom, learned from many rounds that hide each message well.

A mix that hides one message among b still shows, round after round, who sent and who
received. Whoever you write to receives a little more often in the rounds in which you send.
Averages find it. What stops them is that you seem to send in every round alike.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.anonymity._checks import (
    FloatArray,
    IntArray,
    floats,
    generator,
    number,
    positive,
    whole,
    wholes,
)
from workbench.errors import AnonymityError
from workbench.mixing.events import REAL, Events, is_client

_MOST_CELLS = 100_000_000


@dataclass(frozen=True, eq=False)
class Rounds:
    """What a watcher of all senders and receivers writes down, round by round.

    Attributes
    ----------
    received : int32 array, shape (rounds, recipients)
        Messages that each recipient got in each round (b times O_t in the paper).
    is_present : bool array, shape (rounds,)
        Whether the target was seen to send in the round, real or cover.
    friends : int64 array
        The truth: whom the target writes to.
    """

    received: NDArray[np.int32]
    is_present: NDArray[np.bool_]
    friends: IntArray

    @property
    def rounds(self) -> int:
        """How many rounds were watched."""
        return int(self.received.shape[0])

    @property
    def recipients(self) -> int:
        """How many recipients there are."""
        return int(self.received.shape[1])

    def first(self, rounds: int) -> Rounds:
        """The first so many rounds: what was known earlier."""
        count = whole("rounds", rounds, 1, self.rounds)
        return Rounds(self.received[:count], self.is_present[:count], self.friends)


def simulate_rounds(
    rounds: int,
    *,
    recipients: int = 200,
    friends: int = 5,
    batch: int = 20,
    participation: float = 0.5,
    is_covered: bool = False,
    popularity: float = 0.0,
    seed: int = 0,
) -> Rounds:
    """Draw rounds of a batch mix in which one target writes to its friends.

    Parameters
    ----------
    rounds : int
        How many, 1 or more.
    recipients : int
        N, 1 or more.
    friends : int
        m, whom the target picks from uniformly, 1 to ``recipients``.
    batch : int
        b, messages a round, 1 or more: the target's one (when it sends) and the others'.
    participation : float
        Share of rounds in which the target really writes, 0 to 1.
    is_covered : bool
        The target sends a cover message in every round in which it has nothing to say (a
        mix discards it): it is seen to send always.
    popularity : float
        How unequal the others' choice of recipients is: recipient k has weight
        1 / (k + 1)**popularity, shuffled. 0 is uniform, as in the paper; 1 is usual in life.
    seed : int
        Same seed, same rounds.
    """
    count = whole("rounds", rounds, 1, 10_000_000)
    people = whole("recipients", recipients, 1)
    if count * people > _MOST_CELLS:
        raise AnonymityError(
            f"rounds * recipients is {count * people:.3g}; expected at most {_MOST_CELLS:,}"
        )
    known = whole("friends", friends, 1, people)
    size = whole("batch", batch, 1, 1_000_000)
    if not isinstance(is_covered, (bool, np.bool_)):
        raise AnonymityError("is_covered must be True or False")
    share = number("participation", participation, 0.0, 1.0)
    rng = generator(seed)
    weights = 1.0 / np.arange(1.0, people + 1.0) ** number("popularity", popularity, 0.0, 10.0)
    weights = rng.permutation(weights / weights.sum())
    circle = np.sort(rng.choice(people, known, replace=False)).astype(np.int64)
    writes = rng.random(count) < share
    received = rng.multinomial(size - writes.astype(np.int64), weights).astype(np.int32)
    received[np.flatnonzero(writes), rng.choice(circle, int(writes.sum()))] += 1
    is_present = np.ones(count, dtype=np.bool_) if is_covered else writes
    return Rounds(received, is_present, circle)


def rounds_of_log(
    log: Events,
    clients: int,
    *,
    target: int,
    friends: int,
    round_s: float,
    lag_s: float,
    start_s: float = 0.0,
    end_s: float,
    seed: int = 0,
) -> Rounds:
    """Cut a simulated run into rounds, the target's messages readdressed to a few friends.

    Parameters
    ----------
    log : Events
        The event log of a run.
    clients : int
        Clients of the scenario; each may receive.
    target : int
        Which client is watched.
    friends : int
        How many others it writes to. In a run everybody writes to everybody; the target's
        real messages get one of these as receiver instead. The network's timing is not
        touched.
    round_s : float
        Length of a round, above 0 s.
    lag_s : float
        How much later than the sending the watcher looks at deliveries: the usual latency.
    start_s, end_s : float
        What part of the run was watched.
    seed : int
        For who the friends are.

    Notes
    -----
    The watcher counts all that reaches a client, its own loops included. Deliveries that take
    much longer than the lag fall into a later round: noise that delay itself makes.
    """
    people = whole("clients", clients, 2)
    who = whole("target", target, 0, people - 1)
    length = positive("round_s", round_s, "s")
    lag = number("lag_s", lag_s, 0.0, unit="s")
    start, end = number("start_s", start_s, 0.0), number("end_s", end_s, 0.0)
    watched = (end - start - lag) / length
    if watched < 1:
        raise AnonymityError("expected at least one round between start_s + lag_s and end_s")
    if watched * people > _MOST_CELLS:
        raise AnonymityError(f"rounds * clients must be at most {_MOST_CELLS:,}")
    count = int(watched)
    rng = generator(seed)
    others = np.delete(np.arange(people), who)
    circle = np.sort(rng.choice(others, whole("friends", friends, 1, people - 1), replace=False))
    begins = is_client(log.source)
    is_own = begins & (log.source == -1 - who)
    present = np.floor((log.leave_s[is_own] - start) / length).astype(np.int64)
    is_present = np.zeros(count, dtype=np.bool_)
    is_present[present[(present >= 0) & (present < count)]] = True
    ends = is_client(log.target)
    receiver = -1 - log.target[ends].astype(np.int64)
    readdressed = np.isin(log.packet[ends], log.packet[is_own & (log.kind == REAL)])
    readdressed &= log.kind[ends] == REAL
    receiver[readdressed] = rng.choice(circle, int(readdressed.sum()))
    slot = np.floor((log.arrive_s[ends] - start - lag) / length).astype(np.int64)
    kept = (slot >= 0) & (slot < count) & (receiver < people)
    cells = np.bincount(slot[kept] * people + receiver[kept], minlength=count * people)
    received = cells.reshape(count, people).astype(np.int32)
    return Rounds(received, is_present, circle.astype(np.int64))


def estimate_friends(rounds: Rounds, background: ArrayLike | None = None) -> FloatArray:
    """Estimate how the target's messages are spread over recipients.

    friends ~ b mean(O_t) - (b - 1) u: what recipients got in the rounds in which the target
    sent, less what the others' b - 1 messages would have brought them.

    Parameters
    ----------
    rounds : Rounds
        What was watched; the target present in at least one round.
    background : array_like, shape (recipients,), optional
        u, where the others' messages go, of sum 1. By default measured in the rounds without
        the target; if there are none, taken as uniform.

    Returns
    -------
    float64 array, shape (recipients,)
        About 1/m for friends and 0 for others, with noise that may be negative.

    Notes
    -----
    It finds whose deliveries go up with the target's sending. If the target is always there
    and the background unknown, it finds the popular ones instead of the friends.

    Source: Danezis 2003 (statistical disclosure); the measured background is from Danezis and
    Serjantov 2004.

    Examples
    --------
    >>> seen = simulate_rounds(4000, seed=1)
    >>> friends_found(estimate_friends(seen), seen.friends)
    1.0
    """
    present = rounds.is_present
    if not present.any():
        raise AnonymityError("the target was never present; expected at least one of its rounds")
    if background is not None:
        u = floats("background", background)
        if u.size != rounds.recipients or (u < 0).any() or abs(u.sum() - 1.0) > 1e-6:
            raise AnonymityError(
                f"background must be {rounds.recipients} shares, 0 or more, of sum 1"
            )
    else:
        u = measured_background(rounds)
    got = rounds.received[present].mean(axis=0)
    return np.asarray(got - (got.sum() - 1.0) * u, dtype=np.float64)


def measured_background(rounds: Rounds) -> FloatArray:
    """Where the others' messages go, from rounds without the target; uniform if there are none."""
    without = rounds.received[~rounds.is_present].sum(axis=0).astype(np.float64)
    total = without.sum()
    if total == 0:
        return np.full(rounds.recipients, 1.0 / rounds.recipients)
    return np.asarray(without / total)


def friends_found(estimate: ArrayLike, friends: ArrayLike) -> float:
    """Share of the friends among as many highest estimates: 1 is full disclosure.

    Blind guessing finds friends / recipients.
    """
    values = floats("estimate", estimate)
    truth = wholes("friends", friends, 0, values.size - 1)
    if truth.size == 0:
        raise AnonymityError("friends must name at least one recipient")
    best = np.argsort(-values, kind="stable")[: truth.size]
    return float(np.isin(truth, best).mean())


def rounds_needed(friends: int, recipients: int, batch: int, *, confidence: float = 0.95) -> float:
    """Rounds that statistical disclosure needs to tell friends from others.

    t > { m l [ sqrt((m-1)/m^2 + (b-1)(N-1)/N^2) + sqrt((b-1)(N-1)/N^2) ] }^2: the noise of a
    friend's average and of a stranger's, l standard deviations each, below the signal 1/m.

    Parameters
    ----------
    friends, recipients, batch : int
        m, N and b.
    confidence : float
        0.95 (l = 2) or 0.99 (l = 3).

    Returns
    -------
    float
        Rounds *with the target*, for a known uniform background.

    Notes
    -----
    For each recipient on its own: with many recipients some stranger is above some friend
    more often than 5 %. It does not hold when the background is unknown.

    Source: Danezis 2003.

    Examples
    --------
    >>> round(rounds_needed(friends=20, recipients=1000, batch=50))
    453
    """
    people = whole("recipients", recipients, 1)
    m = whole("friends", friends, 1, people)
    b = whole("batch", batch, 1)
    if number("confidence", confidence, 0.0, 1.0) not in (0.95, 0.99):
        raise AnonymityError(f"confidence must be 0.95 or 0.99, got {confidence:g}")
    sds = 2.0 if confidence == 0.95 else 3.0
    noise = (b - 1) * (people - 1) / people**2
    return (m * sds * (math.sqrt((m - 1) / m**2 + noise) + math.sqrt(noise))) ** 2


def success_curve(rounds: Rounds, at: ArrayLike) -> FloatArray:
    """Share of friends found after so many rounds, for each entry of ``at``.

    One run is a wobbly curve; average over seeds for a smooth one. 0 where the target had
    not been present yet.
    """
    found = []
    for step in wholes("at", at, 1, rounds.rounds):
        early = rounds.first(int(step))
        is_seen = bool(early.is_present.any())
        found.append(friends_found(estimate_friends(early), early.friends) if is_seen else 0.0)
    return np.array(found)


def intersection(rounds: Rounds) -> IntArray:
    """How many recipients got something in *every* round with the target so far.

    The plain intersection attack, for a target that always writes to the same one. Returns
    one count a round with the target, falling: 1 means found, 0 that the assumption (a
    delivery in every such round) is false, as with cover.

    Source: Berthold, Pfitzmann and Standtke 2000.

    Examples
    --------
    >>> intersection(simulate_rounds(60, friends=1, seed=2))[-1].item()
    1
    """
    got = rounds.received[rounds.is_present] > 0
    still: IntArray = np.logical_and.accumulate(got, axis=0).sum(axis=1, dtype=np.int64)
    return still


def intersection_expected(rounds: int, recipients: int, batch: int) -> float:
    """Mean size of the intersection after so many rounds with the target, exact.

    1 + (N - 1) q^t, where a stranger gets one of the b - 1 other messages with
    q = 1 - (1 - 1/N)^(b - 1). For one friend and uniform recipients.

    Examples
    --------
    >>> round(intersection_expected(1, recipients=200, batch=20), 2)
    19.08
    """
    count = whole("rounds", rounds, 0)
    people = whole("recipients", recipients, 1)
    others = whole("batch", batch, 1) - 1
    chance = 1.0 - (1.0 - 1.0 / people) ** others
    return 1.0 + (people - 1) * float(chance**count)
