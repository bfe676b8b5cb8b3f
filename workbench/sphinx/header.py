"""The header: built by the sender from the last hop to the first, opened by each hop once.

beta (routing information) is encrypted once for each hop; what a hop takes off in front is
given back behind as filler, so that the header keeps its length.
"""

from __future__ import annotations

from collections.abc import Sequence

from workbench.sphinx.checks import RandomBytes, draw
from workbench.sphinx.geometry import MAC_BYTES, STEP_BYTES, Geometry
from workbench.sphinx.keys import HopKeys
from workbench.sphinx.primitives import header_mac, stream_xor, xor
from workbench.sphinx.route import Destination, Hop

FORWARD_FLAG = 1
FINAL_FLAG = 2

# Where each field lies in an opened routing block.
FLAG = slice(0, 1)
VERSION = slice(1, 4)
NEXT_ADDRESS = slice(4, 36)
DELAY = slice(36, 44)
NEXT_MAC = slice(44, 60)
DESTINATION = slice(4, 36)
IDENTIFIER = slice(36, 52)
FINAL_BLOCK_END = 52


def build_header(
    geometry: Geometry,
    route: Sequence[Hop],
    keys: Sequence[HopKeys],
    delays_ns: Sequence[int],
    destination: Destination,
    version: bytes,
    random_bytes: RandomBytes,
) -> bytes:
    """MAC and routing information for the first hop (gamma || beta).

    `version` is its three bytes. One draw of random bytes: the padding behind the final block.
    """
    padding = draw(random_bytes, geometry.final_padding_bytes(len(route)))
    zeros = bytes(geometry.keystream_bytes)
    keystreams = [stream_xor(hop.stream_key, zeros) for hop in keys]
    routing = final_routing(geometry, keystreams, destination, version, padding)
    mac = header_mac(keys[-1].mac_key, routing)
    front = bytes((FORWARD_FLAG,)) + version
    kept = geometry.routing_bytes - STEP_BYTES
    for i in range(len(route) - 2, -1, -1):
        delay = delays_ns[i].to_bytes(8, "big")
        block = b"".join((front, route[i + 1].address, delay, mac, routing[:kept]))
        routing = xor(block, keystreams[i][: geometry.routing_bytes])
        mac = header_mac(keys[i].mac_key, routing)
    return mac + routing


def final_routing(
    geometry: Geometry,
    keystreams: Sequence[bytes],
    destination: Destination,
    version: bytes,
    padding: bytes,
) -> bytes:
    """The last hop's routing information: its block, encrypted, then the filler.

    The padding must be random: zeros would tell the last hop how long the route was
    (Kuhn, Beck and Strufe, 2020).
    """
    front = bytes((FINAL_FLAG,)) + version
    block = b"".join((front, destination.address, destination.identifier, padding))
    return xor(block, keystreams[-1][: len(block)]) + filler(geometry, keystreams[:-1])


def filler(geometry: Geometry, keystreams: Sequence[bytes]) -> bytes:
    """What the hops before the last will have left behind the header's end (phi).

    Each hop appends a step of zeros and decrypts past the end: the sender plays that through
    in advance, because the last hop's MAC must cover the result.
    """
    tail = b""
    for keystream in keystreams:
        tail += bytes(STEP_BYTES)
        tail = xor(tail, keystream[geometry.keystream_bytes - len(tail) :])
    return tail


def open_routing(geometry: Geometry, keys: HopKeys, routing: bytes) -> bytes:
    """Decrypt beta and the step of zeros appended to it."""
    return stream_xor(keys.stream_key, routing + bytes(geometry.keystream_bytes - len(routing)))


def next_header(block: bytes) -> bytes:
    """The next hop's MAC and routing information, as an opened block holds them."""
    return block[NEXT_MAC.start :]


def forward_fields(block: bytes) -> tuple[bytes, int]:
    """Next address and delay in nanoseconds, of an opened forward block."""
    return block[NEXT_ADDRESS], int.from_bytes(block[DELAY], "big")


assert NEXT_MAC.stop - NEXT_MAC.start == MAC_BYTES
assert NEXT_MAC.stop == STEP_BYTES
