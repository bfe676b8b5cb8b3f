"""The inspector's state as plain data for the page: a pure function, tested without a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from workbench.panels import packet_words as words
from workbench.panels.packet_journey import Stop, journey, make
from workbench.panels.packet_network import Node
from workbench.panels.packet_state import SIZES, VERSIONS, State
from workbench.sphinx import Field, Surb
from workbench.sphinx.fields import packet_fields, plaintext_fields
from workbench.sphinx.geometry import Geometry
from workbench.sphinx.payload import pad

# The lengths that the card shows; the whole table is Geometry.table().
_ROWS = {
    "group element alpha": "A, group element",
    "MAC gamma": "M, MAC",
    "routing information beta": "R, routing information",
    "header": "header",
    "payload": "P, payload",
    "packet": "packet",
    "longest message": "message, at most",
}
_MAIN = {"header", "payload", "packet", "longest message"}


@dataclass(frozen=True)
class View:
    """What the page gets: data without bytes, and the bytes of its two maps and the block."""

    data: dict[str, Any]
    before: bytes
    after: bytes = b""
    block: bytes = b""


def view(state: State, *, sealed: str | None = None) -> View:
    """Everything that the page draws.

    Parameters
    ----------
    state : State
        What stands in the panel.
    sealed : "steps", "break" or None
        What a lesson keeps back until a guess is locked: with "steps" the packet is shown
        as it leaves its maker and nothing of what the nodes do with it is computed.
    """
    stops = None if sealed == "steps" else journey(state.recipe, state.breaks)
    stop = stops[state.step - 1] if stops and state.step > 0 else None
    data: dict[str, Any] = {
        "kind": "reply" if state.is_reply else "message",
        "message": state.reply if state.is_reply else state.message,
        "message_label": "Reply" if state.is_reply else "Message",
        "columns": _columns(state, stop),
        "route": [{"column": n.column, "row": n.row} for n in state.route],
        "step": state.step,
        "last_step": 0 if stops is None else len(stops),
        "next_label": "First hop →" if state.step == 0 else "Next hop →",
        "stops": _stops(state, stops),
        "links": _links(state, stops),
        "can_break": sealed is None,
        "is_broken": bool(state.breaks),
        "replayed": any(b.kind == "replay" for b in state.breaks),
        "flips": [[b.offset, b.bit] for b in state.breaks
                  if b.kind == "flip" and b.hop == state.break_hop],
        "break_hint": _break_hint(state, sealed),
        "verdict": words.verdict(state, stops) if state.breaks and stops else None,
        "geometry": _geometry(state),
        "presenter": state.presenter,
        "legend_note": "stronger colour: a larger byte",
        "hidden": words.hidden(state, stop),
        "summary": words.summary(state, stop, stops),
        "sent": None if state.sent is None
        else {"title": state.sent.title, "notes": list(state.sent.notes)},
    }  # fmt: skip
    data["wire"] = words.from_the_wire(state, state.step) if stop is not None else ""
    shown = _at_a_hop(state, stop, data) if stop is not None else _at_the_start(state, data)
    if sealed == "break":
        _keep_back(data)
    return shown


def _keep_back(data: dict[str, Any]) -> None:
    """Take out what would answer who notices a change, while that is still to be guessed."""
    for name in ("learned", "hidden"):
        data[name] = [text for text in data[name] if "changed" not in text]
    for name in ("before", "after"):
        for field in data[name].get("fields", []):
            if field["letter"] in "MZ":
                field["meaning"] = words.capital(field["name"])
    if "nobody changed" in data["changed"]:
        data["changed"] = "All layers are off."


def _at_the_start(state: State, data: dict[str, Any]) -> View:
    made = make(state.recipe)
    geometry = state.geometry
    fields = packet_fields(geometry)
    first = state.route[0].name
    data["before"] = _map(f"As it leaves for {first}", fields)
    data["opened"] = None
    data["learned_title"] = "Before it leaves"
    if state.is_reply:
        inside = made.surb
        data["after"] = _map(
            f"The reply block you handed out, {len(inside):,} bytes",
            _surb_fields(made.surb, state),
            verb="in the block",
            limit=geometry.header_bytes,
        )
        data["changed"] = (
            "Your friend puts the text under all layers and sends it off with the block's header."
        )
        data["learned"] = [
            f"Your friend knows the block's first node, {first}, and no other.",
            "Who you are and where the reply ends, the block does not tell.",
            "A block serves once: used again, it has the same replay tags.",
        ]
    else:
        text = state.message.encode("utf-8")
        inside = pad(text, geometry)
        data["after"] = _map(
            "The payload before its layers",
            plaintext_fields(geometry, text),
            verb="before its layers",
            shift=geometry.header_bytes,
        )
        n = len(state.route)
        layers = "1 layer" if n == 1 else f"{n} layers"
        data["changed"] = (
            f"Zeros, the text, one mark, zeros; then {layers} of encryption, the last node's first."
        )
        whole, shared = (
            ("You know the whole route: you chose it.", "You share")
            if state.sent is None
            else ("The sender knows the whole route: it was chosen there.", "The sender shares")
        )
        data["learned"] = [
            whole,
            f"{shared} one secret with each node; no node knows another's.",
            f"Each text up to {geometry.message_bytes:,} bytes makes a packet of one size.",
        ]
    return View(data, made.packet, inside)


def _at_a_hop(state: State, stop: Stop, data: dict[str, Any]) -> View:
    hop = stop.hop
    name = stop.node.name
    fields = hop.fields_before or (
        Field("wrong length", "?", 0, len(hop.packet_before), "no node reads a packet cut short"),
    )
    data["before"] = _map(f"As it arrives at {name}", fields, stop.marks)
    data["learned_title"] = words.capital(f"{name} learned")
    data["learned"] = words.learned(state, stop)
    data["opened"] = _opened(state, stop)
    after = b""
    if hop.outcome == "forward":
        after = hop.packet_after or b""
        data["after"] = _map(f"As it leaves {name}", hop.fields_after, verb="leaves as")
        data["changed"] = _changed(hop.packet_before, after)
    elif hop.payload_after is not None and hop.error != "ReplayError":
        after = hop.payload_after
        plain = hop.plaintext_fields or plaintext_fields(state.geometry, None)
        done = "opened" if hop.outcome == "final" else "opened: noise"
        data["after"] = _map(
            f"The payload, {done}", plain, verb="opens to", shift=state.geometry.header_bytes
        )
        data["changed"] = words.spoiled(stop) + "." if hop.outcome == "refused" else (
            "All layers are off: zeros in front show that nobody changed the payload."
        )  # fmt: skip
    else:
        reason = words.why_refused(state, stop)
        data["after"] = {"title": f"Nothing leaves {name}", "text": f"It refuses: {reason}."}
        data["changed"] = ""
    block = hop.block if data["opened"] else None
    return View(data, hop.packet_before, after, block or b"")


def _map(
    title: str,
    fields: Sequence[Field],
    marks: Sequence[int] = (),
    *,
    verb: str = "",
    shift: int = 0,
    limit: int | None = None,
) -> dict[str, Any]:
    """One map; its byte i stands beside the packet's byte i + shift, up to the limit."""
    return {
        "title": title,
        "verb": verb,
        "shift": shift,
        "limit": limit,
        "marks": list(marks),
        "fields": [
            {"name": f.name, "letter": f.letter, "start": f.start, "stop": f.stop,
             "meaning": words.capital(f.meaning)}
            for f in fields
        ],
    }  # fmt: skip


def _surb_fields(surb: bytes, state: State) -> list[Field]:
    geometry = state.geometry
    header = list(packet_fields(geometry)[:3])
    start = geometry.header_bytes
    first = Field("first node", "N", start, start + 32, "where to hand the reply in")
    kept = Surb.from_bytes(surb, geometry).payload_keys
    size = len(kept[0])
    kind = "seed" if size == 16 else "key"
    text = f"{len(kept)} payload {kind}s of {size} bytes, one a hop: your friend adds the layers"
    return [*header, first, Field(f"payload {kind}s", "K", first.stop, len(surb), text)]


def _changed(before: bytes, after: bytes) -> str:
    same = sum(a == b for a, b in zip(before, after, strict=True))
    kept = "1 byte" if same == 1 else f"{same:,} bytes"
    return (
        f"{len(before):,} bytes in, {len(after):,} bytes out. {kept} kept the same value, by "
        f"chance: of so many random bytes about {len(before) / 256:.1f} would."
    )


def _columns(state: State, stop: Stop | None) -> list[dict[str, Any]]:
    shown = []
    here = state.route[state.step - 1] if state.step else None
    for c, column in enumerate(state.network.columns):
        nodes = []
        for node in column.nodes:
            chosen = state.chosen[c] == node.row
            is_here = here is not None and node == here
            refused = is_here and stop is not None and stop.hop.outcome == "refused"
            mark = "refused" if refused else "here" if is_here else "chosen" if chosen else "free"
            label = f"{node.title}{', on the route' if chosen else ''}"
            nodes.append({"number": node.number, "label": label, "chosen": chosen, "state": mark})
        used = state.chosen[c] is not None
        shown.append({"name": column.name, "used": used, "nodes": nodes})
    return shown


def _stops(state: State, stops: tuple[Stop, ...] | None) -> list[dict[str, Any]]:
    left, right = words.ends(state)
    made = "put a reply in" if state.is_reply else "packed it"
    shown = [_stop_of(left, made, 0, "here" if state.step == 0 else "passed")]
    last = len(state.route) - 1
    for i, node in enumerate(state.route):
        seen = stops[i].hop if stops and i < len(stops) else None
        if stops is not None and seen is None:
            mark, note = "never", "never gets it"
        else:
            mark = "here" if state.step == i + 1 else "passed" if state.step > i + 1 else "ahead"
            # A refusal is told where it happens, once one has followed the packet there or
            # looks at the break itself; the verdict card tells it in any case.
            note = words.stop_note(seen, is_last=i == last, is_broken=bool(state.breaks))
        digits = ".9g" if state.sent is None else ".3f"  # exact ones stand in the routing block
        wait = None if i == last else f"{state.waits_s[node.column]:{digits}}"
        shown.append(_stop_of(_short(node), note, node.column + 1, mark, wait, i))
    note = "" if stops is None else words.arrival(state, stops)
    shown.append(_stop_of(right, note, len(state.network.columns) + 1, "ahead"))
    return shown


def _short(node: Node) -> str:
    return words.capital(node.name)


def _stop_of(
    name: str, note: str, column: int, mark: str, wait: str | None = None, hop: int | None = None
) -> dict[str, Any]:
    return {"name": name, "note": note, "column": column, "state": mark, "wait": wait, "hop": hop}


def _links(state: State, stops: tuple[Stop, ...] | None) -> list[str]:
    """One a wire of the route: passed, ahead, or never (after a refusal)."""
    n = len(state.route)
    reached = n if stops is None else len(stops)
    delivered = stops is not None and stops[-1].hop.outcome == "final"
    links = ["passed" if i < state.step else "ahead" if i < reached else "never" for i in range(n)]
    if stops is not None and not delivered:
        links.append("never")
    else:
        links.append("passed" if state.step == n else "ahead")
    return links


def _break_hint(state: State, sealed: str | None) -> str:
    if sealed == "break":
        return "First lock in your guess."
    if sealed:
        return "After your guess."
    node = state.route[state.break_hop].name
    return f"On the way to {node}. Choose a byte here or in the map, then click one of its bits."


def _opened(state: State, stop: Stop) -> dict[str, Any] | None:
    hop = stop.hop
    if hop.block is None or not hop.block_fields or hop.error == "ReplayError":
        return None
    values = {
        "version": f"{int.from_bytes(hop.block[1:4], 'big')}",
        "next address": words.node_name(state, hop.next_address),
        "delay": words.seconds(hop.delay_s or 0.0),
        "destination": "you" if state.is_reply else "the receiver",
        "identifier": "a name for this packet",
        "next MAC": "for the next node",
        "next routing information": "for the nodes after",
        "appended step": "added zeros, now noise",
        "padding and filler": "noise",
        "flag": "send on" if hop.block[0] == 1 else "last hop",
    }
    fields = [
        {"name": f.name, "start": f.start, "stop": f.stop, "meaning": values.get(f.name, f.meaning)}
        for f in hop.block_fields
    ]
    name = words.capital(stop.node.name)
    note = hop.block_fields[-1].meaning
    return {
        "title": f"{name} opens its routing block",
        "fields": fields,
        "note": f"{words.capital(hop.block_fields[-1].name)}: {note}.",
    }


def _geometry(state: State) -> dict[str, Any]:
    geometry: Geometry = state.geometry
    values = {name: size for name, size, _ in geometry.rows()}
    return {
        "rows": [[shown, values[name], name in _MAIN] for name, shown in _ROWS.items()],
        "sizes": [
            [key, name]
            for key, (name, _) in SIZES.items()
            if state.sent is None or key == state.size
        ],
        "size": state.size,
        "versions": [[int(v), text] for v, text in VERSIONS.items()],
        "version": int(state.version),
    }
