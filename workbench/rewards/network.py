"""The network as it pays today: nodes, delegators and the pool, epoch by epoch.

One epoch is an hour; 720 of them are an interval, after which the budget and the
saturation point are set anew. All in the chain's own arithmetic (18 places, cut off); the
same for thousands of nodes in floats is in :mod:`workbench.rewards.arrays`, the formula
itself in :mod:`workbench.rewards.formula`. Amounts are in unym, 1 NYM = 1e6 unym.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from workbench.errors import RewardError
from workbench.rewards import checks
from workbench.rewards.fixed import ONE, ZERO, Fixed, Number, number, share, whole
from workbench.rewards.formula import (
    Node,
    Split,
    checked_name,
    node_reward,
    saturation,
    split,
    work_of,
)
from workbench.rewards.parameters import Parameters, Role

__all__ = [
    "UNIT_DELEGATION_UNYM",
    "UNNAMED",
    "Delegation",
    "Epoch",
    "Network",
    "Node",
    "OverSaturated",
    "Parameters",
    "Payment",
    "Payout",
    "Role",
    "Split",
    "node_reward",
    "saturation",
    "split",
]

# One imagined delegation a node, there from the start: everyone's reward follows from what
# it has earned so far, so paying a node costs the same with one delegator or a million.
UNIT_DELEGATION_UNYM = Fixed(1_000_000_000)  # U
# Shares of work that come from floats may add up to a little more than 1.
_WORK_ROUNDING = Fixed("0.000000000001")
# Who owns the stake of a node that came with delegates but without their names.
UNNAMED = "(unnamed)"


@dataclass(frozen=True, slots=True)
class Payment:
    """What a node earned in an epoch, whole and in its two parts."""

    reward_unym: Fixed
    operator_unym: Fixed
    delegates_unym: Fixed


@dataclass(frozen=True, slots=True)
class Payout:
    """Whole unym that leave the network: the stake and the reward on it, cut off."""

    stake_unym: int
    reward_unym: int

    @property
    def total_unym(self) -> int:
        """Both together."""
        return self.stake_unym + self.reward_unym


@dataclass(frozen=True, slots=True)
class Delegation:
    """One delegator's stake on one node, and the unit reward T0 when it came."""

    amount_unym: Fixed
    entered_at_unym: Fixed


@dataclass(frozen=True, slots=True)
class OverSaturated:
    """A warning: this node has more stake than earns, so each further unym lowers all pay."""

    node: str
    saturation: float

    @property
    def message(self) -> str:
        """Say it in a sentence."""
        return (
            f"{self.node} is {self.saturation:.2f} times saturated: "
            "what lies above 1 earns nothing and lowers everybody's return"
        )


@dataclass(frozen=True, slots=True)
class Epoch:
    """What happened in one epoch.

    `over_saturated` are the warnings; `ends_interval` says that budget and saturation point
    are new from the next epoch on.
    """

    number: int
    budget_unym: Fixed
    payments: Mapping[str, Payment]
    paid_unym: Fixed
    over_saturated: tuple[OverSaturated, ...]
    ends_interval: bool


class Network:
    """Nodes, delegators and the pool they are paid from, advanced epoch by epoch.

    Rewards compound by themselves: what is not withdrawn counts as stake. The order of the
    nodes does not matter. Between epochs delegators join, leave and withdraw.

    Parameters
    ----------
    parameters : Parameters
        Those of the first interval.
    nodes : iterable of Node
        With unique names. Stake that comes in `delegates_unym` belongs to a delegator
        named ``UNNAMED``; everyone else joins by :meth:`delegate`.

    Raises
    ------
    RewardError
        If two nodes have one name or :class:`Node` values do not fit together.

    Examples
    --------
    >>> parameters = Parameters(250 * 10**12, 100 * 10**12, 20, 50, 30, standby=140)
    >>> node = Node("a", 10 * 10**9, margin="0.1", interval_cost_unym=40 * 10**6)
    >>> network = Network(parameters, [node])
    >>> network.delegate("alice", "a", 18 * 10**9)
    >>> network.advance_epoch().payments["a"].delegates_unym
    Fixed('1795950.260266049015866901')
    >>> network.undelegate("alice", "a")
    Payout(stake_unym=18000000000, reward_unym=1795950)
    """

    def __init__(self, parameters: Parameters, nodes: Iterable[Node]) -> None:
        if not isinstance(parameters, Parameters):
            raise RewardError(f"expected Parameters, got {checks.shown(parameters)}")
        if not isinstance(nodes, Iterable):
            raise RewardError(f"expected several nodes, got {checks.shown(nodes)}")
        self.parameters = parameters
        self.epoch = 0
        self.paid_in_interval_unym = ZERO
        self._nodes: dict[str, Node] = {}
        self._delegations: dict[str, dict[str, Delegation]] = {}
        for node in nodes:
            self.bond(node)

    @property
    def nodes(self) -> Mapping[str, Node]:
        """Nodes by name, as they are now."""
        return dict(self._nodes)

    def delegations(self, node: str) -> Mapping[str, Delegation]:
        """Delegations to a node, by delegator."""
        self._node(node)
        return dict(self._delegations[node])

    def bond(self, node: Node) -> None:
        """Let a node join."""
        if not isinstance(node, Node):
            raise RewardError(f"expected a Node, got {checks.shown(node)}")
        if node.name in self._nodes:
            raise RewardError(f"there is already a node named {node.name!r}")
        if node.unit_reward_unym:
            raise RewardError("a node joins with a unit reward of 0")
        own: dict[str, Delegation] = {}
        if node.delegates_unym:
            own[UNNAMED] = Delegation(whole("delegates_unym", node.delegates_unym), ZERO)
        self._nodes[node.name] = node
        self._delegations[node.name] = own

    def unbond(self, node: str) -> Payout:
        """Let a node leave: pay its operator and every delegator, all in whole unym."""
        self._node(node)
        paid = [self.undelegate(delegator, node) for delegator in [*self._delegations[node]]]
        left = self._nodes.pop(node)
        del self._delegations[node]
        operator = Payout(int(left.pledge_unym), int(left.operator_unym) - int(left.pledge_unym))
        return Payout(
            operator.stake_unym + sum(payout.stake_unym for payout in paid),
            operator.reward_unym + sum(payout.reward_unym for payout in paid),
        )

    def advance_epoch(
        self,
        performances: Mapping[str, Number] | None = None,
        roles: Mapping[str, Role] | None = None,
    ) -> Epoch:
        """Pay every node for one epoch, and roll over at the interval's end.

        Parameters
        ----------
        performances : mapping of name to number, optional
            In [0, 1], from this epoch on; nodes left out keep theirs.
        roles : mapping of name to Role, optional
            From this epoch on; nodes left out keep theirs.

        Returns
        -------
        Epoch
            Payments by node (at most the budget together) and warnings.

        Raises
        ------
        RewardError
            If a name is unknown, a value out of range, the shares of work add up to more
            than 1, or more than k nodes would be paid. Nothing has changed then.
        """
        nodes = self._with_conditions(
            {} if performances is None else performances, {} if roles is None else roles
        )
        self._check_work(nodes)
        parameters = self.parameters
        payments: dict[str, Payment] = {}
        warnings: list[OverSaturated] = []
        paid = ZERO
        for name, node in nodes.items():
            reward = node_reward(parameters, node)
            parts = split(reward, node, parameters.epochs_in_interval)
            payments[name] = Payment(reward, parts.operator_unym, parts.delegates_unym)
            paid += reward
            if node.stake_unym > parameters.saturation_point_unym:
                warnings.append(OverSaturated(name, float(saturation(parameters, node))))
            nodes[name] = _paid(node, parts)
        self._nodes = nodes
        ended = self._close_epoch(paid)
        return Epoch(
            self.epoch - 1,
            parameters.epoch_budget_unym,
            payments,
            paid,
            tuple(warnings),
            ended,
        )

    def delegate(self, delegator: str, node: str, amount_unym: Number) -> OverSaturated | None:
        """Put stake on a node; who is there already is paid out and starts anew with it all.

        Returns a warning if the node is over-saturated with it: that is allowed, but unwise.

        Raises
        ------
        RewardError
            If the node is unknown or the amount no whole number of unym above 0.
        """
        checked_name("delegator", delegator)
        self._node(node)
        amount = whole("amount_unym", amount_unym)
        if not amount:
            raise RewardError("a delegation must be above 0 unym")
        if delegator in self._delegations[node]:
            amount += Fixed(self.undelegate(delegator, node).total_unym)
        now = self._nodes[node]
        self._delegations[node][delegator] = Delegation(amount, now.unit_reward_unym)
        self._nodes[node] = now.holding(
            now.operator_unym, now.delegates_unym + amount, now.unit_reward_unym
        )
        full = saturation(self.parameters, self._nodes[node])
        return OverSaturated(node, float(full)) if full > ONE else None

    def undelegate(self, delegator: str, node: str) -> Payout:
        """Take a delegation and its reward out, in whole unym.

        What is cut off stays with the node; when the last delegator leaves, that dust goes
        to the operator.
        """
        reward = self.pending_reward(delegator, node)
        now = self._nodes[node]
        gone = self._delegations[node].pop(delegator)
        delegates = now.delegates_unym - (gone.amount_unym + reward)
        operator = now.operator_unym
        if not self._delegations[node]:
            operator, delegates = operator + delegates, ZERO
        self._nodes[node] = now.holding(operator, delegates, now.unit_reward_unym)
        return Payout(int(gone.amount_unym), int(reward))

    def withdraw(self, delegator: str, node: str) -> int:
        """Pay a delegator's reward so far out, in whole unym; the delegation stays."""
        reward = self.pending_reward(delegator, node)
        now = self._nodes[node]
        stays = replace(self._delegations[node][delegator], entered_at_unym=now.unit_reward_unym)
        self._delegations[node][delegator] = stays
        self._nodes[node] = now.holding(
            now.operator_unym, now.delegates_unym - reward, now.unit_reward_unym
        )
        return int(reward)

    def withdraw_operator(self, node: str) -> int:
        """Pay an operator's reward so far out, in whole unym; the pledge stays."""
        now = self._node(node)
        reward = now.operator_unym - now.pledge_unym
        self._nodes[node] = now.holding(now.pledge_unym, now.delegates_unym, now.unit_reward_unym)
        return int(reward)

    def pledge_more(self, node: str, amount_unym: Number) -> None:
        """Add whole unym to an operator's pledge."""
        now, amount = self._node(node), whole("amount_unym", amount_unym)
        self._nodes[node] = replace(
            now, pledge_unym=now.pledge_unym + amount, operator_unym=now.operator_unym + amount
        )

    def set_terms(
        self,
        node: str,
        margin: Number | None = None,
        interval_cost_unym: Number | None = None,
    ) -> None:
        """Change what an operator asks for, from the next epoch on."""
        now = self._node(node)
        self._nodes[node] = replace(
            now,
            margin=now.margin if margin is None else share("margin", margin),
            interval_cost_unym=(
                now.interval_cost_unym
                if interval_cost_unym is None
                else number("interval_cost_unym", interval_cost_unym)
            ),
        )

    def pending_reward(self, delegator: str, node: str) -> Fixed:
        """What a delegation has earned and not withdrawn: (T - T0) a / (T0 + U)."""
        now = self._node(node)
        if not isinstance(delegator, str) or delegator not in self._delegations[node]:
            raise RewardError(f"{checks.shown(delegator)} has no delegation to {node!r}")
        own = self._delegations[node][delegator]
        earned = now.unit_reward_unym - own.entered_at_unym
        return earned * own.amount_unym / (own.entered_at_unym + UNIT_DELEGATION_UNYM)

    def _node(self, name: str) -> Node:
        if not isinstance(name, str) or name not in self._nodes:
            raise RewardError(f"there is no node named {checks.shown(name)}")
        return self._nodes[name]

    def _with_conditions(
        self, performances: Mapping[str, Number], roles: Mapping[str, Role]
    ) -> dict[str, Node]:
        if not isinstance(performances, Mapping) or not isinstance(roles, Mapping):
            raise RewardError("performances and roles must map names of nodes to values")
        nodes = dict(self._nodes)
        for name in {**performances, **roles}:
            now = self._node(name)
            nodes[name] = replace(
                now,
                performance=share("performance", performances.get(name, now.performance)),
                role=roles.get(name, now.role),
            )
        return nodes

    def _check_work(self, nodes: Mapping[str, Node]) -> None:
        works = [work for node in nodes.values() if (work := work_of(self.parameters, node))]
        if len(works) > self.parameters.rewarded_nodes:
            raise RewardError(
                f"{len(works)} nodes have work, but only {self.parameters.rewarded_nodes} places "
                "are rewarded"
            )
        total = sum(works, ZERO)
        if total > ONE + _WORK_ROUNDING:
            raise RewardError(f"shares of work must add up to at most 1; they add up to {total}")

    def _close_epoch(self, paid: Fixed) -> bool:
        self.epoch += 1
        self.paid_in_interval_unym += paid
        ended = self.epoch % self.parameters.epochs_in_interval == 0
        if ended:
            self.parameters = self.parameters.after_interval(self.paid_in_interval_unym)
            self.paid_in_interval_unym = ZERO
        return ended


def _paid(node: Node, parts: Split) -> Node:
    """Add a payment to the balances; T grows by what the unit delegation earned of it."""
    unit_share = ZERO
    if node.delegates_unym:
        unit_share = (UNIT_DELEGATION_UNYM + node.unit_reward_unym) / node.delegates_unym
    return node.holding(
        node.operator_unym + parts.operator_unym,
        node.delegates_unym + parts.delegates_unym,
        node.unit_reward_unym + parts.delegates_unym * unit_share,
    )
