"""The packet formats that are spoken here."""

from __future__ import annotations

import enum

from workbench.errors import UnknownVersionError


class Version(enum.IntEnum):
    """The format a packet says it has, in three encrypted bytes of each routing block.

    A hop cannot know the version before it has opened the header: key derivation, MAC and
    header cipher are the same in all of them. Only the payload key and reply blocks differ.
    """

    V258 = 258
    """Payload keys of 192 bytes straight from the key derivation."""
    V259 = 259
    """Payload keys from a 16-byte seed: smaller reply blocks. The default."""
    V260 = 260
    """As 259, but a reply block hands out the last hop's seed only."""

    @property
    def has_payload_seeds(self) -> bool:
        """Whether a hop derives its payload key from a 16-byte seed."""
        return self is not Version.V258

    @property
    def has_single_seed_surbs(self) -> bool:
        """Whether only the maker of a reply block can open the reply."""
        return self is Version.V260

    def to_bytes3(self) -> bytes:
        """The three bytes on the wire: a zero, then the number big-endian."""
        return int(self).to_bytes(3, "big")


_BY_BYTES: dict[bytes, Version] = {version.to_bytes3(): version for version in Version}
_KNOWN = ", ".join(str(int(version)) for version in Version)


def as_version(value: object) -> Version:
    """The version meant by a `Version` or its number; anything else is refused."""
    if isinstance(value, Version):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        for version in Version:
            if value == version:
                return version
    raise UnknownVersionError(f"version {value!r} is not spoken here; expected one of {_KNOWN}")


def version_from_bytes(data: bytes) -> Version:
    """Read the three bytes of a routing block."""
    version = _BY_BYTES.get(data)
    if version is None:
        raise UnknownVersionError(
            f"the packet says version {int.from_bytes(data, 'big')}; expected one of {_KNOWN}"
        )
    return version
