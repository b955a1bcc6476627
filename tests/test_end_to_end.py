"""The committed sample from its files to a published build: every line accounted for, and the answer as near the truth as promised."""

from __future__ import annotations

import csv
import json

import pytest

from etl import cli, warehouse
from etl.settings import ROOT
from etl.sources import SOURCES

SMALL = ROOT / "sample_data" / "small"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = tmp_path_factory.mktemp("sample") / "home"
    for inbox in ("inbox", "inbox_late"):
        if (SMALL / inbox).is_dir() and any((SMALL / inbox).iterdir()):
            assert cli.main(["load", str(SMALL / inbox), "--home", str(home), "--quiet"]) == 0
    return home


def test_every_line_is_accounted_for(home, capsys):
    assert cli.main(["status", "--home", str(home), "--json"]) == 0
    about = json.loads(capsys.readouterr().out)
    assert about["read_n"] == about["good_n"] + about["rejected_n"] + about["duplicate_n"]
    assert about["refused_n"] == 0 and about["is_sample"]
    assert {each["source_code"] for each in about["freshness"]} == set(SOURCES)


def test_every_table_has_rows(home):
    build = warehouse.open_build(home / "build", "MACAS")
    empty = [table.name for table in warehouse.BUILD_TABLES if not build.connection.execute(f"SELECT count(*) FROM {table.name}").fetchone()[0]]
    assert empty == []


def test_steps_sum_to_the_visit(home):
    build = warehouse.open_build(home / "build", "MACAS")
    sql = """
        SELECT count(*), max(abs(v.turnaround_min - s.total_min))
        FROM fct_visits AS v JOIN (SELECT visit_id, sum(step_min) AS total_min FROM fct_visit_steps GROUP BY visit_id) AS s USING (visit_id)
        WHERE v.turnaround_min IS NOT NULL
    """
    visits_n, apart_min = build.connection.execute(sql).fetchone()
    assert visits_n > 100 and apart_min <= 1.0


def test_the_truth_is_met(home, capsys):
    code = cli.main(["truth", str(SMALL / "truth"), "--home", str(home), "--json"])
    found = json.loads(capsys.readouterr().out)
    assert code == 0, found
    assert found["visits_f1"] >= 0.995


def test_no_raw_plate_or_container_lies_in_lake_or_build(home):
    raw = set()
    for path in sorted((SMALL / "inbox").glob("gate_port_*.csv")):
        for row in csv.DictReader(path.open(encoding="utf-8-sig", errors="replace", newline=""), delimiter=";"):
            raw |= {row.get(name) or "" for name in ("Immatriculation", "Badge", "Conteneur 1", "Conteneur 2", "Transporteur")}
    needles = [text.encode() for text in raw if len(text) >= 8]
    assert len(needles) > 200
    build = warehouse.open_build(home / "build", "MACAS")
    texts = [path.read_bytes() for room in ("lake", "build") for path in sorted((home / room).rglob("*")) if path.is_file()]
    texts += [repr(build.connection.execute(f"SELECT * FROM {table.name}").fetchall()).encode() for table in warehouse.BUILD_TABLES]
    for text in texts:
        assert not [needle for needle in needles if needle in text]
