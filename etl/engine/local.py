"""The engine of one machine: one window of days after the other, so that memory stays bounded; Polars uses every core inside."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import polars as pl

from etl.contracts.reference import Site
from etl.lake import Lake
from etl.loading import intake, recompute
from etl.loading.reading import Reader
from etl.transform.zones import ZoneGrid


class Local:
    """See engine.Engine."""

    name = "local"
    ports_at_once = 1

    def read_all(self, reader: Reader, lake: Lake, paths: list[Path], known: dict[str, dict], is_replay: bool) -> Iterable[intake.Group]:
        return intake.read_all(reader, lake, paths, known, is_replay)

    def refresh_fixes(self, lake: Lake, site: Site, days: list[dt.date], progress: Callable | None) -> list[pl.DataFrame]:
        return recompute.refresh_fixes(lake, ZoneGrid.from_site(site), days, site.zone_name, progress)

    def recount(self, lake: Lake, site: Site, runs: list[tuple[str, list[dt.date]]]) -> list[pl.DataFrame]:
        return [recompute.recount(lake, table, run, site.zone_name) for table, run in runs]

    def windows(self, lake: Lake, site: Site, chunks: list[list[dt.date]], now_at: dt.datetime, file_findings: pl.DataFrame) -> Iterator[recompute.Window]:
        return (recompute.reconstructed(lake, site, chunk, now_at, file_findings) for chunk in chunks)


LOCAL = Local()
