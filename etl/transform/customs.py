"""Customs events -> declarations and their stages, and their links to the containers of visits."""

from __future__ import annotations

import datetime as dt

import polars as pl

from etl.transform.digests import with_digest
from etl.transform.links import PLATE_AND_CONTAINER, PLATE_ONLY
from etl.transform.local import minutes
from etl.transform.reach import LINK_CUSTOMS

LODGED_AFTER = dt.timedelta(days=3)  # an export box may pass the gate before its declaration is lodged
_LODGED_DAY = pl.coalesce(pl.col("event_on").filter(pl.col("event_code") == "lodged").min(), pl.col("event_on").min())
_HEAVIEST = ("physical", "documents", "conform")


def declarations(customs: pl.DataFrame, port_code: str) -> pl.DataFrame:
    """Return one row a declaration: its instants, channel and result. Of a repeated event the first counts, of inspection ends the last.

    Instants of an uncertain clock are kept as facts but give no duration: they are null under the same name with `_sure`.
    """
    events = customs.sort("declaration_key", "event_on", "event_at", "event_code", "file_id", "source_line", nulls_last=True)
    sure = pl.when(pl.col("clock_flag") == "ok").then("event_at")

    def first(code: str, value: pl.Expr) -> pl.Expr:
        chosen = value.filter(pl.col("event_code") == code)
        return chosen.max() if code == "inspection_ended" else chosen.min()

    codes = ("lodged", "channel_assigned", "inspection_started", "inspection_ended", "released")
    found = events.group_by("declaration_key", maintain_order=True).agg(
        _LODGED_DAY.alias("lodged_day"),
        *(first(code, pl.col("event_at")).alias(f"{code}_at") for code in codes), *(first(code, sure).alias(f"{code}_sure") for code in codes),
        *(pl.col(column).drop_nulls().last().alias(column) for column in ("channel_code", "office_code", "regime_code", "hs_code", "container_key", "inspection_result_code")),
    )  # fmt: skip
    found = found.with_columns(anchor_at=pl.coalesce("lodged_at", pl.col("lodged_day").cast(pl.Datetime("us"))))
    return with_digest(found, "declaration_id", port_code, "declaration_key").sort("declaration_id")


def lodged_days(customs: pl.DataFrame, port_code: str) -> pl.DataFrame:
    """Return (declaration_id, lodged_day) of `declarations`, for less."""
    found = customs.group_by("declaration_key").agg(_LODGED_DAY.alias("lodged_day"))
    return with_digest(found, "declaration_id", port_code, "declaration_key").select("declaration_id", "lodged_day")


def container_links(containers: pl.DataFrame, visits: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    """Return `containers` (one a visit and container) with declaration_id, channel_code and match_score, null where none fits.

    The declaration of the container lodged last before the visit's end, at most 30 days before; else, for a box that
    entered, the first lodged within 3 days after. 1.0 when it was released by then, 0.9 when not (or not known).
    """
    ends = containers.join(visits.select("visit_no", "until_at", "entry_at"), on="visit_no", maintain_order="left")
    known = found.filter(pl.col("container_key").is_not_null()).select("container_key", "anchor_at", "declaration_id", "channel_code", "released_at")
    known = known.sort("anchor_at", "declaration_id")
    before = ends.sort("until_at", "visit_no", "container_key").join_asof(
        known, left_on="until_at", right_on="anchor_at", by="container_key", strategy="backward", tolerance=LINK_CUSTOMS, check_sortedness=False
    )
    later = pl.col("declaration_id").is_null() & (pl.col("direction_code") != "import").fill_null(True)
    after = before.filter(later).drop("declaration_id", "channel_code", "released_at", "anchor_at").sort("until_at", "visit_no", "container_key").join_asof(
        known, left_on="until_at", right_on="anchor_at", by="container_key", strategy="forward", tolerance=LODGED_AFTER, check_sortedness=False
    )  # fmt: skip
    linked = pl.concat([before.filter(~later), after.select(before.columns)])
    released = (pl.col("released_at") <= pl.col("until_at")).fill_null(False)
    score = pl.when(pl.col("declaration_id").is_not_null()).then(pl.when(released).then(PLATE_AND_CONTAINER).otherwise(PLATE_ONLY))
    return linked.with_columns(match_score=score).drop("released_at", "anchor_at").sort("visit_no", "container_key")


def channels(linked: pl.DataFrame) -> pl.DataFrame:
    """Return (visit_no, channel_code): the heaviest channel among a visit's declarations."""
    rank = pl.col("channel_code").replace_strict({code: number for number, code in enumerate(_HEAVIEST)}, default=None, return_dtype=pl.Int64)
    heaviest = linked.drop_nulls("channel_code").group_by("visit_no").agg(rank.min().alias("_rank"))
    return heaviest.select("visit_no", channel_code=pl.col("_rank").replace_strict(dict(enumerate(_HEAVIEST)), return_dtype=pl.String))


def with_gate_out(found: pl.DataFrame, linked: pl.DataFrame, visits: pl.DataFrame) -> pl.DataFrame:
    """Add gate_out_at (the first exit of a visit that took its container out), release_min and gate_out_min."""
    left = linked.filter((pl.col("direction_code") != "export").fill_null(True) & pl.col("declaration_id").is_not_null()).join(
        visits.filter(pl.col("status_code") == "closed").select("visit_no", "exit_at", "clock_flag"), on="visit_no"
    )
    left = left.sort("exit_at", "visit_no").group_by("declaration_id", maintain_order=True).agg(
        pl.col("exit_at").first().alias("gate_out_at"), (pl.col("clock_flag").first() == "ok").alias("_sure")
    )  # fmt: skip
    return found.join(left, on="declaration_id", how="left", maintain_order="left").with_columns(
        gate_out_sure=pl.when("_sure").then("gate_out_at"), release_min=_span("released_sure", "lodged_sure")
    ).with_columns(gate_out_min=_span("gate_out_sure", "released_sure")).drop("_sure")  # fmt: skip


def _span(later: str, earlier: str) -> pl.Expr:
    """Minutes between, null when the order is impossible: a release before lodging is a wrong line, not a negative stage."""
    return pl.when(pl.col(later) >= pl.col(earlier)).then(minutes(later, earlier))


def stages(found: pl.DataFrame) -> pl.DataFrame:
    """Return one row a stage whose two instants are certain and in order. Up to the release they sum to release_min."""
    last = pl.coalesce("inspection_ended_sure", "channel_assigned_sure", "lodged_sure")
    spans = found.with_columns(last_sure=last)
    named = (
        ("lodged_to_channel", "lodged_sure", "channel_assigned_sure"), ("channel_to_inspection", "channel_assigned_sure", "inspection_started_sure"),
        ("inspection", "inspection_started_sure", "inspection_ended_sure"), ("to_release", "last_sure", "released_sure"),
        ("release_to_gate_out", "released_sure", "gate_out_sure"),
    )  # fmt: skip
    rows = [
        spans.select("declaration_id", "lodged_day", "channel_code", stage_code=pl.lit(code), started_at=start, ended_at=end, stage_min=_span(end, start)) for code, start, end in named
    ]
    return pl.concat(rows).drop_nulls("stage_min").sort("declaration_id", "started_at", "stage_code")
