"""The economy's tab in a real JupyterLab: keys turn the traffic, and the next epochs follow it."""

from __future__ import annotations

from lab_in_chromium import LabPage
from live_page import comes, ready
from playwright.sync_api import expect as page_expect

CELL = [
    "from workbench.panels.workbench_panel import workbench_panel\npanel = workbench_panel(); panel"
]
TAB = ".wb-economy"
# The numbers of the last closed epoch, as the page shows them.
SHOWN = """() => Object.fromEntries([...document.querySelectorAll('.ec-facts > div')]
    .map((one) => [one.querySelector('dt').textContent, one.querySelector('dd').textContent]))"""
CLOSED = "Number((document.querySelector('.ec-clock').textContent.match(/Epoch (\\d+)/) || [])[1])"
# One column of bars as painted: heights in pixels by class.
BARS = """(name) => [...document.querySelectorAll(`.wb-economy i.${name}`)]
    .map((one) => one.getBoundingClientRect().height)"""
TRUE = "float(panel.economy.model.last.row.{})"
TOO_WIDE = """() => [...document.querySelectorAll('.wb-economy *')]
    .filter((one) => one.offsetWidth > 0 && !one.closest('.ec-scroll')
        && one.getBoundingClientRect().right
            > document.querySelector('.wb-bench').getBoundingClientRect().right + 1)
    .map((one) => one.className).slice(0, 5)"""


def epoch_of(lab: LabPage) -> int:
    return int(lab.page.evaluate(f"() => {CLOSED}"))


def passes(lab: LabPage, epochs: int) -> None:
    """Wait until so many more epochs have closed."""
    wanted = epoch_of(lab) + epochs
    assert comes(lab, f"(wanted) => {CLOSED} >= wanted", wanted, 60 + 40 * epochs)


def test_traffic_turned_by_keys_is_followed_by_load_performance_and_pay(open_cells):
    lab = open_cells(CELL, run=True)
    ready(lab, ".wb-console")
    known = "() => /\\d/.test(document.querySelector('.wb-bits').textContent)"
    assert comes(lab, known, None, 180)
    page_expect(lab.page.locator(".wb-economy-line")).to_contain_text("not running")
    # The second tab by keys alone; the network is not drawn there.
    lab.page.get_by_role("tab", name="Mixing").focus()
    lab.page.keyboard.press("ArrowRight")
    second = lab.page.get_by_role("tab", name="Economy")
    page_expect(second).to_be_focused()
    page_expect(second).to_have_attribute("aria-selected", "true")
    page_expect(lab.page.locator(".wb-flow")).to_be_hidden()
    begin = lab.page.locator(TAB).get_by_role("button", name="Start the economy")
    page_expect(begin).to_be_visible(timeout=30_000)
    begin.focus()
    lab.page.keyboard.press("Enter")
    assert comes(lab, f"() => document.querySelector('{TAB}').classList.contains('is-running')",
                 None, 60)  # fmt: skip
    lab.in_kernel("panel._do('speed', {'value': 5.0}, '')")
    # Small queues: what is too much is lost at once.
    lab.in_kernel("panel.turn(queue_packets=5) and None")
    passes(lab, 2)
    lab.page.get_by_role("tab", name="Economy").focus()
    lab.in_kernel("panel._do('pause', {}, '')")
    calm = {name: lab.in_kernel(TRUE.format(name)) for name in ("load_mean", "performance_mean")}
    facts = lab.page.locator(".ec-facts > div")
    for value in (f"{100 * calm['load_mean']:.0f} %", f"{100 * calm['performance_mean']:.1f} ±"):
        page_expect(facts.filter(has_text=value)).to_have_count(1)
    before = lab.page.evaluate(SHOWN)
    slider = lab.page.locator('input[type=range][data-knob="traffic_per_client_per_s"]')
    slider.focus()
    for _ in range(9):
        lab.page.keyboard.press("ArrowRight")
    lab.page.keyboard.press(" ")  # plays
    passes(lab, 2)
    assert lab.in_kernel("panel.scenario.traffic_per_client_per_s") > 0.4
    highest = "max(row.load_mean for row in panel.economy.model.live.table.rows)"
    lowest = "min(row.performance_mean for row in panel.economy.model.live.table.rows)"
    assert lab.in_kernel(highest) > 1.3 * calm["load_mean"]
    assert lab.in_kernel(lowest) < calm["performance_mean"]
    after = lab.page.evaluate(SHOWN)
    for name in ("Load", "Paid"):
        assert after[name] != before[name]
    # Space plays and pauses from this tab, too.
    lab.page.locator(f"{TAB} input[type=range]").first.press(" ")
    page_expect(lab.page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    # What is painted is what closed: bars of pay in the proportions of the kernel's.
    wanted = lab.in_kernel("panel.economy.model.last.rewards_nym.tolist()")
    top = max(wanted)
    agree = f"""(wanted) => {{ const seen = ({BARS})('ec-paid'); const top = Math.max(...seen);
        return seen.length === wanted.length
            && seen.every((one, at) => Math.abs(one / top - wanted[at]) < 0.03); }}"""
    assert comes(lab, agree, [one / top for one in wanted], 30)
    mixing = lab.in_kernel("panel.economy.model.drawn.places.size")
    page_expect(lab.page.locator(".ec-seats > .is-mixing")).to_have_count(mixing)
    assert lab.in_kernel("panel._network.scenario.mixes") == mixing
    # Undo, then a telephone, and what axe finds.
    for summary in lab.page.locator(f"{TAB} summary").all():
        summary.click()
    assert lab.axe(".wb-bench") == []
    lab.set_viewport(360, 740)
    assert comes(lab, f"() => ({TOO_WIDE})().length === 0"), lab.page.evaluate(TOO_WIDE)
    lab.page.get_by_role("button", name="Undo").click()
    assert comes(lab, """() => document.querySelector(
        'input[type=range][data-knob="traffic_per_client_per_s"]').getAttribute('aria-valuetext')
            .startsWith('0.1 ')""", None, 30)  # fmt: skip
    # Back on the first tab: one line of it, and nothing is sent to the hidden one.
    lab.page.get_by_role("tab", name="Economy").press("Home")
    page_expect(lab.page.locator(TAB)).to_be_hidden()
    assert comes(lab, "() => /performance [\\d.]+ ± [\\d.]+ %/.test("
                 "document.querySelector('.wb-economy-line').textContent)", None, 30)  # fmt: skip
    lab.in_kernel("panel._do('play', {}, '')")
    sent = "panel.economy.tab._seq"
    for _ in range(60):
        if not lab.in_kernel("panel.economy.tab.is_watched"):
            break
        lab.page.wait_for_timeout(250)
    first = lab.in_kernel(sent)
    line = lab.page.text_content(".wb-economy-line")
    assert comes(lab, "(was) => document.querySelector('.wb-economy-line').textContent !== was",
                 line, 90)  # fmt: skip
    assert lab.in_kernel(sent) == first
