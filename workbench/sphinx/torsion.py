"""Points by hand: any number times a point, and the point of order 2. Slow, for lessons only.

What clamping is for shows only when it is left out, and no library lets one leave it out.
"""

from __future__ import annotations

from workbench.errors import WrongKeyError
from workbench.sphinx.checks import sized_bytes
from workbench.sphinx.geometry import POINT_BYTES
from workbench.sphinx.primitives import FIELD_PRIME, GROUP_ORDER

_A24 = 121665  # (486662 - 2) / 4, of RFC 7748's ladder


def blind_unclamped(scalar: bytes, point: bytes) -> bytes:
    """`scalar` mod l times `point`, not clamped: the part of order 2 stays if it is odd."""
    return multiply(int.from_bytes(scalar, "little") % GROUP_ORDER, point)


def multiply(scalar: int, point: bytes) -> bytes:
    """Any number times a u-coordinate, by RFC 7748's ladder in plain Python (slow)."""
    u = _u(point)
    x2, z2, x3, z3 = 1, 0, u, 1
    for bit in reversed(range(scalar.bit_length())):
        swap = scalar >> bit & 1
        if swap:
            x2, z2, x3, z3 = x3, z3, x2, z2
        plus, minus = x2 + z2, x2 - z2
        square_plus, square_minus = plus * plus, minus * minus
        cross, other = (x3 - z3) * plus, (x3 + z3) * minus
        x3, z3 = (cross + other) ** 2 % FIELD_PRIME, u * (cross - other) ** 2 % FIELD_PRIME
        difference = square_plus - square_minus
        x2 = square_plus * square_minus % FIELD_PRIME
        z2 = difference * (square_plus + _A24 * difference) % FIELD_PRIME
        if swap:
            x2, z2, x3, z3 = x3, z3, x2, z2
    return (x2 * pow(z2, -1, FIELD_PRIME) % FIELD_PRIME if z2 else 0).to_bytes(32, "little")


def add_order_two(point: bytes) -> bytes:
    """The point plus (0, 0), the curve's point of order 2: its u-coordinate is 1 / u.

    A clamped scalar is a multiple of 8 and kills the difference: a node derives the same
    secret, and so the same replay tag, from both.
    """
    u = _u(point)
    return (pow(u, -1, FIELD_PRIME) if u else 0).to_bytes(POINT_BYTES, "little")


def _u(point: bytes) -> int:
    """The u-coordinate of 32 bytes, their top bit left out as RFC 7748 says."""
    data = sized_bytes(point, "point", POINT_BYTES, WrongKeyError)
    return int.from_bytes(data, "little") % 2**255 % FIELD_PRIME
