"""Result: one answer with everything needed to show, export or defend it. Frozen; made by the store only."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace

import polars as pl

from dashboard.metrics.definitions import Dimension, Metric
from dashboard.selection import Selection


@dataclass(frozen=True)
class Cell:
    """One figure: value (None is "no data"), the rows behind it, its 95 % limits, and the same of the comparison period."""

    metric: Metric
    value: float | None
    n: int
    low: float | None = None
    high: float | None = None
    before: float | None = None
    before_n: int | None = None

    @property
    def change(self) -> float | None:
        """Value minus the comparison's; in points for a share (0.02 is 2 points)."""
        return None if self.value is None or self.before is None else self.value - self.before

    @property
    def relative_change(self) -> float | None:
        return None if self.change is None or not self.before else self.change / self.before

    @property
    def is_thin(self) -> bool:
        """Too few rows to lean on: the page greys it."""
        return self.n < self.metric.min_n


@dataclass(frozen=True)
class Result:
    """The answer of `store.ask`.

    frame      columns: [period,] one per dimension (its code), [is_total,] and per metric m: m, m__n, and where asked or cheap
               m__low, m__high; with a comparison m__before, m__before_n [, m__before_low, m__before_high].
               `period` is a local date (day, week starting Monday, month) or local wall time (hour). Shares are 0 to 1.
               Values of suppressed small cells are null and `is_suppressed` is true (column present only then).
    before     the comparison selection, or None; its periods are moved forward so that they lie on this one's
    cut_at     where now lies inside the period: the comparison is cut as long before as its shift (UTC), else None
    unanswered metric code -> filters this metric's rows know nothing of
    uncompared the comparison period that was asked for and begins before the first day with data, and that day; else None
    late       metric code -> the first day of its log, where that lies inside the comparison period: then it has no comparison
    """

    frame: pl.DataFrame
    metrics: tuple[Metric, ...]
    by: tuple[Dimension, ...]
    grain: str | None
    selection: Selection
    before: Selection | None
    build_id: str
    now_at: dt.datetime
    now_local_at: dt.datetime
    sql: tuple[str, ...]
    params: tuple[dict[str, object], ...] = field(repr=False)
    cut_at: dt.datetime | None = None
    is_total: bool = False
    suppressed_n: int = 0
    unanswered: dict[str, tuple[str, ...]] = field(default_factory=dict)
    uncompared: tuple[Selection, dt.date] | None = None
    late: dict[str, dt.date] = field(default_factory=dict)

    @property
    def keys(self) -> tuple[str, ...]:
        return (*(("period",) if self.grain else ()), *(dimension.code for dimension in self.by))

    @property
    def n(self) -> int:
        """Rows behind the first metric, over the whole answer."""
        frame = self.frame.filter(~pl.col("is_total")) if "is_total" in self.frame.columns else self.frame
        return int(frame[f"{self.metrics[0].code}__n"].sum() or 0) if self.metrics else 0

    @property
    def is_empty(self) -> bool:
        """Nothing at all behind it: the page says "no data" instead of drawing zeros. A hidden count is something."""
        return self.frame.is_empty() or all(not counts.sum() and not counts.null_count() for counts in (self.frame[f"{metric.code}__n"] for metric in self.metrics))

    def is_partial(self, begins: dt.date | None) -> pl.Series:
        """Of each row whether its step of time is not whole in the selection or in the data, which begin on a local day and end now. Only with a grain; false for the total row."""
        start = self.frame["period"].cast(pl.Datetime("us"))
        end = start.dt.offset_by({"hour": "1h", "day": "1d", "week": "1w", "month": "1mo"}[self.grain or ""])
        first = dt.datetime.combine(max(self.selection.first_day, begins or self.selection.first_day), dt.time())
        last = min(dt.datetime.combine(self.selection.end_day, dt.time()), self.now_local_at)
        return ((start < first) | (end > last)).fill_null(False).alias("is_partial")

    def metric(self, code: str) -> Metric:
        return next(metric for metric in self.metrics if metric.code == code)

    def cell(self, code: str, row: int | dict[str, object] | None = None) -> Cell:
        """Return one figure: of the only row, of a row number, or of the row whose dimensions have these values.

        result.cell("turnaround_p50").value;  result.cell("visits", {"terminal": "TCE"}).n
        """
        frame = self.frame
        if isinstance(row, dict):
            wanted = (*row.values(), False) if "is_total" in frame.columns else tuple(row.values())
            keys = zip(*(frame[name].to_list() for name in ((*row, "is_total") if "is_total" in frame.columns else row)), strict=True)
            row = next((number for number, found in enumerate(keys) if found == wanted), frame.height)
        elif row is None and "is_total" in frame.columns and frame.height > 1:
            row = next((number for number, is_total in enumerate(frame["is_total"]) if is_total), frame.height)
        if row is not None:
            frame = frame.slice(row, 1)
        if frame.is_empty():
            return Cell(self.metric(code), None, 0)
        found = frame.row(0, named=True)
        return Cell(
            self.metric(code), found[code], int(found[f"{code}__n"] or 0), found.get(f"{code}__low"), found.get(f"{code}__high"),
            found.get(f"{code}__before"), found.get(f"{code}__before_n"),
        )  # fmt: skip

    def only(self, *codes: str) -> Result:
        """Return the result of some of its metrics, to show and export apart what was asked together. Its SQL stays the one that was run."""
        kept = [name for name in self.frame.columns if name.partition("__")[0] in codes or not any(name.partition("__")[0] == metric.code for metric in self.metrics)]
        return replace(self, frame=pl.DataFrame([self.frame[name] for name in kept]), metrics=tuple(self.metric(code) for code in codes))

    @property
    def rows(self) -> pl.DataFrame:
        """The frame without its total row."""
        if "is_total" not in self.frame.columns:
            return self.frame
        body = ~self.frame["is_total"]
        return pl.DataFrame([each.filter(body) for each in self.frame.get_columns() if each.name != "is_total"])

    @property
    def total(self) -> pl.DataFrame:
        """The total row alone (empty where none was asked)."""
        return self.frame.filter(pl.col("is_total")) if "is_total" in self.frame.columns else self.frame.clear()
