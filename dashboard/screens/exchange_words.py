"""Shares with their limits and names of codes, as the parts of the exchange page word them. Nothing is asked here."""

from __future__ import annotations

from dashboard import format as words
from dashboard.metrics import DIMENSIONS
from dashboard.views import clock
from dashboard.widgets import panel
from dashboard.widgets.frame import Frame
from dashboard.widgets.panel import Words, coded

MIN_N = 30
LONG = 20  # letters of a terminal's name that leave room for its figures on a phone


def rate(page: Frame, name: str, value: float, low: float, high: float, n: int, hover: str = "", decimals: int = 1) -> clock.Share:
    w = Words(page)
    text = f"<b>{w.percent(value, decimals)}</b> ({w.span(low * 100, high * 100, decimals)}) · n = {w.number(n)}"
    return clock.Share(panel.short(name), value, text, f"{hover or name}<br>{text}", low=low, high=high, is_thin=n < MIN_N)


def share(page: Frame, row: dict, code: str, decimals: int = 1) -> str:
    """A share with its limits, for a cell of a table."""
    if row[code] is None:
        return page.say("no data")
    return f"{Words(page).percent(row[code], decimals)} ({words.plain(words.interval(row[f'{code}__low'], row[f'{code}__high'], 'share', page.lang, decimals))})"


def named(page: Frame, dimension: str, code: str | None) -> str:
    codes = DIMENSIONS[dimension].codes
    return page.say("unknown") if code is None else coded(page.say, codes, code) if codes else page.name(dimension, code)
