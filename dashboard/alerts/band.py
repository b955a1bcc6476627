"""What is usual, robustly: a band for one figure from the same window of the weeks before, in which one wild week changes little. Pure: numbers in, limits out.

    found = band.of([64.2, 66.0, None, 65.1, 190.0, 63.8, 66.6, 64.9], unit="min")
    found.expected, found.low, found.high            # beyond these an alert may be raised
    found.calm_low, found.calm_high                  # within these it may be cleared

On the log scale (logit for shares) as metrics/usual.py: the median of the weeks, plus and minus a factor times their standard deviation after the lowest
and the highest week are each drawn in to the next one. FACTORS are the 99 % points of a new, independent Gaussian observation under just that; a test
simulates them. An ordinary mean and deviation would be narrower (3.6 against 4.3 deviations at eight weeks), but one week of an incident then blinds it for two months.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from dashboard.metrics.usual import SPREAD, scale

# weeks -> half width of the band, in drawn-in standard deviations
FACTORS: dict[int, float] = {6: 10.67, 7: 7.38, 8: 5.99, 9: 5.19, 10: 4.69, 11: 4.36, 12: 4.10}
FEWEST = min(FACTORS)
CALM = 0.6  # the clearing band, of the other's half width


@dataclass(frozen=True)
class Band:
    """Limits in the figure's unit, and of how many weeks they are made."""

    expected: float
    low: float
    high: float
    calm_low: float
    calm_high: float
    weeks_n: int


def of(past: Sequence[float | None], unit: str) -> Band | None:
    """Return the band of the weeks before (at most 12; null weeks are left out), None where fewer than six are known."""
    known = [each for each in past if each is not None and math.isfinite(each) and each >= 0][: max(FACTORS)]
    if len(known) < FEWEST:
        return None
    name = "logit" if unit == "share" else "log"
    into, back = scale(name, 0.5 if unit == "count" else 0.002 if unit == "share" else 0.05)
    points = sorted(into(each) for each in known)
    middle = (points[(len(points) - 1) // 2] + points[len(points) // 2]) / 2
    drawn = [points[1], *points[1:-1], points[-2]]
    mean = sum(drawn) / len(drawn)
    spread = math.sqrt(sum((point - mean) ** 2 for point in drawn) / (len(drawn) - 1))
    half = FACTORS[len(points)] * max(spread, SPREAD[name] / 2)
    return Band(back(middle), back(middle - half), back(middle + half), back(middle - CALM * half), back(middle + CALM * half), len(points))
