"""What the observer believes of one packet of a running network, and where it really is."""

from __future__ import annotations

import numpy as np

from workbench.mixing import kernels as k
from workbench.mixing import topology, under_way
from workbench.mixing.frame import Followed
from workbench.mixing.live_targets import PACKET, SENT
from workbench.mixing.state import State
from workbench.scenario import Scenario


def look_at(state: State, scenario: Scenario, packet: int, zero_s: float) -> Followed | None:
    """The belief about a target, at this moment; None before it has entered.

    Parameters
    ----------
    state : State
    scenario : Scenario
        The one in force, which says which nodes of the state are in use.
    packet : int
        The target's number in the event log.
    zero_s : float
        The state's clock at the network's time zero.
    """
    rows = np.flatnonzero(state.results[:, PACKET] == packet)
    if not len(rows):
        return None  # it was chosen, but has not entered yet
    target = int(rows[-1])
    stride = int(state.ints[k.STRIDE])
    out = state.results[target]
    live = np.flatnonzero(state.live_target[: state.ints[k.LIVE]] == target)
    if len(live):
        sums = state.live_sums[live[0]]
        everywhere = under_way.mass_at_mixes(state, int(state.ints[k.SENDERS] + live[0]))
        belief = topology.in_use(everywhere, scenario, stride)
        lost = float(sums[k.S_LOST] + sums[k.S_ABSORBED] + sums[k.S_LEFT])
        delivered = float(sums[k.S_DONE])
        elsewhere = float(everywhere.sum() - belief.sum())
        on_links = max(1.0 - delivered - lost - elsewhere - float(belief.sum()), 0.0)
    else:  # its account is closed
        belief = np.zeros(scenario.mixes)
        delivered, on_links = float(out[1]), float(out[2])
        lost, elsewhere = float(out[3] + out[4]), 0.0
    here = np.intersect1d(
        np.flatnonzero(state.packets[:, k.P_NUMBER] == packet), under_way.in_use(state)
    )
    return Followed(
        packet=packet,
        sent_s=float(out[SENT]) - zero_s,
        belief=belief,
        on_links=on_links,
        delivered=delivered,
        lost=lost,
        elsewhere=elsewhere,
        place=_place(state, scenario, int(here[0])) if len(here) else None,
        is_under_way=bool(len(here)),
        is_reported=not len(live),
    )


def _place(state: State, scenario: Scenario, slot: int) -> int | None:
    """The mix that holds the packet in a slot; None when it is on a link."""
    held = under_way.held(state)
    at = np.flatnonzero(held.slots == slot)
    if not len(at):
        return None
    return int(topology.numbered(held.mixes[at[:1]], scenario, int(state.ints[k.STRIDE]))[0])
