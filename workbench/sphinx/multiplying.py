"""Many X25519 multiplications in one call that needs no interpreter, so that threads run abreast.

libsodium's own function does the work, as in `primitives.x25519`; only the loop around it is
compiled. One multiplication takes about fifty microseconds, and two threads that hand the
interpreter over so often spend most of what they gain on waiting for each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numba
import numpy as np
from numba.core.types import FunctionType, WrapperAddressProtocol

from workbench.sphinx.primitives import x25519_address

_POINT_BYTES = 32
_ADDRESS = numba.types.uintp
_MULTIPLY = numba.types.int32(_ADDRESS, _ADDRESS, _ADDRESS)  # (product, scalar, point) -> 0 if good


class _Libsodium(WrapperAddressProtocol):
    """`crypto_scalarmult` as numba takes a C function: its address, when it is called."""

    def __wrapper_address__(self) -> int:
        return x25519_address()

    def signature(self) -> Any:
        return _MULTIPLY


_libsodium = _Libsodium()


@numba.njit(
    numba.types.void(FunctionType(_MULTIPLY), numba.boolean[::1], _ADDRESS, _ADDRESS, _ADDRESS),
    nogil=True,
    cache=True,
)
def _multiply_all(multiply, good, products, scalars, points):  # type: ignore[no-untyped-def]
    for i in range(good.size):
        at = numba.uintp(i * 32)
        good[i] = multiply(products + at, scalars + at, points + at) == 0


def multiply(scalars: Sequence[bytes], points: Sequence[bytes]) -> list[bytes | None]:
    """Each scalar (clamped) times its point, 32 bytes each; None where a point has low order."""
    count = len(points)
    all_scalars, all_points = (
        np.frombuffer(b"".join(parts), np.uint8) for parts in (scalars, points)
    )
    if all_scalars.size != count * _POINT_BYTES or all_points.size != count * _POINT_BYTES:
        raise ValueError("every scalar and every point must be 32 bytes")
    products, good = np.empty(count * _POINT_BYTES, np.uint8), np.empty(count, np.bool_)
    _multiply_all(
        _libsodium, good, products.ctypes.data, all_scalars.ctypes.data, all_points.ctypes.data
    )
    found = products.tobytes()
    return [
        found[i * _POINT_BYTES : (i + 1) * _POINT_BYTES] if good[i] else None for i in range(count)
    ]
