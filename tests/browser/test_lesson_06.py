"""Lesson 6 as a visitor meets it, on one page: guess, sliders and mixes by key, dark, narrow."""

from __future__ import annotations

import re

from playwright.sync_api import expect

INK = """(canvas, [x, y]) => {
    const [left, top] = [Math.round(x * canvas.width), Math.round(y * canvas.height)];
    return canvas.getContext('2d').getImageData(left, top, 1, 1).data[3];
}"""


def kernels_view(lab, part):
    made = "panel = [v for v in Out.values() if type(v).__name__ == 'SilencePanel'][0]"
    return lab.in_kernel(f"panel.view{part}", made)


def test_a_visitor_goes_through_it_by_keys_and_then_in_the_dark_on_a_telephone(open_notebook):
    lab = open_notebook("06_silence_is_a_signal.ipynb", run=True)
    lab.cell(2)
    panel = lab.page.locator(".sl-root").first
    expect(panel.locator(".wb-summary")).to_contain_text("Ten wires", timeout=60_000)
    the_guess_comes_first_and_then_keys_move_wires_and_numbers(lab, panel)
    days_and_the_dropping_node_are_reached_by_keys(lab, panel)
    dark_and_narrow_nothing_overlaps_the_edge(lab, panel)
    assert lab.cell_errors() == []


def the_guess_comes_first_and_then_keys_move_wires_and_numbers(lab, panel):
    page = lab.page
    assert not any(r.is_visible() for r in panel.locator(".wb-dials input, .wb-facts dd").all())
    assert "You said" not in page.content()
    # What is painted: your mark in the shaded minute, and nothing beside it.
    canvas = panel.locator("canvas")
    x = kernels_view(lab, "['wires']['dots'][4]['any'][0]")
    assert canvas.evaluate(INK, [x, 0.45]) == 255
    assert canvas.evaluate(INK, [x + 0.2, 0.43]) == 0
    fields = panel.locator(".wb-ask input")
    for field, guess in zip(fields.all(), ("10", "9", "5"), strict=True):
        field.focus()
        page.keyboard.type(guess)
    page.keyboard.press("Enter")
    expect(panel.get_by_text("You said 9 of 10; it was 2.7 of 10.")).to_be_visible()
    expect(page.get_by_text("Blind guessing is right in").first).to_be_visible()
    slider = panel.locator(".wb-dials input").first
    expect(slider).to_be_focused()
    for _ in range(6):
        page.keyboard.press("ArrowRight")
    expect(panel.locator(".wb-dial-value").first).to_have_text("5 a minute")
    expect(panel.locator(".wb-facts:visible .wb-doubt")).to_have_text("1.7")
    expect(panel).to_have_attribute("aria-busy", "false")
    shown = panel.locator(".sl-count").all_inner_texts()
    assert [int(re.match(r"\d+", text).group()) for text in shown] == kernels_view(
        lab, "['counts']"
    )
    count = lab.cell_count()
    page.keyboard.press("d")
    page.keyboard.press("d")
    assert lab.cell_count() == count


def days_and_the_dropping_node_are_reached_by_keys(lab, panel):
    page = lab.page
    panel.get_by_role("radio", checked=True).focus()
    page.keyboard.press("ArrowRight")
    expect(panel.get_by_label("Afternoons", exact=True)).to_be_visible()
    expect(panel.locator(".wb-facts:visible .wb-doubt")).to_have_text("4.6")
    page.keyboard.press("ArrowRight")
    mix = panel.locator(".sl-mix").nth(6)
    expect(mix).to_be_visible()
    expect(panel.locator(".sl-canvas")).to_be_hidden()
    expect(panel.locator(".sl-mix b")).to_have_count(15)
    mix.focus()
    page.keyboard.press("Enter")
    expect(panel.locator(".sl-trial")).to_contain_text("You accuse B2")
    expect(panel.locator(".sl-trial")).to_have_text(kernels_view(lab, "['trial']"))
    assert lab.axe(".sl-root") == []


def dark_and_narrow_nothing_overlaps_the_edge(lab, panel):
    lab.set_theme("dark")
    lab.set_viewport(360, 740)
    for name in ("Every afternoon", "One afternoon"):
        panel.get_by_role("radio", name=name).click()
        expect(panel.locator(".sl-canvas")).to_be_visible()
        box = panel.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 361
        for inner in panel.locator(".sl-count, .wb-range, .sl-canvas, .wb-button").all():
            part = inner.bounding_box()
            assert part is None or part["x"] + part["width"] <= box["x"] + box["width"] + 1
    assert lab.axe(".sl-root") == []
