"""From visits to panels: like-for-like daily statistics of each unit. Reads fct_visits through a DuckDB cursor; makes no estimate.

    visits = read_visits(cursor, arms, first_day, last_day)       # one row a closed visit of a unit of the pilot
    panel = visits.panel("mean")                                  # or "p50", "p90", any "p05" ... "p97.5"; standardised to the mix since the start
Within each unit, visits before the start are weighted so that (block of four hours x cargo class) has the shares it has since the start. Cells seen on
one side only are left out on both, and counted. Nothing else is trimmed: long visits stay. Days are local days of entry.
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
        """Return (first row of each cell that has visits, its index, its weight in all, cumulated weight from the first row of all)."""
        first = np.flatnonzero(np.r_[True, self.cell[1:] != self.cell[:-1]]) if len(self.cell) else np.zeros(0, int)
        return first, self.cell[first], np.add.reduceat(self.weight, first) if len(first) else np.zeros(0), self.weight.cumsum()

    def panel(self, statistic: str = "mean") -> Panel:
        """Return units x days of a statistic: mean, or pNN, the value that NN % of the weighted visits of the day do not pass."""
        shape = (len(self.units), len(self.days))
        first, index, mass, total = self._cells
        y, n = np.full(shape, np.nan).ravel(), np.zeros(shape).ravel()
        if statistic == "mean":
            y[index] = np.add.reduceat(self.weight * self.minutes, first) / mass
        else:
            target = total[first] - self.weight[first] + float(statistic[1:]) / 100 * mass
            y[index] = self.minutes[np.minimum(np.searchsorted(total, target - 1e-9 * mass), np.r_[first[1:], len(self.cell)] - 1)]
        n[index] = np.diff(np.r_[first, len(self.cell)])
        return Panel(self.units, self.days, y.reshape(shape), n.reshape(shape), np.where(self.is_pilot, self.starts, NEVER), True, True)

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
    cursor.register("evidence_units", pl.DataFrame({"unit_code": arms["unit_code"], "unit": np.arange(arms.height, dtype=np.int32)}).to_arrow())
    try:
        read = cursor.execute(_SQL.format(unit=UNIT_COLUMNS[kinds[0]], minutes=minutes, view=VIEWS[view], where=where), {"first_day": first_day, "last_day": last_day, **(params or {})}).fetchnumpy()
    finally:
        cursor.unregister("evidence_units")
    columns = {name: np.asarray(values) for name, values in read.items()}
    return _standardised(columns, tuple(arms["unit_code"]), days, starts, (arms["arm_code"] == "pilot").to_numpy())


_SQL = """
SELECT u.unit, CAST(v.entry_day - $first_day::DATE AS INTEGER) AS day, CAST(v.entry_hour // 4 AS INTEGER) AS hours,
       CAST(hash(v.cargo_class_code) % 1000003 AS INTEGER) AS cargo, v.{minutes} AS minutes, v.status_code = 'incomplete' AS is_incomplete
FROM fct_visits AS v JOIN evidence_units AS u ON u.unit_code = v.{unit}
WHERE v.entry_day BETWEEN $first_day AND $last_day AND (v.{minutes} IS NOT NULL OR v.status_code = 'incomplete'){view} AND ({where})
"""


def _standardised(read: dict[str, np.ndarray], units: tuple[str, ...], days: tuple[dt.date, ...], starts: np.ndarray, is_pilot: np.ndarray) -> Visits:
    unit, day = read["unit"].astype(np.int64), read["day"].astype(np.int64)
    after = day >= starts[unit]
    incomplete = read["is_incomplete"].astype(bool)
    side = np.where(is_pilot[unit], 0, 2) + after
    lost = np.bincount(side[incomplete], minlength=4).reshape(2, 2)
    kept = ~incomplete
    unit, day, after, side = unit[kept], day[kept], after[kept], side[kept]
    value = np.ma.getdata(read["minutes"])[kept].astype(float)
    _, cargo = np.unique(read["cargo"][kept], return_inverse=True)
    kinds = int(cargo.max(initial=0)) + 1
    mix = (unit * (24 // HOURS_A_BLOCK) + read["hours"][kept]) * kinds + cargo
    total = len(units) * (24 // HOURS_A_BLOCK) * kinds
    before_n, after_n = (np.bincount(mix[chosen], minlength=total) for chosen in (~after, after))
    both = (before_n > 0) & (after_n > 0)
    ratio = np.divide(after_n, before_n, out=np.zeros(total), where=both)
    weight = np.where(both[mix], np.where(after, 1.0, ratio[mix]), 0.0)
    closed = np.bincount(side, minlength=4)
    covered = np.bincount(side[weight > 0], minlength=4) / np.maximum(closed, 1)
    use = weight > 0
    cell, value, weight = (unit * len(days) + day)[use], value[use], weight[use]
    order = np.argsort(cell * 2**22 + np.minimum(np.round(value * 10), 2**22 - 1).astype(np.int64), kind="stable")
    return Visits(units, days, starts, is_pilot, cell[order], value[order], weight[order], covered.reshape(2, 2), closed.reshape(2, 2), lost)
