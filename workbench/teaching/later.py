"""Prose that waits for a guess: what explains the answer is not in the page before it."""

from __future__ import annotations

from collections.abc import Callable

from workbench.teaching.prediction import Feedback, Prediction
from workbench.teaching.text import Text

_WAITING = "*This part appears when your guess above is locked in.*"


class Later:
    """A text that is made, and shown in its place, when a prediction is locked.

    Parameters
    ----------
    prediction : Prediction
        The guess that it waits for.
    make : callable
        Gives the text; called after the lock only, so that nothing of it is known before.

    Examples
    --------
    >>> from workbench.teaching import Progress, Question, say
    >>> guess = Prediction("x/day", "Day", [Question("How many?", "number")],
    ...                    truth=lambda: ["7"], why=lambda: "", progress=Progress())
    >>> later = Later(guess, lambda: say("A week."))
    >>> print(later); _ = guess.lock([5]); print(later)
    *This part appears when your guess above is locked in.*
    A week.
    """

    def __init__(self, prediction: Prediction, make: Callable[[], Text]) -> None:
        self._prediction = prediction
        self._make = make
        self._made: Text | None = None

    def __str__(self) -> str:
        return str(self._now())

    def _now(self) -> Text:
        if not self._prediction.is_locked:
            return Text(_WAITING)
        if self._made is None:
            self._made = self._make()
        return self._made

    def _ipython_display_(self) -> None:
        """Called by a notebook: shows what there is, and changes it in place at the lock."""
        from IPython.display import display

        handle = display(self._now(), display_id=True)  # type: ignore[no-untyped-call]

        def update(_: Feedback) -> None:
            if handle is not None:
                handle.update(self._now())

        self._prediction.on_lock(update)
