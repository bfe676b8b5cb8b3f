"""Closed forms against their tables, their slow twins, and each other."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench import anonymity as an
from workbench.anonymity import batch_forms, closed_forms
from workbench.errors import AnonymityError

# Mean entropy of one Poisson mix, as printed (exact recursion).
SINGLE_MIX = {
    0.1: 0.19393, 0.5: 0.86278, 1: 1.51123, 2: 2.40879, 3: 3.00018,
    5: 3.75485, 10: 4.76305, 20: 5.76429, 50: 7.08650, 100: 8.08654,
}  # fmt: skip


@pytest.mark.parametrize(("rho", "bits"), SINGLE_MIX.items())
def test_the_single_mix_table_comes_back_to_every_digit(rho: float, bits: float) -> None:
    assert round(an.poisson_mix_entropy_bits(rho), 5) == bits


def dense_single_mix(rho: float, top: int) -> float:
    """The recursion for f itself, as a dense linear system with f(top + 1) = log2(top + 1)."""
    matrix, right = np.zeros((top + 1, top + 1)), np.zeros(top + 1)
    matrix[0, 0] = 1.0
    for n in range(1, top + 1):
        matrix[n, n] = rho + n
        matrix[n, n - 1] = -(n - 1)
        if n < top:
            matrix[n, n + 1] = -rho
        else:
            right[n] += rho * math.log2(top + 1)
        right[n] += n * closed_forms.binary_entropy_bits(1 / n)
    f = np.append(np.linalg.solve(matrix, right), math.log2(top + 1))
    return sum(
        math.exp(k * math.log(rho) - rho - math.lgamma(k + 1)) * f[k + 1] for k in range(top + 1)
    )


@pytest.mark.parametrize("rho", [0.1, 1.0, 7.3, 60.0])
def test_the_recursion_agrees_with_a_dense_linear_system(rho: float) -> None:
    top = int(rho + 30 * math.sqrt(rho) + 60)
    assert an.poisson_mix_entropy_bits(rho) == pytest.approx(dense_single_mix(rho, top), abs=1e-8)


def follow_one_packet(rho: float, rng: np.random.Generator) -> float:
    """Entropy of one packet in a Poisson mix of unit delay, by following its mass."""
    held, mass, bits = int(rng.poisson(rho)) + 1, 1.0, 0.0
    mass_of_each = 1.0
    while mass_of_each > 1e-9:
        if rng.random() < rho / (rho + held):
            held += 1
        else:
            share = mass / held
            if share > 0:
                bits -= share * math.log2(share)
            mass -= share
            held -= 1
        mass_of_each = mass
    return bits


@pytest.mark.parametrize("rho", [0.5, 3.0])
def test_the_single_mix_form_is_what_following_packets_gives(rho: float) -> None:
    rng = np.random.default_rng(20)
    seen = np.array([follow_one_packet(rho, rng) for _ in range(4000)])
    error = seen.std() / math.sqrt(seen.size)
    assert abs(seen.mean() - an.poisson_mix_entropy_bits(rho)) < 5 * error


def test_the_single_mix_form_is_stable_far_beyond_any_pool() -> None:
    for rho in (1e3, 9_999.0):
        limit = math.log2(rho) + 1 / math.log(2)
        assert limit - 3e-7 < an.poisson_mix_entropy_bits(rho) < limit
    # Where the recursion hands over to its limit nothing jumps.
    step = an.poisson_mix_entropy_bits(1e4 * (1 + 1e-12)) - an.poisson_mix_entropy_bits(1e4)
    assert abs(step) < 2e-9
    assert an.poisson_mix_entropy_bits(1e9) == pytest.approx(math.log2(1e9) + 1 / math.log(2))
    assert an.poisson_mix_entropy_bits(0) == 0
    assert an.poisson_mix_entropy_bits(1e-9) < 1e-7


@given(st.floats(1e-6, 1e4), st.floats(1.0001, 3))
def test_a_fuller_mix_hides_more_and_the_limit_is_close(rho: float, factor: float) -> None:
    bits = an.poisson_mix_entropy_bits(rho)
    assert bits < an.poisson_mix_entropy_bits(min(rho * factor, 1e9))
    # The limit log2 rho + 1.4427 is at most 0.04 bits above it (near rho = 2).
    assert bits > math.log2(rho) + 1 / math.log(2) - 0.04
    # A packet cannot hide among fewer bits than it had at entry, nor gain more than rho can pay.
    first, weights = closed_forms.poisson_window(rho)
    entry = float(weights @ np.log2(np.arange(first + 1, first + 1 + weights.size)))
    assert bits > entry - 1e-12


@given(st.one_of(st.floats(0, 8), st.floats(15, 29)))
def test_the_pool_for_some_bits_gives_those_bits(bits: float) -> None:
    pool = an.poisson_mix_pool_for(bits)
    assert an.poisson_mix_entropy_bits(min(pool, 1e9)) == pytest.approx(bits, abs=1e-6)


def test_erlang_constants_and_the_standard_scenario() -> None:
    assert an.erlang_constant_bits(1) == pytest.approx(1.4427, abs=5e-5)
    assert an.erlang_constant_bits(2) == pytest.approx(2.2755, abs=1e-4)
    assert an.erlang_constant_bits(3) == pytest.approx(2.6654, abs=1e-4)
    assert an.thick_pool_entropy_bits(1000, 0.1, 3, width=3) == pytest.approx(9.309, abs=5e-4)


def test_the_erlang_constant_is_the_differential_entropy_of_the_sum() -> None:
    x = np.linspace(1e-9, 80, 800_001)
    for layers in (1, 2, 5):
        density = x ** (layers - 1) * np.exp(-x) / math.gamma(layers)
        inside = np.where(density > 0, density * np.log2(np.maximum(density, 1e-300)), 0.0)
        assert an.erlang_constant_bits(layers) == pytest.approx(-np.trapezoid(inside, x), abs=1e-3)


@given(st.floats(1, 1e6), st.floats(1e-3, 100), st.integers(1, 20))
def test_twice_the_traffic_or_twice_the_delay_is_one_bit(
    rate: float, delay: float, layers: int
) -> None:
    bits = an.thick_pool_entropy_bits(rate, delay, layers)
    assert an.thick_pool_entropy_bits(2 * rate, delay, layers) == pytest.approx(bits + 1)
    assert an.thick_pool_entropy_bits(rate, 2 * delay, layers) == pytest.approx(bits + 1)
    assert an.thick_pool_entropy_bits(4 * rate, delay / 4, layers) == pytest.approx(bits)


def test_with_one_layer_only_the_traffic_of_one_mix_counts() -> None:
    whole = an.thick_pool_entropy_bits(1000, 0.1, 1)
    assert an.thick_pool_entropy_bits(1000, 0.1, 1, width=4) == pytest.approx(whole - 2)


WIDE_RIVER = {1: 8.304, 5: 8.247, 10: 8.036, 25: 6.584, 50: 4.43, 100: 2.58}


@pytest.mark.parametrize(("width", "bits"), WIDE_RIVER.items())
def test_the_first_guess_is_within_a_tenth_of_a_bit_of_the_wide_river(
    width: int, bits: float
) -> None:
    assert an.river_guess_bits(100, 0.5, 3, width) == pytest.approx(bits, abs=0.1)


def test_loopix_theorem_1_shares_one_among_all() -> None:
    for before, stayed, came in [(1, 1, 0), (5, 5, 3), (5, 1, 0), (7, 0, 4), (0, 0, 2)]:
        old, new = an.leave_probabilities(before, stayed, came)
        assert before * old + came * new == pytest.approx(1)
    with pytest.raises(AnonymityError, match="no packet"):
        an.leave_probabilities(3, 0, 0)


def test_the_loopix_recursion_is_the_entropy_of_theorem_1() -> None:
    # Three old packets, uniform doubt; one stayed, two came.
    old, new = an.leave_probabilities(3, 1, 2)
    spread = [old] * 3 + [new] * 2
    assert an.leave_entropy_bits(math.log2(3), stayed=1, came=2) == pytest.approx(
        an.entropy_bits(spread)
    )


def test_threshold_and_threshold_pool_mixes() -> None:
    assert an.threshold_mix_entropy_bits(100) == pytest.approx(math.log2(100))
    for (leaving, kept), bits in {
        (100, 50): 8.02130, (10, 20): 6.07682, (20, 80): 7.93157,
    }.items():  # fmt: skip
        assert round(an.threshold_pool_entropy_bits(leaving, kept), 5) == bits
    assert an.threshold_pool_entropy_bits(64, 0) == 6


def test_the_threshold_pool_form_is_the_sum_over_rounds() -> None:
    leaving, kept, mass, bits = 10, 20, 1.0, 0.0
    for _ in range(400):
        each = mass / (leaving + kept)
        bits -= leaving * each * math.log2(each)
        mass *= kept / (leaving + kept)
    assert an.threshold_pool_entropy_bits(leaving, kept) == pytest.approx(bits, abs=1e-9)


def test_pools_are_poisson() -> None:
    chances = an.pool_distribution(7.5)
    assert chances.sum() == pytest.approx(1, abs=1e-12)
    assert chances @ np.arange(chances.size) == pytest.approx(7.5, abs=1e-9)
    assert chances[0] == pytest.approx(math.exp(-7.5))
    assert an.pool_distribution(0).tolist() == [1.0]


# -- timed strategies ------------------------------------------------------------------------


def play_timed(
    arrivals: float, leaving: batch_forms.LeavingRule, rounds: int, rng: np.random.Generator
) -> tuple[float, float, float]:
    """Follow one packet after another through a timed mix: entropy, its error, delay."""
    held, results, waited = 0, [], []
    for round_number in range(rounds):
        arrived = int(rng.poisson(arrivals))
        held += arrived
        if round_number > 200 and round_number % 3 == 0:
            # One more packet came in this interval: follow its mass on a copy of the mix.
            n, mass, bits, delay, wait = held + 1, 1.0, 0.0, 0.0, rng.random()
            while mass > 1e-7:
                j = int(rng.choice(n + 1, p=leaving(n)))
                if j:
                    each = mass / n
                    bits -= j * each * math.log2(each)
                    delay += j * each * wait
                    mass -= j * each
                n += int(rng.poisson(arrivals)) - j
                wait += 1.0
            results.append(bits)
            waited.append(delay)
        held -= int(rng.choice(held + 1, p=leaving(held)))
    return (
        float(np.mean(results)),
        float(np.std(results) / math.sqrt(len(results) / 4)),
        float(np.mean(waited)),
    )


def test_timed_strategies_are_what_playing_them_gives() -> None:
    rng = np.random.default_rng(5)

    def cottrell(n: int) -> np.ndarray:
        gone = np.zeros(n + 1)
        gone[min(max(n - 15, 0), math.floor(0.65 * n + 1e-9))] = 1.0
        return gone

    def coin(n: int) -> np.ndarray:
        p = 0.5 * math.erfc(-(n - 15) / (5 * math.sqrt(2)))
        return np.array([math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n + 1)])

    for form, rule in [
        (an.cottrell(8.0, keep=15), cottrell),
        (an.binomial(8.0, mean=15, sd=5), coin),
    ]:
        bits, error, delay = play_timed(8.0, rule, 2500, rng)
        assert form.entropy_bits == pytest.approx(bits, abs=5 * error)
        assert form.delay_intervals == pytest.approx(delay, rel=0.05)
        assert form.held_before_flush.sum() == pytest.approx(1, abs=1e-9)


def test_a_timed_pool_that_keeps_nothing_is_a_timed_mix() -> None:
    for arrivals in (0.2, 1.0, 30.0):
        form = an.timed_pool(arrivals, 0)
        assert form.entropy_bits == pytest.approx(an.timed_mix_entropy_bits(arrivals), abs=1e-9)
        assert form.delay_intervals == pytest.approx(0.5)


def test_a_timed_pool_with_steady_traffic_is_nearly_a_threshold_pool() -> None:
    # At 400 arrivals an interval the count hardly wobbles.
    form = an.timed_pool(400.0, 200)
    assert form.entropy_bits == pytest.approx(an.threshold_pool_entropy_bits(400, 200), abs=0.01)
    assert form.delay_intervals == pytest.approx(0.5 + 200 / 400, abs=1e-6)


def test_a_strategy_that_hardly_lets_anything_go_is_refused() -> None:
    with pytest.raises(AnonymityError, match="grows"):
        an.timed_batch(5.0, lambda n: np.eye(n + 1)[min(n, 3)])


# -- latency ---------------------------------------------------------------------------------


def test_latency_over_three_mixes_is_erlang() -> None:
    assert an.latency_mean_s(3, 0.05) == pytest.approx(0.150)
    assert an.latency_sd_s(3, 0.05) == pytest.approx(0.0866, abs=5e-5)
    assert an.latency_quantile_s(0.95, 3, 0.05) == pytest.approx(0.3148, abs=5e-5)
    assert an.latency_mean_s(3, 0.05, links_s=0.2) == pytest.approx(0.35)


@given(st.floats(0.001, 0.999), st.integers(1, 64), st.floats(1e-3, 10))
def test_quantiles_and_shares_undo_each_other(share: float, layers: int, delay: float) -> None:
    time = an.latency_quantile_s(share, layers, delay)
    assert an.latency_share_below(time, layers, delay) == pytest.approx(share, abs=1e-9)


def test_latency_agrees_with_scipy() -> None:
    stats = pytest.importorskip("scipy.stats")
    for layers in (1, 3, 40):
        for share in (1e-6, 0.05, 0.5, 0.999):
            expected = stats.gamma(layers).ppf(share)
            assert an.latency_quantile_s(share, layers, 1.0) == pytest.approx(expected, rel=1e-6)
