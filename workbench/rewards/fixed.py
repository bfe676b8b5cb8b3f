"""Numbers with 18 decimal places, cut off after every operation.

The network's contract counts in such numbers (CosmWasm's ``Decimal``: an unsigned 128-bit
count of 1e-18). A float would drift from it within a few epochs, and so would
:mod:`decimal` with its rounding to significant digits; hence this small type.
"""

from __future__ import annotations

import decimal
from fractions import Fraction
from typing import TypeAlias, Union

from workbench.errors import RewardError
from workbench.rewards import checks

PLACES = 18
_ONE: int = 10**PLACES
_MOST: int = 2**128 - 1
# Wide enough to hold any 128-bit number and its 18 places without rounding.
_WIDE = decimal.Context(prec=80)


class Fixed:
    """A number of 0 or more with 18 decimal places.

    Sums are exact; products and quotients are cut off after the 18th place. There are no
    negative numbers: a difference below 0 is an error, as it is on the chain. Numbers that
    come in are at most 3.4e20 (128 bits); results may grow beyond, where the contract
    would stop.

    Parameters
    ----------
    value : Fixed, int, float, str or decimal.Decimal
        0 or more. A float stands for its shortest decimal form (``0.1`` is one tenth);
        places after the 18th are cut off.

    Raises
    ------
    RewardError
        If the value is no number, below 0, not finite, or too large.

    Examples
    --------
    >>> Fixed(2) / Fixed(3)
    Fixed('0.666666666666666666')
    >>> Fixed(2) / Fixed(3) * Fixed(3)
    Fixed('1.999999999999999998')
    >>> sum([Fixed("0.5"), Fixed("0.25")]) * 2
    Fixed('1.5')
    """

    __slots__ = ("atomics",)
    atomics: int  # the value times 1e18

    def __init__(self, value: Number) -> None:
        if isinstance(value, Fixed):
            self.atomics = value.atomics
            return
        if isinstance(value, bool):
            raise RewardError(f"expected a number of 0 or more, got {checks.shown(value)}")
        try:
            # str() of a numpy scalar is the plain number; of a float its shortest form.
            exact = decimal.Decimal(value if isinstance(value, int) else str(value))
        except (ArithmeticError, ValueError, TypeError):
            raise RewardError(
                f"expected a number of 0 or more, got {checks.shown(value)}"
            ) from None
        # The bound comes first: 1e999999999 must not be written out in full.
        if not exact.is_finite() or exact < 0 or exact > _MOST // _ONE:
            raise RewardError(
                f"expected a finite number from 0 to 3.4e20, got {checks.shown(value)}"
            )
        self.atomics = int(exact.scaleb(PLACES, _WIDE).to_integral_value(decimal.ROUND_DOWN))

    @classmethod
    def from_atomics(cls, atomics: int) -> Fixed:
        """Make a number from its count of 1e-18."""
        if atomics < 0:
            raise RewardError("a result lies below 0: no amount can be taken from a smaller one")
        made = object.__new__(cls)
        made.atomics = atomics
        return made

    def __add__(self, other: Number) -> Fixed:
        return Fixed.from_atomics(self.atomics + _atomics(other))

    def __sub__(self, other: Number) -> Fixed:
        return Fixed.from_atomics(self.atomics - _atomics(other))

    def __mul__(self, other: Number) -> Fixed:
        return Fixed.from_atomics(self.atomics * _atomics(other) // _ONE)

    def __truediv__(self, other: Number) -> Fixed:
        divisor = _atomics(other)
        if not divisor:
            raise RewardError("cannot divide by 0")
        return Fixed.from_atomics(self.atomics * _ONE // divisor)

    def __rsub__(self, other: Number) -> Fixed:
        return Fixed(other) - self

    def __rtruediv__(self, other: Number) -> Fixed:
        return Fixed(other) / self

    __radd__ = __add__
    __rmul__ = __mul__

    def __eq__(self, other: object) -> bool:
        # Not with floats: 0.1 is one tenth when it becomes an amount, but not when hashed.
        if isinstance(other, Fixed):
            return self.atomics == other.atomics
        if isinstance(other, int):
            return self.atomics == other * _ONE
        return NotImplemented

    def __lt__(self, other: Number) -> bool:
        return self.atomics < _atomics(other)

    def __le__(self, other: Number) -> bool:
        return self.atomics <= _atomics(other)

    def __gt__(self, other: Number) -> bool:
        return self.atomics > _atomics(other)

    def __ge__(self, other: Number) -> bool:
        return self.atomics >= _atomics(other)

    def __hash__(self) -> int:
        return hash(Fraction(self.atomics, _ONE))  # that of an equal int

    def __bool__(self) -> bool:
        return self.atomics != 0

    def __float__(self) -> float:
        return self.atomics / _ONE  # int / int is correctly rounded in Python

    def __int__(self) -> int:
        """Cut all places off, as the contract does before it pays out."""
        return self.atomics // _ONE

    def __str__(self) -> str:
        whole, rest = divmod(self.atomics, _ONE)
        return f"{whole}.{rest:018d}".rstrip("0").rstrip(".")

    def __repr__(self) -> str:
        return f"Fixed('{self}')"


Number: TypeAlias = Union[Fixed, int, float, str, decimal.Decimal]  # noqa: UP007 (named before use)


def _atomics(value: Number) -> int:
    return value.atomics if isinstance(value, Fixed) else Fixed(value).atomics


ZERO = Fixed(0)
ONE = Fixed(1)


def share(name: str, value: Number) -> Fixed:
    """Accept a number in [0, 1]."""
    fixed = number(name, value)
    if fixed > ONE:
        raise RewardError(f"{name} must lie in [0, 1]; it is {fixed}")
    return fixed


def number(name: str, value: Number) -> Fixed:
    """Accept a number of 0 or more, naming it if it is refused."""
    try:
        return Fixed(value)
    except RewardError as wrong:
        raise RewardError(f"{name}: {wrong}") from None


def whole(name: str, value: Number) -> Fixed:
    """Accept a whole amount of 0 or more: stakes move in whole unym."""
    fixed = number(name, value)
    if fixed.atomics % _ONE:
        raise RewardError(f"{name} must be a whole number of unym; it is {fixed}")
    return fixed
