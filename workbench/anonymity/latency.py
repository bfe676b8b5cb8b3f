"""How long packets take through layers of Poisson mixes: the Erlang distribution.

Each of L mixes makes a packet wait Exp(d), so the sum is Erlang(L, d). Links add what they
add: a constant. Capacity and queues are not in it; simulate for those.
"""

from __future__ import annotations

import math

from workbench.anonymity._checks import number, positive, whole


def latency_mean_s(layers: int, delay_s: float, *, links_s: float = 0.0) -> float:
    """Mean latency of L mixes of mean delay d, plus what all links together take.

    Examples
    --------
    >>> round(latency_mean_s(3, 0.05), 3)
    0.15
    """
    stages = whole("layers", layers, 1, 1000)
    return stages * number("delay_s", delay_s, 0.0, unit="s") + _links(links_s)


def latency_sd_s(layers: int, delay_s: float) -> float:
    """Standard deviation of the latency: sqrt(L) d. Constant links add none.

    Examples
    --------
    >>> round(latency_sd_s(3, 0.05), 4)
    0.0866
    """
    stages = whole("layers", layers, 1, 1000)
    return math.sqrt(stages) * number("delay_s", delay_s, 0.0, unit="s")


def latency_share_below(
    time_s: float, layers: int, delay_s: float, *, links_s: float = 0.0
) -> float:
    """Share of packets that take at most ``time_s``: the Erlang distribution function, exact.

    Examples
    --------
    >>> round(latency_share_below(0.3148, 3, 0.05), 3)
    0.95
    """
    stages = whole("layers", layers, 1, 1000)
    delay = positive("delay_s", delay_s, "s")
    time = number("time_s", time_s, 0.0, unit="s") - _links(links_s)
    return erlang_share_below(time / delay, stages) if time > 0 else 0.0


def latency_quantile_s(share: float, layers: int, delay_s: float, *, links_s: float = 0.0) -> float:
    """Time within which a share of the packets has come through, in seconds.

    Parameters
    ----------
    share : float
        0 to below 1: 0.5 for the median, 0.95 for all but the slowest 5 %.
    layers : int
        Mixes on a route, 1 to 1000.
    delay_s : float
        Mean delay of one mix, 0 s or more.
    links_s : float
        What the links of the whole route take together, 0 s or more.

    Examples
    --------
    >>> round(latency_quantile_s(0.95, 3, 0.05), 4)
    0.3148
    """
    wanted = number("share", share, 0.0, 1.0 - 1e-12)
    stages = whole("layers", layers, 1, 1000)
    delay = number("delay_s", delay_s, 0.0, unit="s")
    low, high = 0.0, float(stages)
    while erlang_share_below(high, stages) < wanted:
        low, high = high, 2.0 * high
    for _ in range(100):
        middle = 0.5 * (low + high)
        if erlang_share_below(middle, stages) < wanted:
            low = middle
        else:
            high = middle
    return high * delay + _links(links_s)


def erlang_share_below(x: float, stages: int) -> float:
    """Chance that a sum of so many Exp(1) waits is at most ``x``: 1 - P(Poisson(x) < stages).

    Examples
    --------
    >>> round(erlang_share_below(1.0, 1), 6)
    0.632121
    """
    if x <= 0.0:
        return 0.0
    # The smaller tail is summed itself, outwards from its largest term, never as 1 minus
    # nearly 1.
    first = stages if x < stages else stages - 1
    term = math.exp(first * math.log(x) - x - math.lgamma(first + 1))
    total, k = 0.0, first
    while term > 1e-18 * total and k >= 0:
        total += term
        if x < stages:
            k += 1
            term *= x / k
        else:
            term *= k / x
            k -= 1
    return min(total if x < stages else 1.0 - total, 1.0)


def _links(links_s: float) -> float:
    return number("links_s", links_s, 0.0, unit="s")
