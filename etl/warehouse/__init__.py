"""The build: immutable DuckDB files behind one small pointer. Written by `publish`, opened read-only by `open_build`.

    home/build/<PORT>/current.json                 the pointer, replaced as the last act of a publish
    home/build/<PORT>/2026-09-<token>.duckdb       one local month of every fact table (a segment), never changed
    home/build/<PORT>/ledger-<token>.duckdb        files, freshness, the build's own row and the site's dim_ tables

A segment is a month, not a year: replacing it costs the same with one month loaded as with ten years, and a question
over 24 months runs within 2 ms of the same question over two yearly files. No file is ever renamed over, written after
the pointer names it, or removed before `replaced_build_hours` have passed.
"""

from etl.warehouse.opening import OpenBuild, open_build, read_ledger, sealed_files
from etl.warehouse.pointer import current_build_id, forget_pointer, read_pointer
from etl.warehouse.publishing import build_row, publish
from etl.warehouse.segments import Changes
from etl.warehouse.tables import BUILD_TABLES, LEDGER_FILE_TABLES, SEGMENT_TABLES, SHAPE, day_of, segment_name

__all__ = [
    "BUILD_TABLES", "LEDGER_FILE_TABLES", "SEGMENT_TABLES", "SHAPE", "Changes", "OpenBuild", "build_row", "current_build_id", "day_of", "forget_pointer", "open_build", "publish",
    "read_ledger", "read_pointer", "sealed_files", "segment_name",
]  # fmt: skip
