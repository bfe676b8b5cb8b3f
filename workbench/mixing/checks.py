"""What comes from outside the engine is looked at here, before anything is computed."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from workbench.errors import SimulationError
from workbench.mixing.state import F8
from workbench.strategies import _shown as shown


def number(name: str, value: object, low: float, high: float, whole: bool = False) -> float:
    """A number from ``low`` to ``high``, or a SimulationError that says so."""
    kind = "a whole number" if whole else "a number"
    try:
        if isinstance(value, (bool, str, bytes)):
            raise ValueError
        found = float(value)  # type: ignore[arg-type]
        if whole and found != int(found):
            raise ValueError
    except Exception:  # whatever a stranger's __float__ raises
        raise SimulationError(
            f"{name} must be {kind} from {low:g} to {high:g}; got {shown(value)}"
        ) from None
    if not low <= found <= high:
        raise SimulationError(f"{name} must be from {low:g} to {high:g}; got {found!r}")
    return found


def flag(name: str, value: object) -> bool:
    """True or False, or a SimulationError."""
    if not isinstance(value, (bool, np.bool_)):
        raise SimulationError(f"{name} must be True or False; got {shown(value)}")
    return bool(value)


def one_of(name: str, value: object, choices: tuple[str, ...]) -> str:
    """One of the words, or a SimulationError that lists them."""
    if not isinstance(value, str) or value not in choices:
        raise SimulationError(f"{name} must be one of {', '.join(choices)}; got {shown(value)}")
    return value


def per_mix(name: str, values: ArrayLike | None, mixes: int, low: float, high: float) -> F8 | None:
    """One number for each mix, in range; None stays None."""
    if values is None:
        return None
    try:
        found = np.array(values, np.float64)
    except Exception:  # whatever numpy finds wrong with what a stranger hands over
        found = np.full(0, np.nan)
    if found.shape != (mixes,) or not bool(((found >= low) & (found <= high)).all()):
        raise SimulationError(
            f"{name} must hold one number from {low:g} to {high:g} for each of the "
            f"{mixes} mixes; got {shown(values)}"
        )
    return found
