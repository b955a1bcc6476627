"""Slots and appointments, a part of the exchange page: both sides measured. Terminals offer, give and refuse; carriers come on time, early, late or not at all.

Offered places come from a log of their own: a port without one gets "no data" in words, never a zero.
"""

from __future__ import annotations

import polars as pl

from dashboard import format as words
from dashboard.metrics import Result
from dashboard.screens.exchange_words import LONG, MIN_N, named, rate, share
from dashboard.views import clock, tomorrow
from dashboard.widgets import no_data, panel
from dashboard.widgets.frame import Frame
from dashboard.widgets.panel import Words

SIDE = ("appointments", "slots_given", "slot_refused_share", "slot_cancelled_share")
KEPT = ("appointment_on_time_share", "appointment_early_share", "appointment_late_share", "no_show_share")


# ---------------------------------------------------------------------- questions
def _side(page: Frame) -> Result:
    """The terminals' side; places offered in the same answer where the port has a log of them."""
    return page.ask([*SIDE, *(("slots_offered",) if _has_offers(page) else ())], by=["terminal"], totals=True)


def _hours(page: Frame) -> Result:
    return page.ask(["slots_given", "slot_refused_share", *(("slots_offered",) if _has_offers(page) else ())], by=["hour"])


def _kept(page: Frame) -> Result:
    return page.ask([*KEPT, "appointments"], by=["terminal"])


ASKED = (_side, _hours, _kept)  # what the page asks ahead


def _has_offers(page: Frame) -> bool:
    """Whether the log of offered places holds the whole period. It knows no direction: with that filter set it answers another question."""
    first = page.store.opened().first("fct_slots", "slot_day")
    return first is not None and first <= page.selection.first_day and not page.selection.direction


# ---------------------------------------------------------------------- the part
def show(page: Frame) -> None:
    say = page.say
    side = _side(page)
    if not side.total["appointments"][0]:
        no_data.show(page, say("No appointment in this selection."))
        return
    _terminals(page, side)
    _by_hour(page)
    _carriers(page, _kept(page))


def _terminals(page: Frame, side: Result) -> None:
    say, w = page.say, Words(page)
    has_offers, rows, total = "slots_offered" in side.rows.columns, side.rows.sort("terminal", nulls_last=True).rows(named=True), side.total.row(0, named=True)
    about = say("Places offered count for each slot as the terminal said last, taken or not. Refused and cancelled are shares of the slots asked; lines are 95 % Wilson intervals.")
    panel.section(say("The terminals' side: slots asked and given"), about)
    if not has_offers:
        panel.quiet(_why_no_offers(page))
    drawn, table = [], []
    for row in rows:
        name = named(page, "terminal", row["terminal"])
        for code, brief in (("slot_refused_share", say("refused")), ("slot_cancelled_share", say("cancelled"))):
            if row[code] is not None:
                drawn.append(rate(page, f"{panel.short(name, LONG)} – {brief}", *(row[f"{code}{end}"] for end in ("", "__low", "__high", "__n")), f"{name} – {brief}"))
        offered = _whole(row.get("slots_offered"))
        table.append({
            say("Terminal"): name, say("Offered"): w.number(offered) if offered is not None else say("no data"), say("Asked"): w.number(row["appointments"]), say("Given"): w.number(row["slots_given"]),
            say("Given of those offered"): w.percent(row["slots_given"] / offered, 1) if offered else say("no data"),
            say("Refused by the terminal"): share(page, row, "slot_refused_share"), say("Cancelled before"): share(page, row, "slot_cancelled_share"),
        })  # fmt: skip
    asked, offered = total["appointments"], _whole(total.get("slots_offered"))
    finding = say("Of {n} slots asked, terminals refused {refused}; {cancelled} were cancelled before their hour.", n=w.number(asked), refused=w.percent(total["slot_refused_share"], 1), cancelled=w.percent(total["slot_cancelled_share"], 1))
    if offered:
        finding = say("Terminals offered {n} places and gave {given} ({share}).", n=w.number(offered), given=w.number(total["slots_given"]), share=w.percent(total["slots_given"] / offered, 1)) + " " + finding
    panel.show(page, clock.rates(drawn), key="slots", finding=finding, table=pl.DataFrame(table), result=side, n_words=say("n = {n} slots asked", n=w.number(asked)))


def _whole(total: object) -> int | None:
    """A sum of whole numbers comes as a decimal."""
    return None if total is None else int(total)


def _why_no_offers(page: Frame) -> str:
    say, first = page.say, page.store.opened().first("fct_slots", "slot_day")
    if first is None:
        return say("Places offered: no data. This port has sent no log of them, so slots nobody asked for are not known.")
    if page.selection.direction:
        return say("Places offered: no data by direction. Their log does not know it; clear that filter to see them.")
    return say("Places offered: no data before {day}, when their log begins.", day=words.day(first, page.lang))


def _by_hour(page: Frame) -> None:
    """Where in the day places lack: given against offered."""
    say, w, result = page.say, Words(page), _hours(page)
    if "slots_offered" not in result.rows.columns:
        return
    rows = result.rows.filter(pl.col("hour").is_not_null()).sort("hour").with_columns(pl.col("slots_offered", "slots_given").fill_null(0).cast(pl.Int64))
    if rows.is_empty():
        return
    panel.section(say("Offered and given, by hour of the slot"), say("All places of the period. Where the bar reaches the line, terminals had none left."))
    frame = rows.select("hour", value="slots_given", limit="slots_offered", is_over=pl.lit(False))
    hover = [
        say("{hour} h: {given} of {offered} places given; {refused} of those asked refused", hour=row["hour"], given=w.number(row["slots_given"]), offered=w.number(row["slots_offered"]), refused=w.percent(row["slot_refused_share"], 1))
        for row in rows.to_dicts()
    ]
    tight = rows.filter(pl.col("slots_offered") > 0).with_columns(share=pl.col("slots_given") / pl.col("slots_offered")).filter(pl.col("slots_offered") >= MIN_N).sort("share", descending=True)
    if tight.is_empty():
        finding = say("No hour has {n} places offered or more.", n=MIN_N)
    else:
        top, low = tight.row(0, named=True), tight.row(-1, named=True)
        finding = say(
            "Tightest at {hour} h: {share} of {n} places given; least at {other} h: {least}.", hour=top["hour"], share=w.percent(top["share"], 1), n=w.number(top["slots_offered"]), other=low["hour"], least=w.percent(low["share"], 1),
        )  # fmt: skip
    table = pl.DataFrame([
        {say("Hour"): row["hour"], say("Offered"): w.number(row["slots_offered"]), say("Given"): w.number(row["slots_given"]), say("Refused by the terminal"): share(page, row, "slot_refused_share")}
        for row in rows.to_dicts()
    ])  # fmt: skip
    figure = tomorrow.day_hours(frame, tomorrow.Words(say("Given"), "", say("Offered")), hover=hover, height=280, hour_word=say("h"))
    panel.show(page, figure, key="slots_by_hour", finding=finding, table=table, result=result, n_words=say("n = {n} places offered", n=w.number(rows["slots_offered"].sum())))


def _carriers(page: Frame, result: Result) -> None:
    say, w = page.say, Words(page)
    brief = {"appointment_on_time_share": say("on time"), "appointment_early_share": say("early"), "appointment_late_share": say("late"), "no_show_share": say("no truck came")}
    panel.section(say("The carriers' side: appointments kept"), say("On time is within 30 minutes of the slot. On time and no-show are shares of the appointments due; early and late are shares of those honoured."))
    rows = [row for row in result.rows.sort("terminal", nulls_last=True).iter_rows(named=True) if row["no_show_share"] is not None]
    if not rows:
        panel.quiet(say("No appointment of this selection was due yet."))
        return
    drawn = [
        rate(page, f"{panel.short(named(page, 'terminal', row['terminal']), LONG)} – {brief[code]}", *(row[f"{code}{end}"] for end in ("", "__low", "__high", "__n")), named(page, "terminal", row["terminal"]))
        for row in rows for code in KEPT if row[code] is not None
    ]  # fmt: skip
    table = pl.DataFrame([
        {say("Terminal"): named(page, "terminal", row["terminal"]), **{say(result.metric(code).label): share(page, row, code) for code in KEPT}, say("Due"): w.number(row["no_show_share__n"]), say("Honoured"): w.number(row["appointment_late_share__n"])}
        for row in rows
    ])  # fmt: skip
    due = sum(row["no_show_share__n"] for row in rows)
    missed, on_time = (sum(row[code] * row[f"{code}__n"] for row in rows) / due for code in ("no_show_share", "appointment_on_time_share"))
    finding = say("Of {n} appointments due, {on_time} were kept on time; to {missed} no truck came.", n=w.number(due), on_time=w.percent(on_time, 1), missed=w.percent(missed, 1))
    panel.show(page, clock.rates(drawn), key="kept", finding=finding, table=table, result=result, n_words=say("n = {n} appointments due", n=w.number(due)))
