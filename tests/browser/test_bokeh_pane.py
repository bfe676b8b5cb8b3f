"""Live bokeh figures in a real JupyterLab: they are live, they come back, they can be shown dead.

Each liveness check is also run against a sabotaged panel, where it must say no.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import time

import pytest
from live_page import (
    comes,
    comes_to_play,
    hashes,
    in_kernel_until,
    is_painted,
    pixels,
    plays,
    ready,
    stands_still,
)
from playwright.sync_api import expect

PANE = """
import numpy as np
from bokeh.models import ColumnDataSource
from workbench.panels.bokeh_pane import BokehPane, live_figure
from workbench.panels.pump import Pump
x = np.arange(300.0)
source = ColumnDataSource({"x": x, "y": np.sin(x / 20)})
plot = live_figure(title="Entropy, bits", height=220, x_range=(0, 300), y_range=(-1, 1))
plot.line("x", "y", source=source)
pane = BokehPane(plot, alt="a wave", settings=lambda: "wb.Scenario(delay_s=0.25)")
pane
"""
PUMP = """
def step(tick):
    source.data = {"x": x, "y": np.sin(x / 20 + tick.number / 3)}
pump = Pump(step, [pane], interval_s=0.1)
"""
LIVE = PANE.replace("\npane\n", PUMP + "pane\n")
ROOT = ".wb-pane"


def nonce_colour() -> str:
    """A colour that nothing else on the page has."""
    return "#" + secrets.token_hex(3)


def paint_nonce(lab) -> str:
    colour = nonce_colour()
    lab.in_kernel("0", f"plot.background_fill_color = {colour!r}")
    return colour


def test_a_nonce_set_in_the_kernel_comes_back_in_painted_pixels(open_cells):
    lab = open_cells([PANE], run=True, fresh=True)
    ready(lab, ROOT)
    for _ in range(3):
        assert is_painted(lab, ROOT, paint_nonce(lab))
    # Sabotage: the page drops every patch.
    lab.page.evaluate(
        """() => {
            const { Document } = window.Bokeh.require('document');
            Document.prototype.apply_json_patch = () => {};
        }"""
    )
    assert not is_painted(lab, ROOT, paint_nonce(lab), limit_s=4)


REWRITTEN = """async () => {
    const roots = [];
    const walk = (node) => {
        if (node.shadowRoot) { roots.push(node.shadowRoot); walk(node.shadowRoot); }
        for (const child of node.children) walk(child);
    };
    walk(document.querySelector('.wb-pane'));
    let count = 0;
    const spy = new MutationObserver((all) => {
        count += all.filter((one) => one.target.closest?.('style')).length;
    });
    for (const root of roots) {
        spy.observe(root, { subtree: true, childList: true });
    }
    await new Promise((done) => { setTimeout(done, 1500); });
    return [roots.length, count];
}"""
FREED = """() => {
    const free = (view) => {
        delete view.update_position;
        for (const child of view.children_views?.() ?? []) if (child) free(child);
    };
    for (const root of window.Bokeh.index.roots) free(root);
}"""


def test_a_figure_that_plays_writes_no_style_sheet(open_cells):
    lab = open_cells([LIVE], run=True)
    ready(lab, ROOT)
    assert comes_to_play(lab, ROOT)
    sheets, rewritten = lab.page.evaluate(REWRITTEN)
    assert sheets > 5
    assert rewritten == 0
    assert comes_to_play(lab, ROOT)
    # Sabotage: BokehJS moves the glyphs' empty elements after their data, as it would.
    lab.page.evaluate(FREED)
    assert lab.page.evaluate(REWRITTEN)[1] > 0


def test_playing_paints_many_pictures_and_paused_exactly_one(open_cells):
    lab = open_cells([LIVE], run=True)
    ready(lab, ROOT)
    assert comes_to_play(lab, ROOT)
    lab.in_kernel("0", "pump.pause()")
    assert stands_still(lab, ROOT)
    lab.in_kernel("0", "pump.play()")
    assert comes(lab, "() => document.querySelector('.wb-pane').dataset.state === 'playing'")
    assert comes_to_play(lab, ROOT)
    # Sabotage: the pump is cancelled behind the panel's back; the panel says so.
    lab.in_kernel("0", "pump.cancel()")
    assert comes(lab, "() => document.querySelector('.wb-pane').dataset.state === 'stopped'")
    assert stands_still(lab, ROOT)
    assert not plays(lab, ROOT)


def test_a_stopped_kernel_freezes_the_panel_which_says_what_to_do(open_cells):
    lab = open_cells([LIVE], run=True)
    ready(lab, ROOT)
    assert comes_to_play(lab, ROOT)
    pid = lab.kernel_pid()
    os.kill(pid, signal.SIGSTOP)
    try:
        frozen = lab.page.locator(".wb-live-frozen")
        expect(frozen).to_be_visible(timeout=15_000)
        expect(frozen).to_contain_text("No word from the kernel")
        expect(frozen).to_contain_text("Restart Kernel")
        expect(frozen.locator("code")).to_have_text("wb.Scenario(delay_s=0.25)")
        assert lab.axe(ROOT) == []
        assert stands_still(lab, ROOT)
        assert not plays(lab, ROOT)
    finally:
        os.kill(pid, signal.SIGCONT)
    expect(frozen).to_be_hidden(timeout=30_000)
    assert comes_to_play(lab, ROOT)


def test_a_step_that_raises_is_shown_above_the_picture(open_cells):
    broken = LIVE.replace("source.data =", "1 / (3 - tick.number); source.data =")
    lab = open_cells([broken], run=True)
    ready(lab, ROOT)
    expect(lab.page.locator(".wb-live-status")).to_contain_text(
        "This panel stopped: ZeroDivisionError: division by zero (step, line"
    )


def test_two_views_of_one_pane_show_the_same(open_cells):
    lab = open_cells([LIVE, "pane"], run=True)
    lab.cell(1)
    lab.page.wait_for_function(
        "() => document.querySelectorAll('.wb-pane[data-live=true]').length === 2"
    )
    ready(lab, ROOT)
    lab.in_kernel("0", "pump.pause()")
    colour = paint_nonce(lab)
    assert comes(
        lab,
        """([colour]) => {
            const views = [...document.querySelectorAll('.wb-pane')];
            views.forEach((view, i) => view.id = `view-${i}`);
            return views.length === 2 && views.every(
                (view) => window.livePage.count('#' + view.id, colour) > 500);
        }""",
        [colour],
    )
    # BokehJS went over the wire once.
    assert lab.page.evaluate("() => Object.keys(window.mixnetWorkbench.bokeh).length") == 1


def test_patches_made_while_the_page_still_draws_are_not_lost(open_cells):
    lab = open_cells([PANE, "pane"], run=True, fresh=True)
    ready(lab, ROOT)
    lab.page.evaluate(
        """() => {
            const { embed } = window.Bokeh.require('index');
            const documents = window.Bokeh.require('document').Document;
            const draw = documents.from_json;
            documents.from_json = (...given) => {
                const made = draw.apply(documents, given);
                const end = performance.now() + 600;
                window.slowDrawings = (window.slowDrawings ?? 0) + 1;
                while (performance.now() < end) { /* a slow page */ }
                return made;
            };
        }"""
    )
    lab.in_kernel(
        "0",
        "import asyncio\n"
        "async def busy():\n"
        "    for k in range(30):\n"
        "        plot.title.text = f'step {k}'\n"
        "        await asyncio.sleep(0.05)\n"
        f"    plot.background_fill_color = {(colour := nonce_colour())!r}\n"
        "pane._start_all_afresh()\n"
        "task = asyncio.get_running_loop().create_task(busy())",
    )
    assert is_painted(lab, ROOT, colour)
    assert lab.page.evaluate("() => window.slowDrawings") >= 1


def test_a_careless_loop_in_a_cell_ends_with_the_last_picture(open_cells):
    loop = (
        "for k in range(400):\n    plot.background_fill_color = f'#{k:06x}'\n"
        "    source.data = {'x': x, 'y': x * 0 + k / 400}\n    pane.flush()\n"
        f"plot.background_fill_color = {(colour := nonce_colour())!r}"
    )
    lab = open_cells([PANE], run=True)
    ready(lab, ROOT)
    lab.in_kernel("0", loop)
    assert is_painted(lab, ROOT, colour)


def test_a_reload_and_a_rerun_come_back_live(open_cells):
    lab = open_cells([LIVE], run=True, fresh=True)
    ready(lab, ROOT)
    lab.run_command("docmanager:save")
    lab.page.reload()
    lab.wait_for_kernel()
    ready(lab, ROOT)
    assert comes_to_play(lab, ROOT)
    lab.in_kernel("0", "older = pump")
    lab.run_all()
    ready(lab, ROOT)
    assert in_kernel_until(lab, "older.state", lambda s: s == "stopped") == "stopped"
    assert lab.in_kernel("pump is older") is False
    assert comes(lab, "() => document.querySelector('.wb-pane').dataset.state === 'playing'")
    assert comes_to_play(lab, ROOT)


def test_a_panel_that_nobody_watches_rests(open_cells):
    lab = open_cells([LIVE], run=True, view="lab")
    ready(lab, ROOT)
    assert in_kernel_until(lab, "pump.state", lambda s: s == "playing") == "playing"
    # Scrolled out of sight: a tall cell above pushes it away.
    lab.page.evaluate(
        """() => {
            const out = document.querySelector('.wb-pane');
            out.style.marginTop = '5000px';
        }"""
    )
    assert in_kernel_until(lab, "pump.state", lambda s: s == "unwatched") == "unwatched"
    steps = lab.in_kernel("pump.steps")
    lab.page.wait_for_timeout(1000)
    assert lab.in_kernel("pump.steps") == steps
    lab.page.evaluate("() => { document.querySelector('.wb-pane').style.marginTop = ''; }")
    assert in_kernel_until(lab, "pump.state", lambda s: s == "playing") == "playing"
    # Another tab of Lab in front.
    lab.in_kernel("0", SPY)
    lab.run_command("launcher:create")
    log = spied(lab, lambda line: line["state"] == "unwatched")
    assert log["state"] == "unwatched"


SPY = """
import asyncio, json, time
async def spy(path):
    while True:
        with open(path, "a") as out:
            out.write(json.dumps({"at": time.time(), "state": pump.state, "steps": pump.steps}))
            out.write("\\n")
        await asyncio.sleep(0.2)
import os
spying = asyncio.get_running_loop().create_task(spy("pump.log"))
"""


def spied(lab, wanted, limit_s=20.0):
    """Lines that the kernel wrote about its pump (a page that is closed cannot ask)."""
    path = lab.test_root / "pump.log"
    last = {}
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        lines = path.read_text().splitlines() if path.exists() else []
        for line in lines[-3:]:
            last = json.loads(line) if line.endswith("}") else last
        if last and wanted(last):
            return last
        time.sleep(0.1)
    return last


@pytest.fixture
def open_cells(open_cells, lab_server):
    """Pages that know where their notebook's folder is."""

    def opened(*args, **options):
        lab = open_cells(*args, **options)
        lab.test_root = lab_server.root / "lessons"
        (lab.test_root / "pump.log").unlink(missing_ok=True)
        return lab

    return opened


def test_a_closed_tab_pauses_the_producer(open_cells):
    lab = open_cells([LIVE], run=True, fresh=True)
    ready(lab, ROOT)
    lab.in_kernel("0", SPY)
    assert spied(lab, lambda line: line["state"] == "playing")["state"] == "playing"
    # From here on the page says nothing, as when its tab or its machine died on the spot.
    lab.page.evaluate("() => { WebSocket.prototype.send = () => {}; }")
    assert spied(lab, lambda line: line["state"] == "unwatched")["state"] == "unwatched"


def test_a_saved_notebook_stays_small_even_with_widget_state(open_cells, lab_server):
    lab = open_cells([LIVE], run=True)
    ready(lab, ROOT)
    in_kernel_until(lab, "pump.steps", lambda n: n > 10)
    lab.run_command("docmanager:save")
    path = lab_server.root / lab.path
    assert comes(lab, "() => !window.jupyterapp.shell.currentWidget.content.model.dirty")
    text = path.read_text(encoding="utf-8")
    assert "application/vnd.jupyter.widget-view+json" in text
    assert "application/vnd.jupyter.widget-state+json" in text
    assert len(text) < 50_000


def test_a_page_that_takes_longer_than_anywidget_waits_still_hears_python(open_cells):
    lab = open_cells([LIVE], fresh=True)
    # anywidget gives a script two seconds; a busy computer is played by giving it none.
    lab.page.evaluate("""() => {
        AbortSignal.timeout = () => {
            const over = new AbortController();
            Promise.resolve().then(() => over.abort());
            return over.signal;
        };
    }""")
    lab.run_all()
    ready(lab, ROOT)
    assert comes_to_play(lab, ROOT)
    assert "[anywidget] Failed to initialize model." in lab.page_errors


@pytest.mark.parametrize(("theme", "paper"), [("light", "#ffffff"), ("dark", "#111111")])
def test_the_figure_follows_the_theme_of_the_page(open_cells, theme, paper):
    lab = open_cells([PANE], run=True, theme=theme)
    ready(lab, ROOT)
    assert is_painted(lab, ROOT, paper)
    other = "dark" if theme == "light" else "light"
    lab.set_theme(other)
    assert is_painted(lab, ROOT, "#111111" if other == "dark" else "#ffffff")
    assert lab.axe(ROOT) == []


def test_presenter_mode_writes_in_twenty_points(open_cells):
    lab = open_cells([PANE], run=True, viewport=(1280, 720))
    ready(lab, ROOT)
    before = hashes(lab, ROOT, 1)
    lab.in_kernel("0", "pane.presenter = True")
    script = "([was]) => window.livePage.hash('.wb-pane') !== was"
    assert comes(lab, script, [before[0]])
    assert lab.in_kernel("plot.title.text_font_size") == "20pt"
    assert pixels(lab, ROOT, "#ffffff") > 1000
