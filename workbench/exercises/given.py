"""What a learner's function gave, read as what was asked for; else it is told in words."""

from __future__ import annotations

import math

from workbench.teaching import Wrong


def number(given: object, name: str, *, may_be_zero: bool = False) -> float:
    """A finite number above 0 (or from 0), or ``Wrong`` with the name and what came instead."""
    try:
        value = float(given)  # type: ignore[arg-type]
    except (OverflowError, TypeError, ValueError):
        raise Wrong(f"{name} should be a number; your function gave {given!r:.60}.") from None
    if not math.isfinite(value) or value < 0.0 or (value == 0.0 and not may_be_zero):
        low = "from 0" if may_be_zero else "above 0"
        raise Wrong(f"{name} should be a number {low}; your function gave {value:g}.")
    return value
