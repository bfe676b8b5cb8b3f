"""Delegation, compiled: what a delegated amount earns and where it earns most."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from workbench.rewards.checks import Floats
from workbench.rewards.game.kernels import Bools, Pools, Terms, pool_reward


@njit(cache=True, nogil=True)
def delegate_pay(
    amount: float, base: float, slot: int, pools: Pools, fill: bool, terms: Terms, is_myopic: bool
) -> float:
    """Pay for `amount` in one pool that holds `base` without it."""
    if amount <= 0.0:
        return 0.0
    if fill and not is_myopic:
        return float(amount * pools.wanted[slot] / max(terms.saturation, base + amount))
    stake = (base if is_myopic else pools.pledges[slot]) + amount
    profit = pool_reward(stake, pools.pledges[slot], terms) - pools.costs[slot]
    return float(amount * (1.0 - pools.margins[slot]) * max(0.0, profit) / stake)


@njit(cache=True, nogil=True)
def water_level(
    level: float, wanted: Floats, base: Floats, fills: Bools, saturation: float, amounts: Floats
) -> float:
    """Stake that each filling pool takes until one more token there earns just `level`.

    A token earns wanted / saturation while there is room; beyond, it also lowers what the
    same player's other tokens in this pool earn: wanted base / (base + amount)^2.
    """
    total = 0.0
    for slot in range(wanted.size):
        amounts[slot] = 0.0
        if fills[slot] and level <= wanted[slot] / max(saturation, base[slot]):
            beyond = math.sqrt(wanted[slot] * base[slot] / level) - base[slot]
            amounts[slot] = max(0.0, saturation - base[slot], beyond)
            total += amounts[slot]
    return total


@njit(cache=True, nogil=True)
def pour(
    amount: float, pools: Pools, base: Floats, fills: Bools, terms: Terms, amounts: Floats
) -> None:
    """Spread `amount` over the filling pools for the most pay; exact up to rounding."""
    amounts[:] = 0.0
    wanted, saturation = pools.wanted, terms.saturation
    top, high = 0.0, 0.0
    for slot in range(wanted.size):
        if fills[slot]:
            top = max(top, wanted[slot])
            high = max(high, wanted[slot] / max(saturation, base[slot]))
    if top <= 0.0:
        return
    # The usual case: what pays most has room enough for all.
    upto = np.zeros(wanted.size)
    room = 0.0
    for slot in range(wanted.size):
        if fills[slot] and wanted[slot] >= top - terms.tie and base[slot] < saturation:
            upto[slot] = saturation - base[slot]
            room += upto[slot]
    if room < amount:
        high *= 1.0 + 1e-12
        low = high
        for _ in range(200):
            low *= 0.5
            if water_level(low, wanted, base, fills, saturation, upto) >= amount:
                break
        for _ in range(80):
            middle = 0.5 * (low + high)
            if middle <= low or middle >= high:
                break
            if water_level(middle, wanted, base, fills, saturation, upto) >= amount:
                low = middle
            else:
                high = middle
        water_level(low, wanted, base, fills, saturation, upto)
        water_level(high, wanted, base, fills, saturation, amounts)
    rest = amount - amounts.sum()
    # What is left goes where tokens earn alike: the higher potential first, as in the ranking.
    for _ in range(wanted.size):
        if rest <= 0.0:
            break
        chosen = -1
        for slot in range(wanted.size):
            if upto[slot] > amounts[slot] and (chosen < 0 or pools.best[slot] > pools.best[chosen]):
                chosen = slot
        if chosen < 0:
            break
        put = min(rest, upto[chosen] - amounts[chosen])
        amounts[chosen] += put
        upto[chosen] = 0.0
        rest -= put


@njit(cache=True, nogil=True)
def pour_myopic(
    player: int, amount: float, pools: Pools, base: Floats, terms: Terms, amounts: Floats
) -> float:
    """Fill room by room where today's pay for it is best; a rule of thumb, not the optimum."""
    pay = 0.0
    rest = amount
    for _ in range(pools.owners.size):
        chosen, most = -1, 0.0
        for slot in range(pools.owners.size):
            room = terms.saturation - base[slot]
            if pools.owners[slot] < 0 or pools.owners[slot] == player:
                continue
            if amounts[slot] > 0.0 or room <= 0.0:
                continue
            put = min(room, rest)
            each = delegate_pay(put, base[slot], slot, pools, True, terms, True) / put
            if each > most:
                chosen, most = slot, each
        if chosen < 0:
            break
        put = min(terms.saturation - base[chosen], rest)
        amounts[chosen] = put
        pay += put * most
        rest -= put
        if rest <= 0.0:
            break
    return pay


@njit(cache=True, nogil=True)
def spread(
    player: int, amount: float, pools: Pools, base: Floats, fills: Bools, terms: Terms,
    is_myopic: bool, amounts: Floats,
) -> float:  # fmt: skip
    """The best way to delegate `amount`; writes `amounts`, returns the pay.

    Non-myopic: the best spread over all pools that fill, or everything in one other pool.
    Myopic: room by room where today's pay is best, or everything in one pool.
    """
    amounts[:] = 0.0
    if amount <= 0.0:
        return 0.0
    pay = 0.0
    if is_myopic:
        pay = pour_myopic(player, amount, pools, base, terms, amounts)
    else:
        pour(amount, pools, base, fills, terms, amounts)
        for slot in range(base.size):
            pay += delegate_pay(amounts[slot], base[slot], slot, pools, True, terms, False)
    alone = -1
    for slot in range(base.size):
        if pools.owners[slot] < 0 or pools.owners[slot] == player:
            continue
        # No pool pays a token more than once it is saturated: a bound that spares most.
        if amount * pools.wanted[slot] / terms.saturation <= pay:
            continue
        if fills[slot] and not is_myopic:
            continue
        one = delegate_pay(amount, base[slot], slot, pools, False, terms, is_myopic)
        if one > pay:
            pay, alone = one, slot
    if alone >= 0:
        amounts[:] = 0.0
        amounts[alone] = amount
    return pay
