"""lab.py: finds a Python, installs once, says each trouble in one line, and can be retried."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
POSIX = pytest.mark.skipif(os.name == "nt", reason="makes executables out of shell scripts")


@pytest.fixture
def checkout(tmp_path):
    """A checkout with what lab.py reads, and nothing installed."""
    for name in ("lab.py", "Makefile", "pyproject.toml", "requirements.lock"):
        shutil.copy(PROJECT / name, tmp_path)
    shutil.copy(PROJECT / "requirements-dev.lock", tmp_path)
    return tmp_path


@pytest.fixture
def lab(checkout):
    spec = importlib.util.spec_from_file_location("lab_under_test", checkout / "lab.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def installs(lab, monkeypatch):
    """Stand-ins for the slow steps that note what was asked of them."""
    asked: list[str] = []

    def make(python):
        asked.append("venv")
        shutil.rmtree(lab.VENV, ignore_errors=True)
        lab.venv_python().parent.mkdir(parents=True, exist_ok=True)
        lab.venv_python().symlink_to(sys.executable)
        (lab.VENV / "workbench-place").write_text(str(lab.HERE))

    monkeypatch.setattr(lab, "_make_environment", make)
    monkeypatch.setattr(lab, "_pip", lambda *arguments: asked.append(" ".join(arguments)))
    return asked


def test_it_makes_an_environment_once_and_installs_nothing_the_second_time(lab, installs):
    lab.ensure_installed("lessons")
    assert installs[0] == "venv"
    assert "requirements.lock" in installs[1]
    assert "-e" in installs[2]
    first = list(installs)
    lab.ensure_installed("lessons")
    assert installs == first


def test_tests_need_more_and_then_the_lessons_have_enough(lab, installs):
    lab.ensure_installed("lessons")
    lab.ensure_installed("all")
    assert installs.count("venv") == 1
    assert any("requirements-dev.lock" in step for step in installs)
    before = list(installs)
    lab.ensure_installed("lessons")
    assert installs == before


@pytest.mark.parametrize("name", ["pyproject.toml", "requirements.lock", "requirements-dev.lock"])
def test_a_changed_list_of_packages_is_installed_anew(lab, installs, name):
    lab.ensure_installed("all")
    steps = len(installs)
    with (lab.HERE / name).open("a") as out:
        out.write("# changed\n")
    lab.ensure_installed("all")
    assert len(installs) == steps + 2, "the same environment, installed into again"


def test_an_interrupted_installation_is_taken_up_again(lab, installs, monkeypatch):
    lab.ensure_installed("all")
    (lab.HERE / "requirements.lock").open("a").write("# changed\n")
    good = lab._pip

    def interrupt(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(lab, "_pip", interrupt)
    with pytest.raises(KeyboardInterrupt):
        lab.ensure_installed("all")
    assert not lab.is_installed("all")
    monkeypatch.setattr(lab, "_pip", good)
    lab.ensure_installed("all")
    assert lab.is_installed("all")


@pytest.mark.parametrize("stamp", ["", "{}", "[]", "null", '"x"', '{"fingerprint": 1}'])
def test_a_damaged_stamp_means_not_installed(lab, installs, stamp):
    lab.ensure_installed("all")
    lab.STAMP.write_text(stamp)
    assert not lab.is_installed("all")


def test_an_environment_without_its_python_is_made_again(lab, installs):
    lab.ensure_installed("all")
    lab.venv_python().unlink()
    lab.ensure_installed("all")
    assert installs.count("venv") == 2


def test_a_moved_checkout_gets_a_new_environment(lab, installs):
    lab.ensure_installed("all")
    (lab.VENV / "workbench-place").write_text("/somewhere/else")
    stamp = json.loads(lab.STAMP.read_text())
    lab.STAMP.write_text(json.dumps({**stamp, "place": "/somewhere/else"}))
    lab.ensure_installed("all")
    assert installs.count("venv") == 2


def test_an_environment_made_by_hand_is_used_and_not_removed(lab, installs):
    lab.venv_python().parent.mkdir(parents=True)
    lab.venv_python().symlink_to(sys.executable)
    (lab.VENV / "theirs.txt").write_text("kept")
    lab.ensure_installed("all")
    assert "venv" not in installs
    assert (lab.VENV / "theirs.txt").exists()


def test_a_damaged_environment_is_named_and_made_anew_by_a_retry(lab, installs, monkeypatch):
    lab.ensure_installed("lessons")
    with monkeypatch.context() as real:  # an environment that has everything: this one
        real.setattr(lab, "run", lambda *arguments: 1)
        real.setattr(lab, "venv_python", lambda: Path(sys.executable))
        assert lab.lab([]) == 1, "another failure is passed on as it is"
        broken = lab.HERE / "numba.py"  # the probe runs in the checkout, so this shadows numba
        broken.write_text("raise ImportError('half of it is missing')")
        with pytest.raises(lab.CannotGoOnError, match=r"half of it is missing.*run the same"):
            lab.lab([])
    lab.ensure_installed("lessons")
    assert installs.count("venv") == 2


def script(folder, name, answer):
    """An executable that says what a Python of that version would."""
    path = folder / name
    path.write_text(f'#!/bin/sh\necho "{answer}"\n')
    path.chmod(0o755)


@POSIX
def test_the_running_python_comes_first(lab):
    assert lab.find_python() == [sys.executable]


@POSIX
def test_an_old_python_looks_for_a_newer_one(lab, tmp_path, monkeypatch):
    tools = tmp_path / "tools"
    tools.mkdir()
    script(tools, "old", "3 9")
    script(tools, "python3.14", "")  # a shim that stands for nothing
    script(tools, "python3.13", "3 13")
    script(tools, "python3", "3 9")
    monkeypatch.setenv("PATH", str(tools))
    monkeypatch.setattr(lab.sys, "executable", str(tools / "old"))
    assert lab.find_python() == [str(tools / "python3.13")]


@POSIX
@pytest.mark.parametrize(
    ("running", "advice"), [((3, 9, 2), "install Python 3.11 to 3.14"), ((3, 12, 1), "3.12-venv")]
)
def test_without_any_python_that_fits_it_says_in_one_line_what_to_install(
    lab, tmp_path, monkeypatch, running, advice
):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(lab.sys, "executable", "/bin/false")
    monkeypatch.setattr(lab.sys, "version_info", running)
    with pytest.raises(lab.CannotGoOnError, match=advice) as error:
        lab.find_python()
    assert "\n" not in str(error.value)


def run(checkout, *arguments, **environment):
    return subprocess.run(
        [sys.executable, "lab.py", *arguments],
        cwd=checkout,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**os.environ, **environment},
    )


@pytest.mark.slow
def test_without_a_network_it_is_one_line_and_the_next_run_goes_on(checkout):
    """A real environment, and a real pip that may reach nothing."""
    for making in (True, False):
        done = run(checkout, "lab", PIP_NO_INDEX="1", PIP_FIND_LINKS="")
        assert done.returncode == 1
        assert len(done.stderr.splitlines()) == 1, done.stderr
        assert done.stderr.startswith("lab.py: the installation failed: ")
        assert "run the same command again" in done.stderr
        assert ("Making .venv" in done.stdout) is making
    assert (checkout / ".venv" / "install.log").exists()


def test_an_unknown_command_is_told_which_there_are(checkout):
    done = run(checkout, "fly")
    assert done.returncode == 2
    assert done.stderr.startswith("lab.py: no command 'fly'; expected one of lab, present, stick")
    assert not (checkout / ".venv").exists()


def test_help_names_every_command(checkout, lab):
    text = run(checkout, "--help").stdout
    for name in lab.COMMANDS:
        assert f"python lab.py {name} " in text


def test_the_makefile_has_the_same_commands_and_no_logic_of_its_own(checkout, lab):
    text = (checkout / "Makefile").read_text()
    phony = next(line for line in text.splitlines() if line.startswith(".PHONY:"))
    assert set(phony.split()[1:]) == set(lab.COMMANDS)
    recipes = [line for line in text.splitlines() if line.startswith("\t")]
    assert all("$(PYTHON) lab.py " in line for line in recipes)


def test_a_failing_step_of_check_is_named_and_the_others_still_run(lab, monkeypatch, capsys):
    ran = []
    monkeypatch.setattr(lab, "ensure_installed", lambda what: None)
    monkeypatch.setattr(lab, "run", lambda *step: ran.append(step) or int("mypy" in step))
    assert lab.check([]) == 1
    assert len(ran) == 4
    assert "failed: mypy --strict" in capsys.readouterr().out
