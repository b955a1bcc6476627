"""Parquet: typed columns by name. A record is one row; its number stands where a text file has its line number."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from etl.errors import InputError
from etl.sources.delimited import check_columns
from etl.sources.mapping import Mapping
from etl.sources.raw import BOMB_BYTES, BOMB_RATIO, RawRows, no_reasons

_CELL_BYTES = 16  # what a text or a number takes at least once it is read


def read_file(path: Path, mapping: Mapping) -> RawRows:
    """Read a Parquet file whole. Columns keep their types; validation casts them by contract."""
    import pyarrow as pa
    import pyarrow.parquet as pq  # only here: it takes a tenth of a second, and few ports send Parquet

    most = max(BOMB_BYTES, BOMB_RATIO * path.stat().st_size)
    try:
        about = pq.read_metadata(path)
        told = max(about.num_rows * about.num_columns * _CELL_BYTES, sum(about.row_group(number).total_byte_size for number in range(about.num_row_groups)))
        if told > most:
            raise _bomb(path)
        frame = pl.read_parquet(path, glob=False)
    except (pa.ArrowException, ValueError, pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:  # of damaged bytes the reader may panic, which is no Exception
        raise InputError(path.name, f"this is not a readable Parquet file ({str(error).splitlines()[0][:120]})", "", "Have it written again, or correct `format` in the mapping") from error
    if sum(frame.select(pl.col(pl.String).str.len_bytes().sum()).row(0)) > most:  # one long text that every row points at
        raise _bomb(path)
    check_columns(tuple(frame.columns), mapping, path.name)

    def record(numbers: Sequence[int]) -> list[bytes]:
        return [json.dumps(row, default=str, ensure_ascii=False).encode("utf-8") for number in numbers for row in _plain(frame.slice(number - 1, 1))]

    def fields(raw: bytes) -> list[tuple[str, str]]:
        return [(key, "" if value is None else str(value)) for key, value in json.loads(raw).items()]

    rows = frame.select(mapping.raw_columns).with_columns(pl.arange(1, frame.height + 1, eager=True, dtype=pl.Int64).alias("source_line"))
    return RawRows(rows, no_reasons(), frame.height, 0, 0, 0, frame.height, record, fields)


def _bomb(path: Path) -> InputError:
    return InputError(path.name, f"it unpacks to more than {BOMB_RATIO} times its size and {BOMB_BYTES >> 20} MB", "", "No log does: it is refused. Have it sent as CSV if it is one")


def _plain(row: pl.DataFrame) -> list[dict]:
    try:
        return row.to_dicts()
    except (ValueError, OverflowError):  # a time in a year Python does not know
        return row.with_columns(pl.selectors.temporal().to_physical()).to_dicts()
