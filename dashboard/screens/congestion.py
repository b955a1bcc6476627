"""Queues and congestion: where trucks lose time, on the map and by hour of the week, how full the port is, which means were open, and what tomorrow will bring.

Drilling is by selectors, not by a click in the heatmap: a Plotly heatmap cell gives no selection event, and selectors also work by keyboard and
on a phone. Medians, percentiles and counts only; no row of a truck reaches this page.
"""

from __future__ import annotations

from functools import partial

import polars as pl
import streamlit as st

from dashboard.i18n import N_
from dashboard.metrics import Result
from dashboard.screens import congestion_asked as asked
from dashboard.screens import congestion_hours, congestion_map, congestion_tomorrow
from dashboard.views import map as port_map
from dashboard.views import ranking
from dashboard.widgets import panel, parts
from dashboard.widgets.frame import Frame, current
from dashboard.widgets.panel import Words

PARTS: dict[str, str] = {"where": N_("Places and map"), "hours": N_("Hours of the week"), "tomorrow": N_("Tomorrow")}


def show(page: Frame) -> None:
    known = PARTS if page.store.viewer().terminals is None else {code: words for code, words in PARTS.items() if code != "tomorrow"}  # it weighs all trucks against the port's lanes
    if parts.asked(page, known) == "tomorrow":
        answer = congestion_tomorrow.answer(page)
    elif parts.asked(page, known) == "hours":
        page.ahead(asked.inside_by_hour, partial(asked.stays, week=asked.shows_week()), asked.tracked, asked.queue_by_hour, asked.means_by_hour, asked.queue_observed)
        answer = " ".join(filter(None, (congestion_hours.fullest(page), _slowest(page, asked.stays(page)))))
    else:
        page.ahead(asked.lost, partial(asked.stays, week=False), asked.tracked, asked.means_by_hour)
        answer = " ".join(filter(None, (_lost_most(page, asked.lost(page)), _slowest(page, asked.stays(page, week=False)))))
    panel.head(page, page.say("Queues and congestion"), answer or page.say("No data for this selection."))
    part = parts.choose(page, known, "congestion_part")
    if part == "tomorrow":
        congestion_tomorrow.show(page)
        return
    if part == "where":
        _lost_hours(page, asked.lost(page))
        congestion_map.show(page)
        return
    congestion_hours.by_zone(page)
    left, right = st.columns(2, gap="medium")
    with left:
        congestion_hours.inside(page)
    with right:
        congestion_hours.queue(page)
    congestion_hours.means(page)


def _lost_most(page: Frame, lost: Result) -> str:
    """Hours lost, and where most; empty without data."""
    _, w = page.say, Words(page)
    rows = lost.rows.filter(pl.col("lost_hours").is_not_null()).sort("lost_hours", descending=True)
    if rows.is_empty():
        return ""
    total = rows["lost_hours"].sum()
    return _(
        "{hours} truck-hours above free flow were lost at service points, {share} of them at {place}.",
        hours=w.number(total), share=w.percent(rows["lost_hours"][0] / total if total else None), place=w.place(rows["place"][0]),
    )  # fmt: skip


def _slowest(page: Frame, zones: Result) -> str:
    """The slowest zone; empty where none has stays enough."""
    _, w = page.say, Words(page)
    # A road's short hops and its stays that bridge a weighing are two kinds of stay: their 15th percentile is no free flow to judge by.
    roads = asked.zones(page).filter(pl.col("zone_kind_code") == "road")["zone_code"]
    known = zones.rows.filter(
        (pl.col("stays") >= port_map.MIN_N) & pl.col("congestion_index").is_not_null() & ~pl.col("zone").is_in(roads.implode())
    ).sort("congestion_index", descending=True)
    return "" if known.is_empty() else _("Roads aside, stays are longest against free flow in {zone}: {index} times.", zone=w.zone(known["zone"][0]), index=w.number(known["congestion_index"][0], 1))


def _lost_hours(page: Frame, lost: Result) -> None:
    _, w = page.say, Words(page)
    panel.section(_("Lost truck-hours by service point"), _("Lost is what exceeds free flow (the 15th percentile of the point over 12 weeks), added up over all trucks; for a terminal its whole turn, because its log notes no wait. Visit flow and weighing counts only hours of waiting recorded in logs, without terminals."))
    rows = lost.rows.filter(pl.col("lost_hours").is_not_null()).sort("lost_hours", descending=True)
    if rows.is_empty():
        panel.quiet(_("No data for this selection."))
        return
    total = rows["lost_hours"].sum() or 1.0
    shown = pl.DataFrame(
        [
            {
                "name": w.place(row["place"]), "value": row["lost_hours"], "is_quiet": row["lost_hours__n"] < port_map.MIN_N,
                "label": _("{hours} h · {share} · n = {n}", hours=w.number(row["lost_hours"], 1), share=w.percent(row["lost_hours"] / total), n=w.number(row["lost_hours__n"])),
            }
            for row in rows.to_dicts()
        ]
    )  # fmt: skip
    drawn = shown.filter(pl.col("value") >= 0.05) if shown["value"][0] >= 0.05 else shown
    alt = _("{place} loses most: {hours} truck-hours, {share} of the {total} lost.", place=shown["name"][0], hours=w.number(shown["value"][0], 1),
            share=w.percent(shown["value"][0] / total), total=w.number(total))  # fmt: skip
    table = rows.select(
        pl.Series(_("Service point"), shown["name"]), pl.col("lost_hours").round(1).alias(_("Lost truck-hours")), (pl.col("lost_hours") / total * 100).round(1).alias(_("Share, %")),
        pl.col("lost_hours__n").alias("n"),
    )  # fmt: skip
    panel.show(page, ranking.ranked_bars(drawn), key="lost_hours", finding=alt, table=table, result=lost)


if __name__ == "__main__":
    show(current())
