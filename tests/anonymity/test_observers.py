"""The table of observers, against what a textbook says of each."""

from __future__ import annotations

import itertools

import pytest

from workbench import anonymity as an
from workbench.errors import AnonymityError

# system, observer: sees you, sees the website, can link. Written by hand.
EXPECTED = {
    ("direct", "local_network"): (True, True, "knows"),
    ("direct", "website"): (True, True, "knows"),
    ("direct", "every_wire"): (True, True, "knows"),
    ("vpn", "local_network"): (True, False, "no"),
    ("vpn", "first_node"): (True, True, "knows"),
    ("vpn", "website_network"): (False, True, "no"),
    ("vpn", "website"): (False, True, "no"),
    ("vpn", "both_ends"): (True, True, "by timing"),
    ("vpn", "every_wire"): (True, True, "by timing"),
    ("onion", "local_network"): (True, False, "no"),
    ("onion", "first_node"): (True, False, "no"),
    ("onion", "middle_node"): (False, False, "no"),
    ("onion", "last_node"): (False, True, "no"),
    ("onion", "website"): (False, True, "no"),
    ("onion", "first_and_last"): (True, True, "by timing"),
    ("onion", "all_nodes"): (True, True, "knows"),
    ("onion", "both_ends"): (True, True, "by timing"),
    ("onion", "every_wire"): (True, True, "by timing"),
    ("mixnet", "local_network"): (True, False, "no"),
    ("mixnet", "middle_node"): (False, False, "no"),
    ("mixnet", "last_node"): (False, True, "no"),
    ("mixnet", "first_and_last"): (True, True, "suspects only"),
    ("mixnet", "all_nodes"): (True, True, "knows"),
    ("mixnet", "both_ends"): (True, True, "suspects only"),
    ("mixnet", "every_wire"): (True, True, "suspects only"),
}


@pytest.mark.parametrize(("place", "expected"), EXPECTED.items())
def test_each_observer_sees_what_a_textbook_says(
    place: tuple[str, str], expected: tuple[bool, bool, str]
) -> None:
    seen = an.view(*place)
    assert seen is not None
    assert (seen.sees_sender, seen.sees_receiver, seen.links) == expected


def test_who_is_not_on_the_path_has_no_row() -> None:
    assert an.view("direct", "first_node") is None
    assert an.view("vpn", "middle_node") is None
    assert an.view("vpn", "first_and_last") is None


def test_only_the_website_reads_the_words() -> None:
    assert {view.observer for view in an.table() if view.reads_words} == {"website"}


def test_a_mixnet_shows_whole_packets_inside_and_real_sizes_outside() -> None:
    sizes = {view.observer: view.size for view in an.table() if view.system == "mixnet"}
    assert sizes["local_network"] == sizes["middle_node"] == "only whole packets"
    assert sizes["last_node"] == sizes["website"] == "the real size"
    onion = an.view("onion", "local_network")
    assert onion is not None
    assert onion.size == "the number of cells"


def test_wires_and_nodes_lie_on_the_path() -> None:
    for view in an.table():
        path = an.path_of(view.system)
        assert set(view.nodes) <= set(path)
        assert set(view.wires) <= set(itertools.pairwise(path))
        assert view.wires or view.nodes
        assert view.why


def test_seeing_more_never_links_less() -> None:
    rank = {"no": 0, "suspects only": 1, "by timing": 2, "knows": 3}
    for system in an.SYSTEMS:
        few, many = an.view(system, "local_network"), an.view(system, "every_wire")
        assert few is not None
        assert many is not None
        assert rank[few.links] <= rank[many.links]


def test_whoever_links_has_both_ends_before_its_eyes() -> None:
    for view in an.table():
        if view.can_link:
            assert view.sees_sender
            assert view.sees_receiver
            assert view.timing == "both ends"


def test_unknown_names_are_refused_with_the_known_ones() -> None:
    with pytest.raises(AnonymityError, match="local_network"):
        an.view("vpn", "nobody")
    with pytest.raises(AnonymityError, match="mixnet"):
        an.view("carrier pigeon", "website")


def test_an_eye_on_the_places_of_an_observer_sees_what_it_sees() -> None:
    for seen in an.table():
        eye = an.view_from(seen.system, wires=seen.wires, nodes=seen.nodes)
        assert (eye.links, eye.sees_sender, eye.sees_receiver, eye.timing, eye.size) == (
            seen.links, seen.sees_sender, seen.sees_receiver, seen.timing, seen.size,
        )  # fmt: skip
    with pytest.raises(AnonymityError, match="at least one"):
        an.view_from("vpn")
    with pytest.raises(AnonymityError, match="VPN server"):
        an.view_from("vpn", nodes=["middle node"])


@pytest.mark.parametrize("system", an.SYSTEMS)
def test_another_eye_never_blinds_the_first(system: str) -> None:
    rank = {"no": 0, "suspects only": 1, "by timing": 2, "knows": 3}
    wires, nodes = an.wires_of(system), an.path_of(system)[1:]
    places = [("wire", wire) for wire in wires] + [("node", node) for node in nodes]

    def seen(chosen: tuple[tuple[str, object], ...]) -> int:
        view = an.view_from(
            system,
            wires=[place for kind, place in chosen if kind == "wire"],
            nodes=[place for kind, place in chosen if kind == "node"],
        )
        return rank[view.links]

    for size in (1, 2, 3):
        for chosen in itertools.combinations(places, size):
            for more in places:
                if more not in chosen:
                    assert seen((*chosen, more)) >= seen(chosen)
