"""A route: the hops, in order, and where the message goes when it leaves the last one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workbench.errors import (
    AddressError,
    EmptyRouteError,
    RouteError,
    RouteTooLongError,
    WrongKeyError,
)
from workbench.sphinx.checks import sized_bytes
from workbench.sphinx.geometry import (
    ADDRESS_BYTES,
    DESTINATION_BYTES,
    IDENTIFIER_BYTES,
    POINT_BYTES,
    Geometry,
)


@dataclass(frozen=True, slots=True)
class Hop:
    """A node on the route: where it listens, and the public key that it is known by.

    Parameters
    ----------
    address : bytes
        32 bytes; any bytes do here, `encode_address` makes those that Nym uses.
    public_key : bytes
        32 bytes, an X25519 u-coordinate.
    """

    address: bytes
    public_key: bytes

    def __post_init__(self) -> None:
        address = sized_bytes(self.address, "hop address", ADDRESS_BYTES, AddressError)
        public_key = sized_bytes(self.public_key, "public key", POINT_BYTES, WrongKeyError)
        object.__setattr__(self, "address", address)
        object.__setattr__(self, "public_key", public_key)


@dataclass(frozen=True, slots=True)
class Destination:
    """Where the last hop hands the message to, and under which name.

    Parameters
    ----------
    address : bytes
        32 bytes that only the last hop reads.
    identifier : bytes
        16 bytes; for a reply block, what its maker knows it by.
    """

    address: bytes
    identifier: bytes = bytes(IDENTIFIER_BYTES)

    def __post_init__(self) -> None:
        address = sized_bytes(self.address, "destination", DESTINATION_BYTES, AddressError)
        identifier = sized_bytes(self.identifier, "identifier", IDENTIFIER_BYTES, AddressError)
        object.__setattr__(self, "address", address)
        object.__setattr__(self, "identifier", identifier)


def as_route(route: object, geometry: Geometry) -> tuple[Hop, ...]:
    """The hops of a route, counted and looked at."""
    if not isinstance(route, Sequence) or isinstance(route, str | bytes | bytearray | memoryview):
        raise RouteError(f"a route must be a list of hops, got {type(route).__name__}")
    hops = tuple(route)
    if not hops:
        raise EmptyRouteError(f"the route is empty; expected 1 to {geometry.max_hops} hops")
    if len(hops) > geometry.max_hops:
        raise RouteTooLongError(
            f"the route has {len(hops)} hops; the header has room for {geometry.max_hops}"
        )
    for hop in hops:
        if not isinstance(hop, Hop):
            raise RouteError(f"a route must be made of Hop, got {type(hop).__name__}")
    return hops


def as_destination(value: object) -> Destination:
    """`value` if it is a destination; anything else is refused."""
    if isinstance(value, Destination):
        return value
    raise RouteError(f"expected a Destination, got {type(value).__name__}")
