"""Gate events -> visits: hand-drawn trucks with the exact visits beside them."""

from __future__ import annotations

import datetime as dt

import pytest

from tests.etl.log_cases import MONDAY, at, facts, gate, rows, visits


def codes_of(found: dict) -> list[str]:
    return found["dq_findings"]["finding_code"].to_list()


def test_a_visit_runs_from_gate_in_to_gate_out():
    (visit,) = visits(gate("t", "in", "10:00", presented_at="09:58"), gate("t", "out", "11:07:30"))
    assert (visit["entry_at"], visit["exit_at"], visit["turnaround_min"]) == (at("10:00"), at("11:07:30"), 67.5)
    assert (visit["status_code"], visit["entry_lane_code"], visit["exit_lane_code"], visit["clock_flag"]) == ("closed", "A", "X", "ok")
    assert visit["entry_local_at"] == at("11:00") and visit["exit_local_at"] == at("12:07:30")
    assert (visit["entry_day"], visit["entry_hour"], visit["entry_weekday"]) == (MONDAY, 11, 1)
    assert visit["queue_min"] is None and visit["total_visit_min"] is None, "Q and V are null, never 0, where no queue was seen"


def test_two_trucks_crossing_are_two_visits():
    found = visits(gate("a", "in", "10:00"), gate("b", "in", "10:01"), gate("a", "out", "11:00"), gate("b", "out", "10:30"))
    assert [(visit["plate_key"], visit["turnaround_min"]) for visit in found] == [("a", 60.0), ("b", 29.0)]


def test_a_duplicate_read_is_no_second_visit():
    drawn = rows("stg_gate", gate("t", "in", "10:00"), gate("t", "in", "10:00:40", lane_code="B"), gate("t", "out", "11:00"), gate("t", "out", "11:04"))
    found = facts({"stg_gate": drawn})
    assert found["fct_visits"].select("entry_at", "exit_at", "entry_lane_code").rows() == [(at("10:00"), at("11:00"), "A")]
    repeats = found["dq_findings"].filter(finding_code="repeat_read")
    assert repeats["source_line"].to_list() == [2, 4]
    assert found["fct_visit_events"].height == 4, "the repeats are lines of the visit too"


def test_a_missed_exit_leaves_the_visit_incomplete_and_the_next_one_whole():
    found = facts({"stg_gate": rows("stg_gate", gate("t", "in", "08:00"), gate("t", "in", "14:00"), gate("t", "out", "15:00"))})
    assert found["fct_visits"].sort("entry_at").select("status_code", "turnaround_min").rows() == [("incomplete", None), ("closed", 60.0)]
    assert codes_of(found) == ["missed_exit"]


def test_a_missed_entry_makes_no_visit_but_a_finding():
    found = facts({"stg_gate": rows("stg_gate", gate("t", "out", "09:00"), gate("t", "in", "14:00"), gate("t", "out", "15:00"), gate("t", "out", "18:00"))})
    assert found["fct_visits"]["turnaround_min"].to_list() == [60.0]
    assert codes_of(found) == ["missed_entry", "missed_entry"]


def test_a_re_entry_the_same_hour_is_a_second_visit():
    found = visits(gate("t", "in", "10:00"), gate("t", "out", "10:06"), gate("t", "in", "10:09"), gate("t", "out", "11:00"))
    assert [visit["turnaround_min"] for visit in found] == [6.0, 51.0]


def test_an_overnight_stay_is_a_visit_and_a_finding():
    found = facts({"stg_gate": rows("stg_gate", gate("t", "in", "18:00"), gate("t", "out", "1 07:00"))})
    visit = found["fct_visits"].to_dicts()[0]
    assert (visit["turnaround_min"], visit["is_overnight"]) == (780.0, True) and codes_of(found) == ["overnight_stay"]
    (short,) = visits(gate("t", "in", "22:00"), gate("t", "out", "1 00:30"))
    assert short["is_overnight"] is False, "over midnight but 2.5 h is no overnight stay"


@pytest.mark.parametrize(("now", "status"), [("1 08:00", "open"), ("3 07:59", "open"), ("3 08:00", "incomplete")])
def test_a_visit_without_gate_out_is_open_for_72_hours(now, status):
    (visit,) = visits(gate("t", "in", "08:00"), now=now)
    assert (visit["status_code"], visit["exit_at"], visit["turnaround_min"], visit["is_overnight"]) == (status, None, None, None)


def test_a_gate_out_after_more_than_72_hours_closes_nothing():
    found = facts({"stg_gate": rows("stg_gate", gate("t", "in", "08:00"), gate("t", "out", "3 08:01"))})
    assert found["fct_visits"]["status_code"].to_list() == ["incomplete"] and sorted(codes_of(found)) == ["missed_entry", "missed_exit"]
    (edge,) = visits(gate("t", "in", "08:00"), gate("t", "out", "3 08:00"))
    assert edge["turnaround_min"] == 72 * 60


def test_an_uncertain_clock_gives_the_visit_but_no_duration():
    day = dt.date(2026, 9, 20)
    drawn = rows("stg_gate", gate("t", "in", at("00:10", day), clock_flag="ambiguous"), gate("t", "out", at("02:00", day)))
    found = facts({"stg_gate": drawn}, keep=frozenset({day}), now=at("6 00:00", day))
    visit = found["fct_visits"].to_dicts()[0]
    assert (visit["clock_flag"], visit["turnaround_min"], visit["status_code"]) == ("ambiguous", None, "closed")
    assert codes_of(found) == ["ambiguous_time"] and found["fct_visit_steps"].is_empty()


def test_an_exit_in_the_second_passing_of_an_hour_still_ends_its_visit():
    """In at 01:50 first passing, out at 01:20 second passing: both are recorded as first passing, so the exit seems to come first."""
    day = dt.date(2026, 9, 20)
    drawn = rows("stg_gate", gate("t", "in", at("00:50", day), clock_flag="ambiguous"), gate("t", "out", at("00:20", day), clock_flag="ambiguous"))
    (visit,) = facts({"stg_gate": drawn}, keep=frozenset({day}), now=at("6 00:00", day))["fct_visits"].to_dicts()
    assert (visit["status_code"], visit["exit_at"], visit["turnaround_min"]) == ("closed", at("01:20", day), None)


def test_the_visit_id_is_the_digest_of_port_truck_and_entry():
    (visit,) = visits(gate("t", "in", "10:00"), gate("t", "out", "11:00"))
    assert visit["visit_id"] == "3d734e48cfa7c2ae"
    (again,) = visits(gate("t", "in", "10:00"), gate("t", "out", "12:00"))
    assert again["visit_id"] == visit["visit_id"], "a later exit does not renumber"


def test_lane_decides_the_arm_and_the_day_the_period():
    before, pilot, none = visits(gate("c", "in", "-1 10:00", lane_code="B"), gate("a", "in", "10:00"), gate("b", "in", "10:01", lane_code="Z"))
    assert (before["arm_code"], before["pilot_period_code"]) == ("comparison", "before")
    assert (pilot["arm_code"], pilot["pilot_period_code"]) == ("pilot", "after")
    assert (none["arm_code"], none["pilot_period_code"]) == (None, None)
