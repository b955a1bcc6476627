"""Pilot effect: the answer in one sentence, then where and for whom, what may be wrong with it, the raw figures, its worth, and the method.

One part is shown and computed at a time; the address keeps which. The evidence itself is dashboard/evidence: nothing is estimated on this page.
The pilot has its own days; the page's filters and view apply, its period does not.
"""

from __future__ import annotations

import html

import polars as pl
import streamlit as st

from dashboard.evidence import study
from dashboard.evidence.words import refusal
from dashboard.format import listed
from dashboard.i18n import N_
from dashboard.screens import pilot_answer, pilot_checks, pilot_method, pilot_raw, pilot_value, pilot_where
from dashboard.screens.pilot_words import unit_name
from dashboard.widgets import panel, parts
from dashboard.widgets.frame import Frame, current
from dashboard.widgets.panel import Words

PARTS: dict[str, str] = {
    "answer": N_("The answer"), "where": N_("Where and for whom"), "checks": N_("Is it solid?"), "raw": N_("Before and since, raw"), "value": N_("What it is worth"), "method": N_("Method"),
}  # fmt: skip


def show(page: Frame) -> None:
    _ = page.say
    arms = page.store.table("dim_pilot_arms")
    st.title(_("Pilot effect"), anchor=False)
    if arms.is_empty():
        st.html(f'<p class="lead" data-testid="answer">{html.escape(_("No pilot is declared at this port."))}</p>')
        panel.quiet(_("Lanes, gates, terminals or transporters that take part stand in reference/pilot_arms.csv of the site folder, with their dates."))
        _plan_next(page)
        return
    _taking_part(page, arms)
    part = parts.choose(page, PARTS, "pilot_part")
    if part == "method":
        pilot_method.show(page)
    elif part == "raw":
        pilot_raw.show(page, arms)
    else:
        _evidence(page, part, arms)
    _plan_next(page)


def _evidence(page: Frame, part: str, arms: pl.DataFrame) -> None:
    """The parts that read the estimate. What cannot be compared at all is one clear sentence in its place."""
    found = study.headline(page.store, page.selection)
    if found.refused is not None:
        st.html(f'<p class="lead" data-testid="answer">{html.escape(refusal(found.refused, page.lang))}</p>')
        panel.quiet(page.say("The part {part} still shows what was recorded.", part=page.say(PARTS["raw"])))
        return
    {"answer": pilot_answer.show, "where": pilot_where.show, "checks": pilot_checks.show, "value": pilot_value.show}[part](page, found, arms)


def _taking_part(page: Frame, arms: pl.DataFrame) -> None:
    """Who takes part and from when, in two quiet lines: every part needs it."""
    _, w = page.say, Words(page)
    said = []
    for arm, name in (("pilot", N_("Pilot")), ("comparison", N_("Comparison"))):
        units = [unit_name(page, unit) for unit in arms.filter(pl.col("arm_code") == arm).sort("unit_code")["unit_code"].unique(maintain_order=True)]
        names = listed(units[:8], page.lang) + (f" … (+{len(units) - 8})" if len(units) > 8 else "")
        said.append(f"<b>{html.escape(_(name))}</b> {html.escape(names or '–')}")
    starts = arms.filter(pl.col("arm_code") == "pilot")["start_on"].unique().sort().to_list() or arms["start_on"].unique().sort().to_list()
    said.append(f"<b>{html.escape(_('Start'))}</b> {html.escape(listed((w.day(day) for day in starts[:3]), page.lang) + (' …' if len(starts) > 3 else ''))}")
    st.html(f'<p class="words arms" data-testid="arms">{" · ".join(said)}</p>')
    panel.quiet(_("This page has its own dates, all days before and since the start: the period above plays no part. The other filters and the view apply."))


def _plan_next(page: Frame) -> None:
    if "planning" in page.pages:
        st.page_link(page.to("planning"), label=page.say("Plan the next pilot"), query_params=page.query())


if __name__ == "__main__":
    show(current())
