"""Where in the visit the minutes were: like-for-like daily means of every step of the pilot's visits, from one pass over fct_visit_steps. No estimate here.

A step counts the visits that made it (wait and service of one passage), so that a log that fell silent for a day is a day without data, not a zero.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np

from dashboard.evidence.arms import UNIT_COLUMNS
from dashboard.evidence.daily import HOURS_A_BLOCK, LEAST_A_DAY, MIXES, VIEWS, WEEK, Rows, numbered
from dashboard.evidence.panel import NEVER, Panel
from etl.contracts import codes

# In the order of the visit: the queue outside, the service points, the way between them. The whole visit is asked elsewhere.
STEPS = ("queue", *(code for code in codes.STEP.codes if code != "travel"), "travel")


@dataclass(frozen=True, eq=False)
class Passages:
    """Passages of one step, summed by unit, day and cell of the mix: unit x day (sorted), mix, how many, thousandths of a minute."""

    units: tuple[str, ...]
    days: tuple[dt.date, ...]
    starts: np.ndarray
    is_pilot: np.ndarray
    cell: np.ndarray
    mix: np.ndarray
    n: np.ndarray
    total: np.ndarray
    period_days: int = 1

    @property
    def side(self) -> np.ndarray:
        """0 to 3: pilot before and after, comparison before and after."""
        unit, day = np.divmod(self.cell, len(self.days))
        return np.where(self.is_pilot[unit], 0, 2) + (day >= self.starts[unit])

    def counted(self) -> tuple[tuple[int, ...], tuple[float | None, ...]]:
        """Return (passages, raw mean minutes) of the four sides."""
        n, total = (np.bincount(self.side, each, minlength=4) for each in (self.n, self.total))
        return tuple(n.astype(int).tolist()), tuple(float(t / each / 1000) if each else None for t, each in zip(total, n, strict=True))

    def suited(self) -> Passages:
        """Return the passages of units seen on both sides (unless that empties an arm), by week where days are thin."""
        unit, day = np.divmod(self.cell, len(self.days))
        per_side = np.bincount(unit * 2 + (day >= self.starts[unit]), self.n, minlength=2 * len(self.units)).reshape(-1, 2)
        gone = (per_side == 0).any(axis=1)
        for arm in (self.is_pilot, ~self.is_pilot):
            gone = gone & ~arm if gone[arm].all() else gone
        kept = self._of(~gone)
        lengths = np.stack([self.starts, len(self.days) - self.starts], axis=1)
        if (per_side / np.maximum(lengths, 1))[~gone].min(initial=np.inf) >= LEAST_A_DAY:
            return kept
        weekly = kept._by_week()
        return weekly if ((weekly.starts > 0) & (weekly.starts < len(weekly.days)))[weekly.is_pilot].all() else kept

    def _of(self, keep: np.ndarray) -> Passages:
        unit, day = np.divmod(self.cell, len(self.days))
        here = keep[unit]
        units = tuple(unit for unit, stays in zip(self.units, keep, strict=True) if stays)
        return Passages(units, self.days, self.starts[keep], self.is_pilot[keep], ((np.cumsum(keep) - 1)[unit] * len(self.days) + day)[here], self.mix[here], self.n[here], self.total[here])

    def _by_week(self) -> Passages:
        skip = int(self.starts[self.is_pilot].min()) % WEEK
        weeks = (len(self.days) - skip) // WEEK
        unit, day = np.divmod(self.cell, len(self.days))
        week = (day - skip) // WEEK
        here = (week >= 0) & (week < weeks)
        days = tuple(self.days[skip + WEEK * each] for each in range(weeks))
        starts = np.minimum((self.starts - skip) // WEEK, weeks)
        return Passages(self.units, days, starts, self.is_pilot, (unit * weeks + week)[here], self.mix[here], self.n[here], self.total[here], WEEK)

    def panel(self) -> Panel:
        """Return units x periods of mean minutes a passage, standardised to the mix since the start like visits are (daily.standardised)."""
        unit, day = np.divmod(self.cell, len(self.days))
        after, place = day >= self.starts[unit], unit * MIXES + self.mix
        before_n, after_n = (np.bincount(place[chosen], self.n[chosen], minlength=len(self.units) * MIXES) for chosen in (~after, after))
        both = (before_n > 0) & (after_n > 0)
        ratio = np.divide(after_n, before_n, out=np.zeros(len(both)), where=both)
        weight = np.where(after, both[place], ratio[place])
        size = len(self.units) * len(self.days)
        mass, minutes, n = (np.bincount(self.cell, each, minlength=size) for each in (weight * self.n, weight * self.total, (weight > 0) * self.n))
        y = np.divide(minutes, mass * 1000, out=np.full(size, np.nan), where=mass > 0)
        shape = (len(self.units), len(self.days))
        return Panel(self.units, self.days, y.reshape(shape), n.reshape(shape), np.where(self.is_pilot, self.starts, NEVER), True, True, self.period_days)


def read_passages(cursor: Any, rows: Rows, kind: str, where: str, params: dict[str, object], view: str) -> dict[str, Passages]:
    """Return the passages of every step of the visits `rows` were read from, by step; steps nobody made are left out."""
    values = {"first_day": rows.days[0], "last_day": rows.days[-1], "steps": list(STEPS), **params}
    unit = UNIT_COLUMNS[kind]
    key = f"CAST(({{step}} * {len(rows.units)} + u.unit) * {len(rows.days)} + (v.entry_day - $first_day::DATE) AS BIGINT) * {MIXES} + (v.entry_hour // {HOURS_A_BLOCK}) * {len(rows.classes)} + c.class"
    part = f"""SELECT {key} AS key, CAST(round({{minutes}} * 1000) AS BIGINT) AS thousandths FROM {{table}} AS v JOIN evidence_unit AS u ON u.unit_code = v.{unit}
        JOIN evidence_class AS c ON c.class_code IS NOT DISTINCT FROM v.cargo_class_code
        WHERE v.entry_day BETWEEN $first_day AND $last_day AND {{minutes}} IS NOT NULL AND {{only}}{VIEWS[view]} AND ({where})"""
    parts = [
        part.format(step="(list_position($steps, v.step_code) - 1)", minutes="v.step_min", table="fct_visit_steps", only="v.step_kind_code = 'service'"),
        *(part.format(step=STEPS.index(name), minutes=f"v.{name}_min", table="fct_visits", only="v.status_code = 'closed'") for name in ("queue", "travel")),
    ]  # fmt: skip
    with numbered(cursor, "unit", rows.units), numbered(cursor, "class", rows.classes):
        found = cursor.execute(f"SELECT key, count(*) AS n, CAST(sum(thousandths) AS BIGINT) AS total FROM ({' UNION ALL '.join(parts)}) GROUP BY key", values).fetchnumpy()
    key, n, total = (np.asarray(np.ma.getdata(found[name]), dtype=np.int64) for name in ("key", "n", "total"))
    order = np.argsort(key)  # groups come in any order, and sums of fractions depend on it
    key, n, total = key[order], n[order], total[order]
    cell, mix = np.divmod(key, MIXES)
    step, cell = np.divmod(cell, len(rows.units) * len(rows.days))
    return {
        name: Passages(rows.units, rows.days, rows.starts, rows.is_pilot, cell[here], mix[here], n[here], total[here])
        for number, name in enumerate(STEPS) if (here := step == number).any()
    }  # fmt: skip
