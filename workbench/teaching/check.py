"""Checks that run in place, on random inputs, and help one step at a time."""

from __future__ import annotations

import functools
import random
import secrets
import textwrap
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from workbench.errors import WorkbenchError
from workbench.teaching.progress import Progress
from workbench.teaching.progress import progress as session_progress

Answer = Callable[..., Any]


class Wrong(Exception):  # noqa: N818 - it is a finding about an answer, not a failure of ours
    """Raised by a trial: what was expected of the answer and what came instead."""


class _Blank(Exception):  # noqa: N818 - nothing was written yet
    """The learner's function gave nothing back."""


@dataclass(frozen=True)
class Verdict:
    """What a check says; a notebook shows it as prose."""

    passed: bool
    markdown: str

    def __bool__(self) -> bool:
        return self.passed

    def __str__(self) -> str:
        return self.markdown

    def _repr_markdown_(self) -> str:
        return self.markdown


class Check:
    """An exercise's check: random inputs each time, help that grows with each failure.

    The first failure names the common misconception, the second offers a smaller task, the
    third shows and explains a solution. A blank gets the first word of help and counts as
    no failure. There is no score.

    Parameters
    ----------
    key : str
        Its name in the learner's progress, such as ``"03/secrets"``.
    task : str
        What the function should do, in one sentence.
    trial : callable
        ``trial(answer, rng)`` makes one case from ``rng`` (a ``random.Random``), calls
        ``answer`` and raises :class:`Wrong` if it does not fit; it may return a sentence
        about what was seen. An exercise with two functions has ``trial(first, second, rng)``.
    misconception, smaller_task, explanation : str
        The three steps of help, in words.
    solution : str
        Source code of a function that passes.
    rounds : int
        How many random cases a run of the check tries.
    progress : Progress, optional
        Where a pass is noted; by default the session's own.

    Examples
    --------
    >>> def trial(answer, rng):
    ...     x = rng.randrange(2, 1000)
    ...     if answer(x) != 2 * x:
    ...         raise Wrong(f"for {x} it should be {2 * x}")
    >>> double = Check("x/double", "Double a number.", trial, misconception="It is not x + 2.",
    ...                smaller_task="Try 3 by hand.", explanation="Add it to itself.",
    ...                solution="def double(x):\\n    return x + x")
    >>> bool(double(lambda x: 2 * x)), bool(double(lambda x: x + 2))
    (True, False)
    """

    def __init__(
        self,
        key: str,
        task: str,
        trial: Callable[..., str | None],
        *,
        misconception: str,
        smaller_task: str,
        explanation: str,
        solution: str,
        rounds: int = 5,
        progress: Progress | None = None,
    ) -> None:
        self.key = key
        self.task = task
        self.solution = textwrap.dedent(solution).strip()
        self.failures = 0
        self._trial = trial
        self._misconception = misconception
        self._smaller_task = smaller_task
        self._explanation = explanation
        self._rounds = rounds
        self._progress = session_progress if progress is None else progress

    def __call__(self, *answers: Answer, seed: int | None = None) -> Verdict:
        """Try the answer on fresh random inputs.

        Parameters
        ----------
        *answers : callable
            The learner's function, or functions where the trial takes several.
        seed : int, optional
            For tests; by default the inputs differ each time, so an answer cannot be pasted.

        Returns
        -------
        Verdict
            True or false, and what to say. Whatever the learner's function does or raises
            becomes a verdict (a keyboard interrupt excepted).
        """
        for answer in answers:
            if not callable(answer):
                return self._fail(f"A function is expected, not {_short(answer)}.")
        seed = secrets.randbits(64) if seed is None else seed
        note = None
        for turn in range(self._rounds):
            # Random(str) hashes the text, so each round has its own unrelated inputs.
            rng = random.Random(f"{self.key} {seed} {turn}")
            try:
                note = self._trial(*map(_guarded, answers), rng)
            except _Blank:
                return Verdict(False, f"Nothing here yet. {self.task}\n\n{self._misconception}")
            except Wrong as wrong:
                return self._fail(str(wrong))
            except WorkbenchError as error:
                return self._fail(f"With your answer the library says: {error}.")
            except Exception as error:
                # Our trial tripped over what the answer gave back (a wrong type, say).
                return self._fail(
                    f"What your function gave back could not be used ({_short(error)})."
                )
        self._progress.note(self.key, "passed")
        stands = f"It holds on {self._rounds} fresh random inputs."
        return Verdict(True, " ".join(part for part in ("Passed.", stands, note) if part))

    def _fail(self, reason: str) -> Verdict:
        self.failures += 1
        if self.failures == 1:
            help_ = self._misconception
        elif self.failures == 2:
            help_ = f"A smaller task first: {self._smaller_task}"
        else:
            code = textwrap.indent(self.solution, "    ")
            help_ = f"One way to do it:\n\n{code}\n\n{self._explanation}"
        return Verdict(False, f"Not yet. {reason}\n\n{help_}")


def _guarded(answer: Answer) -> Answer:
    """The learner's function with its blanks and its own errors told apart from ours."""

    @functools.wraps(answer)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            given = answer(*args, **kwargs)
        except NotImplementedError:
            raise _Blank from None
        except Exception as error:
            line = _line_in(answer, error)
            raise Wrong(f"Your function stopped with {_short(error)}{line}.") from error
        if _is_blank(given):
            raise _Blank
        return given

    return call


def _is_blank(given: object) -> bool:
    """Nothing, an ellipsis, or one level of a collection with an ellipsis left in it."""
    if isinstance(given, dict):
        given = tuple(given.values())
    if isinstance(given, tuple | list) and len(given) <= 100:
        return any(part is ... or (isinstance(part, dict) and _is_blank(part)) for part in given)
    return given is None or given is ...


def _line_in(answer: Answer, error: BaseException) -> str:
    code = getattr(answer, "__code__", None)
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if code is not None and frame.filename == code.co_filename and frame.lineno:
            return f" in its line {frame.lineno - code.co_firstlineno + 1}"
    return ""


def _short(thing: object) -> str:
    """A value or an error on one line, safe to set in Markdown."""
    if isinstance(thing, BaseException):
        text = f"{type(thing).__name__}: {thing}"
    else:
        try:
            text = repr(thing)
        except Exception:  # a learner's own class may fail here
            text = type(thing).__name__
    text = " ".join(text.replace("`", "'").split())
    return f"`{text[:160]}{'…' if len(text) > 160 else ''}`"
