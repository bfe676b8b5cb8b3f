"""How fast epochs of the whole system pass, beside a straightforward plain-Python epoch.

CPU time of one core, and wall clock beside it: nothing here uses a second core.
"""

from __future__ import annotations

import heapq
import math
import random
import time
from dataclasses import dataclass, field

import numpy as np

from benchmarks.common import Row, cpu_s
from workbench.scenario import Scenario
from workbench.system import LiveSystem, SystemScenario

EPOCHS, PLAIN_EPOCHS = 720, 2
# 1,000 packets/s sampled for 5 s of each epoch, after and before 1.5 s of company.
TRAFFIC = Scenario(clients=100, traffic_per_client_per_s=10.0, delay_s=0.1, queue_packets=50)
SOME_ACTIVE = SystemScenario(
    traffic=TRAFFIC.replace(width=40, capacity_per_s=40.0),
    nodes=240,
    rewarded_nodes=180,
    operators=200,
    delegators=10_000,
    pool_packets=2.5,
)
ALL_ACTIVE = SystemScenario(
    traffic=TRAFFIC.replace(width=80, capacity_per_s=20.0),
    nodes=360,
    rewarded_nodes=300,
    operators=300,
    delegators=10_000,
    pool_packets=1.25,
)


def rows() -> list[Row]:
    LiveSystem(SOME_ACTIVE).advance()  # compiles, or loads what was compiled
    return [
        *whole_rows("240 nodes, 120 of them active", SOME_ACTIVE),
        *whole_rows("240 nodes active of 360", ALL_ACTIVE),
        plain_row("240 nodes, 120 of them active", SOME_ACTIVE),
        plain_row("240 nodes active of 360", ALL_ACTIVE),
    ]


def whole_rows(name: str, setting: SystemScenario) -> list[Row]:
    live = LiveSystem(setting)
    start, wall = time.process_time(), time.perf_counter()
    for _ in range(EPOCHS):
        live.advance()
    used, waited = time.process_time() - start, time.perf_counter() - wall
    table = live.table
    width, sent = float(np.median(table.width)), int(table.sent.sum())
    note = (
        f"{setting.targets} targets followed, {setting.delegators:,} delegators, width {width:g}, "
        f"{setting.sample_s:g} s sampled an epoch, {sent:,} packets in all, {waited:.1f} s wall"
    )
    return [Row(f"system: {EPOCHS} epochs, {name}", used, "s CPU", "under 60 s", None, note)]


def plain_row(name: str, setting: SystemScenario) -> Row:
    """One epoch: here, and by dicts and a heap, without any target followed on either side."""
    setting = setting.replace(targets=0)
    live = LiveSystem(setting)
    live.advance()
    fast = cpu_s(lambda: live.advance(), repeats=5)
    world = Plain(setting)
    world.epoch()
    slow = cpu_s(world.epoch, repeats=PLAIN_EPOCHS)
    return Row(
        f"system: an epoch of {name}, no target followed",
        1e3 * fast,
        "ms CPU",
        "",
        slow / fast,
        f"ratio: plain Python ({1e3 * slow:.0f} ms) over this; the same draw, traffic, capacities, "
        "losses, pay and moves",
    )


@dataclass
class Node:
    pledge: float
    capacity: float
    delegated: float = 0.0
    performance: float = 1.0
    arrivals: int = 0
    drops: int = 0
    free_at: float = 0.0


@dataclass
class Plain:
    """The same epoch as one would first write it: objects, dicts, a heap; no arrays."""

    setting: SystemScenario
    nodes: list[Node] = field(init=False)
    stakes: list[list[float]] = field(init=False)

    def __post_init__(self) -> None:
        setting, some = self.setting, random.Random(1)
        self.random = some
        staked = setting.staking_supply_nym * setting.staked_share
        pledge = staked * setting.pledged_share / setting.nodes
        median = setting.traffic.capacity_per_s or math.inf
        self.nodes = [
            Node(pledge, median * math.exp(setting.capacity_spread * some.gauss(0.0, 1.0)))
            for _ in range(setting.nodes)
        ]
        each = staked * (1.0 - setting.pledged_share) / setting.delegators
        self.stakes = [[some.randrange(setting.nodes), each] for _ in range(setting.delegators)]
        for node, amount in self.stakes:
            self.nodes[int(node)].delegated += amount

    def epoch(self) -> None:
        setting, some = self.setting, self.random
        point = setting.saturation_point_nym
        waits = []
        for number, node in enumerate(self.nodes):
            fullness = min(1.0, (node.pledge + node.delegated) / point)
            weight = fullness * node.performance**20
            waits.append((some.expovariate(max(weight, 1e-290)), number))
            node.arrivals = node.drops = 0
            node.free_at = 0.0
        order = [number for _, number in sorted(waits)]
        active = order[: setting.traffic.mixes]
        standby = order[setting.traffic.mixes : setting.rewarded_nodes]
        some.shuffle(active)
        width = setting.traffic.width
        self.carry([active[i * width : (i + 1) * width] for i in range(setting.traffic.layers)])
        for number in set(range(setting.nodes)) - set(active):
            for _ in range(setting.probes_per_node):
                self.nodes[number].arrivals += 1
                some.expovariate(100.0)
        for node in self.nodes:
            node.performance = 1.0 - node.drops / node.arrivals if node.arrivals else 1.0
        self.pay(active, standby, point)
        self.move(point)

    def carry(self, layers: list[list[int]]) -> None:
        traffic, some = self.setting.traffic, self.random
        end = self.setting.sample_s + 10.0 * traffic.layers * traffic.delay_s
        heap: list[tuple[float, int, int, list[int]]] = []
        now, number = 0.0, 0
        while True:
            now += some.expovariate(traffic.total_rate_per_s)
            if now > end:
                break
            heap.append((now, number, 0, [some.choice(layer) for layer in layers]))
            number += 1
        heapq.heapify(heap)
        while heap:
            now, number, hop, route = heapq.heappop(heap)
            if hop == len(route):
                continue
            node = self.nodes[route[hop]]
            node.arrivals += 1
            begin = max(node.free_at, now)
            if (begin - now) * node.capacity > traffic.queue_packets:
                node.drops += 1
                continue
            node.free_at = begin + 1.0 / node.capacity
            wait = some.expovariate(1.0 / traffic.delay_s)
            heapq.heappush(heap, (node.free_at + wait, number, hop + 1, route))

    def reward(self, node: Node, stake: float, point: float, work: float) -> float:
        setting = self.setting
        budget = setting.reward_pool_nym / 720 * setting.emission
        bonus = setting.alpha * min(1.0, node.pledge / point) / setting.rewarded_nodes
        full = min(1.0, stake / point)
        return budget * node.performance * full * (work + bonus) / (1.0 + setting.alpha)

    def pay(self, active: list[int], standby: list[int], point: float) -> None:
        factor, k = self.setting.work_factor, self.setting.rewarded_nodes
        waiting = 1.0 / (factor * k - (factor - 1.0) * len(standby))
        for group, work in ((active, factor * waiting), (standby, waiting)):
            for number in group:
                node = self.nodes[number]
                stake = node.pledge + node.delegated
                profit = max(0.0, self.reward(node, stake, point, work) - 1000.0 / 720)
                node.delegated += 0.9 * profit * node.delegated / stake

    def move(self, point: float) -> None:
        setting, some = self.setting, self.random
        for one in self.stakes:
            if some.random() >= setting.activation:
                continue
            here, amount = int(one[0]), one[1]
            pays = []
            for number, node in enumerate(self.nodes):
                stake = node.pledge + node.delegated + (amount if number != here else 0.0)
                pay = self.reward(node, stake, point, 1.0 / setting.rewarded_nodes)
                seen = pay / stake * math.exp(setting.noise * some.gauss(0.0, 1.0))
                pays.append(setting.staking_supply_nym * seen / 1111.0)
            better = [n for n, pay in enumerate(pays) if pay > pays[here] + setting.inertia]
            if better:
                top = max(pays)
                chances = [math.exp(setting.rationality * (pays[n] - top)) for n in better]
                goal = some.choices(better, chances)[0]
                self.nodes[here].delegated -= amount
                self.nodes[goal].delegated += amount
                one[0] = goal
