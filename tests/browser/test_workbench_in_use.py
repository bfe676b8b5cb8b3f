"""The workbench as people use it: open a packet, steer by the picture, take pictures away.

Several things on one page each, because opening a page is what costs; what is painted and
saved is held against the kernel's own record.
"""

from __future__ import annotations

import csv
import io
import os
import re
import signal
from pathlib import Path
from typing import Any

from live_page import comes, comes_to_play, ready
from playwright.sync_api import expect as page_expect

from workbench.panels.palette import MEANING
from workbench.panels.workbench_panel import OPENING

CELL = [
    "from workbench.panels.workbench_panel import workbench_panel\npanel = workbench_panel(); panel"
]
ROOT = ".wb-console"
BENCH = ".wb-bench"
FLOW = ".wb-bench .wb-flow"
KNOWN = "() => /\\d/.test(document.querySelector('.wb-answer-expected .wb-bits').textContent)"


def opened(open_cells, **options):
    lab = open_cells(CELL, run=True, **options)
    ready(lab, ROOT)
    assert comes(lab, KNOWN, None, 180)  # the simulator may have to be compiled
    assert comes(lab, "() => document.querySelector('.wb-flow').mixnetFlow.drawn().length > 10")
    return lab


def paused(lab) -> None:
    """Paused while a packet is followed: between two of them there is none for a moment."""
    flow = "document.querySelector('.wb-flow').mixnetFlow"
    for _ in range(20):
        assert comes(lab, f"() => {flow}.info().followed !== null", None, 60)
        lab.page.get_by_role("button", name="Pause", exact=True).click()
        page_expect(lab.page.locator(".wb-play")).to_have_text("Play")
        assert comes(lab, f"() => {flow}.shown() === {flow}.told()", None, 60)
        if lab.page.evaluate(f"{flow}.info().followed !== null"):
            return
        lab.page.get_by_role("button", name="Play", exact=True).click()
    raise AssertionError("no packet was followed at twenty moments")


def run_when_back(lab, tries: int = 30) -> None:
    """Run All; Lab refuses it while it restarts a kernel that died."""
    for left in reversed(range(tries)):
        lab.wait_for_kernel()
        try:
            lab.run_all()
            return
        except AssertionError:
            if not left:
                raise
            lab.page.wait_for_timeout(500)


def inspected(lab) -> dict[str, Any]:
    """What the kernel's inspector holds, followed by `process` with the nodes' keys."""
    return lab.in_kernel(
        "(lambda i: {'title': i.state.sent.title, 'message': i.state.message,"
        " 'names': [n.name for n in i.state.route],"
        " 'outcomes': [s.hop.outcome for s in journey(i.state.recipe, ())],"
        " 'delays_s': [s.hop.delay_s for s in journey(i.state.recipe, ())][:-1]}"
        ")(panel.bytes.inspector)",
        "from workbench.panels.packet_journey import journey",
    )


def told(lab, packet: int) -> dict[str, Any]:
    """Route and stays of a packet as the network has them, past the panel."""
    return lab.in_kernel(
        "(lambda j: {'mixes': j.mixes, 'waits_s': j.waits_s})"
        f"(panel.bytes._log.find({packet}, panel._network.plan_of({packet})))"
    )


def is_that_packet(lab, packet: int) -> None:
    page_expect(lab.page.locator(".pi-sent h2")).to_contain_text(f"Packet {packet:,}: ")
    held, known = inspected(lab), told(lab, packet)
    assert held["names"][:-1] == [f"layer {a + 1}, mix {b + 1}" for a, b in known["mixes"]]
    assert held["outcomes"] == ["forward"] * len(known["mixes"]) + ["final"]
    for read, drawn in zip(held["delays_s"], known["waits_s"], strict=True):
        assert abs(read - drawn) <= 0.5e-9
    assert f"Packet {packet:,}" in held["message"]
    shown = lab.page.locator(".pi-stop b").all_text_contents()
    assert [name.lower() for name in shown[1:-1]] == held["names"]


def test_a_packets_real_bytes_open_by_key_and_by_click_and_a_mix_is_steered(open_cells):
    lab = opened(open_cells)
    page = lab.page
    button = page.get_by_role("button", name="Its real bytes").first
    page_expect(button).to_be_visible(timeout=60_000)
    paused(lab)
    followed = page.evaluate("document.querySelector('.wb-flow').mixnetFlow.info().followed")
    # By key: there, through the packet, and back.
    button.focus()
    page.keyboard.press("Enter")
    page_expect(page.locator(".pi-sent h2")).to_be_focused()
    is_that_packet(lab, followed)
    page_expect(page.locator(".pi-notes")).to_contain_text("Made for this view, from seed 41")
    page.get_by_role("button", name="First hop").press("Enter")
    page_expect(page.locator(".pi-summary")).to_contain_text("Hop 1 of 4")
    assert lab.axe(BENCH) == []
    page.keyboard.press("Escape")
    page_expect(page.locator(".pi-root")).to_have_count(0)
    page_expect(button).to_be_focused()
    # By click on a packet between two mixes.
    one = page.evaluate(
        """() => {
            const {drawn, layout} = document.querySelector('.wb-flow').mixnetFlow;
            const far = ({x, y}) => layout().nodes.every(
                (node) => Math.hypot(node.x - x, node.y - y) > layout().radius + 14);
            const apart = (a) => drawn().every((b) => a === b || a.packet === b.packet
                || Math.hypot(a.x - b.x, a.y - b.y) > 14);
            return drawn().find((one) => one.share !== undefined && far(one) && apart(one));
        }"""
    )
    canvas = page.locator(".flow-moving")
    canvas.click(position={"x": one["x"], "y": one["y"]})
    card = page.get_by_role("dialog", name=f"Packet {one['packet']}")
    card.get_by_role("button", name="Its real bytes").click()
    is_that_packet(lab, one["packet"])
    page.get_by_role("button", name="Close", exact=True).last.click()
    page_expect(page.locator(".pi-root")).to_have_count(0)
    # A mix by click: what it holds is what is drawn inside, then corrupted; by key made honest.
    mix = page.locator(".flow-mix").nth(5)
    mix.click()
    card = page.get_by_role("dialog", name="Layer 2, mix 2")
    rows = [int(text) for text in card.locator("tbody td:first-child").all_text_contents()]
    inside = page.evaluate(
        "document.querySelector('.wb-flow').mixnetFlow.drawn().filter((p) => p.mix === 5)"
        ".map((p) => p.packet)"
    )
    assert len(rows) == min(4, len(inside)) > 0
    assert set(rows) <= set(inside)
    held = int(re.match(r"\d+", card.locator("p").first.text_content() or "").group())
    assert held >= len(inside)
    card.get_by_role("button", name="Corrupt it").click()
    page_expect(mix).to_have_attribute("aria-label", re.compile("corrupted"))
    assert lab.in_kernel("panel.scenario.corrupted()") == [[1, 1]]
    page_expect(mix).to_be_focused()
    page.keyboard.press("Enter")
    page_expect(card.get_by_role("button", name="Take it down")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page_expect(mix).not_to_have_attribute("aria-label", re.compile("corrupted"))
    assert lab.in_kernel("panel.scenario.corrupted()") == []
    page.get_by_role("button", name="Undo", exact=True).first.click()
    page_expect(mix).to_have_attribute("aria-label", re.compile("corrupted"))


def test_what_is_taken_away_is_what_is_shown(open_cells, tmp_path: Path):
    lab = opened(open_cells, theme="dark")
    page = lab.page
    assert comes(lab, "() => document.querySelector('.wb-flow').mixnetFlow.shown() > 3", None, 60)
    paused(lab)
    page.get_by_text("Share, save, show me the code").click()

    def saved(name: str) -> Path:
        with page.expect_download() as waiting:
            page.get_by_role("button", name=name).click()
        waiting.value.save_as(tmp_path / waiting.value.suggested_filename)
        page_expect(page.locator(".wb-files + .wb-quiet")).to_contain_text("Saved")
        return tmp_path / waiting.value.suggested_filename

    # The network in the picture is the one on the screen, packet by packet, in light colours.
    picture = saved("Picture (SVG)").read_text(encoding="utf-8")
    drawn = page.evaluate("document.querySelector('.wb-flow').mixnetFlow.drawn()")
    network = picture.partition('<svg id="network"')[2].partition("</svg>")[0]
    for kind, colour in ((0, MEANING["real"]), (1, MEANING["loop_cover"])):
        of_kind = sum(one["kind"] == kind and not one.get("isYours") for one in drawn)
        assert network.count(f'fill="{colour}"') == of_kind + 1  # and the key's
    for words in ("Senders", "Layer 2", "Receivers", "gateways", "your packet"):
        assert f">{words}</text>" in network
    held = page.locator(".flow-mix").nth(5).get_attribute("aria-label")
    assert re.search(r"(\d+) held", held or "").group() in network
    for words in ("Expected of these settings", "Entropy", "Latency", "Width: 4 mixes"):
        assert words in picture
    assert "http" not in picture.replace("http://www.w3.org/2000/svg", "")
    image = saved("Picture (PNG)").read_bytes()
    assert image.startswith(b"\x89PNG")
    size = [int.from_bytes(image[at : at + 4]) for at in (16, 20)]
    assert size[0] == 1920
    assert size[1] > 1500
    rows = saved("Data (CSV)").read_text(encoding="utf-8").splitlines()
    found = list(csv.DictReader(io.StringIO("\n".join(rows[2:]))))
    measured = lab.in_kernel("[bits for bits, *_ in panel.measured.targets]")
    assert [float(row["entropy_bits"]) for row in found] == measured
    # A link only from a configured address; the code on the page gives the page's numbers.
    assert page.get_by_text("No public address is configured").is_visible()
    lab.in_kernel(
        "0",
        "import os; os.environ['WORKBENCH_PUBLIC_URL'] = 'https://example.org/lab'\n"
        "panel._publish_settings()",
    )
    texts = page.locator(".wb-copy-text")
    page_expect(texts.first).to_contain_text("https://example.org/lab?scenario=")
    page.get_by_role("button", name="Copy: A link to exactly this state").click()
    page_expect(page.locator(".wb-copy button").first).to_have_text(re.compile("Copied|Select it"))
    code = texts.nth(2).text_content() or ""
    names: dict[str, Any] = {}
    exec(code.rpartition("\n")[0], names)
    shown = page.locator(".wb-answer-expected .wb-bits").text_content()
    assert f"{names['found'].entropy_bits.median:.1f}" == shown


def test_a_lost_connection_and_a_killed_kernel_say_what_to_do(open_cells):
    lab = opened(open_cells, fresh=True)
    page = lab.page
    frozen = page.locator(f"{BENCH} .wb-live-frozen:visible")
    # The wire is dead without a word: what the kernel sends no longer arrives.
    page.evaluate(
        """() => {
            const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
            window.wire = kernel._ws;
            window.heard = window.wire.onmessage;
            window.wire.onmessage = () => {};
        }"""
    )
    page_expect(frozen).to_have_count(1, timeout=30_000)
    page_expect(frozen).to_contain_text("No word from the kernel")
    page_expect(frozen.locator("code")).to_contain_text(OPENING.to_query())
    page.evaluate("() => { window.wire.onmessage = window.heard; }")
    page_expect(frozen).to_have_count(0, timeout=60_000)
    assert comes_to_play(lab, FLOW, 40)  # its fresh start may take a moment
    # The kernel is killed: Lab starts another, which knows nothing of this panel.
    os.kill(lab.kernel_pid(), signal.SIGKILL)
    page_expect(frozen).to_have_count(1, timeout=60_000)
    page_expect(frozen).to_contain_text("Restart Kernel, then run this cell again")
    page_expect(frozen.locator("code")).to_contain_text(OPENING.to_query())
    # And doing what it says brings a panel back.
    run_when_back(lab)
    page_expect(frozen).to_have_count(0, timeout=120_000)
    ready(lab, ROOT)
    assert comes(lab, KNOWN, None, 180)
