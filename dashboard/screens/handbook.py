"""Definitions: every KPI as the registry states it, the constants and published reference marks with their sources, and the port's words.

Nothing is written here by hand but the frame: change a metric and this page changes.
"""

from __future__ import annotations

import html

import polars as pl
import streamlit as st

from dashboard.format import listed
from dashboard.i18n import N_
from dashboard.metrics.catalogue import Entry, entries
from dashboard.metrics.glossary import GLOSSARY
from dashboard.widgets import download, panel
from dashboard.widgets.frame import Frame, current
from dashboard.widgets.panel import Words, named


def show(page: Frame) -> None:
    _ = page.say
    found = entries(page.lang)
    panel.head(page, _("KPI handbook"), _("How each of the {n} figures is computed, from which rows, by which standard. The same definitions go with every download.", n=len(found)))
    _kpis(page, found)
    _constants(page)
    _benchmarks(page)
    _words(page)


def _kpis(page: Frame, found: tuple[Entry, ...]) -> None:
    _ = page.say
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    with left:
        wanted = st.text_input(_("Search"), key="handbook_search", placeholder=_("turnaround, queue, METRIS, quantile_cont …"))
    with right:
        areas = list(dict.fromkeys(item.area for item in found))
        area = st.selectbox(_("Area"), [None, *areas], key="handbook_area", format_func=lambda name: _("All areas") if name is None else name)
    shown = [item for item in found if (area is None or item.area == area) and (not wanted or item.matches(wanted))]
    panel.quiet(_("{n} of {total} figures", n=len(shown), total=len(found)))
    if not shown:
        panel.quiet(_("Nothing matches. Try another word."))
        return
    for name in dict.fromkeys(item.area for item in shown):
        _area(page, name, [item for item in shown if item.area == name], is_open=bool(area or wanted), are_open=len(shown) <= 3)
    table = pl.DataFrame(
        [
            {
                _("Code"): item.code, _("Figure"): item.label, _("Definition"): item.about, _("Formula"): item.formula, "SQL": item.sql, _("Unit"): item.unit,
                _("Standard"): item.standard, _("Rows"): item.source, _("View"): item.view,
            }
            for item in shown
        ]
    )  # fmt: skip
    download.worded(page, table, _("KPI handbook"), key="handbook_kpis", name="definitions")


def _area(page: Frame, name: str, items: list[Entry], is_open: bool, are_open: bool) -> None:
    """One area, folded until it is asked for: a hundred definitions at once help nobody."""
    count = html.escape(page.say("{n} figures", n=len(items)))
    st.html(
        f'<details class="area"{" open" if is_open else ""}><summary><h2>{html.escape(name)}</h2> <span class="quiet">{count}</span></summary>'
        f'{"".join(_entry(page, item, are_open) for item in items)}</details>'
    )


def _entry(page: Frame, item: Entry, is_open: bool) -> str:
    """One KPI as a native disclosure: 101 of them cost the browser nothing, and they open by keyboard and print."""
    _ = page.say
    lines = [
        (_("Formula"), html.escape(item.formula)), ("SQL", f"<code>{html.escape(item.sql)}</code>"), (_("Unit"), html.escape(item.unit + (f", {item.direction}" if item.direction else ""))),
        (_("Standard"), html.escape(item.standard)), (_("Rows"), html.escape(item.source)), (_("View"), html.escape(item.view)), (_("Split by"), html.escape(listed(item.splits, page.lang))),
        (_("Greyed"), html.escape(_("under n = {n}", n=item.min_n)) if item.min_n else ""), (_("Code"), f"<code>{item.code}</code>"),
    ]  # fmt: skip
    body = "".join(f'<tr><th scope="row" style="inline-size:8rem">{html.escape(name)}</th><td style="overflow-wrap:anywhere">{text}</td></tr>' for name, text in lines if text)
    summary = f'<summary style="cursor:pointer;padding-block:.45rem"><b style="font-weight:600">{html.escape(item.label)}</b> <span class="quiet">{html.escape(item.about)}</span></summary>'
    return (
        f'<details data-testid="kpi-{item.code}" style="border-block-end:var(--hair)"{" open" if is_open else ""}>{summary}'
        f'<div style="padding-inline-start:1.1rem;padding-block-end:.8rem"><table class="rowlist">{body}</table></div></details>'
    )


def _name(page: Frame, row: dict) -> str:
    return row.get(f"name_{page.lang}") or row["name_en"]


def _constants(page: Frame) -> None:
    _, w = page.say, Words(page)
    panel.section(_("Constants"), _("What minutes are multiplied by for cost and emissions, always with a range."))
    rows = page.store.table("dim_constants").to_dicts()
    if not rows:
        panel.quiet(_("The site folder gives none."))
        return
    table = pl.DataFrame(
        [
            {
                _("Constant"): _name(page, row), _("Value"): _figure(w, row["value"]), _("Low"): _figure(w, row["low"]), _("High"): _figure(w, row["high"]), _("Unit"): _(row["unit"]),
                _("Status"): {"published": _("published"), "assumption": _("assumption")}.get(row["status"], row["status"]), _("Source"): _(row["source"]),
            }
            for row in rows
        ]
    )  # fmt: skip
    panel.grid(table, key="handbook_constants")
    download.worded(page, table, _("Constants"), key="handbook_constants", name="constants")


def _figure(w: Words, value: float | None) -> str:
    return w.number(value, 0 if value is None or value == int(value) else 2)


_MEASURED: dict[str, str] = {
    "queue_median_min": N_("Median queue"), "terminal_turn_median_min": N_("Median terminal turn"), "total_visit_median_min": N_("Median total visit"), "share_under_30": N_("Under 30 min"),
    "share_under_60": N_("Under 60 min"), "share_under_90": N_("Under 90 min"), "share_under_120": N_("Under 120 min"), "total_visit_mean_min": N_("Mean total visit"),
    "terminal_turn_mean_min": N_("Mean terminal turn"), "turnaround_max_min": N_("Longest stay planned for"), "release_physical_h": N_("Release of a clean declaration"),
    "goal_under_60": N_("Goal: under 60 min"), "share_over_120": N_("Over 120 min"), "terminal_turn_day_mean_min": N_("Mean terminal turn, day shift"),
    "terminal_turn_night_mean_min": N_("Mean terminal turn, night shift"), "queue_mean_min": N_("Mean queue"),
}  # fmt: skip


def _benchmarks(page: Frame) -> None:
    _, w = page.say, Words(page)
    panel.section(_("Reference marks"), _("Published figures of other ports, to see where one stands. They are no targets; no target has been published for this port."))
    rows = page.store.table("dim_benchmarks").to_dicts()
    if not rows:
        panel.quiet(_("The site folder gives none."))
        return
    table = pl.DataFrame(
        [
            {_("Port"): _(row["port"]), _("Year"): str(row["year"] or "–"), _("What"): named(_, _MEASURED, row["metric_code"]), _("Value"): _figure(w, row["value"]), _("Unit"): _(row["unit"]), _("Part of the visit"): _(row["perimeter"] or ""), _("Source"): row["source"]}
            for row in rows
        ]
    )  # fmt: skip
    panel.grid(table, key="handbook_benchmarks")
    download.worded(page, table, _("Reference marks"), key="handbook_benchmarks", name="reference_marks")


def _words(page: Frame) -> None:
    _ = page.say
    panel.section(_("Words"))
    body = "".join(f'<tr><th scope="row" style="inline-size:14rem">{html.escape(_(term))}</th><td>{html.escape(_(about))}</td></tr>' for term, about in GLOSSARY)
    st.html(f'<table class="rowlist">{body}</table>')


if __name__ == "__main__":
    show(current())
