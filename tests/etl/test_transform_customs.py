"""Customs events -> declarations and stages, and the containers that tie them to visits."""

from __future__ import annotations

import datetime as dt

import polars as pl

from tests.etl.log_cases import MONDAY, at, facts, gate, rows, weighing


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
    assert stages == [
        ("to_channel", 30.0), ("to_inspection_order", 1.0), ("to_inspection", 209.0), ("inspection", 60.0), ("to_payment", 120.0), ("to_release", 60.0), ("to_gate_out", 1140.0),
    ]  # fmt: skip
    assert sum(minutes for code, minutes in stages if code != "to_gate_out") == declaration["release_min"]
    holders = dict(found["fct_declaration_stages"].group_by("holder_code").agg(pl.col("stage_min").sum()).rows())
    assert holders == {"customs": 151.0, "terminal": 209.0, "trader": 1260.0}
    assert (declaration["arrived_at"], declaration["clearance_min"], declaration["is_prelodged"]) == (None, None, None), "nobody logged the discharge: a pick-up's gate-in is no arrival"
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


def seen(found: dict, *columns: str) -> tuple:
    return found["fct_declarations"].select(columns).row(0)


def stage_sum(found: dict, column: str, *without: str) -> float:
    return found["fct_declaration_stages"].filter(~pl.col("stage_code").is_in(without))[column].sum()


def test_goods_that_came_before_the_declaration_wait_for_it():
    found = made((event("arrived", "-3 09:00"), *LIFE))
    assert seen(found, "arrived_at", "clearance_min", "is_prelodged") == (at("-3 09:00"), 3300.0, False)  # 55 h: two days to the lodging, 8 h to the release less 1 h
    first = found["fct_declaration_stages"].sort("started_at").row(0, named=True)
    assert (first["stage_code"], first["holder_code"], first["stage_min"]) == ("to_lodged", "agent", 2820.0)
    assert stage_sum(found, "after_arrival_min", "to_gate_out") == 3300.0
    assert stage_sum(found, "after_arrival_min") == 3300.0 + seen(found, "gate_out_min")[0]


def move(code: str, when: str, **more: object) -> dict:
    return {"container_key": "c1", "move_code": code, "moved_at": when} | more


def moved(events: tuple, moves: tuple, gates: tuple = PICK_UP) -> dict:
    return facts({"stg_customs": rows("stg_customs", *events), "stg_gate": rows("stg_gate", *gates), "stg_moves": rows("stg_moves", *moves)})


def test_the_ship_s_discharge_is_the_arrival_where_the_terminal_s_moves_have_it():
    noted = (*LIFE, event("arrived", "-2 09:00"))
    assert seen(moved(noted, ()), "arrived_at", "clearance_min") == (at("-2 09:00"), 31 * 60.0), "without moves: as customs noted it"
    assert seen(moved(noted, (move("discharge", "-3 09:00"),)), "arrived_at", "clearance_min") == (at("-3 09:00"), 55 * 60.0)
    assert seen(moved(LIFE, (move("discharge", "-1 12:20"),)), "arrived_at", "clearance_min", "is_prelodged") == (at("-1 12:20"), 220.0, True), "the ship came after the lodging"
    doubtful = moved(noted, (move("discharge", "-3 09:00", clock_flag="ambiguous"),))
    assert seen(doubtful, "arrived_at", "clearance_min") == (at("-3 09:00"), None)
    assert seen(moved(noted, (move("discharge", "-1 12:20", container_key="c2"), move("discharge", "-40 09:00"))), "arrived_at") == (at("-2 09:00"),), "another box; another voyage"


def test_a_box_that_was_moved_on_since_its_discharge_did_not_arrive_by_it():
    """A box that came full, was emptied and comes back with an export has a discharge of its own, weeks old: the truck brings the goods."""
    before = (move("discharge", "-9 09:00"), move("gate_out", "-8 09:00"))
    drop_off = (gate("t", "in", "10:00", direction_code="export", container_key="c1"), gate("t", "out", "11:00"))
    lodged = (event("lodged", "-1 08:00", container_key="c1"), event("released", "12:00"))
    assert seen(moved(lodged, before, drop_off), "arrived_at", "clearance_min") == (at("10:00"), 120.0)
    assert seen(moved(lodged, before, ()), "arrived_at") == (None,)
    assert seen(moved(lodged, before[:1], drop_off), "arrived_at") == (at("10:00"),), "its gate-out was not logged, but a truck brought it"
    assert seen(moved(lodged, (move("discharge", "11:30"),)), "arrived_at") == (None,), "out at 11:00: what was discharged after is another story"


def test_goods_that_came_and_are_not_declared_yet_are_no_declaration():
    assert made((event("arrived", "-3 09:00", container_key="c1"),))["fct_declarations"].is_empty()


def test_a_declaration_lodged_before_the_ship_counts_from_the_ship():
    found = made((*LIFE, event("arrived", "-1 12:20")))
    assert seen(found, "clearance_min", "release_min", "is_prelodged") == (220.0, 480.0, True)
    parts = {row["stage_code"]: row["after_arrival_min"] for row in found["fct_declaration_stages"].iter_rows(named=True)}
    assert parts == {"to_channel": 0.0, "to_inspection_order": 0.0, "to_inspection": 0.0, "inspection": 40.0, "to_payment": 120.0, "to_release": 60.0, "to_gate_out": 1140.0}


def test_released_before_the_goods_came_they_waited_for_no_one_but_the_trader():
    found = made((*LIFE, event("arrived", "-1 18:00")))
    assert seen(found, "clearance_min", "is_prelodged") == (0.0, True)
    assert stage_sum(found, "after_arrival_min", "to_gate_out") == 0.0 and stage_sum(found, "after_arrival_min") == 17 * 60.0


def test_another_agency_holds_the_clock_until_it_answers():
    found = made((event("lodged", "-1 08:00"), event("agency_asked", "-1 08:10"), event("agency_answered", "-1 11:10"), event("released", "-1 11:30")), ())
    assert found["fct_declaration_stages"].sort("started_at").select("stage_code", "holder_code", "stage_min").rows() == [
        ("to_agency_request", "agent", 10.0), ("agency", "other_agency", 180.0), ("to_release", "customs", 20.0),
    ]  # fmt: skip


def test_an_impossible_order_is_set_apart_with_its_reason_and_gives_no_minute():
    for events, fault in (
        ((event("lodged", "08:00"), event("released", "07:00")), "release_before_lodged"),
        ((event("lodged", "08:00"), event("channel_assigned", "07:00"), event("released", "09:00")), "channel_before_lodged"),
        ((event("lodged", "08:00"), event("inspection_started", "10:00"), event("inspection_ended", "09:59"), event("released", "11:00")), "end_before_start"),
        ((event("lodged", "08:00"), event("inspection_started", "10:00"), event("inspection_ended", "11:01"), event("released", "11:00")), "release_before_inspection"),
        ((event("lodged", "08:00"), event("agency_asked", "10:00"), event("agency_answered", "09:00"), event("released", "11:00")), "answer_before_request"),
        ((event("lodged", None, on=MONDAY), event("released", None, on=MONDAY - dt.timedelta(days=1))), "release_before_lodged"),
    ):
        found = made((*events, event("arrived", "-1 08:00")), ())
        assert seen(found, "order_fault_code", "release_min", "clearance_min", "is_prelodged") == (fault, None, None, None), fault
        assert found["fct_declaration_stages"].is_empty(), fault
    twice = made((event("lodged", "08:00"), event("released", "08:00"), event("released", "07:59", clock_flag="ambiguous")), ())
    assert seen(twice, "order_fault_code", "release_min") == (None, 0.0), "an uncertain time accuses nobody; the same instant is in order"


def test_the_lines_of_what_is_set_apart_are_listed_with_the_reason():
    """Fault, file and line of all lines the judgement rests on; a declaration in order has none there."""
    found = made((*LIFE, event("lodged", "08:00", "wrong"), event("released", "07:00", "wrong")), ())
    listed = found["dq_set_apart"].sort("source_line").select("order_fault_code", "event_code", "event_at", "event_local_at", "file_id", "source_line").rows()
    assert listed == [
        ("release_before_lodged", "lodged", at("08:00"), at("09:00"), "file_stg_customs", len(LIFE) + 1),
        ("release_before_lodged", "released", at("07:00"), at("08:00"), "file_stg_customs", len(LIFE) + 2),
    ]  # fmt: skip
    apart = found["fct_declarations"].filter(pl.col("order_fault_code").is_not_null())
    assert apart["declaration_id"].to_list() == found["dq_set_apart"]["declaration_id"].unique().to_list()


def test_a_box_that_leaves_before_its_release_is_a_breach_and_no_stage():
    box = event("lodged", "08:00", container_key="c1")
    for released, is_breach in (("12:00", True), ("11:01", False), ("10:30", False)):  # gate-out at 11:00; two logs agree to two minutes
        found = made((box, event("released", released)))
        assert seen(found, "is_out_before_release") == (is_breach,), released
        assert ("to_gate_out" in found["fct_declaration_stages"]["stage_code"].to_list()) == (released == "10:30")
    assert seen(made((box,)), "is_out_before_release", "gate_out_at") == (None, at("11:00")), "a release nobody logged is no proof of a breach"


def test_a_box_may_leave_without_its_full_weighing():
    weighed = {"stg_weighbridge": rows("stg_weighbridge", weighing("t", "full", "10:20", "10:25", "10:28"))}
    another = {"stg_weighbridge": rows("stg_weighbridge", weighing("other", "full", "10:20", "10:25", "10:28"))}
    customs = {"stg_customs": rows("stg_customs", *LIFE), "stg_gate": rows("stg_gate", *PICK_UP)}
    for more, is_weighed in (({}, None), (another, False), (weighed, True)):  # a day without a single weighing is a missing file, not a breach
        found = facts({**customs, **more})
        assert seen(found, "is_out_weighed") == (is_weighed,) and found["fct_visits"]["has_weigh_full"].to_list() == [is_weighed]


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
    assert seen(found, "arrived_at", "clearance_min", "is_prelodged") == (at("10:00"), 24 * 60.0, False), "an export arrives with its truck"


def test_the_heaviest_channel_of_a_visit_counts():
    events = (
        event("lodged", "-1 08:00", "a", container_key="c1"), event("channel_assigned", "-1 09:00", "a", channel_code="conform"),
        event("lodged", "-1 08:00", "b", container_key="c2"), event("channel_assigned", "-1 09:00", "b", channel_code="documents"),
    )  # fmt: skip
    gates = (gate("t", "in", "10:00", direction_code="dual", container_key="c1"), gate("t", "out", "11:00", container_key="c2"))
    found = made(events, gates)
    assert found["fct_visits"].select("channel_code", "moves_n").rows() == [("documents", 2)]
    assert found["fct_visit_containers"].sort("container_key").select("container_key", "direction_code").rows() == [("c1", "export"), ("c2", "import")]
