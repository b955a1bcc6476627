"""Every truck log line in one shape: who, where, what, when. What they mean for a visit is decided elsewhere."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import polars as pl

from etl.transform.local import with_day

_KEPT = ("plate_key", "plate_shape_key", "container_key", "container_2_key", "clock_flag", "file_id", "source_line", "file_on", "authority_code", "inspection_result_code")


def log_lines(staged: Mapping[str, pl.DataFrame], reads: pl.DataFrame, zone: str) -> pl.DataFrame:
    """Return gate, weighbridge and service lines as one frame, one row a line.

    Columns: source_code, event_code (gate_in, gate_out, terminal_in, terminal_out, weigh_empty, weigh_full or a service
    code), place_code, arrived_at, started_at, ended_at, verdict_at, event_at (the instant the line is filed under), `day`
    (its local date), `clock_day` (the day whose clock wrote it), the truck's and container's pseudonyms, lineage, and `row`
    for port-gate reads.
    """
    port = reads.select(
        *_present(reads), pl.lit("gate").alias("source_code"), pl.concat_str(pl.lit("gate_"), "event_code").alias("event_code"), pl.col("gate_code").alias("place_code"),
        pl.col("presented_at").alias("arrived_at"), pl.col("order_at").alias("event_at"), "row", "is_repeat",
    )  # fmt: skip
    gate = staged["stg_gate"].filter(pl.col("perimeter_code") == "terminal")
    terminal = gate.select(
        *_present(gate), pl.lit("gate").alias("source_code"), pl.concat_str(pl.lit("terminal_"), "event_code").alias("event_code"), pl.col("gate_code").alias("place_code"),
        pl.col("presented_at").alias("arrived_at"), pl.col("cleared_at").alias("event_at"),
    )  # fmt: skip
    weighings = staged["stg_weighbridge"]
    weighed = weighings.select(
        *_present(weighings), pl.lit("weighbridge").alias("source_code"), pl.concat_str(pl.lit("weigh_"), "weighing_code").alias("event_code"),
        pl.col("weighbridge_code").alias("place_code"), "arrived_at", "started_at", "ended_at", pl.col("ended_at").alias("event_at"),
    )  # fmt: skip
    services = staged["stg_services"]
    served = services.select(
        *_present(services), pl.lit("services").alias("source_code"), pl.col("service_code").alias("event_code"), "place_code",
        "arrived_at", "started_at", "ended_at", "verdict_at", pl.col("ended_at").alias("event_at"),
    )  # fmt: skip
    lines = pl.concat([port, terminal, weighed, served], how="diagonal")
    lines = with_day(lines, zone, "day", "event_at", "hour").with_row_index("line_no")
    return lines.with_columns(clock_day=_clock_day()).drop("hour")


def _present(frame: pl.DataFrame) -> list[str]:
    return [column for column in _KEPT if column in frame.columns]


def _clock_day() -> pl.Expr:
    """The day whose clock wrote a line: its local date; but a line up to 2 h beyond its file's own date is the file's, for a clock that is an hour off carries it over midnight."""
    apart = (pl.col("day") - pl.col("file_on")).dt.total_days()
    carried = ((apart == 1) & (pl.col("hour") < 2)) | ((apart == -1) & (pl.col("hour") >= 22))
    return pl.when(carried).then("file_on").otherwise("day")


def repeats_marked(lines: pl.DataFrame, within: dt.timedelta) -> pl.DataFrame:
    """Set `is_repeat` of terminal-gate lines: the same truck, place and event just before, at most `within` ago. Other lines never are."""
    is_gate = pl.col("event_code").is_in(["terminal_in", "terminal_out"])
    keys = ["plate_key", "place_code"]
    ordered = lines.filter(is_gate).sort(*keys, "event_at", "event_code", "file_id", "source_line")
    again = pl.all_horizontal(pl.col(name) == pl.col(name).shift(1) for name in (*keys, "event_code")) & (pl.col("event_at") - pl.col("event_at").shift(1) <= within)
    return pl.concat([lines.filter(~is_gate).with_columns(is_repeat=pl.lit(False)), ordered.with_columns(is_repeat=again.fill_null(False))])
