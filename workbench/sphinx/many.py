"""Process many packets of one node together: the same answers, and threads that run abreast."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

from workbench.errors import PacketError
from workbench.sphinx.geometry import Geometry, as_geometry
from workbench.sphinx.keys import PrivateKey, as_private_key
from workbench.sphinx.packet import (
    DEFAULT_GEOMETRY,
    FinalHop,
    ForwardHop,
    Multiplications,
    open_layer,
)
from workbench.sphinx.primitives import low_order
from workbench.sphinx.replay import ReplayFilter

_TOGETHER = 48  # packets opened abreast: some 2 ms of work between two waits for another thread
_MOST_THREADS = 64

Opened = ForwardHop | FinalHop | PacketError


def process_many(
    packets: Iterable[bytes],
    key: PrivateKey,
    geometry: Geometry = DEFAULT_GEOMETRY,
    replay_filter: ReplayFilter | None = None,
    *,
    threads: int = 1,
) -> list[Opened]:
    """Open one layer of each packet, as `process` does; a refusal is a value, not raised.

    Parameters
    ----------
    packets : iterable of bytes
        Anything may be in them.
    key, geometry, replay_filter
        As for `process`. Of equal packets the first is let through; with more than one
        thread exactly one is, and which one is open.
    threads : int
        From 1 to 64. A multiplication needs no interpreter, and the multiplications of
        48 packets are one piece of work here, so two threads keep two cores busy
        (`make bench` has the ratio). `process` in threads of your own gains little: they
        wait for each other twice a packet.

    Returns
    -------
    list of ForwardHop, FinalHop or PacketError
        One for each packet, in order: what `process` returns for it or raises.

    Raises
    ------
    PacketError
        For a key, a geometry or a number of threads that cannot be; never for a packet.

    Notes
    -----
    The first call loads numba, and compiles one small loop if it is not cached yet.

    Examples
    --------
    >>> [type(one).__name__ for one in process_many([bytes(9)], PrivateKey.generate())]
    ['PacketLengthError']
    """
    geometry = as_geometry(geometry)
    secret = as_private_key(key).secret
    is_whole = isinstance(threads, int) and not isinstance(threads, bool)
    if not is_whole or not 1 <= threads <= _MOST_THREADS:
        raise PacketError(
            f"threads must be a whole number from 1 to {_MOST_THREADS}, got {threads!r}"
        )
    if isinstance(packets, bytes | bytearray | memoryview | str):
        raise PacketError("packets must be a list of packets; for a single one there is process()")
    all_packets = list(packets)
    parts = [all_packets[at : at + _TOGETHER] for at in range(0, len(all_packets), _TOGETHER)]

    def opened(part: Sequence[bytes]) -> list[Opened]:
        return _abreast([open_layer(one, secret, geometry, replay_filter) for one in part])

    if threads == 1 or len(parts) < 2:
        return list(chain.from_iterable(map(opened, parts)))
    with ThreadPoolExecutor(threads, thread_name_prefix="workbench-sphinx") as pool:
        return list(chain.from_iterable(pool.map(opened, parts)))


def _abreast(openings: Sequence[Multiplications]) -> list[Opened]:
    """Run all openings to their ends, each round of multiplications as one call."""
    from workbench.sphinx.multiplying import multiply  # loads numba

    ends: dict[int, Opened] = {}
    answers: dict[int, bytes | None] = dict.fromkeys(range(len(openings)))  # None: begin
    while answers:
        wanted: dict[int, tuple[bytes, bytes]] = {}
        for i, answer in answers.items():
            try:
                wanted[i] = openings[i].send(answer)  # type: ignore[arg-type]
            except StopIteration as end:
                ends[i] = end.value
            except PacketError as error:
                ends[i] = error
        products = multiply(*([pair[part] for pair in wanted.values()] for part in (0, 1)))
        answers = {}
        for (i, (_, point)), product in zip(wanted.items(), products, strict=True):
            if product is None:
                ends[i] = low_order(point)
            else:
                answers[i] = product
    return [ends[i] for i in range(len(openings))]
