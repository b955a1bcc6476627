"""One frozen Effect: estimate, intervals, checks, verdict, counts and fingerprint of one panel. Page, CSV, briefing and command render this and nothing else.

    effect = assess(panel, Plan(measure="turnaround_min", unit_kind="lane"))
    effect.verdict.code, effect.change.low, effect.change.best, effect.change.high      # below 0: time saved
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import asdict, dataclass, replace

import numpy as np

from dashboard.evidence.bounds import everywhere
from dashboard.evidence.diagnostics import Diagnostics, days_to_see, diagnose
from dashboard.evidence.estimate import (
    Estimate,
    contrasts,
    estimate,
    lengths_of,
    minutes,
    on_scale,
    unit_contrast,
)
from dashboard.evidence.panel import NEVER, Panel
from dashboard.evidence.staggered import staggered
from dashboard.evidence.starts import diagnose_starts
from dashboard.evidence.verdict import ALPHA, Facts, Reason, Verdict, judge, look, missing
from dashboard.evidence.within import lacking as lacking_within
from dashboard.evidence.within import within

RULES = "evidence-2"  # raise it when a rule or formula changes: it is part of every fingerprint
SIZE_SOUGHT = 0.10  # change a "not yet measurable" is dated for


@dataclass(frozen=True)
class Plan:
    """What was fixed before looking: measure, scale, kind of unit, what is shared, what is left out, and an announced end if the three looks are not used."""

    measure: str = "outcome"
    scale: str = "log"
    unit_kind: str = "unit"
    end_day: int | None = None
    shared_points: tuple[str, ...] = ()
    exclusions: tuple[str, ...] = ()
    excluded_after_look: bool = False
    missing_exits: tuple[float, ...] = ()
    caps: tuple[Reason, ...] = ()
    statistic: str = "mean"


@dataclass(frozen=True)
class Range:
    """A best estimate that never goes without its low and high end."""

    low: float
    best: float
    high: float


@dataclass(frozen=True)
class Effect:
    """Everything that may be said of one measure. Numbers are None while the verdict is not_yet; changes below 0 are less than without the pilot."""

    plan: Plan
    pilots: tuple[str, ...]
    comparisons: tuple[str, ...]
    first: object
    start: object
    last: object
    days_after: int | None
    periods_dropped: int
    counts: tuple[tuple[str, str, int, float], ...]
    verdict: Verdict
    is_provisional: bool
    verdict_on: object
    next_verdict_on: object
    seen_around: dt.date | None
    found: Estimate | None
    gap: Range | None
    standard_gap: Range | None
    change: Range | None
    percent: Range | None
    truck_hours: Range | None
    bounds: Range | None
    means: tuple[float, float, float, float] | None
    observed_after: float | None
    mde: float | None
    mde_change: float | None
    erased_by_percent: float | None
    largest_before_percent: float | None
    checks: Diagnostics | None
    cohorts: tuple[tuple[object, float, float], ...]
    fingerprint: str

    @property
    def has_number(self) -> bool:
        return self.change is not None


# What an Effect without a verdict does not carry.
_NUMBERS = ("found", "gap", "standard_gap", "change", "percent", "truck_hours", "bounds", "mde", "mde_change", "erased_by_percent", "largest_before_percent")


def assess(panel: Panel, plan: Plan | None = None) -> Effect:
    """Return the Effect of a panel. The verdict is that of the last verdict day reached; the numbers are of all the data.

    Raises InputError only where the panel and the scale contradict each other; too little data is an Effect that says so.
    """
    plan = plan or Plan()
    last_look, alpha, next_look = look(_days_after(panel), plan.end_day) if panel.is_daily else (None, ALPHA, None)
    whole = _assess(panel, plan, alpha)
    if not panel.is_daily:
        return _without_unearned_hours(whole)
    start = panel.periods[min(panel.cohorts)]
    dated = replace(whole, next_verdict_on=start + dt.timedelta(days=next_look) if next_look else None)
    if last_look is None or whole.verdict.code == "not_yet":
        return _without_unearned_hours(replace(dated, is_provisional=next_look is not None))
    on = start + dt.timedelta(days=last_look)
    seen = np.array([_last_day(panel, day) < on for day in panel.periods])
    then = whole if seen.all() else _assess(panel.only(periods=seen), plan, alpha)
    verdict = then.verdict
    if verdict.code == "not_yet":  # enough by now, but not on the day a verdict was due: the next one gives the first number
        return replace(dated, **dict.fromkeys(_NUMBERS), verdict=replace(verdict, reasons=(Reason("lacked_at_look"),)), verdict_on=on, is_provisional=next_look is not None)
    if verdict.code == "none" and abs(float(whole.found.b)) > float(whole.found.half()):
        verdict = replace(verdict, reasons=(Reason("below_this_look", {"size": _largest_at(then, alpha)}),))
    return _without_unearned_hours(replace(dated, verdict=verdict, verdict_on=on, is_provisional=next_look is not None and not seen.all()))


def _without_unearned_hours(effect: Effect) -> Effect:
    """Return the Effect without truck-hours unless its verdict, that of its day and not of all the data, carries them."""
    return effect if effect.verdict.code in ("strong", "moderate") else replace(effect, truck_hours=None)


def _largest_at(effect: Effect, alpha: float) -> float:
    """Return the largest change, in the measure's own unit, that the data of a look leave possible at the error it may spend."""
    b, half = float(effect.found.b), float(effect.found.half(alpha, cautious=False))
    return max(abs(float(minutes(gap, effect.observed_after)) if effect.plan.scale == "log" else gap) for gap in (b - half, b + half))


def _assess(panel: Panel, plan: Plan, alpha: float) -> Effect:
    treated, several = panel.treated, len(panel.cohorts) > 1
    by_place = panel.within is not None
    part, dropped = (panel, 0) if several or by_place else panel.complete()
    y = on_scale(part, plan.scale)
    start, after = min(part.cohorts, default=0), part.after if part.cohorts else np.zeros(len(part.periods), bool)
    dates = part.periods if part.is_daily else None
    measured = bool((~treated).any()) or several
    facts = Facts(
        len(part.units), measured, start * part.period_days if dates else None, (len(part.periods) - start) * part.period_days if dates else None,
        _least_visits(part) if part.is_weighted else None, plan.missing_exits, plan.shared_points, plan.excluded_after_look, plan.caps,
    )  # fmt: skip
    found, checks, cohorts, shares = None, None, (), np.ones(len(part.units))
    unfit = lacking_within(part, plan.statistic) if by_place else ()
    if measured and 0 < start < len(part.periods) and not unfit and (several or by_place or np.isfinite(y).all()):
        if by_place:
            found, checks = within(part, plan.scale)
        elif several:
            found, parts = staggered(part, y)
            cohorts = tuple((part.periods[each.start], float(each.estimate.b), float(each.estimate.half())) for each in parts)
            checks = diagnose_starts(part, y, found, parts, part.outcome if plan.scale == "log" else None) if found.noises else None
        else:
            c, p = contrasts(part)
            shares = part.weight[:, after].sum(axis=1) if part.is_weighted else shares
            found = estimate(y, c, p, lengths_of(part))
            checks = diagnose(y, c, p, shares, part.units, found, lengths_of(part), part.outcome if plan.scale == "log" else None, part.period_days)
    observed, means = _levels(part, after)
    half = float(found.half()) if found is not None and found.noises else float("nan")
    without = observed - float(found.b) if found is not None and plan.scale == "level" else 1.0
    relative = half / abs(without) if plan.scale == "level" and without else float(np.expm1(half)) if np.isfinite(half) else float("nan")
    lacking = unfit or missing(facts, found, relative)
    verdict = Verdict("not_yet", lacking, (), alpha) if lacking else judge(found, checks, facts, alpha)
    effect = Effect(
        plan, tuple(np.array(part.units, dtype=object)[treated]), tuple(np.array(part.units, dtype=object)[~treated]), part.periods[0], part.periods[start] if part.cohorts else None,
        _last_day(part, part.periods[-1]), facts.days_after, dropped, _counts(part), verdict, False, None, None, _seen_around(part, y, treated, start, plan.scale), None, None, None, None, None, None, None,
        means, observed, None, None, None, None, checks, cohorts, _fingerprint(panel, plan),
    )  # fmt: skip
    if lacking:  # an undated table of another port's may still show its gap to an analyst, without a claim
        return replace(effect, found=found) if not part.is_daily and lacking[0].code == "no_noise" else effect
    return _with_numbers(effect, part, y, found, observed, after, treated, not several and not by_place)


def _with_numbers(effect: Effect, panel: Panel, y: np.ndarray, found: Estimate, observed: float, after: np.ndarray, treated: np.ndarray, has_bounds: bool) -> Effect:
    log, b, half = effect.plan.scale == "log", float(found.b), float(found.half())
    size = (lambda gap: float(minutes(gap, observed))) if log else float
    share = (lambda gap: float(np.expm1(gap)) * 100) if log else (lambda gap: gap / (observed - b) * 100)
    gap, standard = Range(b - half, b, b + half), Range(b - (narrow := float(found.half(cautious=False))), b, b + narrow)
    change = Range(size(gap.low), size(b), size(gap.high))
    checks = effect.checks
    visits = float(panel.weight[np.ix_(treated, after)].sum())
    hours = None
    if effect.plan.measure.endswith("_min") and effect.plan.statistic == "mean" and panel.is_weighted:
        hours = Range(*(each * visits / 60 for each in (change.low, change.best, change.high)))
    bounds = None
    if effect.plan.shared_points and has_bounds and (reach := everywhere(panel, y, ALPHA)) is not None:
        bounds = Range(size(min(gap.low, reach[0])), change.best, size(max(gap.high, reach[2])))
    mde = checks.mde if checks is not None else None
    return replace(
        effect, found=found, gap=gap, standard_gap=standard, change=change, percent=Range(share(gap.low), share(b), share(gap.high)), truck_hours=hours, bounds=bounds, mde=mde,
        mde_change=None if mde is None else abs(size(-mde)) if log else mde, erased_by_percent=None if checks is None or checks.erased_by is None else abs(share(checks.erased_by)),
        largest_before_percent=None if checks is None or checks.largest_before is None else abs(share(checks.largest_before)),
    )  # fmt: skip


def _seen_around(panel: Panel, y: np.ndarray, treated: np.ndarray, start: int, scale: str) -> dt.date | None:
    if not panel.is_daily or not (~treated).any() or len(panel.cohorts) != 1 or not np.isfinite(y).all():
        return None
    size = -np.log1p(-SIZE_SOUGHT) if scale == "log" else SIZE_SOUGHT * abs(float(panel.outcome[treated, :start].mean()))
    days = days_to_see(y[:, :start], unit_contrast(treated, panel.weight.sum(axis=1) if panel.is_weighted else None), float(size), period_days=panel.period_days)
    return None if days is None else panel.periods[start] + dt.timedelta(days=days)


def _levels(panel: Panel, after: np.ndarray) -> tuple[float, tuple[float, float, float, float] | None]:
    """Return (pilot mean after, (pilot before, after, comparison before, after)): weighted means of the panel as given (like for like, if it is), no comparison made."""
    treated, made = panel.treated, []
    for arm in (treated, ~treated):
        for side in (~after, after):
            weight = np.where(np.isfinite(panel.outcome), panel.weight, 0)[np.ix_(arm, side)]
            made.append(float((np.nan_to_num(panel.outcome[np.ix_(arm, side)]) * weight).sum() / weight.sum()) if weight.sum() > 0 else float("nan"))
    return made[1], tuple(made) if np.isfinite(made).all() else None


def _counts(panel: Panel) -> tuple[tuple[str, str, int, float], ...]:
    """Return (arm, period, periods with data, visits) of each side."""
    after = panel.after if panel.cohorts else np.zeros(len(panel.periods), bool)
    return tuple(
        (arm, period, int(np.isfinite(panel.outcome[np.ix_(units, side)]).any(axis=0).sum()), float(panel.weight[np.ix_(units, side)].sum()))
        for arm, units in (("pilot", panel.treated), ("comparison", panel.starts == NEVER)) for period, side in (("before", ~after), ("after", after))
    )  # fmt: skip


def _least_visits(panel: Panel) -> int:
    return int(min((visits for arm, _, _, visits in _counts(panel) if arm == "pilot" or (panel.starts == NEVER).any()), default=0))


def _days_after(panel: Panel) -> int:
    """Return local days from the start to the last day, both included."""
    return (panel.periods[-1] - panel.periods[min(panel.cohorts)]).days + panel.period_days


def _last_day(panel: Panel, period: object) -> object:
    return period + dt.timedelta(days=panel.period_days - 1) if panel.is_daily else period


def _fingerprint(panel: Panel, plan: Plan) -> str:
    return hashlib.sha256(repr((RULES, panel.digest(), sorted(asdict(plan).items()))).encode()).hexdigest()[:16]
