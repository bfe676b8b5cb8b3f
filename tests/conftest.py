"""What the whole suite shares: tests that need Chromium or cargo, and what is said without.

`browser` and `interop` tests are skipped where the tool is missing, and the summary says in
one line what was left out and how to get it. With WORKBENCH_REQUIRE_ALL=1 (set by .ci/run)
nothing of this kind may be skipped: a missing tool, or a skip inside such a test, fails.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from sphinx_reference import reference as reference  # a fixture: the published Sphinx crate

# No test is timed: on a busy machine any example may take a second.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")

REQUIRE_ALL = os.environ.get("WORKBENCH_REQUIRE_ALL") == "1"
TESTS = Path(__file__).parent
HOW_TO_GET = {
    "browser": "no Chromium: install it (apt-get install chromium) or set WORKBENCH_CHROMIUM",
    "interop": "no cargo: install Rust (apt-get install cargo, or rustup.rs)",
}


def find_cargo() -> str | None:
    """The Rust build tool, also where rustup puts it without touching PATH."""
    return shutil.which("cargo") or shutil.which("cargo", path=str(Path.home() / ".cargo" / "bin"))


def missing_tools() -> set[str]:
    """Which of the marked kinds cannot run on this machine."""
    missing = set()
    try:
        from lab_in_chromium import find_chromium
    except ImportError:  # the Playwright package itself is not there
        missing.add("browser")
    else:
        if find_chromium() is None:
            missing.add("browser")
    if find_cargo() is None:
        missing.add("interop")
    return missing


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever lies in tests/browser or tests/interop carries its marker by its place."""
    for item in items:
        for kind in HOW_TO_GET:
            if TESTS / kind in item.path.parents and not item.get_closest_marker(kind):
                item.add_marker(kind)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """In two processes (`make test`) a file stays in one, and so do all browser tests.

    Two browsers at once would wait for each other.
    """
    from xdist.scheduler import LoadScopeScheduling

    class ByPlace(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.split("::", 1)[0]
            return "browser" if file.startswith("tests/browser/") else file

    return ByPlace(config, log)


def pytest_configure(config: pytest.Config) -> None:
    config.stash[MISSING] = None


MISSING = pytest.StashKey[set[str] | None]()


def pytest_runtest_setup(item: pytest.Item) -> None:
    kinds = [kind for kind in HOW_TO_GET if item.get_closest_marker(kind)]
    if not kinds:
        return
    missing = item.config.stash[MISSING]
    if missing is None:
        missing = item.config.stash[MISSING] = missing_tools()
    for kind in kinds:
        if kind in missing:
            (pytest.fail if REQUIRE_ALL else pytest.skip)(f"{kind}: {HOW_TO_GET[kind]}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: Any) -> Generator[None, Any, Any]:
    report = yield
    kinds = [kind for kind in (*HOW_TO_GET, "slow") if item.get_closest_marker(kind)]
    if REQUIRE_ALL and kinds and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped although WORKBENCH_REQUIRE_ALL=1 ({kinds[0]})"
    return report


def pytest_terminal_summary(terminalreporter: Any) -> None:
    left_out: Counter[str] = Counter()
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
        for kind, how in HOW_TO_GET.items():
            if how in reason:
                left_out[kind] += 1
    for kind, count in sorted(left_out.items()):
        terminalreporter.write_line(f"left out: {count} {kind} tests; {HOW_TO_GET[kind]}")
