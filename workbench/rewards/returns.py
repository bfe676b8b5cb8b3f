"""What a delegator gets in a year, and what a node's saturation does to it.

A toy to think with, not a forecast: nothing changes over the year and nothing is compounded.
"""

from __future__ import annotations

from dataclasses import dataclass

from workbench.errors import RewardError
from workbench.rewards import checks
from workbench.rewards.fixed import ONE, Fixed, Number, number, whole
from workbench.rewards.formula import Node, node_reward, split
from workbench.rewards.parameters import INTERVALS_IN_YEAR, Parameters

NYM = Fixed(1_000_000)  # in unym


@dataclass(frozen=True, slots=True)
class YearlyReturn:
    """A delegator's return at one saturation; `is_over_saturated` is a warning.

    `share` is what a year (12 intervals) pays for each unym delegated, uncompounded.
    """

    saturation: float
    share: float
    is_over_saturated: bool


def delegator_yearly_return(
    parameters: Parameters,
    saturation: Number,
    pledge_nym: Number = 100,
    margin: Number = "0.2",
    interval_cost_nym: Number = 800,
    performance: Number = ONE,
) -> YearlyReturn:
    """Return of delegating to a node for a year of constant epochs.

    Up to saturation it rises a little, as the operator's cost weighs less on a fuller node;
    beyond it everyone shares the same reward with more others.

    Parameters
    ----------
    parameters : Parameters
        For instance ``parameters.at("2026-04-09")``.
    saturation : number
        The node's stake over the saturation point, uncapped, above 0.
    pledge_nym, interval_cost_nym : number
        0 or more, in NYM.
    margin, performance : number
        In [0, 1].

    Returns
    -------
    YearlyReturn
        With a share of 0 or more.

    Raises
    ------
    RewardError
        If a value is out of range or the pledge alone is more than the stake.

    Notes
    -----
    It does not say what a node will do: it is taken to be drawn in every epoch, with the
    same role and stake all year. It does not say what a token is worth.

    Examples
    --------
    >>> from workbench.rewards import parameters
    >>> rows = [delegator_yearly_return(parameters.at("2026-04-09"), s) for s in ("0.5", 1, 2, 3)]
    >>> [f"{row.share:.1%}" for row in rows]
    ['34.7%', '37.8%', '18.9%', '12.6%']
    """
    if not isinstance(parameters, Parameters):
        raise RewardError(f"expected Parameters, got {checks.shown(parameters)}")
    full = number("saturation", saturation)
    stake = Fixed(int(full * parameters.saturation_point_unym))
    pledge = whole("pledge", number("pledge_nym", pledge_nym) * NYM)
    if stake <= pledge:
        raise RewardError(
            f"at saturation {full} the node holds {stake / NYM} NYM: there must be more than "
            f"the pledge of {pledge / NYM} NYM"
        )
    node = Node(
        "node",
        pledge,
        delegates_unym=stake - pledge,
        margin=margin,
        interval_cost_unym=number("interval_cost_nym", interval_cost_nym) * NYM,
        performance=performance,
    )
    epochs = parameters.epochs_in_interval
    earned = split(node_reward(parameters, node), node, epochs).delegates_unym
    share = float(earned) * epochs * INTERVALS_IN_YEAR / float(node.delegates_unym)
    return YearlyReturn(float(full), share, full > ONE)
