"""The packet inspector in a real JupyterLab: by mouse, by keys, wide, narrow, light, dark."""

from __future__ import annotations

import json
import os
import signal

import pytest
from playwright.sync_api import expect

CELLS = [
    "from workbench.panels.packet_inspector import packet_inspector\n"
    "from workbench.panels.packet_journey import journey, make",
    "panel = packet_inspector(seed=5); panel",
]
ROOT = ".pi-root"
FOCUSABLE = f"{ROOT} :is(button, input, select, textarea, summary, a, [tabindex])"


def summary(lab, text):
    expect(lab.page.locator(".pi-summary")).to_contain_text(text)


def button(lab, name):
    return lab.page.get_by_role("button", name=name, exact=True)


def step_on(lab):
    lab.page.locator(".pi-stepper button").last.click()


def choose_byte(lab, offset):
    field = lab.page.get_by_label("Byte", exact=True)
    field.fill(str(offset))
    field.press("Enter")


def shown_bytes(lab, index):
    """The bytes that a map's text twin shows, without offsets and headings."""
    details = lab.page.locator(".pi-details").nth(index)
    if details.get_attribute("open") is None:
        details.locator("summary").click()
    expect(details.locator("pre")).not_to_be_empty()
    lines = details.locator("pre").inner_text().splitlines()
    rows = [line.split()[1:] for line in lines if line[:5].strip().isdigit()]
    return bytes.fromhex("".join("".join(row) for row in rows))


def kernel_hex(lab, expression):
    return bytes.fromhex(lab.in_kernel(f"({expression}).hex()"))


def canvas_hash(lab, index=0):
    return lab.page.evaluate(
        """i => {
            const c = document.querySelectorAll('.pi-canvas')[i];
            const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
            let h = 0;
            for (let k = 0; k < d.length; k += 1) h = (h * 31 + d[k]) | 0;
            return h;
        }""",
        index,
    )


@pytest.fixture
def lab(open_cells):
    lab = open_cells(CELLS, run=True)
    summary(lab, "You packed 25 bytes")
    return lab


def test_build_step_flip_replay_and_reply_by_mouse(lab):
    packet = kernel_hex(lab, "panel.packet")
    assert shown_bytes(lab, 0) == packet
    step_on(lab)
    summary(lab, "Hop 1 of 4")
    assert shown_bytes(lab, 0) == packet
    after = kernel_hex(lab, "journey(panel.state.recipe, ())[0].hop.packet_after")
    assert shown_bytes(lab, 1) == after

    choose_byte(lab, 500)
    lab.page.locator(".pi-bit").nth(7).click()
    verdict = lab.page.locator(".pi-verdict")
    expect(verdict).to_contain_text("exit gateway 1 refuses it")
    assert lab.in_kernel("journey(panel.state.recipe, panel.state.breaks)[-1].hop.error") == (
        "BadPaddingError"
    )
    assert shown_bytes(lab, 0) == packet[:500] + bytes([packet[500] ^ 1]) + packet[501:]
    expect(lab.page.locator(".pi-stop").nth(4)).to_contain_text("refuses it")
    button(lab, "Mend").click()
    expect(verdict).to_be_hidden()

    button(lab, "Send twice").click()
    expect(verdict).to_contain_text("mix 2 refuses it: it has seen this replay tag")
    expect(lab.page.locator(".pi-empty").last).to_be_visible()
    button(lab, "Mend").click()
    button(lab, "Cut a byte").click()
    expect(verdict).to_contain_text("1388 bytes")
    button(lab, "Mend").click()

    button(lab, "Reply block").click()
    summary(lab, "Your friend put a reply into your block")
    assert shown_bytes(lab, 1) == kernel_hex(lab, "make(panel.state.recipe).surb")
    for hop in range(1, 5):
        step_on(lab)
        summary(lab, f"Hop {hop} of 4")
    summary(lab, "You read: “I will be there”")

    button(lab, "Build again").click()
    expect(lab.page.locator(".pi-map-title").first).to_have_text("As it leaves for mix 2")
    assert shown_bytes(lab, 0) == kernel_hex(lab, "panel.packet") != packet


def test_a_byte_is_chosen_in_the_map_and_a_node_in_the_drawing(lab):
    box = lab.page.locator(".pi-canvas").first.bounding_box()
    lab.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] * 0.6)
    expect(lab.page.locator(".pi-readout")).to_contain_text("P, payload")
    lab.page.mouse.down()
    lab.page.mouse.up()
    chosen = int(lab.page.get_by_label("Byte", exact=True).input_value())
    assert 348 < chosen < 1389
    packet = kernel_hex(lab, "panel.packet")
    expect(lab.page.locator(".pi-readout")).to_contain_text(f"hex {packet[chosen]:02x}")

    lab.page.get_by_role("button", name="Mix 8, layer 2").click()
    expect(lab.page.locator(".pi-stops")).to_contain_text("Mix 8")
    assert lab.in_kernel("[n.name for n in panel.state.route]") == [
        "mix 2",
        "mix 8",
        "mix 10",
        "exit gateway 1",
    ]
    lab.page.get_by_role("radio", name="2").click()
    summary(lab, "1,389 bytes for 2 hops")


def test_every_size_and_version_can_be_chosen(lab):
    lab.page.locator(".pi-message").fill("short")
    for choice, size in (("ack", 386), ("regular", 2413), ("default", 1389)):
        lab.page.get_by_label("Packet", exact=True).select_option(choice)
        expect(lab.page.locator(".pi-geometry")).to_contain_text(f"packet{size:,}")
        summary(lab, f"{size:,} bytes")
        assert len(shown_bytes(lab, 0)) == size
    lab.page.get_by_label("Version", exact=True).select_option("258")
    summary(lab, "version 258")
    step_on(lab)
    expect(lab.page.locator(".pi-block")).to_contain_text("258")


def test_the_whole_packet_by_keyboard_alone(lab):
    keys = lab.page.keyboard
    lab.page.locator(".pi-message").focus()
    keys.press("Control+a")
    keys.type("add box m y")  # every letter here is a key of Lab's own
    summary(lab, "You packed 11 bytes")
    assert lab.in_kernel("panel.state.message") == "add box m y"

    keys.press("Tab")  # hops
    keys.press("ArrowRight")
    summary(lab, "for 5 hops")
    keys.press("ArrowLeft")
    summary(lab, "for 4 hops")
    for _ in range(5):  # build again, reply block, undo, reset, presenter
        keys.press("Tab")
    expect(button(lab, "Presenter")).to_be_focused()
    keys.press("Tab")  # the drawing has one stop; arrows move in it
    expect(lab.page.get_by_role("button", name="Mix 1, layer 1")).to_be_focused()
    keys.press("ArrowRight")
    keys.press("ArrowDown")
    expect(lab.page.get_by_role("button", name="Mix 6, layer 2")).to_be_focused()
    keys.press("Enter")
    expect(lab.page.locator(".pi-stops")).to_contain_text("Mix 6")
    keys.press("Tab")  # where the packet is
    keys.press("ArrowRight")
    summary(lab, "Hop 1 of 4")
    expect(lab.page.locator(".pi-stop[aria-current=step]")).to_be_focused()
    keys.press("ArrowRight")
    summary(lab, "Hop 2 of 4")
    keys.press("ArrowLeft")
    summary(lab, "Hop 1 of 4")

    canvas = lab.page.locator(".pi-canvas").first
    canvas.focus()
    keys.press("End")
    expect(canvas).to_have_attribute("aria-valuenow", "1388")
    keys.press("Home")
    keys.press("PageDown")
    expect(canvas).to_have_attribute("aria-valuenow", "32")
    keys.press("PageDown")
    keys.press("ArrowRight")
    keys.press("ArrowDown")
    expect(canvas).to_have_attribute("aria-valuenow", "109")
    packet = kernel_hex(lab, "panel.packet")
    value = canvas.get_attribute("aria-valuetext")
    assert "routing information" in value
    assert f"hex {packet[109]:02x}" in value
    keys.press("Enter")
    expect(lab.page.locator(".pi-verdict")).to_contain_text("mix 2 refuses it: the MAC")
    keys.press("Enter")
    expect(lab.page.locator(".pi-verdict")).to_be_hidden()
    assert lab.cell_count() == len(CELLS)


def test_labs_own_keys_never_fire_from_inside(lab):
    count = lab.cell_count()
    lab.page.evaluate(
        """() => {
            window.fired = [];
            window.jupyterapp.commands.commandExecuted.connect(
                (_, args) => window.fired.push(args.id));
        }"""
    )
    # One of each kind that looks the same to the page's code.
    kinds = lab.page.evaluate(
        """selector => {
            const all = [...document.querySelectorAll(selector)];
            const kind = (e) => `${e.tagName} ${e.type} ${e.className}`;
            const isShown = (e) => e.getClientRects().length > 0 && !e.disabled;
            const first = (e, at) => isShown(e)
                && all.findIndex((o) => isShown(o) && kind(o) === kind(e)) === at;
            return all.flatMap((e, at) => first(e, at) ? [at] : []);
        }""",
        FOCUSABLE,
    )
    assert len(kinds) > 10
    for index in kinds:
        element = lab.page.locator(FOCUSABLE).nth(index)
        # Without a click: only the keys are tried here.
        element.evaluate(
            "e => { e.addEventListener('click', x => x.stopImmediatePropagation()"
            ", {capture: true, once: true}); e.focus(); }"
        )
        for key in ("d", "d", "a", "b", "x", "m", "y", "z", "o", "0", "0", "Escape", "j", "k"):
            lab.page.keyboard.press(key)
    fired = lab.page.evaluate("() => window.fired")
    assert [name for name in fired if name.startswith("notebook:")] == []
    assert lab.cell_count() == count


def test_every_focusable_element_asks_lab_to_keep_its_keys(lab):
    step_on(lab)
    summary(lab, "Hop 1 of 4")
    bare = lab.page.evaluate(
        """selector => [...document.querySelectorAll(selector)]
            .filter(e => !e.hasAttribute('data-lm-suppress-shortcuts'))
            .map(e => e.outerHTML.slice(0, 90))""",
        FOCUSABLE,
    )
    assert bare == []


def test_bad_input_says_what_to_do_and_loses_nothing(lab):
    problem = lab.page.locator(".pi-problem")
    wait = lab.page.get_by_label("Mix 7 waits, seconds")
    wait.fill("soon")
    wait.press("Enter")
    expect(problem).to_contain_text("a number of seconds from 0 to 3,600")
    expect(wait).to_have_value("soon")
    expect(wait).to_have_attribute("aria-invalid", "true")
    wait.fill("0.5")
    wait.press("Enter")
    expect(problem).to_be_empty()
    assert lab.in_kernel("panel.state.recipe.waits_s[1]") == 0.5

    message = lab.page.locator(".pi-message")
    message.fill("x" * 1025)
    expect(problem).to_contain_text("1,025 bytes; this packet holds 1,024. Shorten it")
    expect(message).to_have_value("x" * 1025)
    summary(lab, "You packed 25 bytes")
    message.fill("y" * 1024)
    summary(lab, "You packed 1,024 bytes")
    expect(problem).to_be_empty()
    choose_byte(lab, "9999")
    expect(problem).to_contain_text("Choose a byte from 0 to 1,388")
    lab.page.get_by_label("Packet", exact=True).select_option("ack")
    expect(problem).to_contain_text("this packet holds 21")


def axe_in_every_dress(lab):
    for width in (1280, 360):
        lab.set_viewport(width, 800)
        for theme in ("light", "dark"):
            lab.set_theme(theme)
            assert lab.axe(ROOT) == [], (width, theme)


def test_axe_finds_no_serious_fault_wide_and_narrow_light_and_dark(lab):
    assert lab.axe(ROOT) == []
    step_on(lab)
    summary(lab, "Hop 1 of 4")
    lab.page.locator(".pi-details summary").first.click()
    choose_byte(lab, 60)
    lab.page.locator(".pi-bit").first.click()
    expect(lab.page.locator(".pi-verdict")).to_be_visible()
    axe_in_every_dress(lab)
    button(lab, "Presenter").click()
    expect(lab.page.locator(".wb-presenter")).to_be_visible()
    assert lab.axe(ROOT) == []


STICKS_OUT = """root => {
    const box = document.querySelector(root).getBoundingClientRect();
    return [...document.querySelectorAll(root + ' *')]
        .filter(e => e.getClientRects().length && !e.closest('svg') && !e.closest('pre')
            && !e.closest('.pi-details') && getComputedStyle(e).visibility !== 'hidden')
        .filter(e => { const b = e.getBoundingClientRect();
                       return b.right > box.right + 1 || b.left < box.left - 1; })
        .map(e => e.className || e.tagName);
}"""
TOO_SMALL = """root => [...document.querySelectorAll(root + ' button')]
    .filter(e => e.getClientRects().length)
    .map(e => [e.textContent, e.getBoundingClientRect()])
    .filter(([, b]) => b.width < 23.5 || b.height < 23.5)
    .map(([text]) => text)"""


def test_nothing_sticks_out_and_no_button_is_too_small_at_any_width(lab):
    step_on(lab)
    summary(lab, "Hop 1 of 4")
    for width in (360, 480, 768, 1280, 1920):
        lab.set_viewport(width, 800)
        assert lab.page.evaluate(STICKS_OUT, ROOT) == [], width
        assert lab.page.evaluate(TOO_SMALL, ROOT) == [], width


def test_the_upper_half_stands_without_scrolling_at_1280(lab):
    step_on(lab)
    summary(lab, "Hop 1 of 4")
    box = lab.page.locator(ROOT).bounding_box()
    maps = lab.page.locator(".pi-maps").bounding_box()
    assert maps["y"] + maps["height"] - box["y"] < 640


def test_a_theme_is_followed_while_the_panel_stands(lab):
    light = canvas_hash(lab)
    paper = "() => getComputedStyle(document.querySelector('.pi-root')).backgroundColor"
    assert lab.page.evaluate(paper) == "rgb(255, 255, 255)"
    lab.set_theme("dark")
    lab.page.wait_for_function(f"({paper})() !== 'rgb(255, 255, 255)'")
    lab.page.wait_for_function(
        """old => {
            const c = document.querySelector('.pi-canvas');
            const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
            let h = 0;
            for (let k = 0; k < d.length; k += 1) h = (h * 31 + d[k]) | 0;
            return h !== old;
        }""",
        arg=light,
    )


def test_presenter_mode_has_letters_of_20_points(lab):
    button(lab, "Presenter").click()
    lab.page.wait_for_function(
        "() => getComputedStyle(document.querySelector('.pi-summary')).fontSize.startsWith('26.6')"
    )
    expect(lab.page.locator(".pi-byte")).to_be_hidden()


def test_the_page_reloaded_shows_the_same_packet(open_cells):
    lab = open_cells(CELLS, run=True, fresh=True)
    step_on(lab)
    summary(lab, "Hop 1 of 4")
    packet = kernel_hex(lab, "panel.packet")
    lab.run_command("docmanager:save")
    lab.page.reload()
    lab.wait_for_kernel()
    summary(lab, "Hop 1 of 4")
    assert shown_bytes(lab, 0) == packet
    button(lab, "← Back").click()
    summary(lab, "You packed")


def test_a_cell_run_again_shows_a_live_panel(lab):
    lab.run_all()
    expect(lab.page.locator(ROOT)).to_have_count(1)
    summary(lab, "You packed")
    step_on(lab)
    summary(lab, "Hop 1 of 4")


def test_a_saved_notebook_stays_small_and_holds_no_packet(lab, lab_server):
    step_on(lab)
    summary(lab, "Hop 1 of 4")
    packet = kernel_hex(lab, "panel.packet")
    lab.run_command("docmanager:save")
    text = (lab_server.root / lab.path).read_text()
    assert "widget-view" in text
    assert "widgets" in json.loads(text)["metadata"]
    assert len(text) < 30_000
    assert packet.hex()[:16] not in text
    assert json.loads(text)["nbformat"] == 4


def test_a_kernel_that_does_not_answer_is_told(lab):
    pid = lab.kernel_pid()
    os.kill(pid, signal.SIGSTOP)
    try:
        step_on(lab)
        expect(lab.page.locator(".pi-problem")).to_contain_text("No answer from Python yet")
    finally:
        os.kill(pid, signal.SIGCONT)
    summary(lab, "Hop 1 of 4")
    expect(lab.page.locator(".pi-problem")).to_be_empty()


def test_two_views_of_one_panel_agree(open_cells):
    lab = open_cells([*CELLS, "panel"], run=True)
    expect(lab.page.locator(ROOT)).to_have_count(2)
    lab.page.locator(".pi-stepper button").nth(1).click()
    for line in (0, 1):
        expect(lab.page.locator(".pi-summary").nth(line)).to_contain_text("Hop 1 of 4")


def test_nothing_moves_by_itself(lab):
    # Lab's own cursor blinks; of ours, a button's border may still be settling after loading.
    lab.page.wait_for_function(
        "() => !document.getAnimations().some(a => a.effect?.target?.closest?.('.pi-root'))",
        timeout=10_000,
    )
    first = canvas_hash(lab)
    lab.page.evaluate("() => new Promise(requestAnimationFrame)")
    assert canvas_hash(lab) == first
