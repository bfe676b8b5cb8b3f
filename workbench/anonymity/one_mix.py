"""One Poisson mix, one packet: which of the packets that left after it came may it have been?

The same posterior that a simulation follows for many targets, opened up for one of them, so
that its suspects can be drawn.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workbench.anonymity._checks import FloatArray, IntArray, whole
from workbench.anonymity.measures import entropy_bits
from workbench.errors import AnonymityError
from workbench.mixing.events import Events


@dataclass(frozen=True, eq=False)
class MixSuspects:
    """Every packet that left a mix after one came in, and how likely it is that one.

    Attributes
    ----------
    packet : int
        Number of the packet that is looked for.
    came_s, left_s : float
        When it came and when it left; an observer knows the first only.
    packets : int64 array, shape (suspects,)
        Numbers of the packets that left after ``came_s``, in order of leaving.
    leave_s : float64 array, shape (suspects,)
    held : int64 array, shape (suspects,)
        How many packets the mix held just before each left.
    chances : float64 array, shape (suspects,)
        Chance that each was the packet; with what the log does not show they add up to 1.
    """

    packet: int
    came_s: float
    left_s: float
    packets: IntArray
    leave_s: FloatArray
    held: IntArray
    chances: FloatArray

    @property
    def entropy_bits(self) -> float:
        """Doubt over the packets that left: bits."""
        return float(entropy_bits(self.chances))


def mix_stays(log: Events, mix: int = 0) -> tuple[IntArray, FloatArray, FloatArray]:
    """Packets that stayed in a mix: their numbers, when each came, and when it left.

    In the order of coming. A packet that was still inside when the log ended left at infinity.
    """
    node = whole("mix", mix, 0)
    comes = log.target == node
    goes = log.source == node
    packets, came = log.packet[comes], log.arrive_s[comes]
    order = np.argsort(came, kind="stable")
    packets, came = packets[order], came[order]
    left = np.full(packets.size, np.inf)
    by_number = np.argsort(packets, kind="stable")
    gone = log.packet[goes]
    at = np.searchsorted(packets[by_number], gone)
    left[by_number[at]] = log.leave_s[goes]
    return packets.astype(np.int64), came.astype(np.float64), left


def mix_suspects(log: Events, packet: int, mix: int = 0) -> MixSuspects:
    """Follow one packet through one Poisson mix as an observer of its wires would: exact.

    The mix forgets: whoever is inside is as likely to leave next as any other. So the packet
    that leaves when n are inside is the one with chance 1/n, if it was still inside.

    Parameters
    ----------
    log : Events
        The event log of a run in which packets pass ``mix`` once and are not lost.
    packet : int
        Number of a packet that passed it.
    mix : int
        The mix's number.

    Returns
    -------
    MixSuspects
        It says nothing about other mixes, nor about who sent which packet.

    Raises
    ------
    AnonymityError
        When the log does not show the packet coming and leaving.

    Notes
    -----
    Source: Danezis 2004 and Loopix (Piotrowska et al. 2017), Theorem 1.
    """
    numbers, came, left = mix_stays(log, mix)
    place = np.flatnonzero(numbers == whole("packet", packet, 0))
    if place.size != 1 or not np.isfinite(left[place[0]]):
        raise AnonymityError(f"the log must show packet {packet} coming to mix {mix} and leaving")
    start = float(came[place[0]])
    order = np.argsort(left, kind="stable")
    order = order[(left[order] > start) & np.isfinite(left[order])]
    leave = left[order]
    # Held just before the k-th leaves: all that had come by then, less all that had left.
    before = int((left <= start).sum())
    held = np.searchsorted(came, leave, side="right") - before - np.arange(leave.size)
    stays = 1.0 - 1.0 / held
    still_inside = np.concatenate([[1.0], np.cumprod(stays)[:-1]])
    return MixSuspects(
        packet=int(packet),
        came_s=start,
        left_s=float(left[place[0]]),
        packets=numbers[order],
        leave_s=leave,
        held=held.astype(np.int64),
        chances=still_inside / held,
    )
