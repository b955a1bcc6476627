"""Appointments: on time, early, late, no-show, cancelled, refused, pending; by number shown, else by plate."""

from __future__ import annotations

import polars as pl
import pytest

from tests.etl.log_cases import facts, gate, rows


def booked(ref: str = "A1", code: str = "booked", when: str = "-2 08:00", start: str = "10:00", end: str = "11:00", plate: str | None = "t", **more: object) -> dict:
    return {"appointment_ref": ref, "event_code": code, "event_at": when, "slot_start_at": start, "slot_end_at": end, "plate_key": plate} | more


def made(events: list[dict], *gates: dict, now: str = "6 00:00") -> dict:
    return facts({"stg_appointments": rows("stg_appointments", *events), "stg_gate": rows("stg_gate", *gates)}, now=now)


@pytest.mark.parametrize(
    ("presented", "outcome", "offset"),
    [
        ("09:29", "early", -31.0), ("09:30", "on_time", -30.0), ("10:00", "on_time", 0.0), ("10:45", "on_time", 0.0), ("11:00", "on_time", 0.0),
        ("11:30", "on_time", 30.0), ("11:30:30", "late", 30.5), ("1 10:59", "late", 23 * 60 + 59.0),
    ],
)  # fmt: skip
def test_arrival_against_the_nearer_edge(presented, outcome, offset):
    cleared = presented if presented.count(":") == 2 else presented + ":30"
    found = made([booked()], gate("t", "in", cleared, presented_at=presented, appointment_ref="A1"))
    appointment, visit = found["fct_appointments"].to_dicts()[0], found["fct_visits"].to_dicts()[0]
    assert (appointment["outcome_code"], appointment["offset_min"], appointment["visit_id"]) == (outcome, offset, visit["visit_id"])
    assert (visit["appointment_code"], visit["appointment_offset_min"]) == (outcome, offset)


@pytest.mark.parametrize(("now", "outcome"), [("1 10:59", "pending"), ("1 11:00", "no_show")])
def test_a_no_show_is_one_a_day_after_the_slot(now, outcome):
    assert made([booked()], now=now)["fct_appointments"]["outcome_code"].to_list() == [outcome]


@pytest.mark.parametrize("code", ["cancelled", "refused"])
def test_cancelled_and_refused_are_honoured_by_nobody(code):
    found = made([booked(), booked(code=code, when="-1 08:00")], gate("t", "in", "10:00", appointment_ref="A1"))
    assert found["fct_appointments"].select("outcome_code", "visit_id").rows() == [(code, None)]
    assert found["fct_visits"]["appointment_code"].to_list() == ["none"]


def test_a_changed_slot_counts_and_keeps_what_the_change_leaves_out():
    found = made([booked(terminal_code="T1"), booked(code="changed", when="-1 08:00", start="14:00", end="15:00", plate=None)], gate("t", "in", "14:10", appointment_ref="A1"))
    assert found["fct_appointments"].select("outcome_code", "offset_min", "terminal_code", "slot_hour").rows() == [("on_time", 0.0, "T1", 15)]


def test_without_a_number_the_truck_within_six_hours_is_the_one():
    found = made([booked()], gate("t", "in", "17:00"))
    assert found["fct_appointments"].select("outcome_code", "offset_min").rows() == [("late", 360.0)]
    assert made([booked()], gate("t", "in", "17:01"))["fct_appointments"]["outcome_code"].to_list() == ["no_show"]
    assert made([booked()], gate("u", "in", "10:00"))["fct_appointments"]["outcome_code"].to_list() == ["no_show"]


def test_one_visit_honours_one_appointment_and_one_appointment_has_one_visit():
    gates = (gate("t", "in", "10:10", appointment_ref="A1"), gate("t", "out", "10:40"), gate("t", "in", "12:10", appointment_ref="A1"), gate("t", "out", "13:00"))
    found = made([booked()], *gates)
    assert found["fct_visits"].sort("entry_at")["appointment_code"].to_list() == ["on_time", "none"]
    found = made([booked("A1"), booked("A2", start="11:00", end="12:00")], gate("t", "in", "10:40"))
    assert found["fct_appointments"].sort("appointment_ref")["outcome_code"].to_list() == ["on_time", "no_show"]


def stood(*events: dict) -> list[tuple]:
    found = made(list(events))["fct_bookings"].sort("booked_at")
    return found.select(pl.col("booked_at", "until_at").dt.to_string("%m-%d %H:%M"), "slot_hour", "terminal_code").rows()


def test_a_booking_stands_from_its_event_to_the_next_one():
    """Zone UTC+1: the slot of 10:00 is local hour 11. A cancellation ends the stretch and begins none."""
    booked_then_moved = (booked(terminal_code="T1"), booked(code="changed", when="-1 08:00", start="14:00", end="15:00"), booked(code="cancelled", when="06:00", start="14:00", end="15:00"))
    assert stood(*booked_then_moved) == [("05-30 08:00", "05-31 08:00", 11, "T1"), ("05-31 08:00", "06-01 06:00", 15, "T1")]
    assert stood(booked(code="refused", when="-1 08:00")) == []


def test_a_stretch_holds_nothing_that_was_said_later_but_its_end():
    """The terminal was named by the change only; an event after the slot was over took nothing away."""
    assert stood(booked(), booked(code="changed", when="-1 08:00", terminal_code="T1"))[0][3] is None
    assert stood(booked(), booked(code="cancelled", when="11:00")) == [("05-30 08:00", None, 11, None)]
    assert stood(booked(), booked(code="cancelled", when="10:59")) == [("05-30 08:00", "06-01 10:59", 11, None)]


def test_the_newest_word_on_a_slot_counts():
    def word(said: str, places: int, terminal: str = "T1") -> dict:
        return {"terminal_code": terminal, "slot_start_at": "10:00", "slot_end_at": "11:00", "offered_n": places, "published_at": said}

    found = facts({"stg_slots": rows("stg_slots", word("-3 08:00", 5), word("-1 08:00", 3), word("-2 08:00", 9), word("-3 08:00", 0, "T2"))}, now="6 00:00")["fct_slots"]
    assert found.sort("terminal_code").select("terminal_code", "slot_hour", "offered_n").rows() == [("T1", 11, 3), ("T2", 11, 0)]
