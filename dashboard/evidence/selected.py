"""What selection costs a truck: extra minutes of visits that brought a referred US-bound box, against the others of the same hour and terminal.

A stratum is one local day, hour of gate-in and terminal with visits of both kinds. Its difference of means counts as often as it has selected
visits, so the figure is about the selected. Days are the blocks of the interval, because the visits of one day share its shocks.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from dashboard.evidence.estimate import t_quantile
from dashboard.metrics import FACTS, cargo
from dashboard.metrics.compiler import where_sql
from dashboard.selection import Selection
from dashboard.store import Store

LEAST_DAYS = 5  # with fewer blocks an interval says nothing
_ONE_DAY = dt.timedelta(days=1)
_LINK_DAYS = 4  # a filing lies at most 3 days from the gate-in of its box; one more for the local day
_SQL = """
WITH referred AS (
  SELECT DISTINCT visit_id
  FROM fct_manifests
  WHERE port_code = $port_code AND filed_day >= $first_day - {link} AND filed_day < $end_day + {link} AND referred_at IS NOT NULL AND visit_id IS NOT NULL
), kept AS (
  SELECT entry_day, entry_hour, terminal_code, turnaround_min, visit_id IN (SELECT visit_id FROM referred) AS is_selected
  FROM fct_visits
  WHERE {where} AND turnaround_min IS NOT NULL AND terminal_code IS NOT NULL
)
SELECT
  entry_day, count(*) FILTER (WHERE is_selected) AS selected_n, count(*) FILTER (WHERE NOT is_selected) AS other_n,
  avg(turnaround_min) FILTER (WHERE is_selected) AS selected_min, avg(turnaround_min) FILTER (WHERE NOT is_selected) AS other_min
FROM kept
GROUP BY entry_day, entry_hour, terminal_code
HAVING count(*) FILTER (WHERE is_selected) > 0 AND count(*) FILTER (WHERE NOT is_selected) > 0
ORDER BY entry_day, entry_hour, terminal_code
"""


@dataclass(frozen=True)
class Extra:
    """Extra minutes with a 95 % interval; all null where too few were selected to be shown, the interval alone where the days are too few.

    `selection` is what it is of: whole quarters of the whole port, like every rare figure about cargo (dashboard/metrics/cargo.py).
    """

    minutes: float | None
    low: float | None
    high: float | None
    selected_n: int | None
    other_n: int | None
    days_n: int
    selection: Selection | None = None


def extra_of(store: Store, selection: Selection, small_cell: int) -> Extra:
    """Return the extra minutes of a selection, over all its visits: the view without inspections would leave the selected out."""
    whole = replace(selection, view="all")
    if small_cell > 1:
        whole = cargo.settled(whole, store.build().now_day, store.opened().first(*cargo.LOG), is_rare=True)
    else:
        whole = store.within(whole)
    sql = _SQL.format(where=" AND ".join(where_sql(FACTS["visits"], whole)), link=_LINK_DAYS)
    values = {name: value for name, value in {"port_code": store.port_code, **whole.to_sql()}.items() if f"${name}" in sql}
    days = (whole.first_day - _LINK_DAYS * _ONE_DAY, whole.end_day + _LINK_DAYS * _ONE_DAY)
    return store.made(("selected", sql, repr(sorted(values.items())), small_cell), lambda opened: replace(_hidden(opened.frame(sql, values, days), whole, small_cell), selection=whole))


def _hidden(strata: pl.DataFrame, whole: Selection, small_cell: int) -> Extra:
    """The estimate, if no month of it speaks of too few boxes: two periods could be subtracted."""
    by_month = dict(strata.group_by(pl.col("entry_day").dt.month_start()).agg(pl.col("selected_n").sum()).iter_rows())
    found = extra(strata, small_cell)
    if small_cell > 1 and cargo.hidden_over(by_month, whole, small_cell):
        return Extra(None, None, None, None, None, found.days_n)
    return found


def extra(strata: pl.DataFrame, small_cell: int) -> Extra:
    """Estimate from strata (entry_day, selected_n, other_n, selected_min, other_min), each with both kinds."""
    selected, days = int(strata["selected_n"].sum() or 0), strata["entry_day"].n_unique()
    if selected < max(small_cell, 1):
        return Extra(None, None, None, None, None, days)
    weighted = pl.col("selected_n") * (pl.col("selected_min") - pl.col("other_min"))
    by_day = strata.group_by("entry_day", maintain_order=True).agg(weighted.sum().alias("sum_min"), pl.col("selected_n").sum())
    sums, weights = by_day["sum_min"].to_numpy(), by_day["selected_n"].to_numpy().astype(float)
    minutes = float(sums.sum() / weights.sum())
    other = int(strata["other_n"].sum())
    if days < LEAST_DAYS:
        return Extra(minutes, None, None, selected, other, days)
    error = np.sqrt(days / (days - 1) * np.sum((sums - minutes * weights) ** 2)) / weights.sum()
    half = float(t_quantile(0.975, days - 1) * error)
    return Extra(minutes, minutes - half, minutes + half, selected, other, days)
