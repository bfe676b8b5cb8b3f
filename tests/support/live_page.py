"""What the browser tests of live panels ask of a page: painted pixels, hashes, sabotage."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lab_in_chromium import LabPage
from playwright.sync_api import TimeoutError as TooLate

# Canvases of a panel, also those inside bokeh's shadow trees, as one text that changes
# whenever a painted pixel does.
_HELPERS = """() => {
    const all = (node) => [...node.querySelectorAll('*')].flatMap(
        (one) => [one, ...(one.shadowRoot ? all(one.shadowRoot) : [])]);
    window.livePage = {
        canvases: (root) => all(document.querySelector(root)).filter(
            (one) => one.tagName === 'CANVAS' && one.width > 0),
        hash: (root) => {
            let hash = 2166136261;
            for (const canvas of window.livePage.canvases(root)) {
                const text = canvas.toDataURL();
                for (let i = 0; i < text.length; i += 1) {
                    hash = Math.imul(hash ^ text.charCodeAt(i), 16777619);
                }
            }
            return hash >>> 0;
        },
        // How many pixels of exactly this colour (#rrggbb) are painted.
        count: (root, colour) => {
            const want = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
            let found = 0;
            for (const canvas of window.livePage.canvases(root)) {
                const { data } = canvas.getContext('2d').getImageData(
                    0, 0, canvas.width, canvas.height);
                for (let i = 0; i < data.length; i += 4) {
                    if (data[i + 3] === 255 && data[i] === want[0] && data[i + 1] === want[1]
                        && data[i + 2] === want[2]) found += 1;
                }
            }
            return found;
        },
    };
}"""
_HASHES = """async ([root, count]) => {
    const seen = [];
    for (let i = 0; i < count; i += 1) {
        await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 60)));
        seen.push(window.livePage.hash(root));
    }
    return seen;
}"""


def ready(lab: LabPage, root: str, limit_s: float = 60.0) -> None:
    """Wait until a panel has drawn itself and said so; put the helpers into the page."""
    lab.page.wait_for_selector(f'{root}[data-live="true"]', timeout=limit_s * 1000)
    lab.page.evaluate(_HELPERS)


def hashes(lab: LabPage, root: str, count: int = 12) -> list[int]:
    """Hashes of what is painted, at ``count`` moments about 80 ms apart."""
    return list(lab.page.evaluate(_HASHES, [root, count]))


def pixels(lab: LabPage, root: str, colour: str) -> int:
    """How many painted pixels have exactly this colour."""
    return int(lab.page.evaluate("([r, c]) => window.livePage.count(r, c)", [root, colour]))


def comes(lab: LabPage, script: str, arg: Any = None, limit_s: float = 20.0) -> bool:
    """Whether a condition in the page becomes true in time."""
    try:
        lab.page.wait_for_function(script, arg=arg, timeout=limit_s * 1000)
    except TooLate:
        return False
    return True


def is_painted(lab: LabPage, root: str, colour: str, limit_s: float = 20.0) -> bool:
    """Whether a colour that only the kernel knows comes back in painted pixels."""
    script = "([r, c]) => window.livePage.count(r, c) > 500"
    return comes(lab, script, [root, colour], limit_s)


def plays(lab: LabPage, root: str) -> bool:
    """Liveness: many distinct pictures in about a second."""
    return len(set(hashes(lab, root))) >= 6


def comes_to_play(lab: LabPage, root: str, windows: int = 8) -> bool:
    """Whether it plays before long: on a machine that others use, not each second is a good one."""
    return any(plays(lab, root) for _ in range(windows))


def stands_still(lab: LabPage, root: str, limit: int = 40) -> bool:
    """Whether the picture comes to rest: twelve equal hashes in a row, before long."""
    return any(len(set(hashes(lab, root))) == 1 for _ in range(limit))


def in_kernel_until(
    lab: LabPage, expression: str, wanted: Callable[[Any], bool], tries: int = 100
) -> Any:
    """Ask the kernel again and again until an answer fits; the last answer."""
    value = None
    for _ in range(tries):
        value = lab.in_kernel(expression)
        if wanted(value):
            break
        lab.page.wait_for_timeout(100)
    return value
