"""Addresses and frames as Nym writes them."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import AddressError, FrameError, NotBytesError, PacketError
from workbench.sphinx import (
    Geometry,
    KeyRotation,
    build_frame,
    decode_address,
    encode_address,
    parse_frame,
)

SIZES = {1: 2413, 2: 386, 3: 32768 + 365, 4: 8192 + 365, 5: 16384 + 365}


@given(st.ip_addresses(), st.integers(0, 65535))
def test_an_address_comes_back(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address, port: int
) -> None:
    written = encode_address(str(address), port)
    assert len(written) == 32
    assert decode_address(written) == (str(address), port)


def test_addresses_are_written_as_in_nym() -> None:
    assert encode_address("1.2.3.4", 42) == bytes([4, 0, 42, 1, 2, 3, 4]) + bytes(25)
    v6 = encode_address("102:304:506:708:90a:b0c:d0e:f10", 42)
    assert v6 == bytes([6, 0, 42, *range(1, 17)]) + bytes(13)


@pytest.mark.parametrize(
    ("host", "port"),
    [
        ("localhost", 1),
        ("1.2.3", 1),
        ("fe80::1%eth0", 1),
        ("", 1),
        (None, 1),
        (0x01020304, 1),
        ("1.2.3.4", -1),
        ("1.2.3.4", 65536),
        ("1.2.3.4", 1.0),
        ("1.2.3.4", True),
    ],
)
def test_what_is_no_address_is_refused(host: object, port: object) -> None:
    with pytest.raises(AddressError, match=r"expected|must be"):
        encode_address(host, port)  # type: ignore[arg-type]


@given(st.binary(min_size=32, max_size=32))
def test_any_32_bytes_are_an_address_or_refused(data: bytes) -> None:
    try:
        host, port = decode_address(data)
    except AddressError:
        assert data[0] not in (4, 6)
    else:
        used = 7 if data[0] == 4 else 19
        assert encode_address(host, port)[:used] == data[:used]


def test_bytes_of_another_length_are_no_address() -> None:
    with pytest.raises(AddressError, match="31 bytes; expected 32"):
        decode_address(bytes(31))
    with pytest.raises(NotBytesError):
        decode_address("1.2.3.4:80")  # type: ignore[arg-type]


@pytest.mark.parametrize(("tag", "size"), SIZES.items())
@pytest.mark.parametrize("rotation", list(KeyRotation))
def test_a_frame_comes_back(tag: int, size: int, rotation: KeyRotation) -> None:
    packet = bytes(range(256)) * (size // 256) + bytes(size % 256)
    framed = build_frame(packet, rotation)
    assert framed[:4] == bytes([8, tag, 0, rotation])
    frame = parse_frame(framed)
    assert (frame.packet, frame.key_rotation) == (packet, rotation)
    assert frame.geometry == Geometry(size - 348)


@pytest.mark.parametrize(
    ("start", "length", "said"),
    [
        ("", 0, "expected 4 or more"),
        ("080200", 0, "expected 4 or more"),
        ("07020000", 386, "version 7; expected 8"),
        ("08000000", 386, "size tag 0; expected 1 to 5"),
        ("08060000", 386, "size tag 6; expected 1 to 5"),
        ("08020100", 386, "type 1; expected 0"),
        ("08020003", 386, "key rotation is 3; expected 0"),
        ("08020000", 385, "holds 385 bytes; expected 386"),
        ("08010000", 386, "holds 386 bytes; expected 2413"),
    ],
)
def test_what_is_no_frame_is_refused(start: str, length: int, said: str) -> None:
    with pytest.raises(FrameError, match=said):
        parse_frame(bytes.fromhex(start) + bytes(length))


def test_what_cannot_be_framed_is_refused() -> None:
    with pytest.raises(FrameError, match="expected one of 386, 2413, 8557, 16749, 33133"):
        build_frame(bytes(1389))
    for rotation in (3, -1, "odd", None, True):
        with pytest.raises(FrameError, match=r"expected 0 \(unknown\)"):
            build_frame(bytes(386), rotation)  # type: ignore[arg-type]
    with pytest.raises(PacketError):
        parse_frame(None)  # type: ignore[arg-type]
