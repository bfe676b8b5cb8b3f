"""A whole network over some epochs, as one table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from workbench.errors import SimulationError
from workbench.rewards import checks
from workbench.system.loop import MOST_EPOCHS, LiveSystem
from workbench.system.setting import SystemScenario
from workbench.system.table import EpochTable

Progress = Callable[[float], object]
Turns = Mapping[int, Mapping[str, Any]]


def run_system(
    setting: SystemScenario | LiveSystem,
    epochs: int = 720,
    *,
    turns: Turns | None = None,
    progress: Progress | None = None,
) -> EpochTable:
    """Run a whole network for some epochs and return one table over them.

    Parameters
    ----------
    setting : SystemScenario or LiveSystem
        A live one goes on from where it is (and has moved on afterwards).
    epochs : int
        How many more epochs, 0 to 1,000,000; an epoch stands for an hour.
    turns : mapping of int to mapping
        Knobs to turn before an epoch: ``{10: {"clients": 200}}``.
    progress : callable
        Called with the share done; returning False stops with a SimulationError, and a
        LiveSystem that was given keeps what it has.

    Returns
    -------
    EpochTable
        Of all epochs of that network, earlier ones included.

    Raises
    ------
    ScenarioError
        For a setting, or a knob of a turn, that is not allowed.
    SimulationError
        For arguments out of range or a run that was stopped.

    Examples
    --------
    >>> quick = SystemScenario(sample_s=0.5, targets=20)
    >>> table = run_system(quick, 3, turns={1: {"clients": 200}})
    >>> table.epoch.tolist(), bool(table.offered_per_s[1] > 1.5 * table.offered_per_s[0])
    ([0, 1, 2], True)
    """
    live = setting if isinstance(setting, LiveSystem) else LiveSystem(setting)
    if isinstance(epochs, bool) or not isinstance(epochs, int | np.integer):
        raise SimulationError(f"epochs must be a whole number; got {checks.shown(epochs)}")
    if not 0 <= epochs <= MOST_EPOCHS:
        raise SimulationError(f"epochs must be from 0 to {MOST_EPOCHS}; got {epochs}")
    planned = _checked_turns({} if turns is None else turns)
    for done in range(int(epochs)):
        if live.epoch in planned:
            live.set(**planned[live.epoch])
        live.advance()
        share = (done + 1) / int(epochs)
        if progress is not None and progress(share) is False:
            raise SimulationError(f"stopped by its progress callback at {100 * share:.0f} %")
    return live.table


def _checked_turns(turns: object) -> dict[int, dict[str, Any]]:
    expected = "turns must map epochs to knobs, such as {10: {'clients': 200}}"
    if not isinstance(turns, Mapping):
        raise SimulationError(f"{expected}; got {checks.shown(turns)}")
    for epoch, knobs in turns.items():
        is_epoch = isinstance(epoch, int) and not isinstance(epoch, bool) and epoch >= 0
        if not is_epoch or not isinstance(knobs, Mapping):
            raise SimulationError(f"{expected}; got {checks.shown(epoch)}: {checks.shown(knobs)}")
        if not all(isinstance(name, str) for name in knobs):
            raise SimulationError(f"{expected}; got {checks.shown(knobs)}")
    return {epoch: dict(knobs) for epoch, knobs in turns.items()}
