"""The mixing engine: packets a second, against a loop that only draws the same random numbers.

All rates are CPU time of one core after warm-up, on the standard scenario (1000 packets/s,
3 x 3 Poisson mixes, 0.1 s), targets spread over the middle 70 % of the run, followed to 1e-10.
The floor is measured again beside each figure, because a busy machine slows both.
`BENCH_MIXING_QUICK=1` leaves out the long runs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from typing import Any

import numpy as np
from numba import njit

from benchmarks.common import Row, cpu_s, print_table
from workbench.mixing import kernels as k
from workbench.mixing.simulate import simulate
from workbench.mixing.traffic import seeded
from workbench.scenario import Scenario

S1 = Scenario()
TARGETS = {  # (engine, packets, targets) -> packets a second asked for
    ("general", 30_000, 8): 1.5e6,
    ("general", 30_000, 100): 1.0e6,
    ("general", 30_000, 1000): 0.35e6,
    ("general", 1_000_000, 8): 1.5e6,
    ("general", 1_000_000, 100): 1.0e6,
    ("general", 1_000_000, 1000): None,
    ("memoryless", 30_000, 8): 4.0e6,
    ("memoryless", 30_000, 100): 2.5e6,
    ("memoryless", 30_000, 1000): 1.0e6,
    ("memoryless", 1_000_000, 8): 4.0e6,
    ("memoryless", 1_000_000, 100): 2.5e6,
    ("memoryless", 1_000_000, 1000): None,
}
NYM_HOUR = Scenario(
    clients=200,
    traffic_per_client_per_s=50.0,
    layers=3,
    width=80,
    delay_s=0.015,
)


@njit(nogil=True)
def floor_loop(rng: Any, packets: int) -> float:
    """Time, client, receiver, and three mixes and delays for each packet: drawn, not used."""
    total = 0.0
    for _ in range(packets):
        total += k._exponential(rng, 0) + float(k._bits(rng, 0) >> np.uint64(32))
        for _ in range(3):
            total += k._below(rng, 1, 3) + k._exponential(rng, 2)
    return total


def _say(text: str) -> None:
    print(f"  mixing: {text}", file=sys.stderr, flush=True)


def _rate(work: Any, packets: int, repeats: int) -> float:
    return packets / cpu_s(work, repeats)


def _floor(rng: Any) -> float:
    return _rate(lambda: floor_loop(rng, 300_000), 300_000, 5)


def _in_child(code: str, **environment: str) -> dict[str, float]:
    """Figures that need a fresh process (peak memory, first calls), printed as JSON."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


_LONG = """
import json, resource, time
from workbench.mixing.simulate import simulate
from workbench.scenario import Scenario
packets, engine = {packets}, "{engine}"
simulate(Scenario(), duration_s=1.0, targets=2, engine=engine)
start = time.process_time()
run = simulate(Scenario(), packets=packets, targets=100, engine=engine)
cpu = time.process_time() - start
print(json.dumps(dict(cpu=cpu, sent=run.sent,
    rss=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0)))
"""
_FIRST = """
import json, time
import numba
from workbench.scenario import Scenario
start, cpu = time.perf_counter(), time.process_time()
from workbench.mixing.simulate import simulate
simulate(Scenario(), duration_s=1.0, targets=5, engine="{engine}")
print(json.dumps(dict(wall=time.perf_counter() - start, cpu=time.process_time() - cpu)))
"""


def rows() -> list[Row]:
    """All figures of the topic."""
    found = []
    rng = seeded(1)
    floor_loop(rng, 10)
    found.append(Row("floor: draw the same random numbers", _floor(rng) / 1e6, "M packets/s"))
    for (engine, packets, targets), wanted in TARGETS.items():
        last: list[Any] = []

        def one(
            engine: str = engine,
            packets: int = packets,
            targets: int = targets,
            last: list[Any] = last,
        ) -> None:
            last[:] = [simulate(S1, packets=packets, targets=targets, engine=engine)]

        one()
        floor = _floor(rng)
        rate = _rate(one, last[0].sent, 7 if packets < 100_000 else 2)
        found.append(
            Row(
                f"{engine}, {packets:,} packets, {targets} targets",
                rate / 1e6,
                "M packets/s",
                f">= {wanted / 1e6:g}" if wanted else "",
                rate / floor,
                f"ratio to the floor; {last[0].active_targets_mean:.2f} live on average",
            )
        )
    found += _compiling()
    if not os.environ.get("BENCH_MIXING_QUICK"):
        found += _long_runs()
    return found


def _long_runs() -> list[Row]:
    """Flatness and memory up to 30 million packets, and an hour at Nym's scale."""
    found = []
    for engine in ("general", "memoryless"):
        costs = {}
        for packets in (30_000, 1_000_000, 30_000_000):
            _say(f"{engine}, {packets:,} packets in a process of their own")
            figures = _in_child(_LONG.format(packets=packets, engine=engine))
            costs[packets] = figures["cpu"] / figures["sent"] * 1e9
            memory = figures["rss"]
        found.append(
            Row(
                f"{engine}: cost a packet at 30 M over 1 M packets, 100 targets",
                costs[30_000_000],
                "ns",
                "flat",
                costs[30_000_000] / costs[1_000_000],
                f"{costs[30_000]:.0f} ns at 30 k (more live targets), "
                f"{costs[1_000_000]:.0f} ns at 1 M",
            )
        )
        found.append(Row(f"{engine}: peak memory at 30 M packets", memory / 1e6, "MB", "< 2000"))
    for engine, limit in (("general", 40.0), ("memoryless", 10.0)):
        _say(f"an hour at Nym's scale, {engine}")
        start = time.process_time()
        run = simulate(NYM_HOUR, duration_s=3600.0, targets=100, engine=engine)
        seconds = time.process_time() - start
        found.append(
            Row(
                f"an hour at Nym's scale, {engine} ({run.sent / 1e6:.0f} M packets)",
                seconds,
                "s",
                f"< {limit:g}",
                limit / seconds,
                "ratio: times faster than asked",
            )
        )
    return found


def _compiling() -> list[Row]:
    """First calls from a warm cache, and all kernels from an empty one."""
    found = []
    for engine in ("general", "memoryless"):
        first = _in_child(_FIRST.format(engine=engine))
        found.append(Row(f"first call from a warm cache, {engine}", first["cpu"], "s CPU", "< 0.7"))
    _say("compiling everything")
    with tempfile.TemporaryDirectory() as empty:
        code = (
            "import json, time, numba\nstart = time.process_time()\n"
            "from workbench.mixing.warm import warm\nwarm()\n"
            "print(json.dumps(dict(cpu=time.process_time() - start)))"
        )
        cold = _in_child(code, NUMBA_CACHE_DIR=empty)
    found.append(Row("all kernels compiled cold", cold["cpu"], "s CPU", "< 20"))
    return found


if __name__ == "__main__":
    print_table(rows(), "Mixing")
