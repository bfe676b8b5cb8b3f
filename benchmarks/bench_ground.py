"""How long people wait before anything happens: the import, and the server's first answer."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from benchmarks.common import Row, wall_s

PROJECT = Path(__file__).parents[1]
LINK = re.compile(r"http://127\.0\.0\.1:\S+")


def rows() -> list[Row]:
    bare = wall_s(lambda: _python("pass"), repeats=9)
    loaded = wall_s(lambda: _python("import workbench"), repeats=9)
    cached = wall_s(lambda: _python("import workbench.sphinx"), repeats=5)
    answer = min(_server_answers_s() for _ in range(3))
    return [
        Row("import workbench, beyond bare Python", loaded - bare, "s", "< 0.15 s"),
        Row("import workbench.sphinx, beyond bare Python", cached - bare, "s"),
        Row("second `make lab` to the page's answer", answer, "s", "< 6 s", note=_how()),
    ]


def _python(code: str) -> None:
    subprocess.run([sys.executable, "-c", code], cwd=PROJECT, check=True)


def _is_installed_by_script() -> bool:
    return (PROJECT / ".venv" / "workbench-installed.json").exists()


def _how() -> str:
    return "by lab.py" if _is_installed_by_script() else "by workbench lab: no .venv of lab.py's"


def _server_answers_s() -> float:
    """Seconds from the command to the lessons' page, the server then ended."""
    command = (
        ["lab.py", "lab"]
        if _is_installed_by_script()
        else ["-m", "workbench", "lab", ".", "--in-place"]
    )
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *command, "--no-browser"],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if link := LINK.search(line):
                urllib.request.urlopen(link[0], timeout=30).close()
                return time.perf_counter() - start
        raise RuntimeError("the server ended before it gave a link")
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
