"""A small build made straight from frames by contract: `python tests/dashboard/small_build.py OUT [--days 120] [--per-day 300] [--seed 1]`.

Plausible, seeded, without logs behind it (the sample port and its files are the simulator's). For tests of metrics, pages and speed.
Then `SMARTPORT_HOME=OUT smartport serve` shows it.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from pathlib import Path

import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # run as a script, from anywhere

from etl import clock, warehouse
from etl.contracts.codes import STAGE_HOLDER
from etl.contracts.facts import DQ_FILE_DAYS, DQ_FILES, DQ_REJECTS, FACT_TABLES, META_BUILDS, META_FRESHNESS
from etl.contracts.reference import Site, load_site
from etl.settings import SAMPLE_SITE, Settings

LAST_DAY = dt.date(2026, 10, 4)
PILOT_START = dt.date(2026, 7, 13)
_TABLES = {table.name: table for table in FACT_TABLES}
_STEPS = (("weigh_empty", "WB", 0.9, 4, 2), ("terminal", "T", 1.0, 12, 22), ("scan", "SC", 0.12, 15, 6), ("weigh_full", "WB", 0.9, 5, 2), ("exit_check", "EX", 1.0, 4, 2), ("port_gate_out", "P6", 1.0, 2, 1))
_HOURS = np.array([1, 1, 1, 1, 2, 3, 5, 8, 11, 14, 14, 13, 12, 11, 10, 9, 8, 6, 5, 4, 2, 2, 1, 1], dtype=float)


def _ids(first: int, n: int) -> np.ndarray:
    """Ids like the real ones: 16 hex digits in no order (a visit's id says nothing of its time)."""
    scattered = (np.arange(first, first + n, dtype=np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    return np.array([f"{each:016x}" for each in scattered])


def _keys(rng: np.random.Generator, pool: int, n: int) -> np.ndarray:
    """Pseudonyms like the real ones: 16 hex digits from a pool of so many."""
    names = np.array([f"{each:016x}" for each in rng.integers(0, 2**62, pool)])
    return names[rng.integers(0, pool, n)]


def frames(site: Site, days: int = 120, per_day: int = 300, seed: int = 1, tracked_days: int = 28, last_day: dt.date = LAST_DAY, pilot_factor: float = 0.9) -> dict[str, pl.DataFrame]:
    """Return every fact table of a made-up port: visits with steps that sum to them, stays, events, papers, means, logbook, findings."""
    rng = np.random.default_rng(seed)
    first = last_day - dt.timedelta(days=days - 1)
    weight = np.array([0.45 if (first + dt.timedelta(days=int(day))).weekday() == 6 else 1.0 for day in range(days)]) * rng.lognormal(0, 0.08, days)
    counts = np.maximum(1, (per_day * weight).astype(int))
    day = np.repeat(np.arange(days), counts)
    n = len(day)
    hour = rng.choice(24, n, p=_HOURS / _HOURS.sum())
    entry_local = np.datetime64(first) + day.astype("timedelta64[D]") + (hour * 3600 + rng.integers(0, 3600, n)).astype("timedelta64[s]")
    order = np.argsort(entry_local, kind="stable")
    day, entry_local = day[order], entry_local[order].astype("datetime64[us]")
    entry_at, flags = clock.to_utc(pl.Series("entry_at", entry_local), site.zone_name)
    lanes = np.array(site.tables["dim_lanes"].filter(pl.col("gate_code") == "P6")["lane_code"].unique(maintain_order=True).to_list())
    arms = {row["unit_code"]: row["arm_code"] for row in site.tables["dim_pilot_arms"].iter_rows(named=True)}
    terminals = np.array(site.tables["dim_terminals"]["terminal_code"].to_list())
    lane = lanes[rng.integers(0, len(lanes), n)]
    entry_day = (np.datetime64(first) + day.astype("timedelta64[D]")).astype("datetime64[D]")
    arm = np.array([arms.get(name) for name in lanes], dtype=object)[np.searchsorted(lanes, lane)]
    after = entry_day >= np.datetime64(PILOT_START)
    shock = rng.lognormal(0, 0.1, days)[day] * (1 + 0.35 * np.isin(hour[order], (9, 10, 11, 12)))
    shock = shock * np.where((arm == "pilot") & after, pilot_factor, 1.0)
    trouble = rng.random(n) < 0.05
    base = pl.DataFrame(
        {
            "port_code": pl.Series([site.port_code]).new_from_index(0, n), "visit_id": _ids(seed * 10_000_000, n), "entry_day": entry_day, "entry_hour": hour[order], "entry_weekday": 0,
            "entry_gate_code": np.full(n, "P6"), "entry_lane_code": lane, "terminal_code": terminals[rng.integers(0, len(terminals), n)],
            "direction_code": np.array(["import", "export", "dual"])[rng.choice(3, n, p=[0.48, 0.37, 0.15])],
            "cargo_class_code": np.array(["dry", "reefer", "hazardous", "empty"])[rng.choice(4, n, p=[0.7, 0.12, 0.03, 0.15])],
            "channel_code": pl.Series(np.array(["conform", "documents", "physical", None], dtype=object)[rng.choice(4, n, p=[0.62, 0.2, 0.1, 0.08])].tolist(), dtype=pl.String),
            "appointment_code": np.array(["on_time", "early", "late", "none"])[rng.choice(4, n, p=[0.55, 0.15, 0.2, 0.1])],
            "arm_code": pl.Series(arm.tolist(), dtype=pl.String), "pilot_period_code": np.where(after, "after", "before"),
            "plate_key": _keys(rng, max(20, n // 40), n), "carrier_key": _keys(rng, 60, n), "clock_flag": flags, "entry_at": entry_at, "entry_local_at": entry_local,
        }, strict=False,
    ).with_columns(pl.col("entry_day").cast(pl.Date).dt.weekday().alias("entry_weekday"))  # fmt: skip
    steps, turn, scanned, wait, service, stops = _steps(rng, base, shock, trouble)
    exit_at = entry_at + pl.Series(np.round(turn * 60e6)).cast(pl.Duration("us"))
    now_at = entry_at.max() + dt.timedelta(minutes=7)
    lost = pl.Series(rng.random(n) < 0.006) & (entry_at < now_at - dt.timedelta(hours=72))
    is_open = (exit_at > now_at) | pl.Series(rng.random(n) < 0.006) & (entry_at >= now_at - dt.timedelta(hours=72))
    closed = ~(is_open | lost)
    uncertain = flags != "ok"
    tracked = pl.Series(rng.random(n) < 0.4) & (base["entry_day"] > last_day - dt.timedelta(days=tracked_days))
    queue = pl.Series(np.round(rng.lognormal(2.6, 0.6, n) * shock, 2))
    visits = base.with_columns(
        pl.when(closed).then(pl.lit("closed")).when(is_open).then(pl.lit("open")).otherwise(pl.lit("incomplete")).alias("status_code"),
        pl.when(closed).then(exit_at).alias("exit_at"), pl.when(closed).then(pl.lit("P6")).alias("exit_gate_code"), pl.when(closed).then(pl.lit("6F")).alias("exit_lane_code"),
        pl.when(closed & ~uncertain).then(pl.Series(turn)).alias("turnaround_min"), pl.when(tracked).then(queue).alias("queue_min"),
        pl.when(closed).then(pl.Series(wait)).alias("wait_min"), pl.when(closed).then(pl.Series(service)).alias("service_min"),
        pl.when(closed).then(pl.Series(turn - wait - service)).alias("travel_min"), pl.when(closed).then(pl.Series(stops)).alias("stops_n"),
        pl.when(closed).then(pl.Series(np.round(turn * 0.5, 3))).alias("terminal_turn_min"),
        pl.when(pl.Series(rng.random(n) < 0.3)).then(pl.Series(rng.poisson(np.where((arm == "pilot") & after, 2.5, 4.5)))).alias("document_checks_n"),
        pl.when(pl.col("direction_code") == "dual").then(2).otherwise(1).alias("moves_n"), pl.Series("has_inspection", scanned), pl.Series("has_trouble_ticket", trouble),
        pl.Series("has_closure", rng.random(n) < 0.01), tracked.alias("is_tracked"), pl.Series("is_overnight", turn > 720), pl.Series("has_both_weighings", rng.random(n) < 0.97),
    ).with_columns(
        clock.to_local(pl.Series(exit_at), site.zone_name).alias("_exit_local"), (pl.col("has_inspection") | pl.col("has_trouble_ticket") | pl.col("has_closure")).alias("is_excluded"),
        (pl.col("queue_min") + pl.col("turnaround_min")).alias("total_visit_min"),
    ).with_columns(pl.when(pl.col("exit_at").is_not_null()).then(pl.col("_exit_local")).alias("exit_local_at"))  # fmt: skip
    steps = steps.join(visits.select("visit_id", "is_excluded", "status_code"), on="visit_id", how="inner").filter(pl.col("status_code") == "closed")
    steps = steps.with_columns(clock.to_local(steps["arrived_at"], site.zone_name).alias("arrived_local_at"))
    paths = steps.filter(pl.col("step_kind_code") == "service").sort("visit_id", "step_seq").group_by("visit_id").agg(pl.col("step_code").str.join(">").alias("path_codes"))
    visits = visits.join(paths, on="visit_id", how="left", maintain_order="left").with_columns(has_weigh_full=pl.when(pl.col("status_code") == "closed").then("has_both_weighings"))
    # Masses are made of the visit's own number, not drawn: most within 5 % of what was declared, some far above, some neither weighed nor declared.
    number = visits["visit_id"].hash(seed=1) % 1000
    visits = visits.with_columns(
        declared_kg=pl.when(pl.Series(number % 7 > 0)).then(8000.0 + 20 * number), weighed_net_kg=pl.when(pl.col("has_weigh_full")).then((8000.0 + 20 * number) * (1 + (number % 11 - 5) / 90)),
    )
    made = {"fct_visits": visits, "fct_visit_steps": steps, **_around(rng, site, visits, now_at, tracked_days)}
    return {name: _TABLES[name].conform(frame) for name, frame in made.items()}


def _steps(rng: np.random.Generator, base: pl.DataFrame, shock: np.ndarray, trouble: np.ndarray) -> tuple:
    """Return (steps, P, scanned, wait, service, stops): service points with a gap before each; their minutes sum to P."""
    n, parts = base.height, []
    clock_min, waits, services, stops = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n, dtype=int)
    scanned = np.zeros(n, dtype=bool)
    for number, (code, place, share, wait_min, service_min) in enumerate(_STEPS):
        has = rng.random(n) < share
        scanned |= has if code == "scan" else False
        gap, wait = rng.gamma(4, 0.8, n), rng.gamma(1.3, wait_min / 1.3, n) * shock * np.where(trouble & (code == "terminal"), 8, 1)
        service = rng.gamma(6, service_min / 6, n) * shock
        where = {"WB": np.char.add("WB", rng.integers(1, 5, n).astype(str)), "T": base["terminal_code"].to_numpy()}.get(place, np.full(n, place))
        for seq, kind, step, start, waited, served, length, at in (
            (2 * number + 1, "gap", "travel", clock_min, None, None, gap, None),
            (2 * number + 2, "service", code, clock_min + gap, wait, service, wait + service, where),
        ):
            entry = base["entry_at"].to_numpy()
            arrived = entry + (start * 60e6).astype("timedelta64[us]")
            part = base.drop("plate_key", "carrier_key", "clock_flag", "entry_at", "entry_local_at").with_columns(
                pl.lit(seq).alias("step_seq"), pl.lit(step).alias("step_code"), pl.lit(kind).alias("step_kind_code"),
                pl.Series("place_code", at.tolist() if at is not None else [None] * n, dtype=pl.String), pl.Series("arrived_at", arrived),
                pl.Series("started_at", arrived + (waited * 60e6).astype("timedelta64[us]") if waited is not None else arrived),
                pl.Series("ended_at", arrived + (length * 60e6).astype("timedelta64[us]")),
                pl.Series("wait_min", waited if waited is not None else [None] * n, dtype=pl.Float64),
                pl.Series("service_min", served if served is not None else [None] * n, dtype=pl.Float64), pl.Series("step_min", length),
            )  # fmt: skip
            parts.append(part.filter(pl.Series(has)))
        clock_min, waits, services, stops = clock_min + has * (gap + wait + service), waits + has * wait, services + has * service, stops + has
    return pl.concat(parts), clock_min, scanned, waits, services, stops


def _around(rng: np.random.Generator, site: Site, visits: pl.DataFrame, now_at: dt.datetime, tracked_days: int) -> dict[str, pl.DataFrame]:
    """Return the tables around the visits: stays, tracks, events, containers, declarations, inspections, appointments, means, logbook, findings."""
    port, n = site.port_code, visits.height
    zones = site.tables["dim_zones"].filter(pl.col("zone_kind_code").is_in(["queue", "gate", "weighbridge", "terminal", "scanner"]))["zone_code"].to_list()
    moving = visits.filter(pl.col("is_tracked"))
    stays = pl.concat(
        moving.select(
            "port_code", pl.concat_str(pl.col("visit_id").str.slice(0, 14), pl.lit(f"{number:02d}")).alias("stay_id"), "plate_key", "visit_id", pl.lit(zone).alias("zone_code"),
            pl.col("entry_day").alias("entered_day"), pl.col("entry_hour").alias("entered_hour"), pl.col("entry_weekday").alias("entered_weekday"),
            (pl.col("entry_at") + pl.duration(minutes=4 * number)).alias("entered_at"), pl.Series("stay_min", np.round(rng.gamma(2.5, 3.5, moving.height), 2)),
        ) for number, zone in enumerate(zones)
    ).with_columns(((pl.col("stay_min") * 60e6).cast(pl.Int64).cast(pl.Duration("us")) + pl.col("entered_at")).alias("left_at"), (pl.col("stay_min") * 4).cast(pl.Int64).alias("fixes_n"))  # fmt: skip
    tracks = moving.tail(200).select("port_code", "visit_id", "entry_day", pl.int_ranges(0, 12).alias("k"), "entry_at").explode("k").select(
        "port_code", "visit_id", "entry_day", (pl.col("entry_at") + pl.duration(minutes=pl.col("k"))).alias("fix_at"),
        (site.longitude_deg + 0.0004 * pl.col("k")).alias("longitude_deg"), (site.latitude_deg + 0.0002 * pl.col("k")).alias("latitude_deg"),
    )  # fmt: skip
    line = pl.int_range(2, n + 2).alias("source_line")
    file_id = pl.concat_str(pl.lit("gate"), pl.col("entry_day").dt.strftime("%Y%m%d")).alias("file_id")
    said = [("gate_in", "entry_at", "entry_local_at", visits), ("gate_out", "exit_at", "exit_local_at", visits.filter(pl.col("exit_at").is_not_null()))]
    events = pl.concat(
        frame.select("port_code", "visit_id", "entry_day", pl.col(at).alias("event_at"), pl.col(local).alias("event_local_at"), pl.lit("gate").alias("source_code"),
                     pl.lit(code).alias("event_code"), pl.lit("P6").alias("place_code"), pl.lit(1.0).alias("match_score"), file_id, line.head(frame.height))
        for code, at, local, frame in said
    )  # fmt: skip
    checked = visits.filter(pl.col("document_checks_n") > 0)
    checks = checked.select("port_code", "visit_id", "entry_day", pl.int_ranges(0, pl.col("document_checks_n")).alias("k"), "entry_at", "entry_local_at", "terminal_code").explode("k").select(
        "port_code", "visit_id", "entry_day", pl.col("entry_at").alias("event_at"), pl.col("entry_local_at").alias("event_local_at"), pl.lit("services").alias("source_code"),
        pl.lit("document_check").alias("event_code"), pl.when(pl.col("k") == 0).then(pl.lit("P6")).when(pl.col("k") == 1).then(pl.col("terminal_code") + "-G").otherwise(pl.lit("EXIT")).alias("place_code"),
        pl.when(pl.col("k") == 0).then(pl.lit("port")).when(pl.col("k") == 1).then(pl.lit("terminal")).otherwise(pl.lit("customs")).alias("authority_code"), pl.lit(0.9).alias("match_score"),
        pl.lit("controles").alias("file_id"), pl.col("k").cast(pl.Int64).alias("source_line"),
    )  # fmt: skip
    events = pl.concat([events.with_columns(pl.lit(None, dtype=pl.String).alias("authority_code")), checks.select(*events.columns, "authority_code")])
    declarations, stages = _papers(rng, visits)
    seen = visits.filter(pl.col("has_inspection") & pl.col("exit_at").is_not_null())
    inspections = seen.select(
        "port_code", pl.concat_str(pl.lit("i"), pl.col("visit_id").str.slice(1)).alias("inspection_id"), pl.col("entry_day").alias("ended_day"), "visit_id", pl.lit("scan").alias("service_code"),
        pl.lit("SC").alias("place_code"), pl.col("exit_at").alias("ended_at"), pl.Series("wait_min", rng.gamma(2, 8, seen.height)), pl.Series("service_min", rng.gamma(4, 2, seen.height)),
        pl.Series("verdict_min", rng.gamma(2, 5, seen.height)), pl.Series("inspection_result_code", np.where(rng.random(seen.height) < 0.06, "hit", "clear")),
    )  # fmt: skip
    held = visits.filter(pl.col("appointment_code") != "none")
    appointments = held.select(
        "port_code", pl.concat_str(pl.lit("RDV"), pl.col("visit_id").str.slice(1)).alias("appointment_ref"), pl.col("entry_day").alias("slot_day"), pl.col("entry_hour").alias("slot_hour"),
        pl.col("entry_at").dt.truncate("1h").alias("slot_start_at"), (pl.col("entry_at").dt.truncate("1h") + pl.duration(hours=1)).alias("slot_end_at"), "terminal_code", "direction_code", "carrier_key",
        pl.when(pl.Series(rng.random(held.height) < 0.04)).then(pl.lit("no_show")).otherwise(pl.col("appointment_code")).alias("outcome_code"), "visit_id",
    )  # fmt: skip
    days = visits["entry_day"].unique().sort()
    weighings = pl.concat(
        visits.filter(pl.col("exit_at").is_not_null() & pl.col("has_both_weighings")).select(
            "port_code", pl.concat_str(pl.lit(kind[0]), pl.col("visit_id").str.slice(1)).alias("weighing_id"), pl.col("entry_day").alias("ended_day"), "visit_id",
            pl.lit(kind).alias("weighing_code"), pl.lit(place).alias("place_code"), pl.col("entry_at").alias("ended_at"), (pl.col("wait_min") * 0.2).alias("wait_min"),
            (pl.col("service_min") * 0.1).alias("service_min"), (pl.col("visit_id").str.slice(0, 1) < "d").alias("is_e_slip"), (pl.col("visit_id").str.slice(3, 2) == "00").alias("is_again"),
        ) for kind, place in (("empty", "WB1"), ("full", "WB2"))
    )  # fmt: skip
    means = pl.DataFrame([
        {"port_code": port, "open_day": day, "means_code": code, "means_kind_code": kind, "place_code": place, "open_from_local_at": dt.datetime.combine(day, dt.time(6)),
         "open_to_local_at": dt.datetime.combine(day, dt.time(21)), "capacity_per_hour": rate}
        for day in days for code, kind, place, rate in [(f"L{lane}", "lane", lane, 40.0) for lane in ("6A", "6B", "6C", "6D")] + [("WB1", "weighbridge", "WB1", 80.0), ("SC1", "scanner", "SC", 30.0)]
    ])  # fmt: skip
    means = means.with_columns(clock.to_utc(means[f"open_{edge}_local_at"], site.zone_name)[0].alias(f"open_{edge}_at") for edge in ("from", "to"))
    logbook = pl.DataFrame([
        {"port_code": port, "entry_ref": f"MC{number:05d}", "started_day": day, "logbook_code": code, "place_code": place, "started_local_at": dt.datetime.combine(day, dt.time(10, 15)),
         "ended_local_at": dt.datetime.combine(day, dt.time(12, 5))}
        for number, (day, code, place) in enumerate(zip(days[::-9], ("incident", "scanner_outage", "system_outage", "closure") * 99, ("WB1", "SC", "TCE", None) * 99, strict=False))
    ])  # fmt: skip
    logbook = logbook.with_columns(clock.to_utc(logbook[f"{edge}_local_at"], site.zone_name)[0].alias(f"{edge}_at") for edge in ("started", "ended"))
    incomplete = visits.filter(pl.col("status_code") == "incomplete")
    findings = incomplete.select("port_code", pl.col("entry_day").alias("day"), pl.lit("missed_exit").alias("finding_code"), pl.lit("gate").alias("source_code"), "visit_id")
    source_days = visits.group_by("entry_day").len("rows_n").select(
        pl.lit(port).alias("port_code"), pl.col("entry_day").alias("day"), pl.lit("gate").alias("source_code"), pl.lit("").alias("place_code"), (2 * pl.col("rows_n")).cast(pl.Int64).alias("rows_n"),
        (pl.col("rows_n") // 100).cast(pl.Int64).alias("unmatched_n"), pl.lit(0.0).alias("offset_min"), pl.lit(False).alias("is_clock_fault"),
    ).sort("day")  # fmt: skip
    return {
        "fct_zone_stays": stays, "fct_visit_tracks": tracks, "fct_visit_events": events, "fct_declarations": declarations, "fct_declaration_stages": stages, "fct_inspections": inspections,
        "fct_weighings": weighings, "fct_appointments": appointments, "fct_means": means, "fct_logbook": logbook, "dq_findings": findings, "dq_source_days": source_days,
        **_boxes(np.random.default_rng(visits.height), visits), **_slots(np.random.default_rng(visits.height + 1), site, appointments),
    }  # fmt: skip


def _slots(rng: np.random.Generator, site: Site, appointments: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Return the bookings of all appointments, made 6 to 30 h ahead, and the places terminals offered: the given and one more."""
    booked = appointments.with_columns(booked_at=pl.col("slot_start_at") - pl.duration(seconds=pl.Series(rng.integers(6 * 3600, 30 * 3600, appointments.height))))
    booked = booked.with_columns(clock.to_local(booked["booked_at"], site.zone_name).alias("booked_local_at"))
    slots = appointments.group_by("port_code", "terminal_code", "slot_start_at", "slot_end_at", "slot_day", "slot_hour", maintain_order=True).agg(offered_n=pl.len() + 1)
    return {"fct_bookings": booked, "fct_slots": slots.with_columns(published_at=pl.col("slot_start_at") - pl.duration(days=2))}


def _next_day(booked: pl.DataFrame) -> pl.DataFrame:
    """Return the bookings of the day after the last one: those of a week before it."""
    week = pl.duration(days=7)
    of_week_ago = booked.filter(pl.col("slot_day") == booked["slot_day"].max() - dt.timedelta(days=6))
    return of_week_ago.with_columns(pl.concat_str(pl.lit("N"), "appointment_ref").alias("appointment_ref"), pl.col("slot_day", "slot_start_at", "booked_at", "booked_local_at") + week)


def _boxes(rng: np.random.Generator, visits: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Return filings of US-bound boxes, messages and container moves, each hung on a visit: one in ten visits, one in two, all."""
    def id_of(letter: str) -> pl.Expr:
        return pl.concat_str(pl.lit(letter), pl.col("visit_id").str.slice(1))

    def later(minutes: np.ndarray | float) -> pl.Expr:
        return pl.col("entry_at") + pl.duration(seconds=(pl.Series(np.broadcast_to(minutes, n)) * 60).cast(pl.Int64))

    filed = visits.filter(pl.col("visit_id").str.slice(2, 1) < "2")
    n = filed.height
    tier, lead, hold = rng.choice(["low", "medium", "high"], n, p=[0.7, 0.2, 0.1]), np.where(rng.random(n) < 0.06, 900.0, 1500 + rng.gamma(2, 600, n)), rng.gamma(2, 300, n)
    is_referred = (tier == "high") | (rng.random(n) < 0.02)
    is_accepted = is_referred & (rng.random(n) < 0.75)
    base = {"port_code": pl.col("port_code"), "terminal_code": pl.col("terminal_code")}
    filings = filed.select(
        **base, filing_id=id_of("f"), filed_day="entry_day", filed_hour="entry_hour", filed_at="entry_at", loading_at=later(lead), lead_min=pl.Series(lead), risk_tier_code=pl.Series(tier),
        referred_at=pl.when(pl.Series(is_referred)).then(later(90)), resolved_at=pl.when(pl.Series(is_referred)).then(later(90 + hold)), hold_min=pl.when(pl.Series(is_referred)).then(pl.Series(hold)),
        host_answer_code=pl.when(pl.Series(is_accepted)).then(pl.lit("accepted")).when(pl.Series(is_referred)).then(pl.lit("waived")), has_nii=pl.Series(is_accepted),
        has_physical=pl.Series(is_accepted & (rng.random(n) < 0.4)), visit_id="visit_id",
        inspection_result_code=pl.when(pl.Series(is_accepted & (rng.random(n) < 0.1))).then(pl.lit("hit")).when(pl.Series(is_accepted)).then(pl.lit("clear")),
    )  # fmt: skip
    sent = visits.filter(pl.col("visit_id").str.slice(3, 1) < "8")
    n = sent.height
    kinds = np.array([("cusdec", "BADR"), ("vermas", "TERMINAUX"), ("coparn", "LIGNES"), ("cuscar", "FRFOS")])[rng.choice(4, n, p=[0.5, 0.25, 0.15, 0.1])]
    travel, ahead, is_lost, is_rejected = rng.gamma(1, 2, n), rng.gamma(2, 600, n) - 120, rng.random(n) < 0.01, rng.random(n) < 0.04
    messages = sent.select(
        port_code="port_code", message_id=id_of("m"), sent_day="entry_day", sent_hour="entry_hour", sent_at="entry_at", message_type_code=pl.Series(kinds[:, 0]), partner_code=pl.Series(kinds[:, 1]),
        received_at=pl.when(pl.Series(~is_lost)).then(later(travel)), latency_min=pl.when(pl.Series(~is_lost)).then(pl.Series(travel)), lead_min=pl.Series(ahead),
        message_answer_code=pl.when(pl.Series(is_lost)).then(None).when(pl.Series(is_rejected)).then(pl.lit("rejected")).otherwise(pl.lit("accepted")),
        message_reason_code=pl.when(pl.Series(is_rejected & ~is_lost)).then(pl.lit("missing_data")),
    )  # fmt: skip
    n, is_export = visits.height, visits["direction_code"] == "export"
    dwell = np.round(rng.lognormal(8, 0.5, n), 1)
    moves = visits.select(
        **base, cargo_class_code="cargo_class_code", move_id=id_of("b"), moved_day="entry_day", moved_hour="entry_hour", moved_at="entry_at", since_at=later(-dwell), dwell_min=pl.Series(dwell),
        move_code=pl.when(is_export).then(pl.lit("load")).otherwise(pl.lit("gate_out")),
    )  # fmt: skip
    return {"fct_manifests": filings, "fct_messages": messages, "fct_container_moves": moves}


_STAGES = (("to_lodged", 0.5), ("to_channel", 0.06), ("to_payment", 0.35), ("to_inspection_order", 0.05), ("to_inspection", 0.15), ("inspection", 0.1), ("to_release", 0.2), ("to_gate_out", 0.9))


def _papers(rng: np.random.Generator, visits: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return (declarations, stages): two in three lodged after the goods came, physical ones with their inspection; the stages sum to the spans."""
    papers = visits.filter(pl.col("channel_code").is_not_null())
    n = papers.height
    physical, late = (papers["channel_code"] == "physical").to_numpy(), rng.random(n) < 0.65
    used = {code: np.ones(n, dtype=bool) for code, _ in _STAGES} | {"to_lodged": late, **dict.fromkeys(("to_inspection_order", "to_inspection", "inspection"), physical)}
    lengths = {code: np.where(used[code], np.round(rng.lognormal(6.5, 0.9, n) * weight, 1), 0.0) for code, weight in _STAGES}
    before = {"to_lodged", "to_gate_out"}
    release = sum(minutes for code, minutes in lengths.items() if code not in before)
    early = np.where(late, 0.0, np.minimum(lengths["to_channel"] + lengths["to_payment"], release))  # minutes of the stages before the goods came
    fault = pl.Series(rng.random(n) < 0.002)
    declarations = papers.select(
        "port_code", pl.concat_str(pl.lit("d"), pl.col("visit_id").str.slice(1)).alias("declaration_id"), pl.col("entry_day").alias("lodged_day"), pl.col("entry_at").alias("lodged_at"),
        pl.col("entry_hour").alias("lodged_hour"), "channel_code", pl.Series("release_min", release), pl.Series("clearance_min", release - early + lengths["to_lodged"]),
        pl.Series("gate_out_min", lengths["to_gate_out"]), pl.Series("office_code", np.where(rng.random(n) < 0.7, "309", "312")), pl.Series("is_prelodged", ~late),
        pl.Series("regime_code", np.where(rng.random(n) < 0.55, "010", "060")), pl.Series("hs_code", np.array(["0805", "8517", "6109", "1006", "8703"])[rng.integers(0, 5, n)]),
        pl.Series("is_out_before_release", rng.random(n) < 0.001), pl.Series("is_out_weighed", rng.random(n) < 0.99), pl.when(fault).then(pl.lit("release_before_lodged")).alias("order_fault_code"),
        pl.when((pl.col("channel_code") == "physical") & pl.Series(rng.random(n) < 0.12)).then(pl.lit("hit")).when(pl.col("channel_code") == "physical").then(pl.lit("clear")).alias("inspection_result_code"),
    )  # fmt: skip
    minutes = pl.col("lodged_at") + pl.duration(microseconds=(pl.col("release_min") * 60e6).cast(pl.Int64))
    measured = ("release_min", "clearance_min", "gate_out_min", "is_prelodged", "is_out_before_release")
    declarations = declarations.with_columns(minutes.alias("released_at"), *(pl.when(pl.col("order_fault_code").is_null()).then(name).alias(name) for name in measured))
    declarations = declarations.with_columns(gate_out_at=pl.col("released_at") + pl.duration(microseconds=(pl.col("gate_out_min") * 60e6).cast(pl.Int64)))
    about = declarations.select("port_code", "declaration_id", "lodged_day", "lodged_hour", "office_code", "regime_code", "hs_code", "channel_code", "order_fault_code", "lodged_at", "released_at")
    parts, done = [], np.zeros(n)
    for code, _ in _STAGES:
        own = lengths[code]
        after = own if code in before else np.clip(done + own - early, 0, own)
        done = done + (0 if code == "to_lodged" else own)
        at = (pl.col("lodged_at") + pl.duration(microseconds=(pl.Series(done) * 60e6).cast(pl.Int64)))
        part = about.with_columns(pl.lit(code).alias("stage_code"), pl.lit(STAGE_HOLDER[code]).alias("holder_code"), at.alias("ended_at"), pl.Series("stage_min", own), pl.Series("after_arrival_min", after))
        parts.append(part.filter(pl.Series(used[code]) & pl.col("order_fault_code").is_null()))
    return declarations, pl.concat(parts)


def ledger(site: Site, facts: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Return the ledger tables: one gate file a day, a few rejects, freshness, the build's own row."""
    port, visits = site.port_code, facts["fct_visits"]
    newest = max(visits["entry_at"].max(), visits["exit_at"].max())
    files = visits.group_by("entry_day").agg(pl.len().cast(pl.Int64).alias("good_n"), pl.col("entry_at").min().alias("first_event_at"), pl.col("entry_at").max().alias("last_event_at")).sort("entry_day").select(
        pl.lit(port).alias("port_code"), pl.concat_str(pl.lit("gate"), pl.col("entry_day").dt.strftime("%Y%m%d")).alias("file_id"),
        pl.concat_str(pl.lit("gate_port_"), pl.col("entry_day").dt.strftime("%Y-%m-%d"), pl.lit(".csv")).alias("file_name"), pl.lit("gate").alias("source_code"),
        pl.lit("gate_port").alias("mapping_name"), pl.lit("loaded").alias("status_code"), pl.col("entry_day").alias("file_on"), (pl.col("good_n") * 90).alias("bytes_n"),
        (pl.col("good_n") + 3).alias("read_n"), "good_n", pl.lit(2).alias("rejected_n"), pl.lit(1).alias("duplicate_n"), "first_event_at", "last_event_at",
    )  # fmt: skip
    file_days = files.select("port_code", "file_id", "source_code", pl.col("file_on").alias("day"), "good_n", "rejected_n", "duplicate_n")
    reasons = [(["unknown_reference"], "gate 'G9' is not known. Known: P6."), (["missing_value", "bad_type"], "cleared_at is empty; weight 'x' is no number")]
    rejects = pl.DataFrame([
        {"port_code": port, "file_id": row["file_id"], "file_name": row["file_name"], "source_code": "gate", "source_line": 5 + number, "day": row["file_on"], "reason_codes": codes,
         "reasons": words, "masked_line": "##/##/2026;G9;#####-#-#"} for row in files.iter_rows(named=True) for number, (codes, words) in enumerate(reasons)
    ])  # fmt: skip
    fresh = pl.DataFrame([{"port_code": port, "source_code": code, "first_event_at": visits["entry_at"].min(), "last_event_at": newest - dt.timedelta(minutes=back), "files_n": files.height, "rows_n": visits.height}
                          for code, back in (("gate", 0), ("weighbridge", 12), ("customs", 55), ("tracking", 3))])  # fmt: skip
    fresh = fresh.with_columns(clock.to_local(fresh["last_event_at"], site.zone_name).alias("last_event_local_at"))
    about = warehouse.build_row(site, f"{abs(visits.height * 2654435761) % 16**16:016x}", newest, files.height)
    return {"dq_files": DQ_FILES.conform(files), "dq_file_days": DQ_FILE_DAYS.conform(file_days), "dq_rejects": DQ_REJECTS.conform(rejects), "meta_builds": META_BUILDS.conform(about), "meta_freshness": META_FRESHNESS.conform(fresh)}


def make(out: Path, days: int = 120, per_day: int = 300, seed: int = 1, *, folder: Path = SAMPLE_SITE, last_day: dt.date = LAST_DAY, pilot_factor: float = 0.9) -> Settings:
    """Publish a small build under `out` and return the settings that show it. `pilot_factor` multiplies the pilot's service and wait since its start."""
    site = load_site(folder)
    settings = Settings(home=out, site=folder)
    facts = frames(site, days, per_day, seed, last_day=last_day, pilot_factor=pilot_factor)
    facts["fct_bookings"] = pl.concat([facts["fct_bookings"], _next_day(facts["fct_bookings"])])
    books = ledger(site, facts)
    warehouse.publish(settings, site, warehouse.Changes({**facts, "dq_rejects": books["dq_rejects"]}), books, state={"shape": warehouse.SHAPE})
    return settings


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--days", type=int, default=120)
    parser.add_argument("--per-day", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    settings = make(given.out.resolve(), given.days, given.per_day, given.seed)
    print(f"made {settings.build}")


if __name__ == "__main__":
    main()
