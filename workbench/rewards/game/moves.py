"""A move of one player as a value: before, after, what it gains, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from workbench.errors import RewardError
from workbench.rewards import checks
from workbench.rewards.checks import Floats
from workbench.rewards.game.state import State

Kind = Literal["stay", "delegate", "close", "open", "split", "merge", "pledge", "margin"]


@dataclass(frozen=True, eq=False)
class Move:
    """The best that one player can do while all others stay as they are.

    Attributes
    ----------
    player : int
    kind : str
        One of the declared kinds, or ``"stay"`` where none gains more than the tolerance.
    pay_before, pay_after : float
        The player's payoff in `before` and `after`.
    before, after : State
    """

    player: int
    kind: Kind
    pay_before: float
    pay_after: float
    before: State
    after: State

    @property
    def gain(self) -> float:
        """What the player gains; 0 for ``"stay"``."""
        return self.pay_after - self.pay_before

    @property
    def words(self) -> str:
        """The move as a sentence."""
        if self.kind == "stay":
            return f"player {self.player} stays: {describe(self.before, self.player)}"
        return (
            f"player {self.player} gains {self.gain:.3g} ({self.kind}): "
            f"{describe(self.before, self.player)} -> {describe(self.after, self.player)}"
        )


def describe(state: State, player: int) -> str:
    """What a player does in a state, in words."""
    own = state.pool_owners == player
    given = state.delegations[player]
    parts = []
    if own.any():
        count = int(own.sum())
        name = "1 pool" if count == 1 else f"{count} pools"
        parts.append(
            f"{name}, pledge {_range(state.pledges[own])}, margin {_range(state.margins[own])}"
        )
    if given.sum() > 1e-12:
        pools = np.flatnonzero(given > 0)
        where = f"pool {pools[0]}" if pools.size == 1 else f"{pools.size} pools"
        parts.append(f"delegates {given.sum():.4g} to {where}")
    return "; ".join(parts) if parts else "nothing"


def moved(
    state: State,
    player: int,
    pools: int,
    margin: float | None,
    pledge: float | None,
    amounts: ArrayLike,
) -> State:
    """The state after one player's move, all others as they were.

    Parameters
    ----------
    state : State
    player : int
    pools : int
        How many it runs then: the first of its pools are kept, missing ones are opened.
    margin, pledge : float or None
        Of each of its pools; None keeps them as they are (only if no pool is opened).
    amounts : array of shape (pools of `state`,)
        What it delegates to each pool.

    Returns
    -------
    State

    Raises
    ------
    RewardError
        If the move is not one that a :class:`State` allows.
    """
    own = np.flatnonzero(state.pool_owners == player)
    pools = checks.count("pools", pools)
    kept, opened = own[:pools], max(0, pools - own.size)
    if opened and (margin is None or pledge is None):
        raise RewardError("a pool that is opened needs a margin and a pledge")
    stays = np.ones(state.pool_owners.size, dtype=bool)
    stays[own[pools:]] = False
    pledges, margins = np.array(state.pledges), np.array(state.margins)
    if margin is not None:
        margins[kept] = margin
    if pledge is not None:
        pledges[kept] = pledge
    delegations = np.array(state.delegations)
    delegations[player] = amounts
    count = state.game.players.count
    return State(
        state.game,
        np.concatenate([state.pool_owners[stays], np.full(opened, player)]),
        np.concatenate([pledges[stays], np.full(opened, pledge or 0.0)]),
        np.concatenate([margins[stays], np.full(opened, margin or 0.0)]),
        np.concatenate([delegations[:, stays], np.zeros((count, opened))], axis=1),
    )


def kind_of(before: int, after: int, is_margin_kept: bool, is_pledge_kept: bool) -> Kind:
    """Name a move by how many pools there were and are, and by what was kept."""
    if after == 0:
        return "close" if before else "delegate"
    if before == 0:
        return "open" if after == 1 else "split"
    if after != before:
        return "split" if after > before else "merge"
    if not is_pledge_kept:
        return "pledge"
    return "delegate" if is_margin_kept else "margin"


def _range(values: Floats) -> str:
    low, high = values.min(), values.max()
    return f"{low:.4g}" if np.isclose(low, high, rtol=1e-6) else f"{low:.4g} to {high:.4g}"
