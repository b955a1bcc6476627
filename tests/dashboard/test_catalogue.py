"""The KPI catalogue and the data dictionary: complete, current, and stale files are caught."""

from __future__ import annotations

from pathlib import Path

import pytest

from dashboard.i18n import LANGUAGES
from dashboard.metrics import AREAS, METRICS, catalogue
from dashboard.metrics.glossary import GLOSSARY
from etl.contracts import dictionary
from etl.contracts.codes import CODE_LISTS
from etl.contracts.facts import FACT_TABLES


@pytest.mark.parametrize("lang", [language.code for language in LANGUAGES])
def test_every_metric_is_in_the_catalogue_with_all_it_must_say(lang: str) -> None:
    found = {entry.code: entry for entry in catalogue.entries(lang)}
    assert set(found) == set(METRICS)
    for entry in found.values():
        assert entry.label and entry.about and entry.formula and entry.sql and entry.unit and entry.view and entry.source and entry.splits, entry.code


@pytest.mark.parametrize("lang", [language.code for language in LANGUAGES])
def test_every_area_of_the_metrics_has_words(lang: str) -> None:
    headings = {entry.area for entry in catalogue.entries(lang)}
    assert set(catalogue.AREA_WORDS) == set(AREAS) and len(headings) == len(AREAS) and not headings & set(AREAS)


def test_search_ignores_case_and_accents_and_wants_every_word() -> None:
    entry = next(entry for entry in catalogue.entries("fr") if entry.code == "turnaround_p50")
    assert entry.matches("TURNAROUND_p50") and entry.matches("quantile_cont 0.5") and not entry.matches("turnaround_p50 weighbridge")


@pytest.mark.parametrize("module", [catalogue, dictionary], ids=["catalogue", "dictionary"])
def test_a_stale_file_fails_the_check(module, tmp_path: Path, capsys) -> None:
    path = tmp_path / "paper.md"
    assert module.main(["--check", "--out", str(path)]) == 1
    assert module.main(["--out", str(path)]) == 0 and module.main(["--check", "--out", str(path)]) == 0
    path.write_text(path.read_text("utf-8") + "x", "utf-8")
    assert module.main(["--check", "--out", str(path)]) == 1
    assert "stale" in capsys.readouterr().err


def test_dictionary_names_every_fact_column_and_every_code() -> None:
    text = dictionary.render()
    for table in FACT_TABLES:
        assert f"### {table.name}\n" in text and all(f"| `{name}` |" in text for name in table.columns)
    for code_list in CODE_LISTS:
        assert all(f"| `{code}` |" in text for code in code_list.codes)


def test_glossary_terms_are_unique_sentences() -> None:
    terms = [term for term, _ in GLOSSARY]
    assert len(set(terms)) == len(terms) and all(about.endswith(".") for _, about in GLOSSARY)
