"""The words a number is declared in: Fact, Dimension, Metric. Frozen, and refused at import when they contradict themselves. No values here."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from etl.contracts.codes import CodeList
from etl.errors import DeclarationError

Unit = Literal["count", "min", "hours", "share", "per_visit", "per_hour", "index", "ratio"]
Polarity = Literal["lower", "higher", "neutral"]
Privacy = Literal["open", "person", "firm", "cargo"]
_CODE = re.compile(r"^[a-z][a-z0-9_]*$")
UNITS: tuple[str, ...] = ("count", "min", "hours", "share", "per_visit", "per_hour", "index", "ratio")


# What a truck may lose at a service point: its wait. A terminal's log does not tell waiting in the yard from being served,
# so there the whole turn counts, above the turn of free flow.
LOSABLE_MIN = "(CASE WHEN step_code = 'terminal' THEN step_min ELSE wait_min END)"


@dataclass(frozen=True)
class Fact:
    """One table questions are asked of: its day column, hour and instant, and the filters its rows can answer.

    `filters` maps a Selection filter to a column. `via_visit` facts answer the others through the visit they belong to;
    a row without a visit then drops out. `excludes` is the column of the view 'core'. `prune` is an extra condition on a stored
    column that lets DuckDB skip row groups where `day` is computed.
    """

    code: str
    table: str
    day: str
    hour: str | None
    at: str | None
    filters: dict[str, str] = field(default_factory=dict)
    via_visit: bool = False
    excludes: str | None = None
    prune: str | None = None


@dataclass(frozen=True)
class Dimension:
    """One thing a number can be split by. `sql` maps a fact to the expression; a fact that is absent cannot be split so.

    `codes` (closed list) or `reference` (dim_ table, code column) says how its values are named. `order` numbers are shown in order.
    """

    code: str
    label: str
    sql: dict[str, str]
    codes: CodeList | None = None
    reference: tuple[str, str] | None = None
    privacy: Privacy = "open"
    is_time: bool = False

    def __post_init__(self) -> None:
        if not _CODE.match(self.code):
            raise DeclarationError(f"dimension {self.code}", "a code is lower case letters, digits and underscores")
        if not self.sql:
            raise DeclarationError(f"dimension {self.code}", "it has no SQL for any fact")
        if self.codes and self.reference:
            raise DeclarationError(f"dimension {self.code}", "its values are named by a code list or a reference table, not both")


@dataclass(frozen=True)
class Metric:
    """One KPI. Exactly one of `aggregate`, `quantile`, `share`, `count`, `ratio` says how it is computed over the rows of `fact`.

    where      the metric's own filter; goes inside the aggregate, never into WHERE (the page's filters go there)
    count      True: rows that pass `where`
    aggregate  one SQL aggregate call; FILTER (WHERE where) is appended, e.g. "sum(moves_n)"
    quantile   (column, p): exact, by quantile_cont, over rows where the column is not null
    share      condition: its share among the rows of `where`, 0 to 1, null when there are none; Wilson interval
    ratio      (metric, metric): recomputed at every grain from its two parts; both of this fact
    per_hour   divide by the number of clock hours in the cell (counts only)
    needs      name of a REFERENCES entry of the compiler joined to the rows (free-flow values)
    within     of a metric about cargo: the count, or the share, whose rows (of a share: those it is true of) hold all rows of this one;
               the difference of the two counts speaks of boxes too (dashboard/metrics/cargo.py)
    true_within  the same of the rows this share is true of
    is_rare      of a metric about cargo: told by whole quarters only, for its months speak of few
    told_with    the share whose number of rows can be worked out of this one's and of others: this number is hidden where that share is
    min_n      below it the page greys the value
    """

    code: str
    label: str
    about: str
    unit: Unit
    fact: str
    polarity: Polarity = "neutral"
    where: str = "true"
    count: bool = False
    aggregate: str | None = None
    quantile: tuple[str, float] | None = None
    share: str | None = None
    ratio: tuple[str, str] | None = None
    per_hour: bool = False
    needs: str | None = None
    decimals: int = 0
    min_n: int = 0
    standard: str = ""
    source: str = "domain"
    privacy: Privacy = "open"
    within: str = ""
    true_within: str = ""
    told_with: str = ""
    is_rare: bool = False

    def __post_init__(self) -> None:
        where = f"metric {self.code}"
        if not _CODE.match(self.code) or "__" in self.code:
            raise DeclarationError(where, "a code is lower case letters, digits and single underscores")
        ways = [name for name in ("aggregate", "quantile", "share", "ratio") if getattr(self, name) is not None] + (["count"] if self.count else [])
        if len(ways) != 1:
            raise DeclarationError(where, f"it is computed in {len(ways)} ways ({', '.join(ways)})", "exactly one of aggregate, quantile, share, count, ratio")
        if not self.label or not self.about.endswith("."):
            raise DeclarationError(where, "it needs a label, and an about that is a sentence")
        if (self.unit == "share") != (self.share is not None):
            raise DeclarationError(where, "a share, and only a share, has the unit 'share'")
        if self.unit not in UNITS:
            raise DeclarationError(where, f"unit '{self.unit}' is not known", ", ".join(UNITS))
        if self.quantile and not 0 < self.quantile[1] < 1:
            raise DeclarationError(where, f"quantile {self.quantile[1]} is not between 0 and 1")
        if self.per_hour and not self.count:
            raise DeclarationError(where, "only counts are divided by hours")
        if self.ratio and self.where != "true":
            raise DeclarationError(where, "a ratio has no filter of its own; its parts have")

    @property
    def kind(self) -> str:
        """count, aggregate, quantile, share or ratio."""
        return next((name for name in ("aggregate", "quantile", "share", "ratio") if getattr(self, name) is not None), "count")

    @property
    def has_interval(self) -> bool:
        return self.kind in ("quantile", "share")

    @property
    def formula(self) -> str:
        """The computation as SQL, for the handbook; the view and the page's filters come on top."""
        from dashboard.metrics.compiler import value_sql

        return value_sql(self)
