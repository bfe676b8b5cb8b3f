"""What the packet inspector shows is what the published crate accepts, and refuses."""

from __future__ import annotations

import pytest
from sphinx_reference import Arrived, Forwarded, Reference, RefusedError

from workbench.panels.packet_inspector import packet_inspector
from workbench.panels.packet_journey import Break, broken, journey
from workbench.panels.packet_state import SIZES, State, act
from workbench.panels.packet_view import view
from workbench.sphinx import HopTrace

START = State(network_seed=11, seed=11, message="north gate")


def after(state: State, *actions: dict[str, object]) -> State:
    for action in actions:
        state = act(state, action)
    return state


def follow(reference: Reference, state: State, packet: bytes) -> Arrived:
    """The crate opens it node by node; each panel step must show what the crate sends on."""
    for i, node in enumerate(state.route):
        shown = view(after(state, {"name": "step", "to": i + 1}))
        assert shown.before == packet
        theirs = reference.process(packet, node.key.secret)
        assert theirs.version == state.version
        if isinstance(theirs, Arrived):
            assert i == len(state.route) - 1
            assert shown.after == theirs.payload
            return theirs
        assert shown.after == theirs.packet
        assert theirs.next_address == state.route[i + 1].address
        assert theirs.delay_ns == round(state.waits_s[node.column] * 1e9)
        packet = theirs.packet
    raise AssertionError("the crate never said that it was the last hop")


@pytest.mark.parametrize("hops", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("size", list(SIZES))
@pytest.mark.parametrize("version", [258, 259])
def test_the_crate_accepts_the_bytes_that_the_panel_shows(
    reference: Reference, hops: int, size: str, version: int
) -> None:
    state = after(
        START,
        {"name": "hops", "count": hops},
        {"name": "size", "choice": size},
        {"name": "version", "value": version},
    )
    assert follow(reference, state, view(state).before).message == b"north gate"


@pytest.mark.parametrize("version", [258, 259])
def test_the_crate_accepts_the_panels_reply(reference: Reference, version: int) -> None:
    state = after(START, {"name": "version", "value": version}, {"name": "kind"})
    shown = view(state)
    # The crate itself answers with the block that the panel shows: the same packet.
    packet, first = reference.use_surb(shown.after, b"I will be there", state.geometry)
    assert packet == shown.before
    assert first == state.route[0].address
    assert follow(reference, state, shown.before).message == b"I will be there"


def crate_says(reference: Reference, state: State) -> list[str]:
    """What each node of the route says in the crate's words, with the same breaks."""
    said: list[str] = []
    packet = view(replace_breaks(state)).before
    for index, node in enumerate(state.route):
        packet = broken(packet, [b for b in state.breaks if b.hop == index])
        try:
            answer = reference.process(packet, node.key.secret)
        except RefusedError as refusal:
            return [*said, f"refused: {refusal.words or refusal.kind}"]
        if isinstance(answer, Forwarded):
            said.append("forward")
            packet = answer.packet
        else:
            said.append("final" if answer.message is not None else "unreadable")
            break
    return said


def replace_breaks(state: State) -> State:
    return after(state, {"name": "mend"}, {"name": "step", "to": 0})


def ours(state: State) -> list[HopTrace]:
    return [stop.hop for stop in journey(state.recipe, state.breaks)]


def flip(offset: int, bit: int = 0) -> dict[str, object]:
    return {"name": "flip", "offset": offset, "bit": bit}


@pytest.mark.parametrize("hop", [1, 2, 3, 4])
@pytest.mark.parametrize(
    ("offset", "bit"), [(0, 0), (31, 6), (32, 3), (47, 7), (48, 0), (200, 5), (347, 7)]
)
def test_a_flip_in_the_header_is_refused_at_the_same_node(
    reference: Reference, hop: int, offset: int, bit: int
) -> None:
    state = after(START, {"name": "step", "to": hop}, flip(offset, bit))
    mine, theirs = ours(state), crate_says(reference, state)
    assert len(mine) == len(theirs) == hop
    assert mine[-1].error == "BadMacError"
    assert "integrity MAC" in theirs[-1]


@pytest.mark.parametrize("hop", [1, 4])
@pytest.mark.parametrize("offset", [348, 700, 1388])
def test_a_flip_in_the_payload_is_seen_by_the_last_node_only(
    reference: Reference, hop: int, offset: int
) -> None:
    state = after(START, {"name": "step", "to": hop}, flip(offset))
    assert [h.outcome for h in ours(state)] == ["forward"] * 3 + ["refused"]
    assert crate_says(reference, state) == ["forward"] * 3 + ["unreadable"]


def test_the_top_bit_of_the_group_element_is_read_by_neither(reference: Reference) -> None:
    state = after(START, flip(31, 7))
    assert [h.outcome for h in ours(state)] == crate_says(reference, state)
    assert ours(state)[-1].outcome == "final"


def test_a_packet_cut_short_delivers_nothing_on_either_side(reference: Reference) -> None:
    # The crate reads any payload's length and leaves the sizes to the node's frame: it finds
    # out at the last node, we know the geometry and refuse at once. Neither gives a message.
    state = after(START, {"name": "cut"})
    assert [h.error for h in ours(state)] == ["PacketLengthError"]
    assert crate_says(reference, state)[-1] != "final"


def test_the_second_copy_has_the_tag_that_the_crate_gives(reference: Reference) -> None:
    # The crate leaves the memory to the node: what it must agree on is the tag.
    state = after(START, {"name": "replay"}, flip(900))
    stop = ours(state)[0]
    assert stop.error == "ReplayError"
    arrived = broken(view(replace_breaks(state)).before, [Break(0, "flip", 900, 0)])
    first = view(replace_breaks(state)).before
    key = state.route[0].key.secret
    assert reference.process(arrived, key).replay_tag == reference.process(first, key).replay_tag
    assert reference.process(first, key).replay_tag == stop.replay_tag


def test_the_packet_of_the_readmes_picture_is_accepted(reference: Reference) -> None:
    panel = packet_inspector(seed=2009)  # as docs/make_images.py makes it
    arrived = follow(reference, panel.state, panel.packet)
    assert arrived.message == b"Meet me at the north gate"
