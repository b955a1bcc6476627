"""Physical lines of a block of bytes, found with numpy, and the faults a line can have before anybody asks what it means.

A line ends with LF or CR LF; a CR elsewhere is data. Positions are byte offsets into the block. No reader's own idea of a
line or of a broken line is trusted: every later count is reconciled with this one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from etl.sources.raw import REASON_SCHEMA, no_reasons

_LF, _CR = 10, 13


@dataclass
class Lines:
    """The lines of one block: `starts[i]:ends[i]` is line `first_line + i` without its line end, `nexts[i]` where the following one starts."""

    data: bytes
    first_line: int
    starts: np.ndarray
    ends: np.ndarray
    nexts: np.ndarray
    # Records of several physical lines: index of the first -> index of the last.
    spans: dict[int, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.starts)

    def line(self, index: int) -> bytes:
        return self.data[self.starts[index] : self.ends[index]]

    def record(self, numbers: Sequence[int]) -> list[bytes]:
        """Return the raw bytes of records by their line number."""
        indexes = [number - self.first_line for number in numbers]
        return [self.data[self.starts[index] : self.ends[self.spans.get(index, index)]] for index in indexes]

    def kept(self, keep: np.ndarray, begin: int = 0) -> bytes:
        """Return the lines from `begin` on that `keep` says yes to, one truth value a line; later lines are left out."""
        if len(keep) == len(self) and keep.all():
            return self.data
        # Runs of kept lines are copied whole: faulty lines are few, and this costs no more than one copy of the block.
        edges = np.flatnonzero(np.diff(keep.astype(np.int8), prepend=0, append=0)).reshape(-1, 2) + begin
        whole = memoryview(self.data)
        return b"".join(whole[self.starts[first] : self.nexts[after - 1]] for first, after in edges)


def split(data: bytes, first_line: int, breaks: np.ndarray | None = None) -> Lines:
    """Find the lines of a block that ends with LF. `breaks` are the offsets of its LFs, where the caller already has them."""
    octets = np.frombuffer(data, np.uint8)
    breaks = np.flatnonzero(octets == _LF) if breaks is None else breaks
    nexts = breaks + 1
    starts = np.concatenate((np.zeros(1, nexts.dtype), nexts))[:-1]
    has_cr = (breaks > starts) & (octets[np.maximum(breaks - 1, 0)] == _CR)
    return Lines(data, first_line, starts, breaks - has_cr, nexts)


def count_per_line(lines: Lines, positions: np.ndarray) -> np.ndarray:
    """Return how many of the sorted byte offsets lie in each line."""
    return np.searchsorted(positions, lines.nexts) - np.searchsorted(positions, lines.starts)


class Faults:
    """Reasons collected while a block is read. A line may have several; a line with any is no row."""

    def __init__(self, lines: Lines) -> None:
        self.lines = lines
        self.is_bad = np.zeros(len(lines), dtype=bool)
        self._found: list[tuple[int, str, str]] = []

    def add(self, index: int, code: str, sentence: str) -> None:
        self.is_bad[index] = True
        self._found.append((self.lines.first_line + int(index), code, sentence))

    def frame(self) -> pl.DataFrame:
        """Return the reasons; one found in a later line of a record counts for the record, which is known by its first line."""
        first_of = {self.lines.first_line + later: self.lines.first_line + first for first, last in self.lines.spans.items() for later in range(first + 1, last + 1)}
        if first_of:
            self._found = sorted(((first_of.get(number, number), code, sentence) for number, code, sentence in self._found), key=lambda row: row[0])
        return pl.DataFrame(self._found, schema=REASON_SCHEMA, orient="row") if self._found else no_reasons()


def find_nul_bytes(lines: Lines, faults: Faults) -> None:
    """Mark lines with a NUL byte: no log writes one, and most readers end the line there in silence."""
    if b"\0" not in lines.data:
        return
    positions = np.flatnonzero(np.frombuffer(lines.data, np.uint8) == 0)
    for index, count in _by_line(lines, positions):
        faults.add(index, "nul_byte", f"{count} NUL byte{'s' if count > 1 else ''} in the line. Ask for the file again, or for that line")


def find_bad_encoding(lines: Lines, faults: Faults, encoding: str) -> None:
    """Mark lines whose bytes are not text in `encoding`. Each such line is decoded alone, so one bad byte costs one line."""
    if lines.data.isascii() or _decodes(lines.data, encoding):
        return
    positions = np.flatnonzero(np.frombuffer(lines.data, np.uint8) >= 0x80)
    for index, _ in _by_line(lines, positions):
        try:
            lines.line(index).decode(encoding)
        except UnicodeDecodeError as error:
            found = f"byte 0x{lines.line(index)[error.start]:02X} at position {error.start + 1} is not {encoding}"
            faults.add(index, "bad_encoding", f"{found}. Have the line written in {encoding}, or correct `encoding` in the mapping")


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _by_line(lines: Lines, positions: np.ndarray) -> list[tuple[int, int]]:
    indexes, counts = np.unique(np.searchsorted(lines.nexts, positions, side="right"), return_counts=True)
    return list(zip(indexes.tolist(), counts.tolist(), strict=True))
