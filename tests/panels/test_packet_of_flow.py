"""A packet of the flow opened: what the inspector holds is what the event log says."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from page_twin import wired

from workbench.errors import LessonError, WorkbenchError
from workbench.mixing.events import MIX_LOOP, NOWHERE
from workbench.mixing.journeys import JourneyLog
from workbench.mixing.live import LiveMixnet
from workbench.panels.packet_flow import Act, PacketFlow
from workbench.panels.packet_journey import make
from workbench.panels.packet_of_flow import PORT, RealBytes, inspector_of, state_of
from workbench.panels.packet_state import InputError, act
from workbench.panels.packet_view import view
from workbench.scenario import Scenario
from workbench.sphinx import FinalHop, ForwardHop, process
from workbench.sphinx.address import encode_address

SMALL = Scenario(
    clients=12,
    traffic_per_client_per_s=2.0,
    cover_per_client_per_s=1.0,
    drop_cover_per_client_per_s=1.0,
    seed=5,
)


class Watched:
    """A network, its flow, the place for bytes, and everything that the log said."""

    def __init__(self, scenario: Scenario) -> None:
        self.network = LiveMixnet(scenario, warm_up=False)
        self.flow = PacketFlow(scenario)
        self.wire = wired(self.flow)
        self.bytes = RealBytes(self.flow, lambda: self.network)
        self.rows: dict[int, list[tuple[int, int, float]]] = {}

    def run(self, steps: int) -> None:
        for _ in range(steps):
            frame = self.network.advance(0.05)
            self.flow.add_frame(frame)
            self.bytes.take(frame)
            e = frame.events
            for row in zip(e.packet.tolist(), e.source.tolist(), e.target.tolist(),
                           e.wait_s.tolist(), strict=True):  # fmt: skip
                self.rows.setdefault(row[0], []).append(row[1:])

    def ended(self, kind: int) -> list[int]:
        """Packets of a kind that have come to their end."""
        return [
            number
            for number, rows in self.rows.items()
            if len(rows) > 2 and self.kinds[number] == kind and self.network.plan_of(number) is None
        ]

    @property
    def kinds(self) -> dict[int, int]:
        return {n: j.kind for n, j in self.bytes._log._known.items()}


def hosts(rows: list[tuple[int, int, float]], width: int) -> list[bytes]:
    """The addresses of the mixes that the log names, made anew."""
    mixes = [target for _, target, _ in rows if target >= 0]
    return [encode_address(f"10.{mix // width + 1}.0.{mix % width + 1}", PORT) for mix in mixes]


def followed(inspector) -> tuple[list[bytes], list[float], bytes]:
    """Addresses of the nodes that really open the packet, the delays they read, the text."""
    keys = {node.address: node.key for node in inspector.state.route}
    packet, address = inspector.packet, inspector.state.route[0].address
    visited, delays_s = [], []
    while True:
        visited.append(address)
        match process(packet, keys[address], inspector.geometry):
            case ForwardHop(packet=packet, next_address=address, delay_s=delay_s):
                delays_s.append(delay_s)
            case FinalHop(message=message):
                return visited, delays_s, message


def test_a_packet_that_has_left_holds_the_route_and_the_delays_of_the_event_log():
    watched = Watched(SMALL)
    watched.run(60)
    for kind in (0, 1, 2):
        for number in watched.ended(kind)[:3]:
            rows = watched.rows[number]
            inspector = watched.bytes.show_packet(number)
            visited, delays_s, text = followed(inspector)
            assert visited[:-1] == hosts(rows, SMALL.width)
            waits_s = [wait_s for _, target, wait_s in rows if target >= 0]
            assert delays_s == pytest.approx(waits_s, abs=0.5e-9)  # whole nanoseconds
            assert text.decode() == inspector.state.message
            assert f"Packet {number:,}" in inspector.state.message
            receiver = -1 - rows[-1][1]
            assert inspector.state.route[-1].name == f"exit gateway {receiver % 4 + 1}"
            sender = -1 - rows[0][0]
            title = view(inspector.state).data["sent"]["title"]
            assert title.startswith(f"Packet {number:,}: ")
            assert f"from user {sender + 1}" in title


def test_a_packet_under_way_holds_what_the_log_will_say_later():
    watched = Watched(SMALL.replace(delay_s=0.5))
    watched.run(20)
    under_way = [
        n for n, rows in watched.rows.items() if len(rows) == 1 and watched.network.plan_of(n)
    ][:5]
    assert len(under_way) == 5
    seen = {n: followed(watched.bytes.show_packet(n)) for n in under_way}
    watched.run(200)
    for number, (visited, delays_s, _) in seen.items():
        rows = watched.rows[number]
        assert rows[-1][1] < 0
        assert visited[:-1] == hosts(rows, SMALL.width)
        assert delays_s == pytest.approx([w for _, t, w in rows if t >= 0], abs=0.5e-9)


def test_a_delay_turned_meanwhile_leaves_what_was_written_before():
    watched = Watched(SMALL.replace(delay_s=0.5))
    watched.run(20)
    number = next(
        n for n, rows in watched.rows.items() if len(rows) == 2 and watched.network.plan_of(n)
    )
    watched.network.set(delay_s=0.1)
    _, delays_s, _ = followed(watched.bytes.show_packet(number))
    written = [wait_s for _, target, wait_s in watched.rows[number] if target >= 0]
    assert delays_s[:2] == pytest.approx(written, abs=0.5e-9)
    watched.run(100)
    told = [wait_s for _, target, wait_s in watched.rows[number] if target >= 0]
    assert delays_s == pytest.approx(told, abs=0.5e-9)


def test_a_mixs_own_loop_ends_at_its_mix_and_batches_write_no_delay():
    watched = Watched(SMALL.replace(mix_loops_per_mix_per_s=3.0))
    watched.run(60)
    number = watched.ended(MIX_LOOP)[0]
    rows = watched.rows[number]
    inspector = watched.bytes.show_packet(number)
    visited, delays_s, _ = followed(inspector)
    assert visited == hosts(rows, SMALL.width)
    assert rows[0][0] == rows[-1][1]
    assert delays_s == pytest.approx([w for _, _, w in rows[:-1]], abs=0.5e-9)
    timed = Watched(SMALL.replace(strategy="timed"))
    timed.run(60)
    inspector = timed.bytes.show_packet(timed.ended(0)[0])
    assert followed(inspector)[1] == [0.0, 0.0, 0.0]
    assert any("field is 0" in note for note in inspector.state.sent.notes)


def test_free_routes_wide_layers_and_long_routes_are_opened_too():
    for knobs in ({"topology": "free_route", "layers": 4}, {"width": 40}, {"layers": 8}):
        scenario = SMALL.replace(**knobs)
        watched = Watched(scenario)
        watched.run(100)
        number = watched.ended(0)[0]
        inspector = watched.bytes.show_packet(number)
        visited, _, _ = followed(inspector)
        assert visited[:-1] == hosts(watched.rows[number], scenario.width)
        data = view(inspector.state).data
        assert len(data["columns"]) == scenario.layers + 1
        for column in data["columns"]:
            assert 1 <= len(column["nodes"]) <= 5
            assert sum(node["chosen"] for node in column["nodes"]) == 1
    far = replace(watched.bytes._log.find(number, None), mixes=((0, 0),) * 11, waits_s=(0.1,) * 11)
    with pytest.raises(WorkbenchError, match="room for 11 hops here; this route has 12"):
        state_of(far, SMALL)


def test_what_is_lost_or_unknown_is_said_in_words():
    watched = Watched(SMALL.replace(link_loss=0.5))
    watched.run(40)
    lost = next(n for n, rows in watched.rows.items() if rows[-1][1] == NOWHERE)
    with pytest.raises(WorkbenchError, match=f"whole way of packet {lost}"):
        watched.bytes.show_packet(lost)
    sent = len(watched.wire.sent)
    watched.flow._heard({"type": "act", "action": "bytes", "packet": lost}, [])
    said = [content for content, _ in watched.wire.sent[sent:]]
    assert any("Choose another" in content.get("text", "") for content in said)
    assert watched.bytes.children == ()


def test_the_sent_packet_can_be_broken_but_not_made_another():
    watched = Watched(SMALL)
    watched.run(40)
    number = watched.ended(0)[0]
    inspector = watched.bytes.show_packet(number)
    assert watched.bytes.children == (inspector,)
    for name, values in (
        ("message", {"text": "x"}), ("hops", {"count": 2}), ("node", {"column": 0, "row": 0}),
        ("wait", {"hop": 0, "text": "1"}), ("kind", {}), ("build", {}), ("size", {"choice": "ack"}),
    ):  # fmt: skip
        with pytest.raises(InputError, match="stand as they are"):
            act(inspector.state, {"name": name, **values})
    whole = inspector.packet
    inspector.do("step", to=2)
    inspector.do("flip", offset=500, bit=3)
    assert "refuses it" in view(inspector.state).data["verdict"]
    inspector.do("reset")
    assert inspector.packet == whole
    assert inspector.state.step == 0
    with pytest.raises(LessonError, match="line of code"):
        _ = inspector.query
    names: dict[str, object] = {}
    *lines, last = inspector.state.sent.code.split("; ")
    exec("\n".join(lines), names)
    assert eval(last, names).packet == whole
    inspector._any_message(None, {"name": "close"}, None)
    assert watched.bytes.children == ()
    assert watched.bytes.show_packet(watched.ended(0)[1]) is inspector


def test_one_mix_has_one_key_and_two_packets_share_no_bytes_of_a_header():
    watched = Watched(SMALL)
    watched.run(60)
    first, second = (
        state_of(watched.bytes._log.find(n, None), SMALL) for n in watched.ended(0)[:2]
    )
    keys = [
        {n.name: n.key.public for column in s.network.columns for n in column.nodes}
        for s in (first, second)
    ]
    shared = keys[0].keys() & keys[1].keys()
    assert len(shared) >= 9
    assert all(keys[0][name] == keys[1][name] for name in shared)
    one, two = (np.frombuffer(make(s.recipe).packet, np.uint8) for s in (first, second))
    assert (one[:48] == two[:48]).sum() < 8


def test_a_log_forgets_the_oldest_and_what_began_before_it():
    network, log = LiveMixnet(SMALL), JourneyLog(most=50)
    old = network.advance(0.05).events  # warm: some were sent before this step
    assert (old.source >= 0).any()
    log.take(old, SMALL)
    before = set(old.packet[old.source >= 0].tolist()) - set(old.packet[old.source < 0].tolist())
    assert all(log.find(n, None) is None for n in before)
    for _ in range(80):
        log.take(network.advance(0.05).events, SMALL)
    assert len(log._known) == 50
    assert min(log._known) > max(before)
    log.clear()
    assert log.find(60, None) is None


def test_an_inspector_from_outside_takes_large_type_with_the_panel():
    watched = Watched(SMALL)
    watched.run(40)
    watched.bytes.dress(True)
    assert watched.bytes.show_packet(watched.ended(0)[0]).state.presenter
    watched.bytes.dress(False)
    assert not watched.bytes.inspector.state.presenter
    journey = watched.bytes._log.find(watched.ended(0)[0], None)
    assert not any(math.isnan(w) for w in journey.waits_s)
    assert inspector_of(journey, SMALL, gateways=0).state.route[-1].name == "exit gateway 1"
    assert Act("bytes", (), None).packet is None
