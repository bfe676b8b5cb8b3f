"""Keys: a node's own, those of one hop, and how a sender makes all of a route's."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from workbench.errors import WrongKeyError
from workbench.sphinx import primitives
from workbench.sphinx.checks import RandomBytes, draw, sized_bytes
from workbench.sphinx.geometry import POINT_BYTES
from workbench.sphinx.primitives import GROUP_ORDER, x25519
from workbench.sphinx.version import Version

_INVERSE_OF_8 = pow(8, -1, GROUP_ORDER)
_LOW = 2**254
_HIGH = 2**255


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """A node's private key and the public key that belongs to it.

    Examples
    --------
    >>> key = PrivateKey.from_bytes(bytes(range(32)))
    >>> key.public.hex()[:16]
    '8f40c5adb68f2562'
    """

    secret: bytes = field(repr=False)
    """32 bytes; clamped at each use, as RFC 7748 says."""
    public: bytes = field(init=False, compare=False)
    """32 bytes, an X25519 u-coordinate."""

    def __post_init__(self) -> None:
        secret = sized_bytes(self.secret, "private key", POINT_BYTES, WrongKeyError)
        object.__setattr__(self, "secret", secret)
        object.__setattr__(self, "public", primitives.x25519_base(secret))

    @classmethod
    def generate(cls, random_bytes: RandomBytes = os.urandom) -> PrivateKey:
        """A fresh key from 32 random bytes."""
        return cls(draw(random_bytes, POINT_BYTES))

    @classmethod
    def from_bytes(cls, secret: bytes) -> PrivateKey:
        """The key whose 32 secret bytes are these."""
        return cls(secret)


class HopKeys(NamedTuple):
    """Everything that sender and hop derive from the secret they share."""

    stream_key: bytes  # rho
    mac_key: bytes  # mu
    full_payload_key: bytes  # pi of version 258; its first 16 bytes are the later seed
    blinding: bytes  # b
    replay_tag: bytes  # tau

    @property
    def payload_seed(self) -> bytes:
        """16 bytes from which versions 259 and 260 derive the payload key."""
        return self.full_payload_key[:16]

    def payload_key(self, version: Version) -> bytes:
        """192 bytes: the key of this hop's payload layer."""
        if version is Version.V258:
            return self.full_payload_key
        return primitives.expand_payload_seed(self.full_payload_key[:16])


def hop_keys(shared_secret: bytes) -> HopKeys:
    """Derive the five keys of a hop from the shared secret's 32 bytes."""
    material = primitives.expand_shared_secret(shared_secret)
    return HopKeys(
        material[:16], material[16:32], material[32:224], material[224:256], material[256:]
    )


def sender_keys(initial_secret: bytes, public_keys: Sequence[bytes]) -> list[HopKeys]:
    """The keys of each hop, as the sender derives them.

    The secret shared with hop i is the hop's public key times x, b_0 ... b_(i-1) in turn,
    each clamped. For keys of prime order the product of those scalars can be taken first,
    so that one multiplication a hop is left; any other key goes the long way.
    """
    keys: list[HopKeys] = []
    scalars = [initial_secret]
    product = _clamped(initial_secret) % GROUP_ORDER
    for public_key in public_keys:
        scalar = None
        if len(scalars) > 1 and primitives.is_prime_order(public_key):
            scalar = _equivalent_clamped_scalar(product)
        derived = hop_keys(fold(scalars if scalar is None else (scalar,), public_key))
        keys.append(derived)
        scalars.append(derived.blinding)
        product = product * _clamped(derived.blinding) % GROUP_ORDER
    return keys


def fold(scalars: Sequence[bytes], point: bytes) -> bytes:
    """Multiply a point by each scalar in turn: right for every key, and the slower way."""
    for scalar in scalars:
        point = x25519(scalar, point)
    return point


def _clamped(scalar: bytes) -> int:
    """The number that X25519 really multiplies by: a multiple of 8 from 2^254 up."""
    return int.from_bytes(scalar, "little") & (_LOW - 8) | _LOW


def _equivalent_clamped_scalar(product: int) -> bytes | None:
    """A clamped scalar that acts as `product` does on u-coordinates of prime order.

    c = 8 (product / 8 mod l) is a multiple of 8 that is equal to the product mod l; so is
    8 l - c up to the sign, which a u-coordinate does not see. One of the two lies in
    [2^254, 2^255), except with a chance of about 2^-126: then the caller folds.
    """
    scalar = 8 * (product * _INVERSE_OF_8 % GROUP_ORDER)
    if scalar < _LOW:
        scalar = 8 * GROUP_ORDER - scalar
    if not _LOW <= scalar < _HIGH:
        return None
    return scalar.to_bytes(32, "little")


def as_private_key(value: object) -> PrivateKey:
    """`value` if it is a private key; anything else is refused."""
    if isinstance(value, PrivateKey):
        return value
    raise WrongKeyError(f"expected a PrivateKey, got {type(value).__name__}")
