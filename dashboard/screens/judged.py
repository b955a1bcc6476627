"""Cards of figures that are judged: with their curve, n, limits, comparison, and whether one day is usual. Shared by the rows of cards of the overview."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from dashboard import format as words
from dashboard.metrics import Cell, Result, usual
from dashboard.store import Span
from dashboard.views.headline import apart
from dashboard.widgets import kpi_card
from dashboard.widgets.frame import Frame

WIDE = 5  # limits beyond this multiple of what is expected tell a reader nothing


@dataclass(frozen=True)
class Judged:
    """Figures of the period, the same along it, and on the weekday of the day judged over the eight weeks that end with it."""

    now: Result
    trend: Result
    days: Result
    day: dt.date
    ripens: bool = False  # days after the one judged are still filling, so the curve ends with it


def asked(page: Frame, metrics: Sequence[str], days_back: int = 0) -> Judged:
    """Ask for metrics with the page's filters, from one pass by day. `days_back` judges an earlier day than the last complete one: some figures ripen."""
    selection = page.selection
    day = min(selection.last_day, page.store.build().now_day - dt.timedelta(days=1)) - dt.timedelta(days=days_back)
    weeks = replace(selection, first_day=day - dt.timedelta(days=7 * usual.WEEKS), end_day=day + dt.timedelta(days=1), period="custom")
    grain = _grain(selection.days)
    if grain == "hour":  # hours are no part of a pass by day
        now, days = page.store.ask_spans(metrics, Span(selection, compare=True, intervals=True), Span(weeks, "day", every=7))
        return Judged(now, page.ask(metrics, grain=grain), days, day, days_back > 0)
    now, trend, days = page.store.ask_spans(metrics, Span(selection, compare=True, intervals=True), Span(selection, grain), Span(weeks, "day", every=7))
    return Judged(now, trend, days, day, days_back > 0)


def _grain(days: int) -> str:
    return "hour" if days <= 2 else "day" if days <= 62 else "week"


def card(page: Frame, found: Judged, code: str, sentence: str, notes: Sequence[str] = ()) -> str:
    """One card; `sentence` says the figure in words, `notes` follow n and the comparison."""
    figure, trend = found.now.cell(code), found.trend
    curve = trend.frame[code].to_list()
    if found.ripens:
        last = found.day - dt.timedelta(days=6 if trend.grain == "week" else 0)
        curve = trend.frame.filter(pl.col("period").cast(pl.Date) <= last)[code].to_list()
    value, unit = apart(figure, page.lang)
    word, is_unusual, why = _usual(page, found, code)
    name = page.say(figure.metric.label)
    return kpi_card.card(
        name=name, value=value, unit=unit, say=sentence, code=code, points=curve[:-1] if trend.cut_at and figure.metric.count and len(curve) > 3 else curve,
        points_say=page.say("{name} over the period, oldest first", name=name), word=word, is_unusual=is_unusual, word_why=why, notes=[n(page, figure), compared(page, figure) or _late(page, found.now, code), *notes],
    )  # fmt: skip


def n(page: Frame, figure: Cell) -> str:
    limits = words.interval(figure.low, figure.high, figure.metric.unit, page.lang, figure.metric.decimals)
    rows = page.say("n = {n}", n=words.number(figure.n, page.lang))
    return f"{rows} · {page.say('95 % interval {limits}', limits=limits)}" if limits else rows


def compared(page: Frame, figure: Cell) -> str:
    return words.compared(figure, page.lang)


def _late(page: Frame, now: Result, code: str) -> str:
    """Why a figure has no comparison where its log begins inside the period before."""
    return page.say("no comparison: its log begins on {day}, inside the period before", day=words.day(now.late[code], page.lang)) if code in now.late else ""


def _usual(page: Frame, found: Judged, code: str) -> tuple[str, bool, str]:
    """(word, is it unusual, why): the day judged against the same weekday of the eight weeks before, with the page's filters."""
    say, lang, metric = page.say, page.lang, found.days.metric(code)
    verdict = usual.of_day(found.days.frame, code, found.day, metric.unit)
    value = found.days.cell(code, {"period": found.day}).value
    if verdict.word == "unknown":
        return "", False, "" if value is None else say("Too few weeks of data to say whether this is usual.")
    if verdict.word == "usual" and verdict.expected and verdict.high > WIDE * verdict.expected:
        return "", False, say("Too irregular from week to week to say what is usual.")
    word = say("Usual") if verdict.word == "usual" else say("Unusually high") if verdict.side > 0 else say("Unusually low")
    shown = {"day": words.day(found.day, lang, "full").rsplit(" ", 1)[0].rstrip(","), "value": words.value(value, metric.unit, lang, metric.decimals)}
    limits = words.interval(verdict.low, verdict.high, metric.unit, lang, metric.decimals)
    return word, verdict.word == "unusual", say("on {day}: {value}; the same weekday of the last weeks lets expect {limits}.", limits=limits, **shown)
