"""simulate(scenario) -> Run: the traffic, the network and the exact observer, start to end."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import fields

import numpy as np

from workbench.errors import SimulationError
from workbench.mixing import checks, topology
from workbench.mixing import kernels as k
from workbench.mixing.engine import advance, journey_s, logged, new_state
from workbench.mixing.events import Events
from workbench.mixing.exactness import approximation
from workbench.mixing.run import SHOWN_BELOW, Run
from workbench.mixing.state import F8, I8, U8, Chunk, State
from workbench.mixing.strategies import coded
from workbench.mixing.traffic import Traffic, count_real, fill, generator, new_traffic, seeded
from workbench.scenario import Scenario
from workbench.strategies import _shown as shown

__all__ = ["Run", "simulate"]

Progress = Callable[[float], object]
TRACKS = ("packets", "senders", "receivers")
ENGINES = ("auto", "general", "memoryless")
CHUNK = 1 << 14
LOG_ROWS = 1 << 16
LOG_ROW_BYTES = 41
MARGIN = 0.15  # of the sending time before the first and after the last possible target
WARM_UP_JOURNEYS = 5.0
TAIL_JOURNEYS = 60.0
MOST_FLUSHES = 1e9
_TARGETS = 1  # purpose number of the choice of targets


def simulate(
    scenario: Scenario,
    *,
    duration_s: float | None = None,
    packets: int | None = None,
    targets: int = 100,
    track: str = "packets",
    progress: Progress | None = None,
    log: bool = False,
    engine: str = "auto",
    memory_bytes: float | None = None,
) -> Run:
    """Simulate a scenario and follow targets through it as an observer of all links would.

    The observer sees every packet on every link and knows every rule and rate, but neither
    sees inside honest mixes nor tells cover from real packets. A Run is a pure function of
    the scenario (with its seed) and these arguments.

    Parameters
    ----------
    scenario : Scenario
    duration_s : float, seconds
        How long clients send; default 30. The first and last 15 % of it, and at least five
        mean journeys, are warm-up and cool-down: where 15 % is shorter, the run is longer.
    packets : int
        Instead of a duration: about how many packets are sent.
    targets : int
        How many real packets to follow, chosen uniformly by packet number between warm-up
        and cool-down; fewer if there are not so many.
    track : {"packets", "senders", "receivers"}
        What else to follow: the posterior over people, on the sending or receiving side.
    progress : callable
        Called now and then with the share done; returning False stops the run.
    log : bool
        Keep the event log (41 bytes a link crossing).
    engine : {"auto", "general", "memoryless"}
        "memoryless" draws no delay for a packet: only for Poisson mixes, constant delay,
        no link delay, no capacity. "auto" takes it where it can.
    memory_bytes : float
        Refuse what needs more; default three quarters of this machine's memory.

    Returns
    -------
    Run

    Raises
    ------
    SimulationError
        For arguments out of range, a run that would not fit in memory, or a stopped one.

    Examples
    --------
    >>> run = simulate(Scenario(), duration_s=3.0, targets=20)
    >>> bool(7.0 < run.entropy_bits.mean() < 9.5)
    True
    """
    if not isinstance(scenario, Scenario):
        raise SimulationError(f"simulate needs a Scenario; got a {type(scenario).__name__}")
    if progress is not None and not callable(progress):
        raise SimulationError(f"progress must be callable; got {shown(progress)}")
    plan = _Plan(scenario, duration_s, packets, targets, track, log, engine, memory_bytes)
    return _Simulation(plan, progress).run()


class _Plan:
    """The checked arguments and what follows from them."""

    def __init__(
        self,
        scenario: Scenario,
        duration_s: float | None,
        packets: int | None,
        targets: int,
        track: str,
        log: bool,
        engine: str,
        memory_bytes: float | None,
    ) -> None:
        self.scenario = scenario
        self.track = checks.one_of("track", track, TRACKS)
        self.log = checks.flag("log", log)
        self.targets = int(checks.number("targets", targets, 0, 10_000_000, whole=True))
        code = coded(scenario.resolved_strategy())
        self.is_batch = code.rule != k.BY_DELAY
        rate = scenario.total_rate_per_s + scenario.mixes * scenario.mix_loops_per_mix_per_s
        if packets is not None:
            if duration_s is not None:
                raise SimulationError("give duration_s or packets, not both")
            count = checks.number("packets", packets, 1, 1e12, whole=True)
            if rate <= 0.0:
                raise SimulationError("packets needs a scenario that sends some; all rates are 0")
            duration_s = count / rate
        elif duration_s is None:
            duration_s = 30.0
        self.duration_s = checks.number("duration_s", duration_s, 1e-6, 1e9)
        self.journey_s = journey_s(scenario) if rate > 0.0 else 0.0
        margin = max(MARGIN * self.duration_s, WARM_UP_JOURNEYS * self.journey_s)
        self.warm_up_s = margin
        self.window_end_s = margin + (1.0 - 2.0 * MARGIN) * self.duration_s
        self.sending_s = self.window_end_s + margin
        self.rate = rate
        flushes = scenario.mixes * self.sending_s / code.interval_s if code.interval_s else 0.0
        if flushes > MOST_FLUSHES:
            raise SimulationError(
                f"this run would take {flushes:.1e} flushes of nearly empty mixes (at most "
                f"{MOST_FLUSHES:.0e}): its pools fill too slowly; send more, keep less in the "
                "pools, or flush less often"
            )
        self.engine = _engine(scenario, checks.one_of("engine", engine, ENGINES), self.log)
        if memory_bytes is None:
            memory_bytes = 0.75 * _machine_bytes()
        self.memory_bytes = checks.number("memory_bytes", memory_bytes, 1, 1e18)
        needed = self.bytes_needed()
        if needed > self.memory_bytes:
            raise SimulationError(
                f"this run needs about {needed / 1e6:,.0f} MB and may take "
                f"{self.memory_bytes / 1e6:,.0f} MB: follow fewer targets or clients, keep no "
                "log, or send fewer packets"
            )

    def bytes_needed(self) -> float:
        """A rough estimate from above of the memory that the run will take."""
        scenario = self.scenario
        under_way = self.rate * self.journey_s
        code = coded(scenario.resolved_strategy())
        carried = self.rate * topology.mean_link_s(scenario) * (scenario.layers + 1)
        if code.is_weighted or not code.is_mixing:
            carried = under_way
        elif scenario.mixes:
            carried += under_way * len(scenario.corrupted()) / scenario.mixes
        rows = scenario.mixes + 1 + carried
        window = self.window_end_s - self.warm_up_s
        live = min(self.targets, 16 + self.targets * min(1.0, 12.0 * self.journey_s / window))
        people = scenario.clients if self.track != "packets" else 0
        columns = live + (people if self.track == "senders" else 0)
        total = 8.0 * rows * columns + 8.0 * live * people + 12.0 * scenario.clients
        total += under_way * (110.0 + 12.0 * scenario.layers) + 8.0 * 16 * self.targets
        if self.log:
            # Twice: the pieces, and the one log that they are joined to.
            crossings = self.rate * self.sending_s * (scenario.layers + 1)
            total += 2.0 * LOG_ROW_BYTES * crossings
        return 2.0 * total  # arrays double when they grow


def _machine_bytes() -> float:
    """This machine's memory, or 4 GB where it does not tell."""
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):
        return 4e9


def can_be_memoryless(scenario: Scenario) -> bool:
    """Whether one common exponential delay decides everything."""
    code = coded(scenario.resolved_strategy())
    return (
        code.rule == k.BY_DELAY
        and code.draw == k.DRAW_EXPONENTIAL
        and scenario.delay_s > 0.0
        and scenario.link_delay_s == 0.0
        and scenario.capacity_per_s is None
        and scenario.mix_loss == 0.0
        and scenario.mix_loops_per_mix_per_s == 0.0
        and scenario.topology != "free_route"
    )


def _engine(scenario: Scenario, wanted: str, log: bool) -> str:
    fits = can_be_memoryless(scenario) and not log
    if wanted == "memoryless" and not fits:
        raise SimulationError(
            "the memoryless engine needs Poisson mixes, layers or cascades, a delay above 0, no "
            "link delay, capacity, loss inside mixes, mix loops or log; use engine='general'"
        )
    return "memoryless" if fits and wanted != "general" else "general"


class _Simulation:
    """One run on its way: the state, the traffic, and what was noted at the boundaries."""

    def __init__(self, plan: _Plan, progress: Progress | None) -> None:
        self.plan = plan
        self.progress = progress
        scenario = plan.scenario
        self.rng: U8 = seeded(scenario.seed)
        numbers = self._choose_targets()
        self.state: State = new_state(
            scenario,
            self.rng,
            target_numbers=numbers,
            sender_columns=scenario.clients if plan.track == "senders" else 0,
            by_receiver=plan.track == "receivers",
            log_rows=LOG_ROWS if plan.log else 0,
        )
        self.state.reals[k.MEASURE_FROM] = plan.warm_up_s
        self.state.reals[k.MEASURE_TO] = plan.window_end_s
        self.traffic: Traffic = new_traffic(scenario, self.rng)
        self.pieces: list[Events] = []
        self.chunk = Chunk.empty(CHUNK)
        self.none = Chunk.empty(0)

    def _choose_targets(self) -> I8:
        """Uniformly by number among the real packets of the window, without repetition."""
        plan = self.plan
        if not plan.targets:
            return np.zeros(0, np.int64)
        before, inside = self._window()
        some = generator(plan.scenario.seed, _TARGETS)
        wanted = min(plan.targets, inside)
        if not wanted:
            return np.zeros(0, np.int64)
        picked = some.choice(inside, wanted, replace=False, shuffle=False)
        return np.sort(picked.astype(np.int64)) + before

    def _window(self) -> tuple[int, int]:
        """Number of the window's first real packet, and how many real packets it has."""
        plan, scenario = self.plan, self.plan.scenario
        rate = scenario.clients * scenario.traffic_per_client_per_s
        if scenario.traffic_pattern == "poisson" and scenario.main_stream_per_client_per_s is None:
            # A steady stream's numbers are known to sqrt(n): five of them inside the window
            # cost little of it, and no dry pass is needed.
            start, stop = rate * plan.warm_up_s, rate * plan.window_end_s
            first = math.ceil(start + 5.0 * math.sqrt(start))
            last = math.floor(stop - 5.0 * math.sqrt(stop))
            if last - first > 0.9 * (stop - start):
                return first, last - first
        return count_real(scenario, self.rng, plan.warm_up_s, plan.window_end_s)

    def run(self) -> Run:
        plan = self.plan
        self._send_until(plan.warm_up_s)
        start = self._counters()
        self._send_until(plan.window_end_s)
        stop = self._counters()
        self._send_until(plan.sending_s)
        self._drain()
        k.finish(self.state)
        self._keep_log(self.state)
        self._report(1.0)
        return self._result(start, stop)

    # -- moving on ------------------------------------------------------------------------

    def _send_until(self, until: float) -> None:
        """Traffic and network up to a time."""
        while True:
            count = fill(self.traffic, self.rng, until, self.chunk)
            is_full = count == len(self.chunk.times)
            reached = float(self.chunk.times[count - 1]) if is_full else until
            self._advance(self.chunk, count, reached)
            if not is_full:
                return

    def _drain(self) -> None:
        """After the sending: empty the network, or keep it fed until no target is live.

        Batch mixes need new packets to push out the old; delays empty by themselves.
        """
        plan = self.plan
        if not plan.is_batch:
            self._advance(self.none, 0, math.inf)
            return
        step = max(plan.journey_s, plan.sending_s / 100.0)
        end = plan.sending_s + TAIL_JOURNEYS * plan.journey_s
        now = plan.sending_s
        while now < end and self.state.ints[k.LIVE] > 0:
            now = min(now + step, end)
            self._send_until(now)
            k.retire_below(self.state, self.state.reals[k.RETIRE_BELOW])

    def _advance(self, chunk: Chunk, count: int, until: float) -> None:
        plan = self.plan
        self.state = advance(
            self.state,
            chunk,
            count,
            until,
            sink=self._keep_log,
            memory_bytes=plan.memory_bytes,
            is_memoryless=plan.engine == "memoryless",
        )
        if until < math.inf:
            self._report(min(0.99, until / plan.sending_s))

    def _report(self, share: float) -> None:
        if self.progress is not None and self.progress(share) is False:
            raise SimulationError(f"stopped by its progress callback at {100 * share:.0f} %")

    def _keep_log(self, state: State) -> None:
        rows = int(state.ints[k.LOG_N])
        if not self.plan.log or not rows:
            return
        self.pieces.append(logged(state))

    # -- what was found ---------------------------------------------------------------------

    def _counters(self) -> tuple[float, I8, F8, I8, float]:
        k.close_pools(self.state)
        dials = self.traffic.dials
        now = float(self.state.reals[k.NOW])
        dials[k.D_WAIT_AREA] += dials[k.D_WAITING] * (now - dials[k.D_WAIT_SINCE])
        dials[k.D_WAIT_SINCE] = now
        state = self.state
        return (
            now,
            state.mix_ints[:, k.M_ARRIVALS].copy(),
            state.mix_reals[:, k.M_AREA].copy(),
            np.append(state.counts[k.C_CROSSINGS], state.ints[k.REAL_COUNT]),
            float(dials[k.D_WAIT_AREA]),
        )

    def _result(
        self,
        start: tuple[float, I8, F8, I8, float],
        stop: tuple[float, I8, F8, I8, float],
    ) -> Run:
        plan, state, ints, reals = self.plan, self.state, self.state.ints, self.state.reals
        born = state.results[state.results[:, 15] == 1.0]
        seconds = stop[0] - start[0]
        flow = (stop[3] - start[3]).astype(np.float64)
        count = int(ints[k.LATENCY_N])
        mean = reals[k.LATENCY_SUM] / count if count else math.nan
        square = reals[k.LATENCY_SQUARES] / count - mean * mean if count else math.nan
        is_told = born[:, 2] < SHOWN_BELOW
        waited = (stop[4] - start[4]) / flow[4] if flow[4] else 0.0
        with np.errstate(divide="ignore", invalid="ignore"):
            return Run(
                scenario=plan.scenario,
                track=plan.track,
                engine=plan.engine,
                approximation=approximation(plan.scenario),
                warm_up_s=plan.warm_up_s,
                sending_s=plan.sending_s,
                end_s=float(reals[k.NOW]),
                entropy_bits=np.where(is_told, born[:, 0], np.nan),
                min_entropy_bits=np.where(is_told, -np.log2(born[:, 5]), np.nan) + 0.0,
                collision_entropy_bits=np.where(is_told, -np.log2(born[:, 6]), np.nan) + 0.0,
                receiver_entropy_bits=np.where(is_told, born[:, 9], np.nan),
                tracked_sender_entropy_bits=born[:, 11].copy(),
                tracked_sender_min_entropy_bits=-np.log2(born[:, 12]) + 0.0,
                delivered_mass=born[:, 1].copy(),
                left_over_mass=born[:, 2].copy(),
                lost_mass=born[:, 3].copy(),
                absorbed_mass=born[:, 4].copy(),
                target_packets=born[:, 14].astype(np.int64),
                target_sent_s=born[:, 7].copy(),
                target_latency_s=born[:, 13].copy(),
                active_targets_mean=float(
                    ints[k.LIVE_SUM] / max(int(state.counts[k.C_SENT].sum()), 1)
                ),
                latency_s=state.latency_sample[: int(ints[k.SAMPLE_N])].copy(),
                latency_mean_s=float(mean),
                latency_sd_s=math.sqrt(max(square, 0.0)) if count else math.nan,
                latency_count=count,
                latency_bins=state.latency_bins.copy(),
                latency_bin_s=float(reals[k.LATENCY_BIN_S]),
                sender_wait_mean_s=float(waited),
                sent_by_kind=state.counts[k.C_SENT].copy(),
                delivered_by_kind=state.counts[k.C_DONE].copy(),
                dropped_by_cause=state.counts[k.C_DROPPED :].copy(),
                load_per_s=(stop[1] - start[1]) / seconds,
                pool_mean=(stop[2] - start[2]) / seconds,
                drops_by_mix=state.mix_ints[:, k.M_DROPS].copy(),
                crossings_per_s=flow[:4] / seconds,
                events=self._events(),
                _lazy={"duration_s": plan.duration_s, "targets": plan.targets},
            )

    def _events(self) -> Events | None:
        if not self.plan.log:
            return None
        if not self.pieces:
            return Events.empty()
        return Events(
            *(
                np.concatenate([getattr(piece, item.name) for piece in self.pieces])
                for item in fields(Events)
            )
        )
