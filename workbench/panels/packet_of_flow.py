"""A packet of the running network, opened: its own route and delays in a real Sphinx packet.

    inspector_of(journey, scenario)      # the packet inspector, with that packet in it

The simulator moves packets without bytes. What it knows of one (number, kind, who, route,
stays) goes into a real packet here; what it does not know (keys, addresses, text) is made for
this view from the scenario's seed, and the notes say so.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import ipywidgets

from workbench.errors import WorkbenchError
from workbench.mixing.events import DROP_COVER, KINDS, MIX_LOOP, REAL
from workbench.mixing.journeys import Journey, JourneyLog
from workbench.panels.packet_flow import Act, PacketFlow
from workbench.panels.packet_inspector import PacketInspector
from workbench.panels.packet_network import PORT, Column, Network, Node, random_bytes_from
from workbench.panels.packet_state import Sent, State, settled
from workbench.scenario import Scenario
from workbench.sphinx import PrivateKey
from workbench.sphinx.address import encode_address
from workbench.sphinx.geometry import LONGEST_ROUTE, MOST_HOPS

if TYPE_CHECKING:
    from workbench.mixing.frame import Frame
    from workbench.mixing.live import LiveMixnet

MOST_DRAWN = 5  # nodes a column; of wider layers those beside the packet's own
PACKET = "regular"  # Nym's 2,413 bytes, which the bandwidth beside the flow counts, too


def inspector_of(
    journey: Journey, scenario: Scenario, *, gateways: int = 4, presenter: bool = False
) -> PacketInspector:
    """The packet inspector with one packet of the network in it.

    Parameters
    ----------
    journey : Journey
        Its number, kind, route and stays.
    scenario : Scenario
        Of the network; its seed gives the nodes their keys.
    gateways : int
        How many exit gateways there are; a client's is its number modulo this.
    presenter : bool
        Large type and thick lines, for a room.

    Returns
    -------
    PacketInspector
        A widget. Route, delays and text stand; the packet can be followed and broken.

    Raises
    ------
    WorkbenchError
        A route longer than any Sphinx header here has room for.
    """
    return PacketInspector(state_of(journey, scenario, gateways=gateways, presenter=presenter))


def state_of(
    journey: Journey, scenario: Scenario, *, gateways: int = 4, presenter: bool = False
) -> State:
    """The inspector's state for one packet of the network; as :func:`inspector_of`."""
    hops = len(journey.mixes) + (journey.kind != MIX_LOOP)
    if hops > MOST_HOPS:
        raise WorkbenchError(
            f"A packet's header has room for {MOST_HOPS} hops here; this route has {hops}."
        )
    columns, chosen = [], []
    is_free = scenario.topology == "free_route"
    mixes = journey.mixes if journey.kind != MIX_LOOP else journey.mixes[:-1]
    for hop, (layer, index) in enumerate(mixes):
        shown = _beside(index, scenario.width)
        nodes = tuple(_mix(scenario.seed, layer, i, hop, row) for row, i in enumerate(shown))
        name = f"Hop {hop + 1}" if is_free else f"Layer {layer + 1}"
        columns.append(Column(name, name, nodes))
        chosen.append(shown.index(index))
    last = len(mixes)
    if journey.kind == MIX_LOOP:
        home = _mix(scenario.seed, *journey.mixes[-1], last, 0)
        columns.append(Column("Home", "Home", (home,)))
    else:
        gateway = max(journey.receiver, 0) % gateways if gateways else 0
        columns.append(Column("Exit", "Exit", (_gateway(scenario.seed, gateway, last),)))
    chosen.append(0)
    sender, receiver = _ends(journey)
    number = f"Packet {journey.packet:,}"
    return settled(
        State(
            network_seed=scenario.seed,
            seed=scenario.seed * 2**40 + journey.packet,
            message=_text(journey, number, receiver),
            chosen=tuple(chosen),
            waits_s=(*(_written(w) for w in journey.waits_s[:last]), 0.0),
            size=PACKET,
            presenter=presenter,
            sent=Sent(
                network=Network(tuple(columns)),
                title=f"{number}: {_kind(journey)}, {_from_to(journey, sender, receiver)}",
                notes=_notes(journey, scenario, hops),
                sender=sender,
                receiver=receiver,
                code=_code(journey, scenario),
            ),
        )
    )


class RealBytes(ipywidgets.VBox):
    """The place where a packet of a flow is opened; empty until somebody asks for one.

    Parameters
    ----------
    flow : PacketFlow
        Whose packets can be opened: the picture offers it from now on.
    network : callable
        Returns the network that runs now.
    """

    def __init__(self, flow: PacketFlow, network: Callable[[], LiveMixnet]) -> None:
        super().__init__([])
        self.add_class("wb-real-bytes")
        self.inspector: PacketInspector | None = None
        self._flow = flow
        self._network = network
        self._log = JourneyLog()
        self._presenter = False
        flow.on("bytes", self._asked)

    def take(self, frame: Frame) -> None:
        """Remember the crossings of the packets that the picture draws."""
        is_drawn = self._flow.is_drawn(frame.events.packet)
        self._log.take(frame.events.where(is_drawn), frame.scenario)

    def forget(self) -> None:
        """Another network: its packets have other ways. What is open stays open."""
        self._log.clear()

    def dress(self, presenter: bool) -> None:
        """Large type for a room, or not."""
        self._presenter = presenter
        if self.inspector is not None and self.inspector.state.presenter != presenter:
            self.inspector.do("presenter")

    def show_packet(self, packet: int) -> PacketInspector:
        """Open a packet of the running network.

        Raises
        ------
        WorkbenchError
            When its whole way is not known, or is longer than a header has room for.
        """
        network = self._network()
        journey = self._log.find(packet, network.plan_of(packet))
        if journey is None:
            raise WorkbenchError(
                f"Nobody knows the whole way of packet {packet:,}: it was lost, or was under way "
                "before this picture began. Choose another."
            )
        gateways = self._flow.gateways
        state = state_of(journey, network.scenario, gateways=gateways, presenter=self._presenter)
        if self.inspector is None:
            self.inspector = PacketInspector(state, on_close=self.shut)
        self.inspector.hold(state)
        self.children = [self.inspector]
        self.add_class("is-open")
        return self.inspector

    def shut(self) -> None:
        """Put it away."""
        self.remove_class("is-open")
        self.children = []

    def _asked(self, act: Act) -> None:
        if act.packet is not None:
            self.show_packet(act.packet)


def _beside(index: int, width: int) -> list[int]:
    """At most ``MOST_DRAWN`` neighbours of a mix in its layer, itself among them."""
    first = max(0, min(index - MOST_DRAWN // 2, width - MOST_DRAWN))
    return list(range(first, max(min(first + MOST_DRAWN, width), index + 1)))


def _mix(seed: int, layer: int, index: int, column: int, row: int) -> Node:
    """The same mix has the same key and address, whichever packet is looked at."""
    name = f"layer {layer + 1}, mix {index + 1}"
    host = f"10.{layer + 1}.{index // 250}.{index % 250 + 1}"
    return _node(seed, name, str(index + 1), column, row, host)


def _gateway(seed: int, index: int, column: int) -> Node:
    name = f"exit gateway {index + 1}"
    return _node(seed, name, str(index + 1), column, 0, f"10.0.0.{index + 1}")


def _node(seed: int, name: str, number: str, column: int, row: int, host: str) -> Node:
    title = name[:1].upper() + name[1:]
    where = f"{host}:{PORT}"
    address = encode_address(host, PORT)
    return Node(name, title, number, column, row, where, address, _key(seed, name))


@functools.lru_cache(maxsize=4096)
def _key(seed: int, name: str) -> PrivateKey:
    return PrivateKey.generate(random_bytes_from(seed, f"key of {name}"))


def _written(wait_s: float) -> float:
    """What the header's delay field gets: zero where no sender draws a stay."""
    return 0.0 if math.isnan(wait_s) else wait_s


def _ends(journey: Journey) -> tuple[str, str]:
    if journey.kind == MIX_LOOP:
        layer, index = journey.mixes[-1]
        own = f"Layer {layer + 1}, mix {index + 1}"
        return own, own
    receiver = f"User {journey.receiver + 1:,}"
    if journey.kind == DROP_COVER:
        receiver = "Dropped"
    return f"User {journey.sender + 1:,}", receiver


def _from_to(journey: Journey, sender: str, receiver: str) -> str:
    who = sender[:1].lower() + sender[1:]
    if sender == receiver:
        return f"from {who} to itself"
    if journey.kind == DROP_COVER:
        return f"from {who}, dropped at the end"
    return f"from {who} to {receiver[:1].lower() + receiver[1:]}"


def _kind(journey: Journey) -> str:
    return "a real message" if journey.kind == REAL else KINDS[journey.kind]


def _text(journey: Journey, number: str, receiver: str) -> str:
    if journey.kind == REAL:
        return f"{number}, for {receiver[:1].lower() + receiver[1:]}. This text is made up."
    return f"{number}: {KINDS[journey.kind]}. Nobody reads this."


def _notes(journey: Journey, scenario: Scenario, hops: int) -> tuple[str, ...]:
    """What of this packet is the network's and what was made for the view."""
    waits_s = journey.waits_s[: hops - 1]
    kept = "number, kind, route and delays"
    if any(math.isnan(wait_s) for wait_s in waits_s):
        kept = "number, kind and route"
    notes = [
        f"From the running network: {kept}. Made for this view, from seed {scenario.seed}: the "
        "nodes' keys and addresses, and the text. The simulator itself moves no bytes."
    ]
    if kept.endswith("delays"):
        notes.append("A header holds each delay in whole nanoseconds, rounded from the drawn one.")
    else:
        notes.append(
            "Where the log knows no delay before the packet has left (a mix that sends batches, or "
            "one with a queue) the header's field is 0."
        )
    if journey.kind != MIX_LOOP:
        notes.append(
            "The last layer is the exit gateway's, as with Nym, so that each mix's delay stands in "
            "the packet; the model holds nothing there."
        )
    if scenario.width > MOST_DRAWN:
        notes.append(f"Of {scenario.width:,} mixes a layer at most {MOST_DRAWN} are drawn.")
    if hops > LONGEST_ROUTE:
        notes.append(
            f"Nym's header has room for {LONGEST_ROUTE} hops; this one was made longer for {hops}."
        )
    return tuple(notes)


def _code(journey: Journey, scenario: Scenario) -> str:
    told = repr(journey).replace("nan", "float('nan')")
    return (
        "import workbench as wb; from workbench.mixing.journeys import Journey; "
        "from workbench.panels.packet_of_flow import inspector_of; "
        f"inspector_of({told}, wb.Scenario.from_query({scenario.to_query()!r}))"
    )
