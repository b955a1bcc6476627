"""One chart on a page: the finding as its title, the figure, the line under it, its data table and its CSV.

    chart.show(page, figure, key="by_lane", finding=..., result=result)                       # draws all of it
    picked = chart.show(page, figure, key="by_lane", finding=..., result=result, pick=name)   # customdata of the bar clicked or chosen by name, or None

The finding is the alternative text too: whoever cannot see the figure is told the same thing.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

import plotly.graph_objects as go
import polars as pl
import streamlit as st
from babel import Locale
from babel.dates import get_day_names, get_month_names

from dashboard.format import headed
from dashboard.i18n import language
from dashboard.metrics import Result
from dashboard.widgets import download, freshness
from dashboard.widgets.frame import Frame

_PERCENT = {"fr": "\u00a0%"}  # after a number on an axis; the others set no space


def show(
    page: Frame, figure: go.Figure, *, key: str, finding: str, result: Result, title: str = "", n_words: str = "", table: Any = None, pick: Callable[[str], str] | None = None, above: str = "", below: str = "",
) -> Any:
    """Draw a figure with everything that has to stand beside it. Returns the `customdata` of a point clicked, or chosen from the list a keyboard reaches.

    pick    words for the customdata of a point: the figure then offers what lies behind its points
    above, below   HTML between the finding and the figure, and under it
    table   rows for the data table (list of dicts, already in words); without it the result's own frame in words is shown.
    """
    if title:
        st.header(title, anchor=False)
    st.html(f'<p class="lead">{_escape(finding)}</p>')
    if above:
        st.html(above)
    how: dict[str, Any] = {"key": key, "alt": finding, "config": _config(page.lang), "width": "stretch"}
    event = st.plotly_chart(spoken(figure, page.lang), on_select="rerun", selection_mode="points", **how) if pick else st.plotly_chart(spoken(figure, page.lang), **how)
    if below:
        st.html(below)
    freshness.under(page, result, n_words)
    data(page, result, key=key, table=table, behind=partial(_chooser, page, figure, key, pick) if pick else None)
    chosen = st.session_state.pop(f"{key}_chosen", None)
    if chosen is not None or not pick or not event or not event.selection.points:
        return chosen
    return event.selection.points[0].get("customdata")


def _chooser(page: Frame, figure: go.Figure, key: str, named: Callable[[str], str]) -> None:
    """The points of a figure by name: what a pointer clicks on the figure, a keyboard or a screen reader chooses here."""

    def chosen() -> None:
        st.session_state[f"{key}_chosen"], st.session_state[f"{key}_named"] = st.session_state[f"{key}_named"], None

    points = dict.fromkeys(str(each[0] if isinstance(each, (list, tuple)) else each) for trace in figure.to_dict()["data"] for each in trace.get("customdata") or ())
    label = page.say("Visits behind the figure")
    st.selectbox(label, list(points), index=None, key=f"{key}_named", placeholder=label, format_func=named, on_change=chosen, label_visibility="collapsed", width=360)


def data(page: Frame, result: Result, *, key: str, table: Any = None, behind: Callable[[], None] | None = None) -> None:
    """The data table (folded) and the CSV link of a result; `behind` draws what leads to the rows behind it."""
    with st.expander(page.say("Data table and CSV"), key=f"{key}_data"):
        rows = pl.DataFrame(download.table(page, result) if table is None else table, infer_schema_length=None)
        st.dataframe(drawn(rows, page.lang).to_arrow(), hide_index=True, width="stretch", key=f"{key}_table")
        if behind:
            behind()
        download.link(page, result, key=key)


def drawn(rows: pl.DataFrame, lang: str) -> pl.DataFrame:
    """A table as the browser's grid shows it: it draws columns from the left, so in right-to-left text the first is put last, at the right, where the grid opens (widgets/keyboard.py)."""
    turns = language(lang).direction == "rtl"
    columns = [each.alias(headed(each.name)) for each in rows.get_columns()]
    return pl.DataFrame(columns[::-1] if turns else columns)


def spoken(figure: go.Figure, lang: str) -> go.Figure:
    """The figure, its axes' percent signs as the reader's language sets them."""
    sign = _PERCENT.get(lang, "%")
    for name, axis in figure.to_dict()["layout"].items():
        if name.startswith(("xaxis", "yaxis")):
            axis |= {part: [text.replace(" %", sign) for text in axis[part]] if part == "ticktext" else axis[part].replace(" %", sign) for part in ("ticksuffix", "ticktext") if axis.get(part)}
    return figure


def _escape(text: str) -> str:
    import html

    return html.escape(text)


@lru_cache(maxsize=8)
def _config(lang: str) -> dict[str, Any]:
    """Plotly's words and dates in the reader's language, from Babel, and nothing that leaves the machine."""
    locale = Locale.parse(language(lang).locale)
    days, short = get_day_names("wide", locale=locale), get_day_names("abbreviated", locale=locale)
    months, month = get_month_names("wide", locale=locale), get_month_names("abbreviated", locale=locale)
    symbols = locale.number_symbols.get("latn", {})
    names = {
        "days": [days[(index - 1) % 7] for index in range(7)], "shortDays": [short[(index - 1) % 7] for index in range(7)],
        "months": [months[index] for index in range(1, 13)], "shortMonths": [month[index] for index in range(1, 13)],
        "date": "%d/%m/%Y", "decimal": symbols.get("decimal", "."), "thousands": symbols.get("group", ","),
    }  # fmt: skip
    return {"displayModeBar": False, "scrollZoom": False, "locale": lang, "locales": {lang: {"dictionary": {}, "format": names}}}
