"""From a path to RawRows: opens, unpacks, cuts into blocks of whole lines, finds the header and gives columns their contract names."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import polars as pl

from etl.errors import InputError
from etl.sources import columnar, delimited, edifact, jsonlines
from etl.sources.mapping import DERIVED, Mapping
from etl.sources.raw import BOMB_BYTES, BOMB_RATIO, RawRows

# Bytes of text read at once: bounds memory for files of any size; from 16 to 32 MiB was fastest of 4 to 64.
BLOCK_BYTES = 24 << 20
WHOLE = -1
WHOLE_MOST = 1 << 30  # of a file that must be read whole; some ten times the memory
LONGEST_LINE = BLOCK_BYTES
_PIECE_BYTES = 16 << 20
_BOM = b"\xef\xbb\xbf"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def file_id(path: Path) -> str:
    """Return the first 16 hex digits of the file's SHA-256."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


def read(path: Path, mapping: Mapping) -> RawRows:
    """Read a whole file at once. Raises InputError when it cannot be this mapping's file."""
    return next(iter(chunks(path, mapping, block_bytes=WHOLE)))


def chunks(path: Path, mapping: Mapping, block_bytes: int = BLOCK_BYTES) -> Iterator[RawRows]:
    """Yield a file in stretches of whole records, in order; at least one, possibly without rows. Raises InputError as `read` does."""
    if not path.is_file():
        raise InputError(str(path), "there is no such file")
    if path.stat().st_size == 0:
        raise InputError(path.name, "the file is empty", "", "Have it written again, or take it out of the inbox")
    if mapping.format == "parquet":
        yield _named(columnar.read_file(path, mapping), mapping)
        return
    if mapping.format == "edifact":
        yield from _messages(path, mapping, block_bytes)
        return
    number, header, header_n, mapping = 1, None, 0, mapping
    for data in _blocks(path, mapping, block_bytes):
        skipped = 0
        if mapping.encoding.startswith("utf-16"):
            mapping = replace(mapping, encoding="utf-8")
        if mapping.format == "csv" and header is None:
            data, skipped, header = _header(data, mapping, path.name)
            if header is None:
                raise InputError(path.name, "the file holds only blank lines", "", "Have it written again, or take it out of the inbox")
            header_n = 1 if mapping.header else 0
        first_line = number + skipped
        rows = (
            delimited.read_block(data, first_line, header, mapping, path.name)
            if mapping.format == "csv"
            else jsonlines.read_block(data, first_line, mapping, path.name)
        )
        number = first_line + rows.lines_n
        if skipped:
            rows = replace(rows, header_n=header_n, blank_n=rows.blank_n + skipped - header_n, lines_n=rows.lines_n + skipped)
        yield _named(rows, mapping)


def head_and_body(path: Path, mapping: Mapping) -> tuple[bytes, bytes] | None:
    """Return a file as (header line, whole lines after it), for `read_joined`; None for one that has to be read alone: packed, marked, with quoting, not in plain lines."""
    if mapping.format not in ("csv", "jsonl") or mapping.quote or not mapping.header or mapping.encoding.startswith("utf-16"):
        return None
    data = path.read_bytes()
    end = data.find(b"\n") + 1 if mapping.format == "csv" else 0
    if (mapping.format == "csv" and not data[:end].strip()) or b"\n" not in data or data.startswith((b"\x1f\x8b", _BOM, *_UTF16)):
        return None
    return data[:end], data[end:] if data.endswith(b"\n") else data[end:] + b"\n"


def read_joined(head: bytes, bodies: Sequence[bytes], mapping: Mapping, where: str) -> RawRows:
    """Read files of one header line as one file that has it once. Raises InputError as `read` does, for whichever of them it was."""
    data = b"".join(bodies)
    if mapping.format == "jsonl":
        return _named(jsonlines.read_block(data, 1, mapping, where), mapping)
    rows = delimited.read_block(data, 2, delimited.header_of(head[:-1].removesuffix(b"\r"), mapping, where), mapping, where)
    return _named(replace(rows, header_n=1, lines_n=rows.lines_n + 1), mapping)


def _messages(path: Path, mapping: Mapping, block_bytes: int) -> Iterator[RawRows]:
    try:
        with _open(path) as file:
            for rows in edifact.stretches(file, mapping, block_bytes, path.name):
                yield _named(rows, mapping)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(path.name, f"the file cannot be unpacked ({error})", "", "Have it sent again") from error


def _header(data: bytes, mapping: Mapping, where: str) -> tuple[bytes, int, tuple[str, ...] | None]:
    """Take the header off the first block: (rest, lines taken, names). Blank lines before it are taken too."""
    taken, at = 0, 0
    while at < len(data):
        end = data.index(b"\n", at)
        line = data[at:end].removesuffix(b"\r")
        if line:
            if mapping.header:
                return data[end + 1 :], taken + 1, delimited.header_of(line, mapping, where)
            names = tuple(str(number) for number in range(1, line.count(mapping.delimiter.encode()) + 2))
            delimited.check_columns(names, mapping, where)
            return data[at:], taken, names
        taken, at = taken + 1, end + 1
    return b"", taken, None


def _blocks(path: Path, mapping: Mapping, block_bytes: int) -> Iterator[bytes]:
    """Yield the unpacked bytes in blocks that end with LF; the last one gets an LF when it lacks one. The BOM is taken off."""
    # A quoted line break may straddle a cut, so files with quoting are read whole.
    size = WHOLE if mapping.quote or mapping.encoding.startswith("utf-16") else block_bytes
    is_first = True
    try:
        with _open(path) as file:
            while data := file.read(size if size != WHOLE else WHOLE_MOST + 1):
                if size == WHOLE and len(data) > WHOLE_MOST:
                    raise InputError(path.name, f"the file has more than {WHOLE_MOST >> 20:,} MB unpacked, and one with quoting or in UTF-16 is read whole", "", "Have it sent in parts")
                if size != WHOLE and data[-1:] != b"\n":
                    data += file.readline(LONGEST_LINE + 1)
                    if data[-1:] != b"\n" and len(data) - data.rfind(b"\n") - 1 > LONGEST_LINE:
                        raise InputError(path.name, f"a line has more than {LONGEST_LINE >> 20} MB", "", "This is no log, or its line ends are lost: have it written again")
                if is_first:
                    data = _without_mark(data, mapping, path.name)
                    if not data:
                        break
                if data[-1:] != b"\n":  # the end of the file
                    if is_first and b"\n" not in data and data.count(b"\r") > 1:
                        # Line ends of old Macintosh programs: a file without any LF. With one CR it is a single line that lacks its LF.
                        data = data.replace(b"\r", b"\n")
                    data = data if data.endswith(b"\n") else data + b"\n"
                yield data
                is_first = False
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(path.name, f"the file cannot be unpacked ({error})", "", "Have it sent again") from error
    if is_first:
        raise InputError(path.name, "the file is empty", "", "Have it written again, or take it out of the inbox")


def _open(path: Path) -> BinaryIO | gzip.GzipFile:
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    return _Unpacked(path) if packed else path.open("rb")


class _Unpacked(gzip.GzipFile):
    """A packed file that refuses to unpack to more than any log does: a few bytes of gzip can hold gigabytes of nothing."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "rb")
        self._path, self._most, self._seen = path, max(BOMB_BYTES, BOMB_RATIO * path.stat().st_size), 0

    def read(self, size: int = -1) -> bytes:
        pieces, left = [], size
        while left and (piece := self._counted(super().read(_PIECE_BYTES if left < 0 else min(left, _PIECE_BYTES)))):
            pieces.append(piece)
            left -= len(piece)
        return b"".join(pieces)

    def readline(self, size: int = -1) -> bytes:
        return self._counted(super().readline(size))

    def _counted(self, piece: bytes) -> bytes:
        self._seen += len(piece)
        if self._seen > self._most:
            raise InputError(self._path.name, f"it unpacks to more than {BOMB_RATIO} times its size and {BOMB_BYTES >> 20} MB", "", "No log does: it is refused. Have it sent unpacked if it is one")
        return piece


def _without_mark(data: bytes, mapping: Mapping, where: str) -> bytes:
    if mapping.encoding.startswith("utf-16"):
        try:
            return data.decode(mapping.encoding).lstrip("\ufeff").encode("utf-8")
        except UnicodeDecodeError as error:
            raise InputError(where, f"the file is not {mapping.encoding}", "", f"Correct `encoding` in {mapping.path.name}") from error
    if data.startswith(_UTF16):
        raise InputError(where, "the file begins with a UTF-16 mark", mapping.encoding, f"Set encoding = \"utf-16\" in {mapping.path.name}")
    if data.startswith(_BOM) and mapping.encoding not in ("utf-8", "utf-8-sig"):
        raise InputError(where, "the file begins with a UTF-8 mark", mapping.encoding, f"Set encoding = \"utf-8\" in {mapping.path.name}")
    return data.removeprefix(_BOM)


def _named(rows: RawRows, mapping: Mapping) -> RawRows:
    """Give the raw columns their contract names: first non-empty wins, joined codes are joined, constants and derived names are filled in."""
    raw = rows.frame
    columns = {name: _first_non_empty(raw, names) for name, names in mapping.columns.items()}
    for name, joined in mapping.joined.items():
        columns[name] = raw.select(pl.concat_str([pl.col(column).cast(pl.String).fill_null("") for column in joined.columns], separator="|")).to_series()
    for name, value in mapping.constants.items():
        columns[name] = pl.Series(name, [value], dtype=pl.String).new_from_index(0, raw.height)
    for name, origin in DERIVED.items():
        if name == "plate_as_read" and name in mapping.source.names and name not in columns and origin in columns:
            columns[name] = columns[origin]
    frame = pl.DataFrame([raw["source_line"], *(series.alias(name) for name, series in columns.items())])
    return replace(rows, frame=frame)


def _first_non_empty(raw: pl.DataFrame, names: tuple[str, ...]) -> pl.Series:
    if len(names) == 1:
        return raw[names[0]]
    texts = [pl.col(name) if raw.schema[name] != pl.String else pl.when(pl.col(name).str.strip_chars() != "").then(pl.col(name)) for name in names]
    return raw.select(pl.coalesce(texts)).to_series()
