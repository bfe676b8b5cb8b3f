"""The inspector's state, view and words, without a page."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import LessonError, WorkbenchError
from workbench.panels.packet_inspector import PacketInspector, packet_inspector
from workbench.panels.packet_journey import journey, make
from workbench.panels.packet_state import SIZES, InputError, State, act
from workbench.panels.packet_view import view
from workbench.sphinx import FinalHop, ForwardHop, process
from workbench.teaching import Prediction, Progress, Question

START = State(network_seed=7, seed=7)


def after(state: State, *actions: dict[str, Any]) -> State:
    for action in actions:
        state = act(state, action)
    return state


def step(n: int) -> dict[str, Any]:
    return {"name": "step", "to": n}


def flip(offset: int, bit: int = 0) -> dict[str, Any]:
    return {"name": "flip", "offset": offset, "bit": bit}


# --- real packets ---


@pytest.mark.parametrize("hops", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("size", list(SIZES))
@pytest.mark.parametrize("version", [258, 259])
def test_the_bytes_shown_are_a_packet_that_every_node_of_the_route_accepts(hops, size, version):
    state = after(
        START,
        {"name": "message", "text": "north gate"},
        {"name": "hops", "count": hops},
        {"name": "size", "choice": size},
        {"name": "version", "value": version},
    )
    packet = view(state).before
    assert len(packet) == state.geometry.packet_bytes
    for i, node in enumerate(state.route):
        shown = view(after(state, step(i + 1)))
        assert shown.before == packet
        result = process(packet, node.key, state.geometry)
        if isinstance(result, ForwardHop):
            assert shown.after == result.packet
            assert result.next_address == state.route[i + 1].address
            assert result.delay_s == state.waits_s[node.column]
            packet = result.packet
        else:
            assert isinstance(result, FinalHop)
            assert i == hops - 1
            assert result.message == b"north gate"
            assert shown.after == result.payload
            assert "north gate" in shown.data["summary"]


def test_every_byte_belongs_to_one_lettered_field():
    for state in (START, after(START, step(1)), after(START, step(4)), after(START, flip(0))):
        shown = view(state)
        for name, data in (("before", shown.before), ("after", shown.after)):
            if data:
                covered = [
                    i for f in shown.data[name]["fields"] for i in range(f["start"], f["stop"])
                ]
                assert covered == list(range(len(data)))
                assert all(f["letter"] and f["meaning"] for f in shown.data[name]["fields"])


def test_the_same_state_gives_the_same_bytes_and_a_new_build_gives_others():
    again = act(START, {"name": "build"}, new_seed=lambda: 8)
    assert view(START).before == view(replace(START)).before
    assert view(again).before != view(START).before
    assert again.message == START.message


# --- breaking it ---


@pytest.mark.parametrize("hop", [1, 2, 3, 4])
@pytest.mark.parametrize(("offset", "bit"), [(0, 0), (31, 6), (32, 0), (47, 7), (48, 0), (347, 7)])
def test_a_flipped_header_bit_is_refused_by_the_next_node(hop, offset, bit):
    state = after(START, step(hop), flip(offset, bit))
    stops = journey(state.recipe, state.breaks)
    assert len(stops) == hop
    assert stops[-1].hop.error == "BadMacError"
    assert f"{stops[-1].node.name} refuses it: the MAC" in view(state).data["verdict"]
    assert view(state).after == b""


@pytest.mark.parametrize("hop", [1, 2, 3, 4])
@pytest.mark.parametrize("offset", [348, 700, 1388])
def test_a_flipped_payload_bit_is_noticed_at_the_exit_only(hop, offset):
    state = after(START, step(hop), flip(offset))
    stops = journey(state.recipe, state.breaks)
    assert [s.hop.outcome for s in stops] == ["forward"] * 3 + ["refused"]
    assert stops[-1].hop.error == "BadPaddingError"
    assert "exit gateway 1 refuses it: the zeros" in view(state).data["verdict"]


def test_the_one_unread_bit_of_the_group_element_goes_unnoticed():
    state = after(START, flip(31, 7))
    stops = journey(state.recipe, state.breaks)
    assert stops[-1].hop.outcome == "final"
    assert "nobody notices" in view(state).data["verdict"]
    assert stops[0].hop.replay_tag == stops[0].intact.replay_tag
    sent_again = after(state, {"name": "replay"})
    assert journey(sent_again.recipe, sent_again.breaks)[-1].hop.error == "ReplayError"


def test_a_packet_cut_short_is_refused_at_once():
    state = after(START, step(2), {"name": "cut"})
    assert journey(state.recipe, state.breaks)[-1].hop.error == "PacketLengthError"
    assert "1388 bytes" in view(state).data["verdict"]
    assert len(view(state).before) == 1388


def test_the_second_copy_is_refused_by_its_replay_tag_also_with_another_payload():
    state = after(START, {"name": "replay"})
    assert "seen this replay tag" in view(state).data["verdict"]
    state = after(START, {"name": "replay"}, flip(900))
    assert journey(state.recipe, state.breaks)[-1].hop.error == "ReplayError"
    assert len(journey(state.recipe, state.breaks)) == 1


def test_breaks_are_mended_by_a_second_flip_or_all_at_once():
    assert after(START, flip(5), flip(5)).breaks == ()
    assert after(START, flip(5), {"name": "cut"}, {"name": "mend"}).breaks == ()
    assert after(START, {"name": "replay"}, {"name": "replay"}).breaks == ()


# --- replies ---


@pytest.mark.parametrize("version", [258, 259])
def test_a_reply_comes_back_to_the_one_who_made_the_block(version):
    state = after(START, {"name": "version", "value": version}, {"name": "kind"})
    shown = view(state)
    assert shown.after == make(state.recipe).surb
    assert shown.before[:348] == shown.after[:348]
    end = view(after(state, step(4)))
    assert "You read: “I will be there”" in end.data["summary"]
    assert end.data["stops"][-1]["note"] == "read the reply"
    broken = view(after(state, flip(600)))
    assert broken.data["stops"][-1]["note"] == "gets nothing"


def test_switching_to_a_reply_and_back_loses_no_text():
    state = after(START, {"name": "kind"}, {"name": "message", "text": "yes"}, {"name": "kind"})
    assert (state.message, state.reply) == (START.message, "yes")


# --- what is said ---


def test_what_a_node_learned_is_the_traces_and_the_wire_is_told_apart():
    shown = view(after(START, step(2))).data
    text = " ".join(shown["learned"])
    assert "mix 10, at 10.0.3.10:1789" in text
    assert "0.12 s" in text
    assert shown["wire"].startswith("Not from the packet: the wire says that mix 2")
    assert "layer 2" in shown["wire"]
    assert "mix 2" not in text
    assert "layer" not in text
    trace_says = journey(START.recipe, ())[1].hop.hidden
    assert [t.lower() for t in shown["hidden"]] == [f"{t}.".lower() for t in trace_says]


@pytest.mark.parametrize("n", range(5))
def test_a_state_is_told_in_one_line(n):
    summary = view(after(START, step(n))).data["summary"]
    assert "\n" not in summary
    assert 20 < len(summary) < 160


def test_a_view_is_plain_data_and_small():
    for state in (START, after(START, step(1)), after(START, flip(9))):
        assert len(json.dumps(view(state).data)) < 12_000


def test_the_geometry_shown_is_the_librarys():
    for key, (_, geometry) in SIZES.items():
        state = after(START, {"name": "message", "text": "x"}, {"name": "size", "choice": key})
        rows = {row[0]: row[1] for row in view(state).data["geometry"]["rows"]}
        assert rows["packet"] == geometry.packet_bytes == len(view(state).before)
        assert rows["message, at most"] == geometry.message_bytes


# --- bad input ---


def test_a_text_that_is_too_long_says_what_to_do_and_loses_nothing():
    state = after(START, {"name": "message", "text": "x" * 1024})
    with pytest.raises(InputError, match=r"1,025 bytes; this packet holds 1,024. Shorten it") as e:
        act(state, {"name": "message", "text": "x" * 1025})
    assert e.value.field == "message"
    with pytest.raises(InputError, match="choose a larger packet"):
        act(START, {"name": "size", "choice": "ack"})


@pytest.mark.parametrize("text", ["", "soon", "-1", "nan", "inf", "1e9", None, [], "1" * 99])
def test_a_bad_wait_says_what_to_write(text):
    with pytest.raises(InputError, match="number of seconds from 0 to 3,600") as error:
        act(START, {"name": "wait", "hop": 0, "text": text})
    assert error.value.field == "wait 0"


def test_a_wait_is_what_the_node_reads():
    state = after(START, {"name": "wait", "hop": 1, "text": "0,5"}, step(2))
    assert "0.5 s" in " ".join(view(state).data["learned"])


def test_a_node_is_chosen_changed_and_skipped():
    state = act(START, {"name": "node", "column": 2, "row": 3})
    assert [n.name for n in state.route] == ["mix 2", "mix 8", "mix 10", "exit gateway 1"]
    state = act(state, {"name": "node", "column": 2, "row": 3})
    assert [n.name for n in state.route] == ["mix 2", "mix 10", "exit gateway 1"]
    state = act(START, {"name": "hops", "count": 1})
    with pytest.raises(InputError, match="at least one node"):
        act(state, {"name": "node", "column": 4, "row": 0})


PLAIN = st.none() | st.booleans() | st.integers(-3, 2000) | st.floats() | st.text(max_size=8)
LOOKING = ["step", "presenter", "kind", "unknown"]
CHANGING = ["message", "hops", "node", "wait", "size", "version", "build"]
BREAKING = ["flip", "cut", "replay", "mend"]
NAMES = st.sampled_from([*LOOKING, *CHANGING, *BREAKING])
KEYS = ["text", "count", "column", "row", "hop", "choice", "value", "to", "offset", "bit", "name"]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(NAMES, st.dictionaries(st.sampled_from(KEYS), PLAIN)), max_size=6))
def test_whatever_the_page_sends_the_state_can_be_drawn(actions):
    state = START
    for name, values in actions:
        try:
            state = act(state, {**values, "name": name})
        except WorkbenchError as error:
            assert str(error)  # noqa: PT017 - either outcome is right, a bare crash is not
    shown = view(state)
    json.dumps(shown.data)
    assert shown.before


# --- the widget ---


class Page:
    """Hears what the widget sends, in the place of a browser."""

    def __init__(self, widget: PacketInspector) -> None:
        self.heard: list[tuple[Any, list[bytes]]] = []
        self.widget = widget
        widget.send = lambda content, buffers=None: self.heard.append((content, buffers or []))

    def say(self, **content: Any) -> tuple[Any, list[bytes]]:
        self.widget._any_message(self.widget, content, [])
        return self.heard[-1]

    def everything(self) -> str:
        state = {
            k: str(v)
            for k, v in self.widget.get_state().items()
            if k not in ("_esm", "_css", "_code")
        }
        buffers = [b.hex() for _, bs in self.heard for b in bs]
        return json.dumps([[c for c, _ in self.heard], buffers, state])


def test_a_page_that_says_hello_gets_the_packet_as_binary():
    page = Page(packet_inspector(seed=3))
    content, buffers = page.say(name="hello", serial=1)
    assert content["serial"] == 1
    assert buffers[0] == page.widget.packet
    assert page.widget.packet.hex()[:40] not in json.dumps(content)


def test_no_trait_holds_the_packet():
    widget = packet_inspector(seed=3)
    widget.do("step", to=2)
    own = {k: v for k, v in widget.get_state().items() if k not in ("_esm", "_css", "_code")}
    assert len(str(own)) < 1_500
    assert len(str(widget.get_state())) < 50_000


def test_undo_goes_back_over_changes_and_not_over_looks():
    page = Page(packet_inspector(seed=3))
    page.say(name="step", to=2)
    page.say(name="message", text="a")
    page.say(name="message", text="ab")
    page.say(name="hops", count=2)
    assert page.say(name="undo")[0]["view"]["message"] == "ab"
    content, _ = page.say(name="undo")
    assert content["view"]["message"] == "Meet me at the north gate"
    assert not content["view"]["can_undo"]
    page.say(name="undo")
    assert page.widget.state.message == "Meet me at the north gate"


def test_reset_brings_back_the_first_inputs_with_a_new_packet():
    page = Page(packet_inspector("hello", hops=2, seed=3))
    first = page.widget.packet
    page.say(name="hops", count=5)
    page.say(name="message", text="other")
    page.say(name="reset")
    assert page.widget.state.message == "hello"
    assert len(page.widget.state.route) == 2
    assert page.widget.packet != first


def test_a_panel_made_after_its_guess_was_locked_is_open_from_the_start():
    guess = Prediction(
        "03/size",
        "Guess",
        [Question("How much shorter?", "number", unit="bytes")],
        truth=lambda: [0],
        why=lambda: "It is not.",
        progress=Progress(),
    )
    guess.lock(["5"])
    page = Page(packet_inspector(ask=guess, seed=3))
    assert page.say(name="hello")[0]["view"]["seal"] is None


def test_a_bad_input_is_answered_and_changes_nothing():
    page = Page(packet_inspector(seed=3))
    content, _ = page.say(name="wait", hop=0, text="soon", serial=9)
    assert content["problem"]["field"] == "wait 0"
    assert content["serial"] == 9
    assert "seconds" in content["problem"]["text"]


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from([*KEYS, "serial", "answers"]), PLAIN) | PLAIN)
def test_any_message_of_a_page_leaves_the_widget_alive(content):
    widget = packet_inspector(seed=3)
    page = Page(widget)
    widget._any_message(widget, content, [])
    assert page.say(name="hello")[0]["view"]


@pytest.mark.parametrize(
    "bad", [{"hops": 0}, {"hops": "4"}, {"message": 5}, {"seed": 0.5}, {"seal": "all"}]
)
def test_bad_arguments_are_our_error(bad):
    with pytest.raises(LessonError):
        packet_inspector(**bad)


# --- nothing before the guess ---


def ask() -> Prediction:
    return Prediction(
        "03/size",
        "Guess",
        [Question("How much shorter?", "number", unit="bytes")],
        truth=lambda: ["TRUTH"],
        why=lambda: "BECAUSE",
        progress=Progress(),
    )


def test_before_the_guess_nothing_of_the_nodes_is_sent():
    page = Page(packet_inspector(ask=ask(), seed=3))
    page.say(name="hello")
    for name, values in (
        ("step", {"to": 1}),
        ("flip", {"offset": 3, "bit": 1}),
        ("cut", {}),
        ("replay", {}),
        ("guess", {"answers": ["many"]}),
        ("guess", {}),
        ("kind", {}),
        ("kind", {}),
        ("undo", {}),
    ):
        page.say(name=name, **values)
    sent = page.everything()
    stops = journey(page.widget.state.recipe, ())
    secret = [stops[0].hop.packet_after, stops[0].hop.block, stops[0].hop.replay_tag]
    for data in secret:
        for i in range(0, len(data) - 8, 8):
            assert data[i : i + 8].hex() not in sent
    for word in ("TRUTH", "BECAUSE", "leaves mix", "2 learned", " out;"):
        assert word not in sent
    content, _ = page.say(name="guess", answers=["60"])
    assert content["view"]["feedback"]["lines"] == ["You said 60 bytes; it was TRUTH."]
    assert content["view"]["seal"] is None
    assert page.say(name="step", to=1)[1][1] == stops[0].hop.packet_after


def test_before_the_guess_about_breaking_no_verdict_is_sent():
    page = Page(packet_inspector(ask=ask(), seal="break", seed=3))
    page.say(name="hello")
    assert "lock in your guess" in page.say(name="flip", offset=700, bit=1)[0]["problem"]["text"]
    page.say(name="replay")
    for to in range(5):
        page.say(name="step", to=to)
    sent = page.everything()
    for word in ("TRUTH", "BECAUSE", "refuses", "notices", "passes it on", "changed on", "nobody"):
        assert word not in sent
    page.say(name="guess", answers=["60"])
    assert "refuses it" in page.say(name="flip", offset=700, bit=1)[0]["view"]["verdict"]
