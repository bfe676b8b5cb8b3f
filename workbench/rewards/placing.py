"""Where to put tokens: what a node pays per unit of stake, the best spread, and a crowd.

One delegator with a stake of its own moves the pay of the nodes that it joins, so the best
is not simply the node that pays most now. All others stay as they are; nothing is compounded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.errors import RewardError
from workbench.rewards import checks
from workbench.rewards.checks import Floats
from workbench.rewards.fixed import Fixed
from workbench.rewards.formula import Node, node_reward, split
from workbench.rewards.parameters import Parameters

# A gain below this share is rounding, not a reason to move.
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class Placement:
    """Whole unym on each node, in the order of the nodes, and what they earn in an epoch."""

    amounts_unym: tuple[int, ...]
    pay_unym: float


def with_more(node: Node, amount_unym: int) -> Node:
    """The node with so much more delegated to it, 0 or more.

    Examples
    --------
    >>> with_more(Node("a", 100), 50).stake_unym
    Fixed('150')
    """
    more = checks.count("amount_unym", amount_unym)
    return Node(
        node.name,
        node.pledge_unym,
        node.delegates_unym + more,
        node.margin,
        node.interval_cost_unym,
        node.performance,
        node.role,
        node.work,
        node.operator_unym,
        node.unit_reward_unym,
    )


def delegate_return(parameters: Parameters, node: Node) -> float:
    """What a node's delegates earn in an epoch for each unym of their stake.

    Parameters
    ----------
    parameters : Parameters
        The interval's common values.
    node : Node
        As it stands; a node without delegates is asked what a first unym would earn.

    Returns
    -------
    float
        0 or more; 0 where the reward does not exceed the cost.

    Notes
    -----
    It does not say what a large newcomer would earn: see :func:`pay_of`.

    Examples
    --------
    Twice the stake beyond saturation is half the return (without a cost):

    >>> parameters = Parameters(1000, 400, entry=1, exit=1, mix=2, epochs_in_interval=1)
    >>> full, over = Node("a", 0, 100), Node("b", 0, 200)
    >>> delegate_return(parameters, full) / delegate_return(parameters, over)
    2.0
    """
    asked = node if node.delegates_unym else with_more(node, 1)
    earned = split(node_reward(parameters, asked), asked, parameters.epochs_in_interval)
    return float(earned.delegates_unym) / float(asked.delegates_unym)


def pay_of(parameters: Parameters, node: Node, amount_unym: int) -> float:
    """What somebody earns in an epoch who delegates so much more to a node as it stands.

    Examples
    --------
    >>> parameters = Parameters(1000, 400, entry=1, exit=1, mix=2, epochs_in_interval=1)
    >>> pay_of(parameters, Node("a", 0, 100), 100) > pay_of(parameters, Node("b", 0, 300), 100)
    True
    """
    return amount_unym * delegate_return(parameters, with_more(node, amount_unym))


def best_placement(
    parameters: Parameters, nodes: Sequence[Node], tokens_unym: int, parts: int = 100
) -> Placement:
    """The spread of one delegator's stake that earns most, of all spreads in equal parts.

    Parameters
    ----------
    parameters : Parameters
        The interval's common values.
    nodes : sequence of Node
        As they stand without this delegator, 1 or more.
    tokens_unym : int
        To be placed whole, a multiple of `parts`.
    parts : int
        1 or more; 100 is enough for a result within a fraction of a percent.

    Returns
    -------
    Placement

    Raises
    ------
    RewardError
        If there is no node, or the tokens do not divide into the parts.

    Notes
    -----
    Exact over all spreads in these parts (a table of best pay for each number of parts).
    It does not say what the others do next: see :func:`crowd`.

    Examples
    --------
    >>> parameters = Parameters(1000, 400, entry=1, exit=1, mix=2, epochs_in_interval=1)
    >>> nodes = [Node("full", 0, 100), Node("room", 0, 40), Node("more room", 0, 20)]
    >>> best_placement(parameters, nodes, 140, parts=7).amounts_unym
    (0, 60, 80)
    """
    if not nodes:
        raise RewardError("tokens need at least one node to be placed on")
    many = checks.count("parts", parts, least=1)
    tokens = checks.count("tokens_unym", tokens_unym)
    if tokens % many:
        raise RewardError(f"tokens_unym must divide into {many} parts; it is {tokens}")
    part = tokens // many
    best: Floats = np.full(many + 1, -np.inf)
    best[0] = 0.0
    chosen: list[NDArray[np.int64]] = []
    for node in nodes:
        pay = np.array([pay_of(parameters, node, count * part) for count in range(many + 1)])
        # total[i, j]: best of the nodes before with i parts, j parts here
        total = best[:, None] + pay[None, :]
        after = np.full(many + 1, -np.inf)
        take = np.zeros(many + 1, dtype=np.int64)
        for used in range(many + 1):
            here = np.arange(used + 1)
            sums = total[used - here, here]
            take[used] = int(np.argmax(sums))
            after[used] = sums[take[used]]
        best, chosen = after, [*chosen, take]
    left, amounts = many, []
    for take in reversed(chosen):
        amounts.append(int(take[left]) * part)
        left -= int(take[left])
    return Placement(tuple(reversed(amounts)), float(best[many]))


def crowd(
    parameters: Parameters,
    nodes: Sequence[Node],
    part_unym: int,
    moves: int,
    stays_unym: Sequence[int] | None = None,
) -> tuple[int, ...]:
    """Let delegators move one after the other, each part to where it earns most then.

    The next to move is always who earns least now; nobody moves who would not gain.

    Parameters
    ----------
    parameters : Parameters
        The interval's common values.
    nodes : sequence of Node
        As they stand, 1 or more.
    part_unym : int
        How much moves at a time, 1 or more.
    moves : int
        At most so many, 0 or more.
    stays_unym : sequence of int, optional
        Of each node's delegations, what does not take part; nothing, if left out.

    Returns
    -------
    tuple of int
        What each node's delegations change by; together 0.

    Notes
    -----
    They look at today's pay only and operators stay as they are: it is no equilibrium of
    the game in :mod:`workbench.rewards.game`.

    Examples
    --------
    >>> parameters = Parameters(1000, 400, entry=1, exit=1, mix=2, epochs_in_interval=1)
    >>> crowd(parameters, [Node("over", 0, 140), Node("room", 0, 60)], 10, moves=9)
    (-40, 40)
    """
    if not nodes:
        raise RewardError("a crowd needs at least one node to choose")
    part = checks.count("part_unym", part_unym, least=1)
    stays = [0] * len(nodes) if stays_unym is None else list(stays_unym)
    if len(stays) != len(nodes):
        raise RewardError("stays_unym must have one value for each node")
    standing = list(nodes)
    moved = [0] * len(standing)
    now = [delegate_return(parameters, node) for node in standing]
    offers = [delegate_return(parameters, with_more(node, part)) for node in standing]
    for _ in range(checks.count("moves", moves)):
        leavable = [i for i, n in enumerate(standing) if float(n.delegates_unym) - stays[i] >= part]
        start = min(leavable, key=lambda i: (now[i], i), default=-1)
        # Whoever leaves a node makes its own offer there no better: staying is what it has now.
        to = max(range(len(standing)), key=lambda i: (offers[i], -i))
        if start < 0 or to == start or offers[to] <= now[start] * (1 + _ROUNDING):
            break
        for i, change in ((start, -part), (to, part)):
            moved[i] += change
            node = nodes[i]
            standing[i] = (
                with_more(node, moved[i]) if moved[i] >= 0 else _with_less(node, -moved[i])
            )
            now[i] = delegate_return(parameters, standing[i])
            offers[i] = delegate_return(parameters, with_more(standing[i], part))
    return tuple(moved)


def _with_less(node: Node, amount_unym: int) -> Node:
    return node.holding(
        node.operator_unym, node.delegates_unym - Fixed(amount_unym), node.unit_reward_unym
    )
