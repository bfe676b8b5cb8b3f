"""The sender's shortcut and its slow twin, the plain fold."""

from __future__ import annotations

import random

import pytest

from workbench.errors import LowOrderPointError, RandomSourceError, WrongKeyError
from workbench.sphinx import Destination, Hop, PrivateKey, create_packet, primitives, process, weak
from workbench.sphinx.keys import (
    _clamped,
    _equivalent_clamped_scalar,
    fold,
    hop_keys,
    sender_keys,
)

ROUTES = 320


def folded_keys(initial_secret: bytes, public_keys: list[bytes]):
    """n (n + 1) / 2 multiplications: right for every key."""
    keys, scalars = [], [initial_secret]
    for public_key in public_keys:
        keys.append(hop_keys(fold(scalars, public_key)))
        scalars.append(keys[-1].blinding)
    return keys


def test_one_multiplication_a_hop_gives_the_keys_of_the_plain_fold() -> None:
    rng = random.Random("routes")
    for _ in range(ROUTES):
        public_keys = [primitives.x25519_base(rng.randbytes(32)) for _ in range(5)]
        secret = rng.randbytes(32)
        assert sender_keys(secret, public_keys) == folded_keys(secret, public_keys)


def test_the_shortcut_saves_its_multiplications(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random("count")
    public_keys = [primitives.x25519_base(rng.randbytes(32)) for _ in range(5)]
    calls = []
    real = primitives.x25519
    monkeypatch.setattr(
        "workbench.sphinx.keys.x25519", lambda *words: calls.append(1) or real(*words)
    )
    sender_keys(rng.randbytes(32), public_keys)
    assert len(calls) == 5


@pytest.mark.parametrize("kind", ["torsion", "twist"])
def test_keys_that_are_not_of_prime_order_go_the_long_way_and_come_out_right(kind: str) -> None:
    rng = random.Random(kind)
    for _ in range(30):
        public_keys = [primitives.x25519_base(rng.randbytes(32)) for _ in range(5)]
        for i in (1, 3):
            if kind == "torsion":
                public_keys[i] = weak.add_order_two(public_keys[i])
            else:
                public_keys[i] = point_of_the_twist(rng)
            assert not primitives.is_prime_order(public_keys[i])
        secret = rng.randbytes(32)
        assert sender_keys(secret, public_keys) == folded_keys(secret, public_keys)


def point_of_the_twist(rng: random.Random) -> bytes:
    p = primitives.FIELD_PRIME
    while True:
        u = rng.randrange(2, p)
        square = (u**3 + 486662 * u**2 + u) % p
        if pow(square, (p - 1) // 2, p) == p - 1:  # no v with v^2 = u^3 + A u^2 + u
            return u.to_bytes(32, "little")


def test_the_shortcut_would_be_wrong_on_the_twist() -> None:
    # Why the order is looked at: the product mod l means nothing there.
    rng = random.Random("wrong")
    point = point_of_the_twist(rng)
    scalars = [rng.randbytes(32), rng.randbytes(32)]
    product = _clamped(scalars[0]) * _clamped(scalars[1]) % primitives.GROUP_ORDER
    scalar = _equivalent_clamped_scalar(product)
    assert scalar is not None
    assert primitives.x25519(scalar, point) != fold(scalars, point)


def test_the_shortcuts_scalar_is_clamped_and_equal_up_to_its_sign() -> None:
    rng = random.Random("scalars")
    order = primitives.GROUP_ORDER
    for _ in range(500):
        product = rng.randrange(1, order)
        written = _equivalent_clamped_scalar(product)
        assert written is not None
        scalar = int.from_bytes(written, "little")
        assert _clamped(written) == scalar
        assert scalar % order in (product, order - product)


@pytest.mark.parametrize("edge", [0, 8, 2**130, 8 * (2**252 // 8 - 1)])
def test_a_product_without_a_clamped_equal_is_left_to_the_fold(edge: int) -> None:
    written = _equivalent_clamped_scalar(edge % primitives.GROUP_ORDER)
    if written is not None:
        assert _clamped(written) == int.from_bytes(written, "little")
    else:
        assert edge in (0, 8)


@pytest.mark.parametrize("place", [0, 1, 4])
def test_a_public_key_of_low_order_is_refused_at_every_place(place: int, network) -> None:
    route = [*network.route, Hop(bytes(32), network.keys[0].public)]
    route[place] = Hop(bytes(32), bytes(32))
    with pytest.raises(LowOrderPointError, match="low order"):
        create_packet(b"", route, network.destination, [0] * 5)


def test_packets_for_odd_public_keys_are_opened_by_their_owners() -> None:
    # The owner's scalar is clamped, so a part of order 2 in the public key does no harm.
    keys = [PrivateKey(random.Random(i).randbytes(32)) for i in range(3)]
    route = [Hop(bytes(32), weak.add_order_two(key.public)) for key in keys]
    packet = create_packet(b"still read", route, Destination(bytes(32)), [0, 0, 0])
    for key in keys[:-1]:
        packet = process(packet, key).packet
    assert process(packet, keys[-1]).message == b"still read"


def test_a_private_key_hides_its_secret_when_printed() -> None:
    key = PrivateKey(bytes(range(32)))
    assert key.secret.hex() not in repr(key)
    assert "secret" not in repr(key)
    assert key == PrivateKey.from_bytes(bytearray(range(32)))


@pytest.mark.parametrize("secret", [b"", bytes(31), bytes(33)])
def test_a_key_of_another_length_is_refused(secret: bytes) -> None:
    with pytest.raises(WrongKeyError, match="expected 32"):
        PrivateKey(secret)
    with pytest.raises(WrongKeyError, match="expected 32"):
        Hop(bytes(32), secret)


def test_a_source_of_random_bytes_must_give_what_was_asked() -> None:
    with pytest.raises(RandomSourceError, match="expected 32 bytes"):
        PrivateKey.generate(lambda size: bytes(size - 1))
    with pytest.raises(RandomSourceError, match="function of a size"):
        PrivateKey.generate(7)  # type: ignore[arg-type]
    with pytest.raises(RandomSourceError, match="expected 32 bytes"):
        PrivateKey.generate(lambda size: "x" * size)  # type: ignore[arg-type, return-value]
