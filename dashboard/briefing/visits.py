"""Chapters on visits: headline figures, the four bands, the curve over time, for whom, appointments. Store in, sections out."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from dashboard import format as words
from dashboard.briefing.brief import MIN_N, Brief
from dashboard.briefing.deck import Bar, Bars, Card, Cards, Curve, Line, Mark, Section, Strip, Table
from dashboard.i18n import N_
from dashboard.metrics import BANDS4, Result
from dashboard.selection import not_reached
from dashboard.views.headline import apart, sentence

HEADLINE = ("visits", "turnaround_p50", "turnaround_p90", "over_120_share", "queue_p50", "document_checks_mean")
ASKED = (*HEADLINE, "queue_observed_share", "document_checks_coverage")
DAYS_BY_DAY, DAYS_BY_WEEK = 45, 400
LEAST_FOR_A_CURVE, LEAST_DAYS = 10, 14  # visits of a step of time, days of a curve


def headline(b: Brief) -> Section:
    """The figures of the overview, against the like-for-like period."""
    say = b.say
    now = b.ask(ASKED, compare=True, intervals=True)
    title, visits, median, p90 = say("The essentials"), now.cell("visits"), now.cell("turnaround_p50"), now.cell("turnaround_p90")
    if not visits.value:
        return b.lacks("headline", title, say("No data for this selection."))
    if median.value is None:
        finding = say("{n} visits, none of certain turnaround: no exit was seen, or its clock cannot be trusted.", n=b.number(visits.value))
    else:
        finding = say("Half of the trucks leave the port within {median}; 1 truck in 10 takes more than {p90}.", median=words.cell(median, b.lang), p90=words.cell(p90, b.lang))
    cards = tuple(_card(b, now, code) for code in HEADLINE)
    alt = "; ".join(f"{card.name}: {card.text} {card.unit}".strip() for card in cards)
    text = (say("Compared with {period}, weekdays aligned.", period=now.before.period_in_words(b.lang)),) if now.before else ()
    if now.uncompared:
        why = not_reached(*now.uncompared, b.lang)
        text = (f"{why[:1].upper()}{why[1:]}.",)
    return b.section("headline", title, finding, now, figures=(Cards(cards, alt),), text=text, n=say("n = {n} visits", n=b.number(visits.value)))


def _card(b: Brief, now: Result, code: str) -> Card:
    figure = now.cell(code)
    text, unit = apart(figure, b.lang)
    return Card(code, b.say(figure.metric.label), figure.value, text, unit, sentence(now, code, b.say), tuple(note for note in (b.limits(figure), b.compared(figure)) if note))


def spread(b: Brief) -> Section:
    """The four bands as a strip: how turnaround is spread."""
    say, lang = b.say, b.lang
    whole = b.ask(["turnaround_p50", "turnaround_p90", "turnaround_mean", "turnaround_p95", *(f"band4_{band}" for band in BANDS4)], intervals=True)
    title, median, p90, mean, over = say("How turnaround is spread"), *(whole.cell(code) for code in ("turnaround_p50", "turnaround_p90", "turnaround_mean", "band4_m4"))
    if median.value is None:
        return b.lacks("spread", title, say("No visit with a certain turnaround in this selection."))
    finding = say(
        "Half of the trucks take less than {median}; 1 in 10 takes more than {p90}, and {over} stay four hours or more. The mean, {mean}, hides those bad days.",
        median=words.cell(median, lang), p90=words.cell(p90, lang), over=words.value(over.value, "share", lang, 1), mean=words.value(mean.value, "min", lang),
    )  # fmt: skip
    parts = []
    for band, label in BANDS4.items():
        cell = whole.cell(f"band4_{band}")
        parts.append(Bar(say(label), cell.value, words.cell(cell, lang), cell.low, cell.high))
    alt = "; ".join(f"{part.name}: {part.text}" for part in parts)
    return b.section("spread", title, finding, whole, figures=(Strip(tuple(parts), alt),), n=say("n = {n} visits", n=b.number(median.n)))


def curve(b: Brief) -> Section:
    """Median and 90th percentile over time; a short period is shown with the weeks before it."""
    say, lang = b.say, b.lang
    asked = b.selection if b.selection.days >= LEAST_DAYS else replace(b.selection, first_day=b.selection.end_day - dt.timedelta(days=28), period="custom")
    grain = "day" if asked.days <= DAYS_BY_DAY else "week" if asked.days <= DAYS_BY_WEEK else "month"
    result = b.ask(["turnaround_p50", "turnaround_p90"], grain=grain, selection=asked)
    rows, title = result.rows.sort("period").to_dicts(), say("How it moved")
    high = [row for row in rows if row["turnaround_p90"] is not None and row["turnaround_p90__n"] >= MIN_N]
    if len(rows) < 2 or not high:
        return b.lacks("curve", title, say("Too few visits to draw a curve."))
    worst = max(high, key=lambda row: row["turnaround_p90"])
    finding = say(
        {"day": N_("The worst day was {day}: 1 truck in 10 took more than {p90}."), "week": N_("The worst week began on {day}: 1 truck in 10 took more than {p90}."),
         "month": N_("The worst month began on {day}: 1 truck in 10 took more than {p90}.")}[grain],
        day=words.day(worst["period"], lang), p90=words.value(worst["turnaround_p90"], "min", lang),
    )  # fmt: skip
    lines = tuple(
        Line(name, tuple(row[code] if row[f"{code}__n"] >= LEAST_FOR_A_CURVE else None for row in rows))
        for code, name in (("turnaround_p50", say("median")), ("turnaround_p90", say("1 in 10 over")))
    )
    days = [row["period"] for row in rows]
    drawn = Curve(tuple(words.short_day(day, lang) for day in days), lines, say("min"), finding, _marks(b, days))
    return b.section("curve", title, finding, result, figures=(drawn,), n=say("n = {n} visits", n=b.number(result.n)))


def _marks(b: Brief, days: list[dt.date]) -> tuple[Mark, ...]:
    """The named days of the calendar that fall into the curve."""
    step = days[1] - days[0]
    found = []
    for row in b.store.table("dim_calendar").sort("from_on").to_dicts():
        index = next((number for number, day in enumerate(days) if row["from_on"] < day + step and row["to_on"] >= day), None)
        if index is not None:
            found.append(Mark(index, row.get(f"name_{b.lang}") or row["name_en"]))
    return tuple(found)


def terminals(b: Brief) -> Section:
    """Turnaround by terminal, with intervals and n; never a ranking."""
    say, lang = b.say, b.lang
    result = b.ask(["turnaround_p50", "turnaround_p90", "over_120_share"], by=["terminal"], intervals=True)
    bars, rows, title = [], [], say("For whom: terminals")
    for number, row in enumerate(result.frame.iter_rows(named=True)):
        median, p90, over = (result.cell(code, number) for code in ("turnaround_p50", "turnaround_p90", "over_120_share"))
        if not median.n:
            continue
        name = b.name("terminal", row["terminal"])
        bars.append(Bar(name, median.value, words.cell(median, lang), median.low, median.high, median.n < MIN_N))
        rows.append((name, words.cell(median, lang), words.interval(median.low, median.high, "min", lang), words.cell(p90, lang), words.cell(over, lang), b.number(median.n)))
    if not bars:
        return b.lacks("terminals", title, say("No visit with a certain turnaround in this selection."))
    finding = b.difference(bars)
    columns = (say("Terminal"), say("Median"), say("95 % interval"), say("1 in 10 over"), say("Over 120 min"), "n")
    return b.section("terminals", title, finding, result, figures=(Table(columns, tuple(rows), finding, (1, 2, 3, 4, 5)),), n=say("n = {n} visits", n=b.number(result.n)))


def planning(b: Brief) -> Section:
    """The one figure a transporter plans with: p95 of the total visit where the queue was seen, else of the turnaround."""
    say = b.say
    result = b.ask(["total_visit_p95", "turnaround_p95"])
    seen, inside, title = result.cell("total_visit_p95"), result.cell("turnaround_p95"), say("What to plan for")
    if inside.value is None:
        return b.lacks("planning", title, say("No visit with a certain turnaround in this selection."))
    text: tuple[str, ...] = ()
    if seen.value is not None and seen.n >= MIN_N:
        finding = say("Allow {minutes} from the queue to the exit: 19 trucks in 20 need less (n = {n} visits whose queue was seen).", minutes=b.minutes(seen.value), n=b.number(seen.n))
        if inside.value > seen.value:
            text = (say("Over all visits of the period, from the gate to the exit alone, 19 trucks in 20 need less than {minutes} (n = {n}); allow the longer.", minutes=b.minutes(inside.value), n=b.number(inside.n)),)
    else:
        finding = say("Allow {minutes} from the gate to the exit: 19 trucks in 20 need less (n = {n}; the queue before the gate was not observed).", minutes=b.minutes(inside.value), n=b.number(inside.n))
    return b.section("planning", title, finding, result, text=text, n=say("n = {n} visits", n=b.number(inside.n)))


def appointments(b: Brief) -> Section:
    """Slots kept, early, late and not used, by terminal: the carriers' side, each share with its own denominator."""
    say, lang = b.say, b.lang
    kept = ("appointment_on_time_share", "appointment_early_share", "appointment_late_share", "no_show_share")
    result = b.ask([*kept, "appointments"], by=["terminal"], totals=True)
    title, whole = say("Appointments"), {code: result.cell(code) for code in kept}
    if whole[kept[0]].value is None:
        return b.lacks("appointments", title, say("No appointment was due in this period."))
    on_time = whole[kept[0]]
    finding = say("{share} of the appointments due were kept within 30 minutes of their slot; no truck came to {gone}.", share=words.cell(on_time, lang), gone=words.cell(whole["no_show_share"], lang))
    rows = []
    for row in result.rows.sort("terminal", nulls_last=True).iter_rows(named=True):
        if row["appointments"]:
            rows.append((b.name("terminal", row["terminal"]), *(words.value(row[code], "share", lang, 1) for code in kept), b.number(row[f"{kept[0]}__n"])))
    columns = (say("Terminal"), *(say(result.metric(code).label) for code in kept), say("n due"))
    return b.section("appointments", title, finding, result, figures=(Table(columns, tuple(rows), finding, (1, 2, 3, 4, 5)),), n=say("n = {n} appointments due", n=b.number(on_time.n)))


def minutes(b: Brief) -> Section:
    """Where the minutes of an average visit go, step by step: parts of a mean add up."""
    from etl.contracts.codes import STEP

    say, lang = b.say, b.lang
    result = b.ask(["step_min_sum", "wait_min_sum", "step_visits"], by=["step"])
    n = b.ask(["turnaround_mean"]).cell("turnaround_mean").n
    rows, title = {row["step"]: row for row in result.rows.iter_rows(named=True)}, say("Where the minutes go")
    total, waiting = (sum(row[code] or 0 for row in rows.values()) for code in ("step_min_sum", "wait_min_sum"))
    if not n or not total:
        return b.lacks("minutes", title, say("No visit with a certain turnaround in this selection."))
    finding = say(
        "Of the {mean} an average visit takes, {wait} ({share}) are spent waiting at service points. Means are shown here because parts of a mean add up; medians do not.",
        mean=words.value(total / n, "min", lang, 1), wait=words.value(waiting / n, "min", lang, 1), share=words.share(waiting / total, lang),
    )  # fmt: skip
    bars = tuple(
        Bar(say(label), rows[code]["step_min_sum"] / n, f"{words.value(rows[code]['step_min_sum'] / n, 'min', lang, 1)} · {words.share(rows[code]['step_min_sum'] / total, lang)}")
        for code, label in STEP.codes.items() if code in rows and rows[code]["step_min_sum"]
    )  # fmt: skip
    return b.section("minutes", title, finding, result, figures=(Bars(bars, say("min"), finding),), n=say("n = {n} visits", n=b.number(n)))
