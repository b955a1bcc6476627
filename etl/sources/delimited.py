"""Delimited text (CSV): a block of bytes -> text columns. Lines are counted and judged first; Polars only tokenises those found sound.

The plain case is decided in one pass: when the delimiters and line ends of a block alternate exactly as the header demands, and
it holds no quotation mark and no NUL byte, every line is sound. Otherwise each line is judged on its own.
"""

from __future__ import annotations

import io
import re

import numpy as np
import polars as pl

from etl.errors import InputError
from etl.sources import lines as physical
from etl.sources.lines import Faults, Lines
from etl.sources.mapping import Mapping
from etl.sources.masks import shown
from etl.sources.raw import RawRows, no_reasons

_LF, _QUOTE = 10, 34
# A quoted line break may run over this many physical lines; a stray mark must not swallow a file.
_LONGEST_RECORD = 50


def header_of(line: bytes, mapping: Mapping, where: str) -> tuple[str, ...]:
    """Return the raw column names of a header line. Raises InputError when a mapped column is missing or stands there twice."""
    try:
        text = line.decode(mapping.encoding)
    except UnicodeDecodeError as error:
        raise InputError(f"{where} line 1", f"the header is not {mapping.encoding}", "", f"Correct `encoding` in {mapping.path.name}") from error
    values = _split(text, mapping)
    if values is None:
        raise InputError(f"{where} line 1", "a quotation mark of the header is never closed", "", "Correct the header")
    names = tuple(name.strip() for name in values)
    check_columns(names, mapping, f"{where} line 1", f" (split by '{mapping.delimiter}')")
    return names


def check_columns(names: tuple[str, ...], mapping: Mapping, where: str, how: str = "") -> None:
    """Raise InputError unless every mapped raw column stands exactly once among `names`."""
    missing = [name for name in mapping.raw_columns if name not in names]
    if missing:
        listed = ", ".join(repr(name) for name in missing)
        known = ", ".join(shown(name, is_header=True) for name in names[:40])
        raise InputError(where, f"column {listed} is missing{how}", known, f"Correct [columns] or delimiter in {mapping.path.name}, or the file")
    twice = sorted({name for name in mapping.raw_columns if names.count(name) > 1})
    if twice:
        raise InputError(where, f"column {', '.join(twice)} stands there twice", "", "Name each mapped column once")


def _split(text: str, mapping: Mapping) -> list[str] | None:
    """Split one record into fields; None where its quotation marks do not fit. Line ends inside marks are data."""
    if not mapping.quote:
        return text.split(mapping.delimiter)
    separator, values, at = re.escape(mapping.delimiter), [], 0
    one = re.compile(rf'(?:"((?:[^"]|"")*)"|([^"{separator}]*))({separator}|\Z)')
    while found := one.match(text, at):
        values.append(found[2] if found[1] is None else found[1].replace('""', '"'))
        if not found[3]:
            return values
        at = found.end()
    return None


def read_block(data: bytes, first_line: int, header: tuple[str, ...], mapping: Mapping, where: str) -> RawRows:
    """Read one block of whole lines (it ends with LF). Columns are still raw: text, by header name, only those the mapping reads."""
    fields_n, separator = len(header), ord(mapping.delimiter)
    octets = np.frombuffer(data, np.uint8)
    marks = np.flatnonzero((octets == separator) | (octets == _LF))
    plain = fields_n > 1 and b"\0" not in data and b'"' not in data and len(marks) % fields_n == 0
    if plain:
        is_break = (octets[marks] == _LF).reshape(-1, fields_n)
        plain = bool(is_break[:, -1].all()) and not is_break[:, :-1].any()
    if plain and (data.isascii() or (mapping.encoding == "utf-8" and physical._decodes(data, "utf-8"))):
        found = physical.split(data, first_line, marks[fields_n - 1 :: fields_n])
        numbers = pl.arange(first_line, first_line + len(found), eager=True, dtype=pl.Int64)
        return _rows(found, data, numbers, header, mapping, where, no_reasons(), 0, 0)

    is_break = octets[marks] == _LF
    found = physical.split(data, first_line, marks[is_break])
    counts = np.diff(np.flatnonzero(is_break), prepend=-1)  # marks of each line, its end included: its fields
    is_blank = found.starts == found.ends
    faults = Faults(found)
    physical.find_nul_bytes(found, faults)
    physical.find_bad_encoding(found, faults, mapping.encoding)
    is_continued = np.zeros(len(found), dtype=bool)
    if b'"' in data:
        delimiters, is_continued = _judge_quotes(found, faults, marks[~is_break], octets, fields_n, mapping)
        is_blank &= ~is_continued
        counts = physical.count_per_line(found, delimiters) + 1
    for first, last in found.spans.items():
        counts[first] = counts[first : last + 1].sum() - (last - first)
    for index in np.flatnonzero((counts != fields_n) & ~is_blank & ~is_continued):
        faults.add(index, "malformed_line", f"{counts[index]} field{'s' if counts[index] > 1 else ''} found, {fields_n} expected as in the header. Look for a line cut short or a '{mapping.delimiter}' inside a value")
    for first, last in list(found.spans.items()):
        if faults.is_bad[first : last + 1].any():
            faults.is_bad[first : last + 1] = True
    keep = ~(faults.is_bad | is_blank)
    is_record = ~(is_blank | is_continued)
    numbers = pl.Series(np.flatnonzero(keep & is_record) + first_line, dtype=pl.Int64)
    clean = found.kept(keep)
    if not clean.isascii() and mapping.encoding != "utf-8":
        clean = clean.decode(mapping.encoding).encode("utf-8")
    return _rows(found, clean, numbers, header, mapping, where, faults.frame(), int(is_blank.sum()), int(is_continued.sum()))


def _rows(found: Lines, clean: bytes, numbers: pl.Series, header: tuple[str, ...], mapping: Mapping, where: str, malformed: pl.DataFrame, blank_n: int, continued_n: int) -> RawRows:
    frame = _tokenise(clean, header, mapping, where)
    if frame.height != len(numbers):
        raise InputError(where, f"{len(numbers)} sound records were counted but {frame.height} could be read", "", "The file is refused whole; report this file as a fault of the reader")
    read_n = frame.height + malformed["source_line"].n_unique()
    if read_n + blank_n + continued_n != len(found):
        raise InputError(where, f"{len(found)} lines do not reconcile with {read_n} records, {blank_n} blank and {continued_n} continued", "", "The file is refused whole; report this file as a fault of the reader")
    return RawRows(
        frame.with_columns(numbers.alias("source_line")), malformed, read_n, blank_n, 0, continued_n, len(found), found.record,
        lambda record: _fields(record, header, mapping),
    )  # fmt: skip


def _tokenise(clean: bytes, header: tuple[str, ...], mapping: Mapping, where: str) -> pl.DataFrame:
    wanted = sorted(header.index(name) for name in mapping.raw_columns)
    names = [header[index] for index in wanted]
    if not clean:
        return pl.DataFrame(schema=dict.fromkeys(names, pl.String()))
    try:
        frame = _scan(clean, len(header), wanted, mapping)
    except pl.exceptions.PolarsError as error:
        # Not the reader's own words: they quote the line, identities and all.
        raise InputError(where, "lines found sound could not be tokenised", "", "The file is refused whole; report this file as a fault of the reader") from error
    return frame.rename({f"column_{index + 1}": name for index, name in zip(wanted, names, strict=True)})


def _scan(clean: bytes, fields_n: int, wanted: list[int], mapping: Mapping) -> pl.DataFrame:
    return pl.read_csv(
        io.BytesIO(clean), has_header=False, separator=mapping.delimiter, quote_char=mapping.quote or None, eol_char="\n", infer_schema=False,
        columns=wanted, schema={f"column_{number}": pl.String for number in range(1, fields_n + 1)},
    )  # fmt: skip


def _fields(record: bytes, header: tuple[str, ...], mapping: Mapping) -> list[tuple[str, str]] | None:
    try:
        values = _split(record.decode(mapping.encoding), mapping)
    except UnicodeDecodeError:
        return None
    return list(zip(header, values, strict=True)) if values is not None and len(values) == len(header) else None


def _judge_quotes(found: Lines, faults: Faults, delimiters: np.ndarray, octets: np.ndarray, fields_n: int, mapping: Mapping) -> tuple[np.ndarray, np.ndarray]:
    """Mark stray quotation marks; where the mapping has quoting, find records over several lines and the delimiters that truly separate.

    Returns (separating delimiters, is_continued). A mark opens only at the start of a field and closes only at its end.
    """
    quotes = np.flatnonzero(octets == _QUOTE)
    per_line = physical.count_per_line(found, quotes)
    is_continued, is_stray = np.zeros(len(found), dtype=bool), np.zeros(len(found), dtype=bool)
    is_odd = per_line % 2 == 1
    if not mapping.quote:
        for index in np.flatnonzero(is_odd):
            faults.add(index, "stray_quote", "a quotation mark is never closed, and the mapping says the file has none. Correct the line, or set quote = '\"'")
        return delimiters, is_continued
    for index in np.flatnonzero(is_odd):
        if is_continued[index] or index in found.spans:
            continue
        last = _last_line(found, per_line, int(index), fields_n, mapping)
        if last is None:
            faults.add(index, "stray_quote", "a quotation mark is never closed. Correct the line")
            is_stray[index] = True
        else:
            found.spans[int(index)] = last
            is_continued[index + 1 : last + 1] = True
    # Parity restarts with every record, so that a stray mark harms its own line only.
    record_of = np.flatnonzero(~is_continued)
    record_start = found.starts[record_of]
    before = np.searchsorted(quotes, record_start)
    owner = np.searchsorted(record_start, quotes, side="right") - 1
    is_opening = (np.arange(len(quotes)) - before[owner]) % 2 == 0
    line_of = np.searchsorted(found.nexts, quotes, side="right")
    beside = (ord(mapping.delimiter), _QUOTE)
    edge_before = (quotes == found.starts[line_of]) | np.isin(octets[np.maximum(quotes - 1, 0)], beside)
    edge_after = (quotes + 1 == found.ends[line_of]) | np.isin(octets[np.minimum(quotes + 1, len(octets) - 1)], beside)
    for record in np.unique(owner[np.where(is_opening, ~edge_before, ~edge_after)]):
        index = int(record_of[record])
        if not is_stray[index]:
            is_stray[index] = True
            faults.add(index, "stray_quote", "a quotation mark stands inside a value. Double it, or correct the line")
    # In a line whose marks mean nothing every delimiter counts, so that its field count is judged as if it had none.
    owner = np.searchsorted(record_start, delimiters, side="right") - 1
    inside = ~is_stray[record_of[owner]] & ((np.searchsorted(quotes, delimiters) - before[owner]) % 2 == 1)
    return delimiters[~inside], is_continued


def _last_line(found: Lines, per_line: np.ndarray, first: int, fields_n: int, mapping: Mapping) -> int | None:
    """Return the index of the line that ends the record begun on `first`, or None when no believable end is near.

    Not believed: a record with a complete line inside it, or one whose first and last lines both look complete. Those are stray marks.
    """
    separator = mapping.delimiter.encode()

    def looks_complete(index: int) -> bool:
        return fields_n > 1 and found.line(index).count(separator) == fields_n - 1

    for last in range(first + 1, min(first + _LONGEST_RECORD, len(found))):
        if per_line[last] % 2 == 1:
            if looks_complete(first) and looks_complete(last):
                return None
            text = found.data[found.starts[first] : found.ends[last]].decode(mapping.encoding, "replace")
            fields = _split(text, mapping)
            return last if fields is not None and len(fields) == fields_n else None
        if looks_complete(last):
            return None
    return None
