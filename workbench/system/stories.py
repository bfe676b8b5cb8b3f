"""Stories: situations that the loop leads through, for lessons, panels and tests to play."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.errors import ScenarioError, SimulationError
from workbench.rewards.parameters import Role
from workbench.scenario import Scenario
from workbench.system.loop import LiveSystem
from workbench.system.setting import SystemScenario
from workbench.system.table import EpochFrame, EpochTable

Progress = Callable[[float], object]
Turns = Mapping[int, Mapping[str, Any]]


@dataclass(frozen=True, eq=False)
class Story:
    """A setting, what is turned when, and what to watch.

    ``watch`` names columns of the table, ``node`` the node that the story is about (or
    None), ``turning_points`` the epochs at which something happens.
    """

    name: str
    title: str
    meaning: str
    setting: SystemScenario
    epochs: int
    watch: tuple[str, ...]
    turns: Turns = field(default_factory=dict)
    node: int | None = None

    @property
    def turning_points(self) -> tuple[int, ...]:
        """Epochs before which knobs are turned."""
        return tuple(sorted(self.turns))

    def with_knobs(self, **knobs: Any) -> Story:
        """The same story in another setting, such as another seed or a smaller sample."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return Story(**{**values, "setting": self.setting.replace(**knobs)})

    def frames(self) -> Iterator[EpochFrame]:
        """Play it epoch by epoch."""
        live = LiveSystem(self.setting)
        for epoch in range(self.epochs):
            if epoch in self.turns:
                live.set(**self.turns[epoch])
            yield live.advance()

    def play(self, progress: Progress | None = None) -> Played:
        """Play it to the end; ``progress`` as in :func:`workbench.system.run_system`."""
        frames = []
        for frame in self.frames():
            frames.append(frame)
            share = len(frames) / self.epochs
            if progress is not None and progress(share) is False:
                raise SimulationError(f"stopped by its progress callback at {100 * share:.0f} %")
        return Played(
            self,
            EpochTable([frame.row for frame in frames]),
            np.array([frame.saturations for frame in frames]),
            np.array([frame.roles == Role.MIX for frame in frames]),
            np.array([frame.performances for frame in frames]),
            np.array([frame.performance_errors for frame in frames]),
        )


@dataclass(frozen=True, eq=False)
class Played:
    """A story that was played: its table, and every node in every epoch (epochs, nodes).

    `saturations` are uncapped, `performances` have standard errors `errors`.
    """

    story: Story
    table: EpochTable
    saturations: NDArray[np.float64]
    is_active: NDArray[np.bool_]
    performances: NDArray[np.float64]
    errors: NDArray[np.float64]


_BASE = SystemScenario()
# Places are scarce here: nodes compete for them by stake and performance.
_SCARCE = SystemScenario(
    traffic=Scenario(
        clients=50, traffic_per_client_per_s=10.0, width=4, capacity_per_s=200.0, delay_s=0.05
    ),
    nodes=60,
    rewarded_nodes=18,
    operators=60,
    popular=((0, 1.0),),
    sample_s=2.0,
    targets=50,
    width_step=0,
)
_STAKES = SystemScenario(
    traffic=Scenario(
        clients=30, traffic_per_client_per_s=10.0, width=4, capacity_per_s=150.0, delay_s=0.05
    ),
    sample_s=1.0,
    targets=20,
    width_step=0,
)


def traffic_doubles() -> Story:
    """Twice the people from epoch 10 on: the network widens, nobody is easier to find."""
    return Story(
        "traffic_doubles",
        "Traffic doubles",
        "Twice as many people send: standby nodes join, the pools stay as full as they were, "
        "and each packet hides among twice as many.",
        _BASE,
        20,
        ("offered_per_s", "width", "entropy_median_bits", "sender_entropy_median_bits"),
        {10: {"clients": 200}},
    )


def popular_node() -> Story:
    """A node that everybody chose: beyond saturation each token earns less, so people leave."""
    return Story(
        "popular_node",
        "Too popular",
        "Node 0 starts three times over the saturation point: its delegators share one "
        "node's reward with too many, look around, and leave.",
        _STAKES.replace(popular=((0, 3.0),), noise=0.05),
        100,
        ("saturation_highest", "moves", "moved_nym"),
        node=0,
    )


def lossy_node() -> Story:
    """From epoch 60 on node 0 loses 5 % of its packets: its weight falls to about a third."""
    return Story(
        "lossy_node",
        "One packet in twenty",
        "Node 0 begins to lose 5 % of its packets; performance to the 20th power is 0.36, and "
        "with about a third of its weight it loses its place in most epochs.",
        _SCARCE,
        120,
        ("performance_lowest", "paid_nym"),
        {60: {"faults": ((0, 0.05),)}},
        node=0,
    )


def broken_node() -> Story:
    """From epoch 20 on node 0 loses 40 % of its packets: it is out with the next draw."""
    return Story(
        "broken_node",
        "Two packets in five",
        "Node 0 loses 40 % of its packets; 0.6 to the 20th power is 0.00004: one measured "
        "epoch, and it is not drawn again.",
        _SCARCE,
        60,
        ("performance_lowest", "dropped_share"),
        {20: {"faults": ((0, 0.4),)}},
        node=0,
    )


def no_saturation() -> Story:
    """Stake beyond the saturation point counts too: the largest nodes grow without end."""
    return Story(
        "no_saturation",
        "No saturation",
        "Without saturation a full node pays no less, and a fuller one is drawn more often: "
        "stake follows stake until a few operators hold most of it.",
        _STAKES.replace(saturation="off", activation=0.05, inertia=0.02, nodes=40, operators=40),
        150,
        ("nakamoto", "gini", "saturation_highest"),
    )


def flood() -> Story:
    """Two and a half times the traffic for ten epochs: queues overflow, standby nodes come."""
    return Story(
        "flood",
        "A flood",
        "Two and a half times the packets arrive: full queues drop them, performance and pay "
        "fall, and with the next epochs standby nodes widen the network until it carries all.",
        _BASE,
        25,
        ("offered_per_s", "dropped_share", "width", "standby", "performance_mean", "paid_nym"),
        {8: {"clients": 250}, 18: {"clients": 100}},
    )


STORIES: Mapping[str, Callable[[], Story]] = MappingProxyType(
    {
        make.__name__: make
        for make in (
            traffic_doubles, popular_node, lossy_node, broken_node, no_saturation, flood,
        )
    }
)  # fmt: skip


def story(name: str) -> Story:
    """The story of that name; see :data:`STORIES`.

    Examples
    --------
    >>> story("flood").turning_points
    (8, 18)
    """
    if not isinstance(name, str) or name not in STORIES:
        raise ScenarioError(f"a story must be one of {', '.join(STORIES)}; got {name!r:.60}")
    return STORIES[name]()
