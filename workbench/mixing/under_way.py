"""Which packets of a State are where, and where the observer believes a target to be.

Everything here reads the plain arrays of a State between two steps, and changes nothing.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from workbench.mixing import kernels as k
from workbench.mixing.state import F8, I8, State


class Held(NamedTuple):
    """Which slots are held where: parallel arrays, in the order of the slots."""

    slots: I8
    mixes: I8


def in_use(state: State) -> I8:
    """The slots of all packets under way, rising."""
    used = np.ones(len(state.slot_free), bool)
    used[state.slot_free[: state.ints[k.SLOTS_FREE]]] = False
    return np.flatnonzero(used)


def scheduled(state: State) -> tuple[I8, I8]:
    """Slots and kinds of event (EV_*) of the packets that the event queue knows."""
    codes = state.heap_code[: state.ints[k.HEAP_N]]
    codes = codes[codes >= 0]
    return codes >> 2, codes & 3


def held(state: State) -> Held:
    """Which packets the mixes hold now (not on a link, not waiting for a processor)."""
    if state.ints[k.RULE] == k.BY_DELAY:
        slots, events = scheduled(state)
        slots = np.sort(slots[events == k.EV_LEAVE])
    else:
        busy, _ = scheduled(state)
        slots = np.setdiff1d(in_use(state), busy, assume_unique=True)
    return Held(slots, state.route[slots, state.packets[slots, k.P_HOP]])


def positions(state: State) -> Held:
    """Rows and mixes of the positions of mixes whose delays are not memoryless."""
    rows: list[I8] = []
    mixes: list[I8] = []
    weighted = np.flatnonzero(state.mix_ints[:, k.M_MODE] == k.WEIGHTED)
    at = state.mix_ints[weighted, k.M_HEAD]
    while len(weighted):
        known = at >= 0
        weighted, at = weighted[known], at[known]
        rows.append(at)
        mixes.append(weighted)
        at = state.row_ints[at, k.ROW_NEXT]
    if not rows:
        return Held(np.zeros(0, np.int64), np.zeros(0, np.int64))
    return Held(np.concatenate(rows), np.concatenate(mixes))


def mass_at_mixes(state: State, column: int) -> F8:
    """One target's mass at each mix of the state: what the observer believes is there."""
    mode, n = state.mix_ints[:, k.M_MODE], state.mix_ints[:, k.M_HELD]
    has = state.mix_ints[:, k.M_HAS_MASS] != 0
    rows = state.mass[: len(mode), column]
    at = np.zeros(len(mode))
    uniform = has & (mode == k.UNIFORM)
    at[uniform] = n[uniform] * rows[uniform]
    blurred = has & (mode == k.BLURRED)
    at[blurred] = rows[blurred]
    if (mode == k.BYPASS).any():
        here = held(state)
        own = state.packets[here.slots, k.P_ROW]
        known = own >= 0
        np.add.at(at, here.mixes[known], state.mass[own[known], column])
    if (mode == k.WEIGHTED).any():
        places = positions(state)
        weights = state.row_reals[places.slots, k.ROW_STILL]
        np.add.at(at, places.mixes, weights * state.mass[places.slots, column])
    return at
