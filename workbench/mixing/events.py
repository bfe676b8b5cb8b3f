"""The event log: one row for each link that a packet crossed, as arrays of equal length.

Attacks, pictures and animations read this and nothing else of a simulation's inside.

Nodes are numbers: mix ``layer * width + index`` (in a free route simply 0 .. n - 1), client
``-1 - client`` (senders and receivers alike), and ``NOWHERE`` where a packet was dropped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

REAL, LOOP_COVER, DROP_COVER, MIX_LOOP = 0, 1, 2, 3
KINDS = ("real", "loop cover", "drop cover", "mix loop")
NOWHERE = -(2**31)


@dataclass(frozen=True)
class Events:
    """Link crossings, in the order in which they began.

    Attributes
    ----------
    packet : int64
        Packet number, counted over all kinds in the order of sending.
    kind : uint8
        0 real, 1 loop cover, 2 drop cover, 3 mix loop; an observer does not see it.
    source, target : int32
        Nodes; a target of ``NOWHERE`` is a drop, with the node that lost it as source
        (a packet lost on a link, or at a mix that is down, has its sending node as source).
    leave_s, arrive_s : float64
        When the packet left the source and reached the target (equal for drops).
    wait_s : float64
        How long it will wait at the target, NaN where not yet known (batches, queues) or no
        mix. For drops: 0 where they are seen from outside (on a link, at a mix that is down;
        the packet did leave its source), NaN where not (inside a mix, in a full queue).
    """

    packet: NDArray[np.int64]
    kind: NDArray[np.uint8]
    source: NDArray[np.int32]
    target: NDArray[np.int32]
    leave_s: NDArray[np.float64]
    arrive_s: NDArray[np.float64]
    wait_s: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.packet)

    def where(self, chosen: NDArray[Any]) -> Events:
        """The rows that a mask, a slice or an index array chooses."""
        return Events(**{field.name: getattr(self, field.name)[chosen] for field in fields(self)})

    @staticmethod
    def empty(rows: int = 0) -> Events:
        """``rows`` rows of zeros."""
        return Events(
            packet=np.zeros(rows, np.int64),
            kind=np.zeros(rows, np.uint8),
            source=np.zeros(rows, np.int32),
            target=np.zeros(rows, np.int32),
            leave_s=np.zeros(rows),
            arrive_s=np.zeros(rows),
            wait_s=np.zeros(rows),
        )

    @staticmethod
    def joined(pieces: Sequence[Events]) -> Events:
        """The rows of all pieces, one piece after the other."""
        pieces = [piece for piece in pieces if len(piece)]
        if len(pieces) < 2:
            return pieces[0] if pieces else Events.empty()
        columns = {
            field.name: [getattr(piece, field.name) for piece in pieces] for field in fields(Events)
        }
        return Events(**{name: np.concatenate(parts) for name, parts in columns.items()})


def is_client(nodes: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Which node numbers are clients."""
    return np.asarray((nodes < 0) & (nodes != NOWHERE))
