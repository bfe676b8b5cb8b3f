"""What panels share: assets read from the package, and joined without a build step.

A panel has one script and one style sheet. Its own files are joined with the shared ones
here, so nothing is fetched and there is no bundler.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

from workbench.panels import palette


@cache
def script(*names: str) -> str:
    """The shared script followed by a panel's own, as one ES module.

    Parameters
    ----------
    *names : str
        Files of this package; the last exports ``start``, such as ``"packet_inspector.js"``.
        Each may use every function of ``controls.js`` and of the files before it.
    """
    return lean("\n".join(asset(name) for name in ("controls.js", *names)))


@cache
def style(*names: str) -> str:
    """The palette's tokens and the shared style sheet, followed by a panel's own."""
    parts = [palette.css(), asset("controls.css"), *(asset(name) for name in names)]
    plain = re.sub(r"/\*.*?\*/", "", "\n".join(parts), flags=re.DOTALL)
    plain = re.sub(r"\s+", " ", plain)
    plain = re.sub(r" ?([{};,]) ?", r"\1", plain).replace(";}", "}")
    return re.sub(r": +", ":", plain)


def lean(source: str) -> str:
    """A script without indentation and lines of comment."""
    lines = (line.strip() for line in source.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//"))


@cache
def asset(name: str) -> str:
    """The text of a script or style sheet of this package."""
    return (files("workbench.panels") / name).read_text(encoding="utf-8")
