"""Lesson 5, delay buys company: its guess, its measured sentences, and two exercises."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np

from workbench.anonymity import poisson_mix_entropy_bits, poisson_mix_pool_for, pool_packets
from workbench.exercises.given import number
from workbench.scenario import Scenario
from workbench.teaching import Check, Prediction, Question, Text, Wrong, say

RATE_PER_S = 100.0
DELAY_S = 0.5
WANTED_BITS = 6.0
TOLERANCE = 0.05  # calibrated: docs/calibrate.py
_CLIENTS = 200


def one_mix(packets_per_s: float, delay_s: float, **changes: object) -> Scenario:
    """One Poisson mix and 200 people who send so many packets a second together."""
    plain = Scenario(
        clients=_CLIENTS,
        traffic_per_client_per_s=packets_per_s / _CLIENTS,
        layers=1,
        width=1,
        delay_s=delay_s,
    )
    return plain.replace(**changes)


def bits(packets_per_s: float, delay_s: float) -> float:
    """Doubt that one Poisson mix gives a packet, on average: bits.

    Parameters
    ----------
    packets_per_s : float
        Packets that come in a second, 0 or more.
    delay_s : float
        How long each waits on average, 0 s or more.

    Examples
    --------
    >>> round(bits(100.0, 0.5), 2)
    7.09
    """
    return poisson_mix_entropy_bits(pool_packets(packets_per_s, delay_s))


def measured_bits(scenario: Scenario, runs: int = 4) -> float:
    """Mean doubt of the packets of some simulations, each from another seed."""
    import workbench as wb

    length = max(4.0, 20.0 * scenario.delay_s)
    means = [
        wb.simulate(scenario.replace(seed=seed), duration_s=length, targets=200).spread.mean
        for seed in range(runs)
    ]
    return float(np.mean(means))


# --- the guess ---


def prediction() -> Prediction:
    """What does twice the delay do to the doubt?"""
    return Prediction(
        "05/twice",
        "Before you move a slider",
        [
            Question(
                "Each packet now waits half a second. Let it wait twice as long. What happens "
                "to the bits?",
                options=("they double", "one bit more", "nothing"),
            )
        ],
        truth=lambda: [
            f"{bits(RATE_PER_S, 2 * DELAY_S) - bits(RATE_PER_S, DELAY_S):.2f} bits more: from "
            f"{bits(RATE_PER_S, DELAY_S):.1f} to {bits(RATE_PER_S, 2 * DELAY_S):.1f}"
        ],
        why=lambda: (
            "Twice the wait means twice the company. A bit is one yes-or-no question, and twice "
            "the suspects take the observer one more question."
        ),
    )


def explained() -> Text:
    """Rate times delay is company; each doubling of it is a bit."""
    rows = []
    for delay in (DELAY_S / 2, DELAY_S, 2 * DELAY_S, 4 * DELAY_S):
        held = pool_packets(RATE_PER_S, delay)
        rows.append(
            f"| {delay:g} s | {held:g} | {bits(RATE_PER_S, delay):.2f} "
            f"| {measured_bits(one_mix(RATE_PER_S, delay)):.2f} |"
        )
    return say(
        """
        How much company does a packet have? Packets that come in a second, times the seconds
        that each stays: that many are inside on average, the **pool**. Twice the delay is twice
        the pool, and so is twice the traffic.

        At {rate:g} packets a second:

        | delay | packets inside | bits, by the exact formula | bits, measured just now |
        |---|---|---|---|
        {rows}

        The formula is for the average over all packets, so it counts the unlucky ones too. It
        gives more bits than the pool alone would: packets that come *after* yours can also be
        taken for it.
        """,
        rate=RATE_PER_S,
        rows="\n".join(rows),
    )


def more_traffic() -> Text:
    """The same doubt, at a quarter of the delay, when four times as much is sent."""
    before = measured_bits(one_mix(RATE_PER_S, DELAY_S))
    after = measured_bits(one_mix(4 * RATE_PER_S, DELAY_S / 4))
    return say(
        """
        Four times the traffic and a quarter of the delay: the pool stays as it was. Measured
        just now: {before:.1f} bits at {rate:g} packets a second and {delay:g} s,
        {after:.1f} bits at {rate4:g} and {delay4:g} s. The same doubt, four times as fast.
        This is why a network that many people use can be quick *and* private.
        """,
        before=before,
        after=after,
        rate=RATE_PER_S,
        delay=DELAY_S,
        rate4=4 * RATE_PER_S,
        delay4=DELAY_S / 4,
    )


def empty_mix() -> Text:
    """Doubling from thin pools adds less than a bit; fixed delays add nothing at all."""
    rows = []
    for held in (0.1, 0.5, 2.0, 10.0, 50.0):
        gain = poisson_mix_entropy_bits(2 * held) - poisson_mix_entropy_bits(held)
        rows.append(f"| {held:g} | {poisson_mix_entropy_bits(held):.2f} | {gain:+.2f} |")
    fixed = measured_bits(one_mix(RATE_PER_S, DELAY_S, strategy="fixed"))
    return say(
        """
        *Nobody there.* With a thin pool, doubling the delay adds less than a bit:

        | packets inside | bits | twice the delay |
        |---|---|---|
        {rows}

        On a quiet night the mix cannot help you: there is nobody to be mistaken for.

        *No chance in the waiting.* Let every packet wait exactly {delay:g} s. Then whoever came
        first leaves first, and the observer only has to count. Measured just now, with
        {held:g} packets inside: {fixed:.1f} bits. It is the randomness of the wait that hides
        you; the wait alone does not.
        """,
        rows="\n".join(rows),
        delay=DELAY_S,
        held=pool_packets(RATE_PER_S, DELAY_S),
        fixed=abs(fixed),
    )


# --- exercises ---


def _try_trade(answer: Callable[..., object], rng: random.Random) -> str:
    rate = round(10.0 ** rng.uniform(1.3, 2.7), 1)
    delay = round(10.0 ** rng.uniform(-0.7, 0.5), 3)
    later = round(rate * rng.choice((0.25, 0.5, 2.0, 4.0, rng.uniform(0.3, 6.0))), 1)
    given = number(answer(rate, delay, later), "The new delay")
    right = delay * rate / later
    before, after = bits(rate, delay), bits(later, min(given, 3600.0))
    if abs(given / right - 1.0) > 0.01:
        raise Wrong(
            f"From {rate:g} packets/s and {delay:g} s to {later:g} packets/s: with your "
            f"{given:.3g} s the doubt goes from {before:.2f} to {after:.2f} bits; it should stay."
        )
    return f"The last: {delay:g} s at {rate:g} packets/s, {given:.3g} s at {later:g}."


check_trade = Check(
    "05/trade",
    "Return the delay that keeps the bits as they were when the traffic changes.",
    _try_trade,
    misconception=(
        "It is tempting to leave the delay alone: it is the same mix. But the doubt comes from "
        "the company, and company is traffic times delay."
    ),
    smaller_task=(
        "the traffic doubles. How long must each packet stay, so that as many are inside as before?"
    ),
    explanation=(
        "The pool before is rate times delay. The pool after must be the same, so divide it by "
        "the new rate."
    ),
    solution="""
        def same_doubt(rate_before, delay_before, rate_after):
            pool = rate_before * delay_before
            return pool / rate_after
    """,
)


def _try_delay(answer: Callable[..., object], rng: random.Random) -> str:
    rate = round(10.0 ** rng.uniform(0.7, 2.7), 1)
    given = number(answer(rate), "The delay")
    least = poisson_mix_pool_for(WANTED_BITS) / rate
    if given > 3600.0:
        raise Wrong(f"At {rate:g} packets/s your delay is over an hour; far less is enough.")
    reached = bits(rate, given)
    if given < least * (1.0 - TOLERANCE):
        raise Wrong(
            f"At {rate:g} packets/s your {given:.3g} s give {reached:.2f} bits; "
            f"{WANTED_BITS:g} are wanted."
        )
    if given > least * (1.0 + TOLERANCE):
        raise Wrong(
            f"At {rate:g} packets/s your {given:.3g} s give {reached:.2f} bits: enough, but a "
            "shorter delay would do."
        )
    return f"The last: {given:.3g} s at {rate:g} packets/s give {reached:.2f} bits."


check_delay = Check(
    "05/delay",
    "Return the smallest delay that gives six bits at this rate.",
    _try_delay,
    misconception=(
        "Six bits are as much doubt as two to the power of six equal suspects. But the pool need "
        "not be that large: packets that come after yours are suspects, too. Try delays with "
        "`bits(rate, delay)`."
    ),
    smaller_task=(
        "take one rate. Begin with a delay that gives too few bits and double it until there are "
        "too many. Where between the two does it change?"
    ),
    explanation=(
        "Bits only grow with the delay, so halve the interval in which the answer lies until it "
        "is narrow. (Quicker: the pool that gives six bits is the same at every rate, so "
        "one search would do for all of them.)"
    ),
    solution="""
        def smallest_delay(rate):
            low, high = 0.0, 60.0
            while high - low > 0.001 * high:
                middle = (low + high) / 2
                if bits(rate, middle) < 6:
                    low = middle
                else:
                    high = middle
            return high
    """,
)

__all__ = [
    "bits",
    "check_delay",
    "check_trade",
    "empty_mix",
    "explained",
    "measured_bits",
    "more_traffic",
    "one_mix",
    "prediction",
]
