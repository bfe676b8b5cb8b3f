"""Players, rules, and what a state pays: against the paper's formula and a plain twin."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_game import Plain, Pool

from workbench.errors import RewardError, WorkbenchError
from workbench.rewards import paper
from workbench.rewards.game import Game, Players, Rules, State, draw_players, payoffs


def random_state(seed: int, **rules: object) -> State:
    """A state with pools, margins and delegations of every kind, not at rest at all."""
    rng = np.random.default_rng(seed)
    count, k = int(rng.integers(2, 9)), int(rng.integers(1, 5))
    stakes = rng.pareto(2.0, count) + 1
    players = Players(
        stakes / stakes.sum() * rng.choice([1.0, 0.8]),
        rng.uniform(0.0, 0.1 / k, count),
        rng.random(count) < 0.1,
    )
    given_rules = {"k": k, "alpha": float(rng.choice([0.0, 0.3, 1.0])), "max_pools": 3, **rules}
    game = Game(players, Rules(**given_rules))  # type: ignore[arg-type]
    counts = np.where(players.abstains, 0, rng.integers(0, 4, count) * (rng.random(count) < 0.5))
    owners = rng.permutation(np.repeat(np.arange(count), counts))
    pledges = players.stakes[owners] / np.maximum(1, counts[owners]) * rng.random(owners.size)
    margins = rng.random(owners.size) * rng.choice([0.0, 0.02, 1.0])
    free = players.stakes - np.bincount(owners, pledges, count)
    weights = rng.random((count, owners.size)) * (rng.random((count, owners.size)) < 0.4)
    weights[owners, np.arange(owners.size)] = 0.0
    weights[players.abstains] = 0.0
    total = weights.sum(axis=1, keepdims=True)
    delegations = np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)
    return State(game, owners, pledges, margins, delegations * (0.999 * free)[:, None])


def plain(state: State) -> Plain:
    rules, players = state.game.rules, state.game.players
    return Plain(
        players.stakes.tolist(),
        players.costs.tolist(),
        rules.k,
        rules.alpha,
        rules.reward_pot,
        rules.further_pool_cost,
        rules.max_pools,
        rules.saturation,
        players.abstains.tolist(),
        [
            Pool(int(owner), float(pledge), float(margin))
            for owner, pledge, margin in zip(
                state.pool_owners, state.pledges, state.margins, strict=True
            )
        ],
        [{p: float(a) for p, a in enumerate(row) if a > 0} for row in state.delegations],
    )


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**6), st.booleans())
def test_payoffs_and_rankings_are_those_of_the_definitions(seed: int, saturation: bool) -> None:
    state = random_state(seed, saturation=saturation)
    twin = plain(state)
    assert set(np.flatnonzero(state.expected_to_fill)) == twin.fills()
    np.testing.assert_allclose(state.standing_offers, twin.offers(), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(payoffs(state), twin.payoffs(), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(
        payoffs(state, "myopic"), twin.payoffs(myopic=True), rtol=1e-12, atol=1e-15
    )


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**6))
def test_myopic_pay_is_the_papers_and_never_beyond_the_pot(seed: int) -> None:
    state = random_state(seed, reward_pot=7.0)
    if not state.pool_owners.size:
        return
    game, rules = state.game, state.game.rules
    rewards = rules.pool_rewards(state.pool_stakes, state.pledges)
    parameters = paper.Parameters(rules.reward_pot, rules.k, 1.0, rules.alpha)
    direct = paper.node_reward(parameters, state.pledges, state.pool_stakes - state.pledges)
    np.testing.assert_allclose(rewards, direct, rtol=1e-12)
    assert rewards.sum() <= rules.reward_pot * (1 + 1e-12)
    total = payoffs(state, "myopic").sum()
    assert total == pytest.approx(rewards.sum() - state.pool_costs.sum(), rel=1e-9, abs=1e-12)
    assert total <= rules.reward_pot
    parts = paper.split(
        rewards,
        state.pledges,
        state.pool_stakes - state.pledges,
        state.pool_costs,
        state.margins,
    )
    operators = np.bincount(
        state.pool_owners, parts.operator - state.pool_costs, game.players.count
    )
    only_operators = state.delegations.sum(axis=1) == 0
    np.testing.assert_allclose(
        payoffs(state, "myopic")[only_operators], operators[only_operators], atol=1e-12
    )


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_the_numbering_of_players_and_pools_is_irrelevant(seed: int, shuffle: int) -> None:
    state = random_state(seed)
    rng = np.random.default_rng(shuffle)
    players = state.game.players
    order = rng.permutation(players.count)
    # An operator's own pools keep their order, which settles ties between them.
    pool_order = np.argsort(rng.random(players.count)[state.pool_owners], kind="stable")
    back = np.argsort(order)
    renamed = State(
        Game(
            Players(players.stakes[order], players.costs[order], players.abstains[order]),
            state.game.rules,
        ),
        back[state.pool_owners[pool_order]],
        state.pledges[pool_order],
        state.margins[pool_order],
        state.delegations[order][:, pool_order],
    )
    for view in ("myopic", "non_myopic"):
        np.testing.assert_allclose(
            payoffs(renamed, view),  # type: ignore[arg-type]
            payoffs(state, view)[order],  # type: ignore[arg-type]
            rtol=1e-12,
            atol=1e-15,
        )


def test_without_saturation_a_pool_earns_on_all_its_stake() -> None:
    capped, free = Rules(k=10, alpha=0.3), Rules(k=10, alpha=0.3, saturation=False)
    assert capped.pool_rewards(0.5, 0.02) == capped.pool_rewards(0.1, 0.02)
    assert free.pool_rewards(0.5, 0.02) == pytest.approx(5 * free.pool_rewards(0.1, 0.02))
    assert free.pool_rewards(1.0, 1.0) == pytest.approx(1.0)  # even then within the pot


def test_next_values_add_up_to_the_potential_of_all_pools() -> None:
    game = Game(draw_players(50, seed=2), Rules(k=5, max_pools=4))
    totals = game.potentials * np.arange(1, 5)
    np.testing.assert_allclose(np.cumsum(game.next_values[:, :4], axis=1), totals, rtol=1e-12)
    assert (game.next_values[:, 4] == 0).all()


def test_drawn_players_follow_the_seed_and_the_law() -> None:
    one, same, other = draw_players(2000, 4), draw_players(2000, 4), draw_players(2000, 5)
    assert (one.stakes == same.stakes).all()
    assert (one.stakes != other.stakes).any()
    assert one.stakes.sum() == pytest.approx(1.0)
    # A Pareto law of shape 2 has its median at sqrt(2) times the least, half the mean.
    assert np.median(one.stakes) / one.stakes.min() == pytest.approx(2**0.5, rel=0.05)
    assert one.costs.min() >= 1e-5
    assert one.costs.max() <= 1e-4


def test_an_operators_pools_share_its_costs() -> None:
    game = Game(Players([0.4, 0.6], [0.01, 0.02]), Rules(k=4, further_pool_cost=0.4))
    state = State(game, [0, 0, 0], [0.1] * 3, [0.0] * 3, np.zeros((2, 3)))
    assert state.pool_costs.sum() == pytest.approx(0.01 * 1.8)


def test_importing_the_game_loads_no_numba() -> None:
    code = (
        "import sys, workbench.rewards.game as g; assert 'numba' not in sys.modules; "
        "g.payoffs(g.State.empty(g.Game(g.draw_players(5), g.Rules(2)))); "
        "print('numba' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


GAME = Game(Players([0.5, 0.3, 0.2], [0.01] * 3, [False, False, True]), Rules(k=2, max_pools=2))


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Players([0.6, 0.6], [0, 0]), "at most 1"),
        (lambda: Players([0.6], [0, 0]), "same length"),
        (lambda: Players([], []), "1 or more"),
        (lambda: Players([-0.1], [0]), "0 or more"),
        (lambda: Players([0.1], [float("nan")]), "finite"),
        (lambda: Players([0.1], [0], [1]), "True or False"),
        (lambda: draw_players(0), "count"),
        (lambda: draw_players(5, cost_least=2.0, cost_most=1.0), "cost_least"),
        (lambda: draw_players(5, pareto_shape=0.0), "pareto_shape"),
        (lambda: Rules(k=0), "k must"),
        (lambda: Rules(k=2.5), "k must"),  # type: ignore[arg-type]
        (lambda: Rules(k=2, alpha=-1), "alpha"),
        (lambda: Rules(k=2, further_pool_cost=1.1), "further_pool_cost"),
        (lambda: Rules(k=2, max_pools=0), "max_pools"),
        (lambda: Rules(k=2, reward_pot=0), "reward_pot"),
        (lambda: Rules(k=2, saturation=1), "saturation"),  # type: ignore[arg-type]
        (lambda: replace(GAME.rules, k=-1), "k must"),
        (lambda: Game(GAME.players, None), "Players and Rules"),  # type: ignore[arg-type]
        (lambda: State(GAME, [3], [0.1], [0], np.zeros((3, 1))), "player numbers"),
        (lambda: State(GAME, [0.5], [0.1], [0], np.zeros((3, 1))), "player numbers"),
        (lambda: State(GAME, [0], [0.1], [1.5], np.zeros((3, 1))), r"\[0, 1\]"),
        (lambda: State(GAME, [0], [0.1, 0.2], [0.5], np.zeros((3, 1))), "shape"),
        (lambda: State(GAME, [0], [0.6], [0.5], np.zeros((3, 1))), "cannot spend"),
        (lambda: State(GAME, [0], [0.1], [0.5], [[0.1], [0], [0]]), "cannot delegate"),
        (lambda: State(GAME, [0] * 3, [0.1] * 3, [0] * 3, np.zeros((3, 3))), "at most 2"),
        (lambda: State(GAME, [0], [0.1], [0.5], [[0], [0], [0.1]]), "abstaining"),
        (lambda: State(GAME, [0], [0.1], [0.5], [[0], [-0.1], [0]]), "0 or more"),
        (lambda: State(None, [], [], [], [[]]), "belongs to a Game"),  # type: ignore[arg-type]
        (lambda: payoffs(State.empty(GAME), "today"), "view"),  # type: ignore[arg-type]
    ],
)
def test_bad_input_is_refused_with_what_was_expected(make: object, says: str) -> None:
    with pytest.raises(RewardError, match=says):
        make()  # type: ignore[operator]


ANY = st.one_of(
    st.none(), st.text(max_size=3), st.booleans(), st.integers(-3, 3), st.floats(), st.just([[]]),
    st.lists(st.floats(), max_size=3), st.lists(st.integers(-2, 4), max_size=3),
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(ANY, ANY, ANY, ANY)
def test_nothing_but_our_own_errors_leaves(a: object, b: object, c: object, d: object) -> None:
    for make in (
        lambda: Players(a, b, c),  # type: ignore[arg-type]
        lambda: Rules(a, b, c, d),  # type: ignore[arg-type]
        lambda: State(GAME, a, b, c, d),  # type: ignore[arg-type]
        lambda: draw_players(5, a, b, c),  # type: ignore[arg-type]
        lambda: payoffs(State.empty(GAME), a),  # type: ignore[arg-type]
    ):
        with contextlib.suppress(WorkbenchError):
            make()
