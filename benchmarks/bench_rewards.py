"""How fast rewards are paid: an epoch of many delegations, and the paper's 25 months.

CPU time throughout (nothing here uses a second core), beside straightforward plain-Python
twins that do the same sums with lists and loops in the same run.
"""

from __future__ import annotations

import random
import time
from typing import Any

import numpy as np

from benchmarks.common import Row, cpu_s
from workbench.rewards.arrays import NetworkArrays
from workbench.rewards.economy import Economy, simulate
from workbench.rewards.network import Network, Node, Role
from workbench.rewards.parameters import Parameters, at

NODES, DELEGATIONS, SAMPLE = 1_000, 100_000, 1_000
UNIT_UNYM = 1e9


def rows() -> list[Row]:
    return [*epoch_rows(), *month_rows()]


def epoch_rows() -> list[Row]:
    parameters = at("2026-04-09")
    rng = np.random.default_rng(1)
    pledges = rng.integers(10**8, 10**11, NODES)
    nodes = rng.integers(0, NODES, DELEGATIONS)
    amounts = rng.integers(10**6, 10**10, DELEGATIONS)
    roles = np.zeros(NODES, dtype=np.int8)
    roles[:240] = [1] * 80 + [2] * 100 + [3] * 60
    performances = rng.integers(800, 1001, NODES) / 1000

    fast = NetworkArrays(parameters, pledges, 0.2, 8e8)
    fast.join(nodes, amounts)

    def fast_epoch() -> Any:
        fast.advance_epoch(performances, roles=roles)
        return fast.pending_rewards()

    gap = gap_to_the_chain(fast_epoch(), parameters, pledges, nodes, amounts, roles, performances)
    if gap > 1e-9:
        raise AssertionError(f"the arrays are {gap:.1e} away from the decimal path")
    plain = PlainNetwork(parameters, pledges, nodes, amounts, roles, performances)
    for _ in range(20):
        fast_epoch()
    fast_s = cpu_s(fast_epoch, repeats=200)
    plain_s = cpu_s(plain.epoch, repeats=5)
    return [
        Row(
            f"epoch of {NODES:,} nodes, {DELEGATIONS:,} pending rewards read out",
            1000 * fast_s,
            "ms",
            "< 1 ms",
            plain_s / fast_s,
            f"least of 200; ratio to plain Python; {SAMPLE:,} sampled rewards within {gap:.0e} "
            "of the decimal path",
        ),
        Row("the same in plain Python (lists, floats)", 1000 * plain_s, "ms"),
    ]


def gap_to_the_chain(
    pending: Any, parameters: Parameters, pledges: Any, nodes: Any, amounts: Any, roles: Any,
    performances: Any,
) -> float:  # fmt: skip
    """Largest relative difference of sampled pending rewards after one epoch."""
    exact = Network(
        parameters,
        [
            Node(f"{i}", int(pledges[i]), margin="0.2", interval_cost_unym=8 * 10**8,
                 performance=float(performances[i]), role=Role(roles[i]))
            for i in range(NODES)
        ],
    )  # fmt: skip
    for index, (node, amount) in enumerate(zip(nodes, amounts, strict=True)):
        exact.delegate(f"{index}", f"{node}", int(amount))
    exact.advance_epoch()
    gap = 0.0
    for index in np.random.default_rng(2).permutation(DELEGATIONS)[:SAMPLE]:
        reward = float(exact.pending_reward(f"{index}", f"{nodes[index]}"))
        if reward:
            gap = max(gap, abs(pending[index] / reward - 1))
    return gap


class PlainNetwork:
    """The same bookkeeping as anybody would write it first."""

    def __init__(
        self, parameters: Parameters, pledges: Any, nodes: Any, amounts: Any, roles: Any,
        performances: Any,
    ) -> None:  # fmt: skip
        self.budget = float(parameters.epoch_budget_unym)
        self.point = float(parameters.saturation_point_unym)
        self.operators = [float(pledge) for pledge in pledges]
        self.delegates = [0.0] * NODES
        self.unit_rewards = [0.0] * NODES
        self.working = [role > 0 for role in roles.tolist()]
        self.performances = performances.tolist()
        pairs = zip(nodes.tolist(), amounts.tolist(), strict=True)
        self.delegations = [(node, float(amount), 0.0) for node, amount in pairs]
        for node, amount, _ in self.delegations:
            self.delegates[node] += amount

    def epoch(self) -> list[float]:
        for node in range(NODES):
            if not self.working[node]:
                continue
            performance = self.performances[node]
            operator, delegates = self.operators[node], self.delegates[node]
            stake = operator + delegates
            reward = (
                self.budget * performance * min(1.0, stake / self.point)
                * (1 / 240 + 0.3 * min(1.0, operator / self.point) / 240) / 1.3
            )  # fmt: skip
            cost = 8e8 / 720 * performance
            if reward > cost:
                profit = reward - cost
                own = cost + profit * (0.2 + 0.8 * operator / stake)
                rest = reward - own
                if delegates:
                    self.unit_rewards[node] += (
                        rest * (UNIT_UNYM + self.unit_rewards[node]) / delegates
                    )
                self.operators[node] += own
                self.delegates[node] += rest
            else:
                self.operators[node] += reward
        return [
            (self.unit_rewards[node] - entered) * amount / (entered + UNIT_UNYM)
            for node, amount, entered in self.delegations
        ]


def month_rows() -> list[Row]:
    economy = Economy()
    simulate(Economy(months=1))
    all_s = cpu_s(lambda: simulate(economy), repeats=3)
    month_s = cpu_s(lambda: plain_draws(720), repeats=1)
    start = time.process_time()
    successive_draws(2)
    successive_s = (time.process_time() - start) / 2 * 720
    return [
        Row(
            "the paper's 25 months (1,440 nodes, 720 draws a month)",
            all_s,
            "s",
            "< 3 s on one core",
            25 * month_s / all_s,
            "ratio to 25 times one month's draws in plain Python with sorted waiting times",
        ),
        Row("one month's 720 draws in plain Python, sorted waiting times", month_s, "s"),
        Row(
            "one month's 720 draws in plain Python, one node after the other",
            successive_s,
            "s",
            "",
            25 * successive_s / all_s,
            "from 2 draws, scaled; ratio of 25 such months to the whole simulation",
        ),
    ]


def plain_draws(draws: int) -> list[int]:
    """Active sets of a month: every node waits, the first 360 win and 360 stand by."""
    source = random.Random(1)
    weights = [source.random() for _ in range(1440)]
    active, standby = [0] * 1440, [0] * 1440
    for _ in range(draws):
        waits = sorted((source.expovariate(weight), i) for i, weight in enumerate(weights))
        for _, node in waits[:360]:
            active[node] += 1
        for _, node in waits[360:720]:
            standby[node] += 1
    return active


def successive_draws(draws: int) -> list[int]:
    """The same by drawing one node after the other from those that are left."""
    source = random.Random(1)
    weights = [source.random() for _ in range(1440)]
    times = [0] * 1440
    for _ in range(draws):
        left, total = dict(enumerate(weights)), sum(weights)
        for _ in range(720):
            target, winner = source.random() * total, -1
            for node, weight in left.items():
                target, winner = target - weight, node
                if target <= 0:
                    break
            times[winner] += 1
            total -= left.pop(winner)
    return times
