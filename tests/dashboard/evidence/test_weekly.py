"""The gap by week: hand-made panels with exact answers, and its tie to the estimate."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from dashboard.evidence.estimate import contrasts, estimate
from dashboard.evidence.panel import NEVER, Panel
from dashboard.evidence.weekly import by_week

FIRST = dt.date(2026, 6, 1)


def panel_of(y: np.ndarray, start: int, weight: np.ndarray | None = None) -> Panel:
    days = tuple(FIRST + dt.timedelta(days=each) for each in range(y.shape[1]))
    return Panel(("A", "B"), days, y, np.ones_like(y) if weight is None else weight, np.array([start, NEVER]), True, weight is not None)


def test_a_step_of_two_is_two_in_every_week_since_and_zero_before() -> None:
    y = np.array([[5.0] * 10 + [3.0] * 10, [7.0] * 20])
    weeks = by_week(panel_of(y, 10), "level")
    assert [(week.first, week.last, week.is_after) for week in weeks] == [
        (FIRST, FIRST + dt.timedelta(days=2), False), (FIRST + dt.timedelta(days=3), FIRST + dt.timedelta(days=9), False),
        (FIRST + dt.timedelta(days=10), FIRST + dt.timedelta(days=16), True), (FIRST + dt.timedelta(days=17), FIRST + dt.timedelta(days=19), True),
    ]  # fmt: skip
    assert [week.gap for week in weeks] == pytest.approx([0, 0, -2, -2])
    assert [week.pilot_n for week in weeks] == [3, 7, 7, 3]


def test_weeks_since_the_start_average_to_the_estimate() -> None:
    rng = np.random.default_rng(4)
    y, weight = rng.lognormal(4, 0.2, (2, 60)), rng.integers(20, 90, (2, 60)).astype(float)
    panel = panel_of(y, 31, weight)
    c, p = contrasts(panel)
    after = [week for week in by_week(panel, "log") if week.is_after]
    mean = sum(week.gap * week.pilot_n for week in after) / sum(week.pilot_n for week in after)
    assert mean == pytest.approx(float(estimate(np.log(y), c, p).b))


@pytest.mark.parametrize("start", [0, 20], ids=["nothing before", "nothing since"])
def test_one_side_only_has_no_gap(start: int) -> None:
    assert by_week(panel_of(np.ones((2, 20)), start)) == ()


def test_without_comparison_there_is_no_gap() -> None:
    panel = panel_of(np.ones((2, 20)), 10)
    assert by_week(panel.only(units=np.array([True, False]))) == ()
