"""The errors of the workbench: one family, each message says what was expected.

Nothing else leaves a public function on bad input, so a caller who wants to keep a
notebook or a panel alive catches :class:`WorkbenchError` and shows its message.
"""

from __future__ import annotations


class WorkbenchError(Exception):
    """Anything the workbench refuses, with what it expected in the message."""


class ScenarioError(WorkbenchError, ValueError):
    """A knob outside its range, an unknown knob, or a query that is not a scenario."""


class SimulationError(WorkbenchError):
    """A simulation that cannot run as asked (memory, targets, a stopped run)."""


class RewardError(WorkbenchError, ValueError):
    """Reward parameters, stakes or moves outside what the formulas allow."""


class PacketError(WorkbenchError, ValueError):
    """A packet, route or key that Sphinx refuses; each reason is a child of this class."""


class AnonymityError(WorkbenchError, ValueError):
    """A distribution, an attack or a wish outside what the measures and formulas allow."""


class UnreachableError(AnonymityError):
    """An anonymity that no delay or width in the range searched can give."""


class LessonError(WorkbenchError, ValueError):
    """An answer, a check or a progress file that a lesson cannot use."""


# --- what Sphinx refuses: each reason its own child, each message says what was expected ---


class NotBytesError(PacketError, TypeError):
    """Something that is not bytes, a bytearray or a memoryview where bytes were expected."""


class GeometryError(PacketError):
    """A payload size or route length that no packet can have, or no geometry at all."""


class PacketLengthError(PacketError):
    """A packet, header, payload or reply whose length is not the geometry's."""


class WrongKeyError(PacketError):
    """Not a key of 32 bytes, or reply keys that belong to another reply block.

    A well-formed key of *another node* cannot be told from a changed header: the MAC
    fails, and the error is :class:`BadMacError`.
    """


class LowOrderPointError(PacketError):
    """A group element or public key whose product is zero for every scalar."""


class BadMacError(PacketError):
    """The header's MAC does not hold: a changed header, or a packet for another key."""


class UnknownFlagError(PacketError):
    """The routing block's flag is neither forward nor final."""


class UnknownVersionError(PacketError):
    """The packet's format is none that is spoken here."""


class ReplayError(PacketError):
    """The tag of this packet was seen before: the same packet came twice."""


class ReplayFilterFullError(PacketError):
    """The replay filter holds as many tags as it may; rotate it before more packets."""


class BadPaddingError(PacketError):
    """The opened payload does not begin with zeros, or nothing marks the message's end."""


class MessageTooLongError(PacketError):
    """The message does not fit into the geometry's payload."""


class EmptyRouteError(PacketError):
    """A route without hops."""


class RouteTooLongError(PacketError):
    """More hops than the header has room for."""


class RouteError(PacketError):
    """A route, hop or destination that is not what it should be."""


class DelayError(PacketError):
    """A delay that is negative, not a number, too large, or one too few or too many."""


class AddressError(PacketError):
    """An address of the wrong length, or one that is no encoded internet address."""


class FrameError(PacketError):
    """Bytes that are not a frame as mix nodes exchange it."""


class SurbError(PacketError):
    """Bytes that are no single-use reply block, or a block that cannot be made as asked."""


class RandomSourceError(PacketError):
    """A source of random bytes that gave something else than the bytes asked for."""
