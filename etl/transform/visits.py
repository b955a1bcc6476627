"""Gate events of the port perimeter -> visits. The only place that decides what a visit is.

The rules are local: whether a read is a repeat depends on the truck's event just before it, where a visit ends on the
event just after it and on 72 h. So a window with margins gives the same visits as the whole history, in any order.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from etl.transform.digests import with_digest
from etl.transform.reach import LONGEST_VISIT, REPEAT_READ

# Africa/Casablanca and every zone we know of repeats exactly one hour.
SEAM = dt.timedelta(hours=1)
_ORDER = ["plate_key", "order_at", "event_code", "cleared_at", "lane_code", "file_id", "source_line"]


def gate_reads(gate: pl.DataFrame) -> pl.DataFrame:
    """Return port-gate events in truck order with `order_at`, `is_repeat` and the event that ends them.

    A read is a repeat when the truck's event just before it says the same (in or out) at most 10 minutes earlier.
    An exit in an hour that happened twice is recorded as the earlier instant; where that puts it before its own entry
    and no earlier entry waits for it, it is taken as the later instant (`order_at`, one hour on).
    """
    reads = gate.filter(pl.col("perimeter_code") == "port").with_columns(order_at=pl.col("cleared_at"))
    reads = _second_passing(reads.sort(_ORDER, nulls_last=True)).sort(_ORDER, nulls_last=True)
    same = (pl.col("event_code") == pl.col("event_code").shift(1)) & (pl.col("order_at") - pl.col("order_at").shift(1) <= REPEAT_READ)
    reads = reads.with_columns(is_repeat=same.over("plate_key").fill_null(False)).with_row_index("row")
    ends = reads.filter(~pl.col("is_repeat")).select(
        "row",
        pl.col("event_code").shift(-1).over("plate_key").alias("next_code"),
        pl.col("order_at").shift(-1).over("plate_key").alias("next_at"),
        pl.col("row").shift(-1).over("plate_key").alias("next_row"),
        pl.col("event_code").shift(1).over("plate_key").alias("previous_code"),
        pl.col("order_at").shift(1).over("plate_key").alias("previous_at"),
    )
    return reads.join(ends, on="row", how="left", maintain_order="left")


def _second_passing(reads: pl.DataFrame) -> pl.DataFrame:
    if (reads["clock_flag"] != "ambiguous").all():
        return reads
    before, after = pl.col("event_code").shift(1).over("plate_key"), pl.col("event_code").shift(-1).over("plate_key")
    waits = (before == "in") & (pl.col("order_at") - pl.col("order_at").shift(1).over("plate_key") <= LONGEST_VISIT)
    follows = (after == "in") & (pl.col("order_at").shift(-1).over("plate_key") - pl.col("order_at") < SEAM)
    late = (pl.col("clock_flag") == "ambiguous") & (pl.col("event_code") == "out") & ~waits.fill_null(False) & follows.fill_null(False)
    return reads.with_columns(order_at=pl.when(late).then(pl.col("order_at") + SEAM).otherwise("order_at"))


def visits_of(reads: pl.DataFrame, port_code: str, now_at: dt.datetime) -> pl.DataFrame:
    """Return one row a visit: a gate-in that is no repeat, with its gate-out if the truck's next event is one within 72 h.

    Status: `closed`; `incomplete` when the truck came again, or 72 h passed, without a gate-out; else `open`.
    `until_at` is the last instant a line of another log may belong to it. Sorted by truck and entry; `visit_no` numbers
    the frame only, `visit_id` is for good.
    """
    entries = reads.filter(~pl.col("is_repeat") & (pl.col("event_code") == "in"))
    exits = reads.select(
        next_row="row", exit_at="order_at", exit_presented_at="presented_at", exit_gate_code="gate_code", exit_lane_code="lane_code",
        exit_flag="clock_flag", exit_container_key="container_key", exit_container_2_key="container_2_key", exit_direction_code="direction_code",
        exit_cargo_class_code="cargo_class_code",
    )  # fmt: skip
    within = (pl.col("next_at") - pl.col("order_at")) <= LONGEST_VISIT
    closes = ((pl.col("next_code") == "out") & within).fill_null(False)
    entries = entries.with_columns(
        next_row=pl.when(closes).then("next_row"),
        status_code=pl.when(closes).then(pl.lit("closed"))
        .when(within.fill_null(False) | (pl.lit(now_at).cast(pl.Datetime("us")) - pl.col("order_at") >= LONGEST_VISIT)).then(pl.lit("incomplete"))
        .otherwise(pl.lit("open")),
        until_at=pl.min_horizontal(pl.col("order_at") + LONGEST_VISIT, pl.when(within).then("next_at")),
    )  # fmt: skip
    visits = entries.join(exits, on="next_row", how="left", maintain_order="left").with_columns(entry_at=pl.col("order_at"))
    visits = visits.with_columns(
        entry_flag="clock_flag", are_flags_ok=(pl.col("clock_flag") == "ok") & (pl.col("exit_flag") == "ok").fill_null(False),
        clock_flag=pl.when(pl.col("clock_flag") != "ok").then("clock_flag").otherwise(pl.col("exit_flag").fill_null("ok")),
        direction_code=pl.coalesce("direction_code", "exit_direction_code"), cargo_class_code=pl.coalesce("cargo_class_code", "exit_cargo_class_code"),
    )  # fmt: skip
    visits = visits.rename({"gate_code": "entry_gate_code", "lane_code": "entry_lane_code"}).with_row_index("visit_no")
    return with_digest(visits, "visit_id", port_code, "plate_key", "entry_at")


def read_owners(reads: pl.DataFrame, visits: pl.DataFrame) -> pl.DataFrame:
    """Return (row, visit_no): every port-gate read that belongs to a visit, its repeats included."""
    owned = pl.concat([visits.select("row", "visit_no"), visits.select(row="next_row", visit_no="visit_no").drop_nulls("row")])
    # A repeat belongs to whatever the last read before it that is none belongs to.
    return (
        reads.select("row", "is_repeat")
        .join(owned, on="row", how="left", maintain_order="left")
        .with_columns(_run=(~pl.col("is_repeat")).cum_sum())
        .with_columns(visit_no=pl.col("visit_no").first().over("_run"))
        .select("row", "visit_no")
        .drop_nulls("visit_no")
    )
