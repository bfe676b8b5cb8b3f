"""What everybody does at one moment, and what everybody gets out of it.

Two views of the same state, chosen by name:

``"myopic"``
    Today's pay: each pool earns on the stake that it holds now.
``"non_myopic"``
    The pay that a player reckons with once the others have settled: a pool among the first
    k in the ranking fills up to saturation, any other keeps its pledge alone.

The ranking is by desirability (1 - m) P, ties by potential profit P, then the lower player
number. A pool that its own pledge saturates needs nobody's favour: it holds its place by its
potential, whatever margin it asks. Beside the open pools the ranking lists one *standing
offer* of each player: the pool that it would open next, at margin zero. Without standing
offers the k-th of k open pools could ask any margin: in the paper, too, those who run no pool
are ranked by what they could promise.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.errors import RewardError
from workbench.rewards import checks
from workbench.rewards.checks import Floats
from workbench.rewards.game.rules import Game

View = Literal["non_myopic", "myopic"]

# What a player spends may exceed its stake by rounding only.
_ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class State:
    """All pools and all delegations of a game at one moment.

    Parameters
    ----------
    game : Game
    pool_owners : array of int of shape (pools,)
        Which player runs each pool.
    pledges : array of shape (pools,)
        The owner's stake in it (lambda), 0 or more, as a share of the supply.
    margins : array of shape (pools,)
        Profit margin (m), in [0, 1].
    delegations : array of shape (players, pools)
        Who delegates how much to which pool, 0 or more. Nobody delegates to its own pool.

    Raises
    ------
    RewardError
        If a value is outside its range, a player spends more than it has, runs more pools
        than the rules allow, or abstains and yet takes part.

    Examples
    --------
    >>> from workbench.rewards.game import Game, Players, Rules
    >>> game = Game(Players([0.5, 0.5], [0.1, 0.1]), Rules(k=1, alpha=0.0))
    >>> state = State(game, [0], [0.5], [0.2], [[0.0], [0.5]])
    >>> state.pool_stakes.tolist(), state.desirabilities.round(3).tolist()
    ([1.0], [0.72])
    """

    game: Game
    pool_owners: NDArray[np.int64]
    pledges: Floats
    margins: Floats
    delegations: Floats

    def __init__(
        self,
        game: Game,
        pool_owners: ArrayLike,
        pledges: ArrayLike,
        margins: ArrayLike,
        delegations: ArrayLike,
    ) -> None:
        if not isinstance(game, Game):
            raise RewardError("a State belongs to a Game")
        owners = np.asarray(pool_owners)
        if owners.size == 0:
            owners = owners.astype(np.int64)
        if owners.ndim != 1 or owners.dtype.kind not in "iu":
            raise RewardError("pool_owners must be a flat array of player numbers")
        parts = {
            "pledges": checks.not_negative("pledges", pledges),
            "margins": checks.share("margins", margins),
            "delegations": checks.not_negative("delegations", delegations),
        }
        shape = (game.players.count, owners.size)
        for name, wanted in (
            ("pledges", shape[1:]),
            ("margins", shape[1:]),
            ("delegations", shape),
        ):
            if parts[name].shape != wanted:
                raise RewardError(f"{name} must have shape {wanted}; it has {parts[name].shape}")
        object.__setattr__(self, "game", game)
        object.__setattr__(self, "pool_owners", _frozen(owners.astype(np.int64)))
        for name, values in parts.items():
            object.__setattr__(self, name, _frozen(values))
        self._check()

    @classmethod
    def empty(cls, game: Game) -> State:
        """Nobody runs a pool and nobody delegates."""
        return cls(game, [], [], [], np.zeros((game.players.count, 0)))

    def _check(self) -> None:
        owners, players = self.pool_owners, self.game.players
        if owners.size and not (owners.min() >= 0 and owners.max() < players.count):
            raise RewardError(f"pool_owners must be player numbers from 0 to {players.count - 1}")
        if self.pool_counts.max() > self.game.rules.max_pools:
            raise RewardError(f"one player may run at most {self.game.rules.max_pools} pools")
        if np.any(self.delegations[owners, np.arange(owners.size)] > 0):
            raise RewardError("an operator pledges to its own pool and cannot delegate to it")
        over = self.spent - players.stakes
        if np.any(over > _ROUNDING):
            player = int(np.argmax(over))
            raise RewardError(
                f"player {player} has {players.stakes[player]:g} and cannot spend "
                f"{self.spent[player]:g} on pledges and delegations"
            )
        if np.any(players.abstains & ((self.pool_counts > 0) | (self.spent > 0))):
            raise RewardError("an abstaining player runs no pool and delegates nothing")

    @cached_property
    def pool_counts(self) -> NDArray[np.int64]:
        """How many pools each player runs; shape (players,)."""
        return np.bincount(self.pool_owners, minlength=self.game.players.count)

    @cached_property
    def spent(self) -> Floats:
        """Stake that each player pledges or delegates; shape (players,)."""
        own = np.bincount(self.pool_owners, self.pledges, self.game.players.count)
        return np.asarray(own + self.delegations.sum(axis=1))

    @cached_property
    def pool_stakes(self) -> Floats:
        """Pledge and delegations of each pool (sigma); shape (pools,)."""
        return np.asarray(self.pledges + self.delegations.sum(axis=0))

    @cached_property
    def operator_stakes(self) -> Floats:
        """Stake in all pools of each player; shape (players,), 0 for those who run none."""
        count = self.game.players.count
        return np.asarray(np.bincount(self.pool_owners, self.pool_stakes, count))

    @cached_property
    def pool_costs(self) -> Floats:
        """Cost of each pool: an operator's pools share its costs evenly; shape (pools,)."""
        owners = self.pool_owners
        return self.game.rules.cost_of_each(
            self.game.players.costs[owners], self.pool_counts[owners]
        )

    @cached_property
    def potentials(self) -> Floats:
        """Profit of each pool once it is saturated (P); shape (pools,), may be negative."""
        rules = self.game.rules
        return rules.pool_rewards(rules.saturation_stake, self.pledges) - self.pool_costs

    @cached_property
    def desirabilities(self) -> Floats:
        """(1 - m) P where P is positive, else 0; shape (pools,)."""
        return np.asarray((1.0 - self.margins) * np.maximum(0.0, self.potentials))

    @cached_property
    def rank_values(self) -> Floats:
        """What each pool is ranked by: desirability, or potential if its own pledge fills it."""
        return np.where(
            self.pledges >= self.game.rules.filling_pledge,
            np.maximum(0.0, self.potentials),
            self.desirabilities,
        )

    @cached_property
    def standing_offers(self) -> Floats:
        """Desirability of the pool that each player would open next; shape (players,)."""
        counts = self.pool_counts
        return np.asarray(self.game.next_values[np.arange(counts.size), counts])

    @cached_property
    def ranks(self) -> NDArray[np.int64]:
        """How many open pools and standing offers rank before each pool; shape (pools,)."""
        wanted, best, tie = self.rank_values, self.potentials, self.game.rules.tie
        offers, owners = self.standing_offers, self.pool_owners
        order = np.arange(owners.size)
        ranks = np.zeros(owners.size, dtype=np.int64)
        for pool in range(owners.size):
            ahead = wanted > wanted[pool] + tie
            level = np.abs(wanted - wanted[pool]) <= tie
            higher = best > best[pool] + tie
            even = np.abs(best - best[pool]) <= tie
            older = (owners < owners[pool]) | ((owners == owners[pool]) & (order < pool))
            ranks[pool] = np.count_nonzero(ahead | (level & (higher | (even & older))))
            # A standing offer promises all its potential; a tie goes to the open pool.
            offer_level = np.abs(offers - wanted[pool]) <= tie
            offer_higher = offers > best[pool] + tie
            ranks[pool] += np.count_nonzero(
                (offers > 0) & ((offers > wanted[pool] + tie) | (offer_level & offer_higher))
            )
        return ranks

    @cached_property
    def expected_to_fill(self) -> NDArray[np.bool_]:
        """Which pools rank among the first k and promise their delegators anything."""
        rules = self.game.rules
        return (self.ranks < rules.places) & (self.rank_values > rules.tie)

    @cached_property
    def non_myopic_stakes(self) -> Floats:
        """Stake that each pool can reckon with: at least saturation, or its pledge alone."""
        full = np.maximum(self.pool_stakes, self.game.rules.saturation_stake)
        return np.where(self.expected_to_fill, full, self.pledges)


def payoffs(state: State, view: View = "non_myopic") -> Floats:
    """What each player gets: pay for its pools less their cost, and pay for delegations.

    Parameters
    ----------
    state : State
    view : str
        ``"non_myopic"`` (what Nash equilibria of this game are about) or ``"myopic"``
        (today's pay); see the module.

    Returns
    -------
    float64 array of shape (players,)
        In the unit of the pot; negative for an operator whose reward misses its cost.

    Raises
    ------
    RewardError
        If the view is neither of the two.

    Notes
    -----
    Non-myopic payoffs are expectations, each for itself: over all players they may add up
    to more than the pot, since k pools cannot fill while part of the stake takes no part.
    A delegator of a pool outside the first k expects to stay there alone with the pledge.

    References
    ----------
    Brünjes, Kiayias, Koutsoupias, Stouka (2020), "Reward Sharing Schemes for Stake Pools".

    Examples
    --------
    >>> from workbench.rewards.game import Game, Players, Rules
    >>> game = Game(Players([0.5, 0.5], [0.1, 0.3]), Rules(k=1, alpha=0.0, max_pools=1))
    >>> payoffs(State(game, [0], [0.5], [0.2], [[0.0], [0.5]])).round(3).tolist()
    [0.54, 0.36]
    """
    check_view(view)
    rules, owners = state.game.rules, state.pool_owners
    fills = state.expected_to_fill
    stakes = state.non_myopic_stakes if view == "non_myopic" else state.pool_stakes
    profits = rules.pool_rewards(stakes, state.pledges) - state.pool_costs
    shares = np.divide(state.pledges, stakes, out=np.ones(owners.size), where=stakes > 0)
    parts = state.margins + (1.0 - state.margins) * shares
    operators = np.where(profits > 0, parts * profits, profits)
    paid = np.bincount(owners, operators, state.game.players.count)
    # What delegators count on: the pool as it fills, or the pledge and themselves alone.
    with_me: Floats = np.broadcast_to(stakes, state.delegations.shape)
    if view == "non_myopic":
        with_me = np.where(fills, stakes, state.pledges + state.delegations)
    left = (1.0 - state.margins) * np.maximum(
        0.0, rules.pool_rewards(with_me, state.pledges) - state.pool_costs
    )
    per_stake = np.divide(left, with_me, out=np.zeros(with_me.shape), where=with_me > 0)
    return np.asarray(paid + (state.delegations * per_stake).sum(axis=1))


def check_view(view: str) -> None:
    """Accept one of the two views."""
    if view not in get_args(View):
        raise RewardError(f'view must be "non_myopic" or "myopic"; it is {view!r}')


def _frozen(values: NDArray[np.generic]) -> NDArray[np.generic]:
    own = np.array(values)
    own.setflags(write=False)
    return own
