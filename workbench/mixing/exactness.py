"""Where the posterior is exact, and what is said where it is not."""

from __future__ import annotations

from workbench.mixing.strategies import coded
from workbench.scenario import Scenario

# Errors of the entropy against enumeration of everything that could have happened, in networks
# of five to seven packets: the largest, and the mean size. tests/mixing/test_enumeration.py
# measures them again and holds them below these figures. Fuller pools are closer.
MEASURED_BITS: dict[str, tuple[float, float]] = {
    "gamma": (0.6, 0.09),
    "uniform": (2.38, 0.31),
    "unseen loss": (0.99, 0.04),
    "free route": (2.33, 0.93),
    "queue": (2.8, 0.43),
    "mix loops": (1.74, 0.13),
}


def approximation(scenario: Scenario) -> str | None:
    """None where a run's posterior is exact, else what is approximated, one clause each."""
    code = coded(scenario.resolved_strategy())
    if not code.is_mixing:
        return None  # nothing is mixed: every packet keeps its own probability
    found = []
    if code.is_weighted:
        found.append(
            (
                scenario.resolved_strategy().name,
                "delays that are not memoryless: held packets weighed by hazard",
            )
        )
    if scenario.topology == "free_route" and scenario.layers > 1:
        found.append(("free route", "free route: hops still to go are not used"))
    if scenario.mix_loss > 0.0:
        found.append(("unseen loss", "loss unseen inside mixes: as if it were seen"))
    if scenario.mix_loops_per_mix_per_s > 0.0:
        found.append(("mix loops", "mix loops born and absorbed inside mixes: Loopix' formula"))
    if scenario.capacity_per_s is not None:
        found.append(
            ("queue", "queues: exact for an observer who knows every processor's speed; for others")
        )
    if not found:
        return None
    clauses = []
    for key, text in found:
        worst, mean = MEASURED_BITS[key]
        clauses.append(f"{text} (off by {mean:.2f} bits on average, {worst:.2f} at worst)")
    return "approximation, errors measured on networks of 5 to 7 packets: " + "; ".join(clauses)
