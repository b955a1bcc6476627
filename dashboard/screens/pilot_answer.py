"""Pilot, part "The answer": the sentence, its verdict and dates, the measures with their ranges, the gap over time, and the raw figures beside it, named raw."""

from __future__ import annotations

import html
from collections.abc import Sequence

import polars as pl
import streamlit as st

from dashboard import format as fmt
from dashboard.evidence import study, words
from dashboard.evidence.effect import Effect
from dashboard.evidence.study import Headline
from dashboard.evidence.verdict import LEAST_DAYS_AFTER, LEAST_DAYS_BEFORE, LEAST_VISITS
from dashboard.evidence.weekly import Week, by_week
from dashboard.screens.pilot_words import (
    NAMES,
    NB,
    arms_in_words,
    axis,
    card,
    columns,
    ends,
    headed,
    looks,
    n_visits,
    paragraph,
    pc,
    share_card,
    signed,
    units,
    verdict,
    window_of,
)
from dashboard.selection import VIEWS, Selection
from dashboard.views import evidence as shapes
from dashboard.views.over_time import Event, seen
from dashboard.widgets import kpi_card, panel
from dashboard.widgets.frame import Frame
from dashboard.widgets.panel import Words


def show(page: Frame, found: Headline, arms: pl.DataFrame) -> None:
    _, effect, window = page.say, found.main, window_of(page, found.main)
    if page.selection.filters:
        panel.quiet(_("Exploration, not a verdict: these filters are not part of the plan. What stands out under filters chosen on the page is called weak at most, and has no value in hours or money."))
    sentence(page, effect)
    if not effect.has_number:
        waiting(page, effect, found.period_days)
        return
    cards(page, found, window)
    weeks = by_week(study.main_panel(page.store, page.selection), effect.plan.scale)
    if weeks:
        gap(page, effect, weeks, window)
    elif effect.cohorts:
        panel.quiet(_("The pilot has several starts, so that no week is before or since for all: the part {part} shows the gap in days since each start.", part=_("Is it solid?")))
    shared(page, effect)
    both_views(page, found, window)
    raw(page, found, window)


def sentence(page: Frame, effect: Effect) -> None:
    """One sentence first; then the verdict with its mark and the days on which it is given."""
    st.html(verdict(page, effect) + paragraph(page, effect))
    if dates := looks(page, effect):
        st.html(dates)
    if said := trials_since(page, effect):
        panel.quiet(said)


def trials_since(page: Frame, effect: Effect) -> str:
    """What the trial dates show by all data, where the verdict was given on a day they said something else; else nothing."""
    as_large = {"beyond_trial_dates": lambda said: said["of"] - said["n"], "trial_dates_as_large": lambda said: said["n"]}
    given = next((each for each in (*effect.verdict.reasons, *effect.verdict.limits) if each.code in as_large), None)
    if given is None or effect.checks is None:
        return ""
    n, k = len(effect.checks.placebo_gaps), effect.checks.placebo_as_large
    if (as_large[given.code](given.values), given.values["of"]) == (k, n):
        return ""
    day = Words(page).day(effect.verdict_on)
    return page.say("The trial dates named above are those of the verdict of {day}; by all data so far, {k} of {n} show a change this large.", day=day, k=k, n=n)


def waiting(page: Frame, effect: Effect, period_days: int) -> None:
    """What there is and what is needed, where nothing can be measured yet; the counts of an Effect are periods of `period_days`."""
    _, w = page.say, Words(page)
    is_short = any(each.code == "short_before" for each in effect.verdict.reasons)
    panel.section(_("What is still missing"), _("A figure given now would be chance. Days before the start come from older logs only, not with time.") if is_short else _("A figure given now would be chance. These have to be reached first."))
    days = {side: period_days * max((n for _arm, period, n, _visits in effect.counts if period == side), default=0) for side in ("before", "after")}
    least = min((visits for *_rest, visits in effect.counts), default=0)
    rows = [
        (_("Days measured before the start"), days["before"], LEAST_DAYS_BEFORE), (_("Days measured since the start"), days["after"], LEAST_DAYS_AFTER),
        (_("Visits on the thinnest of the four sides"), least, LEAST_VISITS), (_("Comparison units"), len(effect.comparisons), 1),
    ]  # fmt: skip
    cells = ""
    for name, have, need in rows:
        said = _("{have}, {need} needed", have=w.number(have), need=w.number(need))
        cells += (
            f'<li><b>{html.escape(name)}</b><span>{html.escape(said)}</span>'
            f'<div class="bar" role="img" aria-label="{html.escape(said)}"><i style="inline-size:{min(1.0, have / need):.0%}"></i></div></li>'
        )  # fmt: skip
    for each in effect.verdict.reasons:
        if each.code in ("missing_exits", "too_noisy"):  # shares that are too large: no bar fills towards them
            name = _("Missing exits") if each.code == "missing_exits" else _("Margin either way")
            share = each.values["share" if each.code == "missing_exits" else "half"]
            cells += f"<li><b>{html.escape(name)}</b><span>{html.escape(_('{have}, at most {most}', have=w.percent(share), most=w.percent(each.values['most'])))}</span></li>"
    st.html(f'<ul class="needs" data-testid="needs">{cells}</ul>')


def compared(page: Frame, effect: Effect) -> str:
    """What the ranges are about. Where both groups share service points the comparison is relieved too, and no share of cases is promised."""
    _ = page.say
    if not effect.plan.shared_points:
        return _("Against the same trucks without the pilot, as the {comparisons} let expect it. Each range covers 95 cases in 100.", **units(page))
    said = _("What the {pilots} gained or lost more than the {comparisons}. Relief felt by both is not counted: the range may miss the full effect of the pilot.", **units(page))
    return f"{said} {_('See the bounds below.')}" if effect.bounds is not None else said


def cards(page: Frame, found: Headline, window: Selection) -> None:
    """Each measure with its range and its own verdict, never a lone figure; and the same figures as a table to take away."""
    _ = page.say
    panel.section(_("In figures"), compared(page, found.main))
    measures = [
        (_("Average visit"), _("min"), found.main, True), (_("Typical truck (median)"), _("min"), found.median, True), (_("Bad day (1 truck in 10)"), _("min"), found.p90, True),
        (_("Document checks per visit"), _("checks"), found.checks, False),
    ]  # fmt: skip
    made = [card(page, name, effect, unit, is_whole=whole) for name, unit, effect, whole in measures if effect is not None]
    since = found.side("pilot", "after")
    made[3:3] = [share_card(page, each, {60: since.over_60, 120: since.over_120}[each.limit]) for each in found.shares]
    st.html(f'<div class="rows">{kpi_card.grid(made[:3])}{kpi_card.grid(made[3:])}</div>')  # minutes in one row, shares and checks in the next
    if found.shares:
        panel.quiet(_("Trucks over 60 and 120 min: the level of evidence is never above that of the average visit, whose checks it rests on."))
    rows = []
    for name, unit, effect, _whole in measures:
        if effect is not None:
            rows.append({_("Measure"): name, _("Unit"): unit, _("Level of evidence"): _(NAMES[effect.verdict.code]), **columns(page, _("Change"), effect.change, 3), **columns(page, _("Change, %"), effect.percent, 3)})
    rows += [
        {_("Measure"): _("Trucks over {limit} min", limit=each.limit), _("Unit"): _("points"), _("Level of evidence"): _(NAMES[each.verdict]), **columns(page, _("Change"), each.change, 3), **columns(page, _("Change, %"), None, 3)} for each in found.shares
    ]
    panel.under(page, n_visits(page, found.main), window)
    panel.data(page, pl.DataFrame(rows, infer_schema_length=None), key="pilot_figures", title=_("What the pilot changed, with ranges"), selection=window)


def gap(page: Frame, effect: Effect, weeks: Sequence[Week], window: Selection) -> None:
    """The gap between both groups, week by week, with the range of the answer behind it."""
    _, w, lang, said = page.say, Words(page), page.lang, units(page)
    panel.section(_("The gap between both groups, week by week"), _("Time at the {pilots} against the {comparisons}, same mix. Zero is the mean gap before the start.", **said))
    points, rows = [], []
    for week in weeks:
        size = axis(week.gap, effect)
        n = _("n = {a} at the {pilots}, {b} at the {comparisons}", **said, a=w.number(week.pilot_n), b=w.number(week.comparison_n))
        points.append(shapes.Point(week.first, size, f"{w.day(week.first)} – {w.day(week.last)}<br>{signed(page, size, 1)}{NB}%<br>{n}", week.is_after))
        rows.append({_("From"): week.first, _("To"): week.last, _("Gap, %"): round(size, 2), _("Since the start"): _("yes") if week.is_after else _("no"), _("n, pilot"): week.pilot_n, _("n, comparison"): week.comparison_n})
    calendar = page.store.table("dim_calendar").sort("from_on").to_dicts()
    events = [Event(row["from_on"], row["to_on"], fmt.name(row.get(f"name_{lang}") or row["name_en"])) for row in calendar if row["calendar_code"] != "pilot"]
    band = tuple(axis(each, effect) for each in (effect.gap.low, effect.gap.best, effect.gap.high))
    figure, way = ends(page, effect.percent)
    words_of_band = f"{pc(page, figure)} {way}".strip()
    finding = _("Since the start the gap lies within {range}; week by week it moves more than that.", range=words_of_band) if band[0] > 0 or band[2] < 0 else _("Since the start the gap stays around zero: {range}.", range=words_of_band)
    drawn = shapes.gap(points, effect.start, weeks[-1].last, band=band, events=events, start_words=_("pilot starts"), band_words=words_of_band, less=_("↓ less time"), more=_("↑ more time"))
    named = seen([point.day for point in points], events)
    below = '<ol class="events">' + "".join(f"<li><b>{number}</b> {html.escape(event.name)} <span>{html.escape(w.day(event.first_day))}</span></li>" for number, event in enumerate(named, start=1)) + "</ol>"
    panel.show(page, drawn, key="pilot_gap", finding=finding, table=pl.DataFrame(rows), selection=window, n_words=_("n = {n} visits", n=w.number(sum(week.pilot_n + week.comparison_n for week in weeks))), below=below if named else "")


def shared(page: Frame, effect: Effect) -> None:
    """Bounds where both groups share service points, and why they are needed."""
    if effect.bounds is None:
        return
    _, w = page.say, Words(page)
    places = page.say(", ").join(w.place(code) for code in effect.plan.shared_points[:4]) + (f" … (+{len(effect.plan.shared_points) - 4})" if len(effect.plan.shared_points) > 4 else "")
    panel.section(_("The {units} share service points", **units(page)))
    said = words.reach(effect.bounds, " min", page.lang)
    st.html(f'<p class="lead" data-testid="bounds">{html.escape(_("Extended to every one of the {units} of the port, the pilot would bring {range} (bounds, not a margin).", **units(page), range=said))}</p>')
    panel.quiet(_("Both groups use {places}. Relief spreads from one to the other, and the answer above counts only what the {pilots} gained beyond the others: the level of evidence cannot be strong.", **units(page), places=places))


def both_views(page: Frame, found: Headline, window: Selection) -> None:
    """All visits, and those without inspections, incidents and closures, side by side."""
    _, w = page.say, Words(page)
    if found.other_view is None:
        return
    panel.section(_("Both views side by side"), _("{n} visits with an inspection, an incident or a closure tell the two apart.", n=w.number(found.removed_n)))
    other = "core" if found.view == "all" else "all"
    by_view = {found.view: found.main, other: found.other_view}
    st.html(kpi_card.grid([card(page, _(VIEWS[view]), by_view[view], _("min"), code=f"view-{view}") for view in VIEWS]))


def raw(page: Frame, found: Headline, window: Selection) -> None:
    """Before and since as recorded, with the part that is another mix of trucks: named raw, because traffic, ships and season are in it too."""
    _, w = page.say, Words(page)
    if not found.mix:
        return
    panel.section(_("Beside it, raw"), _("The average visit before and since, as recorded. Season, traffic and ships are in it: it is no measure of the pilot."))
    rows = []
    for arm, name in arms_in_words(page).items():
        split = next((each for each in found.mix if each.arm == arm), None)
        before, after = found.side(arm, "before"), found.side(arm, "after")
        if split is None or before is None or after is None:
            continue
        rows.append(
            {
                headed(units(page)["units"]): name, _("Before, min"): w.number(before.mean, 1), _("Since, min"): w.number(after.mean, 1), _("Raw change, min"): signed(page, split.total, 1),
                _("of it, same trucks and hours"): signed(page, split.like_for_like, 1), _("of it, another mix"): signed(page, split.mix + split.one_sided, 1), _("n before"): w.number(before.visits), _("n since"): w.number(after.visits),
            }
        )  # fmt: skip
    table = pl.DataFrame(rows)
    panel.grid(table, key="pilot_raw_beside")
    panel.data(page, table, key="pilot_raw_beside_file", title=_("Raw change before and since, no measure of the pilot"), selection=window)
    if found.total is not None and found.total.has_number and found.main.has_number:
        figure, way = ends(page, found.total.change)
        panel.quiet(_("With the change of mix left in, the comparison gives {range}: a pilot that moves trucks to quieter hours earns part of its benefit that way.", range=f"{figure} {_('min')} {way}".strip()))
