"""A unit x period panel: who was measured when, how much it weighs, and from which period each unit is treated. No estimate is made here.

    panel = read_panel(Path("gates.csv"), unit="gate", period="day", outcome="minutes", treated="pilot", start="2026-07-13", weight="visits")
Periods have an explicit order: dates and numbers their own, texts the order given. Several rows of one cell become their weighted mean.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from etl.errors import InputError

NEVER = np.iinfo(np.int64).max
_YES = frozenset({"1", "1.0", "true", "yes", "y", "pilot", "treated"})
_NO = frozenset({"0", "0.0", "false", "no", "n", "comparison", "control", ""})


@dataclass(frozen=True, eq=False)
class Within:
    """The same outcomes in smaller places where units meet, e.g. transporters at a gate on a day: units x (period, place), NaN where a unit was not there."""

    outcome: np.ndarray
    weight: np.ndarray
    period: np.ndarray  # index of the panel's period, of each column


@dataclass(frozen=True, eq=False)
class Panel:
    """Outcomes and weights are units x periods; a cell without data is NaN with weight 0. `starts` holds the index of each unit's first treated period.

    `is_daily` says that periods are consecutive local days (or weeks, by their first day: `period_days` is 7), so that rules stated in days may be applied.
    """

    units: tuple[str, ...]
    periods: tuple[object, ...]
    outcome: np.ndarray
    weight: np.ndarray
    starts: np.ndarray
    is_daily: bool = False
    is_weighted: bool = False
    period_days: int = 1
    within: Within | None = None

    @property
    def treated(self) -> np.ndarray:
        """Which units are treated at some time in these periods."""
        return self.starts < NEVER

    @property
    def cohorts(self) -> tuple[int, ...]:
        """The distinct first treated periods, by index."""
        return tuple(int(start) for start in np.unique(self.starts[self.treated]))

    @property
    def after(self) -> np.ndarray:
        """Periods from the first start on."""
        return np.arange(len(self.periods)) >= min(self.cohorts)

    def only(self, units: np.ndarray | None = None, periods: slice | np.ndarray | None = None) -> Panel:
        """Return the panel over some units (mask) and periods (slice or mask); starts move with the first period kept."""
        keep = np.ones(len(self.units), bool) if units is None else units
        index = np.arange(len(self.periods))[slice(None) if periods is None else periods]
        starts = np.array([NEVER if start > index[-1] else int(np.searchsorted(index, start)) for start in self.starts[keep]], dtype=np.int64)
        within = self.within
        if within is not None:
            column = np.isin(within.period, index)
            within = Within(within.outcome[np.ix_(keep, column)], within.weight[np.ix_(keep, column)], np.searchsorted(index, within.period[column]))
        return replace(
            self, units=tuple(np.array(self.units, dtype=object)[keep]), periods=tuple(self.periods[each] for each in index),
            outcome=self.outcome[np.ix_(keep, index)], weight=self.weight[np.ix_(keep, index)], starts=starts, within=within,
        )  # fmt: skip

    def complete(self) -> tuple[Panel, int]:
        """Return the panel over the periods in which every unit was measured, and how many periods fell out."""
        whole = np.isfinite(self.outcome).all(axis=0)
        return (self, 0) if whole.all() or not whole.any() else (self.only(periods=whole), int((~whole).sum()))

    def positive(self) -> Panel:
        """Return the panel without the cells that have no logarithm: a unit and period of 0 minutes counts as not measured."""
        out = self.outcome <= 0
        return replace(self, outcome=np.where(out, np.nan, self.outcome), weight=np.where(out, 0, self.weight)) if out.any() else self

    def digest(self) -> str:
        """Return 16 hex digits of everything in the panel: same input, same digits."""
        made = hashlib.sha256(repr((self.units, tuple(map(str, self.periods)), self.starts.tolist(), self.is_daily, self.is_weighted, self.period_days)).encode())
        for values in (self.outcome, self.weight, *((self.within.outcome, self.within.weight) if self.within else ())):
            made.update(np.ascontiguousarray(values, dtype="<f8").tobytes())
        return made.hexdigest()[:16]


def read_panel(
    path: Path, *, unit: str, period: str, outcome: str, treated: str, start: str, weight: str | None = None, order: Sequence[str] = (),
) -> Panel:  # fmt: skip
    """Read a panel from a CSV or Parquet table.

    treated   a column of 0/1 (or pilot/comparison), or COLUMN=VALUE,VALUE
    start     the first treated period, or a column that holds each unit's own (empty or 0: never)
    order     the periods in their order; needed where they are texts
    Raises InputError with one sentence for a table that is no panel.
    """
    where = path.name
    if not path.is_file():
        raise InputError(str(path), "there is no such file")
    try:
        frame = pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_csv(path, infer_schema_length=None, try_parse_dates=True)
    except pl.exceptions.PolarsError as error:
        raise InputError(where, f"it cannot be read as a table ({str(error).splitlines()[0]})", "CSV and Parquet") from None
    return from_frame(frame, where, unit=unit, period=period, outcome=outcome, treated=treated, start=start, weight=weight, order=order)


def from_frame(
    frame: pl.DataFrame, where: str = "panel", *, unit: str, period: str, outcome: str, treated: str, start: str, weight: str | None = None, order: Sequence[str] = (),
) -> Panel:  # fmt: skip
    """See read_panel; `where` names the table in errors."""
    flag, _, values = treated.partition("=")
    for column in (unit, period, outcome, flag, *((weight,) if weight else ())):
        if column not in frame.columns:
            raise InputError(where, f"there is no column '{column}'", ", ".join(frame.columns))
    number = pl.col(outcome).cast(pl.Float64, strict=False)
    rows = frame.select(
        pl.col(unit).cast(pl.String).alias("unit"), pl.col(period).alias("period"), number.alias("y"),
        (pl.col(weight).cast(pl.Float64, strict=False) if weight else pl.lit(1.0)).alias("w"),
        pl.col(flag).cast(pl.String).fill_null("").alias("flag"), (pl.col(start).alias("start") if start in frame.columns else pl.lit(None).alias("start")),
    ).filter(pl.col("unit").is_not_null() & pl.col("period").is_not_null() & pl.col("y").is_finite() & (pl.col("w") > 0))  # fmt: skip
    if rows.is_empty():
        raise InputError(where, f"no row has a unit, a period and a number in '{outcome}'")
    periods = _ordered(rows["period"], order, where, period)
    place = {each: index for index, each in enumerate(periods)}
    if order:
        rows = rows.with_columns(pl.col("period").cast(pl.String)).filter(pl.col("period").is_in(list(periods)))
    units = tuple(rows["unit"].unique().sort().to_list())
    arms = _arms(rows, values.split(",") if values else [], where)
    starts = _starts(rows, units, arms, place, None if start in frame.columns else start, where)
    cells = rows.group_by("unit", "period").agg((pl.col("y") * pl.col("w")).sum() / pl.col("w").sum(), pl.col("w").sum())
    y, w = np.full((len(units), len(periods)), np.nan), np.zeros((len(units), len(periods)))
    row = np.array([units.index(each) for each in cells["unit"]]) if len(units) < 50 else np.searchsorted(np.array(units), cells["unit"].to_numpy())
    column = np.array([place[each] for each in cells["period"]])
    y[row, column], w[row, column] = cells["y"].to_numpy(), cells["w"].to_numpy()
    is_daily = len(periods) > 1 and isinstance(periods[0], dt.date) and bool((np.diff([each.toordinal() for each in periods]) <= 4).mean() > 0.9)
    return Panel(units, periods, y, w, starts, is_daily, weight is not None)


def _ordered(found: pl.Series, order: Sequence[str], where: str, name: str) -> tuple:
    if order:
        unknown = sorted(set(order) - set(found.cast(pl.String)))
        if unknown:
            raise InputError(where, f"period '{unknown[0]}' of the order given is in no row", ", ".join(sorted(set(found.cast(pl.String)))[:12]))
        return tuple(order)
    if found.dtype == pl.String:
        raise InputError(where, f"the periods in '{name}' are texts, and their order is not known", ", ".join(found.unique().sort()[:12]), "Give --order with the periods from first to last")
    return tuple(found.cast(pl.Date).unique().sort()) if found.dtype.is_temporal() and found.dtype != pl.Date else tuple(found.unique().sort())


def _arms(rows: pl.DataFrame, values: list[str], where: str) -> dict[str, bool]:
    """Return unit -> treated at some time. A flag may also mark treated cells only; a unit flagged both ways in one period is an error."""
    if values:
        marked = rows.with_columns(pl.col("flag").is_in(values).alias("is_treated"))
        if not marked["is_treated"].any():
            raise InputError(where, f"no row is treated: none holds {' or '.join(values)}", ", ".join(rows["flag"].unique().sort()[:12]))
    else:
        unknown = sorted(set(rows["flag"].str.to_lowercase()) - _YES - _NO)
        if unknown:
            raise InputError(where, f"'{unknown[0]}' says neither treated nor not", "0/1, true/false, pilot/comparison", "Or give --treated COLUMN=VALUE")
        marked = rows.with_columns(pl.col("flag").str.to_lowercase().is_in(sorted(_YES)).alias("is_treated"))
    both = marked.group_by("unit", "period").agg(pl.col("is_treated").n_unique().alias("n")).filter(pl.col("n") > 1)
    if both.height:
        raise InputError(where, f"unit '{both['unit'].sort()[0]}' is both treated and comparison in one period: arms must not overlap")
    arms = dict(marked.group_by("unit").agg(pl.col("is_treated").any()).iter_rows())
    if not any(arms.values()):
        raise InputError(where, "no unit is treated")
    return arms


def _starts(rows: pl.DataFrame, units: tuple[str, ...], arms: dict[str, bool], place: dict, label: str | None, where: str) -> np.ndarray:
    said = {}
    if label is None:
        several = rows.group_by("unit").agg(pl.col("start").n_unique().alias("n")).filter(pl.col("n") > 1)
        if several.height:
            raise InputError(where, f"unit '{several['unit'].sort()[0]}' has more than one start")
        said = dict(rows.group_by("unit").agg(pl.col("start").first()).iter_rows())
    known = {str(each): index for each, index in place.items()}
    starts = np.full(len(units), NEVER, dtype=np.int64)
    for index, unit in enumerate(units):
        if not arms[unit]:
            continue
        name = label if label is not None else said[unit]
        if name in (None, "", 0) or str(name) in ("0", "0.0"):
            continue
        text = str(int(name)) if isinstance(name, float) and name.is_integer() else str(name)
        if text not in known:
            raise InputError(where, f"the start '{text}' is no period of the data", f"{next(iter(known))} to {list(known)[-1]}")
        starts[index] = known[text]
    if not (starts < NEVER).any():
        raise InputError(where, "no treated unit has a start")
    if starts.min() == 0:
        raise InputError(where, f"the start '{next(iter(known))}' is the first period: nothing was measured before it")
    return starts
