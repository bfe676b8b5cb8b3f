"""simulate_many: the same simulation for many scenarios, on threads, processes or a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any, Protocol

from workbench.errors import SimulationError, WorkbenchError
from workbench.mixing.run import Run
from workbench.mixing.simulate import simulate
from workbench.scenario import Scenario


class Submits(Protocol):
    """All that is asked of an executor: a Dask ``Client`` has it too."""

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **named: Any) -> Any:
        """Begin a call; the returned future has ``result()``."""


def _one(scenario: Scenario, settings: dict[str, Any]) -> Run | WorkbenchError:
    """Runs where the executor pleases; our own errors come back as values."""
    try:
        return simulate(scenario, **settings)
    except WorkbenchError as error:
        return error


def simulate_many(
    scenarios: Iterable[Scenario],
    executor: Executor | Submits | None = None,
    *,
    progress: Callable[[int, int], object] | None = None,
    **settings: Any,
) -> list[Run | WorkbenchError]:
    """Simulate each scenario with the same settings; results come in the scenarios' order.

    Parameters
    ----------
    scenarios : iterable of Scenario
    executor : any concurrent.futures executor, or a dask.distributed Client
        Default: threads of this process (the kernels hold no lock). It is not shut down.
    progress : callable
        Called with (done, all) after each result; returning False cancels what is left.
    **settings
        For :func:`simulate`; its own ``progress`` is not passed on.

    Returns
    -------
    list of Run or WorkbenchError
        One failed scenario does not lose the others: its error stands in its place.

    Raises
    ------
    SimulationError
        When stopped by ``progress``, or when something here is no Scenario or executor.
    """
    try:
        wanted = list(scenarios)
    except TypeError:
        kind = type(scenarios).__name__
        raise SimulationError(f"simulate_many needs several Scenarios; got a {kind}") from None
    if progress is not None and not callable(progress):
        raise SimulationError("progress must be callable with (done, all)")
    for scenario in wanted:
        if not isinstance(scenario, Scenario):
            raise SimulationError(f"simulate_many needs Scenarios; got a {type(scenario).__name__}")
    if executor is None:
        with ThreadPoolExecutor() as threads:
            return _collect(wanted, threads, progress, settings)
    if not hasattr(executor, "submit"):
        raise SimulationError("the executor must have submit(function, *arguments)")
    return _collect(wanted, executor, progress, settings)


def _collect(
    scenarios: list[Scenario],
    executor: Executor | Submits,
    progress: Callable[[int, int], object] | None,
    settings: dict[str, Any],
) -> list[Run | WorkbenchError]:
    futures = [executor.submit(_one, scenario, settings) for scenario in scenarios]
    found: list[Run | WorkbenchError] = []
    for future in futures:
        try:
            found.append(future.result())
        except Exception as error:  # a lost worker, a broken pool, a killed process
            kind = type(error).__name__
            found.append(SimulationError(f"the executor lost this scenario: {kind}: {error}"))
        if progress is not None and progress(len(found), len(futures)) is False:
            for other in futures:
                other.cancel()
            raise SimulationError(f"stopped after {len(found)} of {len(futures)} scenarios")
    return found
