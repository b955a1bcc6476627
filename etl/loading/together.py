"""Many small files of one mapping read and judged in one go: every step costs per call, not per row, and a port drops thousands of small files.

Files are stacked: what they hold stands below each other, numbered through, and is given back to its files line by line afterwards.
Every file is still reconciled on its own.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from etl.contracts.reference import Site
from etl.errors import InputError
from etl.identities import Identities
from etl.sources import Mapping, RawRows, chunks, head_and_body, read_joined
from etl.validate import check

OWNER = "_owner"  # which file of the stack a row is of


@dataclass(frozen=True)
class One:
    """One file with what its rows must say of it."""

    path: Path
    file_id: str
    file_on: dt.date


@dataclass(frozen=True)
class Stack:
    """Several files as if they were one. Line n of the stack is of the last file whose `firsts` is not greater, and line n - `before` there.

    read_n   records of each file, found by counting its lines: judging must end each of them once.
    """

    files: list[One]
    raw: RawRows
    firsts: np.ndarray
    before: np.ndarray
    read_n: np.ndarray

    def owners(self, numbers: pl.Series) -> np.ndarray:
        return np.searchsorted(self.firsts, numbers.to_numpy(), side="right") - 1


@dataclass(frozen=True)
class Judged:
    """What `check` returns for each file of a stack, side by side: rows bear OWNER and the lines of their own file. reject_bytes as in Checked."""

    good: pl.DataFrame
    rejects: pl.DataFrame
    reject_bytes: pl.DataFrame
    read_n: list[int]


class _Record(bytes):
    """The raw bytes of a record that remember their file, because files may have their columns in different orders."""

    owner: int


def stacked(files: Sequence[One], mapping: Mapping) -> Iterator[Stack]:
    """Yield the files in stacks, leaving out those that must be read alone, each for its own reason. Nothing is raised for what is wrong with a file."""
    joined: dict[bytes, list[tuple[One, bytes]]] = {}
    alike: dict[tuple, list[tuple[One, RawRows]]] = {}
    for one in files:
        if (found := head_and_body(one.path, mapping)) is not None:
            joined.setdefault(found[0], []).append((one, found[1]))
            continue
        try:
            raws = list(chunks(one.path, mapping))
        except InputError:
            continue
        if len(raws) == 1:
            alike.setdefault(tuple(raws[0].frame.schema.items()), []).append((one, raws[0]))
    for head, some in joined.items():
        try:
            yield _joined(head, some, mapping)
        except InputError:
            continue
    yield from map(_piled, alike.values())


def _joined(head: bytes, some: list[tuple[One, bytes]], mapping: Mapping) -> Stack:
    """Stack texts: one reading for all of them."""
    raw = read_joined(head, [body for _, body in some], mapping, "the files")
    header_n = raw.header_n
    lines_n = np.array([body.count(b"\n") for _, body in some])
    ends = np.cumsum(lines_n)
    firsts = ends - lines_n + 1 + header_n
    blank_n = np.zeros(len(some), np.int64)
    if raw.blank_n:
        for index, (_, body) in enumerate(some):
            blank_n[index] = sum(line in (b"", b"\r") for line in body.split(b"\n")[:-1])
    return Stack([one for one, _ in some], raw, firsts, firsts - 1 - header_n, lines_n - blank_n)


def _piled(some: list[tuple[One, RawRows]]) -> Stack:
    """Stack what was read file by file."""
    raws = [raw for _, raw in some]
    before = np.cumsum([0, *(raw.lines_n + 1 for raw in raws)])[:-1]
    firsts = before + 1

    def record(numbers: Sequence[int]) -> list[bytes]:
        owners = (np.searchsorted(firsts, numbers, side="right") - 1).tolist()
        found: dict[int, bytes] = {}
        for owner in set(owners):
            mine = [number for number, other in zip(numbers, owners, strict=True) if other == owner]
            for number, line in zip(mine, raws[owner].record([number - int(before[owner]) for number in mine]), strict=True):
                found[number] = _Record(line)
                found[number].owner = owner
        return [found[number] for number in numbers]

    def fields(line: bytes) -> list[tuple[str, str]] | None:
        return raws[line.owner].fields(bytes(line))

    def numbered(name: str) -> pl.DataFrame:
        return pl.concat([getattr(raw, name).with_columns(pl.col("source_line") + int(start)) for raw, start in zip(raws, before, strict=True)])

    sums = {name: sum(getattr(raw, name) for raw in raws) for name in ("read_n", "blank_n", "header_n", "continued_n", "lines_n")}
    whole = RawRows(frame=numbered("frame"), malformed=numbered("malformed"), record=record, fields=fields, **sums)
    return Stack([one for one, _ in some], whole, firsts, before, np.array([raw.read_n for raw in raws]))


def judged(stack: Stack, mapping: Mapping, site: Site, identities: Identities) -> Judged:
    """Check a stack. Raises InputError when any of its files cannot be judged: then judge them one by one."""
    checked = check(stack.raw, mapping, site, identities, "the files", "", stack.files[0].file_on)
    good, rejects, reject_bytes = (_given_back(frame, stack) for frame in (checked.good, checked.rejects, checked.reject_bytes))
    ended = sum(np.bincount(frame[OWNER].to_numpy(), minlength=len(stack.files)) for frame in (good, rejects))
    if (wrong := np.flatnonzero(ended != stack.read_n)).size:
        index = int(wrong[0])
        raise InputError(stack.files[index].path.name, f"{stack.read_n[index]} records read, but {ended[index]} judged", "", "It is read again on its own")
    of = good[OWNER]
    ids, dates = pl.Series("file_id", [one.file_id for one in stack.files]), pl.Series("file_on", [one.file_on for one in stack.files], dtype=pl.Date)
    return Judged(good.with_columns(ids.gather(of), dates.gather(of)), rejects, reject_bytes, stack.read_n.tolist())


def _given_back(frame: pl.DataFrame, stack: Stack) -> pl.DataFrame:
    owners = stack.owners(frame["source_line"])
    return frame.with_columns(pl.Series("source_line", frame["source_line"].to_numpy() - stack.before[owners], dtype=pl.Int64), pl.Series(OWNER, owners, dtype=pl.Int64))
