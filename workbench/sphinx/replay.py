"""The memory of a node: which packets it has seen."""

from __future__ import annotations

import threading

from workbench.errors import (
    PacketError,
    ReplayError,
    ReplayFilterFullError,
    WrongKeyError,
)
from workbench.sphinx.checks import sized_bytes
from workbench.sphinx.geometry import REPLAY_TAG_BYTES


class ReplayFilter:
    """Remembers replay tags through one key rotation and the next.

    A mix node that let the same packet through twice would show an observer, by two equal
    departures, where it went. Tags are kept exactly, so no honest packet is ever refused
    by chance. `rotate` belongs to a change of the node's key: tags seen before it are kept
    for one more rotation, during which the old key may still open late packets, and then
    forgotten together with that key.

    Parameters
    ----------
    capacity : int
        Most tags of one rotation; twice as many are held at most, at about 110 bytes a tag
        (measured: 107 for 100,000 and 99 for a million).

    Notes
    -----
    When a rotation is full, new packets are refused: forgetting old tags instead would let
    their packets through again. The methods may be called from several threads.

    Examples
    --------
    >>> seen = ReplayFilter(capacity=2)
    >>> seen.admit(bytes(32))
    >>> bytes(32) in seen, len(seen)
    (True, 1)
    >>> seen.rotate(); seen.rotate()
    >>> bytes(32) in seen
    False
    """

    def __init__(self, capacity: int = 100_000) -> None:
        if not isinstance(capacity, int) or isinstance(capacity, bool) or capacity < 1:
            raise PacketError(f"capacity must be a whole number from 1, got {capacity!r}")
        self.capacity = capacity
        self._current: set[bytes] = set()
        self._previous: set[bytes] = set()
        self._lock = threading.Lock()

    def admit(self, tag: bytes) -> None:
        """Take in a tag that is new; a known one, or a full filter, is an error.

        Call it only after the header's MAC held: else anybody could fill the filter.
        """
        tag = sized_bytes(tag, "replay tag", REPLAY_TAG_BYTES, WrongKeyError)
        with self._lock:
            if tag in self._current or tag in self._previous:
                raise ReplayError(
                    f"the packet with replay tag {tag.hex()} was seen before; "
                    "expected each packet once"
                )
            if len(self._current) >= self.capacity:
                raise ReplayFilterFullError(
                    f"the replay filter holds {self.capacity} tags of this key rotation; "
                    "expected a rotation before more packets"
                )
            self._current.add(tag)

    def rotate(self) -> None:
        """Begin a new key rotation: forget the one before the last."""
        with self._lock:
            self._previous = self._current
            self._current = set()

    def __contains__(self, tag: object) -> bool:
        with self._lock:
            return tag in self._current or tag in self._previous

    def __len__(self) -> int:
        with self._lock:
            return len(self._current) + len(self._previous)

    def __repr__(self) -> str:
        return f"ReplayFilter(capacity={self.capacity}, tags={len(self)})"
