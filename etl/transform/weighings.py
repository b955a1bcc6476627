"""Linked lines of the weighbridges -> weighings: one row a weighing, with its spans, and whether it was made again within its visit. And what a visit's boxes weigh, beside what was declared for them."""

from __future__ import annotations

import polars as pl

from etl.transform.digests import with_digest
from etl.transform.local import minutes


def weighings_of(linked: pl.DataFrame, staged: pl.DataFrame, port_code: str) -> pl.DataFrame:
    """Return the weighings, those of no visit too (visit_no null). Spans are null where the clock is uncertain; a clock an hour off shifts all three times alike."""
    done = linked.filter(pl.col("source_code") == "weighbridge").join(
        staged.select("file_id", "source_line", "gross_mass_kg", "is_e_slip"), on=["file_id", "source_line"], how="left", maintain_order="left"
    )
    sure = pl.col("clock_flag") == "ok"
    done = done.with_columns(
        weighing_code=pl.col("event_code").str.strip_prefix("weigh_"), ended_day="day",
        wait_min=pl.when(sure).then(minutes("started_at", "arrived_at")), service_min=pl.when(sure).then(minutes("ended_at", "started_at")),
    )  # fmt: skip
    done = with_digest(done, "weighing_id", port_code, "plate_key", "place_code", "event_code", "ended_at").sort("visit_no", "event_code", "link_at", "weighing_id", nulls_last=True)
    same = pl.all_horizontal(pl.col(name) == pl.col(name).shift(1) for name in ("visit_no", "event_code"))
    return done.with_columns(is_again=pl.when(pl.col("visit_no").is_not_null()).then(same.fill_null(False)))


def with_masses(visits: pl.DataFrame, weighed: pl.DataFrame, boxes: pl.DataFrame, declared: pl.DataFrame) -> pl.DataFrame:
    """Add weighed_net_kg and declared_kg to `visits`. `weighed` are weighings_of, `boxes` customs.container_links, `declared` customs.declarations.

    Of a re-weighing the last counts. A truck weighed full after empty left with the boxes it took out (import), weighed full before
    empty it brought those it delivered (export); only their declared masses are summed.
    """
    mine = weighed.drop_nulls(["visit_no", "gross_mass_kg"]).sort("visit_no", "link_at", "weighing_id")

    def last(kind: str, column: str) -> pl.Expr:
        return pl.col(column).filter(pl.col("weighing_code") == kind).last()

    net = mine.group_by("visit_no").agg(
        weighed_net_kg=last("full", "gross_mass_kg") - last("empty", "gross_mass_kg"),
        _side=pl.when(last("full", "link_at") > last("empty", "link_at")).then(pl.lit("import")).when(last("full", "link_at") < last("empty", "link_at")).then(pl.lit("export")),
    ).with_columns(pl.when(pl.col("weighed_net_kg") > 0).then("weighed_net_kg"))  # fmt: skip
    known = boxes.select("visit_no", "direction_code", "declaration_id").join(declared.select("declaration_id", "declared_kg"), on="declaration_id", how="left")
    is_on = pl.col("direction_code") == pl.col("_side")
    is_known = is_on.is_not_null().all() & (pl.col("declared_kg").is_not_null() | ~is_on).all() & is_on.any()
    stated = known.join(net, on="visit_no").group_by("visit_no").agg(declared_kg=pl.when(is_known).then(pl.col("declared_kg").filter(is_on).sum()))
    return visits.join(net.select("visit_no", "weighed_net_kg"), on="visit_no", how="left", maintain_order="left").join(stated, on="visit_no", how="left", maintain_order="left")
