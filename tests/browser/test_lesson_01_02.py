"""Lessons 1 and 2 as a visitor meets them: guess, drag, keys, wide, narrow, presenter."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

WHO = "01_who_sees_what.ipynb"
BOX = "02_one_box_many_letters.ipynb"
ROOT = {WHO: ".ws-root", BOX: ".sb-root"}
PANEL = "_p = [v for v in Out.values() if hasattr(v, 'is_sealed')]; panel = _p[0]"
WATCH = [
    "from workbench.panels.who_sees_panel import who_sees_panel",
    "panel = who_sees_panel('onion', seed=4); panel",
]
LETTERS = [
    "from workbench.panels.shuffle_box import shuffle_box",
    "panel = shuffle_box(seed=3); panel",
]
# Everything that the page knows: its text, the notebook, and what the kernel sent.
PAGE_KNOWS = """() => document.documentElement.outerHTML
    + JSON.stringify(window.jupyterapp.shell.currentWidget.content.model.toJSON())
    + JSON.stringify(window.heard ?? [])"""
LISTEN = """() => {
    window.heard = [];
    const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
    kernel.anyMessage.connect((_, {msg}) => {
        const content = JSON.stringify(msg.content);
        if (msg.header.msg_type.startsWith('comm') && !content.includes('_esm'))
            window.heard.push(content);
    });
}"""


def first_panel(lab, name):
    lab.cell(2)
    root = lab.page.locator(ROOT[name]).first
    expect(root.locator(".wb-summary")).not_to_be_empty()
    return root


def open_listening(open_notebook, name):
    lab = open_notebook(name)
    lab.page.evaluate(LISTEN)
    lab.run_all()
    return lab, first_panel(lab, name)


def summary(root, text):
    expect(root.locator(".wb-summary")).to_contain_text(text)


def drag(lab, source, target):
    """From the middle of one element to the middle of another, by mouse."""
    a, b = source.bounding_box(), target.bounding_box()
    mouse = lab.page.mouse
    mouse.move(a["x"] + a["width"] / 2, a["y"] + a["height"] / 2)
    mouse.down()
    mouse.move(b["x"] + b["width"] / 2 - 9, b["y"] + b["height"] / 2, steps=4)
    mouse.move(b["x"] + b["width"] / 2, b["y"] + b["height"] / 2)
    mouse.up()


# --- the guess, and nothing before it ---


def test_lesson_1_tells_nobody_who_can_link_before_the_guess(open_notebook):
    lab, root = open_listening(open_notebook, WHO)
    for name in ("Onion (Tor-like)", "Mixnet"):
        root.get_by_role("radio", name=name).click()
        summary(root, "from you to the first node")
    knows = lab.page.evaluate(PAGE_KNOWS)
    assert lab.page.evaluate("() => window.heard.length") > 2
    for words in (
        "Yes, by timing",
        "is left with suspects",
        "it simply knows",
        "A VPN does not take",
        "; it was",
    ):
        assert words not in knows, words

    boxes = root.get_by_role("checkbox", name="the website itself")
    boxes.first.check()
    root.get_by_role("button", name="Lock in my guess").click()
    feedback = root.locator(".wb-wash", has_text="You said")
    expect(feedback).to_contain_text("you said the website itself; it was VPN provider")
    expect(feedback).to_contain_text("you said none of them; it was all nodes together.")
    expect(root.locator(".ws-word")).to_have_text("No")
    expect(lab.cell(5)).to_contain_text("3 can link you to the site behind a VPN")


def test_lesson_2_counts_no_suspects_before_the_guess(open_notebook):
    lab, root = open_listening(open_notebook, BOX)
    for _ in range(3):
        root.get_by_role("button", name="Attacker adds one").click()
    summary(root, "all 8 let go")
    knows = lab.page.evaluate(PAGE_KNOWS)
    for words in (
        "may be yours.",
        "it could be any",
        "what is left is your company",
    ):
        assert words not in knows, words

    first, second = (root.locator(".wb-ask input").nth(i) for i in range(2))
    first.fill("eight?")
    root.get_by_role("button", name="Lock in my guess").click()
    expect(root.locator(".wb-ask .wb-problem")).to_contain_text("Write a number")
    first.fill("8")
    second.fill("4")
    second.press("Enter")
    feedback = root.locator(".wb-wash", has_text="You said")
    expect(feedback).to_contain_text("You said 8 letters; it was 5 letters.")
    expect(feedback).to_contain_text("You said 4 letters; it was 7 letters.")
    expect(root.locator(".sb-bits")).to_have_text("2.32")


@pytest.mark.parametrize("name", [WHO, BOX])
def test_the_first_figure_has_at_most_two_controls(open_notebook, name):
    lab = open_notebook(name, run=True)
    root = first_panel(lab, name)
    held = root.locator(":is(input, select, [role=radiogroup], [role=slider]):not(.wb-ask *)")
    assert 1 <= len([e for e in held.all() if e.is_visible()]) <= 2


@pytest.mark.parametrize("name", [WHO, BOX])
@pytest.mark.parametrize(
    ("viewport", "theme"), [((1280, 800), "light"), ((360, 740), "dark")], ids=["wide", "narrow"]
)
def test_a_lesson_runs_whole_and_its_panels_have_no_serious_fault(
    open_notebook, name, viewport, theme
):
    lab = open_notebook(name, run=True, viewport=viewport, theme=theme)
    root = first_panel(lab, name)
    assert lab.axe(ROOT[name]) == []
    lab.in_kernel(
        "panel._ask.lock([[], [], []] if len(panel._ask.questions) == 3 else ['1', '2'])"
        " and panel.do('presenter') and panel.do('presenter') and None",
        PANEL,
    )
    expect(root.locator(".wb-wash", has_text="You said")).to_be_visible()
    assert lab.axe(ROOT[name]) == []
    box = root.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= viewport[0] + 1
    wide = root.evaluate("e => [e.scrollWidth, e.clientWidth]")
    assert wide[0] <= wide[1] + 1
    assert lab.cell_errors() == []


# --- the eye and the recordings ---


def test_the_eye_goes_by_mouse_and_by_keys_to_every_place(open_cells):
    lab = open_cells(WATCH, run=True)
    root = lab.page.locator(".ws-root")
    eye = root.get_by_role("slider", name="Eye")
    drag(lab, eye, root.get_by_role("button", name="Put the eye here: middle node", exact=True))
    summary(root, "One eye, on the middle node.")
    assert lab.in_kernel("list(panel.state.eyes)") == [4]
    expect(root.locator(".ws-word")).to_have_text("No")
    root.get_by_role("button", name="Put the eye here: website", exact=True).click()
    summary(root, "on the website. This is the website itself.")
    count = lab.cell_count()
    eye.focus()
    for place in range(7, 0, -1):
        lab.page.keyboard.press("ArrowLeft")
        expect(eye).to_have_attribute("aria-valuenow", str(place))
        expect(eye).to_be_focused()
    lab.page.keyboard.press("ArrowLeft")
    lab.page.keyboard.press("d")
    lab.page.keyboard.press("d")
    assert lab.in_kernel("list(panel.state.eyes)") == [1]
    assert lab.cell_count() == count

    root.get_by_role("button", name="Add an eye").press("Enter")
    expect(root.locator(".ws-word")).to_have_text("Yes, by timing")
    root.get_by_role("radio", name="Onion (Tor-like)").press("ArrowRight")
    expect(root.locator(".ws-word")).to_have_text("It is left with suspects")
    root.get_by_role("button", name="VPN, VPN provider or first node: knows").press("Enter")
    expect(root.locator(".ws-word")).to_have_text("Yes, it simply knows")


def test_two_recordings_are_lined_up_by_drag_and_by_keys_and_the_likeness_is_the_librarys(
    open_cells,
):
    lab = open_cells(WATCH, run=True)
    root = lab.page.locator(".ws-root")
    root.get_by_role("button", name="Onion (Tor-like), both providers together: by timing").click()
    slider = root.get_by_role("slider", name="Lower recording")
    expect(slider).to_have_attribute("aria-valuemax", "24")
    setup = (
        "from workbench.anonymity import make_flows, cross_correlation\nimport numpy as np\n"
        "f = make_flows('onion', 4, 40.0, bursts_per_minute=20.0, seed=4)\n"
        "ahead = np.random.default_rng([4, 17]).uniform(1.0, 5.0)\n"
        "mine = int(f.partner[0])\n"
        "v = cross_correlation(f.sent_s[0], f.received_s[mine] + ahead, bin_s=0.25, "
        "duration_s=40.0, max_lag_s=6.0)[1]"
    )
    mine = lab.in_kernel("mine", setup)
    best = lab.in_kernel("int(v.argmax())", setup)
    root.get_by_role("radio", name="ABCD"[mine]).click()
    expect(root.get_by_role("radio", name="ABCD"[mine])).to_have_attribute("aria-checked", "true")
    slider.focus()
    for step in range(1, best + 1):
        lab.page.keyboard.press("ArrowLeft")
        expect(slider).to_have_attribute("aria-valuenow", str(step))
    value = lab.in_kernel("f'{v.max():.2f}'", setup)
    expect(root.locator(".tl-value")).to_have_text(value)
    expect(slider).to_be_focused()

    box = slider.bounding_box()
    lab.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20)
    lab.page.mouse.down()
    lab.page.mouse.move(
        box["x"] + box["width"] / 2 + 20 * box["width"] / 160, box["y"] + 20, steps=5
    )
    lab.page.mouse.up()
    expect(slider).to_have_attribute("aria-valuenow", "0")
    # The page answers at once; the kernel hears of it when the hand lets go.
    assert any(lab.in_kernel("panel.state.shift") == 0 for _ in range(50))

    root.get_by_role("button", name="Try every shift").click()
    expect(root.locator(".ws-line-says")).to_contain_text(
        f"Most alike: website {'ABCD'[mine]} with {value}"
    )
    root.get_by_role("button", name="Which one is mine?").click()
    expect(root.locator(".ws-line-says")).to_contain_text(f"Yours is website {'ABCD'[mine]}.")
    root.get_by_role("button", name="New people").click()
    expect(root.locator(".tl-best")).to_be_hidden()


# --- the box ---


def test_letters_go_into_the_box_by_mouse_and_by_keys(open_cells):
    lab = open_cells(LETTERS, run=True)
    root = lab.page.locator(".sb-root")
    summary(root, "5 of 8 letters in.")
    box = root.locator(".sb-box")
    drag(lab, root.get_by_role("button", name="Eli's letter"), box)
    summary(root, "6 of 8 letters in.")
    drag(lab, root.get_by_role("button", name="Eli's letter"), root.locator(".sb-after"))
    summary(root, "5 of 8 letters in.")
    assert lab.in_kernel("list(panel.state.inside)") == ["y", "p0", "p1", "p2", "p3"]

    count = lab.cell_count()
    keys = lab.page.keyboard
    root.get_by_role("button", name="The attacker's letter 1,").focus()
    keys.press("ArrowRight")
    expect(root.get_by_role("button", name="The attacker's letter 2,")).to_be_focused()
    for n in (6, 7):
        keys.press("Enter")
        summary(root, f"{n} of 8 letters in.")
    keys.press("Space")
    summary(root, "2.3 bits: it could be any of 5 letters, each from another person.")
    for key in ("d", "d", "a", "x"):
        keys.press(key)
    assert lab.cell_count() == count
    expect(root.locator(".sb-out li[data-own=true]")).to_have_count(3)
    expect(root.locator(".sb-out li[data-own=false]")).to_have_count(5)

    root.get_by_role("button", name="Attacker sends 7 of 8").press("Enter")
    summary(root, "0 bits: it can only be this one letter.")
    root.get_by_role("radio", name="8").press("ArrowRight")
    expect(root.get_by_role("button", name="Attacker sends 15 of 16")).to_be_visible()
    root.get_by_role("button", name="Fill up with people").click()
    root.get_by_role("button", name="Undo").click()
    summary(root, "8 of 16 letters in.")


@pytest.mark.parametrize(
    ("cells", "root"), [(WATCH, ".ws-root"), (LETTERS, ".sb-root")], ids=["who", "box"]
)
def test_every_focusable_element_asks_lab_to_keep_its_keys_and_a_reload_is_live(
    open_cells, cells, root
):
    lab = open_cells(cells, run=True, fresh=True)
    expect(lab.page.locator(f"{root} .wb-summary")).not_to_be_empty()
    bare = lab.page.evaluate(
        """root => [...document.querySelectorAll(`${root} :is(button, input, [tabindex])`)]
            .filter(e => !e.hasAttribute('data-lm-suppress-shortcuts'))
            .map(e => e.outerHTML.slice(0, 90))""",
        root,
    )
    assert bare == []
    lab.run_all()
    expect(lab.page.locator(f"{root} .wb-summary")).not_to_be_empty()
    lab.page.get_by_role("button", name="Presenter").click()
    lab.page.wait_for_function(
        "root => document.querySelector(root).classList.contains('wb-presenter')", arg=root
    )
    assert lab.axe(root) == []
