"""Making and processing: every message length, every header bit, every reason to refuse."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench import errors
from workbench.sphinx import (
    Destination,
    FinalHop,
    ForwardHop,
    Geometry,
    Hop,
    PrivateKey,
    ReplayFilter,
    Version,
    create_packet,
    header,
    process,
    weak,
)
from workbench.sphinx.keys import hop_keys
from workbench.sphinx.primitives import header_mac, stream_xor, x25519

KEYS = [PrivateKey(random.Random(f"key {i}").randbytes(32)) for i in range(5)]
ROUTE = [Hop(bytes([i]) * 32, key.public) for i, key in enumerate(KEYS)]
HOME = Destination(b"destination" + bytes(21), b"identifier" + bytes(6))


def follow(packet: bytes, keys: list[PrivateKey]) -> FinalHop:
    for key in keys[:-1]:
        result = process(packet, key)
        assert isinstance(result, ForwardHop)
        packet = result.packet
    result = process(packet, keys[-1])
    assert isinstance(result, FinalHop)
    return result


def test_every_message_length_arrives(geometry: Geometry) -> None:
    noise = random.Random(1).randbytes(geometry.message_bytes)
    for length in range(geometry.message_bytes + 1):
        packet = create_packet(noise[:length], ROUTE[:1], HOME, [0])
        assert len(packet) == geometry.packet_bytes
        assert follow(packet, KEYS[:1]).message == noise[:length]


@settings(max_examples=60, deadline=None)
@given(
    message=st.binary(max_size=1024),
    hops=st.integers(1, 5),
    version=st.sampled_from(list(Version)),
    delays=st.lists(st.floats(0, 1e6), min_size=5, max_size=5),
    seed=st.integers(0, 2**32),
)
def test_whatever_is_sent_arrives(
    message: bytes, hops: int, version: Version, delays: list[float], seed: int
) -> None:
    random_bytes = random.Random(seed).randbytes
    packet = create_packet(
        message, ROUTE[:hops], HOME, delays[:hops], version=version, random_bytes=random_bytes
    )
    for i in range(hops - 1):
        result = process(packet, KEYS[i])
        assert isinstance(result, ForwardHop)
        assert result.next_address == ROUTE[i + 1].address
        assert result.delay_ns == round(delays[i] * 1e9)
        assert result.delay_s == pytest.approx(delays[i], abs=1e-9)
        assert result.version is version
        packet = result.packet
    last = process(packet, KEYS[hops - 1])
    assert isinstance(last, FinalHop)
    assert (last.message, last.destination, last.identifier) == (
        message,
        HOME.address,
        HOME.identifier,
    )


def test_messages_that_look_like_padding_arrive_whole() -> None:
    for message in (b"\x01", b"\x01" * 1024, bytes(1024), b"\x00\x01\x00", b""):
        assert follow(create_packet(message, ROUTE, HOME, [0] * 5), KEYS).message == message


def test_every_bit_of_the_header_is_refused_but_the_group_elements_top_bit(
    geometry: Geometry,
) -> None:
    packet = create_packet(b"whole", ROUTE[:1], HOME, [0])
    passed = []
    for bit in range(8 * geometry.header_bytes):
        try:
            process(weak.flip_bit(packet, bit), KEYS[0])
        except errors.BadMacError:
            continue
        passed.append(bit)
    # X25519 does not read the 256th bit (RFC 7748), and alpha is not under the MAC.
    assert passed == [255]


def test_the_top_bit_changes_neither_the_tag_nor_what_is_sent_on() -> None:
    packet = create_packet(b"whole", ROUTE, HOME, [0] * 5)
    assert process(weak.flip_bit(packet, 255), KEYS[0]) == process(packet, KEYS[0])


def test_the_group_element_plus_the_point_of_order_two_is_the_same_packet() -> None:
    # 1 / alpha: why a tag made of alpha's bytes would be fooled and this one is not.
    packet = create_packet(b"whole", ROUTE, HOME, [0] * 5)
    other = weak.add_order_two(packet[:32]) + packet[32:]
    assert other != packet
    assert process(other, KEYS[0]) == process(packet, KEYS[0])


def test_every_byte_of_the_payload_is_noticed_at_the_end_only(geometry: Geometry) -> None:
    packet = create_packet(b"whole", ROUTE[:2], HOME, [0, 0])
    rng = random.Random(4)
    for byte in range(geometry.header_bytes, geometry.packet_bytes, 7):
        flipped = weak.flip_bit(packet, 8 * byte + rng.randrange(8))
        result = process(flipped, KEYS[0])
        assert isinstance(result, ForwardHop)
        with pytest.raises(errors.BadPaddingError, match="expected 16 zero bytes"):
            process(result.packet, KEYS[1])


def test_a_packet_keeps_its_length_and_shares_no_part_with_the_next() -> None:
    packet = create_packet(b"whole", ROUTE, HOME, [0] * 5)
    sent_on = process(packet, KEYS[0]).packet
    assert len(sent_on) == len(packet)
    for start, stop in ((0, 32), (32, 48), (48, 348), (348, 1389)):
        assert sent_on[start:stop] != packet[start:stop]
    # Independent bytes agree with a chance of 1/256 each: 5 of 1389 expected, 60 is absurd.
    assert sum(a == b for a, b in zip(packet, sent_on, strict=True)) < 60


def test_the_same_draws_give_the_same_packet() -> None:
    def made(seed: int) -> bytes:
        return create_packet(
            b"again", ROUTE, HOME, [0] * 5, random_bytes=random.Random(seed).randbytes
        )

    assert made(1) == made(1)
    assert made(1) != made(2)


def test_random_bytes_are_drawn_as_documented() -> None:
    for hops, padding in zip(range(1, 6), (248, 188, 128, 68, 8), strict=True):
        sizes: list[int] = []
        create_packet(
            b"",
            ROUTE[:hops],
            HOME,
            [0] * hops,
            random_bytes=lambda size: sizes.append(size) or bytes([7]) * size,  # noqa: B023
        )
        assert sizes == [32, padding]


def test_the_last_delay_is_not_in_the_packet() -> None:
    def made(last_delay_s: float) -> bytes:
        random_bytes = random.Random(1).randbytes
        return create_packet(
            b"", ROUTE, HOME, [1, 2, 3, 4, last_delay_s], random_bytes=random_bytes
        )

    assert made(5) == made(0)


def test_the_first_address_is_not_in_the_packet() -> None:
    def made(address: bytes) -> bytes:
        route = [Hop(address, ROUTE[0].public_key), *ROUTE[1:]]
        random_bytes = random.Random(1).randbytes
        return create_packet(b"", route, HOME, [0] * 5, random_bytes=random_bytes)

    assert made(bytes(32)) == made(b"x" * 32)


# --- each reason to refuse has its own error, with what was expected ---


def resealed(packet: bytes, key: PrivateKey, change: dict[int, int]) -> bytes:
    """The packet with bytes of its opened block set anew, under a right MAC."""
    keys = hop_keys(x25519(key.secret, packet[:32]))
    block = bytearray(stream_xor(keys.stream_key, packet[48:348]))
    for place, value in change.items():
        block[place] = value
    routing = stream_xor(keys.stream_key, bytes(block))
    return packet[:32] + header_mac(keys.mac_key, routing) + routing + packet[348:]


@pytest.mark.parametrize("flag", [0, 3, 128, 255])
def test_an_unknown_flag_is_refused(flag: int) -> None:
    packet = resealed(create_packet(b"", ROUTE, HOME, [0] * 5), KEYS[0], {0: flag})
    with pytest.raises(errors.UnknownFlagError, match=rf"flag is {flag}; expected 1 .* or 2"):
        process(packet, KEYS[0])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({2: 0, 3: 1}, 1),
        ({2: 1, 3: 1}, 257),
        ({2: 1, 3: 5}, 261),
        ({1: 1}, 65536 + 259),
        ({2: 0, 3: 0}, 0),
    ],
)
def test_an_unknown_version_is_refused(change: dict[int, int], said: int) -> None:
    packet = resealed(create_packet(b"", ROUTE, HOME, [0] * 5), KEYS[0], change)
    with pytest.raises(
        errors.UnknownVersionError, match=f"version {said}; expected one of 258, 259, 260"
    ):
        process(packet, KEYS[0])


@pytest.mark.parametrize("length", [0, 1, 348, 1388, 1390, 5000])
def test_another_length_is_refused(length: int) -> None:
    with pytest.raises(errors.PacketLengthError, match=f"is {length} bytes; .* needs 1389"):
        process(bytes(length), KEYS[0])


def test_a_group_element_of_low_order_is_refused() -> None:
    packet = create_packet(b"", ROUTE, HOME, [0] * 5)
    with pytest.raises(errors.LowOrderPointError, match="expected one whose product is not zero"):
        process(bytes(32) + packet[32:], KEYS[0])


def test_a_packet_for_another_key_has_a_bad_mac() -> None:
    with pytest.raises(errors.BadMacError, match="made for this key"):
        process(create_packet(b"", ROUTE, HOME, [0] * 5), KEYS[1])


def test_a_key_that_is_none_is_refused() -> None:
    for key in (None, b"x" * 32, KEYS[0].public, "key"):
        with pytest.raises(errors.WrongKeyError, match="expected a PrivateKey"):
            process(bytes(1389), key)


def test_a_replayed_packet_is_refused() -> None:
    packet = create_packet(b"", ROUTE, HOME, [0] * 5)
    seen = ReplayFilter()
    first = process(packet, KEYS[0], replay_filter=seen)
    for again in (packet, weak.flip_bit(packet, 8 * 400), weak.flip_bit(packet, 255)):
        with pytest.raises(errors.ReplayError, match=first.replay_tag.hex()):
            process(again, KEYS[0], replay_filter=seen)
    assert len(seen) == 1


def test_a_tag_enters_the_filter_only_after_the_mac_held() -> None:
    packet = create_packet(b"", ROUTE, HOME, [0] * 5)
    seen = ReplayFilter()
    with pytest.raises(errors.BadMacError):
        process(weak.flip_bit(packet, 8 * 100), KEYS[0], replay_filter=seen)
    assert len(seen) == 0
    process(packet, KEYS[0], replay_filter=seen)
    assert len(seen) == 1


def test_a_message_too_long_is_refused(geometry: Geometry) -> None:
    with pytest.raises(errors.MessageTooLongError, match="1025 bytes; this geometry takes 1024"):
        create_packet(bytes(1025), ROUTE, HOME, [0] * 5)


def test_a_route_too_long_or_empty_is_refused() -> None:
    with pytest.raises(errors.EmptyRouteError, match="expected 1 to 5"):
        create_packet(b"", [], HOME, [])
    with pytest.raises(errors.RouteTooLongError, match="6 hops; the header has room for 5"):
        create_packet(b"", [*ROUTE, ROUTE[0]], HOME, [0] * 6)


@pytest.mark.parametrize("route", [None, "route", b"route", 5, [b"hop"], {}])
def test_a_route_of_something_else_is_refused(route: object) -> None:
    with pytest.raises(errors.RouteError, match="route must be"):
        create_packet(b"", route, HOME, [0])  # type: ignore[arg-type]


@pytest.mark.parametrize("destination", [None, bytes(32), "home"])
def test_a_destination_of_something_else_is_refused(destination: object) -> None:
    with pytest.raises(errors.RouteError, match="expected a Destination"):
        create_packet(b"", ROUTE, destination, [0] * 5)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "delay_s",
    [
        -1e-9,
        -1,
        math.nan,
        math.inf,
        -math.inf,
        1.9e10,
        1.7e308,
        10**400,
        "1",
        b"1",
        None,
        1j,
        True,
        [1],
    ],
)
def test_a_delay_that_is_none_is_refused(delay_s: object) -> None:
    with pytest.raises(errors.DelayError):
        create_packet(b"", ROUTE, HOME, [delay_s, 0, 0, 0, 0])  # type: ignore[list-item]


@pytest.mark.parametrize("delays_s", [None, 1.0, [], [0] * 4, [0] * 6])
def test_delays_must_be_one_a_hop(delays_s: object) -> None:
    with pytest.raises(errors.DelayError):
        create_packet(b"", ROUTE, HOME, delays_s)  # type: ignore[arg-type]


def test_the_longest_delay_is_written_and_read() -> None:
    longest_ns = 2**64 - 2048  # the largest double below 2^64
    packet = create_packet(b"", ROUTE, HOME, [longest_ns / 1e9, 0, 0, 0, 0])
    assert process(packet, KEYS[0]).delay_ns == round(longest_ns / 1e9 * 1e9)


@pytest.mark.parametrize("wrong", [None, "packet", 5, [1, 2], object()])
def test_something_else_than_bytes_is_refused(wrong: object) -> None:
    with pytest.raises(errors.NotBytesError, match="packet must be bytes, got"):
        process(wrong, KEYS[0])  # type: ignore[arg-type]
    with pytest.raises(errors.NotBytesError, match="message must be bytes, got"):
        create_packet(wrong, ROUTE, HOME, [0] * 5)  # type: ignore[arg-type]


def test_bytearrays_and_memoryviews_are_taken_as_bytes() -> None:
    packet = create_packet(bytearray(b"whole"), ROUTE, HOME, [0] * 5)
    expected = process(packet, KEYS[0])
    assert process(bytearray(packet), KEYS[0]) == expected
    assert process(memoryview(packet), KEYS[0]) == expected
    released = memoryview(packet)
    released.release()
    with pytest.raises(errors.NotBytesError, match="released"):
        process(released, KEYS[0])


def test_a_version_that_is_none_is_refused() -> None:
    for version in (257, 1, 261, "259", None, True):
        with pytest.raises(errors.UnknownVersionError, match="expected one of 258, 259, 260"):
            create_packet(b"", ROUTE, HOME, [0] * 5, version=version)  # type: ignore[arg-type]
    assert follow(create_packet(b"v", ROUTE, HOME, [0] * 5, version=258), KEYS).version == 258


def test_a_payload_without_an_end_mark_is_refused() -> None:
    # Made by a sender who leaves the 01 away: all layers hold, and nothing marks the end.
    from workbench.sphinx.packet import make_header
    from workbench.sphinx.payload import add_layers

    geometry = Geometry()
    front, keys = make_header(geometry, ROUTE[:1], [0], HOME, Version.V259, random.randbytes)
    sealed = add_layers(bytes(geometry.payload_bytes), [keys[0].payload_key(Version.V259)])
    with pytest.raises(errors.BadPaddingError, match="no 01 byte"):
        process(front + sealed, KEYS[0])


def test_what_follows_the_last_end_mark_is_not_looked_at_as_in_the_reference_crate() -> None:
    from workbench.sphinx.packet import make_header
    from workbench.sphinx.payload import add_layers

    geometry = Geometry()
    front, keys = make_header(geometry, ROUTE[:1], [0], HOME, Version.V259, random.randbytes)
    odd = (bytes(16) + b"message\x01junk").ljust(geometry.payload_bytes, b"\x00")
    sealed = add_layers(odd, [keys[0].payload_key(Version.V259)])
    assert process(front + sealed, KEYS[0]).message == b"message"


def test_results_can_be_matched() -> None:
    packet = create_packet(b"matched", ROUTE[:2], HOME, [0.5, 0])
    match process(packet, KEYS[0]):
        case ForwardHop(sent_on, next_address, delay_s, _):
            assert (next_address, delay_s) == (ROUTE[1].address, 0.5)
        case _:
            pytest.fail("expected a forward hop")
    match process(sent_on, KEYS[1]):
        case FinalHop(destination, identifier, message, _, _):
            assert (destination, identifier) == (HOME.address, HOME.identifier)
            assert message == b"matched"
        case _:
            pytest.fail("expected the final hop")


def test_fields_of_the_header_lie_where_the_geometry_says() -> None:
    assert header.NEXT_MAC.stop == 60
    assert header.FINAL_BLOCK_END == 52


def test_every_refusal_is_a_packet_error_of_its_own() -> None:
    names = {
        "NotBytesError",
        "GeometryError",
        "PacketLengthError",
        "WrongKeyError",
        "LowOrderPointError",
        "BadMacError",
        "UnknownFlagError",
        "UnknownVersionError",
        "ReplayError",
        "ReplayFilterFullError",
        "BadPaddingError",
        "MessageTooLongError",
        "EmptyRouteError",
        "RouteTooLongError",
        "RouteError",
        "DelayError",
        "AddressError",
        "FrameError",
        "SurbError",
        "RandomSourceError",
    }
    kinds = [getattr(errors, name) for name in names]
    assert all(kind.__bases__[0] is errors.PacketError for kind in kinds)
