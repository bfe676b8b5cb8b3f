"""Compile every kernel and keep it in numba's cache: ``python -m workbench.mixing.warm``."""

from __future__ import annotations

import time

from workbench.mixing.live import LiveMixnet
from workbench.mixing.simulate import simulate
from workbench.scenario import Scenario


def warm() -> float:
    """Run each engine once, very shortly; returns the seconds it took."""
    start = time.perf_counter()
    small = Scenario(clients=2, traffic_per_client_per_s=5.0, delay_s=0.01)
    simulate(small, duration_s=0.5, targets=2, engine="memoryless")
    simulate(small, duration_s=0.5, targets=2, engine="general")
    simulate(small.replace(strategy="timed"), duration_s=0.5, targets=1)
    live = LiveMixnet(small)
    for _ in range(20):  # until a target has been born and reported
        live.advance(dt_s=0.1)
    return time.perf_counter() - start


if __name__ == "__main__":
    print(f"mixing kernels ready after {warm():.1f} s")
