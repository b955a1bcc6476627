"""Every planted fault is in its file, and nothing else is: the truth's list against the loader's own readers."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from etl.contracts import codes
from etl.contracts.reference import load_site
from etl.identities import Identities
from etl.sources import load_mappings
from etl.sources.mapping import match
from etl.validate.checked import Checked, check_file
from sample_data.simulator.options import SITE

FILE_FAULTS = {"late_file", "out_of_order_file", "overlapping_file", "clock_fault"}
VISIT_FAULTS = {"missed_exit", "missed_entry", "missing_second_weighing", "overnight_stay"}
KNOWN = set(codes.FINDING.codes) | set(codes.REJECT.codes) | {"duplicate_line", "overlapping_file", "impossible_order"}


def _faults(folder: Path) -> pl.DataFrame:
    return pl.read_parquet(folder / "truth" / "faults.parquet")


def _files(folder: Path) -> list[Path]:
    return [*sorted((folder / "inbox").iterdir()), *sorted((folder / "inbox_late").iterdir())]


@pytest.fixture(scope="module")
def checked(port: Path) -> dict[str, Checked]:
    return _checked(port)


def _checked(folder: Path) -> dict[str, Checked]:
    site = load_site(SITE)
    mappings, identities = load_mappings(site.mappings), Identities(site.demo_key.read_bytes())
    return {path.name: check_file(path, match(path, mappings), site, identities) for path in _files(folder)}


def _at_lines(faults: pl.DataFrame, *wanted: str) -> dict[tuple[str, int], str]:
    return {(row[0], row[1]): row[2] for row in faults.filter(pl.col("fault_code").is_in(wanted)).select("file_name", "source_line", "fault_code").iter_rows()}


def test_every_file_has_a_mapping_and_every_line_is_accounted_for(port: Path, checked: dict[str, Checked]):
    assert len(checked) == len(_files(port)) and all(found.good.height for found in checked.values())


def test_the_sample_holds_every_kind_of_fault(port: Path, march: Path):
    found = set(_faults(port)["fault_code"]) | set(_faults(march)["fault_code"])
    assert found == KNOWN


def test_rejected_lines_are_the_planted_ones(port: Path, checked: dict[str, Checked]):
    faults = _faults(port)
    planted = _at_lines(faults, *codes.REJECT.codes)
    doubtful = _at_lines(faults, "ambiguous_time")
    seen = {(name, line): reasons for name, found in checked.items() for line, reasons in found.rejects.select("source_line", "reason_codes").iter_rows()}
    assert {place: code for place, code in planted.items() if code not in seen.get(place, ())} == {}
    # A line across the repeated hour can seem to end before it began: that is the clock's doing, and listed as such.
    assert set(seen) - set(planted) <= set(doubtful)


@pytest.mark.parametrize("name", ["port", "march"])
def test_doubtful_local_times_are_the_listed_ones(name: str, request: pytest.FixtureRequest):
    folder = request.getfixturevalue(name)
    planted = _at_lines(_faults(folder), "ambiguous_time", "nonexistent_time")
    seen, rejected = {}, set()
    for file_name, found in _checked(folder).items():
        doubtful = found.good.filter(pl.col("clock_flag").is_in(["ambiguous", "nonexistent"]))
        seen |= {(file_name, line): f"{flag}_time" for line, flag in doubtful.select("source_line", "clock_flag").iter_rows()}
        rejected |= {(file_name, line) for line in found.rejects["source_line"]}
    assert {place: code for place, code in planted.items() if place not in rejected} == seen
    assert len(seen) > 10


def test_faults_of_files_and_visits_name_them(port: Path):
    faults, names = _faults(port), {path.name for path in _files(port)}
    visits = pl.read_parquet(port / "truth" / "visits.parquet")
    files = faults.filter(pl.col("fault_code").is_in(FILE_FAULTS))
    assert set(files["file_name"]) <= names
    of_visits = faults.filter(pl.col("fault_code").is_in(VISIT_FAULTS))
    assert of_visits["file_name"].null_count() == len(of_visits) and set(of_visits["visit_no"]) <= set(visits["visit_no"])
    others = faults.filter(~pl.col("fault_code").is_in(FILE_FAULTS | VISIT_FAULTS))
    assert others["source_line"].null_count() == 0 and set(others["file_name"]) <= names
    late = set(faults.filter(pl.col("fault_code") == "late_file")["file_name"])
    assert late == {path.name for path in (port / "inbox_late").iterdir()}


def test_missed_reads_are_missing(port: Path):
    faults = _faults(port)
    text = "".join(path.read_text("utf-8-sig") for path in _files(port) if path.name.startswith("gate_port") and b"\x00" not in path.read_bytes() and b"\xff" not in path.read_bytes())
    for code, odd in (("missed_exit", 1), ("missed_entry", 0)):
        for visit in faults.filter(pl.col("fault_code") == code)["visit_no"]:
            assert f"\nT{visit * 2 + odd};" not in text


def test_duplicates_stand_beside_their_line(port: Path):
    faults = _faults(port).filter((pl.col("fault_code") == "duplicate_line") & (pl.col("source_code") == "gate"))
    shuffled = set(_faults(port).filter(pl.col("fault_code") == "out_of_order_file")["file_name"])
    for name, line in faults.select("file_name", "source_line").iter_rows():
        lines = next(path for path in _files(port) if path.name == name).read_bytes().split(b"\n")
        assert lines.count(lines[line - 1]) == 2
        assert name in shuffled or lines[line - 1] == lines[line - 2]
