"""What `pip install` brings: the package, its scripts and styles, and the lessons."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
LEFT_BEHIND = ["lessons/.ipynb_checkpoints/x.ipynb", "lessons/progress-mine.json"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built from a copy, with leftovers in its lessons, without a network."""
    copy = tmp_path_factory.mktemp("checkout")
    ignored = shutil.ignore_patterns("__pycache__", ".*")
    for name in ("workbench", "lessons"):
        shutil.copytree(PROJECT / name, copy / name, ignore=ignored)
    for name in ("pyproject.toml", "packaging_hook.py", "README.md", "LICENSE", "CHANGELOG.md"):
        shutil.copy(PROJECT / name, copy)
    for name in LEFT_BEHIND:
        (copy / name).parent.mkdir(exist_ok=True)
        (copy / name).write_text("{}")
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation"]
    done = subprocess.run(
        [*command, "--no-index", "-q", "-w", str(out), str(copy)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (built,) = out.glob("mixnet_workbench-*.whl")
    return built


def test_it_holds_every_source_script_and_style_of_the_package(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    package = PROJECT / "workbench"
    files = {
        path.relative_to(PROJECT).as_posix()
        for path in package.rglob("*")
        if path.is_file() and path.suffix in {".py", ".js", ".css", ".json", ".typed"}
    }
    assert {"workbench/__init__.py", "workbench/py.typed"} <= files
    assert files <= names


def test_it_holds_every_lesson_and_nothing_that_people_left_there(wheel):
    names = {
        name.removeprefix("workbench/_")
        for name in zipfile.ZipFile(wheel).namelist()
        if name.startswith("workbench/_lessons/")
    }
    lessons = PROJECT / "lessons"
    shipped = {
        path.relative_to(PROJECT).as_posix()
        for path in lessons.rglob("*")
        if path.is_file()
        and not any(part.startswith((".", "__")) for part in path.relative_to(lessons).parts)
        and not path.match("progress*.json")
    }
    assert names == shipped


def test_it_holds_no_tests_and_no_notes(wheel):
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert tops == {"workbench", next(top for top in tops if top.endswith(".dist-info"))}


def test_from_the_wheel_alone_the_lessons_can_be_copied(wheel, tmp_path):
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    done = subprocess.run(
        [sys.executable, "-m", "workbench", "lessons", "mine"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    packaged = tmp_path / "site" / "workbench" / "_lessons"
    for path in packaged.rglob("*.ipynb"):
        copied = tmp_path / "mine" / path.relative_to(packaged)
        assert copied.read_bytes() == path.read_bytes()
    assert len(list((tmp_path / "mine").glob("*.ipynb"))) == len(list(packaged.glob("*.ipynb")))
