"""The small network that the packet inspector draws: gateways and three layers of mixes."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from workbench.sphinx import Hop, PrivateKey
from workbench.sphinx.address import encode_address

WIDTH = 4
GATEWAYS = 2
PORT = 1789  # the port on which Nym's mix nodes listen


@dataclass(frozen=True)
class Node:
    """A mix or gateway of the drawing, with a real key pair and a real address."""

    name: str
    title: str
    number: str
    column: int
    row: int
    where: str
    address: bytes
    key: PrivateKey

    @property
    def hop(self) -> Hop:
        """The node as a sender knows it: address and public key."""
        return Hop(self.address, self.key.public)


@dataclass(frozen=True)
class Column:
    """Nodes among which a route chooses one, or none."""

    name: str
    short: str
    nodes: tuple[Node, ...]


@dataclass(frozen=True)
class Network:
    """Entry gateways, three layers of mixes, exit gateways."""

    columns: tuple[Column, ...]

    def node_at(self, address: bytes) -> Node | None:
        """Who listens at an address; None for nobody of this network."""
        for column in self.columns:
            for node in column.nodes:
                if node.address == address:
                    return node
        return None


def random_bytes_from(seed: int, purpose: str) -> Callable[[int], bytes]:
    """A repeatable source of bytes: the same seed builds the same packet again.

    For the panel only: undo and reload must show the packet that stood there before.
    """
    drawn = 0

    def draw(size: int) -> bytes:
        nonlocal drawn
        drawn += 1
        return hashlib.shake_256(f"{purpose} {seed} {drawn}".encode()).digest(size)

    return draw


@functools.lru_cache(maxsize=8)
def small_network(seed: int) -> Network:
    """Two gateways at each side, four mixes in each of three layers; keys from the seed."""
    draw = random_bytes_from(seed, "node key")
    columns = [_gateways("Entry", 0, draw)]
    for layer in (1, 2, 3):
        nodes = tuple(_mix(layer, row, draw) for row in range(WIDTH))
        columns.append(Column(f"Layer {layer}", f"L{layer}", nodes))
    columns.append(_gateways("Exit", 4, draw))
    return Network(tuple(columns))


def _mix(layer: int, row: int, draw: Callable[[int], bytes]) -> Node:
    number = WIDTH * (layer - 1) + row + 1
    name = f"mix {number}"
    return _node(name, f"Mix {number}, layer {layer}", number, layer, row, draw)


def _gateways(side: str, column: int, draw: Callable[[int], bytes]) -> Column:
    nodes = []
    for row in range(GATEWAYS):
        name = f"{side.lower()} gateway {row + 1}"
        nodes.append(_node(name, name.capitalize(), row + 1, column, row, draw))
    return Column(f"{side} gateways", side, tuple(nodes))


def _node(
    name: str, title: str, number: int, column: int, row: int, draw: Callable[[int], bytes]
) -> Node:
    octets = (10, 0, column, number)
    host = ".".join(map(str, octets))
    address = encode_address(host, PORT)
    where = f"{host}:{PORT}"
    return Node(name, title, str(number), column, row, where, address, PrivateKey.generate(draw))
