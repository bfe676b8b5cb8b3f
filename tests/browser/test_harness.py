"""The harness itself: if these fail, no other browser test means anything."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

SLIDER = ["import ipywidgets as w", "s = w.IntSlider(5, description='hops'); s"]


@pytest.mark.parametrize("view", ["doc", "lab"])
def test_a_slider_in_a_real_lab_moves_by_keyboard(open_cells, view):
    lab = open_cells(SLIDER, run=True, view=view)
    handle = lab.page.locator(".noUi-handle")
    expect(handle).to_be_visible()
    handle.focus()
    lab.page.keyboard.press("ArrowRight")
    expect(lab.page.locator(".widget-readout")).to_have_text("6")
    assert lab.in_kernel("s.value") == 6
    assert lab.cell_count() == 2


def test_every_request_is_seen_and_one_that_leaves_the_machine_is_told(lab_browser):
    with lab_browser.open_cells(["1 + 1"]) as lab:
        assert any("/api/contents" in url for url in lab.requests)
        assert any(url.startswith("ws://127.0.0.1") for url in lab.requests)
        assert lab.outside_requests == []
        lab.page.evaluate("() => fetch('http://example.org/pixel.png').catch(() => 0)")
        assert lab.outside_requests == ["http://example.org/pixel.png"]


def test_a_cell_that_raises_fails_the_run(open_cells):
    lab = open_cells(["1 / 0"])
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        lab.run_all()


def test_themes_and_windows_change_and_axe_sees_a_fault(open_cells):
    page_code = (
        "from IPython.display import HTML\n"
        'HTML(\'<div id="mine"><button id="bare"></button></div><p id="good">words</p>\')'
    )
    lab = open_cells([page_code], run=True, theme="dark", viewport=(360, 740))
    assert lab.page.evaluate("() => document.body.dataset.jpThemeLight") == "false"
    assert lab.page.evaluate("() => window.innerWidth") == 360
    lab.set_theme("light")
    lab.set_viewport(1280, 720)
    assert lab.page.evaluate("() => [window.innerWidth, document.body.dataset.jpThemeLight]") == [
        1280,
        "true",
    ]
    faults = lab.axe("#mine")
    assert len(faults) == 1
    assert "button-name" in faults[0]
    assert lab.axe("#good") == []


def test_kernels_end_with_their_page(lab_browser, lab_server):
    with lab_browser.open_cells(["1"]) as lab:
        assert lab.kernel_pid() > 0
        assert len(lab_server.api("GET", "kernels")) == 1
    assert lab_server.api("GET", "kernels") == []
