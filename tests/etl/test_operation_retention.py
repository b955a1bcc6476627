"""What is older than the policy goes; the rest stays as it was, row for row, also when everything is made anew."""

from __future__ import annotations

import datetime as dt
import os
import shutil

import pytest

from etl import pipeline, warehouse
from etl.errors import SettingsError
from etl.lake import Lake
from etl.loading import retained
from etl.operation.retention import retain
from etl.settings import SAMPLE_SITE, Settings
from tests.etl.small_port import SmallPort, small_port
from tests.etl.test_pipeline import PORT

# From March to July: two months to go, two of context, and July, which stays. Once some days around the limits, once every day.
SPANS = {"some": [((4, 29), 2), ((6, 28), 5)], "every": [((3, 24), 112)]}
TODAY = dt.date(2026, 5, 10)  # a year back is 1 May: facts from 1 July
FACTS_FROM = dt.date(2025, 7, 1)


@pytest.fixture(scope="module", params=["some", pytest.param("every", marks=pytest.mark.slow)])
def loaded(tmp_path_factory, request):
    folder = tmp_path_factory.mktemp("retention")
    settings = Settings(home=folder / "home", site=SAMPLE_SITE)
    port = SmallPort()
    for seed, ((month, day), days) in enumerate(SPANS[request.param]):
        for (kind, on), lines in small_port(days=days, trucks=2, first=dt.date(2025, month, day), seed=seed).lines.items():
            port.lines.setdefault((kind, on), []).extend(lines)
    pipeline.load(settings, port.write(folder / "inbox"))
    return settings


def shown(settings: Settings, first: dt.date | None = FACTS_FROM) -> dict[str, list]:
    """Every row of every fact table of the days from `first` on, in order."""
    build, found = warehouse.open_build(settings.build, PORT), {}
    for table in warehouse.tables.SEGMENT_TABLES:
        day = warehouse.tables.day_of(table)
        where, values = (f'WHERE "{day}" >= ?', [first]) if first else ("", [])
        found[table.name] = sorted(build.connection.cursor().execute(f"SELECT * FROM {table.name} {where}", values).fetchall(), key=repr)
    build.connection.close()
    return found


def ledger(settings: Settings) -> list:
    columns = "file_id, file_name, status_code, read_n, good_n, rejected_n, duplicate_n, first_event_at, last_event_at"
    return warehouse.open_build(settings.build, PORT).connection.execute(f"SELECT {columns} FROM dq_files ORDER BY file_id").fetchall()


def test_limits_are_whole_months():
    assert retained.limits(dt.date(2026, 5, 10), 1) == (dt.date(2025, 5, 1), dt.date(2025, 7, 1))
    assert retained.limits(dt.date(2026, 12, 31), 5) == (dt.date(2021, 12, 1), dt.date(2022, 2, 1))
    assert retained.limits(dt.date(2026, 1, 1), 10) == (dt.date(2016, 1, 1), dt.date(2016, 3, 1))


def test_what_is_older_goes_and_the_rest_is_the_same_row_for_row(loaded, tmp_path):
    settings = Settings(home=shutil.copytree(loaded.home, tmp_path / "home"), site=loaded.site)
    before, all_files, raw_n = shown(settings), ledger(settings), len(list(settings.quarantine.glob("*/*/raw/*")))
    assert all(before[name] for name in ("fct_visits", "fct_declarations", "fct_appointments", "fct_zone_stays", "fct_container_moves", "dq_rejects"))
    dry = retain(settings, 1, today=TODAY, dry_run=True)
    assert shown(settings) == before and ledger(settings) == all_files and dry.report is None
    found = retain(settings, 1, today=TODAY)
    assert (found.rows_n, found.bytes_n, found.raw_files_n, found.facts_from) == (dry.rows_n, dry.bytes_n, dry.raw_files_n, FACTS_FROM) and found.rows_n and found.report.is_changed
    lake = Lake(settings.lake, PORT)
    oldest = min(part.first_day for part in lake.manifest.parts if part.table.startswith("stg_"))
    assert oldest >= "2025-05-01" and not [path for path in settings.lake.rglob("month=2025-0[34]/*") if "int_file" not in str(path)]
    assert len(list(settings.quarantine.glob("*/*/raw/*"))) == raw_n - found.raw_files_n < raw_n
    assert warehouse.open_build(settings.build, PORT).connection.execute("SELECT min(entry_day) FROM fct_visits").fetchone()[0] >= FACTS_FROM
    for how in (lambda: None, lambda: pipeline.rebuild(settings)):
        how()
        after = shown(settings)
        assert {name: (len(before[name]), len(after[name])) for name in before if before[name] != after[name]} == {}
        assert ledger(settings) == all_files, "every line ever read stays accounted for"
    with pytest.raises(SettingsError, match="cannot come back"):
        retain(settings, 2, today=TODAY)


@pytest.mark.slow
def test_a_late_file_of_a_month_that_went_brings_nothing_back(loaded, tmp_path):
    """Its lines are accounted for all the same."""
    settings = Settings(home=shutil.copytree(loaded.home, tmp_path / "home"), site=loaded.site)
    retain(settings, 1, today=TODAY)
    after, all_files = shown(settings), ledger(settings)
    late = small_port(days=2, trucks=2, first=dt.date(2025, 4, 20), seed=77).write(tmp_path / "late")
    report = pipeline.load(settings, late)
    new_n = sum(file.status == "loaded" for file in report.files)
    assert shown(settings) == after and len(ledger(settings)) == len(all_files) + new_n > len(all_files)
    assert min(part.first_day for part in Lake(settings.lake, PORT).manifest.parts if part.table.startswith("stg_")) >= "2025-05-01"


def test_a_clock_that_jumped_deletes_nothing(loaded, tmp_path):
    """The machine says more than a year after the newest event: only a person can know that it is right."""
    with pytest.raises(SettingsError, match=r"newest event is of 2025-07-.*--today"):
        retain(loaded, 1)
    with pytest.raises(SettingsError, match="1 or more"):
        retain(loaded, 0, today=TODAY)


def test_folders_of_loaded_files_are_cleared_by_file_time(loaded, tmp_path):
    folder = loaded.home / "inbox-loaded"  # where `smartport install` puts it
    folder.mkdir()
    for name, on in (("old.csv", dt.datetime(2025, 4, 30)), ("young.csv", dt.datetime(2025, 5, 2))):
        (folder / name).touch()
        os.utime(folder / name, (on.timestamp(), on.timestamp()))
    assert retain(loaded, 1, today=TODAY, folders=(folder,), dry_run=True).other_files_n == 1
    assert len(list(folder.iterdir())) == 2
    for ours in (loaded.home, loaded.home / "lake", loaded.home.parent, loaded.site):
        with pytest.raises(SettingsError, match="--folder"):
            retain(loaded, 1, today=TODAY, folders=(ours,), dry_run=True)
