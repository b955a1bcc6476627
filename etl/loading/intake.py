"""Files -> lake: find, recognise by content, read, check, keep the raw bytes, append. Small files are read side by side.

A file is known by its SHA-256: the same content offered twice is read once, whatever its name; a name that a mapping fits goes
before one that none fits, else the first by name counts, and the report says what has the content of what. A file that cannot be read or
does not reconcile is refused whole and recorded with the reason; offered again it is tried again only after its mapping or
the site's reference lists have changed. `replay` reads again, from the quarantine, the files that had rejects or were refused.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from etl import quarantine
from etl.contracts.facts import DQ_REJECTS
from etl.contracts.interim import INT_FILES
from etl.contracts.reference import Site
from etl.errors import InputError
from etl.identities import Identities
from etl.lake import NO_DAY, Lake
from etl.loading.report import FileReport
from etl.loading.together import One, check_together
from etl.settings import Settings
from etl.sources import Mapping, chunks, file_id, load_mappings, match
from etl.validate import Checked, check, check_file

Progress = Callable[[str, int, int, int], None]  # stage, done, of how many, lines so far

READERS = 2  # Polars uses every core inside; two files at a time hide the waiting
BATCH_ROWS = 2_000_000  # rows held before a batch is committed: bounds memory, and what a killed first load must read again
LARGE_BYTES = 192 << 20  # a larger file is appended stretch by stretch
SMALL_BYTES, GROUP_BYTES, GROUP_FILES = 2 << 20, 24 << 20, 150  # smaller files are judged together, so many at a time
OUT_OF_ORDER = dt.timedelta(minutes=5)  # logs write a line when a lane finishes: neighbours may swap by a little
UNORDERED_SOURCES = ("tracking", "means")  # trackers deliver truck by truck, means by place


@dataclass(frozen=True)
class _Read:
    """One file after reading: its row of INT_FILES, and its frames unless it went to the lake stretch by stretch."""

    row: dict
    good: pl.DataFrame | None = None
    rejects: pl.DataFrame | None = None
    table: str | None = None


@dataclass(frozen=True)
class Intake:
    """Everything reading needs to know of the installation."""

    settings: Settings
    site: Site
    identities: Identities
    mappings: tuple[Mapping, ...]
    references_digest: str

    @classmethod
    def of(cls, settings: Settings, site: Site, identities: Identities) -> Intake:
        lists = "|".join(f"{name}:{','.join(sorted(codes))}" for name, codes in sorted(site.references.items()))
        dated = "".join(site.tables[name].write_csv() for name in ("dim_gates", "dim_lanes"))
        return cls(settings, site, identities, load_mappings(site.mappings), hashlib.sha256((lists + dated).encode()).hexdigest())

    def digest(self, mapping: Mapping | None) -> str:
        """Return the digest of what decides how a file is judged: its mapping and the site's reference lists."""
        text = mapping.path.read_bytes() if mapping else b"".join(each.path.read_bytes() for each in self.mappings)
        return hashlib.sha256(text + self.references_digest.encode()).hexdigest()[:16]

    # -- one file, or many small ones of a mapping ---------------------------------------------------------------------

    def read(self, path: Path, name_id: str, lake: Lake | None = None) -> _Read:
        """Read and check one file. Never raises for what is wrong with the file: that becomes its status and message."""
        row, mapping = self._row(path, name_id), None
        try:
            mapping = self._mapping(path)
            row |= self._about(path, mapping)
            if lake is not None and row["bytes_n"] > LARGE_BYTES and row["file_on"] is not None:
                return _Read(self._read_large(path, mapping, row, lake))
            checked = check_file(path, mapping, self.site, self.identities, name_id)
        except InputError as error:
            return self._refused(row, mapping, error)
        return self._judged(row, mapping, checked)

    def read_together(self, paths: list[tuple[Path, str]], mapping: Mapping) -> list[_Read]:
        """Read small files of one mapping side by side: the same answers as `read`, for a fraction of the calls."""
        found: dict[str, _Read] = {}
        alike: dict[tuple, list[tuple[dict, One]]] = {}
        for path, name_id in paths:
            row = self._row(path, name_id)
            try:
                row |= self._about(path, mapping)
                raws = list(chunks(path, mapping))
            except InputError as error:
                found[name_id] = self._refused(row, mapping, error)
                continue
            if len(raws) == 1 and row["file_on"] is not None:
                alike.setdefault(tuple(raws[0].frame.schema.items()), []).append((row, One(name_id, row["file_on"], raws[0])))
        for group in alike.values():
            try:
                judged = check_together([one for _, one in group], mapping, self.site, self.identities)
            except InputError:
                continue  # whichever it was: one by one below
            found |= {row["file_id"]: self._judged(row, mapping, checked) for (row, _), checked in zip(group, judged, strict=True)}
        return [found.get(name_id) or self.read(path, name_id) for path, name_id in paths]

    def _row(self, path: Path, name_id: str) -> dict:
        return {"port_code": self.site.port_code, "file_id": name_id, "file_name": path.name, "bytes_n": path.stat().st_size, "status_code": "refused"}

    def _mapping(self, path: Path) -> Mapping:
        mapping = match(path, self.mappings)
        if mapping is None:
            known = ", ".join(sorted(pattern for each in self.mappings for pattern in each.files))
            raise InputError(path.name, "no mapping fits this name", known, "Rename the file, or add its pattern to a mapping")
        return mapping

    def fitting(self, path: Path) -> Mapping | None:
        """Return the one mapping that fits the file's name, or None."""
        try:
            return match(path, self.mappings)
        except InputError:
            return None

    def _about(self, path: Path, mapping: Mapping) -> dict:
        return {"source_code": mapping.source.name, "mapping_name": mapping.name, "file_on": mapping.date_of(path.name)}

    def _refused(self, row: dict, mapping: Mapping | None, error: InputError) -> _Read:
        return _Read({**row, "mapping_digest": self.digest(mapping), "message": str(error)})

    def _judged(self, row: dict, mapping: Mapping, checked: Checked) -> _Read:
        quarantine.keep_rejects(self.settings.quarantine, self.site.port_code, row["file_id"], checked.reject_bytes)
        row = row | self._outcome(checked, mapping) | {"file_on": checked.file_on}
        return _Read(row, checked.good, self._rejects(checked.rejects, row), mapping.source.table.name)

    def _outcome(self, checked: Checked, mapping: Mapping, newest: dt.datetime | None = None) -> dict:
        at = checked.good[_instant_column(mapping, checked.good)].cast(pl.Datetime("us"))
        return {
            "status_code": "loaded", "mapping_digest": self.digest(mapping), "read_n": checked.read_n, "staged_n": checked.good.height,
            "rejected_n": checked.rejects.height, "first_event_at": at.min(), "last_event_at": at.max(), "out_of_order_n": _out_of_order(at, mapping, newest),
        }  # fmt: skip

    def _rejects(self, rejects: pl.DataFrame, row: dict) -> pl.DataFrame:
        return DQ_REJECTS.conform(
            rejects.with_columns(
                pl.lit(row["port_code"]).alias("port_code"), pl.lit(row["file_id"]).alias("file_id"), pl.lit(row["file_name"]).alias("file_name"),
                pl.lit(row["source_code"]).alias("source_code"), pl.lit(row["file_on"] or NO_DAY, dtype=pl.Date).alias("day"),
            )
        )  # fmt: skip

    def _read_large(self, path: Path, mapping: Mapping, row: dict, lake: Lake) -> dict:
        """Append a file to the lake in stretches of bounded memory; take all of it back when a later stretch refuses it."""
        lake.flush()
        mark = lake.mark()
        total: dict = {}
        kept_bytes = []
        try:
            for raw in chunks(path, mapping):
                checked = check(raw, mapping, self.site, self.identities, path.name, row["file_id"], row["file_on"])
                lake.append(mapping.source.table.name, checked.good)
                lake.append("dq_rejects", self._rejects(checked.rejects, row))
                lake.flush()
                kept_bytes.append(checked.reject_bytes)
                total = _sum(total, self._outcome(checked, mapping, total.get("last_event_at")))
        except InputError:
            lake.rollback(mark)
            raise
        quarantine.keep_rejects(self.settings.quarantine, self.site.port_code, row["file_id"], pl.concat(kept_bytes))
        return row | total


def _sum(total: dict, part: dict) -> dict:
    if not total:
        return part
    added = {name: total[name] + part[name] for name in ("read_n", "staged_n", "rejected_n", "out_of_order_n")}
    seen = {name: pick(at for at in (total[name], part[name]) if at is not None) if total[name] or part[name] else None for name, pick in (("first_event_at", min), ("last_event_at", max))}
    return part | added | seen


def _instant_column(mapping: Mapping, good: pl.DataFrame) -> str:
    """The column that says when a row happened: the table's day column, or its instant where that is a date and instants are known."""
    day = mapping.source.table.day
    return "event_at" if day == "event_on" and good["event_at"].null_count() < good.height else day


def _out_of_order(at: pl.Series, mapping: Mapping, newest: dt.datetime | None) -> int:
    """Count the rows older than one before them, `newest` being the newest of the stretches before."""
    if mapping.source.name in UNORDERED_SOURCES or mapping.format == "parquet":
        return 0
    before = pl.concat([pl.Series([newest], dtype=pl.Datetime("us")), at]).cum_max().head(len(at))
    return int((at < before.dt.offset_by(f"-{int(OUT_OF_ORDER.total_seconds())}s")).sum())


# -- many files ----------------------------------------------------------------------------------------------------


def discover(inbox: Path) -> list[Path]:
    """Return the files of an inbox (or the one file given), by name. Hidden and half-written ones are left alone. Raises InputError if it is not there."""
    if inbox.is_file():
        return [inbox]
    if not inbox.is_dir():
        raise InputError(str(inbox), "there is no such folder or file", "", "Give `smartport load` the folder the logs are dropped in")
    names = (path for path in inbox.rglob("*") if path.is_file() and not path.name.endswith((".part", ".tmp", ".crdownload")))
    return sorted((path for path in names if not any(step.startswith(".") for step in path.relative_to(inbox).parts)), key=lambda path: (path.name, str(path)))


def load_files(
    intake: Intake, lake: Lake, paths: Iterable[Path], known: dict[str, dict], newest: dict[str, dt.date], *, is_replay: bool = False, progress: Progress | None = None
) -> list[FileReport]:
    """Read the files that are new (or, for a replay, all given) into the lake, committing batch by batch. Returns one report a file.

    `newest` is the date of the newest published file of each mapping: one that is older came late. That is a fact about its
    coming, so a replay keeps what was found then.
    """
    paths = sorted(paths, key=lambda path: intake.fitting(path) is None)
    reports: list[FileReport] = []
    seen: set[str] = set()
    names = {name_id: row["file_name"] for name_id, row in known.items()}
    rows_n = lines_n = 0
    for done, (path, name_id, read) in enumerate(_read_all(intake, lake, paths, known, seen, is_replay), start=1):
        if read is None:
            message = "" if names[name_id] == path.name else f"{path.name}: has the content of {names[name_id]} and is not read again"
            reports.append(FileReport(path.name, name_id, "known", message=message))
        else:
            if name_id in known:
                lake.supersede([name_id])
            read.row["is_late"] = known.get(name_id, {}).get("is_late") if is_replay else _is_late(read.row, newest)
            names[name_id] = path.name
            lake.append("int_files", INT_FILES.conform(pl.DataFrame([read.row], schema_overrides=_PLAIN, infer_schema_length=None)))
            if read.good is not None:
                lake.append(read.table, read.good)
                lake.append("dq_rejects", read.rejects)
            reports.append(_report(read.row))
            rows_n += read.row.get("read_n") or 0
            lines_n += read.row.get("read_n") or 0
            if rows_n > BATCH_ROWS:
                lake.commit(key_id=intake.identities.key_id)
                rows_n = 0
        if progress:
            progress("reading", done, len(paths), lines_n)
    if any(report.status != "known" for report in reports):
        lake.commit(key_id=intake.identities.key_id)
    return reports


_PLAIN = dict(INT_FILES.schema)


def _read_all(
    intake: Intake, lake: Lake, paths: list[Path], known: dict[str, dict], seen: set[str], is_replay: bool
) -> Iterator[tuple[Path, str, _Read | None]]:
    """Yield (path, file id, what was read; None when its content is known), in the order given."""

    def prepare(group: list[Path]) -> list[tuple[Path, str, _Read | None]]:
        named = [(path, path.parent.parent.name if is_replay else file_id(path)) for path in group]
        fresh = [(path, name_id) for path, name_id in named if is_replay or _is_new(intake, path, known.get(name_id))]
        fresh = list({name_id: (path, name_id) for path, name_id in reversed(fresh) if name_id not in seen}.values())[::-1]
        if not is_replay:
            for path, name_id in fresh:
                quarantine.keep_file(intake.settings.quarantine, intake.site.port_code, name_id, path)
        if len(fresh) > 1:
            read = dict(zip((name_id for _, name_id in fresh), intake.read_together(fresh, match(fresh[0][0], intake.mappings)), strict=True))
        else:
            read = {name_id: _LATER if path.stat().st_size > LARGE_BYTES else intake.read(path, name_id) for path, name_id in fresh}
        first = {name_id: path for path, name_id in reversed(named)}
        return [(path, name_id, read.get(name_id) if first[name_id] == path else None) for path, name_id in named]

    def finished(group: list[tuple[Path, str, _Read | None]]) -> Iterator[tuple[Path, str, _Read | None]]:
        for path, name_id, read in group:
            if name_id in seen:
                read = None
            elif read is _LATER:
                read = intake.read(path, name_id, lake)
            if read is not None:
                seen.add(name_id)
            yield path, name_id, read

    with ThreadPoolExecutor(READERS) as pool:
        waiting = deque()
        for group in _groups(intake, paths):
            waiting.append(pool.submit(prepare, group))
            if len(waiting) > READERS:
                yield from finished(waiting.popleft().result())
        while waiting:
            yield from finished(waiting.popleft().result())


_LATER = _Read({})


def _groups(intake: Intake, paths: list[Path]) -> Iterator[list[Path]]:
    """Cut the files, as ordered, into groups that can be judged together: small ones of one mapping, dated by their names."""
    group: list[Path] = []
    together, size = None, 0
    for path in paths:
        mapping = intake.fitting(path)
        bytes_n = path.stat().st_size
        mine = mapping if mapping is not None and mapping.file_date is not None and bytes_n <= SMALL_BYTES else None
        if group and (mine is None or mine is not together or size + bytes_n > GROUP_BYTES or len(group) >= GROUP_FILES):
            yield group
            group, size = [], 0
        group.append(path)
        together, size = mine, size + bytes_n
    if group:
        yield group


def _is_new(intake: Intake, path: Path, known: dict | None) -> bool:
    if known is None:
        return True
    if known["status_code"] != "refused":
        return False
    mapping = intake.fitting(path)
    return known["mapping_digest"] != intake.digest(mapping)


def _is_late(row: dict, newest: dict[str, dt.date]) -> bool:
    on, latest = row.get("file_on"), newest.get(row.get("mapping_name") or "")
    return on is not None and latest is not None and on < latest


def _report(row: dict) -> FileReport:
    return FileReport(
        row["file_name"], row["file_id"], row["status_code"], row.get("source_code"), row.get("mapping_name"),
        row.get("read_n") or 0, row.get("staged_n") or 0, row.get("rejected_n") or 0, row.get("message") or "",
    )  # fmt: skip


def replayable(intake: Intake, known: dict[str, dict], *, everything: bool = False) -> list[Path]:
    """Return the quarantined raw files worth reading again: with rejects or refused, and judged by rules that have changed since."""
    found = []
    for name_id, row in sorted(known.items(), key=lambda item: (item[1]["file_name"], item[0])):
        path = quarantine.raw_file(intake.settings.quarantine, intake.site.port_code, name_id, row["file_name"])
        if path is None:
            continue
        mapping = intake.fitting(path)
        is_faulty = row["status_code"] == "refused" or (row["rejected_n"] or 0) > 0
        if everything or (is_faulty and row["mapping_digest"] != intake.digest(mapping)):
            found.append(path)
    return found

