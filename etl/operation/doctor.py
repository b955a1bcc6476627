"""`smartport doctor`: is this installation sound? One finding a line: OK, WARN or FAIL, with what to do. Nothing is changed and no lock is held.

Damage inside files is `smartport verify`'s to find, which reads them all; the doctor looks at what goes wrong more often and takes a second.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import importlib.metadata
import os
import re
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import polars as pl

from etl import clock, warehouse
from etl.contracts.reference import Site, load_site
from etl.errors import SmartportError
from etl.identities import Identities
from etl.lake import Lake
from etl.loading import rekey
from etl.loading.ledger import NOT_NOW
from etl.settings import ROOT, Settings
from etl.sources import load_mappings
from etl.transform import RULES_VERSION

PACKAGES = ("duckdb", "polars", "streamlit", "pyarrow", "tzdata")
OLDEST_PYTHON = (3, 11)
LOW_DISK, NO_DISK = 0.10, 0.03  # share of the disk that is free
STALE = dt.timedelta(hours=36)  # a daily log of yesterday comes this morning; a day later something is wrong
RECENT = dt.timedelta(days=14)  # a mapping no file of this time fits may be that of a log that has stopped
_OWNER_ONLY = ("settings", "quarantine", "audit", "alerts")


@dataclass(frozen=True)
class Finding:
    """One finding: its area, OK, WARN or FAIL, what was found and what to do about it ('' for OK)."""

    area: str
    level: str
    found: str
    do: str = ""


# What the pages' settings say of themselves: given by the composition root, because the ETL knows no sign-in and no alerts.
MoreChecks = Callable[[Settings], Iterator[Finding]]


def examine(settings: Settings, now: dt.datetime | None = None, more: MoreChecks | None = None) -> list[Finding]:
    """Return every finding, in the order of the areas, those of `more` last. A check that cannot be made is a FAIL of its own and stops no other."""
    now = now or dt.datetime.now(dt.UTC).replace(tzinfo=None)
    found = [*_versions(), *_disk(settings), *_permissions(settings)]
    try:
        site = load_site(settings.site)
    except SmartportError as error:
        return [*found, Finding("site", "FAIL", error.found, f"{error.where}: {error.do}")]
    checks: tuple[Callable[[Settings, Site, dt.datetime], Iterator[Finding]], ...] = (_clock, _key, _mappings, _lake, _build, _locks)
    for check in checks:
        try:
            found += check(settings, site, now)
        except SmartportError as error:
            found.append(Finding(check.__name__.strip("_"), "FAIL", f"{error.where}: {error.found}", error.do))
        except OSError as error:
            found.append(Finding(check.__name__.strip("_"), "FAIL", f"{error.filename or settings.home}: {error.strerror}", "Let the user of the service read the home folder"))
    return [*found, *(more(settings) if more else ())]


def _versions() -> Iterator[Finding]:
    is_old = sys.version_info < OLDEST_PYTHON
    yield Finding("versions", "FAIL" if is_old else "OK", f"Python {sys.version.split()[0]}", "Install Python 3.11 or newer" if is_old else "")
    pinned = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / "requirements.lock").read_text("utf-8"), re.MULTILINE)) if (ROOT / "requirements.lock").is_file() else {}
    for name in PACKAGES:
        try:
            version = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            yield Finding("versions", "FAIL", f"{name} is not installed", "Install the packages of requirements.lock")
            continue
        differs = name in pinned and version != pinned[name]
        yield Finding("versions", "WARN" if differs else "OK", f"{name} {version}" + (f", tested with {pinned[name]}" if differs else ""), "Install the packages of requirements.lock" if differs else "")


def _disk(settings: Settings) -> Iterator[Finding]:
    place = next(path for path in (settings.home, *settings.home.parents) if path.exists())
    usage = shutil.disk_usage(place)
    share = usage.free / usage.total
    level = "FAIL" if share < NO_DISK else "WARN" if share < LOW_DISK else "OK"
    yield Finding("disk", level, f"{usage.free / 2**30:,.1f} GiB free of {usage.total / 2**30:,.1f} ({share:.0%})", "" if level == "OK" else "Make room, or shorten the quarantine (SMARTPORT_QUARANTINE_DAYS) or the retention (`smartport retain`)")


def _permissions(settings: Settings) -> Iterator[Finding]:
    if not settings.home.is_dir():
        yield Finding("permissions", "WARN", f"{settings.home} is not there yet", "Run `smartport load INBOX`, or correct --home")
        return
    if not os.access(settings.home, os.R_OK | os.W_OK | os.X_OK):
        yield Finding("permissions", "FAIL", f"{settings.home} cannot be written by this user", f"Run as its owner, user number {settings.home.stat().st_uid}")
    for room in _OWNER_ONLY:
        folder = settings.home / room
        if not folder.is_dir():
            continue
        open_ones = [path for path in _some(folder) if stat.S_IMODE(path.stat().st_mode) & 0o077]
        if open_ones:
            yield Finding("permissions", "FAIL", f"{room}: others may read {len(open_ones):,} of its files ({open_ones[0].relative_to(settings.home)})", f"chmod -R go= {folder}")
        else:
            yield Finding("permissions", "OK", f"{room}: its owner only")


def _some(folder: Path, most: int = 20_000) -> Iterator[Path]:
    """A folder, its files and folders, to a bound: the quarantine may hold millions. Marks without content are passed over."""
    yield folder
    for number, path in enumerate(folder.rglob("*")):
        if number >= most:
            return
        if not path.name.startswith("."):
            yield path


def _clock(settings: Settings, site: Site, now: dt.datetime) -> Iterator[Finding]:
    pointer = warehouse.read_pointer(settings.build, site.port_code)
    clock.refuse_old(site.zone_name, ((pointer or {}).get("state") or {}).get("tzdata_version", ""))
    named = [on for on, code in site.tables["dim_calendar"].select("from_on", "calendar_code").iter_rows() if code == "clock"]
    changes = {at.date() + dt.timedelta(days=step) for at, _ in clock.transitions(site.zone_name) for step in (-1, 0, 1)}
    if unknown := [on for on in named if on not in changes]:
        yield Finding("clock", "FAIL", f"the site's calendar names a change of the clock on {unknown[0]}, which tzdata {clock.TZDATA_VERSION} does not know", "Install the newest tzdata, or correct reference/calendar.csv")
    else:
        yield Finding("clock", "OK", f"tzdata {clock.TZDATA_VERSION} knows the clock of {site.zone_name}")
    if pointer is None:
        return
    about = warehouse.read_ledger(settings.build, pointer, ["meta_builds"])["meta_builds"].row(0, named=True)
    if about["built_at"] and about["built_at"] > now + dt.timedelta(minutes=5):
        yield Finding("clock", "FAIL", f"this machine says {now:%Y-%m-%d %H:%M} UTC, but the build was published at {about['built_at']:%Y-%m-%d %H:%M}", "Set the clock (timedatectl); files would expire too late, and sign-ins fail")
    elif about["now_at"] and about["now_at"] > now + dt.timedelta(days=1):
        yield Finding("clock", "WARN", f"the newest event is of {about['now_at']:%Y-%m-%d %H:%M} UTC, which is yet to come", "Set this machine's clock, or that of the source it came from")
    elif ahead := _ahead(settings, pointer, about["now_at"]):
        yield Finding("clock", "WARN", f"{ahead[0]} tells of {ahead[1]:%Y-%m-%d %H:%M} UTC, more than a month after everything else: it does not count as 'now'", "Correct that line or clock; a second source, or seven days of it, make it count")
    else:
        yield Finding("clock", "OK", f"this machine says {now:%Y-%m-%d %H:%M} UTC, after everything published")


def _ahead(settings: Settings, pointer: dict, now_at: dt.datetime | None) -> tuple[str, dt.datetime] | None:
    """Return the source that reaches furthest beyond the port's 'now', if one does (ledger.now_at)."""
    reach = warehouse.read_ledger(settings.build, pointer, ["meta_freshness"])["meta_freshness"].filter(~pl.col("source_code").is_in(NOT_NOW))
    return next(reach.filter(pl.col("last_event_at") > now_at).sort("last_event_at").select("source_code", "last_event_at").tail(1).iter_rows(), None)


def _key(settings: Settings, site: Site, now: dt.datetime) -> Iterator[Finding]:
    if site.demo_key.is_file():
        yield Finding("key", "OK" if site.is_sample else "FAIL", "the sample port's fixed key, which everybody knows", "" if site.is_sample else f"Remove {site.demo_key}: this is a real port")
        return
    path = settings.keys / rekey.KEY
    if (settings.keys / rekey.NEXT).is_file():
        yield Finding("key", "FAIL", "a rotation was interrupted", "Run `smartport key finish`")
    if rekey.cut_mark(settings.keys, site.port_code).is_file():
        yield Finding("key", "FAIL", "a cut of the key is not finished", "Run `smartport rebuild`")
    if not path.is_file():
        yield Finding("key", "WARN", "there is no pseudonym key yet", "Run `smartport key show`, which makes it; then back it up")
        return
    held, key_id = Lake(settings.lake, site.port_code).manifest.key_id, Identities(path.read_bytes().strip()).key_id
    if held and held != key_id:
        yield Finding("key", "FAIL", f"the key is {key_id}, but the lake was written with {held}", "Restore the key from a backup")
    else:
        yield Finding("key", "OK", f"key {key_id}")


def _mappings(settings: Settings, site: Site, now: dt.datetime) -> Iterator[Finding]:
    mappings = load_mappings(site.mappings)
    yield Finding("mappings", "OK", f"{len(mappings)} mappings can be read")
    files = _ledger(settings, site, "dq_files")
    if files is None:
        return
    newest = files["last_event_at"].max()
    recent = files.filter((pl.col("status_code") == "loaded") & (pl.col("last_event_at") >= newest - RECENT))["file_name"].to_list() if newest else []
    for mapping in mappings:
        if not any(fnmatchcase(name, pattern) for name in recent for pattern in mapping.files):
            yield Finding("mappings", "WARN", f"{mapping.path.name}: no file of the last {RECENT.days} days fits {', '.join(mapping.files)}", "Ask whoever sends this log, or take the mapping out")
    refused = files.filter(pl.col("status_code") == "refused")
    if refused.height:
        yield Finding("mappings", "WARN", f"{refused.height:,} files are refused, the first: {refused['message'][0]}", "`smartport status` lists them; after a mapping is corrected run `smartport load --replay`")


def _ledger(settings: Settings, site: Site, name: str) -> pl.DataFrame | None:
    pointer = warehouse.read_pointer(settings.build, site.port_code)
    return warehouse.read_ledger(settings.build, pointer, [name])[name] if pointer else None


def _lake(settings: Settings, site: Site, now: dt.datetime) -> Iterator[Finding]:
    lake = Lake(settings.lake, site.port_code)
    gone = [part.path for part in lake.manifest.parts if not (lake.folder / part.path).is_file()]
    if gone:
        yield Finding("lake", "FAIL", f"{len(gone):,} of {len(lake.manifest.parts):,} files are missing ({gone[0]})", "Run `smartport verify`, which says how to get them back")
    elif lake.manifest.n:
        yield Finding("lake", "OK", f"{sum(part.rows_n for part in lake.manifest.parts):,} rows in {len(lake.manifest.parts):,} files, load {lake.manifest.n:,}")


def _build(settings: Settings, site: Site, now: dt.datetime) -> Iterator[Finding]:
    pointer = warehouse.read_pointer(settings.build, site.port_code)
    if pointer is None:
        yield Finding("build", "WARN", "no build is published", "Run `smartport load INBOX`")
        return
    warehouse.open_build(settings.build, site.port_code).connection.close()
    rules = (pointer.get("state") or {}).get("rules_version")
    if rules != RULES_VERSION:
        yield Finding("build", "WARN", f"build {pointer['build_id']} was made by rules {rules}, this program has {RULES_VERSION}", "The next `smartport load` makes all facts anew, which takes longer")
    elif Lake(settings.lake, site.port_code).manifest.n > pointer["manifest_n"]:
        yield Finding("build", "WARN", f"build {pointer['build_id']}: a load was interrupted before it published", "Run `smartport load` again")
    else:
        yield Finding("build", "OK", f"build {pointer['build_id']}, {len(pointer['segments'])} months")
    for row in warehouse.read_ledger(settings.build, pointer, ["meta_freshness"])["meta_freshness"].sort("source_code").iter_rows(named=True):
        age = now - row["last_event_at"]
        said = f"{row['source_code']}: newest event {row['last_event_at']:%Y-%m-%d %H:%M} UTC"
        if age > STALE:
            yield Finding("freshness", "WARN", f"{said}, {age.days:,} days and {age.seconds // 3600} hours ago", "Ask whoever sends this log; look into the inbox and the folder of refused files")
        else:
            yield Finding("freshness", "OK", said)


def _locks(settings: Settings, site: Site, now: dt.datetime) -> Iterator[Finding]:
    """The kernel frees the lock of a process that ended; the file that stays is none. What runs right now is no fault."""
    for name, words in (("loading.lock", "a load is running"), (f"watching-{site.port_code}.lock", "an inbox is being watched"), ("backup.lock", "a backup is being made")):
        path = settings.home / name
        if not path.is_file():
            continue
        with path.open("r") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                yield Finding("locks", "OK", f"{words}: {file.read(200).strip()}")
    for left in (settings.home / ".backup", settings.home / ".restoring"):
        if left.is_dir():
            yield Finding("locks", "WARN", f"{left.name} was left by a command that was killed, or one is running", "The next backup clears it away; after a restore that was killed, restore again")
