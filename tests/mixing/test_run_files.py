"""A Run comes back from its file exactly; any other file is refused with our error."""

from __future__ import annotations

import io
import json
import math
import pickle
import zipfile
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workbench import __version__
from workbench.errors import SimulationError
from workbench.mixing.events import Events
from workbench.mixing.run import Run
from workbench.mixing.simulate import simulate
from workbench.scenario import Scenario


@pytest.fixture(scope="module")
def run() -> Run:
    scenario = Scenario(strategy="gamma", corrupt_mixes=((0, 1),), link_delay_s=0.01)
    return simulate(scenario, duration_s=0.5, targets=10, log=True, track="receivers")


@pytest.fixture(scope="module")
def stored(run: Run, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("runs") / "run.npz"
    run.save(path)
    return path.read_bytes()


def test_a_run_comes_back_exactly(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    run.save(path)
    back = Run.load(path)
    assert back.scenario == run.scenario
    assert back.version == __version__
    for item in fields(Run):
        one, two = getattr(run, item.name), getattr(back, item.name)
        if isinstance(one, np.ndarray):
            assert one.dtype == two.dtype
            assert np.array_equal(one, two, equal_nan=True), item.name
        elif isinstance(one, Events):
            for column in fields(one):
                same = np.array_equal(
                    getattr(one, column.name), getattr(two, column.name), equal_nan=True
                )
                assert same
        elif item.name != "_lazy":
            assert one == two or (math.isnan(one) and math.isnan(two))
    assert np.array_equal(back.target_mass, run.target_mass)


def test_a_missing_or_unwritable_file_is_our_error(run: Run, tmp_path: Path) -> None:
    with pytest.raises(SimulationError, match="expected a saved run"):
        Run.load(tmp_path / "nothing.npz")
    with pytest.raises(SimulationError, match="cannot write"):
        run.save(tmp_path / "no" / "where.npz")


@given(st.binary(max_size=200))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_bytes_are_refused(tmp_path: Path, junk: bytes) -> None:
    path = tmp_path / "junk.npz"
    path.write_bytes(junk)
    with pytest.raises(SimulationError, match="expected a saved run"):
        Run.load(path)


@given(data=st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_damaged_file_is_a_run_or_our_error(
    tmp_path: Path, stored: bytes, data: st.DataObject
) -> None:
    damaged = bytearray(stored)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(stored) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "damaged.npz"
    path.write_bytes(bytes(damaged[: data.draw(st.integers(0, len(stored)))]))
    try:
        back = Run.load(path)
    except SimulationError:
        return
    assert isinstance(back, Run)


def changed(stored: bytes, path: Path, name: str, array: np.ndarray | None) -> None:
    """The stored archive with one array replaced or left out."""
    with zipfile.ZipFile(io.BytesIO(stored)) as old, zipfile.ZipFile(path, "w") as new:
        for item in old.namelist():
            if item != f"{name}.npy":
                new.writestr(item, old.read(item))
        if array is not None:
            buffer = io.BytesIO()
            np.save(buffer, array, allow_pickle=True)
            new.writestr(f"{name}.npy", buffer.getvalue())


class Harmful:
    def __reduce__(self) -> tuple[object, ...]:
        return (pytest.fail, ("a pickle in a file was run",))


def test_hostile_contents_are_refused(stored: bytes, tmp_path: Path) -> None:
    path = tmp_path / "hostile.npz"
    replaced: list[tuple[str, np.ndarray | None]] = [
        ("entropy_bits", None),
        ("entropy_bits", np.zeros(3)),
        ("entropy_bits", np.zeros((10, 2))),
        ("entropy_bits", np.array(["a"] * 10)),
        ("entropy_bits", np.array([Harmful()] * 10, object)),
        ("events.packet", np.zeros(1, np.int64)),
        ("events.kind", np.zeros(1)),
        ("unknown", np.zeros(1)),
        ("plain", np.zeros(4)),
        ("plain", None),
    ]
    with np.load(io.BytesIO(stored)) as archive:
        plain = json.loads(archive["plain"].tobytes())
    for key, value in (
        ("format", 2),
        ("scenario", "width=0"),
        ("scenario", 3),
        ("track", 3),
        ("end_s", "x"),
        ("latency_count", True),
        ("new", 1),
    ):
        text = json.dumps({**plain, key: value}).encode()
        replaced.append(("plain", np.frombuffer(text, np.uint8)))
    for name, array in replaced:
        changed(stored, path, name, array)
        with pytest.raises(SimulationError, match="expected a saved run"):
            Run.load(path)
    path.write_bytes(pickle.dumps(Harmful()))
    with pytest.raises(SimulationError, match="expected a saved run"):
        Run.load(path)
    buffer = io.BytesIO()
    np.save(buffer, np.zeros(3))
    path.write_bytes(buffer.getvalue())
    with pytest.raises(SimulationError, match="expected a saved run"):
        Run.load(path)


def test_quantiles_out_of_range_are_refused(run: Run) -> None:
    with pytest.raises(SimulationError, match="from 0 to 1"):
        run.latency_quantile_s(1.5)
    for nonsense in (None, "x", [0.5], 1j):
        with pytest.raises(SimulationError, match="from 0 to 1"):
            run.latency_quantile_s(nonsense)  # type: ignore[arg-type]


def test_a_path_is_a_path_and_never_an_open_file_number(run: Run) -> None:
    for path in (1, True, None, b"run.npz", "no\0where"):
        with pytest.raises(SimulationError, match=r"path|cannot write"):
            run.save(path)  # type: ignore[arg-type]
        with pytest.raises(SimulationError, match=r"path|saved run"):
            Run.load(path)  # type: ignore[arg-type]
