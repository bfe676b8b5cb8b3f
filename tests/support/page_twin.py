"""A page in Python: what live_view.js does with messages, said plainly, for headless tests."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from bokeh.core.serialization import Buffer, Serialized
from bokeh.document import Document


@dataclass
class Wire:
    """Stands where the widget's comm is: keeps what was sent, in order."""

    sent: list[tuple[dict[str, Any], list[bytes]]] = field(default_factory=list)

    def send(self, content: dict[str, Any], buffers: Any = None) -> None:
        # The round trip through JSON is what the real wire does to it.
        self.sent.append((json.loads(json.dumps(content)), [bytes(b) for b in buffers or []]))


def wired(widget: Any) -> Wire:
    """Put a wire in the place of the widget's comm."""
    wire = Wire()
    widget.send = wire.send
    return wire


@dataclass
class PageTwin:
    """One view. It reads the wire when told to, paints when told to, and may fall silent."""

    widget: Any
    wire: Wire
    name: str
    watched: bool = True
    dark: bool = False
    state: str = "asking"
    asks: int = 0
    seq: int = 0
    inits: int = 0
    applied: int = 0
    read_to: int = 0
    document: Document | None = None
    queue: list[tuple[dict[str, Any], list[bytes]]] = field(default_factory=list)
    is_drawing_slowly: bool = False

    def __post_init__(self) -> None:
        self.read_to = len(self.wire.sent)

    def say(self, **content: Any) -> None:
        self.widget._any_message(None, {**content, "view": self.name}, [])

    def hello(self) -> None:
        self.state, self.queue = "asking", []
        self.asks += 1
        self.say(type="hello", ask=self.asks, watched=self.watched, dark=self.dark, bokeh=True)

    def turn(self, dark: bool) -> None:
        """The page's theme changes."""
        self.dark = dark
        self.say(type="theme", dark=dark)

    def look(self, watched: bool) -> None:
        self.watched = watched
        self.say(type="watch", watched=watched, seq=self.seq)

    def read(self) -> None:
        """Handle every message that came since the last time."""
        while self.read_to < len(self.wire.sent):
            content, buffers = self.wire.sent[self.read_to]
            self.read_to += 1
            self.receive(content, buffers)

    def receive(self, content: dict[str, Any], buffers: list[bytes]) -> None:
        if content.get("to", self.name) != self.name:
            return
        if content["type"] == "init":
            if content["ask"] == self.asks and self.state == "asking":
                self.begin(content, buffers)
        elif "seq" in content:
            if self.state == "drawing":
                self.queue.append((content, buffers))
            elif self.state == "live":
                self.take(content, buffers)
        elif content["type"] == "again" and self.state == "live":
            self.hello()

    def begin(self, content: dict[str, Any], buffers: list[bytes]) -> None:
        self.state, self.seq, self.inits = "drawing", content["seq"], self.inits + 1
        self.start(content, buffers)
        if not self.is_drawing_slowly:
            self.drawn()

    def drawn(self) -> None:
        """The first picture stands: say so, and apply what came meanwhile."""
        self.state = "live"
        self.say(type="ready", seq=self.seq, watched=self.watched)
        while self.queue and self.state == "live":
            self.take(*self.queue.pop(0))

    def take(self, content: dict[str, Any], buffers: list[bytes]) -> None:
        if content["seq"] <= self.seq:
            return
        if content["seq"] != self.seq + 1:
            self.hello()
            return
        self.seq = content["seq"]
        self.applied += 1
        self.apply(content, buffers)

    def paint(self) -> None:
        """An animation frame went by: acknowledge."""
        if self.state == "live":
            self.say(type="ack", seq=self.seq)

    def start(self, content: dict[str, Any], buffers: list[bytes]) -> None:
        named = [Buffer(i, data) for i, data in zip(content["buffers"], buffers, strict=False)]
        self.document = Document.from_json(Serialized(json.loads(content["doc"]), named))

    def apply(self, content: dict[str, Any], buffers: list[bytes]) -> None:
        assert self.document is not None
        named = [Buffer(i, data) for i, data in zip(content["buffers"], buffers, strict=True)]
        self.document.apply_json_patch(Serialized(json.loads(content["patch"]), named))
