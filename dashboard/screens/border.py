"""The border in four figures, a row of cards of the overview: release of goods, weighing, US-bound boxes. Each leads to the page it comes from."""

from __future__ import annotations

import datetime as dt

import streamlit as st
from babel.dates import format_skeleton

from dashboard.i18n import locale
from dashboard.metrics import Result
from dashboard.screens import judged
from dashboard.screens.judged import Judged
from dashboard.store import widened
from dashboard.views.headline import apart
from dashboard.widgets import kpi_card
from dashboard.widgets.frame import Frame

CLEARED = ("clearance_p50", "clearance_48h_share")
RIPE_DAYS = 7  # a day is judged once the goods declared on it have had this long to be released
FILED = ("csi_filings", "csi_24h_share")


def show(page: Frame, visits: Judged) -> None:
    """Draw the cards of the sources this port has sent; nothing without any (`visits`: judged figures that hold the weighings')."""
    say, cards, pages = page.say, [], []
    if any((goods := cleared(page)).now.cell(code).n for code in CLEARED):
        known = [say("Whole port; of the filters only the customs channel applies.")] if set(page.selection.filters) - {"channel"} or page.selection.view != "all" else []
        said = {"clearance_p50": say("From the arrival of the goods to their release; half wait longer."), "clearance_48h_share": say("Goods released within 48 h of their arrival.")}
        cards += [judged.card(page, goods, code, said[code], known) for code in CLEARED]
        pages.append(("clearance", {}))
    if visits.now.cell("both_weighings_share").n:
        cards.append(judged.card(page, visits, "both_weighings_share", say("Closed visits weighed both empty and full.")))
        pages.append(("flow", {"part": "weighing"}))
    if page.store.opened().first("fct_manifests", "filed_day") is not None:
        cards.append(_filings(page, filed(page)))
        pages.append(("security", {}))
    if not cards:
        return
    st.header(say("The border"), anchor=False)
    st.html(kpi_card.grid(cards))
    with st.container(horizontal=True, gap="medium", key="border_links"):
        for code, own in pages:
            st.page_link(page.to(code), label=f"{say(page.pages[code].title)} {say('→')}", query_params=page.query(**own))


def cleared(page: Frame) -> Judged:
    return judged.asked(page, CLEARED, RIPE_DAYS)


def filed(page: Frame) -> Result:
    """By whole months and of the whole port, whatever the filters: one question after the other would give a hidden cell back."""
    return page.ask(FILED, grain="month", selection=widened(page.selection, *page.selection.filters))


def _filings(page: Frame, months: Result) -> str:
    """The newest whole month with the one before it, and the curve of all."""
    say, name, about = page.say, page.say("US-bound: filed 24 h before loading"), page.say("Container Security Initiative, the 24-hour rule.")
    if months.frame.is_empty():
        return kpi_card.card(name, "–", say=say("No data in this period."), code="csi_24h_share")
    *_, (month, figure) = [(row["period"], months.cell("csi_24h_share", number)) for number, row in enumerate(months.frame.iter_rows(named=True))]
    if figure.value is None and months.frame["csi_24h_share__n"][-1] is None:
        return kpi_card.card(name, say("hidden"), say("(fewer than {n})", n=page.store.settings.small_cell), say=about, code="csi_24h_share")
    value, unit = apart(figure, page.lang)
    shown = say("Whole port, {month}: given by whole months, so no single day is judged.", month=format_skeleton("yMMMM", dt.datetime.combine(month, dt.time()), locale=locale(page.lang)))
    return kpi_card.card(
        name, value, unit, about if figure.value is not None else say("No data in this period."), [judged.n(page, figure), shown], code="csi_24h_share",
        points=months.frame["csi_24h_share"].to_list(), points_say=say("{name} over the period, oldest first", name=name),
    )  # fmt: skip
