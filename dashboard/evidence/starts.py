"""The checks of several start dates: those of one start, made for each group of units that starts together, then averaged by its share. Arrays in, numbers out.

Times count from each unit's own start. Where groups are added up, their errors are added too, as if they always went together: they share comparison units.
"""

from __future__ import annotations

import numpy as np

from dashboard.evidence.diagnostics import (
    POWER,
    Block,
    Diagnostics,
    ar_rho,
    event_study,
    fake_pilots,
    grains,
    placebo,
    pre_trend,
    trend_length,
    trial_grid,
)
from dashboard.evidence.estimate import Estimate, block_noise, lengths_of, t_quantile
from dashboard.evidence.panel import Panel
from dashboard.evidence.staggered import Cohort, imputed_effect


def diagnose_starts(panel: Panel, y: np.ndarray, found: Estimate, parts: tuple[Cohort, ...], levels: np.ndarray | None = None) -> Diagnostics:
    """Run every check of several starts. `levels` are the outcomes when y holds their logs."""
    lengths, b, half = lengths_of(panel), float(found.b), float(found.half())
    slope, slope_p, missed = drift(parts, lengths[0], panel.period_days)
    gaps = trials(parts, *trial_grid(lengths[0], panel.period_days))
    level_gap = None if levels is None else imputed_effect(panel, levels)
    treated = np.arange(len(panel.periods)) >= panel.starts[:, None]
    seen = treated & np.isfinite(panel.outcome)
    observed = float(np.average(panel.outcome[seen], weights=panel.weight[seen] if panel.is_weighted else None))
    agree = None if level_gap is None or not np.isfinite(half) else bool(observed * (1 - np.exp(half - b)) <= level_gap <= observed * (1 - np.exp(-half - b)))
    widest, rhos = found.widest(), [(each.share, rho) for each in parts if (rho := ar_rho(each.y, each.c, each.p)) is not None]
    return Diagnostics(
        blocks(parts, lengths[0]), slope, slope_p, missed, tuple(gaps.tolist()), int((np.abs(gaps) >= abs(b)).sum()), float(np.quantile(np.abs(gaps), 0.9, method="higher")) if len(gaps) else None,
        left_out(panel, y), fakes(parts), level_gap, agree, noise_by_length(parts, grains(lengths)), sum(share * rho for share, rho in rhos) / sum(share for share, _ in rhos) if rhos else None,
        None if widest is None else half + float(t_quantile(POWER, widest.df) * widest.se), None if not np.isfinite(half) else max(0.0, abs(b) - half), float(np.abs(gaps).max()) if len(gaps) else None, True,
    )  # fmt: skip


def _before(part: Cohort) -> int:
    return int((part.p < 0).sum())


def blocks(parts: tuple[Cohort, ...], length: int) -> tuple[Block, ...]:
    """Return the event study in time since the own start, over the blocks that every group has; `first` and `last` are periods since it."""
    each = [(part, event_study(part.y, part.c, part.p, length)) for part in parts]
    ahead, since = (min(sum(block.is_after == is_after for block in study) for _, study in each) for is_after in (False, True))
    made = []
    for place in range(-ahead, since):
        here = [(part, study[sum(not block.is_after for block in study) + place]) for part, study in each]
        first, last = (round(sum(part.share * (at(block) - _before(part)) for part, block in here)) for at in (lambda block: block.first, lambda block: block.last))
        made.append(Block(first, last, sum(part.share * block.gap for part, block in here), sum(part.share * block.half for part, block in here), place >= 0))
    return tuple(made)


def drift(parts: tuple[Cohort, ...], length: int, period_days: int) -> tuple[float | None, float | None, float | None]:
    """Return (slope, p, drift missed) before the starts; p is that of the group that moved most, for as many groups as were looked at."""
    found = [(part.share, pre_trend(part.y[:, : _before(part)], part.c, trend_length(_before(part), length), period_days)) for part in parts]
    if any(slope is None for _, (slope, _, _) in found):
        return None, None, None
    return sum(share * slope for share, (slope, _, _) in found), min(1.0, len(found) * min(p for _, (_, p, _) in found)), sum(share * missed for share, (_, _, missed) in found)


def trials(parts: tuple[Cohort, ...], side: int, step: int) -> np.ndarray:
    """Return the gaps at trial dates as far before each group's own start, as many as the group with the shortest past has."""
    past = min(map(_before, parts))
    return sum(part.share * placebo(part.y[:, _before(part) - past :], part.c, part.p[_before(part) - past :], past, side, step) for part in parts)


def left_out(panel: Panel, y: np.ndarray) -> tuple[tuple[str, float], ...]:
    """Return (unit, imputed effect without it) for every unit whose arm keeps another; an effect that cannot be had without the unit counts as none."""
    made = []
    for index, unit in enumerate(panel.units):
        keep = np.arange(len(panel.units)) != index
        if (panel.treated == panel.treated[index])[keep].any():
            gap = imputed_effect(panel.only(keep), y[keep])
            made.append((unit, gap if np.isfinite(gap) else 0.0))
    return tuple(made)


def fakes(parts: tuple[Cohort, ...]) -> tuple[tuple[str, float], ...]:
    """Return (comparison unit, its gap against the other comparison units on the days of the starts)."""
    made: dict[str, float] = {}
    for part in parts:
        for unit, gap in fake_pilots(part.y, part.c > 0, part.p, np.abs(part.c), part.units):
            made[unit] = made.get(unit, 0.0) + part.share * gap
    return tuple(made.items())


def noise_by_length(parts: tuple[Cohort, ...], lengths: tuple[int, ...]) -> tuple[tuple[int, float], ...]:
    made = []
    for length in lengths:
        noises = [block_noise(part.y, part.c, part.p, length) for part in parts]
        if all(noises):
            made.append((length, float(sum(part.share * noise.se for part, noise in zip(parts, noises, strict=True)))))
    return tuple(made)
