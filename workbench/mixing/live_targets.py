"""The targets of a live network: chosen by a coin, retired, told in the order of their birth."""

from __future__ import annotations

import math

import numpy as np

from workbench.mixing import engine
from workbench.mixing import kernels as k
from workbench.mixing.state import F8, I8, Chunk, State
from workbench.scenario import Scenario

# Columns of state.results that are read here and in following.py.
SENT, RETIRED, SENDERS, PACKET = 7, 8, 11, 14
_OLDEST_JOURNEYS = 60.0  # a target still held after so long is reported with what is left over
_COMPACT_AT = 4096
_SPARE = 1.3  # births aim above the wanted number of live targets, so that chance stays above


class LiveTargets:
    """Which packets are targets, and when each is told.

    Parameters
    ----------
    wanted : int
        How many to keep under way.
    report_below : float
        Share of a target's mass that may still be in flight when it is told.
    draws : Generator
        Its coins.
    """

    def __init__(self, wanted: int, report_below: float, draws: np.random.Generator) -> None:
        self.wanted = wanted
        self.report_below = report_below
        self._draws = draws
        self._next_report = 0
        self._lifetime_ratio = 1.0  # measured life of a target over the first guess

    def live_packets(self, state: State) -> I8:
        """Numbers of the targets under way, rising."""
        live = state.live_target[: state.ints[k.LIVE]]
        return np.sort(state.results[live, PACKET]).astype(np.int64)

    def choose(
        self, state: State, scenario: Scenario, chunk: Chunk, count: int, take_first: bool
    ) -> tuple[State, int | None]:
        """A coin for each real packet of a chunk: by packet number, so nothing about it decides.

        With ``take_first`` the first of them is a target whatever its coin says; its packet
        number is returned, None when it was not wanted or there is no real packet.
        """
        ints = state.ints
        real = np.flatnonzero(chunk.codes[:count] & 15 == 0)
        if not len(real) or not self.wanted:
            return state, None
        chosen = self._draws.random(len(real)) < self.birth_chance(state, scenario)
        first = int(ints[k.NEXT_PACKET]) + int(real[0]) if take_first else None
        chosen[0] |= take_first
        fresh = np.flatnonzero(chosen) + int(ints[k.REAL_COUNT])
        known = int(ints[k.TARGETS])
        total = known + len(fresh)
        if total > len(state.target_numbers):
            room = max(2 * total, 256)
            numbers = np.zeros(room, np.int64)
            numbers[:known] = state.target_numbers[:known]
            results = np.full((room, state.results.shape[1]), np.nan)
            results[:known] = state.results[:known]
            state = state._replace(target_numbers=numbers, results=results)
        state.target_numbers[known:total] = fresh
        state.results[known:total] = np.nan
        state.results[known:total, 15] = 0.0
        ints[k.TARGETS] = total
        return state, first

    def birth_chance(self, state: State, scenario: Scenario) -> float:
        """The coin: as many births as keep the wanted number under way."""
        real = scenario.clients * scenario.traffic_per_client_per_s
        if scenario.main_stream_per_client_per_s is not None:
            real = min(real, scenario.clients * scenario.main_stream_per_client_per_s)
        if int(state.ints[k.LIVE]) >= 4 * self.wanted or real <= 0.0:
            return 0.0  # stuck targets (a pool that hardly moves) must not pile up
        life = self._guessed_life_s(scenario) * self._lifetime_ratio
        return min(1.0, _SPARE * self.wanted / max(real * life, 1e-12))

    def _guessed_life_s(self, scenario: Scenario) -> float:
        """Time until all but ``report_below`` of a target's mass has left, roughly.

        An Erlang tail: each mix adds a mean delay, and the tail a logarithm of them.
        """
        layers = scenario.layers
        delay = max(scenario.mean_delay_s(), 1e-4)
        tail = -math.log(self.report_below)
        steps = layers + tail + math.sqrt(2.0 * layers * tail)
        return steps * delay + engine.journey_s(scenario) - layers * delay + 1e-6

    def retire(self, state: State, scenario: Scenario) -> None:
        """Close the accounts of all whose mass has all but left, or that are too old."""
        if not state.ints[k.LIVE]:
            return
        longest = _OLDEST_JOURNEYS * max(engine.journey_s(scenario), 1e-3)
        state.reals[k.OLDEST_BIRTH] = state.reals[k.NOW] - longest
        k.retire_below(state, self.report_below)

    def reported(self, state: State, scenario: Scenario) -> F8:
        """Results of the targets that are told now: the next ones by birth, all retired."""
        start, born = self._next_report, int(state.ints[k.NEXT_TARGET])
        retired = ~np.isnan(state.results[start:born, RETIRED])
        ready = len(retired) if retired.all() else int(np.argmin(retired))
        self._next_report = start + ready
        rows = state.results[start : start + ready].copy()
        if ready:
            life = float((rows[:, RETIRED] - rows[:, SENT]).mean())
            step = life / self._guessed_life_s(scenario) - self._lifetime_ratio
            self._lifetime_ratio += min(0.05 * ready, 0.5) * step
            self._lifetime_ratio = min(max(self._lifetime_ratio, 0.1), 10.0)
        return rows

    def compact(self, state: State) -> None:
        """Forget the targets that were told: memory stays flat however long it runs."""
        gone = self._next_report
        if gone < _COMPACT_AT:
            return
        ints = state.ints
        left = int(ints[k.TARGETS]) - gone
        state.target_numbers[:left] = state.target_numbers[gone : gone + left].copy()
        state.results[:left] = state.results[gone : gone + left].copy()
        state.live_target[: ints[k.LIVE]] -= gone
        targets = state.packets[:, k.P_TARGET]
        targets[targets >= 0] -= gone
        np.maximum(targets, -1, out=targets)
        ints[k.TARGETS] -= gone
        ints[k.NEXT_TARGET] -= gone
        self._next_report = 0
