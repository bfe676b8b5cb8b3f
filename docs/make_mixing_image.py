"""Draws docs/images/mixing.svg: how mass moves through a mix, with numbers from a real run.

Run from the project's root: ``python docs/make_mixing_image.py``. Standard library only,
besides the simulation itself.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from workbench.mixing.simulate import simulate
from workbench.scenario import Scenario

OUT = Path(__file__).parent / "images" / "mixing.svg"
INK, SOFT, BLUE, GREEN = "#1f2933", "#7b8794", "#2b6cb0", "#2f855a"


def text(
    x: float, y: float, words: str, size: int = 13, fill: str = INK, anchor: str = "start"
) -> str:
    """Words at a place."""
    return (
        f'<text x="{x}" y="{y}" font-size="{size}" fill="{fill}" text-anchor="{anchor}">'
        f"{words}</text>"
    )


def box(x: float, y: float, w: float, h: float, stroke: str = INK) -> str:
    """An empty box with round corners."""
    return (
        f'<rect x="{x}" y="{y}" width="{w}" height="{h}" rx="8" fill="none" '
        f'stroke="{stroke}" stroke-width="1.5"/>'
    )


def arrow(x1: float, y1: float, x2: float, y2: float) -> str:
    """A line with a tip."""
    return (
        f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{INK}" stroke-width="1.5" '
        'marker-end="url(#tip)"/>'
    )


def shares(seed: int) -> tuple[list[float], float]:
    """The chances of one target of a small network to be each packet that came out."""
    scenario = Scenario(clients=10, traffic_per_client_per_s=1.0, layers=1, width=1, delay_s=0.5)
    run = simulate(scenario.replace(seed=seed), duration_s=30.0, targets=40, log=True)
    assert run.events is not None
    log = run.events
    target = int(np.argsort(run.entropy_bits)[run.targets // 2])
    packet = run.target_packets[target]
    held, mass, found = 0, 0.0, []
    rows = sorted(
        [(log.arrive_s[r], 0, log.packet[r]) for r in range(len(log)) if log.target[r] == 0]
        + [(log.leave_s[r], 1, log.packet[r]) for r in range(len(log)) if log.source[r] == 0]
    )
    for _, leaves, number in rows:
        if not leaves:
            held += 1
            mass += float(number == packet)
        else:
            p = mass / held
            mass, held = mass - p, held - 1
            if p > 1e-3:
                found.append(p)
    return found, float(run.entropy_bits[target])


def picture() -> str:
    """The whole picture as SVG."""
    p, bits = shares(4)
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 860 420" '
        'font-family="system-ui, sans-serif" role="img" aria-labelledby="title">',
        '<title id="title">One kernel, fed in chunks; two numbers a mix and target; '
        "the shares of one target from a real run</title>",
        '<defs><marker id="tip" markerWidth="8" markerHeight="8" refX="7" refY="4" '
        'orient="auto"><path d="M0,0 L8,4 L0,8 z" fill="#1f2933"/></marker></defs>',
        '<rect width="860" height="420" fill="white"/>',
    ]
    stages = (
        ("Scenario", "knobs and seed", 20),
        ("arrivals", "in chunks", 190),
        ("advance(state)", "events in order", 360),
        ("mass to 1e-10", "logs at the exit", 530),
        ("Run", "bits, load, latency", 700),
    )
    for name, below, x in stages:
        parts += [box(x, 20, 140, 56, BLUE), text(x + 70, 44, name, 14, INK, "middle")]
        parts.append(text(x + 70, 63, below, 11, SOFT, "middle"))
        if x < 700:
            parts.append(arrow(x + 142, 48, x + 166, 48))
    parts += [
        text(20, 120, "Inside one honest mix, for each target", 15),
        box(150, 150, 190, 110),
        text(245, 178, "n packets held", 13, INK, "middle"),
        text(245, 200, "M of the target's mass", 13, INK, "middle"),
        text(245, 232, "a = M / n", 16, GREEN, "middle"),
        arrow(40, 205, 146, 205),
        text(36, 190, "comes with q", 12, SOFT),
        text(20, 232, "a += (q - a) / (n + 1)", 11, GREEN),
        arrow(344, 205, 440, 205),
        text(356, 190, "takes p = a", 12, SOFT),
        text(350, 232, "a stays, n falls", 11, GREEN),
        text(20, 300, "Leaving changes nothing but n, so all that leave between two", 12, SOFT),
        text(20, 318, "arrivals are counted and cost one logarithm together.", 12, SOFT),
        text(20, 346, "Corrupted mix: the packet keeps its own mass, past the pool.", 12, SOFT),
        text(480, 120, "One target's chances, from a run of one mix", 15),
    ]
    left, base, height = 490, 350, 190
    step = 340 / max(len(p), 1)
    top = max(p)
    for i, share in enumerate(p):
        h = height * share / top
        parts.append(
            f'<rect x="{left + i * step:.1f}" y="{base - h:.1f}" width="{max(step - 3, 1):.1f}" '
            f'height="{h:.1f}" fill="{BLUE}"/>'
        )
    parts += [
        f'<line x1="{left}" y1="{base}" x2="{left + 345}" y2="{base}" stroke="{INK}"/>',
        text(left, base + 20, "packets that left, in order", 12, SOFT),
        text(
            left + 340,
            155,
            f"{bits:.2f} bits: as good as {2**bits:.1f} equal packets",
            13,
            GREEN,
            "end",
        ),
        text(
            left + 340,
            173,
            f"likeliest {top:.2f}, min-entropy {-math.log2(top):.2f} bits",
            12,
            SOFT,
            "end",
        ),
        "</svg>",
    ]
    return "\n".join(parts)


if __name__ == "__main__":
    OUT.write_text(picture() + "\n", encoding="utf-8")
    print(f"wrote {OUT.name}")
