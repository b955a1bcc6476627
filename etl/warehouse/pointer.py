"""The pointer: the one small file that says which files are the build, replaced as the last act of a publish."""

from __future__ import annotations

import datetime as dt
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from etl import checksums
from etl.errors import BuildError
from etl.warehouse.files import sync

POINTER = "current.json"
POINTER_VERSION = 1


def read_pointer(build_root: Path, port_code: str) -> dict | None:
    """Return the pointer of a port's current build, or None before the first publish. Raises BuildError for one made by unknown rules."""
    path = build_root / port_code / POINTER
    try:
        pointer = checksums.opened(path, "the pointer to the build", "Run `smartport rebuild`")
    except FileNotFoundError:
        return None
    if pointer.get("version") != POINTER_VERSION:
        raise BuildError(str(path), f"the build has layout {pointer.get('version')}", f"layout {POINTER_VERSION}", "Run `smartport rebuild` with this program")
    return pointer


def forget_pointer(build_root: Path, port_code: str) -> None:
    """Take a damaged pointer away: no build is published then, until the next one is."""
    (build_root / port_code / POINTER).unlink()


def current_build_id(build_root: Path, port_code: str) -> str | None:
    """Return the id of the port's current build, or None. One small read: cheap enough to poll."""
    pointer = read_pointer(build_root, port_code)
    return pointer["build_id"] if pointer else None


def point(folder: Path, pointer: dict) -> None:
    """Make `pointer` the current build. The files it names are on the disk by name before it is."""
    sync(folder)
    fresh = folder / f".{POINTER}-{secrets.token_hex(4)}"
    with fresh.open("wb") as file:
        file.write(checksums.sealed(pointer, indent=1))
        file.flush()
        os.fsync(file.fileno())
    os.replace(fresh, folder / POINTER)
    sync(folder)


def replaced(folder: Path, old: dict | None, ledger_name: str, segments: Mapping[str, dict]) -> list[dict]:
    """Return the files that were current once and are still there, with the instant they stopped being so."""
    if old is None:
        return []
    now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    living = {ledger_name, *(segment["name"] for segment in segments.values())}
    gone = [name for name in (old["ledger"], *(segment["name"] for segment in old["segments"].values())) if name not in living]
    return [*(entry for entry in old["replaced"] if (folder / entry["name"]).exists()), *({"name": name, "at": now} for name in gone)]


def sweep(folder: Path, hours: float) -> int:
    """Remove files replaced more than `hours` ago and what a killed publish left behind. Only the lock holder may call it."""
    pointer = read_pointer(folder.parent, folder.name) or {"segments": {}, "replaced": []}
    limit = dt.datetime.now(dt.UTC) - dt.timedelta(hours=hours)
    waiting = {entry["name"] for entry in pointer["replaced"] if dt.datetime.fromisoformat(entry["at"]) > limit}
    living = {POINTER, pointer.get("ledger"), *(segment["name"] for segment in pointer["segments"].values())}
    removed = 0
    for path in folder.iterdir():
        if path.name not in living | waiting and path.is_file():
            path.unlink()
            removed += 1
    return removed
