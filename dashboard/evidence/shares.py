"""Shares over a limit (60, 120 minutes) from the whole curve of percentiles: what share of the visits since would have been over it without the pilot.

Each percentile has its own gap; the curve without the pilot is the observed one times exp(-gap). Reading it at the limit is unbiased where a
difference of shares is not (docs/pilot-evidence.md).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dashboard.evidence.effect import Range
from dashboard.evidence.estimate import Estimate, contrasts, estimate
from dashboard.evidence.panel import Panel

PERCENTS = np.arange(5, 98, 2.5)  # 5th to 97.5th


def gaps(panels: Sequence[Panel]) -> list[Estimate]:
    """Return the estimate on logs of each percentile's panel."""
    whole = [panel.complete()[0] for panel in panels]
    return [estimate(np.log(panel.outcome), *contrasts(panel)) for panel in whole]


def change_over(limit: float, observed: np.ndarray, b: np.ndarray, half: np.ndarray, percents: np.ndarray = PERCENTS) -> Range:
    """Return the change of the share over a limit, in points: observed minus without the pilot; below 0 means fewer long visits.

    `observed` are the quantiles of the pilot's visits since the start, all days together; `b` and `half` the gap and its margin at each percentile.
    """
    over = share_over(limit, observed, percents)
    low, best, high = (over - share_over(limit, observed * np.exp(-(b + side * half)), percents) for side in (-1, 0, 1))
    return Range(100 * min(low, high), 100 * best, 100 * max(low, high))


def share_over(limit: float, quantiles: np.ndarray, percents: np.ndarray = PERCENTS) -> float:
    """Return the share over a limit of a curve of quantiles, in 0..1, by lines between them; beyond its ends the last slope goes on, within 0..1."""
    curve = np.maximum.accumulate(quantiles)
    if curve[0] < limit < curve[-1]:
        below = np.interp(limit, curve, percents)
    else:
        near, far = (0, 1) if limit <= curve[0] else (-1, -2)
        rise = (percents[near] - percents[far]) / (curve[near] - curve[far]) if curve[near] != curve[far] else 0.0
        below = percents[near] + (limit - curve[near]) * rise
    return float(1 - np.clip(below, 0, 100) / 100)
