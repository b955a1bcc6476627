"""Reading side by side, in stretches or one by one gives the same rows; what a stretch refuses is taken back whole."""

from __future__ import annotations

import gzip
import shutil

import polars as pl
import pytest

from etl import pipeline, quarantine
from etl.contracts.reference import load_site
from etl.errors import InputError
from etl.identities import load_identities
from etl.loading import intake, reading
from etl.settings import ROOT, SAMPLE_SITE
from etl.sources import file_id, match
from tests.etl.small_port import HEADERS, small_port
from tests.etl.test_pipeline import content, differences, installation, load_in

SMALL = ROOT / "sample_data" / "small" / "inbox"


@pytest.fixture
def reader(tmp_path):
    settings = installation(tmp_path / "home")
    site = load_site(SAMPLE_SITE)
    return reading.Reader.of(settings, site, load_identities(settings.keys, site))


def assert_as_one_by_one(reader, files):
    """Read files, (path, file id), of one mapping together and one by one: rows, rejects and what is said of each must be the same."""
    together = reader.read_together(files, match(files[0][0], reader.mappings))
    alone = [reader.read(path, name_id) for path, name_id in files]
    assert together.rows == {name_id: row for read in alone for name_id, row in read.rows.items()}
    for table in {table for read in alone for table, _ in read.frames}:
        one, other = ([frame for name, frame in frames if name == table] for frames in (together.frames, [pair for read in alone for pair in read.frames]))
        assert pl.concat(one).sort("file_id", "source_line").equals(pl.concat(other).sort("file_id", "source_line")), (table, files[0][0].name)
    kept = [quarantine.rejected_bytes(reader.settings.quarantine, reader.site.port_code, name_id) for _, name_id in files]
    reader.read_together(files, match(files[0][0], reader.mappings))
    assert all(one.equals(quarantine.rejected_bytes(reader.settings.quarantine, reader.site.port_code, name_id)) for one, (_, name_id) in zip(kept, files, strict=True))


def test_files_judged_together_come_out_as_one_by_one(reader):
    groups: dict[str, list] = {}
    for path in intake.discover(SMALL):
        if path.stat().st_size <= intake.SMALL_BYTES:
            groups.setdefault(match(path, reader.mappings).name, []).append((path, file_id(path)))
    assert len(groups) >= 8
    for files in groups.values():
        assert_as_one_by_one(reader, files)


def test_odd_files_among_those_judged_together_keep_their_own_lines(reader, tmp_path):
    """No line end at the end, other line ends, blank lines, marks, faults, no lines at all, another header, packed: each in one pile with plain ones."""
    head, line = HEADERS["gate_port"], "x;E;P6;6A;01/06/2026 08:00:{:02};01/06/2026 08:00:{:02};10000-A-1;BDG1;T;MSCU1234567;;IMP;SEC;R"
    lines = [line.format(number, number) for number in range(6)]
    names = head.split(";")
    turned = "\n".join([";".join(reversed(names)), *(";".join(reversed(text.split(";"))) for text in lines[:2]), ""])
    bodies = [
        "\n".join([head, *lines, ""]), "\n".join([head, *lines[:2]]), "\r\n".join([head, *lines[:3], ""]), "\n".join([head, "", lines[0], "", "\r", lines[1], "", ""]), f"{head}\n", head,
        "\n".join(["", head, lines[0], ""]), "\n".join([head, "three;fields;only", lines[0], 'a "stray', lines[1].replace("P6", "G9"), ""]), "\n".join([head, lines[0] + "\0", lines[1], ""]), turned,
        "\n".join([head, *reversed([line.format(0, 0).replace("08:00", f"{hour:02}:00") for hour in range(8, 14)]), ""]), "\r".join([head, *lines, ""]), "\n".join([head, "", ""]),
        "\n".join([head.replace("Sens", "Nothing"), lines[0], ""]), "\ufeff" + "\n".join([head, lines[0], ""]), "\n".join([head, lines[0].replace("E;", "é;"), ""]),
    ]  # fmt: skip
    raws = [body.encode() for body in bodies] + [gzip.compress(bodies[0].encode(), mtime=0), b"", bodies[0].replace("SEC", "S\xe9C").encode("cp1252"), bodies[0].encode("utf-16")]
    files = []
    for number, raw in enumerate(raws * 2):  # the same again after the others, under another date
        path = tmp_path / f"gate_port_2026-06-{1 + number // len(raws):02}_{number:02}.csv"
        path.write_bytes(raw)
        files.append((path, f"{number:016x}"))
    assert_as_one_by_one(reader, files)
    assert_as_one_by_one(reader, files[::-1])


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
    monkeypatch.setattr(intake, "SMALL_BYTES", 100)
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
