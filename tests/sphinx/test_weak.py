"""Each weak variant works as a packet, and the attack on it works; on the real one it fails."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from workbench import errors, sphinx
from workbench.sphinx import FinalHop, ForwardHop, Geometry, process, weak

VARIANTS = [
    (weak.create_packet_stream_payload, weak.process_stream_payload),
    (weak.create_packet_zero_padding, process),
    (weak.create_packet_no_filler, weak.process_no_filler),
    (weak.create_packet_unclamped, weak.process_unclamped),
]


@pytest.mark.parametrize(("make", "step"), VARIANTS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("hops", range(1, 6))
def test_each_variant_carries_a_message(make_network, make, step, hops: int) -> None:
    network = make_network(hops)
    packet = make(b"weak", network.route, network.destination, network.delays_s)
    for i, key in enumerate(network.keys[:-1]):
        result = step(packet, key)
        assert isinstance(result, ForwardHop)
        assert result.next_address == network.route[i + 1].address
        assert result.delay_s == pytest.approx(network.delays_s[i])
        packet = result.packet
    last = step(packet, network.keys[-1])
    assert isinstance(last, FinalHop)
    assert (last.message, last.destination) == (b"weak", network.destination.address)


def test_a_tag_on_a_stream_payload_arrives_alone_and_unnoticed() -> None:
    geometry = Geometry()
    rng = random.Random(1)
    for bit in rng.sample(range(8 * 100, 8 * geometry.payload_bytes), 10):
        found = weak.tagging_attack(bit, stream_payload=True, random_bytes=rng.randbytes)
        assert (found.changed_bits, found.refused) == (1, False)
    in_the_zeros = weak.tagging_attack(5, stream_payload=True, random_bytes=rng.randbytes)
    assert (in_the_zeros.changed_bits, in_the_zeros.refused) == (1, True)


def test_a_tag_on_the_real_payload_turns_half_of_it_and_is_refused() -> None:
    rng = random.Random(2)
    for bit in rng.sample(range(8 * 1041), 10):
        found = weak.tagging_attack(bit, random_bytes=rng.randbytes)
        assert found.refused
        # Binomial: 0.04 is more than 7 standard deviations of 8328 bits.
        assert abs(found.changed_bits / found.payload_bits - 0.5) < 0.04


def test_zero_padding_gives_the_route_length_away(make_network) -> None:
    for hops, zeros in zip(range(1, 6), (248, 188, 128, 68, 8), strict=True):
        for seed in range(20):
            network = make_network(hops, seed)
            packet = weak.create_packet_zero_padding(
                b"", network.route, network.destination, network.delays_s
            )
            for key in network.keys[:-1]:
                packet = process(packet, key).packet
            counted = weak.padding_zeros(packet, network.keys[-1])
            # The filler behind begins with a zero byte once in 256 times.
            assert zeros <= counted < zeros + 8
            assert weak.hops_from_zeros(counted) == hops


def test_random_padding_gives_nothing_away(make_network) -> None:
    for hops in range(1, 6):
        network = make_network(hops)
        packet = network.packet()
        for key in network.keys[:-1]:
            packet = process(packet, key).packet
        assert weak.hops_from_zeros(weak.padding_zeros(packet, network.keys[-1])) is None


def test_without_filler_a_packet_loses_60_bytes_at_every_hop(make_network) -> None:
    network = make_network(5)
    packet = weak.create_packet_no_filler(b"", network.route, network.destination, network.delays_s)
    lengths = [len(packet)]
    for key in network.keys[:-1]:
        packet = weak.process_no_filler(packet, key).packet
        lengths.append(len(packet))
    assert lengths == [1389, 1329, 1269, 1209, 1149]
    # The node of the real format refuses the short ones.
    with pytest.raises(errors.PacketLengthError):
        process(packet, network.keys[-1])


def test_an_order_two_part_survives_unclamped_blinding_about_half_of_the_time() -> None:
    rng = random.Random(3)
    survived = weak.order_two_survives(300, random_bytes=rng.randbytes)
    assert abs(survived - 150) < 45  # 5.2 standard deviations
    assert weak.order_two_survives(300, clamped=True, random_bytes=rng.randbytes) == 0


def test_an_order_two_part_marks_an_unclamped_packet_for_the_next_hop(make_network) -> None:
    marked = 0
    for seed in range(30):
        network = make_network(2, seed)
        draws = random.Random(seed).randbytes
        packet = weak.create_packet_unclamped(
            b"", network.route, network.destination, network.delays_s, random_bytes=draws
        )
        tampered = weak.add_order_two(packet[:32]) + packet[32:]
        honest = weak.process_unclamped(packet, network.keys[0])
        spoiled = weak.process_unclamped(tampered, network.keys[0])
        assert honest.replay_tag == spoiled.replay_tag
        if honest.packet != spoiled.packet:
            marked += 1
            assert spoiled.packet[:32] == weak.add_order_two(honest.packet[:32])
            assert spoiled.packet[32:] == honest.packet[32:]
    assert 3 <= marked <= 27  # a chance of 1e-5 each way, with fixed seeds


def test_the_real_format_does_not_open_a_stream_payload(make_network) -> None:
    network = make_network(1)
    packet = weak.create_packet_stream_payload(
        b"", network.route, network.destination, network.delays_s
    )
    with pytest.raises(errors.BadPaddingError):
        process(packet, network.keys[0])


def test_nothing_outside_this_module_uses_it() -> None:
    assert not any("weak" in name for name in sphinx.__all__)
    for path in Path(sphinx.__file__).parent.glob("*.py"):
        if path.name != "weak.py":
            assert "import weak" not in path.read_text(encoding="utf-8"), path
            assert "sphinx.weak" not in path.read_text(encoding="utf-8"), path


def test_bits_outside_are_refused() -> None:
    for bit in (-1, 8, "0", None):
        with pytest.raises(errors.PacketError, match="expected 0 to 7"):
            weak.flip_bit(b"x", bit)  # type: ignore[arg-type]
    with pytest.raises(errors.PacketError, match="same length"):
        weak.changed_bits(b"x", b"xy")
    assert weak.add_order_two(bytes(32)) == bytes(32)
