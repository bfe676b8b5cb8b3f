"""The primitives, and the only place that imports a cryptographic library.

X25519 comes from libsodium (PyNaCl), AES-CTR, ChaCha20, HKDF and HMAC from OpenSSL
(cryptography), BLAKE2b from the standard library. Nothing here is constant-time beyond what
those libraries do and `same_bytes`.

Threads: X25519 lets other threads run meanwhile, everything else here does not, on purpose.
The rest takes a few microseconds a call; to hand the interpreter over for that costs more.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import importlib

import nacl.bindings
import nacl.exceptions
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from workbench.errors import LowOrderPointError

FIELD_PRIME = 2**255 - 19
GROUP_ORDER = 2**252 + 27742317777372353535851937790883648493  # l: of the base point

_SHA256 = hashes.SHA256()
_ZERO_NONCE = bytes(16)
_ZERO_COUNTER = modes.CTR(_ZERO_NONCE)
_MAC_BYTES = 16

# Nym's labels (nymtech/sphinx): Archimedes' lever, and the names of the second derivation.
_SHARED_SECRET_INFO = (
    b"Dwste mou enan moxlo arketa makru kai ena upomoxlio gia na ton topothetisw kai tha "
    b"kinisw thn gh."
)
_PAYLOAD_SALT = b"sphinx-payload-key-V01-CS01-HKDF:SHA256-SALT"
_PAYLOAD_INFO = b"sphinx-payload-key-V01-CS01-HKDF:SHA256-INFO"
_KEY_MATERIAL_BYTES = 288
_PAYLOAD_KEY_BYTES = 192

_scalarmult = nacl.bindings.crypto_scalarmult
_scalarmult_base = nacl.bindings.crypto_scalarmult_base
_blake2b = hashlib.blake2b
_chacha20 = algorithms.ChaCha20
_aes128 = algorithms.AES128


def x25519(scalar: bytes, point: bytes) -> bytes:
    """`scalar` times `point`; the scalar is clamped here, as RFC 7748 says.

    A point of low order gives zero, whatever the scalar: the "secret" would be known to
    all. libsodium refuses it, and so do we.
    """
    try:
        return _scalarmult(scalar, point)
    except nacl.exceptions.CryptoError:
        raise low_order(point) from None


def x25519_address() -> int:
    """Where libsodium's function behind `x25519` stands in memory, for a compiled caller.

    It takes three addresses, of a product to be written, of a scalar and of a point, and
    returns 0 when the product is good.
    """
    sodium = importlib.import_module("nacl._sodium")
    pointer = sodium.ffi.addressof(sodium.lib, "crypto_scalarmult")
    return int(sodium.ffi.cast("uintptr_t", pointer))


def low_order(point: bytes) -> LowOrderPointError:
    """The refusal of a point whose product is zero."""
    return LowOrderPointError(
        f"the point {point.hex()} has low order; expected one whose product is not zero"
    )


def x25519_base(scalar: bytes) -> bytes:
    """`scalar` (clamped) times the base point: the public key of a private one."""
    return _scalarmult_base(scalar)


@functools.lru_cache(maxsize=4096)
def is_prime_order(public_key: bytes) -> bool:
    """Whether a u-coordinate belongs to a point of the curve's prime-order group.

    False for points of the twist and for points with a part of order 2, 4 or 8. The answer
    is kept, because a sender meets the same nodes again and again.
    """
    u = (int.from_bytes(public_key, "little") & (2**255 - 1)) % FIELD_PRIME
    if u == FIELD_PRIME - 1:
        return False
    # The map between Montgomery's and Edwards' form of the curve (RFC 7748, section 4.1).
    y = (u - 1) * pow(u + 1, -1, FIELD_PRIME) % FIELD_PRIME
    try:
        return nacl.bindings.crypto_core_ed25519_is_valid_point(y.to_bytes(32, "little"))
    except nacl.exceptions.UnavailableError:  # a libsodium built without this part
        return False


def expand_shared_secret(shared_secret: bytes) -> bytes:
    """288 bytes of keys from the secret that sender and hop share: HKDF-SHA256, no salt."""
    return HKDF(_SHA256, _KEY_MATERIAL_BYTES, b"", _SHARED_SECRET_INFO).derive(shared_secret)


def expand_payload_seed(seed: bytes) -> bytes:
    """The 192-byte payload key of a 16-byte seed: HKDF-SHA256 with Nym's labels."""
    return HKDF(_SHA256, _PAYLOAD_KEY_BYTES, _PAYLOAD_SALT, _PAYLOAD_INFO).derive(seed)


def stream_xor(key: bytes, data: bytes) -> bytes:
    """`data` under AES-128-CTR from counter zero: encrypts and decrypts the header.

    The key is used for one header only, so a fixed counter is safe.
    """
    return Cipher(_aes128(key), _ZERO_COUNTER).encryptor().update(data)


def header_mac(key: bytes, routing: bytes) -> bytes:
    """HMAC-SHA256 over the routing information, its first 16 bytes."""
    mac = HMAC(key, _SHA256)
    mac.update(routing)
    return mac.finalize()[:_MAC_BYTES]


def same_bytes(left: bytes, right: bytes) -> bool:
    """Compare in constant time, so that a MAC cannot be guessed byte by byte."""
    return hmac.compare_digest(left, right)


def chacha20_xor(key: bytes, data: bytes) -> bytes:
    """`data` under ChaCha20 with a zero nonce and counter; safe for one use of a key only."""
    return Cipher(_chacha20(key, _ZERO_NONCE), None).encryptor().update(data)


def lioness_encrypt(key: bytes, block: bytes) -> bytes:
    """One wide block of any length above 32 bytes: every bit of it depends on every other.

    Anderson and Biham, "Two Practical and Provably Secure Block Ciphers: BEAR and LION"
    (1996). Not authenticated: a changed block decrypts to noise, and the caller must look.
    """
    left, right = block[:32], block[32:]
    right = chacha20_xor(_xor32(left, key[:32]), right)
    left = _xor32(left, _hash32(key[32:96], right))
    right = chacha20_xor(_xor32(left, key[96:128]), right)
    return _xor32(left, _hash32(key[128:], right)) + right


def lioness_decrypt(key: bytes, block: bytes) -> bytes:
    """Undo `lioness_encrypt`."""
    left, right = block[:32], block[32:]
    left = _xor32(left, _hash32(key[128:], right))
    right = chacha20_xor(_xor32(left, key[96:128]), right)
    left = _xor32(left, _hash32(key[32:96], right))
    return left + chacha20_xor(_xor32(left, key[:32]), right)


def xor(left: bytes, right: bytes) -> bytes:
    """Two byte strings of the same length, added without carry."""
    mixed = int.from_bytes(left, "little") ^ int.from_bytes(right, "little")
    return mixed.to_bytes(len(left), "little")


def _hash32(key: bytes, data: bytes) -> bytes:
    return _blake2b(data, key=key, digest_size=32).digest()


def _xor32(left: bytes, right: bytes) -> bytes:
    return (int.from_bytes(left, "little") ^ int.from_bytes(right, "little")).to_bytes(32, "little")
