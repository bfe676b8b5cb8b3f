"""The same people, seen at two points of four systems: timestamps to line up.

A flow is one person talking to one website. A watcher near the person sees when packets
leave; a watcher near the website sees when packets arrive. The people and what they do come
from one seed and are the same for every system; only what the system does to time differs.

Needs neither numba nor a simulation: with Poisson mixes every packet simply waits its own
random delays, so the times are draws. ``flows_of_log`` reads the same from a simulated run.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workbench.anonymity._checks import FloatArray, IntArray, choice, number, positive, whole
from workbench.anonymity.observers import SYSTEMS
from workbench.errors import AnonymityError
from workbench.mixing.events import REAL, Events, is_client

# A router adds this much to each packet at each hop, and keeps their order.
_HOP_DELAY_S = 0.02
_HOP_JITTER_S = 0.005
_HOPS = {"direct": 1, "vpn": 2, "onion": 4}
_MOST_PACKETS = 5_000_000


@dataclass(frozen=True, eq=False)
class Flows:
    """Times of many people's packets at both ends of a system.

    Attributes
    ----------
    system : str
        "direct", "vpn", "onion", "mixnet" or "simulated".
    duration_s : float
        How long the people are watched.
    sent_s : tuple of float64 arrays
        For each person, when packets leave (real ones and cover: they look the same).
    received_s : tuple of float64 arrays
        For each website (or correspondent), when packets arrive.
    real_s : tuple of float64 arrays
        For each person, when a real message was wanted: what nobody else should learn.
    partner : int64 array
        The truth that a watcher guesses at: website ``partner[i]`` is person i's.
    """

    system: str
    duration_s: float
    sent_s: tuple[FloatArray, ...]
    received_s: tuple[FloatArray, ...]
    real_s: tuple[FloatArray, ...]
    partner: IntArray

    @property
    def flows(self) -> int:
        """How many people there are."""
        return len(self.sent_s)


def make_flows(
    system: str,
    flows: int = 20,
    duration_s: float = 60.0,
    *,
    delay_s: float = 0.5,
    layers: int = 3,
    main_stream_per_s: float | None = 50.0,
    loop_cover_per_s: float = 5.0,
    receiver_cover_per_s: float = 5.0,
    bursts_per_minute: float = 10.0,
    packets_per_burst: float = 6.0,
    seed: int = 0,
) -> Flows:
    """Let people use a system and record the times at both ends.

    Parameters
    ----------
    system : str
        "direct", "vpn", "onion" or "mixnet". The parameters from ``delay_s`` to
        ``receiver_cover_per_s`` concern the mixnet alone.
    flows : int
        People, each with one website, 1 to 1000.
    duration_s : float
        Above 0, at most 3600 s.
    delay_s : float
        Mean delay of each mix, 0 to 60 s.
    layers : int
        Mixes on a route, 1 to 20.
    main_stream_per_s : float or None
        Slots a second: a real packet takes the next slot, and an empty slot sends drop cover
        (the website never sees it). None: real packets leave at once.
    loop_cover_per_s : float
        Loop cover sent a second, beside the main stream.
    receiver_cover_per_s : float
        Cover arriving at the far end a second (its own loops coming home). 0: a website that
        is not in the mixnet, so that its last wire carries real packets only.
    bursts_per_minute, packets_per_burst : float
        What people do: bursts at random times, of a geometric number of packets.
    seed : int
        Same seed, same people and same bursts in every system.

    Returns
    -------
    Flows
        Times are sorted; those past the duration are cut off, as a watcher's recording is.

    Examples
    --------
    >>> onion = make_flows("onion", flows=3, seed=1)
    >>> mixed = make_flows("mixnet", flows=3, seed=1)
    >>> bool((onion.real_s[0] == mixed.real_s[0]).all())
    True
    """
    choice("system", system, SYSTEMS)
    people = whole("flows", flows, 1, 1000)
    duration = number("duration_s", duration_s, 1e-3, 3600.0, "s")
    delay = number("delay_s", delay_s, 0.0, 60.0, "s")
    stages = whole("layers", layers, 1, 20)
    slots = None if main_stream_per_s is None else positive("main_stream_per_s", main_stream_per_s)
    loops = number("loop_cover_per_s", loop_cover_per_s, 0.0)
    far = number("receiver_cover_per_s", receiver_cover_per_s, 0.0)
    bursts = number("bursts_per_minute", bursts_per_minute, 0.0)
    size = number("packets_per_burst", packets_per_burst, 1.0, 1e4)
    rate = (slots or 0.0) + loops + far + bursts / 60.0 * size
    if rate * duration * people > _MOST_PACKETS:
        raise AnonymityError(
            f"these flows would hold about {rate * duration * people:.3g} packets; "
            f"expected at most {_MOST_PACKETS:,}"
        )
    whole("seed", seed, 0, 2**63 - 1)
    partner = np.random.default_rng([seed, 1]).permutation(people).astype(np.int64)
    sent: list[FloatArray] = []
    received: list[FloatArray] = [np.empty(0)] * people
    real: list[FloatArray] = []
    for person in range(people):
        wanted = _bursts(duration, bursts, size, np.random.default_rng([seed, 2, person]))
        rng = np.random.default_rng([seed, 3, person])
        if system == "mixnet":
            out, far_end = _through_mixnet(wanted, duration, delay, stages, slots, loops, far, rng)
        else:
            out, far_end = wanted, _through_routers(wanted, _HOPS[system], rng)
        real.append(wanted)
        sent.append(out[out < duration])
        received[partner[person]] = far_end[far_end < duration]
    return Flows(system, duration, tuple(sent), tuple(received), tuple(real), partner)


def flows_of_log(log: Events, clients: int, *, start_s: float = 0.0, end_s: float) -> Flows:
    """Read flows from the event log of a simulated run, as if each client had one website.

    Parameters
    ----------
    log : Events
        The event log of a run (``workbench.simulate(..., log=True)``).
    clients : int
        How many clients the scenario has.
    start_s, end_s : float
        What part of the run the watcher recorded; its times count from ``start_s``.

    Notes
    -----
    In a run packets go to receivers of their own; here the real packets of client i are taken
    to arrive at website i, because the network delays packets alike whoever they are for. The
    website is not in the mixnet: no cover arrives there.
    """
    people = whole("clients", clients, 1, 10_000_000)
    start = number("start_s", start_s, 0.0, unit="s")
    end = number("end_s", end_s, 0.0, unit="s")
    if end <= start:
        raise AnonymityError("end_s must be after start_s")
    begins = is_client(log.source)
    sender = -1 - log.source[begins].astype(np.int64)
    sender_of = np.full(int(log.packet.max(initial=-1)) + 1, -1, dtype=np.int64)
    sender_of[log.packet[begins]] = sender
    is_real = log.kind == REAL
    ends = is_real & is_client(log.target)
    is_real_sent = is_real[begins]
    left = log.leave_s[begins]
    sent = _by_person(sender, left, people, start, end)
    real = _by_person(sender[is_real_sent], left[is_real_sent], people, start, end)
    received = _by_person(sender_of[log.packet[ends]], log.arrive_s[ends], people, start, end)
    return Flows("simulated", end - start, sent, received, real, np.arange(people, dtype=np.int64))


def _by_person(
    who: IntArray, times: FloatArray, people: int, start: float, end: float
) -> tuple[FloatArray, ...]:
    """Split times by person, cut to the recording and counted from its start."""
    kept = (times >= start) & (times < end) & (who >= 0) & (who < people)
    who, times = who[kept], times[kept] - start
    order = np.lexsort((times, who))
    cuts = np.searchsorted(who[order], np.arange(1, people))
    return tuple(np.split(times[order], cuts))


def _bursts(
    duration: float, per_minute: float, size: float, rng: np.random.Generator
) -> FloatArray:
    """Return when messages are wanted: bursts at random times, packets 30 ms apart on average."""
    starts = rng.uniform(0.0, duration, rng.poisson(per_minute * duration / 60.0))
    lengths = rng.geometric(1.0 / size, starts.size)
    gaps = rng.exponential(0.03, int(lengths.sum()))
    first = np.cumsum(lengths) - lengths
    passed = np.cumsum(gaps)
    since = passed - np.repeat(passed[first], lengths)
    times = np.sort(np.repeat(starts, lengths) + since)
    return np.asarray(times[times < duration])


def _through_routers(sent: FloatArray, hops: int, rng: np.random.Generator) -> FloatArray:
    """Forward at once, hop by hop: a small jitter, and nobody overtakes."""
    times = sent
    for _ in range(hops):
        times = np.maximum.accumulate(
            times + _HOP_DELAY_S + rng.exponential(_HOP_JITTER_S, sent.size)
        )
    return times


def _through_mixnet(
    wanted: FloatArray,
    duration: float,
    delay: float,
    layers: int,
    slots_per_s: float | None,
    loops_per_s: float,
    far_per_s: float,
    rng: np.random.Generator,
) -> tuple[FloatArray, FloatArray]:
    """Return what leaves the person (real and cover alike) and what reaches the far end."""
    loops = rng.uniform(0.0, duration, rng.poisson(loops_per_s * duration))
    far = rng.uniform(0.0, duration, rng.poisson(far_per_s * duration))
    if slots_per_s is None:
        leaving, stream = wanted, wanted
    else:
        stream = np.sort(rng.uniform(0.0, duration, rng.poisson(slots_per_s * duration)))
        leaving = _next_slots(wanted, stream)
    arrived = leaving + rng.exponential(delay, (layers, leaving.size)).sum(axis=0)
    return np.sort(np.concatenate([stream, loops])), np.sort(np.concatenate([arrived, far]))


def _next_slots(wanted: FloatArray, slots: FloatArray) -> FloatArray:
    """Give each message the first free slot after it was wanted; the last may find none."""
    # Slot numbers must rise by one at least: running maximum of (earliest slot - own rank).
    rank = np.arange(wanted.size)
    index = np.maximum.accumulate(np.searchsorted(slots, wanted) - rank) + rank
    return np.asarray(slots[index[index < slots.size]])
