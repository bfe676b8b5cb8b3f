"""Each story goes the way it is told, over several seeds, and some fail when a link is cut."""

from __future__ import annotations

from functools import cache
from itertools import islice

import numpy as np
import pytest

from workbench.errors import ScenarioError
from workbench.system import STORIES, measure, story
from workbench.system.stories import Played
from workbench.system.table import COLUMNS

SEEDS = (1, 2, 3)


@cache
def played(name: str, seed: int, **knobs) -> Played:
    return story(name).with_knobs(seed=seed, **knobs).play()


def keeps_hiding(found: Played) -> bool:
    """Traffic doubles: wider, and nobody easier to find."""
    table, turn = found.table, found.story.turning_points[0]
    wider = table.width[turn + 2 :].min() >= 2 * table.width[turn - 1]
    bits = [
        table[name][turn + 2 :].mean() - table[name][:turn].mean()
        for name in ("entropy_median_bits", "entropy_worst_bits", "sender_entropy_median_bits")
    ]
    return bool(wider) and min(bits) > 0.8  # one bit by the thick-pool form


def bleeds(found: Played) -> bool:
    node = found.story.node
    full = found.saturations[:, node]
    return full[0] > 2.5 and full[-1] < 0.6 * full[0] and full[-1] < full[full.shape[0] // 4]


def loses_its_place(found: Played, control: Played) -> bool:
    """Drawn clearly less than before, and than the same node in the same world unharmed."""
    turn, node = found.story.turning_points[0], found.story.node
    after = found.is_active[turn + 1 :, node].mean()
    return bool(
        after < 0.8 * found.is_active[:turn, node].mean()
        and after < 0.8 * control.is_active[turn + 1 :, node].mean()
    )


def is_out_at_once(found: Played) -> bool:
    turn, node = found.story.turning_points[0], found.story.node
    return bool(found.is_active[:turn, node].mean() > 0.4) and not bool(
        found.is_active[turn + 1 :, node].any()
    )


def few_take_all(found: Played) -> bool:
    nakamoto = found.table.nakamoto
    return bool(nakamoto[-1] <= 4) and bool(nakamoto[-1] <= nakamoto[0] / 3)


def is_met_by_standby(found: Played) -> bool:
    table = found.table
    begin, end = found.story.turning_points
    overflows = table.dropped_share[begin] > 0.2
    performs = table.performance_mean
    is_felt = performs[begin] < 0.95 < min(performs[begin - 1], performs[begin + 2 : end].min())
    joined = table.standby[begin + 1] < table.standby[begin]
    carried = table.dropped_share[begin + 2 : end].max() < 0.01
    back = table.width[-1] == table.width[begin - 1] and table.standby[-1] == table.standby[0]
    return bool(overflows and is_felt and joined and carried and back)


@pytest.mark.parametrize("seed", SEEDS)
def test_traffic_doubles_and_the_network_widens_without_losing_anonymity(seed):
    assert keeps_hiding(played("traffic_doubles", seed))


@pytest.mark.parametrize("seed", SEEDS)
def test_an_over_popular_node_bleeds_delegators(seed):
    assert bleeds(played("popular_node", seed, sample_s=0.3, targets=0))


def test_it_bleeds_faster_than_it_would_without_saturation():
    """Without the cap people leave as well, for nodes that grow without end, but later."""
    left = {}
    for switch in ("on", "off"):
        told = [
            story("popular_node").with_knobs(seed=s, sample_s=0.3, targets=0, saturation=switch)
            for s in SEEDS
        ]
        ends = [list(islice(one.frames(), 35))[-1].saturations[0] for one in told]
        left[switch] = np.mean(ends)
    assert left["on"] < 0.75 * left["off"]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_node_that_drops_five_percent_loses_its_place(seed):
    found = played("lossy_node", seed, targets=0)
    calm = story("lossy_node").with_knobs(seed=seed, targets=0)
    control = played_without_turns(calm)
    assert loses_its_place(found, control)
    turn = found.story.turning_points[0]
    assert found.performances[turn:, 0].mean() == pytest.approx(0.95, abs=0.01)


def played_without_turns(calm) -> Played:
    values = {name: getattr(calm, name) for name in calm.__dataclass_fields__}
    return type(calm)(**{**values, "turns": {}}).play()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_node_that_drops_forty_percent_is_out_at_once(seed):
    assert is_out_at_once(played("broken_node", seed, targets=0))


@pytest.mark.parametrize("seed", SEEDS)
def test_with_saturation_off_a_few_operators_take_all(seed):
    assert few_take_all(played("no_saturation", seed, sample_s=0.3, targets=0))


def test_with_saturation_on_they_do_not():
    for seed in SEEDS:
        found = played("no_saturation", seed, sample_s=0.3, targets=0, saturation="on")
        assert found.table.nakamoto[-1] >= 6


@pytest.mark.parametrize("seed", SEEDS)
def test_a_flood_is_met_by_standby_nodes(seed):
    assert is_met_by_standby(played("flood", seed, targets=0))


def test_a_flood_costs_pay_while_it_overflows():
    """On average over seeds: whose pay it is depends on who was drawn."""
    shares = []
    for seed in SEEDS:
        paid = played("flood", seed, targets=0).table.paid_nym
        shares.append(paid[8] / paid[3:8].mean())
    assert np.mean(shares) < 0.93


def test_without_standby_nodes_the_flood_keeps_overflowing():
    found = played("flood", 1, targets=0, width_step=0)
    begin, end = found.story.turning_points
    assert found.table.dropped_share[begin:end].min() > 0.2
    assert not is_met_by_standby(found)


def test_cutting_the_link_from_drops_to_performance_breaks_the_stories(monkeypatch):
    """Performance comes from the engine's drops alone: without them everybody is perfect."""
    true = measure.performance_of

    def blind(sampled, drops, before):
        return true(sampled, np.zeros_like(drops), before)

    monkeypatch.setattr(measure, "performance_of", blind)
    fresh = played.__wrapped__  # nothing that was played with the link intact
    for seed in SEEDS[:2]:
        lossy = fresh("lossy_node", seed, targets=0)
        control = played_without_turns(story("lossy_node").with_knobs(seed=seed, targets=0))
        assert not loses_its_place(lossy, control)
        assert not is_out_at_once(fresh("broken_node", seed, targets=0))
        assert not is_met_by_standby(fresh("flood", seed, targets=0))
        assert (lossy.performances == 1.0).all()


def test_stories_have_names_and_watch_columns():
    for name, make in STORIES.items():
        told = make()
        assert told.name == name
        assert set(told.watch) <= set(COLUMNS)
        assert max(told.turning_points, default=0) < told.epochs
    with pytest.raises(ScenarioError, match="must be one of traffic_doubles"):
        story("no such story")
