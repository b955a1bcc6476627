"""The whole story on one screen: lock, read the inbox into the lake, find what it touches, recompute, publish.

Every step can be killed at any moment: rows count only when their manifest is written, facts only when the pointer is. What
a killed load committed to the lake but did not publish is what lies between the pointer's manifest and the newest one, and
the next load publishes it.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import time
from contextlib import nullcontext
from functools import partial

import duckdb
import polars as pl

from etl import clock, quarantine, warehouse
from etl.contracts.facts import DQ_FILES, META_BUILDS
from etl.contracts.interim import INT_FILE_COUNTS, INT_FILES
from etl.contracts.reference import Site, load_site
from etl.contracts.staged import STAGED_TABLES
from etl.engine import LOCAL, Engine
from etl.errors import BuildError, SettingsError
from etl.identities import load_identities
from etl.lake import NO_DAY, Lake
from etl.loading import affected, disk, intake, ledger, lock, reading, recompute, rekey, retained
from etl.loading.report import BuildReport, FileReport
from etl.settings import Settings
from etl.transform import RULES_VERSION
from etl.transform.reach import touched_days
from etl.transform.zones import ZoneGrid

__all__ = ["BuildReport", "FileReport", "load", "rebuild", "status"]

Progress = intake.Progress


def load(
    settings: Settings, inbox: intake.Inbox | None, *, replay: bool = False, progress: Progress | None = None, engine: Engine = LOCAL, is_locked: bool = False
) -> BuildReport:
    """Load what is new in `inbox` and publish. With `replay`, first read again what was rejected and whose rules have changed since.

    Raises BusyError when another load runs, InputError when there is no inbox, SettingsError and DeclarationError when the
    site is wrong. What is wrong with single files is in the report. `is_locked`: the caller holds the home's lock (etl/ports.py).
    """
    with disk.in_words(settings.home), nullcontext() if is_locked else lock.one_writer(settings.home):
        return _load(settings, inbox, replay=replay, everything=False, progress=progress, engine=engine)


def rebuild(
    settings: Settings, progress: Progress | None = None, *, engine: Engine = LOCAL, from_quarantine: bool = False, accept_loss: bool = False, is_locked: bool = False
) -> BuildReport:
    """Read every quarantined raw file again (staged rows stand in for those that have expired) and make all facts anew.

    This is the way back from damage too: no row of the old build is read, the copy stands in for a damaged manifest, the raw files for
    damaged parts of the lake. With `from_quarantine` no staged row is read either. Raises BuildError when rows are lost for good:
    their part is damaged, or `from_quarantine` (without `accept_loss`) is to read anew a file that has expired.
    """
    with disk.in_words(settings.home), nullcontext() if is_locked else lock.one_writer(settings.home):
        return _load(settings, None, replay=True, everything=True, progress=progress, engine=engine, from_quarantine=from_quarantine, accept_loss=accept_loss)


def _load(settings: Settings, inbox: intake.Inbox | None, *, replay: bool, everything: bool, progress: Progress | None, engine: Engine, from_quarantine: bool = False, accept_loss: bool = False) -> BuildReport:
    start = time.perf_counter()
    site = load_site(settings.site)
    identities = load_identities(settings.keys, site)
    lake = Lake(settings.lake, site.port_code, from_copy=everything, anew=from_quarantine)
    rekey.refuse_unsettled(settings.keys, site.port_code, is_rebuild=everything)
    _same_key(lake, identities.key_id, settings)
    reader = reading.Reader.of(settings, site, identities)
    pointer, published = _whole(settings, site) if everything else _current(settings, site)
    _refuse_newer(site, pointer if not everything else None)
    reports: list[FileReport] = []
    if inbox is not None:
        newest = ledger.newest_of_mappings(published["int_files"])
        reports += intake.linked(inbox)
        reports += intake.load_files(reader, lake, intake.discover(inbox), _known(lake, pointer, published), newest, engine.read_all, progress=progress)
    if replay:
        known = _known_to_rebuild(reader, lake, pointer, published, from_quarantine) if everything else _known(lake, pointer, published)
        paths = intake.replayable(reader, known, everything=everything)
        if from_quarantine and not accept_loss:
            _refuse_loss(settings, published, {path.parent.parent.name for path in paths})
        reports += intake.load_files(reader, lake, paths, known, {}, engine.read_all, is_replay=True, is_anew=from_quarantine, progress=progress)
    retained.prune_again(lake, site.zone_name)
    read_s = time.perf_counter() - start
    report = _publish(settings, site, lake, pointer, published, is_whole=everything, progress=progress, engine=engine)
    if everything:
        rekey.cut_mark(settings.keys, site.port_code).unlink(missing_ok=True)
    quarantine.expire_daily(settings.quarantine, settings.quarantine_days)
    timings = {**report.timings, "reading_s": round(read_s, 3)}
    return dataclasses.replace(report, files=tuple(reports), seconds=round(time.perf_counter() - start, 3), timings=timings)


def _refuse_newer(site: Site, pointer: dict | None) -> None:
    """Raise when the time zone data are too old, or the build is a newer program's: facts made by older rules would silently take its place."""
    state = (pointer or {}).get("state") or {}
    clock.refuse_old(site.zone_name, state.get("tzdata_version", ""))
    rules = state.get("rules_version", "")
    if rules.isdigit() and int(rules) > int(RULES_VERSION):
        raise BuildError(f"the build of {site.port_code}", f"a newer program made it (rules {rules})", f"rules {RULES_VERSION}", "Use that program; or, to go back to this one, run `smartport rebuild`")


def _same_key(lake: Lake, key_id: str, settings: Settings) -> None:
    if lake.manifest.key_id and lake.manifest.key_id != key_id:
        found = f"the pseudonym key is {key_id}, but the lake was written with {lake.manifest.key_id}"
        raise SettingsError(str(settings.keys), found, "", "Restore the key, or load into a new home: the two cannot be mixed")


def _current(settings: Settings, site: Site) -> tuple[dict | None, dict[str, pl.DataFrame]]:
    pointer = warehouse.read_pointer(settings.build, site.port_code)
    return pointer, _published(settings, pointer)


def _whole(settings: Settings, site: Site) -> tuple[dict | None, dict[str, pl.DataFrame]]:
    """Return what `_current` does, as if there were no build where its pointer or ledger is damaged: a rebuild needs neither."""
    try:
        pointer = warehouse.read_pointer(settings.build, site.port_code)
    except BuildError:
        warehouse.forget_pointer(settings.build, site.port_code)
        return None, _published(settings, None)
    try:
        return pointer, _published(settings, pointer)
    except (BuildError, duckdb.Error):
        return None, _published(settings, None)


def _known_to_rebuild(reader: reading.Reader, lake: Lake, pointer: dict | None, published: dict[str, pl.DataFrame], from_quarantine: bool) -> dict[str, dict]:
    if not from_quarantine:
        try:
            return _known(lake, pointer, published)
        except BuildError:
            pass  # the lake's rows about files are damaged: the ledger of the build and the quarantine say which there are
    return intake.quarantined(reader) | {row["file_id"]: row for row in published["int_files"].iter_rows(named=True)}


def _refuse_loss(settings: Settings, published: dict[str, pl.DataFrame], kept: set[str]) -> None:
    """Raise BuildError when a loaded file would be gone after reading the quarantine alone, or when nobody knows."""
    loaded = published["int_files"].filter(pl.col("status_code") == "loaded")
    lost = loaded.filter(~pl.col("file_id").is_in(kept)).sort("file_name")
    found = f"{lost.height:,} loaded files are no longer in it, the first is {lost['file_name'][0]}" if lost.height else "the ledger that says which files were loaded is damaged too" if loaded.is_empty() else ""
    if found:
        raise BuildError(str(settings.quarantine), found, "", "Restore the lake from a backup, or add --accept-loss to go on with what the quarantine holds")


def _published(settings: Settings, pointer: dict | None) -> dict[str, pl.DataFrame]:
    """Return the small tables of the current build a load starts from; empty ones before the first."""
    empty = {table.name: table.empty() for table in (INT_FILES, INT_FILE_COUNTS, META_BUILDS, DQ_FILES)}
    found = warehouse.read_ledger(settings.build, pointer, empty) if pointer else {}
    interim = {table.name: table.conform(found[table.name]) for table in (INT_FILES, INT_FILE_COUNTS) if table.name in found}
    return empty | found | interim


def _known(lake: Lake, pointer: dict | None, published: dict[str, pl.DataFrame]) -> dict[str, dict]:
    """Return INT_FILES by file id: as published, and what loads have committed to the lake since."""
    return {row["file_id"]: row for row in _files(lake, pointer, published).iter_rows(named=True)}


def _files(lake: Lake, pointer: dict | None, published: dict[str, pl.DataFrame]) -> pl.DataFrame:
    fresh = lake.rows("int_files", after_n=pointer["manifest_n"] if pointer else 0)
    return pl.concat([published["int_files"].filter(~pl.col("file_id").is_in(fresh["file_id"].implode())), fresh]) if pointer else fresh


def _has_other_key(published: dict[str, pl.DataFrame], lake: Lake) -> bool:
    """Whether the build bears pseudonyms of a key the lake no longer has: every visit then has another id."""
    about = published["meta_builds"]
    return "key_id" in about.columns and about["key_id"].drop_nulls().to_list() not in ([], [lake.manifest.key_id])


def _has_loaded(lake: Lake) -> bool:
    return "loaded" in lake.rows("int_files", columns=["status_code"])["status_code"]


def _publish(
    settings: Settings, site: Site, lake: Lake, pointer: dict | None, published: dict[str, pl.DataFrame], *, is_whole: bool, progress: Progress | None, engine: Engine
) -> BuildReport:
    """Publish what the lake holds beyond the current build; nothing if there is nothing."""
    start, timings = time.perf_counter(), {}
    grid = ZoneGrid.from_site(site)
    state = {"rules_version": RULES_VERSION, "tzdata_version": clock.TZDATA_VERSION, "facts_digest": ledger.facts_digest(site), "shape": warehouse.SHAPE}
    is_whole = is_whole or pointer is None or pointer["state"] != state or pointer["manifest_n"] > lake.manifest.n or _has_other_key(published, lake)
    zones_changed = lake.manifest.zones_digest not in ("", grid.digest)
    if not is_whole and not zones_changed and pointer["manifest_n"] == lake.manifest.n:
        return _report(site, pointer, published, start)
    if pointer is None and not _has_loaded(lake):
        return _report(site, None, published, start)  # an empty inbox, or one of which every file was refused, makes no build

    after = 0 if is_whole else pointer["manifest_n"]
    found = affected.everything(lake) if is_whole else affected.of_new_rows(lake, after, site.zone_name)
    if zones_changed:
        found.fix_days = {dt.date.fromisoformat(part.first_day) for part in lake.parts("stg_tracking")}
    files = _files(lake, None if is_whole else pointer, published)
    counts, old_files = INT_FILE_COUNTS.empty(), INT_FILES.empty()
    if not is_whole:
        counts, old_files = published["int_file_counts"], published["int_files"]
        _add_replaced(found, lake, after, counts, old_files)
    timings["affected_s"] = round(time.perf_counter() - start, 3)

    fix_counts = engine.refresh_fixes(lake, site, sorted(found.fix_days), progress)
    lake.commit(zones_digest=grid.digest)
    timings["tracking_s"] = round(time.perf_counter() - start, 3)
    fresh_counts = pl.concat([*fix_counts, *engine.recount(lake, site, recompute.runs_to_count(found.counted)), INT_FILE_COUNTS.empty()])
    counts = retained.with_pruned(lake, _merge_counts(counts, fresh_counts, found))
    now_at = ledger.now_at(files, counts, partial(_newest_on, lake))
    about_files = ledger.file_findings(files)
    if is_whole:
        days = set(counts["day"].unique()) | set(files["file_on"].drop_nulls().unique()) | _neighbours(counts)
        days |= {NO_DAY} if files["file_on"].null_count() else set()
    else:
        fresh_files = lake.rows("int_files", after_n=after)
        dates = set(fresh_files["file_on"].fill_null(NO_DAY).unique()) | set(old_files.filter(pl.col("file_id").is_in(fresh_files["file_id"].implode()))["file_on"].fill_null(NO_DAY))
        days = found.days | dates | affected.of_time(next(iter(published["meta_builds"]["now_at"]), None), now_at, site.zone_name)
        if zones_changed:
            days |= touched_days(set(found.fix_days))
    days, found.declared_days = retained.computed(lake, days), retained.computed(lake, found.declared_days)
    dq_files = ledger.files(files, counts)
    ledger.reconcile(dq_files)
    timings["counts_s"] = round(time.perf_counter() - start, 3)

    build = warehouse.open_build(settings.build, site.port_code, recompute.months_of(days | found.declared_days)) if not is_whole else None
    windows = partial(engine.windows, lake, site, now_at=now_at or dt.datetime(1970, 1, 1), file_findings=about_files)
    changes = recompute.facts(lake, site, days, found.declared_days, build.connection if build else None, windows, is_whole=is_whole, progress=progress)
    build_id = ledger.build_id(files, RULES_VERSION, clock.TZDATA_VERSION, state["facts_digest"], lake.manifest.key_id + lake.manifest.facts_from)
    frames = {
        "dq_files": dq_files, "dq_file_days": ledger.file_days(files, counts, site.port_code), "meta_freshness": ledger.freshness(dq_files, site),
        "meta_builds": warehouse.build_row(site, build_id, now_at, dq_files.filter(pl.col("status_code") == "loaded").height, RULES_VERSION).with_columns(pl.lit(lake.manifest.key_id).alias("key_id")),
        "int_files": files, "int_file_counts": counts,
    }  # fmt: skip
    warehouse.publish(settings, site, changes, frames, lake.manifest.n, state, is_whole=is_whole, rejects_n=retained.rejects_n(lake, dq_files), facts_from=lake.manifest.facts_from)
    if build:
        build.connection.close()
    timings["published_s"] = round(time.perf_counter() - start, 3)
    report = _report(site, warehouse.read_pointer(settings.build, site.port_code), frames, start, days, timings)
    return dataclasses.replace(report, is_changed=True, now_at=now_at)


def _newest_on(lake: Lake, table: str, day: dt.date) -> dt.datetime | None:
    rows, column = lake.rows(table, day, day), next(one.day for one in STAGED_TABLES if one.name == table)
    at = rows["event_at"].max() if column == "event_on" else None
    return at or rows[column].cast(pl.Datetime("us")).max()


def _add_replaced(found: affected.Affected, lake: Lake, after: int, counts: pl.DataFrame, old_files: pl.DataFrame) -> None:
    """Add the days of rows that a replay has replaced: they are gone from the lake, and known by their counts only."""
    again = lake.rows("int_files", after_n=after, columns=["file_id"])["file_id"]
    gone = counts.filter(pl.col("file_id").is_in(again.implode()))
    for (table,), part in gone.group_by("table_name"):
        found.counted.setdefault(table, set()).update(part["utc_day"].unique())
        found.days |= touched_days(set(part["day"].unique()))
        if table == "stg_tracking":
            found.fix_days |= set(part["utc_day"].unique())
        if table == "stg_moves":
            found.days |= {day + step * affected.ONE_DAY for day in part["day"].unique() for step in range(affected.LONGEST_DWELL.days + 2)}
            found.declared_days |= {day + step * affected.ONE_DAY for day in part["day"].unique() for step in range(-affected.LANDED_AFTER.days - 1, affected.LINK_CUSTOMS.days + 2)}
        if table in ("stg_customs", "stg_appointments", "stg_slots"):
            # What the replaced rows named is not known any more: every day they could reach.
            far = range(-affected.LINK_CUSTOMS.days - 4, affected.LINK_CUSTOMS.days + 5)
            found.days |= {day + step * affected.ONE_DAY for day in part["day"].unique() for step in far}
            found.declared_days |= {day + step * affected.ONE_DAY for day in part["day"].unique() for step in far}


def _merge_counts(old: pl.DataFrame, fresh: pl.DataFrame, found: affected.Affected) -> pl.DataFrame:
    recounted = [(table, day) for table, days in found.counted.items() for day in days] + [("stg_tracking", day) for day in found.fix_days]
    marks = pl.DataFrame(recounted, schema={"table_name": pl.String(), "utc_day": pl.Date()}, orient="row").unique()
    return pl.concat([INT_FILE_COUNTS.conform(old).join(marks, on=["table_name", "utc_day"], how="anti"), fresh]).sort("table_name", "file_id", "utc_day", "day")


def _neighbours(counts: pl.DataFrame) -> set[dt.date]:
    """Days without lines of their own that facts may lie on: slots of booked appointments, lodgings known by a later event."""
    near = counts.filter(pl.col("table_name").is_in(["stg_appointments", "stg_slots", "stg_means", "stg_logbook"]))["day"].unique()
    return {day + step * affected.ONE_DAY for day in near for step in range(-1, 32)} if len(near) else set()


def _report(site: Site, pointer: dict | None, tables: dict[str, pl.DataFrame], start: float, days: set[dt.date] | None = None, timings: dict | None = None) -> BuildReport:
    """Count as recomputed only days that have lines: a load also asks the days around them, up to a month ahead, where nothing may lie."""
    with_lines = set(tables["int_file_counts"]["day"].drop_nulls())
    real = sorted(day for day in days or () if day != NO_DAY and day in with_lines)
    files = tables["dq_files"]
    return BuildReport(
        site.port_code, pointer["build_id"] if pointer else None, False, (), len(real), real[0] if real else None, real[-1] if real else None,
        next(iter(tables["meta_builds"]["now_at"]), None), RULES_VERSION, clock.TZDATA_VERSION, round(time.perf_counter() - start, 3),
        int(files["good_n"].sum() or 0), int(files["duplicate_n"].sum() or 0), timings or {},
    )  # fmt: skip


def status(settings: Settings) -> dict:
    """Return what is published, as plain values: build, files, freshness, and whether the lake holds more than the build."""
    site = load_site(settings.site)
    pointer = warehouse.read_pointer(settings.build, site.port_code)
    lake = Lake(settings.lake, site.port_code)
    if pointer is None:
        refused = _refused(lake.rows("int_files"))
        return {"port_code": site.port_code, "build_id": None, "unpublished": _has_loaded(lake), "refused_n": refused.height, "refused": refused.to_dicts()}
    tables = warehouse.read_ledger(settings.build, pointer, ["meta_builds", "meta_freshness", "dq_files"])
    files = tables["dq_files"]
    about = tables["meta_builds"].row(0, named=True)
    refused = _refused(files)
    totals = {name: int(files[name].sum() or 0) for name in ("read_n", "good_n", "rejected_n", "duplicate_n")}
    return {
        **about, **totals, "refused_n": refused.height, "refused": refused.to_dicts(), "segments": list(pointer["segments"]),
        "freshness": tables["meta_freshness"].to_dicts(), "unpublished": lake.manifest.n > pointer["manifest_n"],
    }  # fmt: skip


def _refused(files: pl.DataFrame) -> pl.DataFrame:
    return files.filter(pl.col("status_code") == "refused").select("file_name", "message").sort("file_name")
