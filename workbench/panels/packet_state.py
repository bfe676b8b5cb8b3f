"""The inspector's state, and what each action of the page does to it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from workbench.errors import LessonError, MessageTooLongError, WorkbenchError
from workbench.panels.packet_journey import Break, Recipe, journey, make
from workbench.panels.packet_network import Network, Node, small_network
from workbench.sphinx import Geometry, Version
from workbench.teaching.typed import typed_number

SIZES: dict[str, tuple[str, Geometry]] = {
    "default": ("1 KiB of text", Geometry()),
    "regular": ("Nym regular", Geometry.nym_regular()),
    "ack": ("Nym ack", Geometry.nym_ack()),
}
VERSIONS: dict[Version, str] = {
    Version.V259: "259, key seeds",
    Version.V258: "258, full keys",
}
# Which columns a route of so many hops uses: the exit always, the entry gateway last.
_COLUMNS = {1: (4,), 2: (3, 4), 3: (2, 3, 4), 4: (1, 2, 3, 4), 5: (0, 1, 2, 3, 4)}
_FIRST_CHOICE = (0, 1, 2, 1, 0)
_MAX_TEXT = 100_000
_MAX_CUT = 64
MAX_WAIT_S = 3600.0


class InputError(LessonError):
    """Something typed that cannot be used; ``field`` names where it was typed."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field


@dataclass(frozen=True)
class Sent:
    """A packet that somebody else sent: what of it is given, and by whom.

    Attributes
    ----------
    network : Network
        A column for each hop; of wide layers only some nodes are drawn.
    title, notes : str, tuple of str
        Which packet it is, and what of it was made for this view.
    sender, receiver : str
        Who made it and who gets what is in it, as in "User 13".
    code : str
        Python that opens the same packet.
    """

    network: Network
    title: str
    notes: tuple[str, ...]
    sender: str
    receiver: str
    code: str


@dataclass(frozen=True)
class State:
    """Everything that the panel shows follows from this value."""

    network_seed: int
    seed: int
    message: str = "Meet me at the north gate"
    reply: str = "I will be there"
    is_reply: bool = False
    chosen: tuple[int | None, ...] = (None, 1, 2, 1, 0)
    """The row chosen in each column; None where the route does not use the column."""
    waits_s: tuple[float, ...] = (0.25, 0.41, 0.12, 0.88, 0.0)
    size: str = "default"
    version: Version = Version.V259
    step: int = 0
    """0: at its maker; n: at the n-th hop."""
    breaks: tuple[Break, ...] = ()
    presenter: bool = False
    sent: Sent | None = None
    """Given: this packet's route, delays and text stand; it can be followed and broken."""

    @property
    def network(self) -> Network:
        """The network whose keys the packet is made for."""
        return self.sent.network if self.sent is not None else small_network(self.network_seed)

    @property
    def route(self) -> tuple[Node, ...]:
        """The chosen nodes, in order."""
        columns = self.network.columns
        return tuple(columns[c].nodes[row] for c, row in enumerate(self.chosen) if row is not None)

    @property
    def geometry(self) -> Geometry:
        """The lengths of the chosen kind of packet; a longer route has a longer header."""
        size = SIZES[self.size][1]
        hops = max(size.max_hops, len(self.route))
        return size if hops == size.max_hops else Geometry(size.payload_bytes, hops)

    @property
    def recipe(self) -> Recipe:
        """What decides the packet's bytes."""
        return Recipe(
            is_reply=self.is_reply,
            message=self.reply if self.is_reply else self.message,
            route=self.route,
            waits_s=tuple(self.waits_s[node.column] for node in self.route),
            geometry=self.geometry,
            version=self.version,
            seed=self.seed,
        )

    @property
    def break_hop(self) -> int:
        """Where a break happens: on the way to the node looked at, or to the first."""
        return max(0, self.step - 1)


def act(
    state: State,
    action: Mapping[str, Any],
    new_seed: Callable[[], int] = lambda: secrets.randbits(64),
) -> State:
    """The state after an action of the page.

    Parameters
    ----------
    state : State
        Before.
    action : mapping
        ``name`` and its values, as the page sends them; anything may stand in it.
    new_seed : callable
        Called for "build" only.

    Raises
    ------
    InputError
        The action cannot be taken; the state stays as it was.
    """
    name = action.get("name")
    handler = _ACTIONS.get(name) if isinstance(name, str) else None
    if handler is None:
        raise InputError("", f"The panel knows no action {name!r:.40}.")
    if state.sent is not None and name in _MAKES_ANOTHER:
        raise InputError("", "This packet was sent: its route, delays and text stand as they are.")
    if name == "build":
        after = replace(state, seed=new_seed(), breaks=(), step=0)
    else:
        after = handler(state, action)
    return settled(after)


def settled(state: State) -> State:
    """The state, once its packet can be made and its step can be reached."""
    try:
        make(state.recipe)
    except MessageTooLongError:
        used = len(state.recipe.message.encode("utf-8"))
        room = state.geometry.message_bytes
        raise InputError(
            "message",
            f"This text has {used:,} bytes; this packet holds {room:,}. "
            "Shorten it, or choose a larger packet under Geometry.",
        ) from None
    except WorkbenchError as error:
        raise InputError("", f"That packet cannot be made: {error}.") from error
    reached = len(journey(state.recipe, state.breaks))
    return replace(state, step=min(state.step, reached))


def _message(state: State, action: Mapping[str, Any]) -> State:
    text = action.get("text")
    if not isinstance(text, str) or len(text) > _MAX_TEXT:
        raise InputError("message", f"Write a text of at most {_MAX_TEXT:,} letters.")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise InputError("message", "Half of a letter stands alone; write it again.") from None
    return replace(state, reply=text) if state.is_reply else replace(state, message=text)


def _hops(state: State, action: Mapping[str, Any]) -> State:
    count = _whole(action, "count", 1, 5, "hops", "Choose 1 to 5 hops.")
    used = _COLUMNS[count]
    chosen = tuple(
        (_FIRST_CHOICE[c] if row is None else row) if c in used else None
        for c, row in enumerate(state.chosen)
    )
    return replace(state, chosen=chosen, step=0, breaks=())


def _node(state: State, action: Mapping[str, Any]) -> State:
    columns = state.network.columns
    c = _whole(action, "column", 0, len(columns) - 1, "", "Choose a node of the drawing.")
    row = _whole(action, "row", 0, len(columns[c].nodes) - 1, "", "Choose a node of the drawing.")
    if state.chosen[c] == row:
        if len(state.route) == 1:
            raise InputError("", "A route needs at least one node: choose another one first.")
        row_or_none = None
    else:
        row_or_none = row
    chosen = (*state.chosen[:c], row_or_none, *state.chosen[c + 1 :])
    return replace(state, chosen=chosen, step=0, breaks=())


def _wait(state: State, action: Mapping[str, Any]) -> State:
    hop = _whole(action, "hop", 0, len(state.route) - 1, "", "Choose a hop of the route.")
    field = f"wait {hop}"
    seconds = typed_number(str(action.get("text")))
    if not 0 <= seconds <= MAX_WAIT_S:
        raise InputError(
            field, f"A wait is a number of seconds from 0 to {MAX_WAIT_S:,.0f}, such as 0.4."
        )
    c = state.route[hop].column
    return replace(state, waits_s=(*state.waits_s[:c], seconds, *state.waits_s[c + 1 :]))


def _size(state: State, action: Mapping[str, Any]) -> State:
    choice = action.get("choice")
    if not isinstance(choice, str) or choice not in SIZES:
        raise InputError("", "Choose one of the packet sizes in the list.")
    return replace(state, size=choice, breaks=())


def _version(state: State, action: Mapping[str, Any]) -> State:
    value = action.get("value")
    for version in VERSIONS:
        if type(value) is int and value == version:
            return replace(state, version=version)
    raise InputError("", "Choose one of the versions in the list.")


def _step(state: State, action: Mapping[str, Any]) -> State:
    to = _whole(action, "to", 0, len(state.route), "", "Choose a stop of the route.")
    return replace(state, step=to)


def _flip(state: State, action: Mapping[str, Any]) -> State:
    here = state.break_hop
    last = state.geometry.packet_bytes - 1
    offset = _whole(action, "offset", 0, last, "offset", f"Choose a byte from 0 to {last:,}.")
    bit = _whole(action, "bit", 0, 7, "offset", "Choose a bit from 0 to 7.")
    flip = Break(here, "flip", offset, bit)
    if flip in state.breaks:  # flipped twice is mended
        return replace(state, breaks=tuple(b for b in state.breaks if b != flip))
    return _arriving(replace(state, breaks=(*state.breaks, flip)))


def _cut(state: State, action: Mapping[str, Any]) -> State:
    here = Break(state.break_hop, "cut")
    if state.breaks.count(here) >= _MAX_CUT:
        raise InputError("", f"{_MAX_CUT} bytes are cut off; that is as refused as one. Mend it.")
    return _arriving(replace(state, breaks=(*state.breaks, here)))


def _replay(state: State, action: Mapping[str, Any]) -> State:
    here = Break(state.break_hop, "replay")
    if here in state.breaks:
        return replace(state, breaks=tuple(b for b in state.breaks if b != here))
    return _arriving(replace(state, breaks=(*state.breaks, here)))


def _arriving(state: State) -> State:
    """Look at the node that meets the break."""
    return replace(state, step=max(1, state.step))


def _kind(state: State, action: Mapping[str, Any]) -> State:
    return replace(state, is_reply=not state.is_reply, step=0, breaks=())


_MAKES_ANOTHER = {"message", "hops", "node", "wait", "size", "kind", "build"}
_ACTIONS: dict[str, Callable[[State, Mapping[str, Any]], State]] = {
    "message": _message,
    "hops": _hops,
    "node": _node,
    "wait": _wait,
    "size": _size,
    "version": _version,
    "step": _step,
    "flip": _flip,
    "cut": _cut,
    "replay": _replay,
    "mend": lambda state, _: replace(state, breaks=()),
    "kind": _kind,
    "build": lambda state, _: state,
    "presenter": lambda state, _: replace(state, presenter=not state.presenter),
}


def _whole(action: Mapping[str, Any], key: str, low: int, high: int, field: str, text: str) -> int:
    value = action.get(key)
    if type(value) is not int or not low <= value <= high:
        raise InputError(field, text)
    return value
