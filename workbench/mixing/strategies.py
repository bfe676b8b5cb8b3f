"""The encoding of scenarios and strategies for the kernels; the values live in the ground floor."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from workbench.mixing import kernels as k
from workbench.mixing.state import F8, HAZARD_POINTS, U1
from workbench.scenario import Scenario
from workbench.strategies import (
    Binomial,
    Cottrell,
    Fixed,
    Gamma,
    NoMixing,
    Poisson,
    Strategy,
    Threshold,
    ThresholdPool,
    Timed,
    TimedPool,
    Uniform,
)

__all__ = [
    "Binomial",
    "Coded",
    "Cottrell",
    "Fixed",
    "Gamma",
    "NoMixing",
    "Poisson",
    "Strategy",
    "Threshold",
    "ThresholdPool",
    "Timed",
    "TimedPool",
    "Uniform",
    "coded",
    "hazard_table",
    "honest_mode",
    "mix_modes",
]


@dataclass(frozen=True)
class Coded:
    """A strategy as the numbers that the kernels read."""

    rule: int
    draw: int = 0
    size: int = 0
    keep: int = 0
    interval_s: float = 0.0
    fraction: float = 0.0
    coin_mean: float = 0.0
    coin_sd: float = 1.0
    spread: float = 0.0
    shape: float = 1.0
    is_weighted: bool = False  # age tells who leaves next
    is_mixing: bool = True


def coded(strategy: Strategy) -> Coded:
    """The numbers of a resolved strategy."""
    match strategy:
        case NoMixing():
            return Coded(k.BY_DELAY, k.DRAW_NONE, is_mixing=False)
        case Poisson():
            return Coded(k.BY_DELAY, k.DRAW_EXPONENTIAL)
        case Fixed():
            return Coded(k.BY_DELAY, k.DRAW_FIXED, is_mixing=False)
        case Uniform(spread=spread):
            return Coded(k.BY_DELAY, k.DRAW_UNIFORM, spread=spread, is_weighted=True)
        case Gamma(shape=shape):
            return Coded(k.BY_DELAY, k.DRAW_GAMMA, shape=shape, is_weighted=True)
        case Threshold(size=int(size)):
            return Coded(k.BY_THRESHOLD, size=size)
        case ThresholdPool(size=int(size), keep=keep):
            return Coded(k.BY_THRESHOLD, size=size, keep=keep)
        case Timed(interval_s=float(interval)):
            return Coded(k.BY_TIME, interval_s=interval)
        case TimedPool(interval_s=float(interval), keep=keep):
            return Coded(k.BY_TIME, interval_s=interval, keep=keep)
        case Cottrell(interval_s=float(interval), keep=keep, fraction=fraction):
            return Coded(k.BY_COTTRELL, interval_s=interval, keep=keep, fraction=fraction)
        case Binomial(interval_s=float(interval), mean=float(mean), sd=float(sd)):
            return Coded(k.BY_COIN, interval_s=interval, coin_mean=mean, coin_sd=sd)
        case _:
            raise AssertionError(f"not a resolved strategy: {strategy!r}")


def honest_mode(scenario: Scenario) -> int:
    """How the posterior of a mix that is not corrupted is kept: a constant of kernels.py."""
    code = coded(scenario.resolved_strategy())
    mode = k.BLURRED if scenario.mix_loops_per_mix_per_s > 0.0 else k.UNIFORM
    if code.is_weighted:
        mode = k.WEIGHTED
    if not code.is_mixing or (code.rule == k.BY_DELAY and scenario.delay_s == 0.0):
        mode = k.BYPASS
    return mode


def mix_modes(scenario: Scenario) -> U1:
    """How each mix's posterior is kept, by node."""
    modes = np.full(scenario.mixes, honest_mode(scenario), np.uint8)
    for layer, index in scenario.corrupted():
        modes[layer * scenario.width + index] = k.BYPASS
    return modes


def hazard_table(strategy: Strategy) -> tuple[F8, float]:
    """The hazard of a unit delay on a grid over [0, top), and top.

    The hazard f / (1 - F) is the rate at which a packet of that age leaves next. Ages are in
    mean delays. The grid is taken at the middle of each cell.
    """
    if isinstance(strategy, Uniform):
        top = 1.0 + strategy.spread
        ages = (np.arange(HAZARD_POINTS) + 0.5) * (top / HAZARD_POINTS)
        return np.where(ages >= 1.0 - strategy.spread, 1.0 / (top - ages), 0.0), top
    shape = strategy.shape if isinstance(strategy, Gamma) else 1.0
    # Far enough into the tail that the hazard has nearly reached its limit, the shape itself.
    top = 1.0 + 12.0 / math.sqrt(shape) + 20.0 / shape
    fine = 16
    step = top / (HAZARD_POINTS * fine)
    ages = (np.arange(HAZARD_POINTS * fine * 2) + 0.5) * step
    logs = (shape - 1.0) * np.log(ages * shape) - shape * ages - math.lgamma(shape)
    density = np.exp(logs) * shape
    beyond = np.cumsum(density[::-1])[::-1] * step - 0.5 * density * step
    at = np.arange(HAZARD_POINTS) * fine + fine // 2
    hazard = density[at] / np.maximum(beyond[at], 1e-300)
    return np.minimum(hazard, 1e6), top
