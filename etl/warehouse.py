"""The build: immutable DuckDB files behind one small pointer. Written by `publish`, opened read-only by `open_build`.

    home/build/<PORT>/current.json                 the pointer, replaced as the last act of a publish
    home/build/<PORT>/2026-09-<token>.duckdb       one local month of every fact table (a segment), never changed
    home/build/<PORT>/ledger-<token>.duckdb        files, freshness, the build's own row and the site's dim_ tables

A segment is a month, not a year: replacing it costs the same with one month loaded as with ten years, and a question
over 24 months runs within 2 ms of the same question over two yearly files. No file is ever renamed over, written after
the pointer names it, or removed before `replaced_build_hours` have passed.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import polars as pl

from etl import clock
from etl.contracts.facts import DQ_FILE_DAYS, DQ_FILES, DQ_REJECTS, FACT_TABLES, META_BUILDS, META_FRESHNESS
from etl.contracts.fields import DUCKDB_TYPES, Table
from etl.contracts.reference import REFERENCE_TABLES, Site
from etl.errors import BuildError
from etl.settings import Settings

POINTER = "current.json"
POINTER_VERSION = 1

# Tables kept by day, in the month segments; all others are small and live in the ledger file, written whole.
SEGMENT_TABLES: tuple[Table, ...] = (*FACT_TABLES, DQ_REJECTS)
LEDGER_FILE_TABLES: tuple[Table, ...] = (DQ_FILES, DQ_FILE_DAYS, META_BUILDS, META_FRESHNESS, *REFERENCE_TABLES)
BUILD_TABLES: tuple[Table, ...] = (*SEGMENT_TABLES, *LEDGER_FILE_TABLES)

# Rows lie in the order pages ask for them, so that DuckDB's zone maps skip what a filter leaves out.
_ORDER = {"fct_visits": ("entry_at", "visit_id")}
# A segment of which more than this share of days changes is written anew instead of copied and patched.
_PATCH_SHARE = 0.4
# After so many patches in a row a segment is written anew, so that its order and size stay good.
_PATCHES_MOST = 12


def day_of(table: Table) -> str:
    """Return the local date column that decides in which segment a row lies."""
    return table.day or "day"


@dataclass(frozen=True)
class Changes:
    """What a publish puts in: every row of `days` for every table given. Absent tables keep theirs. `days` None means these are all rows there are.

    With `ids` (a column and its values) only the rows of `days` that bear one of them are replaced.
    """

    frames: Mapping[str, pl.DataFrame]
    days: frozenset[dt.date] | None = None
    ids: tuple[str, frozenset[str]] | None = None


@dataclass(frozen=True)
class OpenBuild:
    """One build, opened read-only: an in-memory DuckDB holding a view per table, named exactly as the table.

    Use a cursor per query (`connection.cursor()`); the views are seen by every cursor.
    """

    connection: duckdb.DuckDBPyConnection
    build_id: str
    pointer: dict = field(repr=False)


def read_pointer(build_root: Path, port_code: str) -> dict | None:
    """Return the pointer of a port's current build, or None before the first publish. Raises BuildError for one made by unknown rules."""
    path = build_root / port_code / POINTER
    try:
        pointer = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    if pointer.get("version") != POINTER_VERSION:
        raise BuildError(str(path), f"the build has layout {pointer.get('version')}", f"layout {POINTER_VERSION}", "Run `smartport rebuild` with this program")
    return pointer


def current_build_id(build_root: Path, port_code: str) -> str | None:
    """Return the id of the port's current build, or None. One small read: cheap enough to poll."""
    pointer = read_pointer(build_root, port_code)
    return pointer["build_id"] if pointer else None


def open_build(build_root: Path, port_code: str, months: Set[str] | None = None) -> OpenBuild:
    """Open the port's current build, or only these months of it (segment_name). Raises BuildError when none is published.

    A file the pointer named can only vanish if the pointer is older than `replaced_build_hours`; then the newer pointer is read.
    """
    for _ in range(3):
        pointer = read_pointer(build_root, port_code)
        if pointer is None:
            raise BuildError(str(build_root / port_code), "no build is published", "", "Run `smartport load INBOX` first")
        try:
            return OpenBuild(_attach(build_root / port_code, pointer, months), pointer["build_id"], pointer)
        except duckdb.IOException as error:
            failed = error
    raise BuildError(str(build_root / port_code), f"a file of build {pointer['build_id']} cannot be read ({failed})", "", "Run `smartport rebuild`")


def _attach(folder: Path, pointer: dict, months: Set[str] | None) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    _attach_file(connection, folder / pointer["ledger"], "ledger")
    segments = [segment for month, segment in pointer["segments"].items() if months is None or month in months]
    for index, segment in enumerate(segments):
        _attach_file(connection, folder / segment["name"], f"segment_{index}")
    for table in LEDGER_FILE_TABLES:
        connection.execute(f"CREATE VIEW {table.name} AS SELECT * FROM ledger.{table.name}")
    for table in SEGMENT_TABLES:
        holders = [index for index, segment in enumerate(segments) if segment["rows"].get(table.name)]
        parts = [f"SELECT * FROM segment_{index}.{table.name}" for index in holders] or [_no_rows(table)]
        connection.execute(f"CREATE VIEW {table.name} AS {' UNION ALL '.join(parts)}")
    return connection


def _attach_file(connection: duckdb.DuckDBPyConnection, path: Path, name: str) -> None:
    connection.execute(f"ATTACH {_quoted(path)} AS {name} (READ_ONLY)")


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _no_rows(table: Table) -> str:
    columns = ", ".join(f'CAST(NULL AS {DUCKDB_TYPES[column.kind]}) AS "{column.name}"' for column in table.fields)
    return f"SELECT {columns} WHERE false"


def publish(
    settings: Settings, site: Site, changes: Changes | Iterable[Changes | Sequence[Changes]], ledger: Mapping[str, pl.DataFrame], manifest_n: int = 0,
    state: Mapping | None = None, *, is_whole: bool = False,
) -> str:  # fmt: skip
    """Write the changed segments and the ledger beside the old ones, then point to them. Return the build id.

    Several `changes` are taken one after the other, so that a long history need not lie in memory at once; those given side by
    side, of different tables, are written together. `is_whole` says that all of them are all rows there are. `ledger` holds dq_files, dq_file_days, meta_builds (one row) and
    meta_freshness; absent tables are empty, an absent meta_builds is made up (for tests that write a small build from
    frames). Further frames in it whose name starts with `int_` are kept in the ledger file for the next load. `state` goes
    into the pointer as it is. Until the last statement the old build is the current one.
    """
    folder = settings.build / site.port_code
    folder.mkdir(parents=True, exist_ok=True)
    old = read_pointer(settings.build, site.port_code)
    about = ledger.get("meta_builds")
    about = META_BUILDS.conform(about) if about is not None else _made_up_build(site, changes, manifest_n)
    build_id = about["build_id"][0]
    token = f"{build_id[:8]}-{secrets.token_hex(3)}"
    segments = {} if is_whole or old is None or (isinstance(changes, Changes) and changes.days is None) else dict(old["segments"])
    for serial, change in enumerate([changes] if isinstance(changes, Changes) else changes):
        segments = _write_segments(folder, segments, [change] if isinstance(change, Changes) else change, f"{token}-{serial}", is_append=is_whole)
    ledger_name = f"ledger-{token}.duckdb"
    _write_ledger(folder / ledger_name, site, {**ledger, "meta_builds": about})
    pointer = {
        "version": POINTER_VERSION, "port_code": site.port_code, "build_id": build_id, "manifest_n": manifest_n, "ledger": ledger_name,
        "segments": dict(sorted(segments.items())), "state": dict(state or {}), "replaced": _replaced(old, ledger_name, segments),
    }  # fmt: skip
    _point(folder, pointer)
    sweep(folder, settings.replaced_build_hours)
    return build_id


def _made_up_build(site: Site, changes: Changes | Iterable[Changes | Sequence[Changes]], manifest_n: int) -> pl.DataFrame:
    given = changes.frames if isinstance(changes, Changes) else {}
    newest = [frame[column].max() for name, column in (("fct_visits", "entry_at"), ("fct_visits", "exit_at"), ("fct_zone_stays", "left_at"))
              if (frame := given.get(name)) is not None and column in frame.columns]  # fmt: skip
    now_at = max((at for at in newest if at is not None), default=None)
    digest = hashlib.sha256(f"{site.digest}|{manifest_n}|{secrets.token_hex(8)}".encode()).hexdigest()[:16]
    return build_row(site, digest, now_at, files_n=0)


def build_row(site: Site, build_id: str, now_at: dt.datetime | None, files_n: int, rules_version: str = "") -> pl.DataFrame:
    """Return the one row of meta_builds."""
    now = pl.Series("now_at", [now_at], dtype=pl.Datetime("us"))
    row = pl.DataFrame(
        {
            "port_code": site.port_code, "build_id": build_id, "built_at": dt.datetime.now(dt.UTC).replace(tzinfo=None), "port_name": site.port_name,
            "zone_name": site.zone_name, "rules_version": rules_version, "tzdata_version": clock.TZDATA_VERSION, "is_sample": site.is_sample, "files_n": files_n,
        }
    )  # fmt: skip
    return META_BUILDS.conform(row.with_columns(now, clock.to_local(now, site.zone_name).alias("now_local_at")))


def segment_name(day: dt.date) -> str:
    return f"{day:%Y-%m}"


def _write_segments(folder: Path, kept: dict[str, dict], together: Sequence[Changes], token: str, *, is_append: bool) -> dict[str, dict]:
    """Return the segments by month after changes of different tables: untouched ones as they were, touched ones under new names.

    `is_append`: the changes bring what no earlier one of this publish brought, so nothing has to be taken out.
    """
    kept = dict(kept)
    by_month: dict[str, dict[int, dict[str, pl.DataFrame]]] = {}
    for serial, changes in enumerate(together):
        for table in SEGMENT_TABLES:
            if (frame := changes.frames.get(table.name)) is None or frame.is_empty():
                continue
            named = table.conform(frame)
            if table.name in _ORDER or not named[day_of(table)].is_sorted():  # the transforms' frames come in order
                named = named.sort(_ORDER.get(table.name, (day_of(table), *table.key)), nulls_last=True)
            for month, part in _by_month(named, day_of(table)):
                by_month.setdefault(month, {}).setdefault(serial, {})[table.name] = part
    touched = set(by_month) | {segment_name(day) for changes in together for day in changes.days or ()} & set(kept)
    for month in sorted(touched):
        parts = [_Part.of(changes, month, by_month.get(month, {}).get(serial, {})) for serial, changes in enumerate(together)]
        old = kept.pop(month, None)
        segment = _write_segment(folder, f"{month}-{token}.duckdb", old, parts, is_append=is_append)
        if is_append and old:
            (folder / old["name"]).unlink()  # of this very publish: nobody has seen it
        if segment:
            kept[month] = segment
    return kept


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
    connection = duckdb.connect()
    try:
        # Nobody reads the file before the pointer names it, and then it is whole: a write-ahead log would only write all rows twice.
        connection.execute(f"ATTACH {_quoted(path)} AS segment (RECOVERY_MODE NO_WAL_WRITES)")
        if old and not patched and not is_anew:
            _attach_file(connection, folder / old["name"], "old")
        if not patched:
            for table in SEGMENT_TABLES:
                _do(connection, table.ddl("segment."))

        # One table after the other: two cursors writing side by side lost whole tables of a month without an error.
        rows = {}
        for table in SEGMENT_TABLES:
            part = next((part for part in parts if table.name in part.given), None)
            before = old["rows"].get(table.name, 0) if old and not is_anew else 0
            where, values = part.replaced(table) if part and before and not is_append else ("false", [])
            if before and not patched:
                before = _do(connection, f"INSERT INTO segment.{table.name} SELECT * FROM old.{table.name} WHERE NOT ({where})", values)[0][0]
            elif before and part and not is_append:
                before -= _do(connection, f"DELETE FROM segment.{table.name} WHERE {where}", values)[0][0]
            frame = part.frames.get(table.name) if part else None
            if frame is not None:
                connection.register("incoming", frame)
                _do(connection, f"INSERT INTO segment.{table.name} SELECT * FROM incoming")
                connection.unregister("incoming")
            rows[table.name] = before + (0 if frame is None else frame.height)
        _do(connection, "CHECKPOINT segment")
    finally:
        connection.close()
    if not any(rows.values()):
        path.unlink()
        return None
    _check_rows(path, rows)
    _sync(path)
    return {"name": name, "rows": rows, "patches_n": old["patches_n"] + (not is_append) if patched else 0}


def _write_ledger(path: Path, site: Site, ledger: Mapping[str, pl.DataFrame]) -> None:
    connection = duckdb.connect(str(path))
    try:
        for table in LEDGER_FILE_TABLES:
            frame = site.tables.get(table.name) if table in REFERENCE_TABLES else ledger.get(table.name)
            _do(connection, table.ddl())
            if frame is not None and not frame.is_empty():
                connection.register("incoming", table.conform(frame))
                _do(connection, f"INSERT INTO {table.name} SELECT * FROM incoming ORDER BY {', '.join(table.key)}")
                connection.unregister("incoming")
        for name, frame in ledger.items():
            if name.startswith("int_"):
                connection.register("incoming", frame)
                _do(connection, f"CREATE TABLE {name} AS SELECT * FROM incoming")
                connection.unregister("incoming")
        _do(connection, "CHECKPOINT")
    finally:
        connection.close()
    _sync(path)


def _check_rows(path: Path, rows: Mapping[str, int]) -> None:
    """Read the written file anew and count. Raises BuildError when a table does not hold what was put in; nothing is published then."""
    with duckdb.connect(str(path), read_only=True) as connection:
        for name, expected in rows.items():
            if (found := _do(connection, f"SELECT count(*) FROM {name}")[0][0]) != expected:
                raise BuildError(f"{path.name} table {name}", f"{found:,} rows were written of {expected:,}", "", "Load again; the last build stands")


def _do(connection: duckdb.DuckDBPyConnection, sql: str, values: list | None = None) -> list[tuple]:
    """Run one statement to its end: an unread result, even of an INSERT, would own the connection."""
    return connection.execute(sql, values or []).fetchall()


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _replaced(old: dict | None, ledger_name: str, segments: Mapping[str, dict]) -> list[dict]:
    """Return the files that were current once, with the instant they stopped being so."""
    if old is None:
        return []
    now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    living = {ledger_name, *(segment["name"] for segment in segments.values())}
    gone = [name for name in (old["ledger"], *(segment["name"] for segment in old["segments"].values())) if name not in living]
    return [*old["replaced"], *({"name": name, "at": now} for name in gone)]


def _point(folder: Path, pointer: dict) -> None:
    fresh = folder / f".{POINTER}-{secrets.token_hex(4)}"
    with fresh.open("w", encoding="utf-8") as file:
        json.dump(pointer, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    os.replace(fresh, folder / POINTER)
    directory = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def sweep(folder: Path, hours: float) -> int:
    """Remove files replaced more than `hours` ago and what a killed publish left behind. Only the lock holder may call it."""
    pointer = json.loads((folder / POINTER).read_bytes()) if (folder / POINTER).exists() else {"segments": {}, "replaced": []}
    limit = dt.datetime.now(dt.UTC) - dt.timedelta(hours=hours)
    waiting = {entry["name"] for entry in pointer["replaced"] if dt.datetime.fromisoformat(entry["at"]) > limit}
    living = {POINTER, pointer.get("ledger"), *(segment["name"] for segment in pointer["segments"].values())}
    removed = 0
    for path in folder.iterdir():
        if path.name not in living | waiting and path.is_file():
            path.unlink()
            removed += 1
    return removed


def read_ledger(build_root: Path, pointer: dict, names: Iterable[str]) -> dict[str, pl.DataFrame]:
    """Return tables of the current ledger file as frames (contract tables or the `int_` ones a load keeps there)."""
    connection = duckdb.connect()
    try:
        _attach_file(connection, build_root / pointer["port_code"] / pointer["ledger"], "ledger")
        known = {row[0] for row in connection.execute("SELECT table_name FROM duckdb_tables() WHERE database_name = 'ledger'").fetchall()}
        return {name: connection.sql(f"SELECT * FROM ledger.{name}").pl() for name in names if name in known}
    finally:
        connection.close()
