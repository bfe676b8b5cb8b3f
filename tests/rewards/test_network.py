"""The network's bookkeeping: what must hold whoever joins, leaves and withdraws when."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import RewardError
from workbench.rewards.fixed import ONE, ZERO, Fixed
from workbench.rewards.network import (
    UNNAMED,
    Network,
    Node,
    OverSaturated,
    Parameters,
    Payout,
    Role,
    node_reward,
    saturation,
    split,
)

NYM = 10**6
PLACES = Parameters(250_000_000 * NYM, 100_000_000 * NYM, 2, 3, 4, standby=3, epochs_in_interval=4)
SHARES = st.decimals(0, 1, places=4)
AMOUNTS = st.integers(1, 30_000_000 * NYM)


def a_node(name: str, pledge: int, **others: Any) -> Node:
    return Node(name, pledge, interval_cost_unym=40 * NYM, margin="0.1", **others)


@st.composite
def networks(draw: st.DrawFn) -> Network:
    roles = draw(st.permutations([1, 1, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 0, 0]))
    nodes = [
        Node(
            f"n{index}",
            draw(st.integers(0, 20_000_000 * NYM)),
            draw(st.integers(0, 20_000_000 * NYM)),
            margin=draw(SHARES),
            interval_cost_unym=draw(st.integers(0, 100_000 * NYM)),
            performance=draw(SHARES),
            role=Role(role),
        )
        for index, role in enumerate(roles[: draw(st.integers(1, len(roles)))])
    ]
    return Network(PLACES, nodes)


@given(networks(), st.integers(1, 9))
@settings(max_examples=40, deadline=None)
def test_an_epoch_pays_at_most_its_budget_and_every_split_adds_up(
    network: Network, epochs: int
) -> None:
    for _ in range(epochs):
        before = network.parameters
        epoch = network.advance_epoch()
        assert epoch.budget_unym == before.epoch_budget_unym
        assert epoch.paid_unym <= epoch.budget_unym
        assert sum((p.reward_unym for p in epoch.payments.values()), ZERO) == epoch.paid_unym
        for payment in epoch.payments.values():
            assert payment.operator_unym + payment.delegates_unym == payment.reward_unym


@given(networks(), st.integers(1, 9), st.randoms(use_true_random=False))
@settings(max_examples=30, deadline=None)
def test_the_order_of_the_nodes_does_not_matter(network: Network, epochs: int, random: Any) -> None:
    mixed = list(network.nodes.values())
    random.shuffle(mixed)
    other = Network(PLACES, mixed)
    for _ in range(epochs):
        assert network.advance_epoch().payments == other.advance_epoch().payments
    assert network.nodes == other.nodes
    assert network.parameters == other.parameters


@given(AMOUNTS, AMOUNTS, SHARES, SHARES, SHARES, st.sampled_from(Role))
@settings(deadline=None)
def test_more_performance_never_pays_anyone_less(
    pledge: int, delegated: int, one: Any, other: Any, margin: Any, role: Role
) -> None:
    low, high = sorted((one, other))
    terms: dict[str, Any] = {"margin": margin, "interval_cost_unym": 10**9, "role": role}
    worse = Node("n", pledge, delegated, performance=low, **terms)
    better = Node("n", pledge, delegated, performance=high, **terms)
    low_reward, high_reward = node_reward(PLACES, worse), node_reward(PLACES, better)
    assert low_reward <= high_reward
    low_parts, high_parts = split(low_reward, worse), split(high_reward, better)
    # Each part is cut off by itself, so a millionth of a millionth may go either way.
    hair = Fixed("0.000001")
    assert low_parts.operator_unym <= high_parts.operator_unym + hair
    assert low_parts.delegates_unym <= high_parts.delegates_unym + hair


@pytest.mark.parametrize("still", [{"performance": 0}, {"role": Role.NONE}, {"work": 0}])
def test_without_performance_or_work_a_node_earns_nothing(still: dict[str, Any]) -> None:
    node = a_node("n", 10**12, delegates_unym=10**12, **still)
    assert node_reward(PLACES, node) == ZERO
    assert split(ZERO, node) == split(0, a_node("m", 0)), "a node without stake is no trouble"


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["epoch", "join", "leave", "withdraw", "operator", "pledge"]),
        st.sampled_from(["a", "b"]),
        st.sampled_from(["alice", "bob", "carol"]),
        AMOUNTS,
    ),
    max_size=25,
)


@given(ACTS)
@settings(max_examples=60, deadline=None)
def test_no_unym_appears_or_vanishes_but_the_dust_below_one(acts: list[Any]) -> None:
    """Stakes put in plus rewards paid equal what was taken out plus what is held."""
    network = Network(PLACES, [a_node("a", 10**10), a_node("b", 10**13)])
    put_in, taken_out, payouts = 10**10 + 10**13, 0, 0
    paid = ZERO
    for act, node, who, amount in acts:
        present = who in network.delegations(node)
        if act == "epoch":
            paid += network.advance_epoch().paid_unym
        elif act == "join":
            network.delegate(who, node, amount)
            put_in += amount
            payouts += present
        elif act == "pledge":
            network.pledge_more(node, amount)
            put_in += amount
        elif act == "operator":
            taken_out += network.withdraw_operator(node)
            payouts += 1
        elif present and act == "leave":
            taken_out += network.undelegate(who, node).total_unym
            payouts += 1
        elif present:
            taken_out += network.withdraw(who, node)
            payouts += 1
        for name, held in network.nodes.items():
            owed = sum(
                (
                    own.amount_unym + network.pending_reward(delegator, name)
                    for delegator, own in network.delegations(name).items()
                ),
                ZERO,
            )
            assert owed <= held.delegates_unym
            # What nobody can claim is the cut-off of T, well below a unym.
            assert held.delegates_unym - owed < Fixed("0.1")
    held_now = sum((node.stake_unym for node in network.nodes.values()), ZERO)
    gone = Fixed(put_in) + paid - Fixed(taken_out) - held_now
    assert gone <= Fixed(payouts), "each payout cuts off less than one unym"


def test_when_the_last_delegator_leaves_the_dust_goes_to_the_operator() -> None:
    network = Network(PLACES, [a_node("n", 10**10)])
    network.delegate("alice", "n", 3 * 10**9)
    network.delegate("bob", "n", 7 * 10**9 + 1)
    for _ in range(3):
        network.advance_epoch()
    network.undelegate("alice", "n")
    assert network.nodes["n"].delegates_unym > ZERO
    before = network.nodes["n"]
    owed = Fixed(7 * 10**9 + 1) + network.pending_reward("bob", "n")
    network.undelegate("bob", "n")
    after = network.nodes["n"]
    assert after.delegates_unym == ZERO
    assert after.operator_unym == before.operator_unym + (before.delegates_unym - owed)


def test_who_delegates_again_is_paid_out_and_starts_anew_with_it() -> None:
    network = Network(PLACES, [a_node("n", 10**10)])
    network.delegate("alice", "n", 10**10)
    network.delegate("bob", "n", 10**10)
    network.advance_epoch()
    earned = int(network.pending_reward("alice", "n"))
    network.delegate("alice", "n", 5)
    assert network.delegations("n")["alice"].amount_unym == Fixed(10**10 + earned + 5)
    assert network.pending_reward("alice", "n") == ZERO
    assert network.pending_reward("bob", "n") > ZERO


def test_an_interval_ends_after_its_epochs_and_only_then_sets_budget_and_saturation() -> None:
    network = Network(PLACES, [a_node("n", 10**13)])
    first = network.parameters
    epochs = [network.advance_epoch() for _ in range(4)]
    assert [epoch.ends_interval for epoch in epochs] == [False, False, False, True]
    assert [epoch.number for epoch in epochs] == [0, 1, 2, 3]
    paid = sum((epoch.paid_unym for epoch in epochs), ZERO)
    assert network.parameters == first.after_interval(paid)
    assert network.parameters.saturation_point_unym > first.saturation_point_unym
    assert network.paid_in_interval_unym == ZERO


def test_the_supply_scale_never_sets_the_saturation_point() -> None:
    scaled = Parameters(10**15, 240 * 10**12, 80, 100, 60, supply_scale="0.07342892")
    assert scaled.saturation_point_unym == Fixed(10**12)
    assert scaled.after_interval(0).saturation_point_unym == Fixed(10**12)


def test_without_a_standby_set_every_role_does_an_equal_share_of_the_work() -> None:
    even = Parameters(1, 240, 80, 100, 60)
    assert even.work(Role.ENTRY) == even.work(Role.MIX) == ONE / Fixed(240)
    uneven = Parameters(1, 240, 20, 50, 30, standby=140)
    assert uneven.work(Role.EXIT) == Fixed(10) * uneven.work(Role.STANDBY)
    assert uneven.works([0, 1, 4]).tolist() == [
        0.0,
        float(uneven.work(Role.ENTRY)),
        float(uneven.work(Role.STANDBY)),
    ]


def test_an_over_saturated_delegation_is_allowed_and_warned_about() -> None:
    network = Network(PLACES, [a_node("n", 10**12)])
    point = int(PLACES.saturation_point_unym)
    assert network.delegate("alice", "n", point // 2) is None
    warning = network.delegate("bob", "n", point)
    assert isinstance(warning, OverSaturated)
    assert warning.saturation == pytest.approx(1.5 + 10**12 / point)
    assert "lowers everybody's return" in warning.message
    assert network.advance_epoch().over_saturated == (warning,)
    assert saturation(PLACES, a_node("n", 0, delegates_unym=2 * point)) >= Fixed("1.999")


def test_delegating_beyond_saturation_lowers_everybodys_return() -> None:
    point = int(PLACES.saturation_point_unym)
    returns = []
    for stake in (point, 2 * point):
        node = a_node("n", 100 * NYM, delegates_unym=stake)
        earned = split(node_reward(PLACES, node), node).delegates_unym
        returns.append(float(earned) / stake)
    assert returns[1] == pytest.approx(returns[0] / 2, rel=1e-3)


def test_performances_and_roles_hold_until_they_are_set_again() -> None:
    network = Network(PLACES, [a_node("n", 10**12), a_node("m", 10**12)])
    usual = network.advance_epoch().payments["n"].reward_unym
    half = network.advance_epoch({"n": "0.5"}).payments
    again = network.advance_epoch(roles={"n": Role.STANDBY}).payments
    assert float(half["n"].reward_unym) == pytest.approx(float(usual) / 2, rel=3e-2)
    assert half["m"].reward_unym > half["n"].reward_unym
    assert again["n"].reward_unym < half["n"].reward_unym
    assert network.nodes["n"].performance == Fixed("0.5")


def test_a_node_that_leaves_pays_everyone_out_in_whole_unym() -> None:
    network = Network(PLACES, [a_node("n", 10**10, delegates_unym=10**9)])
    network.delegate("alice", "n", 10**10)
    assert set(network.delegations("n")) == {UNNAMED, "alice"}
    paid = network.advance_epoch().paid_unym
    payout = network.unbond("n")
    assert isinstance(payout, Payout)
    assert payout.stake_unym == 2 * 10**10 + 10**9
    assert int(paid) - 2 <= payout.reward_unym <= int(paid)
    assert not network.nodes


def test_terms_change_from_the_next_epoch_on() -> None:
    network = Network(PLACES, [a_node("n", 10**10, delegates_unym=10**12)])
    low = network.advance_epoch().payments["n"]
    network.set_terms("n", margin=1)
    high = network.advance_epoch().payments["n"]
    assert low.delegates_unym > ZERO
    assert high.delegates_unym == ZERO


def test_refusals_say_what_was_expected_and_change_nothing() -> None:
    nodes = [a_node(f"n{index}", 10**12, role=Role.ENTRY) for index in range(8)]
    network = Network(PLACES, nodes)
    network.delegate("alice", "n0", 10**9)
    before = (network.nodes, network.parameters, network.epoch)
    refused: list[tuple[str, Any]] = [
        ("already a node", lambda: network.bond(nodes[0])),
        ("no node named", lambda: network.delegate("alice", "x", 1)),
        ("above 0", lambda: network.delegate("alice", "n0", 0)),
        ("whole number", lambda: network.delegate("alice", "n0", "1.5")),
        ("finite number", lambda: network.delegate("alice", "n0", -1)),
        ("at least one letter", lambda: network.delegate("", "n0", 1)),
        ("no delegation", lambda: network.undelegate("bob", "n0")),
        ("no delegation", lambda: network.withdraw("alice", "n1")),
        ("no node named", lambda: network.withdraw_operator("x")),
        ("performance", lambda: network.advance_epoch({"n0": "1.01"})),
        ("no node named", lambda: network.advance_epoch({"x": 1})),
        ("role", lambda: network.advance_epoch(roles={"n0": 9})),  # type: ignore[dict-item]
        ("map names", lambda: network.advance_epoch([1.0])),  # type: ignore[arg-type]
        ("margin", lambda: network.set_terms("n0", margin=2)),
        ("expected Parameters", lambda: Network(None, [])),  # type: ignore[arg-type]
        ("expected a Node", lambda: Network(PLACES, [1])),  # type: ignore[list-item]
        ("expected Parameters", lambda: node_reward(1, nodes[0])),  # type: ignore[arg-type]
        ("expected a Node", lambda: node_reward(PLACES, "n0")),  # type: ignore[arg-type]
        ("expected a Node", lambda: split(1, None)),  # type: ignore[arg-type]
        ("expected a Node", lambda: saturation(PLACES, 0)),  # type: ignore[arg-type]
        ("epochs_in_interval", lambda: split(1, nodes[0], 0)),
        ("reward_unym", lambda: split(-1, nodes[0])),
        ("several nodes", lambda: Network(PLACES, 1)),  # type: ignore[arg-type]
    ]
    for match, act in refused:
        with pytest.raises(RewardError, match=match):
            act()
    assert (network.nodes, network.parameters, network.epoch) == before


def test_work_beyond_one_and_places_beyond_k_are_refused() -> None:
    nodes = [a_node(f"n{index}", 10**12, work="0.3") for index in range(4)]
    with pytest.raises(RewardError, match=r"add up to at most 1; they add up to 1\.2"):
        Network(PLACES, nodes).advance_epoch()
    crowd = [a_node(f"n{index}", 10**12, work="0.01") for index in range(13)]
    with pytest.raises(RewardError, match="13 nodes have work, but only 12"):
        Network(PLACES, crowd).advance_epoch()


@pytest.mark.parametrize(
    "bad",
    [
        {"entry": 0, "exit": 0, "mix": 0},
        {"entry": -1},
        {"mix": 1.5},
        {"standby": True},
        {"staking_supply_unym": 0},
        {"staking_supply_unym": -1},
        {"reward_pool_unym": "nan"},
        {"alpha": "1.1"},
        {"emission": 2},
        {"supply_scale": -1},
        {"work_factor": "0.5"},
        {"epochs_in_interval": 0},
    ],
)
def test_bad_parameters_are_refused(bad: dict[str, Any]) -> None:
    good: dict[str, Any] = {
        "reward_pool_unym": 1, "staking_supply_unym": 10, "entry": 1, "exit": 1, "mix": 1,
    }  # fmt: skip
    Parameters(**good)
    with pytest.raises(RewardError):
        Parameters(**{**good, **bad})


@given(st.lists(st.one_of(st.none(), st.text(max_size=3), st.floats(), st.integers(),
                          st.booleans()), min_size=10, max_size=10))  # fmt: skip
@settings(deadline=None)
def test_whatever_is_given_only_our_own_error_leaves(values: list[Any]) -> None:
    for build in (Node, Parameters):
        with contextlib.suppress(RewardError):
            build(*values)
