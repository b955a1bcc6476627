"""Customs events -> declarations and stages, and the containers that tie them to visits."""

from __future__ import annotations

import datetime as dt

from tests.etl.log_cases import MONDAY, at, facts, gate, rows


def event(code: str, when: str | None, declaration: str = "d", on: dt.date | None = None, **more: object) -> dict:
    return {"declaration_key": declaration, "event_code": code, "event_on": on or at(when).date(), "event_at": when} | more


LIFE = (
    event("lodged", "-1 08:00", container_key="c1"), event("channel_assigned", "-1 08:30", channel_code="physical"), event("inspection_ordered", "-1 08:31"),
    event("inspection_started", "-1 12:00"), event("inspection_ended", "-1 13:00", inspection_result_code="clear"), event("paid", "-1 15:00"), event("released", "-1 16:00"),
)  # fmt: skip
PICK_UP = (gate("t", "in", "10:00", direction_code="import"), gate("t", "out", "11:00", container_key="c1"))


def made(events: tuple, gates: tuple = PICK_UP, **how: object) -> dict:
    return facts({"stg_customs": rows("stg_customs", *events), "stg_gate": rows("stg_gate", *gates)}, **how)


def test_a_declaration_from_lodging_to_gate_out():
    found = made(LIFE)
    declaration = found["fct_declarations"].to_dicts()[0]
    assert (declaration["lodged_at"], declaration["released_at"], declaration["gate_out_at"]) == (at("-1 08:00"), at("-1 16:00"), at("11:00"))
    assert (declaration["channel_code"], declaration["inspection_result_code"], declaration["container_key"]) == ("physical", "clear", "c1")
    assert (declaration["release_min"], declaration["gate_out_min"]) == (480.0, 19 * 60.0)
    stages = found["fct_declaration_stages"].sort("started_at").select("stage_code", "stage_min").rows()
    assert stages == [("lodged_to_channel", 30.0), ("channel_to_inspection", 210.0), ("inspection", 60.0), ("to_release", 180.0), ("release_to_gate_out", 1140.0)]
    assert sum(minutes for code, minutes in stages if code != "release_to_gate_out") == declaration["release_min"]
    box = found["fct_visit_containers"].to_dicts()[0]
    assert (box["declaration_id"], box["match_score"], box["direction_code"]) == (declaration["declaration_id"], 1.0, "import")
    assert found["fct_visits"]["channel_code"].to_list() == ["physical"]


def test_dates_without_times_give_no_minutes():
    found = made((event("lodged", None, on=MONDAY), event("released", None, on=MONDAY + dt.timedelta(days=1))), ())
    declaration = found["fct_declarations"].to_dicts()[0]
    assert (declaration["lodged_day"], declaration["lodged_at"], declaration["release_min"]) == (MONDAY, None, None)
    assert found["fct_declaration_stages"].is_empty()


def test_an_uncertain_time_is_kept_but_gives_no_minutes():
    found = made((event("lodged", "08:00", clock_flag="ambiguous"), event("channel_assigned", "09:00"), event("released", "10:00")), ())
    declaration = found["fct_declarations"].to_dicts()[0]
    assert (declaration["lodged_at"], declaration["release_min"]) == (at("08:00"), None)
    assert found["fct_declaration_stages"].select("stage_code", "stage_min").rows() == [("to_release", 60.0)]


def test_a_release_before_lodging_is_no_negative_minute():
    found = made((event("lodged", "08:00"), event("released", "07:00")), ())
    assert found["fct_declarations"]["release_min"].to_list() == [None] and found["fct_declaration_stages"].is_empty()


def test_the_latest_declaration_of_a_container_counts_and_an_old_voyage_does_not():
    early = (event("lodged", "-20 08:00", "old", container_key="c1"), event("lodged", "-2 08:00", "new", container_key="c1"))
    found = made(early)
    ids = dict(found["fct_declarations"].select("lodged_at", "declaration_id").rows())
    assert found["fct_visit_containers"]["declaration_id"].to_list() == [ids[at("-2 08:00")]]
    assert made((event("lodged", "-31 08:00", container_key="c1"),))["fct_visit_containers"]["declaration_id"].to_list() == [None]


def test_an_export_box_may_be_declared_after_the_gate_and_never_leaves_by_it():
    drop_off = (gate("t", "in", "10:00", direction_code="export", container_key="c1"), gate("t", "out", "11:00"))
    found = made((event("lodged", "1 09:00", container_key="c1"), event("released", "1 10:00")), drop_off)
    assert found["fct_visit_containers"]["declaration_id"].to_list() == found["fct_declarations"]["declaration_id"].to_list()
    assert found["fct_declarations"]["gate_out_at"].to_list() == [None]


def test_the_heaviest_channel_of_a_visit_counts():
    events = (
        event("lodged", "-1 08:00", "a", container_key="c1"), event("channel_assigned", "-1 09:00", "a", channel_code="conform"),
        event("lodged", "-1 08:00", "b", container_key="c2"), event("channel_assigned", "-1 09:00", "b", channel_code="documents"),
    )  # fmt: skip
    gates = (gate("t", "in", "10:00", direction_code="dual", container_key="c1"), gate("t", "out", "11:00", container_key="c2"))
    found = made(events, gates)
    assert found["fct_visits"].select("channel_code", "moves_n").rows() == [("documents", 2)]
    assert found["fct_visit_containers"].sort("container_key").select("container_key", "direction_code").rows() == [("c1", "export"), ("c2", "import")]
