"""A guess that is locked in before the answer is even computed."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from workbench.errors import LessonError
from workbench.teaching.progress import Progress
from workbench.teaching.progress import progress as session_progress
from workbench.teaching.text import Text
from workbench.teaching.typed import typed_number

if TYPE_CHECKING:
    from workbench.teaching.later import Later


@dataclass(frozen=True)
class Question:
    """One thing to guess: one of some options, any of them, or a number.

    A number may have a range, ``least`` to ``most``, both ends included. ``label`` names the
    question in the feedback where its text is longer than a person wants to read again.
    """

    text: str
    kind: Literal["choice", "ticks", "number"] = "choice"
    options: tuple[str, ...] = ()
    unit: str = ""
    least: float = -math.inf
    most: float = math.inf
    label: str = ""

    def read(self, answer: Any) -> str:
        """The answer in words, or a LessonError that says what is expected."""
        if self.kind == "number":
            return self._read_number(answer)
        if self.kind == "choice":
            if not isinstance(answer, str) or answer not in self.options:
                raise LessonError(f"{self.text} Choose one of: {', '.join(self.options)}.")
            return answer
        if not isinstance(answer, (list, tuple)) or any(a not in self.options for a in answer):
            raise LessonError(f"{self.text} Tick any of: {', '.join(self.options)}.")
        return ", ".join(option for option in self.options if option in answer) or "none of them"

    def _read_number(self, answer: Any) -> str:
        text = str(answer).strip() if isinstance(answer, (str, int, float)) else ""
        value = typed_number(text)
        if math.isnan(value):
            raise LessonError(f"{self.text} Write a number, such as 12 or 0.5; a guess is fine.")
        if not self.least <= value <= self.most:
            raise LessonError(
                f"{self.text} Write a number from {self.least:g} to {self.most:g}; a guess is fine."
            )
        shown = f"{value:,.0f}" if value == round(value) and abs(value) < 1e15 else f"{value:g}"
        return f"{shown} {self.unit}".strip()


def _after(asked: str, line: str) -> str:
    """A line of feedback behind its question, or behind a label and a colon."""
    asked = asked.strip()
    if asked.endswith(("?", ".")):
        return f"{asked} {line}"
    return f"{asked.rstrip(':')}: {line[0].lower()}{line[1:]}"


@dataclass(frozen=True)
class Feedback:
    """What was said beside what it was, one line a question, and why."""

    lines: tuple[str, ...]
    why: str

    def __str__(self) -> str:
        return " ".join((*self.lines, self.why))

    def _repr_markdown_(self) -> str:
        return "\n\n".join((*self.lines, self.why))


class Prediction:
    """Questions that must be answered before the reveal.

    The truth is a function that is called once, when the guess is locked: before that it
    stands in no attribute, message or page, so that nobody reads it by accident.

    Parameters
    ----------
    key : str
        Its name in the learner's progress, such as ``"03/size"``.
    title : str
        What is asked, in a few words.
    questions : sequence of Question
        One or more.
    truth : callable
        Gives one text a question, in the same order: what it turned out to be.
    why : callable
        Gives the reason in a sentence or two; called with the truth.
    progress : Progress, optional
        Where the lock is noted; by default the session's own.

    Examples
    --------
    >>> p = Prediction("x/dice", "Dice", [Question("Sum of two dice, mostly?", "number")],
    ...                truth=lambda: ["7"], why=lambda: "Six of 36 throws give it.")
    >>> print(p.lock(["12"]))
    You said 12; it was 7. Six of 36 throws give it.
    """

    def __init__(
        self,
        key: str,
        title: str,
        questions: Sequence[Question],
        *,
        truth: Callable[[], Sequence[str]],
        why: Callable[[], str],
        progress: Progress | None = None,
    ) -> None:
        if not questions:
            raise LessonError("a prediction asks at least one question")
        self.key = key
        self.title = title
        self.questions = tuple(questions)
        self._truth = truth
        self._why = why
        self._progress = session_progress if progress is None else progress
        self._feedback: Feedback | None = None
        self._listeners: list[Callable[[Feedback], None]] = []

    @property
    def is_locked(self) -> bool:
        """Whether the guess is in; it cannot be changed after."""
        return self._feedback is not None

    @property
    def feedback(self) -> Feedback | None:
        """None before the lock."""
        return self._feedback

    def ask(self) -> dict[str, Any]:
        """The questions as plain data, for a page: nothing of the answer is in it."""
        return {
            "title": self.title,
            "questions": [
                {"text": q.text, "kind": q.kind, "options": list(q.options), "unit": q.unit}
                for q in self.questions
            ],
        }

    def lock(self, answers: Any) -> Feedback:
        """Take the guess, then compute what is true. A second guess changes nothing.

        Parameters
        ----------
        answers : sequence
            One a question: an option, a list of options, or a number or its text.

        Returns
        -------
        Feedback
            It quotes the guess: "You said 12; it was 7."

        Raises
        ------
        LessonError
            An answer that is missing or is none of the options; nothing is locked then.
        """
        if self._feedback is not None:
            return self._feedback
        if not isinstance(answers, (list, tuple)) or len(answers) != len(self.questions):
            raise LessonError(f"{self.title}: {len(self.questions)} answers are expected")
        pairs = zip(self.questions, answers, strict=True)
        said = [question.read(answer) for question, answer in pairs]
        truths = list(self._truth())
        lines = [f"You said {s}; it was {t}." for s, t in zip(said, truths, strict=True)]
        if len(lines) > 1:
            lines = [
                _after(q.label or q.text, s) for q, s in zip(self.questions, lines, strict=True)
            ]
        self._feedback = Feedback(tuple(lines), self._why())
        self._progress.note(self.key, "guessed")
        for listener in self._listeners:
            listener(self._feedback)
        return self._feedback

    def on_lock(self, listener: Callable[[Feedback], None]) -> None:
        """Call ``listener`` when the guess is locked, or at once if it is already."""
        self._listeners.append(listener)
        if self._feedback is not None:
            listener(self._feedback)

    def then(self, make: Callable[[], Text]) -> Later:
        """A text for a notebook that is made and shown when the guess is locked."""
        from workbench.teaching.later import Later

        return Later(self, make)
