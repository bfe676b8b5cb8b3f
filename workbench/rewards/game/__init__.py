"""The game that the reward formula sets up: who runs pools, who delegates, who gains what.

Players are stakeholders; :mod:`.state` says what they get, :mod:`.nash` who could do better,
:mod:`.equilibrium` where nobody could, and :mod:`.repeated` what happens when they try.
numba is loaded when the first of these is asked to compute, not on import.
"""

from workbench.rewards.game.behaviour import Behaviour
from workbench.rewards.game.equilibrium import Equilibrium, Prediction, find_equilibrium, predict
from workbench.rewards.game.moves import Move
from workbench.rewards.game.nash import NashCheck, best_response, is_nash
from workbench.rewards.game.players import Players, draw_players
from workbench.rewards.game.repeated import RepeatedGame
from workbench.rewards.game.rules import Game, Rules
from workbench.rewards.game.state import State, payoffs
from workbench.rewards.game.story import Converged, Cycle, History, Step, StillMoving

__all__ = [
    "Behaviour",
    "Converged",
    "Cycle",
    "Equilibrium",
    "Game",
    "History",
    "Move",
    "NashCheck",
    "Players",
    "Prediction",
    "RepeatedGame",
    "Rules",
    "State",
    "Step",
    "StillMoving",
    "best_response",
    "draw_players",
    "find_equilibrium",
    "is_nash",
    "payoffs",
    "predict",
]
