"""The wide river: how many mixes a layer can the traffic fill?"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from workbench.anonymity import describe, river_guess_bits
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

CLIENTS = 100
FOLLOWED = 150
AVAILABLE = 100  # mixes that offer to work, a layer; those that are not active stand by
CAPACITY_PER_S = 50.0
QUEUE_PACKETS = 50
FULL_POOL = 10.0  # packets at which a mix is drawn full
_WIDTHS = tuple(map(float, (1, 2, 3, 5, 7, 10, 14, 20, 25, 35, 50, 70, 100)))
_RATES = tuple(float(f"{100 * 2 ** (k / 2):.3g}") for k in range(-4, 5))
_DELAYS = tuple(float(f"{0.5 * 2 ** (k / 2):.3g}") for k in range(-6, 7))
FLOW = Dial(
    "traffic_per_client_per_s",
    tuple(rate / CLIENTS for rate in _RATES),
    "Flow",
    "packets/s",
    times=2,
)
WIDTH = Dial("width", _WIDTHS, "Width", "mixes a layer")
DELAY = Dial("delay_s", _DELAYS, "Delay of a mix", "s", times=2)
LAYERS = Dial("layers", (1.0, 2.0, 3.0, 4.0, 5.0), "Length of a route", "layers")
_DIALS = (WIDTH, FLOW, DELAY, LAYERS)
_MOST_TRIED = 30
_TENFOLD = "&tenfold=1"
_EXPECTED = "A state is the line that the panel's query gave."
_HIGHEST_BITS = 16.0


@dataclass(frozen=True)
class State:
    """Everything that the panel shows follows from this value."""

    base: Scenario
    tenfold: bool = False
    """Ten times the people and ten times the mixes."""
    tried: tuple[Scenario, ...] = ()
    presenter: bool = False

    @property
    def scenario(self) -> Scenario:
        """What is simulated."""
        return grown(self.base, self.times)

    @property
    def times(self) -> int:
        """How many times the network of the sliders is there."""
        return 10 if self.tenfold else 1


def grown(base: Scenario, times: int) -> Scenario:
    """So many times the people and the mixes of each layer."""
    return base.replace(clients=base.clients * times, width=base.width * times)


def river(width: int, packets_per_s: float, delay_s: float, layers: int, seed: int) -> Scenario:
    """The network that the panel shows."""
    return Scenario(
        clients=CLIENTS,
        traffic_per_client_per_s=packets_per_s / CLIENTS,
        layers=layers,
        width=width,
        delay_s=delay_s,
        capacity_per_s=CAPACITY_PER_S,
        queue_packets=QUEUE_PACKETS,
        seed=seed,
    )


def answer(scenario: Scenario) -> Run:
    """Simulate one setting."""
    import workbench as wb

    return wb.simulate(
        scenario,
        duration_s=max(2.0 * FOLLOWED / scenario.total_rate_per_s, 2.0),
        targets=FOLLOWED,
        track="senders",
    )


class RiverPanel(SlidingPanel[State]):
    """The panel; use :func:`river_panel` to make one."""

    scripts = ("asking.js", "sliding.js", "river_panel.js")
    _css = style("asking.css", "sliding.css", "river_panel.css")

    @property
    def query(self) -> str:
        """The state as a short line; ``river_panel(query=...)`` brings it back exactly."""
        return self._state.base.to_query() + _TENFOLD * self._state.tenfold

    def _act(self, state: State, action: Mapping[str, Any]) -> State:
        return act(state, action)

    def _looks(self, before: State, after: State) -> bool:
        return before.scenario == after.scenario

    def _settings(self, state: State) -> Hashable:
        return state.scenario

    def _answer(self, settings: Any) -> Run:
        return answer(settings)

    def _picture(self, state: State, is_sealed: bool, answer: Any) -> dict[str, Any]:
        return view(state, is_sealed, answer, self._answers.get)


def river_panel(
    width: int = 10,
    packets_per_s: float = 100.0,
    delay_s: float = 0.5,
    layers: int = 3,
    *,
    ask: Prediction | None = None,
    seed: int = 0,
    presenter: bool = False,
    query: str | None = None,
) -> RiverPanel:
    """A network as a river: flow, width, and how deep the water stands in each mix.

    Parameters
    ----------
    width : int
        Active mixes in each layer, 1 to 100.
    packets_per_s : float
        Packets that 100 people send together, 10 to 1,000 a second.
    delay_s : float
        Mean wait at each mix, 0.05 to 5 s.
    layers : int
        Mixes on each route, 1 to 5.
    ask : Prediction, optional
        A guess to be locked in before the sliders can be moved.
    seed : int
        The same seed gives the same people sending at the same times.
    presenter : bool
        Large type and thick lines, for a room.
    query : str, optional
        A state that a panel's ``query`` gave; the settings above are not looked at then.

    Returns
    -------
    RiverPanel
        A widget; a notebook shows it.

    Raises
    ------
    LessonError, ScenarioError
        Values out of range, or no such state.
    """
    tenfold = isinstance(query, str) and query.endswith(_TENFOLD)
    if query is not None:
        base = read_query(query.removesuffix(_TENFOLD) if tenfold else query, _EXPECTED)
    else:
        for name, value in (("packets_per_s", packets_per_s), ("delay_s", delay_s)):
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise LessonError(f"{name} is a number; got {value!r:.40}")
        base = river(width, packets_per_s, delay_s, layers, seed)
    _check(base)
    return RiverPanel(State(base, tenfold, presenter=bool(presenter)), ask)


def _check(base: Scenario) -> None:
    rate = base.clients * base.traffic_per_client_per_s
    plain = river(base.width, 1.0, base.delay_s, base.layers, base.seed)
    if base != plain.replace(traffic_per_client_per_s=base.traffic_per_client_per_s):
        raise LessonError(
            f"{_EXPECTED} This one has other settings than width, flow, delay, layers and seed."
        )
    if (
        not 10.0 <= rate <= 1000.0
        or not 0.05 <= base.delay_s <= 5.0
        or base.layers > 5
        or base.width > AVAILABLE
    ):
        raise LessonError(
            "The panel goes from 1 to 100 mixes a layer, from 10 to 1,000 packets/s, from 0.05 to "
            "5 s, and to 5 layers."
        )


def act(state: State, action: Mapping[str, Any]) -> State:
    """The state after an action of the page; LessonError where there is none."""
    name = action.get("name")
    if name == "set":
        dial, value = dial_value(_DIALS, action)
        number = int(value) if dial in (WIDTH, LAYERS) else value
        return _moved(state, replace(state, base=state.base.replace(**{dial.knob: number})))
    if name == "tenfold":
        return _moved(state, replace(state, tenfold=not state.tenfold))
    if name == "new seed":
        return replace(state, base=state.base.replace(seed=state.base.seed + 1), tried=())
    if name == "presenter":
        return replace(state, presenter=not state.presenter)
    raise LessonError(f"The panel knows no action {name!r:.40}.")


def _moved(before: State, after: State) -> State:
    now = after.scenario
    if now == before.scenario:
        return after
    tried = tuple(s for s in (*before.tried, before.scenario) if s != now)
    return replace(after, tried=tried[-_MOST_TRIED:])


# --- what there is to see ---


def view(
    state: State,
    is_sealed: bool,
    answer: Run | None,
    known: Callable[[Scenario], Run | None],
) -> dict[str, Any]:
    """Plain data for the page; while sealed there are no sliders and no chart."""
    scenario, times = state.scenario, state.times
    people = f"{scenario.clients:,} people, {shown(scenario.total_rate_per_s)} packets/s"
    data: dict[str, Any] = {
        "presenter": state.presenter,
        "tenfold": state.tenfold,
        "setting": people,
        "code": f'river_panel(query="{state.base.to_query() + _TENFOLD * state.tenfold}")',
        "numbers": None,
        "summary": "Computing …",
    }
    if not is_sealed:
        rates = [shown(rate * times) for rate in _RATES]
        widths = [shown(width * times) for width in _WIDTHS]
        data["dials"] = [
            {**WIDTH.data(state.base.width), "texts": widths, "now": shown(scenario.width)},
            {
                **FLOW.data(state.base.traffic_per_client_per_s),
                "texts": rates,
                "now": shown(scenario.total_rate_per_s),
            },
            DELAY.data(state.base.delay_s),
            LAYERS.data(state.base.layers),
        ]
        data["chart"] = _chart(state, answer, known)
    if answer is None:
        return data
    spread = answer.spread
    held = float(answer.pool_mean.mean())
    load = scenario.rate_per_mix_per_s / CAPACITY_PER_S
    lost = answer.dropped / max(answer.sent, 1)
    people_bits = answer.tracked_sender_entropy_bits
    seen = people_bits[~np.isnan(people_bits)]
    senders = float(seen.mean()) if seen.size else 0.0
    is_known = not math.isnan(spread.mean)
    words = describe(spread.mean, min(senders, spread.mean) if is_known else None, scenario.clients)
    lose = f" {100 * lost:.0f} % of the packets are lost." if lost >= 0.005 else ""
    return {
        **data,
        "numbers": {
            "bits": f"{spread.mean:.1f}" if is_known else "–",
            "spread": f"{spread.median:.1f} / {spread.worst:.1f}" if is_known else "–",
            "pool": shown(held),
            "latency": f"{answer.latency_quantile_s(0.5):.2f}" if answer.latency_count else "–",
            "load": f"{100 * load:.0f} %",
            "lost": f"{100 * lost:.0f} %",
            "is_full": bool(load > 0.8),
        },
        "layers": _layers(state, answer),
        "standby": (AVAILABLE - state.base.width) * times,
        "each": times,
        "summary": f"{words}. Each mix holds {shown(held)} packets on average.{lose}",
    }


def _layers(state: State, run: Run) -> list[list[float]]:
    """How full each mix is drawn, a layer a list; of ten times the mixes each cell is ten."""
    pools = run.pool_mean.reshape(state.base.layers, state.base.width, state.times).mean(axis=2)
    return [[round(min(float(p) / FULL_POOL, 1.0), 3) for p in layer] for layer in pools]


def _chart(
    state: State, answer: Run | None, known: Callable[[Scenario], Run | None]
) -> dict[str, Any]:
    """Bits against width: the guess by formula, and what was simulated at these settings."""
    times = state.times
    here = state.scenario
    high = math.log2(AVAILABLE)

    def at(width: float, bits: float) -> list[float]:
        return [
            share_between(math.log2(width / times), 0.0, high),
            share_between(bits, 0.0, _HIGHEST_BITS),
        ]

    rate = here.total_rate_per_s
    guess = [
        at(w * times, river_guess_bits(rate, here.delay_s, here.layers, int(w * times)))
        for w in _WIDTHS
    ]
    marks = []
    for other in state.tried:
        run = known(other)
        if run is None or other.replace(width=here.width) != here or math.isnan(run.spread.mean):
            continue
        marks.append(_mark(at, other, run, "tried"))
    if answer is not None and not math.isnan(answer.spread.mean):
        marks.append(
            {
                **_mark(at, here, answer, "now"),
                "label": f"{answer.spread.mean:.1f}",
            }
        )
        worst = answer.spread.worst  # drawn last: it often lies close below
        marks.append(
            {
                "at": at(here.width, worst),
                "text": f"worst 5 %: {worst:.1f} bits",
                "kind": "worst",
            }
        )
    return {
        "title": f"Doubt in bits against width, at {shown(rate)} packets/s and "
        f"{shown(here.delay_s)} s",
        "x": {
            "label": "active mixes a layer (log scale)",
            "ticks": [[at(w * times, 0)[0], shown(w * times)] for w in (1, 2, 5, 10, 20, 50, 100)],
        },
        "y": {"label": "bits", "ticks": [[b / _HIGHEST_BITS, str(b)] for b in (0, 4, 8, 12, 16)]},
        "lines": [
            {"name": "a first guess by formula, without capacity", "kind": "dotted",
             "points": guess},
        ],
        "key": "round: simulated, mean; square: its worst 5 %",
        "marks": marks,
    }  # fmt: skip


def _mark(
    at: Callable[[float, float], list[float]], scenario: Scenario, run: Run, kind: str
) -> dict[str, Any]:
    bits = run.spread.mean
    return {
        "at": at(scenario.width, bits),
        "text": f"{shown(scenario.width)} mixes a layer: {bits:.1f} bits",
        "kind": kind,
    }
