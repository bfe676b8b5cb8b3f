"""Who sees what: the places an observer may sit, for four ways to reach a website.

A message travels over a *path* of places (you, nodes, the website) joined by wires. An
observer is a set of wires and nodes that it watches. Who it knows, and whether it can link
the two ends, follows from a few rules; the table is their result, as data.

The rules
    A wire shows the addresses at both its ends, when something passed, and how large it was.
    A node shows its neighbours on the path, and which outgoing message belongs to which
    incoming one.
    An observer that holds you and the website through one wire, one node, or an unbroken
    chain of them knows that you talked. With both ends but a gap between, it has to compare
    timing: that works where timing passes through unchanged (VPN, onion routing) and leaves
    it with a set of suspects where it does not (mixnet with cover).
All words are taken to be encrypted up to the website (https): only it can read them.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from workbench.anonymity._checks import choice, shown
from workbench.errors import AnonymityError

SYSTEMS = ("direct", "vpn", "onion", "mixnet")
USER = "you"
WEBSITE = "website"

# The nodes of each system, in the order that a message passes them.
_NODES: dict[str, tuple[str, ...]] = {
    "direct": (),
    "vpn": ("VPN server",),
    "onion": ("first node", "middle node", "last node"),
    "mixnet": ("first node", "middle node", "last node"),
}
SYSTEM_NAMES: dict[str, str] = {
    "direct": "direct (https)",
    "vpn": "VPN",
    "onion": "onion routing (as Tor)",
    "mixnet": "mixnet with cover",
}

Timing = Literal["your side", "inside", "website's side", "both ends"]
Size = Literal["the real size", "the number of cells", "only whole packets"]
Link = Literal["knows", "by timing", "suspects only", "no"]


@dataclass(frozen=True)
class Observer:
    """Somebody who watches, and where: a key, a plain name, and which places it takes.

    ``places`` are the words of ``places_of``: ends and inner places of a path.
    """

    key: str
    name: str
    places: tuple[str, ...]


# Places are named by their role, so that one observer fits every system.
OBSERVERS: tuple[Observer, ...] = (
    Observer("local_network", "your Wi-Fi or internet provider", ("first wire",)),
    Observer("first_node", "VPN provider or first node", ("first node",)),
    Observer("middle_node", "one middle node", ("middle node",)),
    Observer("last_node", "last node (exit)", ("last node",)),
    Observer("website_network", "the website's provider", ("last wire",)),
    Observer("website", "the website itself", ("website",)),
    Observer("first_and_last", "first and last node together", ("first node", "last node")),
    Observer("all_nodes", "all nodes together", ("every node",)),
    Observer("both_ends", "both providers together", ("first wire", "last wire")),
    Observer("every_wire", "a watcher of every wire", ("every wire",)),
)


@dataclass(frozen=True)
class View:
    """What one observer sees of one system: a row of the table.

    Attributes
    ----------
    system, observer : str
        Keys of ``SYSTEMS`` and ``OBSERVERS``.
    wires : tuple of (str, str)
        The wires that it watches, from and to.
    nodes : tuple of str
        The nodes (or the website) that it holds.
    sees_sender, sees_receiver : bool
        Whether your address, or the website's, is before its eyes, in whatever connection.
    timing : str
        Where it learns when packets passed: "your side", "inside", "website's side" or
        "both ends".
    size : str
        "the real size", "the number of cells" (onion routing: all of one length, but their
        count is the volume) or "only whole packets" (a mixnet: cover hides the count too).
    reads_words : bool
        Whether it can read what was said.
    links : str
        Can it tell that *you* talked to *this website*? "knows", "by timing", "suspects only",
        or "no".
    why : str
        The reason in one sentence.
    """

    system: str
    observer: str
    wires: tuple[tuple[str, str], ...]
    nodes: tuple[str, ...]
    sees_sender: bool
    sees_receiver: bool
    timing: Timing
    size: Size
    reads_words: bool
    links: Link
    why: str

    @property
    def can_link(self) -> bool:
        """Whether the observer ends up knowing that you talked to the website."""
        return self.links in ("knows", "by timing")


def path_of(system: str) -> tuple[str, ...]:
    """Places that a message passes, from you to the website.

    Examples
    --------
    >>> path_of("vpn")
    ('you', 'VPN server', 'website')
    """
    return (USER, *_NODES[choice("system", system, SYSTEMS)], WEBSITE)


def wires_of(system: str) -> tuple[tuple[str, str], ...]:
    """Wires of a path, in order.

    Examples
    --------
    >>> wires_of("direct")
    (('you', 'website'),)
    """
    path = path_of(system)
    return tuple(itertools.pairwise(path))


def view(system: str, observer: str) -> View | None:
    """What an observer sees of a system; None when it has no place there (no VPN in "direct").

    Parameters
    ----------
    system : str
        "direct", "vpn", "onion" or "mixnet".
    observer : str
        A key of ``OBSERVERS``.

    Notes
    -----
    The mixnet row assumes cover traffic and enough company; how many suspects are left is
    what ``workbench.simulate`` measures, and for long, uncovered flows timing may still tell
    (``workbench.anonymity.timing``). The table is about one path, not about what a website
    learns from logins, cookies or a browser's fingerprint.

    Examples
    --------
    >>> view("vpn", "first_node").links, view("onion", "first_node").links
    ('knows', 'no')
    >>> view("onion", "every_wire").links, view("mixnet", "every_wire").links
    ('by timing', 'suspects only')
    """
    choice("system", system, SYSTEMS)
    by_key = {one.key: one for one in OBSERVERS}
    return _view(system, by_key[choice("observer", observer, tuple(by_key))])


def view_from(
    system: str,
    *,
    wires: Iterable[tuple[str, str]] = (),
    nodes: Iterable[str] = (),
) -> View:
    """What an eye sees that sits on any wires and nodes of a path: for dragging it about.

    Parameters
    ----------
    system : str
        "direct", "vpn", "onion" or "mixnet".
    wires : iterable of (str, str)
        Some of ``wires_of(system)``.
    nodes : iterable of str
        Some places of ``path_of(system)`` behind you.

    Returns
    -------
    View
        With "custom" as its observer.

    Examples
    --------
    >>> view_from("onion", nodes=["first node", "last node"]).links
    'by timing'
    """
    path, known = path_of(system), wires_of(system)
    try:
        watched, held = [tuple(wire) for wire in wires], list(nodes)
        is_named = all(isinstance(name, str) for wire in (*watched, held) for name in wire)
    except TypeError:
        is_named = False
    if not is_named:
        raise AnonymityError("wires must be pairs of names, nodes must be names")
    for wire in watched:
        if wire not in known:
            raise AnonymityError(f"wires must be from {known}; got {shown(wire)}")
    for node in held:
        if node not in path[1:]:
            raise AnonymityError(f"nodes must be from {path[1:]}; got {shown(node)}")
    if not watched and not held:
        raise AnonymityError("expected at least one wire or node to watch")
    at = {known.index((a, b)) for a, b in watched}
    return _seen(system, "custom", at, {path.index(node) for node in held})


def table() -> tuple[View, ...]:
    """Every observer of every system, where it has a place: system by system."""
    views = (_view(system, observer) for system in SYSTEMS for observer in OBSERVERS)
    return tuple(one for one in views if one is not None)


def places_of(system: str, observer: Observer) -> tuple[set[int], set[int]] | None:
    """Wires and places (by their index on the path) that an observer holds, or None."""
    path = path_of(system)
    last = len(path) - 1
    nodes = list(range(1, last))
    wires: set[int] = set()
    held: set[int] = set()
    for place in observer.places:
        if place == "first wire":
            wires.add(0)
        elif place == "last wire":
            wires.add(last - 1)
        elif place == "every wire":
            wires.update(range(last))
        elif place == "website":
            held.add(last)
        elif not nodes or (place == "middle node" and len(nodes) < 3):
            return None
        elif place == "every node":
            held.update(nodes)
        elif place in ("last node", "middle node") and len(nodes) == 1:
            return None  # with one server the first is the last: counted once, as the first
        else:
            held.add(
                {"first node": nodes[0], "middle node": nodes[len(nodes) // 2]}.get(
                    place, nodes[-1]
                )
            )
    return wires, held


def _view(system: str, observer: Observer) -> View | None:
    places = places_of(system, observer)
    return None if places is None else _seen(system, observer.key, *places)


def _seen(system: str, key: str, wires: set[int], held: set[int]) -> View:
    """What whoever watches these wires and holds these places sees."""
    path = path_of(system)
    last = len(path) - 1
    # An address is seen on a wire that touches it, or by a node that is its neighbour.
    near = {end for wire in wires for end in (wire, wire + 1)}
    near |= {end for node in held for end in (node - 1, node, node + 1)}
    sees_sender, sees_receiver = 0 in near, last in near
    is_outside = last in held or last - 1 in held or last - 1 in wires
    links, why = _links(system, wires, held, sees_sender, sees_receiver)
    return View(
        system=system,
        observer=key,
        wires=tuple((path[w], path[w + 1]) for w in sorted(wires)),
        nodes=tuple(path[n] for n in sorted(held)),
        sees_sender=sees_sender,
        sees_receiver=sees_receiver,
        timing=_timing(sees_sender, sees_receiver),
        size=_size(system, is_outside),
        reads_words=last in held,
        links=links,
        why=why,
    )


def _size(system: str, is_outside: bool) -> Size:
    """What sizes tell: behind the last node all systems carry plain https traffic."""
    if system in ("direct", "vpn") or is_outside:
        return "the real size"
    return "the number of cells" if system == "onion" else "only whole packets"


def _timing(sees_sender: bool, sees_receiver: bool) -> Timing:
    if sees_sender and sees_receiver:
        return "both ends"
    if sees_sender:
        return "your side"
    return "website's side" if sees_receiver else "inside"


def _links(
    system: str, wires: set[int], held: set[int], sees_sender: bool, sees_receiver: bool
) -> tuple[Link, str]:
    """Whether you and the website can be linked, and why."""
    last = len(path_of(system)) - 1
    if not (sees_sender and sees_receiver):
        if sees_sender:
            return "no", "it sees you, but not where your messages go in the end"
        if sees_receiver:
            return "no", "it sees the website, but not whose messages arrive there"
        return "no", "it sees neither you nor the website, only neighbours on the path"
    if _is_chain(last, wires, held):
        if last == 1:
            return "knows", "your address and the website's are on the same wire"
        if len(held) == 1:
            return "knows", "it forwards your messages itself: both addresses pass through it"
        return "knows", "together these nodes follow every message from you to the website"
    if system == "mixnet":
        return (
            "suspects only",
            "it sees both ends, but delays, cover and shuffling leave many packets that fit",
        )
    return "by timing", "it sees both ends, and what goes in comes out with the same rhythm"


def _is_chain(last: int, wires: set[int], held: set[int]) -> bool:
    """Whether the places follow a message from end to end without a gap at any node.

    Watching every wire is no chain: which outgoing message belongs to which incoming one is
    known only inside a node.
    """
    if last == 1:
        return True
    return all(node in held for node in range(1, last))
