"""Stable identifiers: 16 hex digits of a BLAKE2b digest of a row's own words. The same in every process and release."""

from __future__ import annotations

import hashlib

import polars as pl

SEPARATOR = "|"  # never part of a code, a pseudonym or an ISO instant


def with_digest(frame: pl.DataFrame, name: str, port_code: str, *columns: str) -> pl.DataFrame:
    """Add `name`: the digest of port and `columns` (instants as microseconds since 1970), one a row.

    Polars' own hash is not promised to be stable between versions, so hashlib is asked once a row; it costs about 1 us.
    """
    words = [pl.col(column).to_physical().cast(pl.String) if frame.schema[column].is_temporal() else pl.col(column) for column in columns]
    text = frame.select(pl.concat_str(pl.lit(port_code), *(word.fill_null("") for word in words), separator=SEPARATOR).alias("text"))["text"]
    digests = [hashlib.blake2b(row.encode(), digest_size=8).hexdigest() for row in text]
    return frame.with_columns(pl.Series(name, digests, dtype=pl.String))
