"""Opening a build: an in-memory DuckDB with a view a table over the files the pointer names, all of them read-only."""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import polars as pl

from etl import checksums
from etl.contracts.fields import DUCKDB_TYPES, Table
from etl.errors import BuildError, DamageError
from etl.warehouse.files import attach
from etl.warehouse.pointer import read_pointer
from etl.warehouse.tables import LEDGER_FILE_TABLES, SEGMENT_TABLES, SHAPE


@dataclass(frozen=True)
class OpenBuild:
    """One build, opened read-only: an in-memory DuckDB holding a view per table, named exactly as the table.

    Use a cursor per query (`connection.cursor()`); the views are seen by every cursor.
    """

    connection: duckdb.DuckDBPyConnection
    build_id: str
    pointer: dict = field(repr=False)


def open_build(build_root: Path, port_code: str, months: Set[str] | None = None) -> OpenBuild:
    """Open the port's current build, or only these months of it (segment_name). Raises BuildError when none is published.

    A file the pointer named can only vanish if the pointer is older than `replaced_build_hours`; then the newer pointer is read.
    """
    for _ in range(3):
        pointer = read_pointer(build_root, port_code)
        if pointer is None:
            raise BuildError(str(build_root / port_code), "no build is published", "", "Run `smartport load INBOX` first")
        try:
            return OpenBuild(_views(build_root / port_code, pointer, months), pointer["build_id"], pointer)
        except (duckdb.Error, BuildError) as error:
            failed = error.found if isinstance(error, BuildError) else str(error).split("\n")[0]
    raise DamageError(str(build_root / port_code), f"a file of build {pointer['build_id']} cannot be read ({failed})", "", "Run `smartport verify` to see what is damaged, `smartport rebuild` to make the build anew")


def _views(folder: Path, pointer: dict, months: Set[str] | None) -> duckdb.DuckDBPyConnection:
    for name, seal in sealed_files(pointer):
        if fault := checksums.fault_of(folder / name, seal.get("bytes_n"), None):  # the size only: every block DuckDB reads is held against its own checksum
            raise DamageError(str(folder / name), f"{name}: {fault}")
    connection = duckdb.connect()
    is_of_today = (pointer.get("state") or {}).get("shape") == SHAPE
    connection.execute("SET TimeZone = 'UTC'")
    attach(connection, folder / pointer["ledger"], "ledger")
    segments = [segment for month, segment in pointer["segments"].items() if months is None or month in months]
    for index, segment in enumerate(segments):
        attach(connection, folder / segment["name"], f"segment_{index}" if is_of_today else f"file_{index}")
    held = _columns(connection, only_ledger=is_of_today)
    for index, segment in enumerate(() if is_of_today else segments):
        connection.execute(f"CREATE SCHEMA segment_{index}")
        for table in (table for table in SEGMENT_TABLES if segment["rows"].get(table.name)):
            connection.execute(f"CREATE VIEW segment_{index}.{table.name} AS {_all_of(table, f'file_{index}', held)}")
    for table in LEDGER_FILE_TABLES:
        connection.execute(f"CREATE VIEW {table.name} AS {_all_of(table, 'ledger', held)}")
    for table in SEGMENT_TABLES:
        holders = [index for index, segment in enumerate(segments) if segment["rows"].get(table.name)]
        parts = [f"SELECT * FROM segment_{index}.{table.name}" for index in holders] or [_no_rows(table)]
        connection.execute(f"CREATE VIEW {table.name} AS {' UNION ALL '.join(parts)}")
    return connection


def sealed_files(pointer: dict) -> list[tuple[str, dict]]:
    """Return (file name, its `bytes_n` and `digest`) of every file of a build; of one made by an older program the second is empty."""
    return [(pointer["ledger"], pointer.get("ledger_seal", {})), *((segment["name"], segment) for segment in pointer["segments"].values())]


def _columns(connection: duckdb.DuckDBPyConnection, *, only_ledger: bool) -> dict[str, set[str]]:
    """Return the columns of every table of the attached files, by file and table. Months of a build of today's shape need not be asked."""
    found: dict[str, set[str]] = {}
    where = "database_name = 'ledger'" if only_ledger else "NOT internal"
    for name, column in connection.execute(f"SELECT database_name || '.' || table_name, column_name FROM duckdb_columns() WHERE {where}").fetchall():
        found.setdefault(name, set()).add(column)
    return found


def _all_of(table: Table, file: str, held: dict[str, set[str]]) -> str:
    """Select all rows of a table of one file. A file made before a column was invented has none of its values, one made before the table none of its rows."""
    columns = held.get(f"{file}.{table.name}")
    if columns is None:
        return _no_rows(table)
    if columns >= set(table.columns):
        return f"SELECT * FROM {file}.{table.name}"
    return "SELECT " + ", ".join(f'"{one.name}"' if one.name in columns else f'CAST(NULL AS {DUCKDB_TYPES[one.kind]}) AS "{one.name}"' for one in table.fields) + f" FROM {file}.{table.name}"


def _no_rows(table: Table) -> str:
    columns = ", ".join(f'CAST(NULL AS {DUCKDB_TYPES[column.kind]}) AS "{column.name}"' for column in table.fields)
    return f"SELECT {columns} WHERE false"


def read_ledger(build_root: Path, pointer: dict, names: Iterable[str]) -> dict[str, pl.DataFrame]:
    """Return tables of the current ledger file as frames (contract tables or the `int_` ones a load keeps there)."""
    path = build_root / pointer["port_code"] / pointer["ledger"]
    seal = pointer.get("ledger_seal", {})
    if fault := checksums.fault_of(path, seal.get("bytes_n"), seal.get("digest")):
        raise DamageError(str(path), f"the ledger of the build is damaged: {fault}", "", "Run `smartport rebuild`")
    connection = duckdb.connect()
    try:
        attach(connection, path, "ledger")
        known = {row[0] for row in connection.execute("SELECT table_name FROM duckdb_tables() WHERE database_name = 'ledger'").fetchall()}
        return {name: connection.sql(f"SELECT * FROM ledger.{name}").pl() for name in names if name in known}
    finally:
        connection.close()
