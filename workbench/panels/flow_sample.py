"""Which packets the flow draws when there are too many: a fair sample by packet number."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from workbench.mixing.events import Events

MOST_DRAWN = 600
RATIOS = (1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 25_000, 50_000, 100_000)
_SPREAD = np.uint64(2654435761)  # 2^32 / golden ratio: neighbours land far apart
_SPAN = 2**32  # 32 bits, so that the page's script can tell the same (isDrawn in flow_log.js)


@dataclass(frozen=True)
class Sample:
    """One packet in ``one_in``, chosen by its number alone, and the followed one.

    A number is spread over [0, 1) by a multiplicative hash (Knuth, The Art of Computer
    Programming 3, 6.4) and drawn when it lies below 1 / ``one_in``. So who sends, what kind
    it is and where it goes do not matter, and a sparser sample is part of a denser one.
    """

    one_in: int = 1
    followed: int | None = None

    def choose(self, packets: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of these packet numbers are drawn."""
        spread = (packets.astype(np.uint64) % np.uint64(_SPAN)) * _SPREAD % np.uint64(_SPAN)
        chosen = spread < np.uint64(_SPAN // self.one_in)
        if self.followed is not None:
            chosen |= packets == self.followed
        return np.asarray(chosen)

    def for_crowd(self, in_picture: int) -> Sample:
        """The densest sample that draws at most 600 of so many; steady near the border."""
        wanted = next((r for r in RATIOS if in_picture <= MOST_DRAWN * r), RATIOS[-1])
        if wanted < self.one_in:
            lower = next((r for r in RATIOS if in_picture <= 0.7 * MOST_DRAWN * r), RATIOS[-1])
            wanted = min(lower, self.one_in)
        return replace(self, one_in=wanted)

    def following(self, packet: int | None) -> Sample:
        """The same sample with another packet followed."""
        return replace(self, followed=packet)


def kept_inside(kept: Events, new: Events, since_s: float) -> Events:
    """What a view that opens now needs: the last crossing of all inside, and recent ones.

    Parameters
    ----------
    kept, new : Events
        What was kept so far, and what came in since; in the order of time.
    since_s : float
        Crossings that ended later than this are kept whatever became of their packet.

    Returns
    -------
    Events
        Bounded by the packets inside and those of the last moments.
    """
    rows = Events.joined((kept, new))
    if not len(rows):
        return rows
    _, last_from_behind = np.unique(rows.packet[::-1], return_index=True)
    is_last = np.zeros(len(rows), bool)
    is_last[len(rows) - 1 - last_from_behind] = True
    is_inside = is_last & (rows.target >= 0)
    return rows.where(is_inside | (rows.arrive_s > since_s))
