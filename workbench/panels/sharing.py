"""What leaves the workbench: a link, a line of code, the code behind the numbers, data, a picture.

Links are made from one configured public address and never from the page's own: the address
of a Binder session is private and may hold a token.
"""

from __future__ import annotations

import csv
import io
import math
import os
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit
from xml.sax.saxutils import escape

from workbench.errors import ScenarioError
from workbench.panels import palette
from workbench.panels.live_model import Measured, bits_text, in_words, value_text
from workbench.scenario import MAX_QUERY_CHARACTERS, Scenario

if TYPE_CHECKING:
    from workbench.mixing.frame import Expected

PUBLIC_URL_VARIABLE = "WORKBENCH_PUBLIC_URL"
PARAMETER = "scenario"
EXPECTED_TARGETS = 1000  # packets followed for the expected answer
SHOWN = ("delay_s", "cover_per_client_per_s", "traffic_per_client_per_s", "layers", "width",
         "strategy", "clients", "corrupt_mixes", "seed")  # fmt: skip


def public_url() -> str | None:
    """The configured public address of the workbench's page, or None.

    Raises
    ------
    ScenarioError
        When it is no http(s) address, or holds something that looks like a token.
    """
    address = os.environ.get(PUBLIC_URL_VARIABLE, "").strip()
    if not address:
        return None
    parts = urlsplit(address)
    keys = {name.lower() for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        raise ScenarioError(f"{PUBLIC_URL_VARIABLE} must be an http or https address")
    if keys & {"token", "password", PARAMETER}:
        raise ScenarioError(f"{PUBLIC_URL_VARIABLE} must not hold a token or a scenario")
    return address


def link(scenario: Scenario) -> str | None:
    """An address that opens the workbench in exactly this state; None if none is configured."""
    address = public_url()
    if address is None:
        return None
    parts = urlsplit(address)
    given = parse_qsl(parts.query, keep_blank_values=True)
    ours = f"{PARAMETER}={quote(scenario.to_query(), safe='')}"
    if any(name == "urlpath" for name, _ in given):
        # Binder hands on what stands inside urlpath, and nothing else.
        given = [
            (name, f"{value}{'&' if '?' in value else '?'}{ours}" if name == "urlpath" else value)
            for name, value in given
        ]
        query = "&".join(f"{quote(name, safe='')}={quote(v, safe='/')}" for name, v in given)
    else:
        query = f"{parts.query}&{ours}" if parts.query else ours
    return urlunsplit(parts._replace(query=query))


def from_address(address: object) -> Scenario | None:
    """The scenario that an address carries, or None where it carries none.

    Parameters
    ----------
    address : str
        The first address of the page, as the browser tells it: anything may stand there.

    Raises
    ------
    ScenarioError
        For a scenario that does not read; the message says what was expected.
    """
    if not isinstance(address, str) or len(address) > MAX_QUERY_CHARACTERS:
        raise ScenarioError("the page's address is no text that a scenario could stand in")
    try:
        pairs = parse_qsl(urlsplit(address).query, keep_blank_values=True, errors="strict")
    except ValueError as error:
        raise ScenarioError(f"this link cannot be read ({error}); ask for a new one") from None
    given = [value for name, value in pairs if name == PARAMETER]
    if not given:
        return None
    if len(given) > 1:
        raise ScenarioError("this link holds several scenarios; ask for a new one")
    return Scenario.from_query(given[0])


def settings_line(scenario: Scenario) -> str:
    """One line of Python that opens the panel in exactly this state."""
    return f"workbench_panel({scenario.to_query()!r})"


def five_lines(scenario: Scenario) -> str:
    """Five lines of Python that compute the numbers called expected."""
    return "\n".join(
        (
            "import workbench as wb",
            "from workbench.mixing.frame import expect",
            f"scenario = wb.Scenario.from_query({scenario.to_query()!r})",
            f"found = expect(scenario, targets={EXPECTED_TARGETS})",
            "print(found.entropy_bits, found.sender_entropy_bits, found.latency_median_s)",
        )
    )


def data_csv(measured: Measured, scenario: Scenario) -> str:
    """What was measured, a row a finished target, with the scenario above it."""
    out = io.StringIO()
    out.write(f"# mixnet workbench; scenario: {scenario.to_query()}\n")
    out.write("# one row for each of the last targets that finished; settings may have changed\n")
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(["sent_s", "entropy_bits", "sender_entropy_bits", "is_exact", "is_since_change"])
    for bits, people, is_exact, sent_s in measured.targets:
        known = "" if math.isnan(people) else repr(people)
        is_new = sent_s >= measured.changed_at_s
        rows.writerow([repr(sent_s), repr(bits), known, int(is_exact), int(is_new)])
    return out.getvalue()


def picture_svg(measured: Measured, scenario: Scenario, expected: Expected | None) -> str:
    """The present answer as a picture to paste: two answers, entropy over time, settings."""
    wide, tall = 960, 540
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {tall}" width="{wide}" '
        f'height="{tall}" font-family="system-ui, sans-serif" font-size="15">',
        f'<rect width="{wide}" height="{tall}" fill="#fff"/>',
        _text(32, 44, "Mixnet workbench", 22, bold=True),
    ]
    median = math.nan if expected is None else expected.entropy_bits.median
    people = math.nan if expected is None else expected.sender_entropy_bits.median
    parts += [
        _text(32, 92, "Expected of these settings", 15, bold=True),
        _text(32, 146, f"{bits_text(median)} bits", 48, bold=True, fill=palette.BLUE),
        _text(32, 176, in_words(median, people, scenario.clients)),
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
        parts.append(_text(520, 198, said))
    parts += _curve(measured, 32, 240, 640, 220)
    parts += _settings(scenario, 710, 240)
    parts.append(_text(32, 522, f"scenario: {shortened(scenario.to_query(), 118)}", 12))
    parts.append("</svg>")
    return "\n".join(parts)


def _text(x: float, y: float, words: str, size: int = 15, *, bold: bool = False,
          fill: str = "#1a1c21") -> str:  # fmt: skip
    weight = ' font-weight="650"' if bold else ""
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{size}" fill="{fill}"{weight}>{escape(words)}</text>'
    )


def _curve(measured: Measured, x: float, y: float, wide: float, tall: float) -> list[str]:
    points = measured.points
    parts = [_text(x, y, "Entropy, bits, over the last minute", 15, bold=True)]
    if len(points) < 2:
        return [*parts, _text(x, y + 40, "nothing to draw yet")]
    known = points[:, 1:4]
    top = (
        max(2.0, math.ceil(float(max(v for v in known.ravel() if not math.isnan(v))) * 1.15))
        if any(not math.isnan(v) for v in known.ravel())
        else 2.0
    )
    foot, height = y + tall, tall - 20
    parts.append(f'<path d="M{x:g} {foot:g}H{x + wide - 90:g}" stroke="#555b66" fill="none"/>')
    parts += [_text(x, foot + 18, "60 s ago", 12), _text(x + wide - 108, foot + 18, "now", 12)]
    labels = (("median", ""), ("worst 5 %", "7 5"), ("expected", "2 4"))
    used: list[float] = []
    for column, (label, dash) in enumerate(labels, start=1):
        line = [
            (x + (wide - 90) * (1 + (t - measured.watched_s) / 60.0), foot - height * v / top)
            for t, v in points[:, [0, column]].tolist()
            if not math.isnan(v) and t >= measured.watched_s - 60.0
        ]
        if len(line) < 2:
            continue
        steps = " ".join(f"{a:.1f},{b:.1f}" for a, b in line)
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        parts.append(
            f'<polyline points="{steps}" fill="none" stroke="{palette.BLUE}" '
            f'stroke-width="2.5"{dashed}/>'
        )
        at = line[-1][1] + 4
        while any(abs(at - other) < 15 for other in used):
            at += 15
        used.append(at)
        parts.append(_text(x + wide - 84, at, label, 12))
    parts.append(_text(x - 4, foot - height - 4, f"{top:g}", 12))
    return parts


def _settings(scenario: Scenario, x: float, y: float) -> list[str]:
    parts = [_text(x, y, "Settings", 15, bold=True)]
    for row, name in enumerate(SHOWN, start=1):
        knob = Scenario.knobs()[name]
        text = value_text(knob, getattr(scenario, name), True)
        parts.append(_text(x, y + 4 + 22 * row, f"{knob.label}: {text}", 13))
    return parts


def curve_svg(measured: Measured) -> str:
    """The last minute of entropy as a small picture of its own."""
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 260" role="img" '
        'aria-label="Measured and expected entropy over the last minute" '
        'font-family="system-ui, sans-serif">',
        *_curve(measured, 14, 22, 620, 210),
        "</svg>",
    ]
    return "\n".join(parts)


def shortened(text: str, most: int) -> str:
    """At most so many characters, with an ellipsis where it was cut."""
    return text if len(text) <= most else text[: most - 1] + "…"


def as_scenario(value: object) -> Scenario:
    """A scenario from a scenario, from a query as links hold it, or from a preset's name."""
    if isinstance(value, Scenario):
        return value
    if isinstance(value, str):
        if value in Scenario.presets():
            return Scenario.preset(value)
        return Scenario.from_query(value)
    raise ScenarioError(
        "expected a Scenario, the query of a link, or the name of a preset; got a "
        f"{type(value).__name__}"
    )
