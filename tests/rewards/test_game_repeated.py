"""The repeated game: move by move like the plain twin, and what bounded rationality does."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_game import Plain

from workbench.errors import RewardError, WorkbenchError
from workbench.rewards.game import (
    Behaviour,
    Converged,
    Cycle,
    Game,
    Players,
    RepeatedGame,
    Rules,
    State,
    StillMoving,
    draw_players,
    find_equilibrium,
    payoffs,
)

GAME = Game(draw_players(100, 3), Rules(k=10))


def same(one: State, other: State) -> bool:
    return all(
        getattr(one, name).shape == getattr(other, name).shape
        and (getattr(one, name) == getattr(other, name)).all()
        for name in ("pool_owners", "pledges", "margins", "delegations")
    )


@pytest.mark.parametrize(
    ("seed", "alpha", "saturation", "inertia"),
    [(1, 0.3, True, 0.0), (2, 0.0, True, 0.0), (3, 0.3, False, 0.0), (4, 0.3, True, 0.02),
     (5, 1.0, True, 0.0), (6, 0.0, True, 0.005)],
)  # fmt: skip
def test_every_move_is_that_of_the_plain_twin(
    seed: int, alpha: float, saturation: bool, inertia: float
) -> None:
    players = draw_players(14, seed, cost_least=1e-3, cost_most=1e-2)
    game = Game(players, Rules(k=4, alpha=alpha, max_pools=3, saturation=saturation))
    played = RepeatedGame(game, Behaviour(inertia=inertia), seed=seed)
    twin = Plain(
        players.stakes.tolist(), players.costs.tolist(), 4, alpha, most=3, saturation=saturation
    )
    moves = 0
    for _ in range(5 * 14):
        if not isinstance(played.outcome, StillMoving):
            break
        step = played.step_one()
        before, twin = twin, twin.turn(step.player, inertia)
        moves += step.has_moved
        assert step.has_moved == (twin is not before)
        state = played.state
        pools = [pool for pool in twin.pools if pool]
        order = np.argsort([pool.owner for pool in pools], kind="stable")
        assert state.pool_owners.tolist() == [pools[at].owner for at in order]
        own = [twin.own(player) for player in range(14)]
        flat = [at for row in own for at in row]
        np.testing.assert_allclose(
            state.margins,
            [twin.pools[at].margin for at in flat],
            atol=1e-9,  # type: ignore[union-attr]
        )
        np.testing.assert_allclose(
            state.delegations,
            [[row.get(at, 0.0) for at in flat] for row in twin.given],
            atol=1e-9,
        )
        if step.has_moved:
            gain = twin.payoffs()[step.player] - before.payoffs()[step.player]
            assert step.gain == pytest.approx(gain, rel=1e-6, abs=1e-12)
            assert f"player {step.player} expects" in step.words
    assert moves > 14


def test_rational_players_converge_to_an_equilibrium_that_stays_one() -> None:
    played = RepeatedGame(GAME, seed=1)
    outcome = played.run(60)
    assert isinstance(outcome, Converged)
    assert outcome.is_proven
    assert played.is_nash()
    state = played.state
    assert played.step_all() == 0
    assert same(played.state, state)
    assert played.run(5) == played.outcome


def test_same_seed_same_story_and_steps_make_rounds() -> None:
    behaviour = Behaviour(noise=0.002, rationality=500.0, activation=0.7, myopic=0.2)
    whole = RepeatedGame(GAME, behaviour, seed=9)
    whole.run(4)
    rounds = RepeatedGame(GAME, behaviour, seed=9)
    for _ in range(4):
        rounds.step_all()
    single = RepeatedGame(GAME, behaviour, seed=9)
    while single.rounds < 4:
        single.step_one()
    mixed = RepeatedGame(GAME, behaviour, seed=9)
    for _ in range(17):
        mixed.step_one()
    while mixed.rounds < 4:
        mixed.step_all()
    for other in (rounds, single, mixed):
        assert same(whole.state, other.state)
        np.testing.assert_array_equal(whole.history.moves, other.history.moves)
    assert not same(whole.state, _after(RepeatedGame(GAME, behaviour, seed=10), 4))


def _after(played: RepeatedGame, rounds: int) -> State:
    played.run(rounds)
    return played.state


def test_the_history_measures_every_round_from_the_start() -> None:
    played = RepeatedGame(GAME, seed=1)
    played.run(30)
    story, state = played.history, played.state
    assert story.rounds.tolist() == list(range(played.rounds + 1))
    assert story.pools[0] == story.operators[0] == story.nakamoto[0] == story.moves[0] == 0
    assert math.isnan(story.margin_mean[0])
    assert story.pools[-1] == state.pool_owners.size
    assert story.operators[-1] == np.unique(state.pool_owners).size
    assert story.pledge_share[-1] == pytest.approx(state.pledges.sum())
    assert story.placed_share[-1] == pytest.approx(1.0)
    assert story.margin_mean[-1] == pytest.approx(state.margins.mean())
    assert story.hhi[-1] == pytest.approx((state.operator_stakes**2).sum(), rel=1e-9)
    for name in ("gini", "hhi", "top_ten", "pledge_share", "placed_share"):
        values = getattr(story, name)
        assert ((values >= 0) & (values <= 1 + 1e-9)).all()


def test_a_cycle_is_reported_with_its_length_and_comes_back() -> None:
    game = Game(draw_players(200, 1), Rules(k=20, alpha=0.0, max_pools=20))
    played = RepeatedGame(game, Behaviour(order="fixed"), seed=1)
    outcome = played.run(100)
    assert isinstance(outcome, Cycle)
    assert outcome.length > 1
    assert played.rounds == outcome.since + outcome.length
    again = RepeatedGame(game, Behaviour(order="fixed"), seed=1)
    first = _after(again, outcome.since)
    for _ in range(outcome.length):
        again.step_all()
    np.testing.assert_allclose(first.delegations, again.state.delegations, atol=1e-11)
    np.testing.assert_allclose(first.margins, again.state.margins, atol=1e-11)


def test_an_equilibrium_is_left_alone_and_a_disturbed_one_found_again() -> None:
    rest = find_equilibrium(GAME).state
    played = RepeatedGame(GAME, seed=4, start=rest)
    assert played.run(5) == Converged(0, True)
    margins = np.array(rest.margins)
    margins[0] = 0.9
    disturbed = State(GAME, rest.pool_owners, rest.pledges, margins, rest.delegations)
    played = RepeatedGame(GAME, seed=4, start=disturbed)
    assert isinstance(played.run(60), Converged)
    assert played.history.moves.sum() > 0
    assert played.is_nash()


def test_the_unit_of_money_is_irrelevant() -> None:
    million = 2.0**20  # a power of two, so that not even rounding differs
    players = Players(GAME.players.stakes, GAME.players.costs * million)
    rich = Game(players, Rules(k=10, reward_pot=million))
    for behaviour in (Behaviour(), Behaviour(0.01, 500.0, 0.01, myopic=0.3)):
        one, other = RepeatedGame(GAME, behaviour, 5), RepeatedGame(rich, behaviour, 5)
        one.run(8)
        other.run(8)
        assert same(one.state, other.state)
        np.testing.assert_allclose(payoffs(one.state) * million, payoffs(other.state))
        assert bool(one.is_nash()) == bool(other.is_nash())


def test_a_knob_can_be_turned_while_the_game_runs() -> None:
    before = _after(RepeatedGame(GAME, seed=1), 30)
    # Twice as many places, the same players: the pools go on and as many again open.
    turned = RepeatedGame(Game(GAME.players, Rules(k=20)), seed=1, start=before)
    turned.run(60)
    assert turned.history.pools[0] == 10
    assert turned.history.pools[-1] == 20


def test_inertia_ends_the_game_earlier_or_equally_early() -> None:
    moves = []
    for inertia in (0.0, 0.01, 0.1, 10.0):
        played = RepeatedGame(GAME, Behaviour(inertia=inertia), seed=2)
        assert isinstance(played.run(100), Converged)
        moves.append(int(played.history.moves.sum()))
    assert moves[-1] == 0  # nothing is worth ten times all that there is to earn
    assert moves[0] > moves[-2] > 0


def test_logit_choice_goes_from_blind_draws_to_the_best_option() -> None:
    blind = RepeatedGame(GAME, Behaviour(rationality=0.0), seed=3)
    blind.step_all()
    # Options: stay, delegate, 1 to 5 pools, alike; before anybody plays nobody has pools.
    runs = np.bincount(blind.state.pool_counts, minlength=6) / 100
    assert runs[1:].min() > 0.02  # each is drawn 1 time in 7, 14 of 100 on average
    assert blind.state.pool_counts.sum() > 100
    sharp = RepeatedGame(GAME, Behaviour(rationality=1e7), seed=3)
    sharp.run(40)
    assert sharp.is_nash()
    assert sharp.outcome == Converged(sharp.outcome.rounds, False)  # by patience, not by proof


def test_patience_waits_for_sleepers() -> None:
    played = RepeatedGame(GAME, Behaviour(activation=0.3, patience=10), seed=3)
    outcome = played.run(200)
    assert isinstance(outcome, Converged)
    assert played.rounds == outcome.rounds + 10
    assert (played.history.moves[-10:] == 0).all()
    assert played.is_nash()


def test_noise_keeps_the_game_from_the_equilibrium() -> None:
    clear = RepeatedGame(GAME, seed=5)
    clear.run(40)
    noisy = RepeatedGame(GAME, Behaviour(noise=0.02), seed=5)
    assert isinstance(noisy.run(40), StillMoving)
    assert not noisy.is_nash()
    assert payoffs(noisy.state, "myopic").sum() < payoffs(clear.state, "myopic").sum()


def test_abstainers_do_nothing_and_their_stake_is_missing() -> None:
    played = RepeatedGame(GAME, Behaviour(abstainers=0.25), seed=6)
    played.run(60)
    state, out = played.state, played.game.players.abstains
    assert out.sum() == 25
    assert (state.spent[out] == 0).all()
    assert played.history.placed_share[-1] == pytest.approx(1 - GAME.players.stakes[out].sum())
    assert played.is_nash()


def test_myopic_operators_raise_their_margins_and_lose_their_delegators() -> None:
    myopic = RepeatedGame(GAME, Behaviour(myopic=1.0), seed=7)
    assert isinstance(myopic.run(30), StillMoving)
    story = myopic.history
    assert story.pools[-1] > 15
    assert (story.margin_mean[5:] > 0.3).all()
    far = RepeatedGame(GAME, seed=7)
    far.run(30)
    assert far.history.margin_mean[-1] < 0.2
    who = np.arange(100) < 50
    assert (RepeatedGame(GAME, Behaviour(myopic=who)).is_myopic == who).all()


def test_the_board_grows_with_the_pools() -> None:
    game = Game(draw_players(60, 2), Rules(k=2, alpha=0.0, max_pools=10))
    played = RepeatedGame(game, Behaviour(rationality=0.0), seed=2)
    played.run(3)
    assert played.history.pools.max() > 2 * 2 + 2 * 10
    assert played.state.pool_counts.max() == 10


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 25), st.integers(1, 6), st.floats(0, 1), st.integers(1, 4), st.booleans(),
    st.floats(0, 0.5), st.sampled_from([0.0, 10.0, 1e4, math.inf]), st.floats(0, 0.2),
    st.floats(0.1, 1), st.floats(0, 1), st.floats(0, 0.5), st.integers(0, 1000),
)  # fmt: skip
def test_no_story_breaks_the_books(
    count: int, k: int, alpha: float, most: int, saturation: bool, inertia: float,
    rationality: float, noise: float, activation: float, myopic: float, abstainers: float,
    seed: int,
) -> None:  # fmt: skip
    """Whatever people are like: nobody spends what it has not, nothing beyond the pot."""
    game = Game(draw_players(count, seed), Rules(k, alpha, max_pools=most, saturation=saturation))
    behaviour = Behaviour(
        inertia, rationality, noise, activation, "random", myopic, abstainers, patience=2
    )
    played = RepeatedGame(game, behaviour, seed)
    for _ in range(4):
        played.step_all()
        state = played.state  # State checks stakes, margins, limits and abstainers itself
        pools = played._board.pools
        open_slots = pools.owners >= 0
        np.testing.assert_allclose(pools.stakes[open_slots].sum(), state.pool_stakes.sum())
        assert (played._board.delegations[:, ~open_slots] == 0).all()
        np.testing.assert_allclose(played._board.offers, state.standing_offers)
        assert payoffs(state, "myopic").sum() <= 1 + 1e-9


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Behaviour(inertia=-1), "inertia"),
        (lambda: Behaviour(rationality=-1), "rationality"),
        (lambda: Behaviour(noise=math.nan), "noise"),
        (lambda: Behaviour(activation=0.0), "activation"),
        (lambda: Behaviour(activation=1.1), "activation"),
        (lambda: Behaviour(order="backwards"), "order"),  # type: ignore[arg-type]
        (lambda: Behaviour(myopic=2.0), "myopic"),
        (lambda: Behaviour(abstainers=-0.1), "abstainers"),
        (lambda: Behaviour(patience=0), "patience"),
        (lambda: RepeatedGame(None), "plays a Game"),  # type: ignore[arg-type]
        (lambda: RepeatedGame(GAME, 3), "Behaviour"),  # type: ignore[arg-type]
        (lambda: RepeatedGame(GAME, seed=-1), "seed"),
        (lambda: RepeatedGame(GAME, Behaviour(myopic=np.array([True]))), "100 players"),
        (lambda: RepeatedGame(GAME, start=3), "start"),  # type: ignore[arg-type]
        (lambda: RepeatedGame(GAME).run(-1), "rounds"),
        (
            lambda: RepeatedGame(GAME, start=State.empty(Game(Players([1.0], [0.0]), Rules(k=1)))),
            "as many players",
        ),
    ],
)
def test_bad_input_is_refused_with_what_was_expected(make: object, says: str) -> None:
    with pytest.raises(RewardError, match=says):
        make()  # type: ignore[operator]


ANY = st.one_of(
    st.none(), st.text(max_size=2), st.booleans(), st.integers(-2, 2), st.floats(), st.just([1.0])
)


@settings(max_examples=150, deadline=None)
@given(st.tuples(ANY, ANY, ANY, ANY, ANY, ANY, ANY))
def test_only_our_own_errors_leave(values: tuple[object, ...]) -> None:
    try:
        Behaviour(*values)  # type: ignore[arg-type]
    except WorkbenchError:
        return
