"""Small cells about persons, firms and US-bound cargo: hidden here and in cargo.py, once for page, file, paper and pipeline. Frames in, frames out.

`store.ask` and `store.row_query` are the only ways to figures and rows, so whatever shows an answer shows what stands here. What an attacker may try:

(a) a total less its parts                      closed. The next smallest cells are hidden too, until the hidden ones hold together no few.
(b) two splits of one total                     closed for cargo: one dimension at a time, each table closed by itself. Of persons and firms several
                                                dimensions may be crossed, and each line of the crossed table is closed; two crossings are not set against each other.
(c) two selections, one filter or day apart     closed for cargo: no filter, only whole months that are over, of what is rare whole quarters (cargo.py). Open for persons
                                                and firms: whoever may choose any period and filter can subtract one answer from the other.
(d) a share and its n                           closed for cargo: judged by the boxes it is true of and by the others. Of firms by n alone.
(e) Wilson limits, which give hits and n back   closed: a hidden share goes with its limits and its n. Where only the n of a percentile would tell, only n goes.
(f) rows, and sums over them                    closed: no row list holds a box, a firm or an HS code, and none is narrowed to one (dashboard/details).
(g) trends and sparklines                       closed for cargo: month by month at the finest, by the same tables. As (c) for persons and firms.
(h) one figure less another, boxes of boxes     closed for cargo, whether the other is asked or not (`Metric.within`). One bundle of figures hides what any other does.

Not closed, for any of them:
- Figures of two builds: a month's answers, loadings and results come late, so what is kept of yesterday's export may be subtracted from today's. Only noise
  or a log of who asked what closes this, and arbitrary periods of persons and firms; neither is here. Periods that are over make it rare for cargo, and papers
  repeat what was first handed out of a month or quarter (dashboard/briefing/told.py): closed for who holds papers, open for who saves pages or files.
- That none, or all, of a cell are so: an empty cell is seen by its absence, and 0 of 200 tells of every one.
- Bounds: of two hidden cells whose sum is known each lies between 0 and that sum. Only exact knowledge is prevented.
- A percentile is the minutes of one or two rows, of nobody named; and whoever knows one cell of his own can take it from a sum.
- The ledger of files counts the lines of each file, those of filings too (a line is a filing's state, not a box): without it no load could be checked.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from dashboard.metrics.definitions import Dimension, Metric

_SIDES = ("n", "before_n")


def suppress(frame: pl.DataFrame, keys: Sequence[str], by: Sequence[Dimension], metrics: Sequence[Metric], small_cell: int) -> tuple[pl.DataFrame, int]:
    """Null every value of a cell that describes fewer than `small_cell` rows about a person or a firm; about cargo see cargo.hide.

    It applies when a dimension of the split is not open, or a metric itself is not. In each line of the table (all keys but one fixed)
    hidden cells must be at least two and hold together at least `small_cell` rows, else the next smallest is hidden too: a total minus
    the shown rest must not give a small cell back. A row stands or falls with all its metrics. The comparison period's cells are judged by their own
    counts. Hours and zones are open and never hidden. Returns the frame and how many cells were hidden.
    """
    closed = any(dimension.privacy != "open" for dimension in by)
    touched = [metric for metric in metrics if closed or metric.privacy != "open"]
    if small_cell <= 1 or frame.is_empty() or not touched:
        return frame, 0
    rows = frame.with_row_index("_row")
    body = rows.filter(~pl.col("is_total")) if "is_total" in rows.columns else rows
    gone = {side: _hidden(body, keys, [name for metric in touched if (name := f"{metric.code}__{side}") in rows.columns], small_cell) for side in _SIDES}
    nulled = [
        pl.when(pl.col("_row").is_in(list(gone["before_n" if "__before" in column else "n"]))).then(None).otherwise(pl.col(column)).alias(column)
        for column in frame.columns if any(column == metric.code or column.startswith(f"{metric.code}__") for metric in touched)
    ]  # fmt: skip
    out = rows.with_columns(*nulled, pl.col("_row").is_in(list(gone["n"] | gone["before_n"])).alias("is_suppressed"))
    return out.select(*frame.columns, "is_suppressed"), len(gone["n"]) + len(gone["before_n"])


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
