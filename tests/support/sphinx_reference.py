"""The published Sphinx crate, asked through a small Rust program (tests/interop/rust).

A test anywhere takes the `reference` fixture and is marked `interop`; the program is built
once a session. Without cargo the tests are left out, see tests/conftest.py.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from workbench.sphinx import Destination, Geometry, Hop

PROJECT = Path(__file__).parents[1] / "interop" / "rust"
OLD = "old"  # 0.6.0, which the network pins
NEXT = "next"  # 0.8.0, the first with single-seed reply blocks
HOW_TO_GET_NEXT = "crate 0.8.0 was not built: it needs Rust 1.89 or newer (rustup.rs)"


class RefusedError(Exception):
    """The crate refused; its kind of error and its words."""

    def __init__(self, kind: str, words: str) -> None:
        super().__init__(f"{kind}: {words}")
        self.kind = kind
        self.words = words


@dataclass(frozen=True)
class Forwarded:
    version: int
    replay_tag: bytes
    packet: bytes
    next_address: bytes
    delay_ns: int


@dataclass(frozen=True)
class Arrived:
    version: int
    replay_tag: bytes
    destination: bytes
    identifier: bytes
    message: bytes | None
    payload: bytes


class Reference:
    """One running program; a request is a line, and so is its answer."""

    def __init__(self, binary: Path) -> None:
        self._process = subprocess.Popen(
            [str(binary)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self.old_version, self.next_version = self.ask("hello")

    @property
    def has_next(self) -> bool:
        return self.next_version != "-"

    def ask(self, *words: object) -> list[str]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(" ".join(_word(word) for word in words) + "\n")
        self._process.stdin.flush()
        verdict, *answer = self._process.stdout.readline().split()
        if verdict == "ok":
            return answer
        if answer[0] == "request":
            raise AssertionError(" ".join(answer))
        raise RefusedError(answer[0], " ".join(answer[1:]))

    def public(self, secret: bytes) -> bytes:
        return _bytes(self.ask("public", OLD, secret)[0])

    def create(
        self,
        message: bytes,
        route: Sequence[Hop],
        destination: Destination,
        delays_ns: Sequence[int],
        geometry: Geometry,
        version: int,
        initial_secret: bytes,
        crate: str = OLD,
    ) -> bytes:
        words = (version, geometry.payload_bytes, initial_secret, message)
        ending = (destination.address, destination.identifier, _hops(route, delays_ns))
        return _bytes(self.ask("create", crate, *words, *ending)[0])

    def process(self, packet: bytes, secret: bytes, crate: str = OLD) -> Forwarded | Arrived:
        kind, version, tag, *rest = self.ask("process", crate, secret, packet)
        if kind == "forward":
            sent_on, address, delay = rest
            return Forwarded(
                int(version), _bytes(tag), _bytes(sent_on), _bytes(address), int(delay)
            )
        address, identifier, message, payload = rest
        return Arrived(
            int(version),
            _bytes(tag),
            _bytes(address),
            _bytes(identifier),
            None if message == "unreadable" else _bytes(message),
            _bytes(payload),
        )

    def padding(self, packet: bytes, last_secret: bytes, geometry: Geometry, hops: int) -> bytes:
        """The padding the crate drew, read from the packet as the last hop gets it."""
        behind = _bytes(self.ask("padding", last_secret, packet)[0])
        return behind[: geometry.final_padding_bytes(hops)]

    def surb(
        self,
        route: Sequence[Hop],
        destination: Destination,
        delays_ns: Sequence[int],
        version: int,
        initial_secret: bytes,
        crate: str = OLD,
    ) -> tuple[bytes, bytes | None]:
        """The block, and for version 260 what its maker keeps."""
        ending = (destination.address, destination.identifier, _hops(route, delays_ns))
        surb, *keys = self.ask("surb", crate, version, initial_secret, *ending)
        return _bytes(surb), _bytes(keys[0]) if keys else None

    def use_surb(
        self, surb: bytes, message: bytes, geometry: Geometry, crate: str = OLD
    ) -> tuple[bytes, bytes]:
        packet, address = self.ask("use_surb", crate, geometry.payload_bytes, surb, message)
        return _bytes(packet), _bytes(address)

    def unseal(self, keys: bytes, payload: bytes) -> bytes:
        return _bytes(self.ask("unseal", NEXT, keys, payload)[0])

    def bench_ns(self, geometry: Geometry, rounds: int = 500) -> tuple[int, int]:
        """Nanoseconds of a forward hop and of a packet made for four hops."""
        hop, packet = self.ask("bench", geometry.payload_bytes, rounds)
        return int(hop), int(packet)

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=10)
        assert self._process.stdout is not None
        self._process.stdout.close()


def find_cargo() -> str | None:
    """The Rust build tool, also where rustup puts it without touching PATH."""
    return shutil.which("cargo") or shutil.which("cargo", path=str(Path.home() / ".cargo" / "bin"))


def build(cargo: str) -> Path:
    """Build the program, with crate 0.8.0 where this Rust is new enough for it."""
    target = PROJECT / "target"
    command = [cargo, "build", "--release", "--locked", "--target-dir", str(target)]
    done = None
    for features in ([], ["--no-default-features"]):
        done = subprocess.run(
            [*command, *features], cwd=PROJECT, capture_output=True, text=True, check=False
        )
        if done.returncode == 0:
            return target / "release" / f"sphinx-reference{'.exe' if os.name == 'nt' else ''}"
    assert done is not None
    raise RuntimeError(f"the reference program does not build:\n{done.stderr[-2000:]}")


@pytest.fixture(scope="session")
def reference() -> Iterator[Reference]:
    """The crate itself, to ask what it makes of our bytes."""
    cargo = find_cargo()
    assert cargo is not None, "a test that takes `reference` must be marked interop"
    running = Reference(build(cargo))
    yield running
    running.close()


def _word(value: object) -> str:
    if isinstance(value, bytes):
        return value.hex() or "-"
    return str(value)


def _bytes(word: str) -> bytes:
    return b"" if word == "-" else bytes.fromhex(word)


def _hops(route: Sequence[Hop], delays_ns: Sequence[int]) -> str:
    return ",".join(
        f"{hop.address.hex()}:{hop.public_key.hex()}:{delay}"
        for hop, delay in zip(route, delays_ns, strict=True)
    )
