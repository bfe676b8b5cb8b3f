"""Chances of counts that several formulas share: Poisson, binomial, normal."""

from __future__ import annotations

import math

import numpy as np

from workbench.anonymity._checks import FloatArray, number


def poisson_window(mean: float) -> tuple[int, FloatArray]:
    """Return (k0, weights): the Poisson chances of k0, k0+1, ..., all but 1e-15, of sum 1."""
    if mean == 0.0:
        return 0, np.ones(1)
    reach = 9.0 * math.sqrt(mean) + 30.0
    first = max(0, int(mean - reach))
    k = np.arange(first, int(mean + reach) + 2, dtype=np.float64)
    # Relative to the first: log w(k) - log w(first) = sum of log(mean / j).
    logs = np.concatenate([[0.0], np.cumsum(math.log(mean) - np.log(k[1:]))])
    weights = np.exp(logs - logs.max())
    return first, weights / weights.sum()


def binomial_chances(trials: int, chance: float) -> FloatArray:
    """Chances of 0, 1, ..., ``trials`` successes."""
    if chance <= 0.0 or chance >= 1.0:
        certain = np.zeros(trials + 1)
        certain[trials if chance >= 1.0 else 0] = 1.0
        return certain
    k = np.arange(trials + 1.0)
    steps = np.log((trials - k[:-1]) / k[1:]) + math.log(chance) - math.log1p(-chance)
    logs = np.concatenate([[0.0], np.cumsum(steps)])
    weights = np.exp(logs - logs.max())
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def binomial_tails(trials: int, chance: float) -> FloatArray:
    """Chances of at least 0, 1, ..., ``trials`` successes, small ones summed first."""
    tails = np.cumsum(binomial_chances(trials, chance)[::-1])[::-1]
    return np.asarray(np.minimum(tails, 1.0), dtype=np.float64)


def normal_quantile(share: float) -> float:
    """Where the standard normal distribution has so much below it, by bisection.

    Examples
    --------
    >>> round(normal_quantile(0.975), 4)
    1.96
    """
    wanted = number("share", share, 1e-15, 1.0 - 1e-15)
    low, high = -9.0, 9.0
    for _ in range(70):
        middle = 0.5 * (low + high)
        if 0.5 * math.erfc(-middle / math.sqrt(2.0)) < wanted:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


def half_width(values: list[float]) -> float:
    """Half of the 95 % interval of the mean of a few independent values (Student's t).

    The factor is Cornish and Fisher's series for the t distribution, within 1 % from three
    values on.
    """
    freedom = len(values) - 1
    if freedom < 1:
        return math.inf
    z = 1.959964
    factor = (
        z
        + (z**3 + z) / (4 * freedom)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * freedom**3)
    )
    return factor * float(np.std(values, ddof=1)) / math.sqrt(len(values))
