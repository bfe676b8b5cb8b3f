"""The kernels without numba, with bounds checks, and their generator."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from workbench.mixing import kernels
from workbench.mixing.simulate import simulate
from workbench.mixing.traffic import seeded
from workbench.scenario import Scenario

# Small runs that reach every branch: each strategy, each topology, every kind of trouble.
SWEEP = """
import sys, itertools
import numpy as np
from workbench import strategies
from workbench.mixing.simulate import simulate
from workbench.scenario import Scenario
found = []
base = dict(clients=4, traffic_per_client_per_s=8.0, width=2, layers=2, delay_s=0.05)
extras = [
    {}, dict(corrupt_mixes=1, cover_per_client_per_s=2.0), dict(mix_loops_per_mix_per_s=4.0),
    dict(link_delay_s=0.01, link_loss=0.1, mixes_down=1), dict(mix_loss=0.1),
    dict(capacity_per_s=20.0, queue_packets=1), dict(traffic_pattern="bursty", burst_s=0.1),
    dict(traffic_pattern="day", day_s=1.0, main_stream_per_client_per_s=12.0),
]
names = list(strategies.STRATEGIES)
topologies = ("stratified", "cascade", "free_route")
for i, (extra, track) in enumerate(itertools.product(extras, ("packets", "senders", "receivers"))):
    for j in range(int(sys.argv[1])):
        scenario = Scenario(**base, **extra, strategy=names[(i + 4 * j) % len(names)],
                            topology=topologies[(i + j) % 3])
        run = simulate(scenario, duration_s=0.6, targets=30, track=track, log=i % 2 == 0)
        found.append([run.sent, run.delivered, np.nansum(run.entropy_bits), run.target_mass.sum()])
for extra in extras[:2]:
    run = simulate(Scenario(**base, **extra), duration_s=0.6, targets=30, engine="memoryless")
    found.append([run.sent, run.delivered, np.nansum(run.entropy_bits), run.target_mass.sum()])
print(np.array(found).round(9).tolist())
"""


def sweep(rounds: int, **environment: str) -> list[list[float]]:
    done = subprocess.run(
        [sys.executable, "-c", SWEEP, str(rounds)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    rows: list[list[float]] = eval(done.stdout, {"nan": float("nan")})
    return rows


def test_plain_python_gives_the_same_numbers() -> None:
    """Every kernel is its own slow twin: NUMBA_DISABLE_JIT=1 runs the same lines slowly."""
    fast = sweep(1)
    slow = sweep(1, NUMBA_DISABLE_JIT="1")
    assert len(fast) == 26
    assert np.allclose(fast, slow, rtol=1e-9, atol=1e-9)


@pytest.mark.slow
def test_no_kernel_reads_or_writes_out_of_bounds(tmp_path: Path) -> None:
    checked = sweep(4, NUMBA_BOUNDSCHECK="1", NUMBA_CACHE_DIR=str(tmp_path))
    assert np.allclose(checked, sweep(4), rtol=1e-12)


def test_random_numbers_are_those_of_xoshiro256_plus_plus() -> None:
    """Against the published algorithm in plain integers (Blackman and Vigna 2019)."""
    rng = seeded(7)
    s = [int(word) for word in rng[0]]
    mask = 2**64 - 1

    def rotate(x: int, k: int) -> int:
        return (x << k | x >> (64 - k)) & mask

    drawn = []
    for _ in range(1000):
        drawn.append((rotate((s[0] + s[3]) & mask, 23) + s[0]) & mask)
        t = s[1] << 17 & mask
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= t
        s[3] = rotate(s[3], 45)
    code = (
        "import os; os.environ['NUMBA_DISABLE_JIT'] = '1'\n"
        "from workbench.mixing import kernels\nfrom workbench.mixing.traffic import seeded\n"
        "import numpy as np; np.seterr(over='ignore')\n"
        "rng = seeded(7)\nprint([int(kernels._bits(rng, 0)) for _ in range(1000)])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert eval(done.stdout) == drawn


def test_every_purpose_has_a_stream_of_its_own() -> None:
    rng = seeded(3)
    assert rng.shape == (kernels.STREAMS, 4)
    assert len({tuple(row) for row in rng}) == kernels.STREAMS
    assert not np.array_equal(rng, seeded(4))
    assert np.array_equal(rng, seeded(3))


def test_the_cost_of_memory_does_not_grow_with_the_run() -> None:
    """State and chunks stay as they are however long clients send."""
    import tracemalloc

    sizes = []
    for duration_s in (50.0, 400.0):
        tracemalloc.start()
        simulate(Scenario(), duration_s=duration_s, targets=20)
        sizes.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert sizes[1] < 1.3 * sizes[0]
