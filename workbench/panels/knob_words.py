"""A knob in words: what its values look like, what was typed for it, what it has to be."""

from __future__ import annotations

import math
from typing import Any

from workbench import strategies
from workbench.errors import ScenarioError
from workbench.scenario import Knob
from workbench.teaching.typed import typed_number


def read(knob: Knob, value: Any) -> Any:
    """What a person typed or moved, as a value of this knob.

    A decimal comma and parted thousands are read as such, and the unit may stand behind.

    Raises
    ------
    ScenarioError
        For what is no number of the knob's range: in the words on the screen, with what to do.
    """
    if knob.kind == "strategy":
        return strategies.strategy(value)
    if knob.kind == "choice" or (value is None and knob.optional):
        return value
    is_typed = isinstance(value, str)
    if not is_typed and knob.kind not in ("whole", "real"):
        return value
    number = math.nan
    if is_typed:
        number = typed_number(value.strip().removesuffix(knob.unit))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        number = value
    is_whole = knob.kind in ("whole", "mixes")
    if not knob.low <= number <= knob.high or (is_whole and number != int(number)):
        given = quoted(value) if is_typed and value.strip() else "nothing"
        said = f"; you typed {given}. " if is_typed else ". "
        example = value_text(knob, knob.low if knob.default is None else knob.default)
        raise ScenarioError(
            f"{must_be(knob)}{said}Write one such as {example}; until then nothing changes."
        )
    return int(number) if is_whole else float(number)


def must_be(knob: Knob) -> str:
    """What a value of this knob has to be: its label, range and unit as on the screen."""
    if knob.kind in ("choice", "strategy"):
        return f"{knob.label} must be one of {', '.join(knob.choices)}"
    kind = "a whole number" if knob.kind in ("whole", "mixes") else "a number"
    unit = f" {knob.unit}" if knob.unit else ""
    return (
        f"{knob.label} must be {kind} from {number_text(knob.low)} to "
        f"{number_text(knob.high)}{unit}"
    )


def quoted(text: str) -> str:
    """Some words of somebody else, cut where they are long; what is no letter becomes "?"."""
    shown = text if len(text) <= 40 else text[:39] + "…"
    return f"“{shown.encode('utf-8', 'replace').decode()}”"


def value_text(knob: Knob, value: Any, has_unit: bool = False) -> str:
    """A knob's value as it is shown."""
    if value is None:
        return "none"
    if knob.kind == "strategy":
        return strategy_text(value.name)
    if isinstance(value, tuple):
        return f"{len(value)} named" if knob.kind == "mixes" else "a table"
    if isinstance(value, str):
        return value.replace("_", " ")
    unit = f" {knob.unit}" if has_unit and knob.unit else ""
    return (str(value) if knob.name == "seed" else number_text(value)) + unit


def strategy_text(name: str) -> str:
    """A way of mixing as it is shown."""
    known = {"poisson": "Poisson", "none": "no mixing (sent on at once)"}
    return known.get(name, name.replace("_", " "))


def number_text(value: float) -> str:
    """A number as a person writes it: no needless zeros, no tails of binary fractions."""
    if isinstance(value, int) or float(value).is_integer():
        return f"{int(value):,}"
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def nice_above(value: float) -> float:
    """The next of 1, 1.5, 2, 3, 4, 5, 6, 8 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 1.5, 2, 3, 4, 5, 6, 8, 10) if step * power >= value)
