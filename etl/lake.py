"""The lake: every row that passed validation, in immutable Parquet parts behind a numbered manifest. Facts are not kept here.

    lake/v1/<table>/port_code=X/month=YYYY-MM/<load>-<serial>.parquet
    lake/v1/manifest-<port>-<n>.json      names the living parts with their digests; the greatest n is the truth
    lake/v1/manifest-<port>-<n>.copy      the same once more

A part is never changed. A load appends parts and commits by writing the next manifest; before that nothing it wrote exists.
Two records of one key may lie in the lake (a line delivered twice): which one counts is decided when a day is read, by the
greater (file date, row digest), so it does not depend on the order of loading. When a file is loaded again from its raw
bytes (replay), its earlier rows are superseded: parts older than that load are read without them.
"""

from __future__ import annotations

import copy
import datetime as dt
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import polars as pl

from etl import checksums, clock
from etl.contracts.facts import DQ_REJECTS
from etl.contracts.interim import INT_FILE_COUNTS, INT_FILES, INT_TRACKS, INT_ZONE_PIECES
from etl.contracts.staged import STAGED_TABLES
from etl.errors import BuildError

LAKE_VERSION = 1
COPY = ".copy"
NO_DAY = dt.date(1970, 1, 1)  # partition of ledger rows about a file that has no date

_TABLES = {table.name: table for table in (*STAGED_TABLES, INT_ZONE_PIECES, INT_TRACKS, INT_FILES, INT_FILE_COUNTS, DQ_REJECTS)}
# One part a day, so that a day is read without its month: a day of fixes is as large as a month of anything else.
_DAILY = {"stg_tracking", "int_zone_pieces", "int_tracks"}
DERIVED = ("int_zone_pieces", "int_tracks")
_FEW = 8
_TIE = ("file_on", "row_digest", "file_id", "source_line")


@dataclass(frozen=True)
class Part:
    """One Parquet file: whose rows it holds and the UTC days they cover."""

    table: str
    path: str
    n: int
    first_day: str
    last_day: str
    rows_n: int
    files: tuple[str, ...]
    bytes_n: int | None = None
    digest: str = ""


@dataclass(frozen=True)
class Manifest:
    """One state of the lake. `superseded`: file_id -> the load from which on its rows count. `rows_from`, `facts_from`: first days left by the retention; '' is all."""

    n: int = 0
    port_code: str = ""
    key_id: str = ""
    zones_digest: str = ""
    rows_from: str = ""
    facts_from: str = ""
    parts: tuple[Part, ...] = ()
    superseded: dict[str, int] = field(default_factory=dict)


def _manifest(path: Path) -> Manifest:
    """Read one manifest. Raises BuildError when it is damaged or of another layout."""
    raw = checksums.opened(path, "the list of what the lake holds", "Run `smartport rebuild`, which takes the copy of it; if that is damaged too, `smartport rebuild --from-quarantine`")
    if raw.pop("version", None) != LAKE_VERSION:
        raise BuildError(str(path), "the manifest has another layout", f"layout {LAKE_VERSION}", "Use the program that wrote it")
    try:
        parts = tuple(Part(**{**part, "files": tuple(part["files"])}) for part in raw.pop("parts"))
        return Manifest(**{**raw, "parts": parts})
    except (TypeError, KeyError) as error:
        raise BuildError(str(path), "the manifest says what this program does not know: a newer one wrote it", "", "Use the program that wrote it") from error


class Lake:
    """The lake of one port. One writer at a time (the caller holds the lock); `manifest` is the last committed state."""

    def __init__(self, root: Path, port_code: str, *, from_copy: bool = False, anew: bool = False) -> None:
        """Read the newest manifest; with `from_copy` the copy of it where it is damaged. Raises BuildError where neither is whole.

        `anew`: forget every part there is, for a load that brings all of them again in one commit. Until then none is removed.
        """
        self.port_code = port_code
        self._task = ""
        self._has_tasks = False
        self.folder = root / f"v{LAKE_VERSION}"
        self._loading = self.folder / f"loading-{port_code}"
        self.manifest = self._anew() if anew else self._newest(from_copy)
        self._buffer: dict[str, list[pl.DataFrame]] = {}
        self._written: list[Part] = []
        self._superseding: set[str] = set()
        self._replaced_days: set[dt.date] = set()
        self._dropped: set[str] = set()
        self._sound: set[str] = set()  # parts found to be what was written

    # -- writing ---------------------------------------------------------------------------------------------------

    def append(self, table: str, frame: pl.DataFrame) -> None:
        """Add rows to the load being prepared. They exist for readers after `commit`."""
        if not frame.is_empty():
            self._buffer.setdefault(table, []).append(frame)

    def supersede(self, file_ids: Iterable[str]) -> None:
        """Let the rows of these files in every earlier load count no more: the load being prepared brings them anew."""
        self._superseding.update(file_ids)

    def replace_day(self, day: dt.date, pieces: pl.DataFrame, tracks: pl.DataFrame) -> None:
        """Let `pieces` and `tracks` be what is derived from the fixes of one UTC day, instead of what there is."""
        self._replaced_days.add(day)
        self.append("int_zone_pieces", pieces)
        self.append("int_tracks", tracks)

    def drop(self, parts: Iterable[Part]) -> None:
        """Let these parts count no more: the load being prepared brings their rows in another form, or the retention lets them go."""
        self._dropped.update(part.path for part in parts)

    def flush(self) -> None:
        """Write the buffered rows as parts of the load being prepared, to free memory. Still nothing exists before `commit`."""
        if not self._buffer:
            return
        self.begin()
        self._written += self._write_parts(self.manifest.n + 1)
        self._buffer = {}

    def mark(self) -> int:
        """Return where the load being prepared stands, for `rollback`. Flush before, so that nothing older lies in the buffer."""
        return len(self._written)

    def rollback(self, mark: int) -> None:
        """Take back everything since `mark`."""
        for part in self._written[mark:]:
            (self.folder / part.path).unlink()
        self._written, self._buffer = self._written[:mark], {}

    def for_task(self, name: str, only: Part | None = None) -> Lake:
        """Return the lake as a task of a cluster holds it: what it writes bears `name`, which nobody else has, and is handed to the one writer
        (`written`, then `adopt`). It never commits, so a task that runs twice leaves a file too many and no row. With `only` it reads nothing but that part.
        """
        other = copy.copy(self)
        other._task, other._buffer, other._written, other._superseding, other._replaced_days = name, {}, [], set(), set()
        if only:
            other.manifest = replace(self.manifest, parts=(only,))
        return other

    def written(self) -> tuple[Part, ...]:
        """Write the buffered rows and return all parts written so far: a task's answer."""
        self.flush()
        return tuple(self._written)

    def adopt(self, parts: Iterable[Part]) -> None:
        """Let parts that tasks have written since `begin` be parts of the load being prepared."""
        found = [replace(part, n=self.manifest.n + 1) for part in parts]
        self._written += found
        self._has_tasks |= bool(found)

    def begin(self) -> None:
        """Clear away what a killed load, or a task that ran twice, left behind. The writer calls it before tasks write."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if self._task or self._written:
            return  # a task clears nothing away, nor does a load that has begun
        if self._loading.exists():
            self._sweep()
        self._loading.touch()

    def commit(self, **about: str) -> Manifest:
        """Write the buffered rows and make them count: the next manifest. Return it; unchanged if there is nothing to write.

        `about` sets `key_id`, `zones_digest`, `rows_from` or `facts_from`.
        """
        about = {name: value for name, value in about.items() if getattr(self.manifest, name) != value}
        if not (self._buffer or self._written or self._superseding or self._replaced_days or self._dropped or about):
            return self.manifest
        self.begin()
        n = self.manifest.n + 1
        superseded = self.manifest.superseded | dict.fromkeys(self._superseding, n)
        old = [part for part in self.manifest.parts if part.path not in self._dropped and not self._is_dead(part, superseded)]
        parts = (*old, *self._written, *self._write_parts(n))
        needed = {file for part in parts for file in part.files if superseded.get(file, 0) > part.n}
        manifest = replace(self.manifest, n=n, port_code=self.port_code, parts=parts, superseded={f: v for f, v in superseded.items() if f in needed}, **about)
        self._write_manifest(manifest)
        gone = {part.path for part in self.manifest.parts} - {part.path for part in parts}
        self.manifest, self._buffer, self._written, self._superseding, self._replaced_days, self._dropped = manifest, {}, [], set(), set(), set()
        for path in gone:
            (self.folder / path).unlink(missing_ok=True)
        if not self._has_tasks:  # the second run of a task may still be writing: the next load clears it away
            self._loading.unlink(missing_ok=True)
        return manifest

    def _is_dead(self, part: Part, superseded: dict[str, int]) -> bool:
        if part.table in DERIVED:
            return dt.date.fromisoformat(part.first_day) in self._replaced_days
        return bool(part.files) and all(superseded.get(file, 0) > part.n for file in part.files)

    def _write_parts(self, n: int) -> list[Part]:
        parts = []
        for table, frames in self._buffer.items():
            frame = pl.concat(frames)
            on = frame[_day_column(table)].cast(pl.Date).fill_null(NO_DAY)
            for rows, first, last in _cut(frame, on, is_daily=table in _DAILY):
                path = f"{table}/port_code={self.port_code}/month={first:%Y-%m}/{n:06d}-{self._task}{len(self._written) + len(parts):05d}.parquet"
                files = tuple(sorted(rows["file_id"].unique())) if "file_id" in rows.columns else ()
                (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
                rows.write_parquet(self.folder / path, compression="zstd", compression_level=1)
                parts.append(Part(table, path, n, first.isoformat(), last.isoformat(), rows.height, files))
        for part in parts:
            _sync(self.folder / part.path)
        return [replace(part, bytes_n=(self.folder / part.path).stat().st_size, digest=checksums.of_file(self.folder / part.path)) for part in parts]

    def _write_manifest(self, manifest: Manifest) -> None:
        path = self._manifest_path(manifest.n)
        document = checksums.sealed({"version": LAKE_VERSION, **asdict(manifest)})
        for target in (path, path.with_suffix(COPY)):  # the copy is there for the day the other is damaged; only the first makes it count
            fresh = path.with_suffix(".writing")
            with fresh.open("wb") as file:
                file.write(document)
                file.flush()
                os.fsync(file.fileno())
            os.replace(fresh, target)
            _sync(self.folder)
        for older in range(manifest.n - 2, max(manifest.n - 5, 0), -1):
            self._manifest_path(older).unlink(missing_ok=True)
            self._manifest_path(older).with_suffix(COPY).unlink(missing_ok=True)

    def _sweep(self) -> None:
        """Remove the parts a killed load left behind. Called under the lock, before this load writes any."""
        living = {part.path for part in self.manifest.parts}
        for path in self.folder.glob(f"*/port_code={self.port_code}/*/*.parquet"):
            if path.relative_to(self.folder).as_posix() not in living:
                path.unlink()

    # -- reading ---------------------------------------------------------------------------------------------------

    def _anew(self) -> Manifest:
        numbers = [int(path.stem.rpartition("-")[2]) for path in self.folder.glob(f"manifest-{self.port_code}-*")]
        self._loading.unlink(missing_ok=True)  # or the parts would be swept at the first write
        self._has_tasks = True  # and they are, at the next load
        return Manifest(max(numbers, default=0), self.port_code)

    def _manifest_path(self, n: int) -> Path:
        return self.folder / f"manifest-{self.port_code}-{n}.json"

    def _newest(self, from_copy: bool = False) -> Manifest:
        others = sorted(path.name for path in self.folder.parent.glob("v*") if path.is_dir() and path.name != self.folder.name)
        if others and (not self.folder.exists() or any(name[1:].isdigit() and int(name[1:]) > LAKE_VERSION for name in others)):
            raise BuildError(str(self.folder.parent), f"the lake has layout {', '.join(others)}", self.folder.name, "Use the program that wrote it, or `smartport rebuild` into a new home")
        prefix = f"manifest-{self.port_code}-"
        numbers = [int(path.stem.removeprefix(prefix)) for path in self.folder.glob(f"{prefix}*.json")]
        if not numbers:
            return Manifest(port_code=self.port_code)
        newest = self._manifest_path(max(numbers))
        try:
            return _manifest(newest)
        except BuildError:
            if not from_copy or not newest.with_suffix(COPY).exists():
                raise
            return _manifest(newest.with_suffix(COPY))

    def parts(self, table: str, first_day: dt.date | None = None, last_day: dt.date | None = None, after_n: int = 0) -> list[Part]:
        """Return the living parts of a table that may hold rows of the UTC days, of loads after `after_n`."""
        low, high = (first_day or dt.date.min).isoformat(), (last_day or dt.date.max).isoformat()
        return [part for part in self.manifest.parts if part.table == table and part.n > after_n and part.first_day <= high and part.last_day >= low]

    def rows(
        self, table: str, first_day: dt.date | None = None, last_day: dt.date | None = None, *, after_n: int = 0, columns: Sequence[str] | None = None, where: pl.Expr | None = None
    ) -> pl.DataFrame:
        """Return the rows of the UTC days [first_day, last_day], every record of every key; only of loads after `after_n`."""
        day = pl.col(_day_column(table)).cast(pl.Date)
        names = list(columns) if columns else None
        frames = []
        for part in self.parts(table, first_day, last_day, after_n):
            self._check(part)
            # A part written before a column was invented has none of its values.
            lazy = pl.scan_parquet(self.folder / part.path, hive_partitioning=False, schema=_TABLES[table].schema, missing_columns="insert")
            if first_day and part.first_day < first_day.isoformat():
                lazy = lazy.filter(day >= first_day)
            if last_day and part.last_day > last_day.isoformat():
                lazy = lazy.filter(day <= last_day)
            dead = [file for file in part.files if self.manifest.superseded.get(file, 0) > part.n]
            if dead:
                lazy = lazy.filter(~pl.col("file_id").is_in(dead))
            if where is not None:
                lazy = lazy.filter(where)
            frames.append(lazy.select(names) if names else lazy)
        if not frames:
            return _TABLES[table].empty().select(names or pl.all())
        return pl.concat(pl.collect_all(frames), how="vertical")

    def _check(self, part: Part) -> None:
        """Raise BuildError unless the part is what was written. Once a load: Parquet has no checksums of its own, and a changed bit may read as another number."""
        if part.path in self._sound:
            return
        if fault := checksums.fault_of(self.folder / part.path, part.bytes_n, part.digest):
            held = f"{part.rows_n:,} rows of {part.table}, {part.first_day} to {part.last_day}"
            raise BuildError(str(self.folder / part.path), f"a file of the lake is damaged ({held}): {fault}", "", "Run `smartport verify`, which says whether `smartport rebuild` can make it again")
        self._sound.add(part.path)

    def read(self, table: str, first_day: dt.date, last_day: dt.date) -> pl.DataFrame:
        """Return the rows of the UTC days [first_day, last_day] that count: one a key, in the table's declared columns."""
        return winners(self.rows(table, first_day, last_day), _TABLES[table].key)

    def read_day(self, table: str, day: dt.date, zone: str) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Return (the rows of one UTC day that count, their `file_counts`)."""
        rows = self.rows(table, day, day)
        best = winners(rows, _TABLES[table].key)
        return best, file_counts(rows, best, table, zone)


def _cut(frame: pl.DataFrame, on: pl.Series, *, is_daily: bool) -> Iterator[tuple[pl.DataFrame, dt.date, dt.date]]:
    """Yield (rows, first day, last day) of each day, or month, in the order in which they appear; `on` is the day of each row."""
    spans: dict[dt.date, list[dt.date]] = {}
    for day in on.unique(maintain_order=True):
        spans.setdefault(day if is_daily else day.replace(day=1), []).append(day)
    if len(spans) == 1:
        cuts = [frame]  # a day of fixes is not copied
    elif len(spans) <= _FEW or on.is_sorted():
        cuts = (frame.filter(on.is_between(min(days), max(days))) for days in spans.values())  # a tenth of the price of a grouping
    else:
        part = (on if is_daily else on.dt.truncate("1mo")).alias("_part")
        cuts = frame.with_columns(part).partition_by("_part", maintain_order=True, include_key=False)
    for days, rows in zip(spans.values(), cuts, strict=True):
        yield rows, min(days), max(days)


def _day_column(table: str) -> str:
    return _TABLES[table].day or "day"


def winners(rows: pl.DataFrame, key: tuple[str, ...]) -> pl.DataFrame:
    """Return one row a key: that of the greatest (file date, row digest). The order of `rows` does not matter to which rows stay."""
    # Rows of one key have one hash; the few others that share it by chance are told apart by `unique`.
    suspect = rows.select(key).hash_rows().is_duplicated()
    if not suspect.any():
        return rows
    best = rows.filter(suspect).sort(*_TIE).unique(subset=list(key), keep="last", maintain_order=True)
    return pl.concat([rows.filter(~suspect), best])


def file_counts(rows: pl.DataFrame, best: pl.DataFrame, table: str, zone: str) -> pl.DataFrame:
    """Return INT_FILE_COUNTS of these rows of one staged table, `best` being those of them that count."""
    counted = [_by_file_day(frame, table, zone).agg(pl.len().cast(pl.Int64).alias(name)) for frame, name in ((rows, "all_n"), (best, "good_n"))]
    both = counted[0].join(counted[1], on=["file_id", "utc_day", "day"], how="left").with_columns(pl.col("good_n").fill_null(0))
    return INT_FILE_COUNTS.conform(both.with_columns(pl.lit(table).alias("table_name"), duplicate_n=pl.col("all_n") - pl.col("good_n")))


def _by_file_day(frame: pl.DataFrame, table: str, zone: str):
    column = _day_column(table)
    at = frame[column]
    utc = at.cast(pl.Date).rename("utc_day")
    local = utc.rename("day") if at.dtype == pl.Date else clock.to_local(at, zone).cast(pl.Date).rename("day")
    return pl.DataFrame([frame["file_id"], utc, local]).group_by("file_id", "utc_day", "day")


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
