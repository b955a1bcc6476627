"""Slides hold what the Deck holds: a title each, native charts with the same numbers, the stamp, and notes with n, period, source and definitions."""

from __future__ import annotations

import io
import shutil
import subprocess
from dataclasses import replace

import pytest
from pptx import Presentation

from dashboard import store
from dashboard.briefing import compose, slides
from dashboard.briefing.deck import Bars, Cards, Curve, Strip, Table
from dashboard.briefing.presets import PRESETS
from dashboard.format import ISOLATE_RTL
from dashboard.i18n import LANGUAGES


@pytest.fixture
def deck(sel):
    return lambda preset="delegation", lang="fr": compose.deck(store.of(), sel, preset=preset, lang=lang)


def _charts(slide) -> list:
    return [shape.chart for shape in slide.shapes if shape.has_chart]


def test_every_section_is_a_slide_with_its_own_numbers(deck) -> None:
    told = deck()
    made = Presentation(io.BytesIO(slides.of_deck(told)))
    pages = {slide.shapes.title.text_frame.text: slide for slide in made.slides}
    for section in told.sections:
        slide = next(page for title, page in pages.items() if title.endswith(section.finding))
        notes = slide.notes_slide.notes_text_frame.text
        assert section.under in notes and all(each.about in notes for each in section.definitions)
        for figure in section.figures:
            if isinstance(figure, Bars) and not figure.is_range:
                assert [list(chart.plots[0].series[0].values) for chart in _charts(slide)] == [[bar.value for bar in figure.bars]]
            elif isinstance(figure, Curve):
                assert [tuple(series.values) for series in _charts(slide)[0].plots[0].series] == [line.values for line in figure.lines]
            elif isinstance(figure, Strip):
                assert [series.values[0] for series in _charts(slide)[0].plots[0].series] == [part.value for part in figure.parts]
            elif isinstance(figure, Cards):
                words = "\n".join(shape.text_frame.text for shape in slide.shapes if shape.has_text_frame)
                assert all(f"{card.text} {card.unit}" in words for card in figure.cards)
            elif isinstance(figure, Table):
                cells = {cell.text for shape in slide.shapes if shape.has_table for row in shape.table.rows for cell in row.cells}
                assert {text.replace("**", "") for row in figure.rows for text in row} <= cells


@pytest.mark.parametrize("lang", [language.code for language in LANGUAGES])
def test_each_slide_is_stamped_and_each_picture_says_itself(deck, lang) -> None:
    told = deck("delegation", lang)
    for slide in Presentation(io.BytesIO(slides.of_deck(told))).slides:
        assert told.stamp in "\n".join(shape.text_frame.text for shape in slide.shapes if shape.has_text_frame)
        for shape in slide.shapes:
            if shape.has_chart or shape.has_table:
                assert shape._element.xpath(".//p:cNvPr")[0].get("descr"), "a figure has no alternative text"
            if shape.has_chart and told.direction == "rtl":  # or a legend reads from the left
                assert all(series.name.startswith(ISOLATE_RTL) for series in shape.chart.plots[0].series)


@pytest.mark.slow
@pytest.mark.parametrize("preset", list(PRESETS))
def test_libreoffice_opens_them(deck, preset, tmp_path) -> None:
    office = shutil.which("soffice")
    if office is None:
        pytest.skip("no LibreOffice on this machine")
    (tmp_path / "slides.pptx").write_bytes(made := slides.of_deck(deck(preset)))
    subprocess.run([office, "--headless", f"-env:UserInstallation=file://{tmp_path}/profile", "--convert-to", "pdf", "--outdir", str(tmp_path), str(tmp_path / "slides.pptx")], check=True, timeout=180, capture_output=True)
    from pypdf import PdfReader

    assert len(PdfReader(tmp_path / "slides.pdf").pages) == len(Presentation(io.BytesIO(made)).slides)


def test_a_curve_below_zero_is_drawn_whole(sel) -> None:
    """The gap between pilot and comparison lanes was cut at zero: the weeks in which the pilot was quicker lay under the edge."""
    deck = compose.deck(store.of(), sel, preset="delegation", lang="en")
    section, curve = next((section, figure) for section in deck.sections for figure in section.figures if isinstance(figure, Curve))
    for sign, lowest in ((1, 0), (-1, None)):
        lines = tuple(replace(line, values=tuple(None if value is None else sign * abs(value) for value in line.values)) for line in curve.lines)
        drawn = slides.of_deck(replace(deck, pages=(((replace(section, figures=(replace(curve, lines=lines),)),),),)))
        (chart,) = [shape.chart for slide in Presentation(io.BytesIO(drawn)).slides for shape in slide.shapes if shape.has_chart]
        assert chart.value_axis.minimum_scale == lowest
