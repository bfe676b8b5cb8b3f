"""Presets: situations by name, each a Scenario with one sentence and its source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from workbench import strategies
from workbench.scenario import Scenario


@dataclass(frozen=True)
class Preset:
    """A situation: its scenario, one sentence of meaning, and where its numbers come from."""

    name: str
    meaning: str
    scenario: Scenario
    source: str


_INVENTED = "invented for teaching"
# 182 clients at 55 packets/s are 10,010 packets/s, the scale of the "hour at Nym's scale".
_NYM = Scenario(
    clients=182,
    traffic_per_client_per_s=5.0,
    main_stream_per_client_per_s=50.0,
    cover_per_client_per_s=5.0,
    layers=3,
    width=80,
    delay_s=0.015,
)
PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        preset.name: preset
        for preset in (
            Preset(
                "Quiet Sunday",
                "Few people, few packets, no cover: is anybody there to hide among?",
                Scenario(clients=20, traffic_per_client_per_s=0.2),
                _INVENTED,
            ),
            Preset(
                "Office hours",
                "The standard scenario: 100 people, 10 packets/s each, 3 layers of 3 mixes.",
                Scenario(),
                "the standard scenario of published simulators (1000 packets/s, 3 x 3, 100 ms)",
            ),
            Preset(
                "Night and day",
                "Traffic follows the hour (a day lasts ten minutes here); cover does not sleep.",
                Scenario(
                    traffic_per_client_per_s=5.0,
                    traffic_pattern="day",
                    day_s=600.0,
                    day_depth=0.95,
                    cover_per_client_per_s=1.0,
                ),
                _INVENTED,
            ),
            Preset(
                "Airdrop hour",
                "Everybody comes at once, in bursts, and the mixes have a limit.",
                Scenario(
                    clients=400,
                    traffic_per_client_per_s=10.0,
                    traffic_pattern="bursty",
                    burst_s=5.0,
                    burst_share=0.2,
                    capacity_per_s=1400.0,
                    queue_packets=200,
                ),
                _INVENTED,
            ),
            Preset(
                "One node down",
                "The standard scenario with one of nine mixes silent: a third of a layer is lost.",
                Scenario(mixes_down=((1, 1),)),
                _INVENTED,
            ),
            Preset(
                "Two bad mixes",
                "The standard scenario with two of nine mixes telling all they know.",
                Scenario(corrupt_mixes=2),
                _INVENTED,
            ),
            Preset(
                "Mail of 1995",
                "Mixmaster's timed dynamic pool: minutes of delay, and a pool that never empties.",
                Scenario(
                    clients=100,
                    traffic_per_client_per_s=0.01,
                    strategy=strategies.Cottrell(interval_s=60.0),
                    delay_s=30.0,
                ),
                "pool of 45 and share of 0.65: Cottrell's Mixmaster, in Serjantov and Newman 2003",
            ),
            Preset(
                "Loopix paper",
                "Payload, drop and loop streams, each of one packet a second, a second of delay.",
                Scenario(
                    clients=100,
                    traffic_per_client_per_s=0.5,
                    main_stream_per_client_per_s=1.0,
                    cover_per_client_per_s=1.0,
                    drop_cover_per_client_per_s=1.0,
                    mix_loops_per_mix_per_s=1.0,
                    delay_s=1.0,
                ),
                "streams and strategy: Piotrowska et al. (Loopix) 2017; round rates",
            ),
            Preset(
                "Nym today",
                "A client's defaults: 50 packets/s main stream, 5/s loops, 15 ms; 3 x 80 mixes.",
                _NYM,
                "Nym client's default configuration: average packet delay 15 ms, message sending "
                "delay 20 ms, loop cover delay 200 ms; the number of clients is invented",
            ),
        )
    }
)
