"""Lesson 3, pack a real Sphinx packet: its guess, and the ladder of four exercises.

Each rung's answer is put into a packet whose other parts the library makes, and the
library's nodes must accept it.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from workbench.errors import PacketError
from workbench.sphinx import (
    Destination,
    FinalHop,
    ForwardHop,
    Geometry,
    Hop,
    PrivateKey,
    Version,
    create_packet,
    header,
    payload,
    process,
    weak,
)
from workbench.sphinx.geometry import STEP_BYTES
from workbench.sphinx.keys import HopKeys, hop_keys, sender_keys
from workbench.sphinx.primitives import (
    header_mac,
    lioness_encrypt,
    stream_xor,
    x25519,
    x25519_base,
)
from workbench.teaching import Check, Prediction, Question, Text, Wrong, say

GEOMETRY = Geometry()
VERSION = Version.V259


# --- tools for the learner ---


def blinding_of(secret: bytes) -> bytes:
    """The blinding factor that follows from a shared secret: 32 bytes."""
    return hop_keys(secret).blinding


def xor(left: bytes, right: bytes) -> bytes:
    """Two byte strings added bit by bit, as far as both reach."""
    return bytes(a ^ b for a, b in zip(left, right, strict=False))


def forward_block(address: bytes, delay_ns: int, mac: bytes, routing: bytes) -> bytes:
    """What one node reads: flag, version, next address, delay, the next MAC, and what fits.

    As long as the routing information: its own front pushes the end of `routing` out.
    """
    front = bytes((header.FORWARD_FLAG,)) + VERSION.to_bytes3()
    block = front + address + delay_ns.to_bytes(8, "big") + mac + routing
    return block[: GEOMETRY.routing_bytes]


# --- the guess ---


def prediction() -> Prediction:
    """How much shorter is the packet once the first node has taken its layer off?"""
    return Prediction(
        "03/size",
        "Before you look inside",
        [
            Question(
                "Each node peels off its own layer. How much shorter is the packet "
                "after the first node?",
                "number",
                unit="bytes",
            )
        ],
        truth=lambda: [f"{_shrinks_by():,} bytes"],
        why=lambda: (
            "What a node takes off in front, it adds behind, and the sender reckoned with it. "
            "Step on and compare the two maps."
        ),
    )


def _shrinks_by() -> int:
    keys = [PrivateKey.generate() for _ in range(4)]
    route = [Hop(os.urandom(32), key.public) for key in keys]
    packet = create_packet(b"how long am I?", route, Destination(os.urandom(32)), [0.1] * 4)
    result = process(packet, keys[0])
    assert isinstance(result, ForwardHop)
    return len(packet) - len(result.packet)


def explained() -> Text:
    """Why the packet keeps its size, and what its length would be at each node otherwise."""
    keys = [PrivateKey.generate() for _ in range(4)]
    route = [Hop(os.urandom(32), key.public) for key in keys]
    packet = weak.create_packet_no_filler(b"short", route, Destination(os.urandom(32)), [0.0] * 4)
    sizes = [len(packet)]
    for key in keys[:-1]:
        result = weak.process_no_filler(packet, key)
        assert isinstance(result, ForwardHop)
        packet = result.packet
        sizes.append(len(packet))
    return say(
        """
        Look at R in the panel. One row of the wide map is one node's place. The node reads the
        first row: the next address, how long to wait, and the **MAC** for the next node. All
        other rows move up by one. And so that nothing gets shorter, the node adds one row at
        the end.

        What it adds are zeros, and its own key turns them to noise. The sender knows that key
        too, and works out in advance what will stand there. These bytes are the **filler**.

        Without the filler the same packet would have {sizes} bytes at its four nodes. Who reads
        off a length then knows how many nodes are still to come. With it the packet has
        {size:,} bytes everywhere.
        """,
        sizes=", ".join(f"{size:,}" for size in sizes),
        size=GEOMETRY.packet_bytes,
    )


def zero_padding_tells() -> Text:
    """Zeros in the final block: what the last node counts on routes of each length."""
    counted = []
    for hops in range(2, GEOMETRY.max_hops + 1):
        keys = [PrivateKey.generate() for _ in range(hops)]
        route = [Hop(os.urandom(32), key.public) for key in keys]
        where = Destination(os.urandom(32), os.urandom(15) + b"\x01")
        packet = weak.create_packet_zero_padding(b"count me", route, where, [0.0] * hops)
        for key in keys[:-1]:
            result = process(packet, key)
            assert isinstance(result, ForwardHop)
            packet = result.packet
        zeros = weak.padding_zeros(packet, keys[-1])
        counted.append(f"{hops} nodes: {zeros} zeros, so it reckons {weak.hops_from_zeros(zeros)}")
    return say(
        "Every node accepts these packets, and all have one size. Yet the last node counts. "
        "{counts}.",
        counts="; ".join(counted),
    )


def sizes() -> Text:
    """The packet's parts in words, with the library's numbers."""
    return say(
        """
        - **A**, the group element, {point} bytes: from it each node makes a secret that only it
          and the sender know.
        - **M**, the MAC, {mac} bytes: shows that the header is as the sender made it.
        - **R**, the routing information, {routing} bytes: {hops} places of {step} bytes, one for
          each node that a route can have.
        - **P**, the payload, {payload:,} bytes: {zeros} zeros, your text, one mark, zeros to fill
          up; then one layer of encryption for each node.

        Together {packet:,} bytes, whatever you write and whichever route you choose.
        """,
        point=len(x25519_base(bytes(32))),
        mac=header.NEXT_MAC.stop - header.NEXT_MAC.start,
        routing=GEOMETRY.routing_bytes,
        hops=GEOMETRY.max_hops,
        step=STEP_BYTES,
        payload=GEOMETRY.payload_bytes,
        zeros=len(payload.pad(b"", GEOMETRY)) - len(payload.pad(b"", GEOMETRY).lstrip(b"\0")),
        packet=GEOMETRY.packet_bytes,
    )


# --- a random case, and what the library's nodes say to it ---


@dataclass(frozen=True)
class _Case:
    keys: tuple[PrivateKey, ...]
    route: tuple[Hop, ...]
    delays_ns: tuple[int, ...]
    secret: bytes
    message: bytes
    padding: bytes
    destination: Destination

    @property
    def shared(self) -> list[HopKeys]:
        return sender_keys(self.secret, [key.public for key in self.keys])

    @property
    def keystreams(self) -> list[bytes]:
        zeros = bytes(GEOMETRY.keystream_bytes)
        return [stream_xor(hop.stream_key, zeros) for hop in self.shared]

    @property
    def final_block(self) -> bytes:
        front = bytes((header.FINAL_FLAG,)) + VERSION.to_bytes3()
        return front + self.destination.address + self.destination.identifier + self.padding

    def packet(self, shared: Sequence[HopKeys], mac_and_routing: bytes = b"") -> bytes:
        rest = mac_and_routing or header.build_header(
            GEOMETRY,
            self.route,
            shared,
            self.delays_ns,
            self.destination,
            VERSION.to_bytes3(),
            lambda _: self.padding,
        )
        return x25519_base(self.secret) + rest + self.sealed(shared)

    def sealed(self, shared: Sequence[HopKeys]) -> bytes:
        layers = [hop.payload_key(VERSION) for hop in reversed(shared)]
        return payload.add_layers(payload.pad(self.message, GEOMETRY), layers)


def _case(rng: random.Random, fewest: int = 1) -> _Case:
    hops = rng.randint(fewest, GEOMETRY.max_hops)
    keys = tuple(PrivateKey.from_bytes(rng.randbytes(32)) for _ in range(hops))
    return _Case(
        keys,
        tuple(Hop(rng.randbytes(32), key.public) for key in keys),
        tuple(rng.randrange(10**9) for _ in keys),
        rng.randbytes(32),
        rng.randbytes(rng.randrange(200)),
        rng.randbytes(GEOMETRY.final_padding_bytes(hops)),
        Destination(rng.randbytes(32), rng.randbytes(16)),
    )


def _deliver(case: _Case, packet: bytes) -> bytes:
    """Send the packet through the library's nodes; Wrong names the one that refuses."""
    for number, key in enumerate(case.keys, start=1):
        try:
            result = process(packet, key, GEOMETRY)
        except PacketError as error:
            raise Wrong(f"Node {number} of {len(case.keys)} refuses the packet: {error}.") from None
        if isinstance(result, FinalHop):
            return result.message or b""
        packet = result.packet
    raise Wrong("No node was told that it is the last one.")


def _must_arrive(case: _Case, packet: bytes) -> None:
    if _deliver(case, packet) != case.message:
        raise Wrong("The last node opened another text than the one that was sent.")


def _bytes_of(given: object, size: int, what: str) -> bytes:
    if not isinstance(given, bytes | bytearray):
        raise Wrong(f"{what} should be bytes; it is of type {type(given).__name__}.")
    if len(given) != size:
        raise Wrong(f"{what} should have {size} bytes; it has {len(given)}.")
    return bytes(given)


# --- rung 1: the secrets ---


def _try_secrets(answer: Callable[..., object], rng: random.Random) -> str:
    case = _case(rng)
    publics = [key.public for key in case.keys]
    given = answer(case.secret, list(publics))
    if not isinstance(given, list | tuple) or len(given) != len(publics):
        raise Wrong(f"A list of {len(publics)} secrets is expected, one for each public key.")
    group_element = x25519_base(case.secret)
    for number, (secret, key) in enumerate(zip(given, case.keys, strict=True), start=1):
        held = x25519(key.secret, group_element)
        if secret != held:
            hint = ""
            if secret == x25519(case.secret, key.public):
                hint = " You used x alone: this node sees a group element blinded on the way."
            raise Wrong(f"Node {number} of {len(publics)} derives another secret than yours.{hint}")
        group_element = x25519(blinding_of(held), group_element)
    _must_arrive(case, case.packet([hop_keys(secret) for secret in given]))
    return "A packet made with your secrets went through the library's nodes."


check_secrets = Check(
    "03/secrets",
    "Return one shared secret for each public key, in route order.",
    _try_secrets,
    misconception=(
        "It is tempting to use x for every node. But each node multiplies the group element by "
        "its blinding factor before it passes it on, so a later node sees x times all the "
        "blinding factors before it."
    ),
    smaller_task=(
        "two nodes. The first secret is x25519(x, first key). For the second start with "
        "x25519(x, second key), then multiply once more, by blinding_of(first secret)."
    ),
    explanation=(
        "Keep a list of the numbers so far: x, then one blinding factor for each node passed. A "
        "node's secret is its public key multiplied by all of them in turn; its own blinding "
        "factor then joins the list for the nodes after it."
    ),
    solution="""
        def shared_secrets(x, public_keys):
            numbers = [x]
            secrets = []
            for public_key in public_keys:
                point = public_key
                for number in numbers:
                    point = x25519(number, point)
                secrets.append(point)
                numbers.append(blinding_of(point))
            return secrets
    """,
)


# --- rung 2: the payload's layers ---


def _try_layers(answer: Callable[..., object], rng: random.Random) -> str:
    case = _case(rng, fewest=2)
    keys = [hop.payload_key(VERSION) for hop in case.shared]
    padded = payload.pad(case.message, GEOMETRY)
    given = _bytes_of(answer(padded, list(keys)), GEOMETRY.payload_bytes, "The payload")
    if given == padded:
        raise Wrong("That is the text itself: whoever sees the packet reads it.")
    if given == payload.add_layers(padded, keys):
        raise Wrong(
            "Your outermost layer belongs to the last node, but the first node is the one that "
            "peels first."
        )
    front = case.packet(case.shared)[: GEOMETRY.header_bytes]
    _must_arrive(case, front + given)
    return f"The last of {len(keys)} nodes read the text."


check_layers = Check(
    "03/layers",
    "Return the payload under one layer for each key.",
    _try_layers,
    misconception=(
        "The keys come in route order, and it is tempting to wrap in that order. What you put "
        "on last is what the first node meets."
    ),
    smaller_task=(
        "two keys. Whose layer must come off first, and so must be put on last? Write the two "
        "calls of lioness_encrypt without a loop."
    ),
    explanation=(
        "Like putting on clothes: what comes off first goes on last. So begin with the last "
        "node's key."
    ),
    solution="""
        def wrap(padded, payload_keys):
            for key in reversed(payload_keys):
                padded = lioness_encrypt(key, padded)
            return padded
    """,
)


# --- rung 3: the header, given the filler ---


def _try_header(answer: Callable[..., object], rng: random.Random) -> str:
    case = _case(rng, fewest=2)
    shared, streams = case.shared, case.keystreams
    filler = header.filler(GEOMETRY, streams[:-1])
    given = answer(
        case.final_block,
        filler,
        list(streams),
        [hop.mac_key for hop in shared],
        [hop.address for hop in case.route],
        list(case.delays_ns),
    )
    if not isinstance(given, tuple | list) or len(given) != 2:
        raise Wrong("Two things are expected: the first node's MAC and its routing information.")
    mac = _bytes_of(given[0], header.NEXT_MAC.stop - header.NEXT_MAC.start, "The MAC")
    routing = _bytes_of(given[1], GEOMETRY.routing_bytes, "The routing information")
    _must_arrive(case, case.packet(shared, mac + routing))
    return f"Your header led a packet through {len(shared)} of the library's nodes."


check_header = Check(
    "03/header",
    "Return the MAC and the routing information for the first node.",
    _try_header,
    misconception=(
        "It is tempting to start with the first node. But the first node's block holds the MAC "
        "of what the second node will read, so that must be finished first: build from the last "
        "node to the first."
    ),
    smaller_task=(
        "the last node alone. Its routing information is the final block under its keystream, "
        "with the filler behind; its MAC is header_mac(its MAC key, that)."
    ),
    explanation=(
        "For each earlier node: put a block in front of what is there, cut to length, cover it "
        "with this node's keystream, and make the MAC of the result. That MAC goes into the "
        "block of the node before."
    ),
    solution="""
        def build_header(final_block, filler, keystreams, mac_keys, addresses, delays_ns):
            routing = xor(final_block, keystreams[-1]) + filler
            mac = header_mac(mac_keys[-1], routing)
            for i in reversed(range(len(addresses) - 1)):
                block = forward_block(addresses[i + 1], delays_ns[i], mac, routing)
                routing = xor(block, keystreams[i])
                mac = header_mac(mac_keys[i], routing)
            return mac, routing
    """,
)


# --- rung 4: the filler ---


def _try_filler(answer: Callable[..., object], rng: random.Random) -> str:
    case = _case(rng, fewest=2)
    streams = case.keystreams
    given = answer(list(streams[:-1]))
    size = GEOMETRY.filler_bytes(len(case.keys))
    filler = _bytes_of(given, size, f"The filler for {len(case.keys)} nodes")
    routing = xor(case.final_block, streams[-1]) + filler
    mac = header_mac(case.shared[-1].mac_key, routing)
    for i in reversed(range(len(case.keys) - 1)):
        block = forward_block(case.route[i + 1].address, case.delays_ns[i], mac, routing)
        routing = xor(block, streams[i])
        mac = header_mac(case.shared[i].mac_key, routing)
    _must_arrive(case, case.packet(case.shared, mac + routing))
    return f"Every MAC of {len(case.keys)} nodes fitted your filler."


check_filler = Check(
    "03/filler",
    "Return the bytes that the nodes before the last will have left behind the header.",
    _try_filler,
    misconception=(
        "It is tempting to fill with zeros or with random bytes. But the last node's MAC covers "
        "these bytes, so the sender must know exactly what will stand there: the zeros that "
        "each node adds, under the keystreams of the nodes they pass."
    ),
    smaller_task=(
        "two nodes, so one keystream. The first node appends one step of zeros and covers it "
        "with the last bytes of its keystream. What stands there then?"
    ),
    explanation=(
        "Play the nodes through: append a step of zeros, cover all that was appended so far "
        "with the end of this node's keystream, go on to the next node."
    ),
    solution="""
        def filler(keystreams):
            tail = b""
            for keystream in keystreams:
                tail = tail + bytes(STEP_BYTES)
                tail = xor(tail, keystream[-len(tail):])
            return tail
    """,
)

__all__ = [
    "STEP_BYTES",
    "blinding_of",
    "check_filler",
    "check_header",
    "check_layers",
    "check_secrets",
    "explained",
    "forward_block",
    "header_mac",
    "lioness_encrypt",
    "prediction",
    "sizes",
    "x25519",
    "xor",
    "zero_padding_tells",
]
