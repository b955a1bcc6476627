"""What an effect is worth, against sums made by hand; and never from a weak verdict."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from dashboard.evidence.effect import Effect, Plan, Range, assess
from dashboard.evidence.panel import NEVER, Panel
from dashboard.evidence.value import LINES, NO_VALUE, times, value_of, visits_a_day, why_no_value
from dashboard.evidence.verdict import Verdict
from dashboard.evidence.words import FORBIDDEN
from dashboard.evidence.worlds import World, simulate
from etl.contracts.reference import DIM_CONSTANTS, load_site
from etl.settings import SAMPLE_SITE

SITE = load_site(SAMPLE_SITE).tables["dim_constants"]
FIRST = dt.date(2026, 1, 5)


def panel_of(world: World, seed: int = 3, visits: float = 50.0) -> Panel:
    y = simulate(world, 1, seed)[0]
    days = tuple(FIRST + dt.timedelta(days=each) for each in range(y.shape[1]))
    return Panel(tuple("ABCD"), days, np.exp(y), np.full(y.shape, visits), np.where(world.treated, world.before, NEVER), True, True)


@pytest.fixture(scope="module")
def strong() -> Effect:
    return assess(panel_of(World()), Plan("turnaround_min", unit_kind="gate", end_day=120))


def with_hours(effect: Effect, low: float, best: float, high: float) -> Effect:
    return replace(effect, truck_hours=Range(low, best, high))


def near(found: Range, low: float, best: float, high: float) -> None:
    assert (found.low, found.best, found.high) == pytest.approx((low, best, high), rel=1e-12, abs=1e-12)


def test_every_line_of_the_sample_port_by_hand(strong) -> None:
    """1,000 hours saved, 600 to 1,400: diesel 60 % (30-100) x 2.5 L/h (1.85-3.8); 250 MAD an hour (125-400); 2.64 and 3.17 kg a litre."""
    value = value_of(with_hours(strong, -1400, -1000, -600), SITE)
    assert [line.code for line in value.lines] == list(LINES) and value.left_out == ()
    near(value.line("truck_hours").measured, -1400, -1000, -600)
    near(value.line("money").measured, -1400 * 400, -250_000, -600 * 125)
    near(value.line("diesel_l").measured, -1400 * 3.8, -1500, -600 * 0.3 * 1.85)
    near(value.line("co2_kg").measured, -1400 * 3.8 * 2.64, -1500 * 2.64, -600 * 0.3 * 1.85 * 2.64)
    near(value.line("co2e_kg").measured, -1400 * 3.8 * 3.17, -1500 * 3.17, -600 * 0.3 * 1.85 * 3.17)
    near(value.line("money").measured, -560_000, -250_000, -75_000)
    near(value.line("diesel_l").measured, -5320, -1500, -333)
    assert [each.code for each in value.line("co2_kg").constants] == ["engine_on_share", "idle_fuel_l_per_h", "co2_kg_per_l_ttw"]
    assert {each.code for line in value.lines for each in line.constants if each.is_assumption} == {"engine_on_share", "truck_hour_mad"}
    assert all(each.source and each.unit for line in value.lines for each in line.constants)


@pytest.mark.parametrize(
    ("hours", "wanted"),
    [((-10, -6, -2), (-40, -12, -2)), ((2, 6, 10), (2, 12, 40)), ((-2, 3, 8), (-8, 6, 32)), ((-8, -3, 2), (-32, -6, 8)), ((-4, -2, 0), (-16, -4, 0))],
)
def test_corners_on_both_sides_of_zero(hours, wanted) -> None:
    """A factor of 2 (1 to 4)."""
    near(times(Range(*hours), 1, 2, 4), *wanted)


def test_a_year_at_todays_traffic_by_hand(strong) -> None:
    """Two gates of 50 visits a day since the start: 120 days, 12,000 visits. A year of 100 a day is 36,500 visits, of 80 a day 29,200."""
    effect = with_hours(strong, -1400, -1000, -600)
    value = value_of(effect, SITE)
    assert (value.days, value.visits, value.a_day) == (120, 12_000, 100)
    near(value.line("truck_hours").a_year, -1400 * 36_500 / 12_000, -1000 * 36_500 / 12_000, -600 * 36_500 / 12_000)
    near(value_of(effect, SITE, a_day=80).line("money").a_year, -560_000 * 29_200 / 12_000, -250_000 * 29_200 / 12_000, -75_000 * 29_200 / 12_000)
    panel = panel_of(World())
    panel.weight[:, -28:] = 40.0
    assert visits_a_day(panel) == pytest.approx(80)


def test_hours_are_those_of_the_effect(strong) -> None:
    value = value_of(strong, SITE)
    near(value.line("truck_hours").measured, *(each * 12_000 / 60 for each in (strong.change.low, strong.change.best, strong.change.high)))
    assert value.line("truck_hours").measured.high < 0


def test_a_missing_or_unusable_constant_leaves_its_lines_out_and_says_so(strong) -> None:
    value = value_of(strong, SITE.filter(pl.col("constant_code") != "idle_fuel_l_per_h"))
    assert [line.code for line in value.lines] == ["truck_hours", "money"]
    assert value.left_out == (("diesel_l", ("idle_fuel_l_per_h",)), ("co2_kg", ("idle_fuel_l_per_h",)), ("co2e_kg", ("idle_fuel_l_per_h",)))
    crossed = SITE.with_columns(pl.when(pl.col("constant_code") == "truck_hour_mad").then(300.0).otherwise("low").alias("low"))
    assert value_of(strong, crossed).left_out == (("money", ("truck_hour_mad",)),)
    assert [line.code for line in value_of(strong, DIM_CONSTANTS.empty()).lines] == ["truck_hours"]


def test_fuel_is_added_to_the_hour_only_where_its_price_is_known(strong) -> None:
    """12 MAD a litre (10 to 15): best 250 + 0.6 x 2.5 x 12 = 268; high 400 + 1 x 3.8 x 15 = 457; low 125 + 0.3 x 1.85 x 10 = 130.55."""
    price = pl.DataFrame([{"constant_code": "diesel_mad_per_l", "value": 12.0, "low": 10.0, "high": 15.0, "unit": "MAD/L", "source": "by hand", "status": "assumption", "name_en": "Diesel"}])
    value = value_of(with_hours(strong, -1400, -1000, -600), pl.concat([SITE, DIM_CONSTANTS.conform(price)]))
    near(value.line("money").measured, -1400 * 457, -268_000, -600 * 130.55)
    assert value.line("money").constants[-1].code == "diesel_mad_per_l"


def test_a_constant_without_a_range_is_its_value(strong) -> None:
    bare = SITE.with_columns(pl.lit(None, dtype=pl.Float64).alias("low"), pl.lit(None, dtype=pl.Float64).alias("high"))
    near(value_of(with_hours(strong, -1400, -1000, -600), bare).line("diesel_l").measured, -2100, -1500, -900)


@pytest.mark.parametrize("code", ["weak", "none", "not_yet"])
def test_a_lesser_verdict_has_no_value_and_says_why(strong, code) -> None:
    effect = replace(strong, verdict=Verdict(code, ()))
    assert value_of(effect, SITE) is None and why_no_value(effect).code == "value_needs_verdict"


def test_only_mean_minutes_make_hours(strong) -> None:
    assert why_no_value(replace(strong, truck_hours=None)).code == "value_needs_mean" and why_no_value(strong) is None
    for english, french in NO_VALUE.values():
        assert not FORBIDDEN.search(english) and not FORBIDDEN.search(french)
