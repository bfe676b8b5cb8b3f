"""The inspector's state as a short line of text that comes back exactly."""

from __future__ import annotations

import re
from dataclasses import fields
from urllib.parse import parse_qsl, urlencode

from workbench.panels.packet_journey import Break
from workbench.panels.packet_state import MAX_WAIT_S, SIZES, VERSIONS, InputError, State, settled
from workbench.sphinx import Version

_MOST = 20_000
_BREAK = re.compile(r"(flip)-([0-4])-(\d{1,4})-([0-7])|(cut|replay)-([0-4])")


def to_query(state: State) -> str:
    """Everything that differs from the defaults, and the two seeds.

    Examples
    --------
    >>> to_query(State(network_seed=10, seed=11, step=2))
    'keys=a&seed=b&step=2'
    >>> from_query("keys=a&seed=b&step=2").step
    2
    """
    default = {f.name: f.default for f in fields(State)}
    pairs = [("keys", f"{state.network_seed:x}"), ("seed", f"{state.seed:x}")]
    for name in ("message", "reply", "size", "step"):
        if getattr(state, name) != default[name]:
            pairs.append((name, str(getattr(state, name))))
    if state.is_reply:
        pairs.append(("is_reply", "1"))
    if state.presenter:
        pairs.append(("presenter", "1"))
    if state.version != default["version"]:
        pairs.append(("version", str(int(state.version))))
    if state.chosen != default["chosen"]:
        pairs.append(("route", ".".join("x" if r is None else str(r) for r in state.chosen)))
    if state.waits_s != default["waits_s"]:
        pairs.append(("waits_s", "_".join(repr(w) for w in state.waits_s)))
    if state.breaks:
        pairs.append(("breaks", ".".join(map(_write_break, state.breaks))))
    return urlencode(pairs)


def from_query(query: str) -> State:
    """The state that a line of :func:`to_query` stands for.

    Raises
    ------
    InputError
        The line is not one of those; the message names the part that is not.
    """
    if not isinstance(query, str) or len(query) > _MOST:
        raise InputError("", f"A state is a line of at most {_MOST:,} letters.")
    try:
        pairs = parse_qsl(
            query.lstrip("?"), strict_parsing=True, keep_blank_values=True, errors="strict"
        )
    except ValueError as error:
        raise InputError("", f"This is no state of the panel: {error}.") from None
    values = dict(pairs)
    if len(values) != len(pairs):
        raise InputError("", "A state names each part once.")
    state = State(
        network_seed=_hex(values, "keys"),
        seed=_hex(values, "seed"),
        **{name: values.pop(name) for name in ("message", "reply") if name in values},
        is_reply=_flag(values, "is_reply"),
        presenter=_flag(values, "presenter"),
        **_choices(values),
    )
    if values:
        raise InputError("", f"A state has no part {sorted(values)[0]!r:.40}.")
    for row, column in zip(state.chosen, state.network.columns, strict=True):
        if row is not None and row >= len(column.nodes):
            raise InputError("", f"{column.name} has no node {row}.")
    last = state.geometry.packet_bytes
    if not state.route or any(b.hop >= len(state.route) or b.offset >= last for b in state.breaks):
        raise InputError("", "The route or a break of this state is not there.")
    return settled(state)


def _choices(values: dict[str, str]) -> dict[str, object]:
    found: dict[str, object] = {}
    if "size" in values:
        found["size"] = _one_of(values, "size", {name: name for name in SIZES})
    if "version" in values:
        found["version"] = _one_of(values, "version", {str(int(v)): Version(v) for v in VERSIONS})
    if "step" in values:
        found["step"] = _one_of(values, "step", {str(n): n for n in range(6)})
    rows = {"x": None, **{str(n): n for n in range(10)}}
    if "route" in values:
        parts = values.pop("route").split(".")
        if len(parts) != 5 or any(part not in rows for part in parts):
            raise InputError("", "A route is five places such as x.1.2.1.0.")
        found["chosen"] = tuple(rows[part] for part in parts)
    if "waits_s" in values:
        found["waits_s"] = _waits(values.pop("waits_s"))
    if "breaks" in values:
        found["breaks"] = tuple(map(_read_break, values.pop("breaks").split(".")))
    return found


def _waits(text: str) -> tuple[float, ...]:
    try:
        waits = tuple(float(part) for part in text.split("_"))
    except ValueError:
        waits = ()
    if len(waits) != 5 or not all(0 <= wait <= MAX_WAIT_S for wait in waits):
        raise InputError("", f"Waits are five numbers of seconds from 0 to {MAX_WAIT_S:,.0f}.")
    return waits


def _write_break(b: Break) -> str:
    return f"flip-{b.hop}-{b.offset}-{b.bit}" if b.kind == "flip" else f"{b.kind}-{b.hop}"


def _read_break(text: str) -> Break:
    match = _BREAK.fullmatch(text)
    if match is None:
        raise InputError("", "A break is such as flip-0-500-7, cut-0 or replay-1.")
    kind, hop, offset, bit, other, other_hop = match.groups()
    return Break(int(hop), kind, int(offset), int(bit)) if kind else Break(int(other_hop), other)


def _one_of(values: dict[str, str], name: str, known: dict[str, object]) -> object:
    text = values.pop(name)
    if text not in known:
        raise InputError("", f"{name} is one of {', '.join(known)}.")
    return known[text]


def _flag(values: dict[str, str], name: str) -> bool:
    return name in values and _one_of(values, name, {"0": False, "1": True}) is True


def _hex(values: dict[str, str], name: str) -> int:
    text = values.pop(name, "")
    if not re.fullmatch(r"-?[0-9a-f]{1,32}", text):
        raise InputError("", f"A state has a part {name}= of 1 to 32 hexadecimal digits.")
    return int(text, 16)
