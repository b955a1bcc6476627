"""Documents and exchange: messages with the partners, documents still shown on paper, slots asked and kept by both sides, and the dwell of boxes."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from functools import partial

import polars as pl
import streamlit as st

from dashboard import format as words
from dashboard.i18n import N_
from dashboard.metrics import DIMENSIONS, Result
from dashboard.screens import exchange_slots, moved
from dashboard.screens.exchange_words import LONG, MIN_N, named, rate, share
from dashboard.views import clock, groups, theme
from dashboard.widgets import chart, kpi_card, no_data, panel, parts
from dashboard.widgets.frame import Frame, current
from dashboard.widgets.panel import Words, coded
from etl.contracts.codes import AUTHORITY, MESSAGE_REASON

PARTS: dict[str, str] = {"messages": N_("Electronic messages"), "paper": N_("Documents on paper"), "slots": N_("Slots and appointments"), "dwell": N_("Dwell of boxes")}
SPLITS: tuple[str, ...] = ("partner", "message_type")
TOP_PLACES = 12
_FIRST = {"messages": ("fct_messages", "sent_day"), "slots": ("fct_appointments", "slot_day"), "dwell": ("fct_container_moves", "moved_day")}


def show(page: Frame) -> None:
    say = page.say
    st.title(say("Documents and exchange"), anchor=False)
    part = parts.asked(page, PARTS)
    asked = {"messages": (_sent, _curve, moved.logged, partial(_by, split=st.session_state.get("exchange_split") or SPLITS[0]), _reasons), "paper": (_checks, _recorded, _paperless), "slots": exchange_slots.ASKED, "dwell": (_dwell,)}
    page.ahead(_sent, *asked[part])
    st.html(f'<p class="lead" data-testid="answer">{html.escape(_answer(page))}</p>')
    {"messages": _messages, "paper": _paper, "slots": _slots, "dwell": _stays}[parts.choose(page, PARTS, "exchange_part")](page)


# ---------------------------------------------------------------------- questions
def _sent(page: Frame) -> Result:
    return page.ask(["messages", "message_accepted_share", "message_ahead_share", "message_lead_p50", "message_latency_p50", "message_latency_p90", "message_lost_share"], compare=True)


def _curve(page: Frame) -> Result:
    asked = moved.period(page)
    return page.ask(["message_latency_p50", "message_latency_p90"], grain=moved.grain(asked.days), selection=asked)


def _by(page: Frame, split: str) -> Result:
    return page.ask(["message_accepted_share", "messages", "message_latency_p50", "message_latency_p90", "message_lost_share", "message_ahead_share", "message_lead_p50"], by=[split])


def _reasons(page: Frame) -> Result:
    return page.ask(["messages"], by=["message_reason"])


def _checks(page: Frame) -> Result:
    return page.ask(["document_checks"], by=["place", "authority"])


def _paperless(page: Frame) -> Result:
    return page.ask(["paperless_share"], compare=True)


def _recorded(page: Frame) -> Result:
    return page.ask(["document_checks_mean", "document_checks_coverage"], compare=True)


def _dwell(page: Frame) -> Result:
    return page.ask(["dwell_import_p50", "dwell_import_p90", "dwell_export_p50", "dwell_export_p90"], by=["terminal"], intervals=True, totals=True)


# ---------------------------------------------------------------------- words
def _answer(page: Frame) -> str:
    say, w = page.say, Words(page)
    if page.store.opened().first("fct_messages", "sent_day") is None:
        return say("No data: this port has sent no log of electronic messages.")
    result = _sent(page)
    accepted, ahead, lead = (result.cell(code) for code in ("message_accepted_share", "message_ahead_share", "message_lead_p50"))
    if not result.cell("messages").value:
        return say("No message was sent in this period.")
    if accepted.value is None or ahead.value is None:
        return say("{n} messages were sent; the log does not say how they were answered, or which arrival they announce.", n=w.number(result.cell("messages").value))
    return say(
        "{ahead} of the messages come before the arrival they announce (median lead time {lead}); partners accept {accepted} of those they answer.",
        ahead=w.percent(ahead.value), lead=words.plain(words.duration(lead.value * 60, page.lang)), accepted=w.percent(accepted.value, 1),
    )  # fmt: skip


def _has_log(page: Frame, part: str, absent: str, begins: Callable[[str], str]) -> bool:
    """Whether the part's log reaches the period; if not, say since when, or that there is none."""
    first = page.store.opened().first(*_FIRST[part])
    if first is None:
        panel.quiet(absent)
        return False
    if page.selection.end_day <= first:
        no_data.show(page, begins(words.day(first, page.lang)))
        return False
    return True


def _card(page: Frame, result: Result, code: str, name: str, about: str) -> str:
    say, w, cell = page.say, Words(page), result.cell(code)

    def text(value: float | None) -> str:
        return words.plain(words.value(value, cell.metric.unit, page.lang, cell.metric.decimals))

    notes = ["" if cell.metric.count else say("n = {n}", n=w.number(cell.n))]
    notes += [say("95 %: {limits}", limits=words.plain(words.interval(cell.low, cell.high, "share", page.lang, cell.metric.decimals)))] if cell.metric.share and cell.low is not None else []
    notes += [say("before: {value}", value=text(cell.before))] if cell.before is not None else []
    return kpi_card.card(name, text(cell.value), say=about, notes=notes, code=code)


# ---------------------------------------------------------------------- messages
def _messages(page: Frame) -> None:
    say = page.say
    if not _has_log(page, "messages", say("With such a log, this part shows the lead time before arrival, and acceptance and delay by partner and type of message."), lambda day: say("No data: the log of messages begins on {day}.", day=day)):
        return
    result = _sent(page)
    if not result.cell("messages").value:
        no_data.show(page, say("No message was sent in this period."))
        return
    if page.selection.filters or page.selection.view != "all":
        panel.quiet(say("Messages know no gate, lane or truck: the filters do not apply to them."))
    st.html(kpi_card.grid([
        _card(page, result, "messages", say("Electronic messages"), say("sent in this period")),
        _card(page, result, "message_ahead_share", say("Ahead of the arrival"), say("of those that announce one")),
        _card(page, result, "message_lead_p50", say("Lead time before arrival"), say("median")),
        _card(page, result, "message_accepted_share", say("Accepted"), say("of the answered")),
        _card(page, result, "message_latency_p50", say("Sent to received"), say("median; 1 in 10 over {p90}", p90=words.plain(words.cell(result.cell("message_latency_p90"), page.lang)))),
        _card(page, result, "message_lost_share", say("Never received"), say("as far as the log says")),
    ]))  # fmt: skip
    _over_time(page)
    _by_partner(page)
    _rejected(page, result)


def _over_time(page: Frame) -> None:
    """By the day of sending: a partner's outage is seen here first."""
    say, lang, result = page.say, page.lang, _curve(page)
    metric = result.metric("message_latency_p90")
    known = [row for row in result.rows.iter_rows(named=True) if row["message_latency_p90__n"] >= MIN_N]
    worst = max(known, key=lambda row: row["message_latency_p90"], default=None)
    finding = say("Too few messages to draw a curve.") if worst is None else say(
        {"day": N_("Messages were slowest on {day}: 1 in 10 took more than {p90}."), "week": N_("Messages were slowest in the week from {day}: 1 in 10 took more than {p90}."),
         "month": N_("Messages were slowest in the month from {day}: 1 in 10 took more than {p90}.")}[result.grain],
        day=words.day(worst["period"], lang), p90=words.value(worst["message_latency_p90"], "min", lang, metric.decimals),
    )  # fmt: skip
    curves = (moved.Curve("message_latency_p90", say("1 in 10 over"), theme.ACCENT), moved.Curve("message_latency_p50", say("median"), theme.MAIN, 2.5))
    n = say("n = {n} messages with both times, by the day they were sent", n=words.number(result.n, lang))
    moved.show(page, result, curves, key="latency_over_time", title=say("How it moved"), finding=finding, unit=say("min"), n_words=n, said=lambda value: words.value(value, "min", lang, metric.decimals))


@st.fragment
def _by_partner(page: Frame) -> None:
    say, lang, w = page.say, page.lang, Words(page)
    panel.section(say("Accepted, by partner and by type"), say("Lines are 95 % Wilson intervals; the table also gives delays and lead times."))
    split = st.segmented_control(say("Split by"), SPLITS, key="exchange_split", required=True, default=SPLITS[0], format_func=lambda code: say(DIMENSIONS[code].label), label_visibility="collapsed") or SPLITS[0]
    result = _by(page, split)
    rows = result.rows.sort("messages", descending=True).rows(named=True)
    answered = [row for row in rows if row["message_accepted_share"] is not None]
    drawn = [rate(page, named(page, split, row[split]), *(row[f"message_accepted_share{end}"] for end in ("", "__low", "__high", "__n"))) for row in answered]

    def figure(row: dict, code: str) -> str:
        return words.plain(words.value(row[code], result.metric(code).unit, lang, result.metric(code).decimals))

    table = pl.DataFrame([
        {
            say(DIMENSIONS[split].label): named(page, split, row[split]), say("Messages"): w.number(row["messages"]), say("Accepted"): share(page, row, "message_accepted_share"),
            say("Never received"): share(page, row, "message_lost_share", 2), say("Median delay"): figure(row, "message_latency_p50"), say("1 in 10 over"): figure(row, "message_latency_p90"),
            say("Ahead of the arrival"): share(page, row, "message_ahead_share"), say("Median lead time"): figure(row, "message_lead_p50"),
        }
        for row in rows
    ])  # fmt: skip
    n_words = say("n = {n} messages; grey under n = {thin}", n=w.number(sum(row["messages"] for row in rows)), thin=MIN_N)
    panel.show(page, clock.rates(drawn) if drawn else None, key=f"accepted_by_{split}", finding=_difference(page, answered, split), table=table, result=result, n_words=n_words)


def _difference(page: Frame, rows: Sequence[dict], split: str) -> str:
    """Say whether the extremes differ by more than chance; never a ranking."""
    say, w = page.say, Words(page)
    solid = [row for row in rows if row["message_accepted_share__n"] >= MIN_N]
    if not rows:
        return say("No data: no message of this period was answered.")
    if len(solid) < 2:
        return say("One group only in this selection.")
    low, high = min(solid, key=lambda row: row["message_accepted_share"]), max(solid, key=lambda row: row["message_accepted_share"])
    if low["message_accepted_share__high"] >= high["message_accepted_share__low"]:
        return say("No clear difference: the intervals of the shares overlap.")
    return say(
        "Accepted shares go from {low} ({first}) to {high} ({last}).", low=w.percent(low["message_accepted_share"], 1), high=w.percent(high["message_accepted_share"], 1),
        first=named(page, split, low[split]), last=named(page, split, high[split]),
    )  # fmt: skip


def _rejected(page: Frame, whole: Result) -> None:
    say, w = page.say, Words(page)
    result = _reasons(page)
    rows = result.rows.drop_nulls("message_reason").sort("messages", descending=True)
    panel.section(say("Why messages were rejected"))
    if rows.is_empty():
        panel.quiet(say("No rejected message of this period gives a reason."))
        return
    total = rows["messages"].sum()
    drawn, table = [], []
    for row in rows.iter_rows(named=True):
        name, share = coded(say, MESSAGE_REASON, row["message_reason"]), row["messages"] / total
        drawn.append(clock.Share(name, share, f"<b>{w.percent(share)}</b> · n = {w.number(row['messages'])}", name))
        table.append({say("Reason"): name, say("Messages"): w.number(row["messages"]), say("Share"): w.percent(share, 1)})
    finding = say("The commonest reason, {share} of those given: {reason}.", share=w.percent(drawn[0].value), reason=drawn[0].name)
    panel.show(page, clock.bars(drawn), key="reasons", finding=finding, table=pl.DataFrame(table), result=result, n_words=say("n = {n} rejected messages with a reason", n=w.number(total)))


# ---------------------------------------------------------------------- paper
def _paper(page: Frame) -> None:
    say, w = page.say, Words(page)
    recorded, rows = _recorded(page), _checks(page).rows.sort("document_checks", descending=True)
    mean, coverage = recorded.cell("document_checks_mean"), recorded.cell("document_checks_coverage")
    panel.section(say("Documents still shown on paper"), say("Times a driver is asked for documents, by place and authority. Checks are recorded for a share of the visits only; a visit without any record is left out, not counted as zero."))
    if not mean.n or rows.is_empty():
        panel.quiet(say("No data: no document check is recorded in this selection."))
        return
    st.html(kpi_card.grid([
        _card(page, _paperless(page), "paperless_share", say("Paperless share"), say("electronic, of the documents whose form is known")),
        _card(page, recorded, "document_checks_mean", say("Shown on paper"), say("where checks are recorded")),
        _card(page, recorded, "document_checks_coverage", say("Visits with recorded checks"), say("of all visits")),
    ]))  # fmt: skip
    panel.quiet(say("Counted are weighing tickets, electronic or printed, and documents shown at a check. Whether a whole visit or declaration went without paper the logs do not tell: a check that is not recorded may have taken place."))
    drawn, table = [], []
    for row in rows.iter_rows(named=True):
        place, asked = page.place(row["place"]) or say("unknown"), coded(say, AUTHORITY, row["authority"]) if row["authority"] else say("unknown")
        per_visit = row["document_checks"] / mean.n
        drawn.append(clock.Share(f"{place} – {asked}", per_visit, f"<b>{w.number(per_visit, 2)}</b> · n = {w.number(row['document_checks'])}", f"{place}<br>{asked}"))
        table.append({say("Place"): place, say("Who asked"): asked, say("Checks"): w.number(row["document_checks"]), say("Per visit recorded"): w.number(per_visit, 2)})
    finding = say("A driver shows documents {mean} times a visit on average; most often at {place}.", mean=w.number(mean.value, 2), place=drawn[0].name)
    if mean.before is not None:
        finding += " " + say("In the period before: {mean}.", mean=w.number(mean.before, 2))
    n_words = say("n = {n} visits with recorded checks ({share} of all); figures are checks per visit", n=w.number(mean.n), share=w.percent(coverage.value))
    panel.show(page, clock.bars(drawn[:TOP_PLACES]), key="paper", finding=finding, table=pl.DataFrame(table), result=_checks(page), n_words=n_words)


# ---------------------------------------------------------------------- slots
def _slots(page: Frame) -> None:
    say = page.say
    if _has_log(page, "slots", say("No data: this port has sent no log of appointments."), lambda day: say("No data: the log of appointments begins on {day}.", day=day)):
        exchange_slots.show(page)


# ---------------------------------------------------------------------- dwell
def _stays(page: Frame) -> None:
    say = page.say
    if not _has_log(page, "dwell", say("No data: this port has sent no log of container moves."), lambda day: say("No data: the log of container moves begins on {day}.", day=day)):
        return
    result = _dwell(page)
    panel.section(say("Dwell of imports"), say("From the discharge of a box to its delivery at the terminal's gate; days of cargo, not minutes of trucks."))
    _stay(page, result, "dwell_import")
    panel.section(say("Dwell of exports"), say("From the reception of a box at the terminal's gate to its loading."))
    _stay(page, result, "dwell_export")


def _stay(page: Frame, result: Result, span: str) -> None:
    say, w = page.say, Words(page)
    p50, p90 = f"{span}_p50", f"{span}_p90"
    whole = result.cell(p50)
    if whole.value is None:
        panel.quiet(say("No data: no stay of this kind has both its moves in the log."))
        return
    drawn, table = [], []
    for row in result.rows.filter(pl.col(f"{p50}__n") > 0).sort("terminal", nulls_last=True).iter_rows(named=True):
        name, median, tail = named(page, "terminal", row["terminal"]), *(words.plain(words.duration(row[code] * 60, page.lang)) for code in (p50, p90))
        text = f"<b>{median}</b> · {tail} · n = {w.number(row[f'{p50}__n'])}"
        days = [None if row[code] is None else row[code] / 24 for code in (p50, f"{p50}__low", f"{p50}__high", p90)]
        drawn.append(groups.Group(panel.short(name, LONG), "", *days, text, f"{name}<br>{text}", row[f"{p50}__n"] < MIN_N))
        table.append({say("Terminal"): name, say("Median"): median, say("1 in 10 over"): tail, "n": w.number(row[f"{p50}__n"])})
    finding = say("Half of the boxes stay less than {median}; 1 in 10 stays more than {p90}.", median=words.plain(words.duration(whole.value * 60, page.lang)), p90=words.plain(words.duration(result.cell(p90).value * 60, page.lang)))
    n_words = say("n = {n} stays; bars are 95 % intervals of the median; grey under n = {thin}", n=w.number(whole.n), thin=MIN_N)
    chart.show(page, groups.dots(drawn, median=say("median"), p90=say("1 in 10 over"), unit=say("d")), key=span, finding=finding, result=result.only(p50, p90), n_words=n_words, table=table)


if __name__ == "__main__":
    show(current())
