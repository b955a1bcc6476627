"""RawRows: what a reader hands to validation. Text by contract name, the physical line of each row, and the lines no row could be made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import polars as pl

BOMB_RATIO, BOMB_BYTES = 200, 256 << 20  # logs pack to a fifth or a thirtieth, gzip at most to a thousandth; Parquet of equal rows to any size
# One reason why one record is rejected. A record with three faults has three of these.
REASON_SCHEMA = {"source_line": pl.Int64(), "reason_code": pl.String(), "reason": pl.String()}


@dataclass(frozen=True)
class RawRows:
    """Records of one file, or of one stretch of it.

    frame      one row a record: `source_line` (Int64) and one column per mapped source name; text, except Parquet columns
               and JSON's numbers, that come typed. Absent optional fields have no column.
    malformed  one row a reason: REASON_SCHEMA. A record named here is not in `frame`.
    read_n     records read: every physical line but headers, blank lines and the continuation lines of a quoted line break.
    blank_n, header_n, continued_n  the physical lines that are no record; with read_n they sum to lines_n.
    record     source_line numbers -> the raw bytes of those records, line end excluded.
    fields     raw bytes of one record -> its fields as (raw column, text), or None where it cannot be split.
    """

    frame: pl.DataFrame
    malformed: pl.DataFrame
    read_n: int
    blank_n: int
    header_n: int
    continued_n: int
    lines_n: int
    record: Callable[[Sequence[int]], list[bytes]]
    fields: Callable[[bytes], list[tuple[str, str]] | None]


def no_reasons() -> pl.DataFrame:
    return pl.DataFrame(schema=REASON_SCHEMA)
