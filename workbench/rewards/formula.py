"""The network's reward formula for one node and one epoch, in the chain's own arithmetic.

Every operation is cut off after 18 places and done in the order in which the contract does
it, so that the last digit agrees. Amounts are in unym, 1 NYM = 1e6 unym.

Sources: Diaz, Halpin, Kiayias, "Reward Sharing for Mixnets" (2022), for the idea; the
mixnet contract of nymtech/nym for the order of operations and its published test values.
"""

from __future__ import annotations

from dataclasses import dataclass

from workbench.errors import RewardError
from workbench.rewards import checks
from workbench.rewards.fixed import ONE, ZERO, Fixed, Number, number, share, whole
from workbench.rewards.parameters import EPOCHS_IN_INTERVAL, Parameters, Role


@dataclass(frozen=True, slots=True, init=False)
class Node:
    """What a node's pay in one epoch depends on.

    Parameters
    ----------
    name : str
        Unique in its network.
    pledge_unym : number
        What the operator put in, whole unym, 0 or more.
    delegates_unym : number
        Everyone else's stake with rewards not yet withdrawn, 0 or more.
    margin : number
        The operator's share of the profit, in [0, 1].
    interval_cost_unym : number
        Cost that the operator declares for an interval, 0 or more.
    performance : number
        In [0, 1].
    role : Role
        Decides the share of work; ``Role.NONE`` earns nothing.
    work : number, optional
        Share of work in [0, 1], instead of the role's.
    operator_unym : number, optional
        The pledge with rewards not yet withdrawn, at least the pledge; the pledge if left
        out.
    unit_reward_unym : number
        What the unit delegation has earned so far (T), 0 or more.

    Raises
    ------
    RewardError
        If a value is outside its range.

    Examples
    --------
    >>> Node("a", 100, margin="0.2", interval_cost_unym=800).stake_unym
    Fixed('100')
    """

    name: str
    pledge_unym: Fixed
    delegates_unym: Fixed
    margin: Fixed
    interval_cost_unym: Fixed
    performance: Fixed
    role: Role
    work: Fixed | None
    operator_unym: Fixed
    unit_reward_unym: Fixed

    def __init__(
        self,
        name: str,
        pledge_unym: Number,
        delegates_unym: Number = ZERO,
        margin: Number = ZERO,
        interval_cost_unym: Number = ZERO,
        performance: Number = ONE,
        role: Role = Role.MIX,
        work: Number | None = None,
        operator_unym: Number | None = None,
        unit_reward_unym: Number = ZERO,
    ) -> None:
        pledge = whole("pledge_unym", pledge_unym)
        operator = pledge if operator_unym is None else number("operator_unym", operator_unym)
        if operator < pledge:
            raise RewardError("operator_unym holds the pledge and cannot be smaller than it")
        values = {
            "name": checked_name("name", name),
            "pledge_unym": pledge,
            "delegates_unym": number("delegates_unym", delegates_unym),
            "margin": share("margin", margin),
            "interval_cost_unym": number("interval_cost_unym", interval_cost_unym),
            "performance": share("performance", performance),
            "role": _role(role),
            "work": None if work is None else share("work", work),
            "operator_unym": operator,
            "unit_reward_unym": number("unit_reward_unym", unit_reward_unym),
        }
        for field, value in values.items():
            object.__setattr__(self, field, value)

    @property
    def stake_unym(self) -> Fixed:
        """Operator's and delegates' stake, rewards not yet withdrawn included."""
        return self.operator_unym + self.delegates_unym

    def holding(self, operator: Fixed, delegates: Fixed, unit_reward: Fixed) -> Node:
        """Return this node with other balances; quicker than replace(), which checks all."""
        moved = object.__new__(Node)
        for field in Node.__dataclass_fields__:
            object.__setattr__(moved, field, getattr(self, field))
        object.__setattr__(moved, "operator_unym", operator)
        object.__setattr__(moved, "delegates_unym", delegates)
        object.__setattr__(moved, "unit_reward_unym", unit_reward)
        return moved


@dataclass(frozen=True, slots=True)
class Split:
    """A node's reward in two parts that add up to it exactly."""

    operator_unym: Fixed
    delegates_unym: Fixed


def saturation(parameters: Parameters, node: Node) -> Fixed:
    """How full a node is: its stake over the saturation point, **not** capped at 1.

    Examples
    --------
    >>> parameters = Parameters(1000, 600, entry=1, exit=1, mix=1)
    >>> saturation(parameters, Node("a", 100, delegates_unym=300))
    Fixed('2')
    """
    _check_types(parameters, node)
    return node.stake_unym / parameters.saturation_point_unym


def node_reward(parameters: Parameters, node: Node) -> Fixed:
    """Reward of a node for one epoch, before it is split.

    Stake counts up to the saturation point, the operator's own once more on top.

    Parameters
    ----------
    parameters : Parameters
        The interval's common values.
    node : Node
        Its stake, performance and role.

    Returns
    -------
    Fixed
        From 0 to the epoch's budget, in unym; 0 without performance or without work.

    Notes
    -----
    It does not say what the delegates get; see :func:`split`.

    References
    ----------
    The mixnet contract of nymtech/nym.

    Examples
    --------
    The documentation's example, in NYM: a saturated node of 240 with 5000 NYM an epoch.

    >>> parameters = Parameters(180_000_000, 240_000_000, entry=80, exit=100, mix=60)
    >>> reward = node_reward(parameters, Node("a", 100, delegates_unym=999_900))
    >>> round(float(reward), 4)
    16.0261
    """
    _check_types(parameters, node)
    work = work_of(parameters, node)
    if not node.performance or not work:
        return ZERO
    point = parameters.saturation_point_unym  # Z
    alpha = parameters.alpha
    stake = _capped_share(node.stake_unym, point)
    own = _capped_share(node.operator_unym, point)
    return (
        parameters.epoch_budget_unym  # B
        * node.performance
        * stake
        * (work + alpha * own / Fixed(parameters.rewarded_nodes))
        / (ONE + alpha)
    )


def split(reward_unym: Number, node: Node, epochs_in_interval: int = EPOCHS_IN_INTERVAL) -> Split:
    """Split a node's reward between its operator and all its delegates.

    The operator takes the cost first (less of it if the node performed badly), then the
    margin of the profit, then shares the rest by stake. A reward that does not exceed the
    cost goes to the operator whole.

    Parameters
    ----------
    reward_unym : number
        What :func:`node_reward` gave, 0 or more.
    node : Node
        Its cost, margin, performance and stakes.
    epochs_in_interval : int
        1 or more; the declared cost is spread over them.

    Returns
    -------
    Split
        Two parts of 0 or more that add up to the reward exactly.

    Raises
    ------
    RewardError
        If the reward is negative or no number.

    Examples
    --------
    >>> node = Node("a", 25, delegates_unym=75, margin="0.2", interval_cost_unym=7200)
    >>> split(110, node)
    Split(operator_unym=Fixed('50'), delegates_unym=Fixed('60'))
    """
    _check_types(None, node)
    reward = number("reward_unym", reward_unym)
    epochs = Fixed(checks.count("epochs_in_interval", epochs_in_interval, least=1))
    cost = node.interval_cost_unym / epochs * node.performance
    if reward <= cost or not node.stake_unym:
        return Split(reward, ZERO)
    profit = reward - cost
    own = node.operator_unym / node.stake_unym
    operator = profit * (node.margin + (ONE - node.margin) * own)
    return Split(operator + cost, profit - operator)


def work_of(parameters: Parameters, node: Node) -> Fixed:
    """Share of the epoch's work that a node does: its own if set, else its role's."""
    return parameters.work(node.role) if node.work is None else node.work


def _capped_share(stake: Fixed, point: Fixed) -> Fixed:
    return ONE if stake > point else stake / point


def checked_name(what: str, name: str) -> str:
    """Accept a name of at least one letter."""
    if not isinstance(name, str) or not name:
        raise RewardError(
            f"{what} must be a name of at least one letter; it is {checks.shown(name)}"
        )
    return name


def _role(role: Role) -> Role:
    try:
        return Role(role)
    except (ValueError, TypeError):
        raise RewardError(f"role must be one of {', '.join(r.name for r in Role)}") from None


def _check_types(parameters: object, node: object) -> None:
    if not isinstance(parameters, Parameters | None):
        raise RewardError(f"expected Parameters, got {checks.shown(parameters)}")
    if not isinstance(node, Node):
        raise RewardError(f"expected a Node, got {checks.shown(node)}")
