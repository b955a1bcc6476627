"""Homes that earlier versions made open with this program, and its first load brings them up to date."""

from __future__ import annotations

import json
import shutil
import tarfile
from pathlib import Path

import pytest

from etl import checksums, integrity, pipeline, warehouse
from etl.errors import BuildError
from etl.lake import Lake
from etl.operation.backup import backup, restore
from etl.settings import ROOT, SAMPLE_SITE, Settings
from etl.transform import RULES_VERSION
from etl.warehouse.tables import BUILD_TABLES
from tests.etl.test_pipeline import PORT, content, differences

SAMPLES = sorted((ROOT / "tests" / "sample" / "old").glob("*.tar.xz"))
COUNTED = "count(*), sum(read_n), sum(good_n), sum(rejected_n), sum(duplicate_n)"


OLDER = [pytest.param(path, marks=pytest.mark.slow, id=path.name.split(".")[0]) for path in SAMPLES[:-1]]


@pytest.fixture(params=[*OLDER, pytest.param(SAMPLES[-1], id=SAMPLES[-1].name.split(".")[0])])
def old(request, tmp_path) -> Settings:
    with tarfile.open(request.param) as archive:
        archive.extractall(tmp_path, filter="data")
    return Settings(home=tmp_path / "home", site=SAMPLE_SITE)


def asked(settings: Settings, sql: str) -> tuple:
    build = warehouse.open_build(settings.build, PORT)
    try:
        return build.connection.execute(sql).fetchone()
    finally:
        build.connection.close()


def test_there_is_a_sample_of_the_version_before():
    assert len(SAMPLES) >= 2 and sum(path.stat().st_size for path in SAMPLES) < 300_000


def test_its_build_opens_and_every_column_of_today_can_be_asked(old):
    build = warehouse.open_build(old.build, PORT)
    for table in BUILD_TABLES:
        names = ", ".join(f'"{name}"' for name in table.columns)
        build.connection.execute(f"SELECT {names} FROM {table.name}").fetchall()
    assert build.connection.execute("SELECT count(*) FROM fct_visits").fetchone()[0] > 0
    build.connection.close()
    assert pipeline.status(old)["build_id"] and not integrity.verify(old).damages


def test_its_first_load_brings_it_up_to_date(old, tmp_path):
    files, visits = asked(old, f"SELECT {COUNTED} FROM dq_files"), asked(old, "SELECT count(*), min(entry_at), max(exit_at) FROM fct_visits")
    assert pipeline.load(old, None).is_changed
    assert asked(old, "SELECT rules_version FROM meta_builds") == (RULES_VERSION,)
    assert asked(old, f"SELECT {COUNTED} FROM dq_files") == files and asked(old, "SELECT count(*), min(entry_at), max(exit_at) FROM fct_visits") == visits
    assert not pipeline.load(old, None).is_changed
    # Columns invented since are empty until the raw files are read again; then it is what an installation of today makes of the same logs.
    pipeline.rebuild(old)
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    for path in old.quarantine.glob("*/*/raw/*"):
        shutil.copy(path, inbox)
    new = Settings(home=tmp_path / "new", site=SAMPLE_SITE)
    pipeline.load(new, inbox)
    assert differences(content(new), content(old)) == {}
    assert not integrity.verify(old).damages


@pytest.mark.slow
def test_its_lake_can_be_backed_up_and_restored(old, tmp_path):
    old.keys.mkdir(exist_ok=True, mode=0o700)
    backup(old, tmp_path / "backups")
    home = Settings(home=tmp_path / "restored", site=SAMPLE_SITE)
    restore(home, tmp_path / "backups")
    pipeline.rebuild(home)
    assert asked(home, f"SELECT {COUNTED} FROM dq_files") == asked(old, f"SELECT {COUNTED} FROM dq_files")


@pytest.mark.parametrize("what", ["layout", "manifest", "field", "pointer"])
def test_what_a_newer_version_made_is_refused_in_a_sentence(tmp_path, what):
    with tarfile.open(SAMPLES[-1]) as archive:
        archive.extractall(tmp_path, filter="data")
    settings = Settings(home=tmp_path / "home", site=SAMPLE_SITE)
    lake = settings.lake / "v1"
    manifest = max(lake.glob("manifest-*.json"), key=lambda path: int(path.stem.rpartition("-")[2]))
    if what == "layout":
        (settings.lake / "v2").mkdir()
    elif what == "pointer":
        _change(settings.build / PORT / "current.json", {"version": 2})
    else:
        _change(manifest, {"version": 2} if what == "manifest" else {"buckets": 16})
    with pytest.raises(BuildError, match=r"layout|newer"):
        pipeline.load(settings, None)
    if what != "pointer":
        with pytest.raises(BuildError, match=r"layout|newer"):
            Lake(settings.lake, PORT)


def _change(path: Path, change: dict) -> None:
    about = json.loads(path.read_bytes()) | change
    about.pop("sha256", None)
    path.write_bytes(checksums.sealed(about))
