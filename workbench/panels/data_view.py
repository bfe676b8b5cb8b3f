"""A live view of plain data by key: what changed is sent, a new page gets all of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from workbench.errors import WorkbenchError
from workbench.panels import controls
from workbench.panels.live_view import LiveView
from workbench.panels.turns import Buffers


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

    def answer(self, content: Mapping[str, Any], act: Callable[[str], None]) -> None:
        """Do what a page asked for, given its view's name, and answer: anything may come.

        What makes no sense is said beside its knob. A mistake of ours is said too, and raised;
        in every case the page hears that its act was answered and waits no longer.
        """
        view = str(content.get("view", ""))
        try:
            act(view)
        except WorkbenchError as error:
            knob = content.get("knob")
            knob = knob if isinstance(knob, str) and knob.isascii() else ""
            self.tell(view, type="problem", knob=knob, text=str(error))
        except Exception as error:  # ours to mend
            said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
            self.tell(view, type="problem", knob="", text=f"That did not work: {said}.")
            raise
        finally:
            serial = content.get("serial")
            if type(serial) is int:
                self.update(answered=[view, serial])

    def _initial(self, hello: dict[str, Any]) -> tuple[dict[str, Any], Buffers]:
        return {"data": dict(self.data), "css": controls.style(*self.styles)}, []

    def _heard(self, content: dict[str, Any], buffers: Buffers) -> None:
        if content.get("type") == "act" and isinstance(content.get("name"), str):
            self._act(content["name"], content)
