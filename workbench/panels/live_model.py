"""From the running network's frames to plain data: what is measured, expected, said in words.

No widget and no formula lives here: measures come from ``workbench.anonymity`` and
``workbench.mixing``, and this file keeps the last few of them and puts them into words.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from workbench.anonymity import closed_forms, words
from workbench.panels import bench_settings
from workbench.panels.bench_settings import MORE_KNOBS, Settings, number_text, stops
from workbench.scenario import Knob, Scenario
from workbench.strategies import STRATEGIES, Poisson

if TYPE_CHECKING:
    from workbench.mixing.frame import Expected, Frame

LAST_TARGETS = 100
LAST_LATENCIES = 3000
RATES_OVER_S = 6.0  # of the eye's time: bandwidth and drops are said over so long
HISTORY_S = 60.0  # of the eye's time: what the entropy picture shows
POINT_EVERY_S = 0.25
THICK_POOL = {1: 20.0, 2: 50.0}  # packets a mix from which the closed form is right to .03 bits
KIND_NAMES = ("real", "loop cover", "drop cover", "mix loops")
WORDS = {"poisson": "Poisson", "none": "no mixing (sent on at once)"}


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


# -- words and plain data ------------------------------------------------------------------


def value_text(knob: Knob, value: Any, has_unit: bool = False) -> str:
    """A knob's value as it is shown."""
    if value is None:
        return "none"
    if knob.kind == "strategy":
        return WORDS.get(value.name, value.name.replace("_", " "))
    if isinstance(value, tuple):
        return f"{len(value)} named" if knob.kind == "mixes" else "a table"
    if isinstance(value, str):
        return value.replace("_", " ")
    unit = f" {knob.unit}" if has_unit and knob.unit else ""
    return (str(value) if knob.name == "seed" else number_text(value)) + unit


def bits_text(bits: float) -> str:
    """Bits to one place, or a dash where nothing is known."""
    return "–" if math.isnan(bits) else f"{bits:.1f}"


def settings_data(settings: Settings, speed: float) -> dict[str, Any]:
    """The knobs as the page draws them; everything comes from ``Scenario.knobs()``."""
    one = settings.scenario
    knobs = Scenario.knobs()
    shown = (*bench_settings.FIRST_KNOBS, *MORE_KNOBS)
    others = [
        f"{knob.label}: {value_text(knob, getattr(one, name), True)}"
        for name, knob in knobs.items()
        if name not in (*shown, "strategy") and getattr(one, name) != knob.default
    ]
    return {
        "first": [knob_data(one, name) for name in bench_settings.FIRST_KNOBS],
        "more": [knob_data(one, name) for name in MORE_KNOBS],
        "strategy": {
            "name": "strategy",
            "label": "Mixing",
            "value": one.strategy.name,
            "choices": [[n, WORDS.get(n, n.replace("_", " "))] for n in STRATEGIES],
            "hint": one.strategy.meaning,
        },
        "preset": settings.preset,
        "can_undo": bool(settings.past),
        "is_first": settings.is_first,
        "derived": [[label, text] for label, text in one.derived().items()],
        "others": others,
        "speed": speed,
    }


def knob_data(scenario: Scenario, name: str) -> dict[str, Any]:
    """One knob: its stops, its place among them, and its value in words."""
    knob = Scenario.knobs()[name]
    value = getattr(scenario, name)
    found: list[float] = []
    if name in bench_settings.SLIDES:
        found = sorted({*stops(name), float(value)})
    elif name == "corrupt_mixes":
        value = len(scenario.corrupted())
        most = scenario.mixes
        found = [float(n) for n in range(most + 1)] if most <= 30 else []
        if most > 30:
            found = sorted({0.0, *(round(most * s / 30) * 1.0 for s in range(1, 31)), value * 1.0})
    return {
        "name": name,
        "label": knob.label,
        "unit": knob.unit,
        "value": value,
        "text": value_text(knob, value),
        "at": found.index(float(value)) if found else -1,
        "stops": [number_text(stop) for stop in found],
        "values": found,
        "hint": hint(scenario, name),
        "restarts": name in bench_settings.NEEDS_NEW_NETWORK,
    }


def hint(scenario: Scenario, name: str) -> str:
    """One quiet line below a slider: what the value amounts to."""
    one = scenario
    if name == "delay_s":
        return f"on average {number_text(one.layers * one.mean_delay_s())} s a message"
    if name == "cover_per_client_per_s":
        return "loops, added to the real packets"
    if name == "traffic_per_client_per_s":
        real = one.clients * one.traffic_per_client_per_s
        return f"{one.clients:,} users, {number_text(real)} real packets/s"
    if name == "layers":
        return "starts a new network"
    if name == "width":
        return f"{one.mixes:,} mixes in all"
    if name == "corrupt_mixes":
        return f"of {one.mixes:,}, chosen by the seed"
    if name == "seed":
        return "the same people, times, routes"
    return Scenario.knobs()[name].meaning


def expected_data(expected: Expected | None, scenario: Scenario) -> dict[str, Any]:
    """The setting's answer, or that it is being computed."""
    if expected is None:
        return {"is_known": False}
    bits, people = expected.entropy_bits, expected.sender_entropy_bits
    sure = f"mean {bits.mean:.2f} ± {bits.standard_error:.1g}"
    if bits.count < 2:
        sure = "too few packets to say more"
    return {
        "is_known": True,
        "bits": bits_text(bits.median),
        "median_bits": none_if_nan(bits.median),
        "words": in_words(bits.median, people.median, scenario.clients),
        "spread": f"median of {bits.count:,} packets; {_worst(bits)}; {sure}",
        "approximation": expected.approximation or "",
        "latency_s": none_if_nan(expected.latency_median_s),
        "dropped_share": expected.dropped_share,
    }


def _worst(bits: Any) -> str:
    return f"worst 5 %: {bits_text(bits.worst)}".replace(" ", "\N{NO-BREAK SPACE}")


def measured_data(measured: Measured, scenario: Scenario, settling: str | None) -> dict[str, Any]:
    """What packets that have finished showed, with how many and how sure."""
    bits, people = measured.spread(), measured.people_spread()
    if not bits.count:
        return {"count": 0, "bits": "–", "words": "", "note": "no packet has finished yet"}
    since = measured.sent_since_change
    note = "" if since == bits.count else f"{since} of them sent since the last change. "
    doubtful = measured.approximate
    if doubtful:
        why = settling or "see above"
        note += f"{doubtful} of {bits.count} by approximation ({why})."
    else:
        note += "The observer's doubt is exact."
    return {
        "count": bits.count,
        "bits": bits_text(bits.median),
        "median_bits": bits.median,
        "worst_bits": bits.worst,
        "words": in_words(bits.median, people.median, scenario.clients),
        "spread": f"median of the last {bits.count} finished; {_worst(bits)}",
        "note": note,
    }


def in_words(bits: float, people_bits: float, clients: int) -> str:
    """``words.describe`` without the number of bits, which stands above it."""
    if math.isnan(bits):
        return words.describe(bits, None, clients)
    most = math.log2(clients)
    people = None if math.isnan(people_bits) else min(people_bits, most)
    text = words.describe(max(bits, 0.0), people, clients)
    return text.split(": ", 1)[1]


def cost_data(measured: Measured, scenario: Scenario) -> dict[str, Any]:
    """What it costs: waiting, packets sent for one real one, packets lost; and the bars."""
    latencies = measured.latencies_s
    half_s = float(np.median(latencies)) if len(latencies) else math.nan
    crossed, sent, lost = measured.per_s()
    per_real = float(sent.sum() / sent[0]) if sent[0] > 0 else math.nan
    total = float(crossed.sum())
    pools = [] if measured.frame is None else measured.frame.pools
    held = int(np.sum(pools)) if len(pools) else 0
    from workbench.mixing.run import PACKET_BYTES

    lost_share = float(lost.sum() / sent.sum()) if sent.sum() else 0.0
    return {
        "costs": [
            bar("Half arrive within", half_s, "s", 4 * max(scenario.layers * 0.5, 0.1)),
            bar("Packets sent for one real", per_real, "", 10.0),
            bar("Dropped", 100 * min(lost_share, 1.0), "%", 100.0),
        ],
        "bandwidth": [
            {**bar(name, float(rate) * PACKET_BYTES / 1e3, "kB/s", total * PACKET_BYTES / 1e3),
             "kind": kind}
            for kind, (name, rate) in enumerate(zip(KIND_NAMES, crossed, strict=True))
            if rate > 0
        ],
        "pools": pool_bars(pools, scenario),
        "held": f"{held:,} packets held in {scenario.mixes:,} mixes",
    }  # fmt: skip


def bar(label: str, value: float, unit: str, most: float) -> dict[str, Any]:
    """One line of a chart in plain HTML: a label, a number with its unit, a length."""
    share = 0.0 if math.isnan(value) or most <= 0 else min(value / most, 1.0)
    text = "–" if math.isnan(value) else f"{number_text(round(value, 3))} {unit}".strip()
    if not math.isnan(value) and not float(value).is_integer():
        text = f"{value:,.1f} {unit}".strip() if value < 1000 else f"{value:,.0f} {unit}".strip()
        if value < 0.1:
            text = f"{value:.2g} {unit}".strip()
    return {"label": label, "text": text, "share": round(share, 4)}


def pool_bars(pools: Any, scenario: Scenario) -> list[dict[str, Any]]:
    """Packets held, a layer a row: the fullest, the mean and the emptiest mix."""
    if not len(pools):
        return []
    by_layer = np.asarray(pools).reshape(scenario.layers, scenario.width)
    most = float(max(by_layer.max(), 1))
    return [
        {
            "label": f"Layer {layer + 1}",
            "text": f"{row.mean():.0f} a mix, {row.min()} to {row.max()}",
            "share": round(float(row.mean()) / most, 4),
        }
        for layer, row in enumerate(by_layer)
    ]


def summary(measured: Measured, scenario: Scenario, expected: Expected | None, status: str) -> str:
    """The state in one sentence, for a screen reader and for the bar below the network."""
    if expected is None:
        return "Computing what to expect of these settings."
    hidden = in_words(
        expected.entropy_bits.median, expected.sender_entropy_bits.median, scenario.clients
    )
    parts = [f"{bits_text(expected.entropy_bits.median)} bits expected: {hidden}"]
    if not math.isnan(expected.latency_median_s):
        parts.append(f"half arrive within {number_text(round(expected.latency_median_s, 2))} s")
    real = scenario.traffic_per_client_per_s
    main = scenario.main_stream_per_client_per_s
    sent = scenario.sent_per_client_per_s
    real = real if main is None else min(real, main)
    if sent > 0:
        share = 1 - real / sent
        parts.append(f"{share:.0%} of packets are cover" if share > 0 else "no cover")
    if expected.dropped_share >= 0.005:
        parts.append(f"{expected.dropped_share:.0%} of packets are lost")
    corrupted = len(scenario.corrupted())
    if corrupted:
        parts.append(f"{corrupted} of {scenario.mixes} mixes corrupted")
    if status == "paused":
        parts.append("paused")
    return "; ".join(parts) + "."


def none_if_nan(value: float) -> float | None:
    """JSON has no NaN."""
    return None if math.isnan(value) or math.isinf(value) else float(value)


def comparison_data(
    pair: dict[str, Scenario], expected: dict[Scenario, Expected]
) -> dict[str, Any]:
    """Two settings side by side: what differs, two answers, and one chart each on one scale."""
    names = [n for n in Scenario.knobs() if getattr(pair["a"], n) != getattr(pair["b"], n)]
    known = [expected[s] for s in pair.values() if s in expected]
    bits = [e.entropy_of_targets_bits for e in known]
    most = max((float(np.nanmax(b)) for b in bits if (~np.isnan(b)).any()), default=1.0)
    top = max(2.0, math.ceil(most * 1.05))
    sides = {}
    for side, scenario in pair.items():
        found = expected.get(scenario)
        sides[side] = {
            "title": {"a": "A, as it was", "b": "B, as you turn it"}[side],
            "answer": expected_data(found, scenario),
            "differs": [
                [Scenario.knobs()[n].label, value_text(Scenario.knobs()[n],
                                                       getattr(scenario, n), True)]
                for n in names
            ],
            "bins": [] if found is None else shares(found.entropy_of_targets_bits, top),
        }  # fmt: skip
    return {**sides, "top": top, "seed": pair["b"].seed, "same": not names}


def shares(values: NDArray[np.float64], top: float, bins: int = 40) -> list[float]:
    """A histogram from 0 to ``top`` as shares of the fullest bin."""
    known = values[~np.isnan(values)]
    counts, _ = np.histogram(known, bins=bins, range=(0.0, top))
    most = max(int(counts.max()), 1) if len(known) else 1
    return [round(float(c) / most, 4) for c in counts]
