"""The engines say the same: what a Spark cluster publishes is what one machine publishes, row for row."""

from __future__ import annotations

import dataclasses
import datetime as dt
import sys
import types

import pytest

from etl import cli, pipeline, ports, warehouse
from etl.contracts.reference import load_site
from etl.engine import spark as spark_engine
from etl.engine import tasks
from etl.engine.spark import Spark, open_spark
from etl.errors import SettingsError
from etl.identities import load_identities
from etl.lake import Lake
from etl.settings import SAMPLE_SITE, Settings
from etl.sources import file_id
from tests.etl.engine_cases import HARBOUR, QUICK, SMALL, two_ports
from tests.etl.small_port import small_port
from tests.etl.test_pipeline import content, differences, installation

needs_data = pytest.mark.skipif(not (HARBOUR and HARBOUR.is_dir()), reason="SMARTPORT_TRIAL_DATA has no tracking_ny_harbor: the real positions are not part of the project")


@pytest.fixture(scope="module")
def spark():
    """One application for all tests here: two cores of this machine."""
    with open_spark("local[2]", QUICK) as engine:
        yield engine


def test_the_sample_port_rebuilt_in_the_cluster_comes_out_the_same(tmp_path, spark):
    settings = installation(tmp_path / "home")
    pipeline.load(settings, SMALL / "inbox")
    before, days = content(settings), Lake(settings.lake, "MACAS").parts("stg_tracking")
    by_truck = Spark(spark.session, bucket_fixes=max(part.rows_n for part in days) // 3)
    pipeline.rebuild(settings, engine=by_truck)
    after = content(settings)
    assert before["fct_visits"] and before["fct_zone_stays"] and before["fct_declarations"] and before["fct_visit_tracks"]
    assert differences(before, after) == {}
    derived = [part.first_day for part in Lake(settings.lake, "MACAS").parts("int_zone_pieces")]
    assert len(derived) > len(set(derived)), "a day's trucks were spread over several tasks"
    assert not list(settings.lake.glob("windows-*"))


@needs_data
def test_two_ports_loaded_at_once_are_what_each_is_alone(tmp_path, spark):
    inbox, (casablanca, new_york) = two_ports(tmp_path)
    reports = ports.load((casablanca, new_york), inbox, engine=spark)
    assert [(report.port_code, report.refused) for report in reports] == [("MACAS", ()), ("USNYC", ())]
    for settings, code in ((casablanca, "MACAS"), (new_york, "USNYC")):
        alone = Settings(tmp_path / f"alone-{code}", settings.site)
        pipeline.load(alone, inbox / code)
        one, other = rows(alone, code), rows(settings, code)
        assert one["fct_zone_stays"] and (code == "USNYC" or one["fct_visits"])
        assert differences(one, other) == {}
    again = ports.load((casablanca, new_york), inbox, engine=spark)
    assert [report.is_changed for report in again] == [False, False]


def test_a_worker_without_the_program_is_one_sentence(spark, monkeypatch):
    only_here = types.ModuleType("only_here")
    exec("def work(number):\n    return number", only_here.__dict__)
    monkeypatch.setitem(sys.modules, "only_here", only_here)
    with pytest.raises(SettingsError, match="a worker cannot run this program"):
        spark._spread(only_here.work, [(1,)])


def rows(settings: Settings, port: str) -> dict[str, list[tuple]]:
    """Every table of a port's build as sorted rows, aside when it was published."""
    build = warehouse.open_build(settings.build, port)
    found = {}
    for table in warehouse.BUILD_TABLES:
        columns = ", ".join(f'"{name}"' for name in table.columns if name != "built_at")
        found[table.name] = sorted(build.connection.cursor().execute(f"SELECT {columns} FROM {table.name}").fetchall(), key=repr)
    build.connection.close()
    return found


# -- tasks, without a cluster ------------------------------------------------------------------------------------------------


@pytest.fixture
def staged(tmp_path):
    """A lake nothing is in yet, and what a task is told of it."""
    settings = installation(tmp_path / "home")
    paths = [path for path in small_port(days=1).write(tmp_path / "files") if path.name.startswith(("gate_port", "pesage"))]
    site = load_site(SAMPLE_SITE)
    lake = Lake(settings.lake, site.port_code)
    return settings, lake, tasks.Where.of(lake, site), [(path, file_id(path)) for path in paths]


def test_a_task_that_runs_twice_leaves_nothing_doubled(staged):
    settings, lake, where, files = staged
    key_id = load_identities(settings.keys, load_site(SAMPLE_SITE)).key_id
    lake.begin()
    for path, name_id in files:
        read, parts = tasks.read(where, settings, key_id, [(path, name_id)], False)
        _again, other_parts = tasks.read(where, settings, key_id, [(path, name_id)], False)
        assert {part.path for part in parts}.isdisjoint(part.path for part in other_parts)
        assert sum(part.rows_n for part in parts) == read[name_id]["staged_n"] + read[name_id]["rejected_n"] > 0
        lake.adopt(parts)
    lake.commit(key_id=key_id)
    living = {part.path for part in lake.manifest.parts}
    on_disk = {path.relative_to(lake.folder).as_posix() for path in lake.folder.rglob("*.parquet")}
    assert living < on_disk, "the second run's files lie there, and count for nothing"
    fresh = Lake(settings.lake, lake.port_code)
    counted = [fresh.rows(table).height for table in ("stg_gate", "stg_weighbridge")]
    assert counted == [sum(part.rows_n for part in lake.parts(table)) for table in ("stg_gate", "stg_weighbridge")]
    fresh.begin()
    assert {path.relative_to(lake.folder).as_posix() for path in lake.folder.rglob("*.parquet")} == living, "the next load clears them away"


def test_what_one_wave_of_tasks_wrote_outlives_the_beginning_of_the_next(staged):
    settings, lake, where, files = staged
    key_id = load_identities(settings.keys, load_site(SAMPLE_SITE)).key_id
    for path, name_id in files:  # no commit in between: too few rows
        lake.begin()
        lake.adopt(tasks.read(where, settings, key_id, [(path, name_id)], False)[1])
    lake.commit(key_id=key_id)
    assert all((lake.folder / part.path).is_file() for part in lake.manifest.parts)


def test_a_worker_that_sees_something_else_refuses(staged):
    settings, _lake, where, files = staged
    with pytest.raises(SettingsError, match=r"this worker runs program .* Known: program old"):
        tasks.site_of(dataclasses.replace(where, program="program old"))
    with pytest.raises(SettingsError, match="another site folder"):
        tasks.site_of(dataclasses.replace(where, site_digest="0"))
    with pytest.raises(SettingsError, match="state 0 of the lake, the driver 7"):
        tasks.recount(dataclasses.replace(where, manifest_n=7), "stg_gate", [dt.date(2026, 6, 1)])
    with pytest.raises(SettingsError, match="does not see the pseudonym key"):
        tasks.read(where, settings, "0" * 8, files, False)


def test_what_a_task_raises_for_a_user_is_raised_by_the_driver():
    def work(_: int) -> None:
        raise SettingsError("worker-3 /data", "it is not there", "", "Mount it")

    with pytest.raises(SettingsError, match=r"worker-3 /data: it is not there\. Mount it\."):
        spark_engine._opened(spark_engine._answer(work, 1))


# -- what is missing is one sentence ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("master", "java", "module", "said"),
    [
        (["--master", "cluster:7077"], None, None, "'cluster:7077' is no address of a cluster"),
        ([], "", None, "there is no Java"),
        ([], 'openjdk version "11.0.2"', None, "is Java 11. Known: 17 and newer. Install Java 17"),
        ([], 'openjdk version "1.8.0_292"', None, "is Java 8."),
        ([], None, "pyspark", "pyspark is not installed. Install the extra: pip install 'smartport-dashboard[spark]'"),
    ],
)  # fmt: skip
def test_what_is_missing_is_one_sentence(tmp_path, monkeypatch, capsys, master, java, module, said):
    if java is not None:
        monkeypatch.setenv("JAVA_HOME", str(tmp_path))
        if java:
            (tmp_path / "bin").mkdir()
            (tmp_path / "bin" / "java").write_text(f"#!/bin/sh\necho '{java}' >&2\n")
            (tmp_path / "bin" / "java").chmod(0o700)
    if module:
        found = spark_engine.importlib.util.find_spec
        monkeypatch.setattr(spark_engine.importlib.util, "find_spec", lambda name: None if name == module else found(name))
    assert cli.main(["rebuild", "--engine", "spark", *master, "--home", str(tmp_path / "home")]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1


def test_a_master_without_the_engine_is_one_sentence(tmp_path, capsys):
    assert cli.main(["rebuild", "--master", "local[2]", "--home", str(tmp_path / "home")]) == 2
    assert "Add --engine spark" in capsys.readouterr().err
