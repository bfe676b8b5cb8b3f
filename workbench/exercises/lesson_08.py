"""Lesson 8, betting on the mixers: its guess, its measurements, and three exercises."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable
from dataclasses import dataclass

from workbench.rewards import network, parameters, placing, returns
from workbench.rewards.formula import Node
from workbench.rewards.parameters import Parameters
from workbench.teaching import Check, Prediction, Question, Text, Wrong, say

TOKEN = 10**6  # unym
TOKENS = 1_000  # to place
NEAR = 0.02  # of the best placement: see docs/teaching_notes.md for how it was calibrated
_PARTS = 200  # the reference places tokens of five
_TWICE, _SAME, _HALF, _NOTHING = "twice as much", "the same", "half as much", "nothing"


# --- the guess ---


def prediction() -> Prediction:
    """What does a node with twice the stake pay for each token?"""
    return Prediction(
        "08/return",
        "Nodes A and B are alike. B stands at the saturation point; A holds twice as much stake.",
        [
            Question(
                "For each token delegated to it, A pays, against B,",
                options=(_TWICE, _SAME, _HALF, _NOTHING),
            )
        ],
        truth=lambda: [_half_or_not()],
        why=lambda: (
            "The reward of a node stops growing at the line. Beyond it the same reward is shared "
            "by more tokens. Now take yours somewhere else."
        ),
    )


def _half_or_not() -> str:
    now = _network(10)
    full = Node("B", 200 * TOKEN, 1_800 * TOKEN, "0.1", 2 * TOKEN, "0.99")
    over = Node("A", 200 * TOKEN, 3_800 * TOKEN, "0.1", 2 * TOKEN, "0.99")
    ratio = placing.delegate_return(now, over) / placing.delegate_return(now, full)
    said = {2.0: _TWICE, 1.0: _SAME, 0.5: _HALF, 0.0: _NOTHING}
    return next(word for value, word in said.items() if math.isclose(ratio, value, abs_tol=1e-9))


def _network(places: int, alpha: str = "0.3") -> Parameters:
    """The panel's network: one payment a month, 200 tokens of it to be earned."""
    return Parameters(
        10_000 * TOKEN, 20_000 * TOKEN, 0, 0, places, alpha=alpha, epochs_in_interval=1
    )


def along_the_stake() -> Text:
    """The return below, at and beyond the line, at the real values of one date."""
    now = parameters.at("2026-04-09")
    rows = [returns.delegator_yearly_return(now, full) for full in ("0.5", 1, 2, 3)]
    return say(
        "With the network's values of 9 April 2026, and a node with a small pledge, a delegator "
        "gets in a year {half:.1%} of the stake on a node that is half full, {full:.1%} at the "
        "line, {two:.1%} at twice the line and {three:.1%} at three times. It rises a little up "
        "to the line, because the operator's cost weighs less on a fuller node; beyond the line "
        "it falls as one over the stake. Nothing is compounded here, and nothing is forecast.",
        half=rows[0].share,
        full=rows[1].share,
        two=rows[2].share,
        three=rows[3].share,
    )


def performance_multiplies() -> Text:
    """What half the performance does to the return."""
    now = _network(10)
    node = Node("A", 200 * TOKEN, 1_300 * TOKEN, "0.1", 2 * TOKEN, 1)
    worse = Node("A", 200 * TOKEN, 1_300 * TOKEN, "0.1", 2 * TOKEN, "0.5")
    ratio = placing.delegate_return(now, worse) / placing.delegate_return(now, node)
    return say(
        "A node that passes on half of its packets pays {ratio:.0%} of what it would pay if it "
        "passed on all: **performance** multiplies the reward, and this network counts the cost "
        "in the same proportion.",
        ratio=ratio,
    )


def by_machine(people: int = 100, seed: int | None = None) -> Text:
    """A hundred random networks, three ways to place the tokens."""
    rng = random.Random(seed)
    shares: dict[str, list[float]] = {"favourite": [], "pays": [], "even": []}
    for _ in range(people):
        case = random_case(rng)
        best = case.best(parts=40).pay_unym
        for name, amounts in _rules_of_thumb(case).items():
            shares[name].append(case.pay(amounts) / best)
    worst = max(1, people // 20)

    def told(name: str) -> tuple[float, float]:
        ordered = sorted(shares[name])
        return ordered[len(ordered) // 2], sum(ordered[:worst]) / worst

    return say(
        """
        {people} random networks, {tokens:,} tokens in each, against the best placement:

        | where the tokens go | median | mean of the worst 5 % |
        | --- | --- | --- |
        | all on the node with the most stake | {f[0]:.0%} | {f[1]:.0%} |
        | all on the node that pays most before you come | {p[0]:.1%} | {p[1]:.1%} |
        | the same on every node | {e[0]:.1%} | {e[1]:.1%} |
        """,
        people=people,
        tokens=TOKENS,
        f=told("favourite"),
        p=told("pays"),
        e=told("even"),
    )


def _rules_of_thumb(case: Case) -> dict[str, list[float]]:
    count = len(case.nodes)
    most = max(range(count), key=lambda i: case.nodes[i].stake_unym)
    pays = max(range(count), key=lambda i: placing.delegate_return(case.now, case.nodes[i]))
    return {
        "favourite": [float(TOKENS * (i == most)) for i in range(count)],
        "pays": [float(TOKENS * (i == pays)) for i in range(count)],
        "even": [TOKENS / count] * count,
    }


def what_happened() -> Text:
    """The paid share of the budget before and after the saturation point fell."""
    rows = parameters.paid_shares()
    lines = [
        f"| {row.start:%Y-%m-%d} | {float(row.saturation_point_unym) / TOKEN:,.0f} "
        f"| {100 * row.share:.0f} % |"
        for row in rows
    ]
    change = next(
        (a, b)
        for a, b in itertools.pairwise(rows)
        if b.saturation_point_unym * 2 < a.saturation_point_unym
    )
    after = [row.share for row in rows if row.start >= change[1].start]
    old, new = (parameters.at(row.start) for row in change)
    return say(
        """
        | from | saturation point, NYM | paid of the budget |
        | --- | --- | --- |
        {lines}

        Up to {day} about {before:.0%} of what could have been paid was paid. Then the saturation
        point fell from {high:,.0f} to {low:,.0f} NYM, and the paid share became {least:.0%} to
        {most:.0%}. Below the line more stake earns more, so a lower line lets less stake earn the
        whole reward: that fits. But on the same day the places for entry, exit and mix nodes
        changed from {old} to {new}. Two things changed at once: this is a coincidence to discuss,
        not a proof. Source: the reward parameters as the nymtech/nym documentation published them
        on each date; each pair of rows is read as one interval apart.
        """,
        lines="\n".join(lines),
        day=f"{change[1].start:%Y-%m-%d}",
        before=change[0].share,
        high=float(change[0].saturation_point_unym) / TOKEN,
        low=float(change[1].saturation_point_unym) / TOKEN,
        least=min(after),
        most=max(after),
        old=f"{old.entry}, {old.exit} and {old.mix}",
        new=f"{new.entry}, {new.exit} and {new.mix}",
    )


def a_crowd_follows(seed: int | None = None) -> Text:
    """Everybody takes the same good advice: what it is worth then."""
    rng = random.Random(seed)
    case = random_case(rng)
    advice = max(range(len(case.nodes)), key=lambda i: placing.pay_of(
        case.now, case.nodes[i], TOKENS * TOKEN))  # fmt: skip
    node = case.nodes[advice]
    alone = placing.pay_of(case.now, node, TOKENS * TOKEN) / TOKEN
    people = 10
    crowded = placing.with_more(node, (people - 1) * TOKENS * TOKEN)
    together = placing.pay_of(case.now, crowded, TOKENS * TOKEN) / TOKEN
    return say(
        "On a random network the best single node for 1,000 tokens was {name}: alone there you "
        "would get {alone:.2f} tokens a month. If {people} people with 1,000 tokens each read the "
        "same advice, each gets {together:.2f}.",
        name=node.name,
        alone=alone,
        people=people,
        together=together,
    )


# --- random networks ---


@dataclass(frozen=True)
class Case:
    """A random network, and 1,000 tokens to place on it."""

    now: Parameters
    nodes: tuple[Node, ...]

    def pay(self, amounts: list[float]) -> float:
        """What somebody gets who places these tokens, in unym."""
        return sum(
            placing.pay_of(self.now, node, round(amount * TOKEN))
            for node, amount in zip(self.nodes, amounts, strict=True)
            if round(amount * TOKEN) > 0
        )

    def best(self, parts: int = _PARTS) -> placing.Placement:
        """The best spread in so many equal parts."""
        return placing.best_placement(self.now, self.nodes, TOKENS * TOKEN, parts)


def random_case(rng: random.Random) -> Case:
    """Six nodes of ten places; one beyond the line, one near it, the rest with some room."""
    now = _network(10)
    point = 2_000
    fullness = [rng.uniform(1.2, 2.5), rng.uniform(0.9, 0.98)]
    fullness += [rng.uniform(0.55, 0.95) for _ in range(4)]
    rng.shuffle(fullness)
    nodes = []
    for i, full in enumerate(fullness):
        pledge = rng.randrange(50, 400)
        stake = round(full * point)
        nodes.append(
            Node(
                "ABCDEF"[i],
                pledge * TOKEN,
                (stake - pledge) * TOKEN,
                margin=f"{rng.randrange(3, 16) / 100:.2f}",
                interval_cost_unym=rng.randrange(10, 31) * TOKEN // 10,
                performance=f"{rng.randrange(90, 101) / 100:.2f}",
            )
        )
    return Case(now, tuple(nodes))


# --- the reward of a node, and its split ---


def _number(given: object, what: str) -> float:
    if isinstance(given, bool) or not isinstance(given, int | float) or not math.isfinite(given):
        raise Wrong(f"{what} should be a number; you gave back {given!r:.60}.")
    return float(given)


def _close(given: float, wanted: float) -> bool:
    return math.isclose(given, wanted, rel_tol=1e-6, abs_tol=1e-9)


def _random_node(rng: random.Random, places: int) -> tuple[Node, float, float]:
    point = 20_000 / places
    pledge = rng.randrange(0, round(1.3 * point))
    delegated = rng.randrange(1, round(1.4 * point))
    node = Node(
        "node",
        pledge * TOKEN,
        delegated * TOKEN,
        margin=f"{rng.randrange(0, 60) / 100:.2f}",
        interval_cost_unym=rng.randrange(0, 400) * TOKEN // 10,
        performance=f"{rng.randrange(30, 101) / 100:.2f}",
    )
    return node, float(pledge), float(delegated)


def _try_reward(answer: Callable[..., object], rng: random.Random) -> str:
    places = rng.randrange(8, 25)
    alpha = f"{rng.randrange(0, 60) / 100:.2f}"
    now = _network(places, alpha)
    node, pledge, delegated = _random_node(rng, places)
    point = 20_000 / places
    performance = float(node.performance)
    given = _number(
        answer(200.0, performance, pledge, delegated, point, places, float(alpha)), "The reward"
    )
    want = float(network.node_reward(now, node)) / TOKEN
    if _close(given, want):
        return f"The last node earned {want:.2f} of 200 tokens."
    stake = (pledge + delegated) / point
    for wrong, why in (
        ((stake, min(1, pledge / point)), "You let stake beyond the line count: it stops at 1."),
        ((min(1, stake), pledge / point), "The pledge, too, counts only up to the line."),
        ((min(1, stake), min(1, stake)), "The bonus is for the pledge alone, not for all stake."),
    ):
        if _close(given, _reward(performance, *wrong, places, float(alpha))):
            raise Wrong(why)
    raise Wrong(
        f"For a node that is {100 * stake:.0f} % full the library says {want:.4f}, you {given:.4f}"
    )


def _reward(perf: float, stake: float, own: float, places: int, alpha: float) -> float:
    return 200.0 * perf * stake * (1 / places + alpha * own / places) / (1 + alpha)


check_reward = Check(
    "08/reward",
    "Say what a node earns in a month.",
    _try_reward,
    misconception=(
        "More stake does not always earn more. Both the whole stake and the pledge count as a "
        "share of the saturation point, and each share stops at 1."
    ),
    smaller_task=(
        "take alpha = 0 and a node without a pledge. Then the reward is the budget times the "
        "performance times the full share, divided by the number of places. min(1, x) caps."
    ),
    explanation=(
        "A full node without a pledge gets 1 / (1 + alpha) of an equal share of the budget. The "
        "rest is there for those who pledge: it makes it dear to pretend to be many."
    ),
    solution="""
        def node_reward(budget, performance, pledge, delegated, point, places, alpha):
            full = min(1, (pledge + delegated) / point)
            own = min(1, pledge / point)
            return budget * performance * full * (1 + alpha * own) / places / (1 + alpha)
    """,
)


def _try_split(answer: Callable[..., object], rng: random.Random) -> str:
    places = rng.randrange(8, 25)
    now = _network(places)
    node, pledge, delegated = _random_node(rng, places)
    # Sometimes the cost is more than the reward: the case that is forgotten.
    reward = float(network.node_reward(now, node)) / TOKEN * rng.choice((0.1, 1, 1, 3))
    performance = float(node.performance)
    cost = float(node.interval_cost_unym) / TOKEN
    margin = float(node.margin)
    given = answer(reward, performance, cost, margin, pledge, delegated)
    if not isinstance(given, tuple | list) or len(given) != 2:
        raise Wrong("Two numbers are expected: the operator's part, and all delegators' part.")
    operator, delegates = (_number(part, "Each part") for part in given)
    whole = round(reward * TOKEN)
    parts = network.split(whole, node, 1)
    want = float(parts.operator_unym) / TOKEN, float(parts.delegates_unym) / TOKEN
    if all(abs(g - w) < 1e-5 for g, w in zip((operator, delegates), want, strict=True)):
        return f"Of {reward:.2f} tokens the operator got {want[0]:.2f}."
    if delegates < 0:
        raise Wrong("Nobody pays in: a reward below the cost goes to the operator whole.")
    if abs(operator + delegates - reward) > 1e-5:
        raise Wrong("The two parts should add up to the reward.")
    profit = reward - cost * performance
    if abs(delegates - (1 - margin) * profit) < 1e-5:
        raise Wrong("The operator has stake in the node too, and shares by it like everybody.")
    raise Wrong(f"The library gives the operator {want[0]:.4f}, you {operator:.4f}.")


check_split = Check(
    "08/split",
    "Split a node's reward between its operator and all who delegate to it.",
    _try_split,
    misconception=(
        "The margin is no fee on your stake, and it is not taken from the whole reward. First the "
        "cost is paid, times the performance; the margin is taken from what is left, the profit; "
        "then operator and delegators share by stake."
    ),
    smaller_task=(
        "take margin 0 and cost 0: the operator gets pledge / (pledge + delegated) of the reward. "
        "Then let the cost be more than the reward: who gets what?"
    ),
    explanation=(
        "With margin 0 an operator still gets the cost and the part of its own stake. A margin of "
        "0 is not always best for you either: a dear node pays less than a cheap one with a margin."
    ),
    solution="""
        def split(reward, performance, cost, margin, pledge, delegated):
            profit = max(0, reward - cost * performance)
            delegates = profit * (1 - margin) * delegated / (pledge + delegated)
            return reward - delegates, delegates
    """,
)


# --- placing tokens ---


def _try_place(answer: Callable[..., object], rng: random.Random) -> str:
    case = random_case(rng)

    def pay(node: int, tokens: float) -> float:
        """Tokens a month from so many of yours on a node."""
        if type(node) is not int or not 0 <= node < len(case.nodes):
            raise Wrong(f"The nodes have numbers from 0 to {len(case.nodes) - 1}.")
        amount = round(_number(tokens, "The tokens") * TOKEN)
        if not 0 <= amount <= TOKENS * TOKEN:
            raise Wrong(f"pay is asked for 0 to {TOKENS:,} tokens.")
        return placing.pay_of(case.now, case.nodes[node], amount) / TOKEN if amount else 0.0

    given = answer(pay, len(case.nodes), TOKENS)
    if not isinstance(given, tuple | list) or len(given) != len(case.nodes):
        raise Wrong(f"A list of {len(case.nodes)} numbers is expected, one for each node.")
    amounts = [_number(part, "Each amount") for part in given]
    if min(amounts) < 0:
        raise Wrong("You cannot place fewer than 0 tokens on a node.")
    if not math.isclose(sum(amounts), TOKENS, rel_tol=1e-6):
        raise Wrong(f"{TOKENS:,} tokens are to be placed; yours add up to {sum(amounts):,.1f}.")
    share = case.pay(amounts) / case.best().pay_unym
    if share < 1 - NEAR:
        raise Wrong(
            f"Your spread earns {100 * share:.1f} % of what the best spread earns; within "
            f"{100 * NEAR:.0f} % of the best is asked for."
        )
    return f"Your last spread earned {100 * share:.2f} % of the best."


check_place = Check(
    "08/place",
    "Spread 1,000 tokens over the nodes so that they earn nearly as much as possible.",
    _try_place,
    misconception=(
        "The node that pays most before you come may pay less once you are there: your own tokens "
        "push it over the line. Ask pay what you would get, not what others get now."
    ),
    smaller_task=(
        "two nodes only: print pay(0, a) + pay(1, 1000 - a) for a in steps of 50. Where is the "
        "top, and why does it have a corner?"
    ),
    explanation=(
        "Each time it looks for the amount and the node that bring most for each token, and puts "
        "that much there: mostly it fills a node up to the line and goes on to the next. Placing "
        "tiny parts one after the other does worse: a node's pay for each token still grows below "
        "the line, so what looks poor for one part may be good for many."
    ),
    solution="""
        def place(pay, nodes, tokens):
            mine, part = [0] * nodes, 20
            while sum(mine) < tokens:
                left = tokens - sum(mine)
                gain, node, amount = max(
                    ((pay(i, mine[i] + a) - pay(i, mine[i])) / a, i, a)
                    for i in range(nodes)
                    for a in range(part, left + 1, part)
                )
                mine[node] += amount
            return mine
    """,
)

__all__ = [
    "a_crowd_follows",
    "along_the_stake",
    "by_machine",
    "check_place",
    "check_reward",
    "check_split",
    "performance_multiplies",
    "prediction",
    "what_happened",
]
