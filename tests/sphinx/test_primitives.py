"""The primitives against published vectors and against slow, obvious twins."""

from __future__ import annotations

import hashlib
import hmac
import random

import pytest

from workbench.errors import LowOrderPointError
from workbench.sphinx import primitives, weak
from workbench.sphinx.keys import _clamped

# RFC 7748, section 5.2: scalar, u-coordinate, product.
RFC_7748 = [
    (
        "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
        "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
        "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552",
    ),
    (
        "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
        "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
        "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957",
    ),
]
P = primitives.FIELD_PRIME
# All u-coordinates of low order, and the same above the prime or with the unused top bit.
LOW_ORDER = [
    0,
    1,
    P - 1,
    325606250916557431795983626356110631294008115727848805560023387167927233504,
    39382357235489614581723060781553021112529911719440698176882885853963445705823,
    P,
    P + 1,
    2**255,
    2**255 + 1,
]


@pytest.mark.parametrize(("scalar", "point", "product"), RFC_7748)
def test_x25519_gives_the_products_of_rfc_7748(scalar: str, point: str, product: str) -> None:
    got = primitives.x25519(bytes.fromhex(scalar), bytes.fromhex(point))
    assert got.hex() == product


def test_x25519_agrees_with_the_plain_ladder_on_random_points() -> None:
    # Half of all u-coordinates lie on the twist: the ladder does not mind.
    rng = random.Random(1)
    for _ in range(50):
        scalar, point = rng.randbytes(32), rng.randbytes(32)
        assert primitives.x25519(scalar, point) == weak.multiply(_clamped(scalar), point)


@pytest.mark.parametrize("u", LOW_ORDER)
def test_points_of_low_order_are_refused(u: int) -> None:
    with pytest.raises(LowOrderPointError, match="low order; expected"):
        primitives.x25519(bytes(range(32)), u.to_bytes(32, "little"))


def test_prime_order_is_told_from_torsion_and_twist() -> None:
    rng = random.Random(2)
    on_curve = [primitives.x25519_base(rng.randbytes(32)) for _ in range(20)]
    assert all(primitives.is_prime_order(point) for point in on_curve)
    # A part of order 2 added; points of low order; and random points with l P not zero.
    assert not any(primitives.is_prime_order(weak.add_order_two(point)) for point in on_curve)
    assert not any(primitives.is_prime_order(u.to_bytes(32, "little")) for u in LOW_ORDER)
    prime = 0
    for _ in range(100):
        point = rng.randrange(P).to_bytes(32, "little")
        # l P = 0 just where (l + 1) P is P again; the ladder writes 0 for too many others.
        is_prime = weak.multiply(primitives.GROUP_ORDER + 1, point) == point
        assert primitives.is_prime_order(point) == is_prime
        prime += is_prime
    assert 0 < prime < 100


def test_key_derivation_is_hkdf_of_rfc_5869() -> None:
    info = (
        b"Dwste mou enan moxlo arketa makru kai ena upomoxlio gia na ton topothetisw kai tha "
        b"kinisw thn gh."
    )
    assert len(info) == 97
    secret = bytes(range(32))
    assert primitives.expand_shared_secret(secret) == slow_hkdf(secret, b"", info, 288)
    name = b"sphinx-payload-key-V01-CS01-HKDF:SHA256-"
    seed = bytes(range(16))
    expected = slow_hkdf(seed, name + b"SALT", name + b"INFO", 192)
    assert primitives.expand_payload_seed(seed) == expected


def slow_hkdf(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    key = hmac.digest(salt or bytes(32), secret, "sha256")
    block = out = b""
    while len(out) < length:
        block = hmac.digest(key, block + info + bytes([len(out) // 32 + 1]), "sha256")
        out += block
    return out[:length]


def test_the_header_stream_is_aes_128_in_counter_mode() -> None:
    # NIST SP 800-38A, F.1.1: AES-128 of one block; with a zero key, AES-128(0) = 66e94bd4...
    assert primitives.stream_xor(bytes(16), bytes(16)).hex() == "66e94bd4ef8a2c3b884cfa59ca342b2e"
    # The second block is the cipher of counter 1.
    second = primitives.stream_xor(bytes(16), bytes(32))[16:]
    assert second.hex() == "58e2fccefa7e3061367f1d57a4e7455a"


def test_chacha20_is_that_of_rfc_8439_with_zero_nonce_and_counter() -> None:
    # RFC 8439, appendix A.1, test vector 1.
    expected = "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7"
    assert primitives.chacha20_xor(bytes(32), bytes(32)).hex() == expected


def test_the_header_mac_is_hmac_sha256_cut_to_16_bytes() -> None:
    # RFC 4231, test case 2.
    got = primitives.header_mac(b"Jefe", b"what do ya want for nothing?")
    assert got.hex() == "5bdcc146bf60754e6a042426089575c7"


def slow_lioness(key: bytes, block: bytes) -> bytes:
    """The definition, written out."""

    def stream(stream_key: bytes, length: int) -> bytes:
        return primitives.chacha20_xor(stream_key, bytes(length))

    def add(left: bytes, right: bytes) -> bytes:
        return bytes(a ^ b for a, b in zip(left, right, strict=True))

    left, right = block[:32], block[32:]
    for stream_key, hash_key in ((key[:32], key[32:96]), (key[96:128], key[128:192])):
        right = add(right, stream(add(left, stream_key), len(right)))
        left = add(left, hashlib.blake2b(right, key=hash_key, digest_size=32).digest())
    return left + right


@pytest.mark.parametrize("length", [33, 34, 64, 100, 1041, 2065])
def test_lioness_agrees_with_its_definition_and_undoes_itself(length: int) -> None:
    rng = random.Random(length)
    key, block = rng.randbytes(192), rng.randbytes(length)
    sealed = primitives.lioness_encrypt(key, block)
    assert sealed == slow_lioness(key, block)
    assert primitives.lioness_decrypt(key, sealed) == block
    assert primitives.lioness_encrypt(key, primitives.lioness_decrypt(key, block)) == block


def test_one_flipped_bit_changes_about_half_of_a_lioness_block() -> None:
    rng = random.Random(3)
    key, block = rng.randbytes(192), rng.randbytes(1041)
    bits = 8 * len(block)
    for bit in rng.sample(range(bits), 40):
        changed = primitives.lioness_decrypt(key, weak.flip_bit(block, bit))
        share = weak.changed_bits(changed, primitives.lioness_decrypt(key, block)) / bits
        # Binomial with 8328 tries: 0.04 is more than 7 standard deviations.
        assert abs(share - 0.5) < 0.04


def test_the_library_is_imported_once_and_the_comparison_is_the_constant_time_one() -> None:
    assert primitives.same_bytes(b"same", b"same")
    assert not primitives.same_bytes(b"same", b"sane")
    assert "compare_digest" in primitives.same_bytes.__code__.co_names
