"""Journeys: the whole way of one packet, as its sender drew it and as the event log tells it.

    log = JourneyLog()
    log.take(frame.events, frame.scenario)          # every step, or the rows of some packets
    journey = log.find(packet, live)                # None when nobody knows its whole way

What a packet has behind it stands in the event log; what it has before it stands only in the
network's table of packets, until it has left.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from workbench.mixing.events import MIX_LOOP, NOWHERE, Events
from workbench.scenario import Scenario

if TYPE_CHECKING:
    from workbench.mixing.state import State

MOST_PACKETS = 4000  # a log forgets the oldest beyond; more than a picture can draw at once
UNKNOWN = (-1, -1)


@dataclass(frozen=True)
class Journey:
    """One packet from end to end.

    Attributes
    ----------
    packet : int
        Its number in the event log.
    kind : int
        0 real, 1 loop cover, 2 drop cover, 3 mix loop.
    sender, receiver : int
        Clients; for a mix loop both are -1: its sender is the last of its mixes.
    sent_s : float
        When it left its sender, network time.
    mixes : tuple of (layer, index)
        In the order in which it passes them. A mix loop ends at the last one.
    waits_s : tuple of float
        The stay at each mix as the sender drew it, in seconds; NaN where no sender draws it
        (a batch mix) or none is needed (where a mix loop ends).
    """

    packet: int
    kind: int
    sender: int
    receiver: int
    sent_s: float
    mixes: tuple[tuple[int, int], ...]
    waits_s: tuple[float, ...]


class JourneyLog:
    """The crossings of some packets, kept by packet, the oldest forgotten first."""

    def __init__(self, most: int = MOST_PACKETS) -> None:
        self._most = most
        self._known: dict[int, Journey] = {}
        self._is_over: set[int] = set()

    def clear(self) -> None:
        """Another network, other packets."""
        self._known.clear()
        self._is_over.clear()

    def take(self, events: Events, scenario: Scenario) -> None:
        """Add crossings, in the order of the event log.

        Parameters
        ----------
        events : Events
            Rows of the packets to remember; a packet whose first row is missing (it was
            under way before) is left out.
        scenario : Scenario
            Whose mixes the rows name.
        """
        for number, kind, source, target, leave_s, wait_s in zip(
            events.packet.tolist(),
            events.kind.tolist(),
            events.source.tolist(),
            events.target.tolist(),
            events.leave_s.tolist(),
            events.wait_s.tolist(),
            strict=True,
        ):
            known = self._known.get(number)
            if known is None:
                if source >= 0 and kind != MIX_LOOP:
                    continue
                sender = -1 - source if source < 0 else -1
                known = Journey(number, kind, sender, -1, leave_s, (), ())
            if target >= 0:
                place = divmod(target, scenario.width) if target < scenario.mixes else UNKNOWN
                known = replace(
                    known, mixes=(*known.mixes, place), waits_s=(*known.waits_s, wait_s)
                )
            elif target != NOWHERE:
                known = replace(known, receiver=-1 - target)
            is_home = kind == MIX_LOOP and len(known.mixes) == scenario.layers
            if is_home or (target < 0 and target != NOWHERE):
                self._is_over.add(number)
            self._known[number] = known
        while len(self._known) > self._most:
            oldest = next(iter(self._known))
            del self._known[oldest]
            self._is_over.discard(oldest)

    def find(self, packet: int, plan: Journey | None) -> Journey | None:
        """The whole way of a packet, or None where its end is not known.

        Parameters
        ----------
        packet : int
        plan : Journey or None
            What :meth:`workbench.LiveMixnet.plan_of` says of it: the way before it.

        Returns
        -------
        Journey or None
            Stays that the log tells are the log's: a delay that was turned meanwhile changes
            what is to come, not what the sender wrote before. None for a packet that was
            lost, that passed a mix that was taken out, or of which the log saw no beginning.
        """
        seen = self._known.get(packet)
        if plan is not None:
            told = () if seen is None else seen.waits_s
            waits_s = [
                told[hop] if hop < len(told) and not math.isnan(told[hop]) else wait_s
                for hop, wait_s in enumerate(plan.waits_s)
            ]
            return replace(plan, waits_s=tuple(waits_s))
        if seen is None or packet not in self._is_over or UNKNOWN in seen.mixes:
            return None
        return seen


def plan_in(state: State, packet: int, zero_s: float) -> Journey | None:
    """What a network's table holds of a packet under way; None when it is not under way."""
    from workbench.mixing import kernels as k  # numba: only where a network runs already
    from workbench.mixing.under_way import in_use

    slots = np.flatnonzero(state.packets[:, k.P_NUMBER] == packet)
    slots = np.intersect1d(slots, in_use(state))
    if not len(slots):
        return None
    slot, stride = int(slots[0]), int(state.ints[k.STRIDE])
    kind = int(state.packets[slot, k.P_KIND])
    waits_s = state.delays[slot].copy()
    if state.ints[k.RULE] != k.BY_DELAY:
        waits_s[:] = math.nan
    if kind == MIX_LOOP:
        waits_s[-1] = math.nan  # it ends there
    clients = state.packets[slot, [k.P_SENDER, k.P_RECEIVER]].tolist()
    sender, receiver = (-1, -1) if kind == MIX_LOOP else clients
    return Journey(
        packet=packet,
        kind=kind,
        sender=sender,
        receiver=receiver,
        sent_s=float(state.slot_sent[slot]) - zero_s,
        mixes=tuple((int(node) // stride, int(node) % stride) for node in state.route[slot]),
        waits_s=tuple(waits_s.tolist()),
    )
