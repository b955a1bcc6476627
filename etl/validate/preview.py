"""`smartport check FILE`: what a load would make of a file, in a few words. Nothing is written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from etl.contracts.reference import Site
from etl.identities import load_identities
from etl.settings import Settings
from etl.sources import load_mappings, match, refusal
from etl.validate.checked import check_file

_FIRST_SHOWN = 10


@dataclass(frozen=True)
class Preview:
    """Counts of a file, its rejects by reason, and the first rejected lines (line number, reasons, masked line)."""

    file_name: str
    mapping_name: str
    source_name: str
    read_n: int
    good_n: int
    rejected_n: int
    blank_n: int
    header_n: int
    continued_n: int
    first_at: object
    last_at: object
    by_reason: tuple[tuple[str, int], ...]
    first_rejects: tuple[tuple[int, str, str], ...]


def preview(path: Path, site: Site, settings: Settings) -> Preview:
    """Read and check one file as a load would. Raises InputError when no mapping fits its name or it would be refused whole."""
    mappings = load_mappings(site.mappings)
    mapping = match(path, mappings)
    if mapping is None:
        raise refusal(path, mappings)
    checked = check_file(path, mapping, site, load_identities(settings.keys, site, create=False))
    counts = checked.rejects.select(pl.col("reason_codes").explode()).to_series().value_counts(sort=True) if checked.rejects.height else None
    first = checked.rejects.head(_FIRST_SHOWN)
    day = checked.good[mapping.source.table.day]
    return Preview(
        path.name, mapping.name, mapping.source.name, checked.read_n, checked.good.height, checked.rejects.height, checked.blank_n, checked.header_n,
        checked.continued_n, day.min(), day.max(), tuple(counts.iter_rows()) if counts is not None else (),
        tuple(zip(first["source_line"], first["reasons"], first["masked_line"], strict=True)),
    )  # fmt: skip
