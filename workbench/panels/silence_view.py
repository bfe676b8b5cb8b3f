"""What the silence panel shows of its state and of what the library says, as plain data."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from workbench.mixing.events import DROP_COVER, LOOP_COVER, REAL
from workbench.panels.silence_state import (
    DAYS,
    DIALS,
    LAYERS,
    LENGTH_S,
    LOOP,
    MAIN,
    MINUTE_S,
    ORDINARY_LOSS,
    PEOPLE,
    SLICES,
    TRIES,
    WIDTH,
    Heard,
    Loops,
    State,
    alarm,
    found_chance,
    missing_share,
    to_query,
)
from workbench.panels.sliding import Dial, share_between, shown
from workbench.sphinx import Geometry

# From top to bottom; sender 0 of the library is you, in the middle of the others.
NAMES = ("You", "Ada", "Ben", "Chi", "Dan", "Eli", "Fay", "Gus", "Hana", "Ian")
_ORDER = (1, 2, 3, 4, 0, 5, 6, 7, 8, 9)
_KINDS = {REAL: "real", LOOP_COVER: "loop", DROP_COVER: "drop"}
_MINUTES_A_DAY = 1440
_MOST_WINDOWS = 100


def view(state: State, is_sealed: bool, answer: Heard | Loops | None) -> dict[str, Any]:
    """Plain data for the page; while sealed there are wires, and neither counts nor sliders."""
    data: dict[str, Any] = {
        "presenter": state.presenter,
        "mode": state.mode,
        "is_open": state.is_open,
        "setting": _setting(state),
        "code": f'silence_panel(query="{to_query(state)}")',
        "summary": "Computing …",
    }
    if not is_sealed:
        data["dials"] = [dial.data(getattr(state, dial.knob)) for dial in DIALS[state.mode]]
    if isinstance(answer, Heard):
        data["wires"] = _wires(state, answer)
        data["summary"] = "Ten wires, ten minutes: one of the ten people sends one message."
        if answer.found is not None:
            data.update(_judged(state, answer), chart=_chart(state))
    elif answer is not None and not is_sealed:
        data.update(_alarmed(state, answer))
    return data


def _setting(state: State) -> str:
    if state.mode == "once":
        return "one afternoon"
    if state.mode == "daily":
        return (
            f"{state.added_days} afternoons added up" if state.added_days > 1 else "one afternoon"
        )
    return f"{shown(state.loop)} loops a minute for {shown(state.minutes)} minutes"


# --- the wires ---


def _wires(state: State, heard: Heard) -> dict[str, Any]:
    """The ten timelines: a dot a packet on one day, bars of slices on many."""
    wires = heard.wires
    data: dict[str, Any] = {
        "names": [NAMES[i] for i in _ORDER],
        "you": _ORDER.index(0),
        "minute": [s / LENGTH_S for s in MINUTE_S],
        "days": wires.days,
    }
    if wires.days == 1:
        groups = _KINDS if state.is_open else {None: "any"}
        data["dots"] = [
            {
                name: np.round(
                    np.sort(
                        wires.sent_s[
                            (wires.sender == i)
                            & (np.full(wires.kind.size, kind is None) | (wires.kind == kind))
                        ]
                    )
                    / LENGTH_S,
                    4,
                ).tolist()
                for kind, name in groups.items()
            }
            for i in _ORDER
        ]
        return data
    edges = np.linspace(0.0, LENGTH_S, SLICES + 1)
    slices = np.array([wires.counts(a, b) for a, b in itertools.pairwise(edges)])
    data["bars"] = slices.T[list(_ORDER)].tolist()
    if state.is_open:
        mine = wires.sent_s[wires.kind == REAL]
        data["messages"] = np.histogram(mine, edges)[0].tolist()
    return data


def _judged(state: State, heard: Heard) -> dict[str, Any]:
    """What the observer counts, whom it names, and what that is worth."""
    wires, result = heard.wires, heard.found
    assert result is not None
    counts = wires.counts(*MINUTE_S)
    busiest = [int(i) for i in wires.busiest(*MINUTE_S)]
    days = state.added_days
    rate = state.loop + state.main
    low, high = result.blind
    waited = float(wires.waited_s[0])
    return {
        "counts": [int(counts[i]) for i in _ORDER],
        "busiest": [i in busiest for i in _ORDER],
        "verdict": _verdict(busiest, days),
        "numbers": {
            "found": f"{PEOPLE * result.chance:.1f}",
            "tries": f"{100 * result.right / TRIES:.0f} %",
            "blind": f"{100 / PEOPLE:.0f} % ({100 * low:.0f}–{100 * high:.0f} %)",
            "wait": f"{shown(60.0 / state.main) if state.main else '0'} s",
            "waited": _waited(waited) if state.main and days == 1 else "",
        },
        "meter": {
            "loop": state.loop,
            "drop": state.main,
            "most": LOOP.values[-1] + MAIN.values[-1],
            "words": _meter_words(rate),
        },
        "summary": (
            f"{_verdict(busiest, days)} Over many tries such an observer is right in "
            f"{100 * result.chance:.0f} of 100; blind guessing in {100 / PEOPLE:.0f}."
        ),
    }


def _verdict(busiest: list[int], days: int) -> str:
    when = "in this minute" if days == 1 else f"in this minute of {days} days"
    others = [NAMES[i] for i in busiest if i]
    if busiest == [0]:
        return f"You sent most {when}: the observer names you, and is right."
    if 0 in busiest:
        n = len(others)
        return f"You and {n} more sent most {when}: the observer draws lots, one in {n + 1}."
    if len(others) == 1:
        return f"{others[0]} sent most {when}: the observer names {others[0]}, and is wrong."
    return f"{' and '.join(others)} sent most {when}: the observer is wrong, whatever it draws."


def _waited(seconds: float) -> str:
    if np.isnan(seconds):
        return "Here no slot came before 15:05: your message still waits."
    return f"Here your message waited {shown(seconds)} s for its slot."


def _meter_words(rate: float) -> str:
    size = Geometry.nym_regular().packet_bytes
    a_day = rate * _MINUTES_A_DAY
    if rate == 0:
        return f"Your wire is silent but for one message a day: one packet, {size:,} bytes."
    most = LOOP.values[-1] + MAIN.values[-1]
    return (
        f"Your wire: {shown(rate)} packets a minute, day and night. That is "
        f"{shown(a_day * size / 1e6)} MB a day of cover for one message a day. "
        f"(The bar ends at {shown(most)} a minute.)"
    )


def _chart(state: State) -> dict[str, Any]:
    """Chance to be found against cover, or against days; both by the slider's steps."""
    along = DAYS if state.mode == "daily" else LOOP

    def chance(value: float) -> float:
        if along is DAYS:
            return found_chance(state.loop, state.main, value)
        return found_chance(value, state.main, state.added_days)

    def at(value: float, share: float) -> list[float]:
        return [share_between(along.nearest(value), 0, len(along.values) - 1), round(share, 4)]

    marks = [_mark(s, along, at, "tried") for s in state.tried]
    now = found_chance(*state.setting)
    marks.append({**_mark(state.setting, along, at, "now"), "label": f"{100 * now:.0f} %"})
    fixed = (
        f"{shown(state.loop)} loops a minute"
        if along is DAYS
        else ("one afternoon" if state.added_days == 1 else f"{state.added_days} afternoons")
    )
    stream = f" and {shown(state.main)} slots a minute" if state.main else ""
    label = "afternoons added up" if along is DAYS else "loop cover, packets a minute"
    return {
        "title": f"How often the sender is found: {fixed}{stream}",
        "x": {
            "label": label,
            "ticks": [[at(v, 0)[0], shown(v)] for v in along.values],
        },
        "y": {"label": "found, %", "ticks": [[s / 4, str(25 * s)] for s in range(5)]},
        "lines": [
            {"name": "blind guessing", "kind": "dashed", "points": [[0, 0.1], [1, 0.1]]},
            {
                "name": "who counts, exact mean",
                "kind": "solid",
                "points": [at(v, chance(v)) for v in along.values],
            },
        ],
        "key": "across: the steps of the slider",
        "marks": marks,
    }


def _mark(setting: tuple[float, float, float], along: Dial, at: Any, kind: str) -> dict[str, Any]:
    loop, main, days = setting
    share = found_chance(loop, main, days)
    return {
        "at": at(days if along is DAYS else loop, share),
        "text": f"{shown(loop)} loops, {shown(main)} slots a minute, days: {shown(days)}: "
        f"found in {100 * share:.0f} %",
        "kind": kind,
    }


# --- the alarm ---


def mix_name(node: int) -> str:
    """A mix as the drawing calls it: layers A, B, C, from the top."""
    return f"{'ABC'[node // WIDTH]}{node % WIDTH + 1}"


def _alarmed(state: State, seen: Loops) -> dict[str, Any]:
    """Loops that stayed away, window by window and mix by mix."""
    bell = alarm()
    sent = seen.returned.size
    windows = sent // bell.window
    missing = (~seen.returned[: windows * bell.window]).reshape(windows, bell.window).sum(axis=1)
    minutes = None if seen.rang is None else seen.rang / state.loop
    if sent == 0:
        words = "No loops, no alarm: a node could drop everything and you would not hear of it."
    elif seen.rang is None:
        words = (
            f"The alarm has not rung in {sent:,} loops."
            if windows
            else f"{sent} loops are not yet a window of {bell.window}: wait, or send more."
        )
    else:
        words = f"The alarm rang after {seen.rang:,} loops, at minute {shown(minutes or 0.0)}."
    if windows > _MOST_WINDOWS:
        words += f" Drawn are the first {_MOST_WINDOWS} windows of {windows}."
    lost = f"{100 * (1 - seen.returned.mean()):.1f} %" if sent else "–"
    return {
        "mixes": _mixes(seen),
        "windows": {
            "missing": missing[:_MOST_WINDOWS].tolist(),
            "threshold": bell.threshold,
            "size": bell.window,
            "words": words,
        },
        "numbers": {
            "sent": f"{sent:,}",
            "lost": lost,
            "until": _minutes(
                bell.mean_time_until_s(missing_share(state.dropped), state.loop / 60.0)
            ),
            "false": _minutes(bell.mean_time_until_s(ORDINARY_LOSS, state.loop / 60.0)),
        },
        "accused": None if state.accused is None else mix_name(state.accused),
        "trial": _trial(state, seen),
        "summary": f"{words} {_trial(state, seen)}".strip(),
    }


def _minutes(seconds: float) -> str:
    if not np.isfinite(seconds):
        return "never"
    if seconds < 7200:
        return f"{shown(seconds / 60)} min"
    return f"{shown(seconds / 3600)} h" if seconds < 2 * 86400 else f"{shown(seconds / 86400)} days"


def _mixes(seen: Loops) -> list[list[dict[str, Any]]]:
    """Each mix with the loops through it; how full it is drawn is the share that is missing."""
    tally = dict.fromkeys(range(LAYERS * WIDTH), (0, 0))
    if seen.blame is not None:
        columns = (seen.blame.nodes, seen.blame.loops, seen.blame.missing)
        tally |= {int(n): (int(a), int(b)) for n, a, b in zip(*columns, strict=True)}
    return [
        [
            {
                "mix": node,
                "name": mix_name(node),
                "text": f"{tally[node][1]} of {tally[node][0]:,}",
                "share": round(tally[node][1] / max(tally[node][0], 1), 3),
            }
            for node in range(layer * WIDTH, (layer + 1) * WIDTH)
        ]
        for layer in range(LAYERS)
    ]


def _trial(state: State, seen: Loops) -> str:
    truth = (
        "no node dropped anything"
        if seen.dropping is None
        else f"{mix_name(seen.dropping)} dropped {shown(state.dropped)} % of what it got"
    )
    if state.accused is not None:
        is_right = state.accused == seen.dropping
        said = f"You accuse {mix_name(state.accused)}: {'it is that one' if is_right else 'no'}."
        return f"{said} In truth {truth}." if state.is_told else said
    return f"In truth {truth}." if state.is_told else ""
