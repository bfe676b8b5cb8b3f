"""The README and its kin: what they name is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
PAGES = ["README.md", "CONTRIBUTING.md", "docs/architecture.md"]


@pytest.mark.parametrize("page", PAGES)
def test_every_local_link_and_picture_is_there(page):
    path = PROJECT / page
    targets = re.findall(r"\]\(([^)#\s]+)\)", path.read_text(encoding="utf-8"))
    missing = [
        target
        for target in targets
        if not re.match(r"[a-z]+:", target) and not (path.parent / target).exists()
    ]
    assert not missing


@pytest.mark.parametrize("page", PAGES)
def test_every_file_and_command_that_is_named_is_there(page):
    text = (PROJECT / page).read_text(encoding="utf-8")
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
    commands = next(line for line in makefile.splitlines() if line.startswith(".PHONY")).split()[1:]
    for target in re.findall(r"`make ([a-z-]+)", text):
        assert target in commands, f"there is no make {target}"
    for name in re.findall(r"`((?:workbench|tests|benchmarks|docs|lessons|binder)/[\w./]+)`", text):
        # One exists in a built wheel only, and NN stands for a number of your choice.
        if not name.endswith("_lessons") and "/NN_" not in name:
            assert (PROJECT / name).exists(), f"there is no {name}"
