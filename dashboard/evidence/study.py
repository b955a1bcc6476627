"""The pilot's evidence from the build, for the page's filters and view: one frozen answer a question, cached by the store. No words, no drawing.

    from dashboard.evidence import study
    found = study.headline(store, selection)      # average, median, P90, shares, checks, raw figures, mix, spillover, sensitivities
    found.refused, found.main.verdict.code, found.main.change
The days are the pilot's own (every day of the build whose visits are over), not the selection's period; its filters, view and port apply.
What cannot be compared at all is a Reason in `refused` (words.refusal), and what cannot be measured yet is an Effect that says so.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from dashboard.evidence.arms import problem
from dashboard.evidence.daily import LEAST_A_DAY, LOW_BITS, MIXES, Rows, Visits, numbered, read_rows
from dashboard.evidence.effect import Effect, Plan, Range, assess
from dashboard.evidence.lock import lock_of
from dashboard.evidence.panel import Panel
from dashboard.evidence.report import R_LINE, collapsed
from dashboard.evidence.shares import PERCENTS, change_over, gaps, share_over
from dashboard.evidence.verdict import Reason
from dashboard.metrics import FACTS
from dashboard.selection import Selection
from etl.contracts import codes
from etl.errors import DeclarationError

if TYPE_CHECKING:
    from dashboard.store import Opened, Store

LONGEST_VISIT = dt.timedelta(hours=72)  # a visit without an exit is given up then: a day counts once that is past
LIMITS = (60, 120)
ARMS, PERIODS = ("pilot", "comparison"), ("before", "after")
OF_VISITS = frozenset({"missing_exit", "still_inside", "uncertain_time", "view_core", "one_sided_mix"})  # exclusions that count visits; the others count days or units
_UNTIMED = {"incomplete": "missing_exit", "open": "still_inside", "closed": "uncertain_time"}


@dataclass(frozen=True)
class Side:
    """One arm before the start or since, as recorded: raw figures, which say nothing of the pilot. Minutes; shares 0 to 1; None is no visit."""

    arm: str
    period: str
    visits: int
    days: int
    visits_a_day: float
    mean: float | None
    median: float | None
    p90: float | None
    over_60: float | None
    over_120: float | None
    missing_exits: float
    covered: float
    checks_known: float
    checks_mean: float | None


@dataclass(frozen=True)
class Mix:
    """One arm's raw change in minutes a visit, split: total = like_for_like + mix + one_sided (one-sided Kitagawa at the mix since the start)."""

    arm: str
    total: float
    like_for_like: float
    mix: float
    one_sided: float


@dataclass(frozen=True)
class Share:
    """The share of visits over a limit since the start at the pilot units, and its change against without the pilot, in points.

    `verdict` is never above that of the average visit, whose checks it rests on: see share_verdict.
    """

    limit: int
    observed: float
    without: float
    change: Range
    verdict: str


@dataclass(frozen=True)
class Exclusion:
    """What was not counted: a code of words.EXCLUSIONS and how many."""

    code: str
    n: int


@dataclass(frozen=True)
class Headline:
    """Everything the top of the Pilot page says. `refused` tells why there is nothing; all else is empty then.

    total          the change without standardising: it holds what moved because other trucks came
    agree          average, median and P90 point the same way where they point at all; None where one is not measurable
    other_view     the main Effect of the view not chosen; removed_n visits tell the two apart
    """

    refused: Reason | None
    view: str = "all"
    unit_kind: str = "unit"
    main: Effect | None = None
    median: Effect | None = None
    p90: Effect | None = None
    checks: Effect | None = None
    total: Effect | None = None
    shares: tuple[Share, ...] = ()
    sides: tuple[Side, ...] = ()
    mix: tuple[Mix, ...] = ()
    agree: bool | None = None
    without_ramadan: Effect | None = None
    ramadan_days: int = 0
    other_view: Effect | None = None
    removed_n: int = 0
    exclusions: tuple[Exclusion, ...] = ()
    units_left_out: tuple[str, ...] = ()
    period_days: int = 1
    days_used: int = 0
    days_dropped: int = 0
    filters: tuple[tuple[str, tuple[str, ...]], ...] = ()
    fingerprint: str = ""

    def side(self, arm: str, period: str) -> Side | None:
        return next((each for each in self.sides if (each.arm, each.period) == (arm, period)), None)


def headline(store: Store, selection: Selection) -> Headline:
    """Return the main measures of the pilot for these filters and this view. Raises BuildError without a build, and nothing for data that do not suit."""
    selection = store.within(selection)
    return store.made(("headline", *key_of(selection), selection.view), lambda opened: _headline(store, opened, selection))


def panel_of(store: Store, selection: Selection, statistic: str = "mean") -> tuple[Panel, Plan] | Reason:
    """Return the panel and the plan behind a main figure of the headline (mean, p50, p90), or why there is none."""
    selection = store.within(selection)
    return store.made(("panel", *key_of(selection), selection.view, statistic), lambda opened: _panel(store, opened, selection, statistic))


def main_panel(store: Store, selection: Selection) -> Panel:
    """Return the panel behind the headline's main Effect. Raises DeclarationError where the headline is refused: ask that first."""
    made = panel_of(store, selection)
    if isinstance(made, Reason):
        raise DeclarationError("panel", f"there is none: {made.code}", "a headline that is not refused")
    return made[0]


def collapsed_of(store: Store, selection: Selection, statistic: str = "mean") -> tuple[pl.DataFrame, str] | None:
    """Return (table of units and blocks behind a main figure, the line of R that gives its gap and the standard error of 28-day blocks from that table as CSV).

    None where a figure rests on no such table: it has no number, several starts, or transporters as units.
    """
    made, head = panel_of(store, selection, statistic), headline(store, selection)
    effect = {"mean": head.main, "p50": head.median, "p90": head.p90}[statistic]
    if isinstance(made, Reason) or effect is None or not effect.has_number or len(made[0].cohorts) != 1 or made[0].within is not None:
        return None
    return collapsed(made[0], made[1].scale), R_LINE


# ---------------------------------------------------------------------- reading
def key_of(selection: Selection) -> tuple:
    return ("evidence", selection.port, tuple(selection.filters.items()))


def rows_of(store: Store, opened: Opened, selection: Selection) -> Rows | Reason:
    """Return the visits of both views, read once per build and filters; or why there is no panel."""
    return store.made(("rows", *key_of(selection)), lambda opened: _rows(opened, selection), opened.build_id)


def days_of(opened: Opened) -> tuple[dt.date, dt.date]:
    """Return the first and the last local day that count: of later days, visits may still be under way."""
    about = opened.about
    return about.first_day, min(about.last_day, (about.now_local_at - LONGEST_VISIT).date() - dt.timedelta(days=1))


def conditions(selection: Selection) -> tuple[str, dict[str, object]]:
    """Return the selection's filters as SQL on a visit (alias v), without its period and view."""
    columns = FACTS["visits"].filters
    parts = ["v.port_code = $port_code", *(f"v.{columns[name]} = ANY($f_{name})" for name in selection.filters)]
    return " AND ".join(parts), {"port_code": selection.port, **{f"f_{name}": list(values) for name, values in selection.filters.items()}}


def _rows(opened: Opened, selection: Selection) -> Rows | Reason:
    arms, (first, last) = opened.frame("SELECT * FROM dim_pilot_arms"), days_of(opened)
    if arms.height and last <= first:
        return Reason("no_days")
    if found := problem(arms, first, last):
        return found
    where, params = conditions(selection)
    gates = opened.frame("SELECT DISTINCT gate_code FROM dim_gates ORDER BY gate_code")["gate_code"].to_list() if arms["unit_kind_code"][0] == "carrier" else []
    cursor = opened.connection.cursor()
    try:
        with numbered(cursor, "gate", gates):
            rows = read_rows(
                cursor, arms, first, last, where=where, params=params,
                beside={
                    "is_excluded": "coalesce(v.is_excluded, false)", "checks": "CAST(coalesce(v.document_checks_n, -1) AS SMALLINT)",
                    "direction": f"CAST(coalesce(list_position({list(codes.DIRECTION.codes)}, v.direction_code), 0) - 1 AS TINYINT)",
                    **({"place": "CAST(coalesce((SELECT gate FROM evidence_gate WHERE gate_code = v.entry_gate_code), -1) + 1 AS SMALLINT)"} if gates else {}),
                },
            )  # fmt: skip
    finally:
        cursor.close()
    if not len(rows.packed) and not rows.lost:
        return Reason("no_visits")
    return (_side_filtered_out(rows) if selection.filters else None) or rows


def _side_filtered_out(rows: Rows) -> Reason | None:
    """Return which side the reader's filters leave without a single visit, although the port has units on it: no waiting helps then."""
    seen = rows.is_pilot[np.unique((rows.packed >> LOW_BITS) // len(rows.days))]
    for arm, is_arm in (("pilot", True), ("comparison", False)):
        if (rows.is_pilot == is_arm).any() and not (seen == is_arm).any():
            return Reason(f"{arm}_filtered_out")
    return None


def kind_of(opened: Opened) -> str:
    return opened.frame("SELECT min(unit_kind_code) AS kind FROM dim_pilot_arms")["kind"][0]


def plan_of(opened: Opened, selection: Selection, **more: object) -> Plan:
    """Return the plan of an Effect from the build: its locked end and whether it was locked in time, what is shared, and what the reader's filters leave out."""
    kind = kind_of(opened)
    points = opened.frame("SELECT place_code, is_shared FROM dim_service_points ORDER BY place_code")
    shared = points if kind == "carrier" else points.filter(pl.col("is_shared").fill_null(False))  # transporters share every point
    left_out = tuple(f"{name}={','.join(values)}" for name, values in selection.filters.items()) + (("view=core",) if selection.view == "core" else ())
    held = lock_of(opened.frame("SELECT * FROM dim_pilot_arms"), opened.frame("SELECT * FROM dim_pilot_plan"))
    end_day = held.plan["end_day"] if held.plan else None
    caps = (*held.caps, Reason("filtered")) if selection.filters else held.caps  # a group picked after looking is never a finding
    return Plan("turnaround_min", unit_kind=kind, end_day=end_day, shared_points=tuple(shared["place_code"]), exclusions=left_out, caps=caps, **more)


def suited(visits: Visits) -> tuple[Visits, tuple[str, ...]]:
    """Return the visits as they are measured: units with visits on both sides (unless that empties an arm), by week where days are thin. And who left."""
    gone = visits.one_sided()
    for arm in (visits.is_pilot, ~visits.is_pilot):
        if gone[arm].all():
            gone = gone & ~arm
    kept = visits.without_units(gone) if gone.any() else visits
    if 0 < kept.least_a_day() < LEAST_A_DAY and (weekly := kept.by_week()).has_both_sides:  # 0: a side is empty, and weeks would not fill it
        kept = weekly
    return kept, tuple(unit for unit, out in zip(visits.units, gone, strict=True) if out)


def of_view(rows: Rows, view: str) -> Visits:
    return rows.visits() if view == "all" else rows.visits(~rows.beside["is_excluded"], core=True)


def _panel(store: Store, opened: Opened, selection: Selection, statistic: str) -> tuple[Panel, Plan] | Reason:
    rows = rows_of(store, opened, selection)
    if isinstance(rows, Reason):
        return rows
    raw = of_view(rows, selection.view)
    visits, _ = suited(raw)
    return visits.panel("mean" if visits.places else statistic).positive(), plan_of(opened, selection, missing_exits=raw.missing_exits, statistic=statistic)


# ---------------------------------------------------------------------- the headline
def _headline(store: Store, opened: Opened, selection: Selection) -> Headline:
    rows, view, filters = rows_of(store, opened, selection), selection.view, tuple(selection.filters.items())
    if isinstance(rows, Reason):
        return Headline(rows, view, filters=filters)
    raw = of_view(rows, view)
    visits, left_out = suited(raw)
    plan = plan_of(opened, selection, missing_exits=raw.missing_exits)
    main, median, p90 = (assess(visits.panel("mean" if visits.places else each).positive(), replace(plan, statistic=each)) for each in ("mean", "p50", "p90"))
    others = of_view(rows, other := "core" if view == "all" else "all")
    other_plan = plan_of(opened, replace(selection, view=other), missing_exits=others.missing_exits)
    out = _ramadan(opened, visits)
    known = rows.beside["checks"] >= 0
    in_view = np.ones(len(known), bool) if view == "all" else ~rows.beside["is_excluded"]
    calm = assess(visits.without_days(out).panel().positive(), plan) if out.any() and not out.all() else None
    return Headline(
        None, view, plan.unit_kind, main, median, p90, _checks(rows, known & in_view, plan), assess(visits.as_recorded().panel().positive(), plan), _shares(visits, main), _sides(rows, raw, known, in_view),
        tuple(split for arm in ARMS if (split := _mix(visits, arm)) is not None), _agree(main, median, p90), calm, int(out.sum()) * visits.period_days,
        assess(suited(others)[0].panel().positive(), other_plan), int(rows.beside["is_excluded"].sum()), _exclusions(opened, rows, visits, raw, main, left_out, view), left_out, visits.period_days,
        used := (len(visits.days) - main.periods_dropped) * visits.period_days, len(raw.days) - used, filters, _fingerprint(main, filters, view),
    )  # fmt: skip


def _ramadan(opened: Opened, visits: Visits) -> np.ndarray:
    """Return which periods hold a day of Ramadan (dim_calendar)."""
    spans = opened.frame("SELECT from_on, to_on FROM dim_calendar WHERE calendar_code = 'ramadan'").rows()
    ends = [day + dt.timedelta(days=visits.period_days - 1) for day in visits.days]
    return np.array([any(first <= end and day <= last for first, last in spans) for day, end in zip(visits.days, ends, strict=True)], dtype=bool)


def _checks(rows: Rows, known: np.ndarray, plan: Plan) -> Effect | None:
    """Return the Effect on document checks per visit, in checks (no percentage of a number that may be 0); None where none is recorded."""
    if not known.any():
        return None
    visits, _ = suited(rows.visits(known, value=rows.beside["checks"]))
    return assess(visits.panel(), replace(plan, measure="document_checks", scale="level"))


def _shares(visits: Visits, main: Effect) -> tuple[Share, ...]:
    """Return the shares over the limits, where the main measure may be shown at all."""
    if not main.has_number or visits.places or len(visits.panel().cohorts) != 1:
        return ()
    curve, observed = gaps([panel.positive() for panel in visits.curve(PERCENTS)]), visits.since(PERCENTS)
    b, half = np.array([each.b for each in curve]), np.array([each.half() for each in curve])
    made = []
    for limit in LIMITS:
        over = 100 * share_over(limit, observed)
        change = change_over(limit, observed, b, half)
        made.append(Share(limit, over, over - change.best, change, share_verdict(change, main)))
    return tuple(made)


def share_verdict(change: Range, main: Effect) -> str:
    """Return the verdict of a share: none where its own range holds zero, else that of the average visit; weak at most where it goes the other way.

    A share has no drift, trial dates or units left out of its own, so that it can never be surer than the average visit.
    """
    if change.low <= 0 <= change.high:
        return "none"
    goes_along = np.sign(change.best) == np.sign(main.change.best)
    return main.verdict.code if goes_along or main.verdict.code not in ("strong", "moderate") else "weak"


def _sides(rows: Rows, raw: Visits, known: np.ndarray, in_view: np.ndarray) -> tuple[Side, ...]:
    """Return the four sides as recorded, every visit at weight 1."""
    plain = raw.as_recorded()
    day = raw.where(plain.cell)[1]
    side = _side(raw, plain.cell)
    cells = (rows.packed[in_view] >> LOW_BITS) * (raw.places or 1)
    checked, checks = _side(raw, cells[known[in_view]]), rows.beside["checks"][known & in_view]
    made = []
    for number, (arm, period) in enumerate((arm, period) for arm in ARMS for period in PERIODS):
        minutes, place = plain.minutes[side == number], divmod(number, 2)
        n, days, seen = len(minutes), len(np.unique(day[side == number])), checks[checked == number]
        share = {limit: float((minutes > limit).mean()) if n else None for limit in LIMITS}
        middle, slow = np.quantile(minutes, (0.5, 0.9)).tolist() if n else (None, None)
        made.append(
            Side(arm, period, n, days, n / days if days else 0.0, float(minutes.mean()) if n else None, middle, slow, share[60], share[120], raw.missing_exits[number], float(raw.covered[place]),
                 len(seen) / n if n else 0.0, float(seen.mean()) if len(seen) else None)
        )  # fmt: skip
    return tuple(made)


def _side(visits: Visits, cell: np.ndarray) -> np.ndarray:
    """Return 0 to 3 for each visit: pilot before and after, comparison before and after."""
    unit, day = visits.where(cell)
    return np.where(visits.is_pilot[unit], 0, 2) + (day >= visits.starts[unit])


def _mix(visits: Visits, arm: str) -> Mix | None:
    """Split one arm's raw change; None where a side has no visit."""
    plain, mixes = visits.as_recorded(), visits.packed & (MIXES - 1)
    side = _side(visits, plain.cell)
    unit, _ = visits.where(plain.cell)
    n, total = [], []
    for number in (0, 1) if arm == "pilot" else (2, 3):
        here = side == number
        place = unit[here] * MIXES + mixes[here]
        n.append(np.bincount(place, minlength=len(visits.units) * MIXES))
        total.append(np.bincount(place, plain.minutes[here], minlength=len(visits.units) * MIXES))
    if not (n[0].any() and n[1].any()):
        return None
    change = total[1].sum() / n[1].sum() - total[0].sum() / n[0].sum()
    both = (n[0] > 0) & (n[1] > 0)
    if not both.any():
        return Mix(arm, float(change), 0.0, 0.0, float(change))
    means = [total[each][both] / n[each][both] for each in (0, 1)]
    share = [n[each][both] / n[each][both].sum() for each in (0, 1)]
    like, moved = float(share[1] @ (means[1] - means[0])), float((share[1] - share[0]) @ means[0])
    return Mix(arm, float(change), like, moved, float(change) - like - moved)


def _agree(*effects: Effect) -> bool | None:
    """Return whether the measures that leave zero out do so on one side, and the others do not contradict them by their best estimate."""
    if not all(effect.has_number for effect in effects):
        return None
    clear = {np.sign(effect.change.best) for effect in effects if effect.change.low > 0 or effect.change.high < 0}
    return len(clear) < 2 and (not clear or all(np.sign(effect.change.best) in clear for effect in effects))


def _exclusions(opened: Opened, rows: Rows, visits: Visits, raw: Visits, main: Effect, left_out: tuple[str, ...], view: str) -> tuple[Exclusion, ...]:
    counts = {"days_not_over": max(0, (opened.about.last_day - rows.days[-1]).days)}
    for _, _, is_excluded, status, n in rows.lost:
        if status in _UNTIMED and not (view == "core" and is_excluded):
            counts[_UNTIMED[status]] = counts.get(_UNTIMED[status], 0) + n
    counts |= {
        "view_core": int(rows.beside["is_excluded"].sum()) if view == "core" else 0, "one_sided_mix": len(visits.packed) - len(visits.cell), "one_sided_units": len(left_out),
        "unfinished_weeks": len(raw.days) - len(visits.days) * visits.period_days, "unmeasured_days": main.periods_dropped * visits.period_days,
    }  # fmt: skip
    return tuple(Exclusion(code, n) for code, n in counts.items() if n)


def _fingerprint(main: Effect, filters: tuple, view: str) -> str:
    return hashlib.sha256(repr((main.fingerprint, filters, view, str(main.first), str(main.start), str(main.last))).encode()).hexdigest()[:16]
