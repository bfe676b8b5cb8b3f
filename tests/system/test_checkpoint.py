"""A stopped network goes on as if nothing was; a hostile file is our error."""

from __future__ import annotations

import io
import pickle
import random
import zipfile

import numpy as np
import pytest

from workbench.errors import SimulationError
from workbench.system import LiveSystem, load, run_system, save
from workbench.system.table import COLUMNS


@pytest.fixture
def stored(quick, tmp_path):
    live = LiveSystem(quick)
    run_system(live, 4, turns={1: {"clients": 35, "faults": ((2, 0.4),)}, 3: {"saturation": "off"}})
    path = tmp_path / "network.npz"
    save(live, path)
    return live, path


def arrays_of(path):
    with np.load(path) as archive:
        return {name: archive[name] for name in archive.files}


def test_a_resumed_run_is_exactly_the_uninterrupted_one(stored):
    live, path = stored
    resumed = load(path)
    assert resumed.epoch == 4
    assert resumed.setting == live.setting
    for _ in range(5):
        live.set(delay_s=0.02 + 0.001 * live.epoch)
        resumed.set(delay_s=0.02 + 0.001 * resumed.epoch)
        one, other = live.advance(), resumed.advance()
        for name in ("saturations", "rewards_nym", "performances", "margins", "places"):
            assert np.array_equal(getattr(one, name), getattr(other, name)), name
    for name in COLUMNS:
        assert np.array_equal(live.table[name], resumed.table[name], equal_nan=True), name


def test_a_network_that_never_ran_can_be_stored_too(quick, tmp_path):
    save(LiveSystem(quick), tmp_path / "new.npz")
    assert load(tmp_path / "new.npz").advance().row == LiveSystem(quick).advance().row


def test_saving_twice_keeps_one_whole_file(stored):
    live, path = stored
    save(live, path)
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    with pytest.raises(SimulationError, match="cannot write"):
        save(live, path.parent)
    with pytest.raises(SimulationError, match="needs a LiveSystem"):
        save(3, path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("format", np.array([1])),
        ("is_open", np.ones(23, bool)),
        ("rows", np.zeros((4, 3))),
        ("width", np.array([0])),
        ("width", np.array([2.0])),
        ("performances", np.full(24, 1.5)),
        ("performances", np.full(24, np.nan)),
        ("owners", np.zeros(100, "i8")),
        ("delegation_nodes", np.full(100, 24)),
        ("scalars", np.array([9.0, 0.0, 1.0, 1.0])),
        ("scalars", np.array([4.0, 0.0, 1.0, 0.0])),
        ("margins", np.full(24, -0.1)),
        ("operators_unym", np.full(24, np.inf)),
        ("delegations_unym", np.zeros(100)),
        ("setting", np.frombuffer(b"{}x", "u1")),
        ("setting", np.frombuffer(b"\xff\xff", "u1")),
        ("more", np.zeros(1)),
    ],
)
def test_an_array_that_does_not_fit_is_refused(stored, name, value):
    _, path = stored
    arrays = arrays_of(path)
    arrays[name] = value
    np.savez(path, **arrays)
    with pytest.raises(SimulationError, match="expected a checkpoint"):
        load(path)


def test_a_missing_array_is_refused(stored):
    _, path = stored
    whole = arrays_of(path)
    for name in whole:
        np.savez(path, **{other: whole[other] for other in whole if other != name})
        with pytest.raises(SimulationError, match="expected a checkpoint"):
            load(path)


class Boom:
    def __reduce__(self):
        return (pytest.fail, ("the file was executed",))


def test_no_file_is_ever_executed(stored):
    _, path = stored
    inner = io.BytesIO()
    np.save(inner, np.array([Boom()], object), allow_pickle=True)
    whole = arrays_of(path)
    np.savez(path, **{name: whole[name] for name in whole if name != "owners"})
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("owners.npy", inner.getvalue())
    with pytest.raises(SimulationError):
        load(path)
    path.write_bytes(pickle.dumps(Boom()))
    with pytest.raises(SimulationError):
        load(path)


def test_any_damaged_file_loads_or_is_our_error(stored):
    _, path = stored
    whole = path.read_bytes()
    some = random.Random(8)
    refused = 0
    for number in range(150):
        broken = bytearray(whole)
        for _ in range(some.randint(1, 20)):
            broken[some.randrange(len(broken))] = some.randrange(256)
        if number % 3 == 0:
            broken = broken[: some.randrange(len(broken))]
        path.write_bytes(bytes(broken))
        try:
            load(path)
        except SimulationError:
            refused += 1
    assert refused > 100
    for path_like in (path.parent / "none.npz", path.parent, 3.5, None):
        with pytest.raises(SimulationError):
            load(path_like)
