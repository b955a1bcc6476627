"""What must hold for any logs: the order of rows, the week and the window they are read in change nothing; steps sum to P."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from etl.contracts.facts import FACT_TABLES
from etl.transform.reach import MARGIN_DAYS
from tests.etl.log_cases import MONDAY, TABLES, at, facts, rows

DAYS = 12
MINUTES = st.integers(0, DAYS * 24 * 60 - 1)
TRUCKS = st.sampled_from(["t", "u", "v"])
NOW = at(f"{DAYS} 00:00")
KEEP = frozenset(MONDAY + dt.timedelta(days=number) for number in range(-1, DAYS + 2))
BOX = st.sampled_from(["c1", "c2", None])
# A case costs a tenth of a second: few examples, and no shrinking (it took minutes); the first failing case is small enough to read.
MODEST = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.reuse, Phase.generate])


def instant(minute: float) -> dt.datetime:
    return at("00:00") + dt.timedelta(minutes=minute)


def span(start: int, wait: int, service: int) -> dict:
    return {"arrived_at": instant(start), "started_at": instant(start + wait), "ended_at": instant(start + wait + service)}


@st.composite
def a_gate_event(draw: st.DrawFn) -> dict:
    perimeter = draw(st.sampled_from(["port", "port", "terminal"]))
    cleared = draw(MINUTES) + draw(st.sampled_from([0.0, 0.5]))
    lane = draw(st.sampled_from(["A", "B"])) if perimeter == "port" else None
    return {
        "perimeter_code": perimeter, "event_code": draw(st.sampled_from(["in", "out"])), "gate_code": "P6" if perimeter == "port" else "T1-G", "lane_code": lane,
        "presented_at": instant(cleared - draw(st.integers(0, 5))), "cleared_at": instant(cleared), "plate_key": draw(TRUCKS), "plate_shape_key": "s", "container_key": draw(BOX),
        "direction_code": draw(st.sampled_from(["import", "export", "dual", None])), "appointment_ref": draw(st.sampled_from(["A1", None])),
        "clock_flag": draw(st.sampled_from(["ok"] * 9 + ["ambiguous"])),
    }  # fmt: skip


@st.composite
def a_round(draw: st.DrawFn) -> list[dict]:
    """A truck that comes and goes, so that most of a case hangs together."""
    start, turn, truck = draw(MINUTES), draw(st.integers(5, 5000)), draw(TRUCKS)
    common = {"perimeter_code": "port", "gate_code": "P6", "lane_code": "A", "plate_key": truck, "plate_shape_key": "s", "container_key": draw(BOX)}
    return [common | {"event_code": "in", "cleared_at": instant(start)}, common | {"event_code": "out", "cleared_at": instant(start + turn), "presented_at": instant(start + turn - 1)}]


def a_weighing() -> st.SearchStrategy[dict]:
    return st.builds(
        lambda truck, kind, start, wait, service, box: {"weighbridge_code": "WB1", "weighing_code": kind, "plate_key": truck, "plate_shape_key": "s", "container_key": box, "gross_mass_kg": 1e4} | span(start, wait, service),
        TRUCKS, st.sampled_from(["empty", "full"]), MINUTES, st.integers(0, 40), st.integers(1, 9), BOX,
    )  # fmt: skip


def a_service() -> st.SearchStrategy[dict]:
    return st.builds(
        lambda truck, kind, start, wait, service: {"service_code": kind, "place_code": "SCAN", "plate_key": truck, "plate_shape_key": "z"} | span(start, wait, service),
        TRUCKS, st.sampled_from(["scan", "document_check", "exit_check"]), MINUTES, st.integers(0, 90), st.integers(1, 60),
    )  # fmt: skip


def a_customs_event() -> st.SearchStrategy[dict]:
    return st.builds(
        lambda key, code, minute, box, channel: {"declaration_key": key, "event_code": code, "event_at": instant(minute), "event_on": instant(minute + 60).date(), "container_key": box, "channel_code": channel},
        st.sampled_from(["d1", "d2"]), st.sampled_from(["lodged", "channel_assigned", "released"]), MINUTES, BOX, st.sampled_from(["documents", "physical"]),
    )  # fmt: skip


def an_appointment() -> st.SearchStrategy[dict]:
    return st.builds(
        lambda ref, code, when, slot, truck: {"appointment_ref": ref, "event_code": code, "event_at": instant(when), "slot_start_at": instant(slot), "slot_end_at": instant(slot + 60), "plate_key": truck},
        st.sampled_from(["A1", "A2"]), st.sampled_from(["booked", "changed", "cancelled"]), MINUTES, MINUTES, TRUCKS,
    )  # fmt: skip


def an_entry() -> st.SearchStrategy[dict]:
    return st.builds(
        lambda ref, code, start, lasts, truck: {"entry_ref": ref, "logbook_code": code, "started_at": instant(start), "ended_at": instant(start + lasts), "plate_key": truck},
        st.sampled_from(["L1", "L2"]), st.sampled_from(["closure", "trouble_ticket"]), MINUTES, st.integers(0, 900), TRUCKS,
    )  # fmt: skip


@st.composite
def logs(draw: st.DrawFn) -> dict[str, pl.DataFrame]:
    rounds = [row for each in draw(st.lists(a_round(), max_size=8)) for row in each]
    drawn = {
        "stg_gate": rounds + draw(st.lists(a_gate_event(), max_size=12)), "stg_weighbridge": draw(st.lists(a_weighing(), max_size=10)),
        "stg_services": draw(st.lists(a_service(), max_size=8)), "stg_customs": draw(st.lists(a_customs_event(), max_size=6)),
        "stg_appointments": draw(st.lists(an_appointment(), max_size=4)), "stg_logbook": draw(st.lists(an_entry(), max_size=3)),
    }  # fmt: skip
    # As the lake gives them: one row a key.
    return {name: rows(name, *each).unique(TABLES[name].key, keep="first", maintain_order=True) for name, each in drawn.items()}


def same(one: dict[str, pl.DataFrame], other: dict[str, pl.DataFrame]) -> None:
    for table in FACT_TABLES:
        assert_frame_equal(one[table.name], other[table.name], check_exact=True)


@MODEST
@given(logs(), st.integers(0, 2**32))
def test_the_order_of_rows_changes_nothing(staged, seed):
    shuffled = {name: frame.sample(fraction=1.0, shuffle=True, seed=seed) for name, frame in staged.items()}
    same(facts(staged, NOW, KEEP), facts(shuffled, NOW, KEEP))


@MODEST
@given(logs())
def test_a_week_later_every_duration_is_the_same(staged):
    week = dt.timedelta(days=7)

    def later(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.with_columns(pl.col(name) + week for name, dtype in frame.schema.items() if dtype.is_temporal())

    one = facts(staged, NOW, KEEP)
    other = facts({name: later(frame) for name, frame in staged.items()}, NOW + week, frozenset(day + week for day in KEEP))
    for table in FACT_TABLES:
        spans = [name for name in table.columns if name.endswith(("_min", "_n", "_hour", "_weekday")) or name in {"status_code", "outcome_code", "step_code", "finding_code"}]
        assert one[table.name].height == other[table.name].height
        order = [name for name in table.columns if name in spans]
        if order:
            assert_frame_equal(one[table.name].select(order).sort(order), other[table.name].select(order).sort(order), check_exact=True)


@MODEST
@given(logs(), st.integers(0, DAYS - 1), st.integers(1, 3))
def test_a_window_with_margins_gives_what_the_whole_history_gives(staged, first, length):
    kept = frozenset(MONDAY + dt.timedelta(days=first + number) for number in range(length))
    low, high = min(kept) - dt.timedelta(days=MARGIN_DAYS), max(kept) + dt.timedelta(days=MARGIN_DAYS)

    def read(name: str, frame: pl.DataFrame) -> pl.DataFrame:
        if name in {"stg_customs", "stg_appointments", "stg_logbook"}:
            return frame
        return frame.filter(pl.col(TABLES[name].day).dt.date().is_between(low, high))

    window = facts({name: read(name, frame) for name, frame in staged.items()}, NOW, kept)
    whole = facts(staged, NOW, KEEP)
    for table in FACT_TABLES:
        if table.name in {"fct_declarations", "fct_declaration_stages"}:
            continue  # they hang on gate-outs up to 30 days later: the loader reads those days for them
        expected = whole[table.name].filter(pl.col(table.day).is_in(pl.Series(sorted(kept), dtype=pl.Date).implode()))
        assert_frame_equal(window[table.name], expected, check_exact=True)


@MODEST
@given(logs())
def test_steps_sum_to_p_and_parts_to_the_whole(staged):
    found = facts(staged, NOW, KEEP)
    sums = found["fct_visit_steps"].group_by("visit_id").agg(pl.col("step_min").sum(), pl.col("step_min").min().alias("least"))
    visits = found["fct_visits"].filter(pl.col("turnaround_min").is_not_null()).join(sums, on="visit_id", how="left")
    assert ((visits["step_min"] - visits["turnaround_min"]).abs() < 1e-6).all() and (visits["least"] >= 0).all()
    parts = visits["wait_min"] + visits["service_min"] + visits["travel_min"]
    assert ((parts - visits["turnaround_min"]).abs() < 1e-6).all()


@MODEST
@given(logs())
def test_every_line_is_in_one_visit_or_none_and_every_key_is_unique(staged):
    found = facts(staged, NOW, KEEP)
    for table in FACT_TABLES:
        frame = found[table.name]
        assert frame.columns == list(table.columns) and frame.schema == table.schema
        assert not frame.select(table.key).is_duplicated().any(), table.name
    events = found["fct_visit_events"]
    assert not events.select("file_id", "source_line").is_duplicated().any()


@pytest.mark.parametrize("table", FACT_TABLES, ids=lambda table: table.name)
def test_no_logs_give_every_table_empty(table):
    assert facts({}, NOW, KEEP)[table.name].is_empty()
