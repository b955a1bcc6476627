"""The commands as a scheduler and a person meet them: exit codes, one JSON document, one sentence an error."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil

import pytest

from dashboard.__main__ import main as smartport
from etl import cli
from etl.loading import lock
from etl.loading.progress import Bar
from tests.etl.small_port import small_port


@pytest.fixture(scope="module")
def inbox(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inbox")
    small_port(days=2).write(folder)
    return folder


@pytest.fixture(scope="module")
def home(tmp_path_factory, inbox):
    home = tmp_path_factory.mktemp("cli") / "home"
    assert cli.main(["load", str(inbox), "--home", str(home), "--quiet"]) == 0
    return home


def test_load_twice_says_nothing_new(home, inbox, capsys):
    assert cli.main(["load", str(inbox), "--home", str(home)]) == 0
    assert "Nothing new" in capsys.readouterr().out


def test_json_is_one_document_with_exact_accounts(inbox, tmp_path, capsys):
    assert cli.main(["load", str(inbox), "--home", str(tmp_path / "home"), "--json"]) == 0
    said = capsys.readouterr()
    report = json.loads(said.out)
    assert said.err == "" and report["is_changed"]
    assert report["read_n"] == report["good_n"] + report["rejected_n"] + report["duplicate_n"]
    assert {file["status"] for file in report["files"]} == {"loaded"}


def test_status_adds_up(home, capsys):
    assert cli.main(["status", "--home", str(home), "--json"]) == 0
    about = json.loads(capsys.readouterr().out)
    assert about["read_n"] == about["good_n"] + about["rejected_n"] + about["duplicate_n"] and not about["unpublished"]
    assert cli.main(["status", "--home", str(home)]) == 0
    assert "lines read" in capsys.readouterr().out


def test_status_before_the_first_load_is_exit_4(tmp_path, capsys):
    assert cli.main(["status", "--home", str(tmp_path)]) == 4
    assert "smartport load" in capsys.readouterr().out
    assert cli.main(["rejects", "--home", str(tmp_path)]) == 4


def test_check_writes_nothing(inbox, tmp_path, capsys):
    path = next(inbox.glob("gate_port_*"))
    assert cli.main(["check", str(path), "--home", str(tmp_path / "home")]) == 0
    assert "malformed_line" in capsys.readouterr().out
    assert not (tmp_path / "home").exists()
    assert cli.main(["check", str(path), "--home", str(tmp_path / "home"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rejected_n"] == 1


def test_rejects_as_csv_hold_every_reject_and_no_plate(home, tmp_path, capsys):
    assert cli.main(["rejects", "--home", str(home), "--csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert len(rows) == 2 and rows[0]["reason_codes"] == "malformed_line"
    assert cli.main(["rejects", "--home", str(home), "--csv", str(tmp_path / "rejects.csv")]) == 0
    assert (tmp_path / "rejects.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    capsys.readouterr()
    assert cli.main(["rejects", "--home", str(home), "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 2


def test_errors_are_one_sentence_with_their_exit_code(tmp_path, inbox, capsys):
    assert cli.main(["load", str(tmp_path / "nowhere"), "--home", str(tmp_path / "home")]) == 3
    assert capsys.readouterr().err.startswith("smartport: ")
    assert cli.main(["load", str(inbox), "--home", str(tmp_path / "home"), "--site", str(tmp_path)]) == 2
    assert "site.toml" in capsys.readouterr().err
    with lock.one_writer(tmp_path / "home"):
        assert cli.main(["load", str(inbox), "--home", str(tmp_path / "home")]) == 5
    assert "another load is running" in capsys.readouterr().err
    assert cli.main(["load", "--home", str(tmp_path / "home")]) == 3
    assert "no inbox is given" in capsys.readouterr().err


def test_a_refused_file_is_exit_3_and_the_rest_is_published(inbox, tmp_path, capsys):
    shutil.copytree(inbox, tmp_path / "inbox")
    (tmp_path / "inbox" / "gate_port_2026-06-09.csv").write_text("not;this\n", "utf-8")
    assert cli.main(["load", str(tmp_path / "inbox"), "--home", str(tmp_path / "home")]) == 3
    said = capsys.readouterr()
    assert "refused: gate_port_2026-06-09.csv" in said.err and "published" in said.out
    assert cli.main(["status", "--home", str(tmp_path / "home")]) == 0
    said = capsys.readouterr().out
    assert "refused: gate_port_2026-06-09.csv" in said and "1 refused" in said
    assert not re.search(r"\d\d:\d\d:\d\d\.", said), "whole seconds are enough"


def test_progress_shows_counts_and_rates_and_is_silent_by_default():
    stream = io.StringIO()
    with Bar(stream, is_terminal=True) as bar:
        bar("reading", 1, 2, 1000)
        bar("reading", 2, 2, 2000)
    assert "2/2" in stream.getvalue() and "2,000 lines" in stream.getvalue() and stream.getvalue().endswith("\n")
    with Bar(None) as bar:
        bar("reading", 1, 2)


def test_rebuild_keeps_the_build(home, capsys):
    assert cli.main(["status", "--home", str(home), "--json"]) == 0
    before = json.loads(capsys.readouterr().out)
    assert cli.main(["rebuild", "--home", str(home), "--json"]) == 0
    capsys.readouterr()
    assert cli.main(["status", "--home", str(home), "--json"]) == 0
    after = json.loads(capsys.readouterr().out)
    assert {name: value for name, value in before.items() if name != "built_at"} == {name: value for name, value in after.items() if name != "built_at"}


def test_an_empty_inbox_and_one_that_is_refused_whole_make_no_build_and_say_why(inbox, tmp_path, capsys):
    """An empty build once stood there as if the port had had no traffic."""
    home, first = ["--home", str(tmp_path / "home")], tmp_path / "inbox"
    first.mkdir()
    assert cli.main(["load", str(first), *home]) == 0
    assert capsys.readouterr().out == "No build is published: there is nothing to read yet.\n"
    assert cli.main(["status", *home]) == 4
    (first / "unknown.log").write_text("x\n")
    (first / "gate_port_2026-06-09.csv").write_text("not;this\n", "utf-8")
    for _ in range(2):  # offered again it is not tried again, and still is no success
        capsys.readouterr()
        assert cli.main(["load", str(first), *home]) == 3
        assert "No build is published: none of the 2 files can be read" in capsys.readouterr().out
    assert cli.main(["load", str(first), *home, "--json"]) == 3
    assert json.loads(capsys.readouterr().out)["build_id"] is None
    assert cli.main(["status", *home]) == 4
    said = capsys.readouterr().out
    assert "No build is published" in said and "refused: unknown.log" in said and "refused: gate_port_2026-06-09.csv" in said
    assert cli.main(["status", *home, "--json"]) == 4
    about = json.loads(capsys.readouterr().out)
    assert about["refused_n"] == 2 and not about["unpublished"]
    assert cli.main(["rebuild", *home]) == 3
    assert cli.main(["load", str(inbox), *home, "--quiet"]) == 0
    capsys.readouterr()
    assert cli.main(["status", *home, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["refused_n"] == 2, "what was refused before the first build is in it"


@pytest.mark.parametrize("command", [cli.main, smartport])
def test_an_error_is_one_json_document_too_whoever_called(command, tmp_path, capsys):
    assert command(["load", str(tmp_path / "nowhere"), "--home", str(tmp_path / "home"), "--json"]) == 3
    said = capsys.readouterr()
    assert json.loads(said.out)["exit_code"] == 3 and said.err.startswith("smartport: ")
