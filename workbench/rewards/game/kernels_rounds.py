"""The repeated game's inner loop, compiled: one player after the other looks and moves.

The board is changed in place; the generator's state is an argument. A player that looks
ahead sets *limit margins*: it promises its delegators what the rivals that it must keep out
could promise at most (their potential), since a rival that is just undercut answers by
undercutting in turn. Where its own potential does not reach that far it asks nothing.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from workbench.rewards.checks import Floats
from workbench.rewards.game.kernels import (
    Bools,
    Ints,
    Listing,
    Own,
    Pools,
    Terms,
    ahead_without,
    count_ahead,
    list_by,
    nth_value,
    pool_cost,
    pool_reward,
    rank_others,
    rank_value,
    run_pools,
)
from workbench.rewards.game.kernels_delegation import delegate_pay, spread


class Board(NamedTuple):
    """Everything that moves change, and the players; slots as in :class:`Pools`."""

    pools: Pools
    delegations: Floats  # (players, slots)
    counts: Ints  # pools that each player runs
    slots: Ints  # (players, max_pools): where, -1 behind the last
    offers: Floats  # standing offers
    stakes: Floats
    costs: Floats
    next_values: Floats  # (players, max_pools + 1)
    is_myopic: Bools


class Temper(NamedTuple):
    """How rational players are; see Behaviour in repeated.py."""

    inertia: float
    rationality: float  # infinity: always the best
    noise: float
    least_gain: float


class View(NamedTuple):
    """What one player sees: pools with noise, and rankings by desirability and potential."""

    pools: Pools
    wanted: Listing
    best: Listing


@njit(cache=True, nogil=True)
def look(board: Board, terms: Terms, player: int, noise: float, rng: np.random.Generator) -> View:
    """Rank everything as `player` sees it (-1: without noise)."""
    pools, offers = board.pools, board.offers
    most = board.next_values.shape[1] - 1
    if noise > 0.0 and player >= 0:
        best, wanted, offers = pools.best.copy(), pools.wanted.copy(), offers.copy()
        ranked = pools.ranked.copy()
        for slot in range(best.size):
            if pools.owners[slot] >= 0 and pools.owners[slot] != player:
                factor = math.exp(noise * rng.standard_normal())
                best[slot] *= factor
                wanted[slot] *= factor
                ranked[slot] *= factor
        for other in range(offers.size):
            if other != player:
                offers[other] *= math.exp(noise * rng.standard_normal())
        pools = Pools(
            pools.owners, pools.pledges, pools.margins, pools.costs, pools.stakes,
            best, wanted, ranked,
        )  # fmt: skip
    keep = terms.places + most + 2
    by_wanted = list_by(pools.ranked, pools.best, pools.owners, offers, keep, terms.tie)
    count_ahead(by_wanted, terms.tie)
    by_best = list_by(pools.best, pools.ranked, pools.owners, offers, keep, terms.tie)
    return View(pools, by_wanted, by_best)


@njit(cache=True, nogil=True)
def limit_margin(
    player: int, count: int, potential: float, own_offer: float, view: View, terms: Terms
) -> float:
    """The margin that keeps out all rivals that could be kept out; 0 where none can be."""
    if potential <= 0.0:
        return 0.0
    last = max(0, terms.places - count)
    rival = max(nth_value(view.best, player, own_offer, last), 4.0 * terms.tie)
    if potential < rival:
        return 0.0
    return 1.0 - rival / potential


@njit(cache=True, nogil=True)
def place(
    player: int, amount: float, view: View, base: Floats, fills: Bools, terms: Terms,
    is_myopic: bool, amounts: Floats,
) -> float:  # fmt: skip
    """Delegate by a rule of thumb: room by room down the ranking, then whatever pays most.

    The best spread (kernels.spread) would load the most desirable pools a little beyond
    saturation while others have room; nobody does that sum, and if all did they would
    re-balance for ever for gains of a millionth.
    """
    if is_myopic:
        return spread(player, amount, view.pools, base, fills, terms, True, amounts)
    amounts[:] = 0.0
    pay, rest = 0.0, amount
    for item in range(view.wanted.of.size):
        slot = view.wanted.where[item]
        if slot < 0 or not fills[slot] or base[slot] >= terms.saturation:
            continue
        put = min(rest, terms.saturation - base[slot])
        amounts[slot] = put
        pay += delegate_pay(put, base[slot], slot, view.pools, True, terms, False)
        rest -= put
        if rest <= 1e-12 * amount:
            return pay
    chosen, most = -1, 0.0
    for slot in range(base.size):
        owner = view.pools.owners[slot]
        if owner < 0 or owner == player or amounts[slot] > 0.0:
            continue
        if rest * view.pools.wanted[slot] / terms.saturation <= most:
            continue
        one = delegate_pay(rest, base[slot], slot, view.pools, fills[slot], terms, False)
        if one > most:
            chosen, most = slot, one
    if chosen >= 0:
        amounts[chosen] = rest
    return pay + most


@njit(cache=True, nogil=True)
def plan(
    player: int, count: int, board: Board, view: View, terms: Terms, others: Ints, base: Floats,
    own: Own, fills: Bools, amounts: Floats,
) -> float:  # fmt: skip
    """What `player` expects from running `count` pools (0: delegating everything).

    Leaves the pools in `own` and the delegations in `amounts`.
    """
    stake, cost = board.stakes[player], board.costs[player]
    is_myopic = board.is_myopic[player]
    offer = board.next_values[player, count]
    pay, rest = 0.0, stake
    amounts[:] = 0.0
    if count > 0:
        each = pool_cost(cost, count, terms)
        pledge = min(stake / count, terms.saturation)
        for pool in range(count):
            own.pledges[pool] = pledge
            own.delegated[pool] = 0.0
            if pool < board.counts[player]:
                slot = board.slots[player, pool]
                own.delegated[pool] = board.pools.stakes[slot] - board.pools.pledges[slot]
        potential = pool_reward(terms.saturation, pledge, terms) - each
        margin = limit_margin(player, count, potential, offer, view, terms)
        own.margins[:count] = margin
        pay = run_pools(player, count, own, each, offer, view.wanted, terms, is_myopic)
        if is_myopic:
            # Who reckons with today's delegations alone had best take all they earn.
            own.margins[:count] = 1.0
            greedy = run_pools(player, count, own, each, offer, view.wanted, terms, True)
            if greedy > pay + terms.tie:
                pay = greedy
            else:
                own.margins[:count] = margin
                pay = run_pools(player, count, own, each, offer, view.wanted, terms, True)
        rest = stake - pledge * count
        if rest <= 1e-12 * stake:
            return pay
    rank_others(player, count, own, offer, view.wanted, others, terms, fills)
    return pay + place(player, rest, view, base, fills, terms, is_myopic, amounts)


@njit(cache=True, nogil=True)
def stay(
    player: int, board: Board, view: View, terms: Terms, others: Ints, base: Floats, own: Own,
    fills: Bools,
) -> float:  # fmt: skip
    """What `player` expects from leaving everything as it is."""
    count = board.counts[player]
    is_myopic = board.is_myopic[player]
    offer = board.next_values[player, count]
    pay = 0.0
    for pool in range(count):
        slot = board.slots[player, pool]
        own.pledges[pool] = board.pools.pledges[slot]
        own.margins[pool] = board.pools.margins[slot]
        own.delegated[pool] = board.pools.stakes[slot] - board.pools.pledges[slot]
    if count > 0:
        each = pool_cost(board.costs[player], count, terms)
        pay = run_pools(player, count, own, each, offer, view.wanted, terms, is_myopic)
    rank_others(player, count, own, offer, view.wanted, others, terms, fills)
    for slot in range(base.size):
        amount = board.delegations[player, slot]
        if amount > 0.0:
            pay += delegate_pay(amount, base[slot], slot, view.pools, fills[slot], terms, is_myopic)
    return pay


@njit(cache=True, nogil=True)
def is_as_now(player: int, count: int, board: Board, own: Own, amounts: Floats) -> bool:
    """Whether a plan changes nothing."""
    if count != board.counts[player]:
        return False
    for pool in range(count):
        slot = board.slots[player, pool]
        if abs(own.margins[pool] - board.pools.margins[slot]) > 1e-12:
            return False
        if abs(own.pledges[pool] - board.pools.pledges[slot]) > 1e-15:
            return False
    for slot in range(amounts.size):
        if abs(amounts[slot] - board.delegations[player, slot]) > 1e-15:
            return False
    return True


@njit(cache=True, nogil=True)
def carry_out(
    player: int, count: int, board: Board, terms: Terms, own: Own, amounts: Floats
) -> None:
    """Write a plan on the board; delegations to a closed pool become free."""
    pools, delegations = board.pools, board.delegations
    for slot in range(amounts.size):
        if delegations[player, slot] != 0.0:
            pools.stakes[slot] -= delegations[player, slot]
            delegations[player, slot] = 0.0
    for pool in range(count, board.counts[player]):
        slot = board.slots[player, pool]
        delegations[:, slot] = 0.0
        pools.owners[slot] = -1
        pools.pledges[slot], pools.margins[slot], pools.costs[slot] = 0.0, 0.0, 0.0
        pools.stakes[slot], pools.ranked[slot] = 0.0, 0.0
        pools.best[slot], pools.wanted[slot] = 0.0, 0.0
        board.slots[player, pool] = -1
    free = 0
    for pool in range(count):
        if pool >= board.counts[player]:
            while pools.owners[free] >= 0:
                free += 1
            board.slots[player, pool] = free
            pools.owners[free] = player
        slot = board.slots[player, pool]
        each = pool_cost(board.costs[player], count, terms)
        pools.stakes[slot] += own.pledges[pool] - pools.pledges[slot]
        pools.pledges[slot], pools.margins[slot] = own.pledges[pool], own.margins[pool]
        pools.costs[slot] = each
        pools.best[slot] = pool_reward(terms.saturation, own.pledges[pool], terms) - each
        pools.wanted[slot] = (1.0 - own.margins[pool]) * max(0.0, pools.best[slot])
        pools.ranked[slot] = rank_value(
            own.pledges[pool], own.margins[pool], pools.best[slot], terms
        )
    board.counts[player] = count
    board.offers[player] = board.next_values[player, count]
    for slot in range(amounts.size):
        if amounts[slot] != 0.0:
            delegations[player, slot] = amounts[slot]
            pools.stakes[slot] += amounts[slot]


@njit(cache=True, nogil=True)
def choose(pays: Floats, fair: float, temper: Temper, rng: np.random.Generator) -> int:
    """Which option to take; option 0 is to stay, and inertia speaks for it."""
    held = pays[0] + temper.inertia * fair
    if math.isinf(temper.rationality):
        best = 1 + int(np.argmax(pays[1:]))
        return best if pays[best] > held + temper.least_gain else 0
    weights = pays.copy()
    weights[0] = held
    weights = np.exp(temper.rationality * (weights - weights.max()) / fair)
    drawn = rng.random() * weights.sum()
    for option in range(pays.size):
        drawn -= weights[option]
        if drawn < 0.0:
            return option
    return 0


@njit(cache=True, nogil=True)
def play(
    order: Ints, start: int, board: Board, terms: Terms, temper: Temper,
    rng: np.random.Generator, gains: Floats,
) -> tuple[int, int]:  # fmt: skip
    """Let the players of `order` move in turn, from index `start` on.

    Returns where it stopped (early if the board has no room for more pools) and how many
    moved; writes the gain that each mover expected, NaN for those who stayed.
    """
    slots, most = board.pools.owners.size, board.next_values.shape[1] - 1
    others, fills = np.zeros(slots, np.int64), np.zeros(slots, np.bool_)
    base, amounts = np.zeros(slots), np.zeros(slots)
    own = Own(np.zeros(most), np.zeros(most), np.zeros(most), np.zeros(most), np.zeros(most))
    pays = np.zeros(most + 2)
    view = look(board, terms, -1, 0.0, rng)
    moves = 0
    for at in range(start, order.size):
        player = order[at]
        gains[player] = np.nan
        if slots - np.count_nonzero(board.pools.owners >= 0) < most:
            return at, moves
        if temper.noise > 0.0:
            view = look(board, terms, player, temper.noise, rng)
        ahead_without(player, view.wanted, terms.tie, others)
        for slot in range(slots):
            base[slot] = board.pools.stakes[slot] - board.delegations[player, slot]
        pays[0] = stay(player, board, view, terms, others, base, own, fills)
        for count in range(most + 1):
            pays[1 + count] = plan(
                player, count, board, view, terms, others, base, own, fills, amounts
            )
        option = choose(pays, terms.pot * board.stakes[player], temper, rng)
        if option == 0:
            continue
        count = option - 1
        plan(player, count, board, view, terms, others, base, own, fills, amounts)
        if is_as_now(player, count, board, own, amounts):
            continue
        was_operator = board.counts[player] > 0
        carry_out(player, count, board, terms, own, amounts)
        gains[player] = pays[option] - pays[0]
        moves += 1
        if temper.noise <= 0.0 and (was_operator or count > 0):
            view = look(board, terms, -1, 0.0, rng)  # the rankings know no delegations
    return order.size, moves
