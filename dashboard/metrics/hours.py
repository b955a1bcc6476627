"""How many clock hours a cell holds, for rates per hour: counted on the calendar, so that an hour without trucks still counts. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import polars as pl

from dashboard.selection import Selection

_PARTS = {
    "hour": pl.col("at").dt.hour().cast(pl.Int64), "weekday": pl.col("at").dt.weekday().cast(pl.Int64),
    "hour_of_week": ((pl.col("at").dt.weekday().cast(pl.Int64) - 1) * 24 + pl.col("at").dt.hour()).cast(pl.Int64),
}  # fmt: skip


def hours_in(selection: Selection, now_local: dt.datetime, keys: Sequence[str], grain: str | None, shift_days: int = 0, seams: Sequence[tuple[dt.datetime, float]] = ()) -> tuple[pl.DataFrame, list[str]]:
    """Return (time keys + hours_n, time keys) of the period's clock hours up to now; the running hour counts as its part.

    `seams` are the hours a clock change makes longer or shorter (clock.seams): a local day may have 23 or 25 hours.
    """
    first, end = (dt.datetime.combine(day, dt.time()) for day in (selection.first_day, selection.end_day))
    end = max(min(end, now_local), first + dt.timedelta(hours=1))
    at = pl.DataFrame({"at": pl.datetime_range(first, end, "1h", closed="left", eager=True).cast(pl.Datetime("us"))})
    part = ((pl.lit(end) - pl.col("at")).dt.total_seconds() / 3600).clip(0, 1) * (1 + pl.col("at").replace_strict(dict(seams), default=0.0, return_dtype=pl.Float64) if seams else 1)
    part = part.alias("part")
    columns = {name: expr for name, expr in _PARTS.items() if name in keys}
    if grain:
        moved = pl.col("at").dt.offset_by(f"{shift_days}d")
        columns["period"] = moved if grain == "hour" else moved.dt.truncate({"day": "1d", "week": "1w", "month": "1mo"}[grain]).cast(pl.Date)
    names = list(columns)
    hours = at.select(part, *(expr.alias(name) for name, expr in columns.items()))
    counted = hours.group_by(names).agg(pl.col("part").sum().alias("hours_n")) if names else hours.select(pl.col("part").sum().alias("hours_n"))
    return counted, names
