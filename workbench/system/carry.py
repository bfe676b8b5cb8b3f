"""One epoch's sample of packets, carried by the mixing engine through nodes of their own kind."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from workbench.mixing import engine
from workbench.mixing import kernels as k
from workbench.mixing.frame import MOST_PEOPLE
from workbench.mixing.run import SHOWN_BELOW
from workbench.mixing.state import F8, I8, U8, Chunk, State
from workbench.mixing.strategies import coded
from workbench.mixing.traffic import Traffic, count_real, fill, generator, new_traffic, seeded
from workbench.scenario import Scenario
from workbench.system.setting import MOST_JOURNEY_S

_CHUNK = 1 << 14
_WARM_UP_JOURNEYS = 5.0
_TAIL_JOURNEYS = 60.0
_PROBES_PER_S, _PROBE_DELAY_S = 100.0, 0.01  # far below what fills any queue
_TARGETS = 3  # purpose number of the choice of targets
_LEFT_OVER, _SENDERS, _BORN = 2, 11, 15  # columns of a target's outcome


@dataclass(frozen=True, eq=False)
class Carried:
    """What the engine saw of one epoch's packets.

    Attributes
    ----------
    arrivals, drops : int64 (mixes,)
        Packets that came to each mix, and those of them that it did not pass on: lost
        inside, in a full queue, or on the link behind it. Whole run, drained.
    loads_per_s : float64 (mixes,)
        Arrivals a second at each mix while the sample was sent.
    offered_per_s : float
        Packets a second that the clients sent in that time.
    sent, dropped, delivered : int
        Packets of the whole run.
    entropy_bits, sender_entropy_bits : float64 (targets,)
        Over packets, and over people (empty for too many of them); NaN where lost.
    latencies_s : float64
        Of real packets of the sample, at most 16,384 of them.
    latency_mean_s : float
        Over all of them; NaN without any.
    """

    arrivals: I8
    drops: I8
    loads_per_s: F8
    offered_per_s: float
    sent: int
    dropped: int
    delivered: int
    entropy_bits: F8
    sender_entropy_bits: F8
    latencies_s: F8
    latency_mean_s: float


def carry(
    scenario: Scenario,
    *,
    capacities_per_s: F8 | None,
    losses: F8,
    sample_s: float,
    targets: int,
    index: int,
) -> Carried:
    """Send ``sample_s`` seconds of traffic through a network and drain it.

    Parameters
    ----------
    scenario : Scenario
        Its capacity and loss are replaced by each mix's own.
    capacities_per_s : float64 (mixes,) or None
        Packets a second that each mix can process; None: no limits.
    losses : float64 (mixes,)
        Chance that each mix loses a packet inside, in [0, 1].
    sample_s : float, seconds
        Five mean journeys of warm-up come before it, five of company after it.
    targets : int
        Real packets to follow, drawn uniformly among those of the sample.
    index : int
        Which epoch: with the scenario's seed it decides every draw.
    """
    return _Passage(scenario, capacities_per_s, losses, sample_s, targets, index).run()


class _Passage:
    def __init__(
        self,
        scenario: Scenario,
        capacities_per_s: F8 | None,
        losses: F8,
        sample_s: float,
        targets: int,
        index: int,
    ) -> None:
        self.scenario = scenario
        journey = min(engine.journey_s(scenario), MOST_JOURNEY_S)
        self.journey_s = max(journey, 1e-9)
        self.start_s = _WARM_UP_JOURNEYS * journey
        self.stop_s = self.start_s + sample_s
        self.end_s = self.stop_s + _WARM_UP_JOURNEYS * journey
        self.rng: U8 = seeded(scenario.seed, index)
        people = scenario.clients if targets and scenario.clients <= MOST_PEOPLE else 0
        self.state: State = engine.new_state(
            scenario,
            self.rng,
            target_numbers=self._chosen(targets, index),
            sender_columns=people,
        )
        engine.with_own_settings(self.state, capacities_per_s=capacities_per_s, losses=losses)
        self.state.reals[k.MEASURE_FROM] = self.start_s
        self.state.reals[k.MEASURE_TO] = self.stop_s
        self.traffic: Traffic = new_traffic(scenario, self.rng)
        self.chunk = Chunk.empty(_CHUNK)

    def _chosen(self, targets: int, index: int) -> I8:
        if not targets:
            return np.zeros(0, np.int64)
        before, inside = count_real(self.scenario, self.rng, self.start_s, self.stop_s)
        draws = generator(self.scenario.seed, (index << 4) + _TARGETS)
        picked = draws.choice(inside, min(targets, inside), replace=False, shuffle=False)
        return np.sort(picked.astype(np.int64)) + before

    def run(self) -> Carried:
        self._send_until(self.start_s)
        before = self._counters()
        self._send_until(self.stop_s)
        after = self._counters()
        self._send_until(self.end_s)
        self._drain()
        k.finish(self.state)
        return self._result(after[0] - before[0], after[1] - before[1])

    def _send_until(self, until: float) -> None:
        while True:
            count = fill(self.traffic, self.rng, until, self.chunk)
            is_full = count == len(self.chunk.times)
            reached = float(self.chunk.times[count - 1]) if is_full else until
            self.state = engine.advance(self.state, self.chunk, count, reached)
            if not is_full:
                return

    def _drain(self) -> None:
        """Delays empty by themselves; batch mixes are fed until no target is live."""
        if coded(self.scenario.resolved_strategy()).rule == k.BY_DELAY:
            self.state = engine.advance(self.state, self.chunk, 0, np.inf)
            return
        now, last = self.end_s, self.end_s + _TAIL_JOURNEYS * self.journey_s
        while now < last and self.state.ints[k.LIVE] > 0:
            now = min(now + self.journey_s, last)
            self._send_until(now)
            k.retire_below(self.state, self.state.reals[k.RETIRE_BELOW])

    def _counters(self) -> tuple[I8, int]:
        # Kinds 0 to 2 come from clients; mix loops are the mixes' own.
        sent = int(self.state.counts[k.C_SENT, :3].sum())
        return self.state.mix_ints[:, k.M_ARRIVALS].copy(), sent

    def _result(self, arrivals: I8, offered: int) -> Carried:
        state = self.state
        seconds = self.stop_s - self.start_s
        born = state.results[state.results[:, _BORN] == 1.0]
        is_told = born[:, _LEFT_OVER] < SHOWN_BELOW
        people = int(state.ints[k.SENDERS])
        count = int(state.ints[k.LATENCY_N])
        return Carried(
            arrivals=state.mix_ints[:, k.M_ARRIVALS].copy(),
            drops=state.mix_ints[:, k.M_DROPS].copy(),
            loads_per_s=arrivals / seconds,
            offered_per_s=offered / seconds,
            sent=int(state.counts[k.C_SENT].sum()),
            dropped=int(state.counts[k.C_DROPPED :].sum()),
            delivered=int(state.counts[k.C_DONE].sum()),
            entropy_bits=np.where(is_told, born[:, 0], np.nan),
            sender_entropy_bits=born[:, _SENDERS].copy() if people else np.zeros(0),
            latencies_s=state.latency_sample[: int(state.ints[k.SAMPLE_N])].copy(),
            latency_mean_s=float(state.reals[k.LATENCY_SUM]) / count if count else np.nan,
        )


def probe(scenario: Scenario, *, losses: F8, packets_per_node: int, index: int) -> tuple[I8, I8]:
    """Test packets through nodes that carry no traffic: arrivals and drops by node.

    The same engine carries them: one layer of all these nodes, a sender of test packets in
    front of them. At this rate no queue fills, so what is measured is the loss inside.
    """
    nodes = len(losses)
    if not nodes or not packets_per_node:
        return np.zeros(nodes, np.int64), np.zeros(nodes, np.int64)
    rate = nodes * _PROBES_PER_S
    clients = max(1, math.ceil(rate / 1e4))
    trial = Scenario(
        clients=clients,
        traffic_per_client_per_s=rate / clients,
        layers=1,
        width=nodes,
        delay_s=_PROBE_DELAY_S,
        link_loss=scenario.link_loss,
        seed=scenario.seed,
    )
    seconds = packets_per_node / _PROBES_PER_S
    passage = _Passage(trial, None, losses, seconds, 0, index)
    passage._send_until(passage.stop_s)
    passage._drain()
    return (
        passage.state.mix_ints[:, k.M_ARRIVALS].copy(),
        passage.state.mix_ints[:, k.M_DROPS].copy(),
    )
