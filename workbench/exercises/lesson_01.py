"""Lesson 1, who can see what: its guess, and flows matched by their rhythm."""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from workbench.anonymity import Flows, chance_interval, correlation, make_flows, match_flows
from workbench.anonymity.everyday import EVERYDAY_OBSERVERS, who_can_link
from workbench.teaching import Check, Prediction, Question, Text, Wrong, say

PEOPLE = 20
DURATION_S = 60.0
_NEEDED = 0.9  # share of onion flows that a solution must get right; see docs/calibrate.py
Times = NDArray[np.float64]


# --- the guess ---


def prediction() -> Prediction:
    """Which of six observers can link you, for three systems?"""
    names = tuple(observer.name for observer in EVERYDAY_OBSERVERS)
    return Prediction(
        "01/who",
        "You visit a website. Who can tell that it was you, talking to that site?",
        [
            Question("You use a VPN. Tick all who can tell:", "ticks", names, label="With a VPN"),
            Question(
                "You use an onion router, as Tor is. Tick all who can tell:",
                "ticks",
                names,
                label="With an onion router",
            ),
            Question(
                "You use a mixnet with cover. Tick all who can tell:",
                "ticks",
                names,
                label="With a mixnet",
            ),
        ],
        truth=lambda: [
            ", ".join(who_can_link(system)) or "none of them"
            for system in ("vpn", "onion", "mixnet")
        ],
        why=lambda: (
            "A VPN does not take the knowledge away, it moves it to one company. An onion router "
            "splits it, yet whoever records both ends can compare the rhythm. A mixnet blurs the "
            "rhythm. And if all nodes on your way work together, they know, whatever the system."
        ),
    )


def in_numbers() -> Text:
    """How many of the six can link you, from the library's table."""
    return say(
        "Of {all} observers, {vpn} can link you to the site behind a VPN, {onion} behind an onion "
        "router, and {mixnet} behind a mixnet with cover.",
        all=len(EVERYDAY_OBSERVERS),
        **{system: len(who_can_link(system)) for system in ("vpn", "onion", "mixnet")},
    )


# --- by machine ---


def alike(person: Times, website: Times) -> float:
    """How alike two recordings are at the best shift: the number that the panel shows.

    Parameters
    ----------
    person, website : float64 arrays
        When packets passed, in seconds from 0 to ``DURATION_S``.

    Returns
    -------
    float
        From -1 to 1. Strangers are above 0 too: compare before you believe it.
    """
    return correlation(person, website, duration_s=DURATION_S)


def how_often() -> Text:
    """The library's own matching on fresh people, for three systems, beside blind guessing."""
    seed = secrets.randbits(48)
    rows = [
        f"| {name} | {found.right} of {found.trials} |"
        for name, system in (("VPN", "vpn"), ("onion router", "onion"), ("mixnet", "mixnet"))
        for found in [match_flows(make_flows(system, PEOPLE, DURATION_S, seed=seed))]
    ]
    return say(
        "The same {people} people, the same messages, {duration:g} s, three systems:\n\n"
        "| system | websites matched |\n|---|---|\n{rows}\n\n{blind}",
        people=PEOPLE,
        duration=DURATION_S,
        rows="\n".join(rows),
        blind=_blind(PEOPLE, 1 / PEOPLE),
    )


def without_cover() -> Text:
    """A mixnet whose users send nothing but their messages: how many are matched then."""
    seed = secrets.randbits(48)
    bare = match_flows(
        make_flows(
            "mixnet",
            PEOPLE,
            DURATION_S,
            main_stream_per_s=None,
            loop_cover_per_s=0.0,
            receiver_cover_per_s=0.0,
            seed=seed,
        )
    )
    covered = match_flows(make_flows("mixnet", PEOPLE, DURATION_S, seed=seed))
    return say(
        "The same mixes with the same random delays, but nobody sends cover: {bare} of {people} "
        "websites matched. With cover it was {covered}. {blind}",
        bare=bare.right,
        covered=covered.right,
        people=PEOPLE,
        blind=_blind(PEOPLE, 1 / PEOPLE),
    )


def _blind(trials: int, chance: float) -> str:
    low, high = chance_interval(trials, chance)
    return (
        f"Blind guessing gets {trials * chance:g} of {trials} on average, and {low * trials:.0f} "
        f"to {high * trials:.0f} in 95 of 100 tries."
    )


def _try_match(answer: Callable[..., object], rng: random.Random) -> str:
    seed = rng.getrandbits(48)
    onion = make_flows("onion", PEOPLE, DURATION_S, seed=seed)
    right = _right(answer, onion)
    if right <= _NEEDED * PEOPLE:
        raise Wrong(
            f"On onion flows {right} of {PEOPLE} are right. {_blind(PEOPLE, 1 / PEOPLE)} "
            f"More than {100 * _NEEDED:.0f} % is possible."
        )
    mixed = _right(answer, make_flows("mixnet", PEOPLE, DURATION_S, seed=seed))
    return (
        f"In the last one you matched {right} of {PEOPLE} onion flows, and {mixed} of {PEOPLE} "
        f"when the same people used a mixnet. {_blind(PEOPLE, 1 / PEOPLE)}"
    )


def _right(answer: Callable[..., object], flows: Flows) -> int:
    given = answer(list(flows.sent_s), list(flows.received_s))
    if isinstance(given, np.ndarray):
        given = given.tolist()
    if not isinstance(given, Sequence) or isinstance(given, str | bytes):
        raise Wrong(f"A list of {PEOPLE} numbers is expected: a website for each person.")
    if len(given) != PEOPLE:
        raise Wrong(f"{PEOPLE} numbers are expected, one for each person; here are {len(given)}.")
    if odd := [g for g in given if not isinstance(g, int | np.integer)]:
        raise Wrong(
            "Whole numbers are expected, for each person the place of a website in the list; "
            f"one of yours is {odd[0]!r:.60}."
        )
    if not all(0 <= g < PEOPLE for g in given):
        raise Wrong(f"A website's place is from 0 to {PEOPLE - 1}.")
    return sum(int(g) == int(true) for g, true in zip(given, flows.partner, strict=True))


check_match = Check(
    "01/match",
    "For each person give the place, in the list, of the website most alike.",
    _try_match,
    misconception=(
        "You need no key and no address for this. All words are encrypted, and yet each person's "
        "packets keep their own rhythm: compare one person with every website, and take the most "
        "alike. The websites stand in no particular order, so the first is not the first person's."
    ),
    smaller_task=(
        "for one person only, print [alike(person, website) for website in websites]. One number "
        "stands out. If likeness is that list, likeness.index(max(likeness)) says where."
    ),
    explanation=(
        "For each person all websites are tried, and the one with the largest likeness is the "
        "guess. That is the whole attack; what makes it work is that a VPN or an onion router "
        "sends each packet on at once."
    ),
    solution="""
        def match_flows(people, websites):
            guesses = []
            for person in people:
                likeness = [alike(person, website) for website in websites]
                guesses.append(likeness.index(max(likeness)))
            return guesses
    """,
)

__all__ = [
    "DURATION_S",
    "PEOPLE",
    "alike",
    "check_match",
    "how_often",
    "in_numbers",
    "prediction",
    "without_cover",
]
