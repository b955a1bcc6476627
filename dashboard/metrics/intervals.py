"""Intervals for shares, Wilson's, vectorised; and for a mean. (Quantile limits are order statistics, made in SQL.) No data access."""

from __future__ import annotations

import math

import numpy as np

Z95 = 1.959964


def wilson(hits: float, n: int, z: float = Z95) -> tuple[float, float] | None:
    """Return the Wilson score interval of hits out of n, both limits in 0 to 1; None when n is 0.

    It treats rows as independent; visits of one day share its shocks, so the true interval is somewhat wider.
    """
    if n <= 0:
        return None
    p, z2 = hits / n, z * z
    middle, half = (p + z2 / (2 * n)) / (1 + z2 / n), z * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return max(0.0, min(middle - half, p)), min(1.0, max(middle + half, p))


def of_mean(mean: float | None, sd: float | None, n: int, z: float = Z95) -> tuple[float, float] | None:
    """Return the limits of a mean of n rows with this sample standard deviation, by the normal distribution; None under 30 rows, where a skewed time is not near it.

    It treats rows as independent, as Wilson's does.
    """
    if mean is None or sd is None or n < 30:
        return None
    half = z * sd / math.sqrt(n)
    return mean - half, mean + half


def wilson_limits(shares: np.ndarray, n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return both limits for shares and their counts, NaN where n is 0 or the share is not known. By numpy: the same as Polars expressions cost 1 ms a question."""
    count, z2 = np.where(n > 0, n, np.nan), Z95 * Z95
    middle = (shares + z2 / (2 * count)) / (1 + z2 / count)
    half = Z95 * np.sqrt(shares * (1 - shares) / count + z2 / (4 * count * count)) / (1 + z2 / count)
    # At a share of 1 the upper limit is 1; a double once made it 1 - 1e-16, and the share stood outside its own interval.
    return np.minimum(np.clip(middle - half, 0, 1), shares), np.maximum(np.clip(middle + half, 0, 1), shares)
