"""Transporters as units: pilot and comparison compared within gate-days, errors by leaving each transporter out. Panels in, numbers out.

Many units that each come now and then: a day without one of them is usual, so that no day is dropped, and a gate's bad day is shared by all who met it.
"""

from __future__ import annotations

import numpy as np

from dashboard.evidence.diagnostics import (
    PLACEBO_DAYS,
    PLACEBO_STEP,
    POWER,
    PRETREND_FLAG,
    Block,
    Diagnostics,
)
from dashboard.evidence.estimate import BLOCK_DAYS, Estimate, block_labels, t_quantile, t_two_sided
from dashboard.evidence.panel import Panel
from dashboard.evidence.staggered import LEAST_PILOTS, LEAST_UNITS, jackknifed, two_way_effect
from dashboard.evidence.verdict import Reason


def lacking(panel: Panel, statistic: str) -> tuple[Reason, ...]:
    """Return why these transporters give no number, beyond what holds for every panel."""
    treated = panel.treated
    least = min(int(treated.sum()), int((~treated).sum()))
    if len(panel.cohorts) > 1:
        return (Reason("carriers_one_start"),)
    if statistic != "mean":
        return (Reason("carriers_mean_only"),)
    if len(panel.units) < LEAST_UNITS or least < LEAST_PILOTS:
        return (Reason("few_carriers", {"units": len(panel.units), "side": least, "least": LEAST_UNITS, "least_side": LEAST_PILOTS}),)
    return ()


def within(panel: Panel, scale: str) -> tuple[Estimate, Diagnostics]:
    """Return the estimate of a panel that has `within`, one start and enough transporters, and its checks."""
    places, treated, start = panel.within, panel.treated, min(panel.cohorts)
    y, weight, day = np.log(places.outcome) if scale == "log" else places.outcome, places.weight, places.period
    after = day >= start
    found, left = jackknifed(y, weight, treated, after)
    b, half, widest = float(found.b), float(found.half()), found.widest()
    slope, slope_p, missed = _drift(y[:, ~after], weight[:, ~after], treated, day[~after])
    gaps = _trials(y, weight, treated, day, start)
    level_gap = two_way_effect(places.outcome, np.where(np.isfinite(y), weight, 0.0), treated, after) if scale == "log" else None
    observed = float(np.nansum((places.outcome * weight)[treated][:, after]) / weight[treated][:, after].sum())
    agree = None if level_gap is None else bool(observed * (1 - np.exp(half - b)) <= level_gap <= observed * (1 - np.exp(-half - b)))
    return found, Diagnostics(
        _blocks(y, weight, treated, day, start, len(panel.periods)), slope, slope_p, missed, tuple(gaps.tolist()), int((np.abs(gaps) >= abs(b)).sum()),
        float(np.quantile(np.abs(gaps), 0.9, method="higher")) if len(gaps) else None, tuple(zip(panel.units, left.tolist(), strict=True)), (), level_gap, agree, (), None,
        half + float(t_quantile(POWER, widest.df) * widest.se), max(0.0, abs(b) - half), float(np.abs(gaps).max()) if len(gaps) else None,
    )  # fmt: skip


def _drift(y: np.ndarray, weight: np.ndarray, treated: np.ndarray, day: np.ndarray) -> tuple[float | None, float | None, float | None]:
    """Return (slope of the gap per 100 days before the start, its p, the drift this check would miss in one case of five)."""
    found, _ = jackknifed(y, weight, treated, day / 100)
    if not found.noises or not np.isfinite(found.b):
        return None, None, None
    se, df = float(found.noises[0].se), float(found.noises[0].df)
    if se == 0:
        return float(found.b), 1.0 if found.b == 0 else 0.0, 0.0
    return float(found.b), float(t_two_sided(found.b / se, df)), float(t_quantile(1 - PRETREND_FLAG / 2, df) + t_quantile(POWER, df)) * se


def _trials(y: np.ndarray, weight: np.ndarray, treated: np.ndarray, day: np.ndarray, start: int) -> np.ndarray:
    weight, made = np.where(np.isfinite(y), weight, 0.0), []
    for date in range(PLACEBO_DAYS, start - PLACEBO_DAYS + 1, PLACEBO_STEP):
        here = (day >= date - PLACEBO_DAYS) & (day < date + PLACEBO_DAYS)
        made.append(two_way_effect(y[:, here], weight[:, here], treated, day[here] >= date))
    gaps = np.array(made)
    return gaps[np.isfinite(gaps)]


def _blocks(y: np.ndarray, weight: np.ndarray, treated: np.ndarray, day: np.ndarray, start: int, days: int) -> tuple[Block, ...]:
    """Return the event study: each block of 28 days against the last one before the start."""
    labels, first_after = block_labels(start, days - start, BLOCK_DAYS[0])
    of, made = labels[day], []
    for block in range(int(labels[-1]) + 1):
        ends, gap, half = np.flatnonzero(labels == block)[[0, -1]], 0.0, 0.0
        if block != first_after - 1:
            here = (of == block) | (of == first_after - 1)
            found, _ = jackknifed(y[:, here], weight[:, here], treated, of[here] == block)
            gap, half = float(found.b), float(found.half())
        made.append(Block(int(ends[0]), int(ends[1]), gap, half, block >= first_after))
    return tuple(made)
