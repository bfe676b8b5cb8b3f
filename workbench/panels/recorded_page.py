"""One HTML file that replays this very run, offline, for a friend without Python.

The flow remembers what it told its pages; the saved page holds that tape, the flow's own
script and a stand-in for the kernel that plays it. It fetches nothing, and it says that it
is a recording. A policy in the page forbids requests, so that this stays so.
"""

from __future__ import annotations

import base64
import gzip
import html
import json
import struct
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from workbench import __version__
from workbench.errors import WorkbenchError
from workbench.panels import bench_words, controls, packet_flow, picture, sharing
from workbench.panels.knob_words import value_text
from workbench.panels.live_model import Measured
from workbench.panels.packet_flow import PacketFlow
from workbench.panels.turns import Buffers
from workbench.scenario import Scenario

if TYPE_CHECKING:
    from workbench.mixing.frame import Expected

MOST_PAGE_BYTES = 2_900_000
MOST_TAPE_BYTES = 6_000_000  # before it is packed
MOST_TAPE_S = 60.0  # of the eye's time
SEGMENT_S = 10.0
SEGMENT_BYTES = 500_000

Message = tuple[float, dict[str, Any], list[bytes]]


@dataclass
class Segment:
    """A picture to begin with, and what was told after it."""

    start: Message
    messages: list[Message] = field(default_factory=list)
    size: int = 0


class Tape:
    """The last minute of messages, in segments that each can be played from."""

    def __init__(self) -> None:
        self.segments: deque[Segment] = deque()
        self.eye_s = 0.0

    def forget(self) -> None:
        """Another network: the old tape does not lead to it."""
        self.segments.clear()

    @property
    def wants_start(self) -> bool:
        """Whether the next message should come with a whole picture."""
        if not self.segments:
            return True
        last = self.segments[-1]
        return last.size > SEGMENT_BYTES or self.eye_s - last.start[0] > SEGMENT_S

    def begin(self, content: dict[str, Any], buffers: list[bytes]) -> None:
        """A new segment from this picture on; the oldest ones make room."""
        self.segments.append(Segment((self.eye_s, content, buffers), [], _size(buffers)))
        while len(self.segments) > 1 and (
            self.eye_s - self.segments[1].start[0] > MOST_TAPE_S
            or sum(segment.size for segment in self.segments) > MOST_TAPE_BYTES
        ):
            self.segments.popleft()

    def add(self, content: dict[str, Any], buffers: list[bytes]) -> None:
        """One message as every page got it."""
        last = self.segments[-1]
        last.messages.append((self.eye_s, content, buffers))
        last.size += _size(buffers)

    def played(self, skip: int = 0) -> tuple[Message, list[Message]]:
        """The picture to begin with and all that follows, without the first segments."""
        kept = list(self.segments)[skip:]
        later = [message for segment in kept for message in segment.messages]
        return kept[0].start, later


class RecordedFlow(PacketFlow):
    """A packet flow that keeps the last minute of what it told."""

    def __init__(self, scenario: Scenario, **options: Any) -> None:
        self.tape = Tape()
        self._told_s = 0.0
        super().__init__(scenario, **options)

    def _broadcast(self, content: dict[str, Any], buffers: Buffers = ()) -> bool:
        held = [bytes(one) for one in buffers]
        if content.get("type") == "frame":
            self.tape.eye_s += max(0.0, content["clock_s"] - self._told_s) * self.slow_down
            self._told_s = content["clock_s"]
            wants_start = self.tape.wants_start
            if self.tape.segments:
                self.tape.add(dict(content), held)
            if wants_start:  # this frame is part of the picture that a segment begins with
                self.tape.begin(*self._picture())
        elif self.tape.segments:
            self.tape.add(dict(content), held)
        return super()._broadcast(content, buffers)

    def _picture(self) -> tuple[dict[str, Any], list[bytes]]:
        content, buffers = self._initial({})
        kept = {name: value for name, value in content.items() if name != "css"}
        kept["network"] = {**kept["network"], "actions": []}
        return kept, [bytes(one) for one in buffers]

    def show(self, scenario: Scenario, *, clock_s: float = 0.0, speed: float = 1.0) -> None:
        """Draw another network; the tape begins anew with it."""
        self.tape.forget()
        self._told_s = clock_s
        super().show(scenario, clock_s=clock_s, speed=speed)


def page_of(
    flow: RecordedFlow,
    measured: Measured,
    scenario: Scenario,
    expected: Expected | None,
    settling: str | None = None,
) -> str:
    """The saved page, under 3 MB.

    Parameters
    ----------
    flow : RecordedFlow
        Whose last minute is replayed.
    measured, scenario, expected
        The answers that stand on the page, as they were when it was saved.
    settling : str, optional
        What makes the measured answer an approximation for now, in words.

    Returns
    -------
    str
        HTML that needs no other file and asks for none.

    Raises
    ------
    WorkbenchError
        When nothing has been played yet.
    """
    if not flow.tape.segments:
        raise WorkbenchError("nothing has been played yet: let the network run for a moment")
    for skip in range(len(flow.tape.segments)):
        tape = _packed(*flow.tape.played(skip))
        text = _page(tape, measured, scenario, expected, settling)
        if len(text.encode()) <= MOST_PAGE_BYTES:
            return text
    raise WorkbenchError("this run is too large for one page: fewer mixes, or less traffic")


def _packed(start: Message, later: list[Message]) -> str:
    """All messages as one compressed block: a JSON head, then the buffers end to end."""
    rows = [
        {"at": at - start[0], "content": content, "sizes": [len(one) for one in buffers]}
        for at, content, buffers in (start, *later)
    ]
    head = json.dumps(rows, separators=(",", ":")).encode()
    head += b" " * (-len(head) % 8)  # the arrays behind it begin at a round place
    body = b"".join(one for _, _, buffers in (start, *later) for one in buffers)
    packed = gzip.compress(struct.pack("<Q", len(head)) + head + body, 6, mtime=0)
    return base64.b64encode(packed).decode()


def _size(buffers: Sequence[bytes]) -> int:
    return sum(len(one) for one in buffers) + 200


def _page(
    tape: str,
    measured: Measured,
    scenario: Scenario,
    expected: Expected | None,
    settling: str | None,
) -> str:
    home = files("workbench.panels")
    # The flow's own script, as a plain one: a page from a file may not load modules.
    code = packet_flow.PacketFlow.code_text().replace("export function start", "function start")
    code += "\n" + (home / "recorded_page.js").read_text(encoding="utf-8")
    style = controls.style("live_view.css", "packet_flow.css", "recorded_page.css")
    say = bench_words.expected_data(expected, scenario)
    found = bench_words.measured_data(measured, scenario, settling)
    settings = "".join(
        f"<tr><th scope='row'>{_safe(knob.label)}</th>"
        f"<td>{_safe(value_text(knob, getattr(scenario, name), True))}</td></tr>"
        for name, knob in Scenario.knobs().items()
        if name in picture.SHOWN or getattr(scenario, name) != knob.default
    )
    values = {
        "STYLE": style,
        "CODE": code.replace("</script", "<\\/script"),
        "TAPE": tape,
        "SEED": str(scenario.seed),
        "QUERY": _safe(scenario.to_query()),
        "VERSION": _safe(__version__),
        "EXPECTED_BITS": _safe(str(say.get("bits", "–"))),
        "EXPECTED_WORDS": _safe(str(say.get("words", "not computed"))),
        "EXPECTED_SPREAD": _safe(str(say.get("spread", ""))),
        "APPROXIMATION": _safe(str(say.get("approximation", ""))),
        "MEASURED_BITS": _safe(str(found["bits"])),
        "MEASURED_WORDS": _safe(str(found["words"])),
        "MEASURED_SPREAD": _safe(str(found.get("spread", ""))),
        "MEASURED_NOTE": _safe(str(found["note"])),  # some may be of earlier settings
        "CURVE": picture.curve_svg(measured, 500),
        "SMALL_CURVE": picture.curve_svg(measured, 330),
        "SETTINGS": settings,
        "LINE": _safe(sharing.settings_line(scenario)),
        "FIVE": _safe(sharing.five_lines(scenario)),
    }
    pieces = (home / "recorded_page.html").read_text(encoding="utf-8").split("@@")
    return "".join(values[one] if at % 2 else one for at, one in enumerate(pieces))


def _safe(text: str) -> str:
    return html.escape(text, quote=True)
