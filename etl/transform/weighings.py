"""Linked lines of the weighbridges -> weighings: one row a weighing, with its spans, and whether it was made again within its visit."""

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
