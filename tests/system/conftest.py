"""Small networks that run an epoch in a few milliseconds."""

from __future__ import annotations

import pytest

from workbench.scenario import Scenario
from workbench.system import SystemScenario

QUICK = SystemScenario(
    traffic=Scenario(
        clients=20, traffic_per_client_per_s=20.0, width=3, delay_s=0.02, capacity_per_s=300.0
    ),
    nodes=24,
    rewarded_nodes=18,
    operators=20,
    delegators=100,
    sample_s=0.5,
    targets=20,
    activation=0.1,
    operator_activation=0.1,
    pool_packets=2.5,
)


@pytest.fixture
def quick() -> SystemScenario:
    return QUICK
