"""One panel of a page over a frame of aggregates: title, lead, figure, the line under it, its data table and its CSV; and figures in words.

    words = panel.Words(page)
    words.number(1234.5, 1); words.percent(.123); words.place("WB1")
    panel.head(page, title, answer)
    panel.show(page, figure, key="means", finding=..., table=frame_in_words, n_words=...)      # over a detail
    panel.show(page, figure, key="lost", finding=..., table=frame_in_words, result=result)     # over a Result: its CSV has full precision

The finding is the alternative text too. Tables are Polars frames whose column names are already in the reader's language.
"""

from __future__ import annotations

import datetime as dt
import html
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go
import polars as pl
import streamlit as st
from babel.dates import format_date, format_time, get_day_names
from babel.numbers import format_percent

from dashboard import format as words_of
from dashboard.i18n import locale, ordinal
from dashboard.metrics import Result
from dashboard.selection import Selection
from dashboard.widgets import chart as widget
from dashboard.widgets import download, freshness
from dashboard.widgets.frame import Frame, current
from etl.contracts.fields import CodeList

_NO_DATA = "–"
# A name that ends with its own short one: "East container terminal (TCE)".
_SHORT = re.compile(r".{12,}\(([^()]+)\)$")
# A formatted figure, with its limits if any: such columns stand at the end of their cell, so that digits meet digits.
_FIGURE = re.compile(r"[\d\s\u00a0\u202f\u200e\u200f\u2066-\u2069.,%()…+−–-]+$")


@dataclass(frozen=True)
class Words:
    """Figures, dates and site names as the reader of `page` writes them. A missing value is a dash, never a zero."""

    page: Frame

    def number(self, value: float | None, decimals: int = 0) -> str:
        if value is None:
            return _NO_DATA
        return words_of.number(float(value), self.page.lang, decimals)

    def percent(self, share: float | None, decimals: int = 0) -> str:
        """A share of 0 to 1 as a percentage."""
        if share is None:
            return _NO_DATA
        pattern = "#,##0" + ("." + "0" * decimals if decimals else "") + ("\u00a0%" if self.page.lang == "fr" else "%")
        return words_of.turned(format_percent(share, format=pattern, locale=locale(self.page.lang)), self.page.lang)

    def date(self, day: dt.date | None) -> str:
        return _NO_DATA if day is None else ordinal(format_date(day, "EEE d MMM y", locale=locale(self.page.lang)), self.page.lang)

    def day(self, day: dt.date | None) -> str:
        return _NO_DATA if day is None else words_of.day(day, self.page.lang)

    def time(self, at: dt.datetime | None) -> str:
        return _NO_DATA if at is None else format_time(at.time(), "HH:mm", locale=locale(self.page.lang))

    def moment(self, at: dt.datetime | None) -> str:
        return _NO_DATA if at is None else words_of.moment(at, self.page.lang)

    def weekday(self, number: int, width: str = "abbreviated") -> str:
        """The name of an ISO weekday."""
        return str(get_day_names(width, locale=locale(self.page.lang))[number - 1])

    def span(self, low: float, high: float, decimals: int = 0) -> str:
        """Two ends without a unit, in their order in every direction: '9–14'."""
        return words_of.in_order(f"{self.number(low, decimals)}–{self.number(high, decimals)}", self.page.lang)

    def place(self, code: str | None) -> str:
        """The name of a service point, else of the gate, lane, terminal or zone of that code."""
        found = [self._named(dimension, code) for dimension in ("place", "gate", "lane", "terminal", "zone")]
        return next((name for name in found if name != code), code or "")

    def zone(self, code: str | None) -> str:
        return self._named("zone", code)

    def lane(self, code: str | None) -> str:
        return self._named("lane", code)

    def _named(self, dimension: str, code: str | None) -> str:
        return "" if code is None else self.page.name(dimension, code)


def coded(translate: Callable[[str], str], code_list: CodeList, code: str | None) -> str:
    """The word of a code in the reader's language; an unknown code is shown as it is."""
    return named(translate, code_list.codes, code)


def named(translate: Callable[[str], str], words: Mapping[str, str], code: str | None) -> str:
    """The translated word of `code` in a written list of English words."""
    return "" if code is None else translate(words[code]) if code in words else code


def short(name: str, most: int = 27) -> str:
    """The short name that one of more than `most` letters ends with, so that a row's label is not cut on a phone; hover and table keep the whole."""
    found = _SHORT.fullmatch(name) if len(name) > most else None
    return words_of.from_right(found.group(1), name) if found else name


def is_phone() -> bool:
    """Whether the browser calls itself mobile: a hint for the first zoom of a map, never for what is shown."""
    return "Mobi" in (st.context.headers.get("User-Agent") or "")


def head(page: Frame, title: str, answer: str) -> None:
    """The title and the page in one sentence."""
    st.title(title, anchor=False)
    st.html(f'<p class="lead" data-testid="answer">{html.escape(answer)}</p>')


def section(title: str, words: str = "") -> None:
    """The title of a panel and what it shows, before controls and figure."""
    st.header(title, anchor=False)
    if words:
        st.html(f'<p class="quiet">{html.escape(words)}</p>')


def quiet(text: str) -> None:
    st.html(f'<p class="quiet">{html.escape(text)}</p>')


def under(page: Frame, n_words: str, selection: Selection | None = None) -> None:
    """The line under a figure that has no Result: n in words, period, freshness."""
    parts = [n_words, (selection or page.selection).period_in_words(page.lang), page.say("data up to {at}", at=words_of.moment(page.store.build().now_local_at, page.lang))]
    quiet(" · ".join(part for part in parts if part))


def show(
    page: Frame, figure: go.Figure | None, *, key: str, finding: str, table: pl.DataFrame, result: Result | None = None, n_words: str = "",
    selection: Selection | None = None, name: str = "", detail: str = "", below: str = "",
) -> None:  # fmt: skip
    """Draw a figure (or none) with its finding, the line under it, its table and its CSV: of the result, of the row list `detail`, or of the table.

    `below` is HTML right under the figure, e.g. the names of what is numbered on it.
    """
    st.html(f'<p class="lead">{html.escape(finding)}</p>')
    if figure is not None:
        st.plotly_chart(widget.spoken(figure, page.lang), key=key, alt=finding, config=widget._config(page.lang), width="stretch")
    if below:
        st.html(below)
    if result is not None:
        freshness.under(page, result, n_words)
    else:
        under(page, n_words, selection)
    data(page, table, key=key, result=result, name=name, detail=detail, title=finding, selection=selection)


def data(
    page: Frame, table: pl.DataFrame, *, key: str, result: Result | None = None, name: str = "", detail: str = "", title: str = "", selection: Selection | None = None,
) -> None:  # fmt: skip
    """The data table (folded) and the CSV link; `title` and `selection` say what a table without a result is about."""
    with st.expander(page.say("Data table and CSV"), key=f"{key}_data"):
        grid(table, key=f"{key}_table")
        if result is not None:
            download.link(page, result, key=key, name=name)
        elif detail:
            download.rows(page, detail, key=key)
        else:
            download.worded(page, table, title, key=key, name=name, selection=selection or page.selection)


def grid(table: pl.DataFrame, key: str | None = None, **how: object) -> object:
    """A table of a Polars frame whose columns are already in words; dates as ISO text, or the browser would add a midnight."""
    table = table.with_columns(pl.col(name).dt.to_string("%Y-%m-%d") for name in dates) if (dates := [name for name, dtype in table.schema.items() if dtype == pl.Date]) else table
    figures = [name for name, dtype in table.schema.items() if dtype == pl.String and table.height and all(text is None or _FIGURE.match(text) for text in table[name])]
    how = {"column_config": {words_of.headed(name): st.column_config.TextColumn(alignment="right") for name in figures}, **how}
    # As an Arrow table: a Polars frame would go through pandas, 3 ms a table.
    return st.dataframe(widget.drawn(table, current().lang).to_arrow(), hide_index=True, width="stretch", key=key, **how)


def cards(items: Sequence[tuple[str, str, str]]) -> None:
    """A row of plain cards: (name, value, line under it)."""
    from dashboard.widgets import kpi_card

    st.html(kpi_card.grid([kpi_card.card(name, value, notes=[note], code=f"plain-{number}") for number, (name, value, note) in enumerate(items)]))
