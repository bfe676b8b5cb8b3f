"""The examples in the docstrings run, and touching one module loads no other's weight."""

from __future__ import annotations

import doctest
import importlib
import subprocess
import sys

import pytest

MODULES = [
    "arrays", "decentralisation", "economy", "fixed", "formula", "network", "paper",
    "parameters", "returns", "selection",
]  # fmt: skip


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_run(name: str) -> None:
    result = doctest.testmod(importlib.import_module(f"workbench.rewards.{name}"))
    assert result.attempted > 0
    assert result.failed == 0


def test_paying_and_drawing_load_no_compiler() -> None:
    code = (
        f"import sys; from workbench.rewards import {', '.join(MODULES)}; "
        "print(sorted({'numba', 'bokeh', 'IPython'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
