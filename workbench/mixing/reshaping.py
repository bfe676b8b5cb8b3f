"""The same network in arrays of another shape: room for more mixes, more senders or none."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.mixing import kernels as k
from workbench.mixing.state import I8, State, grown


def with_stride(state: State, stride: int) -> State:
    """The same network with room for ``stride`` mixes in each layer; nothing else changes."""
    ints = state.ints
    layers, old = int(ints[k.LAYERS]), int(ints[k.STRIDE])
    before, after = layers * old, layers * stride
    if after == before:
        return state
    shift = after - before
    kept = _renumbered(np.arange(before), old, stride)
    mix_ints = np.zeros((after, state.mix_ints.shape[1]), np.int64)
    mix_ints[:, k.M_HEAD] = -1
    mix_ints[kept] = state.mix_ints
    weighted = mix_ints[:, k.M_MODE] == k.WEIGHTED
    mix_ints[weighted & (mix_ints[:, k.M_HEAD] >= 0), k.M_HEAD] += shift
    mix_reals = np.zeros((after, state.mix_reals.shape[1]))
    mix_reals[:, k.M_AREA_SINCE] = state.reals[k.NOW]
    mix_reals[kept] = state.mix_reals

    def moved(rows: NDArray[Any]) -> NDArray[Any]:
        fresh = np.zeros((len(rows) + shift, *rows.shape[1:]), rows.dtype)
        fresh[kept] = rows[:before]
        fresh[after:] = rows[before:]
        return fresh

    row_ints = moved(state.row_ints)
    row_ints[after:, k.ROW_NEXT] += np.where(row_ints[after:, k.ROW_NEXT] >= 0, shift, 0)
    packets = state.packets.copy()
    packets[:, k.P_ROW] += np.where(packets[:, k.P_ROW] >= 0, shift, 0)
    loops = packets[:, k.P_KIND] == 3
    packets[loops, k.P_SENDER] = _renumbered(packets[loops, k.P_SENDER], old, stride)
    row_free = np.zeros(len(state.row_free) + shift, np.int64)
    free = int(ints[k.ROWS_FREE])
    row_free[:free] = state.row_free[:free] + shift
    state = grown(
        state,
        heap_time=len(state.heap_time) + max(shift, 0),
        heap_code=len(state.heap_code) + max(shift, 0),
    )
    codes = state.heap_code[: ints[k.HEAP_N]]
    timers = codes < 0
    codes[timers] = -_renumbered(-codes[timers] - 1, old, stride) - 1
    ints[k.STRIDE], ints[k.MIXES] = stride, after
    ints[k.ROWS_HIGH] += shift
    return state._replace(
        mix_ints=mix_ints,
        mix_reals=mix_reals,
        mass=moved(state.mass),
        row_ints=row_ints,
        row_reals=moved(state.row_reals),
        row_free=row_free,
        packets=packets,
        route=_renumbered(state.route, old, stride),
    )


def _renumbered(nodes: I8, old: int, stride: int) -> I8:
    return np.asarray(nodes // old * stride + nodes % old, np.int64)


def with_senders(state: State, senders: int) -> State:
    """Columns for more senders in front of those of the live targets."""
    first = int(state.ints[k.SENDERS])
    added = senders - first
    if added <= 0:
        return state
    columns = state.mass.shape[1]
    state = grown(state, columns=columns + added)
    mass = state.mass
    mass[:, senders : columns + added] = mass[:, first:columns].copy()
    mass[:, first:senders] = 0.0
    state.ints[k.SENDERS] = senders
    return state


def without_senders(state: State) -> State:
    """Stop following senders: their columns are given up."""
    first = int(state.ints[k.SENDERS])
    columns = state.mass.shape[1]
    state.mass[:, : columns - first] = state.mass[:, first:].copy()
    state.ints[k.SENDERS] = 0
    if not state.ints[k.LIVE]:
        state.mix_ints[:, k.M_HAS_MASS] = 0
    return state
