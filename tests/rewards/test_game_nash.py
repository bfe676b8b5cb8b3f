"""Best responses and Nash checks: each kind of move, its exact gain, and a plain twin."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_game import Plain, Pool

from workbench.errors import RewardError, WorkbenchError
from workbench.rewards.game import (
    Game,
    Players,
    Rules,
    State,
    best_response,
    draw_players,
    find_equilibrium,
    is_nash,
    payoffs,
)
from workbench.rewards.game.moves import moved


def small_state(seed: int, pools: float = 0.5) -> State:
    """A few players, two or three places, everything drawn at random."""
    rng = np.random.default_rng(seed)
    count, k = int(rng.integers(4, 8)), int(rng.integers(2, 4))
    players = draw_players(count, seed, cost_least=0.01, cost_most=0.1 / k)
    game = Game(players, Rules(k=k, alpha=float(rng.choice([0.0, 0.3])), max_pools=2))
    counts = (rng.random(count) < pools) * rng.integers(1, 3, count)
    owners = np.repeat(np.arange(count), counts)
    shares = rng.choice([1.0, 0.7], count)
    pledges = np.minimum(players.stakes / np.maximum(1, counts), 1 / k)[owners] * shares[owners]
    weights = rng.random((count, owners.size))
    weights[owners, np.arange(owners.size)] = 0.0
    total = weights.sum(axis=1, keepdims=True)
    free = players.stakes - np.bincount(owners, pledges, count)
    part = np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)
    margins = rng.choice([0.0, 0.05, 0.5], owners.size) * rng.random(owners.size)
    return State(game, owners, pledges, margins, part * (0.999 * free)[:, None])


def plain(state: State) -> Plain:
    rules, players = state.game.rules, state.game.players
    pools = zip(state.pool_owners, state.pledges, state.margins, strict=True)
    return Plain(
        players.stakes.tolist(),
        players.costs.tolist(),
        rules.k,
        rules.alpha,
        most=rules.max_pools,
        pools=[Pool(int(owner), float(pledge), float(margin)) for owner, pledge, margin in pools],
        given=[{p: float(a) for p, a in enumerate(row) if a > 0} for row in state.delegations],
    )


@pytest.mark.parametrize("seed", range(12))
def test_no_declared_move_beats_the_best_response(seed: int) -> None:
    state = small_state(seed)
    twin = plain(state)
    check = is_nash(state, margins=[0.0, 0.1, 0.5, 1.0], pledges=[1.0, 0.5])
    current = payoffs(state)
    for player in range(state.game.players.count):
        tried = twin.best_of_all(player, grid=[0.0, 0.1, 0.5, 1.0], shares=[1.0, 0.5])
        # The twin delegates in pieces, so it may fall short of the best, never beyond.
        assert tried <= current[player] + check.gains[player] + 1e-12
        move = best_response(state, player, margins=[0.0, 0.1, 0.5, 1.0], pledges=[1.0, 0.5])
        assert move.gain == pytest.approx(check.gains[player], abs=2e-10)
        assert plain(move.after).payoffs()[player] == pytest.approx(move.pay_after, rel=1e-12)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6))
def test_taking_the_deviation_gains_exactly_what_was_said(seed: int) -> None:
    state = small_state(seed)
    check = is_nash(state)
    if check.deviation is None:
        return
    move = check.deviation
    gain = payoffs(move.after)[move.player] - payoffs(state)[move.player]
    assert gain == move.gain == pytest.approx(check.gains.max(), rel=1e-9)
    assert gain > check.tolerance
    # Nobody else was moved: all that changed is this player's, or went with a closed pool.
    own = state.pool_owners == move.player
    after = move.after.pool_owners == move.player
    np.testing.assert_array_equal(state.pledges[~own], move.after.pledges[~after])
    np.testing.assert_array_equal(state.margins[~own], move.after.margins[~after])
    others = np.arange(state.game.players.count) != move.player
    np.testing.assert_array_equal(
        state.delegations[others][:, ~own], move.after.delegations[others][:, ~after]
    )
    # And afterwards this player has nothing better to do.
    assert best_response(move.after, move.player).gain <= 3 * check.tolerance + 1e-9


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_no_random_spread_beats_the_best_one(seed: int, draw: int) -> None:
    state = small_state(seed, pools=0.7)
    rng = np.random.default_rng(draw)
    for player in np.flatnonzero(state.pool_counts == 0):
        best = best_response(state, int(player), margins=[0.0], pledges=[0.0])
        fills = np.flatnonzero(state.expected_to_fill)
        if not fills.size:
            continue
        for _ in range(30):
            row = np.zeros(state.pool_owners.size)
            shares = rng.dirichlet(np.full(fills.size, rng.choice([0.2, 1.0])))
            row[fills] = shares * state.game.players.stakes[player] * (1 - 1e-12)
            other = moved(state, int(player), 0, 0.0, None, row)
            assert payoffs(other)[player] <= best.pay_after + best.before.game.rules.tie + 1e-9


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_a_hundred_times_finer_grid_finds_no_better_margin(seed: int) -> None:
    state = small_state(seed)
    coarse = is_nash(state, margins=[0.0, 1.0], pledges=[1.0])
    fine = is_nash(state, margins=np.linspace(0, 1, 2001), pledges=[1.0])
    # To be just ahead costs two ties of desirability a pool; nothing else may be lost.
    slack = 4 * state.game.rules.max_pools * state.game.rules.tie
    assert (fine.gains <= coarse.gains + slack).all()


# ---- one state for each kind of move


def resting() -> State:
    found = find_equilibrium(draw_players(60, seed=5), Rules(k=6))
    assert found
    return found.state


def altered(state: State, **changes: object) -> State:
    parts = {
        name: changes.get(name, getattr(state, name))
        for name in ("pool_owners", "pledges", "margins", "delegations")
    }
    return State(state.game, **parts)  # type: ignore[arg-type]


def test_a_margin_too_high_or_too_low_is_put_right() -> None:
    state = resting()
    for change in (0.01, -0.01):
        margins = np.array(state.margins)
        pool = int(np.argmax(margins))
        margins[pool] += change
        check = is_nash(altered(state, margins=margins))
        assert not check
        move = check.deviation
        assert move is not None
        if change > 0:  # others see a place to win first, but the operator wants it back
            move = best_response(altered(state, margins=margins), int(state.pool_owners[pool]))
        assert move.kind == "margin"
        assert move.player == state.pool_owners[pool]
        assert move.gain > 0
        own = move.after.pool_owners == move.player
        np.testing.assert_allclose(move.after.margins[own], state.margins[pool], atol=1e-9)
        assert f"player {move.player} gains" in move.words


def test_a_delegator_leaves_an_oversaturated_pool_for_one_with_room() -> None:
    state = resting()
    delegations = np.array(state.delegations)
    player = int(np.flatnonzero(state.pool_counts == 0)[0])
    delegations[player] = 0.0
    full = int(np.argmin(state.delegations[player]))
    delegations[player, full] = state.game.players.stakes[player]
    move = best_response(altered(state, delegations=delegations), player)
    assert move.kind == "delegate"
    assert move.after.pool_stakes.max() <= 1 / 6 + 1e-12
    assert payoffs(move.after)[player] == pytest.approx(payoffs(state)[player], rel=1e-9)


def test_a_pool_without_prospects_is_closed() -> None:
    state = resting()
    small = int(np.argmin(state.game.players.stakes))
    assert state.pool_counts[small] == 0
    delegations = np.concatenate([state.delegations, np.zeros((60, 1))], axis=1)
    delegations[small] = 0.0
    opened = State(
        state.game,
        np.append(state.pool_owners, small),
        np.append(state.pledges, state.game.players.stakes[small]),
        np.append(state.margins, 0.0),
        delegations,
    )
    move = best_response(opened, small)
    assert move.kind == "close"
    assert is_nash(move.after)


def test_a_player_among_the_best_opens_a_pool() -> None:
    state = resting()
    best = int(np.argmax(state.game.potentials[:, 0]))
    closed = moved(state, best, 0, 0.0, 0.0, np.zeros(state.pool_owners.size))
    move = best_response(closed, best)
    assert move.kind in ("open", "split")
    assert move.after.pool_counts[best] == state.pool_counts[best]
    assert move.pay_after == pytest.approx(payoffs(state)[best], rel=1e-6)


def test_a_rich_operator_splits_and_one_with_too_many_pools_merges() -> None:
    stakes = np.array([0.4, *[0.03] * 20])
    game = Game(Players(stakes, np.full(21, 1e-3)), Rules(k=5))
    found = find_equilibrium(game)
    assert found
    assert found.state.pool_counts[0] == 2
    closed = moved(found.state, 0, 1, 0.0, 0.2, np.zeros(5))
    assert best_response(closed, 0).kind == "split"
    crowded = moved(found.state, 0, 5, 0.0, 0.08, np.zeros(5))
    assert best_response(crowded, 0).kind == "merge"


def test_who_pledges_too_little_pledges_more() -> None:
    state = resting()
    pool = int(np.argmin(state.pledges))
    pledges = np.array(state.pledges)
    pledges[pool] *= 0.5
    move = best_response(altered(state, pledges=pledges), int(state.pool_owners[pool]))
    assert move.kind == "pledge"
    own = move.after.pool_owners == move.player
    np.testing.assert_allclose(move.after.pledges[own], state.pledges[pool], rtol=1e-9)


def test_today_every_operator_would_raise_its_margin_to_one() -> None:
    """Why the paper looks beyond myopic pay: it has no equilibrium with delegations."""
    check = is_nash(resting(), view="myopic")
    assert not check
    assert check.deviation is not None
    assert check.deviation.kind == "margin"
    assert (check.deviation.after.margins == 1.0).any()


def test_without_standing_offers_in_reach_any_margin_would_do() -> None:
    # Two players for two places: no rival, so each keeps (almost) everything.
    game = Game(Players([0.5, 0.5], [0.01, 0.01]), Rules(k=2, max_pools=1))
    found = find_equilibrium(game)
    assert found
    assert (found.state.margins > 1 - 1e-9).all()


def test_only_those_asked_for_are_checked_and_abstainers_never() -> None:
    state = State.empty(Game(Players([0.5, 0.5], [0.01] * 2, [True, False]), Rules(k=2)))
    assert is_nash(state, players=[0])
    assert best_response(state, 0).kind == "stay"
    assert is_nash(state, players=[1]).gains[0] == 0
    assert not is_nash(state)
    assert "stays: nothing" in best_response(state, 0).words


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"view": "today"}, "view"),
        ({"players": [7]}, "players must be"),
        ({"players": [0.5]}, "player numbers"),
        ({"margins": [1.5]}, "margins"),
        ({"pledges": [-0.5]}, "pledges"),
        ({"tolerance": -1.0}, "tolerance"),
    ],
)
def test_bad_questions_are_refused(options: dict[str, object], says: str) -> None:
    state = State.empty(Game(Players([0.5, 0.5], [0.01] * 2), Rules(k=2)))
    with pytest.raises(RewardError, match=says):
        is_nash(state, **options)  # type: ignore[arg-type]


@settings(max_examples=100, deadline=None)
@given(
    st.one_of(st.none(), st.integers(-2, 3), st.floats(), st.text(max_size=2)),
    st.one_of(st.none(), st.lists(st.floats(-0.2, 1.2), max_size=3), st.text(max_size=2)),
)
def test_only_our_own_errors_leave(player: object, grid: object) -> None:
    state = State.empty(Game(Players([0.5, 0.5], [0.01] * 2), Rules(k=2)))
    try:
        best_response(state, player, margins=grid, pledges=grid)  # type: ignore[arg-type]
    except WorkbenchError:
        return


# ---- the equilibrium itself


@pytest.mark.parametrize("seed", range(10))
def test_one_pool_each_gives_the_papers_closed_form(seed: int) -> None:
    game = Game(draw_players(200, seed), Rules(k=20, max_pools=1))
    found = find_equilibrium(game)
    assert found
    assert found.refinements == 0
    state = found.state
    potentials = game.potentials[:, 0]
    order = np.argsort(-potentials)
    assert set(state.pool_owners) == set(order[:20])
    refused = potentials[order[20]]  # P_(k+1)
    np.testing.assert_allclose(
        state.margins, 1 - refused / potentials[state.pool_owners], rtol=1e-12
    )
    np.testing.assert_allclose(state.desirabilities, refused, rtol=1e-12)
    np.testing.assert_allclose(state.pool_stakes, 1 / 20, rtol=1e-12)
    # In equilibrium both views agree: everybody gets what it reckoned with.
    np.testing.assert_allclose(payoffs(state, "myopic"), payoffs(state), rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("seed", range(10))
def test_a_thousand_players_find_an_equilibrium_with_a_hundred_pools(seed: int) -> None:
    found = find_equilibrium(draw_players(1000, seed), Rules(k=100))
    assert found
    assert found.state.pool_owners.size == 100
    assert found.check is not None
    assert found.check.gains.max() <= 1e-11  # a billionth of a saturated pool's reward
    np.testing.assert_allclose(found.state.desirabilities, found.state.desirabilities[0])


def test_with_cheap_further_pools_and_no_alpha_no_equilibrium_is_found() -> None:
    found = find_equilibrium(draw_players(200, 1), Rules(k=20, alpha=0.0), max_refinements=20)
    assert not found
    assert found.check is not None
    assert found.check.deviation is not None
    assert found.check.deviation.gain > 0
    assert find_equilibrium(draw_players(200, 1), Rules(k=20, alpha=0.0, max_pools=1))


def test_a_small_state_can_be_repaired_by_best_responses() -> None:
    # Whoever has more stake than all places together: the construction alone is not enough.
    found = find_equilibrium(draw_players(200, 1), Rules(k=20, saturation=False))
    assert found
    assert found.refinements > 0
    assert np.unique(found.state.pool_owners).size == 1


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 30), st.integers(1, 12), st.integers(1, 5), st.floats(0, 2), st.floats(0, 1),
    st.booleans(), st.integers(0, 1000),
)  # fmt: skip
def test_the_search_keeps_its_word_on_any_game(
    players: int, k: int, most: int, alpha: float, further: float, saturation: bool, seed: int
) -> None:
    drawn = draw_players(players, seed)
    rules = Rules(k, alpha, max_pools=most, further_pool_cost=further, saturation=saturation)
    found = find_equilibrium(Game(drawn, rules), max_refinements=3)
    assert (found.state.spent <= drawn.stakes + 1e-9).all()
    assert found.check is not None
    assert bool(found) == (found.check.gains.max() <= found.check.tolerance)
    assert payoffs(found.state, "myopic").sum() <= rules.reward_pot * (1 + 1e-9)


def test_the_search_refuses_what_it_cannot_use() -> None:
    players, rules = draw_players(5), Rules(k=2)
    for arguments in ((players,), (rules, players), (Game(players, rules), rules)):
        with pytest.raises(RewardError, match="takes a Game"):
            find_equilibrium(*arguments)  # type: ignore[arg-type]
    assert find_equilibrium(players, rules, is_checked=False).check is None
    with pytest.raises(RewardError, match="max_refinements"):
        find_equilibrium(players, replace(rules, k=1), max_refinements=-1)


def test_an_operator_with_stake_to_spare_moves_it_without_touching_its_pools() -> None:
    # 0.3 for one pool of 0.25 at most: the rest is delegated, here to the worse pool.
    game = Game(Players([0.3, 0.4, 0.3], [0.01, 0.01, 0.01]), Rules(k=4, max_pools=1))
    margins = [0.0, 0.05, 0.9]
    state = State(game, [0, 1, 2], [0.25, 0.2, 0.2], margins, [[0, 0, 0.05], [0] * 3, [0] * 3])
    move = best_response(state, 0, pledges=[1.0])
    assert move.kind == "delegate"
    assert move.after.margins.tolist() == margins
    assert move.after.delegations[0].round(12).tolist() == [0, 0.05, 0]
    with pytest.raises(RewardError, match="needs a margin and a pledge"):
        moved(State.empty(game), 0, 1, None, 0.1, [])
