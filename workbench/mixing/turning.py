"""Turning knobs on a running network: what a change does to the packets already under way.

Everything here works between two steps, on the plain arrays of a State. No packet is lost by
a change; where the posterior is no longer exact until packets of the earlier setting have
left, :func:`turned` says so.
"""

from __future__ import annotations

import numpy as np

from workbench.mixing import kernels as k
from workbench.mixing import topology
from workbench.mixing.engine import with_room, with_settings
from workbench.mixing.reshaping import with_stride
from workbench.mixing.state import F8, I8, State
from workbench.mixing.strategies import Coded, coded, honest_mode, mix_modes
from workbench.mixing.under_way import Held, held, in_use
from workbench.scenario import Scenario

FIXED_KNOBS = ("layers", "topology", "seed")


def turned(
    state: State, old: Scenario, new: Scenario, *, rescale: bool, draws: np.random.Generator
) -> tuple[State, list[str], list[str]]:
    """The state under a new scenario.

    Parameters
    ----------
    rescale : bool
        Whether a change of delay stretches the waits already written into packets under way.
    draws : Generator
        For waits that a packet needs and its sender did not write (it was sent to batch
        mixes, or with no delay at all).

    Returns
    -------
    State, list of str, list of str
        What the change did to packets under way, and why posteriors are approximate until
        they have left (empty where they stay as exact as they were).
    """
    did: list[str] = []
    settling: list[str] = []
    ints = state.ints
    k.retire_below(state, -1.0)  # counts what ended at each mix before its row changes
    if new.width > ints[k.STRIDE]:
        state = with_stride(state, max(64, 2 * new.width))
    was, will = coded(old.resolved_strategy()), coded(new.resolved_strategy())
    if new.width != old.width:
        word = "more" if new.width > old.width else "fewer"
        did.append(
            f"new packets choose among {word} mixes; packets under way keep their route, and "
            "mixes taken out empty themselves"
        )
        settling.append("width: where a packet goes tells when it was sent")
    here = held(state)  # by the earlier rule; the same packets are held after the change
    if was.rule == k.BY_DELAY and will.rule != k.BY_DELAY:
        # The list of a batch mix takes the place of the list of positions.
        state = _with_modes(state, old, new, here, did, settling)
        _with_waits(state, old, new, here, was, will, rescale, draws, did, settling)
    else:
        _with_waits(state, old, new, here, was, will, rescale, draws, did, settling)
        state = _with_modes(state, old, new, here, did, settling)
    _say_the_rest(old, new, did)
    state = with_settings(state, new, stride=int(state.ints[k.STRIDE]))
    _with_timers(state, new, was, will, draws)
    return state, did, settling


def _with_waits(
    state: State,
    old: Scenario,
    new: Scenario,
    here: Held,
    was: Coded,
    will: Coded,
    rescale: bool,
    draws: np.random.Generator,
    did: list[str],
    settling: list[str],
) -> None:
    """Waits of packets under way: stretched, kept, drawn anew, or handed to batch mixes."""
    now = float(state.reals[k.NOW])
    by_delay = was.rule == k.BY_DELAY, will.rule == k.BY_DELAY
    if by_delay == (True, True):
        if (was.draw, was.spread, was.shape) != (will.draw, will.spread, will.shape):
            did.append("packets under way keep the waits that their senders wrote")
            settling.append("strategy: packets of two rules share the mixes")
        if new.delay_s != old.delay_s:
            if old.delay_s == 0.0:
                used = in_use(state)
                state.delays[used] = _unit_delays(will, state.delays[used].shape, draws)
                state.delays[used] *= new.delay_s
                did.append("packets on links get a wait at their next mixes")
            elif rescale:
                _stretch(state, now, new.delay_s / old.delay_s)
                did.append("remaining waits of packets under way are rescaled")
            else:
                did.append("packets under way keep the waits that their senders wrote")
                settling.append("delay: packets of two mean waits share the mixes")
    elif by_delay == (True, False):
        _drop_events(state, here.slots)
        _list_up(state, here)
        did.append("packets under way are held until their mix lets a batch go")
        settling.append("strategy: mixes still hold packets of the earlier rule")
    elif by_delay == (False, True):
        used = in_use(state)
        state.delays[used] = _unit_delays(will, state.delays[used].shape, draws) * new.delay_s
        state.mix_ints[:, k.M_HEAD] = -1
        waits = state.delays[here.slots, state.packets[here.slots, k.P_HOP]]
        _add_events(state, now + waits, (here.slots << 2) | k.EV_LEAVE)
        did.append("packets under way get waits drawn now")
        settling.append("strategy: mixes still hold packets of the earlier rule")
    elif was != will:
        did.append("packets held wait for the next batch of the new rule")


def _stretch(state: State, now: float, ratio: float) -> None:
    """Remaining waits, and waits at mixes to come, times ``ratio``; ages likewise."""
    n = int(state.ints[k.HEAP_N])
    times, codes = state.heap_time[:n], state.heap_code[:n]
    leaves = (codes >= 0) & (codes & 3 == k.EV_LEAVE)
    times[leaves] = now + (times[leaves] - now) * ratio
    _order(state)
    np.multiply(state.delays, ratio, out=state.delays)
    since = state.row_reals[:, k.ROW_TIME]
    since += (now - since) * (1.0 - ratio)


def _order(state: State) -> None:
    """A sorted queue is a valid heap."""
    n = int(state.ints[k.HEAP_N])
    order = np.argsort(state.heap_time[:n], kind="stable")
    state.heap_time[:n] = state.heap_time[:n][order]
    state.heap_code[:n] = state.heap_code[:n][order]


def _drop_events(state: State, slots: I8) -> None:
    n = int(state.ints[k.HEAP_N])
    codes = state.heap_code[:n]
    is_gone = np.zeros(len(state.slot_free), bool)
    is_gone[slots] = True
    kept = (codes < 0) | ~is_gone[np.maximum(codes, 0) >> 2]
    count = int(kept.sum())
    state.heap_time[:count] = state.heap_time[:n][kept]
    state.heap_code[:count] = codes[kept]
    state.ints[k.HEAP_N] = count
    _order(state)


def _add_events(state: State, times: F8, codes: I8) -> None:
    n = int(state.ints[k.HEAP_N])
    state.heap_time[n : n + len(times)] = times
    state.heap_code[n : n + len(times)] = codes
    state.ints[k.HEAP_N] = n + len(times)
    _order(state)


def _list_up(state: State, here: Held) -> None:
    """Chain the held packets of each mix, as batch mixes keep them."""
    state.mix_ints[:, k.M_HEAD] = -1
    for slot, mix in zip(here.slots.tolist(), here.mixes.tolist(), strict=True):
        state.packets[slot, k.P_NEXT] = state.mix_ints[mix, k.M_HEAD]
        state.mix_ints[mix, k.M_HEAD] = slot


def _unit_delays(code: Coded, shape: tuple[int, ...], draws: np.random.Generator) -> F8:
    """Delays of mean 1 of a rule by delay."""
    if code.draw == k.DRAW_EXPONENTIAL:
        return draws.exponential(size=shape)
    if code.draw == k.DRAW_FIXED:
        return np.ones(shape)
    if code.draw == k.DRAW_UNIFORM:
        return 1.0 + code.spread * (2.0 * draws.random(shape) - 1.0)
    if code.draw == k.DRAW_GAMMA:
        return draws.gamma(code.shape, size=shape) / code.shape
    return np.zeros(shape)


def _with_modes(
    state: State,
    old: Scenario,
    new: Scenario,
    here: Held,
    did: list[str],
    settling: list[str],
) -> State:
    """Carry each mix's probability mass over to the way in which it is kept from now on."""
    stride = int(state.ints[k.STRIDE])
    before = state.mix_ints[:, k.M_MODE].copy()
    # Mixes taken out follow the rule too, but one that was corrupted stays so.
    after = np.where(before == k.BYPASS, before, honest_mode(new))
    after[topology.nodes(new, stride)] = mix_modes(new)
    changed = np.flatnonzero(before != after)
    if set(new.corrupted()) != set(old.corrupted()):
        did.append(
            "a mix that is corrupted traces what comes in from now on; what it held stays mixed"
        )
    if not len(changed):
        return state
    if (new.mix_loss > 0.0) != (old.mix_loss > 0.0) or (
        (new.mix_loops_per_mix_per_s > 0.0) != (old.mix_loops_per_mix_per_s > 0.0)
    ):
        settling.append("mixes still hold mass of the earlier setting")
    order = np.argsort(here.mixes, kind="stable")
    slots, owners = here.slots[order], here.mixes[order]
    width = int(state.ints[k.SENDERS] + state.ints[k.LIVE])
    total = np.zeros((len(changed), width))
    for at, mix in enumerate(changed):
        first, last = np.searchsorted(owners, (mix, mix + 1))
        total[at] = _unload(state, int(mix), slots[first:last], width)
    state.mix_ints[changed, k.M_MODE] = after[changed]
    counts = np.searchsorted(owners, changed + 1) - np.searchsorted(owners, changed)
    while state.ints[k.ROWS_FREE] < int(counts.sum()) + 8:
        state = with_room(state, k.NEED_ROWS)
    for at, mix in enumerate(changed):
        first, last = np.searchsorted(owners, (mix, mix + 1))
        _load(state, int(mix), slots[first:last], total[at], width)
    return state


def _unload(state: State, mix: int, slots: I8, width: int) -> F8:
    """All mass at a mix, taken out of its rows."""
    mode = state.mix_ints[mix, k.M_MODE]
    total = np.zeros(width)
    row = state.mass[mix, :width]
    if state.mix_ints[mix, k.M_HAS_MASS] and mode == k.UNIFORM:
        total += len(slots) * row
    elif state.mix_ints[mix, k.M_HAS_MASS] and mode == k.BLURRED:
        total += row
    elif mode == k.BYPASS:
        own = state.packets[slots, k.P_ROW]
        own = own[own >= 0]
        total += state.mass[own, :width].sum(axis=0)
        state.packets[slots, k.P_ROW] = -1
        for one in own.tolist():
            _give_row(state, one)
    elif mode == k.WEIGHTED:
        at = int(state.mix_ints[mix, k.M_HEAD])
        while at >= 0:
            total += state.row_reals[at, k.ROW_STILL] * state.mass[at, :width]
            state.row_reals[at, k.ROW_STILL] = -1.0
            _give_row(state, at)
            at = int(state.row_ints[at, k.ROW_NEXT])
        state.mix_ints[mix, k.M_HEAD] = -1
    state.mix_ints[mix, k.M_HAS_MASS] = 0
    return total


def _load(state: State, mix: int, slots: I8, total: F8, width: int) -> None:
    """Give a mix its mass back, in the way of its new mode."""
    mode, n = state.mix_ints[mix, k.M_MODE], len(slots)
    if not total.any():
        if mode == k.WEIGHTED:
            _chain_positions(state, mix, n, total, width)
        return
    if n == 0 and mode != k.BLURRED:
        first, live = int(state.ints[k.SENDERS]), int(state.ints[k.LIVE])
        state.live_sums[:live, k.S_LEFT] += total[first : first + live]
        return
    if mode == k.BLURRED:
        state.mass[mix, :width] = total
        state.mix_ints[mix, k.M_HAS_MASS] = 1
    elif mode == k.UNIFORM:
        state.mass[mix, :width] = total / n
        state.mix_ints[mix, k.M_HAS_MASS] = 1
    elif mode == k.BYPASS:
        for slot in slots.tolist():
            row = _take_row(state)
            state.mass[row, :width] = total / n
            state.packets[slot, k.P_ROW] = row
    else:
        _chain_positions(state, mix, n, total / n, width)


def _chain_positions(state: State, mix: int, n: int, each: F8, width: int) -> None:
    for _ in range(n):
        row = _take_row(state)
        state.mass[row, :width] = each
        state.row_reals[row, k.ROW_STILL] = 1.0
        state.row_reals[row, k.ROW_TIME] = state.reals[k.NOW]
        state.row_ints[row, k.ROW_NEXT] = state.mix_ints[mix, k.M_HEAD]
        state.mix_ints[mix, k.M_HEAD] = row


def _take_row(state: State) -> int:
    ints = state.ints
    ints[k.ROWS_FREE] -= 1
    row = int(state.row_free[ints[k.ROWS_FREE]])
    state.row_ints[row, k.ROW_REFS] = 1
    state.row_reals[row, k.ROW_STILL] = -1.0
    ints[k.ROWS_HIGH] = max(int(ints[k.ROWS_HIGH]), row + 1)
    return row


def _give_row(state: State, row: int) -> None:
    state.row_ints[row, k.ROW_REFS] -= 1
    if state.row_ints[row, k.ROW_REFS] == 0:
        state.row_free[state.ints[k.ROWS_FREE]] = row
        state.ints[k.ROWS_FREE] += 1


def _with_timers(
    state: State, new: Scenario, was: Coded, will: Coded, draws: np.random.Generator
) -> None:
    """Timed mixes flush on: a changed interval stretches the wait for the next flush."""
    n, now = int(state.ints[k.HEAP_N]), float(state.reals[k.NOW])
    codes = state.heap_code[:n]
    timers = codes < 0
    if will.rule in (k.BY_DELAY, k.BY_THRESHOLD):
        if timers.any():
            count = int((~timers).sum())
            state.heap_time[:count] = state.heap_time[:n][~timers]
            state.heap_code[:count] = codes[~timers]
            state.ints[k.HEAP_N] = count
            _order(state)
        return
    if timers.any() and was.interval_s > 0.0 and will.interval_s != was.interval_s:
        times = state.heap_time[:n]
        times[timers] = now + (times[timers] - now) * (will.interval_s / was.interval_s)
        _order(state)
    known = np.zeros(int(state.ints[k.MIXES]), bool)
    known[-codes[codes < 0] - 1] = True
    nodes = topology.nodes(new, int(state.ints[k.STRIDE]))
    fresh = nodes[~known[nodes]]
    if len(fresh):
        _add_events(state, now + draws.random(len(fresh)) * will.interval_s, -(fresh + 1))


def _say_the_rest(old: Scenario, new: Scenario, did: list[str]) -> None:
    if new.clients < old.clients:
        did.append(
            "clients who leave send nothing more; what they sent, and what is sent to them, "
            "arrives; packets waiting at them are withdrawn"
        )
    elif new.clients > old.clients:
        did.append("clients who join send and receive from now on")
    if set(new.down()) - set(old.down()):
        did.append("a mix that goes down lets go what it holds and drops what comes")
    if new.link_delay_s != old.link_delay_s:
        did.append("packets on links arrive when they would have")
