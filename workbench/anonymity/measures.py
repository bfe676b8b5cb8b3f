"""How much doubt a probability distribution leaves: entropy and its kin, in bits.

Every function takes one distribution (1-D) or many, one a row (2-D: targets, outcomes),
and gives one number or one a row. Over *what* the probabilities run (packets, senders,
receivers) is for the caller to say: doubt over packets is not doubt over people, because
one person may have sent many of the packets. Add up by sender first (``by_sender``).

Logarithms are base 2.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from workbench.anonymity._checks import (
    SUM_TOLERANCE,
    FloatArray,
    distributions,
    floats,
    number,
    shown,
    whole,
    wholes,
)
from workbench.errors import AnonymityError

# An entropy this far above log2(clients) is rounding, anything more is a misuse.
_BITS_TOLERANCE = 1e-6


def entropy_bits(probabilities: ArrayLike) -> Any:
    """Shannon entropy: the mean surprise, in bits, of learning which outcome was true.

    k bits is as much doubt as 2**k equally likely outcomes.

    Parameters
    ----------
    probabilities : array_like, shape (outcomes,) or (targets, outcomes)
        Non-negative, each distribution summing to 1 within 1e-6.

    Returns
    -------
    float or float64 array (targets,)
        From 0 (certain) to log2(number of possible outcomes).

    Notes
    -----
    It does not say how good the observer's best guess is: (0.5, then a million crumbs) has
    much entropy and is still right every second time. See ``min_entropy_bits``.

    Source: Shannon 1948; for anonymity Serjantov and Danezis 2002, Diaz et al. 2002.

    Examples
    --------
    >>> entropy_bits([0.25, 0.25, 0.25, 0.25])
    2.0
    >>> entropy_bits([[0.5, 0.5], [1.0, 0.0]]).tolist()
    [1.0, 0.0]
    """
    p = distributions(probabilities)
    logs = np.log2(p, out=np.zeros_like(p), where=p > 0)
    return _bare(np.maximum(-(p * logs).sum(axis=-1), 0.0))


def effective_set(probabilities: ArrayLike) -> Any:
    """Effective set size 2**H: how many equally likely outcomes leave the same doubt.

    Returns a number from 1 to the number of possible outcomes. Over senders these are the
    "suspects"; over packets say "packets it could be". It does not say that so many people
    are equally suspect.

    Examples
    --------
    >>> round(effective_set([0.5, 0.25, 0.25]), 3)
    2.828
    """
    return _bare(np.exp2(entropy_bits(probabilities)))


def degree(probabilities: ArrayLike, honest_clients: int, *, over: str = "senders") -> Any:
    """Degree of anonymity: entropy over people as a share of the most there could be.

    1 means that every honest client is equally suspect, 0 that the observer knows.

    Parameters
    ----------
    probabilities : array_like, shape (people,) or (targets, people)
        A distribution over senders or receivers, never over packets.
    honest_clients : int
        How many honest clients there are, 1 or more; for 1 the degree is 0.
    over : str
        "senders" or "receivers". Anything else is refused: over packets the degree would
        fall with the length of the run and mean nothing.

    Returns
    -------
    float or float64 array (targets,)
        From 0 to 1.

    Notes
    -----
    It does not say how many people are suspects: 0.8 of three clients is not 0.8 of a
    million. Give the entropy beside it.

    Source: Diaz, Seys, Claessens and Preneel 2002.

    Examples
    --------
    >>> round(degree([1 / 4, 3 / 4], 2), 4)
    0.8113
    """
    p = distributions(probabilities)
    clients = whole("honest_clients", honest_clients, 1)
    people = int((p > 0).sum(axis=-1).max())
    if people > clients:
        raise AnonymityError(
            f"{people} outcomes have a probability but there are only {clients} honest clients: "
            "the degree is over senders or receivers, not over packets; add up by person first"
        )
    return degree_of_bits(entropy_bits(p), clients, over=over)


def degree_of_bits(bits: ArrayLike, honest_clients: int, *, over: str = "senders") -> Any:
    """Degree of anonymity from an entropy over people that is already known.

    The same as ``degree``, for ``run.sender_entropy_bits``. Entropies above log2 of the
    clients are refused: they were taken over packets.

    Examples
    --------
    >>> degree_of_bits(1.0, 4)
    0.5
    """
    if not isinstance(over, str) or over not in ("senders", "receivers"):
        raise AnonymityError(
            f"the degree is over senders or receivers, got {shown(over)}; over packets it would "
            "fall with the length of the run"
        )
    clients = whole("honest_clients", honest_clients, 1)
    entropies = floats("bits", bits, (0, 1))
    most = math.log2(clients)
    if entropies.size and (entropies.min() < 0 or entropies.max() > most + _BITS_TOLERANCE):
        raise AnonymityError(
            f"entropy over {clients} clients is from 0 to {most:.4g} bits, got "
            f"{entropies.min():.4g} to {entropies.max():.4g}; is it over packets?"
        )
    if clients == 1:
        return _bare(np.zeros_like(entropies))
    return _bare(np.minimum(entropies / most, 1.0))


def min_entropy_bits(probabilities: ArrayLike) -> Any:
    """Min-entropy: how surprising it is that the observer's best guess is right.

    k bits mean that the best guess is right once in 2**k times. From 0 to the Shannon
    entropy. It says nothing of the outcomes behind the first.

    Examples
    --------
    >>> min_entropy_bits([0.5, 0.25, 0.25])
    1.0
    """
    p = distributions(probabilities)
    return _bare(np.maximum(-np.log2(p.max(axis=-1)), 0.0))


def renyi_entropy_bits(probabilities: ArrayLike, order: float = 2.0) -> Any:
    """Renyi entropy of an order: from the count of outcomes (0) to the best guess (infinity).

    At order 2 (collision entropy) it is the surprise that two draws agree. It falls as the
    order rises; orders 0, 1 and infinity are log2 of the support, Shannon and min-entropy.

    Parameters
    ----------
    probabilities : array_like, shape (outcomes,) or (targets, outcomes)
        Distributions.
    order : float
        0 or more, infinity allowed.

    Source: Renyi 1961; for anonymity Clauss and Schiffner 2006.

    Examples
    --------
    >>> renyi_entropy_bits([0.5, 0.5])
    1.0
    """
    p = distributions(probabilities)
    if isinstance(order, float) and order == math.inf:
        return min_entropy_bits(p)
    alpha = number("order", order, 0.0)
    if alpha == 0.0:
        return _bare(np.log2(support_size(p)))
    if abs(alpha - 1.0) < 1e-9:
        return entropy_bits(p)
    # Divided by the largest first: p**alpha underflows for large orders otherwise.
    most = p.max(axis=-1)
    relative = (p / most[..., None]) ** alpha
    relative[p == 0] = 0.0
    logs = alpha * np.log2(most) + np.log2(relative.sum(axis=-1))
    return _bare(np.maximum(logs / (1.0 - alpha), 0.0))


def guessing_entropy(probabilities: ArrayLike) -> Any:
    """Guessing entropy: how many guesses, likeliest first, until the right one.

    Returns a mean number of guesses from 1 to (outcomes + 1) / 2, not bits. It does not say
    how often few guesses are enough.

    Source: Massey 1994.

    Examples
    --------
    >>> guessing_entropy([0.25, 0.25, 0.5])
    1.75
    """
    p = np.sort(distributions(probabilities), axis=-1)[..., ::-1]
    return _bare(p @ np.arange(1.0, p.shape[-1] + 1.0))


def support_size(probabilities: ArrayLike) -> Any:
    """Size of the anonymity set: how many outcomes are possible at all, however unlikely.

    It does not say how likely they are: a set of a thousand may hide nobody.

    Examples
    --------
    >>> support_size([0.999, 0.001, 0.0])
    2
    """
    counts = (distributions(probabilities) > 0).sum(axis=-1)
    return int(counts) if counts.ndim == 0 else counts


def loopix_epsilon(first: ArrayLike, second: ArrayLike, *, base: float = 2.0) -> Any:
    """Loopix' epsilon: how much likelier one of two senders is than the other.

    |log(p0 / p1)|: 0 when both are equally likely, k bits when one is 2**k times likelier.

    Parameters
    ----------
    first, second : array_like
        Probabilities of the two senders, 0 to 1, not both 0.
    base : float
        Of the logarithm, above 1: 2 gives bits, ``math.e`` the form of differential privacy.

    Returns
    -------
    float or float64 array
        0 or more; infinite when one of the two is ruled out.

    Notes
    -----
    It says nothing of all the other senders, and an average of it hides the infinite ones.

    Source: Piotrowska et al. 2017 (Loopix).

    Examples
    --------
    >>> loopix_epsilon(0.2, 0.05)
    2.0
    """
    if number("base", base, 1.0) == 1.0:
        raise AnonymityError("base must be above 1")
    p0 = floats("first", first, (0, 1))
    p1 = floats("second", second, (0, 1))
    if p0.shape != p1.shape:
        raise AnonymityError("first and second must have the same shape")
    both = np.stack([p0, p1])
    if both.size and (both.min() < 0 or both.max() > 1):
        raise AnonymityError("first and second must be probabilities from 0 to 1")
    if (both.max(axis=0) == 0).any():
        raise AnonymityError("first and second are both 0: neither of the two is possible")
    with np.errstate(divide="ignore"):
        return _bare(np.abs(np.log(p0) - np.log(p1)) / math.log(base))


def by_sender(masses: ArrayLike, senders: ArrayLike, clients: int) -> FloatArray:
    """Add up probabilities over packets to probabilities over people.

    Parameters
    ----------
    masses : array_like, shape (packets,) or (targets, packets)
        Probability of each packet.
    senders : array_like of int, shape (packets,)
        Who sent each packet, 0 to clients - 1.
    clients : int
        How many clients there are.

    Returns
    -------
    float64 array, shape (clients,) or (targets, clients)

    Examples
    --------
    >>> by_sender([0.5, 0.25, 0.25], [0, 1, 0], 3).tolist()
    [0.75, 0.25, 0.0]
    """
    p = floats("masses", masses, (1, 2))
    if p.size == 0:
        raise AnonymityError("masses must hold at least one packet")
    people = whole("clients", clients, 1, 100_000_000 * p.shape[-1] // p.size)
    index = wholes("senders", senders, 0, people - 1)
    if index.shape != p.shape[-1:]:
        raise AnonymityError(f"senders must name {p.shape[-1]} packets, got {index.size}")
    rows = np.atleast_2d(p)
    added = np.stack([np.bincount(index, row, minlength=people) for row in rows])
    return np.asarray(added[0] if p.ndim == 1 else added, dtype=np.float64)


def normalise(masses: ArrayLike, *, missing_at_most: float = 1e-3) -> FloatArray:
    """Divide masses by their sum, refusing when too much is missing to be ignored.

    A pool that never drains keeps a little of every target for ever; below 1e-3 the entropy
    over the delivered mass is shown, above that it would be too low.

    Examples
    --------
    >>> round(normalise([0.4995, 0.4999]).sum().item(), 9)
    1.0
    """
    p = floats("masses", masses, (1, 2))
    if p.size == 0 or p.min() < 0 or p.max() > 1.0 + SUM_TOLERANCE:
        raise AnonymityError("masses must be from 0 to 1, at least one")
    most = number("missing_at_most", missing_at_most, 0.0, 1.0)
    sums = p.sum(axis=-1, keepdims=True)
    if sums.min() <= 0 or sums.min() < 1.0 - most or sums.max() > 1.0 + SUM_TOLERANCE:
        raise AnonymityError(
            f"masses must sum to 1 with at most {most:g} missing, these sum to "
            f"{sums.min():.6g} to {sums.max():.6g}"
        )
    return np.asarray(p / sums, dtype=np.float64)


def _bare(values: Any) -> Any:
    """Return a Python float for one distribution, the array for many."""
    return float(values) if np.ndim(values) == 0 else np.asarray(values)
