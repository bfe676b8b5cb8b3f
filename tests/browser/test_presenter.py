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
