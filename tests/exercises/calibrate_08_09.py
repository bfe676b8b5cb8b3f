"""Calibrate the pass marks of lessons 8 and 9 over 50 seeds: run it, read it, write it down.

    python tests/exercises/calibrate_08_09.py

docs/teaching_notes.md holds what it printed, and test_lessons_8_and_9.py a smaller run of it.
"""

from __future__ import annotations

import random
from typing import Any

from workbench.exercises import lesson_08, lesson_09

SEEDS = 50


def placements(seeds: int = SEEDS) -> dict[str, list[float]]:
    """What the reference, careful and careless answers earn, as shares of the best."""
    space: dict[str, Any] = {}
    exec(lesson_08.check_place.solution, space)
    found: dict[str, list[float]] = {"solution": []}
    for seed in range(seeds):
        case = lesson_08.random_case(random.Random(seed))
        best = case.best().pay_unym

        def pay(node: int, tokens: float, case: lesson_08.Case = case) -> float:
            amounts = [0.0] * len(case.nodes)
            amounts[node] = tokens
            return case.pay(amounts) / lesson_08.TOKEN

        answers = {
            "solution": space["place"](pay, len(case.nodes), lesson_08.TOKENS),
            **lesson_08._rules_of_thumb(case),
        }
        for name, amounts in answers.items():
            found.setdefault(name, []).append(case.pay(amounts) / best)
    return found


def rationalities(seeds: int = SEEDS) -> list[tuple[float, float]]:
    """The reference's answers, and the share of operators who lose money there."""
    space: dict[str, Any] = {}
    exec(lesson_09.check_rationality.solution, space)
    found = []
    for seed in range(seeds):
        losing = lesson_09.Losing(random.Random(seed))
        answer = space["threshold"](losing.at)
        found.append((answer, losing.at(answer)))
    return found


def main() -> None:
    """Print the tables."""
    print(f"lesson 8, placing 1,000 tokens, {SEEDS} seeds, share of the best: least, median, most")
    for name, shares in placements().items():
        ordered = sorted(shares)
        passed = sum(share >= 1 - lesson_08.NEAR for share in shares)
        print(
            f"  {name:10} {ordered[0]:.4f} {ordered[len(ordered) // 2]:.4f} {ordered[-1]:.4f}"
            f"   single cases passed: {passed}"
        )
    print(f"lesson 9, rationality and share that loses there, {SEEDS} seeds: least, median, most")
    for column in zip(*rationalities(), strict=True):
        ordered = sorted(column)
        print(f"  {ordered[0]:.3f} {ordered[len(ordered) // 2]:.3f} {ordered[-1]:.3f}")


if __name__ == "__main__":
    main()
