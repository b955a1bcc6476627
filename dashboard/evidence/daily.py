"""From visits to panels: like-for-like daily or weekly statistics of each unit. Reads fct_visits through a DuckDB cursor; makes no estimate.

    visits = read_visits(cursor, arms, first_day, last_day)       # one row a closed visit of a unit of the pilot
    panel = visits.panel("mean")                                  # or "p50", "p90", any "p05" ... "p97.5"; standardised to the mix since the start
Within each unit, visits before the start are weighted so that (block of four hours x cargo class) has the shares it has since the start. Cells seen on
one side only are left out on both, and counted. Nothing else is trimmed: long visits stay (times are read to a thousandth of a minute). Days are local days of entry.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from dashboard.evidence.arms import UNIT_COLUMNS, problem
from dashboard.evidence.panel import NEVER, Panel, Within
from etl.errors import InputError

HOURS_A_BLOCK = 4
LONGEST_MIN = 10080  # a week: no visit is longer (open ones end after 72 h), and the integer below holds it
VIEWS = {"all": "", "core": " AND NOT coalesce(is_excluded, false)"}
LEAST_A_DAY = 8  # visits of a unit and day below which statistics are taken by week
WEEK = 7


@dataclass(frozen=True, eq=False)
class Visits:
    """Closed visits of the pilot's units, sorted by unit, period and minutes, with their like-for-like weights. Periods are days, or weeks by their first day."""

    units: tuple[str, ...]
    days: tuple[dt.date, ...]
    starts: np.ndarray  # index of each unit's first treated period; for comparison units that of the pilot they are compared with
    is_pilot: np.ndarray
    cell: np.ndarray  # unit * periods + period, of each visit
    minutes: np.ndarray
    weight: np.ndarray
    covered: np.ndarray  # (pilot, comparison) x (before, after): share of visits in cells seen on both sides
    closed_n: np.ndarray
    incomplete_n: np.ndarray
    packed: np.ndarray  # every visit, cells seen on one side only too
    period_days: int = 1
    places: int | None = None  # units that meet in several places (transporters at gates): a cell is unit, period and place then

    def where(self, cell: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return (unit, period) of cells."""
        return np.divmod(cell // self.places if self.places else cell, len(self.days))

    @cached_property
    def seen(self) -> tuple[np.ndarray, np.ndarray]:
        """(unit, period) of every visit, cells seen on one side only too."""
        return self.where(self.packed >> LOW_BITS)

    @property
    def missing_exits(self) -> tuple[float, ...]:
        """Share of visits without an exit, by arm and period."""
        total = (self.closed_n + self.incomplete_n).ravel()
        return tuple((self.incomplete_n.ravel() / np.maximum(total, 1)).tolist())

    @property
    def has_both_sides(self) -> bool:
        """Every pilot unit has a period before its start and one since."""
        return bool(((self.starts > 0) & (self.starts < len(self.days)))[self.is_pilot].all())

    @cached_property
    def _cells(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return (first row of each unit and period that has visits, its index, its weight in all, cumulated weight from the first row of all)."""
        cell = self.cell // (self.places or 1)
        first = np.flatnonzero(np.r_[True, cell[1:] != cell[:-1]])
        return first, cell[first], np.add.reduceat(self.weight, first), self.weight.cumsum()

    def panel(self, statistic: str = "mean") -> Panel:
        """Return units x periods of a statistic: mean, or pNN, the value that NN % of the weighted visits of the period do not pass.

        With places, a period's visits are not in order of time: only means are read, by place too.
        """
        shape = (len(self.units), len(self.days))
        if not len(self.cell):
            return self._made(np.full(shape, np.nan), np.zeros(shape))
        if self.places and statistic != "mean":
            raise InputError(statistic, "with several places only the mean is read")
        first, index, mass, total = self._cells
        y, n = np.full(shape, np.nan).ravel(), np.zeros(shape).ravel()
        if statistic == "mean":
            y[index] = np.add.reduceat(self.weight * self.minutes, first) / mass
        else:
            target = total[first] - self.weight[first] + float(statistic[1:]) / 100 * mass
            y[index] = self.minutes[np.minimum(np.searchsorted(total, target - 1e-9 * mass), np.r_[first[1:], len(self.cell)] - 1)]
        n[index] = np.diff(np.r_[first, len(self.cell)])
        return self._made(y.reshape(shape), n.reshape(shape))

    def _made(self, y: np.ndarray, n: np.ndarray) -> Panel:
        return Panel(self.units, self.days, y, n, np.where(self.is_pilot, self.starts, NEVER), True, True, self.period_days, self._within() if self.places else None)

    def _within(self) -> Within:
        shape = (len(self.units), len(self.days) * self.places)
        mass, minutes, n = (np.bincount(self.cell, each, minlength=shape[0] * shape[1]) for each in (self.weight, self.weight * self.minutes, None))
        y = np.divide(minutes, mass, out=np.full(len(mass), np.nan), where=mass > 0)
        return Within(y.reshape(shape), n.reshape(shape).astype(float), np.arange(shape[1]) // self.places)

    def since(self, percents: np.ndarray) -> np.ndarray:
        """Return quantiles of the pilot units' visits since their start, all days together."""
        unit, day = self.where(self.cell)
        return np.quantile(self.minutes[self.is_pilot[unit] & (day >= self.starts[unit])], percents / 100)

    def curve(self, percents: np.ndarray) -> list[Panel]:
        """Return the panel of each percentile."""
        return [self.panel(f"p{percent:g}") for percent in percents]

    # ------------------------------------------------------------------ the same visits otherwise
    def without_days(self, out: np.ndarray) -> Visits:
        """Return the visits outside some periods (mask), standardised anew; those periods are not measured then."""
        return standardised(self.packed[~out[self.seen[1]]], self.units, self.days, self.starts, self.is_pilot, self.incomplete_n, self.period_days, self.places)

    def without_units(self, out: np.ndarray) -> Visits:
        """Return the visits of the other units (mask of those that go). Missing exits stay those of all."""
        unit, cells = np.divmod(self.packed >> LOW_BITS, len(self.days) * (self.places or 1))
        keep = ~out[unit]
        moved = (np.cumsum(~out) - 1)[unit[keep]] * len(self.days) * (self.places or 1) + cells[keep]
        packed = (moved << LOW_BITS) + (self.packed[keep] & ((1 << LOW_BITS) - 1))
        units = tuple(unit for unit, gone in zip(self.units, out, strict=True) if not gone)
        return standardised(packed, units, self.days, self.starts[~out], self.is_pilot[~out], self.incomplete_n, self.period_days, self.places)

    def as_recorded(self) -> Visits:
        """Return every visit at weight 1: not like for like."""
        cell, minutes = self.packed >> LOW_BITS, _minutes(self.packed)
        return replace(self, cell=cell, minutes=minutes, weight=np.ones(len(cell)), covered=np.ones((2, 2)))

    def by_week(self) -> Visits:
        """Return the visits by whole weeks counted from the first start, standardised anew; days of an unfinished week leave at both ends.

        A unit that starts within a week counts as treated from that week on.
        """
        if self.period_days == WEEK or self.places:
            return self
        anchor = int(self.starts[self.is_pilot].min())
        skip = anchor % WEEK
        weeks = (len(self.days) - skip) // WEEK
        unit, day = self.seen
        week = (day - skip) // WEEK
        keep = (week >= 0) & (week < weeks)
        packed = ((unit[keep] * weeks + week[keep]) << LOW_BITS) + (self.packed[keep] & ((1 << LOW_BITS) - 1))
        days = tuple(self.days[skip + WEEK * each] for each in range(weeks))
        return standardised(packed, self.units, days, np.minimum((self.starts - skip) // WEEK, weeks), self.is_pilot, self.incomplete_n, WEEK)

    def least_a_day(self) -> float:
        """Return the visits a day of the unit and side that has the fewest; 0 where one has none."""
        unit, day = self.seen
        counts = np.bincount(unit * 2 + (day >= self.starts[unit]), minlength=2 * len(self.units)).reshape(-1, 2)
        days = np.stack([self.starts, len(self.days) - self.starts], axis=1) * self.period_days
        return float((counts / np.maximum(days, 1)).min()) if len(counts) else 0.0

    def one_sided(self) -> np.ndarray:
        """Return which units have visits on one side of their start only, or none."""
        unit, day = self.seen
        return (np.bincount(unit * 2 + (day >= self.starts[unit]), minlength=2 * len(self.units)).reshape(-1, 2) == 0).any(axis=1)


@dataclass(frozen=True, eq=False)
class Rows:
    """Closed visits as read, before any weight: one integer each, with values beside it, so that several questions need one reading."""

    units: tuple[str, ...]
    days: tuple[dt.date, ...]
    starts: np.ndarray
    is_pilot: np.ndarray
    packed: np.ndarray
    beside: dict[str, np.ndarray]
    lost: tuple[tuple[int, int, bool, str, int], ...]  # unit, day, is_excluded, status, visits that have no time
    classes: tuple[str | None, ...] = ()

    @property
    def nbytes(self) -> int:
        return self.packed.nbytes + sum(each.nbytes for each in self.beside.values())

    @property
    def hour_block(self) -> np.ndarray:
        """The block of four hours of each visit's entry, from 0."""
        return (self.packed & (MIXES - 1)) // max(1, len(self.classes))

    @property
    def cargo(self) -> np.ndarray:
        """The index of each visit's cargo class."""
        return (self.packed & (MIXES - 1)) % max(1, len(self.classes))

    def visits(self, keep: np.ndarray | None = None, value: np.ndarray | None = None, core: bool = False) -> Visits:
        """Return visits with their weights: all, or those of a mask; with another value than minutes, if one is given."""
        packed, places = self.packed, None
        if value is not None:
            packed = pack(packed >> LOW_BITS, value, packed & (MIXES - 1))
        if "place" in self.beside:
            places = int(self.beside["place"].max(initial=0)) + 1
            packed = (((packed >> LOW_BITS) * places + self.beside["place"]) << LOW_BITS) + (packed & ((1 << LOW_BITS) - 1))
        lost = np.zeros((2, 2), int)
        for unit, day, is_excluded, status, n in self.lost:
            if status == "incomplete" and not (core and is_excluded):
                lost[0 if self.is_pilot[unit] else 1, int(day >= self.starts[unit])] += n
        return standardised(packed if keep is None else packed[keep], self.units, self.days, self.starts, self.is_pilot, lost, places=places)


def read_visits(
    cursor: Any, arms: pl.DataFrame, first_day: dt.date, last_day: dt.date, *, view: str = "all", minutes: str = "turnaround_min", where: str = "true", params: dict | None = None,
) -> Visits:  # fmt: skip
    """Read the closed visits of the arms' units (unit_kind_code, unit_code, arm_code, start_on) over local days, both included.

    view      all, or core: without inspections, trouble tickets and declared closures
    where     the page's own filters as SQL on fct_visits, values as `params`
    Raises InputError for arms of several kinds of unit, a unit in both arms, or a start outside the days.
    """
    return read_rows(cursor, arms, first_day, last_day, minutes=minutes, where=f"({where}){VIEWS[view]}", params=params).visits()


def read_rows(
    cursor: Any, arms: pl.DataFrame, first_day: dt.date, last_day: dt.date, *, minutes: str = "turnaround_min", where: str = "true", params: dict | None = None,
    beside: Mapping[str, str] | None = None,
) -> Rows:  # fmt: skip
    """Read visits once, with numeric SQL expressions on fct_visits (alias v) beside them; see read_visits."""
    if found := problem(arms, first_day, last_day):
        from dashboard.evidence.words import refusal

        raise InputError("pilot_arms", refusal(found, "en").rstrip("."))
    arms = arms.unique().sort("unit_code")
    days = tuple(first_day + dt.timedelta(days=each) for each in range((last_day - first_day).days + 1))
    pilot_start = arms.filter(pl.col("arm_code") == "pilot")["start_on"].min()
    starts_on = [row["start_on"] if row["arm_code"] == "pilot" else max(pilot_start, row["start_on"]) for row in arms.iter_rows(named=True)]
    starts = np.array([min((each - first_day).days, len(days) - 1) for each in starts_on])
    values = {"first_day": first_day, "last_day": last_day, **(params or {})}
    scope, joined = (_SCOPE.format(unit=UNIT_COLUMNS[arms["unit_kind_code"][0]], where=where, join=join) for join in ("", _CLASSES))
    kept = f"v.{minutes} IS NOT NULL"
    with numbered(cursor, "unit", arms["unit_code"].to_list()):
        classes = tuple(row[0] for row in cursor.execute(f"SELECT DISTINCT v.cargo_class_code {scope} AND {kept} ORDER BY ALL", values).fetchall())
        with numbered(cursor, "class", classes):
            more = "".join(f", {sql} AS {name}" for name, sql in (beside or {}).items())
            found = cursor.execute(_PACKED.format(minutes=minutes, more=more, scope=f"{joined} AND {kept}", classes=max(1, len(classes)), days=len(days)), values).fetchnumpy()
        lost = cursor.execute(
            f"SELECT u.unit, v.entry_day - $first_day::DATE AS day, coalesce(v.is_excluded, false) AS is_excluded, v.status_code, count(*) AS n {scope} AND NOT ({kept}) GROUP BY ALL ORDER BY ALL", values,
        ).fetchall()  # fmt: skip
    columns = {name: np.asarray(np.ma.getdata(each)) for name, each in found.items()}
    return Rows(tuple(arms["unit_code"]), days, starts, (arms["arm_code"] == "pilot").to_numpy(), columns.pop("packed").astype(np.int64), columns, tuple(lost), classes)


@contextmanager
def numbered(cursor: Any, name: str, codes: Sequence[str | None]) -> Iterator[None]:
    """Give the cursor a table `evidence_<name>` of codes and their numbers from 0, for the time of a question."""
    cursor.register(f"evidence_{name}", pl.DataFrame({f"{name}_code": pl.Series(codes, dtype=pl.String), name: np.arange(len(codes), dtype=np.int64)}).to_arrow())
    try:
        yield
    finally:
        cursor.unregister(f"evidence_{name}")


# One visit is one integer: unit x day, thousandths of a minute, cell of the mix. Sorting it sorts visits within their day, and equal numbers are equal
# visits, so that sums come in the same order whatever order the threads answered in.
_MIX_BITS, _TIME_BITS = 10, 24
LOW_BITS, MIXES = _MIX_BITS + _TIME_BITS, 1 << _MIX_BITS
_SCOPE = "FROM fct_visits AS v JOIN evidence_unit AS u ON u.unit_code = v.{unit}{join} WHERE v.entry_day BETWEEN $first_day AND $last_day AND ({where})"
_CLASSES = " JOIN evidence_class AS c ON c.class_code IS NOT DISTINCT FROM v.cargo_class_code"
_PACKED = f"""
SELECT CAST(((u.unit * {{days}} + (v.entry_day - $first_day::DATE)) * {1 << _TIME_BITS} + CAST(round(least(v.{{minutes}}, {LONGEST_MIN}) * 1000) AS BIGINT)) * {MIXES}
            + (v.entry_hour // {HOURS_A_BLOCK}) * {{classes}} + c.class AS BIGINT) AS packed{{more}}
{{scope}}
"""


def pack(cell: np.ndarray, minutes: np.ndarray, mix: np.ndarray) -> np.ndarray:
    """Return visits as integers, from unit x day, minutes and the cell of the mix."""
    return ((cell.astype(np.int64) << _TIME_BITS) + np.round(np.minimum(minutes, LONGEST_MIN) * 1000).astype(np.int64) << _MIX_BITS) + mix


def _minutes(packed: np.ndarray) -> np.ndarray:
    return ((packed >> _MIX_BITS) & ((1 << _TIME_BITS) - 1)) / 1000


def standardised(
    packed: np.ndarray, units: tuple[str, ...], days: tuple, starts: np.ndarray, is_pilot: np.ndarray, lost: np.ndarray, period_days: int = 1, places: int | None = None,
) -> Visits:  # fmt: skip
    """Return visits with their like-for-like weights. `packed` is as pack gives it, `lost` the visits without an exit by arm and period."""
    packed = packed if (packed[1:] >= packed[:-1]).all() else np.sort(packed)  # part of sorted ones is sorted
    mix, cell = packed & (MIXES - 1), packed >> LOW_BITS
    unit, day = np.divmod(cell // places if places else cell, len(days))
    after = day >= starts[unit]
    place = unit * MIXES + mix
    before_n, after_n = (np.bincount(place[chosen], minlength=len(units) * MIXES) for chosen in (~after, after))
    both = (before_n > 0) & (after_n > 0)
    ratio = np.divide(after_n, before_n, out=np.zeros(len(both)), where=both)
    weight = np.where(after, both[place], ratio[place]).astype(float)
    side = np.where(is_pilot[unit], 0, 2) + after
    use = weight > 0
    closed, seen = np.bincount(side, minlength=4), np.bincount(side[use], minlength=4)
    return Visits(
        units, days, starts, is_pilot, cell[use], _minutes(packed[use]), weight[use], (seen / np.maximum(closed, 1)).reshape(2, 2), closed.reshape(2, 2), lost, packed, period_days, places
    )
