"""The browser tests: a real JupyterLab, a real Chromium, real keys and clicks.

How to write one (every test in this folder is marked `browser` by itself)::

    def test_the_slider_moves_by_keyboard(open_cells):
        lab = open_cells(["import ipywidgets as w", "s = w.IntSlider(5); s"], run=True)
        handle = lab.page.locator(".noUi-handle")        # lab.page is Playwright's Page
        handle.focus()
        lab.page.keyboard.press("ArrowRight")
        expect(lab.page.locator(".widget-readout")).to_have_text("6")
        assert lab.in_kernel("s.value") == 6             # ask the kernel, past the page
        assert lab.axe(".my-panel") == []                # serious and critical faults

Fixtures
    open_notebook("03_pack.ipynb", ...)   opens a fresh copy of a lesson, kernel connected
    open_cells(["code", ...], ...)        the same for a notebook made of these code cells
        options of both: run=True (Run All and wait; a raised error fails), view="doc"|"lab",
        viewport=(1280, 800) or (360, 740), theme="light"|"dark",
        fresh=True for a test that reloads the page, goes to another address, opens two at
        once or changes what the page's globals do. All other tests of a module share one
        loaded Lab, each with a notebook and a kernel of its own: loading Lab takes longer
        than most tests.
        When the test ends: notebooks closed, kernels ended, and the test fails if any
        request left this machine or the page threw an error that nobody caught.
    lab_browser    the same for a fixture of your own with a wider scope (opening Lab takes
        seconds, so a module that only reads may share one page):
            @pytest.fixture(scope="module")
            def panel(lab_browser):
                with lab_browser.open_cells([...], run=True) as lab:
                    yield lab
                    assert lab.outside_requests == []
        While it is open do not use open_notebook or open_cells in that module: they end
        every kernel when they close.
    lab_server     the running server: .url, .root (the copy that it serves), .api("GET", ...)

What a page offers (tests/support/lab_in_chromium.py): run_all, cell(i), cell_count,
cell_errors, in_kernel, kernel_pid, run_command, set_viewport, set_theme, axe, requests,
outside_requests, console_errors, page_errors.

Never sleep: poll a condition with Playwright's `expect` or `page.wait_for_function`.
Without Chromium these tests are skipped and the summary says so; tests/conftest.py.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

# pyproject.toml puts tests/support on the path.
from lab_in_chromium import LabBrowser, LabPage, LabServer, serve_lab, start_chromium
from playwright.sync_api import expect

# What anywidget throws when a busy machine needs more than two seconds for a widget's script.
# The panel goes on without it (loader.js, and its test in test_bokeh_pane.py).
IMPATIENT = "[anywidget] Failed to initialize model."
Opener = Callable[..., LabPage]


@pytest.fixture(scope="session")
def lab_server() -> Iterator[LabServer]:
    # A condition is waited for as long as a slow machine may take, and no longer once it holds.
    expect.set_options(timeout=30_000)
    with serve_lab() as server:
        yield server


# One Chromium a module, not a session: Playwright keeps an event loop in this thread while
# it lives, and tests elsewhere that run a loop of their own would fail.
@pytest.fixture(scope="module")
def lab_browser(lab_server: LabServer) -> Iterator[LabBrowser]:
    with start_chromium(lab_server, keeps_lab=True) as browser:
        yield browser


def _opener(open_one: Callable[..., Any]) -> Iterator[Opener]:
    opened: list[LabPage] = []
    with contextlib.ExitStack() as stack:

        def enter(*args: Any, **options: Any) -> LabPage:
            opened.append(stack.enter_context(open_one(*args, **options)))
            return opened[-1]

        yield enter
    outside = [url for page in opened for url in page.outside_requests]
    assert not outside, f"requests that left the machine: {outside}"
    thrown = [error for page in opened for error in page.page_errors if error != IMPATIENT]
    assert not thrown, f"errors in the page that nobody caught: {thrown}"


@pytest.fixture
def open_notebook(lab_browser: LabBrowser) -> Iterator[Opener]:
    yield from _opener(partial(lab_browser.open))


@pytest.fixture
def open_cells(lab_browser: LabBrowser) -> Iterator[Opener]:
    yield from _opener(partial(lab_browser.open_cells))
