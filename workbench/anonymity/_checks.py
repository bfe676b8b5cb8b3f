"""What the public functions of this package accept, said once.

Every check returns the value in the type that the caller computes with, or refuses it
with what was expected.
"""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.errors import AnonymityError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

SUM_TOLERANCE = 1e-6
# Beyond any network; larger numbers are slips that would only overflow later.
_MOST = 1e15
_MANY = 10**12


def shown(value: Any) -> str:
    """Return a short text for an error message, whatever the value is."""
    try:
        text = repr(value)
    except Exception:  # a hostile __repr__, or an integer too long to print
        return f"a {type(value).__name__}"
    return text if len(text) <= 60 else f"{text[:57]}..."


def number(name: str, value: Any, low: float, high: float = _MOST, unit: str = "") -> float:
    """Return ``value`` as a float in [low, high]; both ends belong to the range."""
    if isinstance(value, bool) or not isinstance(value, (Real, np.floating, np.integer)):
        raise AnonymityError(f"{name} must be a number, got {shown(value)}")
    try:
        result = float(value)
    except OverflowError:
        result = math.inf
    if not low <= result <= high:  # also refuses NaN
        said = f"at least {low:g} and finite" if high == _MOST else f"from {low:g} to {high:g}"
        space = f" {unit}" if unit else ""
        raise AnonymityError(f"{name} must be {said}{space}, got {result:g}")
    return result


def positive(name: str, value: Any, unit: str = "") -> float:
    """Return ``value`` as a float above 0."""
    result = number(name, value, 0.0, unit=unit)
    if result < 1e-15:
        raise AnonymityError(f"{name} must be above 0{' ' + unit if unit else ''}, got {result:g}")
    return result


def whole(name: str, value: Any, low: int, high: int = _MANY) -> int:
    """Return ``value`` as an int in low..high."""
    if isinstance(value, bool) or not isinstance(value, (Integral, np.integer)):
        raise AnonymityError(f"{name} must be a whole number, got {shown(value)}")
    result = int(value)
    if not low <= result <= high:
        said = f"at least {low}" if high == _MANY and result < low else f"from {low} to {high}"
        text = str(result) if abs(result) < 10**20 else "a far larger number"
        raise AnonymityError(f"{name} must be {said}, got {text}")
    return result


def choice(name: str, value: Any, allowed: tuple[str, ...]) -> str:
    """Return ``value`` if it is one of ``allowed``."""
    if not isinstance(value, str) or value not in allowed:
        raise AnonymityError(f"{name} must be one of {', '.join(allowed)}; got {shown(value)}")
    return value


def floats(name: str, values: ArrayLike, dimensions: tuple[int, ...] = (1,)) -> FloatArray:
    """Return ``values`` as finite float64 numbers with one of the allowed dimensions."""
    try:
        array = np.asarray(values, dtype=np.float64)
    except Exception:  # whatever a stranger's __float__ raises
        raise AnonymityError(f"{name} must be numbers in a regular array") from None
    if array.ndim not in dimensions:
        said = " or ".join(f"{d}-D" for d in dimensions)
        raise AnonymityError(f"{name} must be {said}, got {array.ndim}-D")
    if not np.isfinite(array).all():
        raise AnonymityError(f"{name} must be finite, but some are not")
    return array


def wholes(
    name: str, values: ArrayLike, low: int, high: int, dimensions: tuple[int, ...] = (1,)
) -> IntArray:
    """Return ``values`` as int64 numbers, each in low..high."""
    array = floats(name, values, dimensions)
    if array.size and (array.min() < low or array.max() > high or (array % 1 != 0).any()):
        raise AnonymityError(f"{name} must be whole numbers from {low} to {high}")
    return array.astype(np.int64)


def distributions(values: ArrayLike) -> FloatArray:
    """Return one distribution (1-D) or one a row (2-D): non-negative, each of sum 1."""
    array = floats("probabilities", values, (1, 2))
    if array.size == 0:
        raise AnonymityError("probabilities must hold at least one outcome, got none")
    if (array < 0).any():
        raise AnonymityError(f"probabilities must not be negative, got {array.min():g}")
    if array.max() > 1.0 + SUM_TOLERANCE:
        raise AnonymityError(f"probabilities must be at most 1, got {array.max():g}")
    sums = array.sum(axis=-1)
    worst = float(np.atleast_1d(sums)[np.argmax(np.abs(np.atleast_1d(sums) - 1.0))])
    if abs(worst - 1.0) > SUM_TOLERANCE:
        raise AnonymityError(
            f"probabilities must sum to 1 within {SUM_TOLERANCE:g}, this sum is {worst:.9g}; "
            "normalise(masses) divides by the sum where little is missing"
        )
    return array


def booleans(name: str, values: ArrayLike) -> NDArray[np.bool_]:
    """Return ``values`` as a 1-D array of True and False."""
    try:
        array = np.asarray(values)
    except (TypeError, ValueError, OverflowError):
        array = np.empty(0)
    if array.ndim != 1 or array.dtype != np.bool_:
        raise AnonymityError(f"{name} must be a 1-D array of True and False")
    return array


def rising_times(name: str, values: ArrayLike) -> FloatArray:
    """Return times in seconds as a sorted 1-D array (sorting them if they are not)."""
    array = floats(name, values)
    return np.sort(array) if array.size > 1 and (np.diff(array) < 0).any() else array


def generator(seed: Any) -> np.random.Generator:
    """Return the random stream of a seed: a non-negative whole number."""
    return np.random.default_rng(whole("seed", seed, 0, 2**63 - 1))
