"""Six observers that everybody has: the same in every system, and what they come to."""

from __future__ import annotations

import pytest

from workbench.anonymity.everyday import (
    EVERYDAY_OBSERVERS,
    EVERYDAY_SYSTEMS,
    everyday_view,
    who_can_link,
)
from workbench.errors import AnonymityError

# Written by hand, from the text books: who ends up knowing that you talked to the site.
BY_HAND = {
    "vpn": {"VPN provider or first node", "all nodes together", "both providers together"},
    "onion": {"all nodes together", "both providers together"},
    "mixnet": {"all nodes together"},
}


def test_there_are_six_and_each_has_a_place_in_every_system():
    assert len(EVERYDAY_OBSERVERS) == 6
    for system in EVERYDAY_SYSTEMS:
        for observer in EVERYDAY_OBSERVERS:
            assert everyday_view(system, observer.key).observer == observer.key


@pytest.mark.parametrize("system", EVERYDAY_SYSTEMS)
def test_who_can_link_is_what_a_table_by_hand_says(system):
    assert set(who_can_link(system)) == BY_HAND[system]


def test_an_observer_without_a_place_is_our_error():
    with pytest.raises(AnonymityError, match="no place"):
        everyday_view("vpn", "last_node")
    with pytest.raises(AnonymityError):
        everyday_view("pigeon", "website")
