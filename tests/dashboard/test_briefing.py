"""A briefing says what the pages say: same figures, right pages, the stamp on each, the same bytes for the same build, and accessible."""

from __future__ import annotations

import datetime as dt
import io
from dataclasses import replace
from pathlib import Path

import pypdf
import pytest
from streamlit.testing.v1 import AppTest

from dashboard import format as words
from dashboard import store
from dashboard.__main__ import main
from dashboard.briefing import command, compose, paper
from dashboard.briefing.border import SHOWN
from dashboard.briefing.deck import Cards, Terms
from dashboard.briefing.presets import PRESETS, SECTIONS
from dashboard.evidence import study
from dashboard.evidence.words import sentences
from dashboard.i18n import LANGUAGES
from dashboard.selection import PRESETS as PERIODS
from etl.errors import InputError

ROOT = Path(__file__).resolve().parents[2]
PAGES = {"minister": 1, "delegation": 4, "weekly": 2}


def pages_of(raw: bytes) -> list[str]:
    return [" ".join(page.extract_text().split()) for page in pypdf.PdfReader(io.BytesIO(raw)).pages]


OTHERS = [(preset, language.code) for preset in PRESETS for language in LANGUAGES if language.code != "fr"]


@pytest.mark.parametrize(("preset", "lang"), [*((preset, "fr") for preset in PRESETS), *(pytest.param(*each, marks=pytest.mark.slow) for each in OTHERS)])
def test_a_briefing_has_its_pages_and_each_its_stamp(preset: str, lang: str, sel) -> None:
    deck = compose.deck(store.of(), sel, preset=preset, lang=lang)
    raw = paper.of_deck(deck)
    read = pages_of(raw)
    assert len(read) == PAGES[preset] == len(PRESETS[preset].pages)
    assert b"pdfuaid:part" in raw and b"/StructTreeRoot" in raw  # Typst refuses to write PDF/UA-1 that does not pass
    if lang in ("en", "fr"):  # letters of a right-to-left page come back in another order
        stamp = {"en": "Demonstration data - fictitious", "fr": "Données de démonstration - fictives"}[lang]
        assert all(stamp in page and deck.build_id[:12] in page for page in read)


def test_a_real_port_carries_no_stamp(sel) -> None:
    deck = compose.deck(store.of(), sel, preset="minister", lang="en")
    assert deck.stamp == "Demonstration data - fictitious" and deck.stamp not in "".join(pages_of(paper.of_deck(replace(deck, stamp=""))))


def test_the_paper_shows_the_figures_of_the_store(sel) -> None:
    text = " ".join(pages_of(paper.of_deck(compose.deck(store.of(), sel, preset="delegation", lang="fr"))))
    asked = store.ask(sel, ["visits", "turnaround_p50", "turnaround_p90", "over_120_share", "document_checks_mean", "band4_m1", "band4_m4"], compare=True)
    for metric in asked.metrics:
        cell = asked.cell(metric.code)
        said = words.number(cell.value, "fr", metric.decimals) if metric.unit == "per_visit" else words.plain(words.cell(cell, "fr"))
        assert " ".join(said.split()) in text, (metric.code, said)
    cleared = store.ask(sel, ["clearance_p50"]).cell("clearance_p50")
    assert " ".join(words.plain(words.duration(cleared.value, "fr")).split()) in text
    effect = study.headline(store.of(), sel).main
    assert " ".join(sentences(effect, "fr")[0].replace("**", "").split()) in text


def test_a_preset_never_changes_a_figure(sel) -> None:
    decks = [compose.deck(store.of(), sel, preset=preset, lang="en") for preset in PRESETS]
    cards = [next(section for section in deck.sections if section.code == "headline").figures[0] for deck in decks]
    assert isinstance(cards[0], Cards) and cards[0] == cards[1] == cards[2]
    pilots = [section.finding for deck in decks for section in deck.sections if section.code == "pilot"]
    assert len(pilots) == 2 and len(set(pilots)) == 1


def test_the_same_build_and_question_give_the_same_bytes(sel) -> None:
    deck = compose.deck(store.of(), sel, preset="minister", lang="fr")
    fresh = compose._deck(store.of(), store.of().opened(), sel, "minister", "fr")
    assert fresh == deck and paper.of_deck(fresh) == paper.of_deck(deck)


def test_every_section_says_what_it_finds_and_every_figure_has_words(sel) -> None:
    assert set(SECTIONS) == {code for preset in PRESETS.values() for page in preset.pages for row in page for code in row}
    for preset in PRESETS:
        for section in compose.deck(store.of(), sel, preset=preset, lang="en").sections:
            assert section.title and section.finding
            assert all(isinstance(figure, Terms) or len(figure.alt) > 15 for figure in section.figures), section.code
            assert section.results == () or (section.n and section.period), section.code
            assert words.ISOLATE not in section.finding


def test_a_period_without_a_visit_has_no_briefing(sel, small, tmp_path, capsys) -> None:
    """Figures of US-bound boxes are told by whole months, and would come from elsewhere."""
    with pytest.raises(InputError, match="no visit lies in 1 Jan 2020"):
        compose.deck(store.of(), replace(sel, first_day=dt.date(2020, 1, 1), end_day=dt.date(2020, 1, 8), period="custom"), preset="weekly", lang="en")
    wrong = {"2030-01-01 2030-01-10": "no visit lies in", "2030-13-01 2030-01-10": "--from: '2030-13-01' is no day", "2026-09-10 2026-09-01": "is no period"}
    for days, said in wrong.items():
        first, last = days.split()
        assert main(["brief", "--from", first, "--to", last, "--out", str(tmp_path)]) == 3 and said in capsys.readouterr().err
    assert main(["brief", "--period", "7d", "--from", "2026-09-01", "--out", str(tmp_path)]) == 3 and "both name the days" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
    app = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=60).run()
    app.switch_page("screens/briefing.py")
    app.query_params["from"], app.query_params["to"] = "2030-01-01", "2030-01-10"
    app.run()
    assert not app.exception and "No visit in this selection." in "".join(str(block.value) for block in app.caption) + "".join(str(block.proto.body) for block in app.get("html"))
    assert not [button.key for button in app.button if str(button.key).startswith(("briefing_pdf", "briefing_pptx", "briefing_html", "briefing_show"))]


def test_words_from_outside_are_only_words(sel) -> None:
    hostile = "#panic(\"x\") *a* _b_ $c$ <script> \u202e" + "ü" * 300
    deck = replace(compose.deck(store.of(), sel, preset="minister", lang="en"), port=hostile)
    assert "#panic" in "".join(pages_of(paper.of_deck(deck)))


def test_periods_of_the_command_are_whole() -> None:
    now = dt.datetime(2026, 10, 4, 23, 59)  # a Sunday that is not over
    assert command.span("last-week", now) == (dt.date(2026, 9, 21), dt.date(2026, 9, 28))
    assert command.span("last-week", dt.datetime(2026, 10, 5)) == (dt.date(2026, 9, 28), dt.date(2026, 10, 5))
    assert command.span("last-month", now) == (dt.date(2026, 9, 1), dt.date(2026, 10, 1))
    assert set(command.SPANS) - {"last-week", "last-month"} == set(PERIODS) - {"custom"}


def test_the_command_writes_one_file(small, tmp_path, capsys) -> None:
    assert main(["brief", "--period", "last-week", "--preset", "minister", "--lang", "fr", "--out", str(tmp_path)]) == 0
    written = capsys.readouterr().out.split()
    assert [str(path) for path in tmp_path.iterdir()] == written and written[0].endswith("smartport_briefing_minister_2026-09-21_2026-09-27_fr.pdf")
    assert main(["brief", "--lang", "xx", "--out", str(tmp_path)]) == 3 and "'xx' is not known" in capsys.readouterr().err


def test_the_page_makes_nothing_before_it_is_asked(small, monkeypatch) -> None:
    asked = []
    monkeypatch.setattr(compose, "deck", lambda *given, made=compose.deck, **how: asked.append(how["preset"]) or made(*given, **how))
    app = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=60).run()
    app.switch_page("screens/briefing.py")
    app.query_params["lang"], app.query_params["part"] = "fr", "weekly"
    app.run()
    assert not app.exception and not asked
    app.button(key="briefing_show").click().run()
    shown = "".join(str(block.proto.body) for block in app.get("html"))
    assert not app.exception and set(asked) == {"weekly"} and shown.count("<img") == 2 and "Camions au port" not in shown and "La moitié des camions" in shown


def test_a_figure_of_us_bound_boxes_stands_beside_its_own_period(sel) -> None:
    """What is filed is told by months, what is screened by quarters: one table, two periods."""
    section = next(each for each in compose.deck(store.of(), sel, preset="delegation", lang="en").sections if each.code == "security")
    periods = [row[1] for row in section.figures[0].rows]
    asked = {code: result.selection.period_in_words("en") for result in section.results for code in result.frame.columns}
    assert periods == [asked[code] for code in SHOWN] and len(set(periods)) == 2 and section.period == asked["csi_referrals"]
