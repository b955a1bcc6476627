"""Extra minutes of selected visits: hand-drawn strata, worlds of known effect, and the small build asked through the store."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from dashboard import store
from dashboard.evidence.selected import Extra, extra, extra_of

DAY = dt.date(2026, 6, 1)


def strata(*drawn: tuple[int, int, int, float, float]) -> pl.DataFrame:
    """(day number, selected_n, other_n, selected_min, other_min) a stratum."""
    frame = pl.DataFrame(drawn, schema={"entry_day": pl.Int64, "selected_n": pl.Int64, "other_n": pl.Int64, "selected_min": pl.Float64, "other_min": pl.Float64}, orient="row")
    return frame.with_columns(pl.lit(DAY).dt.offset_by(pl.format("{}d", "entry_day")).alias("entry_day"))


def test_strata_count_as_often_as_they_hold_selected_visits():
    found = extra(strata((0, 3, 50, 90.0, 60.0), (0, 1, 2, 100.0, 110.0)), small_cell=1)
    assert found == Extra((3 * 30 - 10) / 4, None, None, 4, 52, 1)


def test_the_interval_is_that_of_days():
    """Five days with differences 10, 20, 30, 40, 50 and equal weights: mean 30, standard error sqrt(250 / 5), t(0.975, 4) = 2.7764."""
    found = extra(strata(*((day, 2, 9, 60.0 + 10 * (day + 1), 60.0) for day in range(5))), small_cell=10)
    assert (found.minutes, found.selected_n, found.days_n) == (30.0, 10, 5)
    assert found.high - found.minutes == pytest.approx(2.7764451 * np.sqrt(250 / 5), rel=1e-6) == found.minutes - found.low


def test_too_few_selected_visits_show_nothing():
    assert extra(strata(*((day, 1, 9, 90.0, 60.0) for day in range(9))), small_cell=10) == Extra(None, None, None, None, None, 9)
    assert extra(strata().clear(), small_cell=10) == Extra(None, None, None, None, None, 0)


def test_the_interval_holds_the_truth_about_as_often_as_it_says():
    """300 worlds of 40 days whose days, hours and selected visits differ; the true extra is 18 minutes."""
    rng = np.random.default_rng(3)
    held = 0
    for _ in range(300):
        drawn = []
        for day in range(40):
            shock, own = rng.normal(60, 12), rng.normal(18, 10)
            for _hour in range(rng.integers(1, 4)):
                chosen, others = int(rng.integers(1, 4)), int(rng.integers(2, 12))
                drawn.append((day, chosen, others, shock + own + rng.normal(0, 25 / np.sqrt(chosen)), shock + rng.normal(0, 25 / np.sqrt(others))))
        found = extra(strata(*drawn), small_cell=10)
        held += found.low <= 18 <= found.high
    assert 0.91 <= held / 300 <= 0.98


def test_the_store_is_asked_for_the_same_hours_and_terminals(small, sel):
    build = store.of(None)
    whole = replace(sel, first_day=sel.first_day - dt.timedelta(days=80))
    found = extra_of(build, whole, small_cell=10)
    # In the small build a referral has nothing to do with the visit's minutes.
    assert found.selected_n >= 10 and found.low < 0 < found.high and found.days_n > 20
    assert extra_of(build, replace(whole, view="core"), small_cell=10) == found
    narrow = extra_of(build, replace(whole, terminal=("TCE",)), small_cell=1)
    assert narrow.selected_n < found.selected_n
