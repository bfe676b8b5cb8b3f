"""Routes and packets that many of these tests need."""

from __future__ import annotations

import random
from dataclasses import dataclass

import pytest

from workbench.sphinx import Destination, Geometry, Hop, PrivateKey, create_packet


@dataclass(frozen=True)
class Network:
    """Keys, the route they belong to, and a destination."""

    keys: tuple[PrivateKey, ...]
    route: tuple[Hop, ...]
    destination: Destination
    delays_s: tuple[float, ...]

    def packet(self, message: bytes = b"a message", **knobs: object) -> bytes:
        return create_packet(message, self.route, self.destination, self.delays_s, **knobs)


def network_of(hops: int, seed: object = 0) -> Network:
    rng = random.Random(f"{hops} {seed}")
    keys = tuple(PrivateKey(rng.randbytes(32)) for _ in range(hops))
    route = tuple(Hop(rng.randbytes(32), key.public) for key in keys)
    destination = Destination(rng.randbytes(32), rng.randbytes(16))
    return Network(keys, route, destination, tuple(0.001 * i for i in range(hops)))


@pytest.fixture
def make_network():
    return network_of


@pytest.fixture
def network() -> Network:
    return network_of(4)


@pytest.fixture
def geometry() -> Geometry:
    return Geometry()
