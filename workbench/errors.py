"""The errors of the workbench: one family, each message says what was expected.

Nothing else leaves a public function on bad input, so a caller who wants to keep a
notebook or a panel alive catches :class:`WorkbenchError` and shows its message.
"""

from __future__ import annotations


class WorkbenchError(Exception):
    """Anything the workbench refuses, with what it expected in the message."""


class ScenarioError(WorkbenchError, ValueError):
    """A knob outside its range, an unknown knob, or a query that is not a scenario."""


class SimulationError(WorkbenchError):
    """A simulation that cannot run as asked (memory, targets, a stopped run)."""


class RewardError(WorkbenchError, ValueError):
    """Reward parameters, stakes or moves outside what the formulas allow."""


class PacketError(WorkbenchError, ValueError):
    """A packet, route or key that Sphinx refuses; each reason is a child of this class."""


class AnonymityError(WorkbenchError, ValueError):
    """A distribution, an attack or a wish outside what the measures and formulas allow."""


class LessonError(WorkbenchError, ValueError):
    """An answer, a check or a progress file that a lesson cannot use."""
