"""Loads the slow oracle once: it is a module of its own, not a test."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def oracle() -> ModuleType:
    path = Path(__file__).with_name("mixing_oracle.py")
    spec = importlib.util.spec_from_file_location("mixing_oracle", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["mixing_oracle"] = module
    spec.loader.exec_module(module)
    return module
