"""Port overview: the answer in five seconds, then the border, what changed most, how fresh the sources are and the last incident."""

from __future__ import annotations

import datetime as dt
import html

import polars as pl
import streamlit as st

from dashboard import format as words
from dashboard.screens import border, changes, judged
from dashboard.screens.judged import Judged
from dashboard.selection import Selection
from dashboard.views.headline import apart, sentence
from dashboard.widgets import chart, freshness, kpi_card, no_data
from dashboard.widgets.frame import Frame, current
from etl.contracts.codes import LOGBOOK

JUDGED = ("visits", "turnaround_p50", "turnaround_p90", "over_120_share", "queue_p50", "document_checks_mean")
FIGURES = (*JUDGED, "queue_observed_share", "document_checks_coverage", "both_weighings_share")  # the last one for the border, which asks nothing of visits
# metric -> (reference figure, how it becomes comparable with the metric)
MARKS: dict[str, str] = {"turnaround_p50": "total_visit_median_min", "turnaround_p90": "turnaround_max_min", "over_120_share": "share_under_120", "queue_p50": "queue_median_min"}
PAPERS = ("declarations", "declaration_hit_share", "physical_share", "release_p50")
MIN_INCIDENT_DAYS = 90


def show(page: Frame) -> None:
    say = page.say
    st.title(say("Port overview"), anchor=False)
    page.ahead(_visits, *((changes.medians,) if page.selection.previous(page.store.build().first_day) else ()), border.cleared, border.filed, _hours, _reading)  # the longest first, so that none is left alone at the end
    visits = _visits(page)
    now = visits.now
    if not now.cell("visits").value:
        _without_visits(page)
        return
    median, p90 = now.cell("turnaround_p50"), now.cell("turnaround_p90")
    answer = say("Half of the trucks leave the port within {median}; 1 truck in 10 takes more than {p90}.", median=words.cell(median, page.lang), p90=words.cell(p90, page.lang))
    if median.value is None:
        answer = say("{n} visits, none of certain turnaround: no exit was seen, or its clock cannot be trusted.", n=words.number(now.cell("visits").value, page.lang))
    st.html(f'<p class="lead" data-testid="answer">{html.escape(answer)}</p>')
    st.html(kpi_card.grid([*(_card(page, visits, code) for code in JUDGED), _inside(page)]))
    freshness.under(page, now, say("n = {n} visits", n=words.number(now.cell("visits").value, page.lang)))
    chart.data(page, visits.trend, key="overview")
    border.show(page, visits)
    st.header(say("What changed most"), anchor=False)
    changes.show(page, now)
    st.header(say("How far the data reach"), anchor=False)
    freshness.sources(page, page.store.table("meta_freshness").sort("source_code").to_dicts())
    st.header(say("Last incident in the logbook"), anchor=False)
    _last_incident(page)


def _visits(page: Frame) -> Judged:
    return judged.asked(page, FIGURES)


def _hours(page: Frame) -> pl.DataFrame:
    """Trucks inside by hour, the last three days."""
    return page.store.of_now("inside", _last_days(page, 3))


def _reading(page: Frame) -> pl.DataFrame:
    """Trucks inside at the gate log's newest line."""
    return page.store.of_now("inside_now")


def _last_days(page: Frame, days: int) -> Selection:
    """The last days up to now, of the whole port."""
    end = page.store.build().now_day + dt.timedelta(days=1)
    return Selection(page.selection.port, end - dt.timedelta(days=days), end, period="custom", comparison="none")


def _card(page: Frame, visits: Judged, code: str) -> str:
    return judged.card(page, visits, code, sentence(visits.now, code, page.say), [_mark(page, code)])


def _mark(page: Frame, code: str) -> str:
    """Another port's published figure, as a reference mark and never as a target; its own perimeter is said."""
    found = [row for row in page.store.table("dim_benchmarks").to_dicts() if row["metric_code"] == MARKS.get(code)]
    if not found:
        return ""
    row = found[0]
    over = code == "over_120_share"
    value = words.share((100 - row["value"]) / 100, page.lang) if over else words.value(row["value"], "min", page.lang)
    year = f" {row['year']}" if row["year"] else ""
    return page.say("Reference mark: {port}{year}, {value} ({perimeter})", port=page.say(row["port"]), year=year, value=value, perimeter=page.say(row["perimeter"] or ""))


def _inside(page: Frame) -> str:
    """Trucks inside at the gate log's newest line; visits open over 24 h stand apart, because their exits were probably missed."""
    say = page.say
    row = _reading(page).row(0, named=True)
    hours = _hours(page)
    notes = [say("Whole port, whatever the filters.") if page.store.viewer().terminals is None else say("Your trucks only, whatever the filters.")]
    if row["long_n"]:
        notes.insert(0, say.plural("{n} visit open for more than 24 h, counted apart.", "{n} visits open for more than 24 h, counted apart.", row["long_n"]))
    return kpi_card.card(
        name=say("Trucks inside"), value=words.number(row["inside_n"], page.lang), code="inside",
        say=say("At the last complete reading, {at}.", at=words.moment(row["reading_local_at"], page.lang)),
        points=hours["inside_n"].to_list(), points_say=say("Trucks inside by hour, last three days"), notes=notes,
    )  # fmt: skip


def _without_visits(page: Frame) -> None:
    """A port that has sent no gate log yet, or a question nothing answers: what there is instead."""
    say, lang = page.say, page.lang
    sources = page.store.table("meta_freshness").sort("source_code")
    if "gate" in sources["source_code"]:
        no_data.show(page)
    else:
        st.html(f'<p class="lead" data-testid="answer">{html.escape(say("This port has sent no gate log yet: visits and their turnaround have no data."))}</p>')
    papers = page.ask(PAPERS, compare=True, intervals=True)
    if papers.cell("declarations").value:
        cards = []
        for code in PAPERS:
            figure = papers.cell(code)
            value, unit = apart(figure, lang)
            notes = [judged.n(page, figure), judged.compared(page, figure)]
            cards.append(kpi_card.card(say(figure.metric.label), value, unit, say(figure.metric.about) if figure.value is not None else say("No data in this period."), notes, code=code))
        st.html(kpi_card.grid(cards))
        freshness.under(page, papers)
    st.header(say("How far the data reach"), anchor=False)
    freshness.sources(page, sources.to_dicts())


def _last_incident(page: Frame) -> None:
    say = page.say
    if "logbook" not in page.store.table("meta_freshness")["source_code"]:
        st.markdown(say("This port has sent no logbook."))
        return
    rows = [row for row in page.store.of_now("logbook", _last_days(page, MIN_INCIDENT_DAYS + 1)).to_dicts() if row["logbook_code"] != "trouble_ticket"]
    if not rows:
        st.markdown(say("None in the last {n} days.", n=MIN_INCIDENT_DAYS))
        return
    row = rows[-1]
    where = page.place(row["place_code"]) if row["place_code"] else say("whole port")
    until = say("until {at}", at=words.moment(row["ended_local_at"], page.lang)) if row["ended_local_at"] else say("still going on")
    what, comma = html.escape(say(LOGBOOK.codes[row["logbook_code"]])), say(", ")
    st.html(f'<p class="lead"><b>{what}</b>{comma}{html.escape(where)}</p><p class="quiet">{html.escape(words.moment(row["started_local_at"], page.lang))}{comma}{html.escape(until)}</p>')


if __name__ == "__main__":
    show(current())
