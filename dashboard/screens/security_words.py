"""Figures about US-bound boxes as the parts of the security page word them: hidden is said, and never 0 or no data for it. Nothing is asked here."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from dashboard import format as words
from dashboard.metrics import Result
from dashboard.views import clock
from dashboard.views.theme import Figure
from dashboard.widgets import kpi_card, panel
from dashboard.widgets.frame import Frame
from dashboard.widgets.panel import Words

MIN_N = 30
LONG = 20  # letters of a terminal's name that leave room for its figures on a phone


def hidden(page: Frame) -> str:
    return page.say("hidden (fewer than {n})", n=page.store.settings.small_cell)


def told(page: Frame, result: Result, code: str, row: dict | None = None) -> str:
    """A figure in words: hidden where it speaks of too few boxes, no data where nothing lies behind it, and never 0 for either."""
    row, metric = row or result.frame.row(0, named=True), result.metric(code)
    if row[code] is None and row[f"{code}__n"] is None:
        return hidden(page)
    return words.plain(words.duration(row[code], page.lang) if metric.unit == "min" else words.value(row[code], metric.unit, page.lang, metric.decimals))


def counted(page: Frame, row: dict, code: str) -> str:
    """The count behind a shown figure, or that it is hidden."""
    n = row[f"{code}__n"]
    return page.say("n hidden") if n is None else page.say("n = {n}", n=Words(page).number(n))


def card(page: Frame, result: Result, code: str, name: str, about: str) -> str:
    say, metric = page.say, result.metric(code)
    row = result.frame.row(0, named=True)
    notes = []
    if row[code] is not None:
        notes = ["" if metric.count else counted(page, row, code)]
        if metric.share:
            notes.append(say("95 %: {limits}", limits=words.plain(words.interval(row[f"{code}__low"], row[f"{code}__high"], "share", page.lang, metric.decimals))))
        before = row.get(f"{code}__before")
        if before is not None:
            notes.append(say("before: {value}", value=words.plain(words.duration(before, page.lang) if metric.unit == "min" else words.value(before, metric.unit, page.lang, metric.decimals))))
    if row[code] is None and row[f"{code}__n"] is None:
        return kpi_card.card(name, say("hidden"), say("(fewer than {n})", n=page.store.settings.small_cell), say=about, code=code)
    return kpi_card.card(name, told(page, result, code, row), say=about, notes=notes, code=code)


def rate(page: Frame, result: Result, code: str, name: str, row: dict) -> clock.Share:
    w, decimals = Words(page), result.metric(code).decimals
    value, low, high = row[code], row.get(f"{code}__low"), row.get(f"{code}__high")
    text = told(page, result, code, row)
    if value is not None:
        text = f"<b>{w.percent(value, decimals)}</b> ({w.span(low * 100, high * 100, decimals)}) · n = {w.number(row[f'{code}__n'])}"
    return clock.Share(panel.short(name, LONG), value, text, f"{name}<br>{text}", low=low, high=high, is_thin=value is None or row[f"{code}__n"] < MIN_N)


def rates(page: Frame, result: Result, rows: Sequence[tuple[str, str, dict]]) -> Figure | None:
    """The shares with their limits; no axis where every one of them is hidden."""
    return clock.rates([rate(page, result, code, name, row) for name, code, row in rows]) if any(row[code] is not None for _, code, row in rows) else None


def rates_table(page: Frame, result: Result, rows: Sequence[tuple[str, str, dict]], what: str) -> pl.DataFrame:
    """One line a (name, metric code, row of the result)."""
    say, w = page.say, Words(page)
    return pl.DataFrame([
        {
            what: name, say("Share"): told(page, result, code, row), "n": hidden(page) if row[f"{code}__n"] is None else w.number(row[f"{code}__n"]),
            say("95 % interval"): words.plain(words.interval(row[f"{code}__low"], row[f"{code}__high"], "share", page.lang, result.metric(code).decimals)),
        }
        for name, code, row in rows
    ])  # fmt: skip


def terminal(page: Frame, code: str | None) -> str:
    return page.say("unknown") if code is None else page.name("terminal", code)
