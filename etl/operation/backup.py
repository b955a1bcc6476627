"""`smartport backup` and `restore`: what no log can make again, and the lake, in a folder whose every file is known by its digest.

    DIR/2026-11-21T203000Z/backup.json    every file with size, digest and mode; written last, so that a folder without it is no backup
    DIR/2026-11-21T203000Z/home/...       settings with the pseudonym key, lake, audit, alerts, briefings; with the raw files if they are asked for
    DIR/2026-11-21T203000Z/site/...       the site as it was, to be compared; of several ports those of the others in sites/NAME
    DIR/2026-11-21T203000Z/quarantine.json  which raw files there were

It is consistent while a load runs: the lake's list names files that never change, and all of them are held fast by hard links before any is copied.
What the backup before holds already is linked from it, so a nightly backup costs what the day brought. Builds are not kept: `smartport rebuild` makes them.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from etl import checksums
from etl.contracts.reference import load_site
from etl.errors import BuildError, InputError, SettingsError
from etl.identities import load_identities
from etl.lake import COPY, Lake
from etl.loading import disk, lock, rekey
from etl.operation.moving import free
from etl.settings import Settings

BACKUP_VERSION = 1
LIST, RAW_LIST = "backup.json", "quarantine.json"
_SMALL = ("settings", "audit", "alerts", "briefings")  # of the home: what no log can make again
_PASSED_OVER = (".part", ".writing", ".lock", rekey.NEXT)
_TURNS = 5  # loads that may commit while the lake's files are being held fast


@dataclass(frozen=True)
class Backup:
    """A backup on the disk, as its list tells it."""

    folder: Path
    made_at: str
    port_codes: tuple[str, ...]
    key_id: str
    site_digest: str
    raw_files_n: int
    files: tuple[dict, ...]  # path, bytes_n, digest, mode
    new_bytes_n: int = 0  # what this backup had to write; the rest is linked from the one before

    @property
    def bytes_n(self) -> int:
        return sum(file["bytes_n"] for file in self.files)


def backup(settings: Settings, into: Path, *, with_raw: bool = False, keep: int = 0, other_sites: Sequence[Path] = ()) -> Backup:
    """Write a backup below `into` and return it; with `keep`, remove all but so many of the newest there.

    Raises BusyError when another backup of this home runs, BuildError when a file of the lake is damaged or a key is just being rotated.
    """
    site = load_site(settings.site)
    into.mkdir(parents=True, exist_ok=True, mode=0o700)
    with disk.in_words(into), lock.one_backup(settings.home), _held_lake(settings) as (held, lakes):
        now = dt.datetime.now(dt.UTC)
        target, work = free(into, f"{now:%Y-%m-%dT%H%M%SZ}"), into / f".{now:%Y-%m-%dT%H%M%S}.part"
        for left in into.glob(".*.part"):
            shutil.rmtree(left)
        work.mkdir(mode=0o700)
        copies = _Copies(work, newest(into))
        for lake in lakes:
            manifest = f"lake/{lake.folder.name}/manifest-{lake.port_code}-{lake.manifest.n}.json"
            copies.take(held / manifest, f"home/{manifest}")
            copies.take(held / manifest, f"home/{manifest.removesuffix('.json')}{COPY}")
            for part in lake.manifest.parts:
                path = f"lake/{lake.folder.name}/{part.path}"
                copies.take(held / path, f"home/{path}", part.digest, is_fixed=True)
        for path in _small_files(settings):
            copies.take(path, f"home/{path.relative_to(settings.home).as_posix()}")
        for folder, name in ((settings.site, "site"), *((each, f"sites/{number}-{each.name}") for number, each in enumerate(other_sites, 2))):
            for path in sorted(path for path in folder.rglob("*") if path.is_file()):
                copies.take(path, f"{name}/{path.relative_to(folder).as_posix()}")
        raw = [path for path in sorted(settings.quarantine.rglob("*")) if path.is_file() and not path.name.startswith(".") and not path.name.endswith(_PASSED_OVER)]
        index = [{"path": path.relative_to(settings.quarantine).as_posix(), "bytes_n": path.stat().st_size} for path in raw]
        (work / RAW_LIST).write_text(json.dumps(index), "utf-8")
        copies.note(work / RAW_LIST, RAW_LIST)
        for path in raw if with_raw else ():
            copies.take(path, f"home/quarantine/{path.relative_to(settings.quarantine).as_posix()}", is_fixed=True)
        key_id = load_identities(work / "home" / "settings", site, create=False).key_id
        if lakes and any(lake.manifest.key_id not in ("", key_id) for lake in lakes):
            shutil.rmtree(work)
            raise BuildError(str(settings.keys), "the pseudonym key and the lake are not in step", "", "Let the rotation of the key end, or run `smartport key finish`, and back up again")
        about = {
            "version": BACKUP_VERSION, "made_at": now.isoformat(timespec="seconds"), "port_codes": [lake.port_code for lake in lakes], "key_id": key_id,
            "site_digest": site.digest, "raw_files_n": sum("/raw/" in one["path"] for one in index), "files": copies.files,
        }  # fmt: skip
        with (work / LIST).open("wb") as file:
            file.write(checksums.sealed(about))
            os.fsync(file.fileno())
        os.rename(work, target)
    for old in complete(into)[:-keep] if keep else ():
        shutil.rmtree(old)
    return _read(target, copies.written_n)


def complete(into: Path) -> list[Path]:
    """Return the backups below a folder, oldest first."""
    return sorted(path.parent for path in into.glob(f"*/{LIST}"))


def newest(into: Path) -> Path | None:
    return next(iter(complete(into)[::-1]), None)


def restore(settings: Settings, source: Path) -> Backup:
    """Put a backup (or the newest of a folder of backups) into an empty home, after every file has been held against its digest. Return it.

    There is no build then: `smartport rebuild` makes it. Raises InputError when there is no backup, SettingsError when the home is not empty, BuildError
    naming what is damaged; in each case the home is as it was.
    """
    folder = source if (source / LIST).is_file() else newest(source)
    if folder is None:
        raise InputError(str(source), "there is no backup here", "", f"Name the folder that holds {LIST}, or one of several of them")
    found = _read(folder)
    taken = [path.name for path in settings.home.iterdir() if path.name != ".restoring" and path.suffix != ".lock"] if settings.home.is_dir() else []
    if taken:
        raise SettingsError(str(settings.home), f"this home is not empty ({', '.join(sorted(taken)[:4])})", "", "Give --home a new folder; nothing is ever restored over what is there")
    faults = [f"{file['path']}: {fault}" for file in found.files if (fault := checksums.fault_of(folder / file["path"], file["bytes_n"], file["digest"]))]
    if faults:
        older = [path.name for path in complete(folder.parent) if path < folder]
        raise BuildError(str(folder), f"{len(faults):,} of {len(found.files):,} files are damaged ({'; '.join(faults[:3])})", "", f"Restore {older[-1]} instead" if older else "Fetch another copy of this backup")
    with disk.in_words(settings.home), lock.one_writer(settings.home):
        work = settings.home / ".restoring"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(mode=0o700)
        for file in found.files:
            if not file["path"].startswith("home/"):
                continue
            target = work / file["path"].removeprefix("home/")
            _private(target.parent, work)
            shutil.copyfile(folder / file["path"], target)
            target.chmod(int(file["mode"], 8))
        for room in sorted(work.iterdir()):
            os.rename(room, settings.home / room.name)
        work.rmdir()
    return found


def _private(folder: Path, root: Path) -> None:
    for path in (*reversed(folder.relative_to(root).parents), folder.relative_to(root)):
        (root / path).mkdir(exist_ok=True, mode=0o700)


def _read(folder: Path, new_bytes_n: int = 0) -> Backup:
    raw = checksums.opened(folder / LIST, "the list of the backup", "Restore an older backup")
    if raw.pop("version", None) != BACKUP_VERSION:
        raise BuildError(str(folder), "another version of the program made this backup", f"layout {BACKUP_VERSION}", "Restore it with the program that made it")
    for file in raw["files"]:
        steps = PurePosixPath(file["path"])
        if steps.is_absolute() or ".." in steps.parts:
            raise BuildError(str(folder), f"its list leads out of it ({file['path']!r})", "", "This is no backup of ours")
    return Backup(folder, **{**raw, "port_codes": tuple(raw["port_codes"]), "files": tuple(raw["files"])}, new_bytes_n=new_bytes_n)


def _small_files(settings: Settings) -> list[Path]:
    found = (path for room in _SMALL for path in (settings.home / room).rglob("*"))
    return sorted(path for path in found if path.is_file() and not path.name.endswith(_PASSED_OVER))


@contextlib.contextmanager
def _held_lake(settings: Settings) -> Iterator[tuple[Path, list[Lake]]]:
    """Hold the lake's files fast by hard links beside it, so that no load can take one away; yield where they are and the state they are of."""
    held = settings.home / ".backup"
    shutil.rmtree(held, ignore_errors=True)  # of a backup that was killed: the caller holds the lock
    try:
        for turn in range(_TURNS):
            lakes = rekey.lakes(settings.lake)
            try:
                for lake in lakes:
                    for path in (f"manifest-{lake.port_code}-{lake.manifest.n}.json", *(part.path for part in lake.manifest.parts)):
                        source, target = lake.folder / path, held / "lake" / lake.folder.name / path
                        target.parent.mkdir(parents=True, exist_ok=True)
                        if not target.exists():
                            _link_or_copy(source, target)
                break
            except FileNotFoundError:  # a load has just put another state in its place
                if turn == _TURNS - 1:
                    raise
        yield held, lakes
    finally:
        shutil.rmtree(held, ignore_errors=True)


def _link_or_copy(source: Path, target: Path) -> bool:
    """Return whether bytes had to be written: another disk, or one without hard links."""
    try:
        os.link(source, target)
    except FileNotFoundError:
        raise
    except OSError:
        shutil.copyfile(source, target)
        return True
    return False


class _Copies:
    """The files of a backup being made."""

    def __init__(self, work: Path, before: Path | None) -> None:
        self.files: list[dict] = []
        self.written_n = 0
        self._work, self._before = work, before
        self._known: dict[str, dict] = {}
        with contextlib.suppress(BuildError):  # a damaged list of the backup before costs only what could have been linked
            self._known = {file["path"]: file for file in _read(before).files} if before else {}

    def take(self, source: Path, path: str, digest: str = "", *, is_fixed: bool = False) -> None:
        """Take a file in. One that never changes (`is_fixed`) may be linked; of others a copy is made, which nothing reaches later. Raises BuildError when it is not what was written."""
        target = self._work / path
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        about, known = source.stat(), self._known.get(path)
        is_known = is_fixed and known is not None and known["bytes_n"] == about.st_size and known["digest"] == (digest or known["digest"])
        if is_known and not checksums.fault_of(self._before / path, known["bytes_n"], known["digest"]) and not _link_or_copy(self._before / path, target):
            self.files.append(known)
            return
        target.unlink(missing_ok=True)  # a copy where a link was wanted, or nothing
        if not is_fixed or _link_or_copy(source, target):
            if not target.exists():
                shutil.copyfile(source, target)
            target.chmod(about.st_mode & 0o777)
            self.written_n += about.st_size
        if fault := checksums.fault_of(target, None, digest):
            raise BuildError(str(source), f"a file of the lake is damaged: {fault}", "", "Run `smartport verify`; the backups there are stand")
        self.note(target, path, digest)

    def note(self, target: Path, path: str, digest: str = "") -> None:
        about = target.stat()
        self.files.append({"path": path, "bytes_n": about.st_size, "digest": digest or checksums.of_file(target), "mode": f"{about.st_mode & 0o777:03o}"})
