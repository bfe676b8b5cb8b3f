"""One Poisson mix: turn delay and traffic, see who is inside and which packet may be yours."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from workbench.anonymity import (
    describe,
    poisson_mix_entropy_bits,
    pool_packets,
    thick_pool_entropy_bits,
)
from workbench.anonymity.one_mix import MixSuspects, mix_stays, mix_suspects
from workbench.errors import LessonError
from workbench.mixing.run import Run
from workbench.panels.controls import style
from workbench.panels.sliding import (
    Dial,
    SlidingPanel,
    dial_value,
    read_query,
    share_between,
    shown,
)
from workbench.scenario import Scenario
from workbench.teaching import Prediction

CLIENTS = 200
FOLLOWED = 200
_DELAYS = tuple(float(f"{0.5 * 2 ** (k / 2):.3g}") for k in range(-10, 9))
_RATES = tuple(float(f"{100 * 2 ** (k / 2):.3g}") for k in range(-14, 5))
DELAY = Dial("delay_s", _DELAYS, "Delay, on average", "s", times=2)
RATE = Dial(
    "traffic_per_client_per_s",
    tuple(rate / CLIENTS for rate in _RATES),
    "Traffic, all people",
    "packets/s",
    times=2,
    factor=CLIENTS,
)
_DIALS = (DELAY, RATE)
_MOST_DOTS = 400
_MOST_BARS = 60
_MOST_MOVES = 3000
_SHARE_DRAWN = 0.95  # of the suspicion; the last crumbs go on for ever
_MOST_TRIED = 12
_EXPECTED = "A state is the line that the panel's query gave."


@dataclass(frozen=True)
class State:
    """Everything that the panel shows follows from this value."""

    scenario: Scenario
    tried: tuple[Scenario, ...] = ()
    """Settings that were looked at before, oldest first: dots in the chart."""
    presenter: bool = False


@dataclass(frozen=True, eq=False)
class Answer:
    """What the library says to a setting."""

    expected_bits: float
    pool_packets: float
    median_bits: float
    worst_bits: float
    sender_bits: float
    suspects: MixSuspects
    packets: np.ndarray
    came_s: np.ndarray
    left_s: np.ndarray


def answer(scenario: Scenario) -> Answer:
    """Simulate one setting, and open up the packet whose doubt is the median."""
    import workbench as wb

    rate = scenario.total_rate_per_s
    held = pool_packets(rate, scenario.delay_s)
    run = wb.simulate(
        scenario,
        duration_s=max(2.0 * FOLLOWED / rate, 10.0 * scenario.delay_s),
        targets=FOLLOWED,
        track="senders",
        log=True,
    )
    spread = run.spread
    assert run.events is not None
    packets, came, left = mix_stays(run.events)
    return Answer(
        expected_bits=poisson_mix_entropy_bits(held),
        pool_packets=held,
        median_bits=spread.median,
        worst_bits=spread.worst,
        sender_bits=float(np.nanmean(run.tracked_sender_entropy_bits)),
        suspects=_typical(run),
        packets=packets,
        came_s=came,
        left_s=left,
    )


def _typical(run: Run) -> MixSuspects:
    """A packet with about the median doubt, which leaves while it is among the suspects drawn."""
    assert run.events is not None
    by_rank = np.argsort(np.abs(run.entropy_bits - run.spread.median), kind="stable")[:8]
    found = [mix_suspects(run.events, int(run.target_packets[i])) for i in by_rank]
    for one in found:
        if float(one.chances[one.leave_s <= one.left_s].sum()) < _SHARE_DRAWN:
            return one
    return found[0]


class OneMixPanel(SlidingPanel[State]):
    """The panel; use :func:`one_mix_panel` to make one."""

    scripts = ("asking.js", "sliding.js", "one_mix_panel.js")
    _css = style("asking.css", "sliding.css", "one_mix_panel.css")

    @property
    def query(self) -> str:
        """The state as a short line; ``one_mix_panel(query=...)`` brings it back exactly."""
        return self._state.scenario.to_query()

    def _act(self, state: State, action: Mapping[str, Any]) -> State:
        return act(state, action)

    def _looks(self, before: State, after: State) -> bool:
        return before.scenario == after.scenario

    def _settings(self, state: State) -> Hashable:
        return state.scenario

    def _answer(self, settings: Any) -> Answer:
        return answer(settings)

    def _picture(self, state: State, is_sealed: bool, answer: Any) -> dict[str, Any]:
        return view(state, is_sealed, answer)


def one_mix_panel(
    delay_s: float = 0.5,
    packets_per_s: float = 100.0,
    *,
    ask: Prediction | None = None,
    seed: int = 0,
    presenter: bool = False,
    query: str | None = None,
) -> OneMixPanel:
    """One mix that holds each packet for a random time, with a slider for delay and traffic.

    Parameters
    ----------
    delay_s : float
        Mean wait of a packet, 0.01 to 10 s.
    packets_per_s : float
        Packets that all people send together, 0.5 to 1,000 a second.
    ask : Prediction, optional
        A guess to be locked in before the sliders can be moved.
    seed : int
        The same seed gives the same people sending at the same times.
    presenter : bool
        Large type and thick lines, for a room.
    query : str, optional
        A state that a panel's ``query`` gave; delay, traffic and seed are not looked at then.

    Returns
    -------
    OneMixPanel
        A widget; a notebook shows it.

    Raises
    ------
    LessonError, ScenarioError
        Values out of range, or no such state.
    """
    if query is not None:
        scenario = read_query(query, _EXPECTED)
    else:
        _check_number(delay_s, "delay_s")
        _check_number(packets_per_s, "packets_per_s")
        scenario = Scenario(
            clients=CLIENTS,
            traffic_per_client_per_s=packets_per_s / CLIENTS,
            layers=1,
            width=1,
            delay_s=delay_s,
            seed=seed,
        )
    _check(scenario)
    return OneMixPanel(State(scenario, presenter=bool(presenter)), ask)


def _check_number(value: object, name: str) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise LessonError(f"{name} is a number; got {value!r:.40}")


def _check(scenario: Scenario) -> None:
    plain = Scenario(
        clients=CLIENTS,
        traffic_per_client_per_s=scenario.traffic_per_client_per_s,
        layers=1,
        width=1,
        delay_s=scenario.delay_s,
        seed=scenario.seed,
    )
    if scenario != plain:
        raise LessonError(
            f"{_EXPECTED} This one has other settings than delay, traffic and seed; "
            f"the panel has one mix and {CLIENTS} people."
        )
    if not 0.01 <= scenario.delay_s <= 10.0 or not 0.5 <= scenario.total_rate_per_s <= 1000.0:
        raise LessonError("The panel goes from 0.01 to 10 s and from 0.5 to 1,000 packets/s.")


def act(state: State, action: Mapping[str, Any]) -> State:
    """The state after an action of the page; LessonError where there is none."""
    name = action.get("name")
    if name == "set":
        dial, value = dial_value(_DIALS, action)
        return _moved(state, state.scenario.replace(**{dial.knob: value}))
    if name == "new seed":
        return replace(state, scenario=state.scenario.replace(seed=state.scenario.seed + 1))
    if name == "clear":
        return replace(state, tried=())
    if name == "presenter":
        return replace(state, presenter=not state.presenter)
    raise LessonError(f"The panel knows no action {name!r:.40}.")


def _moved(state: State, to: Scenario) -> State:
    if to == state.scenario:
        return state
    tried = tuple(s for s in (*state.tried, state.scenario) if s != to)[-_MOST_TRIED:]
    return replace(state, scenario=to, tried=tried)


# --- what there is to see ---


def view(state: State, is_sealed: bool, answer: Answer | None) -> dict[str, Any]:
    """Plain data for the page; while sealed there are no sliders and no chart."""
    scenario = state.scenario
    data: dict[str, Any] = {
        "presenter": state.presenter,
        "setting": f"{shown(scenario.total_rate_per_s)} packets/s, {shown(scenario.delay_s)} s",
        "code": f'one_mix_panel(query="{scenario.to_query()}")',
        "numbers": None,
        "summary": "Computing …",
    }
    if not is_sealed:
        data["dials"] = [
            DELAY.data(scenario.delay_s),
            RATE.data(scenario.traffic_per_client_per_s),
        ]
        data["chart"] = _chart(state)
    if answer is None:
        return data
    bits = max(answer.expected_bits, 0.0)
    words = describe(bits, min(answer.sender_bits, bits), scenario.clients)
    return {
        **data,
        "numbers": {
            "bits": f"{bits:.1f}",
            "packets": shown(float(np.round(2.0**bits))) if bits > 1 else shown(2.0**bits),
            "pool": shown(answer.pool_packets),
            "median": f"{answer.median_bits:.1f}",
            "worst": f"{answer.worst_bits:.1f}",
        },
        "story": _story(answer),
        "bars": _bars(answer),
        "summary": f"{words}. The mix holds {shown(answer.pool_packets)} packets on average.",
    }


def _story(answer: Answer) -> dict[str, Any]:
    """Who is inside when, for the drawing: from just before your packet to after it left."""
    found = answer.suspects
    many = np.searchsorted(np.cumsum(found.chances), 0.98)
    end = float(found.leave_s[min(int(many), found.leave_s.size - 1)])
    end = max(end, found.left_s)
    lead = 0.05 * (end - found.came_s)
    start, end = found.came_s - lead, end + lead
    inside = (answer.came_s < end) & (answer.left_s > start)
    numbers = answer.packets[inside]
    came, left = answer.came_s[inside], answer.left_s[inside]
    held = int(((came <= found.came_s) & (left > found.came_s)).sum())
    one_in = max(1, -(-held // _MOST_DOTS), -(-numbers.size // _MOST_MOVES))
    drawn = (numbers % one_in == found.packet % one_in).nonzero()[0]
    slots = _slots(came[drawn], left[drawn])
    scale = 1.0 / (end - start)
    return {
        "one_in": one_in,
        "length_s": shown(end - start),
        "enters": round((found.came_s - start) * scale, 5),
        "leaves": round((found.left_s - start) * scale, 5),
        "places": max(slots) + 1,
        "moves": [
            [
                round(float((came[i] - start) * scale), 5),
                round(float((left[i] - start) * scale), 5),
                slot,
                int(numbers[i] == found.packet),
            ]
            for i, slot in zip(drawn, slots, strict=True)
        ],
    }


def _slots(came: np.ndarray, left: np.ndarray) -> list[int]:
    """A place in the drawing for each packet: the lowest that is free when it comes."""
    import heapq

    free: list[int] = []
    leaving: list[tuple[float, int]] = []
    slots = []
    used = 0
    for start, end in zip(came, left, strict=True):
        while leaving and leaving[0][0] <= start:
            heapq.heappush(free, heapq.heappop(leaving)[1])
        if free:
            slot = heapq.heappop(free)
        else:
            slot, used = used, used + 1
        heapq.heappush(leaving, (float(end), slot))
        slots.append(slot)
    return slots


def _bars(answer: Answer) -> dict[str, Any]:
    """The suspects as bars, in the order in which they left; neighbours join if too many."""
    found = answer.suspects
    total = np.cumsum(found.chances)
    count = min(int(np.searchsorted(total, _SHARE_DRAWN)) + 1, found.chances.size)
    mine = int(np.flatnonzero(found.packets == found.packet)[0])
    each = -(-count // _MOST_BARS)
    groups = -(-count // each)
    heights = [float(found.chances[g * each : (g + 1) * each].sum()) for g in range(groups)]
    times = [float(found.leave_s[g * each]) for g in range(groups)]
    story_end = max(float(found.leave_s[min(count, found.leave_s.size - 1)]), found.left_s)
    rest = max(1.0 - sum(heights), 0.0)
    return {
        "each": each,
        "shares": [round(height / max(heights), 4) for height in heights],
        "mine": mine // each if mine < count else None,
        "most": _percent(max(heights)),
        "rest": _percent(rest),
        "count": count,
        "times": [share_between(t, found.came_s, story_end) for t in times],
        "words": _bar_words(count, each, max(heights), mine < count),
    }


def _bar_words(count: int, each: int, most: float, is_mine_drawn: bool) -> str:
    if count == 1:
        words = "Your packet came in, and one packet that left after it has all but all suspicion."
    else:
        words = (
            f"Your packet came in. {count:,} packets that left after it share "
            f"{100 * _SHARE_DRAWN:.0f} % of the suspicion; the likeliest "
            f"{'bar' if each > 1 else 'one'} has {_percent(most)}."
        )
    return words + " The one with a rim is yours; the observer sees no rim." * is_mine_drawn


def _percent(share: float) -> str:
    value = 100.0 * share
    return f"{value:.0f} %" if value >= 9.5 else f"{value:.2g} %"


_LOW_BITS, _HIGH_BITS = 0.0, 14.0


def _chart(state: State) -> dict[str, Any]:
    """Bits against delay at this traffic: the exact mean, the straight line, what was tried."""
    rate = state.scenario.total_rate_per_s
    low, high = np.log2(_DELAYS[0]), np.log2(_DELAYS[-1])

    def at(delay: float, bits: float) -> list[float]:
        return [
            share_between(float(np.log2(delay)), low, high),
            share_between(bits, _LOW_BITS, _HIGH_BITS),
        ]

    def bits_of(scenario: Scenario) -> float:
        return poisson_mix_entropy_bits(pool_packets(scenario.total_rate_per_s, scenario.delay_s))

    line = [at(d, poisson_mix_entropy_bits(pool_packets(rate, d))) for d in _DELAYS]
    straight = [(d, thick_pool_entropy_bits(rate, d, 1)) for d in _DELAYS]
    marks = [
        {
            "at": at(s.delay_s, bits_of(s)),
            "text": f"{shown(s.total_rate_per_s)} packets/s, {shown(s.delay_s)} s: "
            f"{bits_of(s):.1f} bits",
            "kind": "tried",
        }
        for s in state.tried
    ]
    here = state.scenario
    marks.append(
        {
            "at": at(here.delay_s, bits_of(here)),
            "text": f"now: {shown(here.delay_s)} s, {bits_of(here):.1f} bits",
            "kind": "now",
            "label": f"{bits_of(here):.1f}",
        }
    )
    return {
        "title": f"Doubt in bits against delay, at {shown(rate)} packets/s",
        "x": {
            "label": "delay, s (log scale: from mark to mark four times)",
            "ticks": [[at(d, 0)[0], f"{d:.2g}"] for d in _DELAYS[2::4]],
        },
        "y": {"label": "bits", "ticks": [[b / 14, str(b)] for b in (0, 2, 4, 6, 8, 10, 12, 14)]},
        "lines": [
            {"name": "one bit a doubling", "kind": "dashed",
             "points": [at(d, b) for d, b in straight if b >= 0]},
            {"name": "this mix, on average", "kind": "solid", "points": line},
        ],
        "marks": marks,
    }  # fmt: skip
