"""Small cells about persons and firms: hidden here once, also by subtraction, so that page, CSV and briefing stay equal. Frames in, frames out."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from dashboard.metrics.definitions import Dimension, Metric


def suppress(frame: pl.DataFrame, keys: Sequence[str], by: Sequence[Dimension], metrics: Sequence[Metric], small_cell: int) -> tuple[pl.DataFrame, int]:
    """Null every value of a cell that describes fewer than `small_cell` rows about a person or a firm.

    It applies when a dimension of the split is not open, or a metric itself is not. In each line of the table (all keys but one fixed)
    hidden cells must be at least two and hold together at least `small_cell` rows, else the next smallest is hidden too: a total minus
    the shown rest must not give a small cell back. Hours and zones are open and never hidden. Returns the frame and how many cells were hidden.
    """
    closed = any(dimension.privacy != "open" for dimension in by)
    if small_cell <= 1 or frame.is_empty() or not (closed or any(metric.privacy != "open" for metric in metrics)):
        return frame, 0
    touched = [metric for metric in metrics if closed or metric.privacy != "open"]
    rows = frame.with_row_index("_row")
    body = rows.filter(~pl.col("is_total")) if "is_total" in rows.columns else rows
    n = pl.min_horizontal(*(pl.col(f"{metric.code}__n").fill_null(0) for metric in touched))
    body = body.with_columns(n.alias("_n"))
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
    is_hidden = pl.col("_row").is_in(list(hidden))
    names = [column for column in frame.columns if any(column == metric.code or column.startswith(f"{metric.code}__") for metric in touched)]
    out = rows.with_columns(*(pl.when(is_hidden).then(None).otherwise(pl.col(name)).alias(name) for name in names), is_hidden.alias("is_suppressed"))
    return out.drop("_row"), len(hidden)
