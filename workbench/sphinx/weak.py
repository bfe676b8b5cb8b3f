"""Sphinx with one piece taken out, so that a lesson can show what the piece was for.

DANGER: every packet made here can be attacked, on purpose. Nothing outside the lessons and
their tests may use this module, and nothing here is used by the rest of the package. Each
variant comes with the attack that it allows.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from workbench.errors import BadMacError, BadPaddingError, PacketLengthError, UnknownFlagError
from workbench.sphinx import header, payload
from workbench.sphinx.checks import RandomBytes, as_bytes, delays_ns, draw
from workbench.sphinx.geometry import MAC_BYTES, POINT_BYTES, STEP_BYTES, Geometry, as_geometry
from workbench.sphinx.keys import HopKeys, PrivateKey, as_private_key, hop_keys, sender_keys
from workbench.sphinx.packet import DEFAULT_GEOMETRY, FinalHop, ForwardHop, create_packet, process
from workbench.sphinx.primitives import (
    GROUP_ORDER,
    chacha20_xor,
    header_mac,
    lioness_decrypt,
    same_bytes,
    stream_xor,
    x25519,
    x25519_base,
)
from workbench.sphinx.route import Destination, Hop, as_destination, as_route
from workbench.sphinx.torsion import add_order_two, blind_unclamped, multiply
from workbench.sphinx.version import Version

_HEADER_START = POINT_BYTES + MAC_BYTES
_LEGACY_VERSION = (257).to_bytes(3, "big")


# --- a payload under a bare stream cipher: the tagging attack works ---


def create_packet_stream_payload(
    message: bytes,
    route: Sequence[Hop],
    destination: Destination,
    delays_s: Sequence[float],
    geometry: Geometry = DEFAULT_GEOMETRY,
    random_bytes: RandomBytes = os.urandom,
) -> bytes:
    """A packet whose payload layers are a stream cipher instead of a wide block cipher.

    A flipped bit comes out alone at the other end, so that two nodes who work together can
    mark a packet at the first hop and recognise it at the last.
    """
    geometry, hops, delays = _checked(route, delays_s, geometry)
    secret = draw(random_bytes, POINT_BYTES)
    keys = sender_keys(secret, [hop.public_key for hop in hops])
    rest = header.build_header(
        geometry,
        hops,
        keys,
        delays,
        as_destination(destination),
        Version.V259.to_bytes3(),
        random_bytes,
    )
    wrapped = payload.pad(as_bytes(message, "message"), geometry)
    for hop in keys:
        wrapped = chacha20_xor(hop.full_payload_key[:32], wrapped)
    return x25519_base(secret) + rest + wrapped


def process_stream_payload(
    packet: bytes, key: PrivateKey, geometry: Geometry = DEFAULT_GEOMETRY
) -> ForwardHop | FinalHop:
    """What a node does with a packet of `create_packet_stream_payload`."""
    return _process(
        packet,
        key,
        geometry,
        open_payload=lambda keys, data: chacha20_xor(keys.full_payload_key[:32], data),
    )


def flip_bit(data: bytes, bit: int) -> bytes:
    """`data` with one bit turned over; bit 0 is the lowest of the first byte."""
    changed = bytearray(as_bytes(data, "data"))
    if not isinstance(bit, int) or not 0 <= bit < 8 * len(changed):
        raise PacketLengthError(f"bit {bit!r}; expected 0 to {8 * len(changed) - 1}")
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def changed_bits(left: bytes, right: bytes) -> int:
    """How many bits differ between two byte strings of one length."""
    left, right = as_bytes(left, "left"), as_bytes(right, "right")
    if len(left) != len(right):
        raise PacketLengthError(f"{len(left)} and {len(right)} bytes; expected the same length")
    return (int.from_bytes(left, "little") ^ int.from_bytes(right, "little")).bit_count()


@dataclass(frozen=True, slots=True)
class Tagging:
    """What is left at the last hop of one bit flipped before the first."""

    payload_bits: int
    """Bits of the whole payload."""
    changed_bits: int
    """How many of them arrived changed."""
    refused: bool
    """Whether the last hop noticed."""


def tagging_attack(
    bit: int, hops: int = 4, stream_payload: bool = False, random_bytes: RandomBytes = os.urandom
) -> Tagging:
    """Flip one bit of the payload before the first hop, and look at the last hop's plaintext.

    With the wide block cipher about half of all bits change and the last hop refuses; with
    the bare stream cipher one bit changes and, outside the leading zeros, nobody notices.

    Examples
    --------
    >>> tagging_attack(bit=2000, stream_payload=True).changed_bits
    1
    """
    geometry = DEFAULT_GEOMETRY
    keys = [PrivateKey.generate(random_bytes) for _ in range(hops)]
    route = [Hop(bytes(32), key.public) for key in keys]
    make = create_packet_stream_payload if stream_payload else create_packet
    step = process_stream_payload if stream_payload else process
    message = b"a message that somebody marks on its way"
    clean = make(message, route, Destination(bytes(32)), [0.0] * hops, random_bytes=random_bytes)
    marked = flip_bit(clean, 8 * geometry.header_bytes + bit)
    for key in keys[:-1]:
        clean, marked = (_packet_of(step(one, key, geometry)) for one in (clean, marked))
    try:
        step(marked, keys[-1], geometry)
        refused = False
    except BadPaddingError:
        refused = True
    plain, spoiled = (_last_payload(one, keys[-1], stream_payload) for one in (clean, marked))
    return Tagging(8 * len(plain), changed_bits(plain, spoiled), refused)


# --- zeros behind the final block: the last hop learns how long the route was ---


def create_packet_zero_padding(
    message: bytes,
    route: Sequence[Hop],
    destination: Destination,
    delays_s: Sequence[float],
    geometry: Geometry = DEFAULT_GEOMETRY,
    random_bytes: RandomBytes = os.urandom,
) -> bytes:
    """A packet with zeros, not random bytes, behind the final block.

    Every node accepts it. So the paper of 2009 had it; Kuhn, Beck and Strufe (2020) showed
    what it gives away.
    """
    draws = iter((lambda size: draw(random_bytes, size), bytes))
    return create_packet(
        message,
        route,
        destination,
        delays_s,
        geometry,
        random_bytes=lambda size: next(draws)(size),
    )


def padding_zeros(packet: bytes, key: PrivateKey, geometry: Geometry = DEFAULT_GEOMETRY) -> int:
    """How many zeros stand behind the final block, as the last hop can count them."""
    geometry = as_geometry(geometry)
    process(packet, key, geometry)  # refuses what is no packet for this key
    keys = hop_keys(x25519(key.secret, packet[:POINT_BYTES]))
    block = header.open_routing(geometry, keys, packet[_HEADER_START : geometry.header_bytes])
    rest = block[header.FINAL_BLOCK_END : geometry.routing_bytes]
    return len(rest) - len(rest.lstrip(b"\0"))


def hops_from_zeros(zeros: int, geometry: Geometry = DEFAULT_GEOMETRY) -> int | None:
    """The route's length that a count of zeros gives away; None for random padding.

    The filler behind may begin with a zero byte by chance, hence the rounding down.
    """
    shortest = geometry.final_padding_bytes(geometry.max_hops)
    if zeros < shortest:
        return None
    return max(1, geometry.max_hops - (zeros - shortest) // STEP_BYTES)


# --- no filler: the header shrinks, and its length tells the place in the route ---


def create_packet_no_filler(
    message: bytes,
    route: Sequence[Hop],
    destination: Destination,
    delays_s: Sequence[float],
    geometry: Geometry = DEFAULT_GEOMETRY,
    random_bytes: RandomBytes = os.urandom,
) -> bytes:
    """A packet without filler: of the usual length at the first hop, 60 bytes less at each next."""
    geometry, hops, delays = _checked(route, delays_s, geometry)
    destination = as_destination(destination)
    secret = draw(random_bytes, POINT_BYTES)
    keys = sender_keys(secret, [hop.public_key for hop in hops])
    padding = draw(random_bytes, geometry.final_padding_bytes(len(hops)))
    version = Version.V259.to_bytes3()
    front = bytes((header.FINAL_FLAG,)) + version
    block = b"".join((front, destination.address, destination.identifier, padding))
    routing = stream_xor(keys[-1].stream_key, block)
    mac = header_mac(keys[-1].mac_key, routing)
    front = bytes((header.FORWARD_FLAG,)) + version
    for i in range(len(hops) - 2, -1, -1):
        delay = delays[i].to_bytes(8, "big")
        block = b"".join((front, hops[i + 1].address, delay, mac, routing))
        routing = stream_xor(keys[i].stream_key, block)
        mac = header_mac(keys[i].mac_key, routing)
    padded = payload.pad(as_bytes(message, "message"), geometry)
    layers = [hop.payload_key(Version.V259) for hop in reversed(keys)]
    return x25519_base(secret) + mac + routing + payload.add_layers(padded, layers)


def process_no_filler(
    packet: bytes, key: PrivateKey, geometry: Geometry = DEFAULT_GEOMETRY
) -> ForwardHop | FinalHop:
    """What a node does with a packet of `create_packet_no_filler`: sends on a shorter one."""
    return _process(packet, key, geometry, appended_bytes=0)


# --- unclamped blinding: a part of order 2 lives through an honest hop ---


def create_packet_unclamped(
    message: bytes,
    route: Sequence[Hop],
    destination: Destination,
    delays_s: Sequence[float],
    geometry: Geometry = DEFAULT_GEOMETRY,
    random_bytes: RandomBytes = os.urandom,
) -> bytes:
    """A packet of the legacy version 257, whose scalars are reduced mod l and not clamped."""
    geometry, hops, delays = _checked(route, delays_s, geometry)
    product = int.from_bytes(draw(random_bytes, POINT_BYTES), "little") % GROUP_ORDER
    group_element = multiply(product, (9).to_bytes(POINT_BYTES, "little"))
    keys: list[HopKeys] = []
    for hop in hops:
        keys.append(hop_keys(multiply(product, hop.public_key)))
        product = product * int.from_bytes(keys[-1].blinding, "little") % GROUP_ORDER
    rest = header.build_header(
        geometry, hops, keys, delays, as_destination(destination), _LEGACY_VERSION, random_bytes
    )
    padded = payload.pad(as_bytes(message, "message"), geometry)
    layers = [hop.full_payload_key for hop in reversed(keys)]
    return group_element + rest + payload.add_layers(padded, layers)


def process_unclamped(
    packet: bytes, key: PrivateKey, geometry: Geometry = DEFAULT_GEOMETRY
) -> ForwardHop | FinalHop:
    """What a node of the legacy version did: it blinds with a scalar that is not clamped."""
    return _process(
        packet,
        key,
        geometry,
        version=_LEGACY_VERSION,
        blind=blind_unclamped,
        open_payload=lambda keys, data: lioness_decrypt(keys.full_payload_key, data),
    )


def order_two_survives(
    tries: int, clamped: bool = False, random_bytes: RandomBytes = os.urandom
) -> int:
    """In how many of `tries` honest hops a part of order 2 came through the blinding.

    About half of them unclamped (the reduced scalar is odd), none clamped.

    Examples
    --------
    >>> order_two_survives(tries=20, clamped=True)
    0
    """
    survived = 0
    blind = x25519 if clamped else blind_unclamped
    for _ in range(tries):
        point = x25519_base(draw(random_bytes, POINT_BYTES))
        scalar = draw(random_bytes, POINT_BYTES)
        survived += blind(scalar, point) != blind(scalar, add_order_two(point))
    return survived


# --- what the variants share ---


def _process(
    packet: bytes,
    key: PrivateKey,
    geometry: Geometry,
    *,
    appended_bytes: int = STEP_BYTES,
    version: bytes = Version.V259.to_bytes3(),
    blind: Callable[[bytes, bytes], bytes] = x25519,
    open_payload: Callable[[HopKeys, bytes], bytes] = lambda keys, data: lioness_decrypt(
        keys.payload_key(Version.V259), data
    ),
) -> ForwardHop | FinalHop:
    """`process` with exchangeable parts, kept apart so that the real one has none."""
    geometry = as_geometry(geometry)
    secret = as_private_key(key).secret
    data = as_bytes(packet, "packet")
    routing_bytes = len(data) - _HEADER_START - geometry.payload_bytes
    usual = appended_bytes == STEP_BYTES
    if routing_bytes != geometry.routing_bytes and (
        usual or routing_bytes < STEP_BYTES or routing_bytes % STEP_BYTES
    ):
        raise PacketLengthError(
            f"the packet is {len(data)} bytes; expected {geometry.packet_bytes}"
        )
    group_element = data[:POINT_BYTES]
    routing = data[_HEADER_START : _HEADER_START + routing_bytes]
    keys = hop_keys(x25519(secret, group_element))
    if not same_bytes(header_mac(keys.mac_key, routing), data[POINT_BYTES:_HEADER_START]):
        raise BadMacError("the header's MAC does not hold; expected an unchanged header")
    block = stream_xor(keys.stream_key, routing + bytes(appended_bytes))
    flag = block[0]
    if flag not in (header.FORWARD_FLAG, header.FINAL_FLAG) or block[header.VERSION] != version:
        raise UnknownFlagError(f"flag and version are {block[:4].hex()}; expected this variant's")
    opened = open_payload(keys, data[_HEADER_START + routing_bytes :])
    if flag == header.FORWARD_FLAG:
        next_address, delay = header.forward_fields(block)
        sent_on = blind(keys.blinding, group_element) + header.next_header(block) + opened
        return ForwardHop(sent_on, next_address, delay, keys.replay_tag, Version.V259)
    return FinalHop(
        block[header.DESTINATION],
        block[header.IDENTIFIER],
        payload.unpad(opened),
        opened,
        keys.replay_tag,
        Version.V259,
    )


def _checked(
    route: Sequence[Hop], delays_s: Sequence[float], geometry: Geometry
) -> tuple[Geometry, tuple[Hop, ...], list[int]]:
    geometry = as_geometry(geometry)
    hops = as_route(route, geometry)
    return geometry, hops, delays_ns(delays_s, len(hops))


def _packet_of(result: ForwardHop | FinalHop) -> bytes:
    if isinstance(result, ForwardHop):
        return result.packet
    raise PacketLengthError("the packet ended before the last hop; expected a forward hop")


def _last_payload(packet: bytes, key: PrivateKey, stream_payload: bool) -> bytes:
    """The last hop's plaintext, refused or not."""
    geometry = DEFAULT_GEOMETRY
    keys = hop_keys(x25519(key.secret, packet[:POINT_BYTES]))
    sealed = packet[geometry.header_bytes :]
    if stream_payload:
        return chacha20_xor(keys.full_payload_key[:32], sealed)
    return lioness_decrypt(keys.payload_key(Version.V259), sealed)


__all__ = [
    "Tagging",
    "add_order_two",
    "blind_unclamped",
    "changed_bits",
    "create_packet_no_filler",
    "create_packet_stream_payload",
    "create_packet_unclamped",
    "create_packet_zero_padding",
    "flip_bit",
    "hops_from_zeros",
    "multiply",
    "order_two_survives",
    "padding_zeros",
    "process_no_filler",
    "process_stream_payload",
    "process_unclamped",
    "tagging_attack",
]
