"""Packets in each mix at some times of a frame, from the crossings that it tells."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from workbench.mixing.events import MIX_LOOP, NOWHERE, Events

HOME = -(2**30)  # on the wire: HOME - mix is a mix loop's own mix, where it ends
GRID = 8  # counts are told at this many times a frame

Times = NDArray[np.float64]
Counts = NDArray[np.int64]


class PoolCounter:
    """Counts on from frame to frame.

    Parameters
    ----------
    mixes : int
        How many there are.

    Attributes
    ----------
    pools : int64 (mixes,)
        Packets in each mix at the last frame's end.
    """

    def __init__(self, mixes: int) -> None:
        self.pools: Counts = np.zeros(mixes, np.int64)
        self._on_links = Events.empty()
        self._homes: dict[int, int] = {}
        self._last_packet = -1

    def take(
        self, events: Events, start_s: float, end_s: float, pools: Counts | None
    ) -> tuple[Events, Times, Counts]:
        """One frame more.

        Parameters
        ----------
        events : Events
            Every crossing that began in it.
        start_s, end_s : float
            Network time of its ends.
        pools : int64 (mixes,), optional
            Packets in each mix at its end, exactly; else they are counted on.

        Returns
        -------
        Events
            The same, with ends of mix loops renamed (see :data:`HOME`).
        float64 (GRID + 1,), int64 (GRID + 1, mixes)
            Times of the frame, and packets in each mix then, counted back from its end.
        """
        events, born = self._mix_loops(events)
        times_s = np.linspace(start_s, end_s, GRID + 1)
        arriving = Events.joined((self._on_links, events))
        here = (arriving.target >= 0) & (arriving.arrive_s <= end_s)
        self._on_links = arriving.where((arriving.target >= 0) & (arriving.arrive_s > end_s))
        leaving = (events.source >= 0) & ~born
        steps = np.zeros((GRID + 2, len(self.pools)), np.int64)
        for nodes, at_s, sign in (
            (arriving.target[here], arriving.arrive_s[here], 1),
            (events.source[leaving], events.leave_s[leaving], -1),
        ):
            np.add.at(steps, (np.searchsorted(times_s, at_s, side="left"), nodes), sign)
        changes = steps[: GRID + 1].cumsum(axis=0)
        end = self.pools + changes[-1] if pools is None else pools
        self.pools = np.asarray(end, np.int64)
        return events, times_s, np.maximum(end + changes - changes[-1], 0)

    def _mix_loops(self, events: Events) -> tuple[Events, NDArray[np.bool_]]:
        """Ends of mix loops renamed, and which rows are births: neither moves a pool.

        A mix sends its loop without ever holding it, and takes it back without holding it.
        Loops that were under way before the picture began are left out: nobody can tell
        where they end.
        """
        born, kept = np.zeros(len(events), bool), np.ones(len(events), bool)
        target = events.target.copy()
        if self._last_packet < 0 and (events.source < 0).any():
            self._last_packet = int(events.packet[events.source < 0].min()) - 1
        for row in np.flatnonzero(events.kind == MIX_LOOP).tolist():
            packet = int(events.packet[row])
            if packet not in self._homes and packet > self._last_packet:
                self._homes[packet] = int(events.source[row])
                born[row] = True
            home = self._homes.get(packet)
            kept[row] = home is not None
            if home is not None and target[row] in (home, NOWHERE):
                del self._homes[packet]
                target[row] = HOME - home if target[row] == home else NOWHERE
        if len(events):
            self._last_packet = max(self._last_packet, int(events.packet.max()))
        return replace(events, target=target).where(kept), born[kept]
