"""The frame around a packet between two nodes of Nym: four bytes that are not encrypted here."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from workbench.errors import FrameError
from workbench.sphinx.checks import Bytes, as_bytes
from workbench.sphinx.geometry import Geometry

FRAME_VERSION = 8
MIX_TYPE = 0
FRAME_HEADER_BYTES = 4

_GEOMETRIES: dict[int, Geometry] = {
    1: Geometry.nym_regular(),
    2: Geometry.nym_ack(),
    3: Geometry.nym_extended(32),
    4: Geometry.nym_extended(8),
    5: Geometry.nym_extended(16),
}
_TAGS = {geometry.packet_bytes: tag for tag, geometry in _GEOMETRIES.items()}
_SIZES = ", ".join(str(size) for size in sorted(_TAGS))


class KeyRotation(enum.IntEnum):
    """Which of a node's two keys the packet was made for."""

    UNKNOWN = 0
    ODD = 1
    EVEN = 2


@dataclass(frozen=True, slots=True)
class Frame:
    """A packet as one node hands it to the next."""

    packet: bytes
    key_rotation: KeyRotation = KeyRotation.UNKNOWN

    @property
    def geometry(self) -> Geometry:
        """The geometry that belongs to the packet's length."""
        return _GEOMETRIES[_tag(self.packet)]


def build_frame(packet: Bytes, key_rotation: KeyRotation | int = KeyRotation.UNKNOWN) -> bytes:
    """Version, size tag, type and key rotation in front of a packet.

    Examples
    --------
    >>> build_frame(bytes(2413), KeyRotation.ODD)[:4].hex()
    '08010001'
    >>> parse_frame(build_frame(bytes(386))).geometry.message_bytes
    21
    """
    data = as_bytes(packet, "packet")
    rotation = _key_rotation(key_rotation)
    return bytes((FRAME_VERSION, _tag(data), MIX_TYPE, rotation)) + data


def parse_frame(frame: Bytes) -> Frame:
    """Read a whole frame; whatever the bytes are, only a `PacketError` leaves."""
    data = as_bytes(frame, "frame")
    if len(data) < FRAME_HEADER_BYTES:
        raise FrameError(f"the frame is {len(data)} bytes; expected {FRAME_HEADER_BYTES} or more")
    version, tag, kind, rotation = data[:FRAME_HEADER_BYTES]
    if version != FRAME_VERSION:
        raise FrameError(f"the frame has version {version}; expected {FRAME_VERSION}")
    if tag not in _GEOMETRIES:
        raise FrameError(f"the frame has size tag {tag}; expected 1 to {max(_GEOMETRIES)}")
    if kind != MIX_TYPE:
        raise FrameError(f"the frame has type {kind}; expected {MIX_TYPE}")
    packet = data[FRAME_HEADER_BYTES:]
    expected = _GEOMETRIES[tag].packet_bytes
    if len(packet) != expected:
        raise FrameError(
            f"the frame holds {len(packet)} bytes; expected {expected} for size tag {tag}"
        )
    return Frame(packet, _key_rotation(rotation))


def _tag(packet: bytes) -> int:
    tag = _TAGS.get(len(packet))
    if tag is None:
        raise FrameError(f"a packet of {len(packet)} bytes has no frame; expected one of {_SIZES}")
    return tag


def _key_rotation(value: object) -> KeyRotation:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 2:
        return KeyRotation(value)
    raise FrameError(f"the key rotation is {value!r}; expected 0 (unknown), 1 (odd) or 2 (even)")
