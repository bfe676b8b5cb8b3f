"""The stakeholders of the game: what each one owns and what running a pool costs it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.errors import RewardError
from workbench.rewards import checks
from workbench.rewards.checks import Floats


@dataclass(frozen=True, eq=False)
class Players:
    """All stakeholders, as two arrays.

    Parameters
    ----------
    stakes : array of shape (players,)
        What each owns as a share of the staking supply (s_j), 0 or more; together at most 1.
        Less than 1 means that the rest of the supply takes no part.
    costs : array of shape (players,)
        What running one pool for the interval costs each (c_j), in the unit of the reward
        pot, 0 or more.
    abstains : array of bool of shape (players,), optional
        Who takes no part: neither runs pools nor delegates, and offers nothing. Nobody, if
        left out.

    Raises
    ------
    RewardError
        If a value is outside its range or the arrays have different lengths.

    Examples
    --------
    >>> Players([0.6, 0.4], [0.01, 0.02]).count
    2
    """

    stakes: Floats
    costs: Floats
    abstains: NDArray[np.bool_]

    def __init__(
        self, stakes: ArrayLike, costs: ArrayLike, abstains: ArrayLike | None = None
    ) -> None:
        stakes_in = checks.not_negative("stakes", stakes)
        costs_in = checks.not_negative("costs", costs)
        if stakes_in.ndim != 1 or costs_in.shape != stakes_in.shape or not stakes_in.size:
            raise RewardError(
                "stakes and costs must be two flat arrays of the same length, 1 or more; "
                f"their shapes are {stakes_in.shape} and {costs_in.shape}"
            )
        total = float(stakes_in.sum())
        if total > 1 + 1e-9:
            raise RewardError(f"stakes are shares that add up to at most 1; they are {total:g}")
        object.__setattr__(self, "stakes", _frozen(stakes_in))
        out = np.zeros(stakes_in.shape, bool) if abstains is None else np.array(abstains)
        if out.shape != stakes_in.shape or out.dtype != np.bool_:
            raise RewardError("abstains must be one True or False for each player")
        object.__setattr__(self, "costs", _frozen(costs_in))
        out.setflags(write=False)
        object.__setattr__(self, "abstains", out)

    @property
    def count(self) -> int:
        """How many there are (n)."""
        return int(self.stakes.size)


def draw_players(
    count: int,
    seed: int = 0,
    pareto_shape: float = 2.0,
    cost_least: float = 1e-5,
    cost_most: float = 1e-4,
) -> Players:
    """Draw stakeholders with Pareto stakes and uniform costs.

    A Pareto law of shape 2 leaves about 32 % of the stake with the richest tenth.

    Parameters
    ----------
    count : int
        How many, 1 or more.
    seed : int
        The same seed draws the same players.
    pareto_shape : float
        Above 0; smaller is less equal.
    cost_least, cost_most : float
        Range of the cost of a pool for one interval, as a share of the reward pot.

    Returns
    -------
    Players
        Stakes add up to 1.

    Raises
    ------
    RewardError
        If a value is outside its range.

    Examples
    --------
    >>> players = draw_players(200, seed=1)
    >>> round(float(players.stakes.sum()), 12), bool((players.costs <= 1e-4).all())
    (1.0, True)
    """
    many = checks.count("count", count, least=1)
    start = checks.count("seed", seed)
    shape = checks.positive("pareto_shape", pareto_shape)
    least, most = checks.not_negative("cost_least", cost_least), float(cost_most)
    if not least.ndim == 0 or not float(least) <= most < float("inf"):
        raise RewardError(f"costs need 0 <= cost_least <= cost_most; they are {least} and {most}")
    rng = np.random.default_rng(start)
    drawn = rng.pareto(float(shape), many) + 1.0
    # A very small shape draws beyond floats; only proportions matter, so the largest is 1.
    drawn = np.minimum(drawn, np.finfo(np.float64).max) / min(
        float(drawn.max()), np.finfo(np.float64).max
    )
    return Players(drawn / drawn.sum(), rng.uniform(float(least), most, many))


def _frozen(values: Floats) -> Floats:
    own = np.array(values, dtype=np.float64)
    own.setflags(write=False)
    return own
