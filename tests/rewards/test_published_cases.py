"""Every published case, figure by figure; their origins are named in published_cases.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from workbench.rewards import parameters as history
from workbench.rewards import selection
from workbench.rewards.fixed import Fixed
from workbench.rewards.network import Network, Node, Parameters, Role, node_reward

CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "published_cases.json").read_text(encoding="utf-8")
)["vectors"]
NYM = 10**6


def assert_close(got: Fixed, expected: str, tolerance: str) -> None:
    gap = abs(got.atomics - Fixed(expected).atomics)
    assert gap <= Fixed(tolerance).atomics, f"{got} is not {expected}"


def simulator(inputs: dict[str, Any]) -> Network:
    """The published simulator's network: one node that is active in every epoch."""
    parameters = Parameters(
        inputs["reward_pool"],
        inputs["staking_supply"],
        entry=20,
        exit=inputs["active"] - 50,
        mix=30,
        standby=inputs["standby"],
        supply_scale=inputs["scale_factor"],
        emission=inputs["emission"],
        alpha=inputs["alpha"],
        work_factor=inputs["active_set_work_factor"],
        epochs_in_interval=inputs["epochs_in_interval"],
    )
    assert parameters.rewarded_nodes == inputs["k"]
    node = Node(
        "node",
        inputs.get("pledge", 10**10),
        margin=inputs["profit_margin"],
        interval_cost_unym=inputs["interval_operating_cost"],
        performance=inputs.get("performance", 1),
    )
    network = Network(parameters, [node])
    for delegator, amount in inputs.get("delegations", {}).items():
        network.delegate(delegator, "node", amount)
    return network


def ids(prefix: str) -> Any:
    chosen = [case for case in CASES if case["id"].startswith(prefix)]
    return pytest.mark.parametrize("case", chosen, ids=[case["id"] for case in chosen])


def one(case_id: str) -> dict[str, Any]:
    return next(case for case in CASES if case["id"] == case_id)


def test_no_published_case_is_left_out() -> None:
    prefixes = ("docs_alpha", "docs_selection", "docs_version", "live_2", "live_rollover")
    by_hand = {
        "base_case_no_delegation",
        "single_delegation_at_genesis",
        "delegate_after_epoch1_three_epochs",
        "undelegate_truncated_payout",
        "operator_withdraws_between_epochs",
    }
    assert len(CASES) == 35
    assert {case["id"] for case in CASES if not case["id"].startswith(prefixes)} == by_hand


@pytest.mark.parametrize("name", ["base_case_no_delegation", "single_delegation_at_genesis"])
def test_one_epoch_pays_what_the_simulator_pays(name: str) -> None:
    case = one(name)
    network = simulator(case["inputs"])
    payment = network.advance_epoch().payments["node"]
    expected, tolerance = case["expected"], case["tolerance"]
    assert_close(payment.operator_unym, expected["operator"], tolerance)
    assert_close(payment.delegates_unym, expected["delegates"], tolerance)
    if "alice_total" in expected:
        pending = network.pending_reward("alice", "node")
        assert_close(pending, expected["alice_total"], tolerance)


def test_a_delegator_who_joins_later_earns_from_then_on_and_leaves_with_whole_unym() -> None:
    case = one("delegate_after_epoch1_three_epochs")
    last = one("undelegate_truncated_payout")
    expected, tolerance = case["expected"], case["tolerance"]
    network = simulator(case["inputs"])
    first = network.advance_epoch().payments["node"]
    network.delegate("alice", "node", 18 * 10**9)
    second, third = (network.advance_epoch().payments["node"] for _ in range(2))
    assert_close(first.operator_unym, expected["e1_operator"], tolerance)
    assert_close(second.operator_unym, expected["e2_operator"], tolerance)
    assert_close(second.delegates_unym, expected["e2_delegates"], tolerance)
    assert_close(third.operator_unym, expected["e3_operator"], tolerance)
    assert_close(third.delegates_unym, expected["e3_delegates"], tolerance)

    payout = network.undelegate("alice", "node")
    node = network.nodes["node"]
    assert payout.stake_unym == 18 * 10**9
    assert payout.reward_unym == int(last["expected"]["alice_reward_truncated"])
    assert_close(node.operator_unym, last["expected"]["final_operator"], last["tolerance"])
    assert node.delegates_unym == Fixed(last["expected"]["final_delegates"])


def test_an_operator_who_withdraws_stops_compounding() -> None:
    case = one("operator_withdraws_between_epochs")
    expected, tolerance = case["expected"], case["tolerance"]
    network = simulator(case["inputs"])
    first = network.advance_epoch().payments["node"]
    assert network.withdraw_operator("node") == 1_411_087
    assert network.nodes["node"].operator_unym == Fixed(10**10)
    second = network.advance_epoch().payments["node"]
    assert_close(first.operator_unym, expected["e1_operator"], tolerance)
    assert_close(first.delegates_unym, expected["e1_delegates"], tolerance)
    assert_close(second.operator_unym, expected["e2_operator"], tolerance)
    assert_close(second.delegates_unym, expected["e2_delegates"], tolerance)


def test_a_delegator_who_withdraws_stops_compounding() -> None:
    """nymtech/nym, simulator/mod.rs, test `withdrawing_delegator_reward`."""
    network = simulator(one("operator_withdraws_between_epochs")["inputs"])
    network.advance_epoch()
    assert network.withdraw("alice", "node") == 1_799_968
    second = network.advance_epoch().payments["node"]
    assert_close(second.operator_unym, "1411250.1907492676", "0.00000001")
    assert_close(second.delegates_unym, "2200004.051009689", "0.00000001")
    assert network.withdraw("alice", "node") == 1_799_970
    assert network.withdraw("bob", "node") == int(399992.91497975704 + 400033.4627055114)


@ids("docs_alpha")
def test_a_larger_pledge_raises_the_reward_as_documented(case: dict[str, Any]) -> None:
    inputs = case["inputs"]
    # B = pool / 720 * 0.02 and Z = supply / k, turned round; in NYM as the document has it.
    parameters = Parameters(
        inputs["budget"] * 720 * 50,
        inputs["saturation_point"] * inputs["k"],
        entry=80,
        exit=100,
        mix=60,
        alpha=inputs["alpha"],
    )
    assert parameters.epoch_budget_unym == Fixed(inputs["budget"])
    node = Node(
        "node",
        inputs["bond"],
        delegates_unym=inputs["saturation"] * inputs["saturation_point"] - inputs["bond"],
        performance=inputs["performance"],
    )
    assert_close(node_reward(parameters, node), case["expected"]["node_reward"], case["tolerance"])


@ids("docs_selection")
def test_the_weight_in_the_draw_is_as_documented(case: dict[str, Any]) -> None:
    inputs = case["inputs"]
    got = selection.weight(
        float(inputs["saturation"]), float(inputs["performance"]), exponent=inputs["exponent"]
    )
    assert got == pytest.approx(float(case["expected"]["weight"]), abs=float(case["tolerance"]))


@ids("docs_version")
def test_an_old_version_scores_as_documented(case: dict[str, Any]) -> None:
    inputs = case["inputs"]
    behind = {1: "patches", 10: "minors", 100: "majors"}[inputs["weight"]]
    got = selection.config_score(**{behind: inputs["versions_behind"]})
    assert got == pytest.approx(float(case["expected"]["score"]), abs=float(case["tolerance"]))


@ids("live_2")
def test_budget_and_saturation_point_are_those_of_the_live_network(case: dict[str, Any]) -> None:
    inputs, expected, tolerance = case["inputs"], case["expected"], case["tolerance"]
    places = inputs["rewarded_set"]
    parameters = Parameters(
        inputs["reward_pool"],
        inputs["staking_supply"],
        entry=places["entry_gateways"],
        exit=places["exit_gateways"],
        mix=places["mixnodes"],
        standby=places["standby"],
        supply_scale=inputs["scale"],
        emission=inputs["emission"],
        epochs_in_interval=inputs["epochs_in_interval"],
    )
    assert_close(parameters.epoch_budget_unym, expected["epoch_reward_budget"], tolerance)
    assert_close(parameters.saturation_point_unym, expected["stake_saturation_point"], tolerance)
    # The package carries the same row by date.
    assert history.at(case["id"].removeprefix("live_")) == parameters


@ids("live_rollover")
def test_what_leaves_the_pool_joins_the_supply_scaled(case: dict[str, Any]) -> None:
    inputs = case["inputs"]
    before = Parameters(
        inputs["pool_before"], inputs["supply_before"], 80, 100, 60, supply_scale=inputs["scale"]
    )
    paid = before.reward_pool_unym - Fixed(inputs["pool_after"])
    after = before.after_interval(paid)
    assert after.reward_pool_unym == Fixed(inputs["pool_after"])
    assert_close(after.staking_supply_unym, case["expected"]["supply_after"], case["tolerance"])


# nymtech/nym, simulator/mod.rs, test `multiple_nodes_against_known_values`: ten nodes, 23
# intervals of one epoch. Pledge and delegation in NYM, margin, cost in NYM, performance,
# role; then operator and delegates at the end in unym.
TEN_NODES = [
    (11e6, 1e6, "0.1", 40, 1, Role.ENTRY, "24307061704726.808", "2031528592775.6752"),
    (1e6, 11e6, "0.1", 40, 1, Role.EXIT, "3544171010629.92", "20854154351479.96"),
    (1e6, 9e6, "0.1", 40, 1, Role.EXIT, "3781120900089.8865", "18634530734287.53"),
    (1e6, 7e6, "0", 500, "0.9", Role.MIX, "2313562111772.3165", "16090515100131.858"),
    (1e3, 7.999e6, "0.1", 40, "0.9", Role.MIX, "1419679306492.7962", "16802494863659.93"),
    (1e6, 7e6, "0.1", 40, 0, Role.MIX, "1000000000000", "7000000000000"),
    (11e6, 1e6, "0.1", 40, 1, Role.STANDBY, "14114996375922.574", "1249173915284.053"),
    (1e6, 9e6, "0.1", 40, 1, Role.STANDBY, "1225564192694.3525", "9931461332688.53"),
    (1e6, 7e6, "0", 500, "0.9", Role.STANDBY, "1112319106593.8608", "7710855078658.264"),
    (1e6, 7e6, "0.1", 40, 0, Role.STANDBY, "1000000000000", "7000000000000"),
]


@pytest.mark.parametrize("order", [1, -1], ids=["in order", "reversed"])
def test_ten_nodes_over_23_intervals_end_where_the_simulator_ends(order: int) -> None:
    parameters = Parameters(
        250_000_000 * NYM, 100_000_000 * NYM, 1, 2, 3, standby=4, epochs_in_interval=1
    )
    nodes, delegations = [], {}
    for index, (pledge, delegation, margin, cost, performance, role, *_) in enumerate(TEN_NODES):
        nodes.append(
            Node(
                f"n{index}",
                int(pledge) * NYM,
                margin=margin,
                interval_cost_unym=cost * NYM,
                performance=performance,
                role=role,
            )
        )
        delegations[f"n{index}"] = int(delegation) * NYM
    network = Network(parameters, nodes[::order])
    for name, amount in delegations.items():
        network.delegate("delegator", name, amount)
    for _ in range(23):
        assert network.advance_epoch().ends_interval
    assert_close(network.parameters.reward_pool_unym, "184876811322111.7", "0.1")
    assert_close(network.parameters.staking_supply_unym, "165123188677888.3", "0.1")
    for index, row in enumerate(TEN_NODES):
        node = network.nodes[f"n{index}"]
        assert_close(node.operator_unym, row[6], "0.1")
        assert_close(node.delegates_unym, row[7], "0.1")
