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
    mixed = digest ^ word
    mixed *= _PRIME
    mixed ^= mixed >> np.uint64(32)
    return mixed


def _numbers(column: pl.Series) -> np.ndarray:
    if column.dtype == pl.Float64:
        words = (column.fill_null(0) + 0.0).to_numpy().view(np.uint64)
    else:
        words = column.to_physical().cast(pl.Int64).fill_null(0).to_numpy().view(np.uint64)
    return np.where(column.is_null().to_numpy(), _NULL, words) if column.null_count() else words


def _mix_texts(digest: np.ndarray, column: pl.Series) -> np.ndarray:
    lengths = column.str.len_bytes()
    shortest, longest = lengths.min(), lengths.max()
    if shortest == longest and not column.null_count():
        return _mix(digest, _even_words(column, longest))
    distinct = column.unique()
    if len(distinct) * 8 < len(column):
        # Few texts, many rows: mix each text once and spread the result.
        table = pl.DataFrame({"_text": distinct, "_word": _text_words(distinct).view(np.int64)})
        joined = column.alias("_text").to_frame().join(table, on="_text", how="left", nulls_equal=True, maintain_order="left")
        return _mix(digest, joined["_word"].to_numpy().view(np.uint64))
    return _mix(digest, _text_words(column))


def _even_words(column: pl.Series, length: int) -> np.ndarray | np.uint64:
    """`_text_words` of texts that have all as many bytes, as codes and pseudonyms have; one word where all are one text."""
    if (column == column[0]).all():
        column = column.head(1)
    octets = _octets(column)
    digest = np.full(len(column), _SEED)
    for offset in range(0, length, 8):
        word = np.ndarray(len(column), dtype="<u8", buffer=octets.data, offset=offset, strides=(length,))
        digest = _mix(digest, word if length - offset >= 8 else word & _low_bytes(length - offset))
    digest = _mix(digest, np.uint64(length))
    return digest[0] if len(digest) == 1 else digest


def _low_bytes(count: int) -> np.uint64:
    return np.uint64((1 << 8 * count) - 1)


def _octets(column: pl.Series) -> np.ndarray:
    """Return the bytes of all texts, one after the other, and eight more, so that a word can be read at any of them."""
    return np.frombuffer((column.str.join("").cast(pl.Binary).item() or b"") + bytes(8), np.uint8)


def _text_words(column: pl.Series) -> np.ndarray:
    """Mix the UTF-8 bytes of each text, eight at a time, then its length."""
    filled = column.fill_null("")
    lengths = filled.str.len_bytes().to_numpy().astype(np.int64)
    octets = _octets(filled)
    words = np.ndarray(len(octets) - 7, dtype="<u8", buffer=octets.data, strides=(1,))
    starts = np.concatenate(([0], np.cumsum(lengths)[:-1]))
    digest = np.full(len(column), _SEED)
    for offset in range(0, int(lengths.max(initial=0)), 8):
        left = lengths - offset
        word = words[np.minimum(starts + offset, len(words) - 1)]
        word = np.where(left < 8, word & ((np.uint64(1) << (np.clip(left, 0, 7) * 8).astype(np.uint64)) - np.uint64(1)), word)
        digest = np.where(left > 0, _mix(digest, word), digest)
    digest = _mix(digest, lengths.view(np.uint64))
    return np.where(column.is_null().to_numpy(), _NULL, digest)
