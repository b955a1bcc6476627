"""What was recorded on both sides of the pilot's start, at its units and at those of the comparison: raw answers of the store, no estimate and no verdict.

    days = recorded.window(selection, start, build.first_day, build.last_day, equal=True)    # None while one side has no day
    recorded.sides(store, days).rows                  # arm x before/since: visits, medians, shares, document checks
    recorded.like_for_like(store, days)               # the same with the mix of one side, and its quantiles
    recorded.passages(store, days, arms, "pilot")     # the steps of one arm
They hang on the pilot's own days, the filters and the view, never on the reader's period, so they are kept like an estimate (Store.made).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from dashboard.metrics import Result
from dashboard.selection import FILTERS, Selection

if TYPE_CHECKING:
    from dashboard.store import Store

COUNTED = ("visits", "closed_visits", "missing_exit_share", "document_checks_coverage")
RAW = ("turnaround_p50", "turnaround_p90", "under_60_share", "over_120_share", "turnaround_mean")
CHECKED = ("document_checks_mean", "document_checks_coverage")


def window(selection: Selection, start: dt.date, first_day: dt.date, last_day: dt.date, equal: bool) -> Selection | None:
    """Return the selection over the pilot's own window, filters and view kept; None when one side has no day.

    `equal` takes as many whole weeks before the start as there are since, at most what there is; else every day on both sides.
    """
    before, after = (start - first_day).days, (last_day - start).days + 1
    if before < 1 or after < 1:
        return None
    weeks = min(before, after) // 7
    days = (weeks * 7, weeks * 7) if equal and weeks else (before, after)
    return replace(selection, first_day=start - dt.timedelta(days=days[0]), end_day=start + dt.timedelta(days=days[1]), period="custom", comparison="none")


def sides(store: Store, days: Selection) -> Result:
    """Everything raw that is said of the four sides, from one pass over their visits."""
    return store.made(("recorded", "sides", days), lambda _: store.ask(days, tuple(dict.fromkeys((*COUNTED, *RAW, *CHECKED))), ("arm", "pilot_period"), intervals=True))


def like_for_like(store: Store, days: Selection) -> pl.DataFrame:
    """Means and quantiles of each arm and side, raw and with the mix of lanes, four-hour blocks and cargo seen since."""
    return store.made(("recorded", "like_for_like", days), lambda _: store.rows("pilot_like_for_like", days))


def passages(store: Store, days: Selection, arms: pl.DataFrame, arm: str) -> Result:
    """Median minutes of each step at the units of one arm, before and since: nobody sees the other one."""
    own = _of_arm(days, arms, arm)
    return store.made(("recorded", "passages", own), lambda _: store.ask(own, ("step_p50",), ("step", "arm", "pilot_period")))


def _of_arm(days: Selection, arms: pl.DataFrame, arm: str) -> Selection:
    """Narrow a window to the units of one arm, where the page has a filter for their kind and the reader has not chosen some already."""
    kind = arms["unit_kind_code"][0]
    if kind not in FILTERS or getattr(days, kind):
        return days
    return replace(days, **{kind: tuple(sorted({row["unit_code"] for row in arms.iter_rows(named=True) if row["arm_code"] == arm}))})


def make(store: Store, selection: Selection) -> None:
    """Ask what the page asks when it is first opened."""
    arms, build = store.table("dim_pilot_arms"), store.build()
    days = None if arms.is_empty() else window(selection, arms["start_on"].min(), build.first_day, build.last_day, equal=True)
    if days is not None:
        like_for_like(store, days)
        sides(store, days)
        passages(store, days, arms, "pilot")
