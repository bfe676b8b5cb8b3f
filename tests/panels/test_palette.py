"""Colours: one meaning each, and text that can be read in both themes."""

from __future__ import annotations

import json
import re

import pytest

from workbench.mixing.events import KINDS
from workbench.panels import palette
from workbench.panels.controls import asset, script, style


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", palette.THEMES.values(), ids=list(palette.THEMES))
def test_all_text_has_a_contrast_of_4_5_on_paper_and_on_wash(theme):
    for text in (theme.ink, theme.quiet, theme.anonymity_text):
        for ground in (theme.paper, theme.wash):
            assert contrast(text, ground) >= 4.5, (text, ground)


def test_every_hue_is_one_of_okabe_and_ito():
    hues = {*palette.MEANING.values(), *palette.BYTE_FIELD.values()}
    assert hues <= set(palette.OKABE_ITO)


def test_kinds_that_share_a_hue_differ_in_shape():
    signs = [(palette.MEANING[name], palette.MARKER[name]) for name in palette.MEANING]
    assert len(set(signs)) == len(signs)
    assert set(palette.MARKER) == set(palette.MEANING)


def js_list(code: str, name: str) -> list[str]:
    return json.loads(re.search(rf"const {name} = (\[[^\]]*\]);", code)[1])


def css_shape(sheet: str, selector: str) -> str:
    """What a small mark in the style sheet looks like."""
    rule = re.search(rf"^{re.escape(selector)} {{([^}}]*)}}", sheet, re.M)[1]
    signs = {"border-radius": "circle", "rotate(45deg)": "diamond", "polygon(50% 0": "triangle"}
    return next((shape for sign, shape in signs.items() if sign in rule), "square")


def test_each_kind_of_packet_has_its_own_shape_in_the_flow_its_key_and_the_bars():
    code = asset("flow_paint.js")
    shapes = js_list(code, "SHAPES")
    known = [palette.MARKER[kind] for kind in ("real", "loop_cover", "drop_cover")]
    assert shapes[:3] == known
    assert len(set(shapes)) == len(shapes) == len(KINDS)  # a mix's loops share the loops' hue
    assert js_list(code, "KIND_WORDS") == list(KINDS)
    body = code[code.index("function shapePath(") :].split("\n}\n")[0]
    drawn = re.findall(r'shape === "(\w+)"', body)
    assert sorted([*drawn, "circle"]) == sorted(shapes)  # what is none of these is an arc
    assert "else pen.arc(" in body
    for sheet, mark in (("packet_flow.css", ".flow-swatch-"), ("workbench_panel.css", ".wb-kind-")):
        found = [css_shape(asset(sheet), f"{mark}{kind}") for kind in range(len(KINDS))]
        assert found == shapes, sheet


def test_the_packets_four_fields_have_four_hues():
    assert len({palette.BYTE_FIELD[letter] for letter in "AMRP"}) == 4


def test_the_style_sheet_fetches_nothing_and_follows_labs_theme():
    sheet = style("packet_inspector.css")
    assert not re.search(r"@import|https?:|url\(", sheet)
    assert "var(--jp-layout-color0" in sheet
    assert '[data-jp-theme-light="false"] .wb-root' in sheet
    assert ".wb-root.wb-presenter" in sheet
    assert "infinite" not in sheet  # nothing flashes or loops


def test_the_script_is_one_module_that_fetches_nothing():
    code = script("packet_inspector.js")
    assert code.count("export function start(") == 1
    outside = re.findall(r"https?://[^\"' ]+", code)
    assert set(outside) <= {"http://www.w3.org/2000/svg"}  # a name, not an address
    assert not re.search(r"\bimport\b|fetch\(|XMLHttpRequest|eval\(", code)
