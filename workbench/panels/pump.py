"""The loop in the kernel that drives live panels.

One asyncio task a panel. It keeps an absolute schedule, skips what is late instead of
catching up, waits while a page is behind or nobody looks, shows its exception instead of
dying unseen, and ends when its cell is run again.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import math
import time
import traceback
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from workbench.errors import WorkbenchError

UNWATCHED_LOOK_S = 0.5
MOST_TICKS_PER_S = 20.0


class Pane(Protocol):
    """What a pump asks of the panels that it feeds (every live view answers this)."""

    @property
    def is_watched(self) -> bool:
        """Whether somebody looks at it."""

    @property
    def may_send(self) -> bool:
        """Whether its page keeps up."""

    def show_status(self, status: str, text: str = "") -> None:
        """Say how its producer fares."""

    def on_watch(self, callback: Callable[[], None]) -> None:
        """Call back when watching starts or stops."""


@dataclass(frozen=True)
class Tick:
    """One beat of a pump.

    Attributes
    ----------
    number : int
        Counts the steps made, from 0.
    interval_s : float
        The pump's interval: advance the model by this much shown time, however late it is.
    late_s : float
        How long after its due time the step began.
    """

    number: int
    interval_s: float
    late_s: float


Step = Callable[[Tick], Awaitable[None] | None]


class Pump:
    """Call ``step`` on an absolute schedule while somebody looks.

    A step should take under 20 ms, since it runs in the loop that also runs cells; a longer
    one belongs in a thread (``in_thread=True``, with code that releases the interpreter).
    Sliders are read inside the step: nothing heavy belongs in ``observe``.

    Parameters
    ----------
    step : callable
        Called with a :class:`Tick`. May be a coroutine function.
    panes : sequence of live views
        Fed by this pump. It waits while none is watched, and skips a tick while a watched
        one is behind. Without panes it never waits.
    interval_s : float
        From 0.05 (a page carries no more than 20 updates a second) to 3600.
    in_thread : bool
        Run the step in a worker thread. It must not touch widgets then.
    playing : bool
        Whether it starts at once.

    Raises
    ------
    WorkbenchError
        An interval out of range, or no running event loop (a plain script).
    """

    def __init__(
        self,
        step: Step,
        panes: Sequence[Pane] = (),
        *,
        interval_s: float = 0.1,
        in_thread: bool = False,
        playing: bool = True,
    ) -> None:
        self.interval_s = _checked_interval(interval_s)
        self.panes = tuple(panes)
        self.error: BaseException | None = None
        self.steps = 0
        self.late = 0
        self.held_back = 0
        self.busy_s = 0.0
        self._step = step
        self._in_thread = in_thread
        self._is_playing = playing
        self._singles = 0
        self._told = ""
        try:
            self._loop = asyncio.get_running_loop()
        except RuntimeError:
            raise WorkbenchError(
                "a pump needs a running event loop: make it in a notebook cell"
            ) from None
        self._wake = asyncio.Event()
        for pane in self.panes:
            pane.on_watch(self._nudge)
        self._task = self._loop.create_task(self._run())
        _end_those_of_an_older_run(self)

    @property
    def state(self) -> str:
        """``"playing"``, ``"paused"``, ``"unwatched"``, ``"failed"`` or ``"stopped"``."""
        if self.error is not None:
            return "failed"
        if self._task.done() or self._task.cancelling():
            return "stopped"
        if not self._is_playing:
            return "paused"
        return "playing" if self._is_watched() else "unwatched"

    @property
    def is_playing(self) -> bool:
        """What play and pause last asked for, watched or not."""
        return self._is_playing

    def play(self) -> None:
        """Go on, from any thread."""
        self._is_playing = True
        self._nudge()

    def pause(self) -> None:
        """Hold still after the step under way."""
        self._is_playing = False
        self._nudge()

    def step_once(self) -> None:
        """Make one step and stay paused."""
        self._is_playing = False
        self._singles += 1
        self._nudge()

    def feed(self, *panes: Pane) -> None:
        """Further panels that this pump feeds from now on."""
        self.panes += panes
        for pane in panes:
            pane.on_watch(self._nudge)
            if self._told:
                pane.show_status(self._told)

    def cancel(self) -> None:
        """End for good; the panels say so."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._task.cancel)

    def _nudge(self) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake.set)

    def _is_watched(self) -> bool:
        return not self.panes or any(pane.is_watched for pane in self.panes)

    def _may_send(self) -> bool:
        return all(pane.may_send for pane in self.panes)

    async def _run(self) -> None:
        try:
            while True:
                if self._singles:
                    self._singles -= 1
                    await self._one(0.0)
                elif self._is_playing and self._is_watched():
                    await self._play_on()
                self._tell()
                if self._singles == 0 and not (self._is_playing and self._is_watched()):
                    await self._rest()
        except asyncio.CancelledError:
            self._tell("stopped")
            raise
        except Exception as error:
            self.error = error
            self._tell("failed", failure_in_words(error))

    async def _play_on(self) -> None:
        """Steps at start + k interval; what is late is skipped, not made up for."""
        self._tell("playing")
        start_s, k, interval_s = time.monotonic(), 0, self.interval_s
        while self._is_playing and not self._singles and self._is_watched():
            if interval_s != self.interval_s:
                start_s, k, interval_s = time.monotonic(), 0, self.interval_s
            late_s = time.monotonic() - (start_s + k * interval_s)
            if self._may_send():
                await self._one(late_s)
            else:
                self.held_back += 1
            due = next_due(k, time.monotonic() - start_s, interval_s)
            self.late += due - k - 1
            k = due
            self._wake.clear()
            await self._sleep_until(start_s + k * interval_s)

    async def _one(self, late_s: float) -> None:
        tick = Tick(self.steps, self.interval_s, max(0.0, late_s))
        began_s = time.thread_time()
        if self._in_thread:
            await asyncio.to_thread(self._step, tick)
        else:
            made = self._step(tick)
            if inspect.isawaitable(made):
                await made
        self.busy_s += time.thread_time() - began_s
        self.steps += 1

    async def _sleep_until(self, due_s: float) -> None:
        # Never less than one turn of the loop: cells and messages must get in.
        await asyncio.sleep(max(0.0, due_s - time.monotonic()))

    async def _rest(self) -> None:
        """Wait for a nudge; look by itself, too, since a closed tab sends none."""
        self._wake.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), UNWATCHED_LOOK_S)

    def _tell(self, status: str | None = None, text: str = "") -> None:
        if status is None:
            status = "paused" if not self._is_playing else self._told
        if status == self._told or not status:
            return
        self._told = status
        for pane in self.panes:
            pane.show_status(status, text)


def next_due(number: int, elapsed_s: float, interval_s: float) -> int:
    """Which tick comes after ``number``: the next that is not over yet.

    Parameters
    ----------
    number : int
        The tick just made, due at ``number * interval_s``.
    elapsed_s, interval_s : float
        Seconds since the schedule began, and between ticks.

    Examples
    --------
    >>> next_due(4, 0.41, 0.1), next_due(4, 0.75, 0.1)
    (5, 8)
    """
    return max(number + 1, math.ceil(elapsed_s / interval_s - 1e-9))


def failure_in_words(error: BaseException) -> str:
    """An exception as a panel shows it: what, where, and what to do."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({frames[-1].name}, line {frames[-1].lineno})" if frames else ""
    said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return f"This panel stopped: {said}{where}. Run its cell again to go on."


def _checked_interval(interval_s: float) -> float:
    fastest_s = 1 / MOST_TICKS_PER_S
    if not isinstance(interval_s, int | float) or not fastest_s <= interval_s <= 3600:
        raise WorkbenchError(f"interval_s is {interval_s!r}; expected {fastest_s} to 3600 seconds")
    return float(interval_s)


# Which run of which cell made which pumps: {cell id: (message id of the run, its pumps)}.
_by_cell: dict[str, tuple[str, list[Pump]]] = {}


def _end_those_of_an_older_run(pump: Pump) -> None:
    cell, run = _cell_and_run()
    if cell is None:
        return
    older_run, pumps = _by_cell.get(cell, (run, []))
    if older_run != run:
        for old in pumps:
            old.cancel()
        pumps = []
    _by_cell[cell] = (run, [p for p in pumps if not p._task.done()] + [pump])


def runs_in_a_cell() -> bool:
    """Whether this code runs for a cell of a notebook, so that a page may come to draw."""
    return _cell_and_run()[0] is not None


def _cell_and_run() -> tuple[str | None, str]:
    """Jupyter's id of the cell that runs now, and of this run of it."""
    try:
        from IPython import get_ipython
    except ImportError:
        return None, ""
    shell: Any = get_ipython()
    kernel = getattr(shell, "kernel", None)
    if kernel is None:
        return None, ""
    parent = kernel.get_parent("shell") or {}
    cell = parent.get("metadata", {}).get("cellId")
    return cell, str(parent.get("header", {}).get("msg_id", ""))
