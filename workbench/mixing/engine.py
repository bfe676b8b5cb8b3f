"""Build a State from a Scenario, and drive the kernel: room is made when it asks for it.

``simulate`` and ``LiveMixnet`` both stand on these functions, so what they do is the same.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from workbench.errors import SimulationError
from workbench.mixing import kernels as k
from workbench.mixing import topology
from workbench.mixing.events import Events
from workbench.mixing.state import (
    F8,
    I8,
    LATENCY_BINS,
    LATENCY_SAMPLE,
    RESULT_COLUMNS,
    U8,
    Chunk,
    State,
    grown,
)
from workbench.mixing.strategies import coded, hazard_table, mix_modes
from workbench.scenario import Scenario

LogSink = Callable[[State], None]


def new_state(
    scenario: Scenario,
    rng: U8,
    *,
    target_numbers: I8,
    sender_columns: int = 0,
    by_receiver: bool = False,
    log_rows: int = 0,
    retire_below: float = 1e-10,
) -> State:
    """An empty network for a scenario, with room for a little; it grows as it must.

    Parameters
    ----------
    target_numbers : int64 (targets,)
        Which real packets to follow, by number in the order of sending, rising.
    sender_columns : int
        0, or the number of clients: then every row also follows "all packets of sender j".
    log_rows : int
        Room for the event log; 0 for no log. A full log is handed to the caller's sink.
    retire_below : float
        A target is retired when less than this share of its mass is in flight.
    """
    mixes, layers = scenario.mixes, scenario.layers
    slots, rows, columns = 1024, mixes + 1 + 512, sender_columns + 16
    clients = scenario.clients if by_receiver else 0
    state = State(
        ints=np.zeros(k.INT_SCALARS, np.int64),
        reals=np.zeros(k.REAL_SCALARS),
        rng=rng,
        hazard=np.zeros(1),
        link_table=np.zeros((1, 1)),
        mix_ints=np.zeros((mixes, 8), np.int64),
        mix_reals=np.zeros((mixes, 7)),
        mass=np.zeros((rows, columns)),
        row_ints=np.zeros((rows, 2), np.int64),
        row_reals=np.zeros((rows, 2)),
        row_free=np.zeros(rows, np.int64),
        packets=np.zeros((slots, 8), np.int64),
        slot_sent=np.zeros(slots),
        slot_free=np.zeros(slots, np.int64),
        route=np.zeros((slots, layers), np.int64),
        delays=np.zeros((slots, layers)),
        heap_time=np.zeros(slots + mixes + 4),
        heap_code=np.zeros(slots + mixes + 4, np.int64),
        scratch=np.zeros(slots, np.int64),
        live_target=np.zeros(columns, np.int64),
        live_sums=np.zeros((columns, 8)),
        by_receiver=np.zeros((clients, columns)),
        target_numbers=np.ascontiguousarray(target_numbers, np.int64),
        results=np.full((len(target_numbers), RESULT_COLUMNS), np.nan),
        counts=np.zeros((7, 4), np.int64),
        latency_bins=np.zeros(LATENCY_BINS, np.int64),
        latency_sample=np.zeros(LATENCY_SAMPLE),
        log_ints=np.zeros((log_rows, 4), np.int64),
        log_reals=np.zeros((log_rows, 3)),
    )
    state.mix_ints[:, k.M_HEAD] = -1
    state.slot_free[:] = np.arange(slots)[::-1]
    free = np.arange(mixes + 1, rows)[::-1]
    state.row_free[: len(free)] = free
    state.results[:, 15] = 0.0
    ints, reals = state.ints, state.reals
    ints[k.SLOTS_FREE], ints[k.ROWS_FREE] = slots, len(free)
    ints[k.ROWS_HIGH] = mixes + 1
    ints[k.SENDERS] = sender_columns
    ints[k.BY_RECEIVER] = by_receiver
    ints[k.IS_LOGGED] = log_rows > 0
    ints[k.TARGETS] = len(target_numbers)
    ints[k.SAMPLE_STRIDE] = 1
    ints[k.CHECK_EVERY] = max(256, 4 * mixes)
    reals[k.RETIRE_BELOW] = retire_below
    reals[k.MEASURE_TO] = np.inf
    state = with_settings(state, scenario)
    start_timers(state, scenario)
    return state


def with_settings(state: State, scenario: Scenario, *, stride: int | None = None) -> State:
    """The state with every knob of the scenario written into it; packets stay where they are.

    What a change means for packets under way is done in turning.py, before this.

    Parameters
    ----------
    stride : int, optional
        Room for so many mixes in each layer of the state (node = layer * stride + index);
        by default the width. Mixes beyond the width keep the settings that they had.
    """
    stride = scenario.width if stride is None else stride
    ints, reals = state.ints, state.reals
    code = coded(scenario.resolved_strategy())
    table, top = np.zeros(1), 1.0
    if code.is_weighted:
        table, top = hazard_table(scenario.resolved_strategy())
    one_link, link_table = topology.links(scenario, stride)
    state = state._replace(hazard=table, link_table=link_table)
    ints[k.LAYERS], ints[k.WIDTH], ints[k.STRIDE] = scenario.layers, scenario.width, stride
    ints[k.MIXES], ints[k.CLIENTS] = scenario.layers * stride, scenario.clients
    ints[k.TOPOLOGY] = topology.CODES[scenario.topology]
    ints[k.RULE], ints[k.DRAW] = code.rule, code.draw
    ints[k.SIZE], ints[k.KEEP] = code.size, code.keep
    ints[k.QUEUE] = scenario.queue_packets
    reals[k.LINK_S] = one_link
    reals[k.LINK_LOSS], reals[k.MIX_LOSS] = scenario.link_loss, scenario.mix_loss
    capacity = scenario.capacity_per_s
    reals[k.SERVICE_S] = 0.0 if capacity is None else 1.0 / capacity
    reals[k.DELAY_S] = scenario.delay_s
    reals[k.SPREAD], reals[k.SHAPE] = code.spread, code.shape
    reals[k.INTERVAL_S], reals[k.FRACTION] = code.interval_s, code.fraction
    reals[k.COIN_MEAN], reals[k.COIN_SD] = code.coin_mean, code.coin_sd
    reals[k.HAZARD_MAX] = top
    loops = scenario.mix_loops_per_mix_per_s
    reals[k.LOOP_RATE] = loops
    reals[k.LATENCY_BIN_S] = max(8.0 * journey_s(scenario), 1e-6) / LATENCY_BINS
    mix, pool = state.mix_ints, state.mix_reals
    used = topology.nodes(scenario, stride)
    mix[used, k.M_MODE] = mix_modes(scenario)
    mix[used, k.M_DOWN] = topology.flags(scenario, scenario.down())
    pool[:, k.M_SERVICE_S], pool[:, k.M_LOSS] = reals[k.SERVICE_S], reals[k.MIX_LOSS]
    pool[:, k.M_BIRTHS] = loops * scenario.delay_s if code.rule == k.BY_DELAY else 0.0
    into_mix = scenario.rate_per_mix_per_s
    pool[:, k.M_ABSORBED] = loops / into_mix if loops > 0.0 else 0.0
    return state


def with_own_settings(
    state: State,
    *,
    capacities_per_s: F8 | None = None,
    losses: F8 | None = None,
    nodes: I8 | None = None,
) -> State:
    """The state with a capacity and a loss of its own for each of ``nodes`` (None: all mixes).

    Call it after :func:`with_settings`, which gives all mixes the scenario's one value. An
    infinite capacity is no limit. The memoryless engine knows neither.
    """
    chosen = slice(None) if nodes is None else nodes
    if capacities_per_s is not None:
        state.mix_reals[chosen, k.M_SERVICE_S] = 1.0 / capacities_per_s
    if losses is not None:
        state.mix_reals[chosen, k.M_LOSS] = losses
    return state


def start_timers(state: State, scenario: Scenario) -> None:
    """Give each timed mix its first flush, at a phase of its own: mixes share no clock."""
    code = coded(scenario.resolved_strategy())
    if code.rule in (k.BY_DELAY, k.BY_THRESHOLD):
        return
    phases = np.random.default_rng([scenario.seed, 77]).random(scenario.mixes)
    for mix, phase in enumerate(phases):
        n = int(state.ints[k.HEAP_N])
        when = float(state.reals[k.NOW]) + float(phase) * code.interval_s
        k._heap_up(state.heap_time, state.heap_code, n, when, -(mix + 1))
        state.ints[k.HEAP_N] = n + 1


def journey_s(scenario: Scenario) -> float:
    """First guess of the time from client to client."""
    links = (scenario.layers + 1) * topology.mean_link_s(scenario)
    return scenario.layers * scenario.mean_delay_s() + links


def state_bytes(state: State) -> int:
    """Bytes that the arrays of a state take."""
    return sum(array.nbytes for array in state)


def advance(
    state: State,
    chunk: Chunk,
    count: int,
    until: float,
    *,
    sink: LogSink | None = None,
    memory_bytes: float = np.inf,
    is_memoryless: bool = False,
) -> State:
    """Process all events up to ``until``, with the first ``count`` packets of the chunk.

    Raises
    ------
    SimulationError
        When the arrays would have to grow beyond ``memory_bytes``.
    """
    state.ints[k.CURSOR] = 0
    kernel = k.advance_memoryless if is_memoryless else k.advance
    while True:
        status = kernel(
            state,
            chunk.times,
            chunk.senders,
            chunk.receivers,
            chunk.codes,
            count,
            until,
        )
        if status == k.FINISHED:
            return state
        if status == k.NEED_LOG:
            assert sink is not None
            sink(state)
            state.ints[k.LOG_N] = 0
            continue
        state = with_room(state, int(status), memory_bytes)


def logged(state: State) -> Events:
    """A copy of what the kernel wrote into its log since the log was last emptied."""
    rows = int(state.ints[k.LOG_N])
    ints, reals = state.log_ints[:rows], state.log_reals[:rows]
    return Events(
        packet=ints[:, 0].copy(),
        kind=ints[:, 1].astype(np.uint8),
        source=ints[:, 2].astype(np.int32),
        target=ints[:, 3].astype(np.int32),
        leave_s=reals[:, 0].copy(),
        arrive_s=reals[:, 1].copy(),
        wait_s=reals[:, 2].copy(),
    )


def with_room(state: State, status: int, memory_bytes: float = np.inf) -> State:
    """The state with twice the room of what was short."""
    ints = state.ints
    added = {
        k.NEED_SLOTS: len(state.slot_free) * (112 + 16 * state.route.shape[1]),
        k.NEED_ROWS: state.mass.nbytes + 24 * len(state.mass),
        k.NEED_COLUMNS: state.mass.nbytes + state.by_receiver.nbytes,
    }[status]
    if state_bytes(state) + added > memory_bytes:
        raise SimulationError(
            f"the simulation needs more than {(state_bytes(state) + added) / 1e6:.0f} MB and may "
            f"take {memory_bytes / 1e6:.0f} MB; follow fewer targets, or fewer packets under way"
        )
    if status == k.NEED_COLUMNS:
        columns = state.mass.shape[1]
        return grown(state, columns=columns + max(16, columns - int(ints[k.SENDERS])))
    if status == k.NEED_ROWS:
        old = len(state.row_free)
        state = grown(state, mass=2 * old, row_ints=2 * old, row_reals=2 * old, row_free=2 * old)
        free = int(ints[k.ROWS_FREE])
        # New rows go below the free ones: low rows are used first, so sweeps stay short.
        state.row_free[old : old + free] = state.row_free[:free].copy()
        state.row_free[:old] = np.arange(old, 2 * old)[::-1]
        ints[k.ROWS_FREE] = free + old
        return state
    old = len(state.slot_free)
    names = ("packets", "slot_sent", "slot_free", "route", "delays", "scratch")
    lengths = dict.fromkeys(names, 2 * old)
    heap = 2 * old + int(ints[k.MIXES]) + 4
    state = grown(state, heap_time=heap, heap_code=heap, **lengths)
    free = int(ints[k.SLOTS_FREE])
    state.slot_free[free : free + old] = np.arange(old, 2 * old)[::-1]
    ints[k.SLOTS_FREE] = free + old
    return state
