"""The lessons on a stick, for a room without a network: wheels, lessons, one start file.

`python lab.py stick DIR` calls :func:`make`. On the other machine the start file runs
`start.py`, which is written here, with nothing but the standard library: it makes an
environment on the local disk (a stick's file system knows no links and is slow) from the
stick's wheels alone, and opens the lessons on the stick.
"""

from __future__ import annotations

import shutil
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

LESSONS, WHEELS = "lessons", "wheels"
START_PY = '''\
"""Written by `lab.py stick`: an environment from the wheels beside this file, then the lessons."""
import hashlib, os, subprocess, sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
WANTED = {version!r}
MACHINE = {machine!r}


def main():
    import platform
    if sys.version_info[:2] != WANTED:
        sys.exit("This stick is for Python %d.%d; this is Python %d.%d. Install Python %d.%d, or "
                 "make a stick with the Python that is here."
                 % (WANTED + sys.version_info[:2] + WANTED))
    if (sys.platform, platform.machine()) != MACHINE:
        sys.exit("This stick is for %s on %s; this is %s on %s. Make a stick on such a machine."
                 % (MACHINE + (sys.platform, platform.machine())))
    names = sorted(path.name for path in (HERE / "wheels").glob("*.whl"))
    stamp = hashlib.sha256("\\n".join(names).encode()).hexdigest()[:12]
    home = os.environ.get("WORKBENCH_STICK_HOME") or os.environ.get("LOCALAPPDATA")
    home = Path(home) if home else Path.home() / ".cache"
    place = home / "mixnet-workbench" / ("stick-" + stamp)
    python = place / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    done = place / "installed"
    if not done.exists() or not python.exists():
        import shutil
        shutil.rmtree(place, ignore_errors=True)
        print("Installing %d packages from the stick, once." % len(names), flush=True)
        subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", "--no-input",
                        "--disable-pip-version-check", "--no-index", "--no-deps",
                        *[str(HERE / "wheels" / name) for name in names]], check=True)
        done.write_text("yes")  # last: an interrupted installation is made again
    arguments = sys.argv[1:]
    if not arguments or arguments[0].startswith("-") and arguments != ["--version"]:
        # Options alone are options of `lab`; another command is taken as it is.
        arguments = ["lab", *arguments, str(HERE / "lessons")]
    command = [str(python), "-m", "workbench", *arguments]
    if os.name != "nt":
        os.execv(command[0], command)  # in this one's place: what ends it, ends Lab
    return subprocess.run(command).returncode


try:
    sys.exit(main())
except subprocess.CalledProcessError:
    sys.exit("The environment could not be made: is there room on the disk? See the lines above.")
except OSError as error:
    sys.exit("The environment could not be made: %s" % error)
except KeyboardInterrupt:
    sys.exit(130)
'''
START_SH = """\
#!/bin/sh
# Open the mixnet lessons on this stick: sh {file}
here=$(cd "$(dirname "$0")" && pwd)
for python in python{version} python3 python; do
    if "$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info[:2] != {pair})' \\
        2>/dev/null; then exec "$python" "$here/start.py" "$@"; fi
done
echo "Python {version} with venv is needed: install it from python.org or your system's packages."
exit 1
"""
START_BAT = """\
@echo off
rem Open the mixnet lessons on this stick: a double click.
py -{version} "%~dp0start.py" %*
if errorlevel 103 echo Python {version} is needed: install it from python.org.
if errorlevel 1 pause
"""
README_TXT = """\
THE MIXNET LESSONS, WITHOUT A NETWORK

Needs: {system} ({machine}), Python {version} with venv, {disk} MB of disk; else make another stick.
Start: {start}
First time: it installs from here to the local disk, some minutes. Then your browser opens.
Options: behind the start file's name, such as --no-browser (prints the link) or --port 9000.
End: Ctrl-C in the terminal. What you write into the lessons stays on this stick.
"""
HOW_TO_START = {
    "start.bat": "double-click start.bat.",
    "start.command": "double-click start.command; if refused, in a terminal here: sh start.command",
    "start.sh": "open a terminal in this folder and type: sh start.sh",
}


class StickError(Exception):
    """A reason why there is no stick, in one line."""


def start_file() -> str:
    """The name of this platform's start file."""
    return {"win32": "start.bat", "darwin": "start.command"}.get(sys.platform, "start.sh")


def make(target: Path, checkout: Path, python: Path, lock: Path | None = None) -> Path:
    """Put wheels, lessons, a start file and a note into a folder; the start file comes last.

    Parameters
    ----------
    target : Path
        The folder, made if it is not there; what else lies in it stays.
    checkout : Path
        The project's folder.
    python : Path
        The Python whose version and platform the wheels are for.
    lock : Path, optional
        Exact versions to take; the lessons' lock by default.

    Returns
    -------
    Path
        The start file.

    Raises
    ------
    StickError
        A folder that cannot be written, or wheels that cannot be had.
    """
    lock = checkout / "requirements.lock" if lock is None else lock
    try:
        target.mkdir(parents=True, exist_ok=True)
        for name in (*HOW_TO_START, "README.txt"):
            (target / name).unlink(missing_ok=True)  # half a stick must not look finished
        wheels = _fresh(target / WHEELS)
        _wheels(python, wheels, "-r", str(lock))
        _wheels(python, wheels, "--no-build-isolation", str(checkout))
        _copy_lessons(checkout / "lessons", target / LESSONS)
        return _write_start(target, python, _unpacked_mb(wheels))
    except OSError as error:
        reason = error.strerror or str(error)
        raise StickError(
            f"cannot write to {target} ({reason}); expected a stick with room"
        ) from error


def _fresh(folder: Path) -> Path:
    """An empty folder: a wheel of an older version beside the new one would confuse pip."""
    if folder.exists():
        for path in folder.glob("*.whl"):
            path.unlink()
    folder.mkdir(exist_ok=True)
    return folder


def _wheels(python: Path, target: Path, *what: str) -> None:
    """One `pip wheel`: downloads what is there as a wheel, builds what is not."""
    command = [str(python), "-m", "pip", "wheel", "--no-deps", "--no-input", "--quiet"]
    command += ["--disable-pip-version-check", "-w", str(target), *what]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines() or ["no reason given"]
        errors = [line for line in lines if line.lower().startswith("error")]
        raise StickError(f"no wheels for the stick: {(errors or lines)[-1][:300]}; try again")


def _unpacked_mb(wheels: Path) -> int:
    """What the wheels take on a disk, in whole tens of megabytes, rounded up."""
    held = 0
    for wheel in filter(zipfile.is_zipfile, wheels.glob("*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            held += sum(one.file_size for one in archive.infolist())
    return 10 * (held // 10_000_000 + 1)


def _copy_lessons(source: Path, target: Path) -> None:
    """What a clean checkout holds; a lesson that somebody changed on the stick stays."""
    for path in sorted(source.rglob("*")):
        parts = path.relative_to(source).parts
        if not path.is_file() or any(part.startswith((".", "__")) for part in parts):
            continue
        if path.match("progress*.json"):
            continue
        to = target.joinpath(*parts)
        to.parent.mkdir(parents=True, exist_ok=True)
        if not to.exists():
            shutil.copyfile(path, to)


def _write_start(target: Path, python: Path, disk_mb: int) -> Path:
    code = "import platform, sys; print(*sys.version_info[:2], sys.platform, platform.machine())"
    done = subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=True)
    major, minor, system, machine = done.stdout.split()
    pair = (int(major), int(minor))
    start_py = START_PY.replace("{version!r}", repr(pair))
    start_py = start_py.replace("{machine!r}", repr((system, machine)))
    (target / "start.py").write_text(start_py, encoding="utf-8")
    name = start_file()
    readme = README_TXT.format(
        system={"win32": "Windows", "darwin": "macOS"}.get(system, "Linux"),
        machine=machine,
        disk=disk_mb,
        version=f"{major}.{minor}",
        start=HOW_TO_START[name],
    )
    (target / "README.txt").write_text(readme, encoding="ascii")
    template = START_BAT if name.endswith(".bat") else START_SH
    text = template.replace("{version}", f"{major}.{minor}").replace("{pair}", repr(pair))
    path = target / name
    path.write_text(text.replace("{file}", name), encoding="utf-8", newline="")
    path.chmod(path.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    return path


def size_megabytes(folder: Path) -> int:
    """All files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) // 10**6
