"""The recorded rows: found by date, whole, and what they say of the paid share."""

from __future__ import annotations

import datetime
from dataclasses import replace

import pytest

from workbench.errors import RewardError
from workbench.rewards import parameters, returns
from workbench.rewards.fixed import ONE, Fixed
from workbench.rewards.parameters import RECORDS, Record


def test_every_record_has_a_date_in_order_and_a_source() -> None:
    dates = [record.date for record in RECORDS]
    assert dates == sorted(dates)
    assert len(RECORDS) == 13
    for record in RECORDS:
        assert "nymtech/nym" in record.source
        assert record.date.isoformat() in record.source
        assert record.parameters.rewarded_nodes == 240
        assert record.parameters.standby == 0
        assert record.parameters.emission == Fixed("0.02")
        assert record.parameters.alpha == Fixed("0.3")


def test_a_date_finds_the_last_record_up_to_it() -> None:
    assert parameters.at("2025-05-21") == RECORDS[0].parameters
    assert parameters.at(datetime.date(2025, 6, 5)) == RECORDS[0].parameters
    assert parameters.at(datetime.datetime(2025, 6, 6, 12)) == RECORDS[1].parameters
    assert parameters.at("2030-01-01") == RECORDS[-1].parameters
    assert parameters.record_at("2025-12-24").date == datetime.date(2025, 12, 10)


@pytest.mark.parametrize("wrong", ["2025-05-20", "yesterday", None, 2025, "2025-13-01"])
def test_a_date_without_a_record_is_refused(wrong: object) -> None:
    with pytest.raises(RewardError, match=r"first record|expected a date"):
        parameters.at(wrong)  # type: ignore[arg-type]


def test_the_paid_share_rose_when_the_saturation_point_fell() -> None:
    rows = parameters.paid_shares()
    before = [row for row in rows if row.start < datetime.date(2025, 9, 4)]
    after = [row for row in rows if row.start >= datetime.date(2025, 9, 4)]
    assert [len(before), len(after)] == [4, 8]
    assert all(0.38 < row.share < 0.40 for row in before)  # "about 39 %"
    assert all(0.545 < row.share < 0.595 for row in after)  # "55-59 %"
    assert all(row.saturation_point_unym > Fixed(1_030_000 * 10**6) for row in before)
    assert all(row.saturation_point_unym < Fixed(256_000 * 10**6) for row in after)


def test_the_supply_grew_by_the_scaled_pay_between_all_but_the_changed_rows() -> None:
    """So the difference of two pools is the pay; at the two changes the supply was set."""
    changed = {"2025-05-21", "2025-08-06"}
    for row, old, new in zip(parameters.paid_shares(), RECORDS, RECORDS[1:], strict=False):
        expected = old.parameters.after_interval(row.paid_unym).staking_supply_unym
        gap = abs(expected.atomics - new.parameters.staking_supply_unym.atomics) / 10**18
        assert (gap < 1e-5) == (old.date.isoformat() not in changed)


def test_a_pool_that_grows_or_an_empty_budget_gives_no_share() -> None:
    with pytest.raises(RewardError, match="grew"):
        parameters.paid_shares(RECORDS[1::-1])
    idle = replace(RECORDS[0].parameters, emission=Fixed(0))
    with pytest.raises(RewardError, match="budget"):
        parameters.paid_shares((Record(RECORDS[0].date, idle, ""), RECORDS[1]))


def test_no_more_than_the_pool_is_paid() -> None:
    now = RECORDS[0].parameters
    assert now.after_interval(now.reward_pool_unym).reward_pool_unym == Fixed(0)
    with pytest.raises(RewardError, match="the pool holds"):
        now.after_interval(now.reward_pool_unym + ONE)


@pytest.mark.parametrize(
    ("saturation", "published"), [("0.5", 34.7), (1, 37.7), (2, 18.9), (3, 12.6)]
)
def test_the_toy_yearly_returns_are_the_published_ones(saturation: str, published: float) -> None:
    """Pledge 100, margin 20 %, cost 800 NYM, values of 2026-04; to a tenth of a percent."""
    row = returns.delegator_yearly_return(parameters.at("2026-04-09"), saturation)
    assert 100 * row.share == pytest.approx(published, abs=0.1)
    assert row.is_over_saturated == (float(saturation) > 1)


def test_a_yearly_return_needs_stake_beside_the_pledge() -> None:
    with pytest.raises(RewardError, match="more than the pledge"):
        returns.delegator_yearly_return(parameters.at("2026-04-09"), "0.0001")
    with pytest.raises(RewardError, match="margin"):
        returns.delegator_yearly_return(parameters.at("2026-04-09"), 1, margin=2)
