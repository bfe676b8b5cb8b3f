"""Users and their streams: who sends what when, as chunks of arrays."""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np

from workbench.mixing import kernels as k
from workbench.mixing.state import F8, I4, U8, Chunk
from workbench.scenario import Scenario

_PATTERNS = {"poisson": k.STEADY, "bursty": k.BURSTY, "day": k.DAILY}


class Traffic(NamedTuple):
    """State of all streams: rates and scalars, next times, clients in burst order, queues."""

    dials: F8
    next_times: F8
    order: I4
    queues: I4


def seeded(seed: int, index: int = 0) -> U8:
    """One xoshiro256++ state for each purpose, spawned from the seed (numpy's SeedSequence)."""
    return _spawned(seed, index).copy()


@functools.lru_cache(64)  # a hand on a slider asks for the same seed again and again
def _spawned(seed: int, index: int) -> U8:
    children = np.random.SeedSequence([seed, index]).spawn(k.STREAMS)
    return np.array([child.generate_state(4, np.uint64) for child in children])


def generator(seed: int, purpose: int) -> np.random.Generator:
    """A numpy generator for purposes outside the kernels (which packets are targets, ...)."""
    return np.random.default_rng(np.random.SeedSequence([seed, 1_000_000 + purpose]))


def set_dials(dials: F8, scenario: Scenario, mixes: int | None = None) -> None:
    """Write the scenario's rates and patterns; counters of what is waiting stay."""
    people = scenario.clients
    main = scenario.main_stream_per_client_per_s
    dials[k.T_REAL] = people * scenario.traffic_per_client_per_s
    dials[k.T_LOOP] = people * scenario.cover_per_client_per_s
    dials[k.T_DROP] = people * scenario.drop_cover_per_client_per_s
    senders = scenario.mixes if mixes is None else mixes
    dials[k.T_MIX] = senders * scenario.mix_loops_per_mix_per_s
    dials[k.T_MAIN] = people * (main or 0.0)
    dials[k.D_HAS_MAIN] = main is not None
    dials[k.D_PATTERN] = _PATTERNS[scenario.traffic_pattern]
    dials[k.D_CLIENTS] = people
    dials[k.D_MIXES] = senders
    dials[k.D_DAY_S] = scenario.day_s
    dials[k.D_DEPTH] = scenario.day_depth
    share = scenario.burst_share
    dials[k.D_ON_RATE] = scenario.traffic_per_client_per_s / share
    dials[k.D_TOGGLE_OFF] = 1.0 / scenario.burst_s if share < 1.0 else 0.0
    dials[k.D_TOGGLE_ON] = share / (scenario.burst_s * (1.0 - share)) if share < 1.0 else 0.0
    if scenario.traffic_pattern == "day":
        dials[k.T_REAL] *= 1.0 + scenario.day_depth  # thinned down to the hour's rate


def new_traffic(scenario: Scenario, rng: U8, now: float = 0.0) -> Traffic:
    """Streams that begin at ``now``."""
    traffic = Traffic(
        np.zeros(k.DIALS),
        np.zeros(5),
        np.zeros(scenario.clients, np.int32),
        np.zeros(scenario.clients, np.int32),
    )
    set_dials(traffic.dials, scenario)
    traffic.dials[k.D_WAIT_SINCE] = now
    k.start_traffic(traffic.dials, traffic.next_times, traffic.order, rng, now)
    return traffic


def turned_traffic(
    traffic: Traffic,
    rng: U8,
    old: Scenario,
    new: Scenario,
    now: float,
    draws: np.random.Generator,
) -> Traffic:
    """The streams under a new scenario: a changed rate stretches the time to the next packet.

    A stream whose rate does not change goes on with the same people at the same times; one
    that begins draws its first time from ``draws``.
    """
    before = traffic.dials[:5].copy()
    was_bursty = old.traffic_pattern == "bursty"
    if was_bursty:
        before[k.T_REAL] = _burst_rate(traffic.dials)
    traffic = _with_clients(traffic, rng, old, new, now)
    dials, next_times = traffic.dials, traffic.next_times
    set_dials(dials, new)
    if old.main_stream_per_client_per_s is not None and new.main_stream_per_client_per_s is None:
        dials[k.D_WAIT_AREA] += dials[k.D_WAITING] * (now - dials[k.D_WAIT_SINCE])
        dials[k.D_WAITING], dials[k.D_WAIT_SINCE] = 0.0, now
        traffic.queues[:] = 0  # withdrawn: without a main stream nothing waits at its sender
    if new.traffic_pattern == "bursty" and not was_bursty:
        times = next_times.copy()
        k.start_traffic(dials, next_times, traffic.order, rng, now)
        next_times[k.T_LOOP :] = times[k.T_LOOP :]
        before[k.T_REAL] = _burst_rate(dials)
    after = dials[:5].copy()
    if new.traffic_pattern == "bursty":
        after[k.T_REAL] = _burst_rate(dials) if after[k.T_REAL] > 0.0 else 0.0
    for stream in range(5):
        if after[stream] == before[stream]:
            continue
        if after[stream] <= 0.0:
            next_times[stream] = np.inf
        elif np.isfinite(next_times[stream]) and before[stream] > 0.0:
            wait = (next_times[stream] - now) * before[stream] / after[stream]
            next_times[stream] = now + wait
        else:
            next_times[stream] = now + draws.exponential() / after[stream]
    return traffic


def _burst_rate(dials: F8) -> float:
    """Rate of all that the bursty stream does next, as the kernel reckons it."""
    active = dials[k.D_ACTIVE]
    idle = dials[k.D_CLIENTS] - active
    on_rate, ends, begins = dials[k.D_ON_RATE], dials[k.D_TOGGLE_OFF], dials[k.D_TOGGLE_ON]
    return float(active * (on_rate + ends) + idle * begins)


def _with_clients(traffic: Traffic, rng: U8, old: Scenario, new: Scenario, now: float) -> Traffic:
    """Clients join at the end of the list, or leave from it with what waits at them."""
    if new.clients == old.clients:
        return traffic
    dials, order = traffic.dials, traffic.order
    active = int(dials[k.D_ACTIVE])
    if new.clients > old.clients:
        joining = np.arange(old.clients, new.clients, dtype=np.int32)
        queues = np.append(traffic.queues, np.zeros(len(joining), np.int32))
        return traffic._replace(order=np.append(order, joining), queues=queues)
    stays = order < new.clients
    dials[k.D_ACTIVE] = int(stays[:active].sum())
    dials[k.D_WAIT_AREA] += dials[k.D_WAITING] * (now - dials[k.D_WAIT_SINCE])
    dials[k.D_WAIT_SINCE] = now
    dials[k.D_WAITING] -= float(traffic.queues[new.clients :].sum())
    queues = traffic.queues[: new.clients].copy()
    return traffic._replace(order=order[stays].copy(), queues=queues)


def fill(traffic: Traffic, rng: U8, until: float, chunk: Chunk) -> int:
    """Write the next packets up to ``until`` (or a full chunk); returns how many."""
    return int(
        k.fill_arrivals(
            traffic.dials,
            traffic.next_times,
            traffic.order,
            traffic.queues,
            rng,
            until,
            chunk.times,
            chunk.senders,
            chunk.receivers,
            chunk.codes,
        )
    )


def count_real(scenario: Scenario, rng: U8, start: float, stop: float) -> tuple[int, int]:
    """How many real packets are sent before ``start``, and from there to ``stop``.

    A dry pass over the same streams: the choice of targets by packet number needs it.
    """
    rng = rng.copy()
    traffic = new_traffic(scenario, rng)
    chunk = Chunk.empty(1 << 14)
    counts = []
    for until in (start, stop):
        total = 0
        while True:
            count = fill(traffic, rng, until, chunk)
            total += int(np.count_nonzero((chunk.codes[:count] & 15) == 0))
            if count < len(chunk.times):
                break
        counts.append(total)
    return counts[0], counts[1]
