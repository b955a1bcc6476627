"""What was not in order, a part of the clearance page: breaches of the rules with the rows behind them, and declarations set apart."""

from __future__ import annotations

import html

import polars as pl
import streamlit as st

from dashboard import format as words
from dashboard.metrics import Result
from dashboard.widgets import download, no_data, panel
from dashboard.widgets.frame import Frame
from dashboard.widgets.panel import Words, coded
from etl.contracts.codes import ORDER_FAULT

BREACHES = ("out_before_release_share", "out_unweighed_share", "out_without_release_share")


def asked(page: Frame) -> Result:
    return page.ask([*BREACHES, "set_apart_share", "declarations"], compare=True)


def show(page: Frame) -> None:
    say, w = page.say, Words(page)
    result = asked(page)
    if not result.cell("declarations").value:
        no_data.show(page, say("No declaration was lodged in this period."))
        return
    unweighed = page.ask(["unweighed_exit_share"], compare=True).cell("unweighed_exit_share")
    panel.section(say("Breaches"), say("What the rules do not allow, counted where both times are certain. A lost log line can look like a breach: read the rows before accusing anyone."))
    cells = [*(result.cell(code) for code in BREACHES), unweighed]
    table = pl.DataFrame([
        {
            say("What"): say(cell.metric.label), say("Cases"): w.number(None if cell.value is None else round(cell.value * cell.n)), say("Of"): w.number(cell.n),
            say("Share"): say("no data") if cell.value is None else w.percent(cell.value, 2), say("95 % interval"): words.interval(cell.low, cell.high, "share", page.lang, 2),
            say("Before"): say("no data") if cell.before is None else w.percent(cell.before, 2),
        }
        for cell in cells
    ])  # fmt: skip
    panel.grid(table, key="breaches")
    panel.under(page, say("n = {n} declarations", n=w.number(result.cell("declarations").value)))
    for cell in cells:
        if cell.value:
            with st.expander(say("Rows: {what}", what=say(cell.metric.label)), key=f"rows_{cell.metric.code}"):
                st.html(f'<p class="quiet">{html.escape(say(cell.metric.about))}</p>')
                download.rows(page, "visits" if cell is unweighed else "declarations", key=f"behind_{cell.metric.code}", metric=cell.metric.code)
    _set_apart(page, result)


def _set_apart(page: Frame, result: Result) -> None:
    say, w = page.say, Words(page)
    apart = result.cell("set_apart_share")
    panel.section(say("Set apart"), say("Declarations whose events stand in an impossible order give no minutes and enter no figure above; they are kept here with their reason until a corrected line comes."))
    if not apart.value:
        panel.quiet(say("None of the {n} declarations.", n=w.number(apart.n)))
        return
    by_fault = page.ask(["declarations"], by=["order_fault"])
    rows = [
        {say("Reason"): coded(say, ORDER_FAULT, row["order_fault"]), say("Declarations"): w.number(row["declarations"])}
        for row in by_fault.rows.drop_nulls("order_fault").sort("declarations", descending=True).iter_rows(named=True)
    ]
    panel.grid(pl.DataFrame(rows), key="set_apart")
    panel.under(page, say("{cases} of {n} declarations, {share}", cases=w.number(round(apart.value * apart.n)), n=w.number(apart.n), share=w.percent(apart.value, 2)))
    download.rows(page, "declarations", key="behind_set_apart", metric="set_apart_share")
