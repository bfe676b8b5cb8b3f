"""The repeated game: players look around in turn and move, with bounded rationality."""

from __future__ import annotations

import hashlib
import math
from typing import Any

import numpy as np

from workbench.errors import RewardError
from workbench.rewards import checks, decentralisation
from workbench.rewards.checks import Floats
from workbench.rewards.game.behaviour import Behaviour, who_is_myopic, with_abstainers
from workbench.rewards.game.moves import describe
from workbench.rewards.game.nash import GAIN_TOLERANCE, NashCheck, is_nash, terms_of
from workbench.rewards.game.rules import Game
from workbench.rewards.game.state import State
from workbench.rewards.game.story import Converged, Cycle, History, Step, StillMoving


class RepeatedGame:
    """A game that is played move by move; same seed, same story.

    In its turn a player compares staying with delegating everything and with running 1 to
    ``rules.max_pools`` pools (all stake pledged, split evenly). Those who look ahead set
    *limit margins*: they promise as much as the rivals they must keep out could promise at
    most. What they compare is the non-myopic payoff; the myopic compare today's pay.

    Parameters
    ----------
    game : Game
    behaviour : Behaviour, optional
    seed : int
        Of orders, noise, choices, and of who is myopic or abstains.
    start : State, optional
        Where to start; nobody runs a pool if left out. It may be a state of other rules
        with as many players, so that a knob can be turned while the game runs.

    Raises
    ------
    RewardError
        If a value is outside its range or `start` does not fit.

    Notes
    -----
    It does not say that people play like this. Where rational players converge the end is
    usually, but not by construction, an equilibrium: ask :meth:`is_nash`.

    References
    ----------
    Brünjes, Kiayias, Koutsoupias, Stouka (2020), "Reward Sharing Schemes for Stake Pools".

    Examples
    --------
    >>> from workbench.rewards.game import Game, RepeatedGame, Rules, draw_players
    >>> played = RepeatedGame(Game(draw_players(200, seed=3), Rules(k=20)), seed=3)
    >>> outcome = played.run(60)
    >>> outcome.is_proven, int(played.history.pools[-1]), bool(played.is_nash())
    (True, 20, True)
    """

    def __init__(
        self,
        game: Game,
        behaviour: Behaviour | None = None,
        seed: int = 0,
        start: State | None = None,
    ) -> None:
        if not isinstance(game, Game):
            raise RewardError("a RepeatedGame plays a Game")
        self.behaviour = Behaviour() if behaviour is None else behaviour
        if not isinstance(self.behaviour, Behaviour):
            raise RewardError("behaviour must be a Behaviour")
        streams = np.random.SeedSequence(checks.count("seed", seed)).spawn(4)
        people, abstain, self._orders, self._draws = map(np.random.default_rng, streams)
        self.game = with_abstainers(game, self.behaviour.abstainers, abstain)
        self.is_myopic = who_is_myopic(game.players.count, self.behaviour.myopic, people)
        self._set_up(State.empty(self.game) if start is None else start)
        self._rows: list[tuple[float, ...]] = []
        self._seen: dict[bytes, int] = {}
        self._round_order = np.zeros(0, dtype=np.int64)
        self._next, self._moves, self._idle, self._recurred = 0, 0, 0, False
        self.outcome: Converged | Cycle | StillMoving = StillMoving(0, False)
        self._note_round()

    # ---- playing -------------------------------------------------------------------------

    def step_one(self) -> Step:
        """Let the next player of the round look around, and move if it wants to."""
        if self._next >= self._round_order.size:
            self._begin_round()
        if not self._round_order.size:  # nobody woke up in this round
            self._end_round()
            return Step(-1, False, 0.0, "nobody looks around in this round")
        player = int(self._round_order[self._next])
        before = describe(self.state, player)
        gain = self._play(self._next + 1)[player]
        if self._next >= self._round_order.size:
            self._end_round()
        if np.isnan(gain):
            return Step(player, False, 0.0, f"player {player} stays: {before}")
        after = describe(self.state, player)
        return Step(
            player, True, float(gain), f"player {player} expects {gain:+.3g}: {before} -> {after}"
        )

    def step_all(self) -> int:
        """Finish the round (or play a whole one) and return how many players moved in it."""
        if self._next >= self._round_order.size:
            self._begin_round()
        self._play(self._round_order.size)
        moves = self._moves
        self._end_round()
        return moves

    def run(self, rounds: int = 60) -> Converged | Cycle | StillMoving:
        """Play until the game settles, at most this many rounds more.

        Parameters
        ----------
        rounds : int
            0 or more.

        Returns
        -------
        Converged, Cycle or StillMoving
            A :class:`Cycle` is reported only where nothing is left to chance (fixed order,
            rational, no noise): a state that comes back then comes back for ever. With a
            random order it may leave in another way; ``StillMoving.recurred`` tells.
        """
        for _ in range(checks.count("rounds", rounds)):
            if not isinstance(self.outcome, StillMoving):
                break
            self.step_all()
        return self.outcome

    # ---- looking -------------------------------------------------------------------------

    @property
    def state(self) -> State:
        """The pools and delegations of this moment, as a frozen value."""
        pools = self._board.pools
        slots = np.flatnonzero(pools.owners >= 0)
        # An operator's pools in the order in which it keeps them.
        rank = np.zeros(pools.owners.size, dtype=np.int64)
        for pool in range(self._board.slots.shape[1]):
            held = self._board.slots[:, pool]
            rank[held[held >= 0]] = pool
        slots = slots[np.lexsort((rank[slots], pools.owners[slots]))]
        return State(
            self.game,
            pools.owners[slots],
            pools.pledges[slots],
            pools.margins[slots],
            self._board.delegations[:, slots],
        )

    @property
    def rounds(self) -> int:
        """How many rounds have been played to their end."""
        return len(self._rows) - 1

    @property
    def history(self) -> History:
        """The story so far, as arrays."""
        columns = [np.array(column) for column in zip(*self._rows, strict=True)]
        values: dict[str, Any] = dict(zip(History.__dataclass_fields__, columns, strict=True))
        for name in ("rounds", "pools", "operators", "nakamoto", "moves"):
            values[name] = values[name].astype(np.int64)
        return History(**values)

    def is_nash(self, **options: Any) -> NashCheck:
        """Test the state of this moment; see :func:`workbench.rewards.game.is_nash`."""
        return is_nash(self.state, **options)

    # ---- inside --------------------------------------------------------------------------

    def _set_up(self, start: State) -> None:
        from workbench.rewards.game import kernels, kernels_rounds  # numba loads here

        if not isinstance(start, State) or start.game.players.count != self.game.players.count:
            raise RewardError("start must be a State with as many players as the game")
        # Checked against this game's stakes and rules, whichever it was made for.
        start = State(self.game, start.pool_owners, start.pledges, start.margins, start.delegations)
        rules, players, count = self.game.rules, self.game.players, start.pool_owners.size
        capacity = count + 2 * rules.places + 2 * rules.max_pools
        pools = kernels.Pools(np.full(capacity, -1), *(np.zeros(capacity) for _ in range(7)))
        values = (
            start.pool_owners,
            start.pledges,
            start.margins,
            start.pool_costs,
            start.pool_stakes,
            start.potentials,
            start.desirabilities,
            start.rank_values,
        )
        for array, value in zip(pools, values, strict=True):
            array[:count] = value
        delegations = np.zeros((players.count, capacity))
        delegations[:, :count] = start.delegations
        slots = np.full((players.count, rules.max_pools), -1)
        held = np.zeros(players.count, dtype=np.int64)
        for slot, owner in enumerate(start.pool_owners):
            slots[owner, held[owner]] = slot
            held[owner] += 1
        self._board = kernels_rounds.Board(
            pools,
            delegations,
            held,
            slots,
            np.array(start.standing_offers),
            np.array(players.stakes),
            np.array(players.costs),
            self.game.next_values,
            self.is_myopic,
        )
        self._terms = terms_of(rules)
        self._temper = kernels_rounds.Temper(
            float(self.behaviour.inertia),
            float(self.behaviour.rationality),
            float(self.behaviour.noise),
            GAIN_TOLERANCE * rules.reward_pot / rules.k,
        )

    def _begin_round(self) -> None:
        order = np.flatnonzero(~self.game.players.abstains)
        if self.behaviour.order == "random":
            order = self._orders.permutation(order)
        if self.behaviour.activation < 1.0:
            order = order[self._orders.random(order.size) < self.behaviour.activation]
        self._round_order, self._next, self._moves = order, 0, 0

    def _play(self, until: int) -> Floats:
        from workbench.rewards.game import kernels_rounds

        gains = np.full(self.game.players.count, np.nan)
        order = self._round_order[:until]
        while self._next < until:
            self._next, moves = kernels_rounds.play(
                order, self._next, self._board, self._terms, self._temper, self._draws, gains
            )
            self._moves += moves
            if self._next < until:
                self._grow()
        return gains

    def _grow(self) -> None:
        """Make room for more pools than ever before."""
        more = self._board.pools.owners.size
        pools = type(self._board.pools)(
            np.concatenate([self._board.pools.owners, np.full(more, -1)]),
            *(np.concatenate([values, np.zeros(more)]) for values in self._board.pools[1:]),
        )
        wider = np.zeros((self.game.players.count, more))
        self._board = self._board._replace(
            pools=pools, delegations=np.concatenate([self._board.delegations, wider], axis=1)
        )

    def _end_round(self) -> None:
        # Sums kept up to date move by move drift by rounding; take them anew.
        pools = self._board.pools
        pools.stakes[:] = pools.pledges + self._board.delegations.sum(axis=0)
        self._round_order, self._next = np.zeros(0, dtype=np.int64), 0
        self._note_round()

    def _note_round(self) -> None:
        state, number, behaviour = self.state, len(self._rows), self.behaviour
        measured = decentralisation.measure(
            state.pledges,
            state.pool_stakes - state.pledges,
            state.pool_owners,
            self.game.rules.saturation_stake,
        )
        has_pools = state.pool_owners.size > 0
        self._rows.append(
            (
                number,
                state.pool_owners.size,
                np.unique(state.pool_owners).size,
                measured.nakamoto,
                measured.gini,
                measured.hhi,
                measured.top_ten,
                float(state.pledges.sum()),
                float(state.pool_stakes.sum()),
                float(state.margins.mean()) if has_pools else math.nan,
                float(state.desirabilities.mean()) if has_pools else math.nan,
                self._moves,
            )
        )
        if number == 0:
            self._seen[_digest(state)] = 0
            return
        self._idle = 0 if self._moves else self._idle + 1
        if self._idle >= (1 if behaviour.is_certain else behaviour.patience):
            self.outcome = Converged(number - self._idle, behaviour.is_certain)
            return
        self.outcome = StillMoving(number, self._recurred)
        if self._moves:
            since = self._seen.setdefault(_digest(state), number)
            self._recurred |= since < number
            if since < number and behaviour.is_certain and behaviour.order == "fixed":
                self.outcome = Cycle(number - since, since)
            else:
                self.outcome = StillMoving(number, self._recurred)


def _digest(state: State) -> bytes:
    """A fingerprint of a state; differences far below any stake are rounding."""
    digest = hashlib.blake2b(digest_size=16)
    for values in (state.pledges, state.margins, state.delegations):
        digest.update(np.round(values, 12).tobytes())
    digest.update(state.pool_owners.tobytes())
    return digest.digest()
