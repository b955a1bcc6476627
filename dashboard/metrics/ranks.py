"""Percentiles with their order-statistic 95 % limits, read from gathered values. Lists in, columns out; no SQL, no data access.

The limits are values of exact rank and need the whole order of a group's values. DuckDB gathers a list in 9 ms where sorting it there costs
28 ms (215,000 visits); numpy sorts the same values in 2 ms. The SQL shown to readers sorts in SQL and gives the same figures (tests hold both).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import polars as pl

Z95 = 1.959964


def columns(lists: pl.Series, wanted: Sequence[tuple[str, float]]) -> list[pl.Series]:
    """Return code, code__n, code__low, code__high of every (code, p) wanted; `lists` holds the known values of one group a row, or null."""
    groups = [np.sort(group.to_numpy()) if group is not None else np.empty(0) for group in lists]
    found = []
    for code, p in wanted:
        rows = [_rank(group, p) for group in groups]
        found.append(pl.Series(code, [row[0] for row in rows], dtype=pl.Float64))
        found.append(pl.Series(f"{code}__n", [len(group) for group in groups], dtype=pl.Int64))
        found += [pl.Series(f"{code}__{side}", [row[at] for row in rows], dtype=pl.Float64) for side, at in (("low", 1), ("high", 2))]
    return found


def _rank(values: np.ndarray, p: float) -> tuple[float | None, float | None, float | None]:
    """Return (percentile, lower limit, upper limit) of sorted values, interpolated as quantile_cont does."""
    n = len(values)
    if not n:
        return None, None, None
    at, middle, half = (n - 1) * p, n * p, Z95 * math.sqrt(n * p * (1 - p))
    below, above = float(values[math.floor(at)]), float(values[math.ceil(at)])
    low, high = max(1, math.floor(middle - half)), min(n, math.ceil(middle + half) + 1)
    return below + (above - below) * (at - math.floor(at)), float(values[low - 1]), float(values[high - 1])
