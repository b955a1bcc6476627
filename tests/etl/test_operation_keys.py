"""The pseudonym key: made for its owner only, replaced so that old and new rows are of one truck, or cut apart for good."""

from __future__ import annotations

import shutil

import polars as pl
import pytest

from etl import pipeline, warehouse
from etl.contracts.facts import FCT_VISITS
from etl.contracts.staged import STAGED_TABLES
from etl.errors import SettingsError
from etl.identities import Identities, relinked
from etl.lake import Lake
from etl.loading import rekey
from etl.operation import keys
from etl.settings import SAMPLE_SITE, Settings
from tests.etl.small_port import real_site, small_port
from tests.etl.test_pipeline import PORT, content, differences


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return real_site(tmp_path_factory.mktemp("real") / "site")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return small_port(days=2, trucks=3).write(tmp_path_factory.mktemp("files") / "inbox")


@pytest.fixture(scope="module")
def loaded(tmp_path_factory, site, files):
    settings = Settings(home=tmp_path_factory.mktemp("keys") / "home", site=site)
    pipeline.load(settings, files)
    return settings


@pytest.fixture
def own(loaded, tmp_path):
    shutil.copytree(loaded.home, tmp_path / "home")
    return Settings(home=tmp_path / "home", site=loaded.site)


def trucks(settings: Settings) -> set[str]:
    return {key for (key,) in warehouse.open_build(settings.build, PORT).connection.execute("SELECT DISTINCT plate_key FROM fct_visits").fetchall()}


def test_rows_under_the_link_are_the_rows_of_the_new_key(tmp_path):
    old, link = Identities(b"a" * 32), b"b" * 32
    new = Identities(b"a" * 32 + b"\n" + link)
    texts = pl.Series("plate", ["12345-A-6", None, "12345 A 6", "-", "77-B-1"])
    assert relinked(old.pseudonyms(texts, "plate"), link).equals(new.pseudonyms(texts, "plate"))
    assert new.translated(old.pseudonym("77-B-1", "plate"), 1) == new.pseudonym("77-B-1", "plate") != old.pseudonym("77-B-1", "plate")
    assert old.key_id != new.key_id and (old.links_n, new.links_n) == (0, 1)
    with pytest.raises(SettingsError, match="0 links"):
        old.translated("0" * 16, 1)


def test_a_key_is_made_for_its_owner_only_and_named(tmp_path, site):
    settings = Settings(home=tmp_path / "home", site=site)
    about = keys.about(settings)
    assert about["mode"] == "600" and about["links_n"] == 0 and not about["is_sample"]
    assert settings.keys.stat().st_mode & 0o777 == 0o700
    assert about["key_id"] not in (settings.keys / "key").read_text()
    with pytest.raises(SettingsError, match="fixed key"):
        keys.rotate(Settings(home=tmp_path / "sample", site=SAMPLE_SITE), joinable=True)


def test_digests_of_staged_rows_can_be_made_again_from_the_rows(loaded):
    """Under another key a row has another digest, which decides between two records of one key: it must be the one a load would make."""
    lake = Lake(loaded.lake, PORT)
    for table in STAGED_TABLES:
        rows = lake.rows(table.name)
        assert rows.height or table.name == "stg_logbook", table.name
        assert rekey.row_digests([rows[name] for name in rekey._OWN[table.name]], rows.height).equals(rows["row_digest"]), table.name


def test_joinable_old_rows_and_new_files_are_of_one_truck(own, site, files, tmp_path):
    before, old_key = content(own), (own.keys / "key").read_bytes()
    rotation = keys.rotate(own, joinable=True)
    after = content(own)
    about = keys.about(own)
    assert rotation.new_key_id == about["key_id"] != rotation.old_key_id and about["mode"] == "600" and about["links_n"] == 1
    assert {name: len(rows) for name, rows in before.items()} == {name: len(rows) for name, rows in after.items()}
    assert not trucks(own) & {row for rows in before.values() for row in rows for row in row if isinstance(row, str)}
    # What a new installation with this key file makes of the same raw files is what the lake now says of its rows, to the last row and id.
    other = Settings(home=tmp_path / "other", site=site)
    other.keys.mkdir(parents=True)
    shutil.copy(own.keys / "key", other.keys / "key")
    pipeline.load(other, files)
    assert differences(content(other), after) == {}
    assert {keys.translated(own, key) for key in _column(before, "plate_key")} == trucks(own)
    assert (own.keys / "key").read_bytes().startswith(old_key)
    ids = warehouse.open_build(own.build, PORT).connection.execute("SELECT DISTINCT key_id FROM dq_files UNION SELECT key_id FROM meta_builds").fetchall()
    assert ids == [(rotation.new_key_id,)]


def _column(tables: dict, name: str) -> set[str]:
    at = list(FCT_VISITS.columns).index(name)
    return {row[at] for row in tables["fct_visits"]}


def test_cut_what_was_written_before_joins_nothing_written_after(own, files):
    before, old_key = content(own), (own.keys / "key").read_bytes()
    expired = [path for path in own.quarantine.rglob("raw/*") if path.name.startswith(("pesage", "gate_port"))]
    for path in expired:
        shutil.rmtree(path.parent.parent)
    rotation = keys.rotate(own, joinable=False)
    after = content(own)
    assert rotation.old_key_id != rotation.new_key_id == keys.about(own)["key_id"]
    assert {name: len(rows) for name, rows in before.items() if name.startswith("dq_files")} == {name: len(rows) for name, rows in after.items() if name.startswith("dq_files")}
    assert not _column(before, "plate_key") & _column(after, "plate_key")
    named = dict(warehouse.open_build(own.build, PORT).connection.execute("SELECT file_name, key_id FROM dq_files").fetchall())
    assert {name for name, key_id in named.items() if key_id == rekey.CUT_ROWS} == {path.name for path in expired}
    # The old key is nowhere in the home, nor any file that bears its pseudonyms.
    gone = {key.encode() for key in _column(before, "plate_key")} | {old_key.strip()}
    for path in (path for path in own.home.rglob("*") if path.is_file() and "quarantine" not in path.parts):
        data = repr(pl.read_parquet(path, hive_partitioning=False).to_dict(as_series=False)).encode() if path.suffix == ".parquet" else path.read_bytes()
        assert not [key for key in gone if key in data], path
    with pytest.raises(SettingsError, match="links"):
        keys.translated(own, next(iter(_column(before, "plate_key"))))


@pytest.mark.parametrize(("joinable", "moment"), [(False, "before"), (True, "after"), (False, "after")])
def test_killed_in_between_lake_and_key_are_found_in_step(own, files, monkeypatch, joinable, moment):
    """Killed just before the lake's new manifest counts, nothing happened; just after it, the rotation is finished."""
    commit = Lake.commit

    def dies(lake, **about):
        if "key_id" in about and moment == "after":
            commit(lake, **about)
        raise KeyboardInterrupt

    old_id = keys.about(own)["key_id"]
    with monkeypatch.context() as patched:
        patched.setattr(Lake, "commit", dies)
        with pytest.raises(KeyboardInterrupt):
            keys.rotate(own, joinable=joinable)
    with pytest.raises(SettingsError, match="key finish"):
        pipeline.load(own, files)
    keys.finish(own)
    if moment == "after" and not joinable:
        with pytest.raises(SettingsError, match="rebuild"):
            pipeline.load(own, files)
        pipeline.rebuild(own)
    report = pipeline.load(own, files)
    assert report.good_n and (keys.about(own)["key_id"] == old_id) == (moment == "before")
    assert not (own.keys / "key.next").exists() and not list(own.keys.glob("key.cut*"))
    assert not pipeline.load(own, files).is_changed


@pytest.mark.slow
@pytest.mark.parametrize("joinable", [True, False])
def test_all_ports_of_a_home_change_their_key_together(own, files, tmp_path, monkeypatch, joinable):
    """Killed when the first of two lakes is under the new key: neither loads until both are, and then a truck has one pseudonym in both ports again."""
    folder = shutil.copytree(own.site, tmp_path / "other_site")
    (folder / "site.toml").write_text((folder / "site.toml").read_text("utf-8").replace('"MACAS"', '"XXTST"'), "utf-8")
    other = Settings(home=own.home, site=folder)
    pipeline.load(other, files)
    commit, done = Lake.commit, []

    def dies(lake, **about):
        if done:
            raise KeyboardInterrupt
        done.append(lake.port_code)
        commit(lake, **about)

    with monkeypatch.context() as patched:
        patched.setattr(Lake, "commit", dies)
        with pytest.raises(KeyboardInterrupt):
            keys.rotate(own, joinable=joinable)
    for settings in (own, other):
        with pytest.raises(SettingsError, match="key finish"):
            pipeline.load(settings, files)
    keys.finish(own)
    for settings in (own, other):
        (pipeline.load if joinable else lambda port, _: pipeline.rebuild(port))(settings, None)
        assert not pipeline.load(settings, files).is_changed
    assert [lake.manifest.key_id for lake in rekey.lakes(own.lake)] == [keys.about(own)["key_id"]] * 2
    theirs = {key for (key,) in warehouse.open_build(own.build, "XXTST").connection.execute("SELECT DISTINCT plate_key FROM fct_visits").fetchall()}
    assert theirs == trucks(own)
