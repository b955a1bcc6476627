"""Sources by local day: good rows, unmatched rows, clock offset, for the whole source and for each place with a clock of its own."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from etl.transform.local import with_day

_PLAIN = {"stg_customs": ("customs", "event_on"), "stg_appointments": ("appointments", "event_at"), "stg_means": ("means", "open_from_at"), "stg_logbook": ("logbook", "started_at"),
          "stg_manifests": ("manifests", "filed_at"), "stg_messages": ("messages", "sent_at"), "stg_moves": ("moves", "moved_at"),
          "stg_slots": ("slots", "published_at")}  # fmt: skip


def source_days_of(lines: pl.DataFrame, clocks: pl.DataFrame, staged: Mapping[str, pl.DataFrame], zone: str) -> pl.DataFrame:
    """Return DQ_SOURCE_DAYS without the port: truck logs by place and as a whole (`''`), the other logs as a whole.

    Rows are those of the log, by the time they carry. Unmatched means no visit; for a log of no truck it is null. The
    whole source has an offset only where its places share one system (weighbridge, services).
    """
    counted = lines.group_by("source_code", "place_code", "day").agg(
        pl.len().cast(pl.Int64).alias("rows_n"), pl.col("visit_no").is_null().sum().cast(pl.Int64).alias("unmatched_n")
    )
    whole = counted.group_by("source_code", "day").agg(pl.col("rows_n", "unmatched_n").sum()).with_columns(place_code=pl.lit(""))
    known = pl.concat([counted, whole.select(counted.columns)]).join(
        clocks.select("source_code", "place_code", "day", "offset_min", "is_clock_fault"), on=["source_code", "place_code", "day"], how="left"
    )
    plain = [known]
    for table, (source, day) in _PLAIN.items():
        rows = staged[table]
        rows = rows.select(day=day) if rows.schema[day] == pl.Date else with_day(rows, zone, "day", day).select("day")
        plain.append(rows.group_by("day").agg(pl.len().cast(pl.Int64).alias("rows_n")).with_columns(source_code=pl.lit(source), place_code=pl.lit("")))
    return pl.concat(plain, how="diagonal").sort("day", "source_code", "place_code")
