"""From visits to daily like-for-like statistics: hand-made visits with exact answers, then the fictitious build."""

from __future__ import annotations

import datetime as dt

import duckdb
import numpy as np
import polars as pl
import pytest

from dashboard.evidence.daily import read_visits
from dashboard.evidence.effect import Plan, assess
from dashboard.evidence.panel import NEVER
from dashboard.evidence.report import text
from dashboard.evidence.shares import change_over, share_over
from dashboard.evidence.words import sentence
from etl.errors import InputError

DAY = dt.date(2026, 7, 1)
ARMS = pl.DataFrame(
    [("lane", "6A", "pilot", DAY + dt.timedelta(days=2)), ("lane", "6D", "comparison", DAY + dt.timedelta(days=2))], schema=["unit_kind_code", "unit_code", "arm_code", "start_on"], orient="row"
)


@pytest.fixture
def cursor():
    connection = duckdb.connect()
    connection.execute(
        "CREATE TABLE fct_visits (entry_day DATE, entry_hour INTEGER, cargo_class_code TEXT, entry_lane_code TEXT, turnaround_min DOUBLE, status_code TEXT, is_excluded BOOLEAN)"
    )
    yield connection.cursor()
    connection.close()


def _add(cursor, *rows) -> None:
    cursor.executemany("INSERT INTO fct_visits VALUES (?, ?, ?, ?, ?, ?, ?)", [(DAY + dt.timedelta(days=day), hour, cargo, lane, minutes, status, excluded) for day, hour, cargo, lane, minutes, status, excluded in rows])


def _visit(day, lane, minutes, cargo="dry", hour=9, status="closed", excluded=False):
    return (day, hour, cargo, lane, minutes, status, excluded)


def test_before_takes_the_mix_since(cursor) -> None:
    """Lane 6A: before, 1 dry of 40 and 3 reefer of 80 a day; since, half and half. Like for like the days before are (40 + 80) / 2 = 60."""
    for day in (0, 1):
        _add(cursor, _visit(day, "6A", 40.0), *[_visit(day, "6A", 80.0, "reefer")] * 3, _visit(day, "6D", 50.0))
    for day in (2, 3):
        _add(cursor, _visit(day, "6A", 30.0), _visit(day, "6A", 70.0, "reefer"), _visit(day, "6D", 50.0))
    visits = read_visits(cursor, ARMS, DAY, DAY + dt.timedelta(days=3))
    panel = visits.panel("mean")
    assert panel.outcome.tolist() == [[60.0, 60.0, 50.0, 50.0], [50.0] * 4]
    assert panel.weight.tolist() == [[4, 4, 2, 2], [1] * 4] and panel.starts.tolist() == [2, NEVER] and visits.covered.tolist() == [[1, 1], [1, 1]]
    assert visits.panel("p50").outcome[0].tolist() == [40.0, 40.0, 30.0, 30.0] and visits.panel("p90").outcome[0].tolist() == [80.0, 80.0, 70.0, 70.0]


def test_cells_seen_on_one_side_only_leave_both_and_are_counted(cursor) -> None:
    _add(cursor, _visit(0, "6A", 40.0), _visit(0, "6A", 400.0, "hazardous"), _visit(2, "6A", 30.0), _visit(2, "6A", 20.0, hour=22), _visit(0, "6D", 50.0), _visit(2, "6D", 50.0))
    visits = read_visits(cursor, ARMS, DAY, DAY + dt.timedelta(days=3))
    assert visits.covered.tolist() == [[0.5, 0.5], [1, 1]] and visits.panel().outcome[0, [0, 2]].tolist() == [40.0, 30.0] and np.isnan(visits.panel().outcome[0, 1])


def test_views_missing_exits_and_filters(cursor) -> None:
    for lane in ("6A", "6D"):
        for day in (0, 2):
            _add(cursor, _visit(day, lane, 40.0), _visit(day, lane, 300.0, excluded=True), _visit(day, lane, None, status="incomplete"), _visit(day, lane, None, status="open"))
    days = (DAY, DAY + dt.timedelta(days=3))
    every, core = read_visits(cursor, ARMS, *days), read_visits(cursor, ARMS, *days, view="core")
    assert every.panel().outcome[0, 0] == 170 and core.panel().outcome[0, 0] == 40 and every.missing_exits == pytest.approx((1 / 3,) * 4)
    assert read_visits(cursor, ARMS, *days, where="turnaround_min < $most", params={"most": 100}).panel().outcome[0, 0] == 40


@pytest.mark.parametrize(
    ("arms", "said"),
    [
        (ARMS.with_columns(start_on=pl.lit(dt.date(2030, 1, 1))), "nothing can be measured yet"),
        (pl.concat([ARMS, ARMS.with_columns(arm_code=pl.lit("comparison"))]), "arms must not overlap"),
        (ARMS.with_columns(unit_kind_code=pl.Series(["lane", "gate"])), "units must be of one kind"),
        (ARMS.filter(pl.col("arm_code") == "comparison"), "No unit is a pilot"),
        (ARMS.head(0), "No pilot is declared"),
    ],
)
def test_arms_that_cannot_be_compared_get_a_sentence(cursor, arms, said) -> None:
    with pytest.raises(InputError, match=said):
        read_visits(cursor, arms, DAY, DAY + dt.timedelta(days=3))


def test_no_comparison_no_visits_and_one_day_give_no_number(cursor) -> None:
    _add(cursor, _visit(0, "6A", 40.0), _visit(2, "6A", 30.0))
    for arms in (ARMS.head(1), ARMS):
        effect = assess(read_visits(cursor, arms, DAY, DAY + dt.timedelta(days=3)).panel(), Plan("turnaround_min", unit_kind="lane"))
        assert effect.verdict.code == "not_yet" and not effect.has_number


@pytest.mark.filterwarnings("error")
def test_all_exits_missing_gives_a_sentence(cursor) -> None:
    _add(cursor, *[_visit(day, lane, None, status="incomplete") for day in range(100) for lane in ("6A", "6D")])
    arms = ARMS.with_columns(start_on=pl.lit(DAY + dt.timedelta(days=60)))
    visits = read_visits(cursor, arms, DAY, DAY + dt.timedelta(days=99))
    effect = assess(visits.panel(), Plan("turnaround_min", unit_kind="lane", missing_exits=visits.missing_exits))
    assert not effect.has_number and "100 % of the exits are missing" in sentence(effect) and "100\u00a0% des sorties manquent" in sentence(effect, "fr")
    assert np.isnan(visits.panel("p90").outcome).all()


@pytest.mark.filterwarnings("error")
def test_a_unit_without_visits_since_the_start_gives_no_number(cursor) -> None:
    _add(cursor, *[_visit(day, lane, 40.0) for day in range(100) for lane in ("6A", "6D") if lane == "6A" or day < 60])
    visits = read_visits(cursor, ARMS.with_columns(start_on=pl.lit(DAY + dt.timedelta(days=60))), DAY, DAY + dt.timedelta(days=99))
    effect = assess(visits.panel(), Plan("turnaround_min", unit_kind="lane"))
    assert not effect.has_number and sentence(effect).startswith("Not yet measurable") and text(effect, "fr")


def test_the_same_visits_in_any_order_give_the_same_digits(cursor) -> None:
    rng = np.random.default_rng(1)
    rows = [_visit(int(day), lane, float(np.round(np.exp(rng.normal(4, 0.5)), 1)), ("dry", "reefer")[int(rng.integers(2))]) for day in rng.integers(0, 4, 400) for lane in ("6A", "6D")]
    prints = set()
    for order in (rows, rows[::-1]):
        cursor.execute("DELETE FROM fct_visits")
        _add(cursor, *order)
        prints |= {read_visits(cursor, ARMS, DAY, DAY + dt.timedelta(days=3)).panel(name).digest() for name in ("mean",)}
    assert len(prints) == 1


def test_shares_are_read_off_the_curve() -> None:
    percents = np.array([10.0, 50.0, 90.0])
    assert share_over(60, np.array([20.0, 60.0, 100.0]), percents) == pytest.approx(0.5)
    assert share_over(120, np.array([20.0, 60.0, 100.0]), percents) == 0.0 and share_over(110, np.array([20.0, 60.0, 110.0]), percents) == pytest.approx(0.1)
    change = change_over(60, np.array([20.0, 60.0, 100.0]), np.full(3, np.log(0.75)), np.full(3, 0.1), percents)
    assert change.best == pytest.approx(100 * (0.5 - (1 - (10 + 40 * (60 - 80 / 3) / (80 - 80 / 3)) / 100))) and change.low < change.best < change.high


def test_the_fictitious_build_gives_an_effect(small) -> None:
    from dashboard import store

    port = store.of()
    arms, about = port.table("dim_pilot_arms"), port.build()
    cursor = port.opened().connection.cursor()
    start = about.first_day + (about.last_day - about.first_day) // 2
    visits = read_visits(cursor, arms.with_columns(start_on=pl.lit(start)), about.first_day, about.last_day)
    effect = assess(visits.panel(), Plan("turnaround_min", unit_kind="lane", end_day=30, missing_exits=visits.missing_exits))
    assert effect.pilots == ("6A", "6B", "6C") and effect.verdict.code in ("strong", "moderate", "weak", "none", "not_yet")
    assert visits.closed_n.sum() > 1000 and effect.fingerprint == assess(visits.panel(), effect.plan).fingerprint
