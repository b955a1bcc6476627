"""Events on curves: the calendar and the logbook's long entries, told once. Clearance and turnaround have their curves tested with their pages."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from types import SimpleNamespace

import polars as pl
from streamlit.testing.v1 import AppTest

from dashboard import format as words
from dashboard import store
from dashboard.i18n import translator
from dashboard.screens import moved
from dashboard.selection import Selection
from dashboard.views import over_time

D = dt.date
APP = Path(__file__).resolve().parents[2] / "dashboard" / "app.py"


def at(day: int, hour: int) -> dt.datetime:
    return dt.datetime(2026, 6, day, hour)


def page(calendar: list[tuple], logbook: list[tuple], lang: str = "en", **period) -> SimpleNamespace:
    """What `events` needs of a page: a calendar of (first, last, code, name) and a logbook of (code, place, start, end)."""
    tables = pl.DataFrame(
        [{"from_on": first, "to_on": last, "calendar_code": code, "name_en": name, "name_fr": None} for first, last, code, name in calendar],
        schema={"from_on": pl.Date, "to_on": pl.Date, "calendar_code": pl.String, "name_en": pl.String, "name_fr": pl.String},
    )
    rows = pl.DataFrame(
        [{"logbook_code": code, "place_code": place, "started_local_at": start, "ended_local_at": end} for code, place, start, end in logbook],
        schema={"logbook_code": pl.String, "place_code": pl.String, "started_local_at": pl.Datetime, "ended_local_at": pl.Datetime},
    )
    asked = []
    own = SimpleNamespace(table=lambda name: tables, rows=lambda name, selection: asked.append(selection) or rows)
    chosen = Selection("MACAS", *period.get("days", (D(2026, 6, 1), D(2026, 7, 1))), lane=("6A",))
    return SimpleNamespace(store=own, selection=chosen, say=translator(lang), lang=lang, place=lambda code: {"SC": "Scanner"}.get(code, code or ""), asked=asked)


def test_long_entries_of_the_logbook_stand_beside_the_calendar_and_nothing_is_told_twice():
    own = page(
        [(D(2026, 6, 17), D(2026, 6, 17), "incident", "Scanner outage (simulated)"), (D(2026, 6, 2), D(2026, 6, 2), "holiday", "A holiday")],
        [
            ("scanner_outage", "SC", at(17, 8), at(17, 12)),  # the calendar names it already
            ("closure", "SC", at(2, 8), at(2, 10)),  # exactly two hours, and a holiday is no incident
            ("incident", None, at(5, 8), dt.datetime(2026, 6, 5, 9, 59)), ("strike", None, at(9, 0), None),  # a minute short; not over yet
            ("weather", None, at(20, 23), at(21, 3)),
        ],
    )  # fmt: skip
    assert moved.events(own, own.selection) == [
        over_time.Event(D(2026, 6, 2), D(2026, 6, 2), "A holiday"), over_time.Event(D(2026, 6, 2), D(2026, 6, 2), "Declared closure, Scanner"),
        over_time.Event(D(2026, 6, 17), D(2026, 6, 17), "Scanner outage (simulated)"), over_time.Event(D(2026, 6, 20), D(2026, 6, 21), "Weather"),
    ]  # fmt: skip
    assert own.asked[0].lane == (), "an event is the port's, whatever is filtered"


def test_a_period_under_two_weeks_gets_four_and_a_year_is_drawn_by_weeks():
    short = moved.period(page([], [], days=(D(2026, 6, 8), D(2026, 6, 15))))
    assert (short.first_day, short.end_day, short.lane) == (D(2026, 5, 18), D(2026, 6, 15), ("6A",))
    assert [moved.grain(days) for days in (45, 46, 400, 401)] == ["day", "week", "week", "month"]
    ends = {"day": D(2026, 12, 29), "week": D(2027, 1, 4), "month": D(2027, 1, 1)}
    for by, end in ends.items():
        assert moved.is_ripe(D(2026, 12, 28), by, end) and not moved.is_ripe(D(2026, 12, 28), by, end - dt.timedelta(days=1)) and moved.is_ripe(D(2026, 12, 28), by, None)


def read(page: str) -> str:
    app = AppTest.from_file(str(APP), default_timeout=30)
    app.query_params["lang"] = "en"
    app.switch_page(f"screens/{page}.py")
    app.run()
    assert not app.exception, app.exception
    return "".join(str(block.proto.body) for block in app.get("html"))


def test_delays_of_messages_are_drawn_over_days_with_events_and_the_worst_day_is_that_of_the_rows(sel):
    text = read("exchange")
    sent = store.table("fct_messages").filter(pl.col("sent_day").is_between(sel.first_day, sel.last_day) & pl.col("latency_min").is_not_null())
    days = sent.group_by("sent_day").agg(pl.len().alias("n"), pl.col("latency_min").quantile(0.9, "linear").alias("p90")).filter(pl.col("n") >= 30).sort("p90", "sent_day", descending=[True, False])
    day, p90 = days.row(0, named=True)["sent_day"], days.row(0, named=True)["p90"]
    assert f"Messages were slowest on {words.day(day, 'en')}: 1 in 10 took more than {words.value(p90, 'min', 'en', 1)}." in text
    assert '<ol class="events">' in text and "Morocco stays on UTC for good" in text


def test_boxes_filed_in_time_are_drawn_by_months_that_are_over_as_the_rows_have_them(sel):
    text, last = read("security"), store.build().now_day.replace(day=1)
    rows = store.of().opened().frame("SELECT filed_day, loading_at - filed_at >= INTERVAL 24 HOUR AS is_early FROM fct_manifests WHERE loading_at IS NOT NULL AND filed_day < $last", {"last": last})
    months = rows.group_by(pl.col("filed_day").dt.truncate("1mo")).agg(pl.col("is_early").mean().alias("share"))["share"]
    assert months.len() >= 3 and f"By month, between {months.min():.1%} (" in text and f"and {months.max():.1%} (" in text
    assert "Morocco stays on UTC for good" in text and "Scanner outage (simulated)" in text, "the curve is of a year, and so are its events"
