"""The workbench in words and plain data: its knobs, what is expected, what was measured.

Functions of values: the page draws what they return and adds nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from workbench.anonymity import words
from workbench.panels import bench_settings
from workbench.panels.bench_settings import MORE_KNOBS, Settings, stops
from workbench.panels.knob_words import number_text, strategy_text, value_text
from workbench.panels.live_model import Measured
from workbench.scenario import Scenario
from workbench.strategies import STRATEGIES

if TYPE_CHECKING:
    from workbench.mixing.frame import Expected

KIND_NAMES = ("real", "loop cover", "drop cover", "mix loops")


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
            "choices": [[n, strategy_text(n)] for n in STRATEGIES],
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


def summary(scenario: Scenario, expected: Expected | None, status: str) -> str:
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
        parts.append(f"{100 * share:.0f} % of packets are cover" if share > 0 else "no cover")
    if expected.dropped_share >= 0.005:
        parts.append(f"{100 * expected.dropped_share:.0f} % of packets are lost")
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
    pair: dict[str, Scenario], expected: Mapping[Scenario, Expected]
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
