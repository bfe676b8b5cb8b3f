"""Make the inspector's packet with the library, break it as asked, follow it node by node.

Everything here is a plain function of values; every verdict comes from ``process``.
"""

from __future__ import annotations

import contextlib
import functools
from dataclasses import dataclass

from workbench.errors import WorkbenchError
from workbench.panels.packet_network import Node, random_bytes_from
from workbench.sphinx import (
    Destination,
    FinalHop,
    Geometry,
    HopTrace,
    ReplayFilter,
    ReplyKeys,
    Version,
    create_packet,
    create_surb,
    open_reply,
    process,
    reply_with,
    trace,
)

RECEIVER = b"the receiver".ljust(32, b"\0")
SENDER = b"you".ljust(32, b"\0")


@dataclass(frozen=True)
class Recipe:
    """All that decides a packet's bytes."""

    is_reply: bool
    message: str
    route: tuple[Node, ...]
    waits_s: tuple[float, ...]
    geometry: Geometry
    version: Version
    seed: int


@dataclass(frozen=True)
class Made:
    """A packet as it leaves its maker; for a reply also the block and what you kept."""

    packet: bytes
    surb: bytes = b""
    reply_keys: ReplyKeys | None = None


@dataclass(frozen=True)
class Break:
    """One thing done to the packet on its way to a hop (0 is the first)."""

    hop: int
    kind: str
    """"flip", "cut" or "replay"."""
    offset: int = 0
    bit: int = 0


@dataclass(frozen=True)
class Stop:
    """A packet at one node: what came in, what `process` said, and the unbroken twin."""

    node: Node
    hop: HopTrace
    intact: HopTrace
    marks: tuple[int, ...]
    """Offsets of the bytes that were flipped on the way to this node."""


@functools.lru_cache(maxsize=16)
def make(recipe: Recipe) -> Made:
    """The packet itself, by the library's ``create_packet`` or ``reply_with``.

    Raises
    ------
    PacketError
        The message, a wait or the route does not fit; the message says what would.
    """
    draw = random_bytes_from(recipe.seed, "packet")
    route = [node.hop for node in recipe.route]
    message = recipe.message.encode("utf-8")
    if not recipe.is_reply:
        destination = Destination(RECEIVER, draw(16))
        return Made(
            create_packet(
                message,
                route=route,
                destination=destination,
                delays_s=list(recipe.waits_s),
                geometry=recipe.geometry,
                version=recipe.version,
                random_bytes=draw,
            )
        )
    surb, keys = create_surb(
        route=route,
        destination=Destination(SENDER, draw(16)),
        delays_s=list(recipe.waits_s),
        geometry=recipe.geometry,
        version=recipe.version,
        random_bytes=draw,
    )
    return Made(reply_with(surb, message, recipe.geometry).packet, surb.to_bytes(), keys)


@functools.lru_cache(maxsize=64)
def journey(recipe: Recipe, breaks: tuple[Break, ...]) -> tuple[Stop, ...]:
    """Every node that the packet reaches, to the last or to the one that refuses it."""
    stops: list[Stop] = []
    packet = clean = make(recipe).packet
    for index, node in enumerate(recipe.route):
        here = [b for b in breaks if b.hop == index]
        seen = ReplayFilter()
        if any(b.kind == "replay" for b in here):
            # The packet comes for the first time: whatever the node says, it says it once.
            with contextlib.suppress(WorkbenchError):
                process(packet, node.key, recipe.geometry, seen)
        arrives = broken(packet, here)
        hop = trace(arrives, [node.key], recipe.geometry, [seen]).hops[0]
        intact = trace(clean, [node.key], recipe.geometry).hops[0]
        marks = tuple(sorted({b.offset for b in here if b.kind == "flip"}))
        stops.append(Stop(node, hop, intact, marks))
        if hop.packet_after is None or intact.packet_after is None:
            break
        packet, clean = hop.packet_after, intact.packet_after
    return tuple(stops)


def broken(packet: bytes, breaks: list[Break]) -> bytes:
    """The packet with its bits flipped, then its end cut off."""
    data = bytearray(packet)
    for b in breaks:
        if b.kind == "flip" and b.offset < len(data):
            data[b.offset] ^= 1 << b.bit
    cut = sum(1 for b in breaks if b.kind == "cut")
    return bytes(data[: len(data) - cut])


def read_reply(recipe: Recipe, stop: Stop) -> bytes | None:
    """What you read when the last hop hands you the reply; None if it does not open."""
    keys = make(recipe).reply_keys
    hop = stop.hop
    if keys is None or hop.outcome != "final" or hop.payload_after is None:
        return None
    try:
        result = process(hop.packet_before, stop.node.key, recipe.geometry)
        return open_reply(result, keys, recipe.geometry) if isinstance(result, FinalHop) else None
    except WorkbenchError:
        return None


def differing_bits(left: bytes, right: bytes) -> int:
    """In how many places two byte strings of one length differ."""
    return sum((a ^ b).bit_count() for a, b in zip(left, right, strict=True))
