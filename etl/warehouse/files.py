"""The few moves on DuckDB files that the rooms beside share. What lies in them is said in `tables`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import duckdb

from etl import checksums
from etl.errors import BuildError


def do(connection: duckdb.DuckDBPyConnection, sql: str, values: list | None = None) -> list[tuple]:
    """Run one statement to its end: an unread result, even of an INSERT, would own the connection."""
    return connection.execute(sql, values or []).fetchall()


def quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def attach(connection: duckdb.DuckDBPyConnection, path: Path, name: str) -> None:
    do(connection, f"ATTACH {quoted(path)} AS {name} (READ_ONLY)")


def check_rows(path: Path, rows: Mapping[str, int]) -> None:
    """Read a written and closed file anew and count. Raises BuildError when a table does not hold what was to be put in; nothing is published then."""
    with duckdb.connect(str(path), read_only=True) as connection:
        for name, expected in rows.items():
            if (found := do(connection, f"SELECT count(*) FROM {name}")[0][0]) != expected:
                raise BuildError(f"{path.name} table {name}", f"{found:,} rows were written of {expected:,}", "", "Load again; the last build stands")


def seal(path: Path) -> dict:
    """Return what the pointer says of a written and closed file, so that damage to it is seen later: cheaply by its size, surely by its digest."""
    return {"bytes_n": path.stat().st_size, "digest": checksums.of_file(path)}


def sync(path: Path) -> None:
    """Let a file, or the names in a folder, outlive the machine's power."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
