"""Lesson 2, one box and many letters: its guess, bits of doubt, and a box to break."""

from __future__ import annotations

import math
import random
import secrets
from collections.abc import Callable

import numpy as np

from workbench.anonymity import entropy_bits, flood_threshold, flooded_threshold_bits
from workbench.errors import LessonError
from workbench.teaching import Check, Prediction, Question, Text, Wrong, say

_SIZE, _OWN = 8, 3
_MOST_PUT = 200  # a loop without an end stops here


# --- the guess ---


def prediction() -> Prediction:
    """How many suspects are left, and how many letters leave none?"""
    return Prediction(
        "02/suspects",
        f"{_SIZE} letters come out of the box, shuffled, in new envelopes",
        [
            Question(
                f"{_OWN} of the {_SIZE} were the attacker's own. How many letters may be yours?",
                "number",
                unit="letters",
                least=0,
                most=_SIZE,
            ),
            Question(
                "How many of them must the attacker send, until it is sure which is yours?",
                "number",
                unit="letters",
                least=0,
                most=_SIZE,
            ),
        ],
        truth=lambda: [
            f"{2 ** flooded_threshold_bits(_SIZE, _OWN):.0f} letters",
            f"{_until_sure(_SIZE)} letters",
        ],
        why=lambda: (
            "The attacker takes its own letters away; what is left is your company. When all "
            "letters but one are its own, that one is yours, however well the box shuffles."
        ),
    )


def _until_sure(size: int) -> int:
    """The fewest letters of the attacker that leave no doubt."""
    return next(own for own in range(size) if flooded_threshold_bits(size, own) == 0)


def doubling() -> Text:
    """Bits for some numbers of honest letters, from the library."""
    sizes = (1, 2, 4, 8, 16, 1024)
    return say(
        "| letters that may be yours | {sizes} |\n|---|{rule}\n| bits of doubt | {bits} |\n\n"
        "Twice the letters is one **bit** more: one more yes-or-no question that the attacker "
        "would have to answer.",
        sizes=" | ".join(f"{size:,}" for size in sizes),
        rule="---|" * len(sizes),
        bits=" | ".join(f"{flooded_threshold_bits(size, 0):g}" for size in sizes),
    )


# --- by machine ---


def many_boxes(letters: int = 8000) -> Text:
    """Honest letters through boxes of eight, while an attacker floods, and then blocks too."""
    seed = secrets.randbits(48)
    rng = np.random.default_rng(seed)
    honest_per_s = 10.0
    arrivals = np.cumsum(rng.exponential(1 / honest_per_s, letters))
    tries = (
        ("sends nothing", 0.0, 1.0),
        ("sends as many as all people together", 1.0, 1.0),
        ("sends seven for each of theirs", 7.0, 1.0),
        ("sends so many, and holds 99 of 100 people back", 7.0, 0.01),
    )
    rows = []
    for words, flood, let_through in tries:
        found = flood_threshold(
            arrivals,
            _SIZE,
            attacker_per_s=flood * honest_per_s,
            let_through=let_through,
            seed=seed % 2**32,
        )
        low, high = found.interval
        rows.append(
            f"| {words} | {found.targets:,} | {found.entropy_bits.mean():.2f} | "
            f"{100 * found.success:.0f} % ({100 * low:.0f} % to {100 * high:.0f} %) |"
        )
    return say(
        "{letters:,} people's letters, boxes that open at {size}:\n\n"
        "| the attacker | letters followed | doubt left, bits, mean | it picks the right one "
        "(95 % interval) |\n|---|---|---|---|\n{rows}",
        letters=letters,
        size=_SIZE,
        rows="\n".join(rows),
    )


def one_busy_writer() -> Text:
    """Half of the letters in a box from one person: letters count more than people."""
    others = _SIZE // 2
    share = np.array([_SIZE - others] + [1] * others) / _SIZE
    return say(
        "Eight honest letters, but one busy person wrote {many} of them. Over letters the doubt is "
        "{letters:g} bits. Over people it is {people:g} bits: the busy one is the likeliest "
        "suspect, at {most:.0%}.",
        many=_SIZE - others,
        letters=flooded_threshold_bits(_SIZE, 0),
        people=entropy_bits(share),
        most=float(share.max()),
    )


# --- bits ---


def _try_bits(answer: Callable[..., object], rng: random.Random) -> str:
    threshold = rng.randrange(3, 300)
    attackers = rng.choice([0, threshold - 1, *(rng.randrange(1, threshold) for _ in range(6))])
    given = answer(threshold, attackers)
    if isinstance(given, bool) or not isinstance(given, int | float | np.number):
        raise Wrong("One number is expected: bits.")
    value, want = float(given), flooded_threshold_bits(threshold, attackers)
    asked = f"bits({threshold}, {attackers})"
    if math.isclose(value, want, abs_tol=1e-6):
        return f"The last one was {asked}, which is {want:.2f}."
    if attackers and math.isclose(value, threshold - attackers, abs_tol=1e-6):
        raise Wrong(f"{asked}: {threshold - attackers} is how many letters are left, not yet bits.")
    if attackers and math.isclose(value, math.log2(threshold), abs_tol=1e-6):
        raise Wrong(f"{asked}: the attacker's own letters are no company, and you counted them.")
    if want and math.isclose(value, want * math.log(2), rel_tol=1e-6):
        raise Wrong(f"{asked}: that is the natural logarithm; a bit is a doubling, so base 2.")
    raise Wrong(f"{asked} should be {want:.3f}; yours is {value:.3f}.")


check_bits = Check(
    "02/bits",
    "Give the bits of doubt that a full box leaves about your letter.",
    _try_bits,
    rounds=8,
    misconception=(
        "All letters in the box look like company, but the attacker knows its own and takes them "
        "away. Count what is left; then ask how often you can halve it until one remains."
    ),
    smaller_task=(
        "no attacker, and a box of 8: 8, 4, 2, 1 are three halvings, so 3 bits, and that is "
        "log2(8). Now take the attacker's letters away first."
    ),
    explanation=(
        "threshold - attackers letters may be yours, all equally likely, and log2 counts the "
        "halvings. With threshold - 1 attackers one letter is left, and log2(1) is 0."
    ),
    solution="""
        def bits(threshold, attackers):
            return log2(threshold - attackers)
    """,
)


# --- break a box ---


class Box:
    """A box for the attacker's hands; everybody's letters wait outside until you let them in.

    Attributes
    ----------
    size : int
        How many letters open it.
    came_out : list of str
        The letters of the last opening, in random order and new envelopes; empty before.
    """

    def __init__(self, rng: random.Random) -> None:
        self.size = rng.randrange(4, 13)
        self.came_out: list[str] = []
        self._rng = rng
        self._number = rng.getrandbits(32)
        self._inside = ["somebody's"] * rng.randrange(1, self.size - 1)
        self._looks: dict[str, str] = {}
        self._puts = 0
        self._has_target = False

    def put_own(self) -> bool:
        """Put one of your own letters in; True if that opened the box."""
        self._puts += 1
        if self._puts > _MOST_PUT:
            raise LessonError(f"you have put {_MOST_PUT} letters in: the loop does not end")
        return self._put("yours")

    def let_target_in(self) -> bool:
        """Let the letter in that you are after; True if that opened the box."""
        if self._has_target:
            raise LessonError("the target's letter was let in already")
        self._has_target = True
        return self._put("target")

    def is_mine(self, letter: str) -> bool:
        """Whether a letter that came out is one of your own: you know what you wrote."""
        return self._looks.get(letter) == "yours"

    def __repr__(self) -> str:
        return f"<box {self._number:08x}, opens at {self.size}>"

    def _put(self, whose: str) -> bool:
        self._inside.append(whose)
        if len(self._inside) < self.size:
            return False
        self._rng.shuffle(self._inside)
        self.came_out = [f"letter-{self._rng.getrandbits(40):010x}" for _ in self._inside]
        self._looks.update(zip(self.came_out, self._inside, strict=True))
        self._inside = []
        return True


def _try_break(answer: Callable[..., object], rng: random.Random) -> str:
    box = Box(rng)
    given = answer(box)
    target = next((look for look, whose in box._looks.items() if whose == "target"), None)
    if target is None:
        raise Wrong("The target's letter has not come out: let it in, and fill the box up.")
    if given == target:
        return f"The last box opened at {box.size}: you needed {box._puts} letters of your own."
    unknown = sum(
        box._looks[look] != "yours" for look in (box.came_out if target in box.came_out else ())
    )
    if given in box._looks and unknown > 1:
        raise Wrong(
            f"The target came out in company: {unknown} letters were not yours, and you picked "
            "another one. Who was in the box before you began?"
        )
    if box.is_mine(str(given)):
        raise Wrong("The letter that you name is one of your own.")
    raise Wrong(f"A letter from box.came_out is expected, the target's; yours is {given!r:.40}.")


check_break = Check(
    "02/break",
    "Find the target's letter among those that come out.",
    _try_break,
    rounds=20,
    misconception=(
        "Filling the box with your own letters is not enough: some people's letters may have been "
        "in it before you came, and they would be the target's company. Get rid of them first."
    ),
    smaller_task=(
        "only empty the box. put_own() says True when the box has opened, so "
        "while not box.put_own(): pass puts letters in until it does. What is inside after that?"
    ),
    explanation=(
        "First your own letters push everybody else's out. Then the target goes in with size - 1 "
        "of yours, the box opens, and the one letter that you did not write is the target's. The "
        "shuffle was perfect, and it did not matter."
    ),
    solution="""
        def break_box(box):
            while not box.put_own():
                pass
            box.let_target_in()
            for _ in range(box.size - 1):
                box.put_own()
            for letter in box.came_out:
                if not box.is_mine(letter):
                    return letter
    """,
)

log2 = math.log2

__all__ = [
    "Box",
    "check_bits",
    "check_break",
    "doubling",
    "log2",
    "many_boxes",
    "one_busy_writer",
    "prediction",
]
