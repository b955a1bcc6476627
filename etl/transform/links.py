"""Log lines -> visits, by plate, container and time window, with a match score. No log shares a key with another."""

from __future__ import annotations

import polars as pl

from etl.transform.reach import SLACK

# How surely a line belongs to the visit it was matched to.
PLATE_AND_CONTAINER = 1.0
PLATE_ONLY = 0.9  # one of the two names no container
PLATE_OTHER_CONTAINER = 0.6
CONTAINER_ONLY = 0.5  # the plate fits no visit: misread beyond what folding repairs
DOUBT = 0.1  # taken off when the time fits by slack only, or after a clock fault was allowed for


def visit_containers(visits: pl.DataFrame) -> pl.DataFrame:
    """Return (visit_no, container_key, at_entry, at_exit): the containers the visit's two port-gate lines name, each once."""
    sides = [
        visits.select("visit_no", container_key=pl.col(column), at_entry=pl.lit(entry), at_exit=pl.lit(not entry))
        for column, entry in (("container_key", True), ("container_2_key", True), ("exit_container_key", False), ("exit_container_2_key", False))
    ]
    return (
        pl.concat(sides).drop_nulls("container_key").group_by("visit_no", "container_key").agg(pl.col("at_entry").any(), pl.col("at_exit").any())
        .sort("visit_no", "container_key")
    )  # fmt: skip


def link(lines: pl.DataFrame, visits: pl.DataFrame, containers: pl.DataFrame) -> pl.DataFrame:
    """Return `lines` with `visit_no` and `match_score`, both null where no visit fits.

    `lines` need line_no, plate_key, container_key and link_at (the instant, corrected for a clock fault; `is_corrected`).
    A line belongs to the visit of its truck that began last before it and had not ended, give or take 2 minutes; where the
    truck has none, to the visit that carries its container then.
    """
    by_plate = _inside(lines, visits.select("visit_no", "plate_key", "entry_at", "until_at"), "plate_key")
    carried = containers.select("visit_no", "container_key", pl.lit(True).alias("_carried"))
    laden = containers.select("visit_no").unique().with_columns(_laden=pl.lit(True))
    named = by_plate.join(carried, on=["visit_no", "container_key"], how="left", maintain_order="left").join(laden, on="visit_no", how="left", maintain_order="left")
    named = named.with_columns(
        match_score=pl.when(pl.col("visit_no").is_null()).then(None)
        .when(pl.col("_carried")).then(PLATE_AND_CONTAINER)
        .when(pl.col("container_key").is_null() | pl.col("_laden").is_null()).then(PLATE_ONLY)
        .otherwise(PLATE_OTHER_CONTAINER)
    ).drop("_carried", "_laden")  # fmt: skip
    lost = named["visit_no"].is_null() & named["container_key"].is_not_null()
    if lost.any():
        stays = containers.join(visits.select("visit_no", "entry_at", "until_at"), on="visit_no")
        found = _inside(named.filter(lost).drop("visit_no", "_slack"), stays, "container_key").with_columns(
            match_score=pl.when(pl.col("visit_no").is_not_null()).then(CONTAINER_ONLY)
        )
        named = pl.concat([named.filter(~lost), found.select(named.columns)])
    doubted = pl.col("_slack").fill_null(False) | pl.col("is_corrected")
    return named.with_columns(match_score=(pl.col("match_score") - pl.when(doubted).then(DOUBT).otherwise(0.0)).round(2)).drop("_slack").sort("line_no")


def _inside(lines: pl.DataFrame, visits: pl.DataFrame, key: str) -> pl.DataFrame:
    """Add the `visit_no` of the same `key` whose span holds link_at, and `_slack`: only just outside it."""
    spans = visits.select(key, "visit_no", "entry_at", "until_at", _from=pl.col("entry_at") - SLACK).drop_nulls(key).sort("_from", "visit_no")
    found = lines.sort("link_at", "line_no").join_asof(spans, left_on="link_at", right_on="_from", by=key, strategy="backward", check_sortedness=False)
    fits = (pl.col("link_at") <= pl.col("until_at") + SLACK).fill_null(False)
    # A line in the 2 minutes before an entry may be the end of the visit before: a truck cannot leave and come back in 2 minutes.
    outside = (pl.col("link_at") < pl.col("entry_at")) | (pl.col("link_at") > pl.col("until_at"))
    return found.with_columns(visit_no=pl.when(fits).then("visit_no"), _slack=fits & outside).drop("entry_at", "until_at", "_from")
