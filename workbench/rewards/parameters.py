"""What the network's rewards depend on, with the real values by date.

Source of the recorded rows: the reward parameters that the nymtech/nym documentation
published on each date (``reward-params.json`` in its history). Amounts are in unym,
1 NYM = 1e6 unym.
"""

from __future__ import annotations

import datetime
import itertools
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from workbench.errors import RewardError
from workbench.rewards import checks
from workbench.rewards.checks import Floats
from workbench.rewards.fixed import ONE, ZERO, Fixed, Number, number, share

EPOCHS_IN_INTERVAL = 720  # an epoch is an hour, an interval 30 days
INTERVALS_IN_YEAR = 12


class Role(IntEnum):
    """What a node does in an epoch; numbers, so that an array of roles is an array of int8."""

    NONE = 0
    ENTRY = 1
    EXIT = 2
    MIX = 3
    STANDBY = 4


@dataclass(frozen=True, slots=True, init=False)
class Parameters:
    """What one interval's pay depends on for every node alike.

    Parameters
    ----------
    reward_pool_unym : number
        What is left to be paid out in all time, 0 or more.
    staking_supply_unym : number
        The stake that would saturate all rewarded nodes, above 0.
    entry, exit, mix, standby : int
        Places in the rewarded set, each 0 or more, together k, 1 or more.
    supply_scale : number
        Share of what was paid that joins the staking supply at the interval's end, in
        [0, 1]. It never touches the saturation point by itself.
    emission : number
        Share of the pool that one interval may pay, in [0, 1].
    alpha : number
        Weight of the operator's own pledge, in [0, 1] (Sybil resistance).
    work_factor : number
        How many standby nodes' work an active node does, 1 or more (f).
    epochs_in_interval : int
        1 or more.

    Raises
    ------
    RewardError
        If a value is outside its range.

    Examples
    --------
    >>> at("2025-09-04").saturation_point_unym
    Fixed('250000000000')
    """

    reward_pool_unym: Fixed
    staking_supply_unym: Fixed
    entry: int
    exit: int
    mix: int
    standby: int
    supply_scale: Fixed
    emission: Fixed
    alpha: Fixed
    work_factor: Fixed
    epochs_in_interval: int

    def __init__(
        self,
        reward_pool_unym: Number,
        staking_supply_unym: Number,
        entry: int,
        exit: int,  # noqa: A002 (the network's word)
        mix: int,
        standby: int = 0,
        supply_scale: Number = ONE,
        emission: Number = "0.02",
        alpha: Number = "0.3",
        work_factor: Number = 10,
        epochs_in_interval: int = EPOCHS_IN_INTERVAL,
    ) -> None:
        values = {
            "reward_pool_unym": number("reward_pool_unym", reward_pool_unym),
            "staking_supply_unym": number("staking_supply_unym", staking_supply_unym),
            "entry": checks.count("entry", entry),
            "exit": checks.count("exit", exit),
            "mix": checks.count("mix", mix),
            "standby": checks.count("standby", standby),
            "supply_scale": share("supply_scale", supply_scale),
            "emission": share("emission", emission),
            "alpha": share("alpha", alpha),
            "work_factor": number("work_factor", work_factor),
            "epochs_in_interval": checks.count("epochs_in_interval", epochs_in_interval, least=1),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)
        if self.rewarded_nodes < 1:
            raise RewardError("the rewarded set needs at least one place (k of 1 or more)")
        if not self.saturation_point_unym:
            raise RewardError("staking_supply_unym must be above 0: it sets the saturation point")
        if self.work_factor < ONE:
            raise RewardError(f"work_factor must be 1 or more; it is {self.work_factor}")

    @property
    def rewarded_nodes(self) -> int:
        """All places in the rewarded set (k)."""
        return self.entry + self.exit + self.mix + self.standby

    @property
    def epoch_budget_unym(self) -> Fixed:
        """What one epoch may pay at most (B)."""
        return self.reward_pool_unym / Fixed(self.epochs_in_interval) * self.emission

    @property
    def saturation_point_unym(self) -> Fixed:
        """The stake beyond which a node earns no more (Z): supply over k, never scaled."""
        return self.staking_supply_unym / Fixed(self.rewarded_nodes)

    def work(self, role: Role) -> Fixed:
        """Share of an epoch's work that a node in this role does (omega), in [0, 1]."""
        if role == Role.NONE:
            return ZERO
        nodes = Fixed(self.rewarded_nodes)
        if not self.standby:
            return ONE / nodes
        factor = self.work_factor
        waiting = ONE / (factor * nodes - (factor - ONE) * Fixed(self.standby))
        return waiting if role == Role.STANDBY else factor * waiting

    def works(self, roles: ArrayLike) -> Floats:
        """Work of many nodes at once, from an array of roles."""
        try:
            codes = np.asarray(roles)
        except ValueError:
            raise RewardError("roles must be one flat array") from None
        if codes.dtype.kind not in "iu" or np.any((codes < 0) | (codes > max(Role))):
            raise RewardError("roles must be whole numbers that Role knows (0 to 4)")
        table = np.array([float(self.work(role)) for role in Role])
        chosen: Floats = table[codes]
        return chosen

    def after_interval(self, paid_unym: Number) -> Parameters:
        """Roll over: what was paid leaves the pool, and joins the supply scaled.

        Parameters
        ----------
        paid_unym : number
            All that was paid in the interval, 0 to the pool.

        Returns
        -------
        Parameters
            Those of the next interval; what was not paid stays in the pool.

        Raises
        ------
        RewardError
            If more was paid than the pool holds.

        Examples
        --------
        >>> before = Parameters(1000, 240, entry=1, exit=1, mix=1, supply_scale="0.5")
        >>> after = before.after_interval(10)
        >>> after.reward_pool_unym, after.staking_supply_unym
        (Fixed('990'), Fixed('245'))
        """
        paid = number("paid_unym", paid_unym)
        if paid > self.reward_pool_unym:
            raise RewardError(f"cannot pay {paid} unym: the pool holds {self.reward_pool_unym}")
        return replace(
            self,
            reward_pool_unym=self.reward_pool_unym - paid,
            staking_supply_unym=self.staking_supply_unym + self.supply_scale * paid,
        )


@dataclass(frozen=True, slots=True)
class Record:
    """Parameters as published on a date, and where."""

    date: datetime.date
    parameters: Parameters
    source: str


@dataclass(frozen=True, slots=True)
class PaidShare:
    """What the network paid between two records, against what it might have paid.

    `share` is paid over budget, in [0, 1] if one interval lies between the records.
    """

    start: datetime.date
    end: datetime.date
    paid_unym: Fixed
    budget_unym: Fixed
    share: float
    saturation_point_unym: Fixed


_SOURCE = "nymtech/nym documentation, reward-params.json as published on "
# Date, pool (unym), staking supply (unym), supply scale, places for entry, exit and mix.
# All of them with 0.02 emission, 0.3 alpha and no standby set.
_ROWS = """
2025-05-21 188691142067690.265566584946684804 248179643769563.241524591796100959 0.5 50 70 120
2025-06-06 187227500568584.066152911712126276 248911577950871.129740670788161327 0.30625 50 70 120
2025-07-09 185782781887190.195531020579422623 249354023047048.00261862494755182 0.30625 50 70 120
2025-08-06 184339094131786.145886263466367605 249796152422140.492822331813424919 0.30625 50 70 120
2025-09-04 182883243257647.891553460395608456 60000000000000 0.07342892 80 100 60
2025-10-02 180875972213757.135840914936141948 60147391744900.170789956043539529 0.07342892 80 100 60
2025-10-31 178754510529387.687865580967403579 60303168385204.800235781003503301 0.07342892 80 100 60
2025-12-10 176683247613141.489518623753339272 60455258984180.809034503857018251 0.07342892 80 100 60
2026-01-15 174592308324894.719164125613282609 60608794397902.33807512267258462 0.07342892 80 100 60
2026-02-10 172542733168986.886192478589145223 60759292488059.481869771104188242 0.07342892 80 100 60
2026-03-10 170550581010206.362081368363611499 60905574069554.404272283888050139 0.07342892 80 100 60
2026-04-09 168575020719057.456153922699547282 61050637328128.353993717821521057 0.07342892 80 100 60
2026-04-30 166613455567357.391753168447944888 61194672938727.325886595653401629 0.07342892 80 100 60
"""


def _record(row: str) -> Record:
    date, pool, supply, scale, *places = row.split()
    parameters = Parameters(
        pool,
        supply,
        entry=int(places[0]),
        exit=int(places[1]),
        mix=int(places[2]),
        standby=0,
        supply_scale=scale,
        emission="0.02",
        alpha="0.3",
    )
    return Record(datetime.date.fromisoformat(date), parameters, _SOURCE + date)


RECORDS: tuple[Record, ...] = tuple(_record(row) for row in _ROWS.split("\n") if row)


def record_at(date: datetime.date | str) -> Record:
    """Find the record in force on a date: the last one published up to then.

    Parameters
    ----------
    date : datetime.date or str
        The day, or its ISO form ("2025-09-04").

    Returns
    -------
    Record
        After the last record that is the last one; it does not say what came later.

    Raises
    ------
    RewardError
        If the date cannot be read or lies before the first record.

    Examples
    --------
    >>> record_at("2025-09-30").date.isoformat()
    '2025-09-04'
    """
    day = _day(date)
    known = [record for record in RECORDS if record.date <= day]
    if not known:
        raise RewardError(f"the first record is of {RECORDS[0].date}; there is none for {day}")
    return known[-1]


def at(date: datetime.date | str) -> Parameters:
    """Parameters in force on a date; see :func:`record_at`.

    Examples
    --------
    >>> at("2026-04-09").rewarded_nodes
    240
    """
    return record_at(date).parameters


def paid_shares(records: tuple[Record, ...] = RECORDS) -> tuple[PaidShare, ...]:
    """How much of its budget the network paid between each two records.

    The pool shrinks by what was paid, so the difference of two pools is the pay. Each
    pair of the recorded rows is taken as one interval apart, though their dates are those
    of publication and lie 16 to 40 days apart: read so, the shares hold steady from row to
    row; read as two intervals, single ones would halve.

    Parameters
    ----------
    records : tuple of Record
        In order of date.

    Returns
    -------
    tuple of PaidShare
        One for each neighbouring pair.

    Notes
    -----
    It does not say *why* the share rose from 39 % to 55-59 % in September 2025: the
    saturation point fell to a quarter and the numbers of entry, exit and mix nodes changed
    on the same day.

    Raises
    ------
    RewardError
        If the pool grows from one record to the next or the budget is 0.

    Examples
    --------
    >>> [round(row.share, 3) for row in paid_shares()[3:6]]
    [0.395, 0.549, 0.586]
    """
    rows = []
    for before, after in itertools.pairwise(records):
        old = before.parameters
        budget = old.epoch_budget_unym * Fixed(old.epochs_in_interval)
        if not budget:
            raise RewardError(f"the budget from {before.date} on is 0; no share can be given")
        if after.parameters.reward_pool_unym > old.reward_pool_unym:
            raise RewardError(f"the pool grew between {before.date} and {after.date}")
        paid = old.reward_pool_unym - after.parameters.reward_pool_unym
        rows.append(
            PaidShare(
                before.date,
                after.date,
                paid,
                budget,
                float(paid) / float(budget),
                old.saturation_point_unym,
            )
        )
    return tuple(rows)


def _day(date: Any) -> datetime.date:
    if isinstance(date, datetime.datetime):
        return date.date()
    if isinstance(date, datetime.date):
        return date
    try:
        return datetime.date.fromisoformat(date)
    except (TypeError, ValueError):
        raise RewardError(
            f"expected a date such as '2025-09-04', got {checks.shown(date)}"
        ) from None
