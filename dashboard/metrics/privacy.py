"""Small cells about persons, firms and CSI cargo: hidden here once, also by subtraction, so that page, CSV and briefing stay equal. Frames in, frames out."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from dashboard.metrics.definitions import Dimension, Metric

_SIDES = ("n", "before_n")


def suppress(frame: pl.DataFrame, keys: Sequence[str], by: Sequence[Dimension], metrics: Sequence[Metric], small_cell: int) -> tuple[pl.DataFrame, int]:
    """Null every value of a cell that describes fewer than `small_cell` rows about a person or a firm.

    It applies when a dimension of the split is not open, or a metric itself is not. In each line of the table (all keys but one fixed)
    hidden cells must be at least two and hold together at least `small_cell` rows, else the next smallest is hidden too: a total minus
    the shown rest must not give a small cell back. A share about CSI cargo also counts the boxes it is true of and those it is not, for
    the share of a known number gives them away; a total of too few boxes is hidden like a cell. The comparison period's cells are judged by their own counts. Hours and zones are open and never hidden. Returns the frame and how many cells were hidden.
    """
    closed = any(dimension.privacy != "open" for dimension in by)
    if small_cell <= 1 or frame.is_empty() or not (closed or any(metric.privacy != "open" for metric in metrics)):
        return frame, 0
    touched = [metric for metric in metrics if closed or metric.privacy != "open"]
    rows = frame.with_row_index("_row")
    rows = rows.with_columns(_counted(metric, side) for side in _SIDES for metric in touched if f"{metric.code}__{side}" in rows.columns)
    # Metrics of persons and firms stand or fall together, row by row; each metric about cargo is judged by its own counts.
    alone = [] if closed else [metric for metric in touched if metric.privacy == "cargo"]
    nulled, every = [], {side: set() for side in _SIDES}
    for group in ([metric for metric in touched if metric not in alone], *([metric] for metric in alone)):
        gone = {side: _gone(rows, keys, [name for metric in group if (name := f"_{metric.code}__{side}") in rows.columns], small_cell, with_totals=group[0] in alone) for side in _SIDES} if group else {}
        for column in frame.columns:
            if any(column == metric.code or column.startswith(f"{metric.code}__") for metric in group):
                side = "before_n" if "__before" in column else "n"
                nulled.append(pl.when(pl.col("_row").is_in(list(gone[side]))).then(None).otherwise(pl.col(column)).alias(column))
        every = {side: every[side] | gone.get(side, set()) for side in _SIDES}
    out = rows.with_columns(*nulled, pl.col("_row").is_in(list(every["n"] | every["before_n"])).alias("is_suppressed"))
    return out.select(*frame.columns, "is_suppressed"), len(every["n"]) + len(every["before_n"])


def _counted(metric: Metric, side: str) -> pl.Expr:
    """How many a value speaks of: its rows; of a share about cargo also those it is true of and those it is not, where there are any."""
    n, value = pl.col(f"{metric.code}__{side}"), pl.col(metric.code if side == "n" else f"{metric.code}__before")
    if metric.privacy != "cargo" or metric.share is None:
        return n.alias(f"_{metric.code}__{side}")
    hits = (value * n).round(0)
    parts = [pl.when(part > 0).then(part) for part in (hits, n - hits)]
    return pl.min_horizontal(n, *parts).alias(f"_{metric.code}__{side}")


def _gone(rows: pl.DataFrame, keys: Sequence[str], counts: Sequence[str], small_cell: int, *, with_totals: bool) -> set[int]:
    """Return the rows to hide by these counts; totals are judged by their own count, and only about cargo."""
    if "is_total" not in rows.columns:
        return _hidden(rows, keys, counts, small_cell)
    small = rows.filter(pl.col("is_total") & pl.any_horizontal(pl.col(name).fill_null(0) < small_cell for name in counts)) if with_totals and counts else rows.clear()
    return _hidden(rows.filter(~pl.col("is_total")), keys, counts, small_cell) | set(small["_row"].to_list())


def _hidden(body: pl.DataFrame, keys: Sequence[str], counts: Sequence[str], small_cell: int) -> set[int]:
    """Return the rows to hide by these counts: the small ones, and of each line as many more as keep a total from giving one back."""
    if not counts:
        return set()
    body = body.with_columns(pl.min_horizontal(pl.col(name).fill_null(0) for name in counts).alias("_n"))
    hidden = set(body.filter(pl.col("_n") < small_cell)["_row"].to_list())
    grew = bool(hidden)
    while grew:
        grew = False
        for key in keys or ("",):
            line = [each for each in keys if each != key]
            groups = body.partition_by(line, maintain_order=True) if line else [body]
            for group in groups:
                inside = group.filter(pl.col("_row").is_in(list(hidden)))
                shown = group.filter(~pl.col("_row").is_in(list(hidden))).sort("_n", "_row")
                if not inside.is_empty() and not shown.is_empty() and (inside.height < 2 or inside["_n"].sum() < small_cell):
                    hidden.add(shown["_row"][0])
                    grew = True
    return hidden
