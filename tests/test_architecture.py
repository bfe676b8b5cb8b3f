"""Who may know whom: the imports of the package, read from its source."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "workbench"

# What each part may import of the workbench, besides itself.
GROUND = {"errors", "scenario", "strategies", "presets"}
ALLOWED: dict[str, set[str]] = {
    "errors": set(),
    "strategies": {"errors"},
    # Scenario.presets() looks its situations up when asked; they are made of Scenarios.
    "scenario": {"errors", "strategies", "presets"},
    "presets": {"scenario", "strategies"},
    "sphinx": GROUND,
    "mixing": GROUND,
    "anonymity": GROUND | {"mixing"},
    "rewards": GROUND,
    "system": GROUND | {"mixing", "anonymity", "rewards"},
    "panels": GROUND
    | {"sphinx", "mixing", "anonymity", "rewards", "system", "teaching"}
    # The presenter reads a lesson's notebook and must find it.
    | {"lesson_files"},
    "teaching": {"errors"},
    # What a lesson asks and how its answers are judged: field knowledge, so not teaching's;
    # no widgets, so not the panels'.
    "exercises": GROUND | {"sphinx", "mixing", "anonymity", "rewards", "system", "teaching"},
    # The command line knows no field: lessons are files to it, and Lab is a process.
    "lesson_files": {"errors"},
    "serve": {"errors"},
    "deck": {"errors", "serve"},
    "cli": {"errors", "lesson_files", "serve", "deck"},
    "__main__": {"cli"},
}
ONLY_IMPORTER = {
    "nacl": "workbench/sphinx/primitives.py",
    "cryptography": "workbench/sphinx/primitives.py",
}


def imports_of(path: Path) -> set[str]:
    """Absolute dotted names of every module that a file imports, anywhere in it."""
    package = ("workbench", *path.relative_to(PACKAGE).parts[:-1])
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (base, node.module or "") if part)
            names.update(f"{module}.{alias.name}" for alias in node.names)
    return names


def part_of(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def test_each_part_imports_only_what_it_may_know() -> None:
    wrong = []
    for path in sorted(PACKAGE.rglob("*.py")):
        part = part_of(path)
        if part == "__init__":
            continue
        for name in imports_of(path):
            pieces = name.split(".")
            if pieces[0] != "workbench" or len(pieces) < 2:
                continue
            known = pieces[1]
            if not (PACKAGE / known).exists() and not (PACKAGE / f"{known}.py").exists():
                continue  # a name of workbench/__init__.py itself, such as __version__
            if known != part and known not in ALLOWED[part]:
                wrong.append(f"{path.relative_to(PACKAGE.parent)} imports {name}")
    assert not wrong, "\n".join(wrong)


def test_crypto_libraries_have_one_importer() -> None:
    for path in sorted(PACKAGE.rglob("*.py")):
        where = path.relative_to(PACKAGE.parent).as_posix()
        for name in imports_of(path):
            home = ONLY_IMPORTER.get(name.split(".")[0])
            assert home in (None, where), f"{where} imports {name}; only {home} may"


def test_importing_the_workbench_loads_nothing_heavy() -> None:
    code = (
        "import sys, workbench; "
        "heavy = {'numba', 'bokeh', 'jupyterlab', 'ipywidgets', 'anywidget', 'IPython', 'numpy'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
