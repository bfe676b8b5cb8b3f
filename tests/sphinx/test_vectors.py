"""Packets of the published crate, kept as JSON: the bytes are checked without cargo too."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

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
)

FILES = sorted((Path(__file__).parent / "vectors").glob("*.json"))
CONTENTS = [json.loads(path.read_text(encoding="utf-8")) for path in FILES]
PACKETS = [vector for content in CONTENTS for vector in content["packets"]]
SURBS = [vector for content in CONTENTS for vector in content["surbs"]]


def named(vector: dict[str, Any]) -> str:
    return str(vector["name"])


def keys_of(vector: dict[str, Any]) -> list[PrivateKey]:
    return [PrivateKey(bytes.fromhex(secret)) for secret in vector["secrets"]]


def made_from(vector: dict[str, Any]) -> dict[str, Any]:
    """The arguments that `create_packet` and `create_surb` share."""
    draws = iter((vector["initial_secret"], vector.get("padding")))

    def random_bytes(size: int) -> bytes:
        drawn = next(draws)
        return bytes(size) if drawn is None else bytes.fromhex(drawn)

    route = [
        Hop(bytes.fromhex(address), key.public)
        for address, key in zip(vector["addresses"], keys_of(vector), strict=True)
    ]
    return {
        "route": route,
        "destination": Destination(
            bytes.fromhex(vector["destination"]), bytes.fromhex(vector["identifier"])
        ),
        "delays_s": [delay / 1e9 for delay in vector["delays_ns"]],
        "geometry": Geometry(vector["payload_bytes"]),
        "version": Version(vector["version"]),
        "random_bytes": random_bytes,
    }


def follow(vector: dict[str, Any]) -> FinalHop:
    geometry = Geometry(vector["payload_bytes"])
    packet = bytes.fromhex(vector["packet"])
    for key, said in zip(keys_of(vector), vector["hops"], strict=True):
        result = process(packet, key, geometry)
        assert result.replay_tag.hex() == said["replay_tag"]
        assert result.version == vector["version"]
        if isinstance(result, ForwardHop):
            packet = result.packet
            assert result.next_address.hex() == said["next_address"]
            assert result.delay_ns == said["delay_ns"]
            assert said["packet"] in (None, packet.hex())
            assert hashlib.sha256(packet).hexdigest() == said["packet_sha256"]
        else:
            assert result.destination.hex() == vector["destination"]
            assert result.identifier.hex() == vector["identifier"]
            assert (None if result.message is None else result.message.hex()) == said["message"]
            assert hashlib.sha256(result.payload).hexdigest() == said["payload_sha256"]
    assert isinstance(result, FinalHop)
    return result


def test_there_are_vectors_for_every_version_and_route_length() -> None:
    assert len(FILES) == 2
    seen = {(vector["version"], len(vector["secrets"])) for vector in PACKETS}
    assert seen == {(version, hops) for version in (258, 259, 260) for hops in range(1, 6)}


@pytest.mark.parametrize("vector", PACKETS, ids=named)
def test_a_packet_of_the_crate_is_opened_as_the_crate_opens_it(vector: dict[str, Any]) -> None:
    assert follow(vector).message == bytes.fromhex(vector["message"])


@pytest.mark.parametrize("vector", PACKETS, ids=named)
def test_the_same_secret_and_padding_give_the_crates_packet(vector: dict[str, Any]) -> None:
    packet = create_packet(bytes.fromhex(vector["message"]), **made_from(vector))
    assert packet.hex() == vector["packet"]


@pytest.mark.parametrize("vector", SURBS, ids=named)
def test_a_reply_block_of_the_crate_gives_the_crates_reply(vector: dict[str, Any]) -> None:
    geometry = Geometry(vector["payload_bytes"])
    message = bytes.fromhex(vector["message"])
    reply = reply_with(bytes.fromhex(vector["surb"]), message, geometry)
    assert reply.packet.hex() == vector["packet"]
    assert reply.first_hop_address.hex() == vector["first_hop_address"]
    made, keys = create_surb(**made_from(vector))
    assert made.payload_keys == Surb.from_bytes(bytes.fromhex(vector["surb"])).payload_keys
    if vector["reply_keys"] is not None:
        assert keys.to_bytes().hex() == vector["reply_keys"]
        keys = ReplyKeys.from_bytes(bytes.fromhex(vector["reply_keys"]))
    assert open_reply(follow(vector), keys, geometry) == message
