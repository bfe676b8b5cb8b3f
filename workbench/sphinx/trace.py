"""What each hop saw, as data: byte ranges, keys, who learned what, and who refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from workbench.errors import LowOrderPointError, PacketError, WrongKeyError
from workbench.sphinx import fields, header
from workbench.sphinx.fields import Field
from workbench.sphinx.geometry import MAC_BYTES, POINT_BYTES, Geometry, as_geometry
from workbench.sphinx.keys import HopKeys, PrivateKey, as_private_key, hop_keys
from workbench.sphinx.knowledge import (
    HIDDEN_FROM_FORWARD,
    hidden_at_the_end,
    hidden_from_refusing,
    learned_at_the_end,
    learned_by_forwarding,
    learned_by_refusing,
    shortened,
)
from workbench.sphinx.packet import DEFAULT_GEOMETRY, FinalHop, ForwardHop, process
from workbench.sphinx.primitives import header_mac, lioness_decrypt, same_bytes, x25519
from workbench.sphinx.replay import ReplayFilter
from workbench.sphinx.version import version_from_bytes

Outcome = Literal["forward", "final", "refused"]


@dataclass(frozen=True, slots=True)
class TeachingKeys:
    """The keys a node derived. Shown for teaching: a real node tells them to nobody."""

    shared_secret: bytes
    stream_key: bytes
    mac_key: bytes
    payload_seed: bytes | None
    """16 bytes; None where the version has no seeds or the header was not opened."""
    payload_key: bytes | None
    """192 bytes; None where the header was not opened."""
    blinding_factor: bytes
    for_teaching: Literal[True] = True


@dataclass(frozen=True, slots=True)
class HopTrace:
    """One hop: what came in, what this node could read, what went out.

    `learned` is what the packet gave this node, `hidden` what the packet does not say. From
    whom it came the node knows from the wire, and its place in a layered network from the
    public list of nodes: neither is the packet's doing.
    """

    index: int
    """0 for the first hop."""
    public_key: bytes
    outcome: Outcome
    packet_before: bytes
    fields_before: tuple[Field, ...]
    """Empty where the packet has not the geometry's length."""
    error: str | None = None
    """The name of the error class, where refused."""
    error_message: str | None = None
    packet_after: bytes | None = None
    fields_after: tuple[Field, ...] = ()
    keys: TeachingKeys | None = field(default=None, repr=False)
    block: bytes | None = field(default=None, repr=False)
    """The opened routing block with the step appended to it; None where the MAC failed."""
    block_fields: tuple[Field, ...] = ()
    """Byte ranges of `block`."""
    replay_tag: bytes | None = None
    delay_s: float | None = None
    next_address: bytes | None = None
    payload_before: bytes | None = field(default=None, repr=False)
    payload_after: bytes | None = field(default=None, repr=False)
    destination: bytes | None = None
    identifier: bytes | None = None
    message: bytes | None = None
    """At the last hop: the message, or None (then `error_message` or `hidden` says why)."""
    plaintext_fields: tuple[Field, ...] = ()
    """At the last hop: byte ranges of `payload_after`."""
    learned: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()

    def table(self) -> str:
        """This hop in lines, to print."""
        lines = [f"hop {self.index + 1}: {self.outcome}"]
        if self.error:
            lines.append(f"  {self.error}: {self.error_message}")
        lines += ["  packet in", *_lines(self.fields_before, self.packet_before)]
        if self.block is not None:
            lines += ["  routing block, opened", *_lines(self.block_fields, self.block)]
        if self.payload_after is not None and self.plaintext_fields:
            lines += ["  payload, opened", *_lines(self.plaintext_fields, self.payload_after)]
        if self.packet_after is not None:
            lines += ["  packet out", *_lines(self.fields_after, self.packet_after)]
        lines += [f"  learned: {what}" for what in self.learned]
        lines += [f"  hidden:  {what}" for what in self.hidden]
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Trace:
    """A packet's way, hop by hop, until the last hop or the one that refused it."""

    geometry: Geometry
    hops: tuple[HopTrace, ...]

    @property
    def outcome(self) -> Outcome:
        """How it ended; "forward" where the keys ran out before the route."""
        return self.hops[-1].outcome if self.hops else "forward"

    @property
    def refused_by(self) -> HopTrace | None:
        """The hop that refused the packet, if one did."""
        last = self.hops[-1] if self.hops else None
        return last if last is not None and last.outcome == "refused" else None

    @property
    def message(self) -> bytes | None:
        """The message, if the last hop could read one."""
        return self.hops[-1].message if self.hops else None

    def table(self) -> str:
        """One line a hop, to print."""
        head = (
            f"{'hop':>3}  {'outcome':<8} {'bytes':>6} {'delay/s':>9}  {'next or destination':<20}"
        )
        lines = [head + "replay tag"]
        for hop in self.hops:
            where = hop.next_address or hop.destination
            delay = "" if hop.delay_s is None else f"{hop.delay_s:.6f}"
            lines.append(
                f"{hop.index + 1:>3}  {hop.outcome:<8} {len(hop.packet_before):>6} {delay:>9}  "
                f"{shortened(where):<20}{shortened(hop.replay_tag)}"
            )
            if hop.error:
                lines.append(f"     {hop.error}: {hop.error_message}")
        return "\n".join(lines)


def trace(
    packet: bytes,
    keys: Sequence[PrivateKey],
    geometry: Geometry = DEFAULT_GEOMETRY,
    replay_filters: Sequence[ReplayFilter | None] | None = None,
) -> Trace:
    """Follow a packet from hop to hop with all the private keys: only a teacher has them.

    The verdicts come from `process`. A packet that a node refuses does not raise: the
    refusal is in the data.

    Parameters
    ----------
    packet : bytes
        Anything; what is no packet is refused by the first hop.
    keys : sequence of PrivateKey
        The hops' keys, first to last.
    geometry : Geometry
        The lengths that the hops expect.
    replay_filters : sequence of ReplayFilter or None, optional
        One a key, to see a packet refused that comes twice.

    Returns
    -------
    Trace
        One `HopTrace` for each hop reached. It ends early where a hop refused the packet.

    Raises
    ------
    WrongKeyError
        When the keys are not private keys, or not as many as the filters.

    Examples
    --------
    >>> from workbench.sphinx import Destination, Hop, create_packet
    >>> keys = [PrivateKey.generate() for _ in range(3)]
    >>> route = [Hop(bytes(31) + bytes([i]), key.public) for i, key in enumerate(keys)]
    >>> packet = create_packet(b"hello", route, Destination(bytes(32)), [0.1, 0.2, 0])
    >>> [(hop.outcome, hop.delay_s) for hop in trace(packet, keys).hops]
    [('forward', 0.1), ('forward', 0.2), ('final', None)]
    """
    geometry = as_geometry(geometry)
    if not isinstance(keys, Sequence) or isinstance(keys, str | bytes | bytearray):
        raise WrongKeyError(f"keys must be a list of PrivateKey, got {type(keys).__name__}")
    checked = [as_private_key(key) for key in keys]
    filters = [None] * len(checked) if replay_filters is None else list(replay_filters)
    if len(filters) != len(checked):
        raise WrongKeyError(
            f"{len(filters)} replay filters for {len(checked)} keys; expected one a key"
        )
    hops: list[HopTrace] = []
    for index, (key, replay_filter) in enumerate(zip(checked, filters, strict=True)):
        hop = _trace_hop(index, packet, key, geometry, replay_filter)
        hops.append(hop)
        if hop.packet_after is None:
            break
        packet = hop.packet_after
    return Trace(geometry, tuple(hops))


def _trace_hop(
    index: int,
    packet: bytes,
    key: PrivateKey,
    geometry: Geometry,
    replay_filter: ReplayFilter | None,
) -> HopTrace:
    """One hop: the verdict of `process`, and beside it what the key lets us see."""
    result: ForwardHop | FinalHop | PacketError
    try:
        result = process(packet, key, geometry, replay_filter)
    except PacketError as error:
        result = error
    data = bytes(packet) if isinstance(packet, bytes | bytearray | memoryview) else b""
    seen = _seen(HopTrace(index, key.public, "refused", data, ()), key, geometry)
    if isinstance(result, PacketError):
        return replace(
            seen,
            error=type(result).__name__,
            error_message=str(result),
            learned=learned_by_refusing(seen.block),
            hidden=hidden_from_refusing(seen.block),
        )
    if isinstance(result, ForwardHop):
        return replace(
            seen,
            outcome="forward",
            packet_after=result.packet,
            fields_after=fields.packet_fields(geometry),
            delay_s=result.delay_s,
            next_address=result.next_address,
            learned=learned_by_forwarding(result),
            hidden=HIDDEN_FROM_FORWARD,
        )
    return replace(
        seen,
        outcome="final",
        message=result.message,
        destination=result.destination,
        identifier=result.identifier,
        plaintext_fields=fields.plaintext_fields(geometry, result.message),
        learned=learned_at_the_end(result),
        hidden=hidden_at_the_end(result),
    )


def _seen(hop: HopTrace, key: PrivateKey, geometry: Geometry) -> HopTrace:
    """Everything that can be opened with this key, refused or not."""
    packet = hop.packet_before
    if len(packet) != geometry.packet_bytes:
        return hop
    hop = replace(hop, fields_before=fields.packet_fields(geometry))
    sealed = packet[geometry.header_bytes :]
    hop = replace(hop, payload_before=sealed)
    try:
        shared_secret = x25519(key.secret, packet[:POINT_BYTES])
    except LowOrderPointError:
        return hop
    keys = hop_keys(shared_secret)
    hop = replace(hop, keys=_teaching_keys(shared_secret, keys))
    mac_end = POINT_BYTES + MAC_BYTES
    routing = packet[mac_end : geometry.header_bytes]
    if not same_bytes(header_mac(keys.mac_key, routing), packet[POINT_BYTES:mac_end]):
        return hop
    block = header.open_routing(geometry, keys, routing)
    hop = replace(
        hop, block=block, replay_tag=keys.replay_tag, block_fields=_block_fields(block, geometry)
    )
    try:
        version = version_from_bytes(block[header.VERSION])
    except PacketError:
        return hop
    payload_key = keys.payload_key(version)
    opened = lioness_decrypt(payload_key, sealed)
    derived = _teaching_keys(
        shared_secret,
        keys,
        payload_seed=keys.payload_seed if version.has_payload_seeds else None,
        payload_key=payload_key,
    )
    return replace(hop, keys=derived, payload_after=opened)


def _teaching_keys(
    shared_secret: bytes,
    keys: HopKeys,
    payload_seed: bytes | None = None,
    payload_key: bytes | None = None,
) -> TeachingKeys:
    return TeachingKeys(
        shared_secret, keys.stream_key, keys.mac_key, payload_seed, payload_key, keys.blinding
    )


def _block_fields(block: bytes, geometry: Geometry) -> tuple[Field, ...]:
    try:
        version_from_bytes(block[header.VERSION])
    except PacketError:
        return fields.unknown_block_fields(geometry)
    if block[0] == header.FORWARD_FLAG:
        return fields.forward_block_fields(geometry)
    if block[0] == header.FINAL_FLAG:
        return fields.final_block_fields(geometry)
    return fields.unknown_block_fields(geometry)


def _lines(ranges: Sequence[Field], data: bytes) -> list[str]:
    return [
        f"    {part.letter} {part.start:>6}-{part.stop:<6} {part.name:<25} "
        f"{shortened(part.of(data))}"
        for part in ranges
    ]
