"""Make a packet; process one as a node does."""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from dataclasses import dataclass

from workbench.errors import (
    BadMacError,
    BadPaddingError,
    PacketLengthError,
    UnknownFlagError,
)
from workbench.sphinx import header, payload
from workbench.sphinx.checks import NANOSECONDS, RandomBytes, as_bytes, delays_ns, draw
from workbench.sphinx.geometry import POINT_BYTES, Geometry, as_geometry
from workbench.sphinx.keys import HopKeys, PrivateKey, as_private_key, hop_keys, sender_keys
from workbench.sphinx.primitives import (
    header_mac,
    lioness_decrypt,
    same_bytes,
    x25519,
    x25519_base,
)
from workbench.sphinx.replay import ReplayFilter
from workbench.sphinx.route import Destination, Hop, as_destination, as_route
from workbench.sphinx.version import Version, as_version, version_from_bytes

DEFAULT_GEOMETRY = Geometry()
_MAC_END = POINT_BYTES + 16


@dataclass(frozen=True, slots=True)
class ForwardHop:
    """What a node that is not the last learns, and the packet it sends on."""

    __match_args__ = ("packet", "next_address", "delay_s", "replay_tag")

    packet: bytes
    """As long as the one that came in; without a key the two cannot be told to belong together."""
    next_address: bytes
    """32 bytes: where to send it."""
    delay_ns: int
    """How long to hold it: the sender chose this, so a mix cannot choose to hurry one."""
    replay_tag: bytes
    """32 bytes, the same whenever this packet comes again."""
    version: Version

    @property
    def delay_s(self) -> float:
        """The delay in seconds, exact up to 104 days."""
        return self.delay_ns / NANOSECONDS


@dataclass(frozen=True, slots=True)
class FinalHop:
    """What the last node learns."""

    __match_args__ = ("destination", "identifier", "message", "payload", "replay_tag")

    destination: bytes
    """32 bytes: for whom the message is."""
    identifier: bytes
    """16 bytes that the maker of the header chose."""
    message: bytes | None
    """The message; None where only the maker of a reply block can read it."""
    payload: bytes
    """The whole payload, this hop's layer taken off: what `open_reply` needs."""
    replay_tag: bytes
    """32 bytes, the same whenever this packet comes again."""
    version: Version


def create_packet(
    message: bytes,
    route: Sequence[Hop],
    destination: Destination,
    delays_s: Sequence[float],
    geometry: Geometry = DEFAULT_GEOMETRY,
    version: Version = Version.V259,
    random_bytes: RandomBytes = os.urandom,
) -> bytes:
    """Wrap a message for a route, byte for byte as Nym's packets.

    Every hop of the route can open exactly one layer: it learns the next hop and how long to
    wait, and nothing else.

    Parameters
    ----------
    message : bytes
        At most ``geometry.message_bytes``.
    route : sequence of Hop
        1 to ``geometry.max_hops`` hops, first to last.
    destination : Destination
        For whom the last hop keeps the message.
    delays_s : sequence of float
        Seconds, one a hop, 0 to 1.8e10, rounded to nanoseconds. The last one is not sent.
    geometry : Geometry
        The packet's lengths.
    version : Version
        258, 259 or 260.
    random_bytes : callable
        A function of a size. It is drawn from twice, in this order: 32 bytes for the initial
        secret, then the padding behind the final block (248 bytes for one hop, 60 fewer for
        each hop more). The same draws give the same packet; never use one draw for two.

    Returns
    -------
    bytes
        ``geometry.packet_bytes`` bytes. The address of the first hop is not in them.

    Raises
    ------
    PacketError
        One of its children, with what was expected.

    Notes
    -----
    Source: Danezis and Goldberg, "Sphinx: A Compact and Provably Secure Mix Format" (IEEE
    S&P 2009), in the variant of nymtech/sphinx.

    Examples
    --------
    >>> key = PrivateKey.generate()
    >>> hop = Hop(address=bytes(32), public_key=key.public)
    >>> packet = create_packet(b"hello", [hop], Destination(bytes(32)), delays_s=[0])
    >>> process(packet, key).message
    b'hello'
    """
    geometry = as_geometry(geometry)
    message = as_bytes(message, "message")
    hops = as_route(route, geometry)
    destination = as_destination(destination)
    delays = delays_ns(delays_s, len(hops))
    version = as_version(version)
    padded = payload.pad(message, geometry)
    front, keys = make_header(geometry, hops, delays, destination, version, random_bytes)
    wrapped = payload.add_layers(padded, [hop.payload_key(version) for hop in reversed(keys)])
    return front + wrapped


def make_header(
    geometry: Geometry,
    hops: Sequence[Hop],
    delays: Sequence[int],
    destination: Destination,
    version: Version,
    random_bytes: RandomBytes,
) -> tuple[bytes, list[HopKeys]]:
    """A whole header and the keys of its hops; the arguments were checked before."""
    initial_secret = draw(random_bytes, POINT_BYTES)
    group_element = x25519_base(initial_secret)  # alpha_0
    keys = sender_keys(initial_secret, [hop.public_key for hop in hops])
    rest = header.build_header(
        geometry, hops, keys, delays, destination, version.to_bytes3(), random_bytes
    )
    return group_element + rest, keys


def process(
    packet: bytes,
    key: PrivateKey,
    geometry: Geometry = DEFAULT_GEOMETRY,
    replay_filter: ReplayFilter | None = None,
) -> ForwardHop | FinalHop:
    """Open one layer, as a node does with a packet that it received.

    Parameters
    ----------
    packet : bytes
        Exactly ``geometry.packet_bytes`` bytes; anything may be in them.
    key : PrivateKey
        The node's own.
    geometry : Geometry
        The lengths that this node expects.
    replay_filter : ReplayFilter, optional
        Where to look up and keep the replay tag, once the MAC held.

    Returns
    -------
    ForwardHop or FinalHop
        Who sent the packet is in neither, nor how long its route is. A forward hop cannot
        tell whether the payload was changed: no MAC covers it.

    Raises
    ------
    PacketError
        One of its children and nothing else, whatever the bytes are. The last hop of a
        version 260 packet does not refuse an unreadable payload, because a reply looks the
        same to it: the message is None then.

    Examples
    --------
    >>> process(bytes(1388), PrivateKey.generate())
    Traceback (most recent call last):
    workbench.errors.PacketLengthError: the packet is 1388 bytes; this geometry needs 1389
    """
    geometry = as_geometry(geometry)
    opening = open_layer(packet, as_private_key(key).secret, geometry, replay_filter)
    try:
        wanted = next(opening)
        while True:
            wanted = opening.send(x25519(*wanted))
    except StopIteration as end:
        opened: ForwardHop | FinalHop = end.value
        return opened


Multiplications = Generator[tuple[bytes, bytes], bytes, ForwardHop | FinalHop]


def open_layer(
    packet: bytes, secret: bytes, geometry: Geometry, replay_filter: ReplayFilter | None
) -> Multiplications:
    """What `process` does, but for the multiplications: each is yielded as (scalar, point).

    Send the product back. So one packet can be opened at once, and many abreast, by one text.
    """
    data = as_bytes(packet, "packet")
    header_bytes = geometry.header_bytes
    if len(data) != geometry.packet_bytes:
        raise PacketLengthError(
            f"the packet is {len(data)} bytes; this geometry needs {geometry.packet_bytes}"
        )
    group_element = data[:POINT_BYTES]  # alpha
    routing = data[_MAC_END:header_bytes]  # beta
    keys = hop_keys((yield secret, group_element))
    if not same_bytes(header_mac(keys.mac_key, routing), data[POINT_BYTES:_MAC_END]):
        raise BadMacError(
            "the header's MAC does not hold; expected an unchanged header made for this key"
        )
    if replay_filter is not None:
        replay_filter.admit(keys.replay_tag)
    block = header.open_routing(geometry, keys, routing)  # B
    flag = block[0]
    if flag != header.FORWARD_FLAG and flag != header.FINAL_FLAG:
        raise UnknownFlagError(f"the flag is {flag}; expected 1 (forward) or 2 (final)")
    version = version_from_bytes(block[header.VERSION])
    payload_key = keys.payload_key(version)
    sealed = data[header_bytes:]
    if flag == header.FORWARD_FLAG:
        # This multiplication comes just here because other threads run meanwhile: it cuts what
        # this one does alone into two equal parts, each shorter than a multiplication.
        blinded = yield keys.blinding, group_element  # alpha_(i+1) = b_i alpha_i
        opened = lioness_decrypt(payload_key, sealed)
        sent_on = b"".join((blinded, header.next_header(block), opened))
        next_address, delay = header.forward_fields(block)
        return ForwardHop(sent_on, next_address, delay, keys.replay_tag, version)
    opened = lioness_decrypt(payload_key, sealed)
    return FinalHop(
        destination=block[header.DESTINATION],
        identifier=block[header.IDENTIFIER],
        message=_message(opened, version),
        payload=opened,
        replay_tag=keys.replay_tag,
        version=version,
    )


def _message(opened: bytes, version: Version) -> bytes | None:
    try:
        return payload.unpad(opened)
    except BadPaddingError:
        if version.has_single_seed_surbs:
            return None
        raise
