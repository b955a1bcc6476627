"""Explore's last table, where several ports are published: the same figures of all of them, a line a port, each from its own rows."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import streamlit as st

from dashboard import format as words
from dashboard import store
from dashboard.metrics import METRICS, Result
from dashboard.screens import explore_words
from dashboard.widgets import panel
from dashboard.widgets.frame import Frame
from etl.errors import BuildError

OF_ONE_PORT = ("gate", "lane", "terminal")  # codes of a site: another port's mean something else, or nothing


def show(page: Frame, metrics: tuple[str, ...]) -> None:
    """Draw the table of the ports this reader sees whole; nothing where that is one, or some terminals of the port shown."""
    names = {code: name for code, name in store.port_names(page.lang).items() if store.of(code).viewer().terminals is None}
    if len(names) < 2 or page.store.port_code not in names:
        return
    say = page.say
    panel.section(say("The ports side by side"))
    everywhere = replace(page.selection, **dict.fromkeys(OF_ONE_PORT, ()))
    rows, unread = [], []
    for code, name in names.items():
        try:
            rows.append(_row(page, name, store.of(code).ask(replace(everywhere, port=code), metrics)))
        except BuildError:
            unread.append(code)
    table = pl.DataFrame(rows)
    panel.grid(table, key="explore_ports", column_config={name: st.column_config.TextColumn(alignment="right") for name in table.columns[1:]})
    panel.quiet(say("Each line is of that port's own rows, days and clock, and is recomputed from them; there is no line over all ports, because medians cannot be added up."))
    if everywhere.filters != page.selection.filters:
        panel.quiet(say("Gates, lanes and terminals chosen above are of the port shown and are left out here."))
    if unread:
        st.warning(say("Not readable just now: {names}", names=say(", ").join(unread)))


def _row(page: Frame, name: str, result: Result) -> dict[str, str]:
    row = {page.say("Port"): words.plain(words.name(name))}
    for code in (metric.code for metric in result.metrics):
        cell = result.cell(code)
        row[page.say(METRICS[code].label)] = explore_words.figure(page, METRICS[code], cell.value)
        if not METRICS[code].count:
            row[f"n ({page.say(METRICS[code].label)})"] = explore_words.behind(page, cell.n)
    return row
