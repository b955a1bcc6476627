"""Security and flow: US-bound boxes from their filing to their loading, and what screening costs the trucks that bring them. Counts and shares only; small cells are hidden in words."""

from __future__ import annotations

import datetime as dt
import html
from dataclasses import replace

import polars as pl
import streamlit as st
from babel.dates import format_skeleton

from dashboard import format as words
from dashboard.evidence.selected import Extra, extra_of
from dashboard.i18n import N_, locale
from dashboard.metrics import Result
from dashboard.screens import moved
from dashboard.screens.security_words import LONG, MIN_N, card, counted, hidden, rates, rates_table, terminal, told
from dashboard.store import widened
from dashboard.views import clock, groups
from dashboard.views.selected import sentence
from dashboard.widgets import chart, download, kpi_card, no_data, panel, parts
from dashboard.widgets.frame import Frame, current
from dashboard.widgets.panel import Words, coded
from etl.contracts.codes import RISK_TIER

PARTS: dict[str, str] = {"filing": N_("Filing and risk"), "screening": N_("Referrals and inspections"), "holds": N_("Holds and loading")}
QUARTERS = 4  # looked back for a period that shows a hidden figure
LATE_DAYS = 31  # of a quarter that data may begin after and still tell of it
SCREENED = ("csi_answered_share", "csi_accepted_share", "csi_nii_share", "csi_physical_share", "csi_hit_share")


def show(page: Frame) -> None:
    say = page.say
    st.title(say("Security and flow"), anchor=False)
    part = parts.asked(page, PARTS)
    page.ahead(_extra, *{"filing": (_filed, _filed_by_terminal, _by_month, _tiers), "screening": (_screened,), "holds": (_held, _held_by_terminal)}[part])
    first = page.store.opened().first("fct_manifests", "filed_day")
    if first is None:
        panel.quiet(say("No data: this port has sent no manifests of US-bound boxes."))
        return
    quarter = _extra(page).selection
    shown = _filed(page).selection if part == "filing" else quarter
    if shown.end_day <= first:
        no_data.show(page, say("No data: the manifests of US-bound boxes begin on {day}.", day=words.day(first, page.lang)) if part == "filing" else say("No data: no whole quarter with manifests of US-bound boxes is over yet."))
        parts.choose(page, PARTS, "security_part")
        return
    panel.quiet(say("Figures about US-bound boxes are of the whole port and of whole months that are over, from the referral on of whole quarters, here {period}: otherwise hidden counts could be had back by subtraction.", period=shown.period_in_words(page.lang)))
    st.html(f'<p class="lead" data-testid="answer">{html.escape(sentence(_extra(page), page.say, page.store.settings.small_cell))}</p>')
    panel.quiet(say("Visits of {period}.", period=quarter.period_in_words(page.lang)) + " " + say("This compares visits; it was no experiment. Boxes are selected for their risk, so their cargo and papers may differ too: it does not prove that screening caused the minutes, nor count what the box waits after its truck has left."))
    {"filing": _filing, "screening": _screening, "holds": _holds}[parts.choose(page, PARTS, "security_part")](page)
    panel.quiet(say("Counts and shares that speak of fewer than {n} boxes are hidden, and so is what beside them would give them back. No box and no targeting criterion is kept in this dashboard.", n=page.store.settings.small_cell))


# ---------------------------------------------------------------------- questions
def _extra(page: Frame) -> Extra:
    return extra_of(page.store, widened(page.selection, *page.selection.filters), page.store.settings.small_cell)


def _filed(page: Frame) -> Result:
    return page.ask(["csi_filings", "csi_24h_share", "csi_lead_p50", "csi_high_share"], compare=True)


def _filed_by_terminal(page: Frame) -> Result:
    return page.ask(["csi_24h_share", "csi_filings"], by=["terminal"], totals=True)


def _by_month(page: Frame) -> Result:
    """Month by month over the last year, whatever the period: one or two months are no curve, and a month is the least that is told of these boxes."""
    first = (page.selection.end_day - dt.timedelta(days=365)).replace(day=1)
    return page.ask(["csi_24h_share"], grain="month", selection=replace(page.selection, first_day=first, period="custom", comparison="none"))


def _tiers(page: Frame) -> Result:
    return page.ask(["csi_filings"], by=["tier"], totals=True)


def _screened(page: Frame) -> Result:
    return page.ask(["csi_referrals", *SCREENED], compare=True)


def _held(page: Frame) -> Result:
    return page.ask(["csi_resolved_share", "csi_hold_p50", "csi_hold_p90"], compare=True)


def _held_by_terminal(page: Frame) -> Result:
    return page.ask(["csi_hold_p50", "csi_hold_p90"], by=["terminal"], intervals=True, totals=True)


# ---------------------------------------------------------------------- filing and risk
def _filing(page: Frame) -> None:
    say, w = page.say, Words(page)
    whole = _filed(page)
    row = whole.frame.row(0, named=True)
    st.html(kpi_card.grid([
        card(page, whole, "csi_filings", say("US-bound boxes"), say("filed in this period")),
        card(page, whole, "csi_24h_share", say("Filed 24 h before loading"), say("or earlier, where the loading is known")),
        card(page, whole, "csi_lead_p50", say("Filing to loading"), say("median")),
        card(page, whole, "csi_high_share", say("High-risk boxes"), say("of those with a known tier")),
    ]))  # fmt: skip
    panel.section(say("Filed in time, by terminal"), say("The 24-hour rule of the United States: the manifest is filed 24 hours or more before the box is loaded. Lines are 95 % Wilson intervals."))
    result = _filed_by_terminal(page)
    rows = [(terminal(page, each["terminal"]), "csi_24h_share", each) for each in result.rows.sort("terminal", nulls_last=True).iter_rows(named=True)]
    finding = say("The share filed in time is not shown: {why}.", why=told(page, whole, "csi_24h_share")) if row["csi_24h_share"] is None else say(
        "{share} of the boxes were filed 24 hours or more before their loading (95 % interval {limits}).", share=w.percent(row["csi_24h_share"], 1),
        limits=words.plain(words.interval(row["csi_24h_share__low"], row["csi_24h_share__high"], "share", page.lang, 1)),
    )  # fmt: skip
    figure = rates(page, result, rows)
    if figure is None and row["csi_24h_share"] is not None:
        finding += " " + say("By terminal too few were late in this period to be shown; a period of 12 weeks or more shows whole quarters.")
    panel.show(page, figure, key="filed_in_time", finding=finding, table=rates_table(page, result, rows, say("Terminal")), result=result, n_words=_boxes(page, whole))
    _over_time(page)
    _by_tier(page)


def _boxes(page: Frame, whole: Result) -> str:
    return page.say("n = {n} boxes filed", n=told(page, whole, "csi_filings"))


def _over_time(page: Frame) -> None:
    say, w, result = page.say, Words(page), _by_month(page)
    known = [row for row in result.rows.iter_rows(named=True) if row["csi_24h_share"] is not None]
    if len(known) < 2:
        panel.section(say("Filed in time, by month"))
        panel.quiet(say("Fewer than two months can be shown."))
        return
    least, most = (choose(known, key=lambda row: row["csi_24h_share"]) for choose in (min, max))
    finding = say(
        "By month, between {low} ({first}) and {high} ({last}) of the boxes were filed 24 hours or more before their loading.", low=w.percent(least["csi_24h_share"], 1), high=w.percent(most["csi_24h_share"], 1),
        first=_month(page, least["period"]), last=_month(page, most["period"]),
    )  # fmt: skip
    n = say("n = {n} boxes whose loading is known; months that speak of too few boxes are left out", n=w.number(sum(row["csi_24h_share__n"] for row in known)))
    moved.show(page, result, (moved.Curve("csi_24h_share", say("filed in time")),), key="filed_by_month", title=say("Filed in time, by month"), finding=finding, unit="%", n_words=n, scale=100, said=lambda share: w.percent(share, 1))


def _month(page: Frame, first_day: dt.date) -> str:
    return format_skeleton("yMMM", dt.datetime.combine(first_day, dt.time()), locale=locale(page.lang))


def _by_tier(page: Frame) -> None:
    say, w = page.say, Words(page)
    result = _tiers(page)
    total = next(result.total.iter_rows(named=True), None)
    panel.section(say("Risk tiers"), say("As told by the filing's own system; what puts a box into a tier is not kept here."))
    if total is None or total["csi_filings"] is None:
        panel.quiet(say("The tiers are not shown: {why}.", why=hidden(page)))
        return
    found = {each["tier"]: each for each in result.rows.iter_rows(named=True)}
    drawn, table = [], []
    for tier in (*RISK_TIER.codes, None):
        if tier not in found:
            continue
        name, value = coded(say, RISK_TIER, tier) if tier else say("unknown"), found[tier]["csi_filings"]
        share = None if value is None else value / total["csi_filings"]
        text = hidden(page) if share is None else f"<b>{w.percent(share, 1)}</b> · n = {w.number(value)}"
        drawn.append(clock.Share(name, share, text, f"{name}<br>{text}"))
        table.append({say("Risk tier"): name, say("Boxes"): told(page, result, "csi_filings", found[tier]), say("Share"): hidden(page) if share is None else w.percent(share, 1)})
    most = max((each for each in drawn if each.value is not None), key=lambda each: each.value, default=None)
    finding = say("The tiers are not shown: {why}.", why=hidden(page)) if most is None else say("Most boxes, {share}, are in one tier: {tier}.", share=w.percent(most.value), tier=most.name)
    panel.show(page, clock.bars(drawn), key="tiers", finding=finding, table=pl.DataFrame(table), result=result, n_words=say("n = {n} boxes filed", n=w.number(total["csi_filings"])))


# ---------------------------------------------------------------------- referrals and inspections
def _screening(page: Frame) -> None:
    say, w = page.say, Words(page)
    result = _screened(page)
    row = result.frame.row(0, named=True)
    st.html(kpi_card.grid([
        card(page, result, "csi_referrals", say("Referred to the host"), say("boxes")),
        card(page, result, "csi_accepted_share", say("Accepted for inspection"), say("of the answered; the others were waived")),
        card(page, result, "csi_nii_share", say("Scanned"), say("of all the boxes filed")),
        card(page, result, "csi_physical_share", say("Opened and inspected"), say("of all the boxes filed")),
    ]))  # fmt: skip
    panel.section(say("From the referral to the finding"), say("Each share has a base of its own, named with it. Lines are 95 % Wilson intervals."))
    names = {
        "csi_answered_share": say("Answered, of the referred"), "csi_accepted_share": say("Accepted, of the answered"), "csi_nii_share": say("Scanned, of all filed"),
        "csi_physical_share": say("Opened, of all filed"), "csi_hit_share": say("Irregular, of the inspected"),
    }  # fmt: skip
    rows = [(names[code], code, row) for code in SCREENED]
    hit = _why_no_hit_rate(page, result) if row["csi_hit_share"] is None else say(
        "Of {n} boxes inspected, {share} showed an irregularity (95 % interval {limits}).", n=w.number(row["csi_hit_share__n"]), share=w.percent(row["csi_hit_share"], 1),
        limits=words.plain(words.interval(row["csi_hit_share__low"], row["csi_hit_share__high"], "share", page.lang, 1)),
    )  # fmt: skip
    figure = rates(page, result, rows)
    panel.show(page, figure, key="screened", finding=hit, table=rates_table(page, result, rows, say("Share of what")), result=result, n_words=say("n = {n} boxes referred", n=told(page, result, "csi_referrals")))
    panel.quiet(say("A higher hit rate is no better inspection by itself: who is inspected is chosen by risk."))


def _why_no_hit_rate(page: Frame, result: Result) -> str:
    """Why the hit rate is hidden, and the shortest period of whole quarters back from this one that shows it."""
    say, shown = page.say, result.selection
    text = say("The hit rate is not shown: {why}.", why=told(page, result, "csi_hit_share"))
    if result.frame["csi_hit_share__n"][0] == 0:
        return text
    text += " " + say("It speaks of too few boxes with an irregularity, of too few without one, or of a quarter whose figure would give another back.")
    first = page.store.build().first_day
    for quarters in range(2, QUARTERS + 1):
        month = shown.end_day.year * 12 + shown.end_day.month - 1 - 3 * quarters
        begins = dt.date(month // 12, month % 12 + 1, 1)
        if (begins - first).days < -LATE_DAYS:
            break
        wider = replace(page.selection, first_day=begins, end_day=shown.end_day, period="custom")
        if page.ask(["csi_hit_share"], selection=wider).cell("csi_hit_share").value is not None:
            return text + " " + say("Dates from {first} to {last} show it.", first=words.day(begins, page.lang), last=words.day(wider.last_day, page.lang))
    return text + " " + say("No longer period of these data shows it either.")


# ---------------------------------------------------------------------- holds and loading
def _holds(page: Frame) -> None:
    say, lang = page.say, page.lang
    whole = _held(page)
    row = whole.frame.row(0, named=True)
    st.html(kpi_card.grid([
        card(page, whole, "csi_resolved_share", say("Resolved before loading"), say("of the boxes referred with a known loading")),
        card(page, whole, "csi_hold_p50", say("Hold to release"), say("median, from the referral")),
        card(page, whole, "csi_hold_p90", say("1 in 10 over"), say("from the referral to the release")),
    ]))  # fmt: skip
    panel.section(say("Hold to release, by terminal"))
    result = _held_by_terminal(page)
    drawn, table = [], []
    for each in result.rows.sort("terminal", nulls_last=True).iter_rows(named=True):
        name, median, p90 = terminal(page, each["terminal"]), told(page, result, "csi_hold_p50", each), told(page, result, "csi_hold_p90", each)
        n = hidden(page) if each["csi_hold_p50"] is None else counted(page, each, "csi_hold_p50")
        text = median if each["csi_hold_p50"] is None else f"<b>{median}</b> · {p90} · {n}"
        hours = [None if each[column] is None else each[column] / 60 for column in ("csi_hold_p50", "csi_hold_p50__low", "csi_hold_p50__high", "csi_hold_p90")]
        drawn.append(groups.Group(panel.short(name, LONG), "", *hours, text, f"{name}<br>{text}", each["csi_hold_p50"] is None or (each["csi_hold_p50__n"] is not None and each["csi_hold_p50__n"] < MIN_N)))
        table.append({say("Terminal"): name, say("Median"): median, say("1 in 10 over"): p90, "n": n})
    if row["csi_hold_p50"] is None:
        panel.quiet(say("The time from hold to release is not shown: {why}.", why=told(page, whole, "csi_hold_p50")))
    else:
        finding = say("Half of the holds are lifted within {median} of the referral; 1 in 10 takes more than {p90}.", median=words.duration(row["csi_hold_p50"], lang), p90=told(page, whole, "csi_hold_p90"))
        n_words = say("holds: {n}; bars are 95 % intervals of the median; grey under n = {thin}", n=counted(page, row, "csi_hold_p50"), thin=MIN_N)
        chart.show(page, groups.dots(drawn, median=say("median"), p90=say("1 in 10 over"), unit=say("h")), key="holds", finding=finding, result=result, n_words=n_words, table=table)
    _extra_table(page)


def _extra_table(page: Frame) -> None:
    say, w = page.say, Words(page)
    extra = _extra(page)
    panel.section(say("What selection costs a truck"), say("Difference of the mean turnaround between visits that brought a referred box and the others of the same local day, hour and terminal; days are the blocks of the interval."))
    if extra.low is None:
        panel.quiet(sentence(extra, page.say, page.store.settings.small_cell))
        return
    table = pl.DataFrame([{
        say("Extra minutes"): words.number(extra.minutes, page.lang, 1), say("95 % interval"): words.plain(words.interval(extra.low, extra.high, "min", page.lang, 1)), say("Selected visits"): w.number(extra.selected_n),
        say("Other visits"): w.number(extra.other_n), say("Days"): w.number(extra.days_n),
    }])  # fmt: skip
    panel.grid(table, key="extra")
    panel.under(page, say("n = {n} selected visits", n=w.number(extra.selected_n)), extra.selection)
    download.worded(page, table, say("What selection costs a truck"), key="extra", name="extra_minutes_of_selected_visits", selection=extra.selection)


if __name__ == "__main__":
    show(current())
