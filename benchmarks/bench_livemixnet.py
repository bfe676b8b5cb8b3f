"""One step of the live network at Nym-like load: 100 ms of network time, while a knob turns.

CPU time of ``set`` and the public ``advance`` with its Frame, its events and at least 100
live targets, over 1,000 steps.
"""

from __future__ import annotations

import math
import time

import numpy as np

from benchmarks.common import Row
from workbench.mixing.live import LiveMixnet
from workbench.scenario import Scenario

STEPS = 1000
TARGET_MS = 10.0


def rows() -> list[Row]:
    return [row for delay_s in (0.015, 0.5) for row in _steps(delay_s)]


def _steps(delay_s: float) -> list[Row]:
    scenario = Scenario(
        clients=182,
        traffic_per_client_per_s=25.0,
        main_stream_per_client_per_s=50.0,
        cover_per_client_per_s=5.0,
        width=80,
        delay_s=delay_s,
    )
    live = LiveMixnet(scenario, targets=150)
    for _ in range(5):
        live.advance(0.1)
    spent, targets, packets, events = [], [], 0, 0
    for step in range(STEPS):
        wanted = delay_s * (1.0 + 0.3 * math.sin(step / 25.0))
        start = time.process_time()
        live.set(delay_s=wanted)
        frame = live.advance(0.1)
        spent.append(1e3 * (time.process_time() - start))
        targets.append(frame.live_targets)
        packets += int(frame.sent_by_kind.sum())
        events += len(frame.events)
    middle, high = np.percentile(spent, (50, 95))
    note = (
        f"median {middle:.1f} ms; live targets {min(targets)} to {max(targets)}; "
        f"{packets / STEPS / 0.1:,.0f} packets/s, {events / STEPS:,.0f} events a frame"
    )
    return [
        Row(
            f"live step of 100 ms, 3 x 80 mixes, delay {delay_s:g} s, p95",
            float(high),
            "ms",
            f"< {TARGET_MS:g} ms of one core",
            float(high) / TARGET_MS,
            note,
        )
    ]
