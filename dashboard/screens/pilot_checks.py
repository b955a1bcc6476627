"""Pilot, part "Checks": what may be wrong with the answer, one line each, then the pictures of the three that matter most; and everything to take away."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence

import polars as pl
import streamlit as st

from dashboard.evidence import report, study
from dashboard.evidence.diagnostics import Block
from dashboard.evidence.effect import Effect, Range
from dashboard.evidence.panel import Panel
from dashboard.evidence.study import Headline
from dashboard.screens.pilot_lines import Line, agreement, lines, plan, sensitivities, sides, trials_words
from dashboard.screens.pilot_words import (
    NB,
    STATES,
    axis,
    check,
    columns,
    n_visits,
    pc,
    percent_of,
    signed,
    unit_name,
    units,
    verdict,
    window_of,
)
from dashboard.selection import Selection
from dashboard.views import evidence as shapes
from dashboard.widgets import panel
from dashboard.widgets.frame import Frame
from dashboard.widgets.panel import Words


def show(page: Frame, found: Headline, arms: pl.DataFrame) -> None:
    _, effect, window = page.say, found.main, window_of(page, found.main)
    st.html(verdict(page, effect))
    if not effect.has_number:
        panel.section(_("What can be told of the data"), _("Nothing is measurable yet, so that there is no answer to check."))
        listed(page, [*sides(page, found), *plan(page)], window)
        return
    if effect.verdict_on is not None and effect.last >= effect.verdict_on:
        panel.quiet(_("The verdict rests on the data of its day; the checks below are those of all data up to {day}.", day=Words(page).day(effect.last)))
    panel.section(_("What may be wrong with the answer"), _("Each check has its number. None of them can clear the answer; each could have spoilt it."))
    made = [*lines(page, found), agreement(page, found), *sensitivities(page, found), *sides(page, found), *plan(page)]
    listed(page, [line for line in made if line is not None], window)
    if effect.checks is not None:
        event_study(page, effect, study.main_panel(page.store, page.selection), window)
        trial_dates(page, effect, window)
        one_by_one(page, effect, window)
        if len(effect.cohorts) > 1:
            start_by_start(page, effect, window)
        take_away(page, effect, window)


def listed(page: Frame, lines: Sequence[Line], window: Selection) -> None:
    """All checks, a line each; how many ask for caution stands first."""
    _ = page.say
    cautions = sum(line.state == "caution" for line in lines)
    judged = sum(line.state in ("holds", "caution") for line in lines)
    said = _("All {n} checks hold.", n=judged) if not cautions else _.plural("{n} check of {of} asks for caution.", "{n} checks of {of} ask for caution.", cautions, n=cautions, of=judged)
    st.html(f'<p class="lead" data-testid="checks-said">{said}</p><ul class="checks" data-testid="checks">{"".join(check(page, line.state, line.name, line.figure, line.said) for line in lines)}</ul>')
    table = pl.DataFrame([{_("Check"): line.name, _("State"): _(STATES[line.state][1]) if STATES[line.state][1] else "", _("Figure"): line.figure, _("In words"): line.said} for line in lines])
    panel.under(page, "", window)
    panel.data(page, table, key="pilot_checks_lines", title=said, selection=window)


def event_study(page: Frame, effect: Effect, given: Panel, window: Selection) -> None:
    """The gap block by block against the last one before the start, with its limits."""
    _, w, checks = page.say, Words(page), effect.checks
    said = _("The gap between both groups by blocks of four weeks, against the last block before the start. Bars are 95 % limits.")
    if checks.from_own_start:
        said += " " + _("Days count from the start of each: only blocks that all of them have.")
    panel.section(_("Was the gap steady before the start?"), said)
    points, rows = [], []
    for block in checks.event_study:
        first, last, named = _block(page, given, block, checks.from_own_start)
        low, best, high = (axis(each, effect) for each in (block.gap - block.half, block.gap, block.gap + block.half))
        is_reference = block.half == 0
        hover = f"{named}<br>{signed(page, best, 1)}{NB}%" + ("" if is_reference else f" ({signed(page, low, 1)} … {signed(page, high, 1)})")
        points.append(shapes.Point(first + (last - first) / 2, best, hover, block.is_after, None if is_reference else low, None if is_reference else high))
        rows.append({_("From"): first, _("To"): last, _("Gap, %"): round(best, 2), _("Low end, %"): round(low, 2), _("High end, %"): round(high, 2), _("Since the start"): _("yes") if block.is_after else _("no")})
    missed = checks.drift_missed_per_100
    finding = (
        _("The time before the start is too short to look for a drift.") if missed is None
        else _("The largest steady drift this chart could miss: {size} % per 100 days.", size=w.number(abs(percent_of(missed, "log")), 1)) if not checks.has_drift
        else _("The gap was already moving before the start: {size} % per 100 days.", size=signed(page, percent_of(checks.drift_per_100, "log"), 1))
    )  # fmt: skip
    figure = shapes.event_study(points, 0 if checks.from_own_start else effect.start, start_words=_("pilot starts"), reference_words=_("compared with this one"), less=_("↓ less time"), more=_("↑ more time"), x_words=_("days since the start of each") if checks.from_own_start else "")
    panel.show(page, figure, key="pilot_event_study", finding=finding, table=pl.DataFrame(rows), selection=window, n_words=n_visits(page, effect))


def _block(page: Frame, given: Panel, block: Block, from_own_start: bool) -> tuple[dt.date | int, dt.date | int, str]:
    """The first and the last day of a block, and both in words: days since the own start where starts differ, dates otherwise."""
    if from_own_start:
        first, last = block.first * given.period_days, (block.last + 1) * given.period_days - 1
        return first, last, page.say("days {first} to {last}", first=signed(page, first), last=signed(page, last))
    periods = given.periods if given.within is not None else given.complete()[0].periods  # transporters come now and then: no day of theirs is left out
    return periods[block.first], periods[block.last], " – ".join(Words(page).day(periods[at]) for at in (block.first, block.last))


def trial_dates(page: Frame, effect: Effect, window: Selection) -> None:
    """What the same method shows on dates on which nothing began."""
    _, w = page.say, Words(page)
    checks = effect.checks
    panel.section(_("What would a date have shown on which nothing began?"), _("Every week before the start is tried as if the pilot had begun then, four weeks each way.") + (" " + _("With several starts: as far before each of them.") if checks.from_own_start else ""))
    if not checks.placebo_gaps:
        panel.quiet(_("The time before the start is too short for trial dates."))
        return
    sizes = [axis(each, effect) for each in checks.placebo_gaps]
    finding = trials_words(page, len(sizes), checks.placebo_as_large)
    figure = shapes.trial_dates(
        sizes, axis(float(effect.found.b), effect), found_words=_("the real start"), hover=_("a trial date: {size} %"), less=_("← less time"), more=_("more time →"),
    )  # fmt: skip
    table = pl.DataFrame([{_("Trial date"): number + 1, _("Change, %"): round(size, 2)} for number, size in enumerate(sizes)])
    panel.show(page, figure, key="pilot_trials", finding=finding, table=table, selection=window, n_words=_("n = {n} trial dates", n=w.number(len(sizes))))


def one_by_one(page: Frame, effect: Effect, window: Selection) -> None:
    """Each unit left out in turn, and each comparison unit as if it were the pilot."""
    _, checks, scale, said = page.say, effect.checks, axis, units(page)
    panel.section(_("Does one of the {units} carry the answer?", **said), _("The answer again without each {unit} in turn, then each of the {comparisons} as if it had been in the pilot. Shaded: the range of the whole answer.", **said))

    def dot(name: str, gap: float, is_quiet: bool) -> shapes.Dot:
        size = pc(page, signed(page, scale(gap, effect), 1))
        return shapes.Dot(name, None, scale(gap, effect), None, size, f"{name}: {size}", is_quiet)

    rows = [dot(_("without {unit}", unit=unit_name(page, unit)), gap, False) for unit, gap in checks.left_out]
    rows += [dot(_("{unit} as a fake pilot", unit=unit_name(page, unit)), gap, True) for unit, gap in checks.fake_pilots]
    if not rows:
        panel.quiet(_("An arm with one unit cannot do without it."))
        return
    gaps = [scale(gap, effect) for _unit, gap in checks.left_out] or [scale(float(effect.found.b), effect)]
    finding = _("Without any one of them the change lies between {low} % and {high} %.", low=signed(page, min(gaps), 1), high=signed(page, max(gaps), 1))
    figure = shapes.dots(rows, band=(scale(effect.gap.low, effect), scale(effect.gap.high, effect)), less=_("← less time"), more=_("more time →"), row=40)
    table = pl.DataFrame([{_("Check"): row.name, _("Change, %"): round(row.best, 2)} for row in rows])
    panel.show(page, figure, key="pilot_left_out", finding=finding, table=table, selection=window, n_words=n_visits(page, effect))


def start_by_start(page: Frame, effect: Effect, window: Selection) -> None:
    """The estimate of those that started together, one start at a time, against units not in the pilot on the same days."""
    _, w = page.say, Words(page)
    panel.section(_("Start by start"), _("Each start alone, against those without the pilot on the same days. Shaded: the range of the whole answer."))
    rows, table = [], []
    for start, b, half in effect.cohorts:
        low, best, high = (axis(each, effect) for each in (b - half, b, b + half))
        label = f"{signed(page, low, 1)}{NB}… {signed(page, high, 1)}{NB}%"
        rows.append(shapes.Dot(w.day(start), low, best, high, label, f"{w.day(start)}<br>{label}"))
        table.append({_("Start"): start, **columns(page, _("Change, %"), Range(low, best, high), 2)})
    finding = _("By their best estimates the {n} starts lie between {low} % and {high} %.", n=len(rows), low=signed(page, min(row.best for row in rows), 1), high=signed(page, max(row.best for row in rows), 1))
    figure = shapes.dots(rows, band=(axis(effect.gap.low, effect), axis(effect.gap.high, effect)), less=_("← less time"), more=_("more time →"))
    panel.show(page, figure, key="pilot_starts", finding=finding, table=pl.DataFrame(table), selection=window, n_words=n_visits(page, effect))


def take_away(page: Frame, effect: Effect, window: Selection) -> None:
    """The table behind the estimate with its line of R, where one table gives it back; and every value of the Effect as JSON."""
    _ = page.say
    given = study.collapsed_of(page.store, page.selection)
    panel.section(_("Take it away and check it"), "" if given is None else _("Means by {unit} and block of four weeks: with the line of R below they give the same estimate and standard error.", **units(page)))
    if given is None:
        panel.quiet(_("Several starts, or transporters as units, have no single table that gives the estimate back; every value stands in the file below."))
    else:
        panel.data(page, given[0], key="pilot_collapsed", title=_("Means by {unit} and block behind the pilot's estimate", **units(page)), selection=window)
        st.code(given[1], language="r", wrap_lines=True)
    with st.container(horizontal=True, gap="medium"):
        if given is not None:
            # R reads a comma and a decimal point whatever the reader's language, and no mark at the head of the file.
            st.download_button(_("collapsed.csv for R"), given[0].write_csv, file_name="collapsed.csv", mime="text/csv", key="pilot_r", type="tertiary", on_click="ignore")
        whole = json.dumps(report.values(effect), ensure_ascii=False, indent=2)
        st.download_button(_("Everything as JSON"), whole, file_name=f"smartport_pilot_effect_{effect.fingerprint}.json", mime="application/json", key="pilot_json", type="tertiary", on_click="ignore")
    panel.quiet(_("Fingerprint of this analysis (data, filters, dates, rules): {mark}", mark=effect.fingerprint))
