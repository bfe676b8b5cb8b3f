"""Puts the lessons into a built wheel as workbench/_lessons, as they are in a clean checkout.

An editable install needs no copy: it reads the checkout's own folder. What people left there
(answers, checkpoints) does not travel.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CustomBuildHook(BuildHookInterface[BuilderConfig]):
    """Hatchling looks for this name."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add each lesson file to the wheel's list."""
        if version != "standard":
            return
        lessons = Path(self.root) / "lessons"
        for path in sorted(lessons.rglob("*")):
            parts = path.relative_to(lessons).parts
            is_left_over = any(part.startswith((".", "__")) for part in parts) or path.match(
                "progress*.json"
            )
            if path.is_file() and not is_left_over:
                build_data["force_include"][str(path)] = "/".join(("workbench", "_lessons", *parts))
