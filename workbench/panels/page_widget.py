"""What every panel of ours is in a page: a widget whose script comes when the page asks for it.

A synced trait is saved with the notebook, so ``_esm`` holds only a small loader
(``loader.js``). It asks for the panel's script by its hash; each page gets each script once,
as a binary buffer. See docs/live_panels.md.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from typing import Any

import anywidget
import traitlets

from workbench.panels.controls import asset, lean, script
from workbench.panels.turns import Buffers, Turns


class PageWidget(anywidget.AnyWidget):
    """Base of all panels; a subclass names its ``scripts`` and hears messages of its own.

    The last of the scripts exports ``start({ model, el, view, send })``, which draws into
    ``el`` and returns the function that ends it. What a view sends is heard in its order,
    whichever thread it came by.
    """

    _esm = lean(asset("loader.js"))
    _code = traitlets.Unicode().tag(sync=True)
    scripts: tuple[str, ...] = ()

    def __init__(self, **traits: Any) -> None:
        self._code_bytes = self.code_text().encode()
        try:
            self._loop: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        except RuntimeError:  # a plain script, or a test
            self._loop = None
        self._turns = Turns(self._in_turn, self._loop)
        super().__init__(_code=hashlib.sha256(self._code_bytes).hexdigest()[:16], **traits)
        self.on_msg(self._any_message)

    @classmethod
    def code_text(cls) -> str:
        """The ES module that draws this panel: shared scripts, then its own ``scripts``."""
        return script(*cls.scripts)

    def _received(self, content: Any, buffers: Buffers) -> None:
        """A message of the panel's own: anything may come from a page."""

    def _any_message(self, _: object, content: Any, buffers: Buffers) -> None:
        self._turns.take(content, buffers)

    def _in_turn(self, content: Any, buffers: Buffers) -> None:
        if isinstance(content, Mapping) and content.get("type") == "code":
            to = content.get("view")
            self.send({"type": "code", "to": to, "hash": self._code}, [self._code_bytes])
        else:
            self._received(content, buffers)
