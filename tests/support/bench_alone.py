"""The workbench panel without a page: started, stepped and acted on by a test alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from workbench.panels.pump import Tick
from workbench.panels.workbench_panel import WorkbenchPanel, workbench_panel
from workbench.scenario import Scenario

SMALL = Scenario(clients=20, traffic_per_client_per_s=2.0, cover_per_client_per_s=1.0, seed=5)


@asynccontextmanager
async def running(scenario: Scenario | None = None) -> AsyncIterator[WorkbenchPanel]:
    """A panel whose network has started and whose expected value is known."""
    panel = workbench_panel(scenario)
    try:
        await until(lambda: panel.expected is not None)
        yield panel
    finally:
        panel.close()


async def until(is_true: Callable[[], bool], limit_s: float = 120.0) -> None:
    """Let the loop turn until something holds."""
    for _ in range(int(limit_s / 0.02)):
        if is_true():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not come")


def steps(panel: WorkbenchPanel, count: int, interval_s: float = 0.08) -> None:
    """So many steps of the pump, each of so much of the eye's time."""
    for number in range(count):
        panel._step(Tick(number, interval_s, 0.0))


def act(panel: WorkbenchPanel, name: str, **content: Any) -> list[dict[str, Any]]:
    """What a page does, and the words that only that page gets."""
    told: list[dict[str, Any]] = []
    panel.console.tell = lambda view, **said: told.append(said)  # type: ignore[method-assign]
    panel._on_act(name, {"view": "page", "serial": 1, **content})
    return told
