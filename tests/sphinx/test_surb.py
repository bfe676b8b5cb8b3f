"""Reply blocks: three formats behind one set of names."""

from __future__ import annotations

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
    ReplyKeys,
    Surb,
    Version,
    create_packet,
    create_surb,
    open_reply,
    process,
    reply_with,
    weak,
)

KEYS = [PrivateKey(random.Random(f"key {i}").randbytes(32)) for i in range(5)]
ROUTE = [Hop(bytes([i + 1]) * 32, key.public) for i, key in enumerate(KEYS)]
ME = Destination(b"me" + bytes(30), b"reply number one")


def carried(packet: bytes, hops: int, geometry: Geometry | None = None) -> FinalHop:
    geometry = geometry or Geometry()
    for key in KEYS[: hops - 1]:
        result = process(packet, key, geometry)
        assert isinstance(result, ForwardHop)
        packet = result.packet
    result = process(packet, KEYS[hops - 1], geometry)
    assert isinstance(result, FinalHop)
    return result


@pytest.mark.parametrize(("version", "size"), [(258, 348 + 32 + 4 * 192), (259, 444), (260, 396)])
def test_a_block_for_four_hops_has_the_published_size(version: int, size: int) -> None:
    surb, _ = create_surb(ROUTE[:4], ME, [0] * 4, version=Version(version))
    assert len(surb.to_bytes()) == size
    assert Surb.from_bytes(surb.to_bytes()) == surb


@settings(max_examples=50, deadline=None)
@given(
    message=st.binary(max_size=21),
    hops=st.integers(1, 5),
    version=st.sampled_from(list(Version)),
    as_bytes=st.booleans(),
)
def test_a_reply_reaches_the_maker(
    message: bytes, hops: int, version: Version, as_bytes: bool
) -> None:
    geometry = Geometry.nym_ack()
    surb, keys = create_surb(ROUTE[:hops], ME, [0] * hops, geometry, version)
    reply = reply_with(surb.to_bytes() if as_bytes else surb, message, geometry)
    assert len(reply.packet) == geometry.packet_bytes
    assert reply.first_hop_address == ROUTE[0].address
    last = carried(reply.packet, hops, geometry)
    assert last.identifier == ME.identifier
    assert open_reply(last, keys, geometry) == message
    assert open_reply(last.payload, keys, geometry) == message
    # Only a version 260 reply is closed to its last hop (with one hop that is the maker).
    if version is Version.V260 and hops > 1:
        assert last.message is None
        assert ReplyKeys.from_bytes(keys.to_bytes()) == keys
    else:
        assert last.message == message


def test_a_reply_looks_like_a_packet_to_the_hops_before_the_last() -> None:
    surb, _ = create_surb(ROUTE, ME, [0.1] * 5)
    reply = process(reply_with(surb, b"reply").packet, KEYS[0])
    straight = process(create_packet(b"straight", ROUTE, ME, [0.1] * 5), KEYS[0])
    assert isinstance(reply, ForwardHop)
    assert isinstance(straight, ForwardHop)
    assert len(reply.packet) == len(straight.packet)
    assert (reply.next_address, reply.delay_ns, reply.version) == (
        straight.next_address,
        straight.delay_ns,
        straight.version,
    )


def test_a_block_used_twice_is_a_replay() -> None:
    surb, _ = create_surb(ROUTE, ME, [0] * 5)
    seen = ReplayFilter()
    process(reply_with(surb, b"once").packet, KEYS[0], replay_filter=seen)
    with pytest.raises(errors.ReplayError):
        process(reply_with(surb, b"twice").packet, KEYS[0], replay_filter=seen)


def test_who_answers_a_single_seed_block_cannot_recognise_the_reply_on_its_way() -> None:
    # With all seeds (259) the one who answers can compute the payload after each hop.
    from workbench.sphinx.primitives import expand_payload_seed, lioness_decrypt

    for version, recognised in ((Version.V259, True), (Version.V260, False)):
        surb, _ = create_surb(ROUTE[:3], ME, [0] * 3, version=version)
        sent = reply_with(surb, b"marked").packet
        after_first = process(sent, KEYS[0]).packet[348:]
        guesses = [
            lioness_decrypt(expand_payload_seed(seed), sent[348:]) for seed in surb.payload_keys
        ]
        assert (after_first in guesses) == recognised


@pytest.mark.parametrize("version", list(Version))
def test_a_changed_reply_is_refused(version: Version) -> None:
    surb, keys = create_surb(ROUTE[:3], ME, [0] * 3, version=version)
    packet = weak.flip_bit(reply_with(surb, b"whole").packet, 8 * 800)
    with pytest.raises(errors.BadPaddingError):
        open_reply(carried(packet, 3), keys)


def test_the_keys_of_another_block_are_refused() -> None:
    surb, _ = create_surb(ROUTE, ME, [0] * 5, version=Version.V260)
    other = Destination(bytes(32), b"another one    .")
    _, other_keys = create_surb(ROUTE, other, [0] * 5, version=Version.V260)
    _, same_name = create_surb(ROUTE, ME, [0] * 5, version=Version.V260)
    last = carried(reply_with(surb, b"mine").packet, 5)
    with pytest.raises(errors.WrongKeyError, match=other.identifier.hex()):
        open_reply(last, other_keys)
    with pytest.raises(errors.BadPaddingError):
        open_reply(last, same_name)


def test_a_single_seed_block_needs_an_identifier() -> None:
    with pytest.raises(errors.SurbError, match="not zero"):
        create_surb(ROUTE, Destination(bytes(32)), [0] * 5, version=Version.V260)
    create_surb(ROUTE, Destination(bytes(32)), [0] * 5, version=Version.V259)


@pytest.mark.parametrize(
    "length", [0, 348, 380, 381, 395, 397, 380 + 6 * 16, 380 + 191, 380 + 193, 380 + 6 * 192]
)
def test_a_block_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(errors.SurbError, match=f"is {length} bytes; expected 380 and 1 to 5 keys"):
        Surb.from_bytes(bytes(length))


@pytest.mark.parametrize("length", [0, 15, 16, 31, 33, 16 + 12 * 16])
def test_reply_keys_of_another_length_are_refused(length: int) -> None:
    with pytest.raises(errors.SurbError, match="reply keys"):
        ReplyKeys.from_bytes(bytes(length))


def test_wrong_types_are_refused() -> None:
    surb, keys = create_surb(ROUTE, ME, [0] * 5)
    with pytest.raises(errors.NotBytesError):
        reply_with("surb", b"")  # type: ignore[arg-type]
    with pytest.raises(errors.NotBytesError):
        reply_with(surb, "text")  # type: ignore[arg-type]
    with pytest.raises(errors.WrongKeyError, match="expected ReplyKeys"):
        open_reply(bytes(1041), None)  # type: ignore[arg-type]
    with pytest.raises(errors.NotBytesError):
        open_reply(None, keys)  # type: ignore[arg-type]
    with pytest.raises(errors.PacketLengthError, match="expected 1041"):
        open_reply(bytes(1040), keys)
    with pytest.raises(errors.SurbError):  # made for headers of another length
        reply_with(surb, b"", Geometry(1041, max_hops=3))
    with pytest.raises(errors.MessageTooLongError):
        reply_with(surb, bytes(1025))


def test_keys_are_not_printed() -> None:
    surb, keys = create_surb(ROUTE, ME, [0] * 5, version=Version.V260)
    assert keys.seeds[0].hex() not in repr(keys)
    assert "payload_keys" not in repr(surb)
