"""Where the posterior is exact, and what is said where it is not."""

from __future__ import annotations

from workbench.mixing.strategies import coded
from workbench.scenario import Scenario

# Largest errors against enumeration of all valid histories on networks of a few packets;
# tests/mixing/test_enumeration.py measures them again and holds them below these figures.
MEASURED_BITS: dict[str, float] = {"age": 9.0, "unseen loss": 9.0, "free route": 9.0}


def approximation(scenario: Scenario) -> str | None:
    """None where a run's posterior is exact, else what is approximated, one clause each."""
    code = coded(scenario.resolved_strategy())
    if not code.is_mixing:
        return None  # nothing is mixed: every packet keeps its own probability
    found = []
    if code.is_weighted:
        found.append(("age", "delays that are not memoryless: held packets weighed by hazard"))
    if scenario.topology == "free_route" and scenario.layers > 1:
        found.append(("free route", "free route: hops still to go are not used"))
    if scenario.mix_loss > 0.0:
        found.append(("unseen loss", "loss unseen inside mixes: each packet lost in part"))
    if scenario.mix_loops_per_mix_per_s > 0.0:
        found.append(("mix loops", "mix loops born and absorbed inside mixes: Loopix' formula"))
    if scenario.capacity_per_s is not None:
        found.append(("queue", "queues: the observer knows each mix's service time and queue"))
    if not found:
        return None
    clauses = []
    for key, text in found:
        error = MEASURED_BITS.get(key)
        clauses.append(text if error is None else f"{text} (up to {error:.2f} bits off, tiny nets)")
    return "approximation: " + "; ".join(clauses)
