"""A slow, obvious mixnet for the flow's tests: Poisson senders, exponential stays, no links.

It is one producer of events among others; the real ones are simulate(log=True) and LiveMixnet.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.mixing.events import DROP_COVER, LOOP_COVER, REAL, Events
from workbench.scenario import Scenario


@dataclass(frozen=True)
class Told:
    """What add() wants: the crossings of a stretch of time, and the state at its end."""

    events: Events
    clock_s: float
    pools: NDArray[np.int64]
    belief: NDArray[np.float64] | None
    belief_out: float


def all_events(scenario: Scenario, duration_s: float) -> Events:
    """Every crossing of a run, in the order of leaving."""
    rng = np.random.default_rng(scenario.seed)
    rates = (
        scenario.traffic_per_client_per_s,
        scenario.cover_per_client_per_s,
        scenario.drop_cover_per_client_per_s,
    )
    starts = []
    for kind, rate in zip((REAL, LOOP_COVER, DROP_COVER), rates, strict=True):
        count = rng.poisson(rate * scenario.clients * duration_s)
        clients = rng.integers(scenario.clients, size=count)
        starts += [
            (at, kind, int(client))
            for at, client in zip(rng.uniform(0, duration_s, count), clients, strict=True)
        ]
    rows = []
    for number, (at_s, kind, client) in enumerate(sorted(starts)):
        now_s, node = at_s, -1 - client
        for layer in range(scenario.layers):
            mix = layer * scenario.width + int(rng.integers(scenario.width))
            rows.append((now_s, number, kind, node, mix))
            now_s, node = now_s + rng.exponential(scenario.delay_s), mix
        goal = client if kind == LOOP_COVER else int(rng.integers(scenario.clients))
        rows.append((now_s, number, kind, node, -1 - goal))
    rows.sort()
    leave_s, packet, kind_, source, target = (
        np.array(column) for column in zip(*rows, strict=True)
    )
    return Events(
        packet.astype(np.int64),
        kind_.astype(np.uint8),
        source.astype(np.int32),
        target.astype(np.int32),
        leave_s,
        leave_s.copy(),
        np.full(len(packet), np.nan),
    )


class PlainMixnet:
    """The same, handed out step by step, with the belief about one packet."""

    def __init__(self, scenario: Scenario, duration_s: float = 60.0) -> None:
        self.scenario = scenario
        self.events = all_events(scenario, duration_s)
        self.clock_s = 0.0
        self.pools = np.zeros(scenario.mixes, np.int64)
        self.target: int | None = None
        self.mass = np.zeros(scenario.mixes)
        self.mass_out = 0.0
        self.carried: dict[int, float] = {}

    def follow(self, packet: int | None) -> None:
        """Follow a packet that has not been sent yet, exactly; or nobody."""
        self.target, self.mass[:], self.mass_out, self.carried = packet, 0.0, 0.0, {}

    def advance(self, dt_s: float) -> Told:
        """The next stretch of time."""
        end_s = self.clock_s + dt_s
        since = (self.events.leave_s > self.clock_s) & (self.events.leave_s <= end_s)
        step = self.events.where(since)
        for packet, source, target in zip(step.packet, step.source, step.target, strict=True):
            mass = float(packet == self.target and source < 0)
            if source >= 0:
                mass = self.mass[source] / self.pools[source]
                self.mass[source] -= mass
                self.pools[source] -= 1
            if target >= 0:
                self.mass[target] += mass
                self.pools[target] += 1
            else:
                self.mass_out += mass
        self.clock_s = end_s
        belief = None if self.target is None else self.mass.copy()
        return Told(step, end_s, self.pools.copy(), belief, self.mass_out)
