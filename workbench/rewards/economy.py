"""The paper's simulation of the network's economy: 25 months, redrawn each month.

Source: Diaz, Halpin, Kiayias, "Reward Sharing for Mixnets", Cryptoeconomic Systems (2022),
and the settings of the authors' simulator (nymtech/rewardsharing-simulator). One token is
worth one dollar throughout; tokens are abstract, no price is forecast.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.errors import RewardError
from workbench.rewards import checks, paper
from workbench.rewards.checks import Floats
from workbench.rewards.selection import draw_many

MONTHS_IN_YEAR = 12
SECONDS_IN_MONTH = 30 * 24 * 3600
_ORDERS = ("by pledge", "shuffled")


@dataclass(frozen=True, slots=True)
class Demand:
    """Packets that users send, month by month.

    Parameters
    ----------
    packets_per_s : float
        In month 0, 0 or more.
    monthly_growth : float
        0 or more; 0.06 is 6 % a month.
    slows_every : float, optional
        Growth is halved each time that demand has grown by this factor (above 1).
    at_most_packets_per_s : float, optional
        A cap above which demand does not go.

    Raises
    ------
    RewardError
        If a value is out of range.

    Examples
    --------
    >>> Demand(100.0, 0.10).over(3).round(6).tolist()
    [100.0, 110.0, 121.0]
    """

    packets_per_s: float = 0.0
    monthly_growth: float = 0.0
    slows_every: float | None = None
    at_most_packets_per_s: float | None = None

    def __post_init__(self) -> None:
        for name in ("packets_per_s", "monthly_growth"):
            if checks.not_negative(name, getattr(self, name)).ndim:
                raise RewardError(f"{name} must be one number")
        if self.slows_every is not None and checks.positive("slows_every", self.slows_every) <= 1:
            raise RewardError(f"slows_every must be above 1; it is {self.slows_every:g}")
        if self.at_most_packets_per_s is not None:
            checks.positive("at_most_packets_per_s", self.at_most_packets_per_s)

    def over(self, months: int) -> Floats:
        """Packets per second in each of so many months."""
        rates = np.zeros(checks.count("months", months))
        rate, growth = self.packets_per_s, self.monthly_growth
        step = self.slows_every or math.inf
        next_step = rate * step if rate else math.inf
        most = self.at_most_packets_per_s or math.inf
        for month in range(len(rates)):
            rates[month] = min(rate, most)
            rate = min(rate * (1.0 + growth), most)
            if rate > next_step:
                growth, next_step = growth / 2, next_step * step
        return rates


# The growth scenarios of the paper's simulator; each of them starts at 200,000 packets/s.
SCENARIOS = MappingProxyType(
    {
        "no traffic": Demand(),
        "6 % a month": Demand(200_000.0, 0.06),
        "10 % a month": Demand(200_000.0, 0.10),
        "10 %, halved at each fourfold": Demand(200_000.0, 0.10, slows_every=4.0),
    }
)


@dataclass(frozen=True, slots=True)
class Economy:
    """Settings of the simulation; the defaults are the paper's.

    Amounts are in tokens. Shares lie in [0, 1]. `delegation_order` is "by pledge" (delegates
    come to the whales first, then to the Pareto pledges, then to the least) or "shuffled";
    the paper's figures come out by pledge only, see docs/rewards.md.

    Raises
    ------
    RewardError
        If a value is out of range or the pledges cannot be placed as asked.
    """

    months: int = 25
    total_supply: float = 1e9
    pool: float = 250e6
    emission: float = 0.02
    pledged_share: float = 0.15
    delegated_share: float = 0.60
    pareto_shape: float = 1.16
    least_pledge: float = 1000.0
    least_pledge_share: float = 0.5  # of the candidates pledge the least
    whale_share: float = 0.0375  # of k pledge up to saturation
    margin: float = 0.10
    monthly_cost: float = 100.0
    performance: float = 1.0
    alpha: float = 0.3
    work_factor: float = 10.0
    layers: int = 3
    least_width: int = 120
    least_nodes: int = 720
    active_share: float = 0.5  # of k
    candidates_per_place: float = 2.0
    delegation_order: str = "by pledge"
    epochs_in_month: int = 720
    demand: Demand = field(default_factory=Demand)
    node_packets_per_s: float = 25_000.0
    monthly_capacity_growth: float = 0.01
    peak_factor: float = 5.0
    fee_per_packet: float = 1e-6
    fee_share_for_mixes: float = 0.6

    def __post_init__(self) -> None:
        for name in (
            "emission", "pledged_share", "delegated_share", "least_pledge_share", "whale_share",
            "margin", "performance", "active_share", "fee_share_for_mixes",
        ):  # fmt: skip
            _one(name, checks.share(name, getattr(self, name)))
        for name in ("pool", "least_pledge", "monthly_cost", "alpha", "monthly_capacity_growth",
                     "fee_per_packet"):  # fmt: skip
            _one(name, checks.not_negative(name, getattr(self, name)))
        for name in ("total_supply", "pareto_shape", "work_factor", "active_share",
                     "candidates_per_place", "node_packets_per_s", "peak_factor"):  # fmt: skip
            checks.positive(name, getattr(self, name))
        for name in ("months", "layers", "least_width", "least_nodes", "epochs_in_month"):
            checks.count(name, getattr(self, name), least=1)
        if self.delegation_order not in _ORDERS:
            raise RewardError(f"delegation_order must be one of {', '.join(_ORDERS)}")
        if not isinstance(self.demand, Demand):
            raise RewardError(f"demand must be a Demand, such as {', '.join(SCENARIOS)}")
        if self.pool >= self.total_supply:
            raise RewardError("pool must be smaller than total_supply: something must be staked")
        if self.pledged_share + self.delegated_share > 1:
            raise RewardError("pledged_share and delegated_share may add up to at most 1")
        if self.candidates_per_place < 1 or self.work_factor < 1:
            raise RewardError("candidates_per_place and work_factor must be 1 or more")

    def width(self, month: int, packets_per_s: float) -> int:
        """Nodes in a layer: enough for the load with room for peaks."""
        capacity = self.node_packets_per_s * (1.0 + self.monthly_capacity_growth) ** month
        return max(self.least_width, math.ceil(packets_per_s * self.peak_factor / capacity))

    def rewarded_nodes(self, width: int) -> int:
        """Active and standby nodes for a width (k)."""
        return max(self.least_nodes, math.ceil(width * self.layers / self.active_share))


@dataclass(frozen=True, slots=True)
class History:
    """What came out: arrays of shape (months,), amounts in tokens.

    `delegates_yearly_return` is the median over the nodes with delegates of twelve times
    the month's return, not compounded; `losing` counts nodes whose reward is below their
    cost, `nearly_saturated` is the share of nodes above 90 % of the saturation point.
    """

    packets_per_s: Floats
    width: NDArray[np.int64]
    rewarded_nodes: NDArray[np.int64]
    candidates: NDArray[np.int64]
    pool: Floats
    emitted: Floats
    fees: Floats
    paid: Floats
    saturation_point: Floats
    losing: NDArray[np.int64]
    delegates_yearly_return: Floats
    nearly_saturated: Floats

    @property
    def paid_share(self) -> Floats:
        """What was paid of what might have been, in [0, 1]."""
        budget = self.emitted + self.fees
        share: Floats = np.divide(self.paid, budget, out=np.zeros_like(budget), where=budget > 0)
        return share


@dataclass(frozen=True, slots=True)
class Month:
    """One month's nodes: arrays of shape (candidates,), amounts in tokens."""

    pledges: Floats
    delegations: Floats
    active_share: Floats
    standby_share: Floats
    rewards: Floats
    operators: Floats
    delegates: Floats


def simulate(economy: Economy | None = None, seed: int = 0) -> History:
    """Run the economy month by month.

    Each month the width follows the load, stakes are drawn anew, 720 epochs draw their
    active and standby nodes by stake, and the paper's formula pays them.

    Parameters
    ----------
    economy : Economy, optional
        The paper's if left out.
    seed : int
        Runs with one seed are equal.

    Returns
    -------
    History
        One row a month.

    Raises
    ------
    RewardError
        If the stakes cannot be placed as asked.

    Notes
    -----
    Nobody in it decides anything: stakes are drawn, not chosen. Whether players would keep
    such a network going is for :mod:`workbench.rewards.game` to show.

    References
    ----------
    Diaz, Halpin, Kiayias (2022), "Reward Sharing for Mixnets".

    Examples
    --------
    >>> history = simulate(Economy(months=1), seed=1)
    >>> round(float(history.saturation_point[0]) / 1e6, 4), float(history.emitted[0]) / 1e6
    (1.0417, 5.0)
    """
    setting = Economy() if economy is None else economy
    if not isinstance(setting, Economy):
        raise RewardError(f"expected an Economy, got {checks.shown(economy)}")
    rng = np.random.default_rng(checks.count("seed", seed))
    months = setting.months
    loads = setting.demand.over(months)
    table = {name: np.zeros(months) for name in History.__dataclass_fields__}
    pool = setting.pool
    for month in range(months):
        width = setting.width(month, loads[month])
        nodes = setting.rewarded_nodes(width)
        supply = setting.total_supply - pool
        emitted = pool * setting.emission
        fees = (
            loads[month] * SECONDS_IN_MONTH * setting.fee_per_packet * setting.fee_share_for_mixes
        )
        point = supply / nodes
        result = run_month(setting, supply, emitted + fees, width, rng)
        paid = float(result.rewards.sum())
        stakes = result.pledges + result.delegations
        row = {
            "packets_per_s": loads[month],
            "width": width,
            "rewarded_nodes": nodes,
            "candidates": len(stakes),
            "pool": pool,
            "emitted": emitted,
            "fees": fees,
            "paid": paid,
            "saturation_point": point,
            "losing": np.count_nonzero(result.rewards < setting.monthly_cost),
            "delegates_yearly_return": _median_yearly_return(result),
            "nearly_saturated": np.mean(stakes > 0.9 * point),
        }
        for name, value in row.items():
            table[name][month] = value
        # What was not paid stays in the pool, fees included.
        pool = pool - paid + fees
    counts = ("width", "rewarded_nodes", "candidates", "losing")
    columns: dict[str, Any] = {
        name: values.astype(np.int64) if name in counts else values
        for name, values in table.items()
    }
    return History(**columns)


def run_month(
    economy: Economy, supply: float, pot: float, width: int, rng: np.random.Generator
) -> Month:
    """Draw one month's stakes and its 720 rewarded sets, and pay them from the pot."""
    nodes = economy.rewarded_nodes(width)
    point = supply / nodes
    pledges = draw_pledges(economy, nodes, supply * economy.pledged_share, point, rng)
    delegated = supply * economy.delegated_share
    shuffled = economy.delegation_order == "shuffled"
    delegations = draw_delegations(pledges, delegated, point, rng, shuffled)
    active = min(nodes, economy.layers * width)
    standby = nodes - active
    # Nobody is drawn more often for stake above saturation.
    weights = np.minimum(1.0, (pledges + delegations) / point)
    epochs = economy.epochs_in_month
    active_epochs, standby_epochs = draw_many(weights, active, standby, epochs, rng)
    shares = paper.work_shares(nodes, standby, economy.work_factor)
    parameters = paper.Parameters(pot, nodes, supply, economy.alpha)
    # The formula is linear in the epochs, and a node earns nothing while it is not drawn.
    rewards = np.zeros(len(pledges))
    for times, work in ((active_epochs, shares.active), (standby_epochs, shares.standby)):
        full = paper.node_reward(parameters, pledges, delegations, work, economy.performance)
        rewards += times / epochs * full
    parts = paper.split(rewards, pledges, delegations, economy.monthly_cost, economy.margin)
    return Month(
        pledges,
        delegations,
        active_epochs / epochs,
        standby_epochs / epochs,
        rewards,
        parts.operator,
        parts.delegates,
    )


def draw_pledges(
    economy: Economy, nodes: int, total: float, point: float, rng: np.random.Generator
) -> Floats:
    """Draw the candidates' pledges: whales at saturation, half at the least, the rest Pareto.

    The excess over the least pledge is scaled to what is left of `total`; whoever then lies
    above saturation is cut to 98 % of it, and all are scaled again, until nobody does.
    """
    candidates = round(nodes * economy.candidates_per_place)
    whales = round(nodes * economy.whale_share)
    least = round(candidates * economy.least_pledge_share)
    others = candidates - whales - least
    left = total - whales * point - (least + others) * economy.least_pledge
    most = point - economy.least_pledge
    if others < 0 or left < 0 or most <= 0 or left > 0.98 * most * others:
        raise RewardError(
            "the pledges cannot be placed: expected room for the whales, the least pledges and "
            f"the rest below saturation, with {total:g} tokens on {candidates} nodes"
        )
    excess = np.zeros(others)
    if others:
        excess = rng.pareto(economy.pareto_shape, others)
        excess *= left / excess.sum()
        while left > 0 and excess.max() > most:
            excess[excess > most] = 0.98 * most
            excess *= left / excess.sum()
    pledges = np.full(candidates, economy.least_pledge)
    pledges[:whales] = point
    pledges[whales : whales + others] += excess
    return pledges


def draw_delegations(
    pledges: Floats,
    total: float,
    point: float,
    rng: np.random.Generator,
    shuffled: bool = False,
) -> Floats:
    """Hand out delegations in passes over the nodes until all is spent.

    Each node that is not saturated gets a uniform part of its room; the last one what is
    left. The nodes stand in the order given or, each pass anew, shuffled. Whole passes are
    computed at once, with the same outcome as one node after the other.
    """
    delegations = np.zeros(len(pledges))
    left = total
    if total > np.maximum(0.0, point - pledges).sum():
        raise RewardError("the delegations cannot be placed: there is less room below saturation")
    while left > 1e-9 * total:
        order = rng.permutation(len(pledges)) if shuffled else np.arange(len(pledges))
        room = np.maximum(0.0, point - pledges[order] - delegations[order])
        wanted = rng.random(len(pledges)) * room
        spent_before = np.concatenate([[0.0], np.cumsum(wanted)[:-1]])
        given = np.clip(left - spent_before, 0.0, wanted)
        delegations[order] += given
        left -= given.sum()
    return delegations


def _median_yearly_return(month: Month) -> float:
    with_delegates = month.delegations > 0
    if not with_delegates.any():
        return 0.0
    monthly = month.delegates[with_delegates] / month.delegations[with_delegates]
    return float(np.median(monthly)) * MONTHS_IN_YEAR


def _one(name: str, value: Floats) -> None:
    if value.ndim:
        raise RewardError(f"{name} must be one number")
