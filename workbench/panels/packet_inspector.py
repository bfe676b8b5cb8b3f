"""The packet inspector: a real Sphinx packet to build, follow, break and answer."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Literal

import anywidget

from workbench.errors import LessonError, WorkbenchError
from workbench.panels.controls import script, style
from workbench.panels.packet_journey import make
from workbench.panels.packet_query import from_query, to_query
from workbench.panels.packet_state import State, act
from workbench.panels.packet_view import view
from workbench.sphinx import Geometry, PrivateKey
from workbench.teaching import Prediction

_MOST_UNDO = 50
Seal = Literal["steps", "break"]


class PacketInspector(anywidget.AnyWidget):
    """The panel; use :func:`packet_inspector` to make one.

    No trait holds data: bytes go to the page as binary buffers when it asks, so that a
    saved notebook stays small, and a page that is reloaded asks again.
    """

    _esm = script("packet_inspector.js")
    _css = style("packet_inspector.css")

    def __init__(
        self,
        state: State,
        ask: Prediction | None = None,
        seal: Seal = "steps",
        on_close: Callable[[], None] | None = None,
    ) -> None:
        super().__init__()
        self._on_close = on_close
        self._is_fresh = False
        self._first = self._state = state
        self._past: list[State] = []
        self._ask = ask
        self._seal: Seal = seal
        self.on_msg(self._on_message)

    @property
    def state(self) -> State:
        """What stands in the panel, as a frozen value."""
        return self._state

    @property
    def packet(self) -> bytes:
        """The packet as it leaves its maker, before anything was broken."""
        return make(self._state.recipe).packet

    @property
    def private_keys(self) -> list[PrivateKey]:
        """The private keys of the route's nodes: only a teacher has them all."""
        return [node.key for node in self._state.route]

    @property
    def geometry(self) -> Geometry:
        """The lengths of the packet."""
        return self._state.geometry

    @property
    def query(self) -> str:
        """The state as a short line; ``packet_inspector(query=...)`` brings it back exactly.

        Raises
        ------
        LessonError
            For a packet that was sent in a network: its line of code is on the panel.
        """
        if self._state.sent is not None:
            raise LessonError("This packet was sent: its line of code brings it back, not a query.")
        return to_query(self._state)

    def do(self, name: str, **values: Any) -> State:
        """Take an action as the page does, from code: ``do("flip", offset=400, bit=0)``."""
        self._take({"name": name, **values})
        self._show(None)
        return self._state

    @property
    def _sealed(self) -> Seal | None:
        return self._seal if self._ask is not None and not self._ask.is_locked else None

    def _on_message(self, _: Any, content: Any, __: Any) -> None:
        # Anything may come from the page: whatever it is, the panel answers and lives.
        if not isinstance(content, Mapping):
            return
        serial = content.get("serial")
        try:
            if content.get("name") == "guess" and self._ask is not None:
                self._ask.lock(content.get("answers"))
            elif content.get("name") == "close" and self._on_close is not None:
                self._on_close()
                return
            elif content.get("name") != "hello":
                self._is_fresh = False
                self._take(content)
        except WorkbenchError as error:
            field = "ask" if content.get("name") == "guess" else getattr(error, "field", "")
            self.send({"serial": serial, "problem": {"field": field, "text": str(error)}})
            return
        self._show(serial)

    def _take(self, action: Mapping[str, Any]) -> None:
        name = action.get("name")
        if self._sealed == "steps" and name in ("step", "flip", "cut", "replay"):
            raise LessonError("First lock in your guess; then the nodes come in sight.")
        if self._sealed == "break" and name in ("flip", "cut", "replay"):
            raise LessonError("First lock in your guess; then break what you like.")
        if name == "undo":
            if self._past:
                self._state = self._past.pop()
            return
        after = self._begun_again() if name == "reset" else act(self._state, action)
        if after == self._state:
            return
        # Looking is not changing: only what changes the packet can be undone.
        if replace(after, step=0, presenter=False) != replace(
            self._state, step=0, presenter=False
        ) and not (name == "message" and self._typing):
            self._past = [*self._past[-_MOST_UNDO + 1 :], self._state]
        self._typing = name == "message"
        self._state = after

    def _begun_again(self) -> State:
        first = self._first
        return first if first.sent is not None else replace(first, seed=secrets.randbits(64))

    def hold(self, state: State) -> None:
        """Another packet in the same panel; nothing of the one before is kept."""
        self._first = self._state = state
        self._past = []
        self._is_fresh = True  # the page goes there, once
        self._show(None)

    _typing = False

    def _show(self, serial: Any) -> None:
        shown = view(self._state, sealed=self._sealed, can_undo=bool(self._past))
        data = dict(shown.data)
        ask = self._ask
        sent = self._state.sent
        data["code"] = f'packet_inspector(query="{self.query}")' if sent is None else sent.code
        data["can_close"] = self._on_close is not None
        data["is_fresh"] = self._is_fresh
        data["seal"] = None
        data["feedback"] = None
        if ask is not None and self._sealed:
            data["seal"] = {"where": self._seal, **ask.ask()}
        elif ask is not None and ask.feedback is not None:
            data["feedback"] = {"lines": list(ask.feedback.lines), "why": ask.feedback.why}
        after = b"" if self._sealed == "steps" else shown.after
        self.send({"serial": serial, "view": data}, [shown.before, after, shown.block])


def packet_inspector(
    message: str = "Meet me at the north gate",
    hops: int = 4,
    *,
    ask: Prediction | None = None,
    seal: Seal = "steps",
    seed: int | None = None,
    presenter: bool = False,
    query: str | None = None,
) -> PacketInspector:
    """A packet in the hand: choose a route, follow the packet, break it, reply to it.

    Every byte shown is the library's; with version 259 or 258 the Nym network's own code
    reads it.

    Parameters
    ----------
    message : str
        What to send; it can be changed in the panel.
    hops : int
        1 to 5 nodes.
    ask : Prediction, optional
        A guess to be locked in before part of the panel opens.
    seal : "steps" or "break"
        Which part stays shut until then: what the nodes do, or breaking the packet.
    seed : int, optional
        For a packet that comes out the same again; by default it is random.
    presenter : bool
        Large type and thick lines, for a room.
    query : str, optional
        A state that a panel's ``query`` gave; the other values are not looked at then.

    Returns
    -------
    PacketInspector
        A widget; a notebook shows it.

    Raises
    ------
    LessonError
        A message that does not fit, a number of hops outside 1 to 5, or no such state.
    """
    if seed is not None and type(seed) is not int:
        raise LessonError(f"seed is a whole number or None, not {type(seed).__name__}")
    if seal not in ("steps", "break"):
        raise LessonError("seal is 'steps' or 'break'")
    if query is not None:
        return PacketInspector(from_query(query), ask, seal)
    start = secrets.randbits(64) if seed is None else seed
    state = State(network_seed=start, seed=start)
    state = act(state, {"name": "hops", "count": hops})
    state = act(state, {"name": "message", "text": message})
    return PacketInspector(replace(state, presenter=bool(presenter)), ask, seal)
