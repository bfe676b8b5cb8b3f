"""Layers, widths and links as arrays: node = layer * width + index."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.mixing import kernels as k
from workbench.mixing.state import F8, I8, U1
from workbench.scenario import Pairs, Scenario

CODES = {"stratified": k.STRATIFIED, "cascade": k.CASCADE, "free_route": k.FREE_ROUTE}


def flags(scenario: Scenario, pairs: Pairs) -> U1:
    """1 at the nodes of the (layer, index) pairs, else 0."""
    found = np.zeros(scenario.mixes, np.uint8)
    for layer, index in pairs:
        found[layer * scenario.width + index] = 1
    return found


def nodes(scenario: Scenario, stride: int) -> I8:
    """The nodes of a state with room for ``stride`` mixes in a layer that are in use."""
    layers = np.arange(scenario.layers)[:, None] * stride
    return np.asarray((layers + np.arange(scenario.width)[None, :]).ravel(), np.int64)


def in_use(values: NDArray[Any], scenario: Scenario, stride: int) -> NDArray[Any]:
    """Values over the nodes of a state, of the mixes in use."""
    shaped = values.reshape(scenario.layers, stride)
    return shaped[:, : scenario.width].ravel().copy()


def numbered(found: NDArray[Any], scenario: Scenario, stride: int) -> NDArray[Any]:
    """Nodes of a state as mixes of the scenario; those out of use from ``mixes`` on.

    Nodes below zero, which are clients, stay as they are.
    """
    layer, index = found // stride, found % stride
    inside = np.where(
        index < scenario.width, layer * scenario.width + index, scenario.mixes + found
    )
    return np.where(found < 0, found, inside)


def links(scenario: Scenario, stride: int | None = None) -> tuple[float, F8]:
    """One link delay and a 1 x 1 table, or -1 and the table (the last row is all clients).

    Nodes beyond the width, which only drain, get the table's mean.
    """
    if not isinstance(scenario.link_delay_s, tuple):
        return scenario.link_delay_s, np.zeros((1, 1))
    table = np.array(scenario.link_delay_s, np.float64)
    if stride is None or stride == scenario.width:
        return -1.0, table
    mixes = scenario.layers * stride
    wide = np.full((mixes + 1, mixes + 1), table.mean())
    used = np.append(nodes(scenario, stride), mixes)
    wide[np.ix_(used, used)] = table
    return -1.0, wide


def mean_link_s(scenario: Scenario) -> float:
    """Mean travel time of one link, over the table's entries where there is one."""
    one, table = links(scenario)
    return one if one >= 0.0 else float(table.mean())
