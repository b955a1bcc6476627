"""From visits to panels: like-for-like daily statistics of each unit. Reads fct_visits through a DuckDB cursor; makes no estimate.

    visits = read_visits(cursor, arms, first_day, last_day)       # one row a closed visit of a unit of the pilot
    panel = visits.panel("mean")                                  # or "p50", "p90", any "p05" ... "p97.5"; standardised to the mix since the start
Within each unit, visits before the start are weighted so that (block of four hours x cargo class) has the shares it has since the start. Cells seen on
one side only are left out on both, and counted. Nothing else is trimmed: long visits stay (times are read to a thousandth of a minute). Days are local days of entry.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from dashboard.evidence.panel import NEVER, Panel
from etl.errors import InputError

UNIT_COLUMNS = {"gate": "entry_gate_code", "lane": "entry_lane_code", "terminal": "terminal_code", "carrier": "carrier_key"}
HOURS_A_BLOCK = 4
LONGEST_MIN = 10080  # a week: no visit is longer (open ones end after 72 h), and the integer below holds it
VIEWS = {"all": "", "core": " AND NOT coalesce(is_excluded, false)"}


@dataclass(frozen=True, eq=False)
class Visits:
    """Closed visits of the pilot's units, sorted by unit, day and minutes, with their like-for-like weights."""

    units: tuple[str, ...]
    days: tuple[dt.date, ...]
    starts: np.ndarray  # index of each unit's first treated day; for comparison units that of the pilot they are compared with
    is_pilot: np.ndarray
    cell: np.ndarray  # unit * days + day, of each visit
    minutes: np.ndarray
    weight: np.ndarray
    covered: np.ndarray  # (pilot, comparison) x (before, after): share of visits in cells seen on both sides
    closed_n: np.ndarray
    incomplete_n: np.ndarray

    @property
    def missing_exits(self) -> tuple[float, ...]:
        """Share of visits without an exit, by arm and period."""
        total = (self.closed_n + self.incomplete_n).ravel()
        return tuple((self.incomplete_n.ravel() / np.maximum(total, 1)).tolist())

    @cached_property
    def _cells(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return (first row of each unit and day that has visits, its index, its weight in all, cumulated weight from the first row of all)."""
        first = np.flatnonzero(np.r_[True, self.cell[1:] != self.cell[:-1]])
        return first, self.cell[first], np.add.reduceat(self.weight, first), self.weight.cumsum()

    def panel(self, statistic: str = "mean") -> Panel:
        """Return units x days of a statistic: mean, or pNN, the value that NN % of the weighted visits of the day do not pass."""
        shape = (len(self.units), len(self.days))
        if not len(self.cell):
            return self._made(np.full(shape, np.nan), np.zeros(shape))
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
        return Panel(self.units, self.days, y, n, np.where(self.is_pilot, self.starts, NEVER), True, True)

    def since(self, percents: np.ndarray) -> np.ndarray:
        """Return quantiles of the pilot units' visits since their start, all days together."""
        unit, day = np.divmod(self.cell, len(self.days))
        return np.quantile(self.minutes[self.is_pilot[unit] & (day >= self.starts[unit])], percents / 100)

    def curve(self, percents: np.ndarray) -> list[Panel]:
        """Return the panel of each percentile."""
        return [self.panel(f"p{percent:g}") for percent in percents]


def read_visits(
    cursor: Any, arms: pl.DataFrame, first_day: dt.date, last_day: dt.date, *, view: str = "all", minutes: str = "turnaround_min", where: str = "true", params: dict | None = None,
) -> Visits:  # fmt: skip
    """Read the closed visits of the arms' units (unit_kind_code, unit_code, arm_code, start_on) over local days, both included.

    view      all, or core: without inspections, trouble tickets and declared closures
    where     the page's own filters as SQL on fct_visits, values as `params`
    Raises InputError for arms of several kinds of unit, a unit in both arms, or a start outside the days.
    """
    kinds = arms["unit_kind_code"].unique().to_list()
    if len(kinds) != 1 or kinds[0] not in UNIT_COLUMNS:
        raise InputError("pilot_arms", f"units must be of one kind; found {', '.join(map(str, sorted(kinds))) or 'none'}", ", ".join(UNIT_COLUMNS))
    arms = arms.unique().sort("unit_code")
    twice = arms.filter(arms["unit_code"].is_duplicated())
    if twice.height:
        raise InputError("pilot_arms", f"unit '{twice['unit_code'][0]}' is listed twice: arms must not overlap")
    days = tuple(first_day + dt.timedelta(days=each) for each in range((last_day - first_day).days + 1))
    for row in arms.filter(pl.col("arm_code") == "pilot").iter_rows(named=True):
        if not first_day < row["start_on"] <= last_day:
            raise InputError("pilot_arms", f"the start {row['start_on']} of '{row['unit_code']}' lies outside the days measured after the first", f"{first_day} to {last_day}")
    if not (arms["arm_code"] == "pilot").any():
        raise InputError("pilot_arms", "no unit is a pilot unit")
    pilot_start = arms.filter(pl.col("arm_code") == "pilot")["start_on"].min()
    starts_on = [row["start_on"] if row["arm_code"] == "pilot" else max(pilot_start, row["start_on"]) for row in arms.iter_rows(named=True)]
    starts = np.array([min((each - first_day).days, len(days) - 1) for each in starts_on])
    values = {"first_day": first_day, "last_day": last_day, **(params or {})}
    scope, joined = (_SCOPE.format(unit=UNIT_COLUMNS[kinds[0]], view=VIEWS[view], where=where, join=join) for join in ("", _CLASSES))
    cursor.register("evidence_units", pl.DataFrame({"unit_code": arms["unit_code"], "unit": np.arange(arms.height, dtype=np.int64)}).to_arrow())
    try:
        kept = f"v.{minutes} IS NOT NULL"
        classes = [row[0] for row in cursor.execute(f"SELECT DISTINCT v.cargo_class_code {scope} AND {kept} ORDER BY ALL", values).fetchall()]
        cursor.register("evidence_classes", pl.DataFrame({"class_code": pl.Series(classes, dtype=pl.String), "class": np.arange(len(classes), dtype=np.int64)}).to_arrow())
        packed = cursor.execute(_PACKED.format(minutes=minutes, scope=f"{joined} AND {kept}", classes=max(1, len(classes)), days=len(days)), values).fetchnumpy()["packed"]
        lost = cursor.execute(f"SELECT u.unit, v.entry_day - $first_day::DATE AS day, count(*) {scope} AND v.status_code = 'incomplete' AND NOT ({kept}) GROUP BY ALL ORDER BY ALL", values).fetchall()
    finally:
        cursor.unregister("evidence_units")
        cursor.unregister("evidence_classes")
    is_pilot = (arms["arm_code"] == "pilot").to_numpy()
    lost_n = np.zeros((2, 2), int)
    for unit, day, n in lost:
        lost_n[0 if is_pilot[unit] else 1, int(day >= starts[unit])] += n
    return standardised(np.asarray(np.ma.getdata(packed), dtype=np.int64), tuple(arms["unit_code"]), days, starts, is_pilot, lost_n)


# One visit is one integer: unit x day, thousandths of a minute, cell of the mix. Sorting it sorts visits within their day, and equal numbers are equal
# visits, so that sums come in the same order whatever order the threads answered in.
_MIX_BITS, _TIME_BITS = 10, 24
_SCOPE = "FROM fct_visits AS v JOIN evidence_units AS u ON u.unit_code = v.{unit}{join} WHERE v.entry_day BETWEEN $first_day AND $last_day{view} AND ({where})"
_CLASSES = " JOIN evidence_classes AS c ON c.class_code IS NOT DISTINCT FROM v.cargo_class_code"
_PACKED = f"""
SELECT CAST(((u.unit * {{days}} + (v.entry_day - $first_day::DATE)) * {1 << _TIME_BITS} + CAST(round(least(v.{{minutes}}, {LONGEST_MIN}) * 1000) AS BIGINT)) * {1 << _MIX_BITS}
            + (v.entry_hour // {HOURS_A_BLOCK}) * {{classes}} + c.class AS BIGINT) AS packed
{{scope}}
"""


def pack(cell: np.ndarray, minutes: np.ndarray, mix: np.ndarray) -> np.ndarray:
    """Return visits as integers, from unit x day, minutes and the cell of the mix."""
    return ((cell.astype(np.int64) << _TIME_BITS) + np.round(np.minimum(minutes, LONGEST_MIN) * 1000).astype(np.int64) << _MIX_BITS) + mix


def standardised(packed: np.ndarray, units: tuple[str, ...], days: tuple, starts: np.ndarray, is_pilot: np.ndarray, lost: np.ndarray) -> Visits:
    """Return visits with their like-for-like weights. `packed` is as pack gives it, `lost` the visits without an exit by arm and period."""
    packed = np.sort(packed)
    mixes = 1 << _MIX_BITS
    mix, cell = packed & (mixes - 1), packed >> (_MIX_BITS + _TIME_BITS)
    unit, day = np.divmod(cell, len(days))
    after = day >= starts[unit]
    place = unit * mixes + mix
    before_n, after_n = (np.bincount(place[chosen], minlength=len(units) * mixes) for chosen in (~after, after))
    both = (before_n > 0) & (after_n > 0)
    ratio = np.divide(after_n, before_n, out=np.zeros(len(both)), where=both)
    weight = np.where(after, both[place], ratio[place]).astype(float)
    side = np.where(is_pilot[unit], 0, 2) + after
    use = weight > 0
    closed, seen = np.bincount(side, minlength=4), np.bincount(side[use], minlength=4)
    minutes = ((packed >> _MIX_BITS) & ((1 << _TIME_BITS) - 1)) / 1000
    return Visits(units, days, starts, is_pilot, cell[use], minutes[use], weight[use], (seen / np.maximum(closed, 1)).reshape(2, 2), closed.reshape(2, 2), lost)
