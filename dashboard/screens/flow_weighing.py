"""Weighing, a part of the flow page: both weighings, electronic tickets, re-weighings and minutes by weighbridge, and the weighed against the declared mass."""

from __future__ import annotations

import polars as pl
import streamlit as st

from dashboard import format as words
from dashboard.metrics import Result
from dashboard.metrics.flow import MASS_TOLERANCE
from dashboard.views import clock
from dashboard.widgets import kpi_card, panel
from dashboard.widgets.frame import Frame
from dashboard.widgets.panel import Words

MIN_N = 30
MASSES = ("declared_mass_within_share", "under_declared_share", "declared_mass_known_share")


# ---------------------------------------------------------------------- questions
def _weighings(page: Frame) -> Result:
    return page.ask(["weighings", "e_slip_share", "re_weigh_share", "weighing_wait_p50", "weighing_wait_p90", "weighing_p50"], by=["place"], totals=True)


def _weighed(page: Frame) -> Result:
    return page.ask(["both_weighings_share", "unweighed_exit_share"], compare=True)


def _masses(page: Frame) -> Result:
    return page.ask(MASSES, by=["terminal"], totals=True)


ASKED = (_weighings, _weighed, _masses)


# ---------------------------------------------------------------------- weighing
def show(page: Frame, _counts: pl.DataFrame) -> None:
    say, lang, w = page.say, page.lang, Words(page)
    result, visits = _weighings(page), _weighed(page)
    panel.section(say("Weighing"), say("Every container is weighed twice: the truck empty and the truck full."))
    if not result.cell("weighings").value:
        panel.quiet(say("No data: no weighing in this selection."))
        return

    def card(source: Result, code: str, name: str, about: str) -> str:
        cell = source.cell(code)
        notes = [say("n = {n}", n=w.number(cell.n)), say("95 %: {limits}", limits=words.plain(words.interval(cell.low, cell.high, cell.metric.unit, lang, cell.metric.decimals))) if cell.low is not None else ""]
        notes += [say("before: {value}", value=words.plain(words.value(cell.before, cell.metric.unit, lang, cell.metric.decimals)))] if cell.before is not None else []
        return kpi_card.card(name, words.plain(words.cell(cell, lang)), say=about, notes=notes, code=code)

    st.html(kpi_card.grid([
        card(visits, "both_weighings_share", say("Weighed empty and full"), say("of the closed visits")),
        card(visits, "unweighed_exit_share", say("Left without full weighing"), say("exit voucher subject to weighing, never closed")),
        card(result, "e_slip_share", say("Electronic tickets"), say("of the weighings whose log says so or not")),
        card(result, "re_weigh_share", say("Re-weighings"), say("made again within one visit")),
        card(result, "weighing_wait_p50", say("Wait for a weighing"), say("median, joining the queue to driving on")),
        card(result, "weighing_p50", say("Minutes of a weighing"), say("median, driving on to the ticket")),
    ]))  # fmt: skip
    rows = result.rows.sort("weighings", descending=True)
    table = [
        {
            say("Weighbridge"): page.place(row["place"]), say("Weighings"): w.number(row["weighings"]), say("Median wait, min"): w.number(row["weighing_wait_p50"], 1),
            say("1 in 10 waits over, min"): w.number(row["weighing_wait_p90"], 1), say("Median weighing, min"): w.number(row["weighing_p50"], 1),
            say("Electronic tickets"): say("no data") if row["e_slip_share"] is None else w.percent(row["e_slip_share"], 1), say("Re-weighings"): say("no data") if row["re_weigh_share"] is None else w.percent(row["re_weigh_share"], 2),
        }
        for row in rows.iter_rows(named=True)
    ]  # fmt: skip
    drawn = [
        clock.Share(page.place(row["place"]), row["weighing_wait_p50"] or 0, f"<b>{words.plain(words.value(row['weighing_wait_p50'], 'min', lang, 1))}</b> · {say('1 in 10 over {value}', value=words.plain(words.value(row['weighing_wait_p90'], 'min', lang, 1)))} · n = {w.number(row['weighings'])}", page.place(row["place"]))
        for row in rows.filter(pl.col("weighing_wait_p50__n") >= MIN_N).iter_rows(named=True)
    ]
    drawn = drawn if len(drawn) > 1 else []  # one bar compares nothing
    whole = result.cell("weighing_wait_p90")
    finding = say("1 weighing in 10 waits more than {p90}, all weighbridges together.", p90=words.value(whole.value, "min", lang, 1)) if whole.value is not None else say("No weighbridge logs when trucks arrive: waits are not known.")
    panel.show(page, clock.bars(drawn) if drawn else None, key="weighbridges", finding=finding, table=pl.DataFrame(table), result=result, n_words=say("n = {n} weighings", n=w.number(result.cell("weighings").value)))
    _declared(page)


# ---------------------------------------------------------------------- weighed against declared
def _declared(page: Frame) -> None:
    say, w = page.say, Words(page)
    result = _masses(page)
    within, heavier, known = (result.cell(code) for code in MASSES)
    tolerance = w.percent(MASS_TOLERANCE)
    panel.section(say("Weighed against declared mass"), say("Mass of the boxes by the weighbridge, full less empty, against the gross mass declared for them. {tolerance} is what authorities commonly allow on a verified gross mass (SOLAS). Lines are 95 % Wilson intervals.", tolerance=tolerance))
    if within.value is None:
        panel.quiet(say("No data: no visit of this selection has both its weighings and a declared mass."))
        return
    drawn, table = [], []
    for row in result.rows.filter(pl.col("declared_mass_within_share__n") > 0).sort("terminal", nulls_last=True).iter_rows(named=True):
        name = page.name("terminal", row["terminal"]) if row["terminal"] else say("unknown")
        value, low, high, n = (row[f"declared_mass_within_share{end}"] for end in ("", "__low", "__high", "__n"))
        text = f"<b>{w.percent(value, 1)}</b> ({w.span(low * 100, high * 100, 1)}) · n = {w.number(n)}"
        drawn += [clock.Share(panel.short(name, 20), value, text, f"{name}<br>{text}", low=low, high=high)] if n >= MIN_N else []
        table.append({
            say("Terminal"): name, say("Within {tolerance}", tolerance=tolerance): w.percent(value, 1), say("95 % interval"): words.plain(words.interval(low, high, "share", page.lang, 1)),
            say("Heavier than declared"): w.percent(row["under_declared_share"], 2), "n": w.number(n),
        })  # fmt: skip
    finding = say(
        "Of {n} visits whose boxes were weighed and declared, {share} lie within {tolerance}; {heavier} weigh more than declared by over {tolerance}.",
        n=w.number(within.n), share=w.percent(within.value, 1), heavier=w.percent(heavier.value, 2), tolerance=tolerance,
    )  # fmt: skip
    n_words = say("n = {n} visits, {share} of the closed ones; a truck's fuel and its driver are in both weighings", n=w.number(within.n), share=w.percent(known.value, 1))
    panel.show(page, clock.rates(drawn) if drawn else None, key="masses", finding=finding, table=pl.DataFrame(table), result=result, n_words=n_words)
    panel.quiet(say("A difference proves no fraud: a box weighed on another truck, or a declaration corrected later, looks the same."))
