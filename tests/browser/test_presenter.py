"""A talk in a real JupyterLab: one key to the whole screen, and a clicker's keys from there."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

CELLS = ["from workbench.panels.presenter import present", "talk = present('05'); talk"]
ONE_SCREEN = """() => !document.querySelector('.wb-computing')
    && document.fullscreenElement.scrollHeight <= document.fullscreenElement.clientHeight"""
FULL = "() => document.fullscreenElement?.classList.contains('pr-room') ?? false"


@pytest.fixture
def talk(open_cells):
    lab = open_cells(CELLS, run=True, viewport=(1280, 720))
    expect(lab.page.locator(".pr-start")).to_be_focused()
    lab.page.keyboard.press("Enter")
    lab.page.wait_for_function(FULL)
    return lab


def counter(lab, text):
    expect(lab.page.locator(".pr-counter")).to_have_text(text)


def press(lab, *keys):
    for key in keys:
        lab.page.keyboard.press(key)


def test_one_key_gives_the_whole_screen_and_a_clicker_leads_through_the_lesson(talk):
    before = talk.cell_count()
    counter(talk, "1 / 6")
    expect(talk.page.locator(".pr-body h2")).to_contain_text("half a second")
    press(talk, "Space", "d", "d", "a", "b", "x", "Enter")
    counter(talk, "1 / 6")
    press(talk, "PageDown")
    counter(talk, "2 / 6")
    expect(talk.page.locator(".pr-option")).to_have_count(3)
    press(talk, "c", "b")
    expect(talk.page.locator(".pr-said")).to_have_text("The room says B.")
    expect(talk.page.locator("[data-letter=B]")).to_have_attribute("aria-pressed", "true")
    assert talk.axe(".pr-room") == []
    assert talk.in_kernel("talk.deck.state.votes[1]") == "B"
    press(talk, "ArrowRight")
    counter(talk, "3 / 6")
    expect(talk.page.locator(".om-bar").first).to_be_attached(timeout=60_000)
    talk.page.wait_for_function(ONE_SCREEN)
    play = talk.page.locator(".om-player button")
    expect(play).to_have_text("Play")
    expect(play).to_be_in_viewport()
    press(talk, "Space")
    expect(play).to_have_text("Pause")
    counter(talk, "3 / 6")
    press(talk, "Space")
    expect(play).to_have_text("Play")
    expect(talk.page.locator(".om-root")).to_have_class("wb-root wb-frame om-root wb-presenter")
    big = talk.page.locator(".om-root").evaluate("e => parseFloat(getComputedStyle(e).fontSize)")
    assert big >= 26  # 20 pt
    press(talk, "PageDown")
    expect(talk.page.locator(".pr-answer")).to_contain_text("The room said one bit more; it was")
    press(talk, "ArrowRight", "ArrowRight", "ArrowRight")
    counter(talk, "6 / 6")
    press(talk, "PageUp", "ArrowLeft")
    counter(talk, "4 / 6")
    assert talk.cell_count() == before
    # In the page's own words: the browser keeps the real Escape of a full screen to itself.
    press(talk, "Escape")
    talk.page.wait_for_function("() => !document.fullscreenElement")
    expect(talk.page.locator(".pr-start")).to_be_visible()
    expect(talk.page.locator(".om-root")).to_be_hidden()
    assert talk.cell_count() == before


def test_a_sliders_arrows_move_the_slider_and_nothing_of_lab_is_in_sight(talk):
    press(talk, "PageDown", "PageDown")
    counter(talk, "3 / 6")
    expect(talk.page.locator(".om-root .wb-ask")).to_be_visible()
    talk.page.wait_for_function(ONE_SCREEN)
    # The panel still asks: a letter goes back to the question and is counted there.
    press(talk, "a")
    counter(talk, "2 / 6")
    expect(talk.page.locator(".pr-said")).to_have_text("The room says A.")
    press(talk, "PageDown")
    counter(talk, "3 / 6")
    expect(talk.page.locator(".om-root .wb-ask")).to_have_count(0)
    slider = talk.page.locator(".om-root input[type=range]:visible").first
    slider.focus()
    was = slider.input_value()
    press(talk, "ArrowRight")
    expect(slider).not_to_have_value(was)
    counter(talk, "3 / 6")
    press(talk, "PageUp")
    counter(talk, "2 / 6")
    inside = talk.page.evaluate(
        """() => [[40, 40], [640, 360], [1240, 700]].every(([x, y]) =>
            document.fullscreenElement.contains(document.elementFromPoint(x, y)))"""
    )
    assert inside
    wide = talk.page.evaluate("() => document.fullscreenElement.scrollWidth")
    assert wide <= 1280


ROOTS = {"01": ".ws-root", "02": ".sb-root", "06": ".sl-root", "07": ".rv-root"}
# The letters of a panel: as it says, and the smallest that is in sight.
LETTERS = """(panel) => {
    const size = (one) => parseFloat(getComputedStyle(one).fontSize);
    const found = [];
    const walk = document.createTreeWalker(panel, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
        const { parentElement: one, textContent: text } = walk.currentNode;
        const { width, height } = one.getBoundingClientRect();
        if (text.trim() && width > 2 && height > 2) found.push(size(one));
    }
    return [size(panel), Math.min(...found)];
}"""


def on_to_the_panel(lab, panel, letters=""):
    """From the first slide, saying these letters on each slide, to the one with the panel."""
    at = lab.page.locator(".pr-on .pr-counter")
    slides = int(at.inner_text().rpartition(" ")[2])
    for now in range(int(at.inner_text().split(" ")[0]), 1, -1):
        press(lab, "PageUp")
        expect(at).to_have_text(f"{now - 1} / {slides}")
    for now in range(1, slides):
        press(lab, *letters, "PageDown")
        expect(at).to_have_text(f"{now + 1} / {slides}")
        if panel.is_visible():
            return
    raise AssertionError("no slide has the panel")


def test_the_panels_of_other_lessons_fit_one_screen_in_large_letters(open_cells):
    talks = [CELLS[0], *(f"present({name!r})" for name in ROOTS)]
    lab = open_cells(talks, run=True, viewport=(1280, 720))
    for at, root in enumerate(ROOTS.values()):
        lab.cell(at + 1).locator(".pr-start").press("Enter")
        lab.page.wait_for_function(FULL)
        panel = lab.page.locator(f".pr-on {root}")
        for letters in ("", "a"):  # it asks; then the room has said A to every question
            on_to_the_panel(lab, panel, letters)
            expect(panel.locator(".wb-ask")).to_have_count(0 if letters else 1)
            lab.page.wait_for_function(ONE_SCREEN, timeout=60_000)
            base, smallest = panel.evaluate(LETTERS)
            assert base > 26.6  # 20 pt
            assert smallest > 16, root  # a name in a drawing, a mark on an axis
        press(lab, "Escape")
        lab.page.wait_for_function("() => !document.fullscreenElement")
