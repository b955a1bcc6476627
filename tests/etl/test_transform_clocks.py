"""Clock faults: a day of trucks whose logs run an hour apart is flagged, and no duration across the two clocks survives."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from tests.etl.log_cases import at, facts, gate, rows, service, weighing


def port(trucks: int = 12, weigh_off: int = 0, terminal_off: int = 0, scan_off: int = 0, gate_off: int = 0, turn: int = 90) -> dict:
    """A day of `trucks`, one every 20 minutes: weighed, terminal, weighed, exit check; each log off by its own minutes."""
    gates, weighings, services = [], [], []
    for number in range(trucks):
        plate, start = f"t{number}", at("06:00") + dt.timedelta(minutes=20 * number + number % 3)

        def when(minute: float, off: int, start: dt.datetime = start) -> dt.datetime:
            return start + dt.timedelta(minutes=minute + off)

        late = turn - 90
        gates += [gate(plate, "in", when(0, gate_off)), gate(plate, "out", when(turn, gate_off), presented_at=when(turn - 2, gate_off))]
        gates += [gate(plate, "in", when(15, terminal_off), "terminal", presented_at=when(12, terminal_off)), gate(plate, "out", when(60 + late, terminal_off), "terminal")]
        weighings += [weighing(plate, "empty", when(3, weigh_off), when(5, weigh_off), when(8, weigh_off)), weighing(plate, "full", when(65 + late, weigh_off), when(68 + late, weigh_off), when(70 + late, weigh_off))]
        services += [service(plate, "exit_check", when(75 + late, scan_off), when(78 + late, scan_off), when(80 + late, scan_off))]
    return facts({"stg_gate": rows("stg_gate", *gates), "stg_weighbridge": rows("stg_weighbridge", *weighings), "stg_services": rows("stg_services", *services)})


def faults(found: dict) -> list[tuple]:
    return found["dq_source_days"].filter("is_clock_fault").select("source_code", "place_code", "offset_min").rows()


def test_clocks_that_agree_are_no_fault():
    found = port()
    assert faults(found) == [] and found["dq_findings"].is_empty()
    assert set(found["dq_source_days"]["offset_min"].drop_nulls()) == {0.0}


@pytest.mark.parametrize("sign", [1, -1])
def test_a_weighbridge_an_hour_off_is_flagged_and_makes_no_step(sign):
    found = port(weigh_off=60 * sign)
    assert faults(found) == [("weighbridge", "", 60.0 * sign), ("weighbridge", "WB1", 60.0 * sign)]
    finding = found["dq_findings"].to_dicts()
    assert [(row["finding_code"], row["source_code"], row["detail"]) for row in finding] == [("clock_fault", "weighbridge", f"clock of WB1 off by {60 * sign} min")]
    steps = found["fct_visit_steps"]
    assert not steps["step_code"].is_in(["weigh_empty", "weigh_full"]).any(), "their time stays in the gaps"
    assert set(steps.group_by("visit_id").agg(pl.col("step_min").sum())["step_min"]) == {90.0}
    visits = found["fct_visits"]
    assert visits["has_both_weighings"].all() and set(visits["turnaround_min"]) == {90.0}
    assert set(found["fct_visit_events"].filter(source_code="weighbridge")["match_score"]) == {0.8}


def test_a_terminal_an_hour_off_keeps_its_own_turn():
    found = port(terminal_off=60)
    assert faults(found) == [("gate", "T1-G", 60.0)]
    assert set(found["fct_visits"]["terminal_turn_min"]) == {45.0} and "terminal" not in found["fct_visit_steps"]["step_code"].to_list()


@pytest.mark.parametrize("off", [0, 20, 45, 75])
def test_other_offsets_are_no_clock_fault(off):
    assert faults(port(weigh_off=off)) == []


def test_a_port_gate_an_hour_off_is_not_blamed_on_all_the_others():
    found = port(gate_off=60)
    assert faults(found) == [("gate", "P6", 60.0)]
    visits = found["fct_visits"]
    assert set(visits["clock_flag"]) == {"fault"} and set(visits["turnaround_min"]) == {90.0}, "P has both ends on the one clock"
    assert set(found["fct_visit_steps"]["step_code"]) == {"travel", "port_gate_out"}


def test_too_few_lines_tell_nothing():
    assert faults(port(trucks=3, weigh_off=60)) == []


def test_a_place_with_few_lines_takes_the_verdict_of_its_system():
    found = port(trucks=12, scan_off=60)
    assert faults(found) == [("services", "", 60.0), ("services", "EXIT", 60.0)]


def test_one_hour_of_waiting_is_no_clock_fault():
    """Visits long enough to hold the hour either way: the lines fit as written, so nothing is wrong."""
    assert faults(port(turn=240)) == []
    assert faults(port(turn=240, weigh_off=60)) == [("weighbridge", "", 60.0), ("weighbridge", "WB1", 60.0)]
