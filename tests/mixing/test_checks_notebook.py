"""docs/checks.ipynb runs from top to bottom, and what it prints for the sceptic holds."""

from __future__ import annotations

import contextlib
import io
import json
import re
from pathlib import Path
from typing import Any

NOTEBOOK = Path(__file__).parents[2] / "docs" / "checks.ipynb"


def test_the_notebook_of_checks_agrees_with_what_it_expects() -> None:
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    said = io.StringIO()
    names: dict[str, Any] = {}
    with contextlib.redirect_stdout(said):
        for cell in cells:
            if cell["cell_type"] == "code":
                exec("".join(cell["source"]), names)
    text = said.getvalue()
    compared = re.findall(r"expected +([\d.]+) +got +([\d.]+) ± ([\d.]+) ", text)
    assert len(compared) >= 15
    for expected, got, error in compared:
        # The published figures are rounded in their last place.
        allowed = 5.0 * float(error) + 0.011
        assert abs(float(got) - float(expected)) < allowed, (expected, got, error)
    balances = re.findall(r"off by (\d)e([+-]\d+) ", text)
    assert len(balances) >= 8
    for digit, power in balances:
        assert float(f"{digit}e{power}") < 1e-9
