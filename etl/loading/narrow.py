"""Which recomputed rows say something new: a load recomputes every day a line may reach, and writes only where the answer changed.

Both sides are compared as they lie in the build, so a day that is left out is equal to what is published, row for row.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import duckdb
import polars as pl

from etl.contracts.facts import DQ_SET_APART, FCT_DECLARATION_STAGES, FCT_DECLARATIONS, FCT_VISIT_EVENTS, FCT_VISIT_STEPS, FCT_VISIT_TRACKS
from etl.contracts.fields import Table
from etl.warehouse import SEGMENT_TABLES, Changes, day_of

_BY_ID = (FCT_DECLARATIONS, FCT_DECLARATION_STAGES, DQ_SET_APART)
_BY_VISIT = (FCT_VISIT_STEPS, FCT_VISIT_EVENTS, FCT_VISIT_TRACKS)  # one visit that ends late would have a day's positions written again


def digests_of(build: duckdb.DuckDBPyConnection, days: frozenset[dt.date]) -> dict[str, pl.DataFrame]:
    """Return what `changed` compares with: the digests of these days as the open build has them, by table."""
    cursor = build.cursor()
    return {table.name: _sums(cursor, table.name, table, days) for table in SEGMENT_TABLES if table not in _BY_ID and not _has_lists(table)}


def changed(build: duckdb.DuckDBPyConnection, changes: Changes, digests: Mapping[str, pl.DataFrame]) -> list[Changes]:
    """Return the same changes without what is published as it is: days of a table, and visits of the tables that have many rows a visit.

    Both sides' rows count, in whatever order.
    """
    found: dict[frozenset[dt.date], dict[str, pl.DataFrame]] = {}
    alone: list[Changes] = []
    cursor = build.cursor()
    for table in SEGMENT_TABLES:
        if table.name not in changes.frames:
            continue
        fresh = table.conform(changes.frames[table.name])
        if _has_lists(table):
            found.setdefault(changes.days, {})[table.name] = fresh
            continue
        cursor.register("fresh", fresh)
        marks = _differing(_sums(cursor, "fresh", table, changes.days), digests[table.name])
        cursor.unregister("fresh")
        days = frozenset(marks["day"].unique())
        if not days:
            continue
        fresh = fresh.filter(pl.col(day_of(table)).is_in(sorted(days)))
        if table in _BY_VISIT:
            ids = marks["visit_id"].unique()
            alone.append(Changes({table.name: fresh.filter(pl.col("visit_id").is_in(ids.implode()))}, days, ("visit_id", frozenset(ids))))
        else:
            found.setdefault(days, {})[table.name] = fresh
    return [*(Changes(frames, days) for days, frames in found.items()), *alone]


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


def _differing(one: pl.DataFrame, other: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([mine.join(yours, on=mine.columns, how="anti", nulls_equal=True) for mine, yours in ((one, other), (other, one))])


def _sums(cursor: duckdb.DuckDBPyConnection, source: str, table: Table, days: frozenset[dt.date]) -> pl.DataFrame:
    """Return, a day (and visit), how many rows there are and the sums of two digests a row, which do not depend on the order of rows.

    Both sides are asked in the same session, so the engine's own hash serves; positions need not leave it.
    """
    day, known = f'"{day_of(table)}"', set(cursor.sql(f"SELECT * FROM {source} LIMIT 0").columns)
    by = f"{day} AS day{', visit_id' if table in _BY_VISIT else ''}"
    mine = [name for name in table.columns if name != day_of(table) and not (table in _BY_VISIT and name == "visit_id")]
    names = [f'"{name}"' if name in known else "NULL" for name in mine]  # a build made before a column was invented has none of its values
    sums = ", ".join(f"CAST(sum(hash({', '.join(order)})) % 18446744073709551616 AS UBIGINT) AS digest_{number}" for number, order in enumerate((names, names[::-1])))
    sql = f"SELECT {by}, count(*) AS rows_n, {sums} FROM {source} WHERE {day} BETWEEN ? AND ? AND {day} IN (SELECT unnest(?::DATE[])) GROUP BY ALL"
    return cursor.sql(sql, params=[min(days), max(days), sorted(days)]).pl()
