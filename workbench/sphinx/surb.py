"""Single-use reply blocks: a header made in advance, so that a stranger can answer.

The maker hands out a block; whoever holds it can send one message back without learning
where it goes.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field

from workbench.errors import PacketLengthError, SurbError, WrongKeyError
from workbench.sphinx import payload
from workbench.sphinx.checks import RandomBytes, as_bytes, delays_ns, sized_bytes
from workbench.sphinx.geometry import (
    ADDRESS_BYTES,
    IDENTIFIER_BYTES,
    MOST_HOPS,
    PAYLOAD_KEY_BYTES,
    PAYLOAD_SEED_BYTES,
    Geometry,
    as_geometry,
)
from workbench.sphinx.keys import HopKeys
from workbench.sphinx.packet import DEFAULT_GEOMETRY, FinalHop, make_header
from workbench.sphinx.primitives import expand_payload_seed, lioness_decrypt
from workbench.sphinx.route import Destination, Hop, as_destination, as_route
from workbench.sphinx.version import Version, as_version


@dataclass(frozen=True, slots=True)
class Surb:
    """A single-use reply block: a header, the first hop, and keys for the payload.

    Use it once: two packets with the same header have the same replay tag.
    """

    header: bytes
    first_hop_address: bytes
    payload_keys: tuple[bytes, ...] = field(repr=False)
    """In route order: 16-byte seeds (259: one a hop; 260: the last hop's) or 192-byte keys."""

    def to_bytes(self) -> bytes:
        """Header, first hop's address, keys: the bytes that Nym's code reads."""
        return b"".join((self.header, self.first_hop_address, *self.payload_keys))

    @classmethod
    def from_bytes(cls, data: bytes, geometry: Geometry = DEFAULT_GEOMETRY) -> Surb:
        """Read a block; seeds and full keys are told apart by their length."""
        geometry = as_geometry(geometry)
        data = as_bytes(data, "reply block")
        keys_start = geometry.header_bytes + ADDRESS_BYTES
        material = data[keys_start:]
        size = PAYLOAD_SEED_BYTES if len(material) < PAYLOAD_KEY_BYTES else PAYLOAD_KEY_BYTES
        count = len(material) // size
        if len(material) % size or not 1 <= count <= geometry.max_hops:
            raise SurbError(
                f"the reply block is {len(data)} bytes; expected {keys_start} and 1 to "
                f"{geometry.max_hops} keys of {PAYLOAD_SEED_BYTES} or {PAYLOAD_KEY_BYTES} bytes"
            )
        keys = tuple(material[i * size : (i + 1) * size] for i in range(count))
        return cls(data[: geometry.header_bytes], data[geometry.header_bytes : keys_start], keys)


@dataclass(frozen=True, slots=True)
class ReplyKeys:
    """What the maker of a reply block keeps, to recognise and read the reply."""

    identifier: bytes
    """16 bytes: the last hop reads them, and they tell which keys to use."""
    version: Version
    seeds: tuple[bytes, ...] = field(repr=False)
    """260: one a hop, in route order. Empty before: the last hop recovers the plaintext."""

    def to_bytes(self) -> bytes:
        """Identifier and seeds, as Nym's code keeps them (version 260)."""
        return b"".join((self.identifier, *self.seeds))

    @classmethod
    def from_bytes(cls, data: bytes) -> ReplyKeys:
        """Read the keys of a version 260 block."""
        data = as_bytes(data, "reply keys")
        count, rest = divmod(len(data) - IDENTIFIER_BYTES, PAYLOAD_SEED_BYTES)
        if rest or not 1 <= count <= MOST_HOPS:
            raise SurbError(
                f"the reply keys are {len(data)} bytes; expected {IDENTIFIER_BYTES} and one or "
                f"more seeds of {PAYLOAD_SEED_BYTES}"
            )
        seeds = tuple(
            data[i : i + PAYLOAD_SEED_BYTES]
            for i in range(IDENTIFIER_BYTES, len(data), PAYLOAD_SEED_BYTES)
        )
        return cls(data[:IDENTIFIER_BYTES], Version.V260, seeds)


@dataclass(frozen=True, slots=True)
class Reply:
    """A packet made with a reply block, and where to hand it in."""

    packet: bytes
    first_hop_address: bytes


def create_surb(
    route: Sequence[Hop],
    destination: Destination,
    delays_s: Sequence[float],
    geometry: Geometry = DEFAULT_GEOMETRY,
    version: Version = Version.V259,
    random_bytes: RandomBytes = os.urandom,
) -> tuple[Surb, ReplyKeys]:
    """Make a reply block whose route ends with its maker.

    Parameters
    ----------
    route, destination, delays_s, geometry, random_bytes
        As for `create_packet`; the destination's identifier tells the reply's keys.
    version : Version
        258: 192 bytes of key a hop. 259: a seed a hop. 260: the last hop's seed only, so
        that who answers cannot recognise the reply on its way; the identifier must not be
        zero then.

    Returns
    -------
    tuple of Surb and ReplyKeys
        The block to hand out, and what to keep.

    Examples
    --------
    >>> from workbench.sphinx import PrivateKey, process
    >>> key = PrivateKey.generate()
    >>> me = Destination(bytes(32), identifier=b"my first reply !")
    >>> surb, keys = create_surb([Hop(bytes(32), key.public)], me, [0], version=Version.V260)
    >>> reply = reply_with(surb, b"hello yourself")
    >>> open_reply(process(reply.packet, key), keys)
    b'hello yourself'
    """
    geometry = as_geometry(geometry)
    hops = as_route(route, geometry)
    destination = as_destination(destination)
    delays = delays_ns(delays_s, len(hops))
    version = as_version(version)
    if version.has_single_seed_surbs and not any(destination.identifier):
        raise SurbError(
            "a version 260 reply block needs an identifier that is not zero: "
            "its maker finds the keys by it"
        )
    front, keys = make_header(geometry, hops, delays, destination, version, random_bytes)
    seeds = tuple(hop.payload_seed for hop in keys) if version.has_single_seed_surbs else ()
    surb = Surb(front, hops[0].address, _handed_out(keys, version))
    return surb, ReplyKeys(destination.identifier, version, seeds)


def _handed_out(keys: Sequence[HopKeys], version: Version) -> tuple[bytes, ...]:
    if not version.has_payload_seeds:
        return tuple(hop.full_payload_key for hop in keys)
    seeds = tuple(hop.payload_seed for hop in keys)
    return seeds[-1:] if version.has_single_seed_surbs else seeds


def reply_with(surb: Surb | bytes, message: bytes, geometry: Geometry = DEFAULT_GEOMETRY) -> Reply:
    """Answer with a reply block: the packet, and the address of its first hop.

    The one who answers learns that address and nothing else about the route. A block is for
    one answer; nothing here remembers that it was used.
    """
    geometry = as_geometry(geometry)
    surb = Surb.from_bytes(surb.to_bytes() if isinstance(surb, Surb) else surb, geometry)
    padded = payload.pad(as_bytes(message, "message"), geometry)
    keys = [
        expand_payload_seed(key) if len(key) == PAYLOAD_SEED_BYTES else key
        for key in reversed(surb.payload_keys)
    ]
    return Reply(surb.header + payload.add_layers(padded, keys), surb.first_hop_address)


def open_reply(
    reply: FinalHop | bytes, keys: ReplyKeys, geometry: Geometry = DEFAULT_GEOMETRY
) -> bytes:
    """Read a reply with the keys that were kept when its block was made.

    Parameters
    ----------
    reply : FinalHop or bytes
        What the last hop's `process` gave, or its ``payload``.
    keys : ReplyKeys
        Those of the same block.
    geometry : Geometry
        The reply's lengths.

    Returns
    -------
    bytes
        The message. It says nothing about who wrote it: anybody who held the block could.

    Raises
    ------
    PacketError
        WrongKeyError for the keys of another block where the identifier shows it;
        BadPaddingError for a reply that was changed or is not for these keys.
    """
    geometry = as_geometry(geometry)
    if not isinstance(keys, ReplyKeys):
        raise WrongKeyError(f"expected ReplyKeys, got {type(keys).__name__}")
    if isinstance(reply, FinalHop):
        if reply.identifier != keys.identifier:
            raise WrongKeyError(
                f"the reply is for identifier {reply.identifier.hex()}; "
                f"these keys are for {keys.identifier.hex()}"
            )
        reply = reply.payload
    sealed = sized_bytes(reply, "reply", geometry.payload_bytes, PacketLengthError)
    if not keys.seeds:
        return payload.unpad(sealed)
    # Every hop took one layer off, the last one too: put them back, last hop first, and what
    # is left is the single layer that the one who answered put on.
    layer_keys = [expand_payload_seed(seed) for seed in keys.seeds]
    resealed = payload.add_layers(sealed, reversed(layer_keys))
    return payload.unpad(lioness_decrypt(layer_keys[-1], resealed))


__all__ = ["Reply", "ReplyKeys", "Surb", "create_surb", "open_reply", "reply_with"]
