"""What leaves the workbench: a link, a line of code, the code behind the numbers, data.

Links are made from one configured public address and never from the page's own: the address
of a Binder session is private and may hold a token.
"""

from __future__ import annotations

import csv
import io
import math
import os
import re
from collections.abc import Mapping
from itertools import islice
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

from workbench.errors import ScenarioError
from workbench.panels.economy_settings import EconomySettings
from workbench.panels.knob_words import must_be, quoted
from workbench.panels.live_model import Measured
from workbench.scenario import MAX_QUERY_CHARACTERS, QUERY_VERSION, Scenario

PUBLIC_URL_VARIABLE = "WORKBENCH_PUBLIC_URL"
PARAMETER, ECONOMY = "scenario", "economy"
EXPECTED_TARGETS = 1000  # packets followed for the expected answer


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
    if keys & {"token", "password", PARAMETER, ECONOMY}:
        raise ScenarioError(f"{PUBLIC_URL_VARIABLE} must not hold a token or a scenario")
    return address


def link(scenario: Scenario, economy: EconomySettings | None = None) -> str | None:
    """An address that opens the workbench in exactly this state; None if none is configured."""
    address = public_url()
    if address is None:
        return None
    parts = urlsplit(address)
    given = parse_qsl(parts.query, keep_blank_values=True)
    ours = f"{PARAMETER}={quote(scenario.to_query(), safe='')}"
    if economy is not None:
        ours += f"&{ECONOMY}={quote(economy.to_query(), safe='')}"
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
        For a scenario that does not read; the message says why in the words on the screen.
    """
    if not isinstance(address, str) or len(address) > MAX_QUERY_CHARACTERS:
        raise ScenarioError("the page's address is no text that a scenario could stand in")
    given = _given(address, PARAMETER)
    if given is None:
        return None
    try:
        return Scenario.from_query(given)
    except ScenarioError as error:
        raise ScenarioError(_why_not(given, error)) from None


def economy_of_address(address: object) -> EconomySettings | None:
    """The economy that an address carries beside its scenario, or None.

    Raises
    ------
    ScenarioError
        As :func:`from_address`.
    """
    if not isinstance(address, str) or len(address) > MAX_QUERY_CHARACTERS:
        raise ScenarioError("the page's address is no text that an economy could stand in")
    given = _given(address, ECONOMY)
    if given is None:
        return None
    try:
        return EconomySettings.from_query(given)
    except ScenarioError as error:
        from workbench.system import SystemScenario

        raise ScenarioError(_labelled(str(error), SystemScenario.knobs())) from None


def _why_not(query: str, error: ScenarioError) -> str:
    """What is wrong with the scenario of a link, with no name that only code knows."""
    known, seen = Scenario.knobs(), set()
    for name, raw in islice(parse_qsl(query.removeprefix("?"), True), 2 * len(known)):
        if name == "v":
            if raw != QUERY_VERSION:
                return f"it is of version {quoted(raw)}; here version {QUERY_VERSION} is read"
            continue
        if name not in known:
            return f"it holds {quoted(name)}, which is no setting here"
        knob = known[name]
        if name in seen:
            return f"it says twice what {knob.label} is"
        seen.add(name)
        if knob.kind in ("whole", "real", "choice", "strategy"):
            try:
                Scenario.from_query(f"{name}={quote(raw, safe='')}")
            except ScenarioError:
                if knob.kind == "strategy" and raw.partition("~")[0] not in knob.choices:
                    return f"{quoted(raw)} is no way of mixing that is known here"
                if knob.kind == "strategy":
                    return f"{quoted(raw)} is a way of mixing with settings out of range"
                return f"{must_be(knob)}; the link says {quoted(raw)}"
    return _labelled(str(error), known)


def _labelled(text: str, knobs: Mapping[str, Any]) -> str:
    """A message of the code's with the labels on the screen for its names of knobs."""
    for name, knob in knobs.items():
        text = re.sub(rf"(?<![\w'\"]){name}(?= must\b|;|$)", knob.label, text)
    return text


def _given(address: str, name: str) -> str | None:
    try:
        pairs = parse_qsl(urlsplit(address).query, keep_blank_values=True, errors="strict")
    except ValueError:
        raise ScenarioError("it holds letters that cannot be read") from None
    found = [value for key, value in pairs if key == name]
    if len(found) > 1:
        raise ScenarioError(f"it holds more than one {name}")
    return found[0] if found else None


def settings_line(scenario: Scenario, economy: EconomySettings | None = None) -> str:
    """One line of Python that opens the panel in exactly this state."""
    beside = "" if economy is None else f", economy={economy.to_query()!r}"
    return f"workbench_panel({scenario.to_query()!r}{beside})"


def whole_line(scenario: Scenario, economy: EconomySettings | None = None) -> str:
    """The same with its import in front: a line that runs in an empty cell."""
    start = "from workbench.panels.workbench_panel import workbench_panel; "
    return start + settings_line(scenario, economy)


def share_data(scenario: Scenario, economy: EconomySettings | None = None) -> dict[str, str]:
    """What the page offers to share; ``link_problem`` says why there is no link."""
    address, problem = None, ""
    try:
        address = link(scenario, economy)
    except ScenarioError as error:
        problem = str(error)
    if address is None and not problem:
        problem = (
            f"No public address is configured (set {PUBLIC_URL_VARIABLE} to one): "
            "share the line of code."
        )
    return {
        "link": address or "",
        "link_problem": problem,
        "line": whole_line(scenario, economy),
        "code": five_lines(scenario),
    }


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


def as_economy(value: object) -> EconomySettings | None:
    """An economy from its settings, from text as links hold it, or from True for the usual."""
    if value is None or value is False:
        return None
    if value is True:
        return EconomySettings()
    return value if isinstance(value, EconomySettings) else EconomySettings.from_query(value)


def as_scenario(value: object) -> Scenario:
    """A scenario from a scenario, from a query as links hold it, or from a preset's name."""
    if isinstance(value, Scenario):
        return value
    if isinstance(value, str):
        if value in Scenario.presets():
            return Scenario.preset(value)
        if value and "=" not in value:
            raise ScenarioError(
                f"expected the name of a preset ({', '.join(Scenario.presets())}) or the query of "
                f"a link, such as 'v=1&delay_s=0.5'; got {value!r:.80}"
            )
        return Scenario.from_query(value)
    raise ScenarioError(
        "expected a Scenario, the query of a link, or the name of a preset; got a "
        f"{type(value).__name__}"
    )
