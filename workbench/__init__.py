"""Understand mix networks by hand: real Sphinx packets, live mixing, anonymity, rewards.

The names that lessons use live here and are loaded when first touched, so
``import workbench`` alone loads neither numba nor bokeh nor Jupyter.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# Where each public name lives; touched names are imported once and kept.
_HOMES: dict[str, str] = {
    "WorkbenchError": "workbench.errors",
    "Scenario": "workbench.scenario",
    "simulate": "workbench.mixing.simulate",
    "simulate_many": "workbench.mixing.many",
    "Run": "workbench.mixing.simulate",
    "LiveMixnet": "workbench.mixing.live",
}
_PACKAGES = ("sphinx", "mixing", "anonymity", "rewards", "system", "panels", "teaching")

__all__ = [
    "LiveMixnet",
    "Run",
    "Scenario",
    "WorkbenchError",
    "__version__",
    "simulate",
    "simulate_many",
]

if TYPE_CHECKING:
    from workbench.errors import WorkbenchError
    from workbench.mixing.live import LiveMixnet
    from workbench.mixing.many import simulate_many
    from workbench.mixing.simulate import Run, simulate
    from workbench.scenario import Scenario


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = getattr(importlib.import_module(_HOMES[name]), name)
    elif name in _PACKAGES:
        value = importlib.import_module(f"workbench.{name}")
    else:
        raise AttributeError(f"module 'workbench' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES, *_PACKAGES})
