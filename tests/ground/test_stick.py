"""A stick: wheels, lessons and a start file that needs no network."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
POSIX = pytest.mark.skipif(os.name == "nt", reason="runs the start file with sh")
# What is not there for whoever has no network, in all the ways that pip could find one.
OFFLINE = {
    "PIP_NO_INDEX": "1",
    "PIP_CONFIG_FILE": os.devnull,
    **dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), "http://127.0.0.1:9"),
    **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), "http://127.0.0.1:9"),
    "PIP_NO_CACHE_DIR": "1",
}


@pytest.fixture
def stick():
    spec = importlib.util.spec_from_file_location("stick_under_test", PROJECT / "stick.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def without_download(stick, monkeypatch):
    """Only the project's own wheel is built; nothing is downloaded."""
    real = stick._wheels

    def only_ours(python, target, *what):
        if "-r" not in what:
            real(python, target, *what)

    monkeypatch.setattr(stick, "_wheels", only_ours)
    monkeypatch.setenv("PIP_NO_INDEX", "1")


def start(where, home, *arguments, **more):
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    environment |= {**OFFLINE, "WORKBENCH_STICK_HOME": str(home), **more}
    return subprocess.run(
        ["sh", str(where / "start.sh"), *arguments],
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
        env=environment,
    )


@POSIX
@pytest.mark.slow
def test_from_a_stick_the_workbench_is_installed_once_and_without_a_network(
    stick, without_download, tmp_path
):
    target, home = tmp_path / "a stick", tmp_path / "home"
    path = stick.make(target, PROJECT, Path(sys.executable))
    if path.name != "start.sh":
        path.rename(target / "start.sh")
    assert [p.name for p in (target / "wheels").glob("*.whl")] != []
    first = start(target, home, "lessons", str(tmp_path / "mine"))
    assert first.returncode == 0, first.stderr
    assert "Installing 1 packages from the stick" in first.stdout
    assert (tmp_path / "mine" / "00_workbench.ipynb").exists()
    again = start(target, home, "--version")
    assert again.returncode == 0, again.stderr
    assert again.stdout.startswith("workbench ")
    assert "Installing" not in again.stdout
    assert "usage: workbench lab" in start(target, home, "--help").stdout
    # The whole of it is on the disk: nothing was written to the stick.
    assert not list(target.rglob("pyvenv.cfg"))
    # An interrupted installation is made again.
    next(home.rglob("installed")).unlink()
    assert "Installing" in start(target, home, "--version").stdout


# A room without a network: whatever is started inside has its own machine and nothing else.
NO_NETWORK = ["unshare", "-rn", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
# The start file as a presenter uses it, then Lab's page with its scripts, then a lesson's cells.
OPEN_LAB = """
import re, subprocess, sys
from urllib.request import ProxyHandler, build_opener

here = build_opener(ProxyHandler({}))
lab = subprocess.Popen(["sh", sys.argv[1], "--no-browser"], stdout=subprocess.PIPE, text=True)
try:
    told = []
    for line in lab.stdout:
        told.append(line)
        link = re.search(r"http://127\\S+token=\\w+", line)
        if link:
            break
    else:
        sys.exit("no link: " + "".join(told))
    page = here.open(link[0], timeout=60).read().decode()
    root = re.match(r"http://[^/]+", link[0])[0]
    scripts = re.findall(r'<script[^>]* src="([^"]+)"', page)
    assert scripts, page
    for script in scripts:
        assert len(here.open(root + script, timeout=60).read()) > 100, script
    print(len(scripts), "scripts")
finally:
    lab.terminate()
    lab.wait(30)
"""
RUN_LESSON = """
import sys
import nbformat
from nbclient import NotebookClient

notebook = nbformat.read(sys.argv[1], as_version=4)
NotebookClient(notebook, timeout=300).execute()
shown = [out for cell in notebook.cells for out in cell.get("outputs", [])]
print(sum("application/vnd.jupyter.widget-view+json" in out.get("data", {}) for out in shown))
"""


@pytest.fixture
def no_network():
    """What stands before a command to take the network away, where this machine can."""
    if shutil.which("unshare") is None or subprocess.run([*NO_NETWORK, "true"]).returncode != 0:
        return []
    return NO_NETWORK


@POSIX
@pytest.mark.slow
def test_a_whole_stick_opens_the_lessons_without_a_network(stick, no_network, tmp_path):
    """Every package of the lock, from the network or pip's cache; then Lab, then a lesson."""
    target, home = tmp_path / "stick", tmp_path / "home"
    try:
        path = stick.make(target, PROJECT, Path(sys.executable))
    except stick.StickError as error:
        pytest.skip(f"the wheels cannot be had here: {error}")
    pins = [
        line for line in (PROJECT / "requirements.lock").read_text().splitlines() if "==" in line
    ]
    assert len(list((target / "wheels").glob("*.whl"))) > 0.8 * len(pins)
    if path.name != "start.sh":
        path.rename(target / "start.sh")
    done = start(target, home, "--version")
    assert done.returncode == 0, done.stderr
    python = next(home.rglob("bin/python"))

    def offline(code, argument):
        return subprocess.run(
            [*no_network, str(python), "-c", code, str(argument)],
            capture_output=True,
            text=True,
            timeout=400,
            cwd=tmp_path,
            env={**os.environ, **OFFLINE, "WORKBENCH_STICK_HOME": str(home)},
        )

    lab = offline(OPEN_LAB, target / "start.sh")
    assert lab.returncode == 0, lab.stderr
    assert int(lab.stdout.split()[0]) > 0
    lesson = offline(RUN_LESSON, target / "lessons" / "05_delay_buys_company.ipynb")
    assert lesson.returncode == 0, lesson.stderr
    assert int(lesson.stdout) > 0


@pytest.fixture
def made(stick, monkeypatch, tmp_path):
    """A stick with an empty wheel of each kind asked for; quick."""

    def pretend(python, target, *what):
        name = "lock" if "-r" in what else "ours"
        (target / f"{name}-1-py3-none-any.whl").write_bytes(b"")

    monkeypatch.setattr(stick, "_wheels", pretend)
    stick.make(tmp_path / "stick", PROJECT, Path(sys.executable))
    return tmp_path / "stick"


def test_a_stick_holds_wheels_lessons_and_one_start_file(made, stick):
    names = {path.name for path in made.iterdir()}
    assert names == {"wheels", "lessons", "start.py", "README.txt", stick.start_file()}
    shipped = {p.name for p in (PROJECT / "lessons").glob("[0-9]*.ipynb")}
    assert shipped <= {p.name for p in (made / "lessons").iterdir()}
    assert not list(made.rglob("progress*.json"))
    assert os.access(made / stick.start_file(), os.X_OK)
    assert stick.size_megabytes(made) >= 0


def test_a_note_says_in_five_lines_what_it_needs_and_what_to_start(made, stick):
    title, blank, *lines = (made / "README.txt").read_text().splitlines()
    assert title.isupper()
    assert not blank
    assert len(lines) == 5
    assert max(map(len, lines)) <= 100
    needs, how = lines[:2]
    assert f"Python {sys.version_info[0]}.{sys.version_info[1]} " in needs
    assert platform.machine() in needs
    assert stick.start_file() in how
    assert not [part for line in lines for part in ("{", "}") if part in line]
    assert [name for name in stick.HOW_TO_START if name in how] == [stick.start_file()]


@POSIX
@pytest.mark.parametrize(
    ("given", "command"),
    [
        ([], "lab {lessons}"),
        (["--no-browser"], "lab --no-browser {lessons}"),
        (["--port", "9000", "--no-browser"], "lab --port 9000 --no-browser {lessons}"),
        (["present", "05"], "present 05"),
        (["--version"], "--version"),
    ],
)
def test_options_behind_the_start_file_are_added_to_opening_the_lessons(
    made, stick, tmp_path, given, command
):
    wheels = sorted(path.name for path in (made / "wheels").glob("*.whl"))
    stamp = hashlib.sha256("\n".join(wheels).encode()).hexdigest()[:12]
    # An environment that is there already, whose Python only tells what it was asked.
    place = tmp_path / "home" / "mixnet-workbench" / f"stick-{stamp}"
    (place / "bin").mkdir(parents=True)
    (place / "installed").write_text("yes")
    python = place / "bin" / "python"
    python.write_text('#!/bin/sh\necho "$@"\n')
    python.chmod(0o755)
    if stick.start_file() != "start.sh":
        (made / stick.start_file()).rename(made / "start.sh")
    done = start(made, tmp_path / "home", *given)
    expected = command.format(lessons=made.resolve() / "lessons")
    assert done.stdout.strip() == f"-m workbench {expected}", done.stderr


def test_making_it_again_replaces_wheels_and_keeps_a_changed_lesson(made, stick):
    (made / "wheels" / "old-1-py3-none-any.whl").write_bytes(b"")
    (made / "lessons" / "00_workbench.ipynb").write_text("mine")
    (made / "holiday.jpg").write_bytes(b"theirs")
    stick.make(made, PROJECT, Path(sys.executable))
    assert not (made / "wheels" / "old-1-py3-none-any.whl").exists()
    assert (made / "lessons" / "00_workbench.ipynb").read_text() == "mine"
    assert (made / "holiday.jpg").exists()


def test_half_a_stick_has_no_start_file(made, stick, monkeypatch):
    def fail(*_):
        raise stick.StickError("no wheels for the stick: gone")

    monkeypatch.setattr(stick, "_wheels", fail)
    with pytest.raises(stick.StickError):
        stick.make(made, PROJECT, Path(sys.executable))
    assert not (made / stick.start_file()).exists()


def test_without_a_network_making_one_fails_in_one_line(stick, tmp_path, monkeypatch):
    for name, value in OFFLINE.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(stick.StickError, match="no wheels for the stick") as error:
        stick.make(tmp_path / "stick", PROJECT, Path(sys.executable))
    assert "\n" not in str(error.value)


def test_a_place_that_is_a_file_is_told(stick, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(stick.StickError, match="cannot write to"):
        stick.make(tmp_path / "file", PROJECT, Path(sys.executable))


@pytest.mark.parametrize("wrong", ["version", "machine"])
def test_another_python_or_machine_is_told_what_the_stick_is_for(made, wrong):
    text = (made / "start.py").read_text()
    lines = text.splitlines()
    at = next(
        i
        for i, line in enumerate(lines)
        if line.startswith(("WANTED", "MACHINE")[wrong != "version"])
    )
    lines[at] = "WANTED = (3, 2)" if wrong == "version" else "MACHINE = ('amiga', 'm68k')"
    (made / "start.py").write_text("\n".join(lines))
    done = subprocess.run(
        [sys.executable, str(made / "start.py")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "This stick is for " in done.stderr
    assert "Traceback" not in done.stderr


@POSIX
def test_without_the_right_python_the_start_file_says_which(made, tmp_path):
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("dirname", "sh"):
        (tools / name).symlink_to(shutil.which(name))
    text = (made / "start.sh") if (made / "start.sh").exists() else (made / "start.command")
    done = subprocess.run(
        ["sh", str(text)], capture_output=True, text=True, check=False, env={"PATH": str(tools)}
    )
    assert done.returncode == 1
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert f"Python {version} with venv is needed" in done.stdout


@pytest.mark.parametrize("arguments", [[], ["a", "b"], ["--fast"]])
def test_the_command_takes_one_folder(arguments):
    done = subprocess.run(
        [sys.executable, str(PROJECT / "lab.py"), "stick", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "stick takes one folder" in done.stderr
