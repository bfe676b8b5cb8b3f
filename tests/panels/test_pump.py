"""The kernel's loop: on schedule, quiet when nobody looks, loud when it fails."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import WorkbenchError
from workbench.panels import pump as pump_module
from workbench.panels.pump import Pump, Tick, failure_in_words, next_due


class Watched:
    """A pane whose watchers a test decides."""

    def __init__(self) -> None:
        self.is_watched = True
        self.may_send = True
        self.told: list[tuple[str, str]] = []
        self.nudge: Callable[[], None] = lambda: None

    def show_status(self, status: str, text: str = "") -> None:
        self.told.append((status, text))

    def on_watch(self, callback: Callable[[], None]) -> None:
        self.nudge = callback

    def watch(self, flag: bool) -> None:
        self.is_watched = flag
        self.nudge()


async def until(condition: Callable[[], bool], limit_s: float = 20.0) -> None:
    async with asyncio.timeout(limit_s):
        while not condition():
            await asyncio.sleep(0.005)


def test_a_pump_steps_with_numbers_that_count_up():
    ticks: list[Tick] = []

    async def scene() -> None:
        pump = Pump(ticks.append, interval_s=0.05)
        await until(lambda: len(ticks) >= 4)
        pump.cancel()

    asyncio.run(scene())
    assert [tick.number for tick in ticks] == list(range(len(ticks)))
    assert {tick.interval_s for tick in ticks} == {0.05}
    assert all(tick.late_s >= 0 for tick in ticks)


@given(
    number=st.integers(0, 10**6),
    over=st.floats(0, 1000),
    interval_s=st.floats(0.05, 3600),
)
def test_late_ticks_are_skipped_and_the_schedule_stays_absolute(number, over, interval_s):
    elapsed_s = (number + over) * interval_s
    due = next_due(number, elapsed_s, interval_s)
    assert due >= number + 1
    assert due * interval_s >= elapsed_s - 1e-6 * interval_s * max(due, 1)
    # The one before it was either made already or is over.
    assert due == number + 1 or (due - 1) * interval_s <= elapsed_s


def test_a_slow_step_loses_ticks_instead_of_piling_them_up():
    async def slow(tick: Tick) -> None:
        await asyncio.sleep(0.16)

    async def scene() -> Pump:
        pump = Pump(slow, interval_s=0.05)
        await until(lambda: pump.steps >= 3)
        pump.cancel()
        return pump

    pump = asyncio.run(scene())
    assert pump.late >= 2 * 2


def test_a_pump_rests_while_nobody_looks_and_goes_on_when_somebody_does():
    pane = Watched()

    async def scene() -> None:
        pump = Pump(lambda tick: None, [pane], interval_s=0.05)
        await until(lambda: pump.steps >= 2)
        pane.watch(False)
        await until(lambda: pump.state == "unwatched")
        await asyncio.sleep(0.1)
        rested = pump.steps
        await asyncio.sleep(0.4)
        assert pump.steps == rested
        pane.watch(True)
        await until(lambda: pump.steps > rested)
        pump.cancel()

    asyncio.run(scene())


def test_a_page_that_is_behind_holds_the_producer_back():
    pane = Watched()
    pane.may_send = False

    async def scene() -> None:
        pump = Pump(lambda tick: None, [pane], interval_s=0.05)
        await until(lambda: pump.held_back >= 3)
        assert pump.steps == 0
        pane.may_send = True
        await until(lambda: pump.steps >= 1)
        pump.cancel()

    asyncio.run(scene())


def test_pause_play_and_single_steps():
    pane = Watched()

    async def scene() -> None:
        pump = Pump(lambda tick: None, [pane], interval_s=0.05, playing=False)
        await until(lambda: ("paused", "") in pane.told)
        assert pump.steps == 0
        pump.step_once()
        await until(lambda: pump.steps == 1)
        await asyncio.sleep(0.3)
        assert (pump.steps, pump.state) == (1, "paused")
        pump.play()
        await until(lambda: pump.steps >= 3)
        assert pump.state == "playing"
        pump.pause()
        await until(lambda: pump.state == "paused" and pane.told[-1][0] == "paused")
        pump.cancel()
        await until(lambda: pump.state == "stopped")

    asyncio.run(scene())
    assert [status for status, _ in pane.told] == ["paused", "playing", "paused", "stopped"]


@pytest.mark.parametrize("in_thread", [False, True])
def test_an_exception_is_shown_in_the_panel(in_thread):
    pane = Watched()

    def broken(tick: Tick) -> None:
        raise ValueError("no such mix")

    async def scene() -> Pump:
        pump = Pump(broken, [pane], interval_s=0.05, in_thread=in_thread)
        await until(lambda: pump.state == "failed")
        return pump

    pump = asyncio.run(scene())
    assert isinstance(pump.error, ValueError)
    status, text = pane.told[-1]
    assert status == "failed"
    assert "no such mix" in text
    assert "Run its cell again" in text


def test_running_a_cell_again_ends_the_pumps_of_its_last_run(monkeypatch):
    async def scene() -> list[str]:
        run = {"now": ("cell-a", "run-1")}
        monkeypatch.setattr(pump_module, "_cell_and_run", lambda: run["now"])
        first = Pump(lambda tick: None, interval_s=0.05)
        beside = Pump(lambda tick: None, interval_s=0.05)
        run["now"] = ("cell-b", "run-2")
        other = Pump(lambda tick: None, interval_s=0.05)
        assert [first.state, beside.state, other.state] == ["playing"] * 3
        run["now"] = ("cell-a", "run-3")
        again = Pump(lambda tick: None, interval_s=0.05)
        await until(lambda: first.state == beside.state == "stopped")
        states = [other.state, again.state]
        other.cancel()
        again.cancel()
        return states

    assert asyncio.run(scene()) == ["playing", "playing"]


@pytest.mark.parametrize("interval_s", [0, 0.049, -1, 3601, float("nan"), "fast", None])
def test_intervals_out_of_range_are_refused_with_the_range(interval_s):
    async def scene() -> None:
        Pump(lambda tick: None, interval_s=interval_s)

    with pytest.raises(WorkbenchError, match=r"expected 0\.05 to 3600"):
        asyncio.run(scene())


def test_a_plain_script_is_told_what_a_pump_needs():
    with pytest.raises(WorkbenchError, match="event loop"):
        Pump(lambda tick: None)


def test_a_failure_says_where():
    try:
        next(iter(()))
    except StopIteration as error:
        words = failure_in_words(error)
    assert words.startswith("This panel stopped: StopIteration (test_a_failure_says_where, line")
