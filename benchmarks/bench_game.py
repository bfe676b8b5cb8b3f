"""How fast the game of pools is played, built and checked, beside a plain-Python twin.

CPU time throughout (nothing here uses a second core). Every equilibrium counted here is one
by `is_nash` over all players and all declared kinds of moves, run outside the timing.
"""

from __future__ import annotations

import importlib.util
import statistics
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import Row, cpu_s
from workbench.rewards.game import (
    Equilibrium,
    Game,
    Players,
    RepeatedGame,
    Rules,
    State,
    best_response,
    draw_players,
    find_equilibrium,
    is_nash,
    payoffs,
)

PLAYERS, POOLS, SEEDS = 1_000, 100, 10
TWIN = Path(__file__).parents[1] / "tests" / "support" / "plain_game.py"


def rows() -> list[Row]:
    RepeatedGame(small_game(20, 2), seed=0).run(3)  # compiles, or loads what was compiled
    is_nash(State.empty(small_game(20, 2)))
    return [*played_rows(), *built_rows(), *plain_rows()]


def played_rows() -> list[Row]:
    """From nothing, move by move, until nobody moves any more."""
    times, rounds, gains = [], [], []
    for seed in range(SEEDS):
        game = Game(draw_players(PLAYERS, seed), Rules(k=POOLS))
        game.next_values  # noqa: B018  a table of the game, not of its play
        played = RepeatedGame(game, seed=seed)
        times.append(cpu_s(partial(played.run, 200), repeats=1))
        rounds.append(played.rounds)
        check = played.is_nash()
        if not check:
            raise AssertionError(f"seed {seed} did not end in an equilibrium: {check.words}")
        gains.append(float(check.gains.max()))
    note = (
        f"{SEEDS} seeds, {min(rounds)}-{max(rounds)} rounds, slowest {max(times):.2f} s; "
        f"largest gain left {max(gains):.0e} of the pot"
    )
    name = f"game: {PLAYERS:,} players play to equilibrium, {POOLS} pools"
    median = statistics.median(times)
    return [
        Row(name, median, "s CPU (median)", "under 2 s", None, note),
        Row(f"{name}, slowest seed", max(times), "s CPU", "under 2 s"),
    ]


def _built(players: Players) -> Equilibrium:
    return find_equilibrium(Game(players, Rules(k=POOLS)), is_checked=False)


def built_rows() -> list[Row]:
    """Straight from the theory, and what the check itself takes."""
    builds, checks = [], []
    for seed in range(SEEDS):
        players = draw_players(PLAYERS, seed)
        builds.append(cpu_s(partial(_built, players), repeats=3))
        state = _built(players).state
        checks.append(cpu_s(partial(is_nash, state), repeats=1))
        if not is_nash(state):
            raise AssertionError(f"seed {seed}: what was built is no equilibrium")
    return [
        Row(
            f"game: equilibrium of {PLAYERS:,} players built from the theory",
            1e3 * max(builds),
            "ms CPU (slowest seed)",
            "under 2 s",
            None,
            f"{SEEDS} of {SEEDS} seeds pass is_nash",
        ),
        Row(
            f"game: is_nash over all {PLAYERS:,} players",
            statistics.median(checks),
            "s CPU (median)",
            "",
            None,
            "margin grid and best ones, open, close, split up to 5, pledge, delegate",
        ),
    ]


def plain_rows() -> list[Row]:
    """One turn and one best response, here and in plain Python, in the same state."""
    game = small_game(200, 20)
    played = RepeatedGame(game, seed=1)
    played.step_all()
    twin = as_plain(played.state)
    players = range(0, 200, 40)

    def plain_turns() -> None:
        for player in players:
            twin.turn(player)

    plain_s = cpu_s(plain_turns, repeats=1) / len(players)
    fast_s = cpu_s(played.step_all, repeats=1) / 200
    small = RepeatedGame(small_game(30, 3), seed=1)
    small.step_all()
    state, little = small.state, as_plain(small.state)
    grid = [step / 20 for step in range(21)]
    tried = 0.0

    def plain_search() -> None:
        nonlocal tried
        tried = little.best_of_all(3, grid, [1.0, 0.75, 0.5, 0.25])

    search_s = cpu_s(plain_search, repeats=1)
    kernel_s = cpu_s(lambda: is_nash(state), repeats=5) / 30
    found = max(best_response(state, 3).pay_after, float(payoffs(state)[3]))
    if tried > found + 1e-12:
        raise AssertionError("the plain search found a better move")
    return [
        Row(
            "game: one turn of a player, 200 players, 20 pools",
            1e6 * fast_s,
            "us CPU",
            "",
            plain_s / fast_s,
            "ratio: plain Python, which works everything out anew, over this",
        ),
        Row(
            "game: best of all moves of one player, 30 players, 3 pools",
            1e6 * kernel_s,
            "us CPU",
            "",
            search_s / kernel_s,
            "ratio: plain Python, which works everything out anew, over this",
        ),
    ]


def small_game(players: int, pools: int) -> Game:
    return Game(draw_players(players, 1), Rules(k=pools))


def as_plain(state: State) -> Any:
    """The same state in the plain twin of the tests."""
    spec = importlib.util.spec_from_file_location("plain_game", TWIN)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["plain_game"] = module  # its dataclasses look themselves up by name
    spec.loader.exec_module(module)
    rules, players = state.game.rules, state.game.players
    pools = zip(state.pool_owners, state.pledges, state.margins, strict=True)
    return module.Plain(
        players.stakes.tolist(),
        players.costs.tolist(),
        rules.k,
        rules.alpha,
        most=rules.max_pools,
        pools=[module.Pool(int(o), float(p), float(m)) for o, p, m in pools],
        given=[{int(p): float(row[p]) for p in np.flatnonzero(row)} for row in state.delegations],
    )
