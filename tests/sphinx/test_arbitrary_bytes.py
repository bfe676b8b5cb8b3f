"""100,000 arbitrary byte strings: nothing but a `PacketError` leaves, whatever they are."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from workbench.errors import PacketError
from workbench.sphinx import (
    Destination,
    FinalHop,
    ForwardHop,
    Geometry,
    Hop,
    PrivateKey,
    ReplyKeys,
    Surb,
    Version,
    create_packet,
    create_surb,
    open_reply,
    parse_frame,
    process,
    reply_with,
)

STRINGS = 100_000
GEOMETRY = Geometry.nym_ack()
KEY = PrivateKey(bytes(range(32)))
ROUTE = [Hop(bytes([9]) * 32, KEY.public)] * 3
ME = Destination(bytes(32), b"sixteen bytes ..")


def strings(rng: random.Random, honest: list[bytes], size: int) -> Iterator[bytes]:
    """Noise of any length, noise of the right length, and honest bytes with a few changes."""
    for number in range(STRINGS):
        kind = number % 4
        if kind == 0:
            yield rng.randbytes(rng.choice((0, 1, size - 1, size + 1, rng.randrange(3 * size))))
        elif kind == 1:
            yield rng.randbytes(size)
        elif kind == 2:
            data = bytearray(rng.choice(honest))
            for _ in range(rng.randrange(1, 4)):
                data[rng.randrange(len(data))] = rng.choice((0, 1, 2, 255, rng.randrange(256)))
            yield bytes(data)
        else:
            data = rng.choice(honest)
            cut = rng.randrange(len(data))
            yield data[:cut] + rng.choice((b"", bytes(len(data) - cut), data[: len(data) - cut]))


def outcomes(work: Callable[[bytes], object], inputs: Iterator[bytes]) -> Counter[str]:
    """What came of each input; anything but a `PacketError` ends the test."""
    found: Counter[str] = Counter()
    for data in inputs:
        try:
            found[type(work(data)).__name__] += 1
        except PacketError as error:
            found[type(error).__name__] += 1
    assert sum(found.values()) == STRINGS
    return found


def honest_packets() -> list[bytes]:
    draws = random.Random("honest").randbytes
    packets = [
        create_packet(b"honest", ROUTE[:hops], ME, [0] * hops, GEOMETRY, version, draws)
        for hops in (1, 2, 3)
        for version in Version
    ]
    surb, _ = create_surb(ROUTE, ME, [0] * 3, GEOMETRY, Version.V260, draws)
    return [*packets, reply_with(surb, b"reply", GEOMETRY).packet]


@pytest.mark.timeout(300)
def test_process_answers_or_refuses_every_byte_string() -> None:
    rng = random.Random("process")
    found = outcomes(
        lambda data: process(data, KEY, GEOMETRY),
        strings(rng, honest_packets(), GEOMETRY.packet_bytes),
    )
    for expected in ("ForwardHop", "FinalHop", "BadMacError", "PacketLengthError"):
        assert found[expected] > 100, found
    assert found["BadPaddingError"] > 10, found


@pytest.mark.timeout(300)
def test_open_reply_answers_or_refuses_every_byte_string() -> None:
    draws = random.Random("reply").randbytes
    surb, keys = create_surb(ROUTE[:1], ME, [0], GEOMETRY, Version.V260, draws)
    last = process(reply_with(surb, b"honest", GEOMETRY).packet, KEY, GEOMETRY)
    assert isinstance(last, FinalHop)
    early = ReplyKeys(ME.identifier, Version.V259, ())
    rng = random.Random("open_reply")
    found = outcomes(
        lambda data: open_reply(data, rng.choice((keys, early)), GEOMETRY),
        strings(rng, [last.payload], GEOMETRY.payload_bytes),
    )
    for expected in ("bytes", "BadPaddingError", "PacketLengthError"):
        assert found[expected] > 100, found


@pytest.mark.timeout(300)
def test_the_frame_parser_answers_or_refuses_every_byte_string() -> None:
    framed = [bytes([8, 2, 0, rotation]) + bytes(386) for rotation in range(3)]
    rng = random.Random("frames")
    found = outcomes(parse_frame, strings(rng, framed, 390))
    for expected in ("Frame", "FrameError"):
        assert found[expected] > 100, found


def test_the_parsers_of_blocks_and_keys_answer_or_refuse() -> None:
    draws = random.Random("surbs").randbytes
    surb, keys = create_surb(ROUTE, ME, [0] * 3, GEOMETRY, Version.V260, draws)
    rng = random.Random("blocks")
    blocks = outcomes(
        lambda data: Surb.from_bytes(data, GEOMETRY), strings(rng, [surb.to_bytes()], 396)
    )
    assert blocks["Surb"] > 100
    assert blocks["SurbError"] > 100
    kept = outcomes(ReplyKeys.from_bytes, strings(rng, [keys.to_bytes()], 64))
    assert kept["ReplyKeys"] > 100
    assert kept["SurbError"] > 100


@pytest.mark.parametrize("fill", [0, 1, 127, 128, 255])
def test_packets_of_one_byte_over_and_over_are_refused(fill: int) -> None:
    with pytest.raises(PacketError):
        process(bytes([fill]) * GEOMETRY.packet_bytes, KEY, GEOMETRY)


def test_a_forged_chain_of_forward_hops_ends() -> None:
    # A packet whose every hop is the same key: the header has room for five and no more.
    packet = create_packet(b"", [ROUTE[0]] * 5, ME, [0] * 5, GEOMETRY)
    steps = 0
    while True:
        result = process(packet, KEY, GEOMETRY)
        if not isinstance(result, ForwardHop):
            break
        packet = result.packet
        steps += 1
    assert steps == 4
