"""The command `workbench`, run as people run it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import workbench
from workbench import cli, deck, lesson_files, serve

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
    for command in ("lab", "lessons", "present"):
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


@pytest.mark.parametrize("lesson", ["77", "nothing", "../05"])
def test_presenting_a_lesson_that_is_not_there_lists_those_that_are(lesson):
    done = run("present", lesson)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert re.search(r"no lesson '.*'; expected one of 00_workbench, 01_", done.stderr)


def test_present_serves_one_hidden_cell_and_leaves_nothing_behind(tmp_path, monkeypatch):
    seen = []

    def serve_once(root, index, port, browser, before):
        notebook = json.loads((root / index).read_text())
        seen.append((root, index, notebook["cells"]))
        assert callable(before)
        return 0

    monkeypatch.setattr(serve, "serve", serve_once)
    assert cli.main(["present", "5", "--no-browser"]) == 0
    [(root, index, [cell])] = seen
    assert index.startswith("present_05_")
    assert cell["metadata"]["jupyter"]["source_hidden"] is True
    assert "present('05_" in "".join(cell["source"])
    assert not root.exists()


@pytest.mark.slow
def test_present_has_run_the_slides_when_the_browser_opens(tmp_path, monkeypatch):
    """A real server and kernel; the notebook on disk shows the widget before anybody opens it."""
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")  # not asked for this machine
    lesson = lesson_files.find_lesson("05")
    root = tmp_path / "talk"
    root.mkdir()
    path = deck.write(root, lesson)

    def before(url, token):
        deck.run_ahead(url, token, root, path, lesson)
        raise KeyboardInterrupt  # as if somebody ended it

    assert serve.serve(root, path.name, browser=False, before=before) == 0
    [cell] = json.loads(path.read_text())["cells"]
    assert "application/vnd.jupyter.widget-view+json" in cell["outputs"][0]["data"]


def test_slides_that_cannot_be_prepared_are_told_and_the_cell_stays(tmp_path):
    lesson = lesson_files.find_lesson("05")
    path = deck.write(tmp_path, lesson)
    with pytest.raises(deck.DeckError, match="run the cell by hand"):
        deck.run_ahead("http://127.0.0.1:9", "token", tmp_path, path, lesson)
    assert json.loads(path.read_text())["cells"][0]["outputs"] == []


def test_lab_trusts_the_prepared_notebook_as_it_stands_in_the_file(tmp_path, monkeypatch):
    import nbformat
    from nbformat.sign import NotebookNotary

    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    lesson = lesson_files.find_lesson("05")
    path = deck.write(tmp_path, lesson)
    shown = {"application/vnd.jupyter.widget-view+json": {"model_id": "x"}, "text/plain": "w"}
    deck._write(path, lesson, [{"output_type": "display_data", "data": shown, "metadata": {}}])
    read = nbformat.read(path, as_version=4)
    assert NotebookNotary().check_signature(read)
    read.cells[0].source += "# changed"
    assert not NotebookNotary().check_signature(read)
