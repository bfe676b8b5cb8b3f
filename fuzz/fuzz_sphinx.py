"""Coverage-guided fuzzing of everything in `workbench.sphinx` that takes outside bytes.

The property: whatever comes in, nothing but a `PacketError` comes out. See fuzz/README.md.
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["workbench"]):
    from workbench.errors import PacketError
    from workbench.sphinx import (
        Destination,
        ForwardHop,
        Geometry,
        Hop,
        PrivateKey,
        ReplayFilter,
        ReplyKeys,
        Surb,
        Version,
        build_frame,
        create_packet,
        decode_address,
        open_reply,
        parse_frame,
        process,
        reply_with,
        trace,
        weak,
    )
    from workbench.sphinx.keys import hop_keys
    from workbench.sphinx.payload import add_layers
    from workbench.sphinx.primitives import header_mac, stream_xor, x25519, x25519_base

GEOMETRY = Geometry.nym_ack()
KEY = PrivateKey(bytes(range(32)))
ALPHA = x25519_base(bytes(range(1, 33)))
FRONTS = [
    b"",
    *(bytes([flag]) + version.to_bytes3() for flag in (1, 2) for version in Version),
    b"\1\0\1\1",
    b"\2\0\1\1",
]
HOP_KEYS = hop_keys(x25519(KEY.secret, ALPHA))


def sealed(data: atheris.FuzzedDataProvider) -> bytes:
    """A packet whose MAC holds, whatever its block and payload are: reaches what lies behind."""
    # Flag and version: often known ones, since no fuzzer guesses four bytes soon.
    front = data.PickValueInList(FRONTS) or data.ConsumeBytes(4)
    block = (front + data.ConsumeBytes(296)).ljust(GEOMETRY.routing_bytes, b"\0")
    routing = stream_xor(HOP_KEYS.stream_key, block)
    zeros = bytes(16) if data.ConsumeBool() else b""
    plain = (zeros + data.ConsumeBytes(38))[: GEOMETRY.payload_bytes]
    plain = plain.ljust(GEOMETRY.payload_bytes, b"\0")
    version = Version.V258 if block[1:4] == Version.V258.to_bytes3() else Version.V259
    payload = add_layers(plain, [HOP_KEYS.payload_key(version)])
    return ALPHA + header_mac(HOP_KEYS.mac_key, routing) + routing + payload


def fuzz_packet(data: atheris.FuzzedDataProvider) -> None:
    """Any bytes as a packet."""
    process(data.ConsumeBytes(1000), KEY, GEOMETRY)


def fuzz_sealed_packet(data: atheris.FuzzedDataProvider) -> None:
    """Any block and payload under a right MAC."""
    result = process(sealed(data), KEY, GEOMETRY, ReplayFilter(1))
    if isinstance(result, ForwardHop):
        assert len(result.packet) == GEOMETRY.packet_bytes


def fuzz_trace(data: atheris.FuzzedDataProvider) -> None:
    """The trace puts refusals into its data, whatever the bytes are."""
    packet = sealed(data) if data.ConsumeBool() else data.ConsumeBytes(1000)
    traced = trace(packet, [KEY, KEY], GEOMETRY)
    traced.table()
    for hop in traced.hops:
        hop.table()


def fuzz_reply(data: atheris.FuzzedDataProvider) -> None:
    """Any reply keys and any payload."""
    kept = data.ConsumeBytes(16 + 16 * data.ConsumeIntInRange(0, 6))
    keys = ReplyKeys.from_bytes(kept)
    assert keys.to_bytes() == kept
    open_reply(data.ConsumeBytes(60), keys, GEOMETRY)


def fuzz_block(data: atheris.FuzzedDataProvider) -> None:
    """Any reply block, answered and sent on."""
    block = data.ConsumeBytes(380 + 16 * data.ConsumeIntInRange(0, 70))
    assert Surb.from_bytes(block, GEOMETRY).to_bytes() == block
    process(reply_with(block, data.ConsumeBytes(30), GEOMETRY).packet, KEY, GEOMETRY)


def fuzz_frame(data: atheris.FuzzedDataProvider) -> None:
    """Any frame; what is read is written back."""
    framed = data.ConsumeBytes(40_000)
    frame = parse_frame(framed)
    assert build_frame(frame.packet, frame.key_rotation) == framed


def fuzz_address(data: atheris.FuzzedDataProvider) -> None:
    """Any address."""
    decode_address(data.ConsumeBytes(33))


def fuzz_making(data: atheris.FuzzedDataProvider) -> None:
    """Any route, delays, geometry and version for a sender."""
    geometry = Geometry(data.ConsumeIntInRange(0, 300), data.ConsumeIntInRange(0, 12))
    hops = data.ConsumeIntInRange(0, 12)
    route = [Hop(data.ConsumeBytes(32), data.ConsumeBytes(32)) for _ in range(hops)]
    home = Destination(data.ConsumeBytes(32), data.ConsumeBytes(16))
    delays = [data.ConsumeFloat() for _ in range(data.ConsumeIntInRange(0, 12))]
    version = data.ConsumeIntInRange(255, 262)
    source = data.ConsumeBytes
    create_packet(data.ConsumeBytes(400), route, home, delays, geometry, version, source)


def fuzz_weak(data: atheris.FuzzedDataProvider) -> None:
    """The lessons' variants."""
    step = data.PickValueInList(
        [weak.process_stream_payload, weak.process_no_filler, weak.process_unclamped]
    )
    step(sealed(data) if data.ConsumeBool() else data.ConsumeBytes(1000), KEY, GEOMETRY)


TARGETS = (
    fuzz_packet,
    fuzz_sealed_packet,
    fuzz_trace,
    fuzz_reply,
    fuzz_block,
    fuzz_frame,
    fuzz_address,
    fuzz_making,
    fuzz_weak,
)


def fuzz_one(raw: bytes) -> None:
    """One input: its first bytes choose the target."""
    data = atheris.FuzzedDataProvider(raw)
    target = TARGETS[data.ConsumeIntInRange(0, len(TARGETS) - 1)]
    try:
        target(data)
    except PacketError as error:
        if not str(error):
            raise AssertionError("an error without words") from error


if __name__ == "__main__":
    atheris.Setup(sys.argv, fuzz_one)
    atheris.Fuzz()
