"""Which bytes of a packet mean what: the map that a table or a picture is drawn from."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.sphinx import header
from workbench.sphinx.geometry import (
    LEADING_ZERO_BYTES,
    MAC_BYTES,
    POINT_BYTES,
    STEP_BYTES,
    Geometry,
)


@dataclass(frozen=True, slots=True)
class Field:
    """A run of bytes with one meaning."""

    name: str
    letter: str
    """One letter, for a map that is not read by colour alone."""
    start: int
    stop: int
    meaning: str

    def of(self, data: bytes) -> bytes:
        """This field's bytes in `data`."""
        return data[self.start : self.stop]

    def __len__(self) -> int:
        return self.stop - self.start


def packet_fields(geometry: Geometry) -> tuple[Field, ...]:
    """The four parts of a packet on the wire; without the keys no more can be told apart.

    Examples
    --------
    >>> [(field.letter, field.start, field.stop) for field in packet_fields(Geometry())]
    [('A', 0, 32), ('M', 32, 48), ('R', 48, 348), ('P', 348, 1389)]
    """
    mac_end = POINT_BYTES + MAC_BYTES
    return (
        Field(
            "group element",
            "A",
            0,
            POINT_BYTES,
            "alpha: with the node's private key it gives the shared secret; "
            "replaced by another at each hop",
        ),
        Field(
            "MAC",
            "M",
            POINT_BYTES,
            mac_end,
            "gamma: shows the node that the routing information is as the sender made it; "
            "covers nothing else",
        ),
        Field(
            "routing information",
            "R",
            mac_end,
            geometry.header_bytes,
            "beta: this node's instructions and, encrypted below them, those of all later nodes",
        ),
        Field(
            "payload",
            "P",
            geometry.header_bytes,
            geometry.packet_bytes,
            "the message under one layer of encryption for each node still to come",
        ),
    )


def forward_block_fields(geometry: Geometry) -> tuple[Field, ...]:
    """The opened routing block of a node that is not the last."""
    end = geometry.keystream_bytes
    return (
        *_block_front("1: send the packet on"),
        _field("next address", "N", header.NEXT_ADDRESS, "where to send the packet"),
        _field("delay", "D", header.DELAY, "how long to hold it, in nanoseconds"),
        _field("next MAC", "M", header.NEXT_MAC, "what the next node's routing must agree with"),
        Field(
            "next routing information",
            "R",
            header.NEXT_MAC.stop,
            end - STEP_BYTES,
            "encrypted for the nodes after this one",
        ),
        Field(
            "appended step",
            "0",
            end - STEP_BYTES,
            end,
            f"the {STEP_BYTES} zeros that this node appended, decrypted to noise: they keep "
            "the header's length, and the sender reckoned with them",
        ),
    )


def final_block_fields(geometry: Geometry) -> tuple[Field, ...]:
    """The opened routing block of the last node."""
    end = geometry.keystream_bytes
    return (
        *_block_front("2: this node is the last"),
        _field("destination", "T", header.DESTINATION, "for whom the message is"),
        _field("identifier", "I", header.IDENTIFIER, "a name that the maker of the header chose"),
        Field(
            "padding and filler",
            "X",
            header.FINAL_BLOCK_END,
            end - STEP_BYTES,
            "random padding, then what earlier nodes' steps left: all noise to this node, so "
            "the route's length does not show",
        ),
        Field(
            "appended step",
            "0",
            end - STEP_BYTES,
            end,
            f"the {STEP_BYTES} zeros that this node appended, decrypted to noise; not used",
        ),
    )


def unknown_block_fields(geometry: Geometry) -> tuple[Field, ...]:
    """The opened block of a packet whose flag or version no node knows."""
    rest = Field("not read", "X", header.VERSION.stop, geometry.keystream_bytes, "not read")
    return (*_block_front("neither 1 nor 2, or beside an unknown version"), rest)


def plaintext_fields(geometry: Geometry, message: bytes | None) -> tuple[Field, ...]:
    """The opened payload at the last node; noise where there is no message to read."""
    size = geometry.payload_bytes
    if message is None:
        return (Field("unreadable", "?", 0, size, "no zeros in front: not readable here"),)
    end = LEADING_ZERO_BYTES + len(message)
    fields = (
        Field("zeros", "Z", 0, LEADING_ZERO_BYTES, "still zero, so nobody changed the payload"),
        Field("message", "W", LEADING_ZERO_BYTES, end, "what the sender wrote"),
        Field("end mark", "E", end, end + 1, "01: the message ends before it"),
        Field("fill", "Z", end + 1, size, "zeros up to the one length of all payloads"),
    )
    return tuple(field for field in fields if len(field))


def _block_front(flag_meaning: str) -> tuple[Field, Field]:
    return (
        _field("flag", "F", header.FLAG, flag_meaning),
        _field("version", "V", header.VERSION, "the packet's format"),
    )


def _field(name: str, letter: str, where: slice, meaning: str) -> Field:
    return Field(name, letter, where.start, where.stop, meaning)
