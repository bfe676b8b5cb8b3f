"""Is this a Nash equilibrium, and if not, who gains by doing what instead?

The payoff is the non-myopic one unless the myopic one is asked for (see
:mod:`workbench.rewards.game.state`); every other player stays as it is. The declared moves:

=========  ==========================================================================
delegate   a player moves all stake that it does not pledge: the best spread over all
           pools that fill (exact up to rounding), or everything in one that does not
close      an operator closes all pools and delegates its stake in the same way
open       a player without pools opens one
split      more pools than now, up to ``rules.max_pools``
merge      fewer pools than now, but not none
pledge     as many pools as now, each with another pledge
margin     pools and pledges as now, another margin
=========  ==========================================================================

Whoever runs t pools pledges one of the shares ``PLEDGE_GRID`` of its stake, split evenly and
at most saturation each, delegates the rest in the best way, and asks one margin for all its
pools: each of ``MARGIN_GRID`` and *the best ones*, those that just win 1, 2 .. t places.
Between two best margins the payoff grows with the margin, so no margin does better.
Delegations to a pool stay with it until their owners move; those of a closed pool are free.

Not declared, and so not excluded by a positive answer: different margins for the pools of
one operator, uneven pledges that the operator does not already have, joint moves of several
players, and spreads over pools that fill *and* pools that do not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.errors import RewardError
from workbench.rewards import checks
from workbench.rewards.checks import Floats
from workbench.rewards.game.moves import Move, kind_of, moved
from workbench.rewards.game.rules import Game, Rules
from workbench.rewards.game.state import State, View, check_view, payoffs

MARGIN_GRID = tuple(step / 20 for step in range(21))
PLEDGE_GRID = (1.0, 0.75, 0.5, 0.25)
# A gain below this share of a saturated pool's reward is rounding, not a reason to move.
GAIN_TOLERANCE = 1e-9


@dataclass(frozen=True, eq=False)
class NashCheck:
    """The answer of :func:`is_nash`; true or false where a condition is asked for.

    Attributes
    ----------
    is_nash : bool
        Whether no checked player gains more than `tolerance` by any declared move.
    deviation : Move or None
        Otherwise the most profitable of all declared moves.
    gains : float64 array of shape (players,)
        The most that each player could gain; 0 for those not checked.
    tolerance : float
        In the unit of the pot.
    view : str
        The payoff that was tested.
    """

    is_nash: bool
    deviation: Move | None
    gains: Floats
    tolerance: float
    view: View

    def __bool__(self) -> bool:
        return self.is_nash

    @property
    def words(self) -> str:
        """The answer as a sentence."""
        if self.deviation is None:
            return f"an equilibrium: nobody gains more than {self.tolerance:.1g} by moving alone"
        return f"not an equilibrium: {self.deviation.words}"


def is_nash(
    state: State,
    view: View = "non_myopic",
    players: ArrayLike | None = None,
    margins: ArrayLike = MARGIN_GRID,
    pledges: ArrayLike = PLEDGE_GRID,
    tolerance: float = GAIN_TOLERANCE,
) -> NashCheck:
    """Try every declared move of every player and say whether one of them gains.

    Parameters
    ----------
    state : State
    view : str
        Payoff to test, ``"non_myopic"`` or ``"myopic"``.
    players : array of int, optional
        Whom to check; everybody, if left out. Abstainers have no moves.
    margins, pledges : arrays
        Grids of margins and of shares of the stake to pledge, each in [0, 1]; the best
        margins are always tried besides.
    tolerance : float
        Gains up to this share of a saturated pool's reward (pot / k) do not count.

    Returns
    -------
    NashCheck
        With the most profitable deviation, if there is one.

    Raises
    ------
    RewardError
        If a value is outside its range.

    Notes
    -----
    Exact up to rounding for the declared moves of the module; it does not say that the
    state is reached by anybody, nor that coalitions would not move.

    Examples
    --------
    >>> from workbench.rewards.game import Game, Players, Rules
    >>> game = Game(Players([0.6, 0.4], [0.01, 0.01]), Rules(k=2))
    >>> check = is_nash(State.empty(game))
    >>> bool(check), check.deviation.player, check.deviation.kind
    (False, 0, 'split')
    """
    check_view(view)
    limit = _tolerance(state.game, tolerance)
    current = payoffs(state, view)
    chosen = _players(state.game, players)
    gains = np.zeros(state.game.players.count)
    table = _Table(state, view, margins, pledges)
    table.best_gains(chosen[~state.game.players.abstains[chosen]], current, gains)
    worst = int(np.argmax(gains))
    if gains[worst] > limit:
        move = table.best_move(worst, float(current[worst]), limit)
        if move.kind != "stay":  # a gain at the very limit may be rounding after all
            return NashCheck(False, move, gains, limit, view)
    return NashCheck(True, None, gains, limit, view)


def best_response(
    state: State,
    player: int,
    view: View = "non_myopic",
    margins: ArrayLike = MARGIN_GRID,
    pledges: ArrayLike = PLEDGE_GRID,
    tolerance: float = GAIN_TOLERANCE,
) -> Move:
    """Find the best declared move of one player.

    Parameters
    ----------
    state : State
    player : int
        Its number, from 0.
    view, margins, pledges, tolerance
        As in :func:`is_nash`.

    Returns
    -------
    Move
        ``move.after`` is the state in which it is done; kind ``"stay"`` if nothing gains.

    Raises
    ------
    RewardError
        If a value is outside its range.

    Examples
    --------
    >>> from workbench.rewards.game import Game, Players, Rules
    >>> game = Game(Players([0.5, 0.5], [0.01, 0.02]), Rules(k=1, max_pools=1))
    >>> move = best_response(State.empty(game), 0)
    >>> move.kind, round(float(move.after.margins[0]), 4)   # 1 - P_2 / P_1
    ('open', 0.0114)
    """
    check_view(view)
    limit = _tolerance(state.game, tolerance)
    chosen = int(_players(state.game, [player])[0])
    current = float(payoffs(state, view)[chosen])
    if state.game.players.abstains[chosen]:
        return Move(chosen, "stay", current, current, state, state)
    return _Table(state, view, margins, pledges).best_move(chosen, current, limit)


class _Table:
    """A state as the kernels want it, with its ranking listed once for all players."""

    def __init__(self, state: State, view: View, margins: ArrayLike, pledges: ArrayLike) -> None:
        from workbench.rewards.game import kernels  # numba loads here and not before

        self.state, self.view = state, view
        rules = state.game.rules
        terms = terms_of(rules)
        self.grids = (
            np.array(checks.share("margins", margins)).ravel(),
            np.array(checks.share("pledges", pledges)).ravel(),
        )
        # Writable copies: the compiler would build everything again for read-only arrays.
        pools = kernels.Pools(
            np.array(state.pool_owners),
            np.array(state.pledges),
            np.array(state.margins),
            np.array(state.pool_costs),
            np.array(state.pool_stakes),
            np.array(state.potentials),
            np.array(state.desirabilities),
            np.array(state.rank_values),
        )
        # One player has at most max_pools items of its own, and its next offer.
        keep = rules.places + rules.max_pools + 2
        listing = kernels.list_by(
            pools.ranked, pools.best, pools.owners, state.standing_offers, keep, rules.tie
        )
        kernels.count_ahead(listing, rules.tie)
        self.pools: Any = pools
        self.rest: tuple[Any, ...] = (listing, terms, view == "myopic")

    def best_gains(self, chosen: NDArray[np.int64], current: Floats, gains: Floats) -> None:
        """Write what each chosen player could gain."""
        from workbench.rewards.game import kernels_search

        search: Any = kernels_search.best_gains
        game = self.state.game
        search(
            chosen,
            current,
            np.array(game.players.stakes),
            np.array(game.players.costs),
            game.next_values,
            *self.grids,
            self.pools,
            np.array(self.state.delegations),
            *self.rest,
            gains,
        )

    def best_move(self, player: int, current: float, limit: float) -> Move:
        """The best move of one player, as a value."""
        from workbench.rewards.game import kernels_search

        search: Any = kernels_search.best_move
        state, players = self.state, self.state.game.players
        amounts = np.zeros(state.pool_owners.size)
        _, pools, margin, pledge = search(
            player,
            current,
            players.stakes[player],
            players.costs[player],
            state.game.next_values[player],
            *self.grids,
            self.pools,
            np.array(state.delegations[player]),
            *self.rest,
            amounts,
        )
        stays = Move(player, "stay", current, current, state, state)
        if pools < 0:
            return stays
        after = moved(
            state,
            player,
            pools,
            None if margin < 0 else margin,
            None if pledge < 0 else pledge,
            amounts,
        )
        pay = float(payoffs(after, self.view)[player])
        if pay - current <= limit:
            return stays
        kind = kind_of(int(state.pool_counts[player]), pools, margin < 0, pledge < 0)
        return Move(player, kind, current, pay, state, after)


def terms_of(rules: Rules) -> Any:
    """The rules as the kernels want them."""
    from workbench.rewards.game import kernels

    return kernels.Terms(
        rules.places,
        rules.saturation_stake,
        float(rules.reward_pot),
        rules.k,
        float(rules.alpha),
        float(rules.further_pool_cost),
        rules.tie,
    )


def _players(game: Game, players: ArrayLike | None) -> NDArray[np.int64]:
    if players is None:
        return np.arange(game.players.count)
    chosen = np.ravel(np.asarray(players))
    if chosen.size and chosen.dtype.kind not in "iu":
        raise RewardError("players must be player numbers")
    if chosen.size and not (chosen.min() >= 0 and chosen.max() < game.players.count):
        raise RewardError(f"players must be numbers from 0 to {game.players.count - 1}")
    return chosen.astype(np.int64)


def _tolerance(game: Game, tolerance: float) -> float:
    value = checks.not_negative("tolerance", tolerance)
    if value.ndim:
        raise RewardError("tolerance must be one number")
    return float(value) * game.rules.reward_pot / game.rules.k
