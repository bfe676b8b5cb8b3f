"""Where tokens earn most: held against trying everything, and against the formula."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import RewardError
from workbench.rewards import network, placing
from workbench.rewards.formula import Node
from workbench.rewards.parameters import Parameters

NOW = Parameters(10**10, 2 * 10**10, 0, 0, 10, epochs_in_interval=1)
POINT = 2 * 10**9


def nodes_of(seed: int, count: int = 3) -> list[Node]:
    rng = random.Random(seed)
    return [
        Node(
            str(i),
            rng.randrange(0, POINT // 4),
            rng.randrange(0, 2 * POINT),
            margin=f"{rng.randrange(0, 40) / 100}",
            interval_cost_unym=rng.randrange(0, 4 * 10**6),
            performance=f"{rng.randrange(50, 101) / 100}",
        )
        for i in range(count)
    ]


@pytest.mark.parametrize("seed", range(8))
def test_the_best_placement_is_that_of_trying_every_spread(seed):
    nodes, tokens, parts = nodes_of(seed), 10**9, 8
    part = tokens // parts

    def pay(spread):
        return sum(
            placing.pay_of(NOW, node, count * part)
            for node, count in zip(nodes, spread, strict=True)
        )

    tried = max(
        pay(spread)
        for spread in itertools.product(range(parts + 1), repeat=3)
        if sum(spread) == parts
    )
    best = placing.best_placement(NOW, nodes, tokens, parts)
    assert best.pay_unym == pytest.approx(tried, rel=1e-12)
    assert sum(best.amounts_unym) == tokens
    assert pay([amount // part for amount in best.amounts_unym]) == pytest.approx(tried)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 3 * POINT))
def test_a_newcomers_pay_is_its_part_of_the_split(seed, amount):
    node = nodes_of(seed, 1)[0]
    joined = placing.with_more(node, amount)
    assert joined.stake_unym == node.stake_unym + amount
    parts = network.split(network.node_reward(NOW, joined), joined, 1)
    wanted = float(parts.delegates_unym) * amount / float(joined.delegates_unym)
    assert placing.pay_of(NOW, node, amount) == pytest.approx(wanted, rel=1e-9)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 12))
def test_a_crowd_loses_no_token_and_leaves_what_stays(seed, moves):
    nodes = nodes_of(seed, 4)
    stays = [int(float(node.delegates_unym)) // 2 for node in nodes]
    moved = placing.crowd(NOW, nodes, POINT // 20, moves, stays)
    assert sum(moved) == 0
    for node, change, kept in zip(nodes, moved, stays, strict=True):
        assert float(node.delegates_unym) + change >= kept
    assert sum(abs(change) for change in moved) <= 2 * moves * (POINT // 20)


def test_the_crowd_equals_what_nodes_alike_pay():
    nodes = [Node("a", 0, 3 * POINT), Node("b", 0, POINT), Node("c", 0, POINT)]
    moved = placing.crowd(NOW, nodes, POINT // 100, 1_000)
    stakes = [float(n.delegates_unym) + change for n, change in zip(nodes, moved, strict=True)]
    assert max(stakes) - min(stakes) <= POINT / 50


def test_bad_input_is_our_error():
    node = nodes_of(1, 1)
    for bad in (
        lambda: placing.best_placement(NOW, [], 100),
        lambda: placing.best_placement(NOW, node, 101, 2),
        lambda: placing.best_placement(NOW, node, -2, 2),
        lambda: placing.best_placement(NOW, node, 100, 0),
        lambda: placing.crowd(NOW, [], 1, 1),
        lambda: placing.crowd(NOW, node, 0, 1),
        lambda: placing.crowd(NOW, node, 1, -1),
        lambda: placing.crowd(NOW, node, 1, 1, [0, 0]),
        lambda: placing.with_more(node[0], -1),
        lambda: placing.delegate_return("x", node[0]),
    ):
        with pytest.raises(RewardError):
            bad()
