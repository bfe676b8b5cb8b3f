"""The packet flow in a real JupyterLab, fed by a real LiveMixnet.

What is painted is joined with the kernel's event log; each liveness check is also run
against a sabotaged panel, where it must say no.
"""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest
from live_page import comes, comes_to_play, in_kernel_until, plays, ready, stands_still
from playwright.sync_api import expect

from workbench.panels.palette import MEANING

ROOT = ".wb-flow"
SCENARIO = """wb.Scenario(clients=60, traffic_per_client_per_s=0.3, cover_per_client_per_s=0.4,
    drop_cover_per_client_per_s=0.2, layers=3, width=3, delay_s=0.5, seed=5)"""
FLOW = f"""
import workbench as wb
from workbench.panels.flow_control import let_the_picture_steer
from workbench.panels.packet_flow import PacketFlow
from workbench.panels.pump import Pump
scenario = {SCENARIO}
live = wb.LiveMixnet(scenario, warm_up=False)
flow = PacketFlow(scenario, settings=lambda: "wb.Scenario(seed=5)")
let_the_picture_steer(flow, lambda: live)
opened = []
flow.on("bytes", opened.append)
frames = []
def step(tick):
    frame = live.advance(tick.interval_s / flow.slow_down)
    frames.append(frame)
    flow.add_frame(frame)
pump = Pump(step, [flow], interval_s=0.1)
flow
"""
LOG = """[
    [int(p), int(k), int(s), int(t), float(l), float(a)]
    for frame in frames for p, k, s, t, l, a in zip(frame.events.packet, frame.events.kind,
        frame.events.source, frame.events.target, frame.events.leave_s, frame.events.arrive_s)]"""
BELIEFS = "[[f.time_s, f.followed.belief.tolist()] for f in frames if f.followed]"
PICTURE = """() => {
    const flow = document.querySelector('.wb-flow').mixnetFlow;
    return {drawn: flow.drawn(), shown: flow.shown(), told: flow.told(), info: flow.info(),
        layout: flow.layout(), held: flow.layout().nodes.map((_, cell) => flow.held(cell)),
        chance: flow.layout().nodes.map((_, cell) => flow.chance(cell)),
        heldAt: flow.layout().nodes.map((_, cell) => flow.heldAt(cell))};
}"""
NOWHERE = -(2**31)
FRAME_S = 0.1 / 3
TRAVEL_S = 0.45 / 3  # of network time: half a second of delay is shown three times slower


def picture(lab: Any) -> dict[str, Any]:
    return lab.page.evaluate(PICTURE)


def shown_s(lab: Any) -> float:
    """The shown clock. A page that joins late begins late: nothing older is known to it."""
    return float(lab.page.evaluate("document.querySelector('.wb-flow').mixnetFlow.shown()"))


def run_until(lab: Any, until_s: float) -> None:
    script = "([until]) => document.querySelector('.wb-flow').mixnetFlow.shown() >= until"
    assert comes(lab, script, [until_s], limit_s=60)


def at_rest(lab: Any) -> None:
    lab.in_kernel("0", "pump.pause()")
    script = """() => { const flow = document.querySelector('.wb-flow').mixnetFlow;
        return flow.shown() === flow.told(); }"""
    assert comes(lab, "() => document.querySelector('.wb-flow').dataset.state === 'paused'")
    assert comes(lab, script)
    assert stands_still(lab, ROOT)


def places_in_log(log: list[list[float]], shown_s: float) -> dict[int, tuple[str, Any, int]]:
    """Where each packet must be drawn, worked out from the log alone.

    Column i is drawn i crossings late: a packet that leaves at t is on its way in the picture
    from t + column * travel on, for one crossing.
    """

    def column(node: int, is_target: bool) -> int:
        if node < 0:
            return 4 if is_target else 0
        return node // 3 + 1

    places: dict[int, tuple[str, Any, int]] = {}
    for packet, kind, source, target, leave_s, arrive_s in log:
        starts_s = leave_s + column(source, False) * TRAVEL_S
        ends_s = arrive_s + column(target, True) * TRAVEL_S
        if starts_s > shown_s:
            continue
        if shown_s < ends_s:
            places[packet] = ("link", (source, target), kind)
        elif target >= 0:
            places[packet] = ("mix", target, kind)
        else:
            places.pop(packet, None)
    return places


def beliefs_in_log(log: list[Any], shown_s: float) -> list[float]:
    """The chance that the followed packet is in each mix, at the time of its column."""

    def last(until_s: float) -> list[float]:
        return next(belief for time_s, belief in reversed(log) if time_s <= until_s)

    return [last(shown_s - (mix // 3 + 1) * TRAVEL_S)[mix] for mix in range(9)]


def counts_are_exact(seen: dict[str, Any], log: list[list[float]]) -> None:
    """The number below each mix is the log's, at a moment just before its column's time."""
    for mix, (held, at_s) in enumerate(zip(seen["held"], seen["heldAt"], strict=True)):
        behind_s = seen["shown"] - (mix // 3 + 1) * TRAVEL_S - at_s
        assert 0 <= behind_s <= FRAME_S / 8 + 1e-6
        arrived = sum(row[3] == mix and row[5] <= at_s for row in log)
        left = sum(row[2] == mix and row[4] <= at_s for row in log)
        assert held == arrived - left


def test_every_packet_painted_is_in_the_event_log_at_that_place(open_cells):
    lab = open_cells([FLOW], run=True)
    ready(lab, ROOT)
    run_until(lab, shown_s(lab) + 2.5)
    for _ in range(3):
        at_rest(lab)
        seen, log = picture(lab), lab.in_kernel(LOG)
        truth = places_in_log(log, seen["shown"])
        painted = {}
        for one in seen["drawn"]:
            place = ("mix", one["mix"]) if "mix" in one else ("link", (one["from"], one["to"]))
            painted[one["packet"]] = (*place, one["kind"])
        assert len(painted) == len(seen["drawn"])
        assert len(painted) > 40
        assert painted == truth
        counts_are_exact(seen, log)
        lab.in_kernel("0", "pump.play()")
        run_until(lab, seen["shown"] + 0.3)


def test_painted_pixels_have_the_colour_of_their_kind(open_cells):
    lab = open_cells([FLOW], run=True)
    ready(lab, ROOT)
    run_until(lab, shown_s(lab) + 2.0)
    at_rest(lab)
    seen = picture(lab)
    colours = [MEANING["real"], MEANING["loop_cover"], MEANING["drop_cover"]]
    on_links = [one for one in seen["drawn"] if "share" in one]
    apart = [
        one
        for one in on_links
        if all(
            abs(one["x"] - other["x"]) + abs(one["y"] - other["y"]) > 14
            for other in seen["drawn"]
            if other is not one
        )
        and all(abs(one["y"] - node["y"] - 45) > 22 for node in seen["layout"]["nodes"])
    ]
    assert len(apart) >= 3
    for one in apart:
        pixel = lab.page.evaluate(
            """([x, y]) => {
                const canvas = document.querySelector('.flow-moving');
                const scale = canvas.width / canvas.clientWidth;
                return [...canvas.getContext('2d').getImageData(x * scale, y * scale, 1, 1).data];
            }""",
            [one["x"], one["y"]],
        )
        assert "#" + "".join(f"{c:02X}" for c in pixel[:3]) == colours[one["kind"]]


def test_a_nonce_from_the_kernel_comes_back_as_a_painted_packet(open_cells):
    still = FLOW.replace("pump = Pump(step, [flow], interval_s=0.1)", "")
    lab = open_cells([still], run=True)
    ready(lab, ROOT)
    nonce = int.from_bytes(os.urandom(5))
    mix = nonce % 3
    lab.in_kernel("0", told(nonce, mix))
    script = """([nonce, mix]) => document.querySelector('.wb-flow').mixnetFlow.drawn()
        .some((one) => one.packet === nonce && one.mix === mix && one.x > 0)"""
    assert comes(lab, script, [nonce, mix])


def told(nonce: int, mix: int) -> str:
    """Kernel code: one packet enters this mix, and time goes by until it is drawn inside."""
    return (
        "import numpy as np\nfrom workbench.mixing.events import Events\n"
        f"e = Events.empty(1); e.packet[0] = {nonce}; e.source[0] = -1; e.target[0] = {mix}\n"
        "e.leave_s[0] = e.arrive_s[0] = flow._clock_s + 0.01\n"
        "flow.add(e, flow._clock_s + 0.02)\n"
        "flow.add(Events.empty(), flow._clock_s + 0.4)"
    )


def sabotaged(old: str, new: str) -> str:
    """A cell whose page script differs in one place."""
    return (
        "from workbench.panels import packet_flow as module\n"
        f"old, new = {old!r}, {new!r}\n"
        "text = module.PacketFlow.code_text()\n"
        "assert text.count(old) == 1\n"
        "module.PacketFlow.code_text = lambda self: text.replace(old, new)"
    )


def test_playing_paints_many_pictures_and_paused_exactly_one(open_cells):
    lab = open_cells([FLOW], run=True)
    ready(lab, ROOT)
    run_until(lab, 0.5)
    assert comes_to_play(lab, ROOT)
    at_rest(lab)
    assert not plays(lab, ROOT)
    lab.in_kernel("0", "pump.play()")
    run_until(lab, picture(lab)["shown"] + 0.1)
    assert comes_to_play(lab, ROOT)
    # Sabotage: the pump is cancelled; the picture ends with the last event.
    lab.in_kernel("0", "pump.cancel()")
    assert comes(lab, "() => document.querySelector('.wb-flow').dataset.state === 'stopped'")
    assert stands_still(lab, ROOT)
    assert picture(lab)["shown"] == lab.in_kernel("flow._clock_s")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        # Frames dropped in the page.
        (
            'if (content.type === "frame") takeFrame(content, buffers);',
            'if (content.type === "frame") return;',
        ),
        # The numbers come, the picture is not painted.
        ("scene.paint(play.shown, asObserver());", ""),
    ],
)
def test_a_page_that_drops_frames_does_not_pass_for_live(open_cells, old, new):
    lab = open_cells([sabotaged(old, new), FLOW], run=True)
    ready(lab, ROOT)
    in_kernel_until(lab, "pump.steps", lambda n: n >= 15)
    assert not plays(lab, ROOT)


def test_a_picture_that_loops_does_not_pass_for_one_that_ends(open_cells):
    loop = sabotaged(
        "if (this.told === null || this.shown >= this.told) return false;",
        "if (this.told === null) return false; if (this.shown >= this.told) this.shown -= 0.8;",
    )
    lab = open_cells([loop, FLOW], run=True)
    ready(lab, ROOT)
    run_until(lab, 1.5)
    lab.in_kernel("0", "pump.cancel()")
    assert comes(lab, "() => document.querySelector('.wb-flow').dataset.state === 'stopped'")
    assert not stands_still(lab, ROOT, limit=3)


def test_a_stopped_kernel_does_not_look_alive(open_cells):
    lab = open_cells([FLOW], run=True)
    ready(lab, ROOT)
    run_until(lab, 0.5)
    pid = lab.kernel_pid()
    os.kill(pid, signal.SIGSTOP)
    try:
        frozen = lab.page.locator(".wb-live-frozen")
        expect(frozen).to_be_visible(timeout=15_000)
        expect(frozen.locator("code")).to_have_text("wb.Scenario(seed=5)")
        assert stands_still(lab, ROOT)
        assert not plays(lab, ROOT)
    finally:
        os.kill(pid, signal.SIGCONT)
    expect(frozen).to_be_hidden(timeout=30_000)
    assert comes_to_play(lab, ROOT)


def test_by_keyboard_a_mix_is_found_opened_and_taken_down(open_cells):
    lab = open_cells([FLOW], run=True)
    ready(lab, ROOT)
    run_until(lab, 1.0)
    lab.page.locator(".flow-mix[tabindex='0']").focus()
    for key in ("ArrowRight", "ArrowDown", "ArrowDown", "ArrowDown"):
        lab.page.keyboard.press(key)
    focused = lab.page.locator(".flow-mix:focus")
    expect(focused).to_have_attribute("aria-label", r := _regex("^Layer 2, mix 3, [0-9]+ held"))
    lab.page.keyboard.press("Enter")
    card = lab.page.get_by_role("dialog", name="Layer 2, mix 3")
    expect(card).to_be_visible()
    expect(card.get_by_role("button", name="Take it down")).to_be_focused()
    lab.page.keyboard.press("Enter")
    expect(card).to_be_hidden()
    expect(focused).to_have_attribute("aria-label", _regex("down$"))
    assert lab.in_kernel("live.scenario.down()") == [[1, 2]]
    lab.page.keyboard.press("Enter")
    expect(card.get_by_role("button", name="Bring it back")).to_be_visible()
    lab.page.keyboard.press("Escape")
    expect(card).to_be_hidden()
    expect(focused).to_have_attribute("aria-label", r)
    # Lab's own keys: d d deletes a cell, x cuts it, a and b add some. Not from in here.
    for key in ("d", "d", "x", "a", "b"):
        lab.page.keyboard.press(key)
    lab.page.locator(".flow-observer").focus()
    for key in ("d", "d"):
        lab.page.keyboard.press(key)
    assert lab.cell_count() == 1


def _regex(pattern: str):
    import re

    return re.compile(pattern)


def test_a_followed_packet_shows_where_it_is_and_what_is_believed(open_cells):
    lab = open_cells([FLOW], run=True)
    ready(lab, ROOT)
    run_until(lab, 0.5)
    lab.page.get_by_role("button", name="Follow a packet").click()
    followed = in_kernel_until(lab, "flow.followed", lambda n: n is not None)
    expect(lab.page.locator(".flow-yours")).to_contain_text(f"your packet: number {followed}")
    script = """() => document.querySelector('.wb-flow').mixnetFlow.drawn()
        .find((one) => one.isYours)?.packet ?? null"""
    assert comes(lab, f"{script.removesuffix(' ?? null')} === {followed}")
    assert comes(
        lab,
        """() => { const flow = document.querySelector('.wb-flow').mixnetFlow;
            return flow.layout().nodes.some((_, cell) => flow.chance(cell) > 0.01); }""",
    )
    lab.page.get_by_role("button", name="Its real bytes").click()
    assert in_kernel_until(lab, "[act.packet for act in opened]", bool) == [followed]
    # Once it was followed for as long as the picture reaches back, every mix's chance is the log's.
    run_until(lab, lab.in_kernel(BELIEFS)[0][0] + 3.5 * TRAVEL_S)
    at_rest(lab)
    seen = picture(lab)
    believed = beliefs_in_log(lab.in_kernel(BELIEFS), seen["shown"])
    assert any(chance > 1e-6 for chance in believed)
    assert seen["chance"] == pytest.approx(believed, rel=1e-6, abs=1e-30)
    # What an observer sees has no true place and no kinds, but keeps the belief.
    lab.page.locator(".flow-observer").check()
    assert comes(lab, f"!({script.replace('() => ', '')})")
    colours = lab.page.evaluate(
        """(colours) => colours.map((colour) => window.livePage.count('.wb-flow', colour))""",
        [MEANING["real"].lower(), MEANING["loop_cover"].lower(), MEANING["yours"].lower()],
    )
    assert colours[:2] == [0, 0]
    assert lab.in_kernel("flow.as_observer") is True


def test_a_click_on_a_packet_offers_to_follow_it(open_cells):
    lab = open_cells([FLOW], run=True)
    ready(lab, ROOT)
    run_until(lab, 1.5)
    for _ in range(30):  # a packet whose first link the network saw; a moment may have none
        at_rest(lab)
        targets = lab.in_kernel("live.live_packets().tolist()")
        one = lab.page.evaluate(
            """(targets) => {
                const {drawn, layout} = document.querySelector('.wb-flow').mixnetFlow;
                const far = ({x, y}) => layout().nodes.every(
                    (node) => Math.hypot(node.x - x, node.y - y) > layout().radius + 12);
                return drawn().find((one) => one.share !== undefined && far(one)
                    && targets.includes(one.packet)) ?? null;
            }""",
            targets,
        )
        if one is not None:
            break
        lab.in_kernel("0", "pump.play()")
        run_until(lab, shown_s(lab) + 0.1)
    wanted = one["packet"]
    card = lab.page.get_by_role("dialog", name=f"Packet {wanted}")
    box = lab.page.locator(".flow-moving").bounding_box()
    for choice in ("Follow it", "Its real bytes"):
        lab.page.mouse.click(box["x"] + one["x"], box["y"] + one["y"])
        card.get_by_role("button", name=choice).click()
        expect(card).to_be_hidden()
    assert in_kernel_until(lab, "[act.packet for act in opened]", bool) == [wanted]
    assert lab.in_kernel("flow.followed") == wanted
    expect(lab.page.locator(".flow-yours")).to_contain_text(f"your packet: number {wanted}")
    # The network goes on with the very packet that was clicked.
    lab.in_kernel("0", "pump.step_once()")
    told = "frames[-1].followed and frames[-1].followed.packet"
    assert in_kernel_until(lab, told, lambda packet: packet is not None) == wanted


def test_a_crowd_is_sampled_and_the_sample_is_labelled(open_cells):
    crowd = SCENARIO.replace("clients=60", "clients=3000")
    lab = open_cells([FLOW.replace(SCENARIO, crowd)], run=True)
    ready(lab, ROOT)
    run_until(lab, 1.5)
    at_rest(lab)
    seen = picture(lab)
    one_in = seen["info"]["one_in"]
    assert one_in > 1
    assert len(seen["drawn"]) <= 700
    expect(lab.page.locator(".flow-sample")).to_contain_text(f"1 in {one_in} drawn")
    log = lab.in_kernel(LOG)
    counts_are_exact(seen, log)
    truth = places_in_log(log, seen["shown"])
    assert {one["packet"] for one in seen["drawn"]} <= set(truth)


def test_a_slider_that_moves_goes_on_with_the_picture(open_cells):
    lab = open_cells([FLOW], run=True)
    ready(lab, ROOT)
    run_until(lab, 1.0)
    lab.in_kernel("0", "live.set(delay_s=0.25)")
    expect(lab.page.locator(".flow-clock")).to_contain_text("slowed 8x", timeout=20_000)
    assert comes_to_play(lab, ROOT)
    before = picture(lab)["shown"]
    lab.in_kernel("0", "live.set(width=5)")
    script = "() => document.querySelectorAll('.flow-mix').length === 15"
    assert comes(lab, script)
    run_until(lab, before + 0.1)
    assert comes_to_play(lab, ROOT)


@pytest.mark.parametrize("size", [(1280, 800), (360, 740)])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_fits_its_container_without_serious_faults(open_cells, size, theme):
    lab = open_cells([FLOW], run=True, viewport=size, theme=theme)
    ready(lab, ROOT)
    run_until(lab, 0.5)
    lab.page.get_by_role("button", name="Follow a packet").click()
    in_kernel_until(lab, "flow.followed", lambda n: n is not None)
    assert lab.axe(ROOT) == []
    widths = lab.page.evaluate(
        """() => [document.querySelector('.flow-sheet').offsetWidth,
            document.querySelector('.flow-stage').clientWidth]"""
    )
    assert widths[0] <= widths[1] + 1


def test_less_motion_is_drawn_where_less_is_asked_for(open_cells):
    lab = open_cells([FLOW], run=True, fresh=True)
    lab.page.emulate_media(reduced_motion="reduce")
    ready(lab, ROOT)
    frames = "() => document.querySelector('.wb-flow').mixnetFlow.frames()"
    before, steps = lab.page.evaluate(frames), lab.in_kernel("pump.steps")
    in_kernel_until(lab, "pump.steps", lambda n: n >= steps + 30)
    drawn = lab.page.evaluate(frames) - before
    assert 1 <= drawn <= 40  # no more than one picture a frame of the kernel, mostly one a second


def test_wide_networks_keep_every_mix_in_reach(open_cells):
    wide = SCENARIO.replace("width=3", "width=80")
    lab = open_cells([FLOW.replace(SCENARIO, wide)], run=True)
    ready(lab, ROOT)
    run_until(lab, 0.5)
    assert lab.page.locator(".flow-mix").count() == 240
    assert lab.axe(ROOT) == []
    places = lab.page.evaluate(
        """() => { const {nodes, radius, width, height} =
                document.querySelector('.wb-flow').mixnetFlow.layout();
            return {nodes: nodes.map(({x, y}) => [x, y]), radius, width, height}; }"""
    )
    for i, (x, y) in enumerate(places["nodes"]):
        assert places["radius"] < x < places["width"] - places["radius"]
        assert places["radius"] < y < places["height"] - places["radius"]
        for a, b in places["nodes"][:i]:
            assert (x - a) ** 2 + (y - b) ** 2 >= (2 * places["radius"]) ** 2
