"""The whole loop: traffic, load, drops, performance, rewards, stake, active set, routes.

>>> from workbench.system import SystemScenario, run_system
>>> table = run_system(SystemScenario(sample_s=0.5, targets=20), epochs=2)
>>> table.width.tolist()
[4, 4]
"""

from workbench.system.checkpoint import load, save
from workbench.system.loop import LiveSystem
from workbench.system.run import run_system
from workbench.system.setting import FIXED_KNOBS, SystemScenario
from workbench.system.stories import STORIES, Played, Story, story
from workbench.system.table import EpochFrame, EpochRow, EpochTable

__all__ = [
    "FIXED_KNOBS",
    "STORIES",
    "EpochFrame",
    "EpochRow",
    "EpochTable",
    "LiveSystem",
    "Played",
    "Story",
    "SystemScenario",
    "load",
    "run_system",
    "save",
    "story",
]
