"""What an epoch did, put into numbers: the frame with every node and its row of the table."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from workbench.mixing.exactness import approximation
from workbench.mixing.run import Spread
from workbench.rewards import decentralisation
from workbench.rewards.arrays import EpochArrays, NetworkArrays
from workbench.rewards.parameters import Role
from workbench.system.carry import Carried
from workbench.system.choices import Moved
from workbench.system.entry import Entered
from workbench.system.measure import Measured
from workbench.system.setting import SystemScenario
from workbench.system.start import UNYM
from workbench.system.table import EpochFrame, EpochRow
from workbench.system.width import Width

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


class Drawn(NamedTuple):
    """An epoch that began: who stands where.

    ``weights`` and ``roles`` are by node; ``places`` of shape (layers, width) names the node
    at each place.
    """

    weights: Floats
    roles: NDArray[np.int8]
    places: Whole


class Happened(NamedTuple):
    """All that one epoch did; arrays are of shape (nodes,).

    ``carried`` is None when nobody carried packets through it; ``sampled`` and ``drops`` count
    test packets, too. ``is_open``, ``capacities_per_s`` and ``losses`` are as the epoch ended.
    """

    epoch: int
    setting: SystemScenario
    drawn: Drawn
    carried: Carried | None
    sampled: Whole
    drops: Whole
    measured: Measured
    paid: EpochArrays
    budget_unym: float
    entered: Entered
    moved: Moved
    margins_changed: int
    planned: Width
    operators: Whole
    is_open: NDArray[np.bool_]
    capacities_per_s: Floats
    losses: Floats

    @property
    def active(self) -> Whole:
        """The nodes that stood in a layer, layer by layer."""
        return self.drawn.places.ravel()

    @property
    def loads_per_s(self) -> Floats:
        """Arrivals a second at each node; 0 outside the layers."""
        loads = np.zeros(len(self.operators))
        if self.carried is not None:
            loads[self.active] = self.carried.loads_per_s
        return loads


def frame_of(network: NetworkArrays, happened: Happened) -> EpochFrame:
    """The epoch with every node.

    Parameters
    ----------
    network : NetworkArrays
        Stakes and margins after the epoch's pay and moves.
    happened : Happened
        What the epoch did.
    """
    setting, drawn, measured = happened.setting, happened.drawn, happened.measured
    losses = happened.losses[happened.active]
    known = setting.traffic
    if losses.any():
        known = known.replace(mix_loss=float(losses.max()))
    return EpochFrame(
        row=row_of(network, happened),
        setting=setting,
        roles=drawn.roles,
        places=drawn.places,
        weights=drawn.weights,
        performances=measured.performances,
        performance_errors=measured.errors,
        sampled=happened.sampled,
        drops=happened.drops,
        loads_per_s=happened.loads_per_s,
        capacities_per_s=happened.capacities_per_s,
        pledges_nym=network.operators_unym / UNYM,
        delegations_nym=network.delegates_unym / UNYM,
        saturations=network.saturations,
        margins=network.margins.copy(),
        rewards_nym=happened.paid.rewards_unym / UNYM,
        operators=happened.operators,
        is_open=happened.is_open,
        entered=happened.entered,
        moved=happened.moved,
        next_width=happened.planned.mixes,
        width_because=happened.planned.because,
        approximation=approximation(known),
    )


def row_of(network: NetworkArrays, happened: Happened) -> EpochRow:
    """The epoch as one row of the table; arguments as :func:`frame_of` takes them."""
    setting, carried, paid = happened.setting, happened.carried, happened.paid
    roles, active = happened.drawn.roles, happened.active
    capacities = happened.capacities_per_s
    nothing = np.zeros(0)
    over_packets = Spread.of(carried.entropy_bits if carried else nothing)
    over_people = Spread.of(carried.sender_entropy_bits if carried else nothing)
    latencies = carried.latencies_s if carried else nothing
    own = happened.measured.performances[active]
    shares = happened.loads_per_s[active] / capacities[active]
    has_limit = bool(np.isfinite(capacities).all()) and bool(active.size)
    full = network.saturations
    low, middle, high = np.quantile(full, (0.05, 0.5, 0.95)).tolist()
    spread = decentralisation.measure(
        network.operators_unym,
        network.delegates_unym,
        happened.operators,
        network.saturation_point_unym,
    )
    return EpochRow(
        epoch=happened.epoch,
        sample_s=setting.sample_s,
        offered_per_s=carried.offered_per_s if carried else np.nan,
        sent=carried.sent if carried else 0,
        dropped_share=carried.dropped / carried.sent if carried and carried.sent else np.nan,
        entropy_median_bits=over_packets.median,
        entropy_worst_bits=over_packets.worst,
        sender_entropy_median_bits=over_people.median,
        sender_entropy_worst_bits=over_people.worst,
        latency_mean_s=carried.latency_mean_s if carried else np.nan,
        latency_p95_s=float(np.quantile(latencies, 0.95)) if latencies.size else np.nan,
        performance_mean=float(own.mean()) if own.size else np.nan,
        performance_lowest=float(own.min()) if own.size else np.nan,
        performance_error=_mean(happened.measured.errors[active]),
        sampled_packets=float(happened.sampled[active].mean()) if active.size else np.nan,
        load_mean=float(shares.mean()) if has_limit else np.nan,
        load_highest=float(shares.max()) if has_limit else np.nan,
        width=happened.drawn.places.shape[1],
        active=int(active.size),
        standby=int(np.count_nonzero(roles == Role.STANDBY)),
        unfilled=setting.rewarded_nodes - int(np.count_nonzero(roles)),
        budget_nym=happened.budget_unym / UNYM,
        paid_nym=paid.paid_unym / UNYM,
        delegates_paid_nym=float(paid.delegates_unym.sum()) / UNYM,
        saturation_p05=low,
        saturation_median=middle,
        saturation_p95=high,
        saturation_highest=float(full.max()),
        over_saturated=spread.nodes_above_saturation,
        operators=spread.operators,
        nakamoto=spread.nakamoto,
        gini=spread.gini,
        hhi=spread.hhi,
        pledge_rate=spread.pledge_rate,
        margin_mean=float(network.margins.mean()),
        moves=len(happened.moved.delegators),
        moved_nym=float(happened.moved.amounts_unym.sum()) / UNYM,
        margins_changed=happened.margins_changed,
        open_nodes=int(np.count_nonzero(happened.is_open)),
        opened=len(happened.entered.opened),
        closed=len(happened.entered.closed),
        pledges_changed=len(happened.entered.pledged),
    )


def _mean(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else float("nan")
