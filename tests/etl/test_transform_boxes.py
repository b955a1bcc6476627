"""Hand-drawn manifests, messages and container moves, with the exact facts they become."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from etl.contracts.staged import STG_MANIFESTS, STG_MESSAGES
from etl.transform.exchange import exchanged
from etl.transform.moves import stays_of
from tests.etl.log_cases import MONDAY, at, facts, gate, rows

ZONE = "Africa/Casablanca"


def filing(box: str, filed: str, **more: object) -> dict:
    return {"container_key": box, "filed_at": filed} | more


def test_a_filing_keeps_its_times_and_names_no_box() -> None:
    drawn = rows("stg_manifests", filing("b1", "10:00", loading_at="2 12:30", referred_at="11:00", host_answer_code="accepted", has_nii=True, inspection_result_code="clear", resolved_at="1 09:30", risk_tier_code="high"))
    found = facts({"stg_manifests": drawn})["fct_manifests"].to_dicts()
    assert len(found) == 1 and found[0] | {
        "filed_day": MONDAY, "filed_hour": 11, "lead_min": 50 * 60 + 30.0, "hold_min": 22 * 60 + 30.0, "risk_tier_code": "high", "host_answer_code": "accepted",
        "has_nii": True, "has_physical": None, "visit_id": None, "resolved_at": at("1 09:30"),
    } == found[0]  # fmt: skip
    assert "container_key" not in found[0] and "b1" not in map(str, found[0].values())


def test_filed_after_the_loading_is_a_negative_lead_not_an_error() -> None:
    found = facts({"stg_manifests": rows("stg_manifests", filing("b1", "10:00", loading_at="09:00"), filing("b2", "10:00"))})["fct_manifests"]
    assert found.sort("lead_min", nulls_last=True)["lead_min"].to_list() == [-60.0, None]


def test_an_uncertain_clock_gives_no_minutes() -> None:
    drawn = rows("stg_manifests", filing("b1", "10:00", loading_at="12:00", referred_at="11:00", resolved_at="11:30") | {"clock_flag": "ambiguous"})
    assert facts({"stg_manifests": drawn})["fct_manifests"].select("lead_min", "hold_min").row(0) == (None, None)


def test_a_filing_is_linked_to_the_last_visit_that_brought_the_box() -> None:
    """Two visits bring b1 within 3 days of the filing and before the loading; one after the loading and one 4 days before count not; a picked-up box is not brought."""
    lines = (
        gate("T1", "in", "-4 08:00", container_key="b1"), gate("T1", "out", "-4 09:00"), gate("T2", "in", "-1 08:00", container_key="b1"), gate("T2", "out", "-1 09:00"),
        gate("T3", "in", "1 08:00", container_key="b1"), gate("T3", "out", "1 09:00"), gate("T4", "in", "2 08:00", container_key="b1"), gate("T4", "out", "2 09:00"),
        gate("T5", "in", "1 10:00"), gate("T5", "out", "1 11:00", container_key="b1"),
    )  # fmt: skip
    made = facts({"stg_gate": rows("stg_gate", *lines), "stg_manifests": rows("stg_manifests", filing("b1", "10:00", loading_at="1 20:00"), filing("b2", "10:00"))})
    truck = dict(made["fct_visits"].select("visit_id", "plate_key").iter_rows())
    assert [truck.get(visit) for visit in made["fct_manifests"].sort("loading_at", nulls_last=True)["visit_id"]] == ["T3", None]


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        ({"referred_at": "09:00"}, "referred_at_before_filed_at"), ({"resolved_at": "09:00"}, "resolved_at_before_filed_at"),
        ({"referred_at": "12:00", "resolved_at": "11:00"}, "resolved_at_before_referred_at"), ({"host_answer_code": "waived"}, "answer_without_referral"),
        ({"inspection_result_code": "hit", "has_nii": False}, "result_without_inspection"),
    ],
)  # fmt: skip
def test_an_impossible_manifest_breaks_its_rule_and_no_other(wrong: dict, rule: str) -> None:
    frame = rows("stg_manifests", filing("b1", "10:00", loading_at="09:00") | wrong)
    assert [each.code for each in STG_MANIFESTS.rules if frame.select(each.expr.fill_null(False)).item()] == [rule]


def test_a_message_has_a_latency_and_a_lead() -> None:
    def message(number: str, **more: object) -> dict:
        return {"message_key": number, "message_type_code": "cusdec", "partner_code": "BADR", "sent_at": "10:00"} | more

    drawn = rows(
        "stg_messages", message("m1", received_at="10:03", needed_at="1 10:03", message_answer_code="accepted"), message("m2", needed_at="09:00"),
        message("m3", received_at="10:30", needed_at="10:00", message_answer_code="rejected", message_reason_code="late"), message("m4", received_at="11:00") | {"clock_flag": "nonexistent"},
    )  # fmt: skip
    found = exchanged(drawn, "TEST", ZONE)
    assert found.select("message_key", "sent_day", "sent_hour", "latency_min", "lead_min").rows() == [
        ("m1", MONDAY, 11, 3.0, 1440.0), ("m2", MONDAY, 11, None, -60.0), ("m3", MONDAY, 11, 30.0, -30.0), ("m4", MONDAY, 11, None, None),
    ]  # fmt: skip
    assert facts({"stg_messages": drawn})["fct_messages"].height == 4
    broken = rows("stg_messages", message("m5", received_at="09:59"), message("m6", message_reason_code="late"), message("m7", message_answer_code="accepted", message_reason_code="late"))
    assert [broken.select(each.expr.fill_null(False)).to_series().to_list() for each in STG_MESSAGES.rules] == [[True, False, False], [False, True, True]]


def move(box: str, code: str, moved: str, **more: object) -> dict:
    return {"container_key": box, "move_code": code, "moved_at": moved, "terminal_code": "T1"} | more


def test_dwell_is_discharge_to_delivery_and_receipt_to_loading() -> None:
    drawn = rows(
        "stg_moves", move("b1", "gate_out", "2 06:00"), move("b1", "discharge", "0 06:00"), move("b2", "gate_in", "08:00"), move("b2", "load", "1 20:00"),
        move("b3", "gate_out", "1 00:00"), move("b3", "discharge", "2 00:00"), move("b4", "discharge", "-31 00:00"), move("b4", "gate_out", "0 00:00"),
    )  # fmt: skip
    found = stays_of(drawn, "TEST", ZONE)
    dwell = {(box, code): days for box, code, days in found.select("container_key", "move_code", pl.col("dwell_min") / 1440).iter_rows()}
    # b3 left before it came, b4 stayed longer than a number is one voyage's
    assert dwell == {
        ("b1", "discharge"): None, ("b1", "gate_out"): 2.0, ("b2", "gate_in"): None, ("b2", "load"): 1.5,
        ("b3", "gate_out"): None, ("b3", "discharge"): None, ("b4", "discharge"): None, ("b4", "gate_out"): None,
    }  # fmt: skip
    assert found["since_at"].drop_nulls().sort().to_list() == [at("06:00"), at("08:00")]


def test_a_move_logged_twice_counts_its_dwell_once() -> None:
    drawn = rows("stg_moves", move("b1", "discharge", "00:00"), move("b1", "gate_out", "1 00:00"), move("b1", "gate_out", "1 00:02"))
    assert stays_of(drawn, "TEST", ZONE)["dwell_min"].to_list() == [None, 1440.0, None]


def test_containers_are_not_mixed_and_an_uncertain_clock_gives_no_dwell() -> None:
    drawn = rows("stg_moves", move("b1", "discharge", "00:00"), move("b2", "gate_out", "1 00:00"), move("b3", "discharge", "00:00") | {"clock_flag": "ambiguous"}, move("b3", "gate_out", "1 00:00"))
    assert stays_of(drawn, "TEST", ZONE)["dwell_min"].null_count() == 4


def test_facts_of_moves_lie_on_their_local_day() -> None:
    found = facts({"stg_moves": rows("stg_moves", move("b1", "discharge", "22:30"), move("b1", "gate_out", "23:30"))}, keep=frozenset({MONDAY + dt.timedelta(days=1)}))["fct_container_moves"]
    assert found.select("moved_day", "moved_hour", "move_code", "dwell_min").rows() == [(dt.date(2026, 6, 2), 0, "gate_out", 60.0)]
