"""Means, logbook entries, closures and tracking joins."""

from __future__ import annotations

import polars as pl
import pytest

from etl.transform import tracking
from tests.etl.log_cases import MONDAY, at, facts, gate, rows, service

GATES = (gate("t", "in", "10:00"), gate("t", "out", "11:00"))


def entry(code: str, started: str, ended: str | None, place: str | None = None, plate: str | None = None) -> dict:
    return {"entry_ref": "L1", "logbook_code": code, "started_at": started, "ended_at": ended, "place_code": place, "plate_key": plate}


def made(*entries: dict, gates: tuple = GATES, served: tuple = ()) -> dict:
    return facts({"stg_gate": rows("stg_gate", *gates), "stg_logbook": rows("stg_logbook", *entries), "stg_services": rows("stg_services", *served)})


@pytest.mark.parametrize(
    ("drawn", "closed"),
    [
        (entry("closure", "10:30", "10:40"), True), (entry("closure", "11:00", "12:00"), False), (entry("closure", "09:00", "10:00"), False),
        (entry("strike", "-1 09:00", None), True), (entry("strike", "-4 09:00", None), False), (entry("closure", "10:30", "10:40", "P6"), True),
        (entry("closure", "10:30", "10:40", "A"), True), (entry("closure", "10:30", "10:40", "T1"), False), (entry("weather", "10:30", "10:40"), False),
        (entry("scanner_outage", "10:30", "10:40", "SCAN"), True), (entry("incident", "10:30", "10:40"), False),
    ],
)  # fmt: skip
def test_a_closure_concerns_the_visits_it_overlaps_at_places_they_used(drawn, closed):
    visit = made(drawn, served=(service("t", "scan", None, None, "10:30"),))["fct_visits"].to_dicts()[0]
    assert visit["has_closure"] is closed


def test_a_trouble_ticket_names_its_visit():
    found = made(entry("trouble_ticket", "10:30", "10:50", plate="t"))
    visit = found["fct_visits"].to_dicts()[0]
    assert (visit["has_trouble_ticket"], visit["is_excluded"]) == (True, True)
    assert found["fct_logbook"]["visit_id"].to_list() == [visit["visit_id"]]
    assert "trouble_ticket" in found["fct_visit_events"]["event_code"].to_list()
    assert made(entry("trouble_ticket", "11:30", "11:50", plate="t"))["fct_visits"]["has_trouble_ticket"].to_list() == [False]


def test_means_are_filed_under_their_local_day():
    drawn = {"means_code": "L-A", "means_kind_code": "lane", "place_code": "A", "open_from_at": "23:30", "open_to_at": "1 07:00", "capacity_per_hour": 30.0}
    means = facts({"stg_means": rows("stg_means", drawn)})["fct_means"].to_dicts()[0]
    assert means["open_from_local_at"] == at("1 00:30") and (means["open_day"] - MONDAY).days == 1


def spans(*drawn: tuple) -> pl.DataFrame:
    return pl.DataFrame([{"visit_no": number, "plate_key": plate, "entry_at": at(entry_at), "until_at": at(until)} for number, (plate, entry_at, until) in enumerate(drawn)])


def drawn_stays(*drawn: tuple) -> pl.DataFrame:
    return pl.DataFrame([{"stay_id": str(number), "plate_key": plate, "zone_code": zone, "entered_at": at(start), "left_at": at(end)} for number, (plate, zone, start, end) in enumerate(drawn)])


def test_a_stay_belongs_to_the_visit_it_overlaps_and_a_queue_to_the_visit_it_led_to():
    stays = drawn_stays(("t", "Q", "09:30", "09:58"), ("t", "GATE", "09:50", "10:01"), ("t", "ROAD", "11:01", "11:30"), ("u", "TCE", "10:10", "10:40"), ("t", "Q", "12:00", "12:10"))
    found = tracking.stay_visits(stays, spans(("t", "10:00", "11:00"), ("t", "13:00", "14:00")), ["Q"])
    assert sorted(found.rows()) == [("0", 0), ("1", 0), ("4", 1)]


def test_the_queue_is_the_passage_that_led_to_the_gate():
    passages = pl.DataFrame({"plate_key": ["t", "t"], "queue_arrived_at": [at("07:00"), at("09:20")], "gate_entered_at": [at("07:30"), at("09:58")]})
    visits = spans(("t", "10:00", "11:00"), ("t", "13:00", "14:00"))
    assert tracking.queued_since(passages, visits).rows() == [(0, at("09:20"))]


def test_fixes_belong_to_the_visit_from_its_queue_to_its_end():
    visits = spans(("t", "10:00", "11:00")).with_columns(queue_arrived_at=pl.lit(at("09:30")), visit_id=pl.lit("v"), entry_day=pl.lit(at("10:00").date()))
    fixes = pl.DataFrame({"plate_key": "t", "fix_at": [at("09:29"), at("09:31"), at("10:30"), at("11:01")], "longitude_deg": 0.0, "latitude_deg": 0.0})
    assert tracking.track_visits(fixes, visits, visits)["fix_at"].to_list() == [at("09:31"), at("10:30")]


def test_v_is_null_where_q_is():
    frame = pl.DataFrame(
        {"entry_at": [at("10:00")] * 3, "queue_arrived_at": [at("09:30"), None, at("09:30")], "turnaround_min": [60.0, 60.0, None], "entry_flag": "ok", "clock_flag": "ok"}
    )
    assert tracking.with_queue(frame).select("queue_min", "total_visit_min").rows() == [(30.0, 90.0), (None, None), (30.0, None)]
