"""`smartport retain`: delete what is older than the policy allows, and leave the rest as it was, row for row.

Rows of the lake go by whole months, with what is derived from them; raw files and rejected bytes by the date of their file; facts begin two months after
the first row kept, where all they hang on is still there (etl.loading.retained). Counts of files stay, so that every line ever read is accounted for.
"""

from __future__ import annotations

import datetime as dt
import shutil
from dataclasses import dataclass
from pathlib import Path

from etl import pipeline
from etl.contracts.reference import load_site
from etl.errors import SettingsError
from etl.lake import Lake
from etl.loading import disk, lock, retained
from etl.settings import Settings

OUR_ROOMS = ("settings", "lake", "build", "quarantine", "audit", "alerts", "briefings", "pages")  # of the home: never cleared by file time
LATEST_AFTER = dt.timedelta(days=400)  # a clock so far ahead of the newest event is more likely wrong than right


@dataclass(frozen=True)
class Retention:
    """What goes, or with a dry run would go. `rows_from` is the first day of rows kept, `facts_from` the first of facts shown."""

    rows_from: dt.date
    facts_from: dt.date
    rows_n: int
    bytes_n: int
    months: tuple[str, ...]
    raw_files_n: int
    other_files_n: int
    report: pipeline.BuildReport | None = None


def retain(settings: Settings, years: int, *, today: dt.date | None = None, folders: tuple[Path, ...] = (), dry_run: bool = False) -> Retention:
    """Delete what is older than `years` before `today` (default: the machine's date) and publish the rest. `folders`: of loaded files, cleared by file time.

    Raises SettingsError when the machine's date is far from that of the data: a clock that jumped must not delete anything.
    """
    site = load_site(settings.site)
    if years < 1:
        raise SettingsError("--years", f"{years} is no number of years", "1 or more")
    for folder in folders:
        rooms = (settings.home / room for room in OUR_ROOMS)
        if any(ours.is_relative_to(folder) for ours in (settings.home, settings.site)) or any(folder.is_relative_to(ours) for ours in (*rooms, settings.site)):
            raise SettingsError("--folder", f"{folder} is or holds what is ours", "", "Name a folder of loaded or refused files; the inbox may lie in the home")
    with disk.in_words(settings.home), lock.one_writer(settings.home):
        lake = Lake(settings.lake, site.port_code)
        files = lake.rows("int_files", columns=["file_id", "file_on", "last_event_at"])
        newest = files["last_event_at"].max()
        if today is None:
            today = dt.datetime.now(dt.UTC).date()
            if newest is not None and not newest.date() - dt.timedelta(days=31) <= today <= newest.date() + LATEST_AFTER:
                raise SettingsError("the machine's clock", f"it says {today}, but the newest event is of {newest:%Y-%m-%d}", "", f"Set the clock right, or if it is right name the day: --today {today}")
        rows_from, facts_from = retained.limits(today, years)
        if lake.manifest.rows_from > rows_from.isoformat():
            raise SettingsError("--years", f"{years} years reach back to {rows_from}, but only rows from {lake.manifest.rows_from} on were kept", "", "What was deleted cannot come back")
        parts = retained.old_parts(lake, rows_from)
        old = [file_id for file_id, on, at in files.iter_rows() if (on or (at and at.date())) is not None and (on or at.date()) < rows_from]
        raw = [folder for file_id in old if (folder := settings.quarantine / site.port_code / file_id).is_dir()]
        limit = dt.datetime.combine(rows_from, dt.time(), dt.UTC).timestamp()
        others = [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file() and path.stat().st_mtime < limit]
        found = Retention(
            rows_from, facts_from, sum(part.rows_n for part in parts), sum((lake.folder / part.path).stat().st_size for part in parts),
            tuple(sorted({part.first_day[:7] for part in parts})), sum(1 for folder in raw for path in folder.glob("raw/*")), len(others),
        )  # fmt: skip
        if dry_run:
            return found
        retained.prune(lake, site.zone_name, rows_from, facts_from)
        for folder in raw:
            shutil.rmtree(folder)
        for path in others:
            path.unlink()
    report = pipeline.load(settings, None)
    return Retention(**{**found.__dict__, "report": report})
