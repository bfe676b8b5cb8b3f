"""Copying the lessons: whatever people did to their folder, nothing of theirs is lost."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench import lesson_files
from workbench.lesson_files import MANIFEST, LessonFilesError, copy_lessons, packaged_lessons

NAMES = ["00_index.ipynb", "01_first.ipynb", "pictures/one.svg"]


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "packaged"
    for name in NAMES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"first edition of {name}")
    return folder


def test_a_new_folder_gets_every_lesson(source, tmp_path):
    report = copy_lessons(tmp_path / "mine" / "deep", source)
    assert sorted(report.written) == sorted(NAMES)
    for name in NAMES:
        assert (tmp_path / "mine" / "deep" / name).read_bytes() == (source / name).read_bytes()


def test_a_second_copy_changes_nothing(source, tmp_path):
    copy_lessons(tmp_path / "mine", source)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "mine").rglob("*.ipynb")}
    report = copy_lessons(tmp_path / "mine", source)
    assert sorted(report.unchanged) == sorted(NAMES)
    assert before == {path: path.stat().st_mtime_ns for path in before}


def test_untouched_lessons_are_updated_and_changed_ones_kept_and_named(source, tmp_path):
    mine = tmp_path / "mine"
    copy_lessons(mine, source)
    (mine / NAMES[1]).write_text("my answers")
    for name in NAMES:
        (source / name).write_text(f"second edition of {name}")
    report = copy_lessons(mine, source)
    assert report.kept == (NAMES[1],)
    assert sorted(report.updated) == sorted([NAMES[0], NAMES[2]])
    assert (mine / NAMES[1]).read_text() == "my answers"
    assert (mine / NAMES[0]).read_text() == f"second edition of {NAMES[0]}"
    assert NAMES[1] in report.summary()


def test_a_lesson_that_was_deleted_comes_back(source, tmp_path):
    copy_lessons(tmp_path / "mine", source)
    (tmp_path / "mine" / NAMES[0]).unlink()
    assert copy_lessons(tmp_path / "mine", source).written == (NAMES[0],)


def test_a_folder_that_was_there_before_loses_nothing(source, tmp_path):
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / NAMES[0]).write_text("something else under the same name")
    (mine / "diary.txt").write_text("dear diary")
    report = copy_lessons(mine, source)
    assert report.kept == (NAMES[0],)
    assert (mine / NAMES[0]).read_text() == "something else under the same name"
    assert (mine / "diary.txt").read_text() == "dear diary"


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["edit", "delete", "release", "copy", "break manifest"]),
            st.sampled_from(NAMES),
            st.sampled_from(["a", "b", "c"]),
        ),
        max_size=12,
    )
)
def test_whatever_happens_in_between_an_edit_is_never_overwritten(steps):
    """A model beside it: the text that a person last gave each file, until they delete it."""
    with tempfile.TemporaryDirectory() as temp:
        source, mine = Path(temp, "packaged"), Path(temp, "mine")
        for name in NAMES:
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_text("first")
        copy_lessons(mine, source)
        edited: dict[str, str] = {}
        for what, name, text in steps:
            if what == "edit":
                (mine / name).write_text(f"mine {text}")
                edited[name] = f"mine {text}"
            elif what == "delete":
                (mine / name).unlink(missing_ok=True)
                edited.pop(name, None)
            elif what == "release":
                (source / name).write_text(f"edition {text}")
            elif what == "break manifest":
                (mine / MANIFEST).write_text("[{")
            else:
                copy_lessons(mine, source)
            for path, content in edited.items():
                assert (mine / path).read_text() == content
        copy_lessons(mine, source)
        for path, content in edited.items():
            assert (mine / path).read_text() == content


@pytest.mark.parametrize(
    "manifest", ["", "null", "[1]", '{"00_index.ipynb": 3}', "\xff", "[" * 9999]
)
def test_a_damaged_manifest_only_means_that_more_is_kept(source, tmp_path, manifest):
    mine = tmp_path / "mine"
    copy_lessons(mine, source)
    (mine / MANIFEST).write_bytes(manifest.encode("latin-1"))
    (source / NAMES[0]).write_text("second edition")
    assert NAMES[0] in copy_lessons(mine, source).kept
    assert isinstance(json.loads((mine / MANIFEST).read_text()), dict)


def test_a_file_where_the_folder_should_be_is_refused(source, tmp_path):
    (tmp_path / "mine").write_text("a file")
    with pytest.raises(LessonFilesError, match="expected a folder"):
        copy_lessons(tmp_path / "mine", source)
    with pytest.raises(LessonFilesError, match="expected a folder"):
        copy_lessons(tmp_path / "mine" / "below", source)


def test_a_folder_where_a_lesson_should_be_is_refused(source, tmp_path):
    (tmp_path / "mine" / NAMES[0]).mkdir(parents=True)
    with pytest.raises(LessonFilesError, match="is a folder"):
        copy_lessons(tmp_path / "mine", source)


@pytest.mark.parametrize(
    "error", [PermissionError(13, "Permission denied"), OSError(28, "No space")]
)
def test_a_read_only_or_full_disk_is_one_error_and_leaves_the_old_file(
    source, tmp_path, monkeypatch, error
):
    mine = tmp_path / "mine"
    copy_lessons(mine, source)
    (source / NAMES[0]).write_text("second edition")

    def refuse(*args, **options):
        raise error

    monkeypatch.setattr(lesson_files.tempfile, "mkstemp", refuse)
    with pytest.raises(LessonFilesError, match=error.strerror):
        copy_lessons(mine, source)
    assert (mine / NAMES[0]).read_text() == f"first edition of {NAMES[0]}"


def test_an_interrupted_write_leaves_no_half_file(source, tmp_path, monkeypatch):
    mine = tmp_path / "mine"

    def interrupt(self, target):
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        copy_lessons(mine, source)
    assert [path for path in mine.rglob("*") if path.is_file()] == []


@given(st.text(max_size=30))
@settings(max_examples=100, deadline=None)
def test_any_name_of_a_folder_gives_a_copy_or_our_error(name):
    with tempfile.TemporaryDirectory() as temp:
        source = Path(temp, "packaged")
        source.mkdir()
        (source / "a.ipynb").write_text("a")
        # Below a folder of its own, and never up out of it.
        target = Path(temp, "mine") / name.replace("..", "").lstrip("/")
        try:
            report = copy_lessons(target, source)
        except LessonFilesError:
            return
        assert (target / "a.ipynb").read_text() == "a"
        assert report.folder == target


def test_the_lessons_of_this_checkout_are_found():
    assert (Path(__file__).parents[2] / "lessons").samefile(packaged_lessons())
