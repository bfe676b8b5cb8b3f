"""The workbench as a picture to paste: answers, network, entropy, latency, settings, as SVG.

The kernel draws everything but the network. Where that goes it leaves an empty group named
``network`` with its place, and the page puts in what it shows at that moment.
"""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING, NamedTuple
from xml.sax.saxutils import escape

import numpy as np

from workbench.panels import palette
from workbench.panels.bench_words import bits_text, in_words
from workbench.panels.knob_words import nice_above, value_text
from workbench.panels.live_model import Measured
from workbench.scenario import Scenario

if TYPE_CHECKING:
    from workbench.mixing.frame import Expected

SHOWN = ("delay_s", "cover_per_client_per_s", "traffic_per_client_per_s", "layers", "width",
         "strategy", "clients", "corrupt_mixes", "seed")  # fmt: skip
WIDE, EDGE = 960, 32
NETWORK_WIDE, NETWORK_TALLEST = 620, 620
NARROWEST, BROADEST = 0.2, 2.0  # height over width of a network that has a place
BINS = 32
SPANS_S = (5.0, 10.0, 20.0, 30.0, 60.0)  # what the entropy figure may span
LIGHT = palette.THEMES["light"]
# What the page paints the network with: the picture is on white, whatever the page is.
INK = {
    "paper": LIGHT.paper,
    "wash": LIGHT.wash,
    "line": LIGHT.line,
    "ink": LIGHT.ink,
    "quiet": LIGHT.quiet,
    "real": palette.MEANING["real"],
    "loop": palette.MEANING["loop_cover"],
    "drop": palette.MEANING["drop_cover"],
    "yours": palette.MEANING["yours"],
}


class Inks(NamedTuple):
    """What a figure is drawn with, as SVG knows colours."""

    ink: str
    quiet: str
    anonymity: str


ON_PAPER = Inks(LIGHT.ink, LIGHT.quiet, palette.BLUE)
OF_THE_PAGE = Inks("currentColor", "var(--wb-quiet)", "var(--wb-anonymity-text)")


def picture_svg(
    measured: Measured,
    scenario: Scenario,
    expected: Expected | None,
    network_shape: float | None = None,
) -> str:
    """The present answer as a picture: two answers, figures, settings, a place for the network.

    Parameters
    ----------
    measured, scenario, expected
        What stands on the panel.
    network_shape : float, optional
        Height of the network's picture over its width, 0.2 to 2; None leaves no place.

    Returns
    -------
    str
        SVG, 960 wide.
    """
    has_network = network_shape is not None and NARROWEST <= network_shape <= BROADEST
    tall = 230.0
    wide = float(NETWORK_WIDE)
    if has_network and network_shape is not None:
        wide = min(wide, NETWORK_TALLEST / network_shape)
        tall = max(tall, wide * network_shape)
    top, figures = 258.0, 258.0 + (tall + 40 if has_network else 0)
    end = figures + 250 + (0 if has_network else 20)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {end + 40:g}" width="{WIDE}" '
        f'height="{end + 40:g}" font-family="system-ui, sans-serif" font-size="15">',
        f'<rect width="{WIDE}" height="{end + 40:g}" fill="{LIGHT.paper}"/>',
        _text(EDGE, 44, "Mixnet workbench", 22, bold=True),
        *_answers(measured, scenario, expected),
    ]
    if has_network:
        x = EDGE + (NETWORK_WIDE - wide) / 2
        parts.append(f'<g id="network" data-place="{x:g} {top:g} {wide:g} {tall:g}"></g>')
        parts += _settings(scenario, 690, top + 10)
        parts += _curve(measured, EDGE, figures, 480, 220)
        parts += _latencies(measured, 540, figures, 388, 220)
    else:
        parts += _curve(measured, EDGE, figures, 360, 240)
        parts += _latencies(measured, 400, figures, 280, 240)
        parts += _settings(scenario, 710, figures)
    parts.append(_text(EDGE, end + 22, f"scenario: {shortened(scenario.to_query(), 118)}", 12))
    parts.append("</svg>")
    return "\n".join(parts)


def _answers(measured: Measured, scenario: Scenario, expected: Expected | None) -> list[str]:
    median = math.nan if expected is None else expected.entropy_bits.median
    people = math.nan if expected is None else expected.sender_entropy_bits.median
    parts = [
        _text(EDGE, 92, "Expected of these settings", 15, bold=True),
        _text(EDGE, 146, f"{bits_text(median)} bits", 48, bold=True, fill=palette.BLUE),
        *_lines(EDGE, 176, in_words(median, people, scenario.clients)),
    ]
    spread, clients = measured.spread(), scenario.clients
    found = "no packet has finished yet"
    if spread.count:
        worst = bits_text(spread.worst)
        found = f"median of the last {spread.count} finished; worst 5 %: {worst}"
    parts += [
        _text(520, 92, "Measured", 15, bold=True),
        _text(520, 146, f"{bits_text(spread.median)} bits", 48, bold=True),
        _text(520, 176, found),
    ]
    if spread.count:
        said = in_words(spread.median, measured.people_spread().median, clients)
        parts += _lines(520, 198, said)
    return parts


def _lines(x: float, y: float, words: str) -> list[str]:
    """A sentence in lines that fit into half of the picture."""
    return [_text(x, y + 20 * i, one) for i, one in enumerate(textwrap.wrap(words, 50))]


def _text(x: float, y: float, words: str, size: int = 15, *, bold: bool = False,
          fill: str = LIGHT.ink) -> str:  # fmt: skip
    weight = ' font-weight="650"' if bold else ""
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{size}" fill="{fill}"{weight}>{escape(words)}</text>'
    )


def _curve(
    measured: Measured, x: float, y: float, wide: float, tall: float, inks: Inks = ON_PAPER
) -> list[str]:
    points = measured.points
    if len(points) < 2:
        return [_text(x, y, "Entropy, bits", 15, bold=True, fill=inks.ink),
                _text(x, y + 40, "nothing to draw yet", fill=inks.ink)]  # fmt: skip
    known = points[:, 1:4]
    top = (
        max(2.0, math.ceil(float(max(v for v in known.ravel() if not math.isnan(v))) * 1.15))
        if any(not math.isnan(v) for v in known.ravel())
        else 2.0
    )
    # No wider than what was seen: a run of some seconds is not squeezed into a corner.
    ago = measured.watched_s - float(points[0, 0])
    span = next((one for one in SPANS_S if one >= ago), SPANS_S[-1])
    end, foot, height = x + wide - 90, y + tall, tall - 20
    parts = [
        _text(x, y, f"Entropy, bits, over the last {span:g} s", 15, bold=True, fill=inks.ink),
        f'<path d="M{x:g} {foot:g}H{end:g}" stroke="{inks.quiet}" fill="none"/>',
        _text(x, foot + 18, f"{span:g} s ago", 12, fill=inks.ink),
        _text(end - 18, foot + 18, "now", 12, fill=inks.ink),
    ]
    labels = (("median", ""), ("worst 5 %", "7 5"), ("expected", "2 4"))
    names: list[tuple[float, str]] = []
    for column, (label, dash) in enumerate(labels, start=1):
        line = [
            (end + (end - x) * (t - measured.watched_s) / span, foot - height * v / top)
            for t, v in points[:, [0, column]].tolist()
            if not math.isnan(v) and t >= measured.watched_s - span
        ]
        if len(line) < 2:
            continue
        steps = " ".join(f"{a:.1f},{b:.1f}" for a, b in line)
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        parts.append(
            f'<polyline points="{steps}" fill="none" stroke="{inks.anonymity}" '
            f'stroke-width="2.5"{dashed}/>'
        )
        names.append((line[-1][1] + 4, label))
    lowest = -math.inf
    for at, label in sorted(names):  # beside the line's end, or below the name before
        lowest = max(at, lowest + 15)
        parts.append(_text(end + 6, lowest, label, 12, fill=inks.ink))
    parts.append(_text(x - 4, foot - height - 4, f"{top:g}", 12, fill=inks.ink))
    return parts


def _latencies(measured: Measured, x: float, y: float, wide: float, tall: float) -> list[str]:
    """How long the last delivered packets took, as shares, with the median's line."""
    found = measured.latencies_s
    parts = [_text(x, y, "Latency, s, of the last packets delivered", 15, bold=True)]
    if len(found) < 2 or float(found.max()) <= 0:
        return [*parts, _text(x, y + 40, "nothing to draw yet")]
    end = nice_above(float(np.quantile(found, 0.99)))
    counts, _ = np.histogram(found, bins=BINS, range=(0.0, end))
    foot, height = y + tall, tall - 34
    step = wide / BINS
    most = max(int(counts.max()), 1)
    for at, count in enumerate(counts.tolist()):
        high = height * count / most
        parts.append(
            f'<rect x="{x + at * step:.1f}" y="{foot - high:.1f}" width="{step - 1:.1f}" '
            f'height="{high:.1f}" fill="#6b7280"/>'
        )
    half = float(np.median(found))
    at_half = x + wide * half / end
    parts += [
        f'<path d="M{x:g} {foot:g}H{x + wide:g}" stroke="{LIGHT.quiet}" fill="none"/>',
        f'<path d="M{at_half:.1f} {foot:g}V{foot - height:g}" stroke="{LIGHT.ink}" '
        'stroke-width="2" fill="none"/>',
        _text(at_half + 6, foot - height + 8, f"half within {half:.2g} s", 12),
        _text(x, foot + 18, "0", 12),
        _text(x + wide - 8 * len(f"{end:g} s"), foot + 18, f"{end:g} s", 12),
    ]
    return parts


def _settings(scenario: Scenario, x: float, y: float) -> list[str]:
    parts = [_text(x, y, "Settings", 15, bold=True)]
    for row, name in enumerate(SHOWN, start=1):
        knob = Scenario.knobs()[name]
        text = value_text(knob, getattr(scenario, name), True)
        parts.append(_text(x, y + 4 + 22 * row, f"{knob.label}: {text}", 13))
    return parts


def curve_svg(measured: Measured, wide: int) -> str:
    """The last minute of entropy as a small picture of its own, in the inks of a page."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} 260" role="img" '
        'aria-label="Measured and expected entropy over the last minute" '
        'font-family="system-ui, sans-serif">',
        *_curve(measured, 14, 22, wide - 20, 210, OF_THE_PAGE),
        "</svg>",
    ]
    return "\n".join(parts)


def shortened(text: str, most: int) -> str:
    """At most so many characters, with an ellipsis where it was cut."""
    return text if len(text) <= most else text[: most - 1] + "…"
