"""The packet inspector: a real Sphinx packet to build, follow, break and answer."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Literal

from workbench.errors import LessonError
from workbench.panels.asking import AskingPanel
from workbench.panels.controls import style
from workbench.panels.packet_journey import make
from workbench.panels.packet_query import from_query, to_query
from workbench.panels.packet_state import State, act
from workbench.panels.packet_view import View, view
from workbench.sphinx import Geometry, PrivateKey
from workbench.teaching import Prediction

Seal = Literal["steps", "break"]


# What waits for the guess, by what it is about: what the nodes do, or breaking the packet.
_SHUT = {
    "steps": (("step", "flip", "cut", "replay"), "then the nodes come in sight."),
    "break": (("flip", "cut", "replay"), "then break what you like."),
}


class PacketInspector(AskingPanel[State]):
    """The panel; use :func:`packet_inspector` to make one.

    Bytes go to the page as binary buffers beside the view.
    """

    scripts = ("packet_inspector.js",)
    _css = style("packet_inspector.css")

    def __init__(
        self,
        state: State,
        ask: Prediction | None = None,
        seal: Seal = "steps",
        on_close: Callable[[], None] | None = None,
    ) -> None:
        self._seal: Seal = seal
        self._on_close = on_close
        self._is_fresh = False
        super().__init__(state, ask)  # shows at once what a guess that is locked already allows

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

    @property
    def view(self) -> dict[str, Any]:
        """What the page is told now: plain data."""
        data = super().view
        if data["seal"] is not None:
            data["seal"] = {"where": self._seal, **data["seal"]}
        return data

    def hold(self, state: State) -> None:
        """Another packet in the same panel; nothing of the one before is kept."""
        self._first = self._state = state
        self._past = []
        self._stroke = ""
        self._is_fresh = True  # the page goes there, once
        self._show(None)

    def _act(self, state: State, action: Mapping[str, Any]) -> State:
        return act(state, action)

    def _looks(self, before: State, after: State) -> bool:
        return replace(before, step=after.step, presenter=after.presenter) == after

    def _fresh(self, state: State) -> State:
        return state if state.sent is not None else replace(state, seed=secrets.randbits(64))

    def _stroke_of(self, action: Mapping[str, Any], after: State) -> str:
        return "typing" if action.get("name") == "message" else ""

    def _check_sealed(self, action: Mapping[str, Any]) -> None:
        names, then = _SHUT[self._seal]
        if action.get("name") in names:
            raise LessonError(f"First lock in your guess; {then}")

    def _view(self, state: State, is_sealed: bool) -> dict[str, Any]:
        sent = state.sent
        return {
            **self._shown().data,
            "code": f'packet_inspector(query="{self.query}")' if sent is None else sent.code,
            "can_close": self._on_close is not None,
            "is_fresh": self._is_fresh,
        }

    @property
    def _sealed(self) -> Seal | None:
        return self._seal if self.is_sealed else None

    def _shown(self) -> View:
        return view(self._state, sealed=self._sealed)

    def _received(self, content: Any, buffers: Any) -> None:
        name = content.get("name") if isinstance(content, Mapping) else None
        if name == "close" and self._on_close is not None:
            self._on_close()
            return
        self._is_fresh = self._is_fresh and name in ("hello", "guess")
        super()._received(content, buffers)

    def _show(self, serial: Any) -> None:
        shown = self._shown()
        after = b"" if self._sealed == "steps" else shown.after
        self.send({"serial": serial, "view": self.view}, [shown.before, after, shown.block])


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
