"""How spread out the power over a network is, by operator and not by node.

One operator may run many nodes: counting nodes would call a network of one owner with a
hundred nodes well spread. Every measure here takes one stake an operator; add the nodes up
with :func:`by_operator` first.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.errors import RewardError
from workbench.rewards import checks
from workbench.rewards.checks import Floats

# Sums of floats that should be equal may differ by rounding.
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class Decentralisation:
    """A network's spread at one moment; see :func:`measure`.

    `nakamoto` counts operators, `gini`, `hhi`, `top_ten` and `pledge_rate` lie in [0, 1],
    `nodes_above_saturation` counts nodes with more stake than the saturation point.
    """

    operators: int
    nakamoto: int
    gini: float
    hhi: float
    top_ten: float
    pledge_rate: float
    nodes_above_saturation: int


def by_operator(stakes: ArrayLike, operators: Sequence[Any] | NDArray[Any]) -> Floats:
    """Add the stakes of each operator's nodes up.

    Parameters
    ----------
    stakes : array of shape (nodes,)
        0 or more.
    operators : sequence of shape (nodes,)
        Who runs each node: names or numbers.

    Returns
    -------
    array of shape (operators,)
        0 or more, in the order of the sorted names.

    Raises
    ------
    RewardError
        If a stake is negative or the lengths differ.

    Examples
    --------
    >>> by_operator([1.0, 2.0, 4.0], ["a", "b", "a"]).tolist()
    [5.0, 2.0]
    """
    amounts = _flat("stakes", stakes)
    try:
        owners = np.asarray(operators)
    except ValueError:
        raise RewardError("operators must be one name or number for each node") from None
    if owners.shape != amounts.shape:
        raise RewardError(f"expected one operator for each of the {len(amounts)} nodes")
    if len(amounts) == 0:
        return amounts
    try:
        _, which = np.unique(owners, return_inverse=True)
    except TypeError:
        raise RewardError("operators must be all names or all numbers") from None
    return np.bincount(which, weights=amounts).astype(np.float64, copy=False)


def nakamoto(stakes: ArrayLike) -> int:
    """Fewest operators that together hold **more** than half of the stake.

    Parameters
    ----------
    stakes : array of shape (operators,)
        0 or more.

    Returns
    -------
    int
        1 or more; 0 if nobody holds anything.

    Raises
    ------
    RewardError
        If a stake is negative or no number.

    Notes
    -----
    It does not say whether operators are independent of each other: several names may be
    one person.

    Examples
    --------
    >>> nakamoto([1.0, 1.0]), nakamoto([3.0, 1.0, 1.0]), nakamoto([0.0])
    (2, 1, 0)
    """
    amounts = _flat("stakes", stakes)
    total = math.fsum(amounts)
    if total == 0:
        return 0
    held = np.cumsum(np.sort(amounts)[::-1])
    return int(np.count_nonzero(held <= total / 2 * (1 + _ROUNDING))) + 1


def gini(stakes: ArrayLike) -> float:
    """Inequality of the stakes: 0 if all are equal, towards 1 if one holds everything.

    Parameters
    ----------
    stakes : array of shape (operators,)
        0 or more; those with nothing count as well.

    Returns
    -------
    float
        In [0, 1 - 1/operators]; 0 if nobody holds anything.

    Raises
    ------
    RewardError
        If a stake is negative or no number.

    Notes
    -----
    It does not say how many operators there are: two equal ones give 0 as well.

    Examples
    --------
    >>> gini([1.0, 1.0, 1.0]), gini([0.0, 0.0, 0.0, 1.0])
    (0.0, 0.75)
    """
    amounts = np.sort(_flat("stakes", stakes))
    count, total = len(amounts), math.fsum(amounts)
    if total == 0:
        return 0.0
    ranks = 2 * np.arange(1, count + 1) - count - 1
    return max(0.0, math.fsum(ranks * (amounts / total)) / count)


def hhi(stakes: ArrayLike) -> float:
    """Herfindahl-Hirschman index: the sum of the squared shares.

    Parameters
    ----------
    stakes : array of shape (operators,)
        0 or more.

    Returns
    -------
    float
        From 1/operators (all equal) to 1 (one holds everything); its inverse is the number
        of equal operators that would be as concentrated. 0 if nobody holds anything.

    Raises
    ------
    RewardError
        If a stake is negative or no number.

    Examples
    --------
    >>> hhi([1.0, 1.0, 1.0, 1.0]), hhi([7.0])
    (0.25, 1.0)
    """
    amounts = _flat("stakes", stakes)
    total = math.fsum(amounts)
    return 0.0 if total == 0 else math.fsum((amounts / total) ** 2)


def top_share(stakes: ArrayLike, count: int = 10) -> float:
    """Share of all stake that the `count` largest operators hold.

    Parameters
    ----------
    stakes : array of shape (operators,)
        0 or more.
    count : int
        1 or more.

    Returns
    -------
    float
        In [0, 1]; 0 if nobody holds anything.

    Raises
    ------
    RewardError
        If a value is out of range.

    Examples
    --------
    >>> top_share([4.0, 3.0, 2.0, 1.0], count=2)
    0.7
    """
    amounts = _flat("stakes", stakes)
    largest = np.sort(amounts)[::-1][: checks.count("count", count, least=1)]
    total = math.fsum(amounts)
    return 0.0 if total == 0 else min(1.0, math.fsum(largest) / total)


def measure(
    pledges: ArrayLike,
    delegations: ArrayLike,
    operators: Sequence[Any] | NDArray[Any],
    saturation_point: float,
) -> Decentralisation:
    """Take every measure of a network at once.

    Parameters
    ----------
    pledges, delegations : array of shape (nodes,)
        Each node's stake from its operator and from others, 0 or more.
    operators : sequence of shape (nodes,)
        Who runs each node.
    saturation_point : float
        Above 0, in the unit of the stakes.

    Returns
    -------
    Decentralisation
        By operator; operators whose nodes hold nothing are not counted. `pledge_rate` is
        the pledged part of all stake.

    Raises
    ------
    RewardError
        If a value is out of range or lengths differ.

    Notes
    -----
    It does not see who owns the delegated stake: an operator counts for all stake on the
    nodes it runs.

    Examples
    --------
    >>> spread = measure([1.0, 1.0, 2.0], [1.0, 2.0, 1.0], ["a", "a", "b"], 2.5)
    >>> spread.operators, spread.nakamoto, spread.pledge_rate, spread.nodes_above_saturation
    (2, 1, 0.5, 2)
    """
    own, others = _flat("pledges", pledges), _flat("delegations", delegations)
    if own.shape != others.shape:
        raise RewardError("pledges and delegations must have one value for each node")
    point = checks.positive("saturation_point", saturation_point)
    stakes = own + others
    held = by_operator(stakes, operators)
    held = held[held > 0]
    total = math.fsum(stakes)
    return Decentralisation(
        operators=len(held),
        nakamoto=nakamoto(held),
        gini=gini(held),
        hhi=hhi(held),
        top_ten=top_share(held, 10),
        pledge_rate=0.0 if total == 0 else math.fsum(own) / total,
        nodes_above_saturation=int(np.count_nonzero(stakes > point * (1 + _ROUNDING))),
    )


def _flat(name: str, values: ArrayLike) -> Floats:
    floats = checks.not_negative(name, values)
    if floats.ndim != 1:
        raise RewardError(f"{name} must be a flat array; it is {floats.ndim}-d")
    return floats
