"""The advocate's three minutes: every direction holds, and the notes say what was played."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
sys.path.insert(0, str(DOCS))

import three_minutes  # noqa: E402

from workbench.panels import saturation_state, saturation_view  # noqa: E402
from workbench.panels.bench_settings import stops  # noqa: E402
from workbench.panels.game_panel import game_panel  # noqa: E402


@pytest.fixture(scope="module")
def played():
    return three_minutes.play()


LESSONS = [path.name[:2] for path in sorted((DOCS.parent / "lessons").glob("[0-9][0-9]_*.ipynb"))]


@pytest.mark.parametrize("number", LESSONS)
def test_each_lesson_has_its_three_minutes_from_the_first_second_to_the_third_minute(number):
    notes = three_minutes.NOTES.read_text(encoding="utf-8")
    parts = re.split(r"^## ", notes, flags=re.M)
    head = f"Lesson {int(number)}:" if number != "00" else "In front of a room"
    (part,) = (part for part in parts if part.startswith(head))
    (path,) = re.findall(r"^(?:\*\*Three minutes\*\*|### Three minutes$)(.+?)(?=^\*\*|\Z)",
                         part, re.M | re.S)  # fmt: skip
    times = re.findall(r"^- (\d+):([0-5]\d) \S", path, re.M)
    assert len(times) == len(re.findall(r"^- ", path, re.M)) >= 4
    seconds = [60 * int(minute) + int(second) for minute, second in times]
    assert seconds[0] == 0
    assert seconds == sorted(set(seconds))
    assert 120 < seconds[-1] <= 180


def test_every_direction_that_is_claimed_holds(played):
    claims = three_minutes.claims(played)
    assert len(claims) == 10
    assert [claim for claim, holds in claims.items() if not holds] == []


def test_the_notes_hold_the_path_word_for_word_with_the_numbers_of_this_run(played):
    notes = three_minutes.NOTES.read_text(encoding="utf-8")
    assert three_minutes.written(notes, three_minutes.text(played)) == notes, (
        "run: python docs/three_minutes.py --write"
    )


def test_each_move_can_be_made_with_the_panels_own_controls():
    found = three_minutes.moves()
    for name in ("none", "half", *(f"width {width}" for width in three_minutes.WIDTHS)):
        last = found[name].scenario
        assert last.delay_s in (*stops("delay_s"), 0.125)
        assert last.width in stops("width")
    assert found["crowd"].scenario.clients in stops("clients")
    assert found["crowd"].scenario.delay_s == found["half"].scenario.delay_s / 4
    assert found["crowd"].scenario.clients == found["half"].scenario.clients * 4


def test_a_network_that_does_not_mix_breaks_the_claims():
    claims = three_minutes.claims(three_minutes.play(strategy="fixed"))
    assert not claims["half a second makes it any of hundreds"]
    assert not claims["C is right"]


@pytest.mark.parametrize("seed", [1, 2])
def test_the_story_is_not_the_luck_of_one_seed(seed):
    assert all(three_minutes.claims(three_minutes.play(seed=seed)).values())


def test_lesson_8_told_in_three_minutes_goes_where_the_notes_say():
    state = saturation_state.situation("favourite", 8)

    def earns_and_load(state) -> tuple[float, float]:
        data = saturation_view.view(state)
        load = re.search(r"node A .* saturation (\d+) %", data["summary"])
        assert load is not None
        return float(data["answer"]["value"]), float(load.group(1))

    on_a, before = earns_and_load(state)
    assert before > 150
    state = saturation_state.act(state, {"name": "best"})
    spread, _ = earns_and_load(state)
    assert 1.8 < spread / on_a < 2.6
    for _ in range(5):
        state = saturation_state.act(state, {"name": "crowd"})
    after, load = earns_and_load(state)
    assert after < spread
    assert load < before - 30


def test_lesson_9_told_in_three_minutes_goes_where_the_notes_say():
    panel = game_panel("sleepy")

    def says(*names: str) -> str:
        for name in names:
            panel.do(name)
        return " ".join(panel.moment.note)

    assert "none pays" in says("best")
    assert "Player" in says("one", "one", "best")
    assert "still move" in says("run")
    panel.do("preset", key="sybil")
    assert "runs more pools" in says("best")
    panel.do("preset", key="nosat")
    assert "settled" in says("run")
    assert panel.moment.past.pools[-1] <= 3
    assert "none pays" in says("best")
