"""No table of no month is lost, doubled or half written: a build is counted against a recount that never saw the warehouse.

Two cursors writing one segment side by side once lost whole tables of a month, now and then and without an error.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from etl import pipeline, warehouse
from etl.contracts.facts import DQ_REJECTS
from etl.contracts.reference import load_site
from etl.contracts.staged import STAGED_TABLES
from etl.errors import BuildError
from etl.lake import Lake
from etl.loading import ledger, reading
from etl.settings import Settings
from etl.transform.reconstruct import reconstruct
from tests.etl.small_port import small_port
from tests.etl.test_pipeline import PORT, content, differences, installation, load_in

FIRST = dt.date(2026, 6, 20)  # four local months at 75 days, no clock change inside


def recount(settings: Settings) -> dict[tuple[str, str], int]:
    """Rows by (table, month), from all the lake holds in one reconstruction: no window, no comparison with the last build, no DuckDB."""
    site, lake = load_site(settings.site), Lake(settings.lake, PORT)
    ever = (dt.date(2000, 1, 1), dt.date(2100, 1, 1))
    staged = {table.name: lake.read(table.name, *ever) for table in STAGED_TABLES if table.name != "stg_tracking"}
    files = lake.rows("int_files")
    keep = frozenset(FIRST + dt.timedelta(days=step) for step in range(-60, 160))
    frames = dict(reconstruct(staged | {"tracks": lake.rows("int_tracks")}, lake.rows("int_zone_pieces"), site, keep, files.filter(pl.col("source_code") != "means")["last_event_at"].max()))
    frames["dq_findings"] = pl.concat([frames["dq_findings"], ledger.file_findings(files)])
    frames["dq_rejects"] = DQ_REJECTS.conform(lake.rows("dq_rejects"))
    found = {}
    for table in warehouse.SEGMENT_TABLES:
        for month, rows_n in frames[table.name][warehouse.day_of(table)].dt.strftime("%Y-%m").value_counts().iter_rows():
            found[table.name, month] = rows_n
    return found


def published(settings: Settings) -> dict[tuple[str, str], int]:
    """The same of the build, as a reader counts it."""
    build = warehouse.open_build(settings.build, PORT)
    try:
        counts = {table.name: build.connection.cursor().execute(f'SELECT strftime("{warehouse.day_of(table)}", \'%Y-%m\') AS month, count(*) FROM {table.name} GROUP BY month').fetchall()
                  for table in warehouse.SEGMENT_TABLES}  # fmt: skip
    finally:
        build.connection.close()
    return {(name, month): rows_n for name, rows in counts.items() for month, rows_n in rows}


def in_batches(files: list[Path], batches: int) -> list[list[Path]]:
    """Files by the date in their names, in so many loads."""
    days = sorted(files, key=lambda path: (path.name.split(".")[0].rsplit("_", 1)[1], path.name))
    return [days[len(days) * number // batches : len(days) * (number + 1) // batches] for number in range(batches)]


def test_four_months_hold_every_row_that_a_recount_finds(tmp_path):
    files = small_port(days=75, trucks=3, seed=8, first=FIRST).write(tmp_path / "files")
    once = load_in(tmp_path, [files], "once")
    expected = recount(once)
    assert len({month for _, month in expected}) >= 4 and {name for name, _ in expected} == {table.name for table in warehouse.SEGMENT_TABLES}
    assert published(once) == expected
    pipeline.rebuild(once)
    assert published(once) == expected
    often = load_in(tmp_path, in_batches(files, 6), "often")
    assert recount(often).keys() >= expected.keys()
    assert published(often) == recount(often)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_four_months_hold_every_row_load_after_load(tmp_path, seed):
    files = small_port(days=75, trucks=12, seed=seed, first=FIRST).write(tmp_path / "files")
    once = load_in(tmp_path, [files], "once")
    expected = recount(once)
    for _ in range(3):
        assert published(once) == expected
        pipeline.rebuild(once)
    settings = installation(tmp_path / "often")
    for number, batch in enumerate(in_batches(files, 12)):
        folder = tmp_path / f"batch-{number}"
        folder.mkdir()
        for path in batch:
            (folder / path.name).hardlink_to(path)
        pipeline.load(settings, folder)
        assert published(settings) == recount(settings), number


def test_a_fault_in_a_readers_thread_stops_the_load_and_the_next_one_finishes_it(tmp_path, monkeypatch):
    files = small_port(days=3).write(tmp_path / "files")
    whole = load_in(tmp_path, [files], "whole")
    settings = installation(tmp_path / "home")
    original = reading.Reader.read_together

    def breaks(self, paths, mapping):
        if mapping.source.name == "appointments":
            raise RuntimeError("a fault nobody foresaw")
        return original(self, paths, mapping)

    with monkeypatch.context() as patched:
        patched.setattr(reading.Reader, "read_together", breaks)
        with pytest.raises(RuntimeError, match="nobody foresaw"):
            pipeline.load(settings, tmp_path / "files")
    assert warehouse.read_pointer(settings.build, PORT) is None
    pipeline.load(settings, tmp_path / "files")
    assert differences(content(whole), content(settings)) == {}


def test_what_is_not_whole_is_not_published(tmp_path, monkeypatch):
    """A statement that loses rows in silence, whichever it is: the last build stands."""
    files = small_port(days=3).write(tmp_path / "files")
    settings = load_in(tmp_path, [files[:-6]], "home")
    before = warehouse.read_pointer(settings.build, PORT)
    real = warehouse.segments.do

    def loses(connection, sql, values=None):
        if sql.startswith("INSERT INTO segment.fct_visit_steps SELECT * FROM incoming"):
            return [(0,)]
        return real(connection, sql, values)

    with monkeypatch.context() as patched:
        patched.setattr(warehouse.segments, "do", loses)
        with pytest.raises(BuildError, match="table fct_visit_steps: 0 rows were written of"):
            pipeline.rebuild(settings)
    assert warehouse.read_pointer(settings.build, PORT) == before
    pipeline.rebuild(settings)
    assert published(settings) == recount(settings)
