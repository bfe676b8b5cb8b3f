"""What the workbench says and draws of its numbers: the sentence, the figures, the bars."""

from __future__ import annotations

import asyncio
import dataclasses

import numpy as np
import pytest
from bench_alone import SMALL, act, running, steps, until
from page_twin import PageTwin, wired

from workbench.mixing.frame import Expected, Frame, expect
from workbench.mixing.live import LiveMixnet
from workbench.mixing.run import standard_error_of_mean
from workbench.panels import bench_words, sharing
from workbench.panels.live_model import LAST_TARGETS, Measured, closed_form_bits
from workbench.panels.workbench_panel import INTERVAL_S
from workbench.scenario import Scenario

THICK = SMALL.replace(delay_s=1.25)  # 60 packets/s over 3 mixes: 25 packets in each


def answer(scenario: Scenario) -> Expected:
    return expect(scenario, targets=sharing.EXPECTED_TARGETS)


def worst_of(bits) -> float:
    """The mean of the worst twentieth."""
    return float(np.mean(np.sort(bits)[: max(1, round(len(bits) / 20))]))


# --- the sentence ---


def test_the_summary_says_bits_packets_and_users_of_the_settings_in_force():
    async def check() -> None:
        async with running(SMALL) as panel:
            for scenario in (SMALL, THICK):
                act(panel, "set", knob="delay_s", value=scenario.delay_s)
                await until(lambda: panel.expected is not None)
                found = answer(scenario)
                bits, people = found.entropy_bits.median, found.sender_entropy_bits.median
                packets, users = 2**bits, 2**people
                assert 10 < packets < 99.5 if scenario is SMALL else packets > 99.5
                many = f"{packets:.0f}" if packets < 99.5 else f"{round(packets, -1):.0f}"
                assert panel.console.data["summary"].startswith(
                    f"{bits:.1f} bits expected: it could be any of about {many} packets, "
                    f"sent by about {users:.0f} of 20 users; half arrive within "
                    f"{found.latency_median_s:.2f} s; 33 % of packets are cover"
                )
            act(panel, "pause")
            assert panel.console.data["summary"].endswith("; paused.")
            act(panel, "set", knob="delay_s", value=0.3)
            said = panel.console.data["summary"]
            assert said == "Computing what to expect of these settings."

    asyncio.run(check())


def test_the_summary_says_what_is_lost_and_who_is_corrupted():
    lossy = SMALL.replace(mix_loss=0.2, corrupt_mixes=2)
    said = bench_words.summary(lossy, answer(lossy), "playing")
    lost = 100 * answer(lossy).dropped_share
    assert 40 < lost < 60  # three mixes lose a fifth each: 1 - 0.8**3 = 49 %
    assert f"; {lost:.0f} % of packets are lost; 2 of 9 mixes corrupted." in said


# --- the figures ---


def test_a_turned_knob_leaves_the_old_median_and_the_old_latencies_as_ghosts():
    async def check() -> None:
        async with running(SMALL) as panel:
            steps(panel, 30)
            entropy, latency = panel.entropy.ghost, panel.latency.ghost
            assert list(entropy.data["y"]) == list(latency.data["y"]) == []
            old_s = panel.measured.latencies_s
            assert len(old_s) > 20
            act(panel, "set", knob="delay_s", value=0.2)
            await until(lambda: panel.expected is not None)
            steps(panel, 5)
            assert list(entropy.data["y"]) == [answer(SMALL).entropy_bits.median]
            assert list(entropy.data["x1"]) == [0.0]
            assert entropy.data["x0"][0] == pytest.approx(-5 * INTERVAL_S)
            # The outline is the histogram of the latencies of before, on the axis of now.
            end = panel.latency.across.end
            inside = (old_s <= end).mean()
            assert sum(latency.data["y"]) == pytest.approx(100 * inside)
            at = int(np.searchsorted(latency.data["x"], np.median(old_s), side="right")) - 1
            low, high = latency.data["x"][at], latency.data["x"][at + 1]
            share = ((old_s >= low) & (old_s < high)).mean()
            assert latency.data["y"][at] == pytest.approx(100 * share)
            assert share > 0
            # Turned again before an answer is known: no other setting's stands for it.
            act(panel, "set", knob="traffic_per_client_per_s", value=0.3)
            act(panel, "set", knob="cover_per_client_per_s", value=0.5)
            await until(lambda: panel.expected is not None)
            steps(panel, 5)
            assert list(entropy.data["y"]) == []
            assert panel.console.data["was"] == ""
            act(panel, "undo")
            assert panel.console.data["was"] != ""
            for name, value in (("set", 4), ("reset", None)):  # each starts another network
                act(panel, name, knob="layers", value=value)
                assert list(latency.data["y"]) == []
                await until(lambda: panel._network is not None)
                steps(panel, 5)
                assert list(entropy.data["y"]) == list(latency.data["y"]) == []
                assert panel.console.data["was"] == ""

    asyncio.run(check())


def test_the_entropy_figure_has_the_worst_and_the_formula_only_where_it_holds():
    assert closed_form_bits(THICK) is not None

    async def check() -> None:
        async with running(THICK) as panel:
            steps(panel, 4, interval_s=0.5)
            assert panel.measured.count >= 30
            columns, names = panel.entropy.source.data, panel.entropy.labels.data
            bits = np.sort([bits for bits, *_ in panel.measured.targets])
            assert columns["median"][-1] == pytest.approx(np.median(bits))
            assert columns["worst"][-1] == pytest.approx(worst_of(bits))
            assert columns["formula"][-1] == pytest.approx(closed_form_bits(THICK))
            assert sorted(names["text"]) == ["expected", "formula", "median", "worst 5 %"]
            act(panel, "set", knob="corrupt_mixes", value=1)
            steps(panel, 4, interval_s=0.5)
            columns, names = panel.entropy.source.data, panel.entropy.labels.data
            assert np.isnan(columns["formula"][-1])
            assert not np.isnan(columns["worst"][-1])
            assert "formula" not in names["text"]

    asyncio.run(check())


def test_each_answer_says_of_how_many_packets_it_is_and_how_sure():
    net, measured = LiveMixnet(SMALL), Measured()
    while measured.count < 30:
        measured.take(net.advance(0.1), 0.08)
    bits = [bits for bits, *_ in measured.targets]
    assert len(bits) < LAST_TARGETS
    said = bench_words.measured_data(measured, SMALL, None)["spread"]
    said = said.replace("\N{NO-BREAK SPACE}", " ")
    assert said == f"median of the last {len(bits)} finished; worst 5 %: {worst_of(bits):.1f}"

    found = answer(SMALL).entropy_of_targets_bits
    found = found[~np.isnan(found)]
    said = bench_words.expected_data(answer(SMALL), SMALL)["spread"]
    assert said.replace("\N{NO-BREAK SPACE}", " ") == (
        f"median of {len(found):,} packets; worst 5 %: {worst_of(found):.1f}; "
        f"mean {found.mean():.2f} ± {standard_error_of_mean(found):.1g}"
    )


# --- the bars ---


def frame_of(scenario: Scenario, **known) -> Frame:
    """A frame of two seconds in which exactly this happened."""
    nothing = dict.fromkeys(("sent_by_kind", "crossings_by_kind"), np.zeros(4, np.int64))
    nothing["dropped_by_cause"] = np.zeros((4, 4), np.int64)
    frame = LiveMixnet(scenario).advance(0.01)
    arrays = {name: np.array(value) for name, value in known.items()}
    return dataclasses.replace(frame, dt_s=2.0, **{**nothing, **arrays})


def test_bars_show_what_a_hand_made_frame_counts():
    two_by_three = SMALL.replace(layers=2, width=3)
    measured = Measured()
    drops = np.zeros((4, 4), np.int64)
    drops[0, 0], drops[2, 0], drops[2, 1] = 5, 3, 2  # by cause and kind: 10 in all
    frame = frame_of(
        two_by_three,
        sent_by_kind=[20, 40, 0, 20],  # 80 in all, four for each real one
        crossings_by_kind=[200, 100, 0, 100],
        dropped_by_cause=drops,
        pools=[2, 4, 9, 0, 1, 2],  # by layer: mean 5 and 1
        latency_s=[0.2, 0.4, 1.5],
    )
    measured.take(frame, 0.08)
    data = bench_words.cost_data(measured, two_by_three)
    # Of 2,413 bytes each: 100, 50 and 50 packets/s over links; the length is the share of all.
    assert [(one["label"], one["text"], one["share"]) for one in data["bandwidth"]] == [
        ("real", "241.3 kB/s", 0.5),
        ("loop cover", "120.7 kB/s", 0.25),
        ("mix loops", "120.7 kB/s", 0.25),
    ]
    assert [one["kind"] for one in data["bandwidth"]] == [0, 1, 3]
    costs = {one["label"]: (one["text"], one["share"]) for one in data["costs"]}
    assert costs == {
        "Half arrive within": ("0.4 s", 0.1),
        "Packets sent for one real": ("4", 0.4),
        "Dropped": ("12.5 %", 0.125),
    }
    assert data["pools"] == [
        {"label": "Layer 1", "text": "5 a mix, 2 to 9", "share": 0.5556},
        {"label": "Layer 2", "text": "1 a mix, 0 to 2", "share": 0.1111},
    ]
    assert data["held"] == "18 packets held in 6 mixes"


def test_bars_of_nothing_say_that_nothing_is_known():
    data = bench_words.cost_data(Measured(), SMALL)
    assert [one["text"] for one in data["costs"]] == ["–", "–", "0 %"]
    assert data["bandwidth"] == data["pools"] == []


# --- one step ---


def test_step_on_a_paused_panel_makes_one_step_and_stays_paused():
    async def check() -> None:
        async with running(SMALL) as panel:
            page = PageTwin(panel.console, wired(panel.console), "page")
            page.start = page.apply = lambda content, buffers: None
            page.hello()  # somebody looks: nothing but the pause holds the network back
            act(panel, "pause")
            await until(lambda: panel.pump.state == "paused")
            made, watched_s = panel.pump.steps, panel.measured.watched_s
            for count in (1, 2, 3):
                act(panel, "step")
                await until(lambda count=count: panel.pump.steps >= made + count)
                assert panel.pump.steps == made + count
                assert panel.measured.watched_s == pytest.approx(watched_s + count * INTERVAL_S)
                assert panel.pump.state == "paused"
                assert panel.console.data["playing"] == "paused"

    asyncio.run(check())
