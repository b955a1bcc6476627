"""Usual or unusual: one day's figure against the same weekday of the last eight weeks. Pure: numbers in, a word and limits out.

    verdict = usual.judge(71.0, [64.2, 66.0, None, 65.1, 70.3, 63.8, 66.6, 64.9], unit="min")
    verdict.word            # "usual", "unusual" or "unknown" (fewer than five days to compare with)
    verdict.low, verdict.high
    usual.of_day(store.ask(days, ["turnaround_p50"], grain="day").frame, "turnaround_p50", day, unit="min")

Method: an individuals chart with the limits of a new observation: on the log scale (logit for shares), mean of the comparable days +- t * s *
sqrt(1 + 1/k), s the sample standard deviation, t of Student with k - 1 degrees of freedom. Days of one port wander together from week to week,
so their spread understates the next one's; MISTAKE is therefore set below the 5 % that is promised, and the floor SPREAD keeps eight days that
happen to agree from calling a small step unusual. tests/dashboard/test_usual.py simulates what is left of the promise.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import polars as pl
from scipy.special import stdtrit  # a fraction of the import of scipy.stats, the same digits

WEEKS = 8
FEWEST = 5
MISTAKE = 0.015  # nominal chance of calling an unchanged, independent day unusual
SPREAD = {"log": 0.02, "logit": 0.05}  # least standard deviation believed, on the scale's own unit


@dataclass(frozen=True)
class Verdict:
    """`word` is usual, unusual or unknown; `side` is -1 below the limits, +1 above, 0 inside. Limits are in the figure's unit."""

    word: str
    side: int
    expected: float | None
    low: float | None
    high: float | None
    days_n: int


@lru_cache(maxsize=64)
def _t(freedom: int) -> float:
    return float(stdtrit(freedom, 1 - MISTAKE / 2))


def judge(value: float | None, past: Sequence[float | None], unit: str = "min") -> Verdict:
    """Judge one day's figure against comparable days. Null days are left out; order does not matter.

    `unit` is a Metric.unit: shares (0 to 1) are judged on the logit scale, all others, which are positive, on the log scale.
    """
    known = [each for each in past if each is not None and math.isfinite(each) and each >= 0]
    if value is None or not math.isfinite(value) or len(known) < FEWEST:
        return Verdict("unknown", 0, None, None, None, len(known))
    name = "logit" if unit == "share" else "log"
    least = 0.5 if unit == "count" else 0.002 if unit == "share" else 0.05
    into, back = scale(name, least)
    points = [into(each) for each in known]
    middle = sum(points) / len(points)
    spread = math.sqrt(sum((point - middle) ** 2 for point in points) / (len(points) - 1))
    half = _t(len(points) - 1) * max(spread, SPREAD[name]) * math.sqrt(1 + 1 / len(points))
    at = into(value)
    side = 1 if at > middle + half else -1 if at < middle - half else 0
    return Verdict("unusual" if side else "usual", side, back(middle), back(middle - half), back(middle + half), len(known))


def of_day(days: pl.DataFrame, code: str, day: dt.date, unit: str = "min") -> Verdict:
    """Judge `day` in a frame by day (columns `period` and the metric's code) against the same weekday of the eight weeks before."""
    found = dict(zip(days["period"].to_list(), days[code].to_list(), strict=True))
    return judge(found.get(day), [found.get(day - dt.timedelta(days=7 * week)) for week in range(1, WEEKS + 1)], unit)


def scale(name: str, least: float):
    """The way onto the log or logit scale and back; `least` keeps 0 (of a share 1 too) finite."""
    if name == "logit":
        def into(value: float) -> float:
            inside = min(max(value, least), 1 - least)
            return math.log(inside / (1 - inside))

        return into, lambda point: 1 / (1 + math.exp(-point))
    return (lambda value: math.log(value + least)), (lambda point: max(0.0, math.exp(point) - least))
