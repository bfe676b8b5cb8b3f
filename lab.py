#!/usr/bin/env python3
"""One script for everything that people do in a checkout, on every system.

    python lab.py lab      JupyterLab on the lessons, in your browser
    python lab.py present  a lesson for a room: present 05
    python lab.py stick    the lessons on a stick, for a place without a network: stick DIR
    python lab.py test     the whole test suite
    python lab.py bench    the benchmarks, one table
    python lab.py bench-live   the workbench panel in a real browser, measured
    python lab.py check    lint, format, types, notebook hygiene

It needs nothing but the standard library of any Python 3.8 or newer: it finds a Python that
the workbench runs on, makes .venv beside itself with the exact versions of the lock files,
and then hands over to it. A second run installs nothing. What follows a command is passed
on: `python lab.py test -k sphinx`.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

HERE = Path(__file__).resolve().parent
VENV = HERE / ".venv"
STAMP = VENV / "workbench-installed.json"
MARK = VENV / "workbench-place"  # where it was made: one that was moved is made anew
INSTALL_LOG = VENV / "install.log"
NEWEST, OLDEST = (3, 14), (3, 11)
ON_WINDOWS = os.name == "nt"
# The browser tests stay together (tests/conftest.py): one JupyterLab and one page at a time.
ABREAST = ["-n", "2", "--dist", "loadscope", "--no-loadscope-reorder"]
LOCKS = {"lessons": "requirements.lock", "all": "requirements-dev.lock"}
WHAT_IT_HAS = "import sys, venv, ensurepip; print(sys.version_info[0], sys.version_info[1])"


class CannotGoOnError(Exception):
    """A reason to stop, told to people as one line."""


# ---- finding a Python and building the environment ------------------------------------


def find_python() -> list[str]:
    """The command of a Python that the workbench runs on; the running one if it is."""
    for command in _candidates():
        version = _version_of(command)
        if version and OLDEST <= version <= NEWEST:
            return command
    wanted = f"Python {OLDEST[0]}.{OLDEST[1]} to {NEWEST[0]}.{NEWEST[1]}"
    if OLDEST <= sys.version_info[:2] <= NEWEST:
        package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
        raise CannotGoOnError(f"this Python has no venv: install it (on Debian, Ubuntu: {package})")
    raise CannotGoOnError(
        f"this is Python {sys.version_info[0]}.{sys.version_info[1]}, and there is no other here "
        f"that fits: install {wanted} from python.org or your system's packages"
    )


def _candidates() -> list[list[str]]:
    versions = [f"3.{minor}" for minor in range(NEWEST[1], OLDEST[1] - 1, -1)]
    found = [[sys.executable]]
    if ON_WINDOWS and shutil.which("py"):
        found += [["py", f"-{version}"] for version in versions]
    names = [f"python{version}" for version in versions] + ["python3", "python"]
    return found + [[path] for path in map(shutil.which, names) if path]


def _version_of(command: list[str], code: str = WHAT_IT_HAS) -> tuple[int, int] | None:
    """(3, 12), or None for what does not run or lacks the modules to make an environment."""
    try:
        done = subprocess.run(
            [*command, "-c", code], capture_output=True, text=True, timeout=30, check=False
        )
        major, minor = done.stdout.split()
        return int(major), int(minor)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None


def venv_python() -> Path:
    """The interpreter inside .venv."""
    return VENV / ("Scripts/python.exe" if ON_WINDOWS else "bin/python")


def fingerprint() -> str:
    """Changes whenever what should be installed changes."""
    content = hashlib.sha256()
    for name in ("pyproject.toml", *LOCKS.values()):
        content.update((HERE / name).read_bytes())
    return content.hexdigest()


def is_installed(what: str) -> bool:
    """Whether .venv holds this set of packages ("all" holds "lessons" too), here and whole."""
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
        return (
            stamp["fingerprint"] == fingerprint()
            and stamp["place"] == str(HERE)  # an environment does not survive being moved
            and stamp["what"] in (what, "all")
            and venv_python().exists()
        )
    except (OSError, ValueError, KeyError, TypeError):
        return False


def ensure_installed(what: str) -> None:
    """Make .venv hold the exact versions of the lock; do nothing if it already does."""
    if is_installed(what):
        return
    try:
        STAMP.unlink(missing_ok=True)  # an interrupted installation must not look finished
        if not _is_usable():
            _make_environment(find_python())
        lock = HERE / LOCKS[what]
        count = sum("==" in line for line in lock.read_text(encoding="utf-8").splitlines())
        print(f"Installing about {count} packages into .venv: once, a minute or two.", flush=True)
        # The lock is complete, so nothing is resolved; the build tools are in it as well.
        _pip("--no-deps", "-r", str(lock))
        _pip("--no-deps", "--no-build-isolation", "-e", str(HERE))
        stamp = {"fingerprint": fingerprint(), "place": str(HERE), "what": what}
        STAMP.write_text(json.dumps(stamp), encoding="utf-8")
    except OSError as error:
        raise CannotGoOnError(f"cannot write {VENV}: {error.strerror or error}") from error


def _is_usable() -> bool:
    """Whether .venv runs, has pip, and is not one that was moved here or found damaged.

    One that somebody made by hand has no mark; it is taken as it is.
    """
    version = _version_of([str(venv_python())], "import pip; " + WHAT_IT_HAS)
    marked = not MARK.exists() or MARK.read_text(encoding="utf-8") == str(HERE)
    return version is not None and OLDEST <= version <= NEWEST and marked


def _make_environment(python: list[str]) -> None:
    print(f"Making .venv with {' '.join(python)}.", flush=True)
    shutil.rmtree(VENV, ignore_errors=True)
    done = subprocess.run(
        [*python, "-m", "venv", str(VENV)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        reason = (done.stderr or done.stdout).strip().splitlines() or ["no reason given"]
        raise CannotGoOnError(f"cannot make {VENV}: {reason[-1]}")
    MARK.write_text(str(HERE), encoding="utf-8")


def _pip(*arguments: str) -> None:
    """One pip install, its many lines kept in a log, its progress shown as a count."""
    command = [str(venv_python()), "-m", "pip", "install", "--no-input"]
    command += ["--disable-pip-version-check", "--progress-bar=off", *arguments]
    count = 0
    errors: list[str] = []
    with INSTALL_LOG.open("a", encoding="utf-8") as log:
        log.write(f"$ {' '.join(command)}\n")
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
        assert process.stdout is not None
        for line in process.stdout:
            log.write(line)
            count += line.startswith(("Collecting ", "Obtaining ", "Requirement already "))
            if line.lower().startswith("error: "):
                errors.append(line[len("error: ") :].strip())
            if sys.stdout.isatty():
                print(f"\r  {count} ", end="", flush=True)
        code = process.wait()
    if sys.stdout.isatty():
        print("\r", end="", flush=True)
    if code:
        reason = errors[0] if errors else f"pip ended with code {code}"
        raise CannotGoOnError(
            f"the installation failed: {reason[:300]} (all of it in {INSTALL_LOG}); "
            "check network and disk, then run the same command again"
        )


# ---- the commands ----------------------------------------------------------------------


def lab(arguments: list[str]) -> int:
    """JupyterLab on the lessons, in your browser (--port N, --no-browser)."""
    ensure_installed("lessons")
    code = run("-m", "workbench", "lab", str(HERE), "--in-place", *arguments)
    return code if code == 0 else explain_a_failure(code)


def present(arguments: list[str]) -> int:
    """A lesson for a room, full screen (LESSON, --port N, --no-browser)."""
    ensure_installed("lessons")
    return run("-m", "workbench", "present", *arguments)


def stick(arguments: list[str]) -> int:
    """Wheels, lessons and a start file in a folder, for a machine without a network."""
    if len(arguments) != 1 or arguments[0].startswith("-"):
        raise CannotGoOnError("stick takes one folder: python lab.py stick DIR")
    ensure_installed("lessons")
    sys.path.insert(0, str(HERE))
    import stick as maker

    print("Gathering the packages: a minute or two.", flush=True)
    target = Path(arguments[0])
    try:
        start = maker.make(target, HERE, venv_python())
    except maker.StickError as error:
        raise CannotGoOnError(str(error)) from error
    print(f"{maker.size_megabytes(target)} MB in {target}. There, start {start.name}.")
    return 0


def test(arguments: list[str]) -> int:
    """The whole test suite in two processes; what follows goes to pytest, which is then one."""
    ensure_installed("all")
    has_two = not arguments and (os.cpu_count() or 1) > 1
    return run("-m", "pytest", *(ABREAST if has_two else arguments))


def bench(arguments: list[str]) -> int:
    """The benchmarks, one table (--only NAME)."""
    ensure_installed("all")
    return run("-m", "benchmarks", *arguments)


def bench_live(arguments: list[str]) -> int:
    """The workbench panel in a real JupyterLab and Chromium, one table (--minutes N)."""
    ensure_installed("all")
    return run("-m", "benchmarks.live", *arguments)


def check(arguments: list[str]) -> int:
    """Lint, format, types and notebook hygiene; all are run, each that fails is named."""
    if arguments:
        raise CannotGoOnError(f"check takes nothing more; found {' '.join(arguments)}")
    ensure_installed("all")
    steps = {
        "ruff check": ["-m", "ruff", "check", "."],
        "ruff format": ["-m", "ruff", "format", "--check", "."],
        "mypy --strict": ["-m", "mypy", "--strict"],
        "notebook hygiene": ["-m", "pytest", "tests/ground/test_notebooks.py"],
    }
    failed = []
    for name, step in steps.items():
        print(f"== {name}", flush=True)
        if run(*step):
            failed.append(name)
    print(f"check: {'failed: ' + ', '.join(failed) if failed else 'all of it passed'}")
    return 1 if failed else 0


COMMANDS = {
    "lab": lab,
    "present": present,
    "stick": stick,
    "test": test,
    "bench": bench,
    "bench-live": bench_live,
    "check": check,
}


def run(*arguments: str) -> int:
    """The environment's Python with these arguments, from the checkout; its exit code."""
    process = subprocess.Popen([str(venv_python()), *arguments], cwd=HERE)
    signal.signal(signal.SIGTERM, lambda number, frame: process.terminate())
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue  # Ctrl-C reached the child as well; it says goodbye in its own time


def explain_a_failure(code: int) -> int:
    """After a failed start: is the environment damaged? Then say so, and let a retry mend it."""
    probe = "import anywidget, bokeh, ipykernel, jupyterlab, nacl, numba"  # not our own code
    done = subprocess.run(
        [str(venv_python()), "-c", probe], cwd=HERE, capture_output=True, text=True, check=False
    )
    if done.returncode:
        STAMP.unlink(missing_ok=True)
        MARK.write_text("damaged", encoding="utf-8")
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise CannotGoOnError(
            f".venv is damaged ({reason}): run the same command again and it is made anew"
        )
    return code


def stop(reason: str, code: int) -> NoReturn:
    """One line, and the exit code."""
    print(f"lab.py: {reason}", file=sys.stderr)
    sys.exit(code)


def main() -> int:
    """Run one command; every trouble of ours is one line."""
    name, *rest = sys.argv[1:] or ["--help"]
    if name in ("-h", "--help", "help"):
        print(__doc__)
        return 0
    if name not in COMMANDS:
        stop(f"no command {name!r}; expected one of {', '.join(COMMANDS)}", 2)
    try:
        return COMMANDS[name](rest)
    except CannotGoOnError as reason:
        stop(str(reason), 1)
    except KeyboardInterrupt:
        stop("stopped; run the same command again and it goes on where it was", 130)


if __name__ == "__main__":
    sys.exit(main())
