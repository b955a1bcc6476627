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


def gaps(panels: Sequence[Panel]) -> list[tuple[Estimate, float]]:
    """Return (estimate on logs, pilot level since the start) of each percentile's panel."""
    made = []
    for panel in panels:
        whole, _ = panel.complete()
        c, p = contrasts(whole)
        since = np.where(p > 0, p, 0)
        made.append((estimate(np.log(whole.outcome), c, p), float(np.maximum(c, 0) @ whole.outcome @ since)))
    return made


def change_over(limit: float, curve: Sequence[tuple[Estimate, float]], percents: np.ndarray = PERCENTS, alpha: float = 0.05) -> Range:
    """Return the change of the share over a limit, in points: observed minus without the pilot; below 0 means fewer long visits."""
    observed = np.array([level for _, level in curve])
    b, half = (np.array([float(value) for value in values]) for values in zip(*((each.b, each.half(alpha)) for each, _ in curve), strict=True))
    over = share_over(limit, observed, percents)
    ends = [over - share_over(limit, observed * np.exp(-(b + side * half)), percents) for side in (-1, 0, 1)]
    return Range(100 * min(ends), 100 * ends[1], 100 * max(ends))


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
