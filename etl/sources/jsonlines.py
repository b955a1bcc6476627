"""JSON lines: a block of bytes -> text columns by key. One object a line; what is not one is found by halving, never by the reader's word."""

from __future__ import annotations

import io
import json

import numpy as np
import polars as pl

from etl.errors import InputError
from etl.sources import lines as physical
from etl.sources.lines import Faults, Lines
from etl.sources.mapping import Mapping
from etl.sources.raw import RawRows

_NOT_AN_OBJECT = "this is not one JSON object. Look for a line cut short or two written into one"


def read_block(data: bytes, first_line: int, mapping: Mapping, where: str) -> RawRows:
    """Read one block of whole lines (it ends with LF). Numbers and truth values come as text, absent keys and null as null.

    Columns of numbers come as such where no line of the block writes one as text: to spell them out and read them again cost half of the reading.
    """
    found = physical.split(data, first_line)
    faults = Faults(found)
    physical.find_nul_bytes(found, faults)
    physical.find_bad_encoding(found, faults, mapping.encoding)
    octets = np.frombuffer(data, np.uint8)
    is_blank = found.starts == found.ends
    is_object = ~is_blank & (octets[np.minimum(found.starts, len(data) - 1)] == ord("{")) & (octets[np.maximum(found.ends - 1, 0)] == ord("}"))
    for index in np.flatnonzero(~is_object & ~is_blank):
        faults.add(index, "malformed_line", _NOT_AN_OBJECT)
    indexes = np.flatnonzero(~is_blank & ~faults.is_bad)
    texts = dict.fromkeys(mapping.raw_columns, pl.String())
    schema = texts | dict.fromkeys(_numbers(mapping), pl.Float64())
    parts: list[pl.DataFrame] = []
    faulty: list[int] = []
    if not _read(found, indexes, schema, texts, mapping.encoding, parts, faulty):
        schema, parts, faulty = texts, [], []
        _read(found, indexes, texts, texts, mapping.encoding, parts, faulty)
    for index in faulty:
        faults.add(index, "malformed_line", _NOT_AN_OBJECT)
    frame = pl.concat(parts) if parts else pl.DataFrame(schema=schema)
    numbers = np.flatnonzero(~is_blank & ~faults.is_bad) + first_line
    blank_n, malformed = int(is_blank.sum()), faults.frame()
    read_n = frame.height + malformed["source_line"].n_unique()
    if frame.height != len(numbers) or read_n + blank_n != len(found):
        raise InputError(where, f"{len(found)} lines do not reconcile with {read_n} records and {blank_n} blank lines", "", "The file is refused whole; report this file as a fault of the reader")
    return RawRows(
        frame.with_columns(pl.Series("source_line", numbers, dtype=pl.Int64)), malformed, read_n, blank_n, 0, 0, len(found), found.record, _fields,
    )  # fmt: skip


def _numbers(mapping: Mapping) -> list[str]:
    """Return the raw columns that fill one field of kind float, and nothing else."""
    kinds = {item.source_name: item.kind for item in mapping.source.fields}
    used = [name for names in mapping.columns.values() for name in names] + [name for joined in mapping.joined.values() for name in joined.columns]
    return [names[0] for name, names in mapping.columns.items() if kinds[name] == "float" and len(names) == 1 and used.count(names[0]) == 1 and mapping.decimal == "."]


def _read(found: Lines, indexes: np.ndarray, schema: dict[str, pl.DataType], texts: dict[str, pl.DataType], encoding: str, parts: list[pl.DataFrame], faulty: list[int]) -> bool:
    """Read the lines `indexes` in order; when a stretch fails, halve it until the faulty lines stand alone. False, at once, where a line can be read as `texts` only."""
    if len(indexes) == 0:
        return True
    low = int(indexes[0])
    keep = np.zeros(int(indexes[-1]) + 1 - low, dtype=bool)
    keep[indexes - low] = True
    stretch = found.kept(keep, low)
    frame = _parse(stretch, schema, encoding)
    if frame is not None and frame.height == len(indexes):
        parts.append(frame)
        return True
    if len(indexes) == 1:
        faulty.append(int(indexes[0]))
        return schema == texts or _parse(stretch, texts, encoding) is None
    # Sixteenths, not halves: a day of a million fixes with a few bad lines is then parsed about twice, not twenty times.
    return all(_read(found, part, schema, texts, encoding, parts, faulty) for part in np.array_split(indexes, min(16, len(indexes))))


def _parse(data: bytes, schema: dict[str, pl.DataType], encoding: str) -> pl.DataFrame | None:
    if encoding != "utf-8" and not data.isascii():
        data = data.decode(encoding).encode("utf-8")
    try:
        return pl.read_ndjson(io.BytesIO(data), schema=schema)
    except pl.exceptions.PolarsError:
        return None


def _fields(record: bytes) -> list[tuple[str, str]] | None:
    try:
        value = json.loads(record)
    except (ValueError, RecursionError):
        return None
    return [(str(key), json.dumps(item, ensure_ascii=False).strip('"')) for key, item in value.items()] if isinstance(value, dict) else None
