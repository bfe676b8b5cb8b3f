"""What a packet costs: beside the bare sum of its primitives, the Rust crate, two threads."""

from __future__ import annotations

import contextlib
import hashlib
import multiprocessing
import os
import statistics
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import nacl.bindings
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from benchmarks.common import Row
from workbench.errors import PacketError
from workbench.sphinx import (
    Destination,
    ForwardHop,
    Geometry,
    Hop,
    PrivateKey,
    create_packet,
    create_surb,
    process,
    process_many,
    reply_with,
)
from workbench.sphinx.primitives import is_prime_order

HOPS = 4
ROUNDS = 150
BATCHES = 15
GEOMETRY = Geometry.nym_regular()
KEYS = [PrivateKey(bytes([i + 1]) * 32) for i in range(HOPS)]
ROUTE = [Hop(bytes([i]) * 32, key.public) for i, key in enumerate(KEYS)]
HOME = Destination(bytes(32), bytes(16))
DELAYS_S = [0.015] * HOPS
MESSAGE = bytes(GEOMETRY.message_bytes)


def rows() -> list[Row]:
    packet = create_packet(MESSAGE, ROUTE, HOME, DELAYS_S, GEOMETRY)
    hop_s, hop_floor_s, make_s, make_floor_s = cpu_of_each(
        [
            lambda: process(packet, KEYS[0], GEOMETRY),
            forward_hop_primitives,
            lambda: create_packet(MESSAGE, ROUTE, HOME, DELAYS_S, GEOMETRY),
            packet_primitives,
        ]
    )
    return [
        Row(
            "forward hop, 2413 bytes",
            hop_s * 1e6,
            "us",
            "<= 1.4x its primitives",
            hop_s / hop_floor_s,
            f"primitives alone {hop_floor_s * 1e6:.0f} us",
        ),
        Row(
            "packet made, 4 hops",
            make_s * 1e6,
            "us",
            "<= 1.4x its primitives",
            make_s / make_floor_s,
            f"primitives alone {make_floor_s * 1e6:.0f} us, one multiplication a hop",
        ),
        *rust_rows(hop_s, make_s),
        *threads_rows(packet),
        *other_rows(packet),
        *part_rows(),
    ]


def cpu_of_each(works: Sequence[Callable[[], object]]) -> list[float]:
    """Least CPU seconds of one call, the works taken in turns so that noise hits all alike."""
    least = [float("inf")] * len(works)
    for work in works:
        work()
    for _ in range(BATCHES):
        for i, work in enumerate(works):
            start = time.process_time()
            for _ in range(ROUNDS):
                work()
            least[i] = min(least[i], (time.process_time() - start) / ROUNDS)
    return least


# --- the primitives alone, called as barely as Python can: nothing is joined, cut or checked ---

SHA256 = hashes.SHA256()
KEY16, KEY32, KEY64 = os.urandom(16), os.urandom(32), os.urandom(64)
POINT = KEYS[0].public
COUNTER = modes.CTR(bytes(16))
INFO, SALT = bytes(97), bytes(44)
ROUTING, STREAM = bytes(GEOMETRY.routing_bytes), bytes(GEOMETRY.keystream_bytes)
RIGHT = bytes(GEOMETRY.payload_bytes - 32)


def bare_x25519() -> None:
    nacl.bindings.crypto_scalarmult(KEY32, POINT)


def bare_x25519_base() -> None:
    nacl.bindings.crypto_scalarmult_base(KEY32)


def bare_shared_hkdf() -> None:
    HKDF(SHA256, 288, b"", INFO).derive(KEY32)


def bare_seed_hkdf() -> None:
    HKDF(SHA256, 192, SALT, SALT).derive(KEY16)


def bare_aes_ctr() -> None:
    Cipher(algorithms.AES128(KEY16), COUNTER).encryptor().update(STREAM)


def bare_hmac() -> None:
    mac = HMAC(KEY16, SHA256)
    mac.update(ROUTING)
    mac.finalize()


def bare_lioness() -> None:
    Cipher(algorithms.ChaCha20(KEY32, COUNTER.nonce), None).encryptor().update(RIGHT)
    hashlib.blake2b(RIGHT, key=KEY64, digest_size=32).digest()
    Cipher(algorithms.ChaCha20(KEY32, COUNTER.nonce), None).encryptor().update(RIGHT)
    hashlib.blake2b(RIGHT, key=KEY64, digest_size=32).digest()


def forward_hop_primitives() -> None:
    bare_x25519()
    bare_shared_hkdf()
    bare_hmac()
    bare_aes_ctr()
    bare_seed_hkdf()
    bare_lioness()
    bare_x25519()


def packet_primitives() -> None:
    bare_x25519_base()
    for _ in range(HOPS):
        bare_x25519()
        bare_shared_hkdf()
        bare_aes_ctr()
        bare_hmac()
        bare_seed_hkdf()
        bare_lioness()


def part_rows() -> list[Row]:
    parts = {
        "X25519": bare_x25519,
        "X25519, base point": bare_x25519_base,
        "HKDF, 288 bytes": bare_shared_hkdf,
        "HKDF, 192 bytes": bare_seed_hkdf,
        "AES-128-CTR, 360 bytes": bare_aes_ctr,
        "HMAC-SHA256, 300 bytes": bare_hmac,
        "LIONESS, 2065 bytes": bare_lioness,
    }
    seconds = cpu_of_each(list(parts.values()))
    return [
        Row(f"  primitive: {name}", value * 1e6, "us")
        for name, value in zip(parts, seconds, strict=True)
    ]


# --- beside the Rust crate, two threads, and the rest ---


def rust_rows(hop_s: float, make_s: float) -> list[Row]:
    """The published crate's time for the same work; left out, with a note, without cargo."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))
    from sphinx_reference import Reference, build, find_cargo

    cargo = find_cargo()
    if cargo is None:
        return [Row("the Rust crate's time", "left out", note="no cargo: rustup.rs")]
    reference = Reference(build(cargo))
    rust_hop_ns, rust_make_ns = reference.bench_ns(GEOMETRY)
    reference.close()
    target = "aim: <= 1.5x of Rust"
    return [
        Row(
            "forward hop, beside Rust",
            rust_hop_ns / 1e3,
            "us",
            target,
            hop_s * 1e9 / rust_hop_ns,
            "value: sphinx-packet 0.6.0; ratio: ours to it",
        ),
        Row(
            "packet made, beside Rust",
            rust_make_ns / 1e3,
            "us",
            target,
            make_s * 1e9 / rust_make_ns,
            "the crate multiplies n(n+1)/2 times",
        ),
    ]


PACKETS = 1500


def threads_rows(packet: bytes) -> list[Row]:
    """Packets a second of two threads over those of one, and what two processes reach.

    Two processes share no lock: their ratio is what this machine has to give just now, and
    a busy one gives less than two. Each takes its turn in each of the rounds; the median of
    the rounds' ratios is told, because both sides of one share the machine's mood.
    """
    packets = [packet] * PACKETS
    process_many(packets, KEYS[0], GEOMETRY)  # loads and perhaps compiles its loop

    def by_process() -> None:
        for one in packets:
            process(one, KEYS[0], GEOMETRY)

    def together() -> None:
        process_many(packets, KEYS[0], GEOMETRY)

    def made() -> None:
        for _ in range(PACKETS // 4):
            create_packet(MESSAGE, ROUTE, HOME, DELAYS_S, GEOMETRY)

    rounds = [
        (
            timed(together), two_threads_s(together), two_processes_s(packet),
            timed(by_process), two_threads_s(by_process),
            timed(made), two_threads_s(made),
        )
        for _ in range(9)
    ]  # fmt: skip

    def ratio(one: int, two: int) -> float:
        return statistics.median(2 * each[one] / each[two] for each in rounds)

    def a_second(which: int, count: int = PACKETS) -> float:
        return count / statistics.median(each[which] for each in rounds)

    return [
        Row(
            "two threads, forward hops (process_many)",
            2 * a_second(1),
            "packets/s",
            ">= 1.6x one thread",
            ratio(0, 1),
            f"one thread {a_second(0):,.0f} packets/s; wall clock, median of {len(rounds)} rounds",
        ),
        Row(
            "two processes, forward hops",
            2 * a_second(2),
            "packets/s",
            ratio=ratio(0, 2),
            note="what two cores gave in this run",
        ),
        Row(
            "two threads, forward hops one by one (process)",
            2 * a_second(4),
            "packets/s",
            ratio=ratio(3, 4),
            note="they hand the interpreter over twice a packet",
        ),
        Row(
            "two threads, packets made",
            2 * a_second(6, PACKETS // 4),
            "packets/s",
            ratio=ratio(5, 6),
            note="they hand the interpreter over eight times a packet",
        ),
    ]


def timed(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def two_threads_s(work: Callable[[], None]) -> float:
    threads = [threading.Thread(target=work) for _ in range(2)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - start


def two_processes_s(packet: bytes) -> float:
    """From the first start to the last end, the processes' own start not counted."""
    context = multiprocessing.get_context("spawn")
    barrier, times = context.Barrier(2), context.Queue()
    workers = [context.Process(target=_worker, args=(packet, barrier, times)) for _ in range(2)]
    for worker in workers:
        worker.start()
    spans = [times.get() for _ in workers]
    for worker in workers:
        worker.join()
    return float(max(end for _, end in spans) - min(start for start, _ in spans))


def _worker(packet: bytes, barrier: Any, times: Any) -> None:
    packets = [packet] * PACKETS
    process_many(packets[:1], KEYS[0], GEOMETRY)
    barrier.wait()
    start = time.perf_counter()  # one clock for all processes of a machine
    process_many(packets, KEYS[0], GEOMETRY)
    times.put((start, time.perf_counter()))


def other_rows(packet: bytes) -> list[Row]:
    for key in KEYS[:-1]:
        opened = process(packet, key, GEOMETRY)
        assert isinstance(opened, ForwardHop)
        packet = opened.packet
    surb, _ = create_surb(ROUTE, HOME, DELAYS_S, GEOMETRY)
    noise = os.urandom(GEOMETRY.packet_bytes)

    def refused() -> None:
        with contextlib.suppress(PacketError):
            process(noise, KEYS[0], GEOMETRY)

    def strange_key() -> None:
        is_prime_order.cache_clear()
        is_prime_order(POINT)

    final_s, surb_s, reply_s, refused_s, strange_s = cpu_of_each(
        [
            lambda: process(packet, KEYS[-1], GEOMETRY),
            lambda: create_surb(ROUTE, HOME, DELAYS_S, GEOMETRY),
            lambda: reply_with(surb, MESSAGE, GEOMETRY),
            refused,
            strange_key,
        ]
    )
    return [
        Row("final hop", final_s * 1e6, "us"),
        Row("reply block made, 4 hops", surb_s * 1e6, "us"),
        Row("reply made", reply_s * 1e6, "us"),
        Row("noise refused", refused_s * 1e6, "us"),
        Row("a public key's order looked at", strange_s * 1e6, "us", note="once a node, then kept"),
    ]
