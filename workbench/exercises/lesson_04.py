"""Lesson 4, follow it, break it, reply to it: its guess, and two exercises."""

from __future__ import annotations

import random
from collections.abc import Callable

from workbench.errors import PacketError
from workbench.sphinx import (
    Destination,
    FinalHop,
    ForwardHop,
    Geometry,
    Hop,
    PrivateKey,
    create_packet,
    process,
    trace,
    weak,
)
from workbench.sphinx.geometry import POINT_BYTES
from workbench.teaching import Check, Prediction, Question, Text, Wrong, say

GEOMETRY = Geometry()
_HOPS = 4
_AT_ONCE, _AT_THE_END, _NOBODY = "the very next node", "only the last node", "nobody"
_MARKS = range(2, 256)  # a mark of 1 would look like the end of the text


# --- the guess ---


def prediction() -> Prediction:
    """Who notices a flipped bit, in the header and in the payload?"""
    who = (_AT_ONCE, _AT_THE_END, _NOBODY)
    return Prediction(
        "04/flip",
        "Somebody on a wire turns over one bit of your packet. Who notices?",
        [
            Question("A bit of R, the routing information:", options=who),
            Question("A bit of P, the payload:", options=who),
        ],
        truth=lambda: [_noticed(GEOMETRY.header_bytes - 1), _noticed(GEOMETRY.packet_bytes - 1)],
        why=lambda: (
            "The MAC covers the routing information and nothing else. The payload has no MAC at "
            "any mix: the last node sees that its zeros are gone. Now break one yourself."
        ),
    )


def _noticed(offset: int) -> str:
    """Flip a bit on the way to the second node and see who refuses."""
    keys, packet = _packet(random.Random(offset), b"who notices?")
    first = process(packet, keys[0])
    assert isinstance(first, ForwardHop)
    hops = trace(weak.flip_bit(first.packet, 8 * offset), keys[1:]).hops
    if hops[-1].outcome != "refused":
        return _NOBODY
    return _AT_ONCE if len(hops) == 1 else _AT_THE_END


def _packet(rng: random.Random, message: bytes) -> tuple[list[PrivateKey], bytes]:
    keys = [PrivateKey.from_bytes(rng.randbytes(32)) for _ in range(_HOPS)]
    route = [Hop(rng.randbytes(32), key.public) for key in keys]
    delays = [rng.randrange(1, 2000) / 1000 for _ in keys]
    where = Destination(rng.randbytes(32))
    return keys, create_packet(message, route, where, delays, random_bytes=rng.randbytes)


def what_to_break() -> Text:
    """What to try in the panel, and what each of it comes to."""
    return say(
        """
        Go to the second node and try each of these. After each press *Mend*.

        - Flip a bit of M or of R. The **MAC** of the next node does not fit: it refuses at once.
        - Flip a bit of P. Every mix passes it on. Only the last node sees that something
          happened.
        - Cut a byte off. A packet of another length is none.
        - *Send twice*. The node remembers a **replay tag** and refuses the second copy, also if
          you flip a bit of P in it: the tag comes from the **shared secret**, not from the bytes.
        - Flip the top bit of the last byte of A: byte {last}, the leftmost of its bits. The
          mathematics does not read that bit, so nobody notices, and nothing comes of it: same
          secret, same replay tag.
        """,
        last=POINT_BYTES - 1,
    )


def under_a_stream_cipher() -> Text:
    """One flipped bit under the weak payload cipher, measured."""
    return spread_of_one_bit(stream_payload=True)


def under_lioness() -> Text:
    """One flipped bit under the real payload cipher, measured."""
    return spread_of_one_bit(stream_payload=False)


def spread_of_one_bit(stream_payload: bool, tries: int = 20) -> Text:
    """What one flipped payload bit has become at the last node, measured."""
    rng = random.Random()
    results = [
        weak.tagging_attack(
            rng.randrange(8 * 17, 8 * GEOMETRY.payload_bytes), stream_payload=stream_payload
        )
        for _ in range(tries)
    ]
    changed = [r.changed_bits for r in results]
    return say(
        "{tries} packets, one bit flipped in each. At the last node {span} of {bits:,} bits of "
        "the payload had changed; it refused {refused} of {tries}.",
        tries=tries,
        span=" to ".join(f"{n:,}" for n in sorted({min(changed), max(changed)})),
        bits=results[0].payload_bits,
        refused=sum(r.refused for r in results),
    )


def destroying_is_seen(packets: int = 10) -> Text:
    """One packet of several is spoiled at the first node: what the last node can tell."""
    rng = random.Random()
    spoiled = rng.randrange(packets)
    refused = []
    for number in range(packets):
        keys, packet = _packet(rng, rng.randbytes(40))
        if number == spoiled:
            packet = weak.flip_bit(packet, 8 * rng.randrange(GEOMETRY.header_bytes, len(packet)))
        if trace(packet, keys).outcome == "refused":
            refused.append(number)
    return say(
        "Of {packets} packets the first node spoiled number {spoiled}. The last node refused "
        "{count}: number {refused}. If both nodes belong to one person, they have linked the two "
        "ends of that packet, and paid for it with the message.",
        packets=packets,
        spoiled=spoiled + 1,
        count=len(refused),
        refused=", ".join(str(number + 1) for number in refused),
    )


# --- what the packet gave, and what the wire did ---


def _try_notes(answer: Callable[..., object], rng: random.Random) -> str:
    keys, packet = _packet(rng, rng.randbytes(30))
    place = rng.randrange(_HOPS - 1)
    for key in keys[:place]:
        passed = process(packet, key)
        assert isinstance(passed, ForwardHop)
        packet = passed.packet
    result = process(packet, keys[place])
    assert isinstance(result, ForwardHop)
    came_from = f"10.{rng.randrange(256)}.{rng.randrange(256)}.{rng.randrange(1, 255)}"
    given = answer(result, came_from)
    if not (isinstance(given, tuple | list) and len(given) == 2):
        raise Wrong("Two dictionaries are expected: what the packet told, what the wire told.")
    packet_told, wire_told = given
    if not isinstance(packet_told, dict) or not isinstance(wire_told, dict):
        raise Wrong("Two dictionaries are expected: what the packet told, what the wire told.")
    if came_from in packet_told.values():
        raise Wrong("No byte of the packet says who handed it in: the node sees that on its wire.")
    want = {
        "next node": result.next_address,
        "wait": result.delay_s,
        "replay tag": result.replay_tag,
    }
    for name, value in want.items():
        if name in wire_told or value in wire_told.values():
            raise Wrong(f"The {name} does not come from the wire: it stands in the packet.")
        if packet_told.get(name) != value:
            raise Wrong(f"Under '{name}' the packet told this node something else.")
    if set(packet_told) != set(want):
        raise Wrong(f"The packet told {', '.join(want)}, and no more.")
    if wire_told != {"handed in by": came_from}:
        raise Wrong("The wire told one thing, under 'handed in by'.")
    return "The rest, who made it and how many nodes follow, this node does not know."


check_notes = Check(
    "04/notes",
    "Fill in what the packet told this node, and what the wire did.",
    _try_notes,
    misconception=(
        "A node learns who handed the packet in, so it is tempting to say that the packet told "
        "it. But that stands in no byte: it comes from the wire, and at the second node it is "
        "the first node's name, not yours."
    ),
    smaller_task=(
        "print(dir(result)) shows what the packet gave. Find next_address, delay_s and "
        "replay_tag; came_from is the one thing left."
    ),
    explanation=(
        "Three things stand in the packet, readable with this node's key only. The fourth is "
        "seen by anybody who watches the wire."
    ),
    solution="""
        def notes(result, came_from):
            packet_told = {
                "next node": result.next_address,
                "wait": result.delay_s,
                "replay tag": result.replay_tag,
            }
            wire_told = {"handed in by": came_from}
            return packet_told, wire_told
    """,
)


# --- a mark on a packet ---


def _try_mark(mark: Callable[..., object], read: Callable[..., object], rng: random.Random) -> str:
    number = rng.choice(_MARKS)
    message = rng.randbytes(rng.randrange(1, 300))
    keys = [PrivateKey.from_bytes(rng.randbytes(32)) for _ in range(_HOPS)]
    route = [Hop(rng.randbytes(32), key.public) for key in keys]
    where = Destination(rng.randbytes(32))
    weak_packet = weak.create_packet_stream_payload(
        message, route, where, [0.0] * _HOPS, random_bytes=rng.randbytes
    )
    opened = _through_stream(_marked(mark, weak_packet, number), keys)
    got = read(opened)
    if got != number:
        raise Wrong(f"You wrote {number} at the first node and read {got!r:.40} at the last.")
    real_packet = create_packet(message, route, where, [0.0] * _HOPS, random_bytes=rng.randbytes)
    last = trace(_marked(mark, real_packet, number), keys).hops[-1]
    if last.outcome != "refused" or last.payload_after is None:
        raise Wrong("The real payload arrived whole: your mark did not touch it.")
    noise = read(last.payload_after)
    return (
        f"Under the bare stream cipher you read your {number} again at the other end and nobody "
        f"noticed. Under the real cipher the last node refused the packet, and where you wrote "
        f"{number} you read {noise!r:.40} in the noise."
    )


def _marked(mark: Callable[..., object], packet: bytes, number: int) -> bytes:
    given = mark(packet, number)
    if not isinstance(given, bytes | bytearray) or len(given) != len(packet):
        raise Wrong(f"mark should give back a packet of the same {len(packet):,} bytes.")
    if bytes(given[: GEOMETRY.header_bytes]) != packet[: GEOMETRY.header_bytes]:
        raise Wrong("Your mark changes the header: the next node's MAC refuses it.")
    return bytes(given)


def _through_stream(packet: bytes, keys: list[PrivateKey]) -> bytes:
    for key in keys:
        try:
            result = weak.process_stream_payload(packet, key)
        except PacketError as error:
            raise Wrong(
                f"Even the bare stream cipher's last node notices: {error}. Leave the zeros in "
                "front of the text alone."
            ) from None
        if isinstance(result, FinalHop):
            return result.payload
        packet = result.packet
    raise Wrong("No node was told that it is the last one.")


check_mark = Check(
    "04/mark",
    "Write a number into the packet at the first node; read it again at the last.",
    _try_mark,
    misconception=(
        "You need not break the encryption. Under a stream cipher a byte that you change on the "
        "wire is the same byte changed in the text; and what stands at the end of the payload "
        "you know already: zeros."
    ),
    smaller_task=(
        "change the last byte of the packet only: packet[-1] ^ number. What is opened[-1] at "
        "the other end, if a zero stood there?"
    ),
    explanation=(
        "A stream cipher adds its noise bit by bit, so what you add stays where you added it, "
        "through every node. The real payload cipher, LIONESS, mixes the whole block: one bit "
        "changes all of it, and your number is gone with the text."
    ),
    solution="""
        def mark(packet, number):
            return packet[:-1] + bytes([packet[-1] ^ number])

        def read(opened):
            return opened[-1]
    """,
)

__all__ = [
    "check_mark",
    "check_notes",
    "destroying_is_seen",
    "prediction",
    "spread_of_one_bit",
    "under_a_stream_cipher",
    "under_lioness",
    "what_to_break",
]
