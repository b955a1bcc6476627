"""What may be wrong with an estimate, each check one number: drift before the start, trial dates, one unit left out, both scales, noise at other grains.

All checks read the same panel, contrasts and definition as the estimate itself. Gaps are on the panel's scale (logs, or levels).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dashboard.evidence.estimate import (
    Estimate,
    ar_noise,
    block_labels,
    block_means,
    block_noise,
    block_residual,
    t_quantile,
    t_two_sided,
    unit_contrast,
)

PLACEBO_DAYS, PLACEBO_STEP = 28, 7  # days on either side of a trial date; one every week
PRETREND_FLAG = 0.10
LEAVE_OUT_SHARE = 0.40  # what must remain of the size when one unit is left out
POWER = 0.80


@dataclass(frozen=True)
class Block:
    """One block of the event study: the gap against the last block before the start, with its 95 % half-width (NaN where not readable)."""

    first: int
    last: int
    gap: float
    half: float
    is_after: bool


@dataclass(frozen=True)
class Diagnostics:
    """Every check of one panel with one start. Sizes are on the panel's scale; None where the data cannot say."""

    event_study: tuple[Block, ...]
    drift_per_100: float | None
    drift_p: float | None
    drift_missed_per_100: float | None
    placebo_gaps: tuple[float, ...]
    placebo_as_large: int
    placebo_p90: float | None
    left_out: tuple[tuple[str, float], ...]
    fake_pilots: tuple[tuple[str, float], ...]
    level_gap: float | None
    scales_agree: bool | None
    se_by_length: tuple[tuple[int, float], ...]
    rho: float | None
    mde: float | None
    erased_by: float | None
    largest_before: float | None
    from_own_start: bool = False  # several starts: the event study's periods count from each unit's own start, not from the first period

    @property
    def has_drift(self) -> bool:
        """The gap was already moving before the start (two-sided p under .10)."""
        return self.drift_p is not None and self.drift_p < PRETREND_FLAG


def diagnose(
    y: np.ndarray, c: np.ndarray, p: np.ndarray, shares: np.ndarray, units: tuple[str, ...], found: Estimate, lengths: tuple[int, int], levels: np.ndarray | None = None,
    period_days: int = 1,
) -> Diagnostics:  # fmt: skip
    """Run every check. y is (units, periods), `shares` the visits that weigh the units, `levels` the outcomes when y holds their logs.

    Drifts are per 100 days (`period_days` to a period); undated periods count as one day each.
    """
    treated, before = c > 0, int((p < 0).sum())
    b, half = float(found.b), float(found.half())
    slope, slope_p, missed = pre_trend(y[:, :before], c, trend_length(before, lengths[0]), period_days)
    gaps = placebo(y, c, p, before, *trial_grid(lengths[0], period_days))
    level_gap = None if levels is None else float(np.einsum("gt,g,t->", levels, c, p))
    implied = None if levels is None else float((np.where(treated, shares, 0) / shares[treated].sum()) @ (levels @ np.where(p > 0, p, 0)))
    agree = None if level_gap is None or not np.isfinite(half) else bool(implied * (1 - np.exp(half - b)) <= level_gap <= implied * (1 - np.exp(-half - b)))
    widest = found.widest()
    return Diagnostics(
        event_study(y, c, p, lengths[0]), slope, slope_p, missed, tuple(gaps.tolist()), int((np.abs(gaps) >= abs(b)).sum()),
        float(np.quantile(np.abs(gaps), 0.9, method="higher")) if len(gaps) else None, left_out(y, treated, p, shares, units), fake_pilots(y, treated, p, shares, units), level_gap, agree,
        tuple((length, float(each.se)) for length in grains(lengths) if (each := block_noise(y, c, p, length))), ar_rho(y, c, p),
        None if widest is None else half + float(t_quantile(POWER, widest.df) * widest.se), None if not np.isfinite(half) else max(0.0, abs(b) - half),
        float(np.abs(gaps).max()) if len(gaps) else None,
    )  # fmt: skip


def event_study(y: np.ndarray, c: np.ndarray, p: np.ndarray, length: int) -> tuple[Block, ...]:
    """Return the gap of each block against the last block before the start.

    Noise is what is left within each arm after unit and block effects of its own; with two units there is none, and the days' noise stands in.
    """
    before = int((p < 0).sum())
    labels, first_after = block_labels(before, len(p) - before, length)
    blocks, _ = block_means(y, p, labels)
    gaps = c @ blocks
    reference = first_after - 1
    df = (len(c) - 2) * (blocks.shape[1] - 1)
    if df >= 1:
        squares = sum(float((_plain(blocks[arm]) ** 2).sum()) for arm in (c > 0, c < 0))
        half = float(t_quantile(0.975, df)) * np.sqrt(squares / df * (c**2).sum() * 2)
    elif (days := ar_noise(y, c, p)) is not None:
        half = float(days.half(0.05)) / np.sqrt((p**2).sum()) * np.sqrt(2 / max(1, length))
    else:
        half = float("nan")
    return tuple(
        Block(int(np.flatnonzero(labels == block)[0]), int(np.flatnonzero(labels == block)[-1]), float(gaps[block] - gaps[reference]), 0.0 if block == reference else float(half), block >= first_after)
        for block in range(blocks.shape[1])
    )  # fmt: skip


def trial_grid(length: int, period_days: int = 1) -> tuple[int, int]:
    """Return (periods on either side of a trial date, periods from one to the next): four weeks and one, of undated periods two and one."""
    return (PLACEBO_DAYS // period_days, PLACEBO_STEP // period_days) if length > 1 else (2, 1)


def pre_trend(y: np.ndarray, c: np.ndarray, length: int, period_days: int = 1) -> tuple[float | None, float | None, float | None]:
    """Return (slope of the gap per 100 days, its p, the drift per 100 days this check would miss in one case of five) before the start."""
    count = int(y.shape[1] / length + 0.5)
    df = (len(c) - 1) * (count - 1) - 1
    if count < 3 or df < 1:
        return None, None, None
    labels = np.arange(y.shape[1]) * count // y.shape[1]
    hot = labels[:, None] == np.arange(count)
    blocks = y @ (hot / hot.sum(axis=0))
    at = (np.arange(y.shape[1]) @ (hot / hot.sum(axis=0))) * period_days / 100
    line = at - at.mean()
    weights = line / (line**2).sum()
    slope = float(c @ blocks @ weights)
    _, squares = block_residual(blocks, np.outer(c > 0, line))
    se = float(np.sqrt(squares / df * (c**2).sum() * (weights**2).sum()))
    if se == 0:
        return slope, 1.0 if slope == 0 else 0.0, 0.0
    return slope, float(t_two_sided(slope / se, df)), float(t_quantile(1 - PRETREND_FLAG / 2, df) + t_quantile(POWER, df)) * se


def placebo(y: np.ndarray, c: np.ndarray, p: np.ndarray, before: int, side: int = PLACEBO_DAYS, step: int = PLACEBO_STEP) -> np.ndarray:
    """Return the gaps at trial dates before the start: `side` days each way, every week; works on many panels at once."""
    dates = np.arange(side, before - side + 1, step)
    if not len(dates):
        return np.zeros((*y.shape[:-2], 0))
    weight = np.abs(p[:before])
    gap = np.einsum("...gt,g->...t", y[..., :before], c)
    zero = np.zeros((*gap.shape[:-1], 1))
    total, mass = np.concatenate([zero, (gap * weight).cumsum(axis=-1)], axis=-1), np.concatenate([[0], weight.cumsum()])
    since = (total[..., dates + side] - total[..., dates]) / (mass[dates + side] - mass[dates])
    return since - (total[..., dates] - total[..., dates - side]) / (mass[dates] - mass[dates - side])


def left_out(y: np.ndarray, treated: np.ndarray, p: np.ndarray, shares: np.ndarray, units: tuple[str, ...]) -> tuple[tuple[str, float], ...]:
    """Return (unit, gap without it) for every unit whose arm keeps another one."""
    changes, made = y @ p, []
    for index, unit in enumerate(units):
        if (treated == treated[index]).sum() > 1:
            keep = np.arange(len(units)) != index
            made.append((unit, float(changes[keep] @ unit_contrast(treated[keep], shares[keep]))))
    return tuple(made)


def fake_pilots(y: np.ndarray, treated: np.ndarray, p: np.ndarray, shares: np.ndarray, units: tuple[str, ...]) -> tuple[tuple[str, float], ...]:
    """Return (comparison unit, its gap against the other comparison units on the day of the start)."""
    rest = np.flatnonzero(~treated)
    changes = y @ p
    return tuple((units[index], float(changes[rest] @ unit_contrast(rest == index, shares[rest]))) for index in rest) if len(rest) > 1 else ()


def days_to_see(y: np.ndarray, c: np.ndarray, size: float, least: int = 28, period_days: int = 1) -> int | None:
    """Return the days after the start at which a change of `size` would be seen in four cases of five, from the noise of the days before; None if never.

    y holds the days before the start only. The long-run noise of the daily gap is taken from its AR(1).
    """
    before = y.shape[1]
    if before * period_days < 28:
        return None
    half = before // 2
    noise = ar_noise(y, c, np.where(np.arange(before) >= half, 1 / (before - half), -1 / half))
    if noise is None:
        return None
    long_run = float(noise.se) / np.sqrt(1 / half + 1 / (before - half))
    factor = float(t_quantile(0.975, noise.df) + t_quantile(POWER, noise.df))
    room = (size / (factor * long_run)) ** 2 - 1 / before if long_run > 0 else np.inf
    return None if room <= 0 else max(least, int(np.ceil(1 / room)) * period_days if np.isfinite(room) else least)


def _plain(table: np.ndarray) -> np.ndarray:
    return table - table.mean(axis=1, keepdims=True) - table.mean(axis=0, keepdims=True) + table.mean()


def grains(lengths: tuple[int, int]) -> tuple[int, ...]:
    return tuple(dict.fromkeys((max(1, lengths[0] // 2), *lengths)))


def trend_length(before: int, length: int) -> int:
    return length if before >= 3 * length or length == 1 else max(1, length // 2)


def ar_rho(y: np.ndarray, c: np.ndarray, p: np.ndarray) -> float | None:
    noise = ar_noise(y, c, p)
    if noise is None:
        return None
    total, df = len(p), float(noise.df)
    return float((total - df - 2) / (total + df + 2))
