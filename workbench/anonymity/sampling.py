"""Measure one scenario just well enough: the spread of its targets' entropies, seed by seed.

``planning`` asks these questions many times, so each run is as short as an honest answer allows,
and the same seeds are used for every scenario asked about: differences between scenarios are
then much less noisy than the scenarios themselves.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from workbench.anonymity._checks import choice, number, whole
from workbench.errors import AnonymityError, SimulationError, UnreachableError
from workbench.scenario import Scenario

Progress = Callable[[float], object]

LEAST_TARGETS = 40
# A run sends for 13.5 mean journeys at least (5 to fill, 5 to empty), and for 34 where that is
# cheap: only then is it the same window of the same people for every delay.
_SHORT_JOURNEYS = 5.0
_LONG_JOURNEYS = 34.0
_CHEAP_PACKETS = 100_000.0


@dataclass(frozen=True)
class Wish:
    """The anonymity that is wanted.

    Attributes
    ----------
    median_bits, worst_bits : float or None
        At least so much for the median target, and for the mean of the worst 5 %.
    over : str
        "packets" or "senders" (people).
    """

    median_bits: float | None
    worst_bits: float | None
    over: str

    def __post_init__(self) -> None:
        if self.median_bits is None and self.worst_bits is None:
            raise AnonymityError("expected median_bits, worst_bits or both: what is wanted?")
        for name, value in (("median_bits", self.median_bits), ("worst_bits", self.worst_bits)):
            if value is not None:
                number(name, value, 0.0, 60.0)
        choice("over", self.over, ("packets", "senders"))

    @property
    def most(self) -> float:
        """The larger of the wishes."""
        return max(value for value in (self.median_bits, self.worst_bits) if value is not None)

    def slack(self, sample: Sample) -> float:
        """How many bits the scenario has above the wish; negative where it falls short."""
        both = ((self.median_bits, sample.median_bits), (self.worst_bits, sample.worst_bits))
        return min(has - wanted for wanted, has in both if wanted is not None)

    def check_reachable(self, clients: int) -> None:
        """Refuse wishes over people that no network could grant."""
        if self.over == "senders" and self.most > math.log2(clients):
            raise UnreachableError(
                f"{self.most:g} bits over senders cannot be reached with {clients} clients: "
                f"at most log2({clients}) = {math.log2(clients):.3f}"
            )


@dataclass(frozen=True)
class Sample:
    """What one run showed: median, and mean of the worst 5 %, of its targets."""

    median_bits: float
    worst_bits: float


@dataclass(frozen=True)
class Measured:
    """What several runs of one scenario showed, one a seed.

    Attributes
    ----------
    slacks : tuple of float
        Bits above the wish, a seed each.
    median_bits, worst_bits : float
        Means over the seeds.
    """

    slacks: tuple[float, ...]
    median_bits: float
    worst_bits: float

    @staticmethod
    def together(parts: Sequence[Measured]) -> Measured:
        """Several measurements of one scenario, with different seeds, as one."""
        weights = [len(one.slacks) for one in parts]
        return Measured(
            tuple(slack for one in parts for slack in one.slacks),
            float(np.average([one.median_bits for one in parts], weights=weights)),
            float(np.average([one.worst_bits for one in parts], weights=weights)),
        )

    def moved(self, bits: float) -> Measured:
        """The same with so many bits added to what was measured (not to the slacks)."""
        return Measured(self.slacks, self.median_bits + bits, self.worst_bits + bits)

    @property
    def slack(self) -> float:
        """Mean over the seeds."""
        return float(np.mean(self.slacks))

    @property
    def error_bits(self) -> float:
        """Standard error of that mean; NaN for a single seed."""
        if len(self.slacks) < 2:
            return math.nan
        return float(np.std(self.slacks, ddof=1) / math.sqrt(len(self.slacks)))


@dataclass
class Sampler:
    """Runs scenarios and counts what it cost.

    Attributes
    ----------
    wish : Wish
    targets : int
        Packets followed a run.
    most_packets : int
        A run that would send more is refused.
    progress : callable
        Called before every run with a share done: how many runs there will be is not known,
        so it rises ever more slowly. Returning False stops.
    runs, packets : int
        Spent so far.
    approximation : str or None
        What the last run approximated.
    """

    wish: Wish
    targets: int
    most_packets: int
    progress: Progress | None = None
    runs: int = 0
    packets: int = 0
    approximation: str | None = None

    def __post_init__(self) -> None:
        whole("targets", self.targets, LEAST_TARGETS, 100_000)
        whole("most_packets", self.most_packets, 1000, 1_000_000_000)

    def measure(self, scenario: Scenario, seeds: Iterable[int] = (0,)) -> Measured:
        """Run a scenario with each of the seeds."""
        samples = [self.sample(scenario, seed) for seed in seeds]
        return Measured(
            tuple(self.wish.slack(one) for one in samples),
            float(np.mean([one.median_bits for one in samples])),
            float(np.mean([one.worst_bits for one in samples])),
        )

    def sample(self, scenario: Scenario, seed: int) -> Sample:
        """Run a scenario with one of the seeds; seed 0 is the scenario's own."""
        if (
            self.progress is not None
            and self.progress(1.0 - 1.0 / (1.0 + self.runs / 8.0)) is False
        ):
            raise SimulationError("the plan was stopped by its progress callback")
        from workbench.mixing.run import Spread
        from workbench.mixing.simulate import simulate

        duration = self._duration_s(scenario)
        run = simulate(
            replace(scenario, seed=(scenario.seed + seed) % 2**53),
            duration_s=duration,
            targets=self.targets,
            track="senders" if self.wish.over == "senders" else "packets",
        )
        self.runs += 1
        self.packets += run.sent
        self.approximation = run.approximation
        bits = run.entropy_bits if self.wish.over == "packets" else run.sender_entropy_bits
        spread = Spread.of(bits)
        if spread.count < 0.8 * min(self.targets, max(run.targets, 1)) or not run.targets:
            raise UnreachableError(
                f"only {spread.count} of {run.targets} targets could be judged (the others were "
                "lost or are still in a pool); expected a scenario that delivers packets"
            )
        return Sample(spread.median, spread.worst)

    def _duration_s(self, scenario: Scenario) -> float:
        from workbench.mixing.engine import journey_s

        real = scenario.traffic_per_client_per_s * scenario.clients
        if real <= 0:
            raise AnonymityError("the scenario sends no real packets; expected traffic above 0")
        journey = journey_s(scenario)
        rate = scenario.total_rate_per_s
        rate += scenario.mixes * scenario.mix_loops_per_mix_per_s
        # The targets are chosen from 70 % of this time; three times as many packets to choose
        # from, so that they are not all neighbours.
        enough = 3.0 * self.targets / real / 0.7
        cheap = min(_LONG_JOURNEYS * journey, _CHEAP_PACKETS / rate)
        duration = max(_SHORT_JOURNEYS * journey, enough, cheap, 1e-3)
        packets = rate * (duration + 10.0 * journey)
        if packets > self.most_packets:
            raise UnreachableError(
                f"measuring at a delay of {scenario.delay_s:.3g} s and width {scenario.width} "
                f"needs about {packets:,.0f} packets a run; expected at most "
                f"{self.most_packets:,} (most_packets)"
            )
        return duration
