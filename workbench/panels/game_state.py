"""The game panel's knobs and situations, and the game that follows from them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from workbench.panels.saturation_state import InputError, Knob
from workbench.rewards.game import (
    Behaviour,
    Equilibrium,
    Game,
    Players,
    State,
    find_equilibrium,
)
from workbench.rewards.game.situations import RULES as RULES_OF_GAME
from workbench.rewards.game.situations import SITUATIONS, begin, players_of

PLACES = RULES_OF_GAME.k
# Far apart, so by steps and not by a line; the last is "always the best".
RATIONALITIES = (0.0, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1_000.0, math.inf)
NOISES = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)


@dataclass(frozen=True)
class ListKnob(Knob):
    """A slider over a list of values: its whole steps count places in the list."""

    says: tuple[str, ...] = ()

    def say(self, value: int) -> str:
        """The value's name."""
        return self.says[value]


def _list_knob(key: str, label: str, says: tuple[str, ...]) -> ListKnob:
    return ListKnob(key, label, 0, len(says) - 1, 1, "", says=says)


HOW_PLAYERS_CHOOSE = (
    _list_knob(
        "rationality",
        "Rationality",
        ("0: by chance", *(f"{r:g}" for r in RATIONALITIES[1:-1]), "always the best"),
    ),
    Knob("attention", "Attention", 10, 100, 10, "{:.0f} % look in a round"),
    _list_knob("noise", "Noise in what they see", tuple(f"{100 * n:g} %" for n in NOISES)),
)
RULES = (
    Knob("alpha", "Pledge weight, α", 0, 100, 5, "{:.2f}", 0.01),
    _list_knob("saturation", "Saturation", ("off", "on")),
)
KNOBS: dict[str, Knob] = {knob.key: knob for knob in (*HOW_PLAYERS_CHOOSE, *RULES)}


@dataclass(frozen=True)
class Setup:
    """Everything that decides how the game goes on, in whole steps of the controls."""

    preset: str = "awake"
    seed: int = 9
    rationality: int = len(RATIONALITIES) - 1
    attention: int = 100
    noise: int = 0
    alpha: int = 30
    saturation: int = 1

    @property
    def players(self) -> Players:
        """The stakeholders, drawn by the seed."""
        return players_of(self.seed)

    @property
    def game(self) -> Game:
        """Players and rules."""
        rules = replace(RULES_OF_GAME, alpha=self.alpha / 100, saturation=bool(self.saturation))
        return Game(self.players, rules)

    @property
    def behaviour(self) -> Behaviour:
        """How they choose."""
        return Behaviour(
            rationality=RATIONALITIES[self.rationality],
            activation=self.attention / 100,
            noise=NOISES[self.noise],
        )


# Where the sliders stand in each of the game's situations.
_SLEEPY = {"rationality": RATIONALITIES.index(100.0), "attention": 30, "noise": NOISES.index(0.05)}
PRESETS: dict[str, tuple[str, dict[str, int]]] = {
    "awake": (SITUATIONS["awake"].label, {}),
    "sleepy": (SITUATIONS["sleepy"].label, _SLEEPY),
    "dice": (SITUATIONS["dice"].label, {"rationality": RATIONALITIES.index(1.0)}),
    "sybil": (SITUATIONS["sybil"].label, {"alpha": 0}),
    "nosat": (SITUATIONS["nosat"].label, {"saturation": 0}),
}


def situation(preset: object, seed: object) -> Setup:
    """The setup of a situation.

    Raises
    ------
    InputError
        If there is no such situation or the seed is no whole number of 0 or more.
    """
    if not isinstance(preset, str) or preset not in PRESETS:
        raise InputError("", f"Choose one of the situations: {', '.join(PRESETS)}.")
    if type(seed) is not int or not 0 <= seed < 2**63:
        raise InputError("", "A seed is a whole number of 0 or more.")
    return Setup(preset, seed, **PRESETS[preset][1])


def turned(setup: Setup, action: Mapping[str, Any]) -> Setup:
    """The setup with one knob turned.

    Raises
    ------
    InputError
        If there is no such knob or the value is outside its range.
    """
    key, value = action.get("key"), action.get("value")
    knob = KNOBS.get(key) if isinstance(key, str) else None
    if knob is None:
        raise InputError("", "The panel has no such control.")
    if type(value) is not int or not knob.least <= value <= knob.most:
        raise InputError(
            knob.key, f"{knob.label} goes from {knob.say(knob.least)} to {knob.say(knob.most)}."
        )
    return replace(setup, **{knob.key: value})


@lru_cache(maxsize=32)
def start_of(seed: int) -> State:
    """Where every game begins: what the theory predicts for these players.

    With saturation on and a pledge that counts, whatever the knobs say later: the question
    is what becomes of it.
    """
    return begin("awake", seed).state


@lru_cache(maxsize=64)
def equilibrium_of(setup: Setup) -> Equilibrium:
    """What the theory predicts under these rules, tested; no repairs, to stay quick."""
    plain = situation("awake", setup.seed)
    return _equilibrium(replace(plain, alpha=setup.alpha, saturation=setup.saturation))


@lru_cache(maxsize=64)
def _equilibrium(setup: Setup) -> Equilibrium:
    return find_equilibrium(setup.game, max_refinements=0)
