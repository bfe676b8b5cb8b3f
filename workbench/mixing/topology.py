"""Layers, widths and links as arrays: node = layer * width + index."""

from __future__ import annotations

import numpy as np

from workbench.mixing import kernels as k
from workbench.mixing.state import F8, U1
from workbench.scenario import Pairs, Scenario

CODES = {"stratified": k.STRATIFIED, "cascade": k.CASCADE, "free_route": k.FREE_ROUTE}


def flags(scenario: Scenario, pairs: Pairs) -> U1:
    """1 at the nodes of the (layer, index) pairs, else 0."""
    found = np.zeros(scenario.mixes, np.uint8)
    for layer, index in pairs:
        found[layer * scenario.width + index] = 1
    return found


def links(scenario: Scenario) -> tuple[float, F8]:
    """One link delay and a 1 x 1 table, or -1 and the table (the last row is all clients)."""
    if isinstance(scenario.link_delay_s, tuple):
        return -1.0, np.array(scenario.link_delay_s, np.float64)
    return scenario.link_delay_s, np.zeros((1, 1))


def mean_link_s(scenario: Scenario) -> float:
    """Mean travel time of one link, over the table's entries where there is one."""
    one, table = links(scenario)
    return one if one >= 0.0 else float(table.mean())


def longest_link_s(scenario: Scenario) -> float:
    """The longest travel time of any link."""
    one, table = links(scenario)
    return one if one >= 0.0 else float(table.max())
