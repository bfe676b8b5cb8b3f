"""The state of a running network as plain arrays, and how much memory it asks for.

One State is everything that the kernels read and write: they take it as an argument and keep
nothing elsewhere, so a run can stop between two events and go on later.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]
I4 = NDArray[np.int32]
U1 = NDArray[np.uint8]
U8 = NDArray[np.uint64]

RESULT_COLUMNS = 16
LATENCY_BINS = 2048
LATENCY_SAMPLE = 16_384
HAZARD_POINTS = 2048


class State(NamedTuple):
    """Arrays of one network; scalars and columns have their names in kernels.py."""

    ints: I8
    reals: F8
    rng: U8  # (streams, 4): one xoshiro256++ state for each purpose
    hazard: F8  # hazard of a unit delay over age, for delays that are not memoryless
    link_table: F8  # (mixes + 1, mixes + 1) or (1, 1)

    mix_ints: I8  # (mixes, 8): mode, is it down, packets held, ...
    mix_reals: F8  # (mixes, 7): when its processor is free, its service time, its loss, ...

    # Probability mass: a row for each mix, a scratch row, rows of packets and positions;
    # columns for the senders, then for the live targets.
    mass: F8
    row_ints: I8  # (rows, 2): references, next in its list
    row_reals: F8  # (rows, 2): since when, chance that the position's packet is still here
    row_free: I8

    # Packets under way, by slot.
    packets: I8  # (slots, 8): number, kind, sender, receiver, target, hop, row, next in its list
    slot_sent: F8
    slot_free: I8
    route: I8  # (slots, layers)
    delays: F8  # (slots, layers), seconds, as the sender wrote them

    heap_time: F8
    heap_code: I8
    scratch: I8

    live_target: I8
    live_sums: F8  # (columns, 8): sum p ln p, delivered, lost, absorbed, left, max, sum p^2
    by_receiver: F8  # (clients or 0, columns)

    target_numbers: I8
    results: F8  # (targets, RESULT_COLUMNS)
    counts: I8  # (7, 4): sent, done, crossings, then dropped by cause; each by kind
    latency_bins: I8
    latency_sample: F8

    log_ints: I8  # (rows, 4): packet, kind, source, target; emptied by the caller
    log_reals: F8  # (rows, 3): leave, arrive, wait


def grown(state: State, **lengths: int) -> State:
    """The state with some arrays made longer along their first axis, contents kept.

    Raises nothing; new entries are zero. ``columns`` widens the arrays of live targets.
    """
    columns = lengths.pop("columns", 0)
    fresh: dict[str, Any] = {}
    if columns:
        for name in ("mass", "by_receiver"):
            old = getattr(state, name)
            wide = np.zeros((old.shape[0], columns))
            wide[:, : old.shape[1]] = old
            fresh[name] = wide
        lengths = {**lengths, "live_target": columns, "live_sums": columns}
    for name, length in lengths.items():
        old = fresh.get(name, getattr(state, name))
        new = np.zeros((length, *old.shape[1:]), old.dtype)
        new[: len(old)] = old
        fresh[name] = new
    return state._replace(**fresh)


class Chunk(NamedTuple):
    """Packets entering the network, by rising time.

    ``code`` is the packet's kind plus 16 times the traffic stream that its route and delays
    are drawn from. The sender of a mix loop is its mix.
    """

    times: F8
    senders: I4
    receivers: I4
    codes: U1

    @staticmethod
    def empty(length: int) -> Chunk:
        """Room for ``length`` packets."""
        return Chunk(
            np.zeros(length),
            np.zeros(length, np.int32),
            np.zeros(length, np.int32),
            np.zeros(length, np.uint8),
        )
