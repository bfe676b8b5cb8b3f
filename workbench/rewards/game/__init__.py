"""The game that the reward formula sets up: who runs pools, who delegates, who gains what."""

from workbench.rewards.game.nash import Move, NashCheck, best_response, is_nash
from workbench.rewards.game.players import Players, draw_players
from workbench.rewards.game.rules import Game, Rules
from workbench.rewards.game.state import State, payoffs

__all__ = [
    "Game",
    "Move",
    "NashCheck",
    "Players",
    "Rules",
    "State",
    "best_response",
    "draw_players",
    "is_nash",
    "payoffs",
]
