"""Publishing and opening builds: what a reader sees is always one whole build."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json

import duckdb
import polars as pl
import pytest

from etl import warehouse
from etl.contracts.facts import FCT_VISITS
from etl.contracts.reference import REFERENCE_TABLES, Site
from etl.errors import BuildError
from etl.settings import Settings
from etl.warehouse import files

AT = dt.datetime


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path / "home", site=tmp_path / "site")


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path / "site", "MACAS", "Casablanca", "Africa/Casablanca", -7.6, 33.6, True, {table.name: table.empty() for table in REFERENCE_TABLES}, "d1")


def visits(*entries: tuple[str, AT, float]) -> pl.DataFrame:
    rows = [
        {"port_code": "MACAS", "visit_id": name, "entry_day": at.date(), "status_code": "closed", "clock_flag": "ok", "entry_at": at, "entry_local_at": at, "turnaround_min": minutes}
        for name, at, minutes in entries
    ]  # fmt: skip
    return FCT_VISITS.conform(pl.DataFrame(rows))


def seen(build: warehouse.OpenBuild, sql: str = "SELECT visit_id, turnaround_min FROM fct_visits ORDER BY entry_at") -> list[tuple]:
    return build.connection.cursor().execute(sql).fetchall()


def test_no_build_says_what_to_do(settings):
    assert warehouse.current_build_id(settings.build, "MACAS") is None
    with pytest.raises(BuildError, match="smartport load"):
        warehouse.open_build(settings.build, "MACAS")


def test_every_table_is_a_view_and_may_be_empty(settings, site):
    build_id = warehouse.publish(settings, site, warehouse.Changes({}), {})
    build = warehouse.open_build(settings.build, "MACAS")
    assert build.build_id == build_id == warehouse.current_build_id(settings.build, "MACAS")
    for table in warehouse.BUILD_TABLES:
        cursor = build.connection.cursor().execute(f"SELECT * FROM {table.name}")
        assert [column[0] for column in cursor.description] == list(table.columns), table.name
        assert len(cursor.fetchall()) == (table.name == "meta_builds"), table.name


def test_only_the_given_days_are_replaced_and_untouched_months_keep_their_file(settings, site):
    first = visits(("a", AT(2026, 1, 30, 8), 10.0), ("b", AT(2026, 2, 1, 8), 20.0), ("c", AT(2026, 2, 2, 8), 30.0))
    warehouse.publish(settings, site, warehouse.Changes({"fct_visits": first}), {})
    before = warehouse.read_pointer(settings.build, "MACAS")
    changes = warehouse.Changes({"fct_visits": visits(("b", AT(2026, 2, 1, 8), 21.0))}, frozenset({dt.date(2026, 2, 1)}))
    warehouse.publish(settings, site, changes, {})
    after = warehouse.read_pointer(settings.build, "MACAS")
    assert seen(warehouse.open_build(settings.build, "MACAS")) == [("a", 10.0), ("b", 21.0), ("c", 30.0)]
    assert after["segments"]["2026-01"] == before["segments"]["2026-01"]
    assert after["segments"]["2026-02"]["name"] != before["segments"]["2026-02"]["name"]


def test_a_day_that_lost_its_rows_becomes_empty(settings, site):
    warehouse.publish(settings, site, warehouse.Changes({"fct_visits": visits(("a", AT(2026, 1, 30, 8), 10.0), ("b", AT(2026, 2, 1, 8), 20.0))}), {})
    warehouse.publish(settings, site, warehouse.Changes({"fct_visits": FCT_VISITS.empty()}, frozenset({dt.date(2026, 2, 1)})), {})
    assert seen(warehouse.open_build(settings.build, "MACAS")) == [("a", 10.0)]
    assert list(warehouse.read_pointer(settings.build, "MACAS")["segments"]) == ["2026-01"]


def test_an_open_build_answers_unchanged_while_and_after_another_is_published(settings, site):
    warehouse.publish(settings, site, warehouse.Changes({"fct_visits": visits(("a", AT(2026, 1, 30, 8), 10.0))}), {})
    old = warehouse.open_build(settings.build, "MACAS")
    warehouse.publish(settings, site, warehouse.Changes({"fct_visits": visits(("a", AT(2026, 1, 30, 8), 99.0))}), {})
    assert seen(old) == [("a", 10.0)]
    assert seen(warehouse.open_build(settings.build, "MACAS")) == [("a", 99.0)]


def test_replaced_files_stay_for_the_hours_of_the_setting_and_leftovers_go(settings, site):
    folder = settings.build / "MACAS"
    warehouse.publish(settings, site, warehouse.Changes({"fct_visits": visits(("a", AT(2026, 1, 30, 8), 1.0))}), {})
    first = {path.name for path in folder.glob("*.duckdb")}
    (folder / "2026-01-killed.duckdb").write_bytes(b"half")
    warehouse.publish(settings, site, warehouse.Changes({"fct_visits": visits(("a", AT(2026, 1, 30, 8), 2.0))}), {})
    names = {path.name for path in folder.glob("*.duckdb")}
    assert first < names and "2026-01-killed.duckdb" not in names and len(names) == 4
    warehouse.publish(dataclasses.replace(settings, replaced_build_hours=0), site, warehouse.Changes({"fct_visits": visits(("a", AT(2026, 1, 30, 8), 3.0))}), {})
    assert len(list(folder.glob("*.duckdb"))) == 2
    assert not list(folder.glob("*.wal"))


def test_a_build_of_another_layout_is_refused(settings, site):
    warehouse.publish(settings, site, warehouse.Changes({}), {})
    path = settings.build / "MACAS" / "current.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"version": 99}))
    with pytest.raises(BuildError, match="layout 99"):
        warehouse.open_build(settings.build, "MACAS")


def test_many_patches_of_one_month_stay_exact(settings, site):
    rows = {day: (f"v{day:02d}", AT(2026, 3, day, 9), float(day)) for day in range(1, 29)}
    warehouse.publish(settings, site, warehouse.Changes({"fct_visits": visits(*rows.values())}), {})
    for turn in range(30):
        day = turn % 28 + 1
        rows[day] = (rows[day][0], rows[day][1], 100.0 + turn)
        warehouse.publish(settings, site, warehouse.Changes({"fct_visits": visits(rows[day])}, frozenset({dt.date(2026, 3, day)})), {})
    assert seen(warehouse.open_build(settings.build, "MACAS")) == [(name, minutes) for name, _, minutes in (rows[day] for day in sorted(rows))]


def test_a_segment_that_lost_rows_is_never_published(tmp_path):
    """Two cursors writing side by side once lost whole tables of a month, without an error and in the loaded demonstration only."""
    path = tmp_path / "2026-06.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE fct_logbook AS SELECT 1 AS entry_ref")
    files.check_rows(path, {"fct_logbook": 1})
    with pytest.raises(BuildError, match="table fct_logbook: 1 rows were written of 2"):
        files.check_rows(path, {"fct_logbook": 2})
