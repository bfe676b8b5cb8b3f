"""The saturation panel and the game in a real Lab: by mouse, by keys, wide and narrow."""

from __future__ import annotations

import re
from statistics import median

import pytest
from live_page import in_kernel_until
from playwright.sync_api import expect

ROOT = ".sp-root"
CELLS = [
    "from workbench.panels.saturation_panel import saturation_panel",
    "panel = saturation_panel(seed=3); panel",
]
GAME = [
    "from workbench.panels.game_panel import game_panel",
    "panel = game_panel('sleepy', seed=4); panel",
]
LIVE = f'{ROOT}[data-live="true"]'
MINE = "[bar.mine for bar in panel.state.bars]"
# From a key on a slider to the frame in which the kernel's new number is painted.
KEY_TO_PICTURE = """async ([selector, count]) => {
    const input = document.querySelector(selector);
    const root = document.querySelector('.sp-root');
    const took = [];
    for (let i = 0; i < count; i += 1) {
        const before = root.dataset.serial;
        const begin = performance.now();
        input.value = String(Number(input.value) + (i % 2 ? -1 : 1) * Number(input.step));
        input.dispatchEvent(new Event('input', {bubbles: true}));
        while (root.dataset.serial === before) await new Promise(requestAnimationFrame);
        await new Promise(requestAnimationFrame);
        took.push(performance.now() - begin);
    }
    return took;
}"""
TOO_WIDE = """root => {
    const box = document.querySelector(root).getBoundingClientRect();
    return [...document.querySelectorAll(root + ' *')]
        .filter(e => e.getClientRects().length && !e.closest('svg'))
        .filter(e => { const b = e.getBoundingClientRect();
                       return b.right > box.right + 1 || b.left < box.left - 1; })
        .map(e => e.className || e.tagName);
}"""


@pytest.fixture
def lab(open_cells):
    page = open_cells(CELLS, run=True)
    page.page.wait_for_selector(LIVE)
    return page


def bar(lab, index):
    return lab.page.locator(".sp-bar").nth(index)


def summary(lab):
    return lab.page.locator(".sp-summary")


def test_tokens_are_dragged_by_the_mouse_and_moved_by_keys(lab):
    target = bar(lab, 4).bounding_box()
    start = bar(lab, 0).locator(".sp-mine").bounding_box()
    mouse = lab.page.mouse
    mouse.move(start["x"] + start["width"] / 2, start["y"] + start["height"] - 2)
    mouse.down()
    mouse.move(target["x"] + 5, target["y"] + 40, steps=4)
    expect(lab.page.locator(".sp-ghost")).to_have_text("1,000")
    mouse.up()
    expect(bar(lab, 4)).to_have_attribute("aria-valuenow", "1000")
    assert lab.in_kernel(MINE) == [0, 0, 0, 0, 1000, 0, 0, 0, 0, 0]

    count = lab.cell_count()
    bar(lab, 4).focus()
    keys = lab.page.keyboard
    keys.press("ArrowDown")
    expect(bar(lab, 4)).to_have_attribute("aria-valuenow", "900")
    keys.press("ArrowRight")
    expect(bar(lab, 5)).to_be_focused()
    keys.press("ArrowUp")
    expect(bar(lab, 5)).to_have_attribute("aria-valuenow", "100")
    for key in ("d", "d", "x", "a", "b"):
        keys.press(key)
    assert lab.cell_count() == count
    assert lab.in_kernel(MINE) == [0, 0, 0, 0, 900, 100, 0, 0, 0, 0]
    stake = lab.in_kernel("panel.state.bars[5].stake")
    keys.press("Shift+ArrowUp")
    expect(bar(lab, 5)).to_have_attribute(
        "aria-valuetext", re.compile(f"stake {stake + 100:,} tokens")
    )


def test_the_top_of_a_bar_is_dragged_and_the_warning_comes_and_goes(lab):
    expect(lab.page.locator(".sp-warning")).to_contain_text("Node A is over-saturated, 200 %")
    lab.page.get_by_role("button", name="− 100 from A").click()
    expect(lab.page.locator(".sp-warning")).to_contain_text("195 %")
    box = bar(lab, 0).locator(".sp-others").bounding_box()
    mouse = lab.page.mouse
    mouse.move(box["x"] + 8, box["y"] + box["height"] - 10)
    mouse.down()
    mouse.move(box["x"] + 8, box["y"] + box["height"] + 160, steps=6)
    mouse.up()
    expect(lab.page.locator(".sp-warning")).to_be_hidden()
    lab.page.get_by_role("button", name="Undo").click()
    expect(lab.page.locator(".sp-warning")).to_contain_text("195 %")
    lab.page.get_by_role("button", name="Reset").click()
    expect(lab.page.locator(".sp-warning")).to_contain_text("200 %")


def test_a_slider_by_keys_changes_the_numbers_that_the_kernel_has(lab):
    bar(lab, 3).click()
    slider = lab.page.get_by_label("Performance")
    performance = "panel.state.bars[3].performance"
    want = lab.in_kernel(performance) - 5
    expect(slider).to_have_attribute("aria-valuetext", f"{want + 5} %")
    slider.focus()
    for _ in range(5):  # a slow kernel hears of the first, and then of the newest
        lab.page.keyboard.press("ArrowLeft")
    assert in_kernel_until(lab, performance, lambda found: found == want) == want
    expect(slider).to_have_attribute("aria-valuetext", f"{want} %")
    pays = lab.in_kernel(
        "__import__('workbench.panels.saturation_view', fromlist=['view'])"
        ".view(panel.state)['answer']['value']"
    )
    expect(lab.page.locator(".sp-big b")).to_have_text(pays)
    lab.page.get_by_role("button", name="One whale operator").click()
    expect(lab.page.locator(".sp-group")).to_have_text("one operator")


def test_the_game_is_played_by_buttons(open_cells):
    lab = open_cells(GAME, run=True)
    lab.page.wait_for_selector(LIVE, timeout=240_000)  # the game may be compiled first
    assert lab.axe(ROOT) == []
    lab.page.get_by_role("button", name="Step one player").click()
    expect(lab.page.locator(".sp-note")).to_contain_text("looks around")
    lab.page.get_by_role("button", name="Run 50 rounds").click()
    expect(summary(lab)).to_contain_text("After 50 rounds")
    pools = lab.in_kernel("int(panel.state.pool_owners.size)")
    expect(lab.page.locator(".sp-big b")).to_have_text(str(pools))
    expect(lab.page.locator(".sp-bar")).to_have_count(pools)
    lab.page.get_by_role("button", name="Best deviation").click()
    expect(lab.page.locator(".sp-note")).to_contain_text("The most profitable move")
    lab.page.get_by_role("button", name="Undo").click()
    expect(summary(lab)).to_contain_text("After 0 rounds")
    assert lab.outside_requests == []


@pytest.mark.parametrize(
    ("viewport", "theme"), [((1280, 800), "light"), ((360, 740), "dark")], ids=["wide", "narrow"]
)
def test_it_has_no_serious_fault_and_fits(open_cells, viewport, theme):
    lab = open_cells(CELLS, run=True, viewport=viewport, theme=theme)
    lab.page.wait_for_selector(LIVE)
    assert lab.axe(ROOT) == []
    assert lab.page.evaluate(TOO_WIDE, ROOT) == []
    missing = lab.page.evaluate(
        """root => [...document.querySelectorAll(
            ['button', 'input', 'select', '[tabindex]'].map(s => root + ' ' + s).join(','))]
            .filter(e => !e.hasAttribute('data-lm-suppress-shortcuts')).length""",
        ROOT,
    )
    assert missing == 0
    assert lab.outside_requests == []
    assert lab.page_errors == []


def test_a_key_changes_the_picture_and_how_long_it_took_is_printed(lab, record_property):
    took = lab.page.evaluate(KEY_TO_PICTURE, ['[data-field="margin"]', 20])
    p95 = sorted(took)[18]
    print(f"key to picture: median {median(took):.0f} ms, p95 {p95:.0f} ms")
    record_property("key_to_picture_p95_ms", p95)
    assert len(took) == 20


def test_the_page_reloaded_shows_the_same_state_and_presenter_mode_is_large(open_cells):
    lab = open_cells(CELLS, run=True, fresh=True)
    lab.page.wait_for_selector(LIVE)
    bar(lab, 0).focus()
    lab.page.keyboard.press("ArrowDown")
    expect(bar(lab, 0)).to_have_attribute("aria-valuenow", "900")
    lab.page.get_by_role("button", name="Presenter").click()
    lab.page.wait_for_function(
        "() => getComputedStyle(document.querySelector('.sp-root')).fontSize.startsWith('26.6')"
    )
    lab.run_command("docmanager:save")
    lab.page.reload()
    lab.wait_for_kernel()
    expect(bar(lab, 0)).to_have_attribute("aria-valuenow", "900")


def test_lesson_8_shows_nothing_of_the_pay_before_the_guess(open_notebook):
    lab = open_notebook("08_betting_on_the_mixers.ipynb", run=True)
    lab.cell(2)
    root = lab.page.locator(ROOT).first
    expect(root.locator(".sp-summary")).to_contain_text("Node A has the most stake")
    for words in ("pays for", "lower everybody", "adds nothing", "tokens a month"):
        expect(root).not_to_contain_text(words)
    inputs = root.locator("input:visible:not(.wb-ask *)")
    assert inputs.count() == 0
    root.get_by_label("half as much").check()
    root.get_by_role("button", name="Lock in my guess").click()
    expect(root.locator(".sp-feedback")).to_contain_text(
        "You said half as much; it was half as much.", timeout=15_000
    )
    expect(root.locator(".sp-big")).to_contain_text("tokens a month")
    assert lab.outside_requests == []
