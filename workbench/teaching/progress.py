"""What was done so far: in memory, and in a small file when the learner asks for it."""

from __future__ import annotations

import json
import os
import re
import tempfile
from pathlib import Path

from workbench.errors import LessonError

DEFAULT_FILE = "progress.json"
_FORMAT = 1
_MAX_BYTES = 65_536
_MAX_ENTRIES = 1_000
_KEY = re.compile(r"[a-z0-9][a-z0-9_\-]{0,39}/[a-z0-9][a-z0-9_\-]{0,39}")
_WORDS = ("guessed", "passed")


class Progress:
    """Guesses locked and checks passed, by key; no scores.

    Each notebook has a kernel of its own, so the session's progress goes from one lesson to
    the next through a file: :meth:`save` adds to what stands there.

    Examples
    --------
    >>> p = Progress()
    >>> p.note("03/size", "guessed")
    >>> p.has("03/size"), p.done("03")
    (True, ('size',))
    """

    def __init__(self) -> None:
        self._done: dict[str, str] = {}

    def note(self, key: str, word: str) -> None:
        """Remember that ``key`` (``lesson/name``) was ``guessed`` or ``passed``."""
        _check_entry(key, word)
        if key not in self._done and len(self._done) >= _MAX_ENTRIES:
            raise LessonError(f"at most {_MAX_ENTRIES} entries are kept")
        self._done[key] = word

    def has(self, key: str) -> bool:
        """Whether ``key`` was guessed or passed."""
        return key in self._done

    def done(self, lesson: str) -> tuple[str, ...]:
        """The names done in one lesson, sorted."""
        return tuple(sorted(k.split("/")[1] for k in self._done if k.split("/")[0] == lesson))

    def save(self, path: str | os.PathLike[str] = DEFAULT_FILE) -> Path:
        """Write the file, together with what an earlier lesson wrote there.

        Raises
        ------
        LessonError
            The path holds something that is not a progress file (it is left as it is), or
            cannot be written.
        """
        target = Path(path)
        if target.exists():
            self._done = {**_read(target), **self._done}
        text = json.dumps({"workbench_progress": _FORMAT, "done": self._done}, indent=1)
        try:
            _write_whole(target, text + "\n")
        except OSError as error:
            raise LessonError(f"{target} cannot be written: {error.strerror or error}") from error
        return target

    def load(self, path: str | os.PathLike[str] = DEFAULT_FILE) -> Progress:
        """Add what a file holds; a file that is not there adds nothing.

        Raises
        ------
        LessonError
            The file is not one that :meth:`save` wrote; nothing is added then.
        """
        target = Path(path)
        if target.exists():
            self._done = {**self._done, **_read(target)}
        return self

    def __str__(self) -> str:
        return self._repr_markdown_()

    def _repr_markdown_(self) -> str:
        lessons = sorted({key.split("/")[0] for key in self._done})
        if not lessons:
            return "Nothing noted yet: a guess or a passed check is noted here."
        lines = [f"- lesson {int(x) if x.isdigit() else x}: {', '.join(self.done(x))}"
                 for x in lessons]  # fmt: skip
        return "\n".join(["Done so far:", "", *lines])


def _check_entry(key: object, word: object) -> None:
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise LessonError("a key is 'lesson/name' in lower-case letters, digits, - and _")
    if word not in _WORDS:
        raise LessonError(f"an entry is one of {', '.join(_WORDS)}")


def _read(path: Path) -> dict[str, str]:
    """The entries of a progress file; anybody may have written it, so all is checked."""
    try:
        with path.open("rb") as file:
            raw = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise LessonError(f"{path} cannot be read: {error.strerror or error}") from error
    if len(raw) > _MAX_BYTES:
        raise LessonError(f"{path} is over {_MAX_BYTES:,} bytes; a progress file is smaller")
    try:
        data = json.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise LessonError(f"{path} is not a progress file: JSON is expected") from error
    if not isinstance(data, dict) or data.get("workbench_progress") != _FORMAT:
        raise LessonError(f"{path} is not a progress file of format {_FORMAT}")
    done = data.get("done")
    if not isinstance(done, dict) or len(done) > _MAX_ENTRIES:
        raise LessonError(f"{path}: 'done' must hold at most {_MAX_ENTRIES} entries")
    for key, word in done.items():
        _check_entry(key, word)
    return done


def _write_whole(target: Path, text: str) -> None:
    """Replace the file in one step, so that a stopped kernel leaves no half of it."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".progress-", suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(name, target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


progress = Progress()
