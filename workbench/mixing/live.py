"""LiveMixnet: the same network as ``simulate``, advanced step by step while knobs turn."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.errors import SimulationError
from workbench.mixing import checks, engine, reshaping, topology, turning
from workbench.mixing import kernels as k
from workbench.mixing.events import Events
from workbench.mixing.exactness import approximation
from workbench.mixing.following import look_at
from workbench.mixing.frame import MOST_PEOPLE, Expected, Followed, Frame, expect
from workbench.mixing.journeys import Journey, plan_in
from workbench.mixing.live_targets import PACKET, RETIRED, SENDERS, SENT, LiveTargets
from workbench.mixing.run import SHOWN_BELOW
from workbench.mixing.state import F8, I8, Chunk, State
from workbench.mixing.traffic import Traffic, fill, generator, new_traffic, seeded, turned_traffic
from workbench.mixing.under_way import in_use
from workbench.scenario import Scenario
from workbench.strategies import _shown as shown

__all__ = ["LiveMixnet"]

_CHUNK = 1 << 14
_LOG_ROWS = 1 << 14
_TARGETS, _CHANGES = 2, 3  # purposes of generators outside the kernels
_WARM_UP_JOURNEYS = 5.0
_MOST_WARM_UP_PACKETS = 2_000_000.0
_MOST_STEP_S = 3600.0


class LiveMixnet:
    """A mix network that runs: advance it, turn its knobs, look at its frames.

    Same seed and same calls give the same frames; while one knob moves, the same people send
    at the same times. What :func:`workbench.simulate` says of a setting, this measures on
    the way: targets are chosen by a coin for each real packet and reported in the order of
    their birth, once less than ``report_below`` of their mass is in flight, so that those
    that finish early do not come first (they are biased low).

    Parameters
    ----------
    scenario : Scenario
    targets : int, 0 to 100,000
        How many targets to keep under way.
    report_below : float, 1e-12 to 0.1
        Share of a target's mass that may still be in flight when it is reported. What is cut
        off lowers the entropy by about its own share of the answer: at 1e-3 by some 0.01
        bits (tests/mixing/test_live.py measures it).
    warm_up : bool
        Run five mean journeys before the first step, so that the mixes are not empty.

    Raises
    ------
    SimulationError
        For arguments out of range.

    Notes
    -----
    What a change does to packets under way, knob by knob (:meth:`set` returns it in words):

    delay
        By default remaining waits are rescaled: an exponential wait stays exponential, every
        held packet keeps one common rate, and the posterior stays exact at once. With
        ``waits="keep"`` old packets keep what their senders wrote, which is true to life:
        two rates then share a pool, and the posterior, which treats all held packets alike,
        is an approximation until the old ones have left: against enumeration, after a change
        from 1 to 0.25 s in pools of 3 to 8, 0.12 bits off on average and 0.9 at most.
    traffic, cover, clients, losses, links, capacity, queue
        From now on; what was sent goes on as it was.
    strategy
        Between delays: old packets keep their waits. To batches: what is held waits for the
        mix to let a batch go. From batches: held packets get waits drawn now.
    width
        New packets choose among the new mixes; old ones keep their routes, and mixes taken
        out empty themselves.
    a mix that goes down
        lets go what it holds and drops what comes.
    a mix that is corrupted
        traces what comes from now on; what it held stays mixed.

    ``layers``, ``topology`` and ``seed`` make another network: start a new one.

    Examples
    --------
    >>> live = LiveMixnet(Scenario(clients=20, traffic_per_client_per_s=5.0))
    >>> frame = live.advance(0.1)
    >>> changed = live.set(delay_s=0.2)
    >>> round(live.advance(0.1).time_s, 9), live.scenario.delay_s
    (0.2, 0.2)
    """

    def __init__(
        self,
        scenario: Scenario,
        *,
        targets: int = 100,
        report_below: float = SHOWN_BELOW,
        warm_up: bool = True,
    ) -> None:
        if not isinstance(scenario, Scenario):
            raise SimulationError(f"LiveMixnet needs a Scenario; got a {type(scenario).__name__}")
        wanted = int(checks.number("targets", targets, 0, 100_000, whole=True))
        warm_up = checks.flag("warm_up", warm_up)
        report_below = checks.number("report_below", report_below, 1e-12, 0.1)
        self._scenario = scenario
        self._settling: list[str] = []
        self._settled_at = 0  # packets from this number on know only the present setting
        self._approximate_until_s = -math.inf
        self._index = 0
        self._followed: int | None = None
        self._follow_next = False
        self._expected: dict[Scenario, Expected] = {}
        self._own: tuple[F8 | None, F8 | None] = (None, None)
        rng = seeded(scenario.seed)
        self._rng = rng
        self._targets = LiveTargets(wanted, report_below, generator(scenario.seed, _TARGETS))
        self._changes = generator(scenario.seed, _CHANGES)
        self._state: State = engine.new_state(
            scenario,
            rng,
            target_numbers=np.zeros(0, np.int64),
            sender_columns=scenario.clients if scenario.clients <= MOST_PEOPLE else 0,
            log_rows=_LOG_ROWS,
            retire_below=report_below,
        )
        self._state = reshaping.with_stride(self._state, max(64, 2 * scenario.width))
        self._state = engine.with_settings(
            self._state, scenario, stride=int(self._state.ints[k.STRIDE])
        )
        self._traffic: Traffic = new_traffic(scenario, rng)
        self._chunk = Chunk.empty(_CHUNK)
        self._pieces: list[Events] = []
        self._zero_s = 0.0
        if warm_up:
            self._warm_up()

    # -- what it is -----------------------------------------------------------------------

    @property
    def scenario(self) -> Scenario:
        """The present setting."""
        return self._scenario

    @property
    def time_s(self) -> float:
        """Network time since the first step, in seconds."""
        return float(self._state.reals[k.NOW]) - self._zero_s

    @property
    def settling(self) -> str | None:
        """Why posteriors are approximate until packets of an earlier setting have left."""
        return "; ".join(dict.fromkeys(self._settling)) or None

    def expect(self) -> Expected:
        """What the present setting leads to, by a simulation of its own; kept once made."""
        return self._expect(self._scenario)

    def follow(self, packet: int | None) -> None:
        """Report the observer's belief about one packet in every frame.

        Parameters
        ----------
        packet : int or None
            The number of a target under way (:meth:`live_packets`); -1 for the next real
            packet that is sent; None for no packet.

        Raises
        ------
        SimulationError
            When that packet is not a target under way: the observer's belief can only be
            followed from the packet's first link on.
        """
        self._follow_next = False
        if packet is None:
            self._followed = None
            return
        number = int(checks.number("packet", packet, -1, 2**62, whole=True))
        if number == -1:
            self._follow_next = True
            self._followed = None
        elif number not in self.live_packets():
            raise SimulationError(
                f"packet {number} is not a target under way; expected one of live_packets(), "
                "or -1 for the next real packet"
            )
        else:
            self._followed = number

    def live_packets(self) -> I8:
        """Numbers of the targets under way, rising."""
        return self._targets.live_packets(self._state)

    def plan_of(self, packet: int) -> Journey | None:
        """The way of a packet under way as its sender drew it, what lies ahead included.

        Parameters
        ----------
        packet : int
            Its number in the event log.

        Returns
        -------
        Journey or None
            None when it is not under way (it has left, was lost, or is yet to be sent). Stays
            are what the network would do now: turning the delay rescales them. They are NaN
            where mixes let go in batches.
        """
        number = int(checks.number("packet", packet, 0, 2**62, whole=True))
        return plan_in(self._state, number, self._zero_s)

    # -- moving on ------------------------------------------------------------------------

    def advance(self, dt_s: float) -> Frame:
        """Let the network run for a while.

        Parameters
        ----------
        dt_s : float, seconds of network time
            Above 0, at most 3600.

        Returns
        -------
        Frame

        Raises
        ------
        SimulationError
            For a step out of range.
        """
        dt = checks.number("dt_s", dt_s, 1e-9, _MOST_STEP_S)
        before = self._counters()
        self._fresh_latencies()
        self._run_until(float(self._state.reals[k.NOW]) + dt)
        self._targets.retire(self._state, self._scenario)
        self._index += 1
        frame = self._frame(dt, before)
        self._settle()
        self._targets.compact(self._state)
        return frame

    def set(self, *, waits: str = "rescale", **knobs: Any) -> tuple[str, ...]:
        """Turn knobs; nothing is restarted and no packet under way is lost.

        Parameters
        ----------
        waits : {"rescale", "keep"}
            What a change of delay means for packets under way (see the class).
        **knobs
            Any knob of Scenario but ``layers``, ``topology`` and ``seed``.

        Returns
        -------
        tuple of str
            What the change does to packets under way, in words; empty if to none.

        Raises
        ------
        ScenarioError
            For an unknown knob or a value outside its range; nothing has changed then.
        SimulationError
            For a knob that makes another network; nothing has changed then.
        """
        if not isinstance(waits, str) or waits not in ("rescale", "keep"):
            raise SimulationError(f'waits must be "rescale" or "keep"; got {shown(waits)}')
        old = self._scenario
        new = old.replace(**knobs)
        for name in turning.FIXED_KNOBS:
            if getattr(new, name) != getattr(old, name):
                raise SimulationError(f"{name} makes another network: start a new LiveMixnet")
        if new == old:
            return ()
        self._state, did, settling = turning.turned(
            self._state, old, new, rescale=waits == "rescale", draws=self._changes
        )
        settling += self._turn_people(old, new)
        self._traffic = turned_traffic(
            self._traffic, self._rng, old, new, float(self._state.reals[k.NOW]), self._changes
        )
        if settling:
            self._settling += settling
            self._settled_at = int(self._state.ints[k.NEXT_PACKET])
        self._scenario = new
        if new.mixes != old.mixes:
            self._own = (None, None)
        self._write_own()
        return tuple(did)

    def set_mixes(
        self, *, capacities_per_s: ArrayLike | None = None, losses: ArrayLike | None = None
    ) -> None:
        """Give each mix a capacity and a loss of its own, in place of the scenario's one value.

        It holds until it is called again or the width changes; what was not given is the
        scenario's again. Packets that wait or are held at a mix stay there and leave by its
        new values: a mix that is run by another node from now on hands over what it holds.

        Parameters
        ----------
        capacities_per_s : array of shape (mixes,), optional
            Packets a second that each mix can process, above 0; infinite: no limit.
        losses : array of shape (mixes,), optional
            Chance that each mix loses a packet inside, in [0, 1].

        Raises
        ------
        SimulationError
            For values out of range or of another shape; nothing has changed then.

        Notes
        -----
        ``expect`` knows nothing of it: it simulates the scenario, all mixes alike.
        """
        mixes = self._scenario.mixes
        own = (
            checks.per_mix("capacities_per_s", capacities_per_s, mixes, 1e-9, math.inf),
            checks.per_mix("losses", losses, mixes, 0.0, 1.0),
        )
        self._own = own
        # What is not given falls back to the scenario's value.
        stride = int(self._state.ints[k.STRIDE])
        self._state = engine.with_settings(self._state, self._scenario, stride=stride)
        self._write_own()

    def _write_own(self) -> None:
        capacities, losses = self._own
        nodes = topology.nodes(self._scenario, int(self._state.ints[k.STRIDE]))
        self._state = engine.with_own_settings(
            self._state, capacities_per_s=capacities, losses=losses, nodes=nodes
        )

    def _inexact(self) -> str | None:
        """As ``approximation``, with the mixes' own capacities and losses looked at."""
        capacities, losses = self._own
        known = self._scenario
        if capacities is not None and np.isfinite(capacities).any():
            known = known.replace(capacity_per_s=float(np.clip(capacities.min(), 0.1, 1e7)))
        if losses is not None and losses.any():
            known = known.replace(mix_loss=float(losses.max()))
        return approximation(known)

    def _turn_people(self, old: Scenario, new: Scenario) -> list[str]:
        """Follow as many senders as there are clients, none where there are too many."""
        followed = int(self._state.ints[k.SENDERS])
        if new.clients > MOST_PEOPLE:
            if followed:
                self._state = reshaping.without_senders(self._state)
            return []
        self._state = reshaping.with_senders(self._state, new.clients)
        if not followed:
            return ["people: senders of packets under way were not followed"]
        return []

    # -- inside a step --------------------------------------------------------------------

    def _warm_up(self) -> None:
        rate = self._scenario.total_rate_per_s
        span = _WARM_UP_JOURNEYS * engine.journey_s(self._scenario)
        if rate > 0.0:
            span = min(span, _MOST_WARM_UP_PACKETS / rate)
        self._state.ints[k.IS_LOGGED] = 0
        for part in range(1, 21):
            self._run_until(span * part / 20.0)
            self._targets.retire(self._state, self._scenario)
            # Born into a network that was still filling: not told.
            self._targets.reported(self._state, self._scenario)
        self._state.ints[k.IS_LOGGED] = 1
        self._approximate_until_s = -math.inf
        self._zero_s = span

    def _run_until(self, until: float) -> None:
        while True:
            count = fill(self._traffic, self._rng, until, self._chunk)
            is_full = count == len(self._chunk.times)
            reached = float(self._chunk.times[count - 1]) if is_full else until
            self._place_mix_loops(count)
            self._state, first = self._targets.choose(
                self._state, self._scenario, self._chunk, count, self._follow_next
            )
            if first is not None:
                self._followed, self._follow_next = first, False
            self._state = engine.advance(
                self._state, self._chunk, count, reached, sink=self._keep_log
            )
            if not is_full:
                return

    def _place_mix_loops(self, count: int) -> None:
        """A mix loop's sender, drawn among the mixes in use, as a node of the state."""
        loops = np.flatnonzero(self._chunk.codes[:count] & 15 == 3)
        if len(loops):
            width, stride = self._scenario.width, int(self._state.ints[k.STRIDE])
            drawn = self._chunk.senders[loops]
            self._chunk.senders[loops] = drawn // width * stride + drawn % width

    def _keep_log(self, state: State) -> None:
        rows = int(state.ints[k.LOG_N])
        if rows:
            self._pieces.append(self._events(engine.logged(state)))

    def _events(self, events: Events) -> Events:
        """Rows of the log with this network's numbers: clock from zero, mixes in use."""

        def numbered(nodes: NDArray[np.int32]) -> NDArray[np.int32]:
            stride = int(self._state.ints[k.STRIDE])
            return topology.numbered(nodes, self._scenario, stride).astype(np.int32)

        return Events(
            packet=events.packet,
            kind=events.kind,
            source=numbered(events.source),
            target=numbered(events.target),
            leave_s=events.leave_s - self._zero_s,
            arrive_s=events.arrive_s - self._zero_s,
            wait_s=events.wait_s,
        )

    def _counters(self) -> tuple[I8, I8, I8]:
        state = self._state
        return (
            state.mix_ints[:, k.M_ARRIVALS].copy(),
            state.mix_ints[:, k.M_DROPS].copy(),
            state.counts.copy(),
        )

    def _fresh_latencies(self) -> None:
        ints, reals = self._state.ints, self._state.reals
        ints[k.LATENCY_N] = ints[k.SAMPLE_N] = 0
        ints[k.SAMPLE_STRIDE] = 1
        reals[k.LATENCY_SUM] = reals[k.LATENCY_SQUARES] = 0.0

    # -- after a step ---------------------------------------------------------------------

    def _settle(self) -> None:
        """Note when the last packet of an earlier setting has left."""
        if not self._settling:
            return
        self._approximate_until_s = float(self._state.reals[k.NOW])
        used = in_use(self._state)
        if not (self._state.packets[used, k.P_NUMBER] < self._settled_at).any():
            self._settling = []

    def _frame(self, dt: float, before: tuple[I8, I8, I8]) -> Frame:
        state, scenario = self._state, self._scenario
        arrivals, drops, counts = before
        self._keep_log(state)
        state.ints[k.LOG_N] = 0
        pieces, self._pieces = self._pieces, []
        followed = self._look_at_followed()
        rows = self._targets.reported(state, scenario)
        is_told = rows[:, 2] < SHOWN_BELOW
        is_told &= rows[:, 1] >= 0.5
        is_exact = rows[:, RETIRED] > 0.0
        if self._inexact() is not None or self._settling:
            is_exact[:] = False
        is_exact &= rows[:, SENT] >= self._approximate_until_s
        made = state.counts - counts
        pools = state.mix_ints[:, k.M_HELD]
        count = int(state.ints[k.LATENCY_N])
        shown = self._of_mixes(pools)
        return Frame(
            index=self._index,
            time_s=self.time_s,
            dt_s=dt,
            scenario=scenario,
            entropy_bits=np.where(is_told, rows[:, 0], np.nan),
            sender_entropy_bits=rows[:, SENDERS].copy(),
            target_packets=rows[:, PACKET].astype(np.int64),
            target_sent_s=rows[:, SENT] - self._zero_s,
            target_mass=rows[:, 1:5].sum(axis=1),
            is_exact=is_exact,
            live_targets=int(state.ints[k.LIVE]),
            settling=self.settling,
            pools=shown,
            loads_per_s=self._of_mixes(state.mix_ints[:, k.M_ARRIVALS] - arrivals) / dt
            if len(arrivals) == len(pools)
            else np.full(scenario.mixes, np.nan),
            drops=self._of_mixes(state.mix_ints[:, k.M_DROPS] - drops),
            draining=int(pools.sum() - shown.sum()),
            sent_by_kind=made[k.C_SENT],
            delivered_by_kind=made[k.C_DONE],
            crossings_by_kind=made[k.C_CROSSINGS],
            dropped_by_cause=made[k.C_DROPPED :],
            latency_s=state.latency_sample[: state.ints[k.SAMPLE_N]].copy(),
            latency_mean_s=float(state.reals[k.LATENCY_SUM]) / count if count else math.nan,
            in_network=len(state.slot_free) - int(state.ints[k.SLOTS_FREE]),
            events=Events.joined(pieces),
            followed=followed,
            _expect=lambda: self._expect(scenario),
        )

    def _of_mixes(self, values: NDArray[Any]) -> NDArray[Any]:
        return topology.in_use(values, self._scenario, int(self._state.ints[k.STRIDE]))

    def _look_at_followed(self) -> Followed | None:
        if self._followed is None:
            return None
        seen = look_at(self._state, self._scenario, self._followed, self._zero_s)
        if seen is not None and seen.is_reported:
            self._followed = None
        return seen

    def _expect(self, scenario: Scenario) -> Expected:
        if scenario not in self._expected:
            while len(self._expected) >= 16:
                self._expected.pop(next(iter(self._expected)))
            self._expected[scenario] = expect(scenario)
        return self._expected[scenario]
