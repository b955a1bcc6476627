"""The chapter on the pilot: the sentence, verdict and ranges of its page, with what it cannot settle. The Effect is the page's own; nothing is estimated here."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import replace

import polars as pl

from dashboard.briefing.brief import Brief
from dashboard.briefing.deck import Bar, Bars, Curve, Definition, Figure, Line, Mark, Section, Table
from dashboard.evidence import study, words
from dashboard.evidence.effect import Effect
from dashboard.evidence.study import Headline
from dashboard.evidence.verdict import Reason
from dashboard.evidence.weekly import Week, by_week
from dashboard.format import MINUS, isolate, listed, short_day
from dashboard.format import day as day_of
from dashboard.i18n import N_

NAMES: dict[str, str] = {
    "strong": N_("Evidence: strong"), "moderate": N_("Evidence: moderate"), "weak": N_("Evidence: weak"), "none": N_("No detectable change"), "not_yet": N_("Not yet measurable"),
}  # fmt: skip
SHOWN_POINTS = 4


def pilot(b: Brief) -> Section:
    """What the pilot changed, as its page says it for the same filters and view; its days are its own."""
    say, title = b.say, b.say("Pilot effect")
    arms = b.store.table("dim_pilot_arms")
    if arms.is_empty():
        return b.lacks("pilot", title, say("No pilot is declared at this port."))
    found = study.headline(b.store, b.selection)
    if found.refused is not None:
        return b.lacks("pilot", title, words.refusal(found.refused, b.lang))
    effect = found.main
    first, *rest = words.sentences(_with_names(b, effect), b.lang)
    limits = []
    if b.selection.filters:
        limits.append(say("Exploration, not a verdict: these filters are not part of the plan. What stands out under filters chosen on the page is called weak at most, and has no value in hours or money."))
    if effect.bounds is not None:
        limits.append(_bounds(b, effect))
    figures: list[Figure] = []
    if effect.has_number:
        figures.append(_ranges(b, found))
        if not b.is_short and (weeks := by_week(study.main_panel(b.store, b.selection), effect.plan.scale)):
            figures.append(_gap(b, effect, weeks))
    if found.mix and not b.is_short:
        figures.append(_raw(b, found))
        limits.append(say("Before and since as recorded hold season, traffic and ships: they are no measure of the pilot."))
    n = say("n = {n} visits", n=b.number(sum(visits for *_rest, visits in effect.counts)))
    return Section(
        "pilot", title, first, tuple(figures), () if b.is_short else (*rest, _taking_part(b, arms)), tuple(limits if not b.is_short else limits[:1]), _lead(b, effect), n,
        _days(b, effect), "" if b.is_short else say("Fingerprint of the analysis {mark}", mark=found.fingerprint[:12]),
        definitions=(Definition("pilot_effect", title, say("Average minutes a visit at the pilot units took against what the comparison units let expect, same mix of hours and cargo; the range holds the best estimate and its margin."), ""),),
    )  # fmt: skip


def _lead(b: Brief, effect: Effect) -> str:
    """The verdict as a word, and since when it stands."""
    name, code = b.say(NAMES[effect.verdict.code]), effect.verdict.code
    if effect.verdict_on is not None and code != "not_yet":
        return f"{name} · {b.say('verdict of {day}', day=day_of(effect.verdict_on, b.lang))}"
    if code != "not_yet" and isinstance(effect.last, dt.date):
        return f"{name} · {b.say('with the data up to {day}', day=day_of(effect.last, b.lang))}"
    return name


def _days(b: Brief, effect: Effect) -> str:
    if not (isinstance(effect.first, dt.date) and isinstance(effect.last, dt.date)):
        return ""
    return replace(b.selection, first_day=effect.first, end_day=effect.last + dt.timedelta(days=1), period="custom").period_in_words(b.lang)


def _with_names(b: Brief, effect: Effect) -> Effect:
    """The Effect with its shared service points by name, for its sentence."""
    limits = tuple(Reason(each.code, {**each.values, "places": tuple(b.place(code) for code in each.values["places"])}) if "places" in each.values else each for each in effect.verdict.limits)
    return replace(effect, verdict=replace(effect.verdict, limits=limits))


def _bounds(b: Brief, effect: Effect) -> str:
    """What sharing service points leaves open."""
    say, shared = b.say, effect.plan.shared_points
    places = listed((b.place(code) for code in shared[:SHOWN_POINTS]), b.lang) + (f" … (+{len(shared) - SHOWN_POINTS})" if len(shared) > SHOWN_POINTS else "")
    said = say("Pilot and comparison share {places}: relief spreads from one to the other, and the level of evidence cannot be strong.", places=places)
    return f"{said} {say('Extended to the whole port, the pilot would bring {range} (bounds, not a margin).', range=words.reach(effect.bounds, ' min', b.lang))}"


def _ranges(b: Brief, found: Headline) -> Bars:
    """Average, typical and bad-day truck as ranges in minutes, each with its own verdict."""
    say = b.say
    measures = [(say("Average visit"), found.main), (say("Typical truck (median)"), found.median), (say("Bad day (1 truck in 10)"), found.p90)]
    bars = []
    for name, effect in measures:
        if effect is None:
            continue
        if effect.has_number:
            text = f"{words.span(effect.change, ' min', b.lang)} · {say(NAMES[effect.verdict.code])}"
            bars.append(Bar(name, effect.change.best, text, effect.change.low, effect.change.high, is_thin=effect.verdict.code in ("weak", "none")))
        else:
            bars.append(Bar(name, None, say(NAMES[effect.verdict.code])))
    alt = "; ".join(f"{bar.name}: {bar.text}" for bar in bars)
    return Bars(tuple(bars), say("min"), alt, is_range=True)


def _gap(b: Brief, effect: Effect, weeks: tuple[Week, ...]) -> Curve:
    """The gap between both groups week by week; it moves more than the range of the answer, which rests on all weeks."""
    say, is_log = b.say, effect.plan.scale == "log"
    values = tuple(round(math.expm1(week.gap) * 100 if is_log else week.gap, 3) for week in weeks)
    start = next((number for number, week in enumerate(weeks) if week.is_after), None)
    alt = say("Time at the pilot units against the comparison units week by week, same mix; zero is the mean gap before the start.")
    marks = () if start is None else (Mark(start, say("pilot starts")),)
    return Curve(tuple(short_day(week.first, b.lang) for week in weeks), (Line(say("gap between both groups"), values),), "%" if is_log else say("min"), alt, marks)


def _raw(b: Brief, found: Headline) -> Table:
    """Before and since as recorded, named raw."""
    say, rows = b.say, []
    for arm, name in (("pilot", say("Pilot")), ("comparison", say("Comparison"))):
        split = next((each for each in found.mix if each.arm == arm), None)
        before, after = found.side(arm, "before"), found.side(arm, "after")
        if split is not None and before is not None and after is not None:
            rows.append((name, b.number(before.mean, 1), b.number(after.mean, 1), _signed(b, split.total), _signed(b, split.like_for_like), _signed(b, split.mix + split.one_sided), b.number(before.visits), b.number(after.visits)))
    columns = (say("Raw, for comparison"), say("Before, min"), say("Since, min"), say("Raw change, min"), say("of it, same trucks and hours"), say("of it, another mix"), say("n before"), say("n since"))
    return Table(columns, tuple(rows), say("The average visit before and since, as recorded. Season, traffic and ships are in it: it is no measure of the pilot."), tuple(range(1, 8)))


def _signed(b: Brief, value: float) -> str:
    text = b.number(abs(value), 1)
    return isolate(text if not any(letter in "123456789" for letter in text) else f"{MINUS if value < 0 else '+'}{text}")


def _taking_part(b: Brief, arms: pl.DataFrame) -> str:
    """Who takes part and from when."""
    said = []
    for arm, name in (("pilot", b.say("Pilot")), ("comparison", b.say("Comparison"))):
        units = arms.filter(pl.col("arm_code") == arm).sort("unit_code").unique("unit_code", maintain_order=True).to_dicts()
        named = [b.say("Transporter {mark}", mark=unit["unit_code"][:6]) if unit["unit_kind_code"] == "carrier" else b.name(unit["unit_kind_code"], unit["unit_code"]) for unit in units]
        said.append(b.say("{label}: {values}", label=name, values=listed(named[:8], b.lang) + (f" … (+{len(named) - 8})" if len(named) > 8 else "")))
    starts = arms.filter(pl.col("arm_code") == "pilot")["start_on"].unique().sort().to_list() or arms["start_on"].unique().sort().to_list()
    said.append(b.say("{label}: {values}", label=b.say("Start"), values=listed((day_of(day, b.lang) for day in starts[:3]), b.lang) + (" …" if len(starts) > 3 else "")))
    return ". ".join(said) + "."

