"""Every lesson keeps what all lessons keep, and runs: with its blanks, and with solutions.

Generic: a new lesson in `lessons/` is under these tests as soon as it is there.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from workbench.teaching import Check

PROJECT = Path(__file__).parents[1]
INDEX = "00_workbench.ipynb"
NOTEBOOKS = sorted((PROJECT / "lessons").glob("[0-9][0-9]_*.ipynb"))
LESSONS = [path for path in NOTEBOOKS if path.name != INDEX]
WITHOUT_NUMBA = [path for path in LESSONS if int(path.name[:2]) <= 4]

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.name)
each_lesson = pytest.mark.parametrize("path", LESSONS, ids=lambda p: p.name)


def cells(path, kind=None):
    notebook = nbformat.read(path, as_version=4)
    return [c for c in notebook.cells if kind in (None, c.cell_type)]


def is_exercise(cell):
    return "exercise" in cell.metadata.get("tags", [])


def prose(path):
    return "\n\n".join(c.source for c in cells(path, "markdown"))


# --- what every lesson keeps ---


@each_notebook
def test_it_begins_with_one_line_on_how_to_run_a_cell(path):
    first = cells(path)[0]
    assert first.cell_type == "markdown"
    assert "Shift+Enter" in first.source.splitlines()[0]


@each_lesson
def test_it_opens_with_a_question_and_a_time(path):
    source = cells(path)[0].source
    title = re.search(r"^# (.+)$", source, re.M).group(1)
    assert title.endswith("?")
    assert re.search(r"\d+ minutes", source)


@each_notebook
def test_a_picture_with_alt_text_and_its_finding_stand_before_the_panel(path):
    all_cells = cells(path)
    first_code = next(i for i, c in enumerate(all_cells) if c.cell_type == "code")
    before = "\n".join(c.source for c in all_cells[:first_code])
    alt, target = re.search(r"!\[([^\]]{40,})\]\(([^)]+)\)", before).groups()
    assert alt
    assert (path.parent / target).stat().st_size > 10_000
    assert "This is a picture; run the cell" in before
    assert re.search(r"What it shows: \w+", before)


@each_notebook
def test_the_first_code_cell_is_the_panel_from_one_call(path):
    lines = cells(path, "code")[0].source.splitlines()
    assert any("workbench.panels" in line for line in lines)
    assert re.fullmatch(r"\w+(\.\w+)*\(.*\)", lines[-1])
    assert len(lines) <= 6


@each_lesson
def test_it_closes_with_three_sentences_a_limit_a_failing_case_and_the_sandbox(path):
    text = prose(path)
    closing = re.search(r"## What you can say now\n(.+?)\n\n\*?An honest limit", text, re.S).group(
        1
    )
    assert len(re.findall(r"^\d\. ", closing, re.M)) == 3
    for part in ("honest limit", "case where it fails", "## Sandbox", "## Shut this kernel"):
        assert part in text, part


@each_notebook
def test_it_ends_with_shut_this_kernel_and_go_on(path):
    last = [c.source for c in cells(path, "markdown")][-1]
    assert "Shut this kernel and go on" in last
    assert "Shut Down Kernel" in last


@each_notebook
def test_bold_is_for_terms_and_each_has_its_entry(path):
    # tests/ground/test_glossary.py reads the terms; here: a lesson has some at all.
    if path.name != INDEX:
        assert re.findall(r"\*\*([^*\n]+)\*\*", prose(path))


# Numbers that are choices, not findings: buttons to press, settings to make, what is wanted, and
# where a formula is cut. Each stands in its lesson, word for word.
CHOICES = {
    "05": ("*×2*",),
    "06": ("at most 60 of 100 cases",),
    "07": ("*10 × people, 10 × mixes*",),
    "08": ("both cut at 1", "(1 + α own) / (k (1 + α))", "(0 to 1)", "cuts at 1", "from 0 to 1"),
    "09": ("*Run 50 rounds*", "At 0 all is chance"),
}


@each_notebook
def test_no_measured_number_is_typed_into_the_prose(path):
    """Numbers in prose come from the library; years, minutes, places and choices may stand."""
    text = prose(path)
    text = re.sub(r"\]\([^)]*\)", "]", text)  # links
    text = re.sub(r"`[^`]*`", "", text)  # code
    text = re.sub(r"^\|.*$", "", text, flags=re.M)  # tables (minutes)
    text = re.sub(r"^\d\. ", "", text, flags=re.M)
    allowed = (
        r"(in|of) (1[89]|20)\d\d|\d+ minutes|take \d+ more|lesson \d+|step \d|byte 31|2 to 255|n-1"
    )
    text = " ".join(re.sub(allowed, "", text, flags=re.I).split())
    for choice in CHOICES.get(path.name[:2], ()):
        assert choice in text
        text = text.replace(choice, "")
    assert re.findall(r"\b\d[\d,.]*\b", text) == []


def test_the_numbers_that_lessons_ask_for_are_those_of_their_checks():
    from workbench.exercises import lesson_06, lesson_09

    assert f"at most {100 * lesson_06.FOUND_AT_MOST:g} of 100 cases" in CHOICES["06"]
    assert f"*Run {lesson_09.ROUNDS} rounds*" in CHOICES["09"]


@each_lesson
def test_no_scores_and_no_red_crosses(path):
    text = prose(path).lower()
    for word in ("score", "your points", "❌", "✗", "wrong answer", "100 %"):
        assert word not in text


@each_notebook
def test_the_index_leads_to_every_lesson(path):
    assert path.name == INDEX or f"]({path.name})" in prose(PROJECT / "lessons" / INDEX)


# --- running them ---


WAITING = "appears when your guess"
# Any answer will do: what follows must not hang on what was guessed.
LOCK = """
answers = {"choice": lambda q: q.options[0], "ticks": lambda q: [], "number": lambda q: "1"}
guess.lock([answers[question.kind](question) for question in guess.questions])
"""
# All twenty games are played in tests/exercises; here it is only asked whether the text comes.
QUICKER = {"09": "lesson_09._SEEDS = 3\n"}


def is_behind_the_guess(cell):
    return cell.cell_type == "code" and "guess.then(" in cell.source


def run(path, tmp_path, change=lambda cell: None, last=""):
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            change(cell)
    if last:
        notebook.cells.append(nbformat.v4.new_code_cell(last))
    client = NotebookClient(
        notebook,
        timeout=300,
        resources={"metadata": {"path": str(tmp_path)}},
        kernel_name="python3",
    )
    client.execute()
    return notebook


def shown(cell):
    out = []
    for output in cell.get("outputs", []):
        data = output.get("data", {})
        out.append("".join(data.get("text/markdown", data.get("text/plain", ""))))
        out.append(output.get("text", ""))
    return "\n".join(out)


@pytest.mark.slow
@each_notebook
def test_it_runs_as_it_is_and_its_blanks_ask_for_an_answer(path, tmp_path):
    done = run(path, tmp_path, last="import sys; print('numba' in sys.modules)")
    code = [c for c in done.cells if c.cell_type == "code"]
    assert "widget-view" in json.dumps(code[0].outputs)
    for cell in code:
        if is_exercise(cell):
            assert "Nothing here yet." in shown(cell), cell.source
        if is_behind_the_guess(cell):
            assert WAITING in shown(cell), cell.source
    if path in WITHOUT_NUMBA:
        assert shown(code[-1]).strip() == "False"


def solutions_of(path):
    """Source of each check's solution, by the name that the lesson calls it by."""
    found = {}
    with contextlib.suppress(ModuleNotFoundError):
        module = importlib.import_module(f"workbench.exercises.lesson_{path.name[:2]}")
        found = {k: v.solution for k, v in vars(module).items() if isinstance(v, Check)}
    return found


def solved(solutions):
    """Put the solution in the place of the blank: imports and the check's call stay."""

    def change(cell):
        if not is_exercise(cell):
            return
        check = re.search(r"^(check_\w+)\(", cell.source, re.M).group(1)
        kept = re.findall(r"^(?:from|import) .+$|^check_\w+\(.+$", cell.source, re.M)
        cell.source = "\n".join([*kept[:-1], solutions.pop(check), kept[-1]])

    return change


@pytest.mark.slow
@each_lesson
def test_with_the_solutions_every_check_passes_and_the_guess_opens_the_rest(path, tmp_path):
    solutions = solutions_of(path)
    exercises = [c for c in cells(path, "code") if is_exercise(c)]
    assert exercises
    assert len(solutions) == len(exercises)
    done = run(path, tmp_path, solved(solutions), last=QUICKER.get(path.name[:2], "") + LOCK)
    assert solutions == {}
    for cell in done.cells:
        if cell.cell_type == "code" and is_exercise(cell):
            assert shown(cell).startswith("Passed."), shown(cell)
    notes = json.loads((tmp_path / "progress.json").read_text())["done"]
    assert list(notes.values()).count("passed") == len(exercises)
    # The guess was locked last: each text came in the place where it had been waited for.
    texts = [shown(cell) for cell in done.cells if is_behind_the_guess(cell)]
    assert len(texts) >= 2
    for text in texts:
        assert WAITING not in text
        assert len(text.split()) > 20, text
    assert shown(done.cells[-1]).count("it was") >= 1
