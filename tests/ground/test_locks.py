"""The lock files: exact versions that satisfy pyproject.toml on every system and Python."""

from __future__ import annotations

import itertools
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = Path(__file__).parents[2]
META = tomllib.loads((PROJECT / "pyproject.toml").read_text())
BUILD = META["build-system"]["requires"] + META["dependency-groups"]["build"]
RUNTIME = META["project"]["dependencies"]
EXTRAS = list(itertools.chain(*META["project"]["optional-dependencies"].values()))
PLATFORMS = [
    {"sys_platform": "linux", "os_name": "posix", "platform_system": "Linux"},
    {"sys_platform": "darwin", "os_name": "posix", "platform_system": "Darwin"},
    {"sys_platform": "win32", "os_name": "nt", "platform_system": "Windows"},
]
PYTHONS = ["3.11", "3.12", "3.13", "3.14"]


def pins(name):
    lines = (PROJECT / name).read_text().splitlines()
    return [Requirement(line) for line in lines if re.match(r"[A-Za-z0-9]", line)]


def pinned_for(name, platform, python):
    environment = {
        **platform,
        "python_version": python,
        "python_full_version": f"{python}.9",
        "platform_machine": "x86_64",
        "platform_python_implementation": "CPython",
        "implementation_name": "cpython",
        "extra": "",
    }
    found = {}
    for pin in pins(name):
        if pin.marker is None or pin.marker.evaluate(environment):
            key = canonicalize_name(pin.name)
            assert key not in found, f"{key} is pinned twice for {environment}"
            found[key] = next(iter(pin.specifier)).version
    return found, environment


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("platform", PLATFORMS, ids=lambda platform: platform["sys_platform"])
@pytest.mark.parametrize(
    ("lock", "wanted"),
    [("requirements.lock", RUNTIME + BUILD), ("requirements-dev.lock", RUNTIME + BUILD + EXTRAS)],
    ids=["lessons", "all"],
)
def test_every_requirement_has_one_pin_within_its_range(lock, wanted, platform, python):
    found, environment = pinned_for(lock, platform, python)
    for text in wanted:
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate(environment):
            version = found[canonicalize_name(requirement.name)]
            assert requirement.specifier.contains(version), f"{text} is pinned to {version}"


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_holds_exact_versions_no_address_and_its_recipe(lock):
    text = (PROJECT / lock).read_text()
    assert "://" not in text
    assert "uv pip compile" in text.partition("\n\n")[0][:400]
    for pin in pins(lock):
        assert [part.operator for part in pin.specifier] == ["=="], pin


def test_what_both_locks_name_has_the_same_version_in_both():
    everything = {(pin.name, str(pin.specifier)) for pin in pins("requirements-dev.lock")}
    lessons = {(pin.name, str(pin.specifier)) for pin in pins("requirements.lock")}
    assert lessons <= everything


def test_binder_asks_for_the_same_ranges():
    def ranges(requirements):
        return {canonicalize_name(one.name): str(one.specifier) for one in requirements}

    binder = ranges(pins("binder/requirements.txt"))
    project = ranges(map(Requirement, RUNTIME))
    build = ranges(map(Requirement, BUILD))
    assert binder == {**project, **build}
