"""Rewards, ranking and operators' pay, compiled: arrays in, numbers out; no classes, no I/O.

Every function here has a slow and obvious twin in the tests. Pools live in *slots*; a slot
whose owner is negative is empty. A *listing* holds the items that can matter for the first
places, by falling value: open pools (slot 0 or more) and standing offers (slot -1).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from workbench.rewards.checks import Floats

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class Terms(NamedTuple):
    """The rules as numbers."""

    places: int
    saturation: float
    pot: float
    k: int
    alpha: float
    further_cost: float
    tie: float


class Pools(NamedTuple):
    """All slots, as arrays of one length.

    `best` is P, `wanted` is (1 - m) P, and `ranked` is what counts in the ranking.
    """

    owners: Ints
    pledges: Floats
    margins: Floats
    costs: Floats
    stakes: Floats
    best: Floats
    wanted: Floats
    ranked: Floats


class Listing(NamedTuple):
    """Items by falling `values`; the second value breaks ties; `ahead` is by slot."""

    values: Floats
    seconds: Floats
    of: Ints
    where: Ints
    ahead: Ints


class Own(NamedTuple):
    """Room for one player's own pools, `max_pools` long."""

    pledges: Floats
    margins: Floats
    delegated: Floats
    best: Floats
    ranked: Floats


@njit(cache=True, nogil=True)
def pool_reward(stake: float, pledge: float, terms: Terms) -> float:
    """The paper's reward at omega = 1/k and performance 1."""
    counted = min(stake, terms.saturation)
    bonus = terms.alpha * terms.k * min(pledge, 1.0 / terms.k)
    return terms.pot * counted * (1.0 + bonus) / (1.0 + terms.alpha)


@njit(cache=True, nogil=True)
def pool_cost(cost: float, pools: int, terms: Terms) -> float:
    """Cost of each of several pools of one operator."""
    return cost * (1.0 + terms.further_cost * (pools - 1)) / pools


@njit(cache=True, nogil=True)
def rank_value(pledge: float, margin: float, best: float, terms: Terms) -> float:
    """What a pool is ranked by: desirability, or potential if its own pledge fills it."""
    if pledge >= terms.saturation * (1.0 - 1e-12):
        return max(0.0, best)
    return (1.0 - margin) * max(0.0, best)


@njit(cache=True, nogil=True)
def beats(
    wanted_a: float, best_a: float, owner_a: int, slot_a: int,
    wanted_b: float, best_b: float, owner_b: int, slot_b: int, tie: float,
) -> bool:  # fmt: skip
    """Whether item a ranks before item b: rank value, potential, open, lower number."""
    if wanted_a > wanted_b + tie:
        return True
    if wanted_a < wanted_b - tie:
        return False
    if best_a > best_b + tie:
        return True
    if best_a < best_b - tie:
        return False
    if (slot_a >= 0) != (slot_b >= 0):
        return slot_a >= 0
    if owner_a != owner_b:
        return owner_a < owner_b
    return slot_a < slot_b


@njit(cache=True, nogil=True)
def list_by(
    first: Floats, second: Floats, owners: Ints, offers: Floats, keep: int, tie: float
) -> Listing:
    """List pools and offers by `first`, downwards: all that can be among the first `keep`.

    `first` and `second` are rank value and potential of the slots, in either order; a
    standing offer promises all its potential, so for it the two are the same number.
    """
    count = np.count_nonzero(owners >= 0) + np.count_nonzero(offers > 0.0)
    values, seconds = np.empty(count), np.empty(count)
    of, where = np.empty(count, np.int64), np.empty(count, np.int64)
    at = 0
    for slot in range(owners.size):
        if owners[slot] >= 0:
            values[at], seconds[at] = first[slot], second[slot]
            of[at], where[at] = owners[slot], slot
            at += 1
    for player in range(offers.size):
        if offers[player] > 0.0:
            values[at], seconds[at] = offers[player], offers[player]
            of[at], where[at] = player, -1
            at += 1
    order = np.argsort(-values, kind="mergesort")
    if count > keep:
        # Whoever ties with the last that matters stays, so ties are never cut in two.
        cut = values[order[keep - 1]] - 3.0 * tie
        while count > keep and values[order[count - 1]] < cut:
            count -= 1
        order = order[:count]
    # A pool that is not listed has at least `keep` items before it.
    ahead = np.full(owners.size, np.int64(owners.size + offers.size))
    return Listing(values[order], seconds[order], of[order], where[order], ahead)


@njit(cache=True, nogil=True)
def count_ahead(listing: Listing, tie: float) -> None:
    """Write how many items rank before each listed pool (`listing` is by rank value)."""
    values, seconds, of, where = listing.values, listing.seconds, listing.of, listing.where
    for b in range(of.size):
        if where[b] < 0:
            continue
        count = 0
        for a in range(of.size):
            if values[a] < values[b] - 2.0 * tie:
                break  # the list goes downwards, so nobody after this one can be ahead
            if a != b and beats(
                values[a], seconds[a], of[a], where[a], values[b], seconds[b], of[b], where[b], tie
            ):
                count += 1
        listing.ahead[where[b]] = count


@njit(cache=True, nogil=True)
def ahead_without(player: int, listing: Listing, tie: float, others: Ints) -> None:
    """The same without `player`'s own items, into `others`."""
    values, seconds, of, where = listing.values, listing.seconds, listing.of, listing.where
    others[:] = listing.ahead
    for a in range(of.size):
        if of[a] != player:
            continue
        for b in range(of.size):
            if where[b] >= 0 and of[b] != player and beats(
                values[a], seconds[a], player, where[a],
                values[b], seconds[b], of[b], where[b], tie,
            ):  # fmt: skip
                others[where[b]] -= 1


@njit(cache=True, nogil=True)
def nth_value(listing: Listing, player: int, own_offer: float, index: int) -> float:
    """The value at `index` of the list without `player`'s items but with `own_offer`."""
    seen = 0
    is_offer_seen = own_offer <= 0.0
    for item in range(listing.of.size):
        if listing.of[item] == player:
            continue
        if not is_offer_seen and own_offer >= listing.values[item]:
            is_offer_seen = True
            if seen == index:
                return own_offer
            seen += 1
        if seen == index:
            return float(listing.values[item])
        seen += 1
    if not is_offer_seen and seen == index:
        return own_offer
    return 0.0


@njit(cache=True, nogil=True)
def rank_others(
    player: int, count: int, own: Own, own_offer: float, listing: Listing, others: Ints,
    terms: Terms, fills: Bools,
) -> None:  # fmt: skip
    """Which pools of the others fill, once `player` runs `count` pools as in `own`."""
    fills[:] = False
    for b in range(listing.of.size):
        slot, wanted, best = listing.where[b], listing.values[b], listing.seconds[b]
        if slot < 0 or listing.of[b] == player or wanted <= terms.tie:
            continue
        ahead = others[slot]
        if own_offer > 0.0 and beats(
            own_offer, own_offer, player, -1, wanted, best, listing.of[b], slot, terms.tie
        ):
            ahead += 1
        for pool in range(count):
            if beats(
                own.ranked[pool], own.best[pool], player, pool,
                wanted, best, listing.of[b], slot, terms.tie,
            ):  # fmt: skip
                ahead += 1
        fills[slot] = ahead < terms.places


@njit(cache=True, nogil=True)
def run_pools(
    player: int, count: int, own: Own, cost: float, own_offer: float, listing: Listing,
    terms: Terms, is_myopic: bool,
) -> float:  # fmt: skip
    """What `player` gets by running `count` pools as in `own`; fills own.best, own.ranked."""
    tie = terms.tie
    for pool in range(count):
        own.best[pool] = pool_reward(terms.saturation, own.pledges[pool], terms) - cost
        own.ranked[pool] = rank_value(own.pledges[pool], own.margins[pool], own.best[pool], terms)
    total = 0.0
    ahead = 0
    for pool in range(count):
        wanted, best = own.ranked[pool], own.best[pool]
        if pool > 0 and wanted == own.ranked[pool - 1] and best == own.best[pool - 1]:
            ahead += 1  # the same items as before the one before, and that one itself
        else:
            ahead = 0
            for item in range(listing.of.size):
                if listing.values[item] < wanted - 2.0 * tie:
                    break
                if listing.of[item] != player and beats(
                    listing.values[item], listing.seconds[item], listing.of[item],
                    listing.where[item], wanted, best, player, pool, tie,
                ):  # fmt: skip
                    ahead += 1
            if own_offer > 0.0 and beats(
                own_offer, own_offer, player, -1, wanted, best, player, pool, tie
            ):
                ahead += 1
            for other in range(count):
                if other != pool and beats(
                    own.ranked[other], own.best[other], player, other,
                    wanted, best, player, pool, tie,
                ):  # fmt: skip
                    ahead += 1
        stake = own.pledges[pool] + own.delegated[pool]
        if not is_myopic:
            if ahead < terms.places and wanted > tie:
                stake = max(stake, terms.saturation)
            else:
                stake = own.pledges[pool]
        profit = pool_reward(stake, own.pledges[pool], terms) - cost
        if profit > 0.0:
            margin = own.margins[pool]
            profit *= margin + (1.0 - margin) * own.pledges[pool] / stake
        total += profit
    return total
