"""How far the data reach: one line a source, and the line under every figure (n, period, data up to)."""

from __future__ import annotations

import datetime as dt
import html
from collections.abc import Mapping, Sequence

import streamlit as st

from dashboard import format as words
from dashboard.metrics import Result
from dashboard.widgets.frame import Frame
from etl.contracts.codes import SOURCE


def sources(page: Frame, rows: Sequence[Mapping[str, object]]) -> None:
    """Show meta_freshness rows; a source more than a day behind the newest is underlined and says so."""
    say, items = page.say, []
    newest = max((row["last_event_at"] for row in rows if row["last_event_at"]), default=None)
    for row in rows:
        at = row["last_event_local_at"]
        late = bool(newest and row["last_event_at"] and newest - row["last_event_at"] > dt.timedelta(days=1))
        text = words.moment(at, page.lang) if at else say("no data")
        if late:
            text += " · " + say("more than a day behind")
        items.append(f'<li><b>{html.escape(say(SOURCE.codes.get(row["source_code"], row["source_code"])))}</b> <span class="{"late" if late else ""}">{html.escape(text)}</span></li>')
    st.html(f'<ul class="fresh" data-testid="freshness">{"".join(items)}</ul>')


def under(page: Frame, result: Result, n_words: str = "") -> None:
    """The line under a figure: n, period, view, how fresh. `n_words` replaces the plain count where it needs words."""
    st.html(f'<p class="quiet">{html.escape(line(page, result, n_words))}</p>')


def line(page: Frame, result: Result, n_words: str = "") -> str:
    say = page.say
    counts = result.rows[f"{result.metrics[0].code}__n"] if result.suppressed_n else None
    n = n_words or (say("n hidden") if counts is not None and counts.null_count() == counts.len() else say("n = {n}", n=words.number(result.n, page.lang)))
    return " · ".join([n, result.selection.period_in_words(page.lang), say("data up to {at}", at=words.moment(result.now_local_at, page.lang))])
