"""Container moves -> how long a box had stayed in the terminal when it left: discharge to delivery, receipt to loading."""

from __future__ import annotations

import datetime as dt

import polars as pl

from etl.transform.digests import with_digest
from etl.transform.local import minutes, with_day

LONGEST_DWELL = dt.timedelta(days=30)  # a container number is used again after weeks: a stay longer than this joins two voyages
BEGUN_BY = {"gate_out": "discharge", "load": "gate_in"}  # the move that ends a stay, and the one that begins it (TIC4.0 Dwell)
_ONE_DAY = dt.timedelta(days=1)
_ORDER = ("discharge", "gate_in", "gate_out", "load")


def stays_of(moves: pl.DataFrame, port_code: str, zone: str, keep: frozenset[dt.date] | None = None) -> pl.DataFrame:
    """Return FCT_CONTAINER_MOVES without the port: one row a move, of `keep` (local days) and the days beside it, or of all. `moves` reach LONGEST_DWELL before them.

    A move that ends a stay has `since_at` and `dwell_min` if the container's move just before it, at most 30 days, began one;
    so a move that was logged twice counts its dwell once. Both are null where either clock is uncertain.
    """
    if keep is not None:  # of most containers of a window nothing moved on these days; no zone is further from UTC than a day
        near = pl.col("moved_at").is_between(dt.datetime.combine(min(keep) - _ONE_DAY, dt.time.min), dt.datetime.combine(max(keep) + _ONE_DAY, dt.time.max))
        moves = moves.join(moves.filter(near).select("container_key").unique(), on="container_key", how="semi", nulls_equal=True)
    rank = pl.col("move_code").replace_strict({code: number for number, code in enumerate(_ORDER)}, return_dtype=pl.Int64)
    ordered = moves.sort("container_key", "moved_at", rank, "file_id", "source_line")
    before = {name: pl.col(name).shift(1).over("container_key") for name in ("move_code", "moved_at", "clock_flag")}
    begins = pl.col("move_code").replace_strict(BEGUN_BY, default=None, return_dtype=pl.String)
    is_stay = (before["move_code"] == begins) & (pl.col("moved_at") - before["moved_at"] <= LONGEST_DWELL)
    is_sure = (pl.col("clock_flag") == "ok") & (before["clock_flag"] == "ok")
    found = ordered.with_columns(since_at=pl.when(is_stay & is_sure).then(before["moved_at"])).with_columns(dwell_min=minutes("moved_at", "since_at"))
    if keep is not None:
        found = found.filter(near)
    found = with_day(found, zone, "moved_day", "moved_at", "moved_hour")
    return with_digest(found, "move_id", port_code, "container_key", "move_code", "moved_at")
