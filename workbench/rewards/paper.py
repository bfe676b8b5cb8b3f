"""The reward formula of the paper: one interval (a month), as plain floats or arrays.

Source: Diaz, Halpin, Kiayias, "Reward Sharing for Mixnets", Cryptoeconomic Systems (2022).
The formula that the network pays by today is in :mod:`workbench.rewards.network`; it caps
other things, so the two are kept apart on purpose.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from workbench.errors import RewardError
from workbench.rewards import checks
from workbench.rewards.checks import Floats

# Sums of thousands of floats that should be exactly 1 may be off by rounding.
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Parameters:
    """What one interval's pay depends on for every node alike.

    Amounts may be in any unit as long as all are in the same one.

    Parameters
    ----------
    reward_pot : float
        What the interval may pay at most (R), 0 or more.
    rewarded_nodes : int
        How many nodes are rewarded (k), 1 or more; a node saturates at 1/k of the supply.
    staking_supply : float
        The stake that pledges and delegations are measured against (S), above 0.
    alpha : float
        Weight of the operator's own pledge (Sybil resistance), 0 or more.

    Raises
    ------
    RewardError
        If a value is outside its range.

    Examples
    --------
    >>> Parameters(reward_pot=5e6, rewarded_nodes=720, staking_supply=720e6).saturation_point
    1000000.0
    """

    reward_pot: float
    rewarded_nodes: int
    staking_supply: float
    alpha: float = 0.3

    def __post_init__(self) -> None:
        pot = checks.not_negative("reward_pot", self.reward_pot)
        alpha = checks.not_negative("alpha", self.alpha)
        if pot.ndim or alpha.ndim:
            raise RewardError("reward_pot and alpha must be single numbers")
        checks.count("rewarded_nodes", self.rewarded_nodes, least=1)
        checks.positive("staking_supply", self.staking_supply)

    @property
    def saturation_point(self) -> float:
        """The stake beyond which a node earns no more: S / k."""
        return self.staking_supply / self.rewarded_nodes


@dataclass(frozen=True, slots=True)
class WorkShares:
    """The share of all work that one active and one standby node does in an epoch (omega)."""

    active: float
    standby: float


@dataclass(frozen=True, slots=True)
class Split:
    """A node's reward in two parts that add up to it; each a float or an array."""

    operator: Any
    delegates: Any


@dataclass(frozen=True, slots=True)
class Payments:
    """One interval's pay of a whole network: arrays in the order of the nodes."""

    rewards: Floats
    operators: Floats
    delegates: Floats

    @property
    def total(self) -> float:
        """All that was paid; never above the reward pot."""
        return float(self.rewards.sum())


def work_shares(rewarded_nodes: int, standby_nodes: int = 0, factor: float = 10.0) -> WorkShares:
    """Share out the work between active and standby nodes.

    An active node counts for `factor` standby nodes; over all rewarded nodes the shares
    add up to 1.

    Parameters
    ----------
    rewarded_nodes : int
        Active and standby nodes together (k), 1 or more.
    standby_nodes : int
        Those on standby (k_s), 0 to `rewarded_nodes`.
    factor : float
        How much more an active node works (f), 1 or more.

    Returns
    -------
    WorkShares
        Both in [0, 1].

    Raises
    ------
    RewardError
        If a value is outside its range.

    Examples
    --------
    >>> shares = work_shares(rewarded_nodes=720, standby_nodes=360)
    >>> round(360 * shares.active + 360 * shares.standby, 12)
    1.0
    """
    nodes = checks.count("rewarded_nodes", rewarded_nodes, least=1)
    waiting = checks.count("standby_nodes", standby_nodes)
    if waiting > nodes:
        raise RewardError(
            f"standby_nodes must be at most rewarded_nodes ({nodes}); it is {waiting}"
        )
    weight = checks.positive("factor", factor)
    if weight < 1:
        raise RewardError(f"factor must be 1 or more; it is {weight:g}")
    standby = 1.0 / (weight * nodes - (weight - 1.0) * waiting)
    return WorkShares(active=weight * standby, standby=standby)


def node_reward(
    parameters: Parameters,
    pledge: ArrayLike,
    delegation: ArrayLike,
    work: ArrayLike | None = None,
    performance: ArrayLike = 1.0,
) -> Any:
    """Reward of a node for one interval, before it is split.

    The reward grows with stake up to the saturation point, and with the operator's own
    pledge up to the same point. Each node is looked at by itself: whether all nodes fit
    into the pot together is checked by :func:`pay`.

    Parameters
    ----------
    parameters : Parameters
        The interval's common values.
    pledge, delegation : float or array of shape (nodes,)
        The operator's own stake and everyone else's, 0 or more.
    work : float or array, optional
        Share of all work done in the interval (omega), in [0, 1]; 1/k if left out.
    performance : float or array
        In [0, 1] (PF).

    Returns
    -------
    float or array
        0 or more, in the unit of the pot; a float if everything given was a number.

    Raises
    ------
    RewardError
        If a value is outside its range or the arrays have different lengths.

    Notes
    -----
    It does not say that the node was selected: a node that did no work at all still gets
    the pledge's term if it is given ``work=0``, as the formula is written. Leave nodes that
    were never selected out, or set their performance to 0.

    References
    ----------
    Diaz, Halpin, Kiayias (2022), "Reward Sharing for Mixnets".

    Examples
    --------
    >>> parameters = Parameters(reward_pot=1.0, rewarded_nodes=4, staking_supply=4.0)
    >>> node_reward(parameters, pledge=1.0, delegation=0.0)
    0.25
    >>> round(node_reward(parameters, pledge=0.0, delegation=1.0), 6) == round(0.25 / 1.3, 6)
    True
    """
    cap = 1.0 / parameters.rewarded_nodes
    pledges = checks.not_negative("pledge", pledge)
    delegated = checks.not_negative("delegation", delegation)
    works = checks.share("work", cap if work is None else work)
    performances = checks.share("performance", performance)
    checks.together(pledge=pledges, delegation=delegated, work=works, performance=performances)
    stake_share = np.minimum((pledges + delegated) / parameters.staking_supply, cap)  # sigma'
    pledge_share = np.minimum(pledges / parameters.staking_supply, cap)  # lambda'
    reward = (
        performances
        * (parameters.reward_pot * parameters.rewarded_nodes * stake_share)
        * (works + parameters.alpha * pledge_share)
        / (1.0 + parameters.alpha)
    )
    return _as_given(reward)


def split(
    reward: ArrayLike, pledge: ArrayLike, delegation: ArrayLike, cost: ArrayLike, margin: ArrayLike
) -> Split:
    """Split a node's reward between its operator and all its delegates.

    The operator first takes the cost, then the margin of the profit, then shares the rest
    by stake like everybody else. A reward below the cost goes to the operator whole.

    Parameters
    ----------
    reward : float or array
        What :func:`node_reward` gave, 0 or more (R_i).
    pledge, delegation : float or array
        Stakes, 0 or more, not capped at saturation: a cap here would pay out too much.
    cost : float or array
        The cost that the operator declared for the interval, 0 or more.
    margin : float or array
        Profit margin (m), in [0, 1].

    Returns
    -------
    Split
        Operator and delegates, each 0 or more, together the reward.

    Raises
    ------
    RewardError
        If a value is outside its range or the arrays have different lengths.

    Notes
    -----
    It does not say what the operator really spent: the declared cost is trusted.

    References
    ----------
    Diaz, Halpin, Kiayias (2022), "Reward Sharing for Mixnets".

    Examples
    --------
    >>> split(reward=110.0, pledge=25.0, delegation=75.0, cost=10.0, margin=0.5)
    Split(operator=72.5, delegates=37.5)
    """
    rewards = checks.not_negative("reward", reward)
    pledges = checks.not_negative("pledge", pledge)
    delegated = checks.not_negative("delegation", delegation)
    costs = checks.not_negative("cost", cost)
    margins = checks.share("margin", margin)
    checks.together(
        reward=rewards, pledge=pledges, delegation=delegated, cost=costs, margin=margins
    )
    stake = pledges + delegated
    # Nobody delegates to a node without stake, so its operator owns all of it.
    others = np.divide(delegated, stake, out=np.zeros(stake.shape), where=stake > 0)
    profit = np.maximum(0.0, rewards - costs)
    delegates = (1.0 - margins) * others * profit
    return Split(_as_given(rewards - delegates), _as_given(delegates))


def delegator_pay(delegates: ArrayLike, delegation: ArrayLike, stake: ArrayLike) -> Any:
    """One delegator's part of what all delegates of a node get.

    Parameters
    ----------
    delegates : float or array
        All delegates' part of the reward, as :func:`split` gave it.
    delegation : float or array
        All that is delegated to the node, 0 or more.
    stake : float or array
        This delegator's stake, 0 to `delegation`.

    Returns
    -------
    float or array
        ``delegates * stake / delegation``, which is (1 - m) (s / sigma) profit; 0 or more.

    Raises
    ------
    RewardError
        If a value is outside its range or somebody has more than all delegates together.

    Examples
    --------
    >>> delegator_pay(delegates=60.0, delegation=75.0, stake=25.0)
    20.0
    """
    paid = checks.not_negative("delegates", delegates)
    delegated = checks.not_negative("delegation", delegation)
    own = checks.not_negative("stake", stake)
    checks.together(delegates=paid, delegation=delegated, stake=own)
    paid, delegated, own = np.broadcast_arrays(paid, delegated, own)
    if np.any(own > delegated * (1 + _ROUNDING)):
        raise RewardError("a delegator's stake must be at most the node's whole delegation")
    part = np.divide(own, delegated, out=np.zeros(own.shape), where=delegated > 0)
    return _as_given(paid * part)


def pay(
    parameters: Parameters,
    pledges: ArrayLike,
    delegations: ArrayLike,
    costs: ArrayLike,
    margins: ArrayLike,
    works: ArrayLike | None = None,
    performances: ArrayLike = 1.0,
) -> Payments:
    """Pay a whole network for one interval, within its pot.

    Parameters
    ----------
    parameters : Parameters
        The interval's common values.
    pledges, delegations : array of shape (nodes,)
        Stakes, 0 or more.
    costs, margins : float or array of shape (nodes,)
        Declared cost of the interval (0 or more), profit margin in [0, 1].
    works : array of shape (nodes,), optional
        Shares of the work (omega), each in [0, 1], together at most 1; 1/k if left out.
    performances : float or array of shape (nodes,)
        In [0, 1].

    Returns
    -------
    Payments
        Rewards, operators' and delegates' parts; together at most the pot.

    Raises
    ------
    RewardError
        If a value is out of range, the work adds up to more than 1, or the pledges
        (each counted up to saturation) to more than the staking supply: either would
        pay more than the pot.

    Examples
    --------
    >>> parameters = Parameters(reward_pot=1.0, rewarded_nodes=2, staking_supply=4.0)
    >>> pay(parameters, [2.0, 2.0], [0.0, 0.0], costs=0.0, margins=0.0).total
    1.0
    """
    own = checks.not_negative("pledges", pledges)
    if own.ndim != 1:
        raise RewardError(f"pledges must be a flat array, one value a node; it is {own.ndim}-d")
    share = 1.0 / parameters.rewarded_nodes
    work = np.broadcast_to(checks.share("works", share if works is None else works), own.shape)
    if work.sum() > 1 + _ROUNDING:
        raise RewardError(f"shares of work must add up to at most 1; they add up to {work.sum():g}")
    counted = np.minimum(own / parameters.staking_supply, share).sum()
    if counted > 1 + _ROUNDING:
        raise RewardError(
            f"pledges must add up to at most the staking supply; they are {counted:g} of it"
        )
    rewards = np.asarray(node_reward(parameters, own, delegations, work, performances))
    parts = split(rewards, own, delegations, costs, margins)
    return Payments(rewards, np.asarray(parts.operator), np.asarray(parts.delegates))


def _as_given(value: Floats) -> Any:
    """Give a float back to who gave only numbers, an array to everyone else."""
    return float(value) if np.ndim(value) == 0 else value
