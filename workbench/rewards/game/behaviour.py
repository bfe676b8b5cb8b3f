"""How players choose when they are less than rational, and who takes no part."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.errors import RewardError
from workbench.rewards import checks
from workbench.rewards.game.rules import Game

Order = Literal["random", "fixed"]


@dataclass(frozen=True, eq=False)
class Behaviour:
    """How players choose; the defaults are fully rational players that look ahead.

    Parameters
    ----------
    inertia : float
        Move only for a gain above this share of what the own stake would earn if the whole
        pot were paid by stake (pot times stake); 0 or more.
    rationality : float
        Logit choice: an option that is worse by a share d of pot times stake is
        exp(-rationality d) times as likely. Infinity (the default) takes the best option;
        0 draws blindly. 0 or more.
    noise : float
        Spread of what players see: every rival's desirability and potential is multiplied
        by exp(noise z), z normal, drawn anew at each look; 0 or more.
    activation : float
        Chance that a player looks around at all in a round, in (0, 1].
    order : str
        ``"random"``: a new order each round; ``"fixed"``: by player number.
    myopic : float or array of bool of shape (players,)
        Share of the players (drawn by the game's seed), or which ones, who reckon with
        today's stakes instead of looking ahead.
    abstainers : float
        Share of the players (drawn by the game's seed) who take no part, besides those
        whom the players already name.
    patience : int
        Idle rounds until the game counts as converged, 1 or more. Where nothing is left to
        chance a single idle round proves it, and is all that is played.

    Raises
    ------
    RewardError
        If a value is outside its range.
    """

    inertia: float = 0.0
    rationality: float = math.inf
    noise: float = 0.0
    activation: float = 1.0
    order: Order = "random"
    myopic: float | NDArray[np.bool_] = 0.0
    abstainers: float = 0.0
    patience: int = 10

    def __post_init__(self) -> None:
        for name in ("inertia", "noise"):
            _single(name, checks.not_negative(name, getattr(self, name)))
        if self.rationality != math.inf:
            _single("rationality", checks.not_negative("rationality", self.rationality))
        for name in ("activation", "abstainers"):
            _single(name, checks.share(name, getattr(self, name)))
        checks.positive("activation", self.activation)
        if self.order not in get_args(Order):
            raise RewardError(f'order must be "random" or "fixed"; it is {self.order!r}')
        if np.asarray(self.myopic).dtype != np.bool_:
            _single("myopic", checks.share("myopic", self.myopic))
        checks.count("patience", self.patience, least=1)

    @property
    def is_certain(self) -> bool:
        """Whether all look in every round, see everything and take the best."""
        return self.activation == 1.0 and self.noise == 0.0 and self.rationality == math.inf


def with_abstainers(game: Game, share: float, rng: np.random.Generator) -> Game:
    """The game with this share of all players taking no part, besides those who do not."""
    if not share:
        return game
    players = game.players
    drawn = rng.permutation(players.count)[: round(share * players.count)]
    abstains = np.array(players.abstains)
    abstains[drawn] = True
    return Game(type(players)(players.stakes, players.costs, abstains), game.rules)


def who_is_myopic(
    count: int, myopic: float | NDArray[np.bool_], rng: np.random.Generator
) -> NDArray[np.bool_]:
    """One True or False for each player, drawn where only a share is given."""
    given: NDArray[Any] = np.asarray(myopic)
    if given.dtype == np.bool_:
        if given.shape != (count,):
            raise RewardError(f"myopic must be a share, or one True or False for {count} players")
        return np.array(given)
    who = np.zeros(count, dtype=bool)
    who[rng.permutation(count)[: round(float(given) * count)]] = True
    return who


def _single(name: str, value: ArrayLike) -> None:
    if np.ndim(value):
        raise RewardError(f"{name} must be one number")
