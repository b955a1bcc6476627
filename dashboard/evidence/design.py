"""How long a next pilot must run to see a change of a given size, from the port's own noise. Arrays in, Designs out; nothing is read here.

    lanes = comparison("lanes", log_outcomes, shares, is_pilot, days_before=180)
    lanes.days(-np.log1p(-0.10))            # days after the start at which a change of 10 % is seen in four cases of five, or None
    lanes.sees(84)                          # smallest change, in logs, that is seen so after 84 days
"Seen" means that the standard 95 % interval leaves out zero at one end announced before (verdict.ALPHA): what a moderate verdict asks, in four cases of five
(diagnostics.POWER). Formulae: docs/pilot-evidence.md, "Planning a pilot". The noise is that of the days given; a calmer or rougher time changes it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dashboard.evidence.diagnostics import POWER
from dashboard.evidence.estimate import BLOCK_DAYS, RHO_LIMIT, t_quantile, unit_contrast
from dashboard.evidence.switchback import LEAST_PAIRS, days_of, pair_noise
from dashboard.evidence.verdict import ALPHA, LEAST_DAYS_AFTER, LEAST_DAYS_BEFORE

LONGEST_DAYS = 730  # a pilot that needs more is no plan
LOOK_DAYS = (28, 84, 182)


@dataclass(frozen=True, eq=False)
class Design:
    """One way to run a pilot: `lengths` in days after the start, and the smallest change (log points) seen after each in four cases of five, never growing."""

    code: str
    lengths: np.ndarray
    smallest: np.ndarray

    def days(self, size: float) -> int | None:
        """Return the days needed for a change of `size` log points; None where LONGEST_DAYS would not do."""
        found = np.flatnonzero(self.smallest <= size)
        return int(self.lengths[found[0]]) if len(found) else None

    def sees(self, days: int) -> float | None:
        """Return the smallest change in log points that is seen after so many days; None before the first length."""
        place = int(np.searchsorted(self.lengths, days, side="right")) - 1
        return float(self.smallest[place]) if place >= 0 and np.isfinite(self.smallest[place]) else None


@dataclass(frozen=True)
class UnitNoise:
    """The noise of one unit's log daily figure around what all units share: standard deviation a day at long range (two readings), and rho of day to day."""

    by_days: float
    by_blocks: float | None
    rho: float
    days: int


def unit_noise(y: np.ndarray, regimes: np.ndarray | None = None) -> UnitNoise | None:
    """Read the noise from log daily figures (units, days). `regimes` numbers the days between known changes of the units themselves (a pilot's start), which are no noise.

    By days: pooled AR(1) with the correction of estimate.ar_noise. By blocks: four-week means, where at least two fit. None with under two units or LEAST_DAYS_BEFORE days.
    """
    units, days = y.shape
    if units < 2 or days < LEAST_DAYS_BEFORE:
        return None
    regimes = np.zeros(days, int) if regimes is None else regimes
    rest = y - y.mean(axis=0)
    for regime in np.unique(regimes):
        rest[:, regimes == regime] -= rest[:, regimes == regime].mean(axis=1, keepdims=True)
    spent = len(np.unique(regimes))
    variance = float((rest**2).sum()) / ((units - 1) * (days - spent))
    rho = float((rest[:, 1:] * rest[:, :-1]).sum() / max((rest**2).sum(), 1e-300))
    rho = float(np.clip(rho + (2 + 4 * rho) / days, 0, RHO_LIMIT))
    return UnitNoise(float(np.sqrt(variance * (1 + rho) / (1 - rho))), _by_blocks(rest, regimes), rho, days)


def _by_blocks(rest: np.ndarray, regimes: np.ndarray) -> float | None:
    """Return the long-run standard deviation a day from means of blocks of about four weeks within each regime."""
    squares, df = 0.0, 0
    for regime in np.unique(regimes):
        part = rest[:, regimes == regime]
        count = int(part.shape[1] / BLOCK_DAYS[0] + 0.5)
        if count < 2:
            continue
        labels = np.arange(part.shape[1]) * count // part.shape[1]
        hot = (labels[:, None] == np.arange(count)).astype(float)
        means = part @ hot / hot.sum(axis=0)
        squares += float((means**2).sum()) * part.shape[1] / count
        df += (rest.shape[0] - 1) * (count - 1)
    return float(np.sqrt(squares / df)) if df else None


def comparison(code: str, noise: UnitNoise, shares: np.ndarray, is_pilot: np.ndarray, days_before: int) -> Design:
    """Return the design of some units against others over the same days.

    SE = long-run sd a day x sqrt(sum c^2 x (1/before + 1/after)), c of estimate.unit_contrast; the smallest change seen is (t_.975 + t_.8) SE for the wider of both readings, each
    with the degrees of freedom the estimate will have. Without LEAST_DAYS_BEFORE days before there is nothing to see.
    """
    lengths = np.arange(LEAST_DAYS_AFTER, LONGEST_DAYS + 1)
    if days_before < LEAST_DAYS_BEFORE:
        return Design(code, lengths, np.full(len(lengths), np.inf))
    c = unit_contrast(is_pilot, shares)
    spread = np.sqrt((c**2).sum() * (1 / days_before + 1 / lengths))
    by_days = _factor(np.maximum((days_before + lengths) * (1 - noise.rho) / (1 + noise.rho) - 2, 1.0)) * noise.by_days
    length = np.minimum(BLOCK_DAYS[0], lengths)
    blocks = np.maximum(1, (days_before / length + 0.5).astype(int)) + np.maximum(1, (lengths / length + 0.5).astype(int))
    by_blocks = _factor(np.maximum((len(c) - 1) * (blocks - 1) - 1, 1).astype(float)) * (noise.by_days if noise.by_blocks is None else noise.by_blocks)
    return Design(code, lengths, np.minimum.accumulate(np.maximum(by_days, by_blocks) * spread))


def switchback(code: str, y: np.ndarray, block_days: int) -> Design | None:
    """Return the design of alternating blocks from the port's log daily figures y (days), known changes taken out; None where too few days were measured."""
    sd = pair_noise(y, block_days) if len(y) >= LEAST_DAYS_BEFORE else None
    if sd is None:
        return None
    pairs = np.arange(LEAST_PAIRS, LONGEST_DAYS + 1)
    lengths = np.array([days_of(int(each), block_days) for each in pairs])
    whole = (lengths <= LONGEST_DAYS) & (lengths >= LEAST_DAYS_AFTER) & ((pairs % 7 == 0) | (block_days > 1))
    pairs, lengths = pairs[whole], lengths[whole]
    return Design(code, lengths, np.minimum.accumulate(_factor(pairs - 1.0) * sd / np.sqrt(pairs)))


def _factor(df: np.ndarray) -> np.ndarray:
    return t_quantile(1 - ALPHA / 2, df) + t_quantile(POWER, df)
