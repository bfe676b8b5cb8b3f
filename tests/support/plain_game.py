"""A slow, obvious twin of the game of pools: lists and loops, straight from the definitions.

It shares no code with the package. Pools are a list in which a closed pool leaves a hole
(None) that the next one opened takes, so that rounds can be followed move by move.
"""

from __future__ import annotations

import math
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

TIE = 1e-12


@dataclass
class Pool:
    owner: int
    pledge: float
    margin: float


@dataclass
class Plain:
    """Players, rules and what everybody does."""

    stakes: list[float]
    costs: list[float]
    k: int
    alpha: float = 0.3
    pot: float = 1.0
    further: float = 0.4
    most: int = 5
    saturation: bool = True
    abstains: list[bool] = field(default_factory=list)
    pools: list[Pool | None] = field(default_factory=list)
    given: list[dict[int, float]] = field(default_factory=list)  # by player: pool -> amount

    def __post_init__(self) -> None:
        self.given = self.given or [{} for _ in self.stakes]
        self.abstains = self.abstains or [False] * len(self.stakes)

    # ---- the rules

    @property
    def places(self) -> int:
        return self.k if self.saturation else 1

    @property
    def full(self) -> float:
        return 1.0 / self.k if self.saturation else 1.0

    @property
    def tie(self) -> float:
        return TIE * self.pot / self.k

    def reward(self, stake: float, pledge: float) -> float:
        counted = min(stake, self.full)
        bonus = self.alpha * self.k * min(pledge, 1.0 / self.k)
        return self.pot * counted * (1.0 + bonus) / (1.0 + self.alpha)

    def cost(self, player: int, count: int) -> float:
        return self.costs[player] * (1.0 + self.further * (count - 1)) / count

    def pledge(self, player: int, count: int) -> float:
        return min(self.stakes[player] / count, self.full)

    def next_value(self, player: int, count: int) -> float:
        """What one more pool than `count` adds to the player's potential."""

        def total(pools: int) -> float:
            if pools == 0:
                return 0.0
            each = self.reward(self.full, self.pledge(player, pools)) - self.cost(player, pools)
            return pools * each

        if count >= self.most or self.abstains[player]:
            return 0.0
        return max(0.0, total(count + 1) - total(count))

    # ---- the state

    def own(self, player: int) -> list[int]:
        return [at for at, pool in enumerate(self.pools) if pool and pool.owner == player]

    def stake_in(self, at: int) -> float:
        pool = self.pools[at]
        assert pool
        return pool.pledge + sum(row.get(at, 0.0) for row in self.given)

    def pool_cost(self, at: int) -> float:
        pool = self.pools[at]
        assert pool
        return self.cost(pool.owner, len(self.own(pool.owner)))

    def potential(self, at: int) -> float:
        pool = self.pools[at]
        assert pool
        return self.reward(self.full, pool.pledge) - self.pool_cost(at)

    def desirability(self, at: int) -> float:
        pool = self.pools[at]
        assert pool
        return (1.0 - pool.margin) * max(0.0, self.potential(at))

    def rank_value(self, at: int) -> float:
        pool = self.pools[at]
        assert pool
        if pool.pledge >= self.full * (1 - 1e-12):
            return max(0.0, self.potential(at))
        return self.desirability(at)

    def offers(self) -> list[float]:
        return [self.next_value(j, len(self.own(j))) for j in range(len(self.stakes))]

    def items(self) -> list[tuple[float, float, int, int]]:
        """Rank value, potential, owner, and the pool's place in the list (-1: an offer)."""
        pools = [
            (self.rank_value(at), self.potential(at), pool.owner, at)
            for at, pool in enumerate(self.pools)
            if pool
        ]
        return pools + [(v, v, player, -1) for player, v in enumerate(self.offers()) if v > 0]

    def is_before(self, a: Any, b: Any) -> bool:
        for one, other in ((a[0], b[0]), (a[1], b[1])):
            if abs(one - other) > self.tie:
                return bool(one > other)
        if (a[3] >= 0) != (b[3] >= 0):
            return bool(a[3] >= 0)
        return (a[2], self._turn(a)) < (b[2], self._turn(b))

    def _turn(self, item: Any) -> int:
        return self.own(item[2]).index(item[3]) if item[3] >= 0 else -1

    def fills(self) -> set[int]:
        items = self.items()
        filling = set()
        for b in items:
            ahead = sum(1 for a in items if a is not b and self.is_before(a, b))
            if b[3] >= 0 and ahead < self.places and b[0] > self.tie:
                filling.add(b[3])
        return filling

    def payoffs(self, myopic: bool = False) -> list[float]:
        filling = self.fills()
        pays = [0.0] * len(self.stakes)
        for at, pool in enumerate(self.pools):
            if not pool:
                continue
            cost, now = self.pool_cost(at), self.stake_in(at)
            stake = now if myopic else max(now, self.full) if at in filling else pool.pledge
            profit = self.reward(stake, pool.pledge) - cost
            part = 1.0
            if profit > 0:
                part = pool.margin + (1 - pool.margin) * pool.pledge / stake
            pays[pool.owner] += part * profit
            for player, row in enumerate(self.given):
                amount = row.get(at, 0.0)
                if amount > 0:
                    with_me = stake if myopic or at in filling else pool.pledge + amount
                    left = max(0.0, self.reward(with_me, pool.pledge) - cost)
                    pays[player] += (1 - pool.margin) * left * amount / with_me
        return pays

    # ---- moves

    def after(self, player: int, count: int, margin: float, pledge: float | None = None) -> Plain:
        """The state with `count` pools of `player`, which delegates nothing yet."""
        new = deepcopy(self)
        new.given[player] = {}
        own = new.own(player)
        for at in own[count:]:
            new.pools[at] = None
            for row in new.given:
                row.pop(at, None)
        for at in own[:count]:
            pool = new.pools[at]
            assert pool
            pool.margin = margin
            if pledge is not None:
                pool.pledge = pledge
        for _ in range(count - len(own)):
            assert pledge is not None
            pool = Pool(player, pledge, margin)
            if None in new.pools:
                new.pools[new.pools.index(None)] = pool
            else:
                new.pools.append(pool)
        return new

    def rest(self, player: int) -> float:
        pledged = sum(pool.pledge for pool in self.pools if pool and pool.owner == player)
        free = self.stakes[player] - pledged - sum(self.given[player].values())
        return free if free > 1e-12 * self.stakes[player] else 0.0

    def best_of_all(self, player: int, grid: list[float], shares: list[float]) -> float:
        """The most that `player` gets by any declared move, by trying every one."""
        most = self.payoffs()[player]
        offers = self.offers()
        for count in range(self.most + 1):
            pledges: list[float | None] = [s * self.pledge(player, count or 1) for s in shares]
            if count == len(self.own(player)):
                pledges.append(None)
            for pledge in pledges if count else pledges[:1]:
                bare = self.after(player, count, 0.0, pledge)
                rivals = [bare.rank_value(a) for a, p in enumerate(bare.pools) if p]
                rivals += [*offers, bare.offers()[player], 0.0]
                margins = set(grid)
                for own in bare.own(player):
                    potential = bare.potential(own)
                    if potential > 0:
                        margins |= {1 - v / potential for v in rivals}
                        margins |= {1 - (v + 2 * self.tie) / potential for v in rivals}
                for margin in margins if count else {0.0}:
                    if 0 <= margin <= 1:
                        new = self.after(player, count, margin, pledge)
                        new.pour(player)
                        most = max(most, new.payoffs()[player])
        return most

    def pour(self, player: int, pieces: int = 60) -> None:
        """Delegate what is left in small pieces, each where it adds most."""
        piece = self.rest(player) / pieces
        filling = sorted(self.fills())
        base = {at: self.stake_in(at) for at in filling}
        wanted = {at: self.desirability(at) for at in filling}
        row = {at: 0.0 for at in filling if self.pools[at].owner != player}  # type: ignore[union-attr]
        if piece <= 0 or not row:
            return

        def pay(at: int, amount: float) -> float:
            return amount * wanted[at] / max(self.full, base[at] + amount)

        for _ in range(pieces):
            best = max(row, key=lambda at: pay(at, row[at] + piece) - pay(at, row[at]))
            row[best] += piece
        self.given[player] = {at: amount for at, amount in row.items() if amount > 0}

    # ---- rounds

    def limit_margin(self, player: int, count: int) -> float:
        """What keeps out, at its full potential, each rival that could be kept out."""
        bare = self.after(player, count, 0.0, self.pledge(player, count))
        potential = bare.potential(bare.own(player)[0])
        rivals = sorted(
            (item[1] for item in bare.items() if item[2] != player or item[3] < 0), reverse=True
        )
        last = max(0, self.places - count)
        rival = max(rivals[last] if last < len(rivals) else 0.0, 4 * self.tie)
        return 1 - rival / potential if 0 < potential >= rival else 0.0

    def place(self, player: int) -> None:
        """Room by room down the ranking, what is left to the pool that pays most for it."""
        amount = rest = self.rest(player)
        if rest <= 0:
            return
        filling = self.fills()
        row: dict[int, float] = {}
        order = sorted(
            (at for at in filling if self.pools[at].owner != player),  # type: ignore[union-attr]
            key=lambda at: (-self.rank_value(at), at),
        )
        for at in order:
            room = self.full - self.stake_in(at)
            if room > 0:
                row[at] = min(room, rest)
                rest -= row[at]
                if rest <= 1e-12 * amount:
                    break
        else:
            best, most = -1, 0.0
            for at, pool in enumerate(self.pools):
                if pool and pool.owner != player and at not in row:
                    self.given[player] = {at: rest}
                    one = self._pay_for(player, at, filling)
                    if one > most:
                        best, most = at, one
            if best >= 0:
                row[best] = rest
        self.given[player] = row

    def _pay_for(self, player: int, at: int, filling: set[int]) -> float:
        pool, amount = self.pools[at], self.given[player][at]
        assert pool
        if at in filling:
            return amount * self.desirability(at) / max(self.full, self.stake_in(at))
        with_me = pool.pledge + amount
        left = max(0.0, self.reward(with_me, pool.pledge) - self.pool_cost(at))
        return (1 - pool.margin) * left * amount / with_me

    def turn(self, player: int, inertia: float = 0.0) -> Plain:
        """The state after one fully rational player that looks ahead has had its turn."""
        held = self.payoffs()[player] + inertia * self.pot * self.stakes[player]
        best, most = self, -math.inf
        for count in range(self.most + 1):
            pledge, margin = 0.0, 0.0
            if count:
                pledge, margin = self.pledge(player, count), self.limit_margin(player, count)
            new = self.after(player, count, margin, pledge)
            new.place(player)
            pay = new.payoffs()[player]
            if pay > most:
                best, most = new, pay
        return best if most > held + 1e-9 * self.pot / self.k else self
