"""Progress survives in a small file, and no file can hurt it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import LessonError, WorkbenchError
from workbench.teaching import Progress


def test_what_is_saved_comes_back(tmp_path: Path) -> None:
    before = Progress()
    before.note("03/size", "guessed")
    before.note("03/secrets", "passed")
    path = before.save(tmp_path / "p.json")
    after = Progress().load(path)
    assert after.done("03") == ("secrets", "size")
    assert after.done("04") == ()
    assert str(after) == str(before)


def test_two_lessons_add_to_one_file(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    for lesson in ("03", "04"):
        one = Progress()
        one.note(f"{lesson}/check", "passed")
        one.save(path)
    both = Progress().load(path)
    assert both.has("03/check")
    assert both.has("04/check")


def test_a_missing_file_adds_nothing(tmp_path: Path) -> None:
    assert str(Progress().load(tmp_path / "none.json")).startswith("Nothing noted yet")


def test_a_file_that_is_not_ours_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear all")
    with pytest.raises(LessonError, match="not a progress file"):
        Progress().save(path)
    assert path.read_text() == "Dear all"


def good(**changes: object) -> dict[str, object]:
    return {"workbench_progress": 1, "done": {"03/size": "guessed"}} | changes


HOSTILE = [
    b"",
    b"\xff\xfe",
    b"[" * 100_000,
    b"[" * 60_000,
    b"{}",
    b"null",
    b"NaN",
    b" " * 70_000,
    json.dumps(good(workbench_progress=2)).encode(),
    json.dumps(good(done=[])).encode(),
    json.dumps(good(done={"<script>": "passed"})).encode(),
    json.dumps(good(done={"03/size": "<b>"})).encode(),
    json.dumps(good(done={"03/size": ["passed"]})).encode(),
    json.dumps(good(done={"03/" + "x" * 41: "passed"})).encode(),
    json.dumps(good(done={f"03/{i}": "passed" for i in range(1001)})).encode(),
]


@pytest.mark.parametrize("raw", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_file_is_our_error_and_adds_nothing(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "p.json"
    path.write_bytes(raw)
    progress = Progress()
    with pytest.raises(LessonError):
        progress.load(path)
    assert str(progress).startswith("Nothing noted yet")


def test_a_folder_in_the_place_of_the_file_is_our_error(tmp_path: Path) -> None:
    with pytest.raises(LessonError):
        Progress().load(tmp_path)
    with pytest.raises(LessonError):
        Progress().save(tmp_path)
    with pytest.raises(LessonError):
        Progress().save(tmp_path / "no" / "such" / "p.json")


@settings(max_examples=60)
@given(st.binary(max_size=200))
def test_any_bytes_are_progress_or_our_error(tmp_path_factory: pytest.TempPathFactory, raw) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path_factory.mktemp("p") / "p.json"
    path.write_bytes(raw)
    with pytest.raises(WorkbenchError):
        Progress().load(path)


@given(st.text(max_size=30), st.text(max_size=10))
def test_a_note_is_an_entry_or_our_error(key: str, word: str) -> None:
    with pytest.raises(LessonError):
        Progress().note(key, word)


def test_the_file_is_small(tmp_path: Path) -> None:
    progress = Progress()
    for lesson in range(1, 11):
        for name in ("guess", "check", "check-2"):
            progress.note(f"{lesson:02}/{name}", "passed")
    assert progress.save(tmp_path / "p.json").stat().st_size < 2_000
