"""Reading side by side, in stretches or one by one gives the same rows; what a stretch refuses is taken back whole."""

from __future__ import annotations

import shutil

import pytest

from etl import pipeline
from etl.contracts.reference import load_site
from etl.errors import InputError
from etl.identities import load_identities
from etl.loading import intake, reading
from etl.settings import ROOT, SAMPLE_SITE
from etl.sources import file_id, match
from tests.etl.small_port import small_port
from tests.etl.test_pipeline import content, differences, installation, load_in

SMALL = ROOT / "sample_data" / "small" / "inbox"


@pytest.fixture
def reader(tmp_path):
    settings = installation(tmp_path / "home")
    site = load_site(SAMPLE_SITE)
    return reading.Reader.of(settings, site, load_identities(settings.keys, site))


def test_files_judged_together_come_out_as_one_by_one(reader):
    groups: dict[str, list] = {}
    for path in intake.discover(SMALL):
        mapping = match(path, reader.mappings)
        if path.stat().st_size <= intake.SMALL_BYTES:
            groups.setdefault(mapping.name, []).append((mapping, path, file_id(path)))
    assert len(groups) >= 8
    for files in groups.values():
        together = reader.read_together([(path, name_id) for _, path, name_id in files], files[0][0])
        for (_, path, name_id), found in zip(files, together, strict=True):
            alone = reader.read(path, name_id)
            assert found.row == alone.row
            assert found.good.equals(alone.good), path.name
            assert found.rejects.equals(alone.rejects), path.name


def test_a_large_file_in_stretches_gives_the_same_build(tmp_path, monkeypatch):
    files = small_port(days=2).write(tmp_path / "files")
    whole = load_in(tmp_path, [files], "whole")
    monkeypatch.setattr(reading, "LARGE_BYTES", 200)
    monkeypatch.setattr(intake, "SMALL_BYTES", 100)
    original = reading.chunks
    monkeypatch.setattr(reading, "chunks", lambda path, mapping: original(path, mapping, block_bytes=300))
    assert differences(content(whole), content(load_in(tmp_path, [files], "stretches"))) == {}


def test_a_stretch_that_is_refused_takes_the_whole_file_back(tmp_path, monkeypatch):
    files = small_port(days=2).write(tmp_path / "files")
    bad = next(path for path in files if path.name.startswith("gate_port"))
    rest = load_in(tmp_path, [[path for path in files if path != bad]], "rest")
    monkeypatch.setattr(reading, "LARGE_BYTES", 100)
    original = reading.chunks

    def breaks(path, mapping):
        for number, raw in enumerate(original(path, mapping, block_bytes=300)):
            if path.name == bad.name and number == 1:
                raise InputError(path.name, "the file cannot be unpacked", "", "Have it sent again")
            yield raw

    monkeypatch.setattr(reading, "chunks", breaks)
    home = installation(tmp_path / "home")
    (tmp_path / "inbox").mkdir()
    for path in files:
        shutil.copy(path, tmp_path / "inbox")
    report = pipeline.load(home, tmp_path / "inbox")
    assert [file.file_name for file in report.refused] == [bad.name]
    assert content(home)["fct_visits"] == content(rest)["fct_visits"]
    assert content(home)["fct_declarations"] == content(rest)["fct_declarations"]


def test_half_written_and_hidden_files_are_left_alone(tmp_path):
    for name in ("a.csv", ".hidden.csv", "b.csv.part", "sub/c.csv", ".git/d.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    assert [path.name for path in intake.discover(tmp_path)] == ["a.csv", "c.csv"]
