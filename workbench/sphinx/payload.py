"""The payload: padded to one length, then wrapped in one layer a hop."""

from __future__ import annotations

from collections.abc import Iterable

from workbench.errors import BadPaddingError, MessageTooLongError
from workbench.sphinx.geometry import LEADING_ZERO_BYTES, Geometry
from workbench.sphinx.primitives import lioness_encrypt

_ZEROS = bytes(LEADING_ZERO_BYTES)
_END = b"\x01"


def pad(message: bytes, geometry: Geometry) -> bytes:
    """16 zeros, the message, one 01, zeros: every message gets the same length."""
    if len(message) > geometry.message_bytes:
        raise MessageTooLongError(
            f"the message is {len(message)} bytes; this geometry takes {geometry.message_bytes}"
        )
    return (_ZEROS + message + _END).ljust(geometry.payload_bytes, b"\0")


def unpad(payload: bytes) -> bytes:
    """The message inside an opened payload.

    The zeros in front are the only sign that nobody changed the payload on its way. What
    follows the last 01 is not looked at, as in Nym's own code.
    """
    if not payload.startswith(_ZEROS):
        raise BadPaddingError(
            f"the opened payload begins with {payload[:LEADING_ZERO_BYTES].hex()}; "
            f"expected {LEADING_ZERO_BYTES} zero bytes: it was changed on its way"
        )
    end = payload.rfind(_END, LEADING_ZERO_BYTES)
    if end < 0:
        raise BadPaddingError("no 01 byte marks the end of the message; expected one behind it")
    return payload[LEADING_ZERO_BYTES:end]


def add_layers(payload: bytes, payload_keys: Iterable[bytes]) -> bytes:
    """Wrap a payload once for each key, in the order given."""
    for key in payload_keys:
        payload = lioness_encrypt(key, payload)
    return payload
