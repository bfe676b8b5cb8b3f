"""What the suite says when Chromium or cargo is missing, and that CI lets nothing go."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
SUITE = """
import pytest
@pytest.mark.browser
def test_in_a_browser(): pass
@pytest.mark.interop
def test_beside_the_crate(): pass
@pytest.mark.slow
def test_slow_and_skipped(): pytest.skip("for a reason of its own")
def test_plain(): pass
"""


@pytest.fixture
def run_suite(tmp_path):
    """The project's own conftest on a suite of four, with no tool to be found."""
    shutil.copytree(PROJECT / "tests" / "support", tmp_path / "tests" / "support")
    for name in ("tests/conftest.py", "pyproject.toml"):
        shutil.copy(PROJECT / name, tmp_path / name)
    (tmp_path / "tests" / "test_four.py").write_text(SUITE)
    (tmp_path / "nothing").mkdir()

    def run(**environment):
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("WORKBENCH", "PYTEST"))
        }
        tools = {
            "PATH": str(tmp_path / "nothing"),
            "HOME": str(tmp_path / "nothing"),
            "WORKBENCH_CHROMIUM": "not-there",
        }
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"],
            cwd=tmp_path,
            env={**kept, **tools, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    return run


def test_missing_tools_are_skipped_and_told_in_one_line_each(run_suite):
    code, out = run_suite()
    assert code == 0, out
    assert "left out: 1 browser tests; no Chromium: install it (apt-get install chromium)" in out
    assert "left out: 1 interop tests; no cargo: install Rust" in out
    assert out.splitlines()[-1].startswith("1 passed, 3 skipped")


def test_where_everything_is_required_nothing_of_the_kind_is_skipped(run_suite):
    code, out = run_suite(WORKBENCH_REQUIRE_ALL="1")
    assert code == 1
    # A missing tool is found before the test begins: pytest calls that an error.
    assert out.splitlines()[-1].startswith("1 failed, 1 passed, 2 errors")
