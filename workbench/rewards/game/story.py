"""What a repeated game tells: each turn, how it ended, and its history as arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.rewards.checks import Floats


@dataclass(frozen=True)
class Converged:
    """Nobody moved any more after `rounds` rounds; `is_proven` if nobody ever will."""

    rounds: int
    is_proven: bool


@dataclass(frozen=True)
class Cycle:
    """The state after round `since` came back after `length` more rounds, and always will."""

    length: int
    since: int


@dataclass(frozen=True)
class StillMoving:
    """Neither within `rounds` rounds; `recurred` if some state was seen twice on the way."""

    rounds: int
    recurred: bool


@dataclass(frozen=True)
class Step:
    """One player's turn: what it did, in words, and the gain it expected (0 if it stayed)."""

    player: int
    has_moved: bool
    gain: float
    words: str


@dataclass(frozen=True, eq=False)
class History:
    """The game after each round, from the start on: arrays of one length.

    Attributes
    ----------
    rounds, pools, operators, nakamoto, moves : int arrays
        `moves` counts the players who moved in the round; `nakamoto` the fewest operators
        with more than half of the stake in pools (0 while there is none).
    gini, hhi, top_ten : float64 arrays
        Of the stake in pools, by operator, in [0, 1].
    pledge_share, placed_share : float64 arrays
        Pledged, and pledged or delegated, of the whole supply, in [0, 1].
    margin_mean, desirability_mean : float64 arrays
        Over open pools; NaN while there is none.
    """

    rounds: NDArray[np.int64]
    pools: NDArray[np.int64]
    operators: NDArray[np.int64]
    nakamoto: NDArray[np.int64]
    gini: Floats
    hhi: Floats
    top_ten: Floats
    pledge_share: Floats
    placed_share: Floats
    margin_mean: Floats
    desirability_mean: Floats
    moves: NDArray[np.int64]
