"""The rules of one game: the reward formula's knobs, and what they make of each player.

The reward is that of :mod:`workbench.rewards.paper` with equal work and full performance;
the words *potential profit*, *desirability* and *non-myopic* are those of Brünjes, Kiayias,
Koutsoupias and Stouka, "Reward Sharing Schemes for Stake Pools" (EuroS&P 2020).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from workbench.errors import RewardError
from workbench.rewards import checks
from workbench.rewards.checks import Floats
from workbench.rewards.game.players import Players

# Desirabilities closer than this share of a saturated pool's reward count as a tie. In
# equilibrium all of them tie, and (1 - m) P cannot hit a number exactly in floats.
TIE = 1e-12


@dataclass(frozen=True)
class Rules:
    """What the network pays and what an operator may do.

    Parameters
    ----------
    k : int
        Rewarded pools aimed at, 1 or more; a pool saturates at 1/k of the supply.
    alpha : float
        Weight of the operator's own pledge, 0 or more; 0 leaves Sybils unpunished.
    reward_pot : float
        What the interval may pay at most (R), above 0.
    further_pool_cost : float
        What each further pool of an operator costs, as a share of its first, in [0, 1].
    max_pools : int
        How many pools one operator may run, 1 or more.
    saturation : bool
        False takes the cap on a pool's stake away: pools never fill, and a player that
        looks ahead expects the most desirable one to end up with everything. The cap on the
        pledge that counts stays, or the formula would pay more than the pot.

    Raises
    ------
    RewardError
        If a value is outside its range.

    Examples
    --------
    >>> Rules(k=20).saturation_stake
    0.05
    """

    k: int
    alpha: float = 0.3
    reward_pot: float = 1.0
    further_pool_cost: float = 0.4
    max_pools: int = 5
    saturation: bool = True

    def __post_init__(self) -> None:
        checks.count("k", self.k, least=1)
        checks.count("max_pools", self.max_pools, least=1)
        checks.positive("reward_pot", self.reward_pot)
        if checks.not_negative("alpha", self.alpha).ndim:
            raise RewardError("alpha must be one number of 0 or more")
        if checks.share("further_pool_cost", self.further_pool_cost).ndim:
            raise RewardError("further_pool_cost must be one number in [0, 1]")
        if not isinstance(self.saturation, bool | np.bool_):
            raise RewardError(f"saturation must be True or False; it is {self.saturation!r}")

    @property
    def places(self) -> int:
        """How many pools can expect to fill: k, or a single one without saturation."""
        return self.k if self.saturation else 1

    @property
    def saturation_stake(self) -> float:
        """The stake beyond which a pool earns no more: 1/k, or everything without saturation."""
        return 1.0 / self.k if self.saturation else 1.0

    @property
    def filling_pledge(self) -> float:
        """A pledge from which on a pool is full by itself: saturation, less a rounding."""
        return self.saturation_stake * (1.0 - 1e-12)

    @property
    def tie(self) -> float:
        """Desirabilities at most this far apart count as equal."""
        return TIE * self.reward_pot / self.k

    def pool_rewards(self, stakes: ArrayLike, pledges: ArrayLike) -> Floats:
        """Reward of pools with these stakes (pledge included) and pledges.

        Parameters
        ----------
        stakes, pledges : float or arrays
            Shares of the supply, 0 or more (sigma, lambda).

        Returns
        -------
        float64 array
            0 or more; with saturation exactly :func:`workbench.rewards.paper.node_reward`
            at equal work (omega = 1/k) and performance 1.
        """
        counted = np.minimum(stakes, self.saturation_stake)  # sigma'
        own = np.minimum(pledges, 1.0 / self.k)  # lambda'
        return np.asarray(
            self.reward_pot * counted * (1.0 + self.alpha * self.k * own) / (1.0 + self.alpha)
        )

    def pledge_of_each(self, stake: ArrayLike, pools: ArrayLike) -> Floats:
        """Pledge of each of several pools of one operator: all its stake, split evenly."""
        return np.asarray(np.minimum(np.asarray(stake) / np.asarray(pools), self.saturation_stake))

    def cost_of_each(self, cost: ArrayLike, pools: ArrayLike) -> Floats:
        """Cost of each of several pools of one operator, shared evenly between them."""
        many = np.asarray(pools, dtype=np.float64)
        return np.asarray(cost) * (1.0 + self.further_pool_cost * (many - 1.0)) / many


@dataclass(frozen=True, eq=False)
class Game:
    """Players and rules together, with the tables that every question needs.

    Parameters
    ----------
    players : Players
    rules : Rules

    Examples
    --------
    >>> game = Game(Players([0.5, 0.3, 0.2], [0.01, 0.01, 0.02]), Rules(k=2, alpha=0.0))
    >>> game.potentials[:, 0].round(3).tolist()   # half the pot, less the cost
    [0.49, 0.49, 0.48]
    """

    players: Players
    rules: Rules

    def __post_init__(self) -> None:
        if not isinstance(self.players, Players) or not isinstance(self.rules, Rules):
            raise RewardError("a Game is made of Players and Rules")

    @cached_property
    def potentials(self) -> Floats:
        """Potential profit of each of t pools of each player; shape (players, max_pools).

        Reward at saturation less cost (P_j), with all stake pledged; column t - 1 is for t
        pools, each with its share of pledge and cost.
        """
        pools = np.arange(1, self.rules.max_pools + 1)
        pledges = self.rules.pledge_of_each(self.players.stakes[:, None], pools)
        costs = self.rules.cost_of_each(self.players.costs[:, None], pools)
        rewards: Floats = self.rules.pool_rewards(self.rules.saturation_stake, pledges)
        return np.asarray(rewards - costs)

    @cached_property
    def next_values(self) -> Floats:
        """What one more pool adds to a player's potential; shape (players, max_pools + 1).

        Column t is for a player that runs t pools: (t + 1) P(t + 1) - t P(t). It is the
        most desirability that the player could promise for one more pool, and what it is
        taken to offer (see :mod:`workbench.rewards.game.state`). 0 for the last column, for
        abstainers, and where a further pool would not pay its cost.
        """
        pools = np.arange(1, self.rules.max_pools + 1)
        totals = self.potentials * pools
        before = np.concatenate([np.zeros((self.players.count, 1)), totals[:, :-1]], axis=1)
        values = np.zeros((self.players.count, self.rules.max_pools + 1))
        values[:, :-1] = np.maximum(0.0, totals - before)
        values[self.players.abstains] = 0.0
        return values
