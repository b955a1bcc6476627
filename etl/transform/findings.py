"""Oddities in good rows, counted and never dropped: one finding a line or a visit, on its local day."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from etl.contracts import staged as stg
from etl.transform.local import with_day

_SOURCE_OF = {
    "stg_gate": "gate", "stg_weighbridge": "weighbridge", "stg_customs": "customs", "stg_appointments": "appointments", "stg_means": "means",
    "stg_logbook": "logbook", "stg_services": "services", "stg_manifests": "manifests", "stg_messages": "messages", "stg_moves": "moves",
    "stg_slots": "slots",
}  # fmt: skip
_UNMATCHED = {"weighbridge": "unmatched_weighing", "services": "unmatched_service", "gate": "unmatched_terminal"}


def _of_lines(code: str, lines: pl.DataFrame, detail: pl.Expr | str = "") -> pl.DataFrame:
    words = pl.lit(detail) if isinstance(detail, str) else detail
    return lines.select("day", pl.lit(code).alias("finding_code"), "source_code", "file_id", "source_line", pl.lit(None, pl.String).alias("visit_id"), words.alias("detail"))


def _of_visits(code: str, visits: pl.DataFrame, source: str, detail: str) -> pl.DataFrame:
    none = pl.lit(None, pl.String)
    return visits.select(
        pl.col("entry_day").alias("day"), pl.lit(code).alias("finding_code"), pl.lit(source).alias("source_code"), none.alias("file_id"),
        pl.lit(None, pl.Int64).alias("source_line"), "visit_id", pl.lit(detail).alias("detail"),
    )  # fmt: skip


def findings_of(visits: pl.DataFrame, lines: pl.DataFrame, source_days: pl.DataFrame, staged: Mapping[str, pl.DataFrame], zone: str) -> pl.DataFrame:
    """Return every finding. `lines` hold all truck lines with visit_no, is_repeat and day; `visits` the flags has_weigh_empty and has_weigh_full."""
    place = pl.col("place_code").fill_null("")
    at_gate = pl.col("event_code").is_in(["gate_in", "gate_out"])
    # Where the hour is doubtful the other weighing may simply be filed outside the visit.
    once = (pl.col("has_weigh_empty") ^ pl.col("has_weigh_full")) & (pl.col("clock_flag") == "ok")
    lost_exit = lines.filter((pl.col("event_code") == "gate_out") & ~pl.col("is_repeat") & pl.col("visit_no").is_null())
    unmatched = lines.filter(~at_gate & pl.col("visit_no").is_null())
    found = [
        _of_lines("repeat_read", lines.filter(pl.col("is_repeat")), pl.concat_str(pl.lit("at "), place)),
        _of_visits("missed_exit", visits.filter(pl.col("status_code") == "incomplete"), "gate", "no gate-out before the truck's next gate-in or within 72 h"),
        _of_lines("missed_entry", lost_exit, pl.concat_str(pl.lit("gate-out at "), place, pl.lit(" without a gate-in in the 72 h before"))),
        _of_lines("misread_plate", _misread(lines), pl.concat_str(pl.lit("at "), place, pl.lit(", against the other lines of the visit"))),
        _of_visits("missing_second_weighing", visits.filter((pl.col("status_code") != "open") & once), "weighbridge", "weighed once"),
        _of_visits("overnight_stay", visits.filter(pl.col("is_overnight").fill_null(False)), "gate", "left more than 12 h later, on a later day"),
        *(_of_lines(code, unmatched.filter(pl.col("source_code") == source), pl.concat_str(pl.lit("at "), place)) for source, code in _UNMATCHED.items()),
        *_uncertain(staged, zone),
        _of_faults(source_days, lines),
    ]
    return pl.concat(found).sort("day", "finding_code", "file_id", "source_line", "visit_id", nulls_last=True)


def _misread(lines: pl.DataFrame) -> pl.DataFrame:
    """Return the lines whose plate is spelled otherwise than most lines of their visit; of a tie, than the first line."""
    spelled = lines.filter(pl.col("visit_no").is_not_null() & pl.col("plate_shape_key").is_not_null()).select(
        "visit_no", "plate_shape_key", "event_at", "day", "source_code", "place_code", "file_id", "source_line"
    )
    mixed = spelled.group_by("visit_no").agg(pl.col("plate_shape_key").min().alias("least"), pl.col("plate_shape_key").max().alias("most")).filter(pl.col("least") != pl.col("most"))
    spelled = spelled.join(mixed, on="visit_no", how="semi")
    votes = spelled.group_by("visit_no", "plate_shape_key").agg(pl.len().alias("votes_n"), pl.col("event_at").min().alias("since_at"))
    usual = votes.sort("visit_no", "votes_n", "since_at", "plate_shape_key", descending=[False, True, False, False]).group_by("visit_no", maintain_order=True).first()
    return spelled.join(usual.select("visit_no", usual_key="plate_shape_key"), on="visit_no").filter(pl.col("plate_shape_key") != pl.col("usual_key"))


def _uncertain(staged: Mapping[str, pl.DataFrame], zone: str) -> list[pl.DataFrame]:
    found = []
    for table in stg.STAGED_TABLES:
        source = _SOURCE_OF.get(table.name)
        if source is None or table.name not in staged:
            continue
        rows = staged[table.name].filter(pl.col("clock_flag").is_in(["ambiguous", "nonexistent"]))
        rows = rows.with_columns(day=table.day) if rows.schema[table.day] == pl.Date else with_day(rows, zone, "day", table.day)
        rows = rows.with_columns(source_code=pl.lit(source))
        found += [_of_lines(f"{flag}_time", rows.filter(pl.col("clock_flag") == flag)) for flag in ("ambiguous", "nonexistent")]
    return found


def _of_faults(source_days: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """One finding a faulty place and day, filed under the first line of the file that has most of its lines."""
    faulty = source_days.filter(pl.col("is_clock_fault").fill_null(False) & (pl.col("place_code") != ""))
    keys = ["source_code", "place_code", "day"]
    files = lines.join(faulty.select(keys), on=keys).group_by(*keys, "file_id").agg(pl.col("source_line").min(), pl.len().alias("lines_n"))
    first = files.sort("lines_n", "file_id", descending=[True, False]).group_by(keys, maintain_order=True).first()
    offset = pl.col("offset_min").round(0).cast(pl.Int64).cast(pl.String)
    return _of_lines("clock_fault", faulty.join(first, on=keys, how="left"), pl.concat_str(pl.lit("clock of "), "place_code", pl.lit(" off by "), offset, pl.lit(" min")))
