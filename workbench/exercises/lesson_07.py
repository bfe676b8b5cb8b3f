"""Lesson 7, the wide river: its guess, its measured sentences, and two exercises."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence

import numpy as np

from workbench.anonymity import corrupted_stratified_chance, least_width, pool_packets
from workbench.scenario import Scenario
from workbench.teaching import Check, Prediction, Question, Text, Wrong, say

RATE_PER_S = 100.0
DELAY_S = 0.5
LAYERS = 3
FEW, MANY = 10, 50
CAPACITY_PER_S = 50.0
LOAD_AT_MOST = 0.8
PACKETS_AT_LEAST = 5.0
TOLERANCE = 0.05  # calibrated: docs/calibrate.py
_CLIENTS = 100
_HOURS = 24


def river(width: int, packets_per_s: float, delay_s: float, **changes: object) -> Scenario:
    """Three layers of so many Poisson mixes, and 100 people who send so much together."""
    plain = Scenario(
        clients=_CLIENTS,
        traffic_per_client_per_s=packets_per_s / _CLIENTS,
        layers=LAYERS,
        width=width,
        delay_s=delay_s,
    )
    return plain.replace(**changes)


def _measured(scenario: Scenario, runs: int = 4) -> tuple[float, float, float]:
    """Mean bits, worst 5 %, and mean latency in seconds, over runs of different seeds."""
    import workbench as wb

    length = max(4.0, 300.0 / scenario.total_rate_per_s)
    found = [
        wb.simulate(scenario.replace(seed=seed), duration_s=length, targets=200)
        for seed in range(runs)
    ]
    return (
        float(np.mean([run.spread.mean for run in found])),
        float(np.mean([run.spread.worst for run in found])),
        float(np.mean([run.latency_mean_s for run in found])),
    )


# --- the guess ---


def prediction() -> Prediction:
    """Five times the mixes, the same traffic: what happens to the doubt?"""
    measured: list[float] = []

    def truth() -> list[str]:
        measured[:] = [_measured(river(w, RATE_PER_S, DELAY_S))[0] for w in (FEW, MANY)]
        few, many = (round(bits, 1) for bits in measured)  # what `why` shows must add up
        return [f"{abs(many - few):.1f} bits {'more' if many > few else 'less'}"]

    def why() -> str:
        few, many = measured
        return (
            f"Measured just now: {few:.1f} bits with {FEW} mixes a layer, {many:.1f} with {MANY}. "
            "The same packets are spread over more places, and in most of them nobody else is."
        )

    return Prediction(
        "07/wider",
        "Before you widen the river",
        [
            Question(
                f"Now {FEW} mixes work in each layer. The same people send the same traffic, and "
                f"{MANY} mixes a layer take part. What happens to the doubt?",
                options=("several bits more", "about the same", "several bits less"),
            )
        ],
        truth=truth,
        why=why,
    )


def explained() -> Text:
    """Flat while pools are full, then a cliff."""
    rows = []
    for width in (1, 5, FEW, 25, MANY, 100):
        bits, worst, _ = _measured(river(width, RATE_PER_S, DELAY_S))
        held = pool_packets(RATE_PER_S, DELAY_S, mixes=width)
        rows.append(f"| {width} | {held:g} | {bits:.1f} | {worst:.1f} |")
    return say(
        """
        Measured just now, at {rate:g} packets a second and {delay:g} s:

        | mixes a layer | packets in each | bits, mean | bits, worst 5 % |
        |---|---|---|---|
        {rows}

        While each mix holds some packets, its width hardly matters: after a few layers, everything
        has met everything. When a mix holds fewer than about five, packets begin to pass through
        empty rooms. Look at the worst: at the end there are packets that met nobody at all.
        """,
        rate=RATE_PER_S,
        delay=DELAY_S,
        rows="\n".join(rows),
    )


def linear_scaling() -> Text:
    """Ten times the traffic on ten times the mixes, at half the delay: faster and better."""
    width = 5
    before = _measured(river(width, RATE_PER_S, DELAY_S))
    after = _measured(_tenfold(width))
    thin_before = _measured(river(FEW, RATE_PER_S, DELAY_S))[0]
    thin_after = _measured(_tenfold(FEW))[0]
    return say(
        """
        Ten times the people on ten times the mixes, and each mix lets packets go after half the
        time. Measured just now, beginning with {width} mixes a layer: {bits0:.1f} bits in
        {time0:.2f} s before, {bits1:.1f} bits in {time1:.2f} s after. More doubt, less waiting,
        and no mix has more work than it had. So a mix network can grow with its users: that is
        linear scaling.

        Not for nothing: half the delay leaves each mix half as full. Each held {full:g} packets and
        still holds {half:g}. Begin with {few} mixes, and {thin:g} are left:
        {thin0:.1f} bits become {thin1:.1f}.
        """,
        width=width,
        bits0=before[0],
        time0=before[2],
        bits1=after[0],
        time1=after[2],
        full=pool_packets(RATE_PER_S, DELAY_S, mixes=width),
        half=pool_packets(RATE_PER_S, DELAY_S / 2, mixes=width),
        few=FEW,
        thin=pool_packets(RATE_PER_S, DELAY_S / 2, mixes=FEW),
        thin0=thin_before,
        thin1=thin_after,
    )


def _tenfold(width: int) -> Scenario:
    """The river with ten times the people and mixes, and half the delay."""
    return river(
        10 * width,
        RATE_PER_S,
        DELAY_S / 2,
        clients=10 * _CLIENTS,
        traffic_per_client_per_s=RATE_PER_S / _CLIENTS,
    )


def a_day() -> Text:
    """Night and noon with a fixed width, and with a width that follows the traffic."""
    night, noon, fixed = RATE_PER_S / 5, 4 * RATE_PER_S, 40
    rows = []
    for name, rate in (("at night", night), ("at noon", noon)):
        chosen = widest(rate, DELAY_S, CAPACITY_PER_S)
        stiff = _measured(river(fixed, rate, DELAY_S))[0]
        follows = _measured(river(chosen, rate, DELAY_S))[0]
        rows.append(f"| {name} | {rate:g} | {stiff:.1f} | {chosen} | {follows:.1f} |")
    return say(
        """
        | | packets a second | bits, always {fixed} a layer | mixes that the traffic fills | bits |
        |---|---|---|---|---|
        {rows}

        Mixes that the traffic does not fill are kept ready: the **standby set**. Those that work
        are the **active set**. Being on standby is no punishment. It means that someone can step in
        at once when traffic grows, or when a mix fails.
        """,
        fixed=fixed,
        rows="\n".join(rows),
    )


def when_wide_is_safer() -> Text:
    """Narrow rivers fail: bad operators, and overload."""
    import workbench as wb

    bad = 1
    few = corrupted_stratified_chance([bad] * LAYERS, [2] * LAYERS)
    many = corrupted_stratified_chance([bad] * LAYERS, [MANY] * LAYERS)
    narrow = river(1, RATE_PER_S, DELAY_S, capacity_per_s=CAPACITY_PER_S, queue_packets=50)
    run = wb.simulate(narrow, duration_s=10.0, targets=50)
    return say(
        """
        *Bad operators.* Let one mix in each layer tell the attacker everything. With two mixes a
        layer, one packet in {few:.0f} passes only such mixes and has no doubt left. With {many_w} a
        layer it is one in {many:,.0f}. If you fear those who run the mixes, width helps.

        *Too narrow.* One mix a layer can take {capacity:g} packets a second, and {rate:g} come:
        {lost:.0%} of the packets were lost in the run made just now.

        So there is no width that is always best. The traffic says how wide it may be, and
        within that, wider is safer.
        """,
        few=1.0 / few,
        many=1.0 / many,
        many_w=MANY,
        capacity=CAPACITY_PER_S,
        rate=RATE_PER_S,
        lost=run.dropped / run.sent,
    )


# --- exercises ---


def least(packets_per_s: float, delay_s: float, capacity_per_s: float) -> int:
    """Fewest mixes a layer that carry the load."""
    scenario = river(1, packets_per_s, delay_s, capacity_per_s=capacity_per_s)
    return least_width(scenario, LOAD_AT_MOST)


def widest(packets_per_s: float, delay_s: float, capacity_per_s: float) -> int:
    """Most mixes a layer that the traffic fills, but as many as the load needs."""
    filled = math.floor(pool_packets(packets_per_s, delay_s) / PACKETS_AT_LEAST + 1e-9)
    return max(least(packets_per_s, delay_s, capacity_per_s), filled)


def _whole(given: object) -> int:
    if isinstance(given, (bool, str)) or not hasattr(given, "__int__"):
        raise Wrong(f"A whole number of mixes is expected; your function gave {given!r:.60}.")
    try:
        value = float(given)  # type: ignore[arg-type]
    except (OverflowError, TypeError, ValueError):
        raise Wrong("A whole number of mixes is expected.") from None
    if not math.isfinite(value) or value != round(value) or not 1 <= value <= 100_000:
        raise Wrong(f"A whole number of mixes, at least 1, is expected; you gave {value:g}.")
    return int(value)


def _try_pool(answer: Callable[..., object], rng: random.Random) -> str:
    rate = round(10.0 ** rng.uniform(1.0, 3.0), 1)
    delay = round(10.0 ** rng.uniform(-1.5, 0.5), 3)
    width = rng.randint(1, 80)
    given = answer(rate, delay, width)
    try:
        value = float(given)  # type: ignore[arg-type]
    except (OverflowError, TypeError, ValueError):
        raise Wrong(f"A number of packets is expected; you gave {given!r:.60}.") from None
    right = pool_packets(rate, delay, mixes=width)
    if not abs(value / right - 1.0) <= 0.01:
        raise Wrong(
            f"{rate:g} packets/s, {delay:g} s, {width} mixes a layer: each mix holds {right:.3g} "
            f"packets on average; your function says {value:.3g}."
        )
    return f"The last: {right:.3g} packets in each of {width} mixes."


check_pool = Check(
    "07/pool",
    "Return how many packets each mix of a layer holds on average.",
    _try_pool,
    misconception=(
        "It is tempting to divide by all mixes of the network. But every packet passes every "
        "layer, so only the mixes of one layer share the traffic."
    ),
    smaller_task="one mix a layer. How many packets come in while one packet waits?",
    explanation="Packets a second times seconds are inside a layer; its mixes share them evenly.",
    solution="""
        def packets_inside(rate, delay, width):
            return rate * delay / width
    """,
)


def _day(rng: random.Random) -> Sequence[float]:
    """Packets a second in each hour: a quiet night, a busy day, no two alike."""
    noon = 10.0 ** rng.uniform(2.3, 3.3)
    depth = rng.uniform(0.7, 0.97)
    peak = rng.uniform(11.0, 20.0)
    return [
        round(
            noon
            * (1.0 - depth * (0.5 - 0.5 * math.cos(2.0 * math.pi * (hour - peak) / _HOURS)))
            * rng.uniform(0.85, 1.15),
            1,
        )
        for hour in range(_HOURS)
    ]


def _try_width(answer: Callable[..., object], rng: random.Random) -> str:
    delay = round(rng.uniform(0.2, 1.0), 2)
    rates = _day(rng)
    widths: list[int] = []
    # With weak mixes the load decides, with strong ones the pool: one rule alone fails.
    for share in (0.5, 4.0):
        capacity = round(share * PACKETS_AT_LEAST / (LOAD_AT_MOST * delay), 1)
        widths = [_whole(answer(rate, delay, capacity)) for rate in rates]
        for hour, (rate, width) in enumerate(zip(rates, widths, strict=True)):
            _judge(hour, rate, delay, capacity, width)
    hour = rng.randrange(_HOURS)
    bits = _measured(river(widths[hour], rates[hour], delay), runs=1)[0]
    return (
        f"The last day: {min(widths)} to {max(widths)} mixes a layer; at {hour}:00, with "
        f"{rates[hour]:g} packets/s on {widths[hour]}, {bits:.1f} bits were measured."
    )


def _judge(hour: int, rate: float, delay: float, capacity: float, width: int) -> None:
    when = f"At {hour}:00 come {rate:g} packets/s; each waits {delay:g} s; you chose {width}."
    fewest, most = least(rate, delay, capacity), widest(rate, delay, capacity)
    load = rate / width / capacity
    if load > LOAD_AT_MOST * (1.0 + 1e-9):
        raise Wrong(
            f"{when} Each mix can take {capacity:g} packets/s and would be loaded with "
            f"{100 * load:.0f} %; at most {100 * LOAD_AT_MOST:.0f} % is wanted, "
            "or packets wait and get lost."
        )
    held = pool_packets(rate, delay, mixes=width)
    if width > fewest + 1 and held < PACKETS_AT_LEAST * (1.0 - TOLERANCE):
        bits = _measured(river(min(width, 400), rate, delay), runs=1)[0]
        better = _measured(river(min(most, 400), rate, delay), runs=1)[0]
        raise Wrong(
            f"{when} Each mix then holds {held:.2g} packets: too thin. Measured: {bits:.1f} bits, "
            f"and {better:.1f} with {most}."
        )
    if width < most - max(1.0, TOLERANCE * most):
        raise Wrong(
            f"{when} The traffic would fill {most}: the others stand by without need, and fewer "
            "operators share the work."
        )


check_width = Check(
    "07/width",
    "Return the number of active mixes a layer: as many as the traffic fills.",
    _try_width,
    misconception=(
        "It is tempting to take all the mixes there are, or one number for the whole day. But the "
        "traffic decides, both ways: too wide and the pools are empty, too narrow and they flood."
    ),
    smaller_task=(
        "leave the capacity aside. At how many mixes does each still hold five packets? Round "
        "down. Then look when that would be too few for the load."
    ),
    explanation=(
        "Two numbers. The traffic fills rate times delay over five mixes, rounded down. The load "
        "needs rate over four fifths of the capacity, rounded up. If the load needs more, it wins: "
        "a lost packet hides nobody."
    ),
    solution="""
        def choose_width(rate, delay, capacity):
            filled = int(rate * delay / 5)
            needed = -int(-rate // (0.8 * capacity))
            return max(filled, needed, 1)
    """,
    rounds=4,
)

__all__ = [
    "a_day",
    "check_pool",
    "check_width",
    "explained",
    "linear_scaling",
    "prediction",
    "river",
    "when_wide_is_safer",
]
