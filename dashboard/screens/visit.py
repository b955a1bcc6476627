"""One visit: every event in order, where its minutes went and who held them, its way on the map, the log lines it was made from, and its record on paper. The truck is masked."""

from __future__ import annotations

import html

import polars as pl
import streamlit as st

from dashboard import format as words
from dashboard.briefing import record_paper
from dashboard.briefing.sheet import EVENTS, Sheet
from dashboard.views import map as port_map
from dashboard.views import minutes
from dashboard.views.track import track_layers
from dashboard.widgets import download, panel
from dashboard.widgets.frame import Frame, current
from etl.contracts.codes import (
    CARGO_CLASS,
    CHANNEL,
    CLOCK_FLAG,
    DIRECTION,
    SOURCE,
    STEP,
    VISIT_APPOINTMENT,
    VISIT_STATUS,
)
from etl.errors import InputError


def show(page: Frame) -> None:
    say = page.say
    visit_id = page.own.get("visit", "")
    drill = page.own.get("drill", "")
    st.page_link(page.to("turnaround"), label=say("←") + " " + (say("Back to the list of visits") if drill else say("Back to truck turnaround")), query_params=page.query(drill=drill))
    found = page.store.rows("visit", visit_id=visit_id) if visit_id else pl.DataFrame()
    if found.is_empty():
        st.title(say("One visit"), anchor=False)
        if not visit_id:
            st.markdown(say("This address names no visit: choose one in a list of visits."))
            return
        st.markdown(say("No visit has this number in the build shown: {visit}.", visit=f"`{visit_id[:40]}`"))
        return
    visit = found.row(0, named=True)
    st.title(f"{visit['truck'].replace('Truck', say('Truck'))} · {words.moment(visit['entry_local_at'], page.lang)}", anchor=False)
    _facts(page, visit)
    steps = page.store.rows("visit_steps", visit_id=visit_id)
    if not steps.is_empty():
        _steps(page, visit, steps)
    sheet = record_paper.sheet_of(page.store, visit_id, page.lang)
    _holders(page, sheet)
    _record(page, sheet, visit_id)
    events = page.store.rows("visit_events", visit_id=visit_id)
    left, right = st.columns([3, 4], gap="large")
    with left:
        _timeline(page, events)
    with right:
        _map(page, visit_id)
    _log_lines(page, events)


def _facts(page: Frame, visit: dict) -> None:
    """The visit in words. P, Q and V stand apart as text; what was not observed is said, never 0."""
    say, lang = page.say, page.lang
    unseen = say("not observed")
    rows = [
        (say("Turnaround"), words.duration(visit["turnaround_min"], lang) if visit["turnaround_min"] is not None else say(VISIT_STATUS.codes[visit["status_code"]])),
        (say("Queue before the gate"), words.duration(visit["queue_min"], lang) if visit["queue_min"] is not None else unseen),
        (say("Gate and lane"), f"{page.name('gate', visit['entry_gate_code'])}{say(', ')}{page.name('lane', visit['entry_lane_code'])}" if visit["entry_lane_code"] else unseen),
        (say("Terminal"), page.name("terminal", visit["terminal_code"]) if visit["terminal_code"] else unseen),
        (say("Direction"), say(DIRECTION.codes[visit["direction_code"]]) if visit["direction_code"] else unseen),
        (say("Cargo class"), say(CARGO_CLASS.codes[visit["cargo_class_code"]]) if visit["cargo_class_code"] else unseen),
        (say("Customs channel"), say(CHANNEL.codes[visit["channel_code"]]) if visit["channel_code"] else unseen),
        (say("Appointment"), say(VISIT_APPOINTMENT.codes[visit["appointment_code"]]) if visit["appointment_code"] else unseen),
        (say("Document checks"), words.number(visit["document_checks_n"], lang) if visit["document_checks_n"] is not None else unseen),
    ]
    if visit["clock_flag"] != "ok":
        rows.append((say("Clock"), say(CLOCK_FLAG.codes[visit["clock_flag"]])))
    cells = "".join(f"<div><dt>{html.escape(name)}</dt><dd>{html.escape(text)}</dd></div>" for name, text in rows)
    st.html(f'<dl class="facts" data-testid="visit-facts">{cells}</dl>')


def _steps(page: Frame, visit: dict, steps: pl.DataFrame) -> None:
    say, lang = page.say, page.lang
    parts, waiting = [], 0.0
    for number, row in enumerate(steps.iter_rows(named=True), start=1):
        wait, whole = row["wait_min"] or 0.0, row["step_min"] or 0.0
        waiting += wait
        where = f" · {page.place(row['place_code'])}" if row["place_code"] and row["step_kind_code"] == "service" else ""
        name = f"{number}. {say(STEP.codes.get(row['step_code'], row['step_code']))}{where}"
        parts.append(minutes.Part(name, wait, max(whole - wait, 0.0), words.value(whole, "min", lang, 1), f"{name}: {words.value(whole, 'min', lang, 1)}", is_travel=row["step_kind_code"] == "gap"))
    total = sum(part.wait_min + part.other_min for part in parts)
    finding = say("{wait} of the {total} inside the port were spent waiting at service points.", wait=words.duration(waiting, lang), total=words.duration(total, lang))
    st.header(say("Step by step"), anchor=False)
    st.html(f'<p class="lead">{html.escape(finding)}</p>')
    st.plotly_chart(minutes.waterfall(parts, wait=say("waiting"), service=say("service"), travel=say("between points"), row=42, above=True), key="visit_steps", alt=finding, config={"displayModeBar": False})


def _holders(page: Frame, sheet: Sheet) -> None:
    """Who held the minutes of the truck, and which papers of its goods were waited for meanwhile."""
    said = sheet.labels
    st.header(said["held"], anchor=False)
    st.html(f'<p class="lead" data-testid="held">{html.escape(sheet.finding)}</p>')
    if sheet.rungs:
        rows = [{said["since"]: rung.at, said["step"]: rung.name, said["wait"]: rung.wait, said["service"]: rung.service, said["whole"]: rung.whole, said["holder"]: rung.holder} for rung in sheet.rungs]
        panel.grid(pl.DataFrame(rows), key="visit_holders", height="content")
    if sheet.papers:
        panel.section(said["papers"], page.say("A stage belongs to the party whose act ends it; it may have begun before the truck came."))
        panel.grid(pl.DataFrame(list(sheet.papers), schema=[said[name] for name in ("paper", "stage", "holder", "since", "until", "inside")], orient="row"), key="visit_papers")


def _record(page: Frame, sheet: Sheet, visit_id: str) -> None:
    """The record to take away: its code, what it settles and what not, and the PDF."""
    say = page.say
    st.header(sheet.title, anchor=False)
    st.html(
        f'<p class="lead">{html.escape(sheet.settles)}</p><p class="quiet">{html.escape(sheet.settles_not)}</p>'
        f'<p>{html.escape(sheet.labels["code"])}<br><b dir="ltr" data-testid="record-code">{html.escape(sheet.code)}</b></p><p class="quiet">{html.escape(sheet.how)}</p>'
    )
    download.paper(page, say("Download the record (PDF)"), f"smartport_record_{visit_id}", lambda: record_paper.of_visit(page.store, visit_id, lang=page.lang).pdf, key="record")
    _check(page)


@st.fragment
def _check(page: Frame) -> None:
    """Check the code printed on a record, of this visit or another, against the data shown."""
    say = page.say
    text = st.text_input(say("Check a printed code"), key="record_check", max_chars=120, width=560)
    if not text:
        return
    try:
        found = record_paper.verify_code(page.store, text)
    except InputError:
        panel.quiet(say("This is no code of a record: it has 12 groups of 4 digits or letters from a to f."))
        return
    said = {
        "same": say("Same: the data shown have these very facts of visit {visit}.", visit=found.visit_id),
        "changed": say("Changed: the facts of visit {visit} are no longer those of this code. With the PDF, smartport record --verify names what has changed.", visit=found.visit_id),
        "unknown": say("The data shown hold no visit {visit}.", visit=found.visit_id),
    }  # fmt: skip
    st.html(f'<p class="lead" data-testid="record-check">{html.escape(said[found.state])}</p>')


def _timeline(page: Frame, events: pl.DataFrame) -> None:
    say, lang = page.say, page.lang
    st.header(say("What the logs say, in order"), anchor=False)
    items = []
    for row in events.iter_rows(named=True):
        where = page.place(row["place_code"])
        items.append(
            f'<li><time>{html.escape(words.clock(row["event_local_at"], lang))}</time><div><b>{html.escape(say(EVENTS.get(row["event_code"], row["event_code"])))}</b>'
            f'<span>{html.escape(" · ".join(part for part in (where, say(SOURCE.codes.get(row["source_code"], row["source_code"]))) if part))}</span></div></li>'
        )
    st.html(f'<ol class="line" data-testid="timeline">{"".join(items)}</ol>' if items else f'<p class="quiet">{html.escape(say("No log line is kept for this visit."))}</p>')


def _map(page: Frame, visit_id: str) -> None:
    say = page.say
    st.header(say("Its way through the port"), anchor=False)
    track = page.store.rows("visit_track", visit_id=visit_id)
    zones = page.store.table("dim_zones")
    if track.height < 2 or zones.is_empty():
        st.html(f'<p class="quiet">{html.escape(say("No position of this truck was kept: there is no way to draw."))}</p>')
        return
    deck = port_map.base_deck(zones, layers=track_layers(track.to_dicts()), language=page.lang)
    alt = say("Map of the truck's {n} positions, one a minute.", n=track.height)
    st.pydeck_chart(deck, height=420, key="visit_map")
    st.html(f'<p class="quiet">{html.escape(alt)} {html.escape(say("Outlines are approximate."))}</p>')


def _log_lines(page: Frame, events: pl.DataFrame) -> None:
    say, lang = page.say, page.lang
    st.header(say("The lines behind it"), anchor=False)
    panel.grid(
        pl.DataFrame([
            {
                say("Time"): words.moment(row["event_local_at"], lang), say("Event"): say(EVENTS.get(row["event_code"], row["event_code"])), say("Source"): say(SOURCE.codes.get(row["source_code"], row["source_code"])),
                say("File"): row["file_name"], say("Line"): row["source_line"], say("Match"): words.share(row["match_score"], lang) if row["match_score"] is not None else "",
            }
            for row in events.iter_rows(named=True)
        ]),
        key="visit_lines", alt=say("Log lines of this visit with their file and line"),
    )  # fmt: skip


if __name__ == "__main__":
    show(current())
