"""Local columns: wall time, day, hour and weekday of UTC instants, by etl.clock and nowhere else in the transforms."""

from __future__ import annotations

import polars as pl

from etl import clock


def with_local(frame: pl.DataFrame, zone: str, **names: str) -> pl.DataFrame:
    """Add one local wall time a pair: with_local(frame, zone, entry_local_at="entry_at")."""
    return frame.with_columns(clock.to_local(frame[instant], zone).alias(name) for name, instant in names.items())


def with_day(frame: pl.DataFrame, zone: str, day: str, instant: str, hour: str | None = None, weekday: str | None = None) -> pl.DataFrame:
    """Add the local date of `instant`, and its hour (0 to 23) and ISO weekday when names are given."""
    local = clock.to_local(frame[instant], zone)
    extra = [local.dt.date().alias(day)]
    extra += [local.dt.hour().cast(pl.Int64).alias(hour)] if hour else []
    extra += [local.dt.weekday().cast(pl.Int64).alias(weekday)] if weekday else []
    return frame.with_columns(extra)


def minutes(later: str | pl.Expr, earlier: str | pl.Expr) -> pl.Expr:
    """Return the minutes from `earlier` to `later`, null when either is."""
    later, earlier = (pl.col(end) if isinstance(end, str) else end for end in (later, earlier))
    return (later - earlier).dt.total_microseconds() / 60_000_000
