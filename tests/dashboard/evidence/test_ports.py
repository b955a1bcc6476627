"""Shared service points: bounds by hand, and two small ports whose truth is known. A hundred ports of full length run in tests/benchmarks/bench_ports.py."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from dashboard.evidence.bounds import everywhere
from dashboard.evidence.effect import Plan, assess
from dashboard.evidence.estimate import contrasts, estimate
from dashboard.evidence.panel import NEVER, Panel
from dashboard.evidence.ports import SHARED, judge, panel_of, port_figures, truth
from sample_data.simulator.options import PILOT_LANES, Options
from sample_data.simulator.worlds import worlds

START = dt.date(2026, 7, 13)
LAST = START + dt.timedelta(days=34)


def _panel(own: float, relief: float, visits: list[float], common: float = 0.0) -> Panel:
    """Four lanes over nine and six weeks, the first one with the pilot: it gains `own`, all gain `relief` times its share of visits, and `common` besides."""
    weight = np.tile(np.array(visits)[:, None], 105)
    after, treated = np.arange(105) >= 63, np.arange(4) < 1
    share = visits[0] / sum(visits)
    wave = 0.05 * np.sin(np.arange(105) * 2 * np.pi / 7)
    y = 4 + 0.1 * np.arange(4)[:, None] + wave + after * (own * treated[:, None] + relief * share + common)
    days = tuple(START + dt.timedelta(days=each) for each in range(-63, 42))
    return Panel(tuple("ABCD"), days, np.exp(y), weight, np.where(treated, 63, NEVER), True, True)


@pytest.mark.parametrize("visits", [[50, 50, 50, 50], [90, 40, 10, 60]])
def test_bounds_span_from_the_gap_to_the_whole_ports_change_over_the_pilots_share(visits) -> None:
    panel = _panel(-0.10, -0.08, visits)
    y = np.log(panel.outcome)
    low, best, high = everywhere(panel, y)
    assert float(estimate(y, *contrasts(panel)).b) == pytest.approx(-0.10)  # the gap sees the pilot lanes' own part only
    assert best == pytest.approx(-0.18) and low < best < high  # ... and this what every lane would gain
    effect = assess(panel, Plan("turnaround_min", unit_kind="lane", end_day=42, shared_points=SHARED))
    assert effect.bounds.low <= effect.change.low and effect.bounds.high >= effect.change.high
    assert effect.bounds.low <= effect.observed_after * (1 - np.exp(0.18)) <= effect.bounds.high
    assert assess(panel, replace(effect.plan, shared_points=())).bounds is None


def test_a_change_all_lanes_share_widens_the_bounds_and_not_the_gap() -> None:
    """Half the traffic gone, say: everything falls, and only the bounds know that the pilot may not be why."""
    panel = _panel(0.0, 0.0, [50, 50, 50, 50], common=-0.05)
    y = np.log(panel.outcome)
    assert float(estimate(y, *contrasts(panel)).b) == pytest.approx(0, abs=1e-9) and everywhere(panel, y)[1] == pytest.approx(-0.20)


def test_no_bounds_where_noise_cannot_be_read() -> None:
    panel = _panel(-0.1, 0.0, [50, 50, 50, 50]).only(periods=slice(62, 64))
    assert everywhere(panel, np.log(panel.outcome)) is None


@pytest.fixture(scope="module")
def ports() -> dict[int, pl.DataFrame]:
    """Two tight ports of 91 days and 100 visits, five weeks of them with a pilot that takes off a third."""
    options = Options(Path("unused"), START - dt.timedelta(days=56), days=92, trucks_per_day=100, effect=0.33, world="tight")
    return {seed: worlds(replace(options, seed=seed)) for seed in (1, 2)}


def test_relief_spreads_and_the_gap_misses_it(ports) -> None:
    for visits in ports.values():
        known = truth(visits, START, LAST, PILOT_LANES)
        assert known["all_log"] < known["own_log"] < known["spill_log"] < 0
        assert known["own_min"] < 0 and known["all_own_min"] < known["own_min"]


def test_shared_points_cap_the_verdict_and_bounds_hold_the_effect_on_every_lane(ports) -> None:
    rows = pl.DataFrame([row for visits in ports.values() for row in judge(visits, START, LAST, PILOT_LANES)])
    planted = rows.filter("is_planted")
    assert planted["verdict"].is_in(["moderate", "weak"]).all() and not rows["verdict"].is_in(["strong"]).any()
    assert planted.select(pl.col("all_min").is_between("bounds_low", "bounds_high").all()).item()
    assert rows.select(((pl.col("bounds_low") <= pl.col("change_low")) & (pl.col("change_high") <= pl.col("bounds_high"))).all()).item()
    assert rows.filter(~pl.col("is_planted"))["verdict"].to_list() == ["none", "none"]
    figures = {each.code: each for each in port_figures(rows, is_light=False)}
    assert figures["tight.bounds"].value == 100 and figures["tight.strong"].holds and figures["tight.false"].value == 0
    # ... and it is the declaration that caps it: the same panel without shared points would be called strong.
    free = [assess(panel_of(visits, "on", START, LAST, PILOT_LANES), Plan("turnaround_min", unit_kind="lane", end_day=35)).verdict.code for visits in ports.values()]
    assert "strong" in free
