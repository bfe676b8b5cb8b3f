"""The workbench in a real JupyterLab: sliders that answer, truthfully, and what is shared.

The value in the page is held against a simulation in the test's own process; each liveness
check is also run against a sabotaged panel, where it must say no.
"""

from __future__ import annotations

import os
import re
import secrets
import signal
from random import Random
from urllib.parse import quote

import pytest
from lab_in_chromium import is_local
from live_page import comes, is_painted, plays, ready, stands_still
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
            && Math.abs(now.chart - median) < 1e-4;
    }}"""
    return comes(lab, script, [f"{median:.1f}", words, median], limit_s)


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
    lab = opened(open_cells, fresh=True)
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


def test_playing_paints_many_pictures_paused_exactly_one_and_a_nonce_comes_back(open_cells):
    lab = opened(open_cells)
    assert plays(lab, FLOW)
    colour = "#" + secrets.token_hex(3)
    lab.in_kernel("0", f"panel.entropy.plot.background_fill_color = {colour!r}")
    assert is_painted(lab, BENCH, colour)
    # Space plays and pauses, from a slider too.
    lab.page.locator('input[type=range][data-knob="delay_s"]').focus()
    lab.page.keyboard.press(" ")
    page_expect(lab.page.locator(".wb-play")).to_have_text("Play")
    assert stands_still(lab, BENCH)
    lab.page.keyboard.press(" ")
    page_expect(lab.page.locator(".wb-play")).to_have_text("Pause")
    assert plays(lab, FLOW)
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
    lab = opened(open_cells, theme=theme)
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
    page_expect(lab.page.get_by_role("button", name="Two bad mixes")).to_have_attribute(
        "aria-pressed", "true"
    )
    lab.page.get_by_role("button", name="Undo").click()
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
    lab.page.get_by_role("button", name="Compare").click()
    turn(lab, "delay_s", 2.0)
    found = expect(OPENING.replace(delay_s=2.0), targets=EXPECTED_TARGETS).entropy_bits.median
    page_expect(lab.page.locator(".wb-compare-side .wb-bits").nth(1)).to_have_text(f"{found:.1f}")
    page_expect(lab.page.locator(FLOW)).to_be_hidden()
    # The advocate's three minutes end with the link, in large type.
    lab.page.get_by_role("button", name="Large type").click()
    page_expect(lab.page.locator(".wb-bench-frame")).to_have_class(re.compile("is-presenter"))
    page_expect(lab.page.get_by_text("Share, save, show me the code")).to_be_visible()


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
        page.wait_for_function("() => document.body.dataset.recording === 'over'", timeout=90_000)
        shown = "() => document.querySelector('.wb-flow').mixnetFlow.frames()"
        page.wait_for_function(
            f"async () => {{ const was = ({shown})(); await new Promise((d) => setTimeout(d, 700));"
            f" return ({shown})() === was; }}"
        )
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
    assert plays(lab, FLOW)


def test_a_reload_a_rerun_and_a_second_view_come_back_live(open_cells):
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
    lab.page.reload()
    lab.wait_for_kernel()
    lab.cell(0)
    ready(lab, ROOT)
    assert agrees(lab, OPENING.replace(delay_s=10.0))
    assert plays(lab, FLOW)
    lab.in_kernel("0", "older = panel.pump")
    lab.run_all()
    lab.cell(0)
    ready(lab, ROOT)
    assert agrees(lab, OPENING)
    assert lab.in_kernel("older.state") == "stopped"
    assert plays(lab, FLOW)
