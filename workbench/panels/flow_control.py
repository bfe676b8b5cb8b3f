"""Let the picture steer a live network: a click takes a mix down, corrupts it, follows a packet."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from workbench.panels.packet_flow import Act, PacketFlow

if TYPE_CHECKING:
    from workbench.mixing.live import LiveMixnet

_KNOBS = {
    "down": ("mixes_down", True),
    "up": ("mixes_down", False),
    "corrupt": ("corrupt_mixes", True),
    "honest": ("corrupt_mixes", False),
}


def let_the_picture_steer(
    flow: PacketFlow,
    network: Callable[[], LiveMixnet],
    turned: Callable[[dict[str, Any]], object] | None = None,
) -> None:
    """Connect what people do in a flow to a live network.

    Parameters
    ----------
    flow : PacketFlow
    network : callable
        Returns the network that runs now (a panel may start a new one).
    turned : callable, optional
        Called with the changed knobs, as ``live.set`` takes them, instead of setting them:
        for a panel that keeps sliders and an undo beside the network.
    """

    def turn(act: Act) -> None:
        name, is_added = _KNOBS[act.action]
        scenario = network().scenario
        held = scenario.down() if name == "mixes_down" else scenario.corrupted()
        pairs = {divmod(mix, scenario.width) for mix in act.mixes}
        chosen = set(held) | pairs if is_added else set(held) - pairs
        knobs = {name: tuple(sorted(chosen))}
        if turned is None:
            network().set(**knobs)
        else:
            turned(knobs)

    def follow(act: Act) -> None:
        network().follow(act.packet)

    for action in _KNOBS:
        flow.on(action, turn)
    flow.on("follow", follow)
