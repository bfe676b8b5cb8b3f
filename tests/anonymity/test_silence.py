"""Silence is a signal: what counting packets tells, and what cover takes from it."""

from __future__ import annotations

import math

import numpy as np
import pytest

import workbench as wb
from workbench import anonymity as an
from workbench.errors import AnonymityError
from workbench.mixing.events import LOOP_COVER, REAL


@pytest.mark.parametrize(
    ("senders", "mean", "real"), [(10, 0.0, 1), (10, 1.0, 1), (10, 5.0, 1), (3, 20.0, 4), (1, 2, 1)]
)
def test_playing_it_gives_the_chance_of_the_formula(senders: int, mean: float, real: int) -> None:
    chance = an.sender_found_chance(senders, mean / 60, 60.0, real_packets=real)
    watch = an.watch_senders(senders, mean / 60, 60.0, real_packets=real, trials=40_000)
    error = math.sqrt(chance * (1 - chance) / 40_000)
    assert watch.share_right == pytest.approx(chance, abs=6 * error + 1e-12)


def test_more_cover_hides_better_down_to_blind_guessing() -> None:
    chances = [an.sender_found_chance(10, cover / 60, 60.0) for cover in (0, 1, 5, 50, 5000, 1e6)]
    assert chances[0] == 1.0
    assert (np.diff(chances) < 0).all()
    assert chances[-1] == pytest.approx(0.1, abs=0.001)


def test_cover_that_real_packets_replace_leaves_only_chance() -> None:
    watch = an.watch_senders(10, 30 / 60, 60.0, replaces_cover=True, trials=20_000)
    low, high = an.chance_interval(20_000, 0.1, confidence=0.999999)
    assert low <= watch.share_right <= high
    added = an.watch_senders(10, 30 / 60, 60.0, trials=20_000)
    assert added.share_right > high


def test_the_cheapest_cover_just_keeps_the_promise() -> None:
    for wanted in (0.6, 0.3, 0.15):
        cover = an.cover_to_hide(wanted, 10, 60.0)
        assert an.sender_found_chance(10, cover, 60.0) <= wanted
        assert an.sender_found_chance(10, 0.99 * cover, 60.0) > wanted
    with pytest.raises(AnonymityError, match="blind guessing"):
        an.cover_to_hide(0.1, 10, 60.0)
    with pytest.raises(AnonymityError, match="million"):
        an.cover_to_hide(0.10001, 10, 60.0)


def test_at_no_cover_everybody_else_is_silent() -> None:
    assert an.silent_share(0.0, 60.0) == 1
    idle = an.watch_senders(11, 1 / 60, 60.0, trials=20_000).counts[:, 1:]
    assert (idle == 0).mean() == pytest.approx(an.silent_share(1 / 60, 60.0), abs=0.01)


def test_in_a_run_the_busy_stand_out_without_a_main_stream_and_not_with_one() -> None:
    bare = wb.Scenario(
        clients=10, traffic_per_client_per_s=0.2, traffic_pattern="bursty", burst_s=5.0,
        burst_share=0.05, seed=3,
    )  # fmt: skip

    def spread(scenario: wb.Scenario) -> float:
        run = wb.simulate(scenario, duration_s=60.0, targets=0, log=True)
        sent = [
            an.sent_in_window(run.events, 10, start, start + 10.0) for start in range(0, 60, 10)
        ]
        assert sum(window.sum() for window in sent) <= run.sent
        return float(np.var(sent) / np.mean(sent))

    # Poisson counts have variance = mean; bursts have far more.
    assert spread(bare) > 3
    assert spread(bare.replace(main_stream_per_client_per_s=20.0)) < 2


def test_a_message_that_took_a_slot_leaves_blind_guessing() -> None:
    assert an.sender_found_chance(10, 5 / 60, 60.0, real_packets=0) == 0.1
    watch = an.watch_senders(10, 1 / 60, 60.0, real_packets=0, trials=20_000)
    low, high = an.chance_interval(20_000, 0.1, confidence=0.999999)
    assert low <= watch.share_right <= high


def test_more_cover_and_more_days_keep_the_packets_that_were_there() -> None:
    def packets(loop: float, days: int) -> set[tuple[int, int, float, int]]:
        wires = an.watch_wires(
            10, ready_s=300.0, length_s=600.0, loop_per_s=loop / 60, days=days, seed=4
        )
        columns = (wires.day, wires.sender, wires.sent_s, wires.kind)
        return set(zip(*(column.tolist() for column in columns), strict=True))

    assert packets(0.0, 1) == {(0, 0, 300.0, REAL)}
    assert packets(0.5, 1) < packets(1.0, 1) < packets(7.3, 1) < packets(7.3, 3)


def test_the_wires_carry_what_was_asked_for() -> None:
    wires = an.watch_wires(
        20, ready_s=30.0, length_s=60.0, loop_per_s=0.2, main_stream_per_s=0.5, days=50, seed=1
    )
    cells = 20 * 50
    per_wire = np.bincount(wires.day * 20 + wires.sender, minlength=cells)
    mean, error = 60 * 0.7, math.sqrt(60 * 0.7 / cells)
    assert per_wire.mean() == pytest.approx(mean, abs=6 * error)
    assert per_wire.var() / mean == pytest.approx(1.0, abs=6 * math.sqrt(2 / cells))
    real = wires.kind == REAL
    assert (wires.sender[real] == 0).all()
    assert np.isfinite(wires.waited_s).sum() == real.sum()
    assert wires.sent_s[real] - 30.0 == pytest.approx(wires.waited_s[np.isfinite(wires.waited_s)])
    # The first slot at or after it was ready, and no other, carries the message.
    for day in range(50):
        slots = (wires.day == day) & (wires.sender == 0) & (wires.kind != LOOP_COVER)
        late = wires.sent_s[slots & (wires.sent_s >= 30.0)]
        assert wires.sent_s[slots & real].tolist() == ([late.min()] if late.size else [])
    assert wires.waited_s[np.isfinite(wires.waited_s)].mean() == pytest.approx(2.0, abs=1.5)


def test_naming_the_busiest_on_the_wires_is_right_as_often_as_the_formula_says() -> None:
    right = 0.0
    for seed in range(1500):
        wires = an.watch_wires(10, ready_s=20.0, length_s=60.0, loop_per_s=1 / 60, seed=seed)
        busiest = wires.busiest(0.0, 60.0)
        right += (0 in busiest) / busiest.size
    chance = an.sender_found_chance(10, 1 / 60, 60.0)
    assert right / 1500 == pytest.approx(chance, abs=6 * math.sqrt(chance / 1500))
