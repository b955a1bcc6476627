"""A Parquet file whose columns say what they mean: one row group a batch, so that memory stays flat. Typed values, nothing in words.

Each column's label, unit and definition stand in its field's metadata (pyarrow, R arrow) and, for readers that see none of that, as one JSON under
the file's key `columns`; the key `about` holds what the about.md beside a CSV says.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

_TYPES: dict[str, pa.DataType] = {
    "BOOLEAN": pa.bool_(), "TINYINT": pa.int8(), "SMALLINT": pa.int16(), "INTEGER": pa.int32(), "BIGINT": pa.int64(), "UTINYINT": pa.uint8(), "USMALLINT": pa.uint16(), "UINTEGER": pa.uint32(),
    "HUGEINT": pa.int64(), "UHUGEINT": pa.int64(), "UBIGINT": pa.int64(), "FLOAT": pa.float64(), "DOUBLE": pa.float64(), "DATE": pa.date32(),
}  # fmt: skip


def write(
    path: Path, columns: Sequence[tuple[str, str]], batches: Iterable[pa.RecordBatch], meanings: Mapping[str, Mapping[str, str]], about: Callable[[int], str],
) -> Path:  # fmt: skip
    """Write batches of `columns` (name, DuckDB type) in their order; `about` is told how many rows there were. The same rows give the same bytes.

    Instants (`_at`, but not `_local_at`) are marked as UTC, local times carry no zone.
    """
    fields = [pa.field(name, _type(name, kind), metadata={key: text for key, text in meanings.get(name, {}).items() if text}) for name, kind in columns]
    schema, n = pa.schema(fields, metadata={"columns": json.dumps({name: dict(text) for name, text in meanings.items()}, ensure_ascii=False)}), 0
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in batches:
            writer.write_batch(pa.RecordBatch.from_arrays([column.cast(field.type) for column, field in zip(batch.columns, schema, strict=True)], schema=schema))
            n += batch.num_rows
        writer.add_key_value_metadata({"about": about(n)})
    return path


def _type(name: str, kind: str) -> pa.DataType:
    if kind.startswith("TIMESTAMP"):
        return pa.timestamp("us", "UTC" if name.endswith("_at") and not name.endswith("_local_at") else None)
    if kind.startswith("DECIMAL"):
        return pa.int64() if kind.endswith(",0)") else pa.float64()
    return _TYPES.get(kind, pa.string())
