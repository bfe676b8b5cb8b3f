"""Who works in an epoch: weights, and the draw of the rewarded set without replacement.

Source: the nymtech/nym documentation on operators' rewards and node performance (2025).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.errors import RewardError
from workbench.rewards import checks
from workbench.rewards.checks import Floats
from workbench.rewards.parameters import Parameters, Role

PERFORMANCE_EXPONENT = 20
VERSION_PENALTY = 0.995
VERSION_SCALING = 1.65
# How many patches a version of each kind counts for.
PATCH, MINOR, MAJOR = 1, 10, 100


def config_score(patches: ArrayLike = 0, minors: ArrayLike = 0, majors: ArrayLike = 0) -> Any:
    """Score of a node's software version: 1 if up to date, soon 0 if not.

    Parameters
    ----------
    patches, minors, majors : int or array of shape (nodes,)
        How many versions of each kind the node is behind, 0 or more.

    Returns
    -------
    float or array
        ``0.995 ** ((patches + 10 minors + 100 majors) ** 1.65)``, in (0, 1].

    Raises
    ------
    RewardError
        If a count is negative or no number.

    Notes
    -----
    It does not cover the checks beside the version (terms accepted, the right binary).

    References
    ----------
    nymtech/nym documentation, node performance (2025).

    Examples
    --------
    >>> round(config_score(patches=2), 4), round(config_score(minors=1), 4)
    (0.9844, 0.7994)
    """
    behind = (
        PATCH * checks.not_negative("patches", patches)
        + MINOR * checks.not_negative("minors", minors)
        + MAJOR * checks.not_negative("majors", majors)
    )
    return _as_given(VERSION_PENALTY ** (behind**VERSION_SCALING))


def performance(routing_score: ArrayLike, config: ArrayLike = 1.0) -> Any:
    """Performance of a node: packets carried as they should be, times its config score.

    Parameters
    ----------
    routing_score : float or array
        Share of packets carried, in [0, 1].
    config : float or array
        As from :func:`config_score`, in [0, 1].

    Returns
    -------
    float or array
        In [0, 1].

    Raises
    ------
    RewardError
        If a score is outside [0, 1].

    Examples
    --------
    >>> performance(0.9, 0.5)
    0.45
    """
    routing = checks.share("routing_score", routing_score)
    scores = checks.share("config", config)
    checks.together(routing_score=routing, config=scores)
    return _as_given(routing * scores)


def weight(
    saturation: ArrayLike, performance: ArrayLike, exponent: float = PERFORMANCE_EXPONENT
) -> Any:
    """Weight of a node in the draw.

    Stake above saturation gives no more weight, and the 20th power makes a node that
    drops 5 % of its packets count for little more than a third.

    Parameters
    ----------
    saturation : float or array
        Stake over the saturation point, uncapped, 0 or more.
    performance : float or array
        In [0, 1].
    exponent : float
        0 or more.

    Returns
    -------
    float or array
        ``min(1, saturation) * performance ** exponent``, in [0, 1].

    Raises
    ------
    RewardError
        If a value is outside its range.

    Notes
    -----
    It does not say how often a node is drawn: that depends on all the others' weights.

    References
    ----------
    nymtech/nym documentation, mixnet rewards (2025).

    Examples
    --------
    >>> round(weight(saturation=1.7, performance=0.95), 3)
    0.358
    """
    full = checks.not_negative("saturation", saturation)
    performances = checks.share("performance", performance)
    power = checks.not_negative("exponent", exponent)
    checks.together(saturation=full, performance=performances)
    return _as_given(np.minimum(1.0, full) * performances**power)


@dataclass(frozen=True, slots=True)
class RewardedSet:
    """Who was drawn: an array of :class:`Role` codes in the order of the nodes.

    `unfilled` counts the places for which no node with a weight was left.
    """

    roles: NDArray[np.int8]
    unfilled: int

    @property
    def active(self) -> NDArray[np.intp]:
        """Indices of entry, exit and mix nodes: those that route packets."""
        return np.flatnonzero((self.roles != Role.NONE) & (self.roles != Role.STANDBY))

    def having(self, role: Role) -> NDArray[np.intp]:
        """Indices of the nodes in a role."""
        return np.flatnonzero(self.roles == role)


def draw(
    weights: ArrayLike,
    parameters: Parameters,
    rng: np.random.Generator,
    can_enter: ArrayLike | None = None,
    can_exit: ArrayLike | None = None,
) -> RewardedSet:
    """Draw the rewarded set: entry, exit, mix and standby nodes, in this order.

    Each place goes to one of the nodes still left, with chances in proportion to their
    weights, as if drawn one after the other. That is done at once: every node gets an
    exponential waiting time with its weight as the rate, and the first to arrive win, which
    has exactly the same distribution (Efraimidis and Spirakis 2006).

    Parameters
    ----------
    weights : array of shape (nodes,)
        0 or more, see :func:`weight`; a node of weight 0 is never drawn.
    parameters : Parameters
        For the numbers of places.
    rng : numpy.random.Generator
        All chance comes from here.
    can_enter, can_exit : array of bool of shape (nodes,), optional
        Which nodes may be entry and exit nodes; all if left out.

    Returns
    -------
    RewardedSet
        Roles by node; places stay unfilled if nodes run out.

    Raises
    ------
    RewardError
        If weights are negative, NaN or not a flat array.

    Notes
    -----
    It does not place mix nodes in layers.

    References
    ----------
    Efraimidis, Spirakis, "Weighted random sampling with a reservoir" (2006).

    Examples
    --------
    >>> from workbench.rewards.parameters import Parameters
    >>> places = Parameters(1, 4, entry=1, exit=1, mix=2)
    >>> rng = np.random.default_rng(1)
    >>> sorted(draw([1.0, 1.0, 0.0, 2.0, 1.0], places, rng).roles.tolist())
    [0, 1, 2, 3, 3]
    """
    if not isinstance(parameters, Parameters):
        raise RewardError(f"expected Parameters, got {checks.shown(parameters)}")
    _check_generator(rng)
    rates = _rates(weights)
    left = rates > 0
    roles = np.zeros(len(rates), dtype=np.int8)
    unfilled = 0
    allowed = {
        Role.ENTRY: _mask("can_enter", can_enter, len(rates)),
        Role.EXIT: _mask("can_exit", can_exit, len(rates)),
    }
    places = {
        Role.ENTRY: parameters.entry,
        Role.EXIT: parameters.exit,
        Role.MIX: parameters.mix,
        Role.STANDBY: parameters.standby,
    }
    for role, count in places.items():
        # Fresh waiting times for each role: those who could not stand for an earlier one
        # have not lost it, so their old times would put them ahead.
        candidates = np.flatnonzero(left & allowed.get(role, True))
        waits = rng.standard_exponential(len(candidates)) / rates[candidates]
        chosen = candidates[np.argsort(waits)[:count]]
        roles[chosen] = role
        left[chosen] = False
        unfilled += count - len(chosen)
    return RewardedSet(roles, unfilled)


def draw_many(
    weights: ArrayLike, active: int, standby: int, draws: int, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Count how often each node is active and on standby in many independent draws.

    The same law as :func:`draw` without regard to entry, exit and mix, for the months of
    :mod:`workbench.rewards.economy`.

    Parameters
    ----------
    weights : array of shape (nodes,)
        0 or more.
    active, standby : int
        Places, 0 or more.
    draws : int
        0 or more.
    rng : numpy.random.Generator
        All chance comes from here.

    Returns
    -------
    tuple of two int arrays of shape (nodes,)
        Times active and times on standby, each in [0, draws].

    Raises
    ------
    RewardError
        If weights or counts are out of range.

    Examples
    --------
    >>> active, standby = draw_many([1.0, 1.0, 0.0], 1, 1, 100, np.random.default_rng(0))
    >>> int(active.sum()), int(standby.sum()), int(active[2] + standby[2])
    (100, 100, 0)
    """
    _check_generator(rng)
    rates = _rates(weights)
    first = checks.count("active", active)
    both = first + checks.count("standby", standby)
    times = checks.count("draws", draws)
    can_win = np.flatnonzero(rates)
    counts = np.zeros((2, len(rates)), dtype=np.int64)
    # A few rows at a time: they stay in the processor's cache.
    rows = max(1, 2**16 // max(1, len(can_win)))
    for start in range(0, times, rows):
        waits = rng.standard_exponential((min(rows, times - start), len(can_win)))
        waits /= rates[can_win]
        counts[:, can_win] += _times_among_first(waits, (first, both))
    return counts[0], counts[1] - counts[0]


def _times_among_first(waits: Floats, places: tuple[int, int]) -> NDArray[np.int64]:
    """For each number of places: how often a column is among so many smallest of its row."""
    rows, columns = waits.shape
    inner = [place - 1 for place in places if 0 < place < columns]
    ordered = np.partition(waits, inner, axis=1) if inner else waits
    counts = np.zeros((len(places), columns), dtype=np.int64)
    for count, place in zip(counts, places, strict=True):
        if place >= columns:
            count[:] = rows
        elif place > 0:
            count[:] = np.count_nonzero(waits <= ordered[:, place - 1 : place], axis=0)
    return counts


def _rates(weights: ArrayLike) -> Floats:
    """Weights scaled to a greatest of 1; what is 1e-290 of it or less counts as 0."""
    floats = _flat("weights", weights)
    greatest = floats.max(initial=0.0)
    if greatest == 0:
        return floats
    scaled: Floats = floats / greatest
    # Else waiting times would overflow and tie at infinity.
    scaled[scaled <= 1e-290] = 0.0
    return scaled


def _check_generator(rng: object) -> None:
    if not isinstance(rng, np.random.Generator):
        raise RewardError(f"rng must be a numpy random Generator; it is {checks.shown(rng)}")


def _flat(name: str, values: ArrayLike) -> Floats:
    floats = checks.not_negative(name, values)
    if floats.ndim != 1:
        raise RewardError(f"{name} must be a flat array, one value a node; it is {floats.ndim}-d")
    return floats


def _mask(name: str, mask: ArrayLike | None, nodes: int) -> NDArray[np.bool_]:
    if mask is None:
        return np.ones(nodes, dtype=np.bool_)
    try:
        flags = np.asarray(mask)
    except ValueError:
        flags = np.zeros(0)
    if flags.dtype != np.bool_ or flags.shape != (nodes,):
        raise RewardError(f"{name} must hold one true or false for each of the {nodes} nodes")
    return flags


def _as_given(value: Floats) -> Any:
    return float(value) if np.ndim(value) == 0 else value
