"""Everything of the workbench panel that is plain HTML: knobs, answers, bars, sharing."""

from __future__ import annotations

from typing import Any

from workbench.panels.data_view import DataView
from workbench.panels.turns import Buffers


class Console(DataView):
    """The page's data by key; what people do goes to ``act``, as of every data view."""

    scripts = ("bench_parts.js", "workbench_panel.js")
    styles = ("live_view.css", "workbench_panel.css")

    def hand_over(self, view: str, name: str, mime: str, data: bytes) -> None:
        """A file for the person at one view."""
        self.send({"type": "file", "to": view, "name": name, "mime": mime}, [data])

    def _initial(self, hello: dict[str, Any]) -> tuple[dict[str, Any], Buffers]:
        if "address" in hello:
            self._act("address", {"view": hello.get("view"), "address": hello["address"]})
        return super()._initial(hello)
