"""Every metric, one by one: its SQL is the committed one, its numbers are those counted by hand from the same rows."""

from __future__ import annotations

import datetime as dt
import os
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from dashboard import store
from dashboard.metrics import DIMENSIONS, FACTS, METRICS, Metric
from dashboard.metrics.compiler import compile_query
from dashboard.metrics.intervals import wilson
from dashboard.selection import Selection
from etl.contracts.facts import FACT_TABLES, LEDGER_TABLES
from etl.errors import DeclarationError

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
TABLES = {table.name: table for table in (*FACT_TABLES, *LEDGER_TABLES)}
PLAIN = Selection("MACAS", dt.date(2026, 9, 7), dt.date(2026, 10, 5))


def golden(name: str, text: str) -> None:
    """Compare with tests/golden/<name>; SMARTPORT_REWRITE_GOLDEN=1 writes it anew (`make golden`), and the diff is read."""
    path = GOLDEN / name
    if os.environ.get("SMARTPORT_REWRITE_GOLDEN"):
        path.write_text(text, "utf-8")
    assert path.read_text("utf-8") == text, f"{path.name} differs; if this is meant, `make golden` rewrites it"


@pytest.mark.parametrize("code", METRICS)
def test_each_metric_answers_plain_split_and_narrowed(code: str, sel: Selection) -> None:
    metric = METRICS[code]
    cell = store.ask(sel, [code], compare=True, intervals=True).cell(code)
    assert cell.n >= 0
    if cell.value is None:
        assert cell.n == 0 or metric.kind in ("ratio", "aggregate")
    elif metric.share:
        assert 0 <= cell.low <= cell.value <= cell.high <= 1
    elif metric.quantile and cell.n >= 6:
        assert cell.low <= cell.value <= cell.high
    split = next((code for code, dimension in DIMENSIONS.items() if metric.fact in dimension.sql), None)
    if split:
        rows = store.ask(sel, [code], by=[split], totals=True)
        is_hidden = metric.privacy != "open" and bool(rows.rows["is_suppressed"].any())  # hidden cells have no count to add up
        assert rows.total[f"{code}__n"][0] == rows.rows[f"{code}__n"].sum() or metric.where != "true" or metric.ratio or is_hidden
        assert rows.total[code][0] == pytest.approx(cell.value) if cell.value is not None else rows.total[code][0] is None
    store.ask(replace(sel, view="core", terminal=("TCE",), channel=("conform",)), [code])


@pytest.mark.parametrize("code", METRICS)
def test_each_metric_names_columns_its_table_has(code: str, small) -> None:
    fact = FACTS[METRICS[code].fact]
    for column in fact.filters.values():
        assert column in TABLES[fact.table].columns


def test_the_sql_of_every_metric_is_the_committed_one() -> None:
    parts = [f"-- {code}\n{compile_query([metric], (), None, PLAIN).sql};\n" for code, metric in METRICS.items()]
    golden("metrics.sql", "\n".join(parts))


def test_the_sql_of_a_whole_question_is_the_committed_one() -> None:
    narrowed = replace(PLAIN, view="core", lane=("6A",), channel=("conform",))
    asked = {
        "split, totals, limits": compile_query([METRICS["turnaround_p50"], METRICS["over_120_share"]], (DIMENSIONS["terminal"], DIMENSIONS["direction"]), None, narrowed, totals=True, intervals=True),
        "by day": compile_query([METRICS["visits"]], (), "day", narrowed),
        "comparison, cut by now": compile_query([METRICS["turnaround_p90"]], (), "week", narrowed.previous(), cut_at=dt.datetime(2026, 9, 6, 15), shift_days=28),
        "zones through visits": compile_query([METRICS["congestion_index"]], (DIMENSIONS["zone"], DIMENSIONS["hour_of_week"]), None, narrowed),
        "lost hours": compile_query([METRICS["lost_hours"]], (DIMENSIONS["place"],), None, narrowed),
    }  # fmt: skip
    golden("questions.sql", "\n".join(f"-- {name}\n{query.sql};\n-- {query.params}\n" for name, query in asked.items()))


@pytest.fixture
def visits(sel: Selection) -> pl.DataFrame:
    return store.rows("visits", sel)


def test_the_headline_figures_are_those_of_the_rows(sel: Selection, visits: pl.DataFrame) -> None:
    answer = store.ask(sel, ["visits", "turnaround_p50", "turnaround_p90", "turnaround_mean", "over_120_share", "under_60_share", "document_checks_mean", "moves_per_visit", "queue_observed_share"])
    p = visits["turnaround_min"].drop_nulls()
    assert answer.cell("visits").value == visits.height
    assert answer.cell("turnaround_p50").value == pytest.approx(p.quantile(0.5, "linear"))
    assert answer.cell("turnaround_p90").value == pytest.approx(p.quantile(0.9, "linear"))
    assert answer.cell("turnaround_mean").value == pytest.approx(p.mean())
    assert answer.cell("turnaround_p50").n == len(p)
    assert answer.cell("over_120_share").value == pytest.approx((p > 120).mean())
    assert answer.cell("under_60_share").value == pytest.approx((p <= 60).mean())
    assert answer.cell("document_checks_mean").n == visits["document_checks_n"].count()
    assert answer.cell("document_checks_mean").value == pytest.approx(visits["document_checks_n"].mean())
    assert answer.cell("moves_per_visit").value == pytest.approx(visits["moves_n"].sum() / visits.height)
    low, high = wilson(int((p > 120).sum()), len(p))
    assert (answer.cell("over_120_share").low, answer.cell("over_120_share").high) == pytest.approx((low, high))


def test_bands_hold_every_visit_once_and_the_lower_edge_belongs_to_the_band(sel: Selection) -> None:
    for prefix, n in (("band_b", 7), ("band4_m", 4)):
        answer = store.ask(sel, [f"{prefix}{number}" for number in range(1, n + 1)])
        assert sum(answer.cell(f"{prefix}{number}").value for number in range(1, n + 1)) == pytest.approx(1)
    assert METRICS["band_b3"].share == "turnaround_min >= 60 AND turnaround_min < 90"
    assert METRICS["band4_m4"].share == "turnaround_min >= 240"


def test_totals_are_recomputed_from_the_rows_and_not_from_the_groups(sel: Selection) -> None:
    split = store.ask(sel, ["turnaround_p50", "moves_per_visit", "over_120_share"], by=["lane", "direction"], totals=True)
    whole = store.ask(sel, ["turnaround_p50", "moves_per_visit", "over_120_share"])
    assert split.total.height == 1
    for metric in whole.metrics:
        assert split.total[metric.code][0] == pytest.approx(whole.cell(metric.code).value)
        assert split.total[f"{metric.code}__n"][0] == whole.cell(metric.code).n


def test_the_view_leaves_out_what_it_says_and_the_number_is_known(sel: Selection, visits: pl.DataFrame) -> None:
    core = replace(sel, view="core")
    removed = store.ask(sel, ["excluded_visits"]).cell("excluded_visits").value
    assert removed == visits["is_excluded"].sum() > 0
    assert store.ask(core, ["visits"]).cell("visits").value == visits.height - removed
    assert store.ask(core, ["step_visits"]).cell("step_visits").value == store.rows("steps", core).height
    assert not store.rows("visits", core)["is_excluded"].any()


def test_filters_narrow_stays_through_their_visits(sel: Selection, visits: pl.DataFrame) -> None:
    narrowed = replace(sel, lane=("6A",))
    lane = set(visits.filter(pl.col("entry_lane_code") == "6A")["visit_id"])
    expected = store.rows("stays", sel).filter(pl.col("visit_id").is_in(lane)).height
    assert store.ask(narrowed, ["stays"]).cell("stays").value == expected > 0
    assert store.ask(narrowed, ["declarations"]).unanswered == {"declarations": ("lane",)}


def test_lost_hours_add_up_over_points_hours_and_days(sel: Selection) -> None:
    whole = store.ask(sel, ["lost_hours"]).cell("lost_hours").value
    for how in ({"by": ["place"]}, {"by": ["step", "step_hour"]}, {"grain": "day"}):
        assert store.ask(sel, ["lost_hours"], **how).frame["lost_hours"].sum() == pytest.approx(whole)
    steps = store.rows("steps", sel).filter(pl.col("step_kind_code") == "service")
    long_ago = Selection("MACAS", sel.end_day - dt.timedelta(days=84), sel.end_day)
    losable = pl.when(pl.col("step_code") == "terminal").then("step_min").otherwise("wait_min")
    free = store.rows("steps", long_ago).filter(pl.col("step_kind_code") == "service").group_by("place_code", "step_code").agg(losable.quantile(0.15, "linear").alias("free"))
    by_hand = steps.join(free, on=["place_code", "step_code"]).select((losable - pl.col("free")).clip(0).sum() / 60).item()
    assert whole == pytest.approx(by_hand)


def test_the_congestion_index_is_the_median_stay_against_free_flow(sel: Selection) -> None:
    stays = store.rows("stays", sel)
    zone = stays["zone_code"][0]
    free = store.rows("stays", Selection("MACAS", sel.end_day - dt.timedelta(days=84), sel.end_day)).filter(pl.col("zone_code") == zone)["stay_min"].quantile(0.15, "linear")
    answer = store.ask(sel, ["congestion_index"], by=["zone"])
    assert answer.cell("congestion_index", {"zone": zone}).value == pytest.approx(stays.filter(pl.col("zone_code") == zone)["stay_min"].median() / free)
    thin = store.ask(sel, ["congestion_index"], by=["zone", "hour_of_week"])
    assert any(thin.cell("congestion_index", row).is_thin for row in range(thin.frame.height))


def test_flow_per_hour_counts_the_hours_of_the_clock_even_those_without_trucks(sel: Selection) -> None:
    days = replace(sel, first_day=sel.end_day - dt.timedelta(days=15), end_day=sel.end_day - dt.timedelta(days=1), period="custom")
    visits = store.rows("visits", days)
    assert store.ask(days, ["entries_per_hour"]).cell("entries_per_hour").value == pytest.approx(visits.height / (14 * 24 + 1))  # 2026-09-20 had 25 hours
    nine = visits.filter(pl.col("entry_local_at").dt.hour() == 9).height
    assert store.ask(days, ["entries_per_hour"], by=["hour"]).cell("entries_per_hour", {"hour": 9}).value == pytest.approx(nine / 14)
    monday = visits.filter(pl.col("entry_local_at").dt.weekday() == 1).height
    assert store.ask(days, ["entries_per_hour"], by=["weekday"]).cell("entries_per_hour", {"weekday": 1}).value == pytest.approx(monday / 48)


def test_no_data_is_null_and_an_absent_group_is_a_zero_count(sel: Selection) -> None:
    never = Selection("MACAS", dt.date(2020, 1, 1), dt.date(2020, 1, 8))
    answer = store.ask(never, ["visits", "turnaround_p50", "over_120_share", "release_p50", "moves_per_visit"])
    assert [answer.cell(code).value for code in ("visits", "turnaround_p50", "over_120_share", "release_p50", "moves_per_visit")] == [None] * 5
    assert answer.is_empty
    nobody = store.ask(replace(sel, lane=("no such lane",)), ["visits", "turnaround_p50"])
    assert nobody.cell("visits").value == 0 and nobody.cell("turnaround_p50").value is None


def test_small_cells_of_transporters_are_hidden_also_by_subtraction(sel: Selection) -> None:
    day = replace(sel, first_day=sel.end_day - dt.timedelta(days=3), end_day=sel.end_day - dt.timedelta(days=2), period="custom")
    answer = store.ask(day, ["visits", "turnaround_p50"], by=["carrier"], totals=True)
    assert answer.suppressed_n > 0
    hidden = answer.rows.filter(pl.col("is_suppressed"))
    assert hidden["visits"].is_null().all() and hidden["visits__n"].is_null().all() and hidden.height >= 2
    assert (answer.rows.filter(~pl.col("is_suppressed"))["visits"] >= 10).all()
    assert answer.total["visits"][0] - (answer.rows["visits"].sum() or 0) >= 10
    assert store.ask(day, ["visits"], by=["hour"]).suppressed_n == 0


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ({}, "computed in 0 ways"), ({"count": True, "share": "true"}, "computed in 2 ways"), ({"share": "true"}, "has the unit 'share'"), ({"quantile": ("x", 1.5)}, "not between"),
        ({"aggregate": "sum(x)", "per_hour": True}, "only counts"), ({"count": True, "about": "no sentence"}, "a sentence"), ({"count": True, "code": "A b"}, "a code is lower case"),
    ],
)  # fmt: skip
def test_a_metric_that_contradicts_itself_is_refused(bad: dict, words: str) -> None:
    with pytest.raises(DeclarationError, match=words):
        Metric(**{"code": "x", "label": "X", "about": "X.", "unit": "min", "fact": "visits"} | bad)


def test_an_unknown_name_and_an_impossible_split_say_what_is_known(sel: Selection) -> None:
    with pytest.raises(DeclarationError, match=r"'turnaroud' is not known\. Known: visits"):
        store.ask(sel, ["turnaroud"])
    with pytest.raises(DeclarationError, match="cannot be split by 'zone'"):
        store.ask(sel, ["visits"], by=["zone"])
    with pytest.raises(DeclarationError, match="no local hour"):
        store.ask(sel, ["declarations"], grain="hour")
