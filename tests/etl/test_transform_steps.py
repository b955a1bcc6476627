"""Linked lines -> service points and gaps: exact minutes beside hand-drawn visits; the steps of a visit always sum to P."""

from __future__ import annotations

import pytest

from tests.etl.log_cases import at, facts, gate, rows, service, weighing

VISIT = (gate("t", "in", "10:00"), gate("t", "out", "12:00", presented_at="11:56"))
TERMINAL = (gate("t", "in", "10:20", "terminal", presented_at="10:15"), gate("t", "out", "11:00", "terminal", presented_at="10:58"))


def made(*gates: dict, weighed: tuple = (), served: tuple = ()) -> dict:
    return facts({"stg_gate": rows("stg_gate", *gates), "stg_weighbridge": rows("stg_weighbridge", *weighed), "stg_services": rows("stg_services", *served)})


def drawn(found: dict) -> list[tuple]:
    return found["fct_visit_steps"].sort("step_seq").select("step_code", "wait_min", "service_min", "step_min").rows()


def test_a_whole_visit_point_by_point():
    found = made(
        *VISIT, *TERMINAL,
        weighed=(weighing("t", "empty", "10:03", "10:08", "10:10"), weighing("t", "full", "11:30", "11:40", "11:42")),
        served=(service("t", "scan", "11:05", "11:10", "11:12", "11:25"), service("t", "exit_check", "11:45", "11:50", "11:52"), service("t", "document_check", None, "10:30", "10:32")),
    )  # fmt: skip
    assert drawn(found) == [
        ("travel", None, None, 3.0), ("weigh_empty", 5.0, 2.0, 7.0), ("travel", None, None, 5.0), ("terminal", 5.0, 40.0, 45.0), ("travel", None, None, 5.0),
        ("scan", 5.0, 15.0, 20.0), ("travel", None, None, 5.0), ("weigh_full", 10.0, 2.0, 12.0), ("travel", None, None, 3.0), ("exit_check", 5.0, 2.0, 7.0),
        ("travel", None, None, 4.0), ("port_gate_out", None, 4.0, 4.0),
    ]  # fmt: skip
    visit = found["fct_visits"].to_dicts()[0]
    assert found["fct_visit_steps"]["step_min"].sum() == visit["turnaround_min"] == 120.0
    assert (visit["wait_min"], visit["service_min"], visit["travel_min"], visit["stops_n"]) == (30.0, 65.0, 25.0, 5)
    assert (visit["terminal_turn_min"], visit["terminal_code"], visit["document_checks_n"]) == (40.0, "T1", 1)
    assert (visit["has_inspection"], visit["has_both_weighings"], visit["is_excluded"]) == (True, True, True)
    assert set(found["fct_visit_steps"]["terminal_code"]) == {"T1"}, "filter columns are copied onto steps"


def test_overlapping_points_are_clipped_and_never_counted_twice():
    found = made(*VISIT, served=(service("t", "scan", "10:10", "10:20", "10:40"), service("t", "physical_inspection", "10:30", "10:50", "11:00"), service("t", "phytosanitary_inspection", "10:15", "10:18", "10:30")))
    assert drawn(found) == [
        ("travel", None, None, 10.0), ("scan", 10.0, 20.0, 30.0), ("physical_inspection", 10.0, 10.0, 20.0), ("travel", None, None, 56.0), ("port_gate_out", None, 4.0, 4.0),
    ]  # fmt: skip


def test_points_reach_no_further_than_the_visit():
    found = made(gate("t", "in", "10:00"), gate("t", "out", "11:00"), weighed=(weighing("t", "empty", "09:50", "10:05", "10:07"), weighing("t", "full", "10:50", "10:59", "11:01")))
    assert drawn(found) == [("weigh_empty", 5.0, 2.0, 7.0), ("travel", None, None, 43.0), ("weigh_full", 9.0, 1.0, 10.0)]


def test_a_log_without_arrival_or_start_claims_no_waiting():
    found = made(gate("t", "in", "10:00"), gate("t", "out", "11:00"), weighed=(weighing("t", "empty", None, "10:08", "10:10"), weighing("t", "full", "10:30", None, "10:40")))
    assert drawn(found) == [("travel", None, None, 8.0), ("weigh_empty", None, 2.0, 2.0), ("travel", None, None, 20.0), ("weigh_full", None, 10.0, 10.0), ("travel", None, None, 20.0)]


def test_a_visit_without_any_point_is_one_gap():
    assert drawn(made(gate("t", "in", "10:00"), gate("t", "out", "11:00"))) == [("travel", None, None, 60.0)]


def test_an_open_visit_has_no_steps():
    assert made(gate("t", "in", "10:00"), weighed=(weighing("t", "empty", "10:03", "10:08", "10:10"),))["fct_visit_steps"].is_empty()


def test_two_terminals_sum_and_a_call_without_gate_out_has_no_turn():
    second = (gate("t", "in", "11:10", "terminal", gate_code="T2-G"), gate("t", "out", "11:30", "terminal", gate_code="T2-G"))
    visit = made(*VISIT, *TERMINAL, *second)["fct_visits"].to_dicts()[0]
    assert (visit["terminal_turn_min"], visit["terminal_code"]) == (60.0, "T1")
    visit = made(*VISIT, *TERMINAL, second[0])["fct_visits"].to_dicts()[0]
    assert visit["terminal_turn_min"] is None, "one of its two calls never ended: the sum is not known"


def test_a_terminal_gate_read_twice_is_one_call():
    found = made(*VISIT, *TERMINAL, gate("t", "in", "10:21", "terminal"), gate("t", "out", "11:02", "terminal"))
    assert found["fct_visits"]["terminal_turn_min"].to_list() == [40.0]
    assert found["dq_findings"]["finding_code"].to_list() == ["repeat_read", "repeat_read"]


def test_a_missing_second_weighing_is_found():
    found = made(*VISIT, weighed=(weighing("t", "empty", "10:03", "10:08", "10:10"),))
    assert found["dq_findings"]["finding_code"].to_list() == ["missing_second_weighing"]


def test_inspections_have_their_own_rows_with_wait_service_and_verdict():
    found = made(*VISIT, served=(service("t", "scan", "11:05", "11:10", "11:12", "11:25", inspection_result_code="hit"), service("u", "scan", "11:05", "11:15", "11:16", "11:20")))
    rows_of = found["fct_inspections"].sort("ended_at").select("visit_id", "wait_min", "service_min", "verdict_min", "inspection_result_code").rows()
    assert rows_of == [(found["fct_visits"]["visit_id"][0], 5.0, 2.0, 13.0, "hit"), (None, 10.0, 1.0, 4.0, None)]
    assert found["dq_findings"].filter(finding_code="unmatched_service").height == 1


@pytest.mark.parametrize(("ended", "owner"), [("12:01", True), ("12:03", False), ("09:59", True), ("09:57", False)])
def test_two_logs_may_differ_by_two_minutes(ended, owner):
    found = made(*VISIT, served=(service("t", "document_check", None, None, ended),))
    events = found["fct_visit_events"].filter(source_code="services")
    assert events["match_score"].to_list() == ([0.8] if owner else [])
    assert found["dq_findings"].height == (0 if owner else 1)


def test_the_match_score_says_what_agrees():
    gates = (gate("t", "in", "10:00"), gate("t", "out", "12:00", container_key="c1"))
    served = (
        service("t", "document_check", None, None, "10:10", container_key="c1"), service("t", "document_check", None, None, "10:20"),
        service("t", "document_check", None, None, "10:30", container_key="c2"), service("misread", "document_check", None, None, "10:40", container_key="c1"),
        service("other", "document_check", None, None, "10:50", container_key="c9"),
    )  # fmt: skip
    found = made(*gates, served=served)
    events = found["fct_visit_events"].filter(source_code="services").sort("event_at")
    assert events.select("event_at", "match_score").rows() == [(at("10:10"), 1.0), (at("10:20"), 0.9), (at("10:30"), 0.6), (at("10:40"), 0.5)]
    assert found["dq_findings"].filter(finding_code="unmatched_service")["source_line"].to_list() == [5]


def test_a_plate_spelled_otherwise_is_found_on_its_line():
    served = (service("t", "document_check", None, None, "10:10"), service("t", "document_check", None, None, "10:20", plate_shape_key="t with O for 0"))
    found = made(*VISIT, served=served)["dq_findings"]
    assert found.select("finding_code", "source_code", "source_line").rows() == [("misread_plate", "services", 2)]
