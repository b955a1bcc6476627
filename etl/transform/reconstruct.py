"""The whole reconstruction on one screen: which transform feeds which. Each rule lives in its own file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import polars as pl

from etl.contracts import facts
from etl.contracts.interim import INT_TRACKS
from etl.contracts.reference import Site
from etl.contracts.staged import STAGED_TABLES
from etl.transform import appointments, clocks, customs, filters, findings, links, places, source_days, stays, steps, tracking, weighings
from etl.transform import lines as log
from etl.transform import visits as gate
from etl.transform.digests import with_digest
from etl.transform.exchange import exchanged
from etl.transform.local import minutes, with_day, with_local
from etl.transform.moves import stays_of as container_stays
from etl.transform.ranks import ranks
from etl.transform.reach import REPEAT_READ
from etl.transform.security import filings

# Part of the build's identity: raise it whenever a rule in this package changes what a fact says.
RULES_VERSION = "5"
OVERNIGHT = dt.timedelta(hours=12)
_FEW_ROWS = 20_000  # ordered as they are: ranking them costs more than it saves
INSPECTIONS = ("scan", "physical_inspection", "phytosanitary_inspection")


def reconstruct(staged: Mapping[str, pl.DataFrame], pieces: pl.DataFrame, site: Site, keep: frozenset[dt.date], now_at: dt.datetime, *, with_declarations: bool = True) -> dict[str, pl.DataFrame]:
    """Return every table of FACT_TABLES, conformed, with only the rows whose day column lies in `keep` (local dates).

    Without `with_declarations` fct_declarations, their stages and dq_set_apart are left out: a declaration's visits may lie in another window.

    `staged` holds the winner rows of a window by table name (stg_*, and `tracks`: INT_TRACKS), reaching reach.MARGIN_DAYS
    beyond `keep` on both sides; customs reach.LINK_CUSTOMS and appointments as far as they are booked ahead. Absent tables
    count as empty. `pieces` are INT_ZONE_PIECES of the same window. `now_at` is the newest event of any source: the
    instant as of which a visit is still open.
    """
    rows = {table.name: staged.get(table.name, table.empty()) for table in STAGED_TABLES}
    with ThreadPoolExecutor(1) as aside:  # stays need nothing of the other logs, and some logs nothing of each other
        stitched, alone = aside.submit(stays.stitch, pieces, site, named=keep), aside.submit(_alone, rows, site, keep)
        made = _reconstruct(rows, staged.get("tracks", INT_TRACKS.empty()), stitched, site, keep, now_at, with_declarations=with_declarations) | alone.result()
        return {table.name: _finished(table, made.pop(table.name), site.port_code, keep) for table in facts.FACT_TABLES if table.name in made}  # popped: one copy of the positions at a time


def _alone(rows: Mapping[str, pl.DataFrame], site: Site, keep: frozenset[dt.date]) -> dict[str, pl.DataFrame]:
    """The facts that are made of one log's lines and of nothing else."""
    zone = site.zone_name
    return {
        "fct_container_moves": container_stays(rows["stg_moves"], site.port_code, zone, keep),
        "fct_messages": exchanged(rows["stg_messages"], site.port_code, zone),
        "fct_bookings": with_day(with_local(appointments.standing(rows["stg_appointments"]), zone, booked_local_at="booked_at", until_local_at="until_at"), zone, "slot_day", "slot_start_at", "slot_hour"),
        "fct_slots": with_day(appointments.offered(rows["stg_slots"]), zone, "slot_day", "slot_start_at", "slot_hour"),
        "fct_means": with_day(with_local(rows["stg_means"], zone, open_from_local_at="open_from_at", open_to_local_at="open_to_at"), zone, "open_day", "open_from_at"),
    }  # fmt: skip


def _reconstruct(rows: dict[str, pl.DataFrame], tracks: pl.DataFrame, stitched: Future[pl.DataFrame], site: Site, keep: frozenset[dt.date], now_at: dt.datetime, *, with_declarations: bool) -> dict[str, pl.DataFrame]:
    rows = {**rows, "stg_logbook": places.entries_of(rows["stg_logbook"])}
    port, zone = site.port_code, site.zone_name
    reads = gate.gate_reads(rows["stg_gate"])
    visits = with_day(gate.visits_of(reads, port, now_at), zone, "entry_day", "entry_at", "entry_hour", "entry_weekday")
    visits = with_day(visits, zone, "exit_day", "exit_at")

    lines = log.log_lines(rows, reads, zone)
    own = pl.col("event_code").is_in(["gate_in", "gate_out"])
    at_gate, elsewhere = lines.filter(own), lines.filter(~own)
    days = clocks.judge(elsewhere, visits)
    visits = clocks.flagged(visits, days)
    named = links.visit_containers(visits)
    linked = links.link(clocks.corrected(log.repeats_marked(elsewhere, REPEAT_READ), days), visits, named)
    owned = at_gate.join(gate.read_owners(reads, visits), on="row", how="left", maintain_order="left").with_columns(
        match_score=pl.when(pl.col("visit_no").is_not_null()).then(links.PLATE_AND_CONTAINER)
    )

    visits = visits.with_columns(turnaround_min=pl.when(pl.col("are_flags_ok") & pl.col("same_clock")).then(minutes("exit_at", "entry_at")))
    calls = steps.terminal_calls(linked)
    found_steps = steps.steps_of(visits.filter(_within("entry_day", keep)), linked, calls)
    visits = _with_steps(visits, linked, calls, found_steps, site)

    states = appointments.last_states(rows["stg_appointments"])
    pairs = appointments.honour(states, visits)
    visits = visits.join(pairs.select("visit_no", "slot_start_at", appointment_offset_min="offset_min"), on="visit_no", how="left", maintain_order="left")
    visits = visits.with_columns(appointment_code=appointments.timing(pl.col("appointment_offset_min")).fill_null("none"))

    declared = customs.declarations(rows["stg_customs"] if with_declarations else customs.naming(rows["stg_customs"], named["container_key"]), port, zone)
    boxes = customs.container_links(filters.with_container_direction(named, visits), visits, declared)
    weighed = weighings.weighings_of(linked, rows["stg_weighbridge"], port)
    visits = weighings.with_masses(visits, weighed, boxes, declared)
    visits = visits.join(customs.channels(boxes), on="visit_no", how="left", maintain_order="left")
    moves = boxes.group_by("visit_no").agg(pl.len().cast(pl.Int64).alias("moves_n"))
    by_direction = pl.col("direction_code").replace_strict({"import": 1, "export": 1, "dual": 2}, default=None, return_dtype=pl.Int64)
    visits = visits.join(moves, on="visit_no", how="left", maintain_order="left").with_columns(moves_n=pl.coalesce("moves_n", by_direction))

    tickets = places.ticket_visits(rows["stg_logbook"], visits)
    visits = visits.with_columns(
        has_trouble_ticket=pl.col("visit_no").is_in(tickets["visit_no"].implode()),
        has_closure=pl.col("visit_no").is_in(places.closed_visits(rows["stg_logbook"], visits, linked)["visit_no"].implode()),
    ).with_columns(is_excluded=pl.col("has_inspection") | pl.col("has_trouble_ticket") | pl.col("has_closure"))
    visits = filters.with_arms(visits, site.tables["dim_pilot_arms"])

    queues = site.tables["dim_zones"].filter(pl.col("zone_kind_code") == "queue")["zone_code"].to_list()
    stayed = stitched.result()
    visits = visits.join(tracking.queued_since(stays.queue_arrivals(stayed, site), visits), on="visit_no", how="left", maintain_order="left")
    visits = tracking.with_queue(visits)
    stay_owners = tracking.stay_visits(stayed, visits, queues)
    fixes = tracking.track_visits(tracks, visits, visits.filter(_within("entry_day", keep)))
    tracked = pl.concat([stay_owners.select("visit_no"), fixes.select("visit_no")]).unique()["visit_no"]
    visits = visits.with_columns(is_tracked=pl.col("visit_no").is_in(tracked.implode()))

    visits = with_local(visits, zone, entry_local_at="entry_at", exit_local_at="exit_at")
    ids = visits.select("visit_no", "visit_id")
    kept = visits.filter(_within("entry_day", keep))
    all_lines = pl.concat([owned, linked], how="diagonal")
    known_days = source_days.source_days_of(all_lines, days, rows, zone)

    def of_visits(frame: pl.DataFrame, *extra: str) -> pl.DataFrame:
        return frame.join(kept.select("visit_no", "visit_id", "entry_day", *extra), on="visit_no", maintain_order="left")

    def with_visit(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.join(ids, on="visit_no", how="left", maintain_order="left")

    made = {
        "fct_visits": kept,
        "fct_visit_steps": with_local(of_visits(found_steps, *(name for name in filters.FILTER_COLUMNS)), zone, arrived_local_at="arrived_at"),
        "fct_visit_events": _events(of_visits, all_lines, rows["stg_logbook"], tickets, zone),
        "fct_visit_containers": of_visits(boxes),
        "fct_visit_tracks": of_visits(fixes),
        "fct_zone_stays": stayed.join(stay_owners, on="stay_id", how="left").pipe(with_visit),
        "fct_inspections": _inspections(linked, rows["stg_services"], port).pipe(with_visit),
        "fct_weighings": weighed.pipe(with_visit),
        "fct_appointments": with_day(appointments.outcomes(states, pairs, now_at), zone, "slot_day", "slot_start_at", "slot_hour"),
        "fct_logbook": with_day(
            with_local(rows["stg_logbook"].join(tickets, on=["entry_ref", "started_at"], how="left"), zone, started_local_at="started_at", ended_local_at="ended_at"),
            zone, "started_day", "started_at",
        ).pipe(with_visit),
        "fct_manifests": filings(rows["stg_manifests"], named, visits, port, zone),
        "dq_findings": findings.findings_of(kept, all_lines, known_days, rows, zone),
        "dq_source_days": known_days,
    }  # fmt: skip
    if with_declarations:
        declared = customs.with_visits(declared, boxes, visits, rows["stg_moves"])
        made |= {"fct_declarations": declared, "fct_declaration_stages": customs.stages(declared), "dq_set_apart": customs.set_apart(rows["stg_customs"], declared, zone)}
    return made


def _within(day: str, keep: frozenset[dt.date]) -> pl.Expr:
    return pl.col(day).is_in(pl.Series(sorted(keep), dtype=pl.Date).implode())


def _finished(table: facts.Table, frame: pl.DataFrame, port: str, keep: frozenset[dt.date]) -> pl.DataFrame:
    kept = frame.filter(_within(table.day, keep))
    keys = [table.day, *(name for name in table.key if name not in ("port_code", table.day))]
    return _in_order(table.conform(kept.with_columns(port_code=pl.lit(port))), keys)


def _in_order(frame: pl.DataFrame, columns: list[str]) -> pl.DataFrame:
    """Return `frame` sorted, nulls last; positions come in order already and are only looked through."""
    if frame.height < _FEW_ROWS:
        return frame.sort(columns, nulls_last=True)
    keys = []
    for name in columns:
        texts = frame[name]
        if texts.dtype == pl.String:
            texts = pl.Series(name, ranks(texts)).replace(-1, None)
        keys.append(texts)
    ordered = pl.DataFrame(keys)
    if _is_in_order(ordered):
        return frame
    return frame[ordered.select(pl.arg_sort_by(columns, nulls_last=True)).to_series()]


def _is_in_order(keys: pl.DataFrame) -> bool:
    """Whether no row comes before the row above it; a frame with nulls counts as out of order."""
    if sum(keys.null_count().row(0)):
        return False
    later, same = np.zeros(keys.height - 1, bool), np.ones(keys.height - 1, bool)
    for values in (column.to_physical().to_numpy() for column in keys):
        later |= same & (values[1:] > values[:-1])
        same &= values[1:] == values[:-1]
    return bool((later | same).all())


def _with_steps(visits: pl.DataFrame, linked: pl.DataFrame, calls: pl.DataFrame, found_steps: pl.DataFrame, site: Site) -> pl.DataFrame:
    """Add what the linked lines say of a visit as a whole: step sums, terminal turn, checks, weighings, first terminal."""
    mine = linked.drop_nulls("visit_no")

    def seen(*codes: str) -> pl.Expr:
        return pl.col("event_code").is_in(codes).any()

    checks = (pl.col("event_code") == "document_check").sum().cast(pl.Int64)
    is_point = pl.col("event_code") != "document_check"
    flags = mine.group_by("visit_no").agg(
        has_inspection=seen(*INSPECTIONS), has_weigh_empty=seen("weigh_empty"), has_weigh_full=seen("weigh_full"),
        document_checks_n=pl.when(checks > 0).then(checks), has_doubt=(is_point & (pl.col("is_fault") | (pl.col("clock_flag") != "ok"))).any(),
    )  # fmt: skip
    turn = calls.group_by("visit_no").agg(terminal_turn_min=pl.when(pl.col("is_certain").all()).then(minutes("ended_at", "started_at").sum()))
    of_gate = site.tables["dim_gates"].select(place_code="gate_code", terminal_code="terminal_code").unique("place_code", keep="first", maintain_order=True)
    first = calls.sort("visit_no", "link_at", "line_no").group_by("visit_no", maintain_order=True).first().select("visit_no", "place_code").join(of_gate, on="place_code", how="left")
    for part in (flags, turn, first.select("visit_no", "terminal_code"), steps.step_sums(found_steps)):
        visits = visits.join(part, on="visit_no", how="left", maintain_order="left")
    closed = pl.col("status_code") == "closed"
    # A day of which no weighing is known at all is a missing file, not a day of trucks that were not weighed.
    weighed_days = linked.filter(pl.col("source_code") == "weighbridge")["day"].unique()
    is_logged = pl.col("entry_day").is_in(weighed_days.implode()) | pl.col("has_weigh_empty") | pl.col("has_weigh_full")
    visits = visits.with_columns(pl.col("has_inspection", "has_weigh_empty", "has_weigh_full").fill_null(False))
    return visits.with_columns(pl.when(is_logged).then(name).alias(name) for name in ("has_weigh_empty", "has_weigh_full")).with_columns(
        path_codes=pl.when(pl.col("has_doubt").fill_null(False).not_()).then("path_codes"), has_both_weighings=pl.col("has_weigh_empty") & pl.col("has_weigh_full"),
        is_overnight=pl.when(closed).then((pl.col("exit_at") - pl.col("entry_at") > OVERNIGHT) & (pl.col("exit_day") > pl.col("entry_day"))),
    )


def _events(of_visits: object, all_lines: pl.DataFrame, logbook: pl.DataFrame, tickets: pl.DataFrame, zone: str) -> pl.DataFrame:
    """Return one row a log line that belongs to a visit, trouble tickets included."""
    named = logbook.join(tickets, on=["entry_ref", "started_at"]).select(
        "visit_no", "file_id", "source_line", "place_code", pl.lit("logbook").alias("source_code"), pl.col("logbook_code").alias("event_code"),
        pl.col("started_at").alias("event_at"), pl.lit(links.PLATE_ONLY).alias("match_score"),
    )  # fmt: skip
    mine = all_lines.drop_nulls("visit_no").select(*named.columns, "authority_code")
    return with_local(of_visits(pl.concat([mine, named], how="diagonal")), zone, event_local_at="event_at")


def _inspections(linked: pl.DataFrame, services: pl.DataFrame, port: str) -> pl.DataFrame:
    """Return scans and inspections with their spans; null where the clock is uncertain. A fault shifts all four times alike, so spans stand."""
    done = linked.filter(pl.col("event_code").is_in(INSPECTIONS)).with_columns(service_code="event_code", ended_day="day")
    sure = pl.col("clock_flag") == "ok"
    done = done.with_columns(
        wait_min=pl.when(sure).then(minutes("started_at", "arrived_at")), service_min=pl.when(sure).then(minutes("ended_at", "started_at")),
        verdict_min=pl.when(sure).then(minutes("verdict_at", "ended_at")),
    )  # fmt: skip
    return with_digest(done, "inspection_id", port, "plate_key", "service_code", "place_code", "ended_at")
