"""Many files -> lake: find what is new, read it side by side, append it in the order of names, commit batch by batch.

A file is known by its SHA-256: the same content offered twice is read once, whatever its name; a name that a mapping fits goes
before one that none fits, else the first by name counts, and the report says what has the content of what. A file that cannot be read or
does not reconcile is refused whole and recorded with the reason; offered again it is tried again only after its mapping or
the site's reference lists have changed. `replay` reads again, from the quarantine, the files that had rejects or were refused.
"""

from __future__ import annotations

import datetime as dt
import time
from collections import deque
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from etl import quarantine
from etl.contracts.interim import INT_FILES
from etl.errors import InputError
from etl.lake import Lake, Part
from etl.loading import reading
from etl.loading.reading import Read, Reader
from etl.loading.report import FileReport
from etl.sources import file_id, match
from etl.sources.masks import spelled

Progress = Callable[[str, int, int, int], None]  # stage, done, of how many, lines so far
Inbox = Path | Sequence[Path]  # a folder, one file, or just these files

READERS = 2  # Polars uses every core inside; two files at a time hide the waiting
BATCH_ROWS = 2_000_000  # rows held before a batch is committed: bounds memory, and what a killed first load must read again
RECENT_S = 600  # a file changed within the last ten minutes may still be written: it is read only if the copy is what was named
SMALL_BYTES, GROUP_BYTES, GROUP_FILES = 2 << 20, 24 << 20, 500  # smaller files are judged together, so many at a time


def discover(inbox: Inbox) -> list[Path]:
    """Return the files of an inbox (or the one file, or those given), by name. Hidden and half-written ones are left alone. Raises InputError if it is not there."""
    if not isinstance(inbox, Path):
        return list(inbox)
    if inbox.is_file():
        return [inbox]
    if not inbox.is_dir():
        raise InputError(str(inbox), "there is no such folder or file", "", "Give `smartport load` the folder the logs are dropped in")
    names = (path for path in inbox.rglob("*") if path.is_file() and not path.is_symlink() and not path.name.endswith((".part", ".tmp", ".crdownload")))
    return sorted((path for path in names if not any(step.startswith(".") for step in path.relative_to(inbox).parts)), key=lambda path: (path.name, str(path)))


def linked(inbox: Inbox) -> list[FileReport]:
    """Refuse the symbolic links of an inbox by name: whoever may drop one there must not choose which file of this machine is read."""
    if not isinstance(inbox, Path) or not inbox.is_dir():
        return []
    told = "it is a symbolic link, which is not followed. Put the file itself into the inbox"
    return [FileReport(spelled(path.name), "", "refused", message=f"{spelled(path.name)}: {told}.") for path in sorted(inbox.rglob("*")) if path.is_symlink() and not path.name.startswith(".")]


@dataclass(frozen=True)
class Group:
    """Files read together: (path, file id, its row of INT_FILES; None when its content is known), and by table their rows, or the parts these already lie in, if they were written where they were read."""

    files: list[tuple[Path, str, dict | None]]
    frames: tuple[tuple[str, pl.DataFrame], ...] = ()
    parts: tuple[Part, ...] = ()


ReadAll = Callable[[Reader, Lake, list[Path], dict[str, dict], bool], Iterable[Group]]


def load_files(
    reader: Reader, lake: Lake, paths: Iterable[Path], known: dict[str, dict], newest: dict[str, dt.date], read_all: ReadAll, *, is_replay: bool = False, is_anew: bool = False, progress: Progress | None = None
) -> list[FileReport]:
    """Read the files that are new (or, for a replay, all given) into the lake, committing batch by batch. Returns one report a file.

    `read_all` reads them, here or elsewhere, and gives them back in order. `newest` is the date of the newest published file of each
    mapping: one that is older came late. That is a fact about its coming, so a replay keeps what was found then. `is_anew`: into a lake that starts over,
    which must not count before it is whole.
    """
    paths = sorted(paths, key=lambda path: reader.fitting(path) is None)
    reports: list[FileReport] = []
    names = {name_id: row["file_name"] for name_id, row in known.items()}
    refused = {name_id: row["message"] for name_id, row in known.items() if row["status_code"] == "refused"}
    rows_n = lines_n = 0
    for group in read_all(reader, lake, paths, known, is_replay):
        rows: list[dict] = []
        for path, name_id, row in group.files:
            name = spelled(path.name)
            if row is not None and row.get("status_code") == "growing":
                reports.append(FileReport(name, name_id, "refused", message=f"{name}: it was still being written; nothing of it is loaded, the next load reads it"))
            elif row is None:
                message = "" if names[name_id] == name else f"{name}: has the content of {names[name_id]} and is not read again"
                reports.append(FileReport(name, name_id, "known", message=message, refused_for=refused.get(name_id) or ""))
            else:
                if name_id in known:
                    lake.supersede([name_id])
                rows.append(row | {"is_late": known.get(name_id, {}).get("is_late") if is_replay else _is_late(row, newest)})
                names[name_id], refused[name_id] = name, row.get("message")
                reports.append(_report(row))
                rows_n += row.get("read_n") or 0
                lines_n += row.get("read_n") or 0
            if progress:
                progress("reading", len(reports), len(paths), lines_n)
        if rows:
            lake.append("int_files", INT_FILES.conform(pl.DataFrame(rows, schema_overrides=_PLAIN, infer_schema_length=None)))
        for table, frame in group.frames:
            lake.append(table, frame)
        lake.adopt(group.parts)
        if rows_n > BATCH_ROWS:  # never within a group: parts hold the rows of all its files
            lake.flush() if is_anew else lake.commit(key_id=reader.identities.key_id)
            rows_n = 0
    if any(report.status != "known" for report in reports):
        lake.commit(key_id=reader.identities.key_id)
    return reports


_PLAIN = dict(INT_FILES.schema)


def read_all(reader: Reader, lake: Lake, paths: list[Path], known: dict[str, dict], is_replay: bool) -> Iterator[Group]:
    """Read on this machine, two groups side by side."""
    seen: set[str] = set()

    def prepare(group: list[Path]) -> tuple[list[tuple[Path, str]], Read]:
        named = [(path, path.parent.parent.name if is_replay else file_id(path)) for path in group]
        return named, read_group(reader, fresh_of(reader, named, known, seen, is_replay), is_replay)

    def finished(named: list[tuple[Path, str]], read: Read) -> Group:
        frames, again = read.frames, seen & read.rows.keys()  # read twice, side by side
        if again:
            frames = tuple((table, frame.filter(~pl.col("file_id").is_in(list(again)))) for table, frame in frames)
        files = []
        for path, name_id in named:
            row = None if name_id in seen else read.rows.get(name_id)
            if row is _LATER:
                kept = None if is_replay else quarantine.raw_file(reader.settings.quarantine, reader.site.port_code, name_id, spelled(path.name))
                large = reader.read(kept or path, name_id, lake)
                row, frames = large.rows[name_id], large.frames
            if row is not None and row is not _STILL_WRITTEN:
                seen.add(name_id)
            files.append((path, name_id, row))
        return Group(files, frames)

    with ThreadPoolExecutor(READERS) as pool:
        waiting = deque()
        for group in groups(reader, paths):
            waiting.append(pool.submit(prepare, group))
            if len(waiting) > READERS:
                yield finished(*waiting.popleft().result())
        while waiting:
            yield finished(*waiting.popleft().result())


def fresh_of(reader: Reader, named: list[tuple[Path, str]], known: dict[str, dict], seen: Container[str], is_replay: bool) -> list[tuple[Path, str]]:
    """Return the files whose content is to be read, each content once, by its first name."""
    fresh = [(path, name_id) for path, name_id in named if name_id not in seen and (is_replay or _is_new(reader, path, known.get(name_id)))]
    return list({name_id: (path, name_id) for path, name_id in reversed(fresh)}.values())[::-1]


def read_group(reader: Reader, fresh: list[tuple[Path, str]], is_replay: bool, lake: Lake | None = None) -> Read:
    """Keep the raw files in quarantine, read and judge them. A large file goes to `lake` stretch by stretch; without one it is left for later."""
    found = Read({})
    if not is_replay:
        # What is read is the copy that was kept, so that rows, name and raw file are of one content whatever happens to the file meanwhile.
        copies = quarantine.keep_files(reader.settings.quarantine, reader.site.port_code, fresh)
        is_growing = [time.time() - path.stat().st_mtime < RECENT_S and file_id(copy) != name_id for copy, (path, name_id) in zip(copies, fresh, strict=True)]
        for copy, (_, name_id), growing in zip(copies, fresh, is_growing, strict=True):
            if growing:
                copy.unlink()
                found |= Read({name_id: _STILL_WRITTEN})
        fresh = [(copy, name_id) for copy, (_, name_id), growing in zip(copies, fresh, is_growing, strict=True) if not growing]
    if len(fresh) > 1:
        return found | reader.read_together(fresh, match(fresh[0][0], reader.mappings))
    for path, name_id in fresh:
        found |= Read({name_id: _LATER}) if lake is None and path.stat().st_size > reading.LARGE_BYTES else reader.read(path, name_id, lake)
    return found


def read_into(lake: Lake, reader: Reader, fresh: list[tuple[Path, str]], is_replay: bool) -> tuple[dict[str, dict], tuple[Part, ...]]:
    """Do all of a group where it is read: rows and rejects lie in parts of `lake` (a task's), and only what the ledger keeps comes back."""
    found = read_group(reader, fresh, is_replay, lake)
    for table, frame in found.frames:
        lake.append(table, frame)
    return found.rows, lake.written()


_LATER = {"status_code": "later"}
_STILL_WRITTEN = {"status_code": "growing"}


def groups(reader: Reader, paths: list[Path]) -> Iterator[list[Path]]:
    """Cut the files, as ordered, into groups that can be judged together: small ones of one mapping, dated by their names."""
    group: list[Path] = []
    together, size = None, 0
    for path in paths:
        mapping = reader.fitting(path)
        bytes_n = path.stat().st_size
        mine = mapping if mapping is not None and mapping.file_date is not None and bytes_n <= SMALL_BYTES else None
        if group and (mine is None or mine is not together or size + bytes_n > GROUP_BYTES or len(group) >= GROUP_FILES):
            yield group
            group, size = [], 0
        group.append(path)
        together, size = mine, size + bytes_n
    if group:
        yield group


def _is_new(reader: Reader, path: Path, known: dict | None) -> bool:
    if known is None:
        return True
    if known["status_code"] != "refused":
        return False
    mapping = reader.fitting(path)
    return known["mapping_digest"] != reader.digest(mapping)


def _is_late(row: dict, newest: dict[str, dt.date]) -> bool:
    on, latest = row.get("file_on"), newest.get(row.get("mapping_name") or "")
    return on is not None and latest is not None and on < latest


def _report(row: dict) -> FileReport:
    return FileReport(
        row["file_name"], row["file_id"], row["status_code"], row.get("source_code"), row.get("mapping_name"),
        row.get("read_n") or 0, row.get("staged_n") or 0, row.get("rejected_n") or 0, row.get("message") or "",
    )  # fmt: skip


def replayable(reader: Reader, known: dict[str, dict], *, everything: bool = False) -> list[Path]:
    """Return the quarantined raw files worth reading again: with rejects or refused, and judged by rules that have changed since."""
    found = []
    for name_id, row in sorted(known.items(), key=lambda item: (item[1]["file_name"], item[0])):
        path = quarantine.raw_file(reader.settings.quarantine, reader.site.port_code, name_id, row["file_name"])
        if path is None or file_id(path) != name_id:
            continue  # expired, or damaged since it came: its staged rows are the better witness
        mapping = reader.fitting(path)
        is_faulty = row["status_code"] == "refused" or (row["rejected_n"] or 0) > 0
        if everything or (is_faulty and row["mapping_digest"] != reader.digest(mapping)):
            found.append(path)
    return found


def quarantined(reader: Reader) -> dict[str, dict]:
    """Return every file of the quarantine as a row of INT_FILES that knows no more than its name, for a lake or ledger that is damaged."""
    folder = reader.settings.quarantine / reader.site.port_code
    names = {place.name: quarantine.raw_file(reader.settings.quarantine, reader.site.port_code, place.name) for place in sorted(folder.glob("*"))}
    return {name_id: {"file_id": name_id, "file_name": path.name, "status_code": "refused", "rejected_n": None, "mapping_digest": None, "message": None, "is_late": None} for name_id, path in names.items() if path}
