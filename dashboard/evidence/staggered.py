"""Several start dates (imputation) and many units (jackknife). Arrays and panels in, numbers out.

Imputation: fit unit and period effects on untreated cells only, fill in what the treated cells would have been, average the differences. No
treated cell is ever a comparison, so that early units cannot bias late ones. (Borusyak, Jaravel and Spiess, 2024.)
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from dashboard.evidence.estimate import Estimate, Noise, contrasts, estimate, lengths_of
from dashboard.evidence.panel import NEVER, Panel

LEAST_UNITS, LEAST_PILOTS = 8, 4  # below this a jackknife over units says nothing


@dataclass(frozen=True)
class Cohort:
    """The units that start together, held against units not treated in the same periods. y, c and p are its own part of the panel, c and p as for one start."""

    start: int
    share: float
    estimate: Estimate
    units: tuple[str, ...]
    y: np.ndarray
    c: np.ndarray
    p: np.ndarray


def two_way(y: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (unit effects, period effects) of weighted least squares; an effect no cell with weight speaks of is NaN.

    The longer of the two sides is absorbed, the shorter solved for; a part no comparison links to the rest takes the least-norm solution.
    """
    y = np.where(weight > 0, y, 0.0)
    if y.shape[1] > y.shape[0]:
        period, unit = two_way(y.T, weight.T)
        return unit, period
    per_unit, per_period = weight.sum(axis=1), weight.sum(axis=0)
    share = np.divide(weight, per_unit[:, None], out=np.zeros_like(weight), where=per_unit[:, None] > 0)
    left = np.diag(per_period) - weight.T @ share
    right = (weight * y).sum(axis=0) - share.T @ (weight * y).sum(axis=1)
    period = np.linalg.lstsq(left, right, rcond=1e-11)[0]
    unit = (share * (y - period)).sum(axis=1)
    return np.where(per_unit > 0, unit, np.nan), np.where(per_period > 0, period, np.nan)


def impute(y: np.ndarray, weight: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Return y minus what it would have been, for treated cells; NaN elsewhere and where nothing untreated speaks of the unit or the period."""
    treated = np.arange(y.shape[1]) >= starts[:, None]
    unit, period = two_way(y, np.where(treated | ~np.isfinite(y), 0.0, weight))
    return np.where(treated & (weight > 0), y - unit[:, None] - period[None, :], np.nan)


def imputed_effect(panel: Panel, y: np.ndarray) -> float:
    """Return the average effect over treated cells, by visits where the panel has them. The fit itself weighs every cell alike."""
    seen = np.isfinite(y).astype(float)
    effects = impute(y, seen, panel.starts)
    known = np.isfinite(effects)
    return float(np.average(effects[known], weights=(panel.weight if panel.is_weighted else seen)[known])) if known.any() else float("nan")


def cohorts(panel: Panel, y: np.ndarray) -> tuple[Cohort, ...]:
    """Return each start's own estimate. Comparison: units never treated; where there are none, those that start last, up to that day."""
    never, last = panel.starts == NEVER, panel.starts.max()
    made = []
    for start in panel.cohorts:
        mine = panel.starts == start
        others, end = (never, len(panel.periods)) if never.any() else (panel.starts == last, int(last))
        if start >= end:
            continue
        window = np.arange(len(panel.periods)) < end
        whole = window & np.isfinite(y[mine | others]).all(axis=0)
        if not whole[:start].any() or not whole[start:].any():
            continue
        part = panel.only(mine | others, whole)
        c, p = contrasts(part)
        share = (panel.weight[mine][:, start:]).sum() if panel.is_weighted else float(mine.sum() * (len(panel.periods) - start))
        values = y[np.ix_(mine | others, whole)]
        made.append(Cohort(start, share, estimate(values, c, p, lengths_of(panel)), part.units, values, c, p))
    total = sum(each.share for each in made)
    return tuple(replace(each, share=each.share / total) for each in made)


def staggered(panel: Panel, y: np.ndarray) -> tuple[Estimate, tuple[Cohort, ...]]:
    """Return the imputation estimate with a noise that holds however the cohorts' errors go together: the shares' sum of their standard errors.

    Cohorts share comparison units, so that their errors are not independent; adding standard errors, not variances, assumes the worst.
    """
    parts = cohorts(panel, y)
    readable = bool(parts) and all(part.estimate.noises for part in parts)
    noises = tuple(
        Noise(f"cohorts_{cautious}", np.float64(sum(part.share * _se(part.estimate, cautious) for part in parts)),
              np.float64(min(float(noise.df) for part in parts for noise in part.estimate.noises if cautious == "cautious" or not noise.is_slow)), cautious == "cautious")
        for cautious in ("standard", "cautious") if readable and all(any(not noise.is_slow for noise in part.estimate.noises) for part in parts)
    )  # fmt: skip
    return Estimate(np.float64(imputed_effect(panel, y)), noises), parts


def _se(each: Estimate, cautious: str) -> float:
    """Return the standard error whose t interval, with the fewest degrees of freedom among the readings, is at least the widest one."""
    noises = [noise for noise in each.noises if cautious == "cautious" or not noise.is_slow]
    return max(float(noise.se) for noise in noises)


def jackknife(y: np.ndarray, weight: np.ndarray, treated: np.ndarray, after: np.ndarray) -> Estimate:
    """Return the two-way weighted estimate of many units (transporters) with its error by leaving each unit out; Welch degrees of freedom.

    Periods are gate-days, so that pilot and comparison transporters meet in the same place on the same day. Needs LEAST_UNITS units and
    LEAST_PILOTS on each side; otherwise the estimate comes without noise.
    """
    return jackknifed(y, weight, treated, after)[0]


def jackknifed(y: np.ndarray, weight: np.ndarray, treated: np.ndarray, when: np.ndarray) -> tuple[Estimate, np.ndarray]:
    """Return (estimate, the estimate without each unit; empty where units are too few). `when` is 1 since the start, or any shape in time (a drift)."""
    weight = np.where(np.isfinite(y), weight, 0.0)
    b = np.float64(two_way_effect(y, weight, treated, when))
    if len(y) < LEAST_UNITS or min(treated.sum(), (~treated).sum()) < LEAST_PILOTS:
        return Estimate(b), np.zeros(0)
    keep = ~np.eye(len(y), dtype=bool)
    left = np.array([two_way_effect(y[each], weight[each], treated[each], when) for each in keep])
    arms = [left[arm] for arm in (treated, ~treated)]
    variances = [(len(arm) - 1) / len(arm) * float(((arm - arm.mean()) ** 2).sum()) for arm in arms]
    total = sum(variances)
    df = total**2 / sum(v**2 / (len(arm) - 1) for v, arm in zip(variances, arms, strict=True)) if total > 0 else float(len(y) - 2)
    return Estimate(b, (Noise("jackknife", np.float64(np.sqrt(total)), np.float64(df)),)), left


def two_way_effect(y: np.ndarray, weight: np.ndarray, treated: np.ndarray, when: np.ndarray) -> float:
    """Return the coefficient of pilot x when, unit and period effects taken out of both sides; NaN where nothing varies."""
    shape = np.outer(treated, when).astype(float)
    rest = []
    for values in (y, shape):
        unit, period = two_way(values, weight)
        rest.append(np.where(weight > 0, np.where(weight > 0, values, 0) - np.nan_to_num(unit)[:, None] - np.nan_to_num(period)[None, :], 0.0))
    under = float((weight * rest[1] ** 2).sum())
    return float((weight * rest[0] * rest[1]).sum()) / under if under > 1e-12 * max(1.0, float(weight.sum())) else float("nan")
