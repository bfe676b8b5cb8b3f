"""The inspector's sentences: what a node learned, what a break came to, the state in words.

Each is made from the library's data; none decides anything.
"""

from __future__ import annotations

from workbench.panels.packet_journey import Break, Stop, differing_bits, read_reply
from workbench.panels.packet_state import State
from workbench.sphinx import HopTrace
from workbench.sphinx.fields import packet_fields


def capital(text: str) -> str:
    """The text with its first letter large, the rest untouched."""
    return text[:1].upper() + text[1:]


def seconds(value: float) -> str:
    """A wait as people write it: 0.41 s."""
    return f"{value:.9g} s"


def node_name(state: State, address: bytes | None) -> str:
    """Who listens at an address, in words."""
    node = state.network.node_at(address) if address is not None else None
    return node.name if node is not None else "an address outside this drawing"


def ends(state: State) -> tuple[str, str]:
    """Who makes the packet and who gets what is in it."""
    if state.sent is not None:
        return state.sent.sender, state.sent.receiver
    return ("Friend", "You") if state.is_reply else ("You", "Receiver")


def learned(state: State, stop: Stop) -> list[str]:
    """What this packet gave the node, from the trace."""
    hop = stop.hop
    if hop.outcome == "refused":
        return [f"{capital(text)}." for text in hop.learned]
    told = []
    if hop.outcome == "forward":
        node = state.network.node_at(hop.next_address or b"")
        where = f", at {node.where}" if node else ""
        told.append(f"The next node: {node_name(state, hop.next_address)}{where}.")
        who = "You" if state.sent is None else "The sender"
        told.append(f"How long to wait: {seconds(hop.delay_s or 0.0)}. {who} chose it.")
        told.append("It is not the last hop.")
    else:
        told.append("It is the last hop.")
        who = "you" if state.is_reply else "the receiver"
        told.append(f"Where to hand it: {who}, by a destination and an identifier.")
        if hop.message is not None:
            told.append(f"The text itself, {len(hop.message):,} bytes: the last layer is off.")
    tag = (hop.replay_tag or b"").hex()
    told.append(f"A replay tag, {tag[:8]}…: accept it once.")
    told.append("Nobody changed the header: its MAC fits.")
    return told


def from_the_wire(state: State, step: int) -> str:
    """What the node knows without the packet: the wire and the public list tell it."""
    node = state.route[step - 1]
    before = state.route[step - 2].name if step > 1 else ends(state)[0].lower()
    if step == 1 and state.is_reply:
        before = "your friend"
    elif step == 1 and state.sent is not None:
        before = f"the entry gateway of {ends(state)[0].lower()}"
    elif step == 1 and node.column > 0:
        before = "you (with Nym, your entry gateway)"
    column = state.network.columns[node.column].name.lower()
    kind = "gateway" if "gateway" in node.name else "mix"
    place = f"its own place, {column}" if "layer" in column else f"that it is a {kind}"
    return (
        f"Not from the packet: the wire says that {before} handed it in, the public list {place}."
    )


def hidden(state: State, stop: Stop | None) -> list[str]:
    """What the packet does not say, from the trace."""
    if stop is None:
        return ["Everything, to whoever sees it pass: each byte looks drawn at random."]
    return [f"{capital(text)}." for text in stop.hop.hidden]


def why_refused(state: State, stop: Stop) -> str:
    """The verdict of `process`, as a reason."""
    hop = stop.hop
    plain = {
        "BadMacError": "the MAC does not fit the routing information under the key it derived",
        "ReplayError": "it has seen this replay tag before",
        "LowOrderPointError": "its group element gives a secret that anybody would know",
    }
    if hop.error == "BadPaddingError":
        return f"the zeros in front of the text are gone. {spoiled(stop)}"
    return plain.get(hop.error or "", hop.error_message or "")


def spoiled(stop: Stop) -> str:
    """How far the opened payload is from what was packed."""
    got, sent = stop.hop.payload_after, stop.intact.payload_after
    if got is None or sent is None or len(got) != len(sent):
        return ""
    return f"{differing_bits(got, sent):,} of its {8 * len(sent):,} bits differ from the original"


def deeds(state: State) -> str:
    """What was done to the packet, and where."""
    parts = []
    for hop in sorted({b.hop for b in state.breaks}):
        here = [b for b in state.breaks if b.hop == hop]
        what = " and ".join(_deeds_at(state, here))
        parts.append(f"{what} on the way to {state.route[hop].name}")
    return capital("; ".join(parts))


def _deeds_at(state: State, breaks: list[Break]) -> list[str]:
    fields = packet_fields(state.geometry)
    flips = [b for b in breaks if b.kind == "flip"]
    said = []
    for field in fields:
        n = sum(1 for b in flips if field.start <= b.offset < field.stop)
        if n:
            said.append(f"{n_of(n, 'bit')} of {field.letter} flipped")
    cut = sum(1 for b in breaks if b.kind == "cut")
    if cut:
        said.append(f"{n_of(cut, 'byte')} cut off")
    if any(b.kind == "replay" for b in breaks):
        said.append("sent a second time")
    return said


def n_of(n: int, noun: str) -> str:
    """One bit, 2 bits."""
    return f"one {noun}" if n == 1 else f"{n:,} {noun}s"


def verdict(state: State, stops: tuple[Stop, ...]) -> str:
    """Who noticed the break."""
    last = stops[-1]
    done = deeds(state)
    if last.hop.outcome == "refused":
        passed = ""
        first = min(b.hop for b in state.breaks)
        between = state.route[first : len(stops) - 1]
        if between:
            names = " and ".join(node.name for node in between)
            passed = f" {capital(names)} passed it on and saw nothing wrong;"
        return f"{done}:{passed} {last.node.name} refuses it: {why_refused(state, last)}."
    text = f"{done}: nobody notices, and the text arrives as it was."
    met = [stops[b.hop] for b in state.breaks if b.kind == "flip"]
    if met and all(stop.hop.replay_tag == stop.intact.replay_tag for stop in met):
        text += (
            " X25519 does not read the top bit of A, so the secret and the replay tag are "
            "the same: sent again, it is known again."
        )
    return text


def stop_note(hop: HopTrace | None, *, is_last: bool, is_broken: bool) -> str:
    """The few words under a stop of the route: after a break, each node's verdict."""
    if hop is not None and hop.outcome == "refused":
        return "refuses it"
    if is_last:
        return "opens it"
    return "passes it on" if is_broken else ""


def arrival(state: State, stops: tuple[Stop, ...]) -> str:
    """What the one at the end gets."""
    last = stops[-1]
    if last.hop.outcome != "final":
        return "gets nothing"
    if not state.is_reply:
        return "gets the message"
    return "read the reply" if read_reply(state.recipe, last) is not None else "cannot open it"


def summary(state: State, stop: Stop | None, stops: tuple[Stop, ...] | None) -> str:
    """The state in one line, also for screen readers."""
    n = len(state.route)
    size = state.geometry.packet_bytes
    if stop is None or stops is None:
        made = "You packed" if state.sent is None else f"{ends(state)[0]} packed"
        who = "Your friend put a reply into your block" if state.is_reply else made
        rest = "" if state.is_reply else f" {len(state.message.encode()):,} bytes of text"
        hops = "1 hop" if n == 1 else f"{n} hops"
        return f"{who}{rest}: {size:,} bytes for {hops}, version {int(state.version)}."
    where = f"Hop {state.step} of {n}: "
    name = stop.node.name
    if stop.hop.outcome == "refused":
        return f"{where}{name} refuses the packet; nothing leaves it."
    if stop.hop.outcome == "forward":
        out = len(stop.hop.packet_after or b"")
        return (
            f"{where}{len(stop.hop.packet_before):,} bytes in, {out:,} out; {name} learned the "
            f"next node, {node_name(state, stop.hop.next_address)}, and a wait of "
            f"{seconds(stop.hop.delay_s or 0.0)}."
        )
    if state.is_reply:
        text = read_reply(state.recipe, stop)
        shown = "" if text is None else f" You read: “{_shown(text)}”"
        return f"{where}{name} hands the reply to you.{shown}"
    return f"{where}{name} opens the last layer: “{_shown(stop.hop.message or b'')}”"


def _shown(message: bytes) -> str:
    text = message.decode("utf-8", "replace")
    return text if len(text) <= 60 else text[:59] + "…"
