"""A live view of plain data by key: what changed is sent, a new page gets all of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from workbench.panels import controls
from workbench.panels.live_view import Buffers, LiveView


class DataView(LiveView):
    """Plain HTML drawn by a page's script from data that is held by key.

    Parameters
    ----------
    act : callable
        Called with the name of what a person did and the message that told it.

    Notes
    -----
    ``styles`` names the style sheets that go out with the data.
    """

    styles: tuple[str, ...] = ("live_view.css",)

    def __init__(self, act: Callable[[str, Mapping[str, Any]], None], **options: Any) -> None:
        self.data: dict[str, Any] = {}
        self._act = act
        super().__init__(**options)

    def update(self, **data: Any) -> None:
        """New values for some keys; what did not change is not sent."""
        changed = {key: value for key, value in data.items() if self.data.get(key) != value}
        if changed:
            with self._guard:
                self.data.update(changed)
            self._broadcast({"type": "data", "data": changed})

    def tell(self, view: str, **content: Any) -> None:
        """A word to one view alone."""
        self.send({**content, "to": view})

    def _initial(self, hello: dict[str, Any]) -> tuple[dict[str, Any], Buffers]:
        return {"data": dict(self.data), "css": controls.style(*self.styles)}, []

    def _heard(self, content: dict[str, Any], buffers: Buffers) -> None:
        if content.get("type") == "act" and isinstance(content.get("name"), str):
            self._act(content["name"], content)
