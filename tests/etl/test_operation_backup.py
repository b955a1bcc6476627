"""Backups are whole whatever runs beside them, are held against their digests, and bring back the same figures."""

from __future__ import annotations

import json
import os
import shutil

import polars as pl
import pytest

from etl import checksums, pipeline
from etl.errors import BuildError, InputError, SettingsError
from etl.lake import Lake
from etl.loading import rekey
from etl.operation.backup import LIST, backup, complete, restore
from etl.settings import Settings
from tests.etl.small_port import real_site, small_port
from tests.etl.test_pipeline import PORT, content, differences


@pytest.fixture(scope="module")
def port():
    return small_port(days=1, trucks=3)

SETTINGS = ("access.toml", "alerts.toml", "delivery.toml", "cookie_secret", "signed_out")  # who may sign in, what is watched, who is told


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return real_site(tmp_path_factory.mktemp("real") / "site")


@pytest.fixture(scope="module")
def loaded(tmp_path_factory, port, site):
    folder = tmp_path_factory.mktemp("backup")
    settings = Settings(home=folder / "home", site=site)
    pipeline.load(settings, port.write(folder / "inbox"))
    for room in ("audit", "alerts", "briefings"):
        (settings.home / room).mkdir(mode=0o700)
        (settings.home / room / "kept.jsonl").write_text(f"{room}\n")
    for name in SETTINGS:
        rekey.write_owner_only(settings.keys / name, f"{name}\n".encode())
    return settings


@pytest.fixture(scope="module")
def kept(loaded, tmp_path_factory):
    """One backup to look at; what changes it takes `own`."""
    folder = tmp_path_factory.mktemp("kept") / "backups"
    backup(loaded, folder)
    return folder


@pytest.fixture
def own(kept, tmp_path):
    return shutil.copytree(kept, tmp_path / "backups")


def test_restored_and_rebuilt_it_gives_the_same_figures(loaded, kept, tmp_path):
    home = Settings(home=tmp_path / "home", site=loaded.site)
    found = restore(home, kept)
    assert found.port_codes == (PORT,) and found.raw_files_n and not home.quarantine.exists()
    assert (home.keys / "key").read_bytes() == (loaded.keys / "key").read_bytes()
    assert {room: (home.home / room / "kept.jsonl").read_text() for room in ("audit", "alerts", "briefings")} == {room: f"{room}\n" for room in ("audit", "alerts", "briefings")}
    assert [(home.keys / name).read_text() for name in SETTINGS] == [f"{name}\n" for name in SETTINGS]
    pipeline.rebuild(home)
    assert differences(content(loaded), content(home)) == {}
    for path in (home.keys, home.keys / "key", *(home.keys / name for name in SETTINGS), kept, *kept.iterdir()):
        assert path.stat().st_mode & 0o077 == 0, path


def test_nothing_raw_is_in_a_backup_unless_asked_for(kept, port, loaded, tmp_path):
    needles = {value.encode() for value in port.raw} | {value.replace("-", "").encode() for value in port.raw}
    for path in (path for path in kept.rglob("*") if path.is_file() and "site" not in path.relative_to(kept).parts):
        data = repr(pl.read_parquet(path, hive_partitioning=False).to_dict(as_series=False)).encode() if path.suffix == ".parquet" else b""
        assert not [needle for needle in needles if needle in data + path.read_bytes() + path.name.encode()], path
    found = backup(loaded, tmp_path / "with_raw", with_raw=True)
    home = Settings(home=tmp_path / "home", site=loaded.site)
    restore(home, tmp_path / "with_raw")
    assert len(list(home.quarantine.glob("*/*/raw/*"))) == len(list(loaded.quarantine.glob("*/*/raw/*"))) and found.raw_files_n
    assert all(path.stat().st_mode & 0o077 == 0 for path in home.quarantine.rglob("*"))


def test_the_next_one_costs_only_what_is_new(loaded, own, tmp_path):
    home = Settings(home=shutil.copytree(loaded.home, tmp_path / "home"), site=loaded.site)
    first = complete(own)[0].rename(own / "2026-01-01T000000Z")
    pipeline.load(home, small_port(days=1, trucks=2, seed=9).write(tmp_path / "more"))
    found = backup(home, own, keep=2)
    old = {path.relative_to(first) for path in first.rglob("*.parquet")}
    linked = [path for path in old if (found.folder / path).exists() and (found.folder / path).stat().st_ino == (first / path).stat().st_ino]
    assert len(linked) > 0.5 * len(old) and 0 < found.new_bytes_n < 0.7 * found.bytes_n
    assert complete(own) == [first, found.folder]
    damaged = next(iter(sorted(found.folder.rglob("*.parquet"))))
    damaged.unlink()
    damaged.write_bytes(b"no longer what it was")
    last = backup(home, own, keep=1)
    assert not [file for file in last.files if checksums.fault_of(last.folder / file["path"], file["bytes_n"], file["digest"])], "what is damaged in the one before is taken anew"
    assert first not in complete(own) and len(complete(own)) == 1
    assert not list(own.glob(".*")) and not (home.home / ".backup").exists()


def test_it_is_whole_though_a_load_commits_while_it_is_made(loaded, tmp_path, monkeypatch):
    home = Settings(home=shutil.copytree(loaded.home, tmp_path / "home"), site=loaded.site)
    more = small_port(days=1, trucks=3, seed=5).write(tmp_path / "more")
    link, links = os.link, []

    def load_once(source, target):
        links.append(target)
        if len(links) == 20:  # now it replaces the fixes' derived parts and the manifest that is being followed
            pipeline.load(home, more)
        link(source, target)

    before = {part.path for part in Lake(home.lake, PORT).manifest.parts}
    with monkeypatch.context() as patched:
        patched.setattr(os, "link", load_once)
        found = backup(home, tmp_path / "backups")
    held = {file["path"].removeprefix("home/lake/v1/") for file in found.files if file["path"].endswith(".parquet")}
    assert before - {part.path for part in Lake(home.lake, PORT).manifest.parts}, "the load took files away"
    assert held == {part.path for part in Lake(home.lake, PORT).manifest.parts}
    restored = Settings(home=tmp_path / "restored", site=loaded.site)
    restore(restored, tmp_path / "backups")
    pipeline.rebuild(restored)
    assert {name: rows for name, rows in differences(content(home), content(restored)).items() if name != "dq_findings"} == {}


def test_what_is_damaged_is_named_and_nothing_is_restored(own, loaded, tmp_path):
    folder = complete(own)[0]
    part = next(iter(sorted(folder.rglob("*.parquet"))))
    data = bytearray(part.read_bytes())
    data[len(data) // 2] ^= 1
    part.unlink()
    part.write_bytes(data)
    home = Settings(home=tmp_path / "home", site=loaded.site)
    with pytest.raises(BuildError, match=r"1 of .* files are damaged .*parquet: its content is not what was written"):
        restore(home, own)
    part.unlink()
    with pytest.raises(BuildError, match="it is missing"):
        restore(home, own)
    (folder / LIST).write_bytes((folder / LIST).read_bytes().replace(b"mode", b"mood", 1))
    with pytest.raises(BuildError, match="list of the backup is damaged"):
        restore(home, own)
    assert not home.home.exists() or not [path for path in home.home.iterdir() if path.suffix != ".lock"]


@pytest.mark.parametrize(("change", "words"), [({"version": 2}, "another version of the program"), ({"path": "../../evil"}, "leads out of it"), ({"path": "/etc/evil"}, "leads out of it")])
def test_what_is_of_another_version_or_leads_elsewhere_is_refused(own, loaded, tmp_path, change, words):
    path = complete(own)[0] / LIST
    about = {name: value for name, value in json.loads(path.read_bytes()).items() if name != "sha256"}
    if "path" in change:
        about["files"][0] |= change
    else:
        about |= change
    path.write_bytes(checksums.sealed(about))
    with pytest.raises(BuildError, match=words):
        restore(Settings(home=tmp_path / "home", site=loaded.site), own)


def test_nothing_is_restored_over_what_is_there(loaded, kept, tmp_path):
    with pytest.raises(SettingsError, match="not empty"):
        restore(loaded, kept)
    with pytest.raises(InputError, match="no backup here"):
        restore(Settings(home=tmp_path / "home", site=loaded.site), tmp_path)
