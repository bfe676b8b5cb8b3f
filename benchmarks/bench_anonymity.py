"""What a plan, an attack and a closed form cost: answers at the speed of a hand on a slider."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.common import Row, cpu_s
from workbench import anonymity as an
from workbench.anonymity import closed_forms
from workbench.scenario import Scenario

S1 = Scenario()
RIVER = Scenario(clients=100, traffic_per_client_per_s=1.0, delay_s=0.5)
SLIDER = "a second or two"


def rows() -> list[Row]:
    an.plan(S1, median_bits=7.0, precision=1.0)  # compile or load the kernels
    onion = an.make_flows("onion", 40, seed=1)
    found = [
        _plan("plan: delay for a median of 8 bits, S1", lambda: an.plan(S1, median_bits=8.0)),
        _plan("plan: delay for the worst 5 % at 6 bits, S1", lambda: an.plan(S1, worst_bits=6.0)),
        _plan(
            "plan: delay for 5 bits over senders, S1",
            lambda: an.plan(S1, median_bits=5.0, over="senders"),
        ),
        _plan(
            "plan: width for a median of 6.5 bits, wide river",
            lambda: an.plan(RIVER, "width", median_bits=6.5),
        ),
    ]
    curve_s = cpu_s(lambda: an.equal_anonymity(S1, [1, 3, 10, 30], median_bits=8.0), 3)
    found.append(Row("curve of equal anonymity, 4 points", curve_s, "s CPU", SLIDER))
    exact = closed_forms._poisson_mix_entropy

    def recursion() -> float:
        exact.cache_clear()
        return an.poisson_mix_entropy_bits(1000.0)

    found += [
        _fast("one Poisson mix, exact recursion at rho = 1000", recursion),
        _fast("timed pool form, 20 arrivals, 45 kept", lambda: an.timed_pool(20.0, 45)),
        _fast("make_flows: mixnet, 40 people, 60 s", lambda: an.make_flows("mixnet", 40)),
        _fast("match_flows: 40 x 40 flows, 240 slices, 9 lags", lambda: an.match_flows(onion)),
        _fast(
            "statistical disclosure: 1000 rounds of 20, drawn and solved",
            lambda: an.estimate_friends(an.simulate_rounds(1000)),
        ),
    ]
    return found


def _plan(name: str, work: Callable[[], an.Plan]) -> Row:
    answer = work()
    seconds = cpu_s(work, 3)
    note = f"{answer.runs} runs, {answer.packets:,} packets, +-{answer.precision:.1%}"
    return Row(name, seconds, "s CPU", SLIDER, None, note)


def _fast(name: str, work: Callable[[], object]) -> Row:
    return Row(name, 1e3 * cpu_s(work), "ms CPU")
