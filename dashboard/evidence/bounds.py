"""What the pilot may do on every unit, where units share service points: bounds that need no comparison to stay untouched. Arrays in, numbers out.

If relief is felt in proportion to the share f of visits that have the pilot, then with d gained by pilot units alone and s by all units once all have it:
pilot units change by d + s * f, comparison units by s * f, the gap shows d, the whole port changes by f * (d + s), and d + s is what the pilot does on every unit.
So the truth lies at the gap where nothing spills over, and at *the whole port's change over f* where every common change came from the pilot.
"""

from __future__ import annotations

import numpy as np

from dashboard.evidence.estimate import ar_noise, block_labels, block_means, lengths_of, period_contrast, t_quantile
from dashboard.evidence.panel import Panel


def everywhere(panel: Panel, y: np.ndarray, alpha: float = 0.05) -> tuple[float, float, float] | None:
    """Return (low, best, high) of the whole port's change since the start over the pilot's share of visits, on the scale of y; None where noise cannot be read.

    Noise is that of the port's own periods, read by 28-day blocks and as AR(1); the wider counts. Ships, season and weather are all in it.
    """
    treated, after = panel.treated, panel.after
    visits = panel.weight[:, after].sum(axis=1) if panel.is_weighted else np.ones(len(panel.units))
    shares = visits / visits.sum()
    p = period_contrast(after, panel.weight.sum(axis=0) if panel.is_weighted else None)
    z = (shares @ y / shares[treated].sum())[None]
    halves = [float(days.half(alpha))] if (days := ar_noise(z, np.ones(1), p)) is not None else []
    labels, before = block_labels(int((~after).sum()), int(after.sum()), lengths_of(panel)[0])
    blocks, contrast = block_means(z, p, labels)
    df = len(contrast) - 2
    if df >= 1:
        sides = np.arange(len(contrast)) >= before
        squares = sum(((side - side.mean()) ** 2).sum() for side in (blocks[0, ~sides], blocks[0, sides]))
        halves.append(float(t_quantile(1 - alpha / 2, df) * np.sqrt(squares / df * (contrast**2).sum())))
    best = float(z[0] @ p)
    return (best - max(halves), best, best + max(halves)) if halves else None
