"""How lessons ask, check and remember; knows nothing of mix networks and draws nothing.

A lesson asks for a guess before it shows (:class:`Prediction`), checks a learner's function
on fresh random inputs (:class:`Check`), says numbers that were computed when it ran
(:func:`say`) or that wait for the guess (:class:`Later`), and remembers what was done
(:class:`Progress`).
"""

from __future__ import annotations

from workbench.teaching.check import Check, Verdict, Wrong
from workbench.teaching.later import Later
from workbench.teaching.prediction import Feedback, Prediction, Question
from workbench.teaching.progress import Progress, progress
from workbench.teaching.text import Text, say

__all__ = [
    "Check",
    "Feedback",
    "Later",
    "Prediction",
    "Progress",
    "Question",
    "Text",
    "Verdict",
    "Wrong",
    "progress",
    "say",
]
