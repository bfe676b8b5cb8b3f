"""The script that the pass marks of lessons 1 to 7 stand on still runs, and says so still."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "docs" / "calibrate.py"
spec = importlib.util.spec_from_file_location("calibrate", SCRIPT)
assert spec is not None
assert spec.loader is not None
calibrate = importlib.util.module_from_spec(spec)
spec.loader.exec_module(calibrate)

RIGHT = {
    "01": {"the reference"},
    "02": {"bits, reference", "box, reference"},
    "05": {"delay, exact", "delay, 0.05 bits above", "delay, 0.05 bits below"},
    "06": {"cover, exact", "cover, 4 % more", "cover, 4 % less", "node, by share"},
    "07": {"width, rounded down", "width, rounded to nearest"},
}


def test_every_section_is_looked_at():
    assert set(calibrate.LESSONS) == set(RIGHT)


@pytest.mark.parametrize("number", RIGHT)
def test_right_answers_pass_and_the_careless_do_not(number, monkeypatch, capsys):
    monkeypatch.setattr(calibrate, "SEEDS", 1)  # fifty are what the pass marks stand on
    calibrate.main([number])
    out = capsys.readouterr().out
    heading, *lines = out.splitlines()
    assert heading == f"lesson {number}, 1 seeds"
    said = (re.fullmatch(r" +(.+?):?(?: passes on)? ([01]) of 1(?: seeds)?", x) for x in lines)
    counted = {found[1]: int(found[2]) for found in said if found}
    assert {name for name, passed in counted.items() if passed} == RIGHT[number]
    assert len(counted) > len(RIGHT[number])  # and some that do not pass
    # Flows are told apart everywhere but in a mixnet with cover.
    found = re.findall(r"  (.+): share right, mean ([\d.]+)", out)
    shares = {name: float(mean) for name, mean in found}
    assert len(shares) == (4 if number == "01" else 0)
    if shares:
        assert shares.pop("mixnet with cover") <= 0.25 < 0.8 <= min(shares.values())
