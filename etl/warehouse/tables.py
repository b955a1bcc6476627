"""Which table lies where in a build, and in which order. No file is touched here."""

from __future__ import annotations

import datetime as dt
import hashlib

from etl.contracts.facts import DQ_FILE_DAYS, DQ_FILES, DQ_REJECTS, FACT_TABLES, META_BUILDS, META_FRESHNESS
from etl.contracts.fields import Table
from etl.contracts.reference import REFERENCE_TABLES

# Tables kept by day, in the month segments; all others are small and live in the ledger file, written whole.
SEGMENT_TABLES: tuple[Table, ...] = (*FACT_TABLES, DQ_REJECTS)
LEDGER_FILE_TABLES: tuple[Table, ...] = (DQ_FILES, DQ_FILE_DAYS, META_BUILDS, META_FRESHNESS, *REFERENCE_TABLES)
BUILD_TABLES: tuple[Table, ...] = (*SEGMENT_TABLES, *LEDGER_FILE_TABLES)

# Rows lie in the order pages ask for them, so that DuckDB's zone maps skip what a filter leaves out.
ORDER = {"fct_visits": ("entry_at", "visit_id")}


NO_MONTH = "1970-01"  # of rejected lines whose file has no date


# Changes with every column that is added, so that a build never mixes months of two shapes: the next load makes it anew.
SHAPE = hashlib.sha256("".join(table.ddl() for table in SEGMENT_TABLES).encode()).hexdigest()[:16]


def day_of(table: Table) -> str:
    """Return the local date column that decides in which segment a row lies."""
    return table.day or "day"


def segment_name(day: dt.date) -> str:
    return f"{day:%Y-%m}"
