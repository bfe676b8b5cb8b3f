"""The known outcomes, over ten seeds each: ranges are compared, not single runs.

Here the Nakamoto coefficient takes more than half of the stake, so for 20 equal pools it is 11;
the known 10 and 46 fit if exactly half is enough.
"""

from __future__ import annotations

import numpy as np
import pytest

from workbench.rewards.game import (
    Behaviour,
    Converged,
    Game,
    RepeatedGame,
    Rules,
    StillMoving,
    draw_players,
)

SEEDS = range(10)


def play(seed: int, players: int, rounds: int = 100, **rules: object) -> RepeatedGame:
    game = Game(draw_players(players, seed), Rules(**rules))  # type: ignore[arg-type]
    played = RepeatedGame(game, Behaviour(), seed=seed)
    played.run(rounds)
    return played


def test_two_hundred_players_settle_on_twenty_pools_of_about_twenty_operators() -> None:
    """Known: converges, 20 pools of 20 operators, Nakamoto 10, about 27 % pledged."""
    ends = []
    for seed in SEEDS:
        played = play(seed, 200, rounds=60, k=20, max_pools=20)
        assert isinstance(played.outcome, Converged)
        assert played.history.pools[-1] == 20
        ends.append(played.history)
    operators = [int(end.operators[-1]) for end in ends]
    nakamoto = [int(end.nakamoto[-1]) for end in ends]
    pledged = [float(end.pledge_share[-1]) for end in ends]
    # Fewer than 20 operators only where somebody owns more than saturates one pool.
    assert np.median(operators) >= 19
    assert min(operators) >= 14
    assert np.median(nakamoto) in (9, 10, 11)
    assert 5 <= min(nakamoto) <= 10 <= max(nakamoto) <= 11
    assert min(pledged) < 0.29
    assert 0.26 <= np.median(pledged) <= 0.36


def test_with_alpha_zero_two_operators_fight_for_all_pools_for_ever() -> None:
    """Known: no convergence in 60 rounds, 40 pools held by 2 operators, Nakamoto 1."""
    pools, operators, nakamoto = [], [], []
    for seed in SEEDS:
        played = play(seed, 200, rounds=60, k=20, alpha=0.0, max_pools=20)
        assert isinstance(played.outcome, StillMoving)
        late = slice(31, None)  # the last 30 rounds, so that no single moment decides
        pools.append(np.median(played.history.pools[late]))
        operators.append(np.median(played.history.operators[late]))
        nakamoto.append(np.median(played.history.nakamoto[late]))
    assert 30 <= np.median(pools) <= 60
    assert 2 <= np.median(operators) <= 3
    assert np.median(nakamoto) == 1
    assert max(operators) <= 5


@pytest.mark.slow
def test_a_thousand_players_settle_on_a_hundred_pools_of_almost_as_many_operators() -> None:
    """Known: 100 pools, 96 operators, Nakamoto 46, about 31 % pledged."""
    ends, checks = [], []
    for seed in SEEDS:
        played = play(seed, 1000, rounds=200, k=100)
        assert isinstance(played.outcome, Converged)
        assert played.history.pools[-1] == 100
        ends.append(played.history)
        checks.append(bool(played.is_nash()))
    operators = [int(end.operators[-1]) for end in ends]
    nakamoto = [int(end.nakamoto[-1]) for end in ends]
    pledged = [float(end.pledge_share[-1]) for end in ends]
    assert all(checks)
    assert min(operators) <= 96 <= max(operators) <= 100
    assert min(operators) >= 90
    assert min(nakamoto) <= 47 <= max(nakamoto) <= 51
    assert min(nakamoto) >= 42
    assert 0.25 <= min(pledged) <= 0.31 <= max(pledged) <= 0.36


def test_without_saturation_one_operator_takes_all() -> None:
    for seed in SEEDS:
        for alpha in (0.3, 0.0):
            played = play(seed, 200, k=20, alpha=alpha, saturation=False)
            assert isinstance(played.outcome, Converged)
            assert played.history.operators[-1] == 1
            assert played.history.nakamoto[-1] == 1
            assert played.history.hhi[-1] == pytest.approx(1.0)


def test_one_pool_a_player_settles_even_with_alpha_zero() -> None:
    """What alpha = 0 breaks is the guard against many pools of one, not the game itself."""
    for seed in SEEDS:
        played = play(seed, 200, k=20, alpha=0.0, max_pools=1)
        assert isinstance(played.outcome, Converged)
        assert played.is_nash()
        assert played.history.operators[-1] == 20


def test_a_higher_alpha_draws_more_pledge() -> None:
    pledged = [
        np.mean([play(seed, 200, k=20, alpha=alpha).history.pledge_share[-1] for seed in SEEDS])
        for alpha in (0.003, 0.03, 0.3)
    ]
    assert pledged[0] < pledged[1] < pledged[2]
