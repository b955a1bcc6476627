"""WHERE the transforms run: on this machine (local) or in an Apache Spark cluster (spark). WHAT they say is the same by test, row for row.

An engine spreads work that needs nothing but the lake; the pipeline decides what is done, commits to the lake and publishes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Protocol

import polars as pl

from etl.contracts.reference import Site
from etl.engine.local import LOCAL
from etl.errors import SettingsError
from etl.lake import Lake
from etl.loading.intake import Group
from etl.loading.reading import Reader
from etl.loading.recompute import Window

Progress = Callable[[str, int, int, int], None]
NAMES = ("local", "spark")


class Engine(Protocol):
    """Answers come in the order of what was given, whatever was done first. `ports_at_once` is how many ports may be loaded side by side."""

    name: str
    ports_at_once: int

    def read_all(self, reader: Reader, lake: Lake, paths: list[Path], known: dict[str, dict], is_replay: bool) -> Iterable[Group]:
        """Read and judge files (intake.ReadAll)."""

    def refresh_fixes(self, lake: Lake, site: Site, days: list[dt.date], progress: Progress | None) -> list[pl.DataFrame]:
        """Recompute zone pieces and thinned tracks of these UTC days into the lake's next commit. Returns their file counts."""

    def recount(self, lake: Lake, site: Site, runs: list[tuple[str, list[dt.date]]]) -> list[pl.DataFrame]:
        """Return INT_FILE_COUNTS of these UTC days of these staged tables."""

    def windows(self, lake: Lake, site: Site, chunks: list[list[dt.date]], now_at: dt.datetime, file_findings: pl.DataFrame) -> Iterator[Window]:
        """Yield the reconstruction of each run of local days."""


def open_engine(name: str = "local", master: str | None = None) -> AbstractContextManager[Engine]:
    """Return the engine, to be closed after use. Raises SettingsError when Spark is asked for and something it needs is missing."""
    if name == "local":
        if master:
            raise SettingsError("--master", "a master is given, but the engine is local", "", "Add --engine spark, or leave --master out")
        return nullcontext(LOCAL)
    if name != "spark":
        raise SettingsError("--engine", f"there is no engine '{name}'", ", ".join(NAMES))
    from etl.engine.spark import open_spark  # an optional extra

    return open_spark(master or "local[*]")
