"""What the port's own past says of its noise, for planning: daily like-for-like figures of lanes, gates and terminals that could be set against each other, and of the whole port.

    past = past_of(store)                     # made once a build; at most the last year
    past.kinds["lane"].y, past.port           # logs of the daily mean visit
Means of minutes in the port of all closed visits, no filter. Days are local days of entry. No estimate is made here.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import partial

import numpy as np
import polars as pl

from dashboard.evidence.daily import UNIT_COLUMNS, read_visits
from dashboard.evidence.study import days_of
from dashboard.store import Opened, Store

KINDS = ("lane", "gate", "terminal")
LONGEST_DAYS = 365
LATELY_DAYS = 28
LEAST_A_DAY = 3  # visits of a unit and day lately; with fewer many days have none. What few visits a day cost is in the noise itself


@dataclass(frozen=True, eq=False)
class Units:
    """Units of one kind over the days on which all of them were measured: logs (units, days), the regime of each day, visits of each unit. `thin` were left out."""

    names: tuple[str, ...]
    y: np.ndarray
    regimes: np.ndarray
    visits: np.ndarray
    thin: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Past:
    """Kinds with two units or more; `port` holds the whole port's log daily mean with known changes taken out (NaN: a day without data)."""

    first_day: dt.date
    last_day: dt.date
    regime_from: dt.date  # first day since the last known change of the units: what may count as "before" of a next pilot
    starts: tuple[dt.date, ...]
    kinds: dict[str, Units]
    port: np.ndarray
    level_min: float | None  # mean minutes of a visit lately

    @property
    def days(self) -> int:
        return (self.last_day - self.first_day).days + 1

    @property
    def nbytes(self) -> int:
        return int(self.port.nbytes + sum(each.y.nbytes for each in self.kinds.values()))


def past_of(store: Store) -> Past:
    """Return the port's past, made once a build."""
    return store.made(("evidence", "past"), partial(_read, arms=store.table("dim_pilot_arms")))


def _read(opened: Opened, arms: pl.DataFrame) -> Past:
    begun, last = days_of(opened)
    first = max(begun, last - dt.timedelta(days=LONGEST_DAYS - 1))
    days = (last - first).days + 1
    starts = tuple(sorted({day for day in arms.filter(pl.col("arm_code") == "pilot")["start_on"] if first < day <= last}))
    empty = Past(first, last, first, starts, {}, np.full(max(days, 0), np.nan), None)
    if days < 2:
        return empty
    pivot = starts[-1] if starts else first + dt.timedelta(days=days // 2)
    regimes = np.searchsorted(np.array([(day - first).days for day in starts], dtype=int), np.arange(days), side="right")
    kinds, port, level = {}, None, None
    for kind in KINDS:
        names, thin = _active(opened, UNIT_COLUMNS[kind], last)
        if not names or (port is not None and len(names) < 2):
            continue
        fake = pl.DataFrame({"unit_kind_code": kind, "unit_code": names, "arm_code": ["pilot", *["comparison"] * (len(names) - 1)], "start_on": pivot})
        cursor = opened.connection.cursor()
        try:
            panel = read_visits(cursor, fake, first, last).panel("mean")
        finally:
            cursor.close()
        if port is None:
            port, level = _port(panel.outcome, panel.weight, regimes)
        whole = np.isfinite(panel.outcome).all(axis=0)
        if len(names) > 1:
            kinds[kind] = Units(panel.units, np.log(panel.outcome[:, whole]), regimes[whole], panel.weight.sum(axis=1), thin)
    if port is None:
        return empty
    return Past(first, last, starts[-1] if starts else first, starts, kinds, port, level)


def _active(opened: Opened, column: str, last: dt.date) -> tuple[list[str], tuple[str, ...]]:
    """Return the units with enough closed visits a day lately, and those with fewer."""
    counted = opened.frame(
        f"SELECT {column} AS unit, count(*) / {LATELY_DAYS} AS a_day FROM fct_visits WHERE {column} IS NOT NULL AND turnaround_min IS NOT NULL AND entry_day BETWEEN $first_day AND $last_day GROUP BY ALL ORDER BY ALL",
        {"first_day": last - dt.timedelta(days=LATELY_DAYS - 1), "last_day": last}, (last - dt.timedelta(days=LATELY_DAYS), last),
    )  # fmt: skip
    enough = counted["a_day"] >= LEAST_A_DAY
    return counted.filter(enough)["unit"].to_list(), tuple(counted.filter(~enough)["unit"])


def _port(outcome: np.ndarray, weight: np.ndarray, regimes: np.ndarray) -> tuple[np.ndarray, float | None]:
    """Return (log daily mean over units at fixed shares, known changes taken out; mean minutes lately)."""
    shares = np.where(np.isfinite(outcome), weight.sum(axis=1)[:, None], 0.0)
    known = shares.sum(axis=0) > 0
    mean = np.full(len(regimes), np.nan)
    mean[known] = (np.nan_to_num(outcome) * shares).sum(axis=0)[known] / shares.sum(axis=0)[known]
    y, lately = np.log(mean), mean[-LATELY_DAYS:]
    for regime in np.unique(regimes):
        part = (regimes == regime) & known
        if part.any():
            y[part] -= y[part].mean()
    return y, float(np.nanmean(lately)) if np.isfinite(lately).any() else None
