"""The record of a visit can be checked again: the same facts have the same code, one changed fact is named, and altered words are noticed."""

from __future__ import annotations

import copy
import io
from dataclasses import replace
from pathlib import Path

import polars as pl
import pypdf
import pytest

from dashboard import store
from dashboard.__main__ import main
from dashboard.briefing import record, record_paper, sheet
from dashboard.metrics.holders import HOLDERS
from etl.errors import BuildError, InputError


@pytest.fixture
def visit(sel) -> str:
    """A closed visit with steps and log lines."""
    lined = store.of().opened().frame("SELECT DISTINCT visit_id FROM fct_visit_events")["visit_id"]
    return store.rows("visits", sel).filter(pl.col("turnaround_min").is_not_null() & pl.col("visit_id").is_in(lined.implode()))["visit_id"][0]


@pytest.fixture
def facts(visit) -> dict:
    return record.facts(store.of(), visit)


def _written(folder: Path, raw: bytes) -> Path:
    path = folder / "record.pdf"
    path.write_bytes(raw)
    return path


def _text(raw: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(raw)).pages).split())


def test_a_record_is_one_page_that_carries_its_code_and_is_the_same_when_checked(visit, facts, tmp_path) -> None:
    raw = record_paper.of_visit(store.of(), visit, lang="fr").pdf
    assert len(pypdf.PdfReader(io.BytesIO(raw)).pages) == 1
    text = _text(raw)
    assert record.code(facts) in text and "Fiche de passage" in text and "Données de démonstration" in text
    found = record_paper.verify_file(store.of(), _written(tmp_path, raw))
    assert (found.state, found.changes, found.is_as_printed) == ("same", (), True)
    code = record.code(facts)
    assert record_paper.verify_code(store.of(), code).state == "same"
    assert record_paper.verify_code(store.of(), code.replace(" ", "").upper().replace("0", "O")).state == "same"
    assert record_paper.verify_code(store.of(), code[:-1] + ("0" if code[-1] != "0" else "1")).state == "changed"


def test_a_changed_fact_is_named(visit, facts, tmp_path) -> None:
    """The file of an earlier build: one step was shorter then, and one log line had not come yet."""
    then = copy.deepcopy(facts)
    then["steps"][1]["step_min"] = "0.250"
    gone = then["proofs"].pop()
    names, header = record_paper.names_of(store.of(), "en"), record_paper._header(store.of(), "en")
    found = record_paper.verify_file(store.of(), _written(tmp_path, record_paper._pdf(then, replace(header, build_id="0" * 16), names)))
    assert found.state == "changed" and found.is_as_printed and found.code_then != found.code_now
    assert ("steps 2", "step_min", "0.250", facts["steps"][1]["step_min"]) in found.changes
    assert (f"proofs {gone['file_name']} {gone['source_line']} {gone['event_code']}", "", None, gone) in found.changes and len(found.changes) == 2


def test_no_fact_can_change_without_the_fingerprint(facts) -> None:
    seen = {record.fingerprint(facts)}
    rows = [("visit", None, name) for name in record.VISIT] + [(kind, 0, name) for kind in ("steps", "proofs") for name in facts[kind][0]]
    for kind, number, name in rows:
        other = copy.deepcopy(facts)
        (other[kind] if number is None else other[kind][number])[name] = "another"
        seen.add(record.fingerprint(other))
    assert len(seen) == len(rows) + 1


def test_the_code_knows_no_language_and_no_build(visit, facts) -> None:
    port = store.of()
    header = record_paper._header(port, "en")
    made = [sheet.of(facts, given, record_paper.names_of(port, given.lang)).code for given in (header, replace(header, lang="fr"), replace(header, build_id="other", rules_version="9", now_at="2030-01-01T00:00:00Z"))]
    assert len(set(made)) == 1


def test_altered_words_are_noticed_though_the_facts_hold(visit, tmp_path) -> None:
    raw = record_paper.of_visit(store.of(), visit, lang="en").pdf
    at = raw.index(visit.encode())  # the number of the visit in the document's own description
    found = record_paper.verify_file(store.of(), _written(tmp_path, raw[:at] + b"X" + raw[at + 1 :]))
    assert found.state == "same" and found.is_as_printed is False


def test_what_is_no_record_is_said(sel, tmp_path) -> None:
    for text in ("", "1234", "z" * 48):
        with pytest.raises(InputError, match="no code of a record"):
            record_paper.verify_code(store.of(), text)
    assert record_paper.verify_code(store.of(), "0" * 48).state == "unknown"
    with pytest.raises(BuildError, match="does not hold it"):
        record_paper.of_visit(store.of(), "0" * 16, lang="en")
    for raw in (b"", b"%PDF-1.7\nstream\n{\"facts\":{\"format\":\"smartport-record-1\"}}\nendstream", b"%PDF-1.7\nstream\n{\"facts\":[1}\nendstream"):
        with pytest.raises(InputError):
            record_paper.verify_file(store.of(), _written(tmp_path, raw))


def test_the_minutes_of_the_holders_are_the_turnaround(visit, facts) -> None:
    shown = record_paper.sheet_of(store.of(), visit, "en")
    assert sum(each.minutes for each in shown.held) == pytest.approx(float(facts["visit"]["turnaround_min"]), abs=0.02)
    assert {rung.holder_code for rung in shown.rungs} <= set(HOLDERS)


def test_a_record_holds_no_pseudonym_of_truck_or_transporter(visit, facts) -> None:
    keys = store.of().opened().frame("SELECT plate_key, carrier_key FROM fct_visits WHERE visit_id = $visit_id", {"visit_id": visit}).row(0)
    assert all(key and key.encode() not in record.canonical(facts) for key in keys)


def test_the_command_writes_and_checks(visit, small, tmp_path, capsys) -> None:
    target = tmp_path / "papers" / "r.pdf"
    assert main(["record", visit, "--pdf", str(target), "--lang", "fr"]) == 0
    assert main(["record", "--verify", str(target)]) == 0 and "as it was printed" in capsys.readouterr().out
    assert main(["record", "--verify", "0" * 48]) == 1
    assert main(["record"]) == 3
