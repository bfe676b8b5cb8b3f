"""What takes the workbench a while, off its loop: a network that has run, and what to expect."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Coroutine, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from workbench.errors import WorkbenchError
from workbench.panels.live_model import LAST_TARGETS
from workbench.panels.sharing import EXPECTED_TARGETS
from workbench.scenario import Scenario

if TYPE_CHECKING:
    from workbench.mixing.frame import Expected, Frame
    from workbench.mixing.live import LiveMixnet

PRIMED_TARGETS = LAST_TARGETS
PRIMING_STEPS = 40
MOST_PRIMING_PACKETS = 60_000.0
MOST_ANSWERS = 64

_thinking = ThreadPoolExecutor(max_workers=1, thread_name_prefix="workbench-expected")
Task = asyncio.Task[None]


def started(scenario: Scenario) -> tuple[LiveMixnet, list[Frame]]:
    """A network that has run until some targets have finished, and the frames of that time."""
    from workbench.mixing.live import LiveMixnet

    network = LiveMixnet(scenario, targets=PRIMED_TARGETS)
    rate = max(scenario.total_rate_per_s, 1e-9)
    # A target's doubt has left after some sixteen mean waits (its last thousandth, that is).
    life_s = 20.0 * max(scenario.mean_delay_s(), 1e-3) + 2.0 * scenario.layers * 0.01
    step_s = min(life_s, MOST_PRIMING_PACKETS / rate, 3600.0 * PRIMING_STEPS) / PRIMING_STEPS
    frames, finished = [], 0
    for _ in range(2 * PRIMING_STEPS):
        frame = network.advance(step_s)
        frames.append(frame)
        finished += sum(not math.isnan(bits) for bits in frame.entropy_bits)
        if finished >= PRIMED_TARGETS:
            break
    return network, frames


class Answers:
    """What settings lead to, each by a simulation of its own in one thread.

    Parameters
    ----------
    wanted : callable
        Returns the scenarios wished for now, the first one first; asked before each
        simulation, so that a slider that is dragged leaves no queue behind.
    arrived : callable
        Called when an answer is there.
    refused : callable
        Called with the reason when a scenario cannot be simulated.
    keep : callable
        Starts a coroutine as a task and holds it.
    """

    def __init__(
        self,
        wanted: Callable[[], Iterable[Scenario]],
        arrived: Callable[[], None],
        refused: Callable[[str], None],
        keep: Callable[[Coroutine[Any, Any, None]], Task],
    ) -> None:
        self._wanted, self._arrived, self._say, self._keep = wanted, arrived, refused, keep
        self._known: dict[Scenario, Expected] = {}
        self._refused: set[Scenario] = set()
        self._task: Task | None = None

    @property
    def known(self) -> Mapping[Scenario, Expected]:
        """The last answers, by scenario."""
        return self._known

    def wish(self) -> None:
        """Look at what is wanted, and go on until all of it is known or refused."""
        if self._task is None or self._task.done():
            self._task = self._keep(self._think())

    def _next(self) -> Scenario | None:
        done = (self._known, self._refused)
        return next((one for one in self._wanted() if not any(one in d for d in done)), None)

    async def _think(self) -> None:
        loop = asyncio.get_running_loop()
        while (scenario := self._next()) is not None:
            try:
                found = await loop.run_in_executor(_thinking, _expected, scenario)
            except WorkbenchError as error:
                self._refused.add(scenario)
                self._say(str(error))
                continue
            except Exception as error:  # ours to mend; the page must not compute for ever
                self._refused.add(scenario)
                self._say(f"These settings could not be simulated: {type(error).__name__}: {error}")
                continue
            while len(self._known) >= MOST_ANSWERS:
                self._known.pop(next(iter(self._known)))
            self._known[scenario] = found
            self._arrived()


def _expected(scenario: Scenario) -> Expected:
    from workbench.mixing.frame import expect

    return expect(scenario, targets=EXPECTED_TARGETS)
