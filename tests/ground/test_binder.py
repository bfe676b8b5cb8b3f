"""Binder: the build emulated step by step, and the Dockerfile that repo2docker writes."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(os.name == "nt", reason="Binder's image is Linux")


def copy_of_the_repository(target):
    """What git would clone, with the changes of the working tree."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT,
        capture_output=True,
        check=False,
    )
    if listed.returncode:
        pytest.fail("expected a git checkout: the copy is made of what git would clone")
    for name in listed.stdout.decode().split("\0"):
        if name and (PROJECT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(PROJECT / name, target / name)
    return target


@pytest.fixture(scope="module")
def dockerfile(tmp_path_factory):
    repository = copy_of_the_repository(tmp_path_factory.mktemp("clone"))
    done = subprocess.run(
        # Binder builds as this user; root would own the files otherwise.
        [
            *(sys.executable, "-m", "repo2docker", "--user-id=1000", "--user-name=jovyan"),
            *("--no-build", str(repository)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_dockerfile_uses_our_files_in_binders_order(dockerfile):
    steps = [
        r"^RUN .*/pip install .*-r \"?binder/requirements\.txt",
        r"^COPY --chown=1000:1000 src/ ",
        r"^USER \$\{NB_USER\}",
        r"^RUN \./binder/postBuild",
        r"^ENV R2D_ENTRYPOINT=.*/binder/start",
    ]
    at = 0
    for step in steps:
        found = re.compile(step, re.MULTILINE).search(dockerfile, at)
        assert found, f"{step} not found after character {at}"
        at = found.end()


def test_the_dockerfile_takes_the_python_that_we_name(dockerfile):
    assert (PROJECT / "binder" / "runtime.txt").read_text().strip() == "python-3.11"
    # Its lines carry the escaped name of repo2docker's environment file for one version.
    assert re.search(r"environment-2epy-2d3-2e11-2d|environment\.py-3\.11", dockerfile)


def test_the_dockerfile_does_not_install_from_the_root(dockerfile):
    assert not re.search(r"pip install[^\n]*(pyproject|\s\.(\s|$))", dockerfile)
    assert "requirements.lock" not in dockerfile


def test_requirements_hold_no_local_path():
    for line in (PROJECT / "binder" / "requirements.txt").read_text().splitlines():
        assert re.match(r"#|[a-z0-9_-]+[<>=]", line), line


@pytest.mark.parametrize("name", ["postBuild", "start"])
def test_the_scripts_can_be_run_and_stop_at_the_first_error(name):
    path = PROJECT / "binder" / name
    assert os.access(path, os.X_OK)
    assert "set -euo pipefail" in path.read_text()
    assert subprocess.run(["bash", "-n", str(path)], check=False).returncode == 0


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """A fresh environment, and the files' own steps in it, from a copy of the repository."""
    home = tmp_path_factory.mktemp("binder")
    repository = copy_of_the_repository(home / "repository")
    environment = home / "environment"
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    outer = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("NUMBA", "PYTHON", "JUPYTER"))
    }
    inside = {
        **outer,
        "PATH": f"{environment / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "REPO_DIR": str(repository),
        "HOME": str(home),
        "VIRTUAL_ENV": str(environment),
    }
    cache = subprocess.run(
        [sys.executable, "-m", "pip", "cache", "dir"], capture_output=True, text=True, check=False
    )
    if cache.returncode == 0:
        inside["PIP_CACHE_DIR"] = cache.stdout.strip()  # wheels only; saves the download
    steps = [
        ["pip", "install", "-q", "-r", "binder/requirements.txt"],
        ["./binder/postBuild"],
    ]
    for step in steps:
        done = subprocess.run(
            [shutil.which(step[0], path=inside["PATH"]) or step[0], *step[1:]],
            cwd=repository,
            env=inside,
            capture_output=True,
            text=True,
            timeout=540,
            check=False,
        )
        assert done.returncode == 0, f"{step}: {done.stdout[-2000:]}{done.stderr[-4000:]}"
    return repository, environment, inside


def visitor(image, *command):
    repository, _, inside = image
    return subprocess.run(
        ["./binder/start", *command],
        cwd=repository,
        env=inside,
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    ).stdout


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_emulated_build_leaves_compiled_functions_that_the_visitor_hits(image):
    repository, _, _ = image
    compiled = list(repository.rglob("*.nbi"))
    assert compiled, "postBuild left no compiled functions"
    before = {path: path.stat().st_mtime_ns for path in repository.rglob("*.nb[ic]")}
    visitor(image, "python", "-m", "workbench.mixing.warm")
    after = {path: path.stat().st_mtime_ns for path in repository.rglob("*.nb[ic]")}
    assert before == after, "the visitor's kernel compiled again"


@pytest.mark.slow
def test_the_visitor_has_the_same_numba_environment_and_the_project(image):
    repository, _, _ = image
    code = (
        "import json, os, workbench; "
        "print(json.dumps([os.environ['NUMBA_CPU_NAME'], os.environ['NUMBA_CPU_FEATURES'], "
        "workbench.__file__]))"
    )
    name, features, home = json.loads(visitor(image, "python", "-c", code))
    assert (name, features) == ("generic", "")
    assert Path(home).is_relative_to(repository)


@pytest.mark.slow
def test_labs_news_and_update_questions_are_off(image):
    _, environment, _ = image
    path = environment / "share/jupyter/lab/settings/overrides.json"
    settings = json.loads(path.read_text())["@jupyterlab/apputils-extension:notification"]
    assert settings == {"fetchNews": "false", "checkForUpdates": False}


@pytest.mark.slow
def test_the_address_that_the_link_names_is_served(image):
    repository, environment, inside = image
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [
            *("./binder/start", str(environment / "bin/jupyter"), "lab", "--no-browser"),
            *("--allow-root", f"--port={port}", "--ip=127.0.0.1", "--IdentityProvider.token="),
        ],
        cwd=repository,
        env=inside,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        limit = time.monotonic() + 90
        while True:
            try:
                address = f"http://127.0.0.1:{port}"
                urllib.request.urlopen(f"{address}/api/status", timeout=5).close()
                break
            except OSError:
                assert server.poll() is None, "the server ended"
                assert time.monotonic() < limit
                time.sleep(0.2)
        index = "lessons/00_workbench.ipynb"
        with urllib.request.urlopen(f"{address}/doc/tree/{index}", timeout=30) as page:
            assert page.status == 200
        with urllib.request.urlopen(
            f"{address}/api/contents/{index}?content=0", timeout=30
        ) as file:
            assert json.load(file)["type"] == "notebook"
    finally:
        server.terminate()
        server.wait(20)
