"""What comes out: a row of numbers an epoch, a frame with every node, and the table of rows."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.errors import SimulationError
from workbench.system.choices import Moved
from workbench.system.entry import Entered
from workbench.system.setting import SystemScenario

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
Column = NDArray[Any]


@dataclass(frozen=True)
class EpochRow:
    """One epoch in numbers; amounts in NYM, entropies in bits, NaN where nothing was measured.

    Attributes
    ----------
    sample_s, offered_per_s
        Seconds of the hour that were simulated, and the packets a second that clients sent
        then: what the row's measurements rest on.
    entropy_median_bits, entropy_worst_bits
        Over packets: the median of the targets, and the mean of their worst 5 %.
    sender_entropy_median_bits, sender_entropy_worst_bits
        The same over people.
    latency_mean_s, latency_p95_s
        Of real packets from client to client, queues included.
    dropped_share
        Of all packets that were sent.
    performance_mean, performance_lowest, performance_error, sampled_packets
        Over the active nodes: mean and lowest performance, the mean standard error of one
        node's, and the mean number of packets that it rests on.
    load_mean, load_highest
        Arrivals over capacity, of the active nodes; NaN without capacities.
    width, active, standby, unfilled
        Mixes a layer; nodes in the active and standby sets; places left empty.
    budget_nym, paid_nym, delegates_paid_nym
        What the epoch might have paid, what it paid, and the delegators' part.
    saturation_p05, saturation_median, saturation_p95, saturation_highest, over_saturated
        Uncapped, over all nodes; how many nodes are above 1.
    operators, nakamoto, gini, hhi, pledge_rate
        Decentralisation by operator; those with nothing staked are not counted.
    margin_mean
        Over all nodes.
    moves, moved_nym, margins_changed
        How delegators and operators responded.
    open_nodes, opened, closed, pledges_changed
        Nodes that are open after the epoch, and what operators did about theirs in it.
    """

    epoch: int
    sample_s: float
    offered_per_s: float
    sent: int
    dropped_share: float
    entropy_median_bits: float
    entropy_worst_bits: float
    sender_entropy_median_bits: float
    sender_entropy_worst_bits: float
    latency_mean_s: float
    latency_p95_s: float
    performance_mean: float
    performance_lowest: float
    performance_error: float
    sampled_packets: float
    load_mean: float
    load_highest: float
    width: int
    active: int
    standby: int
    unfilled: int
    budget_nym: float
    paid_nym: float
    delegates_paid_nym: float
    saturation_p05: float
    saturation_median: float
    saturation_p95: float
    saturation_highest: float
    over_saturated: int
    operators: int
    nakamoto: int
    gini: float
    hhi: float
    pledge_rate: float
    margin_mean: float
    moves: int
    moved_nym: float
    margins_changed: int
    open_nodes: int
    opened: int
    closed: int
    pledges_changed: int


COLUMNS = tuple(item.name for item in fields(EpochRow))
WHOLE_COLUMNS = frozenset(item.name for item in fields(EpochRow) if item.type == "int")


@dataclass(frozen=True, eq=False)
class EpochFrame:
    """One epoch with every node: what a picture needs. Arrays are of shape (nodes,).

    Attributes
    ----------
    row : EpochRow
    setting : SystemScenario
        Under which the epoch ran.
    roles : int8
        :class:`~workbench.rewards.parameters.Role` codes: MIX is active.
    places : int64 (layers, width)
        Which node stood where.
    weights : float64
        With which nodes went into the draw.
    performances, performance_errors : float64
        Measured in this epoch: share of packets that were passed on, and its binomial
        standard error; where ``sampled`` is 0 the value is the last measured one, its error
        NaN.
    sampled, drops : int64
        Packets that tried each node (traffic, or test packets outside the active set), and
        those that it did not pass on.
    loads_per_s, capacities_per_s : float64
        Capacities are infinite without a limit.
    pledges_nym, delegations_nym, saturations, margins, rewards_nym : float64
        Stakes after the epoch's pay and moves; saturations uncapped.
    operators : int64
        Who runs each node.
    is_open : bool
        Whether each node is open after the epoch.
    entered : Entered
        Which nodes opened, closed, or have another pledge.
    moved : Moved
        Delegations that changed node. From the number of delegators on, its ``delegators``
        are the operators, by node, with what they own beside their pledge.
    next_width, width_because
        The width of the next epoch and what decided it: "pools", "load", "places" or "step".
    approximation : str or None
        What of the entropies is approximate.
    """

    row: EpochRow
    setting: SystemScenario
    roles: NDArray[np.int8]
    places: Whole
    weights: Floats
    performances: Floats
    performance_errors: Floats
    sampled: Whole
    drops: Whole
    loads_per_s: Floats
    capacities_per_s: Floats
    pledges_nym: Floats
    delegations_nym: Floats
    saturations: Floats
    margins: Floats
    rewards_nym: Floats
    operators: Whole
    is_open: NDArray[np.bool_]
    entered: Entered
    moved: Moved
    next_width: int
    width_because: str
    approximation: str | None


class EpochTable(Mapping[str, Column]):
    """Rows of epochs as columns: ``table["width"]`` or ``table.width`` is a numpy array.

    Examples
    --------
    >>> EpochTable([]).epochs, len(EpochTable([])) == len(COLUMNS)
    (0, True)
    """

    def __init__(self, rows: Sequence[EpochRow]) -> None:
        self.rows = tuple(rows)
        self._columns: dict[str, Column] = {}
        for name in COLUMNS:
            values = [getattr(row, name) for row in self.rows]
            column: Column = np.array(values, "i8" if name in WHOLE_COLUMNS else "f8")
            column.setflags(write=False)
            self._columns[name] = column

    @property
    def epochs(self) -> int:
        """How many rows there are."""
        return len(self.rows)

    def __getitem__(self, name: str) -> Column:
        try:
            return self._columns[name]
        except (KeyError, TypeError):
            known = ", ".join(COLUMNS)
            raise SimulationError(f"no column {str(name)[:60]!r}; there are {known}") from None

    def __getattr__(self, name: str) -> Column:
        if name in COLUMNS and "_columns" in self.__dict__:
            return self._columns[name]
        raise AttributeError(f"no column {name!r}")

    def __contains__(self, name: object) -> bool:
        return name in COLUMNS

    def __iter__(self) -> Iterator[str]:
        return iter(COLUMNS)

    def __len__(self) -> int:
        return len(COLUMNS)

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write the table with a line of names; floats so that they read back equal.

        Raises
        ------
        SimulationError
            If the file cannot be written.
        """
        try:
            with open(path, "w", newline="", encoding="utf-8") as file:
                writer = csv.writer(file)
                writer.writerow(COLUMNS)
                for row in self.rows:
                    writer.writerow([repr(getattr(row, name)) for name in COLUMNS])
        except (OSError, TypeError, ValueError) as error:
            raise SimulationError(f"cannot write the table to {path!r:.200}: {error}") from None
