"""Run: what a simulation found, with everything needed to trust or repeat it."""

from __future__ import annotations

import json
import math
import os
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench import __version__
from workbench.errors import SimulationError, WorkbenchError
from workbench.mixing.events import KINDS, Events
from workbench.mixing.state import F8, I8
from workbench.scenario import Scenario
from workbench.strategies import _shown as shown

CAUSES = ("on a link", "at a mix that is down", "in a full queue", "inside a mix")
PACKET_BYTES = 2413  # Nym's packet; only used to show bandwidth in bytes
SHOWN_BELOW = 1e-3
_FORMAT = 1


@dataclass(frozen=True)
class Spread:
    """How a measure differs between targets: never quote the mean alone.

    ``worst`` is the mean of the worst 5 % of targets (at least one). ``standard_error`` is
    that of the mean, and knows that targets born soon after one another met the same pools
    and so the same luck: see `standard_error_of_mean`.
    """

    count: int
    mean: float
    standard_error: float
    sd: float
    median: float
    worst: float

    @staticmethod
    def of(values: NDArray[Any]) -> Spread:
        """Over the values that are not NaN, given in the order of the targets' births."""
        in_order = values[~np.isnan(values)]
        if not len(in_order):
            return Spread(0, math.nan, math.nan, math.nan, math.nan, math.nan)
        known = np.sort(in_order)
        sd = float(known.std(ddof=1)) if len(known) > 1 else math.nan
        worst = known[: max(1, round(0.05 * len(known)))]
        return Spread(
            len(known),
            float(known.mean()),
            standard_error_of_mean(in_order),
            sd,
            float(np.median(known)),
            float(worst.mean()),
        )


def standard_error_of_mean(values: NDArray[Any]) -> float:
    """The standard error of the mean of a stationary series whose neighbours are alike.

    Parameters
    ----------
    values : float64 (n,)
        In the order of time, no NaN.

    Returns
    -------
    float
        NaN for fewer than two values; never below that of independent values.

    Notes
    -----
    Geyer's initial monotone sequence (Statistical Science 7, 1992, 473-483): autocovariances
    are added up in pairs as long as the pairs are positive and do not rise. A series shorter
    than some twenty of its own memories still tells too little, on average.
    """
    n = len(values)
    if n < 2:
        return math.nan
    centred = values - values.mean()
    spectrum = np.fft.rfft(centred, 1 << (2 * n - 1).bit_length())
    covariance = np.fft.irfft(spectrum * spectrum.conj())[:n] / n
    pairs = covariance[: n - n % 2].reshape(-1, 2).sum(axis=1)
    end = int(np.argmax(pairs <= 0.0)) if (pairs <= 0.0).any() else len(pairs)
    total = 2.0 * float(np.minimum.accumulate(pairs[:end]).sum()) - float(covariance[0])
    independent = float(values.var(ddof=1))
    return math.sqrt(max(total, independent) / n)


@dataclass(frozen=True, eq=False)
class Run:
    """Outcome of :func:`workbench.mixing.simulate.simulate`.

    Entropies are in bits, one for each target (NaN where a target cannot be judged: its mass
    was mostly lost, or more than 1e-3 of it is still under way, as in a pool that never
    empties). They say what an observer of all links knows about *that* packet; they say
    nothing about an observer who also uses who talks to whom again and again.

    Attributes
    ----------
    entropy_bits, min_entropy_bits, collision_entropy_bits : float64 (targets,)
        Over the packets that the target could be (Shannon, -log2 of the largest, Renyi-2).
    receiver_entropy_bits : float64 (targets,)
        Over the people who could have received it; NaN unless ``track="receivers"``.
    target_mass : float64 (targets,)
        delivered + left over + lost + absorbed: 1 to 1e-9.
    left_over_mass, lost_mass, absorbed_mass, delivered_mass : float64 (targets,)
        Its parts.
    latency_s : float64
        A bounded sample of real packets' latencies; mean, sd and histogram are exact.
    load_per_s, pool_mean : float64 (mixes,)
        Packets a second that came in and packets held, on average after the warm-up.
    crossings_per_s : float64 (4,)
        Packets crossing links each second, by kind (see events.KINDS).
    approximation : str or None
        None where the posterior is exact, else what is approximated and its measured error.
    """

    scenario: Scenario
    track: str
    engine: str
    approximation: str | None
    warm_up_s: float
    sending_s: float
    end_s: float
    entropy_bits: F8
    min_entropy_bits: F8
    collision_entropy_bits: F8
    receiver_entropy_bits: F8
    tracked_sender_entropy_bits: F8
    tracked_sender_min_entropy_bits: F8
    delivered_mass: F8
    left_over_mass: F8
    lost_mass: F8
    absorbed_mass: F8
    target_packets: I8
    target_sent_s: F8
    target_latency_s: F8
    active_targets_mean: float
    latency_s: F8
    latency_mean_s: float
    latency_sd_s: float
    latency_count: int
    latency_bins: I8
    latency_bin_s: float
    sender_wait_mean_s: float
    sent_by_kind: I8
    delivered_by_kind: I8
    dropped_by_cause: I8
    load_per_s: F8
    pool_mean: F8
    drops_by_mix: I8
    crossings_per_s: F8
    events: Events | None = None
    version: str = __version__
    _lazy: dict[str, Any] = field(default_factory=dict, repr=False)

    # -- totals -------------------------------------------------------------------------

    @property
    def targets(self) -> int:
        """How many packets were followed."""
        return len(self.entropy_bits)

    @property
    def target_mass(self) -> F8:
        """All of a target's probability, wherever it went: 1 to 1e-9."""
        return self.delivered_mass + self.left_over_mass + self.lost_mass + self.absorbed_mass

    @property
    def sent(self) -> int:
        """Packets sent, of all kinds."""
        return int(self.sent_by_kind.sum())

    @property
    def delivered(self) -> int:
        """Packets that reached their end, of all kinds."""
        return int(self.delivered_by_kind.sum())

    @property
    def dropped(self) -> int:
        """Packets lost anywhere, of all kinds."""
        return int(self.dropped_by_cause.sum())

    @property
    def in_network(self) -> int:
        """Packets still held at the end: batch mixes never drain."""
        return self.sent - self.delivered - self.dropped

    @property
    def bandwidth_bytes_per_s(self) -> Mapping[str, float]:
        """Bytes over links each second by kind of packet, for packets of 2413 bytes."""
        return {
            kind: float(rate) * PACKET_BYTES
            for kind, rate in zip(KINDS, self.crossings_per_s, strict=True)
        }

    # -- measures -----------------------------------------------------------------------

    @property
    def effective_set(self) -> F8:
        """2^entropy: packets it could be, one number a target."""
        return np.asarray(np.exp2(self.entropy_bits))

    @property
    def suspects(self) -> F8:
        """2^(entropy over senders): people it could come from, at most all clients."""
        return np.asarray(np.exp2(self.sender_entropy_bits))

    @property
    def sender_entropy_bits(self) -> F8:
        """Over the people who could have sent the packet: one number a target.

        Where the run did not track senders, a run of the same scenario that does is made at
        the first look (its cost grows with the number of clients).
        """
        return self._senders()[0]

    @property
    def sender_min_entropy_bits(self) -> F8:
        """-log2 of the chance of the most likely sender: one number a target."""
        return self._senders()[1]

    def _senders(self) -> tuple[F8, F8]:
        if self.track == "senders":
            return self.tracked_sender_entropy_bits, self.tracked_sender_min_entropy_bits
        if "senders" not in self._lazy:
            from workbench.mixing.simulate import simulate

            other = simulate(
                self.scenario,
                duration_s=float(self._lazy.get("duration_s", self.sending_s)),
                targets=self._lazy.get("targets", self.targets),
                track="senders",
                engine=self.engine,
            )
            self._lazy["senders"] = (
                other.tracked_sender_entropy_bits,
                other.tracked_sender_min_entropy_bits,
            )
        entropy, least = self._lazy["senders"]
        return entropy, least

    @property
    def degree(self) -> F8:
        """Entropy over people as a share of its maximum, log2 of the clients (Diaz 2002).

        Over receivers if those were tracked, else over senders; 0 for a single client.
        """
        people = self.scenario.clients
        over = self.receiver_entropy_bits if self.track == "receivers" else self.sender_entropy_bits
        return over / math.log2(people) if people > 1 else np.zeros_like(over)

    @property
    def spread(self) -> Spread:
        """Of the entropy over packets: mean, median, worst 5 %."""
        return Spread.of(self.entropy_bits)

    def latency_quantile_s(self, share: float) -> float:
        """The latency that a share of real packets stayed below, from the exact histogram.

        Exact to one bin of the histogram; infinite beyond its last bin.
        """
        if not isinstance(share, Real) or not 0.0 <= float(share) <= 1.0:
            raise SimulationError(f"a quantile must be a number from 0 to 1; got {shown(share)}")
        if not self.latency_count:
            return math.nan
        below = np.cumsum(self.latency_bins)
        wanted = share * below[-1]
        at = int(np.searchsorted(below, wanted))
        if at >= len(below) - 1:
            return math.inf
        before = below[at - 1] if at else 0
        inside = (wanted - before) / max(int(self.latency_bins[at]), 1)
        return float((at + inside) * self.latency_bin_s)

    # -- files --------------------------------------------------------------------------

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write everything to an npz file, with the scenario and the version."""
        _check_path(path)
        arrays: dict[str, Any] = {}
        plain: dict[str, Any] = {"format": _FORMAT}
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, np.ndarray):
                arrays[item.name] = value
            elif isinstance(value, Events):
                arrays |= {f"events.{f.name}": getattr(value, f.name) for f in fields(value)}
            elif isinstance(value, Scenario):
                plain[item.name] = value.to_query()
            elif item.name != "_lazy" and item.name != "events":
                plain[item.name] = value
        text = np.frombuffer(json.dumps(plain).encode(), np.uint8)
        try:
            with open(path, "wb") as file:
                np.savez_compressed(file, plain=text, **arrays)
        except (OSError, ValueError) as error:
            raise SimulationError(f"cannot write the run to {path}: {error}") from None

    @staticmethod
    def load(path: str | os.PathLike[str]) -> Run:
        """Read a run that :meth:`save` wrote.

        Raises
        ------
        SimulationError
            For any file that is not one; nothing in the file is ever executed.
        """
        _check_path(path)
        try:
            with np.load(path, allow_pickle=False) as stored:
                if not isinstance(stored, np.lib.npyio.NpzFile):
                    raise SimulationError("not an npz archive")
                arrays = {name: stored[name] for name in stored.files}
            return _from_arrays(arrays)
        except (
            OSError,
            ValueError,
            KeyError,
            TypeError,
            EOFError,
            AttributeError,
            NotImplementedError,
            RuntimeError,
            OverflowError,
            MemoryError,
            RecursionError,
            SyntaxError,
            zipfile.BadZipFile,
            WorkbenchError,
            ArithmeticError,
        ) as error:
            raise SimulationError(f"expected a saved run in {path}: {error}") from None
        except Exception as error:  # zlib and struct errors have no common parent
            raise SimulationError(f"expected a saved run in {path}: {error}") from None


_ARRAY_KINDS: Mapping[str, tuple[str, int]] = {
    "target_packets": ("i8", 1),
    "latency_bins": ("i8", 1),
    "sent_by_kind": ("i8", 1),
    "delivered_by_kind": ("i8", 1),
    "dropped_by_cause": ("i8", 2),
    "drops_by_mix": ("i8", 1),
}
_PER_TARGET = (
    "entropy_bits",
    "min_entropy_bits",
    "collision_entropy_bits",
    "receiver_entropy_bits",
    "tracked_sender_entropy_bits",
    "tracked_sender_min_entropy_bits",
    "delivered_mass",
    "left_over_mass",
    "lost_mass",
    "absorbed_mass",
    "target_packets",
    "target_sent_s",
    "target_latency_s",
)


def _from_arrays(arrays: dict[str, NDArray[Any]]) -> Run:
    plain = json.loads(arrays.pop("plain").astype(np.uint8).tobytes())
    if not isinstance(plain, dict) or plain.pop("format", None) != _FORMAT:
        raise SimulationError(f"the run's format must be {_FORMAT}")
    scenario = Scenario.from_query(plain.pop("scenario"))
    logged = {name[7:]: arrays.pop(name) for name in list(arrays) if name.startswith("events.")}
    events = None
    if logged:
        model = Events.empty()
        for item in fields(model):
            _check_array(f"events.{item.name}", logged[item.name], getattr(model, item.name).dtype)
        if len({len(column) for column in logged.values()}) != 1:
            raise SimulationError("the event log's columns differ in length")
        events = Events(**logged)
    for name, array in arrays.items():
        kind, dimensions = _ARRAY_KINDS.get(name, ("f8", 1))
        _check_array(name, array, np.dtype(kind), dimensions)
    if len({len(arrays[name]) for name in _PER_TARGET}) != 1:
        raise SimulationError("the targets' columns differ in length")
    texts, whole = {"track", "engine", "version"}, {"latency_count"}
    for name, value in plain.items():
        if name == "approximation":
            good = value is None or isinstance(value, str)
        elif name in texts:
            good = isinstance(value, str)
        else:
            good = isinstance(value, int if name in whole else (int, float))
        if not good or isinstance(value, bool):
            raise SimulationError(f"{name} cannot be {value!r:.40}")
    given: dict[str, Any] = {**plain, **arrays}
    return Run(scenario=scenario, events=events, **given)


def _check_path(path: object) -> None:
    if not isinstance(path, (str, os.PathLike)):
        raise SimulationError(f"expected the path of a file; got a {type(path).__name__}")


def _check_array(name: str, array: NDArray[Any], kind: Any, dimensions: int = 1) -> None:
    if array.dtype != kind or array.ndim != dimensions:
        raise SimulationError(
            f"{name} must be {np.dtype(kind).name} with {dimensions} dimension(s); "
            f"got {array.dtype} with {array.ndim}"
        )
