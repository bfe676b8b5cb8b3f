"""The advocate's three minutes: played on one seed, every direction that is claimed checked.

    python docs/three_minutes.py            # the path, word for word, with its numbers
    python docs/three_minutes.py --write    # into docs/teaching_notes.md

What is said stands here and nowhere else; the numbers are what the workbench panel shows as
expected at that moment. When a claim does not hold the script stops with it.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.mixing.frame import Expected, expect
from workbench.panels.bench_settings import Settings
from workbench.panels.bench_words import bits_text, in_words
from workbench.panels.sharing import EXPECTED_TARGETS
from workbench.panels.workbench_panel import OPENING

NOTES = Path(__file__).with_name("teaching_notes.md")
BEGIN, END = "<!-- three minutes: made by docs/three_minutes.py -->", "<!-- end -->"
HANDS = {"A": 10, "B": 100, "C": 300}  # how many packets could be mine?
WIDTHS = (8, 15, 50)


@dataclass(frozen=True)
class Played:
    """What the panel shows after each move, in the order of the story."""

    none: Expected
    half: Expected
    crowd: Expected
    wide: tuple[Expected, ...]


def moves() -> dict[str, Settings]:
    """The panel's settings after each move, made as a hand makes them: one knob at a time."""
    found = {"open": Settings.of(OPENING)}

    def turn(name: str, *knobs: tuple[str, Any]) -> None:
        last = list(found.values())[-1]
        for knob, value in knobs:
            last = last.turned(knob, value)
        found[name] = last

    turn("none", ("delay_s", 0.0))
    turn("half", ("delay_s", 0.5))
    turn("crowd", ("clients", 800), ("delay_s", "0.125"))
    for width in WIDTHS:
        turn(f"width {width}", ("width", width))
    return found


def play(strategy: str = "poisson", seed: int = OPENING.seed) -> Played:
    """Every answer of the story, as the panel computes it."""

    def answer(name: str) -> Expected:
        scenario = moves()[name].scenario.replace(strategy=strategy, seed=seed)
        return expect(scenario, targets=EXPECTED_TARGETS)

    wide = tuple(answer(f"width {width}") for width in WIDTHS)
    return Played(answer("none"), answer("half"), answer("crowd"), wide)


def claims(played: Played) -> dict[str, bool]:
    """Each direction that is said aloud, and whether it holds."""
    none, half, crowd = (e.entropy_bits for e in (played.none, played.half, played.crowd))
    packets = 2.0**half.median
    nearest = min(HANDS, key=lambda hand: abs(HANDS[hand] - packets))
    waits = played.half.latency_median_s / played.crowd.latency_median_s
    wide = [e.entropy_bits.median for e in played.wide]
    worst = [e.entropy_bits.worst for e in played.wide]
    people = [e.sender_entropy_bits.median for e in (played.half, played.crowd)]
    return {
        "without delay everybody can trace it: 0 bits": none.median == none.mean == 0.0,
        "half a second makes it any of hundreds": half.median > 7.5,
        "C is right": nearest == "C",
        "four times the users at a quarter of the delay: the bits stay": abs(
            half.median - crowd.median
        )
        < 0.1,
        "the waiting falls to about a quarter": 3.5 < waits < 4.5,
        "more people could have sent it": people[1] > people[0],
        "eight wide costs next to nothing": crowd.median - wide[0] < 0.2,
        "fifteen wide costs more than eight": crowd.median - wide[1] > crowd.median - wide[0],
        "fifty wide costs more than three bits": crowd.median - wide[2] > 3.0,
        "the unlucky lose first": crowd.worst - worst[1] > crowd.median - wide[1],
    }


def text(played: Played) -> str:
    """The path as it stands in the teaching notes."""
    none, half, crowd, *wide = (
        bits_text(e.entropy_bits.median)
        for e in (played.none, played.half, played.crowd, *played.wide)
    )
    before_s, after_s = (e.latency_median_s for e in (played.half, played.crowd))
    lines = (
        ("0:00", "Tick *as the observer sees it*.",
         "You watch every wire of this network. One of these packets is mine. Which packet is "
         "mine?"),
        ("0:20", "*Delay per mix* to the left end.",
         f"No delay: what goes in comes out, at once and in order. {none} bits. It can only be "
         "this one packet: everyone can trace it."),
        ("0:45", "Nothing yet.",
         "Now each mix keeps each packet for a random while, half a second on average. How many "
         "packets could be mine? Hands: A, ten. B, a hundred. C, three hundred."),
        ("1:05", "*Delay per mix*: 0.5. Read the number aloud.",
         f"{_sentence(half, played.half)} C was right. The price: half arrive within "
         f"{before_s:.1f} seconds."),
        ("1:20", "*More*; *Clients*: 800. *Delay per mix*: type 0.125.",
         f"Four times the users, a quarter of the delay. {crowd} bits: the bits stay. And half "
         f"arrive within {after_s:.2f} seconds: the waiting falls."),
        ("2:00", "*Width* to the right, step by step, to 50.",
         f"More servers must be better, mustn't they? I widen. Shout when to stop. At {WIDTHS[0]} "
         f"a layer: {wide[0]} bits. At {WIDTHS[1]}: {wide[1]}. At {WIDTHS[2]}: {wide[2]}, and for "
         f"one packet in twenty {bits_text(played.wide[2].entropy_bits.worst)} or less. The same "
         "packets, in too many boxes."),
        ("2:35", "*Share, save, show me the code*, below all: the link; or the address on a slide.",
         "Company is what hides you: the more people share the same mixes, the less each has to "
         "wait. Move the sliders yourself."),
    )  # fmt: skip
    return "\n".join(_wrapped(f"- {at} C: {done} S: “{said}”") for at, done, said in lines)


def _sentence(bits: str, found: Expected) -> str:
    clients = found.scenario.clients
    words = in_words(found.entropy_bits.median, found.sender_entropy_bits.median, clients)
    return f"{bits} bits: {words}."


def _wrapped(line: str) -> str:
    import textwrap

    return textwrap.fill(line, 108, subsequent_indent="  ", break_on_hyphens=False)


def written(notes: str, path: str) -> str:
    """The teaching notes with the path in its place."""
    before, _, rest = notes.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{path}\n{END}{after}"


def main(wanted: list[str]) -> None:
    """Play, check, print or write."""
    played = play()
    broken = [claim for claim, holds in claims(played).items() if not holds]
    if broken:
        raise SystemExit("does not hold: " + "; ".join(broken))
    if "--write" in wanted:
        NOTES.write_text(written(NOTES.read_text(encoding="utf-8"), text(played)), encoding="utf-8")
    print(f"seed {OPENING.seed}: {len(claims(played))} claims hold\n\n{text(played)}")


if __name__ == "__main__":
    main(sys.argv[1:])
