"""The columns every page filters by, and the pilot's arm of a visit. They are copied onto steps, so that a question about steps needs no join."""

from __future__ import annotations

import polars as pl

from etl.contracts.facts import FILTERS

FILTER_COLUMNS = tuple(field.name for field in FILTERS)
# Of two arms that name a visit the nearer unit wins: a lane before its gate, a gate before the terminal.
_UNITS = (("lane", "entry_lane_code"), ("gate", "entry_gate_code"), ("terminal", "terminal_code"))


def with_arms(visits: pl.DataFrame, arms: pl.DataFrame) -> pl.DataFrame:
    """Add arm_code and pilot_period_code by the lane, gate or terminal of entry; null outside any pilot. Carriers are no unit yet."""
    for number, (kind, column) in enumerate(_UNITS):
        units = arms.filter(pl.col("unit_kind_code") == kind).select(
            pl.col("unit_code").alias(column), pl.col("arm_code").alias(f"_arm_{number}"), pl.col("start_on").alias(f"_start_{number}")
        )
        visits = visits.join(units.unique(column, keep="first", maintain_order=True), on=column, how="left", maintain_order="left")
    start = pl.coalesce(f"_start_{number}" for number in range(len(_UNITS)))
    period = pl.when(pl.col("entry_day") >= start).then(pl.lit("after")).when(start.is_not_null()).then(pl.lit("before"))
    return visits.with_columns(arm_code=pl.coalesce(f"_arm_{number}" for number in range(len(_UNITS))), pilot_period_code=period).drop(
        *(f"_{name}_{number}" for number in range(len(_UNITS)) for name in ("arm", "start"))
    )


def with_container_direction(containers: pl.DataFrame, visits: pl.DataFrame) -> pl.DataFrame:
    """Add direction_code to a visit's containers: the visit's own; of a dual visit, what only the entry names was brought, what only the exit names was taken."""
    known = containers.join(visits.select("visit_no", "direction_code"), on="visit_no", how="left", maintain_order="left")
    side = pl.when(pl.col("at_entry") & ~pl.col("at_exit")).then(pl.lit("export")).when(~pl.col("at_entry") & pl.col("at_exit")).then(pl.lit("import"))
    return known.with_columns(direction_code=pl.when(pl.col("direction_code") == "dual").then(side).otherwise("direction_code"))
