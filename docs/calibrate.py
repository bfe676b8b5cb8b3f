"""Calibrate pass marks over 50 seeds: reference solutions, and answers that should not pass.

    python docs/calibrate.py          # all lessons below
    python docs/calibrate.py 01       # one of them

A section a lesson; lessons 8 and 9 have a script of their own beside their tests. What it
prints is what the pass marks in `workbench/exercises` stand on.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable, Iterable
from functools import partial
from math import log2

from workbench.anonymity import (
    chance_interval,
    cover_to_hide,
    make_flows,
    match_flows,
    poisson_mix_pool_for,
)
from workbench.exercises import lesson_01, lesson_02, lesson_05, lesson_06, lesson_07
from workbench.exercises.lesson_01 import Times
from workbench.teaching import Check

SEEDS = 50


def passes(check: Check, answer: Callable[..., object]) -> int:
    """Of 50 seeds, on how many an answer passes the whole check."""
    return sum(bool(check(answer, seed=seed)) for seed in range(SEEDS))


def spread(values: Iterable[float]) -> str:
    """Mean, least and most of a row of numbers."""
    row = list(values)
    return f"mean {statistics.mean(row):.3f}, from {min(row):.3f} to {max(row):.3f}"


def calibrate_01() -> None:
    """Flows matched right, by system; the pass mark is more than 90 % on onion flows."""
    people, duration = lesson_01.PEOPLE, lesson_01.DURATION_S
    make = partial(make_flows, flows=people, duration_s=duration)
    bare = partial(make, main_stream_per_s=None, loop_cover_per_s=0.0, receiver_cover_per_s=0.0)
    for name, system, flows in (
        ("VPN", "vpn", make),
        ("onion router", "onion", make),
        ("mixnet with cover", "mixnet", make),
        ("mixnet without cover", "mixnet", bare),
    ):
        shares = [match_flows(flows(system, seed=seed)).share_right for seed in range(SEEDS)]
        print(f"  {name}: share right, {spread(shares)}")
    low, high = chance_interval(people, 1 / people)
    print(f"  blind guessing: {1 / people:.3f}, 95 % interval {low:.3f} to {high:.3f}")

    def reference(sent: list[Times], received: list[Times]) -> list[int]:
        likeness = ([lesson_01.alike(p, w) for w in received] for p in sent)
        return [row.index(max(row)) for row in map(list, likeness)]

    def own_number(sent: list[Times], received: list[Times]) -> list[int]:
        return list(range(len(sent)))

    print(f"  the reference passes on {passes(lesson_01.check_match, reference)} of {SEEDS} seeds")
    print(f"  own numbers given back: {passes(lesson_01.check_match, own_number)} of {SEEDS}")


def calibrate_02() -> None:
    """Bits and boxes: right answers always pass, the usual mistakes never do."""
    answers: list[tuple[str, Check, Callable[..., object]]] = [
        ("bits, reference", lesson_02.check_bits, lambda n, a: log2(n - a)),
        ("bits, attackers forgotten", lesson_02.check_bits, lambda n, a: log2(n)),
        ("bits, letters instead", lesson_02.check_bits, lambda n, a: n - a),
        ("box, reference", lesson_02.check_break, _flushes_first),
        ("box, not emptied first", lesson_02.check_break, _fills_at_once),
    ]
    for name, check, answer in answers:
        print(f"  {name}: passes on {passes(check, answer)} of {SEEDS} seeds")


def _flushes_first(box: lesson_02.Box) -> str:
    while not box.put_own():
        pass
    return _fills_at_once(box)


def _fills_at_once(box: lesson_02.Box) -> str:
    if not box.let_target_in():
        while not box.put_own():
            pass
    return next(letter for letter in box.came_out if not box.is_mine(letter))


def calibrate_05() -> None:
    """What can be read off a panel that shows a tenth of a bit passes, and nothing worse."""
    wanted = poisson_mix_pool_for(lesson_05.WANTED_BITS)
    check = lesson_05.check_delay
    for name, off_bits in (
        ("exact", 0.0),
        ("0.05 bits above", 0.05),
        ("0.05 bits below", -0.05),
        ("0.1 bits above", 0.1),
        ("0.1 bits below", -0.1),
    ):
        factor = 2.0**off_bits
        count = passes(check, lambda rate, f=factor: wanted * f / rate)
        print(f"  delay, {name}: passes on {count} of {SEEDS} seeds")
    print(f"  delay, 64 packets inside: {passes(check, lambda rate: 64 / rate)} of {SEEDS}")


def calibrate_06() -> None:
    """The cheapest cover to a twentieth; the node by its share of missing loops, not by many."""

    def scaled(factor: float) -> Callable[..., float]:
        def answer(people: int, seconds: float, days: int) -> float:
            least = cover_to_hide(
                lesson_06.FOUND_AT_MOST, people, seconds * days, real_packets=days
            )
            return 60.0 * least * factor

        return answer

    for name, factor in (
        ("exact", 1.0),
        ("4 % more", 1.04),
        ("4 % less", 0.96),
        ("a tenth more", 1.1),
        ("a tenth less", 0.9),
    ):
        count = passes(lesson_06.check_cover, scaled(factor))
        print(f"  cover, {name}: passes on {count} of {SEEDS} seeds")

    def one_day(people: int, seconds: float, days: int) -> float:
        return 60.0 * cover_to_hide(lesson_06.FOUND_AT_MOST, people, seconds)

    def times_days(people: int, seconds: float, days: int) -> float:
        return days * one_day(people, seconds, days)

    for name, answer in (("of one day", one_day), ("of one day, times the days", times_days)):
        print(f"  cover, {name}: {passes(lesson_06.check_cover, answer)} of {SEEDS}")

    def by(score: Callable[[int, int], float]) -> Callable[..., str]:
        def answer(loops: list[tuple[list[str], bool]]) -> str:
            tally: dict[str, list[int]] = {}
            for route, came_home in loops:
                for node in route:
                    sent, missing = tally.setdefault(node, [0, 0])
                    tally[node] = [sent + 1, missing + (not came_home)]
            return max(tally, key=lambda node: score(*tally[node]))

        return answer

    scores: list[tuple[str, Callable[[int, int], float]]] = [
        ("by share", lambda sent, missing: missing / sent),
        ("by how many are missing", lambda sent, missing: missing),
        ("the least used", lambda sent, missing: -sent),
    ]
    for name, score in scores:
        print(f"  node, {name}: {passes(lesson_06.check_node, by(score))} of {SEEDS}")


def calibrate_07() -> None:
    """The whole rule, rounded down as asked, passes; half a rule does not."""

    def load(rate: float, capacity: float) -> int:
        return max(1, -int(-rate // (lesson_07.LOAD_AT_MOST * capacity)))

    answers: list[tuple[str, Callable[..., int]]] = [
        ("rounded down", lambda r, d, c: max(int(r * d / 5), load(r, c))),
        ("rounded to nearest", lambda r, d, c: max(round(r * d / 5), load(r, c))),
        ("pool alone", lambda r, d, c: max(1, int(r * d / 5))),
        ("load alone", lambda r, d, c: load(r, c)),
        ("a fifth too wide", lambda r, d, c: round(1.2 * max(r * d / 5, load(r, c)))),
    ]
    for name, answer in answers:
        print(f"  width, {name}: passes on {passes(lesson_07.check_width, answer)} of {SEEDS}")


LESSONS = {
    "01": calibrate_01,
    "02": calibrate_02,
    "05": calibrate_05,
    "06": calibrate_06,
    "07": calibrate_07,
}


def main(wanted: list[str]) -> None:
    """Print the section of each lesson asked for, or of all."""
    for number, section in LESSONS.items():
        if not wanted or number in wanted:
            print(f"lesson {number}, {SEEDS} seeds")
            section()


if __name__ == "__main__":
    main(sys.argv[1:])
