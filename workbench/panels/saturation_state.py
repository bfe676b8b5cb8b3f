"""The saturation panel's state, and what each action of the page does to it."""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from workbench.errors import LessonError, WorkbenchError
from workbench.rewards import placing
from workbench.rewards.formula import Node
from workbench.rewards.parameters import Parameters

TOKEN = 10**6  # unym; a token is abstract
SUPPLY = 20_000  # tokens: with 10 places a node saturates at 2,000
POOL = 10_000  # tokens, of which a month may pay 2 %
MY_TOKENS = 1_000
STEP = 100  # tokens that one key press moves
PART = 50  # tokens of others that move at a time
CROWD_MOVES = 20
NAMES = "ABCDEFGHIJ"
MOST_STAKE = 60_000  # on one node, delegated by others


class InputError(LessonError):
    """Something that cannot be set; ``field`` names the control it was asked of."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field


@dataclass(frozen=True)
class Bar:
    """One node: whole tokens, and settings in whole steps of their controls."""

    operator: int
    pledge: int
    others: int
    margin: int = 10
    """Percent."""
    cost: int = 20
    """Tenths of a token a month."""
    performance: int = 98
    """Percent."""
    mine: int = 0

    @property
    def stake(self) -> int:
        """All tokens on the node."""
        return self.pledge + self.others + self.mine


@dataclass(frozen=True)
class Knob:
    """A slider: range and step in whole steps, and how its value is said."""

    key: str
    label: str
    least: int
    most: int
    step: int
    text: str
    """A format of the value in the unit shown."""
    scale: float = 1.0
    """What one step is in that unit."""

    def say(self, value: int) -> str:
        """The value with its unit."""
        return self.text.format(value * self.scale)


NODE_KNOBS = (
    Knob("margin", "Profit margin", 0, 100, 1, "{:.0f} %"),
    Knob("cost", "Cost a month", 0, 200, 5, "{:.1f} tokens", 0.1),
    Knob("performance", "Performance", 0, 100, 1, "{:.0f} %"),
    Knob("pledge", "Pledge", 0, 4_000, 50, "{:,.0f} tokens"),
    Knob("others", "Others’ stake", 0, 6_000, 50, "{:,.0f} tokens"),
)
NETWORK_KNOBS = (
    Knob("alpha", "Pledge weight, α", 0, 100, 5, "{:.2f}", 0.01),
    Knob("places", "Rewarded nodes, k", 10, 40, 1, "{:.0f}"),
)
KNOBS = {knob.key: knob for knob in (*NODE_KNOBS, *NETWORK_KNOBS)}


@dataclass(frozen=True)
class State:
    """Everything that the panel shows follows from this value."""

    bars: tuple[Bar, ...]
    preset: str
    seed: int
    places: int = 10
    alpha: int = 30
    """Hundredths."""
    chosen: int = 0
    presenter: bool = False

    @property
    def parameters(self) -> Parameters:
        """The network, paid a month at a time."""
        return Parameters(
            POOL * TOKEN, SUPPLY * TOKEN, 0, 0, self.places,
            alpha=f"{self.alpha / 100:.2f}", epochs_in_interval=1,
        )  # fmt: skip

    @property
    def point(self) -> float:
        """The saturation point in tokens."""
        return float(self.parameters.saturation_point_unym) / TOKEN

    @property
    def hand(self) -> int:
        """My tokens that lie on no node."""
        return MY_TOKENS - sum(bar.mine for bar in self.bars)

    def node(self, index: int, *, mine: bool = True) -> Node:
        """A bar as the library's node, with my tokens or without."""
        bar = self.bars[index]
        return Node(
            NAMES[index],
            bar.pledge * TOKEN,
            (bar.others + (bar.mine if mine else 0)) * TOKEN,
            margin=f"{bar.margin / 100:.2f}",
            interval_cost_unym=bar.cost * TOKEN // 10,
            performance=f"{bar.performance / 100:.2f}",
        )


# --- situations ---


def _hands(rng: random.Random, count: int = len(NAMES)) -> list[Bar]:
    return [
        Bar(
            i,
            pledge=rng.randrange(100, 450, 50),
            others=rng.randrange(700, 1_500, 50),
            margin=rng.randrange(5, 16),
            cost=rng.randrange(15, 30, 5),
            performance=rng.randrange(95, 101),
        )
        for i in range(count)
    ]


def _favourite(rng: random.Random) -> list[Bar]:
    rest = _hands(rng)[2:]
    # A and B alike but for what is delegated: B at the saturation point, A at twice as much.
    mine = MY_TOKENS
    alike = Bar(0, pledge=200, others=1_800, performance=99)
    return [replace(alike, others=3_800 - mine, mine=mine), replace(alike, operator=1), *rest]


def _whale(rng: random.Random) -> list[Bar]:
    whale = [Bar(0, 1_000, rng.randrange(700, 950, 50), performance=99) for _ in range(5)]
    rest = _hands(rng)[5:]
    return [*whale, *(replace(bar, others=bar.others // 2 // 50 * 50) for bar in rest)]


def _drops(rng: random.Random) -> list[Bar]:
    bars = _hands(rng)
    return [replace(bars[0], others=1_600, margin=0, performance=60), *bars[1:]]


def _cheap(rng: random.Random) -> list[Bar]:
    alike = replace(_hands(rng)[0], pledge=200, others=900, performance=99)
    free = replace(alike, margin=0, cost=80)
    return [free, replace(alike, operator=1, margin=15, cost=15), *_hands(rng)[2:]]


PRESETS: dict[str, tuple[str, int, Callable[[random.Random], list[Bar]]]] = {
    "favourite": ("Everybody’s favourite", 10, _favourite),
    "hands": ("Many hands", 10, _hands),
    "whale": ("One whale operator", 10, _whale),
    "drops": ("A node that drops packets", 10, _drops),
    "cheap": ("Margin zero, dear to run", 10, _cheap),
    "line": ("The line falls", 32, _hands),
}


def situation(preset: str, seed: int) -> State:
    """The state that a situation begins with.

    Raises
    ------
    InputError
        If there is no such situation or the seed is no whole number of 0 or more.
    """
    if not isinstance(preset, str) or preset not in PRESETS:
        raise InputError("", f"Choose one of the situations: {', '.join(PRESETS)}.")
    if type(seed) is not int or not 0 <= seed < 2**63:
        raise InputError("", "A seed is a whole number of 0 or more.")
    _, places, make = PRESETS[preset]
    return State(tuple(make(random.Random(f"{preset} {seed}"))), preset, seed, places)


# --- actions ---


def act(
    state: State,
    action: Mapping[str, Any],
    new_seed: Callable[[], int] = lambda: secrets.randbelow(10_000),
) -> State:
    """The state after an action of the page.

    Parameters
    ----------
    state : State
        Before.
    action : mapping
        ``name`` and its values, as the page sends them; anything may stand in it.
    new_seed : callable
        Called for "seed" only.

    Raises
    ------
    InputError
        The action cannot be taken; the state stays as it was.
    """
    name = action.get("name")
    if name == "seed":
        return replace(situation(state.preset, new_seed()), presenter=state.presenter)
    handler = _ACTIONS.get(name) if isinstance(name, str) else None
    if handler is None:
        raise InputError("", f"The panel knows no action {name!r:.40}.")
    try:
        return handler(state, action)
    except InputError:
        raise
    except WorkbenchError as error:
        raise InputError("", f"That cannot be: {error}.") from error


def _choose(state: State, action: Mapping[str, Any]) -> State:
    return replace(state, chosen=_bar(state, action, "bar"))


def _set(state: State, action: Mapping[str, Any]) -> State:
    key = action.get("key")
    knob = KNOBS.get(key) if isinstance(key, str) else None
    if knob is None:
        raise InputError("", "The panel has no such control.")
    value = action.get("value")
    if type(value) is not int or not knob.least <= value <= knob.most:
        raise InputError(
            knob.key,
            f"{knob.label} goes from {knob.say(knob.least)} to {knob.say(knob.most)}.",
        )
    if knob in NETWORK_KNOBS:
        return replace(state, **{knob.key: value})
    index = _bar(state, action, "bar") if "bar" in action else state.chosen
    return replace(
        _with(state, index, replace(state.bars[index], **{knob.key: value})), chosen=index
    )


def _mine(state: State, action: Mapping[str, Any]) -> State:
    """Take so many more from the hand to a node, or (negative) back."""
    index = _bar(state, action, "bar")
    by = _whole(action, "by", -MY_TOKENS, MY_TOKENS)
    bar = state.bars[index]
    by = max(-bar.mine, min(by, state.hand))
    return replace(_with(state, index, replace(bar, mine=bar.mine + by)), chosen=index)


def _move(state: State, action: Mapping[str, Any]) -> State:
    """Carry tokens of mine from a node (or the hand, -1) to another (or the hand)."""
    start = _whole(action, "from", -1, len(state.bars) - 1)
    end = _whole(action, "to", -1, len(state.bars) - 1)
    amount = _whole(action, "amount", 0, MY_TOKENS)
    if start == end:
        return state
    if start >= 0:
        amount = min(amount, state.bars[start].mine)
        state = _mine(state, {"bar": start, "by": -amount})
    return state if end < 0 else _mine(state, {"bar": end, "by": min(amount, state.hand)})


def _best(state: State, _: Mapping[str, Any]) -> State:
    nodes = [state.node(i, mine=False) for i in range(len(state.bars))]
    parts = MY_TOKENS // 20  # tokens of 20: quick enough to follow a click at once
    best = placing.best_placement(state.parameters, nodes, MY_TOKENS * TOKEN, parts)
    return replace(
        state,
        bars=tuple(
            replace(bar, mine=amount // TOKEN)
            for bar, amount in zip(state.bars, best.amounts_unym, strict=True)
        ),
    )


def _crowd(state: State, _: Mapping[str, Any]) -> State:
    """Others move, fifty tokens at a time, each to where they earn most then; mine stay."""
    moved = placing.crowd(
        state.parameters,
        [state.node(i) for i in range(len(state.bars))],
        PART * TOKEN,
        CROWD_MOVES,
        stays_unym=[bar.mine * TOKEN for bar in state.bars],
    )
    bars = tuple(
        replace(bar, others=bar.others + change // TOKEN)
        for bar, change in zip(state.bars, moved, strict=True)
    )
    if bars == state.bars:
        raise InputError("", "Nobody else gains by moving: where there is room, it pays no more.")
    return replace(state, bars=bars)


def _preset(state: State, action: Mapping[str, Any]) -> State:
    made = situation(action.get("key"), state.seed)  # type: ignore[arg-type]
    return replace(made, presenter=state.presenter)


_ACTIONS: dict[str, Callable[[State, Mapping[str, Any]], State]] = {
    "choose": _choose,
    "set": _set,
    "mine": _mine,
    "move": _move,
    "best": _best,
    "crowd": _crowd,
    "preset": _preset,
    "presenter": lambda state, _: replace(state, presenter=not state.presenter),
}


def _with(state: State, index: int, bar: Bar) -> State:
    return replace(state, bars=(*state.bars[:index], bar, *state.bars[index + 1 :]))


def _bar(state: State, action: Mapping[str, Any], key: str) -> int:
    return _whole(action, key, 0, len(state.bars) - 1)


def _whole(action: Mapping[str, Any], key: str, low: int, high: int) -> int:
    value = action.get(key)
    if type(value) is not int or not low <= value <= high:
        raise InputError("", f"{key} is a whole number from {low} to {high}.")
    return value


# --- as a short text ---

_FIELDS = ("operator", "pledge", "others", "margin", "cost", "performance", "mine")


def to_query(state: State) -> str:
    """The whole state as a short query string; :func:`from_query` reads it back."""
    bars = "_".join(".".join(str(getattr(bar, f)) for f in _FIELDS) for bar in state.bars)
    return urlencode(
        {
            "preset": state.preset,
            "seed": state.seed,
            "k": state.places,
            "alpha": state.alpha,
            "node": NAMES[state.chosen],
            "nodes": bars,
        }
    )


def from_query(query: str) -> State:
    """The state of a query string.

    Raises
    ------
    InputError
        If it is none that :func:`to_query` could have written.
    """
    try:
        values = dict(parse_qsl(str(query)[:5_000], strict_parsing=True))
        bars = tuple(
            Bar(**dict(zip(_FIELDS, map(int, part.split(".")), strict=True)))
            for part in values["nodes"].split("_")
        )
        state = State(
            bars, values["preset"], int(values["seed"]), int(values["k"]), int(values["alpha"]),
            NAMES.index(values["node"]),
        )  # fmt: skip
    except (KeyError, ValueError, TypeError) as error:
        raise InputError("", "This is no state of the saturation panel.") from error
    if not _is_possible(state) or to_query(state) != query:
        raise InputError("", "This is no state of the saturation panel.")
    return state


def _is_possible(state: State) -> bool:
    def within(knob: Knob, value: int) -> bool:
        return knob.least <= value <= knob.most

    return (
        state.preset in PRESETS
        and 0 <= state.seed < 2**63
        and len(state.bars) == len(NAMES)
        and state.hand >= 0
        and all(within(knob, getattr(state, knob.key)) for knob in NETWORK_KNOBS)
        and all(
            bar.mine >= 0
            and 0 <= bar.operator < len(NAMES)
            and bar.others <= MOST_STAKE
            and bar.others >= 0
            and all(
                within(knob, getattr(bar, knob.key)) for knob in NODE_KNOBS if knob.key != "others"
            )
            for bar in state.bars
        )
    )
