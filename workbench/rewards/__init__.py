"""Rewards, selection and games of the nodes' economy.

The modules load when first touched, so that ``from workbench.rewards import paper`` brings
no numba along.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__all__ = [
    "arrays",
    "decentralisation",
    "economy",
    "fixed",
    "formula",
    "game",
    "network",
    "paper",
    "parameters",
    "placing",
    "returns",
    "selection",
]

if TYPE_CHECKING:
    from workbench.rewards import (
        arrays,
        decentralisation,
        economy,
        fixed,
        formula,
        game,
        network,
        paper,
        parameters,
        placing,
        returns,
        selection,
    )


def __getattr__(name: str) -> Any:
    if name in __all__:
        return importlib.import_module(f"workbench.rewards.{name}")
    raise AttributeError(f"module 'workbench.rewards' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
