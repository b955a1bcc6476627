"""The word "unusual" is wrong on at most 5 % of unchanged days, also when days wander together or carry shocks; and it is not blind."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

from dashboard.metrics import usual

DAYS = 2500


def _wandering(rng: np.random.Generator, phi: float) -> np.ndarray:
    """Nine same weekdays out of a daily series that remembers yesterday."""
    days = np.empty(57)
    days[0] = rng.normal()
    for number in range(1, 57):
        days[number] = phi * days[number - 1] + np.sqrt(1 - phi * phi) * rng.normal()
    return np.exp(4.2 + 0.1 * days[::7])


def _weekly(rng: np.random.Generator, phi: float) -> np.ndarray:
    weeks = [rng.normal()]
    for _ in range(8):
        weeks.append(phi * weeks[-1] + np.sqrt(1 - phi * phi) * rng.normal())
    return np.exp(4.2 + 0.1 * np.array(weeks))


UNCHANGED = {
    "independent days": (lambda rng: np.exp(4.2 + 0.1 * rng.normal(size=9)), "min"),
    "days that remember the day before": (lambda rng: _wandering(rng, 0.9), "min"),
    "weeks that remember the week before": (lambda rng: _weekly(rng, 0.4), "min"),
    "one day in twenty with an incident": (lambda rng: np.exp(4.2 + 0.08 * rng.normal(size=9) + (rng.random(9) < 0.05) * rng.exponential(0.6, 9)), "min"),
    "heavy tails": (lambda rng: np.exp(4.2 + 0.05 * rng.standard_t(3, 9)), "min"),
    "counts": (lambda rng: rng.poisson(300 * np.exp(0.08 * rng.normal(size=9))).astype(float), "count"),
    "few trucks": (lambda rng: rng.poisson(6, 9).astype(float), "count"),
    "shares": (lambda rng: rng.binomial(300, 1 / (1 + np.exp(2 - 0.3 * rng.normal(size=9)))) / 300, "share"),
    "rare shares": (lambda rng: rng.binomial(250, 0.01, 9) / 250, "share"),
}  # fmt: skip


@pytest.mark.parametrize("name", UNCHANGED)
def test_at_most_one_unchanged_day_in_twenty_is_called_unusual(name: str) -> None:
    draw, unit = UNCHANGED[name]
    rng = np.random.default_rng(20260105)
    words = [usual.judge(days[-1], days[:-1].tolist(), unit).word for days in (draw(rng) for _ in range(DAYS))]
    assert words.count("unusual") / DAYS <= 0.05


def test_a_day_half_again_as_long_is_called_unusual() -> None:
    rng = np.random.default_rng(1)
    days = [np.exp(4.2 + 0.08 * rng.normal(size=9) + np.r_[np.zeros(8), np.log(1.5)]) for _ in range(500)]
    assert sum(usual.judge(day[-1], day[:-1].tolist()).side == 1 for day in days) / 500 >= 0.85


def test_hand_drawn() -> None:
    past = [60, 62, 58, 61, 63, 59, 60, 61]
    assert usual.judge(61, past).word == "usual"
    high = usual.judge(90, past)
    assert (high.word, high.side) == ("unusual", 1) and high.low < 60 < high.high < 90
    assert usual.judge(40, past).side == -1
    assert usual.judge(None, past).word == "unknown" and usual.judge(60, [60, 61, None, None, 62, None, None, 60]).word == "unknown"
    assert usual.judge(61.0, [60.0] * 8).word == "usual"  # eight equal days do not make a small step unusual


def test_a_day_is_judged_by_the_same_weekday_only() -> None:
    day = dt.date(2026, 10, 2)
    frame = pl.DataFrame({"period": [day - dt.timedelta(days=back) for back in range(57)], "p": [70.0 if back % 7 == 0 else 20.0 + back for back in range(57)]})
    verdict = usual.of_day(frame, "p", day)
    assert verdict.word == "usual" and verdict.days_n == 8 and verdict.expected == pytest.approx(70)
