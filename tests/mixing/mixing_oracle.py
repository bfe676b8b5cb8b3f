"""The observer by brute force: posteriors from an event log, slow and obvious.

Nothing here knows the kernels. The observer's evidence is the log without its packet numbers;
the numbers only name the rows, so that answers can be compared.
"""

from __future__ import annotations

import functools
import math
from collections import defaultdict
from collections.abc import Callable

import numpy as np

from workbench.mixing.engine import advance, new_state
from workbench.mixing.events import NOWHERE, Events
from workbench.mixing.kernels import LOG_N, finish
from workbench.mixing.state import Chunk, State
from workbench.mixing.traffic import seeded
from workbench.scenario import Scenario

Density = Callable[[float], float]
Vector = np.ndarray


def run_handmade(
    scenario: Scenario,
    times: list[float],
    *,
    seed: int = 0,
    until: float = math.inf,
    codes: list[int] | None = None,
    senders: list[int] | None = None,
) -> tuple[State, Events]:
    """Send packets at given times, every real one a target; returns the state and its log."""
    count = len(times)
    chunk = Chunk.empty(count)
    chunk.times[:] = times
    chunk.codes[:] = 0 if codes is None else codes
    chunk.senders[:] = np.arange(count) % scenario.clients if senders is None else senders
    chunk.receivers[:] = (np.arange(count) + 1) % scenario.clients
    real = int(np.sum(chunk.codes == 0))
    state = new_state(
        scenario, seeded(seed), target_numbers=np.arange(real), log_rows=4096, retire_below=-1.0
    )
    state = advance(state, chunk, count, until, sink=None)
    finish(state)
    rows = int(state.ints[LOG_N])
    ints, reals = state.log_ints[:rows], state.log_reals[:rows]
    return state, Events(
        ints[:, 0].copy(),
        ints[:, 1].astype(np.uint8),
        ints[:, 2].astype(np.int32),
        ints[:, 3].astype(np.int32),
        reals[:, 0].copy(),
        reals[:, 1].copy(),
        reals[:, 2].copy(),
    )


def entropy_bits(shares: Vector) -> float:
    """Shannon entropy of shares that are first made to add up to 1."""
    p = shares[shares > 1e-15] / shares.sum()
    return float(-(p * np.log2(p)).sum())


def matching_marginals(
    weight: np.ndarray, unmatched_in: float = 0.0, unmatched_out: float = 0.0
) -> np.ndarray:
    """Posterior chance that arrival i is departure j, over all matchings by their weight.

    ``weight[i, j]`` is the likelihood that i leaves as j. Arrivals that never leave weigh
    ``unmatched_in``, departures that never came ``unmatched_out``.
    """
    arrivals, departures = weight.shape

    @functools.cache
    def total(i: int, taken: int) -> float:
        """Weight of all ways to place arrivals i, i + 1, ... when ``taken`` departures are."""
        if i == arrivals:
            return unmatched_out ** (departures - taken.bit_count())
        result = unmatched_in * total(i + 1, taken) if unmatched_in else 0.0
        for j in range(departures):
            if not taken >> j & 1 and weight[i, j] > 0.0:
                result += weight[i, j] * total(i + 1, taken | 1 << j)
        return result

    reached: dict[int, float] = {0: 1.0}
    marginals = np.zeros_like(weight)
    for i in range(arrivals):
        after: dict[int, float] = defaultdict(float)
        for taken, so_far in reached.items():
            if unmatched_in:
                after[taken] += so_far * unmatched_in
            for j in range(departures):
                if not taken >> j & 1 and weight[i, j] > 0.0:
                    one = so_far * weight[i, j]
                    marginals[i, j] += one * total(i + 1, taken | 1 << j)
                    after[taken | 1 << j] += one
        reached = after
    everything = total(0, 0)
    assert everything > 0.0
    return marginals / everything


def layered_posterior(
    log: Events,
    layers: int,
    width: int,
    density: Density | None,
    *,
    corrupted: tuple[int, ...] = (),
    lost_inside: float = 0.0,
    absorbed: float = 0.0,
    birth_rate: float = 0.0,
    service_s: float = 0.0,
    batch: int | None = None,
    keep: int = 0,
) -> dict[int, Vector]:
    """For each packet that left the last layer: its chance to be each packet that was sent.

    Exact for stratified networks and cascades. Mixes are taken one after another: what is
    between their links is all that is hidden, and it is independent from mix to mix.
    ``density`` is the likelihood of a wait; None for batch mixes, where every packet that came
    before a flush is as likely as any other to leave with it. A threshold mix (``batch``,
    ``keep``) tells by its rank whether a packet came before: some come at one moment.
    """
    packets = int(log.packet.max()) + 1
    carried: dict[tuple[int, int], Vector] = {}  # (packet, node that it left) -> posterior
    for row in range(len(log)):
        if log.source[row] < 0:
            carried[int(log.packet[row]), -1] = np.eye(packets)[log.packet[row]]
    for layer in range(layers):
        for index in range(width):
            mix = layer * width + index
            came = [
                (float(log.arrive_s[r]), int(log.packet[r]), int(log.source[r]))
                for r in range(len(log))
                if log.target[r] == mix
            ]
            went = [
                (float(log.leave_s[r]), int(log.packet[r]))
                for r in range(len(log))
                if log.source[r] == mix and has_left(log, r)
            ]
            came.sort()
            # A mix loop that passes a gateway ends there for the observer, and one begins.
            last = (layers - 1) * width
            before = [
                np.eye(packets)[packet]
                if layer == 0 and source >= last
                else carried[packet, source if source >= 0 else -1]
                for _, packet, source in came
            ]
            if mix in corrupted:
                for vector, (_, packet, _) in zip(before, came, strict=True):
                    carried[packet, mix] = vector
                continue
            weight = np.zeros((len(came), len(went)))
            admitted = []  # what comes before the processor is free waits, first in first out
            free = -math.inf
            for arrive, _, _ in came:
                free = max(free, arrive) + service_s
                admitted.append(free)
            for i, (arrive, _, _) in enumerate(came):
                for j, (leave, _) in enumerate(went):
                    if density is not None:
                        stays = (1.0 - lost_inside) * (1.0 - absorbed)
                        weight[i, j] = stays * density(leave - admitted[i])
                    elif batch is not None:
                        rank = sum(other < arrive for other, _, _ in came) + sum(
                            other == arrive for other, _, _ in came[:i]
                        )
                        weight[i, j] = rank < keep + batch * (j // batch + 1)
                    else:
                        weight[i, j] = arrive <= leave
            unmatched = 1.0 - (1.0 - lost_inside) * (1.0 - absorbed)
            shares = matching_marginals(
                weight, unmatched if density is not None else 1.0, birth_rate
            )
            for j, (_, packet) in enumerate(went):
                carried[packet, mix] = sum(
                    (shares[i, j] * before[i] for i in range(len(came))), np.zeros(packets)
                )
    ends = {}
    for r in range(len(log)):
        packet, source, target = int(log.packet[r]), int(log.source[r]), int(log.target[r])
        if target < 0 and target != NOWHERE:
            ends[packet] = carried[packet, source]
        elif source >= (layers - 1) * width and 0 <= target < width and has_left(log, r):
            ends[-1 - packet] = carried[packet, source]  # a mix loop at a gateway
    return ends


def has_left(log: Events, row: int) -> bool:
    """Whether the row's packet left its source; one that was lost inside did not."""
    return bool(log.target[row] != NOWHERE or log.wait_s[row] == 0.0)


def by_target(posterior: dict[int, Vector], packets: int) -> list[Vector]:
    """For each packet sent: its chance to be each packet that was delivered."""
    table = np.array(list(posterior.values())).reshape(len(posterior), packets)
    return [table[:, target] for target in range(packets)]


def free_route_posterior(log: Events, layers: int) -> dict[int, Vector]:
    """As layered_posterior, for free routes of Poisson mixes: all valid histories, one by one.

    A history gives each departure one of the packets held; it is valid when every packet
    passes exactly ``layers`` different mixes. All valid ones are equally likely.
    """
    packets = int(log.packet.max()) + 1
    order = np.argsort(log.leave_s, kind="stable")
    rows = [(int(log.source[r]), int(log.target[r]), int(log.packet[r])) for r in order]
    hits: dict[int, Vector] = {p: np.zeros(packets) for _, t, p in rows if t < 0}

    held: dict[int, list[tuple[int, frozenset[int]]]] = defaultdict(list)

    def histories(step: int, ends: tuple[tuple[int, int], ...]) -> int:
        if step == len(rows):
            for out, who in ends:
                hits[out][who] += 1
            return 1
        source, target, packet = rows[step]
        count = 0
        if source < 0:
            entry = (packet, frozenset({target}))
            held[target].append(entry)
            count = histories(step + 1, ends)
            held[target].remove(entry)
            return count
        for choice in list(held[source]):
            who, visited = choice
            if target < 0:
                if len(visited) != layers:
                    continue
                held[source].remove(choice)
                count += histories(step + 1, (*ends, (packet, who)))
                held[source].append(choice)
            elif len(visited) < layers and target not in visited:
                held[source].remove(choice)
                entry = (who, visited | {target})
                held[target].append(entry)
                count += histories(step + 1, ends)
                held[target].remove(entry)
                held[source].append(choice)
        return count

    total = histories(0, ())
    return {packet: vector / total for packet, vector in hits.items()}


def replay_twin(log: Events, mixes: int, corrupted: tuple[int, ...] = ()) -> dict[int, Vector]:
    """The two-number rule, n and M for each mix, in plain Python over a log in time order.

    Batches that leave at one moment all take M / n as it was before.
    """
    packets = int(log.packet.max()) + 1
    held = [0] * mixes
    mass = [np.zeros(packets) for _ in range(mixes)]
    moving: dict[int, Vector] = {}
    moments = []
    for r in range(len(log)):
        if has_left(log, r):
            moments.append((float(log.leave_s[r]), r, False))
        if log.target[r] >= 0:
            moments.append((float(log.arrive_s[r]), r, True))
    moments.sort(key=lambda moment: (moment[0], moment[1], moment[2]))
    ends: dict[int, Vector] = {}
    for _, r, is_arrival in moments:
        packet, source, target = int(log.packet[r]), int(log.source[r]), int(log.target[r])
        if is_arrival:
            if target not in corrupted:
                held[target] += 1
                mass[target] = mass[target] + moving[packet]
            continue
        if source < 0:
            moving[packet] = np.eye(packets)[packet]
        elif source not in corrupted:
            moving[packet] = mass[source] / held[source]
            mass[source] = mass[source] - moving[packet]
            held[source] -= 1
        if target < 0 and target != NOWHERE:
            ends[packet] = moving[packet]
    return ends
