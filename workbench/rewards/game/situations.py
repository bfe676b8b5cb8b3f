"""Five situations of one small game: who plays, by which rules, and how they choose.

Small enough to be drawn bar by bar and played in a blink: sixty players, ten places.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

from workbench.errors import RewardError
from workbench.rewards import checks
from workbench.rewards.game.behaviour import Behaviour
from workbench.rewards.game.equilibrium import build, predict
from workbench.rewards.game.players import Players, draw_players
from workbench.rewards.game.repeated import RepeatedGame
from workbench.rewards.game.rules import Game, Rules

PLAYERS = 60
# Shares of the pot; a saturated pool earns about a tenth of it.
COST_LEAST, COST_MOST = 5e-4, 5e-3
RULES = Rules(k=10, alpha=0.3, max_pools=3)


@dataclass(frozen=True)
class Situation:
    """Rules and how people choose, under a name that says what is going on."""

    label: str
    rules: Rules = RULES
    behaviour: Behaviour = field(default_factory=Behaviour)


SITUATIONS: dict[str, Situation] = {
    "awake": Situation("Wide awake"),
    "sleepy": Situation(
        "Sleepy and noisy",
        behaviour=Behaviour(rationality=100.0, activation=0.3, noise=0.05),
    ),
    "dice": Situation("Nearly by dice", behaviour=Behaviour(rationality=1.0)),
    "sybil": Situation("Pledge counts for nothing", rules=Rules(k=10, alpha=0.0, max_pools=3)),
    "nosat": Situation(
        "Saturation off", rules=Rules(k=10, alpha=0.3, max_pools=3, saturation=False)
    ),
}


@lru_cache(maxsize=64)
def players_of(seed: int) -> Players:
    """The sixty stakeholders of a seed.

    Examples
    --------
    >>> players_of(1).count
    60
    """
    return draw_players(PLAYERS, seed=seed, cost_least=COST_LEAST, cost_most=COST_MOST)


def begin(situation: str, seed: int = 0) -> RepeatedGame:
    """A game that begins where the theory predicts an equilibrium under ``RULES``.

    The situation's own rules and people come after that: the question is what becomes of it.

    Parameters
    ----------
    situation : str
        A key of ``SITUATIONS``.
    seed : int
        0 or more; draws the players and everything that they do.

    Returns
    -------
    RepeatedGame
        Before its first round.

    Raises
    ------
    RewardError
        If there is no such situation or the seed is out of range.

    Examples
    --------
    >>> game = begin("awake", seed=1)
    >>> game.state.pool_owners.size, bool(game.is_nash())
    (10, True)
    """
    if situation not in SITUATIONS:
        raise RewardError(f"situation must be one of {', '.join(SITUATIONS)}; it is {situation!r}")
    players = players_of(checks.count("seed", seed))
    plain = Game(players, RULES)
    chosen = SITUATIONS[situation]
    return RepeatedGame(
        Game(players, chosen.rules), chosen.behaviour, seed, start=build(plain, predict(plain))
    )
