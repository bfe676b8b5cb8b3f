"""The trace says what `process` says, and never raises on what a node refuses."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import GeometryError, PacketError, WrongKeyError
from workbench.sphinx import (
    Destination,
    ForwardHop,
    Geometry,
    PrivateKey,
    ReplayFilter,
    Version,
    create_surb,
    process,
    reply_with,
    trace,
    weak,
)
from workbench.sphinx.keys import hop_keys
from workbench.sphinx.primitives import x25519


def covers(fields, size: int) -> bool:
    """Whether the fields lie end to end and fill `size` bytes."""
    ends = [0, *(field.stop for field in fields)]
    return [field.start for field in fields] == ends[:-1] and ends[-1] == size


@pytest.mark.parametrize("hops", range(1, 6))
@pytest.mark.parametrize("version", list(Version))
def test_the_trace_agrees_with_process_at_every_hop(
    make_network, hops: int, version: Version, geometry: Geometry
) -> None:
    network = make_network(hops)
    packet = network.packet(b"followed", version=version)
    traced = trace(packet, network.keys, geometry)
    assert len(traced.hops) == hops
    assert traced.outcome == "final"
    assert traced.message == b"followed"
    assert traced.refused_by is None
    for hop, key in zip(traced.hops, network.keys, strict=True):
        result = process(packet, key)
        assert hop.packet_before == packet
        assert hop.public_key == key.public
        assert hop.replay_tag == result.replay_tag
        assert covers(hop.fields_before, geometry.packet_bytes)
        assert covers(hop.block_fields, geometry.keystream_bytes)
        assert hop.payload_before == packet[geometry.header_bytes :]
        if isinstance(result, ForwardHop):
            assert (hop.outcome, hop.packet_after) == ("forward", result.packet)
            assert (hop.next_address, hop.delay_s) == (result.next_address, result.delay_s)
            assert hop.payload_after == result.packet[geometry.header_bytes :]
            named = {field.name: field.of(hop.block) for field in hop.block_fields}
            assert named["flag"] == b"\x01"
            assert named["next address"] == result.next_address
            assert int.from_bytes(named["delay"], "big") == result.delay_ns
            sent = {field.letter: field.of(result.packet) for field in hop.fields_after}
            assert named["next MAC"] == sent["M"]
            assert named["next routing information"] + named["appended step"] == sent["R"]
            packet = result.packet
        else:
            assert hop.outcome == "final"
            assert hop.packet_after is None
            assert hop.payload_after == result.payload
            assert (hop.destination, hop.identifier) == (result.destination, result.identifier)
            assert covers(hop.plaintext_fields, geometry.payload_bytes)
            named = {field.name: field.of(hop.payload_after) for field in hop.plaintext_fields}
            assert named["message"] == b"followed"
            assert named["end mark"] == b"\x01"


def test_the_keys_are_those_of_the_hop_and_marked_for_teaching(network) -> None:
    packet = network.packet()
    first = trace(packet, network.keys).hops[0]
    shared = x25519(network.keys[0].secret, packet[:32])
    keys = hop_keys(shared)
    assert first.keys is not None
    assert first.keys.for_teaching is True
    assert first.keys.shared_secret == shared
    assert first.keys.stream_key == keys.stream_key
    assert first.keys.mac_key == keys.mac_key
    assert first.keys.blinding_factor == keys.blinding
    assert first.keys.payload_seed == keys.payload_seed
    assert first.keys.payload_key == keys.payload_key(Version.V259)
    explicit = trace(network.packet(version=Version.V258), network.keys).hops[0]
    assert explicit.keys is not None
    assert explicit.keys.payload_seed is None
    assert len(explicit.keys.payload_key or b"") == 192


@pytest.mark.parametrize(
    ("bit", "hop", "error"),
    [
        (8 * 10, 0, "BadMacError"),
        (8 * 40, 0, "BadMacError"),
        (8 * 200, 0, "BadMacError"),
        (8 * 1000, 3, "BadPaddingError"),
    ],
)
def test_a_refusal_is_in_the_data(network, bit: int, hop: int, error: str) -> None:
    traced = trace(weak.flip_bit(network.packet(), bit), network.keys)
    refused = traced.refused_by
    assert refused is not None
    assert (refused.index, refused.error, traced.outcome) == (hop, error, "refused")
    assert len(traced.hops) == hop + 1
    assert "expected" in (refused.error_message or "")
    assert refused.packet_after is None
    assert refused.message is None
    assert refused.learned
    assert refused.hidden
    assert error in traced.table()
    if error == "BadMacError":
        assert (refused.block, refused.block_fields, refused.replay_tag) == (None, (), None)
    else:
        assert refused.payload_after is not None
        assert not refused.payload_after.startswith(bytes(16))


def test_a_packet_that_comes_twice_is_refused_in_the_data(network) -> None:
    packet = network.packet()
    filters = [ReplayFilter() for _ in network.keys]
    assert trace(packet, network.keys, replay_filters=filters).outcome == "final"
    again = trace(packet, network.keys, replay_filters=filters)
    assert (again.outcome, again.hops[0].error) == ("refused", "ReplayError")
    assert trace(packet, network.keys).outcome == "final"


def test_a_reply_that_only_its_maker_opens_shows_no_message(network) -> None:
    me = Destination(bytes(32), b"a name of 16 by.")
    surb, _ = create_surb(network.route, me, network.delays_s, version=Version.V260)
    last = trace(reply_with(surb, b"closed").packet, network.keys).hops[-1]
    assert (last.outcome, last.message, last.identifier) == ("final", None, me.identifier)
    assert [field.letter for field in last.plaintext_fields] == ["?"]
    assert any("cannot read" in what for what in last.learned)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=500) | st.binary(min_size=386, max_size=386))
def test_arbitrary_bytes_do_not_raise(data: bytes) -> None:
    key = PrivateKey(bytes(range(32)))
    traced = trace(data, [key, key], Geometry.nym_ack())
    assert traced.outcome == "refused"
    assert traced.table()
    assert traced.hops[0].table()


@pytest.mark.parametrize("packet", [None, "text", 5, bytes(1389)])
def test_what_is_no_packet_is_refused_in_the_data(network, packet: object) -> None:
    traced = trace(packet, network.keys)  # type: ignore[arg-type]
    assert traced.outcome == "refused"
    assert traced.hops[0].error in ("NotBytesError", "LowOrderPointError")


def test_wrong_keys_and_geometries_are_the_callers_slip(network) -> None:
    for keys in (None, "keys", [bytes(32)], network.keys[0]):
        with pytest.raises(WrongKeyError):
            trace(network.packet(), keys)  # type: ignore[arg-type]
    with pytest.raises(GeometryError):
        trace(network.packet(), network.keys, 5)  # type: ignore[arg-type]
    with pytest.raises(WrongKeyError, match="one a key"):
        trace(network.packet(), network.keys, replay_filters=[None])


def test_more_keys_than_hops_and_fewer_are_both_fine(network) -> None:
    packet = network.packet()
    assert len(trace(packet, [*network.keys, PrivateKey.generate()]).hops) == 4
    part = trace(packet, network.keys[:2])
    assert (part.outcome, len(part.hops), part.message) == ("forward", 2, None)
    empty = trace(packet, [])
    assert (empty.hops, empty.outcome, empty.refused_by) == ((), "forward", None)


def test_tables_name_every_field_and_what_was_learned(network) -> None:
    traced = trace(network.packet(), network.keys)
    first = traced.hops[0]
    table = first.table()
    for part in (*first.fields_before, *first.block_fields):
        assert part.name in table
    assert all(what in table for what in (*first.learned, *first.hidden))
    assert len(traced.table().splitlines()) == 5


def test_the_hidden_things_are_not_in_what_a_forward_hop_could_read(network) -> None:
    # Whatever a forward hop has in hand, no later address, destination or message is in it.
    secret_message = b"thirty-two bytes of a secret....."
    packet = network.packet(secret_message)
    first = trace(packet, network.keys).hops[0]
    in_hand = b"".join(
        (
            first.packet_before,
            first.block or b"",
            first.packet_after or b"",
            first.payload_after or b"",
        )
    )
    assert network.route[1].address in in_hand
    for hidden in (
        network.route[0].address,
        network.route[2].address,
        network.route[3].address,
        network.destination.address,
        network.destination.identifier,
        secret_message,
    ):
        assert hidden not in in_hand


def test_a_block_with_an_unknown_version_is_shown_and_refused(network) -> None:
    rng = random.Random(1)
    packet = weak.create_packet_unclamped(
        b"legacy", network.route, network.destination, network.delays_s, random_bytes=rng.randbytes
    )
    refused = trace(packet, network.keys).refused_by
    assert refused is not None
    assert refused.error == "UnknownVersionError"
    assert refused.block is not None
    assert covers(refused.block_fields, 360)
    assert refused.block_fields[1].of(refused.block) == b"\x00\x01\x01"
    with pytest.raises(PacketError):
        process(packet, network.keys[0])
