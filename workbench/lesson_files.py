"""The lessons as files: where they are packaged, and a copy that spares what people changed."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from workbench.errors import WorkbenchError

MANIFEST = ".workbench-lessons.json"


class LessonFilesError(WorkbenchError):
    """Lessons that cannot be found, read or written, with what was expected instead."""


@dataclass(frozen=True)
class CopyReport:
    """What a copy did, each file by its name in the folder.

    `written` were not there before, `updated` had a newer lesson and no change by hand,
    `kept` were changed by hand and left alone although the lesson differs, `unchanged` were
    up to date.
    """

    folder: Path
    written: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()

    def summary(self) -> str:
        """The report in words, naming every file that was kept."""
        counts = [
            f"{len(names)} {word}"
            for word, names in (
                ("new", self.written),
                ("updated", self.updated),
                ("kept as you changed them", self.kept),
                ("up to date", self.unchanged),
            )
            if names
        ]
        lines = [f"Lessons in {self.folder}: {', '.join(counts)}."]
        if self.kept:
            lines.append(f"Yours, left as they are: {', '.join(self.kept)}.")
            lines.append("For a fresh one, rename yours and run this again.")
        return "\n".join(lines)


def packaged_lessons() -> Path:
    """Folder of the lessons that came with this package (or of the checkout it runs from)."""
    package = Path(__file__).parent
    for folder in (package / "_lessons", package.parent / "lessons"):
        if folder.is_dir():
            return folder
    raise LessonFilesError(f"no lessons beside {package}; expected the folder {package}/_lessons")


def find_lesson(lesson: str | int, folder: Path | None = None) -> Path:
    """The notebook of a lesson, by its number ("5", "05") or its file's name.

    Parameters
    ----------
    lesson : str or int
        A number, the beginning of a name ("05_delay"), or a whole name.
    folder : Path, optional
        Where to look; the packaged lessons by default.

    Returns
    -------
    Path
        The notebook.

    Raises
    ------
    LessonFilesError
        When there is none, or more than one; the message lists what there is.
    """
    folder = packaged_lessons() if folder is None else folder
    try:
        there = sorted(folder.glob("[0-9][0-9]_*.ipynb"))
    except (OSError, ValueError):
        there = []
    if not there:
        raise LessonFilesError(
            f"no lessons in {str(folder)!r}; expected notebooks such as 05_*.ipynb"
        )
    text = str(lesson).strip().removesuffix(".ipynb")
    text = f"{int(text):02d}_" if text.isascii() and text.isdigit() and len(text) <= 2 else text
    found = [path for path in there if text and path.name.startswith(text)]
    if len(found) != 1:
        names = ", ".join(path.stem for path in there)
        raise LessonFilesError(f"no lesson {str(lesson)[:60]!r}; expected one of {names}")
    return found[0]


def copy_lessons(target: Path, source: Path | None = None) -> CopyReport:
    """Copy the lessons into a folder, never over a file that somebody changed.

    A small manifest in the folder remembers what each file was when it was written. A file
    that still is what was written may be updated; any other that differs is kept.

    Parameters
    ----------
    target : Path
        The folder, made if it is not there.
    source : Path, optional
        Where the lessons are; the packaged ones by default.

    Returns
    -------
    CopyReport
        What was written, updated, kept and unchanged. It does not say what changed inside a
        kept file, and lessons that are no longer shipped are left where they are.

    Raises
    ------
    LessonFilesError
        When the folder is a file, cannot be written to, or has a folder where a lesson goes.
    """
    source = packaged_lessons() if source is None else source
    done: dict[str, list[str]] = {"written": [], "updated": [], "kept": [], "unchanged": []}
    try:
        if target.exists() and not target.is_dir():
            raise LessonFilesError(f"{target} is a file; expected a folder, or a new name")
        target.mkdir(parents=True, exist_ok=True)
        remembered = _read_manifest(target)
        for name in _lesson_names(source):
            content = (source / name).read_bytes()
            what = _fate(target / name, content, remembered.get(name))
            if what in ("written", "updated"):
                _write(target / name, content)
            if what != "kept":
                remembered[name] = _digest(content)
            done[what].append(name)
        manifest = json.dumps(remembered, indent=1, sort_keys=True) + "\n"
        _write(target / MANIFEST, manifest.encode())
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        if isinstance(error, WorkbenchError):
            raise
        reason = error.strerror if isinstance(error, OSError) else error
        raise LessonFilesError(
            f"cannot copy the lessons to {str(target)!r} ({reason}); "
            "expected a folder that you may write to"
        ) from error
    return CopyReport(target, **{word: tuple(names) for word, names in done.items()})


def _fate(path: Path, content: bytes, remembered: str | None) -> str:
    if path.is_dir():
        raise LessonFilesError(f"{path} is a folder; expected a lesson's file or nothing there")
    if not path.exists():
        return "written"
    found = _digest(path.read_bytes())
    if found == _digest(content):
        return "unchanged"
    return "updated" if found == remembered else "kept"


def _lesson_names(source: Path) -> Iterator[str]:
    for path in sorted(source.rglob("*")):
        parts = path.relative_to(source).parts
        hidden = any(part.startswith((".", "__")) for part in parts)
        if path.is_file() and not hidden:
            yield "/".join(parts)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _read_manifest(target: Path) -> dict[str, str]:
    """What was written before; a missing or damaged manifest knows nothing, so all is kept."""
    try:
        found = json.loads((target / MANIFEST).read_bytes())
    except (FileNotFoundError, ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {name: digest for name, digest in found.items() if isinstance(digest, str)}


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all: a full disk or an interruption leaves the old file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".workbench-")
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(content)
        mask = os.umask(0)  # mkstemp's files are for the owner alone; give the usual rights
        os.umask(mask)
        Path(name).chmod(0o666 & ~mask)
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
