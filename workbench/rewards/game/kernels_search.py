"""The search for one player's best declared move, compiled; nash.py says what is declared."""

from __future__ import annotations

import numpy as np
from numba import njit

from workbench.rewards.checks import Floats
from workbench.rewards.game.kernels import (
    Ints,
    Listing,
    Own,
    Pools,
    Terms,
    ahead_without,
    nth_value,
    pool_cost,
    pool_reward,
    rank_others,
    run_pools,
)
from workbench.rewards.game.kernels_delegation import spread


@njit(cache=True, nogil=True)
def winning_margins(
    player: int, count: int, own: Own, cost: float, own_offer: float, listing: Listing,
    terms: Terms, tried: Floats, at: int,
) -> int:  # fmt: skip
    """Append to `tried` the margins that just win 1, 2 .. `count` places for each own pool."""
    for pool in range(count):
        potential = pool_reward(terms.saturation, own.pledges[pool], terms) - cost
        if potential <= 0.0 or (pool > 0 and own.pledges[pool] == own.pledges[pool - 1]):
            continue
        for won in range(1, min(count, terms.places) + 1):
            rival = nth_value(listing, player, own_offer, terms.places - won)
            for step in range(2):  # to tie, or to be just ahead
                target = rival + 2.0 * terms.tie * step
                if terms.tie < target <= potential:
                    tried[at] = 1.0 - target / potential
                    at += 1
    return at


@njit(cache=True, nogil=True)
def best_move(
    player: int, current: float, stake: float, cost: float, next_values: Floats,
    margin_grid: Floats, pledge_grid: Floats, pools: Pools, delegations: Floats,
    listing: Listing, terms: Terms, is_myopic: bool, amounts: Floats,
) -> tuple[float, int, float, float]:  # fmt: skip
    """The best of all declared moves of one player.

    Returns pay, number of pools, margin and pledge of each (negative: as now) and writes
    `amounts`, the delegations. Pools -1 means that nothing beats staying.
    """
    slots, most = pools.owners.size, next_values.size - 1
    others = np.zeros(slots, np.int64)
    fills = np.zeros(slots, np.bool_)
    trial, base = np.zeros(slots), np.zeros(slots)
    own = Own(np.zeros(most), np.zeros(most), np.zeros(most), np.zeros(most), np.zeros(most))
    kept_pledges, kept_margins, kept_delegated = np.zeros(most), np.zeros(most), np.zeros(most)
    ahead_without(player, listing, terms.tie, others)
    now = 0
    top = 0.0  # no token delegated anywhere can earn more than top / saturation
    for slot in range(slots):
        if pools.owners[slot] == player:
            kept_pledges[now] = pools.pledges[slot]
            kept_margins[now] = pools.margins[slot]
            kept_delegated[now] = pools.stakes[slot] - pools.pledges[slot]
            now += 1
        elif pools.owners[slot] >= 0:
            base[slot] = pools.stakes[slot] - delegations[slot]
            top = max(top, pools.wanted[slot])

    found, found_pools, found_margin, found_pledge = current, -1, 0.0, 0.0
    if now > 0 or stake * top / terms.saturation > found:
        rank_others(player, 0, own, next_values[0], listing, others, terms, fills)
        pay = spread(player, stake, pools, base, fills, terms, is_myopic, trial)
        if pay > found:
            found, found_pools = pay, 0
            amounts[:] = trial

    tried = np.empty(margin_grid.size + 2 * most * most)
    tried[: margin_grid.size] = margin_grid
    for count in range(1, most + 1):
        offer = next_values[count]
        each = pool_cost(cost, count, terms)
        for row in range(-1, pledge_grid.size):
            if row < 0 and count != now:
                continue
            pledged = 0.0
            for pool in range(count):
                own.pledges[pool] = kept_pledges[pool]
                if row >= 0:
                    own.pledges[pool] = pledge_grid[row] * min(stake / count, terms.saturation)
                pledged += own.pledges[pool]
                own.delegated[pool] = kept_delegated[pool] if pool < now else 0.0
            # An even split leaves a rounding behind that is nobody's stake.
            rest = stake - pledged if stake - pledged > 1e-12 * stake else 0.0
            margins = winning_margins(
                player, count, own, each, offer, listing, terms, tried, margin_grid.size
            )
            # First, all pools as they are: only what is not pledged moves.
            for at in range(-1 if row < 0 and rest > 0.0 else 0, margins):
                if at < 0:
                    own.margins[:count] = kept_margins[:count]
                else:
                    own.margins[:count] = tried[at]
                pay = run_pools(player, count, own, each, offer, listing, terms, is_myopic)
                if pay + rest * top / terms.saturation <= found:
                    continue
                trial[:] = 0.0
                if rest > 0.0:
                    rank_others(player, count, own, offer, listing, others, terms, fills)
                    pay += spread(player, rest, pools, base, fills, terms, is_myopic, trial)
                if pay > found:
                    found, found_pools = pay, count
                    found_margin = -1.0 if at < 0 else tried[at]
                    found_pledge = -1.0 if row < 0 else own.pledges[0]
                    amounts[:] = trial
    return found, found_pools, found_margin, found_pledge


@njit(cache=True, nogil=True)
def best_gains(
    players: Ints, currents: Floats, stakes: Floats, costs: Floats, next_values: Floats,
    margin_grid: Floats, pledge_grid: Floats, pools: Pools, delegations: Floats,
    listing: Listing, terms: Terms, is_myopic: bool, gains: Floats,
) -> None:  # fmt: skip
    """What each of `players` could gain by its best move, into `gains` at their numbers."""
    amounts = np.zeros(pools.owners.size)
    for player in players:
        pay, _, _, _ = best_move(
            player, currents[player], stakes[player], costs[player], next_values[player],
            margin_grid, pledge_grid, pools, delegations[player], listing, terms, is_myopic,
            amounts,
        )  # fmt: skip
        gains[player] = pay - currents[player]
