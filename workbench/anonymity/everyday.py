"""Six observers that everybody has, and who of them can link you to a website.

They are those of ``observers.OBSERVERS`` that have a place in each of the three systems (a
VPN has one server only), without a second one that would give the same answers.
"""

from __future__ import annotations

from workbench.anonymity.observers import OBSERVERS, Observer, View, view
from workbench.errors import AnonymityError

EVERYDAY_SYSTEMS = ("vpn", "onion", "mixnet")
_KEYS = ("local_network", "first_node", "website_network", "website", "all_nodes", "both_ends")
EVERYDAY_OBSERVERS: tuple[Observer, ...] = tuple(o for o in OBSERVERS if o.key in _KEYS)


def everyday_view(system: str, observer: str) -> View:
    """What one of the six sees; as ``view``, for a place that is always there.

    Examples
    --------
    >>> everyday_view("vpn", "first_node").links
    'knows'
    """
    found = view(system, observer)
    if found is None:
        raise AnonymityError(f"{observer} has no place in {system}")
    return found


def who_can_link(system: str) -> tuple[str, ...]:
    """Name those of the six that end up knowing that you talked to the website.

    Examples
    --------
    >>> who_can_link("mixnet")
    ('all nodes together',)
    """
    return tuple(o.name for o in EVERYDAY_OBSERVERS if everyday_view(system, o.key).can_link)
