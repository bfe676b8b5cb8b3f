"""Lessons 3 and 4 as a visitor meets them: run all, guess, look, wide and narrow."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

PACK = "03_pack_a_packet.ipynb"
FOLLOW = "04_follow_break_reply.ipynb"
INSPECTOR = "from workbench.panels.packet_inspector import packet_inspector\npacket_inspector()"
# The panel that the first cell shows; the sandbox at the end is another.
FIRST = "_oh = [v for v in Out.values() if hasattr(v, 'private_keys')]; panel = _oh[0]"
SECRETS = (
    "[x.hex() for hop in __import__('workbench.panels.packet_journey', fromlist=['journey'])"
    ".journey(panel.state.recipe, ()) for x in (hop.hop.packet_after, hop.hop.block, "
    "hop.hop.replay_tag) if x]"
)
# Everything that the page knows: its text and attributes, the notebook, and the models' state.
PAGE_KNOWS = """async () => {
    const panel = window.jupyterapp.shell.currentWidget;
    const canvas = [...document.querySelectorAll('canvas')].map(c => c.toDataURL());
    return document.documentElement.outerHTML + JSON.stringify(panel.content.model.toJSON())
        + JSON.stringify(window.heard ?? []) + canvas.join('');
}"""
# Comm messages as they come over the kernel's socket, binary parts as hex.
LISTEN = """() => {
    window.heard = [];
    const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
    kernel.anyMessage.connect((_, {msg}) => {
        if (!msg.header.msg_type.startsWith('comm')) return;
        const hex = b => Array.from(new Uint8Array(b.buffer ?? b),
            x => x.toString(16).padStart(2, '0')).join('');
        const content = JSON.stringify(msg.content);
        if (content.includes('_esm')) return;  // the script, not the state
        window.heard.push([content, (msg.buffers ?? []).map(hex)]);
    });
}"""


def first_panel(lab):
    lab.cell(2)
    root = lab.page.locator(".pi-root").first
    expect(root.locator(".pi-summary")).to_contain_text("bytes")
    return root


def open_listening(open_notebook, name, **options):
    lab = open_notebook(name, **options)
    lab.page.evaluate(LISTEN)
    lab.run_all()
    return lab, first_panel(lab)


def heard(lab):
    return str(lab.page.evaluate("() => window.heard"))


def step_on(root, hop):
    root.locator(".pi-stepper button").last.click()
    expect(root.locator(".pi-summary")).to_contain_text(f"Hop {hop} of")


def test_lesson_3_shows_nothing_of_the_answer_before_the_guess(open_notebook):
    lab, root = open_listening(open_notebook, PACK)
    secrets = lab.in_kernel(SECRETS, FIRST)
    assert len(secrets) >= 8
    knows = lab.page.evaluate(PAGE_KNOWS)
    assert len(lab.page.evaluate("() => window.heard")) > 2
    for secret in secrets:
        for at in range(0, min(len(secret), 512) - 24, 24):
            part = secret[at : at + 24]
            assert part not in knows or not part.strip("0")  # an address ends with zeros
    for words in ("What a node takes off", "it was 0", "As it leaves mix", "gets shorter"):
        assert words not in heard(lab)
        assert words not in knows

    root.get_by_label("How much shorter").fill("many")
    root.get_by_role("button", name="Lock in my guess").click()
    expect(root.locator(".wb-ask .wb-problem")).to_contain_text("Write a number")
    root.get_by_label("How much shorter").fill("60")
    root.get_by_label("How much shorter").press("Enter")
    expect(root.locator(".pi-feedback")).to_contain_text("You said 60 bytes; it was 0 bytes.")
    step_on(root, 1)
    assert secrets[0][:64] in lab.page.evaluate(PAGE_KNOWS)
    expect(lab.cell(7)).to_contain_text("so that nothing gets shorter, the node adds one row")
    assert lab.in_kernel("list(__import__('workbench').teaching.progress.done('03'))") == ["size"]


def test_lesson_4_shows_no_verdict_before_the_guess(open_notebook):
    lab, root = open_listening(open_notebook, FOLLOW)
    step_on(root, 1)
    step_on(root, 2)
    knows = lab.page.evaluate(PAGE_KNOWS)
    for words in ("refuses", "passes it on", "The MAC covers", "it was", "Every mix passes"):
        assert words not in knows
        assert words not in heard(lab)

    for option in root.get_by_role("radio", name="nobody").all():
        option.check()
    root.get_by_role("button", name="Lock in my guess").click()
    feedback = root.locator(".pi-feedback")
    expect(feedback).to_contain_text("you said nobody; it was the very next node.")
    expect(feedback).to_contain_text("you said nobody; it was only the last node.")
    expect(lab.cell(6)).to_contain_text("Every mix passes it on.")
    expect(lab.cell(10)).to_contain_text("it refused 20 of 20")
    lab.cell(2)
    root.locator(".pi-bit").first.click()
    expect(root.locator(".pi-verdict")).to_contain_text("refuses it")


@pytest.mark.parametrize("name", [PACK, FOLLOW])
def test_the_first_figure_has_at_most_two_controls(open_notebook, name):
    lab = open_notebook(name, run=True)
    root = first_panel(lab)
    inputs = root.locator(":is(input, select, [role=radiogroup]):not(.wb-ask *)")
    assert [e.get_attribute("class") for e in inputs.all() if e.is_visible()] == [
        "wb-field pi-message",
        "wb-segments",
    ]
    assert [b for b in root.locator(".pi-node").all() if b.is_enabled()] == []


@pytest.mark.parametrize("name", [PACK, FOLLOW])
@pytest.mark.parametrize(
    ("viewport", "theme"), [((1280, 800), "light"), ((360, 740), "dark")], ids=["wide", "narrow"]
)
def test_a_lesson_runs_whole_and_its_panels_have_no_serious_fault(
    open_notebook, name, viewport, theme
):
    lab = open_notebook(name, run=True, viewport=viewport, theme=theme)
    root = first_panel(lab)
    box = root.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= viewport[0] + 1
    assert lab.axe(".pi-root") == []
    assert lab.cell_errors() == []
    lab.cell(1)
    picture = lab.page.locator(".jp-RenderedMarkdown img").first
    expect(picture).to_be_visible()
    assert picture.evaluate("e => e.complete && e.naturalWidth > 600")


def test_the_guess_by_keyboard_alone(open_notebook):
    lab = open_notebook(FOLLOW, run=True)
    root = first_panel(lab)
    keys = lab.page.keyboard
    root.get_by_role("radio", name="the very next node").first.focus()
    keys.press("Space")
    keys.press("Tab")
    keys.press("ArrowDown")
    keys.press("Tab")
    expect(root.get_by_role("button", name="Lock in my guess")).to_be_focused()
    count = lab.cell_count()
    keys.press("Enter")
    expect(root.locator(".pi-feedback")).to_contain_text(
        "you said the very next node; it was the very next node."
    )
    expect(root.locator(".pi-stepper button").last).to_be_focused()
    assert lab.cell_count() == count


def test_the_bytes_in_the_page_are_a_packet_that_the_published_crate_accepts(open_cells, reference):
    lab = open_cells([INSPECTOR], run=True)
    root = lab.page.locator(".pi-root").first
    expect(root.locator(".pi-summary")).to_contain_text("bytes")
    root.locator(".pi-details summary").first.click()
    dump = root.locator(".pi-dump").first
    expect(dump).not_to_be_empty()
    rows = [r.split()[1:] for r in dump.inner_text().splitlines() if r[:5].strip().isdigit()]
    packet = bytes.fromhex("".join("".join(row) for row in rows))
    for secret in lab.in_kernel("[k.secret.hex() for k in panel.private_keys]", FIRST):
        answer = reference.process(packet, bytes.fromhex(secret))
        packet = getattr(answer, "packet", b"")
    assert answer.message == b"Meet me at the north gate"
