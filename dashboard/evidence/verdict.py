"""The rule that turns an estimate and its checks into one of five words, and the days on which that word is given. No text of a reader's language here.

strong > moderate > weak > none (no detectable change); not_yet gives no number at all. Each verdict carries its reasons as codes with values.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from dashboard.evidence.diagnostics import LEAVE_OUT_SHARE, Diagnostics
from dashboard.evidence.estimate import Estimate

VERDICTS = ("strong", "moderate", "weak", "none", "not_yet")
# Days after the start on which a verdict is given, and the error each look may spend; together they stay near .05 (O'Brien-Fleming spending).
LOOKS: tuple[tuple[int, float], ...] = ((28, 0.0002), (84, 0.0047), (182, 0.045))
ALPHA = 0.05
# Strong asks the cautious interval at half of what the look may spend. At the whole of it, fake pilots among real airports were called strong in
# 3.2 to 5.7 % (mean, median) and an undetectable trend in 11.8 %; at half of it in 1.3 to 3.0 % and 9.4 %, and -12 % is found as often (85.0 %).
STRONG_SHARE = 0.5
LEAST_DAYS_BEFORE, LEAST_DAYS_AFTER, LEAST_VISITS = 56, 28, 300
MISSING_EXITS_LIMIT, MISSING_EXITS_CAP, MISSING_EXITS_GAP = 0.15, 0.05, 0.02
HALF_WIDTH_LIMIT = 0.25


@dataclass(frozen=True)
class Reason:
    """Why: a code of words.REASONS and the values its sentence needs."""

    code: str
    values: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Verdict:
    """The word, what speaks for it, and what keeps it from being a better one. `alpha` is the error this look may spend."""

    code: str
    reasons: tuple[Reason, ...]
    limits: tuple[Reason, ...] = ()
    alpha: float = ALPHA


@dataclass(frozen=True)
class Facts:
    """What the rule must know besides the estimate. Counts are None where the panel does not carry them."""

    units: int
    has_comparison: bool
    days_before: int | None
    days_after: int | None
    least_visits: int | None = None
    missing_exits: tuple[float, ...] = ()
    shared_points: tuple[str, ...] = ()
    excluded_after_look: bool = False
    caps: tuple[Reason, ...] = ()  # what else keeps the verdict at weak, e.g. a plan that was not locked in time


def look(days_after: int, end_day: int | None = None) -> tuple[int | None, float, int | None]:
    """Return (day of the last verdict so far or None, its alpha, day of the next one or None). One announced end day replaces the three looks."""
    looks = ((end_day, ALPHA),) if end_day else LOOKS
    past = [each for each in looks if each[0] <= days_after]
    ahead = [each for each in looks if each[0] > days_after]
    return past[-1][0] if past else None, (past or ahead)[-1 if past else 0][1], ahead[0][0] if ahead else None


def missing(facts: Facts, found: Estimate | None, relative_half: float) -> tuple[Reason, ...]:
    """Return what is lacking for any number to be given; empty when nothing is."""
    said = []
    if not facts.has_comparison:
        said.append(Reason("no_comparison"))
    if facts.days_before is not None and facts.days_before < LEAST_DAYS_BEFORE:
        said.append(Reason("short_before", {"days": facts.days_before, "least": LEAST_DAYS_BEFORE}))
    if facts.days_after is not None and facts.days_after < LEAST_DAYS_AFTER:
        said.append(Reason("short_after", {"days": facts.days_after, "least": LEAST_DAYS_AFTER}))
    if facts.least_visits is not None and facts.least_visits < LEAST_VISITS:
        said.append(Reason("few_visits", {"visits": facts.least_visits, "least": LEAST_VISITS}))
    if facts.missing_exits and max(facts.missing_exits) > MISSING_EXITS_LIMIT:
        said.append(Reason("missing_exits", {"share": max(facts.missing_exits), "most": MISSING_EXITS_LIMIT}))
    if said:
        return tuple(said)
    if found is None or not found.noises:
        return (Reason("no_noise"),)
    return () if relative_half <= HALF_WIDTH_LIMIT else (Reason("too_noisy", {"half": relative_half, "most": HALF_WIDTH_LIMIT}),)


def judge(found: Estimate, checks: Diagnostics, facts: Facts, alpha: float = ALPHA) -> Verdict:
    """Return the verdict of an estimate that lacks nothing (see missing)."""
    b = float(found.b)
    standard, cautious = abs(b) > float(found.half(alpha, cautious=False)), abs(b) > float(found.half(STRONG_SHARE * alpha))
    kept = [gap / b for _, gap in checks.left_out] if b else []
    one_carries = [unit for unit, gap in checks.left_out if not b or gap / b <= LEAVE_OUT_SHARE]
    caps = _caps(facts)
    if not standard:
        return Verdict("none", (Reason("within_noise"),), (), alpha)
    failed = list(caps)
    if checks.has_drift:
        failed.append(Reason("drift", {"per_100": checks.drift_per_100}))
    if one_carries or not kept:
        failed.append(Reason("one_carries", {"units": tuple(one_carries)}))
    stands = (Reason("beyond_noise"),)
    if failed:
        return Verdict("weak", stands, tuple(failed), alpha)
    good = (Reason("each_left_out", {"units": len(kept)}), *((Reason("no_drift_seen", {"missed": checks.drift_missed_per_100}),) if checks.drift_p is not None else ()))
    short = []
    if not cautious:
        short.append(Reason("slow_noise"))
    if checks.drift_p is None:
        short.append(Reason("drift_unknown"))
    if checks.placebo_p90 is None:
        short.append(Reason("no_trial_dates"))
    elif abs(b) <= checks.placebo_p90:
        short.append(Reason("trial_dates_as_large", {"n": checks.placebo_as_large, "of": len(checks.placebo_gaps)}))
    if facts.shared_points:
        short.append(Reason("shared_points", {"places": facts.shared_points}))
    if short:
        return Verdict("moderate", (*stands, *good), tuple(short), alpha)
    trials = Reason("beyond_trial_dates", {"n": len(checks.placebo_gaps) - checks.placebo_as_large, "of": len(checks.placebo_gaps)})
    return Verdict("strong", (*good[:1], trials, Reason("survives_slow_noise"), *good[1:]), (), alpha)


def _caps(facts: Facts) -> tuple[Reason, ...]:
    said = []
    if facts.units == 2:
        said.append(Reason("two_units"))
    if facts.missing_exits and max(facts.missing_exits) > MISSING_EXITS_CAP:
        said.append(Reason("missing_exits_many", {"share": max(facts.missing_exits)}))
    elif facts.missing_exits and float(np.ptp(facts.missing_exits)) > MISSING_EXITS_GAP:
        said.append(Reason("missing_exits_differ", {"points": float(np.ptp(facts.missing_exits))}))
    if facts.excluded_after_look:
        said.append(Reason("excluded_after_look"))
    return (*said, *facts.caps)
