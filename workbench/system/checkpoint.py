"""Stop a network between two epochs, write it to a file, and go on later as if nothing was."""

from __future__ import annotations

import io
import os
import zipfile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.errors import SimulationError, WorkbenchError
from workbench.rewards.arrays import NetworkArrays
from workbench.rewards.network import UNIT_DELEGATION_UNYM
from workbench.system.loop import MOST_EPOCHS, LiveSystem
from workbench.system.setting import SystemScenario
from workbench.system.start import places
from workbench.system.table import COLUMNS, WHOLE_COLUMNS, EpochRow

FORMAT = 2
_UNIT = float(UNIT_DELEGATION_UNYM)
MOST_FILE_BYTES = 1 << 31
_MOST_AMOUNT = 1e24
# Arrays of the reward network: which have one entry a node, and which one a delegation.
_PER_NODE = (
    "pledges_unym", "margins", "interval_costs_unym", "operators_unym", "delegates_unym",
    "unit_rewards_unym",
)  # fmt: skip
_PER_DELEGATION = ("delegations_unym", "entered_at_unym")
_SCALARS = ("epoch", "paid_in_interval_unym", "reward_pool_unym", "staking_supply_unym")


def save(live: LiveSystem, path: str | os.PathLike[str]) -> None:
    """Write a live system to an npz file; :func:`load` gives back one that goes on alike.

    Raises
    ------
    SimulationError
        If it is no LiveSystem or the file cannot be written. An earlier file of that name
        stays whole until the new one is.
    """
    if not isinstance(live, LiveSystem):
        raise SimulationError(f"save needs a LiveSystem; got a {type(live).__name__}")
    network = live._network
    rows = [[float(getattr(row, name)) for name in COLUMNS] for row in live._rows]
    arrays: dict[str, NDArray[Any]] = {
        "format": np.array([FORMAT], "i8"),
        "setting": np.frombuffer(live.setting.to_json().encode(), "u1"),
        "rows": np.array(rows, "f8").reshape(len(rows), len(COLUMNS)),
        "width": np.array([live._width], "i8"),
        "performances": live._performances,
        "is_open": live._is_open,
        "owners": live._owners,
        "delegation_nodes": network.delegation_nodes.astype("i8"),
        "scalars": np.array([float(getattr(network, name)) for name in _SCALARS]),
    }
    arrays |= {name: getattr(network, name) for name in (*_PER_NODE, *_PER_DELEGATION)}
    try:
        target = os.fspath(path)
        beside = os.fsdecode(target) + ".part"
        with open(beside, "wb") as file:
            np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
        os.replace(beside, target)
    except (OSError, TypeError, ValueError) as error:
        raise SimulationError(f"cannot write the checkpoint to {path!r:.200}: {error}") from None


def load(path: str | os.PathLike[str]) -> LiveSystem:
    """Read a live system that :func:`save` wrote.

    Raises
    ------
    SimulationError
        For any file that is not one; nothing in the file is ever executed.
    """
    try:
        if os.path.getsize(path) > MOST_FILE_BYTES:
            raise SimulationError(f"a checkpoint may have at most {MOST_FILE_BYTES} bytes")
        with open(path, "rb") as file:
            content = file.read()
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            if not isinstance(stored, np.lib.npyio.NpzFile):
                raise SimulationError("not an npz archive")
            archive: Any = stored.zip
            unpacked = sum(entry.file_size for entry in archive.infolist())
            if unpacked > MOST_FILE_BYTES:
                raise SimulationError(f"it would unpack to {unpacked} bytes")
            arrays = {name: stored[name] for name in stored.files}
        return _restored(arrays)
    except (WorkbenchError, OSError, KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
        raise SimulationError(f"expected a checkpoint in {path!r:.200}: {error}") from None
    except Exception as error:  # zlib and struct errors have no common parent
        raise SimulationError(f"expected a checkpoint in {path!r:.200}: {error}") from None


def _restored(arrays: dict[str, NDArray[Any]]) -> LiveSystem:
    if _taken(arrays, "format", "i8", (1,))[0] != FORMAT:
        raise SimulationError(f"its format must be {FORMAT}")
    text = _taken(arrays, "setting", "u1", (-1,))
    setting = SystemScenario.from_json(text.tobytes().decode())
    live = LiveSystem(setting)
    rows = _taken(arrays, "rows", "f8", (-1, len(COLUMNS)))
    live._rows = [_row(number, values) for number, values in enumerate(rows.tolist())]
    width = int(_taken(arrays, "width", "i8", (1,))[0])
    if not 1 <= width <= setting.nodes or len(live._rows) > MOST_EPOCHS:
        raise SimulationError(f"its width must be from 1 to {setting.nodes}; it is {width}")
    live._width = width
    live._performances = _amounts(arrays, "performances", setting.nodes, 1.0)
    count = len(_taken(arrays, "owners", "i8", (-1,)))
    live._is_open = _taken(arrays, "is_open", "?", (setting.nodes,)).copy()
    owners = _indices(arrays, "owners", count, setting.delegators + setting.nodes)
    if len(np.unique(owners)) != count:
        raise SimulationError("each delegator may hold one delegation")
    live._owners = owners
    live._network = _network(setting, arrays, count, width, len(live._rows))
    expected = {"format", "setting", "rows", "width", "performances", "is_open", "owners"}
    expected |= {"delegation_nodes", "scalars", *_PER_NODE, *_PER_DELEGATION}
    if set(arrays) != expected:
        raise SimulationError("it holds other arrays than a checkpoint does")
    return live


def _network(
    setting: SystemScenario, arrays: dict[str, NDArray[Any]], count: int, width: int, epochs: int
) -> NetworkArrays:
    per_node = {
        name: _amounts(arrays, name, setting.nodes, 1.0 if name == "margins" else _MOST_AMOUNT)
        for name in _PER_NODE
    }
    held = {name: _amounts(arrays, name, count, _MOST_AMOUNT) for name in _PER_DELEGATION}
    nodes = _indices(arrays, "delegation_nodes", count, setting.nodes)
    scalars = dict(zip(_SCALARS, _amounts(arrays, "scalars", 4, _MOST_AMOUNT), strict=True))
    if scalars["epoch"] != epochs or scalars["staking_supply_unym"] <= 0.0:
        raise SimulationError("its money and its epochs do not fit together")
    network = NetworkArrays(
        places(setting, min(width, setting.widest)),
        per_node["pledges_unym"],
        per_node["margins"],
        per_node["interval_costs_unym"],
    )
    if count:
        if not (held["delegations_unym"] > 0.0).all():
            raise SimulationError("delegations must be above 0")
        network.join(nodes, held["delegations_unym"])
        network.entered_at_unym = held["entered_at_unym"]
        network._shares_of_unit = network.delegations_unym / (network.entered_at_unym + _UNIT)
    for name in ("operators_unym", "delegates_unym", "unit_rewards_unym"):
        setattr(network, name, per_node[name])
    network.epoch = int(scalars["epoch"])
    network.paid_in_interval_unym = float(scalars["paid_in_interval_unym"])
    network.reward_pool_unym = float(scalars["reward_pool_unym"])
    network.staking_supply_unym = float(scalars["staking_supply_unym"])
    network.use(places(setting, min(width, setting.widest)))
    return network


def _row(number: int, values: list[float]) -> EpochRow:
    given: dict[str, Any] = {}
    for name, value in zip(COLUMNS, values, strict=True):
        if name in WHOLE_COLUMNS:
            if not value == round(value) or abs(value) > 2**53:
                raise SimulationError(f"{name} must be a whole number; it is {value}")
            given[name] = round(value)
        else:
            given[name] = value
    if given["epoch"] != number:
        raise SimulationError(f"row {number} is of epoch {given['epoch']}")
    return EpochRow(**given)


def _taken(
    arrays: dict[str, NDArray[Any]], name: str, kind: str, shape: tuple[int, ...]
) -> NDArray[Any]:
    array = arrays[name]
    fits = array.ndim == len(shape) and all(
        bool(want in (-1, have)) for want, have in zip(shape, array.shape, strict=True)
    )
    if array.dtype != np.dtype(kind) or not fits:
        raise SimulationError(f"{name} must be {kind} of shape {shape}; it is {array.dtype}")
    return array


def _amounts(
    arrays: dict[str, NDArray[Any]], name: str, length: int, most: float
) -> NDArray[np.float64]:
    values = _taken(arrays, name, "f8", (length,))
    if not ((values >= 0.0) & (values <= most)).all():  # refuses NaN too
        raise SimulationError(f"{name} must lie in [0, {most:g}]")
    return values


def _indices(
    arrays: dict[str, NDArray[Any]], name: str, length: int, below: int
) -> NDArray[np.int64]:
    values = _taken(arrays, name, "i8", (length,))
    if not ((values >= 0) & (values < below)).all():
        raise SimulationError(f"{name} must be whole numbers from 0 to {below - 1}")
    return values
