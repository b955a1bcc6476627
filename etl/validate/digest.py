"""A 64-bit digest of a staged row's own values, the same in every process, version and order of loading.

It is taken from the typed, pseudonymised values, never from the raw line: a digest of the line could be tried against
every possible plate. Neither Polars nor DuckDB promises a hash that stays equal between versions, so the mixing is ours.
"""

from __future__ import annotations

import numpy as np
import polars as pl

_SEED, _PRIME, _NULL = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93), np.uint64(0x5851F42D4C957F2D)


def row_digests(columns: list[pl.Series], rows_n: int) -> pl.Series:
    """Return one Int64 a row from its values in `columns`, in that order; null differs from every value but in 2^-64 cases."""
    digest = np.full(rows_n, _SEED, dtype=np.uint64)
    for column in columns:
        if column.null_count() == rows_n:
            digest = _mix(digest, _NULL)
        elif column.dtype == pl.String:
            digest = _mix_texts(digest, column)
        else:
            digest = _mix(digest, _numbers(column))
    return pl.Series("row_digest", digest.view(np.int64), dtype=pl.Int64)


def _mix(digest: np.ndarray, word: np.ndarray | np.uint64) -> np.ndarray:
    mixed = (digest ^ word) * _PRIME
    mixed ^= mixed >> np.uint64(32)
    return mixed


def _numbers(column: pl.Series) -> np.ndarray:
    if column.dtype == pl.Float64:
        words = (column.fill_null(0) + 0.0).to_numpy().view(np.uint64)
    else:
        words = column.to_physical().cast(pl.Int64).fill_null(0).to_numpy().view(np.uint64)
    return np.where(column.is_null().to_numpy(), _NULL, words) if column.null_count() else words


def _mix_texts(digest: np.ndarray, column: pl.Series) -> np.ndarray:
    distinct = column.unique()
    if len(distinct) == 1:
        return _mix(digest, _text_words(np.full(1, _SEED), distinct)[0])
    if len(distinct) * 8 < len(column):
        # Few texts, many rows: mix each text once and spread the result.
        table = pl.DataFrame({"_text": distinct, "_word": _text_words(np.full(len(distinct), _SEED), distinct).view(np.int64)})
        joined = column.alias("_text").to_frame().join(table, on="_text", how="left", nulls_equal=True, maintain_order="left")
        return _mix(digest, joined["_word"].to_numpy().view(np.uint64))
    return _mix(digest, _text_words(np.full(len(column), _SEED), column))


def _text_words(digest: np.ndarray, column: pl.Series) -> np.ndarray:
    """Mix the UTF-8 bytes of each text, eight at a time, then its length."""
    filled = column.fill_null("")
    lengths = filled.str.len_bytes().to_numpy().astype(np.int64)
    octets = np.frombuffer((filled.str.join("").item() or "").encode() + bytes(8), np.uint8)
    words = np.ndarray(len(octets) - 7, dtype="<u8", buffer=octets.data, strides=(1,))
    starts = np.concatenate(([0], np.cumsum(lengths)[:-1]))
    for offset in range(0, int(lengths.max(initial=0)), 8):
        left = lengths - offset
        word = words[np.minimum(starts + offset, len(words) - 1)]
        word = np.where(left < 8, word & ((np.uint64(1) << (np.clip(left, 0, 7) * 8).astype(np.uint64)) - np.uint64(1)), word)
        digest = np.where(left > 0, _mix(digest, word), digest)
    digest = _mix(digest, lengths.view(np.uint64))
    return np.where(column.is_null().to_numpy(), _NULL, digest)
