"""Frame: what a live network did in one step, and Expected: what its setting leads to."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from workbench.errors import SimulationError
from workbench.mixing import checks
from workbench.mixing.events import Events
from workbench.mixing.exactness import approximation
from workbench.mixing.run import Spread
from workbench.mixing.simulate import simulate
from workbench.mixing.state import F8, I8
from workbench.scenario import Scenario

MOST_PEOPLE = 2000  # with more clients the sender's entropy is not followed: too many columns
_REAL_PER_TARGET = 2.0
_MOST_PACKETS = 400_000.0
_JOURNEYS = 40.0  # a shorter run has seen the luck of one moment only ...
_MOST_FOR_JOURNEYS = 10_000.0  # ... and is made longer by so many packets at most


@dataclass(frozen=True)
class Expected:
    """What a setting leads to, by a simulation of its own on the same seed.

    It is not what has been measured on the running network: packets under way still carry
    the settings of before.

    Attributes
    ----------
    entropy_bits : Spread
        Over packets: mean with standard error, median, worst 5 %, over ``count`` targets.
    sender_entropy_bits : Spread
        Over people; empty (NaN) for more than ``MOST_PEOPLE`` clients.
    latency_mean_s, latency_median_s : float, seconds
        Of real packets, waiting at the sender not included.
    dropped_share : float, 0 to 1
        Packets lost of all sent.
    approximation : str or None
        As in a Run.
    entropy_of_targets_bits : float64 (targets,)
        What ``entropy_bits`` sums up; NaN for targets that cannot be judged.
    """

    scenario: Scenario
    entropy_bits: Spread
    sender_entropy_bits: Spread
    latency_mean_s: float
    latency_median_s: float
    dropped_share: float
    approximation: str | None
    entropy_of_targets_bits: F8 = field(
        default_factory=lambda: np.zeros(0), compare=False, repr=False
    )


def expect(scenario: Scenario, *, targets: int = 200) -> Expected:
    """Simulate a scenario just long enough to say what it leads to.

    Parameters
    ----------
    scenario : Scenario
    targets : int
        Packets to follow. Fewer are followed where so many real packets would take more than
        some 400,000 packets in all.

    Returns
    -------
    Expected
        A pure function of the arguments.
    """
    if not isinstance(scenario, Scenario):
        raise SimulationError(f"expect needs a Scenario; got a {type(scenario).__name__}")
    targets = int(checks.number("targets", targets, 0, 100_000, whole=True))
    real = scenario.clients * scenario.traffic_per_client_per_s
    main = scenario.main_stream_per_client_per_s
    if main is not None:
        real = min(real, scenario.clients * main)
    rate = scenario.total_rate_per_s + scenario.mixes * scenario.mix_loops_per_mix_per_s
    duration = 1.0
    if rate > 0.0:
        wanted = _REAL_PER_TARGET * targets / real if real > 0.0 else 0.0
        journeys = _JOURNEYS * scenario.layers * scenario.mean_delay_s()
        wanted = max(wanted, min(journeys, _MOST_FOR_JOURNEYS / rate))
        duration = min(max(wanted, 0.1), _MOST_PACKETS / rate, 1e6)
    is_small = scenario.clients <= MOST_PEOPLE
    run = simulate(
        scenario,
        duration_s=duration,
        targets=targets,
        track="senders" if is_small else "packets",
    )
    return Expected(
        scenario=scenario,
        entropy_bits=run.spread,
        sender_entropy_bits=Spread.of(run.tracked_sender_entropy_bits),
        latency_mean_s=run.latency_mean_s,
        latency_median_s=run.latency_quantile_s(0.5) if run.latency_count else math.nan,
        dropped_share=run.dropped / run.sent if run.sent else 0.0,
        approximation=approximation(scenario),
        entropy_of_targets_bits=run.entropy_bits,
    )


@dataclass(frozen=True, eq=False)
class Followed:
    """What the observer believes of one packet at the end of a step.

    Attributes
    ----------
    packet : int
        Its number in the event log.
    sent_s : float
        When it entered the network.
    belief : float64 (mixes,)
        Chance that it is held at each mix; with ``on_links``, ``delivered``, ``lost`` and
        ``elsewhere`` (mixes that were taken out of the network) it adds up to 1.
    place : int or None
        Where it really is: the mix that holds it, None when on a link, or arrived or lost.
    is_under_way : bool
        Whether the packet itself is still in the network.
    is_reported : bool
        True in the last frame that speaks of it: the observer's doubt has all but left the
        network.
    """

    packet: int
    sent_s: float
    belief: F8
    on_links: float
    delivered: float
    lost: float
    elsewhere: float
    place: int | None
    is_under_way: bool
    is_reported: bool


@dataclass(frozen=True, eq=False)
class Frame:
    """One step of a live network: plain data for numbers, plots and pictures.

    Times are the network's, zero where the first step began. Arrays over mixes have
    ``layers * width`` entries, mix ``layer * width + index`` of the scenario of this frame.

    Attributes
    ----------
    entropy_bits, sender_entropy_bits : float64 (reported,)
        Of the targets reported in this step, in the order of their birth: over packets, and
        over people (NaN where the packet was lost or people are not followed). NaN where
        less than half of the target's mass was delivered or too much is still held.
    target_packets : int64 (reported,)
        Their packet numbers.
    target_sent_s : float64 (reported,)
        When they entered the network.
    target_mass : float64 (reported,)
        All of a target's probability, wherever it went: 1 to 1e-9.
    is_exact : bool (reported,)
        False where the posterior is an approximation: by the scenario itself, or because
        the target was under way while the network was settling.
    live_targets : int
        Targets under way.
    settling : str or None
        Why posteriors are approximate until packets of an earlier setting have left.
    pools, loads_per_s, drops : (mixes,)
        Packets held now; packets that arrived a second; packets lost, in this step. A packet
        that was sent to a mix that is down is lost there and never arrives.
    draining : int
        Packets held by mixes that were taken out of the network and still empty themselves.
    sent_by_kind, delivered_by_kind, crossings_by_kind : int64 (4,)
        In this step, by kind of packet (see events.KINDS).
    dropped_by_cause : int64 (4, 4)
        In this step: cause (see run.CAUSES) by kind.
    latency_s : float64
        Real packets delivered in this step, a sample bounded at 16,384.
    latency_mean_s : float
        Over all of them; NaN where there were none.
    in_network : int
        Packets under way.
    events : Events
        Link crossings that began in this step. A mix that was taken out of the network has a
        number of ``layers * width`` or more.
    followed : Followed or None
        The followed packet.
    """

    index: int
    time_s: float
    dt_s: float
    scenario: Scenario
    entropy_bits: F8
    sender_entropy_bits: F8
    target_packets: I8
    target_sent_s: F8
    target_mass: F8
    is_exact: NDArray[np.bool_]
    live_targets: int
    settling: str | None
    pools: I8
    loads_per_s: F8
    drops: I8
    draining: int
    sent_by_kind: I8
    delivered_by_kind: I8
    crossings_by_kind: I8
    dropped_by_cause: I8
    latency_s: F8
    latency_mean_s: float
    in_network: int
    events: Events
    followed: Followed | None
    _expect: Callable[[], Expected] = field(repr=False)

    @property
    def expected(self) -> Expected:
        """What this frame's setting leads to: simulated at the first look, then kept.

        Takes up to some tenths of a second; a panel asks for it in a thread.
        """
        return self._expect()

    @property
    def cover_share(self) -> float:
        """Cover packets of all packets sent in this step; NaN where none were sent."""
        sent = int(self.sent_by_kind.sum())
        return float(self.sent_by_kind[1:].sum()) / sent if sent else math.nan

    @property
    def dropped(self) -> int:
        """Packets lost in this step."""
        return int(self.dropped_by_cause.sum())
