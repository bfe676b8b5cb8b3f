"""Colours with one meaning each, and the tokens that panels draw with.

The hues are those of Okabe and Ito ("Color Universal Design", 2008), which people with any
common kind of colour blindness can tell apart. A hue is never the only sign: shape, dash or
letter says the same. Text is ink or quiet ink, at 4.5:1 or better on paper and on wash.

The tokens follow JupyterLab's theme: paper and typeface come from Lab's own CSS variables,
and Lab's ``data-jp-theme-light`` attribute decides between the light and the dark set.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

BLACK = "#000000"
ORANGE = "#E69F00"
SKY_BLUE = "#56B4E9"
GREEN = "#009E73"
YELLOW = "#F0E442"
BLUE = "#0072B2"
VERMILION = "#D55E00"
PURPLE = "#CC79A7"

OKABE_ITO = (BLACK, ORANGE, SKY_BLUE, GREEN, YELLOW, BLUE, VERMILION, PURPLE)

# One hue, one meaning. Time, buttons, cards, cost and the saturation line are drawn in ink;
# over-saturated is hatching, not a hue.
MEANING: dict[str, str] = {
    "anonymity": BLUE,
    "real": ORANGE,
    "loop_cover": GREEN,
    "drop_cover": GREEN,
    "yours": VERMILION,
    "stake": PURPLE,
}

# The second sign beside the hue (names of bokeh's markers and dashes).
MARKER: dict[str, str] = {
    "real": "circle",
    "loop_cover": "square",
    "drop_cover": "diamond",
    "yours": "circle_dot",
    "stake": "hex",
    "anonymity": "triangle",
}
DASH: dict[str, str] = {"median": "solid", "worst_5_percent": "dashed", "expected": "dotted"}

# The packet inspector has a key of its own: bytes by letter and colour. W is the message
# (words) inside P; every other letter of an opened block is drawn in quiet ink.
BYTE_FIELD: dict[str, str] = {
    "A": BLUE,
    "M": VERMILION,
    "R": GREEN,
    "P": PURPLE,
    "W": PURPLE,
}


@dataclass(frozen=True)
class Theme:
    """Every colour that is not a hue of the palette, and the blue that text may have."""

    paper: str
    wash: str
    line: str
    ink: str
    quiet: str
    anonymity_text: str


# ``paper`` is Lab's notebook background in each of its themes; on the page Lab's own
# variable wins, these values serve where there is none (bokeh, images, other front ends).
THEMES: dict[str, Theme] = {
    "light": Theme("#ffffff", "#f5f6f8", "#d8dbe2", "#1a1c21", "#555b66", "#0072B2"),
    "dark": Theme("#111111", "#1d1f23", "#41464f", "#f1f2f4", "#b4bac4", "#56B4E9"),
}


def css() -> str:
    """The tokens as CSS custom properties on every ``.wb-root``.

    Light is the base; the dark set applies under Lab's dark themes; ``.wb-presenter``
    on the root raises type to 20 pt and thickens lines for a room.

    Returns
    -------
    str
        A style sheet. It does not lay anything out: see ``controls.css``.
    """
    hues = "".join(f"  --wb-{k.replace('_', '-')}: {v};\n" for k, v in MEANING.items())
    hues += "".join(f"  --wb-field-{k}: {v};\n" for k, v in BYTE_FIELD.items())
    return (
        ".wb-root {\n"
        + hues
        + _tokens(THEMES["light"])
        + "  --wb-size: 13px;\n  --wb-stroke: 1px;\n  --wb-stroke-strong: 2.5px;\n}\n"
        + '[data-jp-theme-light="false"] .wb-root {\n'
        + _tokens(THEMES["dark"])
        + "}\n.wb-root.wb-presenter {\n"
        + "  --wb-size: 20pt;\n  --wb-stroke: 2px;\n  --wb-stroke-strong: 5px;\n}\n"
    )


def _tokens(theme: Theme) -> str:
    values = asdict(theme)
    paper = values.pop("paper")
    rest = "".join(f"  --wb-{k.replace('_', '-')}: {v};\n" for k, v in values.items())
    return f"  --wb-paper: var(--jp-layout-color0, {paper});\n{rest}"
