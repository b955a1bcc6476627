"""Many small files of one mapping judged in one go: the checks cost per call, not per row, and a port drops thousands of small files.

Lines are numbered through for the check and given back to their files afterwards; every file is still reconciled on its own.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from etl.contracts.reference import Site
from etl.identities import Identities
from etl.sources import Mapping, RawRows
from etl.validate import Checked, check


@dataclass(frozen=True)
class One:
    """One file's raw rows with what its staged rows must say of it."""

    file_id: str
    file_on: dt.date
    raw: RawRows


class _Record(bytes):
    """The raw bytes of a record that remember their file, because files may have their columns in different orders."""

    owner: int


def check_together(files: Sequence[One], mapping: Mapping, site: Site, identities: Identities) -> list[Checked]:
    """Return what `check` would return for each file. Raises InputError when any of them cannot be judged: then judge them one by one."""
    starts, total = [], 0
    for one in files:
        starts.append(total)
        total += one.raw.lines_n + 1
    bounds = pl.Series(starts, dtype=pl.Int64)

    def record(numbers: Sequence[int]) -> list[bytes]:
        owners = _owners(pl.Series(numbers, dtype=pl.Int64), bounds).to_list()
        found: dict[int, bytes] = {}
        for owner in set(owners):
            mine = [number for number, other in zip(numbers, owners, strict=True) if other == owner]
            for number, line in zip(mine, files[owner].raw.record([number - starts[owner] for number in mine]), strict=True):
                found[number] = _Record(line)
                found[number].owner = owner
        return [found[number] for number in numbers]

    def fields(line: bytes) -> list[tuple[str, str]] | None:
        return files[line.owner].raw.fields(bytes(line))

    def numbered(frame: pl.DataFrame, start: int) -> pl.DataFrame:
        return frame.with_columns(pl.col("source_line") + start)

    sums = {name: sum(getattr(one.raw, name) for one in files) for name in ("read_n", "blank_n", "header_n", "continued_n", "lines_n")}
    frames = [numbered(one.raw.frame, start) for one, start in zip(files, starts, strict=True)]
    whole = RawRows(
        frame=pl.concat(frames, how="vertical"), malformed=pl.concat([numbered(one.raw.malformed, start) for one, start in zip(files, starts, strict=True)]),
        record=record, fields=fields, **sums,
    )  # fmt: skip
    checked = check(whole, mapping, site, identities, "the files", "", files[0].file_on)
    parts = [_split(frame, bounds, len(files)) for frame in (checked.good, checked.rejects, checked.reject_bytes)]
    return [
        Checked(
            good.with_columns(pl.lit(one.file_id).alias("file_id"), pl.lit(one.file_on, dtype=pl.Date).alias("file_on")), rejects, reject_bytes,
            one.raw.read_n, one.raw.blank_n, one.raw.header_n, one.raw.continued_n, one.raw.lines_n, one.file_on,
        )
        for one, good, rejects, reject_bytes in zip(files, *parts, strict=True)
    ]  # fmt: skip


def _owners(numbers: pl.Series, starts: pl.Series) -> pl.Series:
    return starts.search_sorted(numbers, side="right").cast(pl.Int64) - 1 if len(numbers) else pl.Series([], dtype=pl.Int64)


def _split(frame: pl.DataFrame, starts: pl.Series, files_n: int) -> list[pl.DataFrame]:
    """Cut a frame that is ordered by line into one frame a file, lines numbered from 1 again. Line 0 of no file exists."""
    owners = _owners(frame["source_line"] - 1, starts)
    frame = frame.with_columns((pl.col("source_line") - (starts.gather(owners) if len(owners) else owners)).alias("source_line"))
    ends = [0, *(owners.search_sorted(number, side="right") for number in range(files_n))]
    return [frame.slice(first, last - first) for first, last in itertools.pairwise(ends)]
