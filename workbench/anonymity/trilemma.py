"""The anonymity trilemma: strong anonymity, low latency, low cover traffic: choose two.

The theorem counts in rounds and messages, a scenario in seconds and packets a second. The
translation made here: a *round* is the mean time between two real messages anywhere in the
network, because the theorem lets one user send one real message a round, each user once in N
rounds. Latency becomes rounds, cover becomes cover messages a user a round; and as the two
are multiplied, the length of the round drops out:

    2 * latency in rounds * cover a user a round = 2 * latency_s * cover_per_client_per_s

In words: while twice the time passes that a message is under way, every user has to send at
least one cover message.
"""

from __future__ import annotations

from dataclasses import dataclass

from workbench.anonymity._checks import number, positive, whole
from workbench.anonymity.latency import latency_mean_s
from workbench.errors import AnonymityError
from workbench.scenario import Scenario


@dataclass(frozen=True)
class Trilemma:
    """A point of the trilemma, in the theorem's units.

    Attributes
    ----------
    latency_rounds : float
        l: rounds that a message may be under way.
    cover_per_user_per_round : float
        beta: cover messages (or shares of one) that each user sends a round.
    users : int
        N.
    round_s : float or None
        What a round was taken to be, when the point was translated from a scenario.
    """

    latency_rounds: float
    cover_per_user_per_round: float
    users: int
    round_s: float | None = None

    @property
    def product(self) -> float:
        """2 l beta: below 1 strong anonymity is impossible."""
        return 2.0 * self.latency_rounds * self.cover_per_user_per_round

    def is_impossible(self, epsilon: float = 0.0) -> bool:
        """Whether 2 l beta < 1 - epsilon, so that no protocol at all can be strongly anonymous.

        False does not mean that a protocol *is* strongly anonymous: the bound is necessary,
        not sufficient. "Strong" is the cryptographer's word: the observer's advantage is
        negligible. Much weaker anonymity may be useful and is possible.
        """
        return self.product < 1.0 - number("epsilon", epsilon, 0.0, 1.0)

    @property
    def advantage_at_least(self) -> float:
        """Least chance with which an observer tells two senders apart, for any protocol.

        1 - min(1, (l + beta N l) / (N - 1)): all messages that could have been this one, real
        and cover, divided by the other users. 0 says nothing, 1 that anonymity is hopeless.
        """
        if self.users == 1:
            return 1.0
        other = self.latency_rounds * (1.0 + self.cover_per_user_per_round * self.users)
        return 1.0 - min(1.0, other / (self.users - 1))

    def describe(self) -> str:
        """The point in one sentence."""
        where = "" if self.round_s is None else f" (a round is {self.round_s:.3g} s)"
        verdict = (
            "below 1: strong anonymity is impossible, for any protocol"
            if self.is_impossible()
            else "not below 1: this bound does not rule strong anonymity out"
        )
        return (
            f"{self.latency_rounds:.3g} rounds of latency, {self.cover_per_user_per_round:.3g} "
            f"cover messages a user a round{where}: 2 l beta = {self.product:.3g}, {verdict}"
        )


def trilemma_point(latency_rounds: float, cover_per_user_per_round: float, users: int) -> Trilemma:
    """A point of the trilemma for synchronised users, in rounds and messages.

    Parameters
    ----------
    latency_rounds : float
        l, 0 or more.
    cover_per_user_per_round : float
        beta, 0 or more.
    users : int
        N, 1 or more.

    Source: Das, Meiser, Mohammadi and Kate 2018, synchronised users against a passive global
    observer, with all mixes honest. The bounds for users who send when they like, and with
    corrupted mixes, are others and not here.

    Examples
    --------
    >>> trilemma_point(latency_rounds=10, cover_per_user_per_round=0.01, users=100).is_impossible()
    True
    >>> trilemma_point(latency_rounds=10, cover_per_user_per_round=0.1, users=100).product
    2.0
    """
    return Trilemma(
        number("latency_rounds", latency_rounds, 0.0),
        number("cover_per_user_per_round", cover_per_user_per_round, 0.0),
        whole("users", users, 1),
    )


def trilemma_of(scenario: Scenario) -> Trilemma:
    """Translate a scenario into the trilemma's units.

    A round is 1 / (clients * real packets a second); latency is the mean of all mixes and
    links on a route; cover is everything sent that is not real: loops, drop cover, and the
    slots of the main stream that no real packet fills.

    Notes
    -----
    A translation, not a theorem: users of a scenario are not synchronised, its latency has no
    upper limit (the mean stands for l), and its mixes may be corrupted. Read the product as
    an order of magnitude.

    Raises
    ------
    AnonymityError
        Without real traffic there is no round to count in.
    """
    real = scenario.traffic_per_client_per_s
    main = scenario.main_stream_per_client_per_s
    if main is not None:
        real = min(real, main)
    if real * scenario.clients <= 0:
        raise AnonymityError("the scenario sends no real packets; expected traffic above 0")
    cover = scenario.sent_per_client_per_s - real
    link = (
        scenario.link_delay_s if isinstance(scenario.link_delay_s, float) else _mean_link(scenario)
    )
    links = (scenario.layers + 1) * link
    latency = latency_mean_s(scenario.layers, scenario.mean_delay_s(), links_s=links)
    round_s = 1.0 / (real * scenario.clients)
    return Trilemma(latency / round_s, max(cover, 0.0) * round_s, scenario.clients, round_s)


def cover_needed_per_s(latency_s: float) -> float:
    """Cover a client must send a second so that the bound no longer forbids strong anonymity.

    1 / (2 latency): the line 2 l beta = 1 in seconds. Necessary, not sufficient.

    Examples
    --------
    >>> cover_needed_per_s(0.5)
    1.0
    """
    return 1.0 / (2.0 * positive("latency_s", latency_s, "s"))


def _mean_link(scenario: Scenario) -> float:
    table = scenario.link_delay_s
    assert isinstance(table, tuple)
    entries = [entry for row in table for entry in row]
    return sum(entries) / len(entries)
