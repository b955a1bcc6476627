"""What the retention has let go. Rows of the lake go by whole UTC months; what they counted stays, so that every file's lines are accounted for to the end.

Facts begin later than rows: a fact of a day hangs on rows up to 50 days before it (a declaration a month before its visit, a stay of 30 days, the
margins around both), so only days that have all of that before them are published, and those are what they were.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from etl.contracts.interim import INT_FILE_COUNTS
from etl.contracts.staged import STAGED_TABLES
from etl.lake import NO_DAY, Lake, Part
from etl.loading import recompute

CONTEXT_MONTHS = 2  # from the first row kept to the first fact shown; at least 59 days, of which facts need 50
_COMPUTED_BEFORE = dt.timedelta(days=10)  # visits a declaration of the first day shown may have: computed, not shown
_COUNTED = {table.name for table in STAGED_TABLES}
_KEPT = {"int_files", INT_FILE_COUNTS.name}  # counts and names of files: no row of a log, no identity


def limits(today: dt.date, years: int) -> tuple[dt.date, dt.date]:
    """Return (first day of rows kept, first day of facts shown): no month stays that ended more than `years` ago."""
    month = today.year * 12 + today.month - 1 - 12 * years
    return _first_of(month), _first_of(month + CONTEXT_MONTHS)


def _first_of(month: int) -> dt.date:
    return dt.date(month // 12, month % 12 + 1, 1)


def old_parts(lake: Lake, rows_from: dt.date) -> list[Part]:
    """Return the living parts that lie wholly before a month's first day. A part never holds rows of two months; rows without a day have no age."""
    return [part for part in lake.manifest.parts if part.table not in _KEPT and part.last_day < rows_from.isoformat() and part.first_day != NO_DAY.isoformat()]


def prune(lake: Lake, zone: str, rows_from: dt.date, facts_from: dt.date) -> None:
    """Let go of what is older, keeping its counts, and remember the limits for every later load."""
    gone = old_parts(lake, rows_from)
    days: dict[str, set[dt.date]] = {}
    for part in gone:
        if part.table in _COUNTED:
            first, last = dt.date.fromisoformat(part.first_day), dt.date.fromisoformat(part.last_day)
            days.setdefault(part.table, set()).update(first + dt.timedelta(days=step) for step in range((last - first).days + 1))
    for day in sorted(days.pop("stg_tracking", ())):
        lake.append(INT_FILE_COUNTS.name, lake.read_day("stg_tracking", day, zone)[1])
    for name, run in recompute.runs_to_count(days):
        lake.append(INT_FILE_COUNTS.name, recompute.recount(lake, name, run, zone))
    lake.drop(gone)
    lake.commit(rows_from=rows_from.isoformat(), facts_from=facts_from.isoformat())


def prune_again(lake: Lake, zone: str) -> None:
    """After a load or a replay brought rows older than the limits there are: let them go too."""
    if lake.manifest.rows_from and old_parts(lake, dt.date.fromisoformat(lake.manifest.rows_from)):
        prune(lake, zone, dt.date.fromisoformat(lake.manifest.rows_from), dt.date.fromisoformat(lake.manifest.facts_from))


def with_pruned(lake: Lake, counts: pl.DataFrame) -> pl.DataFrame:
    """Return INT_FILE_COUNTS of all rows there ever were: of those kept as counted now, of those let go as counted then."""
    if not lake.manifest.rows_from:
        return counts
    # A late file may have brought a day's rows in several turns.
    then = lake.rows(INT_FILE_COUNTS.name).group_by("table_name", "file_id", "utc_day", "day").agg(pl.col("good_n").sum(), pl.col("duplicate_n").sum())
    now = counts.filter(pl.col("utc_day") >= dt.date.fromisoformat(lake.manifest.rows_from))
    return pl.concat([now, INT_FILE_COUNTS.conform(then)]).sort("table_name", "file_id", "utc_day", "day")


def computed(lake: Lake, days: set[dt.date]) -> set[dt.date]:
    """Return those of the days whose facts can be made anew, a few of them only because later ones look back at them."""
    if not lake.manifest.facts_from:
        return days
    first = dt.date.fromisoformat(lake.manifest.facts_from) - _COMPUTED_BEFORE
    return {day for day in days if day >= first or day == NO_DAY}


def rejects_n(lake: Lake, dq_files: pl.DataFrame) -> int:
    """Return how many rejected lines a build must hold: those of files that have no date or one that is still shown."""
    shown = dq_files
    if lake.manifest.facts_from:
        shown = dq_files.filter(pl.col("file_on").is_null() | (pl.col("file_on") >= dt.date.fromisoformat(lake.manifest.facts_from)))
    return int(shown["rejected_n"].sum() or 0)
