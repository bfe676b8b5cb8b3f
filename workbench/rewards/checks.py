"""What the reward formulas accept: each check returns clean floats or says what was expected."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.errors import RewardError

Floats: TypeAlias = NDArray[np.float64]


def shown(value: object) -> str:
    """Show a refused value in a message, in brief whatever it is."""
    try:
        text = repr(value)
    except Exception:  # a repr can fail, as that of an int of more than 4300 digits does
        return f"a {type(value).__name__}"
    return text if len(text) <= 60 else text[:57] + "..."


def numbers(name: str, value: ArrayLike) -> Floats:
    """Turn a number or an array of numbers into finite float64 values."""
    try:
        array = np.asarray(value)
        if array.dtype.kind not in "biufO":
            raise TypeError
        # A scalar stays an array here; callers unwrap what came in as a scalar.
        floats = np.asarray(array, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise RewardError(f"{name} must be a number or an array of numbers") from None
    if not np.all(np.isfinite(floats)):
        raise RewardError(f"{name} must be finite; it holds NaN or infinity")
    return floats


def not_negative(name: str, value: ArrayLike) -> Floats:
    """Accept finite values of 0 or more."""
    floats = numbers(name, value)
    if np.any(floats < 0):
        raise RewardError(f"{name} must be 0 or more; the smallest is {floats.min():g}")
    return floats


def share(name: str, value: ArrayLike) -> Floats:
    """Accept finite values in [0, 1]."""
    floats = numbers(name, value)
    if np.any((floats < 0) | (floats > 1)):
        raise RewardError(
            f"{name} must lie in [0, 1]; it goes from {floats.min():g} to {floats.max():g}"
        )
    return floats


def positive(name: str, value: Any) -> float:
    """Accept one finite number above 0."""
    floats = numbers(name, value)
    if floats.ndim != 0 or not floats > 0:
        raise RewardError(f"{name} must be one number above 0; it is {shown(value)}")
    return float(floats)


def count(name: str, value: Any, least: int = 0) -> int:
    """Accept one whole number of at least `least`; True and 3.0 are not counts."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise RewardError(
            f"{name} must be a whole number of at least {least}; it is {shown(value)}"
        )
    return int(value)


def together(**arrays: Floats) -> None:
    """Check that the named arrays broadcast against each other."""
    try:
        np.broadcast_shapes(*(array.shape for array in arrays.values()))
    except ValueError:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise RewardError(f"these must have one common length, but are {shapes}") from None
