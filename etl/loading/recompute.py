"""Lake -> facts, window by window: read what the wanted days need, reconstruct them, hand them on to be published.

A declaration meets the visits of its container up to a month after it was lodged, so declarations are made after the visits
of all windows: from customs rows and the links the visits found, those of days that were not recomputed read from the build.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import duckdb
import polars as pl

from etl.contracts.facts import DQ_REJECTS, DQ_SET_APART, FCT_DECLARATION_STAGES, FCT_DECLARATIONS
from etl.contracts.reference import Site
from etl.contracts.staged import STAGED_TABLES, STG_CUSTOMS
from etl.lake import Lake, file_counts, winners
from etl.loading import narrow
from etl.loading.affected import CUSTOMS_AHEAD, LONGEST_ENTRY, ONE_DAY
from etl.transform import customs, reconstruct, stays
from etl.transform.moves import LONGEST_DWELL
from etl.transform.reach import LINK_CUSTOMS, MARGIN_DAYS
from etl.transform.zones import ZoneGrid
from etl.warehouse import Changes, segment_name

Progress = Callable[[str, int, int, int], None]

MARGIN = (MARGIN_DAYS + 1) * ONE_DAY  # and one for local days against UTC days
DECLARATION_LIFE = dt.timedelta(days=45)  # events further from each other than this are not looked for
LONGEST_CHUNK = 31  # days reconstructed at once: bounds memory; a month of Casablanca is 80,000 visits
MOST_TRACKS = 1_500_000  # and thinned positions: about five days of Casablanca with every truck tracked; some 500 bytes each on the way
LINKED_WITHIN = LINK_CUSTOMS + 3 * ONE_DAY  # a declaration's visits lie no further from it; local days, and a visit's own length
# How far back rows are read that speak of later days. Later than now nothing lies.
_BACK = {"stg_appointments": LONGEST_ENTRY, "stg_logbook": LONGEST_ENTRY, "stg_moves": LONGEST_DWELL, "stg_slots": LONGEST_ENTRY}
_LINK_COLUMNS = ["entry_day", "visit_id", "declaration_id", "direction_code", "status_code", "entry_at", "exit_at", "clock_flag", "has_weigh_full"]
TABLES = {table.name: table for table in STAGED_TABLES}
DECLARATION_TABLES = (FCT_DECLARATIONS, FCT_DECLARATION_STAGES, DQ_SET_APART)


def chunks_of(days: set[dt.date], *, by_month: bool, tracks: Mapping[dt.date, int] | None = None) -> list[list[dt.date]]:
    """Cut the days into runs to be reconstructed at once: at gaps wider than the margins, at 31 days or month ends, at so many positions (`tracks` by day)."""
    runs: list[list[dt.date]] = []
    tracks_n = 0
    for day in sorted(days):
        run, more = runs[-1] if runs else None, (tracks or {}).get(day, 0)
        is_near = run and (day - run[-1]).days <= 2 * MARGIN.days and (day - run[0]).days < LONGEST_CHUNK
        if is_near and tracks_n + more <= MOST_TRACKS and not (by_month and day.month != run[0].month):
            run.append(day)
            tracks_n += more
        else:
            runs.append([day])
            tracks_n = more
    return runs


def months_of(days: set[dt.date]) -> set[str]:
    """Return the segments that recomputing these days may look at: a declaration is lodged a month before its visit, and its own visits lie a month after."""
    far = (LINK_CUSTOMS + CUSTOMS_AHEAD).days + 1
    return {segment_name(day + step * ONE_DAY) for day in days for step in range(-2 * far, 2 * far + 1, 7)} | {segment_name(day) for day in days}


def window(lake: Lake, days: list[dt.date]) -> dict[str, pl.DataFrame]:
    """Return the staged rows that count, by table, that reconstructing these local days needs; fixes only thinned (`tracks`)."""
    first, last = days[0] - MARGIN, days[-1] + MARGIN
    found = {table.name: lake.read(table.name, first - _BACK.get(table.name, dt.timedelta()), last)
             for table in STAGED_TABLES if table.name not in ("stg_tracking", "stg_customs")}  # fmt: skip
    found["stg_customs"] = _customs_of(lake, found["stg_gate"], first, last)
    found["stg_appointments"] = _appointments_near(found["stg_appointments"], first, last)
    # Fixes are wanted of these days' visits only: from a queue of a day before the entry to the longest visit after it.
    found["tracks"] = lake.rows("int_tracks", days[0] - 2 * ONE_DAY, days[-1] + MARGIN_DAYS * ONE_DAY)
    return found


def _customs_of(lake: Lake, gate: pl.DataFrame, first: dt.date, last: dt.date) -> pl.DataFrame:
    """The window's own customs rows, and all rows of declarations of the containers its gate saw, a month back."""
    rows = lake.read("stg_customs", first - LINK_CUSTOMS - ONE_DAY, last + CUSTOMS_AHEAD)
    boxes = pl.concat([gate["container_key"], gate["container_2_key"]]).unique().drop_nulls()
    wanted = rows.filter(pl.col("container_key").is_in(boxes.implode()))["declaration_key"].unique()
    own = pl.col("event_on").is_between(first, last)
    return rows.filter(own | pl.col("declaration_key").is_in(wanted.implode()))


def _appointments_near(rows: pl.DataFrame, first: dt.date, last: dt.date) -> pl.DataFrame:
    """The events of appointments that have, or had, a slot in the window. Events further than 31 days from their slot are not looked for."""
    ahead = (pl.col("slot_start_at") - pl.col("event_at")).dt.total_days()
    rows = rows.filter(ahead.is_between(-MARGIN_DAYS, LINK_CUSTOMS.days))
    near = rows.filter(pl.col("slot_start_at").cast(pl.Date).is_between(first, last))["appointment_ref"].unique()
    return rows.filter(pl.col("appointment_ref").is_in(near.implode()) | pl.col("event_at").cast(pl.Date).is_between(first, last))


def refresh_fixes(lake: Lake, grid: ZoneGrid, days: list[dt.date], zone: str, progress: Progress | None = None) -> list[pl.DataFrame]:
    """Recompute zone pieces and thinned tracks of these UTC days into the lake's next commit. Returns their file counts."""
    counts = []
    for done, day in enumerate(days, start=1):
        fixes, count = lake.read_day("stg_tracking", day, zone)
        lake.replace_day(day, *pieces_and_tracks(fixes, grid))
        counts.append(count)
        if progress:
            progress("tracking", done, len(days), 0)
    return counts


def pieces_and_tracks(fixes: pl.DataFrame, grid: ZoneGrid) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return INT_ZONE_PIECES and INT_TRACKS of the fixes that count of one UTC day, of all trucks or of some: trucks do not know of each other here."""
    ordered = stays.in_time_order(fixes) if fixes.height else None
    tracks = stays.thin(fixes, ordered).with_columns(pl.lit(grid.port_code).alias("port_code"))
    return stays.pieces(fixes, grid, ordered), tracks.select("port_code", "plate_key", "fix_at", "longitude_deg", "latitude_deg")


def runs_to_count(counted: Mapping[str, set[dt.date]]) -> list[tuple[str, list[dt.date]]]:
    """Return (staged table, UTC days) for all there is to count, in pieces of bounded memory; fixes aside, which `refresh_fixes` counts."""
    tables = [table.name for table in STAGED_TABLES if table.name != "stg_tracking" and counted.get(table.name)]
    return [(table, run) for table in tables for run in chunks_of(counted[table], by_month=False)]


def recount(lake: Lake, name: str, run: list[dt.date], zone: str) -> pl.DataFrame:
    """Return INT_FILE_COUNTS of these UTC days of a staged table."""
    table = TABLES[name]
    rows = lake.rows(name, run[0], run[-1], columns=[*dict.fromkeys((*table.key, "file_on", "row_digest", "file_id", "source_line", table.day))])
    return file_counts(rows, winners(rows, table.key), name, zone).filter(pl.col("utc_day").is_in(run))


@dataclass(frozen=True)
class Window:
    """The facts and rejects of some local days, and what their visits are linked to: declarations, which are made after all windows."""

    frames: dict[str, pl.DataFrame]
    links: pl.DataFrame
    lodged_days: frozenset[dt.date]


Windows = Callable[[list[list[dt.date]]], Iterator[Window]]


def reconstructed(lake: Lake, site: Site, chunk: list[dt.date], now_at: dt.datetime, file_findings: pl.DataFrame) -> Window:
    """Read what these days need and reconstruct them. Nothing but the lake is asked, so windows may be made anywhere and in any order."""
    keep, staged = frozenset(chunk), window(lake, chunk)
    frames = dict(reconstruct(staged, lake.rows("int_zone_pieces", chunk[0] - MARGIN, chunk[-1] + MARGIN), site, keep, now_at, with_declarations=False))
    frames["dq_rejects"] = _rejects(lake, keep)
    frames["dq_findings"] = pl.concat([frames["dq_findings"], file_findings.filter(pl.col("day").is_in(chunk))])
    links = _links(frames)
    return Window(frames, links, frozenset(_lodged_days(staged["stg_customs"], links, site)))


def facts(
    lake: Lake, site: Site, days: set[dt.date], declared_days: set[dt.date], build: duckdb.DuckDBPyConnection | None, windows: Windows, *, is_whole: bool, progress: Progress | None = None
) -> Iterator[Changes | list[Changes]]:
    """Yield the recomputed facts and rejects of the days, oldest first: all, or given an open `build` what differs from it. `windows` makes them of runs of days."""
    with ThreadPoolExecutor(1) as aside:
        yield from _facts(lake, site, days, declared_days, build, windows, aside, is_whole=is_whole, progress=progress)


def _facts(
    lake: Lake, site: Site, days: set[dt.date], declared_days: set[dt.date], build: duckdb.DuckDBPyConnection | None, windows: Windows, aside: ThreadPoolExecutor, *, is_whole: bool, progress: Progress | None
) -> Iterator[Changes | list[Changes]]:
    tracks = {dt.date.fromisoformat(part.first_day): part.rows_n for part in lake.parts("int_tracks")}
    chunks = chunks_of(days, by_month=is_whole, tracks=tracks)
    made = windows(chunks)
    links: list[pl.DataFrame] = []
    reached: set[dt.date] = set(declared_days)
    undeclared: dict[str, set[dt.date]] = {}
    last: Callable[[], list[Changes]] = list
    for done, chunk in enumerate(chunks, start=1):
        keep = frozenset(chunk)
        digests = aside.submit(narrow.digests_of, build, keep) if build else None  # what is published is read on a cursor of its own meanwhile
        one = next(made)
        links.append(one.links)
        if is_whole:
            yield Changes(one.frames, keep)
            undeclared.setdefault(segment_name(chunk[0]), set()).update(keep)
            while undeclared and chunk[-1] > max(next(iter(undeclared.values()))) + LINKED_WITHIN:
                month = undeclared.pop(next(iter(undeclared)))
                links = [found for found in links if found.is_empty() or found["entry_day"].max() >= min(month) - LINKED_WITHIN]
                yield Changes(declarations(lake, site, month, pl.concat(links)), frozenset(month))
        else:
            reached |= one.lodged_days
            if done < len(chunks):
                yield _narrowed(build, one, keep, digests)
            else:  # compared while the declarations are made
                last = aside.submit(_narrowed, build, one, keep, digests).result
        if progress:
            progress("reconstructing", done, len(chunks), 0)
    for month in undeclared.values():
        yield Changes(declarations(lake, site, month, pl.concat(links)), frozenset(month))
    if is_whole:
        return
    reached |= _once_linked(build, days) if build and days else set()
    if reached:
        known = pl.concat([*links, _older_links(build, days, reached)]) if build else pl.concat(links)
        for run in chunks_of(reached, by_month=False):
            found, keep = declarations(lake, site, set(run), known), frozenset(run)
            # Written together with the visits: a segment is copied once.
            mine = narrow.by_declaration(build, found, keep) if build else [Changes(found, keep)]
            yield [*last(), *mine]
            last = list
    yield last()


def _narrowed(build: duckdb.DuckDBPyConnection | None, one: Window, keep: frozenset[dt.date], digests: Future | None) -> list[Changes]:
    changes = Changes(one.frames, keep)
    return narrow.changed(build, changes, digests.result()) if build else [changes]


def _rejects(lake: Lake, days: frozenset[dt.date]) -> pl.DataFrame:
    return DQ_REJECTS.conform(lake.rows("dq_rejects", min(days), max(days))).filter(pl.col("day").is_in(sorted(days)))


def _links(frames: dict[str, pl.DataFrame]) -> pl.DataFrame:
    boxes = frames["fct_visit_containers"].filter(pl.col("declaration_id").is_not_null()).select("visit_id", "declaration_id", "direction_code")
    return boxes.join(frames["fct_visits"].select("visit_id", "entry_day", "status_code", "entry_at", "exit_at", "clock_flag", "has_weigh_full"), on="visit_id").select(_LINK_COLUMNS)


def _lodged_days(rows: pl.DataFrame, links: pl.DataFrame, site: Site) -> set[dt.date]:
    """The days on which the linked declarations were lodged."""
    if links.is_empty() or rows.is_empty():
        return set()
    return set(customs.lodged_days(rows, site.port_code).join(links, on="declaration_id", how="semi")["lodged_day"].unique())


def declarations(lake: Lake, site: Site, days: set[dt.date], links: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Return fct_declarations, their stages and the lines of those set apart, of the declarations lodged on these local days, `links` being what visits found."""
    rows = lake.rows("stg_customs", min(days) - LINK_CUSTOMS, max(days) + DECLARATION_LIFE)  # goods may have lain in port for weeks before they were declared
    # Most of these rows are of other days' declarations: one lodged on a day has an event of that day.
    mine = rows.filter(pl.col("event_on").is_in(sorted(days)) & customs.DECLARED)["declaration_key"].unique()
    rows = winners(rows.filter(pl.col("declaration_key").is_in(mine.implode())), STG_CUSTOMS.key)
    if rows.is_empty():
        return {table.name: table.empty() for table in DECLARATION_TABLES}
    found = customs.declarations(rows, site.port_code, site.zone_name).filter(pl.col("lodged_day").is_in(sorted(days)))
    boxes = links.rename({"visit_id": "visit_no"}).unique(["visit_no", "declaration_id", "direction_code"])
    visits = boxes.select("visit_no", "status_code", "entry_at", "exit_at", "clock_flag", "has_weigh_full").unique("visit_no")
    # A line said twice says the same move: which record of it counts makes no difference here.
    moves = lake.rows(
        "stg_moves", min(days) - LINK_CUSTOMS - ONE_DAY, max(days) + customs.LANDED_AFTER + ONE_DAY, columns=["container_key", "move_code", "moved_at", "clock_flag"],
        where=pl.col("container_key").is_in(found["container_key"].drop_nulls().unique().implode()),
    )  # fmt: skip
    whole = customs.with_visits(found, boxes.select("visit_no", "declaration_id", "direction_code"), visits, moves)
    frames = (whole, customs.stages(whole), customs.set_apart(rows, whole, site.zone_name))
    return {table.name: table.conform(frame.with_columns(pl.lit(site.port_code).alias("port_code"))) for table, frame in zip(DECLARATION_TABLES, frames, strict=True)}


def _ask(build: duckdb.DuckDBPyConnection, sql: str, *values: object) -> pl.DataFrame:
    return build.cursor().sql(sql, params=list(values)).pl()


def _once_linked(build: duckdb.DuckDBPyConnection, days: set[dt.date]) -> set[dt.date]:
    """The lodging days of declarations that the replaced visits were linked to."""
    sql = """
        SELECT DISTINCT d.lodged_day
        FROM fct_visit_containers AS c JOIN fct_declarations AS d USING (declaration_id)
        WHERE c.entry_day IN (SELECT unnest(?::DATE[])) AND c.entry_day BETWEEN ? AND ? AND d.lodged_day BETWEEN ? AND ?
    """
    first, last = min(days), max(days)
    return set(_ask(build, sql, sorted(days), first, last, first - LINK_CUSTOMS - ONE_DAY, last + CUSTOMS_AHEAD)["lodged_day"])


def _older_links(build: duckdb.DuckDBPyConnection, days: set[dt.date], lodged: set[dt.date]) -> pl.DataFrame:
    """The links of visits that are not recomputed now and may have taken a container out after these lodging days."""
    sql = """
        SELECT v.entry_day, v.visit_id, c.declaration_id, c.direction_code, v.status_code, v.entry_at, v.exit_at, v.clock_flag, v.has_weigh_full
        FROM fct_visit_containers AS c JOIN fct_visits AS v ON v.visit_id = c.visit_id AND v.entry_day = c.entry_day
        WHERE c.declaration_id IS NOT NULL AND c.entry_day BETWEEN ? AND ? AND v.entry_day BETWEEN ? AND ?
          AND NOT v.entry_day IN (SELECT unnest(?::DATE[]))
    """
    first, last = min(lodged) - CUSTOMS_AHEAD, max(lodged) + LINK_CUSTOMS + ONE_DAY
    return _ask(build, sql, first, last, first, last, sorted(days)).select(_LINK_COLUMNS)
