"""Weighbridge lines -> weighings."""

from __future__ import annotations

from tests.etl.log_cases import at, facts, gate, rows, weighing


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


def masses(direction: str, brought: tuple, taken: tuple, weighings: tuple, **declared: float | None) -> tuple:
    """(weighed_net_kg, declared_kg) of one visit; `declared` is the mass of each box's declaration."""
    boxes = [dict(zip(("container_key", "container_2_key"), side, strict=False)) for side in (brought, taken)]
    gates = (gate("t", "in", "10:00", direction_code=direction, **boxes[0]), gate("t", "out", "12:00", **boxes[1]))
    customs = [{"declaration_key": box, "event_code": "lodged", "event_on": at("08:00").date(), "event_at": "08:00", "container_key": box, "declared_kg": mass} for box, mass in declared.items()]
    found = facts({"stg_gate": rows("stg_gate", *gates), "stg_weighbridge": rows("stg_weighbridge", *weighings), "stg_customs": rows("stg_customs", *customs)})["fct_visits"]
    return found.select("weighed_net_kg", "declared_kg").row(0)


EMPTY, FULL = weighing("t", "empty", "10:05", "10:11", "10:13"), weighing("t", "full", "11:00", "11:20", "11:23", gross_mass_kg=31_000.0)
AGAIN = weighing("t", "full", "11:23", "11:24", "11:26", gross_mass_kg=33_000.0)


def test_what_was_weighed_stands_beside_what_was_declared():
    assert masses("import", (), ("a",), (EMPTY, FULL), a=16_500.0) == (16_000.0, 16_500.0)
    assert masses("import", (), ("a",), (EMPTY, FULL, AGAIN), a=16_500.0) == (18_000.0, 16_500.0), "of a re-weighing the last counts"
    assert masses("import", (), ("a", "b"), (EMPTY, FULL), a=9_000.0, b=7_500.0) == (16_000.0, 16_500.0), "two boxes are weighed together"
    loaded_first = (weighing("t", "full", "10:05", "10:11", "10:13", gross_mass_kg=31_000.0), weighing("t", "empty", "11:00", "11:20", "11:23"))
    assert masses("export", ("a",), (), loaded_first, a=16_500.0) == (16_000.0, 16_500.0)
    assert masses("dual", ("x",), ("a",), (EMPTY, FULL), a=16_500.0, x=9_000.0) == (16_000.0, 16_500.0), "the box dropped before was not on the bridge"


def test_a_mass_that_is_not_known_is_no_mass():
    assert masses("import", (), ("a",), (EMPTY, FULL)) == (16_000.0, None)
    assert masses("import", (), ("a",), (EMPTY, FULL), a=None) == masses("import", (), ("a",), (EMPTY, FULL), a=0.0) == (16_000.0, None), "zero is no declared mass"
    assert masses("import", (), ("a", "b"), (EMPTY, FULL), a=9_000.0) == (16_000.0, None), "half of what was declared is not what was declared"
    assert masses("import", (), ("a",), (FULL,), a=16_500.0) == (None, None) and masses("import", (), ("a",), (), a=16_500.0) == (None, None)
    lighter = weighing("t", "full", "11:00", "11:20", "11:23", gross_mass_kg=14_000.0)
    assert masses("import", (), ("a",), (EMPTY, lighter), a=16_500.0) == (None, 16_500.0), "a truck cannot weigh less with its box"
