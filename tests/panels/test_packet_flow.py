"""The flow's frames: exact pools, a fair sample, and nothing that is not in the log."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from page_twin import PageTwin, Wire, wired
from plain_mixnet import PlainMixnet, all_events

from workbench.errors import WorkbenchError
from workbench.mixing.events import MIX_LOOP, NOWHERE, Events
from workbench.mixing.live import LiveMixnet
from workbench.mixing.simulate import simulate
from workbench.panels.flow_control import let_the_picture_steer
from workbench.panels.flow_sample import MOST_DRAWN, RATIOS, Sample, kept_inside
from workbench.panels.packet_flow import Act, PacketFlow, slow_down_for
from workbench.scenario import Scenario

SMALL = Scenario(
    clients=20,
    traffic_per_client_per_s=2.0,
    cover_per_client_per_s=1.0,
    layers=3,
    width=4,
    delay_s=0.3,
    seed=7,
)


class FlowTwin(PageTwin):
    """A page that only keeps what it was told."""

    def start(self, content: dict[str, Any], buffers: list[bytes]) -> None:
        self.network = content["network"]
        self.frames = [decoded(content, buffers)]

    def apply(self, content: dict[str, Any], buffers: list[bytes]) -> None:
        if content["type"] == "frame":
            self.frames.append(decoded(content, buffers))
        elif content["type"] == "tune":
            self.network = content["network"]


def decoded(content: dict[str, Any], buffers: list[bytes]) -> dict[str, Any]:
    rows, at = content["rows"], 0
    columns = {}
    for name, kind in (
        ("packet", "<f8"),
        ("leave_s", "<f8"),
        ("arrive_s", "<f8"),
        ("source", "<i4"),
        ("target", "<i4"),
        ("kind", "u1"),
    ):
        size = rows * np.dtype(kind).itemsize
        columns[name] = np.frombuffer(buffers[0][at : at + size], kind)
        at += size
    assert at == len(buffers[0])
    grid = np.frombuffer(buffers[1], "<i4").reshape(len(content["times_s"]), -1)
    return {**content, **columns, "grid": grid, "belief": np.frombuffer(buffers[2], "<f4")}


def opened(flow: PacketFlow) -> tuple[FlowTwin, Wire]:
    wire = wired(flow)
    view = FlowTwin(flow, wire, "page")
    view.hello()
    view.read()
    return view, wire


def frames_of(scenario: Scenario, dt_s: float, count: int) -> Iterator[Any]:
    net = PlainMixnet(scenario, dt_s * count + 1)
    for _ in range(count):
        yield net.advance(dt_s)


def held_at(events: Events, mixes: int, at_s: float) -> np.ndarray:
    """Packets in each mix at one moment, counted from the log in the slow, obvious way."""
    held = np.zeros(mixes, int)
    for source, target, leave_s, arrive_s in zip(
        events.source, events.target, events.leave_s, events.arrive_s, strict=True
    ):
        if source >= 0 and leave_s <= at_s:
            held[source] -= 1
        if target >= 0 and arrive_s <= at_s:
            held[target] += 1
    return held


def with_links(log: Events, link_delay_s: float) -> Events:
    """The same run on slower links: each crossing takes its time and delays what follows."""
    crossed: dict[int, int] = {}
    before = np.zeros(len(log))
    for row, packet in enumerate(log.packet.tolist()):
        before[row] = crossed.get(packet, 0)
        crossed[packet] = crossed.get(packet, 0) + 1
    leave_s = log.leave_s + before * link_delay_s
    later = Events(**{**vars(log), "leave_s": leave_s, "arrive_s": leave_s + link_delay_s})
    return later.where(np.argsort(leave_s, kind="stable"))


@pytest.mark.parametrize("link_delay_s", [0.0, 0.05])
@pytest.mark.parametrize("are_given", [True, False])
def test_pool_counts_are_exact_at_every_time_that_is_sent(link_delay_s, are_given):
    log = with_links(all_events(SMALL, 4.0), link_delay_s)
    flow = PacketFlow(SMALL)
    view, _ = opened(flow)
    clock_s = 0.0
    for clock_next_s in np.arange(0.2, 4.0, 0.2):
        step = log.where((log.leave_s > clock_s) & (log.leave_s <= clock_next_s))
        pools = held_at(log, SMALL.mixes, clock_next_s) if are_given else None
        flow.add(step, clock_next_s, pools=pools)
        clock_s = clock_next_s
        view.read()
        view.paint()
    assert len(view.frames) == 20
    for frame in view.frames[1:]:
        for time_s, row in zip(frame["times_s"], frame["grid"], strict=True):
            assert_array_equal(row, held_at(log, SMALL.mixes, time_s))


def test_every_row_sent_is_a_row_of_the_log():
    flow = PacketFlow(SMALL)
    view, _ = opened(flow)
    logged: set[tuple[float, ...]] = set()
    for told in frames_of(SMALL, 0.2, 15):
        flow.add(told.events, told.clock_s, pools=told.pools)
        logged |= rows_of(told.events)
        view.read()
        view.paint()
    sent = set().union(*(rows_of_frame(frame) for frame in view.frames))
    assert len(sent) > 500
    assert sent == logged


def rows_of(events: Events) -> set[tuple[float, ...]]:
    names = ("packet", "kind", "source", "target", "leave_s", "arrive_s")
    return {
        tuple(float(v) for v in row)
        for row in zip(*(getattr(events, n) for n in names), strict=True)
    }


def rows_of_frame(frame: dict[str, Any]) -> set[tuple[float, ...]]:
    names = ("packet", "kind", "source", "target", "leave_s", "arrive_s")
    return {tuple(float(v) for v in row) for row in zip(*(frame[n] for n in names), strict=True)}


def test_a_view_that_opens_late_gets_everything_that_is_inside():
    flow = PacketFlow(SMALL)
    wired(flow)
    log = []
    for told in frames_of(SMALL, 0.2, 20):
        flow.add(told.events, told.clock_s, pools=told.pools)
        log.append(told)
    view, _ = opened(flow)
    start = view.frames[0]
    last = {}
    for told in log:
        for packet, target in zip(told.events.packet, told.events.target, strict=True):
            last[int(packet)] = int(target)
    inside = {packet: target for packet, target in last.items() if target >= 0}
    told_last = dict(zip(start["packet"].astype(int), start["target"], strict=True))
    assert {p: t for p, t in told_last.items() if t >= 0} == inside
    assert_array_equal(start["grid"][-1], log[-1].pools)
    assert start["inside"] == len(inside)


def test_what_a_late_view_gets_does_not_grow_with_the_run():
    flow = PacketFlow(SMALL)
    wired(flow)
    sizes = []
    for told in frames_of(SMALL, 0.5, 60):
        flow.add(told.events, told.clock_s, pools=told.pools)
        sizes.append(len(flow._kept))
    assert max(sizes[30:]) < 2 * max(sizes[5:15])


def test_above_six_hundred_a_fair_sample_is_drawn_and_pools_stay_exact():
    crowd = SMALL.replace(clients=2000, traffic_per_client_per_s=3.0, cover_per_client_per_s=1.0)
    flow = PacketFlow(crowd)
    view, _ = opened(flow)
    log = []
    for told in frames_of(crowd, 0.1, 12):
        flow.add(told.events, told.clock_s, pools=told.pools)
        log.append(told)
        view.read()
        view.paint()
    one_in = view.frames[-1]["one_in"]
    assert one_in == flow.one_in > 1
    assert_array_equal(view.frames[-1]["grid"][-1], log[-1].pools)
    sent = np.concatenate([frame["packet"] for frame in view.frames]).astype(np.int64)
    all_ = np.concatenate([told.events.packet for told in log])
    assert set(sent) == set(all_[Sample(one_in).choose(all_)])
    # Fair: about one in so many of all packets, and of each kind (5 sigma of a coin).
    kinds = {}
    for told in log:
        kinds.update(zip(told.events.packet.tolist(), told.events.kind.tolist(), strict=True))
    drawn = set(sent.tolist())
    for kind in (0, 1):
        packets = [packet for packet, k in kinds.items() if k == kind]
        share = sum(packet in drawn for packet in packets) / len(packets)
        sigma = np.sqrt(1 / one_in * (1 - 1 / one_in) / len(packets))
        assert abs(share - 1 / one_in) < 5 * sigma


@given(st.integers(0, 2 * 10**8))
def test_the_sample_draws_at_most_six_hundred_of_any_crowd(crowd):
    sample = Sample().for_crowd(crowd)
    assert crowd <= MOST_DRAWN * sample.one_in or sample.one_in == RATIOS[-1]
    if sample.one_in > 1:
        denser = RATIOS[RATIOS.index(sample.one_in) - 1]
        assert crowd > MOST_DRAWN * denser


@given(st.integers(0, 600_000), st.sampled_from(RATIOS))
def test_the_sample_does_not_flicker_near_a_border(crowd, one_in):
    settled = Sample(one_in).for_crowd(crowd)
    again = settled.for_crowd(int(crowd * 0.95))
    assert again.one_in in (settled.one_in, again.for_crowd(crowd).one_in)
    assert settled.for_crowd(crowd) == settled


def test_sparser_samples_are_parts_of_denser_ones():
    packets = np.arange(200_000)
    chosen = [set(packets[Sample(one_in).choose(packets)].tolist()) for one_in in RATIOS[:10]]
    assert len(chosen[0]) == len(packets)
    for one_in, dense, sparse in zip(RATIOS[1:10], chosen, chosen[1:], strict=False):
        assert sparse <= dense
        # A lattice is evener than chance: the count is right to a few packets.
        assert abs(len(sparse) - len(packets) / one_in) < 25


def test_the_followed_packet_is_drawn_whatever_the_sample():
    sample = Sample(100_000, followed=4711)
    packets = np.arange(10_000)
    assert 4711 in packets[sample.choose(packets)]
    assert sample.choose(packets).sum() <= 3


def test_what_is_kept_is_the_last_crossing_of_all_inside():
    log = all_events(SMALL, 3.0)
    kept = Events.empty()
    for start in range(0, len(log), 17):
        step = log.where(slice(start, start + 17))
        kept = kept_inside(kept, step, since_s=float("inf"))
        seen = log.where(slice(0, start + 17))
        last = {int(p): row for row, p in enumerate(seen.packet)}
        inside = {p for p, row in last.items() if seen.target[row] >= 0}
        assert set(kept.packet.tolist()) == inside


def test_a_belief_is_sent_for_every_mix_and_forgotten_with_its_packet():
    flow = PacketFlow(SMALL)
    view, _ = opened(flow)
    net = PlainMixnet(SMALL, 10)
    net.follow(30)
    flow.follow(30)
    sums = []
    for _ in range(20):
        told = net.advance(0.2)
        flow.add(
            told.events,
            told.clock_s,
            pools=told.pools,
            belief=told.belief,
            belief_out=told.belief_out,
        )
        view.read()
        view.paint()
        np.testing.assert_allclose(view.frames[-1]["belief"], told.belief, atol=1e-6)
        sums.append(float(told.belief.sum() + view.frames[-1]["belief_out"]))
    assert sums[-1] == pytest.approx(1.0)
    assert view.frames[-1]["followed"] == 30
    flow.follow(None)
    flow.add(Events.empty(), 9.0)
    view.read()
    assert not view.frames[-1]["has_belief"]


def test_wide_networks_share_circles_and_lose_no_packet():
    wide = SMALL.replace(width=500, clients=300)
    flow = PacketFlow(wide)
    view, _ = opened(flow)
    per = view.network["mixes_per_cell"]
    assert per > 1
    for told in frames_of(wide, 0.2, 5):
        flow.add(told.events, told.clock_s, pools=told.pools)
        view.read()
        view.paint()
    cells = view.frames[-1]["grid"][-1].reshape(3, -1)
    truth = told.pools.reshape(3, -1)
    for layer in range(3):
        for cell, count in enumerate(cells[layer]):
            assert count == truth[layer, cell * per : (cell + 1) * per].sum()


@pytest.mark.parametrize(
    ("delay_s", "factor"), [(0.5, 3.0), (0.1, 15.0), (0.015, 100.0), (2.0, 1.0), (0.0, 1.0)]
)
def test_the_slow_down_makes_a_stay_visible(delay_s, factor):
    assert slow_down_for(delay_s) == factor


@given(st.floats(1e-5, 1e5))
def test_a_mean_stay_always_lasts_between_one_and_ten_seconds_of_the_eye(delay_s):
    assert 1.0 <= slow_down_for(delay_s) * delay_s <= 10.0


def test_only_what_somebody_hears_is_offered_and_it_is_heard():
    flow = PacketFlow(SMALL)
    acts: list[Act] = []
    flow.on("down", acts.append)
    flow.on("follow", acts.append)
    view, _ = opened(flow)
    assert view.network["actions"] == ["down", "follow"]
    view.say(type="act", action="down", mixes=[5], packet=None)
    view.say(type="act", action="follow", mixes=[], packet=12)
    view.say(type="act", action="bytes", mixes=[], packet=12)
    assert acts == [Act("down", (5,)), Act("follow", (), 12)]
    assert flow.followed == 12


@settings(max_examples=60, deadline=None)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "action": st.sampled_from(["down", "follow", "x"]) | st.none(),
            "mixes": st.lists(st.integers() | st.text(max_size=2), max_size=3) | st.integers(),
            "packet": st.integers() | st.text(max_size=2) | st.booleans() | st.floats(),
        },
    )
)
def test_wishes_that_make_no_sense_are_dropped(wish):
    flow = PacketFlow(SMALL)
    acts: list[Act] = []
    for action in ("down", "follow"):
        flow.on(action, acts.append)
    view, _ = opened(flow)
    view.say(**{"type": "act", **wish})
    for act in acts:
        assert all(0 <= mix < SMALL.mixes for mix in act.mixes)
        assert act.packet is None or act.packet >= 0


def test_another_network_starts_empty_and_every_view_afresh():
    flow = PacketFlow(SMALL)
    view, _ = opened(flow)
    for told in frames_of(SMALL, 0.2, 5):
        flow.add(told.events, told.clock_s, pools=told.pools)
    flow.show(SMALL.replace(width=2))
    view.read()
    assert view.inits == 2
    assert view.network["width"] == 2
    assert view.frames[0]["rows"] == 0
    assert view.frames[0]["grid"].sum() == 0


def test_lost_packets_and_links_under_way_are_told():
    flow = PacketFlow(SMALL)
    view, _ = opened(flow)
    log = Events(
        np.array([1, 2, 2]),
        np.zeros(3, np.uint8),
        np.array([-1, -2, 3], np.int32),
        np.array([0, 3, NOWHERE], np.int32),
        np.array([0.1, 0.1, 0.15]),
        np.array([0.5, 0.1, 0.15]),
        np.full(3, np.nan),
    )
    flow.add(log, 0.2)
    view.read()
    assert view.frames[-1]["grid"][-1].sum() == 0  # one still on its link, one lost
    flow.add(Events.empty(), 1.0)
    view.read()
    assert view.frames[-1]["grid"][-1].tolist() == [1] + [0] * 11


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"clock_s": -1.0}, "clock_s"),
        ({"clock_s": float("nan")}, "clock_s"),
        ({"clock_s": 1.0, "pools": np.zeros(3)}, r"\(12,\)"),
        ({"clock_s": 1.0, "belief": np.zeros((12, 2))}, r"\(12,\)"),
    ],
)
def test_frames_that_do_not_fit_are_refused(options, expected):
    flow = PacketFlow(SMALL)
    with pytest.raises(WorkbenchError, match=expected):
        flow.add(Events.empty(), **options)


def test_mixes_that_are_not_there_are_left_out_or_refused():
    flow = PacketFlow(SMALL)
    stray = Events.empty(1)
    stray.target[0] = 12
    flow.add(stray, 1.0)
    assert len(flow._kept) == 0
    with pytest.raises(WorkbenchError, match="beyond the 12"):
        flow.mark(down=[99])
    with pytest.raises(WorkbenchError, match="action"):
        flow.on("explode", print)
    with pytest.raises(WorkbenchError, match="Scenario"):
        flow.show("3 layers")


def test_no_synced_trait_of_the_flow_holds_data_or_code():
    flow = PacketFlow(SMALL)
    wired(flow)
    for told in frames_of(SMALL, 0.5, 10):
        flow.add(told.events, told.clock_s, pools=told.pools)
    assert sum(len(str(value)) for value in flow.get_state().values()) < 6000


def test_mix_loops_move_no_pool_where_they_start_and_end():
    loops = SMALL.replace(mix_loops_per_mix_per_s=1.0)
    log = simulate(loops, duration_s=3.0, targets=0, log=True).events
    assert (log.kind == MIX_LOOP).sum() > 30
    flow = PacketFlow(loops)
    view, _ = opened(flow)
    end_s = float(log.leave_s.max())
    clock_s = 0.0
    for clock_next_s in np.linspace(0, end_s, 40)[1:]:
        flow.add(log.where((log.leave_s > clock_s) & (log.leave_s <= clock_next_s)), clock_next_s)
        clock_s = clock_next_s
        view.read()
        view.paint()
    grids = np.concatenate([frame["grid"] for frame in view.frames])
    assert grids.max() > 3
    assert_array_equal(grids[-1], 0)  # all have left: nothing was counted that was not held


def test_a_live_network_fills_the_picture_frame_by_frame():
    live = LiveMixnet(SMALL)
    flow = PacketFlow(SMALL)
    view, _ = opened(flow)
    live.follow(-1)
    for step in range(30):
        if step == 10:
            live.set(delay_s=0.6)
        if step == 20:
            live.set(width=2)
        frame = live.advance(0.1)
        flow.add_frame(frame)
        view.read()
        view.paint()
        assert_array_equal(view.frames[-1]["grid"][-1], frame.pools)
        assert view.frames[-1]["clock_s"] == frame.time_s
        if frame.followed is not None:
            assert flow.followed == frame.followed.packet
    assert flow.slow_down == slow_down_for(0.6)
    assert view.inits == 2  # a new delay goes on with the picture, a new width starts one
    assert view.network["width"] == 2


def test_the_picture_steers_the_live_network():
    live = LiveMixnet(SMALL)
    flow = PacketFlow(SMALL)
    let_the_picture_steer(flow, lambda: live)
    view, wire = opened(flow)
    view.say(type="act", action="down", mixes=[5], packet=None)
    view.say(type="act", action="corrupt", mixes=[0, 9], packet=None)
    view.say(type="act", action="honest", mixes=[9], packet=None)
    assert (live.scenario.down(), live.scenario.corrupted()) == (((1, 1),), ((0, 0),))
    flow.add_frame(live.advance(0.1))
    assert wire.sent[-2][0]["network"]["down"] == [5]
    view.say(type="act", action="follow", mixes=[], packet=10**9)
    assert "not a target under way" in wire.sent[-1][0]["text"]
    assert flow.followed is None
    view.say(type="act", action="follow", mixes=[], packet=-1)
    for _ in range(20):
        flow.add_frame(live.advance(0.1))
    assert flow.followed is not None
