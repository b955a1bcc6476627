"""What runs in the workers of a cluster: one file group, one bucket of trucks, one window of days. No Spark here, and no commit.

A worker must see the home folder and the site folder at the paths the driver gives, and run the same program; `Where` carries
what the driver sees, and a worker that sees anything else refuses. The pseudonym key is read from the home folder, never sent.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import platform
import secrets
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import polars as pl

from etl import clock
from etl.contracts.interim import INT_FILE_COUNTS
from etl.contracts.reference import Site, load_site
from etl.contracts.staged import STG_TRACKING
from etl.errors import SettingsError
from etl.identities import load_identities
from etl.lake import Lake, Part, file_counts, winners
from etl.loading import intake, recompute
from etl.loading.reading import Reader
from etl.settings import ROOT, Settings
from etl.sources import file_id
from etl.transform.zones import ZoneGrid

# What deciding and counting needs of a fix; all of them are strings, integers, floats, dates or instants, which Spark takes.
FIX_COLUMNS = ("plate_key", "fix_at", "longitude_deg", "latitude_deg", "file_id", "source_line", "file_on", "row_digest")
FIX_SCHEMA = {name: STG_TRACKING.schema[name] for name in FIX_COLUMNS}


_DECIDING = ("contracts", "engine", "loading", "sources", "transform", "validate")


@lru_cache(maxsize=1)
def program() -> str:
    """Return what must be equal on every machine: the text of the rooms that decide what a row says, and the versions of what they stand on."""
    digest = hashlib.sha256()
    for path in sorted(path for room in _DECIDING for path in (ROOT / "etl" / room).rglob("*.py")):
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    python = ".".join(platform.python_version_tuple()[:2])
    return f"program {digest.hexdigest()[:12]}, Python {python}, Polars {pl.__version__}, tzdata {clock.TZDATA_VERSION}"


@dataclass(frozen=True)
class Where:
    """What the driver sees of one port: the lake and its state, the site, the program."""

    lake: Path
    port_code: str
    manifest_n: int
    site: Path
    site_digest: str
    program: str

    @classmethod
    def of(cls, lake: Lake, site: Site) -> Where:
        return cls(lake.folder.parent, site.port_code, lake.manifest.n, site.folder, site.digest, program())


@lru_cache(maxsize=8)
def site_of(where: Where) -> Site:
    """Return the site as this worker sees it. Raises SettingsError when it is not what the driver sees."""
    if program() != where.program:
        raise SettingsError(platform.node(), f"this worker runs {program()}", where.program, "Install the same version on every machine of the cluster")
    site = load_site(where.site)
    if site.digest != where.site_digest:
        raise SettingsError(f"{platform.node()} {where.site}", "this worker sees another site folder than the driver", "", "Put the site folder where every machine sees the same one")
    return site


@lru_cache(maxsize=8)
def _lake_of(where: Where) -> Lake:
    lake = Lake(where.lake, where.port_code)
    if lake.manifest.n != where.manifest_n:
        found = f"this worker sees state {lake.manifest.n} of the lake, the driver {where.manifest_n}"
        raise SettingsError(f"{platform.node()} {where.lake}", found, "", "Put the home folder on storage that every machine of the cluster sees at this path")
    return lake


def _own_lake(where: Where) -> Lake:
    """A lake to write parts by, under names nobody else has: not even the same task run twice."""
    return _lake_of(where).for_task(f"{secrets.token_hex(6)}-")


@lru_cache(maxsize=8)
def _grid(where: Where) -> ZoneGrid:
    return ZoneGrid.from_site(site_of(where))


@lru_cache(maxsize=4)
def _reader(where: Where, settings: Settings, key_id: str) -> Reader:
    site = site_of(where)
    identities = load_identities(settings.keys, site, create=False)
    if identities.key_id != key_id:
        raise SettingsError(f"{platform.node()} {settings.keys}", "this worker does not see the pseudonym key", "", "Put the home folder on storage that every machine of the cluster sees at this path")
    return Reader.of(settings, site, identities)


def file_ids(paths: list[Path]) -> list[str]:
    return [file_id(path) for path in paths]


def read(where: Where, settings: Settings, key_id: str, fresh: list[tuple[Path, str]], is_replay: bool) -> tuple[dict[str, dict], tuple[Part, ...]]:
    """Read, judge and stage a group of files."""
    return intake.read_into(_own_lake(where), _reader(where, settings, key_id), fresh, is_replay)


def fixes_of(where: Where, part: Part, day: dt.date) -> pl.DataFrame:
    """Return FIX_COLUMNS of what one part holds of one UTC day, every record of every key."""
    return _lake_of(where).for_task("", part).rows("stg_tracking", day, day, columns=FIX_COLUMNS)


def track(where: Where, fixes: pl.DataFrame) -> tuple[tuple[Part, ...], pl.DataFrame]:
    """Write pieces and thinned tracks of some trucks' fixes of one UTC day. Returns (parts, file counts)."""
    site = site_of(where)
    rows = fixes.with_columns(pl.lit(site.port_code).alias("port_code"))
    best = winners(rows, STG_TRACKING.key)
    pieces, tracks = recompute.pieces_and_tracks(best, _grid(where))
    lake = _own_lake(where)
    lake.append("int_zone_pieces", pieces)
    lake.append("int_tracks", tracks)
    return lake.written(), INT_FILE_COUNTS.conform(file_counts(rows, best, "stg_tracking", site.zone_name))


def recount(where: Where, table: str, run: list[dt.date]) -> pl.DataFrame:
    return recompute.recount(_lake_of(where), table, run, site_of(where).zone_name)


def reconstruct(where: Where, scratch: Path, chunk: list[dt.date], now_at: dt.datetime, file_findings: pl.DataFrame) -> tuple[Path, frozenset[dt.date]]:
    """Reconstruct a window and leave it in a folder of its own below `scratch`. Returns (folder, days its declarations were lodged on)."""
    made = recompute.reconstructed(_lake_of(where), site_of(where), chunk, now_at, file_findings)
    folder = scratch / secrets.token_hex(8)
    folder.mkdir(parents=True)
    for name, frame in {**made.frames, _LINKS: made.links}.items():
        frame.write_parquet(folder / f"{name}.parquet", compression="zstd", compression_level=1)
    return folder, made.lodged_days


_LINKS = "links"


def window_in(folder: Path, lodged_days: frozenset[dt.date]) -> recompute.Window:
    """Return what `reconstruct` left."""
    frames = {path.stem: pl.read_parquet(path, glob=False) for path in sorted(folder.glob("*.parquet"))}
    return recompute.Window(frames, frames.pop(_LINKS), lodged_days)
