"""What the running network has shown: the last targets, latencies and rates of its frames.

No widget and no formula lives here: measures come from ``workbench.anonymity`` and
``workbench.mixing``, and this file keeps the last few of them.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from workbench.anonymity import closed_forms
from workbench.panels.knob_words import value_text
from workbench.scenario import Scenario
from workbench.strategies import Poisson

if TYPE_CHECKING:
    from workbench.mixing.frame import Expected, Frame

LAST_TARGETS = 100
LAST_LATENCIES = 3000
RATES_OVER_S = 6.0  # of the eye's time: bandwidth and drops are said over so long
HISTORY_S = 60.0  # of the eye's time: what the entropy picture shows
POINT_EVERY_S = 0.25
THICK_POOL = {1: 20.0, 2: 50.0}  # packets a mix from which the closed form is right to .03 bits


def closed_form_bits(scenario: Scenario) -> float | None:
    """The thick-pool form where it is right to about .03 bits, else None.

    Only for plain Poisson mixes in layers whose pools are thick, with all packets crossing
    every layer and nothing lost, queued or told by corrupted mixes.
    """
    one = scenario
    is_plain = (
        isinstance(one.strategy, Poisson)
        and one.topology == "stratified"
        and one.traffic_pattern == "poisson"
        and one.mix_loops_per_mix_per_s == 0
        and one.capacity_per_s is None
        and one.mix_loss == one.link_loss == 0
        and not one.corrupted()
        and not one.down()
        and one.total_rate_per_s > 0
        and one.delay_s > 0
    )
    if not is_plain:
        return None
    held = closed_forms.pool_packets(one.rate_per_mix_per_s, one.delay_s)
    if held < THICK_POOL.get(one.layers if one.layers < 3 else 1, 20.0):
        return None
    return closed_forms.thick_pool_entropy_bits(
        one.total_rate_per_s, one.delay_s, one.layers, width=one.width
    )


@dataclass(frozen=True)
class Mark:
    """A knob turned: when (of the eye's time), which, and from what to what."""

    at_s: float
    knob: str
    text: str
    before: Any


class Measured:
    """What the running network has shown so far: the last targets, latencies and rates.

    Times called ``watched_s`` are of the eye: seconds that a person has watched it play.
    """

    def __init__(self) -> None:
        self.watched_s = 0.0
        self.clock_s = 0.0
        self.marks: deque[Mark] = deque(maxlen=8)
        self.changed_at_s = -math.inf  # network time of the last change
        self.frame: Frame | None = None
        self._targets: deque[tuple[float, float, bool, float]] = deque(maxlen=LAST_TARGETS)
        self._finished = 0
        self._latencies: deque[float] = deque(maxlen=LAST_LATENCIES)
        self._rates: deque[tuple[float, float, tuple[NDArray[Any], ...]]] = deque()
        self._points: deque[tuple[float, float, float, float, float]] = deque()

    # What comes in.

    def take(self, frame: Frame, eye_s: float) -> None:
        """One frame of the network, shown for so many seconds."""
        self.frame, self.clock_s = frame, frame.time_s
        self.watched_s += eye_s
        for bits, people, is_exact, sent_s in zip(
            frame.entropy_bits.tolist(),
            frame.sender_entropy_bits.tolist(),
            frame.is_exact.tolist(),
            frame.target_sent_s.tolist(),
            strict=True,
        ):
            if not math.isnan(bits):
                self._targets.append((bits, people, bool(is_exact), sent_s))
                self._finished += 1
        self._latencies.extend(frame.latency_s[-LAST_LATENCIES:].tolist())
        drops = frame.dropped_by_cause.sum(axis=0)
        counts = (frame.crossings_by_kind, frame.sent_by_kind, drops)
        self._rates.append((self.watched_s, frame.dt_s, counts))
        while self._rates and self._rates[0][0] < self.watched_s - RATES_OVER_S:
            self._rates.popleft()

    def point(self, expected: Expected | None, closed_form: float | None) -> None:
        """The present state as one more point of the entropy picture."""
        spread = self.spread()
        hoped = math.nan if expected is None else expected.entropy_bits.median
        formula = math.nan if closed_form is None else closed_form
        now = (self.watched_s, spread.median, spread.worst, hoped, formula)
        newest = self._points[-2][0] if len(self._points) > 1 else -math.inf
        if self._points and now[0] - newest < POINT_EVERY_S:
            self._points[-1] = now  # the last point moves until it is far enough from its elder
        else:
            self._points.append(now)
        while self._points and self._points[0][0] < self.watched_s - HISTORY_S - 1:
            self._points.popleft()

    def changed(self, before: Scenario, after: Scenario) -> None:
        """Knobs were turned: remember when, for the marks and for "sent since"."""
        self.changed_at_s = self.clock_s
        names = [n for n in Scenario.knobs() if getattr(before, n) != getattr(after, n)]
        if not names:
            return
        knob = names[0] if len(names) == 1 else "several"
        was = getattr(before, names[0]) if len(names) == 1 else None
        last = self.marks[-1] if self.marks else None
        if last and last.knob == knob != "several" and self.watched_s - last.at_s < 1.5:
            was = last.before  # one drag, one mark
            self.marks.pop()
        text = f"{len(names)} settings changed"
        if len(names) == 1:
            known = Scenario.knobs()[knob]
            text = (
                f"{known.label.lower()} {value_text(known, was)} to "
                f"{value_text(known, getattr(after, knob), True)}"
            )
        self.marks.append(Mark(self.watched_s, knob, text, was))

    # What it amounts to.

    def spread(self) -> Any:
        """Of the entropy of the last finished targets: a ``Spread``."""
        from workbench.mixing.run import Spread

        return Spread.of(np.array([bits for bits, *_ in self._targets], np.float64))

    def people_spread(self) -> Any:
        """The same over people."""
        from workbench.mixing.run import Spread

        return Spread.of(np.array([people for _, people, *_ in self._targets], np.float64))

    @property
    def sent_since_change(self) -> int:
        """How many of the last targets were sent under the present settings."""
        return sum(sent_s >= self.changed_at_s for *_, sent_s in self._targets)

    @property
    def approximate(self) -> int:
        """How many of the last targets' posteriors are approximations."""
        return sum(not is_exact for _, _, is_exact, _ in self._targets)

    @property
    def count(self) -> int:
        """How many targets the measured numbers speak of."""
        return len(self._targets)

    @property
    def targets(self) -> list[tuple[float, float, bool, float]]:
        """The last targets: entropy over packets, over people, exact or not, time sent."""
        return list(self._targets)

    @property
    def latencies_s(self) -> NDArray[np.float64]:
        """Latencies of the last delivered real packets."""
        return np.array(self._latencies, np.float64)

    @property
    def points(self) -> NDArray[np.float64]:
        """The entropy picture: watched_s, median, worst 5 %, expected, closed form; (n, 5)."""
        return np.array(self._points, np.float64).reshape(-1, 5)

    def per_s(self) -> tuple[NDArray[np.float64], ...]:
        """Link crossings, packets sent and packets lost a second of network time, by kind."""
        span = sum(dt for _, dt, _ in self._rates)
        if span <= 0:
            return np.zeros(4), np.zeros(4), np.zeros(4)
        crossed, sent, lost = (
            np.sum([counts[i] for *_, counts in self._rates], axis=0) / span for i in range(3)
        )
        return crossed, sent, lost
