"""Every length of a packet, each derived once, from two numbers and the payload's size."""

from __future__ import annotations

from dataclasses import dataclass, field

from workbench.errors import GeometryError

SECURITY_BYTES = 16  # k: 128 bits; every key, MAC and seed is a multiple of it
LONGEST_ROUTE = 5  # r: as many hops as the header has room for

POINT_BYTES = 2 * SECURITY_BYTES  # alpha, public keys, blinding factors
ADDRESS_BYTES = 2 * SECURITY_BYTES
DESTINATION_BYTES = 2 * SECURITY_BYTES
IDENTIFIER_BYTES = SECURITY_BYTES
MAC_BYTES = SECURITY_BYTES
STREAM_KEY_BYTES = SECURITY_BYTES
MAC_KEY_BYTES = SECURITY_BYTES
PAYLOAD_SEED_BYTES = SECURITY_BYTES
PAYLOAD_KEY_BYTES = 12 * SECURITY_BYTES  # LIONESS: two stream keys of 2k, two hash keys of 4k
BLINDING_BYTES = 2 * SECURITY_BYTES
REPLAY_TAG_BYTES = 2 * SECURITY_BYTES
FLAG_BYTES = 1
VERSION_BYTES = 3
DELAY_BYTES = 8  # nanoseconds, u64

# flag || version || next address || delay, then the next hop's MAC
FORWARD_BLOCK_BYTES = FLAG_BYTES + VERSION_BYTES + ADDRESS_BYTES + DELAY_BYTES
FINAL_BLOCK_BYTES = FLAG_BYTES + VERSION_BYTES + DESTINATION_BYTES + IDENTIFIER_BYTES
STEP_BYTES = FORWARD_BLOCK_BYTES + MAC_BYTES  # what one hop takes off, and the filler gives back

KEY_MATERIAL_BYTES = (
    STREAM_KEY_BYTES + MAC_KEY_BYTES + PAYLOAD_KEY_BYTES + BLINDING_BYTES + REPLAY_TAG_BYTES
)
LEADING_ZERO_BYTES = SECURITY_BYTES  # in front of the message: how the exit knows it is whole
PAYLOAD_OVERHEAD_BYTES = LEADING_ZERO_BYTES + 1  # and one 0x01 behind the message
WIDE_BLOCK_LEFT_BYTES = POINT_BYTES  # LIONESS' left half
MIN_PAYLOAD_BYTES = WIDE_BLOCK_LEFT_BYTES + 1  # LIONESS needs something in its right half
# A bound, so that a slip of the hand is refused instead of filling the memory.
MAX_PAYLOAD_BYTES = 2**30
# Seeds and full keys in a reply block are told apart by length: 16 r must stay under 192.
MOST_HOPS = PAYLOAD_KEY_BYTES // PAYLOAD_SEED_BYTES - 1


@dataclass(frozen=True, slots=True)
class Geometry:
    """Every length of a packet, derived from its payload's size and the longest route.

    Two packets with the same geometry have the same length at every hop, whatever they
    carry and however long their route is: that is what hides both.

    Parameters
    ----------
    payload_bytes : int
        Payload on the wire, 33 to 2**30, of which 17 bytes are overhead.
    max_hops : int
        Longest route, 1 to 11. Nym's packets have 5; with another number the packets are
        real Sphinx packets that no node of Nym reads.

    Raises
    ------
    GeometryError
        When a number is outside its range.

    Notes
    -----
    It does not say how many hops a packet has: nothing in a packet's length does.

    Source: Danezis and Goldberg, "Sphinx" (IEEE S&P 2009), with Nym's sizes.

    Examples
    --------
    >>> Geometry().header_bytes, Geometry().packet_bytes, Geometry().message_bytes
    (348, 1389, 1024)
    >>> Geometry.nym_regular().packet_bytes, Geometry.nym_ack().packet_bytes
    (2413, 386)
    """

    payload_bytes: int = 1024 + PAYLOAD_OVERHEAD_BYTES
    max_hops: int = LONGEST_ROUTE
    routing_bytes: int = field(init=False, repr=False, compare=False)
    """Routing information (beta): one step for each hop of the longest route."""
    keystream_bytes: int = field(init=False, repr=False, compare=False)
    """Keystream of one hop: the routing information and the step appended to it."""
    header_bytes: int = field(init=False, repr=False, compare=False)
    """Group element, MAC and routing information."""
    packet_bytes: int = field(init=False, repr=False, compare=False)
    """The whole packet on the wire."""
    message_bytes: int = field(init=False, repr=False, compare=False)
    """The longest message."""

    def __post_init__(self) -> None:
        _check_int("payload_bytes", self.payload_bytes, MIN_PAYLOAD_BYTES, MAX_PAYLOAD_BYTES)
        _check_int("max_hops", self.max_hops, 1, MOST_HOPS)
        routing = STEP_BYTES * self.max_hops
        header = POINT_BYTES + MAC_BYTES + routing
        for name, value in (
            ("routing_bytes", routing),
            ("keystream_bytes", routing + STEP_BYTES),
            ("header_bytes", header),
            ("packet_bytes", header + self.payload_bytes),
            ("message_bytes", self.payload_bytes - PAYLOAD_OVERHEAD_BYTES),
        ):
            object.__setattr__(self, name, value)

    @classmethod
    def for_message(cls, message_bytes: int, max_hops: int = LONGEST_ROUTE) -> Geometry:
        """The geometry whose longest message has `message_bytes` bytes (at least 16)."""
        shortest = MIN_PAYLOAD_BYTES - PAYLOAD_OVERHEAD_BYTES
        longest = MAX_PAYLOAD_BYTES - PAYLOAD_OVERHEAD_BYTES
        _check_int("message_bytes", message_bytes, shortest, longest)
        return cls(message_bytes + PAYLOAD_OVERHEAD_BYTES, max_hops)

    @classmethod
    def nym_regular(cls) -> Geometry:
        """Nym's regular packet: 2048 bytes of message, 2413 on the wire."""
        return cls.for_message(2048)

    @classmethod
    def nym_ack(cls) -> Geometry:
        """Nym's acknowledgement packet: 21 bytes of message, 386 on the wire."""
        return cls.for_message(21)

    @classmethod
    def nym_extended(cls, kibibytes: int) -> Geometry:
        """Nym's extended packets: 8, 16 or 32 KiB of message."""
        if kibibytes not in (8, 16, 32):
            raise GeometryError(f"extended packets hold 8, 16 or 32 KiB, not {kibibytes!r}")
        return cls.for_message(1024 * kibibytes)

    @property
    def is_nym_compatible(self) -> bool:
        """Whether Nym's code reads packets of this geometry (the header has its length)."""
        return self.max_hops == LONGEST_ROUTE

    def filler_bytes(self, hops: int) -> int:
        """How much of the last hop's routing information is filler on a route of `hops`."""
        self._check_hops(hops)
        return STEP_BYTES * (hops - 1)

    def final_padding_bytes(self, hops: int) -> int:
        """Random padding behind the final block on a route of `hops`."""
        return self.routing_bytes - self.filler_bytes(hops) - FINAL_BLOCK_BYTES

    def rows(self) -> tuple[tuple[str, int, str], ...]:
        """Each length as (name, bytes, where it comes from), for a table."""
        hops = self.max_hops
        return (
            ("security parameter k", SECURITY_BYTES, "128 bits"),
            ("group element alpha", POINT_BYTES, "an X25519 point: 2k"),
            ("MAC gamma", MAC_BYTES, "k"),
            ("flag", FLAG_BYTES, "1 forward, 2 final"),
            ("version", VERSION_BYTES, "0, then the number big-endian"),
            ("next address", ADDRESS_BYTES, "2k"),
            ("delay", DELAY_BYTES, "nanoseconds, 64 bits"),
            ("one step", STEP_BYTES, "flag + version + address + delay + MAC"),
            ("routing information beta", self.routing_bytes, f"{hops} steps of {STEP_BYTES}"),
            ("keystream of a hop", self.keystream_bytes, f"{hops + 1} steps"),
            ("header", self.header_bytes, "alpha + gamma + beta"),
            ("destination", DESTINATION_BYTES, "2k"),
            ("identifier", IDENTIFIER_BYTES, "k"),
            ("final block", FINAL_BLOCK_BYTES, "flag + version + destination + identifier"),
            ("payload overhead", PAYLOAD_OVERHEAD_BYTES, "k zeros in front, one 01 behind"),
            ("longest message", self.message_bytes, "payload - overhead"),
            ("payload", self.payload_bytes, "overhead + longest message"),
            ("packet", self.packet_bytes, "header + payload, the same at every hop"),
        )

    def table(self) -> str:
        """Each length in a line, to print.

        Examples
        --------
        >>> print(Geometry().table().splitlines()[-1])
        packet                    1389  header + payload, the same at every hop
        """
        rows = self.rows()
        width = max(len(name) for name, _, _ in rows)
        digits = max(len(str(size)) for _, size, _ in rows)
        return "\n".join(f"{name:<{width}}  {size:>{digits}}  {why}" for name, size, why in rows)

    def _check_hops(self, hops: int) -> None:
        _check_int("hops", hops, 1, self.max_hops)


def as_geometry(value: object) -> Geometry:
    """`value` if it is a geometry; anything else is refused."""
    if isinstance(value, Geometry):
        return value
    raise GeometryError(f"expected a Geometry, got {type(value).__name__}")


def _check_int(name: str, value: object, low: int, high: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise GeometryError(f"{name} must be a whole number, got {type(value).__name__}")
    if not low <= value <= high:
        raise GeometryError(f"{name} is {value}; expected {low} to {high}")
