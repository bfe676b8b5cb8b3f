"""Write tests/sphinx/vectors/*.json: packets of the published crate, for machines without cargo.

Run from the repository's root: ``python -m tests.interop.make_vectors``. The crate draws its
padding anew each time, so the packets differ from run to run while the inputs stay.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

from sphinx_reference import (  # noqa: E402
    NEXT,
    OLD,
    PROJECT,
    Arrived,
    Forwarded,
    Reference,
    build,
    find_cargo,
)

from workbench.sphinx import Destination, Geometry, Hop  # noqa: E402

VECTORS = ROOT / "tests" / "sphinx" / "vectors"
RECIPE = (
    "Every input is SHA-256 of its name below, cut to its length; packets, keys, tags and "
    "messages were made by sphinx-packet {crate} through tests/interop/rust, by "
    "`python -m tests.interop.make_vectors`. Forwarded packets above 386 bytes are given by "
    "their SHA-256."
)


def derived(name: str, size: int = 32) -> bytes:
    return hashlib.sha256(name.encode()).digest()[:size]


def inputs(name: str, hops: int) -> dict[str, Any]:
    """Named inputs of one vector."""
    return {
        "name": name,
        "initial_secret": derived(f"{name} initial secret").hex(),
        "secrets": [derived(f"{name} secret {i}").hex() for i in range(hops)],
        "addresses": [derived(f"{name} address {i}").hex() for i in range(hops)],
        "delays_ns": [int.from_bytes(derived(f"{name} delay {i}", 5), "big") for i in range(hops)],
        "destination": derived(f"{name} destination").hex(),
        "identifier": derived(f"{name} identifier", 16).hex(),
    }


def route_of(vector: dict[str, Any], reference: Reference) -> tuple[Hop, ...]:
    secrets = [bytes.fromhex(secret) for secret in vector["secrets"]]
    addresses = [bytes.fromhex(address) for address in vector["addresses"]]
    return tuple(
        Hop(address, reference.public(secret))
        for address, secret in zip(addresses, secrets, strict=True)
    )


def destination_of(vector: dict[str, Any]) -> Destination:
    return Destination(bytes.fromhex(vector["destination"]), bytes.fromhex(vector["identifier"]))


def followed(packet: bytes, vector: dict[str, Any], reference: Reference, crate: str) -> list[Any]:
    """What the crate says at each hop."""
    said: list[Any] = []
    for secret in vector["secrets"]:
        answer = reference.process(packet, bytes.fromhex(secret), crate)
        if isinstance(answer, Forwarded):
            packet = answer.packet
            said.append(
                {
                    "replay_tag": answer.replay_tag.hex(),
                    "next_address": answer.next_address.hex(),
                    "delay_ns": answer.delay_ns,
                    "packet": packet.hex() if len(packet) <= 386 else None,
                    "packet_sha256": hashlib.sha256(packet).hexdigest(),
                }
            )
        else:
            assert isinstance(answer, Arrived)
            said.append(
                {
                    "replay_tag": answer.replay_tag.hex(),
                    "message": None if answer.message is None else answer.message.hex(),
                    "payload_sha256": hashlib.sha256(answer.payload).hexdigest(),
                }
            )
    return said


def packet_vector(
    reference: Reference, crate: str, version: int, hops: int, geometry: Geometry, kind: str
) -> dict[str, Any]:
    vector = inputs(f"version {version}, {hops} hops, {kind}", hops)
    route = route_of(vector, reference)
    message = (b"A message of the reference crate. " * 70)[: geometry.message_bytes - hops]
    packet = reference.create(
        message,
        route,
        destination_of(vector),
        vector["delays_ns"],
        geometry,
        version,
        bytes.fromhex(vector["initial_secret"]),
        crate,
    )
    last = packet
    for secret in vector["secrets"][:-1]:
        forwarded = reference.process(last, bytes.fromhex(secret), crate)
        assert isinstance(forwarded, Forwarded)
        last = forwarded.packet
    padding = reference.padding(last, bytes.fromhex(vector["secrets"][-1]), geometry, hops)
    return vector | {
        "version": version,
        "payload_bytes": geometry.payload_bytes,
        "message": message.hex(),
        "padding": padding.hex(),
        "packet": packet.hex(),
        "hops": followed(packet, vector, reference, crate),
    }


def surb_vector(reference: Reference, crate: str, version: int, hops: int) -> dict[str, Any]:
    geometry = Geometry.nym_ack()
    vector = inputs(f"reply block {version}, {hops} hops", hops)
    surb, keys = reference.surb(
        route_of(vector, reference),
        destination_of(vector),
        vector["delays_ns"],
        version,
        bytes.fromhex(vector["initial_secret"]),
        crate,
    )
    message = b"a reply"
    packet, first = reference.use_surb(surb, message, geometry, crate)
    return vector | {
        "version": version,
        "payload_bytes": geometry.payload_bytes,
        "message": message.hex(),
        "surb": surb.hex(),
        "reply_keys": None if keys is None else keys.hex(),
        "packet": packet.hex(),
        "first_hop_address": first.hex(),
        "hops": followed(packet, vector, reference, crate),
    }


def main() -> None:
    cargo = find_cargo()
    assert cargo is not None, f"cargo is needed to build {PROJECT}"
    reference = Reference(build(cargo))
    assert reference.has_next, "crate 0.8.0 is needed for version 260"
    for crate, number, versions in ((OLD, "0.6.0", (258, 259)), (NEXT, "0.8.0", (260,))):
        packets = [
            packet_vector(reference, crate, version, hops, Geometry.nym_ack(), "ack")
            for version in versions
            for hops in range(1, 6)
        ]
        packets += [
            packet_vector(reference, crate, version, 4, Geometry.nym_regular(), "regular")
            for version in versions
        ]
        surbs = [
            surb_vector(reference, crate, version, hops)
            for version in versions
            for hops in (1, 4, 5)
        ]
        content = {"recipe": RECIPE.format(crate=number), "packets": packets, "surbs": surbs}
        path = VECTORS / f"sphinx_packet_{number.replace('.', '_')}.json"
        path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        print(path.relative_to(ROOT), len(packets), "packets,", len(surbs), "reply blocks")
    reference.close()


if __name__ == "__main__":
    main()
