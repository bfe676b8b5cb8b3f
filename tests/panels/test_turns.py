"""Messages of a page are handed on in the page's order, by whichever thread they came."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.panels import turns
from workbench.panels.data_view import DataView
from workbench.panels.turns import LOOKS, MOST_VIEWS, Turns


class Page:
    """What was handed on, and by which threads at a time."""

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self.heard: list[Any] = []
        self.at_once = 0
        self.most_at_once = 0
        self.turns = Turns(self.hear, loop)

    def hear(self, content: Any, _: object) -> None:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        time.sleep(0.0002)
        self.heard.append(content)
        self.at_once -= 1
        if isinstance(content, dict) and content.get("bad"):
            raise ValueError("a mistake of ours")

    def numbers(self, view: str = "a") -> list[int]:
        found = [one["turn"] for one in self.heard if isinstance(one, dict) and "turn" in one]
        return [number for name, number in found if name == view]


def message(number: int, view: str = "a", **more: Any) -> dict[str, Any]:
    return {"turn": [view, number], "view": view, **more}


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(turns, "LOOK_S", 0.003)


@given(order=st.permutations(range(1, 9)), views=st.lists(st.sampled_from("ab"), min_size=8))
def test_whatever_the_order_of_arrival_each_views_messages_come_in_its_own(order, views):
    async def arrive() -> Page:
        page = Page(asyncio.get_running_loop())
        sent = {"a": 0, "b": 0}
        names = {}
        for number in range(1, 9):
            view = views[number - 1]
            sent[view] += 1
            names[number] = message(sent[view], view)
        for number in order:
            page.turns.take(names[number], [])
        for view in "ab":
            assert page.numbers(view) == list(range(1, sent[view] + 1))
        return page

    asyncio.run(arrive())


def test_two_threads_bring_them_and_one_at_a_time_hands_them_on():
    async def arrive() -> Page:
        page = Page(asyncio.get_running_loop())

        def bring(first: int) -> None:
            for number in range(first, 401, 2):
                page.turns.take(message(number), [])

        other = threading.Thread(target=bring, args=(2,))
        other.start()
        for number in range(1, 401, 2):
            page.turns.take(message(number), [])
            await asyncio.sleep(0)
        await asyncio.to_thread(other.join)
        return page

    page = asyncio.run(arrive())
    assert page.numbers() == list(range(1, 401))
    assert page.most_at_once == 1


@pytest.mark.usefixtures("quick")
def test_one_that_never_comes_is_passed_over_and_dropped_should_it_come_late():
    async def arrive() -> Page:
        page = Page(asyncio.get_running_loop())
        for number in (1, 3, 4, 7):
            page.turns.take(message(number), [])
        assert page.numbers() == [1]
        await asyncio.sleep(LOOKS * turns.LOOK_S * 6)
        assert page.numbers() == [1, 3, 4, 7]
        for number in (2, 5, 8):
            page.turns.take(message(number), [])
        return page

    assert asyncio.run(arrive()).numbers() == [1, 3, 4, 7, 8]


@pytest.mark.usefixtures("quick")
def test_a_loop_that_a_cell_holds_up_passes_nothing_over():
    async def arrive() -> Page:
        page = Page(asyncio.get_running_loop())
        other = threading.Thread(target=page.turns.take, args=(message(2), []))
        other.start()
        other.join()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        time.sleep(LOOKS * turns.LOOK_S * 2)  # as a cell does
        await asyncio.sleep(0)
        page.turns.take(message(1), [])
        return page

    assert asyncio.run(arrive()).numbers() == [1, 2]


@pytest.mark.parametrize("is_closed", [False, True], ids=["no loop", "a closed loop"])
def test_without_a_loop_nothing_is_waited_for(is_closed):
    loop = asyncio.new_event_loop()
    loop.close()
    page = Page(loop if is_closed else None)
    for number in (1, 4, 2, 5):
        page.turns.take(message(number), [])
    assert page.numbers() == [1, 4, 5]


def test_a_mistake_with_one_does_not_lose_the_rest():
    async def arrive() -> Page:
        page = Page(asyncio.get_running_loop())
        page.turns.take(message(2, bad=True), [])
        page.turns.take(message(3), [])
        with pytest.raises(ValueError, match="ours"):
            page.turns.take(message(1), [])
        page.turns.take(message(4), [])
        return page

    assert asyncio.run(arrive()).numbers() == [1, 2, 3, 4]


@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=3),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.just("turn"), inner),
        max_leaves=4,
    )
)
def test_a_message_without_a_turn_that_makes_sense_is_handed_on_at_once(content):
    page = Page()
    page.turns.take(content, [])
    page.turns.take({"turn": content}, [])
    assert page.heard[0] == content
    assert len(page.heard) == 2


def test_a_view_long_unheard_is_forgotten_and_heard_again():
    page = Page()
    for name in range(3 * MOST_VIEWS):
        page.turns.take(message(1, str(name)), [])
    assert len(page.turns._lines) == MOST_VIEWS
    page.turns.take(message(500, "0"), [])
    assert page.numbers("0") == [1, 500]


def test_a_sliders_older_place_by_the_slow_way_does_not_undo_its_newest():
    """As ipykernel 7 brings them while a cell runs: some by the subshell, some by the loop."""
    heard = []

    async def arrive() -> None:
        view = DataView(lambda name, content: heard.append((name, content["turn"][1])))
        view.send = lambda *_, **__: None
        take = view._turns.take
        take(message(1, type="hello", ask=1), [])

        def subshell() -> None:
            for number in (4, 5):
                take(message(number, type="act", name="set"), [])

        thread = threading.Thread(target=subshell)
        thread.start()
        thread.join()  # the cell that runs holds the loop up
        await asyncio.sleep(0)  # the loop takes up first what other threads gave it
        for number in (2, 3):
            take(message(number, type="act", name="set"), [])
        await asyncio.sleep(0)

    asyncio.run(arrive())
    assert heard == [("set", number) for number in (2, 3, 4, 5)]


def test_what_another_thread_gave_the_loop_runs_before_what_the_loop_does_next():
    ran = []

    async def give() -> None:
        view = DataView(lambda *_: None)
        other = threading.Thread(target=view._on_loop, args=(lambda: ran.append("handed over"),))
        other.start()
        other.join()
        view._on_loop(lambda: ran.append("here"))
        assert ran == ["handed over", "here"]

        def outer() -> None:
            view._on_loop(lambda: ran.append("inner"))
            ran.append("outer")
            raise ValueError("a mistake of ours")

        with pytest.raises(ValueError, match="ours"):
            view._on_loop(outer)

    asyncio.run(give())
    assert ran == ["handed over", "here", "outer", "inner"]
