"""Lesson 6, silence is a signal: its guess, its measured sentences, and two exercises."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np

from workbench.anonymity import (
    Rounds,
    blame,
    chance_interval,
    choose_alarm,
    cover_to_hide,
    draw_loops,
    estimate_friends,
    friends_found,
    intersection,
    sender_found_chance,
    share_interval,
    silent_share,
    simulate_rounds,
    watch_senders,
    watch_wires,
)
from workbench.anonymity.disclosure import measured_background
from workbench.exercises.given import number
from workbench.sphinx import Geometry
from workbench.teaching import Check, Prediction, Question, Text, Wrong, say

PEOPLE = 10
MINUTE_S = 60.0
TRIES = 1000
GUESSED_COVERS = (0.0, 1.0, 5.0)  # packets a minute
FOUND_AT_MOST = 0.6
TOLERANCE = 0.05  # calibrated: docs/calibrate.py
LOOPS = 4000
_LAYERS, _WIDTH = 3, 4
_SEEDS = 10


def found(people: int, cover: float, seconds: float = MINUTE_S, days: int = 1) -> float:
    """Chance that the observer names the right sender when only loops are sent as cover.

    Parameters
    ----------
    people : int
        Senders whom the observer counts, 1 or more; one of them has a message every day.
    cover : float
        Loops that each of them sends, packets a minute, 0 or more.
    seconds : float
        How long the time is in which the message must have been sent, above 0 s.
    days : int
        Days that the observer adds up, 1 or more.

    Returns
    -------
    float
        From 1/people to 1, exact.

    Examples
    --------
    >>> found(10, 0.0), round(found(10, 1.0), 2), round(found(10, 1.0, days=30), 2)
    (1.0, 0.27, 1.0)
    """
    return sender_found_chance(people, cover / 60.0, seconds * days, real_packets=days)


def _measured(cover: float, seed: int = 1) -> int:
    """In how many of a thousand minutes the busiest of ten was the one with a message."""
    return watch_senders(PEOPLE, cover / 60.0, MINUTE_S, trials=TRIES, seed=seed).right


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


# --- the guess ---


def prediction() -> Prediction:
    """How many of ten senders stand out at cover 0, 1 and 5 a minute?"""

    def truth() -> list[str]:
        return [f"{round(PEOPLE * found(PEOPLE, cover), 1):g} of 10" for cover in GUESSED_COVERS]

    def why() -> str:
        seen = [f"{PEOPLE * _measured(cover) / TRIES:.1f}" for cover in GUESSED_COVERS]
        low, high = chance_interval(TRIES, 1.0 / PEOPLE)
        return (
            f"These are exact means; in {TRIES:,} tries just now it was {', '.join(seen)} of 10. "
            f"Blind guessing finds {PEOPLE / PEOPLE:g} of 10, and in 95 of 100 such series between "
            f"{PEOPLE * low:.1f} and {PEOPLE * high:.1f}. One more packet only stands out where "
            "the others are silent. This is for one afternoon."
        )

    return Prediction(
        "06/stand-out",
        "Before anybody sends cover",
        [
            Question(
                f"{who}: how many of ten senders stand out?",
                "number",
                unit="of 10",
                least=0,
                most=PEOPLE,
            )
            for who in (
                "Nobody sends cover",
                "Everybody sends one loop a minute",
                "Everybody sends five loops a minute",
            )
        ],
        truth=truth,
        why=why,
    )


# --- what the lesson says in numbers ---


def explained() -> Text:
    """Cover makes idle and active alike: fewer are silent, and one more does not show."""
    rows = []
    for cover in (0.0, 0.2, 1.0, 5.0, 20.0):
        right = _measured(cover)
        low, high = share_interval(right, TRIES)
        rows.append(
            f"| {cover:g} | {_percent(silent_share(cover / 60.0, MINUTE_S))} "
            f"| {_percent(found(PEOPLE, cover))} "
            f"| {_percent(right / TRIES)} ({_percent(low)} to {_percent(high)}) |"
        )
    low, high = chance_interval(TRIES, 1.0 / PEOPLE)
    return say(
        """
        | loops a minute | idle senders who are silent | sender found, exact | measured just now |
        |---|---|---|---|
        {rows}

        Blind guessing is right in {blind}; in {tries:,} tries that comes out between {low} and
        {high}, 95 times of 100. The brackets in the table say how sure the measurement is, in the
        same way.

        A little cover does most of the work, because the observer needs *silence* around you. The
        rest goes slowly: your message still is one packet more than you would have sent.
        """,
        rows="\n".join(rows),
        blind=_percent(1.0 / PEOPLE),
        tries=TRIES,
        low=_percent(low),
        high=_percent(high),
    )


def every_day() -> Text:
    """Adding up afternoons finds whoever adds packets, and not whoever replaces cover."""
    rows = []
    size = Geometry.nym_regular().packet_bytes
    for days in (1, 5, 20, 60):
        stream = sender_found_chance(PEOPLE, 5.0 / 60.0, MINUTE_S * days, real_packets=0)
        rows.append(
            f"| {days} | {_percent(found(PEOPLE, 5.0, days=days))} "
            f"| {_percent(found(PEOPLE, 20.0, days=days))} | {_percent(stream)} |"
        )
    waits = watch_wires(
        2, ready_s=60.0, length_s=600.0, main_stream_per_s=5.0 / 60.0, days=500, seed=6
    ).waited_s
    return say(
        """
        The same at three, every afternoon, and the observer adds up:

        | days | found, {few} loops a minute | {many} loops a minute | drop cover, {few} slots |
        |---|---|---|---|
        {rows}

        Loops are *added* to your messages, so each day leaves one packet too many at three, and
        the days add up. Drop cover is *replaced* by your messages: a stream has its slots at
        random times, a message that waits takes the next one, and a slot without a message
        carries a packet that the far end throws away. The count stays what it would have been
        anyway, however many days are added up.

        The price of the second is patience: measured just now, a message waited {wait:.0f} s for
        its slot. The price of both is bandwidth: {few} packets a minute are {mb:.0f} MB a day.
        """,
        rows="\n".join(rows),
        few=5,
        many=20,
        wait=float(np.nanmean(waits)),
        mb=5 * 1440 * size / 1e6,
    )


def the_alarm() -> Text:
    """What loops notice, how soon, and how often for nothing."""
    loss, width, per_minute = 0.02, 5, 5.0
    bell = choose_alarm(loss, 1.0 - (1.0 - loss) * (1.0 - 1.0 / width))
    rows = []
    for drops in (1.0, 0.5, 0.2, 0.1):
        missing = 1.0 - (1.0 - loss) * (1.0 - drops / width)
        wait = bell.mean_time_until_s(missing, per_minute / 60.0) / 60.0
        rows.append(f"| {_percent(drops)} | {_percent(missing)} | {wait:,.0f} |")
    false = bell.mean_time_until_s(loss, per_minute / 60.0) / 86400.0
    return say(
        """
        The rule of this alarm: count loops in windows of {window}, and ring when {threshold} or
        more of a window stay away. With {width} mixes a layer, {loss} ordinary loss and
        {rate:g} loops a minute:

        | the node drops | your loops that are missing | minutes until it rings, on average |
        |---|---|---|
        {rows}

        It rings for nothing about once in {false:.0f} days. Nobody can have both at once: an alarm
        that notices a node which drops little must wait longer, or ring for nothing more often.
        The node cannot spare your loops, since to it they look like any other packet.
        """,
        window=bell.window,
        threshold=bell.threshold,
        width=width,
        loss=_percent(loss),
        rate=per_minute,
        rows="\n".join(rows),
        false=false,
    )


def who_receives() -> Text:
    """The failing case: watch the other end for long enough."""
    single = intersection(simulate_rounds(60, friends=1, seed=2))[:5]
    rows = []
    for rounds in (30, 100, 300, 1000):
        shares = np.array([_friends_found(rounds, seed) for seed in range(_SEEDS)]).mean(axis=0)
        rows.append(f"| {rounds:,} | {' | '.join(_percent(share) for share in shares)} |")
    return say(
        """
        Your wire now looks the same at all times. So the observer leaves it and watches who
        *receives*: {people} people, {batch} messages in each round.

        *You connect only on days on which you write.* Then your friend gets something on each
        of them, and others only by chance. Who got something every time so far? Counted just
        now, day by day: {left} left.

        *You connect always, and send cover on all days.* Now that sieve has nothing to sort by,
        and averages only find those who are popular with everybody. But whoever knows what was
        usual before you came can compare. Of three friends of yours, found on average:

        | days watched | you connect only to write | always | always, but the time before is known |
        |---|---|---|---|
        {rows}

        Blind guessing would find {blind}. So cover buys time: whoever watches both ends for long
        enough, and knows enough, still learns whom you write to. This is called **long-term
        intersection**.
        """,
        people=200,
        batch=20,
        left=", ".join(str(int(n)) for n in single[: int(np.argmin(single)) + 1]),
        rows="\n".join(rows),
        blind=_percent(3 / 200),
    )


def _friends_found(rounds: int, seed: int) -> tuple[float, float, float]:
    """Share of three friends found: without cover, with it, and with it but a known before."""

    def watched(participation: float, is_covered: bool) -> Rounds:
        return simulate_rounds(
            rounds, recipients=200, friends=3, batch=20, participation=participation,
            is_covered=is_covered, popularity=1.0, seed=seed,
        )  # fmt: skip

    bare, covered, before = watched(0.5, False), watched(0.5, True), watched(0.0, False)
    return (
        friends_found(estimate_friends(bare), bare.friends),
        friends_found(estimate_friends(covered), covered.friends),
        friends_found(estimate_friends(covered, measured_background(before)), covered.friends),
    )


# --- exercises ---


def _try_cover(answer: Callable[..., object], rng: random.Random) -> str:
    people, days = rng.randint(5, 30), rng.randint(2, 40)
    seconds = float(rng.choice((20, 30, 60, 90, 120)))
    given = number(answer(people, seconds, days), "The cover", may_be_zero=True)
    least = 60.0 * cover_to_hide(FOUND_AT_MOST, people, seconds * days, real_packets=days)
    where = f"{people} people, {seconds:g} s, {days} days: with your {given:.3g} loops a minute"
    reached = found(people, min(given, 2.0 * least), seconds, days)
    if given < least * (1.0 - TOLERANCE):
        raise Wrong(
            f"{where} the observer is right in {_percent(reached)}; "
            f"{_percent(FOUND_AT_MOST)} is the most that is wanted."
        )
    if given > least * (1.0 + TOLERANCE):
        raise Wrong(f"{where} you are hidden well enough, but less cover would do.")
    return f"The last: {where} the observer is right in {_percent(reached)}."


check_cover = Check(
    "06/cover",
    "Return the least loop cover at which the observer is right in at most 60 of 100.",
    _try_cover,
    misconception=(
        "It is tempting to look at one afternoon only. But the observer adds the days up, and "
        "your messages add up with them: what hides one day does not hide twenty. "
        "`found(people, cover, seconds, days)` counts them in."
    ),
    smaller_task=(
        "ten people, a minute, five days. Begin with a cover at which `found` is above 0.6 and "
        "double it until it is below. Where between the two does it change?"
    ),
    explanation=(
        "More cover only ever hides better, so halve the interval in which the answer lies "
        "until it is narrow. (Twice the days take about twice the cover: with loops alone, a "
        "promise for ever has no price.)"
    ),
    solution="""
        def cheapest_cover(people, seconds, days):
            low, high = 0, 1000
            while high - low > 0.001 * high:
                middle = (low + high) / 2
                if found(people, middle, seconds, days) > 0.6:
                    low = middle
                else:
                    high = middle
            return high
    """,
)


def _name(node: int) -> str:
    return f"{'ABC'[node // _WIDTH]}{node % _WIDTH + 1}"


def make_loops(rng: random.Random) -> tuple[list[tuple[list[str], bool]], str]:
    """Loops with their route and whether they came home, and the node that drops some.

    Some nodes are busier than others, as in life: of the loops that the library draws, those
    through quiet nodes are mostly left out, whether they came home or not.
    """
    seed = rng.getrandbits(32)
    dropping = rng.randrange(_LAYERS * _WIDTH)
    routes, came = draw_loops(
        12 * LOOPS,
        layers=_LAYERS,
        width=_WIDTH,
        loss=rng.uniform(0.08, 0.12),
        dropping=dropping,
        drop_share=rng.uniform(0.2, 0.3),
        seed=seed,
    )
    use = np.empty(_LAYERS * _WIDTH)
    for layer in range(_LAYERS):
        first = layer * _WIDTH
        nodes = rng.sample(range(first, first + _WIDTH), _WIDTH)
        if dropping in nodes:  # a quiet one, as every layer has
            nodes = [n for n in nodes if n != dropping] + [dropping]
        use[nodes] = (1.0, 0.5, 0.5, 0.25)
    is_kept = np.random.default_rng(seed).random(came.size) < use[routes].prod(axis=1)
    kept = np.flatnonzero(is_kept)[:LOOPS]
    loops = [([_name(int(n)) for n in routes[i]], bool(came[i])) for i in kept]
    return loops, _name(dropping)


def _try_node(answer: Callable[..., object], rng: random.Random) -> str:
    loops, dropping = make_loops(rng)
    given = answer(loops)
    names = sorted({node for route, _ in loops for node in route})
    if not isinstance(given, str) or given not in names:
        raise Wrong(f"A node such as {names[0]} is expected; your function gave {given!r:.60}.")
    through = [came for route, came in loops if given in route]
    missing = through.count(False)
    words = f"{missing} of {len(through):,} loops through {given} are missing"
    if given != dropping:
        raise Wrong(
            f"You named {given}: {words}, {_percent(missing / len(through))}. Another node loses "
            "a larger share of those that it gets."
        )
    numbers = [[names.index(node) for node in route] for route, _ in loops]
    agreed = names[blame(numbers, [came for _, came in loops]).most_suspect]
    return f"The last: {words}. The library's own count names {agreed}."


check_node = Check(
    "06/node",
    "Return the name of the node that drops packets.",
    _try_node,
    misconception=(
        "It is tempting to take the node with the most missing loops. But a busy node has many "
        "of everything: compare how many are missing with how many were sent through it."
    ),
    smaller_task=(
        "count only the loops sent through each node. Then, beside it, those of them that did "
        "not come home. Which node's second number is largest for its first?"
    ),
    explanation=(
        "A loop that stays away counts against every node on its route, the honest ones too. But "
        "the honest ones get their blame from a few loops, the dropping one from many: the "
        "share of missing loops is largest there."
    ),
    solution="""
        def dropping_node(loops):
            sent, missing = {}, {}
            for route, came_home in loops:
                for node in route:
                    sent[node] = sent.get(node, 0) + 1
                    missing[node] = missing.get(node, 0) + (not came_home)
            return max(sent, key=lambda node: missing[node] / sent[node])
    """,
)

__all__ = [
    "check_cover",
    "check_node",
    "every_day",
    "explained",
    "found",
    "make_loops",
    "prediction",
    "the_alarm",
    "who_receives",
]
