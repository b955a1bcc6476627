"""Linked lines of a closed visit -> service points and the gaps between them, which sum to P. Waiting and service apart."""

from __future__ import annotations

import polars as pl

from etl.transform.local import minutes

# Lines that are one service point each; document checks happen within other points and are counted, not timed.
_SERVICE_STEPS = ("weigh_empty", "weigh_full", "scan", "physical_inspection", "phytosanitary_inspection", "exit_check")
NOT_A_STOP = ("port_gate_out",)  # every visit ends there


def terminal_calls(lines: pl.DataFrame) -> pl.DataFrame:
    """Return one row a call at a terminal: its gate-in and the truck's next event there if that is a gate-out, within one visit.

    `is_certain` says that both times come from a certain clock, or from one that was off alike at both.
    """
    gate = lines.filter(pl.col("event_code").is_in(["terminal_in", "terminal_out"]) & pl.col("visit_no").is_not_null() & ~pl.col("is_repeat"))
    gate = gate.sort("visit_no", "place_code", "event_at", "event_code", "line_no")
    following = ("event_code", "event_at", "clock_flag", "is_fault", "shift_min")
    # Sorted by visit and place, so the next row is the next event there if it is of the same visit and place at all.
    same = pl.all_horizontal(pl.col(name) == pl.col(name).shift(-1) for name in ("visit_no", "place_code"))
    gate = gate.with_columns(pl.when(same).then(pl.col(column).shift(-1)).alias(f"next_{column}") for column in following)
    calls = gate.filter(pl.col("event_code") == "terminal_in")
    paired = (pl.col("next_event_code") == "terminal_out").fill_null(False)
    certain = (pl.col("clock_flag") == "ok") & (pl.col("next_clock_flag") == "ok") & (pl.col("shift_min") == pl.col("next_shift_min"))
    return calls.select(
        "visit_no", "place_code", "line_no", "is_fault", "link_at",
        pl.coalesce("arrived_at", "event_at").alias("arrived_at"), pl.col("event_at").alias("started_at"),
        pl.when(paired).then("next_event_at").alias("ended_at"), (paired & certain).fill_null(False).alias("is_certain"),
    )  # fmt: skip


def steps_of(visits: pl.DataFrame, lines: pl.DataFrame, calls: pl.DataFrame) -> pl.DataFrame:
    """Return the steps and gaps of every closed visit whose P is known, without local or filter columns.

    A point counts from arrival in its queue (else start) to its end; a scan ends with its image verdict, which the truck
    waits for. Points are taken in order of arrival and clipped to the visit and to the points before them; what is wholly
    inside an earlier one falls away. Lines of a faulty or uncertain clock make no step: their time stays in a gap. Where a
    log gives no arrival the wait is null and the step begins at its start; where it gives no start either, the wait is
    null and the whole step is service.
    """
    whole = visits.filter(pl.col("turnaround_min").is_not_null())
    sure = lines.filter(pl.col("visit_no").is_not_null() & ~pl.col("is_fault") & (pl.col("clock_flag") == "ok") & pl.col("event_code").is_in(_SERVICE_STEPS))
    points = sure.select(
        "visit_no", "line_no", "place_code", step_code="event_code", arrived_at="arrived_at", started_at="started_at",
        ended_at=pl.when(pl.col("event_code") == "scan").then(pl.max_horizontal("ended_at", "verdict_at")).otherwise("ended_at"),
    )  # fmt: skip
    terminals = calls.filter(pl.col("is_certain") & ~pl.col("is_fault")).select("visit_no", "line_no", "place_code", pl.lit("terminal").alias("step_code"), "arrived_at", "started_at", "ended_at")
    leaving = whole.filter(pl.col("exit_presented_at").is_not_null()).select(
        "visit_no", place_code="exit_gate_code", step_code=pl.lit("port_gate_out"), started_at="exit_presented_at", ended_at="exit_at"
    )
    span = whole.select("visit_no", "entry_at", "exit_at", is_own_clock=pl.col("clock_flag") == "ok")
    points = pl.concat([points, terminals, leaving], how="diagonal").join(span, on="visit_no")
    # Where the gate itself is an hour off, only its own times can be compared with each other.
    points = points.filter(pl.col("is_own_clock") | (pl.col("step_code") == "port_gate_out"))
    points = points.with_columns(begin_at=pl.max_horizontal(pl.coalesce("arrived_at", "started_at", "ended_at"), "entry_at"), end_at=pl.min_horizontal("ended_at", "exit_at"))
    points = points.sort("visit_no", "begin_at", "end_at", "step_code", "place_code", "line_no", nulls_last=True)
    points = points.with_columns(begin_at=pl.max_horizontal("begin_at", pl.col("end_at").cum_max().shift(1).over("visit_no")))
    points = points.filter(pl.col("end_at") > pl.col("begin_at"))
    start = pl.when(pl.col("started_at").is_not_null()).then(pl.min_horizontal(pl.max_horizontal("started_at", "begin_at"), "end_at"))
    points = points.with_columns(start_at=start, is_queue_seen=pl.col("arrived_at").is_not_null() & pl.col("started_at").is_not_null())
    service = points.select(
        "visit_no", "step_code", pl.lit("service").alias("step_kind_code"), "place_code", arrived_at="begin_at", started_at=pl.coalesce("start_at", "begin_at"), ended_at="end_at",
        wait_min=pl.when("is_queue_seen").then(minutes("start_at", "begin_at")), service_min=minutes("end_at", pl.coalesce("start_at", "begin_at")),
    )  # fmt: skip
    edges = pl.concat(
        [
            service.select("visit_no", from_at="ended_at", rank=pl.lit(1)), whole.select("visit_no", from_at="entry_at", rank=pl.lit(0)),
        ]
    ).sort("visit_no", "from_at", "rank")  # fmt: skip
    begins = pl.concat([service.select("visit_no", to_at="arrived_at", rank=pl.lit(0)), whole.select("visit_no", to_at="exit_at", rank=pl.lit(1))]).sort("visit_no", "to_at", "rank")
    # A visit with k points has k + 1 ends and k + 1 beginnings, in the same order: pair them side by side.
    gaps = pl.concat([edges.select("visit_no", "from_at"), begins.select("to_at")], how="horizontal").filter(pl.col("to_at") > pl.col("from_at"))
    between = gaps.select("visit_no", pl.lit("travel").alias("step_code"), pl.lit("gap").alias("step_kind_code"), arrived_at="from_at", ended_at="to_at")
    steps = pl.concat([service, between], how="diagonal").sort("visit_no", "arrived_at", "ended_at")
    return steps.with_columns(
        step_seq=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("visit_no"), step_min=minutes("ended_at", "arrived_at")
    )


def step_sums(steps: pl.DataFrame) -> pl.DataFrame:
    """Return (visit_no, wait_min, service_min, travel_min, stops_n, path_codes); the three minutes sum to P."""
    at_point = pl.col("step_kind_code") == "service"
    return steps.group_by("visit_no").agg(
        pl.col("wait_min").filter(at_point).sum().alias("wait_min"), pl.col("service_min").filter(at_point).sum().alias("service_min"),
        pl.col("step_min").filter(~at_point).sum().alias("travel_min"),
        (at_point & ~pl.col("step_code").is_in(NOT_A_STOP)).sum().cast(pl.Int64).alias("stops_n"),
        pl.col("step_code").filter(at_point).str.join(">").alias("path_codes"),
    )  # fmt: skip
