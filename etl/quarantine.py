"""The owner-only room for raw data: files as they came and the bytes of rejected lines.

home/quarantine/<port>/<file_id>/raw/<file name>   the file, byte for byte
home/quarantine/<port>/<file_id>/rejects.parquet   source_line, raw (binary)
Folders are mode 700, files 600; what is older than the retention is deleted by `expire`.
"""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import polars as pl

from etl.sources.mapping import Mapping
from etl.sources.masks import mask, printable, shown, spelled

REJECT_BYTES_SCHEMA = {"source_line": pl.Int64(), "raw": pl.Binary()}
_JUMP_S = 31 * 86_400
_REJECTS = "rejects.parquet"
_LONGEST_LINE = 400
_LONGEST_NAME = 200  # bytes; a file system takes 255, and while it is written a file's name is longer


def masked_line(fields: list[tuple[str, str]] | None, record: bytes, mapping: Mapping) -> str:
    """Return a rejected line for display. Only values of mapped columns that hold no identity are readable; an unsplittable line is masked whole."""
    if fields is None:
        text = mask(record[: 4 * _LONGEST_LINE + 4].decode(mapping.encoding, "replace"))  # a character has at most four bytes
    else:
        separator = mapping.delimiter if mapping.format == "csv" else "; "
        readable = mapping.shown_columns
        parts = [shown(value) if name in readable else mask(value) for name, value in fields]
        text = separator.join(parts if mapping.format == "csv" else (f"{name}={part}" for (name, _), part in zip(fields, parts, strict=True)))
    text = printable(text)
    return text if len(text) <= _LONGEST_LINE else text[:_LONGEST_LINE] + "..."


def keep_file(root: Path, port_code: str, file_id: str, path: Path) -> Path:
    """Copy a raw file into quarantine and return its place: `keep_files` of one."""
    return keep_files(root, port_code, [(path, file_id)])[0]


def keep_files(root: Path, port_code: str, files: Sequence[tuple[Path, str]]) -> list[Path]:
    """Copy raw files, (path, file id), into quarantine and return their places, where their names are written so that they can be printed. Done twice it changes nothing; killed half-way it leaves no half file."""
    targets, fresh = [], {}
    for shared in (_folder(root), _folder(root, port_code)):
        shared.chmod(0o700)  # whoever made it
    for path, file_id in files:
        name = spelled(path.name)
        if len(name.encode()) > _LONGEST_NAME:
            name = f"{name[: _LONGEST_NAME // 8]}~{name[-_LONGEST_NAME // 8 :]}"
        targets.append(root / port_code / file_id / "raw" / name)
        if not targets[-1].is_file():
            fresh[_folder(root, port_code, file_id, "raw") / name] = path
    _replace({target: partial(shutil.copyfile, path) for target, path in fresh.items()})
    return targets


def keep_rejects(root: Path, port_code: str, file_id: str, rejected: pl.DataFrame | None) -> None:
    """Keep the raw bytes of a file's rejected records (REJECT_BYTES_SCHEMA), in place of any kept before; none or None: there are none."""
    if rejected is None or rejected.is_empty():
        (root / port_code / file_id / _REJECTS).unlink(missing_ok=True)
    else:
        _replace({_folder(root, port_code, file_id) / _REJECTS: rejected.select(REJECT_BYTES_SCHEMA.keys()).cast(REJECT_BYTES_SCHEMA).write_parquet})


def raw_file(root: Path, port_code: str, file_id: str, name: str | None = None) -> Path | None:
    """Return the quarantined raw file, or None once it has expired. One content may have come under several names: `name` is preferred."""
    found = sorted(path for path in (root / port_code / file_id / "raw").glob("*") if not path.name.endswith(".part"))
    return next((path for path in found if path.name == name), found[0] if found else None)


def rejected_bytes(root: Path, port_code: str, file_id: str) -> pl.DataFrame:
    """Return the raw bytes of a file's rejected records; empty when there are none or they have expired."""
    path = root / port_code / file_id / _REJECTS
    return pl.read_parquet(path, glob=False) if path.is_file() else pl.DataFrame(schema=REJECT_BYTES_SCHEMA)


def expire(root: Path, days: int, now_s: float | None = None) -> list[str]:
    """Delete what has lain longer than `days`, by file time; return the file ids that lost something."""
    limit = (time.time() if now_s is None else now_s) - days * 86_400
    gone = []
    for folder in sorted(root.glob("*/*")):
        old = [path for path in folder.rglob("*") if path.is_file() and path.stat().st_mtime < limit]
        for path in old:
            path.unlink()
        if old:
            gone.append(folder.name)
            for empty in (folder / "raw", folder):
                if empty.is_dir() and not any(empty.iterdir()):
                    empty.rmdir()
    return gone


def expire_daily(root: Path, days: int) -> None:
    """Call `expire` unless it was called within a day: it looks at every file ever loaded, and a load must not grow with its history.

    When the clock has gone on by more than a month since, nothing is deleted before the next day's look: a clock that jumps ahead and is set right again costs no raw file.
    """
    mark = root / ".expired"
    passed_s = time.time() - mark.stat().st_mtime if mark.exists() else None
    if not root.is_dir() or (passed_s is not None and abs(passed_s) < 86_400):
        return
    if passed_s is None or passed_s < _JUMP_S:
        expire(root, days)
    mark.touch()


def _folder(root: Path, *parts: str) -> Path:
    """Return a folder below root; every level that was not there is made, owner-only."""
    folder = root.joinpath(*parts)
    if not folder.is_dir():
        if parts:
            _folder(root, *parts[:-1])
        folder.mkdir(parents=not parts, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
    return folder


def _replace(writers: dict[Path, Callable[[Path], object]]) -> None:
    """Write files under another name, wait for the disk, then give them their own. One wait costs little after another: all are written before the first."""
    parts: dict[Path, Path] = {}
    try:
        for target, write in writers.items():
            parts[target] = part = target.with_name(f"{target.name}.{secrets.token_hex(4)}.part")  # a task of a cluster may run twice at once, on two machines
            os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
            write(part)
        for part in parts.values():
            handle = os.open(part, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
        for target, part in parts.items():
            os.replace(part, target)
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)
