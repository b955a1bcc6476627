"""The gap before and after against comparison units, and how far it may be off. Arrays in, arrays out; every function takes many panels at once.

y is (..., units, periods). One definition everywhere (docs/pilot-evidence.md):
  b = sum over units and periods of c * p * y, with c the unit contrast (pilot shares, minus comparison shares) and p the period contrast.
  Noise is read three ways, and the widest counts: residuals of blocks of 28 days, of blocks of 56 days, and days whose noise carries over (AR(1)).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from dashboard.evidence.panel import Panel
from etl.errors import InputError

BLOCK_DAYS = (28, 56)  # four weeks hold every weekday alike; eight show slower noise
LEAST_DF = 3  # a 56-day reading with fewer degrees of freedom says nothing
RHO_LIMIT = 0.985
LEAST_PERIODS_FOR_AR = 20


def t_quantile(probability: float, df: np.ndarray | float) -> np.ndarray:
    """Return Student's t quantile. scipy.special loads in a fraction of scipy.stats and gives the same digits."""
    from scipy.special import stdtrit

    return stdtrit(np.asarray(df, dtype=float), probability)


def t_two_sided(t: np.ndarray | float, df: np.ndarray | float) -> np.ndarray:
    """Return the two-sided tail probability of |t|."""
    from scipy.special import stdtr

    return 2 * stdtr(np.asarray(df, dtype=float), -np.abs(t))


@dataclass(frozen=True)
class Noise:
    """One reading of the noise: a standard error of b and its degrees of freedom. `is_slow` belongs to the cautious interval only."""

    name: str
    se: np.ndarray
    df: np.ndarray
    is_slow: bool = False

    def half(self, alpha: float) -> np.ndarray:
        return t_quantile(1 - alpha / 2, self.df) * self.se


@dataclass(frozen=True)
class Estimate:
    """b with its readings of noise, for one panel or many at once."""

    b: np.ndarray
    noises: tuple[Noise, ...] = field(default=())

    def half(self, alpha: float = 0.05, cautious: bool = True) -> np.ndarray:
        """Return the half-width: the widest reading; the standard one leaves the slow readings out. NaN where no reading is possible."""
        halves = [noise.half(alpha) for noise in self.noises if cautious or not noise.is_slow]
        return np.max(halves, axis=0) if halves else np.full(np.shape(self.b), np.nan)

    def p(self, cautious: bool = True) -> np.ndarray:
        """Return the two-sided tail of b under no change: the largest of the readings. For Holm and tests; no screen shows it."""
        return np.max([t_two_sided(self.b / noise.se, noise.df) for noise in self.noises if cautious or not noise.is_slow], axis=0)

    def widest(self) -> Noise | None:
        """Return the reading that gives the cautious interval (of one panel)."""
        return max(self.noises, key=lambda noise: float(noise.half(0.05)), default=None)


def unit_contrast(treated: np.ndarray, shares: np.ndarray | None = None) -> np.ndarray:
    """Return c: shares of the pilot units, summing to 1, and minus shares of the comparison units, summing to -1."""
    shares = np.ones(len(treated)) if shares is None else np.asarray(shares, dtype=float)
    return np.where(treated, shares / shares[treated].sum(), -shares / shares[~treated].sum())


def period_contrast(after: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Return p: weights since the start, summing to 1, and minus those before, summing to -1."""
    weights = np.ones(len(after)) if weights is None else np.asarray(weights, dtype=float)
    return np.where(after, weights / weights[after].sum(), -weights / weights[~after].sum())


def contrasts(panel: Panel) -> tuple[np.ndarray, np.ndarray]:
    """Return (c, p) of a panel with one start: visits since the start weigh the units, the pilot's visits weigh the days."""
    treated, after = panel.treated, panel.after
    if not panel.is_weighted:
        return unit_contrast(treated), period_contrast(after)
    return unit_contrast(treated, panel.weight[:, after].sum(axis=1)), period_contrast(after, panel.weight[treated].sum(axis=0))


def block_labels(n_before: int, n_after: int, length: int) -> tuple[np.ndarray, int]:
    """Return (block of each period, blocks before). Each side splits into round(periods / length) equal blocks; none longer than the shorter side."""
    length = min(length, n_before, n_after)
    before, after = (max(1, int(n / length + 0.5)) for n in (n_before, n_after))
    return np.concatenate([np.arange(n_before) * before // n_before, before + np.arange(n_after) * after // n_after]), before


def block_means(y: np.ndarray, p: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (block means weighted like p, the contrast of the blocks)."""
    hot = labels[:, None] == np.arange(labels[-1] + 1)
    mass = np.abs(p)[:, None] * hot
    return y @ (mass / mass.sum(axis=0)), p @ hot


def block_residual(blocks: np.ndarray, regressor: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (coefficient, residual sum of squares) of OLS y ~ regressor + unit + block on a full units x blocks table."""
    plain, shape = _demean(blocks), _demean(regressor)
    beta = (plain * shape).sum(axis=(-2, -1)) / (shape**2).sum()
    return beta, ((plain - beta[..., None, None] * shape) ** 2).sum(axis=(-2, -1))


def _demean(table: np.ndarray) -> np.ndarray:
    return table - table.mean(axis=-1, keepdims=True) - table.mean(axis=-2, keepdims=True) + table.mean(axis=(-2, -1), keepdims=True)


def block_noise(y: np.ndarray, c: np.ndarray, p: np.ndarray, length: int, is_slow: bool = False) -> Noise | None:
    """Read the noise from blocks: SE = s * sqrt(sum c^2 * sum p^2), t with (units - 1)(blocks - 1) - 1; None where nothing is left to read it from."""
    before = int((p < 0).sum())
    labels, first_after = block_labels(before, len(p) - before, length)
    blocks, contrast = block_means(y, p, labels)
    df = (len(c) - 1) * (len(contrast) - 1) - 1
    if df < 1:
        return None
    _, squares = block_residual(blocks, np.outer(c > 0, np.arange(len(contrast)) >= first_after).astype(float))
    se = np.sqrt(squares / df * (c**2).sum() * (contrast**2).sum())
    return Noise(f"blocks_{length}", se, np.full(np.shape(se), float(df)), is_slow)


def ar_noise(y: np.ndarray, c: np.ndarray, p: np.ndarray) -> Noise | None:
    """Read the noise from days, each carrying over a share rho to the next: SE * sqrt((1 + rho) / (1 - rho)), df = T (1 - rho) / (1 + rho) - 2."""
    total = len(p)
    if total < LEAST_PERIODS_FOR_AR:
        return None
    gap = np.einsum("...gt,g->...t", y, c)
    for side in (p > 0, p < 0):
        gap[..., side] -= (gap[..., side] @ np.abs(p[side]))[..., None]
    squares = (gap**2).sum(axis=-1)
    rho = np.divide((gap[..., 1:] * gap[..., :-1]).sum(axis=-1), squares, out=np.zeros_like(squares), where=squares > 0)
    rho = np.clip(rho + (2 + 4 * rho) / total, 0, RHO_LIMIT)
    se = np.sqrt(squares / (total - 2) * (p**2).sum() * (1 + rho) / (1 - rho))
    return Noise("ar1", se, np.maximum(total * (1 - rho) / (1 + rho) - 2, 1.0))


def estimate(y: np.ndarray, c: np.ndarray, p: np.ndarray, lengths: tuple[int, int] = BLOCK_DAYS) -> Estimate:
    """Return b and its noise. Periods before come first (p < 0). `lengths` are the short and the long block, in periods."""
    before = int((p < 0).sum())
    readings = [block_noise(y, c, p, lengths[0]), ar_noise(y, c, p)]
    long = block_noise(y, c, p, lengths[1], is_slow=True)
    if long is not None and np.min(long.df) >= LEAST_DF:
        readings.append(long)
    if len(c) == 3:  # three units leave the block residuals few directions: the coarsest split must agree
        readings.append(block_noise(y, c, p, min(before, len(p) - before), is_slow=True))
    return Estimate(np.einsum("...gt,g,t->...", y, c, p), tuple(each for each in readings if each is not None))


def lengths_of(panel: Panel) -> tuple[int, int]:
    """Return block lengths in periods: 28 and 56 days; a panel of other periods has one period a block, and two."""
    return (BLOCK_DAYS[0] // panel.period_days, BLOCK_DAYS[1] // panel.period_days) if panel.is_daily else (1, 2)


def on_scale(panel: Panel, scale: str) -> np.ndarray:
    """Return outcomes as logs or as they are. Raises InputError for a log of nothing."""
    if scale == "level":
        return panel.outcome
    if (panel.outcome <= 0).any():
        raise InputError("outcome", f"{np.nanmin(panel.outcome):g} has no logarithm: changes in % need outcomes above 0", "", "Use --scale level")
    return np.log(panel.outcome)


def minutes(b: np.ndarray | float, observed_after: float) -> np.ndarray | float:
    """Return the change in the outcome's own unit that a log gap of b means where `observed_after` was seen: below 0 is time saved."""
    return observed_after * (1 - np.exp(-np.asarray(b)))


def holm(tails: np.ndarray, alpha: float = 0.05) -> np.ndarray:
    """Return which of several subgroups (last axis) stand out when all were looked at: Holm's step-down rule."""
    order = np.argsort(tails, axis=-1)
    count = tails.shape[-1]
    passed = np.logical_and.accumulate(np.take_along_axis(tails, order, axis=-1) <= alpha / (count - np.arange(count)), axis=-1)
    made = np.zeros(tails.shape, bool)
    np.put_along_axis(made, order, passed, axis=-1)
    return made
