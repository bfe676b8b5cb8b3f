"""Lesson 9, play once, play again: its guess, its measurements, and two exercises."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from workbench.rewards.game import (
    Behaviour,
    Converged,
    Game,
    Players,
    RepeatedGame,
    Rules,
    State,
    draw_players,
    find_equilibrium,
    payoffs,
)
from workbench.rewards.game.situations import RULES, SITUATIONS, begin, players_of
from workbench.teaching import Check, Prediction, Question, Text, Wrong, say

ROUNDS = 50
PANEL_SEED = 9  # the panel's own by default, so the answer is what the learner then sees
FIFTH = 0.2
NEAR = 0.03  # of the share that loses money; calibrated, see docs/teaching_notes.md
_SEEDS = 20


# --- the guess ---


def prediction() -> Prediction:
    """How many pools share the stake after fifty rounds of sleepy, noisy players?"""
    return Prediction(
        "09/hands",
        "Ten pools share the stake, and nobody gains by moving alone. Then the players get "
        "sleepy, and see a little wrong.",
        [
            Question(
                f"How many pools share the stake after {ROUNDS} rounds?",
                options=("about 3", "about 10", "about 30"),
            )
        ],
        truth=lambda: [str(_pools_after("sleepy", PANEL_SEED))],
        why=lambda: (
            "Who sees a little wrong chases what looks best, many chase the same pool, and small "
            "pools lose their delegators. It is one run; further down it is played many times."
        ),
    )


def _pools_after(situation: str, seed: int) -> int:
    return int(_played(situation, seed)[0])


@lru_cache(maxsize=256)
def _played(situation: str, seed: int) -> tuple[int, int, float]:
    """Pools, Nakamoto coefficient and the share of the stake in pools, at the end."""
    game = begin(situation, seed)
    game.run(ROUNDS)
    told = game.history
    return int(told.pools[-1]), int(told.nakamoto[-1]), float(told.placed_share[-1])


def once_and_twenty_times() -> Text:
    """The same question over many seeds, in each situation."""
    lines = []
    for key, situation in SITUATIONS.items():
        ends = [_played(key, seed) for seed in range(_SEEDS)]
        pools = sorted(end[0] for end in ends)
        nakamoto = sorted(end[1] for end in ends)
        lines.append(
            f"| {situation.label} | {_middle(pools)} ({pools[0]} to {pools[-1]}) "
            f"| {_middle(nakamoto)} ({nakamoto[0]} to {nakamoto[-1]}) |"
        )
    starts = [begin("awake", seed).history for seed in range(_SEEDS)]
    first = sorted(int(told.nakamoto[0]) for told in starts)
    return say(
        """
        {seeds} games in each situation, {rounds} rounds at most. All begin with {k} pools and a
        Nakamoto coefficient of {first} ({least} to {most}).

        | situation | pools at the end: median (least to most) | Nakamoto coefficient |
        | --- | --- | --- |
        {lines}

        So many hands stay where players are wide awake, and not in general. How they go depends
        on *how* people are imperfect: who sees a little wrong crowds into few pools, who plays
        by dice scatters into many.
        """,
        seeds=_SEEDS,
        rounds=ROUNDS,
        k=RULES.k,
        first=_middle(first),
        least=first[0],
        most=first[-1],
        lines="\n".join(lines),
    )


def _middle(ordered: list[int]) -> int:
    return ordered[len(ordered) // 2]


def one_becomes_many() -> Text:
    """What splitting into several pools brings, with a pledge that counts and without."""
    seed = PANEL_SEED
    found = {
        alpha: find_equilibrium(
            Game(players_of(seed), Rules(RULES.k, alpha, max_pools=3)), max_refinements=0
        )
        for alpha in (0.3, 0.0)
    }
    check = found[0.0].check
    assert check is not None
    deviation = check.deviation
    assert deviation is not None
    pools = int(np.count_nonzero(deviation.after.pool_owners == deviation.player))
    return say(
        "With α = 0.3 the state that the theory predicts {stands}. With α = 0 it {falls}: player "
        "{player} would run {pools} pools with the same stake, at less cost for each, and expect "
        "{gain:.0%} more. That is a **Sybil attack** by somebody who only looks after the money. A "
        "pledge counts once: whoever splits it has less in each pool, and α sets what that costs.",
        stands="holds: nobody gains by any declared move" if found[0.3] else "does not hold",
        falls="does not hold",
        player=deviation.player,
        pools=pools,
        gain=deviation.gain / deviation.pay_before,
    )


def sleepy_players_still_move() -> Text:
    """Whether the sleepy game ever settles, and how much it wobbles."""
    settled, spans, seeds = 0, [], _SEEDS // 2
    for seed in range(seeds):
        game = begin("sleepy", seed)
        settled += isinstance(game.run(2 * ROUNDS), Converged)
        last = game.history.pools[-ROUNDS:]
        spans.append(int(last.max() - last.min()))
    return say(
        "Of {seeds} sleepy games {settled} had settled after {rounds} rounds. In the others the "
        "number of pools went up and down by {span} (median) in the second half: a wobble, not an "
        "end.",
        seeds=seeds,
        settled=settled,
        rounds=2 * ROUNDS,
        span=_middle(sorted(spans)),
    )


def cheap_pools_break_it() -> Text:
    """The failing case: wide awake players, dearer pools, and no equilibrium found."""
    broken = 0
    pools = []
    for seed in range(_SEEDS):
        players = draw_players(60, seed=seed, cost_least=0.004, cost_most=0.02)
        game = Game(players, RULES)
        broken += not find_equilibrium(game, max_refinements=0)
        played = RepeatedGame(game, seed=seed)
        played.run(ROUNDS)
        pools.append(int(played.history.operators[-1]))
    return say(
        "Let everybody be wide awake, α = 0.3, and only let a pool cost about four times as much, "
        "while each further pool of the same operator costs {further:.0%} of the first. In "
        "{broken} of {seeds} games the predicted state is no equilibrium any more, and after "
        "{rounds} rounds {operators} operators (median) run all pools. Sharing a cost among "
        "several pools can be worth more than the pledge that it spreads thin.",
        further=RULES.further_pool_cost,
        broken=broken,
        seeds=_SEEDS,
        rounds=ROUNDS,
        operators=_middle(sorted(pools)),
    )


# --- an equilibrium, by trying every move ---

RunOrDelegate = tuple[str, float]
_MARGINS = (0.0, 0.05, 0.1, 0.2, 0.4)
_COUNT = 4


class SmallGame:
    """Four players and two places: each runs a pool at some margin, or delegates to one."""

    def __init__(self, rng: random.Random) -> None:
        parts = [rng.uniform(0.6, 1.6) for _ in range(_COUNT)]
        costs = [rng.uniform(0.01, 0.08) for _ in range(_COUNT)]
        stakes = [part / sum(parts) for part in parts]
        self.game = Game(Players(stakes, costs), Rules(2, 0.3, max_pools=1))
        self.moves: list[RunOrDelegate] = [("run", margin) for margin in _MARGINS]
        self.asked = 0

    def options(self, player: int) -> list[RunOrDelegate]:
        """Every move of a player; delegating to oneself is none."""
        return [*self.moves, *(("delegate", j) for j in range(_COUNT) if j != player)]

    def random_state(self, rng: random.Random) -> tuple[RunOrDelegate, ...]:
        """One move each, by chance."""
        return tuple(rng.choice(self.options(player)) for player in range(_COUNT))

    def pay(self, player: int, state: tuple[RunOrDelegate, ...]) -> float:
        """What a player expects in a state."""
        self.asked += 1
        return self._pays(state)[player]

    @lru_cache(maxsize=2_000)  # noqa: B019 - a small game lives as long as its check
    def _pays(self, state: tuple[RunOrDelegate, ...]) -> tuple[float, ...]:
        owners = [j for j, (kind, _) in enumerate(state) if kind == "run"]
        stakes = self.game.players.stakes
        delegations = np.zeros((_COUNT, len(owners)))
        for j, (kind, to) in enumerate(state):
            if kind == "delegate" and to in owners:
                delegations[j, owners.index(int(to))] = stakes[j]
        made = State(
            self.game,
            owners,
            self.game.rules.pledge_of_each(stakes[owners], 1),
            [state[j][1] for j in owners],
            delegations,
        )
        return tuple(float(pay) for pay in payoffs(made))

    def best(self, state: tuple[RunOrDelegate, ...]) -> tuple[float, int, RunOrDelegate] | None:
        """The largest gain of all, who has it, by which move; None if there is none."""
        found = None
        for player in range(_COUNT):
            now = self._pays(state)[player]
            for move in self.options(player):
                gain = self._pays((*state[:player], move, *state[player + 1 :]))[player] - now
                if gain > 1e-9 and (found is None or gain > found[0]):
                    found = (gain, player, move)
        return found

    def settled(self, state: tuple[RunOrDelegate, ...]) -> tuple[RunOrDelegate, ...]:
        """Where best moves lead, if they come to an end soon."""
        for _ in range(40):
            found = self.best(state)
            if found is None:
                break
            _, player, move = found
            state = (*state[:player], move, *state[player + 1 :])
        return state


def _try_nash(answer: Callable[..., object], rng: random.Random) -> str:
    game = SmallGame(rng)
    state = game.random_state(rng)
    if rng.random() < 0.5:
        state = game.settled(state)
    want = game.best(state)

    def pay(player: int, moves: object) -> float:
        """What a player expects where everybody plays these moves."""
        given = tuple(moves) if isinstance(moves, tuple | list) else ()
        if len(given) != _COUNT or any(m not in game.options(j) for j, m in enumerate(given)):
            raise Wrong(
                f"pay wants {_COUNT} moves, one for each player, all from its own list of options."
            )
        if type(player) is not int or not 0 <= player < _COUNT:
            raise Wrong(f"The players have numbers from 0 to {_COUNT - 1}.")
        return game.pay(player, given)

    options = [game.options(player) for player in range(_COUNT)]
    given = answer(list(state), options, pay)
    if not (isinstance(given, tuple | list) and len(given) in (0, 2)):
        raise Wrong("Give back (player, move) for the best deviation, or () if nobody gains.")
    if not given:
        if want is not None:
            raise Wrong(f"Player {want[1]} gains {want[0]:.4f} by {want[2]}: this is none.")
        return "The last state was an equilibrium: nobody gains by moving alone."
    player, move = given
    if type(player) is not int or not 0 <= player < _COUNT or move not in options[player]:
        raise Wrong("The first is a player's number, the second one of that player's options.")
    gain = game.pay(player, (*state[:player], move, *state[player + 1 :])) - game.pay(player, state)
    if want is None:
        raise Wrong(
            f"Player {player} gains {gain:.2g} by {move}: here nobody gains, so give back ()."
        )
    if gain < want[0] - 1e-9:
        raise Wrong(
            f"Player {player} gains {gain:.4f} by {move}, but "
            f"player {want[1]} would gain {want[0]:.4f}."
        )
    return f"In the last state player {player} gains {gain:.3f} by {move}."


check_deviation = Check(
    "09/deviation",
    "Find the most profitable move that one player could make alone, or say that there is none.",
    _try_nash,
    misconception=(
        "An equilibrium is not the best for all, nor the best for anybody. It says one thing: "
        "take any single player, leave all others as they are, and no other move pays that player "
        "more. So change one move at a time, and compare with what that player has now."
    ),
    smaller_task=(
        "for one player only, print pay(player, ...) for each of its options with the others as "
        "they are. Is one larger than pay(player, moves)?"
    ),
    explanation=(
        "Every player, every option: that is all that a Nash check does. The library's is_nash "
        "does it for a thousand players, and takes care which margins are worth trying."
    ),
    solution="""
        def best_deviation(moves, options, pay):
            best, gain = (), 1e-9
            for player in range(len(moves)):
                now = pay(player, moves)
                for move in options[player]:
                    changed = moves[:player] + [move] + moves[player + 1:]
                    if pay(player, changed) - now > gain:
                        best, gain = (player, move), pay(player, changed) - now
            return best
    """,
    rounds=6,
)


# --- how much rationality it takes ---


class Losing:
    """The share of the operators who lose money, measured over a few games of one kind."""

    def __init__(self, rng: random.Random) -> None:
        self.cost_most = rng.uniform(0.013, 0.03)
        self.seed = rng.randrange(10**6)
        self._games, self._rounds, self._settle = 3, 10, 3

    @lru_cache(maxsize=200)  # noqa: B019 - it lives as long as its check
    def at(self, rationality: float) -> float:
        """Over the last rounds of the games, by today's pay; the same seeds at each call."""
        losing = operators = 0
        for number in range(self._games):
            seed = self.seed + number
            players = draw_players(
                60, seed=seed, cost_least=self.cost_most / 5, cost_most=self.cost_most
            )
            played = RepeatedGame(
                Game(players, RULES), Behaviour(rationality=rationality), seed=seed
            )
            for turn in range(self._rounds):
                played.step_all()
                if turn >= self._settle:
                    state = played.state
                    who = np.unique(state.pool_owners)
                    losing += int((payoffs(state, "myopic")[who] < -1e-12).sum())
                    operators += who.size
        return losing / max(1, operators)


def _try_rationality(answer: Callable[..., object], rng: random.Random) -> str:
    losing = Losing(rng)
    asked = itertools.count(1)

    def share(rationality: float) -> float:
        """Share of the operators who lose money at a rationality."""
        if isinstance(rationality, bool) or not isinstance(rationality, int | float):
            raise Wrong(f"A rationality is a number, not {rationality!r:.40}.")
        if not 0 <= rationality <= 1_000:
            raise Wrong("Try rationalities from 0 to 1,000.")
        if next(asked) > 60:
            raise Wrong("Sixty measurements are enough: halve the interval each time.")
        return losing.at(float(rationality))

    given = answer(share)
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 <= given <= 1_000:
        raise Wrong(f"One number from 0 to 1,000 is expected; you gave back {given!r:.60}.")
    there = losing.at(float(given))
    if not math.isclose(there, FIFTH, abs_tol=NEAR):
        raise Wrong(
            f"At your {given:.3g} a share of {100 * there:.0f} % loses money; a fifth is "
            f"asked for, give or take {100 * NEAR:.0f} %."
        )
    return f"In the last games a fifth lost money below a rationality of about {given:.1f}."


check_rationality = Check(
    "09/rationality",
    "Find the rationality below which more than a fifth of the operators lose money.",
    _try_rationality,
    misconception=(
        "A model of rational people does not become useless because people are not quite "
        "rational: one can measure how much rationality it needs. share(r) falls as r grows, from "
        "most operators to hardly any."
    ),
    smaller_task=(
        "print share(r) for r = 0.5, 1, 2, 4 and 8. Between which two does it pass a fifth?"
    ),
    explanation=(
        "Keep one value where more than a fifth loses and one where fewer do, and look in the "
        "middle: each measurement halves the interval. The measured share is a little rough, as "
        "it comes from a few games."
    ),
    solution="""
        def threshold(share):
            low, high = 0.1, 20.0
            for _ in range(10):
                middle = (low + high) / 2
                if share(middle) > 0.2:
                    low = middle
                else:
                    high = middle
            return high if abs(share(high) - 0.2) < abs(share(low) - 0.2) else low
    """,
    rounds=2,
)

__all__ = [
    "cheap_pools_break_it",
    "check_deviation",
    "check_rationality",
    "once_and_twenty_times",
    "one_becomes_many",
    "prediction",
    "sleepy_players_still_move",
]
