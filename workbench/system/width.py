"""How wide the network should be: thick pools on one side, capacity on the other."""

from __future__ import annotations

import math
from typing import NamedTuple

from workbench.anonymity.closed_forms import pool_packets
from workbench.system.setting import SystemScenario

# A width is kept until the wish is this far off: packet counts are noisy.
_UP, _DOWN = 0.6, 0.9
_POOL_SLACK, _LOAD_SLACK = 0.3, 0.05


class Width(NamedTuple):
    """A width, and what decided it: "pools", "load", "places" or "step"."""

    mixes: int
    because: str


def planned_width(setting: SystemScenario, width: int, offered_per_s: float) -> Width:
    """The width of the next epoch, from the traffic that was measured in this one.

    As wide as leaves ``pool_packets`` in each pool (Little's law: rate times delay over
    mixes), so that the observer's doubt does not thin out; wider where the load needs it,
    never wider than the rewarded set, and at most ``width_step`` away from now.

    Parameters
    ----------
    width : int
        That of this epoch.
    offered_per_s : float
        Packets a second that clients sent, as measured.

    Returns
    -------
    Width
        It does not say what the entropy will be; the next epoch measures it.

    Examples
    --------
    >>> setting = SystemScenario()  # 1000 packets/s, 0.1 s, pools of 25, at most 10 wide
    >>> planned_width(setting, 4, 1000.0), planned_width(setting, 4, 2000.0).mixes
    (Width(mixes=4, because='pools'), 8)
    """
    traffic = setting.traffic
    if not setting.width_step:
        return Width(min(width, setting.widest), "step")
    delay = min(traffic.mean_delay_s(), 1e6)
    by_pools = float(setting.widest)
    if setting.pool_packets > 0.0:
        by_pools = pool_packets(offered_per_s, delay) / setting.pool_packets
    by_load = 1.0
    if traffic.capacity_per_s is not None:
        loops = traffic.layers * traffic.mix_loops_per_mix_per_s
        room = setting.load_at_most * traffic.capacity_per_s - loops
        by_load = offered_per_s / room if room > 0.0 else float(setting.widest)
    # Three standard deviations of a Poisson count, at most a tenth.
    noise = width * min(0.1, 3.0 / math.sqrt(max(offered_per_s * setting.sample_s, 1.0)))
    off = max(by_pools, by_load) - width
    is_near = -max(_DOWN, noise) < off < max(_UP, noise)
    goal = width if is_near else max(1, math.ceil(min(by_pools, 1e6) - _POOL_SLACK))
    needed = math.ceil(min(by_load, 1e6) - _LOAD_SLACK)
    because = "load" if needed > goal or by_load > by_pools else "pools"
    goal = max(goal, needed)
    if goal > setting.widest:
        goal, because = setting.widest, "places"
    if abs(goal - width) > setting.width_step:
        goal = width + (setting.width_step if goal > width else -setting.width_step)
        because = "step"
    return Width(min(max(1, goal), setting.widest), because)
