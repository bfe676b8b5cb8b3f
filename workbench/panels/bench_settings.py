"""What stands in the workbench: a scenario, where it came from, and what people may do to it.

A frozen value and plain functions: every act of a person makes a new value, and whatever a
page sends is either such an act or an error that says what was expected.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from workbench.errors import ScenarioError
from workbench.panels.economy_settings import EconomySettings, with_limit
from workbench.panels.knob_words import read
from workbench.scenario import Knob, Scenario

FIRST_KNOBS = ("delay_s", "cover_per_client_per_s", "traffic_per_client_per_s")
MORE_KNOBS = ("layers", "width", "clients", "corrupt_mixes", "seed")
# What a slider covers; a knob's own range is wider, and a typed value may use all of it.
SLIDES: dict[str, tuple[float, float]] = {
    "delay_s": (0.001, 10.0),
    "cover_per_client_per_s": (0.01, 100.0),
    "traffic_per_client_per_s": (0.01, 100.0),
    "layers": (1, 8),
    "width": (1, 200),
    "clients": (1, 10_000),
}
LOG_BEYOND = 30.0  # a range wider than this is a matter of factors, not of steps
STEPS = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8)
MOST_PAST = 100
ONE_MOVE_S = 1.0  # changes of one knob within this time are one move to be undone
MOST_LIVE_PACKETS_PER_S = 200_000.0
MOST_LIVE_PACKETS_INSIDE = 200_000.0
NEEDS_NEW_NETWORK = ("layers", "topology", "seed")


@dataclass(frozen=True)
class Settings:
    """The scenario in force and how it came about.

    Attributes
    ----------
    scenario, first : Scenario
        The present one, and the one that reset brings back.
    economy, first_economy : EconomySettings or None
        The same of the economy beside it; None while there is none.
    past : tuple of (Scenario, EconomySettings or None)
        What undo brings back, oldest first.
    last_knob, last_at_s : str, float
        Which knob moved last and when, to join the steps of one drag into one move.
    """

    scenario: Scenario
    first: Scenario
    past: tuple[tuple[Scenario, EconomySettings | None], ...] = ()
    last_knob: str = ""
    last_at_s: float = -math.inf
    economy: EconomySettings | None = None
    first_economy: EconomySettings | None = None

    @staticmethod
    def of(scenario: Scenario, economy: EconomySettings | None = None) -> Settings:
        """A fresh start."""
        if economy is not None:
            scenario = with_limit(scenario)
        checked_for_live(scenario)
        return Settings(scenario=scenario, first=scenario, economy=economy, first_economy=economy)

    @property
    def is_first(self) -> bool:
        """Whether reset would change nothing."""
        return (self.scenario, self.economy) == (self.first, self.first_economy)

    def moved(self, scenario: Scenario, knob: str = "", now_s: float | None = None) -> Settings:
        """The settings after a change; steps of one drag leave one thing to undo."""
        return self._to(scenario, self.economy, knob, now_s)

    def with_economy(
        self, economy: EconomySettings | None, knob: str = "", now_s: float | None = None
    ) -> Settings:
        """The economy started, turned or (None) stopped; a node needs a capacity for it."""
        return self._to(self.scenario, economy, knob, now_s)

    def _to(
        self, scenario: Scenario, economy: EconomySettings | None, knob: str, now_s: float | None
    ) -> Settings:
        if economy is not None:
            scenario = with_limit(scenario)
        if (scenario, economy) == (self.scenario, self.economy):
            return self
        checked_for_live(scenario)
        now = time.monotonic() if now_s is None else now_s
        is_same_move = bool(knob) and knob == self.last_knob and now - self.last_at_s < ONE_MOVE_S
        present = (self.scenario, self.economy)
        past = self.past if is_same_move else (*self.past, present)[-MOST_PAST:]
        return replace(
            self, scenario=scenario, economy=economy, past=past, last_knob=knob, last_at_s=now
        )

    def standing(self, width: int, down: tuple[tuple[int, int], ...]) -> Settings:
        """Where the economy's nodes stand now: nobody's move, so nothing to undo."""
        one = self.scenario
        if width != one.width:
            one = self._with(Scenario.knobs()["width"], width)
        if set(down) != set(one.down()):
            one = one.replace(mixes_down=down)
        return replace(self, scenario=one)

    def turned(self, knob: str, value: Any, now_s: float | None = None) -> Settings:
        """One knob turned to a value, or to what was typed for it.

        Raises
        ------
        ScenarioError
            For an unknown knob or a value out of its range; the message says the range.
        """
        known = Scenario.knobs().get(knob) if isinstance(knob, str) else None
        if known is None:
            raise ScenarioError(f"there is no knob {knob!r:.40}")
        if known.kind == "mixes":
            known = replace(known, high=self.scenario.mixes)
        return self.moved(self._with(known, read(known, value)), knob, now_s)

    def _with(self, knob: Knob, value: Any) -> Scenario:
        """Fewer mixes take those named as down or corrupted beyond them away, too."""
        changes: dict[str, Any] = {knob.name: value}
        if knob.name in ("layers", "width"):
            sizes = {"layers": self.scenario.layers, "width": self.scenario.width}
            sizes[knob.name] = value
            for name in ("mixes_down", "corrupt_mixes"):
                held = getattr(self.scenario, name)
                if isinstance(held, tuple):
                    changes[name] = tuple(
                        (layer, index)
                        for layer, index in held
                        if layer < sizes["layers"] and index < sizes["width"]
                    )
                elif isinstance(value, int):
                    changes[name] = min(held, sizes["layers"] * sizes["width"])
            if isinstance(self.scenario.link_delay_s, tuple):
                changes["link_delay_s"] = 0.0
        return self.scenario.replace(**changes)

    def undone(self) -> Settings:
        """One move back."""
        if not self.past:
            return self
        scenario, economy = self.past[-1]
        return replace(self, scenario=scenario, economy=economy, past=self.past[:-1], last_knob="")

    def reset(self) -> Settings:
        """Back to the first scenario; this can be undone."""
        return self._to(self.first, self.first_economy, "", None)

    def at_preset(self, name: str) -> Settings:
        """A situation by its name; the seed stays."""
        return self.moved(Scenario.preset(name).replace(seed=self.scenario.seed))

    @property
    def preset(self) -> str:
        """The situation that stands now, whatever the seed; empty if none does."""
        return next(
            (
                name
                for name, preset in Scenario.presets().items()
                if preset.scenario.replace(seed=self.scenario.seed) == self.scenario
            ),
            "",
        )


def checked_for_live(scenario: Scenario) -> Scenario:
    """The scenario, or an error where it is more than a live network carries here."""
    loops = scenario.mixes * scenario.mix_loops_per_mix_per_s
    rate = scenario.total_rate_per_s + loops
    if rate > MOST_LIVE_PACKETS_PER_S:
        raise ScenarioError(
            f"the live network carries at most {MOST_LIVE_PACKETS_PER_S:,.0f} packets/s; this "
            f"would be {rate:,.0f}: fewer clients, less traffic or less cover"
        )
    inside = rate * scenario.layers * scenario.mean_delay_s()
    if inside > MOST_LIVE_PACKETS_INSIDE:
        raise ScenarioError(
            f"the live network holds at most {MOST_LIVE_PACKETS_INSIDE:,.0f} packets; this would "
            f"be {inside:,.0f}: less delay or less traffic"
        )
    return scenario


@cache
def stops(knob: str) -> tuple[float, ...]:
    """The values that a slider of this knob stops at, built from the knob's own range.

    Beyond a factor of thirty the steps are factors of about a fifth, with 0 first where the
    knob may be 0; below, they are equal.
    """
    known = Scenario.knobs()[knob]
    low, high = SLIDES[knob]
    low, high = max(low, known.low), min(high, known.high)
    is_whole = known.kind == "whole"
    if high <= LOG_BEYOND * max(low, 1e-12):
        return tuple(float(v) for v in range(int(low), int(high) + 1))
    found = [0.0] if known.low == 0 and known.name not in ("clients",) else []
    exponent = math.floor(math.log10(low))
    while 10.0**exponent <= high:
        for step in STEPS:
            value = round(step * 10.0**exponent, 9 - exponent if exponent < 0 else 9)
            is_fit = low * (1 - 1e-9) <= value <= high * (1 + 1e-9)
            if is_fit and not (is_whole and value != int(value)):
                found.append(float(value))
        exponent += 1
    return tuple(sorted(set(found)))
