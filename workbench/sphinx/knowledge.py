"""Who learned what, in words: what a packet gave a node, and what it does not say.

From whom a packet came a node knows from the wire, and its place in a layered network from the
public list of nodes. Neither is the packet's doing, so neither is named here.
"""

from __future__ import annotations

from workbench.sphinx import header
from workbench.sphinx.checks import NANOSECONDS
from workbench.sphinx.packet import FinalHop, ForwardHop


def learned_by_refusing(block: bytes | None) -> tuple[str, ...]:
    """What a refused packet tells; `block` is its opened block, None where the MAC failed."""
    if block is None:
        return ("that it cannot open this packet",)
    learned = ["that the header is as its maker made it: the MAC holds"]
    if block[0] == header.FINAL_FLAG:
        learned.append("that it is the last hop, and the destination and identifier")
    return tuple(learned)


def hidden_from_refusing(block: bytes | None) -> tuple[str, ...]:
    """What a refused packet does not say."""
    if block is None:
        return (
            "whether it was changed on the way or made for another key: both look the same",
            "who made it, where it was to go, and what it carried",
        )
    return (
        "who made it",
        "who changed or repeated it, and where on its way",
        "the message",
    )


def learned_by_forwarding(hop: ForwardHop) -> tuple[str, ...]:
    """What the packet gave a node that sends it on."""
    return (
        f"the next hop's address, {shortened(hop.next_address)}",
        f"how long to hold the packet: {hop.delay_ns / NANOSECONDS:.9g} s, which the sender chose",
        "that it is not the last hop",
        f"the packet's format, version {int(hop.version)}",
        "that the header is as its maker made it: the MAC holds",
        "a replay tag, by which it knows this packet again and no other",
    )


def learned_at_the_end(hop: FinalHop) -> tuple[str, ...]:
    """What the packet gave the last hop."""
    message = (
        f"the message, {len(hop.message)} bytes, and that nobody changed it"
        if hop.message is not None
        else "a payload it cannot read: only the maker of the reply block can"
    )
    return (
        "that it is the last hop",
        f"the destination, {shortened(hop.destination)}",
        f"the identifier, {hop.identifier.hex()}",
        message,
        f"the packet's format, version {int(hop.version)}",
        "a replay tag, by which it knows this packet again and no other",
    )


HIDDEN_FROM_FORWARD = (
    "who made the packet",
    "how many hops it has passed, and how many follow",
    "any hop beyond the next, and the destination",
    "the message, its length, and whether it was changed on the way",
    "whether it is a message or a reply",
)
_HIDDEN_FROM_FINAL = (
    "who made the packet, unless the message says it",
    "how many hops it has passed",
    "any hop before this one",
    "how long the other hops held it",
    "whether it was sent straight or with a reply block",
)
_HIDDEN_FROM_REPLY_HOP = (
    "who sent the packet",
    "how many hops it has passed",
    "any hop before this one",
    "the message, and whether it was changed on the way",
)


def hidden_at_the_end(hop: FinalHop) -> tuple[str, ...]:
    """What the packet does not say to the last hop."""
    return _HIDDEN_FROM_REPLY_HOP if hop.message is None else _HIDDEN_FROM_FINAL


def shortened(data: bytes | None) -> str:
    """The first bytes of `data` as hex, for a table."""
    if not data:
        return ""
    return data.hex() if len(data) <= 8 else f"{data[:6].hex()}…"
