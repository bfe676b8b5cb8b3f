"""A lesson for a room: full screen, big type, next and back by key, hands for A, B, C.

    from workbench.panels.presenter import present
    present("05")

`workbench present 05` does this and opens the browser. The screen is the browser's own
full-screen view of this widget, so nothing of JupyterLab is in sight and none of its keys
can fire; the panel on it is the lesson's own, live.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import ipywidgets

from workbench import lesson_files
from workbench.errors import LessonError, WorkbenchError
from workbench.panels.controls import style
from workbench.panels.page_widget import PageWidget
from workbench.panels.presenter_slides import (
    LETTERS,
    Slide,
    hands,
    panel_of,
    read_notebook,
    slides_of,
    to_html,
)
from workbench.teaching import Prediction


@dataclass(frozen=True)
class State:
    """Which slide is shown, and what the room said: the letters chosen, one text a slide."""

    at: int = 0
    votes: tuple[str, ...] = ()


def act(state: State, slides: tuple[Slide, ...], action: Mapping[str, Any]) -> State:
    """The state after an action of the page.

    Parameters
    ----------
    state : State
        Before it.
    slides : tuple of Slide
        All slides.
    action : mapping
        ``{"name": "go", "to": 2}`` or ``{"name": "vote", "letter": "B"}``; a vote counts for
        the slide that is shown, and the same letter again takes it back where many count.

    Raises
    ------
    LessonError
        Any other action, a slide that is not there, or a letter that stands for nothing.
    """
    name = action.get("name")
    if name == "go":
        to = action.get("to")
        if type(to) is not int or not 0 <= to < len(slides):
            raise LessonError(f"to is a slide from 0 to {len(slides) - 1}")
        return replace(state, at=to)
    if name != "vote":
        raise LessonError("an action is 'go' or 'vote'")
    slide, letter = slides[state.at], action.get("letter")
    known = LETTERS[: len(slide.options)]
    if not isinstance(letter, str) or len(letter) != 1 or letter not in known:
        raise LessonError(
            f"a letter here is one of {', '.join(known)}" if known else "no hands are counted here"
        )
    votes = list(state.votes) or [""] * len(slides)
    if slide.many:
        votes[state.at] = "".join(sorted(set(votes[state.at]) ^ {letter}))
    else:
        votes[state.at] = letter
    return replace(state, votes=tuple(votes))


class Deck(PageWidget):
    """The slides and the keys; `Presentation` puts the panel beside it.

    No trait holds data: the page asks when it is there, and asks again after a reload.
    """

    scripts = ("presenter.js",)
    _css = style("presenter.css")

    def __init__(
        self, slides: tuple[Slide, ...], panel: Any = None, ask: Prediction | None = None
    ) -> None:
        super().__init__()
        self._slides = slides
        self._panel = panel
        self._ask = ask
        self._state = State()
        if ask is not None:
            # The panel's own form may lock it, too: then the answer's slide has to know.
            ask.on_lock(lambda _: self.send({"view": self.view}))

    @property
    def state(self) -> State:
        """Which slide is shown and what the room said."""
        return self._state

    @property
    def view(self) -> dict[str, Any]:
        """What the page is told: plain data, nothing of the answer before the lock."""
        votes = self._state.votes or ("",) * len(self._slides)
        shown = []
        for slide, vote in zip(self._slides, votes, strict=True):
            html = self._answer() if slide.kind == "answer" else slide.html
            shown.append(
                {
                    "kind": slide.kind,
                    "title": slide.title,
                    "html": html,
                    "options": list(slide.options),
                    "many": slide.many,
                    "vote": vote,
                }
            )
        locked = self._ask is not None and self._ask.is_locked
        return {"slides": shown, "at": self._state.at, "locked": locked}

    def do(self, name: str, **values: Any) -> State:
        """Take an action as the page does, from code: ``do("vote", letter="B")``."""
        self._take({"name": name, **values})
        self.send({"view": self.view})
        return self._state

    def _received(self, content: Any, _: Any) -> None:
        # Anything may come from the page: whatever it is, the deck answers and lives.
        if not isinstance(content, Mapping):
            return
        problem = ""
        try:
            if content.get("name") != "hello":
                self._take(content)
        except WorkbenchError as error:
            problem = str(error)
        first = content.get("name") == "hello"
        self.send({"view": self.view, "problem": problem, "hello": first})

    def _take(self, action: Mapping[str, Any]) -> None:
        if action.get("name") == "vote" and self._ask is not None and self._ask.is_locked:
            return  # the guess is locked: what was said stays as it was
        self._state = act(self._state, self._slides, action)
        if self._slides[self._state.at].kind in ("panel", "answer"):
            self._lock()

    def _lock(self) -> None:
        """When the panel comes up: lock what the room said, if every question has an answer."""
        if self._ask is None or self._ask.is_locked or not self._state.votes:
            return
        pairs = [
            (slide, vote)
            for slide, vote in zip(self._slides, self._state.votes, strict=True)
            if slide.kind == "guess"
        ]
        answers: list[Any] = []
        for (slide, vote), options in zip(pairs, hands(self._ask), strict=True):
            said = [options[LETTERS.index(letter)] for letter in vote]
            if not said and not slide.many:
                return
            answers.append(said if slide.many else said[0])
        self._ask.lock(answers)
        if self._panel is not None:
            # As a reloaded page asks: the panel answers with what it shows after the lock.
            self._panel._handle_custom_msg({"name": "hello"}, [])

    def _answer(self) -> str:
        feedback = None if self._ask is None else self._ask.feedback
        if feedback is None:
            return to_html("No guess was locked in. Go back and press a letter, or use the panel.")
        lines = [
            line.replace("You said", "The room said").replace(": you said", ": the room said")
            for line in feedback.lines
        ]
        return to_html("\n\n".join([*(f"**{line}**" for line in lines), feedback.why]))


class Presentation(ipywidgets.VBox):
    """The deck and the lesson's live panel; the deck puts both on the whole screen."""

    def __init__(self, deck: Deck, panel: Any) -> None:
        super().__init__([deck, panel])
        self.add_class("pr-room")
        self.deck = deck
        self.panel = panel


def present(lesson: str | int = "00", folder: str | Path | None = None) -> Presentation:
    """Show a lesson to a room.

    Parameters
    ----------
    lesson : str or int
        Its number, such as ``"05"`` or 5, or the name of its notebook.
    folder : str or Path, optional
        Where the lessons are; by default those that came with the workbench.

    Returns
    -------
    Presentation
        A widget: a click or a key on it opens the full screen. Keys: right or page-down next,
        left or page-up back, space plays, A to H record what the room says, Escape leaves.

    Raises
    ------
    LessonError
        No such lesson (the message lists them), or one whose first cell makes no panel.
    """
    path = lesson_files.find_lesson(lesson, None if folder is None else Path(folder))
    notebook = read_notebook(path)
    panel, ask = panel_of(notebook, path.name)
    if not isinstance(panel, ipywidgets.DOMWidget):
        raise LessonError(
            f"the first code cell of {path.name} made a {type(panel).__name__}; "
            "a panel (a widget) is expected"
        )
    return Presentation(Deck(slides_of(notebook, ask), panel, ask), panel)
