"""Weighbridge lines -> weighings."""

from __future__ import annotations

from tests.etl.log_cases import facts, gate, rows, weighing


def made(*weighings: dict) -> dict:
    return facts({"stg_gate": rows("stg_gate", gate("t", "in", "10:00"), gate("t", "out", "12:00")), "stg_weighbridge": rows("stg_weighbridge", *weighings)})


def test_each_weighing_has_its_spans_and_what_the_ticket_says():
    found = made(weighing("t", "empty", "10:05", "10:11", "10:13", is_e_slip=True), weighing("t", "full", "11:00", "11:20", "11:23", gross_mass_kg=31_000.0))["fct_weighings"]
    seen = found.sort("started_at").select("weighing_code", "place_code", "wait_min", "service_min", "is_e_slip", "is_again", "gross_mass_kg").rows()
    assert seen == [("empty", "WB1", 6.0, 2.0, True, False, 15_000.0), ("full", "WB1", 20.0, 3.0, None, False, 31_000.0)]
    assert found["visit_id"].null_count() == 0


def test_the_same_weighing_again_within_a_visit_is_a_re_weighing():
    drawn = (weighing("t", "full", "10:05", "10:06", "10:08"), weighing("t", "full", "10:30", "10:31", "10:33"), weighing("t", "empty", "11:00", "11:01", "11:03"))
    found = made(*drawn)
    assert found["fct_weighings"].sort("started_at")["is_again"].to_list() == [False, True, False]
    assert found["fct_visits"]["path_codes"].to_list() == ["weigh_full>weigh_full>weigh_empty"]


def test_a_weighing_of_no_visit_is_kept_and_an_uncertain_clock_gives_no_minutes():
    found = made(weighing("other", "full", "10:05", "10:06", "10:08"), weighing("t", "full", "10:30", "10:31", "10:33", clock_flag="ambiguous"))["fct_weighings"].sort("started_at")
    assert found.select("is_again", "wait_min", "service_min").rows() == [(None, 1.0, 2.0), (False, None, None)] and found["visit_id"].null_count() == 1


def test_a_clock_that_was_off_gives_no_path():
    found = made(weighing("t", "full", "10:05", "10:06", "10:08", clock_flag="ambiguous"), weighing("t", "empty", "10:30", "10:31", "10:33"))
    assert found["fct_visits"].select("path_codes", "has_both_weighings").rows() == [(None, True)]
