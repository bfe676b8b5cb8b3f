"""From the frames of a live network to what an epoch is measured by.

The mixing engine that people watch carries the packets; this only adds up what each of its
frames said, place by place, until an epoch closes.
"""

from __future__ import annotations

import numpy as np

from workbench.errors import SimulationError
from workbench.mixing.frame import Frame
from workbench.mixing.state import F8
from workbench.system.carry import Carried

_MOST_LATENCIES = 16_384


class Watch:
    """Counts of one epoch at each place of the active set, as a live network's frames tell.

    Parameters
    ----------
    places : int
        Mixes of the network while it is watched, layer by layer.

    Notes
    -----
    A packet that a mix holds when the epoch begins or ends counts where it arrived; when it
    is lost, the loss counts at the mix that holds it then. In a network whose load does not
    change, as many come over from before as go over into the next epoch.

    Examples
    --------
    >>> watch = Watch(9)
    >>> watch.seconds, watch.arrivals.tolist() == [0] * 9
    (0.0, True)
    """

    def __init__(self, places: int) -> None:
        self.arrivals = np.zeros(places, np.int64)
        self.drops = np.zeros(places, np.int64)
        self.seconds = 0.0
        self._offered = 0
        self._sent = 0
        self._dropped = 0
        self._delivered = 0
        self._entropies: list[F8] = []
        self._people: list[F8] = []
        self._latencies: list[F8] = []
        self._latency_sum = 0.0
        self._real = 0

    def take(self, frame: Frame) -> None:
        """One more step of the network.

        Raises
        ------
        SimulationError
            When the frame is of another number of mixes.
        """
        if len(frame.drops) != len(self.drops):
            raise SimulationError(
                f"expected a frame of {len(self.drops)} mixes; got one of {len(frame.drops)}"
            )
        # A frame of a network that was just widened beyond its room cannot tell arrivals.
        loads = np.nan_to_num(frame.loads_per_s)
        came = np.rint(loads * frame.dt_s).astype(np.int64)
        for layer, index in frame.scenario.down():  # what was sent there was lost on arrival
            place = layer * frame.scenario.width + index
            came[place] += frame.drops[place]
        self.arrivals += came
        self.drops += frame.drops
        self.seconds += frame.dt_s
        self._offered += int(frame.sent_by_kind[:3].sum())  # the fourth kind: mixes' own loops
        self._sent += int(frame.sent_by_kind.sum())
        self._dropped += frame.dropped
        self._delivered += int(frame.delivered_by_kind.sum())
        self._entropies.append(frame.entropy_bits)
        self._people.append(frame.sender_entropy_bits)
        self._latencies.append(frame.latency_s)
        real = int(frame.delivered_by_kind[0])
        if real:
            self._latency_sum += frame.latency_mean_s * real
            self._real += real

    def carried(self) -> Carried:
        """What was seen so far, as :meth:`~workbench.system.LiveSystem.close` takes it."""
        seconds = max(self.seconds, 1e-12)
        return Carried(
            arrivals=self.arrivals.copy(),
            drops=self.drops.copy(),
            loads_per_s=self.arrivals / seconds,
            offered_per_s=self._offered / seconds,
            sent=self._sent,
            dropped=self._dropped,
            delivered=self._delivered,
            entropy_bits=_joined(self._entropies),
            sender_entropy_bits=_joined(self._people),
            latencies_s=_joined(self._latencies)[-_MOST_LATENCIES:],
            latency_mean_s=self._latency_sum / self._real if self._real else np.nan,
        )


def _joined(pieces: list[F8]) -> F8:
    return np.concatenate(pieces) if pieces else np.zeros(0)
