"""Make the pictures of docs and lessons: real panels in a real JupyterLab, photographed.

    python docs/make_images.py              # all of them
    python docs/make_images.py lesson_03    # those whose name begins so

Needs Chromium and the test extras. The panels are made from a seed, so a picture changes
only where the code does.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page

HERE = Path(__file__).resolve().parent
IMAGES = HERE / "images"
BESIDE_LESSONS = HERE.parent / "lessons" / "images"  # where a copy of the lessons finds them
sys.path.insert(0, str(HERE.parent / "tests" / "support"))

from lab_in_chromium import LabBrowser, LabPage, serve_lab, start_chromium  # noqa: E402

INSPECTOR = [
    "from workbench.panels.packet_inspector import packet_inspector",
    "panel = packet_inspector(seed=2009); panel",
]


@dataclass(frozen=True)
class Picture:
    """A panel, what is done to it, and the window that it is seen in.

    ``pose`` may return another page: then that one is photographed.
    """

    name: str
    cells: list[str]
    root: str
    pose: Callable[[LabPage], Page | None]
    folder: Path = IMAGES
    viewport: tuple[int, int] = (1280, 1000)
    theme: str = "light"
    scale: float = 2.0


def first_hop(lab: LabPage) -> None:
    """One step on, the cursor on the first byte of the routing information."""
    lab.page.get_by_role("button", name="First hop").click()
    lab.page.locator(".pi-summary", has_text="Hop 1 of").wait_for()
    offset = lab.page.get_by_label("Byte", exact=True)
    offset.fill("48")
    offset.press("Enter")
    offset.blur()


def as_built(lab: LabPage) -> None:
    """As it stands when the cell has run."""
    lab.page.locator(".pi-summary", has_text="You packed").wait_for()


def second_hop(lab: LabPage) -> None:
    """Two steps on."""
    lab.page.get_by_role("button", name="First hop").click()
    lab.page.locator(".pi-summary", has_text="Hop 1 of").wait_for()
    lab.page.get_by_role("button", name="Next hop").click()
    lab.page.locator(".pi-summary", has_text="Hop 2 of").wait_for()


def broken(lab: LabPage) -> None:
    """One bit of the payload flipped at the second node, seen at the exit."""
    first_hop(lab)
    lab.page.get_by_role("button", name="Next hop").click()
    lab.page.locator(".pi-summary", has_text="Hop 2 of").wait_for()
    offset = lab.page.get_by_label("Byte", exact=True)
    offset.fill("700")
    offset.press("Enter")
    lab.page.locator(".pi-bit").last.click()
    lab.page.locator(".pi-verdict", has_text="refuses").wait_for()
    lab.page.locator(".pi-stop").nth(4).click()
    lab.page.locator(".pi-summary", has_text="Hop 4 of").wait_for()


def both_ends(lab: LabPage) -> None:
    """Eyes at both ends of an onion route, and the true website's recording in line."""
    shift = lab.in_kernel("panel.view['lines']['likeness']")
    mine, at = max(
        ((row, lag) for row in range(4) for lag in range(len(shift[row]))),
        key=lambda place: shift[place[0]][place[1]],
    )
    lab.in_kernel(f"panel.do('line_up', website={mine}, shift={at}) and None")
    lab.in_kernel("panel.do('try_all') and None")
    lab.page.locator(".ws-line-says", has_text="Most alike").wait_for()


def full_box(lab: LabPage) -> None:
    """A box that three letters of the attacker's have filled, and that has let all go."""
    for _ in range(3):
        lab.page.get_by_role("button", name="Attacker adds one").click()
    lab.page.locator(".wb-summary", has_text="Full: shuffled").wait_for()


def three_of_eight(lab: LabPage) -> None:
    """A full box with three letters of the attacker's, counted."""
    for _ in range(3):
        lab.page.get_by_role("button", name="Attacker adds one").click()
    lab.page.locator(".wb-summary", has_text="any of 5 letters").wait_for()


def watched(**options: object) -> list[str]:
    """A who-sees-what panel with both providers of an onion route watching."""
    extra = "".join(f", {name}={value}" for name, value in options.items())
    return [
        "from workbench.panels.who_sees_panel import who_sees_panel",
        f"panel = who_sees_panel(seed=4{extra})\n"
        "panel.do('watch', system='onion', observer='both_ends'); panel",
    ]


def box(**options: object) -> list[str]:
    """A shuffle box that waits for three more letters."""
    extra = "".join(f", {name}={value}" for name, value in options.items())
    return [
        "from workbench.panels.shuffle_box import shuffle_box",
        f"panel = shuffle_box(seed=3{extra}); panel",
    ]


def answered(lab: LabPage) -> None:
    """A panel with sliders, when its numbers are there."""
    lab.page.locator(".wb-root:not(.wb-computing) .wb-summary", has_text="bits").first.wait_for()


def wires(options: str) -> list[str]:
    """Ten wires around three o'clock."""
    return [
        "from workbench.panels.silence_panel import silence_panel",
        f"panel = silence_panel({options}, seed=3); panel",
    ]


def settled(lab: LabPage) -> None:
    """A panel with sliders whose answer is there, whatever it is about."""
    summary = lab.page.locator(".wb-root:not(.wb-computing) .wb-summary")
    summary.filter(has_not_text="Computing").first.wait_for()


def stakes(*more: str, **options: object) -> list[str]:
    """A saturation panel, and what is done to it from code."""
    extra = ", ".join(f"{name}={value!r}" for name, value in options.items())
    made = f"panel = saturation_panel({extra}); panel"
    return ["from workbench.panels.saturation_panel import saturation_panel", made, *more]


def pools(*more: str, **options: object) -> list[str]:
    """A game panel, and what is done to it from code."""
    extra = ", ".join(f"{name}={value!r}" for name, value in options.items())
    made = f"panel = game_panel({extra}); panel"
    return ["from workbench.panels.game_panel import game_panel", made, *more]


def bars_stand(lab: LabPage) -> None:
    """Until the bars are drawn."""
    lab.page.locator('.sp-root[data-live="true"] .sp-bar').first.wait_for()


def delay_raised(lab: LabPage) -> None:
    """The delay raised by a few stops; some packets sent since have finished; paused."""
    lab.page.wait_for_selector('.wb-console[data-live="true"]')
    known = "() => /[0-9]/.test(document.querySelector('.wb-bits').textContent)"
    lab.page.wait_for_function(known, timeout=180_000)  # the simulator may be compiling
    lab.in_kernel("panel._do('speed', {'value': 5.0}, '')")
    lab.page.wait_for_timeout(4000)
    lab.page.locator('input[type=range][data-knob="delay_s"]').focus()
    for _ in range(2):
        lab.page.keyboard.press("ArrowRight")
    lab.page.locator('input[type=range][data-knob="delay_s"]').blur()
    for _ in range(200):
        if lab.in_kernel("panel.measured.sent_since_change") >= 40:
            break
        lab.page.wait_for_timeout(200)
    lab.in_kernel("panel._do('speed', {'value': 1.0}, '')")
    lab.page.wait_for_timeout(3000)
    lab.page.get_by_role("button", name="Pause").click()


def epochs_passed(lab: LabPage) -> None:
    """The economy's tab: two calm epochs, then six times the traffic for three more; paused."""
    lab.page.wait_for_selector('.wb-console[data-live="true"]')
    known = "() => /[0-9]/.test(document.querySelector('.wb-bits').textContent)"
    lab.page.wait_for_function(known, timeout=180_000)
    lab.page.get_by_role("tab", name="Economy").click()
    lab.page.wait_for_selector(".wb-economy.is-running")
    lab.in_kernel("panel._do('speed', {'value': 5.0}, '')")
    passed = """(epoch) => Number((document.querySelector('.ec-clock').textContent
        .match(/Epoch (\\d+)/) || [])[1]) >= epoch"""
    lab.page.wait_for_function(passed, arg=2, timeout=120_000)
    lab.in_kernel("panel.turn(traffic_per_client_per_s=0.6) and None")
    lab.page.wait_for_function(passed, arg=5, timeout=120_000)
    lab.page.get_by_role("button", name="Pause").click()


def side_by_side(lab: LabPage) -> None:
    """The settings pinned, and beside them four times their delay."""
    lab.page.wait_for_selector('.wb-console[data-live="true"]')
    known = "(at) => /[0-9]/.test(document.querySelectorAll('.wb-bits')[at].textContent)"
    lab.page.wait_for_function(known, arg=0, timeout=180_000)
    lab.page.get_by_role("button", name="Compare").click()
    lab.in_kernel("panel.turn(delay_s=2.0) and None")
    b = lab.page.locator(".wb-compare-side").last
    b.get_by_text("2 s", exact=True).wait_for()
    b.get_by_text("bits expected").wait_for()


def saved(theme: str, width: int) -> Callable[[LabPage], Page]:
    """The page that replays a run, opened as a friend opens it, when it has been played."""

    def pose(lab: LabPage) -> Page:
        lab.page.wait_for_selector('.wb-console[data-live="true"]')
        known = "() => /[0-9]/.test(document.querySelector('.wb-bits').textContent)"
        lab.page.wait_for_function(known, timeout=180_000)
        frames = "() => document.querySelector('.wb-flow').mixnetFlow.frames() > 150"
        lab.page.wait_for_function(frames, timeout=120_000)
        lab.page.get_by_text("Share, save, show me the code").click()
        with lab.page.expect_download() as waiting:
            lab.page.get_by_role("button", name="Page that replays this run").click()
        page = lab.page.context.new_page()
        page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
        page.set_viewport_size({"width": width, "height": 800})
        file = waiting.value.path()
        page.goto(file.rename(file.with_suffix(".html")).as_uri())
        over = "() => document.body.dataset.recording === 'over'"
        page.wait_for_function(over, timeout=120_000)
        return page

    return pose


def after_guess(lesson: str, panel: str, guess: str, **options: object) -> list[str]:
    """A panel with its sliders, when the guess is locked in and answered."""
    given = "".join(f", {name}={value}" for name, value in options.items())
    return [
        f"from workbench.exercises import {lesson}",
        f"from workbench.panels.{panel} import {panel}",
        f"ask = {lesson}.prediction(); panel = {panel}(ask=ask{given})\n"
        f"ask.lock([{guess!r}]); panel",
    ]


def in_each_light(
    name: str, cells: Callable[..., list[str]], root: str, pose: Callable[[LabPage], Page | None]
) -> list[Picture]:
    """A panel in the dark, on a telephone and in presenter's type."""
    room = cells(presenter=True)
    return [
        Picture(f"{name}_dark", cells(), root, pose, theme="dark", scale=1.5),
        Picture(f"{name}_360", cells(), root, pose, viewport=(360, 740), scale=1.5),
        Picture(f"{name}_presenter", room, root, pose, viewport=(1280, 720), scale=1.0),
    ]


def workbench(**options: object) -> list[str]:
    """The workbench as it opens."""
    given = ", ".join(f"{name}={value}" for name, value in options.items())
    return [
        "from workbench.panels.workbench_panel import workbench_panel\n"
        f"panel = workbench_panel({given}); panel"
    ]


one_mix = partial(after_guess, "lesson_05", "one_mix_panel", "one bit more")
river = partial(after_guess, "lesson_07", "river_panel", "about the same")

FRAME = ".wb-bench-frame"
PICTURES = [
    Picture("lesson_00", workbench(), FRAME, delay_raised, folder=BESIDE_LESSONS, scale=1.5),
    Picture("workbench_panel", workbench(), FRAME, delay_raised),
    Picture("workbench_panel_dark", workbench(), FRAME, delay_raised, theme="dark"),
    Picture("workbench_panel_360", workbench(), FRAME, delay_raised, viewport=(360, 740)),
    Picture(
        "workbench_panel_presenter",
        workbench(presenter=True),
        FRAME,
        delay_raised,
        viewport=(1280, 720),
        scale=1.0,
    ),
    Picture("economy_tab", workbench(economy=True), FRAME, epochs_passed, viewport=(1280, 1250)),
    Picture(
        "economy_tab_dark",
        workbench(economy=True),
        FRAME,
        epochs_passed,
        viewport=(1280, 1250),
        theme="dark",
    ),
    Picture(
        "economy_tab_360",
        workbench(economy=True),
        FRAME,
        epochs_passed,
        viewport=(360, 2300),
        scale=1.0,
    ),
    Picture(
        "economy_tab_presenter",
        workbench(economy=True, presenter=True),
        FRAME,
        epochs_passed,
        viewport=(1280, 1000),
        scale=1.0,
    ),
    *in_each_light("workbench_compare", workbench, FRAME, side_by_side),
    *in_each_light("one_mix", one_mix, ".om-root", answered),
    *in_each_light("river", river, ".rv-root", answered),
    Picture("saved_page", workbench(), "main", saved("light", 1100), scale=1.0),
    Picture("saved_page_dark", workbench(), "main", saved("dark", 1100), scale=1.0),
    Picture("saved_page_360", workbench(), "main", saved("light", 360), scale=1.5),
    Picture(
        "lesson_06",
        [
            "from workbench.exercises import lesson_06",
            "from workbench.panels.silence_panel import silence_panel",
            "silence_panel(ask=lesson_06.prediction(), seed=3)",
        ],
        ".sl-root",
        settled,
        folder=BESIDE_LESSONS,
        scale=1.5,
    ),
    Picture("silence_dark", wires("'daily', loop=5"), ".sl-root", settled, theme="dark"),
    Picture("silence_360", wires("loop=2"), ".sl-root", settled, viewport=(360, 740)),
    Picture(
        "silence_presenter",
        wires("loop=2, presenter=True"),
        ".sl-root",
        settled,
        viewport=(1280, 720),
        scale=1.0,
    ),
    # Beside a lesson stands nothing that answers its own question before the guess.
    Picture("lesson_01", watched(), ".ws-lines", both_ends, folder=BESIDE_LESSONS, scale=1.5),
    Picture(
        "lesson_02",
        [
            "from workbench.exercises import lesson_02",
            "from workbench.panels.shuffle_box import shuffle_box",
            "shuffle_box(ask=lesson_02.prediction(), seed=3)",
        ],
        ".sb-root",
        full_box,
        folder=BESIDE_LESSONS,
        scale=1.5,
    ),
    Picture("who_sees_dark", watched(), ".ws-root", both_ends, theme="dark"),
    Picture("who_sees_360", watched(), ".ws-root", both_ends, viewport=(360, 740)),
    Picture(
        "who_sees_presenter",
        watched(presenter=True),
        ".ws-root",
        both_ends,
        viewport=(1280, 720),
        scale=1.0,
    ),
    Picture("shuffle_box_dark", box(), ".sb-root", three_of_eight, theme="dark"),
    Picture("shuffle_box_360", box(), ".sb-root", three_of_eight, viewport=(360, 740)),
    Picture(
        "shuffle_box_presenter",
        box(presenter=True),
        ".sb-root",
        three_of_eight,
        viewport=(1280, 720),
        scale=1.0,
    ),
    Picture("saturation_panel", stakes(), ".sp-root", bars_stand),
    Picture("saturation_panel_dark", stakes(preset="whale"), ".sp-root", bars_stand, theme="dark"),
    Picture("saturation_panel_360", stakes(), ".sp-root", bars_stand, viewport=(360, 740)),
    Picture(
        "saturation_panel_presenter",
        stakes(presenter=True),
        ".sp-root",
        bars_stand,
        viewport=(1280, 720),
        scale=1.0,
    ),
    Picture("game_panel", pools("panel.do('run')", preset="sleepy"), ".sp-root", bars_stand),
    Picture(
        "game_panel_dark",
        pools("panel.do('best')", preset="sybil"),
        ".sp-root",
        bars_stand,
        theme="dark",
    ),
    Picture("game_panel_360", pools(), ".sp-root", bars_stand, viewport=(360, 740)),
    Picture(
        "game_panel_presenter",
        pools("panel.do('run')", preset="sleepy", presenter=True),
        ".sp-root",
        bars_stand,
        viewport=(1280, 720),
        scale=1.0,
    ),
    Picture(
        "lesson_08",
        [
            "from workbench.exercises import lesson_08",
            "from workbench.panels.saturation_panel import saturation_panel",
            "saturation_panel(ask=lesson_08.prediction())",
        ],
        ".sp-root",
        bars_stand,
        folder=BESIDE_LESSONS,
        scale=1.5,
    ),
    Picture(
        "lesson_09",
        [
            "from workbench.exercises import lesson_09",
            "from workbench.panels.game_panel import game_panel",
            "game_panel('sleepy', ask=lesson_09.prediction())",
        ],
        ".sp-root",
        bars_stand,
        folder=BESIDE_LESSONS,
        scale=1.5,
    ),
    Picture("packet_inspector", INSPECTOR, ".pi-root", first_hop),
    Picture("packet_inspector_dark", INSPECTOR, ".pi-root", broken, theme="dark"),
    Picture("packet_inspector_360", INSPECTOR, ".pi-root", first_hop, viewport=(360, 740)),
    Picture(
        "packet_inspector_presenter",
        [INSPECTOR[0], "panel = packet_inspector(seed=2009, presenter=True); panel"],
        ".pi-root",
        first_hop,
        viewport=(1280, 720),
        scale=1.0,
    ),
    Picture(
        "lesson_03",
        [
            "from workbench.exercises import lesson_03",
            INSPECTOR[0],
            "packet_inspector(ask=lesson_03.prediction(), seed=2009)",
        ],
        ".pi-root",
        as_built,
        folder=BESIDE_LESSONS,
        scale=1.5,
    ),
    Picture(
        "lesson_04",
        [
            "from workbench.exercises import lesson_04",
            INSPECTOR[0],
            "packet_inspector(ask=lesson_04.prediction(), seal='break', seed=2009)",
        ],
        ".pi-root",
        second_hop,
        folder=BESIDE_LESSONS,
        scale=1.5,
    ),
    Picture(
        "lesson_07",
        [
            "from workbench.exercises import lesson_07",
            "from workbench.panels.river_panel import river_panel",
            "river_panel(ask=lesson_07.prediction())",
        ],
        ".rv-root",
        answered,
        folder=BESIDE_LESSONS,
        scale=1.5,
    ),
    Picture(
        "lesson_05",
        [
            "from workbench.exercises import lesson_05",
            "from workbench.panels.one_mix_panel import one_mix_panel",
            "one_mix_panel(ask=lesson_05.prediction())",
        ],
        ".om-root",
        answered,
        folder=BESIDE_LESSONS,
        scale=1.5,
    ),
]


def photograph(browser: LabBrowser, picture: Picture) -> Path:
    """Pose the panel and write the picture."""
    with browser.open_cells(
        picture.cells,
        run=True,
        viewport=picture.viewport,
        theme=picture.theme,
        scale=picture.scale,
    ) as lab:
        page = picture.pose(lab) or lab.page
        root = page.locator(picture.root).first
        root.wait_for()
        # The whole panel in one piece: Lab scrolls inside its window, a picture does not.
        box, size = root.bounding_box(), page.viewport_size
        if box is not None and size is not None:
            page.set_viewport_size({"width": size["width"], "height": int(box["height"]) + 260})
        page.mouse.move(0, 0)
        root.scroll_into_view_if_needed()
        path = picture.folder / f"{picture.name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        root.screenshot(path=path, animations="disabled")
        # Flat colours need no more than 256 entries; the file is a quarter of the size.
        shot = Image.open(path).convert("RGB")
        few = shot.quantize(256, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
        few.save(path, optimize=True)
        outside = [url for url in lab.outside_requests if url != page.url]
        if outside or lab.page_errors:
            raise SystemExit(f"{picture.name}: {outside} {lab.page_errors}")
        return path


def main(wanted: list[str]) -> None:
    """Make every picture, or those whose names begin with one of the words given."""
    chosen = [p for p in PICTURES if not wanted or any(p.name.startswith(w) for w in wanted)]
    with serve_lab() as server, start_chromium(server) as browser:
        for picture in chosen:
            print(photograph(browser, picture))


if __name__ == "__main__":
    main(sys.argv[1:])
