"""The loop: deterministic, resumable, turned while it runs, and honest about its sample."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from workbench.errors import ScenarioError, SimulationError
from workbench.rewards import selection
from workbench.rewards.parameters import Role
from workbench.scenario import Scenario
from workbench.system import EpochTable, LiveSystem, SystemScenario, run_system
from workbench.system.table import COLUMNS


def same(one: EpochTable, other: EpochTable) -> bool:
    return all(np.array_equal(one[name], other[name], equal_nan=True) for name in COLUMNS)


def test_the_same_setting_gives_the_same_table_and_another_seed_another(quick):
    first, again = run_system(quick, 6), run_system(quick, 6)
    assert same(first, again)
    assert not same(first, run_system(quick.replace(seed=1), 6))


def test_a_live_network_and_a_run_are_one_and_the_same(quick):
    turns = {2: {"clients": 40}, 4: {"saturation": "off", "faults": ((1, 0.5),)}}
    live = LiveSystem(quick)
    for epoch in range(6):
        if epoch in turns:
            live.set(**turns[epoch])
        frame = live.advance()
        assert frame.row.epoch == epoch
    assert same(live.table, run_system(quick, 6, turns=turns))


def test_performance_is_what_the_engine_dropped_in_that_epoch_and_nothing_else(quick):
    faulty = quick.replace(faults=((0, 0.3), (5, 0.1)), capacity_per_s=160.0)
    live = LiveSystem(faulty.replace(entry_activation=0.0))  # nobody closes a node
    for _ in range(5):
        frame = live.advance()
        assert (frame.sampled > 0).all()
        expected = 1.0 - frame.drops / frame.sampled
        assert np.array_equal(frame.performances, expected)
        active = frame.places.ravel()
        dropped = frame.drops[active].sum()
        assert dropped == round(frame.row.dropped_share * frame.row.sent)
        likely = (frame.drops + 1) / (frame.sampled + 2)
        errors = np.sqrt(likely * (1 - likely) / frame.sampled)
        assert np.allclose(frame.performance_errors, errors)


def test_a_node_that_no_packet_tried_keeps_its_last_measurement_and_says_so(quick):
    live = LiveSystem(quick.replace(probes_per_node=0, faults=((0, 0.5),)))
    before = np.ones(quick.nodes)
    for _ in range(4):
        frame = live.advance()
        untried = frame.sampled == 0
        assert untried.sum() == quick.nodes - frame.row.active
        assert np.array_equal(frame.performances[untried], before[untried])
        assert np.isnan(frame.performance_errors[untried]).all()
        before = frame.performances


def test_the_draw_weighs_stake_and_the_last_performance_to_the_twentieth(quick):
    live = LiveSystem(quick.replace(faults=((2, 0.2),)))
    first = live.advance()
    second = live.advance()
    full = np.minimum(1.0, first.saturations)
    assert np.allclose(second.weights, selection.weight(full, first.performances))
    assert set(second.places.ravel()) == set(np.flatnonzero(second.roles == Role.MIX))
    assert len(np.unique(second.places)) == second.places.size


def test_only_nodes_that_were_drawn_are_paid_and_never_beyond_the_budget(quick):
    live = LiveSystem(quick)
    for _ in range(5):
        frame = live.advance()
        assert (frame.rewards_nym[frame.roles == Role.NONE] == 0.0).all()
        assert frame.rewards_nym.sum() == pytest.approx(frame.row.paid_nym)
        assert 0.0 < frame.row.paid_nym <= frame.row.budget_nym


def test_stake_is_neither_made_nor_lost_when_it_moves(quick):
    """What is staked grows by the pay alone (and loses less than a unym a move)."""
    live = LiveSystem(quick.replace(activation=0.5, noise=1.0, inertia=0.0))
    staked = quick.staking_supply_nym * quick.staked_share
    for _ in range(6):
        frame = live.advance()
        staked += frame.row.paid_nym
        held = frame.pledges_nym.sum() + frame.delegations_nym.sum()
        assert held == pytest.approx(staked, abs=1e-6 * (frame.row.moves + 200))
    assert live.table.moves.sum() > 20


def test_knobs_turn_while_it_runs(quick):
    live = LiveSystem(quick)
    live.advance()
    assert live.set(clients=20, delay_s=0.03, alpha=0.1) == ("delay_s", "alpha")
    assert live.set(margin=0.4, cost_nym=5.0) == ("margin", "cost_nym")
    live.set(operator_activation=0.0)
    frame = live.advance()
    assert (frame.margins == 0.4).all()
    assert frame.row.latency_mean_s > 0.08
    for knobs in (
        {"nodes": 30},
        {"seed": 4},
        {"layers": 2},
        {"width": 2},
        {"popular": ((1, 2.0),)},
    ):
        with pytest.raises(ScenarioError, match="makes another network"):
            live.set(**knobs)
    with pytest.raises(ScenarioError, match="unknown knob"):
        live.set(speed=3)
    assert live.setting.traffic.delay_s == 0.03


def test_fewer_places_make_the_network_narrower_at_once(quick):
    live = LiveSystem(quick)
    live.advance()
    live.set(rewarded_nodes=9, width_step=0)
    row = live.advance().row
    assert (row.width, row.active, row.standby) == (3, 9, 0)


def test_a_network_of_dead_nodes_has_no_width_and_pays_nothing(quick):
    live = LiveSystem(quick.replace(mix_loss=1.0))
    row = live.advance().row
    assert row.dropped_share == 1.0
    while row.width and live.epoch < 20:  # nodes behind dead ones are measured later
        row = live.advance().row
    assert row.width == 0
    row = live.advance().row
    assert row.unfilled == quick.rewarded_nodes
    assert row.paid_nym == 0.0
    assert np.isnan(row.entropy_median_bits)
    live.set(mix_loss=0.0)  # test packets find the repaired nodes
    live.advance()
    assert live.advance().row.width >= 1


def test_the_table_reads_back_from_csv(quick, tmp_path):
    table = run_system(quick, 3)
    table.to_csv(tmp_path / "epochs.csv")
    with open(tmp_path / "epochs.csv", newline="") as file:
        head, *rows = list(csv.reader(file))
    assert tuple(head) == COLUMNS
    for number, row in enumerate(rows):
        for name, text in zip(head, row, strict=True):
            assert np.array_equal(float(text), table[name][number], equal_nan=True), name
    assert table.width is table["width"]
    assert len(dict(table)) == len(COLUMNS)
    with pytest.raises(SimulationError, match="cannot write"):
        table.to_csv(tmp_path)
    with pytest.raises(SimulationError, match="no column"):
        table["wdith"]


def test_progress_is_told_and_can_stop(quick):
    seen = []
    run_system(quick, 4, progress=seen.append)
    assert seen == [0.25, 0.5, 0.75, 1.0]
    live = LiveSystem(quick)
    with pytest.raises(SimulationError, match="stopped by its progress callback at 50 %"):
        run_system(live, 4, progress=lambda share: share < 0.5)
    assert live.epoch == 2
    run_system(live, 2)
    assert same(live.table, run_system(quick, 4))


@pytest.mark.parametrize("epochs", [-1, 2.0, True, "3", None, 10**7])
def test_epochs_must_be_a_whole_number_in_range(quick, epochs):
    with pytest.raises(SimulationError, match="epochs must be"):
        run_system(quick, epochs)


@pytest.mark.parametrize("turns", [3, {"a": {}}, {1: 5}, {-1: {}}, {1: {2: 3}}])
def test_turns_must_map_epochs_to_knobs(quick, turns):
    with pytest.raises(SimulationError, match="turns must map epochs to knobs"):
        run_system(quick, 1, turns=turns)


def test_only_a_system_scenario_starts_a_network():
    with pytest.raises(ScenarioError, match="needs a SystemScenario"):
        LiveSystem(3)


def test_a_month_ends_the_interval_and_moves_the_saturation_point():
    tiny = SystemScenario(
        traffic=Scenario(clients=1, width=1, delay_s=0.0, capacity_per_s=100.0),
        nodes=6,
        rewarded_nodes=6,
        operators=6,
        delegators=5,
        sample_s=0.01,
        targets=0,
        probes_per_node=1,
    )
    live = LiveSystem(tiny)
    live._network.epoch = 715  # near the month's end, to save waiting
    budgets = run_system(live, 7).budget_nym
    assert len(np.unique(budgets[:5])) == 1
    assert budgets[5] < budgets[4]
    assert budgets[6] == budgets[5]
