"""Loading: every line accounted for, the same facts in every order, whatever is split, repeated, fixed or replayed."""

from __future__ import annotations

import datetime as dt
import json
import random
import shutil
from pathlib import Path

import duckdb
import polars as pl
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from etl import pipeline, warehouse
from etl.contracts.facts import DQ_FILES
from etl.errors import BusyError, InputError, SettingsError
from etl.loading import lock
from etl.settings import SAMPLE_SITE, Settings
from tests.etl.small_port import small_port

PORT = "MACAS"


def installation(home: Path, site: Path = SAMPLE_SITE) -> Settings:
    return Settings(home=home, site=site)


def content(settings: Settings, *, ids: bool = True) -> dict[str, list[tuple]]:
    """Every table of the build as sorted rows; aside what is about the loading, not the port: when it was published, which file came late."""
    build = warehouse.open_build(settings.build, PORT)
    found = {}
    for table in warehouse.BUILD_TABLES:
        skipped = {"built_at"} | (set() if ids else {"build_id", "file_id"})
        columns = ", ".join(f'"{name}"' for name in table.columns if name not in skipped)
        found[table.name] = sorted(build.connection.cursor().execute(f"SELECT {columns} FROM {table.name}").fetchall(), key=repr)
    build.connection.close()
    found["dq_findings"] = [row for row in found["dq_findings"] if "late_file" not in row]
    return found


def differences(one: dict, other: dict) -> dict:
    return {name: (set(map(repr, one[name])) ^ set(map(repr, other[name]))) for name in one if one[name] != other[name]}


def load_in(tmp: Path, batches: list[list[Path]], home: str) -> Settings:
    settings = installation(tmp / home)
    for number, batch in enumerate(batches):
        inbox = tmp / f"{home}-inbox-{number}"
        inbox.mkdir(parents=True)
        for path in batch:
            shutil.copy(path, inbox)
        pipeline.load(settings, inbox)
    return settings


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    """A loaded port to look at; what changes it takes `own`."""
    folder = tmp_path_factory.mktemp("loaded")
    port = small_port()
    files = port.write(folder / "inbox")
    settings = installation(folder / "home")
    report = pipeline.load(settings, folder / "inbox")
    return settings, report, files, port


@pytest.fixture
def own(loaded, tmp_path):
    settings, report, files, port = loaded
    shutil.copytree(settings.home.parent, tmp_path / "own")
    return installation(tmp_path / "own" / "home"), report, files, port


def test_every_line_of_every_file_is_accounted_for(loaded):
    settings, report, files, port = loaded
    written = {path.name: len(port.lines[_key(path)]) for path in files}
    rows = content(settings)["dq_files"]
    names = list(DQ_FILES.columns)
    found = {row[names.index("file_name")]: dict(zip(names, row, strict=True)) for row in rows}
    assert {name: row["read_n"] for name, row in found.items()} == written
    for row in found.values():
        assert row["read_n"] == row["good_n"] + row["rejected_n"] + row["duplicate_n"], row
    assert sum(row["rejected_n"] for row in found.values()) == 4 == report.rejected_n
    assert sum(row["duplicate_n"] for row in found.values()) > 0
    assert report.refused == ()
    build = warehouse.open_build(settings.build, PORT)
    by_day = build.connection.execute("SELECT file_id, sum(good_n), sum(rejected_n), sum(duplicate_n) FROM dq_file_days GROUP BY file_id").fetchall()
    assert sorted(by_day) == sorted((row["file_id"], row["good_n"], row["rejected_n"], row["duplicate_n"]) for row in found.values())
    assert build.connection.execute("SELECT count(*) FROM dq_rejects").fetchone() == (4,)


def test_a_load_counts_only_the_days_that_have_lines(loaded):
    settings, report, _files, _port = loaded
    build = warehouse.open_build(settings.build, PORT)
    first, last, days_n = build.connection.execute("SELECT min(day), max(day), count(DISTINCT day) FROM ledger.int_file_counts").fetchone()
    assert (report.first_day, report.last_day, report.days_n) == (first, last, days_n)


def _key(path: Path) -> tuple[str, dt.date]:
    kind, day = path.name.split(".")[0].rsplit("_", 1)
    return kind, dt.date.fromisoformat(day)


def test_loading_again_changes_nothing_at_all(own, tmp_path):
    settings, report, files, _ = own
    before = sorted((path.name, path.stat().st_mtime_ns) for path in settings.home.rglob("*") if path.is_file() and path.name != "loading.lock")
    copy = tmp_path / "other" / f"{files[0].stem}_again{files[0].suffix}"
    copy.parent.mkdir()
    shutil.copy(files[0], copy)
    for inbox in (settings.home.parent / "inbox", copy.parent):
        again = pipeline.load(settings, inbox)
        assert not again.is_changed and again.build_id == report.build_id
    assert again.files[0].message == f"{copy.name}: has the content of {files[0].name} and is not read again"
    assert before == sorted((path.name, path.stat().st_mtime_ns) for path in settings.home.rglob("*") if path.is_file() and path.name != "loading.lock")


def test_facts_come_out(loaded):
    rows = content(loaded[0])
    empty = {name for name, found in rows.items() if not found}
    assert not empty - {"dim_zones"}, empty


@pytest.mark.parametrize(("seed", "days_a_load"), [(0, 1), pytest.param(1, 2, marks=pytest.mark.slow), pytest.param(2, 3, marks=pytest.mark.slow)])
def test_day_by_day_equals_all_at_once(tmp_path, seed, days_a_load):
    port = small_port(days=5, seed=seed, first=dt.date(2026, 6, 27))
    files = port.write(tmp_path / "files")
    whole = load_in(tmp_path, [files], "whole")
    by_day = {}
    for path in files:
        by_day.setdefault(_key(path)[1], []).append(path)
    days = sorted(by_day)
    loads = [[path for day in days[first : first + days_a_load] for path in by_day[day]] for first in range(0, len(days), days_a_load)]
    daily = load_in(tmp_path, loads, "daily")
    assert differences(content(whole), content(daily)) == {}


@examples(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(seed=st.integers(0, 10_000), order=st.randoms(use_true_random=False), batches=st.integers(2, 5))
def test_any_order_of_files_gives_the_same_build(tmp_path_factory, seed, order, batches):
    tmp = tmp_path_factory.mktemp("order")
    files = small_port(days=3, trucks=5, seed=seed, first=dt.date(2026, 6, 29)).write(tmp / "files")
    whole = load_in(tmp, [files], "whole")
    shuffled = list(files)
    order.shuffle(shuffled)
    parts = load_in(tmp, [part for number in range(batches) if (part := shuffled[number::batches])], "parts")
    assert differences(content(whole), content(parts)) == {}
    pipeline.rebuild(parts)
    assert differences(content(whole), content(parts)) == {}
    shutil.rmtree(tmp)


@pytest.mark.slow
@examples(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(seed=st.integers(0, 10_000), order=st.randoms(use_true_random=False), batches=st.integers(2, 12), days=st.integers(2, 20))
def test_any_order_of_files_gives_the_same_build_at_length(tmp_path_factory, seed, order, batches, days):
    tmp = tmp_path_factory.mktemp("order")
    files = small_port(days=days, trucks=5, seed=seed, first=dt.date(2026, 6, 20)).write(tmp / "files")
    shuffled = list(files)
    order.shuffle(shuffled)
    parts = load_in(tmp, [part for number in range(batches) if (part := shuffled[number::batches])], "parts")
    assert differences(content(load_in(tmp, [files], "whole")), content(parts)) == {}
    shutil.rmtree(tmp)


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_files_split_in_two_give_the_same_facts(tmp_path, seed):
    port = small_port(days=3, seed=seed)
    whole = content(load_in(tmp_path, [port.write(tmp_path / "one")], "whole"), ids=False)
    halves = port.write(tmp_path / "two", split=2)
    split = content(load_in(tmp_path, [halves[::2], halves[1::2]], "split"), ids=False)
    for table in ("fct_visits", "fct_visit_steps", "fct_declarations", "fct_appointments", "fct_zone_stays"):
        assert whole[table] == split[table], table


def site_copy(folder: Path) -> Path:
    shutil.copytree(SAMPLE_SITE, folder)
    return folder


def test_replay_after_a_fixed_mapping_equals_a_load_with_the_right_one(tmp_path):
    port = small_port(days=3)
    files = port.write(tmp_path / "inbox")
    wrong = site_copy(tmp_path / "site")
    mapping = wrong / "mappings" / "pesage.toml" if (wrong / "mappings" / "pesage.toml").exists() else wrong / "mappings" / "weighbridge.toml"
    right = mapping.read_text("utf-8")
    mapping.write_text(right.replace('"PLEIN" = "full"', "").replace('"VIDE" = "empty"', '"PLEIN" = "full"'), "utf-8")
    settings = installation(tmp_path / "home", wrong)
    first = pipeline.load(settings, tmp_path / "inbox")
    weighings = sum(len(lines) for (kind, _), lines in port.lines.items() if kind == "pesage")
    assert first.rejected_n == weighings + 3
    assert not pipeline.load(settings, None, replay=True).is_changed, "nothing was fixed yet"
    mapping.write_text(right, "utf-8")
    second = pipeline.load(settings, None, replay=True)
    assert second.is_changed and {file.file_name.split("_")[0] for file in second.files} == {"pesage"}
    assert not pipeline.load(settings, None, replay=True).is_changed
    once = installation(tmp_path / "once", wrong)
    pipeline.load(once, tmp_path / "inbox")
    assert differences(content(once), content(settings)) == {}
    assert len(files) == len(content(settings)["dq_files"])


def test_a_refused_file_is_recorded_and_loads_once_its_mapping_is_right(tmp_path):
    site = site_copy(tmp_path / "site")
    inbox = tmp_path / "inbox"
    small_port(days=2).write(inbox)
    (inbox / "gate_port_2026-06-01.csv").write_text("Sens,Porte\nE,P6\n", "utf-8")
    (inbox / "notes.txt").write_text("nothing to load", "utf-8")
    settings = installation(tmp_path / "home", site)
    report = pipeline.load(settings, inbox)
    assert sorted(file.file_name for file in report.refused) == ["gate_port_2026-06-01.csv", "notes.txt"]
    rows = {row[2]: row for row in content(settings)["dq_files"]}
    assert rows["notes.txt"][5] == "refused" and "no mapping fits" in rows["notes.txt"][-1]
    assert not pipeline.load(settings, inbox).is_changed, "refused once is enough"


def test_a_second_writer_is_told_who_holds_the_lock(tmp_path):
    settings = installation(tmp_path / "home")
    with lock.one_writer(settings.home), pytest.raises(BusyError, match="another load is running"):
        pipeline.load(settings, tmp_path)


def test_an_absent_inbox_is_one_sentence(tmp_path):
    with pytest.raises(InputError, match="no such folder"):
        pipeline.load(installation(tmp_path / "home"), tmp_path / "nowhere")


def test_another_key_is_refused(own, tmp_path):
    settings = own[0]
    site = site_copy(tmp_path / "site")
    (site / "demo.key").write_text("another key of sufficient length")
    with pytest.raises(SettingsError, match="pseudonym key"):
        pipeline.load(installation(settings.home, site), settings.home.parent / "inbox")


def test_a_changed_reference_makes_the_facts_anew(own, tmp_path):
    settings = own[0]
    site = site_copy(tmp_path / "site")
    arms = site / "reference" / "pilot_arms.csv"
    arms.write_text("unit_kind_code,unit_code,arm_code,start_on\nlane,6A,pilot,2026-06-02\nlane,6D,comparison,2026-06-02\n", "utf-8")
    report = pipeline.load(installation(settings.home, site), settings.home.parent / "inbox")
    assert report.is_changed
    periods = warehouse.open_build(settings.build, PORT).connection.execute("SELECT DISTINCT pilot_period_code FROM fct_visits").fetchall()
    assert {period for (period,) in periods} >= {"before", "after"}


def test_no_raw_identity_is_found_by_searching_lake_build_and_reports(loaded, capsys):
    settings, report, _, port = loaded
    needles = {value.encode() for value in port.raw} | {value.replace("-", "").encode() for value in port.raw}
    texts = [json_of(report).encode()]
    texts += [repr(rows).encode() for rows in content(settings).values()]
    for path in sorted((settings.home / "lake").rglob("*.parquet")):
        texts.append(repr(pl.read_parquet(path, hive_partitioning=False).to_dict(as_series=False)).encode())
    for path in sorted(path for room in ("lake", "build") for path in (settings.home / room).rglob("*") if path.is_file()):
        texts.append(path.read_bytes())
        texts.append(path.name.encode())
    for text in texts:
        found = [needle for needle in needles if needle in text]
        assert not found, found[:3]


def json_of(report: pipeline.BuildReport) -> str:
    return json.dumps(report.to_json())


def test_a_file_is_late_when_a_newer_one_of_its_kind_was_published_before(tmp_path):
    files = small_port(days=3).write(tmp_path / "files")
    late = next(path for path in files if path.name == "pesage_2026-06-01.csv")
    settings = load_in(tmp_path, [[path for path in files if path != late], [late]], "home")
    sql = "SELECT f.file_name FROM dq_findings AS d JOIN dq_files AS f USING (file_id) WHERE finding_code = 'late_file'"
    assert warehouse.open_build(settings.build, PORT).connection.execute(sql).fetchall() == [(late.name,)]
    pipeline.rebuild(settings)
    assert warehouse.open_build(settings.build, PORT).connection.execute(sql).fetchall() == [(late.name,)]


def test_an_interrupted_load_is_finished_by_the_next(tmp_path, monkeypatch):
    port = small_port(days=3)
    files = port.write(tmp_path / "files")
    half = len(files) // 2
    whole = load_in(tmp_path, [files], "whole")
    settings = load_in(tmp_path, [files[:half]], "cut")

    def dies(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(warehouse, "publish", dies)
        with pytest.raises(KeyboardInterrupt):
            pipeline.load(settings, tmp_path / "files")
    assert pipeline.status(settings)["unpublished"]
    (tmp_path / "empty").mkdir()
    assert pipeline.load(settings, tmp_path / "empty").is_changed
    assert differences(content(whole), content(settings)) == {}


def test_the_build_survives_without_a_lake_index_and_a_lost_build_is_made_again(own):
    settings, report, _, _ = own
    before = content(settings)
    shutil.rmtree(settings.build)
    again = pipeline.load(settings, settings.home.parent / "inbox")
    assert again.build_id == report.build_id
    assert differences(before, content(settings)) == {}
    with pytest.raises(duckdb.Error):
        warehouse.open_build(settings.build, PORT).connection.execute("DELETE FROM ledger.dq_files")


def test_random_reader_sees_whole_builds_only(tmp_path):
    """Visits and steps are counted together by a reader that opens a build after every load: they always belong together."""
    files = small_port(days=4).write(tmp_path / "files")
    random.Random(3).shuffle(files)
    settings = installation(tmp_path / "home")
    for number in range(0, len(files), 16):
        inbox = tmp_path / f"in{number}"
        inbox.mkdir()
        for path in files[number : number + 16]:
            shutil.copy(path, inbox)
        pipeline.load(settings, inbox)
        build = warehouse.open_build(settings.build, PORT)
        assert build.connection.execute("SELECT count(*) FROM fct_visit_steps AS s ANTI JOIN fct_visits AS v USING (visit_id, entry_day)").fetchone() == (0,)
        assert build.connection.execute("SELECT build_id FROM meta_builds").fetchone() == (build.build_id,)


def test_content_under_two_names_is_read_by_the_name_that_fits_also_by_a_rebuild(tmp_path):
    """A copy under a name no mapping fits once hid the log itself: refused first, it made the content 'known'."""
    files = small_port(days=2).write(tmp_path / "inbox")
    weighings = next(path for path in files if path.name.startswith("pesage"))
    for name in ("a-copy.txt", "gate-copy.bak"):
        shutil.copy(weighings, tmp_path / "inbox" / name)
    settings = installation(tmp_path / "home")
    report = pipeline.load(settings, tmp_path / "inbox")
    assert report.refused == ()
    assert {file.message.split(":")[0] for file in report.files if file.status == "known"} == {"a-copy.txt", "gate-copy.bak"}
    plain = load_in(tmp_path, [files], "plain")
    assert differences(content(plain), content(settings)) == {}

    late = load_in(tmp_path, [[tmp_path / "inbox" / "a-copy.txt"], files], "late")  # refused under its first name, read under its second
    assert differences(content(plain), content(late)) == {}
    pipeline.rebuild(late)
    assert differences(content(plain), content(late)) == {}
