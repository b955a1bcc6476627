"""Pilot: every check of an Effect as one line of words: its state (holds, caution, cannot be said, or a plain fact), its name, its number and what it means.

States follow the verdict's own limits; nothing is judged here that evidence/verdict.py does not judge, except where a line says so.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from dashboard.evidence import lock, study, words
from dashboard.evidence.diagnostics import LEAVE_OUT_SHARE
from dashboard.evidence.effect import Effect
from dashboard.evidence.study import Headline
from dashboard.evidence.verdict import LEAST_VISITS, MISSING_EXITS_CAP, MISSING_EXITS_GAP
from dashboard.format import clauses, listed
from dashboard.i18n import N_
from dashboard.screens.pilot_words import pc, percent_of, signed, unit_name, units
from dashboard.widgets.frame import Frame
from dashboard.widgets.panel import Words

RISING = 1.5  # noise of the longest blocks beyond this multiple of the shortest is said to rise; the cautious range counts it either way
TRAFFIC_APART = 0.10  # visits a day of both groups that part by more than this say that trucks may have changed lanes; ours, for the eye


@dataclass(frozen=True)
class Line:
    """One check in words."""

    state: str
    name: str
    figure: str
    said: str


def lines(page: Frame, found: Headline) -> list[Line]:
    """The checks of the main estimate itself, most telling first. Only for a main Effect that has a number."""
    effect = found.main
    made = [_drift(page, effect), _trials(page, effect), _left_out(page, effect), _fakes(page, effect), _scales(page, effect), _noise(page, effect, found.period_days), _erased(page, effect), _smallest(page, effect)]
    return [line for line in made if line is not None]


def _pc(page: Frame, gap: float | None, effect: Effect, decimals: int = 1) -> str:
    """A gap of the panel's scale in % (or the measure's unit), with its sign."""
    if gap is None or not math.isfinite(gap):
        return "–"
    return pc(page, signed(page, percent_of(gap, 'log'), decimals)) if effect.plan.scale == "log" else signed(page, gap, 2)


def _drift(page: Frame, effect: Effect) -> Line | None:
    _, checks = page.say, effect.checks
    name = _("Drift before the start")
    if checks is None or checks.drift_p is None:
        return Line("unknown", name, "–", _("The time before the start is too short to look for one."))
    missed = _pc(page, abs(checks.drift_missed_per_100), effect).replace("+", "")
    said = _("The gap was already moving before the start.") if checks.has_drift else _("No drift seen; a steady one under {size} per 100 days could be missed.", size=missed)
    return Line("caution" if checks.has_drift else "holds", name, _("{size} per 100 days", size=_pc(page, checks.drift_per_100, effect)), said)


def _trials(page: Frame, effect: Effect) -> Line | None:
    _, checks = page.say, effect.checks
    name = _("Trial dates before the start")
    if checks is None or not checks.placebo_gaps:
        return Line("unknown", name, "–", _("The time before the start is too short for trial dates."))
    n, k = len(checks.placebo_gaps), checks.placebo_as_large
    large = abs(float(effect.found.b)) > checks.placebo_p90
    return Line("fact" if effect.verdict.code == "none" else "holds" if large else "caution", name, _("{k} of {n}", k=k, n=n), trials_words(page, n, k))


def trials_words(page: Frame, n: int, k: int) -> str:
    """In n trial dates, how many showed as much as the real start."""
    if not k:
        return page.say("None of {n} trial dates showed a change this large.", n=n)
    return page.say.plural("{n} of {of} trial dates showed a change this large.", "{n} of {of} trial dates showed a change this large.", k, n=k, of=n)


def _left_out(page: Frame, effect: Effect) -> Line | None:
    _, checks = page.say, effect.checks
    name = _("One unit left out in turn")
    if checks is None or not checks.left_out:
        return Line("unknown", name, "–", _("An arm with one unit cannot do without it."))
    b, gaps = float(effect.found.b), [gap for _unit, gap in checks.left_out]
    weakest = min(checks.left_out, key=lambda each: each[1] / b if b else 0)
    stands = bool(b) and weakest[1] / b > LEAVE_OUT_SHARE
    figure = f"{_pc(page, min(gaps), effect)} … {_pc(page, max(gaps), effect)}"
    said = _("Same direction and more than {share} of the size, whichever is left out.", share=Words(page).percent(LEAVE_OUT_SHARE)) if stands else _("Without {unit} little remains: the change rests on it.", unit=unit_name(page, weakest[0]))
    if effect.verdict.code == "none":
        return Line("fact", name, figure, _("Shown for completeness: there is no change to carry."))
    return Line("holds" if stands else "caution", name, figure, said)


def _fakes(page: Frame, effect: Effect) -> Line | None:
    _, checks = page.say, effect.checks
    name = _("Each comparison unit as a fake pilot")
    if checks is None or not checks.fake_pilots:
        return Line("unknown", name, "–", _("There is one comparison unit only."))
    code, largest = max(checks.fake_pilots, key=lambda each: abs(each[1]))
    unit = unit_name(page, code)
    smaller = abs(largest) < abs(float(effect.found.b))
    said = _("The largest, {unit}, stays below what the pilot units show.", unit=unit) if smaller else _("{unit}, without any pilot, shows as much.", unit=unit)
    if effect.verdict.code == "none":
        return Line("fact", name, _pc(page, largest, effect), _("The largest, at {unit}: units move this much without any pilot.", unit=unit))
    return Line("holds" if smaller else "caution", name, _pc(page, largest, effect), said)


def _scales(page: Frame, effect: Effect) -> Line | None:
    _, checks = page.say, effect.checks
    if checks is None or checks.level_gap is None:
        return None
    said = _("A plain difference in minutes tells the same as the change in %.") if checks.scales_agree else _("A plain difference in minutes tells another story: the groups differ in level, so the change in % counts.")
    return Line("holds" if checks.scales_agree else "caution", _("Minutes and % agree"), _("{value} min", value=signed(page, checks.level_gap, 1)), said)


def _noise(page: Frame, effect: Effect, period_days: int) -> Line | None:
    _, checks = page.say, effect.checks
    if checks is None or len(checks.se_by_length) < 2:
        return None
    w = Words(page)
    figure = " · ".join(pc(page, w.number(size * 100, 1)) if effect.plan.scale == "log" else w.number(size, 2) for _length, size in checks.se_by_length)
    days = listed((str(length * period_days) for length, _size in checks.se_by_length), page.lang)
    rises = checks.se_by_length[-1][1] > RISING * checks.se_by_length[0][1]
    said = _("Standard error from blocks of {days} days: it rises, a sign of slow drift, and the range counts it.", days=days) if rises else _("Standard error from blocks of {days} days: it does not rise, so no slow drift shows.", days=days)
    return Line("caution" if rises else "holds", _("Noise over short and long blocks"), figure, said)


def _erased(page: Frame, effect: Effect) -> Line | None:
    _, w = page.say, Words(page)
    if effect.erased_by_percent is None:
        return None
    seen = effect.largest_before_percent
    if not effect.erased_by_percent:
        return Line("fact" if effect.verdict.code == "none" else "caution", _("What would erase it"), pc(page, "0"), _("The range already holds zero: nothing more is needed."))
    said = _("An unrelated change of this size at the pilot units on the same day would erase the answer.")
    if seen is None:
        return Line("unknown", _("What would erase it"), pc(page, w.number(effect.erased_by_percent, 1)), said)
    said += " " + _("The largest seen at a trial date was {size}.", size=pc(page, w.number(seen, 1)))
    return Line("holds" if effect.erased_by_percent > seen else "caution", _("What would erase it"), pc(page, w.number(effect.erased_by_percent, 1)), said)


def _smallest(page: Frame, effect: Effect) -> Line | None:
    _, w = page.say, Words(page)
    if effect.mde_change is None:
        return None
    is_min = effect.plan.measure.endswith("_min")
    return Line("fact", _("Smallest change that would be seen"), f"{w.number(effect.mde_change, 1)}{' ' + _('min') if is_min else ''}", _("In four cases of five, with the days measured so far."))


def agreement(page: Frame, found: Headline) -> Line | None:
    """Average, median and P90 side by side: a pilot that helps the typical truck and harms the bad day must not hide behind its average."""
    _ = page.say
    if found.agree is None:
        return None
    figure = " · ".join(pc(page, signed(page, each.percent.best, 1)) for each in (found.main, found.median, found.p90))
    return Line("holds" if found.agree else "caution", _("Average, median and 90th percentile agree"), figure, _("They point the same way.") if found.agree else _("They do not point the same way: the pilot is not the same for the typical truck and the bad day."))


def sensitivities(page: Frame, found: Headline) -> list[Line]:
    """The answer again without Ramadan, with the mix left in, in the other view; and what moved at the comparison units."""
    _, names, made = page.say, units(page), []
    if found.without_ramadan is not None:
        made.append(_again(page, _("Without the days of Ramadan"), found.without_ramadan, found.main, _("{n} days left out.", n=found.ramadan_days)))
    if found.total is not None:
        made.append(_again(page, _("With the change of mix left in"), found.total, found.main, _("The answer itself compares like with like.")))
    before, after = found.side("comparison", "before"), found.side("comparison", "after")
    if before and after and before.visits_a_day and after.visits_a_day:
        moved, pilots = after.visits_a_day / before.visits_a_day - 1, (found.side("pilot", "before"), found.side("pilot", "after"))
        own = pilots[1].visits_a_day / pilots[0].visits_a_day - 1 if all(pilots) and pilots[0].visits_a_day else 0.0
        apart = abs(moved - own) > TRAFFIC_APART
        said = _("Visits a day since the start; {pilots}: {size} %.", **names, size=signed(page, own * 100, 1)) + (" " + _("Trucks may have moved from one group to the other.") if apart else "")
        made.append(Line("caution" if apart else "holds", _("Traffic of the {comparisons}", **names), pc(page, signed(page, moved * 100, 1)), said))
    if found.main.means is not None:
        was, now = found.main.means[2:4]
        made.append(Line("fact", _("Own change of the {comparisons}", **names), pc(page, signed(page, (now / was - 1) * 100, 1)), _("From {a} to {b} min, same mix: what moved where there is no pilot.", a=Words(page).number(was, 1), b=Words(page).number(now, 1))))
    return made


def _again(page: Frame, name: str, again: Effect, main: Effect, said: str) -> Line:
    """The answer of another cut beside the answer: they agree where each best estimate lies in the other's range."""
    _ = page.say
    if not again.has_number:
        return Line("unknown", name, "–", _("Too few days or visits remain to measure it."))
    agree = main.change.low <= again.change.best <= main.change.high or again.change.low <= main.change.best <= again.change.high
    return Line("holds" if agree else "caution", name, pc(page, f"{signed(page, again.percent.low, 1)} … {signed(page, again.percent.high, 1)}"), f"{_('It agrees with the answer.') if agree else _('It differs from the answer.')} {said}")


def sides(page: Frame, found: Headline) -> list[Line]:
    """Visits, missing exits and what was not counted: facts of the data, not of the estimate."""
    _, w, effect = page.say, Words(page), found.main
    least = min((visits for *_rest, visits in effect.counts), default=0)
    made = [Line("holds" if least >= LEAST_VISITS else "caution", _("Visits on the thinnest side"), w.number(least), _("{least} are needed on each of the four.", least=LEAST_VISITS))]
    if effect.plan.missing_exits:
        most, apart = max(effect.plan.missing_exits), max(effect.plan.missing_exits) - min(effect.plan.missing_exits)
        good = most <= MISSING_EXITS_CAP and apart <= MISSING_EXITS_GAP
        said = _("At most, on one side; the sides differ by {points} points.", points=w.number(apart * 100, 1))
        made.append(Line("holds" if good else "caution", _("Missing exits"), w.percent(most, 1), said))
    covered = min((side.covered for side in found.sides), default=1.0)
    made.append(Line("fact", _("Visits with their like on the other side"), w.percent(covered, 1), _("At least, on each side: same {unit}, hours and cargo before and since.", **units(page))))
    made.append(Line("fact", _("Days used"), w.number(found.days_used), _("{first} to {last}", first=w.day(effect.first), last=w.day(effect.last)) + (" · " + _("by week, because days are thin") if found.period_days > 1 else "")))
    left_out = clauses((words.excluded(each.code, each.n, page.lang) for each in found.exclusions), page.lang)
    visits = sum(each.n for each in found.exclusions if each.code in study.OF_VISITS)
    made.append(Line("caution" if effect.plan.excluded_after_look else "fact", _("Not counted"), _.plural("{n} visit", "{n} visits", visits, n=w.number(visits)), left_out or _("nothing")))
    return made


def plan(page: Frame) -> list[Line]:
    """Whether the plan was locked before the result could be known."""
    held = lock.lock_of(page.store.table("dim_pilot_arms"), page.store.table("dim_pilot_plan"))
    word = {"locked": N_("locked in time"), "locked_late": N_("locked late"), "changed": N_("changed"), "not_locked": N_("not locked")}[held.state]
    return [Line("holds" if held.state == "locked" else "caution", page.say("Plan fixed before looking"), page.say(word), lock.words(held, page.lang))]
