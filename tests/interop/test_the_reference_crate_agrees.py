"""Both ways, byte for byte: what we make the published crate reads, and the reverse."""

from __future__ import annotations

import random
from dataclasses import dataclass

import pytest
from sphinx_reference import HOW_TO_GET_NEXT, NEXT, OLD, Arrived, Forwarded, Reference, RefusedError

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
    process,
    reply_with,
    weak,
)
from workbench.sphinx.header import build_header
from workbench.sphinx.keys import hop_keys
from workbench.sphinx.payload import add_layers, pad

CASES = 240  # a run; each is made by both sides and opened by both at every hop
SURB_CASES = 60
GEOMETRIES = (Geometry(), Geometry.nym_regular(), Geometry.nym_ack())


@dataclass(frozen=True)
class Case:
    geometry: Geometry
    keys: tuple[PrivateKey, ...]
    route: tuple[Hop, ...]
    destination: Destination
    delays_ns: tuple[int, ...]
    message: bytes
    initial_secret: bytes

    @property
    def delays_s(self) -> list[float]:
        return [delay / 1e9 for delay in self.delays_ns]

    def drawing(self, padding: bytes):
        """A source of random bytes that gives this case's secret, then this padding."""
        draws = iter((self.initial_secret, padding))
        return lambda size: next(draws)


def a_case(number: int, purpose: str) -> Case:
    rng = random.Random(f"{purpose} {number}")
    hops = 1 + number % 5
    geometry = GEOMETRIES[number % len(GEOMETRIES)]
    keys = tuple(PrivateKey(rng.randbytes(32)) for _ in range(hops))
    length = rng.choice((0, 1, geometry.message_bytes, rng.randrange(geometry.message_bytes)))
    return Case(
        geometry,
        keys,
        tuple(Hop(rng.randbytes(32), key.public) for key in keys),
        Destination(rng.randbytes(32), rng.randbytes(15) + b"\x01"),
        # Up to 2^53 ns a float of seconds keeps every nanosecond apart well enough to round.
        tuple(rng.randrange(10 ** rng.randrange(1, 15)) for _ in keys),
        rng.randbytes(length),
        rng.randbytes(32),
    )


def follow(packet: bytes, case: Case, version: int, reference: Reference, crate: str) -> FinalHop:
    """Open the packet at every hop on both sides and compare everything they say."""
    for i, key in enumerate(case.keys):
        ours = process(packet, key, case.geometry)
        theirs = reference.process(packet, key.secret, crate)
        assert (ours.version, ours.replay_tag) == (theirs.version, theirs.replay_tag)
        assert theirs.version == version
        if i < len(case.keys) - 1:
            assert isinstance(ours, ForwardHop)
            assert isinstance(theirs, Forwarded)
            assert ours.packet == theirs.packet
            assert ours.next_address == theirs.next_address == case.route[i + 1].address
            assert ours.delay_ns == theirs.delay_ns == case.delays_ns[i]
            packet = ours.packet
        else:
            assert isinstance(ours, FinalHop)
            assert isinstance(theirs, Arrived)
            assert ours.destination == theirs.destination == case.destination.address
            assert ours.identifier == theirs.identifier == case.destination.identifier
            assert ours.message == theirs.message
            assert ours.payload == theirs.payload
            return ours
    raise AssertionError("a route without hops")


def at_the_last_hop(packet: bytes, case: Case) -> bytes:
    for key in case.keys[:-1]:
        result = process(packet, key, case.geometry)
        assert isinstance(result, ForwardHop)
        packet = result.packet
    return packet


@pytest.fixture
def next_crate(reference: Reference) -> str:
    if not reference.has_next:
        pytest.skip(HOW_TO_GET_NEXT)
    return NEXT


def test_the_program_speaks_for_the_crates_that_it_names(reference: Reference) -> None:
    assert reference.old_version == "0.6.0"
    assert reference.next_version in ("0.8.0", "-")


def test_public_keys_agree(reference: Reference) -> None:
    rng = random.Random("public keys")
    for _ in range(50):
        secret = rng.randbytes(32)
        assert PrivateKey(secret).public == reference.public(secret)


@pytest.mark.parametrize("version", [258, 259])
def test_packets_of_the_crate_are_opened_and_rebuilt_byte_for_byte(
    reference: Reference, version: int
) -> None:
    for number in range(CASES // 2):
        case = a_case(number, f"their packets {version}")
        packet = reference.create(
            case.message,
            case.route,
            case.destination,
            case.delays_ns,
            case.geometry,
            version,
            case.initial_secret,
        )
        assert follow(packet, case, version, reference, OLD).message == case.message
        last = at_the_last_hop(packet, case)
        padding = reference.padding(last, case.keys[-1].secret, case.geometry, len(case.keys))
        again = create_packet(
            case.message,
            case.route,
            case.destination,
            case.delays_s,
            case.geometry,
            Version(version),
            case.drawing(padding),
        )
        assert again == packet


@pytest.mark.parametrize("version", [258, 259])
def test_our_packets_are_opened_by_the_crate(reference: Reference, version: int) -> None:
    for number in range(CASES // 2):
        case = a_case(number, f"our packets {version}")
        packet = create_packet(
            case.message,
            case.route,
            case.destination,
            case.delays_s,
            case.geometry,
            Version(version),
        )
        assert follow(packet, case, version, reference, OLD).message == case.message


def test_packets_of_version_260_agree_with_the_next_crate(
    reference: Reference, next_crate: str
) -> None:
    for number in range(30):
        case = a_case(number, "version 260")
        common = (case.message, case.route, case.destination)
        theirs = reference.create(
            *common, case.delays_ns, case.geometry, 260, case.initial_secret, next_crate
        )
        ours = create_packet(*common, case.delays_s, case.geometry, Version.V260)
        for packet in (theirs, ours):
            assert follow(packet, case, 260, reference, next_crate).message == case.message


@pytest.mark.parametrize("version", [258, 259])
def test_reply_blocks_go_both_ways(reference: Reference, version: int) -> None:
    for number in range(SURB_CASES // 2):
        case = a_case(number, f"reply blocks {version}")
        ours, keys = create_surb(
            case.route, case.destination, case.delays_s, case.geometry, Version(version)
        )
        theirs, _ = reference.surb(
            case.route, case.destination, case.delays_ns, version, case.initial_secret
        )
        assert len(theirs) == len(ours.to_bytes())
        # The keys handed out depend on the initial secret only.
        same, _ = create_surb(
            case.route,
            case.destination,
            case.delays_s,
            case.geometry,
            Version(version),
            case.drawing(bytes(case.geometry.final_padding_bytes(len(case.route)))),
        )
        assert Surb.from_bytes(theirs, case.geometry).payload_keys == same.payload_keys
        for surb in (ours.to_bytes(), theirs):
            packet, first = reference.use_surb(surb, case.message, case.geometry)
            reply = reply_with(surb, case.message, case.geometry)
            assert (reply.packet, reply.first_hop_address) == (packet, first)
            assert first == case.route[0].address
            arrived = follow(packet, case, version, reference, OLD)
            assert arrived.message == case.message
            assert open_reply(arrived, keys, case.geometry) == case.message


def test_reply_blocks_of_a_single_seed_go_both_ways(reference: Reference, next_crate: str) -> None:
    for number in range(SURB_CASES):
        case = a_case(number, "reply blocks 260")
        ours, our_keys = create_surb(
            case.route, case.destination, case.delays_s, case.geometry, Version.V260
        )
        theirs, their_keys = reference.surb(
            case.route, case.destination, case.delays_ns, 260, case.initial_secret, next_crate
        )
        assert their_keys is not None
        assert len(theirs) == len(ours.to_bytes()) == 396
        _, rebuilt_keys = create_surb(
            case.route,
            case.destination,
            case.delays_s,
            case.geometry,
            Version.V260,
            case.drawing(bytes(case.geometry.final_padding_bytes(len(case.route)))),
        )
        assert rebuilt_keys.to_bytes() == their_keys
        for surb, keys in ((ours.to_bytes(), our_keys.to_bytes()), (theirs, their_keys)):
            packet, first = reference.use_surb(surb, case.message, case.geometry, next_crate)
            reply = reply_with(surb, case.message, case.geometry)
            assert (reply.packet, reply.first_hop_address) == (packet, first)
            arrived = follow(packet, case, 260, reference, next_crate)
            # With one hop the maker is that hop: no layer is left to put back.
            assert arrived.message == (case.message if len(case.keys) == 1 else None)
            assert reference.unseal(keys, arrived.payload) == case.message
            assert open_reply(arrived, ReplyKeys.from_bytes(keys), case.geometry) == case.message


# --- refusals: the same verdict on both sides ---

A, M, R, P = (0, 32), (32, 48), (48, 348), (348, None)


def verdicts(packet: bytes, case: Case, reference: Reference) -> tuple[list[str], list[str]]:
    """What each hop says, ours and the crate's, until one refuses."""
    ours: list[str] = []
    theirs: list[str] = []
    sent_on: bytes | None = packet
    for key in case.keys:
        if sent_on is None:
            break
        current, sent_on = sent_on, None
        try:
            result = process(current, key, case.geometry)
        except PacketError as error:
            ours.append(type(error).__name__)
        else:
            ours.append(type(result).__name__)
            sent_on = result.packet if isinstance(result, ForwardHop) else None
        try:
            answer = reference.process(current, key.secret)
        except RefusedError as refusal:
            theirs.append(f"{refusal.kind} {refusal.words}")
        else:
            theirs.append(type(answer).__name__)
            if isinstance(answer, Arrived) and answer.message is None:
                theirs[-1] = "unreadable"
            if isinstance(answer, Forwarded):
                assert answer.packet == sent_on
    return ours, theirs


@pytest.mark.parametrize(
    ("part", "ours_last", "theirs_last", "hops_reached"),
    [
        (A, "BadMacError", "failed to verify integrity MAC", 1),
        (M, "BadMacError", "failed to verify integrity MAC", 1),
        (R, "BadMacError", "failed to verify integrity MAC", 1),
        (P, "BadPaddingError", "unreadable", 4),
    ],
    ids=["group element", "MAC", "routing information", "payload"],
)
def test_a_flipped_bit_gets_the_same_verdict(
    reference: Reference,
    part: tuple[int, int | None],
    ours_last: str,
    theirs_last: str,
    hops_reached: int,
) -> None:
    rng = random.Random(f"flips {part}")
    case = a_case(3, "flips")
    assert len(case.keys) == 4
    packet = create_packet(case.message, case.route, case.destination, case.delays_s, case.geometry)
    start, stop = part[0], part[1] or len(packet)
    for _ in range(25):
        bit = rng.randrange(8 * start, 8 * stop)
        if bit == 255:  # the unused top bit of the group element, see below
            continue
        ours, theirs = verdicts(weak.flip_bit(packet, bit), case, reference)
        assert len(ours) == len(theirs) == hops_reached
        assert ours[-1] == ours_last
        assert theirs[-1].endswith(theirs_last)


def test_the_top_bit_of_the_group_element_is_read_by_neither(reference: Reference) -> None:
    case = a_case(3, "top bit")
    packet = create_packet(case.message, case.route, case.destination, case.delays_s, case.geometry)
    ours, theirs = verdicts(weak.flip_bit(packet, 255), case, reference)
    assert ours == ["ForwardHop"] * 3 + ["FinalHop"]
    assert theirs == ["Forwarded"] * 3 + ["Arrived"]


def test_a_packet_cut_short_is_refused_by_both(reference: Reference) -> None:
    case = a_case(3, "cut")
    packet = create_packet(case.message, case.route, case.destination, case.delays_s, case.geometry)
    for length in (0, 1, 31, 47, 347, 348, 364):
        ours, theirs = verdicts(packet[:length], case, reference)
        assert ours == ["PacketLengthError"]
        assert theirs[0].startswith("InvalidPacket")


def test_a_packet_for_another_key_is_refused_by_both(reference: Reference) -> None:
    case = a_case(3, "another key")
    packet = create_packet(case.message, case.route, case.destination, case.delays_s, case.geometry)
    stranger = PrivateKey.generate()
    with pytest.raises(PacketError, match="MAC does not hold"):
        process(packet, stranger, case.geometry)
    with pytest.raises(RefusedError, match="failed to verify integrity MAC"):
        reference.process(packet, stranger.secret)


def test_the_same_packet_twice_has_the_same_tag_on_both_sides(reference: Reference) -> None:
    # The crate leaves the memory to the node; the tag that a node remembers is what must agree.
    case = a_case(3, "replay")
    packet = create_packet(case.message, case.route, case.destination, case.delays_s, case.geometry)
    spoiled = weak.flip_bit(packet, 8 * case.geometry.header_bytes)
    key = case.keys[0]
    tags = {process(one, key, case.geometry).replay_tag for one in (packet, packet, spoiled)}
    tags |= {reference.process(one, key.secret).replay_tag for one in (packet, spoiled)}
    assert len(tags) == 1


# --- where the two differ on purpose ---


def test_a_low_order_point_is_refused_here_and_only_by_its_mac_there(
    reference: Reference,
) -> None:
    case = a_case(3, "low order")
    packet = (
        bytes(32)
        + create_packet(case.message, case.route, case.destination, case.delays_s, case.geometry)[
            32:
        ]
    )
    ours, theirs = verdicts(packet, case, reference)
    assert ours == ["LowOrderPointError"]
    assert theirs[0].endswith("failed to verify integrity MAC")


def test_a_packet_under_the_secret_that_everybody_knows_is_read_there_and_refused_here(
    reference: Reference,
) -> None:
    # A group element of low order makes the shared secret zero: anyone can make the MAC hold.
    case = a_case(0, "known secret")
    geometry = case.geometry
    keys = hop_keys(bytes(32))
    random_bytes = random.Random("known secret").randbytes
    rest = build_header(
        geometry,
        case.route,
        [keys],
        [0],
        case.destination,
        Version.V259.to_bytes3(),
        random_bytes,
    )
    sealed = add_layers(pad(b"anybody wrote this", geometry), [keys.payload_key(Version.V259)])
    packet = bytes(32) + rest + sealed
    answer = reference.process(packet, case.keys[0].secret)
    assert isinstance(answer, Arrived)
    assert answer.message == b"anybody wrote this"
    with pytest.raises(PacketError, match="low order"):
        process(packet, case.keys[0], geometry)


def test_a_version_that_does_not_exist_is_read_there_and_refused_here(
    reference: Reference,
) -> None:
    case = a_case(0, "version 300")
    packet = reference.create(
        case.message,
        case.route,
        case.destination,
        case.delays_ns,
        case.geometry,
        300,
        case.initial_secret,
    )
    answer = reference.process(packet, case.keys[0].secret)
    assert isinstance(answer, Arrived)
    assert (answer.version, answer.message) == (300, case.message)
    with pytest.raises(PacketError, match="version 300; expected one of 258, 259, 260"):
        process(packet, case.keys[0], case.geometry)


def test_legacy_packets_are_opened_by_the_old_crate_and_refused_here(reference: Reference) -> None:
    for number in range(10):
        case = a_case(number, "legacy")
        packet = weak.create_packet_unclamped(
            case.message, case.route, case.destination, case.delays_s, case.geometry
        )
        with pytest.raises(PacketError, match="the packet says version 257; expected one of 258"):
            process(packet, case.keys[0], case.geometry)
        for i, key in enumerate(case.keys):
            ours = weak.process_unclamped(packet, key, case.geometry)
            theirs = reference.process(packet, key.secret)
            assert theirs.version == 257
            if i < len(case.keys) - 1:
                assert isinstance(ours, ForwardHop)
                assert isinstance(theirs, Forwarded)
                assert ours.packet == theirs.packet
                packet = ours.packet
            else:
                assert isinstance(theirs, Arrived)
                assert theirs.message == case.message
