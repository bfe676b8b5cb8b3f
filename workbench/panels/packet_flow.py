"""The network drawn: users, gateways, mixes filling, packets on their links.

    flow = PacketFlow(scenario)
    flow.add(events, clock_s=2.4, pools=pools)        # from any producer, two to ten times a second

Nothing is animated in the kernel. It sends link crossings with their times, and the page
draws what lies between. Layer i is drawn ``travel_s`` (of the eye's time) later than the one
before it, so that crossing a link can be seen although it takes no time in the model; every
stay in a mix is drawn exactly as long as it is, and no number shown depends on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets
from numpy.typing import NDArray

from workbench.errors import WorkbenchError
from workbench.mixing.events import Events
from workbench.panels import controls
from workbench.panels.flow_counts import PoolCounter
from workbench.panels.flow_sample import Sample, kept_inside
from workbench.panels.live_view import LiveView
from workbench.panels.turns import Buffers
from workbench.scenario import Scenario

if TYPE_CHECKING:
    from workbench.mixing.frame import Frame

TRAVEL_S = 0.45  # of the eye's time, over one link
STAY_SEEN_S = 1.4  # of the eye's time, the mean stay that a person can follow
STEPS = (1, 1.5, 2, 3, 5, 8, 10, 15, 20, 30, 50, 80)
MOST_CELLS = 600  # drawn circles in all; beyond, one stands for several mixes
MOST_CELLS_IN_A_LAYER = 120
ACTIONS = ("down", "up", "corrupt", "honest", "inspect", "follow", "bytes")


def slow_down_for(delay_s: float) -> float:
    """How much slower than life the flow is shown, so that a stay can be seen.

    Parameters
    ----------
    delay_s : float
        Mean stay in one mix, seconds.

    Returns
    -------
    float
        Seconds of the eye for one second of the network: 3 means "slowed 3x". Below 1 only
        where a mean stay is longer than eight seconds.

    Examples
    --------
    >>> slow_down_for(0.5), slow_down_for(0.015), slow_down_for(2.0), slow_down_for(28.0)
    (3.0, 100.0, 1.0, 0.1)
    """
    if delay_s <= 0:
        return 1.0
    if delay_s > 8:
        return 1.0 / _at_least(delay_s / (2 * STAY_SEEN_S))
    return _at_least(max(1.0, STAY_SEEN_S / delay_s))


def _at_least(wanted: float) -> float:
    """The smallest round factor that is not below ``wanted``."""
    size = 1.0
    while True:
        for step in STEPS:
            if step * size >= wanted - 1e-9:
                return float(step * size)
        size *= 100


@dataclass(frozen=True)
class Act:
    """Something that a person asked of the picture.

    Attributes
    ----------
    action : str
        One of :data:`ACTIONS`.
    mixes : tuple of int
        Mix numbers (layer * width + index); several where one circle stands for several.
    packet : int or None
        The packet clicked on, for ``"follow"`` and ``"bytes"``. With ``"follow"``, None means
        to stop following and -1 the next real packet that is sent.
    """

    action: str
    mixes: tuple[int, ...] = ()
    packet: int | None = None


class PacketFlow(LiveView):
    """The network as a moving picture, fed with frames by any producer.

    Parameters
    ----------
    scenario : Scenario
        What to draw; :meth:`show` changes it.
    gateways : int
        How many gateway boxes are drawn on either side. A user's gateway is the user's
        number modulo this; gateways hand packets on at once and enter no number.
    **options
        ``settings`` and ``presenter`` as for every live view, and ``as_observer``.

    Notes
    -----
    ``as_observer`` (a trait, and a switch in the picture) draws what somebody who watches
    every link sees: all packets alike, mixes closed, only the belief left.
    """

    scripts = (
        "flow_layout.js",
        "flow_paint.js",
        "flow_log.js",
        "flow_scene.js",
        "flow_svg.js",
        "flow_menu.js",
        "packet_flow.js",
    )
    as_observer = traitlets.Bool(False).tag(sync=True)

    def __init__(self, scenario: Scenario, *, gateways: int = 4, **options: Any) -> None:
        if not isinstance(gateways, int) or not 0 <= gateways <= 50:
            raise WorkbenchError(f"gateways is {gateways!r}; expected a whole number, 0 to 50")
        self._gateways = gateways
        self._callbacks: dict[str, list[Callable[[Act], None]]] = {}
        self._speed = 1.0
        self._set_network(scenario, 0.0)
        super().__init__(**options)

    # What producers call.

    @property
    def slow_down(self) -> float:
        """Seconds of the eye for one network second; advance by ``interval_s / slow_down``."""
        return self._slow_down

    @property
    def one_in(self) -> int:
        """One in how many packets is drawn (1: all)."""
        return self._sample.one_in

    @property
    def followed(self) -> int | None:
        """The packet that is drawn as "yours", or None."""
        return self._sample.followed

    @property
    def gateways(self) -> int:
        """How many gateway boxes there are on either side."""
        return self._gateways

    def is_drawn(self, packets: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of these packet numbers the picture draws."""
        return self._sample.choose(packets)

    def show(self, scenario: Scenario, *, clock_s: float = 0.0, speed: float = 1.0) -> None:
        """Draw another network, empty, from ``clock_s`` on; the old picture is gone.

        Parameters
        ----------
        scenario : Scenario
        clock_s : float
            Network time from which the next frame goes on.
        speed : float
            2 shows it twice as fast as :func:`slow_down_for` would, from 0.01 to 100.
        """
        with self._guard:
            self._speed = _checked_speed(speed)
            self._set_network(scenario, clock_s)
        self._start_all_afresh()

    def retune(self, scenario: Scenario, *, speed: float | None = None) -> None:
        """Go on with the same network under other settings (a slider moved).

        What is under way stays drawn. A network of another shape (layers, width, topology,
        clients) starts an empty picture at the present clock instead.
        """
        if speed is not None:
            self._speed = _checked_speed(speed)
        if _shape(scenario) != _shape(self._scenario):
            followed = self.followed
            self.show(scenario, clock_s=self._clock_s, speed=self._speed)
            self.follow(followed)
            return
        with self._guard:
            self._set_pace(scenario)
            network = self._network()
        self._broadcast({"type": "tune", "network": network})

    def add_frame(self, frame: Frame) -> None:
        """One step of a :class:`workbench.LiveMixnet`: its crossings, pools and belief."""
        if frame.scenario != self._scenario:
            self.retune(frame.scenario)
        followed = frame.followed
        if followed is not None and followed.packet != self.followed:
            self.follow(followed.packet)
        self.add(
            frame.events,
            frame.time_s,
            pools=frame.pools,
            belief=None if followed is None else followed.belief,
            belief_out=0.0 if followed is None else followed.delivered,
        )

    def say(self, text: str) -> None:
        """A short note under the picture, such as why a wish could not be met."""
        self.send({"type": "note", "text": text})

    def add(
        self,
        events: Events,
        clock_s: float,
        *,
        pools: NDArray[Any] | None = None,
        belief: NDArray[Any] | None = None,
        belief_out: float = 0.0,
    ) -> None:
        """One frame: what happened since the last one.

        Parameters
        ----------
        events : Events
            Every crossing that began after the last frame's clock, up to this one's. Rows of
            mixes with higher numbers than the network shown has (a live network from which
            they were taken) are left out.
        clock_s : float
            Network time of the frame's end; must not run backwards.
        pools : int array (layers * width,), optional
            Packets in each mix at ``clock_s``, exactly. Without it they are counted from
            the events.
        belief : float array (layers * width,), optional
            What the observer believes of the followed packet: the chance that it is in each
            mix at ``clock_s``. Without it no belief is drawn.
        belief_out : float
            The chance that it has left the network already.

        Raises
        ------
        WorkbenchError
            A clock that runs backwards, or an array of another shape.
        """
        mixes = self._scenario.mixes
        if not np.isfinite(clock_s) or clock_s < self._clock_s:
            raise WorkbenchError(f"clock_s is {clock_s!r}; expected {self._clock_s} or later")
        events = events.where((events.source < mixes) & (events.target < mixes))
        held = None if pools is None else _per_mix("pools", pools, mixes).astype(np.int64)
        doubt = None if belief is None else _per_mix("belief", belief, mixes).astype(np.float64)
        with self._guard:
            events, times_s, grid = self._counter.take(events, self._clock_s, float(clock_s), held)
            drawn = events.where(self._sample.choose(events.packet))
            self._kept = kept_inside(self._kept, drawn, clock_s - self._memory_s())
            self._clock_s = float(clock_s)
            self._belief, self._belief_out = doubt, float(belief_out)
            in_network = int(self._counter.pools.sum()) + self._crossing(events, float(times_s[0]))
            self._choose_sample(self._sample.for_crowd(max(in_network, self._expected)))
            content, buffers = self._message(drawn, times_s, self._by_cell(grid))
        self._broadcast({"type": "frame", **content}, buffers)

    def follow(self, packet: int | None) -> None:
        """Draw this packet as "yours" (None: nobody's); it is drawn whatever the sample."""
        with self._guard:
            self._sample = self._sample.following(packet)
            self._belief, self._belief_out = None, 0.0
        self._broadcast({"type": "follow", "followed": packet})

    def mark(
        self, *, down: Iterable[int] | None = None, corrupt: Iterable[int] | None = None
    ) -> None:
        """Which mixes are drawn as down and as corrupted, by number; None leaves it."""
        with self._guard:
            if down is not None:
                self._down = self._checked_mixes("down", down)
            if corrupt is not None:
                self._corrupt = self._checked_mixes("corrupt", corrupt)
            marks = self._marks()
        self._broadcast({"type": "marks", **marks})

    def on(self, action: str, callback: Callable[[Act], None]) -> None:
        """Hear what people ask of the picture; only what somebody hears is offered there.

        Parameters
        ----------
        action : str
            ``"down"``, ``"up"``, ``"corrupt"``, ``"honest"``, ``"inspect"``, ``"follow"`` or
            ``"bytes"``.
        callback : callable
            Called with an :class:`Act`, in the kernel's event loop.
        """
        if action not in ACTIONS:
            raise WorkbenchError(f"action is {action!r}; expected one of {', '.join(ACTIONS)}")
        self._callbacks.setdefault(action, []).append(callback)
        self._start_all_afresh()

    # The picture as values.

    def _set_network(self, scenario: Scenario, clock_s: float) -> None:
        self._sample = Sample()
        self._set_pace(scenario)
        self._clock_s = float(clock_s)
        self._counter = PoolCounter(scenario.mixes)
        self._kept = Events.empty()
        self._belief: NDArray[np.float64] | None = None
        self._belief_out = 0.0

    def _set_pace(self, scenario: Scenario) -> None:
        if not isinstance(scenario, Scenario):
            raise WorkbenchError(f"expected a Scenario, got {type(scenario).__name__}")
        self._scenario = scenario
        self._slow_down = slow_down_for(scenario.mean_delay_s()) / self._speed
        drawn_s = scenario.layers * scenario.mean_delay_s() + self._memory_s()
        self._expected = int(scenario.total_rate_per_s * drawn_s)
        self._sample = self._sample.for_crowd(self._expected)
        most = min(MOST_CELLS_IN_A_LAYER, max(1, MOST_CELLS // scenario.layers))
        self._mixes_per_cell = -(-scenario.width // most)
        self._down = frozenset(a * scenario.width + b for a, b in scenario.down())
        self._corrupt = frozenset(a * scenario.width + b for a, b in scenario.corrupted())

    def _choose_sample(self, sample: Sample) -> None:
        if sample.one_in > self._sample.one_in:
            self._kept = self._kept.where(sample.choose(self._kept.packet))
        self._sample = sample

    def _memory_s(self) -> float:
        """How far back the picture of the last layers reaches, in network time."""
        return (self._scenario.layers + 3) * TRAVEL_S / self._slow_down

    def _crossing(self, events: Events, since_s: float) -> int:
        """About how many packets are on links in the picture at once, stretched as it is."""
        span_s = max(self._clock_s - since_s, 1e-9)
        return int(len(events) / span_s * TRAVEL_S / self._slow_down)

    def _by_cell(self, values: NDArray[Any]) -> NDArray[Any]:
        """Sums over the mixes that one circle stands for (last axis)."""
        if self._mixes_per_cell == 1:
            return values
        layers, width = self._scenario.layers, self._scenario.width
        shaped = values.reshape(*values.shape[:-1], layers, width)
        starts = np.arange(0, width, self._mixes_per_cell)
        summed = np.add.reduceat(shaped, starts, axis=-1)
        return summed.reshape(*values.shape[:-1], -1)

    def _message(
        self, events: Events, times_s: NDArray[np.float64], grid: NDArray[np.int64]
    ) -> tuple[dict[str, Any], list[bytes]]:
        """A frame as small JSON and three binary buffers."""
        columns = [
            events.packet.astype("<f8"),
            events.leave_s.astype("<f8"),
            events.arrive_s.astype("<f8"),
            events.source.astype("<i4"),
            events.target.astype("<i4"),
            events.kind.astype("u1"),
        ]
        belief = np.zeros(0) if self._belief is None else self._by_cell(self._belief)
        content = {
            "rows": len(events),
            "clock_s": self._clock_s,
            "times_s": times_s.tolist(),
            "has_belief": self._belief is not None,
            "belief_out": self._belief_out,
            "one_in": self._sample.one_in,
            "followed": self._sample.followed,
            "inside": int(self._counter.pools.sum()),
        }
        buffers = [
            b"".join(column.tobytes() for column in columns),
            np.ascontiguousarray(grid, "<i4").tobytes(),
            belief.astype("<f4").tobytes(),
        ]
        return content, buffers

    def _network(self) -> dict[str, Any]:
        one = self._scenario
        return {
            "layers": one.layers,
            "width": one.width,
            "clients": one.clients,
            "topology": one.topology,
            "mixes_per_cell": self._mixes_per_cell,
            "gateways": min(self._gateways, one.clients),
            "slow_down": self._slow_down,
            "travel_s": TRAVEL_S / self._slow_down,
            "kinds": _kinds(one),
            "actions": sorted(self._callbacks),
            **self._marks(),
        }

    def _marks(self) -> dict[str, Any]:
        return {"down": sorted(self._down), "corrupt": sorted(self._corrupt)}

    def _checked_mixes(self, name: str, mixes: Iterable[int]) -> frozenset[int]:
        found = frozenset(int(mix) for mix in mixes)
        if any(not 0 <= mix < self._scenario.mixes for mix in found):
            raise WorkbenchError(
                f"{name} names a mix beyond the {self._scenario.mixes} that are shown"
            )
        return found

    # What the transport asks.

    def _initial(self, hello: dict[str, Any]) -> tuple[dict[str, Any], Buffers]:
        grid = self._by_cell(self._counter.pools[np.newaxis])
        content, buffers = self._message(self._kept, np.array([self._clock_s]), grid)
        style = controls.style("live_view.css", "packet_flow.css")
        return {**content, "network": self._network(), "css": style}, buffers

    def _heard(self, content: dict[str, Any], buffers: Buffers) -> None:
        act = self._read(content)
        if act is None:
            return
        try:
            for callback in self._callbacks.get(act.action, []):
                callback(act)
        except WorkbenchError as error:
            self.say(str(error))
            return
        if act.action == "follow" and act.packet != -1:
            self.follow(act.packet)

    def _read(self, content: dict[str, Any]) -> Act | None:
        """A page's wish, or None where it makes no sense (pages are not to be trusted)."""
        if content.get("type") != "act" or content.get("action") not in ACTIONS:
            return None
        mixes, packet = content.get("mixes", []), content.get("packet")
        if not isinstance(mixes, list) or not all(
            type(mix) is int and 0 <= mix < self._scenario.mixes for mix in mixes
        ):
            return None
        if packet is not None and (type(packet) is not int or not -1 <= packet < 2**53):
            return None
        return Act(str(content["action"]), tuple(mixes), packet)


def _shape(scenario: Scenario) -> tuple[int, int, str, int]:
    """What decides where things stand in the picture."""
    return scenario.layers, scenario.width, scenario.topology, scenario.clients


def _checked_speed(speed: float) -> float:
    if not isinstance(speed, int | float) or not 0.01 <= speed <= 100:
        raise WorkbenchError(f"speed is {speed!r}; expected 0.01 to 100")
    return float(speed)


def _kinds(scenario: Scenario) -> list[int]:
    """Which kinds of packet this network can have, for the key below the picture."""
    has_drop = scenario.drop_cover_per_client_per_s > 0
    has_drop = has_drop or scenario.main_stream_per_client_per_s is not None
    present = (
        scenario.traffic_per_client_per_s > 0,
        scenario.cover_per_client_per_s > 0,
        has_drop,
        scenario.mix_loops_per_mix_per_s > 0,
    )
    return [kind for kind, there in enumerate(present) if there]


def _per_mix(name: str, values: NDArray[Any], mixes: int) -> NDArray[Any]:
    array = np.asarray(values)
    if array.shape != (mixes,):
        raise WorkbenchError(f"{name} has shape {array.shape}; expected ({mixes},)")
    return array
