"""Turns the frames that SQL returned into the one frame of a Result: percentiles read from their values, rates, limits, comparison beside. Pure.

By numpy and lists, not by Polars expressions: these frames have a few rows, and every expression starts an engine of its own, a quarter of a millisecond
each and two hundred of them a page.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from dashboard.metrics import ranks
from dashboard.metrics.compiler import Query
from dashboard.metrics.definitions import Metric
from dashboard.metrics.hours import hours_in
from dashboard.metrics.intervals import wilson_limits
from dashboard.selection import Selection
from etl.errors import DeclarationError

LEAST_FOR_LIMITS = 6  # below it the extreme values are no 95 % limits of a median


def whole(frames: Sequence[pl.DataFrame], metrics: Sequence[Metric], keys: Sequence[str], split: Sequence[str], unknown: Sequence[Set[str]] = ()) -> pl.DataFrame:
    """Return the period's frame with the comparison's (if there is a second) beside it, absent groups as true zeros, sorted; the total row last.

    `keys` are the columns frames are joined on, `split` those without `is_total`. `unknown` names, for either frame, the counts of a source that
    had sent nothing yet, and for the comparison what had begun in its midst: they are null.
    """
    frame = frames[0]
    if len(frames) > 1:
        frame = joined([frame, pl.DataFrame([each if each.name in keys else each.alias(_before(each.name)) for each in frames[1].get_columns()])], keys)
    counts = [name for metric in metrics for name in _counted(metric) if name in frame.columns]
    blank = {name(code) for codes, name in zip(unknown, (str, _before), strict=False) for code in codes}
    part = {metric.code for metric in metrics if not metric.count} & set().union(*unknown[1:])
    blank |= (gone := {name for name in frame.columns if name.partition("__")[0] in part and "__before" in name})
    counts += sorted(gone)
    filled = [pl.Series(name, [None], dtype=frame.schema[name]).new_from_index(0, frame.height) if name in blank else _zeros(frame[name]) for name in dict.fromkeys(counts) if name in blank or frame[name].null_count()]
    return _sorted(_with(frame, filled), ("is_total", *split) if "is_total" in keys else keys)


def _zeros(series: pl.Series) -> pl.Series:
    """The series with 0 in the place of null."""
    return pl.Series(series.name, [value or 0 for value in series.to_list()], dtype=series.dtype)


def _sorted(frame: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """The rows in the order of the keys, null last."""
    if not keys or frame.height < 2:
        return frame
    rows = list(zip(*([(value is None, value) for value in frame[name].to_list()] for name in keys), strict=True))
    order = sorted(range(frame.height), key=rows.__getitem__)
    return frame if order == list(range(frame.height)) else frame[pl.Series(order, dtype=pl.UInt32)]


def largest(frame: pl.DataFrame, first: Metric, limit: int) -> pl.DataFrame:
    """Keep the groups with the largest first metric, and the total row."""
    order = [name for name in ("is_total", first.code) if name in frame.columns]
    return frame.sort(order, descending=True, nulls_last=True).head(limit + (1 if "is_total" in order else 0))


def joined(frames: Sequence[pl.DataFrame], keys: Sequence[str]) -> pl.DataFrame:
    """Put answers side by side on their keys (null is a value of its own), keeping every group any of them has."""
    first, *rest = frames
    for frame in rest:
        first = first.join(frame, on=list(keys), how="full", nulls_equal=True, coalesce=True) if keys else first.hstack(frame)
    return first


def finished(frame: pl.DataFrame, metrics: Sequence[Metric], keys: Sequence[str], period: Selection, end_local: dt.datetime, grain: str | None, shift: int, seams: Sequence[tuple[dt.datetime, float]] = ()) -> pl.DataFrame:
    """Add what SQL does not make: rates per clock hour, Wilson limits, doubles for counts' neighbours."""
    thin = [_known_enough(frame, metric.code, name) for metric in metrics if metric.quantile for name in (f"{metric.code}__low", f"{metric.code}__high") if name in frame.columns]
    shares = [series for metric in metrics if metric.share for series in _wilson(frame, metric.code)]
    frame = _with(frame, (*thin, *shares))
    rates = [metric for metric in metrics if metric.per_hour]
    if rates:
        hours, time_keys = hours_in(period, end_local, keys, grain, shift, seams)
        if "is_total" in frame.columns:
            hours = hours.with_columns(pl.lit(False).alias("is_total"))
            whole = hours_in(period, end_local, (), None, shift, seams)[0]["hours_n"][0]
            time_keys = [*time_keys, "is_total"]
        frame = frame.join(hours, on=time_keys, how="left", nulls_equal=True) if time_keys else frame.with_columns(pl.lit(hours["hours_n"][0]).alias("hours_n"))
        if "is_total" in frame.columns:
            frame = frame.with_columns(pl.when(pl.col("is_total")).then(pl.lit(whole)).otherwise(pl.col("hours_n")).alias("hours_n"))
        frame = frame.with_columns(pl.when(pl.col("hours_n") > 0).then(pl.col(metric.code) / pl.col("hours_n")).alias(metric.code) for metric in rates).drop("hours_n")
    return frame


def _with(frame: pl.DataFrame, series: Sequence[pl.Series]) -> pl.DataFrame:
    """The frame with these columns, in the place of those of the same name. As `with_columns`, which starts a query of its own: a quarter of a millisecond."""
    return pl.DataFrame(list({each.name: each for each in (*frame.get_columns(), *series)}.values())) if series else frame


def _known_enough(frame: pl.DataFrame, code: str, limit: str) -> pl.Series:
    """A limit of a percentile, null where it rests on too few."""
    few = ranks.numbers(frame[f"{code}__n"]) < LEAST_FOR_LIMITS
    return pl.Series(limit, np.where(few, np.nan, ranks.numbers(frame[limit], np.nan)), nan_to_null=True) if few.any() else frame[limit]


def _wilson(frame: pl.DataFrame, code: str) -> list[pl.Series]:
    limits = wilson_limits(ranks.numbers(frame[code], np.nan), ranks.numbers(frame[f"{code}__n"]))
    return [pl.Series(f"{code}__{side}", values, nan_to_null=True) for side, values in zip(("low", "high"), limits, strict=True)]


def _before(name: str) -> str:
    code, double, part = name.partition("__")
    return f"{code}__before_{part}" if double else f"{code}__before"


def _counted(metric: Metric) -> tuple[str, ...]:
    """Columns in which an absent group is a true zero."""
    n = (f"{metric.code}__n", f"{metric.code}__before_n")
    return (*n, metric.code, f"{metric.code}__before") if metric.count else n


def ranked(query: Query, frame: pl.DataFrame) -> pl.DataFrame:
    """Return the answer with its percentiles and limits in the place of gathered values: the columns of the query's own SQL."""
    return _ordered(query, frame, {name: ranks.groups_of(frame[name]) for name, _ in query.ranked}) if query.ranked else frame


def put_together(fine: Query, frame: pl.DataFrame, query: Query) -> pl.DataFrame:
    """Return the answer of `query` from that of `fine`, the same metrics over smaller groups with their values gathered: counts add up, values are joined.

    Raises DeclarationError for a metric of another kind: a mean or a share of groups is not that of the whole.
    """
    if other := next((metric for metric in query.metrics if not (metric.quantile or metric.count)), None):
        raise DeclarationError(f"metric {other.code}", "it cannot be put together from smaller groups", "counts and percentiles")
    one = sorted({column for _, column in fine.over})
    parts = [name for name in frame.columns if name not in fine.keys and name not in dict(fine.ranked) and name not in one]
    found: dict[tuple, list[int]] = {}
    for number, key in enumerate(zip(*(frame[name].to_list() for name in query.keys), strict=True) if query.keys else [()] * frame.height):
        found.setdefault(key, []).append(number)
    # By hand, not by a group_by: the smallest groups are some hundreds, and every step through Polars costs a quarter of a millisecond.
    order, starts = [number for of in found.values() for number in of], np.cumsum([0, *map(len, found.values())])[:-1]
    firsts = [of[0] for of in found.values()]
    at = pl.Series(firsts, dtype=pl.UInt32)
    rows = pl.DataFrame([*(frame[name][at] for name in (*query.keys, *one)), *(pl.Series(name, _summed(frame[name].to_numpy()[order], starts), dtype=frame.schema[name]) for name in parts)])
    values = {name: ranks.groups_of(frame[name]) for name, _ in fine.ranked}
    groups = {name: [each[of[0]] if len(of) == 1 else np.concatenate([each[number] for number in of]) for of in found.values()] for name, each in values.items()}
    return _ordered(replace(fine, keys=query.keys), rows, groups)


@dataclass(frozen=True)
class ByDay:
    """The answer of a query by day, in the order of its `days`; its gathered values out of their lists: of each, all values in that order, and where each
    day's begin."""

    query: Query
    frame: pl.DataFrame
    days: np.ndarray
    values: Mapping[str, tuple[np.ndarray, np.ndarray]]


def by_day(query: Query, frame: pl.DataFrame) -> ByDay:
    """Put the rows of a query by day in order. Raises DeclarationError for metrics of which days do not make a month."""
    adds_up = [metric for metric in query.metrics if metric.quantile or metric.count or metric.share or (metric.aggregate or "").startswith(("avg(", "sum("))]
    if other := next((metric for metric in query.metrics if metric not in adds_up or metric.needs or metric.privacy != "open"), None):
        raise DeclarationError(f"metric {other.code}", "it cannot be put together from days", "open counts, sums, means, shares and percentiles")
    days = frame["period"].to_numpy()
    order = np.argsort(days, kind="stable")
    kept = pl.DataFrame([each for each in frame.get_columns() if each.name not in dict(query.ranked)])[pl.Series(order, dtype=pl.UInt32)]
    return ByDay(query, kept, days[order], {name: _in_order(*ranks.flat(frame[name]), order) for name, _ in query.ranked})


def each_of(days: ByDay, last_day: dt.date, every: int) -> ByDay:
    """Only each so many days, counted back from the last."""
    if every == 1:
        return days
    order = np.flatnonzero((np.datetime64(last_day, "D") - days.days.astype("datetime64[D]")).astype(np.int64) % every == 0)
    return ByDay(days.query, days.frame[pl.Series(order, dtype=pl.UInt32)], days.days[order], {name: _in_order(*gathered, order) for name, gathered in days.values.items()})


def _in_order(values: np.ndarray, edges: np.ndarray, order: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Gathered values with their rows in another order, and where each row's begin and end."""
    parts = [values[edges[row] : edges[row + 1]] for row in order.tolist()]
    return np.concatenate(parts) if parts else values, np.cumsum([0, *map(len, parts)])


def put_over_days(days: ByDay, query: Query, period: Selection, grain: str | None) -> pl.DataFrame:
    """Return the answer of `query` over a period from that by day of the same metrics: counts and sums add up, shares and means are weighted by their
    rows, values stand together. Raises DeclarationError for a grain finer than the day."""
    if grain == "hour":
        raise DeclarationError("grain", "hours cannot be put together from days", "day, week, month")
    first, end = np.searchsorted(days.days, np.array([period.first_day, period.end_day], dtype=days.days.dtype)).tolist()
    inside, steps = days.frame.slice(first, end - first), _step(days.days[first:end], grain)
    starts = np.flatnonzero(np.diff(steps.astype("datetime64[D]").astype(np.int64), prepend=-(10**6))) if grain else np.zeros(1, dtype=np.int64)
    made = [pl.Series("period", steps[starts].astype("datetime64[D]"), dtype=pl.Date)] if grain else []
    for metric in (metric for metric in query.metrics if not metric.quantile):
        of_day, rows = ranks.numbers(inside[metric.code]), ranks.numbers(inside[f"{metric.code}__n"])
        n = _summed(rows, starts).astype(np.int64)
        if metric.count or (metric.aggregate and metric.aggregate.startswith("sum(")):
            value = _summed(of_day, starts)
        else:
            parts = of_day * rows
            value = _summed(np.round(parts) if metric.share else parts, starts) / np.where(n, n, 1)
        made += [pl.Series(metric.code, value.astype(np.int64)) if metric.count else pl.Series(metric.code, np.where(n, value, np.nan), nan_to_null=True), pl.Series(f"{metric.code}__n", n)]
    edges = [first + step for step in (*starts.tolist(), inside.height)]
    groups = {name: [values[begins[start] : begins[stop]] for start, stop in itertools.pairwise(edges)] for name, (values, begins) in days.values.items()}
    return _ordered(replace(days.query, keys=query.keys, limits=query.limits), pl.DataFrame(made), groups)


def _step(days: np.ndarray, grain: str | None) -> np.ndarray:
    """The first day of each day's week (from Monday) or month, or the day itself."""
    if grain == "week":
        since_monday = (days.astype("datetime64[D]").astype(np.int64) + 3) % 7  # day 0 is a Thursday
        return days.astype("datetime64[D]") - since_monday
    return days.astype("datetime64[M]" if grain == "month" else "datetime64[D]")


def _summed(values: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """The sums of values from each start to the next; 0 where there are no values at all."""
    return np.add.reduceat(values, starts) if len(values) else np.zeros(len(starts), dtype=values.dtype)


def _ordered(query: Query, frame: pl.DataFrame, groups: Mapping[str, Sequence[np.ndarray]]) -> pl.DataFrame:
    """Put the percentiles read from the groups' values beside the other columns, in the order of the query's metrics."""
    over = {code: frame[column].to_numpy() for code, column in query.over}
    made = [series for name, wanted in query.ranked for series in ranks.columns(groups[name], wanted, query.limits, over)]
    gone = {*groups, *dict(query.over).values()}
    whole = {series.name: series for series in (*(each for each in frame.get_columns() if each.name not in gone), *made)}
    order = [name for metric in query.metrics for name in (metric.code, f"{metric.code}__n", f"{metric.code}__low", f"{metric.code}__high") if name in whole]
    return pl.DataFrame([whole[name] for name in dict.fromkeys((*(name for name in whole if name not in set(order)), *order))])
