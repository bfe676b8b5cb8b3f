"""What every public function keeps: examples that run, only our errors, nothing heavy."""

from __future__ import annotations

import contextlib
import doctest
import importlib
import inspect
import math
import pkgutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import workbench as wb
from workbench import anonymity as an
from workbench.errors import WorkbenchError
from workbench.mixing.events import Events

MODULES = sorted(
    f"workbench.anonymity.{module.name}" for module in pkgutil.iter_modules(an.__path__)
)

SEEN = an.simulate_rounds(50, seed=1)
LOG = Events.empty()

# One valid call of every public function, as keyword arguments.
CALLS: list[tuple[Callable[..., Any], dict[str, Any]]] = [
    (an.entropy_bits, {"probabilities": [0.5, 0.5]}),
    (an.effective_set, {"probabilities": [0.5, 0.5]}),
    (an.min_entropy_bits, {"probabilities": [0.5, 0.5]}),
    (an.guessing_entropy, {"probabilities": [0.5, 0.5]}),
    (an.support_size, {"probabilities": [0.5, 0.5]}),
    (an.renyi_entropy_bits, {"probabilities": [0.5, 0.5], "order": 2.0}),
    (an.degree, {"probabilities": [0.5, 0.5], "honest_clients": 2, "over": "senders"}),
    (an.degree_of_bits, {"bits": 1.0, "honest_clients": 2, "over": "senders"}),
    (an.loopix_epsilon, {"first": 0.5, "second": 0.25, "base": 2.0}),
    (an.by_sender, {"masses": [0.5, 0.5], "senders": [0, 1], "clients": 2}),
    (an.normalise, {"masses": [0.5, 0.5], "missing_at_most": 1e-3}),
    (an.describe, {"bits_packets": 3.0, "bits_senders": 2.0, "clients": 10}),
    (an.suspects, {"bits_senders": 2.0, "clients": 10}),
    (an.pool_packets, {"packets_per_s": 10.0, "delay_s": 1.0, "mixes": 2}),
    (an.pool_distribution, {"rho": 2.0}),
    (an.poisson_mix_entropy_bits, {"rho": 2.0}),
    (an.poisson_mix_pool_for, {"bits": 3.0}),
    (an.wires_of, {"system": "vpn"}),
    (
        an.view_from,
        {"system": "vpn", "wires": [("you", "VPN server")], "nodes": ["VPN server"]},
    ),
    (an.leave_probabilities, {"before": 3, "stayed": 2, "came": 1}),
    (an.leave_entropy_bits, {"previous_bits": 1.0, "stayed": 2, "came": 1}),
    (an.erlang_constant_bits, {"layers": 3}),
    (an.thick_pool_entropy_bits, {"packets_per_s": 9.0, "delay_s": 1.0, "layers": 3, "width": 2}),
    (an.river_guess_bits, {"packets_per_s": 9.0, "delay_s": 1.0, "layers": 3, "width": 2}),
    (an.threshold_mix_entropy_bits, {"size": 4}),
    (an.threshold_pool_entropy_bits, {"leaving": 4, "kept": 2}),
    (an.timed_mix_entropy_bits, {"packets_per_interval": 4.0}),
    (an.timed_pool, {"packets_per_interval": 4.0, "keep": 3}),
    (an.cottrell, {"packets_per_interval": 4.0, "keep": 3, "fraction": 0.6}),
    (an.binomial, {"packets_per_interval": 4.0, "mean": 8.0, "sd": 2.0}),
    (an.latency_mean_s, {"layers": 3, "delay_s": 1.0, "links_s": 0.1}),
    (an.latency_sd_s, {"layers": 3, "delay_s": 1.0}),
    (an.latency_quantile_s, {"share": 0.5, "layers": 3, "delay_s": 1.0, "links_s": 0.1}),
    (an.latency_share_below, {"time_s": 2.0, "layers": 3, "delay_s": 1.0, "links_s": 0.1}),
    (an.path_of, {"system": "vpn"}),
    (an.view, {"system": "vpn", "observer": "website"}),
    (
        an.make_flows,
        {
            "system": "mixnet", "flows": 3, "duration_s": 5.0, "delay_s": 0.1, "layers": 2,
            "main_stream_per_s": 5.0, "loop_cover_per_s": 1.0, "receiver_cover_per_s": 1.0,
            "bursts_per_minute": 10.0, "packets_per_burst": 3.0, "seed": 1,
        },
    ),
    (an.flows_of_log, {"log": LOG, "clients": 3, "start_s": 0.0, "end_s": 2.0}),
    (an.counts, {"times_s": [0.1, 0.5], "bin_s": 0.1, "duration_s": 1.0}),
    (
        an.cross_correlation,
        {"sent_s": [0.1], "received_s": [0.2], "bin_s": 0.1, "duration_s": 1.0, "max_lag_s": 0.5},
    ),
    (
        an.correlation,
        {"sent_s": [0.1], "received_s": [0.2], "bin_s": 0.1, "duration_s": 1.0, "max_lag_s": 0.5},
    ),
    (
        an.match_flows,
        {
            "sent": [[0.1, 0.2]], "received": [[0.2]], "partner": [0], "duration_s": 1.0,
            "bin_s": 0.1, "max_lag_s": 0.5,
        },
    ),
    (an.chance_interval, {"trials": 10, "chance": 0.1, "confidence": 0.9}),
    (an.share_interval, {"right": 3, "trials": 10, "confidence": 0.9}),
    (an.flooded_threshold_bits, {"size": 8, "attackers": 3}),
    (
        an.poisson_blending,
        {"honest_per_s": 9.0, "mix_loops_per_s": 1.0, "delay_s": 0.1, "let_through": 0.1},
    ),
    (an.arrivals_at, {"log": LOG, "node": 1}),
    (
        an.flood_threshold,
        {"arrivals_s": np.arange(50.0), "size": 4, "attacker_per_s": 1.0, "let_through": 0.9,
         "seed": 1},
    ),
    (
        an.flood_poisson,
        {"arrivals_s": np.arange(50.0), "delay_s": 1.0, "mix_loops_per_s": 1.0,
         "let_through": 0.5, "seed": 1},
    ),
    (an.LoopAlarm, {"window": 10, "threshold": 2}),
    (
        an.choose_alarm,
        {"ordinary_loss": 0.01, "attack_loss": 0.5, "false_alarm_at_most": 0.01,
         "detect_at_least": 0.9},
    ),
    (an.loops_of_log, {"log": LOG, "end_s": 2.0, "patience_s": 1.0}),
    (an.blame, {"routes": [[0, 1]], "returned": [True]}),
    (
        an.draw_loops,
        {"loops": 5, "layers": 2, "width": 3, "loss": 0.1, "dropping": 1, "drop_share": 0.5,
         "seed": 1},
    ),
    (
        an.simulate_rounds,
        {"rounds": 5, "recipients": 9, "friends": 2, "batch": 4, "participation": 0.5,
         "is_covered": False, "popularity": 0.5, "seed": 1},
    ),
    (
        an.rounds_of_log,
        {"log": LOG, "clients": 4, "target": 1, "friends": 2, "round_s": 1.0, "lag_s": 0.1,
         "start_s": 0.0, "end_s": 5.0, "seed": 1},
    ),
    (an.estimate_friends, {"rounds": SEEN, "background": np.full(200, 1 / 200)}),
    (an.friends_found, {"estimate": [0.1, 0.5], "friends": [1]}),
    (an.rounds_needed, {"friends": 2, "recipients": 9, "batch": 3, "confidence": 0.95}),
    (an.success_curve, {"rounds": SEEN, "at": [10, 50]}),
    (an.intersection_expected, {"rounds": 3, "recipients": 9, "batch": 3}),
    (an.corrupted_route_chance, {"corrupt": 2, "mixes": 9, "hops": 2}),
    (an.corrupted_stratified_chance, {"corrupt": [1, 2], "widths": [3, 3]}),
    (an.first_compromise, {"chance": 0.1, "messages_per_s": 1.0}),
    (
        an.share_ever_compromised,
        {"messages": 10, "corrupt_share": 0.1, "hops": 3, "pinned": 1},
    ),
    (an.routes_of_log, {"log": LOG, "packets": [1, 2], "layers": 3}),
    (an.fully_corrupted, {"routes": [[0, 1]], "corrupt_nodes": [0]}),
    (
        an.first_compromise_times,
        {"owners": [0], "sent_s": [1.0], "is_compromised": [True], "clients": 2},
    ),
    (
        an.trilemma_point,
        {"latency_rounds": 3.0, "cover_per_user_per_round": 0.1, "users": 10},
    ),
    (
        an.sender_found_chance,
        {"senders": 5, "cover_per_s": 0.1, "window_s": 60.0, "real_packets": 2},
    ),
    (
        an.cover_to_hide,
        {"wanted_chance": 0.5, "senders": 5, "window_s": 60.0, "real_packets": 1},
    ),
    (
        an.watch_senders,
        {"senders": 5, "cover_per_s": 0.1, "window_s": 60.0, "real_packets": 2,
         "replaces_cover": False, "trials": 10, "seed": 1},
    ),
    (
        an.watch_wires,
        {"senders": 3, "ready_s": 5.0, "length_s": 10.0, "loop_per_s": 0.1,
         "main_stream_per_s": 0.1, "days": 2, "seed": 1},
    ),
    (an.sent_in_window, {"log": LOG, "clients": 3, "start_s": 0.0, "end_s": 1.0}),
    (an.silent_share, {"cover_per_s": 0.1, "window_s": 60.0}),
    (an.cover_needed_per_s, {"latency_s": 0.5}),
    (an.least_width, {"scenario": wb.Scenario(), "load_at_most": 0.5}),
]  # fmt: skip

JUNK: list[Any] = [
    None, "x", "", b"1", -1, 0, 1, 2**70, 10**400, -1.5, 0.5, 1e-320, 1e300, math.inf, -math.inf,
    math.nan, True, [], [[]], [[1.0], [1.0, 2.0]], [None], ["a"], {}, {"a": 1}, object(), 1j,
    np.array(3.0), np.array([math.nan]), np.zeros((2, 2, 2)), np.array([1e308, 1e308]),
    np.array(["a"]), [10**400], [-1], [2**70], [True], lambda: 1,
]  # fmt: skip
# Arguments that are values of our own types: what is not one is a caller's type error.
OWN_TYPES = {"log", "rounds", "scenario"}


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call[0].__name__)
def test_on_bad_input_only_our_errors_leave(
    call: tuple[Callable[..., Any], dict[str, Any]],
) -> None:
    function, valid = call
    function(**valid)
    messages = []
    for name in valid:
        if name in OWN_TYPES and not isinstance(valid[name], int):
            continue
        for junk in JUNK:
            try:
                function(**{**valid, name: junk})
            except WorkbenchError as error:
                messages.append(str(error))
    assert all(len(message) > 10 for message in messages)


def test_every_public_function_is_in_the_list_above() -> None:
    tried = {function.__name__ for function, _ in CALLS}
    by_simulation = {"plan", "equal_anonymity", "trilemma_of"}  # have tests of their own
    without_numbers = {"table", "intersection"}
    from_a_function = {"timed_batch"}
    missing = {
        name
        for name in an.__all__
        if inspect.isfunction(getattr(an, name))
    } - tried - by_simulation - without_numbers - from_a_function  # fmt: skip
    assert not missing


@pytest.mark.parametrize("junk", JUNK, ids=lambda junk: repr(junk).split(" at 0x")[0][:30])
def test_plans_refuse_junk_with_our_errors(junk: Any) -> None:
    for options in (
        {"median_bits": junk},
        {"median_bits": 5.0, "precision": junk},
        {"median_bits": 5.0, "over": junk},
        {"median_bits": 5.0, "find": junk},
        {"median_bits": 5.0, "targets": junk, "precision": 1.0},
        {"median_bits": 5.0, "most_packets": junk, "precision": 1.0},
    ):
        with contextlib.suppress(WorkbenchError):
            an.plan(wb.Scenario(), **options)
    for scenario in (junk, None):
        with pytest.raises(WorkbenchError):
            an.plan(scenario, median_bits=5.0)


@pytest.mark.parametrize("module", MODULES)
def test_examples_in_docstrings_run(module: str) -> None:
    result = doctest.testmod(importlib.import_module(module))
    assert result.failed == 0


def test_the_examples_in_the_docs_run() -> None:
    page = Path(__file__).parents[2] / "docs" / "anonymity.md"
    result = doctest.testfile(str(page), module_relative=False)
    assert result.attempted >= 4
    assert result.failed == 0


def test_every_public_name_says_what_it_is() -> None:
    for name in an.__all__:
        thing = getattr(an, name)
        if inspect.isfunction(thing) or inspect.isclass(thing):
            assert thing.__doc__, name


def test_importing_it_loads_no_numba() -> None:
    code = (
        "import sys, workbench.anonymity as an; an.make_flows('onion', 2); an.table(); "
        "print(sorted({'numba', 'scipy', 'bokeh', 'ipywidgets'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
