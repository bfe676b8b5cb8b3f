"""What comes from outside is looked at once, here, before anything is computed."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from workbench.errors import DelayError, NotBytesError, PacketError, RandomSourceError

Bytes = bytes | bytearray | memoryview
RandomBytes = Callable[[int], bytes]

NANOSECONDS = 1_000_000_000
MAX_DELAY_NS = 2**64 - 1


def as_bytes(data: object, what: str) -> bytes:
    """`data` as bytes; a bytearray or memoryview is copied, anything else refused."""
    if type(data) is bytes:
        return data
    if isinstance(data, bytes | bytearray | memoryview):
        try:
            return bytes(data)
        except (ValueError, BufferError):
            raise NotBytesError(f"{what} is a memoryview that was released") from None
    raise NotBytesError(f"{what} must be bytes, got {type(data).__name__}")


def sized_bytes(data: object, what: str, size: int, error: type[PacketError]) -> bytes:
    """`data` as bytes of exactly `size`, or `error`."""
    value = as_bytes(data, what)
    if len(value) != size:
        raise error(f"{what} is {len(value)} bytes; expected {size}")
    return value


def draw(random_bytes: RandomBytes, size: int) -> bytes:
    """`size` bytes from the caller's source, checked."""
    if not callable(random_bytes):
        raise RandomSourceError(
            f"random_bytes must be a function of a size, got {type(random_bytes).__name__}"
        )
    value = random_bytes(size)
    if not isinstance(value, bytes | bytearray) or len(value) != size:
        got = f"{len(value)} bytes" if isinstance(value, bytes | bytearray) else repr(type(value))
        raise RandomSourceError(f"random_bytes({size}) gave {got}; expected {size} bytes")
    return bytes(value)


def delays_ns(delays_s: Sequence[float], hops: int) -> list[int]:
    """Delays in seconds as whole nanoseconds, one a hop."""
    try:
        delays = list(delays_s)
    except TypeError:
        raise DelayError(
            f"delays_s must be a list of {hops} numbers, got {type(delays_s).__name__}"
        ) from None
    if len(delays) != hops:
        raise DelayError(
            f"{len(delays)} delays for {hops} hops; expected one a hop, the last one not sent"
        )
    return [_delay_ns(delay) for delay in delays]


def _delay_ns(delay_s: object) -> int:
    longest = f"expected 0 to {MAX_DELAY_NS / NANOSECONDS:.0f} s"
    if isinstance(delay_s, str | bytes | bytearray | bool) or not hasattr(delay_s, "__float__"):
        raise DelayError(f"a delay must be a number of seconds, got {type(delay_s).__name__}")
    try:
        seconds = float(delay_s)
    except (TypeError, ValueError, OverflowError):
        raise DelayError(f"the delay {delay_s!r} is not a number of seconds; {longest}") from None
    if not math.isfinite(seconds) or seconds < 0:
        raise DelayError(f"the delay {seconds} is out of range; {longest}")
    # Seconds first: a huge number times 1e9 is infinite, which is no whole number.
    if seconds * NANOSECONDS > MAX_DELAY_NS:
        raise DelayError(f"the delay {seconds} s is too long; {longest}")
    return round(seconds * NANOSECONDS)
