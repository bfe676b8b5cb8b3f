"""The command `workbench`, run as people run it."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import workbench
from workbench import cli, serve

PROJECT = Path(__file__).parents[2]


def run(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "workbench", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        **options,
    )


def test_the_version_is_one_everywhere():
    done = run("--version")
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    assert done.stdout.strip() == f"workbench {workbench.__version__}"
    assert project["version"] == workbench.__version__


def test_help_names_every_command_with_an_example():
    text = run("--help").stdout
    for command in ("lab", "lessons"):
        assert re.search(rf"^ +{command} +\w", text, re.MULTILINE)
        assert f"workbench {command}" in text
    assert "never overwritten" in text
    assert max(map(len, text.splitlines())) <= 100


def test_no_command_is_told_what_there_is():
    done = run()
    assert done.returncode == 2
    assert "usage: workbench" in done.stderr


def test_lessons_are_copied_to_the_folder_named_and_the_copy_is_told(tmp_path):
    done = run("lessons", "mine", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Lessons in mine" in done.stdout
    shipped = {path.name for path in (PROJECT / "lessons").glob("*.ipynb")}
    assert shipped <= {path.name for path in (tmp_path / "mine").glob("*.ipynb")}


def test_without_a_folder_it_takes_its_own(tmp_path):
    assert run("lessons", cwd=tmp_path).returncode == 0
    assert (tmp_path / cli.DEFAULT_FOLDER).is_dir()


def test_an_error_is_one_line_and_no_traceback(tmp_path):
    (tmp_path / "mine").write_text("a file")
    done = run("lessons", "mine", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr == "workbench: mine is a file; expected a folder, or a new name\n"


@pytest.mark.parametrize("port", ["0", "-5", "65536", "99999999999"])
def test_a_port_that_is_none_is_refused_with_the_range(tmp_path, port, capsys):
    assert cli.main(["lab", str(tmp_path / "mine"), f"--port={port}", "--no-browser"]) == 1
    assert "expected 1 to 65535" in capsys.readouterr().err


def test_in_place_copies_nothing_and_finds_the_index_of_a_checkout(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(serve, "serve", lambda *args, **options: seen.append(args) or 0)
    (tmp_path / "lessons").mkdir()
    (tmp_path / "lessons" / serve.INDEX).write_text("{}")
    assert cli.main(["lab", str(tmp_path), "--in-place"]) == 0
    assert seen == [(tmp_path, f"lessons/{serve.INDEX}", serve.FIRST_PORT)]
    assert [path.name for path in tmp_path.iterdir()] == ["lessons"]
