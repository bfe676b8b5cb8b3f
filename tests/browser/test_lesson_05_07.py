"""Lessons 5 and 7 as a visitor meets them: guess, sliders by key, wide and narrow."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

LESSONS = {
    "05_delay_buys_company.ipynb": (".om-root", "one bit more", "You said one bit more; it was"),
    "07_the_wide_river.ipynb": (".rv-root", "about the same", "You said about the same; it was"),
}
each_lesson = pytest.mark.parametrize("name", LESSONS)


def panel(lab, root):
    lab.cell(2)
    found = lab.page.locator(root).first
    expect(found.locator(".wb-summary")).to_contain_text("bits", timeout=60_000)
    return found


@each_lesson
def test_the_guess_comes_first_and_then_keys_move_the_numbers(open_notebook, name):
    root, guess, said = LESSONS[name]
    lab = open_notebook(name, run=True)
    found = panel(lab, root)
    assert not any(r.is_visible() for r in found.locator(".wb-dials input").all())
    assert said not in lab.page.content()
    found.get_by_role("radio", name=guess).focus()
    lab.page.keyboard.press("Space")
    lab.page.keyboard.press("Enter")
    expect(found.get_by_text(said)).to_be_visible()
    slider = found.locator(".wb-dials input").first
    expect(slider).to_be_focused()
    count = lab.cell_count()
    before = found.locator(".wb-summary").inner_text()
    lab.page.keyboard.press("ArrowRight")
    lab.page.keyboard.press("ArrowRight")
    expect(found.locator(".wb-summary")).not_to_have_text(before)
    expect(found).to_have_attribute("aria-busy", "false")
    told = lab.in_kernel(
        "panel.view['numbers']",
        f"panel = [v for v in Out.values() if type(v).__name__ == '{PANELS[name]}'][0]",
    )
    expect(found.locator(".wb-doubt")).to_have_text(told["bits"])
    lab.page.keyboard.press("d")
    lab.page.keyboard.press("d")
    assert lab.cell_count() == count


PANELS = {"05_delay_buys_company.ipynb": "OneMixPanel", "07_the_wide_river.ipynb": "RiverPanel"}


@each_lesson
def test_on_a_telephone_in_the_dark_nothing_overlaps_the_edge(open_notebook, name):
    root = LESSONS[name][0]
    lab = open_notebook(name, run=True, viewport=(360, 740), theme="dark")
    found = panel(lab, root)
    box = found.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 361
    assert lab.axe(root) == []
    assert lab.cell_errors() == []


def test_the_mix_plays_to_its_end_and_stands_still(open_notebook):
    lab = open_notebook("05_delay_buys_company.ipynb", run=True, fresh=True)
    found = panel(lab, ".om-root")
    seen = "e => e.toDataURL()"
    canvas = found.locator("canvas")
    first = canvas.evaluate(seen)
    found.get_by_role("button", name="Play").click()
    lab.page.wait_for_function(
        "([e, old]) => e.toDataURL() !== old", arg=[canvas.element_handle(), first]
    )
    expect(found.get_by_role("button", name="Play")).to_be_visible(timeout=30_000)
    end = canvas.evaluate(seen)
    assert found.get_by_label("Time", exact=True).input_value() == "1000"
    lab.page.evaluate(
        "() => new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))"
    )
    assert canvas.evaluate(seen) == end
    # Where less motion is asked for, the same play is a handful of still pictures.
    lab.page.emulate_media(reduced_motion="reduce")
    found.get_by_role("button", name="Play").click()
    places = lab.page.evaluate(
        """() => new Promise(done => {
            const root = document.querySelector('.om-root');
            const seen = new Set();
            const look = () => {
                seen.add(root.querySelector('[aria-label=Time]').value);
                if (root.querySelector('.om-player button').textContent === 'Play') done([...seen]);
                else requestAnimationFrame(look);
            };
            look();
        })"""
    )
    assert places[-1] == "1000"
    assert 2 <= len(places) <= 9, places  # seven seconds, one picture each
    slides = """() => [...document.querySelectorAll('.om-root, .om-root *')].filter(e =>
        parseFloat(getComputedStyle(e).transitionDuration) > 0).length"""
    assert lab.page.evaluate(slides) == 0
