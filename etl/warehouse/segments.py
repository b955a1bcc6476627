"""Month segments: which rows of which month change, written as a new file beside the old one and counted again."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl

from etl import checksums
from etl.contracts.fields import Table
from etl.errors import BuildError
from etl.warehouse.files import attach, check_rows, do, quoted, seal, sync
from etl.warehouse.tables import ORDER, SEGMENT_TABLES, day_of, segment_name

# A segment of which more than this share of days changes is written anew instead of copied and patched.
_PATCH_SHARE = 0.4
# After so many patches in a row a segment is written anew, so that its order and size stay good.
_PATCHES_MOST = 12


@dataclass(frozen=True)
class Changes:
    """What a publish puts in: every row of `days` for every table given. Absent tables keep theirs. `days` None means these are all rows there are.

    With `ids` (a column and its values) only the rows of `days` that bear one of them are replaced.
    """

    frames: Mapping[str, pl.DataFrame]
    days: frozenset[dt.date] | None = None
    ids: tuple[str, frozenset[str]] | None = None


def write_segments(folder: Path, kept: dict[str, dict], together: Sequence[Changes], token: str, *, is_append: bool) -> dict[str, dict]:
    """Return the segments by month after changes of different tables: untouched ones as they were, touched ones under new names.

    `is_append`: the changes bring what no earlier one of this publish brought, so nothing has to be taken out.
    """
    kept = dict(kept)
    _check_apart(together)
    by_month: dict[str, dict[int, dict[str, pl.DataFrame]]] = {}
    for serial, changes in enumerate(together):
        for table in SEGMENT_TABLES:
            if (frame := changes.frames.get(table.name)) is None or frame.is_empty():
                continue
            named = table.conform(frame)
            _check_days(named, table, changes.days)
            if table.name in ORDER or not named[day_of(table)].is_sorted():  # the transforms' frames come in order
                named = named.sort(ORDER.get(table.name, (day_of(table), *table.key)), nulls_last=True)
            for month, part in _by_month(named, day_of(table)):
                by_month.setdefault(month, {}).setdefault(serial, {})[table.name] = part
    touched = set(by_month) | {segment_name(day) for changes in together for day in changes.days or ()} & set(kept)

    def written(month: str) -> dict | None:
        parts = [_Part.of(changes, month, by_month.get(month, {}).get(serial, {})) for serial, changes in enumerate(together)]
        old = kept.get(month)
        segment = _write_segment(folder, f"{month}-{token}.duckdb", old, parts, is_append=is_append)
        if is_append and old:
            (folder / old["name"]).unlink()  # of this very publish: nobody has seen it
        return segment

    # Each month is a file and an engine of its own; within one, tables are written one after the other.
    months = sorted(touched)
    with ThreadPoolExecutor(2) as pool:
        segments = dict(zip(months, pool.map(written, months), strict=True))
    return {month: segment for month, segment in (kept | segments).items() if segment}


def _check_apart(together: Sequence[Changes]) -> None:
    """Raise BuildError when two changes of one step give the same table: the rows of one of them would be lost without a word."""
    given = [name for changes in together for name in changes.frames]
    if twice := sorted({name for name in given if given.count(name) > 1}):
        raise BuildError("a publish", f"table {twice[0]} is given twice in one step", "", "A fault of ours: nothing is published; the last build stands")


def _check_days(frame: pl.DataFrame, table: Table, days: frozenset[dt.date] | None) -> None:
    """Raise BuildError for rows without a day, which lie in no month, or of days that are not being replaced, which would then stand there twice."""
    on = frame[day_of(table)]
    wrong = on.null_count() + (0 if days is None else int((~on.is_in(sorted(days))).sum() or 0))
    if wrong:
        raise BuildError(f"table {table.name}", f"{wrong:,} rows lie outside the days that are written", "", "A fault of ours: nothing is published; the last build stands")


@dataclass(frozen=True)
class _Part:
    """What one of several changes means for one month: the new rows, and which old ones of the `given` tables they replace (`days` None: all)."""

    frames: Mapping[str, pl.DataFrame]
    given: frozenset[str]
    days: list[dt.date] | None
    ids: tuple[str, frozenset[str]] | None

    @classmethod
    def of(cls, changes: Changes, month: str, frames: Mapping[str, pl.DataFrame]) -> _Part:
        days = None if changes.days is None else sorted(day for day in changes.days if segment_name(day) == month)
        return cls(frames, frozenset(changes.frames), days, changes.ids)

    def replaced(self, table: Table) -> tuple[str, list]:
        """Return the condition, with its values, of the old rows that go."""
        if self.ids is None:
            return f'"{day_of(table)}" IN (SELECT unnest(?::DATE[]))', [self.days]
        column, values = self.ids
        return f'"{day_of(table)}" IN (SELECT unnest(?::DATE[])) AND "{column}" IN (SELECT unnest(?::VARCHAR[]))', [self.days, sorted(values)]


def _by_month(frame: pl.DataFrame, day: str) -> Iterable[tuple[str, pl.DataFrame]]:
    months = frame[day].dt.truncate("1mo")
    for month in months.unique(maintain_order=True):
        yield segment_name(month), frame.filter(months == month)


def _write_segment(folder: Path, name: str, old: dict | None, parts: Sequence[_Part], *, is_append: bool) -> dict | None:
    """Write one month. `old` is its segment so far; without days a part replaces all of it, tables that no part gives included."""
    path = folder / name
    is_anew = any(part.days is None for part in parts)
    days = {day for part in parts if part.ids is None for day in part.days or ()}
    patched = bool(old and not is_anew and (is_append or (len(days) < _PATCH_SHARE * 31 and old["patches_n"] < _PATCHES_MOST)))
    if patched:
        shutil.copyfile(folder / old["name"], path)
        if fault := checksums.fault_of(path, old.get("bytes_n"), old.get("digest")):  # DuckDB looks at the blocks it reads only; the others would be sealed anew
            path.unlink()
            raise BuildError(str(folder / old["name"]), f"the month is damaged: {fault}", "", "Run `smartport rebuild`; nothing is published")
    connection = duckdb.connect()
    try:
        # Nobody reads the file before the pointer names it, and then it is whole: a write-ahead log would only write all rows twice.
        do(connection, f"ATTACH {quoted(path)} AS segment (RECOVERY_MODE NO_WAL_WRITES)")
        if old and not is_anew:
            attach(connection, folder / old["name"], "old")
        if not patched:
            for table in SEGMENT_TABLES:
                do(connection, table.ddl("segment."))

        # One table after the other: two cursors writing side by side lost whole tables of a month without an error. What a table must
        # hold in the end is known from the file before and the frame, not from what the statements say of themselves.
        rows = {}
        for table in SEGMENT_TABLES:
            part = next((part for part in parts if table.name in part.given), None)
            before = old["rows"].get(table.name, 0) if old and not is_anew else 0
            where, values = part.replaced(table) if part and before and not is_append else ("false", [])
            gone = do(connection, f"SELECT count(*) FROM old.{table.name} WHERE {where}", values)[0][0] if before else 0
            if before and not patched:
                do(connection, f"INSERT INTO segment.{table.name} SELECT * FROM old.{table.name} WHERE NOT ({where})", values)
            elif gone:
                do(connection, f"DELETE FROM segment.{table.name} WHERE {where}", values)
            frame = part.frames.get(table.name) if part else None
            if frame is not None:
                connection.register("incoming", frame)
                do(connection, f"INSERT INTO segment.{table.name} SELECT * FROM incoming")
                connection.unregister("incoming")
            rows[table.name] = before - gone + (0 if frame is None else frame.height)
        do(connection, "CHECKPOINT segment")
    finally:
        connection.close()
    if not any(rows.values()):
        path.unlink()
        return None
    check_rows(path, rows)
    sync(path)
    return {"name": name, "rows": rows, "patches_n": old["patches_n"] + (not is_append) if patched else 0, **seal(path)}
