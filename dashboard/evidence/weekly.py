"""The gap between pilot and comparison units week by week, for a picture. The same contrasts as the estimate, and no claim of its own.

    weeks = by_week(panel, "log")      # Week(first, last, gap, pilot_n, comparison_n, is_after), oldest first
Weeks count from the start on, both ways, so that none holds days of both sides. Gaps stand against the mean gap before the start: since the start, their
mean weighted like the estimate's days is the estimate. One start and days (or weeks) only.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np

from dashboard.evidence.estimate import contrasts, on_scale
from dashboard.evidence.panel import Panel

DAYS = 7


@dataclass(frozen=True)
class Week:
    """One week: its first and last local day measured, the gap on the panel's scale, visits of both sides."""

    first: dt.date
    last: dt.date
    gap: float
    pilot_n: float
    comparison_n: float
    is_after: bool


def by_week(panel: Panel, scale: str = "log") -> tuple[Week, ...]:
    """Return the weeks of a panel; empty where there is no single start with days on both sides, or an arm is missing."""
    whole, _ = panel.complete()
    if not whole.is_daily or len(whole.cohorts) != 1 or whole.treated.all() or not 0 < whole.cohorts[0] < len(whole.periods) or not np.isfinite(whole.outcome).all():
        return ()
    c, p = contrasts(whole)
    gap = c @ on_scale(whole, scale)
    gap = gap + gap @ np.minimum(p, 0)
    start = whole.periods[whole.cohorts[0]]
    number = np.array([(day - start).days // DAYS for day in whole.periods])
    visits = [whole.weight[arm].sum(axis=0) for arm in (whole.treated, ~whole.treated)]
    made = []
    for week in np.unique(number):
        days = np.flatnonzero(number == week)
        mass = np.abs(p[days])
        made.append(Week(whole.periods[days[0]], whole.periods[days[-1]], float(gap[days] @ mass / mass.sum()), *(float(each[days].sum()) for each in visits), bool(week >= 0)))
    return tuple(made)
