"""A lesson's notebook as slides for a room: question, guesses, panel, answer, closing, limit."""

from __future__ import annotations

import ast
import inspect
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mistune

from workbench.errors import LessonError
from workbench.teaching import Prediction, Question

LETTERS = "ABCDEFGH"
_MAX_BYTES = 4_000_000
# A room cannot type a number: for these guesses it has these to raise hands for.
FOR_HANDS: dict[str, tuple[tuple[str, ...], ...]] = {
    "02/suspects": (("3", "5", "8"), ("4", "6", "7")),
    "03/size": (("0", "60", "348"),),
    "06/stand-out": (("1", "5", "10"), ("1", "3", "9"), ("1", "2", "5")),
}


@dataclass(frozen=True)
class Slide:
    """One screen. `options` are what hands are raised for, with A, B, C in that order.

    Attributes
    ----------
    kind : str
        "text", "guess", "panel" or "answer".
    title : str
        A line in big type; may be empty.
    html : str
        Safe HTML: made from Markdown with everything else escaped, no links, no pictures.
    options : tuple of str
        Of a guess: what the letters stand for.
    many : bool
        Whether the room may choose several.
    """

    kind: str
    title: str = ""
    html: str = ""
    options: tuple[str, ...] = ()
    many: bool = False


class _Plain(mistune.HTMLRenderer):
    """Links as their words and no pictures: nothing to click that leaves the talk."""

    def link(self, text: str, url: str, title: str | None = None) -> str:
        return text

    def image(self, text: str, url: str, title: str | None = None) -> str:
        return ""


_markdown = mistune.create_markdown(renderer=_Plain(escape=True), plugins=["table"])


def to_html(markdown: str) -> str:
    """Markdown as safe HTML; what is not Markdown is shown as it was written."""
    return str(_markdown(markdown)).strip()


def read_notebook(path: Path) -> dict[str, Any]:
    """A notebook's JSON, or a LessonError that says what was expected."""
    try:
        with path.open("rb") as file:
            raw = file.read(_MAX_BYTES + 1)
        found = json.loads(raw) if len(raw) <= _MAX_BYTES else None
    except OSError as error:
        raise LessonError(f"{path} cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise LessonError(f"{path} is no notebook: JSON is expected") from error
    cells = found.get("cells") if isinstance(found, dict) else None
    if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
        raise LessonError(f"{path} is no notebook: JSON with a list of cells is expected")
    return {"cells": cells}


def _sources(notebook: Mapping[str, Any], kind: str) -> Iterable[str]:
    for cell in notebook["cells"]:
        source = cell.get("source", "")
        if isinstance(source, list):
            source = "".join(line for line in source if isinstance(line, str))
        if cell.get("cell_type") == kind and isinstance(source, str):
            yield source


def _sections(notebook: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(heading, text) of all prose, cut at every heading; what stands before one has ""."""
    prose = "\n\n".join(_sources(notebook, "markdown"))
    parts = re.split(r"^#{1,6} +(.+?) *$", prose, flags=re.M)
    heads = ["", *parts[1::2]]
    return [(head, text.strip()) for head, text in zip(heads, parts[0::2], strict=True)]


def hands(ask: Prediction | None) -> list[tuple[str, ...]]:
    """What the room can choose from, one tuple a question; empty where there is nothing."""
    if ask is None:
        return []
    offered = FOR_HANDS.get(ask.key, ())
    return [
        _hands_of(question, offered[i] if i < len(offered) else ())
        for i, question in enumerate(ask.questions)
    ]


def _hands_of(question: Question, offered: tuple[str, ...]) -> tuple[str, ...]:
    return (offered if question.kind == "number" else question.options)[: len(LETTERS)]


def slides_of(notebook: Mapping[str, Any], ask: Prediction | None = None) -> tuple[Slide, ...]:
    """The slides of a lesson, in the order they are shown.

    Parameters
    ----------
    notebook : mapping
        A notebook's JSON.
    ask : Prediction, optional
        The lesson's guess, whose questions become slides for hands.

    Returns
    -------
    tuple of Slide
        At least the panel; a part that the lesson does not have is left out. What explains
        the answer is in none of them: the answer slide is empty until the guess is locked.
    """
    sections = _sections(notebook)
    slides = []
    opening = next(((head, text) for head, text in sections if head), None)
    if opening:
        head, text = opening
        text = re.split(r"^!\[", text, maxsplit=1, flags=re.M)[0]  # the picture's words follow
        kept = [p for p in re.split(r"\n\s*\n", text) if not re.match(r"About \d+ minutes|\|", p)]
        slides.append(Slide("text", head, to_html("\n\n".join(kept[:2]))))
    for question, options in zip(ask.questions if ask else (), hands(ask), strict=True):
        many = question.kind == "ticks"
        unit = f" {question.unit}" if question.unit else ""
        shown = tuple(f"{option}{unit}" for option in options)
        title = to_html(ask.title) if ask else ""
        slides.append(Slide("guess", question.text, title, shown, many))
    slides.append(Slide("panel", opening[0] if opening else ""))
    if ask is not None:
        slides.append(Slide("answer", "What it was"))
    closing = next((text for head, text in sections if head == "What you can say now"), "")
    said, _, rest = closing.partition("*An honest limit.*")
    limit = rest.partition("*A case where it fails")[0]
    if said.strip():
        slides.append(Slide("text", "What you can say now", to_html(said)))
    if limit.strip():
        slides.append(Slide("text", "An honest limit", to_html(limit)))
    return tuple(slides)


def panel_of(notebook: Mapping[str, Any], name: str = "the lesson") -> tuple[Any, Any]:
    """Run the lesson's first code cell with its panel in presenter's type.

    Returns
    -------
    panel : widget
        What the cell's last line makes.
    ask : Prediction or None
        The guess that the cell made, if any.

    Raises
    ------
    LessonError
        No code cell, one that does not end with a call, or one that fails.
    """
    source = next(iter(_sources(notebook, "code")), None)
    if source is None:
        raise LessonError(f"{name} has no code cell; its first one should make the panel")
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError) as error:
        raise LessonError(f"the first code cell of {name} is not Python: {error}") from error
    last = tree.body[-1] if tree.body else None
    if not isinstance(last, ast.Expr) or not isinstance(last.value, ast.Call):
        raise LessonError(f"the first code cell of {name} should end with the call of its panel")
    call = last.value
    names: dict[str, Any] = {"__name__": "__lesson__"}
    try:
        exec(compile(ast.Module(tree.body[:-1], []), name, "exec"), names)
        make = eval(compile(ast.Expression(call.func), name, "eval"), names)
        given = {keyword.arg for keyword in call.keywords}
        if "presenter" in inspect.signature(make).parameters and "presenter" not in given:
            call.keywords.append(ast.keyword("presenter", ast.Constant(True)))
        whole = ast.fix_missing_locations(ast.Expression(call))
        panel = eval(compile(whole, name, "eval"), names)
    except Exception as error:
        raise LessonError(
            f"the first code cell of {name} failed ({type(error).__name__}: {error}): "
            "run the lesson itself to see where"
        ) from error
    guesses = [value for value in names.values() if isinstance(value, Prediction)]
    return panel, guesses[-1] if guesses else None
