"""The workbench in a real JupyterLab: sliders that answer, truthfully, and what is shared.

The value in the page is held against a simulation in the test's own process; each liveness
check is also run against a sabotaged panel, where it must say no.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import signal
from collections.abc import Iterator
from random import Random
from urllib.parse import quote

import numpy as np
import pytest
from lab_in_chromium import is_local
from live_page import comes, comes_to_play, in_kernel_until, is_painted, plays, ready, stands_still
from playwright.sync_api import expect as page_expect

from workbench.mixing.frame import expect
from workbench.panels.bench_charts import NAMES_PX
from workbench.panels.bench_settings import stops
from workbench.panels.bench_words import in_words
from workbench.panels.sharing import EXPECTED_TARGETS
from workbench.panels.workbench_panel import OPENING
from workbench.scenario import Scenario

CELL = [
    "from workbench.panels.workbench_panel import workbench_panel\npanel = workbench_panel(); panel"
]
ROOT = ".wb-console"
BENCH = ".wb-bench"
FLOW = ".wb-bench .wb-flow"

# What the page shows as expected: the painted text, and the chart's own last point.
EXPECTED = """() => ({
    bits: document.querySelector('.wb-answer-expected .wb-bits').textContent,
    unit: document.querySelector('.wb-answer-expected .wb-bits-unit').textContent,
    isGrey: getComputedStyle(document.querySelector('.wb-answer-expected .wb-bits')).opacity < 1,
    words: document.querySelector('.wb-answer-expected .wb-answer-words').textContent,
    chart: (window.Bokeh?.documents ?? []).map((one) => one.get_model_by_name('entropy'))
        .filter(Boolean).map((one) => one.data.expected[one.data.expected.length - 1]).pop(),
})"""

# Where the entropy chart's axis ends, in seconds beyond now.
NAMES_END = """() => (window.Bokeh?.documents ?? []).flatMap((one) => one.roots())
    .filter((one) => one.title?.text === 'Entropy, bits').map((one) => one.x_range.end).pop()"""


def opened(open_cells, **options):
    lab = open_cells(CELL, run=True, **options)
    ready(lab, ROOT)
    assert comes(lab, "() => /\\d/.test(document.querySelector('.wb-bits').textContent)", None, 90)
    return lab


def turn(lab, knob: str, value: float) -> None:
    """Move a slider to one of its stops with the keyboard alone."""
    slider = lab.page.locator(f'input[type=range][data-knob="{knob}"]')
    slider.focus()
    lab.page.keyboard.press("Home")
    for _ in range(stops(knob).index(value)):
        lab.page.keyboard.press("ArrowRight")


def agrees(lab, scenario: Scenario, limit_s: float = 150.0) -> bool:
    """Whether the page comes to show what this process computes for a scenario."""
    found = expect(scenario, targets=EXPECTED_TARGETS)
    median = found.entropy_bits.median
    words = in_words(median, found.sender_entropy_bits.median, scenario.clients)
    script = f"""([bits, words, median]) => {{
        const now = ({EXPECTED})();
        return now.bits === bits && now.unit === 'bits expected' && now.words === words
            && !now.isGrey && Math.abs(now.chart - median) < 1e-4;
    }}"""
    return comes(lab, script, [f"{median:.1f}", words, median], limit_s)


COMPUTING = f"""() => {{
    const now = ({EXPECTED})();
    return now.isGrey && now.unit === 'computing…';
}}"""


@contextlib.contextmanager
def no_answer(lab) -> Iterator[None]:
    """The kernel forgets what it expected of any settings, and finds nothing out meanwhile."""
    lab.in_kernel(
        "0",
        "import threading\nfrom workbench.panels import bench_threads\n"
        "gate = threading.Event()\nbench_threads._thinking.submit(gate.wait)\n"
        "panel._answers._known.clear()",
    )
    try:
        yield
    finally:
        lab.in_kernel("0", "gate.set()")


def is_said(lab, words: str) -> None:
    """The line that a screen reader hears is the kernel's sentence, about this."""
    line = lab.page.locator(".wb-bench-summary")
    page_expect(line).to_contain_text(words)
    page_expect(line).to_have_text(lab.in_kernel("panel.console.data['summary']"))
    page_expect(line).to_have_attribute("role", "status")
    page_expect(line).to_have_attribute("aria-live", "polite")


def becomes(lab, expression: str, wanted: object) -> None:
    """The kernel comes to say this."""
    assert in_kernel_until(lab, expression, lambda found: found == wanted, 300) == wanted


def holds(lab, scenario: Scenario) -> None:
    """The kernel comes to hold exactly these settings."""
    becomes(lab, "panel.scenario.to_query()", scenario.to_query())


def far_apart(random: Random) -> list[Scenario]:
    """Two settings whose answers nobody could mistake for each other."""
    found = []
    for delays, rates in (((0.02, 0.08), (0.05, 0.1)), ((0.8, 2.0), (0.2, 0.5))):
        delay = random.choice([v for v in stops("delay_s") if delays[0] <= v <= delays[1]])
        rate = random.choice(
            [v for v in stops("traffic_per_client_per_s") if rates[0] <= v <= rates[1]]
        )
        found.append(OPENING.replace(delay_s=delay, traffic_per_client_per_s=rate))
    random.shuffle(found)
    return found


def test_sliders_moved_by_keys_answer_what_this_process_simulates(open_cells):
    lab = opened(open_cells, fresh=True)  # its clock is slowed below
    settings = far_apart(Random(secrets.randbits(64)))
    for scenario in settings:
        turn(lab, "delay_s", scenario.delay_s)
        turn(lab, "traffic_per_client_per_s", scenario.traffic_per_client_per_s)
        assert agrees(lab, scenario), (scenario, lab.page.evaluate(EXPECTED))
        assert lab.in_kernel("panel._network.scenario.to_query()") == scenario.to_query()
    assert lab.page.locator(BENCH).is_visible()
    # A key whose turn to be told comes after the answer to the key before it is not lost.
    lab.page.evaluate("""() => {
        const wait = window.setTimeout;
        window.setTimeout = (call, ms, ...rest) => wait(call, ms <= 50 ? ms + 1500 : ms, ...rest);
    }""")
    turn(lab, "delay_s", stops("delay_s")[1])
    wanted = OPENING.replace(
        delay_s=stops("delay_s")[1], traffic_per_client_per_s=scenario.traffic_per_client_per_s
    )
    assert agrees(lab, wanted), lab.page.evaluate(EXPECTED)
    # Sabotage: the sliders are bound to nothing.
    lab.in_kernel("0", "panel.console._act = lambda *given: None")
    other = settings[0]
    turn(lab, "delay_s", other.delay_s)
    turn(lab, "traffic_per_client_per_s", other.traffic_per_client_per_s)
    assert not agrees(lab, other, limit_s=4)


# A cell runs for four seconds, and the page's messages come by turns to the kernel's main shell,
# which waits meanwhile, and to the subshell, which does not.
BUSY_AND_BY_TWO_WAYS = """
import asyncio, itertools, time
ways = itertools.cycle([True, False])
panel.console.comm._reply_subshell_for = lambda _, given: given if next(ways) else None
heard, act = [], panel.console._act
panel.console._act = lambda *given: (heard.append(given[1].get("serial")), act(*given))[1]
asyncio.get_running_loop().call_later(0.2, time.sleep, 4)
"""


def test_keys_pressed_while_a_cell_runs_are_heard_in_their_order(open_cells):
    lab = opened(open_cells)
    lab.in_kernel("0", BUSY_AND_BY_TWO_WAYS)
    wanted = OPENING
    for knob in ("delay_s", "traffic_per_client_per_s"):
        at = stops(knob).index(getattr(OPENING, knob))
        slider = lab.page.locator(f'input[type=range][data-knob="{knob}"]')
        slider.focus()
        for _ in range(7):
            slider.press("ArrowRight")
            lab.page.wait_for_timeout(60)
        wanted = wanted.replace(**{knob: stops(knob)[at + 7]})
    assert agrees(lab, wanted), lab.page.evaluate(EXPECTED)
    holds(lab, wanted)
    heard = [serial for serial in lab.in_kernel("heard") if serial is not None]
    assert len(heard) > 7
    assert heard == sorted(heard)


def test_playing_paints_many_pictures_paused_exactly_one_and_a_nonce_comes_back(open_cells):
    lab = opened(open_cells)
    assert comes_to_play(lab, FLOW)
    colour = "#" + secrets.token_hex(3)
    lab.in_kernel("0", f"panel.entropy.plot.background_fill_color = {colour!r}")
    assert is_painted(lab, BENCH, colour)
    # Space plays and pauses, from a slider too.
    lab.page.locator('input[type=range][data-knob="delay_s"]').focus()
    lab.page.keyboard.press(" ")
    page_expect(lab.page.locator(".wb-play")).to_have_text("Play")
    is_said(lab, "; paused.")
    assert stands_still(lab, BENCH)
    lab.page.keyboard.press(" ")
    page_expect(lab.page.locator(".wb-play")).to_have_text("Pause")
    assert comes_to_play(lab, FLOW)
    cells = lab.cell_count()
    for key in ("d", "d", "a", "b", "x"):
        lab.page.keyboard.press(key)
    assert lab.cell_count() == cells
    # Sabotage: the loop ends behind the panel's back.
    lab.in_kernel("0", "panel.pump.cancel()")
    assert stands_still(lab, BENCH)
    assert not plays(lab, BENCH)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_panel_has_no_serious_fault_for_axe_and_fits_a_telephone(open_cells, theme):
    # A page of its own: bokeh keeps the documents of notebooks that were closed.
    lab = opened(open_cells, theme=theme, fresh=True)
    for summary in lab.page.locator(f"{BENCH} summary:visible").all():
        summary.click()
    assert lab.axe(BENCH) == []
    focusable = lab.page.evaluate(
        """() => [...document.querySelectorAll('.wb-bench :is(button, input, select, summary, '
            + '[tabindex])')].filter((one) => !one.hasAttribute('data-lm-suppress-shortcuts'))
            .map((one) => one.outerHTML.slice(0, 80))"""
    )
    assert focusable == []
    # The names right of "now" get the same room on a wide page and on a telephone.
    names_fit = f"""() => (window.Bokeh?.documents ?? []).flatMap((one) => one.roots())
        .filter((one) => one.title?.text === 'Entropy, bits' && one.inner_width)
        .map((one) => one.inner_width * one.x_range.end / (one.x_range.end - one.x_range.start))
        .some((room) => Math.abs(room - {NAMES_PX}) < 1)"""
    assert comes(lab, names_fit, None, 60)
    wide = lab.page.evaluate(NAMES_END)
    lab.set_viewport(360, 740)
    assert comes(lab, f"(wide) => ({NAMES_END})() > 1.5 * wide && ({names_fit})()", wide, 60)
    too_wide = """() => [...document.querySelectorAll('.wb-console *')]
        .filter((one) => !one.closest('.wb-presets') && one.offsetWidth > 0
            && one.getBoundingClientRect().right
                > document.querySelector('.wb-bench').getBoundingClientRect().right + 1)
        .map((one) => one.className).slice(0, 5)"""
    assert comes(lab, f"() => ({too_wide})().length === 0"), lab.page.evaluate(too_wide)


def test_presets_undo_typed_values_and_messages(open_cells):
    lab = opened(open_cells)
    lab.page.get_by_role("button", name="Two bad mixes").click()
    preset = Scenario.preset("Two bad mixes").replace(seed=OPENING.seed)
    assert agrees(lab, preset)
    is_said(lab, f"2 of {preset.mixes} mixes corrupted")
    with no_answer(lab):
        lab.page.get_by_role("button", name="Undo").click()
        assert comes(lab, COMPUTING), lab.page.evaluate(EXPECTED)
        is_said(lab, "Computing what to expect of these settings.")
    assert agrees(lab, OPENING)
    field = lab.page.get_by_label("Delay per mix, s")
    field.fill("soon")
    field.press("Enter")
    alert = lab.page.locator(".wb-knob .wb-problem", has_text="must be a number from 0 to 3,600 s")
    page_expect(alert).to_be_visible()
    page_expect(field).to_have_attribute("aria-invalid", "true")
    field.fill("0.25")
    field.press("Enter")
    assert agrees(lab, OPENING.replace(delay_s=0.25))
    page_expect(field).not_to_have_attribute("aria-invalid", "true")
    with no_answer(lab):  # the first sign comes from the page, before the kernel has heard of it
        lab.page.evaluate(
            f"""() => document.addEventListener('input',
                () => {{ window.atOnce = ({COMPUTING})(); }}, {{once: true}})"""
        )
        every_knob_by_one_key(lab, OPENING.replace(delay_s=0.25))
        assert lab.page.evaluate("window.atOnce") is True
        assert comes(lab, COMPUTING)
        every_button_of_the_run(lab)
    assert agrees(lab, OPENING)
    lab.page.get_by_role("button", name="Compare").click()
    turn(lab, "delay_s", 2.0)
    both_are_shown(lab, OPENING, OPENING.replace(delay_s=2.0))
    page_expect(lab.page.locator(FLOW)).to_be_hidden()
    # The advocate's three minutes end with the link, in large type.
    lab.page.get_by_role("button", name="Large type").click()
    page_expect(lab.page.locator(".wb-bench-frame")).to_have_class(re.compile("is-presenter"))
    page_expect(lab.page.get_by_text("Share, save, show me the code")).to_be_visible()
    letters = lab.page.evaluate(
        """(names) => names.map((name) => parseFloat(getComputedStyle(document.querySelector(
            `.wb-bench ${name}`)).fontSize))""",
        [".wb-knob-label", ".wb-compare-side .wb-answer-words", ".wb-bench-summary", ".wb-flow"],
    )
    assert min(letters) > 26.6, letters  # 20 pt


KNOBS = {
    "delay_s",
    "cover_per_client_per_s",
    "traffic_per_client_per_s",
    "layers",
    "width",
    "clients",
    "corrupt_mixes",
    "seed",
    "strategy",
}


def every_knob_by_one_key(lab, scenario: Scenario) -> None:
    """Each knob that the panel offers does what its key says, and nothing else."""
    lab.page.locator(".wb-more > summary").click()
    told = lab.in_kernel("panel.console.data['settings']")
    knobs = [*told["first"], *told["more"], told["strategy"]]
    assert {knob["name"] for knob in knobs} == KNOBS
    for knob in knobs:
        name = knob["name"]
        control = lab.page.locator(f'.wb-bench-side [data-knob="{name}"]')
        if "choices" in knob:
            names = [one for one, _ in knob["choices"]]
            value = names[names.index(knob["value"]) + 1]
            control.press("ArrowDown")
        elif knob["values"]:
            value = type(knob["value"])(knob["values"][knob["at"] + 1])
            control.press("ArrowRight")
        else:
            value = knob["value"] + 1
            field = control.locator("xpath=..").locator(".wb-field")
            field.fill(str(value))
            field.press("Enter")
        scenario = scenario.replace(**{name: value})
        holds(lab, scenario)


def every_button_of_the_run(lab) -> None:
    """Situations, new seed, undo, reset, pause, one step, speed: by key, and as said."""
    page = lab.page

    def press(name: str) -> None:
        page.get_by_role("button", name=name, exact=True).press("Enter")

    seed = lab.in_kernel("panel.scenario.seed")
    for name, preset in Scenario.presets().items():
        press(name)
        holds(lab, preset.scenario.replace(seed=seed))
        button = page.get_by_role("button", name=name, exact=True)
        page_expect(button).to_have_attribute("aria-pressed", "true")
    press("Reset")
    holds(lab, OPENING)
    press("New seed")
    seed = in_kernel_until(lab, "panel.scenario.seed", lambda found: found != OPENING.seed)
    assert seed != OPENING.seed
    holds(lab, OPENING.replace(seed=seed))
    press("Undo")
    holds(lab, OPENING)
    becomes(lab, "panel._network is not None", True)
    press("Pause")
    becomes(lab, "panel.pump.state", "paused")
    flow = "document.querySelector('.wb-flow').mixnetFlow"
    assert comes(lab, f"() => {flow}.shown() === {flow}.told()", None, 60)
    steps, shown = lab.in_kernel("panel.pump.steps"), page.evaluate(f"{flow}.shown()")
    press("Step")
    assert comes(lab, f"(was) => {flow}.shown() > was && {flow}.shown() === {flow}.told()", shown)
    assert lab.in_kernel("[panel.pump.steps, panel.pump.state]") == [steps + 1, "paused"]
    slow_down = lab.in_kernel("panel.flow.slow_down")
    speed = page.get_by_label("Speed", exact=True)
    for key, factor in (("ArrowDown", 2), ("ArrowUp", 1)):
        speed.press(key)
        page_expect(speed.locator(":checked")).to_have_text(f"Speed {factor}x")
        becomes(lab, "panel.flow.slow_down", slow_down / factor)
    press("Play")
    becomes(lab, "panel.pump.state", "playing")


def both_are_shown(lab, *pair: Scenario) -> None:
    """Side by side: each setting's number, and its packets by their bits on one scale."""
    found = [expect(one, targets=EXPECTED_TARGETS) for one in pair]
    sides = lab.page.locator(".wb-compare-side")
    numbers = [f"{one.entropy_bits.median:.1f}" for one in found]
    page_expect(sides.locator(".wb-bits")).to_have_text(numbers)
    page_expect(sides.locator(".wb-bits-unit")).to_have_text(["bits expected"] * 2)
    for side, one in zip(sides.all(), found, strict=True):
        bits = one.entropy_of_targets_bits
        scale = side.locator(".wb-histogram-scale span").last.text_content() or ""
        top = float(scale.removesuffix(" bits"))
        assert max(float(np.nanmax(other.entropy_of_targets_bits)) for other in found) <= top
        drawn = side.locator(".wb-histogram").evaluate(
            """(chart) => [...chart.children].map(
                (bar) => bar.getBoundingClientRect().height / chart.clientHeight)"""
        )
        counts, _ = np.histogram(bits[~np.isnan(bits)], bins=len(drawn), range=(0.0, top))
        assert len(drawn) >= 20
        assert drawn == pytest.approx(list(counts / counts.max()), abs=0.01)


def test_a_shared_link_opens_its_state_and_a_hostile_one_says_so(open_cells, lab_server):
    lab = open_cells(CELL, fresh=True)
    wanted = OPENING.replace(delay_s=1.25, width=5, seed=77)
    for query, is_good in ((wanted.to_query(), True), ("<script>alert(1)</script>", False)):
        address = f"{lab_server.url}/doc/tree/{quote(lab.path)}?scenario={quote(query, safe='')}"
        lab.page.goto(address)
        lab.wait_for_kernel()
        lab.run_all()
        ready(lab, ROOT)
        if is_good:
            assert agrees(lab, wanted)
        else:
            page_expect(lab.page.locator(".wb-bench-head .wb-problem")).to_contain_text(
                "The link could not be opened"
            )
            assert agrees(lab, OPENING)


def test_a_saved_page_replays_the_run_offline_and_then_stands_still(
    open_cells, lab_browser, tmp_path
):
    lab = opened(open_cells)
    lab.in_kernel("0", "panel._do('speed', {'value': 5.0}, '')")
    assert comes(lab, "() => document.querySelector('.wb-flow').mixnetFlow.frames() > 120")
    lab.page.get_by_text("Share, save, show me the code").click()
    with lab.page.expect_download() as waiting:
        lab.page.get_by_role("button", name="Page that replays this run").click()
    path = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(path)
    assert path.name == f"mixnet-workbench-seed-{OPENING.seed}.html"
    assert path.stat().st_size < 3_000_000
    for name, start in (
        ("Picture (PNG)", b"\x89PNG"),
        ("Picture (SVG)", b"<svg"),
        ("Data (CSV)", b"# mix"),
    ):
        with lab.page.expect_download() as waiting:
            lab.page.get_by_role("button", name=name).click()
        waiting.value.save_as(tmp_path / "one")
        assert (tmp_path / "one").read_bytes().startswith(start)
    context = lab_browser.browser.new_context(offline=True)
    try:
        page = context.new_page()
        asked: list[str] = []
        errors: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(path.as_uri())
        page.wait_for_selector('.wb-flow[data-live="true"]')
        page.wait_for_function(
            "() => document.querySelector('.wb-flow').mixnetFlow.drawn().length > 5"
        )
        drawn = page.evaluate(
            "() => document.querySelector('.wb-flow').mixnetFlow.drawn().map((p) => p.packet)"
        )
        # Every packet drawn is one that the network really sent.
        sent = lab.in_kernel("int(panel._network._state.ints[k.NEXT_PACKET])",
                             "from workbench.mixing import kernels as k")  # fmt: skip
        assert all(0 <= number < sent for number in drawn)
        said = page.text_content("header")
        assert "Recorded" in said
        assert f"seed {OPENING.seed}" in said
        assert OPENING.to_query() in page.locator(".rec-query").inner_text()
        page.wait_for_function("() => document.body.dataset.recording === 'over'", timeout=90_000)
        shown = "() => document.querySelector('.wb-flow').mixnetFlow.frames()"
        page.wait_for_function(
            f"async () => {{ const was = ({shown})(); await new Promise((d) => setTimeout(d, 700));"
            f" return ({shown})() === was; }}"
        )
        # The figure's lines are in sight on a telephone too, in the page's own colours.
        page.emulate_media(color_scheme="dark")
        page.set_viewport_size({"width": 360, "height": 740})
        lines = page.evaluate(
            """() => [...document.querySelectorAll('.rec-answers polyline')]
                .filter((one) => one.getClientRects().length)
                .map((one) => one.getBoundingClientRect().right)"""
        )
        assert len(lines) == 3
        assert max(lines) < 360
        ink = "() => getComputedStyle(document.querySelector('.rec-small text')).fill"
        assert page.evaluate(ink) == page.evaluate("() => getComputedStyle(document.querySelector("
                                                   "'.wb-recorded')).color")  # fmt: skip
        assert page.evaluate("() => document.documentElement.scrollWidth") <= 360
        page.get_by_role("button", name="Play again").click()
        page.wait_for_function("() => document.body.dataset.recording === 'playing'")
        assert [url for url in asked if url != path.as_uri() and not is_local(url)] == []
        assert errors == []
    finally:
        context.close()


def test_a_stopped_kernel_is_said_once_with_the_settings_as_a_line_of_code(open_cells):
    lab = opened(open_cells)
    pid = lab.kernel_pid()
    os.kill(pid, signal.SIGSTOP)
    try:
        frozen = lab.page.locator(f"{BENCH} .wb-live-frozen:visible")
        page_expect(frozen).to_have_count(1, timeout=15_000)
        page_expect(frozen).to_contain_text("No word from the kernel")
        page_expect(frozen.locator("code")).to_contain_text(OPENING.to_query())
        assert stands_still(lab, BENCH)
    finally:
        os.kill(pid, signal.SIGCONT)
    page_expect(frozen).to_have_count(0, timeout=30_000)
    assert comes_to_play(lab, FLOW)


def test_a_reload_a_rerun_and_a_second_view_come_back_live(open_cells, lab_server):
    lab = open_cells([*CELL, "panel"], run=True, fresh=True)
    ready(lab, ROOT)
    lab.cell(1)
    assert comes(lab, f"() => document.querySelectorAll('{ROOT}[data-live=true]').length === 2")
    slider = lab.page.locator('input[type=range][data-knob="delay_s"]').first
    slider.focus()
    lab.page.keyboard.press("End")
    assert comes(
        lab,
        """() => [...document.querySelectorAll('input[type=range][data-knob="delay_s"]')]
            .every((one) => one.value === one.max)""",
    )
    lab.run_command("docmanager:save")
    assert comes(lab, "() => !window.jupyterapp.shell.currentWidget.content.model.dirty")
    saved = (lab_server.root / lab.path).read_text(encoding="utf-8")
    assert "widgets" in json.loads(saved)["metadata"]  # with its state, the harder case
    assert len(saved) < 50_000
    lab.page.reload()
    lab.wait_for_kernel()
    lab.cell(0)
    ready(lab, ROOT)
    assert agrees(lab, OPENING.replace(delay_s=10.0))
    assert comes_to_play(lab, FLOW)
    lab.in_kernel("0", "older = panel.pump")
    lab.run_all()
    lab.cell(0)
    ready(lab, ROOT)
    assert agrees(lab, OPENING)
    assert lab.in_kernel("older.state") == "stopped"
    assert comes_to_play(lab, FLOW)
