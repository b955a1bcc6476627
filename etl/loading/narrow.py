"""Which recomputed rows say something new: a load recomputes every day a line may reach, and writes only where the answer changed.

Both sides are compared as they lie in the build, so a day that is left out is equal to what is published, row for row.
"""

from __future__ import annotations

import datetime as dt

import duckdb
import polars as pl

from etl.contracts.facts import FCT_DECLARATION_STAGES, FCT_DECLARATIONS
from etl.contracts.fields import Table
from etl.warehouse import SEGMENT_TABLES, Changes, day_of

_SEEDS = (1, 2)  # two 64-bit digests a row: that two different days are taken for one is out of the question
_BY_ID = (FCT_DECLARATIONS, FCT_DECLARATION_STAGES)


def by_day(build: duckdb.DuckDBPyConnection, changes: Changes) -> list[Changes]:
    """Return the same changes without the days of a table that are published as they are. Both sides' rows count, in whatever order."""
    found: dict[frozenset[dt.date], dict[str, pl.DataFrame]] = {}
    for table in SEGMENT_TABLES:
        if table.name not in changes.frames:
            continue
        fresh = table.conform(changes.frames[table.name])
        days = changes.days if _has_lists(table) else _differing(table, fresh, published(build, table, changes.days))
        if days:
            found.setdefault(frozenset(days), {})[table.name] = fresh.filter(pl.col(day_of(table)).is_in(sorted(days)))
    return [Changes(frames, days) for days, frames in found.items()]


def by_declaration(build: duckdb.DuckDBPyConnection, frames: dict[str, pl.DataFrame], days: frozenset[dt.date]) -> list[Changes]:
    """Return the changes to the declarations lodged on `days`, `frames` being all of them as they should be: only those that differ.

    A month of declarations hangs on one day of visits, and few of them change: they are replaced one by one, not day by day.
    """
    fresh = {table.name: table.conform(frames[table.name]) for table in _BY_ID}
    old = {table.name: published(build, table, days) for table in _BY_ID}
    ids: set[str] = set()
    on: set[dt.date] = set()
    for table in _BY_ID:
        columns = list(table.columns)
        for one, other in ((old[table.name], fresh[table.name]), (fresh[table.name], old[table.name])):
            alone = one.join(other, on=columns, how="anti", nulls_equal=True)
            ids |= set(alone["declaration_id"].unique())
            on |= set(alone["lodged_day"].unique())
    if not ids:
        return []
    mine = pl.col("declaration_id").is_in(sorted(ids))
    # A declaration that differs in one table may stand in the other on days of its own.
    on |= {day for part in (*old.values(), *fresh.values()) for day in part.filter(mine)["lodged_day"].unique()}
    return [Changes({name: frame.filter(mine) for name, frame in fresh.items()}, frozenset(on), ("declaration_id", frozenset(ids)))]


def published(build: duckdb.DuckDBPyConnection, table: Table, days: frozenset[dt.date]) -> pl.DataFrame:
    """Return the rows of a table on these days as the open build has them."""
    day = f'"{day_of(table)}"'
    sql = f"SELECT * FROM {table.name} WHERE {day} BETWEEN ? AND ? AND {day} IN (SELECT unnest(?::DATE[]))"
    return table.conform(build.cursor().sql(sql, params=[min(days), max(days), sorted(days)]).pl())


def _has_lists(table: Table) -> bool:
    return any(dtype.is_nested() for dtype in table.schema.values())


def _differing(table: Table, fresh: pl.DataFrame, old: pl.DataFrame) -> set[dt.date]:
    sums = [_sums(frame, day_of(table)) for frame in (fresh, old)]
    alone = [one.join(other, on=one.columns, how="anti", nulls_equal=True) for one, other in (sums, sums[::-1])]
    return set(pl.concat(alone)["day"])


def _sums(frame: pl.DataFrame, day: str) -> pl.DataFrame:
    """Return, a day, how many rows there are and the sums of their digests, which do not depend on the order of rows."""
    digests = [frame.hash_rows(seed).alias(f"digest_{seed}") for seed in _SEEDS]
    return pl.DataFrame([frame[day].alias("day"), *digests]).group_by("day").agg(pl.len().alias("rows_n"), pl.col("^digest_.*$").sum())
