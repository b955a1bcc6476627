"""Small cells about persons and firms: hidden here once, also by subtraction, so that page, CSV and briefing stay equal. Frames in, frames out."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from dashboard.metrics.definitions import Dimension, Metric


def suppress(frame: pl.DataFrame, keys: Sequence[str], by: Sequence[Dimension], metrics: Sequence[Metric], small_cell: int) -> tuple[pl.DataFrame, int]:
    """Null every value of a cell that describes fewer than `small_cell` rows about a person or a firm.

    It applies when a dimension of the split is not open, or a metric itself is not. In each line of the table (all keys but one fixed)
    hidden cells must be at least two and hold together at least `small_cell` rows, else the next smallest is hidden too: a total minus
    the shown rest must not give a small cell back. The comparison period's cells are judged by their own counts. Hours and zones are open and never hidden. Returns the frame and how many cells were hidden.
    """
    closed = any(dimension.privacy != "open" for dimension in by)
    if small_cell <= 1 or frame.is_empty() or not (closed or any(metric.privacy != "open" for metric in metrics)):
        return frame, 0
    touched = [metric for metric in metrics if closed or metric.privacy != "open"]
    rows = frame.with_row_index("_row")
    body = rows.filter(~pl.col("is_total")) if "is_total" in rows.columns else rows
    gone = {side: _hidden(body, keys, [name for metric in touched if (name := f"{metric.code}__{side}") in rows.columns], small_cell) for side in ("n", "before_n")}
    nulled = []
    for column in frame.columns:
        if any(column == metric.code or column.startswith(f"{metric.code}__") for metric in touched):
            side = "before_n" if "__before" in column else "n"
            nulled.append(pl.when(pl.col("_row").is_in(list(gone[side]))).then(None).otherwise(pl.col(column)).alias(column))
    out = rows.with_columns(*nulled, pl.col("_row").is_in(list(gone["n"] | gone["before_n"])).alias("is_suppressed"))
    return out.drop("_row"), len(gone["n"]) + len(gone["before_n"])


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
