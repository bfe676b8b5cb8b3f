"""Lengths: the published ones, and that each follows from the others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import GeometryError
from workbench.sphinx import Geometry, Hop, PrivateKey, create_packet, process
from workbench.sphinx import geometry as lengths


def test_the_lengths_are_those_of_nyms_packets() -> None:
    assert (lengths.FORWARD_BLOCK_BYTES, lengths.FINAL_BLOCK_BYTES) == (44, 52)
    assert (lengths.STEP_BYTES, lengths.KEY_MATERIAL_BYTES) == (60, 288)
    geometry = Geometry()
    assert (geometry.routing_bytes, geometry.keystream_bytes) == (300, 360)
    assert (geometry.header_bytes, geometry.packet_bytes) == (348, 1389)
    assert Geometry.nym_regular().packet_bytes == 2413
    assert Geometry.nym_ack().packet_bytes == 386
    for kibibytes in (8, 16, 32):
        assert Geometry.nym_extended(kibibytes).packet_bytes == 1024 * kibibytes + 365


def test_the_final_padding_is_what_the_hops_leave() -> None:
    geometry = Geometry()
    assert [geometry.final_padding_bytes(n) for n in range(1, 6)] == [248, 188, 128, 68, 8]
    assert [geometry.filler_bytes(n) for n in range(1, 6)] == [0, 60, 120, 180, 240]
    for hops in (0, 6, -1, 1.0, True, None):
        with pytest.raises(GeometryError):
            geometry.final_padding_bytes(hops)


def test_the_table_shows_every_length_and_sums_up() -> None:
    rows = {name: size for name, size, _ in Geometry.nym_regular().rows()}
    assert rows["header"] + rows["payload"] == rows["packet"] == 2413
    assert rows["payload overhead"] + rows["longest message"] == rows["payload"]
    alpha, gamma = rows["group element alpha"], rows["MAC gamma"]
    assert alpha + gamma + rows["routing information beta"] == rows["header"]
    table = Geometry.nym_regular().table()
    assert len(table.splitlines()) == len(rows)
    assert all(name in table for name in rows)


@pytest.mark.parametrize("payload_bytes", [32, 17, 0, -1, 2**30 + 1, 1041.0, "1041", None, True])
def test_a_payload_that_no_packet_can_have_is_refused(payload_bytes: object) -> None:
    with pytest.raises(GeometryError, match="payload_bytes"):
        Geometry(payload_bytes)  # type: ignore[arg-type]


@pytest.mark.parametrize("max_hops", [0, -1, 12, 5.0, None])
def test_a_route_that_no_header_holds_is_refused(max_hops: object) -> None:
    with pytest.raises(GeometryError, match="max_hops"):
        Geometry(max_hops=max_hops)  # type: ignore[arg-type]


@given(st.integers(33, 4000), st.integers(1, 11))
def test_every_geometry_carries_a_message_over_its_longest_route(
    payload_bytes: int, max_hops: int
) -> None:
    geometry = Geometry(payload_bytes, max_hops)
    assert geometry.is_nym_compatible == (max_hops == 5)
    assert geometry == Geometry.for_message(geometry.message_bytes, max_hops)
    assert geometry.packet_bytes == 48 + 60 * max_hops + payload_bytes


@pytest.mark.parametrize("geometry", [Geometry(33), Geometry(100, 1), Geometry(5000, 11)])
def test_unusual_geometries_work_end_to_end(geometry: Geometry, make_network) -> None:
    network = make_network(geometry.max_hops)
    message = b"m" * geometry.message_bytes
    packet = network.packet(message, geometry=geometry)
    for key in network.keys[:-1]:
        assert len(packet) == geometry.packet_bytes
        packet = process(packet, key, geometry).packet
    assert process(packet, network.keys[-1], geometry).message == message


def test_a_message_of_an_impossible_size_is_refused() -> None:
    for size in (15, -1, 2**30, "x"):
        with pytest.raises(GeometryError):
            Geometry.for_message(size)
    with pytest.raises(GeometryError, match="8, 16 or 32"):
        Geometry.nym_extended(9)


def test_something_else_than_a_geometry_is_refused() -> None:
    key = PrivateKey.generate()
    with pytest.raises(GeometryError, match="expected a Geometry"):
        process(bytes(1389), key, 1041)  # type: ignore[arg-type]
    with pytest.raises(GeometryError, match="expected a Geometry"):
        create_packet(b"", [Hop(bytes(32), key.public)], None, [0], geometry=None)  # type: ignore
