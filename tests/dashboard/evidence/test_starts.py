"""Several start dates: every check on panels without noise, where the answer is exact, and verdicts where nothing happened."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from dashboard.evidence.effect import Plan, assess
from dashboard.evidence.panel import NEVER, Panel
from dashboard.evidence.staggered import cohorts
from dashboard.evidence.starts import blocks, drift, fakes, left_out, trials
from dashboard.evidence.worlds import World, simulate

DAYS = 240
STARTS = np.array([120, 120, 160, NEVER, NEVER])


def _panel(y: np.ndarray, starts: np.ndarray = STARTS) -> Panel:
    days = tuple(dt.date(2026, 1, 5) + dt.timedelta(days=each) for each in range(y.shape[1]))
    return Panel(tuple("ABCDE")[: len(y)], days, np.exp(y), np.full(y.shape, 50.0), starts, True, True)


def _plain(extra: np.ndarray | float = 0.0) -> np.ndarray:
    """Levels of their own, a common wave, and -0.2 from each unit's start on."""
    days = np.arange(DAYS)
    return np.array([4.0, 4.3, 4.1, 4.2, 3.9])[:, None] + 0.1 * np.sin(days / 9) - 0.2 * (days >= STARTS[:, None]) + extra


def test_without_noise_every_check_gives_the_planted_change() -> None:
    y = _plain()
    panel = _panel(y)
    parts = cohorts(panel, y)
    assert [part.units for part in parts] == [("A", "B", "D", "E"), ("C", "D", "E")] and sum(part.share for part in parts) == pytest.approx(1)
    study = blocks(parts, 28)
    assert [block.is_after for block in study] == [False] * 4 + [True] * 3 and study[4].first == 0 and study[3].last == -1
    assert [block.gap for block in study] == pytest.approx([0] * 4 + [-0.2] * 3, abs=1e-12)
    assert drift(parts, 28, 1)[0] == pytest.approx(0, abs=1e-12) and np.abs(trials(parts, 28, 7)).max() < 1e-12 and len(trials(parts, 28, 7)) == 10
    assert dict(left_out(panel, y)) == pytest.approx(dict.fromkeys("ABCDE", -0.2)) and dict(fakes(parts)) == pytest.approx({"D": 0, "E": 0}, abs=1e-12)


def test_a_drift_of_one_group_is_its_share_of_the_drift_and_flags_it() -> None:
    """Unit C alone drifts by 0.1 per 100 days; the units that start first do not."""
    y = _plain(np.outer([0, 0, 1, 0, 0], np.arange(DAYS) / 1000))
    parts = cohorts(_panel(y), y)
    slope, p, _ = drift(parts, 28, 1)
    assert slope == pytest.approx(parts[1].share * 0.1) and p < 0.01


def test_trial_dates_count_back_from_each_own_start() -> None:
    """A step of 0.1 in unit C 50 days before its own start: seen in full by the trial date on that day alone, and only by its share."""
    step = np.zeros((5, DAYS))
    step[2, 110:] = 0.1
    y = _plain(step)
    parts = cohorts(_panel(y), y)
    found = trials(parts, 28, 7)
    dates = np.arange(28, 120 - 27, 7) - 120
    assert found.max() == pytest.approx(parts[1].share * 0.1) and dates[found.argmax()] == -50


def test_one_unit_that_carries_everything_is_seen() -> None:
    y = _plain(np.outer([0.2, 0.2, 0, 0, 0], np.ones(DAYS)) * (np.arange(DAYS) >= 120))  # A and B: no change
    gaps = dict(left_out(_panel(y), y))
    assert gaps["C"] == pytest.approx(0, abs=1e-12) and gaps["A"] < -0.07


def test_without_units_never_treated_the_last_to_start_stand_in() -> None:
    starts = np.array([120, 120, 120, 200, 200])
    y = np.array([4.0, 4.3, 4.1, 4.2, 3.9])[:, None] - 0.2 * (np.arange(DAYS) >= starts[:, None])
    parts = cohorts(_panel(y, starts), y)
    assert len(parts) == 1 and [block.gap for block in blocks(parts, 28)][-1] == pytest.approx(-0.2) and dict(left_out(_panel(y, starts), y))["D"] == pytest.approx(-0.2)


@pytest.mark.parametrize(("effect", "claimed"), [(0.0, (0, 5)), (-0.12, (80, 100))])
def test_verdicts_of_several_starts(effect: float, claimed: tuple[int, int]) -> None:
    """120 pilots, two units from day 120 and two from day 160: strong and moderate are possible, seldom where nothing happened."""
    world, runs, b = World(pilots=4, comparisons=2, before=120, after=160, effect=0.0), 120, np.log1p(effect)
    starts = np.array([120, 120, 160, 160, NEVER, NEVER])
    found, covered = Counter(), 0
    for y in simulate(world, runs, 12):
        panel = Panel(tuple("ABCDEF"), tuple(dt.date(2026, 1, 5) + dt.timedelta(days=each) for each in range(280)), np.exp(y + b * (np.arange(280) >= starts[:, None])), np.full(y.shape, 50.0), starts, True, True)
        each = assess(panel, Plan("turnaround_min", unit_kind="gate", end_day=160))
        found[each.verdict.code] += 1
        covered += bool(each.gap.low <= b <= each.gap.high)
    assert covered / runs >= 0.95 and claimed[0] <= 100 * (found["strong"] + found["moderate"]) / runs <= claimed[1]
    assert effect or found["strong"] / runs <= 0.02


def test_shared_points_cap_several_starts_too() -> None:
    y = _plain(np.random.default_rng(1).normal(0, 0.03, (5, DAYS)))
    plan = Plan("turnaround_min", unit_kind="lane", end_day=120)
    assert assess(_panel(y), plan).verdict.code == "strong" and assess(_panel(y), replace(plan, shared_points=("WB1",))).verdict.code == "moderate"
