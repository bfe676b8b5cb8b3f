"""What slides or plays stands still for who asked the system for less motion."""

from __future__ import annotations

import re
from importlib.resources import files

PANELS = files("workbench.panels")
# One frame each, to paint what has just come: nothing goes on by itself.
PAINT_ONCE = {"controls.js", "live_view.js"}
MOVES = re.compile(r"\b(transition|animation)(-[a-z]+)?\s*:|@keyframes|scroll-behavior")


def sources(ending: str) -> dict[str, str]:
    return {
        one.name: one.read_text(encoding="utf-8")
        for one in PANELS.iterdir()
        if one.name.endswith(ending)
    }


def without_what_only_moves_with_leave(css: str) -> str:
    """A style sheet less its blocks for people who have nothing against motion."""
    kept, rest = "", css
    while (
        found := re.search(r"@media \(prefers-reduced-motion: no-preference\) \{", rest)
    ) is not None:
        kept, depth, end = kept + rest[: found.start()], 1, found.end()
        while depth:
            depth += {"{": 1, "}": -1}.get(rest[end], 0)
            end += 1
        rest = rest[end:]
    return kept + rest


def test_no_style_slides_but_for_those_who_have_nothing_against_it():
    sheets = sources(".css")
    assert any(MOVES.search(css) for css in sheets.values())  # there is something to find
    for name, css in sheets.items():
        assert MOVES.search(without_what_only_moves_with_leave(css)) is None, name


def test_every_script_that_plays_asks_whether_it_may_move():
    scripts = sources(".js")
    playing = {name for name, text in scripts.items() if "requestAnimationFrame(" in text}
    assert playing - PAINT_ONCE  # there is something to find
    for name in playing - PAINT_ONCE:
        assert "(prefers-reduced-motion: reduce)" in scripts[name], name
    for name, text in scripts.items():
        assert not re.search(r"behavior: *[\"']smooth|\.animate\(", text), name
