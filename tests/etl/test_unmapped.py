"""A file no mapping fits is refused with its reason: a name we do not know, a log under another name, or a summary that holds no visits."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from etl import cli
from etl.contracts.reference import load_site
from etl.settings import SAMPLE_SITE, trial_data
from etl.sources import load_mappings, refusal

TRIAL = trial_data()
MAPPINGS = load_mappings(load_site(SAMPLE_SITE).mappings)


def said(folder: Path, name: str, data: bytes) -> str:
    (folder / name).write_bytes(data)
    return str(refusal(folder / name, MAPPINGS))


def test_a_log_under_another_name_is_told_which_mapping_reads_it(tmp_path: Path):
    moves = b"terminal,move,container,time,cargo\nTC3,LOAD,MSCU1234567,2026-06-01T10:00:00Z,GP\n"
    for name, data in (("export.csv", moves), ("export.csv.gz", gzip.compress(moves))):
        sentence = said(tmp_path, name, data)
        assert "5 of the 5 columns that moves.toml reads stand in it" in sentence and "Rename the file as moves.toml expects" in sentence


def test_a_summary_holds_no_visits(tmp_path: Path):
    sentence = said(tmp_path, "waits.csv", b"terminal,date,hour,avg_wait,max_wait,all_n_0..15,all_total\nT5,2016-01-01,0000 - 0100,8,15,150,154\n")
    assert "it holds no visits: 4 of its 7 columns are averages, bounds and counts, as avg_wait, max_wait, all_total." in sentence
    assert "Ask for the log this summary was made of" in sentence


@pytest.mark.parametrize("data", [b"12345-A-6;AHMED ALAMI;MSCU1234567\n", b"\x00\x01\xff", b"", b"one word", b"\xff\xfe;\x81;x\n"], ids=["no header", "bytes", "empty", "word", "charset"])
def test_nothing_of_a_first_line_that_may_be_a_truck_s_is_repeated(data: bytes, tmp_path: Path):
    for name in ("x.csv", "x.csv.gz"):  # the second is no gzip at all
        sentence = said(tmp_path, name, data)
        assert sentence.startswith(f"{name}: no mapping fits this name. Known: codeco_*.edi*, ") and not any(word in sentence for word in ("12345", "ALAMI", "MSCU", "word"))


@pytest.mark.skipif(TRIAL is None, reason="no trial data: set SMARTPORT_TRIAL_DATA to the folder that holds waits_cbp")
def test_hourly_waits_at_an_airport_are_refused_with_one_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Passport waits of O'Hare, an hour a line: nobody's way through can be read in them. Exit code 3, no build, and the home is left as it was."""
    why = "it holds no visits: 14 of its 21 columns are averages, bounds and counts, as us_avg_wait, us_max_wait, non_us_avg_wait, non_us_max_wait."
    assert cli.main(["load", str(Path(TRIAL) / "waits_cbp"), "--home", str(tmp_path), "--quiet"]) == 3
    out, err = capsys.readouterr()
    assert [line[:22] for line in err.splitlines()] == [f"refused: ORD-{year}.csv:" for year in (2016, 2017, 2018)] and err.count(why) == 3
    assert "No build is published: none of the 3 files can be read" in out and not (tmp_path / "build").exists()
    assert cli.main(["check", str(Path(TRIAL) / "waits_cbp" / "ORD-2016.csv"), "--home", str(tmp_path), "--json"]) == 3
    out, err = capsys.readouterr()
    assert json.loads(out)["exit_code"] == 3 and why in json.loads(out)["error"] and err.count(why) == 1
