"""Entropy and its kin: published values, orders, and refusal of what is no distribution."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench import anonymity as an
from workbench.errors import AnonymityError

weights = st.lists(st.floats(0, 1e6, allow_subnormal=False), min_size=1, max_size=40)
distributions = weights.filter(lambda w: sum(w) > 1e-3).map(lambda w: np.array(w) / sum(w))


def test_a_uniform_doubt_over_sixteen_is_four_bits_by_every_measure() -> None:
    p = np.full(16, 1 / 16)
    assert an.entropy_bits(p) == pytest.approx(4, abs=1e-12)
    assert an.min_entropy_bits(p) == pytest.approx(4, abs=1e-12)
    for order in (0, 0.5, 1, 2, 7.5, math.inf):
        assert an.renyi_entropy_bits(p, order) == pytest.approx(4, abs=1e-9)
    assert an.effective_set(p) == pytest.approx(16, abs=1e-9)
    assert an.guessing_entropy(p) == pytest.approx(8.5, abs=1e-12)


def test_the_degree_of_a_quarter_and_three_quarters_is_published() -> None:
    assert an.degree([1 / 4, 3 / 4], 2) == pytest.approx(0.8113, abs=5e-5)


@given(distributions)
def test_the_entropies_stand_in_their_order(p: np.ndarray) -> None:
    low, middle, high = an.min_entropy_bits(p), an.renyi_entropy_bits(p), an.entropy_bits(p)
    support = math.log2(an.support_size(p))
    slack = 1e-9
    assert -slack <= low <= middle + slack
    assert middle <= high + slack
    assert high <= support + slack
    # At order 2 twice the min-entropy is an upper limit; guesses are at least half of 2**H.
    assert middle <= 2 * low + slack
    assert 1 - slack <= an.guessing_entropy(p) <= (an.support_size(p) + 1) / 2 + slack


@given(distributions, st.floats(0, 40), st.floats(0, 40))
def test_renyi_entropy_falls_with_its_order(p: np.ndarray, first: float, second: float) -> None:
    low, high = sorted((first, second))
    assert an.renyi_entropy_bits(p, low) >= an.renyi_entropy_bits(p, high) - 1e-6


@given(distributions, st.integers(0, 2**32 - 1))
def test_adding_packets_up_by_sender_never_adds_doubt(p: np.ndarray, seed: int) -> None:
    senders = np.random.default_rng(seed).integers(0, 5, p.size)
    people = an.by_sender(p, senders, 5)
    assert people.sum() == pytest.approx(1)
    assert an.entropy_bits(people) <= an.entropy_bits(p) + 1e-9
    assert 0 <= an.degree(people, 5) <= 1
    assert people[3] == pytest.approx(p[senders == 3].sum())


@given(distributions, st.integers(0, 2**32 - 1))
def test_the_order_of_outcomes_does_not_matter(p: np.ndarray, seed: int) -> None:
    shuffled = np.random.default_rng(seed).permutation(p)
    for measure in (an.entropy_bits, an.min_entropy_bits, an.renyi_entropy_bits):
        assert measure(p) == pytest.approx(measure(shuffled), abs=1e-9)
    assert an.guessing_entropy(p) == pytest.approx(an.guessing_entropy(shuffled), rel=1e-9)


def test_rows_give_the_same_as_one_by_one() -> None:
    rows = np.random.default_rng(1).dirichlet(np.ones(9), 20)
    for measure in (
        an.entropy_bits,
        an.min_entropy_bits,
        an.renyi_entropy_bits,
        an.guessing_entropy,
        an.effective_set,
        an.support_size,
        lambda p: an.degree(p, 9),
    ):
        together = measure(rows)
        assert together.shape == (20,)
        assert together == pytest.approx([measure(row) for row in rows])


def test_shannon_entropy_equals_a_plain_sum() -> None:
    p = np.random.default_rng(2).dirichlet(np.ones(50))
    assert an.entropy_bits(p) == pytest.approx(-sum(x * math.log2(x) for x in p), abs=1e-12)


def test_one_client_has_no_anonymity() -> None:
    assert an.degree([1.0], 1) == 0.0
    assert an.degree_of_bits(0.0, 1) == 0.0


def test_the_degree_refuses_packets() -> None:
    with pytest.raises(AnonymityError, match="not over packets"):
        an.degree(np.full(300, 1 / 300), 200)
    with pytest.raises(AnonymityError, match="senders or receivers"):
        an.degree([0.5, 0.5], 2, over="packets")
    with pytest.raises(AnonymityError, match="over packets"):
        an.degree_of_bits([9.3], 100)


def test_a_wrong_sum_is_named() -> None:
    with pytest.raises(AnonymityError, match=r"sum is 0\.75"):
        an.entropy_bits([0.5, 0.25])
    with pytest.raises(AnonymityError, match="negative"):
        an.entropy_bits([1.5, -0.5])
    with pytest.raises(AnonymityError, match="at least one"):
        an.entropy_bits([])
    with pytest.raises(AnonymityError, match="finite"):
        an.entropy_bits([math.nan, 1.0])


def test_mass_is_divided_out_only_when_little_is_missing() -> None:
    assert an.normalise([0.4995, 0.4999]).sum() == pytest.approx(1)
    with pytest.raises(AnonymityError, match="missing"):
        an.normalise([0.5, 0.49])
    with pytest.raises(AnonymityError, match="missing"):
        an.normalise([0.5, 0.6])


def test_loopix_epsilon_counts_doublings_and_is_symmetric() -> None:
    assert an.loopix_epsilon(0.4, 0.1) == pytest.approx(2)
    assert an.loopix_epsilon(0.1, 0.4) == pytest.approx(2)
    assert an.loopix_epsilon(0.3, 0.3) == 0
    assert an.loopix_epsilon(0.3, 0.0) == math.inf
    assert an.loopix_epsilon(0.2, 0.1, base=math.e) == pytest.approx(math.log(2))
    with pytest.raises(AnonymityError, match="neither"):
        an.loopix_epsilon(0.0, 0.0)
