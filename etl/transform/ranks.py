"""Texts as the numbers of their order, compared once a run: a million positions repeat some thousand visits. Nothing else."""

from __future__ import annotations

import numpy as np
import polars as pl


def ranks(texts: pl.Series, known: pl.Series | None = None) -> np.ndarray:
    """Return the place of each text in `known` (without nulls or repeats; by default all that occur, sorted); -1 for a null or a text that is not there."""
    runs = texts.rle().struct.unnest()
    known = runs["value"].unique().drop_nulls().sort() if known is None else known
    number = runs["value"].cast(pl.Enum(known), strict=False).to_physical().cast(pl.Int64).fill_null(-1)
    return np.repeat(number.to_numpy(), runs["len"].to_numpy())
