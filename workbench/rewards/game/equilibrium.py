"""Search for an equilibrium of the one-shot game: build it from the theory, then test it.

The theory, for at most one pool a player (Brünjes, Kiayias, Koutsoupias, Stouka 2020): the k
largest potential profits P run the pools, each asks the margin 1 - P_(k+1) / P_j, so that all
desirabilities tie at P_(k+1), and the delegations saturate every pool.

With several pools a player it is an auction of k places at one price: a place goes to the k
highest *next values* (what one more pool adds to its owner's potential), and every winner
promises its delegators the highest value that was refused. That state is an equilibrium
where next values fall from pool to pool, which holds once the stake is large against the
saved cost: s alpha R / (1 + alpha) > (1 - further_pool_cost) c. With alpha = 0 it never does.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.errors import RewardError
from workbench.rewards import checks
from workbench.rewards.checks import Floats
from workbench.rewards.game.nash import NashCheck, is_nash
from workbench.rewards.game.players import Players
from workbench.rewards.game.rules import Game, Rules
from workbench.rewards.game.state import State


@dataclass(frozen=True, eq=False)
class Equilibrium:
    """What the search found; true where a condition is asked for if it is an equilibrium.

    Attributes
    ----------
    state : State
        The equilibrium, or the last state tried.
    check : NashCheck or None
        The test of `state`; None if the test was left out.
    refinements : int
        Best responses played after the construction; 0 where the theory was right at once.
    """

    state: State
    check: NashCheck | None
    refinements: int

    def __bool__(self) -> bool:
        return self.check is not None and self.check.is_nash


@dataclass(frozen=True, eq=False)
class Prediction:
    """The closed form: who runs how many pools, and what all of them promise.

    Attributes
    ----------
    pool_counts : int array of shape (players,)
    price : float
        The desirability of every pool: the highest next value that got no place
        (P_(k+1) where each player may run one pool).
    margins : float64 array of shape (players,)
        Margin of each operator's pools; NaN for the others.
    """

    pool_counts: NDArray[np.int64]
    price: float
    margins: Floats


def predict(game: Game) -> Prediction:
    """Say from the closed form who runs pools in equilibrium and at what margin.

    Parameters
    ----------
    game : Game

    Returns
    -------
    Prediction

    Notes
    -----
    It does not say that this is an equilibrium: where an operator's next values do not fall
    (alpha near 0, cheap further pools) there may be none.

    References
    ----------
    Brünjes, Kiayias, Koutsoupias, Stouka (2020), "Reward Sharing Schemes for Stake Pools".

    Examples
    --------
    >>> from workbench.rewards.game import Game, Players, Rules
    >>> game = Game(Players([0.4, 0.3, 0.3], [0.01, 0.02, 0.06]), Rules(2, 0.0, max_pools=1))
    >>> predict(game).margins.round(4).tolist()   # 1 - 0.44 / 0.49, 1 - 0.44 / 0.48
    [0.102, 0.0833, nan]
    """
    counts = np.zeros(game.players.count, dtype=np.int64)
    values = game.next_values
    # The best offers of all; a tie goes to the lower player number, as in the ranking.
    heap = [(-value, player) for player, value in enumerate(values[:, 0]) if value > 0]
    heapq.heapify(heap)
    left = game.rules.places
    while heap and left:
        _, player = heapq.heappop(heap)
        counts[player] += 1
        left -= 1
        value = float(values[player, counts[player]])
        if value > 0:
            heapq.heappush(heap, (-value, player))
    price = -heap[0][0] if heap else 0.0
    margins = np.full(counts.size, np.nan)
    runs = np.flatnonzero(counts)
    potentials = game.potentials[runs, counts[runs] - 1]
    # Nobody delegates for nothing: without a rival a hair is left for the delegators.
    floor = max(price, 4.0 * game.rules.tie)
    margins[runs] = np.clip(1.0 - floor / potentials, 0.0, 1.0)
    return Prediction(counts, price, margins)


def find_equilibrium(
    game: Game | Players,
    rules: Rules | None = None,
    max_refinements: int = 200,
    is_checked: bool = True,
) -> Equilibrium:
    """Build the state that the theory predicts, test it, and repair it by best responses.

    Parameters
    ----------
    game : Game, or Players with `rules`
    rules : Rules, optional
        Only if `game` is Players.
    max_refinements : int
        At most so many best responses are played if the construction fails the test.
    is_checked : bool
        False builds only: fast, and nothing is claimed (``check`` is None).

    Returns
    -------
    Equilibrium
        Where none was found it is false and holds the most profitable deviation.

    Raises
    ------
    RewardError
        If a value is outside its range.

    Notes
    -----
    A search, not a proof: a false answer does not say that there is no equilibrium.

    Examples
    --------
    >>> from workbench.rewards.game import Game, Rules, draw_players
    >>> found = find_equilibrium(draw_players(200, seed=1), Rules(k=20))
    >>> bool(found), found.state.pool_owners.size, found.refinements
    (True, 20, 0)
    """
    if isinstance(game, Players) and isinstance(rules, Rules):
        game = Game(game, rules)
    elif not isinstance(game, Game) or rules is not None:
        raise RewardError("find_equilibrium takes a Game, or Players and Rules")
    steps = checks.count("max_refinements", max_refinements)
    state = build(game, predict(game))
    if not is_checked:
        return Equilibrium(state, None, 0)
    check = is_nash(state)
    for step in range(steps):
        if check.deviation is None:
            return Equilibrium(state, check, step)
        state = settle(check.deviation.after)
        check = is_nash(state)
    return Equilibrium(state, check, steps)


def build(game: Game, prediction: Prediction) -> State:
    """The state of a prediction: all pools open, all other stake delegated to fill them."""
    counts = prediction.pool_counts
    owners = np.repeat(np.arange(counts.size), counts)
    pledges = game.rules.pledge_of_each(game.players.stakes[owners], counts[owners])
    free = game.players.stakes - np.bincount(owners, pledges, counts.size)
    delegations = _fill(game, owners, pledges, free)
    return State(game, owners, pledges, prediction.margins[owners], delegations)


def settle(state: State) -> State:
    """Let all delegations flow again into the pools that are expected to fill, room by room.

    After an operator moved, delegators would take dozens of single moves to do the same.
    """
    fills = np.flatnonzero(state.expected_to_fill)
    game, owners = state.game, state.pool_owners
    free = game.players.stakes - np.bincount(owners, state.pledges, game.players.count)
    delegations = np.zeros_like(state.delegations)
    delegations[:, fills] = _fill(game, owners[fills], state.pledges[fills], free)
    return State(game, owners, state.pledges, state.margins, delegations)


def _fill(game: Game, owners: NDArray[np.int64], pledges: Floats, free: Floats) -> Floats:
    """Delegate the free stake player by player, each room filled before the next."""
    players = game.players
    rooms = np.maximum(0.0, game.rules.saturation_stake - pledges)
    # Rounding of an even split leaves crumbs that are nobody's stake.
    free = np.where(players.abstains | (free < 1e-12 * players.stakes), 0.0, free)
    delegations = np.zeros((players.count, owners.size))
    is_operator = np.bincount(owners, minlength=players.count) > 0
    first = 0
    # Operators with stake to spare go first: they may not use the room of their own pools.
    for player in np.argsort(~is_operator, kind="stable"):
        for pool in range(first, owners.size):
            if free[player] <= 0.0:
                break
            if owners[pool] != player:
                put = min(free[player], rooms[pool])
                delegations[player, pool] = put
                rooms[pool] -= put
                free[player] -= put
        while first < owners.size and rooms[first] <= 0.0:
            first += 1
    return delegations
