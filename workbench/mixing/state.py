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
    """Arrays of one network; ``ints`` and ``reals`` hold the scalars named in kernels.py."""

    ints: I8
    reals: F8
    rng: U8  # (streams, 4): one xoshiro256++ state for each purpose
    hazard: F8  # hazard of a unit delay over age, for delays that are not memoryless

    # each mix
    mode: U1
    is_down: U1
    held: I8  # n: packets held
    has_mass: U1
    pending: I8  # packets that ended here since the mix's row last changed
    head: I4  # first of the list: slots (batch) or positions (weighted)
    free_at: F8  # when the processor of a mix with limited capacity is free again
    absorbed_share: F8  # share of arrivals that are the mix's own loops coming home
    births: F8  # loops born while one packet waits: lamM / mu
    area: F8  # packets held, integrated over time
    area_since: F8
    arrivals: I8
    drops: I8

    # probability mass: rows of the mixes, a scratch row, rows of packets and positions
    mass: F8  # (rows, columns): first the senders, then the live targets
    row_refs: I4
    row_free: I4
    row_time: F8
    row_still: F8  # weighted: chance that the position's packet is still here; -1 otherwise
    row_next: I4

    # each packet under way
    slot_free: I4
    slot_number: I8
    slot_kind: U1
    slot_sender: I4
    slot_receiver: I4
    slot_target: I4
    slot_hop: I4
    slot_row: I4
    slot_next: I4
    slot_sent: F8
    slot_route: I4  # (slots, layers)
    slot_delay: F8  # (slots, layers), seconds, as the sender wrote them

    heap_time: F8
    heap_code: I8
    scratch: I4

    # each live target
    live_target: I4
    live_sums: F8  # (columns, 8): sum p ln p, delivered, lost, absorbed, left, max, sum p^2, -
    by_receiver: F8  # (clients or 0, columns)

    # outcomes
    target_numbers: I8
    results: F8  # (targets, RESULT_COLUMNS)
    sent: I8
    done: I8
    crossings: I8
    dropped: I8  # (cause, kind)
    latency_bins: I8
    latency_sample: F8

    # event log, emptied by the caller
    log_packet: I8
    log_kind: U1
    log_source: I4
    log_target: I4
    log_leave: F8
    log_arrive: F8
    log_wait: F8


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
