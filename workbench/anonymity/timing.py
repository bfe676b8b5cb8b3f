"""Timing correlation: does the rhythm that goes in come out again?

A watcher of both ends counts packets a time slice at each, and asks which of the flows that
come out has the ups and downs of the one that went in. It needs no key and breaks no cipher.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from workbench.anonymity._chances import binomial_chances, normal_quantile
from workbench.anonymity._checks import (
    FloatArray,
    IntArray,
    number,
    positive,
    rising_times,
    whole,
    wholes,
)
from workbench.anonymity.flows import Flows
from workbench.errors import AnonymityError

_MOST_BINS = 2_000_000


@dataclass(frozen=True, eq=False)
class Match:
    """What matching every sent flow to the received one most like it achieved.

    Attributes
    ----------
    scores : float64 array, shape (sent flows, received flows)
        Correlation of each pair, -1 to 1.
    guesses : int64 array, shape (sent flows,)
        The received flow guessed for each.
    right : int
        How many guesses are true.
    trials : int
        How many guesses were made.
    chance : float
        Share that blind guessing gets right on average: 1 / received flows.
    chance_interval : (float, float)
        Share that blind guessing gets right in 95 of 100 experiments of this size.
    """

    scores: FloatArray
    guesses: IntArray
    right: int
    trials: int
    chance: float
    chance_interval: tuple[float, float]

    @property
    def share_right(self) -> float:
        """Share of guesses that are true, 0 to 1."""
        return self.right / self.trials

    @property
    def is_chance(self) -> bool:
        """Whether blind guessing would often do as well: the share is inside its interval."""
        return self.share_right <= self.chance_interval[1]

    def __str__(self) -> str:
        low, high = self.chance_interval
        return (
            f"{self.right} of {self.trials} right ({100 * self.share_right:.0f} %); blind "
            f"guessing gets {100 * self.chance:.1f} %, and from {100 * low:.0f} % to "
            f"{100 * high:.0f} % in 95 of 100 tries"
        )


def counts(times_s: ArrayLike, bin_s: float, duration_s: float) -> FloatArray:
    """Count packets a time slice: what a watcher's recording looks like.

    Times before 0 or at or after the duration are not counted.

    Examples
    --------
    >>> counts([0.1, 0.2, 1.5], bin_s=1.0, duration_s=2.0).tolist()
    [2.0, 1.0]
    """
    bins = _bins(bin_s, duration_s)
    times = rising_times("times_s", times_s)
    slot = np.floor(times[(times >= 0) & (times < duration_s)] / bin_s).astype(np.int64)
    return np.bincount(np.minimum(slot, bins - 1), minlength=bins).astype(np.float64)


def cross_correlation(
    sent_s: ArrayLike,
    received_s: ArrayLike,
    *,
    bin_s: float = 0.25,
    duration_s: float,
    max_lag_s: float = 2.0,
) -> tuple[FloatArray, FloatArray]:
    """Correlation of two flows' counts, for the second shifted back by 0 to ``max_lag_s``.

    Parameters
    ----------
    sent_s, received_s : array_like of float, shape (packets,)
        When packets passed at each end.
    bin_s : float
        Width of a time slice, above 0 s. Finer sees more rhythm and more jitter.
    duration_s : float
        Length of the recording.
    max_lag_s : float
        Longest travel time tried.

    Returns
    -------
    (float64 array, float64 array)
        Lags in seconds, and the correlation at each, -1 to 1 (0 for a flow without ups and
        downs).

    Notes
    -----
    A high value does not prove that the flows belong together (two people may watch the same
    match); compare with the values of flows that do not.

    Examples
    --------
    >>> lags, values = cross_correlation([1.0, 5.0], [2.0, 6.0], bin_s=1.0, duration_s=10.0)
    >>> float(lags[values.argmax()])
    1.0
    """
    shifts = _shifts(max_lag_s, bin_s, duration_s)
    a = _standard(counts(sent_s, bin_s, duration_s)[None, :])
    b = _standard(counts(received_s, bin_s, duration_s)[None, :])
    values = _correlate(a, b, shifts)[:, 0, 0]
    return np.arange(shifts, dtype=np.float64) * float(bin_s), values


def correlation(
    sent_s: ArrayLike,
    received_s: ArrayLike,
    *,
    bin_s: float = 0.25,
    duration_s: float,
    max_lag_s: float = 2.0,
) -> float:
    """The largest cross-correlation over all lags tried: one number for two flows, -1 to 1.

    It is a maximum, so unrelated flows are above 0 too: never read it alone.

    Examples
    --------
    >>> round(correlation([1.0, 5.0], [1.3, 5.3], bin_s=1.0, duration_s=10.0), 3)
    1.0
    """
    _, values = cross_correlation(
        sent_s, received_s, bin_s=bin_s, duration_s=duration_s, max_lag_s=max_lag_s
    )
    return float(values.max())


def match_flows(
    sent: Flows | Sequence[ArrayLike],
    received: Sequence[ArrayLike] | None = None,
    *,
    partner: ArrayLike | None = None,
    duration_s: float | None = None,
    bin_s: float = 0.25,
    max_lag_s: float = 2.0,
) -> Match:
    """Guess for every sent flow which received flow is its own: the one most correlated.

    Parameters
    ----------
    sent : Flows or sequence of arrays
        Both ends at once, or the times that each person sent.
    received : sequence of arrays
        Times at each website, when ``sent`` is not Flows.
    partner : array_like of int
        The truth: ``partner[i]`` is the received flow of sent flow i. By default i itself.
    duration_s : float
        Length of the recording; needed when ``sent`` is not Flows.
    bin_s, max_lag_s : float
        As in ``cross_correlation``.

    Returns
    -------
    Match
        With the share that is right, and what blind guessing would get.

    Notes
    -----
    This is the plain attack. A share at chance does not say that no attack works: one that
    knows the delays' distribution, or a longer recording, finds more.

    Source: the standard method since Danezis 2004 and Levine et al. 2004.

    Examples
    --------
    >>> from workbench.anonymity import make_flows
    >>> match_flows(make_flows("onion", flows=20, seed=3)).share_right > 0.9
    True
    """
    ins, outs, truth, duration = _ends(sent, received, partner, duration_s)
    shifts = _shifts(max_lag_s, bin_s, duration)
    a = _standard(np.stack([counts(times, bin_s, duration) for times in ins]))
    b = _standard(np.stack([counts(times, bin_s, duration) for times in outs]))
    scores = _correlate(a, b, shifts).max(axis=0)
    guesses = scores.argmax(axis=1).astype(np.int64)
    right = int((guesses == truth).sum())
    chance = 1.0 / len(outs)
    return Match(scores, guesses, right, len(ins), chance, chance_interval(len(ins), chance))


def chance_interval(trials: int, chance: float, confidence: float = 0.95) -> tuple[float, float]:
    """Shares that blind guessing gets right, cut to the middle ``confidence`` of experiments.

    Exact, from the binomial distribution; at most (1 - confidence)/2 lies beyond each end.

    Examples
    --------
    >>> chance_interval(20, 1 / 20)
    (0.0, 0.15)
    """
    tries = whole("trials", trials, 1, 10_000_000)
    p = number("chance", chance, 0.0, 1.0)
    tail = (1.0 - number("confidence", confidence, 0.0, 1.0)) / 2.0
    below = np.cumsum(binomial_chances(tries, p))
    low = int(np.searchsorted(below, tail, side="right"))
    high = int(np.searchsorted(below, min(1.0 - tail, below[-1])))
    return low / tries, min(high, tries) / tries


def share_interval(right: int, trials: int, confidence: float = 0.95) -> tuple[float, float]:
    """Interval for the true share behind ``right`` of ``trials`` (Wilson 1927).

    Examples
    --------
    >>> [round(end, 3) for end in share_interval(90, 100)]
    [0.826, 0.945]
    """
    tries = whole("trials", trials, 1)
    good = whole("right", right, 0, tries)
    z = normal_quantile(0.5 + number("confidence", confidence, 0.0, 1.0 - 1e-12) / 2.0)
    share, spread = good / tries, z * z / tries
    middle = (share + spread / 2.0) / (1.0 + spread)
    half = math.sqrt(share * (1.0 - share) * spread + spread * spread / 4.0) / (1.0 + spread)
    return max(middle - half, 0.0), min(middle + half, 1.0)


def _ends(
    sent: Flows | Sequence[ArrayLike],
    received: Sequence[ArrayLike] | None,
    partner: ArrayLike | None,
    duration_s: float | None,
) -> tuple[list[FloatArray], list[FloatArray], IntArray, float]:
    if isinstance(sent, Flows):
        if received is not None or partner is not None or duration_s is not None:
            raise AnonymityError("Flows bring both ends, the truth and the duration with them")
        return list(sent.sent_s), list(sent.received_s), sent.partner, sent.duration_s
    if received is None or duration_s is None:
        raise AnonymityError("expected Flows, or sent and received times and duration_s")
    ins, outs = _each("sent", sent), _each("received", received)
    if not ins or not outs:
        raise AnonymityError("expected at least one sent and one received flow")
    truth = wholes("partner", np.arange(len(ins)) if partner is None else partner, 0, len(outs) - 1)
    if truth.size != len(ins):
        raise AnonymityError(f"partner must name one received flow for each of {len(ins)}")
    return ins, outs, truth, positive("duration_s", duration_s, "s")


def _each(name: str, flows: Sequence[ArrayLike]) -> list[FloatArray]:
    try:
        listed = list(flows)
    except TypeError:
        raise AnonymityError(f"{name} must be a sequence of arrays of times") from None
    return [rising_times(name, times) for times in listed]


def _bins(bin_s: float, duration_s: float) -> int:
    duration = positive("duration_s", duration_s, "s")
    ratio = duration / positive("bin_s", bin_s, "s")
    if ratio > _MOST_BINS:
        raise AnonymityError(f"duration_s / bin_s must be at most {_MOST_BINS:,}, got {ratio:.3g}")
    return max(math.ceil(ratio - 1e-9), 1)


def _shifts(max_lag_s: float, bin_s: float, duration_s: float) -> int:
    bins = _bins(bin_s, duration_s)
    return min(int(number("max_lag_s", max_lag_s, 0.0, unit="s") / bin_s) + 1, bins)


def _standard(rows: FloatArray) -> FloatArray:
    """Return rows of mean 0 and length 1; a flow without ups and downs becomes 0."""
    centred = rows - rows.mean(axis=1, keepdims=True)
    length = np.sqrt((centred**2).sum(axis=1, keepdims=True))
    result: FloatArray = np.divide(
        centred, length, out=np.zeros_like(centred), where=length > 1e-12
    )
    return result


def _correlate(a: FloatArray, b: FloatArray, shifts: int) -> FloatArray:
    """Correlations [lag, i, j] of rows of a with rows of b shifted back by each lag."""
    bins = a.shape[1]
    values = np.empty((shifts, a.shape[0], b.shape[0]))
    for lag in range(shifts):
        np.matmul(a[:, : bins - lag], b[:, lag:].T, out=values[lag])
    return np.clip(values, -1.0, 1.0, out=values)
