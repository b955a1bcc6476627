"""Of the planning page: the drawn calendar of alternating blocks, and what is announced and locked before the start."""

from __future__ import annotations

import datetime as dt

import polars as pl
import streamlit as st

from dashboard.evidence import switchback
from dashboard.evidence.verdict import LOOKS
from dashboard.screens.planning_options import BLOCKS, Option, log_size
from dashboard.selection import Selection
from dashboard.widgets import download, panel
from dashboard.widgets.frame import Frame
from dashboard.widgets.panel import Words

_WEEKS_WHOLE = 14  # a longer calendar scrolls


def calendar(page: Frame, options: list[Option], size: int, start: dt.date, block_days: int) -> None:
    _, w = page.say, Words(page)
    option = next((each for each in options if each.kind == "switchback"), None)
    panel.section(_("A calendar of alternating blocks"))
    if option is None:
        panel.quiet(_("Blocks of {length} need at least {n} days measured.", length=_(BLOCKS[block_days]), n=4 * block_days))
        return
    days = option.design.days(log_size(size))
    if days is None:
        panel.quiet(_("A change of {size} would take more than two years with these blocks; choose shorter ones or a larger change.", size=w.percent(size / 100)))
        return
    pairs = switchback.pairs_in(days, block_days)
    plan = switchback.calendar(page.store.port_code, start, block_days, pairs)
    words = (_("with"), _("without"))
    panel.quiet(
        _("{pairs} pairs of blocks, {first} to {last}. In each pair one block runs with the pilot and one without, in an order drawn from the port's code, the start and the block length: the same for everybody, and every weekday falls equally often on both.", pairs=w.number(pairs), first=w.day(start), last=w.day(plan[-1].day))
        + (" " + _("Days in brackets are left out of the analysis.") if switchback.washout_of(block_days) else "")
    )
    cells = [f"({words[not each.is_on]})" if each.is_washout else words[not each.is_on] for each in plan]
    weeks = [
        {_("Days from"): w.day(plan[at].day), **{w.weekday((plan[at].day.weekday() + step) % 7 + 1): cells[at + step] if at + step < len(cells) else "" for step in range(7)}} for at in range(0, len(plan), 7)
    ]
    panel.grid(pl.DataFrame(weeks), key="planning_calendar", height="content" if len(weeks) <= _WEEKS_WHOLE else 460)
    table = pl.DataFrame(
        {
            _("Day"): [each.day for each in plan], _("Weekday"): [w.weekday(each.day.isoweekday(), "wide") for each in plan], _("Pair"): [each.pair for each in plan], _("Block"): [each.block for each in plan],
            _("Pilot"): [words[not each.is_on] for each in plan], _("Counts"): [_("no") if each.is_washout else _("yes") for each in plan],
        }
    )  # fmt: skip
    download.worded(page, table, _("Calendar of alternating blocks"), key="planning_calendar", name="switchback_calendar", selection=Selection(page.selection.port, start, plan[-1].day + dt.timedelta(days=1), period="custom", comparison="none"))


def announce(page: Frame, options: list[Option], size: int, start: dt.date) -> None:
    _, w = page.say, Words(page)
    panel.section(_("Before the start: announce and lock"))
    ends = [(each, each.design.days(log_size(size))) for each in options if each.not_before is None]
    lines = [_("{design}: one verdict, on {day}.", design=each.label, day=w.day(start + dt.timedelta(days=days))) for each, days in ends if days]
    looks = _(", ").join(w.day(start + dt.timedelta(days=day)) for day, alpha in LOOKS)
    lines.append(_("Units against units may be looked at three times instead ({days}); each look then asks for more. Blocks are read once, at the end.", days=looks))
    lines.append(_("Write the units into reference/pilot_arms.csv of the site folder and lock units, start, main measure and end before the start; after day {n} it is too late:", n=LOOKS[0][0]))
    st.markdown("\n".join(f"- {line}" for line in lines))
    first = next((days for each, days in ends if days and each.kind != "switchback"), None)
    st.code(f"smartport lock --write{f' --end-day {first}' if first else ''}", language=None)
