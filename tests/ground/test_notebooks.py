"""Notebook hygiene: what is committed is the lesson, not somebody's run of it."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import nbformat
import pytest

PROJECT = Path(__file__).parents[2]
LESSONS = PROJECT / "lessons"
NOTEBOOKS = sorted(LESSONS.glob("**/[!.]*.ipynb"))
LONGEST_CODE_CELL = 12
# A learner writes in these, so they may define things and be longer.
FREE_TAGS = {"exercise", "solution"}

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)


def cells(path, kind=None):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    return [cell for cell in notebook["cells"] if kind in (None, cell["cell_type"])]


def source(cell):
    text = cell["source"]
    return "".join(text) if isinstance(text, list) else text


def is_free(cell):
    return bool(FREE_TAGS & set(cell["metadata"].get("tags", [])))


def test_there_are_lessons_and_an_index():
    assert LESSONS / "00_workbench.ipynb" in NOTEBOOKS


@each_notebook
def test_it_is_a_valid_notebook_of_a_format_with_cell_ids(path):
    notebook = nbformat.read(path, as_version=nbformat.NO_CONVERT)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) >= (4, 5)
    ids = [cell["id"] for cell in notebook.cells]
    assert len(ids) == len(set(ids))


@each_notebook
def test_it_holds_no_outputs_no_counts_and_no_widget_state(path):
    for number, cell in enumerate(cells(path, "code")):
        assert cell["outputs"] == [], f"cell {number} has outputs"
        assert cell["execution_count"] is None, f"cell {number} was counted"
    metadata = json.loads(path.read_text(encoding="utf-8"))["metadata"]
    assert "widgets" not in metadata
    for cell in cells(path):
        left_over = {"execution", "ExecuteTime", "collapsed", "scrolled", "trusted"}
        assert not left_over & set(cell["metadata"]), cell["metadata"]
        assert not cell.get("attachments"), "pictures lie beside the notebook, not in it"


@each_notebook
def test_it_runs_on_the_plain_python_kernel(path):
    kernel = json.loads(path.read_text(encoding="utf-8"))["metadata"]["kernelspec"]
    assert kernel["name"] == "python3"


@each_notebook
def test_code_cells_are_short_and_define_nothing(path):
    for number, cell in enumerate(cells(path, "code")):
        if is_free(cell):
            continue
        lines = source(cell).splitlines()
        assert len(lines) <= LONGEST_CODE_CELL, f"code cell {number} has {len(lines)} lines"
        defines = re.search(r"^\s*(def|class) ", source(cell), re.MULTILINE)
        assert not defines, f"code cell {number} defines something and is no exercise"


@each_notebook
def test_it_names_no_place_of_one_machine(path):
    for cell in cells(path):
        text = source(cell)
        assert not re.search(r"(/home/|/Users/|/root/|C:\\\\|localhost|127\.0\.0\.1)", text), text


@each_notebook
def test_every_local_link_and_picture_is_there(path):
    for cell in cells(path, "markdown"):
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", source(cell)):
            if not re.match(r"[a-z]+:", target):
                assert (path.parent / target).exists(), f"{target} is not there"


def test_nothing_of_a_run_is_committed():
    listed = subprocess.run(
        ["git", "ls-files", "lessons"], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    names = listed.stdout.splitlines()
    assert not [name for name in names if ".ipynb_checkpoints" in name or "progress" in name]
