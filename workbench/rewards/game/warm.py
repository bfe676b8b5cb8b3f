"""Compile the game's kernels and keep them in numba's cache: `python -m ...game.warm`."""

from __future__ import annotations

import time

from workbench.rewards.game.nash import best_response, is_nash
from workbench.rewards.game.players import draw_players
from workbench.rewards.game.repeated import RepeatedGame
from workbench.rewards.game.rules import Game, Rules


def warm() -> float:
    """Play and check one tiny game; returns the seconds it took."""
    start = time.perf_counter()
    played = RepeatedGame(Game(draw_players(4), Rules(k=2)))
    played.run(2)
    is_nash(played.state)
    best_response(played.state, 0)
    return time.perf_counter() - start


if __name__ == "__main__":
    print(f"game kernels ready after {warm():.1f} s")
