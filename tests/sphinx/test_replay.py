"""A node's memory: bounded, exact, kept for two key rotations."""

from __future__ import annotations

import threading

import pytest

from workbench.errors import NotBytesError, PacketError, ReplayError, ReplayFilterFullError
from workbench.errors import WrongKeyError as TagError
from workbench.sphinx import ReplayFilter


def tag(number: int) -> bytes:
    return number.to_bytes(32, "big")


def test_a_tag_is_refused_through_this_rotation_and_the_next() -> None:
    seen = ReplayFilter()
    seen.admit(tag(1))
    for _ in range(2):
        with pytest.raises(ReplayError, match=tag(1).hex()):
            seen.admit(tag(1))
        seen.rotate()
    seen.admit(tag(1))
    assert tag(1) in seen


def test_two_rotations_bound_the_memory() -> None:
    seen = ReplayFilter(capacity=10)
    for rotation in range(5):
        for i in range(10):
            seen.admit(tag(100 * rotation + i))
        assert len(seen) == min(20, 10 * (rotation + 1))
        seen.rotate()
    assert repr(seen) == "ReplayFilter(capacity=10, tags=10)"


def test_a_full_filter_refuses_new_packets_and_still_knows_the_old() -> None:
    seen = ReplayFilter(capacity=2)
    seen.admit(tag(1))
    seen.admit(tag(2))
    with pytest.raises(ReplayFilterFullError, match="holds 2 tags"):
        seen.admit(tag(3))
    with pytest.raises(ReplayError):
        seen.admit(tag(1))
    seen.rotate()
    seen.admit(tag(3))


def test_of_many_threads_with_one_tag_exactly_one_gets_through() -> None:
    seen = ReplayFilter()
    admitted: list[int] = []
    barrier = threading.Barrier(8)

    def race() -> None:
        for number in range(200):
            barrier.wait()
            try:
                seen.admit(tag(number))
            except ReplayError:
                continue
            admitted.append(number)

    threads = [threading.Thread(target=race) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(admitted) == list(range(200))


@pytest.mark.parametrize("capacity", [0, -1, 1.5, "10", None, True])
def test_a_capacity_that_is_none_is_refused(capacity: object) -> None:
    with pytest.raises(PacketError, match="whole number from 1"):
        ReplayFilter(capacity)  # type: ignore[arg-type]


def test_a_tag_that_is_none_is_refused() -> None:
    with pytest.raises(NotBytesError):
        ReplayFilter().admit("tag")  # type: ignore[arg-type]
    with pytest.raises(TagError, match="expected 32"):
        ReplayFilter().admit(bytes(31))
