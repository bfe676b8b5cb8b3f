"""simulate_many: order, progress, failures, executors."""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest

from workbench.errors import SimulationError
from workbench.mixing.many import simulate_many
from workbench.mixing.run import Run
from workbench.mixing.simulate import simulate
from workbench.scenario import Scenario

SMALL = Scenario(clients=5, delay_s=0.02)
WIDTHS = [1, 2, 3, 4]
SCENARIOS = [SMALL.replace(width=width) for width in WIDTHS]


def test_results_come_in_order_and_equal_single_runs() -> None:
    seen: list[tuple[int, int]] = []
    runs = simulate_many(
        SCENARIOS,
        duration_s=2.0,
        targets=10,
        progress=lambda done, every: seen.append((done, every)),
    )
    assert seen == [(i, 4) for i in range(1, 5)]
    for scenario, run in zip(SCENARIOS, runs, strict=True):
        assert isinstance(run, Run)
        assert run.scenario == scenario
        alone = simulate(scenario, duration_s=2.0, targets=10)
        assert np.array_equal(run.entropy_bits, alone.entropy_bits)


def test_one_failed_scenario_does_not_lose_the_others() -> None:
    scenarios = [SMALL, SMALL.replace(strategy="gamma"), SMALL]
    results = simulate_many(scenarios, duration_s=1.0, targets=2, engine="memoryless")
    assert isinstance(results[0], Run)
    assert isinstance(results[1], SimulationError)
    assert "memoryless" in str(results[1])
    assert isinstance(results[2], Run)


def test_a_process_pool_does_as_well() -> None:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        runs = simulate_many(SCENARIOS[:2], pool, duration_s=1.0, targets=5)
    threads = simulate_many(SCENARIOS[:2], duration_s=1.0, targets=5)
    for one, two in zip(runs, threads, strict=True):
        assert isinstance(one, Run)
        assert isinstance(two, Run)
        assert np.array_equal(one.entropy_bits, two.entropy_bits)


class Broken(ThreadPoolExecutor):
    def submit(self, *arguments: object, **named: object):  # type: ignore[no-untyped-def,override]
        def fail() -> None:
            raise OSError("the machine is gone")

        return super().submit(fail)


def test_a_lost_worker_is_one_lost_result() -> None:
    with Broken(1) as broken:
        results = simulate_many(SCENARIOS[:2], broken)
    assert all(isinstance(result, SimulationError) for result in results)
    assert "the machine is gone" in str(results[0])


def test_progress_can_stop_what_is_left() -> None:
    with pytest.raises(SimulationError, match="stopped after 2 of 4"):
        simulate_many(SCENARIOS, duration_s=0.5, progress=lambda done, every: done < 2)


def test_what_is_no_scenario_or_executor_is_refused() -> None:
    with pytest.raises(SimulationError, match="needs Scenarios"):
        simulate_many([SMALL, "S1"])  # type: ignore[list-item]
    with pytest.raises(SimulationError, match="submit"):
        simulate_many([SMALL], 3)  # type: ignore[arg-type]
    assert simulate_many([]) == []


def test_a_dask_client_works_unchanged_on_worker_processes() -> None:
    """Scenarios and Runs cross to other processes and back, equal to those made here."""
    distributed = pytest.importorskip(
        "distributed", reason="dask.distributed is the optional extra 'cluster'"
    )
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        workers = set(client.run(os.getpid).values())
        assert len(workers) == 2
        assert os.getpid() not in workers
        runs = simulate_many(SCENARIOS[:3], client, duration_s=1.0, targets=5)
    for scenario, run in zip(SCENARIOS, runs, strict=False):
        assert isinstance(run, Run)
        assert run.scenario == scenario
        alone = simulate(scenario, duration_s=1.0, targets=5)
        assert np.array_equal(run.entropy_bits, alone.entropy_bits)


def test_other_hostile_arguments_meet_our_own_errors() -> None:
    with pytest.raises(SimulationError, match="several Scenarios"):
        simulate_many(3)  # type: ignore[arg-type]
    with pytest.raises(SimulationError, match="callable"):
        simulate_many([SMALL], progress=3)  # type: ignore[arg-type]


def test_threads_and_one_thread_and_no_executor_give_equal_results() -> None:
    with ThreadPoolExecutor(4) as four, ThreadPoolExecutor(1) as one:
        every = [
            simulate_many(SCENARIOS, executor, duration_s=1.0, targets=10)
            for executor in (four, one, None)
        ]
    for results in zip(*every, strict=True):
        for run in results[1:]:
            assert isinstance(run, Run)
            assert isinstance(results[0], Run)
            assert np.array_equal(run.entropy_bits, results[0].entropy_bits)
            assert np.array_equal(run.latency_s, results[0].latency_s)
