"""The network's rewards for thousands of nodes at once, in float64.

The same formula as :mod:`workbench.rewards.formula` and the same bookkeeping as
:class:`workbench.rewards.network.Network`, without its 18 exact places: for stakes from
1 NYM up, payments and balances agree to 1e-9 relative (held by the tests). Whole-unym
payouts may differ by 1 unym where a reward lies within rounding of a whole number. Amounts
are in unym.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.errors import RewardError
from workbench.rewards import checks
from workbench.rewards.checks import Floats
from workbench.rewards.network import UNIT_DELEGATION_UNYM
from workbench.rewards.parameters import Parameters

_UNIT = float(UNIT_DELEGATION_UNYM)
_WORK_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class EpochArrays:
    """One epoch's pay, in the order of the nodes; saturations are uncapped."""

    rewards_unym: Floats
    operators_unym: Floats
    delegates_unym: Floats
    saturations: Floats
    ends_interval: bool

    @property
    def paid_unym(self) -> float:
        """All that was paid."""
        return float(self.rewards_unym.sum())


class NetworkArrays:
    """Nodes, delegations and the pool as arrays, advanced epoch by epoch.

    Parameters
    ----------
    parameters : Parameters
        Those of the first interval.
    pledges_unym : array of shape (nodes,)
        Operators' stakes, 0 or more.
    margins : float or array of shape (nodes,)
        In [0, 1].
    interval_costs_unym : float or array of shape (nodes,)
        0 or more.

    Notes
    -----
    ``has_saturation`` may be set to False: stake beyond the saturation point then counts, as
    in the game's rules without saturation; the cap on the pledge stays. No network pays so.

    Raises
    ------
    RewardError
        If a value is outside its range.

    Examples
    --------
    >>> from workbench.rewards.parameters import Role
    >>> parameters = Parameters(250 * 10**12, 100 * 10**12, 20, 50, 30, standby=140)
    >>> network = NetworkArrays(parameters, [10e9], margins=0.1, interval_costs_unym=40e6)
    >>> network.join([0], [18e9])
    >>> epoch = network.advance_epoch(performances=1.0, roles=[Role.MIX])
    >>> round(float(epoch.delegates_unym[0]), 6), round(float(network.pending_rewards()[0]), 6)
    (1795950.260266, 1795950.260266)
    """

    def __init__(
        self,
        parameters: Parameters,
        pledges_unym: ArrayLike,
        margins: ArrayLike,
        interval_costs_unym: ArrayLike,
    ) -> None:
        if not isinstance(parameters, Parameters):
            raise RewardError(f"expected Parameters, got {checks.shown(parameters)}")
        self.pledges_unym = checks.not_negative("pledges_unym", pledges_unym).copy()
        if self.pledges_unym.ndim != 1:
            raise RewardError("pledges_unym must be a flat array, one value a node")
        shape = self.pledges_unym.shape
        self.margins = _per_node("margins", checks.share("margins", margins), shape)
        self.interval_costs_unym = _per_node(
            "interval_costs_unym",
            checks.not_negative("interval_costs_unym", interval_costs_unym),
            shape,
        )
        self.operators_unym = self.pledges_unym.copy()
        self.delegates_unym = np.zeros(shape)
        self.unit_rewards_unym = np.zeros(shape)  # T
        self.delegation_nodes: NDArray[np.intp] = np.zeros(0, dtype=np.intp)
        self.delegations_unym: Floats = np.zeros(0)
        self.entered_at_unym: Floats = np.zeros(0)  # T0
        self._shares_of_unit: Floats = np.zeros(0)  # a / (T0 + U)
        self.has_saturation = True
        self.epoch = 0
        self.paid_in_interval_unym = 0.0
        self.reward_pool_unym = float(parameters.reward_pool_unym)
        self.staking_supply_unym = float(parameters.staking_supply_unym)
        self.use(parameters)

    @property
    def nodes(self) -> int:
        """How many nodes there are."""
        return len(self.pledges_unym)

    @property
    def saturations(self) -> Floats:
        """How full each node is, **not** capped at 1."""
        full: Floats = (self.operators_unym + self.delegates_unym) / self.saturation_point_unym
        return full

    def use(self, parameters: Parameters) -> None:
        """Take places, alpha, emission and scale from here on; pool and supply stay."""
        if not isinstance(parameters, Parameters):
            raise RewardError(f"expected Parameters, got {checks.shown(parameters)}")
        self._parameters = parameters
        self._alpha = float(parameters.alpha)
        self._set_budget()

    def set_terms(
        self, margins: ArrayLike | None = None, interval_costs_unym: ArrayLike | None = None
    ) -> None:
        """Change what operators ask for, from the next epoch on."""
        shape = self.pledges_unym.shape
        if margins is not None:
            self.margins = _per_node("margins", checks.share("margins", margins), shape)
        if interval_costs_unym is not None:
            costs = checks.not_negative("interval_costs_unym", interval_costs_unym)
            self.interval_costs_unym = _per_node("interval_costs_unym", costs, shape)

    def advance_epoch(
        self,
        performances: ArrayLike = 1.0,
        roles: ArrayLike | None = None,
        works: ArrayLike | None = None,
    ) -> EpochArrays:
        """Pay every node for one epoch, and roll over at the interval's end.

        Parameters
        ----------
        performances : float or array of shape (nodes,)
            In [0, 1].
        roles : array of Role codes of shape (nodes,), optional
            Decide the shares of work; either these or `works` must be given.
        works : array of shape (nodes,), optional
            Shares of work in [0, 1], together at most 1.

        Returns
        -------
        EpochArrays
            Payments by node, together at most the budget.

        Raises
        ------
        RewardError
            If a value is out of range, the work adds up to more than 1, or more than k
            nodes have any. Nothing has changed then.
        """
        shape = self.pledges_unym.shape
        performance = _per_node("performances", checks.share("performances", performances), shape)
        work = self._checked_works(roles, works)
        saturations = self.saturations
        pledge_shares = np.minimum(1.0, self.operators_unym / self.saturation_point_unym)
        nodes = self._parameters.rewarded_nodes
        rewards = (
            self.epoch_budget_unym
            * performance
            * (np.minimum(1.0, saturations) if self.has_saturation else saturations)
            * (work + self._alpha * pledge_shares / nodes)
            / (1.0 + self._alpha)
        )
        rewards[work == 0] = 0.0
        if not self.has_saturation:  # more stake than the supply must not pay beyond the budget
            rewards *= min(1.0, self.epoch_budget_unym / max(float(rewards.sum()), 1e-300))
        operators, delegates = self._split(rewards, performance)
        self._book(operators, delegates)
        self.epoch += 1
        self.paid_in_interval_unym += float(rewards.sum())
        ended = self.epoch % self._parameters.epochs_in_interval == 0
        if ended:
            self._roll_over()
        return EpochArrays(rewards, operators, delegates, saturations, ended)

    def pending_rewards(self) -> Floats:
        """What each delegation has earned and not withdrawn, in the order of joining."""
        pending = self.unit_rewards_unym[self.delegation_nodes]
        pending -= self.entered_at_unym
        pending *= self._shares_of_unit
        return pending

    def join(self, nodes: ArrayLike, amounts_unym: ArrayLike) -> None:
        """Add delegations behind those there are; one delegator may hold several.

        Parameters
        ----------
        nodes : int array of shape (joining,)
            Which node each goes to.
        amounts_unym : array of shape (joining,)
            Above 0.
        """
        chosen = self._node_indices(nodes)
        amounts = checks.not_negative("amounts_unym", amounts_unym)
        if amounts.shape != chosen.shape or np.any(amounts == 0):
            raise RewardError("each joining delegation needs one amount above 0")
        entered = self.unit_rewards_unym[chosen]
        self.delegation_nodes = np.concatenate([self.delegation_nodes, chosen])
        self.delegations_unym = np.concatenate([self.delegations_unym, amounts])
        self.entered_at_unym = np.concatenate([self.entered_at_unym, entered])
        self._shares_of_unit = self.delegations_unym / (self.entered_at_unym + _UNIT)
        self.delegates_unym = self.delegates_unym + self._summed(chosen, amounts)

    def leave(self, which: ArrayLike) -> tuple[Floats, Floats]:
        """Take delegations out: their stakes, and their rewards in whole unym.

        The delegations behind them move up. Dust goes to the operator of a node that
        loses its last delegation.

        Parameters
        ----------
        which : int array of shape (leaving,)
            Indices of delegations, each once.

        Returns
        -------
        tuple of two arrays of shape (leaving,)
            Stakes and rewards.
        """
        leaving = self._delegation_indices(which)
        nodes = self.delegation_nodes[leaving]
        stakes, rewards = self.delegations_unym[leaving], self.pending_rewards()[leaving]
        keep = np.ones(len(self.delegation_nodes), dtype=np.bool_)
        keep[leaving] = False
        self.delegation_nodes = self.delegation_nodes[keep]
        self.delegations_unym = self.delegations_unym[keep]
        self.entered_at_unym = self.entered_at_unym[keep]
        self._shares_of_unit = self._shares_of_unit[keep]
        left = self.delegates_unym - self._summed(nodes, stakes + rewards)
        empty = np.bincount(self.delegation_nodes, minlength=self.nodes) == 0
        # Rounding may leave a hair below 0 as well as dust above it.
        self.operators_unym = self.operators_unym + np.where(empty, np.maximum(left, 0.0), 0.0)
        self.delegates_unym = np.where(empty, 0.0, np.maximum(left, 0.0))
        return stakes, np.floor(rewards)

    def withdraw(self, which: ArrayLike) -> Floats:
        """Pay delegators' rewards so far out, in whole unym; their delegations stay."""
        chosen = self._delegation_indices(which)
        nodes, rewards = self.delegation_nodes[chosen], self.pending_rewards()[chosen]
        self.delegates_unym = self.delegates_unym - self._summed(nodes, rewards)
        self.entered_at_unym = self.entered_at_unym.copy()
        self.entered_at_unym[chosen] = self.unit_rewards_unym[nodes]
        self._shares_of_unit = self.delegations_unym / (self.entered_at_unym + _UNIT)
        return np.floor(rewards)

    def pledge_more(self, nodes: ArrayLike, amounts_unym: ArrayLike) -> None:
        """Add to operators' pledges, 0 or more each."""
        chosen = self._node_indices(nodes)
        amounts = checks.not_negative("amounts_unym", amounts_unym)
        if amounts.shape != chosen.shape:
            raise RewardError("each node named needs one amount")
        added = self._summed(chosen, amounts)
        self.pledges_unym = self.pledges_unym + added
        self.operators_unym = self.operators_unym + added

    def pledge_less(self, nodes: ArrayLike, amounts_unym: ArrayLike) -> None:
        """Take stake out of operators' balances, rewards first, then the pledge.

        Raises
        ------
        RewardError
            For more than an operator holds; nothing has changed then.
        """
        chosen = self._node_indices(nodes)
        amounts = checks.not_negative("amounts_unym", amounts_unym)
        if amounts.shape != chosen.shape:
            raise RewardError("each node named needs one amount")
        left = self.operators_unym - self._summed(chosen, amounts)
        if np.any(left < 0.0):
            raise RewardError("an operator cannot take out more than there is")
        self.operators_unym = left
        self.pledges_unym = np.minimum(self.pledges_unym, left)

    def withdraw_operators(self, nodes: ArrayLike) -> Floats:
        """Pay operators' rewards so far out, in whole unym; their pledges stay."""
        chosen = self._node_indices(nodes)
        rewards = self.operators_unym[chosen] - self.pledges_unym[chosen]
        self.operators_unym = self.operators_unym.copy()
        self.operators_unym[chosen] = self.pledges_unym[chosen]
        return np.floor(rewards)

    def _checked_works(self, roles: ArrayLike | None, works: ArrayLike | None) -> Floats:
        if roles is not None and works is None:
            work = self._parameters.works(roles)
        elif works is not None and roles is None:
            work = checks.share("works", works)
        else:
            raise RewardError("give either roles or works")
        if work.shape != self.pledges_unym.shape:
            raise RewardError(f"expected one role or share of work for each of {self.nodes} nodes")
        places = self._parameters.rewarded_nodes
        if np.count_nonzero(work) > places:
            raise RewardError(f"only {places} places are rewarded; more nodes have work")
        if work.sum() > 1.0 + _WORK_ROUNDING:
            raise RewardError(f"shares of work must add up to at most 1, not {work.sum():g}")
        return work

    def _split(self, rewards: Floats, performances: Floats) -> tuple[Floats, Floats]:
        costs = self.interval_costs_unym / self._parameters.epochs_in_interval * performances
        profits = np.maximum(0.0, rewards - costs)
        stakes = self.operators_unym + self.delegates_unym
        others = np.divide(self.delegates_unym, stakes, out=np.zeros_like(stakes), where=stakes > 0)
        delegates = profits * (1.0 - self.margins) * others
        return rewards - delegates, delegates

    def _book(self, operators: Floats, delegates: Floats) -> None:
        """Add payments to the balances; T grows by what the unit delegation earned."""
        unit_shares = np.divide(
            _UNIT + self.unit_rewards_unym,
            self.delegates_unym,
            out=np.zeros_like(delegates),
            where=self.delegates_unym > 0,
        )
        self.unit_rewards_unym = self.unit_rewards_unym + delegates * unit_shares
        self.operators_unym = self.operators_unym + operators
        self.delegates_unym = self.delegates_unym + delegates

    def _roll_over(self) -> None:
        self.reward_pool_unym -= self.paid_in_interval_unym
        scale = float(self._parameters.supply_scale)
        self.staking_supply_unym += scale * self.paid_in_interval_unym
        self.paid_in_interval_unym = 0.0
        self._set_budget()

    def _set_budget(self) -> None:
        parameters = self._parameters
        self.epoch_budget_unym = (
            self.reward_pool_unym / parameters.epochs_in_interval * float(parameters.emission)
        )
        self.saturation_point_unym = self.staking_supply_unym / parameters.rewarded_nodes

    def _summed(self, nodes: NDArray[np.intp], amounts: Floats) -> Floats:
        totals = np.bincount(nodes, weights=amounts, minlength=self.nodes)
        return totals.astype(np.float64, copy=False)

    def _node_indices(self, nodes: ArrayLike) -> NDArray[np.intp]:
        return _indices("nodes", nodes, self.nodes)

    def _delegation_indices(self, which: ArrayLike) -> NDArray[np.intp]:
        chosen = _indices("delegations", which, len(self.delegation_nodes))
        if len(np.unique(chosen)) != len(chosen):
            raise RewardError("each delegation may be named once")
        return chosen


def _indices(name: str, values: ArrayLike, below: int) -> NDArray[np.intp]:
    try:
        array = np.asarray(values)
    except ValueError:
        raise RewardError(f"{name} must be whole numbers in a flat array") from None
    if array.size == 0:
        return np.zeros(0, dtype=np.intp)
    if array.dtype.kind not in "iu" or array.ndim != 1:
        raise RewardError(f"{name} must be whole numbers in a flat array")
    if np.any((array < 0) | (array >= below)):
        raise RewardError(f"{name} must be indices from 0 to {below - 1}")
    return array.astype(np.intp)


def _per_node(name: str, values: Floats, shape: tuple[int, ...]) -> Floats:
    if values.ndim and values.shape != shape:
        raise RewardError(f"{name} must be one number or one for each of {shape[0]} nodes")
    spread: Floats = np.array(np.broadcast_to(values, shape))
    return spread
